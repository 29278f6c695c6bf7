"""This module reads what a quantizer returns: codes, or codes with a scale and a zero point.

It also finds out whether the grid of a quantizer comes from its data.
"""

import numpy as np

from refnn.arrays import describe
from refnn.checking.running.properties import PROBE, Broken, numbers, refuse_failure
from refnn.checking.running.sandbox import Failure
from refnn.checking.running.schemes import Coded

# fmt: off
NAMES = {"codes": "codes", "q": "codes", "quantized": "codes", "x_q": "codes", "q_x": "codes",
         "scale": "scale", "s": "scale", "S": "scale", "Δ": "scale", "delta": "scale",
         "zero_point": "zero_point", "zp": "zero_point", "z": "zero_point", "Z": "zero_point",
         "zeropoint": "zero_point"}
# fmt: on
FACTORS = (1, 4, 1 / 64)  # exact in floats
PARTS = (slice(0, 5), slice(2, 7), slice(4, 9))  # of PROBE, each with several values


def parts(value, shape):
    """Return {"codes": …}, also with "scale" and "zero_point" if the answer holds them.

    An answer may be an array of this shape, a tuple of it and of one or two numbers, or a dict or a
    named tuple with the names of these.

    >>> parts((np.array([1, 2]), 0.5, np.int64(3)), (2,))["zero_point"]
    np.int64(3)
    >>> parts({"q": np.array([1, 2]), "s": 0.5}, (2,))["scale"]
    0.5
    """
    named = value if isinstance(value, dict) else {}
    fields = getattr(value, "_fields", ())
    if isinstance(value, tuple) and fields and len(fields) == len(value):
        named = dict(zip(fields, value))
    known = {NAMES[name]: part for name, part in named.items() if name in NAMES}
    if "codes" in known:
        return known
    if isinstance(value, (tuple, list)) and len(value) in (2, 3):
        codes, *rest = (numbers(part) for part in value)
        if codes is not None and codes.shape == shape != ():
            if all(part is not None and part.size == 1 for part in rest):
                return dict(zip(("codes", "scale", "zero_point"), value))
    return {"codes": value}


def codes_of(call):
    """Return a function that returns only the codes of what another function returns.

    >>> codes_of(lambda x: (x, 1.0, 0))(np.zeros(2))
    array([0., 0.])
    """

    def codes(x, *more):
        value = call(x, *more)
        return value if isinstance(value, Failure) else parts(value, np.shape(x))["codes"]

    codes.given = getattr(call, "given", dict)
    return codes


def coded(call, label):
    """Return a function from a vector to a Coded that runs `call` and checks its answer.

    Broken is raised if the answer does not hold a code for each number.

    >>> coded(lambda x: (x, 1.0, 0), "quantize")(np.array([2.0]))
    Coded(codes=array([2.]), scale=1.0, zero_point=0.0)
    """

    def ask(x):
        value = call(x.copy())
        if isinstance(value, Failure):
            refuse_failure(label, x, value)
        found = {name: numbers(part) for name, part in parts(value, x.shape).items()}
        if any(part is None for part in found.values()):
            raise Broken("the answer is an array of numbers", f"got {describe(value)[:60]}")
        codes = found.pop("codes")
        if codes.shape != x.shape:
            raise Broken("the shape is kept", f"input {x.shape} gives output {codes.shape}")
        return Coded(codes, **{name: float(part.ravel()[0]) for name, part in found.items()})

    return ask


def depends_on_data(call):
    """Return True if the codes of a function show that its grid comes from its data.

    The codes of some numbers change if others are left out, but not if all are multiplied by 4 or
    divided by 64.

    >>> depends_on_data(lambda x: np.rint(x / np.abs(x).max() * 127)), depends_on_data(np.cumsum)
    (True, False)
    """
    codes = codes_of(call)

    def of(x):
        value = codes(x.copy())
        found = None if isinstance(value, Failure) else numbers(value)
        fits = found is not None and found.shape == x.shape and np.isfinite(found).all()
        return found if fits else None

    whole, *others = (of(factor * PROBE) for factor in FACTORS)
    if whole is None or any(o is None for o in others):
        return False
    alone = [(of(PROBE[part]), whole[part]) for part in PARTS]
    changed = any(a is not None and (a != w).any() for a, w in alone)
    return changed and all((whole == other).mean() >= 0.9 for other in others)


def row_by_row(call):
    """Return the function. If it accepts only matrices, return a function that passes a vector to
    it as a matrix of one row.

    >>> def call(x): return np.rint(x) if x.ndim == 2 else Failure("raised", "")
    >>> row_by_row(call)(np.array([1.4, 2.0]))
    array([1., 2.])
    """

    def of_a_row(x):
        if np.ndim(x) != 1:
            return call(x)
        value = call(x[None])
        if isinstance(value, Failure):
            return value
        found = {name: np.ravel(part) for name, part in parts(value, (1, len(x))).items()}
        return found["codes"] if len(found) == 1 else found

    fails = [isinstance(f(PROBE.copy()), Failure) for f in (call, of_a_row)]
    return of_a_row if fails == [True, False] else call
