"""Marking worksheets: full marks for what is right, the slip for what is wrong, and something for
whatever comes."""

import random
import re
from fractions import Fraction as F

import pytest

from refnn import console
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.teaching import mark_sheet
from refnn.teaching.answers import tokens
from refnn.teaching.mark_sheet import grade, grade_text, read
from refnn.teaching.marks import marked_text
from refnn.teaching.question import follows, shown
from refnn.teaching.worksheets import LANGUAGES, TOPICS, labels, sheet, sheet_text
from teaching.handed_in import fill, perfect

FULL = 151
FOLLOWS = "This line was marked with your own earlier answers."


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_perfect_sheet_has_full_marks(language):
    for seed in range(8):
        made = sheet(seed, language=language)
        marked = grade_text(fill(made, perfect(made)))
        assert (marked.got, marked.of, marked.remarks) == (FULL, FULL, ())
        assert not any(row.remark for row in marked.rows) and marked.seed == seed
        assert {type(row.got) for row in marked.rows} == {int}
    assert mark_sheet.FULL == FULL


def test_decimals_of_three_digits_are_right_and_of_two_are_not():
    made = sheet(3, ["min_max"])
    slip = made.questions[0].slips[0]["P_for_P_minus_1"]  # 40/7: does not end
    for digits, names in ((3, ("P_for_P_minus_1",)), (1, ())):
        said = ", ".join(f"{float(v):.{digits}f}" for v in slip)
        assert grade_text(fill(made, {"1a": said})).rows[0].slips == names, said
    token = tokens("0.333, .33, 0.3330, 333, 3.33e-1, 1/3", 6)
    assert [t.is_at(F(1, 3)) for t in token] == [True, False, False, False, True, True]


def test_every_slip_as_an_answer_is_named():
    for topic in TOPICS:
        made = sheet(5, [topic])
        for label, q, i in labels(made):
            for name, answer in q.slips[i].items():
                earlier = {f"1{'abcdef'[k]}": q.truth[k] for k in range(i)}
                row = grade_text(fill(made, earlier | {label: answer})).rows[i]
                assert row.slips == (name,) and row.got < row.of, (topic, name, row)
                assert CATALOGUE[name].hint in row.remark and row.remark.startswith(
                    ("All ", "The number is ")
                )
                assert row.got == sum(a == b for a, b in zip(answer, q.truth[i]))


def test_a_slip_is_named_from_five_of_six():
    made = sheet(7, ["quantize"])  # truth 5 5 5 4 5 7, round 6 5 6 4 6 7
    row = grade_text(fill(made, {"1a": "6, 5, 6, 4, 6, 0"})).rows[0]
    assert row.slips == ("round_for_floor",) and row.got == 2
    assert row.remark.startswith("5 of 6 numbers are those of a known mistake: Which")
    nines = grade_text(fill(made, {"1a": "9, 9, 9, 9, 9, 9"})).rows[0]
    assert nines.remark == "No known mistake explains this."
    for said, got, slips in (
        ("6, 9, 6, 9, 6, 7", 1, ("round_for_floor",)),  # 4 of 6: two thirds
        ("6, 9, 6, 9, 6, 9", 0, ()),
        ("6, 5, 5, 4, 9, 7", 4, ()),  # the slip gives no more of them than the truth
    ):
        assert grade_text(fill(made, {"1a": said})).rows[0][2:5] == (got, 6, slips), said
    truth_agrees_more = grade_text(fill(made, {"1a": "5, 5, 5, 4, 5, 1"})).rows[0]
    assert truth_agrees_more[2:5] == (5, 6, ())


def test_a_remark_never_holds_the_answer():
    for made in (sheet(seed, [topic]) for seed in range(4) for topic in TOPICS):
        for label, q, i in labels(made):
            for answer in q.slips[i].values():
                marked = grade_text(fill(made, {label: answer}))
                [remark] = [row.remark for row in marked.rows if row.label == label]
                truth = shown(q.truth[i])
                if len(q.truth[i]) > 1:
                    assert truth not in remark
                else:
                    alone = rf"(?<!\d){re.escape(truth)}(?!\d)"
                    assert not re.search(alone, remark.split(":", 1)[-1])
                # mask_inverted would say it all
                assert not any(name in remark for name in CATALOGUE)


def test_follow_through():
    """Every later step is right given the own earlier slip: its marks, and no more for the earlier
    one."""
    tried = set()
    for name, topic in TOPICS.items():
        for i in range(1, len(topic.steps)):
            made = sheet(2, [name])
            [q] = made.questions
            for slip, answer in q.slips[i - 1].items():
                own, step = [*q.truth[: i - 1], answer], topic.steps[i]
                said = {f"1{letter}": numbers for letter, numbers in zip("abcdef", own)}
                later, wrong = follows(step, q.given, own)
                if later in (None, q.truth[i]):  # it does not depend on the step before
                    continue
                label = f"1{'abcdef'[i]}"
                rows = grade_text(fill(made, said | {label: later})).rows
                assert rows[i].got == rows[i].of and rows[i - 1].got < rows[i - 1].of, (name, slip)
                assert rows[i].remark == "This line was marked with your own earlier answers."
                tried.add((name, i))
                for second, both in wrong.items():
                    row = grade_text(fill(made, said | {label: both})).rows[i]
                    assert row.got >= sum(a == b for a, b in zip(both, later)), second
                    assert row.got == row.of or row.slips or row.remark, second
    second_steps = ("min_max", "affine", "importance", "prune", "sparsity")
    assert tried == {("dequantize", 2), *((name, 1) for name in second_steps)}


def test_follow_through_of_two_steps_by_hand():
    """W_ih 1 -1; -3 -2, b_h 1 1, W_ho 3 1, b_o 2, X 0 3; -1 -2, y -2 -3: z = -2 -5; 2 8, h = 0 0; 2
    8, ŷ = 2 16."""
    made = sheet(7, ["importance"])
    # own ŷ = 2 15: r = 4 18, J = (16 + 324)/2 = 170; R: dz = 0 0; 54 18
    # -> W_ih -54 -108 -18 -36, b 54 18, W_ho 18·(2 8) = 36 144, b_o 22
    said = {"1a": "2, 15", "1b": "170", "1c": "-54, -108, -18, -36, 54, 18, 36, 144, 22"}
    marked = grade_text(fill(made, said))
    assert [row.got for row in marked.rows] == [1, 1, 9]
    assert marked.rows[2].remark == "This line was marked with your own earlier answers."
    # own ŷ = 2 46/3: r = 4 55/3, J = (16 + 3025/9)/2; R in thirds, exactly
    thirds = "-55, -110, -55/3, -110/3, 55, 55/3, 110/3, 440/3, 67/3"
    marked = grade_text(fill(made, {"1a": "2, 46/3", "1b": "3169/18", "1c": thirds}))
    assert [row.got for row in marked.rows] == [1, 1, 9]
    half = grade_text(fill(made, said | {"1b": "340"})).rows[1]  # the ½ forgotten after an own ŷ
    assert half.slips == ("missing_half",) and half.got == 0


def rows_of(topic, *answers):
    """(got, slips, remark) of each line of a question of seed 7."""
    said = dict(zip(("1a", "1b", "1c", "1d"), answers))
    marked = grade_text(fill(sheet(7, [topic]), said))
    return [(row.got, row.slips, row.remark) for row in marked.rows]


def test_codes_that_were_not_saturated_follow():
    """scale 1/4, zero point 7, codes 0..15; x = 2.75 … 10^10: 18 … 40000000007 without
    saturation."""
    for first, last, decoded in (
        ("18", "15", "2.75, 0.75, 0, 0, -0.75, 1.5, 2"),
        ("18", "40000000007", "2.75, 0.75, 0, 0, -0.75, 1.5, 10000000000"),
        ("-300", "15", "-76.75, 0.75, 0, 0, -0.75, 1.5, 2"),
    ):
        rows = rows_of("affine", f"{first}, 10, 7, 7, 4, 13, {last}", decoded)
        assert rows[1] == (7, (), FOLLOWS) and rows[0][0] < 7
    plus = rows_of("affine", "18, 10, 7, 7, 4, 13, 15", "6.25, 4.25, 3.5, 3.5, 2.75, 5, 5.5")[1]
    assert plus[:2] == (0, ("plus_zero_point",))  # a slip after own codes has its name too
    assert rows_of("affine", "1e300, 10, 7, 7, 4, 13, 1/2", "0, 0, 0, 0, -0.75, 1.5, 2")[1][0] == 5


def test_a_blank_leaves_what_does_not_depend_on_it():
    """The codes are those of floor_for_round; one is blank, or is no number."""
    for hole in ("____", "x"):
        rows = rows_of("affine", f"15, {hole}, 7, 6, 4, 12, 15", "2, 0.5, 0, -0.25, -0.75, 1.25, 2")
        # By the truth for the blank: 10, not 9
        assert rows[0][0] == 4 and rows[1][0] == 6 and FOLLOWS in rows[1][2]
    assert rows_of("prune", "1, 0, 0, 0, ____, 1", "-0.2, 0, 0, 0, 0, -1.3")[1] == (6, (), FOLLOWS)
    # own ŷ = 2 15: R as above (`test_follow_through_of_two_steps_by_hand`) with 1b left blank
    rows = rows_of("importance", "2, 15", "", "-54, -108, -18, -36, 54, 18, 36, 144, 22")
    assert rows[2] == (9, (), FOLLOWS)


def test_what_is_recognised_as_rounded_follows_exactly_or_as_written():
    """W = 40/7 and B = 110/7 for 5 and 13.75 (P_for_P_minus_1), x = -2.2 -2.4 -2.45 -2.75 -1.35."""
    hint = CATALOGUE["P_for_P_minus_1"].hint
    told = f"All 2 numbers are those of a known mistake: {hint}"
    for said in ("5.71, 15.7", "5.714, 15.714", "40/7, 110/7"):
        rows = rows_of("min_max", said, "3, 2, 1, 0, 0")
        assert rows == [(0, ("P_for_P_minus_1",), told), (5, (), FOLLOWS)]
    from_the_digits = rows_of("min_max", "5.71, 15.7", "3, 1, 1, 7, 7")
    assert from_the_digits[1] == (5, (), FOLLOWS)


def test_answers_that_no_formula_takes_follow_nowhere():
    made = sheet(7, ["affine", "min_max", "prune", "sparsity"])
    strange = {
        "1a": "0, 0",
        "1b": "1, 2, 3, 4, 5",
        "2a": "99, -3, 1/2, 0.5, 1e300, 7, 7",
        "2b": "1, 1, 1, 1, 1, 1, 1",
        "3a": "2, 1, 0, 0, 1/3, 1",
        "3b": "0, 0, 0, 0, 0, 0",
        "4a": "1e300, 1, 1, 1, 1, 1, 1, 1",
        "4b": "1, 1, 1, 1, 1, 1, 1, 1",
    }
    marked = grade_text(fill(made, strange))
    assert len(marked.rows) == 8 and marked.got < marked.of


def test_blank_half_filled_too_many_and_not_numbers():
    made = sheet(7, ["quantize", "loss"])
    blank = grade_text(sheet_text(made))
    assert (blank.got, blank.of, blank.remarks) == (0, 7, ("The sheet is blank.",))
    assert [row.remark for row in blank.rows] == ["The line was left blank."] * 2
    assert grade_text(fill(made, {"1a": "5"})).remarks == ()
    unread = "This was not read as a number:"
    for said, got, remark in (
        ("5, 5, ____, ____", 2, "The line leaves 4 of 6 blanks empty."),
        (", , , 4, 5, 7", 3, "The line leaves 3 of 6 blanks empty."),
        ("5 5 5 4 5 7 8", 6, "There are 7 answers for 6 blanks. Only the first 6 count."),
        ("5;5;5;4;5;7,", 6, ""),
        ("five, 5, 5, 4, 5, 7", 5, f"{unread} five."),
        ("?, -, ., 4, 5, 7", 3, "The line leaves 3 of 6 blanks empty."),
        ("5, 5, 5, 4, 5, 7.0", 6, ""),
        ("**5**, `5`, $5$, (4, 5, 7)", 6, ""),
        ("+5, 5, 5, 4, 5, 7", 6, ""),
        ("nan, inf, 1/0, 4, 5, 7", 3, f"{unread} nan, inf, 1/0."),
        ("1" * 5000, 0, f"The line leaves 5 of 6 blanks empty. {unread} {'1' * 20}."),
        ("____, x, 5, 4, 5, 7", 4, f"The line leaves 1 of 6 blanks empty. {unread} x."),
        (
            "9, ____, x, 4, 5, 7",
            3,
            f"No known mistake explains this. The line leaves 1 of 6 blanks empty. {unread} x.",
        ),
        ("5/1, 10/2, \\frac{10}{2}, q = 4, x=5, 14 / 2", 6, ""),
    ):
        row = grade_text(fill(made, {"1a": said})).rows[0]
        assert (row.got, row.remark) == (got, remark), said


def test_lines_are_read_tolerantly():
    for line in (
        "Answer 2b: 1, -1/2",
        "answer 2B：１，－１／２",
        "答案2b： 1、−0.5",
        "> - **Answer 2 b)**: 1; -.5",
        "ANSWER 2(b) = 1 | -1⁄2",
        "  * 答案 2.b: 1 - 0.5",
    ):
        found = tokens(read(f"\ufeffx\n{line}\n").answers["2b"], 2)
        assert [token.value for token in found] == [1, F(-1, 2)], line
    assert read("姓名：张三").name == "张三"
    assert read("**Name**: Ada\x1b[2J L.").name == "Ada [2J L."
    assert read("Name: ____").name == "" and read("filename: x").name == ""
    twice = read("Answer 1a: 3\nAnswer 1a: ____\nAnswer 1b: 1\nAnswer 1b: 2").answers
    assert twice == {"1a": " 3", "1b": " 2"}  # the last that is not blank
    assert read("the Answer 1a: 3\nAnswer: 3\nAnswer 1g: 3\nAnswer 1abc").answers == {}


def test_a_line_is_read_to_2000_characters_and_a_name_to_60():
    assert read("Answer 1a:" + "1" * 3000).answers["1a"] == "1" * 1990
    assert len(read("答案 1a:" + "½" * 1999).answers["1a"]) == 1994  # ½ becomes four characters
    assert read("Name: " + "a" * 61).name == "a" * 60
    assert read("Name: A\nName: B\nAnswer 1a: 3").name == "A"


def test_the_first_line_with_a_seed_and_another_field_is_the_head():
    for line, head in (
        ("seed 7", {}),
        ("topics loss; language en", {}),
        ("the seedling; topics loss; language en", {}),
        ("seed 7; language en", {"seed": "7", "language": "en"}),
        ("seed 7; form 1\nseed 8; form 1", {"seed": "7", "form": "1"}),
        ("seed x; form 1\nseed 8; form 1", {"seed": "8", "form": "1"}),
    ):
        assert read(line).head == head, line
    both = read("seed 7; form 1\nAnswer 1a: 3 seed 9; form 2")
    assert both.head["seed"] == "7" and both.answers == {"1a": " 3 seed 9; form 2"}


def test_what_is_printed_of_a_sheet():
    made = sheet(7, ["quantize", "loss"])
    text = fill(made, perfect(made)).replace("Name: ____", "Name: Ada")
    assert marked_text(grade_text(text)).splitlines() == [
        "sheet: seed 7, Ada",
        "  1a  quantize        6/6",
        "  2a  loss            1/1",
        "  total 7 of 7",
    ]
    assert marked_text(grade_text("")).splitlines()[0] == "sheet: no seed"


def test_the_largest_seed_is_marked_and_one_more_is_too_large():
    made = sheet(2**63 - 1, ["loss"])
    text = fill(made, perfect(made))
    assert grade_text(text)[2:7] == (2**63 - 1, 1, 1, grade_text(text).rows, ())
    beyond = grade_text(text.replace(str(2**63 - 1), str(2**63)))
    assert beyond[2:7] == (None, 0, FULL, (), ("The seed in the head is too large.",))


def test_at_most_a_megabyte_of_a_sheet_is_read(tmp_path):
    made, file = sheet(7, ["loss"]), tmp_path / "a.md"
    text, answer = sheet_text(made).encode(), b"\nAnswer 1a: 19/4"
    for size, got, remarks in (
        (2**20, 1, ()),
        (2**20 + 1, 1, ("The sheet is longer than 1 MB. Only the first 1 MB was read.",)),
    ):
        space = b" " * (2**20 - len(text) - len(answer))
        file.write_bytes((text + space + answer + b"!" * 9)[:size])
        assert (grade(file).got, grade(file).remarks) == (got, remarks)
    file.write_bytes(text + b" " * 2**20 + answer)
    assert grade(file).got == 0 and "The sheet is blank." in grade(file).remarks


def test_utf_16_without_a_mark_is_recognised_by_more_than_a_quarter_of_zeros():
    assert mark_sheet.decode(b"a\0bc") == "a\0bc" and mark_sheet.decode(b"a\0b\0cd") == "ab摣"


def test_at_most_three_slips_that_explain_the_same_are_named():
    same = {name: (F(1), F(2)) for name in "abcd"}
    said = tokens("1, 2", 2)
    assert mark_sheet._fingerprint(said, [same], 0) == ({n: (F(1), F(2)) for n in "abc"}, 2)
    own = {"a": (F(9), F(9)), "b": (F(1), F(9))}  # after the own answers: the better one counts
    assert mark_sheet._fingerprint(said, [own, {"a": (F(1), F(2))}], 0) == ({"a": (1, 2)}, 2)
    assert mark_sheet._fingerprint(said, [{"a": (F(1), F(2))}, own], 0) == ({"a": (1, 2)}, 2)


def test_every_encoding_an_editor_saves(tmp_path):
    made = sheet(1, ["errata", "loss"], "zh")
    text = fill(made, perfect(made)).replace("姓名：____", "姓名：张三")
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "mark", "gb18030"):
        file = tmp_path / encoding
        data = text.replace("\n", "\r\n").encode("utf-16-le" if encoding == "mark" else encoding)
        file.write_bytes(b"\xff\xfe" + data if encoding == "mark" else data)
        assert grade(file)[1:5] == ("张三", 1, 2, 2), encoding


def test_a_head_that_was_changed_is_noticed_and_marked_by():
    made = sheet(7, ["quantize", "loss"])
    text = fill(made, perfect(made))
    for old, new, got in (
        ("seed 7;", "seed 8;", None),
        ("quantize,loss", "quantize,loss,nonsense", 7),
        ("quantize,loss", "loss", None),
        ("form 1", "form 2", 7),
        ("quantize,loss", "nonsense", None),
        ("quantize,loss", "all", None),
        ("check ", "check 0", 7),
        ("topics quantize,loss; ", "", None),
    ):
        marked = grade_text(text.replace(old, new))
        assert marked.remarks and (got is None or marked.got == got), (old, new)
        assert marked.got < marked.of or got == 7
    beyond = grade_text(text.replace("seed 7;", "seed 9999999999999999999;"))
    assert beyond.remarks == ("The seed in the head is too large.",)
    assert grade_text(text.replace("seed", "")).of == FULL
    rows = grade_text(text).rows
    for new in ("> **refnn** worksheet:", "refn?wrksheet", "`REFNN` worksheet："):
        assert grade_text(text.replace("refnn worksheet:", new))[3:7] == (7, 7, rows, ()), new


def test_garbled_sheets_are_marked():
    rng = random.Random(0)
    made = sheet(7)
    text = fill(made, perfect(made))
    for _ in range(60):
        letters = list(text)
        for _ in range(rng.choice([1, 10, 400])):
            letters[rng.randrange(len(letters))] = rng.choice("0aA,:：;-/_= \n\t\0\x1b½é李\u202e𝟘∞")
        marked = grade_text("".join(letters))
        assert 0 <= marked.got <= marked.of
        out = marked_text(marked)
        assert all(console.width(line) <= 79 for line in out.splitlines()) and "\x1b" not in out
    shuffled = text.splitlines()
    rng.shuffle(shuffled)
    assert grade_text("\n".join(shuffled)).got == FULL  # the order of the lines does not matter
    half = grade_text(text[: len(text) // 2])
    assert half.got > 20 and half.rows[-1].remark == "The sheet has no line for this answer."


def test_whatever_a_file_holds_is_marked_and_what_is_no_file_is_refused(tmp_path):
    file = tmp_path / "sheet"
    for data in (
        b"",
        bytes(range(256)) * 100,
        b"\x89PNG\r\n\x1a\n\0\0",
        b"\n" * 3 * 2**20,
        b"A" * 2**21,
        b"Answer 1a: " + b"1," * 2**20,
        b"(" * 2**20,
        "答案 1a：½ ¼ 1½".encode(),
        b"\xff\xfe\x00",
    ):
        file.write_bytes(data)
        marked = grade(file)
        assert (marked.got, marked.of) == (0, FULL) and marked.remarks
    made = sheet(7, ["loss"])
    file.write_text(fill(made, perfect(made)) + "\n" + "x" * 2**21, encoding="utf-8")
    assert grade(file).got == 1 and "1 MB" in grade(file).remarks[-1]
    for bad in (tmp_path, tmp_path / "none", "a\0b", 7, None):
        with pytest.raises((OSError, TypeError), match="grade: path must be"):
            grade(bad)
    for bad in ((7,), ("text", 7), (None,)):
        with pytest.raises(TypeError, match=r"grade_text: (text|file) must be a text"):
            grade_text(*bad)
