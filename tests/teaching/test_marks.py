"""A class of sheets or of notebooks: listed in a table, as CSV, and by the commands."""

import csv

import pytest

from refnn import console
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.command import cli
from refnn.teaching import assignments
from refnn.teaching.mark_notebook import mark_class
from refnn.teaching.mark_sheet import FULL, grade_text
from refnn.teaching.marks import (
    Layout,
    Marked,
    Row,
    class_csv,
    class_text,
    commonest_slips,
    marked_text,
    printable,
)
from refnn.teaching.worksheets import sheet
from teaching.handed_in import LOSS_WITHOUT_HALF, fill, perfect, submission, write

COLUMNS = ("file", "name", "seed", "marks", "of", "remark")
LAYOUT = Layout("name", lambda m: m.who, (8, 4), COLUMNS, ("loss a", "loss b"), True)


def marked(rows=(), file="a.md", who="Ada", seed=7, remarks=(), layout=LAYOUT):
    return Marked(file, who, seed, 1, 3, rows, remarks, layout)


def test_remarks_of_rows_stand_in_one_column_and_remarks_on_the_whole_behind_asterisks():
    word, rest = "x" * 40, "y" * 40
    rows = Row("1a", "loss", 1, 2, (), f"{word} {rest}"), Row("10b", "loss", 0, 1, (), "")
    assert marked_text(marked(rows, remarks=(f"{word} {rest}",))).splitlines() == [
        "a.md: Ada",
        f"  1a  loss 1/2 {word}",
        f"               {rest}",
        "  10b loss 0/1",
        f"  * {word}",
        f"    {rest}",
        "  total 1 of 3",
    ]


def test_the_table_of_a_class_cuts_long_names_and_names_only_seeds_that_two_have():
    long = marked((), "f" * 31, "n" * 21, 5, ("r" * 21,))
    none = marked((), "b.md", "Bo", None)
    assert class_text([long, none, marked(), none]).splitlines() == [
        f"file{' ' * 28}name{' ' * 18}seed  marks  of  remark",
        f"{'f' * 30}  {'n' * 20}     5      1   3  {'r' * 20}",
        f"b.md{' ' * 28}Bo{' ' * 24}      1   3",
        f"a.md{' ' * 28}Ada{' ' * 22}7      1   3",
        f"b.md{' ' * 28}Bo{' ' * 24}      1   3",
    ]
    assert class_text([marked()]).count("\n") == 1
    assert "these have" not in class_text([marked(), long])
    assert "* these have the same seed 7: a.md, a.md" in class_text([marked(), long, marked()])
    without = LAYOUT._replace(table=("file", "marks"))
    assert class_text([marked(layout=without)] * 2) == "file  marks\na.md      1\na.md      1"


def test_the_ten_most_common_slips_are_listed_with_equals_by_name():
    names = sorted(CATALOGUE)[:12]
    second, *others = [Row("1a", "loss", 0, 1, (name,), "") for name in names[::-1]]
    lines = class_text([marked((second, *others)), marked((second,))]).splitlines()
    lines = lines[lines.index("The most common mistakes") + 1 :]
    first, later = (
        [line for line in lines if bool(line[:4].strip()) is is_first] for is_first in (True, False)
    )
    names = [f"   2 {names[-1]}", *(f"   1 {name}" for name in names[:9])]
    assert [line.split(":")[0] for line in first] == names
    assert later and all(len(line) - len(line.lstrip()) == 5 for line in later)


def test_the_csv_has_a_column_for_each_step_that_a_sheet_has_in_the_order_of_the_layout():
    rows = Row("10b", "loss", 2, 2, ("no_abs",), "b"), Row("1a", "loss", 0, 1, ("no_abs",), "")
    assert [row.column for row in rows] == ["loss b", "loss a"]
    table = class_csv([marked(rows[:1], remarks=("w",)), marked(rows), marked((), seed=None)])
    assert table.splitlines() == [
        "file,name,seed,marks,of,loss a,loss b,slips,remarks",
        "a.md,Ada,7,1,3,,2,no_abs,w; 10b: b",
        "a.md,Ada,7,1,3,0,2,no_abs,10b: b",
        "a.md,Ada,,1,3,,,,",
    ]
    short = LAYOUT._replace(steps=(), explained=False)
    assert class_csv([marked(rows, layout=short)]).splitlines() == [
        "file,name,seed,marks,of,loss b,loss a,slips,remarks",
        "a.md,Ada,7,1,3,2,0,no_abs,",
    ]


def test_what_is_printed_of_a_student_has_at_most_60_characters():
    assert printable("a" * 60) == "a" * 60 and printable("a" * 61) == "a" * 59 + "…"


def test_the_class_counts_a_slip_once_a_sheet_and_notices_one_seed_twice():
    made = sheet(7, ["quantize", "affine"])
    first, second = (q.slips[0] for q in made.questions)
    answers = {"1a": first["round_for_floor"], "2a": second["floor_for_round"]}
    a = grade_text(fill(made, {"1a": answers["1a"]}), "a.md")
    b = grade_text(fill(made, answers), "b.md")
    assert commonest_slips([a, b]) == [("round_for_floor", 2), ("floor_for_round", 1)]
    twice = b._replace(rows=b.rows * 2)
    assert commonest_slips([twice]) == [("floor_for_round", 1), ("round_for_floor", 1)]
    text = class_text([a, b])
    assert "these have the same seed 7: a.md, b.md" in text
    assert text.index("round_for_floor") < text.index("floor_for_round")
    assert all(console.width(line) <= 79 for line in text.splitlines())


def test_no_cell_of_the_csv_is_computed_by_a_spreadsheet():
    made = sheet(7, ["loss"])
    for evil in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1+1", '=HYPERLINK("x")'):
        text = fill(made, perfect(made)).replace("Name: ____", f"Name: {evil}")
        for row in csv.reader(class_csv([grade_text(text, f"{evil}.md")]).splitlines()):
            assert not any(cell.strip().startswith(("=", "+", "-", "@")) for cell in row), row
    table = class_csv([grade_text(fill(made, perfect(made)), "a.md")])
    [row] = csv.DictReader(table.splitlines())
    assert row["file"] == "a.md" and row["marks"] == "1" and row["loss a"] == "1"


def test_a_class_in_a_table_and_as_csv_without_formulas(tmp_path):
    first, seen = submission("network", "loss", LOSS_WITHOUT_HALF), []
    paths = [write(tmp_path, first, "=cmd.ipynb")]
    paths.append(write(tmp_path, assignments.build("network"), "b.ipynb"))
    marked = mark_class(paths, seed=5, progress=seen.append)
    assert sorted(seen) == ["=cmd.ipynb", "b.ipynb"] and [m.got for m in marked] == [16, 0]
    assert "   1 missing_half: What factor" in class_text(marked)
    heading, forward, loss, *_ = marked_text(marked[0]).splitlines()
    assert heading == "=cmd.ipynb: network, seed 5" and forward == "  forward          5/5"
    assert loss.startswith("  loss             0/4 What factor stands in front of the sum?")
    lines = class_csv(marked).splitlines()
    assert lines[0] == "file,assignment,seed,marks,of,forward,loss,backward,slips,remarks"
    assert lines[1].startswith("'=cmd.ipynb,network,5,16,20,5,0,11,missing_half,")
    assert "loss: What factor stands" in lines[1]
    assert all(len(line) <= 79 for m in marked for line in marked_text(m).splitlines())


def test_grade_prints_sheets_and_class_and_writes_the_csv(tmp_path, capsys):
    files = []
    for seed in (1, 2):
        made = sheet(seed)
        files.append(str(tmp_path / f"sheet-{seed}.md"))
        answers = perfect(made)
        if seed == 2:
            answers["9a"] = made.questions[8].slips[0]["missing_half"]
        (tmp_path / f"sheet-{seed}.md").write_text(fill(made, answers), encoding="utf-8")
    out = tmp_path / "class.csv"
    assert cli.main(["grade", *files, "--csv", str(out)]) == 0
    said = capsys.readouterr().out
    assert f"total {FULL} of {FULL}" in said and f"total {FULL - 1} of {FULL}" in said
    assert "   1 missing_half: What factor stands in front of the sum?" in said
    assert all(console.width(line) <= 79 for line in said.splitlines())
    assert out.read_bytes().startswith(b"\xef\xbb\xbffile,name,seed,marks,of,quantize a")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["class.csv", "sheet-1.md", "sheet-2.md"]
    before = out.read_bytes()
    assert cli.main(["grade", files[0], "--csv", str(out)]) == 2 and out.read_bytes() == before
    assert cli.main(["grade", files[0], "--csv", str(out), "--force"]) == 0
    assert out.read_bytes() != before
    assert cli.main(["grade", files[0]]) == 0
    assert "file" not in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((), "FILE"),
        (("README.md", "--csv", "no/such/a.csv"), "no/such"),
        (("README.md", "--force"), "--csv"),
        (("README.md", "--csv", "refnn"), "refnn"),
        (("README.md", "--csv", "README.md"), "none of the files"),
        (("README.md", "--csv", "CITATION.cff"), "--force"),
    ],
)
def test_bad_arguments_of_grade_are_one_line(arguments, word, capsys):
    assert cli.main(["grade", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and word in err and len(err) <= 300


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["assignment", "networks", "--out", "a.ipynb"], "network"),
        (["assignment", "network"], "--out"),
        (["assignment", "network", "--out", "no/such/a.ipynb"], "no/such"),
        (["grade", "README.md", "--seed", "1"], "--seed"),
        (["grade", "a.ipynb", "--seed", "-1"], "--seed"),
        (["grade", "a.ipynb", "--seed", ""], "--seed"),
        (["grade", "a.ipynb", "--assignment", "x"], "--assignment"),
    ],
)
def test_bad_commands_are_one_line_and_status_2(arguments, word, capsys):
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and word in err
