"""What stands in a text is gathered by its blocks: formulas, chains of arithmetic, prints."""

import pytest

from refnn.checking.reading.blocks import cut
from refnn.checking.reading.gather import AFFINE, WRITTEN, gather


def gathered(text):
    return gather(cut(text.split("\n")))


@pytest.mark.parametrize(
    ("text", "formulas"),
    [
        ("q = floor(x / s)", []),
        ("x mod 8", []),
        ("words\nand floor(x*W + B) mod 8", [(2, WRITTEN)]),
        ("floor(x*W + B) mod 8", [(1, WRITTEN)]),
        ("words\n\nand then\nclip(round(x/S) + Z, 0, 15)", [(4, AFFINE)]),
        ("floor(x), x mod 8 and round(y)", [(1, WRITTEN), (1, AFFINE)]),
    ],
)
def test_the_articles_formula_has_a_floor_and_a_mod(text, formulas):
    assert gathered(text).formulas == formulas


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("S = 2.7 / 15\n= 0.18", ["0.18"]),
        ("S = 2.7 / 15 = 0.18", ["0.18"]),
        ("S = 2.7 / 15\nso far\n= 0.18", []),  # only the next line goes on
        ("S = 2.7 / 15\n\n= 0.18", []),
        ("S = 2.7 / 15\nS = 0.18", ["0.18"]),
        ("S = 2.7 / 15\nT = 0.18", []),
    ],
)
def test_a_chain_goes_on_in_the_next_line(text, printed):
    assert [claim["printed"] for claim in gathered(text).claims] == printed


@pytest.mark.parametrize(
    ("lines", "printed"),
    [
        ("S = 1 / 2\nT = 3 / 4 = 0.75", ["0.75"]),
        ("S = a / 2 = b / 2 = 3 / 2\nT = 3 / 4 = 0.75", ["0.75"]),
        ("S = 1 / 2 = 2 / 4 = b / 2\nT = 3 / 4 = 0.75", []),  # it is no print of numbers
        ("S = 2.7 / 15\n= 0.18", ["0.18"]),
    ],
)
def test_a_fence_is_read_if_every_chain_ends_in_numbers(lines, printed):
    found = gathered(f"```\n{lines}\n```")
    assert [claim["printed"] for claim in found.claims] == printed
    assert bool(found.notes) is not bool(printed)
