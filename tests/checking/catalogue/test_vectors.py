"""What vectors and museum say of themselves holds: their number formats, their reasons, and which
slip prints an exhibit."""

from dataclasses import replace
from fractions import Fraction as F

import numpy as np

from checking.cases import BY_NAME
from refnn.checking import published
from refnn.checking.catalogue import explain
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.catalogue.vectors import MUSEUM, VECTORS


def by_slip(name, vector):
    """(does the slip print what the vector prints, the exact values of it)"""
    values = explain.under(name, vector.formula, published.given(vector))
    return published.compared(vector.printed, values)


def test_floor_changes_14_of_the_lab_s_25_codes():
    v = BY_NAME["linear quantize, 2 bits"]
    _, computed = by_slip("floor_for_round", v)
    printed = [[int(w) for w in row.split()] for row in v.printed["codes"]]
    assert (np.array(computed["codes"]) != np.array(printed)).sum() == 14


def test_the_course_s_matrix_exactly_and_with_floor():
    v = BY_NAME["a matrix, scale 3.5, zero point -70"]
    assert published.run([v])[0].computed["mse"] == F("1537.8796") / 9
    own = BY_NAME["the same matrix, its own scale"]
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
