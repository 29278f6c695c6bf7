"""This module recomputes published numbers: right ones (vectors) and wrong ones (exhibits).

A vector is a set of published inputs and results. It passes if the library computes every printed
number to its last digit. A slip is a known mistake in a formula. A blind spot of a vector is a slip
that it does not catch: with the slip in place of the right formula, the vector still passes. An
exhibit is a vector whose printed numbers are wrong. It holds if its slip gives the printed numbers
and the library gives the right ones. The numbers are in `vectors` (the exhibits in its list
MUSEUM), and `formulas` says how each is computed.
"""

from fractions import Fraction
from functools import cache
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.checking.catalogue import explain
from refnn.checking.catalogue.vectors import MUSEUM, VECTORS, Vector
from refnn.checking.plane.digits import half_unit, line, short

# If a vector catches no slip of one of these groups, the slips of this group come first among its
# blind spots. Its source does not use the option at all (symmetry; an axis or a calibration).
NOT_ASKED = (
    "symmetric_by_one_level_more symmetric_without_abs".split(),
    "per_tensor_for_per_channel wrong_axis percentile_of_the_range calibration_ignored".split(),
)


class Recomputed(NamedTuple):
    """A vector with its verdict."""

    vector: Vector
    passed: bool
    computed: dict  # {name: nested lists of Fractions}, for all that is printed


class Shown(NamedTuple):
    """An exhibit with its verdict."""

    exhibit: Vector
    right: dict  # values by the library, as in Recomputed
    by_slip: dict | None  # values by the slip; None without a slip
    holds: bool  # True if both agree with the exhibit


def run(vectors=VECTORS):
    """Compute every vector with the library, and return a list of Recomputed in order.

    >>> found = run()
    >>> all(r.passed for r in found), [int(c) for c in found[0].computed["codes"]]
    (True, [128, 129, 130, 255, 1, 0])
    """
    found = [(v, explain.right(v.formula, given(v))) for v in vectors]
    return [Recomputed(v, *compared(v.printed, values)) for v, values in found]


def blind_spots(vector):
    """Return the names of the slips that a vector does not catch.

    >>> blind_spots(VECTORS[0])[:2]
    ('half_away_for_half_even', 'half_up_for_half_even')
    """
    tried = explain.under_each(vector.formula, given(vector))
    found = [slip for slip, values in tried.items() if compared(vector.printed, values)[0]]
    first = [slip for group in NOT_ASKED if set(group) <= set(found) for slip in group]
    return (*first, *(slip for slip in found if slip not in first))


def exhibits():
    """Compute the right numbers of every exhibit by the library, and the printed ones by its slip.

    >>> next(shown.by_slip for shown in exhibits() if shown.exhibit.slip == "wrap_for_saturate")
    {'codes': Fraction(80, 1)}
    """
    out = []
    for e in MUSEUM:
        holds, right = compared(e.right, explain.right(e.formula, given(e)))
        by_slip = None
        if e.slip:
            values = explain.under(e.slip, e.formula, given(e))
            printed, by_slip = compared(e.printed, values)
            holds = holds and printed
        out.append(Shown(e, right, by_slip, holds))
    return out


def compared(printed, values):
    """Return (True if all that is printed agrees with these values, the exact values of it).

    A slip may compute nothing; the result is then (False, {}).

    >>> compared({"codes": "1 0.3"}, {"codes": [1, 0.25], "scale": 2})
    (True, {'codes': [Fraction(1, 1), Fraction(1, 4)]})
    """
    found = {name: explain.exact(values[name]) for name in printed} if values else {}
    if not values or any(v is None for v in found.values()):
        return False, {}
    computed = {name: v.tolist() for name, v in found.items()}
    return all(_agrees(p, found[name]) for name, p in printed.items()), computed


def _agrees(printed, values):
    """Return True if the shapes agree and each value rounds to the printed digits.

    A value may differ by half a unit of the last digit, but a printed whole number must be exact.
    """
    words = np.array(_words(printed), dtype=object)
    pairs = zip(map(_interval, words.flat), values.flat)
    return words.shape == values.shape and all(low <= v <= high for (low, high), v in pairs)


@cache
def _interval(word):
    value, half = Fraction(word), half_unit(word)
    return value - half, value + half


# --- from text to numbers and back ----------------------------------------------------------------


def given(vector):
    """Return the inputs of a vector as numbers of its dtype.

    Whole numbers and flags that are not given as text stay as they are.

    >>> given(VECTORS[0])["x"][:2]
    array([Fraction(0, 1), Fraction(2, 1)], dtype=object)
    """
    return {name: _given(value, vector.dtype) for name, value in vector.inputs.items()}


def _given(value, dtype):
    if not isinstance(value, (str, list)):
        return value
    words = np.array(_words(value), dtype=object)
    numbers = arrays.objects([Fraction(w) for w in words.flat], words.shape)
    if dtype == "exact":
        return numbers
    a = arrays.double("inputs", numbers)
    single = a.astype(np.float32)
    return {"float32": single, "float32 data": single.astype(np.float64)}.get(dtype, a)


def _words(printed):
    """Split rows of text into nested lists of words."""
    if isinstance(printed, list):
        return [_words(row) for row in printed]
    words = printed.split() if isinstance(printed, str) else [printed]
    return words if len(words) > 1 else words[0]


def text_of(numbers):
    """Write printed or computed numbers in one line, with six digits and a slash between rows.

    >>> text_of(["0 0.5", "1 2"]), text_of([[Fraction(1, 3)], [Fraction(2)]])
    ('0 0.5 / 1 2', '0.333333 / 2')
    """
    if isinstance(numbers, list) and any(" " in str(row) for row in numbers):
        numbers = [str(row).split() if isinstance(row, str) else row for row in numbers]
    return line(numbers, lambda v: short(v) if isinstance(v, Fraction) else str(v))
