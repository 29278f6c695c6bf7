"""The most that can go for the least J, where not every set can be tried.

Best *subset* means best of all, by enumeration; best *known* means the best that a search found. A
criterion's regret is its J less that."""

from itertools import combinations

import numpy as np

from refnn import arrays, network
from refnn.network import Params
from refnn.pruning import flips
from refnn.pruning.tables import Best

MAX_SUBSET = 4  # best_subset: all 521 855 sets of four of 61, by 58 tables of threes


def best_subset(params, X, y, count, activation="tanh"):
    """The `count` ≤ 4 parameters without which J is least, of all C(61, count) sets, as Best.

    Tables of `pairs`, or of threes, try all that go together; from 4 on they are made anew for each
    set of count − 3. Of sets whose J is equal but for rounding, one; the rounding is that of
    `pairs`, u·(‖r‖ + ‖dᵢ‖ + ‖dₖ‖)², which is far above u·J where outputs of units cancel that are
    10⁷ times as large as y (Fractions have none). Refused: values so large that some J might be
    beyond the largest float.

    >>> best_subset(Params([[1, -2]], [3], [[2]], [1]), [[10, 1]], [[21]], 2, "relu")
    Best(removed=array([1, 2]), J=np.float64(0.0))
    """
    return _search("best_subset", _subset, MAX_SUBSET, params, X, y, count, activation)


def best_known(params, X, y, count, activation="tanh"):
    """`count` ≤ 61 parameters without which J is as small as is *known*, as Best: an upper bound on
    the least J.

    First greedily: out goes whichever costs least beside those already gone, of equals the earlier.
    Then by swaps: of all exchanges of one removed against one kept the best, by one table of pairs,
    until none lowers J. So it is never worse than greedy, and no single exchange improves it.
    Refused: values as for best_subset.

    >>> best_known(Params([[1, -2]], [3], [[2]], [1]), [[10, 1]], [[21]], 2, "relu")        # greedily 2 and 4: J = 12.5
    Best(removed=array([1, 2]), J=np.float64(0.0))
    """
    return _search("best_known", _known, None, params, X, y, count, activation)


def _search(name, search, limit, params, X, y, count, activation):
    params, X, y = network.checked(name, params, X, y, activation, complex_=False)
    n = params.flatten().shape[-1]
    count = arrays.whole(name, "count", count, 0, n if limit is None else min(limit, n))
    if (
        params.W_ih.dtype != arrays.EXACT
        and not np.isfinite(_bound(params, X, y, activation)).all()
    ):
        arrays.refuse(
            name,
            "params",
            "so small that J is finite whatever is removed",
            "values too large for that",
        )
    keep = flips.each(lambda *one: search(*one, activation, count), (n,), params, X, y, dtype=bool)
    left = Params.unflatten(flips.masked(params.flatten(), keep), params.sizes)
    return Best(
        np.nonzero(~keep)[-1].reshape(*params.batch, count),
        network.half_square(network.propagate(left, X, activation).y_hat, y),
    )


@np.errstate(all="ignore")
def _bound(params, X, y, activation):
    """What no J, and no product of two changes of ŷ, exceeds; infinite if that may be beyond the
    largest float."""
    W_ih, b_h, W_ho, b_o = (np.abs(a) for a in params.arrays())
    h = np.abs(X) @ W_ih.mT + b_h[..., None, :] + 1  # |f(z)| ≤ |z| + 1
    h = np.minimum(h, 1) if activation in ("tanh", "sigmoid") else h
    return 16 * network.half_square(h @ W_ho.mT + b_o[..., None, :], -np.abs(y))


def _subset(p, X, y, activation, count):
    keep = np.ones(p.flatten().size, bool)
    least, best, every = (
        None,
        keep,
        np.triu_indices(len(keep), 1) if count > 1 else np.diag_indices(len(keep)),
    )
    for first in combinations(range(len(keep)), max(count - 3, 0)) if count else ():
        tried = keep.copy()
        tried[list(first)] = False
        J = flips.losses(p, X, y, tried[None], activation)[0]
        tables = (
            flips.triples(p, X, y, activation, tried)
            if count > 2
            else [flips.doubles(p, X, y, activation)]
        )
        for third, table in enumerate(tables, start=0 if count > 2 else -1):  # -1: no third
            if third < max(first, default=-1) + (count > 2):
                continue
            i, k = (side[every[0] > third] for side in every)  # each set once
            if len(i) and (least is None or J + table[i, k].min() < least):
                at = flips.cheapest(table[i, k])
                least, best = J + table[i, k][at], tried.copy()
                best[[third, i[at], k[at]] if count > 2 else [i[at], k[at]]] = False
    return best


def _known(p, X, y, activation, count):
    keep = np.ones(p.flatten().size, bool)
    for _ in range(count):
        left = np.flatnonzero(keep)
        keep[left[flips.cheapest(flips.singles(p, X, y, activation, keep)[left])]] = False
    J = flips.losses(p, X, y, keep[None], activation)[0]
    while 0 < count < len(keep):
        gone, left = np.flatnonzero(~keep), np.flatnonzero(keep)
        i, k = divmod(
            flips.cheapest(flips.doubles(p, X, y, activation, keep)[np.ix_(gone, left)].ravel()),
            len(left),
        )
        tried = keep.copy()
        tried[gone[i]], tried[left[k]] = True, False
        J_tried = flips.losses(p, X, y, tried[None], activation)[0]
        if not J_tried < J:  # J itself falls each time: no set comes twice
            break
        keep, J = tried, J_tried
    return keep
