"""What deletion really costs: J without a parameter, without every two, and the most that can go
for the least J.

`flips` is the mechanism; `tables` tries all sets where they are few, `search` looks for the best
where they are not.

Positions are those of `Params.flatten`; a mask is True where a parameter is kept. All in the
precision of the arguments (Fractions with relu and identity: exactly), examples in blocks, a stack
network by network.
"""

import numpy as np

from refnn import arrays
from refnn.arrays import Refused, describe
from refnn.network import ACTIVATION, NETWORK, ROWS, Params
from refnn.pruning import flips
from refnn.pruning.importance import of_network
from refnn.pruning.search import best_known, best_subset  # noqa: F401  (the truth's front door)
from refnn.pruning.tables import (  # noqa: F401
    Best,
    best_inputs,
    best_neurons,
    best_of,
    every_inputs,
    every_mask,
    every_mask_retrained,
    every_neurons,
)
from refnn.validation import takes


@of_network
def deletion(params, X, y, activation="tanh"):
    """J(θᵢ = 0) − J for each parameter, as Params, with its sign. No approximation.

    It is below 0 where J falls. From the change of one hidden unit each, not from 61 forward
    passes. Where J is beyond the largest float: infinite or NaN, quietly.

    >>> deletion(Params([[1, -2]], [3], [[2]], [1]), [[10, 1]], [[21]], "relu").flatten()
    array([160. ,  16. ,   6. , 198. ,  -1.5])
    """

    def costs(p, X, y):
        return flips.singles(p, X, y, activation)  # (n,)

    n = params.flatten().shape[-1]
    return Params.unflatten(flips.each(costs, (n,), params, X, y), params.sizes)


@of_network
def pairs(params, X, y, activation="tanh"):
    """J(θᵢ = θₖ = 0) − J for every two parameters, (…, 61, 61), with `deletion` on the diagonal.

    The matrix is symmetric. Two deletions cost dᵢ·dₖ more than their sum: one product of the 61
    changes of ŷ with themselves gives all of these. Within one hidden unit both are deleted from
    the unit itself. Rounding is that of (‖r‖ + ‖dᵢ‖ + ‖dₖ‖)².

    >>> pairs(Params([[1, -2]], [3], [[2]], [1]), [[10, 1]], [[21]], "relu")[0]
    array([160. ,  96. , 198. , 198. , 178.5])
    """

    def costs(p, X, y):
        return flips.doubles(p, X, y, activation)  # (n, n)

    n = params.flatten().shape[-1]
    return flips.each(costs, (n, n), params, X, y)


def _masks(name, masks, arguments):
    """Admit (K, 61), or with the leading axes of params, of True/False or 1/0."""
    params, masks = arguments["params"], arrays.raw(name, masks, "True/False or 1/0")
    n = params.flatten().shape[-1]
    if masks.ndim < 2 or masks.shape[-1] != n or masks.shape[:-2] not in ((), params.batch):
        stack = f" or {params.batch} + (K, {n})" if params.batch else ""
        raise Refused(name, f"of shape (K, {n}){stack}", f"shape {masks.shape}")
    if masks.dtype.kind not in "biufO" or not np.isin(masks, (0, 1)).all():
        raise Refused(name, "True/False or 1/0", describe(masks))
    return np.broadcast_to(masks.astype(bool), (*params.batch, *masks.shape[-2:]))


@takes(params=NETWORK, X=ROWS, y=ROWS, activation=ACTIVATION, masks=_masks)
def loss_without(params, masks, X, y, activation="tanh"):
    """Return J under each of K masks, (…, K); True or 1 = keep.

    masks is (K, 61), or (…, K, 61) with the leading axes of params. The general route, any number
    of deletions at once: a forward pass of what is kept.

    >>> p, masks = Params([[1, -2]], [3], [[2]], [1]), [[1, 1, 1, 1, 1], [0, 0, 1, 1, 1]]
    >>> loss_without(p, masks, [[10, 1]], [[21]], "relu")
    array([ 2., 98.])
    """

    def losses(p, X, y, masks):
        return flips.losses(p, X, y, masks, activation)  # (K,)

    return flips.each(losses, masks.shape[-2:-1], params, X, y, masks)
