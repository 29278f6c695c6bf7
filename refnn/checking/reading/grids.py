"""This module chooses what a text states of the grid of one group of numbers.

A value counts if it is the only one: for the tensor by name, else in the section of the numbers,
else in the whole text. If there are two different values, none is used, and a note names their
lines."""

from bisect import bisect_right
from fractions import Fraction

from refnn.checking.plane.digits import half_unit, significant

WORDS = {"zero_point": "zero point", "symmetric": "symmetry", "signed": "sign", "range": "range"}


class Stated:
    """The statements of a text. `one` finds the value that counts for a key.

    >>> from refnn.checking.reading.statements import stated
    >>> both = Stated(stated(["S = 0.5"], 1) + stated(["S = 0.25"], 9), sections=[5])
    >>> both.one("scale", "", 12).value, Stated(both.statements, []).one("scale", "", 12)
    ('0.25', None)
    """

    def __init__(self, statements, sections):
        self.statements, self.sections = statements, sections  # the lines of the headings
        self.notes = {}  # (line, sentence) of each key of which no value is used

    def one(self, key, base, line):
        """Return the statement of a key that counts for a group at a line, or None."""
        found = [s for s in self.statements if s.key == key]
        found = [s for s in found if s.value != "fp8"] or found  # "FP8 E4M3" says more
        found = [s for s in found if not s.typed] or found
        found = [s for s in found if "/" not in str(s.value)] or found
        named = [s for s in found if base and s.base == base]
        found = named or [s for s in found if not s.base] or found
        here = bisect_right(self.sections, line)
        near = [s for s in found if bisect_right(self.sections, s.line) == here]
        found = near or found
        values = _distinct(found)
        if len(values) == 1:
            return max(
                (s for s in found if s.value == values[0].value), key=lambda s: len(s.source)
            )
        if values:
            self._refuse(key, values)
        return None

    def speaks_of(self, key):
        """Return True if the text states a key at all, even if no value of it is used."""
        return any(s.key == key for s in self.statements)

    def are_floats(self):
        """Return True if the text states a float format such as FP8, and nothing of integers."""
        return self.speaks_of("format") and not (
            self.speaks_of("zero_point") or self.speaks_of("signed")
        )

    def _refuse(self, key, values):
        lines = " and ".join(dict.fromkeys(f"line {s.line}" for s in values[:4]))
        said = ", ".join(_text(s.value) for s in values[:4])
        word = WORDS.get(key, key)
        sentence = f"{lines}: {len(values)} values of the {word} are stated ({said})"
        self.notes[key] = (values[0].line, f"{sentence}, and none of them is used.")


def _text(value):
    if isinstance(value, tuple) and isinstance(value[0], int):
        return f"{value[0]} to {value[1]}"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _is_number(value):
    return isinstance(value, str) and value[-1:].isdigit() and value[:1] in "+-.0123456789"


def _distinct(found):
    """Return one statement for each value. Of a number and its rounding, the longer is kept."""
    kept = []
    for s in sorted(found, key=lambda s: -len(str(s.value))):
        if len(kept) > 3:
            break
        if not any(_agree(s.value, other.value) for other in kept):
            kept.append(s)
    return sorted(kept, key=lambda s: s.line)


def _agree(value, other):
    """Return True if two values are equal, or if the first is a rounded form of the other."""
    if value == other or not (_is_number(value) and _is_number(other)):
        return value == other
    difference = abs(Fraction(value) - Fraction(other))
    return difference == 0 or (significant(value) > 1 and difference <= half_unit(value))
