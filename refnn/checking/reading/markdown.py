r"""A worked example out of Markdown: matrices in LaTeX with what stands to the left of their "=".

    W_{ih} = \begin{bmatrix} 0.1 & 0.2 \end{bmatrix}          the tensor W_ih
    Q(W_{ih}) = …                                             its codes
    \hat{W}_{ih} = …                                          its decoded values

A tensor with codes is a claim of kind "solve", one with codes and decoded values also a
"roundtrip", one with decoded values alone a "decoded", in the order in which they are printed;
where the text states one W and one B, the claims are "quantize" and "dequantize" by these. A block
may be repeated, but not with other entries: a file holds one example. P is read from the words
(`printed.levels_said`), the decoder's sign from (Q(x) ± B)/W; if it is not printed, either does.
Numbers after a hat or a Q( that are of no name are "unread". Matrices of symbols, and those of
names without codes and decoded values, are not about this."""

import re
from fractions import Fraction
from typing import NamedTuple

from refnn import arrays
from refnn.checking.reading.printed import EITHER, half_unit, levels_said

MAX_ENTRIES = 200  # of a tensor, as many as the solver takes
EDGE = re.compile(r"\\(begin|end)\s*\{([a-zA-Z]*matrix\*?|array)\}")
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
FONTS = re.compile(
    r"\\(?:mathbf|mathrm|mathit|mathsf|boldsymbol|bm|text|left|right)(?![A-Za-z])|\\[,;:! ]"
)
SPACES = re.compile(r"[\s&~]+")
INSIDE = re.compile(r"\s+(?=[_^})(=])|(?<=[_^{(=])\s+|(?<=hat)\s+")  # blanks within a name
START = re.compile(
    r"\$|\\[\[(]|\\\\|\n\s*\n|[,;，；：。]|\\q?quad(?![A-Za-z])|\\(?:begin|end)\s*\{[a-z*]+\}"
    r"|(?<![_{])\\text\s*\{[^{}]*\}"
)
NAME = re.compile(r"\\?[A-Za-z]+(?:[_^](?:\{[A-Za-z0-9_,()\[\]]+\}|[A-Za-z0-9]))*")
EQUALS = re.compile(
    r"(?:\\(?:approx|simeq|equiv|coloneqq|triangleq)(?![A-Za-z])|≈|:)?\s*=|≈"
    r"|\\(?:approx|simeq|equiv|coloneqq|triangleq)(?![A-Za-z])"
)
CHAIN = re.compile(
    r"\s*(?:\\right\s*[\])|.])?\s*[\])]?\s*&?\s*(?:=|\\approx|≈)\s*&?\s*(?:\\left\s*)?[\[(]?\s*"
)
MATH = re.compile(r"\$|\\[\[(]|\\\\|\n\s*\n|\\(?:begin|end)\s*\{[a-z*]+\}")
AFTER = re.compile(
    r"[ \t]*\n?[ \t]*(?:\\right[ \t]*[\])|.])?[\])]?[ \t]*"
    r"([\^_+*/-]|\\(?:cdot|times|odot|circ|left|frac)(?![A-Za-z])|\\begin\s*\{(?!array)[a-z]*matrix)"
)
CODE = r"(?:Q\([^()]{1,60}\)|[qQ](?:_\w+?)?)([-+−])B"  # in text without braces
DECODER = re.compile(
    rf"\\[dt]?frac{CODE}W|\\[dt]?frac1W\(?{CODE}|\({CODE}\)(?:/|\\div|÷)W|(?<!\w){CODE}\\overW"
    rf"|W\^-1\({CODE}\)"
)
NUMBER = r"([+-]?(?:\d+(?:\.\d+)?(?:/\d+)?|\.\d+|\\[dt]?frac\{[+-]?\d+\}\{\d+\}))"
STATED = {
    key: re.compile(
        r"(?:^|[$(,;:，；：、。\[&]|[一-鿿]|\\[(\[]|(?<![A-Za-z])(?i:and|with|let|for|take|use|using|where|is|set|q?quad))"
        rf"[\s~]*{key}\s*=\s*(?:[^=$,;，；。&\n]{{0,80}}[^=$,;，；。&\sA-Za-z]\s*=\s*)?{NUMBER}(?!\w|\.\d|\s*[-+*/^]|\s*\\[a-z])",
        re.MULTILINE,
    )
    for key in "WB"
}
SYMBOL = re.compile(r"\\?(?!nan$|inf$)[A-Za-z]", re.IGNORECASE)
HATS = re.compile(r"\\(?:wide)?hat")
MARKED = re.compile(r"\\(?:(?:wide)?(?:hat|tilde)|bar|overline)|Q\(")
UNREAD = "?"  # the form of a matrix after a hat or a Q( that is of no name


class Block(NamedTuple):
    """A matrix as printed: of (x, q, x_hat or ?) which name, the line where it begins, its text,
    what follows.

    >>> blocks(r"$$ Q(W_{ih}) = \\begin{bmatrix} 0 & 1 \\end{bmatrix} $$")[0][:3]
    ('q', 'W_ih', 1)
    """

    form: str
    name: str
    line: int
    body: str
    after: str


def example(text, title, levels=None):
    r"""The example in a Markdown text, for worked_example.check; ValueError names the tensor and
    the line.

    >>> text = r"$$b = \begin{pmatrix}0.1\\0.2\end{pmatrix}$$ $$Q(b) = \begin{pmatrix}0\\1\end{pmatrix}$$ P = 8"
    >>> example(text, "t")["claims"]
    [{'kind': 'solve', 'name': 'Q(b)', 'x': [['0.1'], ['0.2']], 'printed': [['0'], ['1']]}]
    """
    text = COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text.replace("\r\n", "\n"))
    found = blocks(text)
    names = dict.fromkeys(block.name for block in found if block.form not in ("x", UNREAD))
    printed, unread = {}, []
    for block in found:
        if block.form == UNREAD:
            if (matrix := _matrix(block)) is not None:
                unread.append(
                    {
                        "kind": "unread",
                        "name": f"line {block.line}: {block.name}",
                        "printed": matrix,
                    }
                )
            continue
        matrix = _matrix(block) if block.name in names else None
        if matrix is not None and printed.setdefault((block.form, block.name), matrix) != matrix:
            _refuse(
                block.line, _told(block), "printed with the same entries each time", "other entries"
            )
    shapes = {key: (len(matrix), len(matrix[0])) for key, matrix in printed.items()}
    solve, roundtrip = [], []
    for name in names:
        x, q, x_hat = (printed.get((form, name)) for form in ("x", "q", "x_hat"))
        block = next(
            block for block in found if block.form in ("q", "x_hat") and block.name == name
        )
        if q is None and x_hat is None:  # symbols only
            continue
        if x is None:
            _refuse(block.line, name, f"printed where {_told(block)} is", "no matrix of numbers")
        for form in ("q", "x_hat"):
            if shapes.get((form, name), shapes["x", name]) != shapes["x", name]:
                _refuse(
                    block.line,
                    _told(block._replace(form=form)),
                    f"of shape {shapes['x', name]}, as {name}",
                    f"shape {shapes[form, name]}",
                )
        if q is not None:
            solve.append({"kind": "solve", "name": f"Q({name})", "x": x, "printed": q})
        if q is not None and x_hat is not None:
            roundtrip.append(
                {"kind": "roundtrip", "name": f"{name}^", "x": x, "codes": q, "decoded": x_hat}
            )
        elif x_hat is not None:
            roundtrip.append({"kind": "decoded", "name": f"{name}^", "x": x, "printed": x_hat})
    if not solve and not roundtrip:
        arrays.refuse(
            "example", "text", r"an article with matrices NAME and Q(NAME) or \hat{NAME}", "none"
        )
    sign, (pair, said) = _sign(text), _stated(text, names)
    for claim in roundtrip:
        if claim["kind"] == "roundtrip":
            claim["sign"] = sign
    if pair:
        solve, roundtrip = (
            [_by(pair, claim) for claim in solve],
            [_by(pair, claim) for claim in roundtrip],
        )
    P = _levels(text) if levels is None else levels
    rounded = any(Fraction(v).denominator > 1 and "." in v for v in pair)  # 7.78 may be 70/9
    return {
        "title": title + said,
        "claims": solve + roundtrip + unread,
        **({} if P is None else {"P": P}),
        **({"inputs": "rounded"} if rounded else {}),
    }


def _stated(text, names):
    """((W, B), words): the one scaling factor and the one offset that the text states; ((), what it
    states) if not one.

    A pair of the names of tensors is none.
    """
    text = FONTS.sub("", text)
    W, B = ({Fraction(v): v for v in map(_entry, STATED[key].findall(text))} for key in "WB")
    if not W or not B or {"W", "B"} & set(names):
        return (), ""
    if len(W) == len(B) == 1 and 0 not in W:
        return (*W.values(), *B.values()), ""
    return (
        (),
        f" (of the stated W = {', '.join(W.values())} and B = {', '.join(B.values())} none is used)",
    )


def _by(pair, claim):
    """A claim about an unknown (W, B) as one about this pair; of two signs that of the decoder that
    prints it, or +."""
    W, B = pair
    name = f"{claim['name']} with W = {W}, B = {B}"
    if claim["kind"] == "solve":
        return {**claim, "kind": "quantize", "name": name, "W": W, "B": B}
    if claim["kind"] == "decoded":
        return claim
    offsets = {"+": B, "-": str(-Fraction(B))}
    entries = [(int(q), d) for rows in zip(claim["codes"], claim["decoded"]) for q, d in zip(*rows)]
    prints = [
        sign
        for sign, b in offsets.items()
        if claim["sign"] in (sign, EITHER)
        and all(
            abs((q + Fraction(b)) / Fraction(W) - Fraction(d)) <= half_unit(d) for q, d in entries
        )
    ]
    sign = prints[0] if prints else "-" if claim["sign"] == "-" else "+"
    return {
        "kind": "dequantize",
        "name": f"{name}, (q {sign} B)/W",
        "q": claim["codes"],
        "W": W,
        "B": offsets[sign],
        "printed": claim["decoded"],
    }


def blocks(text):
    r"""All matrices that are given to a name, in order; a \begin without its \end is refused by its
    line.

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
            _refuse(
                opened[-1][1] if opened else line,
                "text",
                r"LaTeX in which each \begin has its own \end",
                f"{edge[0]} for {opened[-1][0][0] if opened else 'nothing'}",
            )
        begin, begun = opened.pop()
        if not opened:
            if CHAIN.fullmatch(
                text, closed, begin.start()
            ):  # NAME = … = …: the former is a step, if of no name
                if found and found[-1].form == UNREAD:
                    found.pop()
                left = left if "=" in left[-3:] else f"{left} ="
            else:
                left = text[max(0, begin.start() - 200) : begin.start()]
            closed, (form, name) = edge.end(), _left_of(left)
            if name:
                after = AFTER.match(text, edge.end())
                found.append(
                    Block(
                        form,
                        name,
                        begun,
                        text[begin.end() : edge.start()],
                        after[1] if after else "",
                    )
                )
    if opened:
        _refuse(
            opened[-1][1],
            "text",
            r"LaTeX in which each \begin has its own \end",
            f"{opened[-1][0][0]} alone",
        )
    return found


def _left_of(text):
    """(form, name) of what stands before the matrix, in a chain a = b = … of the last name; ("",
    "") if none."""
    parts = EQUALS.sub("=", _plain(START.split(text)[-1])).rstrip("[( ").split("=")
    for part in reversed(parts[:-1] if not parts[-1] else []):
        words = part.split() or [""]
        if len(words) > 1 and re.search(r"^\\|[-+*/^<>]$", words[-2]):
            continue  # … \div W is no name
        left, form = words[-1], "x"
        if left.startswith("Q(") and left.endswith(")"):
            left, form = left[2:-1], "q"
        elif HATS.match(left.lstrip("{")):
            left, form = HATS.sub("", left, count=1), "x_hat"
        left = _bare(left)
        if NAME.fullmatch(left):
            return form, re.sub(r"[{}\\]", "", left)
    said = _plain(MATH.split(text)[-1]).strip(" =")
    return (UNREAD, said) if MARKED.search(said) else ("", "")


def _plain(text):
    """LaTeX without fonts and without blanks within names."""
    text = INSIDE.sub("", SPACES.sub(" ", FONTS.sub("", text.replace("\\_", "_"))))
    return re.sub(r"(?<=[_^])\{[^{}]*\}", lambda index: index[0].replace(" ", ""), text)


def _bare(left):
    """A name without the braces that fonts and hats leave: {{W}}_{ih}, {W_{ih}}, {{W}_{ih}} and
    W_{{ih}} as W_{ih}."""
    left = re.sub(r"_\{\{(\w+)\}\}", r"_{\1}", left)
    for _ in range(4):
        left = re.sub(r"(?<![_^A-Za-z}])\{(\\?[A-Za-z]+)\}", r"\1", left)
    return left[1:-1] if left.startswith("{") and left.endswith("}") else left


def _matrix(block):
    """The entries of a block as rows of text, None if none is a number; what is no matrix of
    numbers is refused."""
    body = re.sub(r"(?<!\\)%[^\n]*", "", block.body)
    body = re.sub(r"^\s*(?:\{[lcr|\s]*\}|\[[lcr]\])", "", body).replace("\\hline", "")
    rows = [
        row.split("&")
        for row in re.split(r"(?:\\\\)+(?:\s*\[[^\[\]\n]{0,20}\])?|\\cr(?![A-Za-z])", body)
    ]
    if (count := sum(map(len, rows))) > MAX_ENTRIES + 1:  # one more may stand after a last \\
        _refuse(block.line, _told(block), f"of at most {MAX_ENTRIES} entries", f"{count}")
    rows = [[_entry(cell) for cell in row] for row in rows]
    if len(rows) > 1 and rows[-1] == [""]:
        rows.pop()  # after a last \\
    cells = [cell for row in rows for cell in row]
    if all(SYMBOL.match(cell) for cell in cells):
        return None
    for i, cell in enumerate(cells):
        arrays.exact("example", f"line {block.line}: entry {i + 1} of {_told(block)}", cell)
    if len({len(row) for row in rows}) > 1:
        _refuse(
            block.line,
            _told(block),
            "a matrix whose rows are equally long",
            f"rows of {', '.join(str(len(row)) for row in rows[:8])}",
        )
    if len(cells) > MAX_ENTRIES:
        _refuse(block.line, _told(block), f"of at most {MAX_ENTRIES} entries", f"{len(cells)}")
    if block.after:
        _refuse(
            block.line,
            _told(block),
            "a matrix and nothing else",
            f"a matrix and then {block.after!r}",
        )
    if block.form == "q" and not all(re.fullmatch(r"[+-]?\d+", cell) for cell in cells):
        _refuse(block.line, _told(block), "whole numbers", "others")
    return rows


def _entry(cell):
    """A cell without braces, spaces and fonts; \\frac{1}{3} as 1/3."""
    cell = SPACES.sub("", FONTS.sub("", cell)).replace("−", "-").replace("\\phantom{-}", "")
    return re.sub(r"\\[dt]?frac\{([+-]?\d+)\}\{(\d+)\}", r"\1/\2", cell).translate(
        {123: None, 125: None}
    )


def _sign(text):
    """The sign in (Q(x) ± B)/W, as a fraction or on a line; EITHER if it is not printed."""
    plain = SPACES.sub("", FONTS.sub("", text)).translate({123: None, 125: None})
    signs = {"+" if "+" in found else "-" for found in map("".join, DECODER.findall(plain))}
    if len(signs) > 1:
        arrays.refuse(
            "example", "text", "an article with one decoder, (Q(x) + B)/W or (Q(x) - B)/W", "both"
        )
    return signs.pop() if signs else EITHER


def _levels(text):
    found = sorted(set(levels_said(text)))
    if len(found) > 1:
        arrays.refuse(
            "example",
            "text",
            "an article with one number of levels (or say --levels)",
            " and ".join(map(str, found[:3])),
        )
    return found[0] if found else None


def _told(block):
    return {"x": "{}", "q": "Q({})", "x_hat": "{}^", UNREAD: "the matrix after {}"}[
        block.form
    ].format(block.name)


def _refuse(line, what, expected, got):
    arrays.refuse("example", f"line {line}: {what}", expected, got)
