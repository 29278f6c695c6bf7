"""This module computes formulas of `affine` and `as_written` fast on one block of a large array.

The functions work in place, need fewer passes over memory, and check the numbers in the same pass.
Each takes the checked arguments of its formula and writes the formula's result to `out`. It returns
True, or False if a number is not finite or is too large to be exact here. Tests check that function
and formula give the same result to the last bit.
"""

import numpy as np

from refnn import arrays


def affine_quantize(x, qparams, out):
    """Write clip(round(x/scale) + zero_point, qmin, qmax).

    >>> from refnn.quantization.affine import Aligned
    >>> out, grid = np.zeros(3, np.uint8), Aligned(np.array(1.0), np.array(1.0), 0, 7, float)
    >>> affine_quantize(np.array([0.5, 1.5, 99.0]), grid, out), out
    (True, array([1, 3, 7], dtype=uint8))
    """
    q = np.empty(x.shape, x.dtype)
    if not _codes(x, qparams, q):
        return False
    out[...] = q
    return True


def affine_fake_quantize(x, qparams, out):
    """Write (q − zero_point)·scale for the codes q of x.

    >>> from refnn.quantization.affine import Aligned
    >>> out, grid = np.zeros(2), Aligned(np.array(0.25), np.array(0.0), -8, 7, float)
    >>> affine_fake_quantize(np.array([0.3, 9.0]), grid, out), out
    (True, array([0.25, 1.75]))
    """
    return out.dtype == x.dtype and _codes(x, qparams, out) and _decode(out, qparams)


def affine_dequantize(q, qparams, out):
    """Write (q − zero_point)·scale and refuse codes outside qmin..qmax.

    >>> from refnn.quantization.affine import Aligned
    >>> out, grid = np.zeros(2), Aligned(np.array(0.5), np.array(3.0), 0, 7, float)
    >>> affine_dequantize(np.array([0, 7]), grid, out), out
    (True, array([-1.5,  2. ]))
    """
    arrays.inside("q", q, qparams.qmin, qparams.qmax)
    out[...] = q
    return out.dtype == qparams.scale.dtype and _decode(out, qparams)


def _codes(x, qparams, q):
    """Write clip(round(x/scale) + zero_point, qmin, qmax) into q and return True if all is finite.

    q has the dtype of x. This dtype holds all whole numbers in qmin..qmax exactly, so rounding of
    the sum can only change numbers that are clipped anyway.
    """
    np.divide(x, qparams.scale, out=q)
    np.rint(q, out=q)
    q += qparams.zero_point
    low, high = q.min(), q.max()
    if qparams.qmin <= low and high <= qparams.qmax:
        return True
    np.clip(q, qparams.qmin, qparams.qmax, out=q)
    return bool(np.isfinite(low) and np.isfinite(high))


def _decode(q, qparams):
    """Write (q − zero_point)·scale into q and return True if no code decodes to infinity."""
    q -= qparams.zero_point
    q *= qparams.scale
    return bool((qparams.qmax - qparams.qmin) * qparams.scale.max() < np.inf)


def as_written_quantize(x, W, B, P, out):
    """Write ⌊x·W + B⌋ mod P.

    a mod P = a − P·⌊a/P⌋ is exact if floats hold the whole numbers a and P·⌊a/P⌋ exactly. If P is a
    power of two, 2^n, then a mod P is the last n bits of a.

    >>> out = np.zeros(4, np.uint8)
    >>> as_written_quantize(np.array([-0.3, 0.05, 0.15, 1]), np.array(10.0), np.array(3.0), 8, out)
    True
    >>> out
    array([0, 3, 4, 5], dtype=uint8)
    """
    a = x * W
    a += B
    np.floor(a, out=a)
    held = 2 ** min(31, np.finfo(a.dtype).nmant)
    if not np.vdot(a, a) < float(held) ** 2:  # True also with NaN; otherwise all |a| < held
        return False
    if P & (P - 1) == 0:
        out[...] = a.astype(np.int32)  # the last bits
        out &= P - 1
    else:
        below = a / P
        np.floor(below, out=below)
        below *= P
        np.subtract(a, below, out=a)
        out[...] = a
    return True
