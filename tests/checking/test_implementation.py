"""Somebody's functions judged: right ones are sound, every slip is named, the counterexample is
real."""

import os
import subprocess
import sys
from fractions import Fraction as F
from pathlib import Path

import numpy as np
import pytest

from refnn import console
from refnn.checking import implementation
from refnn.checking.catalogue.explain import slips_of
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.implementation import assert_sound, check
from refnn.checking.running import behaviour, properties, pruner
from refnn.checking.running.staircase import staircase
from refnn.command import cli
from refnn.network import Params, backward
from refnn.pruning import as_written as prune_written
from refnn.pruning import importance, masks
from refnn.quantization import affine, as_written
from refnn.quantization.affine import QParams


def names(report):
    return {b.name for b in report.behaviours if b.exact}


def broken(report):
    return [p.name for p in report.broken]


# --- what is right is sound -----------------------------------------------------------------------

ENDS = ((3, 0, 15), (0, -127, 127), (-128, -128, 127), (255, 0, 255), (0, 0, 255), (-1, -2, 1))
GRIDS = [
    QParams(float(scale), *ends)
    for scale in (F(1, 10), F(1, 127), F(7, 2), F(1, 3), F(1, 2), F(1, 51), F(10**9), F(1, 10**12))
    for ends in ENDS
]


@pytest.mark.parametrize("p", GRIDS, ids=str)
def test_our_own_is_sound_and_its_grid_is_found_exactly(p):
    report = check(lambda x: affine.quantize(x, p), lambda q: affine.dequantize(q, p))
    assert report.broken == () and report.behaviours == ()
    g = report.grid
    assert (g.scale, g.zero_point, g.qmin, g.qmax) == (p.scale, p.zero_point, p.qmin, p.qmax)
    assert all(one.held is not None for one in report.properties)


def test_other_right_ones_are_sound():
    clip, rint = np.clip, np.rint
    for quantize, dequantize in (
        (
            lambda x: clip(rint(x / 0.1) + 3, 0, 15).astype(np.uint8),
            lambda q: (q.astype(float) - 3) * 0.1,
        ),
        (lambda x: clip(rint(x * (1 / 0.1)) + 3, 0, 15), lambda q: 0.1 * q - 0.1 * 3),
        (
            lambda x: clip(rint(np.float32(x) / np.float32(0.1)) + 3, 0, 15).astype(np.int64),
            lambda q: (q - np.float32(3)) * np.float32(0.1),
        ),
        (lambda x: clip(rint(x / 1e-3), -(2**15), 2**15 - 1).astype(np.int16), lambda q: q * 1e-3),
        (lambda x: clip(rint(x / 1e295) + 3, 0, 15), lambda q: (q - 3) * 1e295),
        (lambda x: clip(rint(x / 1e-7), -(2**31), 2**31 - 1), lambda q: q * 1e-7),
        (
            lambda x: np.array(
                [min(max(round(F(float(v)) * 10) + 3, 0), 15) for v in x.flat]
            ).reshape(x.shape),
            lambda q: (q - 3) / 10,
        ),  # exact, and most of what floats take for ties is none
        (np.vectorize(lambda v: min(max(round(float(v) / 0.25), -8), 7)), lambda q: q * 0.25),
    ):
        assert_sound(quantize, dequantize)


def test_a_function_that_is_given_its_grid_meets_the_published_vectors():
    def quantize(x, scale, zp, qmin, qmax):
        return np.clip(np.rint(x / scale) + zp, qmin, qmax)

    def dequantize(q, scale, zero_point):
        return (np.asarray(q, float) - zero_point) * scale

    report = check(quantize, dequantize)
    assert report.broken == () and len(report.vectors) >= 8
    asked = {v.name for v in report.vectors}
    assert {"quantizelinear", "ties", "dequantizelinear", "linear quantize, 2 bits"} <= asked

    def floors(x, scale, zp, qmin, qmax):
        return np.clip(np.floor(x / scale) + zp, qmin, qmax)

    [why] = [v.why for v in check(floors).vectors if v.name == "ties"]
    assert why == ".75 gives 1, but 2 is published"
    on_its_grid = check(lambda x: np.clip(np.rint(x / 2) + 128, 0, 255)).vectors
    assert [v.name for v in on_its_grid if v.held] == ["quantizelinear"]


# --- what is wrong is named -----------------------------------------------------------------------

Q, D = "quantization.affine.quantize", "quantization.affine.dequantize"
WRITTEN = "quantization.as_written.quantize"
PRUNE, BY_THRESHOLD = "pruning.as_written.prune", "pruning.masks.by_threshold"


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


def fixed(rule):
    return lambda x: np.clip(rule(x / 0.1) + 3, 0, 15)


def decode(q):
    return (np.asarray(q, float) - 3) * 0.1


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
    "wrap": (lambda x: (np.rint(x / 0.1) + 3) % 16, decode, {"mod_for_clip"}),
    "add, then round": (
        lambda x: np.clip(np.rint(x / 0.1 + 3), 0, 15),
        decode,
        {"round_after_adding"},
    ),
    "cast, then clip": (
        lambda x: np.clip((np.rint(x / 0.1) + 3).astype(np.int32), 0, 15),
        decode,
        {"cast_before_clip"},
    ),
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


def test_the_counterexample_is_the_nearest_to_0_and_real():
    [nearest] = check(fixed(np.floor)).broken
    assert nearest.why == "x = -0.01 (0.1 steps below 0) gives code 2, but the nearest code is 3"
    assert fixed(np.floor)(-0.01) == 2
    [tie] = check(fixed(lambda k: np.floor(k + 0.5))).broken
    given = "x = 0.05 (0.5 steps) gives code 4, but rounding to even gives 3"
    assert tie.why == f"{given}; all ties go up"
    falls, ends = check(PLANTED["wrap"][0]).broken
    assert falls.why == "x = -0.34 (3.4 steps below 0) gives code 0, but a smaller x gives code 15"
    at_this_end = "gives code 15, but the code at this end is 0"
    assert ends.why == f"x = -0.4 (4 steps below 0) {at_this_end}"
    assert PLANTED["wrap"][0](-0.4) == 15
    [cast] = check(PLANTED["cast, then clip"][0]).broken
    assert cast.why == "x = 3e+08 (3e+09 steps) gives code 0, but the code at this end is 15"


ODD = {
    "the shape is kept": [
        lambda x: x[:2],
        lambda x: np.rint(x).sum(),
        lambda x: np.rint(x)[None],
        lambda x: [round(float(v)) for v in np.ravel(x)],
    ],
    "the answer is an array of numbers": [
        lambda x: "abc",
        lambda x: None,
        lambda x: {},
        lambda x: x.astype(str),
        lambda x: x * 1j,
    ],
    "finite input gives finite output": [
        lambda x: x / 0,
        np.sqrt,
        lambda x: np.where(x > 1, np.nan, 0),
    ],
    "codes are whole numbers": [lambda x: np.rint(x / 0.1) * 0.1],
    "each value is encoded independently": [
        lambda x: np.rint((x - x.min()) / (np.ptp(x) + 1e-9) * 255)
    ],
    "tells numbers apart": [lambda x: 0 * x, lambda x: x > 0],
    "0.0 has a code of its own": [lambda x: np.clip(np.rint(x * 25.5) - 127, 0, 255)],
    "codes saturate at both ends": [np.rint],
    "the input array stays unchanged": [
        lambda x: np.clip(np.rint(np.divide(x, 0.1, out=x)) + 3, 0, 15)
    ],
    "float32 and float64 give the same codes": [
        lambda x: fixed(np.rint)(x) + (x.dtype == np.float32)
    ],
    "the code never falls as x grows": [lambda x: np.clip(3 - np.rint(x / 0.1), 0, 15)],
}


@pytest.mark.parametrize("promise", ODD)
def test_every_promise_can_be_broken(promise):
    for function in ODD[promise]:
        assert promise in broken(check(function)), function


def test_a_random_one_is_no_function():
    rng = np.random.default_rng(0)
    assert broken(check(lambda x: np.floor(x + rng.random(x.shape)))) == [
        "the same input gives the same codes"
    ]


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


def test_a_function_of_two_bits_is_given_a_zero_point_within_them():
    for qmin, qmax in ((0, 3), (-2, 1), (-1, 1)):
        report = check(
            lambda x, scale, zp, low=qmin, high=qmax: np.clip(np.rint(x / scale) + zp, low, high)
        )
        assert report.broken == () and (report.grid.qmin, report.grid.qmax) == (qmin, qmax)
        assert report.grid.zero_point % 2 == 1


def test_a_decoder_that_writes_to_its_input():
    in_place = check(fixed(np.rint), lambda q: np.multiply(np.subtract(q, 3, out=q), 0.1, out=q))
    assert broken(in_place) == ["decoder leaves its input alone"]


def test_no_slip_is_named_where_none_fits():
    report = check(lambda x: np.searchsorted([-1, -0.3, -0.1, 0.1, 0.4, 1.2], x))
    assert "each value gets the nearest code" in broken(report) and report.behaviours == ()


def test_staircases_of_every_rule():
    def quarter(k):
        return np.floor(k + 0.25)

    for rule, offset in ((np.floor, F(3)), (np.rint, F(7, 2)), (quarter, F(13, 4))):
        found = staircase(lambda x, rule=rule: np.clip(rule(x / 0.1) + 3, 0, 15))
        assert found == (F(1, 10), 3, 0, 15, offset, True, True)
    wraps = staircase(lambda x: np.floor(100 * x - 3.5) % 256)
    assert wraps == (F(1, 100), 252, 0, 255, F(505, 2), True, True)
    assert staircase(lambda x: np.zeros(x.shape)) is None
    assert staircase(lambda x: (x > 0) * 1.0) is None


# --- prune and importance -------------------------------------------------------------------------


def test_prune_is_sound_in_every_form():
    for function in (
        prune_written.prune,
        masks.by_threshold,
        lambda R, tau: ~(R < tau),
        lambda theta, R, tau: np.where(R < tau, 0, theta),
        lambda w, R, threshold: (np.where(R < threshold, 0, w), ~(R < threshold)),
        lambda params, R, tau: params * (R >= tau),
        lambda scores, tau: (scores >= tau).astype(int),
    ):
        report = check(function)
        assert report.role == "prune" and report.broken == () and report.behaviours == ()


@pytest.mark.parametrize("name", [*slips_of(PRUNE), *slips_of(BY_THRESHOLD)])
def test_every_slip_of_prune_is_named(name):
    wrong = CATALOGUE[name].wrong
    three, two = (
        lambda params, R, tau: wrong(params, R, tau),
        lambda scores, tau: wrong(scores, tau),
    )
    report = check(three if CATALOGUE[name].formula == PRUNE else two)
    assert report.broken and names(report) == {name}


def test_prune_by_hand():
    assert broken(check(lambda theta, R, tau: theta * (R > tau))) == [
        "scores equal to tau are kept"
    ]
    absolute = check(lambda theta, R, tau: theta * (abs(R) >= tau))
    assert broken(absolute) == ["scores far below 0 are removed (R has a sign)"]
    doubled = check(lambda w, R, tau: (w * 2 * (R >= tau), R >= tau))
    assert "kept parameters stay, others become 0" in broken(doubled)
    assert broken(check(lambda w, R, tau: "abc")) == ["the answer is a mask or the parameters"]


@pytest.mark.parametrize("name", pruner.RECIPES)
def test_every_criterion_is_known(name):
    function = getattr(importance, name)
    report = check(lambda params, X, y: function(params, X, y))
    assert report.broken == () and report.properties[-1].why == f"it is {name}"
    arrays_too = check(
        lambda W_ih, b_h, W_ho, b_o, X, y: function(Params(W_ih, b_h, W_ho, b_o), X, y).flatten()
    )
    assert arrays_too.broken == ()


OF_IMPORTANCE = ["pruning.as_written.importance"]
OF_IMPORTANCE += [f"pruning.importance.{name}" for name in pruner.RECIPES]


@pytest.mark.parametrize("name", [s.name for s in CATALOGUE.values() if s.formula in OF_IMPORTANCE])
def test_every_slip_of_importance_is_named_unless_it_is_another_criterion(name):
    wrong = CATALOGUE[name].wrong
    report = check(lambda params, X, y: wrong(params, X, y))
    same = [p.why for p in report.properties if p.held and p.why.startswith("it is ")]
    assert name in names(report) or same, report  # |R| of the article is `gradient`, and so on


def test_a_missing_absolute_value_is_seen_on_the_probe():
    def slope(params, X, y):
        return backward(params, X, y, "tanh").flatten()

    g = slope(pruner.NETWORK, pruner.X, pruner.Y)
    for signed in (g, g * pruner.NETWORK.flatten(), pruner.NETWORK.flatten()):
        assert (signed < 0).sum() > 2 and (signed > 0).sum() > 2
    for name, signed in (
        ("signed_taylor", lambda params, X, y: params.flatten() * slope(params, X, y)),
        ("no_abs", lambda params, X, y: params.flatten()),
    ):
        report = check(signed)
        assert broken(report) == ["it is a known criterion"] and names(report) == {name}


@pytest.mark.parametrize("activation", ["sigmoid", "relu", "identity"])
def test_an_importance_of_another_activation_is_right_and_said_to_be(activation):
    for function in (importance.taylor, importance.gradient):
        report = check(lambda params, X, y, f=function: f(params, X, y, activation))
        said = f"it is {function.__name__} on a network with {activation}"
        assert report.broken == () and report.properties[-1].why == said
    signed = check(lambda params, X, y: CATALOGUE["signed_taylor"].wrong(params, X, y, activation))
    assert names(signed) == {"signed_taylor"}
    [unknown] = check(lambda params, X, y: params.flatten() ** 2).broken
    assert "tanh, sigmoid, relu or identity" in unknown.why


def test_arguments_by_keyword_alone_are_given_by_keyword(mine):
    def quantize(x, *, scale, zero_point):
        return np.clip(np.rint(x / scale) + zero_point, 0, 255).astype(np.uint8)

    def dequantize(q, *, zero_point, scale):
        return (q.astype(float) - zero_point) * scale

    report = check(quantize, dequantize)
    assert report.broken == () and report.grid.zero_point == 5
    assert check(mine + "keys").broken == ()


def test_an_inverted_mask_of_two_arguments_is_named_and_chance_is_not():
    assert names(check(lambda scores, threshold: scores < threshold)) == {"mask_inverted"}
    by_weight = check(lambda w, R, tau: np.where(np.abs(w) < tau, 0, w))  # 5 of 9, by chance
    assert by_weight.broken and by_weight.behaviours == ()


def test_codes_without_ends_are_told_by_their_name():
    report = check(lambda x, scale, zero_point, qmin, qmax: np.rint(x / scale) + zero_point)
    assert "codes saturate at both ends" in broken(report) and names(report) == {
        behaviour.UNLIMITED
    }


# --- refusals, the sandbox, the command -----------------------------------------------------------

MINE = """
import os
import numpy as np
def q(x): return np.clip(np.rint(x / 0.1) + 3, 0, 15).astype(np.uint8)
def d(q): return (q.astype(float) - 3) * 0.1
def plus(q): return (q.astype(float) + 3) * 0.1
def prune(theta, R, tau): return theta * (R > tau)
def keys(x, *, zero_point, scale): return np.clip(np.rint(x / scale) + zero_point, 0, 255)
def raises(x): raise KeyError("no\\nsuch key")
def hangs(x):
    while True: pass
def leaves(x): os._exit(0)
def floods(x):
    while True: print("x" * 10**6)
def bits(x, bits): return x
def inplace(x):
    x /= 0.1
    return np.clip(np.rint(x) + 3, 0, 15)
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    (tmp_path / "mine_for_check.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    return "mine_for_check:"


def test_check_in_a_process_of_its_own(mine, tmp_path):
    report = check(mine + "q", mine + "d")
    assert report.broken == () and report.grid.scale == 0.1
    assert names(check(mine + "q", mine + "plus")) == {"plus_zero_point"}
    assert broken(check(mine + "inplace")) == ["the input array stays unchanged"]
    assert names(check(mine + "prune", folder=tmp_path)) == {"at_most_for_below"}
    assert "mine_for_check" not in sys.modules


def test_the_command_says_0_1_or_2(mine, capsys):
    assert cli.main(["check", mine + "q", mine + "d"]) == 0
    assert "codes 0 to 15" in capsys.readouterr().out
    assert cli.main(["check", mine + "q", mine + "plus"]) == 1
    out = capsys.readouterr().out
    assert "0.0 comes back as 0.6" in out and "like plus_zero_point" in out
    assert all(console.width(line) <= 79 for line in out.splitlines())
    for arguments, word in (
        ((mine + "raises",), "raises"),
        ((mine + "none",), "none"),
        (("no_module:q",), "no_module"),
        ((mine + "leaves",), "leaves"),
        ((mine + "floods",), "floods"),
        ((mine + "bits",), "bits"),
        ((mine + "hangs", "--seconds", "1"), "hangs"),
        (("mine",), "MODULE:FUNCTION"),
        ((mine + "q", "--seconds", "0"), "--seconds"),
        ((mine + "q", "--memory", "x"), "--memory"),
        ((mine + "prune", mine + "d"), "dequantize"),
        ((mine + "q", mine + "prune"), "prune"),
        ((), "MODULE"),
    ):
        assert cli.main(["check", *arguments]) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.count("\n") == 1 and word in err and len(err) < 400, err


def test_help_fits_and_says_that_it_is_no_security_border(capsys):
    with pytest.raises(SystemExit):
        cli.main(["check", "--help"])
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 79
    assert "does not protect against code" in " ".join(out.split())


def test_the_real_command_in_ascii(mine):
    ascii_ = {"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(Path(cli.__file__).parents[2])}
    command = [sys.executable, "-W", "error", "-m", "refnn", "check", mine + "prune"]
    done = subprocess.run(command, capture_output=True, env=os.environ | ascii_, check=False)
    assert done.returncode == 1 and done.stderr == b""
    assert b"at_most_for_below" in done.stdout and b"tau?" in done.stdout


def test_check_refuses_targets_limits_and_grids_that_do_not_fit():
    for function, word in (
        (3, "quantize"),
        (lambda: 0, "quantize"),
        (lambda x, bits: x, "quantize"),
        (lambda x: 1 / 0, "ZeroDivisionError"),
        (lambda x: sys.exit(0), "SystemExit"),
        (lambda x, W, scale: x, "quantize"),
        (lambda tau: tau, "quantize"),
        (lambda theta, X, y: theta, "quantize"),
        (lambda params, X, y: 1 / 0, "ZeroDivision"),
    ):
        expected = rf"check: quantize must be .*{word}|check: {word} must be"
        with pytest.raises((ValueError, TypeError), match=expected):
            check(function)
    for option, bad in (("seconds", 0), ("memory", 1.5), ("folder", "/no/such")):
        with pytest.raises((ValueError, TypeError), match=rf"check: {option} must be"):
            check("math:floor", **{option: bad})
    with pytest.raises(TypeError, match="check: dequantize must be a function"):
        check(np.rint, 3)


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
