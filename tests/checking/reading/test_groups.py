"""Which lists of a text belong together: those of one shape, and of those without it the lone."""

import pytest

from refnn.checking.reading.groups import Group, _fits, assemble
from refnn.checking.reading.lists import Item


def item(role, values, line=1, base=""):
    return Item(role, base, values, line, f"the list {values}", "print")


def of_shape(*shape):
    if len(shape) == 1:
        return [str(i) for i in range(shape[0])]
    return [of_shape(*shape[1:]) for _ in range(shape[0])]


@pytest.mark.parametrize(
    ("own", "other", "fits"),
    [
        ((6,), (6,), True),
        ((6,), (5,), False),
        ((2, 3), (2, 3), True),
        ((2, 3), (3, 2), False),
        ((2, 3), (6,), True),  # in one line
        ((6,), (2, 3), True),
        ((2, 3), (5,), False),
        ((4, 1), (1, 4), True),  # a column and a row
        ((1, 4), (4, 1), True),
        ((4, 1), (2, 2), True),
        ((2, 2), (4, 1), False),
        ((4, 1), (1, 5), False),
    ],
)
def test_numbers_fit_a_group_of_their_shape_or_count_in_one_line(own, other, fits):
    group = Group({"x": item("x", of_shape(*own))})
    assert _fits(group, item("codes", of_shape(*other))) is fits


def roles(groups):
    return [{role: one.values for role, one in group.found.items()} for group in groups]


def test_codes_of_another_shape_wait_for_their_own_decoded_values():
    x, two, back = ["0.5", "1.5", "2.5"], ["1", "2"], ["0.1", "0.2"]
    groups, notes = assemble([item("x", x), item("codes", two, 2), item("decoded", back, 3)])
    assert roles(groups) == [{"x": x}, {"codes": two, "decoded": back}]
    assert [note[0] for note in notes] == [2]
    more, three = ["7", "8"], ["4", "5", "6"]
    items_ = [item("x", x), item("codes", two), item("codes", more), item("codes", three)]
    assert roles(assemble(items_)[0]) == [{"x": x, "codes": three}, {"codes": two}, {"codes": more}]
