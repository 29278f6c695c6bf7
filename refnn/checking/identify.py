"""Who prints these codes? Every published convention, the formula as written and every single slip,
side by side.

Each of the `candidates` is made to print x, exactly, and is compared with what is printed, entry by
entry. An entry agrees if the code is the printed one; a scale, a zero point and decoded values, if
printed, are entries too. Decoded values and a scale are intervals, half a unit of their last digit
to each side; a given scale is a number where it is used. Decoders are judged on the printed codes.

If several candidates print everything, a separating input is a tensor on which they differ, of
ends, ties, quarters of a step and values out of range; where one tensor does not tell all of them
apart a second follows. Those that stay together were never seen to differ: most are one rule by two
names."""

from fractions import Fraction
from typing import NamedTuple

from refnn import arrays
from refnn.checking import solver
from refnn.checking.catalogue.candidate import Printed, decoded_by, make_of, tensors
from refnn.checking.catalogue.candidates import candidates
from refnn.checking.reading.printed import half_unit

NEAR = Fraction(3, 4)  # of the entries


class Row(NamedTuple):
    """A candidate and how it did: agree of `of` entries; codes: what it prints for x.
    >>> Row._fields
    ('name', 'kind', 'slip', 'agree', 'of', 'codes')"""

    name: str
    kind: str
    slip: str | None
    agree: int
    of: int
    codes: tuple


class Separation(NamedTuple):
    """x: a tensor; prints: pairs (names, codes) or (names, (codes, decoded)), None for codes where
    one divides by 0.
    >>> Separation._fields
    ('x', 'prints')"""

    x: tuple
    prints: tuple


class Identified(NamedTuple):
    """exact and near: tuples of Row; separating: tuple of Separation, the sharpest first; note:
    what was left out.
    >>> Identified._fields
    ('exact', 'near', 'separating', 'note')"""

    exact: tuple
    near: tuple
    separating: tuple
    note: str


def identify(x, codes, levels, scale=None, zero_point=None, decoded=None):
    """All candidates that print the codes of x exactly; those that print three quarters; and what
    tells them apart.

    x: Fractions, whole numbers, decimal strings, or floats read as the decimal they print; codes
    from −levels/2 to levels − 1; scale and zero_point together or not at all; at most 200 values;
    nested lists are flattened.

    >>> found = identify(["-1.5", "0.2", "2.8"], [-128, -28, 127], levels=256)
    >>> [(row.slip, row.agree, row.of) for row in found.exact]
    [('floor_for_round', 3, 3)]
    """
    given = _checked(x, codes, levels, scale, zero_point, decoded)
    all_candidates, note = candidates(given)
    rows = [(row, c) for c in all_candidates if (row := _row(c, given))]
    exact = [(row, c) for row, c in rows if row.agree == row.of]
    near = sorted(
        (row for row, _ in rows if NEAR * row.of <= row.agree < row.of),
        key=lambda row: Fraction(row.agree, row.of),
        reverse=True,
    )
    return Identified(
        tuple(row for row, _ in exact), tuple(near), _separating([c for _, c in exact], given), note
    )


def _checked(x, codes, levels, scale, zero_point, decoded):
    function = "identify"
    levels = arrays.whole(function, "levels", levels, 1, 2**53)
    numbers = {}
    for name, values in (("x", x), ("codes", codes), ("decoded", decoded)):
        values = [] if values is None and name == "decoded" else solver.flat(function, name, values)
        numbers[name] = [arrays.exact(function, name, v) for v in values]
        if name == "decoded":
            half = [half_unit(v) for v in values]
    n = len(numbers["x"])
    if not 1 <= n <= solver.MAX_VALUES:
        arrays.refuse(function, "x", f"from 1 to {solver.MAX_VALUES} numbers", f"{n}")
    for name in ("codes", "decoded"):
        if len(numbers[name]) != n and (name == "codes" or decoded is not None):
            arrays.refuse(
                function, name, f"as many as x has numbers ({n})", f"{len(numbers[name])}"
            )
    for c in numbers["codes"]:
        if c.denominator != 1 or not -(levels // 2) <= c < levels:
            arrays.refuse(
                function,
                "codes",
                f"whole numbers from {-(levels // 2)} to {levels - 1}",
                arrays.describe(int(c) if c.denominator == 1 else float(c)),
            )
    if (scale is None) != (zero_point is None):
        arrays.refuse(
            function,
            "scale" if scale is None else "zero_point",
            "given where the other of the two is",
            "None",
        )
    step, half_step = None, Fraction(0)
    if scale is not None:
        step, half_step = arrays.exact(function, "scale", scale), half_unit(scale)
        zero_point = arrays.whole(function, "zero_point", zero_point, -(2**52), 2**52)
        if step <= 0:
            arrays.refuse(function, "scale", "positive", arrays.describe(scale))
    intervals = (
        None if decoded is None else [(v - h, v + h) for v, h in zip(numbers["decoded"], half)]
    )
    return Printed(
        numbers["x"],
        [int(c) for c in numbers["codes"]],
        levels,
        step,
        half_step,
        zero_point,
        intervals,
    )


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
    return Row(
        candidate.name, candidate.kind, candidate.slip, sum(agree), len(agree), tuple(made.codes)
    )


# --- what tells them apart
# -------------------------------------------------------------------------------------------


def _separating(several, given):
    """Of the tensors tried the one on which most of the candidates differ, without what it does not
    need; then others for those that it leaves together."""
    names = {c.name: c for c in several}
    tried = [
        (x, _prints(several, x, given))
        for x in tensors(given.levels, given.scale or Fraction(1))
        if len(several) > 1
    ]
    out, apart = [], dict.fromkeys(names, ())  # of each candidate what was seen of it
    while tried:
        x, prints = max(tried, key=lambda pair: _kinds(apart, pair[1]))
        if _kinds(apart, prints) == _kinds(apart):
            break
        for i in reversed(range(len(x))):
            fewer = x[:i] + x[i + 1 :]
            if fewer and _kinds(apart, found := _prints(several, fewer, given)) >= _kinds(
                apart, prints
            ):
                x, prints = fewer, found
        apart = {name: (*apart[name], prints[name]) for name in names}
        groups = {}
        for name, printed in prints.items():
            groups.setdefault(printed, []).append(name)
        out.append(
            Separation(
                tuple(x), tuple((tuple(group), printed) for printed, group in groups.items())
            )
        )
    return tuple(out)


def _kinds(apart, prints=None):
    return len({(seen, prints and prints[name]) for name, seen in apart.items()})


def _prints(several, x, given):
    """{name: what the candidate prints for x}."""
    out = {}
    for candidate in several:
        made = make_of(candidate.make, x)
        codes = None if made is None else tuple(made.codes)
        out[candidate.name] = (
            (codes, decoded_by(made, codes)) if made is not None and given.decoded else codes
        )
    return out
