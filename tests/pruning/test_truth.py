"""What deletion costs, against plain loops in exact fractions, all subsets, networks that are
really smaller, and the Hessian where J is a parabola."""

from fractions import Fraction as F
from itertools import combinations

import numpy as np
import pytest

from refnn import article, data, derivatives, network, training
from refnn.network import Params
from refnn.pruning import flips, importance, masks, tables, truth

F_OF = {
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "relu": lambda z: z * (z > 0),
    "identity": lambda z: z,
}


def plain(params, X, y, activation, gone=()):
    """J without some, one parameter and one example at a time: independent of network and of
    truth."""
    theta = list(params.flatten())
    for i in gone:
        theta[i] = 0 * theta[i]
    (inputs, hidden, outputs), J = params.sizes, 0
    rows, b_h = (
        [theta[j * inputs : (j + 1) * inputs] for j in range(hidden)],
        theta[hidden * inputs :][:hidden],
    )
    W_ho, b_o = theta[hidden * (inputs + 1) : -outputs], theta[-outputs:]
    for x, t in zip(X, y):
        h = [F_OF[activation](sum(w * v for w, v in zip(row, x)) + b) for row, b in zip(rows, b_h)]
        for o in range(outputs):
            r = sum(W_ho[o * hidden + j] * h[j] for j in range(hidden)) + b_o[o] - t[o]
            J += r * r / 2
    return J


def fractional(rng, sizes=(3, 2, 2), N=4):
    """A network and data of small fractions; no parameter is 0."""

    def some(*shape):
        return np.array(
            [F(int(v), 4) for v in rng.choice([*range(-9, 0), *range(1, 10)], shape).flat]
        ).reshape(shape)

    inputs, hidden, outputs = sizes
    return (
        Params(some(hidden, inputs), some(hidden), some(outputs, hidden), some(outputs)),
        some(N, inputs),
        some(N, outputs),
    )


def real(rng, sizes=(3, 2, 2), N=7, batch=()):
    p = network.init(rng, sizes, batch)
    return (
        Params.unflatten(p.flatten() + 0.3 * rng.standard_normal(p.flatten().shape), sizes),
        rng.standard_normal((N, sizes[0])),
        rng.standard_normal((N, sizes[2])),
    )


def rounding(params, X, y):
    """A bound for the rounding error of any difference of two J here. Every value on the way, and
    every sum of two, is at most `size`, as |f(z)| ≤ 1 + |z| and |f′| ≤ 1; it is a sum of at most
    `terms` products, each rounded a few times. ½r² and sums over the N·outputs residuals follow,
    and J, J′, r·d and ½d² are of that kind: a handful of them."""
    W_ih, b_h, W_ho, b_o = (np.abs(a) for a in params.arrays())
    size = (np.abs(y) + b_o + (1 + b_h + np.abs(X) @ W_ih.T) @ W_ho.T).max() * 3
    terms = sum(params.sizes) + 10 + y.size
    return 8 * terms * np.finfo(float).eps * y.size * size**2


def masked(n, gone):
    keep = np.ones(n, bool)
    keep[list(gone)] = False
    return keep


def trained(seed=0, steps=200):
    s = data.split(data.load("diabetes"), seed)
    fit = training.fit(
        network.init(np.random.default_rng(seed)),
        s.X_train,
        s.y_train,
        steps=steps,
        lr=0.01,
        weight_decay=10.0,
    )
    return fit.params, s.X_train, s.y_train


# --- singles and pairs ----------------------------------------------------------------------------


def test_deletion_equals_a_plain_loop_over_fractions(rng):
    for activation in ("relu", "identity"):
        for sizes in ((3, 2, 2), (2, 3, 1), (1, 1, 1)):
            p, X, y = fractional(rng, sizes)
            J = plain(p, X, y, activation)
            expected = [plain(p, X, y, activation, (i,)) - J for i in range(p.flatten().size)]
            assert truth.deletion(p, X, y, activation).flatten().tolist() == expected
            assert min(expected) < 0  # the sign is there to be seen


def test_pairs_equal_a_plain_loop_over_fractions(rng):
    for activation in ("relu", "identity"):
        for sizes in ((3, 2, 2), (2, 3, 1), (1, 1, 1)):
            p, X, y = fractional(rng, sizes, 3)
            J, n = plain(p, X, y, activation), p.flatten().size
            expected = [
                [plain(p, X, y, activation, {i, k}) - J for k in range(n)] for i in range(n)
            ]
            assert truth.pairs(p, X, y, activation).tolist() == expected


def test_all_activations_in_floats(rng):
    for activation in F_OF:
        p, X, y = real(rng)
        J, n, allowed = plain(p, X, y, activation), p.flatten().size, rounding(p, X, y)
        costs = truth.pairs(p, X, y, activation)
        expected = [[plain(p, X, y, activation, {i, k}) - J for k in range(n)] for i in range(n)]
        assert np.abs(costs - expected).max() <= allowed < 1e-8
        assert (costs == costs.T).all()
        assert (
            np.abs(truth.deletion(p, X, y, activation).flatten() - np.diagonal(costs)).max()
            <= allowed
        )


def test_on_a_real_network_all_61_and_1830():
    p, X, y = trained()
    J, allowed = network.loss(network.forward(p, X).y_hat, y), rounding(p, X, y)
    every = [(i, k) for i in range(61) for k in range(i + 1)]
    keep = np.array([masked(61, pair) for pair in every])
    costs = truth.pairs(p, X, y)
    assert (
        np.abs(costs[tuple(np.transpose(every))] + J - truth.loss_without(p, keep, X, y)).max()
        <= allowed
    )
    singles = truth.deletion(p, X, y).flatten()
    for i in (0, 49, 50, 54, 55, 59, 60):  # the ends of all four arrays
        theta = p.flatten()
        theta[i] = 0
        J_i = network.loss(network.forward(Params.unflatten(theta, p.sizes), X).y_hat, y)
        assert abs(singles[i] - (J_i - J)) <= allowed


def test_two_deletions_do_not_cost_the_sum_of_both():
    p, X, y = trained()
    singles, costs = truth.deletion(p, X, y).flatten(), truth.pairs(p, X, y)
    i, k = np.triu_indices(61, 1)
    off = np.abs(costs[i, k] - singles[i] - singles[k])
    assert np.mean(off > 0.1 * np.abs(costs[i, k])) > 0.2  # a fifth of the 1 830: by 10 % and more
    assert (
        costs[i, k] < np.minimum(singles[i], singles[k])
    ).any()  # both together cost less than either alone


def test_in_the_output_layer_it_is_the_parabola_of_gradient_and_hessian(rng):
    """J is quadratic in (W_ho, b_o), so that −g·θ + ½Hθ² is no approximation there, nor is θᵢHᵢₖθₖ
    for two of them."""
    p, X, y = fractional(rng, (2, 3, 2))
    theta, cut = p.flatten(), 3 * 3
    g, H = network.backward(p, X, y, "relu").flatten(), derivatives.hessian(p, X, y, "relu")
    c = -g * theta + theta * np.diagonal(H) * theta / 2
    assert (truth.deletion(p, X, y, "relu").flatten()[cut:] == c[cut:]).all()
    two = c[:, None] + c + theta[:, None] * H * theta
    two[np.diag_indices(len(c))] = c
    assert (truth.pairs(p, X, y, "relu")[cut:, cut:] == two[cut:, cut:]).all()


def test_a_small_parameter_costs_what_taylors_second_order_says(rng):
    """J(θᵢ = 0) − J = −gθ + ½Hθ² + O(θ³): a thousandth of the parameter, a millionth of a relative
    third order."""
    for activation in ("tanh", "sigmoid"):
        p, X, y = real(rng)
        for i in (0, 4, 6, 7):  # W_ih and b_h: curved
            theta = p.flatten()
            theta[i] = 1e-3
            small = Params.unflatten(theta, p.sizes)
            g, H = (
                network.backward(small, X, y, activation).flatten(),
                derivatives.hessian(small, X, y, activation),
            )
            second = -g[i] * 1e-3 + H[i, i] * 1e-6 / 2
            third = (
                1e-9 / 6 * 100 * np.abs(X).max(initial=1) ** 3 * np.abs(theta).sum() ** 2 * len(X)
            )
            assert abs(truth.deletion(small, X, y, activation).flatten()[i] - second) <= third


def test_the_same_function_costs_the_same():
    """Flipping the signs into and out of a tanh unit, and exchanging units, changes no output: each
    cost stays."""
    p, X, y = trained()
    allowed = rounding(p, X, y)
    flipped = Params(-p.W_ih, -p.b_h, -p.W_ho, p.b_o)
    assert np.abs(truth.pairs(flipped, X, y) - truth.pairs(p, X, y)).max() <= allowed
    turn = [3, 0, 4, 1, 2]
    turned = Params(p.W_ih[turn], p.b_h[turn], p.W_ho[:, turn], p.b_o)
    where = Params.unflatten(np.arange(61), p.sizes)
    at = Params(where.W_ih[turn], where.b_h[turn], where.W_ho[:, turn], where.b_o).flatten()
    assert np.abs(truth.pairs(turned, X, y) - truth.pairs(p, X, y)[np.ix_(at, at)]).max() <= allowed


def test_a_dead_unit_costs_nothing_and_half_a_unit_of_sigmoid_does(rng):
    p, X, y = real(rng, (3, 3, 1))
    dead = Params(
        p.W_ih, p.b_h, p.W_ho * [[1, 0, 1]], p.b_o
    )  # whatever it computes, nobody reads it
    for activation in F_OF:
        costs, at = truth.pairs(dead, X, y, activation), [3, 4, 5, 10, 13]
        assert (costs[np.ix_(at, at)] == 0).all()
        alone = truth.deletion(dead, X, y, activation).flatten()
        assert np.abs(costs[at] - alone)[:, [0, 1, 2, 6, 7, 8, 14, 15]].max() <= rounding(
            dead, X, y
        )
        assert truth.best_subset(dead, X, y, 2, activation).J <= plain(
            dead, X, y, activation
        ) + rounding(dead, X, y)
    quiet = Params(
        p.W_ih * [[1], [0], [1]], p.b_h * [1, 0, 1], p.W_ho, p.b_o
    )  # it says f(0): 0, but σ(0) = ½
    assert (
        truth.deletion(quiet, X, y, "tanh").W_ho[0, 1]
        == 0
        != truth.deletion(quiet, X, y, "sigmoid").W_ho[0, 1]
    )


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


# --- many at once ---------------------------------------------------------------------------------


def test_loss_without_equals_a_plain_loop_over_fractions(rng):
    p, X, y = fractional(rng)
    keep = rng.random((30, p.flatten().size)) > 0.4
    expected = [plain(p, X, y, "relu", np.flatnonzero(~k)) for k in keep]
    assert truth.loss_without(p, keep, X, y, "relu").tolist() == expected
    for same in (keep.astype(int), keep.astype(np.float32), keep.tolist(), np.asfortranarray(keep)):
        assert truth.loss_without(p, same, X, y, "relu").tolist() == expected
    assert truth.loss_without(p, keep[:0], X, y, "relu").shape == (0,)
    one = [
        network.loss(
            network.forward(network.apply_mask(p, Params.unflatten(k, p.sizes)), X, "relu").y_hat, y
        )
        for k in keep
    ]
    assert one == expected


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


def test_nothing_and_everything_removed(rng):
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


# --- tables ---------------------------------------------------------------------------------------


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


def test_best_of_by_hand():
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
    for bad in ([True, False], [1j, 2.0], ["a", "b"], np.float64(1.0), [1.0, 2.0, 3.0]):
        with pytest.raises((ValueError, TypeError), match="best_of: table must be"):
            truth.best_of(bad, 0)


def test_the_printed_networks_best_mask_of_every_count():
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


def test_neurons_and_inputs_against_networks_that_are_really_smaller(rng):
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


def test_all_1024_sets_of_inputs_of_a_real_network():
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


def test_retraining_in_blocks(rng, monkeypatch):
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


# --- what may come in -----------------------------------------------------------------------------


def test_a_stack_is_one_by_one(rng):
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


def test_no_examples_no_cost(rng):
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
    for b_h, W_ho, b_o, target in (
        (0, 1, 1e200, 1e200),
        (1e200, 1, -1e200, 0),
        (-1, 1e200, 0, 0),
        (0, 1, 0, 1e200),
    ):
        with pytest.raises(
            ValueError, match="best_subset: params must be so small that J is finite whatever"
        ):
            truth.best_subset(
                Params([[1.0]], [b_h], [[W_ho]], [b_o]), [[1.0]], [[target]], 1, "relu"
            )
    assert (
        truth.best_subset(Params([[1e200]], [0.0], [[1.0]], [0.0]), [[1.0]], [[0.0]], 1).J == 0
    )  # tanh: at most 1


def test_refusals(rng):
    p, X, y = real(rng, (3, 2, 1))
    keep = np.ones((4, 11), bool)
    for bad, words in (
        (keep[0], r"of shape \(K, 11\)"),
        (keep[:, :9], r"of shape \(K, 11\)"),
        (keep[None], r"of shape \(K, 11\)"),
        (keep * 2, "True/False or 1/0"),
        (keep * np.nan, "True/False or 1/0"),
        ("ones", "True/False or 1/0"),
        (None, "of shape"),
        ([[1, 0], [1]], "True/False or 1/0"),
    ):
        with pytest.raises((ValueError, TypeError), match=f"loss_without: masks must be {words}"):
            truth.loss_without(p, bad, X, y)
    stack = Params(*(a[None] for a in p.arrays()))
    with pytest.raises(
        ValueError, match=r"loss_without: masks must be of shape \(K, 11\) or \(1,\) \+ \(K, 11\)"
    ):
        truth.loss_without(stack, np.ones((2, 4, 11)), X, y)
    for function, count, limit in (
        (truth.best_subset, 5, 4),
        (truth.best_known, 12, 11),
        (truth.best_neurons, 3, 2),
        (truth.best_inputs, 4, 3),
    ):
        with pytest.raises(
            ValueError, match=f"{function.__name__}: count must be a whole number from 0 to {limit}"
        ):
            function(p, X, y, count)
        with pytest.raises(TypeError, match=f"{function.__name__}: count must be a whole number"):
            function(p, X, y, 1.0)
    wide = network.init(rng, (17, 17, 1))
    for function, things in (
        (truth.every_mask, "parameters"),
        (truth.every_neurons, "hidden units"),
        (truth.every_inputs, "inputs"),
        (truth.every_mask_retrained, "parameters"),
    ):
        with pytest.raises(
            ValueError, match=f"{function.__name__}: params must be of at most 16 {things}"
        ):
            function(wide, np.ones((2, 17)), np.ones((2, 1)))
    with pytest.raises(
        ValueError,
        match=r"best_of: table must be of shape \(…, 2ⁿ\), n at most 16, got shape \(3,\)",
    ):
        truth.best_of([1.0, 2.0, 3.0], 1)
    with pytest.raises(ValueError, match="best_of: count must be a whole number from 0 to 2"):
        truth.best_of([1.0, 2.0, 3.0, 4.0], 3)
    small = network.init(rng, (1, 1, 1))
    with pytest.raises(TypeError, match="every_mask_retrained: progress must be a function"):
        truth.every_mask_retrained(small, [[1.0]], [[1.0]], progress=3)
    with pytest.raises(ValueError, match="every_mask_retrained: X must be at least one example"):
        truth.every_mask_retrained(small, np.zeros((0, 1)), np.zeros((0, 1)))
    with pytest.raises(
        ValueError, match="deletion: activation must be 'relu' or 'identity' on Fractions"
    ):
        truth.deletion(Params([[F(1)]], [F(0)], [[F(1)]], [F(0)]), [[F(1)]], [[F(1)]])
