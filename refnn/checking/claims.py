"""What all kinds of claims share: printed against computed, and which slip prints what is printed.

A kind is a judge, claim -> (status, computed, reason), with the keys that it needs. The kinds are
in the folder `kinds`, and `worked_example` says what each claims. A judge reads the claim, computes
the right values, and hands both to `judged`.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.checking.catalogue.explain import exact, explain
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.kinds.enclosure import Enclosure, ends

ROUNDED = "the printed inputs are rounded, and others that round to them might print this"
CLOSE = "the computed value is too close to the end of what the printed digits stand for"
SLACK = Fraction(1, 2**44)  # a slip may compute in floats: some 2^8 of their last places


class Kind(NamedTuple):
    """A kind of claim."""

    judge: Callable  # claim -> (status, computed, reason); with P after it if wants_P
    needs: tuple  # the keys that a claim of this kind must have
    wants_P: bool = False
    may: tuple = ()  # the keys that it may have


class Printed(NamedTuple):
    """What is printed: each number stands for an interval of half a unit to each side."""

    values: np.ndarray  # of Fractions
    half: np.ndarray  # of its shape; 0 for whole numbers

    def overlap(self, spans):
        """Return whether each number's interval meets its span, (low, high)."""
        return [
            low <= p + h and p - h <= high
            for (low, high), p, h in zip(spans, self.values.flat, self.half.flat)
        ]


def whole(values):
    """Return whole numbers as what is printed: each stands for itself.

    >>> whole(np.array([3, 4], dtype=object)).half
    array([0, 0], dtype=object)
    """
    return Printed(values, np.zeros_like(values))


def decimals(claim, shape):
    """Read the numbers that a claim prints, of this shape, each to its last digit.

    >>> from refnn.checking.reading.printed import Claim
    >>> decimals(Claim({"printed": ["0.3"]}, "claims[0]", rounded=False), (1,)).half
    array([Fraction(1, 20)], dtype=object)
    """
    return Printed(claim.exact("printed", shape), claim.half("printed"))


def judged(claim, printed, values, because, possible, recipe, given, of, computed=None):
    """Judge what is printed against values, Fractions or Enclosures: (status, computed, reason).

    because(i) tells entry i. possible() says of each entry whether some input that rounds to the
    printed one gives it, or None where nothing is excluded; it is asked only where inputs are
    rounded. Where it cannot be, the slips of a row of `formulas` are tried on the given arguments;
    of: the name of what is printed of their values, or a function that takes it from them all.

    >>> from refnn.checking.reading.printed import Claim
    >>> claim, given = Claim({"printed": 4}, "claims[0]", False), {"y_hat": [[1]], "y": [[3]]}
    >>> said = judged(claim, decimals(claim, ()), np.array(2), str, None, "loss", given, "J")
    >>> said[2].split(": ")[1:3]
    ["0; this is what the slip 'missing_half' prints", 'What factor stands in front of the sum?']
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
    differ = f"{len(wrong)} of {len(pairs)} differ: {because(wrong[0])}"
    return "cannot be", computed, differ + blame(slips)


def blame(slips):
    """Name the slips that print something, at the end of a sentence; "" if there is none.

    >>> blame(["missing_half", "not_squared"])
    "; the slips 'missing_half' and 'not_squared' print this"
    """
    if len(slips) == 1:
        return f"; this is what the slip '{slips[0]}' prints: {CATALOGUE[slips[0]].hint}"
    names = [f"'{name}'" for name in slips]
    return f"; the slips {', '.join(names[:-1])} and {names[-1]} print this" if slips else ""


def _same(found, printed):
    """Are the numbers that a slip gives, if any, those that are printed?"""
    if found is None or found.shape != printed.values.shape:
        return False
    triples = zip(found.flat, printed.values.flat, printed.half.flat)
    return all(abs(v - p) <= h + _slack(v, p, h) for v, p, h in triples)


def _slack(v, p, h):
    codes = h == 0 and p.denominator == 1 == v.denominator
    return 0 if codes else SLACK * max(1, abs(v))


def as_given(values):
    """Return computed numbers for a Verdict: Fractions, or the nearest floats of Enclosures.

    >>> as_given(arrays.objects([Fraction(1, 3), Enclosure(2)], (2,)))
    [Fraction(1, 3), 2.0]
    """
    return arrays.objects(
        [float(v) if isinstance(v, Enclosure) else v for v in values.flat], values.shape
    ).tolist()


def as_numbers(mask):
    """Return True and False as 1 and 0, also in nested lists and dicts.

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
    """Return whole Fractions as codes: in an array of an integer dtype, where they fit.

    >>> as_codes(arrays.objects([Fraction(3)], (1,)))
    array([3])
    """
    return np.array([int(v) for v in values.flat]).reshape(values.shape)
