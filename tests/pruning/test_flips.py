"""What holds for all that `truth`, `search` and `tables` compute by flips: huge weights, blocks,
stacks, no examples, both precisions, and the ends of float64."""

from fractions import Fraction as F
from itertools import combinations

import numpy as np
import pytest

from pruning.cases import F_OF, fractional, plain, real, rounding
from refnn.network import ACTIVATIONS, Params
from refnn.pruning import flips, truth


def test_a_huge_weight_hides_nothing_of_the_others():
    """z − w·x of a w·x of 1e20 is 0 in floats, whatever the others say; the sum of the others is
    not."""
    p = Params([[1e20, 2.0, 3.0]], [4.0], [[1.0]], [0.0])
    X, y = np.array([[1.0, 5.0, 7.0]]), np.array([[30.0]])
    fractions = Params(*(np.array([F(v) for v in a.flat]).reshape(a.shape) for a in p.arrays()))
    exact = truth.deletion(fractions, [[F(1), F(5), F(7)]], [[F(30)]], "relu").flatten()
    assert exact[0] == F(5**2, 2) - (F(1e20) + 35 - 30) ** 2 / 2
    costs = truth.deletion(p, X, y, "tanh").flatten()
    assert costs[0] == (np.tanh(35.0) - 30) ** 2 / 2 - (1 - 30) ** 2 / 2
    p = Params([[1e20, 2.0, 3.0]], [-30.75], [[1.0]], [0.0])  # tanh(10 + 21 − 30.75), not tanh(0)
    x = np.tanh(0.25) - 30  # r after; before: 1 − 30
    assert (
        abs(truth.deletion(p, X, y, "tanh").flatten()[0] - (x * x - 29**2) / 2) < 1e-11
    )  # J ≈ 440, ε·J·20


def test_blocks_of_examples_and_of_networks_change_nothing(rng, monkeypatch):
    p, X, y = real(rng, (4, 3, 2), N=50)
    keep = rng.random((40, p.flatten().size)) > 0.3
    whole = (
        truth.deletion(p, X, y).flatten(),
        truth.pairs(p, X, y),
        truth.loss_without(p, keep, X, y),
    )
    for numbers in (1, 100, 3000):
        monkeypatch.setattr(flips, "AT_ONCE", numbers)
        parts = (
            truth.deletion(p, X, y).flatten(),
            truth.pairs(p, X, y),
            truth.loss_without(p, keep, X, y),
        )
        for a, b in zip(whole, parts):
            assert np.abs(a - b).max() <= rounding(p, X, y)


@pytest.mark.parametrize("at_once", [1, 1000, 2000, 4000])
def test_a_buffer_is_filled_but_holds_no_more_numbers_than_it_may(rng, monkeypatch, at_once):
    p, X, y = real(rng, (4, 3, 2), N=50)
    sizes, (tanh, *slopes) = [], ACTIVATIONS["tanh"]
    tanh_of = (lambda z: sizes.append(z.size) or tanh(z), *slopes)
    monkeypatch.setitem(ACTIVATIONS, "tanh", tanh_of)
    monkeypatch.setattr(flips, "AT_ONCE", at_once)
    truth.pairs(p, X, y)  # 174 numbers of each example: 3 units, 29 sets, 2 outputs
    assert at_once - 174 < 2 * sizes[0] <= max(at_once, 174)
    sizes.clear()
    truth.loss_without(p, np.ones((40, 23)), X, y)  # 200 of each network: 50 examples, 4 inputs
    assert at_once - 200 < 4 * sizes[0] / 3 <= max(at_once, 200)


def test_flipping_three_parameters_changes_J_as_a_plain_loop_over_fractions_says(rng):
    p, X, y = fractional(rng, (1, 3, 1), 2)
    keep = np.arange(10) % 4 > 0

    def J(keep):
        return plain(p, X, y, "relu", np.flatnonzero(~keep))

    for i, table in enumerate(flips.triples(p, X, y, "relu", keep)):
        for j, k in combinations(range(i + 1, 10), 2):
            flipped = keep ^ np.isin(np.arange(10), (i, j, k))
            assert table[j, k] == J(flipped) - J(keep)


def test_a_stack_is_its_networks_one_by_one(rng):
    p, _, _ = real(rng, (3, 2, 1), batch=(2, 3))
    X, y = rng.standard_normal((2, 3, 9, 3)), rng.standard_normal((2, 3, 9, 1))
    keep = rng.random((2, 3, 4, 11)) > 0.3
    networks = {s: Params(*(a[s] for a in p.arrays())) for s in np.ndindex(2, 3)}
    for function in (
        truth.deletion,
        truth.pairs,
        truth.every_mask,
        truth.every_neurons,
        truth.every_inputs,
        lambda *a: truth.best_subset(*a, 2),
        lambda *a: truth.best_known(*a, 5),
        lambda *a: truth.best_neurons(*a, 1),
        lambda *a: truth.best_inputs(*a, 2),
        lambda *a: truth.every_mask_retrained(*a, steps=2),
    ):
        own, shared = function(p, X, y), function(p, X[0, 0], y[0, 0])
        for s, one in networks.items():
            assert_same(pick(own, s), function(one, X[s], y[s]))
            assert_same(pick(shared, s), function(one, X[0, 0], y[0, 0]))
    own, shared = truth.loss_without(p, keep, X, y), truth.loss_without(p, keep[0, 0], X, y[0, 0])
    for s, one in networks.items():
        assert_same(own[s], truth.loss_without(one, keep[s], X[s], y[s]))
        assert_same(shared[s], truth.loss_without(one, keep[0, 0], X[s], y[0, 0]))
    none = Params(*(a[:0] for a in p.arrays()))
    assert truth.pairs(none, X[0, 0], y[0, 0]).shape == (0, 3, 11, 11)
    assert truth.best_known(none, X[0, 0], y[0, 0], 4).removed.shape == (0, 3, 4)
    assert truth.best_neurons(none, X[0, 0], y[0, 0], 1).J.shape == (0, 3)


def pick(result, s):
    if isinstance(result, Params):
        return Params(*(a[s] for a in result.arrays()))
    return (
        truth.Best(result.removed[s], result.J[s]) if isinstance(result, truth.Best) else result[s]
    )


def assert_same(a, b):
    """The same to the rounding of sums that a product of matrices may take in another order."""
    if isinstance(a, Params):
        a, b = a.flatten(), b.flatten()
    for one, two in zip(a, b) if isinstance(a, truth.Best) else ((a, b),):
        np.testing.assert_allclose(one, two, rtol=1e-11, atol=1e-12)


def test_without_examples_every_cost_is_0(rng):
    p, X, y = real(rng)
    assert (truth.deletion(p, X[:0], y[:0]).flatten() == 0).all() and (
        truth.pairs(p, X[:0], y[:0]) == 0
    ).all()
    assert (
        truth.best_known(p, X[:0], y[:0], 3).J == 0
        and (truth.every_inputs(p, X[:0], y[:0]) == 0).all()
    )


def test_precision_is_that_of_the_arguments(rng):
    p, X, y = real(rng)
    half = (
        Params(*(a.astype(np.float32) for a in p.arrays())),
        X.astype(np.float32),
        y.astype(np.float32),
    )
    for function in (truth.deletion, truth.pairs, truth.every_inputs):
        single, double = function(*half), function(p, X, y)
        single, double = (a.flatten() for a in (single, double))
        assert single.dtype == np.float32 and double.dtype == np.float64
        assert (
            np.abs(single - double).max() <= rounding(p, X, y) * 2**29
        )  # float32 has 29 bits less
    assert truth.best_known(*half, 3).J.dtype == np.float32
    assert truth.deletion(half[0], X, y).flatten().dtype == np.float64
    for same in ((p, X.tolist(), y.tolist()), (p, np.asfortranarray(X), y[::-1][::-1])):
        np.testing.assert_allclose(truth.pairs(*same), truth.pairs(p, X, y), rtol=1e-12, atol=1e-13)


def test_values_at_the_ends_of_float64_leak_nothing(rng):
    p, X, y = real(rng, (3, 2, 1))
    for factor in (1e308 / 4, 1e200, 1e160, 1e-160, 5e-324):
        wide = Params(*(a * factor for a in p.arrays()))
        for activation in F_OF:
            truth.deletion(wide, X, y, activation)
            truth.pairs(wide, X, y, activation)  # may be infinite or NaN; warns of nothing
            table = truth.every_mask(wide, X, y, activation)
            assert table[0] == pytest.approx((y**2).sum() / 2)
    huge = Params([[1e308, 2.0]], [0.0], [[1.0]], [0.0])  # w·x is beyond float64; tanh of it is not
    costs = truth.deletion(huge, [[10.0, -3.0]], [[0.0]]).flatten()
    assert np.abs(costs - [(np.tanh(-6.0) ** 2 - 1) / 2, 0, 0, -0.5, 0]).max() < 1e-15
    with pytest.raises(
        ValueError, match="best_known: params must be so small that J is finite whatever is removed"
    ):
        truth.best_known(Params([[1e200]], [0.0], [[1.0]], [0.0]), [[1.0]], [[0.0]], 1, "relu")
    big = 1e200  # what two large values make together is small, and without one of them it is not
    for x, W_ih, b_h, W_ho, b_o, target, activation in (
        (1, 1, 0, 1, big, big, "relu"),
        (1, 1, big, 1, -big, 0, "relu"),
        (1, 1, -1, big, 0, 0, "relu"),
        (1, 1, 0, 1, 0, big, "relu"),
        (1, 1, 0, 1, -big, -big, "relu"),
        (-1, big, big, 1, 0, 0, "relu"),
        (1, big, -big, 1, 0, 0, "relu"),
        (1, 0, 0, big, -big, 0, "sigmoid"),  # σ(0) = ½
    ):
        params = Params([[W_ih]], [b_h], [[W_ho]], [b_o])
        with pytest.raises(
            ValueError, match="best_subset: params must be so small that J is finite whatever"
        ):
            truth.best_subset(params, [[x]], [[target]], 1, activation)
    assert (
        truth.best_subset(Params([[1e200]], [0.0], [[1.0]], [0.0]), [[1.0]], [[0.0]], 1).J == 0
    )  # tanh: at most 1
