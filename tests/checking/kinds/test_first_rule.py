"""Of many entries a few decide which rules are tried, and floats which slips: both change no
verdict."""

from fractions import Fraction as F

import numpy as np
import pytest

from refnn.checking.catalogue.explain import slips_in
from refnn.checking.claims import Printed, whole
from refnn.checking.kinds import first_rule
from refnn.checking.worked_example import check
from refnn.quantization import affine, calibration
from refnn.quantization.conventions import CONVENTIONS


def claims(rng):
    """Right and wrong claims about 120 numbers, with a grid that is stated or from the data."""
    x = np.round(rng.standard_normal(120), 3)
    grid = calibration.choose_qparams(x, 8, signed=False)
    stated = affine.QParams(0.05, 128, 0, 255)
    for p, given in (
        (grid, {"bits": 8, "signed": False}),
        (stated, {"bits": 8, "signed": False, "scale": 0.05, "zero_point": 128}),
    ):
        steps = np.round(x / p.scale, 9)
        right = np.clip(np.rint(steps) + p.zero_point, 0, 255)
        one = right.copy()
        one[60] += 1
        kinds = {
            "right": right,
            "one wrong": one,
            "floor": np.clip(np.floor(steps) + p.zero_point, 0, 255),
            "half away": np.clip(
                np.sign(steps) * np.floor(abs(steps) + 0.5) + p.zero_point, 0, 255
            ),
        }
        for codes in kinds.values():
            decoded = np.round((codes - p.zero_point) * p.scale, 3)
            printed = {"codes": codes.astype(int).tolist()}
            yield {"kind": "affine", "x": x.tolist(), **given, "printed": printed}
            if codes is one:
                printed = {**printed, "decoded": decoded.tolist(), "mse": 0.001}
                yield {"kind": "affine", "x": x.tolist(), **given, "printed": printed}


def test_screening_changes_no_verdict(rng, monkeypatch):
    examples = [{"title": "", "claims": [claim]} for claim in claims(rng)]
    quick = [check(example) for example in examples]
    monkeypatch.setattr(first_rule, "MANY", 10**9)
    whole = [check(example) for example in examples]
    for one, other in zip(quick, whole, strict=True):
        assert [(v.status, v.reason) for v in one] == [(v.status, v.reason) for v in other]
    statuses = {v.status for verdicts in whole for v in verdicts}
    assert {"exact", "cannot be"} <= statuses


@pytest.mark.parametrize("c", CONVENTIONS, ids=lambda c: c.name)
def test_a_convention_looks_only_at_the_range(c, rng):
    """So the ends of the range are enough to have its grid."""
    x = rng.standard_normal(50)
    ends = np.array([x.min(), x.max()])
    whole, few = (c.encode(a, 8) for a in (x, ends))
    assert (whole.scale, whole.zero_point) == (few.scale, few.zero_point)


def test_slips_are_left_out_only_where_floats_see_that_they_do_not_fit(rng):
    x = np.round(rng.uniform(-3, 3, 120), 3)
    given = {"x": x, "scale": 0.05, "zero_point": 128, "qmin": 0, "qmax": 255}

    def left(codes):
        printed = whole(np.array(codes, int).astype(object))
        return first_rule._not_far("fake_quantize", given, lambda v: v["codes"], printed)

    assert left(np.rint(x / 0.05) + 128) == set(slips_in("fake_quantize"))  # nothing is wrong
    floor = left(np.floor(x / 0.05) + 128)
    assert "floor_for_round" in floor and "multiply_by_scale" not in floor


@pytest.mark.parametrize(("wrong", "kept"), [(0, 3), (5, 8), (40, 19)])
def test_a_few_are_the_ends_the_longest_print_and_sixteen_wrong_ones(wrong, kept):
    """x rises from 0 to 199; the wrong ones come after 50, and entry 20 has most digits."""
    x = np.array([F(n) for n in range(200)])
    right = [f"{n}.0" for n in range(200)]
    right[20] = "20.0000"
    values = [F(n) + (50 < n <= 50 + wrong) for n in range(200)]
    half = np.array([F(1, 20)] * 200, object)
    printed = {"decoded": Printed(np.array(values, object), half, tuple(right))}
    few, part = first_rule.a_few(x, printed, {"decoded": list(range(200))})
    assert [few[0], few[1], few[-1], len(few)] == [0, 20, 199, kept]
    assert part["decoded"].texts == tuple(right[int(n)] for n in few)
    assert first_rule.a_few(x[:100], {"mse": printed["decoded"]}, {}) is None
    short = {"decoded": Printed(*(a[:100] for a in printed["decoded"]))}
    assert first_rule.a_few(x[:100], short, {"decoded": list(range(100))}) is None
