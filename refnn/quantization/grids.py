"""This module quantizes to grids whose values are not evenly spaced.

A grid is a list of real values. The kinds of grids differ only in where these values lie.

    code = the index of the value nearest to x/scale        x̂ = values[code]·scale

    x  a real number    values  the grid, ascending    code  an index into values
    scale  real units per unit of values

minifloat        The values are floats of few bits: sign, exponent and mantissa, dense near 0. FP8
                 follows the "OCP 8-bit Floating Point Specification" (OFP8, 2023), after P.
                 Micikevicius et al., "FP8 formats for deep learning" (2022). FP4 and FP6 follow the
                 "OCP Microscaling Formats (MX) Specification" 1.0 (2023).
nf4              The values are quantiles of the normal distribution (T. Dettmers et al., "QLoRA",
                 2023, appendix E).
powers_of_two    Multiplying by such a value is a bit shift (A. Zhou et al., "Incremental Network
                 Quantization", INQ, 2017).
ternary          The values are −α, 0 and α (F. Li et al., "Ternary Weight Networks", 2016).
"""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.arrays import Refused, describe
from refnn.quantization import rounding
from refnn.quantization.calibration import AXIS, BLOCK, DATA, normal_scale, over_slices
from refnn.validation import choice, numbers, takes, whole

# "none": no NaN (FP4, FP6); "nan": NaN if all bits are 1 (E4M3); "ieee": as in IEEE 754 (E5M2)
SPECIALS = ("none", "nan", "ieee")
OVERFLOWS = ("saturate", "nan", "inf")
TWN_RULE = 0.7  # Δ/mean|x|; the best is 2/3 for uniform weights and 0.77 for normal ones


# --- what the functions take ----------------------------------------------------------------------


def _table(name, table, arguments):
    """Accept numbers, and leave out NaN and infinities."""
    table = arrays.raw(name, table)
    finite = table[np.isfinite(table)] if table.dtype.kind == "f" else table
    return arrays.numbers(name, finite, exact=False)


def _precision(arguments):
    """Return the dtype of x or, if only codes are given, of the scale."""
    x = arguments["x"] if "x" in arguments else arguments["scale"]
    return arrays.numbers("scale", x, exact=False).dtype


def _values(name, values, arguments):
    """Accept a grid in the dtype of x.

    Its values must ascend, and the sum of any two must be finite.
    """
    dtype = _precision(arguments)
    a = arrays.numbers(name, values, ndim=1, exact=False).astype(dtype)
    if len(a) == 0 or (a[1:] <= a[:-1]).any() or (np.abs(a) > np.finfo(dtype).max / 2).any():
        ascending = f"ascending and distinct in {dtype}, none beyond half of its largest float"
        raise Refused(name, f"at least one number, {ascending}", describe(values))
    return a


def _values_above_0(name, values, arguments):
    a = _values(name, values, arguments)
    if a[-1] <= 0:
        raise Refused(name, "a grid with a positive value", describe(a))
    return a


def _codes(name, codes, arguments):
    """Accept indices into values."""
    codes = arrays.integers(name, codes)
    return arrays.inside(name, codes, 0, len(arguments["values"]) - 1).astype(np.intp)


def _scale(name, scale, arguments):
    """Accept a scale in the dtype of x, and align it with x or the codes."""
    dtype = _precision(arguments)
    a = arrays.numbers(name, scale, exact=False).astype(dtype)
    if not ((a >= np.finfo(dtype).tiny) & np.isfinite(a)).all():
        raise Refused(name, f"positive and normal in {dtype}", describe(scale))
    along = arguments["x"] if "x" in arguments else arguments["codes"]
    return arrays.aligned(name, a, along.shape, arguments["axis"], arguments["block"])


NUMBERS = {"x": numbers(exact=False), "values": _values, "block": BLOCK, "scale": _scale}
of_numbers = takes(**NUMBERS)
of_codes = takes(values=_values, codes=_codes, block=BLOCK, scale=_scale)
of_data = takes(x=DATA, exact=False)


# --- where the values stand -----------------------------------------------------------------------


@takes(
    exponent_bits=whole(1, 8),
    mantissa_bits=whole(0, 10),
    bias=whole(-512, 512),
    special=choice(*SPECIALS),
)
def minifloat(exponent_bits, mantissa_bits, bias=None, special="none"):
    """Return the value of every bit pattern S.E.M in float64, in the order of the patterns.

    S is the sign bit, E the exponent of e bits and M the mantissa of m bits:

        (−1)^S · (1 + M/2^m) · 2^(E − bias)    normal, E > 0
        (−1)^S · (0 + M/2^m) · 2^(1 − bias)    subnormal, E = 0: evenly spaced down to 0

    The default bias is 2^(e − 1) − 1. With special="nan" the value is NaN if E and M are all ones
    (E4M3). With special="ieee" an E of all ones gives infinity for M = 0 and NaN otherwise (E5M2,
    float16). exponent_bits is from 1 to 8, mantissa_bits from 0 to 10.

    >>> minifloat(2, 1)[:8]                                # FP4 E2M1
    array([0. , 0.5, 1. , 1.5, 2. , 3. , 4. , 6. ])
    >>> np.nanmax(minifloat(4, 3, special="nan"))          # FP8 E4M3; with "ieee" it would be 240
    np.float64(448.0)
    """
    e, m = exponent_bits, mantissa_bits
    bias = 2 ** (e - 1) - 1 if bias is None else bias
    pattern = np.arange(2 ** (1 + e + m))  # (2^(1+e+m),)
    S, E, M = pattern >> (e + m), (pattern >> m) % 2**e, pattern % 2**m
    significand = (E > 0) + M / 2**m  # 1.M; subnormal 0.M
    value = (1.0 - 2 * S) * np.ldexp(significand, np.maximum(E, 1) - bias)
    ones = E == 2**e - 1
    if special == "nan":
        value[ones & (M == 2**m - 1)] = np.nan
    if special == "ieee":
        value[ones] *= np.where(M[ones] == 0, np.inf, np.nan)
    return value


@takes()
def nf4():
    """Return the 16 values of NormalFloat4, which are quantiles of N(0, 1) divided by the largest.

    Eight values are positive, seven are negative, and one is 0. The positive ones are the quantiles
    at nine evenly spaced points from δ to ½, without the ½; δ = ½((1 − 1/32) + (1 − 1/30)). The
    negative ones come from eight such points, with their signs changed. The two sides differ so
    that 0 is a value and there are still 16 values. The list in the paper was computed in float32
    (by bitsandbytes), and differs from this one by up to 2e-7.

    >>> nf4().round(3)[[0, 1, 6, 7, 8, 14, 15]]
    array([-1.   , -0.696, -0.091,  0.   ,  0.08 ,  0.723,  1.   ])
    """
    delta, quantile = ((1 - 1 / 32) + (1 - 1 / 30)) / 2, NormalDist().inv_cdf
    positive = [quantile(p) for p in np.linspace(delta, 0.5, 9)[:-1]]  # 8, from the largest
    negative = [-quantile(p) for p in np.linspace(delta, 0.5, 8)[:-1]]  # 7
    return np.array([*negative, 0.0, *positive[::-1]]) / positive[0]  # (16,)


@takes(bits=whole(2, 8))
def powers_of_two(bits):
    """Return 0 and ±2^0, ±2^−1, … ±2^−(2^(bits − 1) − 2), in ascending order.

    These are 2^bits − 1 values, so one code is unused. bits is from 2 to 8.

    INQ's own list is shorter, because it uses one bit for the 0 alone. Its exponents go only from
    n1 to n2 = n1 + 1 − 2^(bits − 2), which gives 2^(bits − 1) + 1 values. `power_of_two_scale`
    computes n1.

    >>> powers_of_two(3)
    array([-1.  , -0.5 , -0.25,  0.  ,  0.25,  0.5 ,  1.  ])
    """
    powers = np.ldexp(1.0, np.arange(2 - 2 ** (bits - 1), 1))  # (2^(bits−1) − 1,)
    return np.concatenate([-powers[::-1], [0.0], powers])


@takes(table=_table)
def ascending(table):
    """Return the finite values of a table in ascending order, each once.

    −0 and 0 count as one value.

    >>> ascending(minifloat(2, 0, special="ieee"))
    array([-2., -1.,  0.,  1.,  2.])
    """
    return np.unique(table) + 0.0  # −0 + 0 is 0


GRIDS = {
    "FP4 E2M1": ascending(minifloat(2, 1)),
    "FP6 E2M3": ascending(minifloat(2, 3)),
    "FP6 E3M2": ascending(minifloat(3, 2)),
    "FP8 E4M3": ascending(minifloat(4, 3, special="nan")),
    "FP8 E5M2": ascending(minifloat(5, 2, special="ieee")),
    "NF4": nf4(),
    "powers of two, 4 bits": powers_of_two(4),
    "ternary": np.array([-1.0, 0.0, 1.0]),
}
for _grid in GRIDS.values():
    _grid.flags.writeable = False


# --- to the grid and back -------------------------------------------------------------------------


@of_numbers
def quantize(x, values, scale, axis=None, block=None):
    """Return the index of the value nearest to x/scale, in the narrowest unsigned dtype.

    Beyond the ends of the grid it is the index of the end. At a tie between two values, the one
    with the even place is chosen, where the first value that is not negative has place 0. For a
    minifloat this is the rule of IEEE 754, which chooses the even mantissa. Ties are decided
    exactly, even if the midpoint of the two values is not a float.

    values must ascend, and none may be beyond half of the largest float. scale is one number, one
    for each slice of `axis`, or one for each `block` of entries along it. It must be positive and
    normal. If x is float32, values and scale are rounded to float32 too. Fractions are refused.

    >>> values = GRIDS["FP4 E2M1"]                         # ±{0, .5, 1, 1.5, 2, 3, 4, 6}
    >>> values[quantize([2.5, 3.5, -5, 0.25, 1e300], values, scale=1)]
    array([ 2.,  4., -4.,  0.,  6.])
    """
    doubled = 2 * (x / scale).astype(np.float64)  # exact except for the division
    codes = np.searchsorted(_doubled_boundaries(values), doubled)  # of x's shape
    return rounding.codes(codes, 0, len(values) - 1)


@of_codes
def dequantize(codes, values, scale, axis=None, block=None):
    """x̂ = values[code]·scale

    The result is float64, or float32 if scale is np.float32. Codes must be integers from 0 to
    len(values) − 1.

    >>> dequantize([0, 8, 14], GRIDS["FP4 E2M1"], scale=0.5)
    array([-3.  ,  0.25,  3.  ])
    """
    return rounding.saturate(values[codes] * scale)


@takes(**NUMBERS, overflow=choice(*OVERFLOWS))
def fake_quantize(x, values, scale, axis=None, block=None, overflow="saturate"):
    """Return x̂ = dequantize(quantize(x)) in x's own dtype.

    Suppose that the grid went on with its last step. overflow says what becomes of a number that
    would then be rounded to a value beyond the real grid: the last value, NaN, or ±inf. A
    conversion to FP8 E4M3 commonly gives NaN there, and one to E5M2 ±inf.

    >>> fake_quantize([0.3, -0.7, 9.0], GRIDS["ternary"], scale=0.5)
    array([ 0.5, -0.5,  0.5])
    >>> fake_quantize([464.0, 464.1], GRIDS["FP8 E4M3"], scale=1, overflow="nan")
    array([448.,  nan])
    """
    decoded = dequantize.formula(quantize.formula(x, values, scale), values, scale)
    if overflow == "saturate":
        return decoded
    over = beyond.formula(x, values, scale)
    return np.where(over == 0, decoded, over * np.inf if overflow == "inf" else np.nan)


@of_numbers
def beyond(x, values, scale, axis=None, block=None):
    """Return 1 where x/scale is rounded above the grid, −1 where it is rounded below, 0 elsewhere.

    For this rule, suppose that the grid goes on with its first and its last step. Ties are ruled as
    in `quantize`.

    >>> beyond([61439, 61440, -1e9], GRIDS["FP8 E5M2"], scale=1)
    array([ 0.,  1., -1.])
    """
    wide = values.astype(np.float64)
    below, above = 2 * wide[:1] - wide[1:2], 2 * wide[-1:] - wide[-2:-1]
    boundaries = _doubled_boundaries(np.concatenate([below, wide, above]))
    places = np.searchsorted(boundaries, 2 * (x / scale).astype(np.float64))
    return np.where(places == 0, -1.0, np.where(places > len(values), 1.0, 0.0))


def _doubled_boundaries(values):
    """Return twice the largest number that is rounded to a, for each two neighbours a < b in the
    grid.

    This is a + b, or the float just below if the sum was rounded up or if the tie goes to b."""
    a, b = values[:-1].astype(np.float64), values[1:].astype(np.float64)
    total = a + b
    part = total - a
    lost = (a - (total - part)) + (b - part)  # a + b − total, exact (Knuth's two-sum)
    place = np.arange(1, len(values)) - np.searchsorted(values, 0)  # of b, from 0
    up = (lost < 0) | ((lost == 0) & (place % 2 == 0))
    return np.where(up, np.nextafter(total, -np.inf), total)


# --- the scale ------------------------------------------------------------------------------------


@takes(x=DATA, values=_values_above_0, axis=AXIS, block=BLOCK, exact=False)
def absmax_scale(x, values, axis=None, block=None):
    """Return max|x|/max(values), the scale that puts the largest |x| on the last value.

    The result is one number, one for each slice of axis, or one for each block along it, as
    `quantize` takes it. A slice of zeros has scale 1. No x saturates if the grid is as wide below 0
    as above it. ValueError if a scale would not be a normal number.

    >>> absmax_scale([[3.0, -12.0], [0.0, 0.0]], GRIDS["FP4 E2M1"], axis=0)
    array([2., 1.])
    """
    largest = over_slices(np.maximum, np.abs(x), axis, block)  # max|x|
    return normal_scale(x, np.where(largest == 0, x.dtype.type(1), largest / values[-1]))


@takes(x=DATA, axis=AXIS, block=BLOCK, exact=False)
def power_of_two_scale(x, axis=None, block=None):
    """Return 2^n1 with n1 = ⌊log2(4·max|x|/3)⌋ (INQ), the power of two nearest to max|x|.

    A tie goes to the larger power. With this scale the grid `powers_of_two` decodes to powers of
    two. The shape, the scale of zeros and the errors are those of `absmax_scale`.

    >>> power_of_two_scale([[0.74, -0.1], [0.1, -0.75]], axis=0)
    array([0.5, 1. ])
    """
    largest, one = over_slices(np.maximum, np.abs(x), axis, block), x.dtype.type(1)
    fraction, exponent = np.frexp(largest)  # fraction·2^exponent, ½ ≤ fraction < 1
    n1 = exponent - 1 + (fraction >= 0.75)  # the logarithm without its rounding
    return normal_scale(x, np.where(largest == 0, one, np.ldexp(one, n1)))


# --- three values ---------------------------------------------------------------------------------


class Ternary(NamedTuple):
    """The result of ternary quantization, x̂ = alpha·codes."""

    alpha: float  # positive, in x's dtype
    codes: np.ndarray  # −1, 0, 1 (int8), of x's shape


@of_data
def ternary(x):
    """Return the α and the codes with the least Σ(x − α·code)², found exactly by sorting.

    The best codes are the signs of the k largest |x|, and 0 for the others. The best α is the mean
    of these k values |x|. The error is then Σx² − (Σ_k |x|)²/k, so the best k has the largest
    (Σ_k |x|)²/k. Ties go to the smallest k. If all x are 0, α is 1. ValueError if α would be
    subnormal.

    >>> ternary([0.2, -1.0, 0.3, 0.1])
    Ternary(alpha=np.float64(1.0), codes=array([ 0, -1,  0,  0], dtype=int8))
    """
    size, exponent = _sizes(x)
    largest = np.sort(size, axis=None)[::-1]  # (n,) descending
    k = np.argmax(np.cumsum(largest) ** 2 / np.arange(1, x.size + 1))  # (n,) -> its place, from 0
    return _ternary(x, size, size >= largest[k], exponent)


@of_data
def ternary_rule(x):
    """Δ = 0.7·mean|x|, α = the mean of all |x| > Δ, code = sign(x) where |x| > Δ, else 0.

    This rule of Li et al. (2016) approximates `ternary` for many weights with a uniform or a normal
    distribution. If all x are 0, α is 1.

    >>> ternary_rule([0.2, -1.0, 0.3, 0.1])  # Δ = 0.28; more than twice the error of `ternary`
    Ternary(alpha=np.float64(0.65), codes=array([ 0, -1,  1,  0], dtype=int8))
    """
    size, exponent = _sizes(x)
    delta = TWN_RULE * size.mean()
    return _ternary(x, size, size > delta, exponent)


def _sizes(x):
    """Return |x|/2^exponent in float64, with the largest in [½, 1), and the exponent.

    No square of these numbers overflows.
    """
    exponent = np.frexp(np.abs(x).max())[1]
    return np.ldexp(np.abs(x).astype(np.float64), -exponent), exponent


def _ternary(x, size, kept, exponent):
    """Return the Ternary whose α is the mean of the kept |x|, or 1 if all x are 0."""
    mean = np.ldexp(size[kept].mean(), exponent) if size.any() else np.float64(1)
    alpha = normal_scale(x, mean.astype(x.dtype))
    return Ternary(alpha, (np.sign(x) * kept).astype(np.int8))
