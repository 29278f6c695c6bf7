"""Claims about integer arithmetic, against ONNX's and gemmlowp's published numbers."""

import pytest

from checking.cases import verdict

A = [[11, 7, 3], [10, 6, 2], [9, 5, 1], [8, 4, 0]]
B = [[1, 4], [2, 5], [3, 6]]


def test_onnx_matmulinteger():
    claim = {"kind": "matmul", "a": A, "b": B, "a_zero_point": 12, "b_zero_point": 0}
    printed = [[-38, -83], [-44, -98], [-50, -113], [-56, -128]]
    assert verdict(**claim, printed=printed).status == "exact"
    wrong = verdict(**claim, printed=[[-38, -83], [-44, -98], [-50, -113], [-56, -127]])
    assert "row 4, column 2 is -128, but -127 is printed" in wrong.reason
    bytes_ = [[(int(v) + 128) % 256 - 128 for v in row] for row in [[200, 300]]]
    small = {"kind": "matmul", "a": [[100, 100]], "b": [[1, 2], [1, 1]]}
    assert verdict(**small, printed=[[200, 300]]).holds
    assert "'accumulator_of_a_byte'" in verdict(**small, printed=bytes_).reason


def test_gemmlowps_multiplier():
    claim = {"kind": "multiplier", "real": "0.00390625"}  # 2^-8
    assert verdict(**claim, printed={"multiplier": 2**30, "shift": 7}).status == "exact"
    left = verdict(**claim, printed={"shift": -7})
    assert left.holds and "to the left" in left.reason
    assert not verdict(**claim, printed={"multiplier": 2**30 + 1}).holds


def test_requantize_rounds_twice_or_once():
    claim = {"kind": "requantize", "accumulator": [1, 2, 3, 1000], "real": "0.25"}
    claim |= {"zero_point": 0, "qmin": 0, "qmax": 127}
    assert verdict(**claim, printed=[0, 1, 1, 127]).holds
    assert not verdict(**claim, printed=[0, 0, 0, 127]).holds
    factor = {k: v for k, v in claim.items() if k != "real"}
    factor |= {"multiplier": 2**30, "shift": 1}
    assert verdict(**factor, printed=[0, 1, 1, 127]).holds
    stated = {**claim, "rounding": "once"}
    assert verdict(**stated, printed=[0, 1, 1, 127]).status in ("exact", "cannot be")


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ({"kind": "multiplier", "real": 0, "printed": {"shift": 0}}, r"\.real must be positive"),
        ({"kind": "multiplier", "real": "0.5", "printed": {}}, r"printed must be a table with mul"),
        ({"kind": "multiplier", "real": 1, "printed": {"shift": 0, "z": 1}}, r"\['shift', 'z'\]"),
        ({"kind": "requantize", "real": 1, "multiplier": 1, "shift": 1}, "both or neither"),
        ({"kind": "requantize"}, "real must be given, or multiplier and shift instead"),
        ({"kind": "requantize", "multiplier": 1}, "shift must be given together with multiplier"),
        ({"kind": "requantize", "real": 1, "rounding": "up"}, "rounding must be one of 'twice'"),
        ({"kind": "matmul", "a": [[2**31]]}, r"int32 can hold, got 2147483648$"),
        ({"kind": "matmul", "a": [[-(2**31) - 1]]}, r"int32 can hold, got 2147483649$"),
        (
            {"kind": "matmul", "a": [[1, 2]]},
            r"b must be of shape \(2, n\), as a has shape",
        ),
        ({"kind": "matmul", "a": [1]}, r"b must be of shape \(1, n\), as a has shape \(1,\)"),
        ({"kind": "matmul", "b": [1]}, r"got shape \(1,\)"),
    ],
)
def test_what_integer_arithmetic_cannot_use_is_refused(claim, words):
    given = {"a": [[1]], "b": [[1]], "printed": [[1]]} if claim["kind"] == "matmul" else {}
    if claim["kind"] == "requantize":
        given = {"accumulator": [1], "zero_point": 0, "qmin": 0, "qmax": 7, "printed": [1]}
    with pytest.raises(ValueError, match=words):
        verdict(**{**given, **claim})


def test_the_ends_of_each_integer_type_are_multiplied_as_they_are():
    for a in (255, 256, 127, 128, -128, -129, 2**31 - 1, -(2**31)):
        assert verdict(kind="matmul", a=[[a]], b=[[1]], printed=[[a]]).status == "exact"


def test_zero_points_may_be_one_for_each_row_of_a_and_each_column_of_b():
    """Row 1: (1 − 1, 2 − 1) = (0, 1); row 2: (3 − 2, 4 − 2) = (1, 2); b: (5 − 3, 0 − 3)."""
    claim = {"kind": "matmul", "a": [[1, 2], [3, 4]], "b": [[5], [0]]}
    claim |= {"a_zero_point": [1, 2], "b_zero_point": [3]}
    assert verdict(**claim, printed=[[-3], [-4]]).status == "exact"
    assert not verdict(**claim, printed=[[-3], [4]]).holds


def test_one_rounding_and_two_may_differ():
    """(2³¹ − 1)·2⁻³² lies just below a half; rounded to 1 before it is halved, it is a half."""
    claim = {"kind": "requantize", "accumulator": [1], "zero_point": 0, "qmin": -8, "qmax": 7}
    near_half = {**claim, "multiplier": 2**31 - 1, "shift": 1}
    assert verdict(**near_half, rounding="once", printed=[0]).status == "exact"
    assert verdict(**near_half, rounding="twice", printed=[1]).status == "exact"
    assert not verdict(**near_half, rounding="twice", printed=[0]).holds
    found = verdict(**near_half, printed=[0])
    assert found.holds and "rounded once" in found.reason
