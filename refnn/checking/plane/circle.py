"""This module finds the W, and then the B, with which ⌊x·W + B⌋ mod P gives the codes.

Entry i gets its code exactly if B lies on the arc [qᵢ − xᵢW, qᵢ − xᵢW + 1) of a circle of
circumference P. Two such arcs meet exactly if

    (xᵢ − xⱼ)·W mod P  lies in the open interval (qᵢ − qⱼ − 1, qᵢ − qⱼ + 1)                      (1)

If P ≥ 3 and every two arcs meet, then all arcs share a point. (Three arcs that meet two by two but
share no point would cover the circle, which needs P < 3, since each has length 1.) So the W that
have a B are those that fulfil (1) for all pairs. They form finitely many open intervals, which
repeat with period P·lcm(denominators of x). With P = 2 three arcs can still fail, so the remaining
intervals are tested. With P = 1 every W has a B. For one W, the B that give the codes form one
interval [low, high).
"""

from fractions import Fraction
from itertools import pairwise
from math import ceil, floor, inf, lcm

from refnn.arrays import Refused

MAX_INTERVALS = 10**6


def feasible_W(x, q, levels):
    """Return the maximal open intervals of W, within one period, for which some B gives q.

    These are the W that fulfil equation (1) for all pairs.

    >>> feasible_W([Fraction(1, 10), Fraction(1, 5)], [0, 1], levels=8)
    [(Fraction(0, 1), Fraction(20, 1))]
    """
    if levels == 1 or len(set(x)) == 1:
        return [(-inf, inf)] if levels == 1 or len(set(q)) == 1 else []
    common = lcm(*(v.denominator for v in x))
    code = {}
    for v, c in zip(x, q):  # from here on, n = x·common are whole numbers and u = W/common
        if code.setdefault(int(v * common), c) != c:
            return []
    n = from_the_closest(list(code))
    c = [code[v] for v in n]
    u = [(Fraction(0), Fraction(levels))]
    if levels == 2:  # pairs are not enough: test each cell, entry by entry
        for i in range(1, len(n)):
            u = with_one_more(u, n[:i], c[:i], n[i], c[i], 2)
    else:
        pairs = sorted((a - b, code[a] - code[b]) for a in code for b in code if a > b)
        for D, k in dict.fromkeys(pairs):  # small differences first: they give few intervals
            u = meet(u, D, k, levels)
            if not u:
                return []
    if u and u[0][0] == 0 and u[-1][1] == levels and offsets(n, c, levels, Fraction(0)) is not None:
        # W = 0 has a B, so the first interval continues the last one
        u[-1] = (u[-1][0], u.pop(0)[1] + levels)
    return [(low * common, high * common) for low, high in u]


def with_one_more(u, n, c, n_new, c_new, levels):
    """Return the parts of u in which n_new gets the code c_new as well.

    In all of u the whole numbers n get the codes c.

    >>> with_one_more([(Fraction(0), Fraction(8))], [1], [0], 2, 1, levels=8)
    [(Fraction(0, 1), Fraction(2, 1))]
    """
    for a, k in sorted(zip(n, c), key=lambda one: abs(n_new - one[0])):  # few intervals first
        D, k = (n_new - a, c_new - k) if n_new > a else (a - n_new, k - c_new)
        u = meet(u, D, k, levels) if D else u if k == 0 else []
    if levels == 2:  # pairs are not enough: test each cell
        u = [cell for cell in u if offsets([*n, n_new], [*c, c_new], 2, sum(cell) / 2) is not None]
    return u


def from_the_closest(values):
    """Sort different values, with the two closest first and the others by distance from them.

    Small differences give few intervals.

    >>> from_the_closest([9, 0, 4, 5])
    [4, 5, 0, 9]
    """
    ordered = sorted(values)
    centre = min(pairwise(ordered), key=lambda pair: pair[1] - pair[0])
    return sorted(ordered, key=lambda v: (abs(2 * v - sum(centre)), v))


def meet(intervals, D, k, levels):
    """Return the parts of the intervals of u where D·u mod levels lies in (k − 1, k + 1).

    D is positive.

    >>> meet([(Fraction(0), Fraction(8))], D=2, k=1, levels=8)
    [(Fraction(0, 1), Fraction(1, 1)), (Fraction(4, 1), Fraction(5, 1))]
    """
    out = []
    for low, high in intervals:
        (a, b), (c, d) = low.as_integer_ratio(), high.as_integer_ratio()
        # The turns are the multiples of `levels`: from the first whose interval ends after low, to
        # the first whose interval starts at high or later.
        first = (a * D - (k + 1) * b) // (levels * b) + 1
        after = -(((k - 1) * d - c * D) // (levels * d))
        if len(out) + after - first > MAX_INTERVALS:
            limit = f"{MAX_INTERVALS:,} intervals of W are the limit"
            expected = f"written with fewer decimals: {limit}"
            raise Refused("x", expected, "values too finely spaced")
        turns = range(first * levels, after * levels, levels)
        cells = [(Fraction(k - 1 + turn, D), Fraction(k + 1 + turn, D)) for turn in turns]
        if cells:
            cells[0] = max(low, cells[0][0]), cells[0][1]
            cells[-1] = cells[-1][0], min(high, cells[-1][1])
        out += cells
    return out


def offsets(x, q, levels, W):
    """Return [low, high), the B that give q with this W, or None if there is none.

    B repeats after `levels`, and the interval nearest 0 is returned.

    >>> offsets([Fraction(1, 10), Fraction(1, 5)], [0, 1], 8, Fraction(10))
    (Fraction(-1, 1), Fraction(0, 1))
    """
    if levels == 1:
        return Fraction(0), Fraction(1)
    start = sorted((c - v * W) % levels for v, c in zip(x, q))  # where the arcs start
    gaps = [(b - a, i) for i, (a, b) in enumerate(zip(start, [*start[1:], start[0] + levels]))]
    widest, last = max(gaps)  # the arc that starts last lies before the widest gap
    spread = levels - widest  # from the first start to the last
    if spread >= 1:
        return None
    low = Fraction(start[last])
    low -= levels * round(low / levels)
    return low, low + 1 - spread


def simplest(low, high):
    """Return the simplest fraction in the open interval (low, high).

    It has the smallest denominator, and of several such fractions the smallest numerator.

    >>> simplest(Fraction(15, 2), Fraction(25, 2)), simplest(Fraction(49, 10), Fraction(5))
    (Fraction(8, 1), Fraction(54, 11))
    >>> simplest(-inf, inf)
    Fraction(1, 1)
    """
    if low == -inf:
        return Fraction(1) if high > 1 else Fraction(ceil(high) - 1)
    if low < 0 < high:
        return Fraction(0)
    if high <= 0:
        return -simplest(-high, -low)
    whole = floor(low)
    if whole + 1 < high:
        return Fraction(whole + 1)
    if low == whole:
        return whole + Fraction(1, floor(1 / (high - whole)) + 1)
    return whole + 1 / simplest(1 / (high - whole), 1 / (low - whole))


def simplest_in(low, high):
    """Return the simplest fraction in [low, high).

    >>> simplest_in(Fraction(-1), Fraction(0)), simplest_in(Fraction(-1, 3), Fraction(1, 2))
    (Fraction(-1, 1), Fraction(0, 1))
    """
    inner = simplest(low, high)
    return low if low.denominator <= inner.denominator and inner != 0 else inner
