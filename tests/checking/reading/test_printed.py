"""The number of levels is read from words, and the numbers of a claim are read by key."""

from fractions import Fraction as F

import pytest

from refnn.checking.reading.printed import Claim, levels_in


def test_levels_in_words():
    for text, P in (
        ("We use 256 quantization levels.", 256),
        ("$P = 2^3 = 8$", 8),
        ("$P = 2^{8} = 256$", 256),
        (r"\lfloor x \rfloor \mod 8", 8),
        (r"\pmod{16}", 16),
        ("floor(x*W + B) mod 8", 8),
        ("$P=8$", 8),
        ("P = 8.", 8),
        ("P = 8, B = 3", 8),
        ("quantization levels: 8", 8),
        ("quantization levels of 4", 4),
        ("量化级别为 16", 16),
    ):
        assert levels_in(text) == P, text
    for text in (r"\mod P", "P = 8.5", "P = 25^2", "P = 2^8", "sp = 3", "P = 8 * 2"):
        assert levels_in(text) is None, text


@pytest.mark.parametrize(
    ("rounded", "x", "W"),
    [
        (False, [(F("0.25"), F("0.25")), (3, 3)], [(F("0.5"), F("0.5"))] * 2),
        (True, [(F("0.245"), F("0.255")), (3, 3)], [(F("0.45"), F("0.55"))] * 2),
    ],
)
def test_an_exact_input_is_itself_and_a_rounded_one_half_a_unit_to_each_side(rounded, x, W):
    claim = Claim({"x": ["0.25", "3"], "W": "0.5"}, "claims[0]", rounded)
    assert claim.intervals("x", (2,)) == x
    assert claim.intervals("W", (2,)) == W  # one number serves both entries


def test_a_zero_without_decimals_has_those_of_the_finest_number_beside_it():
    for printed, half in (
        (["0.", "0.1", "0.25"], [F(1, 200), F(1, 20), F(1, 200)]),
        (["2.", "3."], [F(1, 2), F(1, 2)]),
        (["2.", "4"], [F(1, 2), 0]),  # a whole number is not the finest
    ):
        assert list(Claim({"p": printed}, "claims[0]", False).half("p")) == half


@pytest.mark.parametrize(
    ("given", "read", "words"),
    [
        ([[1, 2], [3]], {}, "a number or a rectangular array of numbers, got a ragged list"),
        ([[1], 2], {}, "a number or a rectangular array of numbers, got a ragged list"),
        ([[[1], [2, 3]], [[1], [2, 3]]], {}, "a rectangular array of numbers, got a ragged list"),
        ([], {}, "at least one number, got no number"),
        ([1, 2], {"shape": (3,)}, r"of shape \(3,\), got shape \(2,\)"),
        ([1, 2], {"spread_to": (3,)}, r"a shape that broadcasts to \(3,\), got shape \(2,\)"),
    ],
)
def test_numbers_that_do_not_fit_are_refused_by_key(given, read, words):
    with pytest.raises(ValueError, match=rf"^claims\[0\]\.x must be .*{words}"):
        Claim({"x": given}, "claims[0]", False).exact("x", **read)


def test_a_half_is_no_whole_number():
    claim = Claim({"q": ["1", "1.5"], "z": "2.0"}, "claims[0]", False)
    assert claim.whole("z") == 2
    with pytest.raises(ValueError, match=r"^claims\[0\]\.q must be whole numbers, got '3/2'"):
        claim.whole("q")
