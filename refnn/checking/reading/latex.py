r"""This module finds the matrices in a LaTeX text, each with the name to the left of its "="."""

import re
from typing import NamedTuple

from refnn import arrays
from refnn.arrays import Refused

MAX_ENTRIES = 200  # of a tensor; the solver takes no more
EDGE = re.compile(r"\\(begin|end)\s*\{([a-zA-Z]*matrix\*?|array)\}")
FONTS = re.compile(
    r"\\(?:mathbf|mathrm|mathit|mathsf|boldsymbol|bm|text|left|right)(?![A-Za-z])|\\[,;:! ]"
)
SPACES, WHITE = re.compile(r"[\s&~]+"), re.compile(r"\s+")
BRACES = re.compile(r"[{}]")
INSIDE = re.compile(r"\s+(?=[_^})(=])|(?<=[_^{(=])\s+|(?<=hat)\s+")  # blanks inside a name
START = re.compile(
    r"\$|\\[\[(]|\\\\|\n\s*\n|[,;，；：。]|\\q?quad(?![A-Za-z])|\\(?:begin|end)\s*\{[a-z*]+\}"
    r"|(?<![_{])\\text\s*\{[^{}]*\}"
)
NAME = re.compile(r"\\?[A-Za-z]+(?:[_^](?:\{[A-Za-z0-9_,()\[\]]+\}|[A-Za-z0-9]))*")
EQUALS = re.compile(
    r"(?:\\(?:approx|simeq|equiv|coloneqq|triangleq)(?![A-Za-z])|≈|:)?\s*=|≈"
    r"|\\(?:approx|simeq|equiv|coloneqq|triangleq)(?![A-Za-z])"
)
CHAIN = re.compile(  # of a text whose blanks and line breaks are single ones
    r"\s*(?:\\right\s*[\])|.])?\s*[\])]?\s*&?\s*(?:=|\\approx|≈)\s*&?\s*(?:\\left\s*)?[\[(]?\s*"
)
MATH = re.compile(r"\$|\\[\[(]|\\\\|\n\s*\n|\\(?:begin|end)\s*\{[a-z*]+\}")
AFTER = re.compile(
    r"[ \t]*\n?[ \t]*(?:\\right[ \t]*[\])|.])?[\])]?[ \t]*"
    r"([\^_+*/-]|\\(?:cdot|times|odot|circ|left|frac)(?![A-Za-z])|\\begin\s*\{(?!array)[a-z]*matrix)"
)
SYMBOL = re.compile(r"\\?(?!nan$|inf$)[A-Za-z]", re.IGNORECASE)
HATS = re.compile(r"\\(?:wide)?hat")
MARKED = re.compile(r"\\(?:(?:wide)?(?:hat|tilde)|bar|overline)|Q\(")
UNREAD = "?"  # the form of a matrix after a hat or a Q( whose name cannot be read

SAID = {"x": "{}", "q": "Q({})", "x_hat": "{}^", UNREAD: "the matrix after {}"}


class Block(NamedTuple):
    """A matrix of the text, as it is printed there.

    >>> blocks(r"$$ Q(W_{ih}) = \\begin{bmatrix} 0 & 1 \\end{bmatrix} $$")[0].said
    'Q(W_ih)'
    """

    form: str  # x, q for Q(x), x_hat, or UNREAD
    name: str
    line: int  # the line on which it begins
    body: str
    after: str  # the operation that follows it, such as ^; else empty

    @property
    def said(self):
        """Return the name of the matrix as it is written in texts, such as Q(W_ih)."""
        return SAID[self.form].format(self.name)

    def refuse(self, expected, got):
        """Raise a ValueError that names the matrix and its line."""
        raise Refused(f"line {self.line}: {self.said}", expected, got)


def blocks(text):
    r"""Return all matrices that are set equal to a name, in the order of the text.

    ValueError is raised if a \begin has no \end, and names the line.

    >>> blocks(r"\begin{bmatrix} 1 \end{bmatrix} and V = \begin{bmatrix} 2 \end{bmatrix}")
    [Block(form='x', name='V', line=1, body=' 2 ', after='')]
    """
    found, opened, seen, line, left, closed = [], [], 0, 1, "", 0
    for edge in EDGE.finditer(text):
        line, seen = line + text.count("\n", seen, edge.start()), edge.start()
        if edge[1] == "begin":
            opened.append((edge, line))
            continue
        if not opened or opened[-1][0][2] != edge[2]:
            before, at = opened[-1] if opened else (("nothing",), line)
            _refuse_edge(at, f"{edge[0]} for {before[0]}")
        begin, begun = opened.pop()
        if opened:
            continue
        if CHAIN.fullmatch(WHITE.sub(" ", text[closed : begin.start()])):
            # In NAME = … = …, a matrix without a name is only a step on the way.
            if found and found[-1].form == UNREAD:
                found.pop()
            left = left if "=" in left[-3:] else f"{left} ="
        else:
            left = text[max(0, begin.start() - 200) : begin.start()]
        closed, (form, name) = edge.end(), _left_of(left)
        if name:
            after = AFTER.match(text, edge.end())
            body = text[begin.end() : edge.start()]
            found.append(Block(form, name, begun, body, after[1] if after else ""))
    if opened:
        begin, at = opened[-1]
        _refuse_edge(at, f"{begin[0]} alone")
    return found


def _refuse_edge(line, got):
    raise Refused(f"line {line}: text", r"LaTeX in which each \begin has its own \end", got)


def _left_of(text):
    """Return (form, name) of the matrix to the right of a text, or ("", "") without a name.

    In a chain a = b = … the last name counts."""
    parts = EQUALS.sub("=", _plain(START.split(text)[-1])).rstrip("[( ").split("=")
    for part in reversed(parts[:-1] if not parts[-1] else []):
        words = part.split() or [""]
        if len(words) > 1 and re.search(r"^\\|[-+*/^<>]$", words[-2]):
            continue  # the W of … \div W is not a name
        left, form = words[-1], "x"
        if left.startswith("Q(") and left.endswith(")"):
            left, form = left[2:-1], "q"
        elif HATS.match(left.lstrip("{")):
            left, form = HATS.sub("", left, count=1), "x_hat"
        left = _unbraced(left)
        if NAME.fullmatch(left):
            return form, re.sub(r"[{}\\]", "", left)
    said = _plain(MATH.split(text)[-1]).strip(" =")
    return (UNREAD, said) if MARKED.search(said) else ("", "")


def _plain(text):
    """Return LaTeX without font commands and without blanks inside names."""
    text = INSIDE.sub("", SPACES.sub(" ", FONTS.sub("", text.replace("\\_", "_"))))
    return re.sub(r"(?<=[_^])\{[^{}]*\}", lambda index: index[0].replace(" ", ""), text)


def _unbraced(left):
    """Remove the braces that fonts and hats leave around a name.

    {{W}}_{ih}, {W_{ih}} and W_{{ih}} all become W_{ih}."""
    left = re.sub(r"_\{\{(\w+)\}\}", r"_{\1}", left)
    for _ in range(4):
        left = re.sub(r"(?<![_^A-Za-z}])\{(\\?[A-Za-z]+)\}", r"\1", left)
    return left[1:-1] if left.startswith("{") and left.endswith("}") else left


def matrix(block):
    r"""Return the entries of a block as rows of text, or None if all entries are symbols.

    ValueError is raised if only some entries are numbers, or if the rows differ in length.

    >>> matrix(blocks(r"W = \begin{pmatrix} 1 & \frac{1}{3} \\ 2 & .5 \end{pmatrix}")[0])
    [['1', '1/3'], ['2', '.5']]
    """
    body = re.sub(r"(?<!\\)%[^\n]*", "", block.body)
    body = re.sub(r"^\s*(?:\{[lcr|\s]*\}|\[[lcr]\])", "", body).replace("\\hline", "")
    rows = re.split(r"(?:\\\\)+(?:\s*\[[^\[\]\n]{0,20}\])?|\\cr(?![A-Za-z])", body)
    rows = [row.split("&") for row in rows]
    most = f"of at most {MAX_ENTRIES} entries"
    if (count := sum(map(len, rows))) > MAX_ENTRIES + 1:  # one empty entry may follow a last \\
        block.refuse(most, f"{count}")
    rows = [[entry(cell) for cell in row] for row in rows]
    if len(rows) > 1 and rows[-1] == [""]:
        rows.pop()  # the empty row after a last \\
    cells = [cell for row in rows for cell in row]
    if all(SYMBOL.match(cell) for cell in cells):
        return None
    for i, cell in enumerate(cells):
        arrays.exact(f"line {block.line}: entry {i + 1} of {block.said}", cell)
    if len({len(row) for row in rows}) > 1:
        lengths = ", ".join(str(len(row)) for row in rows[:8])
        block.refuse("a matrix whose rows are equally long", f"rows of {lengths}")
    if len(cells) > MAX_ENTRIES:
        block.refuse(most, f"{len(cells)}")
    if block.after:
        block.refuse("a matrix and nothing else", f"a matrix and then {block.after!r}")
    if block.form == "q" and not all(re.fullmatch(r"[+-]?\d+", cell) for cell in cells):
        block.refuse("whole numbers", "other numbers")
    return rows


def entry(cell):
    r"""Return the text of a cell without braces, spaces and fonts, with \frac{1}{3} as 1/3.

    >>> entry(r"\mathbf{−\frac{1}{3}}")
    '-1/3'
    """
    cell = SPACES.sub("", FONTS.sub("", cell)).replace("−", "-").replace("\\phantom{-}", "")
    return BRACES.sub("", re.sub(r"\\[dt]?frac\{([+-]?\d+)\}\{(\d+)\}", r"\1/\2", cell))


def bare(text):
    r"""Return a text without font commands, blanks and braces.

    >>> bare(r"\frac{Q(x) + B}{W}")
    '\\fracQ(x)+BW'
    """
    return BRACES.sub("", SPACES.sub("", FONTS.sub("", text)))
