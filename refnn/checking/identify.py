"""This module finds the conventions and the slips that print given codes.

A convention is a published rule of quantization. A slip is a known mistake in a formula. Each of
the `candidates` (every convention, the article's formula as written, every single slip) computes
the codes of x exactly. They are compared with the printed codes, entry by entry. If a scale, a zero
point or decoded values are printed, they are entries too. A decoder is judged on the printed codes.
A decoded value or a scale agrees if it lies within half a unit of the last printed digit. Where a
candidate computes with the printed scale, the scale is taken as the exact number.

If several candidates print everything, the module searches for a separating input: a tensor on
which these candidates differ. Such tensors hold ends of the range, ties, quarters of a step and
values out of range. If one tensor does not separate all candidates, a second one follows.
Candidates that stay together gave the same results on all tensors. Most of them are one rule with
two names.
"""

from fractions import Fraction
from typing import NamedTuple

from refnn import arrays
from refnn.arrays import Refused
from refnn.checking.catalogue.candidate import Printed, decoded_by, make_of, tensors
from refnn.checking.catalogue.candidates import candidates
from refnn.checking.plane.digits import NUMBERS, flat, half_unit
from refnn.checking.solver import MAX_VALUES
from refnn.validation import takes, whole

NEAR = Fraction(3, 4)  # the least share of agreeing entries in a near match


class Row(NamedTuple):
    """A candidate and the number of entries in which it agrees."""

    name: str
    kind: str
    slip: str | None
    agree: int  # the entries that agree
    of: int  # all entries
    codes: tuple  # of the candidate for x


class Separation(NamedTuple):
    """A tensor on which some of the candidates differ."""

    x: tuple
    prints: tuple  # of (names, codes) or (names, (codes, decoded)); None if they divide by 0


class Identified(NamedTuple):
    """The candidates that print the codes, those that nearly do, and what separates them."""

    exact: tuple  # of Row
    near: tuple  # of Row
    separating: tuple  # of Separation, the one that separates most first
    note: str  # what was left out, in words


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
    codes, levels = NUMBERS(name, codes, arguments), arguments["levels"]
    for c in _as_many(name, codes, len(arguments["x"])):
        if c.denominator != 1 or not -(levels // 2) <= c < levels:
            got = arrays.describe(int(c) if c.denominator == 1 else float(c))
            raise Refused(name, f"whole numbers from {-(levels // 2)} to {levels - 1}", got)
    return [int(c) for c in codes]


def _intervals(name, decoded, arguments):
    """Return the interval of each decoded value, half a unit of its last digit to each side."""
    decoded = _as_many(name, flat(name, decoded), len(arguments["x"]))
    exact = NUMBERS(name, decoded, arguments)
    return [(v - half_unit(d), v + half_unit(d)) for v, d in zip(exact, decoded)]


def _step(name, scale, arguments):
    """Return a printed scale as (its value, half a unit of its last digit)."""
    step = arrays.exact(name, scale)
    if arguments["zero_point"] is None:
        raise Refused("zero_point", "given together with scale", "None")
    if step <= 0:
        raise Refused(name, "positive", arrays.describe(scale))
    return step, half_unit(scale)


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
)
def identify(x, codes, levels, scale=None, zero_point=None, decoded=None):
    """Find the candidates that print the codes of x, those that nearly do, and what separates them.

    A candidate nearly prints the codes if at least three quarters of the entries agree. x holds at
    most 200 numbers: Fractions, whole numbers, decimal strings, or floats, which are read as the
    decimal they print. Nested lists are flattened. Codes are from −levels/2 to levels − 1.
    scale and zero_point are given together or not at all.

    >>> found = identify(["-1.5", "0.2", "2.8"], [-128, -28, 127], levels=256)
    >>> [(row.slip, row.agree, row.of) for row in found.exact]
    [('floor_for_round', 3, 3)]
    """
    step, half = scale or (None, Fraction(0))
    given = Printed(x, codes, levels, step, half, zero_point, decoded)
    tried, note = candidates(given)
    rows = [(row, c) for c in tried if (row := _row(c, given))]
    exact = [(row, c) for row, c in rows if row.agree == row.of]
    near = [row for row, _ in rows if NEAR * row.of <= row.agree < row.of]
    near.sort(key=lambda row: Fraction(row.agree, row.of), reverse=True)
    separating = _separating([c for _, c in exact], given)
    return Identified(tuple(row for row, _ in exact), tuple(near), separating, note)


def _row(candidate, given):
    made = make_of(candidate.make, given.x)
    if made is None:
        return None
    agree = [a == b for a, b in zip(made.codes, given.codes)]
    if given.scale is not None and made.scale is not None:
        agree += [abs(made.scale - given.scale) <= given.half, made.zero_point == given.zero_point]
    if given.decoded:
        values = decoded_by(made, given.codes)
        agree += [
            values is not None and low <= values[i] <= high
            for i, (low, high) in enumerate(given.decoded)
        ]
    name, kind, _, slip = candidate
    return Row(name, kind, slip, sum(agree), len(agree), tuple(made.codes))


# --- separating inputs ----------------------------------------------------------------------------


def _separating(several, given):
    """Find tensors on which most candidates differ, and drop the numbers that are not needed."""
    if len(several) < 2:
        return ()
    tried = tensors(given.levels, given.scale or Fraction(1))
    tried = [(x, _prints(several, x, given)) for x in tried]
    out, apart = [], {c.name: () for c in several}  # apart: what each candidate has printed so far
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
    """Count the groups of candidates that printed the same so far, and in `prints` if given."""
    return len({(seen, prints and prints[name]) for name, seen in apart.items()})


def _prints(several, x, given):
    """Return {name: what the candidate prints for x}."""
    out = {}
    for candidate in several:
        made = make_of(candidate.make, x)
        codes = None if made is None else tuple(made.codes)
        decoded = made is not None and given.decoded
        out[candidate.name] = (codes, decoded_by(made, codes)) if decoded else codes
    return out
