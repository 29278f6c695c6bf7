"""This module holds the rules of the published conventions.

A rule has two parts. The first chooses a grid for a tensor: a scale, a zero point, and the smallest
and the largest code. The second maps numbers to codes once the grid is known. `conventions` puts
the parts together in its table, and explains the letters.

The functions of the second part take (x, scale, zero_point, qmin, qmax) and return whole numbers of
x's shape. scale and zero_point may be arrays that broadcast against x. The functions compute
exactly on Fractions, and else in x's dtype. On Fractions there are only five different ones,
because x·(1/scale) is x/scale:

    round_then_add   half-even(x/scale) + z              fake_quantize
    add_then_round   half-even(x/scale + z)              quantize_per_tensor, per_unit, from_minimum
    away_then_add    half-away(x/scale) + z
    add_then_away    half-away(x/scale + z)
    floor_and_mod    ⌊x·W + B⌋ mod L
"""

from fractions import Fraction
from functools import wraps
from numbers import Integral
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.quantization import as_written
from refnn.quantization.calibration import choose_qparams
from refnn.quantization.rounding import half_away, half_even, saturate


class Grid(NamedTuple):
    """The result of one convention on one tensor."""

    scale: object  # real units per code
    zero_point: object  # the code of 0.0
    codes: np.ndarray  # of x's shape
    decoded: np.ndarray  # of x's shape


class Chosen(NamedTuple):
    """The grid that a convention chooses for a tensor."""

    scale: object  # real units per code
    zero_point: int  # the code of 0.0
    qmin: int  # the smallest code
    qmax: int  # the largest code


# --- from numbers to codes on a known grid --------------------------------------------------------


def _like(x, value):
    """Return a scale or a zero point, or an array of them, in the arithmetic of x."""
    if isinstance(value, Integral):
        return int(value)  # NumPy's integers would make float64 of float32
    a = np.asarray(value)
    if x.dtype != arrays.EXACT:
        return a.astype(x.dtype)[()]
    return (
        a[()]
        if a.dtype == arrays.EXACT
        else arrays.objects([Fraction(v) for v in a.ravel().tolist()], a.shape)
    )


def _clipped(formula):
    """Convert scale and zero point to x's arithmetic, and clip the whole numbers to qmin..qmax."""

    @wraps(formula)
    def code(x, scale, zero_point, qmin, qmax):
        x = np.asarray(x)
        with np.errstate(all="ignore"):  # an overflow is clipped like any other number
            whole = formula(x, _like(x, scale), _like(x, zero_point))
        return np.asarray(np.clip(whole, qmin, qmax)).astype(np.int64)

    return code


@_clipped
def round_then_add(x, scale, zero_point):
    """Return half-even(x/scale) + zero_point, clipped: ONNX QuantizeLinear.

    >>> round_then_add([0.5, 1.5, 300.0], 1, 1, 0, 255)
    array([  1,   3, 255])
    """
    return half_even.formula(x / scale) + zero_point


@_clipped
def add_then_round(x, scale, zero_point):
    """Return half-even(x/scale + zero_point), clipped.

    With an odd zero point, the ties that `round_then_add` rounds up are rounded down, and the other
    way round.

    >>> add_then_round([0.5, 1.5, 300.0], 1, 1, 0, 255)
    array([  2,   2, 255])
    """
    return half_even.formula(x / scale + zero_point)


@_clipped
def away_then_add(x, scale, zero_point):
    """Return half-away(x/scale) + zero_point, clipped: TensorFlow Lite.

    >>> away_then_add([0.5, -0.5], 1, 1, 0, 255)
    array([2, 0])
    """
    return half_away.formula(x / scale) + zero_point


@_clipped
def add_then_away(x, scale, zero_point):
    """Return half-away(x/scale + zero_point), clipped: gemmlowp.

    >>> add_then_away([0.5, -0.5], 1, 1, 0, 255)
    array([2, 1])
    """
    return half_away.formula(x / scale + zero_point)


@_clipped
def fake_quantize(x, scale, zero_point):
    """Return half-even(x·(1/scale)) + zero_point, clipped: PyTorch's fake quantization, and PT2E.

    >>> fake_quantize([-1, 0, 0.5, 1.5, 2.5, 254], 1, 1, 0, 255)
    array([  0,   1,   1,   3,   3, 255])
    """
    return half_even.formula(x * (1 / scale)) + zero_point


@_clipped
def quantize_per_tensor(x, scale, zero_point):
    """Return half-even(x·(1/scale) + zero_point), clipped: torch.quantize_per_tensor.

    In float32 the product and the sum are rounded once, together, as the processor does it.

    >>> quantize_per_tensor([-1, 0, 0.5, 1.5, 2.5, 254], 1, 1, 0, 255)
    array([  0,   1,   2,   2,   4, 255])
    """
    inverse = 1 / scale
    if x.dtype == np.float32:  # 48 bits hold the product of two float32
        fused = x.astype(np.float64) * np.float64(inverse) + zero_point
        return half_even.formula(fused.astype(np.float32))
    return half_even.formula(x * inverse + zero_point)


@_clipped
def per_unit(x, scale, zero_point):
    """Return half-even(x·W + zero_point), clipped, where W = 1/scale is in codes per real unit.

    >>> per_unit([-0.5, 0.25], Fraction(1, 127), 0, -128, 127)
    array([-64,  32])
    """
    return half_even.formula(x * (1 / scale) + zero_point)


@_clipped
def from_minimum(x, scale, zero_point):
    """Return half-even((x − low)/scale), clipped, where low = −zero_point·scale is real.

    >>> from_minimum([0.25, 1.0, 1.75], 0.5, -0.5, 0, 3)
    array([0, 2, 3])
    """
    return half_even.formula((x - (0 - zero_point * scale)) / scale)


def floor_and_mod(x, scale, zero_point, qmin, qmax, sign=-1):
    """Return ⌊x·W + B⌋ mod L with W = 1/scale and B = −sign·zero_point: §3.1 of the article.

    sign is that of B in the decoder, so that the decoder maps the code zero_point to 0.0.

    >>> floor_and_mod([0.25, 2.0, 8.0], 1, 1, 0, 7), floor_and_mod([0.25], 1, 1, 0, 7, sign=1)
    (array([1, 3, 1]), array([7]))
    """
    x = np.asarray(x)
    with np.errstate(all="ignore"):
        W, B = 1 / _like(x, scale), -sign * _like(x, zero_point)
        wrapped = np.floor(saturate(saturate(x * W) + B)) % (qmax - qmin + 1)
    return np.asarray(wrapped).astype(np.int64) + qmin


# --- the grid for a tensor ------------------------------------------------------------------------


def unsigned(bits):
    """Return the codes 0..2^bits − 1, as (smallest, largest).

    >>> unsigned(8)
    (0, 255)
    """
    return 0, 2**bits - 1


def signed(bits):
    """Return the codes −2^(bits−1)..2^(bits−1) − 1, as (smallest, largest).

    >>> signed(8)
    (-128, 127)
    """
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def restricted(bits):
    """Return (smallest, largest) of the codes −(2^(bits−1) − 1)..2^(bits−1) − 1.

    >>> restricted(8)
    (-127, 127)
    """
    return 1 - 2 ** (bits - 1), 2 ** (bits - 1) - 1


def reduced_unsigned(bits):
    """Return the unsigned codes of one bit less.

    >>> reduced_unsigned(8)
    (0, 127)
    """
    return unsigned(bits - 1)


def reduced_signed(bits):
    """Return the signed codes of one bit less.

    >>> reduced_signed(8)
    (-64, 63)
    """
    return signed(bits - 1)


def _ends(x):
    return min(x.min(), 0), max(x.max(), 0)


def _largest(x):
    return max(x.max(), -x.min())


def _one(x):
    return Fraction(1) if x.dtype == arrays.EXACT else x.dtype.type(1)


def _or_one(scale, x):
    return scale if scale else _one(x)


def _nearest(value, qmin, qmax, rule=half_even):
    return int(np.clip(rule.formula(saturate(value)), qmin, qmax))


def onnx(x, bits, **options):
    """Choose a grid as `calibration.choose_qparams` does, which takes the options.

    >>> onnx(np.array([-1.0, 2.0]), 8, signed=False)[1:]
    (85, 0, 255)
    """
    p = choose_qparams.formula(x, bits, **options)
    return Chosen(p.scale, p.zero_point, p.qmin, p.qmax)


def away(x, bits, codes):
    """Choose the range with 0 in it, and a zero point that is rounded half away from 0.

    >>> away(np.array([-1.0, 1.0]), 8, unsigned)[1:]
    (128, 0, 255)
    """
    (low, high), (qmin, qmax) = _ends(x), codes(bits)
    scale = _or_one((high - low) / (qmax - qmin), x)
    return Chosen(scale, _nearest(qmin - low / scale, qmin, qmax, half_away), qmin, qmax)


def largest_at_the_end(x, bits):
    """Choose scale = m/(L/2 − 1), zero point 0 and as many codes below 0 as above.

    >>> largest_at_the_end(np.array([-127.0, 1.0]), 8)
    Chosen(scale=np.float64(1.0), zero_point=0, qmin=-127, qmax=127)
    """
    qmin, qmax = restricted(bits)
    return Chosen(_or_one(_largest(x) / qmax, x), 0, qmin, qmax)


def full(x, bits):
    """Choose scale = m/(L/2) and zero point 0.

    >>> full(np.array([-128.0, 1.0]), 8)
    Chosen(scale=np.float64(1.0), zero_point=0, qmin=-128, qmax=127)
    """
    return Chosen(_or_one(_largest(x) / 2 ** (bits - 1), x), 0, *signed(bits))


def power_of_two(x, bits):
    """Choose the smallest power of two that is at least m/(L/2 − 1).

    >>> power_of_two(np.array([-128.0, 1.0]), 8).scale
    np.float64(2.0)
    """
    exact, top = x.dtype == arrays.EXACT, _largest(x)
    m = Fraction(top if exact else float(top)) / (2 ** (bits - 1) - 1)
    k = m.numerator.bit_length() - m.denominator.bit_length() if m else 0  # 2^(k−1) < m < 2^(k+1)
    k += m > Fraction(2) ** k
    scale = Fraction(2) ** k if exact else x.dtype.type(np.ldexp(1.0, k))
    return Chosen(scale, 0, *signed(bits))


def without_zero(x, bits):
    """Choose the range of the values themselves, even if 0 is outside, or None if they are equal.

    >>> without_zero(np.array([5.0, 10.0]), 8)[1:]
    (-128, -128, 127)
    """
    low, high, (qmin, qmax) = x.min(), x.max(), signed(bits)
    if low == high:
        return None
    scale = (high - low) / (qmax - qmin)
    return Chosen(scale, _nearest(qmin - low / scale, qmin, qmax), qmin, qmax)


def torch(x, bits, codes, limits=None, symmetric=False):
    """Choose a grid as torch.ao.quantization.MinMaxObserver does.

    codes(bits) are the codes of the two ends of the range, and limits(bits) those at which the
    codes are clipped. With reduce_range the range has one bit less. Fake quantization clips to that
    range too, but quantize_per_tensor does not know it, and clips to all codes of its dtype. The
    scale is at least 2⁻²³.

    >>> torch(np.array([-63.5, 63.5]), 8, reduced_unsigned, unsigned)
    Chosen(scale=np.float64(1.0), zero_point=64, qmin=0, qmax=255)
    """
    (qmin, qmax), (low, high), eps = codes(bits), _ends(x), _one(x) / 2**23
    if symmetric:
        scale = max(_largest(x) / ((qmax - qmin) * _one(x) / 2), eps)
        middle = 2 ** (bits - 1) - (bits not in (8, 16))  # for other bits PyTorch takes one less
        zero_point = 0 if qmin else middle
    else:
        scale = max((high - low) / (qmax - qmin), eps)
        below = half_even.formula(saturate(low / scale))
        zero_point = int(np.clip(qmin - below, qmin, qmax))
    return Chosen(scale, zero_point, *(limits or codes)(bits))


# --- a convention on a tensor ---------------------------------------------------------------------


def encode(x, bits, choose, code):
    """Choose the grid of a tensor, encode the tensor, and decode it by (q − zero_point)·scale.

    >>> encode(np.array([-127.0, 0.5]), 8, largest_at_the_end, away_then_add).codes
    array([-127,    1])
    """
    chosen = choose(x, bits)
    if chosen is None:
        return None
    q = code(x, *chosen)
    decoded = saturate((q.astype(x.dtype) - chosen.zero_point) * chosen.scale)
    return Grid(chosen.scale, chosen.zero_point, q, decoded)


def article(x, bits, sign):
    """Quantize by §3.1 as written (sign=1), or with (Q − B)/W as the decoder (sign=−1).

    >>> article(np.array([1.0, 1.5, 8.0]), 3, sign=-1).decoded
    array([1., 1., 8.])
    """
    if x.min() == x.max():
        return None
    W, B = as_written.min_max.formula(x, 2**bits)
    q = as_written.quantize.formula(x, W, B, 2**bits)
    wide = q.astype(object if x.dtype == arrays.EXACT else np.float64)  # uint8 would wrap
    return Grid(1 / W, -sign * B, q, as_written.dequantize.formula(wide, W, sign * B))


def distiller(x, W, zero, qmin, qmax):
    """Encode x as clip(half-even(x·W − zero)), and decode codes as (q + zero)/W.

    >>> distiller(np.array([-2.0, 10.0]), 21.25, -42, 0, 255)[:3]
    (0.047058823529411764, 42, array([  0, 254]))
    """
    q = np.asarray(np.clip(half_even.formula(saturate(x * W) - zero), qmin, qmax))
    return Grid(1 / W, -zero, q.astype(np.int64), saturate((q + zero) * (1 / W)))


def distiller_asymmetric(x, bits):
    """Quantize by Distiller's asymmetric rule, with 0 in the range.

    >>> distiller_asymmetric(np.array([-2.0, 10.0]), 8).zero_point
    42
    """
    low, high = _ends(x)
    W = (2**bits - 1) / (high - low) if high > low else _one(x)
    return distiller(x, W, int(half_even.formula(low * W)), *unsigned(bits))


def distiller_symmetric(x, bits):
    """Quantize by Distiller's symmetric rule on the full range.

    >>> distiller_symmetric(np.array([-2.0, 1.0]), 2).codes
    array([-2,  1])
    """
    m, half = _largest(x), (2**bits - 1) * _one(x) / 2
    return distiller(x, half / m if m else _one(x), 0, *signed(bits))


def absmax(x, bits):
    """Quantize by W = (L/2 − 1)/m codes per real unit, or return None if all values are 0.

    >>> absmax(np.array([-2.0, 0.5]), 8).codes
    array([-127,   32])
    """
    m, (qmin, qmax) = _largest(x), restricted(bits)
    return distiller(x, qmax / m, 0, qmin, qmax) if m else None


def codes_per_unit(x, bits):
    """Quantize by W = (L − 1)/(high − low) codes per real unit, and a whole offset of any size.

    >>> codes_per_unit(np.array([5.0, 10.0]), 8)[1:3]
    (-383, array([-128,  127]))
    """
    low, high, (qmin, qmax) = x.min(), x.max(), signed(bits)
    W = (qmax - qmin) / _or_one(high - low, x)
    zero = 0 - int(half_even.formula(saturate(0 - W * low + qmin)))
    return distiller(x, W, zero, qmin, qmax)


def kivi(x, bits):
    """Quantize so that the minimum is code 0. The decoder adds the minimum as a real number.

    >>> kivi(np.array([0.25, 1.0, 1.75]), 2)[:3]
    (np.float64(0.5), np.float64(-0.5), array([0, 2, 3]))
    """
    low, high, (_, qmax) = x.min(), x.max(), unsigned(bits)
    if low == high:
        return None
    scale = (high - low) / qmax
    q = np.asarray(np.clip(half_even.formula(saturate((x - low) / scale)), 0, qmax))
    return Grid(scale, 0 - low / scale, q.astype(np.int64), saturate(q * scale + low))
