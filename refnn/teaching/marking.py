"""Marking notebooks: the student's cells run in a process with limits, and what they return is judged here.

The cells run one after the other, each whether or not an earlier one failed; the checks in the notebook do not, and
refnn cannot be imported there. Only values come back, no claim of being right. A case is right if its value is (codes,
masks and fractions exactly, floats to TOLERANCE). A function that gives everywhere what a slip of the catalogue gives
has the hint of that slip.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from refnn import arrays, console
from refnn.checking.sandbox import Failure, Session
from refnn.checking.slips import CATALOGUE
from refnn.teaching import submission
from refnn.teaching.roll import commonest_text, csv_text, printable
from refnn.teaching.tasks import ASSIGNMENTS

# A value is a sum of at most 2^10 products below 2^13 in size, each rounded by 2^-53 of itself: 2^-30 in all.
TOLERANCE = 2.0**-30
SECONDS = 5                                 # for the cells and all calls; again after a function that had to be ended
DRIVER = '''
import sys
sys.modules["refnn"] = None                 # so that an import of the answers fails
_space, _failed = {"__name__": "submission"}, []
for _number, _cell in enumerate(_cells, start=1):
    try:
        exec(compile(_cell, f"<cell {_number}>", "exec"), _space)
    except BaseException as _error:
        _failed.append(f"code cell {_number}: {type(_error).__name__}: {_error}")


def call(name, *arguments):
    if not callable(_space.get(name)):
        raise LookupError(f"no function {name}" + (f"; {_failed[0]}" if _failed else ""))
    return _space[name](*arguments)
'''


class Row(NamedTuple):
    """One function, marked: its name, points got, points to get, names of slips that it behaves like, remark.

    >>> Row._fields
    ('function', 'got', 'of', 'slips', 'remark')
    """

    function: str
    got: int
    of: int
    slips: tuple
    remark: str


class Marks(NamedTuple):
    """A notebook, marked: file, assignment, the instructor's seed, points, rows, and a remark on the whole of it.

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
    """Mark the notebook in a file, with the hidden cases of an instructor's seed. The assignment is the one that the
    notebook names, if none is given. What cannot be read is marked 0 with a remark; no file, or no name: ValueError.

    >>> import tempfile; from refnn.teaching.assignments import text
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "ada.ipynb"
    ...     _ = file.write_text(text("network", "solution"), encoding="utf-8")
    ...     mark_notebook(file)[3:5]
    (20, 20)
    """
    seed = arrays.whole("mark_notebook", "seed", seed, 0, 2**128)
    cells, named, remark = submission.read("mark_notebook", path, assignment)
    name = assignment or named
    if named not in (None, name):
        remark = f"the notebook says that it is {named}"
    source = "\n".join(cells)
    if not remark and not any(f"def {task.function}(" in source for task in ASSIGNMENTS[name]):
        remark = "none of the functions is in it"
    if not remark and "refnn" in source:
        remark = "names refnn: read it yourself"
    answers = _run(name, seed, cells) if cells else [Failure("import", "nothing to run")] * _count(name)
    rows = judge(name, seed, answers)
    return Marks(Path(path).name, name, seed, sum(r.got for r in rows), sum(r.of for r in rows), rows, remark)


def mark_class(paths, seed=0, assignment=None, progress=None):
    """The Marks of many notebooks, two at a time; progress(name) is called as each begins. What `mark_notebook` would
    refuse is refused before the work.

    >>> mark_class([])
    []
    """
    if not isinstance(paths, (list, tuple)):
        arrays.refuse("mark_class", "paths", "a list of paths", arrays.describe(paths), TypeError)
    seed = arrays.whole("mark_class", "seed", seed, 0, 2**128)
    for path in paths:
        submission.read("mark_class", path, assignment)

    def one(path):
        if progress is not None:
            progress(printable(Path(path).name))
        return mark_notebook(path, seed, assignment)
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, paths))


@lru_cache(maxsize=8)
def _cases(name, seed):
    """For each task of an assignment its cases: (name, or None for the one that is shown; arguments; the answer)."""
    found = []
    for number, task in enumerate(ASSIGNMENTS[name]):
        drawn = {None: task.shown, **task.draw(np.random.default_rng([seed, number]))}
        found.append([(label, arguments, task.right(arguments)) for label, arguments in drawn.items()])
    return found


def _count(name):
    return sum(map(len, _cases(name, 0)))


def inputs(name, seed):
    """(function, arguments) of every call that a submission is asked for, in order.

    >>> [call[0] for call in inputs("network", 0)][::4]
    ['forward', 'loss', 'backward', 'backward']
    """
    return [(task.function, *task.give(*arguments))
            for task, cases in zip(ASSIGNMENTS[name], _cases(name, seed)) for _, arguments, _ in cases]


def _run(name, seed, cells):
    """The answers to `inputs`: values and Failures. After a call that ends the process the next function has a new
    one; after cells that end it nothing has."""
    source, answers, session = f"_cells = {cells!r}\n{DRIVER}", [], None
    calls = inputs(name, seed)
    try:
        for task in ASSIGNMENTS[name]:
            mine = [call for call in calls if call[0] == task.function]
            if session is None:
                session = Session("submitted:call", source=source, seconds=SECONDS, output=4).__enter__()
            if session.failure:                                             # its cells alone end the process
                return [session.failure] * len(calls)
            for call in mine:
                got = session.ask([call])
                answers.append(got if isinstance(got, Failure) else got[0])
            if session.failure:
                session.__exit__()
                session = None
    finally:
        if session is not None:
            session.__exit__()
    return answers


def judge(name, seed, answers):
    """The rows for the answers to `inputs`: a point a hidden case, and those of the case that is shown.

    >>> answers = [Failure("raised", "NotImplementedError: ")] * len(inputs("network", 0))
    >>> judge("network", 0, answers)[0]
    Row(function='forward', got=0, of=5, slips=(), remark='not written')
    """
    rows, rest = [], list(answers)
    for number, (task, cases) in enumerate(zip(ASSIGNMENTS[name], _cases(name, seed))):
        mine, rest = rest[:len(cases)], rest[len(cases):]
        right = [same(got, expected) for got, (_, _, expected) in zip(mine, cases)]
        points = [task.points] + [1] * (len(cases) - 1)
        slips, remark = (), ""
        if not all(right):
            ran = [i for i, got in enumerate(mine) if not isinstance(got, Failure)]       # a slip shows where it ran
            slips = tuple(slip for slip, wrong in _wrong(name, seed, number) if not all(right[i] for i in ran)
                          and all(same(mine[i], wrong[i]) for i in ran))
            remark = CATALOGUE[slips[0]].hint if slips else _remark(mine, right, cases)
            if slips and len(ran) < len(mine):
                remark += f" And {_remark(mine, right, cases)}"
        rows.append(Row(task.function, sum(p for p, r in zip(points, right) if r), sum(points), slips, remark))
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


def _remark(mine, right, cases):
    failures = [got for got in mine if isinstance(got, Failure)]
    if failures and failures[0].text.startswith("NotImplementedError"):
        return "not written"
    where = [label or "the case that is shown" for ok, (label, _, _) in zip(right, cases) if not ok]
    said = f"{failures[0].kind}: {failures[0].text}" if failures else "by no slip of the catalogue"
    return f"not right: {'; '.join(where)} ({said})"


def same(got, expected):
    """Is a returned value the expected one? Of its form (tuples, shape), whole numbers, masks and fractions exactly.

    >>> same([[1.0, 2.0]], np.array([[1, 2]])), same(np.array([1.0, 2.0]), np.array([[1, 2]])), same("1", 1)
    (True, False, False)
    """
    if isinstance(expected, tuple):
        return isinstance(got, (tuple, list)) and len(got) == len(expected) and all(map(same, got, expected))
    if got is None or isinstance(got, (str, Failure)):
        return False
    try:
        got, expected = np.asarray(got), np.asarray(expected)
        if got.shape != expected.shape or got.dtype.kind not in "biufO":
            return False
        if expected.dtype.kind == "f":
            with np.errstate(all="ignore"):
                far = np.abs(got.astype(float) - expected)
            return bool((far <= TOLERANCE * max(1.0, np.abs(expected).max(initial=0))).all())
        return bool((got == expected).all())
    except (ValueError, TypeError, OverflowError):                          # ragged, or objects that are no numbers
        return False


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
        lines.append(console.wrap(console.harmless(row.remark), indent=" " * 23, first=first).rstrip())
    lines += [console.wrap(console.harmless(marks.remark), indent="    ", first="  * ")] if marks.remark else []
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
    rows = [[printable(m.file)[:30], m.assignment, m.got, m.of, printable(m.remark)[:20]] for m in marked]
    out = [console.table(rows, ["file", "assignment", "marks", "of", "remark"], "llrrl")]
    return "\n".join([*out, *commonest_text(marked)])


def class_csv(marked):
    """The class as CSV, a notebook a row, a column a function; no cell that a spreadsheet would compute.

    >>> print(class_csv([Marks("=1.ipynb", "network", 0, 2, 4, (Row("loss", 2, 4, ("missing_half",), "a"),), "")]))
    file,assignment,seed,marks,of,loss,slips,remarks
    '=1.ipynb,network,0,2,4,2,missing_half,loss: a
    <BLANKLINE>
    """
    functions = list(dict.fromkeys(r.function for m in marked for r in m.rows))
    rows = [["file", "assignment", "seed", "marks", "of", *functions, "slips", "remarks"]]
    for m in marked:
        got = {r.function: r.got for r in m.rows}
        remarks = [m.remark] * bool(m.remark) + [f"{r.function}: {r.remark}" for r in m.rows if r.remark]
        rows.append([m.file, m.assignment, m.seed, m.got, m.of, *(got.get(f, "") for f in functions),
                     "; ".join(dict.fromkeys(name for r in m.rows for name in r.slips)), "; ".join(remarks)])
    return csv_text(rows)
