"""Mark notebooks: run the student's cells in a process with limits, and judge their values here.

The cells run one after the other (see `driver`). Each cell runs even if an earlier one failed. The
checks in the notebook do not run. If a cell ends the process or is not done in time, it is left
out and the others run again. The process sends back only values and never a claim that they are
right: `task.same` compares them with the right ones.

Marks do not depend on the load of the machine. The limits are in time of the processor, and a
notebook that ran out of time is run again when no other one runs.

A slip is a known mistake of the catalogue. A function that gives in all cases what a slip gives
gets the hint of that slip. If there is no such slip, it is enough if a slip gives the same in every
wrong case that uses no optional argument.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from refnn.arrays import Refused, describe
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.running.sandbox import Failure, Session
from refnn.files import a_file
from refnn.teaching.assignments import ASSIGNMENTS, build
from refnn.teaching.assignments import cases as cases_of
from refnn.teaching.marks import Layout, Marked, Row, printable
from refnn.teaching.roster import hidden_seed, is_secret
from refnn.teaching.submissions import assigned, defines, read
from refnn.teaching.task import nearly, same
from refnn.validation import choice, takes, whole
from refnn.validation import number as real

SECONDS = 5  # of the processor, for each cell, and for all calls of one function together
LOAD = 10  # by the clock it may take so many times as long, since the machine may be busy
OUTPUT = 4  # megabytes, for all cells together and for all calls of one function together
LEFT_OUT = 3  # the most cells that are left out
UNKNOWN = "It names no assignment, and it defines the functions of none."
SEVEN = (
    "It computes in float32, which has seven digits. That is enough for the hidden cases, but the "
    "case in the notebook needs float64, NumPy's default."
)
DRIVER = Path(__file__).with_name("driver.py")
NOTEBOOK = Layout(
    who="assignment",
    heading=lambda m: m.who if m.seed is None else f"{m.who}, seed {m.seed}",
    widths=(14, 6),
    table=("file", "assignment", "marks", "of", "remark"),
    steps=(),
    explained=True,
)
SEED, ASSIGNMENT = whole(0, 2**128), choice(*ASSIGNMENTS)
FILE, LIMIT = a_file("a notebook"), real(0.1, 3600)
FULL = 20  # the points of every assignment
BYTES = ("utf-8", "surrogatepass")


@takes(seed=SEED, assignment=ASSIGNMENT, path=FILE, seconds=LIMIT)
def mark_notebook(path, seed=0, assignment=None, seconds=SECONDS):
    """Mark the notebook in a file, with hidden cases that an instructor's seed draws.

    Without `assignment`, the notebook belongs to the assignment that it names, or else to the one
    whose functions it defines. A file that cannot be read, or whose assignment is unknown, gets 0
    marks and a remark. `seconds` is the limit of the processor's time for each cell and for all
    calls of one function together.

    >>> import tempfile; from refnn.teaching.assignments import text
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "ada.ipynb"
    ...     _ = file.write_text(text("network", "solution"), encoding="utf-8")
    ...     mark_notebook(file)[3:5]
    (20, 20)
    """
    [marked] = mark_class.formula([path], seed, assignment, seconds=seconds)
    return marked


def _paths(name, paths, arguments):
    if not isinstance(paths, (list, tuple)):
        raise Refused(name, "a list of paths", describe(paths), TypeError)
    return paths


@takes(paths=_paths, seed=SEED, assignment=ASSIGNMENT, seconds=LIMIT, secret=is_secret)
def mark_class(
    paths, seed=0, assignment=None, progress=None, seconds=SECONDS, secret=None, kept=None
):
    """Mark many notebooks, two at a time.

    progress(name) is called when each one begins. All files are read before the first notebook
    runs, so no notebook can spoil the marks of the others by changing their files. If the
    assignment of a notebook is unknown and all others belong to one assignment, that one is taken.
    A notebook that runs out of time is run again after all others, alone.

    With the bytes of a `secret` the hidden cases come from it, and not from the seed. `kept` is a
    dict {key: (rows, remarks)} with the results of a run that was interrupted, to which this run
    adds its own.

    >>> mark_class([])
    []
    """
    found = [read(path) for path in paths]
    names = [assignment] * len(paths) if assignment else assigned(found)
    seeds = [seed if None in (secret, name) else hidden_seed(secret, name) for name in names]
    kept = {} if kept is None else kept

    def judged(path, name, own_seed, submission, alone=False):
        if progress is not None and not alone:
            progress(printable(Path(path).name))
        if name is None:
            return (), () if submission.remark else (UNKNOWN,)
        key = sha256(repr((name, own_seed, seconds, submission)).encode(*BYTES)).hexdigest()
        if key not in kept:
            answers, left_out = _run(name, own_seed, submission.cells, seconds)
            ended = [a.kind for a in [*answers, *left_out.values()] if isinstance(a, Failure)]
            if "time" in ended and not alone:
                return None
            kept[key] = _judged(name, own_seed, submission.cells, answers, left_out, seconds)
        return kept[key]

    jobs = list(zip(paths, names, seeds, found))
    with ThreadPoolExecutor(2) as pool:
        first = list(pool.map(judged, *zip(*jobs))) if jobs else []
    results = [judged(*job, alone=True) if got is None else got for job, got in zip(jobs, first)]
    return [
        _marked(*job, *got, given=assignment is not None, shown=secret is None)
        for job, got in zip(jobs, results)
    ]


def _marked(path, name, seed, submission, rows, remarks, given, shown):
    """Return the Marked of a Submission. `given`: the caller named the assignment."""
    got, of = sum(row.got for row in rows), sum(row.of for row in rows) or FULL
    remarks = [*_unusual(name, submission, given), *remarks]
    return Marked(
        file=Path(path).name,
        who=name or "unknown",
        seed=seed if shown else None,
        got=got,
        of=of,
        rows=rows,
        remarks=(" ".join(remarks),) * bool(remarks),
        layout=NOTEBOOK,
        content="\n".join(submission.cells) if got else "",
    )


def _unusual(name, submission, given):
    """Return remarks on what is unusual about a Submission.

    `given` is True if the caller named the assignment.
    """
    cells, named, remark = submission
    remarks = [remark] * bool(remark)
    if named not in (None, name):
        remarks.append(f"It names another assignment: {named}.")
    if named is None and name and not remark and not given:
        remarks.append(f"It names no assignment. It was marked as {name}.")
    functions = [task.function for task in ASSIGNMENTS.get(name, ())]
    if (
        name
        and not remarks
        and not any(defines(cell, function) for cell in cells for function in functions)
    ):
        remarks.append("It defines none of the functions.")
    if "refnn" in "\n".join(cells):
        remarks.append("It mentions refnn. Read it yourself.")
    return remarks


def _judged(name, seed, cells, answers, left_out, seconds):
    """Return the rows of a notebook, and remarks on the cells that were left out."""
    why = sorted(left_out.items())
    remarks = tuple(f"Code cell {n} was left out: {failure.text}." for n, failure in why)
    rows = list(judge(name, seed, answers))
    wrong = [row.label for row in rows if row.got < row.of]
    for number, row in enumerate(rows):
        called = _called(cells, row.label, wrong) if row.label in wrong else []
        if called:
            rows[number] = _followed(name, seed, cells, row, number, called, seconds)
    return tuple(rows), remarks


def _called(cells, function, wrong):
    """Return the wrong functions that the definition of another one may call."""
    text = "\n".join(cell for cell in cells if defines(cell, function))
    return [f for f in wrong if f != function and re.search(rf"(?<!def )\b{f}\(", text)]


def _followed(name, seed, cells, row, number, called, seconds):
    """Return the row of a function with the right functions in place of the wrong ones it calls.

    If it then has more points, it gets these.
    """
    right = {
        cell["metadata"]["nbgrader"]["grade_id"]: "".join(cell["source"])
        for cell in build(name, "solution")["cells"]
        if cell["cell_type"] == "code"
    }
    answers, _ = _run(name, seed, [*cells, *(right[f] for f in called)], seconds)
    again = judge(name, seed, answers)[number]
    names = ", ".join(called)
    if again.got < row.got:
        return row._replace(remark=f"{row.remark} It may be wrong because it calls {names}.")
    said = f"It was marked with a right {names} in place of yours. " * (again.got > row.got)
    return again._replace(remark=f"{said}{again.remark}".strip())


# --- what its functions answer --------------------------------------------------------------------


@lru_cache(maxsize=8)
def _cases(name, seed):
    """Return a list of cases for each task of an assignment."""
    return [cases_of(task, number, seed) for number, task in enumerate(ASSIGNMENTS[name])]


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


def _run(name, seed, cells, seconds):
    """Return the answers to the calls of `inputs`, and {number of a cell: the Failure it caused}.

    An answer is a value or a Failure. If a call ends the process or its answer cannot be read, the
    next function gets a new process.
    """
    calls, answers, left_out, session = inputs(name, seed), [], {}, None
    try:
        for task in ASSIGNMENTS[name]:
            if session is None:
                session = _started(cells, left_out, seconds, len(ASSIGNMENTS[name]) + LEFT_OUT)
            if session.failure:  # the cells end the process before any function is called
                return answers + [session.failure] * (len(calls) - len(answers)), left_out
            session.turn(seconds, OUTPUT)
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


def _started(cells, left_out, seconds, turns):
    """Start a session and run all cells in it except those in `left_out`.

    A cell that ends the session is added to `left_out`, and a new session starts. If more than
    LEFT_OUT cells do so, the last session is returned with its failure.
    """
    source = DRIVER.read_text(encoding="utf-8")
    limits = {"seconds": seconds * turns, "load": LOAD, "output": OUTPUT, "hidden": ("refnn",)}
    while True:
        session = Session("submitted:call", source=source, **limits).__enter__()
        for number, cell in enumerate(cells, start=1):
            if session.failure is None and cell.strip() and number not in left_out:
                session.turn(seconds)
                session.ask([(None, number, cell)])
                ended = number
        if session.failure is None or session.failure.at is None or len(left_out) == LEFT_OUT:
            return session
        session.__exit__()
        left_out[ended] = session.failure


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
        rows.append(_row(task, cases, mine, _wrong(name, seed, number)))
    return tuple(rows)


def _row(task, cases, mine, wrong):
    """Return the Row of a function. `wrong` is {slip: its answers}.

    An answer that is right to the seven digits of float32 has the point of a hidden case, and not
    those of the case in the notebook, for which float64 is asked.
    """
    pairs = [(got, expected) for got, (_, _, expected) in zip(mine, cases)]
    right = [_right(*pair) for pair in pairs]
    near = [ok or nearly(*pair) for ok, pair in zip(right, pairs)]
    points = [task.points] + [1] * (len(cases) - 1)
    got = sum(p for p, ok in zip(points, [right[0], *near[1:]]) if ok)
    slips, remarks = (), [SEVEN] * (near[0] and not right[0])
    if not all(near):
        # Only cases that gave a value can match a slip
        ran = [i for i, answer in enumerate(mine) if not isinstance(answer, Failure)]
        plain = [i for i in ran if task.plain(*cases[i][1]) and not right[i]]
        slips = _like(mine, wrong, ran, right) or _like(mine, wrong, plain, right)
        hint = CATALOGUE[slips[0]].hint if slips else None
        remarks.insert(0, _remark(mine, near, cases, hint))
    return Row(task.function, "", got, sum(points), slips, " ".join(remarks))


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
