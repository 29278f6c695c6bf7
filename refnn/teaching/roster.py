"""Read the roster of a class and its secret, and derive from both what belongs to a student.

A roster is a CSV file with a column of ids, such as the gradebook that a learning platform exports.
A secret is a file of at least 16 random bytes. Who does not have it can compute neither the sheet
of a student nor its answers nor its check code, because all three come from
HMAC-SHA-256(secret, id and topics) (RFC 2104).
"""

import csv
import hashlib
import hmac
import io
import os
import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from refnn import console
from refnn.arrays import Refused, describe
from refnn.files import a_file
from refnn.validation import takes

# The columns that may hold the id, of our own rosters and those of Canvas and Moodle, best first
ID_COLUMNS = (
    "sis user id",  # beside Canvas' own "id", which students do not know
    "id",
    "student id",
    "id number",
    "sis login id",
    "username",
    "identifier",
    "email address",
)
LEAST, NEW = 16, 32  # bytes of a secret: the fewest that are taken, and those of a new one
LARGEST = 2**20  # bytes of a roster or a secret
LONGEST = 230  # characters of an id in the name of a file, of which most systems allow 255


class Roster(NamedTuple):
    """The students of a class, and the table that they come from."""

    table: tuple  # the rows of the CSV file, each a tuple of texts, with the header first
    students: dict  # id -> the number of its row in `table`
    delimiter: str
    mark: str  # the byte order mark of the file, or ""


@takes(path=a_file("a roster"))
def read_roster(path):
    """Read a roster from a CSV file with commas, semicolons or tabs.

    An id is brought into Unicode's form NFKC and loses the blanks around it. A row without an id
    belongs to no student. ValueError is raised without a column of ids, for two equal ids, and for
    ids whose files would have the same name.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "class.csv"
    ...     _ = file.write_text("name,id\\nAda,a1\\nBob,b2\\n")
    ...     read_roster(file).students
    {'a1': 1, 'b2': 2}
    """
    text = _decoded(_bytes("path", path))
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix("\ufeff")
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        table = tuple(
            map(tuple, csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
        )
    except csv.Error as error:
        raise Refused("path", "a CSV file", f"one that cannot be read ({error})") from None
    names = [name.strip().lower() for name in table[0]] if table else []
    column = next((names.index(name) for name in ID_COLUMNS if name in names), None)
    if column is None:
        got = describe(", ".join(names)[:60])
        raise Refused("path", "a CSV file with a column named id", f"the columns {got}")
    students, files = {}, {}
    for number, row in enumerate(table[1:], 1):
        student = known(row[column]) if len(row) > column else ""
        if not student:
            continue
        if len(student) > 200 or not student.isprintable():
            raise Refused("path", "ids of at most 200 printable characters", describe(student))
        if len(file_name(student)) > LONGEST:
            long = "ids short enough for the name of a file"
            raise Refused("path", long, describe(student))
        other = files.setdefault(file_name(student).lower(), student)
        if student in students or other != student:
            raise Refused("path", "ids that differ", f"{describe(other)} and {describe(student)}")
        students[student] = number
    if not students:
        raise Refused("path", "a roster with at least one id", "none")
    return Roster(table, students, delimiter, mark)


def _bytes(name, path):
    with open(path, "rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise Refused(name, "a file of at most 1 MB", "a larger one")
    return data


def _decoded(data):
    """Return the text of a CSV file in UTF-8, UTF-16 or GB 18030, with its byte order mark."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "\ufeff" + data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("gb18030", "replace")


def known(student):
    """Return an id in Unicode's form NFKC, without the blanks around it.

    >>> known(" ｓ1234567 ")
    's1234567'
    """
    return unicodedata.normalize("NFKC", student).strip()


def file_name(student):
    """Return an id as a part of a file name.

    Each byte of a character outside A-Z, a-z, 0-9, dot, underscore and hyphen becomes % and two
    hexadecimal digits. A dot at the beginning does so too, since it would hide the file.

    >>> file_name("ada@x.org"), file_name("王"), file_name("..")
    ('ada%40x.org', '%E7%8E%8B', '%2E.')
    """

    def escaped(found):
        data = found[0].encode("utf-8", "surrogatepass")
        return "".join(f"%{byte:02X}" for byte in data)

    return re.sub(r"[^A-Za-z0-9._-]|^\.", escaped, student)


def points_table(roster, points, of, name="refnn"):
    """Return the roster as CSV text with one more column, which Canvas and Moodle import.

    `points` is {id: points}. Other cells come back as they were. The row of Canvas that holds the
    possible points gets `of`.

    >>> roster = Roster((("name", "id"), ("Ada", "a1"), ("Bob", "b2")), {"a1": 1, "b2": 2}, ",", "")
    >>> print(points_table(roster, {"a1": 7}, 9), end="")
    name,id,refnn
    Ada,a1,7
    Bob,b2,
    """
    by_row = {roster.students[student]: points[student] for student in points}
    width = max(map(len, roster.table))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=roster.delimiter, lineterminator="\n")
    for number, row in enumerate(roster.table):
        possible = row and row[0].strip().lower() == "points possible"
        added = by_row.get(number, of if possible else "") if number else name
        if row:
            writer.writerow([*row, *[""] * (width - len(row)), added])
    return roster.mark + out.getvalue()


# --- the secret -----------------------------------------------------------------------------------


@takes(path=a_file("a secret"))
def read_secret(path):
    """Return the bytes of a secret, of which there must be at least 16.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "secret"
    ...     _ = file.write_bytes(b"short")
    ...     read_secret(file)
    Traceback (most recent call last):
    ValueError: read_secret: path must be a file of at least 16 random bytes, got 5 bytes
    """
    data = _bytes("path", path)
    if len(data) < LEAST:
        raise Refused("path", f"a file of at least {LEAST} random bytes", f"{len(data)} bytes")
    return data


def is_secret(name, secret, arguments):
    """Accept the bytes of a secret, of which there must be at least 16 (a kind of `validation`).

    >>> is_secret("secret", b"short", {})
    Traceback (most recent call last):
    refnn.arrays.Refused: secret must be at least 16 bytes, got 5 bytes
    """
    if not isinstance(secret, bytes):
        raise Refused(name, f"at least {LEAST} bytes", describe(secret), TypeError)
    if len(secret) < LEAST:
        raise Refused(name, f"at least {LEAST} bytes", f"{len(secret)} bytes")
    return secret


def new_secret():
    """Return 32 random bytes of the operating system.

    >>> len(new_secret())
    32
    """
    return os.urandom(NEW)


def signature(secret, *parts):
    """Return HMAC-SHA-256 of the parts, each of which is a text.

    The number of bytes stands before each part, so that no other parts give the same message.

    >>> signature(b"0" * 16, "a", "bc") == signature(b"0" * 16, "ab", "c")
    False
    """
    data = [part.encode("utf-8", "surrogatepass") for part in parts]
    message = b"".join(len(part).to_bytes(8, "big") + part for part in data)
    return hmac.new(secret, message, hashlib.sha256).digest()


def variant(secret, student, topics):
    """Return the seed of a student's sheet on these topics, a whole number of 63 bits.

    >>> a, b = (variant(b"0" * 16, name, ("loss",)) for name in ("ada", "bob"))
    >>> a == variant(b"0" * 16, " ada", ("loss",)), a == b, a < 2**63
    (True, False, True)
    """
    digest = signature(secret, "variant", known(student), *topics)
    return int.from_bytes(digest[:8], "big") >> 1


def hidden_seed(secret, assignment):
    """Return the seed of the hidden cases of an assignment.

    >>> hidden_seed(b"0" * 16, "network") == hidden_seed(b"0" * 16, "pruning")
    False
    """
    return int.from_bytes(signature(secret, "hidden cases", assignment)[:8], "big") >> 1


@lru_cache(maxsize=10**5)
def _spellings(student):
    return {student.lower(), file_name(student).lower()}


def owner(roster, path):
    """Return the id of the student whom a path names, or None.

    A folder or a file name names a student if it is the id, or if the id stands in it between
    characters that are neither letters nor digits ("Ada_Byron_a1_assignsubmission_file"). The part
    nearest to the file counts, and in it the longest id.

    >>> roster = Roster((), {"a1": 1, "a1-b": 2}, ",", "")
    >>> owner(roster, "class/a1/network.ipynb"), owner(roster, "sheet-a1-b.md"), owner(roster, "x")
    ('a1', 'a1-b', None)
    """
    for part in reversed(Path(path).parts):
        part = unicodedata.normalize("NFKC", console.harmless(part)).lower()
        found = [
            student
            for student in roster.students
            for name in _spellings(student)
            if name in part and re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", part)
        ]
        if found:
            return max(found, key=len)
    return None
