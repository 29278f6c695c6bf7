"""This module reads sessions at a prompt: what was typed, and what was printed after it."""

import re
from typing import NamedTuple

from refnn.checking.reading.blocks import PROMPT

ASSIGNED = re.compile(r"([A-Za-z_]\w{0,40}) = ")
PRINTED = re.compile(r"print\((?:f?(['\"])([^'\"]{0,60})\1 ?, ?)?([A-Za-z_][\w.() ]{0,40})\)$")
SCALAR = re.compile(
    r"(?:(?:np\.|numpy\.)?(?:float|int|uint)\d{1,3}\(|(?:tensor|array|Array)\()?"
    r" ?([-+]?\d[\d.eE+-]{0,40}) ?(?:, ?dtype=[\w.']{1,20})?\)?"
)


class Entry(NamedTuple):
    """What was typed, and what it printed."""

    typed: str  # on one line, "" before the first prompt
    typed_line: int
    printed: tuple  # lines
    line: int  # of the first printed line


def entries(block):
    """Return the entries of a session.

    >>> from refnn.checking.reading.blocks import Block
    >>> lines = (">>> q = [1,", "...      2]", ">>> q", "[1, 2]")
    >>> entries(Block("fence", 3, lines))[1]
    Entry(typed='q', typed_line=5, printed=('[1, 2]',), line=6)
    """
    found, typed, typed_line, printed, line = [], [], block.line, [], block.line
    for at, text in enumerate(block.lines, block.line):
        text = text.strip() if PROMPT.match(text.strip()) else text.rstrip()
        prompt = PROMPT.match(text)
        if not prompt or prompt[1].startswith("Out"):
            line = line if printed else at
            printed.append(text[prompt.end() :] if prompt else text)
            continue
        follows = prompt[1] in ("...", "...:") and typed and not printed
        if not follows:
            if typed or printed:
                found.append(Entry(" ".join(typed), typed_line, tuple(printed), line))
            typed, typed_line, printed = [], at, []
        typed.append(text[prompt.end() :].strip())
    if typed or printed:
        found.append(Entry(" ".join(typed), typed_line, tuple(printed), line))
    return found


def logical(lines, first):
    """Return [(text, its first line)], in which lines inside open brackets are joined.

    Other lines that are indented or empty are left out.

    >>> logical(["x = [1,", "     2]", "", "    y = 3", "x"], 7)
    [('x = [1,\\n     2]', 7), ('x', 11)]
    """
    found, depth = [], 0
    for at, line in enumerate(lines, first):
        if depth > 0:
            found[-1][0].append(line)
        elif line.strip() and (line[0] not in " \t" or not found):
            found.append(([line], at))
            depth = 0
        else:
            continue
        depth += sum(map(line.count, "([{")) - sum(map(line.count, ")]}"))
    return [("\n".join(text), at) for text, at in found]


def label(typed):
    """Return the words for what an expression prints: its name, if it is one.

    >>> label("print(q)"), label("print('codes', x)"), label("q = f(x); q"), label("x / 2")
    ('q', 'codes x', 'q', 'x / 2')
    """
    last = typed.split("#")[0].strip().rstrip(";").split(";")[-1].strip()
    printed = PRINTED.match(last)
    if printed:
        last = f"{printed[2] or ''} {printed[3]}".strip()
    return re.sub(
        r"\.(?:int_repr|dequantize|numpy|tolist|detach|cpu|flatten|item)\(\)", _method, last
    )


def _method(found):
    """Return the words for a method: what q.int_repr() prints are codes, for example."""
    if "int_repr" in found[0]:
        return " codes"
    return " dequantized" if "dequantize" in found[0] else ""


def as_statement(entry):
    """Return "NAME = number" if an entry prints one number, else "".

    >>> as_statement(Entry("scale", 1, ("np.float32(0.5)",), 2))
    'scale = 0.5'
    """
    printed = [text.strip() for text in entry.printed if text.strip()]
    number = SCALAR.fullmatch(printed[0]) if len(printed) == 1 else None
    name = label(entry.typed)
    return f"{name} = {number[1]}" if number and re.fullmatch(r"[\w.]{1,40}", name) else ""
