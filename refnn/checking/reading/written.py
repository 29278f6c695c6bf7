r"""This module makes claims of the article's form, ⌊x·W + B⌋ mod P, from the numbers of a text.

A tensor with codes becomes a claim of kind "solve". With codes and decoded values it becomes a
"roundtrip" as well, and with decoded values alone a "decoded". If the text states exactly one W and
one B, the claims become "quantize" and "dequantize" with these numbers. The number of levels P is
read from the words (`printed.levels_said`), and the sign of the decoder from (Q(x) ± B)/W. If no
sign is printed, both signs are allowed."""

import re
from fractions import Fraction

from refnn.arrays import Refused
from refnn.checking.plane.digits import flat, half_unit
from refnn.checking.reading.latex import FONTS, UNREAD, bare, entry, matrix
from refnn.checking.reading.plain import BLANKS
from refnn.checking.reading.printed import EITHER, levels_said
from refnn.checking.reading.prints import shape

CODE = r"(?:Q\([^()]{1,60}\)|[qQ](?:_\w{1,20}?)?)([-+−])B"  # searched in a text without braces
DECODER = re.compile(
    rf"\\[dt]?frac{CODE}W|\\[dt]?frac1W\(?{CODE}|\({CODE}\)(?:/|\\div|÷)W|(?<!\w){CODE}\\overW"
    rf"|W\^-1\({CODE}\)"
)
NUMBER = (
    r"([+-]?(?:\d{1,400}(?:\.\d{1,400})?(?:/\d{1,400})?|\.\d{1,400}"
    r"|\\[dt]?frac\{[+-]?\d{1,400}\}\{\d{1,400}\}))"
)
BREAKS = re.compile(r"[ \n]*\n[ \n]*")
STATED = {  # searched in a text whose blanks and line breaks are single ones
    key: re.compile(
        r"(?:^|[$(,;:，；：、。\[&]|[一-鿿]|\\[(\[]|(?<![A-Za-z])(?i:and|with|let|for|take|use|using|where|is|set|q?quad))"
        rf"[ \n]?{key}[ \n]?=[ \n]?(?:[^=$,;，；。&\n]{{0,80}}[^=$,;，；。&\sA-Za-z][ \n]?=[ \n]?)?"
        rf"{NUMBER}(?!\w|\.\d|[ \n]?[-+*/^]|[ \n]?\\[a-z])",
        re.MULTILINE,
    )
    for key in "WB"
}
FORMS = ("q", "x_hat")


def printed(found, names):
    r"""Return ({(form, name): matrix} of the named matrices, the claims of kind "unread").

    A matrix may be repeated, but only with the same entries.

    >>> from refnn.checking.reading.latex import blocks
    >>> printed(blocks(r"Q(V) = \begin{matrix} 1 & 2 \end{matrix}"), ["V"])
    ({('q', 'V'): [['1', '2']]}, [])
    """
    matrices, unread = {}, []
    for block in found:
        if block.form == UNREAD:
            if (rows := matrix(block)) is not None:
                name = f"line {block.line}: {block.name}"
                unread.append({"kind": "unread", "name": name, "printed": rows})
            continue
        rows = matrix(block) if block.name in names else None
        if rows is not None and matrices.setdefault((block.form, block.name), rows) != rows:
            block.refuse("printed with the same entries each time", "other entries")
    return matrices, unread


def of_matrices(found, names):
    r"""Return (claims about codes, claims about decoded values, claims of kind "unread").

    found: the blocks of `latex.blocks`. ValueError is raised for a matrix that cannot be read.

    >>> from refnn.checking.reading.latex import blocks
    >>> text = r"V = \begin{matrix} 3 \end{matrix}, Q(V) = \begin{matrix} 1 \end{matrix}"
    >>> of_matrices(blocks(text), ["V"])[0]
    [{'kind': 'solve', 'name': 'Q(V)', 'x': [['3']], 'printed': [['1']]}]
    """
    matrices, unread = printed(found, names)
    solve, roundtrip = [], []
    for name in names:
        block = next(b for b in found if b.form in FORMS and b.name == name)
        x, q, x_hat = (matrices.get((form, name)) for form in ("x", *FORMS))
        if q is None and x_hat is None:  # all its matrices hold symbols
            continue
        if x is None:
            block._replace(form="x").refuse(f"printed beside {block.said}", "no matrix of numbers")
        for form, rows in zip(FORMS, (q, x_hat)):
            if rows is not None and shape(rows) != shape(x):
                got = f"shape {shape(rows)}"
                block._replace(form=form).refuse(f"of shape {shape(x)} like {name}", got)
        one, two = about(name, x, q, x_hat)
        solve, roundtrip = solve + one, roundtrip + two
    return solve, roundtrip, unread


def about(name, x, q, x_hat):
    """Return (claims about the codes q of x, claims about the decoded values x_hat).

    q or x_hat may be None.

    >>> about("b", ["0.1"], None, ["0.0"])
    ([], [{'kind': 'decoded', 'name': 'b^', 'x': ['0.1'], 'printed': ['0.0']}])
    """
    codes = [] if q is None else [{"kind": "solve", "name": f"Q({name})", "x": x, "printed": q}]
    if x_hat is None:
        return codes, []
    if q is None:
        return codes, [{"kind": "decoded", "name": f"{name}^", "x": x, "printed": x_hat}]
    both = {"kind": "roundtrip", "name": f"{name}^", "x": x, "codes": q, "decoded": x_hat}
    return codes, [both]


def stated_pair(text, names):
    """Return ((W, B), "") if the text states one factor W and one offset B, else ((), words).

    words: a remark for the title if several are stated. W and B are not read if a tensor has that
    name.

    >>> stated_pair("Let $W = 20/2 = 10$ and $B = 2$", []), stated_pair("W = 1 or 2", [])
    ((('10', '2'), ''), ((), ''))
    """
    text = BREAKS.sub("\\n", BLANKS.sub(" ", FONTS.sub("", text).replace("~", " ")))
    W, B = ({Fraction(v): v for v in map(entry, STATED[key].findall(text))} for key in "WB")
    if not W or not B or {"W", "B"} & set(names):
        return (), ""
    if len(W) == len(B) == 1 and 0 not in W:
        return (*W.values(), *B.values()), ""
    many = f"W = {', '.join(W.values())} and B = {', '.join(B.values())}"
    return (), f" (the text states {many}; none of them is used)"


def by_pair(pair, claim):
    """Convert a claim about an unknown (W, B) into a claim about this pair.

    If both signs of the decoder are allowed, the sign that gives the values is taken, else +.

    >>> claim = {"kind": "solve", "name": "Q(b)", "x": ["0.1"], "printed": ["3"]}
    >>> by_pair(("10", "2"), claim)["name"]
    'Q(b) with W = 10, B = 2'
    """
    W, B = pair
    name = f"{claim['name']} with W = {W}, B = {B}"
    if claim["kind"] == "solve":
        return {**claim, "kind": "quantize", "name": name, "W": W, "B": B}
    if claim["kind"] == "decoded":
        return claim
    offsets = {"+": B, "-": str(-Fraction(B))}
    entries = list(zip(flat("codes", claim["codes"]), flat("decoded", claim["decoded"])))

    def prints(sign):
        b, w = Fraction(offsets[sign]), Fraction(W)
        return all(abs((Fraction(q) + b) / w - Fraction(d)) <= half_unit(d) for q, d in entries)

    allowed = [sign for sign in offsets if claim["sign"] in (sign, EITHER)]
    sign = next(filter(prints, allowed), "-" if claim["sign"] == "-" else "+")
    name = f"{name}, (q {sign} B)/W"
    given = {"q": claim["codes"], "W": W, "B": offsets[sign], "printed": claim["decoded"]}
    return {"kind": "dequantize", "name": name, **given}


def sign_of(text):
    r"""Return the sign in (Q(x) ± B)/W, or EITHER if no decoder is printed.

    >>> sign_of(r"\frac{Q(x) - B}{W}"), sign_of("")
    ('-', '?')
    """
    decoders = map("".join, DECODER.findall(bare(text)))
    signs = {"+" if "+" in found else "-" for found in decoders}
    if len(signs) > 1:
        raise Refused("text", "an article with one decoder, (Q(x) + B)/W or (Q(x) - B)/W", "both")
    return signs.pop() if signs else EITHER


def levels_of(text):
    """Return the number of levels that a text states, or None, and refuse two numbers.

    >>> levels_of("P = 8, that is 8 quantization levels")
    8
    """
    found = sorted(set(levels_said(BLANKS.sub(" ", text))))
    if len(found) > 1:
        one = "an article with one number of levels (or give --levels)"
        raise Refused("text", one, " and ".join(map(str, found[:3])))
    return found[0] if found else None
