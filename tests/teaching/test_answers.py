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
    "1 3/2", "2²", "2⁻³", "10^x", "①5", "2π", "2 pi", "3:4", "<= 5", "x < 5", "5±1", "√2",
    "minus 5", "- -5", "5 and a half", "5e", "5k", "1-1/2", "5 + 1", "2.5/2", "0x1F", "1_000",
    "4, 75", "5万", "4.75, 9.5", "4 5 6/7",
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


# fmt: off
TWO_FIFTHS = (
    "4×10^-1", "4·10⁻¹", "4 × 10⁻¹", "4*10^-1", "4x10^-1", "4 \\times 10^{-1}", "4\\cdot10^{-1}",
    "$4 \\times 10^{-1}$", "0.04·10¹", "0.04×10^{+1}", "4e-1", "40%", "40 %", "40％", "40 percent",
    "0,4", "2/5",
    "0.4 (rounded)", "0.4 because B is 2", "0.4 # V", "0.4  // half", "(0.4)",
)
LISTS = (
    ("array([1, 2, 3])", 3), ("np.array([1., 2., 3.])", 3), ("array([1, 2, 3], dtype=uint8)", 3),
    ("[1 2 3]", 3), ("1,0; 2,0; 3,0", 3), ("[[1, 2], [3, 1]]", (1, 2, 3, 1)),
    ("tensor([1, 2, 3])", 3),
)
MASKS = (
    "011010", "011 010", "0 1 1 0 1 0", "0,1,1,0,1,0", "False, True, True, False, True, False",
    "[False  True  True False  True False]", "drop, keep, keep, drop, keep, drop", "✗✓✓✗✓✗",
    "✗ ✓ ✓ ✗ ✓ ✗", "✗, ✔, ✓, ✘, ✓, ✗", "no, yes, yes, no, yes, no",
    "剪去，保留，保留，剪去，保留，剪去",
    "removed, kept, kept, removed, kept, removed",
)
BELOW = (
    "Answer 1a:\n0, 1, 1, 0, 1, 0", "Answer 1a:\n\n0, 1, 1, 0, 1, 0\n\nb) 7, 7",
    "Answer 1a) 011010",
    "Answer 1a) 0, 1, 1, 0, 1, 0", "Answer 1a 0, 1, 1, 0, 1, 0", "- Answer 1a: 0, 1, 1, 0, 1, 0",
    "Answer 1a: 0, 1, 1,\n0, 1, 0", "Answer 1a: 0, 1, 1\n   0, 1, 0\nDone 5",
    "Answer 1 (a): 011010",
    "Answer 1a:\n- 0\n- 1\n- 1\n- 0\n- 1\n- 0",
    "Answer 1a: ____\n1. 0\n2. 1\n3. 1\n4. 0\n5. 1\n6. 0",
    "答案 1a：\n✗✓✓✗✓✗", "> **Answer 1a:** 011010",
)
# fmt: on


def test_a_number_is_read_in_each_way_of_writing_it():
    for said in TWO_FIFTHS:
        assert values(said, 1) == [F(2, 5)], said
    for said, expected in LISTS:
        expected = (1, 2, 3) if expected == 3 else expected
        assert values(said, len(expected)) == list(expected), said
    [number] = tokens(read("Answer 1a: 6.67×10^-1").answers["1a"], 1)
    assert number.is_at(F(2, 3)) and not number.is_at(F(67, 100))
    [percent] = tokens(" 66.7%", 1)
    assert percent.is_at(F(2, 3)) and not percent.is_at(F(66, 100))


def test_a_mask_is_read_in_each_way_of_writing_it():
    for said in MASKS:
        assert values(said, 6) == [0, 1, 1, 0, 1, 0], said
    assert values("10", 1) == [10] and values("110", 1) == [110]  # no mask of one entry


def test_a_comma_between_three_digits_may_be_of_either_kind():
    [number] = tokens(" 1,250", 1)
    assert number.is_at(1250) and number.is_at(F(5, 4)) and not number.is_at(125)
    assert values("1,250", 2) == [1, 250] and values("1,250; 3", 2) == [1250, 3]


def test_an_answer_may_stand_below_its_line_or_go_on_there():
    for text in BELOW:
        found = read(text).answers["1a"]
        assert [t.value for t in tokens(found, 6)] == [0, 1, 1, 0, 1, 0], (text, found)
    assert read("Answer 1a: 5\n\n6").answers == {"1a": " 5"}
    assert read("Answer 1a: ____\n\n## 2. Loss\n3, 4").answers == {"1a": " ____"}
    assert read("Answer 1a: 5\nb) Compute 4·2.").answers == {"1a": " 5"}


def test_one_answer_left_out_costs_that_one():
    made = sheet(7, ["quantize"])
    truth = perfect(made)["1a"]
    for gone in range(6):
        rest = ", ".join(str(v) for i, v in enumerate(truth) if i != gone)
        [row] = grade_text(fill(made, {"1a": rest})).rows
        assert row.got == 5 and "1 of 6 blanks empty" in row.remark, gone
    rest = ", ".join(str(truth[i]) for i in (0, 2, 3, 5))
    assert grade_text(fill(made, {"1a": rest})).got == 4


def test_two_answers_to_one_question_are_said():
    made = sheet(7, ["loss"])
    text = fill(made, {"1a": "3"}) + "\nAnswer 1a: 4.75\n"
    marked = grade_text(text)
    assert marked.got == 1
    assert marked.remarks == ("There are two answers to 1a. The last one counts.",)
    assert grade_text(fill(made, perfect(made)) + "\nAnswer 1a: ____\n").remarks == ()


# Texts that a reader takes for another number, or for none: words that could change it are no unit
OTHER_NUMBERS = (
    "3 tenths", "3 thirds", "3 quarters", "3 halves", "3 hundreds", "3 thousands", "3 million",
    "3 billion", "3 dozen", "3 pct", "3 ppm", "3 Drittel", "3十", "3 cubed", "3 root", "3 minus",
    "1j", "3 j", "3rd", "1st", "3₂", "no idea", "No answer",
)  # fmt: skip


def test_a_word_that_could_change_the_number_is_no_unit():
    for said in OTHER_NUMBERS:
        assert not any(isinstance(v, F) for v in values(said, 1)), said
    for said in ("3 V", "3V", "3 kg", "3 m/s", "3 steps", "3 units", "3 mV", "3 bits."):
        assert values(said, 1) == [3], said
    assert values("kept 1, dropped 2", 2)[0] == "kept 1"
    [number] = tokens(" 0,125", 1)
    assert number.is_at(F(1, 8)) and not number.is_at(125)


def test_characters_that_are_not_seen_and_other_minus_signs_change_nothing():
    for said in ("3\u200b", "\ufeff3", "3\u200e", "\u20103", "\u20113", "\u20153"):
        assert values(said, 1) in ([3], [-3]), said
    assert values("✔️ ❌ ✅", 3) == [1, 0, 1]
    assert values("4*10**-1, 4×10^(-1)", 2) == [F(2, 5)] * 2
    assert [t.value for t in tokens(read("Answer 1a:\n0,5\n0,7").answers["1a"], 2)] == [
        F(1, 2),
        F(7, 10),
    ]
