"""§3.1 of the article, literally: Q(x) = ⌊x·W + B⌋ mod P, x̂ = (Q(x) + B)/W, θ_q = x̂.

These functions are wrong in the documented way and tests hold them to it; `affine` is what the
field does.

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
    """The four operations of §3.1.1, in order; each of the shape of x·W + B."""

    scaled: np.ndarray  # x·W
    shifted: np.ndarray  # x·W + B
    floored: np.ndarray  # ⌊x·W + B⌋
    wrapped: np.ndarray  # ⌊x·W + B⌋ mod P, the codes


class DequantizeSteps(NamedTuple):
    """The two operations of §3.1.2, in order; each of the shape of Q + B."""

    shifted: np.ndarray  # Q + B
    decoded: np.ndarray  # (Q + B)/W, real units


@takes(x=REAL, W=REAL, B=REAL, P=LEVELS, hold="P", blocks="x", fast=elementwise.as_written_quantize)
def quantize(x, W, B, P):
    """Q(x) = ⌊x·W + B⌋ mod P   (§3.1.1 参数量化, as written).

    Codes have the narrowest unsigned dtype. W and B broadcast against x. Wrong: floor is biased by
    half a step, and mod wraps where the field saturates.

    >>> quantize([Fraction(-3, 10), Fraction(1, 20), Fraction(3, 20), 1], W=10, B=3, P=8)
    array([0, 3, 4, 5], dtype=uint8)
    """
    return quantize_steps.formula(x, W, B, P).wrapped


@takes(x=REAL, W=REAL, B=REAL, P=LEVELS, hold="P", blocks="x")
def quantize_steps(x, W, B, P):
    """The steps of `quantize`; a product beyond the largest float stays there.

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

    Wrong: encoding adds B, so decoding must subtract it; every weight comes back shifted by 2B/W.

    >>> dequantize(np.array([0, 3, 4, 5], dtype=np.uint8), W=10, B=3)
    array([0.3, 0.6, 0.7, 0.8])
    """
    return dequantize_steps.formula(q, W, B).decoded


@takes(q=CODES, W=DIVISOR, B=REAL, blocks="q")
def dequantize_steps(q, W, B):
    """The steps of `dequantize`.

    >>> dequantize_steps(np.array([0, 5]), W=10, B=3).shifted
    array([3., 8.])
    """
    shifted = q + B  # Q + B
    decoded = saturate(shifted / W)  # (Q + B)/W
    return DequantizeSteps(shifted, decoded)


def _beside(name, a, arguments):
    """W and B in one arithmetic with the parameters, of a shape that broadcasts to flatten()'s."""
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

    For every parameter; W and B broadcast against flatten(). Wrong: θ_q is floats again, as large
    as before; nothing is smaller until the codes are what is stored.

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
    """The smallest and the largest of x, or of each slice along an axis, which is kept."""
    others = None if axis is None else tuple(i for i in range(x.ndim) if i != axis)
    return [end(x, axis=others, keepdims=axis is not None) for end in (np.min, np.max)]


def _of_a_range(name, x, arguments):
    """Of two values at least, and neither W nor B beyond the floats."""
    if x.size == 0:
        raise Refused(name, "at least one number", "an empty array")
    low, high = _ends(x, arguments["axis"])
    if np.any(low == high):
        expected = "of two values at least (max − min divides)"
        raise Refused(name, expected, f"only {np.ravel(low)[0]}")
    found = high - low, *min_max.formula(x, arguments["P"], arguments["axis"])
    if x.dtype != arrays.EXACT and not np.isfinite(found).all():
        raise Refused(name, "of a range whose W and B are finite", describe(x))
    return x


@takes(P=LEVELS, axis=_axis, x=Numeric("real", _of_a_range))
def min_max(x, P, axis=None):
    """W = (P − 1)/(max x − min x), B = −min x · W.

    Not in the article, which says that it computes W and B (§4.1.1). One pair for all of x, or with
    `axis` one for each slice along it (keeping that axis, so that they broadcast). A tensor of one
    value has no such W: ValueError. In floats the maximum may be encoded as P − 2; Fractions are
    exact.

    >>> min_max([Fraction(1, 10), Fraction(1, 2)], P=8)
    (Fraction(35, 2), Fraction(-7, 4))
    """
    low, high = _ends(x, axis)
    W = (P - 1) / (high - low)
    B = 0 - low * W  # 0 − …: no −0.0
    return W, B
