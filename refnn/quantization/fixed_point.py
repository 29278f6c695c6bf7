"""Fixed-point arithmetic: a real factor as a whole number and a shift, and what is done with both;
gemmlowp's rules.

    M    a real factor, kept as multiplier·2^(−31−shift), multiplier in [2^30, 2^31)
    a    an accumulator, a sum of products of codes, int32

`shift` is a right shift; TFLite writes it with the other sign. Sources: gemmlowp,
doc/quantization.md, equations 4 to 7, and fixedpoint/fixedpoint.h; TFLite,
kernels/internal/common.h; ONNX MatMulInteger; B. Jacob et al. (2018), §2.
"""

from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.arrays import Refused, describe
from refnn.fast.blocks import cast
from refnn.quantization.rounding import codes, half_away
from refnn.validation import Numeric, takes, whole

LOW, HIGH = -(2**31), 2**31 - 1  # of an int32
INT32 = whole(LOW, HIGH)


class RequantizeSteps(NamedTuple):
    """The four stages of requantize, each of the accumulator's shape."""

    multiplied: np.ndarray  # a·multiplier·2^−31, rounded
    shifted: np.ndarray  # ·2^−shift, rounded
    offset: np.ndarray  # + zero_point, still unbounded
    saturated: np.ndarray  # within qmin..qmax, the codes


# --- what the functions take ----------------------------------------------------------------------


def within(name, a, low=LOW, high=HIGH):
    """An array of whole numbers within low..high, by default an int32's.

    >>> within("codes", [200], -128, 127)
    Traceback (most recent call last):
    refnn.arrays.Refused: codes must be within -128..127, got 200
    """
    span = "int32" if (low, high) == (LOW, HIGH) else None
    return arrays.inside(name, arrays.integers(name, a), low, high, span)


def as_int32(name, expected, a):
    """Whole numbers as int32, or a refusal that says what was expected.

    >>> as_int32("a", "small", [2**31])
    Traceback (most recent call last):
    refnn.arrays.Refused: a must be small, got 2147483648
    """
    a = np.asarray(a)
    outside = (a < LOW) | (a > HIGH)
    if outside.any():
        raise Refused(name, expected, describe(int(a[outside].flat[0])))
    return a.astype(np.int32)


def _positive(name, real, arguments):
    if (real <= 0).any():
        raise Refused(name, "positive", describe(real))
    return real


def _int32(name, a, arguments):
    """Of whole numbers that an int32 holds; in int64, so that products fit."""
    return cast(within(name, a), np.int64)


def _scale(name, a, arguments):
    """One for all, or one a channel of the accumulator's last axis."""
    a, channels = _int32(name, a, arguments), arguments["accumulator"].shape[-1:]
    if a.shape not in ((), channels):
        expected = f"a whole number or of shape {channels}, one a channel of the last axis"
        raise Refused(name, expected, f"shape {a.shape}")
    return a


def _code(name, zero_point, arguments):
    qmin, qmax = arguments["qmin"], arguments["qmax"]
    if qmin >= qmax:
        raise Refused("qmin", f"below qmax = {qmax}", f"{qmin}")
    return arrays.whole(name, zero_point, qmin, qmax)


def _matrix(name, a, arguments):
    a = arrays.integers(name, a)
    if a.ndim == 0:
        raise Refused(name, "of at least one axis", describe(a[()]))
    return a


def _right_of_a(name, b, arguments):
    """As many rows as a has columns, and leading axes that broadcast."""
    a, b = arguments["a"], _matrix(name, b, arguments)
    if a.shape[-1] != b.shape[-2:][0]:
        expected = f"of shape (…, {a.shape[-1]}, columns) beside a {a.shape}"
        raise Refused(name, expected, f"shape {b.shape}")
    arrays.broadcast({n: np.empty((*m.shape[:-2], 1, 1)) for n, m in (("a", a), (name, b))})
    return b


def _zero_points(name, zero, arguments):
    """One for all, or one a row of a, one a column of b."""
    a, b, zero = arguments["a"], arguments["b"], arrays.integers(name, zero)
    shape = a.shape[-2:-1] if name == "a_zero_point" else b.shape[1:][-1:]
    if zero.shape not in ((), shape):
        raise Refused(name, f"a whole number or of shape {shape}", f"shape {zero.shape}")
    return zero


def _beside_bias(name, W, arguments):
    bias, W = arguments["bias"], _int32(name, W, arguments)
    if W.ndim < 2 or bias.shape != W.shape[:-1]:
        raise Refused(name, f"of shape {bias.shape} + (inputs,) beside bias", f"shape {W.shape}")
    return W


of_accumulators = takes(
    accumulator=_int32,
    multiplier=_scale,
    shift=_scale,
    qmin=INT32,
    qmax=INT32,
    zero_point=_code,
    blocks="accumulator",
)


# --- the formulas ---------------------------------------------------------------------------------


@takes(real=Numeric("real", _positive), exact=False)
def fixed_point_multiplier(real):
    """(multiplier, shift): real ≈ multiplier·2^(−31−shift), 2^30 ≤ multiplier < 2^31, off by at
    most 2^−31 of itself.

    multiplier = round(mantissa·2^31), half away from zero; shift is negative where real ≥ 1. Two
    whole numbers, or two int64 arrays for an array. Not positive: ValueError. (gemmlowp,
    doc/quantization_example.cc)

    >>> fixed_point_multiplier(0.3), fixed_point_multiplier(5.0), fixed_point_multiplier(1 - 2**-40)
    ((1288490189, 1), (1342177280, -3), (1073741824, -1))
    """
    mantissa, exponent = np.frexp(real.astype(np.float64))  # mantissa·2^exponent, ½ ≤ mantissa < 1
    multiplier = half_away.formula(mantissa * 2.0**31).astype(np.int64)
    carry = multiplier >> 31  # 1 where a mantissa just below 1 came to 2^31
    multiplier, shift = multiplier >> carry, -exponent - carry
    return (int(multiplier), int(shift)) if real.ndim == 0 else (multiplier, shift)


@of_accumulators
def requantize(accumulator, multiplier, shift, zero_point, qmin, qmax):
    """q = clip(round(round(a·multiplier·2^−31)·2^−shift) + zero_point, qmin, qmax): gemmlowp's two
    roundings.

    The accumulator and the multiplier are whole numbers within int32. The first rounding takes
    halves up, the second away from zero; a negative shift comes first, a·2^−shift, saturated to
    int32. multiplier and shift may be 1-d, one a channel of the last axis. Codes have the narrowest
    integer dtype for qmin..qmax.

    Here a quarter of each; the two roundings make 1 of 0.25:

    >>> requantize([1, -1, 6, -6, 10**6], 2**30, 1, 3, 0, 255)
    array([  4,   3,   5,   1, 255], dtype=uint8)
    """
    steps = requantize_steps.formula(accumulator, multiplier, shift, zero_point, qmin, qmax)
    return steps.saturated


@of_accumulators
def requantize_steps(accumulator, multiplier, shift, zero_point, qmin, qmax):
    """The steps of `requantize`: SaturatingRoundingDoublingHighMul, RoundingDivideByPOT (gemmlowp),
    offset, saturated.

    tensorflow #25087, where the exact result is 11.4991:

    >>> [int(step) for step in requantize_steps(7984, 1583594044, 9, 0, -128, 127)]
    [5888, 12, 12, 12]
    """
    a = np.clip(accumulator << np.clip(-shift, 0, 31), LOW, HIGH)  # a·2^−shift where shift < 0
    multiplied = np.minimum((a * multiplier + 2**30) >> 31, HIGH)  # only −2^31·−2^31 comes to 2^31
    shifted = np.sign(multiplied) * _shift_half_up(np.abs(multiplied), np.maximum(shift, 0))
    offset = shifted + zero_point
    saturated = codes(np.clip(offset, qmin, qmax), qmin, qmax)
    return RequantizeSteps(multiplied, shifted, offset, saturated)


@of_accumulators
def requantize_single_rounding(accumulator, multiplier, shift, zero_point, qmin, qmax):
    """q = clip(⌊a·multiplier·2^(−31−shift) + ½⌋ + zero_point, qmin, qmax): TFLite built with
    TFLITE_SINGLE_ROUNDING.

    Arguments and codes as of `requantize`. Unless a·2^−shift saturates, the two differ by at most
    one, and with shift > 0 on one accumulator in 2^(shift + 1): seldom at 8 bits (shift 7), often
    at 3 (shift 1 or 2).

    >>> requantize_single_rounding(7984, 1583594044, 9, 0, -128, 127)  # exactly 11.4991
    np.int8(11)
    """
    right = _shift_half_up(accumulator * multiplier, np.maximum(31 + shift, 0))
    left = np.clip(right, LOW, HIGH) << np.clip(-31 - shift, 0, 31)
    rounded = np.clip(left, LOW, HIGH)
    return codes(np.clip(rounded + zero_point, qmin, qmax), qmin, qmax)


def _shift_half_up(x, n):
    """⌊x/2^n + ½⌋ = ⌊(⌊2x/2^n⌋ + 1)/2⌋, n ≥ 0: there is no half that could run over, and none where
    n = 0."""
    return np.where(n == 0, x, ((x >> np.maximum(n - 1, 0)) + 1) >> 1)


@takes(a=_matrix, b=_right_of_a, a_zero_point=_zero_points, b_zero_point=_zero_points)
def matmul(a, b, a_zero_point=0, b_zero_point=0):
    """(a − a_zero_point) @ (b − b_zero_point), exact, int32 (ONNX MatMulInteger); leading axes as
    in np.matmul.

    a_zero_point may be 1-d, one a row of a; b_zero_point one a column of b. A sum beyond int32 is
    refused, never wrapped.

    >>> a, b = np.uint8([[11, 7, 3], [10, 6, 2]]), np.uint8([[1, 4], [2, 5], [3, 6]])
    >>> matmul(a, b, a_zero_point=12)
    array([[-38, -83],
           [-44, -98]], dtype=int32)
    """
    a, b, a_zero_point, b_zero_point = _exactly(a, b, a_zero_point, b_zero_point)
    left = a - a_zero_point[..., None]  # (…, rows, n) − (rows, 1)
    right = b - b_zero_point  # (…, n, columns) − (columns,)
    return as_int32("a", "such that a @ b fits int32", left @ right)


def _exactly(a, b, a_zero_point, b_zero_point):
    """All four in the fastest arithmetic that is exact: no sum of products, in whatever order, can
    pass the whole numbers that it holds. Python's have no edge."""
    given = a, b, a_zero_point, b_zero_point
    a_size, b_size, a_zero, b_zero = (
        max(1, -int(np.min(v, initial=0)), int(np.max(v, initial=0))) for v in given
    )
    largest = (a_size + a_zero) * (b_size + b_zero) * a.shape[-1]
    held = (2**24, np.float32), (2**53, np.float64), (2**63 - 1, np.int64)
    dtype = next((dtype for most, dtype in held if largest <= most), object)
    return [v.astype(dtype) for v in given]


@takes(bias=_int32, W=_beside_bias, zero_point=INT32)
def fold(bias, W, zero_point):
    """b' = b − Z·Σ_k W[j, k]: x's zero point folded into the bias, (…, out) int32, so that a =
    W·q_x + b'.

    Σ_k W[j, k]·(q_k − Z) + b_j = Σ_k W[j, k]·q_k + b'_j. A b' beyond int32 is refused. (Jacob et
    al., equation 7)

    >>> fold([100, 100], [[1, 2, 3], [-1, 0, 1]], zero_point=5)
    array([ 70, 100], dtype=int32)
    """
    sums = folded(bias, W, zero_point)  # (…, out)
    return as_int32("bias", "such that bias − zero_point·ΣW fits int32", sums)


def folded(bias, W, zero_point):
    """`fold` on checked arguments, in Python's whole numbers, which have no edge.

    >>> folded(np.array([1]), np.array([[2, 3]]), 10)
    array([-49], dtype=object)
    """
    return bias.astype(object) - zero_point * W.astype(object).sum(axis=-1)  # (…, out)
