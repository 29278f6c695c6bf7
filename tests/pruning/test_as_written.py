"""§3.2 as written: what it removes, and why that is wrong."""

from fractions import Fraction as F

import numpy as np
import pytest

from pruning.cases import THETA, untrained
from refnn import article, network
from refnn.network import Params
from refnn.pruning import as_written, importance, masks

R = Params(
    [[F(1, 2), F(49, 100)], [F(51, 100), F(-3)]], [F(0), F(1)], [[F(-1, 2), F(2)]], [F(1, 2)]
)


def test_prune_removes_below_tau_and_keeps_tau_itself():
    pruned, mask = as_written.prune(THETA, R, F(1, 2))
    assert mask.flatten().tolist() == [True, False, True, False, False, True, False, True, True]
    assert pruned.flatten().tolist() == [1, 0, 3, 0, 0, -6, 0, 8, 9]
    assert all(a.dtype == bool for a in mask.arrays())
    steps = as_written.prune_steps(THETA, R, 0.5)
    assert (steps.below.flatten() == ~steps.mask.flatten()).all()
    assert as_written.update(pruned).flatten().tolist() == pruned.flatten().tolist()


def test_importance_is_the_signed_slope_of_the_summed_loss():
    # one weight, two examples: J = ½Σ(y − wx)²; ∂J/∂w = Σ(wx − y)x = (2 − 6)·1 + (4 − 7)·2 = −10
    params = Params([[F(1)]], [F(0)], [[F(2)]], [F(0)])
    slope = as_written.importance(params, [[F(1)], [F(2)]], [[F(6)], [F(7)]], "identity")
    assert (
        slope.W_ho.tolist() == [[-10]]
        and slope.W_ih.tolist() == [[-20]]
        and slope.b_o.tolist() == [-7]
    )
    params, X, y = untrained()
    assert (
        as_written.importance(params, X, y).flatten() == network.backward(params, X, y).flatten()
    ).all()


def test_signed_R_removes_every_negative_slope():
    params, X, y = untrained()
    slope = as_written.importance(params, X, y)
    _, mask = as_written.prune(params, slope, float(article.TAU))
    assert not mask.flatten()[slope.flatten() < 0].any()
    steepest = np.argmin(slope.flatten())  # the most negative: gone all the same
    assert not mask.flatten()[steepest]


def test_at_the_printed_networks_minimum_tau_removes_all_fifteen():
    X, y = article.data()
    params = Params(*(a.astype(float) for a in article.parameters().arrays()))
    slope = as_written.importance(params, X, y)
    assert (slope.flatten() == 0).all()
    assert masks.count(as_written.prune(params, slope, 0.5)[1]) == 0


def test_flipping_a_tanh_neuron_changes_what_R_removes_and_nothing_else():
    params, X, y = untrained()
    flipped = Params(-params.W_ih, -params.b_h, -params.W_ho, params.b_o)
    assert (network.forward(params, X).y_hat == network.forward(flipped, X).y_hat).all()
    decisions = [
        as_written.prune(p, as_written.importance(p, X, y), 0.5)[1].flatten()
        for p in (params, flipped)
    ]
    assert (decisions[0] != decisions[1]).sum() > 30
    for criterion in (importance.magnitude, importance.gradient, importance.taylor):
        a, b = (criterion(p, X, y).flatten() for p in (params, flipped))
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_prune_and_prune_steps_refuse_R_of_other_sizes_and_an_infinite_tau():
    good = Params([[1.0]], [1.0], [[1.0]], [1.0])
    for R, tau, error, words in (
        (0.5, 0.5, TypeError, "R must be a Params"),
        (THETA, 0.5, ValueError, "R must be of sizes"),
        (good, np.inf, ValueError, "tau must be finite"),
    ):
        for function in (as_written.prune, as_written.prune_steps):
            with pytest.raises(error, match=f"{function.__name__}: {words}"):
                function(good, R, tau)
