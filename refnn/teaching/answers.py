"""Read the numbers in a line of answers, in whatever way a student wrote them.

A token is what stands in the place of one blank: a Number, None if nothing stands there, or a text
that is not a number. Commas, semicolons, bars and spaces separate tokens. A label before a number
("W = 3", "x1: 3"), a unit after it and a remark in parentheses are skipped. Words and signs of a
mask, such as "keep" and "✗", are 1 and 0. "1,250" may be 1250 or 1.25, and counts if either is
right. Any other text that could be two different numbers is not read as a number.
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
    **dict.fromkeys("−‐‑‒–—―﹣", "-"), **dict.fromkeys("⁄∕÷", "/"), **dict.fromkeys("。·", "."),
    **dict.fromkeys("|&", ";"), **dict.fromkeys("~≃≅≒约", "≈"), **dict.fromkeys("→⇒为是", "="),
    **dict.fromkeys("$*`()[]{}\\", " "), "、": ",",
})
# fmt: on
# 4×10^-1, 4·10⁻¹, 4 \\times 10^{-1} and 10^3; `mark_sheet` writes ⁻¹ as ^-^1
TIMES = r"(?:×|x|\*|·|⋅|\\times|\\cdot)"
POWER = re.compile(
    rf"(?:(\d)\s{{0,9}}{TIMES}\s{{0,9}}|(?<![\w.]))10\s{{0,9}}((?:\^[-+−(){{}}\d]{{0,6}}){{1,4}})"
)
ARRAY = re.compile(r"\b(?:np\.|numpy\.|torch\.)?(?:array|tensor)\s?\(|,\s?dtype\s?=\s?[\w.]{1,20}")
REMARK = re.compile(r"\([^()\d]{1,80}\)|\s(?:because|since)\s.*|\s(?://|#).*")
MASK = {
    **dict.fromkeys(("true", "keep", "kept", "yes", "✓", "✔", "☑", "✅", "√", "保留"), "1"),
    **dict.fromkeys(
        ("false", "drop", "dropped", "remove", "removed", "no", "✗", "✘", "❌", "剪去"), "0"
    ),
}
SYMBOLS = "".join(word for word in MASK if not word.isalpha())
WORD = re.compile(rf"[^\W\d_]+|[{SYMBOLS}]")
COMMA = re.compile(r"(?<=\d),(?=\d)")
EQUALS = re.compile("(?<![<>!])=")
LABEL = re.compile(r"[^\s,;=:<>!]{1,40}\s*=|(?<!\S)(?=[^\s,;=:]{0,39}[^\W\d])[^\s,;=:]{1,40}:")
MIXED = re.compile(rf"(\d) (?={PLUS}?\d+/)")
# Any other word could change the number: "3 tenths", "3 dozen", "3i"
UNIT = r" ?(?-i:(?:[kmcµn]?(?:V|A|J|W|N|g|m|s|Hz|Pa|C)|volts?|units?|steps?|codes?|bits?|bytes?)"
UNIT += r"(?:/[kmc]?[a-zA-Z])?)(?![^\W_])"
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
    other: Fraction | None = None  # 1.25, if 1,250 is written

    def is_at(self, truth):
        """Return True if this is the truth, or the truth rounded to the digits that are written.

        >>> third = Number(Fraction("0.333"), Fraction(1, 2000))
        >>> third.is_at(Fraction(1, 3)), Number(Fraction(3), 0).is_at(3)
        (True, True)
        """
        return abs(self.value - truth) <= self.blur or self.other == truth


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
    text = _plain(text, count)
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


def _plain(text, count):
    """Return the text with numbers, masks and arrays in the plainest way of writing them."""
    text = re.sub(r"(?<=\d)\*\*(?=[-+]?\d)", "^", text)
    text = POWER.sub(_power, ARRAY.sub(" ", REMARK.sub(" ", text)))
    text = FRACTION.sub(rf"{PLUS}\1/\2", text).translate(SIGNS)
    text = re.sub(r"([-+])\s+(?=[\d.])", r"\1", re.sub(r"\s*/\s*", "/", " ".join(text.split())))
    pieces = re.sub(r"[\s,;]", "", text)
    if count > 2 and len(pieces) == count and set(pieces) <= set("01" + SYMBOLS):  # such as 011 010
        return ", ".join(MASK.get(piece, piece) for piece in pieces)
    decimal = text.count(";") == count - 1 and COMMA.search(text)
    if decimal and all(len(COMMA.findall(part)) < 2 for part in text.split(";")):
        text = COMMA.sub(PLUS + ".", text)  # a decimal comma, as in 0,5; 1,25
    words = WORD.findall(text.lower())
    if any(c.isdigit() for c in text) or not all(word in MASK for word in words):
        return text  # "no idea" is no 0, and "kept 1, dropped 2" is no mask
    return WORD.sub(lambda word: MASK[word[0].lower()], text)


def _power(found):
    """Return 10^n, and the digit before it, as a decimal's exponent."""
    exponent = re.sub(r"[\^(){}+]", "", found[2]).replace("−", "-")
    return f"{found[1] or 1}e{exponent} " if re.fullmatch(r"-?\d{1,3}", exponent) else found[0]


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
    thousands = re.fullmatch(rf"([-+]?[1-9]\d{{0,2}}){PLUS}\.(\d{{3}})", exact)
    if thousands:
        whole, decimal = (Fraction(sign.join(thousands.groups())) for sign in ("", "."))
        return Number(whole, Fraction(0), decimal)
    exact, *near = (piece.replace(f"{PLUS}.", ".") for piece in (exact, *near))
    plain = re.sub(r"(?<=\d) ?(?:%|percent)(?=[ .]*$)", "", exact)
    percent = 1 if plain == exact else 100
    found = ONE.fullmatch(plain) or (near and ONE.fullmatch(near[-1]))
    value = _value(**found.groupdict()) if found else None
    if value is None:
        return part.strip()[:20]
    rest = found["rest"]
    shown = re.sub(r"[eE].*|\D", "", rest).lstrip("0")
    blur = half_unit(rest) if len(shown) >= 3 and "." in rest else Fraction(0)
    return Number(value / percent, blur / percent)


def _value(sign, whole, rest):
    """Return the number with these parts, or None if they form no number, such as 1/0 or 1 3/2."""
    try:
        value = arrays.exact("answer", rest)
    except ValueError:
        return None
    if whole and not ("/" in rest and value < 1):
        return None
    return (-1 if sign == "-" else 1) * (int(whole or 0) + value)
