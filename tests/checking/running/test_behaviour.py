"""Every slip of a quantizer is named, and none where none fits."""

from fractions import Fraction as F

import numpy as np
import pytest

from checking.running.cases import GRIDS, broken, casts_then_clips, decode, fixed, names, wraps
from refnn.checking import implementation
from refnn.checking.catalogue.explain import slips_of
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.implementation import assert_sound, check
from refnn.checking.running import behaviour, properties
from refnn.quantization import affine, as_written
from refnn.quantization.affine import QParams

Q, D = "quantization.affine.quantize", "quantization.affine.dequantize"
WRITTEN = "quantization.as_written.quantize"


def quantize_on(function):
    """A quantizer that is given its grid."""
    return lambda x, scale, zero_point, qmin, qmax: function(
        x, QParams(scale, zero_point, qmin, qmax)
    )


@pytest.mark.parametrize("name", slips_of(Q))
def test_every_slip_of_quantize_is_named(name):
    report = check(quantize_on(CATALOGUE[name].wrong))
    assert report.broken and name in names(report) and len(names(report)) == 1


@pytest.mark.parametrize("name", slips_of(D))
def test_every_slip_of_dequantize_is_named(name):
    wrong = CATALOGUE[name].wrong
    report = check(
        quantize_on(affine.quantize),
        lambda q, scale, zero_point, qmin, qmax: wrong(q, QParams(scale, zero_point, qmin, qmax)),
    )
    assert report.broken and name in names(report) and len(names(report)) == 1


@pytest.mark.parametrize("name", slips_of(WRITTEN))
def test_every_slip_of_the_article_s_encoder_is_named(name):
    wrong = CATALOGUE[name].wrong
    assert names(check(lambda x, W, B, P: wrong(x, W, B, P))) == {name}


def test_the_article_as_written_is_told_by_its_name():
    fixed = check(
        lambda x: as_written.quantize(x, 10, 3, 8), lambda q: as_written.dequantize(q, 10, 3)
    )
    given = check(as_written.quantize, as_written.dequantize)
    for report in (fixed, given):
        assert names(report) == {behaviour.WRITTEN, "plus_zero_point"}
        assert set(broken(report)) == {
            "the code never falls as x grows",
            "codes saturate at both ends",
            "each value gets the nearest code",
            "0.0 comes back as 0.0",
            "a decoded code is encoded to itself",
            "the error is at most half a step",
            "a second round trip changes nothing",
        }


# written as a student would, with the grid inside: encoder, decoder, what is named
PLANTED = {
    "floor": (fixed(np.floor), decode, {"floor_for_round"}),
    "truncation": (fixed(np.trunc), decode, {"truncate_for_round"}),
    "half up": (fixed(lambda k: np.floor(k + 0.5)), decode, {"half_up_for_half_even"}),
    "half away": (
        fixed(lambda k: np.sign(k) * np.floor(abs(k) + 0.5)),
        decode,
        {"half_away_for_half_even"},
    ),
    "wrap": (wraps, decode, {"mod_for_clip"}),
    "add, then round": (
        lambda x: np.clip(np.rint(x / 0.1 + 3), 0, 15),
        decode,
        {"round_after_adding"},
    ),
    "cast, then clip": (casts_then_clips, decode, {"cast_before_clip"}),
    "+ for −": (fixed(np.rint), lambda q: (q + 3) * 0.1, {"plus_zero_point"}),
    "zero point dropped": (fixed(np.rint), lambda q: q * 0.1, {"zero_point_dropped"}),
    "decoded, then rounded": (
        fixed(np.rint),
        lambda q: np.round((q - 3) * 0.1),
        {"second_rounding"},
    ),
    "a byte that wraps": (
        lambda x: fixed(np.rint)(x).astype(np.uint8),
        lambda q: (q - np.uint8(3)) * 0.1,
        {"unsigned_subtraction"},
    ),
    "divides": (fixed(np.rint), lambda q: (q - 3) / 0.1, {"divide_by_scale", "multiply_by_scale"}),
    "− for +": (
        lambda x: np.clip(np.rint(x / 0.1) - 3, -8, 7),
        decode,
        {"minus_zero_point", "plus_zero_point"},
    ),
    "the article": (
        lambda x: np.floor(x * 10 + 3) % 16,
        lambda q: (q + 3) / 10,
        {behaviour.WRITTEN, "plus_zero_point"},
    ),
}


@pytest.mark.parametrize("what", PLANTED)
def test_planted_ones_with_their_grid_inside_are_named(what):
    encode, back, wanted = PLANTED[what]
    report = check(encode, back)
    assert report.broken and names(report) == wanted
    with pytest.raises(AssertionError, match=sorted(wanted)[0]):
        assert_sound(encode, back)


def test_two_mistakes_are_two():
    report = check(fixed(np.trunc), lambda q: q * 0.1)
    assert names(report) == {"truncate_for_round", "zero_point_dropped"}
    assert [b.function for b in report.behaviours] == ["quantize", "dequantize"]


def test_the_nearest_slip_is_named_with_an_input_on_which_it_differs():
    def mostly_floor(x):
        return np.where(x / 0.1 < -2, fixed(np.rint)(x), fixed(np.floor)(x))

    [found] = check(mostly_floor).behaviours
    assert found.name == "floor_for_round" and not found.exact and found.agree < found.asked
    x = float(found.differs.removeprefix("x = "))
    assert mostly_floor(x) != fixed(np.floor)(x) and -0.31 < x < -0.2


def test_no_slip_is_named_where_none_fits():
    report = check(lambda x: np.searchsorted([-1, -0.3, -0.1, 0.1, 0.4, 1.2], x))
    assert "each value gets the nearest code" in broken(report) and report.behaviours == ()


def test_codes_without_ends_are_told_by_their_name():
    report = check(lambda x, scale, zero_point, qmin, qmax: np.rint(x / scale) + zero_point)
    assert "codes saturate at both ends" in broken(report) and names(report) == {
        behaviour.UNLIMITED
    }


def test_points_lie_off_the_edges_and_ties_are_hit():
    assert properties.exactly(np.array([0.5, 1.5, 2.5]), 0.25).tolist() == [0.5, 1.5, 2.5]
    for p in GRIDS:
        k = behaviour.battery(p) / p.scale
        tie = np.abs(k - np.floor(k) - 0.5) < 0.05
        assert (k[tie] % 1 == 0.5).all() and tie.any()
    assert implementation.GIVEN.zero_point % 2 == 1  # even would hide what is rounded after adding


def test_a_slip_whose_values_are_beyond_the_floats_is_left_out():
    given = {"q": np.uint8([255]), "W": F(10) ** 307, "B": F(0)}
    found = behaviour.answers("written.dequantize", given, "decoded")
    assert "" in found and "times_W" not in found


def cast(kind, low, high, order="round, add", z=3):
    def quantize(x):
        k = x / 0.1
        k = {"round, add": np.rint(k) + z, "add, round": np.rint(k + z), "add": k + z}[order]
        with np.errstate(all="ignore"):
            return np.clip(k.astype(kind), low, high)

    return quantize


@pytest.mark.parametrize("kind", ["int8", "uint8", "int16", "int32"])
@pytest.mark.parametrize("order", ["round, add", "add, round", "add"])
def test_a_cast_before_the_clip_is_named_whatever_its_type(kind, order):
    low, high = (0, 255) if kind == "uint8" else (-128, 127)
    also = {"round, add": set(), "add, round": {"round_after_adding"}}
    also = also.get(order, {"round_after_adding", "truncate_for_round"})
    assert names(check(cast(kind, low, high, order))) == {"cast_before_clip", *also}
    narrow = (0, 15) if kind == "uint8" else (-8, 7)
    assert "cast_before_clip" in names(check(cast(kind, *narrow, order)))


def test_a_cast_without_a_clip_wraps_and_mod_is_mod():
    def wraps_as_a_byte(x):
        with np.errstate(all="ignore"):
            return (np.rint(x / 0.1) + 3).astype(np.uint8)

    assert names(check(wraps_as_a_byte)) == {"cast_before_clip"}
    assert names(check(lambda x: (np.rint(x / 0.1) + 3) % 256)) == {"mod_for_clip"}
