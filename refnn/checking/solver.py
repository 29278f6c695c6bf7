"""Which (W, B) can print these codes by ⌊x·W + B⌋ mod P? Exact, over the rationals; if none, which digits are to blame.

`circle` holds the geometry, `conflict` what is said when there is no solution; here they become one answer.
"""

from fractions import Fraction
from math import floor, lcm
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.checking import conflict
from refnn.checking.circle import feasible_W, offsets, simplest, simplest_in

MAX_VALUES = 200


class Proof(NamedTuple):
    """indices: flat positions that no (W, B) prints together, though any one of them can be left out; reason: why.

    >>> solve([0.4, 0.5, 0.6], [3, 4, 1], levels=8).proof.indices
    (0, 1, 2)
    """

    indices: tuple
    reason: str


class Repair(NamedTuple):
    """keep: a largest set of flat positions that one pair prints; change: the others; the pair; all codes it prints.

    >>> solve([0.4, 0.5, 0.6], [3, 4, 1], levels=8).repair.change
    (2,)
    """

    keep: tuple
    change: tuple
    witness: tuple
    codes: tuple


class Solution(NamedTuple):
    """feasible; intervals: the maximal open intervals (low, high) of W in one period, or []; period; witness (W, B) or
    None; proof and repair: None if feasible.

    >>> solve(["0.1"], [3], levels=8).period
    80
    """

    feasible: bool
    intervals: list
    period: int
    witness: tuple | None
    proof: Proof | None
    repair: Repair | None


def solve(x, q, levels):
    """All W for which some B gives ⌊x·W + B⌋ mod levels = q; or why there is none, and how little must change.

    x: Fractions, whole numbers, decimal strings, or floats read as the decimal they print; q: codes 0..levels − 1;
    nested lists are flattened. At most 200 values, and 10^6 intervals on the way: ValueError beyond.

    >>> solve(["0.1", "0.2", "0.3"], [0, 1, 2], levels=8)[:4]
    (True, [(Fraction(5, 1), Fraction(15, 1))], 80, (Fraction(6, 1), Fraction(1, 3)))
    >>> solve([0.4, 0.5, 0.6], [3, 4, 1], levels=8).proof.indices
    (0, 1, 2)
    """
    x, q, levels = checked("solve", x, q, levels)
    period = levels * lcm(*(v.denominator for v in x))
    intervals = feasible_W(x, q, levels)
    if intervals:
        return Solution(True, intervals, period, _witness(x, q, levels, intervals), None, None)
    indices = conflict.smallest(x, q, levels)
    proof = Proof(indices, conflict.certificate(x, q, levels, indices))
    keep = conflict.largest_set(x, q, levels)
    kept = [x[i] for i in keep], [q[i] for i in keep]
    W, B = _witness(*kept, levels, feasible_W(*kept, levels))
    repair = Repair(keep, tuple(i for i in range(len(x)) if i not in keep), (W, B),
                    tuple(floor(v * W + B) % levels for v in x))
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
