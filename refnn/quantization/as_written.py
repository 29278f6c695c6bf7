"""This module computes §3.1 of the article literally, with its mistakes.

    Q(x) = ⌊x·W + B⌋ mod P        x̂ = (Q(x) + B)/W        θ_q = x̂

Each docstring says what is wrong, and tests make sure that the mistakes stay. The module `affine`
holds the correct formulas.

    x  a real parameter                     Q  the code, 0 … P − 1
    W  scaling factor 缩放因子, codes per real unit
    B  offset 偏移量, in codes                x̂  the decoded parameter
    P  quantization levels 量化级别, a count
"""

from fractions import Fraction  # noqa: F401  (the examples use it)
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.arrays import Refused, describe
from refnn.fast import elementwise
from refnn.network import NETWORK, Params
from refnn.quantization.rounding import codes, saturate
from refnn.validation import CODES, REAL, Numeric, takes, whole

LEVELS = whole(1, 2**53)


def _not_zero(name, W, arguments):
    if (W == 0).any():
        raise Refused(name, "different from 0", "0")
    return W


DIVISOR = Numeric("real", _not_zero)


class QuantizeSteps(NamedTuple):
    """The four operations of §3.1.1 in order, each with the shape of x·W + B."""

    scaled: np.ndarray  # x·W
    shifted: np.ndarray  # x·W + B
    floored: np.ndarray  # ⌊x·W + B⌋
    wrapped: np.ndarray  # ⌊x·W + B⌋ mod P, the codes


class DequantizeSteps(NamedTuple):
    """The two operations of §3.1.2 in order, each with the shape of Q + B."""

    shifted: np.ndarray  # Q + B
    decoded: np.ndarray  # (Q + B)/W, real units


@takes(x=REAL, W=REAL, B=REAL, P=LEVELS, hold="P", blocks="x", fast=elementwise.as_written_quantize)
def quantize(x, W, B, P):
    """Q(x) = ⌊x·W + B⌋ mod P   (§3.1.1 参数量化, as written).

    W and B broadcast against x. The codes have the narrowest unsigned dtype that holds 0..P − 1.

    Two things are wrong. The floor makes codes half a step too small on average. And mod wraps
    codes outside 0..P − 1 around to the other end, but they should saturate (be clipped).

    >>> quantize([Fraction(-3, 10), Fraction(1, 20), Fraction(3, 20), 1], W=10, B=3, P=8)
    array([0, 3, 4, 5], dtype=uint8)
    """
    return quantize_steps.formula(x, W, B, P).wrapped


@takes(x=REAL, W=REAL, B=REAL, P=LEVELS, hold="P", blocks="x")
def quantize_steps(x, W, B, P):
    """Return the steps of `quantize`: x·W, x·W + B, ⌊x·W + B⌋ and ⌊x·W + B⌋ mod P.

    Overflow is clipped to the largest float.

    >>> quantize_steps([0.5, -0.25], W=10, B=1, P=8).floored
    array([ 6., -2.])
    """
    scaled = saturate(x * W)  # x·W
    shifted = saturate(scaled + B)  # x·W + B
    floored = np.floor(shifted)  # ⌊x·W + B⌋
    wrapped = floored % P  # ⌊x·W + B⌋ mod P
    return QuantizeSteps(scaled, shifted, floored, codes(wrapped, 0, P - 1))


@takes(q=CODES, W=DIVISOR, B=REAL, blocks="q")
def dequantize(q, W, B):
    """x̂ = (Q(x) + B) / W   (§3.1.2 权重调整, as written).

    The sign of B is wrong. Encoding adds B, so decoding must subtract it. As written, every decoded
    weight is shifted by 2B/W.

    >>> dequantize(np.array([0, 3, 4, 5], dtype=np.uint8), W=10, B=3)
    array([0.3, 0.6, 0.7, 0.8])
    """
    return dequantize_steps.formula(q, W, B).decoded


@takes(q=CODES, W=DIVISOR, B=REAL, blocks="q")
def dequantize_steps(q, W, B):
    """Return both steps of `dequantize`, Q + B and (Q + B)/W.

    >>> dequantize_steps(np.array([0, 5]), W=10, B=3).shifted
    array([3., 8.])
    """
    shifted = q + B  # Q + B
    decoded = saturate(shifted / W)  # (Q + B)/W
    return DequantizeSteps(shifted, decoded)


def _beside(name, a, arguments):
    """Check that W and B broadcast to the shape of params.flatten()."""
    theta = arguments["params"].flatten()
    given = {"x": theta, "W": arguments["W"], "B": arguments["B"]}
    arrays.broadcast(given)
    shape = np.broadcast_shapes(*[part.shape for part in given.values()])
    if shape != theta.shape:
        expected = f"of a shape that broadcasts to {theta.shape}"
        raise Refused(name, expected, f"codes of shape {shape}")
    return a


@takes(params=NETWORK, W=Numeric("network", _beside), B=Numeric("network"), P=LEVELS)
def update(params, W, B, P):
    """θ_q = x̂ = (Q(θ) + B)/W   (§3.1.3 模型更新, as written).

    Every parameter is encoded and decoded. W and B broadcast against params.flatten().

    What is wrong: θ_q consists of floats again and takes as much memory as θ. A model becomes
    smaller only if its codes are stored.

    >>> update(Params([[0.5]], [0.25], [[1.0]], [0.0]), W=4, B=1, P=8).flatten()
    array([1.  , 0.75, 1.5 , 0.5 ])
    """
    theta = params.flatten()
    decoded = dequantize(quantize(theta, W, B, P), W, B)
    return Params.unflatten(decoded.astype(theta.dtype), params.sizes)


def _axis(name, axis, arguments):
    n = arguments["x"].ndim
    return arrays.whole(name, axis, -n, n - 1) % n


def _ends(x, axis):
    """Return min and max of x, or of each slice along `axis`.

    For slices all axes are kept; those other than `axis` have length 1.
    """
    others = None if axis is None else tuple(i for i in range(x.ndim) if i != axis)
    return [end(x, axis=others, keepdims=axis is not None) for end in (np.min, np.max)]


def _of_a_range(name, x, arguments):
    """Check that x has at least two different values and that W and B do not overflow."""
    if x.size == 0:
        raise Refused(name, "at least one number", "an empty array")
    low, high = _ends(x, arguments["axis"])
    if np.any(low == high):
        expected = "of at least two different values (W = (P − 1)/(max − min))"
        raise Refused(name, expected, f"only {np.ravel(low)[0]}")
    found = high - low, *min_max.formula(x, arguments["P"], arguments["axis"])
    if x.dtype != arrays.EXACT and not np.isfinite(found).all():
        raise Refused(name, "of a range whose W and B are finite", describe(x))
    return x


@takes(P=LEVELS, axis=_axis, x=Numeric("real", _of_a_range))
def min_max(x, P, axis=None):
    """W = (P − 1)/(max x − min x), B = −min x · W.

    The article says that W and B must be computed (§4.1.1), but not how. This is the common rule.
    It gives one pair (W, B) for all of x, or with `axis` one pair for each slice along it. W and B
    then keep all axes of x, so that they broadcast against x.

    ValueError if all values of x or of a slice are equal, because max − min is then 0. In floats
    the maximum may be encoded as P − 2 instead of P − 1. Fractions are exact.

    >>> min_max([Fraction(1, 10), Fraction(1, 2)], P=8)
    (Fraction(35, 2), Fraction(-7, 4))
    """
    low, high = _ends(x, axis)
    W = (P - 1) / (high - low)
    B = 0 - low * W  # 0 − … avoids −0.0
    return W, B
