"""This module quantizes one tensor by every published convention.

It also translates exactly between the article's (W, B, P) and the field's (scale, zero_point).

All these conventions are called "8 bits, affine". But they differ in the range, in the divisor, in
the place and the direction of rounding, and in the sign of the offset. Here all are described by
the same two numbers, whatever names they use themselves:

    scale        real units per code (1/W if the convention has W codes per unit)
    zero_point   the code that the convention's own decoder maps to 0.0 (for the article as written
                 this is −B, which may not be a whole number)

The rules below use these letters, and the names of the functions in `rounding`:

    b            the number of bits
    L            2^b, the number of levels
    low, high    the smallest and the largest value of the data
    low₀, high₀  min(low, 0) and max(high, 0), the ends of the range extended to contain 0
    m            max|x|
    z            the zero point with the sign that the convention itself uses
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.arrays import Refused, describe
from refnn.quantization import affine, as_written
from refnn.quantization.affine import QParams
from refnn.quantization.calibration import DATA, choose_qparams, normal_scale
from refnn.quantization.rounding import half_away, half_even, saturate
from refnn.validation import Numeric, takes, whole


@dataclass(frozen=True)
class Convention:
    """A published way to quantize."""

    name: str
    rule: str  # the formulas, in one line
    source: str
    encode: Callable  # (x, bits) -> Grid, or None if the rule divides by 0


class Grid(NamedTuple):
    """The result of one convention on one tensor."""

    scale: object  # real units per code
    zero_point: object  # the code of 0.0
    codes: np.ndarray  # of x's shape
    decoded: np.ndarray  # of x's shape


class Row(NamedTuple):
    """One convention of the table, with its result and its errors."""

    convention: Convention
    grid: Grid | None  # None if the rule divides by 0
    errors: np.ndarray | None  # (x̂ − x)/scale, in steps; None like grid


# --- what the functions take ----------------------------------------------------------------------


def _codes_per_unit(name, W, arguments):
    W = arrays.numbers(name, W, ndim=0)[()]
    if not (W > 0 and (isinstance(W, Fraction) or np.finfo(W.dtype).tiny <= 1 / W < np.inf)):
        raise Refused(name, "positive, and 1/W a finite normal number", f"{W}")
    return W


def _whole_and_a_half(name, B, arguments):
    B, P = arrays.numbers(name, B, ndim=0)[()], arguments["P"]
    zero_point = B - _half(B)
    if zero_point % 1 or not 0 <= zero_point < P:
        other = "only then does the floor round to the nearest code"
        raise Refused(name, f"k + ½ with a whole number k from 0 to {P - 1} ({other})", f"{B}")
    return B


def _one_grid(name, p, arguments):
    """Accept a QParams with a single scale."""
    scale = arrays.number("scale", affine.checked(p, name).scale)
    return replace(p, scale=scale, zero_point=arrays.whole("zero_point", p.zero_point))


# --- the table and the translation ----------------------------------------------------------------


@takes(bits=whole(2, 16), x=DATA)
def compare(x, bits=8):
    """Quantize x by all CONVENTIONS and return a list of Row.

    Fractions are computed exactly. bits is from 2 to 16. ValueError if a convention has no finite
    normal scale for the range of x.

    >>> for row in compare([Fraction(-1), Fraction(2)])[2:4]:
    ...     print(row.convention.name, row.grid.scale, row.grid.zero_point, row.grid.codes)
    ONNX, uint8 1/85 85 [  0 255]
    ONNX, int8 1/85 -43 [-128  127]
    """
    return [_row(convention, x, bits) for convention in CONVENTIONS]


def _row(convention, x, bits):
    try:
        grid = convention.encode(x, bits)
    except ValueError:  # bits were checked, so x is the cause
        finite = f"for which {convention.name!r} has a scale that is finite and normal"
        raise Refused("x", f"of a range {finite}", describe(x)) from None
    if grid is None:
        return Row(convention, None, None)
    normal_scale(x, grid.scale)
    grid = grid._replace(codes=np.asarray(grid.codes), decoded=np.asarray(grid.decoded))
    return Row(convention, grid, np.asarray((grid.decoded - x) / grid.scale))


@takes(P=whole(2, 2**52), W=Numeric("pair", _codes_per_unit), B=Numeric("pair", _whole_and_a_half))
def to_affine(W, B, P):
    """Return the QParams that gives the same codes as ⌊x·W + B⌋ mod P.

    Its scale is 1/W, its zero_point is B − ½, and its codes are 0..P − 1.

    ⌊x·W + B⌋ is ⌊x/scale + zero_point + ½⌋, which rounds to the nearest code only if B is a whole
    number and a half. Then both give the same code for every x whose x·W + B lies in [0, P) and is
    not a whole number. Where it is a whole number, x/scale is a tie, and the floor rounds it up. W
    must be positive. The article's decoder (Q + B)/W never agrees with this QParams, because it
    would need B = −zero_point.

    >>> to_affine(W=10, B=Fraction(7, 2), P=8)
    QParams(scale=Fraction(1, 10), zero_point=3, qmin=0, qmax=7, axis=None, block=None)
    """
    return QParams(1 / W, int(B - _half(B)), 0, P - 1)


@takes(qparams=_one_grid)
def to_article(qparams):
    """Return (W, B, P) with which ⌊x·W + B⌋ mod P = quantize(x, qparams) − qmin.

    W = 1/scale, B = zero_point − qmin + ½ and P = qmax − qmin + 1. The equation holds for the same
    x as in `to_affine`. The QParams must have a single scale.

    >>> to_article(QParams(Fraction(1, 10), 3, 0, 7))
    (Fraction(10, 1), Fraction(7, 2), 8)
    """
    p = qparams
    return 1 / p.scale, p.zero_point - p.qmin + _half(p.scale), p.qmax - p.qmin + 1


def _half(like):
    """Return ½, as a Fraction if `like` is one and as a float otherwise."""
    return Fraction(1, 2) if isinstance(like, Fraction) else 0.5


# --- the conventions ------------------------------------------------------------------------------


def _signed(bits):
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def _ends(x):
    return min(x.min(), 0), max(x.max(), 0)


def _largest(x):
    return max(x.max(), -x.min())


def _one(x):
    return Fraction(1) if x.dtype == arrays.EXACT else x.dtype.type(1)


def _or_one(scale, x):
    return scale if scale else _one(x)


def _divide(x, scale):
    """Return x/scale, with overflow clipped to the largest float."""
    return saturate(x / scale)


def _times_inverse(x, scale):
    """Return x·(1/scale), as PyTorch computes it.

    In floats its last bit can differ from x/scale.
    """
    return saturate(x * (1 / scale))


def _saturated(whole, scale, zero_point, qmin, qmax):
    """Clip whole numbers to qmin..qmax, and decode them as (q − zero_point)·scale."""
    q = np.asarray(np.clip(whole, qmin, qmax))
    return Grid(scale, zero_point, q.astype(np.int64), saturate((q - zero_point) * scale))


def _round_then_add(x, scale, zero_point, qmin, qmax, rule=half_even, divide=_divide):
    rounded = rule.formula(divide(x, scale)) + zero_point
    return _saturated(rounded, scale, zero_point, qmin, qmax)


def _add_then_round(x, scale, zero_point, qmin, qmax, rule=half_even):
    rounded = rule.formula(_divide(x, scale) + zero_point)
    return _saturated(rounded, scale, zero_point, qmin, qmax)


def _nearest(value, qmin, qmax, rule=half_even):
    return int(np.clip(rule.formula(value), qmin, qmax))


def _article(x, bits, sign):
    if x.min() == x.max():
        return None
    W, B = as_written.min_max.formula(x, 2**bits)
    q = as_written.quantize.formula(x, W, B, 2**bits)
    wide = q.astype(object if x.dtype == arrays.EXACT else np.float64)  # uint8 would wrap
    return Grid(1 / W, -sign * B, q, as_written.dequantize.formula(wide, W, sign * B))


def _chosen(x, bits, **options):
    p = choose_qparams.formula(x, bits, **options)
    return _round_then_add(x, p.scale, p.zero_point, p.qmin, p.qmax)


def _gemmlowp(x, bits):
    (low, high), qmax = _ends(x), 2**bits - 1
    scale = _or_one((high - low) / qmax, x)
    zero_point = _nearest(0 - low / scale, 0, qmax, half_away)
    return _add_then_round(x, scale, zero_point, 0, qmax, half_away)


def _tflite(x, bits):
    qmax = 2 ** (bits - 1) - 1
    return _round_then_add(x, _or_one(_largest(x) / qmax, x), 0, -qmax, qmax, half_away)


def _torch_affine(x, bits):
    (low, high), qmax = _ends(x), 2**bits - 1
    scale = _or_one((high - low) / qmax, x)
    zero_point = _nearest(0 - low / scale, 0, qmax)
    return _round_then_add(x, scale, zero_point, 0, qmax, divide=_times_inverse)


def _torch_symmetric(x, bits):
    scale = _or_one(_largest(x) / ((2**bits - 1) * _one(x) / 2), x)
    return _round_then_add(x, scale, 0, *_signed(bits), divide=_times_inverse)


def _distiller(x, W, zero, qmin, qmax):
    """Encode x as clip(round(x·W − zero)), and decode codes as (q + zero)/W."""
    q = np.asarray(np.clip(half_even.formula(saturate(x * W) - zero), qmin, qmax))
    return Grid(1 / W, -zero, q.astype(np.int64), saturate((q + zero) * (1 / W)))


def _distiller_asymmetric(x, bits):
    low, high = _ends(x)
    W = (2**bits - 1) / (high - low) if high > low else _one(x)
    return _distiller(x, W, int(half_even.formula(low * W)), 0, 2**bits - 1)


def _distiller_symmetric(x, bits):
    m, half = _largest(x), (2**bits - 1) * _one(x) / 2
    return _distiller(x, half / m if m else _one(x), 0, *_signed(bits))


def _without_zero(x, bits, encode):
    """Quantize x on the range of its own values, even if 0 is outside."""
    low, high, (qmin, qmax) = x.min(), x.max(), _signed(bits)
    if low == high:
        return None
    scale = (high - low) / (qmax - qmin)
    return encode(x, scale, _nearest(qmin - _divide(low, scale), qmin, qmax), qmin, qmax)


def _full(x, bits):
    return _round_then_add(x, _or_one(_largest(x) / 2 ** (bits - 1), x), 0, *_signed(bits))


def _power_of_two(x, bits):
    exact, top = x.dtype == arrays.EXACT, _largest(x)
    m = Fraction(top if exact else float(top)) / (2 ** (bits - 1) - 1)
    k = m.numerator.bit_length() - m.denominator.bit_length() if m else 0  # 2^(k−1) < m < 2^(k+1)
    k += m > Fraction(2) ** k
    scale = Fraction(2) ** k if exact else x.dtype.type(np.ldexp(1.0, k))
    return _round_then_add(x, scale, 0, *_signed(bits))


# fmt: off
CONVENTIONS = tuple(Convention(*row) for row in (
    ("article, as written",
     "W = (L−1)/(high−low), B = −low·W; ⌊x·W + B⌋ mod L; (Q + B)/W",
     "§3.1", partial(_article, sign=1)),
    ("article, sign corrected",
     "the same, but decoded by (Q − B)/W",
     "§3.1 with − for +", partial(_article, sign=-1)),
    ("ONNX, uint8",
     "scale = (high₀−low₀)/(L−1), z = half-even(−low₀/scale); half-even(x/scale) + z",
     "ONNX DynamicQuantizeLinear and QuantizeLinear", partial(_chosen, signed=False)),
    ("ONNX, int8",
     "the same, but with codes −L/2..L/2 − 1",
     "ONNX QuantizeLinear", _chosen),
    ("gemmlowp",
     "the same range; half-away(x/scale + z): z is added before rounding",
     "google/gemmlowp doc/quantization_example.cc", _gemmlowp),
    ("TFLite weights, int8",
     "scale = m/(L/2 − 1), codes −(L/2 − 1)..L/2 − 1; half-away(x/scale)",
     "TensorFlow Lite 8-bit quantization specification", _tflite),
    ("PyTorch affine, quint8",
     "ONNX's range; half-even(x·(1/scale)) + z, which differs only in floats",
     "torch.ao.quantization.MinMaxObserver", _torch_affine),
    ("PyTorch symmetric, qint8",
     "scale = m/((L−1)/2): 127.5 steps to each side for 8 bits",
     "torch.ao.quantization.MinMaxObserver", _torch_symmetric),
    ("Distiller asymmetric, uint8",
     "W = (L−1)/(high₀−low₀), z = half-even(low₀·W); half-even(x·W − z), (q + z)/W",
     "IntelLabs/distiller distiller/quantization/q_utils.py", _distiller_asymmetric),
    ("Distiller symmetric, full",
     "W = (L−1)/2/m, codes −L/2..L/2 − 1",
     "IntelLabs/distiller distiller/quantization/q_utils.py", _distiller_symmetric),
    ("MIT lab, int8",
     "scale = (high−low)/(L−1), with 0 in the range or not; half-even(x/scale) + z",
     "MIT 6.5940, lab 2", partial(_without_zero, encode=_round_then_add)),
    ("DeepLearning.AI, int8",
     "the same range; half-even(x/scale + z): z is added before rounding",
     "DeepLearning.AI, Quantization in Depth", partial(_without_zero, encode=_add_then_round)),
    ("symmetric by 2^(b−1) − 1",
     "scale = m/(L/2 − 1), half-even(x/scale); symmetric=True in refnn",
     "restricted range: Distiller, NVIDIA TensorRT", partial(_chosen, symmetric=True)),
    ("symmetric by 2^(b−1)",
     "scale = m/(L/2): the largest positive value saturates at L/2 − 1",
     "full range: common in tutorials", _full),
    ("power of two",
     "scale = 2^⌈log₂(m/(L/2 − 1))⌉: decoding is a bit shift",
     "fixed point, ARM's Q format", _power_of_two),
))
# fmt: on
