"""Marking notebooks: the student's cells run in a process with limits, and what they return is
judged here.

The cells run one after the other (see `driver`), each whether or not an earlier one failed; the
checks in the notebook do not. A cell that ends the process or is not done in time is left out, and
the others run again. Only values come back, no claim of being right, and `tasks.same` judges them.
A function that gives everywhere what a slip of the catalogue gives has the hint of that slip; if
there is none, one that does so in each plain case that is not right."""

import re
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from refnn import arrays, console
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.running.sandbox import Failure, Session
from refnn.teaching import submission
from refnn.teaching.roll import commonest_text, csv_text, printable
from refnn.teaching.tasks import ASSIGNMENTS, same

SECONDS = 5  # for each cell and for all calls of a function
OUTPUT = 4  # megabytes, for all cells and for all calls of a function
LEFT_OUT = 3  # cells at most
DRIVER = Path(__file__).with_name("driver.py")


class Row(NamedTuple):
    """One function, marked: its name, points got, points to get, names of slips that it behaves
    like, remark.

    >>> Row._fields
    ('function', 'got', 'of', 'slips', 'remark')
    """

    function: str
    got: int
    of: int
    slips: tuple
    remark: str


class Marks(NamedTuple):
    """A notebook, marked: file, assignment, the instructor's seed, points, rows, and a remark on
    the whole of it.

    >>> Marks._fields
    ('file', 'assignment', 'seed', 'got', 'of', 'rows', 'remark')
    """

    file: str
    assignment: str
    seed: int
    got: int
    of: int
    rows: tuple
    remark: str


def mark_notebook(path, seed=0, assignment=None):
    """Mark the notebook in a file, with the hidden cases of an instructor's seed. The assignment is
    the one that the notebook names, if none is given, or whose functions it defines. What cannot be
    read is marked 0 with a remark; no file, or nothing that tells the assignment: ValueError.

    >>> import tempfile; from refnn.teaching.assignments import text
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "ada.ipynb"
    ...     _ = file.write_text(text("network", "solution"), encoding="utf-8")
    ...     mark_notebook(file)[3:5]
    (20, 20)
    """
    seed = arrays.whole("mark_notebook", "seed", seed, 0, 2**128)
    found = [submission.read("mark_notebook", path, assignment)]
    [name] = [assignment] if assignment else submission.assigned("mark_notebook", [path], found)
    return _mark(path, seed, name, *found[0], assignment is not None)


def mark_class(paths, seed=0, assignment=None, progress=None):
    """The Marks of many notebooks, two at a time; progress(name) is called as each begins. All are
    read before the first runs: what it does to the files of the others costs them nothing. What
    `mark_notebook` would refuse is refused then, but one whose assignment nothing tells is marked
    as the others are, if these are all of one.

    >>> mark_class([])
    []
    """
    if not isinstance(paths, (list, tuple)):
        arrays.refuse("mark_class", "paths", "a list of paths", arrays.describe(paths), TypeError)
    seed = arrays.whole("mark_class", "seed", seed, 0, 2**128)
    found = [submission.read("mark_class", path, assignment) for path in paths]
    names = (
        [assignment] * len(paths) if assignment else submission.assigned("mark_class", paths, found)
    )

    def one(path, name, read):
        if progress is not None:
            progress(printable(Path(path).name))
        return _mark(path, seed, name, *read, assignment is not None)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, paths, names, found))


def _mark(path, seed, name, cells, named, remark, given):
    """The Marks of what was read of a file; was the assignment given?"""
    remarks = [remark] if remark else []
    if named not in (None, name):
        remarks.append(f"the notebook says that it is {named}")
    if named is None and not remark and not given:
        remarks.append(f"names no assignment: taken for {name}")
    if not remarks and not any(
        submission.defines(cell, task.function) for cell in cells for task in ASSIGNMENTS[name]
    ):
        remarks.append("none of the functions is in it")
    if "refnn" in "\n".join(cells):
        remarks.append("names refnn: read it yourself")
    answers, left_out = _run(name, seed, cells)
    remarks += [
        f"code cell {number} was left out: {why}" for number, why in sorted(left_out.items())
    ]
    rows = _blamed(judge(name, seed, answers), cells)
    return Marks(
        Path(path).name,
        name,
        seed,
        sum(r.got for r in rows),
        sum(r.of for r in rows),
        rows,
        "; ".join(remarks),
    )


def _blamed(rows, cells):
    """The rows; one that is not right and whose cell calls another that is not says so."""
    wrong, found = [row.function for row in rows if row.got < row.of], []
    for row in rows:
        text = "\n".join(cell for cell in cells if submission.defines(cell, row.function))
        called = [f for f in wrong if f != row.function and re.search(rf"(?<!def )\b{f}\(", text)]
        if row.function in wrong and called:
            end = "" if row.remark.endswith((".", "?")) else "."
            row = row._replace(
                remark=f"{row.remark}{end} It may call what is wrong: {', '.join(called)}."
            )
        found.append(row)
    return tuple(found)


@lru_cache(maxsize=8)
def _cases(name, seed):
    """For each task of an assignment its cases: (name, or None for the one that is shown;
    arguments; the answer)."""
    found = []
    for number, task in enumerate(ASSIGNMENTS[name]):
        drawn = {None: task.shown, **task.draw(np.random.default_rng([seed, number]))}
        found.append(
            [(label, arguments, task.right(arguments)) for label, arguments in drawn.items()]
        )
    return found


def inputs(name, seed):
    """(function, arguments) of every call that a submission is asked for, in order.

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
    one."""
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
            if session.failure or any(
                isinstance(got, Failure) and got.kind == "answer" for got in mine
            ):
                session.__exit__()
                session = None
    finally:
        if session is not None:
            session.__exit__()
    return answers, left_out


def _started(cells, left_out, seconds):
    """A session in which the cells ran, but for those that are left out; what ends it is added to
    these, and all begins again. One with a failure if they become too many."""
    options = {
        "source": DRIVER.read_text(encoding="utf-8"),
        "seconds": seconds,
        "output": OUTPUT,
        "hidden": ("refnn",),
    }
    while True:
        session = Session("submitted:call", **options).__enter__()
        for number, cell in enumerate(cells, start=1):
            if session.failure is None and cell.strip() and number not in left_out:
                session.turn(SECONDS)
                session.ask([(None, number, cell)])
                ended = number
        if session.failure is None or session.failure.at is None or len(left_out) == LEFT_OUT:
            return session
        session.__exit__()
        left_out[ended] = session.failure.text


def judge(name, seed, answers):
    """The rows for the answers to `inputs`: a point a hidden case, and those of the case that is
    shown.

    >>> answers = [Failure("raised", "NotImplementedError: ")] * len(inputs("network", 0))
    >>> judge("network", 0, answers)[0]
    Row(function='forward', got=0, of=5, slips=(), remark='not written')
    """
    rows, rest = [], list(answers)
    for number, (task, cases) in enumerate(zip(ASSIGNMENTS[name], _cases(name, seed))):
        mine, rest = rest[: len(cases)], rest[len(cases) :]
        right = [
            not isinstance(got, Failure) and same(got, expected)
            for got, (_, _, expected) in zip(mine, cases)
        ]
        points = [task.points] + [1] * (len(cases) - 1)
        slips, remark = (), ""
        if not all(right):
            ran = [
                i for i, got in enumerate(mine) if not isinstance(got, Failure)
            ]  # a slip shows where it ran
            plain = [i for i in ran if task.plain(*cases[i][1]) and not right[i]]
            wrong = _wrong(name, seed, number)
            slips = _like(mine, wrong, ran, right) or _like(mine, wrong, plain, right)
            remark = _remark(mine, right, cases, CATALOGUE[slips[0]].hint if slips else None)
        rows.append(
            Row(
                task.function,
                sum(p for p, r in zip(points, right) if r),
                sum(points),
                slips,
                remark,
            )
        )
    return tuple(rows)


@lru_cache(maxsize=64)
def _wrong(name, seed, number):
    """[(slip, its answers)] of a task, for the slips that differ from the truth in some case."""
    task, cases = ASSIGNMENTS[name][number], _cases(name, seed)[number]
    found = []
    for slip in task.slips():
        with np.errstate(all="ignore"):
            answers = [task.result(slip.wrong(*arguments)) for _, arguments, _ in cases]
        if not all(same(got, expected) for got, (_, _, expected) in zip(answers, cases)):
            found.append((slip.name, answers))
    return found


def _like(mine, wrong, where, right):
    """The slips that give what it gives in these cases, of which not all are right."""
    return tuple(
        slip
        for slip, answers in wrong
        if not all(right[i] for i in where) and all(same(mine[i], answers[i]) for i in where)
    )


def _remark(mine, right, cases, hint=None):
    """The hint if there is one, which cases are not right, and what is known of why."""
    failures = [got for got in mine if isinstance(got, Failure)]
    if failures and not hint and failures[0].text.startswith("NotImplementedError"):
        return "not written"
    where = "; ".join(
        label or "the case that is shown" for ok, (label, _, _) in zip(right, cases) if not ok
    )
    where = where if any(right) else "every case"
    said = ""
    if failures:
        said = f" ({failures[0].kind}: {failures[0].text})"
    elif any(_floats_for_fractions(got, expected) for got, (_, _, expected) in zip(mine, cases)):
        said = " (floats where fractions are asked)"
    elif not hint:
        said = " (by no slip of the catalogue)"
    return f"{hint} Not right: {where}{said}." if hint else f"Not right: {where}{said}."


def _floats_for_fractions(got, expected):
    fractions = isinstance(expected, (list, tuple)) and any(
        isinstance(v, Fraction) for v in expected
    )
    return fractions and isinstance(got, (list, tuple)) and any(isinstance(v, float) for v in got)


def marked_text(marks):
    """A notebook's marks, a line or more for each function.

    >>> print(marked_text(Marks("a.ipynb", "network", 0, 2, 4, (Row("loss", 2, 4, (), "What factor?"),), "")))
    a.ipynb: network, seed 0
      loss             2/4 What factor?
      total 2 of 4
    """
    lines = [console.wrap(f"{printable(marks.file)}: {marks.assignment}, seed {marks.seed}")]
    for row in marks.rows:
        first = f"  {row.function:14} {f'{row.got}/{row.of}':>5} "
        lines.append(
            console.wrap(console.harmless(row.remark), indent=" " * 23, first=first).rstrip()
        )
    lines += (
        [console.wrap(console.harmless(marks.remark), indent="    ", first="  * ")]
        if marks.remark
        else []
    )
    return "\n".join([*lines, f"  total {marks.got} of {marks.of}"])


def class_text(marked):
    """The class: marks a notebook, and the commonest slips, each counted once a notebook.

    >>> print(class_text([Marks("a.ipynb", "network", 0, 2, 4, (Row("loss", 2, 4, ("missing_half",), ""),), "")]))
    file     assignment  marks  of  remark
    a.ipynb  network         2   4
    <BLANKLINE>
    The commonest slips
       1 missing_half: What factor stands in front of the sum?
    """
    rows = [
        [printable(m.file)[:30], m.assignment, m.got, m.of, printable(m.remark)[:20]]
        for m in marked
    ]
    out = [console.table(rows, ["file", "assignment", "marks", "of", "remark"], "llrrl")]
    return "\n".join([*out, *commonest_text(marked)])


def class_csv(marked):
    """The class as CSV, a notebook a row, a column a function; no cell that a spreadsheet would
    compute.

    >>> print(class_csv([Marks("=1.ipynb", "network", 0, 2, 4, (Row("loss", 2, 4, ("missing_half",), "a"),), "")]))
    file,assignment,seed,marks,of,loss,slips,remarks
    '=1.ipynb,network,0,2,4,2,missing_half,loss: a
    <BLANKLINE>
    """
    functions = list(dict.fromkeys(r.function for m in marked for r in m.rows))
    rows = [["file", "assignment", "seed", "marks", "of", *functions, "slips", "remarks"]]
    for m in marked:
        got = {r.function: r.got for r in m.rows}
        remarks = [m.remark] * bool(m.remark) + [
            f"{r.function}: {r.remark}" for r in m.rows if r.remark
        ]
        rows.append(
            [
                m.file,
                m.assignment,
                m.seed,
                m.got,
                m.of,
                *(got.get(f, "") for f in functions),
                "; ".join(dict.fromkeys(name for r in m.rows for name in r.slips)),
                "; ".join(remarks),
            ]
        )
    return csv_text(rows)
