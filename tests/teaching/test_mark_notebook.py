"""Marking notebooks: blank 0, solution full, every slip named, and hostile submissions."""

import itertools
from fractions import Fraction as F
from functools import cache

import numpy as np
import pytest

from refnn.checking.catalogue.explain import slips_in
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.running.sandbox import Failure
from refnn.command import cli
from refnn.teaching import assignments, mark_notebook
from refnn.teaching import task as task_module
from refnn.teaching.assignments import ASSIGNMENTS
from refnn.teaching.mark_notebook import judge, mark_class
from refnn.teaching.task import same
from teaching.handed_in import (
    LOSS_WITHOUT_HALF,
    by_function,
    code_cells,
    source_of,
    submission,
    with_cells,
    write,
)

UNASKED = {"percentile_of_the_range", "calibration_ignored"}  # of options that no function has
SLIPS = [
    (name, number, slip)
    for name, all_ in ASSIGNMENTS.items()
    for number, task in enumerate(all_)
    for slip in slips_in(task.recipe)
    if slip not in UNASKED
]


def mark(tmp_path, notebook, **options):
    """The marks of a notebook that is handed in."""
    return mark_notebook.mark_notebook(write(tmp_path, notebook), **options)


def answers_of(name, seed, number=None, slip=None):
    """What refnn's own formulas answer, task `number` by a slip."""
    return [
        task.wrong(arguments)[slip] if i == number else expected
        for i, task in enumerate(ASSIGNMENTS[name])
        for _, arguments, expected in mark_notebook._cases(name, seed)[i]
    ]


@pytest.mark.parametrize("seed", range(8))
def test_every_slip_in_every_assignment_loses_marks_and_gets_its_hint(seed):
    """The whole matrix, on the values; the next test plants slips as code."""
    names = set()
    for name, number, slip in SLIPS:
        answers = answers_of(name, seed, number, slip)
        rows = judge(name, seed, answers)
        assert [i for i, row in enumerate(rows) if row.got < row.of] == [number], (name, slip)
        assert rows[number].slips == (slip,), rows[number]  # no other slip looks like it
        *before, cases = mark_notebook._cases(name, seed)[: number + 1]
        which = [
            label or "the case in the notebook"
            for answer, (label, _, expected) in zip(answers[sum(map(len, before)) :], cases)
            if not same(answer, expected)
        ]
        which = "all of them" if len(which) == len(cases) else "; ".join(which)
        assert rows[number].remark == f"{CATALOGUE[slip].hint} It is wrong in these cases: {which}."
        names.add(slip)
    assert len(names) > 40
    for name in ASSIGNMENTS:
        assert all(row.got == row.of for row in judge(name, seed, answers_of(name, seed)))


# fmt: off
PLANTED = [
    ("network", "loss", LOSS_WITHOUT_HALF, "missing_half"),
    ("quantization", "quantize",
     "def quantize(x, scale, zero_point, qmin, qmax, axis=None):\n"
     "    if axis is not None:\n        s = [-1 if i == axis else 1 for i in range(x.ndim)]\n"
     "        scale, zero_point = np.reshape(scale, s), np.reshape(zero_point, s)\n"
     "    return np.clip(np.floor(x / scale) + zero_point, qmin, qmax)", "floor_for_round"),
    ("pruning", "by_threshold",
     "def by_threshold(scores, tau):\n    return [a > tau for a in scores]",
     "above_for_at_least"),
    ("worked_example", "dequantize",
     "def dequantize(q, W, B):\n    return [(c - B) / W for c in q]", "minus_B_decoding"),
]
# What is replaced in the solution, in a notebook each: {function: (old, new, slip or None)}
ROUNDS = [
    ("network", {
        "forward": ("X @ W_ih.T + b_h", "X @ W_ih.T", "hidden_bias_forgotten"),
        "loss": (" / 2", "", "missing_half")}),
    ("network", {
        "loss": (".sum()", ".mean()", "mean_for_sum"),
        "backward": ("y_hat - y", "y - y_hat", "residual_sign")}),
    ("network", {"backward": ("1 - h * h", "1 - np.tanh(h) ** 2", "slope_at_h")}),
    ("quantization", {
        "quantize": ("np.round(x", "np.floor(x", "floor_for_round"),
        "dequantize": ("- zero_point", "+ zero_point", "plus_zero_point"),
        "choose_grid": ("np.minimum(x.min(axis=others), 0), np.maximum(x.max(axis=others), 0)",
                        "x.min(axis=others), x.max(axis=others)", "zero_not_in_range")}),
    ("quantization", {
        "quantize": ("/ scale) + zero_point", "/ scale + zero_point)", "round_after_adding"),
        "dequantize": ("q.astype(float)", "q", "unsigned_subtraction"),
        "choose_grid": ("(high - low) / (qmax - qmin)", "(high - low) / (qmax - qmin + 1)",
                        "levels_for_steps")}),
    ("pruning", {
        "prune": ("r < tau", "r <= tau", "at_most_for_below"),
        "magnitude": ("np.abs(a)", "a", "no_abs"),
        "taylor": ("a * g.sum", "g.sum", "slope_without_weight"),
        "fisher": ("(g**2).sum(axis=0)", "(g**2).mean(axis=0)", "mean_of_the_squares"),
        "by_threshold": (">=", ">", "above_for_at_least"),
        "by_sparsity": ("[: round(", "[: int(", "count_cut_off")}),
    ("pruning", {
        "prune": ("r < tau", "np.abs(r) < tau", "abs_in_the_rule"),
        "fisher": ("(g**2).sum(axis=0)", "g.sum(axis=0) ** 2", "square_of_the_sum"),
        "by_sparsity": ('scope == "layer"', 'scope == "row"', "global_for_layer")}),
    ("worked_example", {
        "quantize": ("(v * W + B) // 1 %", "round(v * W + B) %", "round_for_floor"),
        "dequantize": ("(c + B)", "(c - B)", "minus_B_decoding"),
        "min_max": ("(P - 1) /", "P /", "P_for_P_minus_1"),
        "as_printed": ("<= Fraction", "< Fraction", None),
        "possible": ("<= 1", "< 1", None)}),
    ("worked_example", {
        "quantize": ("W + B)", "W - B)", "minus_B_encoding"),
        "dequantize": ("(c + B) / W", "(c + B) * W", "times_W"),
        "min_max": ("-W * min(x)", "-min(x)", "B_in_real_units")}),
]
# fmt: on


@pytest.mark.parametrize(("name", "function", "text", "slip"), PLANTED, ids=[p[3] for p in PLANTED])
def test_a_slip_written_into_the_solution_is_named(name, function, text, slip, tmp_path):
    marks = mark(tmp_path, submission(name, function, text), seed=11)
    row = by_function(marks)[function]
    assert marks.got < 20 and row.slips == (slip,) and "no slip" not in row.remark
    assert row.remark.startswith(f"{CATALOGUE[slip].hint} It is wrong in these cases: ")
    assert all(r.got == r.of for r in marks.rows if r.label != function)


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
    marks = mark(tmp_path, notebook, seed=11)
    for row in marks.rows:
        if row.label == "backward" and "forward" in planted:  # it calls a wrong one, and says so
            assert (row.got, row.slips) == (row.of, ())
            assert row.remark == "It was marked with a right forward in place of yours."
        elif row.label in planted:
            slip = planted[row.label][2]
            assert row.got < row.of and row.slips == ((slip,) if slip else ()), (row, slip)
            assert row.remark.startswith(
                f"{CATALOGUE[slip].hint} " if slip else "It is wrong in these cases: "
            ), row
            assert "because it calls" not in row.remark, row
        else:
            assert (row.got, row.slips, row.remark) == (row.of, (), ""), row
    assert marks.got < 20 and not marks.remarks


def test_a_wrong_function_calls_the_wrong_ones_whose_names_it_calls():
    bodies = {"a": "b()", "b": "1", "c": "b() + a() + c()", "d": "a() + cb() + d()"}
    cells = [f"def {name}():\n    return {body}" for name, body in bodies.items()]
    called = [mark_notebook._called(cells, name, ["b", "c", "d"]) for name in bodies]
    assert called == [["b"], [], ["b"], []]


def test_every_function_has_a_mistake_planted_in_its_code():
    every = {(name, task.function) for name, all_ in ASSIGNMENTS.items() for task in all_}
    assert every == {(name, function) for name, planted in ROUNDS for function in planted}


def test_hidden_cases_belong_to_the_seed(tmp_path):
    """Who writes down the answer of the case that is shown, or of another seed, has that and no
    more."""
    text = "def loss(y_hat, y):\n    return 5.25"
    row = by_function(mark(tmp_path, submission("network", "loss", text), seed=1))["loss"]
    assert (row.got, row.of) == (2, 4)
    one, other = (answers_of("network", seed) for seed in (1, 2))
    assert judge("network", 1, one) != judge("network", 1, other)
    assert judge("network", 1, one) == judge("network", 1, answers_of("network", 1))


# fmt: off
BODY = "def loss(y_hat, y):\n    {}"
HOSTILE = {
    "a loop": (BODY.format("while True: pass"), 16, "more than 0.5 s of processor time"),
    "exit": (BODY.format("import os; os._exit(0)"), 16, "ended itself"),
    "sys.exit": (BODY.format("raise SystemExit(0)"), 16, "SystemExit"),
    "a flood": (BODY.format("while True: print('x' * 10**6)"), 16, "more than the limit"),
    "memory": (BODY.format("return bytearray(2**40)"), 16, "MemoryError"),
    "text": (BODY.format("return '5.25'"), 16, "no known mistake"),
    "a wrong shape":
        (BODY.format("return ((y_hat - y) ** 2).sum(axis=0) / 2"), 16, "no known mistake"),
    "nothing": (BODY.format("pass"), 16, "no known mistake"),
    "NaN": (BODY.format("return float('nan')"), 16, "no known mistake"),
    "no such function": ("losses = 1", 16, "no function loss"),
    "a syntax error": ("def loss(y_hat, y)\n    return 0", 16, "SyntaxError"),
    "a forged report":
        (BODY.format("import sys; print('{\"value\": true}'); sys.stdout.flush(); return True"),
         16, "no known mistake"),
    "all is equal":
        ("import numpy as np\n"
         "np.allclose = np.array_equal = np.equal = lambda *a, **k: True\n"
         + BODY.format("return 0"), 16, "no known mistake"),
    "a checker of one's own":
        ("check = same = lambda *a, **k: 99\n" + BODY.format("return 0"), 16, "no known mistake"),
    "everything equal":
        ("class E:\n    __eq__ = lambda *a: True\n" + BODY.format("return E()"), 16, "returned"),
}
# fmt: on


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """All of them marked as one class, each followed by a good submission."""
    folder, paths = tmp_path_factory.mktemp("class"), []
    for i, (text, _, _) in enumerate(HOSTILE.values()):
        paths.append(write(folder, submission("network", "loss", text), f"{i}.ipynb"))
        if i % 4 == 0:
            paths.append(write(folder, assignments.build("network", "solution"), f"{i}-good.ipynb"))
    return {m.file: m for m in mark_class(paths, seconds=0.5)}


@pytest.mark.parametrize(("number", "what"), list(enumerate(HOSTILE)), ids=list(HOSTILE))
def test_hostile_code_has_its_own_mark_and_no_other(hostile, number, what):
    _, points, said = HOSTILE[what]
    marks = hostile[f"{number}.ipynb"]
    row = by_function(marks)["loss"]
    assert row.got == 0 and said in row.remark and marks.got == points, marks


def test_who_follows_a_hostile_submission_has_full_marks(hostile):
    good = [m for m in hostile.values() if "good" in m.file]
    assert len(good) == 4 and all(m.got == 20 for m in good)


# A cell of the student's own, and why it is left out, if it is
CELLS = {
    "an error": ("1 / 0", None),
    "exit()": ("exit()", None),
    "SystemExit": ("import sys; sys.exit('done')", None),
    "input": ("name = input('Your name? ')", None),
    "an interrupt": ("raise KeyboardInterrupt", None),
    "magic": ("%matplotlib inline\n!ls\nimport os", None),
    "os._exit": ("import os; os._exit(0)", "the process ended itself with status 0"),
    "an endless loop": ("while True: pass", "it used more than 0.3 s of processor time"),
    "sleep": ("import time; time.sleep(60)", "it did not finish within 0.6 s"),
    "a flood": ("while True: print('x' * 10**6)", "it printed or returned more than the limit"),
}


@pytest.mark.parametrize("what", CELLS)
def test_a_cell_of_the_students_own_costs_no_function_its_marks(what, tmp_path, monkeypatch):
    text, why = CELLS[what]
    monkeypatch.setattr(mark_notebook, "LOAD", 2 if what == "sleep" else 10)
    notebook = with_cells(text)
    marks = mark(tmp_path, notebook, seconds=0.3)
    left_out = f"Code cell {len(code_cells(notebook))} was left out: {why}."
    assert (marks.got, marks.remarks) == (20, (left_out,) if why else ())


def test_three_cells_that_end_the_process_are_left_out_and_a_fourth_ends_the_marking(tmp_path):
    stop = "import os; os._exit(3)"
    marks = mark(tmp_path, with_cells(*[stop] * 3))
    [remark] = marks.remarks
    ended = "was left out: the process ended itself with status 3"
    assert marks.got == 20 and remark.count(ended) == 3
    marks = mark(tmp_path, with_cells(*[stop] * 4))
    assert marks.got == 0 and all("ended itself" in row.remark for row in marks.rows)
    marks = mark(tmp_path, submission("network", "loss", stop))  # it holds a function: lost
    assert marks.got == 16 and "Code cell 6 was left out" in marks.remarks[0]
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
    product = " * ".join(f"one_{i}()" for i in range(len(lines)))
    text = f"{LOSS_WITHOUT_HALF} / 2 * {product}"
    notebook = submission("network", "loss", text)
    notebook["cells"] += with_cells(*ones)["cells"][-len(ones) :]
    row = by_function(mark(tmp_path, notebook))["loss"]
    assert row.got == row.of, row


def test_what_fails_in_one_function_costs_no_other(tmp_path):
    """A slow one, one that prints up to its limit, one whose numbers have no end: the next has all
    its marks."""
    slowly = "    time.sleep(0.12)\n    print('x' * 550_000)\n"
    slow = "import time\ndef quantize(x, scale, zero_point, qmin, qmax, axis=None):\n"
    also = "def dequantize(q, scale, zero_point, axis=None):\n"
    answer = "    return _right(q, scale, zero_point, axis)"
    notebook = submission("quantization", "quantize", f"{slow}{slowly}    return 0")
    cells = {c["metadata"]["nbgrader"]["grade_id"]: c for c in code_cells(notebook)}
    right = source_of(cells["dequantize"]).replace("def dequantize", "def _right")
    cells["dequantize"]["source"] = f"{right}\n{also}{slowly}{answer}"
    assert by_function(mark(tmp_path, notebook))["dequantize"].got == 6
    for body in (
        "return Fraction(1, 16 ** 2**12)",
        "f = Fraction(1); f._numerator = 16**10**5; return f, f",
        "import os\n    for fd in range(3, 30 if P == 16 else 3):\n"  # in one case of four
        "        try: os.write(fd, b'{}\\n')\n"
        "        except OSError: pass",
    ):
        text = f"def min_max(x, P):\n    {body}"
        marks = mark(tmp_path, submission("worked_example", "min_max", text))
        remark = by_function(marks)["min_max"].remark
        said = "it returned a number" in remark or "its answer cannot be read" in remark
        assert marks.got == 17 and said, marks


def test_a_class_is_read_before_the_first_of_it_runs(tmp_path):
    every = f"pathlib.Path({str(tmp_path)!r}).glob('*.ipynb')"
    text = f"import pathlib\nfor p in {every}: p.write_text('')"
    paths, good = [write(tmp_path, with_cells(text))], assignments.build("network", "solution")
    paths += [write(tmp_path, good, f"{i}.ipynb") for i in range(4)]
    assert [m.got for m in mark_class(paths)] == [20] * 5 and not paths[4].read_text()


def test_refnn_is_out_of_the_ordinary_reach_of_what_is_marked(tmp_path):
    for way in (
        "import sys\nsys.modules.pop('refnn', None)\nfrom refnn.network import loss",
        "import sys, os\nassert any(os.path.isdir(p + '/refnn') for p in sys.path)\n"
        "def loss(y_hat, y): return ((y_hat - y) ** 2).sum() / 2",
    ):
        assert mark(tmp_path, submission("network", "loss", way)).got == 16


@pytest.mark.parametrize(
    ("name", "function", "text", "said"),
    [
        (
            "worked_example",
            "dequantize",
            "def dequantize(q, W, B):\n    return [float((c + B) / W) for c in q]",
            "it returns floats, but fractions are asked",
        ),
        (
            "network",
            "loss",
            "def loss(y_hat, y):\n    return ((y_hat - y) ** 2).sum() / 2 + 1e-6",
            "no known mistake",
        ),
        (
            "network",
            "loss",
            "def loss(y_hat, y):\n    return np.array(5.25 + 0j)",
            "no known mistake",
        ),
    ],
)
def test_the_check_that_is_shown_and_the_marks_agree(name, function, text, said, tmp_path, capsys):
    notebook = submission(name, function, text)
    exec("\n".join(map(source_of, code_cells(notebook))), {})
    lines = capsys.readouterr().out.splitlines()
    assert f"{function} is not right in this case" in lines
    assert len(lines) == len(ASSIGNMENTS[name])
    row = by_function(mark(tmp_path, notebook))[function]
    where = (
        "It is wrong in these cases: all of them",
        "It is wrong in these cases: the case in the notebook; ",
    )
    assert row.got < 2 and row.remark.startswith(where) and said in row.remark


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
    marked = mark_class([*paths, garbage])
    taken = "It names no assignment. It was marked as network."
    assert [(m.who, m.got, m.remarks) for m in marked] == [
        ("network", 20, ()),
        ("network", 20, (taken,)),
        ("network", 0, (taken,)),
        ("network", 0, ("It is not a notebook that can be read.",)),
    ]
    of_two_assignments = with_cells("def quantize(x): return x")["cells"][-1:]
    both = {"cells": of_two_assignments, "metadata": {}}
    unknown = "It names no assignment, and it defines the functions of none."
    marked = mark_class([write(tmp_path, both, "b.ipynb"), garbage])
    other = write(tmp_path, assignments.build("pruning"), "p.ipynb")
    marked += mark_class([paths[0], other, garbage])
    assert [(m.who, m.got, m.of, m.remarks) for m in marked] == [
        ("unknown", 0, 20, (unknown,)),
        ("unknown", 0, 20, ("It is not a notebook that can be read.",)),
        ("network", 20, 20, ()),
        ("pruning", 0, 20, ()),
        ("unknown", 0, 20, ("It is not a notebook that can be read.",)),
    ]
    assert cli.main(["grade", str(garbage)]) == 0


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
    marks = mark_notebook.mark_notebook(path, assignment="pruning")
    why = "It is not a notebook that can be read." if data else "The file is empty."
    if b"[]" in data[2:] or b"5}" in data:  # metadata, or one cell, that is none
        why = "It defines none of the functions."
    assert (marks.got, marks.of, marks.remarks) == (0, 20, (why,))
    if "functions" not in why:
        assert mark_notebook.mark_notebook(path) == marks._replace(who="unknown", seed=0, rows=())
    assert marks.seed == mark_class([path], assignment="pruning")[0].seed == 0


def test_what_is_no_list_of_paths_and_a_seed_out_of_range_are_refused(tmp_path):
    with pytest.raises(
        TypeError, match=r"mark_class: paths must be a list of paths, got 'a\.ipynb'"
    ):
        mark_class("a.ipynb")
    for seed in (-1, 2**128 + 1):
        with pytest.raises(ValueError, match=f"seed must be a whole number from 0 to {2**128},"):
            mark_class([], seed=seed)
    assert mark_class([], seed=2**128) == mark_class(()) == []


def test_floats_for_fractions_are_said_if_one_case_has_one_of_them():
    name, seed = "worked_example", 3
    number = [task.function for task in ASSIGNMENTS[name]].index("min_max")
    for answer, said in (
        ([F(7, 3), 0.5], "returns floats"),
        ([F(7, 3), F(1, 2)], "no known mistake explains it"),
        (0.5, "no known mistake explains it"),
    ):
        answers = [
            answer if (i, k) == (number, 1) else expected
            for i, cases in enumerate(mark_notebook._cases(name, seed))
            for k, (_, _, expected) in enumerate(cases)
        ]
        remark = judge(name, seed, answers)[number].remark
        assert remark.startswith("It is wrong in these cases: both signs (") and said in remark


def test_a_slip_is_named_by_the_wrong_cases_without_optional_arguments():
    """A grid of one step too many; the case in the notebook is right, and `axis` is ignored."""
    name, seed, number = "quantization", 3, 2
    right = answers_of(name, seed)
    mine = list(mark_notebook._wrong(name, seed, number)["levels_for_steps"])
    first = sum(map(len, mark_notebook._cases(name, seed)[:number]))
    mine[0], mine[-2:] = right[first], [0, 0]  # per row and per column
    assert judge(name, seed, right[:first] + mine)[number].slips == ("levels_for_steps",)


def test_remarks_on_the_whole(tmp_path):
    marks = mark(tmp_path, assignments.build("network", "solution"), assignment="pruning")
    assert marks.remarks == ("It names another assignment: network.",)
    for text in (
        "from refnn.network import loss",
        "loss = __import__('refnn.network').network.loss",
    ):
        marks = mark(tmp_path, submission("network", "loss", text))
        assert marks.got == 16 and marks.remarks == ("It mentions refnn. Read it yourself.",)
    odd = assignments.build("network") | {"metadata": {"refnn": {"assignment": ["network"]}}}
    marks = mark(tmp_path, odd, assignment="network")
    assert (marks.got, marks.remarks) == (0, ())
    blank = assignments.build("network") | {"cells": []}
    assert mark(tmp_path, blank).remarks == ("It defines none of the functions.",)


def test_a_slip_is_named_by_the_cases_that_ran():
    """Floor for round, by a function that does not know `axis`: the hint, and what raised."""
    name, seed = "quantization", 3
    number = [task.function for task in ASSIGNMENTS[name]].index("quantize")
    answers = []
    for i, cases in enumerate(mark_notebook._cases(name, seed)):
        mine = [expected for _, _, expected in cases]
        if i == number:
            *mine, _ = mark_notebook._wrong(name, seed, i)["floor_for_round"]
            mine.append(Failure("raised", "TypeError: unexpected keyword"))
        answers += mine
    row = judge(name, seed, answers)[number]
    assert row.slips == ("floor_for_round",) and "(TypeError" in row.remark
    assert row.remark.startswith(CATALOGUE["floor_for_round"].hint)


def test_float32_loses_only_the_points_that_demand_float64(tmp_path):
    notebook = assignments.build("network", "solution")
    for cell in code_cells(notebook):
        if cell["metadata"]["nbgrader"]["grade_id"] == "forward":
            text = source_of(cell).replace("def forward", "def _forward")
            cell["source"] = (
                f"{text}\ndef forward(params, X, activation='tanh'):\n"
                "    params = [p.astype('float32') for p in params]\n"
                "    return _forward(params, X.astype('float32'), activation)"
            )
    marks = mark(tmp_path, notebook)
    row, backward = by_function(marks)["forward"], by_function(marks)["backward"]
    [task] = [task for task in ASSIGNMENTS["network"] if task.function == "forward"]
    assert (row.got, row.slips) == (row.of - task.points, ())
    assert row.remark == mark_notebook.SEVEN
    assert backward.got == backward.of  # with a right forward in the place of this one
    wrong = [1.0 + 2.0**-15, np.float32(1 + 2.0**-15), np.float16(1), np.float32([1])]
    assert not any(task_module.nearly(got, 1.0) for got in wrong)
    assert task_module.nearly((np.float32(1 + 2.0**-20), 3), (1.0, 3))
    assert not task_module.nearly((np.float32(1),), (1.0, 3))


@cache
def every_three_codes():
    """⌊i·W + B⌋ mod 8 of i = 0, 1, 2, for all W and B in sixteenths."""
    sixteenths = itertools.product(range(128), repeat=2)
    return {tuple((i * W + B) // 16 % 8 for i in range(3)) for W, B in sixteenths}


@pytest.mark.parametrize("seed", range(20))
def test_each_way_to_decide_three_codes_wrongly_loses_points(seed):
    """`possible` depends on the change of the step modulo P alone: it may be −1, 0 or 1."""
    [task] = [task for task in ASSIGNMENTS["worked_example"] if task.function == "possible"]
    drawn, changes = task.draw(np.random.default_rng(seed)), {}
    for (a, b, c), P in drawn.values():
        change = (c - 2 * b + a) % P
        changes[change] = task.right(([a, b, c], P))
        assert changes[change] == ((a, b, c) in every_three_codes()) == (change in (0, 1, 7))
    for wrong in (
        lambda d: d in (0, 1),  # which had full marks when no step was smaller
        lambda d: d in (0, 7),
        lambda d: d in (1, 7),
        lambda d: d <= 2 or d == 7,
        lambda d: d <= 1 or d >= 6,
        lambda d: True,
    ):
        assert any(wrong(change) != right for change, right in changes.items())


def test_the_load_of_the_machine_costs_nothing(tmp_path):
    """A cell that waits as long as its limit by the clock, and uses no time of the processor."""
    marks = mark(tmp_path, with_cells("import time; time.sleep(0.6)"), seconds=0.5)
    assert (marks.got, marks.remarks) == (20, ())


def test_what_ran_out_of_time_is_run_again_alone(tmp_path, monkeypatch):
    late, runs = Failure("time", "it used more than 5 s of processor time"), []
    run = mark_notebook._run

    def busy(name, seed, cells, seconds):
        runs.append("own" in cells[-1])
        if runs == [False, True] or runs == [True]:  # in company
            return [late] * len(mark_notebook.inputs(name, seed)), {}
        return run(name, seed, cells, seconds)

    monkeypatch.setattr(mark_notebook, "_run", busy)
    path = write(tmp_path, with_cells("own = 1"))
    [marks] = mark_class([path])
    assert marks.got == 20 and runs == [True, True]
