"""Slips of arithmetic with integers only. Collected in `slips`."""

from dataclasses import replace

import numpy as np

from refnn.checking.catalogue.slip import slip
from refnn.quantization import integer, rounding

# The right ones, by another name: a test that plants a slip replaces the module's own.
_original_multiplier, _original_matmul = integer.fixed_point_multiplier, integer.matmul
_original_fold, _original_convert, _original_integer_forward = (
    integer.fold,
    integer.convert,
    integer.forward,
)


# --- integers only
# ---------------------------------------------------------------------------------------------------


@slip(
    "quantization.integer.fixed_point_multiplier",
    "What does a mantissa just below 1 become, rounded to 31 bits?",
)
def multiplier_not_renormalised(real):
    mantissa, exponent = np.frexp(np.asarray(real, float))
    multiplier, shift = (
        rounding.half_away(mantissa * 2.0**31).astype(np.int64),
        -exponent.astype(np.int64),
    )
    return (int(multiplier), int(shift)) if np.ndim(real) == 0 else (multiplier, shift)


@slip(
    "quantization.integer.fixed_point_multiplier",
    "Is a shift of 7 to the right or to the left?",
    "TFLite's convention, where it is no slip",
)
def left_shift_for_right(real):
    multiplier, shift = _original_multiplier(real)
    return multiplier, -shift


@slip(
    "quantization.integer.fixed_point_multiplier",
    "Which whole number is nearest to the mantissa times 2^31?",
)
def multiplier_truncated(real):
    mantissa, exponent = np.frexp(np.asarray(real, float))
    multiplier, shift = np.floor(mantissa * 2.0**31).astype(np.int64), -exponent.astype(np.int64)
    return (int(multiplier), int(shift)) if np.ndim(real) == 0 else (multiplier, shift)


def _requantize(shifted, zero_point, qmin, qmax):
    return np.clip(shifted + zero_point, qmin, qmax)


@slip(
    "quantization.integer.requantize", "What does an arithmetic shift do with what it shifts out?"
)
def shift_without_rounding(accumulator, multiplier, shift, zero_point, qmin, qmax):
    steps = integer.requantize_steps(
        accumulator, multiplier, np.minimum(shift, 0), zero_point, qmin, qmax
    )
    return _requantize(steps.multiplied >> np.maximum(shift, 0), zero_point, qmin, qmax)


@slip(
    "quantization.integer.requantize",
    "Look at negative numbers that the shift leaves exactly between two codes.",
)
def half_up_in_the_shift(accumulator, multiplier, shift, zero_point, qmin, qmax):
    multiplied = integer.requantize_steps(
        accumulator, multiplier, shift, zero_point, qmin, qmax
    ).multiplied
    right = np.minimum(np.maximum(shift, 0), 40)
    return _requantize((2 * multiplied + 2**right) >> (right + 1), zero_point, qmin, qmax)


@slip(
    "quantization.integer.requantize",
    "How many roundings has gemmlowp?",
    "TFLite's single rounding, where it is no slip (tensorflow #25087)",
)
def one_rounding_for_two(accumulator, multiplier, shift, zero_point, qmin, qmax):
    return integer.requantize_single_rounding(
        accumulator, multiplier, shift, zero_point, qmin, qmax
    )


@slip(
    "quantization.integer.requantize_single_rounding",
    "How many numbers are rounded on the way to the code?",
    "tensorflow #25087",
)
def two_roundings_for_one(accumulator, multiplier, shift, zero_point, qmin, qmax):
    return integer.requantize_steps(
        accumulator, multiplier, shift, zero_point, qmin, qmax
    ).saturated


@slip(
    "quantization.integer.requantize",
    "Which code should a number get that is larger than the last?",
    "onnx #7835",
)
def wrap_for_saturate(accumulator, multiplier, shift, zero_point, qmin, qmax):
    offset = integer.requantize_steps(accumulator, multiplier, shift, zero_point, qmin, qmax).offset
    return qmin + (offset - qmin) % (qmax - qmin + 1)


@slip("quantization.integer.matmul", "How large can the sum of a few products of bytes become?")
def accumulator_of_a_byte(a, b, a_zero_point=0, b_zero_point=0):
    return _original_matmul(a, b, a_zero_point, b_zero_point).astype(np.int8)


@slip("quantization.integer.matmul", "What is 11 − 12 in an unsigned byte?")
def zero_point_subtracted_in_a_byte(a, b, a_zero_point=0, b_zero_point=0):
    return _original_matmul(
        np.asarray(a) - np.asarray(a_zero_point, np.asarray(a).dtype), b, 0, b_zero_point
    )


@slip("quantization.integer.matmul", "Whose rows and whose columns have a zero point each?")
def zero_points_exchanged(a, b, a_zero_point=0, b_zero_point=0):
    return _original_matmul(a, b, np.ravel(b_zero_point)[0], np.ravel(a_zero_point)[0])


@slip("quantization.integer.fold", "Which input does the sum of W·q stand for when x is 0?")
def zero_point_not_folded(bias, W, zero_point):
    return np.asarray(bias, np.int32)


@slip(
    "quantization.integer.fold",
    "A code is x/scale plus the zero point. What must the bias take back?",
)
def zero_point_added_in_fold(bias, W, zero_point):
    return _original_fold(bias, W, -zero_point)


@slip("quantization.integer.fold", "Over which axis of W does the sum for one output run?")
def fold_over_the_outputs(bias, W, zero_point):
    return np.asarray(bias) - zero_point * np.resize(np.sum(W, axis=0), len(bias))


def _with_biases(network, of_h, of_o, p):
    """The network with its biases, real ones given, at other scales."""
    clip = [
        np.clip(np.rint(b / scale), -(2**30), 2**30).astype(np.int32)
        for b, scale in ((p.b_h, of_h), (p.b_o, of_o))
    ]
    return replace(network, b_h=clip[0], b_o=clip[1])


@slip("quantization.integer.convert", "What is the bias added to, and which scale has that?")
def bias_at_the_output_scale(params, X_calibration, bits=8, per_row=False, activation="tanh"):
    n = _original_convert(params, X_calibration, bits, per_row, activation)
    return _with_biases(n, n.z_h_qparams.scale, n.y_hat_qparams.scale, params)


@slip(
    "quantization.integer.convert",
    "Do you multiply or divide by the bias's scale to get its code?",
    "Distiller's documentation #11, mended",
)
def reciprocal_bias_scale(params, X_calibration, bits=8, per_row=False, activation="tanh"):
    n = _original_convert(params, X_calibration, bits, per_row, activation)
    return _with_biases(
        n,
        1 / (n.x_qparams.scale * n.W_ih_qparams.scale),
        1 / (n.h_qparams.scale * n.W_ho_qparams.scale),
        params,
    )


@slip(
    "quantization.integer.convert",
    "How many multipliers does a layer need whose rows have a scale each?",
)
def one_multiplier_for_all_rows(params, X_calibration, bits=8, per_row=False, activation="tanh"):
    n = _original_convert(params, X_calibration, bits, per_row, activation)
    return replace(
        n,
        multiplier_h=np.resize(n.multiplier_h, (1, 1))[0, 0] + 0 * n.multiplier_h,
        shift_h=np.resize(n.shift_h, (1, 1))[0, 0] + 0 * n.shift_h,
    )


@slip("quantization.integer.forward", "At which code does the table begin?")
def table_indexed_from_zero(network, X):
    z = network.z_h_qparams
    return _original_integer_forward(replace(network, table=np.roll(network.table, z.qmin)), X)


@slip("quantization.integer.bound", "Can a large negative product keep an accumulator small?")
def bound_without_abs(network):
    signed = [np.abs(W.astype(int).sum(axis=1)) for W in (network.W_ih, network.W_ho)]
    largest = [max(-p.qmin, p.qmax) for p in (network.x_qparams, network.h_qparams)]
    folded = [
        np.abs(integer.fold(b, W, p.zero_point))
        for b, W, p in (
            (network.b_h, network.W_ih, network.x_qparams),
            (network.b_o, network.W_ho, network.h_qparams),
        )
    ]
    return integer.Bound(*(s * q + f for s, q, f in zip(signed, largest, folded)), 2**31 - 1)
