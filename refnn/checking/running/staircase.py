"""This module finds the grid of a quantizer from its answers alone.

The codes of a quantizer with a fixed grid form a staircase: the code is constant, changes at an
edge, and is constant again. The module searches around 0 for a range with several edges and bisects
each edge to the last bit. The step Δ is the distance of two edges that are far apart, divided by
the number of steps between them. Edges at (k + ½)·Δ mean rounding to nearest, and edges at k·Δ mean
floor. With W = 1/Δ the article's ⌊x·W + B⌋ has its edges at (k − B)/W, so the first edge above 0
also gives B."""

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from refnn.checking.plane.circle import simplest

FINEST, COARSEST = -1000, 1000  # exponents of 2; a first change is searched at 2^k
MOST_STEPS = 2**17  # a side of 0 with more steps counts as endless


class Staircase(NamedTuple):
    """The grid of a quantizer, as far as its codes show it.

    >>> staircase(lambda x: np.clip(np.floor(10 * x + 3.25), 0, 15)).offset
    Fraction(13, 4)
    """

    scale: Fraction  # the step Δ, real units per code
    zero_point: int  # the code of 0
    qmin: int  # the smallest code that was seen
    qmax: int  # the largest code that was seen
    offset: Fraction  # the article's B, the code at 0 before floor
    ended: bool  # True if the codes stop or repeat within 2^17 steps
    zero: bool  # True if a code changes within 1.5 steps of 0; else 0 is beyond an end


def staircase(codes):
    """Find the Staircase of codes(x), or return None if it has fewer than three codes.

    codes: a function from a vector x to the vector of its codes.

    >>> staircase(lambda x: np.clip(np.rint(x / 0.25), -8, 7))[:4]
    (Fraction(1, 4), 0, -8, 7)
    """
    unit = _unit(codes)
    if unit is None:
        return None
    x = np.linspace(-unit, unit, 512)  # 0 is left out, so an edge at 0 is bisected like any other
    edges = _edges(codes, x)
    gaps = np.diff(edges)
    step = float(np.median(gaps)) if len(gaps) else 0.0
    if step <= 0:
        return None
    reach, ended, before = 64, False, None
    while not ended and reach <= 2 * MOST_STEPS:
        # Two points a step, each a quarter step away from the edges of round and floor.
        x = (np.arange(-reach, reach) + 0.5) * step / 2
        q = codes(x)
        changes, ends = np.nonzero(np.diff(q))[0], (q.min(), q.max())
        inside = len(changes) > 0 and reach / 2 <= changes[0] and changes[-1] < 3 * reach / 2
        repeats = len(changes) > 0 and ends == before
        ended = bool(ends[1] - ends[0] < reach / 2 and (inside or repeats))
        before, reach = ends, 2 * reach
    if len(changes) > 1:
        far = _edges(codes, x[[changes[0], changes[0] + 1, changes[-1], changes[-1] + 1]])
        steps = float(far[-1] - far[0]) / step if len(far) else 0.0
        if round(steps) and abs(steps - round(steps)) < 0.01:  # else the widths differ
            step *= steps / round(steps)
    low, high = q.min(), q.max()
    if not ended:  # more than 16 bits: test if the codes agree at 2^60 and 2^61 steps
        low, high, low_, high_ = codes(np.array([-1.0, 1.0, -2.0, 2.0]) * step * 2.0**60)
        ended = bool((low, high) == (low_, high_) and low < high)
        low, high = (low, high) if ended else (q.min(), q.max())
    scale = _simple(step)
    zero = float(codes(np.zeros(1))[0])
    above = edges[edges > step / 2**20]  # an edge at 0 is found at a tiny number beside 0
    offset = zero + 1 - (above[0] / step if len(above) else 1 + edges[-1] / step)
    near = bool(np.abs(edges).min() < 1.5 * step)
    offset = _simple(float(offset), 1e-6)
    return Staircase(scale, int(zero), int(low), int(high), offset, ended, near)


def _unit(codes):
    """Return half the width of a range around 0 in which the codes change at least five times.

    If there is none, the range with most changes is taken. The result is None if the codes never
    change."""
    powers = 2.0 ** np.arange(FINEST, COARSEST + 1)
    first = [np.nonzero(codes(side * powers) != codes(np.zeros(1)))[0] for side in (1, -1)]
    first = [powers[at[0]] for at in first if len(at)]
    if not first:
        return None
    best, most, unit = None, 0, max(first) / 4
    if len(first) == 1 or min(first) <= powers[0]:
        unit = min(first) / 4  # the change at 0 may be the only one on its side
    for _ in range(COARSEST - FINEST):
        changes = np.count_nonzero(np.diff(codes(np.linspace(-unit, unit, 512))))
        if changes > most:
            best, most = unit, changes
        if most >= 5 or unit > powers[-1]:
            return best
        unit *= 2
    return best


def _edges(codes, x):
    """Return the first float of each new code, between neighbours in x whose codes differ.

    x: ascending."""
    q = codes(x)
    at = np.nonzero(np.diff(q))[0]
    low, high, below = x[at], x[at + 1], q[at]
    for _ in range(1100):  # enough to reach neighbouring floats from any start
        middle = low / 2 + high / 2
        if not ((middle > low) & (middle < high)).any() or not len(at):
            break
        same = codes(middle) == below
        low, high = np.where(same, middle, low), np.where(same, high, middle)
        if (high - low <= 1e-15 * np.abs(x).max()).all():
            break
    return high


def _simple(value, tolerance=0.0):
    """Return the simplest fraction near a float.

    It lies within a few last places of float64, or of float32 if that fraction is much simpler."""
    exact, short = Fraction(value), Fraction(f"{value:.7e}")
    if abs(short - exact) <= abs(exact) / 10**13:
        return short
    for width, largest in ((Fraction(1, 10**13), 10**6), (Fraction(1, 2 * 10**7), 10**4)):
        room = max(abs(exact) * width, Fraction(tolerance))
        found = simplest(exact - room, exact + room) if room else exact
        if found.denominator <= largest or found.numerator in (1, -1):
            return found
    return exact
