"""What a claim states of bits, ends and an axis decides which rules are tried."""

import numpy as np
import pytest

from refnn.checking.worked_example import check


def holds(**claim):
    return check({"title": "t", "claims": [{"kind": "affine", **claim}]})[0].holds


@pytest.mark.parametrize(
    ("qmin", "qmax", "codes"),
    [  # x = -1 and 2; the largest |x|, or the range of 3, is as long as the codes
        (-7, 7, [-4, 7]),  # -3.5 to even
        (-1, 1, [0, 1]),  # -0.5 to even
        (-2, 1, [-2, 1]),
        (-8, 7, [-8, 7]),
        (0, 15, [0, 15]),
        (0, 3, [0, 3]),
        (-32768, 32767, [-32768, 32767]),
    ],
)
def test_the_ends_say_the_bits(qmin, qmax, codes):
    claim = {"x": ["-1", "2"], "qmin": qmin, "qmax": qmax}
    assert holds(**claim, printed={"codes": codes})
    for other in ([-128, 127], [-64, 127], [0, 255]):  # of eight bits
        assert not holds(**claim, printed={"codes": other})


def test_one_end_alone_says_no_bits():
    for end in ({"qmin": -128}, {"qmax": 127}):
        assert holds(x=["-1", "2"], **end, printed={"codes": [-128, 127]})


def test_a_convention_has_one_grid_for_each_slice_of_the_axis():
    """Symmetric: scales 2/127 and 4/127 for the rows, 4/127, 3/127 and 2/127 for the columns."""
    x = [["-1", "2", "0"], ["4", "-3", "2"]]
    values = np.array(x, float)
    for axis, scale in ((0, ["0.015748", "0.031496"]), (1, ["0.031496", "0.023622", "0.015748"])):
        largest = abs(values).max(1 - axis, keepdims=True)
        codes = np.rint(values * 127 / largest).astype(int).tolist()
        claim = {"x": x, "axis": axis, "symmetric": True, "convention": "TFLite weights, int8"}
        assert holds(**claim, printed={"scale": scale})
        assert holds(**claim, printed={"codes": codes})
        assert not holds(**claim, printed={"codes": (np.array(codes) - 1).tolist()})


@pytest.mark.parametrize(
    ("codes", "scale", "zero_point", "by"),
    [
        ([-128, 127], "1/85", -43, ""),
        ([-8, 7], "1/5", -3, "By ONNX's rule with 4 bits"),
        ([0, 15], "1/5", 5, "By ONNX's rule with 4 bits, unsigned"),
        ([0, 3], "1", 1, "By ONNX's rule with 2 bits, unsigned"),
    ],
)
def test_bits_that_are_not_stated_are_tried(codes, scale, zero_point, by):
    """−1 … 2 is 3 long: 3/255, 3/15 and 3/3."""
    printed = {"scale": scale, "zero_point": zero_point, "codes": codes}
    claim = {"kind": "affine", "x": ["-1", "2"], "printed": printed}
    for found in check({"title": "t", "claims": [claim]}):
        assert found.status == "exact" and found.reason == by


def test_a_convention_that_is_not_listed_is_refused():
    with pytest.raises(ValueError, match="convention must be one of those that `conventions` list"):
        holds(x=["-1", "2"], convention="mine", printed={"codes": [0, 1]})
