"""What a quantizer promises: each promise held, broken with the smallest counterexample found, or
not decidable.

The grid (scale Δ, zero_point z, qmin..qmax) is known or was inferred by `staircase`. A value of k
steps is x = k·Δ; its code should be clip(z + the whole number nearest to k, qmin, qmax), ties to
even (ONNX QuantizeLinear), and the decoded value at most half a step from x. What floats do beside
an edge is nobody's mistake: points lie off the edges, and ties are asked only where x/Δ, x·(1/Δ)
and both in float32 are exactly k + ½."""

from fractions import Fraction
from numbers import Real
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.arrays import Refused
from refnn.checking.plane.digits import short
from refnn.checking.running.sandbox import Failure
from refnn.quantization import rounding

U = 2.0**-24  # half the spacing of float32 at 1: decoders may compute in it
PARTS = (0.0, 0.1, -0.1, 0.25, -0.25, 0.4, -0.4)  # of a step, off a whole number of steps
ODD = (0.13, 0.29, 0.43, 0.57, 0.71, 0.87)  # no edge of rounding, floor or an offset lies there
BEYOND = (1, 1.5, 2, 3, 10, 100, 1e4, 1e6, 3e9, 1e10, 1e19, 1e30)
RULES = {
    "to even": rounding.half_even,
    "away from zero": rounding.half_away,
    "up": rounding.half_up,
    "down": rounding.half_down,
    "toward zero": rounding.toward_zero,
}
PROBE = np.array([0.0, 0.3, -0.3, 1.0, -1.0, 2.6, -7.3, 0.004, 50.0, -400.0])


class Property(NamedTuple):
    """A promise and what became of it."""

    name: str
    held: bool | None  # None where it cannot be decided
    why: str = ""  # the counterexample, or why not decidable


def promise(name, held, why):
    """Return a Property that can be decided; why: what is said if it is broken.

    >>> promise("keeps the shape", True, "(3,) gives (2,)").why
    ''
    """
    return Property(name, bool(held), "" if held else why)


class Broken(Exception):
    """Raised with the Property that is broken, where without it no other can be asked.

    >>> manners(lambda x: x / 2, vector(lambda x: x / 2, "quantize"))
    Traceback (most recent call last):
    refnn.checking.running.properties.Broken: codes are whole numbers: 0.3 gives 0.15
    """

    def __init__(self, name, why):
        super().__init__(f"{name}: {why}")
        self.property = Property(name, False, why)


# --- its manners ----------------------------------------------------------------------------------


def vector(call, name):
    """Return call as a function from a vector to a vector of float64; Broken where it gives no
    finite array of its shape.

    >>> vector(lambda x: x[:2], "quantize")(np.zeros(3))
    Traceback (most recent call last):
    refnn.checking.running.properties.Broken: keeps the shape: (3,) gives (2,)
    """

    def answer(x):
        value = call(x.copy())
        if isinstance(value, Failure):
            expected = "a function that answers an array of numbers"
            raise Refused(name, expected, f"{value.kind}: {value.text}")
        a = _numbers(value)
        if a is None:
            raise Broken("answers numbers", f"got {arrays.describe(value)[:60]}")
        if a.shape != x.shape:
            raise Broken("keeps the shape", f"{x.shape} gives {a.shape}")
        bad = np.nonzero(~np.isfinite(a))[0]
        if len(bad):
            raise Broken("finite for finite input", f"{short(x[bad[0]])} gives {a[bad[0]]}")
        return a

    return answer


def _numbers(value):
    """A real array in float64, or None."""
    try:
        a = np.asarray(value)
        exact = a.dtype == object and all(isinstance(v, Real) for v in a.flat)
        return a.astype(np.float64) if exact or a.dtype.kind in "biuf" else None
    except Exception:  # its own __array__ may raise anything
        return None


def manners(call, f):
    """Judge how it treats its input, whatever its grid: [Property, …]; f is vector(call, …). Broken
    where no grid can be.

    >>> [p.name for p in manners(np.rint, vector(np.rint, "quantize")) if not p.held]
    []
    """

    def same(name, a, b):
        def why(k, i):
            return f"{short(PROBE[i])} gives {short(np.ravel(a)[i])}, then {short(np.ravel(b)[i])}"

        return _first(name, None, np.ravel(a) != np.ravel(b), why)

    codes, whole = f(PROBE), "codes are whole numbers"
    fraction = np.nonzero(codes != np.floor(codes))[0]
    if len(fraction):
        raise Broken(whole, f"{short(PROBE[fraction[0]])} gives {short(codes[fraction[0]])}")
    found = [Property(whole, True), same("same answer twice", codes, f(PROBE))]
    alone = np.concatenate([f(PROBE[i : i + 1]) for i in range(len(PROBE))])
    found.append(same("each value on its own", codes, alone))
    for p in found:
        if not p.held:
            raise Broken(p.name, p.why)
    square = _numbers(call(PROBE[:6].reshape(2, 3).copy()))
    fits = square is not None and square.shape == (2, 3)
    found.append(promise("keeps the shape", fits, "(2, 3) is not answered in its shape"))
    if fits:
        found.append(same("each row like a vector", codes[:6], square))
    return [*found, untouched("leaves its input alone", call, PROBE)]


def untouched(name, call, x):
    """Judge whether it answers for an array that it must not write to.

    >>> untouched("leaves its input alone", lambda x: x + 1, np.zeros(1)).held
    True
    """
    locked = x.copy()
    locked.flags.writeable = False
    answer = call(locked)
    return promise(name, not isinstance(answer, Failure), getattr(answer, "text", ""))


# --- on its grid ----------------------------------------------------------------------------------


def _steps(grid):
    """Whole steps of the range, of a large one its ends, its middle and some; and these with
    parts."""
    low, high = grid.qmin - grid.zero_point, grid.qmax - grid.zero_point
    if high - low <= 600:
        whole = np.arange(low, high + 1)
    else:
        ends, some = np.r_[low : low + 50, high - 49 : high + 1], np.linspace(low, high, 400)
        whole = np.unique(np.r_[ends, -50:51, some.astype(int)])
        whole = whole[(whole >= low) & (whole <= high)]
    parts = np.unique((whole[:, None] + np.array(PARTS)).ravel())
    return whole, parts[(parts > low - 0.5) & (parts < high + 0.5)]


def exactly(steps, scale):
    """Return those of the steps at which x = steps·Δ divides back to exactly them, in float64 and
    in float32.

    >>> exactly(np.array([0.5, 1.5, 2.5]), 0.1).tolist()
    [0.5, 2.5]
    """
    with np.errstate(all="ignore"):
        x, s, one = steps * scale, np.float32(scale), np.float32(1)
        double = (x / scale == steps) & (x * (1 / scale) == steps)
        single = (np.float32(x) / s == steps) & (np.float32(x) * (one / s) == steps)
    return steps[double & single]


def encoding(f, grid, ended=True):
    """Judge the promises of an encoder on its grid.

    >>> from refnn.quantization.affine import QParams
    >>> floors = encoding(lambda x: np.clip(np.floor(x / 0.5) + 3, 0, 7), QParams(0.5, 3, 0, 7))
    >>> for one in floors[2:4]:
    ...     print(one.held, one.why)
    False 0.1 steps below 0 (x = -0.05) give 2, nearest is 3
    None it does not round to the nearest
    """
    scale, z, qmin, qmax = float(grid.scale), grid.zero_point, grid.qmin, grid.qmax
    whole, steps = _steps(grid)
    beyond = np.array([k for k in BEYOND if k * scale < 1e300])
    near = len(beyond)
    outside = np.concatenate([-beyond[::-1] + qmin - z, beyond + qmax - z])
    inside, out = f(steps * scale), f(outside * scale)

    def at(k, code):
        return f"{_at(k, scale)} give {short(code)}"

    every = np.concatenate([outside[:near], steps, outside[near:]])
    within = np.abs(every) <= 4 * (qmax - qmin) + 4  # further out it is saturation that is asked
    codes = np.concatenate([out[:near], inside, out[near:]])[within]
    ends, nearest = np.repeat([qmin, qmax], near), np.clip(np.rint(steps) + z, qmin, qmax)
    rises = _first(
        "never falls as x grows",
        every[within][1:],
        np.diff(codes) < 0,
        lambda k, i: f"{at(k, codes[i + 1])}, just before {short(codes[i])}",
    )
    stops = _first(
        "stops at the ends",
        outside,
        out != ends,
        lambda k, i: f"{at(k, out[i])}, the end is {ends[i]}",
    )
    if not ended:
        stops = Property(stops.name, False, "its codes go on for more than 131072 steps")
    rounds = _first(
        "nearest code",
        steps,
        inside != nearest,
        lambda k, i: f"{at(k, inside[i])}, nearest is {short(nearest[i])}",
    )
    ties = Property("ties go to even", None, "it does not round to the nearest")
    if rounds.held:
        ties = _ties(f, grid, whole)
    return [rises, stops, rounds, ties, _single(f, whole, scale)]


def _single(f, whole, scale):
    name = "float32 like float64"
    if not 2.0**-100 < scale < 2.0**100:
        return Property(name, None, "its steps are beyond float32")
    steps = (whole[:, None] + np.array(ODD)).ravel()
    steps = steps[np.abs(steps) < 2**16]  # beyond, float32 cannot tell them apart
    x = np.float32(steps * scale)
    single, double = f(x), f(x.astype(np.float64))

    def why(k, i):
        return f"{short(x[i])} gives {short(single[i])}, in float64 {short(double[i])}"

    return _first(name, steps, single != double, why)


def _ties(f, grid, whole):
    scale, z, name = float(grid.scale), grid.zero_point, "ties go to even"
    ties = exactly(whole[:-1] + 0.5, scale)
    if len(ties) < 2:
        return Property(name, None, "no ties that floats can hit")

    def coded(rounded):
        return np.clip(np.asarray(rounded) + z, grid.qmin, grid.qmax)

    codes = f(ties * scale)
    rules = [rule for rule, rounded in RULES.items() if (coded(rounded(ties)) == codes).all()]
    # an encoder that computes exactly: most of these are no ties for it
    scales = [s for s in (Fraction(scale), Fraction(scale).limit_denominator(10**6)) if s]
    exact = ([round(Fraction(x) / s) for x in ties * scale] for s in scales)
    if "to even" in rules or any((coded(rounded) == codes).all() for rounded in exact):
        return Property(name, True)

    def why(k, i):
        given = f"{_at(k, scale)} give {short(codes[i])}, even is {short(np.rint(k) + z)}"
        return f"{given}; ties go {rules[0]}" if rules else given

    return _first(name, ties, codes != np.rint(ties) + z, why)


def decoding(f, d, grid):
    """Judge the promises of an encoder f and a decoder d together.

    >>> from refnn.quantization.affine import QParams
    >>> p, encode = QParams(0.5, 3, 0, 7), lambda x: np.clip(np.rint(x / 0.5) + 3, 0, 7)
    >>> [one.held for one in decoding(encode, lambda q: (q + 3) * 0.5, p)]
    [False, False, False, False]
    """
    scale, z = float(grid.scale), grid.zero_point
    whole, steps = _steps(grid)
    codes, x = whole + z, steps * scale
    room = 8 * U * (abs(z) + np.abs(codes)) * scale  # four roundings in float32, twice
    zero = d(f(np.zeros(1)))[0]
    stays = abs(zero) <= 8 * U * 2 * abs(z) * scale
    values = d(codes.astype(rounding.code_dtype(grid.qmin, grid.qmax)))
    again, once = f(values), d(f(x))
    twice, error = d(f(once)), np.abs(once - x)

    def comes_back(i):
        return f"{short(x[i])} comes back as {short(once[i])}"

    return [
        promise("0.0 comes back as 0.0", stays, f"0.0 comes back as {short(zero)}"),
        _first(
            "decoded, then encoded, is the code",
            whole,
            again != codes,
            lambda k, i: (
                f"code {codes[i]} decodes to {short(values[i])}, which encodes to {short(again[i])}"
            ),
        ),
        _first(
            "error at most half a step",
            steps,
            error > scale / 2 + room.max(),
            lambda k, i: f"{comes_back(i)}, {short(error[i] / scale)} steps off",
        ),
        _first(
            "twice is once",
            steps,
            twice != once,
            lambda k, i: f"{comes_back(i)}, then {short(twice[i])}",
        ),
    ]


def _at(steps, scale):
    side = " below 0" if steps < 0 else ""
    return f"{short(abs(steps))} steps{side} (x = {short(steps * scale)})"


def _first(name, steps, wrong, why):
    """Held, or broken with the counterexample nearest to 0 (of the probe: the first)."""
    at = np.nonzero(wrong)[0]
    if not len(at):
        return Property(name, True)
    i = at[0] if steps is None else at[np.argmin(np.abs(steps[at]))]
    return Property(name, False, why(None if steps is None else steps[i], i))
