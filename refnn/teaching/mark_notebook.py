"""Marking notebooks: the student's cells run in a process with limits, and are judged here.

The cells run one after the other (see `driver`), each whether or not an earlier one failed; the
checks in the notebook do not. A cell that ends the process or is not done in time is left out, and
the others run again. Only values come back, no claim of being right, and `task.same` judges them.

A function that gives everywhere what a slip of the catalogue gives has the hint of that slip; if
there is none, the hint of one that does so in each plain case that is not right.
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
from refnn.teaching.assignments import ASSIGNMENTS
from refnn.teaching.files import a_file
from refnn.teaching.marks import Layout, Marked, Row, printable
from refnn.teaching.task import same
from refnn.validation import choice, takes, whole

SECONDS = 5  # for each cell and for all calls of a function
OUTPUT = 4  # megabytes, for all cells and for all calls of a function
LEFT_OUT = 3  # cells at most
LARGEST = 20 * 2**20  # bytes of a notebook
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
    """What was read of a file."""

    cells: list  # the text of its code cells; a check is "", so that a cell's place is its number
    assignment: str | None  # the one that it names
    remark: str


@takes(seed=SEED, assignment=ASSIGNMENT, path=FILE)
def mark_notebook(path, seed=0, assignment=None):
    """Mark the notebook in a file, with the hidden cases of an instructor's seed.

    If no assignment is given, it is the one that the notebook names, or whose functions it defines.
    What cannot be read is marked 0 with a remark; ValueError where nothing tells the assignment.

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
    """Mark many notebooks, two at a time; progress(name) is called as each begins.

    All are read before the first runs: what it does to the files of the others costs them nothing.
    A notebook whose assignment nothing tells is marked as the others are, if these are all of one.

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
    """The marks of what was read of a file; given: whether the assignment was said."""
    cells, named, remark = submission
    remarks = [remark] * bool(remark)
    if named not in (None, name):
        remarks.append(f"the notebook says that it is {named}")
    if named is None and not remark and not given:
        remarks.append(f"names no assignment: taken for {name}")
    functions = [task.function for task in ASSIGNMENTS[name]]
    if not remarks and not any(defines(cell, function) for cell in cells for function in functions):
        remarks.append("none of the functions is in it")
    if "refnn" in "\n".join(cells):
        remarks.append("names refnn: read it yourself")
    answers, left_out = _run(name, seed, cells)
    remarks += [f"code cell {n} was left out: {why}" for n, why in sorted(left_out.items())]
    rows = _blamed(judge(name, seed, answers), cells)
    got, of = sum(row.got for row in rows), sum(row.of for row in rows)
    return Marked(file, name, seed, got, of, rows, ("; ".join(remarks),) * bool(remarks), NOTEBOOK)


def _blamed(rows, cells):
    """The rows; one that is not right and whose cell calls another that is not says so."""
    wrong, blamed = [row.label for row in rows if row.got < row.of], []
    for row in rows:
        text = "\n".join(cell for cell in cells if defines(cell, row.label))
        called = [f for f in wrong if f != row.label and re.search(rf"(?<!def )\b{f}\(", text)]
        if row.label in wrong and called:
            end = "" if row.remark.endswith((".", "?")) else "."
            remark = f"{row.remark}{end} It may call what is wrong: {', '.join(called)}."
            row = row._replace(remark=remark)
        blamed.append(row)
    return tuple(blamed)


# --- what a notebook holds ------------------------------------------------------------------------


def read(path):
    """Read a Submission, whatever a file holds.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "ada.ipynb"
    ...     _ = file.write_text("[]", encoding="utf-8")
    ...     read(file).remark
    'no notebook that can be read'
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
        return Submission([], None, "no notebook that can be read")
    return Submission(cells, named if named in tuple(ASSIGNMENTS) else None, "")


def assigned(paths, found):
    """Return the assignment of each Submission of a class.

    It is the one that it names, else the only one whose functions it defines most of, else the only
    one that the others are.

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
    r"""Return whether a cell holds the definition of a function.

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
    """For each task of an assignment its cases.

    A case is (name, or None for the one that is shown; arguments; the answer).
    """
    cases = []
    for number, task in enumerate(ASSIGNMENTS[name]):
        drawn = {None: task.shown, **task.draw(np.random.default_rng([seed, number]))}
        cases.append([(label, given, task.right(given)) for label, given in drawn.items()])
    return cases


def inputs(name, seed):
    """Return (function, arguments) of every call that a submission is asked for, in order.

    >>> [call[0] for call in inputs("network", 0)][::4]
    ['forward', 'loss', 'backward', 'backward']
    """
    return [
        (task.function, *task.give(*arguments))
        for task, cases in zip(ASSIGNMENTS[name], _cases(name, seed))
        for _, arguments, _ in cases
    ]


def _run(name, seed, cells):
    """(the answers to `inputs`: values and Failures, {number of a cell: why it was left out}).

    After a call that ends the process, or gives what cannot be read, the next function has a new
    process.
    """
    calls, answers, left_out, session = inputs(name, seed), [], {}, None
    try:
        for task in ASSIGNMENTS[name]:
            if session is None:
                session = _started(cells, left_out, SECONDS * (len(ASSIGNMENTS[name]) + LEFT_OUT))
            if session.failure:  # its cells alone end the process
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
    """A session in which the cells ran, but for those that are left out.

    A cell that ends it is added to these, and all begins again. It has a failure if they become too
    many.
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
    """Return the rows for the answers to `inputs`: a point a hidden case, and those of the shown.

    >>> answers = [Failure("raised", "NotImplementedError: ")] * len(inputs("network", 0))
    >>> judge("network", 0, answers)[0]
    Row(label='forward', topic='', got=0, of=5, slips=(), remark='not written')
    """
    rows, rest = [], list(answers)
    for number, (task, cases) in enumerate(zip(ASSIGNMENTS[name], _cases(name, seed))):
        mine, rest = rest[: len(cases)], rest[len(cases) :]
        right = [_right(got, expected) for got, (_, _, expected) in zip(mine, cases)]
        points = [task.points] + [1] * (len(cases) - 1)
        slips, remark = (), ""
        if not all(right):
            # A slip shows where it ran
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
    """{slip: its answers} of a task, for the slips that differ from the truth in some case."""
    _, given, expected = zip(*_cases(name, seed)[number])
    tried = [ASSIGNMENTS[name][number].wrong(arguments) for arguments in given]
    answers = {slip: [wrong[slip] for wrong in tried] for slip in tried[0]}
    return {slip: got for slip, got in answers.items() if not all(map(same, got, expected))}


def _like(mine, wrong, where, right):
    """The slips that give what it gives in these cases, of which not all are right."""
    if all(right[i] for i in where):
        return ()
    return tuple(
        slip for slip, answers in wrong.items() if all(same(mine[i], answers[i]) for i in where)
    )


def _remark(mine, right, cases, hint=None):
    """The hint if there is one, which cases are not right, and what is known of why."""
    failure = next((got for got in mine if isinstance(got, Failure)), None)
    if failure and not hint and failure.text.startswith("NotImplementedError"):
        return "not written"
    labels = [label or "the case that is shown" for label, _, _ in cases]
    where = "; ".join(label for label, ok in zip(labels, right) if not ok)
    where = where if any(right) else "every case"
    why = "" if hint else " (by no slip of the catalogue)"
    if failure:
        why = f" ({failure.kind}: {failure.text})"
    elif any(_floats_for_fractions(got, expected) for got, (_, _, expected) in zip(mine, cases)):
        why = " (floats where fractions are asked)"
    return f"{hint} Not right: {where}{why}." if hint else f"Not right: {where}{why}."


def _floats_for_fractions(got, expected):
    lists = isinstance(expected, (list, tuple)) and isinstance(got, (list, tuple))
    asked = lists and any(isinstance(v, Fraction) for v in expected)
    return asked and any(isinstance(v, float) for v in got)
