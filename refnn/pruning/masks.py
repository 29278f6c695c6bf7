"""From scores to a mask: Params of bool, True = keep. All four arrays take part, biases included;
no abs is taken.

A stack gets one mask a network. `network.apply_mask` applies a mask; `training.fit(mask=…)` holds
it."""

import numpy as np

from refnn import arrays
from refnn.network import Params

SCOPES = ("global", "layer")


def by_threshold(scores, tau):
    """Keep score ≥ τ. Equal to the threshold is kept, as in the article's R < τ; no abs: pass sizes
    for sizes.

    >>> by_threshold(Params([[0.5, 0.4]], [-9.0], [[0.6]], [0.0]), tau=0.5).flatten()
    array([ True, False, False,  True, False])
    """
    scores = Params(
        *arrays.together("by_threshold", arrays.fields("by_threshold", "scores", scores))
    )
    tau = np.asarray(arrays.number("by_threshold", "tau", tau))  # float64 also beside float32
    return Params(*((a >= tau).astype(bool) for a in scores.arrays()))


def by_sparsity(scores, sparsity, scope="global"):
    """Remove exactly round(sparsity·n) of the n scores, the lowest first; of equals the earlier in
    flatten's order.

    scope "global": of all n = 61; "layer": of each of the four arrays on its own. round is
    Python's, half to even: at 50 %, 30 of 61 go globally and 25 + 2 + 2 + 0 = 29 by layer.

    >>> by_sparsity(Params([[3.0, 1.0]], [2.0], [[1.0]], [5.0]), sparsity=0.4).flatten()
    array([ True, False,  True, False,  True])
    """
    scores = Params(*arrays.together("by_sparsity", arrays.fields("by_sparsity", "scores", scores)))
    sparsity = arrays.number("by_sparsity", "sparsity", sparsity, 0, 1)
    arrays.choice("by_sparsity", "scope", scope, SCOPES)
    if scope == "global":
        return Params.unflatten(_keep(scores.flatten(), sparsity), scores.sizes)
    axes = len(scores.batch)
    return Params(
        *(
            _keep(a.reshape(*scores.batch, int(np.prod(a.shape[axes:]))), sparsity).reshape(a.shape)
            for a in scores.arrays()
        )
    )


def count(mask):
    """How many parameters a mask keeps, one number a network.

    >>> count(by_sparsity(Params([[3.0, 1.0]], [2.0], [[1.0]], [5.0]), sparsity=0.4))
    np.int64(3)
    """
    return arrays.mask("count", mask, mask).flatten().sum(axis=-1)


def _keep(scores, sparsity):
    n = scores.shape[-1]
    order = np.argsort(scores, axis=-1, kind="stable")  # (…, n): the earlier of equals first
    keep = np.ones(scores.shape, dtype=bool)
    np.put_along_axis(keep, order[..., : round(sparsity * n)], False, axis=-1)
    return keep
