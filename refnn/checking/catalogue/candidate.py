"""This module defines a candidate, a way from a tensor to codes and back in exact Fractions.

It also yields tensors on which candidates give different results."""

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.checking.catalogue.explain import NO_VALUE


class Candidate(NamedTuple):
    """A convention, formula, rounding rule or slip that may have given the codes."""

    name: str
    kind: str  # convention, formula, rounding or slip
    make: Callable  # (object array of Fractions) -> Made
    slip: str | None = None  # the name of the slip in the catalogue
    others: tuple = ()  # functions like make; the candidate counts only if it differs from each
    about: object = None  # the Convention, if it is one


class Made(NamedTuple):
    """The result of a candidate for one tensor: codes, decoder and grid."""

    codes: object  # whole numbers, one for each value of x
    decode: Callable  # (codes) -> their real values
    scale: object = None  # real units per code; None if it does not come from x
    zero_point: object = None  # the code of 0.0; None if it does not come from x
    own: tuple | None = None  # (scale, zero point) in the candidate's own form, if it has one


class Printed(NamedTuple):
    """The printed numbers after they were checked, exact or as intervals of rounded results."""

    x: list  # Fractions
    codes: list  # whole numbers, as many as x
    levels: int  # the number of codes
    scale: Fraction | None  # real units per code
    half: Fraction  # how far the scale may be from what is printed
    zero_point: int | None  # the code of 0.0
    decoded: list | None  # (low, high) of each decoded value


def make_of(make, x):
    """Return the Made of a candidate for a list of Fractions, or None if it divides by 0.

    make: the function `Candidate.make`. The codes are returned as a list.

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


def in_floats(make, dtype):
    """Return a function like `make` that computes in float32 or float64.

    Its decoder computes with the exact value of the float scale.

    >>> thirds = lambda x: Made(np.floor(x * 3), lambda codes: codes, x[0], 0)
    >>> make_of(thirds, [Fraction(1, 3)]).codes, make_of(in_floats(thirds, np.float32),
    ...                                                  [Fraction(33333333, 10**8)]).codes
    ([1], [1])
    """

    def made(x):
        found = make(np.array([float(v) for v in x], dtype))
        if found is None or found.scale is None:
            return found
        scale, zero_point = Fraction(float(found.scale)), Fraction(float(found.zero_point))
        own = found.own and tuple(Fraction(float(v)) for v in found.own)

        def decode(codes):
            return [(c - zero_point) * scale for c in codes]

        return found._replace(decode=decode, scale=scale, zero_point=zero_point, own=own)

    return made


def decoded_by(made, codes):
    """Return the exact values that a Made decodes codes to, or None if it refuses the codes.

    >>> decoded_by(Made([], lambda codes: [Fraction(c, 2) for c in codes]), [0, 7])
    (Fraction(0, 1), Fraction(7, 2))
    """
    try:
        with np.errstate(all="ignore"):
            return tuple(Fraction(v) for v in np.ravel(made.decode(codes)).tolist())
    except NO_VALUE:
        return None


def seen(make, x):
    """Return (codes, scale, zero point, decoded values) of a tensor, or None if it divides by 0.

    >>> seen(lambda x: Made([1, 2], lambda codes: [c / 2 for c in codes]), [Fraction(1)])
    ([1, 2], None, None, (Fraction(1, 2), Fraction(1, 1)))
    """
    made = make_of(make, x)
    return made and (made.codes, made.scale, made.zero_point, decoded_by(made, made.codes))


def differs(candidate, levels):
    """Return True if a candidate differs from each of its others on some tensor.

    >>> half = lambda x: Made([int(v / 2) for v in x], lambda codes: codes)
    >>> differs(Candidate("half", "slip", half, others=(half,)), levels=4)
    False
    """

    def results(make):
        return (seen(make, x) for x in tensors(levels, Fraction(1)))

    return all(
        any(a != b for a, b in zip(results(candidate.make), results(other)))
        for other in candidate.others
    )


def tensors(L, s):
    """Yield tensors on which candidates differ, with a step s and L levels.

    Their values are multiples of a quarter step near 0, between two ends that are L − 1 steps
    apart. In the last four tensors 0 lies outside the range.

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
    yield [s * v for v in (-3 * L, 3 * L, far, -far, *inner)]  # for grids that do not depend on x
    for low, high in ends:
        yield [s * v for v in (low, high, *(v for v in inner if low < v < high))]
    for start in (1, Fraction(7, 2)):  # 0 lies outside the range
        up = [start, start + L - 1, *(start + v for v in inner if 0 < v < L)]
        yield [s * v for v in up]
        yield [-s * v for v in up]
