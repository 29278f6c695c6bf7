"""What a text states of scale, zero point and grid, in words, formulas and code."""

import pytest

from refnn.checking.reading.grids import Stated
from refnn.checking.reading.plain import plain
from refnn.checking.reading.statements import Statement, stated


def read(text):
    return [(s.key, s.value) for s in stated(plain(text).split("\n"), 1)]


S, Z = ("scale", "0.18"), ("zero_point", "8")


@pytest.mark.parametrize(
    "text",
    [
        "scale 0.18, zero point 8",
        "a scale of 0.18 and a zero-point of 8.",
        "scale: 0.18; zero_point: 8",
        "scale=0.18, zero_point=8)",
        "The scale of the weights is 0.18, the zero point is 8",
        "scale factor 0.18 (per code) with zero point 8",
        "the scale is 0.18.\nThe zero\npoint is 8.",
        "(scale, zero_point) = (0.18, 8)",
        "scale and zero point of 0.18 and 8",
        "$S = 0.18$ and $Z = 8$",
        r"with $s = \frac{2.7}{15} = 0.18$, $z = 8$",
        r"\[ S = \frac{\max - \min}{15} \approx 0.18 \] $z_x = 8$",
        "S is 0.18, Z is 8",
        r"$\Delta = 0.18$, zero point $8$",
        "缩放因子 $S = 0.18$ 和零点 $Z = 8$",
        "缩放因子为0.18，零点为8。",
        "x_scale = 0.18, x_zero_point = 8",
        "torch.quantize_per_tensor(x, 0.18, 8, t)\nscale = 0.18, zp = 8",
        "scale = 2.7/15 = 0.18, zero point = round(1.5/0.18) = 8",
        "scale 0.18 # per code, zero point 8 # of 0.0",
    ],
)
def test_a_scale_and_a_zero_point_in_many_words(text):
    assert set(read(text)) == {S, Z}


@pytest.mark.parametrize(
    "text",
    [
        "on a scale of 1 to 10",
        "W / S = 0.5 and x * S = 2",
        "the scale 7-point figures need",
        "scale 2 times",
        "a large-scale model of 7 layers",
        "Z = 0.5",
        "zero point is not 8.5",
        "$W$ 表示缩放因子，$B$ 表示偏移量",
        "scale by 3",
        "S = x",
        "scale = 0, scale = -1",
        "RS = 3, S2 = 4, upscale = 2",
        "q = (x - Z) = 3",
        "scale > 0.5",
        "version S.1 = 2",
        "scale = delta = 0.5",  # a name is no expression
        "scale = (" + "1 + " * 60 + "1) = 0.5",  # more than 200 characters
    ],
)
def test_what_states_neither(text):
    assert read(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("4 bits", [("bits", 4)]),
        ("8-bit", [("bits", 8)]),
        ("num_bits = 4", [("bits", 4)]),
        ("bit width of 4", [("bits", 4)]),
        ("8位", [("bits", 8)]),
        ("4 比特", [("bits", 4)]),
        ("32-bit floats", []),
        ("64 bits, 1 bit", []),
        ("int8", [("bits", 8), ("signed", True)]),
        ("quint8", [("bits", 8), ("signed", False)]),
        ("INT4", [("bits", 4), ("signed", True)]),
        ("int32 and float32", []),
        ("unsigned", [("signed", False)]),
        ("有符号", [("signed", True)]),
        ("无符号", [("signed", False)]),
        ("symmetric", [("symmetric", True)]),
        ("per_tensor_symmetric", [("symmetric", True)]),
        ("asymmetric", [("symmetric", False)]),
        ("非对称", [("symmetric", False)]),
        ("对称", [("symmetric", True)]),
        ("(0 to 15)", [("range", (0, 15))]),
        ("-128..127", [("range", (-128, 127))]),
        ("from −8 to 7", [("range", (-8, 7))]),
        ("(0–255)", [("range", (0, 255))]),
        ("in the range [-127, 127]", [("range", (-127, 127))]),
        ("between 0 and 255", [("range", (0, 255))]),
        (r"$q \in \{0, 1, \ldots, 15\}$", [("range", (0, 15))]),
        ("-128到127", [("range", (-128, 127))]),
        ("values from -1 to 1, 0 to 100, in [0, 1]", []),
        ("clip(round(x/S) + Z, -2, 1)", [("range", (-2, 1))]),
        ("np.clip(np.round(x / s), -8, 7)", [("range", (-8, 7))]),
        ("clamp(round(x); 0, 2^4 - 1)", [("range", (0, 15))]),
        ("torch.clamp(torch.round(x), min=-128, max=127)", [("range", (-128, 127))]),
        (r"\text{clip}(\lfloor x/s \rceil, -2^{8-1}, 2^{8-1} - 1)", [("range", (-128, 127))]),
        ("clip(round(x), 0, 5)", [("range", (0, 5))]),
        ("clip(x, -1, 1)", []),
        ("clip(round(x), qmin, qmax)", []),
        ("clip(round(x), 7, 0)", []),
        ("qmin = -8, qmax = 7", [("qmin", -8), ("qmax", 7)]),
        ("$q_{min} = 0$", [("qmin", 0)]),
        ("256 quantization levels", [("levels", 256)]),
        ("量化级别为8", [("levels", 8)]),
        ("floor(x) mod 8", [("levels", 8)]),
    ],
)
def test_words_for_the_grid(text, found):
    assert read(text) == found


def test_a_statement_has_its_line_its_source_and_its_tensor():
    found = stated(["The values", "S_w = 2.7 / 15 = 0.18", "zero_point_w = 3"], 7)
    assert found == [
        Statement("scale", "w", "0.18", 8, "2.7 / 15"),
        Statement("zero_point", "w", "3", 9),
    ]


def one(statements, key="scale", base="", line=10, sections=()):
    chooser = Stated([Statement(key, *rest) for rest in statements], list(sections))
    found = chooser.one(key, base, line)
    return found and found.value, chooser.notes.get(key, (None, ""))[1]


def test_one_value_counts_and_of_two_none():
    assert one([("", "0.5", 1), ("", "0.50", 2)])[0] in ("0.5", "0.50")
    value, note = one([("", "0.5", 1), ("", "0.25", 4)])
    assert value is None and note.startswith("line 1 and line 4: 2 values of the scale are stated")
    assert one([("", "0.047", 1), ("", "0.0470588", 2)])[0] == "0.0470588"  # a rounding of it
    assert one([("", "0.1", 1), ("", "0.12", 2)])[0] is None
    value, note = one([("", (0, 255), 1), ("", (-128, 127), 2)], "range")
    assert value is None and "0 to 255" in note and "-128 to 127" in note
    assert one([("", "0.25", 1), ("", "0.245", 2)])[0] == "0.245"  # half a unit is a rounding
    assert one([("", "0.25", 1), ("", "0.244", 2)])[0] is None
    assert one([]) == (None, "")


def test_a_value_nearer_to_the_numbers_counts_more():
    two = [("", "0.5", 1), ("", "0.25", 7)]
    assert (
        one(two, line=8, sections=[5])[0] == "0.25" and one(two, line=2, sections=[5])[0] == "0.5"
    )
    assert one(two, line=12, sections=[5, 11])[0] is None  # neither is in this section
    named = [("w", "0.5", 1), ("x", "0.25", 1), ("", "2", 1)]
    assert [one(named, base=base)[0] for base in ("w", "x", "v")] == ["0.5", "0.25", "2"]
    typed = [("", "0.5", 1, "", True), ("", "0.25", 2, "", False)]
    assert one(typed)[0] == "0.25"  # what is printed counts more than what was typed
