"""Programming assignments: of one source (`sources/NAME.py`) the student's notebook, with blanks,
and the solution.

A source is Python in cells, "# %% kind" above each: markdown (comments), code (given), solution
NAME (between "### BEGIN SOLUTION" and "### END SOLUTION" stands what the student's copy leaves
out), check NAME (made here: one case of the function, with the answer that refnn gives). A notebook
is nbformat 4.5 as plain dicts, with nbgrader's cell metadata (schema version 3). A check prints
what it finds and ends with its points as a number; it never raises, so that a blank copy runs from
top to bottom. A check of hidden cases is 0 in the notebook, for nbgrader too: these cases are in
`tasks`, and marked in `marking`."""

import inspect
import json
import re
from fractions import Fraction
from pathlib import Path

import numpy as np

from refnn import arrays
from refnn.teaching.tasks import ASSIGNMENTS, same

KINDS = ("student", "solution")
SOLUTION = re.compile(r"^( *)### BEGIN SOLUTION\n.*?### END SOLUTION\n?", re.DOTALL | re.MULTILINE)
MARKS = re.compile(r"^ *### (BEGIN|END) SOLUTION\n?", re.MULTILINE)
HIDDEN = "0    # the points of the hidden cases are found where it is marked"
CHECKER = '''\
def check(function, arguments, expected, points):
    """The points, if function(*arguments) is what is expected. Yours to use, not to change."""
    try:
        got = function(*arguments)
    except Exception as error:
        print(f"{function.__name__}: not yet ({type(error).__name__}: {error})")
        return 0
    right = same(got, expected)
    print(f"{function.__name__}: {'right' if right else 'not right'} in the case that is shown")
    return points if right else 0
'''


def build(name, kind="student"):
    """The notebook of an assignment as plain dicts; kind "student" (blanks) or "solution".

    >>> notebook = build("network")
    >>> notebook["metadata"]["refnn"], [c["id"] for c in notebook["cells"]][:2]
    ({'assignment': 'network'}, ['network-01', 'network-02'])
    """
    arrays.choice("build", "name", name, tuple(ASSIGNMENTS))
    arrays.choice("build", "kind", kind, KINDS)
    tasks = {task.function: task for task in ASSIGNMENTS[name]}
    cells = []
    for what, of, text in _read(name):
        if what == "markdown":
            cells.append(_cell("markdown", text))
        elif what == "code":
            cells.append(_cell("code", text, f"{name}-given", locked=True))
            cells.append(
                _cell(
                    "code", f"{CHECKER}\n\n{inspect.getsource(same)}", f"{name}-check", locked=True
                )
            )
        elif what == "solution":
            text = (
                MARKS.sub("", text)
                if kind == "solution"
                else SOLUTION.sub(r"\1# YOUR CODE HERE\n\1raise NotImplementedError\n", text)
            )
            cells.append(_cell("code", text, of, solution=True))
        else:
            cells.append(
                _cell(
                    "code",
                    _check(tasks[of]),
                    f"{of}-shown",
                    grade=True,
                    locked=True,
                    points=tasks[of].points,
                )
            )
            cells.append(
                _cell(
                    "code",
                    HIDDEN,
                    f"{of}-hidden",
                    grade=True,
                    locked=True,
                    points=hidden_points(tasks[of]),
                )
            )
    for number, cell in enumerate(cells, start=1):
        cell["id"] = f"{name.replace('_', '-')}-{number:02}"
    language = {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"}
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": language,
            "refnn": {"assignment": name},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def text(name, kind="student"):
    """`build` as the text of an .ipynb file.

    >>> text("network").count("YOUR CODE HERE"), text("network", "solution").count("YOUR CODE HERE")
    (3, 0)
    """
    return json.dumps(build(name, kind), ensure_ascii=False, indent=1) + "\n"


def hidden_points(task):
    """How many points the hidden cases of a task give: one each.

    >>> sum(task.points + hidden_points(task) for task in ASSIGNMENTS["network"])
    20
    """
    return len(task.draw(np.random.default_rng(0)))


def _read(name):
    """(kind, name of the function, text) of every cell of a source."""
    source = (Path(__file__).parent / "sources" / f"{name}.py").read_text(encoding="utf-8")
    for part in source.split("\n# %% ")[1:]:
        head, _, text = part.partition("\n")
        kind, _, of = head.partition(" ")
        text = text.strip("\n") + "\n"
        yield (
            kind,
            of,
            re.sub(r"^# ?", "", text, flags=re.MULTILINE) if kind == "markdown" else text,
        )


def _cell(
    cell_type, text, grade_id=None, *, grade=False, solution=False, locked=False, points=None
):
    cell = {
        "cell_type": cell_type,
        "id": "",
        "metadata": {},
        "source": text.strip("\n").splitlines(keepends=True),
    }
    if cell_type == "code":
        cell |= {"execution_count": None, "outputs": []}
    if grade_id is not None:
        cell["metadata"]["nbgrader"] = {
            "cell_type": cell_type,
            "grade": grade,
            "grade_id": grade_id,
            "locked": locked,
            "schema_version": 3,
            "solution": solution,
            "task": False,
        } | ({"points": points} if grade else {})
    return cell


def _check(task):
    lines = [f"    {_literal(a)}," for a in task.give(*task.shown)]
    return "\n".join(
        [
            "arguments = (",
            *lines,
            ")",
            f"expected = {_literal(task.right(task.shown))}",
            f"check({task.function}, arguments, expected, points={task.points})",
        ]
    )


def _literal(value):
    """A value as it is written in Python."""
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
