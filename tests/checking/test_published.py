"""Published vectors, their blind spots and the museum: each number recomputed, and the recomputing
itself tested."""

from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest

from refnn.checking import published
from refnn.checking.catalogue.formulas import FORMULAS
from refnn.checking.catalogue.museum import MUSEUM
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.catalogue.vectors import VECTORS
from refnn.quantization import affine

BY_NAME = {v.name: v for v in VECTORS}


def test_every_vector_passes():
    for r in published.run():
        assert r.passed, (r.vector.name, r.computed)
    assert len(BY_NAME) == len(VECTORS) == 55  # no name twice


@pytest.mark.parametrize("name", BY_NAME)
def test_the_stated_blind_spots_are_those_computed(name):
    assert set(BY_NAME[name].blind.split()) == set(published.blind_spots(BY_NAME[name]))


def test_a_digit_more_or_less_makes_a_vector_fail():
    """A test of the tests: each printed number, moved by a unit of its last digit, fails."""
    for v in VECTORS:
        for name, printed in v.printed.items():
            text = (
                printed
                if isinstance(printed, str)
                else str(printed)
                if isinstance(printed, int)
                else printed[0]
            )
            first, _, rest = text.partition(" ")
            places = len(first.partition(".")[2])
            moved = f"{float(first) + 1.01 * 10.0**-places:.{places}f}"
            spoiled = f"{moved} {rest}".strip()
            spoiled = [spoiled, *printed[1:]] if isinstance(printed, list) else spoiled
            assert not published.run([replace(v, printed={**v.printed, name: spoiled})])[
                0
            ].passed, (v.name, name)


def test_blind_spots_by_hand():
    """quantizelinear has ties at 3/2 = 1.5 only, an odd half, and an even zero point: none of the
    order or of half away and half up shows; 1000/2 + 128 = 628 is beyond 255, so that wrapping
    does; int32 holds it, so that a cast does not. The vector made for it has all ties, and nothing
    beyond either end."""
    assert set(published.blind_spots(BY_NAME["quantizelinear"])) == {
        "half_away_for_half_even",
        "half_up_for_half_even",
        "round_after_adding",
        "cast_before_clip",
    }
    assert set(published.blind_spots(BY_NAME["seven rounding rules and the order error"])) == {
        "mod_for_clip",
        "cast_before_clip",
        "byte_before_adding",
    }
    assert set(published.blind_spots(BY_NAME["matmulinteger"])) == {
        "accumulator_of_a_byte"
    }  # −128 fits a byte
    assert published.blind_spots(BY_NAME["accumulators"]) == ()


def test_a_vector_sees_a_planted_slip(monkeypatch):
    monkeypatch.setattr(affine, "quantize", CATALOGUE["floor_for_round"].wrong)
    failed = {r.vector.name for r in published.run() if not r.passed}
    assert (
        "quantizelinear" in failed
        and "quantize_per_tensor" not in failed
        and "matmulinteger" not in failed
    )


def test_floor_changes_14_of_the_lab_s_25_codes():
    v = BY_NAME["linear quantize, 2 bits"]
    slip = CATALOGUE["floor_for_round"]
    _, computed = published._judged(
        v.formula, v.inputs, v.dtype, v.printed, {slip.formula: slip.wrong}
    )
    printed = [[int(w) for w in row.split()] for row in v.printed["codes"]]
    assert (np.array(computed["codes"]) != np.array(printed)).sum() == 14


def test_the_course_s_matrix_exactly_and_with_floor():
    v = BY_NAME["the matrix at 3.5 and -70"]
    assert published.run([v])[0].computed["mse"] == F("1537.8796") / 9
    own, slip = BY_NAME["the matrix at its own scale"], CATALOGUE["floor_for_round"]
    _, computed = published._judged(
        own.formula, own.inputs, own.dtype, own.printed, {slip.formula: slip.wrong}
    )
    assert round(float(computed["mse"]), 3) == 3.1
    exact = published.run([replace(own, dtype="exact")])[0]
    assert (
        not exact.passed and exact.computed["scale"] == F("912.6") / 255
    )  # printed in float32's digits


def test_dynamicquantizelinear_is_float32_s():
    v = BY_NAME["dynamicquantizelinear"]
    for dtype in ("exact", "float64"):  # −2.5/(5/255) = −127.5 is a tie: 25, not 26
        r = published.run([replace(v, dtype=dtype)])[0]
        assert not r.passed and [int(c) for c in r.computed["codes"]] == [153, 255, 0, 25, 221, 179]


def test_every_exhibit_is_recomputed():
    shown = published.exhibits()
    assert len(shown) == len(MUSEUM) == 19 and all(s.holds for s in shown)
    assert {s.exhibit.slip for s in shown} - {None} <= set(CATALOGUE)
    for s in shown:
        assert (s.by_slip is None) == (s.exhibit.slip is None)
        assert s.exhibit.printed != s.exhibit.right and (s.exhibit.slip or s.exhibit.reason)


def test_where_no_slip_is_named_none_prints_it():
    for e in MUSEUM:
        for slip in CATALOGUE.values():
            if slip.formula in FORMULAS[e.formula][1] and e.slip is None:
                planted = {slip.formula: slip.wrong}
                assert not published._judged(e.formula, e.inputs, e.dtype, e.printed, planted)[0], (
                    e.kind,
                    slip.name,
                )
    wrong = replace(MUSEUM[0], slip="zero_point_sign")  # 43, not 42: an exhibit can fail
    slip = CATALOGUE[wrong.slip]
    holds, computed = published._judged(
        wrong.formula, wrong.inputs, wrong.dtype, wrong.printed, {slip.formula: slip.wrong}
    )
    assert not holds and computed["zero_point"] == 43


def test_what_the_reasons_say_is_so():
    assert (
        127 - F(1) / F(3, 255) == 42 and F(6, 255) / 2 == F(3, 255) and round(6 / 510, 4) == 0.0118
    )
    assert 50000 % 256 == 80 and 1 / (F(2, 255) * F(1, 127)) == F(
        "16192.5"
    )  # s_x = 2/255, s_W = 1/127
    p = CATALOGUE["unsigned_zero_point"].wrong([F(-3, 2), F(1, 5), F(14, 5)])
    assert (
        p.zero_point == 89
        and round(F("1.5") / F("0.017")) == 88
        and round(F("0.2") / F("0.017")) == 12
    )
    assert [F(c) * F("0.017") for c in (-88, 12)] == [F("-1.496"), F("0.204")] and F("2.799") / F(
        "0.017"
    ) % 1 != 0
    step = F("0.0314")
    assert [64 * step, 85 * step, -42 * step] == [F("2.0096"), F("2.669"), F("-1.3188")]


def test_no_vector_is_only_caught_because_a_slip_breaks_on_it():
    """Every slip of its formulas computes something of a vector, so that "caught" means other
    numbers; but two that choose a range divide by 0 if all values are 0."""
    broken = {
        (v.name, s.name)
        for v in VECTORS
        for s in published.slips_of(v)
        if not published._judged(v.formula, v.inputs, v.dtype, v.printed, {s.formula: s.wrong})[1]
    }
    zeros = [
        v.name
        for v in VECTORS
        if v.formula in ("distiller asymmetric", "symmetric") and v.inputs["x"] == "0 0"
    ]
    assert len(zeros) == 2
    assert broken == {
        (name, slip) for name in zeros for slip in ("levels_for_steps", "zero_not_in_range")
    }


def test_a_broken_vector_is_not_hidden():
    v = BY_NAME["quantizelinear_uint4"]
    with pytest.raises(ValueError, match="scale"):
        published.run([replace(v, inputs={**v.inputs, "scale": 0})])


def test_text():
    assert (
        published.text_of("1 2") == "1 2"
        and published.text_of(["1 2"]) == "1 2"
        and published.text_of(255) == "255"
    )
    assert published.text_of([[F(1), F(-1, 3)], [F(10**7), F(0)]]) == "1 -0.333333 / 1e+07 0"
