"""Find and read what students hand in: the files in folders, and the cells of notebooks."""

import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from refnn import console
from refnn.teaching.assignments import ASSIGNMENTS
from refnn.teaching.worksheets import ANSWERS

LARGEST = 20 * 2**20  # the most bytes of a notebook
TOO_LARGE = (
    f"It is too large: more than {LARGEST // 2**20} MB. Clear the outputs of its cells, save it "
    "and hand it in again."
)
OURS = ("timestamp.txt",)  # files that a platform puts beside those of the student


class Submission(NamedTuple):
    """The contents of a submitted notebook."""

    cells: list  # the texts of its code cells; "" for a check, so that the numbering stays
    assignment: str | None  # the assignment that it names
    remark: str  # why the file could not be read, or ""


# --- files ----------------------------------------------------------------------------------------


def files_in(paths):
    """Return the paths of all files that are to be marked, in order and each one once.

    A folder stands for the files in it and in its folders, sorted by path. Hidden files, answers
    that `worksheet` wrote and what a platform adds are left out there. A folder without a file, and
    a path where nothing is, stand in the list as they are.

    >>> files_in(["no/such/file.md"])
    ['no/such/file.md']
    """
    found = {}
    for path in map(os.fspath, paths):
        inside = [path]
        if os.path.isdir(path):
            inside = [file for file in _walk(path) if not _is_ours(file)] or [path]
        for file in inside:
            found.setdefault(os.path.realpath(file), file)
    return list(found.values())


def _walk(folder):
    for at, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (os.path.join(at, name) for name in sorted(files) if not name.startswith("."))


def _is_ours(path):
    if os.path.basename(path) in OURS:
        return True
    if not _is_file(path):
        return False
    try:
        with open(path, "rb") as file:
            return file.read(len(ANSWERS)) == ANSWERS.encode()
    except OSError:
        return False


def is_notebook(path):
    """Return True if a file is a notebook, by its name or its first bytes.

    >>> is_notebook("ada.ipynb"), is_notebook("ada.md")
    (True, False)
    """
    if Path(path).suffix.lower() == ".ipynb":
        return True
    if not _is_file(path):
        return False
    try:
        with open(path, "rb") as file:
            head = file.read(4096).lstrip(b"\xef\xbb\xbf \r\n\t")
    except (OSError, ValueError):
        return False
    return head.startswith(b"{") and b'"cell' in head


def names(paths):
    """Return a name for each path: that of the file, or the whole path if two files share it.

    >>> names(["a/x.md", "b/y.md"]), names(["a/x.md", "b/X.md"])
    (['x.md', 'y.md'], ['a/x.md', 'b/X.md'])
    """
    short = [os.path.basename(path) or path for path in paths]
    counts = Counter(name.lower() for name in short)
    return [path if counts[name.lower()] > 1 else name for path, name in zip(paths, short)]


def _is_file(path):
    """Return False for what is no regular file: a pipe would wait for somebody to write."""
    return "\0" not in os.fspath(path) and os.path.isfile(path)


def unreadable(path, error):
    """Say in a few words why a path cannot be read, for a remark.

    >>> unreadable("no/such/file", FileNotFoundError())
    'there is no such file'
    """
    if os.path.isdir(path):
        return "it is a folder without a file to mark" if not any(_walk(path)) else "it is a folder"
    if os.path.islink(path) and not os.path.exists(path):
        return "it is a link to a file that does not exist"
    if isinstance(error, FileNotFoundError) or "\0" in str(path):
        return "there is no such file"
    if os.path.exists(path) and not os.path.isfile(path):
        return "it is no regular file"
    words = getattr(error, "strerror", None) or getattr(error, "refusal", None) or str(error)
    return console.harmless(words)


def decode(data):
    """Return the text of a sheet's bytes.

    The bytes are UTF-8, UTF-16 or GB 18030, which Chinese editors write. UTF-16 is recognised by
    its byte order mark or by its many zeros.

    >>> decode("答案".encode("gb18030")), decode("a".encode("utf-16"))
    ('答案', 'a')
    >>> decode(b"a\\0b\\0"), decode(b"a\\xff")
    ('ab', 'a�')
    """
    utf16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    wide = 4 * data[1::2].count(0) > len(data)  # every other byte of Latin letters
    for encoding in ("utf-16",) if utf16 else ("utf-16-le",) if wide else ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", "replace")


# --- notebooks ------------------------------------------------------------------------------------


def read(path):
    """Read a Submission from a file, whatever the file holds.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "ada.ipynb"
    ...     _ = file.write_text("[]", encoding="utf-8")
    ...     read(file).remark
    'It is not a notebook that can be read.'
    """
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            raise IsADirectoryError
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        return Submission([], None, f"It cannot be read: {unreadable(path, error)}.")
    if len(data) > LARGEST:
        return Submission([], None, TOO_LARGE)
    if not data.strip():
        return Submission([], None, "The file is empty.")
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
        code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        cells = ["" if _of(cell, "nbgrader").get("grade") else _source(cell) for cell in code]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Submission([], None, "It is not a notebook that can be read.")
    named = _of(notebook, "refnn").get("assignment")
    return Submission(cells, named if named in tuple(ASSIGNMENTS) else None, "")


def _of(holder, name):
    """Return one dict of the metadata of a notebook or cell, or {} if there is none."""
    metadata = holder.get("metadata")
    found = metadata.get(name) if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def _source(cell):
    """Return the text of a cell, without what is no text."""
    source = cell.get("source")
    lines = source if isinstance(source, list) else [source]
    return "".join(line for line in lines if isinstance(line, str))


def assigned(found):
    """Return the assignment of each Submission of a class, or None if it cannot be known.

    It is the assignment that the notebook names. If it names none, the functions of each assignment
    that the notebook defines are counted, and the highest count decides if there is only one such.
    Otherwise it is the assignment of all the others, if they share one.

    >>> loss, nothing = Submission(["def loss(y): return y"], None, ""), Submission([], None, "")
    >>> assigned([loss, nothing]), assigned([nothing])
    (['network', 'network'], [None])
    """
    names = [submission.assignment or _most_defined(submission.cells) for submission in found]
    others = set(names) - {None}
    shared = min(others) if len(others) == 1 else None
    return [name or shared for name in names]


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
