"""Claims about code books and grids, against the published example and by hand."""

import pytest

from checking.cases import verdict
from refnn.checking.worked_example import check

# Deep Compression, figure 3: 16 weights, 4 centroids, their gradient and one step with lr 1
HAN = {
    "x": [
        ["2.09", "-0.98", "1.48", "0.09"],
        ["0.05", "-0.14", "-1.08", "2.12"],
        ["-0.91", "1.92", "0", "-1.03"],
        ["1.87", "0", "1.53", "1.49"],
    ],
    "centroids": ["-1.00", "0.00", "1.50", "2.00"],
    "gradient": [
        ["-0.03", "-0.01", "0.03", "0.02"],
        ["-0.01", "0.01", "-0.02", "0.12"],
        ["-0.01", "0.02", "0.04", "0.01"],
        ["-0.07", "-0.02", "0.01", "-0.02"],
    ],
    "lr": 1,
}
CODES = [[3, 0, 2, 1], [1, 1, 0, 3], [0, 3, 1, 0], [3, 1, 2, 2]]
UPDATED = ["-0.97", "-0.04", "1.48", "1.96"]


def verdicts(**claim):
    return check({"title": "t", "claims": [{"kind": "codebook", **claim}]})


def test_deep_compression():
    found = verdicts(**HAN, printed={"codes": CODES, "updated": UPDATED})
    assert [v.status for v in found] == ["exact", "exact"]
    wrong = verdicts(**HAN, printed={"updated": ["-0.97", "-0.04", "1.48", "1.98"]})[0]
    assert "updated[3] is 1.96" in wrong.reason
    mean = ["-0.9925", "-0.008", "1.4933333", "1.99"]
    assert "'mean_over_the_sharers'" in verdicts(**HAN, printed={"updated": mean})[0].reason


def test_the_best_code_book():
    claim = {"x": ["0.1"] * 9 + ["3.1", "7.1"], "levels": 2}
    printed = {"centroids": ["0.1", "5.1"], "codes": [0] * 9 + [1, 1]}
    printed["decoded"] = ["0.1"] * 9 + ["5.1", "5.1"]
    assert [v.status for v in verdicts(**claim, printed=printed)] == ["exact"] * 3
    local = {"centroids": ["0.4", "7.1"], "codes": [0] * 10 + [1]}  # k-means may stop here
    assert [v.holds for v in verdicts(**claim, printed=local)] == [False, False]
    even = {"x": ["0", "1", "2"], "levels": 2}  # two groupings are equally good
    for codes, centroids in (([0, 0, 1], ["0.5", "2"]), ([0, 1, 1], ["0", "1.5"])):
        found = verdicts(**even, printed={"codes": codes, "centroids": centroids})
        assert all(v.holds for v in found)


def test_either_code_is_right_midway_between_two_centroids():
    claim = {"x": ["0.5", "0.4"], "centroids": ["0", "1"]}
    for first in (0, 1):
        assert verdicts(**claim, printed={"codes": [first, 0]})[0].holds
    assert not verdicts(**claim, printed={"codes": [0, 1]})[0].holds


@pytest.mark.parametrize(
    ("form", "x", "printed", "holds"),
    [
        ("fp8_e4m3", ["1000", "0.3", "-17"], ["448", "0.3125", "-16"], True),  # −17: tie to even
        ("fp8_e4m3", ["1000"], ["480"], False),
        ("fp8_e5m2", ["0.3"], ["0.3125"], True),
        ("fp4_e2m1", ["2.5", "3.5", "-5"], ["2", "4", "-4"], True),
        ("fp4_e2m1", ["2.5"], ["3"], False),
        ("nf4", ["0.7", "-0.7"], ["0.72295684", "-0.69619280"], True),  # in the paper's digits
        ("ternary", ["0.4", "-0.6"], ["0", "-1"], True),
    ],
)
def test_grids(form, x, printed, holds):
    assert verdict(kind="grid", x=x, format=form, printed=printed).holds is holds


def test_a_scale_and_an_overflow():
    assert verdict(kind="grid", x=["5"], format="fp4_e2m1", scale="0.5", printed=["3"]).holds
    claim = {"kind": "grid", "x": ["500", "1"], "format": "fp8_e4m3", "overflow": "nan"}
    assert verdict(**claim, printed=["nan", "1"]).holds
    assert not verdict(**claim, printed=["448", "1"]).holds
    assert verdict(**{**claim, "overflow": "saturate"}, printed=["448", "1"]).holds


def test_a_code_outside_the_code_book_is_wrong():
    claim = {"x": ["0", "1", "2"], "levels": 2}
    for codes in ([0, 0, 2], [0, 0, -1], [5, 5, 5]):
        assert not verdicts(**claim, printed={"codes": codes})[0].holds
    midway = {"x": ["0.5", "0.4"], "centroids": ["0", "1"]}
    for codes in ([2, 0], [-1, 0]):
        assert not verdicts(**midway, printed={"codes": codes})[0].holds


def test_the_mean_of_a_group_may_be_that_of_floats():
    """(0.1 + 0.2 + 0.3)/3 is 0.2, and 0.20000000000000004 in float64."""
    claim = {"x": ["0.1", "9", "0.2", "0.3"], "levels": 2}
    for first, status in (("0.2", "exact"), (repr((0.1 + 0.2 + 0.3) / 3), "as printed")):
        assert verdicts(**claim, printed={"centroids": [first, "9"]})[0].status == status
    wrong = verdicts(**claim, printed={"centroids": ["0.20000000000000104", "9"]})[0]
    assert wrong.status == "cannot be"


def test_a_step_may_be_that_of_floats():
    """1 − 1·(0.1 + 0.2 + 0.3) is 0.4, and the sum in float64 is 0.6000000000000001."""
    claim = {"x": ["1"] * 3, "centroids": ["1", "5"], "gradient": ["0.1", "0.2", "0.3"]}
    claim["lr"] = 1
    floats = repr(1 - (0.1 + 0.2 + 0.3))
    assert floats != "0.4"
    for first, second, status in (
        ("0.4", "5", "exact"),  # 5 has no gradient
        (floats, "5", "as printed"),
        ("0.40000000000000105", "5", "cannot be"),
        ("0.4", "4.9", "cannot be"),
    ):
        assert verdicts(**claim, printed={"updated": [first, second]})[0].status == status


@pytest.mark.parametrize(
    ("form", "x", "printed"),
    [  # the largest value and half a step: the tie goes to the even mantissa, 448 or infinity
        ("fp8_e4m3", ["464", "464.1", "-464", "-465"], ["448", "nan", "-448", "nan"]),
        ("fp8_e5m2", ["61439", "61440", "-61440", "1"], ["57344", "inf", "-inf", "1"]),
    ],
)
def test_what_overflows_is_beyond_the_last_tie(form, x, printed):
    claim = {"kind": "grid", "x": x, "format": form, "overflow": "nan"}
    assert verdict(**claim, printed=printed).holds
    assert verdict(**{**claim, "x": x[1:2]}, printed=printed[1:2]).status == "exact"
    for i in range(3):
        wrong = list(printed)
        wrong[i] = "nan" if wrong[i][-1].isdigit() else "448"
        with_wrong = {**claim, "printed": wrong}
        if wrong[i] == "nan":
            with pytest.raises(ValueError, match="printed"):
                verdict(**with_wrong)
        else:
            found = verdict(**with_wrong)
            assert "lies beyond the range, so the result is" in found.reason and not found.holds
    doubled = [str(2 * float(v)) for v in printed]
    twice = {**claim, "x": [str(2 * float(v)) for v in x], "scale": 2}
    assert verdict(**twice, printed=doubled).holds


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ({"levels": 1, "centroids": ["1"]}, r"levels must be given, or centroids instead, got bo"),
        ({}, r"levels must be given, or centroids instead, got both or neither"),
        ({"levels": 1, "lr": 1}, r"lr must be given together with gradient, got one of them"),
        ({"centroids": [["1"]]}, r"centroids must be a list of numbers, got shape \(1, 1\)"),
        ({"levels": 1, "printed": {}}, r"a table with some of centroids, codes, decoded, got \[\]"),
        ({"levels": 1, "printed": {"updated": [1]}}, r"codes, decoded, got \['updated'\]"),
        ({"levels": 1, "x": [1] * 10001}, r"x must be at most 10,000 numbers, got 10,001"),
    ],
)
def test_what_a_code_book_cannot_use_is_refused(claim, words):
    with pytest.raises(ValueError, match=words):
        verdicts(**{"x": [1], "printed": {"codes": [0]}, **claim})


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ({"scale": 0}, "scale must be positive, got 0"),
        ({"scale": -1}, "scale must be positive, got -1"),
        ({"format": "fp9"}, "format must be one of 'fp8_e4m3'"),
        ({"overflow": "wrap"}, "overflow must be one of 'saturate'"),
        ({"printed": [1, 2]}, r"printed must be of shape \(1,\), as x, got 2 numbers"),
    ],
)
def test_what_a_grid_cannot_use_is_refused(claim, words):
    with pytest.raises(ValueError, match=words):
        verdict(**{"kind": "grid", "x": [1], "format": "nf4", "printed": [1], **claim})


def test_ten_thousand_numbers_are_not_too_many():
    claim = {"x": [1] * 10**4, "centroids": ["1"], "printed": {"codes": [0] * 10**4}}
    assert verdicts(**claim)[0].status == "exact"
