"""A submitted notebook as it is read: the text of its code cells without its checks, and which
assignment it is."""

import json
import re
from pathlib import Path

from refnn import arrays
from refnn.teaching.roll import printable
from refnn.teaching.tasks import ASSIGNMENTS

LARGEST = 20 * 2**20  # bytes


def read(function, path, assignment=None):
    """(code cells, name of the assignment or None, remark) of a file; a check is an empty cell, so
    that a cell's place is its number. Whatever a file holds is no error; what is no file is refused
    in the name of `function`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "ada.ipynb"
    ...     _ = file.write_text("[]", encoding="utf-8")
    ...     read("example", file, "network")
    ([], None, 'no notebook that can be read')
    """
    if assignment is not None:
        arrays.choice(function, "assignment", assignment, tuple(ASSIGNMENTS))
    if not isinstance(path, (str, Path)) or "\0" in str(path):
        arrays.refuse(function, "path", "the path of a notebook", arrays.describe(path), TypeError)
    if not Path(path).is_file():
        raise FileNotFoundError(
            f"{function}: path must be a file, got {arrays.describe(str(path))}"
        )
    with open(path, "rb") as file:
        data = file.read(LARGEST + 1)
    try:
        if len(data) > LARGEST:
            raise ValueError
        notebook = json.loads(data.decode("utf-8-sig"))
        named = notebook["metadata"].get("refnn", {}).get("assignment")
        texts = [
            ""
            if cell.get("metadata", {}).get("nbgrader", {}).get("grade")
            else "".join(cell["source"])
            for cell in notebook["cells"]
            if cell["cell_type"] == "code"
        ]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return [], None, "no notebook that can be read"
    return texts, named if named in tuple(ASSIGNMENTS) else None, ""


def assigned(function, paths, found):
    """The assignment of each of a class that was read: what it names, else the only one whose
    functions it defines most of, else the only one that the others are. ValueError in the name of
    `function` where nothing tells.

    >>> assigned("example", ["a.ipynb", "b.ipynb"], [(["def loss(y): return y"], None, ""), ([], None, "")])
    ['network', 'network']
    """
    names = [named or _most_defined(cells) for cells, named, _ in found]
    others = set(names) - {None}
    for path, name in zip(paths, names):
        if name is None and len(others) != 1:
            arrays.refuse(
                function,
                "assignment",
                f"given for {printable(Path(path).name)}, which names none of "
                + ", ".join(ASSIGNMENTS),
                "None",
            )
    return [name or min(others) for name in names]


def defines(cell, function):
    r"""Does a cell hold the definition of a function?

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
