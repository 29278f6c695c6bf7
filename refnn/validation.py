"""This module provides `takes`, the decorator that checks the arguments of a formula.

    @takes(x=REAL, W=REAL, B=REAL, P=whole(1, 2**53), hold="P")
    def quantize_steps(x, W, B, P): ...

The decorator gives each argument a kind. A kind is a function (name, value, arguments) -> value: it
returns the checked and converted value, or refuses it with an error. `arguments` holds all
arguments by name. The arguments that `takes` names before this one are already checked, so a check
may use them.

For numbers, the kind is not a function but a `Numeric`. Numeric arguments of one group are first
converted together to one arithmetic: all float32, all float64 or all Fractions (see
`arrays.together`).

An error names the function that the user called, and the argument. NumPy's warnings, such as those
of overflow, are switched off. A result without axes is returned as a number.
`quantize_steps.formula` is the function without the decorator. A loop can call it after its
arguments have been checked once.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from inspect import Parameter, signature
from math import inf
from operator import is_not
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.arrays import Refused, describe
from refnn.fast.blocks import cast, in_blocks, large


class Numeric(NamedTuple):
    """A kind of argument that holds numbers.

    All arguments of one group are converted together to one arithmetic.
    """

    group: str
    check: Callable | None = None  # (name, value, arguments) -> value, after conversion
    parts: Callable | None = None  # (name, value) -> {name: array}; None if value is one array


REAL = Numeric("real")  # arrays that broadcast against each other


def INTEGERS(name, value, arguments):
    """Accept an array of an integer dtype and keep that dtype."""
    return arrays.integers(name, value)


def CODES(name, value, arguments):
    """Accept an array of integer codes and convert it to float64 (or Fractions).

    A sum in the small integer dtype of the codes could wrap around.
    """
    exact = any(getattr(a, "dtype", None) == arrays.EXACT for a in arguments.values())
    return cast(arrays.integers(name, value), object if exact else np.float64)


def takes(*, hold=None, exact=True, complex_=False, blocks=None, fast=None, **kinds):
    """Return a decorator that checks the arguments named in `kinds`, in that order.

    An argument whose default is None may be None and is then not checked. With hold="P", the REAL
    arguments are computed in float64 if P is larger than 2^24, because float32 cannot hold every
    whole number there. exact=False refuses Fractions, and complex_=True accepts complex numbers.
    Without kinds, the decorator only adds the function's name to errors.

    Two options make the function faster. With blocks="x", a large x is computed in blocks (see
    `refnn.fast.blocks`). This is valid only if each number of the result depends on one number of
    x. `fast` is a faster function with the same result. It computes one block at a time if `blocks`
    is given, and the whole result otherwise.

    >>> @takes(x=REAL, n=whole(1, 9))
    ... def repeat(x, n=2):
    ...     return x * n
    >>> repeat(0.5), repeat.formula("a")
    (np.float64(1.0), 'aa')
    >>> repeat([1, float("inf")])
    Traceback (most recent call last):
    ValueError: repeat: x must be finite, got inf at index (1,)
    """
    groups, checks = {}, []
    for name, kind in kinds.items():
        numeric = isinstance(kind, Numeric)
        check = kind.check if numeric else kind
        if check is not None:
            checks.append((name, check))
        if numeric:
            groups.setdefault(kind.group, []).append((name, kind.parts))
    reals = [name for name, _ in groups.get(REAL.group, ())]
    spread = [name for name, kind in kinds.items() if kind is CODES or name in reals]

    def accept(given, optional):
        for members in groups.values():
            _unify(given, members, optional, exact, complex_)
        for name, check in checks:
            if given[name] is not None or name not in optional:
                given[name] = check(name, given[name], given)
        if len(spread) > 1:
            arrays.broadcast({name: given[name] for name in spread})
        if hold:
            held = arrays.holding(0, given[hold], *[given[name] for name in reals])
            given.update(zip(reals, held))

    def check(block):
        kind = kinds[blocks]
        if isinstance(kind, Numeric):
            return arrays.numbers(blocks, block)
        return kind(blocks, block, {})

    def call(formula, fast, given, optional):
        if blocks and large(given[blocks]):
            whole = in_blocks(
                formula, fast, blocks, given, lambda own: accept(own, optional), check
            )
            if whole is not None:
                return whole
        accept(given, optional)
        return plain(formula(**given) if blocks or not fast else fast(**given))

    return lambda formula: _guarded(formula, fast, call if kinds else None)


BY_NAME = Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY


def _guarded(formula, fast, call):
    """Return a function that checks its arguments by `call` and then computes the formula.

    If call is None, nothing is checked. The function has the name and help text of the formula.
    """
    parameters = signature(formula).parameters
    defaults = {n: p.default for n, p in parameters.items() if p.default is not Parameter.empty}
    optional = frozenset(name for name, default in defaults.items() if default is None)
    in_order = [n for n, p in parameters.items() if p.kind is Parameter.POSITIONAL_OR_KEYWORD]
    if call and any(p.kind not in BY_NAME for p in parameters.values()):
        raise TypeError(
            f"takes: every argument of {formula.__name__} must have a name that a call can use"
        )

    @wraps(formula)
    def checked(*args, **named):
        try:
            if call is None:
                return (checked.fast or formula)(*args, **named)
            given = {**defaults, **dict(zip(in_order, args)), **named}
            twice = named and not named.keys().isdisjoint(in_order[: len(args)])
            if twice or len(args) > len(in_order) or given.keys() != parameters.keys():
                return formula(*args, **named)  # Python's own error explains a wrong call
            with np.errstate(all="ignore"):
                return call(formula, checked.fast, given, optional)
        except (ValueError, TypeError) as error:
            named_error = _named(error, formula)
            if named_error is error:
                raise
            raise named_error from None

    checked.formula, checked.fast = formula, fast
    return checked


def _named(error, formula):
    """Return a refusal as an error that begins with the function's name.

    Any other error is returned unchanged.
    """
    words = str(error) if isinstance(error, Refused) else getattr(error, "refusal", None)
    if words is None:
        return error
    name = formula.__qualname__.split(".__")[0].split(".")[-1]  # __post_init__ gives its class
    named = getattr(error, "error", type(error))(f"{name}: {words}")
    named.refusal = words  # a decorated caller puts its own name before these words
    return named


def words_of(error):
    """Return the text of an error without the name of the function that raised it.

    >>> try:
    ...     takes(n=whole(1, 9))(lambda n: n)(0)
    ... except ValueError as error:
    ...     words_of(error)
    'n must be a whole number from 1 to 9, got 0'
    """
    return getattr(error, "refusal", None) or str(error)


def _unify(given, members, optional, exact, complex_):
    """Convert the arrays of one group of arguments to one arithmetic, in the dict `given`."""
    loose, owners = {}, []
    for name, parts in members:
        value = given[name]
        if value is not None or name not in optional:
            own = {name: value} if parts is None else parts(name, value)
            owners.append((name, parts, own.values()))
            loose.update(own)
    ready, start = arrays.together(loose, exact=exact, complex_=complex_), 0
    if not any(map(is_not, ready, loose.values())):
        return
    for name, parts, own in owners:
        new, start = ready[start : start + len(own)], start + len(own)
        if parts is None:
            given[name] = new[0]
        elif any(map(is_not, new, own)):
            fields = [key.rsplit(".", 1)[1] for key in parts(name, given[name])]
            given[name] = replace(given[name], **dict(zip(fields, new)))


def plain(result):
    """Return a result in which every array without axes has become a number.

    The result is an array or a tuple of arrays. Anything else is returned unchanged.

    >>> plain(np.array(0.5)), plain(np.arange(2))
    (np.float64(0.5), array([0, 1]))
    """
    if isinstance(result, np.ndarray):
        return result if result.ndim else result[()]
    if isinstance(result, tuple):
        for a in result:
            if isinstance(a, np.ndarray) and not a.ndim:
                parts = [a[()] if isinstance(a, np.ndarray) else a for a in result]
                return type(result)(*parts) if hasattr(result, "_fields") else tuple(parts)
    return result


def whole(low=-inf, high=inf):
    """Return the kind that accepts a whole number within low..high."""
    return lambda name, value, arguments: arrays.whole(name, value, low, high)


def number(low=-inf, high=inf):
    """Return the kind that accepts a single real number within low..high."""
    return lambda name, value, arguments: arrays.number(name, value, low, high)


def numbers(**rules):
    """Return the kind that accepts an array of numbers and converts it on its own.

    `rules` are the keyword arguments of `arrays.numbers`.
    """
    return lambda name, value, arguments: arrays.numbers(name, value, **rules)


def choice(*options):
    """Return the kind that accepts one of the names in options."""
    return lambda name, value, arguments: arrays.choice(name, value, options)


def shape(low=0, count=None):
    """Return the kind that accepts a tuple of whole numbers, such as (inputs, hidden, outputs)."""
    return lambda name, value, arguments: arrays.axes(name, value, low, count)


def flag(name, value, arguments):
    """Accept True or False."""
    return arrays.flag(name, value)


def generator(name, value, arguments):
    """Accept a numpy Generator."""
    return arrays.generator(name, value)


def function(name, value, arguments):
    """Accept a function, or anything else that can be called."""
    if not callable(value):
        raise Refused(name, "a function", describe(value), TypeError)
    return value
