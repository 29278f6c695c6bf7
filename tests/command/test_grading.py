"""The command grade, for a class: every file has its row, and nothing is lost or overwritten."""

import csv
import json
import os
import stat

import pytest
from teaching.handed_in import LOSS_WITHOUT_HALF, fill, perfect, submission, write

from refnn.command import cli, grading
from refnn.teaching import assignments, mark_notebook
from refnn.teaching.worksheets import class_sheet, sheet


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A folder with a roster, a secret, the sheets of the class and a folder for feedback."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "class.csv").write_text("name,id\nAda,a1\nBob,b2\nEve,e3\n")
    for folder in ("sheets", "back"):
        (tmp_path / folder).mkdir()
    assert cli.main(["worksheet", "--new-secret", "secret"]) == 0
    class_ = ["--roster", "class.csv", "--secret", "secret"]
    assert cli.main(["worksheet", *class_, "--topic", "loss", "--out", "sheets"]) == 0
    return tmp_path


CLASS = ("--roster", "class.csv", "--secret", "secret")


def hand_in(room, student):
    """Fill in the sheet of a student, without a mistake."""
    of = class_sheet(student, (room / "secret").read_bytes(), ["loss"])
    (room / f"sheets/sheet-{student}.md").write_text(fill(of, perfect(of)), encoding="utf-8")


def rows_of(path):
    text = path.read_text(encoding="utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


def test_a_class_from_the_roster_to_the_marks(room, capsys):
    secret = room / "secret"
    assert len(secret.read_bytes()) == 32 and stat.S_IMODE(os.stat(secret).st_mode) == 0o600
    hand_in(room, "a1")
    options = ("--csv", "m.csv", "--lms", "l.csv", "--feedback", "back")
    assert cli.main(["grade", "sheets", *CLASS, *options]) == 0
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if line.startswith("  total")] == [
        "  total 1 of 1",
        "  total 0 of 1",
        "  total 0 of 1",
    ]
    assert [(row["id"], row["marks"]) for row in rows_of(room / "m.csv")] == [
        ("a1", "1"),
        ("b2", "0"),
        ("e3", "0"),
    ]
    assert (room / "l.csv").read_text() == "name,id,refnn\nAda,a1,1\nBob,b2,0\nEve,e3,0\n"
    assert sorted(os.listdir(room / "back")) == [f"feedback-{s}.md" for s in ("a1", "b2", "e3")]
    assert "## sheet-a1.md: 1 of 1" in (room / "back/feedback-a1.md").read_text()
    assert cli.main(["grade", "sheets", *CLASS, *options]) == 2  # nothing is overwritten
    assert cli.main(["grade", "sheets", *CLASS, *options, "--force"]) == 0
    capsys.readouterr()
    assert cli.main(["grade", "sheets", *CLASS, "--csv", "class.csv", "--force"]) == 2
    assert "class.csv must be none of the files that are read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("grade", "sheets"), "--roster and --secret must be given for sheets of a class, such as"),
        (("grade", "sheets", "--roster", "class.csv"), "--roster and --secret must be given"),
        (("grade", "sheets", "--secret", "secret"), "--roster and --secret must be given"),
        (("grade", "sheets", "--roster", "none", "--secret", "secret"), "--roster must be a file"),
        (("grade", "sheets", "--roster", "class.csv", "--secret", "empty"), "--secret must be a"),
        (("grade", "sheets", "--lms", "l.csv"), "--lms goes with --roster"),
        (("grade", "sheets", *CLASS, "--seed", "1"), "--seed and --assignment go with notebooks"),
        (("grade", "n.ipynb", *CLASS, "--seed", "1"), "--seed and --secret do not go together"),
        (("grade", "n.ipynb", "--seconds", "0"), "--seconds must be a whole number from 1 to"),
        (("grade", "sheets", *CLASS, "--feedback", "none"), "the folder none must exist before"),
        (("grade", "sheets", *CLASS, "--csv", "x", "--lms", "./x"), "--csv and --lms must be two"),
        (("grade", "sheets", *CLASS, "--csv", ".refnn-grade.json"), "--csv must have another name"),
        (("grade", "sheets", *CLASS, "--force"), "--force goes with --csv, --lms and --feedback"),
        (("worksheet", "--roster", "class.csv", "--out", "."), "--roster and --secret go together"),
        (("worksheet", *CLASS, "--seed", "1", "--out", "."), "one of --seed, --student, --roster"),
        (("worksheet", *CLASS), "--out must be given"),
        (("worksheet", "--new-secret", "secret"), "secret exists already"),
    ],
)
def test_a_bad_option_roster_or_secret_is_one_line_and_2(room, capsys, arguments, said):
    (room / "empty").write_bytes(b"")
    (room / "n.ipynb").write_text("{}")
    capsys.readouterr()
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(f"refnn: {arguments[0]}: ") and err.count("\n") == 1
    assert said in err


def test_every_file_given_has_a_row_whatever_it_is(room, capsys):
    practice = sheet(7, ["loss"])
    (room / "sheet-7.md").write_text(fill(practice, perfect(practice)), encoding="utf-8")
    write(room, assignments.build("network", "solution"), "good.ipynb")
    (room / "other").mkdir()
    write(room / "other", submission("network", "loss", LOSS_WITHOUT_HALF), "good.ipynb")
    (room / "empty.md").write_bytes(b"")
    (room / "garbage.ipynb").write_bytes(b"\xff\x00")
    (room / "picture.png").write_bytes(bytes(range(256)))
    (room / "link.md").symlink_to("nowhere")
    with open(room / "large.ipynb", "wb") as file:
        file.truncate(80 * 2**20)
    given = ["sheet-7.md", "good.ipynb", "other", "empty.md", "garbage.ipynb", "picture.png"]
    given += ["link.md", "large.ipynb", "none.md", "back"]
    assert cli.main(["grade", *given, "--csv", "m.csv"]) == 0
    out = capsys.readouterr().out
    rows = {row["file"]: row for row in rows_of(room / "m.csv")}
    assert len(rows) == len(given) == out.count("\n  total ")
    assert [(rows[name]["marks"], rows[name]["of"]) for name in list(rows)[:3]] == [
        ("1", "1"),
        ("20", "20"),
        ("16", "20"),
    ]
    assert list(rows)[1:3] == ["good.ipynb", "other/good.ipynb"]  # two files of one name
    for name, why in (
        ("empty.md", "The file is empty."),
        ("garbage.ipynb", "It is not a notebook that can be read."),
        ("picture.png", "The sheet has no line"),
        ("link.md", "a link to a file that does not exist"),
        ("large.ipynb", "Clear the outputs"),
        ("none.md", "there is no such file"),
        ("back", "a folder without a file to mark"),
    ):
        assert rows[name]["marks"] == "0" and why in rows[name]["remarks"], name


def test_hidden_cases_come_from_the_secret_and_are_not_shown(room, capsys):
    (room / "a1").mkdir()
    write(room / "a1", submission("network", "loss", LOSS_WITHOUT_HALF), "network.ipynb")
    asked = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mark_notebook, "_run", lambda name, seed, *a: asked.append(seed) or ([], {}))
        patch.setattr(mark_notebook, "judge", lambda *arguments: ())
        assert cli.main(["grade", "a1", *CLASS, "--csv", "m.csv"]) == 0
    assert asked[0].bit_length() > 40 and str(asked[0]) not in capsys.readouterr().out


def test_a_run_that_is_stopped_goes_on_without_losing_a_mark(room, monkeypatch, capsys):
    for name in "abc":
        text = f"{LOSS_WITHOUT_HALF}  # {name}"
        write(room, submission("network", "loss", text), f"{name}.ipynb")
    run, runs = mark_notebook._run, []

    def stopped(name, seed, cells, seconds):
        runs.append(cells)
        if "# c" in "".join(cells) and len(runs) <= 3:
            raise KeyboardInterrupt
        return run(name, seed, cells, seconds)

    monkeypatch.setattr(mark_notebook, "_run", stopped)
    command = ["grade", "a.ipynb", "b.ipynb", "c.ipynb", "--csv", "m.csv"]
    assert cli.main(command) == 130 and not (room / "m.csv").exists()
    kept = json.loads((room / grading.KEPT).read_text())
    assert len(kept["results"]) == 2 and len(runs) == 3
    assert cli.main(command) == 0 and len(runs) == 4  # only the third runs again
    assert [row["marks"] for row in rows_of(room / "m.csv")] == ["16"] * 3
    assert not (room / grading.KEPT).exists()
    (room / grading.KEPT).write_text('{"code": "another", "results": {"x": 1}}')
    assert cli.main([*command, "--force"]) == 0 and len(runs) == 7  # not those of other code
