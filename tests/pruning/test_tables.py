"""J of every mask, of every set of units and of inputs, against plain loops and networks that are
really smaller, and J of every mask retrained."""

from fractions import Fraction as F
from itertools import combinations

import numpy as np
import pytest

from pruning.cases import F_OF, fractional, plain, real, rounding, trained
from refnn import article, network, training
from refnn.network import Params
from refnn.pruning import tables, truth


def test_index_of_a_mask_has_a_bit_for_each_that_is_kept(rng):
    p, X, y = fractional(rng, (2, 1, 1), 2)
    table = truth.every_mask(p, X, y, "relu")
    assert table.shape == (2**5,)
    for index, J in enumerate(table):
        gone = [i for i in range(5) if not index >> i & 1]
        assert J == plain(p, X, y, "relu", gone)
    for count in range(6):
        best = truth.best_of(table, count)
        losses = {gone: plain(p, X, y, "relu", gone) for gone in combinations(range(5), count)}
        assert best.J == min(losses.values()) == losses[tuple(best.removed.tolist())]


def test_best_of_is_the_first_of_the_least_J_at_each_count():
    table = [9.0, 8.0, 7.0, 6.0, 5.0, 3.0, 4.0, 2.0]  # 101 = 3: bit 1 is 0, so 1 is removed
    assert [truth.best_of(table, count).J for count in range(4)] == [2, 3, 5, 9]
    assert [truth.best_of(table, count).removed.tolist() for count in range(4)] == [
        [],
        [1],
        [0, 1],
        [0, 1, 2],
    ]
    both = truth.best_of(np.array([table, table[::-1]]), 1)
    assert both.removed.tolist() == [[1], [2]] and both.J.tolist() == [3, 5]
    assert truth.best_of([1.0, 5.0, 5.0, 2.0], 1).removed.tolist() == [
        1
    ]  # of equals the lowest index: 01
    beyond = np.array([np.nan, np.inf, 5.0, 2.0], np.float32)  # of 00, 01, 10, 11: NaN is the most
    assert [truth.best_of(beyond, count).removed.tolist() for count in (0, 1)] == [[], [0]]
    assert (
        truth.best_of(beyond, 2).J != truth.best_of(beyond, 2).J
        and truth.best_of([np.inf, 1.0], 1).J == np.inf
    )
    for bad in ([True, False], [1j, 2.0], ["a", "b"], np.float64(1.0), [1.0, 2.0, 3.0], [0.0] * 6):
        with pytest.raises((ValueError, TypeError), match="best_of: table must be"):
            truth.best_of(bad, 0)
    assert truth.best_of([3.0], 0).J == 3 and truth.best_of([3.0], 0).removed.shape == (0,)


def test_sixteen_things_have_a_table_and_seventeen_have_none():
    p = Params(np.ones((1, 16)), [0.0], [[1.0]], [0.0])  # ŷ is the number of inputs that it has
    assert truth.best_inputs(p, np.ones((1, 16)), [[13.0]], 3, "identity").J == 0
    with pytest.raises(ValueError, match=r"best_of: table must be of shape .* n at most 16, got"):
        truth.best_of(np.zeros(2**17), 1)


def test_the_printed_networks_best_masks_are_a_loops_and_best_known_misses_one():
    """5-2-1, 15 parameters, J = 0 with all of them: 32 768 masks, one after another here and as a
    table there."""
    X, y = article.data()
    p = Params(*(a.astype(float) for a in article.parameters().arrays()))
    table = truth.every_mask(p, X, y)
    assert table.shape == (2**15,) and table[-1] == 0 and table[0] == (y**2).sum() / 2
    bits = np.array([[int(b) for b in f"{k:015b}"[::-1]] for k in range(2**15)])
    theta = bits * p.flatten()
    z = np.einsum("kji,ni->knj", theta[:, :10].reshape(-1, 2, 5), X) + theta[:, None, 10:12]
    y_hat = np.einsum("kj,knj->kn", theta[:, 12:14], np.tanh(z)) + theta[:, 14:]
    expected = ((y_hat - y.T) ** 2).sum(axis=1) / 2
    assert np.abs(table - expected).max() <= rounding(p, X, y)
    best = [truth.best_of(table, count) for count in range(16)]
    for count in range(16):
        assert abs(best[count].J - expected[bits.sum(axis=1) == 15 - count].min()) <= rounding(
            p, X, y
        )
    assert best[1].removed.tolist() == [0] and best[2].removed.tolist() == [
        0,
        10,
    ]  # w₁₁, then with it b_h₁
    for count in range(5):
        assert truth.best_subset(p, X, y, count).removed.tolist() == best[count].removed.tolist()
    known = [truth.best_known(p, X, y, count) for count in range(16)]
    assert [c for c in range(16) if known[c].J > best[c].J + rounding(p, X, y)] == [
        7
    ]  # .1138 for .1008
    assert (np.diff([b.J for b in best]) > 0).all()


def test_neurons_and_inputs_equal_networks_that_are_really_smaller(rng):
    for activation in F_OF:
        p, X, y = real(rng, (4, 3, 2))
        neurons, inputs, allowed = (
            truth.every_neurons(p, X, y, activation),
            truth.every_inputs(p, X, y, activation),
            rounding(p, X, y),
        )
        for index in range(2**3):
            j = [j for j in range(3) if index >> j & 1]
            small = Params(p.W_ih[j], p.b_h[j], p.W_ho[:, j], p.b_o)
            assert (
                abs(neurons[index] - network.loss(network.forward(small, X, activation).y_hat, y))
                <= allowed
            )
        for index in range(2**4):
            k = [k for k in range(4) if index >> k & 1]
            small = Params(p.W_ih[:, k], p.b_h, p.W_ho, p.b_o)
            assert (
                abs(
                    inputs[index]
                    - network.loss(network.forward(small, X[:, k], activation).y_hat, y)
                )
                <= allowed
            )
        for search, table, n in ((truth.best_neurons, neurons, 3), (truth.best_inputs, inputs, 4)):
            for count in range(n + 1):
                best = search(p, X, y, count, activation)
                sets = [
                    sum(1 << i for i in range(n) if i not in gone)
                    for gone in combinations(range(n), count)
                ]
                assert (
                    best.J
                    == table[sets].min()
                    == table[2**n - 1 - sum(1 << int(i) for i in best.removed)]
                )


def test_of_all_1024_sets_of_inputs_of_a_real_network_the_whole_is_best():
    p, X, y = trained()
    table = truth.every_inputs(p, X, y)
    assert table.shape == (1024,) and np.argmin(table) == 1023
    assert abs(table[0] - network.loss(network.forward(p, 0 * X).y_hat, y)) <= rounding(p, X, y)
    assert truth.best_inputs(p, X, y, 9).J == table[1 << np.arange(10)].min()


def test_every_mask_retrained_equals_one_by_one(rng):
    p, X, y = real(rng, (2, 1, 1))
    seen = []
    table = truth.every_mask_retrained(
        p, X, y, steps=30, lr=0.05, progress=lambda done, all: seen.append((done, all))
    )
    for index, J in enumerate(table):
        mask = Params.unflatten([index >> i & 1 for i in range(5)], p.sizes)
        alone = training.fit_plain(p, X, y, steps=30, lr=0.05, mask=mask)
        # two forms of one gradient differ by rounding; 30 steps of Adam from different roots of v̂
        # magnify it little
        assert abs(J - alone.history[-1]) <= 1e-9 * max(1, J)
    before = truth.every_mask(p, X, y)
    assert truth.every_mask_retrained(p, X, y, steps=0) == pytest.approx(
        before, abs=rounding(p, X, y)
    )
    assert (table <= before + 1e-9).all() and seen == [(32, 32)]


def test_retraining_takes_200_steps_of_a_hundredth_and_one_rate_for_all(rng):
    p, X, y = real(rng, (1, 1, 1), batch=(2,))
    table = truth.every_mask_retrained(p, X, y)
    assert (table == truth.every_mask_retrained(p, X, y, steps=200, lr=0.01)).all()
    for lr, words in (([0.1, 0.1], "a single number"), (0, "positive"), (-1, "a number of at lea")):
        with pytest.raises(ValueError, match=f"every_mask_retrained: lr must be {words}"):
            truth.every_mask_retrained(p, X, y, lr=lr)
    exact = Params([[F(1)]], [F(1)], [[F(1)]], [F(1)])
    with pytest.raises(TypeError, match=r"params\.W_ih must be floating-point or whole numbers"):
        truth.every_mask_retrained(exact, [[1]], [[1]], activation="identity")


def test_retraining_in_blocks_changes_nothing_and_reports_every_block(rng, monkeypatch):
    p, X, y = real(rng, (2, 1, 1), batch=(2,))
    whole = truth.every_mask_retrained(p, X, y, steps=5)
    monkeypatch.setattr(tables, "NETWORKS", 7)
    seen = []
    assert np.allclose(
        truth.every_mask_retrained(p, X, y, steps=5, progress=lambda *a: seen.append(a)),
        whole,
        rtol=1e-12,
        atol=0,
    )
    assert seen[-1] == (64, 64) and len(seen) == 10 and whole.shape == (2, 32)
