"""This module rounds real numbers to whole numbers, by seven fixed rules or at random.

    rule          .25  .75  .5   1.5  2.5  −.5  −1.5 −2.5
    floor          0    0    0    1    2   −1   −2   −3
    ceil           1    1    1    2    3    0   −1   −2
    toward_zero    0    0    0    1    2    0   −1   −2
    half_up        0    1    1    2    3    0   −1   −2
    half_down      0    1    0    1    2   −1   −2   −3
    half_away      0    1    1    2    3   −1   −2   −3
    half_even      0    1    0    2    2    0   −2   −2     (the usual rule: ONNX, PyTorch, NumPy)

Rounded floats are still floats, and rounded Fractions are Python integers. The results are right
even where the float x + ½ or x − ½ is not exact. Two more functions help to turn a real number into
a code: `saturate` replaces infinities by the largest float, and `codes` casts to an integer dtype.
"""

from functools import cache

import numpy as np

from refnn import arrays
from refnn.validation import REAL, generator, takes


@takes(x=REAL, blocks="x")
def floor(x):
    """Return ⌊x⌋, the largest whole number ≤ x.

    The article rounds by this rule in §3.1.1.

    >>> floor([1.5, -1.5])
    array([ 1., -2.])
    """
    return np.floor(x)


@takes(x=REAL, blocks="x")
def ceil(x):
    """Return ⌈x⌉, the smallest whole number ≥ x.

    >>> ceil([1.5, -1.5])
    array([ 2., -1.])
    """
    return np.ceil(x)


@takes(x=REAL, blocks="x")
def toward_zero(x):
    """Return x without its fractional part, like a cast to an integer type in C.

    >>> toward_zero([1.7, -1.7])
    array([ 1., -1.])
    """
    return np.trunc(x)


@takes(x=REAL, blocks="x")
def half_up(x):
    """Return ⌊x + ½⌋, the nearest whole number, with halves rounded up.

    >>> half_up([2.5, -2.5, 0.49999999999999994])
    array([ 3., -2.,  0.])
    """
    below = np.floor(x)
    return below + (x - below >= 0.5)  # right for every float, but x + ½ would be rounded


@takes(x=REAL, blocks="x")
def half_down(x):
    """Return ⌈x − ½⌉, the nearest whole number, with halves rounded down.

    >>> half_down([2.5, -2.5])
    array([ 2., -3.])
    """
    return 0 - half_up.formula(-x)


@takes(x=REAL, blocks="x")
def half_away(x):
    """Return sign(x)·⌊|x| + ½⌋, the nearest whole number, with halves rounded away from zero.

    C's `round` and the rounding shift of gemmlowp follow this rule.

    >>> half_away([2.5, -2.5])
    array([ 3., -3.])
    """
    return np.sign(x) * half_up.formula(np.abs(x))


@takes(x=REAL, blocks="x")
def half_even(x):
    """Return the nearest whole number, with halves rounded to the even neighbour.

    IEEE 754 and ONNX QuantizeLinear follow this rule.

    >>> half_even([0.5, 1.5, 2.5, -2.5])
    array([ 0.,  2.,  2., -2.])
    """
    x = np.asarray(x)
    if x.dtype != arrays.EXACT:
        return np.rint(x)
    return arrays.objects([round(v) for v in x.flat], x.shape)


@takes(x=REAL, rng=generator, blocks="x")
def stochastic(x, rng):
    """Return ⌊x⌋ + 1 with probability x − ⌊x⌋, and ⌊x⌋ otherwise.

    The expected value of the result is x.

    >>> stochastic([0.25, 3.0], np.random.default_rng(0))
    array([0., 3.])
    """
    below = np.floor(x)
    return below + np.asarray(rng.random(x.shape) < x - below).astype(x.dtype)


def saturate(a):
    """Replace ±inf, the result of an overflow, by the largest float of the same sign.

    Fractions cannot overflow and are returned as they are.

    >>> saturate(np.array([np.inf, 1.0]))
    array([1.79769313e+308, 1.00000000e+000])
    """
    a = np.asarray(a)
    return a if a.dtype == arrays.EXACT or np.isfinite(a).all() else np.nan_to_num(a)


def codes(whole, low, high):
    """Cast whole numbers within low..high to the narrowest integer dtype that holds low..high.

    >>> codes(np.array([0.0, 7.0]), 0, 7)
    array([0, 7], dtype=uint8)
    """
    return np.asarray(whole).astype(code_dtype(low, high))


def code_dtype(low, high):
    """Return the narrowest integer dtype that holds low..high, unsigned if low >= 0.

    >>> code_dtype(0, 255), code_dtype(-8, 7), code_dtype(0, 256)
    (dtype('uint8'), dtype('int8'), dtype('uint16'))
    """
    return _code_dtype(int(low), int(high))  # NumPy's integers would wrap


@cache
def _code_dtype(low, high):
    if low >= 0:
        return np.min_scalar_type(high)
    return np.promote_types(np.min_scalar_type(low), np.min_scalar_type(-high - 1))
