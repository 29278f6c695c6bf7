"""Prune with Optimal Brain Surgeon, which moves the other parameters to compensate each removal.

Each step removes the parameter that costs least. The method is from B. Hassibi, D. Stork, "Second
order derivatives for network pruning" (1993). It takes one network or a stack.
"""

from typing import NamedTuple

import numpy as np

from refnn import arrays, derivatives
from refnn.arrays import Refused, describe
from refnn.network import ACTIVATION, MASK, NETWORK, ROWS, Params
from refnn.pruning.importance import CURVATURES, SINGULAR, second_derivatives
from refnn.quantization.rounding import saturate
from refnn.training import per_network
from refnn.validation import choice, takes


class Surgery(NamedTuple):
    """What is left of a network, and what was removed in which order."""

    params: Params  # 0 where the mask is False
    mask: Params  # of bool
    order: np.ndarray  # (…, count): what was removed, as positions in `flatten`
    cost: np.ndarray  # (…, count): by how much each removal is predicted to raise the objective


def _damping(name, damping, arguments):
    """Accept a number that is at least 0 (a Fraction too), and return it as a float."""
    return float(arrays.double(name, np.asarray(arrays.number(name, damping, 0))))


def _decay(name, decay, arguments):
    """Accept one number, or one for each network, and give it the shape (…, 1, 1) beside H."""
    column = per_network(name, decay, arguments["params"].batch, np.float64, positive=False)
    return column.reshape(*np.shape(decay), 1, 1)


def _count(name, count, arguments):
    """Accept a whole number that is at most the number of parameters left."""
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
    """Remove the `count` parameters that cost least, one by one, and move the others each time.

        i = the parameter with the least ½θᵢ²/[H⁻¹]ᵢᵢ
        θ ← θ − H⁻¹[:, i]·θᵢ/[H⁻¹]ᵢᵢ
        H ← H without row and column i

    If a move δ away from θ changes the objective by ½δᵀHδ, then ½θᵢ²/[H⁻¹]ᵢᵢ is the smallest
    possible cost of θᵢ = 0, and it is the cost of the move above. With weight decay λ the network
    is assumed to be at the minimum of J + ½λ‖θ‖², so H = ∂²J/∂θ² + (λ + damping)·I.

    H is computed once. It stays positive definite when row and column i are removed; a Hessian that
    is computed again, away from the minimum, need not be. The paper computes it again. To do the
    same, call this function once for each removal, with the mask so far. It is best to train in
    between. curvature="gauss_newton" is the paper's choice. It leaves out the residual's part of
    the Hessian, so it never has negative eigenvalues. A ValueError names damping if H is not
    positive definite, or if its reciprocal condition (least eigenvalue over the largest) is at most
    1e-12.

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
    H = second_derivatives.formula(here, X, y, activation, curvature)  # (…, n, n)
    inverse = _inverse(H + added * np.eye(left.shape[-1]), left, damping)
    order, cost = np.empty((*params.batch, count), np.int64), np.empty((*params.batch, count))
    for k in range(count):
        diagonal = inverse.diagonal(0, -2, -1)
        root = saturate(np.abs(theta) / np.sqrt(diagonal))  # θ² might overflow, or vanish
        root = np.where(left, root, np.inf)
        i = np.argmin(root, axis=-1, keepdims=True)  # (…, 1): ties go to the first
        theta_i, pivot = np.take_along_axis(theta, i, -1), np.take_along_axis(diagonal, i, -1)
        order[..., k], cost[..., k] = i[..., 0], (theta_i**2 / pivot / 2)[..., 0]
        column = np.take_along_axis(inverse, i[..., None], -1)[..., 0]  # (…, n), 0 where pruned
        np.put_along_axis(left, i, False, axis=-1)
        theta = np.where(left, saturate(theta - column / pivot * theta_i), 0)
        inverse = derivatives.inverse_without.formula(inverse, i[..., 0])
    done = Params.unflatten(theta.astype(params.W_ih.dtype), params.sizes)
    return Surgery(done, Params.unflatten(left, params.sizes), order, cost)


def _inverse(H, left, damping):
    """Return the inverse of H without the pruned rows and columns, which are 0 in the result."""
    if not np.isfinite(H).all():
        raise Refused("params", "so small that the Hessian is finite", "values that are too large")
    both = left[..., :, None] & left[..., None, :]
    largest = H.max(axis=(-2, -1), keepdims=True, initial=0, where=both)  # on the diagonal, if > 0
    inside = np.where(largest > 0, largest, 1) * np.eye(H.shape[-1])  # adds no extreme eigenvalue
    H = np.where(both, H, np.where(left[..., None], 0, inside))
    values = np.linalg.eigvalsh(H)
    inverse = np.linalg.inv(H) if (values[..., :1] > SINGULAR * values[..., -1:]).all() else np.inf
    if not np.isfinite(inverse).all():
        large = "so large that H is positive definite, with a reciprocal condition above 1e-12"
        raise Refused("damping", large, describe(damping))
    return np.where(both, inverse, 0)
