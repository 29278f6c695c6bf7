"""A task: a function that an assignment asks for, by which recipe it is judged, and its cases.

A task draws its cases from a Generator: the recipe's arguments. The right answers come from
`explain`, and so do the wrong ones, for hints.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from refnn.checking.catalogue import explain
from refnn.checking.catalogue.formulas import Recipe
from refnn.network import Params


def as_tuples(values):
    """Return values in a tuple, a Params as the tuple of its arrays.

    >>> as_tuples([Params([[1]], [2], [[3]], [4]), "tanh"])[1]
    'tanh'
    """
    return tuple(v.arrays() if isinstance(v, Params) else v for v in values)


class Task(NamedTuple):
    """A function that the student writes."""

    function: str  # its name
    recipe: str | Recipe  # of the right answers; with its slips, of the wrong ones
    takes: tuple  # the names of its arguments
    points: int  # of the case that is shown in the notebook; a hidden case has one
    shown: tuple  # the arguments in that case
    draw: Callable  # a Generator -> {name: the arguments} of the hidden cases
    give: Callable = lambda *arguments: as_tuples(arguments)  # these arguments -> the student's
    values: tuple = ()  # which of the recipe's values the student's function returns; (): all
    result: Callable = lambda value: value  # the value, or a tuple of several -> what it returns
    plain: Callable = lambda *arguments: True  # the arguments -> whether they use no option

    def right(self, arguments):
        """Return what the student's function must return."""
        return self._result(explain.right(self.recipe, dict(zip(self.takes, arguments))))

    def wrong(self, arguments):
        """Return {slip: what a function with it returns}; None where that is nothing."""
        tried = explain.under_each(self.recipe, dict(zip(self.takes, arguments)))
        return {name: values and self._result(values) for name, values in tried.items()}

    def _result(self, values):
        asked = as_tuples(values[name] for name in self.values or values)
        return self.result(asked if len(asked) > 1 else asked[0])

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
