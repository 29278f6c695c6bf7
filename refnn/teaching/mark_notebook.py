"""Mark notebooks: run the student's cells in a process with limits, and judge their values here.

The cells run one after the other (see `driver`). Each cell runs even if an earlier one failed. The
checks in the notebook do not run. If a cell ends the process or is not done in time, it is left
out and the others run again. The process sends back only values and never a claim that they are
right: `task.same` compares them with the right ones.

A slip is a known mistake of the catalogue. A function that gives in all cases what a slip gives
gets the hint of that slip. If there is no such slip, it gets the hint of one that gives the same in
every wrong case without optional arguments.
"""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from refnn.arrays import Refused, describe
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.running.sandbox import Failure, Session
from refnn.files import a_file
from refnn.teaching.assignments import ASSIGNMENTS
from refnn.teaching.marks import Layout, Marked, Row, printable
from refnn.teaching.task import same
from refnn.validation import choice, takes, whole

SECONDS = 5  # for each cell, and for all calls of one function together
OUTPUT = 4  # megabytes, for all cells together and for all calls of one function together
LEFT_OUT = 3  # the most cells that are left out
LARGEST = 20 * 2**20  # the most bytes of a notebook
DRIVER = Path(__file__).with_name("driver.py")
NOTEBOOK = Layout(
    who="assignment",
    heading=lambda marked: f"{marked.who}, seed {marked.seed}",
    widths=(14, 6),
    table=("file", "assignment", "marks", "of", "remark"),
    steps=(),
    explained=True,
)
SEED, ASSIGNMENT = whole(0, 2**128), choice(*ASSIGNMENTS)
FILE = a_file("a notebook")


class Submission(NamedTuple):
    """The contents of a submitted file."""

    cells: list  # the texts of its code cells; "" for a check, so that the numbering stays
    assignment: str | None  # the assignment that it names
    remark: str  # why the file could not be read, or ""


@takes(seed=SEED, assignment=ASSIGNMENT, path=FILE)
def mark_notebook(path, seed=0, assignment=None):
    """Mark the notebook in a file, with hidden cases that an instructor's seed draws.

    Without `assignment`, the notebook belongs to the assignment that it names, or else to the one
    whose functions it defines. A ValueError is raised if neither is known. A file that cannot be
    read gets 0 marks and a remark.

    >>> import tempfile; from refnn.teaching.assignments import text
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "ada.ipynb"
    ...     _ = file.write_text(text("network", "solution"), encoding="utf-8")
    ...     mark_notebook(file)[3:5]
    (20, 20)
    """
    [marked] = mark_class.formula([path], seed, assignment)
    return marked


def _paths(name, paths, arguments):
    if not isinstance(paths, (list, tuple)):
        raise Refused(name, "a list of paths", describe(paths), TypeError)
    return paths


@takes(paths=_paths, seed=SEED, assignment=ASSIGNMENT)
def mark_class(paths, seed=0, assignment=None, progress=None):
    """Mark many notebooks, two at a time.

    progress(name) is called when each one begins. All files are read before the first notebook
    runs, so no notebook can spoil the marks of the others by changing their files. If the
    assignment of a notebook is unknown and all others belong to one assignment, that one is taken.

    >>> mark_class([])
    []
    """
    found = [read(FILE("path", path, {})) for path in paths]
    names = [assignment] * len(paths) if assignment else assigned(paths, found)

    def one(path, name, submission):
        if progress is not None:
            progress(printable(Path(path).name))
        return _mark(Path(path).name, seed, name, submission, assignment is not None)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, paths, names, found))


def _mark(file, seed, name, submission, given):
    """Mark a Submission, with remarks on what is unusual about it.

    `given` is True if the caller named the assignment.
    """
    cells, named, remark = submission
    remarks = [remark] * bool(remark)
    if named not in (None, name):
        remarks.append(f"It names another assignment: {named}.")
    if named is None and not remark and not given:
        remarks.append(f"It names no assignment. It was marked as {name}.")
    functions = [task.function for task in ASSIGNMENTS[name]]
    if not remarks and not any(defines(cell, function) for cell in cells for function in functions):
        remarks.append("It defines none of the functions.")
    if "refnn" in "\n".join(cells):
        remarks.append("It mentions refnn. Read it yourself.")
    answers, left_out = _run(name, seed, cells)
    remarks += [f"Code cell {n} was left out: {why}." for n, why in sorted(left_out.items())]
    rows = _blamed(judge(name, seed, answers), cells)
    got, of = sum(row.got for row in rows), sum(row.of for row in rows)
    return Marked(file, name, seed, got, of, rows, (" ".join(remarks),) * bool(remarks), NOTEBOOK)


def _blamed(rows, cells):
    """Return the rows, with a remark on each wrong function that may call another wrong one."""
    wrong, blamed = [row.label for row in rows if row.got < row.of], []
    for row in rows:
        text = "\n".join(cell for cell in cells if defines(cell, row.label))
        called = [f for f in wrong if f != row.label and re.search(rf"(?<!def )\b{f}\(", text)]
        if row.label in wrong and called:
            why = f"It may be wrong because it calls {', '.join(called)}."
            row = row._replace(remark=f"{row.remark} {why}")
        blamed.append(row)
    return tuple(blamed)


# --- what a notebook holds ------------------------------------------------------------------------


def read(path):
    """Read a Submission from a file, whatever the file holds.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "ada.ipynb"
    ...     _ = file.write_text("[]", encoding="utf-8")
    ...     read(file).remark
    'It is not a notebook that can be read.'
    """
    with open(path, "rb") as file:
        data = file.read(LARGEST + 1)
    try:
        if len(data) > LARGEST:
            raise ValueError
        notebook = json.loads(data.decode("utf-8-sig"))
        named = notebook["metadata"].get("refnn", {}).get("assignment")
        code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        checks = [cell.get("metadata", {}).get("nbgrader", {}).get("grade") for cell in code]
        cells = ["" if check else "".join(cell["source"]) for cell, check in zip(code, checks)]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Submission([], None, "It is not a notebook that can be read.")
    return Submission(cells, named if named in tuple(ASSIGNMENTS) else None, "")


def assigned(paths, found):
    """Return the assignment of each Submission of a class.

    It is the assignment that the notebook names. If it names none, it is the one of whose functions
    the notebook defines most, if there is only one such. Otherwise it is the assignment of all the
    others, if they share one. A ValueError is raised if none of these exists.

    >>> loss, nothing = Submission(["def loss(y): return y"], None, ""), Submission([], None, "")
    >>> assigned(["a.ipynb", "b.ipynb"], [loss, nothing])
    ['network', 'network']
    """
    names = [submission.assignment or _most_defined(submission.cells) for submission in found]
    others = set(names) - {None}
    for path, name in zip(paths, names):
        if name is None and len(others) != 1:
            none_of = f"which names none of {', '.join(ASSIGNMENTS)}"
            raise Refused(
                "assignment", f"given for {printable(Path(path).name)}, {none_of}", "None"
            )
    return [name or min(others) for name in names]


def defines(cell, function):
    r"""Return True if a cell holds the definition of a function.

    >>> defines("x = 1\ndef loss(y):", "loss"), defines("def losses(y):", "loss")
    (True, False)
    """
    return re.search(rf"^[ \t]*def[ \t]+{function}[ \t]*\(", cell, re.MULTILINE) is not None


def _most_defined(cells):
    counts = {
        name: sum(any(defines(cell, task.function) for cell in cells) for task in tasks)
        for name, tasks in ASSIGNMENTS.items()
    }
    most = [name for name, count in counts.items() if count == max(counts.values()) > 0]
    return most[0] if len(most) == 1 else None


# --- what its functions answer --------------------------------------------------------------------


@lru_cache(maxsize=8)
def _cases(name, seed):
    """Return a list of cases for each task of an assignment.

    A case is (name, arguments, right answer). The name is None for the case in the notebook.
    """
    cases = []
    for number, task in enumerate(ASSIGNMENTS[name]):
        drawn = {None: task.shown, **task.draw(np.random.default_rng([seed, number]))}
        cases.append([(label, given, task.right(given)) for label, given in drawn.items()])
    return cases


def inputs(name, seed):
    """Return (function, *arguments) of every call that is made to a submission, in order.

    >>> [call[0] for call in inputs("network", 0)][::4]
    ['forward', 'loss', 'backward', 'backward']
    """
    return [
        (task.function, *task.give(*arguments))
        for task, cases in zip(ASSIGNMENTS[name], _cases(name, seed))
        for _, arguments, _ in cases
    ]


def _run(name, seed, cells):
    """Return the answers to the calls of `inputs`, and {number of a cell: why it was left out}.

    An answer is a value or a Failure. If a call ends the process or its answer cannot be read, the
    next function gets a new process.
    """
    calls, answers, left_out, session = inputs(name, seed), [], {}, None
    try:
        for task in ASSIGNMENTS[name]:
            if session is None:
                session = _started(cells, left_out, SECONDS * (len(ASSIGNMENTS[name]) + LEFT_OUT))
            if session.failure:  # the cells end the process before any function is called
                return answers + [session.failure] * (len(calls) - len(answers)), left_out
            session.turn(SECONDS, OUTPUT)
            asked = [session.ask([call]) for call in calls if call[0] == task.function]
            mine = [got if isinstance(got, Failure) else got[0] for got in asked]
            answers += mine
            unread = any(isinstance(got, Failure) and got.kind == "answer" for got in mine)
            if session.failure or unread:
                session.__exit__()
                session = None
    finally:
        if session is not None:
            session.__exit__()
    return answers, left_out


def _started(cells, left_out, seconds):
    """Start a session and run all cells in it except those in `left_out`.

    A cell that ends the session is added to `left_out`, and a new session starts. If more than
    LEFT_OUT cells do so, the last session is returned with its failure.
    """
    source = DRIVER.read_text(encoding="utf-8")
    limits = {"seconds": seconds, "output": OUTPUT, "hidden": ("refnn",)}
    while True:
        session = Session("submitted:call", source=source, **limits).__enter__()
        for number, cell in enumerate(cells, start=1):
            if session.failure is None and cell.strip() and number not in left_out:
                session.turn(SECONDS)
                session.ask([(None, number, cell)])
                ended = number
        if session.failure is None or session.failure.at is None or len(left_out) == LEFT_OUT:
            return session
        session.__exit__()
        left_out[ended] = session.failure.text


# --- what these are worth -------------------------------------------------------------------------


def judge(name, seed, answers):
    """Return a Row for each function, from the answers to the calls of `inputs`.

    A right hidden case gives one point, and the case in the notebook gives the task's points.

    >>> answers = [Failure("raised", "NotImplementedError: ")] * len(inputs("network", 0))
    >>> judge("network", 0, answers)[0]
    Row(label='forward', topic='', got=0, of=5, slips=(), remark='The function is not written yet.')
    """
    rows, rest = [], list(answers)
    for number, (task, cases) in enumerate(zip(ASSIGNMENTS[name], _cases(name, seed))):
        mine, rest = rest[: len(cases)], rest[len(cases) :]
        right = [_right(got, expected) for got, (_, _, expected) in zip(mine, cases)]
        points = [task.points] + [1] * (len(cases) - 1)
        slips, remark = (), ""
        if not all(right):
            # Only cases that gave a value can match a slip
            ran = [i for i, got in enumerate(mine) if not isinstance(got, Failure)]
            plain = [i for i in ran if task.plain(*cases[i][1]) and not right[i]]
            wrong = _wrong(name, seed, number)
            slips = _like(mine, wrong, ran, right) or _like(mine, wrong, plain, right)
            remark = _remark(mine, right, cases, CATALOGUE[slips[0]].hint if slips else None)
        got = sum(p for p, r in zip(points, right) if r)
        rows.append(Row(task.function, "", got, sum(points), slips, remark))
    return tuple(rows)


def _right(got, expected):
    return not isinstance(got, Failure) and same(got, expected)


@lru_cache(maxsize=64)
def _wrong(name, seed, number):
    """Return {slip: its answers} of a task, for the slips that are wrong in at least one case."""
    _, given, expected = zip(*_cases(name, seed)[number])
    tried = [ASSIGNMENTS[name][number].wrong(arguments) for arguments in given]
    answers = {slip: [wrong[slip] for wrong in tried] for slip in tried[0]}
    return {slip: got for slip, got in answers.items() if not all(map(same, got, expected))}


def _like(mine, wrong, where, right):
    """Return the slips that give the student's answers in the cases `where`.

    If all of these answers are right, no slip is returned.
    """
    if all(right[i] for i in where):
        return ()
    return tuple(
        slip for slip, answers in wrong.items() if all(same(mine[i], answers[i]) for i in where)
    )


def _remark(mine, right, cases, hint=None):
    """Return a remark: the hint if there is one, the wrong cases, and the reason if it is known."""
    failure = next((got for got in mine if isinstance(got, Failure)), None)
    if failure and not hint and failure.text.startswith("NotImplementedError"):
        return "The function is not written yet."
    labels = [label or "the case in the notebook" for label, _, _ in cases]
    where = "; ".join(label for label, ok in zip(labels, right) if not ok)
    where = where if any(right) else "all of them"
    why = "" if hint else " (no known mistake explains it)"
    if failure:
        why = f" ({failure.text})"
    elif any(_floats_for_fractions(got, expected) for got, (_, _, expected) in zip(mine, cases)):
        why = " (it returns floats, but fractions are asked)"
    return (
        f"{hint} It is wrong in these cases: {where}{why}."
        if hint
        else f"It is wrong in these cases: {where}{why}."
    )


def _floats_for_fractions(got, expected):
    lists = isinstance(expected, (list, tuple)) and isinstance(got, (list, tuple))
    asked = lists and any(isinstance(v, Fraction) for v in expected)
    return asked and any(isinstance(v, float) for v in got)
