"""The optimal partition of values on a line into groups: k-means in one dimension, exact.

    cost      cost(j, i) = Σ x² − (Σ x)²/n, over the sorted values x_j, …, x_(i−1): what they
              cost as a group
    optimum   D[k, i] = min over j of D[k − 1, j] + cost(j, i), for the first i values in k groups.
              The best j does not fall as i grows (X. Wu, "Optimal quantization by matrix
              searching", 1991), so that halving finds a row in n·log n steps (A. Grønlund et al.,
              "Fast exact k-means, k-medians and Bregman divergence clustering in 1D", 2017)

The recurrence runs in float64 with a bound on its error. All choices within the bound of the best
are kept, and the few that remain are compared in whole numbers: the optimum is exact, wherever the
data lie.
"""

from fractions import Fraction
from itertools import accumulate

import numpy as np

EXACT_UP_TO = 10**4  # distinct values; of more, as many cells stand for them
MOST_TIES = 2 * 10**5  # choices too close for float64, at once
TOP, BOTTOM = 480, 2.0**-900  # values are scaled to 2^480: squares are finite, normal above BOTTOM
ROUNDS = 1000  # of Lloyd's, at most


def groups(x, w, levels):
    """Where the groups begin: the optimum up to EXACT_UP_TO values, nearly it beyond. x ascends
    without equals, w is how often each value occurs; fewer levels than values.

    >>> groups(np.array([0.0, 1.0, 5.0, 6.0]), np.array([1, 1, 1, 9]), 2)
    array([0, 2])
    """
    return (_optimal if len(x) <= EXACT_UP_TO else _nearly_optimal)(x, w, levels)


def _optimal(x, w, levels):
    """Where the groups of the best partition begin; x ascending, w how often each value occurs,
    len(x) > levels.

    Row k = 0, 1, … is for k + 1 groups. They hold at least k + 1 values: D[k, t] is for t more than
    that."""
    cost, n = _costs(_scaled(x), w.astype(np.float64)), len(x)
    slack = 4 * (n + 8) * np.finfo(np.float64).eps * (1 + w.sum() / w.min())  # see _costs
    t = np.arange(n - levels + 1)
    D = np.empty((levels, len(t)))
    choices = np.zeros((levels, 3, len(t)), np.uint16)  # below EXACT_UP_TO
    D[0] = cost(0 * t, 1 + t)
    for k in range(1, levels):
        D[k], choices[k] = _row(D[k - 1], k, cost, slack)
    return _settled(D, choices, cost, slack, _exact_costs(x, w))


def _row(before, k, cost, slack):
    """D[k] and, for each t, the first, best and last s within the error of the minimum.

    All t of one depth at once: the middle one, those in the middle of both halves, … The first and
    last s of the two neighbours known by then are the bounds: the best s lies between them whatever
    was rounded."""
    width, bits = len(before), len(before).bit_length()
    row, kept = np.empty(width), np.full((3, 2**bits + 1), width - 1)  # kept: of p = t + 1
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
    """All s of many spans end to end, whose span each is of, and where each span starts.

    low: the first and the best choice below; high: the best and the last above. The best alone, if
    these are too many."""
    low, high = (low[0], high[1]) if (high[1] - low[0]).sum() <= MOST_TIES else (low[1], high[0])
    length = np.maximum(high - low, 0) + 1
    start = np.cumsum(length) - length
    of = np.repeat(np.arange(len(length)), length)
    return np.arange(len(of)) - (start - low)[of], of, start


def _within(sums, least, slack):
    return sums <= least * (1 + slack) + BOTTOM


def _settled(D, choices, cost, slack, exact):
    """Back from the last group, every choice within the error; forth again, the best of them in
    whole numbers."""
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
    """cost(j, i) = S₂ − S₁²/W for arrays j < i, from the sums of w, w·d and w·d²; d = x − c, c a
    value of the group.

    Then S₁² ≤ W·S₂ and S₂ ≤ cost·(1 + W/w_c): with u = 2⁻⁵³ the error, at most 3(n + 8)u·S₂, is
    relative to the cost, wherever 0 is and whatever else there is; that of two costs compared is
    within 8(n + 8)u·(1 + W/w_min), the `slack`. (Sums that run from the first value on cancel
    without bound: 10⁸ ± 1 beside −10¹⁰.)

    c: the highest bit in which j and i − 1 differ, h, puts them on two sides of the middle of a
    block of 2^(h+1). Row h holds the sums from every such middle outwards, down to j and up to i −
    1 (a disjoint sparse table)."""
    rows = (len(x) - 1).bit_length()
    more, up_to = 2**rows - len(x), np.append(0.0, np.cumsum(w))
    x, w = np.pad(x, (0, more), mode="edge"), np.pad(w, (0, more))
    S1, S2 = np.zeros((2, rows + 1, 2**rows))  # row −1, zeros: j = i − 1
    for h in range(rows):
        halves = x.reshape(-1, 2, 2**h)  # (blocks, below and above, 2^h)
        d = halves - halves[:, 1:, :1]
        for S, power in ((S1, d), (S2, d * d)):
            terms, sums = w.reshape(d.shape) * power, S[h].reshape(d.shape)
            sums[:, 0] = terms[:, 0, ::-1].cumsum(-1)[:, ::-1]
            sums[:, 1] = terms[:, 1].cumsum(-1)

    def cost(j, i):
        h = np.frexp(j ^ (i - 1))[1] - 1
        s1, s2 = S1[h, j] + S1[h, i - 1], S2[h, j] + S2[h, i - 1]
        return s2 - s1 * s1 / (up_to[i] - up_to[j])

    return cost


def _exact_costs(x, w):
    """cost(j, i) as a Fraction, where x's last bit is 1."""
    ratios, w = [v.as_integer_ratio() for v in x.tolist()], w.tolist()
    unit = max(d for _, d in ratios)
    X = [v * (unit // d) for v, d in ratios]
    terms = (w, (n * v for n, v in zip(w, X)), (n * v * v for n, v in zip(w, X)))
    W, S1, S2 = (list(accumulate(term, initial=0)) for term in terms)
    return lambda j, i: S2[i] - S2[j] - Fraction((S1[i] - S1[j]) ** 2, W[i] - W[j])


def _scaled(x):
    return np.ldexp(x, TOP - np.frexp(np.abs(x).max())[1])


def _nearly_optimal(x, w, levels):
    """`_optimal` on cells, then Lloyd's rounds on the values.

    Half of the cells hold equally many values. The others share Σ (w·gap²)^⅓ equally, as an optimal
    quantizer of many levels does (P. Panter & W. Dite, 1951): they are where the few large values
    are."""
    x, half = _scaled(x), EXACT_UP_TO // 2
    share = np.append(0, np.cumsum(np.cbrt(w[1:] * np.diff(x) ** 2)))
    equal = np.linspace(0, len(x), half, endpoint=False).astype(int)
    begin = np.unique(np.append(equal, np.searchsorted(share, np.linspace(0, share[-1], half))))
    begin = begin[_optimal(_means(x, w, begin), np.add.reduceat(w, begin), levels)]
    for _ in range(ROUNDS):
        c = _means(x, w, begin)
        nearest = np.append(0, np.searchsorted(x, (c[:-1] + c[1:]) / 2))
        if (nearest == begin).all() or (np.diff(nearest) == 0).any():
            break
        begin = nearest
    return begin


def _means(x, w, begin):
    """The mean of each group, from differences to its first value."""
    d = x - np.repeat(x[begin], np.diff(np.append(begin, len(x))))
    return x[begin] + np.add.reduceat(w * d, begin) / np.add.reduceat(w, begin)
