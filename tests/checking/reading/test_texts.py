"""What each text says is read, and nothing else; what is not read is listed with its line."""

import re

import pytest

from checking.reading.texts import CASES
from refnn.checking.reading import markdown


@pytest.mark.parametrize("name", CASES)
def test_a_text_makes_the_claims_that_it_states(name):
    text, claims, notes = CASES[name]
    example = markdown.example(text, "t")
    assert example["claims"] == claims
    found = example.get("notes", [])
    assert len(found) == len(notes)
    assert all(note.startswith(start) for note, start in zip(found, notes))
    assert all(note.endswith(".") for note in found)


@pytest.mark.parametrize("name", CASES)
def test_blank_lines_and_line_ends_of_windows_move_the_lines_only(name):
    text, claims, notes = CASES[name]

    def moved(text):
        return re.sub(r"line (\d+)", lambda line: f"line {int(line[1]) + 2}", text)

    windows = text.replace("\r\n", "\n").replace("\n", "\r\n")
    example = markdown.example("\r\n\n" + windows, "t")
    assert example["claims"] == [{**claim, "name": moved(claim["name"])} for claim in claims]
    for note, start in zip(example.get("notes", []), notes):
        assert note.startswith(moved(start))


WRITTEN = r"$Q(x) = \lfloor x W + B \rfloor \bmod P$"
AFFINE = r"$q = \mathrm{round}(x/S) + Z$"
LATEX = r"$W = \begin{matrix} 0.5 & 1 \end{matrix}$, $Q(W) = \begin{matrix} CODES \end{matrix}$"
NUMBERS = "\n\n| x | q |\n|---|---|\n| 0.1 | 0 |\n| 0.2 | 1 |\n\n"


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (WRITTEN + NUMBERS, ["solve"]),
        (AFFINE + NUMBERS, ["affine"]),
        (WRITTEN + NUMBERS + AFFINE + NUMBERS.replace("0.2", "0.3"), ["solve", "affine"]),
        (AFFINE + NUMBERS + WRITTEN + NUMBERS.replace("0.2", "0.3"), ["solve", "affine"]),
        ("Let W = 10 and B = -1, P = 8." + NUMBERS, ["quantize"]),
        ("8 quantization levels." + NUMBERS, ["solve"]),
        ("8 quantization levels, zero point 0." + NUMBERS, ["affine"]),
        ("8 quantization levels." + NUMBERS.replace("| 1 |", "| 9 |"), ["affine"]),
        ("8 quantization levels." + NUMBERS.replace("| 1 |", "| -1 |"), ["affine"]),
        (r"Decoded by $\frac{q - B}{W}$." + NUMBERS, ["solve"]),
        (NUMBERS, ["affine"]),
        (LATEX.replace("CODES", "0 & 1"), ["solve"]),  # Q(…) and no word of a grid
        (LATEX.replace("CODES", "-1 & 1"), ["affine"]),
        (LATEX.replace("CODES", "0 & 1") + " 4 bits", ["affine"]),
        (LATEX.replace("CODES", "0 & 1") + " no zero point", ["affine"]),
    ],
)
def test_the_formula_beside_the_numbers_is_judged(text, kinds):
    assert [claim["kind"] for claim in markdown.example(text, "t")["claims"]] == kinds


def test_the_form_of_a_text_without_a_formula_may_be_given_by_the_option():
    assert markdown.example(NUMBERS, "t", levels=8)["claims"][0]["kind"] == "solve"
    assert markdown.example(NUMBERS, "t", levels=8)["P"] == 8
    assert "P" not in markdown.example(AFFINE + NUMBERS, "t", levels=8)


MATRICES = r"""
$$ X = \begin{bmatrix} 0.25 & 9 \end{bmatrix}$$
$$ NAME = \begin{bmatrix} 1 & 7 \end{bmatrix}$$
$$ \tilde{X} = \begin{bmatrix} 0 & 3 \end{bmatrix}$$
"""


@pytest.mark.parametrize("name", ["X_q", "q", "X_{int}", r"\mathbf{X}_q", "Q(X)"])
def test_the_names_of_the_field_in_latex(name):
    text = r"With $s = 0.5$, $z = 1$ and $q = \text{clamp}(\lfloor x/s \rceil + z; 0, 2^{3}-1)$"
    [claim] = markdown.example(text + MATRICES.replace("NAME", name), "t")["claims"]
    assert claim["printed"] == {"codes": [["1", "7"]], "decoded": [["0", "3"]]}
    assert (claim["qmin"], claim["qmax"]) == (0, 7)


def test_a_name_in_a_text_of_the_article_remains_unread():
    claims = markdown.example(WRITTEN + MATRICES.replace("NAME", "Q(X)"), "t")["claims"]
    assert [claim["kind"] for claim in claims] == ["solve", "unread"]


@pytest.mark.parametrize(
    ("said", "given", "printed"),
    [
        ("scale 0.02, zero point 0", {"scale": "0.02", "zero_point": "0"}, {}),
        ("scale = 2/100 = 0.02, zero point 0", {"scale": "0.02", "zero_point": "0"}, {}),
        ("scale = 4/200 = 0.02, zero point 0", {}, {"scale": "0.02", "zero_point": "0"}),
        ("scale = (max - min)/200 = 0.02, Z = 0", {}, {"scale": "0.02", "zero_point": "0"}),
        ("scale = 2.4/120 = 0.02, symmetric", {"symmetric": True}, {"scale": "0.02"}),
        ("scale = 0.02", {"scale": "0.02", "zero_point": "0"}, {}),
        ("asymmetric, scale = 0.02", {"symmetric": False}, {"scale": "0.02"}),
        ("scale = 1/50, zero point 0", {"scale": "1/50", "zero_point": "0"}, {}),
        ("zero point 3", {}, {"zero_point": "3"}),
    ],
)
def test_a_scale_that_is_computed_from_the_values_is_printed_and_another_is_given(
    said, given, printed
):
    text = f"{said}\n\nx = [-1.6, 2.4]\nq = [-80, 120]"
    [claim] = [c for c in markdown.example(text, "t")["claims"] if c["kind"] == "affine"]
    keys = ("scale", "zero_point", "symmetric")
    assert {key: claim[key] for key in keys if key in claim} == given
    assert claim["printed"] == {**printed, "codes": ["-80", "120"]}


@pytest.mark.parametrize(
    ("words", "grid"),
    [
        ("int8", {"bits": 8, "signed": True}),
        ("UINT4", {"bits": 4, "signed": False}),
        ("8 bits, clip(round(x), -8, 7)", {"qmin": -8, "qmax": 7}),  # they contradict each other
        ("4 bits, clip(round(x), -8, 7)", {"qmin": -8, "qmax": 7, "bits": 4}),
        ("int8 and int4", {"signed": True}),
        ("qmin = 0, qmax = 15", {"qmin": 0, "qmax": 15}),
        ("16 quantization levels", {"bits": 4}),
        ("15 quantization levels", {}),
        ("from 32-bit floats to 8-bit integers", {"bits": 8}),
        ("symmetric or asymmetric", {}),
    ],
)
def test_what_is_stated_of_the_grid(words, grid):
    text = f"{words}\n\nx = [-1.6, 2.4]\nq = [-7, 7]\nscale 0.3, zero point 0"
    [claim] = markdown.example(text, "t")["claims"]
    keys = ("qmin", "qmax", "bits", "signed", "symmetric")
    assert {key: claim[key] for key in keys if key in claim} == grid


def test_codes_beyond_a_signed_grid_are_not_held_to_a_word():
    text = "INT8, scale 0.1 and zero point 128.\nx = [-1.0, 0.0]\nq = [118, {}]"
    example = markdown.example(text.format(128), "t")
    assert "signed" not in example["claims"][0] and "do not fit signed codes" in example["notes"][0]
    for code in (127, 256, -1):
        example = markdown.example(text.format(code), "t")
        assert example["claims"][0]["signed"] is True and "notes" not in example


def test_a_text_without_a_claim_is_refused_with_what_was_looked_for_and_the_first_notes():
    with pytest.raises(ValueError) as refused:
        markdown.example("x is [0.1, ..., 0.9]\n\n```python\nx\n```", "t")
    said = str(refused.value)
    assert "matrices NAME and Q(NAME)" in said and "table" in said and "arithmetic" in said
    assert "line 1: the list [0.1, ..., 0.9] was not read: it leaves out numbers." in said


def test_a_repeated_list_may_be_printed_with_more_digits_but_not_with_other_numbers():
    again = "x = [0.5, 1.0], scale 0.5, zero point 0\nq = [1, 2]\nAgain, q = {}."
    assert len(markdown.example(again.format("[1., 2.]"), "t")["claims"]) == 1
    assert len(markdown.example(again.format("[1, 3]"), "t")["claims"]) == 2


def test_shapes_that_do_not_fit_are_noted():
    text = "x = [0.5, 1.0, 2.0]\nq = [1, 2]\nscale 0.5, zero point 0\ny_q = [[1], [2], [4]]"
    example = markdown.example(text, "t")
    assert example["claims"][0]["printed"]["codes"] == ["1", "2", "4"]  # x in one line
    assert any("another shape" in note for note in example["notes"])
    assert any("values that they belong to are not printed" in n for n in example["notes"])


def test_codes_that_are_not_whole_are_noted():
    example = markdown.example("x = [0.5]\nq = [1.5]\n\n2 + 2 = 4", "t")
    assert [claim["kind"] for claim in example["claims"]] == ["arithmetic"]
    assert "codes are whole numbers" in example["notes"][0]


def test_three_lists_that_nothing_names_are_values_codes_and_decoded_values():
    text = "[0.5, 1.1]\n[1, 2]\n[0.5, 1.0]\n[0.0, 0.1]\n\nscale 0.5, zero point 0"
    example = markdown.example(text, "t")
    assert example["claims"][0]["printed"] == {"codes": ["1", "2"], "decoded": ["0.5", "1.0"]}
    assert "was not read" in example["notes"][3] and len(example["notes"]) == 4


@pytest.mark.parametrize(
    ("words", "qmin", "qmax"),
    [
        ("uint4", 0, 15),
        ("int4", -8, 7),
        ("4 bits", 0, 15),
        ("clip(round(x), -3, 9)", -3, 9),
        ("", 0, 7),
    ],
)
def test_the_range_of_codes_without_their_values(words, qmin, qmax):
    text = f"{words}\nscale 0.5, zero point 1.\nq = [3, 7]\nx_hat = [1.0, 3.0]"
    [claim] = markdown.example(text, "t")["claims"]
    assert (claim["qmin"], claim["qmax"]) == (qmin, qmax) and claim["kind"] == "affine_dequantize"


def test_the_print_of_a_quantized_tensor_states_its_grid():
    x = "x = [-1.2, 2.4]\n\n"
    torch = "tensor([-1.2, 2.4], size=(2,), dtype=torch.quint8, scale=0.5, zero_point=3)"
    [claim] = markdown.example(x + torch, "t")["claims"]
    assert (claim["scale"], claim["zero_point"], claim["signed"]) == ("0.5", "3", False)
    assert claim["printed"] == {"decoded": ["-1.2", "2.4"]}


def test_the_dtype_of_a_print_counts_less_than_words():
    text = "x = [-1.2, 2.4]\nq = array([0, 15], dtype=uint8)\nscale 0.5, zero point 3 "
    [claim] = markdown.example(text, "t")["claims"]
    assert (claim["bits"], claim["signed"]) == (8, False)
    [claim] = markdown.example(f"{text} 4 bits", "t")["claims"]
    assert claim["bits"] == 4


def test_lines_with_bars_are_text():
    [claim] = markdown.example("S = 0.5 | see\nZ = 3 | q = [3]\nx = [0.1] | end", "t")["claims"]
    assert (claim["scale"], claim["zero_point"], claim["x"]) == ("0.5", "3", ["0.1"])


def test_codes_of_a_tensor_that_is_not_printed_are_not_put_beside_another():
    text = "V = [0.5, 1.0]\nW = [0.5, 1.5]\nW_q = [1, 3]\nU_q = [4, 5]\nscale 0.5, zero point 0"
    example = markdown.example(text, "t")
    assert [claim["name"] for claim in example["claims"]] == ["line 3: W"]
    assert example["notes"][0].startswith("line 4: the codes were not judged")
