"""Claims about the affine map, against published codes, decoded values and scales."""

import pytest

from checking.cases import CHOOSE, UINT8, verdict


def test_published_codes_are_exact():
    onnx = {"x": [0, 2, 3, 1000, -254, -1000], "printed": [128, 129, 130, 255, 1, 0]}
    uint4 = {"zero_point": [1, 1, 1], "qmax": 15, "scale": [2, 3, 4], "axis": 0}
    rows = [["0", "2.5", "4.8", "8.6"], [-30, -20, 6, 9], [12, 15, 16, 40]]
    by_row = {**uint4, "x": rows, "printed": [[1, 2, 3, 5], [0, 0, 3, 4], [4, 5, 5, 11]]}
    x = [["191.6", "-13.5", "728.6"], ["92.14", "295.5", "-184"], [0, "684.6", "245.5"]]
    course = {
        "scale": "3.5",
        "zero_point": -70,
        "qmin": -128,
        "qmax": 127,
        "x": x,
    }  # DeepLearning.AI
    course["printed"] = [[-15, -74, 127], [-44, 14, -123], [-70, 126, 0]]
    half_to_even = {"x": [1, 3, 5, -1, -3, -5], "printed": [128, 130, 130, 128, 126, 126]}
    for claim in (onnx, by_row, course, half_to_even):
        assert verdict(**{**UINT8, **claim}).status == "exact"
    assert verdict(**UINT8, x=[1], printed=[130]).reason.startswith(
        "1 of 1 printed values is wrong: 1/scale = 0.5, a tie. Rounded, with the zero point 128 "
        "added, the code is 128, but 130 is printed"
    )
    assert verdict(**UINT8, x=[1], printed=[129])[3:] == (True, "By gemmlowp", "exact")


def test_published_decoded_values():
    ONNX = {"kind": "affine_dequantize", "scale": 2, "zero_point": 128, "qmin": 0, "qmax": 255}
    assert verdict(**ONNX, q=[0, 3, 128, 255], printed=[-256, -250, 0, 254]).status == "exact"
    thirds = {**ONNX, "scale": "1/3", "q": [129]}
    found = [verdict(**thirds, printed=[p]).status for p in ("0.33", "1/3", "0.34")]
    assert found == ["as printed", "exact", "cannot be"]


def test_a_published_scale_is_judged_by_its_digits():
    # ONNX: .0196078438 in float32; exactly 5/255
    claim = {"kind": "choose_qparams", "bits": 8, "signed": False, "symmetric": False}
    claim["x"] = ["0", "2", "-3", "-2.5", "1.34", "0.5"]
    found = [
        verdict(**claim, printed={"scale": s, "zero_point": 153}).status
        for s in ("0.0196078", "0.0196078438", "1/51")
    ]
    assert found == ["as printed", "as printed", "exact"]
    assert verdict(**claim, printed={"scale": "0.0196079438"}).status == "cannot be"
    reason = verdict(**claim, printed={"zero_point": 152}).reason
    assert reason.startswith("1 of 1 printed values is wrong: zero_point is 153, but 152")
    int8 = {**claim, "signed": True, "x": [-1, 2]}  # a published 42 for -43
    wrong = verdict(**int8, printed={"zero_point": 43})
    assert wrong.status == "cannot be" and "'zero_point_sign'" in wrong.reason
    rows = {**claim, "axis": 0, "x": [[0, 255], [0, 510]]}
    assert verdict(**rows, printed={"scale": [1, 2], "zero_point": [0, 0]}).status == "exact"


def test_a_range_that_may_be_nothing_leaves_every_scale_open():
    nothing = {**CHOOSE, "x": ["0.0"], "bits": 8, "signed": False}
    assert verdict(**nothing, printed={"scale": 1}).status == "exact"
    assert verdict(**nothing, printed={"scale": "0.0001"}).status == "cannot be"
    nothing["inputs"] = "rounded"  # x = 0.0255
    assert verdict(**nothing, printed={"scale": "0.0001"}).status == "not decidable"


@pytest.mark.parametrize(
    ("given", "low", "high"),
    [
        ({}, -128, 127),
        ({"signed": True}, -128, 127),
        ({"signed": False}, 0, 255),
        ({"bits": 4, "signed": True}, -8, 7),
        ({"bits": 4, "signed": False}, 0, 15),
        ({"bits": 2, "signed": True}, -2, 1),
        ({"qmin": -3, "qmax": 4}, -3, 4),
    ],
)
def test_codes_on_a_stated_grid_end_where_its_bits_end(given, low, high):
    claim = {"kind": "affine", "x": ["-900", "1", "900"], "scale": 1, "zero_point": 0, **given}
    for codes, holds in (
        ([low, 1, high], True),
        ([low - 1, 1, high], False),
        ([low + 1, 1, high], False),
        ([low, 1, high + 1], False),
        ([low, 1, high - 1], False),
    ):
        assert verdict(**claim, printed={"codes": codes}).holds is holds


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"scale": 1}, "zero_point must be given together with scale, got nothing"),
        ({"zero_point": 1}, "scale must be given together with zero_point, got nothing"),
        ({"axis": 1}, "axis must be an axis of x, from -1 to 0, got 1"),
        ({"axis": -2}, "axis must be an axis of x, from -1 to 0, got -2"),
        ({"scale": 1, "zero_point": 0, "qmin": 0}, "qmin must be given together with qmin and qm"),
        ({"scale": 1, "zero_point": 0, "bits": 33}, "bits must be a whole number from 2 to 32"),
        ({"scale": 0, "zero_point": 0}, "scale must be positive, got 0"),
        ({"scale": -1, "zero_point": 0}, "scale must be positive, got -1"),
        ({"scale": [1], "zero_point": [0, 1], "axis": 0}, r"of shape \(1,\), as scale, got shape"),
    ],
)
def test_a_grid_that_does_not_fit_is_refused(given, words):
    with pytest.raises(ValueError, match=words):
        verdict(**{"kind": "affine", "x": [1], "printed": {"codes": [1]}, **given})


def test_decoded_values_may_be_those_of_floats_and_of_no_other_code():
    """(5 − 2)·0.1 is 0.3, and 0.30000000000000004 in float64; (5 + 2)·0.1 is 0.7."""
    claim = {"kind": "affine_dequantize", "q": [5], "scale": "0.1", "zero_point": 2}
    claim |= {"qmin": 0, "qmax": 7}
    floats = repr(3 * 0.1)
    for printed, status in (
        ("0.3", "exact"),
        (floats, "as printed"),
        ("0.4000000000000001", "cannot be"),
        ("0.2000000000000001", "cannot be"),
    ):
        assert verdict(**claim, printed=[printed]).status == status
    by_row = {**claim, "q": [[5], [5]], "scale": ["0.1", "0.2"], "zero_point": [2, 4], "axis": 0}
    assert verdict(**by_row, printed=[[floats], [repr(1 * 0.2)]]).status == "as printed"
    assert verdict(**by_row, printed=[[floats], ["0.3000000000000001"]]).status == "cannot be"
