"""Single lines of arithmetic, computed exactly, and everything that is no arithmetic is refused."""

import math
from fractions import Fraction as F

import pytest

from checking.cases import verdict
from refnn.checking.kinds.arithmetic import _root


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
    low, high = _root(F(2), "x").ends()
    assert low**2 <= 2 <= high**2 and high - low < F(1, 2**250)


@pytest.mark.parametrize(
    ("expression", "printed"),
    [
        ("+".join(["(1)"] * 60), "60"),  # brackets beside each other are not deep
        ("(" * 49 + "1" + ")" * 49, "1"),
        ("11" + "+1" * 499, "510"),  # a thousand characters
        ("2^64", str(2**64)),
        ("2^-64 * 2^64", "1"),
        ("3 ^ 0 + 0.5 ^ 2", "1.25"),
        ("2^3^2", "512"),
        ("--2 - -3 + +1", "6"),
        ("8 / 4 / 2 - 3 - 4", "-6"),
        ("min(2) + max(1; 7, 3)", "9"),
        ("clip(-3, -2, 5) + clip(9, -2, 5)", "3"),
        ("round(-2.345, 1)", "-2.3"),
        ("round(1250, -2)", "1200"),
        ("floor(2.7) - ceil(-2.7)", "4"),
        ("(2^64)^63 / (2^64)^62", str(2**64)),
        ("((2^64)^63 * 2^63) / ((2^64)^63 * 2^63)", "1"),  # 4096 bits
    ],
)
def test_the_order_and_the_limits_of_lines(expression, printed):
    assert status(expression, printed) == "exact"


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("(" * 50 + "1" + ")" * 50, "at most 50 brackets deep"),
        ("11" + "+1" * 499 + "0", "at most 1000 characters, got 1001"),
        ("(2^64)^64", "numbers of at most 4096 bits, got 4097 bits"),
        ("2^65", "a whole exponent from -64 to 64, got 65"),
        ("2^-65", "a whole exponent from -64 to 64, got -65"),
        ("1 / (2 - 2)", "does not divide by 0, got a division by 0"),
        ("round(1, 2, 3)", "round with its arguments, got 3 arguments"),
        ("sqrt(-0.25)", "the square root of 0 or of a positive number, got -0.25"),
        ("1 + * 2", r"\(at '\*'\)"),
        ("1 +", r"\(at 'its end'\)"),
    ],
)
def test_a_refused_line_says_why(expression, words):
    with pytest.raises(ValueError, match=words):
        status(expression, "1")
