"""Find the parameters whose removal leaves the least J, where a table of all masks is too large.

`best_subset` tries all sets of up to four parameters, so its result is the best of all.
`best_known` gives the best set that its search finds, for any number of parameters. The regret of a
criterion is J after its own deletions minus J of such a best set.
"""

from itertools import combinations

import numpy as np

from refnn import arrays, network
from refnn.arrays import Refused
from refnn.network import ACTIVATION, NETWORK, ROWS, Params
from refnn.pruning import flips
from refnn.pruning.tables import Best
from refnn.validation import takes

MAX_SUBSET = 4  # of best_subset: 61 parameters have 521 855 sets of four


def _up_to(limit):
    """Return the kind (the check of an argument) of a count, at most `limit` and at most n."""

    def count(name, value, arguments):
        n = arguments["params"].flatten().shape[-1]
        return arrays.whole(name, value, 0, n if limit is None else min(limit, n))

    return count


def _counts(name, values, arguments):
    """Accept a sequence of counts, each at most n."""
    n = arguments["params"].flatten().shape[-1]
    values = arrays.axes(name, values)
    return tuple(arrays.whole(name, value, 0, n) for value in values)


def _of_network(limit):
    """Return the decorator of a search for up to `limit` parameters."""
    return takes(params=NETWORK, X=ROWS, y=ROWS, activation=ACTIVATION, count=_up_to(limit))


@_of_network(MAX_SUBSET)
def best_subset(params, X, y, count, activation="tanh"):
    """Find the `count` ≤ 4 parameters without which J is least, of all C(n, count) sets.

    All sets are tried, by tables of `pairs` or of triples. For count = 4 the tables of triples are
    computed anew for each first parameter. If several sets have the same J up to rounding, one of
    them is returned. The rounding error is that of `pairs`, u·(‖r‖ + ‖dᵢ‖ + ‖dₖ‖)², where u = 2⁻⁵³
    for float64. This error is far above u·J if the hidden units' outputs are 10⁷ times as large as
    y and almost cancel each other. Fractions have no rounding error. A ValueError names params if
    its values are so large that some J might exceed the largest float.

    >>> best_subset(Params([[1, -2]], [3], [[2]], [1]), [[10, 1]], [[21]], 2, "relu")
    Best(removed=array([1, 2]), J=np.float64(0.0))
    """
    return _search(_subset, params, X, y, activation, count)


@_of_network(None)
def best_known(params, X, y, count, activation="tanh"):
    """Find `count` parameters without which J is small, by a greedy search and by swaps.

    The J of this Best is an upper bound on the least J. The greedy search removes one parameter
    after the other. Each time it takes the parameter whose removal now raises J least, and ties go
    to the earlier one. A swap puts one removed parameter back and removes another one instead. In
    each round the best of all swaps is found in a table of pairs and made, until no swap lowers J.
    So the result is never worse than the greedy one, and no single swap improves it. Values that
    are too large are refused as in best_subset.

    >>> p = Params([[1, -2]], [3], [[2]], [1])
    >>> best_known(p, [[10, 1]], [[21]], 2, "relu")  # greedy: 2 and 4, J = 12.5
    Best(removed=array([1, 2]), J=np.float64(0.0))
    """
    return _search(_known, params, X, y, activation, count)


@takes(params=NETWORK, X=ROWS, y=ROWS, activation=ACTIVATION, counts=_counts)
def best_known_of_each(params, X, y, counts, activation="tanh"):
    """Return best_known for each of several counts, in their order, as a list.

    This takes less time than a call for each count, because the greedy search is made only once.

    >>> p = Params([[1, -2]], [3], [[2]], [1])
    >>> [best.removed.tolist() for best in best_known_of_each(p, [[10, 1]], [[21]], (2, 1), "relu")]
    [[1, 2], [4]]
    """
    _refuse_large(params, X, y, activation)

    def one(p, X, y):
        return _known_of_each(p, X, y, activation, counts)

    shape = len(counts), params.flatten().shape[-1]
    keep = flips.each(one, shape, params, X, y, dtype=bool)
    return [_best(params, X, y, activation, keep[..., i, :], k) for i, k in enumerate(counts)]


def _search(search, params, X, y, activation, count):
    _refuse_large(params, X, y, activation)

    def one(p, X, y):
        return search(p, X, y, activation, count)

    keep = flips.each(one, params.flatten().shape[-1:], params, X, y, dtype=bool)
    return _best(params, X, y, activation, keep, count)


def _refuse_large(params, X, y, activation):
    if params.W_ih.dtype != arrays.EXACT:
        if not np.isfinite(_bound(params, X, y, activation)).all():
            small = "so small that J is finite whatever is removed"
            raise Refused("params", small, "values that are too large")


def _best(params, X, y, activation, keep, count):
    left = Params.unflatten(flips.masked(params.flatten(), keep), params.sizes)
    J = network.loss.formula(network.forward.formula(left, X, activation).y_hat, y)
    return Best(np.nonzero(~keep)[-1].reshape(*params.batch, count), J)


def _bound(params, X, y, activation):
    """Return a bound on every J and on every product dᵢ·dₖ, or inf if these may overflow."""
    p = params.map(np.abs)
    h = np.abs(X) @ p.W_ih.mT + p.b_h[..., None, :] + 1  # |f(z)| ≤ |z| + 1
    h = np.minimum(h, 1) if activation in ("tanh", "sigmoid") else h
    return 16 * network.loss.formula(h @ p.W_ho.mT + p.b_o[..., None, :], -np.abs(y))


def _subset(p, X, y, activation, count):
    """Return what the best set keeps, (n,), by tables of pairs or of triples.

    For count = 4 each possible first parameter is removed, and the tables give the other three.
    """
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
            else [(-1, flips.doubles(p, X, y, activation))]  # -1: there is no third
        )
        for third, table in tables:
            if first and third <= first[0]:
                continue
            i, k = (side[every[0] > third] for side in every)  # so that each set is tried once
            if len(i) and (least is None or J + table[i, k].min() < least):
                at = flips.cheapest(table[i, k])
                least, best = J + table[i, k][at], tried.copy()
                best[[third, i[at], k[at]] if count > 2 else [i[at], k[at]]] = False
    return best


def _known(p, X, y, activation, count):
    """Return what is kept, (n,), after the greedy search and the swaps."""
    return _known_of_each(p, X, y, activation, (count,))[0]


def _known_of_each(p, X, y, activation, counts):
    """Return what is kept, (len(counts), n): a row for each count of removed parameters.

    The greedy search removes them one by one, and the swaps follow.
    """
    keep = np.ones(p.flatten().size, bool)
    found = np.empty((len(counts), len(keep)), bool)
    for removed in range(max(counts, default=-1) + 1):
        for place in (i for i, count in enumerate(counts) if count == removed):
            found[place] = _swapped(p, X, y, activation, keep, removed)
        if removed < max(counts):
            left = np.flatnonzero(keep)
            keep[left[flips.cheapest(flips.singles(p, X, y, activation, keep)[left])]] = False
    return found


def _swapped(p, X, y, activation, keep, count):
    """Return what is kept, (n,), after the best swap was made again and again."""
    keep, J = keep.copy(), flips.losses(p, X, y, keep[None], activation)[0]
    while 0 < count < len(keep):
        gone, left = np.flatnonzero(~keep), np.flatnonzero(keep)
        table = flips.doubles(p, X, y, activation, keep)[np.ix_(gone, left)]
        i, k = divmod(flips.cheapest(table.ravel()), len(left))
        tried = keep.copy()
        tried[gone[i]], tried[left[k]] = True, False
        J_tried = flips.losses(p, X, y, tried[None], activation)[0]
        if not J_tried < J:  # J falls with each swap, so the loop ends
            break
        keep, J = tried, J_tried
    return keep
