"""Where the range comes from, and the scale and zero point that follow from it.

A zero point exists so that 0.0 has a code of its own: (q − zero_point)·scale is 0 at q = zero_point. So the range must
contain 0, and zero_point = round(qmin − min/scale) (gemmlowp, doc/quantization.md; ONNX DynamicQuantizeLinear).
This is §2.1's "adjust the range", and comes first: scale and zero point are needed to quantize.
"""

from fractions import Fraction

import numpy as np

from refnn import arrays
from refnn.quantization import rounding
from refnn.quantization.affine import EXACT_FLOAT32, QParams

CALIBRATIONS = ("minmax",)


def choose_qparams(x, bits=8, signed=True, symmetric=False, axis=None, calibration="minmax"):
    """The grid for x: per tensor, or with `axis` one for each slice along it.

    codes        signed −2^(b−1)..2^(b−1) − 1, unsigned 0..2^b − 1, symmetric −(2^(b−1) − 1)..2^(b−1) − 1
    asymmetric   scale = (max − min)/(qmax − qmin) with 0 in the range, zero_point = round(qmin − min/scale), saturated
    symmetric    scale = max|x|/(2^(b−1) − 1), zero_point = 0
    all zero     scale 1, zero_point qmin (asymmetric) or 0 (symmetric)

    ValueError if the scale would be subnormal or max − min overflows.

    >>> choose_qparams(np.float32([0, 2, -3, -2.5, 1.34, 0.5]), signed=False)
    QParams(scale=np.float32(0.019607844), zero_point=153, qmin=0, qmax=255, axis=None, block=None)
    """
    name = "choose_qparams"
    bits, signed = arrays.whole(name, "bits", bits, 2, 32), arrays.flag(name, "signed", signed)
    symmetric = arrays.flag(name, "symmetric", symmetric)
    arrays.choice(name, "calibration", calibration, CALIBRATIONS)
    if symmetric and not signed:
        arrays.refuse(name, "signed", "True where symmetric is (three unsigned conventions exist)", "False")
    x = arrays.numbers(name, "x", x)
    if x.size == 0:
        arrays.refuse(name, "x", "at least one number", "an empty array")
    axis = None if axis is None else arrays.whole(name, "axis", axis, -x.ndim, x.ndim - 1)
    qmin = 1 - 2 ** (bits - 1) if symmetric else -(2 ** (bits - 1)) if signed else 0
    qmax = 2 ** (bits - 1) - 1 if signed else 2**bits - 1
    if x.dtype == np.float32 and max(-qmin, qmax) > EXACT_FLOAT32:
        x = x.astype(np.float64)
    flat = x.reshape(1, -1) if axis is None else np.moveaxis(x, axis, 0).reshape(x.shape[axis], -1)
    low, high = np.minimum(flat.min(axis=1), 0), np.maximum(flat.max(axis=1), 0)     # 0 in the range
    with np.errstate(over="ignore", under="ignore"):
        scale = np.maximum(high, -low) / qmax if symmetric else (high - low) / (qmax - qmin)
    zero = (low == 0) & (high == 0)
    if x.dtype != arrays.EXACT and not ((scale >= np.finfo(x.dtype).tiny) & np.isfinite(scale) | zero).all():
        arrays.refuse(name, "x", "of a range whose scale is a finite normal number", arrays.describe(x))
    scale = np.where(zero, Fraction(1) if x.dtype == arrays.EXACT else x.dtype.type(1), scale)
    zero_point = np.zeros(len(scale), dtype=np.int64)
    if not symmetric:
        zero_point = np.clip(rounding.nearest_even(qmin - low / scale), qmin, qmax).astype(np.int64)
    if axis is None:
        return QParams(scale[0], int(zero_point[0]), qmin, qmax)
    return QParams(scale, zero_point, qmin, qmax, axis)
