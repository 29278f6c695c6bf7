"""Slips of grids that are not uniform. Collected in `slips`."""

from statistics import NormalDist

import numpy as np

from refnn.checking.catalogue.slip import slip
from refnn.quantization import grids

# The right ones, by another name: a test that plants a slip replaces the module's own.
_original_minifloat, _original_nearest = grids.minifloat, grids.quantize
_original_absmax, _original_powers = grids.absmax_scale, grids.powers_of_two


def _quantiles(below, above):
    """NF4's construction from two lists of probabilities, ascending."""
    values = np.array([NormalDist().inv_cdf(p) for p in (*below, *above)])
    return values / np.abs(values).max()


@slip(
    "quantization.grids.minifloat", "Which patterns of E4M3 with all exponent bits set are numbers?"
)
def ieee_infinities_in_e4m3(exponent_bits, mantissa_bits, bias=None, special="none"):
    return _original_minifloat(
        exponent_bits, mantissa_bits, bias, "none" if special == "none" else "ieee"
    )


@slip(
    "quantization.grids.minifloat",
    "Decode the pattern of 1.0: exponent 0111 with four bits. What must the bias be?",
)
def bias_one_too_many(exponent_bits, mantissa_bits, bias=None, special="none"):
    bias = 2 ** (exponent_bits - 1) if bias is None else bias
    return _original_minifloat(exponent_bits, mantissa_bits, bias, special)


def _minifloat_with_lowest(value, exponent_bits, mantissa_bits, bias, special):
    """minifloat with another value(M/2^m, bias) where E is 0."""
    values = _original_minifloat(exponent_bits, mantissa_bits, bias, special)
    bias = 2 ** (exponent_bits - 1) - 1 if bias is None else bias
    lowest = value(np.arange(2**mantissa_bits) / 2**mantissa_bits, bias)
    for sign, half in ((1.0, values[: len(values) // 2]), (-1.0, values[len(values) // 2 :])):
        half[: len(lowest)] = sign * lowest
    return values


@slip("quantization.grids.minifloat", "What does the pattern of all zeros decode to?")
def subnormals_as_normals(exponent_bits, mantissa_bits, bias=None, special="none"):
    return _minifloat_with_lowest(
        lambda f, b: (1 + f) * 2.0**-b, exponent_bits, mantissa_bits, bias, special
    )


@slip(
    "quantization.grids.minifloat",
    "Is the step below the smallest normal number the same as the step above it?",
)
def subnormal_exponent_of_its_field(exponent_bits, mantissa_bits, bias=None, special="none"):
    return _minifloat_with_lowest(
        lambda f, b: f * 2.0**-b, exponent_bits, mantissa_bits, bias, special
    )


@slip("quantization.grids.minifloat", "Is there anything between 0 and the smallest normal number?")
def subnormals_flushed(exponent_bits, mantissa_bits, bias=None, special="none"):
    return _minifloat_with_lowest(lambda f, b: 0.0 * f, exponent_bits, mantissa_bits, bias, special)


@slip("quantization.grids.nf4", "Is there a code for 0?")
def sixteen_equal_quantiles():
    return _quantiles((np.arange(8) + 0.5) / 16, (np.arange(8, 16) + 0.5) / 16)


@slip(
    "quantization.grids.nf4",
    "How many of the sixteen codes do two equal halves and a 0 use?",
    "artidoro/qlora #299",
)
def halves_mirrored():
    tail = (1 / 32 + 1 / 30) / 2
    return _quantiles(np.linspace(tail, 0.5, 8), np.linspace(0.5, 1 - tail, 8)[1:])


@slip(
    "quantization.grids.powers_of_two", "A sign, a power and a zero: how many powers have a code?"
)
def one_power_too_many(bits):
    return np.unique(
        np.append(
            _original_powers(bits), [-(2.0 ** (1 - 2 ** (bits - 1))), 2.0 ** (1 - 2 ** (bits - 1))]
        )
    )


@slip("quantization.grids.powers_of_two", "Which power of two is 0?")
def no_code_for_zero(bits):
    return _original_powers(bits)[_original_powers(bits) != 0]


@slip(
    "quantization.grids.quantize",
    "Look at a value midway between two of the grid: whose mantissa is even?",
)
def midway_away_from_zero(x, values, scale, axis=None, block=None):
    x = np.asarray(x, float)
    return _original_nearest(
        np.where(x < 0, np.nextafter(x, -np.inf), np.nextafter(x, np.inf)),
        values,
        scale,
        axis,
        block,
    )


@slip("quantization.grids.quantize", "Even, counted from where: the first value of the list, or 0?")
def even_code_for_even_place(x, values, scale, axis=None, block=None):
    distance = np.abs(np.asarray(x, float)[..., None] / scale - np.asarray(values))
    ties = distance == distance.min(axis=-1, keepdims=True)
    return np.where(ties, np.arange(len(values)) % 2, 2).argmin(axis=-1)


@slip("quantization.grids.quantize", "Which value of the grid is nearest to one just below it?")
def floor_for_nearest(x, values, scale, axis=None, block=None):
    return np.clip(
        np.searchsorted(values, np.asarray(x, float) / scale, "right") - 1, 0, len(values) - 1
    )


@slip(
    "quantization.grids.quantize",
    "Midway between a half and 1: is that 0.75 or the square root of a half?",
)
def nearest_exponent(x, values, scale, axis=None, block=None):
    y = np.asarray(x, float) / scale
    rounded = np.where(y == 0, 0.0, np.sign(y) * 2.0 ** np.rint(np.log2(np.abs(y) + (y == 0))))
    return _original_nearest(rounded, values, 1.0)


@slip(
    "quantization.grids.quantize",
    "The scale is real units per unit of the grid. Which way do you convert?",
)
def x_times_scale(x, values, scale, axis=None, block=None):
    return _original_nearest(np.asarray(x, float) * scale, values, 1.0)


@slip("quantization.grids.dequantize", "Do the values of this grid stand in equal steps?")
def code_for_value(codes, values, scale, axis=None, block=None):
    return (np.asarray(codes, float) - np.searchsorted(values, 0)) * scale


@slip("quantization.grids.absmax_scale", "On which value must the largest |x| stand?")
def mean_for_max(x, values, axis=None, block=None):
    return (
        np.abs(x).mean() / np.max(values)
        if axis is None
        else _original_absmax(x, values, axis, block)
    )


@slip("quantization.grids.absmax_scale", "Where do you divide by the largest value of the grid?")
def grid_without_its_maximum(x, values, axis=None, block=None):
    return _original_absmax(x, [-1.0, 0.0, 1.0], axis, block)


@slip("quantization.grids.absmax_scale", "Is the largest |x| the largest x?")
def max_without_abs(x, values, axis=None, block=None):
    return np.max(x) / np.max(values) if axis is None else _original_absmax(x, values, axis, block)


@slip("quantization.grids.power_of_two_scale", "Which power of two is nearest to 0.8?")
def floor_of_the_logarithm(x, axis=None, block=None):
    return 2.0 ** np.floor(np.log2(_original_absmax(x, [1.0], axis, block)))


@slip(
    "quantization.grids.power_of_two_scale",
    "Is the nearest power of two that with the nearest exponent?",
)
def round_of_the_logarithm(x, axis=None, block=None):
    return 2.0 ** np.rint(np.log2(_original_absmax(x, [1.0], axis, block)))


@slip(
    "quantization.grids.ternary",
    "Is the rule's threshold the best one for these weights? Try the others.",
)
def rule_for_the_optimum(x):
    return grids.ternary_rule(x)


@slip("quantization.grids.ternary", "With the best α, what is subtracted from the sum of squares?")
def sum_without_its_square(x):
    size = np.sort(np.abs(np.ravel(x)))[::-1]
    k = np.argmax(np.cumsum(size) / np.arange(1, size.size + 1))
    kept = np.abs(x) >= size[k]
    return grids.Ternary(size[: k + 1].mean(), (np.sign(x) * kept).astype(np.int8))


def _ternary_with(x, delta, alpha=None):
    size = np.abs(np.asarray(x, float))
    kept = size > delta(size)
    return grids.Ternary(
        size[kept].mean() if alpha is None else alpha(size), (np.sign(x) * kept).astype(np.int8)
    )


@slip("quantization.grids.ternary_rule", "0.7 of which number: the largest or the mean?")
def threshold_of_the_largest(x):
    return _ternary_with(x, lambda size: 0.7 * size.max())


@slip("quantization.grids.ternary_rule", "Over which weights is α the mean?")
def mean_over_all(x):
    return _ternary_with(x, lambda size: 0.7 * size.mean(), np.mean)


@slip(
    "quantization.grids.ternary_rule",
    "Does a weight of 0 stay 0 if its threshold is the mean of signed numbers?",
)
def mean_without_abs(x):
    return _ternary_with(x, lambda size: 0.7 * np.mean(x))
