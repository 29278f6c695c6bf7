"""What deletion costs, against plain loops in exact fractions, and the Hessian where J is a
parabola."""

from fractions import Fraction as F

import numpy as np
import pytest

from pruning.cases import F_OF, fractional, masked, plain, real, rounding, trained
from refnn import derivatives, network
from refnn.network import Params
from refnn.pruning import truth

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


def test_deletion_and_pairs_equal_a_plain_loop_in_floats_for_every_activation(rng):
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


def test_all_61_deletions_and_1830_pairs_of_a_real_network_equal_its_loss_without_them():
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


def test_in_the_output_layer_the_cost_is_the_parabola_of_gradient_and_hessian(rng):
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


# --- what may not come in -------------------------------------------------------------------------


def test_truth_search_and_tables_refuse_wrong_masks_counts_tables_and_large_networks(rng):
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
