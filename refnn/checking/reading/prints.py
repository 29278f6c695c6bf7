"""This module finds lists of numbers as programs print them, in any text.

These are the lists of Python and NumPy, with commas or blanks, nested and over several lines, and
tensor(…) and array(…) around them with their dtype. The numbers are kept as the text that is
printed. The time is linear in the length of the text."""

import re
from typing import NamedTuple

from refnn import arrays
from refnn.arrays import Refused

RUN = re.compile(r"\[[\[\]0-9\s.,+\-−eEnaif…/]*")
PIECE = re.compile(r"[\[\],]|[^\[\],\s]+")
NUMBER = re.compile(r"[+-]?(?:\d{1,400}\.?\d{0,400}|\.\d{1,400})(?:[eE][+-]?\d{1,4})?")
FRACTION = re.compile(r"[+-]?\d{1,100}/\d{1,100}")
AROUND = re.compile(r"(?<![\w.])(?:[A-Za-z]{1,12}\.){0,2}(?:tensor|array|asarray)\( ?\n? ?$", re.I)
AFTER = re.compile(r"[^()]{0,80}(?:\([^()]{0,80}\)[^()]{0,120}){0,3}\)")
DTYPE = re.compile(r"dtype ?= ?['\"]?(?:torch\.|np\.|numpy\.|tf\.)?(\w{1,12})")
MAX_DEPTH, MAX_LISTS = 8, 2000
DIGIT = re.compile(r"\d")


class Print(NamedTuple):
    """A printed list of numbers.

    >>> found("q is array([1, 2], dtype=int8).")[0].values
    ['1', '2']
    """

    begin: int  # where it begins in the text, with the tensor( around it
    end: int
    values: list  # nested lists of text, [] if it cannot be read
    dtype: str  # "" if it is not printed
    inside: str  # the rest of the arguments of tensor(…)
    problem: str  # why it cannot be read, else ""

    @property
    def is_quantized(self):
        """Return True for a quantized tensor of PyTorch, whose print holds decoded values."""
        return self.dtype in ("qint8", "quint8", "qint32")


def found(text):
    """Return all lists of numbers in a text, in order.

    A list that holds something else is left out, unless only its form is bad, as with the "..." of
    NumPy. Then the Print says what the problem is.

    >>> [(p.values, p.problem) for p in found("[[1 2]\\n [3 4]], [a], [1., ..., 2.]")]
    [([['1', '2'], ['3', '4']], ''), ([], 'it leaves out numbers')]
    """
    prints, done = [], 0
    for run in RUN.finditer(text):
        for begin, end in _balanced(run[0]):
            if not DIGIT.search(text, run.start() + begin, run.start() + end):
                continue
            one = _print(text, run.start() + begin, run.start() + end, done)
            if one:
                prints.append(one)
                if len(prints) > MAX_LISTS:
                    raise Refused("text", f"a text of at most {MAX_LISTS:,} lists", "more")
                done = one.end
    return prints


def _balanced(run):
    """Yield (begin, end) of the outermost pairs of brackets in a run of text."""
    depth = begin = 0
    for at in re.finditer(r"[\[\]]", run):
        if at[0] == "[":
            if not depth:
                begin = at.start()
            depth += 1
        elif depth:
            depth -= 1
            if not depth:
                yield begin, at.end()


def _print(text, begin, end, done):
    if text[end : end + 1] == "(":
        return None  # a link of Markdown
    read = parsed(text[begin:end])
    if read is None:
        return None
    around, inside = AROUND.search(text, max(done, begin - 40), begin), ""
    if around:
        begin = around.start()
        if after := AFTER.match(text, end):
            inside, end = after[0], after.end()
    dtype = DTYPE.search(inside)
    return Print(begin, end, read[0], dtype[1] if dtype else "", inside, read[1])


def parsed(text):
    """Return (nested lists of text, problem) of a printed list, or None if it is something else.

    >>> parsed("[1 2]"), parsed("[[1], [2, 3]]"), parsed("[1, b]")
    ((['1', '2'], ''), ([], 'its rows differ in length'), None)
    """
    # opened: for each open list its entries, the number of its commas, and what came last in it
    opened, problem = [], ""
    for piece in PIECE.findall(text.replace("−", "-")):
        if piece == "[":
            opened.append([[], 0, ""])
            if len(opened) > MAX_DEPTH:
                return [], "its lists are nested too deeply"
            continue
        inside = opened[-1]
        if piece == ",":
            problem = problem or ("" if inside[2] == "entry" else "a number is missing")
            inside[1], inside[2] = inside[1] + 1, "comma"
            continue
        if piece == "]":
            values, commas, _ = opened.pop()
            if commas and commas not in (len(values) - 1, len(values)):
                problem = problem or "some numbers stand between commas and others do not"
            if not opened:
                return ([], problem) if (problem := problem or uneven(values)) else (values, "")
            inside, piece = opened[-1], values
        else:
            problem = problem or _not_a_number(piece)
            if problem is None:
                return None
        inside[0].append(piece)
        inside[2] = "entry"
    return None


def _not_a_number(piece):
    """Return "" for a number, the problem for something that stands for one, else None."""
    if set(piece) <= set(".…") and piece != ".":
        return "it leaves out numbers"
    if piece.lower().lstrip("+-") in ("nan", "inf"):
        return f"it holds {piece}"
    return number_problem(piece)


def number_problem(piece):
    """Return "" for a number, the problem with one that cannot be used, None for other text.

    >>> number_problem("-1.440"), number_problem("1e999"), number_problem("x")
    ('', 'its numbers are too large', None)
    """
    if not (NUMBER.fullmatch(piece) or FRACTION.fullmatch(piece)):
        return None
    try:
        arrays.exact("x", piece)
    except Refused:
        return "its numbers are too large"
    return ""


def uneven(values):
    """Return "" for nested lists that form an array, else what is wrong with them.

    >>> uneven([["1"], ["2", "3"]]), uneven([])
    ('its rows differ in length', 'it is empty')
    """
    if not values:
        return "it is empty"
    lists = [v for v in values if isinstance(v, list)]
    if len(lists) not in (0, len(values)):
        return "its rows differ in length"
    problem = next(filter(None, map(uneven, lists)), "")
    return problem or ("its rows differ in length" if len(set(map(shape, lists))) > 1 else "")


def shape(values):
    """Return the shape of nested lists that form an array.

    >>> shape([["1", "2"], ["3", "4"]])
    (2, 2)
    """
    return (len(values), *shape(values[0])) if isinstance(values, list) else ()
