r"""This module rewrites LaTeX and Markdown as plain text, line by line.

Values that a text states in words, in formulas or in lines of arithmetic can then be read by the
same few rules: `\frac{2.7}{15}` becomes ((2.7)/(15)), `\lfloor x/S \rceil` becomes round(x/S), and
`q_{\min}` becomes q_min. A line stays on its line. The time is linear in the length of the text."""

import re

from refnn.checking.reading.latex import EDGE

BLANKS = re.compile(r"[ \t\xa0\u3000\f\v]+")
TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|\*\*|[{}_^$`*\n⌊⌋⌈⌉&~]|[^\\{}_^$`*\n⌊⌋⌈⌉&~]+|\\")
SAME = str.maketrans("−–（）：，；＝［］【】×·⋅∗÷", "--():,;=[][]****/")
FONTS = set(
    "mathbf mathrm mathit mathsf mathcal boldsymbol bm text textbf textit texttt operatorname "
    "operatorname* displaystyle left right big Big bigl bigr Bigl Bigr limits bf rm tt it".split()
)
WORDS = {
    **dict.fromkeys(["times", "cdot", "ast"], "*"),
    **dict.fromkeys(["approx", "simeq", "approxeq"], "≈"),
    **dict.fromkeys(["bmod", "mod", "pmod"], " mod "),
    **dict.fromkeys(["to", "rightarrow", "Rightarrow", "mapsto", "longrightarrow"], "→"),
    **dict.fromkeys(["ldots", "dots", "cdots"], "…"),
    **dict.fromkeys(["quad", "qquad"], ", "),
    **dict.fromkeys(["lvert", "rvert", "vert", "mid"], "|"),
    **dict.fromkeys(["begin", "end"], ""),
    "div": "/",
    "Delta": "Δ",
    "in": "∈",
    "pm": "±",
    "le": "<=",
    "leq": "<=",
    "ge": ">=",
    "geq": ">=",
    "lfloor": "⌊",
    "rfloor": "⌋",
    "lceil": "⌈",
    "rceil": "⌉",
    "nint": "round",
    "lbrack": "[",
    "rbrack": "]",
    "coloneqq": "=",
}
MARKS = {"hat": "hat_", "widehat": "hat_", "tilde": "tilde_", "bar": "bar_", "overline": "bar_"}
ESCAPES = {"\\\\": ";", "\\_": "_", "\\%": "%", "\\{": "(", "\\}": ")", "\\$": "$"}
PAIRS = {"⌊⌋": "floor(", "⌈⌉": "ceil(", "⌊⌉": "round("}
TAG = re.compile(
    r"</?(?:br|p|b|i|em|strong|code|pre|sub|sup|span|div|center|table|thead|tbody|t[rdh]|li|ul|ol|h\d"
    r"|a|img|details|summary)(?: [^<>\n]{0,300})?/?>",
    re.IGNORECASE,
)
SHORT_FRACTION = re.compile(r"(\\[dt]?frac) ?(\d)(\d)")


def one_blank(text):
    """Replace the blanks between words by single ones, and leave the lines as they are.

    >>> one_blank("a \\t  b\\n   c")
    'a b\\n c'
    """
    return BLANKS.sub(" ", text)


def without_matrices(text):
    r"""Replace each LaTeX matrix by a mark, so that its entries are not read as other numbers.

    >>> without_matrices(r"V = \begin{bmatrix} 1 & 2 \end{bmatrix}, S = 3")
    'V = ▦, S = 3'
    """
    parts, depth, done = [], 0, 0
    for edge in EDGE.finditer(text):
        if edge[1] == "begin":
            if not depth:
                parts.append(text[done : edge.start()])
                done = edge.start()
            depth += 1
        elif depth:
            depth -= 1
            if not depth:
                parts.append("▦" + "\n" * text.count("\n", done, edge.end()))
                done = edge.end()
    return "".join([*parts, text[done:]])


class _Writer:
    """The plain text so far, and the brackets that are open in it."""

    def __init__(self):
        self.out, self.open, self.floors = [], [], []
        self.pending = ""  # what the next opening brace belongs to

    def command(self, name):
        pending = self.pending
        self.pending = ""
        if name in FONTS:
            self.pending = "group" if pending in ("", "group") else pending
        elif name in ("frac", "dfrac", "tfrac"):
            self.out.append("(")
            self.pending = "above"
        elif name == "sqrt":
            self.out.append("sqrt")
            self.pending = "power"
        elif name in MARKS:
            self.out.append(MARKS[name])
            self.pending = "group"
        elif name in ("begin", "end"):
            self.pending = "nothing"
        else:
            self.plain(WORDS.get(name, name))

    def plain(self, text):
        """Write text, in which ⌊, ⌈, ⌋ and ⌉ become the name of a function."""
        if text in ("⌊", "⌈"):
            self.floors.append((len(self.out), text))
        elif text in ("⌋", "⌉") and self.floors:
            at, opened = self.floors.pop()
            self.out[at] = PAIRS.get(opened + text, opened)
            text = ")" if opened + text in PAIRS else text
        self.out.append(text)

    def brace(self, brace):
        if brace == "{":
            kind, self.pending = self.pending, ""
            self.out.append("(" if kind in ("above", "below", "power") else "")
            self.open.append((kind, len(self.out)))
            return
        kind, begun = self.open.pop() if self.open else ("", 0)
        if kind == "nothing":
            del self.out[begun:]
        self.out.append({"above": ")/", "below": "))", "power": ")"}.get(kind, ""))
        self.pending = "below" if kind == "above" else ""


def plain(text, code=False):
    r"""Return the plain text of LaTeX and Markdown.

    code: True for text in which backquotes and stars mean themselves, such as a pasted print.

    >>> plain(r"With $S = \frac{2.7}{15}$, $q = \left\lfloor x/S \right\rceil \cdot 2^{4}$, **so**")
    'With S = ((2.7)/(15)) , q = round( x/S ) * 2^(4) , so'
    """
    text = SHORT_FRACTION.sub(r"\1{\2}{\3}", text.translate(SAME))
    text = text if code else TAG.sub(" ", text)
    to = _Writer()
    for found in TOKEN.finditer(text):
        token = found[0]
        if len(token) > 1 and token[0] == "\\":
            if token in ESCAPES:
                to.plain(ESCAPES[token])
            elif token[1].isalpha():
                to.command(token[1:])
            else:
                to.plain(" ")
        elif token in "{}":
            to.brace(token)
        elif token in "_^":
            to.plain(token)
            to.pending = "group" if token == "_" else "power"
            continue
        elif token == "**":
            to.plain("^" if code or _between_numbers(text, found) else "")
        elif token in "$`&~":
            to.plain(token if code and token == "`" else " " if token in "$&~" else "")
        else:
            to.plain(token)
        if token.strip() and token[0] not in "\\{}":
            to.pending = ""
    return one_blank("".join(to.out)).translate({ord("⌊"): "floor(", ord("⌋"): ")"})


def _between_numbers(text, found):
    before, after = (
        text[max(0, found.start() - 1) : found.start()],
        text[found.end() : found.end() + 1],
    )
    return (before.isdigit() or before == ")") and (after.isdigit() or after == "(")
