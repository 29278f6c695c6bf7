r"""This module reads a worked example from the LaTeX matrices of a Markdown text.

The text to the left of "=" says what a matrix is:

    W_{ih} = \begin{bmatrix} 0.1 & 0.2 \end{bmatrix}          the tensor W_ih
    Q(W_{ih}) = …                                             its codes
    \hat{W}_{ih} = …                                          its decoded values

A tensor with codes becomes a claim of kind "solve". With codes and decoded values it becomes a
"roundtrip" as well, and with decoded values alone a "decoded". The claims keep the order of the
text. If the text states exactly one W and one B, the claims become "quantize" and "dequantize" with
these numbers. A matrix may be repeated, but only with the same entries, because a file holds one
example. The number of levels P is read from the words (`printed.levels_said`), and the sign of the
decoder from (Q(x) ± B)/W. If no sign is printed, both signs are allowed. Numbers after a hat or a
Q( whose name cannot be read become "unread" claims. Matrices of symbols are ignored, and so are
names that have neither codes nor decoded values."""

import re
from fractions import Fraction

from refnn.arrays import Refused
from refnn.checking.plane.digits import half_unit
from refnn.checking.reading.latex import FONTS, UNREAD, bare, blocks, entry, matrix
from refnn.checking.reading.printed import EITHER, levels_said
from refnn.validation import takes

COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
CODE = r"(?:Q\([^()]{1,60}\)|[qQ](?:_\w+?)?)([-+−])B"  # searched in a text without braces
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

FORMS = ("q", "x_hat")


@takes()
def example(text, title, levels=None):
    r"""Read the example in a Markdown text and return the dict that `worked_example.check` takes.

    ValueError is raised for a text that cannot be read, and names the tensor and the line.

    >>> text = r"$b = \begin{matrix}0.1\\0.2\end{matrix}$, $Q(b) = \begin{matrix}0\\1\end{matrix}$"
    >>> example(text, "t", levels=8)["claims"]
    [{'kind': 'solve', 'name': 'Q(b)', 'x': [['0.1'], ['0.2']], 'printed': [['0'], ['1']]}]
    """
    text = COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text.replace("\r\n", "\n"))
    found = blocks(text)
    names = dict.fromkeys(block.name for block in found if block.form not in ("x", UNREAD))
    printed, unread = _printed(found, names)
    solve, roundtrip = [], []
    for name in names:
        one, two = _about(
            name, printed, next(b for b in found if b.form in FORMS and b.name == name)
        )
        solve, roundtrip = solve + one, roundtrip + two
    if not solve and not roundtrip:
        raise Refused("text", r"an article with matrices NAME and Q(NAME) or \hat{NAME}", "none")
    sign, (pair, said) = _sign(text), _stated(text, names)
    for claim in roundtrip:
        if claim["kind"] == "roundtrip":
            claim["sign"] = sign
    if pair:
        solve, roundtrip = ([_by(pair, claim) for claim in claims] for claims in (solve, roundtrip))
    made = {"title": title + said, "claims": solve + roundtrip + unread}
    P = _levels(text) if levels is None else levels
    if P is not None:
        made["P"] = P
    if any(Fraction(v).denominator > 1 and "." in v for v in pair):  # 7.78 may be a rounded 70/9
        made["inputs"] = "rounded"
    return made


def _printed(found, names):
    """Return ({(form, name): matrix} of the named matrices, the claims of kind "unread")."""
    printed, unread = {}, []
    for block in found:
        if block.form == UNREAD:
            if (rows := matrix(block)) is not None:
                name = f"line {block.line}: {block.name}"
                unread.append({"kind": "unread", "name": name, "printed": rows})
            continue
        rows = matrix(block) if block.name in names else None
        if rows is not None and printed.setdefault((block.form, block.name), rows) != rows:
            block.refuse("printed with the same entries each time", "other entries")
    return printed, unread


def _about(name, printed, block):
    """Return (claims about the codes of a name, claims about its decoded values).

    block: the first block of codes or decoded values, which an error names."""
    x, q, x_hat = (printed.get((form, name)) for form in ("x", *FORMS))
    if q is None and x_hat is None:  # all its matrices hold symbols
        return [], []
    if x is None:
        block._replace(form="x").refuse(f"printed beside {block.said}", "no matrix of numbers")
    shape = len(x), len(x[0])
    for form, rows in zip(FORMS, (q, x_hat)):
        if rows is not None and (len(rows), len(rows[0])) != shape:
            got = f"shape {(len(rows), len(rows[0]))}"
            block._replace(form=form).refuse(f"of shape {shape} like {name}", got)
    codes = [] if q is None else [{"kind": "solve", "name": f"Q({name})", "x": x, "printed": q}]
    if x_hat is None:
        return codes, []
    if q is None:
        return codes, [{"kind": "decoded", "name": f"{name}^", "x": x, "printed": x_hat}]
    both = {"kind": "roundtrip", "name": f"{name}^", "x": x, "codes": q, "decoded": x_hat}
    return codes, [both]


def _stated(text, names):
    """Return ((W, B), "") if the text states one factor W and one offset B, else ((), words).

    words: a remark for the title if several are stated. W and B are not read if a tensor has that
    name.
    """
    text = FONTS.sub("", text)
    W, B = ({Fraction(v): v for v in map(entry, STATED[key].findall(text))} for key in "WB")
    if not W or not B or {"W", "B"} & set(names):
        return (), ""
    if len(W) == len(B) == 1 and 0 not in W:
        return (*W.values(), *B.values()), ""
    many = f"W = {', '.join(W.values())} and B = {', '.join(B.values())}"
    return (), f" (the text states {many}; none of them is used)"


def _by(pair, claim):
    """Convert a claim about an unknown (W, B) into a claim about this pair.

    If both signs of the decoder are allowed, the sign that prints the values is taken, else +."""
    W, B = pair
    name = f"{claim['name']} with W = {W}, B = {B}"
    if claim["kind"] == "solve":
        return {**claim, "kind": "quantize", "name": name, "W": W, "B": B}
    if claim["kind"] == "decoded":
        return claim
    offsets = {"+": B, "-": str(-Fraction(B))}
    entries = [(int(q), d) for rows in zip(claim["codes"], claim["decoded"]) for q, d in zip(*rows)]

    def prints(sign):
        b, w = Fraction(offsets[sign]), Fraction(W)
        return all(abs((q + b) / w - Fraction(d)) <= half_unit(d) for q, d in entries)

    allowed = [sign for sign in offsets if claim["sign"] in (sign, EITHER)]
    sign = next(filter(prints, allowed), "-" if claim["sign"] == "-" else "+")
    name = f"{name}, (q {sign} B)/W"
    given = {"q": claim["codes"], "W": W, "B": offsets[sign], "printed": claim["decoded"]}
    return {"kind": "dequantize", "name": name, **given}


def _sign(text):
    """Return the sign in (Q(x) ± B)/W, or EITHER if no decoder is printed."""
    decoders = map("".join, DECODER.findall(bare(text)))
    signs = {"+" if "+" in found else "-" for found in decoders}
    if len(signs) > 1:
        raise Refused("text", "an article with one decoder, (Q(x) + B)/W or (Q(x) - B)/W", "both")
    return signs.pop() if signs else EITHER


def _levels(text):
    found = sorted(set(levels_said(text)))
    if len(found) > 1:
        one = "an article with one number of levels (or give --levels)"
        raise Refused("text", one, " and ".join(map(str, found[:3])))
    return found[0] if found else None
