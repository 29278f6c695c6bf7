"""The list of a class: a row for each student, whatever was handed in."""

import csv
import io

import pytest

from refnn.teaching import class_list
from refnn.teaching.mark_notebook import NOTEBOOK
from refnn.teaching.mark_sheet import SHEET, grade_text
from refnn.teaching.marks import Marked, Row
from refnn.teaching.roster import Roster
from refnn.teaching.worksheets import class_sheet, sheet
from teaching.handed_in import fill, perfect

SECRET = bytes(32)
ROSTER = Roster((), {"ada": 1, "bob": 2, "eve": 3}, ",", "")


def notebook(file, got, content="", name="network"):
    rows = (Row("loss", "", got, 20, ("missing_half",) * (got < 20), ""),)
    return Marked(file, name, None, got, 20, rows, (), NOTEBOOK, "", content)


def filled(student, answers=None, head_of=None):
    """The marks of a sheet on the loss, filled in by a student."""
    of = class_sheet(student, SECRET, ["loss"])
    text = fill(of, perfect(of) if answers is None else answers)
    if head_of:
        text = text.replace(f"id {student};", f"id {head_of};")
    return grade_text(text, f"sheet-{head_of or student}.md", SECRET)


def listed(*handed_in):
    """{id: (points, remarks)} of some (path, Marked), and the ClassList."""
    paths, marked = zip(*handed_in)
    found = class_list.class_list(marked, paths, ROSTER)
    return {s.id: (s.got, s.remarks) for s in found.students}, found


def test_each_student_of_the_roster_has_one_row_and_each_piece_a_column():
    ada, bob = filled("ada"), filled("bob", {"1a": "0"})
    by_id, found = listed(
        ("sheet-ada.md", ada), ("sheet-bob.md", bob), ("bob/network.ipynb", notebook("n", 12))
    )
    assert found.pieces == {"worksheet": 1, "network": 20} and found.of == 21
    assert by_id == {"ada": (1, ()), "bob": (12, ()), "eve": (0, ("Nothing was handed in.",))}
    header, *rows = csv.reader(io.StringIO(class_list.list_csv(found)))
    assert header == ["id", "worksheet", "network", "marks", "of", "slips", "remarks"]
    assert [row[:5] for row in rows] == [
        ["ada", "1", "", "1", "21"],
        ["bob", "0", "12", "12", "21"],
        ["eve", "", "", "0", "21"],
    ]
    assert rows[1][5] == "missing_half"
    text = class_list.list_text(found)
    assert text.count("Nothing was handed in") == 1 and max(map(len, text.splitlines())) < 80
    assert "The most common mistakes\n   1 missing_half: " in text


def test_the_best_of_several_files_counts():
    by_id, found = listed(
        ("ada/1.ipynb", notebook("1", 8)), ("ada/2.ipynb", notebook("2", 15)),
        ("ada/3.ipynb", notebook("3", 11)),
    )  # fmt: skip
    assert by_id["ada"] == (15, ()) and found.of == 20


def test_what_belongs_to_nobody_is_said_and_not_listed():
    stranger, nameless = filled("mallory"), notebook("x.ipynb", 20)
    by_id, found = listed(("sheet-mallory.md", stranger), ("x.ipynb", nameless))
    assert [got for got, _ in by_id.values()] == [0, 0, 0]
    assert found.strangers == (stranger, nameless)
    text = class_list.list_text(found)
    assert "sheet-mallory.md: It belongs to no student of the roster (mallory)." in text
    assert "x.ipynb: It belongs to no student of the roster." in text


def test_a_sheet_of_another_variant_is_remarked():
    # bob copies ada's sheet and writes his own id into its head
    copied = filled("ada", head_of="bob")
    by_id, _ = listed(("sheet-bob.md", copied))
    assert copied.got == 0  # marked with bob's own numbers
    assert any("The check code in the head does not match" in r for r in by_id["bob"][1])
    # or hands it in as it is, in his own folder
    by_id, _ = listed(("bob/sheet.md", filled("ada")))
    assert by_id["ada"] == (1, ("sheet-ada.md has the id ada, but its path names bob.",))
    # or a sheet for practice, whose answers he can compute
    practice = sheet(7, ["loss"])
    marked = grade_text(fill(practice, perfect(practice)), "sheet-7.md", SECRET)
    by_id, _ = listed(("bob/sheet-7.md", marked))
    said = "sheet-7.md does not count. It is for practice (seed 7) and not the student's own."
    assert marked.got == 1 and by_id["bob"] == (0, (said,))
    # whatever one student hands in, the most points of the others stay
    more = sheet(7, ["loss", "quantize"])
    marked = grade_text(fill(more, perfect(more)), "more.md", SECRET)
    changed = grade_text(
        fill(class_sheet("bob", SECRET, ["loss"]), {}).replace("topics loss", "topics all"),
        "c.md",
        SECRET,
    )
    _, found = listed(("a.md", filled("ada")), ("bob/more.md", marked), ("bob/c.md", changed))
    assert found.pieces == {"worksheet": 1}


def test_identical_submissions_name_each_other_and_blank_ones_do_not():
    same = {"1a": " 3.5 "}
    by_id, _ = listed(
        ("sheet-ada.md", filled("ada", same)), ("sheet-bob.md", filled("bob", {"1a": "3.5"})),
        ("sheet-eve.md", filled("eve", {})),
    )  # fmt: skip
    said = "The same answers were handed in by {}."
    assert by_id["ada"][1] == (said.format("bob"),) and by_id["bob"][1] == (said.format("ada"),)
    assert "same answers" not in " ".join(by_id["eve"][1])
    by_id, _ = listed(
        *[(f"{who}/n.ipynb", notebook("n", 20, "def loss(): …")) for who in ("ada", "eve", "bob")]
    )
    assert by_id["ada"][1] == (said.format("bob, eve"),)
    by_id, _ = listed(*[(f"{who}/n.ipynb", notebook("n", 0)) for who in ("ada", "eve")])
    assert by_id["ada"][1] == ()


def test_what_cannot_be_read_has_no_column_but_its_remark():
    unread = Marked("s.md", "", None, 0, 151, (), ("The file is empty.",), SHEET)
    by_id, found = listed(("eve/s.md", unread))
    assert by_id["eve"] == (0, ("s.md: The file is empty.",)) and found.pieces == {}


def test_worksheets_on_other_topics_are_pieces_of_their_own():
    two = class_sheet("ada", SECRET, ["quantize"])
    marked = grade_text(fill(two, perfect(two)), "two.md", SECRET)
    _, found = listed(("ada/one.md", filled("ada")), ("ada/two.md", marked))
    assert found.pieces == {"worksheet": 1, "worksheet 2": 6}


def test_feedback_is_harmless_text_without_the_names_of_the_mistakes():
    rows = (Row("1a", "loss", 0, 1, ("missing_half",), "What\x1b[2J factor?"),)
    marked = Marked("s\x1b.md", "Ada", 7, 0, 1, rows, ("Blank.",), SHEET)
    text = class_list.feedback("ada", [marked])
    assert text.splitlines()[2:] == [
        "## s .md: 0 of 1",
        "",
        "- `1a` 0/1 What [2J factor?",
        "- Blank.",
    ]
    assert "missing_half" not in text


@pytest.mark.parametrize("secret", [None, "text", b"short"])
def test_a_sheet_of_a_class_needs_the_secret(secret):
    text = fill(class_sheet("ada", SECRET, ["loss"]), {})
    with pytest.raises((ValueError, TypeError), match="grade_text: secret must be "):
        grade_text(text, "a.md", secret)
