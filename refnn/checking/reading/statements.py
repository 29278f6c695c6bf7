"""This module finds what a text states of its grid: scale, zero point, bits, the range of codes.

It reads plain text (`plain.plain`), in English or Chinese. Each statement keeps its line, so that
two different values of one thing can be named."""

import re
from bisect import bisect_right
from fractions import Fraction
from itertools import islice
from typing import NamedTuple

from refnn.checking.reading.arithmetic import SIGN, is_number
from refnn.checking.reading.grid_words import grid_words
from refnn.checking.reading.prints import NUMBER

BEFORE = r"(?<![A-Za-z0-9_])(?:([A-Za-z]\w{0,20}?)_)?"
SUFFIX = r"(?:_([A-Za-z]\w{0,20}))?(?![A-Za-z])"
NAMES = {
    "scale": re.compile(
        BEFORE + r"(?:scale(?:[ _]factor)?|scaling[ \n_]factor|step[ \n_]size|缩放因子|缩放系数"
        r"|缩放比例|比例因子|量化步长|尺度因子)" + SUFFIX,
        re.IGNORECASE,
    ),
    "zero_point": re.compile(
        BEFORE + r"(?:zero[ \n_-]?point|zp|零点)" + SUFFIX + "值?", re.IGNORECASE
    ),
    "mse": re.compile(
        BEFORE + r"(?:mse|mean[ -]squared?[ -](?:quanti[sz]ation |reconstruction )?error"
        r"|均方误差)(?: ?\(mse\))?" + SUFFIX,
        re.IGNORECASE,
    ),
    "max_error": re.compile(
        BEFORE + r"(?:max(?:imum|imal)?|largest)[ _-](?:abs(?:olute)?[ _-])?"
        r"(?:quanti[sz]ation |reconstruction |round(?:ing|-off) )?err(?:or)?"
        + SUFFIX
        + r"|(?<!\w)()最大(?:绝对|量化|舍入)?误差()",
        re.IGNORECASE,
    ),
    "qmin": re.compile(r"(?<![A-Za-z0-9_])()(?:q_?min|quant_min|Q_min)()(?!\w)", re.IGNORECASE),
    "qmax": re.compile(r"(?<![A-Za-z0-9_])()(?:q_?max|quant_max|Q_max)()(?!\w)", re.IGNORECASE),
}
SYMBOL = re.compile(
    r"(?<![A-Za-z0-9_.\\])([sSΔzZ])(?:_([A-Za-z]\w{0,20}))?(?:\(\w{1,10}\))?"
    r"(?= ?(?::=|=|≈)| is [-\d.])"
)
REAL = ("scale", "mse", "max_error")
MOST = 1000  # names of one kind in a paragraph
WRAPPED = 60  # a line of fewer characters was ended by its writer, not by wrapping
OF_SYMBOL = {**dict.fromkeys("sSΔ", "scale"), **dict.fromkeys("zZ", "zero_point")}
LINK = re.compile(
    r" ?(?:(?:of|for) (?:the )?[A-Za-z]\w{0,20} ?)?(?:\(?[sSzZΔqQ](?:_\w{1,20})?\)? ?)?"
    r"(:=|=|≈|:|is(?! the)|are|of|to|为|是|等于|取|设为|约为)?[ \n]?"
)
NUM = NUMBER.pattern
NOT_A_VALUE = re.compile(r"[\w%]|\.\d| ?(?:-?bits?|位|倍|times|-\w|to -?\d)| ?[*/^+x] ?[\w(]| - \d")
END = re.compile(r"[(),;\n]|[\[\]。!?！？▦]|\.(?= |$)")
QUOTIENT = re.compile(r"\(*(\d{1,20}\.?\d{0,20})\)? ?/ ?\(?(\d{0,20}[1-9]\d{0,20})\)*")
STOP = re.compile(
    r" (?:and|with|where|so|then|which|the|in|for|per|that|thus|we|or)\b|[和与及且则]"
)
BOTH = re.compile(
    rf"scale\)? ?(?:,|and) ?(?:the )?zero[ _-]?point\)? ?(?:=|:|of|are|is)? ?\(?({NUM}) ?"
    rf"(?:,|and) ?({NUM})(?![\w.]*\w)",
    re.IGNORECASE,
)
TORCH = re.compile(
    rf"quantize_per_tensor\( ?[\w.]{{1,40}} ?, ?(?:scale ?= ?)?({NUM}) ?, ?(?:zero_point ?= ?)?"
    rf"({NUM}) ?, ?(?:dtype ?= ?)?(?:torch\.)?q?(u?int\d)"
)


class Statement(NamedTuple):
    """A value that a text states.

    >>> stated(["With scale 0.5,", "Z = 3"], 7)[1]
    Statement(key='zero_point', base='', value='3', line=8, source='', typed=False)
    """

    key: str  # scale, zero_point, bits, signed, symmetric, range, qmin, qmax, levels, format, mse,
    # max_error; scales and zero_points are a list, one for each slice
    base: str  # of which tensor, if the name says so
    value: object  # text, or a whole number, a bool, or (low, high) of a range
    line: int
    source: str = ""  # the expression that it is computed by, if one is printed
    typed: bool = False  # at a prompt


def stated(lines, first, typed=False):
    """Return all statements of the lines of a paragraph.

    first: the number of the first line.
    typed: True for what was typed at a prompt.

    >>> [(s.key, s.value) for s in stated(["8 bits, S = 2/5 = 0.4, clip(round(x/S), 0, 255)"], 1)]
    [('bits', 8), ('scale', '0.4'), ('range', (0, 255))]
    """
    lines = [line.strip() for line in lines]
    ends = [" " if len(line) >= WRAPPED else "\n" for line in lines]
    text, starts = "".join(map(str.__add__, lines, ends)), [0]
    for line in lines[:-1]:
        starts.append(starts[-1] + len(line) + 1)
    found = [*_named(text), *_symbols(text), *_pairs(text), *grid_words(text)]
    return [
        Statement(key, base, value, first + bisect_right(starts, at) - 1, source, typed)
        for at, key, base, value, source in sorted(found, key=lambda one: one[0])
        if key != "scale" or Fraction(value) > 0
    ]


def _named(text):
    for key, pattern in NAMES.items():
        for name in islice(pattern.finditer(text), MOST):
            value, source = _value(text, name.end())
            if value and (key in REAL or _is_whole(value)):
                base = name[1] or name[2] or ""
                value = int(float(value)) if key in ("qmin", "qmax") else value
                yield name.start(), key, base, value, source


def _symbols(text):
    for name in islice(SYMBOL.finditer(text), MOST):
        before = text[max(0, name.start() - 2) : name.start()].strip()[-1:]
        key = OF_SYMBOL[name[1]]
        if before and before in "+-*/^<>|=":
            continue
        value, source = _value(text, name.end())
        if value and (key == "scale" or _is_whole(value)):
            yield name.start(), key, name[2] or "", value, source


def _pairs(text):
    for pattern in (BOTH, TORCH):
        for both in pattern.finditer(text):
            if _is_whole(both[2]):
                yield both.start(), "scale", "", both[1], ""
                yield both.start(), "zero_point", "", both[2], ""


def _is_whole(value):
    return "e" not in value.lower() and len(value) < 12 and float(value).is_integer()


def _value(text, at):
    """Return (value, source) of what follows a name, "" if no number does."""
    link = LINK.match(text, at)
    parts, pieces, value = [], SIGN.split(_until_end(text, link.end())), ""
    for piece in pieces:
        piece = piece.strip(" .")
        number = re.match(NUM, piece)
        if number and is_number(piece):
            value = piece
            continue
        if number and not NOT_A_VALUE.match(piece, number.end()):
            value = number[0]
            break
        cut = STOP.search(piece)
        piece = piece[: cut.start()] if cut else piece
        if not link[1] or not piece or not _may_be_source(piece):
            break
        if value:
            break
        parts.append(piece)
        if cut:
            break
    if not value and len(parts) == 1:  # scale = 2.7/15 alone
        quotient = QUOTIENT.fullmatch(parts[0])
        value = str(Fraction(quotient[1]) / Fraction(quotient[2])) if quotient else ""
    return value.rstrip("."), " = ".join(parts)


def _until_end(text, at):
    """Return the text up to the end of a statement, at most 300 characters."""
    depth = 0
    for mark in END.finditer(text, at, at + 300):
        depth += (mark[0] == "(") - (mark[0] == ")")
        if depth < 0 or (depth == 0 and mark[0] not in "()"):
            return text[at : mark.start()]
    return text[at : at + 300]


def _may_be_source(piece):
    return bool(re.search(r"[\d(|]|max|min|range|最", piece)) and len(piece) <= 200
