"""Compute how much J really changes when one parameter, two, or a whole set of them is deleted.

`flips` does the computation. `tables` tries all sets where they are few, and `search` looks for the
best set where they are many.

Positions are those of `Params.flatten`, and a mask is True where a parameter is kept. Everything is
computed in the precision of the arguments, and exactly for Fractions with relu or identity.
Examples are taken in blocks, and the networks of a stack one after the other.
"""

import numpy as np

from refnn import arrays
from refnn.arrays import Refused, describe
from refnn.network import ACTIVATION, NETWORK, ROWS, Params
from refnn.pruning import flips
from refnn.pruning.importance import of_network
from refnn.pruning.search import (  # noqa: F401  (offered here too)
    best_known,
    best_known_of_each,
    best_subset,
)
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
    """Return J(θᵢ = 0) − J for each parameter, exactly and with its sign, as Params.

    The difference is below 0 where the deletion makes J fall. Each deletion changes one hidden unit
    (or b_o), so only that change is computed, instead of a whole forward pass for each of the 61
    parameters. Where J is above the largest float, the result is infinite or NaN, without a
    warning.

    >>> deletion(Params([[1, -2]], [3], [[2]], [1]), [[10, 1]], [[21]], "relu").flatten()
    array([160. ,  16. ,   6. , 198. ,  -1.5])
    """

    def costs(p, X, y):
        return flips.singles(p, X, y, activation)  # (n,)

    n = params.flatten().shape[-1]
    return Params.unflatten(flips.each(costs, (n,), params, X, y), params.sizes)


@of_network
def pairs(params, X, y, activation="tanh"):
    """Return J(θᵢ = θₖ = 0) − J for every two parameters, (…, 61, 61).

    The matrix is symmetric, and its diagonal is `deletion`. Let dᵢ be the change of ŷ when θᵢ is
    set to 0, and r = ŷ − y. Two deletions cost dᵢ·dₖ more than the sum of the two alone. One matrix
    product of the 61 changes with themselves gives all dᵢ·dₖ. If both parameters belong to one
    hidden unit, that unit is computed again without both. The rounding errors are in proportion to
    (‖r‖ + ‖dᵢ‖ + ‖dₖ‖)².

    >>> pairs(Params([[1, -2]], [3], [[2]], [1]), [[10, 1]], [[21]], "relu")[0]
    array([160. ,  96. , 198. , 198. , 178.5])
    """

    def costs(p, X, y):
        return flips.doubles(p, X, y, activation)  # (n, n)

    n = params.flatten().shape[-1]
    return flips.each(costs, (n, n), params, X, y)


def _masks(name, masks, arguments):
    """Accept masks (K, 61), or with the leading axes of params, of True/False or 1/0."""
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
    """Return J under each of K masks, (…, K), where True or 1 means keep.

    masks is (K, 61), or (…, K, 61) with the leading axes of params. This is the general way, for
    any number of deletions at once: each mask takes a forward pass of what it keeps.

    >>> p, masks = Params([[1, -2]], [3], [[2]], [1]), [[1, 1, 1, 1, 1], [0, 0, 1, 1, 1]]
    >>> loss_without(p, masks, [[10, 1]], [[21]], "relu")
    array([ 2., 98.])
    """

    def losses(p, X, y, masks):
        return flips.losses(p, X, y, masks, activation)  # (K,)

    return flips.each(losses, masks.shape[-2:-1], params, X, y, masks)
