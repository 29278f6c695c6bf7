"""Assignments: the committed copies, blank 0, solution full, every slip of the catalogue named,
hostile submissions."""

import json
import re
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.running.sandbox import Failure
from refnn.checking.solver import solve
from refnn.command import cli
from refnn.teaching import assignments, marking, tasks
from refnn.teaching.sources import worked_example
from refnn.teaching.tasks import ASSIGNMENTS

ROOT = Path(__file__).parents[2]
NAMES = sorted(ASSIGNMENTS)
SLIPS = [
    (name, number, slip)
    for name, all_ in ASSIGNMENTS.items()
    for number, task in enumerate(all_)
    for slip in task.slips()
]


def code_cells(notebook):
    return [c for c in notebook["cells"] if c["cell_type"] == "code"]


def source_of(cell):
    return "".join(cell["source"])


def write(tmp_path, notebook, name="a.ipynb"):
    path = tmp_path / name
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def submission(name, function, text):
    """The solution with one function rewritten."""
    notebook = assignments.build(name, "solution")
    [cell] = [c for c in code_cells(notebook) if c["metadata"]["nbgrader"]["grade_id"] == function]
    cell["source"] = text.splitlines(keepends=True)
    return notebook


def by_function(marks):
    return {row.function: row for row in marks.rows}


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
    import nbformat  # takes seconds: beside the tests

    nbformat.validate(nbformat.from_dict(assignments.build(name, kind)))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param(*both, marks=pytest.mark.beside(valid, *both))
        for both in product(NAMES, assignments.KINDS)
    ],
)
def test_a_notebook_is_valid_and_has_nbgraders_metadata(name, kind, beside):
    beside(valid, name, kind)
    notebook = assignments.build(name, kind)
    grade_ids, points = [], 0
    for cell in notebook["cells"]:
        meta = cell["metadata"].get("nbgrader")
        if meta is None:
            assert cell["cell_type"] == "markdown"
            continue
        assert set(meta) - {"points"} == {
            "cell_type",
            "grade",
            "grade_id",
            "locked",
            "schema_version",
            "solution",
            "task",
        }
        assert meta["schema_version"] == 3 and meta["locked"] != meta["solution"]
        assert ("points" in meta) == meta["grade"]
        grade_ids.append(meta["grade_id"])
        points += meta.get("points", 0)
        assert not meta["grade_id"].endswith("-hidden") or source_of(cell).startswith(
            "0  "
        )  # no error is no point
    assert len(set(grade_ids)) == len(grade_ids) and points == 20
    assert all(
        task.points + assignments.hidden_points(task)
        == sum(
            c["metadata"]["nbgrader"].get("points", 0)
            for c in code_cells(notebook)
            if c["metadata"]["nbgrader"]["grade_id"].rpartition("-")[0] == task.function
        )
        for task in ASSIGNMENTS[name]
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_blank_copy_runs_and_scores_nothing_and_the_solution_everything(name, tmp_path):
    for kind, expected in (("student", 0), ("solution", 20)):
        notebook = assignments.build(name, kind)
        program = "\n".join(
            source_of(c).replace("check(", "print(check(") + ")"
            if source_of(c).startswith("arguments")
            else source_of(c)
            for c in code_cells(notebook)
        )
        ran = subprocess.run(
            [sys.executable, "-W", "error", "-c", program],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0 and not ran.stderr, ran.stderr
        seen = [int(line) for line in ran.stdout.splitlines() if line.isdecimal()]
        assert seen == [task.points if kind == "solution" else 0 for task in ASSIGNMENTS[name]]
        marks = marking.mark_notebook(write(tmp_path, notebook), seed=3)
        assert (marks.got, marks.of, marks.remark) == (expected, 20, "")
        assert all(
            row.remark == ("" if kind == "solution" else "not written") for row in marks.rows
        )


def answers_of(name, seed, number=None, wrong=None):
    """What refnn's own formulas answer, task `number` by a slip."""
    return [
        task.result(wrong.wrong(*arguments)) if i == number else expected
        for i, task in enumerate(ASSIGNMENTS[name])
        for _, arguments, expected in marking._cases(name, seed)[i]
    ]


@pytest.mark.parametrize("seed", range(8))
def test_every_slip_in_every_assignment_loses_marks_and_gets_its_hint(seed):
    """The whole matrix, on the values; the next test plants slips as code."""
    names = set()
    for name, number, slip in SLIPS:
        with np.errstate(all="ignore"):
            answers = answers_of(name, seed, number, slip)
        rows = marking.judge(name, seed, answers)
        assert [i for i, row in enumerate(rows) if row.got < row.of] == [number], (name, slip.name)
        assert rows[number].slips == (slip.name,), (
            rows[number],
            slip.name,
        )  # no other slip looks like it
        cases = marking._cases(name, seed)
        which = [
            f"{label or 'the case that is shown'}"
            for given, (label, _, expected) in zip(
                answers[sum(map(len, cases[:number])) :], cases[number]
            )
            if not tasks.same(given, expected)
        ]
        which = "every case" if len(which) == len(cases[number]) else "; ".join(which)
        assert rows[number].remark == f"{slip.hint} Not right: {which}."
        names.add(slip.name)
    assert len(names) > 40
    for name in NAMES:
        assert all(row.got == row.of for row in marking.judge(name, seed, answers_of(name, seed)))


PLANTED = [
    ("network", "loss", "def loss(y_hat, y):\n    return ((y_hat - y) ** 2).sum()", "missing_half"),
    (
        "quantization",
        "quantize",
        "def quantize(x, scale, zero_point, qmin, qmax, axis=None):\n"
        "    if axis is not None:\n        s = [-1 if i == axis else 1 for i in range(x.ndim)]\n"
        "        scale, zero_point = np.reshape(scale, s), np.reshape(zero_point, s)\n"
        "    return np.clip(np.floor(x / scale) + zero_point, qmin, qmax)",
        "floor_for_round",
    ),
    (
        "pruning",
        "by_threshold",
        "def by_threshold(scores, tau):\n    return [a > tau for a in scores]",
        "above_for_at_least",
    ),
    (
        "worked_example",
        "dequantize",
        "def dequantize(q, W, B):\n    return [(c - B) / W for c in q]",
        "minus_B_decoding",
    ),
]


@pytest.mark.parametrize(("name", "function", "text", "slip"), PLANTED, ids=[p[3] for p in PLANTED])
def test_a_slip_written_into_the_solution_is_named(name, function, text, slip, tmp_path):
    marks = marking.mark_notebook(write(tmp_path, submission(name, function, text)), seed=11)
    row = by_function(marks)[function]
    assert marks.got < 20 and row.slips == (slip,)
    assert (
        row.remark.startswith(f"{CATALOGUE[slip].hint} Not right: ") and "no slip" not in row.remark
    )
    assert all(r.got == r.of for r in marks.rows if r.function != function)


# What is replaced in the solution, in a notebook each: {function: (old, new, slip or None)}
ROUNDS = [
    (
        "network",
        {
            "forward": ("X @ W_ih.T + b_h", "X @ W_ih.T", "hidden_bias_forgotten"),
            "loss": (" / 2", "", "missing_half"),
        },
    ),
    (
        "network",
        {
            "loss": (".sum()", ".mean()", "mean_for_sum"),
            "backward": ("y_hat - y", "y - y_hat", "residual_sign"),
        },
    ),
    ("network", {"backward": ("1 - h * h", "1 - np.tanh(h) ** 2", "slope_at_h")}),
    (
        "quantization",
        {
            "quantize": ("np.round(x", "np.floor(x", "floor_for_round"),
            "dequantize": ("- zero_point", "+ zero_point", "plus_zero_point"),
            "choose_grid": (
                "np.minimum(x.min(axis=others), 0), np.maximum(x.max(axis=others), 0)",
                "x.min(axis=others), x.max(axis=others)",
                "zero_not_in_range",
            ),
        },
    ),
    (
        "quantization",
        {
            "quantize": ("/ scale) + zero_point", "/ scale + zero_point)", "round_after_adding"),
            "dequantize": ("q.astype(float)", "q", "unsigned_subtraction"),
            "choose_grid": (
                "(high - low) / (qmax - qmin)",
                "(high - low) / (qmax - qmin + 1)",
                "levels_for_steps",
            ),
        },
    ),
    (
        "pruning",
        {
            "prune": ("r < tau", "r <= tau", "at_most_for_below"),
            "magnitude": ("np.abs(a)", "a", "no_abs"),
            "taylor": ("a * g.sum", "g.sum", "slope_without_weight"),
            "fisher": ("(g**2).sum(axis=0)", "(g**2).mean(axis=0)", "mean_of_the_squares"),
            "by_threshold": (">=", ">", "above_for_at_least"),
            "by_sparsity": ("[:round(", "[:int(", "count_cut_off"),
        },
    ),
    (
        "pruning",
        {
            "prune": ("r < tau", "np.abs(r) < tau", "abs_in_the_rule"),
            "fisher": ("(g**2).sum(axis=0)", "g.sum(axis=0) ** 2", "square_of_the_sum"),
            "by_sparsity": ('scope == "layer"', 'scope == "row"', "global_for_layer"),
        },
    ),
    (
        "worked_example",
        {
            "quantize": ("(v * W + B) // 1 %", "round(v * W + B) %", "round_for_floor"),
            "dequantize": ("(c + B)", "(c - B)", "minus_B_decoding"),
            "min_max": ("(P - 1) /", "P /", "P_for_P_minus_1"),
            "as_printed": ("<= Fraction", "< Fraction", None),
            "possible": ("<= 1", "< 1", None),
        },
    ),
    (
        "worked_example",
        {
            "quantize": ("W + B)", "W - B)", "minus_B_encoding"),
            "dequantize": ("(c + B) / W", "(c + B) * W", "times_W"),
            "min_max": ("-W * min(x)", "-min(x)", "B_in_real_units"),
        },
    ),
]


@pytest.mark.parametrize(("name", "planted"), ROUNDS)
def test_slips_planted_in_the_code_of_the_solution_cost_their_functions_and_no_other(
    name, planted, tmp_path
):
    notebook = assignments.build(name, "solution")
    for cell in code_cells(notebook):
        if (function := cell["metadata"]["nbgrader"]["grade_id"]) in planted:
            old, new, _ = planted[function]
            assert source_of(cell).count(old) == 1
            cell["source"] = source_of(cell).replace(old, new)
    marks = marking.mark_notebook(write(tmp_path, notebook), seed=11)
    calls = (
        {"backward": "forward"} if "forward" in planted else {}
    )  # what calls a wrong function, and says so
    for row in marks.rows:
        if row.function in calls:
            assert row.got < row.of and row.remark.endswith(
                f"It may call what is wrong: {calls[row.function]}."
            )
        elif row.function in planted:
            slip = planted[row.function][2]
            assert row.got < row.of and row.slips == ((slip,) if slip else ()), (row, slip)
            assert row.remark.startswith(f"{CATALOGUE[slip].hint} " if slip else "Not right: "), row
        else:
            assert (row.got, row.slips, row.remark) == (row.of, (), ""), row
    assert marks.got < 20 and not marks.remark


def test_every_function_has_a_mistake_planted_in_its_code():
    assert {(name, task.function) for name, all_ in ASSIGNMENTS.items() for task in all_} == {
        (name, function) for name, planted in ROUNDS for function in planted
    }


def test_hidden_cases_belong_to_the_seed(tmp_path):
    """Who writes down the answer of the case that is shown, or of another seed, has that and no
    more."""
    text = "def loss(y_hat, y):\n    return 5.25"
    row = by_function(
        marking.mark_notebook(write(tmp_path, submission("network", "loss", text)), seed=1)
    )["loss"]
    assert (row.got, row.of) == (2, 4)
    one, other = (answers_of("network", seed) for seed in (1, 2))
    assert marking.judge("network", 1, one) != marking.judge("network", 1, other)
    assert marking.judge("network", 1, one) == marking.judge("network", 1, answers_of("network", 1))


BODY = "def loss(y_hat, y):\n    {}"
HOSTILE = {
    "a loop": (BODY.format("while True: pass"), 16, "time"),
    "exit": (BODY.format("import os; os._exit(0)"), 16, "exit"),
    "sys.exit": (BODY.format("raise SystemExit(0)"), 16, "exit"),
    "a flood": (BODY.format("while True: print('x' * 10**6)"), 16, "output"),
    "memory": (BODY.format("return bytearray(2**40)"), 16, "memory"),
    "text": (BODY.format("return '5.25'"), 16, "by no slip"),
    "a wrong shape": (BODY.format("return ((y_hat - y) ** 2).sum(axis=0) / 2"), 16, "by no slip"),
    "nothing": (BODY.format("pass"), 16, "by no slip"),
    "NaN": (BODY.format("return float('nan')"), 16, "by no slip"),
    "no such function": ("losses = 1", 16, "no function loss"),
    "a syntax error": ("def loss(y_hat, y)\n    return 0", 16, "SyntaxError"),
    "a forged report": (
        BODY.format("import sys; print('{\"value\": true}'); sys.stdout.flush(); return True"),
        16,
        "by no slip",
    ),
    "all is equal": (
        "import numpy as np\nnp.allclose = np.array_equal = np.equal = lambda *a, **k: True\n"
        + BODY.format("return 0"),
        16,
        "by no slip",
    ),
    "a checker of one's own": (
        "check = same = lambda *a, **k: 99\n" + BODY.format("return 0"),
        16,
        "by no slip",
    ),
    "everything equal": (
        "class E:\n    __eq__ = lambda *a: True\n" + BODY.format("return E()"),
        16,
        "answer",
    ),
}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """All of them marked as one class, each followed by a good submission."""
    folder, paths = tmp_path_factory.mktemp("class"), []
    for i, (text, _, _) in enumerate(HOSTILE.values()):
        paths.append(write(folder, submission("network", "loss", text), f"{i}.ipynb"))
        if i % 4 == 0:
            paths.append(write(folder, assignments.build("network", "solution"), f"{i}-good.ipynb"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(marking, "SECONDS", 1.5)
        return {m.file: m for m in marking.mark_class(paths)}


@pytest.mark.parametrize(("number", "what"), list(enumerate(HOSTILE)), ids=list(HOSTILE))
def test_hostile_code_has_its_own_mark_and_no_other(hostile, number, what):
    _, points, said = HOSTILE[what]
    marks = hostile[f"{number}.ipynb"]
    row = by_function(marks)["loss"]
    assert row.got == 0 and said in row.remark and marks.got == points, marks


def test_who_follows_a_hostile_submission_has_full_marks(hostile):
    good = [m for m in hostile.values() if "good" in m.file]
    assert len(good) == 4 and all(m.got == 20 for m in good)


def with_cells(*texts, name="network"):
    """The solution with cells of the student's own at its end."""
    notebook = assignments.build(name, "solution")
    notebook["cells"] += [
        {
            "cell_type": "code",
            "id": f"own-{i}",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "source": text,
        }
        for i, text in enumerate(texts)
    ]
    return notebook


# A cell of the student's own, and why it is left out, if it is
CELLS = {
    "an error": ("1 / 0", None),
    "exit()": ("exit()", None),
    "SystemExit": ("import sys; sys.exit('done')", None),
    "input": ("name = input('Your name? ')", None),
    "an interrupt": ("raise KeyboardInterrupt", None),
    "magic": ("%matplotlib inline\n!ls\nimport os", None),
    "os._exit": ("import os; os._exit(0)", "the process ended itself with status 0"),
    "an endless loop": ("while True: pass", "not done within 1 s"),
    "sleep": ("import time; time.sleep(60)", "not done within 1 s"),
    "a flood": ("while True: print('x' * 10**6)", "more printed or returned than the limit"),
}


@pytest.mark.parametrize("what", CELLS)
def test_a_cell_of_the_students_own_costs_no_function_its_marks(what, tmp_path, monkeypatch):
    text, why = CELLS[what]
    monkeypatch.setattr(marking, "SECONDS", 1)
    notebook = with_cells(text)
    marks = marking.mark_notebook(write(tmp_path, notebook))
    left_out = f"code cell {len(code_cells(notebook))} was left out: {why}"
    assert (marks.got, marks.remark) == (20, left_out if why else "")


def test_three_cells_that_end_the_process_are_left_out_and_a_fourth_ends_the_marking(tmp_path):
    stop = "import os; os._exit(3)"
    marks = marking.mark_notebook(write(tmp_path, with_cells(*[stop] * 3)))
    assert (
        marks.got == 20
        and marks.remark.count("was left out: the process ended itself with status 3") == 3
    )
    marks = marking.mark_notebook(write(tmp_path, with_cells(*[stop] * 4)))
    assert marks.got == 0 and all("exit" in row.remark for row in marks.rows)
    marks = marking.mark_notebook(
        write(tmp_path, submission("network", "loss", stop))
    )  # it holds a function: lost
    assert marks.got == 16 and "code cell 6 was left out" in marks.remark
    assert source_of(code_cells(assignments.build("network"))[5]).startswith("def loss")


def test_lines_that_only_ipython_understands_do_not_cost_their_cell(tmp_path):
    lines = [
        "np.sum?",
        "?np.sum",
        "%%time",
        "if 1:\n    %time x = 1\n    !ls",
        "files = !ls",
        "%timeit -n 1 np.zeros(3)\nnp.sum??",
        "display(np, clear=True)",
    ]
    ones = [f"{line}\ndef one_{i}(): return display() or 1" for i, line in enumerate(lines)]
    text = "def loss(y_hat, y):\n    return ((y_hat - y) ** 2).sum() / 2 * " + " * ".join(
        f"one_{i}()" for i in range(len(lines))
    )
    notebook = submission("network", "loss", text)
    notebook["cells"] += with_cells(*ones)["cells"][-len(ones) :]
    row = by_function(marking.mark_notebook(write(tmp_path, notebook)))["loss"]
    assert row.got == row.of, row


def test_what_fails_in_one_function_costs_no_other(tmp_path, monkeypatch):
    """A slow one, one that prints up to its limit, one whose numbers have no end: the next has all
    its marks."""
    monkeypatch.setattr(marking, "SECONDS", 1)
    slow = (
        "import time\ndef quantize(x, scale, zero_point, qmin, qmax, axis=None):\n    time.sleep(0.12)\n"
        "    print('x' * 550_000)\n    return 0"
    )
    also = (
        "def dequantize(q, scale, zero_point, axis=None):\n    time.sleep(0.12)\n    print('x' * 550_000)\n"
        "    return _right(q, scale, zero_point, axis)"
    )
    notebook = submission("quantization", "quantize", slow)
    [cell] = [
        c for c in code_cells(notebook) if c["metadata"]["nbgrader"]["grade_id"] == "dequantize"
    ]
    cell["source"] = source_of(cell).replace("def dequantize", "def _right") + "\n" + also
    assert by_function(marking.mark_notebook(write(tmp_path, notebook)))["dequantize"].got == 6
    for body in (
        "return Fraction(1, 16 ** 2**12)",
        "f = Fraction(1); f._numerator = 16**10**5; return f, f",
        "import os\n    for fd in range(3, 30):\n        try: os.write(fd, b'{}\\n')\n"
        "        except OSError: pass",
    ):
        text = f"def min_max(x, P):\n    {body}"
        marks = marking.mark_notebook(
            write(tmp_path, submission("worked_example", "min_max", text))
        )
        assert marks.got == 16 and "answer: " in by_function(marks)["min_max"].remark, marks


def test_a_class_is_read_before_the_first_of_it_runs(tmp_path):
    text = f"import pathlib\nfor p in pathlib.Path({str(tmp_path)!r}).glob('*.ipynb'): p.write_text('')"
    paths = [write(tmp_path, with_cells(text), "a.ipynb")]
    paths += [
        write(tmp_path, assignments.build("network", "solution"), f"{i}.ipynb") for i in range(4)
    ]
    assert [m.got for m in marking.mark_class(paths)] == [20] * 5 and not paths[4].read_text()


def test_refnn_is_out_of_the_ordinary_reach_of_what_is_marked(tmp_path):
    for way in (
        "import sys\nsys.modules.pop('refnn', None)\nfrom refnn.network import loss",
        "import sys, os\nassert any(os.path.isdir(p + '/refnn') for p in sys.path)\n"
        "def loss(y_hat, y): return ((y_hat - y) ** 2).sum() / 2",
    ):
        assert marking.mark_notebook(write(tmp_path, submission("network", "loss", way))).got == 16


@pytest.mark.parametrize(
    ("name", "function", "text", "said"),
    [
        (
            "worked_example",
            "dequantize",
            "def dequantize(q, W, B):\n    return [float((c + B) / W) for c in q]",
            "floats where fractions are asked",
        ),
        (
            "network",
            "loss",
            "def loss(y_hat, y):\n    return ((y_hat - y) ** 2).sum() / 2 + 1e-6",
            "by no slip",
        ),
        ("network", "loss", "def loss(y_hat, y):\n    return np.array(5.25 + 0j)", "by no slip"),
    ],
)
def test_the_check_that_is_shown_and_the_marks_agree(name, function, text, said, tmp_path, capsys):
    notebook = submission(name, function, text)
    exec("\n".join(map(source_of, code_cells(notebook))), {})
    lines = capsys.readouterr().out.splitlines()
    assert f"{function}: not right in the case that is shown" in lines and len(lines) == len(
        ASSIGNMENTS[name]
    )
    row = by_function(marking.mark_notebook(write(tmp_path, notebook)))[function]
    assert row.got < 2 and row.remark.startswith(
        ("Not right: every case", "Not right: the case that is shown; ")
    )
    assert said in row.remark


def test_an_assignment_that_is_not_named_is_inferred(tmp_path, capsys):
    good, lost = assignments.build("network", "solution"), assignments.build("network", "solution")
    lost["metadata"] = {}
    for cell in lost["cells"]:
        cell["metadata"] = {}
    nothing = {"cells": [], "metadata": {}}
    paths = [write(tmp_path, n, f"{i}.ipynb") for i, n in enumerate((good, lost, nothing))]
    garbage = tmp_path / "garbage.ipynb"
    garbage.write_bytes(b"\xff garbage")
    assert cli.main(["grade", *map(str, paths), str(garbage), "--seed", "2026"]) == 0
    assert "total 20 of 20" in capsys.readouterr().out
    marked = marking.mark_class([*paths, garbage])
    assert [(m.assignment, m.got, m.remark) for m in marked] == [
        ("network", 20, ""),
        ("network", 20, "names no assignment: taken for network"),
        ("network", 0, "names no assignment: taken for network"),
        ("network", 0, "no notebook that can be read"),
    ]
    both = {
        "cells": with_cells("def quantize(x): return x")["cells"][-1:],
        "metadata": {},
    }  # of two assignments
    with pytest.raises(ValueError, match=r"assignment must be given for b\.ipynb"):
        marking.mark_class([write(tmp_path, both, "b.ipynb"), garbage])
    with pytest.raises(ValueError, match=r"assignment must be given for garbage"):
        marking.mark_class(
            [paths[0], write(tmp_path, assignments.build("pruning"), "p.ipynb"), garbage]
        )
    assert cli.main(["grade", str(garbage)]) == 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b'{"cells": 3, "metadata": {}}',
        b'{"cells": [3], "metadata": {}}',
        b'{"cells": [], "metadata": []}',
        b"[" * 10**5,
        b'{"cells": [{"cell_type": "code", "source": 5}], "metadata": {}}',
    ],
)
def test_what_is_no_notebook_is_marked_nothing_and_not_refused(tmp_path, data):
    path = tmp_path / "a.ipynb"
    path.write_bytes(data)
    marks = marking.mark_notebook(path, assignment="pruning")
    assert (marks.got, marks.of) == (0, 20) and marks.remark == "no notebook that can be read"
    with pytest.raises(ValueError, match="assignment must be given"):
        marking.mark_notebook(path)


def test_remarks_on_the_whole(tmp_path):
    path = write(tmp_path, assignments.build("network", "solution"))
    assert (
        marking.mark_notebook(path, assignment="pruning").remark
        == "the notebook says that it is network"
    )
    for text in (
        "from refnn.network import loss",
        "loss = __import__('refnn.network').network.loss",
    ):
        marks = marking.mark_notebook(write(tmp_path, submission("network", "loss", text)))
        assert marks.got == 16 and marks.remark == "names refnn: read it yourself"
    odd = assignments.build("network") | {"metadata": {"refnn": {"assignment": ["network"]}}}
    assert marking.mark_notebook(write(tmp_path, odd), assignment="network").got == 0
    blank = assignments.build("network") | {"cells": []}
    assert marking.mark_notebook(write(tmp_path, blank)).remark == "none of the functions is in it"


def test_a_class_in_a_table_and_as_csv_without_formulas(tmp_path):
    first = submission("network", "loss", PLANTED[0][2])
    paths = [
        write(tmp_path, n, f)
        for n, f in ((first, "=cmd.ipynb"), (assignments.build("network"), "b.ipynb"))
    ]
    seen = []
    marked = marking.mark_class(paths, seed=5, progress=seen.append)
    assert sorted(seen) == ["=cmd.ipynb", "b.ipynb"] and [m.got for m in marked] == [16, 0]
    assert "   1 missing_half: What factor" in marking.class_text(marked)
    lines = marking.class_csv(marked).splitlines()
    assert lines[0] == "file,assignment,seed,marks,of,forward,loss,backward,slips,remarks"
    assert lines[1].startswith("'=cmd.ipynb,network,5,16,20,5,0,11,missing_half,")
    assert all(len(line) <= 79 for m in marked for line in marking.marked_text(m).splitlines())


def test_a_tolerance_is_for_floats_alone():
    assert marking.same(np.float64(1) + 1e-12, 1.0) and not marking.same(1 + 1e-12, 1)
    assert not marking.same(1.0001, 1.0) and not marking.same(np.ones(2), np.ones((2, 1)))
    assert not marking.same(0.1, tasks.Fraction(1, 10)) and marking.same(
        tasks.Fraction(2, 20), tasks.Fraction(1, 10)
    )
    assert not marking.same(Failure("raised", ""), True) and not marking.same([1, [2]], np.ones(2))
    for odd in (np.complex128(1), "1", None, 1j):  # without a warning: it would be an error
        assert not marking.same(np.array([odd], object), np.ones(1))
    assert marking.same((1, [2.0]), (1, np.array([2]))) and not marking.same((1,), (1, 2))


PAGE = (ROOT / "notebooks" / "assignments" / "INSTRUCTORS.md").read_text(encoding="utf-8")


def test_the_commands_on_the_instructors_page_work_in_their_order(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    seen = []
    for line in re.findall(r"^    (\S.*?)(?:  +#.*)?$", PAGE, re.MULTILINE):
        if line.startswith("mkdir "):
            Path(line.removeprefix("mkdir ")).mkdir()
            continue
        command = line.removeprefix("python -m refnn ").split()
        files = [
            name
            for word in command
            for name in (sorted(map(str, Path().glob(word))) if "*" in word else [word])
        ]
        assert cli.main(files) == 0, (line, capsys.readouterr())
        seen.append(command[0])
        if "--solution" in command:
            Path("submitted").mkdir()
            Path("solution.ipynb").rename("submitted/solution.ipynb")
    assert seen == ["assignment", "assignment", "grade", "worksheet", "worksheet", "grade"]
    assert {"class.csv", "sheets.csv"} <= {p.name for p in tmp_path.iterdir()}
    assert (
        cli.main(
            [
                "worksheet",
                "--seed",
                "1",
                "--out",
                ".",
                *re.search(r"a test on `(--topic \S+)`", re.sub(r"\n +", " ", PAGE))[1].split(),
            ]
        )
        == 0
    )


def test_the_minutes_of_each_plan_add_up():
    plans = dict(re.findall(r"^- \*\*(\w+) hours\.\*\* (.*(?:\n  .*)*)", PAGE, re.MULTILINE))
    minutes = {
        hours: sum(map(int, re.findall(r"\((\d+)(?: min)?\)", plan)))
        for hours, plan in plans.items()
    }
    assert minutes == {"Two": 120, "Four": 240, "Eight": 240} and plans["Eight"].startswith(
        "As four; "
    )


def test_the_points_on_the_instructors_page_are_those_of_the_tasks():
    every = [task for all_ in ASSIGNMENTS.values() for task in all_]
    shown, hidden = (
        {task.points for task in every},
        {assignments.hidden_points(task) for task in every},
    )
    assert (
        f"of {min(shown)} to {max(shown)} points, and {min(hidden)} to {max(hidden)} that are hidden"
        in PAGE
    )
    assert [task.function for task in every if not task.slips()] == ["as_printed", "possible"]


@pytest.mark.parametrize("P", [1, 2, 3, 5, 8])
def test_three_codes_of_equal_steps_as_the_exact_search_decides(P):
    for codes in product(range(P), repeat=3):
        assert (
            worked_example.possible(list(codes), P)
            == solve(["0.1", "0.2", "0.3"], codes, P).feasible
        ), codes


def test_an_assignment_is_handed_out_collected_and_marked_by_commands(tmp_path, capsys):
    for kind, options in (("student", []), ("solution", ["--solution"])):
        out = str(tmp_path / f"{kind}.ipynb")
        assert cli.main(["assignment", "worked_example", "--out", out, *options]) == 0
        assert (tmp_path / f"{kind}.ipynb").read_text(encoding="utf-8") == assignments.text(
            "worked_example", kind
        )
        assert cli.main(["assignment", "worked_example", "--out", out, *options]) == 2
        assert cli.main(["assignment", "worked_example", "--out", out, *options, "--force"]) == 0
    assert "--force" in capsys.readouterr().err
    both, table = (
        [str(tmp_path / f"{kind}.ipynb") for kind in ("student", "solution")],
        tmp_path / "class.csv",
    )
    assert cli.main(["grade", *both, "--seed", "2026", "--csv", str(table)]) == 0
    out = capsys.readouterr().out
    assert (
        "student.ipynb: worked_example, seed 2026" in out
        and "total 0 of 20" in out
        and "total 20 of 20" in out
    )
    assert [line.split(",")[3] for line in table.read_text(encoding="utf-8-sig").splitlines()] == [
        "marks",
        "0",
        "20",
    ]
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "class.csv",
        "solution.ipynb",
        "student.ipynb",
    ]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["assignment", "networks", "--out", "a.ipynb"], "network"),
        (["assignment", "network"], "--out"),
        (["assignment", "network", "--out", "no/such/a.ipynb"], "no/such"),
        (["grade", "a.ipynb", "b.md"], "all notebooks"),
        (["grade", "no_such.ipynb"], "no_such"),
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


def test_a_slip_is_named_by_the_cases_that_ran():
    """Floor for round, by a function that does not know `axis`: the hint, and what raised."""
    name, seed = "quantization", 3
    number = [task.function for task in ASSIGNMENTS[name]].index("quantize")
    answers = []
    for i, cases in enumerate(marking._cases(name, seed)):
        wrong = dict(marking._wrong(name, seed, i))["floor_for_round"] if i == number else None
        answers += (
            [expected for _, _, expected in cases]
            if wrong is None
            else [*wrong[:-1], Failure("raised", "TypeError: unexpected keyword")]
        )
    row = marking.judge(name, seed, answers)[number]
    assert row.slips == ("floor_for_round",) and "raised: TypeError" in row.remark
    assert row.remark.startswith(CATALOGUE["floor_for_round"].hint)
