"""Reading what is printed: numbers kept as text, exact as inputs, half a unit of the last digit
wide as results."""

import re
from fractions import Fraction

import numpy as np

from refnn import arrays
from refnn.checking.solver import flat

EITHER = "?"  # the sign of a decoder that is not printed
LEVELS_IN_PROSE = re.compile(
    r"(?:量化级别为\s*\$?|\bquantization levels?\s*(?:is |of |= ?|: ?)?\$?"
    r"|(?<![A-Za-z_\\])P\s*=\s*(?:2\^\{?\d{1,2}\}?\s*=\s*)?|\\[bp]?mod\s*[{(]?\s*)(\d{1,15})"
    r"(?![A-Za-z0-9_^]|[.,]\d|\s*[-+*/^]\s*[\d(]|\s*\\(?:cdot|times))"
)
LEVELS_AFTER = re.compile(r"(?<![\w.,^/-])(\d{1,15})\$?[ ~]quantization levels\b")
DIGITS = re.compile(r"[+-]?\d*(\.\d*)?([eE][+-]?\d+)?")


def half_unit(value):
    """Half a unit of the last digit of a printed number; 0 for a whole number or a fraction.

    >>> half_unit("0.30"), half_unit("3"), half_unit(0.5)
    (Fraction(1, 200), Fraction(0, 1), Fraction(1, 20))
    """
    match = DIGITS.fullmatch(str(value).strip())
    if not match or not (match[1] or match[2]):
        return Fraction(0)
    return Fraction(1, 2) * Fraction(10) ** (
        int((match[2] or "e0")[1:]) - len((match[1] or ".")[1:])
    )


def levels_in(*texts):
    """N where a text says 量化级别为N (§4.1: "the number of quantization levels is N"), or so in
    English; else None.

    >>> levels_in("我们将使用量化级别为8的量化方法"), levels_in("with P = 16."), levels_in("P = 2^8")
    (8, 16, None)
    """
    found = levels_said(" ".join(map(str, texts)))
    return found[0] if found else None


def levels_said(text):
    """Every number of levels that a text says, in the order of its forms.

    >>> levels_said("We use 256 quantization levels."), levels_said("$P = 2^3 = 8$"), levels_said("8 levels")
    ([256], [8], [])
    """
    return [int(v) for form in (LEVELS_IN_PROSE, LEVELS_AFTER) for v in form.findall(text)]


class Claim:
    """One claim of a worked example: a dict whose numbers are read by key, with refusals that name
    the key.

    >>> Claim({"W": "0.5"}, "claims[0]", rounded=True).intervals("W", ())
    [(Fraction(9, 20), Fraction(11, 20))]
    """

    def __init__(self, given, where, rounded):
        self.given, self.where, self.rounded = given, where, rounded

    def exact(self, key, shape=None, spread_to=None):
        """The numbers under a key as an object array of Fractions, of a shape or broadcast to
        one."""
        where = f"{self.where}.{key}"
        values = [arrays.exact("check", where, v) for v in flat("check", where, self.given[key])]
        found = _shape(self.given[key])
        if found is None:
            arrays.refuse(
                "check", where, "a number or a rectangular array of numbers", "a ragged list"
            )
        if not values:
            arrays.refuse("check", where, "at least one number", "none")
        if shape is not None and found != shape:
            arrays.refuse("check", where, f"of shape {shape}", f"shape {found}")
        a = arrays.objects(values, found)
        return a if spread_to is None else self._spread(a, where, spread_to)

    def whole(self, key, shape=None):
        """The same, whole numbers only; other numbers are refused."""
        values = self.exact(key, shape)
        for v in values.flat:
            if v.denominator != 1:
                arrays.refuse(
                    "check", f"{self.where}.{key}", "whole numbers", arrays.describe(str(v))
                )
        return values

    def half(self, key, spread_to=None):
        """Half a unit of the last printed digit of each number under a key."""
        half = arrays.objects(
            [half_unit(v) for v in flat("check", key, self.given[key])], _shape(self.given[key])
        )
        return half if spread_to is None else self._spread(half, f"{self.where}.{key}", spread_to)

    def intervals(self, key, shape):
        """(low, high) of each input: one number if inputs are exact, half a unit to each side if
        they are rounded."""
        values = self.exact(key, spread_to=shape)
        half = self.half(key, spread_to=shape).flat if self.rounded else [Fraction(0)] * values.size
        return [(v - h, v + h) for v, h in zip(values.flat, half)]

    def _spread(self, a, where, shape):
        try:
            return np.broadcast_to(a, shape)
        except ValueError:
            arrays.refuse(
                "check",
                where,
                f"a number or of a shape that broadcasts to {shape}",
                f"shape {a.shape}",
            )


def _shape(given):
    """The shape of nested lists, None if they are ragged; `flat` has refused lists in lists without
    end."""
    if isinstance(given, np.ndarray):
        return given.shape
    if not isinstance(given, (list, tuple)):
        return ()
    inner = {_shape(part) for part in given}
    if len(inner) > 1 or None in inner:
        return None
    return (len(given), *(inner.pop() if inner else ()))
