"""Somebody's functions are judged in one call or one command: right ones are sound, and what is no
such function is refused."""

import json
import os
import subprocess
import sys
from fractions import Fraction as F
from pathlib import Path

import numpy as np
import pytest

from checking.running.cases import GRIDS, broken, names
from refnn import console
from refnn.checking.implementation import assert_sound, check
from refnn.command import cli
from refnn.quantization import affine

# --- what is right is sound -----------------------------------------------------------------------


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
    assert why == "x = .75 gives code 1, but 2 is published"
    on_its_grid = check(lambda x: np.clip(np.rint(x / 2) + 128, 0, 255)).vectors
    assert [v.name for v in on_its_grid if v.held] == ["quantizelinear"]


def test_a_function_of_two_bits_is_given_a_zero_point_within_them():
    for qmin, qmax in ((0, 3), (-2, 1), (-1, 1)):
        report = check(
            lambda x, scale, zp, low=qmin, high=qmax: np.clip(np.rint(x / scale) + zp, low, high)
        )
        assert report.broken == () and (report.grid.qmin, report.grid.qmax) == (qmin, qmax)
        assert report.grid.zero_point % 2 == 1


# --- a process of its own, the command, refusals --------------------------------------------------

MINE = """
import os
import numpy as np
def q(x): return np.clip(np.rint(x / 0.1) + 3, 0, 15).astype(np.uint8)
def d(q): return (q.astype(float) - 3) * 0.1
def plus(q): return (q.astype(float) + 3) * 0.1
def prune(theta, R, tau): return theta * (R > tau)
def keys(x, *, zero_point, scale): return np.clip(np.rint(x / scale) + zero_point, 0, 255)
def raises(x): raise KeyError("no\\nsuch key")
def given(x, scale): raise KeyError("no")
def own(x):
    low, high = min(x.min(), 0), max(x.max(), 0)
    s = (high - low) / 255
    z = round(-low / s)
    q = np.clip(np.rint(x / s) + z, 0, 255).astype(np.uint8)
    return {"zero_point": np.array(z), "q": q, "scale": s}
def back(q, scale, zero_point): return (q.astype(float) - zero_point) * scale
def plus_own(q, scale, zero_point): return (q.astype(float) + zero_point) * scale
def truncated(x):
    low, high = min(x.min(), 0), max(x.max(), 0)
    s = (high - low) / 255
    return np.clip(np.rint(x / s) + int(-128 - low / s), -128, 127).astype(np.int8)
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


def test_arguments_by_keyword_alone_are_given_by_keyword(mine):
    def quantize(x, *, scale, zero_point):
        return np.clip(np.rint(x / scale) + zero_point, 0, 255).astype(np.uint8)

    def dequantize(q, *, zero_point, scale):
        return (q.astype(float) - zero_point) * scale

    report = check(quantize, dequantize)
    assert report.broken == () and report.grid.zero_point == 5
    assert check(mine + "keys").broken == ()


def test_the_command_says_0_1_or_2(mine, capsys):
    assert cli.main(["check", mine + "q", mine + "d"]) == 0
    assert "codes 0 to 15" in capsys.readouterr().out
    assert cli.main(["check", mine + "q", mine + "plus"]) == 1
    out = capsys.readouterr().out
    assert "0.0 comes back as 0.6" in out and "Known mistake in dequantize: plus_zero_point" in out
    assert "wrong: steps = np.asarray(q + qparams.zero_point)" in out and "Hint: " in out
    assert "slip" not in out
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
        assert out == "" and err.count("\n") == 1 and word in err and len(err) <= 301, err


def test_a_function_that_raises_is_shown_with_the_call(mine, capsys):
    for name, call in (("raises", "raises([0, 0.3, -0.3, 1, ...])"), ("given", "scale=0.25")):
        assert cli.main(["check", mine + name]) == 2
        assert f"{call}" in capsys.readouterr().err


def test_a_grid_from_the_data_in_a_process_of_its_own(mine, capsys):
    assert cli.main(["check", mine + "own", mine + "back"]) == 0
    assert "it is ONNX, uint8" in capsys.readouterr().out
    assert cli.main(["check", mine + "own", mine + "plus_own"]) == 1
    assert cli.main(["check", mine + "truncated", "--json"]) == 1
    found = json.loads(capsys.readouterr().out.partition("\n{")[2].join(["{", ""]))
    assert found["judged"] == [mine + "truncated"] and found["depends_on_data"]
    [mistake] = found["mistakes"]
    assert mistake["name"] == "zero_point_toward_zero" and "np.trunc" in mistake["wrong"][0]
    shown = found["smallest_tensor"]
    assert len(shown["x"]) == 2 and shown["gives"] != shown["right"]


def test_files_of_the_user_are_not_imported_by_the_command(mine, tmp_path):
    for module in ("queue", "json", "argparse", "socket", "types"):
        (tmp_path / f"{module}.py").write_text("raise SystemExit('imported')\n")
    command = [sys.executable, "-m", "refnn", "check", mine + "q"]
    path = {"PYTHONPATH": str(Path(cli.__file__).parents[2])}
    done = subprocess.run(command, capture_output=True, env=os.environ | path, check=False)
    assert done.returncode == 0 and b"imported" not in done.stdout + done.stderr


def test_help_fits_and_says_that_it_is_no_security_border(capsys):
    with pytest.raises(SystemExit):
        cli.main(["check", "--help"])
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 79
    assert "does not protect against malicious code" in " ".join(out.split())


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


def test_what_a_function_takes_is_said_where_it_is_no_quantizer():
    for function, said in (
        (lambda: 1, "a function of nothing"),
        (lambda foo, bar: 1, "a function of foo, bar"),
        (lambda x, W, scale: 1, "a function of x, W, scale"),
    ):
        with pytest.raises(ValueError, match=rf"or of x, W, B \(P\), got {said}$"):
            check(function)
