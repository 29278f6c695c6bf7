"""Slips of §3.1 as written, the affine map, ranges, conventions and rounding. Collected in `slips`."""

from fractions import Fraction

import numpy as np

from refnn import arrays
from refnn.checking.slip import slip
from refnn.quantization import affine, as_written, calibration, rounding
from refnn.quantization.affine import QParams

# The right ones, by another name: a test that plants a slip replaces the module's own.
_original_min_max, _original_choose = as_written.min_max, calibration.choose_qparams


def _codes(shifted, p):
    return np.asarray(np.clip(shifted, p.qmin, p.qmax)).astype(np.int64)


def _at(x, a, p):
    """A scale or zero point as a number, or so that it lies along the axis, or the blocks, that it is for."""
    return arrays.aligned("slip", "scale", np.asarray(a), np.shape(x), p.axis, p.block)[()]


def _reals(a, like=0.0):
    """As floats, but Fractions, also those beside it, stay exact."""
    exact = np.asarray(a).dtype == object or np.asarray(like).dtype == object
    return np.asarray(a).astype(object if exact else float)


# --- §3.1 as written -------------------------------------------------------------------------------------------------

@slip("quantization.as_written.quantize", "Which whole number does ⌊ ⌋ take when the fraction is above a half?")
def round_for_floor(x, W, B, P):
    return rounding.half_even(as_written.quantize_steps(x, W, B, P).shifted) % P


@slip("quantization.as_written.quantize", "In which direction does the encoder shift?")
def minus_B_encoding(x, W, B, P):
    return as_written.quantize_steps(x, W, -np.asarray(B), P).wrapped


@slip("quantization.as_written.quantize", "What does mod do with a code of P or more?")
def clip_for_mod(x, W, B, P):
    return np.clip(as_written.quantize_steps(x, W, B, P).floored, 0, P - 1)


@slip("quantization.as_written.quantize", "What is −1 mod 8, and what does your language say?")
def remainder_of_C(x, W, B, P):
    return np.fmod(np.asarray(as_written.quantize_steps(x, W, B, P).floored, dtype=float), P)


@slip("quantization.as_written.quantize", "How many codes are there, and which is the largest?")
def mod_P_minus_1(x, W, B, P):
    return as_written.quantize_steps(x, W, B, P).floored % (P - 1)


@slip("quantization.as_written.dequantize", "Does the printed decoder add or subtract the offset?")
def minus_B_decoding(q, W, B):
    return as_written.dequantize_steps(q, W, -np.asarray(B)).decoded


@slip("quantization.as_written.dequantize", "W is codes per real unit. Which way do you convert?")
def times_W(q, W, B):
    return as_written.dequantize_steps(q, 1, B).decoded * W


@slip("quantization.as_written.dequantize", "Is the offset divided by W too?")
def B_outside_fraction(q, W, B):
    return as_written.dequantize_steps(q, W, 0).decoded + B


@slip("quantization.as_written.min_max", "P levels have how many steps between them?")
def P_for_P_minus_1(x, P, axis=None):
    return _original_min_max(x, P + 1, axis)


@slip("quantization.as_written.min_max", "Which code should the smallest value get?")
def B_is_plus_min_W(x, P, axis=None):
    W, B = _original_min_max(x, P, axis)
    return W, -B


@slip("quantization.as_written.min_max", "In which unit is the offset: real or codes?")
def B_in_real_units(x, P, axis=None):
    W, B = _original_min_max(x, P, axis)
    return W, B / W


# --- the affine map --------------------------------------------------------------------------------------------------

@slip("quantization.affine.quantize", "Which code is nearest to 0.9 steps?")
def floor_for_round(x, p):
    return _codes(np.floor(affine.quantize_steps(x, p).divided) + _at(x, p.zero_point, p), p)


@slip("quantization.affine.quantize", "What does a cast do to −0.9?")
def truncate_for_round(x, p):
    return _codes(np.trunc(affine.quantize_steps(x, p).divided) + _at(x, p.zero_point, p), p)


@slip("quantization.affine.quantize", "Look at the values that lie exactly between two codes.", "sonos/tract #2850")
def half_away_for_half_even(x, p):
    return _codes(rounding.half_away(affine.quantize_steps(x, p).divided) + _at(x, p.zero_point, p), p)


@slip("quantization.affine.quantize", "Look at every value that lies exactly between two codes, on both sides of 0.")
def half_up_for_half_even(x, p):
    return _codes(rounding.half_up(affine.quantize_steps(x, p).divided) + _at(x, p.zero_point, p), p)


@slip("quantization.affine.quantize", "What comes first, rounding or the zero point? Try an odd one.",
      "sonos/tract #2672")
def round_after_adding(x, p):
    return _codes(rounding.half_even(affine.quantize_steps(x, p).divided + _at(x, p.zero_point, p)), p)


@slip("quantization.affine.quantize", "What should happen to a value beyond the last code?", "onnx #7835")
def mod_for_clip(x, p):
    return p.qmin + (affine.quantize_steps(x, p).shifted - p.qmin) % (p.qmax - p.qmin + 1)


@slip("quantization.affine.quantize", "A very large value must get the largest code. What does your cast make of it?",
      "ONNX reference QuantizeLinear (2026-08)")
def cast_before_clip(x, p):
    shifted = np.asarray(affine.quantize_steps(x, p).shifted, dtype=object)
    as_int32 = [int(v) if -2**31 <= v < 2**31 else -2**31 for v in shifted.flat]      # what x86 makes of the others
    return _codes(np.array(as_int32, dtype=object).reshape(shifted.shape), p)


@slip("quantization.affine.quantize", "zero_point is the code of 0.0. Which code does 0.0 get?",
      "Distiller's convention, where it is no slip")
def minus_zero_point(x, p):
    return _codes(affine.quantize_steps(x, p).rounded - _at(x, p.zero_point, p), p)


@slip("quantization.affine.quantize", "scale is real units per code. Which way do you convert?")
def multiply_by_scale(x, p):
    return _codes(rounding.half_even(_reals(x, _at(x, p.scale, p)) * _at(x, p.scale, p)) + _at(x, p.zero_point, p), p)


@slip("quantization.affine.dequantize", "Encoding adds the zero point. What must decoding do?", "the article, §3.1.2")
def plus_zero_point(q, p):
    return (_reals(q, _at(q, p.scale, p)) + _at(q, p.zero_point, p)) * _at(q, p.scale, p)


@slip("quantization.affine.dequantize", "scale is real units per code. Which way do you convert?",
      "a Chinese course's notebook")
def divide_by_scale(q, p):
    return (_reals(q, _at(q, p.scale, p)) - _at(q, p.zero_point, p)) / _at(q, p.scale, p)


@slip("quantization.affine.dequantize", "Which real number belongs to the code zero_point?", "a NumPy course")
def zero_point_dropped(q, p):
    return _reals(q, _at(q, p.scale, p)) * _at(q, p.scale, p)


@slip("quantization.affine.dequantize", "Must a decoded value be a whole number?",
      "a published q/S with a second rounding")
def second_rounding(q, p):
    return rounding.half_even((_reals(q, _at(q, p.scale, p)) - _at(q, p.zero_point, p)) * _at(q, p.scale, p))


@slip("quantization.affine.dequantize", "What is 3 − 5 in an unsigned byte?")
def unsigned_subtraction(q, p):
    dtype = np.asarray(q).dtype
    scale, zero_point = _at(q, p.scale, p), np.asarray(_at(q, p.zero_point, p)).astype(dtype)
    return _reals(np.asarray(q) - zero_point, scale) * scale


# --- where the range comes from --------------------------------------------------------------------------------------

def _qparams(x, bits=8, signed=True, symmetric=False, axis=None, calibration_="minmax", *, low=None, levels=0):
    """choose_qparams in its plain asymmetric form, with one thing changed."""
    x = _reals(x)
    qmin, qmax = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    bottom, top = (min(x.min(), 0), max(x.max(), 0)) if low is None else low(x)
    scale = (top - bottom) / (qmax - qmin + levels)
    return QParams(scale, int(np.clip(rounding.half_even(qmin - bottom / scale), qmin, qmax)), qmin, qmax)


@slip("quantization.calibration.choose_qparams", "Can 0.0 be represented exactly?",
      "data 1..6 decoded to 5.0 in a course")
def zero_not_in_range(x, bits=8, signed=True, symmetric=False, axis=None, calibration="minmax"):
    return _qparams(x, bits, signed, low=lambda x: (x.min(), x.max()))


@slip("quantization.calibration.choose_qparams", "How many steps lie between the first code and the last?")
def levels_for_steps(x, bits=8, signed=True, symmetric=False, axis=None, calibration="minmax"):
    return _qparams(x, bits, signed, levels=1)


@slip("quantization.calibration.choose_qparams", "Which code gets the largest |x|?", "symmetric scale max|x|/2^(N−1)")
def symmetric_by_one_level_more(x, bits=8, signed=True, symmetric=False, axis=None, calibration="minmax"):
    p = _original_choose(x, bits, signed, symmetric, axis)
    return QParams(p.scale * p.qmax / (p.qmax + 1), p.zero_point, p.qmin, p.qmax, p.axis) if symmetric else p


@slip("quantization.calibration.choose_qparams", "Is the largest |x| always the largest x?")
def symmetric_without_abs(x, bits=8, signed=True, symmetric=False, axis=None, calibration="minmax"):
    p = _original_choose(x, bits, signed, symmetric, axis)
    return QParams(max(np.max(x), 1e-9) / p.qmax, 0, p.qmin, p.qmax) if symmetric and axis is None else p


@slip("quantization.calibration.choose_qparams", "Quantize 0.0 with your zero point: which code comes out?")
def zero_point_sign(x, bits=8, signed=True, symmetric=False, axis=None, calibration="minmax"):
    p = _original_choose(x, bits, signed, symmetric, axis)
    return QParams(p.scale, np.clip(-p.zero_point, p.qmin, p.qmax), p.qmin, p.qmax, p.axis)


@slip("quantization.calibration.choose_qparams", "Do the zero point and the codes have the same sign convention?",
      "a NumPy course: zero point 88 for −39")
def unsigned_zero_point(x, bits=8, signed=True, symmetric=False, axis=None, calibration="minmax"):
    p = _original_choose(x, bits, signed, symmetric, axis)
    return QParams(p.scale, np.clip(p.zero_point - p.qmin, p.qmin, p.qmax), p.qmin, p.qmax, p.axis)


@slip("quantization.calibration.choose_qparams", "Is the zero point the nearest whole number, or the one below?")
def zero_point_truncated(x, bits=8, signed=True, symmetric=False, axis=None, calibration="minmax"):
    p = _original_choose(x, bits, signed, symmetric, axis)
    zero_point = p.zero_point if symmetric or axis is not None else int(np.floor(p.qmin - min(np.min(x), 0) / p.scale))
    return QParams(p.scale, np.clip(zero_point, p.qmin, p.qmax), p.qmin, p.qmax, p.axis)


@slip("quantization.calibration.choose_qparams", "How many scales does a matrix need that is quantized row by row?")
def per_tensor_for_per_channel(x, bits=8, signed=True, symmetric=False, axis=None, calibration="minmax"):
    return _original_choose(x, bits, signed, symmetric, None)


@slip("quantization.calibration.choose_qparams", "Along which axis does a scale belong to one output?")
def wrong_axis(x, bits=8, signed=True, symmetric=False, axis=None, calibration="minmax"):
    return _original_choose(x, bits, signed, symmetric, None if axis is None else -1 - axis)


# --- rounding --------------------------------------------------------------------------------------------------------

@slip("quantization.rounding.half_up", "What is the largest number below a half, plus a half, in floating point?")
def add_half_and_floor(x):
    return np.floor(np.asarray(x, float) + 0.5)


@slip("quantization.calibration.choose_qparams", "A thousandth of what: of the values, or of the range?")
def percentile_of_the_range(x, *arguments, calibration="minmax", **options):
    if calibration == "percentile":
        x = np.asarray(x) * (1 - 1 / 1000)
    return _original_choose(x, *arguments, **options)


@slip("quantization.calibration.choose_qparams", "Is the range that you found the one that you use?")
def calibration_ignored(x, *arguments, calibration="minmax", **options):
    return _original_choose(x, *arguments, **options)


@slip("quantization.conventions.to_affine", "What does ⌊ ⌋ have to be given to round to the nearest?")
def half_forgotten(W, B, P):
    return QParams(1 / W, round(B), 0, P - 1)


@slip("quantization.conventions.to_affine", "Which of the two, W or the scale, is codes per unit?")
def scale_is_W(W, B, P):
    return QParams(W, int(B - Fraction(1, 2)), 0, P - 1)


@slip("quantization.conventions.to_article", "Is the first code of the grid 0?")
def qmin_forgotten(p):
    return 1 / p.scale, p.zero_point + Fraction(1, 2), p.qmax - p.qmin + 1


@slip("quantization.rounding.half_away", "Which way does −2.5 go?")
def half_up_for_half_away(x):
    return rounding._up(np.asarray(x, float))


@slip("quantization.rounding.half_even", "Which of its two neighbours does 2.5 go to?")
def half_up_for_even(x):
    return rounding._up(np.asarray(x, float))


@slip("quantization.rounding.stochastic", "How probable must the upper neighbour be?")
def coin_toss(x, rng):
    return np.floor(x) + (rng.random(np.shape(x)) < 0.5)
