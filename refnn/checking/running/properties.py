"""What a quantizer promises: each promise held, broken with the smallest counterexample found, or
not decidable.

The grid (scale Δ, zero_point z, qmin..qmax) is known or was inferred by `staircase`. A value of k
steps is x = k·Δ; its code should be clip(z + the whole number nearest to k, qmin, qmax), ties to
even (ONNX QuantizeLinear), and the decoded value at most half a step from x. What floats do beside
an edge is nobody's mistake: points lie off the edges, and ties are asked only where x/Δ, x·(1/Δ)
and both in float32 are exactly k + ½."""

from collections.abc import Callable
from fractions import Fraction
from numbers import Real
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.checking.running.sandbox import Failure
from refnn.quantization import rounding

U = 2.0**-24  # half the spacing of float32 at 1: decoders may compute in it
PARTS = (0.0, 0.1, -0.1, 0.25, -0.25, 0.4, -0.4)  # of a step, off a whole number of steps
ODD = (
    0.13,
    0.29,
    0.43,
    0.57,
    0.71,
    0.87,
)  # at which no usual edge lies, of rounding, floor or an offset
BEYOND = (1, 1.5, 2, 3, 10, 100, 1e4, 1e6, 3e9, 1e10, 1e19, 1e30)
RULES = {
    "to even": rounding.half_even,
    "away from zero": rounding.half_away,
    "up": rounding.half_up,
    "down": rounding.half_down,
    "toward zero": lambda x: np.trunc(x),
}
PROBE = np.array([0.0, 0.3, -0.3, 1.0, -1.0, 2.6, -7.3, 0.004, 50.0, -400.0])


class Property(NamedTuple):
    """name; held: True, False, or None where it cannot be decided; why: the counterexample, or why
    not decidable.

    >>> Property("ties go to even", False, "2.5 steps give 3")._replace(why="").held
    False
    """

    name: str
    held: bool | None
    why: str = ""


class Broken(Exception):
    """Raised with the Property that is broken, where without it no other can be asked.

    >>> manners(lambda x: x / 2, vector(lambda x: x / 2, "quantize"))
    Traceback (most recent call last):
    refnn.checking.running.properties.Broken: Property(name='codes are whole numbers', held=False, why='0.3 gives 0.15')
    """


def shown(value):
    """A number in at most six digits.

    >>> shown(0.30000000000000004), shown(-128.0)
    ('0.3', '-128')
    """
    return f"{float(value) + 0.0:.6g}"  # + 0.0: no -0


def vector(call: Callable, name: str):
    """call as a function from a vector to a vector of float64; Broken where it gives no finite
    array of its shape.

    >>> vector(lambda x: x[:2], "quantize")(np.zeros(3))
    Traceback (most recent call last):
    refnn.checking.running.properties.Broken: Property(name='keeps the shape', held=False, why='(3,) gives (2,)')
    """

    def answer(x):
        value = call(x.copy())
        if isinstance(value, Failure):
            arrays.refuse(
                "check",
                name,
                "a function that answers an array of numbers",
                f"{value.kind}: {value.text}",
            )
        a = _numbers(value)
        if a is None:
            raise Broken(Property("answers numbers", False, f"got {arrays.describe(value)[:60]}"))
        if a.shape != x.shape:
            raise Broken(Property("keeps the shape", False, f"{x.shape} gives {a.shape}"))
        bad = np.nonzero(~np.isfinite(a))[0]
        if len(bad):
            raise Broken(
                Property("finite for finite input", False, f"{shown(x[bad[0]])} gives {a[bad[0]]}")
            )
        return a

    return answer


def _numbers(value):
    """A real array in float64, or None."""
    try:
        a = np.asarray(value)
        real = a.dtype.kind in "biuf" or (
            a.dtype == object and all(isinstance(v, Real) for v in a.flat)
        )
        return a.astype(np.float64) if real else None
    except Exception:  # its own __array__ may raise anything
        return None


def manners(call, f):
    """How it treats its input, whatever its grid: [Property, …]; f is vector(call, …). Broken where
    no grid can be.

    >>> [p.name for p in manners(np.rint, vector(np.rint, "quantize")) if not p.held]
    []
    """

    def compare(name, a, b, x=PROBE):
        differ = np.nonzero(np.ravel(a) != np.ravel(b))[0]
        why = (
            ""
            if not len(differ)
            else (
                f"{shown(x[differ[0]])} gives {shown(np.ravel(a)[differ[0]])}, then "
                f"{shown(np.ravel(b)[differ[0]])}"
            )
        )
        return Property(name, not len(differ), why)

    codes = f(PROBE)
    fraction = np.nonzero(codes != np.floor(codes))[0]
    if len(fraction):
        i = fraction[0]
        raise Broken(
            Property("codes are whole numbers", False, f"{shown(PROBE[i])} gives {shown(codes[i])}")
        )
    found = [
        Property("codes are whole numbers", True),
        compare("same answer twice", codes, f(PROBE)),
    ]
    alone = np.array([f(PROBE[i : i + 1])[0] for i in range(len(PROBE))])
    found.append(compare("each value on its own", codes, alone))
    if not found[-1].held or not found[-2].held:
        raise Broken(*[p for p in found if not p.held][:1])
    table = PROBE[:6].reshape(2, 3)
    square = _numbers(call(table.copy()))
    fits = square is not None and square.shape == (2, 3)
    found.append(
        Property("keeps the shape", fits, "" if fits else "(2, 3) is not answered in its shape")
    )
    if fits:
        found.append(compare("each row like a vector", codes[:6], square))
    return [*found, untouched("leaves its input alone", call, PROBE)]


def untouched(name, call, x):
    """Does it answer for an array that it must not write to?

    >>> untouched("leaves its input alone", lambda x: x + 1, np.zeros(1)).held
    True
    """
    locked = x.copy()
    locked.flags.writeable = False
    answer = call(locked)
    harmless = not isinstance(answer, Failure)
    return Property(name, harmless, "" if harmless else answer.text)


def _steps(qmin, qmax, z):
    """Whole steps to ask about: all of a small range, of a large one both ends, those around 0, and
    some between."""
    low, high = qmin - z, qmax - z
    if high - low <= 600:
        return np.arange(low, high + 1)
    kept = np.r_[
        low : low + 50, -50:51, high - 49 : high + 1, np.linspace(low, high, 400).astype(int)
    ]
    return np.unique(kept[(kept >= low) & (kept <= high)])


def exactly(steps, scale):
    """Those of the steps at which x = steps·Δ divides back to exactly them, in float64 and in
    float32.

    >>> exactly(np.array([0.5, 1.5, 2.5]), 0.1).tolist()
    [0.5, 2.5]
    """
    with np.errstate(all="ignore"):
        x, s = steps * scale, np.float32(scale)
        same = (x / scale == steps) & (x * (1 / scale) == steps)
        return steps[
            same & (np.float32(x) / s == steps) & (np.float32(x) * (np.float32(1) / s) == steps)
        ]


def encoding(f, grid, ended=True):
    """The promises of an encoder on its grid.

    >>> from refnn.quantization.affine import QParams
    >>> p = QParams(0.5, 3, 0, 7)
    >>> for one in encoding(lambda x: np.clip(np.floor(x / 0.5) + 3, 0, 7), p)[2:4]:
    ...     print(one.held, one.why)
    False 0.1 steps below 0 (x = -0.05) give 2, nearest is 3
    None it does not round to the nearest
    """
    scale, z, qmin, qmax = float(grid.scale), grid.zero_point, grid.qmin, grid.qmax
    whole = _steps(qmin, qmax, z)
    steps = np.unique((whole[:, None] + np.array(PARTS)).ravel())
    steps = steps[(steps > qmin - z - 0.5) & (steps < qmax - z + 0.5)]
    beyond = np.array([k for k in BEYOND if k * scale < 1e300])
    outside = np.concatenate([-beyond[::-1] + qmin - z, beyond + qmax - z])
    inside, out = f(steps * scale), f(outside * scale)
    near = len(outside) // 2
    every, codes = (
        np.concatenate([a[:near], b, a[near:]]) for a, b in ((outside, steps), (out, inside))
    )
    within = np.abs(every) <= 4 * (qmax - qmin) + 4  # further out it is saturation that is asked
    found = [
        _first(
            "never falls as x grows",
            every[within][1:],
            np.diff(codes[within]) < 0,
            lambda k, i: (
                f"{_at(k, scale)} give {shown(codes[within][i + 1])}, just before {shown(codes[within][i])}"
            ),
        )
    ]
    ends = np.repeat([qmin, qmax], near)
    found.append(
        _first(
            "stops at the ends",
            outside,
            out != ends,
            lambda k, i: f"{_at(k, scale)} give {shown(out[i])}, the end is {ends[i]}",
        )
    )
    if not ended:
        found[-1] = Property(
            "stops at the ends", False, "its codes go on for more than 131072 steps"
        )
    nearest = np.clip(np.rint(steps) + z, qmin, qmax)
    found.append(
        _first(
            "nearest code",
            steps,
            inside != nearest,
            lambda k, i: f"{_at(k, scale)} give {shown(inside[i])}, nearest is {shown(nearest[i])}",
        )
    )
    found.append(
        _ties(f, scale, z, qmin, qmax, whole)
        if found[-1].held
        else Property("ties go to even", None, "it does not round to the nearest")
    )
    return [*found, _single(f, (whole[:, None] + np.array(ODD)).ravel(), scale)]


def _single(f, steps, scale):
    if not 2.0**-100 < scale < 2.0**100:
        return Property("float32 like float64", None, "its steps are beyond float32")
    steps = steps[np.abs(steps) < 2**16]  # beyond, float32 cannot tell them apart
    x = np.float32(steps * scale)
    single, double_ = f(x), f(x.astype(np.float64))
    return _first(
        "float32 like float64",
        steps,
        single != double_,
        lambda k, i: f"{shown(x[i])} gives {shown(single[i])}, in float64 {shown(double_[i])}",
    )


def _ties(f, scale, z, qmin, qmax, whole):
    ties = exactly(whole[:-1] + 0.5, scale)
    if len(ties) < 2:
        return Property("ties go to even", None, "no ties that floats can hit")
    codes = f(ties * scale)
    names = [
        name for name, rule in RULES.items() if (np.clip(rule(ties) + z, qmin, qmax) == codes).all()
    ]
    exact = [
        Fraction(scale),
        Fraction(scale).limit_denominator(10**6),
    ]  # in which most of these are no ties
    if "to even" in names or any(
        ([min(max(round(Fraction(x) / s) + z, qmin), qmax) for x in ties * scale] == codes).all()
        for s in exact
        if s
    ):
        return Property("ties go to even", True)
    wrong = _first(
        "ties go to even",
        ties,
        codes != np.rint(ties) + z,
        lambda k, i: f"{_at(k, scale)} give {shown(codes[i])}, even is {shown(np.rint(k) + z)}",
    )
    return wrong._replace(why=wrong.why + (f"; ties go {names[0]}" if names else ""))


def decoding(f, d, grid):
    """The promises of an encoder f and a decoder d together.

    >>> from refnn.quantization.affine import QParams
    >>> p = QParams(0.5, 3, 0, 7)
    >>> [one.held for one in decoding(lambda x: np.clip(np.rint(x / 0.5) + 3, 0, 7), lambda q: (q + 3) * 0.5, p)]
    [False, False, False, False]
    """
    scale, z, qmin, qmax = float(grid.scale), grid.zero_point, grid.qmin, grid.qmax
    whole = _steps(qmin, qmax, z)
    codes = whole + z
    room = (
        8 * U * (abs(z) + np.abs(codes)) * scale
    )  # four roundings in float32, to first order, twice
    zero = d(f(np.zeros(1)))[0]
    found = [Property("0.0 comes back as 0.0", bool(abs(zero) <= 8 * U * 2 * abs(z) * scale), "")]
    if not found[0].held:
        found = [found[0]._replace(why=f"0.0 comes back as {shown(zero)}")]
    values = d(codes.astype(arrays.code_dtype(qmin, qmax)))
    again = f(values)
    found.append(
        _first(
            "decoded, then encoded, is the code",
            whole,
            again != codes,
            lambda k, i: (
                f"code {codes[i]} decodes to {shown(values[i])}, which encodes to {shown(again[i])}"
            ),
        )
    )
    steps = np.unique((whole[:, None] + np.array(PARTS)).ravel())
    steps = steps[(steps > qmin - z - 0.5) & (steps < qmax - z + 0.5)]
    x = steps * scale
    once = d(f(x))
    off = np.abs(once - x) > scale / 2 + room.max()
    found.append(
        _first(
            "error at most half a step",
            steps,
            off,
            lambda k, i: (
                f"{shown(x[i])} comes back as {shown(once[i])}, {shown(abs(once[i] - x[i]) / scale)} steps off"
            ),
        )
    )
    twice = d(f(once))
    return [
        *found,
        _first(
            "twice is once",
            steps,
            twice != once,
            lambda k, i: f"{shown(x[i])} comes back as {shown(once[i])}, then {shown(twice[i])}",
        ),
    ]


def _at(steps, scale):
    side = " below 0" if steps < 0 else ""
    return f"{shown(abs(steps))} steps{side} (x = {shown(steps * scale)})"


def _first(name, steps, wrong, why):
    """Held, or broken with the counterexample nearest to 0."""
    at = np.nonzero(wrong)[0]
    if not len(at):
        return Property(name, True)
    i = at[np.argmin(np.abs(steps[at]))]
    return Property(name, False, why(steps[i], i))
