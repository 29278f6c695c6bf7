"""This experiment counts how often rounding errors give the ends of min–max a wrong code.

It is finding 9. In exact arithmetic the minimum gets code 0 and the maximum gets P − 1, whatever
the order of the operations is. In floating point the result is sometimes smaller than a whole
number by its last bit, and floor then takes the whole number below. If that is −1, mod turns it
into P − 1."""

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from refnn.quantization import as_written

TENSORS, SIZE, LEVELS = 400, 50, (4, 8, 16, 64, 256)


class Ends(NamedTuple):
    """The share of tensors whose ends one order of operations misses, for each number of levels."""

    order: str
    minimum: np.ndarray  # (LEVELS,) share of tensors whose minimum is not encoded as 0
    maximum: np.ndarray  # (LEVELS,) share of tensors whose maximum is not encoded as P − 1


def compute(seed=0, orders=None):
    """Encode random tensors of 50 two-decimal N(0, 1) weights by five orders of operations.

    orders: those of ORDERS that are computed, all of them if it is None.

    >>> compute()[0].order, compute()[-1].maximum.max()  # Fractions miss none
    ('W = (P-1)/(max-min), B = -min*W', np.float64(0.0))
    """
    x = np.random.default_rng(seed).standard_normal((TENSORS, SIZE)).round(2)
    low, high = x.min(axis=1), x.max(axis=1)
    ends = []
    for order, encode in ORDERS if orders is None else orders:
        minimum, maximum = np.mean([_wrong(encode, low, high, P) for P in LEVELS], axis=2).T
        ends.append(Ends(order, minimum, maximum))
    return ends


def _wrong(encode, low, high, P):
    """Return True where the minimum, and where the maximum, of a tensor gets a wrong code."""
    return encode(low, low, high, P) % P != 0, encode(high, low, high, P) % P != P - 1


def _article(x, low, high, P):
    W = (P - 1) / (high - low)
    return as_written.quantize_steps(x, W, -low * W, P).floored


def _over_scale(x, low, high, P):
    scale = (high - low) / (P - 1)
    return as_written.quantize_steps(x, 1 / scale, -low / scale, P).floored


def _fused(x, low, high, P):
    """Compute ⌊x·W + B⌋ with one rounding, as a fused multiply-add does.

    Near 0 the rounded value has the sign, and so the floor, of the exact value."""
    W = (P - 1) / (high - low)
    B = -low * W
    triples = zip(x.tolist(), W.tolist(), B.tolist())
    return np.floor([float(Fraction(a) * Fraction(w) + Fraction(b)) for a, w, b in triples])


def _from_minimum(x, low, high, P):
    return np.floor((x - low) / (high - low) * (P - 1))


def _exact(x, low, high, P):
    a, l, h = (np.array([Fraction(str(v)) for v in vs.tolist()]) for vs in (x, low, high))
    W = (P - 1) / (h - l)
    return as_written.quantize_steps(a, W, -l * W, P).floored


ORDERS = (
    ("W = (P-1)/(max-min), B = -min*W", _article),
    ("B = -min/scale, W = 1/scale", _over_scale),
    ("x*W + B fused, one rounding", _fused),
    ("(x-min)/(max-min)*(P-1)", _from_minimum),
    ("Fractions", _exact),
)
