"""Slips of §3.1 as written. Collected in `slips`."""

import numpy as np

from refnn.checking.catalogue.slip import slip
from refnn.quantization import as_written, rounding

# The right ones, by another name: a test that plants a slip replaces the module's own.
_original_min_max = as_written.min_max


@slip(
    "quantization.as_written.quantize",
    "Which whole number does ⌊ ⌋ take when the fraction is above a half?",
)
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
