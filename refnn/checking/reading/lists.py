"""This module reads the printed lists of a text. The words before a list give its role."""

import re
from typing import NamedTuple

from refnn.checking.reading import prints, roles
from refnn.checking.reading.prints import DTYPE
from refnn.checking.reading.statements import WRAPPED, Statement

MARK = "▦"  # stands for a list, a tensor or a matrix where the words around it are read
FAR = 400  # characters before a list in which its label stands
WHOLE = re.compile(r"[+-]?\d{1,15}\.?0*")
RANGE = re.compile(r"(?:range|interval|between|within|clipped|clamped|∈|区间|范围|in|into|to)$")
PER = r"(?: (?:per|of each|for each|for every|by) [\w ]{1,20})?(?: (?:is|are|=))?$"
SLICES = {  # the words before a list of which each entry belongs to one row or column
    "scales": re.compile(r"(?<![A-Za-z])(?:scales?(?:[ _]factors?)?|[sSΔ]|缩放因子)" + PER),
    "zero_points": re.compile(r"(?<![A-Za-z])(?:zero[ _-]?points?|zps?|[zZ]|零点)" + PER),
}
STORED = {"int8": True, "qint8": True, "uint8": False, "quint8": False}


class Item(NamedTuple):
    """Numbers of a text, and what they are."""

    role: str  # x, codes, decoded, other, or "" if the text does not say it
    base: str  # the name of the tensor, "" if it has none
    values: list  # nested lists of text
    line: int
    label: str  # how a note calls it
    origin: str  # latex, table or print

    @property
    def is_whole(self):
        """Return True if all entries are whole numbers, as codes are."""
        return all(WHOLE.fullmatch(v) for v in flat(self.values))


def flat(values):
    """Return the numbers of nested lists in reading order.

    >>> flat([["1", "2"], ["3", "4"]])
    ['1', '2', '3', '4']
    """
    return [v for part in values for v in flat(part)] if isinstance(values, list) else [values]


def items(text, line, before=""):
    """Read the lists in a plain text: return (items, statements, notes, text without the lists).

    line: the number of the first line.
    before: the words for a list at the very beginning, which has no words of its own.

    >>> found = items("q = [0, 10]\\nand its error is [1., ..., 2.]", 7)
    >>> found[0][0].role, found[2]
    ('codes', ['line 8: the list [1., ..., 2.] was not read: it leaves out numbers.'])
    >>> found[3].split("\\n")
    ['q = ▦', 'and its error is ▦']
    """
    found, stated, notes, parts, done = [], [], [], [], 0
    at, seen = line, 0
    for one in prints.found(text):
        at, seen = at + text.count("\n", seen, one.begin), one.begin
        label = words_before(text[max(done, one.begin - FAR) : one.begin], "" if done else before)
        role, base = roles.of_label(label)
        if _is_nothing(one, role, label):
            continue  # it stays among the words, where a range of codes is looked for
        parts += [
            text[done : one.begin],
            MARK,
            "\n" * text.count("\n", one.begin, one.end),
            _arguments(one),
        ]
        done = one.end
        if one.is_quantized:
            role = roles.DECODED
        shown = short(text[one.begin : one.end])
        if one.dtype in STORED:
            stated.append(Statement("bits", "", 8, at, "", True))
            stated.append(Statement("signed", "", STORED[one.dtype], at, "", True))
        several = one_for_each(label, one.values) if role == roles.OTHER else None
        if several and not one.problem:
            stated.append(Statement(several, "", tuple(flat(one.values)), at))
        elif one.problem:
            notes.append(f"line {at}: the list {shown} was not read: {one.problem}.")
        else:
            told = role or ("" if roles.is_filler(label) else roles.OTHER)
            found.append(Item(told, base, one.values, at, f"the list {shown}", "print"))
    return found, stated, notes, "".join([*parts, text[done:]])


def one_for_each(label, values):
    """Return "scales" or "zero_points" if a list holds one of these for each slice, else "".

    >>> one_for_each("The scales per row are", ["0.5", "0.25"]), one_for_each("errors", ["1", "2"])
    ('scales', '')
    """
    sizes = {len(part) for part in values if isinstance(part, list)} or {1}
    if len(values) < 2 or sizes != {1}:
        return ""
    for key, pattern in SLICES.items():
        if pattern.search(label.strip(" =:≈")):
            return key
    return ""


def _is_nothing(one, role, label):
    """Return True for a range such as "within [0, 1]", or the number of a reference."""
    count = len(flat(one.values))
    ends = count == 2 and RANGE.search(label.strip(" :(").lower()) and role not in ("codes",)
    return bool(ends) or (count == 1 and not role)


def _arguments(one):
    """Return what a tensor(…) says beside its numbers, without its dtype."""
    return " " + DTYPE.sub("", one.inside).replace("\n", " ").strip(" )") if one.inside else ""


def words_before(text, before=""):
    """Return the words that say what a list is, from the text between it and the list before.

    These are the words on its own line, together with the line before if that line is wrapped. If
    there are none, the line above is taken.

    >>> words_before("Scale 2.\\nCodes: "), words_before("Codes:\\n\\n"), words_before("", "q")
    ('Codes:', 'Codes:', 'q')
    """
    lines = [line.strip() for line in text.split("\n")]
    while len(lines) > 1 and not lines[-1]:
        lines.pop()
    label = lines.pop()
    while lines and len(lines[-1]) >= WRAPPED:
        label = f"{lines.pop()} {label}"
    return label if label.strip("-*+• .,") else before


def short(text):
    """Return the beginning of a text on one line, for a note.

    >>> short("[1, 2,\\n 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]")
    '[1, 2, 3, 4, 5, 6, 7, 8, 9, …'
    """
    text = " ".join(text[:200].split())
    return text if len(text) <= 30 else f"{text[:28]}…"
