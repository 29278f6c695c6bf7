"""Single lines of arithmetic, computed exactly, and everything that is no arithmetic is refused."""

import math
from fractions import Fraction as F

import pytest

from checking.cases import verdict


def status(expression, printed):
    return verdict(kind="arithmetic", expression=expression, printed=printed).status


@pytest.mark.parametrize(
    ("expression", "printed", "expected"),
    [
        ("2.7 / 15", "0.18", "exact"),
        ("1.5 / 0.18", "8.33", "as printed"),
        ("round(1.5 / 0.18)", "8", "exact"),
        ("clamp(round(-1.5 / 0.18 + 8), 0, 15)", "0", "exact"),
        ("clip(20, 0, 15) - min(3, 1, 2)", "14", "exact"),
        ("max(0, -2) + abs(-3)", "3", "exact"),
        ("(6 − (−6)) / 255", "0.0471", "as printed"),
        ("12/255", "0.0470588244497776", "as printed"),  # in float32
        ("12/255", "0.0470588235294118", "as printed"),
        ("12/255", "0.0470598235294118", "cannot be"),
        ("2^7 - 1", "127", "exact"),
        ("-2**2", "-4", "exact"),
        ("2^-1", "0.5", "exact"),
        ("sqrt(2)", "1.41421", "as printed"),
        ("sqrt(9/4)", "1.5", "exact"),
        ("floor(-0.5) + ceil(0.2)", "0", "exact"),
        ("round(2.5)", "2", "exact"),
        ("round(2.5)", "3", "exact"),  # away from zero, or up
        ("round(2.5)", "1", "cannot be"),
        ("round(0.125, 2)", "0.12", "exact"),
        ("0.1 + 0.2", "0.30000000000000004", "as printed"),
        ("0.1 + 0.2 - 0.3", "5.551115123125783e-17", "as printed"),
        ("3 · 4 ÷ 6 × 2", "4", "exact"),
        ("1e-3 * 1E3", "1", "exact"),
        ("7 / 2", "3", "cannot be"),
    ],
)
def test_lines_of_arithmetic(expression, printed, expected):
    assert status(expression, printed) == expected


@pytest.mark.parametrize(
    "expression",
    [
        *("", "1 +", "(1", "1)", "x + 1", "__import__('os')", "open(1)", "1 / 0", "2 ^ 1000"),
        *("round()", "min()", "sqrt(-1)", "1 ** 0.5", "9^64^2", "1" * 2000, "1;2", "a.b", "+"),
        *("(" * 60 + "1" + ")" * 60, "clip(1, 2)", "1 2", "lambda: 1", "[1, 2]"),
    ],
)
def test_what_is_no_arithmetic_is_refused_in_one_sentence(expression):
    with pytest.raises((ValueError, TypeError), match=r"^check: claims\[0\].expression must be"):
        status(expression, "1")


def test_a_root_is_enclosed():
    found = verdict(kind="arithmetic", expression="sqrt(2) * sqrt(2)", printed="2.000")
    assert found.status == "as printed"
    assert abs(F(found.computed) - 2) < F(1, 10**15) and math.isclose(found.computed, 2)
    assert status("round(sqrt(2))", "1") == "not decidable"
