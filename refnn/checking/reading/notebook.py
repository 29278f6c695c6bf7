"""This module reads a worked example from a Jupyter notebook.

Its Markdown cells are text. The stored outputs of a code cell are read as in a session: what is
printed gets its name from what was typed before it. Nothing is executed. A line is named by its
cell, such as "cell 3, line 2"; the lines of the outputs follow those of the source."""

import re

from refnn import arrays
from refnn.arrays import Refused
from refnn.checking.reading import blocks, markdown, sessions

LINE = re.compile(r"\bline (\d{1,9})\b")
PRINT = re.compile(r"print\(")
MAX_TEXT = 10**6  # characters in all cells and their printed outputs together


def is_notebook(found):
    """Return True if what a JSON file holds is a notebook.

    >>> is_notebook({"cells": [], "nbformat": 4}), is_notebook({"claims": []})
    (True, False)
    """
    return isinstance(found, dict) and isinstance(found.get("cells"), list)


def example(found, title, levels=None):
    """Read the example in a notebook, given as the dict that its JSON holds.

    >>> output = {"output_type": "execute_result", "data": {"text/plain": "array([1, 2])"}}
    >>> code = {"cell_type": "code", "source": "q", "outputs": [output]}
    >>> text = {"cell_type": "markdown", "source": ["x = [0.5, 1.0], scale 0.5, zero point 0"]}
    >>> made = example({"cells": [text, code]}, "t")["claims"][0]
    >>> made["name"], made["printed"]
    ('cell 2, line 2: x', {'codes': ['1', '2']})
    """
    lines, found_blocks, places, length = [], [], {}, 0
    for number, cell in enumerate(found["cells"], 1):
        if not isinstance(cell, dict):
            expected = "a table with cell_type and source"
            raise Refused(f"cell {number}", expected, arrays.describe(cell))
        source, begun = _text(cell.get("source"), number).split("\n"), len(lines)
        new, shown = [], 0
        if cell.get("cell_type") == "markdown":
            source = markdown.clean("\n".join(source)).split("\n")
            new = [b._replace(line=b.line + begun) for b in blocks.cut(source)]
            found_blocks += new
            lines += source
        elif cell.get("cell_type") == "code":
            new, shown = _code(source, cell.get("outputs"), begun + 1, number)
            found_blocks += new
            lines += [""] * (len(source) + shown)
        length += sum(map(len, source)) + sum(map(_length, new))
        if length > MAX_TEXT:
            raise Refused("the notebook", f"one of at most {MAX_TEXT:,} characters of text", "more")
        places.update(
            (k + 1, f"cell {number}, line {k + 1 - begun}") for k in range(begun, len(lines))
        )
    return _placed(lines, found_blocks, title, levels, places)


def _placed(lines, found, title, levels, places):
    """Read the blocks, and write every line as a cell and its line."""

    def place(text):
        return LINE.sub(lambda line: places.get(int(line[1]), line[0]), text)

    try:
        made = markdown.of_blocks(lines, found, title, levels)
    except Refused as error:
        name, expected, got, kind = error.parts
        raise Refused(place(name), expected, place(got), kind) from None
    for claim in made["claims"]:
        claim["name"] = place(claim["name"])
    if "notes" in made:
        made["notes"] = [place(note) for note in made["notes"]]
    return made


def _length(block):
    """Return how many characters the entries of a code cell hold."""
    if block.kind != "session":
        return 0
    return sum(len(entry.typed) + sum(map(len, entry.printed)) for entry in block.lines)


def _text(source, number):
    """Return the text of a cell or an output, which may be a list of lines."""
    source = source if isinstance(source, (list, tuple)) else [source or ""]
    if not all(isinstance(part, str) for part in source):
        raise Refused(f"cell {number}", "a cell whose source is text", arrays.describe(source))
    return "".join(source).replace("\r\n", "\n").replace("\r", "\n")


def _code(source, outputs, line, number):
    """Return (a block of the entries of a code cell, how many lines its outputs have)."""
    streamed, result = [], []
    for part in outputs if isinstance(outputs, list) else ():
        if not isinstance(part, dict):
            raise Refused(f"cell {number}", "a cell with a list of outputs", arrays.describe(part))
        data = part.get("data") if isinstance(part.get("data"), dict) else {}
        if part.get("output_type") == "stream" and part.get("name", "stdout") == "stdout":
            streamed += _text(part.get("text"), number).rstrip("\n").split("\n")
        elif part.get("output_type") in ("execute_result", "display_data"):
            result += _text(data.get("text/plain"), number).split("\n")
    typed = sessions.logical(source, line)
    shown = line + len(source)
    found = [sessions.Entry(text, at, (), at) for text, at in typed if not PRINT.match(text)]
    found += _streamed(typed, streamed, shown)
    last = typed[-1][0] if typed else ""
    found.append(sessions.Entry(last, line, tuple(result), shown + len(streamed)))
    return [blocks.Block("session", line, tuple(found))], len(streamed) + len(result)


def _streamed(typed, streamed, line):
    """Return the entries of what a cell printed.

    Each has its print(…) if there are as many calls of print as printed parts.
    """
    calls = [text for text, _ in typed if PRINT.match(text)]
    parts = sessions.logical(streamed, line)
    if len(calls) == len(parts):
        return [
            sessions.Entry(call, at, tuple(text.split("\n")), at)
            for call, (text, at) in zip(calls, parts)
        ]
    return [sessions.Entry("", line, tuple(streamed), line)]
