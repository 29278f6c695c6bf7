"""A submitted notebook as it is read: its code cells, without its checks and what only IPython understands."""

import ast
import json
from pathlib import Path

from refnn import arrays
from refnn.teaching.roll import printable
from refnn.teaching.tasks import ASSIGNMENTS

LARGEST = 20 * 2**20                        # bytes


def read(function, path, assignment=None):
    """(code cells to run, name of the assignment or None, remark) of a file. Whatever a file holds is no error; what is
    no file is, and one that names no assignment if none is given: refused in the name of `function`.

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
        raise FileNotFoundError(f"{function}: path must be a file, got {arrays.describe(str(path))}")
    found = _read(path)
    if assignment is None and found[1] is None:
        arrays.refuse(function, "assignment", f"given for {printable(Path(path).name)}, which names none of "
                      + ", ".join(ASSIGNMENTS), "None")
    return found


def _read(path):
    with open(path, "rb") as file:
        data = file.read(LARGEST + 1)
    try:
        if len(data) > LARGEST:
            raise ValueError
        notebook = json.loads(data.decode("utf-8-sig"))
        named = notebook["metadata"].get("refnn", {}).get("assignment")
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        texts = ["".join(cell["source"]) for cell in cells
                 if not cell.get("metadata", {}).get("nbgrader", {}).get("grade")]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return [], None, "no notebook that can be read"
    return [_plain(text) for text in texts], named if named in tuple(ASSIGNMENTS) else None, ""


def _plain(text):
    """A cell without the lines that only IPython understands."""
    try:
        ast.parse(text)
        return text
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "\n".join("" if line.startswith(("%", "!")) else line for line in text.split("\n"))
