"""Prune a network literally as §3.2 of the article says.

The rules are R = ∂J/∂x, θ_p = θ \\ {x : R_x < τ} and θ_f = θ_p. The docstrings say what is wrong.
Tests check that the functions still follow these rules. The modules `importance` and `masks` hold
what is done in practice.

    J  the loss
    θ  the parameters of the network; x is one of them
    R  importance 参数重要性, the slope of J along x, in loss per unit of x
    τ  pruning threshold 剪枝阈值, in the same unit as R
"""

from typing import NamedTuple

import numpy as np

from refnn.network import ACTIVATION, NETWORK, ROWS, SCORES, Params, apply_mask, backward
from refnn.validation import numbers, takes


class PruneSteps(NamedTuple):
    """The results of the operations of §3.2.2, in order."""

    below: Params  # of bool: True where R < τ
    mask: Params  # of bool: True where a parameter is kept
    params: Params  # θ with the removed parameters set to 0


@takes(params=NETWORK, X=ROWS, y=ROWS, activation=ACTIVATION)
def importance(params, X, y, activation="tanh"):
    """R = ∂J/∂x, with its sign   (§3.2.1 参数重要性评估, as written).

    J = ½ Σ ‖y − ŷ‖² (§4.2) is summed over the examples. The rule is wrong: to first order, setting
    x to 0 changes J by −R·x and not by R. At a minimum of J, R is 0 for every parameter.

    >>> importance(Params([[1, 2]], [3], [[2]], [1]), [[10, 20]], [[100]], "relu").W_ho
    array([[371.]])
    """
    return backward.formula(params, X, y, activation)


@takes(params=NETWORK, R=SCORES, tau=numbers(ndim=0))
def prune(params, R, tau):
    """Return (θ_p, mask) with θ_p = θ \\ {x : R_x < τ}   (§3.2.2 剪枝, as written).

    The mask is True where a parameter is kept, that is, where R ≥ τ. In the article a
    removed parameter leaves the set θ. Here the arrays keep their shape, and a removed parameter
    becomes 0. The rule is wrong: R has a sign, so with τ ≥ 0 every parameter with a negative slope
    is removed, however steep the slope is.

    >>> theta = Params([[1.0, -2.0]], [3.0], [[4.0]], [5.0])
    >>> pruned, mask = prune(theta, Params([[0.5, 0.4]], [-9.0], [[0.6]], [0.0]), tau=0.5)
    >>> pruned.flatten()
    array([1., 0., 0., 4., 0.])
    """
    steps = prune_steps.formula(params, R, tau)
    return steps.params, steps.mask


@takes(params=NETWORK, R=SCORES, tau=numbers(ndim=0))
def prune_steps(params, R, tau):
    """Return the results of the steps of `prune`, in order.

    >>> theta = Params([[1.0, -2.0]], [3.0], [[4.0]], [5.0])
    >>> prune_steps(theta, Params([[0.5, 0.4]], [-9.0], [[0.6]], [0.0]), tau=0.5).below.flatten()
    array([False,  True,  True, False,  True])
    """
    below = R.map(lambda r: r < tau)  # R_x < τ
    mask = below.map(np.logical_not)  # the others
    return PruneSteps(below, mask, apply_mask.formula(params, mask))


@takes(params=NETWORK)
def update(params):
    """θ_f = θ_p   (§3.2.3 模型更新, as written).

    The pruned parameters are returned unchanged. The rule leaves something out: unless the mask is
    kept too, the next training step makes the removed parameters nonzero again.

    >>> update(Params([[1.0, 0.0]], [3.0], [[4.0]], [5.0])).W_ih
    array([[1., 0.]])
    """
    return params
