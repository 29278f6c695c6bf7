"""From a real number to a whole one: the seven rules, and the random one. The one home of rounding.

    rule          .25  .75  .5   1.5  2.5  −.5  −1.5 −2.5
    floor          0    0    0    1    2   −1   −2   −3
    ceil           1    1    1    2    3    0   −1   −2
    toward_zero    0    0    0    1    2    0   −1   −2
    half_up        0    1    1    2    3    0   −1   −2
    half_down      0    1    0    1    2   −1   −2   −3
    half_away      0    1    1    2    3   −1   −2   −3
    half_even      0    1    0    2    2    0   −2   −2     (the field's: ONNX, PyTorch, NumPy)

Floats give floats of whole value, Fractions Python's whole numbers; right also where x ± ½ is not
exact."""

import numpy as np

from refnn import arrays


def floor(x):
    """⌊x⌋, the largest whole number not above x; the rule of the article's §3.1.1.
    >>> floor([1.5, -1.5])
    array([ 1., -2.])"""
    return np.floor(arrays.numbers("floor", "x", x))


def ceil(x):
    """⌈x⌉, the smallest whole number not below x.
    >>> ceil([1.5, -1.5])
    array([ 2., -1.])"""
    return np.ceil(arrays.numbers("ceil", "x", x))


def toward_zero(x):
    """x without its fraction: a cast to an integer type, as C does it.
    >>> toward_zero([1.7, -1.7])
    array([ 1., -1.])"""
    return np.trunc(arrays.numbers("toward_zero", "x", x))


def half_up(x):
    """⌊x + ½⌋: to the nearest, a half goes up.
    >>> half_up([2.5, -2.5, 0.49999999999999994])
    array([ 3., -2.,  0.])"""
    return _up(arrays.numbers("half_up", "x", x))


def half_down(x):
    """⌈x − ½⌉: to the nearest, a half goes down.
    >>> half_down([2.5, -2.5])
    array([ 2., -3.])"""
    return 0 - _up(-arrays.numbers("half_down", "x", x))


def half_away(x):
    """sign(x)·⌊|x| + ½⌋: to the nearest, a half goes away from zero (C's round, gemmlowp's shift).
    >>> half_away([2.5, -2.5])
    array([ 3., -3.])"""
    x = arrays.numbers("half_away", "x", x)
    return np.sign(x) * _up(np.abs(x))


def half_even(x):
    """To the nearest, a half goes to the even neighbour (IEEE 754; ONNX QuantizeLinear).
    >>> half_even([0.5, 1.5, 2.5, -2.5])
    array([ 0.,  2.,  2., -2.])"""
    return nearest_even(arrays.numbers("half_even", "x", x))


def nearest_even(x):
    """`half_even` on a checked array."""
    if x.dtype != arrays.EXACT:
        return np.rint(x)
    return arrays.objects([round(v) for v in x.flat], x.shape)[()]


def stochastic(x, rng):
    """⌊x⌋ + 1 with probability x − ⌊x⌋, else ⌊x⌋: right on average, E = x.
    >>> stochastic([0.25, 3.0], np.random.default_rng(0))
    array([0., 3.])"""
    x = arrays.numbers("stochastic", "x", x)
    arrays.generator("stochastic", "rng", rng)
    whole = np.floor(x)
    return whole + np.asarray(rng.random(x.shape) < x - whole).astype(x.dtype)


def _up(x):
    whole = np.floor(x)
    return whole + (
        x - whole >= 0.5
    )  # x − ⌊x⌋ is exact where it matters: x + ½ would round up below a half
