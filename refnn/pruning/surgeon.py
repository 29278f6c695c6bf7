"""Optimal Brain Surgeon: remove the parameter that costs least, and move the rest to make up for
it; again and again.

B. Hassibi, D. Stork, "Second order derivatives for network pruning" (1993). One network or a stack.
"""

from typing import NamedTuple

import numpy as np

from refnn import arrays, derivatives, network, training
from refnn.network import Params

SINGULAR = 1e-12  # obs: least eigenvalue of H over the largest
CURVATURES = ("hessian", "gauss_newton")


class Surgery(NamedTuple):
    """order (…, count): what was removed, as positions in `flatten`; cost (…, count): what each
    should cost.
    >>> Surgery._fields
    ('params', 'mask', 'order', 'cost')"""

    params: Params
    mask: Params
    order: np.ndarray
    cost: np.ndarray


@np.errstate(all="ignore")
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
    """Remove `count` parameters one after another, each time the one that costs least, and move the
    rest for it:

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
    params, X, y = network.checked("obs", params, X, y, activation, exact=False, complex_=False)
    arrays.choice("obs", "curvature", curvature, CURVATURES)
    damping = float(
        arrays.double("obs", "damping", np.asarray(arrays.number("obs", "damping", damping, 0)))
    )
    decay = training.per_network(
        "obs", "weight_decay", weight_decay, params, np.float64, lambda a: a >= 0, "0 or more"
    )
    left = np.array(True) if mask is None else arrays.mask("obs", params, mask).flatten()
    left = np.array(np.broadcast_to(left, params.flatten().shape))  # (…, n)
    count = arrays.whole(
        "obs", "count", count, 0, int(left.sum(axis=-1).min(initial=left.shape[-1]))
    )
    theta = np.where(left, params.flatten(), 0).astype(np.float64)
    here = Params.unflatten(theta, params.sizes)
    H = (
        derivatives.hessian(here, X, y, activation)
        if curvature == "hessian"
        else derivatives.gauss_newton(here, X, activation)
    )  # (…, n, n)
    added = decay.reshape(*np.shape(weight_decay), 1, 1) + damping
    inverse = _inverse(H + added * np.eye(left.shape[-1]), left, damping)
    order, cost = np.empty((*params.batch, count), dtype=np.int64), np.empty((*params.batch, count))
    for k in range(count):
        diagonal = np.diagonal(inverse, axis1=-2, axis2=-1)
        root = arrays.saturate(np.abs(theta) / np.sqrt(diagonal))  # θ² might overflow, or vanish
        i = np.argmin(np.where(left, root, np.inf), axis=-1)[
            ..., None
        ]  # (…, 1): of equals the first
        theta_i, pivot = np.take_along_axis(theta, i, -1), np.take_along_axis(diagonal, i, -1)
        order[..., k], cost[..., k] = i[..., 0], (theta_i**2 / pivot / 2)[..., 0]
        np.put_along_axis(left, i, False, axis=-1)
        move = (
            np.take_along_axis(inverse, i[..., None], -1)[..., 0] / pivot * theta_i
        )  # (…, n), 0 where pruned
        theta = np.where(left, arrays.saturate(theta - move), 0)
        inverse = derivatives.inverse_without(inverse, i[..., 0])
    return Surgery(
        Params.unflatten(theta.astype(params.W_ih.dtype), params.sizes),
        Params.unflatten(left, params.sizes),
        order,
        cost,
    )


def _inverse(H, left, damping):
    """H⁻¹ of H without the rows and columns of what is pruned, which are 0 in it; (…, n, n)."""
    if not np.isfinite(H).all():
        arrays.refuse("obs", "params", "of a finite Hessian", "one that overflows")
    both = left[..., :, None] & left[..., None, :]
    largest = np.abs(H).max(axis=(-2, -1), keepdims=True, initial=0, where=both)
    inside = np.where(largest > 0, largest, 1) * np.eye(
        H.shape[-1]
    )  # no new extreme among the eigenvalues
    H = np.where(both, H, np.where(left[..., None], 0, inside))
    values = np.linalg.eigvalsh(H)
    inverse = np.linalg.inv(H) if (values[..., :1] > SINGULAR * values[..., -1:]).all() else np.inf
    if not np.isfinite(inverse).all():
        arrays.refuse(
            "obs",
            "damping",
            "so large that H is positive definite, its reciprocal condition 1e-12 or more",
            arrays.describe(damping),
        )
    return np.where(both, inverse, 0)
