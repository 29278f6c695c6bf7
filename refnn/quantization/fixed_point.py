"""Fixed-point arithmetic: a real factor as a whole number and a shift, and what is done with both;
gemmlowp's rules.

    M    a real factor, kept as multiplier·2^(−31−shift), multiplier in [2^30, 2^31)
    a    an accumulator, a sum of products of codes, int32

`shift` is a right shift; TFLite writes it with the other sign. Sources: gemmlowp,
doc/quantization.md, equations 4 to 7, and fixedpoint/fixedpoint.h; TFLite,
kernels/internal/common.h; ONNX MatMulInteger; B. Jacob et al. (2018), §2."""

from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.quantization import rounding

LOW, HIGH = -(2**31), 2**31 - 1  # of an int32


class RequantizeSteps(NamedTuple):
    """The four stages of requantize: times multiplier·2^−31, shifted, + zero_point (whole numbers),
    saturated (codes).
    >>> RequantizeSteps._fields
    ('multiplied', 'shifted', 'offset', 'saturated')"""

    multiplied: np.ndarray
    shifted: np.ndarray
    offset: np.ndarray
    saturated: np.ndarray


def fixed_point_multiplier(real):
    """(multiplier, shift): real ≈ multiplier·2^(−31−shift), 2^30 ≤ multiplier < 2^31, off by at
    most 2^−31 of itself.

    multiplier = round(mantissa·2^31), half away from zero; shift is negative where real ≥ 1. Two
    whole numbers, or two int64 arrays for an array. Not positive: ValueError. (gemmlowp,
    doc/quantization_example.cc)

    >>> fixed_point_multiplier(0.3), fixed_point_multiplier(5.0), fixed_point_multiplier(1 - 2**-40)
    ((1288490189, 1), (1342177280, -3), (1073741824, -1))
    """
    real = arrays.numbers("fixed_point_multiplier", "real", real, exact=False)
    if (real <= 0).any():
        arrays.refuse("fixed_point_multiplier", "real", "positive", arrays.describe(real))
    mantissa, exponent = np.frexp(
        real.astype(np.float64)
    )  # real = mantissa·2^exponent, ½ ≤ mantissa < 1
    multiplier = rounding.half_away(mantissa * 2.0**31).astype(np.int64)
    carry = multiplier >> 31  # a mantissa just below 1 came to 2^31
    multiplier, shift = multiplier >> carry, -exponent - carry
    return (int(multiplier), int(shift)) if real.ndim == 0 else (multiplier, shift)


def requantize(accumulator, multiplier, shift, zero_point, qmin, qmax):
    """q = clip(round(round(a·multiplier·2^−31)·2^−shift) + zero_point, qmin, qmax): gemmlowp's two
    roundings.

    The accumulator and the multiplier are whole numbers within int32. The first rounding takes
    halves up, the second away from zero; a negative shift comes first, a·2^−shift, saturated to
    int32. multiplier and shift may be 1-d, one a channel of the last axis. Codes have the narrowest
    integer dtype for qmin..qmax.

    >>> requantize([1, -1, 6, -6, 10**6], 2**30, 1, 3, 0, 255)           # a quarter: two roundings make 1 of 0.25
    array([  4,   3,   5,   1, 255], dtype=uint8)
    """
    return requantize_steps(accumulator, multiplier, shift, zero_point, qmin, qmax).saturated


def requantize_steps(accumulator, multiplier, shift, zero_point, qmin, qmax):
    """The steps of `requantize`: SaturatingRoundingDoublingHighMul, RoundingDivideByPOT (gemmlowp),
    offset, saturated.

    >>> requantize_steps(7984, 1583594044, 9, 0, -128, 127)              # tensorflow #25087: exactly 11.4991
    RequantizeSteps(multiplied=np.int64(5888), shifted=np.int64(12), offset=np.int64(12), saturated=np.int8(12))
    """
    a, m, shift, zero_point, qmin, qmax = _scaling(
        "requantize_steps", accumulator, multiplier, shift, zero_point, qmin, qmax
    )
    a = np.clip(a << np.clip(-shift, 0, 31), LOW, HIGH)
    multiplied = np.minimum((a * m + 2**30) >> 31, HIGH)  # only −2^31·−2^31 comes to 2^31
    shifted = np.sign(multiplied) * _shift_half_up(np.abs(multiplied), np.maximum(shift, 0))
    offset = shifted + zero_point
    return RequantizeSteps(multiplied, shifted, offset, _saturated(offset, qmin, qmax))


def requantize_single_rounding(accumulator, multiplier, shift, zero_point, qmin, qmax):
    """q = clip(⌊a·multiplier·2^(−31−shift) + ½⌋ + zero_point, qmin, qmax): TFLite built with
    TFLITE_SINGLE_ROUNDING.

    Arguments and codes as of `requantize`. Unless a·2^−shift saturates, the two differ by at most
    one, and with shift > 0 on one accumulator in 2^(shift + 1): seldom at 8 bits (shift 7), often
    at 3 (shift 1 or 2).

    >>> requantize_single_rounding(7984, 1583594044, 9, 0, -128, 127)    # exactly 11.4991
    np.int8(11)
    """
    a, m, shift, zero_point, qmin, qmax = _scaling(
        "requantize_single_rounding", accumulator, multiplier, shift, zero_point, qmin, qmax
    )
    right = _shift_half_up(a * m, np.maximum(31 + shift, 0))
    rounded = np.clip(np.clip(right, LOW, HIGH) << np.clip(-31 - shift, 0, 31), LOW, HIGH)
    return _saturated(rounded + zero_point, qmin, qmax)


def _scaling(function, accumulator, multiplier, shift, zero_point, qmin, qmax):
    """The arguments, checked: the first three in int64, the others as ints."""
    given = {"accumulator": accumulator, "multiplier": multiplier, "shift": shift}
    given = {name: within(function, name, a).astype(np.int64) for name, a in given.items()}
    channels = given["accumulator"].shape[-1:]
    for name in ("multiplier", "shift"):
        if given[name].shape not in ((), channels):
            arrays.refuse(
                function,
                name,
                f"a whole number or of shape {channels}, one a channel of the last axis",
                f"shape {given[name].shape}",
            )
    qmin, qmax = (
        arrays.whole(function, name, n, LOW, HIGH) for name, n in (("qmin", qmin), ("qmax", qmax))
    )
    if qmin >= qmax:
        arrays.refuse(function, "qmin", f"below qmax = {qmax}", f"{qmin}")
    return *given.values(), arrays.whole(function, "zero_point", zero_point, qmin, qmax), qmin, qmax


def _shift_half_up(x, n):
    """⌊x/2^n + ½⌋ = ⌊(⌊2x/2^n⌋ + 1)/2⌋, n ≥ 0: there is no half that could run over, and none where
    n = 0."""
    return np.where(n == 0, x, ((x >> np.maximum(n - 1, 0)) + 1) >> 1)


def _saturated(q, qmin, qmax):
    return np.clip(q, qmin, qmax).astype(arrays.code_dtype(qmin, qmax))


def within(function, name, a, low=LOW, high=HIGH):
    """An array of whole numbers within low..high, by default an int32's.

    >>> within("f", "codes", [200], -128, 127)
    Traceback (most recent call last):
    ValueError: f: codes must be within -128..127, got 200
    """
    a = arrays.integers(function, name, a)
    outside = (a < low) | (a > high)
    if outside.any():
        what = "int32" if (low, high) == (LOW, HIGH) else f"{low}..{high}"
        arrays.refuse(function, name, f"within {what}", f"{a[outside].flat[0]}")
    return a


def matmul(a, b, a_zero_point=0, b_zero_point=0):
    """(a − a_zero_point) @ (b − b_zero_point), exact, int32 (ONNX MatMulInteger); leading axes as
    in np.matmul.

    a_zero_point may be 1-d, one a row of a; b_zero_point one a column of b. A sum beyond int32 is
    refused, never wrapped.

    >>> matmul(np.uint8([[11, 7, 3], [10, 6, 2]]), np.uint8([[1, 4], [2, 5], [3, 6]]), a_zero_point=12)
    array([[-38, -83],
           [-44, -98]], dtype=int32)
    """
    named = {"a": a, "b": b, "a_zero_point": a_zero_point, "b_zero_point": b_zero_point}
    a, b, a_zero, b_zero = (arrays.integers("matmul", name, value) for name, value in named.items())
    for name, x in (("a", a), ("b", b)):
        if x.ndim == 0:
            arrays.refuse("matmul", name, "of at least one axis", arrays.describe(named[name]))
    if a.shape[-1] != b.shape[-2:][0]:
        arrays.refuse(
            "matmul",
            "b",
            f"of shape (…, {a.shape[-1]}, columns) beside a {a.shape}",
            f"shape {b.shape}",
        )
    for name, zero, shape in (
        ("a_zero_point", a_zero, a.shape[-2:-1]),
        ("b_zero_point", b_zero, b.shape[1:][-1:]),
    ):
        if zero.shape not in ((), shape):
            arrays.refuse(
                "matmul", name, f"a whole number or of shape {shape}", f"shape {zero.shape}"
            )
    arrays.broadcast("matmul", a=np.empty((*a.shape[:-2], 1, 1)), b=np.empty((*b.shape[:-2], 1, 1)))
    largest = (_largest(a) + _largest(a_zero)) * (_largest(b) + _largest(b_zero)) * a.shape[-1]
    dtype = np.int64 if largest < 2**63 else object  # Python's whole numbers have no edge
    a_zero = a_zero[:, None] if a_zero.ndim else a_zero
    product = (a.astype(dtype) - a_zero.astype(dtype)) @ (b.astype(dtype) - b_zero.astype(dtype))
    return as_int32("matmul", "a", "such that a @ b fits int32", product)


def _largest(a):
    return max(1, *(abs(int(end)) for end in (a.min(), a.max()))) if a.size else 1


def as_int32(function, name, expected, a):
    """Whole numbers as int32, or a refusal that says what was expected.

    >>> as_int32("f", "a", "small", [2**31])
    Traceback (most recent call last):
    ValueError: f: a must be small, got 2147483648
    """
    a = np.asarray(a)
    outside = (a < LOW) | (a > HIGH)
    if outside.any():
        arrays.refuse(function, name, expected, arrays.describe(a[outside].flat[0]))
    return a.astype(np.int32)[()]


def fold(bias, W, zero_point):
    """b' = b − Z·Σ_k W[j, k]: x's zero point folded into the bias, (…, out) int32, so that a =
    W·q_x + b'.

    Σ_k W[j, k]·(q_k − Z) + b_j = Σ_k W[j, k]·q_k + b'_j. A b' beyond int32 is refused. (Jacob et
    al., equation 7)

    >>> fold([100, 100], [[1, 2, 3], [-1, 0, 1]], zero_point=5)
    array([ 70, 100], dtype=int32)
    """
    bias, W = within("fold", "bias", bias), within("fold", "W", W)
    zero_point = arrays.whole("fold", "zero_point", zero_point, LOW, HIGH)
    if W.ndim < 2 or bias.shape != W.shape[:-1]:
        arrays.refuse(
            "fold", "W", f"of shape {bias.shape} + (inputs,) beside bias", f"shape {W.shape}"
        )
    return as_int32(
        "fold", "bias", "such that bias − zero_point·ΣW fits int32", folded(bias, W, zero_point)
    )


def folded(bias, W, zero_point):
    """`fold` on checked arguments, in Python's whole numbers, which have no edge.

    >>> folded(np.array([1]), np.array([[2, 3]]), 10)
    array([-49], dtype=object)
    """
    return bias.astype(object) - zero_point * W.astype(object).sum(
        axis=-1
    )  # (…, out, in) -> (…, out)
