"""Published numbers, recomputed: vectors that hold, and a museum of slips that were printed once.

A vector passes if every printed number is what the library computes, to its last digit. Its blind
spot is computed too: each slip of the catalogue is put in place of its formula, and those under
which the vector still passes are what it cannot tell apart. An exhibit is a vector whose printed
numbers are wrong: the slip must print them, the library the right ones. The numbers themselves are
in `vectors` and `museum`, how each is computed in `formulas`."""

import importlib
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.checking.catalogue.formulas import FORMULAS
from refnn.checking.catalogue.museum import MUSEUM, Exhibit
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.catalogue.vectors import VECTORS, Vector
from refnn.checking.reading.printed import half_unit


class Recomputed(NamedTuple):
    """A vector with its verdict: passed, and computed, {name: nested lists of Fractions} of all
    that is printed.
    >>> Recomputed._fields
    ('vector', 'passed', 'computed')"""

    vector: Vector
    passed: bool
    computed: dict


class Shown(NamedTuple):
    """An exhibit: right and by_slip, computed as above (None without a slip); holds: both are as
    the exhibit says.
    >>> Shown._fields
    ('exhibit', 'right', 'by_slip', 'holds')"""

    exhibit: Exhibit
    right: dict
    by_slip: dict | None
    holds: bool


def run(vectors=VECTORS):
    """Every vector recomputed by the library, in order: a list of Recomputed.

    >>> found = run()
    >>> all(r.passed for r in found), [int(c) for c in found[0].computed["codes"]]
    (True, [128, 129, 130, 255, 1, 0])
    """
    return [Recomputed(v, *_judged(v.formula, v.inputs, v.dtype, v.printed)) for v in vectors]


def blind_spots(vector):
    """The names of the slips that the vector does not catch: those under which it still passes, in
    catalogue order.

    >>> blind_spots(VECTORS[0])[:2]
    ('half_away_for_half_even', 'half_up_for_half_even')
    """
    return tuple(
        slip.name
        for slip in slips_of(vector)
        if _judged(
            vector.formula, vector.inputs, vector.dtype, vector.printed, {slip.formula: slip.wrong}
        )[0]
    )


def slips_of(vector):
    """All slips of the formulas that a vector goes through.

    >>> [s.name for s in slips_of(VECTORS[4])][:2]
    ['plus_zero_point', 'divide_by_scale']
    """
    return [slip for slip in CATALOGUE.values() if slip.formula in FORMULAS[vector.formula][1]]


def exhibits():
    """Every exhibit of the museum recomputed: the right numbers by the library, the printed ones by
    the slip.

    >>> next(shown.by_slip for shown in exhibits() if shown.exhibit.slip == "wrap_for_saturate")
    {'codes': Fraction(80, 1)}
    """
    out = []
    for e in MUSEUM:
        holds, right = _judged(e.formula, e.inputs, e.dtype, e.right)
        by_slip = None
        if e.slip:
            slip = CATALOGUE[e.slip]
            reproduced, by_slip = _judged(
                e.formula, e.inputs, e.dtype, e.printed, {slip.formula: slip.wrong}
            )
            holds = holds and reproduced
        out.append(Shown(e, right, by_slip, holds))
    return out


def _judged(formula, inputs, dtype, printed, planted=None):
    """(does all that is printed agree, what is computed of it); planted: {formula: the function in
    its place}."""

    def call(name):
        module, function = name.rsplit(".", 1)
        return (planted or {}).get(name) or getattr(
            importlib.import_module(f"refnn.{module}"), function
        )

    try:
        with np.errstate(all="ignore"):
            computed = FORMULAS[formula][0](call, {k: _given(v, dtype) for k, v in inputs.items()})
            computed = {name: _fractions(computed[name]) for name in printed}
    except (ValueError, TypeError, ZeroDivisionError, IndexError, OverflowError, AttributeError):
        if not planted:
            raise
        return False, {}  # a slip may not even run
    return all(_agrees(p, computed[name]) for name, p in printed.items()), computed


# --- from text to numbers and back
# -----------------------------------------------------------------------------------


def _words(printed):
    """Nested lists of words from rows of text."""
    if isinstance(printed, list):
        return [_words(row) for row in printed]
    words = printed.split() if isinstance(printed, str) else [printed]
    return words if len(words) > 1 else words[0]


def _given(value, dtype):
    """An input as an array in the arithmetic of the vector; whole numbers and flags that are no
    text as they are."""
    if not isinstance(value, (str, list)):
        return value
    words = np.array(_words(value), dtype=object)
    exact = arrays.objects([Fraction(w) for w in words.flat], words.shape)
    if dtype == "exact":
        return exact
    a = arrays.double("published", "inputs", exact)
    return {
        "float32": a.astype(np.float32),
        "float32 data": a.astype(np.float32).astype(np.float64),
    }.get(dtype, a)


def _fractions(value):
    """Nested lists of the exact values."""
    a = np.asarray(value)
    exact = [v if isinstance(v, Fraction) else Fraction(v) for v in a.ravel().tolist()]
    return arrays.objects(exact, a.shape).tolist()


def _agrees(printed, computed):
    """Each number within half a unit of the last printed digit, a whole number exactly, and of the
    same shape."""
    words = np.array(_words(printed), dtype=object)
    values = np.array(computed, dtype=object)
    return words.shape == values.shape and all(
        abs(v - Fraction(w)) <= half_unit(w) for w, v in zip(words.flat, values.flat)
    )


def text_of(numbers):
    """Printed or computed numbers in a line, computed ones to six digits, rows parted by a slash.

    >>> text_of(["0 0.5", "1 2"]), text_of([[Fraction(1, 3)], [Fraction(2)]])
    ('0 0.5 / 1 2', '0.333333 / 2')
    """

    def word(value):
        return f"{float(value):.6g}" if isinstance(value, Fraction) else str(value)

    if isinstance(numbers, list):
        rows = any(isinstance(row, list) or " " in str(row) for row in numbers)
        return (" / " if rows else " ").join(map(text_of, numbers))
    return word(numbers)
