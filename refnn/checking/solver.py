"""This module finds all (W, B) that give the codes by ⌊x·W + B⌋ mod P.

The answer is exact, because all numbers are fractions. If no (W, B) gives the codes, the module
proves it, and says how few codes must change. `circle` holds the geometry, and `conflict` the
proofs and repairs. Codes that saturate (are clipped to 0..P − 1) or have no limit lead to strips in
the plane instead of arcs on a circle (`strips`). Other roundings are the same question with another
B, and with −x where they round up:

    ceil         ⌈t⌉ = −⌊−t⌋
    half_up      ⌊t + ½⌋
    half_down    ⌈t − ½⌉
    half_even, half_away: like half_up, but a (W, B) that makes a tie is not searched
"""

from fractions import Fraction
from math import floor, inf, lcm
from typing import NamedTuple

from refnn import arrays
from refnn.arrays import Refused
from refnn.checking.plane import circle, conflict, digits, strips
from refnn.checking.plane.circle import simplest, simplest_in
from refnn.quantization import rounding as rules
from refnn.validation import choice, takes

MAX_VALUES = 200
ROUNDINGS = ("floor", "ceil", "half_up", "half_down", "half_even", "half_away")
OVERFLOWS = ("wrap", "saturate", "none")
UP = ("ceil", "half_down")  # solved with −x
TIES = ("half_even", "half_away")  # a (W, B) that makes a tie is not searched


class Proof(NamedTuple):
    """The reason why no (W, B) gives the codes.

    >>> solve([0.4, 0.5, 0.6], [3, 4, 1], levels=8).proof.indices
    (0, 1, 2)
    """

    # Flat positions whose codes no (W, B) gives together. If any one entry is left out, some (W, B)
    # gives the others.
    indices: tuple
    reason: str


class Repair(NamedTuple):
    """The smallest change of the codes after which some (W, B) gives them.

    >>> solve([0.4, 0.5, 0.6], [3, 4, 1], levels=8).repair.change
    (2,)
    """

    keep: tuple  # a largest set of flat positions whose codes one (W, B) gives
    change: tuple  # the other positions
    witness: tuple  # this (W, B)
    codes: tuple  # all codes that it gives


class Solution(NamedTuple):
    """All W for which some B gives the codes, or a proof that there is none, and a repair.

    >>> solve(["0.1"], [3], levels=8).period
    80
    """

    feasible: bool
    intervals: list  # maximal open (low, high) of W, in one period if codes wrap; or []
    period: int | None  # of W; None if codes do not wrap
    witness: tuple | None  # one (W, B) that gives the codes
    proof: Proof | None  # None if feasible
    repair: Repair | None  # None if feasible


# --- the arguments --------------------------------------------------------------------------------


def LEVELS(name, levels, arguments):
    """Accept a number of levels. It is not checked if codes have no limit."""
    unlimited = arguments.get("overflow") == "none"
    return levels if unlimited else arrays.whole(name, levels, 1, 2**53)


def SOME(name, x, arguments):
    """Accept from 1 to 200 numbers, read as they are printed."""
    x = digits.NUMBERS(name, x, arguments)
    if not x:
        raise Refused(name, "at least one number", "none")
    if len(x) > MAX_VALUES:
        raise Refused(name, f"at most {MAX_VALUES} numbers", f"{len(x)}")
    return x


def CODES(name, q, arguments):
    """Accept one code for each number of x, from 0 to levels − 1 unless codes have no limit."""
    q, n, levels = digits.NUMBERS(name, q, arguments), len(arguments["x"]), arguments["levels"]
    if len(q) != n:
        raise Refused(name, f"one code for each number of x ({n})", f"{len(q)}")
    unlimited = arguments.get("overflow") == "none"
    for c in q:
        if c.denominator != 1 or not (unlimited or 0 <= c < levels):
            came = str(c) if abs(c.numerator) < 10**20 else arrays.describe(c)
            span = "" if unlimited else f" from 0 to {levels - 1}"
            raise Refused(name, f"whole numbers{span}", came)
    return [int(c) for c in q]


QUESTION = {"levels": LEVELS, "x": SOME, "q": CODES}
RULE = {"rounding": choice(*ROUNDINGS), "overflow": choice(*OVERFLOWS)}


# --- the answers ----------------------------------------------------------------------------------


@takes(**RULE, **QUESTION)
def solve(x, q, levels, rounding="floor", overflow="wrap"):
    """Find all W for which some B gives ⌊x·W + B⌋ mod levels = q, or prove that there is none.

    If there is none, the Solution holds a proof and the smallest repair.

    x holds Fractions, whole numbers, decimal strings, or floats, which are read as the decimal they
    print. q holds codes 0..levels − 1. Nested lists are flattened. ValueError is raised for more
    than 200 values, and if more than 10^6 intervals would be needed.

    rounding is floor, ceil, half_up, half_down, half_even or half_away. For the last two, only
    those (W, B) are searched for which no x·W + B is a tie, and feasible, proof and repair are
    about these alone. For example, W = 1, B = 0 gives 0 2 2 for 0.5, 1.5, 2.5 by half_even, but is
    not found. overflow is wrap (mod), saturate (codes are clipped to 0..levels − 1) or none (codes
    are any whole numbers, and levels is not used).

    >>> solve(["0.1", "0.2", "0.3"], [0, 1, 2], levels=8)[:4]
    (True, [(Fraction(5, 1), Fraction(15, 1))], 80, (Fraction(6, 1), Fraction(1, 3)))
    >>> solve([0.4, 0.5, 0.6], [3, 4, 1], levels=8).proof.indices
    (0, 1, 2)
    >>> solve([0.4, 0.5, 0.6], [3, 4, 4], levels=5, overflow="saturate").intervals
    [(Fraction(0, 1), inf)]
    """
    turned, codes, back = _as_floor(x, q, levels, rounding, overflow)
    wraps = overflow == "wrap"
    found = _wrapped(turned, codes, levels) if wraps else _straight(turned, codes, levels, overflow)
    if rounding == "floor" and wraps:
        return found

    def pair(x, q, intervals=()):
        plane, *given = _plane(x, q, levels, overflow)
        W = simplest(*(intervals or plane.feasible_W(*given))[0])
        B = back(simplest(*plane.offsets(*given, W)))  # inside the range of B no tie occurs
        return W, B - levels * round(B / levels) if wraps else B

    if found.feasible:
        return found._replace(witness=pair(turned, codes, found.intervals))
    at, kept = found.proof.indices, found.repair.keep
    _, *given = _plane(x, q, levels, overflow)  # the proof speaks of the given x and q
    words = conflict.certificate if wraps else conflict.straight_certificate
    proof = Proof(at, words(*given, at) if wraps else words(x, q, *given[1:], at))
    W, B = pair([turned[i] for i in kept], [codes[i] for i in kept])
    printed = tuple(code_of(v * W + B, levels, rounding, overflow) for v in x)
    return found._replace(proof=proof, repair=found.repair._replace(witness=(W, B), codes=printed))


@takes(**QUESTION)
def decide(x, q, levels):
    """Decide with floor and mod whether some (W, B) gives q, even if no repair can be found.

    Where x is too finely spaced for a repair (or a proof), `solve` raises ValueError. Here the
    repair (or the proof) is None instead.

    >>> found = decide(["0.5", "0.6", "0.7", *["0.000001"] * 5], [3, 4, *[0] * 6], levels=8)
    >>> found.feasible, found.proof.indices, found.repair
    (False, (0, 1, 2), None)
    """
    return _wrapped(x, q, levels, whole=False)


@takes(**RULE, W=lambda name, W, arguments: arrays.exact(name, W), **QUESTION)
def range_of_B(x, q, levels, W, rounding="floor", overflow="wrap"):
    """Return (low, high), the range of B that give q with this W, or None if there is none.

    All B strictly between low and high give q. With some roundings low or high itself, or both,
    give q too. Where codes wrap, B repeats after `levels`, and the range nearest 0 is returned. If
    codes saturate, low may be −inf and high may be inf.

    >>> range_of_B(["0.1", "0.2", "0.3"], [0, 1, 2], 8, W=10)
    (Fraction(-1, 1), Fraction(0, 1))
    """
    turned, codes, back = _as_floor(x, q, levels, rounding, overflow)
    plane, *given = _plane(turned, codes, levels, overflow)
    found = plane.offsets(*given, W)
    if found is None:
        return None
    low, high = sorted(map(back, found))
    turns = levels * round((low + high) / 2 / levels) if overflow == "wrap" else 0
    return low - turns, high - turns


def code_of(t, levels, rounding, overflow):
    """Return the code of a Fraction t = x·W + B by this rounding and this overflow.

    >>> [code_of(Fraction(17, 2), 8, "half_up", overflow) for overflow in OVERFLOWS]
    [1, 7, 9]
    """
    q = int(getattr(rules, rounding)(t))
    if overflow == "wrap":
        return q % levels
    return min(max(q, 0), levels - 1) if overflow == "saturate" else q


def repair_text(repair):
    """Say a Repair in words.

    >>> print(repair_text(solve([0.4, 0.5, 0.6], [3, 4, 1], levels=8).repair).replace(". ", ".\\n"))
    at least 1 of the 3 codes must be changed.
    If entry 3 is changed, W = 1, B = 3.5 gives 3 4 4
    """
    keep, change = len(repair.keep), len(repair.change)
    numbers = ", ".join(str(i + 1) for i in repair.change)
    entries = f"entry {numbers} is" if change == 1 else f"entries {numbers} are"
    return (
        f"at least {change} of the {keep + change} codes must be changed. "
        f"If {entries} changed, {digits.pair(*repair.witness)} gives {digits.line(repair.codes)}"
    )


def _as_floor(x, q, levels, rounding, overflow):
    """Return (x, q) of the same question with floor, and a function that converts its B back."""
    half = Fraction(rounding not in ("floor", "ceil"), 2)
    if rounding not in UP:
        return x, q, lambda B: B - half
    top = 0 if overflow == "none" else levels - 1  # ⌊−t⌋ = −q; adding top gives codes 0..levels − 1
    return [-v for v in x], [top - c for c in q], lambda B: top - B + half


def _plane(x, q, levels, overflow):
    """Return the module of the geometry, and the arguments of its functions.

    If codes saturate, the strip of the lowest and of the highest code has one side only.
    """
    if overflow == "wrap":
        return circle, x, q, levels
    ends = overflow == "saturate"
    low = [-inf if ends and c == 0 else Fraction(c) for c in q]
    high = [inf if ends and c == levels - 1 else Fraction(c + 1) for c in q]
    return strips, x, low, high


def _straight(x, q, levels, overflow):
    """Solve the question where codes do not wrap.

    `solve` adds the reason in words, the witness and the codes.
    """
    _, *given = _plane(x, q, levels, overflow)
    intervals = strips.feasible_W(*given)
    if intervals:
        return Solution(True, intervals, None, None, None, None)
    keep, proof = strips.largest_set(*given), Proof(strips.smallest_conflict(*given), "")
    return Solution(False, [], None, None, proof, Repair(keep, _others(x, keep), (), ()))


def _wrapped(x, q, levels, whole=True):
    """Solve the question where codes wrap.

    With whole=False a proof or a repair that would be refused is None.
    """
    period = levels * lcm(*(v.denominator for v in x))
    intervals = circle.feasible_W(x, q, levels)
    if intervals:
        return Solution(True, intervals, period, _witness(x, q, levels, intervals), None, None)
    try:
        indices = conflict.smallest(x, q, levels)
        proof = Proof(indices, conflict.certificate(x, q, levels, indices))
    except ValueError:  # this search may need more intervals than the one before
        if whole:
            raise
        proof = None
    if not whole and not conflict.repairable(x):
        return Solution(False, [], period, None, proof, None)
    keep = conflict.largest_set(x, q, levels)
    kept = [x[i] for i in keep], [q[i] for i in keep], levels
    W, B = _witness(*kept, circle.feasible_W(*kept))
    codes = tuple(floor(v * W + B) % levels for v in x)
    return Solution(False, [], period, None, proof, Repair(keep, _others(x, keep), (W, B), codes))


def _others(x, keep):
    return tuple(i for i in range(len(x)) if i not in keep)


def _witness(x, q, levels, intervals):
    W = simplest(*intervals[0])
    return W, simplest_in(*circle.offsets(x, q, levels, W))
