"""This module tests the properties that a correct quantizer has.

A property holds, or is broken, or cannot be decided. A broken one comes with the smallest
counterexample that was found. The grid (scale Δ, zero_point z, codes qmin..qmax) is known or was
found by `staircase`. A value of k steps is x = k·Δ. Its code should be clip(z + the whole number
nearest to k, qmin, qmax), where ties go to the even number (ONNX QuantizeLinear), and the decoded
value should be at most half a step from x. Rounding errors of floats next to an edge between two
codes are not counted as mistakes. So the test points lie away from the edges, and ties are tested
only where x/Δ and x·(1/Δ), in float64 and in float32, are exactly k + ½."""

from fractions import Fraction
from numbers import Real
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.arrays import Refused
from refnn.checking.plane.digits import short
from refnn.checking.running.sandbox import Failure
from refnn.quantization import rounding

U = 2.0**-24  # half the spacing of float32 at 1, because decoders may compute in float32
PARTS = (0.0, 0.1, -0.1, 0.25, -0.25, 0.4, -0.4)  # fractions of a step, added to whole steps
ODD = (0.13, 0.29, 0.43, 0.57, 0.71, 0.87)  # fractions of a step at which no edge lies
BEYOND = (1, 1.5, 2, 3, 10, 100, 1e4, 1e6, 3e9, 1e10, 1e19, 1e30)
RULES = {
    "to even": rounding.half_even,
    "away from zero": rounding.half_away,
    "up": rounding.half_up,
    "down": rounding.half_down,
    "toward zero": rounding.toward_zero,
}
AGAIN = 4  # calls with the same input
SHOWN = 4  # numbers of a call in a message
LINE = 210  # characters of a message without its fixed words
PROBE = np.array([0.0, 0.3, -0.3, 1.0, -1.0, 2.6, -7.3, 0.004, 50.0, -400.0])


class Property(NamedTuple):
    """The result of the test of one property."""

    name: str
    held: bool | None  # None if it cannot be decided
    why: str = ""  # the counterexample, or why it cannot be decided


def promise(name, held, why):
    """Return the Property of a test that could be decided.

    why: the counterexample, which is kept only if the property is broken.

    >>> promise("all scores are finite", True, "one score is nan").why
    ''
    """
    return Property(name, bool(held), "" if held else why)


class Broken(Exception):
    """The error that ends the tests when a broken property makes all others meaningless.

    >>> manners(lambda x: x / 2, vector(lambda x: x / 2, "quantize"))
    Traceback (most recent call last):
    refnn.checking.running.properties.Broken: codes are whole numbers: x = 0.3 gives 0.15
    """

    def __init__(self, name, why):
        super().__init__(f"{name}: {why}")
        self.property = Property(name, False, why)


# --- properties that need no grid -----------------------------------------------------------------


def vector(call, name):
    """Return a function from vector to float64 vector that runs `call` and checks its answer.

    Broken is raised if the answer is not a finite array of the same shape.

    >>> vector(lambda x: x[:2], "quantize")(np.zeros(3))
    Traceback (most recent call last):
    refnn.checking.running.properties.Broken: the shape is kept: input (3,) gives output (2,)
    """

    def answer(x):
        value = call(x.copy())
        if isinstance(value, Failure):
            refuse_failure(name, x, value, getattr(call, "given", dict)())
        a = numbers(value)
        if a is None:
            raise Broken("the answer is an array of numbers", f"got {arrays.describe(value)[:60]}")
        if a.shape != x.shape:
            raise Broken("the shape is kept", f"input {x.shape} gives output {a.shape}")
        bad = np.nonzero(~np.isfinite(a))[0]
        if len(bad):
            raise Broken(
                "finite input gives finite output", f"{short(x[bad[0]])} gives {a[bad[0]]}"
            )
        return a

    return answer


def refuse_failure(name, x, failure, given=()):
    """Raise Refused for a call that gave no answer, with the call in its text.

    name: of the function. given: the arguments after x, by name.

    >>> refuse_failure("mine:quantize", np.zeros(9), Failure("raised", "KeyError: 3"), {"scale": 2})
    Traceback (most recent call last):
    refnn.arrays.Refused: mine:quantize must be a function that returns an array of numbers, got \
nothing from quantize([0, 0, 0, 0, ...], scale=2): KeyError: 3
    """
    more = ", ..." if x.size > SHOWN else ""
    numbers_ = ", ".join(short(v) for v in x.ravel()[:SHOWN]) + more
    rest = "".join(f", {key}={short(value)}" for key, value in dict(given).items())
    call = f"{name.rpartition(':')[2][:40]}([{numbers_}]{rest})"
    room = LINE - len(name[-80:]) - len(call) - len(failure.kind)
    text = failure.text if len(failure.text) <= room else f"{failure.text[: max(room, 20)]}..."
    expected = "a function that returns an array of numbers"
    raise Refused(name[-80:], expected, f"nothing from {call}: {text}")


def numbers(value):
    """Return the value as a real array in float64, or None if it is not a real array.

    >>> numbers([1, 2]), numbers("abc") is None
    (array([1., 2.]), True)
    """
    try:
        a = np.asarray(value)
        exact = a.dtype == object and all(isinstance(v, Real) for v in a.flat)
        return a.astype(np.float64) if exact or a.dtype.kind in "biuf" else None
    except Exception:  # __array__ of a foreign object may raise anything
        return None


def manners(call, f):
    """Return the Properties that do not depend on the grid.

    f: vector(call, …). Broken is raised if the function can have no fixed grid.

    >>> [p.name for p in manners(np.rint, vector(np.rint, "quantize")) if not p.held]
    []
    """

    def same(name, a, b):
        def why(k, i):
            return (
                f"x = {short(PROBE[i])} gives {short(np.ravel(a)[i])} in one call "
                f"and {short(np.ravel(b)[i])} in another"
            )

        return _first(name, None, np.ravel(a) != np.ravel(b), why)

    codes, whole = f(PROBE), "codes are whole numbers"
    fraction = np.nonzero(codes != np.floor(codes))[0]
    if len(fraction):
        raise Broken(whole, f"x = {short(PROBE[fraction[0]])} gives {short(codes[fraction[0]])}")
    again = (f(PROBE) for _ in range(AGAIN))
    other = next((a for a in again if (a != codes).any()), codes)
    found = [Property(whole, True), same("the same input gives the same codes", codes, other)]
    alone = np.concatenate([f(PROBE[i : i + 1]) for i in range(len(PROBE))])
    found.append(same("each value is encoded independently", codes, alone))
    for p in found:
        if not p.held:
            raise Broken(p.name, p.why)
    square = numbers(call(PROBE[:6].reshape(2, 3).copy()))
    fits = square is not None and square.shape == (2, 3)
    found.append(promise("the shape is kept", fits, "input (2, 3) does not give output (2, 3)"))
    if fits:
        found.append(same("a matrix gives the same codes as a vector", codes[:6], square))
    return [*found, untouched("the input array stays unchanged", call, PROBE)]


def untouched(name, call, x):
    """Test whether a function works on a read-only array, that is, without changing its input.

    >>> untouched("the input array stays unchanged", lambda x: x + 1, np.zeros(1)).held
    True
    """
    locked = x.copy()
    locked.flags.writeable = False
    answer = call(locked)
    return promise(name, not isinstance(answer, Failure), getattr(answer, "text", ""))


# --- properties on the grid -----------------------------------------------------------------------


def _steps(grid):
    """Return (whole steps of the range, the same steps with fractions of a step around them).

    From a large range, both ends, the middle and some steps between are taken."""
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
    """Select the steps k for which x = k·Δ divides back to exactly k, in float64 and in float32.

    >>> exactly(np.array([0.5, 1.5, 2.5]), 0.1).tolist()
    [0.5, 2.5]
    """
    with np.errstate(all="ignore"):
        x, s, one = steps * scale, np.float32(scale), np.float32(1)
        double = (x / scale == steps) & (x * (1 / scale) == steps)
        single = (np.float32(x) / s == steps) & (np.float32(x) * (one / s) == steps)
    return steps[double & single]


def encoding(f, grid, ended=True):
    """Test the properties of an encoder on its grid.

    >>> from refnn.quantization.affine import QParams
    >>> floors = encoding(lambda x: np.clip(np.floor(x / 0.5) + 3, 0, 7), QParams(0.5, 3, 0, 7))
    >>> for one in floors[2:4]:
    ...     print(one.held, one.why)
    False x = -0.05 (0.1 steps below 0) gives code 2, but the nearest code is 3
    None the function does not round to the nearest code
    """
    scale, z, qmin, qmax = float(grid.scale), grid.zero_point, grid.qmin, grid.qmax
    whole, steps = _steps(grid)
    beyond = np.array([k for k in BEYOND if k * scale < 1e300])
    near = len(beyond)
    outside = np.concatenate([-beyond[::-1] + qmin - z, beyond + qmax - z])
    inside, out = f(steps * scale), f(outside * scale)

    def at(k, code):
        return f"{_at(k, scale)} gives code {short(code)}"

    every = np.concatenate([outside[:near], steps, outside[near:]])
    within = np.abs(every) <= 4 * (qmax - qmin) + 4  # further out, only saturation is tested
    codes = np.concatenate([out[:near], inside, out[near:]])[within]
    ends, nearest = np.repeat([qmin, qmax], near), np.clip(np.rint(steps) + z, qmin, qmax)
    rises = _first(
        "the code never falls as x grows",
        every[within][1:],
        np.diff(codes) < 0,
        lambda k, i: f"{at(k, codes[i + 1])}, but a smaller x gives code {short(codes[i])}",
    )
    stops = _first(
        "codes saturate at both ends",
        outside,
        out != ends,
        lambda k, i: f"{at(k, out[i])}, but the code at this end is {ends[i]}",
    )
    if not ended:
        stops = Property(stops.name, False, "the codes go on for more than 131072 steps")
    rounds = _first(
        "each value gets the nearest code",
        steps,
        inside != nearest,
        lambda k, i: f"{at(k, inside[i])}, but the nearest code is {short(nearest[i])}",
    )
    why = "the function does not round to the nearest code"
    ties = Property("ties are rounded to even", None, why)
    if rounds.held:
        ties = _ties(f, grid, whole)
    return [rises, stops, rounds, ties, _single(f, whole, scale)]


def _single(f, whole, scale):
    name = "float32 and float64 give the same codes"
    if not 2.0**-100 < scale < 2.0**100:
        return Property(name, None, "the step is too small or too large for float32")
    steps = (whole[:, None] + np.array(ODD)).ravel()
    steps = steps[np.abs(steps) < 2**16]  # float32 cannot separate larger ones
    x = np.float32(steps * scale)
    single, double = f(x), f(x.astype(np.float64))

    def why(k, i):
        return (
            f"x = {short(x[i])} gives code {short(single[i])} in float32 "
            f"and {short(double[i])} in float64"
        )

    return _first(name, steps, single != double, why)


def _ties(f, grid, whole):
    scale, z, name = float(grid.scale), grid.zero_point, "ties are rounded to even"
    ties = exactly(whole[:-1] + 0.5, scale)
    if len(ties) < 2:
        return Property(name, None, "fewer than two ties are exact in floating point")

    def coded(rounded):
        return np.clip(np.asarray(rounded) + z, grid.qmin, grid.qmax)

    codes = f(ties * scale)
    rules = [rule for rule, rounded in RULES.items() if (coded(rounded(ties)) == codes).all()]
    # For an encoder that computes in exact fractions, most of these points are not ties.
    scales = [s for s in (Fraction(scale), Fraction(scale).limit_denominator(10**6)) if s]
    exact = ([round(Fraction(x) / s) for x in ties * scale] for s in scales)
    if "to even" in rules or any((coded(rounded) == codes).all() for rounded in exact):
        return Property(name, True)

    def why(k, i):
        given = (
            f"{_at(k, scale)} gives code {short(codes[i])}, "
            f"but rounding to even gives {short(np.rint(k) + z)}"
        )
        return f"{given}; all ties go {rules[0]}" if rules else given

    return _first(name, ties, codes != np.rint(ties) + z, why)


def decoding(f, d, grid):
    """Test the properties of an encoder f and a decoder d together.

    >>> from refnn.quantization.affine import QParams
    >>> p, encode = QParams(0.5, 3, 0, 7), lambda x: np.clip(np.rint(x / 0.5) + 3, 0, 7)
    >>> [one.held for one in decoding(encode, lambda q: (q + 3) * 0.5, p)]
    [False, False, False, False]
    """
    scale, z = float(grid.scale), grid.zero_point
    whole, steps = _steps(grid)
    codes, x = whole + z, steps * scale
    room = 8 * U * (abs(z) + np.abs(codes)) * scale  # two times four roundings in float32
    zero = d(f(np.zeros(1)))[0]
    stays = abs(zero) <= 8 * U * 2 * abs(z) * scale
    values = d(codes.astype(rounding.code_dtype(grid.qmin, grid.qmax)))
    again, once = f(values), d(f(x))
    twice, error = d(f(once)), np.abs(once - x)

    def comes_back(i):
        return f"x = {short(x[i])} comes back as {short(once[i])}"

    return [
        promise("0.0 comes back as 0.0", stays, f"0.0 comes back as {short(zero)}"),
        _first(
            "a decoded code is encoded to itself",
            whole,
            again != codes,
            lambda k, i: (
                f"code {codes[i]} is decoded to {short(values[i])} "
                f"and then encoded to {short(again[i])}"
            ),
        ),
        _first(
            "the error is at most half a step",
            steps,
            error > scale / 2 + room.max(),
            lambda k, i: f"{comes_back(i)}, which is {short(error[i] / scale)} steps away",
        ),
        _first(
            "a second round trip changes nothing",
            steps,
            twice != once,
            lambda k, i: f"{comes_back(i)}, and this comes back as {short(twice[i])}",
        ),
    ]


def _at(steps, scale):
    side = " below 0" if steps < 0 else ""
    return f"x = {short(steps * scale)} ({short(abs(steps))} steps{side})"


def _first(name, steps, wrong, why):
    """Return a Property that holds, or is broken with the counterexample nearest to 0.

    For PROBE (steps is None) it is the first counterexample."""
    at = np.nonzero(wrong)[0]
    if not len(at):
        return Property(name, True)
    i = at[0] if steps is None else at[np.argmin(np.abs(steps[at]))]
    return Property(name, False, why(None if steps is None else steps[i], i))
