"""Masks: exact counts, ties by position, thresholds just below, on, just above."""

from fractions import Fraction as F

import numpy as np
import pytest
from mutants import assert_caught

from pruning.cases import THETA, untrained
from refnn import network, training
from refnn.fast import selection
from refnn.network import Params
from refnn.pruning import importance, masks


def test_threshold_keeps_what_is_equal_and_takes_no_abs():
    scores = Params([[0.5, np.nextafter(0.5, 0)]], [np.nextafter(0.5, 1)], [[-9.0]], [0.0])
    assert masks.by_threshold(scores, 0.5).flatten().tolist() == [True, False, True, False, False]
    kept = masks.by_threshold(THETA, F(-2)).flatten().tolist()
    assert kept == [True, True, True, False, True, False, True, True, True]


def test_sparsity_removes_the_lowest_and_of_equals_the_earlier():
    scores = Params([[2.0, 1.0], [1.0, 3.0]], [1.0, -5.0], [[1.0, 9.0]], [4.0])
    kept = masks.by_sparsity(scores, 3 / 9).flatten().tolist()
    assert kept == [True, False, False, True, True, False, True, True, True]
    for sparsity, removed in (
        (0, 0),
        (0.05, 0),
        (0.06, 1),
        (0.5, 4),
        (1 / 6, 2),
        (0.95, 9),
        (1, 9),
        (F(1, 2), 4),
    ):
        assert (
            (~masks.by_sparsity(scores, sparsity).flatten()).sum() == removed == round(sparsity * 9)
        )


def test_a_share_is_of_the_network_or_of_each_layer():
    scores = network.init(np.random.default_rng(0))
    half, layer = masks.by_sparsity(scores, 0.5), masks.by_sparsity(scores, 0.5, "layer")
    assert masks.count(half) == 61 - 30 and masks.count(layer) == 61 - 29
    assert [int((~a).sum()) for a in layer.arrays()] == [25, 2, 2, 0]
    stack = network.init(np.random.default_rng(0), batch=(2, 3))
    for scope in ("global", "layer"):
        together = masks.by_sparsity(stack, 0.3, scope)
        one = Params.unflatten(stack.flatten()[1, 2], stack.sizes)
        assert (together.flatten()[1, 2] == masks.by_sparsity(one, 0.3, scope).flatten()).all()
    assert masks.count(masks.by_sparsity(stack, 0.3)).tolist() == [[61 - 18] * 3] * 2


def test_of_mits_25_weights_a_tie_at_tau_stays_and_a_share_removes_the_earlier():
    # MIT 6.5940 lab 1: 75 % of 25; the 19th smallest |w| is .39, "keep |w| > .39" leaves 6;
    # "remove R < τ" leaves 7 (a tie)
    w = np.array(
        [
            [-0.46, -0.40, 0.39, 0.19, 0.37],
            [0, 0.40, 0.17, -0.15, 0.16],
            [-0.20, -0.23, 0.36, 0.25, 0.03],
            [0.24, 0.41, 0.07, 0.13, -0.15],
            [0.48, -0.09, -0.36, 0.12, 0.45],
        ]
    )
    params = Params(w, np.zeros(5), np.zeros((0, 5)), np.zeros(0))
    size = np.abs(w)
    tau = np.sort(size.ravel())[round(25 * 0.75) - 1]
    assert tau == 0.39 and sorted(w[size > tau]) == [-0.46, -0.40, 0.40, 0.41, 0.45, 0.48]
    kept = masks.by_threshold(Params(size, np.zeros(5), np.zeros((0, 5)), np.zeros(0)), tau).W_ih
    assert kept.sum() == 7
    exactly = masks.by_sparsity(
        importance.magnitude(params), 0.8, "layer"
    ).W_ih  # round(25·.8) = 20 removed
    assert sorted(np.abs(w[exactly])) == [
        0.40,
        0.41,
        0.45,
        0.46,
        0.48,
    ]  # of the two .40 the earlier went


def test_of_tfmots_one_to_ten_a_fifth_removes_one_and_two():
    # TensorFlow Model Optimization: 1..10 at sparsity .2: {1, 2} go
    scores = Params(np.arange(1.0, 11)[None], np.full(1, 99.0), np.zeros((0, 1)), np.zeros(0))
    assert masks.by_sparsity(scores, 0.2, "layer").W_ih.tolist() == [[False] * 2 + [True] * 8]


def test_a_mask_must_be_held_or_training_revives_what_was_pruned():
    params, X, y = untrained()
    mask = masks.by_sparsity(importance.magnitude(params), 0.5)
    rest = network.apply_mask(params, mask)
    gone = ~mask.flatten()
    assert (training.fit(rest, X, y, steps=5, lr=0.01).params.flatten()[gone] != 0).sum() == 30
    assert (training.fit(rest, X, y, steps=5, lr=0.01, mask=mask).params.flatten()[gone] == 0).all()


def test_masks_refuse_scores_that_are_not_finite_reals_shares_beyond_1_and_unknown_scopes():
    good = Params([[1.0]], [1.0], [[1.0]], [1.0])
    bad = Params([[np.nan]], [1.0], [[1.0]], [1.0])
    with pytest.raises(ValueError, match=r"by_threshold: scores.W_ih must be finite"):
        masks.by_threshold(bad, 0.5)
    with pytest.raises(
        TypeError, match=r"by_threshold: scores.W_ih must be finite real numbers, got booleans"
    ):
        masks.by_threshold(masks.by_threshold(good, 0.5), 0.5)
    for sparsity in (-0.1, 1.1, "half", None, np.nan, True, [0.5]):
        with pytest.raises((ValueError, TypeError), match="by_sparsity: sparsity"):
            masks.by_sparsity(good, sparsity)
    with pytest.raises(ValueError, match="by_sparsity: scope must be one of 'global', 'layer'"):
        masks.by_sparsity(good, 0.5, "row")


def long_rows(rng, sample):
    """Rows long enough for a sample to be looked at first, made to mislead it."""
    n = 16 * sample + 77
    step = n // sample
    normal = rng.standard_normal(n)
    periodic = np.where(np.arange(n) % step == 0, normal, 100 + normal)  # the sample is unlike
    yield from (normal, np.sort(normal), np.sort(normal)[::-1], periodic, np.zeros(n))
    yield from (rng.integers(0, 3, n).astype(float), np.round(normal, 1), normal.astype(np.float32))
    yield np.where(rng.random(n) < 1e-4, 1e300 * normal, 0.0)  # nearly all are equal, to −0 too


def test_the_fast_form_keeps_what_the_sorted_order_keeps(rng):
    plain, fast = masks.without_lowest.formula, masks.without_lowest
    for shape in ((1,), (7,), (3, 11), (2, 3, 5), (4, 0, 3), (0, 4)):
        for scores in (
            rng.integers(0, 4, shape),
            rng.standard_normal(shape),
            rng.choice([0.0, -0.0, 1.0], shape),
            np.vectorize(F, otypes=[object])(rng.integers(0, 4, shape), 3),
        ):
            for count in range(shape[-1] + 1):
                found = fast(scores, count)
                np.testing.assert_array_equal(found, plain(scores, count), strict=True)
                assert ((~found).sum(axis=-1) == count).all()
    scores = rng.standard_normal(16 * selection.SAMPLE + 77)
    assert (fast(scores, 400_000) == plain(scores, 400_000)).all()
    sizes = selection.SAMPLE, selection.MARGIN
    selection.SAMPLE, selection.MARGIN = 2**9, 2**4
    try:
        for scores in long_rows(rng, selection.SAMPLE):
            for share in (0, 1e-4, 0.1, 0.5, 0.9, 1 - 1e-4, 1):
                count = round(share * scores.size)
                assert (fast(scores, count) == plain(scores, count)).all()
    finally:
        selection.SAMPLE, selection.MARGIN = sizes


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("scores >= lowest", "scores > lowest"),
        ("equal.cumsum(axis=-1) > more", "equal.cumsum(axis=-1) >= more"),
        ("equal.cumsum(axis=-1) > more", "equal.cumsum(axis=-1) <= more"),
        ("[[place]]", "[[place - 1]]"),
        ("0 <= place < len(between)", "True"),
        ("below += block.size - np", "below += 1 + block.size - np"),
    ],
)
def test_a_slip_in_the_fast_form_is_caught(right, wrong, monkeypatch):
    test = "pruning.test_masks.test_the_fast_form_keeps_what_the_sorted_order_keeps"
    assert_caught(monkeypatch, "fast.selection.without_lowest", [(right, wrong)], test)
