"""A task: a function that an assignment asks for, which formula of refnn it is, and its cases.

A task draws its cases from a Generator. The right answers come from refnn, and the wrong ones, for
hints, from the catalogue of slips; both are called, never copied.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from refnn.checking.catalogue import explain
from refnn.checking.catalogue.formulas import formula


class Task(NamedTuple):
    """A function that the student writes."""

    function: str  # its name
    formula: str | Callable  # "module.function" below refnn; or the right function, without slips
    points: int  # of the case that is shown in the notebook; a hidden case has one
    shown: tuple  # the formula's arguments in that case
    draw: Callable  # a Generator -> {name: the formula's arguments} of the hidden cases
    give: Callable = lambda *arguments: arguments  # the formula's arguments -> the student's
    result: Callable = lambda value: value  # what the formula returns -> what the student's must
    plain: Callable = lambda *arguments: True  # the arguments -> whether they use no option
    unasked: tuple = ()  # slips of options that the student's function does not have

    def right(self, arguments):
        """Return what refnn's own formula gives."""
        by = self.formula if callable(self.formula) else formula(self.formula)
        return self.result(by(*arguments))

    def slips(self):
        """Return the slips that apply, {name: function}."""
        slips = explain.slips_of(self.formula).items()
        return {name: slip for name, slip in slips if name not in self.unasked}

    def hidden_points(self):
        """Return the points of the hidden cases: one each."""
        return len(self.draw(np.random.default_rng(0)))


def same(got, expected):
    """Is a returned value the expected one? Of its form (tuples, shape); whole numbers, masks and
    fractions exactly, floats to 2^-30 of the largest, or of 1: of at most 2^10 products below 2^13,
    each rounded by 2^-53 of itself.

    >>> import numpy as np
    >>> same([[1.0, 2.0]], np.array([[1, 2]])), same(np.array([1.0, 2.0]), np.array([[1, 2]]))
    (True, False)
    >>> same("1", 1)
    False
    """
    from numbers import Real

    import numpy as np

    if isinstance(expected, tuple):
        alike = isinstance(got, (tuple, list)) and len(got) == len(expected)
        return alike and all(map(same, got, expected))
    try:
        got, expected = np.asarray(got), np.asarray(expected)
        objects = got.flat if got.dtype == object else ()
        real = all(isinstance(v, (Real, np.bool_)) for v in objects)
        if got.shape != expected.shape or got.dtype.kind not in "biufO" or not real:
            return False
        if expected.dtype.kind == "f":
            with np.errstate(all="ignore"):
                far = np.abs(got.astype(float) - expected)
            return bool((far <= 2.0**-30 * max(1.0, np.abs(expected).max(initial=0))).all())
        return bool((got == expected).all())
    except (ValueError, TypeError, OverflowError):  # ragged, or beyond the floats
        return False
