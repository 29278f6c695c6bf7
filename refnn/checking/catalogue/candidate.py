"""A candidate: a way from a whole tensor to codes and back, made on Fractions; and tensors on which
candidates differ."""

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.checking.catalogue.explain import NO_VALUE


class Candidate(NamedTuple):
    """Somebody who might have printed the codes."""

    name: str
    kind: str  # convention, formula, rounding or slip
    make: Callable  # of an object array of Fractions: Made
    slip: str | None = None  # its name in the catalogue


class Made(NamedTuple):
    """What a candidate makes of a tensor."""

    codes: object  # whole numbers, one a value of x
    decode: Callable  # of codes: their values
    scale: object = None  # None where it was given
    zero_point: object = None  # likewise


class Printed(NamedTuple):
    """What is given, checked: exact numbers, and the intervals of those that may be results."""

    x: list  # Fractions
    codes: list  # whole numbers, as many as x
    levels: int  # how many codes there are
    scale: Fraction | None  # real units per code
    half: Fraction  # half a unit of the scale's last digit
    zero_point: int | None  # the code of 0.0
    decoded: list | None  # (low, high) of each


def make_of(make, x):
    """Return what a candidate's `make` makes of a list of Fractions, its codes as a list; None
    where the way there divides by 0.

    >>> thirds = lambda x: Made([int(3 / v) for v in x], lambda codes: [c / 3 for c in codes])
    >>> make_of(thirds, [Fraction(1), Fraction(3)]).codes, make_of(thirds, [Fraction(0)])
    ([3, 1], None)
    """
    try:
        with np.errstate(all="ignore"):
            made = make(arrays.objects(x, (len(x),)))
            return made and made._replace(codes=[int(c) for c in np.ravel(made.codes)])
    except NO_VALUE:
        return None


def decoded_by(made, codes):
    """Return the exact values of codes by the decoder of a Made, or None for codes that it refuses.

    >>> decoded_by(Made([], lambda codes: [Fraction(c, 2) for c in codes]), [0, 7])
    (Fraction(0, 1), Fraction(7, 2))
    """
    try:
        with np.errstate(all="ignore"):
            return tuple(Fraction(v) for v in np.ravel(made.decode(codes)).tolist())
    except NO_VALUE:
        return None


def seen(make, x):
    """Return all that is to be seen of what is made of a tensor: codes, scale, zero point, decoded
    values; None where the way there divides by 0.

    >>> seen(lambda x: Made([1, 2], lambda codes: [c / 2 for c in codes]), [Fraction(1)])
    ([1, 2], None, None, (Fraction(1, 2), Fraction(1, 1)))
    """
    made = make_of(make, x)
    return made and (made.codes, made.scale, made.zero_point, decoded_by(made, made.codes))


def tensors(L, s):
    """Yield tensors that tell candidates apart: quarters of a step s around 0, between ends that
    are L − 1 steps apart.

    >>> [len(x) for x in tensors(4, Fraction(1))][:3], next(tensors(4, Fraction(2)))[:2]
    ([21, 9, 12], [Fraction(-24, 1), Fraction(24, 1)])
    """
    quarters = (0, 1, 2, 3, 4, 5, 6, 10, 14)
    inner = [Fraction(k, 4) for k in (*(-k for k in quarters[:0:-1]), *quarters)]
    lows = map(Fraction, (0, 1, 3, "1/2", "3/2", "5/2", "7/2", L // 3, L - 1))
    ends = [(-low, L - 1 - low) for low in lows]
    ends += [(-m, 1) for m in (Fraction(L - 1, 2), Fraction(L // 2 - 1), Fraction(L // 2))]
    ends += [(-high, -low) for low, high in ends]
    far = Fraction(10**10)
    yield [s * v for v in (-3 * L, 3 * L, far, -far, *inner)]  # for grids that stay
    for low, high in ends:
        yield [s * v for v in (low, high, *(v for v in inner if low < v < high))]
    for start in (1, Fraction(7, 2)):  # 0 outside
        up = [start, start + L - 1, *(start + v for v in inner if 0 < v < L)]
        yield [s * v for v in up]
        yield [-s * v for v in up]
