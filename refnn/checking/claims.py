"""This module compares printed numbers with the right ones, for every kind of claim.

A claim says that a formula gives certain printed numbers. Each kind of claim has a judge, a
function claim -> (status, computed, reason), and a list of the keys that it needs. The judge reads
the claim and computes the right values. Then `judged` compares them with the printed ones, and
names the slips (known mistakes in a formula) that give exactly what is printed. The kinds are in
the folder `kinds`, and `worked_example` says what each of them claims.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.checking.catalogue.explain import exact, explain
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.kinds.enclosure import Enclosure, ends

ROUNDED = "The printed inputs are rounded. Other inputs that round to them might print this"
CLOSE = "The computed value is too close to an end of the interval of the printed digits"
SLACK = Fraction(1, 2**44)  # room for a slip that computes in floats: 2^8 units in the last place


class Kind(NamedTuple):
    """What the library knows of one kind of claim."""

    judge: Callable  # (claim), or (claim, P) if wants_P, -> (status, computed, reason)
    needs: tuple  # the keys that a claim of this kind must have
    wants_P: bool = False
    may: tuple = ()  # further keys that it may have


class Printed(NamedTuple):
    """Printed numbers, each of which stands for an interval.

    The interval extends by half a unit of the last printed digit to each side.
    """

    values: np.ndarray  # of Fractions
    half: np.ndarray  # half a unit each, in the shape of values; 0 for whole numbers

    def overlap(self, spans):
        """Return True for each number whose interval meets its span (low, high), else False."""
        return [
            low <= p + h and p - h <= high
            for (low, high), p, h in zip(spans, self.values.flat, self.half.flat)
        ]


def whole(values):
    """Return whole numbers as Printed, with intervals of width 0.

    >>> whole(np.array([3, 4], dtype=object)).half
    array([0, 0], dtype=object)
    """
    return Printed(values, np.zeros_like(values))


def decimals(claim, shape):
    """Read the numbers that a claim prints, as Printed of this shape.

    >>> from refnn.checking.reading.printed import Claim
    >>> decimals(Claim({"printed": ["0.3"]}, "claims[0]", rounded=False), (1,)).half
    array([Fraction(1, 20)], dtype=object)
    """
    return Printed(claim.exact("printed", shape), claim.half("printed"))


def judged(claim, printed, values, because, possible, recipe, given, of, computed=None):
    """Compare printed numbers with the right ones, and return (status, computed, reason).

    values are the right numbers, as Fractions or Enclosures. because(i) explains entry i in words.
    possible() is called only if the inputs are rounded. It says for each entry whether some input
    that rounds to the printed one gives the printed number, or returns None if it excludes nothing.
    If an entry cannot be right, the slips of the formula `recipe` (a row of `formulas`) are tried
    on the arguments `given`. `of` names the result of the formula that is printed, or is a function
    that takes it out of all results.

    >>> from refnn.checking.reading.printed import Claim
    >>> claim, given = Claim({"printed": 4}, "claims[0]", False), {"y_hat": [[1]], "y": [[3]]}
    >>> said = judged(claim, decimals(claim, ()), np.array(2), str, None, "loss", given, "J")
    >>> print(said[2].replace(". ", ".\\n"))
    1 of 1 printed values is wrong: 0.
    The slip 'missing_half', a known mistake, gives exactly this.
    Hint: What factor stands in front of the sum?
    """
    computed = as_given(values) if computed is None else computed
    bounds = [ends(v) for v in values.flat]
    pairs = list(zip(bounds, printed.values.flat, printed.half.flat))
    if all(p - h <= low and high <= p + h for (low, high), p, h in pairs):
        exactly = all(low == high == p for (low, high), p, _ in pairs)
        exactly = exactly and not (claim.rounded and any(printed.half.flat))
        return "exact" if exactly else "as printed", computed, ""
    allowed = possible() if claim.rounded else printed.overlap(bounds)
    wrong = [i for i, holds in enumerate(allowed or ()) if not holds]
    if not wrong:
        return "not decidable", computed, ROUNDED if claim.rounded else CLOSE

    def same(values, printed):
        return _same(exact(of(values) if callable(of) else values[of]), printed)

    slips = explain(recipe, given, printed, same)
    verb = "is" if len(wrong) == 1 else "are"
    differ = f"{len(wrong)} of {len(pairs)} printed values {verb} wrong: {because(wrong[0])}"
    return "cannot be", computed, differ + blame(slips)


def blame(slips):
    """Name the slips that give the printed numbers, as sentences after another one.

    The result is "" if there is no slip.

    >>> blame(["missing_half", "not_squared"])
    ". The slips 'missing_half' and 'not_squared', known mistakes, give exactly this"
    """
    if len(slips) == 1:
        slip = f". The slip '{slips[0]}', a known mistake, gives exactly this"
        return f"{slip}. Hint: {CATALOGUE[slips[0]].hint}"
    names = [f"'{name}'" for name in slips]
    both = f"{', '.join(names[:-1])} and {names[-1]}" if slips else ""
    return f". The slips {both}, known mistakes, give exactly this" if slips else ""


def _same(found, printed):
    """Return True if the slip gives numbers, and they are those that are printed."""
    if found is None or found.shape != printed.values.shape:
        return False
    triples = zip(found.flat, printed.values.flat, printed.half.flat)
    return all(abs(v - p) <= h + _slack(v, p, h) for v, p, h in triples)


def _slack(v, p, h):
    codes = h == 0 and p.denominator == 1 == v.denominator
    return 0 if codes else SLACK * max(1, abs(v))


def as_given(values):
    """Return computed numbers for a Verdict, with Enclosures replaced by the nearest floats.

    >>> as_given(arrays.objects([Fraction(1, 3), Enclosure(2)], (2,)))
    [Fraction(1, 3), 2.0]
    """
    return arrays.objects(
        [float(v) if isinstance(v, Enclosure) else v for v in values.flat], values.shape
    ).tolist()


def as_numbers(mask):
    """Return a mask with 1 for True and 0 for False, also in nested lists and dicts.

    >>> as_numbers([[True, False], ["1", 0]])
    [[1, 0], ['1', 0]]
    """
    if isinstance(mask, np.ndarray):
        mask = mask.tolist()
    if isinstance(mask, dict):
        return {key: as_numbers(part) for key, part in mask.items()}
    if isinstance(mask, (list, tuple)):
        return [as_numbers(part) for part in mask]
    return int(mask) if isinstance(mask, bool) else mask


def as_codes(values):
    """Return whole Fractions as codes, in an array of an integer dtype if they fit.

    >>> as_codes(arrays.objects([Fraction(3)], (1,)))
    array([3])
    """
    return np.array([int(v) for v in values.flat]).reshape(values.shape)
