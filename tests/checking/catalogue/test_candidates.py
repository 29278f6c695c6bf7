"""Every convention, every slip and the solver's pair are candidates: what they print is named as
theirs."""

from fractions import Fraction as F

import numpy as np
import pytest

from checking.cases import names, planted, text
from refnn import arrays
from refnn.checking.catalogue.candidates import CHOICES
from refnn.checking.catalogue.explain import slips_of
from refnn.checking.catalogue.formulas import CHOOSE, DEQUANTIZE, QUANTIZE
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.identify import identify
from refnn.quantization import affine, as_written, calibration, conventions
from refnn.quantization.affine import QParams

# Two zero points that are ties, and values on ties of either parity.
TENSORS = ([F(-5), F(25), F(1), F(3), F(5), F(7)], [F(-3), F(12), F(1, 2), F(8)])


def objects(x):
    return arrays.objects(list(x), (len(x),))


@pytest.mark.parametrize("convention", conventions.CONVENTIONS, ids=lambda c: c.name)
def test_each_convention_is_named(convention):
    grid = convention.encode(objects(TENSORS[0]), 4)
    codes = [int(c) for c in grid.codes]
    assert convention.name in names(planted(TENSORS[0], codes, 16).exact)
    decoded = [(c - grid.zero_point) * grid.scale for c in codes]
    found = identify(text(TENSORS[0]), codes, 16, decoded=text(decoded))
    assert convention.name in names(found.exact)
    both = ["article, as written", "article, sign corrected"]
    if convention.name in both:  # a decoder tells these two apart
        assert both[both[0] == convention.name] not in names(found.exact)


# What a published convention does on a given grid is no slip: TensorFlow Lite rounds half
# away, PyTorch rounds after adding, and others print codes per real unit.
PUBLISHED = {
    "half_away_for_half_even": "TFLite activations (codes -128..127)",
    "round_after_adding": "PyTorch quantize_per_tensor (codes -128..127)",
    "multiply_by_scale": "zero point, codes per unit (codes -128..127, W = 2)",
}


@pytest.mark.parametrize("name", slips_of(QUANTIZE))
def test_each_slip_of_quantize_is_named_at_a_given_scale(name):
    x = "1 3 5 -1 -3 -5 0.9 -0.6 1e10 246 600 -700"
    x = [F(v) for v in x.split()]
    p = QParams(F(2), 11, -128, 127)  # codes below 0: no mod prints them
    codes = [int(c) for c in CATALOGUE[name].wrong(objects(x), p)]
    assert codes != affine.quantize(x, p).tolist()
    if name in PUBLISHED:
        found = identify(text(x), codes, 256, scale="2", zero_point=11)
        assert {row.kind for row in found.exact} == {"convention"}
        assert PUBLISHED[name] in names(found.exact)
        return
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
    if (name, kind) in (  # MIT's rule, and the full symmetric range
        ("zero_not_in_range", "int"),
        ("symmetric_by_one_level_more", "symmetric int"),
    ):
        assert differs == 1 and named == 0
        return
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


@pytest.mark.parametrize(
    ("levels", "low", "high"), [(10, -5, 4), (7, -3, 3), (3, -1, 1), (256, -128, 127), (16, -8, 7)]
)
def test_signed_codes_of_any_number_of_levels_have_one_more_below_zero_if_it_is_even(
    levels, low, high
):
    found = identify(["-900", "900", "0.8"], [low, high, 1], levels, scale="1", zero_point=0)
    assert f"ONNX (codes {low}..{high})" in names(found.exact)
    found = identify(["-900", "900", "0.8"], [0, levels - 1, 1], levels, scale="1", zero_point=0)
    assert f"ONNX (codes 0..{levels - 1})" in names(found.exact)


def test_a_symmetric_convention_takes_part_at_zero_point_0_alone():
    ours = "(codes -127..127)"
    found = identify(["-200", "5", "200"], [-127, 5, 127], 256, scale="1", zero_point=0)
    assert any("symmetric" in name and ours in name for name in names(found.exact))
    found = identify(["-200", "5", "200"], [-127, 6, 127], 256, scale="1", zero_point=1)
    assert not any("symmetric" in name for name in names(found.exact))


def test_the_last_code_may_be_the_zero_point():
    given = {"x": ["-2.5", "-0.7", "0"], "levels": 256, "scale": "1"}
    found = identify(codes=[253, 254, 255], zero_point=255, **given)
    assert "ONNX (codes 0..255)" in names(found.exact)
    found = identify(codes=[253, 255, 255], zero_point=255, **given)  # cut off towards 0
    assert "truncate_for_round" in {row.slip for row in found.exact}
    assert "is not a code" not in found.note
    assert (
        "256 is not a code of 256 levels" in identify(codes=[1, 2, 3], zero_point=256, **given).note
    )
