"""This module reads tables with a header, such as "x | q | decoded", as Markdown draws them.

The outer pipes and the line of dashes may be missing, and a table may lie on its side, with the
names in its first column."""

import re
from typing import NamedTuple

from refnn.checking.reading import roles
from refnn.checking.reading.lists import Item
from refnn.checking.reading.plain import plain
from refnn.checking.reading.prints import number_problem

RULE = frozenset("-=:+ |")
REMARK = re.compile(r" ?\([^()\d]{0,40}\)$|[*†‡]$")
IN_BRACKETS = re.compile(r" ?\([^()]{0,60}\)")
COUNTS = frozenset(("", "#", "i", "j", "k", "n", "no", "no.", "index", "idx", "row", "id", "序号"))


class Table(NamedTuple):
    """What was read of a table."""

    items: list  # of Item
    words: list  # (line, text) of what may state a scale or the like
    notes: list


def read(block):
    """Read a table, or return None if the block is none.

    >>> from refnn.checking.reading.blocks import Block
    >>> lines = "x | q | error", "--|--|--", "0.5 | 1 | 0.1", "1.0 | 2 | 0.2"
    >>> table = read(Block("table", 4, lines))
    >>> [(item.role, item.values) for item in table.items], table.notes
    ([('x', ['0.5', '1.0']), ('codes', ['1', '2'])], ["line 4: the column 'error' was not read."])
    """
    rows = [
        (block.line + i, cells(line))
        for i, line in enumerate(block.lines)
        if not (set(line) <= RULE and set(line) & set("-="))
    ]
    if len(rows) < 2 or max(len(row) for _, row in rows) < 2:
        return None
    header, drawn = rows[0][1], len(rows) < len(block.lines)
    if (sideways := _sideways(rows)) is not None:
        return sideways
    if all(len(row) == 2 and number_problem(row[0]) is None for _, row in rows):
        return _pairs(rows) if drawn else None
    if any(number_problem(cell) == "" for cell in header) or not any(map(_role, header)):
        notes = [f"line {block.line}: the table was not read: no column has a known name."]
        return Table([], [], notes) if drawn else None
    table = _columns(rows)
    return table if table.items or drawn else None


def cells(line):
    """Return the cells of a line of a table as plain text.

    >>> cells("| **−1.50** | `0` | 15 (clipped) |")
    ['-1.50', '0', '15']
    """
    parts = line.strip()
    parts = parts[1:] if parts.startswith("|") else parts
    parts = parts[:-1] if parts.endswith("|") else parts
    return [_cell(part) for part in parts.split("|")]


def _cell(text):
    text = plain(text).strip().strip("*").strip()
    short = REMARK.sub("", text)
    return short if number_problem(short) == "" else text


def _role(head):
    """Return the role of the numbers below a head, or "".

    The left side of "q = round(x/S)" counts, and a formula without a name has no role."""
    left, equals, _ = head.partition("=")
    role = roles.of_label(f"{left} =" if equals else head)[0]
    if not role and not equals:
        role = roles.of_label(IN_BRACKETS.sub("", head))[0]
    return role


def _base(head):
    return roles.of_label(head.partition("=")[0] + " =")[1] if "_" in head or len(head) < 3 else ""


def _columns(rows):
    line, header = rows[0]
    body = [(at, row) for at, row in rows[1:] if any(row)]
    notes, found = [], []
    ragged = next((at for at, row in body if len(row) != len(header)), None)
    if ragged is not None:
        notes = [f"line {ragged}: the table was not read: this row has not as many cells"]
        return Table([], [], [f"{notes[0]} as the header."])
    for k, head in enumerate(header):
        role, values = _role(head), [row[k] for _, row in body]
        bad = next((at for at, row in body if number_problem(row[k]) != ""), None)
        said = f"the column '{head[:40]}'"
        if role in ("", roles.OTHER) or not values:
            if head.lower() not in COUNTS and (bad is None or role):
                notes.append(f"line {line}: {said} was not read.")
        elif bad is not None:
            notes.append(f"line {bad}: {said} was not read: not all its cells are numbers.")
        else:
            found.append(Item(role, _base(head), values, line, said, "table"))
    return Table(_in_order(found), [(line, ", ".join(header))], notes)


def _sideways(rows):
    """Read a table whose rows are the tensors, each with its name in the first column."""
    numbers = [all(number_problem(v) == "" for v in row[1:]) for _, row in rows]
    named = [_role(row[0]) for _, row in rows]
    used = [i for i, role in enumerate(named) if role in ("x", "codes", "decoded") and numbers[i]]
    if len(used) < 2 or len(rows[0][1]) < 3 or len({len(rows[i][1]) for i in used}) > 1:
        return None
    found = [
        Item(named[i], _base(rows[i][1][0]), rows[i][1][1:], rows[i][0],
             f"the row '{rows[i][1][0][:40]}'", "table")
        for i in used
    ]  # fmt: skip
    notes = [
        f"line {at}: the row '{row[0][:40]}' was not read."
        for i, (at, row) in enumerate(rows)
        if i not in used and i > 0
    ]
    return Table(_in_order(found), [], notes)


def _pairs(rows):
    """Read rows of "name | value", which state a scale and the like."""
    return Table([], [(at, f"{row[0]} = {row[1]}") for at, row in rows], [])


def _in_order(found):
    """Put the values before their codes, and these before what they decode to."""
    if [item.role for item in found].count("x") > 1:
        return found
    return sorted(found, key=lambda item: ("x", "codes", "decoded").index(item.role))
