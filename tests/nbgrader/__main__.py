"""Run nbgrader on every assignment, by hand: release, autograde and feedback.

    python -m pip install -r tests/nbgrader/requirements.txt
    python tests/nbgrader

A perfect notebook must have 20 of 20, a blank one 0, and one with a mistake of the catalogue what
`refnn grade` gives it without looking at what it calls. The students' copy must have the
signatures, the docstrings and no solution.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from refnn.command import cli
from refnn.teaching import assignments
from refnn.teaching.mark_notebook import mark_notebook

SEED = 11
# One mistake for each assignment: (function, right text, wrong text)
MISTAKES = {
    "network": ("loss", " / 2", ""),
    "quantization": ("quantize", "np.round(x", "np.floor(x"),
    "pruning": ("magnitude", "np.abs(a)", "a"),
    "worked_example": ("min_max", "(P - 1) /", "P /"),
}


def submissions(name):
    """{student: the notebook that is handed in}."""
    perfect = assignments.build(name, "solution")
    function, right, wrong = MISTAKES[name]
    mistaken = json.loads(json.dumps(perfect))
    for cell in mistaken["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == function:
            text = "".join(cell["source"])
            assert text.count(right) == 1
            cell["source"] = text.replace(right, wrong)
    return {"perfect": perfect, "blank": assignments.build(name), "mistaken": mistaken}


def on_release(release, handed_in):
    """The released notebook with the functions of another one, as a student fills it in."""
    functions = {
        cell["metadata"]["nbgrader"]["grade_id"]: cell["source"]
        for cell in handed_in["cells"]
        if cell["metadata"].get("nbgrader", {}).get("solution")
    }
    filled = json.loads(json.dumps(release))
    for cell in filled["cells"]:
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
        cell["source"] = functions.get(grade_id, cell["source"])
    return filled


def nbgrader(course, *arguments):
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(command, cwd=course, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def scores(course):
    """{(student, assignment): (points, most points)} from nbgrader's own export."""
    nbgrader(course, "export", "--to", "grades.csv")
    header, *rows = (line.split(",") for line in (course / "grades.csv").read_text().splitlines())
    rows = [dict(zip(header, row)) for row in rows]
    return {
        (row["student_id"], row["assignment"]): (float(row["score"]), float(row["max_score"]))
        for row in rows
    }


def main():
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder)
        (course / "nbgrader_config.py").write_text(
            "c = get_config()\nc.CourseDirectory.course_id = 'refnn'\n", encoding="utf-8"
        )
        expected = {}
        for name in assignments.ASSIGNMENTS:
            options = ["--nbgrader", "--seed", str(SEED), "--out", folder]
            assert cli.main(["assignment", name, *options]) == 0
            nbgrader(course, "generate_assignment", name)
            path = course / "release" / name / f"{name}.ipynb"
            text = path.read_text(encoding="utf-8")
            assert "HIDDEN" not in text and "SOLUTION" not in text
            assert text.count("raise NotImplementedError") == len(assignments.ASSIGNMENTS[name])
            released = ["".join(cell["source"]) for cell in json.loads(text)["cells"]]
            for cell in assignments.build(name)["cells"]:
                head, blank, _ = "".join(cell["source"]).partition("# YOUR CODE HERE")
                assert not blank or any(source.startswith(head.rstrip()) for source in released)
            for student, notebook in submissions(name).items():
                handed_in = on_release(json.loads(text), notebook)
                file = course / "submitted" / student / name / f"{name}.ipynb"
                file.parent.mkdir(parents=True)
                file.write_text(json.dumps(handed_in), encoding="utf-8")
                alone = course / f"{student}-{name}.ipynb"
                alone.write_text(json.dumps(notebook), encoding="utf-8")
                expected[student, name] = float(mark_notebook(alone, SEED).got), 20.0
            nbgrader(course, "autograde", name, "--create")
            nbgrader(course, "generate_feedback", name)
            print(f"{name}: released, marked and returned")
        found = scores(course)
        for key, points in expected.items():
            print(*key, *found[key])
            assert found[key] == points, (key, found[key], points)
        assert len(list(course.glob("feedback/*/*/*.html"))) == len(expected)


if __name__ == "__main__":
    main()
