"""What agrees is named and counted, the conventions first, and the input that tells candidates
apart is recomputed in plain loops over Fractions."""

from fractions import Fraction as F
from math import ceil, floor

import numpy as np
import pytest

from checking.cases import names
from refnn.checking.identify import identify, spread
from refnn.quantization import affine
from refnn.quantization.affine import QParams


def kinds(found):
    return {row.kind for row in found.exact}


def away(v):
    return floor(v + F(1, 2)) if v > 0 else ceil(v - F(1, 2))


# The ways in which conventions map x/scale = v to a code, with the zero point z.
WAYS = {
    "ONNX (codes 0..255)": lambda v, z: round(v) + z,
    "gemmlowp (codes 0..255)": lambda v, z: away(v + z),
    "PyTorch quantize_per_tensor (codes 0..255)": lambda v, z: round(v + z),
    "PyTorch fake quantization (codes 0..255)": lambda v, z: round(v) + z,
}


def test_the_separating_input_separates_by_brute_force():
    """Codes that all four ways print alike; the x that are given tell the ways apart, recomputed
    here; and no value of them can be left out."""
    found = identify(["0", "2", "-4"], [11, 12, 9], 256, scale="2", zero_point=11, pair=False)
    assert set(WAYS) <= names(found.exact) and kinds(found) == {"convention"}
    printed = {}
    for separation in found.separating:
        for group, codes in separation.prints:
            for name in group:
                printed.setdefault(name, []).append(codes)
    for name, way in WAYS.items():
        for s, codes in zip(found.separating, printed[name], strict=True):
            assert codes == tuple(min(max(way(v / 2, 11), 0), 255) for v in s.x)
    assert len({tuple(printed[name]) for name in WAYS}) == 3  # ONNX and fake quantization agree
    first = found.separating[0]
    columns = list(zip(*(codes for _, codes in first.prints)))
    for i in range(len(columns)):
        assert len(set(zip(*columns[:i], *columns[i + 1 :]))) < len(first.prints)


def test_near_counts_the_entries_that_agree():
    x = [str(v) for v in range(-8, 8)]
    codes = affine.quantize([F(v) for v in x], QParams(F(1), 0, -8, 7)).tolist()
    codes[3] += 1
    found = identify(x, codes, 16, scale="1", zero_point=0)
    assert not found.exact
    [onnx] = [row for row in found.near if row.name == "ONNX (codes -8..7)"]
    assert (onnx.agree, onnx.of) == (15, 16)
    shares = [F(row.agree, row.of) for row in found.near]
    assert shares == sorted(shares, reverse=True) and min(shares) >= F(3, 4)
    codes[4:8] = [7, 7, 7, 7]  # 5 of 16 wrong: not near
    found = identify(x, codes, 16, scale="1", zero_point=0)
    assert "ONNX (codes -8..7)" not in names(found.near)


# --- who is acquitted -----------------------------------------------------------------------------


def test_adding_the_zero_point_before_rounding_is_pytorchs_own():
    """shared/cases/ties_pytorch.toml: -1, 0, .5, 1.5, 2.5, 254 with zero point 1."""
    x, codes = ["-1", "0", "0.5", "1.5", "2.5", "254"], [0, 1, 2, 2, 4, 255]
    found = identify(x, codes, 256, scale="1", zero_point=1)
    assert found.exact[0].name == "PyTorch quantize_per_tensor, quint8"
    assert kinds(found) == {"convention"} and all(row.slip is None for row in found.exact)
    assert found.tie == ((2, 3, 4), "ONNX, uint8", (1, 3, 3))
    assert "PyTorch quantize_per_tensor (codes 0..255)" not in names(found.exact)  # says no more
    # with a scale that is not that of the range
    found = identify(x[:5], codes[:5], 256, scale="1", zero_point=1)
    assert "PyTorch quantize_per_tensor (codes 0..255)" in names(found.exact)
    assert kinds(found) == {"convention"}
    found = identify(x, [0, 1, 1, 3, 3, 255], 256, scale="1", zero_point=1)
    assert {"ONNX, uint8", "PyTorch fake quantization, uint8"} <= names(found.exact)
    assert found.tie == ((2, 4), "gemmlowp", (2, 4))  # 1.5 goes to 3 by gemmlowp too


@pytest.mark.parametrize(
    ("x", "codes", "given", "name"),
    [
        # round(x·W) with W given: multiply_by_scale is no slip
        ("-2 0.5 1", [-127, 32, 64], {"scale": "63.5", "zero_point": 0}, "absmax, codes per unit"),
        ("-2 10", [0, 254], {"scale": "21.25", "zero_point": -42}, "Distiller asymmetric, uint8"),
        # the range without 0, and a zero point that is not clipped
        ("5 7 10", [-128, -26, 127], {}, "zero point, codes per unit"),
        # half away, the zero point added last
        ("-127 0.5 1.5 2.5", [-127, 1, 2, 3], {}, "TFLite weights, int8"),
        # 7 bits of 8
        ("-63.5 63.5 3", [0, 128, 67], {}, "PyTorch reduce_range, quint8"),
        ("-63.5 63.5 3", [0, 127, 67], {}, "PyTorch fake quantization, reduce_range, uint8"),
        ("0 0", [-128, -128], {}, "ONNX, int8"),
        ("0 0", [0, 0], {"scale": "1.1920929e-07", "zero_point": 0}, "PyTorch symmetric, qint8"),
        # the minimum is code 0
        ("5 7 10", [0, 102, 255], {"decoded": ["5", "7", "10"]}, "minimum as code 0"),
    ],
)
def test_what_a_published_convention_prints_is_no_slip(x, codes, given, name):
    found = identify(x.split(), codes, 256, **given)
    assert name in names(found.exact)
    assert all(row.slip is None and row.kind != "slip" for row in found.exact)


def test_a_slip_in_the_choice_of_the_grid_is_named_although_the_codes_follow_from_it():
    x, codes = ["-1", "0", "2"], [42 - 85, 42, 127]  # of data in -1..2, zero point 42
    found = identify(x, codes, 256, scale="0.01176470588235294", zero_point=42)
    assert "ONNX (codes -128..127)" in names(found.exact)
    assert {row.slip for row in found.exact if row.slip} >= {"zero_point_from_the_other_end"}
    assert not {row.slip for row in found.exact} & {"half_away_for_half_even", "round_after_adding"}


def test_a_slip_is_named_where_no_convention_prints_the_codes():
    x = ["-1.5", "0.2", "2.8"]
    assert [row.slip for row in identify(x, [-128, -28, 127], 256).exact] == ["floor_for_round"]
    assert identify(x, [-128, -27, 127], 256).exact[0].name == "ONNX, int8"
    x = ["0.2", "0.7", "1.2", "1.9"]
    found = identify(x, [0, 1, 2, 3], 256, scale="0.5", zero_point=0)
    assert "floor (0..255)" in names(found.exact)
    assert {row.slip for row in found.exact} >= {"floor_for_round"}


def test_arithmetic_of_a_machine_is_acquitted():
    """ONNX's DynamicQuantizeLinear vector: exactly −2.5/(5/255) = −127.5 is a tie and gives 25."""
    x, codes = ["0", "2", "-3", "-2.5", "1.34", "0.5"], [153, 255, 0, 26, 221, 179]
    found = identify(x, codes, 256, scale="0.0196078438", zero_point=153)
    assert {"gemmlowp", "ONNX, uint8, in float32"} <= names(found.exact)
    assert "ONNX, uint8" not in names(found.exact)
    codes[3] = 25
    found = identify(x, codes, 256, scale="0.0196078431372549", zero_point=153)
    assert "ONNX, uint8" in names(found.exact) and "ONNX, uint8, in float64" not in names(
        found.exact
    )


def test_a_convention_takes_part_only_on_its_own_grids():
    found = identify(["1", "2"], [6, 7], 256, scale="1", zero_point=5)
    assert "TFLite activations (codes -128..127)" in names(found.exact)
    for group, _ in found.separating[0].prints:  # the first input tells all grids apart
        assert len({name.partition("(")[2].split(",")[0].rstrip(")") for name in group}) == 1
    assert not any("weights" in name or "symmetric" in name for name in names(found.exact))
    found = identify(["200", "0.2"], [200, 0], 256, scale="1", zero_point=0)
    assert "ONNX (codes 0..255)" in names(found.exact)
    assert not any("128" in name or "127" in name for name in names(found.exact))
    assert found.tie is None  # the signed codes end at 127, but 200 is no tie
    outside = identify(["1", "2"], [7, 7], 8, scale="1", zero_point=9)  # 10 and 11, clipped
    assert not any("(codes" in row.name for row in outside.exact)


def test_a_zero_point_that_is_a_tie_is_said():
    found = identify(["-253", "257"], [0, 254], 256)  # −(−253)/2 = 126.5; sonos/tract #2672
    assert found.exact[0].name == "ONNX, uint8" and found.tie == ((), "gemmlowp", (127,))


# --- printed numbers ------------------------------------------------------------------------------


def test_decoded_values_and_a_scale_are_intervals():
    x, codes = ["-1.5", "0.2", "2.8"], [-128, -27, 127]  # scale 4.3/255 = 0.0168627…
    found = identify(x, codes, 256, "0.0169", -39, ["-1.50", "0.202", "2.8"])
    [onnx] = [row for row in found.exact if row.name == "ONNX, int8"]
    assert (onnx.agree, onnx.of) == (8, 8) and onnx.grid == (F(43, 2550), -39)
    # 0.01675..0.01685 does not hold it
    assert "ONNX, int8" in names(identify(x, codes, 256, "0.0168", -39).near)
    assert "ONNX, int8" in names(identify(x, codes, 256, decoded=["-1.50", "0.203", "2.8"]).near)


@pytest.mark.parametrize("digits", ["0.0168627450980392", "0.016862745", "0.016862746328115463"])
def test_a_scale_of_a_machine_is_the_scale(digits):
    """4.3/255 in float64, in float32 as NumPy prints it, and as torch's item() does."""
    x, codes = ["-1.5", "0.2", "2.8"], [-128, -27, 127]
    assert "ONNX, int8" in names(identify(x, codes, 256, digits, -39).exact)
    off = digits[:8] + ("8" if digits[8] != "8" else "9") + digits[9:]
    assert "ONNX, int8" not in names(identify(x, codes, 256, off, -39).exact)


def test_few_digits_are_no_machines():
    assert spread("0.25") == F(1, 200) and spread("0.1234567") > F(1, 2 * 10**7)
    assert spread("1/3") == spread("7") == 0


def test_published_cases_are_named():
    x = ["191.6", "-13.5", "728.6", "92.14", "295.5", "-184", "0", "684.6", "245.5"]
    codes = [-15, -74, 127, -44, 14, -123, -70, 126, 0]
    found = identify(x, codes, 256, scale="3.5", zero_point=-70)
    assert "DeepLearning.AI (codes -128..127)" in names(found.exact)
    x, grid = ["0.25", "0.75", "1.25", "1.75"], {"scale": "0.5", "zero_point": 0}
    found = identify(x, [0, 2, 2, 4], 256, **grid)
    assert "ONNX (codes 0..255)" in names(found.exact)  # tract #2850; corrected from
    found = identify(x, [1, 2, 3, 4], 256, **grid)
    assert found.exact[0].name == "gemmlowp (codes 0..255)" and kinds(found) == {"convention"}
    assert "ONNX (codes 0..255)" not in names(found.exact)


def test_limits_and_odd_input():
    found = identify(list(range(200)), [v % 256 for v in range(200)], 256)  # 200 values
    assert any(row.kind == "formula" for row in found.exact)
    assert identify([[0.1], [0.2]], np.array([[0], [1]]), 8) == identify(["0.1", "1/5"], [0, 1], 8)
    assert identify("5", 0, 8).exact and identify(5, [0], 1).exact  # one number; one level
    assert identify(["1e300", "-1e300"], [255, 0], 256, scale="1e-300", zero_point=0).exact
    assert identify([0, 0], [0, 0], 256).exact
    for codes in ([-500, 3], [0, 256], [0, 2**53]):  # codes of other grids
        found = identify(["0", "1"], codes, 256, scale="0.5", zero_point=1)
        assert not found.exact and not found.near
    fine = [F(1, 3**40), F(2, 7**30), F(5, 11**20), F(1, 9)]
    found = identify(fine, [0, 1, 0, 1], 8)
    assert found.note == "floor(x*W + B) mod 8 was not tried: x is too finely spaced"


def test_identify_refuses_what_does_not_fit():
    good = {"x": ["0.1", "0.2"], "codes": [0, 1], "levels": 8}
    for bad, word in (
        ({"codes": [0]}, "codes"),
        ({"codes": [0, 2**53 + 1]}, "codes"),
        ({"pair": 1}, "pair"),
        ({"codes": [0, "0.5"]}, "codes"),
        ({"decoded": ["0.1"]}, "decoded"),
        ({"scale": "1"}, "zero_point"),
        ({"zero_point": 0}, "scale"),
        ({"scale": 0, "zero_point": 0}, "scale"),
        ({"levels": 0}, "levels"),
        ({"scale": "-1", "zero_point": 0}, "scale"),
        ({"x": []}, "x"),
        ({"levels": True}, "levels"),
    ):
        with pytest.raises((ValueError, TypeError), match=f"identify: {word} must be"):
            identify(**{**good, **bad})


def test_a_zero_point_outside_the_levels_is_said():
    assert "9 is not a code of 8 levels" in identify([0, 1], [0, 1], 8, scale=1, zero_point=9).note
    assert identify([0, 1], [0, 1], 8, scale=1, zero_point=7).note == ""


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"x": []}, "x must be from 1 to 200 numbers, got 0"),
        ({"x": [1] * 201}, "x must be from 1 to 200 numbers, got 201"),
        ({"codes": [1, 2]}, r"codes must be one value for each number of x \(1\), got 2"),
        ({"codes": ["0.5"]}, "codes must be whole numbers of at most 2.53, got 0.5"),
        (
            {"codes": [2**53 + 1]},
            "codes must be whole numbers of at most 2.53, got 9007199254740993",
        ),
        ({"codes": [-(2**53) - 1]}, "got -9007199254740993"),
        ({"zero_point": 3}, "scale must be given together with zero_point, got None"),
        ({"decoded": [1, 2]}, r"decoded must be one value for each number of x \(1\), got 2"),
        ({"levels": 0}, "levels must be"),
    ],
)
def test_identify_says_what_it_refuses(given, words):
    with pytest.raises((ValueError, TypeError), match=words):
        identify(**{"x": [1], "codes": [1], "levels": 256, **given})
    largest = identify([1], [2**53], 256, pair=False)
    assert not largest.exact


@pytest.mark.parametrize(
    ("printed", "room"),
    [
        ("0.25", F(1, 200)),
        ("3", 0),
        ("0.0117647", F(1, 2 * 10**7)),  # six digits are no float32
        ("0.01176471", F(1, 2 * 10**8) + 4 * F(2) ** -30),  # 2⁻⁷ ≤ 0.0117 < 2⁻⁶: unit 2⁻³⁰
        ("-0.01176471", F(1, 2 * 10**8) + 4 * F(2) ** -30),
        ("0.0117647058823529", F(1, 2 * 10**16) + 4 * F(2) ** -59),
        ("0.0117647058823000", F(1, 2 * 10**16) + 4 * F(2) ** -59),
    ],
)
def test_a_print_is_known_to_half_a_unit_and_four_units_of_its_float(printed, room):
    assert spread(printed) == room
