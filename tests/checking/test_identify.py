"""identify on planted cases: what each convention and each slip prints is named as theirs, and what
the separating input tells apart is recomputed here, in plain loops over Fractions."""

from fractions import Fraction as F
from itertools import combinations
from math import ceil, floor

import numpy as np
import pytest

from refnn import arrays
from refnn.checking.catalogue.candidates import CHOICES
from refnn.checking.catalogue.explain import slips_of
from refnn.checking.catalogue.formulas import CHOOSE, DEQUANTIZE, QUANTIZE, RULES
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.identify import identify
from refnn.quantization import affine, as_written, calibration, conventions
from refnn.quantization.affine import QParams

# Two zero points that are ties, and values on ties of either parity.
TENSORS = ([F(-5), F(25), F(1), F(3), F(5), F(7)], [F(-3), F(12), F(1, 2), F(8)])
# Never told apart, because they are the same: on Fractions, with a range of the data's own, or
# without a decoder.
SAME = [
    {"ONNX, uint8", "PyTorch affine, quint8"},
    {"PyTorch symmetric, qint8", "Distiller symmetric, full"},
    {"Distiller asymmetric, uint8", "round_after_adding (uint4)"},
    {"MIT lab, int8", "zero_not_in_range (int4)"},
    {"TFLite weights, int8", "half_away_for_half_even (symmetric int4)"},
    {"article, as written", "article, sign mended"},
    {"zero_point_sign (int4)", "minus_zero_point (int4)"},
]


def objects(x):
    return arrays.objects(list(x), (len(x),))


def text(values):
    return [str(v) for v in values]


def together(found):
    """Pairs of names that no separating input tells apart."""
    seen = {row.name: [] for row in found.exact}
    for separation in found.separating:
        assert sorted(n for names, _ in separation.prints for n in names) == sorted(seen)
        for names, prints in separation.prints:
            for name in names:
                seen[name].append(prints)
    return [{a, b} for a, b in combinations(seen, 2) if seen[a] == seen[b]]


def names(rows):
    return {row.name for row in rows}


def planted(x, codes, levels, **given):
    """identify, with everything that must hold of its answer whatever was planted."""
    found = identify(text(x), codes, levels, **given)
    assert all(row.agree == row.of and row.codes == tuple(codes) for row in found.exact)
    assert all(F(3, 4) <= F(row.agree, row.of) < 1 for row in found.near)
    shares = [F(row.agree, row.of) for row in found.near]
    assert shares == sorted(shares, reverse=True)
    assert all(pair in SAME for pair in together(found)), together(found)
    return found


@pytest.mark.parametrize("convention", conventions.CONVENTIONS, ids=lambda c: c.name)
def test_each_convention_is_named(convention):
    grid = convention.encode(objects(TENSORS[0]), 4)
    codes = [int(c) for c in grid.codes]
    assert convention.name in names(planted(TENSORS[0], codes, 16).exact)
    decoded = [(c - grid.zero_point) * grid.scale for c in codes]
    found = identify(text(TENSORS[0]), codes, 16, decoded=text(decoded))
    assert convention.name in names(found.exact)
    both = ["article, as written", "article, sign mended"]
    if convention.name in both:  # a decoder tells these two apart
        assert both[both[0] == convention.name] not in names(found.exact)


@pytest.mark.parametrize("name", slips_of(QUANTIZE))
def test_each_slip_of_quantize_is_named_at_a_given_scale(name):
    x = "1 3 5 -1 -3 -5 0.9 -0.6 1e10 246 600 -700"
    x = [F(v) for v in x.split()]
    p = QParams(F(2), 11, -128, 127)  # codes below 0: no mod prints them
    codes = [int(c) for c in CATALOGUE[name].wrong(objects(x), p)]
    assert codes != affine.quantize(x, p).tolist()
    found = planted(x, codes, 256, scale="2", zero_point=11)
    assert [row.slip for row in found.exact] == [name] and found.separating == ()
    decoded = [(c - 11) * 2 for c in codes]
    assert {row.slip for row in identify(text(x), codes, 256, "2", 11, decoded).exact} == {name}


@pytest.mark.parametrize("name", slips_of(DEQUANTIZE))
def test_each_slip_of_dequantize_is_named(name):
    x, p = [F(-5, 4), F(3, 4), F(2)], QParams(F(1, 4), 5, 0, 15)
    codes = affine.quantize(x, p)
    decoded = CATALOGUE[name].wrong(codes, p)
    found = planted(x, codes.tolist(), 16, scale="0.25", zero_point=5, decoded=text(decoded))
    # (q + B)/W is plus_zero_point
    assert [row.slip for row in found.exact if row.kind != "formula"] == [name]


@pytest.mark.parametrize("kind", CHOICES)
@pytest.mark.parametrize("name", slips_of(CHOOSE))
def test_each_slip_of_choose_qparams_is_named_or_makes_no_difference(name, kind):
    differs = named = 0
    for x in (*TENSORS, [F(5), F(10), F(7)], [F(-7), F(3), F(1)], [F(-5), F(6), F(1)]):
        right = calibration.choose_qparams(x, 4, **CHOICES[kind])
        wrong = CATALOGUE[name].wrong(objects(x), 4, **CHOICES[kind])
        if (wrong.scale, wrong.zero_point) == (right.scale, right.zero_point) or differs == 1:
            continue
        differs += 1
        codes = [int(c) for c in affine.quantize(x, wrong)]
        given = {"scale": str(wrong.scale), "zero_point": int(wrong.zero_point)}
        named += any(row.slip == name for row in identify(text(x), codes, 16, **given).exact)
    of_axes = {"per_tensor_for_per_channel", "wrong_axis"}
    elsewhere = {*of_axes, "percentile_of_the_range", "calibration_ignored"}
    unsigned = (name, kind) == ("unsigned_zero_point", "uint")
    none = name in elsewhere or "symmetric" in kind + name or unsigned
    assert named == differs and (differs > 0 or none)


WRITTEN = {f.__name__: f for f in (as_written.quantize, as_written.dequantize, as_written.min_max)}
OTHERWISE = {"clip_for_mod", "remainder_of_C", "minus_B_decoding"}  # no difference; a convention


@pytest.mark.parametrize(
    "name",
    sorted({n for f in WRITTEN for n in slips_of(f"quantization.as_written.{f}")} - OTHERWISE),
)
def test_each_slip_of_the_article_is_named(name):
    x, P = [F(1, 10), F(2, 10), F(45, 100), F(9, 10)], 10
    slip = CATALOGUE[name]
    functions = {**WRITTEN, slip.formula.rsplit(".", 1)[1]: slip.wrong}
    W, B = functions["min_max"](x, P)
    codes = functions["quantize"](objects(x), W, B, P)
    decoded = functions["dequantize"](np.asarray(codes).astype(np.uint8), W, B)
    found = planted(x, [int(c) for c in codes], P, decoded=text(decoded))
    assert name in {row.slip for row in found.exact}


def test_the_solvers_pair_is_a_candidate_exact_or_near():
    found = planted([F(1, 10), F(1, 5), F(3, 10)], [0, 1, 2], 8)
    [pair] = [row.name for row in found.exact if row.kind == "formula"]
    assert pair == "floor(x*W + B) mod 8; W = 6, B = 1/3"
    x = [F(k, 10) for k in (1, 2, 3, 4, 5, 6)]
    near = identify(text(x), [0, 1, 2, 3, 4, 1], 8).near  # 0.6 printing 1 is the conflict
    assert [(row.agree, row.of) for row in near if row.kind == "formula"] == [(5, 6)]
    found = identify(["0.1", "0.2"], [0, 1], 8, decoded=["0.0", "0.1"])
    assert any(row.name.startswith("floor(x*W + B) mod 8, (q + B)/W") for row in found.exact)


def plain(rule, v):
    """The seven rules again, on a Fraction."""
    down, up, rest = floor(v), ceil(v), v - floor(v)
    directed = {"floor": down, "ceil": up, "toward_zero": int(v)}
    if rule in directed:
        return directed[rule]
    if rest != F(1, 2):
        return round(v)
    even, away = (down, up)[down % 2], up if v > 0 else down
    return {"half_up": up, "half_down": down, "half_away": away, "half_even": even}[rule]


def test_the_separating_input_separates_by_brute_force():
    """Codes that all seven rules print alike, so that seven remain and more; the x that are given
    tell the rules apart, recomputed here; and no value of them can be left out."""
    found = planted([F(0), F(2), F(-4)], [11, 12, 9], 256, scale="2", zero_point=11)
    assert {f"{rule} (0..255)" for rule in RULES} <= names(found.exact)
    told = {}
    for separation in found.separating:
        for group, codes in separation.prints:
            for name in group:
                told.setdefault(name, []).append(codes)
    for rule in RULES:
        for s, codes in zip(found.separating, told[f"{rule} (0..255)"], strict=True):
            assert codes == tuple(min(max(plain(rule, v / 2) + 11, 0), 255) for v in s.x)
    assert len({tuple(told[f"{rule} (0..255)"]) for rule in RULES}) == 7
    first = found.separating[0]
    columns = list(zip(*(codes for _, codes in first.prints)))
    for i in range(len(columns)):
        assert len(set(zip(*columns[:i], *columns[i + 1 :]))) < len(first.prints)


def test_near_counts_the_entries_that_agree():
    x = [F(v) for v in range(-8, 8)]
    codes = affine.quantize(x, QParams(F(1), 0, -8, 7)).tolist()
    codes[3] += 1
    found = planted(x, codes, 16, scale="1", zero_point=0)
    assert not found.exact
    assert {(row.agree, row.of) for row in found.near if row.kind == "rounding"} == {(15, 16)}
    assert "half_even (-8..7)" in names(found.near)
    codes[4:8] = [7, 7, 7, 7]  # 5 of 16 wrong: not near
    assert "half_even (-8..7)" not in names(planted(x, codes, 16, scale="1", zero_point=0).near)


def test_decoded_values_and_a_scale_are_intervals():
    x, codes = ["-1.5", "0.2", "2.8"], [-128, -27, 127]  # scale 4.3/255 = 0.0168627…
    found = identify(x, codes, 256, "0.0169", -39, ["-1.50", "0.202", "2.8"])
    [onnx] = [row for row in found.exact if row.name == "ONNX, int8"]
    assert (onnx.agree, onnx.of) == (8, 8)
    # 0.01675..0.01685 does not hold it
    assert "ONNX, int8" in names(identify(x, codes, 256, "0.0168", -39).near)
    assert "ONNX, int8" in names(identify(x, codes, 256, decoded=["-1.50", "0.203", "2.8"]).near)


def test_published_cases_are_named():
    x = ["191.6", "-13.5", "728.6", "92.14", "295.5", "-184", "0", "684.6", "245.5"]
    codes = [-15, -74, 127, -44, 14, -123, -70, 126, 0]
    found = identify(x, codes, 256, scale="3.5", zero_point=-70)
    assert "half_even (-128..127)" in names(found.exact)  # DeepLearning.AI's, at the given scale
    x, grid = ["0.25", "0.75", "1.25", "1.75"], {"scale": "0.5", "zero_point": 0}
    found = identify(x, [0, 2, 2, 4], 256, **grid)
    assert "half_even (0..255)" in names(found.exact)  # tract #2850; mended from
    found = identify(x, [1, 2, 3, 4], 256, **grid)
    assert {"half_away_for_half_even", "half_up_for_half_even"} <= {row.slip for row in found.exact}
    assert "half_even (0..255)" not in names(found.exact)


def test_limits_and_odd_input():
    found = identify(list(range(200)), [v % 256 for v in range(200)], 256)  # 200 values
    assert any(row.kind == "formula" for row in found.exact)
    assert identify([[0.1], [0.2]], np.array([[0], [1]]), 8) == identify(["0.1", "1/5"], [0, 1], 8)
    assert identify("5", 0, 8).exact and identify(5, [0], 1).exact  # one number; one level
    assert identify(["1e300", "-1e300"], [255, 0], 256, scale="1e-300", zero_point=0).exact
    assert identify([0, 0], [0, 0], 256).exact
    fine = [F(1, 3**40), F(2, 7**30), F(5, 11**20), F(1, 9)]
    found = identify(fine, [0, 1, 0, 1], 8)
    assert found.note == "floor(x*W + B) mod 8 was not tried: x is too finely spaced"


def test_identify_refuses_what_does_not_fit():
    good = {"x": ["0.1", "0.2"], "codes": [0, 1], "levels": 8}
    for bad, word in (
        ({"codes": [0]}, "codes"),
        ({"codes": [0, 8]}, "codes"),
        ({"codes": [0, -5]}, "codes"),
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
