"""The grid inside a quantizer, inferred from its answers alone: where its codes change, how far
apart, between which.

A quantizer with a fixed grid is a staircase. Its first steps are looked for from coarse to fine
around 0, each edge is bisected to the last bit, and the step Δ is the distance of two edges far
apart over the number of steps between them. An edge at (k + ½)·Δ from 0 is rounding to nearest, at
k·Δ a floor; with W = 1/Δ the article's ⌊x·W + B⌋ has its edges at (k − B)/W, so that the first edge
above 0 also gives B."""

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from refnn.checking.plane.circle import simplest

FINEST, COARSEST = -1000, 1000  # of the powers of two at which a first change is looked for
MOST_STEPS = 2**17  # beyond as many to one side of 0 there is no end


class Staircase(NamedTuple):
    """A grid as its codes show it.

    >>> staircase(lambda x: np.clip(np.floor(10 * x + 3.25), 0, 15)).offset
    Fraction(13, 4)
    """

    scale: Fraction  # Δ, the step
    zero_point: int  # the code of 0
    qmin: int  # the least code seen
    qmax: int  # the largest
    offset: Fraction  # the article's B: the code at 0 with its fraction
    ended: bool  # do the codes stop (or repeat) within 2^17 steps?
    zero: bool  # does one change within a step and a half of 0? Else 0 lies beyond an end


def staircase(codes):
    """Infer the Staircase of codes(x), a function of a vector that gives one; None if it has fewer
    than three codes.

    >>> staircase(lambda x: np.clip(np.rint(x / 0.25), -8, 7))[:4]
    (Fraction(1, 4), 0, -8, 7)
    """
    unit = _unit(codes)
    if unit is None:
        return None
    x = np.linspace(-unit, unit, 512)  # without 0: an edge at 0 is bisected like any other
    edges = _edges(codes, x)
    gaps = np.diff(edges)
    step = float(np.median(gaps)) if len(gaps) else 0.0
    if step <= 0:
        return None
    reach, ended, before = 64, False, None
    while not ended and reach <= 2 * MOST_STEPS:
        # two to a step, a quarter off the edges of round and floor
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
        if round(steps) and abs(steps - round(steps)) < 0.01:  # else they are not all of one width
            step *= steps / round(steps)
    low, high = q.min(), q.max()
    if not ended:  # wider than 16 bits: the same at 2^60 steps as at 2^61?
        low, high, low_, high_ = codes(np.array([-1.0, 1.0, -2.0, 2.0]) * step * 2.0**60)
        ended = bool((low, high) == (low_, high_) and low < high)
        low, high = (low, high) if ended else (q.min(), q.max())
    scale = _simple(step)
    zero = float(codes(np.zeros(1))[0])
    above = edges[edges > step / 2**20]  # an edge at 0 is found a last bit beside it
    offset = zero + 1 - (above[0] / step if len(above) else 1 + edges[-1] / step)
    near = bool(np.abs(edges).min() < 1.5 * step)
    offset = _simple(float(offset), 1e-6)
    return Staircase(scale, int(zero), int(low), int(high), offset, ended, near)


def _unit(codes):
    """Half a width around 0 in which the codes change five times, or else most often; or None."""
    powers = 2.0 ** np.arange(FINEST, COARSEST + 1)
    first = [np.nonzero(codes(side * powers) != codes(np.zeros(1)))[0] for side in (1, -1)]
    first = [powers[at[0]] for at in first if len(at)]
    if not first:
        return None
    best, most, unit = None, 0, max(first) / 4
    if len(first) == 1 or min(first) <= powers[0]:
        unit = min(first) / 4  # a change at 0 itself may be the only one on that side
    for _ in range(COARSEST - FINEST):
        changes = np.count_nonzero(np.diff(codes(np.linspace(-unit, unit, 512))))
        if changes > most:
            best, most = unit, changes
        if most >= 5 or unit > powers[-1]:
            return best
        unit *= 2
    return best


def _edges(codes, x):
    """The first float of each new code, between neighbours of x (ascending) whose codes differ."""
    q = codes(x)
    at = np.nonzero(np.diff(q))[0]
    low, high, below = x[at], x[at + 1], q[at]
    for _ in range(1100):  # to neighbouring floats, at most all exponents and 53 bits
        middle = low / 2 + high / 2
        if not ((middle > low) & (middle < high)).any() or not len(at):
            break
        same = codes(middle) == below
        low, high = np.where(same, middle, low), np.where(same, high, middle)
        if (high - low <= 1e-15 * np.abs(x).max()).all():
            break
    return high


def _simple(value, tolerance=0.0):
    """The simplest fraction within a few last places of float64; of float32 if far simpler."""
    exact, short = Fraction(value), Fraction(f"{value:.7e}")
    if abs(short - exact) <= abs(exact) / 10**13:
        return short
    for width, largest in ((Fraction(1, 10**13), 10**6), (Fraction(1, 2 * 10**7), 10**4)):
        room = max(abs(exact) * width, Fraction(tolerance))
        found = simplest(exact - room, exact + room) if room else exact
        if found.denominator <= largest or found.numerator in (1, -1):
            return found
    return exact
