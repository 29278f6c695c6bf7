"""The one catalogue of plausible mistakes. A slip is a wrong version of one formula with a name, a hint, and where it
was published. The tests plant each and demand that a named test catches it (tests/test_slips.py).

Each `wrong` takes the arguments of the formula that it stands for. Hints say where to look, never the answer.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from refnn import network, training
from refnn.network import ACTIVATIONS, Params
from refnn.pruning import as_written as prune_written
from refnn.pruning import importance, masks
from refnn.quantization import affine, as_written, calibration, rounding
from refnn.quantization.affine import QParams


@dataclass(frozen=True)
class Slip:
    """name; formula "module.function" below refnn; wrong: the function with the mistake; hint; published: where.

    >>> CATALOGUE["no_abs"].hint
    'Is a large negative weight unimportant?'
    """

    name: str
    formula: str
    wrong: Callable
    hint: str
    published: tuple = ()


CATALOGUE = {}

# The right ones, by another name: a test that plants a slip replaces the module's own.
_original_min_max, _original_choose = as_written.min_max, calibration.choose_qparams
_original_fit, _original_by_sparsity = training.fit, masks.by_sparsity


def slip(formula, hint, *published):
    """Register the decorated function as the slip of its own name in this formula.

    >>> CATALOGUE["floor_for_round"].formula
    'quantization.affine.quantize'
    """
    def register(wrong):
        CATALOGUE[wrong.__name__] = Slip(wrong.__name__, formula, wrong, hint, published)
        return wrong
    return register


def _each(function, *params):
    return Params(*(function(*fields) for fields in zip(*(p.arrays() for p in params))))


def _codes(shifted, p):
    return np.clip(shifted, p.qmin, p.qmax).astype(np.int64)


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
    return _codes(np.floor(affine.quantize_steps(x, p).divided) + p.zero_point, p)


@slip("quantization.affine.quantize", "What does a cast do to −0.9?")
def truncate_for_round(x, p):
    return _codes(np.trunc(affine.quantize_steps(x, p).divided) + p.zero_point, p)


@slip("quantization.affine.quantize", "Look at the values that lie exactly between two codes.", "sonos/tract #2850")
def half_away_for_half_even(x, p):
    return _codes(rounding.half_away(affine.quantize_steps(x, p).divided) + p.zero_point, p)


@slip("quantization.affine.quantize", "Look at every value that lies exactly between two codes, on both sides of 0.")
def half_up_for_half_even(x, p):
    return _codes(rounding.half_up(affine.quantize_steps(x, p).divided) + p.zero_point, p)


@slip("quantization.affine.quantize", "What comes first, rounding or the zero point? Try an odd one.",
      "sonos/tract #2672")
def round_after_adding(x, p):
    return _codes(rounding.half_even(affine.quantize_steps(x, p).divided + p.zero_point), p)


@slip("quantization.affine.quantize", "What should happen to a value beyond the last code?", "onnx #7835")
def mod_for_clip(x, p):
    return p.qmin + (affine.quantize_steps(x, p).shifted - p.qmin) % (p.qmax - p.qmin + 1)


@slip("quantization.affine.quantize", "A very large value must get the largest code. What does your cast make of it?",
      "ONNX reference QuantizeLinear (2026-08)")
def cast_before_clip(x, p):
    shifted = np.asarray(affine.quantize_steps(x, p).shifted, dtype=object)
    as_int32 = [(int(v) + 2**31) % 2**32 - 2**31 if abs(v) < 1e300 else -2**31 for v in shifted.flat]
    return _codes(np.array(as_int32, dtype=object).reshape(shifted.shape), p)


@slip("quantization.affine.quantize", "zero_point is the code of 0.0. Which code does 0.0 get?",
      "Distiller's convention, where it is no slip")
def minus_zero_point(x, p):
    return _codes(affine.quantize_steps(x, p).rounded - p.zero_point, p)


@slip("quantization.affine.quantize", "scale is real units per code. Which way do you convert?")
def multiply_by_scale(x, p):
    return _codes(rounding.half_even(np.asarray(x, float) * p.scale) + p.zero_point, p)


@slip("quantization.affine.dequantize", "Encoding adds the zero point. What must decoding do?", "the article, §3.1.2")
def plus_zero_point(q, p):
    return (np.asarray(q, float) + p.zero_point) * p.scale


@slip("quantization.affine.dequantize", "scale is real units per code. Which way do you convert?",
      "a Chinese course's notebook")
def divide_by_scale(q, p):
    return (np.asarray(q, float) - p.zero_point) / p.scale


@slip("quantization.affine.dequantize", "Which real number belongs to the code zero_point?", "a NumPy course")
def zero_point_dropped(q, p):
    return np.asarray(q, float) * p.scale


@slip("quantization.affine.dequantize", "Must a decoded value be a whole number?",
      "a published q/S with a second rounding")
def second_rounding(q, p):
    return np.rint((np.asarray(q, float) - p.zero_point) * p.scale)


@slip("quantization.affine.dequantize", "What is 3 − 5 in an unsigned byte?")
def unsigned_subtraction(q, p):
    dtype = np.asarray(q).dtype
    return (np.asarray(q) - np.asarray(p.zero_point).astype(dtype)).astype(float) * p.scale


# --- where the range comes from --------------------------------------------------------------------------------------

def _qparams(x, bits=8, signed=True, symmetric=False, axis=None, calibration_="minmax", *, low=None, levels=0):
    """choose_qparams in its plain asymmetric form, with one thing changed."""
    x = np.asarray(x, float)
    qmin, qmax = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    bottom, top = (min(x.min(), 0), max(x.max(), 0)) if low is None else low(x)
    scale = (top - bottom) / (qmax - qmin + levels)
    return QParams(scale, int(np.clip(np.rint(qmin - bottom / scale), qmin, qmax)), qmin, qmax)


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


@slip("quantization.calibration.choose_qparams", "Quantize 0.0 with your zero point: which code comes out?",
      "data in [−1, 2], int8: zero point 42 for −43")
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


@slip("quantization.rounding.half_away", "Which way does −2.5 go?")
def half_up_for_half_away(x):
    return rounding._up(np.asarray(x, float))


@slip("quantization.rounding.half_even", "Which of its two neighbours does 2.5 go to?")
def half_up_for_even(x):
    return rounding._up(np.asarray(x, float))


@slip("quantization.rounding.stochastic", "How probable must the upper neighbour be?")
def coin_toss(x, rng):
    return np.floor(x) + (rng.random(np.shape(x)) < 0.5)


# --- the network -----------------------------------------------------------------------------------------------------

@slip("network.loss", "What factor stands in front of the sum?")
def missing_half(y_hat, y):
    return ((np.asarray(y_hat) - y) ** 2).sum(axis=(-2, -1))


@slip("network.loss", "Is J a sum over the examples or their mean?")
def mean_for_sum(y_hat, y):
    return ((np.asarray(y_hat) - y) ** 2 / 2).mean(axis=(-2, -1))


@slip("network.loss", "Is the norm squared?")
def not_squared(y_hat, y):
    return np.abs(np.asarray(y_hat) - y).sum(axis=(-2, -1)) / 2


def _backward(params, X, y, activation, residual=lambda y_hat, y: y_hat - y, slope=None):
    X, y = np.asarray(X), np.asarray(y)
    f = slope or ACTIVATIONS[activation][1]
    z_h, h, y_hat = network.propagate(params, X, activation)
    dy = residual(y_hat, y)
    dz = (dy @ params.W_ho) * f(z_h, h)
    return Params(dz.mT @ X, dz.sum(-2), dy.mT @ h, dy.sum(-2))


@slip("network.backward", "If the prediction is too large, which way does J fall?")
def residual_sign(params, X, y, activation="tanh"):
    return _backward(params, X, y, activation, residual=lambda y_hat, y: y - y_hat)


@slip("network.backward", "Is J a sum over the examples or their mean?", "scikit-learn #8349 (by n_outputs)")
def mean_for_sum_backward(params, X, y, activation="tanh"):
    return _backward(params, X, y, activation, residual=lambda y_hat, y: (y_hat - y) / len(y_hat))


@slip("network.backward", "What is the derivative of ½r²?")
def twice_the_slope(params, X, y, activation="tanh"):
    return _backward(params, X, y, activation, residual=lambda y_hat, y: 2 * (y_hat - y))


@slip("network.backward", "Does the slope of the activation appear in the chain?")
def activation_slope_missing(params, X, y, activation="tanh"):
    return _backward(params, X, y, activation, slope=lambda z, h: 1)


@slip("network.backward", "Of which variable is f′ a function: of z or of h?")
def slope_at_h(params, X, y, activation="tanh"):
    return _backward(params, X, y, activation,
                     slope=lambda z, h: ACTIVATIONS[activation][1](h, ACTIVATIONS[activation][0](h)))


@slip("network.backward", "Is the output of a ReLU ever negative?",
      "numpy-tutorials, the MNIST page; Grokking-Deep-Learning #9")
def relu_slope_from_output(params, X, y, activation="tanh"):
    slope = (lambda z, h: (h >= 0) * 1) if activation == "relu" else None
    return _backward(params, X, y, activation, slope=slope)


@slip("network.backward", "Which axis of the gradient belongs to the outputs of the layer?")
def transposed_gradient(params, X, y, activation="tanh"):
    g = _backward(params, X, y, activation)
    return Params(np.ascontiguousarray(g.W_ih.mT).reshape(g.W_ih.shape), g.b_h, g.W_ho, g.b_o)


@slip("network.backward", "Does a bias have a slope?")
def bias_forgotten(params, X, y, activation="tanh"):
    g = _backward(params, X, y, activation)
    return Params(g.W_ih, 0 * g.b_h, g.W_ho, g.b_o)


@slip("network.forward", "What is added before the activation?")
def hidden_bias_forgotten(params, X, activation="tanh"):
    return network.propagate(Params(params.W_ih, 0 * params.b_h, params.W_ho, params.b_o), np.asarray(X), activation)


@slip("training.fit", "What is a pruned weight after one more step?")
def mask_not_held(params, X, y, *, mask=None, **options):
    return _original_fit(params if mask is None else network.apply_mask(params, mask), X, y, **options)


@slip("training.fit", "With decay λ, what is the slope of J at the minimum?")
def decay_twice(params, X, y, *, weight_decay=0.0, **options):
    return _original_fit(params, X, y, weight_decay=2 * weight_decay, **options)


@slip("training.fit", "Is J a sum over the examples or their mean?")
def decay_against_the_mean(params, X, y, *, weight_decay=0.0, **options):
    return _original_fit(params, X, y, weight_decay=weight_decay * len(y), **options)


# --- pruning ---------------------------------------------------------------------------------------------------------

@slip("pruning.as_written.prune", "What happens to an importance of exactly τ?")
def at_most_for_below(params, R, tau):
    mask = _each(lambda r: r > tau, R)
    return network.apply_mask(params, mask), mask


@slip("pruning.as_written.prune", "Does the printed rule take an absolute value?")
def abs_in_the_rule(params, R, tau):
    steps = prune_written.prune_steps(params, _each(np.abs, R), tau)
    return steps.params, steps.mask


@slip("pruning.as_written.prune", "Is the mask True for what is kept or for what goes?")
def mask_inverted(params, R, tau):
    steps = prune_written.prune_steps(params, R, tau)
    return network.apply_mask(params, steps.below), steps.below


@slip("pruning.as_written.importance", "Does the printed R have a sign?")
def abs_of_R(params, X, y, activation="tanh"):
    return _each(np.abs, network.backward(params, X, y, activation))


@slip("pruning.as_written.importance", "Is J a sum over the examples or their mean?")
def mean_for_sum_R(params, X, y, activation="tanh"):
    return _each(lambda g: g / len(np.asarray(y)), network.backward(params, X, y, activation))


@slip("pruning.importance.magnitude", "Is a large negative weight unimportant?", "a shipped pruning tool")
def no_abs(params, X=None, y=None, activation="tanh"):
    return _each(lambda a: a, params)


@slip("pruning.importance.gradient", "Is a steep descent unimportant?", "the article, §3.2.2")
def signed_gradient(params, X, y, activation="tanh"):
    return network.backward(params, X, y, activation)


@slip("pruning.importance.taylor", "What does deletion change, to first order, besides the slope?")
def slope_without_weight(params, X, y, activation="tanh"):
    return importance.gradient(params, X, y, activation)


@slip("pruning.masks.by_threshold", "What happens to a score of exactly τ?",
      "MIT 6.5940, lab 1, keeps |w| > threshold")
def above_for_at_least(scores, tau):
    return _each(lambda a: a > tau, scores)


@slip("pruning.masks.by_threshold", "Who takes the absolute value: the scores or the mask?")
def abs_of_scores(scores, tau):
    return _each(lambda a: np.abs(a) >= tau, scores)


def _by_sparsity(scores, sparsity, scope="global", number=round, order=lambda s: np.argsort(s, kind="stable")):
    theta = scores.flatten()
    keep = np.ones(theta.shape, bool)
    keep[order(theta)[:int(number(sparsity * theta.size))]] = False
    return Params.unflatten(keep, scores.sizes)


@slip("pruning.masks.by_sparsity", "Which go first, the small or the large scores?")
def highest_first(scores, sparsity, scope="global"):
    return _by_sparsity(scores, sparsity, order=lambda s: np.argsort(-s, kind="stable"))


@slip("pruning.masks.by_sparsity", "Of equal scores, which goes first?")
def later_of_equals_first(scores, sparsity, scope="global"):
    return _by_sparsity(scores, sparsity, order=lambda s: len(s) - 1 - np.argsort(s[::-1], kind="stable"))


@slip("pruning.masks.by_sparsity", "Is the number of removed entries rounded or cut?")
def count_cut_off(scores, sparsity, scope="global"):
    return _by_sparsity(scores, sparsity, number=np.floor)


@slip("pruning.masks.by_sparsity", "Is the sparsity that of the network or of each array?")
def global_for_layer(scores, sparsity, scope="global"):
    return _original_by_sparsity(scores, sparsity, "global")
