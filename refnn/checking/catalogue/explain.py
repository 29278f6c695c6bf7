"""This module finds the slips (mistakes of the catalogue) that give a result.

A recipe says how numbers are computed, by one formula or by a chain of formulas. It is the name of
a row of `formulas`, or a Recipe of your own. To try a slip, the recipe is computed with the slip in
place of its formula. If this raises an error, the recipe has no values with that slip.
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
    """Return {name: value} of all values that a recipe computes from arguments given by name.

    >>> right("loss", {"y_hat": [[1.0], [4.0]], "y": [[3.0], [3.0]]})
    {'J': np.float64(2.5)}
    """
    return _computed(recipe, given, {})


def wrong(recipe, given, among=None):
    """Return {slip: its values} of each slip in a recipe whose values differ from the right ones.

    Only the slips in `among` are tried, or all if it is None.

    >>> values = wrong("loss", {"y_hat": [[1.0]], "y": [[4.0]]})
    >>> values["not_squared"], "mean_for_sum" in values  # for one example, mean and sum are equal
    ({'J': np.float64(1.5)}, False)
    """
    names = slips_in(recipe) if among is None else [n for n in slips_in(recipe) if n in among]
    values = {name: under(name, recipe, given) for name in names}
    true = _or_none(recipe, given, {}) if names else None
    return {name: v for name, v in values.items() if v and not _equal(v, true)}


def each(recipe, given):
    """Return {"": the right values, slip: its values}. A slip without values has None.

    >>> each("loss", {"y_hat": [[1.0]], "y": [[3.0]]})[""]
    {'J': np.float64(2.0)}
    """
    return {"": _or_none(recipe, given, {}), **under_each(recipe, given)}


def under_each(recipe, given):
    """Return {slip: its values} of each slip in a recipe, with None for a slip without values.

    >>> list(under_each("loss", {"y_hat": [[1.0]], "y": [[1.0]]}))
    ['missing_half', 'mean_for_sum', 'mean_without_half', 'not_squared']
    """
    return {name: under(name, recipe, given) for name in slips_in(recipe)}


def under(slip, recipe, given):
    """Return the values of a recipe with one slip in it, or None if it cannot be computed.

    >>> under("missing_half", "loss", {"y_hat": [[1.0], [4.0]], "y": [[3.0], [3.0]]})
    {'J': np.float64(5.0)}
    """
    planted = CATALOGUE[slip]
    return _or_none(recipe, given, {planted.formula: planted.wrong})


def explain(recipe, given, printed, same, among=None):
    """Return the names of the slips whose values are what was printed.

    The caller decides with same(values, printed) -> bool. `among` is as for `wrong`. A slip whose
    values equal the right ones is left out, because it does not explain a wrong result.

    >>> given = {"y_hat": [[1.0], [4.0]], "y": [[3.0], [3.0]]}
    >>> explain("loss", given, 5, lambda values, printed: values["J"] == printed)
    ['missing_half']
    """
    return [name for name, values in wrong(recipe, given, among).items() if same(values, printed)]


def slips_in(recipe):
    """Return the names of all slips of a recipe's formulas, in the order of the catalogue.

    >>> slips_in("loss")
    ['missing_half', 'mean_for_sum', 'mean_without_half', 'not_squared']
    """
    return [s.name for s in CATALOGUE.values() if s.formula in _row(recipe).formulas]


def slips_of(formula):
    """Return {name: function} of the slips of one formula, in the order of the catalogue.

    >>> list(slips_of("network.loss"))
    ['missing_half', 'mean_for_sum', 'mean_without_half', 'not_squared']
    """
    return {slip.name: slip.wrong for slip in CATALOGUE.values() if slip.formula == formula}


def exact(value):
    """Return the numbers of a value as an array of Fractions, or None if one is not finite.

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
    """Compute a recipe in which some formulas are replaced.

    planted: {"module.function": the function that is used instead}."""

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
