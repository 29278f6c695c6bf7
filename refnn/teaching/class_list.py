"""List the marks of a class by the students of its roster, and write the feedback for each one.

A piece is what each student hands in once: an assignment, or a worksheet on the same topics. If a
student hands in several files of one piece, the one with most points counts.
"""

import csv
import io
from collections import defaultdict
from typing import NamedTuple

from refnn import console
from refnn.teaching.mark_sheet import OTHER_HEAD
from refnn.teaching.marks import commonest_slips, printable, slip_lines, spreadsheet
from refnn.teaching.roster import known, owner

NOTHING = "Nothing was handed in."


class Student(NamedTuple):
    """What a student of the roster handed in."""

    id: str
    marked: tuple  # the Marked of every file
    points: dict  # {piece: points}
    remarks: tuple

    @property
    def got(self):
        """Return the sum of the points."""
        return sum(self.points.values())


class ClassList(NamedTuple):
    """The marks of a class."""

    pieces: dict  # {piece: the most points that there are}
    students: tuple  # a Student for each id of the roster, in its order
    strangers: tuple  # the Marked of each file that belongs to no student of the roster

    @property
    def of(self):
        """Return the most points that there are."""
        return sum(self.pieces.values())


def class_list(marked, paths, roster):
    """Return the ClassList of some files, whose paths are given in the same order.

    A file belongs to the student whose id is in the head of the sheet, or else to the one whom its
    path names.

    >>> from refnn.teaching.roster import Roster
    >>> class_list([], [], Roster((), {"a1": 1}, ",", "")).students
    (Student(id='a1', marked=(), points={}, remarks=('Nothing was handed in.',)),)
    """
    named = [owner(roster, path) for path in paths]
    ids = [known(m.student) or name for m, name in zip(marked, named)]
    labels = _labels([m for m in marked if OTHER_HEAD not in m.remarks] or marked)
    mine, remarks, most = defaultdict(list), defaultdict(list), {}
    for m, name, student in zip(marked, named, ids):
        mine[student].append(m)
        remarks[student] += _odd(m, name, student)
        if label := labels.get(_piece(m)):
            most[label] = max(most.get(label, 0), m.of)
    for group in _identical(marked, ids):
        for student in group:
            others = ", ".join(sorted(group - {student}))
            remarks[student].append(f"The same answers were handed in by {others}.")
    students = []
    for student in roster.students:
        points = {}
        for m in mine[student]:
            if label := labels.get(_piece(m)):
                points[label] = max(points.get(label, 0), m.got)
        remarks[student] += [f"{m.file}: {remark}" for m in mine[student] for remark in m.remarks]
        said = tuple(remarks[student]) if mine[student] else (NOTHING,)
        students.append(Student(student, tuple(mine[student]), points, said))
    strangers = tuple(m for m, student in zip(marked, ids) if student not in roster.students)
    return ClassList(most, tuple(students), strangers)


def _piece(m):
    """Return what the files of one piece have in common, or None if the file is of none.

    A file that could not be read is of none, and so is a sheet for practice, whose answers
    everybody can compute.
    """
    if not m.rows or (m.rows[0].topic and not m.student):
        return None
    return tuple(dict.fromkeys(row.topic for row in m.rows)) if m.rows[0].topic else m.who


def _labels(marked):
    """Return {piece: its name}, which is that of the assignment, "worksheet", "worksheet 2", …."""
    labels, sheets = {}, 0
    for piece in filter(None, map(_piece, marked)):
        if piece not in labels:
            sheets += isinstance(piece, tuple)
            sheet = f"worksheet {sheets}" if sheets > 1 else "worksheet"
            labels[piece] = sheet if isinstance(piece, tuple) else piece
    return labels


def _odd(m, name, student):
    """Return remarks on a file whose head and path do not agree, or that is no sheet of a class."""
    if m.student and name not in (None, student):
        yield f"{m.file} has the id {student}, but its path names {name}."
    if not m.student and m.seed is not None and m.rows and m.rows[0].topic:
        why = f"It is for practice (seed {m.seed}) and not the student's own."
        yield f"{m.file} does not count. {why}"


def _identical(marked, ids):
    """Return the sets of students that have handed in the same answers."""
    groups = defaultdict(set)
    for m, student in zip(marked, ids):
        if m.content and student is not None:
            groups[m.content].add(student)
    return [group for group in groups.values() if len(group) > 1]


def list_text(found):
    """Return a ClassList as a table, followed by the remarks and the most common slips.

    >>> print(list_text(ClassList({"loss": 4}, (Student("a1", (), {}, (NOTHING,)),), ())))
    id  loss  marks  of
    a1            0   4
    <BLANKLINE>
    Remarks
      a1: Nothing was handed in.
    """
    header = ["id", *found.pieces, "marks", "of"]
    rows = [
        [printable(s.id)[:24], *(s.points.get(p, "") for p in found.pieces), s.got, found.of]
        for s in found.students
    ]
    lines = [console.table(rows, header, "l" + "r" * (len(header) - 1))]
    remarks = [(printable(s.id), remark) for s in found.students for remark in s.remarks]
    unknown = "It belongs to no student of the roster"
    remarks += [
        (m.file, f"{unknown} ({m.student})." if m.student else f"{unknown}.")
        for m in found.strangers
    ]
    lines += ["", "Remarks"] * bool(remarks)
    for who, remark in remarks:
        lines.append(console.wrap(console.harmless(f"{who}: {remark}"), "    ", "  "))
    return "\n".join([*lines, *slip_lines([m for s in found.students for m in s.marked])])


def list_csv(found):
    """Return a ClassList as CSV, with one row for each student of the roster.

    >>> print(list_csv(ClassList({"loss": 4}, (Student("a1", (), {}, (NOTHING,)),), ())), end="")
    id,loss,marks,of,slips,remarks
    a1,,0,4,,Nothing was handed in.
    """
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["id", *found.pieces, "marks", "of", "slips", "remarks"])
    for s in found.students:
        points = [s.points.get(piece, "") for piece in found.pieces]
        slips = "; ".join(name for name, _ in commonest_slips(s.marked))
        cells = [s.id, *points, s.got, found.of, slips, "; ".join(s.remarks)]
        table.writerow(map(spreadsheet, cells))
    return out.getvalue()


def feedback(student, marked):
    """Return the feedback for one student as Markdown: the marks and hints of each file.

    >>> print(feedback("a1", []))
    # Feedback for a1
    <BLANKLINE>
    Nothing was handed in.
    <BLANKLINE>
    """
    parts = [f"# Feedback for {printable(student)}"]
    for m in marked:
        parts += [f"## {printable(m.file)}: {m.got} of {m.of}"]
        lines = [f"- `{r.label}` {r.got}/{r.of} {console.harmless(r.remark)}" for r in m.rows]
        lines += [f"- {console.harmless(remark)}" for remark in m.remarks]
        parts += ["\n".join(line.rstrip() for line in lines)] * bool(lines)
    return "\n\n".join(parts if marked else [*parts, NOTHING]) + "\n"
