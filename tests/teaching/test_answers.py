"""The numbers of a line of answers: read as they are written, or as no number."""

import re
from fractions import Fraction as F

from refnn.teaching.answers import Number, tokens
from refnn.teaching.mark_sheet import grade_text, read
from refnn.teaching.worksheets import sheet
from teaching.handed_in import fill, perfect


def values(text, count):
    """The tokens of an answer that is written so: numbers, None, texts."""
    found = tokens(read(f"Answer 1a: {text}").answers["1a"], count)
    return [token.value if isinstance(token, Number) else token for token in found]


# fmt: off
FOUR_AND_THREE_QUARTERS = (
    "4.75.", "4.75。", "4¾", "4 ¾", "4 3/4", "4\\frac{3}{4}", "19/4", "≈4.75", "~4.75", "≈ 4.75",
    "约4.75", "J: 4.75", "J：4.75", "J = 4.75", "= 4.75", "＝ 4.75。", "J ≈ 4.75", "4.75 J",
    "4.75J", "____ 4.75", "__4.75__", "½·9.5 = 4.75", "4.75 = 19/4", "19/4 ≈ 4.8",
    "\\_\\_4.75\\_\\_", "4.75 kg/m.",
)
MIXED = (
    ("1½, -1½, 1 ½, ½", 4, [F(3, 2), F(-3, 2), F(3, 2), F(1, 2)]),
    ("1 1/2", 1, [F(3, 2)]),
    ("1 1/2", 2, [1, F(1, 2)]),
    ("1 ½", 2, [1, F(1, 2)]),
    ("- 2 1/3 1", 2, [F(-7, 3), 1]),
    ("1 1/2 3 1/2", 2, [F(3, 2), F(7, 2)]),
    ("1 1/2, 2", 5, [F(3, 2), 2]),
    ("1 1/2 2", 5, ["1\xa01/2", 2]),
    ("1 3/2", 2, [1, F(3, 2)]),
)
NO_NUMBER = (
    "1 3/2", "2²", "10⁻³", "①5", "2π", "2 pi", "3:4", "<= 5", "x < 5", "5±1", "√2", "minus 5",
    "- -5", "5 and a half", "5e", "5k", "4.75%", "1-1/2", "5 + 1", "2.5/2", "0x1F", "1_000",
    "10,000", "4,75", "5万", "4.75, 9.5", "4 5 6/7",
)
FIVE = [F(-1, 2), F(3, 4), F(-1, 4), F(1, 2), 1]
AS_FIVE = (
    "-0.5 V, 0.75 V, -0.25 V, 0.5 V, 1 V",
    "-0.5V; 0.75V; -0.25V; 0.5V; 1V.",
    "-0.5 V 0.75 V -0.25 V 0.5 V 1 V",
    "x1: -0.5, x2: 0.75, x3: -0.25, x4: 0.5, x5: 1",
    "x₁=-½，x₂=¾，x₃=-¼，x₄=½，x₅=1。",
    "x1: -0.5 x2: 0.75 x3: -0.25 x4: 0.5 x5: 1",
    "x(0)=-0.5 x(1)=0.75 x(2)=-0.25 x(3)=0.5 x(4)=1",
    "| -0.5 | 0.75 | -0.25 | 0.5 | 1 |",
    "-0.5, 0.75, -0.25, 0.5 and 1",
    "-0.5, 0.75; -0.25, 0.5; 1",
    "\\-0.5, 0\\.75, \\-0\\.25, \\*\\*0.5\\*\\*, 1\\.",
)
A_HOLE = (
    "-0.5, \\_\\_\\_\\_, -0.25, 0.5, 1",
    "x1: -0.5, x2: ____, x3: -0.25, x4: 0.5, x5: 1",
)
A_WORD = (
    "-0.5, about 1, -0.25, 0.5, 1",
    "-0.5, 0.75 0.8, -0.25, 0.5, 1",
    "-0.5, 3/4/5 V, -0.25, 0.5, 1",
)
HALF_FILLED = (
    ("1, 2 3", [1, 2, 3]),
    ("x=5 y=6", [5, 6]),
    (", 5 V, 6 V", [None, 5, 6]),
    ("5 5 x", [5, 5, "x"]),
)
# fmt: on


def test_a_point_at_the_end_is_a_full_stop():
    made = sheet(7, ["importance"])  # J = 188.5
    right = ("188.5.", "188.5。", "**188.5**。", "377/2.", "188.50.")
    for said in (*right, "189.", "189。", "188.", "188.4", "189"):
        got = grade_text(fill(made, {"1b": said})).rows[1].got
        assert got == (1 if said in right else 0), said
    for said in FOUR_AND_THREE_QUARTERS:
        assert values(said, 1) == [F(19, 4)], said


def test_what_could_be_another_number_is_read_as_none():
    for said, count, numbers in MIXED:
        assert values(said, count) == numbers, said
    for said in NO_NUMBER:
        assert not any(isinstance(v, F) for v in values(said, 1)), said


def test_units_words_and_escapes_shift_no_answer():
    for said in AS_FIVE:
        assert values(said, 5) == FIVE, said
    for said in A_HOLE:
        assert values(said, 5) == [*FIVE[:1], None, *FIVE[2:]], said
    for said in A_WORD:
        found = values(said, 5)
        assert isinstance(found.pop(1), str) and found == [*FIVE[:1], *FIVE[2:]], said
    for said, numbers in HALF_FILLED:
        assert values(said, 7) == numbers, said  # the others are missing
    assert values("x, 5, 6", 2)[:2] == ["x", 5]  # a word between commas is an answer
    made = sheet(7, ["quantize", "choose_qparams", "min_max"])
    text = fill(made, perfect(made) | {"2b": "5, \\_\\_\\_\\_"})
    assert grade_text(re.sub(r"(?<!\\)([_*.-])", r"\\\1", text)) == grade_text(text)
