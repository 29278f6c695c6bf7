"""solve and conventions as a user meets them: the first sentence answers, exit status, pasted
prints, JSON, and how long it takes."""

import json
import time
from fractions import Fraction as F

import numpy as np
import pytest

from refnn import console
from refnn.command import cli
from refnn.command.solving import pasted
from refnn.quantization.conventions import CONVENTIONS, compare

EIGHT, BYTE = ("--levels", "8"), ("--levels", "256")
SOLVE = ("solve", "--x", "0.1,0.2", "--q", "0,1", *EIGHT)
COURSE = ("solve", "--x", "-1.5,0.2,2.8", *BYTE, "--q")
TIES = ("solve", "--x", "-1,0,.5,1.5,2.5,254", *BYTE, "--scale", "1", "--zero-point", "1", "--q")


@pytest.fixture
def ask(capsys):
    """Run a command and return (exit status, what it prints), which fits 80 columns."""

    def run(*arguments):
        status = cli.main(arguments)
        out, err = capsys.readouterr()
        wide = [line for line in out.splitlines() if console.width(line) > 80]
        assert err == "" and ("--json" in arguments or not wide)
        return status, out

    return run


def plain(text):
    return " ".join(text.split())


# --- the first sentence answers -------------------------------------------------------------------


def test_first_which_convention(ask):
    status, out = ask(*COURSE, "-128,-27,127")
    assert status == 0 and out.startswith("This is exactly ONNX, int8. It gives these codes, with")
    out = plain(out)
    assert "the scale 43/2550 (0.0168627) and the zero point -39. 6 other conventions give" in out
    assert "floor(x*W + B) mod 256 cannot give -128, because its codes are 0 to 255." in out
    assert "This input separates them: x = " in out and "mistake" not in out
    for extra in (["--scale", "0.017", "--zero-point", "-39"], ["--decoded", "-1.501 .202 2.799"]):
        status, out = ask(*COURSE, "-128,-27,127", *extra)
        assert status == 0 and out.startswith("This is exactly ONNX, int8.")
    assert "It gives these codes and decoded values, with" in out


def test_a_tie_is_said(ask):
    """Once "exactly slip round_after_adding": shared/cases/ties_pytorch.toml."""
    status, out = ask(*TIES, "0,1,2,2,4,255")
    assert status == 0 and out.startswith("This is exactly PyTorch quantize_per_tensor")
    tie = "A tie decides: 0.5, 1.5, 2.5 lie midway between two codes, and ONNX, uint8 gives 1 3 3"
    assert tie in plain(out) and "mistake" not in out and "repair" not in out
    assert "repair" in ask(*TIES, "0,1,2,2,4,255", "--all")[1]
    status, out = ask("solve", "--x", "-253,257", "--q", "0,254", *BYTE)
    assert "the zero point is 126.5 before it is rounded, and gemmlowp takes 127." in plain(out)


def test_then_which_W_and_B(ask):
    status, out = ask("solve", "--x", ".1,.2,.3", "--q", "0,1,3", *EIGHT)
    first, W, B, no = out.splitlines()
    assert status == 0
    assert first == "floor(x*W + B) mod 8 gives these codes, for example with W = 11, B = -0.25."
    assert W == "  W in (10, 20), repeating with period 80"
    assert B == "  W in (10, 20): at W = 11, B from -0.3 to -0.2"
    assert no == "No published convention gives these codes."
    assert ask("solve", "--x=1/3,2/3", "--q=0,1", "--levels=8")[1].count("period 24") == 1
    # with a blank before the minus
    assert ask("solve", "--x", "-0.1,0.2", "--q", "0,1", *EIGHT)[0] == 0


def test_then_the_proof(ask):
    status, out = ask("solve", "--x", "0.4,0.5,0.6", "--q", "3,4,1", *EIGHT)
    no = "No published convention gives these codes, and no W and B give them by floor(x*W + B)"
    assert status == 1 and plain(out).startswith(f"{no} mod 8. proof: From 0.4 to 0.5 the code")
    out = plain(out)
    assert "No W does both. repair: at least 1 of the 3 codes must be changed." in out
    assert "If entry 3 is changed, W = 1, B = 3.5 gives 3 4 4." in out


def test_a_mistake_is_called_that_and_has_its_hint(ask):
    status, out = ask(*COURSE, "-128,-28,127")
    assert status == 1 and out.startswith("No published convention gives these codes.")
    assert "A known mistake gives these codes: floor_for_round (int8).\n  Which code is" in out
    assert "slip" not in out
    status, out = ask(*COURSE, "-128,12,127", "--scale", ".017", "--zero-point", "88")  # a course's
    no = "No published convention gives these codes with this scale and zero point."
    assert status == 1 and plain(out).startswith(no)
    # a mistake in the choice of the grid, with the right codes on it: a convention gives all
    grid = ("--scale", "0.01176470588235294", "--zero-point", "42")
    status, out = ask("solve", "--x", "-1,0,2", "--q", "-43,42,127", *BYTE, *grid)
    assert status == 0 and out.startswith("This is exactly ONNX (codes -128..127). It gives these")
    mistake = "zero_point_from_the_other_end"
    assert f"The given grid follows from a known mistake: {mistake}" in plain(out)


def test_codes_of_other_grids_are_no_bad_input(ask):
    for codes in ("-5,3", "0,300", "-5,300"):
        status, out = ask("solve", "--x", "0.1,0.2", "--q", codes, *EIGHT)
        code = codes.split(",")[codes == "0,300"]
        cannot = f"floor(x*W + B) mod 8 cannot give {code}, because its codes are 0 to 7."
        assert status == 1 and cannot in plain(out)


# --- decoded values -------------------------------------------------------------------------------

ROW = ("solve", "--x", "0.1,0.2,0.3,0.4,0.5", "--q", "0,1,2,3,4", *EIGHT, "--decoded")


def test_either_sign_of_the_decoder(ask):
    for decoded, sign, W in (("0,.1,.2,.3,.4", "+", "9, B = 0"), ("1,2,3,4,5", "-", "1, B = -1")):
        x = ("solve", "--x", "1,2,3,4,5", *ROW[3:]) if sign == "-" else ROW
        status, out = ask(*x, decoded)
        first = f"W = {W} gives these codes and decoded values"
        assert status == 0 and first in out and f"(q {sign} B)/W" in plain(out)
    status, out = ask(*x, decoded, "--sign", "+")
    assert status == 1 and "by floor(x*W + B) mod 8 and by (q + B)/W." in plain(out)
    status, out = ask(*ROW, "0.0,0.1,0.2,0.3,0.9")
    assert status == 1 and "The codes alone: floor(x*W + B) mod 8 gives them" in out
    assert out.startswith("No published convention gives these codes and decoded values, and no W")
    assert "by (q + B)/W or by (q - B)/W." in plain(out)


def test_another_rounding_or_no_wrap(ask):
    codes = ["solve", "--x", "0.4,0.5,0.6", *EIGHT, "--q"]
    status, out = ask(*codes, "3,4,4", "--rounding", "half-even", "--overflow", "saturate")
    by = "round(x*W + B) (half to even), clipped to 0..7 gives these codes, for example with W = 1"
    assert status == 0 and plain(out).startswith(by)
    status, out = ask(*codes, "3,4,1", "--overflow", "none")
    assert status == 1 and "so 0.1*W lies between -4 and -2" in plain(out)
    assert ask(*codes, "-3,-4,-5", "--overflow", "none")[0] == 0  # no code is outside
    assert ask(*codes, "-3,-4,-5", "--overflow", "saturate")[0] == 1
    status, out = ask(*codes, "3,4,1", "--rounding", "half-even")
    assert "where no x*W + B lies midway between two whole numbers" in plain(out)


def test_numbers_of_hundreds_of_digits_stay_in_the_columns(ask):
    status, out = ask(*("solve", "--x", "1e300,1", "--q", "0,1", *EIGHT, "--overflow", "none"))
    assert status == 0 and "0" * 77 in out
    assert ask("conventions", "--x", "1e308,-1e308")[0] == 0


# --- what may be pasted ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.1, 1/3", ["0.1", "1/3"]),
        ("[101 -115   25]", ["101", "-115", "25"]),
        ("101 -115\n25", ["101", "-115", "25"]),
        ("tensor([1., 2.])", ["1.", "2."]),
        ("tensor([[ 0, -1],\n        [ 2,  3]], dtype=torch.int8)", ["0", "-1", "2", "3"]),
        ("x = np.array([[0.1, -2e-05],\n [3., 4.]], dtype=float32)", ["0.1", "-2e-05", "3.", "4."]),
        ("[1,\n 2,\n]", ["1", "2"]),
        ("[[1 2]\n [3 4]]", ["1", "2", "3", "4"]),
        ("tensor(0.0078)", ["0.0078"]),
        ("tensor(0.5, dtype=torch.float64)", ["0.5"]),
        ("np.float32(0.25)", ["0.25"]),
        ("(1, 2)", ["(1", "2)"]),  # then it is refused as a number
        ("[−1, 2]", ["-1", "2"]),
        ("tensor([1., 2.], requires_grad=True)", ["1.", "2."]),
        ("tensor([[1, 2]], device='cuda:0', grad_fn=<MulBackward0>)", ["1", "2"]),
    ],
)
def test_a_print_is_read(text, values):
    assert pasted("--x", text) == values


@pytest.mark.parametrize("text", ["", " ", "1,", ",1", "1,,2", "[]", "[1,,2]", "tensor([])", "x ="])
def test_a_list_with_a_hole_is_refused(text):
    with pytest.raises(ValueError, match="--x must be numbers separated by commas or blanks, got"):
        pasted("--x", text)


def test_pasted_prints_are_solved(ask):
    asked = ("--x", "tensor([-1.5000,  0.2000,\n  2.8000])", "--q", "[-128  -27  127]")
    status, out = ask("solve", *asked, *BYTE, "--decoded", "[-1.5008  0.2024  2.7992]")
    assert status == 0 and out.startswith("This is exactly ONNX, int8. It gives these codes and")
    status, out = ask("conventions", "--x", "[-1.5 0.2]")
    assert status == 0 and out.count("\nONNX, ") == 2


def test_reading_takes_time_in_proportion(monkeypatch):
    def seconds(text):
        return min(_time(text) for _ in range(5))

    def _time(text):
        start = time.process_time()
        try:
            pasted("--x", text)
        except ValueError:
            pass
        return time.process_time() - start

    for part in ("[1, 2], ", "1 ", ", a", "x(", "tensor(", "\n\n", "] , ", "x = "):
        short, long = part * 2_000, part * 8_000
        assert seconds(long) < 8 * max(seconds(short), 2e-3), part


# --- JSON, and all of it --------------------------------------------------------------------------


def test_json_holds_it_all(ask):
    status, out = ask(*TIES, "0,1,2,2,4,255", "--json")
    data = json.loads(out)
    assert status == 0 and data["holds"] and data["x"][2] == "1/2" and data["levels"] == 256
    first = data["conventions"][0]
    assert first["name"] == "PyTorch quantize_per_tensor, quint8" and first["scale"] == "1"
    assert "half-even" in first["rule"] and "torch" in first["source"]
    assert data["tie"] == {"entries": [2, 3, 4], "name": "ONNX, uint8", "codes": [1, 3, 3]}
    assert data["formula"]["intervals"] == [] and data["formula"]["proof"]["indices"]
    assert data["formula"]["repair"]["codes"] and data["slips"] == []
    data = json.loads(ask(*COURSE, "-128,-28,127", "--json")[1])
    assert data["slips"][0]["slip"] == "floor_for_round" and data["slips"][0]["hint"]
    assert data["formula"]["why_not"].startswith("floor(x*W + B) mod 256 cannot give")
    data = json.loads(ask(*ROW, "0,.1,.2,.3,.4", "--json")[1])
    assert data["formula"]["decoded_by"] == {"W": "9", "B": "0", "decoder": "(q + B)/W"}
    assert data["formula"]["intervals"] == [["15/2", "25/2"]] and data["formula"]["period"] == 80
    every = json.loads(ask("solve", "--x", "5", "--q", "3", *EIGHT, "--json")[1])
    assert every["formula"]["intervals"] == [["-inf", "inf"]]


def test_all_shows_what_is_hidden(ask):
    asked = ("solve", "--x", "-253,257", "--q", "0,254", *BYTE)
    short, everything = ask(*asked)[1], ask(*asked, "--all")[1]
    assert "and 502 more (see --all)" in plain(short)
    assert "--all" not in everything and everything.count("(") > 510
    asked = ("solve", "--x", "0,0", "--q", "0,0", *BYTE)
    short, everything = ask(*asked)[1], ask(*asked, "--all")[1]
    hidden = [c.name for c in CONVENTIONS if c.name in plain(everything)]
    assert "more (see --all)" in plain(short) and len(hidden) > 10


# --- bad input ------------------------------------------------------------------------------------

ONE = ("solve", "--x", "0.1", "--q", "0", *EIGHT)
# fmt: off
BAD = [
    (("solve", "--x", "0.1,zz", "--q", "0,1", *EIGHT), "solve: --x must be a finite decimal"),
    (("solve", "--x", "0.1,", "--q", "0,1", *EIGHT), "solve: --x must be numbers"),
    (("solve", "--x", "0.1", "--q", "0,1", *EIGHT), "solve: --q must be as many numbers as --x"),
    (("solve", "--x", "0.1", "--q", "0.5", *EIGHT), "solve: --q must be whole numbers"),
    (("solve", "--x", "0.1", "--q", "0", "--levels", "eight"), "--levels"),
    (("solve", "--x", "0.1", "--q", "0", "--levels", "0"), "--levels"),
    (("solve", "--x", "1e999", "--q", "0", *EIGHT), "solve: --x"),
    (("solve", "--x", "0.1"), "--q"),
    (("solve", "--x"), "--x"),
    (("solve", "--x", ",".join("1" * 201), "--q", "0", *EIGHT), "--x must be at most 200 numbers"),
    ((*ONE, "--sign", "-"), "--sign goes with --decoded"),
    ((*ONE, "--decoded", "a"), "--decoded"),
    ((*ONE, "--decoded", "1,2"), "--decoded must be as many numbers as --x (1), got 2"),
    ((*ONE, "--scale", "1"), "--zero-point"),
    ((*ONE, "--scale", "0", "--zero-point", "0"), "--scale must be positive"),
    ((*ONE, "--scale", "1,2", "--zero-point", "0"), "--scale must be one number"),
    ((*ONE, "--scale", "1", "--zero-point", "0.5"), "--zero-point must be a whole number"),
    ((*ONE, "--rounding", "nearest"), "--rounding"),
    ((*ONE, "--overflow", "none", "--decoded", "1"), "--decoded, --scale and --zero-point go with"),
    (("conventions",), "--x"),
    (("conventions", "--x", "1,zz"), "conventions: --x"),
    (("conventions", "--x", "1,2", "--bits", "17"), "--bits"),
    (("conventions", "--x", "1,2", "--figures", "x"), "--figures"),
]
# fmt: on


@pytest.mark.parametrize(("arguments", "word"), BAD, ids=[" ".join(a)[-40:] for a, _ in BAD])
def test_bad_input_is_one_line_and_status_2(arguments, word, capsys):
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and word in err and len(err) <= 300
    assert err.startswith("refnn: ") and ("solve:" in err) == (
        arguments[0] == "solve" and len(arguments) > 3
    )


# --- conventions ----------------------------------------------------------------------------------


def test_conventions_says_every_number_with_its_code(ask):
    status, out = ask("conventions", "--x", "-1.5,0.2,2.8")
    # printed in a course with zero point 88 and codes -128 12 127; right is
    right = "ONNX, int8: scale 0.0168627, zero point -39\n    -1.5 -> -128 -> -1.50078 (-0.05)"
    assert status == 0 and right in out
    assert sum(line[0] != " " for line in out.splitlines()) == len(CONVENTIONS)
    status, out = ask("conventions", "--x", "5", "--bits", "4")
    assert status == 0 and "MIT lab, int8: divides by 0" in out


# --- how long it takes ----------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["a convention", "decoded", "random", "two wrong", "a grid"])
def test_fifty_values_take_less_than_a_second(case, ask):
    """Of processor time, with 256 levels and four decimals, on a machine of 2024."""
    rng = np.random.default_rng(0)
    x = [f"{v:.4f}" for v in rng.normal(size=50)]
    grid = {row.convention.name: row.grid for row in compare([F(v) for v in x])}["ONNX, uint8"]
    q, extra = grid.codes.tolist(), []
    if case == "random":
        q = rng.integers(0, 256, 50).tolist()
    if case == "two wrong":
        q[7], q[20] = q[7] ^ 1, q[20] ^ 1
    if case == "decoded":
        extra = ["--decoded", ",".join(f"{float(v):.4f}" for v in grid.decoded)]
    if case == "a grid":
        extra = ["--scale", "0.02", "--zero-point", "100"]
    start = time.process_time()
    status, out = ask("solve", "--x", ",".join(x), "--q", ",".join(map(str, q)), *BYTE, *extra)
    taken = time.process_time() - start
    assert status == (case not in ("a convention", "decoded")) and taken < 1, out
