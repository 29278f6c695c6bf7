"""Numbers are read as they are printed, and a printed result is known to half a unit of its last
digit."""

from fractions import Fraction as F

import numpy as np
import pytest

from refnn.checking.plane.digits import as_text, decimal, flat, half_unit, significant
from refnn.checking.solver import solve


def test_numbers_are_read_as_printed():
    as_arrays = [np.array([0.1, 0.2]), np.float32([0.1, 0.2])]
    as_lists = [0.1, 0.2], ["0.1", "0.20"], [F(1, 10), F(1, 5)], [[0.1], [0.2]]
    for x in (*as_lists, *as_arrays):
        assert solve(x, [0, 1], 8).period == 80
    assert solve([1, 2], np.array([0, 1]), 8).period == 8


def test_half_units():
    for text, half in (
        ("0.3", F(1, 20)),
        ("0.30", F(1, 200)),
        ("3", 0),
        ("-1.", F(1, 2)),
        ("1e-3", F(1, 2000)),
        ("2.5e1", F(1, 2)),
        ("1/3", 0),
        (4, 0),
    ):
        assert half_unit(text) == half, text


@pytest.mark.parametrize(
    ("text", "digits"),
    [("0", 0), ("-0.00", 0), ("+1.20", 3), ("1200", 4), ("3e5", 1), (".05E-2", 1), ("nan", 0)],
)
def test_zeros_before_the_first_digit_are_not_significant(text, digits):
    assert significant(text) == digits


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (F(1, 2**12), "0.000244140625"),  # twelve places
        (F(1, 2**13), "1/8192"),  # thirteen
        (F(1, 5**3), "0.008"),
        (F(-1, 20), "-0.05"),
        (F(0), "0"),
        (F(-30), "-30"),
    ],
)
def test_a_decimal_has_at_most_twelve_places(value, text):
    assert decimal(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (F(10**23), "1" + 23 * "0"),  # 24 characters are short
        (F(10**24), "1e+24"),
        (F(-(10**23)), "-1e+23"),
        (F(10, 33), "10/33"),  # 5 characters need no decimals
        (F(100, 33), "100/33 (3.0303)"),  # six digits, 3.03030
        (F(200, 3), "200/3"),
        (F(2000, 3), "2000/3 (666.667)"),
        (F(1, 30011), "1/30011 (0.0000333211)"),
        (F(1, 300007), "1/300007 (3.33326e-06)"),
        (F(1000003, 3), "1000003/3 (333334)"),
        (F(10000003, 3), "10000003/3 (3.33333e+06)"),
        (F(10**320), "a number beyond 1e308"),
        (F(-(10**320)), "a number beyond 1e308"),
        (F(1, 3**10000), "a number below 1e-308"),
    ],
)
def test_numbers_are_written_in_a_few_characters(value, text):
    assert as_text(value) == text


def test_a_number_has_two_digits_more_than_the_printed_one():
    assert as_text(F(2000, 3), like="666.67") == "2000/3 (666.6667)"  # 5 + 2
    assert as_text(F(2000, 3), like="667") == "2000/3 (666.667)"  # but at least 6
    long = F(1, 3**50)  # 1/717897987691852588770249
    assert as_text(long) == "1.3929555691e-24"
    assert as_text(long, like="0." + 23 * "0" + "139295556910") == "1.3929555690985e-24"


def test_lists_are_flat_up_to_thirty_three_deep():
    def nested(depth, inside=5):
        return [nested(depth - 1, inside)] if depth else inside

    assert flat("x", nested(33)) == [5]
    with pytest.raises(ValueError, match="x must be numbers or lists of numbers, got None"):
        flat("x", nested(32, None))
    with pytest.raises(ValueError, match="x must be numbers or lists of numbers, got lists nested"):
        flat("x", nested(34))


@pytest.mark.parametrize(
    ("values", "got"), [(np.ma.array([1.0]), "a masked array"), ({"a": 1}, "{'a': 1}"), (None, "")]
)
def test_what_is_no_number_is_refused(values, got):
    with pytest.raises(TypeError, match=f"x must be numbers or lists of numbers, got {got}"):
        solve(values, [0], 8)
