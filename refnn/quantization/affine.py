"""What the field does instead of §3.1: the affine map between reals and integers, rounding to
nearest, saturating.

    q = clip(round(x/scale) + zero_point, qmin, qmax)        x̂ = (q − zero_point)·scale

    x  a real number    q  its code    scale  real units per code (the step Δ)    zero_point  the code of 0.0
    qmin, qmax  the smallest and the largest code

Sources: ONNX QuantizeLinear and DequantizeLinear; B. Jacob et al., "Quantization and training of
neural networks for efficient integer-arithmetic-only inference" (2018), equation 1. Order: divide,
round half to even, add, saturate, cast."""

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.quantization import rounding


@dataclass(frozen=True, eq=False)
class QParams:
    """A grid. scale and zero_point: numbers (per tensor); 1-d, one entry per slice of `axis` (per
    channel); or, with `block`, of x's shape except for ceil(n/block) entries along axis (ONNX's
    blocked quantization).

    >>> QParams(scale=0.5, zero_point=3, qmin=0, qmax=7)
    QParams(scale=0.5, zero_point=3, qmin=0, qmax=7, axis=None, block=None)
    """

    scale: object
    zero_point: object
    qmin: int
    qmax: int
    axis: int | None = None
    block: int | None = None


class QuantizeSteps(NamedTuple):
    """The four stages of quantize: x/scale, rounded, + zero_point (still unbounded), saturated
    (codes).
    >>> QuantizeSteps._fields
    ('divided', 'rounded', 'shifted', 'saturated')"""

    divided: np.ndarray
    rounded: np.ndarray
    shifted: np.ndarray
    saturated: np.ndarray


def quantize(x, qparams):
    """q = clip(round(x/scale) + zero_point, qmin, qmax), half to even; corrects §3.1.1 of the
    article.

    Codes have the narrowest integer dtype for qmin..qmax. Huge values saturate to their own end.

    >>> quantize([1, 3, 5, -1, -3, -5, 0.9, 1.1, 1e300], QParams(2, 11, 0, 255))
    array([ 11,  13,  13,  11,   9,   9,  11,  12, 255], dtype=uint8)
    """
    return quantize_steps(x, qparams).saturated


def quantize_steps(x, qparams):
    """The steps of `quantize`, one field an operation.

    >>> quantize_steps([1.5, 9.0], QParams(scale=2, zero_point=1, qmin=0, qmax=3)).shifted
    array([2., 5.])
    """
    x = arrays.numbers("quantize_steps", "x", x)
    [x] = arrays.holding(arrays.grid("quantize_steps", qparams).qmin, qparams.qmax, x)
    scale, zero_point = _on("quantize_steps", x.shape, x.dtype, qparams)
    with np.errstate(over="ignore", under="ignore"):
        divided = arrays.saturate(np.asarray(x / scale))  # x/scale, not x·(1/scale)
        rounded = np.asarray(rounding.nearest_even(divided))
        shifted = np.asarray(rounded + zero_point)  # in float64 or whole numbers
        saturated = np.asarray(
            np.clip(shifted, qparams.qmin, qparams.qmax)
        )  # while still real: a cast would wrap
    codes = saturated.astype(arrays.code_dtype(qparams.qmin, qparams.qmax))
    return QuantizeSteps(divided[()], rounded[()], shifted[()], codes[()])


def dequantize(q, qparams):
    """x̂ = (q − zero_point)·scale; corrects §3.1.2. q must be integers within qmin..qmax.

    float64; float32 if scale is np.float32; exact Fractions if scale is a Fraction.

    >>> dequantize(np.array([0, 3, 7], dtype=np.uint8), QParams(0.5, 3, 0, 7))
    array([-1.5,  0. ,  2. ])
    """
    q = arrays.integers("dequantize", "q", q)
    arrays.grid("dequantize", qparams)
    outside = (q < qparams.qmin) | (q > qparams.qmax)
    if outside.any():
        arrays.refuse(
            "dequantize",
            "q",
            f"within qmin..qmax = {qparams.qmin}..{qparams.qmax}",
            f"{q[outside].flat[0]}",
        )
    scale = (
        np.float64(qparams.scale) if type(qparams.scale) in (int, float) else qparams.scale
    )  # float32 says so
    return _decode("dequantize", q, qparams, arrays.numbers("dequantize", "scale", scale).dtype)


def fake_quantize(x, qparams):
    """x̂ of the code of x, in x's own dtype: dequantize(quantize(x)); what quantization does to x.

    >>> fake_quantize([0.3, 9.0], QParams(0.25, 0, -8, 7))
    array([0.25, 1.75])
    """
    x = arrays.numbers("fake_quantize", "x", x)
    q = np.asarray(quantize(x, arrays.grid("fake_quantize", qparams)))
    return _decode("fake_quantize", q, qparams, x.dtype)


def _decode(function, q, qparams, dtype):
    """(q − zero_point)·scale in `dtype`; wide codes in float64 on the way."""
    [like] = arrays.holding(qparams.qmin, qparams.qmax, np.zeros(0, dtype))
    scale, zero_point = _on(function, q.shape, like.dtype, qparams)
    q = q.astype(object if dtype == arrays.EXACT else np.float64)
    with np.errstate(over="ignore", under="ignore"):
        steps = np.asarray(q - zero_point).astype(scale.dtype)
        return arrays.saturate(np.asarray(steps * scale).astype(dtype))[()]


def _on(function, shape, dtype, qparams):
    """(scale, zero_point) as arrays that broadcast against x of this shape, scale in its dtype."""
    scale, zero_point = np.asarray(qparams.scale), np.asarray(qparams.zero_point)
    if dtype == arrays.EXACT:
        scale, _ = arrays.together(function, {"scale": scale, "x": Fraction(0)})
        zero_point = zero_point.astype(object)
    else:
        with np.errstate(over="ignore", under="ignore"):
            scale = arrays.double(function, "scale", scale).astype(dtype)
        if (scale < np.finfo(dtype).tiny).any() or not np.isfinite(scale).all():
            arrays.refuse(
                function, "scale", f"a normal number in {dtype}", arrays.describe(qparams.scale)
            )
        zero_point = zero_point.astype(np.float64)
    return tuple(
        arrays.aligned(function, name, a, shape, qparams.axis, qparams.block)
        for name, a in (("scale", scale), ("zero_point", zero_point))
    )
