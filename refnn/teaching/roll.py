"""What sheets and notebooks share when a class is told: others' text made harmless, the commonest
slips, CSV."""

import csv
import io
from collections import Counter

from refnn import console
from refnn.checking.catalogue.slips import CATALOGUE

DANGEROUS = ("=", "+", "-", "@")  # a spreadsheet would compute such a cell


def printable(text):
    """A text of somebody else without what would move a terminal's cursor, cut to 60 characters.

    >>> len(printable("a" * 100))
    60
    """
    text = console.harmless(text)
    return text if len(text) <= 60 else f"{text[:59]}…"


def commonest_slips(marked):
    """[(slip, in how many of the marked)], the commonest first; each has rows with slips.

    >>> commonest_slips([])
    []
    """
    counts = Counter(
        name for m in marked for name in dict.fromkeys(n for row in m.rows for n in row.slips)
    )
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def commonest_text(marked):
    """Lines: the ten commonest slips with their hints; none where there is no slip.

    >>> commonest_text([])
    []
    """
    slips = commonest_slips(marked)
    lines = [
        console.wrap(f"{name}: {CATALOGUE[name].hint}", indent=" " * 5, first=f"{count:4} ")
        for name, count in slips[:10]
    ]
    return ["", "The commonest slips", *lines] if slips else []


def csv_text(rows):
    """Rows as CSV; no cell that a spreadsheet would compute.

    >>> csv_text([["a", "=1+1", 2]])
    "a,'=1+1,2\\n"
    """
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(
        [[_cell(value) for value in row] for row in rows]
    )
    return out.getvalue()


def _cell(value):
    text = console.harmless(str(value))
    return f"'{text}" if text.strip().startswith(DANGEROUS) else text
