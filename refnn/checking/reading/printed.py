"""This module reads printed numbers, which are kept as text.

As inputs they are exact. As results they stand for the interval of half a unit of the last digit
to each side."""

import re
from fractions import Fraction

import numpy as np

from refnn import arrays
from refnn.arrays import Refused
from refnn.checking.plane.digits import flat, half_unit

EITHER = "?"  # stands for the sign of a decoder that is not printed
LEVELS_IN_PROSE = re.compile(
    r"(?:量化级别为\s*\$?|\bquantization levels?\s*(?:is |of |= ?|: ?)?\$?"
    r"|(?<![A-Za-z_\\])P\s*=\s*(?:2\^\{?\d{1,2}\}?\s*=\s*)?|(?:\\[bp]?|(?<![A-Za-z\\]))mod\s*[{(]?\s?)(\d{1,15})"
    r"(?![A-Za-z0-9_^]|[.,]\d|\s*[-+*/^]\s*[\d(]|\s*\\(?:cdot|times))"
)
LEVELS_AFTER = re.compile(r"(?<![\w.,^/-])(\d{1,15})\$?[ ~]quantization levels\b")


def levels_in(*texts):
    """Return the number of levels N that a text states, or None.

    The article writes 量化级别为N (§4.1: "the number of quantization levels is N"). English forms
    and P = N are found too.

    >>> levels_in("我们将使用量化级别为8的量化方法"), levels_in("P = 16."), levels_in("P = 2^8")
    (8, 16, None)
    """
    found = levels_said(" ".join(map(str, texts)))
    return found[0] if found else None


def levels_said(text):
    """Return every number of levels that a text states, grouped by the form of the statement.

    >>> levels_said("We use 256 quantization levels, not 8 levels; $P = 2^3 = 8$")
    [8, 256]
    """
    return [int(v) for form in (LEVELS_IN_PROSE, LEVELS_AFTER) for v in form.findall(text)]


class Claim:
    """One claim of a worked example, a dict whose numbers are read by key.

    Errors name the key.

    >>> Claim({"W": "0.5"}, "claims[0]", rounded=True).intervals("W", ())
    [(Fraction(9, 20), Fraction(11, 20))]
    """

    def __init__(self, given, where, rounded):
        self.given, self.where, self.rounded = given, where, rounded

    def exact(self, key, shape=None, spread_to=None):
        """Return the numbers under a key as an object array of Fractions.

        shape: the shape that they must have.
        spread_to: the shape that they are broadcast to."""
        where = f"{self.where}.{key}"
        values = [arrays.exact(where, v) for v in flat(where, self.given[key])]
        found = _shape(self.given[key])
        if found is None:
            raise Refused(where, "a number or a rectangular array of numbers", "a ragged list")
        if not values:
            raise Refused(where, "at least one number", "no number")
        if shape is not None and found != shape:
            raise Refused(where, f"of shape {shape}", f"shape {found}")
        a = arrays.objects(values, found)
        return a if spread_to is None else self._spread(a, where, spread_to)

    def whole(self, key, shape=None):
        """Return the numbers under a key as Fractions and refuse numbers that are not whole."""
        values = self.exact(key, shape)
        for v in values.flat:
            if v.denominator != 1:
                raise Refused(f"{self.where}.{key}", "whole numbers", arrays.describe(str(v)))
        return values

    def half(self, key, spread_to=None):
        """Return half a unit of the last printed digit of each number under a key."""
        given = self.given[key]
        values = flat(key, given)
        half = [half_unit(v) for v in values]
        fine = min((h for h in half if h), default=0)
        for i, v in enumerate(values):  # NumPy prints 0.0000 as "0.", in a list of four decimals
            if str(v).strip().endswith("."):
                half[i] = fine
        half = arrays.objects(half, _shape(given))
        return half if spread_to is None else self._spread(half, f"{self.where}.{key}", spread_to)

    def intervals(self, key, shape):
        """Return (low, high) of each input.

        Both are the number itself if inputs are exact. If inputs are rounded, they lie half a unit
        of the last digit below and above it."""
        values = self.exact(key, spread_to=shape)
        half = self.half(key, spread_to=shape).flat if self.rounded else [Fraction(0)] * values.size
        return [(v - h, v + h) for v, h in zip(values.flat, half)]

    def _spread(self, a, where, shape):
        try:
            return np.broadcast_to(a, shape)
        except ValueError:
            expected = f"a number or of a shape that broadcasts to {shape}"
            raise Refused(where, expected, f"shape {a.shape}") from None


def _shape(given):
    """Return the shape of nested lists, or None if they are ragged."""
    if isinstance(given, np.ndarray):
        return given.shape
    if not isinstance(given, (list, tuple)):
        return ()
    inner = {_shape(part) for part in given}
    if len(inner) > 1 or None in inner:
        return None
    return (len(given), *(inner.pop() if inner else ()))
