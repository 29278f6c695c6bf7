"""Slips that were printed once and are no other room's: what the museum (`museum`) needs to
recompute. Collected in `slips`."""

from dataclasses import replace

import numpy as np

from refnn.checking.catalogue.slip import slip
from refnn.checking.catalogue.slips_affine import _at
from refnn.quantization import affine, calibration, rounding

# The right one, by another name: a test that plants a slip replaces the module's own.
_original_choose = calibration.choose_qparams


def _with_zero_point(p, real):
    """The grid with another zero point, one for all of x only."""
    zero_point = np.clip(rounding.half_even(np.asarray(real)), p.qmin, p.qmax)
    return replace(p, zero_point=int(zero_point)) if p.axis is None and p.zero_point != 0 else p


@slip(
    "quantization.calibration.choose_qparams",
    "Which end of the data gets the last code?",
    "data in [−1, 2], int8: zero point 42 for −43",
)
def zero_point_from_the_other_end(x, *arguments, **options):
    p = _original_choose(x, *arguments, **options)
    return _with_zero_point(p, p.qmax + np.minimum(np.min(x), 0) / p.scale)


@slip(
    "quantization.calibration.choose_qparams",
    "min is real units. Do you multiply or divide to get codes?",
    "a draft specification, stablehlo PR #1161",
)
def zero_point_times_scale(x, *arguments, **options):
    p = _original_choose(x, *arguments, **options)
    return _with_zero_point(p, p.qmin - np.minimum(np.min(x), 0) * p.scale)


@slip(
    "quantization.affine.quantize",
    "In which unit is the zero point: real or codes?",
    "q = round((x − zp)/scale) beside x = (q − zp)·scale",
)
def zero_point_before_dividing(x, p):
    steps = (np.asarray(x) - _at(x, p.zero_point, p)) / _at(x, p.scale, p)
    return np.asarray(np.clip(rounding.half_even(steps), p.qmin, p.qmax)).astype(np.int64)


@slip(
    "quantization.affine.quantize",
    "Does x/scale fit a byte before the zero point is added?",
    "a notebook that casts to int8, then adds and clamps: 6.0 of 1..6 comes back as 0.98",
)
def byte_before_adding(x, p):
    steps = np.asarray(np.clip(affine.quantize_steps(x, p).rounded, -(2**62), 2**62)).astype(
        np.int64
    )
    return np.clip((steps + 128) % 256 - 128 + _at(x, p.zero_point, p), p.qmin, p.qmax)
