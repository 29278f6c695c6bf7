"""Hold the marks of sheets and notebooks, and list them for one student or for a class.

A Row holds the marks of one line of answers or of one function. A Layout holds everything in which
the lists of sheets and of notebooks differ.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from refnn import console
from refnn.checking.catalogue.slips import CATALOGUE

DANGEROUS = ("=", "+", "-", "@")  # a spreadsheet takes a cell that begins with these as a formula


class Row(NamedTuple):
    """The marks of one line of answers, or of one function."""

    label: str  # "1a", or the function's name
    topic: str  # the topic of the line; "" for a function
    got: int  # marks
    of: int  # the most marks that there are
    slips: tuple  # names of the slips (known mistakes) that give the same answers
    remark: str

    @property
    def column(self):
        """Return the name of its CSV column: "loss a" for a line of answers, else the function."""
        return f"{self.topic} {self.label[-1]}" if self.topic else self.label


class Layout(NamedTuple):
    """The way in which sheets or notebooks are listed."""

    who: str  # the heading of Marked.who
    heading: Callable  # a Marked -> the text after the file name in its first line
    widths: tuple  # characters for a row's label and topic, and for its marks
    table: tuple  # columns of the class's table, from: file, `who`, seed, marks, of, remark
    steps: tuple  # the CSV's columns of marks, in order; (): in the order of the rows
    explained: bool  # True if the CSV has the remarks of the rows


class Marked(NamedTuple):
    """The marks of one sheet or notebook."""

    file: str  # its path
    who: str  # the student's name on the sheet, or the name of the assignment
    seed: int | None  # for the sheet's numbers, or for the hidden cases; None if the sheet has none
    got: int  # points
    of: int  # the most points that there are
    rows: tuple  # a Row for each line of answers or function
    remarks: tuple  # on the whole sheet or notebook
    layout: Layout  # how it is printed
    student: str = ""  # the id on a sheet of a class, or that of the roster; "" if unknown
    content: str = ""  # what the student wrote, by which identical submissions are found


def marked_text(marked):
    """Return the marks of one sheet or notebook as text: its rows, its remarks and the total.

    >>> layout = Layout("assignment", lambda m: f"{m.who}, seed {m.seed}", (14, 6), (), (), True)
    >>> rows = (Row("loss", "", 2, 4, (), "What factor?"),)
    >>> print(marked_text(Marked("a.ipynb", "network", 0, 2, 4, rows, (), layout)))
    a.ipynb: network, seed 0
      loss             2/4 What factor?
      total 2 of 4
    """
    lines = [console.wrap(f"{printable(marked.file)}: {marked.layout.heading(marked)}")]
    left, right = marked.layout.widths
    for row in marked.rows:
        name, marks = f"{row.label:3} {row.topic}", f"{row.got}/{row.of}"
        first, indent = f"  {name:{left}}{marks:>{right}} ", " " * (left + right + 3)
        lines.append(console.wrap(console.harmless(row.remark), indent, first).rstrip())
    for remark in marked.remarks:
        lines.append(console.wrap(console.harmless(remark), indent="    ", first="  * "))
    return "\n".join([*lines, f"  total {marked.got} of {marked.of}"])


def class_text(marked):
    """Return a class as a table, followed by its ten most common slips (known mistakes).

    Sheets and notebooks have a table each. Between tables and slips stand the sheets that have the
    same seed.

    >>> layout = Layout("name", None, (), ("file", "name", "seed", "marks", "of"), (), False)
    >>> rows = (Row("1a", "loss", 0, 1, ("missing_half",), ""),)
    >>> print(class_text([Marked(f, "", 7, 0, 1, rows, (), layout) for f in ("a.md", "b.md")]))
    file  name  seed  marks  of
    a.md           7      0   1
    b.md           7      0   1
    * these have the same seed 7: a.md, b.md
    <BLANKLINE>
    The most common mistakes
       2 missing_half: What factor stands in front of the sum?
    """
    lines = []
    for columns in dict.fromkeys(m.layout.table for m in marked):
        align = "".join("r" if name in ("seed", "marks", "of") else "l" for name in columns)
        rows = [[_cells(m)[name] for name in columns] for m in marked if m.layout.table == columns]
        lines += [""] * bool(lines) + [console.table(rows, columns, align)]
    seeds = Counter(m.seed for m in marked if m.seed is not None and "seed" in m.layout.table)
    for seed in [seed for seed, count in seeds.items() if count > 1]:
        same = [m for m in marked if m.seed == seed and "seed" in m.layout.table]
        files = ", ".join(printable(m.file) for m in same)
        lines.append(
            console.wrap(f"these have the same seed {seed}: {files}", indent="  ", first="* ")
        )
    return "\n".join([*lines, *slip_lines(marked)])


def slip_lines(marked):
    """Return the lines that list the ten most common slips of a class, with their hints.

    >>> slip_lines([])
    []
    """
    slips = commonest_slips(marked)[:10]
    lines = ["", "The most common mistakes"] * bool(slips)
    for name, count in slips:
        hint = f"{name}: {CATALOGUE[name].hint}"
        lines.append(console.wrap(hint, indent=" " * 5, first=f"{count:4} "))
    return lines


def _cells(marked):
    """Return the cells of one row of the class's table, by column."""
    return {
        "file": printable(marked.file)[-30:],
        marked.layout.who: printable(marked.who)[:20],
        "seed": "" if marked.seed is None else marked.seed,
        "marks": marked.got,
        "of": marked.of,
        "remark": printable("; ".join(marked.remarks))[:20],
    }


def class_csv(marked):
    """Return a class as CSV, with one row for each sheet or notebook.

    Each step or function has a column. No cell begins as a formula of a spreadsheet does.

    >>> layout = Layout("assignment", None, (), (), (), True)
    >>> rows = (Row("loss", "", 2, 4, ("missing_half",), "a"),)
    >>> print(class_csv([Marked("=1.ipynb", "network", 0, 2, 4, rows, (), layout)]), end="")
    file,assignment,seed,marks,of,loss,slips,remarks
    '=1.ipynb,network,0,2,4,2,missing_half,loss: a
    """
    kinds = {m.layout.who: m.layout for m in marked}
    found = dict.fromkeys(row.column for m in marked for row in m.rows)
    columns = [c for kind in kinds.values() for c in kind.steps if c in found]
    columns += [column for column in found if column not in columns]
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["file", *kinds, "seed", "marks", "of", *columns, "slips", "remarks"])
    for m in marked:
        got = {row.column: row.got for row in m.rows}
        slips = dict.fromkeys(name for row in m.rows for name in row.slips)
        explained = m.rows if m.layout.explained else ()
        remarks = [*m.remarks, *(f"{row.label}: {row.remark}" for row in explained if row.remark)]
        who = [m.who if kind == m.layout.who else "" for kind in kinds]
        cells = [m.file, *who, "" if m.seed is None else m.seed, m.got, m.of]
        cells += [got.get(column, "") for column in columns]
        cells += ["; ".join(slips), "; ".join(remarks)]
        table.writerow(map(spreadsheet, cells))
    return out.getvalue()


def spreadsheet(cell):
    """Return the text of a CSV cell, changed so that a spreadsheet does not compute it.

    >>> spreadsheet("=1+1"), spreadsheet(-3)
    ("'=1+1", "'-3")
    """
    text = console.harmless(str(cell))
    return f"'{text}" if text.strip().startswith(DANGEROUS) else text


def commonest_slips(marked):
    """Return [(slip, how many sheets or notebooks have it)], with the most common one first.

    >>> rows = (Row("loss", "", 2, 4, ("missing_half",), ""),)
    >>> commonest_slips([Marked("a.ipynb", "network", 0, 2, 4, 2 * rows, (), None)])
    [('missing_half', 1)]
    """
    counts = Counter(name for m in marked for name in {n for row in m.rows for n in row.slips})
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def printable(text):
    """Return a student's text without control characters, cut to 60 characters.

    >>> len(printable("a" * 100))
    60
    """
    text = console.harmless(text)
    return text if len(text) <= 60 else f"{text[:59]}…"
