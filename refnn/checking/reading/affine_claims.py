"""This module makes claims of the usual affine form, clip(round(x/S) + Z), from a group of numbers.

Only what the text states is put into a claim. A scale that the text computes from the values is
something that is printed, and so is judged. A scale that is only stated is given."""

import re
from fractions import Fraction

from refnn.checking.plane.digits import half_unit
from refnn.checking.reading.lists import flat
from refnn.checking.reading.prints import shape
from refnn.checking.reading.roles import CODES, DECODED, X

NUMBER = re.compile(r"\d{1,40}(?:\.\d{0,40})?|\.\d{1,40}")
EXTREME = re.compile(r"max|min|range|最大|最小|范围", re.IGNORECASE)


def claims(group, stated, alone=False, only=False):
    """Return (claims about a group, notes).

    stated: the statements of the text, a `grids.Stated`.
    alone: True if the text has nothing but these values, whose scale and zero point are printed.
    only: True if the text has no other group, so that an error that it states is this group's.

    >>> from refnn.checking.reading.groups import Group
    >>> from refnn.checking.reading.grids import Stated
    >>> from refnn.checking.reading.lists import Item
    >>> from refnn.checking.reading.statements import stated
    >>> found = {r: Item(r, "", v, 2, "", "print") for r, v in (("x", ["1.5"]), ("codes", ["3"]))}
    >>> claims(Group(found), Stated(stated(["S = 0.5, Z = 0"], 1), []))[0][0]
    {'kind': 'affine', 'name': 'line 2: x', 'x': ['1.5'], 'scale': '0.5', 'zero_point': '0', \
'printed': {'codes': ['3']}}
    """
    x, codes, decoded = (group.values(role) for role in (X, CODES, DECODED))
    if form := _format(group, stated):
        return _of_format(group, stated, form), []
    if slices := stated.one("scales", "", group.line):
        return _by_slices(group, stated, slices)
    scale, zero_point = (stated.one(key, group.base, group.line) for key in ("scale", "zero_point"))
    grid, notes = _grid(group, stated)
    values = {key: one.value for key, one in (("scale", scale), ("zero_point", zero_point)) if one}
    name = _name(group)
    if x is None:
        return _decoded(group, name, values, grid, notes)
    if scale is None and stated.speaks_of("scale"):
        values = {}  # a zero point belongs to one scale
    printed = {"codes": codes, "decoded": decoded, **(_errors(group, stated) if only else {})}
    printed = {key: value for key, value in printed.items() if value is not None}
    if alone or "scale" not in values or _computed(scale or zero_point, flat(x)):
        printed, values = {**values, **printed}, {}
    elif "zero_point" not in values:
        if stated.speaks_of("zero_point") or grid.get("symmetric") is False:
            printed, values = {**values, **printed}, {}
        else:
            values["zero_point"] = "0"
            notes.append(_assumed(group))
    if not printed:
        return [], notes
    return [{"kind": "affine", "name": name, "x": x, **values, **grid, "printed": printed}], notes


def _errors(group, stated):
    """Return the stated mse and max_error of a group whose decoded values are printed."""
    if DECODED not in group.found:
        return {}
    found = {key: stated.one(key, group.base, group.line) for key in ("mse", "max_error")}
    return {key: one.value for key, one in found.items() if one}


def _format(group, stated):
    """Return the format of few bits to which the text rounds these values, or ""."""
    form = stated.one("format", group.base, group.line)
    return form.value if form and stated.are_floats() and DECODED in group.found else ""


def _of_format(group, stated, form):
    """Return the claims about values that are rounded to a format such as FP8."""
    name, decoded = _name(group), group.values(DECODED)
    if X not in group.found or form == "fp8":
        why = "The text does not say which FP8 this is, E4M3 or E5M2"
        why = why if X in group.found else "The values before rounding are not printed"
        return [{"kind": "unread", "name": name, "printed": decoded, "why": why}]
    scale = stated.one("scale", group.base, group.line)
    given = {"scale": scale.value} if scale else {}
    claim = {"kind": "grid", "name": name, "x": group.values(X), "format": form}
    return [{**claim, **given, "printed": decoded}]


def _by_slices(group, stated, scales):
    """Return (claims about values with a scale for each row or column, notes)."""
    zeros, (grid, notes) = stated.one("zero_points", "", group.line), _grid(group, stated)
    named = {role: group.values(role) for role in (X, CODES, DECODED) if role in group.found}
    count, size = len(scales.value), shape(next(iter(named.values())))
    name, axes = _name(group), [axis for axis, n in enumerate(size) if n == count]
    if not axes or (zeros and len(zeros.value) != count) or (X not in named and len(named) < 2):
        why = f"The text states {count} scales, which do not fit these numbers"
        last = list(named.values())[-1]
        return [{"kind": "unread", "name": name, "printed": last, "why": why}], notes
    z = list(zeros.value) if zeros else ["0"] * count
    each = {"scale": list(scales.value), "zero_point": z, "axis": axes[0], **grid}
    if not zeros:
        notes = [*notes, _assumed(group)]
    if X in named:
        x = named.pop(X)
        claim = {"kind": "affine", "name": name, "x": x, **each, "printed": named}
        return ([claim] if named else []), notes
    ends = {"qmin": grid.get("qmin", -(2**15)), "qmax": grid.get("qmax", 2**16 - 1)}
    each = {key: each[key] for key in ("scale", "zero_point", "axis")} | ends
    claim = {"kind": "affine_dequantize", "name": name, "q": named[CODES], **each}
    return [{**claim, "printed": named[DECODED]}], notes


def _name(group):
    origin = next(iter(group.found.values())).origin
    if origin == "latex" and group.base:
        return group.base
    return f"line {group.line}: {'table' if origin == 'table' else group.base or 'x'}"


def _grid(group, stated):
    """Return (what is stated of the range of the codes, notes)."""
    found = {
        key: stated.one(key, group.base, group.line)
        for key in ("bits", "levels", "signed", "symmetric", "range", "qmin", "qmax")
    }
    value = {key: one.value for key, one in found.items() if one}
    ends = value.get("range", (value.get("qmin"), value.get("qmax")))
    grid, notes, bits = {}, [], value.get("bits", _bits(value.get("levels", 0)))
    if None not in ends and ends[0] < ends[1]:
        grid = {"qmin": ends[0], "qmax": ends[1]}
        if bits and ends[1] - ends[0] + 1 not in (2**bits, 2**bits - 1):
            said = f"{bits} bits do not fit the range {ends[0]} to {ends[1]}. The range is used."
            notes.append((group.line, f"line {group.line}: {said}"))
            bits = None
    if bits:
        grid["bits"] = bits
    if "qmin" not in grid and "signed" in value:
        if _beyond(group, bits, value["signed"]):
            said = f"line {group.line}: the codes do not fit signed codes of {bits} bits"
            notes.append((group.line, f"{said}, so the stated sign is not used."))
        else:
            grid["signed"] = value["signed"]
    if "symmetric" in value:
        grid["symmetric"] = value["symmetric"]
    return grid, notes


def _assumed(group):
    said = "no zero point is stated for these numbers, and 0 was assumed."
    return group.line, f"line {group.line}: {said}"


def _bits(levels):
    return levels.bit_length() - 1 if 4 <= levels <= 2**16 and levels & (levels - 1) == 0 else None


def _beyond(group, bits, signed):
    """Return True if the text says "int", but the codes are never negative and fit only an unsigned
    grid."""
    codes = group.values(CODES)
    if not signed or not bits or codes is None:
        return False
    codes = [Fraction(v) for v in flat(codes)]
    return min(codes) >= 0 and 2 ** (bits - 1) <= max(codes) < 2**bits


def _computed(one, x):
    """Return True if a text computes a scale or a zero point from the values themselves."""
    if one is None or not one.source:
        return False
    if EXTREME.search(one.source):
        return True
    x = [Fraction(v) for v in x]
    ends = {abs(max(x)), abs(min(x)), max(x) - min(x), 2 * max(map(abs, x))} - {0}
    said = NUMBER.findall(one.source)
    return any(abs(Fraction(v) - end) <= half_unit(v) for v in said for end in ends)


def _decoded(group, name, values, grid, notes):
    """Return (the claim about codes and decoded values without the values themselves, notes)."""
    codes, decoded = group.values(CODES), group.values(DECODED)
    at = f"line {group.line}"
    if codes is None or decoded is None or "scale" not in values:
        what = "codes" if decoded is None else "decoded values"
        said = f"{at}: the {what} were not judged: the values that they belong to are not printed."
        return [], [*notes, (group.line, said)]
    if "zero_point" not in values:
        notes = [*notes, _assumed(group)]
    whole = [int(Fraction(v)) for v in [*flat(codes), values.get("zero_point", "0")]]
    claim = {"kind": "affine_dequantize", "name": name, "q": codes, "zero_point": "0", **values}
    bits, unsigned = grid.get("bits", 0), grid.get("signed", min(whole) < 0) is False
    low, high = (
        (0, 2**bits - 1) if unsigned else (-(2 ** max(bits - 1, 0)), 2 ** max(bits - 1, 0) - 1)
    )
    ends = {"qmin": grid.get("qmin", min(low, *whole)), "qmax": grid.get("qmax", max(high, *whole))}
    return [{**claim, **ends, "printed": decoded}], notes
