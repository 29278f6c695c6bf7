"""Assignments: the committed copies, their cells, the commands, the instructors' page."""

import ast
import json
import re
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from refnn.checking.catalogue.explain import slips_in
from refnn.command import cli
from refnn.teaching import assignments
from refnn.teaching.assignments import ASSIGNMENTS
from refnn.teaching.mark_notebook import mark_notebook
from teaching.handed_in import code_cells, source_of, write

ROOT = Path(__file__).parents[2]
NAMES = sorted(ASSIGNMENTS)
NBGRADERS = {"cell_type", "grade", "grade_id", "locked", "schema_version", "solution", "task"}
PAGE = (ROOT / "notebooks" / "assignments" / "INSTRUCTORS.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_copy_is_what_its_source_makes(name):
    stored = (ROOT / "notebooks" / "assignments" / f"{name}.ipynb").read_text(encoding="utf-8")
    assert stored == assignments.text(name)
    assert not list((ROOT / "notebooks").rglob("*solution*"))


@pytest.mark.parametrize("name", NAMES)
def test_the_students_copy_holds_no_solution_and_the_solution_no_marks(name):
    student, solution = assignments.build(name), assignments.build(name, "solution")
    hidden = [c for c in code_cells(solution) if c["metadata"]["nbgrader"]["solution"]]
    assert len(hidden) == len(ASSIGNMENTS[name])
    everything = json.dumps(student)
    assert "SOLUTION" not in everything and "SOLUTION" not in json.dumps(solution)
    for cell in hidden:
        last = source_of(cell).rstrip().splitlines()[-1].strip()  # the line that returns the answer
        assert last.startswith("return ") and last not in everything
    assert [c["id"] for c in student["cells"]] == [c["id"] for c in solution["cells"]]


def valid(name, kind):
    import nbformat  # takes seconds

    nbformat.validate(nbformat.from_dict(assignments.build(name, kind)))


@pytest.mark.parametrize(("name", "kind"), list(product(NAMES, assignments.KINDS)))
def test_a_notebook_is_valid_and_has_nbgraders_metadata(name, kind):
    valid(name, kind)
    notebook = assignments.build(name, kind)
    grade_ids, points = [], {}
    for cell in notebook["cells"]:
        meta = cell["metadata"].get("nbgrader")
        if meta is None:
            assert cell["cell_type"] == "markdown"
            continue
        assert set(meta) - {"points"} == NBGRADERS
        assert meta["schema_version"] == 3 and meta["locked"] != meta["solution"]
        assert ("points" in meta) == meta["grade"]
        grade_ids.append(meta["grade_id"])
        function, _, what = meta["grade_id"].rpartition("-")
        points[function] = points.get(function, 0) + meta.get("points", 0)
        # No error is no point
        assert what != "hidden" or source_of(cell).startswith("0  ")
    assert len(set(grade_ids)) == len(grade_ids) and sum(points.values()) == 20
    for task in ASSIGNMENTS[name]:
        assert task.points + task.hidden_points() == points[task.function]


@pytest.mark.parametrize("name", NAMES)
def test_the_blank_copy_runs_and_scores_nothing_and_the_solution_everything(name, tmp_path):
    for kind, expected in (("student", 0), ("solution", 20)):
        notebook = assignments.build(name, kind)
        program = "\n".join(map(source_of, code_cells(notebook)))
        program = re.sub(r"^(check\(.*\))$", r"print(\1)", program, flags=re.MULTILINE)
        command = [sys.executable, "-W", "error", "-c", program]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ran.returncode == 0 and not ran.stderr, ran.stderr
        seen = [int(line) for line in ran.stdout.splitlines() if line.isdecimal()]
        assert seen == [task.points if kind == "solution" else 0 for task in ASSIGNMENTS[name]]
        marks = mark_notebook(write(tmp_path, notebook), seed=3)
        assert (marks.got, marks.of, marks.remarks) == (expected, 20, ())
        remark = "" if kind == "solution" else "The function is not written yet."
        assert all(row.remark == remark for row in marks.rows)


def test_an_assignment_is_handed_out_collected_and_marked_by_commands(tmp_path, capsys):
    for kind, options in (("student", []), ("solution", ["--solution"])):
        out = tmp_path / f"{kind}.ipynb"
        command = ["assignment", "worked_example", "--out", str(out), *options]
        assert cli.main(command) == 0
        assert out.read_text(encoding="utf-8") == assignments.text("worked_example", kind)
        assert cli.main(command) == 2
        assert cli.main([*command, "--force"]) == 0
    assert "--force" in capsys.readouterr().err
    both = [str(tmp_path / f"{kind}.ipynb") for kind in ("student", "solution")]
    table = tmp_path / "class.csv"
    assert cli.main(["grade", *both, "--seed", "2026", "--csv", str(table)]) == 0
    out = capsys.readouterr().out
    assert "student.ipynb: worked_example, seed 2026" in out
    assert "total 0 of 20" in out and "total 20 of 20" in out
    lines = table.read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[3] for line in lines] == ["marks", "0", "20"]
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["class.csv", "solution.ipynb", "student.ipynb"]


def test_the_commands_on_the_instructors_page_work_in_their_order(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("roster.csv").write_text("id\na1\nb2\n")
    seen = []
    for line in re.findall(r"^    (\S.*?)(?:  +#.*)?$", PAGE, re.MULTILINE):
        if line.startswith("mkdir "):
            for name in line.split()[1:]:
                Path(name).mkdir()
            continue
        command = line.removeprefix("python -m refnn ").split()
        found = [sorted(map(str, Path().glob(w))) if "*" in w else [w] for w in command]
        assert cli.main([word for words in found for word in words]) == 0, capsys.readouterr()
        seen.append(command[0])
        if "--solution" in command:
            Path("submitted").mkdir()
            Path("solution.ipynb").rename("submitted/solution.ipynb")
        if "--roster" in command:
            Path("handed_in").mkdir(exist_ok=True)
            Path("sheets/sheet-a1.md").rename("handed_in/sheet-a1.md") if len(seen) == 2 else None
    assert seen == [
        *("worksheet", "worksheet", "grade"),
        *("assignment", "assignment", "grade", "worksheet", "worksheet", "grade"),
    ]
    assert {"marks.csv", "upload.csv", "class.csv", "practice.csv"} <= {
        p.name for p in tmp_path.iterdir()
    }
    of_a_test = re.search(r"a test on `(--topic \S+)`", re.sub(r"\n +", " ", PAGE))[1].split()
    assert cli.main(["worksheet", "--seed", "1", "--out", ".", *of_a_test]) == 0


def test_the_minutes_of_each_plan_add_up():
    plans = dict(re.findall(r"^- \*\*(\w+) hours\.\*\* (.*(?:\n  .*)*)", PAGE, re.MULTILINE))
    found = {hours: re.findall(r"\((\d+)(?: min)?\)", plan) for hours, plan in plans.items()}
    minutes = {hours: sum(map(int, numbers)) for hours, numbers in found.items()}
    assert minutes == {"Two": 120, "Four": 240, "Eight": 240}
    assert plans["Eight"].startswith("The four hours above. ")


def test_the_points_on_the_instructors_page_are_those_of_the_tasks():
    every = [task for all_ in ASSIGNMENTS.values() for task in all_]
    shown, hidden = [t.points for t in every], [t.hidden_points() for t in every]
    points = f"worth {min(shown)} to {max(shown)} points"
    assert f"{points}, and {min(hidden)} to {max(hidden)} hidden cases" in PAGE
    assert [t.function for t in every if not slips_in(t.recipe)] == ["as_printed", "possible"]


def last_values(notebook):
    """{grade_id: the last value of the cell} of all graded cells, run one after the other."""
    space, found = {}, {}
    for cell in code_cells(notebook):
        *body, last = ast.parse(source_of(cell)).body or [ast.Pass()]
        grade = cell["metadata"]["nbgrader"]["grade"]
        exec(compile(ast.Module([*body] if grade else [*body, last], []), "cell", "exec"), space)
        if grade:
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), space)
            found[cell["metadata"]["nbgrader"]["grade_id"]] = value, cell["metadata"]["nbgrader"]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_source_for_nbgrader_gives_the_points_of_grade(name, capsys):
    source = assignments.build(name, "nbgrader", 5)
    perfect = last_values(source)
    assert sum(points for points, _ in perfect.values()) == 20
    assert [(f"{task.function}-cases") for task in ASSIGNMENTS[name]] == list(perfect)
    for points, meta in perfect.values():
        assert points == meta["points"] and meta["locked"] and not meta["solution"]
    for cell in code_cells(source):
        text = source_of(cell)
        solution = cell["metadata"]["nbgrader"]["solution"]
        assert solution == ("### BEGIN SOLUTION" in text)
        assert cell["metadata"]["nbgrader"]["grade"] == ("### BEGIN HIDDEN TESTS" in text)
        cell["source"] = assignments.SOLUTION.sub(assignments.BLANK, text)
    assert [points for points, _ in last_values(source).values()] == [0] * len(perfect)
    # the copy that nbgrader makes has the case in the notebook alone
    for cell in code_cells(source):
        hidden = r"### BEGIN HIDDEN TESTS\n.*?### END HIDDEN TESTS\n"
        cell["source"] = re.sub(hidden, "", source_of(cell), flags=re.DOTALL)
    for shown, cell in zip(code_cells(assignments.build(name, "solution")), code_cells(source)):
        if shown["metadata"]["nbgrader"]["solution"]:
            cell["source"] = shown["source"]
    assert "HIDDEN" not in json.dumps(source)
    one = assignments.build(name, "nbgrader", 6)
    assert one != assignments.build(name, "nbgrader", 5) == assignments.build(name, "nbgrader", 5)
    assert f"{ASSIGNMENTS[name][0].function} does not work yet" in capsys.readouterr().out


def test_the_source_for_nbgrader_is_written_where_nbgrader_looks_for_it(tmp_path, capsys):
    secret = tmp_path / "secret"
    secret.write_bytes(b"0" * 16)
    command = ["assignment", "network", "--nbgrader", "--out", str(tmp_path)]
    for options, said in (
        ([], "one of --seed and --secret must be given"),
        (["--seed", "1", "--secret", str(secret)], "one of --seed and --secret must be given"),
        (["--seed", "1", "--solution"], "--solution and --nbgrader do not go together"),
        (["--secret", str(tmp_path / "none")], "--secret must be a file"),
    ):
        assert cli.main([*command, *options]) == 2
        assert said in capsys.readouterr().err
    assert cli.main(["assignment", "network", "--seed", "1", "--out", "x.ipynb"]) == 2
    assert cli.main([*command[:-1], str(tmp_path / "none"), "--seed", "1"]) == 2
    assert not (tmp_path / "source").exists()
    assert cli.main([*command, "--seed", "7"]) == 0
    path = tmp_path / "source/network/network.ipynb"
    assert path.read_text(encoding="utf-8") == assignments.text("network", "nbgrader", 7)
    assert cli.main([*command, "--seed", "7"]) == 2
    assert cli.main([*command, "--secret", str(secret), "--force"]) == 0
    assert path.read_text(encoding="utf-8") != assignments.text("network", "nbgrader", 7)
