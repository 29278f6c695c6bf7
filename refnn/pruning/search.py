"""The most that can go for the least J, where not every set can be tried.

Best *subset* means best of all, by enumeration; best *known* means the best that a search found. A
criterion's regret is its J less that.
"""

from itertools import combinations

import numpy as np

from refnn import arrays, network
from refnn.arrays import Refused
from refnn.network import ACTIVATION, NETWORK, ROWS, Params
from refnn.pruning import flips
from refnn.pruning.tables import Best
from refnn.validation import takes

MAX_SUBSET = 4  # best_subset: all 521 855 sets of four of 61, by 58 tables of threes


def _up_to(limit):
    """Return the kind of counts of parameters, at most as many as there are."""

    def count(name, value, arguments):
        n = arguments["params"].flatten().shape[-1]
        return arrays.whole(name, value, 0, n if limit is None else min(limit, n))

    return count


def _of_network(limit):
    """Return what a search for up to `limit` parameters takes."""
    return takes(params=NETWORK, X=ROWS, y=ROWS, activation=ACTIVATION, count=_up_to(limit))


@_of_network(MAX_SUBSET)
def best_subset(params, X, y, count, activation="tanh"):
    """Return the `count` ≤ 4 parameters without which J is least, of all C(61, count) sets.

    Tables of `pairs`, or of threes, try all that go together; from 4 on they are made anew for each
    set of count − 3. Of sets whose J is equal but for rounding, one; the rounding is that of
    `pairs`, u·(‖r‖ + ‖dᵢ‖ + ‖dₖ‖)², which is far above u·J where outputs of units cancel that are
    10⁷ times as large as y (Fractions have none). Refused: values so large that some J might be
    beyond the largest float.

    >>> best_subset(Params([[1, -2]], [3], [[2]], [1]), [[10, 1]], [[21]], 2, "relu")
    Best(removed=array([1, 2]), J=np.float64(0.0))
    """
    return _search(_subset, params, X, y, activation, count)


@_of_network(None)
def best_known(params, X, y, count, activation="tanh"):
    """Return `count` ≤ 61 parameters without which J is as small as is *known*.

    The J of this Best is an upper bound on the least J. First greedily: out goes whichever
    costs least beside those already gone, of equals the earlier. Then by swaps: of all exchanges of
    one removed against one kept the best, by one table of pairs, until none lowers J. So it is
    never worse than greedy, and no single exchange improves it. Refused: values as for best_subset.

    >>> p = Params([[1, -2]], [3], [[2]], [1])
    >>> best_known(p, [[10, 1]], [[21]], 2, "relu")  # greedily 2 and 4: J = 12.5
    Best(removed=array([1, 2]), J=np.float64(0.0))
    """
    return _search(_known, params, X, y, activation, count)


def _search(search, params, X, y, activation, count):
    if params.W_ih.dtype != arrays.EXACT:
        if not np.isfinite(_bound(params, X, y, activation)).all():
            small = "so small that J is finite whatever is removed"
            raise Refused("params", small, "values too large for that")

    def one(p, X, y):
        return search(p, X, y, activation, count)

    theta = params.flatten()
    keep = flips.each(one, theta.shape[-1:], params, X, y, dtype=bool)
    left = Params.unflatten(flips.masked(theta, keep), params.sizes)
    J = network.loss.formula(network.forward.formula(left, X, activation).y_hat, y)
    return Best(np.nonzero(~keep)[-1].reshape(*params.batch, count), J)


def _bound(params, X, y, activation):
    """Return what no J, and no product of two changes of ŷ, exceeds; inf if that may overflow."""
    p = params.map(np.abs)
    h = np.abs(X) @ p.W_ih.mT + p.b_h[..., None, :] + 1  # |f(z)| ≤ |z| + 1
    h = np.minimum(h, 1) if activation in ("tanh", "sigmoid") else h
    return 16 * network.loss.formula(h @ p.W_ho.mT + p.b_o[..., None, :], -np.abs(y))


def _subset(p, X, y, activation, count):
    """Return what is kept, (n,): by tables of pairs or, beside a first and a third, of threes."""
    keep = np.ones(p.flatten().size, bool)
    if count == 0:
        return keep
    every = np.triu_indices(len(keep), 1) if count > 1 else np.diag_indices(len(keep))
    least, best = None, keep
    for first in combinations(range(len(keep)), max(count - 3, 0)):
        tried = keep.copy()
        tried[list(first)] = False
        J = flips.losses(p, X, y, tried[None], activation)[0]
        tables = (
            enumerate(flips.triples(p, X, y, activation, tried))
            if count > 2
            else [(-1, flips.doubles(p, X, y, activation))]  # -1: no third
        )
        for third, table in tables:
            if third < max(first, default=-1) + (count > 2):
                continue
            i, k = (side[every[0] > third] for side in every)  # each set once
            if len(i) and (least is None or J + table[i, k].min() < least):
                at = flips.cheapest(table[i, k])
                least, best = J + table[i, k][at], tried.copy()
                best[[third, i[at], k[at]] if count > 2 else [i[at], k[at]]] = False
    return best


def _known(p, X, y, activation, count):
    """Return what is kept, (n,): greedily, then by swaps."""
    keep = np.ones(p.flatten().size, bool)
    for _ in range(count):
        left = np.flatnonzero(keep)
        keep[left[flips.cheapest(flips.singles(p, X, y, activation, keep)[left])]] = False
    J = flips.losses(p, X, y, keep[None], activation)[0]
    while 0 < count < len(keep):
        gone, left = np.flatnonzero(~keep), np.flatnonzero(keep)
        table = flips.doubles(p, X, y, activation, keep)[np.ix_(gone, left)]
        i, k = divmod(flips.cheapest(table.ravel()), len(left))
        tried = keep.copy()
        tried[gone[i]], tried[left[k]] = True, False
        J_tried = flips.losses(p, X, y, tried[None], activation)[0]
        if not J_tried < J:  # J itself falls each time: no set comes twice
            break
        keep, J = tried, J_tried
    return keep
