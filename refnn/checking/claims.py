"""What all kinds of claims share: printed against computed, and which mistake prints what is
printed.

A kind is a judge, claim -> (status, computed, reason), with the keys that it needs. The kinds are
in kinds_*.py, and worked_example says what each claims."""

from collections.abc import Callable
from fractions import Fraction
from numbers import Integral
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.kinds.enclosure import Enclosure, ends
from refnn.checking.plane.conflict import decimal

ROUNDED = "the printed inputs are rounded, and others that round to them might print this"
CLOSE = "the computed value is too close to the end of what the printed digits stand for"
SLACK = Fraction(1, 2**44)  # a slip may compute in floats: some 2^8 of their last places


class Kind(NamedTuple):
    """judge(claim), or judge(claim, P) if wants_P; the keys that a claim of this kind must have,
    and may have.

    >>> Kind(None, ("x", "printed")).wants_P
    False
    """

    judge: Callable
    needs: tuple
    wants_P: bool = False
    may: tuple = ()


def compare(claim, printed, half, values, possible, because, blame=lambda: ""):
    """(status, reason) of printed numbers against values, Fractions or Enclosures.

    possible() says for each entry whether some input that rounds to the printed one gives it (asked
    only where the inputs are rounded); because(i) tells entry i; blame() names the slips that print
    this.

    >>> from refnn.checking.reading.printed import Claim
    >>> as_array = lambda *v: arrays.objects([Fraction(u) for u in v], (len(v),))
    >>> compare(Claim({}, "", False), as_array("0.3", "0.4"), as_array("0.05", "0.05"), as_array("1/3", "1/3"),
    ...         None, "entry {}".format)
    ('cannot be', '1 of 2 differ: entry 1')
    """
    spans = [(p - h, p + h, *ends(v)) for p, h, v in zip(printed.flat, half.flat, values.flat)]
    if all(bottom <= low and high <= top for bottom, top, low, high in spans):
        exact = all(low == high == p for p, (_, _, low, high) in zip(printed.flat, spans))
        return ("exact" if exact and not (claim.rounded and any(half.flat)) else "as printed"), ""
    allowed = (
        possible()
        if claim.rounded
        else [low <= top and bottom <= high for bottom, top, low, high in spans]
    )
    wrong = [i for i, holds in enumerate(allowed) if not holds]
    if wrong:
        return "cannot be", f"{len(wrong)} of {len(spans)} differ: {because(wrong[0])}{blame()}"
    return "not decidable", ROUNDED if claim.rounded else CLOSE


def blame(formula, arguments, printed, half, of=np.asarray):
    """The slips of a formula that print just these numbers, as the end of a sentence; "" if none
    does.

    arguments: those of the formula; of(result): what is printed of its result.

    >>> from refnn.quantization.affine import QParams
    >>> printed, half = np.array([Fraction(0)], dtype=object), np.array([Fraction(0)], dtype=object)
    >>> blame("quantization.affine.dequantize", (np.array([5]), QParams(0.5, -5, -8, 7)), printed, half)
    "; this is what the slip 'plus_zero_point' prints: Encoding adds the zero point. What must decoding do?"
    """
    found = [
        s
        for s in CATALOGUE.values()
        if s.formula == formula and _prints(s, arguments, printed, half, of)
    ]
    if len(found) == 1:
        return f"; this is what the slip '{found[0].name}' prints: {found[0].hint}"
    names = [f"'{s.name}'" for s in found]
    return f"; the slips {', '.join(names[:-1])} and {names[-1]} print this" if found else ""


def _prints(slip, arguments, printed, half, of):
    try:
        with np.errstate(all="ignore"):
            wrong = of(slip.wrong(*arguments))
        values = [
            Fraction(int(v)) if isinstance(v, (Integral, np.bool_)) else Fraction(v)
            for v in np.ravel(wrong)
        ]
    except (
        ValueError,
        TypeError,
        ArithmeticError,
        AttributeError,
        LookupError,
    ):  # not made for such arguments
        return False
    return np.shape(wrong) == printed.shape and all(
        abs(v - p)
        <= h + (0 if h == 0 and p.denominator == 1 == v.denominator else SLACK * max(1, abs(v)))
        for v, p, h in zip(values, printed.flat, half.flat)
    )


def told(value):
    """A computed number in a few characters: exact where it is short, with its size where that does
    not show.

    >>> told(Fraction(1, 8)), told(Fraction(-445, 9)), told(Fraction(10**30, 3)), told(Enclosure(1, 2))
    ('0.125', '-445/9 (-49.4444)', 'about 3.33333333333e+29', 'about 1.5')
    """
    try:
        text = f"about {float(value):.12g}" if isinstance(value, Enclosure) else decimal(value)
        if len(text) > 24:
            return f"about {float(value):.12g}"
        return f"{text} ({float(value):.6g})" if "/" in text and len(text) > 5 else text
    except (OverflowError, ValueError):  # beyond floats, or thousands of digits
        return "a number beyond 1e308" if abs(value) > 1 else "about 0"


def as_given(values):
    """Computed numbers for a Verdict: Fractions, or the nearest floats of Enclosures, in nested
    lists.

    >>> as_given(arrays.objects([Fraction(1, 3), Enclosure(2)], (2,)))
    [Fraction(1, 3), 2.0]
    """
    return arrays.objects(
        [float(v) if isinstance(v, Enclosure) else v for v in values.flat], values.shape
    ).tolist()


def as_numbers(mask):
    """True and False as 1 and 0, also in nested lists and dicts.

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
    """Whole Fractions as an array of an integer dtype where they fit, as the formulas want their
    codes.

    >>> as_codes(arrays.objects([Fraction(3)], (1,)))
    array([3])
    """
    return np.array([int(v) for v in values.flat]).reshape(values.shape)
