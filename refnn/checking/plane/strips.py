"""This module finds the W, and then the B, that give codes which saturate or have no limit.

Codes saturate if they are clipped to a range. Entry i gets its code exactly if
lowᵢ ≤ xᵢW + B < highᵢ. This is a strip in the plane of (W, B), and it has only one side where the
code saturates. For one W, a B exists exactly if lowᵢ − xᵢW < highⱼ − xⱼW for all i and j, that is

    (xⱼ − xᵢ)·W < highⱼ − lowᵢ                                                                   (1)

so the W that have a B form one open interval. If no (W, B) lies in all strips, then by Helly's
theorem some three of them have no point in common.
"""

from bisect import bisect_left, bisect_right
from fractions import Fraction
from itertools import combinations, pairwise
from math import inf


def feasible_W(x, low, high):
    """Return [(left, right)], the open interval of W by equation (1), or [] if it is empty.

    low may hold −inf and high may hold inf.

    >>> feasible_W([Fraction(1, 10), Fraction(1, 5)], [0, 1], [1, 2])
    [(Fraction(0, 1), Fraction(20, 1))]
    """
    left, right = -inf, inf
    for a, at_least in zip(x, low):
        for b, below in zip(x, high):
            if at_least == -inf or below == inf:
                continue
            if a == b:
                if below <= at_least:
                    return []
            elif b > a:
                right = min(right, (below - at_least) / (b - a))
            else:
                left = max(left, (below - at_least) / (b - a))
    return [(left, right)] if left < right else []


def offsets(x, low, high, W):
    """Return [low, high), the B that give the codes with this W, or None if there is none.

    Both ends may be infinite.

    >>> offsets([Fraction(1, 10), Fraction(1, 5)], [0, 1], [1, 2], Fraction(10))
    (Fraction(-1, 1), Fraction(0, 1))
    """
    start = max(a - v * W for v, a in zip(x, low))
    end = min(b - v * W for v, b in zip(x, high))
    return (start, end) if start < end else None


def smallest_conflict(x, low, high):
    """Return the flat positions of a smallest set of entries whose codes no (W, B) gives.

    It consists of two entries with equal x, or else of three entries.

    >>> smallest_conflict([Fraction(4), Fraction(5), Fraction(6)], [3, 4, 1], [4, 5, 2])
    (0, 1, 2)
    """
    for size in (2, 3):
        for indices in combinations(range(len(x)), size):
            if not feasible_W(*([a[i] for i in indices] for a in (x, low, high))):
                return indices
    raise AssertionError("by Helly's theorem three strips must be enough")


def largest_set(x, low, high):
    """Return the flat positions of a largest set of entries whose codes one (W, B) gives.

    A best point can be moved down to the lower edge of a strip that contains it. Along that edge
    every other strip covers an interval of W. The W that is covered most often is found by sorting.

    >>> largest_set([Fraction(4), Fraction(5), Fraction(6)], [3, 4, 1], [4, 5, 2])
    (0, 1)
    """
    best = tuple(i for i, a in enumerate(low) if a == -inf)  # a very low B gives all of these
    for i, edge in enumerate(low):
        if edge == -inf:
            continue
        inside = []  # (from, to, closed at the left, entry)
        for j, v in enumerate(x):
            d, a, b = v - x[i], low[j] - edge, high[j] - edge  # a ≤ d·W < b
            if d == 0:
                inside += [(-inf, inf, True, j)] if a <= 0 < b else []
            else:
                inside.append((a / d, b / d, True, j) if d > 0 else (b / d, a / d, False, j))
        sides = []
        for count, closed in ((bisect_right, True), (bisect_left, False)):
            own = [(start, end) for start, end, c, _ in inside if c == closed]
            sides.append((count, sorted(s for s, _ in own), sorted(e for _, e in own)))
        edges = sorted({end for one in inside for end in one[:2]} - {-inf, inf} or {Fraction(0)})
        points = [edges[0] - 1, *edges, *((a + b) / 2 for a, b in pairwise(edges)), edges[-1] + 1]
        depth, W = max((sum(n(a, w) - n(b, w) for n, a, b in sides), w) for w in points)
        if depth > len(best):
            best = tuple(j for s, e, closed, j in inside if (s <= W < e if closed else s < W <= e))
    return best
