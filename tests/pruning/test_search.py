"""The best set of a count against all sets, and the best known between it and greed."""

from itertools import combinations

import numpy as np
import pytest

from pruning.cases import fractional, masked, plain, real, rounding, trained
from refnn import network
from refnn.network import Params
from refnn.pruning import importance, masks, truth


def test_best_subset_equals_all_subsets(rng):
    for sizes in ((3, 2, 1), (2, 2, 2)):
        p, X, y = fractional(rng, sizes, 3)
        n = p.flatten().size
        for count in range(5):
            losses = {gone: plain(p, X, y, "relu", gone) for gone in combinations(range(n), count)}
            best = truth.best_subset(p, X, y, count, "relu")
            assert best.J == min(losses.values()) == losses[tuple(best.removed.tolist())]
        q, X, y = real(rng, sizes)
        for count in range(5):
            keep = np.array([masked(n, gone) for gone in combinations(range(n), count)])
            J, best = truth.loss_without(q, keep, X, y), truth.best_subset(q, X, y, count)
            assert abs(best.J - J.min()) <= rounding(
                q, X, y
            )  # of equals (behind a W_ho of 0) it is any
            assert abs(best.J - plain(q, X, y, "tanh", best.removed)) <= rounding(q, X, y)


def test_best_subset_of_one_is_the_least_deletion_and_three_of_61_are_no_greedy_choice():
    p, X, y = trained(1)
    singles = truth.deletion(p, X, y).flatten()
    assert truth.best_subset(p, X, y, 1).removed.tolist() == [singles.argmin()]
    three = truth.best_subset(p, X, y, 3)
    rng = np.random.default_rng(0)
    others = np.array([masked(61, rng.choice(61, 3, replace=False)) for _ in range(3000)])
    assert three.J <= truth.loss_without(p, others, X, y).min()
    assert three.J == truth.loss_without(p, masked(61, three.removed)[None], X, y)[0]
    untrained = network.init(np.random.default_rng(5))
    greedy, best = greedily(untrained, X, y, 3), truth.best_subset(untrained, X, y, 3)
    assert best.J < truth.loss_without(untrained, greedy[None], X, y)[0] * 0.999
    assert best.J <= truth.best_known(untrained, X, y, 3).J


def greedily(p, X, y, count, activation="tanh"):
    keep = np.ones(p.flatten().shape[-1], bool)
    for _ in range(count):
        tried = np.where(np.eye(len(keep), dtype=bool), False, keep)[keep]
        keep = tried[truth.loss_without(p, tried, X, y, activation).argmin()]
    return keep


def test_best_known_lies_between_the_best_and_greedy(rng):
    equal = []
    for _ in range(20):
        p, X, y = real(rng, (3, 2, 1), N=9)
        n, allowed = p.flatten().size, rounding(p, X, y)
        every = truth.every_mask(p, X, y)
        for count in range(n + 1):
            known, best = truth.best_known(p, X, y, count), truth.best_of(every, count)
            greedy = truth.loss_without(p, greedily(p, X, y, count)[None], X, y)[0]
            assert best.J - allowed <= known.J <= greedy + allowed
            assert (
                known.removed.tolist() == sorted(set(known.removed.tolist()))
                and len(known.removed) == count
            )
            assert (
                abs(known.J - truth.loss_without(p, masked(n, known.removed)[None], X, y)[0])
                <= allowed
            )
            equal.append(abs(known.J - best.J) <= allowed)
    assert np.mean(equal) > 0.7  # four in five: it does miss the best


def test_swaps_mend_what_greed_spoils():
    """The docstring's network by hand. Singles cost 160, 16, 6, 198 and −1.5: greedy takes b_o, and
    then whatever it takes is wrong; without w₂ and b_h ŷ = 2·10 + 1 = y."""
    p, X, y = Params([[1, -2]], [3], [[2]], [1]), [[10, 1]], [[21]]
    assert truth.loss_without(p, greedily(p, X, y, 2, "relu")[None], X, y, "relu")[0] == 12.5
    known = truth.best_known(p, X, y, 2, "relu")
    assert known.removed.tolist() == [1, 2] and known.J == 0


def test_of_equals_the_earlier_is_removed_and_no_swap_is_made():
    p, X, y = Params([[0.0, 0.0]], [0.0], [[0.0]], [0.0]), np.ones((3, 2)), np.ones((3, 1))
    for count in range(6):
        known = truth.best_known(p, X, y, count)
        assert known.removed.tolist() == list(range(count)) and known.J == 1.5


def test_several_counts_at_once_are_those_of_single_calls(rng):
    p, X, y = real(rng, (3, 2, 1), N=9)
    stack = Params(*(np.stack([a, a * 0.5]) for a in p.arrays()))
    counts = (5, 0, 11, 5, 2)
    found = truth.best_known_of_each(stack, X, y, counts)
    for count, best in zip(counts, found, strict=True):
        alone = truth.best_known(stack, X, y, count)
        assert (
            best.removed.tolist() == alone.removed.tolist() and best.J.tolist() == alone.J.tolist()
        )
    assert truth.best_known_of_each(p, X, y, ()) == []
    words = r"best_known_of_each: counts must be a whole number from 0 to 11, got 12"
    with pytest.raises(ValueError, match=words):
        truth.best_known_of_each(p, X, y, (1, 12))


def test_no_exchange_improves_the_best_known():
    p, X, y = trained(2)
    for count in (5, 30, 55):
        known = truth.best_known(p, X, y, count)
        keep = masked(61, known.removed)
        swaps = []
        for out, back in np.ndindex(61, 61):
            if keep[out] and not keep[back]:
                swaps.append(keep.copy())
                swaps[-1][[out, back]] = False, True
        assert known.J <= truth.loss_without(p, np.array(swaps), X, y).min() + rounding(p, X, y)
        magnitude = masks.by_sparsity(importance.magnitude(p), count / 61)
        assert (
            known.J <= truth.loss_without(p, magnitude.flatten()[None], X, y)[0]
        )  # its regret is not negative


def test_count_0_removes_nothing_and_count_n_everything(rng):
    p, X, y = real(rng)
    n = p.flatten().size
    for search in (truth.best_subset, truth.best_known, truth.best_neurons, truth.best_inputs):
        none = search(p, X, y, 0)
        assert none.removed.shape == (0,) and none.removed.dtype == np.int64
        assert none.J == network.loss(network.forward(p, X).y_hat, y)
    everything = truth.best_known(p, X, y, n)
    assert everything.removed.tolist() == list(range(n))
    assert abs(everything.J - (y**2).sum() / 2) <= rounding(p, X, y)
    one = Params(np.zeros((1, 0)), [0.5], [[2.0]], [1.0])  # no inputs at all: three parameters
    assert truth.best_known(one, np.zeros((2, 0)), [[1.0], [1.0]], 3).removed.tolist() == [0, 1, 2]
    assert truth.best_subset(one, np.zeros((2, 0)), [[1.0], [1.0]], 3).removed.tolist() == [0, 1, 2]
