"""Tables with a header are read however they are drawn."""

import pytest

from refnn.checking.reading import blocks, tables


def read(text):
    [block] = blocks.cut(text.strip("\n").split("\n"))
    return tables.read(block)


def roles(table):
    return {item.role: item.values for item in table.items}


RIGHT = {"x": ["-1.5", "0.3"], "codes": ["0", "10"], "decoded": ["-1.44", "0.36"]}


@pytest.mark.parametrize(
    "text",
    [
        "| x | q | x_hat |\n|---|:-:|--:|\n| -1.5 | 0 | -1.44 |\n| 0.3 | 10 | 0.36 |",
        "x | q | x_hat\n--|--|--\n-1.5 | 0 | -1.44\n0.3 | 10 | 0.36",
        "x | q | x_hat\n-1.5 | 0 | -1.44\n0.3 | 10 | 0.36",
        "| $x$ | $q = \\mathrm{round}(x/S) + Z$ | $\\hat{x}$ |\n|-|-|-|\n"
        "| $-1.5$ | `0` | **-1.44** |\n| 0.3 | 10 (clipped) | 0.36* |",
        "+------+----+-------+\n| x    | q  | x_hat |\n+======+====+=======+\n"
        "| -1.5 | 0  | -1.44 |\n| 0.3  | 10 | 0.36  |\n+------+----+-------+",
        "| # | Original | INT4 code | Reconstructed |\n|-|-|-|-|\n| 1 | −1.5 | 0 | −1.44 |\n"
        "| 2 | 0.3 | 10 | 0.36 |",
        "| decoded | code | value |\n|-|-|-|\n| -1.44 | 0 | -1.5 |\n| 0.36 | 10 | 0.3 |",
        "| x | -1.5 | 0.3 |\n|-|-|-|\n| q | 0 | 10 |\n| x_hat | -1.44 | 0.36 |",
        "| | a | b |\n|-|-|-|\n| x | -1.5 | 0.3 |\n| q | 0 | 10 |\n| x_hat | -1.44 | 0.36 |",
        "| 原始值 | 量化值 | 反量化值 |\n|-|-|-|\n| -1.5 | 0 | -1.44 |\n| 0.3 | 10 | 0.36 |",
    ],
)
def test_values_codes_and_decoded_values(text):
    table = read(text)
    assert roles(table) == RIGHT and table.notes == []
    assert [item.role for item in table.items] == ["x", "codes", "decoded"]


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("x | q | error\n-|-|-\n1 | 2 | 3", ["line 1: the column 'error' was not read."]),
        ("x | q | x/S\n-|-|-\n1 | 2 | 3", ["line 1: the column 'x/S' was not read."]),
        ("x | q\n-|-\n1 | 2\n… | …", ["line 4: the column 'x' was not read: not all", "line 4: "]),
        (
            "x | q\n-|-\n1 | a",
            ["line 3: the column 'q' was not read: not all its cells are numbers."],
        ),
        ("x | q | city\n-|-|-\n1 | 2 | a", []),
        (
            "x | 1 | 2\n-|-|-\nq | 3 | 4\nerror | 5 | 6\nx/S | 1 | 2",
            ["line 4: the row 'error'", "line 5: the row 'x/S'"],
        ),
        ("x | q\n-|-\n1 | 2 | 3", ["line 3: the table was not read: this row has"]),
        ("x | q\n-|-\n1 | 2\n3", ["line 4: "]),
        (
            "Name | City\n-|-\n1 | 2",
            ["line 1: the table was not read: no column has a known"],
        ),
    ],
)
def test_what_is_not_read_of_a_table_is_noted(text, notes):
    found = tables.read(blocks.Block("table", 1, tuple(text.split("\n")))).notes
    assert len(found) == len(notes) and all(map(str.startswith, found, notes))


def test_rows_of_names_and_values_state_a_grid():
    table = read("| Parameter | Value |\n|---|---|\n| Scale | 0.18 |\n| Zero point | 8 |")
    assert table.items == [] and table.words == [
        (1, "Parameter = Value"),
        (3, "Scale = 0.18"),
        (4, "Zero point = 8"),
    ]


@pytest.mark.parametrize("text", ["max |x| = 6\nfoo |y| bar", "a | b\nc | d", "|x| + |y|\n|z| = 1"])
def test_text_with_bars_is_no_table(text):
    assert tables.read(blocks.Block("table", 1, tuple(text.split("\n")))) is None


@pytest.mark.parametrize("cell", ["?", "a"])
def test_a_row_with_a_cell_that_is_no_number_is_left_out(cell):
    rest = "| q | 0 | 10 |\n| x_hat | -1.44 | 0.36 |"
    for row in (f"| x | {cell} | 0.3 |", f"| x | -1.5 | {cell} |"):
        table = read(f"| | a | b |\n|-|-|-|\n{row}\n{rest}")
        assert roles(table) == {role: RIGHT[role] for role in ("codes", "decoded")}
        assert table.notes == ["line 3: the row 'x' was not read."]


@pytest.mark.parametrize("lines", [("| x | q |", "|-|-|"), ("| x |", "|-|", "| 1 |"), ("|-|-|",)])
def test_a_table_has_two_rows_and_two_columns(lines):
    assert tables.read(blocks.Block("table", 1, lines)) is None
