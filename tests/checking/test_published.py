"""Published vectors, their blind spots and the museum: each number recomputed, and the recomputing
itself tested."""

from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest

from checking.blind_spots import BLIND
from refnn.checking import published
from refnn.checking.catalogue import explain
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.catalogue.vectors import MUSEUM, VECTORS
from refnn.quantization import affine

BY_NAME = {v.name: v for v in VECTORS}


def by_slip(name, vector):
    """(does the slip print what the vector prints, the exact values of it)"""
    values = explain.under(name, vector.formula, published.given(vector))
    return published.compared(vector.printed, values)


def test_every_vector_passes():
    for r in published.run():
        assert r.passed, (r.vector.name, r.computed)
    assert len(BY_NAME) == len(VECTORS) == 55  # no name twice


def test_a_digit_more_or_less_makes_a_vector_fail():
    """A test of the tests: each printed number, moved by a unit of its last digit, fails."""
    for v in VECTORS:
        for name, printed in v.printed.items():
            rows = printed if isinstance(printed, list) else [str(printed)]
            first, _, rest = rows[0].partition(" ")
            places = len(first.partition(".")[2])
            moved = f"{float(first) + 1.01 * 10.0**-places:.{places}f}"
            spoiled = [f"{moved} {rest}".strip(), *rows[1:]]
            spoiled = spoiled if isinstance(printed, list) else spoiled[0]
            [found] = published.run([replace(v, printed={**v.printed, name: spoiled})])
            assert not found.passed, (v.name, name)


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


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_blind_spots_are_those_that_were_read(vector):
    assert " ".join(published.blind_spots(vector)) == BLIND.get(vector.name, "")


def test_every_blind_spot_that_was_read_is_of_a_vector():
    assert set(BLIND) <= {vector.name for vector in VECTORS}


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
    _, computed = by_slip("floor_for_round", v)
    printed = [[int(w) for w in row.split()] for row in v.printed["codes"]]
    assert (np.array(computed["codes"]) != np.array(printed)).sum() == 14


def test_the_course_s_matrix_exactly_and_with_floor():
    v = BY_NAME["the matrix at 3.5 and -70"]
    assert published.run([v])[0].computed["mse"] == F("1537.8796") / 9
    own = BY_NAME["the matrix at its own scale"]
    _, computed = by_slip("floor_for_round", own)
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
        for name in explain.slips_in(e.formula) if e.slip is None else ():
            assert not by_slip(name, e)[0], (e.name, name)
    holds, computed = by_slip("zero_point_sign", MUSEUM[0])  # 43, not 42: an exhibit can fail
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
    numbers; but a range without levels or without 0 may divide by 0 if all values are 0."""
    for v in VECTORS:
        for name in explain.slips_in(v.formula):
            if not by_slip(name, v)[1]:
                assert name in ("levels_for_steps", "zero_not_in_range") and v.inputs["x"] == "0 0"


def test_what_a_source_does_not_ask_for_is_named_first():
    asymmetric, symmetric = (
        published.blind_spots(BY_NAME[name])
        for name in ("asymmetric scale of -2..10", "symmetric scale of 4, restricted")
    )
    another, axes = published.NOT_ASKED
    assert list(asymmetric[:6]) == another + axes
    assert list(symmetric[:4]) == axes and another[1] in symmetric and another[0] not in symmetric


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
