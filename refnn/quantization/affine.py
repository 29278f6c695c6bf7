"""What the field does instead of §3.1: the affine map between reals and integers, rounding to
nearest, saturating.

    q = clip(round(x/scale) + zero_point, qmin, qmax)        x̂ = (q − zero_point)·scale

    x  a real number    q  its code    scale  real units per code (the step Δ)
    zero_point  the code of 0.0    qmin, qmax  the smallest and the largest code

Sources: ONNX QuantizeLinear and DequantizeLinear; B. Jacob et al., "Quantization and training of
neural networks for efficient integer-arithmetic-only inference" (2018), equation 1. Order: divide,
round half to even, add, saturate, cast.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.arrays import Refused, describe
from refnn.fast import elementwise
from refnn.quantization.rounding import codes, half_even, saturate
from refnn.validation import INTEGERS, REAL, takes


@dataclass(frozen=True, eq=False)
class QParams:
    """A grid: which real numbers the codes qmin..qmax stand for.

    One for all of x, or one for each slice of `axis`, or with `block` one for each block of a slice
    (ONNX's blocked quantization).

    >>> QParams(scale=0.5, zero_point=3, qmin=0, qmax=7)
    QParams(scale=0.5, zero_point=3, qmin=0, qmax=7, axis=None, block=None)
    """

    scale: object  # real units per code: (), (x.shape[axis],) or x's shape with ceil(n/block)
    zero_point: object  # the code of 0.0, of the same shape
    qmin: int  # the smallest code
    qmax: int  # the largest code
    axis: int | None = None  # the axis whose slices have a scale each; negative from the end
    block: int | None = None  # so many entries of a slice share a scale


class QuantizeSteps(NamedTuple):
    """The four stages of quantize, each of x's shape."""

    divided: np.ndarray  # x/scale
    rounded: np.ndarray  # to whole numbers
    shifted: np.ndarray  # + zero_point, still unbounded
    saturated: np.ndarray  # within qmin..qmax, the codes


class Aligned(NamedTuple):
    """A grid as the formulas want it: checked, and laid along x."""

    scale: np.ndarray  # broadcasts against x, in x's arithmetic
    zero_point: np.ndarray  # broadcasts against x, in x's arithmetic
    qmin: int  # the smallest code
    qmax: int  # the largest code
    dtype: np.dtype  # of decoded values


# --- what the functions take ----------------------------------------------------------------------


def checked(p, name="qparams"):
    """A QParams whose fields are right as far as can be judged without x; qmin and qmax as ints.

    >>> checked(QParams(0.5, 8, 0, 7))
    Traceback (most recent call last):
    refnn.arrays.Refused: zero_point must be within qmin..qmax = 0..7, got 8
    """
    if not isinstance(p, QParams):
        raise Refused(name, "a QParams", describe(p), TypeError)
    qmin, qmax = (arrays.whole(n, getattr(p, n), -(2**52), 2**52) for n in ("qmin", "qmax"))
    if qmin >= qmax:
        raise Refused("qmin", f"below qmax = {qmax}", f"{qmin}")
    zero_point = arrays.integers("zero_point", p.zero_point)
    if ((zero_point < qmin) | (zero_point > qmax)).any():
        raise Refused("zero_point", f"within qmin..qmax = {qmin}..{qmax}", describe(p.zero_point))
    scale = arrays.numbers("scale", p.scale)
    tiny = 0 if scale.dtype == arrays.EXACT else np.finfo(scale.dtype).tiny
    if ((scale <= 0) | (scale < tiny)).any():
        raise Refused("scale", "positive and normal", describe(p.scale))
    if p.block is not None:
        arrays.whole("block", p.block, 1)
        if p.axis is None:
            raise Refused("axis", "given where block is", "None")
    plain = type(p.qmin) is type(p.qmax) is int
    return p if plain else replace(p, qmin=qmin, qmax=qmax)  # NumPy's would wrap


def align(p, shape, dtype):
    """Lay a checked QParams along numbers of this shape and dtype.

    Beyond 2^24 codes float32 is computed in float64, scale and all.

    >>> align(QParams([0.5, 0.25], [0, 1], 0, 7, axis=0), (2, 3), np.dtype(float)).scale.shape
    (2, 1)
    """
    [like] = arrays.holding(p.qmin, p.qmax, np.zeros(0, dtype))
    if dtype == arrays.EXACT:
        [scale, _] = arrays.together({"scale": np.asarray(p.scale), "x": Fraction(0)})
    else:
        scale = arrays.double("scale", np.asarray(p.scale)).astype(like.dtype)
        if not (np.isfinite(scale) & (scale >= np.finfo(like.dtype).tiny)).all():
            raise Refused("scale", f"a normal number in {like.dtype}", describe(p.scale))
    zero_point = np.asarray(p.zero_point).astype(scale.dtype)
    scale = arrays.aligned("scale", scale, shape, p.axis, p.block)
    zero_point = arrays.aligned("zero_point", zero_point, shape, p.axis, p.block)
    return Aligned(scale, zero_point, p.qmin, p.qmax, dtype)


@lru_cache(maxsize=1000, typed=True)
def _of_numbers(scale, zero_point, qmin, qmax, dtype):
    """A grid of single numbers, which fits all shapes and is remembered."""
    grid = align(checked(QParams(scale, zero_point, qmin, qmax)), (), dtype)
    grid.scale.flags.writeable = grid.zero_point.flags.writeable = False
    return grid


def _fitting(name, p, shape, dtype):
    if isinstance(p, QParams) and p.axis is p.block is None:
        whole = {type(p.zero_point), type(p.qmin), type(p.qmax)} == {int}
        if whole and type(p.scale) in (int, float, Fraction, np.float64, np.float32):
            return _of_numbers(p.scale, p.zero_point, p.qmin, p.qmax, dtype)
    return align(checked(p, name), shape, dtype)


def GRID(name, p, arguments):
    """Admit a QParams that fits x, and lay it along x; x is float64 where float32 skips codes."""
    x = arguments["x"]
    grid = _fitting(name, p, x.shape, x.dtype)
    [arguments["x"]] = arrays.holding(grid.qmin, grid.qmax, x)
    return grid


def GRID_OF_CODES(name, p, arguments):
    """Admit a QParams and lay it along codes q, which must lie within qmin..qmax."""
    q, dtype = arguments["q"], arrays.DOUBLE  # of what is decoded, unless an array says otherwise
    if type(getattr(p, "scale", 1.0)) not in (int, float):
        dtype = arrays.numbers("scale", checked(p, name).scale).dtype
    grid = _fitting(name, p, q.shape, dtype)
    arrays.inside("q", q, grid.qmin, grid.qmax, f"qmin..qmax = {grid.qmin}..{grid.qmax}")
    return grid


# --- the formulas ---------------------------------------------------------------------------------


@takes(x=REAL, qparams=GRID, blocks="x", fast=elementwise.affine_quantize)
def quantize(x, qparams):
    """q = clip(round(x/scale) + zero_point, qmin, qmax)   (corrects §3.1.1 of the article).

    Halves are rounded to even. Codes have the narrowest integer dtype for qmin..qmax. Huge values
    saturate to their own end.

    >>> quantize([1, 3, 5, -1, -3, -5, 0.9, 1.1, 1e300], QParams(2, 11, 0, 255))
    array([ 11,  13,  13,  11,   9,   9,  11,  12, 255], dtype=uint8)
    """
    return quantize_steps.formula(x, qparams).saturated


@takes(x=REAL, qparams=GRID, blocks="x")
def quantize_steps(x, qparams):
    """The steps of `quantize`, one field an operation.

    >>> quantize_steps([1.5, 9.0], QParams(scale=2, zero_point=1, qmin=0, qmax=3)).shifted
    array([2., 5.])
    """
    divided = saturate(x / qparams.scale)  # x/scale, not x·(1/scale)
    rounded = half_even.formula(divided)
    shifted = rounded + qparams.zero_point  # in float64 or whole numbers
    saturated = np.clip(shifted, qparams.qmin, qparams.qmax)  # while still real: a cast would wrap
    return QuantizeSteps(divided, rounded, shifted, codes(saturated, qparams.qmin, qparams.qmax))


@takes(q=INTEGERS, qparams=GRID_OF_CODES, blocks="q", fast=elementwise.affine_dequantize)
def dequantize(q, qparams):
    """x̂ = (q − zero_point)·scale; corrects §3.1.2. q must be integers within qmin..qmax.

    float64; float32 if scale is np.float32; exact Fractions if scale is a Fraction.

    >>> dequantize(np.array([0, 3, 7], dtype=np.uint8), QParams(0.5, 3, 0, 7))
    array([-1.5,  0. ,  2. ])
    """
    steps = np.asarray(q - qparams.zero_point).astype(qparams.scale.dtype)  # exact until here
    return saturate(np.asarray(steps * qparams.scale).astype(qparams.dtype))


@takes(x=REAL, qparams=GRID, blocks="x", fast=elementwise.affine_fake_quantize)
def fake_quantize(x, qparams):
    """x̂ of the code of x, in x's own dtype: dequantize(quantize(x)); what quantization does to x.

    >>> fake_quantize([0.3, 9.0], QParams(0.25, 0, -8, 7))
    array([0.25, 1.75])
    """
    q = quantize.formula(x, qparams)
    return dequantize.formula(q, qparams)
