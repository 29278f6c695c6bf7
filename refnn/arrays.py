"""What a value may be: one dtype policy, strict shapes, and refusals that say what was expected.

The policy: Fractions are computed exactly (a float beside them is taken at its exact binary value),
float32 in float32, complex128 where a complex step may pass, everything else in float64.
Every refusal names the function, the argument, what was expected and what came.
"""

import re
from fractions import Fraction
from math import prod
from numbers import Integral

import numpy as np

EXACT = np.dtype(object)
FIELDS = ("W_ih", "b_h", "W_ho", "b_o")  # of a Params
ACTIVATIONS = ("tanh", "sigmoid", "relu", "identity")
ABSENT = object()
MAX_SIZE = 10**9
EXPECTED = "finite real numbers"


def describe(value):
    """A value in a few words, for an error message.

    >>> describe(np.zeros((3, 2), dtype=np.float32)), describe("abc"), describe([1, 2])
    ('an array of shape (3, 2) and dtype float32', "'abc'", '[1, 2]')
    """
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    try:
        text = repr(value.item() if isinstance(value, np.generic) else value).replace("\n", " ")
    except (ValueError, RecursionError):  # thousands of digits, or endless nesting
        text = f"a {type(value).__name__} too large to print"
    return text if len(text) <= 40 else f"{text[:30]}… ({type(value).__name__})"


def refuse(function, name, expected, got, error=ValueError):
    """Raise the one sentence that all of refnn's refusals follow; `got` says what came, as text or
    number.

    >>> refuse("quantize", "bits", "a whole number from 2 to 32", 8.0)
    Traceback (most recent call last):
    ValueError: quantize: bits must be a whole number from 2 to 32, got 8.0
    """
    raise error(f"{function}: {name} must be {expected}, got {got}")


def raw(function, name, x, expected=EXPECTED):
    """`x` as an array, whatever its dtype; ragged, masked and textual data are refused.

    >>> raw("f", "x", [[1, 2], [3]])
    Traceback (most recent call last):
    ValueError: f: x must be finite real numbers, got a ragged list
    """
    if type(x) is np.ndarray and x.dtype.kind in "biufcO":  # the common case, at once
        return x
    leaves = [x] if isinstance(x, (np.ndarray, np.generic)) else list(_leaves(function, name, x))
    if any(isinstance(v, np.ma.MaskedArray) for v in leaves):
        refuse(function, name, expected, "a masked array", TypeError)
    try:
        a = np.asarray(x)
    except (ValueError, TypeError):
        refuse(function, name, expected, "a ragged list")
    if a.dtype.kind not in "biufcO":
        refuse(function, name, expected, f"dtype {a.dtype}", TypeError)
    if a.dtype.kind != "b" and any(
        getattr(v, "dtype", type(v)) in (bool, np.dtype(bool)) for v in leaves
    ):
        refuse(function, name, expected, "booleans among numbers", TypeError)
    return a


def _leaves(function, name, x, depth=0):
    """What stands in nested lists."""
    if depth > 32:
        refuse(function, name, "an array of at most 32 axes", "lists in lists without end")
    if isinstance(x, (list, tuple)):
        for part in x:
            yield from _leaves(function, name, part, depth + 1)
    else:
        yield x


def _kind(function, name, x, a):
    """fraction, complex, single, weak (a Python number, which takes its neighbours' precision) or
    double."""
    if a.dtype == EXACT:
        for v in a.flat:
            number = isinstance(v, (Fraction, Integral, float, np.floating))
            if not number or isinstance(v, (bool, np.bool_, np.timedelta64)):
                refuse(function, name, EXPECTED, f"an entry {describe(v)}", TypeError)
        return "fraction" if any(isinstance(v, Fraction) for v in a.flat) else "double"
    if a.dtype.kind == "b":
        refuse(function, name, EXPECTED, "booleans", TypeError)
    if a.dtype.kind == "c":
        return "complex"
    if type(x) in (int, float):
        return "weak"
    return "single" if a.dtype == np.float32 else "double"


def _finite(function, name, a):
    bad = ~np.isfinite(a)
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        refuse(function, name, "finite", f"{a[where]} at index {where}" if where else f"{a}")
    return a


def _fraction(function, name, v):
    try:
        return (
            v
            if isinstance(v, Fraction)
            else Fraction(int(v) if isinstance(v, Integral) else float(v))
        )
    except (OverflowError, ValueError):
        refuse(function, name, "finite", describe(v))


def objects(values, shape):
    """Python objects (Fractions, whole numbers) as an array of a shape, also of shape ().

    >>> objects([Fraction(1, 2)], ())
    array(Fraction(1, 2), dtype=object)
    """
    a = np.empty(len(values), dtype=object)
    a[:] = values
    return a.reshape(shape)


def double(function, name, a):
    """An array of any real dtype, Fractions too, in float64.

    >>> double("f", "x", objects([Fraction(1, 4), 3], (2,)))
    array([0.25, 3.  ])
    """
    try:
        with np.errstate(over="ignore"):  # longdouble beyond float64 becomes inf: refused next
            return a.astype(np.float64)
    except OverflowError:
        refuse(function, name, "finite", "a number too large for float64")


def together(function, arguments, *, exact=True, complex_=False):
    """All arguments (a dict name -> value) as arrays of one arithmetic; never a copy where none is
    needed.

    >>> [a.dtype.name for a in together("f", {"x": np.float32([1, 2]), "scale": 0.5})]
    ['float32', 'float32']
    >>> together("f", {"x": [Fraction(1, 3), 2], "scale": 0.5})[1]
    array(Fraction(1, 2), dtype=object)
    """
    arrays = {name: raw(function, name, x) for name, x in arguments.items()}
    kinds = {name: _kind(function, name, arguments[name], a) for name, a in arrays.items()}
    for name, kind in kinds.items():
        if kind == "complex" and (not complex_ or "fraction" in kinds.values()):
            refuse(function, name, EXPECTED, "complex numbers", TypeError)
        if kind == "fraction" and not exact:
            refuse(
                function,
                name,
                "floating-point or whole numbers",
                "Fractions; write float(x)",
                TypeError,
            )
        if arrays[name].dtype != EXACT:
            _finite(function, name, arrays[name])
    if "fraction" in kinds.values():
        return [
            objects([_fraction(function, name, v) for v in a.flat], a.shape)
            for name, a in arrays.items()
        ]
    single = "single" in kinds.values()
    out = []
    for name, a in arrays.items():
        if kinds[name] == "complex":
            with np.errstate(all="ignore"):
                out.append(_finite(function, name, a.astype(np.complex128, copy=False)))
        elif kinds[name] == "single" or (
            kinds[name] == "weak"
            and single
            and "double" not in kinds.values()
            and abs(a) <= np.finfo(np.float32).max
        ):
            out.append(a.astype(np.float32, copy=False))
        elif a.dtype == np.float64 and a.dtype.isnative:
            out.append(a)
        else:
            out.append(_finite(function, name, double(function, name, a)))
    return out


def numbers(function, name, x, *, ndim=None, exact=True, complex_=False):
    """One argument by the policy; `ndim` demands a number of axes (0 for a single number).

    >>> numbers("f", "x", [1, 2, 3])
    array([1., 2., 3.])
    """
    [a] = together(function, {name: x}, exact=exact, complex_=complex_)
    if ndim is not None and a.ndim != ndim:
        refuse(
            function,
            name,
            "a single number" if ndim == 0 else f"an array of {ndim} axes",
            describe(x),
        )
    return a


def number(function, name, x, low=None, high=None):
    """A single real number, optionally within low..high; comes back as float or Fraction.

    >>> number("prune", "tau", 0.5)
    0.5
    """
    value = numbers(function, name, x, ndim=0)[()]
    value = value if isinstance(value, Fraction) else value.item()
    if (low is not None and value < low) or (high is not None and value > high):
        refuse(function, name, f"a number {_between(low, high)}", describe(x))
    return value


def _between(low, high):
    return f"from {low} to {high}" if high is not None else f"of at least {low}"


def whole(function, name, n, low=None, high=None):
    """An int or np.integer, no bool and no 8.0, within low..high.

    >>> whole("f", "bits", 8.0, 2, 32)
    Traceback (most recent call last):
    TypeError: f: bits must be a whole number from 2 to 32, got 8.0; write 8
    """
    span = "" if low is None and high is None else f" {_between(low, high)}"
    if isinstance(n, (bool, np.bool_, np.timedelta64)) or not isinstance(n, (int, np.integer)):
        hint = (
            f"; write {int(n)}"
            if isinstance(n, (float, np.floating)) and float(n).is_integer()
            else ""
        )
        refuse(function, name, f"a whole number{span}", describe(n) + hint, TypeError)
    if (low is not None and n < low) or (high is not None and n > high):
        refuse(function, name, f"a whole number{span}", describe(n))
    return int(n)


def flag(function, name, value):
    """True or False, and nothing that merely behaves like it.

    >>> flag("f", "signed", 2)
    Traceback (most recent call last):
    TypeError: f: signed must be True or False, got 2
    """
    if not isinstance(value, (bool, np.bool_)):
        refuse(function, name, "True or False", describe(value), TypeError)
    return bool(value)


def choice(function, name, value, options):
    """One of a few names.

    >>> choice("forward", "activation", "tanhh", ("tanh", "relu"))
    Traceback (most recent call last):
    ValueError: forward: activation must be one of 'tanh', 'relu', got 'tanhh'
    """
    if not isinstance(value, str) or value not in options:
        refuse(function, name, "one of " + ", ".join(map(repr, options)), describe(value))
    return value


def generator(function, name, rng):
    """A numpy Generator: the only source of randomness.

    >>> generator("init", "rng", 0)
    Traceback (most recent call last):
    TypeError: init: rng must be a numpy.random.Generator, such as numpy.random.default_rng(0), got 0
    """
    if not isinstance(rng, np.random.Generator):
        refuse(
            function,
            name,
            "a numpy.random.Generator, such as numpy.random.default_rng(0)",
            describe(rng),
            TypeError,
        )
    return rng


def integers(function, name, q):
    """Codes: an array of an integer dtype (an empty list counts).

    >>> integers("dequantize", "q", [1.0])
    Traceback (most recent call last):
    TypeError: dequantize: q must be an array of integers, got dtype float64
    """
    a = raw(function, name, q, "an array of integers")
    if a.size == 0 and isinstance(q, (list, tuple)):
        return a.astype(np.int64)
    if a.dtype.kind not in "iu":
        refuse(function, name, "an array of integers", f"dtype {a.dtype}", TypeError)
    return a.astype(a.dtype.newbyteorder("="), copy=False)


def code_dtype(low, high):
    """The narrowest integer dtype for low..high: unsigned where low >= 0.

    >>> code_dtype(0, 255), code_dtype(-8, 7), code_dtype(0, 256)
    (dtype('uint8'), dtype('int8'), dtype('uint16'))
    """
    if low >= 0:
        return np.min_scalar_type(high)
    return np.promote_types(np.min_scalar_type(low), np.min_scalar_type(-high - 1))


def broadcast(function, **named):
    """Refuse the first array whose shape does not broadcast against those before it.

    >>> broadcast("f", x=np.zeros((2, 5)), W=np.zeros(2))
    Traceback (most recent call last):
    ValueError: f: W must be of a shape that broadcasts against (2, 5), got shape (2,)
    """
    shape = ()
    for name, a in named.items():
        try:
            shape = np.broadcast_shapes(shape, a.shape)
        except ValueError:
            refuse(
                function, name, f"of a shape that broadcasts against {shape}", f"shape {a.shape}"
            )


def holding(low, high, *numbers):
    """The arrays, in float64 instead of float32 where low or high is beyond 2^24: there float32
    skips whole numbers.

    >>> [holding(0, high, np.float32([1]))[0].dtype.name for high in (2**24, 2**24 + 1)]
    ['float32', 'float64']
    """
    wide = max(abs(low), abs(high)) > 2**24
    return [a.astype(np.float64) if wide and a.dtype == np.float32 else a for a in numbers]


def aligned(function, name, a, shape, axis=None, block=None):
    """`a` so that it broadcasts against an array of `shape`: a number, one entry a slice of axis,
    or one a block.

    >>> aligned("f", "scale", np.array([1.0, 2.0]), (2, 3), axis=0).shape
    (2, 1)
    """
    if axis is not None:
        if not shape:
            refuse(function, "axis", "None for a single number", f"{axis}")
        axis = whole(function, "axis", axis, -len(shape), len(shape) - 1) % len(shape)
    if block is not None:
        blocked = (*shape[:axis], -(-shape[axis] // block), *shape[axis + 1 :])
        if a.shape != blocked:
            refuse(
                function,
                name,
                f"of shape {blocked}, {shape} in blocks of {block}",
                f"shape {a.shape}",
            )
        return a.take(np.arange(shape[axis]) // min(block, max(shape[axis], 1)), axis)
    if a.ndim == 0:
        return a
    if axis is None:
        refuse(function, "axis", f"given where {name} has an entry a slice", "None")
    if a.shape != (shape[axis],):
        refuse(
            function,
            name,
            f"a number or of shape ({shape[axis]},), one for each slice of axis {axis}",
            f"shape {a.shape}",
        )
    return a.reshape((-1,) + (1,) * (len(shape) - 1 - axis))


def axes(function, name, values, low=0, count=None):
    """A tuple of whole numbers, such as a shape or (inputs, hidden, outputs).

    >>> axes("init", "batch", 7), axes("init", "sizes", (10, 5, 1), low=1, count=3)
    ((7,), (10, 5, 1))
    """
    if isinstance(values, (int, np.integer)) and not isinstance(values, bool):
        values = (values,)
    if (
        not isinstance(values, (tuple, list))
        or len(values) > 32
        or (count is not None and len(values) != count)
    ):
        refuse(
            function,
            name,
            f"a tuple of {'' if count is None else f'{count} '}whole numbers",
            describe(values),
            TypeError,
        )
    values = tuple(whole(function, name, n, low) for n in values)
    if prod(values) > MAX_SIZE:
        refuse(function, name, f"of a product of at most {MAX_SIZE:,}", describe(values))
    return values


def fields(function, name, p, like=None, expected="numbers"):
    """The four arrays of p, a Params, by name; of the sizes and leading axes of `like`, or of one
    network of it.

    >>> fields("prune", "R", 0.5)
    Traceback (most recent call last):
    TypeError: prune: R must be a Params of numbers, got 0.5
    """
    if not all(hasattr(p, field) for field in (*FIELDS, "sizes", "batch")):
        refuse(function, name, f"a Params of {expected}", describe(p), TypeError)
    if like is not None and (p.sizes != like.sizes or p.batch not in ((), like.batch)):
        refuse(
            function,
            name,
            f"of sizes {like.sizes} and leading axes () or {like.batch}",
            f"sizes {p.sizes} and leading axes {p.batch}",
        )
    return {f"{name}.{field}": getattr(p, field) for field in FIELDS}


def checked(function, params, X=ABSENT, y=ABSENT, activation="tanh", *, exact=True, complex_=True):
    """(params, X, y) in one arithmetic and of fitting shapes, or a refusal in the name of
    `function`.

    >>> from refnn.network import Params
    >>> checked("forward", Params([[1, 2]], [3], [[2]], [1]), X=[[10.0]])
    Traceback (most recent call last):
    ValueError: forward: X must be of shape (N, 2), got shape (1, 1)
    """
    choice(function, "activation", activation, ACTIVATIONS)
    given = fields(function, "params", params)
    given |= {name: a for name, a in (("X", X), ("y", y)) if a is not ABSENT}
    given = dict(zip(given, together(function, given, exact=exact, complex_=complex_)))
    params = type(params)(*(given[f"params.{name}"] for name in FIELDS))
    if params.W_ih.dtype == EXACT and activation not in ("relu", "identity"):
        refuse(function, "activation", "'relu' or 'identity' on Fractions", repr(activation))
    X, y, rows = given.get("X"), given.get("y"), "N"
    for name, a, columns in (("X", X, params.sizes[0]), ("y", y, params.sizes[2])):
        if a is not None:
            fits = a.ndim >= 2 and a.shape[-1] == columns and a.shape[:-2] in ((), params.batch)
            if not fits or rows not in ("N", a.shape[-2]):
                stack = f" or {params.batch} + ({rows}, {columns})" if params.batch else ""
                refuse(function, name, f"of shape ({rows}, {columns}){stack}", f"shape {a.shape}")
            rows = a.shape[-2]
    return params, X, y


def mask(function, params, keep):
    """A mask as Params of bool (True = keep) that fits params; 0 and 1 will do.

    >>> from refnn.network import Params
    >>> mask("fit", Params([[1.0]], [0.0], [[2.0]], [0.0]), Params([[1]], [0], [[1]], [1])).flatten()
    array([ True, False,  True,  True])
    """
    given = fields(function, "mask", keep, params, "bool (True = keep)")
    for name, a in given.items():
        if a.dtype.kind not in "biufO" or not np.isin(a, (0, 1)).all():
            refuse(function, name, "True/False or 1/0", describe(a))
    return type(keep)(*(a.astype(bool) for a in given.values()))


def grid(function, qparams):
    """A QParams whose fields are right as far as can be judged without x; what is wrong with them
    is said here.

    >>> from refnn.quantization.affine import QParams
    >>> grid("quantize", QParams(0.5, 8, 0, 7))
    Traceback (most recent call last):
    ValueError: quantize: zero_point must be within qmin..qmax = 0..7, got 8
    """
    if not all(
        hasattr(qparams, field)
        for field in ("scale", "zero_point", "qmin", "qmax", "axis", "block")
    ):
        refuse(function, "qparams", "a QParams", describe(qparams), TypeError)
    qmin = whole(function, "qmin", qparams.qmin, -(2**52), 2**52)
    qmax = whole(function, "qmax", qparams.qmax, -(2**52), 2**52)
    if qmin >= qmax:
        refuse(function, "qmin", f"below qmax = {qmax}", f"{qmin}")
    zero_point = integers(function, "zero_point", qparams.zero_point)
    if ((zero_point < qmin) | (zero_point > qmax)).any():
        refuse(
            function,
            "zero_point",
            f"within qmin..qmax = {qmin}..{qmax}",
            describe(qparams.zero_point),
        )
    scale = numbers(function, "scale", qparams.scale)
    if (scale <= 0).any() or (scale.dtype != EXACT and (scale < np.finfo(scale.dtype).tiny).any()):
        refuse(function, "scale", "positive and normal", describe(qparams.scale))
    if qparams.block is not None:
        whole(function, "block", qparams.block, 1)
        if qparams.axis is None:
            refuse(function, "axis", "given where block is", "None")
    return qparams


def normal_scale(function, x, scale):
    """The scale that a range of x gave, a finite normal number of x's dtype; or a refusal that
    names x.

    >>> normal_scale("f", np.array([0.5]), np.float64(0.25))
    np.float64(0.25)
    """
    if x.dtype != EXACT and not ((scale >= np.finfo(x.dtype).tiny) & np.isfinite(scale)).all():
        refuse(function, "x", "of a range whose scale is a finite normal number", describe(x))
    return scale


def saturate(a):
    """Floats beyond the largest float become the largest float; Fractions have no such edge.

    >>> saturate(np.array([np.inf, 1.0]))
    array([1.79769313e+308, 1.00000000e+000])
    """
    return a if a.dtype == EXACT else np.nan_to_num(a)


DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?|[+-]?\d+/\d+")


def exact(function, name, value):
    """A number as the Fraction that is printed: 0.1 is 1/10, never the double nearest to it.

    >>> exact("solve", "x", 0.1), exact("solve", "x", "0.10"), exact("solve", "x", 3)
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
        refuse(function, name, "a number or a decimal string", describe(value), TypeError)
    if len(text) > 400 or not DECIMAL.fullmatch(text):
        refuse(function, name, "a finite decimal number", describe(text))
    try:
        result = Fraction(text)
    except ZeroDivisionError:
        refuse(function, name, "a finite decimal number", describe(text))
    if abs(result) > Fraction(np.finfo(np.float64).max):
        refuse(function, name, "a finite decimal number", describe(text))
    return result
