"""Make the notebooks of programming assignments: the student's copy with blanks, and the solution.

Both are made from one source, `sources/NAME.py`. It is Python in cells, and above each cell stands
"# %% kind". There are four kinds of cells:

- markdown: text, written as comments;
- code: code that is given to the student;
- solution FUNCTION: a function, whose lines between "### BEGIN SOLUTION" and "### END SOLUTION" are
  left out in the student's copy;
- check FUNCTION: an empty cell, which is replaced by one case of the function, with the answer that
  refnn gives.

A notebook is built as plain dicts in nbformat 4.5, with nbgrader's cell metadata (schema version
3). A check prints what it finds, and its last value is its points. It never raises, so a copy with
blanks runs from top to bottom. A check of hidden cases gives 0 in the notebook, because the tasks
draw these cases and `mark_notebook` marks them.

The third kind of notebook is the source from which nbgrader makes the students' copies and by which
it marks them. The solutions stand between nbgrader's marks. Each function has one graded cell with
all cases, of which the hidden ones stand between marks too. Its last value is the points.
"""

import inspect
import json
import re
from fractions import Fraction
from pathlib import Path

import numpy as np

from refnn.teaching.task import nearly, same
from refnn.teaching.tasks_network import NETWORK, PRUNING
from refnn.teaching.tasks_quantization import QUANTIZATION, WORKED_EXAMPLE
from refnn.validation import choice, takes, whole

ASSIGNMENTS = {
    "network": NETWORK,
    "quantization": QUANTIZATION,
    "pruning": PRUNING,
    "worked_example": WORKED_EXAMPLE,
}
KINDS = ("student", "solution", "nbgrader")
SOLUTION = re.compile(r"^( *)### BEGIN SOLUTION\n.*?### END SOLUTION\n?", re.DOTALL | re.MULTILINE)
MARKS = re.compile(r"^ *### (BEGIN|END) SOLUTION\n?", re.MULTILINE)
BLANK = r"\1# YOUR CODE HERE\n\1raise NotImplementedError\n"
HIDDEN = "0    # the points of the hidden cases are added when the notebook is marked"
CHECKER = '''\
def check(function, arguments, expected, points):
    """Return the points if function(*arguments) is what is expected. Please do not change it."""
    try:
        got = function(*arguments)
    except Exception as error:
        print(f"{function.__name__} does not work yet ({type(error).__name__}: {error})")
        return 0
    right = same(got, expected)
    print(f"{function.__name__} is {'right' if right else 'not right'} in this case")
    return points if right else 0
'''
SCORER = '''\
def score(function, cases):
    """Return the points of the cases in which the function is right. Please do not change it."""
    points = 0
    for number, (worth, arguments, expected) in enumerate(cases):
        try:
            got = function(*copy.deepcopy(arguments))
        except Exception as error:
            print(f"{function.__name__} does not work yet ({type(error).__name__}: {error})")
            continue
        right = same(got, expected) or (number > 0 and nearly(got, expected))
        points += worth if right else 0
        if number == 0:
            print(f"{function.__name__} is {'right' if right else 'not right'} in this case")
    return points
'''
NAME, KIND, SEED = choice(*ASSIGNMENTS), choice(*KINDS), whole(0, 2**128)


@takes(name=NAME, kind=KIND, seed=SEED)
def build(name, kind="student", seed=0):
    """Return the notebook of an assignment as plain dicts.

    `kind` is "student" for the copy with blanks, "solution", or "nbgrader" for the source of
    nbgrader, whose hidden cases the seed draws.

    >>> notebook = build("network")
    >>> notebook["metadata"]["refnn"], [c["id"] for c in notebook["cells"]][:2]
    ({'assignment': 'network'}, ['network-01', 'network-02'])
    """
    tasks, cells = {task.function: task for task in ASSIGNMENTS[name]}, []
    for what, of, text in _read(name):
        if what == "markdown":
            cells.append(_cell("markdown", text))
        elif what == "code":
            cells.append(_code(text, f"{name}-given"))
            cells.append(_code(_checker(kind), f"{name}-check"))
        elif what == "solution":
            if kind != "nbgrader":
                text = MARKS.sub("", text) if kind == "solution" else SOLUTION.sub(BLANK, text)
            cells.append(_code(text, of, solution=True))
        elif kind == "nbgrader":
            task = tasks[of]
            points = task.points + task.hidden_points()
            number = ASSIGNMENTS[name].index(task)
            cells.append(_code(_all_cases(task, number, seed), f"{of}-cases", points=points))
        else:
            task = tasks[of]
            cells.append(_code(_check(task), f"{of}-shown", points=task.points))
            cells.append(_code(HIDDEN, f"{of}-hidden", points=task.hidden_points()))
    for number, cell in enumerate(cells, start=1):
        cell["id"] = f"{name.replace('_', '-')}-{number:02}"
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
        "refnn": {"assignment": name},
    }
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _checker(kind):
    """Return the code of the locked cell, which the graded cells use."""
    if kind == "nbgrader":
        imports = "import copy\n\nimport numpy as np"
        parts = [imports, SCORER, *map(inspect.getsource, (nearly, same))]
    else:
        parts = [CHECKER, inspect.getsource(same)]
    return "\n\n\n".join(part.strip("\n") for part in parts)


def _all_cases(task, number, seed):
    """Return the code of the cell that gives a function its points in nbgrader."""
    shown, *hidden = cases(task, number, seed)
    lines = ["cases = [", _case(task, task.points, shown), "]", "### BEGIN HIDDEN TESTS"]
    lines += ["cases += [", *(_case(task, 1, case) for case in hidden), "]"]
    return "\n".join([*lines, "### END HIDDEN TESTS", f"score({task.function}, cases)"])


def _case(task, points, case):
    _, given, right = case
    return f"    ({points}, {_literal(tuple(task.give(*given)))}, {_literal(right)}),"


def cases(task, number, seed):
    """Return the cases of a task, which is the task of this number in its assignment.

    A case is (name, arguments, right answer). The name is None for the case in the notebook.

    >>> [label for label, *_ in cases(ASSIGNMENTS["network"][1], 1, 0)]
    [None, 'one output', 'three outputs']
    """
    drawn = {None: task.shown, **task.draw(np.random.default_rng([seed, number]))}
    return [(label, given, task.right(given)) for label, given in drawn.items()]


@takes(name=NAME, kind=KIND, seed=SEED)
def text(name, kind="student", seed=0):
    """Return the notebook that `build` makes as the text of an .ipynb file.

    >>> text("network").count("YOUR CODE HERE"), text("network", "solution").count("YOUR CODE HERE")
    (3, 0)
    """
    return json.dumps(build.formula(name, kind, seed), ensure_ascii=False, indent=1) + "\n"


def _read(name):
    """Yield (kind, name of the function, text) for every cell of a source."""
    source = (Path(__file__).parent / "sources" / f"{name}.py").read_text(encoding="utf-8")
    for part in source.split("\n# %% ")[1:]:
        head, _, text = part.partition("\n")
        kind, _, of = head.partition(" ")
        text = text.strip("\n") + "\n"
        yield kind, of, re.sub(r"(?m)^# ?", "", text) if kind == "markdown" else text


def _cell(cell_type, text, metadata=None):
    source = text.strip("\n").splitlines(keepends=True)
    return {"cell_type": cell_type, "id": "", "metadata": metadata or {}, "source": source}


def _code(text, grade_id, *, solution=False, points=None):
    """Return a code cell, which the student may change only if it is a solution.

    A cell with points is graded.
    """
    nbgrader = {
        "cell_type": "code",
        "grade": points is not None,
        "grade_id": grade_id,
        "locked": not solution,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    nbgrader |= {} if points is None else {"points": points}
    return _cell("code", text, {"nbgrader": nbgrader}) | {"execution_count": None, "outputs": []}


def _check(task):
    arguments = "".join(f"    {_literal(a)},\n" for a in task.give(*task.shown))
    expected = f"expected = {_literal(task.right(task.shown))}"
    call = f"check({task.function}, arguments, expected, points={task.points})"
    return f"arguments = (\n{arguments})\n{expected}\n{call}"


def _literal(value):
    """Return the Python text of a value."""
    if isinstance(value, tuple):
        return f"({', '.join(map(_literal, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, np.ndarray):
        kind = "" if value.dtype in (np.float64, np.int64, bool) else f", dtype=np.{value.dtype}"
        return f"np.array({value.tolist()}{kind})"
    if isinstance(value, Fraction):
        return f"Fraction({value.numerator}, {value.denominator})"
    return repr(value.item() if isinstance(value, np.generic) else value)
