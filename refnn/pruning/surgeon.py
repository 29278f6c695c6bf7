"""Optimal Brain Surgeon: remove the parameter that costs least, and move the rest to make up for
it; again and again.

B. Hassibi, D. Stork, "Second order derivatives for network pruning" (1993). One network or a stack.
"""

from typing import NamedTuple

import numpy as np

from refnn import arrays, derivatives
from refnn.arrays import Refused, describe
from refnn.network import ACTIVATION, MASK, NETWORK, ROWS, Params
from refnn.quantization.rounding import saturate
from refnn.training import per_network
from refnn.validation import choice, takes

SINGULAR = 1e-12  # obs: least eigenvalue of H over the largest
CURVATURES = ("hessian", "gauss_newton")


class Surgery(NamedTuple):
    """What is left, and what was removed in which order."""

    params: Params  # 0 where the mask is False
    mask: Params  # of bool
    order: np.ndarray  # (…, count): what was removed, as positions in `flatten`
    cost: np.ndarray  # (…, count): what each should cost


def _damping(name, damping, arguments):
    """Admit a number from 0 on, a Fraction too, as a float."""
    return float(arrays.double(name, np.asarray(arrays.number(name, damping, 0))))


def _decay(name, decay, arguments):
    """Admit one number, or one for each network, beside H: (…, 1, 1)."""
    column = per_network(name, decay, arguments["params"].batch, np.float64, positive=False)
    return column.reshape(*np.shape(decay), 1, 1)


def _count(name, count, arguments):
    """Admit as many as are left, or fewer."""
    params, mask = arguments["params"], arguments["mask"]
    n = params.flatten().shape[-1]
    left = n if mask is None else int(mask.flatten().sum(axis=-1).min(initial=n))
    return arrays.whole(name, count, 0, left)


@takes(
    params=NETWORK,
    X=ROWS,
    y=ROWS,
    activation=ACTIVATION,
    curvature=choice(*CURVATURES),
    damping=_damping,
    weight_decay=_decay,
    mask=MASK,
    count=_count,
    exact=False,
)
def obs(
    params,
    X,
    y,
    count,
    activation="tanh",
    damping=0.0,
    *,
    weight_decay=0.0,
    mask=None,
    curvature="hessian",
):
    """Remove the `count` parameters that cost least, one by one, and move the rest for each:

        i = the least ½θᵢ²/[H⁻¹]ᵢᵢ;   θ ← θ − H⁻¹[:, i]·θᵢ/[H⁻¹]ᵢᵢ;   H without i

    Where the objective is ½δᵀHδ around θ, that is the least that θᵢ = 0 costs, and the move attains
    it. With weight decay λ we stand at the minimum of J + ½λ‖θ‖², so H = ∂²J/∂θ² + (λ + damping)·I.
    It is computed once: without i it stays positive definite, which a Hessian anew, off the
    minimum, need not. The paper computes it anew: call again with the mask so far, best after some
    training. curvature "gauss_newton", the paper's, leaves out the residual and is never
    indefinite. H indefinite, or of a reciprocal condition below 1e-12, is refused naming damping.

    >>> p, X = Params([[1.0]], [0.5], [[2.0]], [3.0]), [[0.0], [1.0], [2.0]]
    >>> done = obs(p, X, [[4.0], [6.0], [8.0]], 1, "identity", damping=0.5)
    >>> done.order.tolist(), done.params.flatten().round(3)
    ([1], array([0.942, 0.   , 2.273, 3.604]))
    """
    theta, added = params.flatten(), weight_decay + damping
    keep = True if mask is None else mask.flatten()
    left = np.array(np.broadcast_to(keep, theta.shape))  # (…, n)
    theta = np.where(left, theta, 0).astype(np.float64)
    here = Params.unflatten(theta, params.sizes)
    if curvature == "hessian":
        H = derivatives.hessian.formula(here, X, y, activation)  # (…, n, n)
    else:
        H = derivatives.gauss_newton.formula(here, X, activation)
    inverse = _inverse(H + added * np.eye(left.shape[-1]), left, damping)
    order, cost = np.empty((*params.batch, count), np.int64), np.empty((*params.batch, count))
    for k in range(count):
        diagonal = inverse.diagonal(0, -2, -1)
        root = saturate(np.abs(theta) / np.sqrt(diagonal))  # θ² might overflow, or vanish
        root = np.where(left, root, np.inf)
        i = np.argmin(root, axis=-1, keepdims=True)  # (…, 1): of equals the first
        theta_i, pivot = np.take_along_axis(theta, i, -1), np.take_along_axis(diagonal, i, -1)
        order[..., k], cost[..., k] = i[..., 0], (theta_i**2 / pivot / 2)[..., 0]
        column = np.take_along_axis(inverse, i[..., None], -1)[..., 0]  # (…, n), 0 where pruned
        np.put_along_axis(left, i, False, axis=-1)
        theta = np.where(left, saturate(theta - column / pivot * theta_i), 0)
        inverse = derivatives.inverse_without.formula(inverse, i[..., 0])
    done = Params.unflatten(theta.astype(params.W_ih.dtype), params.sizes)
    return Surgery(done, Params.unflatten(left, params.sizes), order, cost)


def _inverse(H, left, damping):
    """Return H⁻¹ of H without the rows and columns of what is pruned, which are 0 in it."""
    if not np.isfinite(H).all():
        raise Refused("params", "of a finite Hessian", "one that overflows")
    both = left[..., :, None] & left[..., None, :]
    largest = np.abs(H).max(axis=(-2, -1), keepdims=True, initial=0, where=both)
    inside = np.where(largest > 0, largest, 1) * np.eye(H.shape[-1])  # no new extreme eigenvalue
    H = np.where(both, H, np.where(left[..., None], 0, inside))
    values = np.linalg.eigvalsh(H)
    inverse = np.linalg.inv(H) if (values[..., :1] > SINGULAR * values[..., -1:]).all() else np.inf
    if not np.isfinite(inverse).all():
        large = "so large that H is positive definite, its reciprocal condition 1e-12 or more"
        raise Refused("damping", large, describe(damping))
    return np.where(both, inverse, 0)
