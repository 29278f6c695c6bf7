"""This module does fixed-point arithmetic, which multiplies by real factors without floats.

A real factor is stored as a whole number and a bit shift. The rules are those of gemmlowp, Google's
library for products of integer matrices.

    M    a real factor, stored as multiplier·2^(−31−shift) with multiplier in [2^30, 2^31)
    a    an accumulator, the int32 sum of products of codes

`shift` is a right shift; TFLite (TensorFlow Lite) writes it with the opposite sign.

Sources: gemmlowp, doc/quantization.md, equations 4 to 7, and fixedpoint/fixedpoint.h; TFLite,
kernels/internal/common.h; ONNX MatMulInteger; B. Jacob et al. (2018), §2.
"""

from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.arrays import Refused, describe
from refnn.fast.blocks import cast
from refnn.quantization.rounding import codes, half_away
from refnn.validation import Numeric, takes, whole

LOW, HIGH = -(2**31), 2**31 - 1  # the range of int32
INT32 = whole(LOW, HIGH)


class RequantizeSteps(NamedTuple):
    """The four steps of `requantize`, each with the accumulator's shape."""

    multiplied: np.ndarray  # a·multiplier·2^−31, rounded
    shifted: np.ndarray  # ·2^−shift, rounded
    offset: np.ndarray  # + zero_point, not yet clipped
    saturated: np.ndarray  # clipped to qmin..qmax: the codes


# --- what the functions take ----------------------------------------------------------------------


def within(name, a, low=LOW, high=HIGH):
    """Return an array of whole numbers if all are within low..high, by default the range of int32.

    >>> within("codes", [200], -128, 127)
    Traceback (most recent call last):
    refnn.arrays.Refused: codes must be within -128..127, got 200
    """
    span = "int32" if (low, high) == (LOW, HIGH) else None
    return arrays.inside(name, arrays.integers(name, a), low, high, span)


def as_int32(name, expected, a):
    """Cast whole numbers to int32, or raise an error that says what was expected.

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
    """Accept whole numbers that int32 can hold, as int64, so that their products fit."""
    return cast(within(name, a), np.int64)


def _scale(name, a, arguments):
    """Accept one whole number, or one for each channel of the accumulator's last axis."""
    a, channels = _int32(name, a, arguments), arguments["accumulator"].shape[-1:]
    if a.shape not in ((), channels):
        expected = f"a whole number or of shape {channels}, one for each channel of the last axis"
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
    """Accept `b` if it has as many rows as `a` has columns, and if their leading axes broadcast."""
    a, b = arguments["a"], _matrix(name, b, arguments)
    if a.shape[-1] != b.shape[-2:][0]:
        expected = f"of shape (…, {a.shape[-1]}, columns) to fit a of shape {a.shape}"
        raise Refused(name, expected, f"shape {b.shape}")
    arrays.broadcast({n: np.empty((*m.shape[:-2], 1, 1)) for n, m in (("a", a), (name, b))})
    return b


def _zero_points(name, zero, arguments):
    """Accept one zero point, or one for each row of a, or one for each column of b."""
    a, b, zero = arguments["a"], arguments["b"], arrays.integers(name, zero)
    shape = a.shape[-2:-1] if name == "a_zero_point" else b.shape[1:][-1:]
    if zero.shape not in ((), shape):
        raise Refused(name, f"a whole number or of shape {shape}", f"shape {zero.shape}")
    return zero


def _beside_bias(name, W, arguments):
    bias, W = arguments["bias"], _int32(name, W, arguments)
    if W.ndim < 2 or bias.shape != W.shape[:-1]:
        raise Refused(name, f"of shape {bias.shape} + (inputs,) to fit bias", f"shape {W.shape}")
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
    """Return (multiplier, shift) with real ≈ multiplier·2^(−31−shift), 2^30 ≤ multiplier < 2^31.

    real is mantissa·2^exponent with ½ ≤ mantissa < 1, and multiplier is round(mantissa·2^31) with
    halves rounded away from zero. The relative error is at most 2^−31. shift is negative if
    real ≥ 1. The results are two whole numbers, or two int64 arrays for an array. ValueError if
    real is not positive. (gemmlowp, doc/quantization_example.cc)

    >>> fixed_point_multiplier(0.3), fixed_point_multiplier(5.0), fixed_point_multiplier(1 - 2**-40)
    ((1288490189, 1), (1342177280, -3), (1073741824, -1))
    """
    mantissa, exponent = np.frexp(real.astype(np.float64))  # mantissa·2^exponent, ½ ≤ mantissa < 1
    multiplier = half_away.formula(mantissa * 2.0**31).astype(np.int64)
    carry = multiplier >> 31  # 1 where a mantissa just below 1 was rounded to 2^31
    multiplier, shift = multiplier >> carry, -exponent - carry
    return (int(multiplier), int(shift)) if real.ndim == 0 else (multiplier, shift)


@of_accumulators
def requantize(accumulator, multiplier, shift, zero_point, qmin, qmax):
    """q = clip(round(round(a·multiplier·2^−31)·2^−shift) + zero_point, qmin, qmax)   (gemmlowp)

    This converts an accumulator a to a code. The accumulator and the multiplier are whole numbers
    within int32. The first rounding takes halves up, the second takes them away from zero. If shift
    is negative, a·2^−shift is computed first and saturates to int32. multiplier and shift may be
    1-d, with an entry for each channel of the last axis. Codes have the narrowest integer dtype
    that holds qmin..qmax.

    The example multiplies by a quarter. Two roundings turn 0.25 into 1:

    >>> requantize([1, -1, 6, -6, 10**6], 2**30, 1, 3, 0, 255)
    array([  4,   3,   5,   1, 255], dtype=uint8)
    """
    steps = requantize_steps.formula(accumulator, multiplier, shift, zero_point, qmin, qmax)
    return steps.saturated


@of_accumulators
def requantize_steps(accumulator, multiplier, shift, zero_point, qmin, qmax):
    """Return every step of `requantize`, one field for each operation.

    gemmlowp calls the first step SaturatingRoundingDoublingHighMul and the second one
    RoundingDivideByPOT. The example is from tensorflow #25087; its exact result is 11.4991:

    >>> [int(step) for step in requantize_steps(7984, 1583594044, 9, 0, -128, 127)]
    [5888, 12, 12, 12]
    """
    a = np.clip(accumulator << np.clip(-shift, 0, 31), LOW, HIGH)  # a·2^−shift where shift < 0
    multiplied = np.minimum((a * multiplier + 2**30) >> 31, HIGH)  # only −2^31·−2^31 gives 2^31
    shifted = np.sign(multiplied) * _shift_half_up(np.abs(multiplied), np.maximum(shift, 0))
    offset = shifted + zero_point
    saturated = codes(np.clip(offset, qmin, qmax), qmin, qmax)
    return RequantizeSteps(multiplied, shifted, offset, saturated)


@of_accumulators
def requantize_single_rounding(accumulator, multiplier, shift, zero_point, qmin, qmax):
    """q = clip(⌊a·multiplier·2^(−31−shift) + ½⌋ + zero_point, qmin, qmax)

    TFLite computes this if it is built with TFLITE_SINGLE_ROUNDING. Arguments and codes are those
    of `requantize`. Unless a·2^−shift saturates, the two functions differ by at most 1. With
    shift > 0 they differ for one accumulator in 2^(shift + 1). This is rare with 8 bits (shift 7)
    and frequent with 3 bits (shift 1 or 2).

    >>> requantize_single_rounding(7984, 1583594044, 9, 0, -128, 127)  # exactly 11.4991
    np.int8(11)
    """
    right = _shift_half_up(accumulator * multiplier, np.maximum(31 + shift, 0))
    left = np.clip(right, LOW, HIGH) << np.clip(-31 - shift, 0, 31)
    rounded = np.clip(left, LOW, HIGH)
    return codes(np.clip(rounded + zero_point, qmin, qmax), qmin, qmax)


def _shift_half_up(x, n):
    """Return ⌊x/2^n + ½⌋ for n ≥ 0, computed as ⌊(⌊2x/2^n⌋ + 1)/2⌋.

    In this form 2^(n − 1), the half of 2^n, is not added to x, so nothing can overflow."""
    return np.where(n == 0, x, ((x >> np.maximum(n - 1, 0)) + 1) >> 1)


@takes(a=_matrix, b=_right_of_a, a_zero_point=_zero_points, b_zero_point=_zero_points)
def matmul(a, b, a_zero_point=0, b_zero_point=0):
    """Compute (a − a_zero_point) @ (b − b_zero_point) exactly, as int32 (ONNX MatMulInteger).

    a_zero_point may be 1-d, with an entry for each row of a, and b_zero_point with an entry for
    each column of b. Leading axes work as in np.matmul. ValueError if a sum is beyond int32.

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
    """Cast all four to the fastest dtype in which the product is exact.

    In this dtype no sum of products can overflow or be rounded, in whatever order it is computed.
    If no dtype of NumPy is exact, they become Python integers, which cannot overflow."""
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
    """b'_j = b_j − Z·Σ_k W[j, k], the bias with x's zero point Z folded in, (…, out) int32.

    With it Σ_k W[j, k]·(q_k − Z) + b_j = Σ_k W[j, k]·q_k + b'_j, so Z is no longer needed when a
    layer is computed (Jacob et al., equation 7). ValueError if a b' is beyond int32.

    >>> fold([100, 100], [[1, 2, 3], [-1, 0, 1]], zero_point=5)
    array([ 70, 100], dtype=int32)
    """
    sums = folded(bias, W, zero_point)  # (…, out)
    return as_int32("bias", "such that bias − zero_point·ΣW fits int32", sums)


def folded(bias, W, zero_point):
    """Return `fold` of checked arguments in Python integers, which cannot overflow.

    >>> folded(np.array([1]), np.array([[2, 3]]), 10)
    array([-49], dtype=object)
    """
    return bias.astype(object) - zero_point * W.astype(object).sum(axis=-1)  # (…, out)
