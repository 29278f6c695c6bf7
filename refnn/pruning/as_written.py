"""§3.2 of the article, literally: R = ∂J/∂x, θ_p = θ \\ {x : R_x < τ}, θ_f = θ_p.

These functions are wrong as documented, and tests hold them to it; `importance` and `masks` are
what the field does.

    R  importance 参数重要性, a slope: loss per unit of the parameter
    τ  pruning threshold 剪枝阈值, in the same unit
"""

from typing import NamedTuple

import numpy as np

from refnn.network import ACTIVATION, NETWORK, ROWS, SCORES, Params, apply_mask, backward
from refnn.validation import numbers, takes


class PruneSteps(NamedTuple):
    """The operations of §3.2.2, in order."""

    below: Params  # of bool: R < τ
    mask: Params  # of bool: what is kept
    params: Params  # θ with the rest removed (set to 0)


@takes(params=NETWORK, X=ROWS, y=ROWS, activation=ACTIVATION)
def importance(params, X, y, activation="tanh"):
    """R = ∂J/∂x   (§3.2.1 参数重要性评估, as written), signed.

    J = ½ Σ ‖y − ŷ‖² (§4.2) is summed over the examples. Wrong: to first order a deletion changes J
    by −R·x, not R, and at a minimum R is 0 for every parameter.

    >>> importance(Params([[1, 2]], [3], [[2]], [1]), [[10, 20]], [[100]], "relu").W_ho
    array([[371.]])
    """
    return backward.formula(params, X, y, activation)


@takes(params=NETWORK, R=SCORES, tau=numbers(ndim=0))
def prune(params, R, tau):
    """(θ_p, mask) with θ_p = θ \\ {x : R_x < τ}   (§3.2.2 剪枝, as written): mask = not (R < τ).

    A set difference has no place for what it removes; a network's arrays do, and it is 0.
    Wrong: R is signed, so every parameter with a negative slope goes, however large.

    >>> theta = Params([[1.0, -2.0]], [3.0], [[4.0]], [5.0])
    >>> pruned, mask = prune(theta, Params([[0.5, 0.4]], [-9.0], [[0.6]], [0.0]), tau=0.5)
    >>> pruned.flatten()
    array([1., 0., 0., 4., 0.])
    """
    steps = prune_steps.formula(params, R, tau)
    return steps.params, steps.mask


@takes(params=NETWORK, R=SCORES, tau=numbers(ndim=0))
def prune_steps(params, R, tau):
    """The steps of `prune`.

    >>> theta = Params([[1.0, -2.0]], [3.0], [[4.0]], [5.0])
    >>> prune_steps(theta, Params([[0.5, 0.4]], [-9.0], [[0.6]], [0.0]), tau=0.5).below.flatten()
    array([False,  True,  True, False,  True])
    """
    below = R.map(lambda r: r < tau)  # R_x < τ
    mask = below.map(np.logical_not)  # the others
    return PruneSteps(below, mask, apply_mask.formula(params, mask))


@takes(params=NETWORK)
def update(params):
    """θ_f = θ_p   (§3.2.3 模型更新, as written): the pruned parameters, as they are.

    Wrong by omission: unless the mask is kept, the next training step revives what was removed.

    >>> update(Params([[1.0, 0.0]], [3.0], [[4.0]], [5.0])).W_ih
    array([[1., 0.]])
    """
    return params
