"""§3.1 of the article, literally: Q(x) = ⌊x·W + B⌋ mod P, x̂ = (Q(x) + B)/W, θ_q = x̂.

These functions are wrong in the documented way and tests hold them to it; `affine` is what the
field does.

    x  a real parameter    W  scaling factor 缩放因子, codes per real unit    B  offset 偏移量, in codes
    P  quantization levels 量化级别, a count    Q  the code, 0 … P − 1    x̂  the decoded parameter
"""

from fractions import Fraction  # noqa: F401  (the examples use it)
from typing import NamedTuple

import numpy as np

from refnn import arrays, network
from refnn.network import Params


class QuantizeSteps(NamedTuple):
    """The four operations of §3.1.1, in order: x·W, x·W + B, ⌊x·W + B⌋, ⌊x·W + B⌋ mod P.
    >>> QuantizeSteps._fields
    ('scaled', 'shifted', 'floored', 'wrapped')"""

    scaled: np.ndarray
    shifted: np.ndarray
    floored: np.ndarray
    wrapped: np.ndarray


class DequantizeSteps(NamedTuple):
    """The two operations of §3.1.2, in order: Q + B, (Q + B)/W.
    >>> DequantizeSteps._fields
    ('shifted', 'decoded')"""

    shifted: np.ndarray
    decoded: np.ndarray


def quantize(x, W, B, P):
    """Q(x) = ⌊x·W + B⌋ mod P   (§3.1.1 参数量化, as written): codes in the narrowest unsigned dtype.

    W and B broadcast against x. Wrong: floor is biased by half a step, and mod wraps where the
    field saturates.

    >>> quantize([Fraction(-3, 10), Fraction(1, 20), Fraction(3, 20), 1], W=10, B=3, P=8)
    array([0, 3, 4, 5], dtype=uint8)
    """
    return quantize_steps(x, W, B, P).wrapped


def quantize_steps(x, W, B, P):
    """The steps of `quantize`; a product beyond the largest float stays there.

    >>> quantize_steps([0.5, -0.25], W=10, B=1, P=8).floored
    array([ 6., -2.])
    """
    P = arrays.whole("quantize_steps", "P", P, 1, 2**53)
    x, W, B = arrays.together("quantize_steps", {"x": x, "W": W, "B": B})
    arrays.broadcast("quantize_steps", x=x, W=W, B=B)
    x, W, B = arrays.holding(0, P, x, W, B)
    with np.errstate(over="ignore", under="ignore"):
        scaled = arrays.saturate(np.asarray(x * W))  # x·W
        shifted = arrays.saturate(np.asarray(scaled + B))  # x·W + B
        floored = np.asarray(np.floor(shifted))  # ⌊x·W + B⌋
        wrapped = np.asarray(floored % P)  # ⌊x·W + B⌋ mod P
    return QuantizeSteps(
        scaled[()], shifted[()], floored[()], wrapped.astype(arrays.code_dtype(0, P - 1))[()]
    )


def dequantize(q, W, B):
    """x̂ = (Q(x) + B) / W   (§3.1.2 权重调整, as written).

    Wrong: encoding adds B, so decoding must subtract it; every weight comes back shifted by 2B/W.

    >>> dequantize(np.array([0, 3, 4, 5], dtype=np.uint8), W=10, B=3)
    array([0.3, 0.6, 0.7, 0.8])
    """
    return dequantize_steps(q, W, B).decoded


def dequantize_steps(q, W, B):
    """The steps of `dequantize`.

    >>> dequantize_steps(np.array([0, 5]), W=10, B=3).shifted
    array([3., 8.])
    """
    q = arrays.integers("dequantize_steps", "q", q)
    W, B = arrays.together("dequantize_steps", {"W": W, "B": B})
    arrays.broadcast("dequantize_steps", q=q, W=W, B=B)
    if (W == 0).any():
        arrays.refuse("dequantize_steps", "W", "different from 0", "0")
    q = q.astype(object if W.dtype == arrays.EXACT else np.float64)  # uint8 + B would wrap
    with np.errstate(over="ignore", under="ignore"):
        shifted = np.asarray(q + B)  # Q + B
        decoded = arrays.saturate(np.asarray(shifted / W))  # (Q + B)/W
    return DequantizeSteps(shifted[()], decoded[()])


def update(params, W, B, P):
    """θ_q = x̂ = (Q(θ) + B)/W   (§3.1.3 模型更新, as written), for every parameter; W and B broadcast against flatten().

    Wrong: θ_q is floats again, as large as before; nothing is smaller until the codes are what is
    stored.

    >>> update(Params([[0.5]], [0.25], [[1.0]], [0.0]), W=4, B=1, P=8).flatten()
    array([1.  , 0.75, 1.5 , 0.5 ])
    """
    params, _, _ = network.checked("update", params, activation="identity", complex_=False)
    theta, W, B = arrays.together("update", {"params": params.flatten(), "W": W, "B": B})
    q = quantize(theta, W, B, P)
    if q.shape != theta.shape:
        arrays.refuse(
            "update",
            "W",
            f"of a shape that broadcasts to {theta.shape}",
            f"codes of shape {q.shape}",
        )
    return Params.unflatten(np.asarray(dequantize(q, W, B)).astype(theta.dtype), params.sizes)


def min_max(x, P, axis=None):
    """W = (P − 1)/(max x − min x), B = −min x · W; not in the article, which says that it computes
    W and B (§4.1.1).

    One pair for all of x, or with `axis` one for each slice along it (keeping that axis, so that
    they broadcast). A tensor of one value has no such W: ValueError. In floats the maximum may be
    encoded as P − 2; Fractions are exact.

    >>> min_max([Fraction(1, 10), Fraction(1, 2)], P=8)
    (Fraction(35, 2), Fraction(-7, 4))
    """
    P = arrays.whole("min_max", "P", P, 1, 2**53)
    x = arrays.numbers("min_max", "x", x)
    if axis is not None:
        axis = arrays.whole("min_max", "axis", axis, -x.ndim, x.ndim - 1) % x.ndim
    others = None if axis is None else tuple(i for i in range(x.ndim) if i != axis)
    if x.size == 0:
        arrays.refuse("min_max", "x", "at least one number", "an empty array")
    with np.errstate(all="ignore"):
        low, high = (f(x, axis=others, keepdims=axis is not None) for f in (np.min, np.max))
        spread = np.asarray(high - low)
        if (spread == 0).any():
            arrays.refuse(
                "min_max",
                "x",
                "of two values at least (max − min divides)",
                f"only {np.ravel(low)[0]}",
            )
        W = (P - 1) / spread
        B = 0 - low * W  # 0 − …: no −0.0
    if x.dtype != arrays.EXACT and not (
        np.isfinite(spread).all() and np.isfinite(W).all() and np.isfinite(B).all()
    ):
        arrays.refuse("min_max", "x", "of a range whose W and B are finite", arrays.describe(x))
    return np.asarray(W)[()], np.asarray(B)[()]
