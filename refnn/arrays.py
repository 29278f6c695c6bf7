"""This module checks values and converts them to arrays, by one policy for the whole package.

The policy decides the arithmetic, that is, the type of number in which a function computes.
Fractions are computed exactly. A float used together with Fractions becomes a Fraction, with its
exact binary value. float32 is computed in float32. Complex numbers are accepted only where a
function allows them (for derivatives by a complex step) and become complex128. Every other real
dtype is computed in float64.

A value that does not fit is refused. The error names the argument, what was expected and what was
given instead.
The module `validation` adds the name of the function to that error.
"""

import re
from fractions import Fraction
from math import inf, isfinite, prod
from numbers import Integral

import numpy as np

from refnn.fast.blocks import cast, once

EXACT, DOUBLE = np.dtype(object), np.dtype(np.float64)
MAX_SIZE = 10**9
EXPECTED = "finite real numbers"


def describe(value):
    """Describe a value in a few words, for an error message.

    >>> describe(np.zeros((3, 2), dtype=np.float32)), describe("abc"), describe([1, 2])
    ('an array of shape (3, 2) and dtype float32', "'abc'", '[1, 2]')
    """
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    try:
        text = repr(value.item() if isinstance(value, np.generic) else value).replace("\n", " ")
    except (ValueError, RecursionError):  # thousands of digits, or lists nested very deeply
        text = f"a {type(value).__name__} too large to print"
    return text if len(text) <= 40 else f"{text[:30]}… ({type(value).__name__})"


class Refused(ValueError):
    """The error for a value that is not accepted.

    Its text has the form "NAME must be EXPECTED, got GOT". `validation.takes` catches it, adds the
    name of the function that the user called, and raises an ordinary ValueError or TypeError
    (`error` is that class).

    >>> raise Refused("bits", "a whole number from 2 to 32", 8.0)
    Traceback (most recent call last):
    refnn.arrays.Refused: bits must be a whole number from 2 to 32, got 8.0
    """

    def __init__(self, name, expected, got, error=ValueError):
        super().__init__(f"{name} must be {expected}, got {got}")
        self.parts, self.error = (name, expected, got, error), error

    def __reduce__(self):  # without this it could not be pickled for another process
        return Refused, self.parts


def raw(name, x, expected=EXPECTED):
    """Return x as an array and keep its dtype.

    Ragged lists, masked arrays and text are refused.

    >>> raw("x", [[1, 2], [3]])
    Traceback (most recent call last):
    refnn.arrays.Refused: x must be finite real numbers, got a ragged list
    """
    if type(x) is np.ndarray and x.dtype.kind in "biufcO":  # the common case needs no other check
        return x
    leaves = [x] if isinstance(x, (np.ndarray, np.generic)) else list(_leaves(name, x))
    if any(isinstance(v, np.ma.MaskedArray) for v in leaves):
        raise Refused(name, expected, "a masked array", TypeError)
    try:
        a = np.asarray(x)
    except (ValueError, TypeError):
        raise Refused(name, expected, "a ragged list") from None
    if a.dtype.kind not in "biufcO":
        raise Refused(name, expected, f"dtype {a.dtype}", TypeError)
    if a.dtype.kind != "b" and any(
        getattr(v, "dtype", type(v)) in (bool, np.dtype(bool)) for v in leaves
    ):
        raise Refused(name, expected, "booleans among numbers", TypeError)
    return a


def _leaves(name, x, depth=0):
    """Yield the entries of nested lists and tuples, one after the other."""
    if depth > 32:
        raise Refused(name, "an array of at most 32 axes", "lists nested more than 32 deep")
    if isinstance(x, (list, tuple)):
        for part in x:
            yield from _leaves(name, part, depth + 1)
    else:
        yield x


def _kind(name, x, a):
    """Return the kind of the numbers in x, which decides their precision.

    It is "fraction", "complex", "single" (float32), "weak" (a Python number, which takes the
    precision of the other arguments) or "double" (all others).
    """
    if a.dtype == EXACT:
        for v in a.flat:
            number = isinstance(v, (Fraction, Integral, float, np.floating))
            if not number or isinstance(v, (bool, np.bool_, np.timedelta64)):
                raise Refused(name, EXPECTED, f"an entry {describe(v)}", TypeError)
        return "fraction" if any(isinstance(v, Fraction) for v in a.flat) else "double"
    if a.dtype.kind == "b":
        raise Refused(name, EXPECTED, "booleans", TypeError)
    if a.dtype.kind == "c":
        return "complex"
    if type(x) in (int, float):
        return "weak"
    return "single" if a.dtype == np.float32 else "double"


def _finite(name, a):
    if not np.isfinite(once(a)).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(a))[0])
        raise Refused(name, "finite", f"{a[where]} at index {where}" if where else f"{a}")
    return a


def _fraction(name, v):
    try:
        return (
            v
            if isinstance(v, Fraction)
            else Fraction(int(v) if isinstance(v, Integral) else float(v))
        )
    except (OverflowError, ValueError):
        raise Refused(name, "finite", describe(v)) from None


def objects(values, shape):
    """Put Python objects (Fractions, whole numbers) into an array of the given shape.

    >>> objects([Fraction(1, 2)], ())
    array(Fraction(1, 2), dtype=object)
    """
    a = np.empty(len(values), dtype=object)
    a[:] = values
    return a.reshape(shape)


def double(name, a):
    """Convert an array of real numbers or Fractions to float64.

    >>> double("x", objects([Fraction(1, 4), 3], (2,)))
    array([0.25, 3.  ])
    """
    try:
        with np.errstate(over="ignore"):  # a longdouble beyond float64 becomes inf
            return cast(a, np.float64)
    except OverflowError:
        raise Refused(name, "finite", "a number too large for float64") from None


def together(arguments, *, exact=True, complex_=False):
    """Convert all arguments (a dict name -> value) to arrays of one arithmetic.

    Real arrays come back as all Fractions, all float32 or all float64, and complex ones as
    complex128. exact=False refuses Fractions; complex_=True accepts complex numbers. An array that
    needs no conversion is not copied.

    >>> [a.dtype.name for a in together({"x": np.float32([1, 2]), "scale": 0.5})]
    ['float32', 'float32']
    >>> together({"x": [Fraction(1, 3), 2], "scale": 0.5})[1]
    array(Fraction(1, 2), dtype=object)
    """
    given, arrays, kinds = list(arguments.values()), {}, {}
    for x in given:
        if type(x) is not np.ndarray or x.dtype != DOUBLE or not x.flags.c_contiguous:
            break
        if not isfinite(np.vdot(x, x)):  # a finite sum of squares has only finite terms
            break
    else:
        return given  # in the common case nothing needs to be converted
    for name, x in arguments.items():
        if type(x) is np.ndarray and x.dtype == DOUBLE:
            a, kind = x, "ready"
        elif (type(x) is float and isfinite(x)) or (type(x) is int and abs(x) <= 2**53):
            arrays[name], kinds[name] = np.array(float(x)), "weak"
            continue
        else:
            a = raw(name, x)
            kind = _kind(name, x, a)
        if a.dtype != EXACT:
            _finite(name, a)
        arrays[name], kinds[name] = a, kind
    found = set(kinds.values())
    for name, kind in kinds.items():
        if kind == "complex" and (not complex_ or "fraction" in found):
            raise Refused(name, EXPECTED, "complex numbers", TypeError)
        if kind == "fraction" and not exact:
            expected = "floating-point or whole numbers"
            raise Refused(name, expected, "Fractions; write float(x)", TypeError)
    if "fraction" in found:
        return [objects([_fraction(n, v) for v in a.flat], a.shape) for n, a in arrays.items()]
    # If there is float32 and no float64, Python numbers become float32 too
    single = "single" in found and not found & {"ready", "double"}
    return [
        a if a.dtype == DOUBLE and not single else _floats(name, a, kinds[name], single)
        for name, a in arrays.items()
    ]


def _floats(name, a, kind, single):
    """Convert one array of `together` to float32, float64 or complex128."""
    if kind == "single" or (kind == "weak" and single and abs(a) <= np.finfo(np.float32).max):
        return cast(a, np.float32)
    with np.errstate(all="ignore"):
        return _finite(name, a.astype(np.complex128) if kind == "complex" else double(name, a))


def numbers(name, x, *, ndim=None, exact=True, complex_=False):
    """Return one argument as an array, by the policy of this module.

    ndim, if given, is the number of axes that it must have (0 for a single number).

    >>> numbers("x", [1, 2, 3])
    array([1., 2., 3.])
    """
    [a] = together({name: x}, exact=exact, complex_=complex_)
    if ndim is not None and a.ndim != ndim:
        expected = "a single number" if ndim == 0 else f"an array of {ndim} axes"
        raise Refused(name, expected, describe(x))
    return a


def number(name, x, low=-inf, high=inf):
    """Return a single real number within low..high as a float or a Fraction.

    >>> number("tau", 0.5)
    0.5
    """
    value = x if type(x) is float and isfinite(x) else numbers(name, x, ndim=0)[()]
    value = value.item() if isinstance(value, np.generic) else value
    if not low <= value <= high:
        raise Refused(name, f"a number{_between(low, high)}", describe(x))
    return value


def _between(low, high):
    if high < inf:
        return f" from {low} to {high}"
    return f" of at least {low}" if low > -inf else ""


def whole(name, n, low=-inf, high=inf):
    """Return a whole number within low..high as an int.

    n must be an int or np.integer. A bool is refused, and so is the float 8.0.

    >>> whole("bits", 8.0, 2, 32)
    Traceback (most recent call last):
    refnn.arrays.Refused: bits must be a whole number from 2 to 32, got 8.0; write 8
    """
    if isinstance(n, (bool, np.bool_, np.timedelta64)) or not isinstance(n, (int, np.integer)):
        could = isinstance(n, (float, np.floating)) and float(n).is_integer()
        hint = f"; write {int(n)}" if could else ""
        raise Refused(name, f"a whole number{_between(low, high)}", describe(n) + hint, TypeError)
    if not low <= n <= high:
        raise Refused(name, f"a whole number{_between(low, high)}", describe(n))
    return int(n)


def flag(name, value):
    """Return value if it is True or False.

    Everything else is refused, even 0 and 1.

    >>> flag("signed", 2)
    Traceback (most recent call last):
    refnn.arrays.Refused: signed must be True or False, got 2
    """
    if not isinstance(value, (bool, np.bool_)):
        raise Refused(name, "True or False", describe(value), TypeError)
    return bool(value)


def choice(name, value, options):
    """Return value if it is one of the names in options.

    >>> choice("activation", "tanhh", ("tanh", "relu"))
    Traceback (most recent call last):
    refnn.arrays.Refused: activation must be one of 'tanh', 'relu', got 'tanhh'
    """
    if not isinstance(value, str) or value not in options:
        raise Refused(name, "one of " + ", ".join(map(repr, options)), describe(value))
    return value


def generator(name, rng):
    """Return rng if it is a numpy Generator, the only source of randomness in refnn.

    >>> generator("rng", np.random.default_rng(0)).integers(10)
    np.int64(8)
    """
    if not isinstance(rng, np.random.Generator):
        expected = "a numpy.random.Generator, such as numpy.random.default_rng(0)"
        raise Refused(name, expected, describe(rng), TypeError)
    return rng


def integers(name, q):
    """Return q, for example codes, as an array of integers.

    Floats are refused, even whole ones. An empty list is accepted.

    >>> integers("q", [1.0])
    Traceback (most recent call last):
    refnn.arrays.Refused: q must be an array of integers, got dtype float64
    """
    a = raw(name, q, "an array of integers")
    if a.size == 0 and isinstance(q, (list, tuple)):
        return a.astype(np.int64)
    if a.dtype.kind not in "iu":
        raise Refused(name, "an array of integers", f"dtype {a.dtype}", TypeError)
    return cast(a, a.dtype.newbyteorder("="))


def inside(name, a, low, high, span=None):
    """Return `a`, an array of integers, unchanged if all of them are within low..high.

    `span` is the text for low..high in the error message.

    >>> inside("q", np.array([3, 9]), 0, 7)
    Traceback (most recent call last):
    refnn.arrays.Refused: q must be within 0..7, got 9
    """
    own, of_dtype = once(a), np.iinfo(a.dtype)
    if low <= of_dtype.min and of_dtype.max <= high:
        return a
    if own.size and (own.min() < low or own.max() > high):
        outside = own[(own < low) | (own > high)]
        raise Refused(name, f"within {span or f'{low}..{high}'}", f"{outside.flat[0]}")
    return a


def broadcast(named):
    """Refuse the first array whose shape does not broadcast against those before it.

    `named` is a dict name -> array.

    >>> broadcast({"x": np.zeros((2, 5)), "W": np.zeros(2)})
    Traceback (most recent call last):
    refnn.arrays.Refused: W must be of a shape that broadcasts against (2, 5), got shape (2,)
    """
    if len({a.shape for a in named.values() if a.ndim}) < 2:
        return
    shape = ()
    for name, a in named.items():
        try:
            shape = np.broadcast_shapes(shape, a.shape)
        except ValueError:
            expected = f"of a shape that broadcasts against {shape}"
            raise Refused(name, expected, f"shape {a.shape}") from None


def holding(low, high, *numbers):
    """Convert float32 arrays to float64 if low or high lies beyond ±2^24.

    Beyond 2^24, float32 cannot hold every whole number. Other arrays are returned unchanged.

    >>> [holding(0, high, np.float32([1]))[0].dtype.name for high in (2**24, 2**24 + 1)]
    ['float32', 'float64']
    """
    if max(abs(low), abs(high)) <= 2**24:
        return numbers
    return [cast(a, np.float64) if a.dtype == np.float32 else a for a in numbers]


def aligned(name, a, shape, axis=None, block=None):
    """Return `a` in a shape that broadcasts against an array of the given shape.

    `a` is a single number, or has one entry for each slice along `axis`. If block is given, `a` has
    one entry for each block of that many neighbours along `axis`.

    >>> aligned("scale", np.array([1.0, 2.0]), (2, 3), axis=0).shape
    (2, 1)
    """
    if axis is not None:
        if not shape:
            raise Refused("axis", "None for a single number", f"{axis}")
        axis = whole("axis", axis, -len(shape), len(shape) - 1) % len(shape)
    if block is not None:
        blocked = (*shape[:axis], -(-shape[axis] // block), *shape[axis + 1 :])
        if a.shape != blocked:
            expected = f"of shape {blocked} for an array {shape} in blocks of {block}"
            raise Refused(name, expected, f"shape {a.shape}")
        return a.take(np.arange(shape[axis]) // min(block, max(shape[axis], 1)), axis)
    if a.ndim == 0:
        return a
    if axis is None:
        raise Refused("axis", f"given where {name} has one entry for each slice", "None")
    if a.shape != (shape[axis],):
        expected = f"a number or of shape ({shape[axis]},), one for each slice of axis {axis}"
        raise Refused(name, expected, f"shape {a.shape}")
    return a.reshape((-1,) + (1,) * (len(shape) - 1 - axis))


def axes(name, values, low=0, count=None):
    """Return values as a tuple of whole numbers, such as a shape or (inputs, hidden, outputs).

    A single whole number becomes a tuple of one. Every number must be at least `low`, and there
    must be `count` of them if count is given.

    >>> axes("batch", 7), axes("sizes", (10, 5, 1), low=1, count=3)
    ((7,), (10, 5, 1))
    """
    if isinstance(values, (int, np.integer)) and not isinstance(values, bool):
        values = (values,)
    if (
        not isinstance(values, (tuple, list))
        or len(values) > 32
        or (count is not None and len(values) != count)
    ):
        expected = f"a tuple of {'' if count is None else f'{count} '}whole numbers"
        raise Refused(name, expected, describe(values), TypeError)
    values = tuple(whole(name, n, low) for n in values)
    if prod(values) > MAX_SIZE:
        raise Refused(name, f"a tuple whose product is at most {MAX_SIZE:,}", describe(values))
    return values


LARGEST = Fraction(np.finfo(np.float64).max)
DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?|[+-]?\d+/\d+")


def exact(name, value):
    """Return the Fraction that the printed digits of a number stand for.

    So 0.1 becomes 1/10, and not the double nearest to 1/10.

    >>> exact("x", 0.1), exact("x", "0.10"), exact("x", 3)
    (Fraction(1, 10), Fraction(1, 10), Fraction(3, 1))
    """
    if isinstance(value, Fraction):
        return value
    text = value.strip() if isinstance(value, str) else None
    if isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.timedelta64)):
        return Fraction(int(value))
    if isinstance(value, (float, np.floating)):
        text = str(value)
    if text is None:
        raise Refused(name, "a number or a decimal string", describe(value), TypeError)
    if len(text) > 400 or not DECIMAL.fullmatch(text):
        raise Refused(name, "a finite decimal number", describe(text))
    try:
        result = Fraction(text)
    except ZeroDivisionError:
        raise Refused(name, "a finite decimal number", describe(text)) from None
    if abs(result) > LARGEST:
        raise Refused(name, "a finite decimal number", describe(text))
    return result
