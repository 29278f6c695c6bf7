"""Read the numbers in a line of answers, in whatever way a student wrote them.

A token is what stands in the place of one blank: a Number, None if nothing stands there, or a text
that is not a number. Commas, semicolons, bars and spaces separate tokens. A label before a number
("W = 3", "x1: 3") and a unit after it are skipped. A text that could be two different numbers is
not read as a number.
"""

import re
from fractions import Fraction
from typing import NamedTuple

from refnn import arrays
from refnn.checking.plane.digits import half_unit

PLUS = "\u2064"  # Unicode's invisible plus joins the parts of a mixed number such as 1½
FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
# fmt: off
SIGNS = str.maketrans({
    **dict.fromkeys("−–—﹣", "-"), **dict.fromkeys("⁄∕÷", "/"), **dict.fromkeys("。·", "."),
    **dict.fromkeys("|&", ";"), **dict.fromkeys("~≃≅≒约", "≈"), **dict.fromkeys("→⇒为是", "="),
    **dict.fromkeys("$*`()[]{}\\", " "), "、": ",",
})
# fmt: on
EQUALS = re.compile("(?<![<>!])=")
LABEL = re.compile(r"[^\s,;=:<>!]{1,40}\s*=|(?<!\S)(?=[^\s,;=:]{0,39}[^\W\d])[^\s,;=:]{1,40}:")
MIXED = re.compile(rf"(\d) (?={PLUS}?\d+/)")
UNIT = (
    r" ?(?!(?:pi|[eik]|half|percent|squared|hundred|thousand|million)\b)"
    r"[^\W\dπ百千万亿]{1,12}(?:/[^\W\d]{1,12})?"
)
ONE = re.compile(
    rf"(?P<sign>[-+]?)(?:(?P<whole>\d{{1,40}})[ {PLUS}])?{PLUS}?"
    r"(?P<rest>\d{1,40}/\d{1,40}|(?:\d{1,40}(?:\.\d{1,40})?|\.\d{1,40})(?:e[-+]?\d{1,3})?)"
    rf"(?:{UNIT})?[ .]*",
    re.IGNORECASE,
)


class Number(NamedTuple):
    """A number as the student wrote it."""

    value: Fraction
    blur: Fraction  # half a unit of the last digit of a decimal with three or more digits; else 0

    def is_at(self, truth):
        """Return True if this is the truth, or the truth rounded to the digits that are written.

        >>> third = Number(Fraction("0.333"), Fraction(1, 2000))
        >>> third.is_at(Fraction(1, 3)), Number(Fraction(3), 0).is_at(3)
        (True, True)
        """
        return abs(self.value - truth) <= self.blur


def is_blank(text):
    """Return True if the text holds no answer.

    >>> is_blank(" ____, ____"), is_blank("____, 5")
    (True, False)
    """
    return not text.translate(SIGNS).strip("\t _.?-,;")


def tokens(text, count):
    """Return the tokens of a line that has `count` blanks.

    The line is split at commas and semicolons, or at semicolons only, or into words, whichever
    gives `count` tokens first. If none does, each part is read as one number or split into words.

    >>> [t and getattr(t, "value", t) for t in tokens("x1: 3, -1/2 V, ____, x", 4)]
    [Fraction(3, 1), Fraction(-1, 2), None, 'x']
    >>> tokens("1 1/2", 1)[0].value, len(tokens("1 1/2", 2)), tokens("1 1/2 2", 5)[0]
    (Fraction(3, 2), 2, '1\\xa01/2')
    """
    text = FRACTION.sub(rf"{PLUS}\1/\2", text).translate(SIGNS)
    text = re.sub(r"([-+])\s+(?=[\d.])", r"\1", re.sub(r"\s*/\s*", "/", " ".join(text.split())))
    parts = re.split("[,;]", text)
    while len(parts) > 1 and not parts[-1].strip():  # drop commas at the end
        parts.pop()
    plain = re.sub("[,;]", "  ", LABEL.sub(" ", text))
    words, joined = plain.split(), MIXED.sub(rf"\1{PLUS}", plain).split()
    # "3 V and 4 V" are two numbers
    numbers = [w for w in words if not w.isalpha() or len(parts) > count]
    for way in (parts, text.strip(" ;").split(";"), words, numbers, joined):
        if len(way) == count:
            return [_token(part) for part in way]
    glue = "\xa0" if len(parts) == 1 else PLUS  # without commas, 1 1/2 may be two numbers
    return [token for part in parts for token in _few(part, glue)]


def _few(part, glue):
    """Return the token of a part that is one number, else the tokens of its words."""
    words = MIXED.sub(rf"\1{glue}", LABEL.sub(" ", part))
    whole = _token(part if glue == PLUS else words)
    if isinstance(whole, str) and words.strip():
        return map(_token, filter(None, words.split(" ")))
    return [whole]


def _token(part):
    part = ([piece for piece in EQUALS.split(part) if piece.strip()] or [""])[-1]
    label, _, after = part.rpartition(":")
    part = after if re.search(r"[^\W\d]", label) else part
    if not part.strip(" _.?-≈"):
        return None
    exact, *near = (re.sub("[ _]+", " ", piece).strip(" ") for piece in part.split("≈"))
    found = ONE.fullmatch(exact) or (near and ONE.fullmatch(near[-1]))
    value = _value(**found.groupdict()) if found else None
    if value is None:
        return part.strip()[:20]
    rest = found["rest"]
    shown = re.sub(r"[eE].*|\D", "", rest).lstrip("0")
    return Number(value, half_unit(rest) if len(shown) >= 3 and "." in rest else Fraction(0))


def _value(sign, whole, rest):
    """Return the number with these parts, or None if they form no number, such as 1/0 or 1 3/2."""
    try:
        value = arrays.exact("answer", rest)
    except ValueError:
        return None
    if whole and not ("/" in rest and value < 1):
        return None
    return (-1 if sign == "-" else 1) * (int(whole or 0) + value)
