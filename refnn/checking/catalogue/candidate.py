"""A candidate: a way from a whole tensor to codes and back, made on Fractions; and tensors on which
candidates differ."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from refnn import arrays

NOT_MADE = (
    ValueError,
    TypeError,
    ZeroDivisionError,
    OverflowError,
)  # such as a range of one value: divides by 0


@dataclass(frozen=True)
class Candidate:
    """name; kind: convention, formula, rounding or slip; slip: its name in the catalogue or None;
    make(x) -> Made.

    >>> Candidate("sign", "rounding", None, lambda x: Made([(v > 0) - (v < 0) for v in x], None, None, None)).name
    'sign'
    """

    name: str
    kind: str
    slip: str | None
    make: Callable


class Made(NamedTuple):
    """What a candidate makes of a tensor: codes; scale and zero_point (None where they were given);
    decode(codes).
    >>> Made._fields
    ('codes', 'scale', 'zero_point', 'decode')"""

    codes: list
    scale: object
    zero_point: object
    decode: Callable


class Printed(NamedTuple):
    """What is given, checked: exact numbers, and half a unit of the last digit of those that may be
    results.
    >>> Printed._fields
    ('x', 'codes', 'levels', 'scale', 'half', 'zero_point', 'decoded')"""

    x: list
    codes: list
    levels: int
    scale: Fraction | None
    half: Fraction  # half a unit of the scale's last digit
    zero_point: int | None
    decoded: list | None  # (low, high) of each


def make_of(make, x):
    """What a candidate's `make` makes of a list of Fractions, or None where the way there divides
    by 0.

    >>> thirds = lambda x: Made([int(3 / v) for v in x], Fraction(1, 3), 0, lambda codes: [c / 3 for c in codes])
    >>> make_of(thirds, [Fraction(1), Fraction(3)]).codes, make_of(thirds, [Fraction(0)])
    ([3, 1], None)
    """
    try:
        with np.errstate(all="ignore"):
            return make(arrays.objects(x, (len(x),)))
    except NOT_MADE:
        return None


def decoded_by(made, codes):
    """The exact values of codes by the decoder of a Made, or None for codes that it refuses.

    >>> decoded_by(Made([], Fraction(1, 2), 0, lambda codes: [Fraction(c, 2) for c in codes]), [0, 7])
    (Fraction(0, 1), Fraction(7, 2))
    """
    try:
        with np.errstate(all="ignore"):
            return tuple(Fraction(v) for v in np.ravel(made.decode(codes)).tolist())
    except NOT_MADE:
        return None


def tensors(L, s):
    """Tensors that tell candidates apart: quarters of a step s around 0, between ends that are L −
    1 steps apart.

    >>> [len(x) for x in tensors(4, Fraction(1))][:3], next(tensors(4, Fraction(2)))[:2]
    ([21, 9, 12], [Fraction(-24, 1), Fraction(24, 1)])
    """
    inner = [
        Fraction(k, 4) for k in (-14, -10, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 10, 14)
    ]
    ends = [
        (-low, L - 1 - low)
        for low in map(Fraction, (0, 1, 3, "1/2", "3/2", "5/2", "7/2", L // 3, L - 1))
    ]
    ends += [(-m, 1) for m in (Fraction(L - 1, 2), Fraction(L // 2 - 1), Fraction(L // 2))]
    ends += [(-high, -low) for low, high in ends]
    yield [
        s * v for v in (-3 * L, 3 * L, Fraction(10**10), -Fraction(10**10), *inner)
    ]  # for grids that stay
    for low, high in ends:
        yield [s * v for v in (low, high, *(v for v in inner if low < v < high))]
    for start in (1, Fraction(7, 2)):  # 0 outside
        up = [start, start + L - 1, *(start + v for v in inner if 0 < v < L)]
        yield [s * v for v in up]
        yield [-s * v for v in up]
