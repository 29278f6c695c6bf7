"""This module cuts sorted numbers into groups in the best way, which is k-means in one dimension.

The cost of a group is the sum of the squared distances from its mean. The best partition has the
smallest sum of costs.

    cost      cost(j, i) = Σ x² − (Σ x)²/n is the cost of the n sorted values x_j, …, x_(i−1) as one
              group.
    optimum   D[k, i] = min over j of D[k − 1, j] + cost(j, i) is the smallest cost of the first i
              values in k groups, the last of which begins at j. The best j never falls as i grows
              (X. Wu, "Optimal quantization by matrix searching", 1991). Therefore `_row` computes
              D[k] in n·log n steps by divide and conquer (A. Grønlund et al., "Fast exact k-means,
              k-medians and Bregman divergence clustering in 1D", 2017).

D is computed in float64, and the error of each sum has a known bound. All choices of j whose sums
are within this bound of the smallest are kept. Exact arithmetic then compares these few choices.
The result is therefore the exact optimum, also for values far from 0.

If there are too many values for this, neighbouring values are first joined to cells, and the cells
are grouped in float64 only. Then the grouping is repeated with the single values around the places
where the groups begin.
"""

from fractions import Fraction
from itertools import accumulate, pairwise

import numpy as np

EXACT_UP_TO = 10**4  # the largest number of distinct values for which the optimum is exact
MOST_TIES = 2 * 10**5  # the most choices that are searched at once because they are nearly equal
# Values are scaled to at most 2^TOP, so that their squares are finite. Costs that differ by at most
# BOTTOM count as equal, because underflow may have changed them.
TOP, BOTTOM = 480, 2.0**-900

# The following numbers are for more than EXACT_UP_TO values.
# FEW and MANY are the cells for each group in the first and in the second search. Many cells are
# needed to tell apart partitions that cost nearly the same.
FEW, MANY = 64, 600
# At most about MOST_CELLS cells are used. At most about SEEN gaps are measured to place them.
MOST_CELLS, SEEN = 2**16, 2**13
LEAST = 8  # the last search tries at least this many values on each side of a beginning
ROUNDS = 1000  # the last search is repeated at most this often


def groups(x, w, levels):
    """Return the index at which each group begins.

    x holds distinct values in ascending order, w how often each of them occurs. There are fewer
    levels than values. The partition is optimal for up to EXACT_UP_TO values, and nearly optimal
    for more.

    >>> groups(np.array([0.0, 1.0, 5.0, 6.0]), np.array([1, 1, 1, 9]), 2)
    array([0, 2])
    """
    return (_optimal if len(x) <= EXACT_UP_TO else _nearly_optimal)(x, w, levels)


def _optimal(x, w, levels):
    """Return the index at which each group of the best partition begins.

    The arguments are those of `groups`. Row k = 0, 1, … of D is for k + 1 groups, which hold at
    least k + 1 values. D[k, t] is therefore the cost of the first k + 1 + t values."""
    cost, n = _costs(_scaled(x), w.astype(np.float64)), len(x)
    slack = 4 * (n + 8) * np.finfo(np.float64).eps * (1 + w.sum() / w.min())  # see _costs
    t = np.arange(n - levels + 1)
    D = np.empty((levels, len(t)))
    choices = np.zeros((levels, 3, len(t)), np.uint16)  # s < EXACT_UP_TO fits into uint16
    D[0] = cost(0 * t, 1 + t)
    for k in range(1, levels):
        D[k], choices[k] = _row(D[k - 1], k, cost, slack)
    return _settled(D, choices, cost, slack, _exact_costs(x, w))


def _row(before, k, cost, slack):
    """Compute D[k], and for each t the first, the best and the last choice s within the error.

    before is D[k − 1]. With choice s the last group begins at k + s. A choice is within the error
    if its cost may be the smallest, given the bound on the errors of float64.

    The t are taken in rounds: first the middle one, then the middles of both halves, and so on. A
    round computes all its t at once. For each t it searches the s between two limits, which earlier
    rounds found: the first s of the next smaller t and the last s of the next larger t. The best s
    lies between these two, even with rounding errors."""
    width, bits = len(before), len(before).bit_length()
    # Column p of kept is for t = p − 1.
    row, kept = np.empty(width), np.full((3, 2**bits + 1), width - 1)
    kept[:, 0] = 0
    for step in 2 ** np.arange(bits)[::-1]:
        p = np.arange(step, width + 1, 2 * step)
        s, of, start = _spans(kept[:2, p - step], np.minimum(kept[1:, p + step], p - 1))
        sums = before[s] + cost(k + s, k + p[of])  # D[k − 1, s] + cost
        least = row[p - 1] = np.minimum.reduceat(sums, start)
        near = np.flatnonzero(_within(sums, least[of], slack))
        best = np.flatnonzero(sums == least[of])
        end = np.append(start[1:], len(s))
        first, last = near[np.searchsorted(near, start)], near[np.searchsorted(near, end) - 1]
        kept[:, p] = s[[first, best[np.searchsorted(best, start)], last]]
    return row, kept[:, 1 : width + 1]


def _spans(low, high):
    """Return (s, of, start). s holds the whole numbers of many spans (low..high) one after the
    other.

    s[m] belongs to the span number of[m], and span r begins at s[start[r]]. low holds two lower
    ends for each span: the first and the best choice for the next smaller t. high holds two upper
    ends: the best and the last choice for the next larger t. A span runs from the first to the last
    choice. If these spans hold more than MOST_TIES numbers in total, they run from the one best
    choice to the other instead."""
    low, high = (low[0], high[1]) if (high[1] - low[0]).sum() <= MOST_TIES else (low[1], high[0])
    length = np.maximum(high - low, 0) + 1
    start = np.cumsum(length) - length
    of = np.repeat(np.arange(len(length)), length)
    return np.arange(len(of)) - (start - low)[of], of, start


def _within(sums, least, slack):
    """Return True for each sum that may be the smallest, given the errors of float64."""
    return sums <= least * (1 + slack) + BOTTOM


def _settled(D, choices, cost, slack, exact):
    """Return the index at which each group begins, after an exact comparison of the close choices.

    A first pass goes from the last group to the first and collects every choice within the error. A
    second pass goes from the first group to the last and keeps the choices with the smallest exact
    cost. Ties go to the smaller s."""
    levels, width = D.shape
    reached, edges = np.array([width - 1]), []
    for k in range(levels - 1, 0, -1):
        first, best, last = choices[k][:, reached].astype(int)
        s, of, _ = _spans((first, best), (best, last))
        t = reached[of]
        near = _within(D[k - 1, s] + cost(k + s, k + 1 + t), D[k, t], slack)
        edges.append((k, t[near].astype(np.uint16), s[near].astype(np.uint16)))
        reached = np.unique(s[near])
    total, paths = {t: exact(0, 1 + t) for t in reached.tolist()}, []
    for k, *ends in reversed(edges):
        found = {}
        for t, s in zip(*(end.tolist() for end in ends)):
            found[t] = min(found.get(t, (np.inf,)), (total[s] + exact(k + s, k + 1 + t), s))
        paths.append({t: s for t, (_, s) in found.items()})
        total = {t: least for t, (least, _) in found.items()}
    begin, t = [], width - 1
    for k in range(levels - 1, 0, -1):
        t = paths[k - 1][t]
        begin.append(k + t)
    return np.array([0, *begin[::-1]])


def _costs(x, w):
    """Return the function cost(j, i) = S₂ − S₁²/W for arrays of indices j < i.

    W = Σ w, S₁ = Σ w·d and S₂ = Σ w·d² are sums over the values x_j, …, x_(i−1) of the group, where
    w says how often each value occurs. d = x − c, where c is one value of the group.

    Since c is in the group, the rounding error is small compared with the cost. With u = 2⁻⁵³ and
    w_c, the weight of c, the error is at most 3(n + 8)u·S₂. Moreover S₁² ≤ W·S₂, and S₂ ≤ cost·(1 +
    W/w_c). The bound does not depend on where 0 is or on values outside the group. If two costs are
    compared, the relative error is at most 8(n + 8)u·(1 + W/w_min), which is `slack` in `_optimal`.
    (Sums that begin at the first value would lose all their digits, for example for the values
    −10¹⁰, 10⁸ − 1 and 10⁸ + 1.)

    c is found as follows. Let h be the highest bit in which j and i − 1 differ. Then both are in
    the same block of 2^(h+1) indices, j in its lower half and i − 1 in its upper half. c is the
    first value of the upper half. Row h of S holds the sums from the middle of each block outwards,
    down to j and up to i − 1. One entry from each half gives S₁ and S₂ (a disjoint sparse
    table)."""
    rows = (len(x) - 1).bit_length()
    more, up_to = 2**rows - len(x), np.append(0.0, np.cumsum(w))
    x, w = np.pad(x, (0, more), mode="edge"), np.pad(w, (0, more))
    S = np.zeros((rows + 1, 2**rows), complex)  # S₁ + i·S₂; row −1 is 0, for j = i − 1
    for h in range(rows):
        halves = x.reshape(-1, 2, 2**h)  # (blocks, below and above, 2^h)
        d = halves - halves[:, 1:, :1]
        for part, power in ((S.real, d), (S.imag, d * d)):
            terms, sums = w.reshape(d.shape) * power, part[h].reshape(d.shape)
            sums[:, 0] = terms[:, 0, ::-1].cumsum(-1)[:, ::-1]
            sums[:, 1] = terms[:, 1].cumsum(-1)

    S, row = S.ravel(), (np.frexp(np.arange(2**rows))[1] - 1) * 2**rows  # where row h starts

    def cost(j, i):
        last = i - 1
        at = row[j ^ last]
        s = S[at + j] + S[at + last]
        return s.imag - s.real * s.real / (up_to[i] - up_to[j])

    return cost


def _exact_costs(x, w):
    """Return the function cost(j, i) as a Fraction, in units in which every x is a whole number."""
    ratios, w = [v.as_integer_ratio() for v in x.tolist()], w.tolist()
    unit = max(d for _, d in ratios)
    X = [v * (unit // d) for v, d in ratios]
    terms = (w, (n * v for n, v in zip(w, X)), (n * v * v for n, v in zip(w, X)))
    W, S1, S2 = (list(accumulate(term, initial=0)) for term in terms)
    return lambda j, i: S2[i] - S2[j] - Fraction((S1[i] - S1[j]) ** 2, W[i] - W[j])


def _scaled(x):
    """Scale the ascending x by a power of 2, so that the largest |x| is just below 2^TOP."""
    return np.ldexp(x, TOP - np.frexp(max(-x[0], x[-1]))[1])


def _nearly_optimal(x, w, levels):
    """Return the index at which each group of a nearly optimal partition begins.

    The first search uses few cells of neighbouring values. The second uses many cells, but only
    near the beginnings that were found. The last search uses single values near the beginnings. It
    is repeated until no beginning moves, or none lies at an end of the places tried for it. The
    places tried always include the previous result, so the cost only falls."""
    x, w = _scaled(x), w.astype(np.float64)
    few = _cells(x, min(FEW * levels, EXACT_UP_TO))
    cells = np.union1d(few, _cells(x, min(max(MANY * levels, EXACT_UP_TO), MOST_CELLS)))
    n, cost = len(cells), _cost_of_cells(x, w, cells)
    few = np.append(np.searchsorted(cells, few), n)
    begin = _best([few[k : k - levels] for k in range(1, levels)], n, cost)
    begin = cells[_best(_around(begin, n, MANY // 2), n, cost)]
    width = max(LEAST, EXACT_UP_TO // (2 * levels))
    for _ in range(ROUNDS):
        places = _around(begin, len(x), width)
        cells = np.unique(np.concatenate([[0], *places]))
        inside = [np.searchsorted(cells, place) for place in places]
        before, begin = begin, cells[_best(inside, len(cells), _cost_of_cells(x, w, cells))]
        at_end = [b in (place[0], place[-1]) for b, place in zip(begin[1:], places)]
        if (begin == before).all() or not any(at_end):
            break
    return begin


def _cells(x, count):
    """Return the indices at which about `count` cells of neighbouring values begin.

    Half of the cells hold equally many values. Each cell of the other half takes an equal share of
    Σ (n·gap²)^⅓, as in an optimal quantizer of many levels (P. Panter & W. Dite, 1951). A gap is
    the distance between two neighbouring values, with n = 1. So the few large values get cells too.
    If x is very long, n neighbouring values count as one gap to save time. A gap of n values gets
    at most 2·n cells, and the other gaps get the rest. So a value far away from the others does not
    take all the cells."""
    last, far = len(x) - 1, min(SEEN // 8, len(x))
    some, ends = np.arange(0, last, 1 + last // SEEN), np.arange(far)  # every value near both ends
    places = np.unique(np.concatenate([some, ends, last - ends]))
    n, half = np.diff(places), count // 2
    share = np.cbrt(n * np.diff(x[places]) ** 2)
    for _ in range(20):  # a limit on one share raises the others, so limit them again
        share = np.minimum(share * (half / share.sum()), 2 * n)
    total = np.append(0, np.cumsum(share))
    equal = np.linspace(0, len(x), half, endpoint=False)
    shared = np.interp(np.linspace(0, total[-1], half), total, places)
    return np.unique(np.append(equal, np.ceil(shared)).astype(int))


def _around(begin, n, width):
    """Return the indices at which each group, except the first, may begin next.

    They are at most `width` away from its present beginning. They lie between the beginnings of the
    group before it and the group after it."""
    low = np.maximum(begin[:-1] + 1, begin[1:] - width)
    high = np.minimum(np.append(begin[2:], n) - 1, begin[1:] + width)
    return [np.arange(a, b + 1) for a, b in zip(low, high)]


def _best(places, n, cost):
    """Return the index at which each group of the best partition of n values begins.

    The first group begins at 0. Every other group may begin only at the places in its own list. All
    sums are in float64 and not compared exactly."""
    D, choices = np.zeros(1), []
    for begin, end in pairwise([np.array([0]), *places, np.array([n])]):
        D, choice = _least(D, begin, end, cost)
        choices.append(choice)
    found, t = [0], 0
    for place, choice in zip(places[::-1], choices[::-1]):
        t = choice[t]
        found.insert(1, place[t])
    return np.array(found)


def _least(before, begin, end, cost):
    """Find for each t the minimum over s of before[s] + cost(begin[s], end[t]), and its s.

    Ties go to the smaller s. The t are taken in rounds as in `_row`, but without a bound on the
    error."""
    width, bits, below = len(end), len(end).bit_length(), np.searchsorted(begin, end) - 1
    # Entry p of kept is for t = p − 1.
    row, kept = np.empty(width), np.full(2**bits + 1, len(begin) - 1, np.int32)
    kept[0] = 0
    for step in 2 ** np.arange(bits)[::-1]:
        p = np.arange(step, width + 1, 2 * step)
        low, high = kept[p - step], np.minimum(kept[p + step], below[p - 1])
        length = high - low + 1
        start = length.cumsum() - length
        s = np.arange(start[-1] + length[-1]) - (start - low).repeat(length)
        sums = before[s] + cost(begin[s], end[p - 1].repeat(length))
        least = row[p - 1] = np.minimum.reduceat(sums, start)
        best = (sums == least.repeat(length)).nonzero()[0]
        kept[p] = s[best[best.searchsorted(start)]]
    return row, kept[1 : width + 1]


def _cost_of_cells(x, w, begin):
    """Return the function cost(j, i) for groups of cells, where cell k begins at value begin[k].

    The cost inside the cells is left out, because each group contains it anyway. The mean of a cell
    is computed from differences to its first value, so that no digits cancel."""
    W, d = np.add.reduceat(w, begin), np.repeat(x[begin], np.diff(np.append(begin, len(x))))
    np.subtract(x, d, out=d)
    d *= w  # in place, so that only one array is as long as x
    return _costs(x[begin] + np.add.reduceat(d, begin) / W, W)
