"""Slips of where the range comes from, and of translating between conventions. Collected in
`slips`."""

import numpy as np

from refnn.checking.catalogue.slip import slip
from refnn.quantization import calibration, rounding
from refnn.quantization.affine import QParams

# The right ones, by another name: a test that plants a slip replaces the module's own.
_original_choose = calibration.choose_qparams


def _reals(a, like=0.0):
    """As floats, but Fractions, also those beside it, stay exact."""
    exact = np.asarray(a).dtype == object or np.asarray(like).dtype == object
    return np.asarray(a).astype(object if exact else float)


def _qparams(
    x, bits=8, signed=True, symmetric=False, axis=None, calibration_="minmax", *, low=None, levels=0
):
    """choose_qparams in its plain asymmetric form, with one thing changed."""
    x = _reals(x)
    qmin, qmax = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    bottom, top = (min(x.min(), 0), max(x.max(), 0)) if low is None else low(x)
    scale = (top - bottom) / (qmax - qmin + levels)
    return QParams(
        scale, int(np.clip(rounding.half_even(qmin - bottom / scale), qmin, qmax)), qmin, qmax
    )


@slip(
    "quantization.calibration.choose_qparams",
    "Can 0.0 be represented exactly?",
    "data 1..6 decoded to 5.0 in a course",
)
def zero_not_in_range(x, bits=8, signed=True, symmetric=False, axis=None, calibration="minmax"):
    return _qparams(x, bits, signed, low=lambda x: (x.min(), x.max()))


@slip(
    "quantization.calibration.choose_qparams",
    "How many steps lie between the first code and the last?",
)
def levels_for_steps(x, bits=8, signed=True, symmetric=False, axis=None, calibration="minmax"):
    return _qparams(x, bits, signed, levels=1)


@slip(
    "quantization.calibration.choose_qparams",
    "Which code gets the largest |x|?",
    "symmetric scale max|x|/2^(N−1)",
)
def symmetric_by_one_level_more(
    x, bits=8, signed=True, symmetric=False, axis=None, calibration="minmax"
):
    p = _original_choose(x, bits, signed, symmetric, axis)
    return (
        QParams(p.scale * p.qmax / (p.qmax + 1), p.zero_point, p.qmin, p.qmax, p.axis)
        if symmetric
        else p
    )


@slip("quantization.calibration.choose_qparams", "Is the largest |x| always the largest x?")
def symmetric_without_abs(x, bits=8, signed=True, symmetric=False, axis=None, calibration="minmax"):
    p = _original_choose(x, bits, signed, symmetric, axis)
    return (
        QParams(max(np.max(x), 1e-9) / p.qmax, 0, p.qmin, p.qmax)
        if symmetric and axis is None
        else p
    )


@slip(
    "quantization.calibration.choose_qparams",
    "Quantize 0.0 with your zero point: which code comes out?",
)
def zero_point_sign(x, bits=8, signed=True, symmetric=False, axis=None, calibration="minmax"):
    p = _original_choose(x, bits, signed, symmetric, axis)
    return QParams(p.scale, np.clip(-p.zero_point, p.qmin, p.qmax), p.qmin, p.qmax, p.axis)


@slip(
    "quantization.calibration.choose_qparams",
    "Do the zero point and the codes have the same sign convention?",
    "a NumPy course: zero point 88 for −39",
)
def unsigned_zero_point(x, bits=8, signed=True, symmetric=False, axis=None, calibration="minmax"):
    p = _original_choose(x, bits, signed, symmetric, axis)
    return QParams(p.scale, np.clip(p.zero_point - p.qmin, p.qmin, p.qmax), p.qmin, p.qmax, p.axis)


@slip(
    "quantization.calibration.choose_qparams",
    "Is the zero point the nearest whole number, or the one below?",
)
def zero_point_truncated(x, bits=8, signed=True, symmetric=False, axis=None, calibration="minmax"):
    p = _original_choose(x, bits, signed, symmetric, axis)
    zero_point = (
        p.zero_point
        if symmetric or axis is not None
        else int(np.floor(p.qmin - min(np.min(x), 0) / p.scale))
    )
    return QParams(p.scale, np.clip(zero_point, p.qmin, p.qmax), p.qmin, p.qmax, p.axis)


@slip(
    "quantization.calibration.choose_qparams",
    "How many scales does a matrix need that is quantized row by row?",
)
def per_tensor_for_per_channel(
    x, bits=8, signed=True, symmetric=False, axis=None, calibration="minmax"
):
    return _original_choose(x, bits, signed, symmetric, None)


@slip(
    "quantization.calibration.choose_qparams", "Along which axis does a scale belong to one output?"
)
def wrong_axis(x, bits=8, signed=True, symmetric=False, axis=None, calibration="minmax"):
    return _original_choose(x, bits, signed, symmetric, None if axis is None else -1 - axis)
