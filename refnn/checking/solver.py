"""Which (W, B) can print these codes by ⌊x·W + B⌋ mod P? Exact, over the rationals; if none, which
digits are to blame.

`circle` holds the geometry, `conflict` what is said when there is no solution; here they become one
answer. Other roundings are the same question of another B, of −x where they round up, and codes
that saturate, or have no limit, are strips instead of arcs (`strips`):

    ceil       ⌈t⌉ = −⌊−t⌋        half_up  ⌊t + ½⌋        half_down  ⌈t − ½⌉        half_even, half_away: as half_up but
                                                                                    for ties, which
                                                                                    are not searched
"""

from fractions import Fraction
from math import floor, inf, lcm
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.checking.plane import conflict, strips
from refnn.checking.plane.circle import feasible_W, offsets, simplest, simplest_in
from refnn.quantization import rounding as rules

MAX_VALUES = 200
ROUNDINGS = ("floor", "ceil", "half_up", "half_down", "half_even", "half_away")
OVERFLOWS = ("wrap", "saturate", "none")
UP = ("ceil", "half_down")  # those of −x
TIES = ("half_even", "half_away")  # those of which pairs that make a tie are not searched


class Proof(NamedTuple):
    """indices: flat positions that no (W, B) prints together, though any one of them can be left
    out; reason: why.

    >>> solve([0.4, 0.5, 0.6], [3, 4, 1], levels=8).proof.indices
    (0, 1, 2)
    """

    indices: tuple
    reason: str


class Repair(NamedTuple):
    """keep: a largest set of flat positions that one pair prints; change: the others; the pair; all
    codes it prints.

    >>> solve([0.4, 0.5, 0.6], [3, 4, 1], levels=8).repair.change
    (2,)
    """

    keep: tuple
    change: tuple
    witness: tuple
    codes: tuple


class Solution(NamedTuple):
    """feasible; intervals: the maximal open intervals (low, high) of W, of one period if codes
    wrap, or []; period, of W (None if they do not); witness (W, B) or None; proof and repair: None
    if feasible.

    >>> solve(["0.1"], [3], levels=8).period
    80
    """

    feasible: bool
    intervals: list
    period: int | None
    witness: tuple | None
    proof: Proof | None
    repair: Repair | None


def solve(x, q, levels, rounding="floor", overflow="wrap"):
    """All W for which some B gives ⌊x·W + B⌋ mod levels = q; or why there is none, and how little
    must change.

    x: Fractions, whole numbers, decimal strings, or floats read as the decimal they print; q: codes
    0..levels − 1; nested lists are flattened. At most 200 values, and 10^6 intervals on the way:
    ValueError beyond. rounding: floor, ceil, half_up, half_down; half_even and half_away by pairs
    for which no x·W + B is a tie: feasible, proof and repair are about these alone (W = 1, B = 0
    prints 0 2 2 of 0.5, 1.5, 2.5 half to even, and is not found). overflow: wrap (mod), saturate
    (clipped to 0..levels − 1) or none (codes are any whole numbers, and levels is not used).

    >>> solve(["0.1", "0.2", "0.3"], [0, 1, 2], levels=8)[:4]
    (True, [(Fraction(5, 1), Fraction(15, 1))], 80, (Fraction(6, 1), Fraction(1, 3)))
    >>> solve([0.4, 0.5, 0.6], [3, 4, 1], levels=8).proof.indices
    (0, 1, 2)
    >>> solve([0.4, 0.5, 0.6], [3, 4, 4], levels=5, overflow="saturate").intervals
    [(Fraction(0, 1), inf)]
    """
    arrays.choice("solve", "rounding", rounding, ROUNDINGS)
    if arrays.choice("solve", "overflow", overflow, OVERFLOWS) == "none":
        x, q, levels = _any_codes(x, q)
    x, q, levels = checked("solve", x, q, levels) if overflow != "none" else (x, q, levels)
    turned, codes, back = _as_floor(x, q, levels, rounding)
    found = (
        _wrapped(turned, codes, levels, whole=True)
        if overflow == "wrap"
        else _straight(turned, codes, levels, overflow)
    )
    if (rounding, overflow) == ("floor", "wrap"):
        return found
    if not found.feasible:  # in words of the given x and q
        at = found.proof.indices
        found = found._replace(
            proof=Proof(
                at,
                conflict.certificate(x, q, levels, at)
                if overflow == "wrap"
                else conflict.straight_certificate(x, q, *_strips(q, levels, overflow), at),
            )
        )

    def pair(known_x, known_q, intervals):
        W = simplest(*intervals[0])
        low, high = (
            offsets(known_x, known_q, levels, W)
            if overflow == "wrap"
            else strips.offsets(known_x, *_strips(known_q, levels, overflow), W)
        )
        B = back(simplest(low, high))  # inside: no tie, whatever the rule
        return W, B - levels * round(B / levels) if overflow == "wrap" else B

    if found.feasible:
        return found._replace(witness=pair(turned, codes, found.intervals))
    kept_x, kept_q = ([a[i] for i in found.repair.keep] for a in (turned, codes))
    W, B = pair(kept_x, kept_q, _intervals(kept_x, kept_q, levels, overflow))
    return found._replace(
        repair=found.repair._replace(
            witness=(W, B), codes=tuple(code_of(v * W + B, levels, rounding, overflow) for v in x)
        )
    )


def decide(x, q, levels):
    """`solve` with floor and mod, but where x is too finely spaced for a repair (or a proof) that
    is None, no refusal.

    >>> found = decide(["0.5", "0.6", "0.7", *["0.000001"] * 5], [3, 4, *[0] * 6], levels=8)
    >>> found.feasible, found.proof.indices, found.repair
    (False, (0, 1, 2), None)
    """
    return _wrapped(*checked("solve", x, q, levels), whole=False)


def repair_text(repair):
    """A Repair in words.

    >>> repair_text(solve([0.4, 0.5, 0.6], [3, 4, 1], levels=8).repair)
    'least repair: 2 of 3 codes can be right at most; change entry 3, and W = 1, B = 3.5 prints 3 4 4'
    """
    W, B = map(conflict.decimal, repair.witness)
    change = ", ".join(str(i + 1) for i in repair.change)
    return (
        f"least repair: {len(repair.keep)} of {len(repair.keep) + len(repair.change)} codes can be right at most; "
        f"change entr{'y' if len(repair.change) == 1 else 'ies'} {change}, and W = {W}, B = {B} prints "
        f"{' '.join(map(str, repair.codes))}"
    )


def range_of_B(x, q, levels, W, rounding="floor", overflow="wrap"):
    """(low, high): all B strictly between print q with this W, and one end or both with some
    roundings; or None.

    Where codes wrap, B repeats after `levels`, and the range is the one nearest 0; either end may
    be infinite if codes saturate.

    >>> range_of_B(["0.1", "0.2", "0.3"], [0, 1, 2], 8, W=10)
    (Fraction(-1, 1), Fraction(0, 1))
    """
    arrays.choice("range_of_B", "rounding", rounding, ROUNDINGS)
    arrays.choice("range_of_B", "overflow", overflow, OVERFLOWS)
    W = arrays.exact("range_of_B", "W", W)
    x, q, levels = _any_codes(x, q) if overflow == "none" else checked("range_of_B", x, q, levels)
    turned, codes, back = _as_floor(x, q, levels, rounding)
    found = (
        offsets(turned, codes, levels, W)
        if overflow == "wrap"
        else strips.offsets(turned, *_strips(codes, levels, overflow), W)
    )
    if found is None:
        return None
    low, high = sorted(map(back, found))
    turns = levels * round((low + high) / 2 / levels) if overflow == "wrap" else 0
    return low - turns, high - turns


def code_of(t, levels, rounding, overflow):
    """The code that a rounding and an overflow make of t = x·W + B, a Fraction.

    >>> code_of(Fraction(17, 2), 8, "half_up", "saturate"), code_of(Fraction(17, 2), 8, "half_up", "wrap")
    (7, 1)
    """
    q = int(getattr(rules, rounding)(t))
    return (
        q % levels
        if overflow == "wrap"
        else min(max(q, 0), levels - 1)
        if overflow == "saturate"
        else q
    )


def _any_codes(x, q):
    """x, q without limits: checked as codes above the lowest, which only moves B."""
    codes = [arrays.exact("solve", "q", v) for v in flat("solve", "q", q)]
    least = min(codes, default=Fraction(0))
    span = max(codes, default=Fraction(0)) - least
    x, above, _ = checked("solve", x, [c - least for c in codes], int(span) + 1)
    return x, [c + int(least) for c in above], None


def _as_floor(x, q, levels, rounding):
    """(x, q) of the same question with floor, and the function that takes its B back."""
    half = Fraction(1, 2) if rounding != "floor" and rounding != "ceil" else Fraction(0)
    if rounding not in UP:
        return x, q, lambda B: B - half
    top = 0 if levels is None else levels - 1  # ⌊−t⌋ = −q; + top: codes 0..levels − 1
    return [-v for v in x], [top - c for c in q], lambda B: top - B + half


def _strips(q, levels, overflow):
    """low and high of every code; a code at an end of 0..levels − 1 has one side if codes saturate
    there."""
    ends = overflow == "saturate"
    return (
        [-inf if ends and c == 0 else Fraction(c) for c in q],
        [inf if ends and c == levels - 1 else Fraction(c + 1) for c in q],
    )


def _intervals(x, q, levels, overflow):
    return (
        feasible_W(x, q, levels)
        if overflow == "wrap"
        else strips.feasible_W(x, *_strips(q, levels, overflow))
    )


def _straight(x, q, levels, overflow):
    """The answer where codes do not wrap; `solve` adds the words of the proof, the witness and the
    repair's codes."""
    low, high = _strips(q, levels, overflow)
    intervals = strips.feasible_W(x, low, high)
    if intervals:
        return Solution(True, intervals, None, None, None, None)
    indices = strips.smallest_conflict(x, low, high)
    keep = strips.largest_set(x, low, high)
    change = tuple(i for i in range(len(x)) if i not in keep)
    return Solution(False, [], None, None, Proof(indices, ""), Repair(keep, change, (), ()))


def _wrapped(x, q, levels, whole):
    """The answer of ⌊x·W + B⌋ mod levels; if not whole, without what is refused once infeasibility
    is known."""
    period = levels * lcm(*(v.denominator for v in x))
    intervals = feasible_W(x, q, levels)
    if intervals:
        return Solution(True, intervals, period, _witness(x, q, levels, intervals), None, None)
    try:
        indices = conflict.smallest(x, q, levels)
        proof = Proof(indices, conflict.certificate(x, q, levels, indices))
    except ValueError:  # too many intervals on another way
        if whole:
            raise
        proof = None
    if not whole and not conflict.repairable(x):
        return Solution(False, [], period, None, proof, None)
    keep = conflict.largest_set(x, q, levels)
    kept = [x[i] for i in keep], [q[i] for i in keep]
    W, B = _witness(*kept, levels, feasible_W(*kept, levels))
    repair = Repair(
        keep,
        tuple(i for i in range(len(x)) if i not in keep),
        (W, B),
        tuple(floor(v * W + B) % levels for v in x),
    )
    return Solution(False, [], period, None, proof, repair)


def _witness(x, q, levels, intervals):
    W = simplest(*intervals[0])
    return W, simplest_in(*offsets(x, q, levels, W))


def checked(function, x, q, levels):
    """x as Fractions, q as whole numbers within the levels; or a refusal.

    >>> checked("solve", ["0.1"], [3], 8)
    ([Fraction(1, 10)], [3], 8)
    """
    levels = arrays.whole(function, "levels", levels, 1, 2**53)
    x = [arrays.exact(function, "x", v) for v in flat(function, "x", x)]
    q = [arrays.exact(function, "q", v) for v in flat(function, "q", q)]
    if not x:
        arrays.refuse(function, "x", "at least one number", "none")
    if len(x) > MAX_VALUES:
        arrays.refuse(function, "x", f"at most {MAX_VALUES} numbers", f"{len(x)}")
    if len(q) != len(x):
        arrays.refuse(function, "q", f"as many codes as x has numbers ({len(x)})", f"{len(q)}")
    for c in q:
        if c.denominator != 1 or not 0 <= c < levels:
            came = str(c) if abs(c.numerator) < 10**20 else arrays.describe(c)
            arrays.refuse(function, "q", f"whole numbers from 0 to {levels - 1}", came)
    return x, [int(c) for c in q], levels


def flat(function, name, values, depth=0):
    """The numbers of nested lists or of an array, in reading order.

    >>> flat("solve", "x", [["0.1", 2], [3]])
    ['0.1', 2, 3]
    """
    if isinstance(values, np.ma.MaskedArray):
        arrays.refuse(function, name, "numbers or lists of numbers", "a masked array", TypeError)
    if depth > 32:
        arrays.refuse(function, name, "numbers or lists of numbers", "lists in lists without end")
    if isinstance(values, np.ndarray):
        return list(values.flat)
    if isinstance(values, (list, tuple)):
        return [v for part in values for v in flat(function, name, part, depth + 1)]
    if isinstance(values, (str, int, float, Fraction, np.generic)):
        return [values]
    arrays.refuse(function, name, "numbers or lists of numbers", arrays.describe(values), TypeError)
