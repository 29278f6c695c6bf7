"""This module defines a task, a function that an assignment asks the student to write.

A recipe (see `refnn.checking.catalogue.explain`) computes the right answers. With a slip, which is
a known mistake, it computes the wrong answers that belong to the hint of that slip. A case holds
the arguments of the recipe. Hidden cases are drawn from a Generator.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from refnn.checking.catalogue import explain
from refnn.checking.catalogue.formulas import Recipe
from refnn.network import Params


def as_tuples(values):
    """Return the values as a tuple, with each Params as the tuple of its arrays.

    >>> as_tuples([Params([[1]], [2], [[3]], [4]), "tanh"])[1]
    'tanh'
    """
    return tuple(v.arrays() if isinstance(v, Params) else v for v in values)


class Task(NamedTuple):
    """A function that the student writes."""

    function: str  # its name
    recipe: str | Recipe  # for the right answers; with a slip, for wrong ones
    takes: tuple  # the names of the recipe's arguments
    points: int  # for the case in the notebook; each hidden case gives one
    shown: tuple  # the arguments of the case in the notebook
    draw: Callable  # a Generator -> {name: arguments} of the hidden cases
    # The recipe's arguments -> those of the student's function
    give: Callable = lambda *arguments: as_tuples(arguments)
    values: tuple = ()  # names of the recipe's values that the student returns; (): all
    result: Callable = lambda value: value  # the value, or a tuple of several -> what to return
    plain: Callable = lambda *arguments: True  # the arguments -> True if none is optional

    def right(self, arguments):
        """Return what the student's function must return."""
        return self._result(explain.right(self.recipe, dict(zip(self.takes, arguments))))

    def wrong(self, arguments):
        """Return {slip: what a function with this slip returns, or None without a value}."""
        tried = explain.under_each(self.recipe, dict(zip(self.takes, arguments)))
        return {name: values and self._result(values) for name, values in tried.items()}

    def _result(self, values):
        asked = as_tuples(values[name] for name in self.values or values)
        return self.result(asked if len(asked) > 1 else asked[0])

    def hidden_points(self):
        """Return the points of all hidden cases, one for each."""
        return len(self.draw(np.random.default_rng(0)))


def nearly(got, expected):
    """Return True if a value in float32 equals the expected floats as far as its digits go.

    It may differ by 2^-16 times the largest expected number, or by 2^-16 if that is larger. A sum
    of some hundred products is as near as that, since float32 rounds each of them by 2^-24.

    >>> nearly(np.float32(0.1), 0.1), nearly(np.float32(0.11), 0.1), nearly(0.1000001, 0.1)
    (True, False, False)
    """
    if isinstance(expected, tuple):
        alike = isinstance(got, (tuple, list)) and len(got) == len(expected)
        return alike and all(same(*pair) or nearly(*pair) for pair in zip(got, expected))
    expected = np.asarray(expected)
    if getattr(got, "dtype", None) != np.float32 or expected.dtype.kind != "f":
        return False
    if got.shape != expected.shape:
        return False
    far = np.abs(got.astype(float) - expected)
    return bool((far <= 2.0**-16 * max(1.0, np.abs(expected).max(initial=0))).all())


def same(got, expected):
    """Return True if a returned value equals the expected one.

    Its form (tuples, shape) must be the expected one. Whole numbers, masks and fractions must be
    equal. Floats may differ by 2^-30 times the largest expected number, or by 2^-30 if that is
    larger. This is enough for a sum of 2^10 products below 2^13, since floats are rounded by 2^-53.

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
    except (ValueError, TypeError, OverflowError):  # ragged lists, or numbers too large for a float
        return False
