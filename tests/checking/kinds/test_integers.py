"""Claims about integer arithmetic, against ONNX's and gemmlowp's published numbers."""

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
