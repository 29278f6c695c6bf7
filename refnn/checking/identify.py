"""This module finds the conventions and the slips that give the printed codes.

A convention is a published rule of quantization. A slip is a known mistake in a formula. Each of
the `candidates` (every convention, the article's formula as written, and, if no convention gives
all, every single slip) computes the codes of x exactly. They are compared with the printed codes,
entry by entry. If a scale, a zero point or decoded values are printed, they are entries too. A
decoder is judged on the printed codes. A decoded value or a scale agrees if it lies within half a
unit of the last printed digit. Where a candidate computes with the printed scale, the scale is
taken as the exact number.

If several candidates give everything, the module searches for a separating input: a tensor on
which these candidates differ. Such tensors hold ends of the range, ties, quarters of a step and
values out of range. If one tensor does not separate all candidates, a second one follows.
Candidates that are never separated gave the same results on all tensors. Most of them are one rule
with two names.
"""

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.arrays import Refused
from refnn.checking.catalogue.candidate import (
    Printed,
    decoded_by,
    differs,
    in_floats,
    make_of,
    tensors,
)
from refnn.checking.catalogue.candidates import conventions, fitted, mistakes
from refnn.checking.plane.digits import NUMBERS, flat, half_unit, significant
from refnn.checking.solver import MAX_VALUES
from refnn.validation import flag, takes, whole

NEAR = Fraction(3, 4)  # the least share of agreeing entries in a near match


class Row(NamedTuple):
    """A candidate and the number of entries in which it agrees."""

    name: str
    kind: str
    slip: str | None
    agree: int  # the entries that agree
    of: int  # all entries
    codes: tuple  # of the candidate for x
    grid: tuple | None = None  # its scale and zero point, where it chooses them
    about: object = None  # the Convention, if it is one


class Separation(NamedTuple):
    """A tensor on which some of the candidates differ."""

    x: tuple
    prints: tuple  # of (names, codes) or (names, (codes, decoded)); None if they divide by 0


class Tie(NamedTuple):
    """The numbers that lie midway between two codes, and a convention that rounds them otherwise.

    >>> found = identify(["-1", "0.5", "2.5"], [0, 2, 4], 256, scale=1, zero_point=1)
    >>> found.tie
    Tie(entries=(1, 2), name='ONNX (codes 0..255)', codes=(1, 3))
    """

    entries: tuple  # flat positions; () if it is the zero point
    name: str  # the convention that rounds them otherwise
    codes: tuple  # its codes, one for each of the entries; or its zero point


class Identified(NamedTuple):
    """The candidates that give the codes, those that nearly do, and what separates them."""

    exact: tuple  # of Row
    near: tuple  # of Row
    separating: tuple  # of Separation, the one that separates most first
    note: str  # what was left out, in words
    tie: Tie | None = None  # the entries in which a tie decides between two conventions


# --- the arguments --------------------------------------------------------------------------------


def _x(name, x, arguments):
    x = NUMBERS(name, x, arguments)
    if not 1 <= len(x) <= MAX_VALUES:
        raise Refused(name, f"from 1 to {MAX_VALUES} numbers", f"{len(x)}")
    return x


def _as_many(name, values, n):
    if len(values) != n:
        raise Refused(name, f"one value for each number of x ({n})", f"{len(values)}")
    return values


def _codes(name, codes, arguments):
    codes = NUMBERS(name, codes, arguments)
    for c in _as_many(name, codes, len(arguments["x"])):
        if c.denominator != 1 or abs(c) > 2**53:
            got = arrays.describe(int(c) if c.denominator == 1 else float(c))
            raise Refused(name, "whole numbers of at most 2^53", got)
    return [int(c) for c in codes]


def spread(printed):
    """Return how far a result may be from its print: half a unit of its last digit.

    A print of 7 digits or more may be a float32, and one of 15 or more a float64. If it is one, the
    result may be off by 4 units in that float's last place too.

    >>> float(spread("0.25")), float(spread("0.0117647061124444"))
    (0.005, 3.725290348461914e-09)
    """
    half, digits = half_unit(printed), significant(printed)
    for dtype, least in ((np.float32, 7), (np.float64, 15)):
        value = arrays.exact("printed", printed)
        nearest = dtype(float(value))
        if digits >= least and abs(Fraction(float(nearest)) - value) <= half:
            return half + 4 * Fraction(float(abs(np.spacing(nearest))))
    return half


def _intervals(name, decoded, arguments):
    """Return the interval of each decoded value, to both sides of what is printed."""
    decoded = _as_many(name, flat(name, decoded), len(arguments["x"]))
    exact = NUMBERS(name, decoded, arguments)
    return [(v - spread(d), v + spread(d)) for v, d in zip(exact, decoded)]


def _step(name, scale, arguments):
    """Return a printed scale as (its value, how far the exact one may be from it)."""
    step = arrays.exact(name, scale)
    if arguments["zero_point"] is None:
        raise Refused("zero_point", "given together with scale", "None")
    if step <= 0:
        raise Refused(name, "positive", arrays.describe(scale))
    return step, spread(scale)


def _zero_point(name, zero_point, arguments):
    if arguments["scale"] is None:
        raise Refused("scale", "given together with zero_point", "None")
    return arrays.whole(name, zero_point, -(2**52), 2**52)


@takes(
    levels=whole(1, 2**53),
    x=_x,
    codes=_codes,
    decoded=_intervals,
    scale=_step,
    zero_point=_zero_point,
    pair=flag,
)
def identify(x, codes, levels, scale=None, zero_point=None, decoded=None, pair=True):
    """Find the candidates that give the codes of x, those that nearly do, and what separates them.

    The conventions come first. If one gives all that is printed, no rounding and no slip is listed,
    because on this input its results are right. If it gives the codes on the given grid, only
    slips in the choice of that grid are listed. A candidate nearly gives the codes if at least
    three quarters of the entries agree. x holds at most 200 numbers: Fractions, whole numbers,
    decimal strings, or floats, which are read as the decimal they print. Nested lists are
    flattened. scale and zero_point are given together or not at all. pair=False leaves out the
    solver's (W, B).

    >>> found = identify(["-1.5", "0.2", "2.8"], [-128, -28, 127], levels=256)
    >>> [(row.slip, row.agree, row.of) for row in found.exact]
    [('floor_for_round', 3, 3)]
    """
    step, half = scale or (None, Fraction(0))
    given = Printed(x, codes, levels, step, half, zero_point, decoded)
    published = _published(given)
    tried, note = fitted(given) if pair else ([], "")
    rows = published + _rows(tried, given)
    right = [row for row, _ in published if _is_exact(row)]
    if any(row.grid for row in right):  # then a convention on the given grid adds nothing
        rows = [
            (row, c)
            for row, c in rows
            if row.grid or row.kind != "convention" or not _is_exact(row)
        ]
    if not any(row.grid for row in right):
        tried, more = mistakes(given)
        wrong = _counting(_rows(tried, given), given)
        # Where a convention gives the codes on the given grid, only the grid can be a mistake.
        rows += [(row, c) for row, c in wrong if row.grid or not right]
        note = "; ".join(filter(None, (note, more)))
    exact = [(row, c) for row, c in rows if _is_exact(row)]
    near = [row for row, _ in rows if NEAR * row.of <= row.agree < row.of]
    near.sort(key=lambda row: Fraction(row.agree, row.of), reverse=True)
    separating, exact_rows = _separating([c for _, c in exact], given), [row for row, _ in exact]
    tie = _tie(exact_rows, [row for row, _ in published], given)
    return Identified(tuple(exact_rows), tuple(near), separating, note, tie)


def _is_exact(row):
    return row.agree == row.of


def _rows(candidates, given):
    """Return (its Row, the candidate) for each candidate that has a result."""
    return [(row, c) for c in candidates if (row := _row(c, given))]


def _published(given):
    """Return the rows of the conventions, computed exactly.

    A convention that fits only in float32 or float64 has a row for that, too.
    """
    tried = conventions(given)
    rows = _rows(tried, given)
    exact = {row.name for row, _ in rows if _is_exact(row)}
    for dtype in (np.float32, np.float64):
        by_machine = [
            c._replace(name=f"{c.name}, in {dtype.__name__}", make=in_floats(c.make, dtype))
            for c in tried
            if c.name not in exact
        ]
        rows += [(row, c) for row, c in _rows(by_machine, given) if _is_exact(row)]
    return rows


def _counting(rows, given):
    """Keep the rows that nearly agree and whose candidates differ from what is right."""
    near = [(row, c) for row, c in rows if row.agree >= NEAR * row.of]
    return [(row, c) for row, c in near if differs(c, given.levels)]


def _row(candidate, given):
    made = make_of(candidate.make, given.x)
    if made is None:
        return None
    agree = [a == b for a, b in zip(made.codes, given.codes)]
    if given.scale is not None and made.scale is not None:
        agree += max(
            [abs(scale - given.scale) <= given.half, zero_point == given.zero_point]
            for scale, zero_point in filter(None, ((made.scale, made.zero_point), made.own))
        )
    if given.decoded:
        values = decoded_by(made, given.codes)
        agree += [
            values is not None and low <= values[i] <= high
            for i, (low, high) in enumerate(given.decoded)
        ]
    name, kind, _, slip, _, about = candidate
    grid = None if made.scale is None else (made.scale, made.zero_point)
    return Row(name, kind, slip, sum(agree), len(agree), tuple(made.codes), grid, about)


def _tie(exact, published, given):
    """Find two conventions that differ only in how they round ties, and the numbers that are
    ties."""

    def grid(row):
        return row.grid or (given.scale, given.zero_point)

    published = [row for row in published if row.about.own is None]
    for row in exact:
        if row.kind != "convention" or row.about.own:
            continue
        scale, zero_point = grid(row)
        ties = {i for i, v in enumerate(given.x) if (v / scale + zero_point).denominator == 2}
        at_a_tie = (min(*given.x, 0) / scale).denominator == 2
        for other in published:
            other_scale, other_zero_point = grid(other)
            apart = {i for i, c in enumerate(other.codes) if c != row.codes[i]}
            if other_scale == scale and apart and apart <= ties and other_zero_point == zero_point:
                at = tuple(sorted(apart))
                return Tie(at, other.name, tuple(other.codes[i] for i in at))
            both = other_scale == scale and row.about.limits is other.about.limits
            if at_a_tie and both and abs(other_zero_point - zero_point) == 1:
                return Tie((), other.name, (other_zero_point,))
    return None


# --- separating inputs ----------------------------------------------------------------------------


def _separating(several, given):
    """Find tensors on which most candidates differ, and drop the numbers that are not needed."""
    if len(several) < 2:
        return ()
    tried = tensors(given.levels, given.scale or Fraction(1))
    tried = [(x, _prints(several, x, given)) for x in tried]
    out, apart = [], {c.name: () for c in several}  # apart: what each candidate has given so far
    while True:
        x, prints = max(tried, key=lambda pair: _kinds(apart, pair[1]))
        if _kinds(apart, prints) == _kinds(apart):
            return tuple(out)
        for i in reversed(range(len(x))):
            if fewer := x[:i] + x[i + 1 :]:
                found = _prints(several, fewer, given)
                if _kinds(apart, found) >= _kinds(apart, prints):
                    x, prints = fewer, found
        groups = {}
        for name, printed in prints.items():
            apart[name] += (printed,)
            groups.setdefault(printed, []).append(name)
        prints = tuple((tuple(names), printed) for printed, names in groups.items())
        out.append(Separation(tuple(x), prints))


def _kinds(apart, prints=None):
    """Count the groups of candidates that gave equal results so far.

    If `prints` is given, the results in it must also be equal.
    """
    return len({(seen, prints and prints[name]) for name, seen in apart.items()})


def _prints(several, x, given):
    """Return {name: what the candidate gives for x}."""
    out = {}
    for candidate in several:
        made = make_of(candidate.make, x)
        codes = None if made is None else tuple(made.codes)
        decoded = made is not None and given.decoded
        out[candidate.name] = (codes, decoded_by(made, codes)) if decoded else codes
    return out
