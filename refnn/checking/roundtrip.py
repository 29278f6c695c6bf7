"""This module decides whether one (W, B) gives both the codes and the decoded values.

The conditions ⌊x·W + B⌋ mod P = q and l ≤ (q ± B)/W ≤ h are solved exactly. The mod removes whole
turns, that is, multiples of P. Within one interval of W that gives the codes, the number of whole
turns of each entry is constant. So all conditions are linear in (W, B), and B is eliminated
(Fourier–Motzkin). The decoded values may bound W. If they do not, they leave a band for B that
grows with W until it is wider than P. In both cases a finite number of intervals is enough.
"""

from fractions import Fraction
from functools import lru_cache
from math import ceil, floor, inf, lcm

from refnn.arrays import Refused
from refnn.checking.plane.circle import feasible_W, offsets, simplest, simplest_in
from refnn.checking.plane.digits import NUMBERS
from refnn.checking.solver import QUESTION
from refnn.validation import choice, takes

MAX_CELLS = 1000  # intervals of W that are searched: about two seconds


def BOUNDS(name, bounds, arguments):
    """Accept one bound for each number of x, with no high below its low."""
    bounds, n = NUMBERS(name, bounds, arguments), len(arguments["x"])
    if len(bounds) != n:
        raise Refused(name, f"one bound for each number of x ({n})", f"{len(bounds)}")
    if name == "high" and any(l > h for l, h in zip(arguments["low"], bounds)):
        raise Refused("low", "at most high in every entry", "a low above its high")
    return bounds


@takes(**QUESTION, sign=choice("+", "-"), low=BOUNDS, high=BOUNDS)
def roundtrip(x, q, low, high, levels, sign="+"):
    """Find a (W, B) that gives every code and decodes every code into low..high, or return None.

    sign "+" is the article's decoder (Q + B)/W (§3.1.2), and "-" is the correct (Q − B)/W. A
    printed decoded value stands for an interval, from its entry of low to its entry of high.

    >>> roundtrip(["0.1", "0.2"], [0, 1], ["-0.05", "0.05"], ["0.05", "0.15"], 8)
    (Fraction(7, 1), Fraction(0, 1))
    """
    return _first(*map(tuple, (x, q, low, high)), levels, sign)


@lru_cache(maxsize=1000)  # several findings about the article need the same rows
def _first(x, q, low, high, levels, sign):
    s = 1 if sign == "+" else -1
    for side in (1, -1):  # to find W < 0, negate x and the decoded values
        l, h = (low, high) if side == 1 else ([-v for v in high], [-v for v in low])
        mirrored = [side * v for v in x]
        for cell in _cells(mirrored, q, l, h, levels):
            found = _in_cell(mirrored, q, l, h, levels, s, *cell)
            if found:
                return side * found[0], found[1]
    return None


def _cells(x, q, low, high, levels):
    """Yield the intervals of W > 0 that give the codes and that the decoded values allow."""
    bottom, top = Fraction(0), inf
    for ci, li in zip(q, low):
        for cj, hj in zip(q, high):  # W·(lᵢ − hⱼ) ≤ qᵢ − qⱼ
            if li > hj:
                top = min(top, (ci - cj) / (li - hj))
            elif li < hj:
                bottom = max(bottom, (ci - cj) / (li - hj))
            elif ci < cj:
                return
    period = levels * lcm(*(v.denominator for v in x))
    if top == inf:
        # Beyond `settled` one more period of W is enough. The band for B is at least
        # width·W − codes wide, so there it holds a whole turn. If width is 0, W fixes B, and the
        # solutions repeat.
        width, codes = min(high) - max(low), max(q) - min(q)
        gaps = [max(low) - v for v in low] + [v - min(high) for v in high]
        settled = max((codes / g for g in gaps if g), default=0)
        if width:
            settled = (levels + codes) / width
        top = max(bottom, settled) + period * max(low).denominator
    intervals = feasible_W(x, q, levels)
    if intervals == [(-inf, inf)]:
        intervals = [(Fraction(0), Fraction(period))]  # cut, so that each piece has few whole turns
    first = floor(bottom / period) - 1
    for turn in range(first, ceil(top / period) + 1):
        if (turn - first) * len(intervals) > MAX_CELLS:
            limit = f"{MAX_CELLS:,} intervals of W are the limit"
            expected = f"written with fewer decimals (decoded too): {limit}"
            raise Refused("x", expected, "values too finely spaced")
        for a, b in intervals:
            a, b = max(a + turn * period, bottom), min(b + turn * period, top)
            if a < b or (a == b > 0):
                yield a, b


def _in_cell(x, q, low, high, levels, s, bottom, top):
    """Find a (W, B) with bottom ≤ W ≤ top that meets all conditions, or return None.

    codes    qᵢ + P·mᵢ − xᵢW ≤ B < qᵢ + P·mᵢ + 1 − xᵢW
    decoded  lᵢW ≤ qᵢ + sB ≤ hᵢW
    """
    below, above = (low, high) if s > 0 else (high, low)
    more = [(s * v, -s * c) for v, c in zip(below, q)]  # lines (a, b) for B ≥ aW + b
    less = [(s * v, -s * c) for v, c in zip(above, q)]  # lines (a, b) for B ≤ aW + b
    if levels == 1:  # every (W, B) gives code 0
        return _between(more, less, [], bottom, top)
    inside = (bottom + top) / 2
    arc = offsets(x, q, levels, inside)
    if arc is None:  # bottom = top is an open end of an interval of W
        return None
    turns = [(floor(v * inside + arc[0]) - c) // levels for v, c in zip(x, q)]
    al, bl = max(more, key=lambda line: line[0] * inside + line[1])
    au, bu = min(less, key=lambda line: line[0] * inside + line[1])
    ends = [(W, B) for W in (bottom, top) for B in (al * W + bl, au * W + bu)]
    reach = [x[0] * W + B - q[0] - levels * turns[0] for W, B in ends]
    for turn in range(floor(min(reach) / levels) - 1, ceil(max(reach) / levels) + 2):
        codes = [(-v, Fraction(c + (t + turn) * levels)) for v, c, t in zip(x, q, turns)]
        strict, at_0 = [(a, b + 1) for a, b in codes], [(Fraction(0), Fraction(0))]
        # B = 0 is tried first
        found = _between(more + codes + at_0, less + at_0, strict, bottom, top)
        found = found or _between(more + codes, less, strict, bottom, top)
        if found:
            return found
    return None


def _between(lower, upper, strict, bottom, top):
    """Find a (W, B) with W > 0 in bottom..top that lies between these lines, or return None.

    The point lies on or above all lines of lower, on or below those of upper, and below those of
    strict. A line (a, b) is B = aW + b.
    """
    open_bottom, open_top = bottom == 0, False
    for a, b in dict.fromkeys(lower):
        for lines, is_strict in ((upper, False), (strict, True)):
            for c, d in dict.fromkeys(lines):  # aW + b ≤ cW + d
                if a == c and (b > d or (is_strict and b == d)):
                    return None
                end = (d - b) / (a - c) if a != c else None
                if a > c and (end < top or (end == top and is_strict)):
                    top, open_top = end, is_strict
                if a < c and (end > bottom or (end == bottom and is_strict)):
                    bottom, open_bottom = end, is_strict
    if bottom > top or (bottom == top and (open_bottom or open_top)):
        return None
    W = bottom if bottom == top else simplest(bottom, top)
    least, most = max(a * W + b for a, b in lower), min(a * W + b for a, b in upper + strict)
    return W, least if least == most else simplest_in(least, most)
