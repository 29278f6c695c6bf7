"""Slips of the affine map and of rounding. Collected in `slips`."""

from fractions import Fraction

import numpy as np

from refnn import arrays
from refnn.checking.catalogue.slip import slip
from refnn.quantization import affine, calibration, rounding
from refnn.quantization.affine import QParams

# The right ones, by another name: a test that plants a slip replaces the module's own.
_original_choose = calibration.choose_qparams


def _codes(shifted, p):
    return np.asarray(np.clip(shifted, p.qmin, p.qmax)).astype(np.int64)


def _at(x, a, p):
    """A scale or zero point as a number, or so that it lies along the axis, or the blocks, that it
    is for."""
    return arrays.aligned("slip", "scale", np.asarray(a), np.shape(x), p.axis, p.block)[()]


def _reals(a, like=0.0):
    """As floats, but Fractions, also those beside it, stay exact."""
    exact = np.asarray(a).dtype == object or np.asarray(like).dtype == object
    return np.asarray(a).astype(object if exact else float)


@slip("quantization.affine.quantize", "Which code is nearest to 0.9 steps?")
def floor_for_round(x, p):
    return _codes(np.floor(affine.quantize_steps(x, p).divided) + _at(x, p.zero_point, p), p)


@slip("quantization.affine.quantize", "What does a cast do to −0.9?")
def truncate_for_round(x, p):
    return _codes(np.trunc(affine.quantize_steps(x, p).divided) + _at(x, p.zero_point, p), p)


@slip(
    "quantization.affine.quantize",
    "Look at the values that lie exactly between two codes.",
    "sonos/tract #2850",
)
def half_away_for_half_even(x, p):
    return _codes(
        rounding.half_away(affine.quantize_steps(x, p).divided) + _at(x, p.zero_point, p), p
    )


@slip(
    "quantization.affine.quantize",
    "Look at every value that lies exactly between two codes, on both sides of 0.",
)
def half_up_for_half_even(x, p):
    return _codes(
        rounding.half_up(affine.quantize_steps(x, p).divided) + _at(x, p.zero_point, p), p
    )


@slip(
    "quantization.affine.quantize",
    "What comes first, rounding or the zero point? Try an odd one.",
    "sonos/tract #2672",
)
def round_after_adding(x, p):
    return _codes(
        rounding.half_even(affine.quantize_steps(x, p).divided + _at(x, p.zero_point, p)), p
    )


@slip(
    "quantization.affine.quantize",
    "What should happen to a value beyond the last code?",
    "onnx #7835",
)
def mod_for_clip(x, p):
    return p.qmin + (affine.quantize_steps(x, p).shifted - p.qmin) % (p.qmax - p.qmin + 1)


@slip(
    "quantization.affine.quantize",
    "A very large value must get the largest code. What does your cast make of it?",
    "ONNX reference QuantizeLinear (2026-08)",
)
def cast_before_clip(x, p):
    shifted = np.asarray(affine.quantize_steps(x, p).shifted, dtype=object)
    as_int32 = [
        int(v) if -(2**31) <= v < 2**31 else -(2**31) for v in shifted.flat
    ]  # what x86 makes of the others
    return _codes(np.array(as_int32, dtype=object).reshape(shifted.shape), p)


@slip(
    "quantization.affine.quantize",
    "zero_point is the code of 0.0. Which code does 0.0 get?",
    "Distiller's convention, where it is no slip",
)
def minus_zero_point(x, p):
    return _codes(affine.quantize_steps(x, p).rounded - _at(x, p.zero_point, p), p)


@slip("quantization.affine.quantize", "scale is real units per code. Which way do you convert?")
def multiply_by_scale(x, p):
    return _codes(
        rounding.half_even(_reals(x, _at(x, p.scale, p)) * _at(x, p.scale, p))
        + _at(x, p.zero_point, p),
        p,
    )


@slip(
    "quantization.affine.dequantize",
    "Encoding adds the zero point. What must decoding do?",
    "the article, §3.1.2",
)
def plus_zero_point(q, p):
    return (_reals(q, _at(q, p.scale, p)) + _at(q, p.zero_point, p)) * _at(q, p.scale, p)


@slip(
    "quantization.affine.dequantize",
    "scale is real units per code. Which way do you convert?",
    "a Chinese course's notebook",
)
def divide_by_scale(q, p):
    return (_reals(q, _at(q, p.scale, p)) - _at(q, p.zero_point, p)) / _at(q, p.scale, p)


@slip(
    "quantization.affine.dequantize",
    "Which real number belongs to the code zero_point?",
    "a NumPy course",
)
def zero_point_dropped(q, p):
    return _reals(q, _at(q, p.scale, p)) * _at(q, p.scale, p)


@slip(
    "quantization.affine.dequantize",
    "Must a decoded value be a whole number?",
    "a published q/S with a second rounding",
)
def second_rounding(q, p):
    return rounding.half_even(
        (_reals(q, _at(q, p.scale, p)) - _at(q, p.zero_point, p)) * _at(q, p.scale, p)
    )


@slip("quantization.affine.dequantize", "What is 3 − 5 in an unsigned byte?")
def unsigned_subtraction(q, p):
    dtype = np.asarray(q).dtype
    scale, zero_point = _at(q, p.scale, p), np.asarray(_at(q, p.zero_point, p)).astype(dtype)
    return _reals(np.asarray(q) - zero_point, scale) * scale


@slip(
    "quantization.rounding.half_up",
    "What is the largest number below a half, plus a half, in floating point?",
)
def add_half_and_floor(x):
    return np.floor(np.asarray(x, float) + 0.5)


@slip(
    "quantization.calibration.choose_qparams",
    "A thousandth of what: of the values, or of the range?",
)
def percentile_of_the_range(x, *arguments, calibration="minmax", **options):
    if calibration == "percentile":
        x = np.asarray(x) * (1 - 1 / 1000)
    return _original_choose(x, *arguments, **options)


@slip(
    "quantization.calibration.choose_qparams", "Is the range that you found the one that you use?"
)
def calibration_ignored(x, *arguments, calibration="minmax", **options):
    return _original_choose(x, *arguments, **options)


@slip(
    "quantization.conventions.to_affine", "What does ⌊ ⌋ have to be given to round to the nearest?"
)
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
