"""Make masks from scores.

A mask is a Params of bool, True where a parameter is kept. All four arrays are pruned, the biases
too. Scores are compared with their signs; no absolute value is taken. In a stack each network
gets its own mask. `network.apply_mask` applies a mask, and `training.fit(mask=…)` keeps the removed
parameters at 0 during training.
"""

from math import prod

import numpy as np

from refnn.fast import selection
from refnn.network import MASK, SCORES, Params
from refnn.validation import choice, number, numbers, takes

SCOPES = ("global", "layer")


@takes(scores=SCORES, tau=numbers(ndim=0))
def by_threshold(scores, tau):
    """Keep every parameter whose score is at least tau.

    A score equal to tau is kept, as in the article, which removes R < τ. To compare sizes, pass
    absolute values as scores.

    >>> by_threshold(Params([[0.5, 0.4]], [-9.0], [[0.6]], [0.0]), tau=0.5).flatten()
    array([ True, False, False,  True, False])
    """
    return scores.map(lambda a: a >= tau)


@takes(scores=SCORES, sparsity=number(0, 1), scope=choice(*SCOPES))
def by_sparsity(scores, sparsity, scope="global"):
    """Remove exactly round(sparsity·n) of n parameters, the ones with the lowest scores.

    If scores are equal, the earlier one in the order of `flatten` is removed first. With scope
    "global" all n = 61 parameters are ranked together; with "layer" each of the four arrays is
    ranked on its own. round is Python's, which rounds a half to the even number. At 50 %, "global"
    removes 30 of 61 and "layer" removes 25 + 2 + 2 + 0 = 29.

    >>> by_sparsity(Params([[3.0, 1.0]], [2.0], [[1.0]], [5.0]), sparsity=0.4).flatten()
    array([ True, False,  True, False,  True])
    """
    if scope == "global":
        return Params.unflatten(_keep(scores.flatten(), sparsity), scores.sizes)
    return scores.map(lambda a: _keep(_flat(a, len(scores.batch)), sparsity).reshape(a.shape))


@takes(mask=MASK)
def count(mask):
    """Count the parameters that a mask keeps, one number for each network.

    >>> count(by_sparsity(Params([[3.0, 1.0]], [2.0], [[1.0]], [5.0]), sparsity=0.4))
    np.int64(3)
    """
    return mask.flatten().sum(axis=-1)


def _flat(a, axes):
    return a.reshape(*a.shape[:axes], prod(a.shape[axes:]))


def _keep(scores, sparsity):
    n = scores.shape[-1]
    return without_lowest(scores, round(sparsity * n))


@takes(fast=selection.without_lowest)
def without_lowest(scores, count):
    """Return False at the `count` lowest scores along the last axis and True elsewhere.

    If scores are equal, the earlier one counts as the lower. The arguments are not checked here.

    >>> without_lowest(np.array([3, 1, 2, 1]), 1)
    array([ True, False,  True,  True])
    """
    order = np.argsort(scores, axis=-1, kind="stable")  # (…, n): equal scores stay in their order
    keep = everything(scores)
    np.put_along_axis(keep, order[..., :count], False, axis=-1)
    return keep


def everything(a):
    """Return the mask that keeps every entry of an array.

    >>> everything(np.zeros(2))
    array([ True,  True])
    """
    return np.ones(a.shape, bool)
