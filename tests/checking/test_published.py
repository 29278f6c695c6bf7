"""Published vectors, their blind spots and the museum: each number is recomputed, and the
recomputing itself is tested."""

from dataclasses import replace
from fractions import Fraction as F

import pytest

from checking.cases import BY_NAME
from checking.catalogue.blind_spots import BLIND
from refnn.checking import published
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.catalogue.vectors import MUSEUM, VECTORS
from refnn.quantization import affine


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
    assert set(published.blind_spots(BY_NAME["seven rules, rounding after adding"])) == {
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


def test_every_exhibit_is_recomputed():
    shown = published.exhibits()
    assert len(shown) == len(MUSEUM) == 19 and all(s.holds for s in shown)
    assert {s.exhibit.slip for s in shown} - {None} <= set(CATALOGUE)
    for s in shown:
        assert (s.by_slip is None) == (s.exhibit.slip is None)
        assert s.exhibit.printed != s.exhibit.right and (s.exhibit.slip or s.exhibit.reason)


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
