"""This module holds the standard formulas of quantization, which correct §3.1 of the article.

It maps real numbers to integer codes and back by an affine map. Encoding rounds to the nearest code
and saturates: a value beyond the range gets the code at that end.

    q = clip(round(x/scale) + zero_point, qmin, qmax)        x̂ = (q − zero_point)·scale

    x  a real number    q  its code    scale  real units per code (the step Δ)
    zero_point  the code of 0.0    qmin, qmax  the smallest and the largest code

Sources: ONNX QuantizeLinear and DequantizeLinear; B. Jacob et al., "Quantization and training of
neural networks for efficient integer-arithmetic-only inference" (2018), equation 1. The operations
are in ONNX's order: divide, round half to even, add zero_point, saturate, cast.
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
    """The grid of real numbers that the codes qmin..qmax stand for.

    Without `axis` one scale and one zero point hold for all of x. With `axis` each slice along that
    axis has its own pair (per-channel quantization). With `block` too, every `block` consecutive
    entries along that axis have their own pair (ONNX's blocked quantization). Then scale and
    zero_point have x's shape, but with ceil(n/block) entries along `axis` instead of n.

    >>> QParams(scale=0.5, zero_point=3, qmin=0, qmax=7)
    QParams(scale=0.5, zero_point=3, qmin=0, qmax=7, axis=None, block=None)
    """

    scale: object  # real units per code: (), (x.shape[axis],) or one entry for each block
    zero_point: object  # the code of 0.0, of scale's shape
    qmin: int  # the smallest code
    qmax: int  # the largest code
    axis: int | None = None  # each slice along it has a scale; if negative, it counts from the end
    block: int | None = None  # how many consecutive entries along axis share a scale


class QuantizeSteps(NamedTuple):
    """The four steps of `quantize`, each with x's shape."""

    divided: np.ndarray  # x/scale
    rounded: np.ndarray  # x/scale, rounded to whole numbers
    shifted: np.ndarray  # plus zero_point, not yet clipped
    saturated: np.ndarray  # the codes, clipped to qmin..qmax


class Aligned(NamedTuple):
    """A checked grid whose scale and zero point broadcast against x."""

    scale: np.ndarray  # real units per code, in the dtype of the computation
    zero_point: np.ndarray  # the code of 0.0, in the same dtype
    qmin: int  # the smallest code
    qmax: int  # the largest code
    dtype: np.dtype  # the dtype of decoded values


# --- what the functions take ----------------------------------------------------------------------


def checked(p, name="qparams"):
    """Check a QParams before x is known, and return it with qmin and qmax as Python integers.

    The error names the field that is wrong.

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
            raise Refused("axis", "a whole number if block is given", "None")
    plain = type(p.qmin) is type(p.qmax) is int
    return p if plain else replace(p, qmin=qmin, qmax=qmax)  # NumPy's integers would wrap


def align(p, shape, dtype):
    """Return a checked QParams as an Aligned, for numbers of this shape and dtype.

    For float32 numbers the scale becomes float64 if qmin or qmax is beyond ±2^24, where float32
    skips whole numbers.

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
    """Return the grid of one scale and one zero point, which fits all shapes and is cached."""
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
    """Accept a QParams and align it with x.

    A float32 x becomes float64 if float32 cannot hold all codes.
    """
    x = arguments["x"]
    grid = _fitting(name, p, x.shape, x.dtype)
    [arguments["x"]] = arrays.holding(grid.qmin, grid.qmax, x)
    return grid


def GRID_OF_CODES(name, p, arguments):
    """Accept a QParams and align it with codes q, which must lie within qmin..qmax."""
    q, dtype = arguments["q"], arrays.DOUBLE  # the result's dtype for a plain scale
    if type(getattr(p, "scale", 1.0)) not in (int, float):
        dtype = arrays.numbers("scale", checked(p, name).scale).dtype
    grid = _fitting(name, p, q.shape, dtype)
    arrays.inside("q", q, grid.qmin, grid.qmax, f"qmin..qmax = {grid.qmin}..{grid.qmax}")
    return grid


# --- the formulas ---------------------------------------------------------------------------------


@takes(x=REAL, qparams=GRID, blocks="x", fast=elementwise.affine_quantize)
def quantize(x, qparams):
    """q = clip(round(x/scale) + zero_point, qmin, qmax)   (corrects §3.1.1 of the article).

    Halves are rounded to even. Values beyond the range saturate: they get the code qmin or qmax.
    Codes have the narrowest integer dtype that holds qmin..qmax.

    >>> quantize([1, 3, 5, -1, -3, -5, 0.9, 1.1, 1e300], QParams(2, 11, 0, 255))
    array([ 11,  13,  13,  11,   9,   9,  11,  12, 255], dtype=uint8)
    """
    return quantize_steps.formula(x, qparams).saturated


@takes(x=REAL, qparams=GRID, blocks="x")
def quantize_steps(x, qparams):
    """Return every step of `quantize`, one field for each operation.

    >>> quantize_steps([1.5, 9.0], QParams(scale=2, zero_point=1, qmin=0, qmax=3)).shifted
    array([2., 5.])
    """
    divided = saturate(x / qparams.scale)  # x/scale, not x·(1/scale)
    rounded = half_even.formula(divided)
    shifted = rounded + qparams.zero_point  # added after rounding, as in ONNX
    saturated = np.clip(shifted, qparams.qmin, qparams.qmax)  # before the cast, which would wrap
    return QuantizeSteps(divided, rounded, shifted, codes(saturated, qparams.qmin, qparams.qmax))


@takes(q=INTEGERS, qparams=GRID_OF_CODES, blocks="q", fast=elementwise.affine_dequantize)
def dequantize(q, qparams):
    """x̂ = (q − zero_point)·scale   (corrects §3.1.2 of the article).

    q must be integers within qmin..qmax. The result is float32 if scale is np.float32, exact if
    scale is a Fraction, and float64 otherwise.

    >>> dequantize(np.array([0, 3, 7], dtype=np.uint8), QParams(0.5, 3, 0, 7))
    array([-1.5,  0. ,  2. ])
    """
    steps = np.asarray(q - qparams.zero_point).astype(qparams.scale.dtype)  # exact until here
    return saturate(np.asarray(steps * qparams.scale).astype(qparams.dtype))


@takes(x=REAL, qparams=GRID, blocks="x", fast=elementwise.affine_fake_quantize)
def fake_quantize(x, qparams):
    """Return x̂ = dequantize(quantize(x)) in x's own dtype.

    The difference x̂ − x is the error that quantization makes.

    >>> fake_quantize([0.3, 9.0], QParams(0.25, 0, -8, 7))
    array([0.25, 1.75])
    """
    q = quantize.formula(x, qparams)
    return dequantize.formula(q, qparams)
