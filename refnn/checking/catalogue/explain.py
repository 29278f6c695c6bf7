"""Which mistake prints this? The one place that tries the slips of the catalogue.

A recipe says how numbers are computed, by one formula or by a chain of them: it is the name of a
row of `formulas`, or a Recipe of your own. A slip is tried by computing it with the slip in place
of its formula. What runs into a refusal or an error under a slip has no value.
"""

from fractions import Fraction
from numbers import Integral

import numpy as np

from refnn import arrays
from refnn.checking.catalogue.formulas import FORMULAS, formula
from refnn.checking.catalogue.slips import CATALOGUE

WHOLE = (Integral, np.bool_)
NO_VALUE = (ValueError, TypeError, ArithmeticError, AttributeError, LookupError)


def right(recipe, given):
    """Return what a recipe makes of arguments by name: {name: value}.

    >>> right("loss", {"y_hat": [[1.0], [4.0]], "y": [[3.0], [3.0]]})
    {'J': np.float64(2.5)}
    """
    return _computed(recipe, given, {})


def wrong(recipe, given):
    """Return {slip: its values} of each slip in a recipe that makes a difference here.

    >>> wrong("loss", {"y_hat": [[1.0]], "y": [[4.0]]})  # of one example the mean is the sum
    {'missing_half': {'J': np.float64(9.0)}, 'not_squared': {'J': np.float64(1.5)}}
    """
    values = each(recipe, given)
    true = values.pop("")
    return {name: v for name, v in values.items() if v and not _equal(v, true)}


def each(recipe, given):
    """Return {"": the right values, slip: its values}; None for what has no values.

    >>> each("loss", {"y_hat": [[1.0]], "y": [[3.0]]})[""]
    {'J': np.float64(2.0)}
    """
    return {"": _or_none(recipe, given, {}), **under_each(recipe, given)}


def under_each(recipe, given):
    """Return {slip: its values} of each slip in a recipe; None for a slip without values.

    >>> list(under_each("loss", {"y_hat": [[1.0]], "y": [[1.0]]}))
    ['missing_half', 'mean_for_sum', 'not_squared']
    """
    return {name: under(name, recipe, given) for name in slips_in(recipe)}


def under(slip, recipe, given):
    """Return what a recipe makes of arguments with a slip in it; None if it makes nothing of them.

    >>> under("missing_half", "loss", {"y_hat": [[1.0], [4.0]], "y": [[3.0], [3.0]]})
    {'J': np.float64(5.0)}
    """
    planted = CATALOGUE[slip]
    return _or_none(recipe, given, {planted.formula: planted.wrong})


def explain(recipe, given, printed, same):
    """Name the slips that print what is printed: same(values, printed), by the caller's own idea.

    A slip whose values are the right ones explains nothing.

    >>> given = {"y_hat": [[1.0], [4.0]], "y": [[3.0], [3.0]]}
    >>> explain("loss", given, 5, lambda values, printed: values["J"] == printed)
    ['missing_half']
    """
    return [name for name, values in wrong(recipe, given).items() if same(values, printed)]


def slips_in(recipe):
    """Name all slips of a recipe's formulas, in the catalogue's order.

    >>> slips_in("loss")
    ['missing_half', 'mean_for_sum', 'not_squared']
    """
    return [s.name for s in CATALOGUE.values() if s.formula in _row(recipe).formulas]


def slips_of(formula):
    """Return the slips of one formula, {name: function}, in the catalogue's order.

    >>> list(slips_of("network.loss"))
    ['missing_half', 'mean_for_sum', 'not_squared']
    """
    return {slip.name: slip.wrong for slip in CATALOGUE.values() if slip.formula == formula}


def exact(value):
    """Return the numbers of a value as an array of Fractions; None if one is none, such as NaN.

    >>> exact([True, 0.5]), exact(float("nan")) is None
    (array([Fraction(1, 1), Fraction(1, 2)], dtype=object), True)
    """
    try:
        a = np.asarray(value)
        numbers = [Fraction(int(v) if isinstance(v, WHOLE) else v) for v in a.ravel().tolist()]
        return arrays.objects(numbers, a.shape)
    except NO_VALUE:
        return None


def _row(recipe):
    return FORMULAS[recipe] if isinstance(recipe, str) else recipe


def _computed(recipe, given, planted):
    """A recipe with the functions of planted, {"module.function": function}, in their place."""

    def call(*names):
        return next((planted[name] for name in names if name in planted), None) or formula(names[0])

    with np.errstate(all="ignore"):
        return _row(recipe).compute(call, given)


def _or_none(recipe, given, planted):
    try:
        return _computed(recipe, given, planted)
    except NO_VALUE:
        return None


def _equal(a, b):
    return b is not None and all(np.array_equal(a[name], b.get(name)) for name in a)
