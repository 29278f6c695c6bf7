"""Reading a worksheet that somebody filled in, tolerantly: whatever came, there is something to mark.

    line   "Answer 1a: 3, -0.5, 2/3" or "答案 1a：…", in any case, full-width or not, behind bullets and asterisks
    token  what stands in place of one blank: a number with the half unit of its last digit, None (blank), or text that
           is no number

Numbers stand between commas, semicolons, bars or blanks. The last line of a label that is not blank counts.
"""

import re
import unicodedata
from fractions import Fraction
from typing import NamedTuple

from refnn import arrays, console
from refnn.checking.printed import half_unit

LIMIT = 2**20                                             # bytes of a sheet that are read
LONGEST = 2000                                            # characters of a line that are read
ANSWER = re.compile(r"[^\w]{0,20}(?:answer|答案)\s{0,9}(\d{1,3})\s{0,9}[.(]?\s{0,9}([a-f])\s{0,9}[)*]{0,3}\s{0,9}[:=]"
                    r"(.*)", re.IGNORECASE)
HEAD = {"seed": re.compile(r"seed[^\w]{0,9}(\d{1,19})(?!\d)"),
        "topics": re.compile(r"topics[^\w]{0,9}([a-z_, ]{1,400})"),
        "language": re.compile(r"language[^\w]{0,9}(en|zh)\b"), "form": re.compile(r"form[^\w]{0,9}(\d{1,3})\b"),
        "check": re.compile(r"check[^\w]{0,9}([0-9a-f]{8})\b")}
NAME = re.compile(r"[^\w]{0,20}(?:name|姓名)[^\w:]{0,9}:(.*)", re.IGNORECASE)
SIGNS = str.maketrans({**dict.fromkeys("−–—﹣", "-"), "⁄": "/", "∕": "/", "÷": "/", "、": ",", "。": ".", "·": ".",
                       **dict.fromkeys(";|&", ","), **dict.fromkeys("$*`()[]{}\\", " ")})


class Number(NamedTuple):
    """A number as written: its exact value, and half a unit of its last digit if it shows three digits, else 0.

    >>> Number._fields
    ('value', 'blur')
    """

    value: Fraction
    blur: Fraction

    def is_at(self, truth):
        """Is this number the truth, or the truth rounded to the digits that are shown?

        >>> Number(Fraction("0.333"), Fraction(1, 2000)).is_at(Fraction(1, 3)), Number(Fraction(3), 0).is_at(3)
        (True, True)
        """
        return abs(self.value - truth) <= self.blur


class Filled(NamedTuple):
    """head: the texts after seed, topics, language, form and check in one line, as far as found, {} if no seed and
    another; name: a text; answers: {label: tokens}.

    >>> Filled._fields
    ('head', 'name', 'answers')
    """

    head: dict
    name: str
    answers: dict


def decode(data):
    """The text of a sheet's bytes: UTF-8, UTF-16 by its mark, or else GB 18030 (what Chinese editors save).

    >>> decode("答案".encode("gb18030")), decode("a".encode("utf-16")), decode(b"\\xff\\x00")[-1]
    ('答案', 'a', '\\x00')
    """
    utf16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", "replace")


def read(text):
    """What a sheet says, a Filled.

    >>> found = read("Name: Ada\\n- **答案 1a**： ３，－１／２；____ x\\nanswer 1B = 0.333")
    >>> found.name, [t and getattr(t, "value", t) for t in found.answers["1a"]], found.answers["1b"][0].blur
    ('Ada', [Fraction(3, 1), Fraction(-1, 2), None, 'x'], Fraction(1, 2000))
    """
    head, name, answers = {}, "", {}
    for line in text.splitlines():
        line = unicodedata.normalize("NFKC", line[:LONGEST])[:LONGEST]
        if not head and "seed" in line:
            parts = {part: match[1].strip() for part, form in HEAD.items() if (match := form.search(line))}
            head = parts if "seed" in parts and len(parts) > 1 else {}
        elif found := ANSWER.match(line):
            label, tokens = f"{int(found[1])}{found[2].lower()}", _tokens(found[3])
            if label not in answers or any(token is not None for token in tokens):
                answers[label] = tokens
        elif not name and (found := NAME.match(line)):
            name = " ".join(console.harmless(found[1]).strip(" _*").split())[:60]
    return Filled(head, name, answers)


def _tokens(text):
    text = " ".join(text.split())
    text = re.sub(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"\1/\2", text).translate(SIGNS)
    text = re.sub(r"[^\s,=]{1,40}\s*=", " ", text)                             # "W = 3" is 3
    text = re.sub(r"\s*/\s*", "/", re.sub(r"([-+])\s+(?=[\d.])", r"\1", text))
    parts = text.split(",")
    while len(parts) > 1 and not parts[-1].strip():                            # a comma at the end
        parts.pop()
    return [_token(word) for part in parts for word in (part.split() or [""])]


def _token(word):
    if not word.strip("_.?-"):
        return None
    try:
        value = arrays.exact("read", "answer", word) if len(word) <= 40 else None
    except ValueError:
        value = None
    if value is None:
        return word[:20]
    digits = re.sub(r"[eE].*|\D", "", word).lstrip("0")
    return Number(value, half_unit(word) if len(digits) >= 3 and "." in word else Fraction(0))
