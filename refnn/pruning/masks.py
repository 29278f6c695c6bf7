"""From scores to a mask: Params of bool, True = keep.

All four arrays take part, biases included; no abs is taken. A stack gets one mask a network.
`network.apply_mask` applies a mask; `training.fit(mask=…)` holds it."""

from math import prod

import numpy as np

from refnn.fast import selection
from refnn.network import MASK, SCORES, Params
from refnn.validation import choice, number, numbers, takes

SCOPES = ("global", "layer")


@takes(scores=SCORES, tau=numbers(ndim=0))
def by_threshold(scores, tau):
    """Keep score ≥ τ.

    What is equal to the threshold is kept, as by the article's R < τ. No abs is taken: pass sizes
    for sizes.

    >>> by_threshold(Params([[0.5, 0.4]], [-9.0], [[0.6]], [0.0]), tau=0.5).flatten()
    array([ True, False, False,  True, False])
    """
    return scores.map(lambda a: a >= tau)


@takes(scores=SCORES, sparsity=number(0, 1), scope=choice(*SCOPES))
def by_sparsity(scores, sparsity, scope="global"):
    """Remove exactly round(sparsity·n) of the n scores, the lowest first.

    Ties go to the earlier entry in flatten's order. scope "global": of all n = 61; "layer": of each
    of the four arrays on its own. round is Python's, half to even: at 50 %, 30 of 61 go globally
    and 25 + 2 + 2 + 0 = 29 by layer.

    >>> by_sparsity(Params([[3.0, 1.0]], [2.0], [[1.0]], [5.0]), sparsity=0.4).flatten()
    array([ True, False,  True, False,  True])
    """
    if scope == "global":
        return Params.unflatten(_keep(scores.flatten(), sparsity), scores.sizes)
    return scores.map(lambda a: _keep(_flat(a, len(scores.batch)), sparsity).reshape(a.shape))


@takes(mask=MASK)
def count(mask):
    """How many parameters a mask keeps, one number a network.

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
    """Return True but at the `count` lowest along the last axis, on checked arguments.

    >>> without_lowest(np.array([3, 1, 2, 1]), 1)
    array([ True, False,  True,  True])
    """
    order = np.argsort(scores, axis=-1, kind="stable")  # (…, n): the earlier of equals first
    keep = everything(scores)
    np.put_along_axis(keep, order[..., :count], False, axis=-1)
    return keep


def everything(a):
    """Return the mask that keeps all of an array.

    >>> everything(np.zeros(2))
    array([ True,  True])
    """
    return np.ones(a.shape, bool)
