"""Claims of kind affine: by the library's rule, else by a published one that gives everything."""

from fractions import Fraction as F

import numpy as np
import pytest

from checking.cases import verdict
from refnn.arrays import objects
from refnn.checking.worked_example import check
from refnn.quantization.conventions import CONVENTIONS

X = ["-1.2", "0.0", "0.35", "2.4"]
INT8 = {"scale": "0.0141", "zero_point": -43, "codes": [-128, -43, -18, 127]}
INT8["decoded"] = ["-1.1985", "0.", "0.3525", "2.397"]


def verdicts(**claim):
    return check({"title": "t", "claims": [{"kind": "affine", **claim}]})


def test_each_printed_thing_has_a_verdict_in_the_order_of_the_computation():
    printed = {key: INT8[key] for key in ("decoded", "codes", "zero_point", "scale")}
    found = verdicts(x=X, printed=printed, name="a print")
    assert [v.claim for v in found] == [f"a print: {key}" for key in INT8]
    assert [v.status for v in found] == ["as printed", "exact", "exact", "exact"]
    assert found[1].printed == -43 and found[2].computed == INT8["codes"]


def test_people_go_on_with_what_they_have_written_down():
    """0.35/0.01412 is 24.8, but 0.35/0.0146 is 23.97: the codes follow from the printed scale."""
    printed = {"scale": "0.0146", "zero_point": -43, "codes": [-125, -43, -19, 121]}
    printed["decoded"] = ["-1.1972", "0", "0.3504", "2.3944"]
    scale, zero_point, codes, decoded = verdicts(x=X, printed=printed)
    assert not scale.holds and "scale is 6/425" in scale.reason
    assert zero_point.status == codes.status == decoded.status.replace("as printed", "exact")
    assert "follows from the printed scale (cannot be)" in codes.reason


def test_one_rounded_scale_serves_all_decoded_values():
    claim = {"x": ["-8.011", "0.63"], "symmetric": True, "bits": 8}
    # 8.011/127 = 0.063079; with 0.0631 the last code decodes to −8.0137, with 0.06308 to −8.0112
    printed = {"scale": "0.063", "codes": [-127, 10], "decoded": ["-8.011", "0.631"]}
    assert [v.holds for v in verdicts(**claim, printed=printed)] == [True, True, True]
    printed["decoded"] = ["-8.011", "0.635"]  # no scale gives both
    assert [v.holds for v in verdicts(**claim, printed=printed)] == [True, True, False]


def test_errors_of_a_round_trip():
    x = ["0", "0.3", "1"]  # scale 1/3: 0, 1/3, 1
    printed = {"mse": "1/2700", "max_error": "1/30", "qmax": 3, "qmin": 0}
    found = verdicts(x=x, bits=2, signed=False, printed=printed)
    assert [v.status for v in found] == ["exact"] * 4
    printed = {"decoded": ["0", "0.33", "1"], "mse": "0.0003", "max_error": "0.03"}
    assert all(v.holds for v in verdicts(x=x, bits=2, signed=False, printed=printed))
    wrong = verdicts(x=x, bits=2, signed=False, printed={"mse": "0.0011"})[0]  # the sum
    assert not wrong.holds
    exactly = np.mean((np.array([0, 1, 3]) * (1 / 3) - np.array([0, 0.3, 1])) ** 2)
    assert verdicts(x=x, bits=2, signed=False, printed={"mse": repr(float(exactly))})[0].holds


def tensors(rng):
    for n in (5, 9):
        x = [F(int(v), 100) for v in rng.integers(-300, 301, n)]
        yield objects(x, (n,))


@pytest.mark.parametrize("convention", CONVENTIONS, ids=lambda c: c.name)
def test_nothing_that_a_published_convention_prints_cannot_be(rng, convention):
    for bits in (8, 4):
        for x in tensors(rng):
            grid = convention.encode(x, bits)
            printed = {"codes": [int(c) for c in grid.codes]}
            printed["decoded"] = [str(F(v)) for v in np.ravel(grid.decoded)]
            given = {"x": [str(v) for v in x], "bits": bits, "printed": printed}
            for stated in ({}, {"signed": convention.signed, "symmetric": convention.symmetric}):
                found = verdicts(**given, **stated)
                assert all(v.holds for v in found), (convention.name, stated, found)


def test_what_the_claim_states_binds():
    x = ["-1", "2"]
    unsigned = {"codes": [0, 255], "zero_point": 85}
    assert all(v.holds for v in verdicts(x=x, bits=8, printed=unsigned))
    assert not any(v.holds for v in verdicts(x=x, bits=8, signed=True, printed=unsigned))
    symmetric = {"codes": [-64, 127]}
    assert verdicts(x=x, printed=symmetric)[0].holds
    assert not verdicts(x=x, symmetric=False, signed=True, printed=symmetric)[0].holds
    fewer = {"codes": [-64, 63]}  # PyTorch's reduce_range: seven of eight bits
    assert verdicts(x=x, bits=8, printed=fewer)[0].holds
    assert not verdicts(x=x, bits=4, printed={"codes": [0, 255]})[0].holds
    named = {"x": x, "convention": "gemmlowp", "printed": unsigned}
    assert all(v.holds for v in verdicts(**named))
    assert not any(v.holds for v in verdicts(**{**named, "convention": "ONNX, int8"}))
    with pytest.raises(ValueError, match=r"convention must be .* nearest name is 'gemmlowp'"):
        verdicts(**{**named, "convention": "gemlowp"})


@pytest.mark.parametrize(
    ("codes", "by"),
    [
        ([0, 1, 1, 3], ""),  # to even: 0.5, 1.5, 2.5 and 3.5 with the zero point 1 added later
        ([1, 2, 3, 4], "ties rounded away from zero"),
        ([0, 2, 2, 4], "the zero point added before rounding"),
    ],
)
def test_the_three_roundings_to_nearest_are_tried_on_a_stated_grid(codes, by):
    claim = {"kind": "affine_quantize", "scale": 1, "zero_point": 0, "qmin": 0, "qmax": 15}
    x = ["0.5", "1.5", "2.5", "3.5"]
    even = verdict(**claim, x=x, printed=[0, 2, 2, 4])
    away = verdict(**claim, x=x, printed=[1, 2, 3, 4])
    assert even[3:] == (True, "", "exact")
    assert away.holds and away.reason.startswith("By ")
    for printed in ([0, 1, 2, 3], [1, 2, 2, 4]):  # truncated, and no rule at all
        assert not verdict(**claim, x=x, printed=printed).holds
    truncated = verdict(**claim, x=x, printed=[0, 1, 2, 3])
    assert "'floor_for_round'" in truncated.reason or "'truncate_for_round'" in truncated.reason


def test_a_tie_that_decides_is_said():
    claim = {"kind": "choose_qparams", "x": ["-1", "1"], "bits": 8, "signed": False}
    claim["symmetric"] = False
    assert verdict(**claim, printed={"zero_point": 128}).status == "exact"  # 127.5 to even
    wrong = verdict(**claim, printed={"zero_point": 126})
    assert "before rounding it is 127.5, a tie" in wrong.reason


def test_floats_may_fall_on_the_other_side_of_a_tie():
    """−0.21/0.14 is exactly −1.5; in float64 it is −1.4999…, so NumPy prints −1."""
    claim = {"kind": "affine_quantize", "scale": "0.14", "zero_point": 0, "qmin": -8, "qmax": 7}
    exactly = verdict(**claim, x=["-0.21"], printed=[-2])
    assert exactly[3:] == (True, "", "exact")
    machine = verdict(**claim, x=["-0.21"], printed=[-1])
    assert machine.status == "as printed" and machine.computed == [-2]
    assert "is exactly -1.5, a tie, and float64 arithmetic rounds it to the printed number" in (
        machine.reason
    )
    assert not verdict(**claim, x=["-0.21"], printed=[-3]).holds
    assert not verdict(**claim, x=["-0.2099"], printed=[-2]).holds  # no tie


def test_the_floor_has_steps_where_floats_may_fall_short():
    """0.29·100 is exactly 29; in float64 it is 28.999999999999996."""
    claim = {"kind": "quantize", "x": ["0.29"], "W": 100, "B": 0, "P": 256}
    assert verdict(**claim, printed=[29])[3:] == (True, "", "exact")
    machine = verdict(**claim, printed=[28])
    assert machine.status == "as printed" and "28.999999999999996" in machine.reason
    assert not verdict(**claim, printed=[27]).holds
    assert not verdict(**{**claim, "x": ["0.295"]}, printed=[28]).holds


def test_a_byte_minus_a_byte_wraps_when_it_is_decoded():
    claim = {"kind": "affine_dequantize", "scale": "0.5", "zero_point": -100, "qmin": -128}
    claim |= {"qmax": 127, "q": [100, 0]}
    assert verdict(**claim, printed=["100.0", "50.0"]).status == "exact"
    wrapped = verdict(**claim, printed=["-28.0", "50.0"])  # 200 − 256
    assert "'unsigned_subtraction'" in wrapped.reason and "in the place of" in wrapped.reason


def test_a_mistake_is_named_with_its_difference_and_its_hint():
    claim = {"kind": "affine_quantize", "scale": 1, "zero_point": 3, "qmin": 0, "qmax": 15}
    wrong = verdict(**claim, x=["0.9", "-0.4", "2.2"], printed=[3, 2, 5])
    assert "The known mistake 'floor_for_round' gives exactly this" in wrong.reason
    assert "it has np.floor(divided) in the place of half_even.formula(divided)" in wrong.reason
    assert "Hint: Which code is nearest to 0.9 steps?" in wrong.reason
    assert "2 of 3 printed values are wrong: 0.9/scale" in wrong.reason
    assert "; and -0.4/scale" in wrong.reason  # both are explained


@pytest.mark.parametrize(
    ("high", "right", "printed", "slips"),
    [  # the zero point before rounding is -42.43 and -42.72
        ("1.98", -42, 0, ["zero_point_forgotten"]),
        ("1.98", -42, -43, ["zero_point_truncated"]),
        ("1.98", -42, 86, ["unsigned_zero_point", "qmin_forgotten_in_zero_point"]),
        ("1.99", -43, -42, ["zero_point_toward_zero"]),
    ],
)
def test_zero_points_that_people_take_from_their_data_are_named(high, right, printed, slips):
    claim = {"x": ["-1", "0", high], "signed": True, "symmetric": False}
    assert verdicts(**claim, printed={"zero_point": right})[0].status == "exact"
    [wrong] = verdicts(**claim, printed={"zero_point": printed})
    assert not wrong.holds and all(f"'{slip}'" in wrong.reason for slip in slips)


def test_a_zero_point_that_is_not_rounded():
    claim = {"x": ["-1", "0", "1.98"], "signed": True, "symmetric": False}
    [wrong] = verdicts(**claim, printed={"zero_point": "-42.4295"})
    assert not wrong.holds and "'zero_point_not_rounded'" in wrong.reason
    kivi = {"scale": "1/3", "zero_point": "-4.5", "codes": [0, 1, 3]}  # the minimum is code 0
    found = verdicts(x=["1.5", "1.8", "2.5"], bits=2, printed=kivi)
    assert all(v.holds for v in found) and "minimum as code 0" in found[0].reason


def test_a_scale_in_codes_per_unit_is_a_published_one():
    """A tutorial's absmax: scale = 127/3.1 = 40.97, and the codes are round(x*scale)."""
    claim = {"x": ["0.5", "-1.2", "3.1", "0.02"]}
    printed = {"scale": "40.97", "codes": [20, -49, 127, 1]}
    printed["decoded"] = ["0.488", "-1.196", "3.1", "0.024"]
    found = verdicts(**claim, printed=printed)
    assert all(v.holds for v in found) and "codes per unit" in found[0].reason
    printed["scale"] = "41.97"
    assert not all(v.holds for v in verdicts(**claim, printed=printed))
    distiller = {"x": ["-2", "10"], "bits": 8, "signed": False}
    found = verdicts(**distiller, printed={"scale": "21.25", "zero_point": -42, "codes": [0, 254]})
    assert all(v.holds for v in found) and "Distiller" in found[0].reason


def test_a_print_with_one_mistake_is_judged_by_the_rule_that_gives_the_rest():
    claim = {"x": ["0.5", "-1.2", "3.1", "0.02"]}
    printed = {"scale": "40.97", "codes": [20, -48, 127, 1]}
    scale, codes = verdicts(**claim, printed=printed)
    assert scale.holds and not codes.holds
    assert "By absmax" in codes.reason and "1 of 4 printed values is wrong" in codes.reason


def test_a_stated_scale_may_be_the_rounded_one_of_a_rule():
    """PyTorch prints scale 0.0098 for 2.5/255; the decoded values come from the unrounded scale."""
    claim = {"x": ["-0.4000", "2.0000", "2.1000"], "scale": "0.0098", "zero_point": 41}
    printed = {"codes": [0, 245, 255], "decoded": ["-0.4020", "2.0000", "2.0980"]}
    found = verdicts(**claim, signed=False, printed=printed)
    assert all(v.holds for v in found) and "stated scale after rounding" in found[1].reason
    printed["decoded"][1] = "2.0100"
    assert not all(v.holds for v in verdicts(**claim, signed=False, printed=printed))


def test_all_is_judged_from_one_grid():
    """The zero point 207 follows from the printed scale, but then so must the codes."""
    claim = {"x": ["0.507", "-2.128", "-0.149", "-0.404"], "bits": 8, "signed": False}
    claim["symmetric"] = False
    right = {"scale": "0.0103", "zero_point": 206, "codes": [255, 0, 192, 167]}
    right["decoded"] = ["0.5063", "-2.1287", "-0.1447", "-0.4030"]
    assert all(v.holds for v in verdicts(**claim, printed=right))
    assert not all(v.holds for v in verdicts(**claim, printed={**right, "zero_point": 207}))


def test_max_error_of_a_range_that_fails_is_judged():
    claim = {"x": [-1, 2], "bits": 8, "signed": True}
    assert not verdicts(**claim, printed={"max_error": "0.5"})[0].holds


def test_zeros_that_numpy_leaves_out_are_printed_digits():
    claim = {"kind": "affine_dequantize", "q": [-55, 15, 39], "scale": "0.0892", "zero_point": 16}
    claim |= {"qmin": -128, "qmax": 127}
    assert verdict(**claim, printed=["-6.3332", "-0.0892", "2.0516"]).holds
    assert not verdict(**claim, printed=["-6.3332", "0.", "2.0516"]).holds
    assert verdict(**{**claim, "q": [16, 17]}, printed=["0.", "0.0892"]).holds


def test_ties_of_a_rule_with_a_real_offset():
    claim = {"x": ["-1.7", "-1.0", "-0.0", "-3.0", "0.6"], "bits": 2, "signed": False}
    decoded = ["-1.8000001", "-0.60000014", "0.5999999", "-3.", "0.5999999"]
    printed = {"codes": [1, 2, 3, 0, 3], "decoded": decoded}
    assert all(v.holds for v in verdicts(**claim, printed=printed))
