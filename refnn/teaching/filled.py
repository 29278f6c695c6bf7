"""Reading a worksheet that somebody filled in, tolerantly: whatever came, there is something to
mark.

    line   "Answer 1a: 3, -0.5, 2/3" or "答案 1a：…", in any case, full-width or not, behind bullets and asterisks
    token  what stands in place of one blank: a number with the half unit of its last digit, None (blank), or text that
           is no number

Numbers stand between commas, semicolons, bars or blanks. The last line of a label that is not blank
counts. A label before a number ("W = 3", "x1: 3") and a unit after it are passed over; what could
be two numbers is read as none."""

import re
import unicodedata
from fractions import Fraction
from typing import NamedTuple

from refnn import arrays, console
from refnn.checking.reading.printed import half_unit

LIMIT = 2**20  # bytes of a sheet that are read
LONGEST = 2000  # characters of a line that are read
ANSWER = re.compile(
    r"[^\w]{0,20}(?:answer|答案)\s{0,9}(\d{1,3})\s{0,9}[.(]?\s{0,9}([a-f])\s{0,9}[)*]{0,3}\s{0,9}[:=]"
    r"(.*)",
    re.IGNORECASE,
)
HEAD = {
    "seed": re.compile(r"seed[^\w]{0,9}(\d{1,19})(?!\d)"),
    "topics": re.compile(r"topics[^\w]{0,9}([a-z_, ]{1,400})"),
    "language": re.compile(r"language[^\w]{0,9}(en|zh)\b"),
    "form": re.compile(r"form[^\w]{0,9}(\d{1,3})\b"),
    "check": re.compile(r"check[^\w]{0,9}([0-9a-f]{8})\b"),
}
NAME = re.compile(r"[^\w]{0,20}(?:name|姓名)[^\w:]{0,9}:(.*)", re.IGNORECASE)
PLUS = "\u2064"  # the invisible plus of a mixed number, 1½
COMPATIBLE = {
    "<fraction>": f"{PLUS}{{}}",
    "<super>": "^{}",
    "<circle>": " {} ",
}  # lest 4¾ be 43/4, and 2² be 22
ESCAPED = re.compile(r"\\(_|[^\w\s,;!\\])")  # of an editor of Markdown: \_ is _
FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
SIGNS = str.maketrans(
    {
        **dict.fromkeys("−–—﹣", "-"),
        "⁄": "/",
        "∕": "/",
        "÷": "/",
        "、": ",",
        "。": ".",
        "·": ".",
        "|": ";",
        "&": ";",
        **dict.fromkeys("~≃≅≒约", "≈"),
        **dict.fromkeys("→⇒为是", "="),
        **dict.fromkeys("$*`()[]{}\\", " "),
    }
)
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
    """A number as written: its exact value, and half a unit of its last digit if it shows three
    digits, else 0.

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
    """head: the texts after seed, topics, language, form and check in one line, as far as found, {}
    if no seed and another; name: a text; answers: {label: what stands behind it}, for `tokens`.

    >>> Filled._fields
    ('head', 'name', 'answers')
    """

    head: dict
    name: str
    answers: dict


def decode(data):
    """The text of a sheet's bytes: UTF-8, UTF-16 by its mark or its zeros, or else GB 18030
    (Chinese editors' own).

    >>> decode("答案".encode("gb18030")), decode("a".encode("utf-16")), decode(b"a\\0b\\0"), decode(b"a\\xff")
    ('答案', 'a', 'ab', 'a�')
    """
    utf16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    wide = 4 * data[1::2].count(0) > len(data)  # in Latin letters every other byte
    for encoding in ("utf-16",) if utf16 else ("utf-16-le",) if wide else ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", "replace")


def read(text):
    """What a sheet says, a Filled.

    >>> found = read("Name: Ada\\n- **答案 1a**： ３，－１／２；____ x\\nanswer 1B = 0.333")
    >>> found.name, found.answers
    ('Ada', {'1a': ' 3,-1/2;____ x', '1b': ' 0.333'})
    """
    head, name, answers = {}, "", {}
    for line in filter(None, ESCAPED.sub(r"\1", text).splitlines()):
        line = _compatible(line[:LONGEST])[:LONGEST]
        if not head and "seed" in line:
            parts = {
                part: match[1].strip()
                for part, form in HEAD.items()
                if (match := form.search(line))
            }
            head = parts if "seed" in parts and len(parts) > 1 else {}
        elif found := ANSWER.match(line):
            label = f"{int(found[1])}{found[2].lower()}"
            if label not in answers or not is_blank(found[3]):
                answers[label] = found[3]
        elif not name and (found := NAME.match(line)):
            name = " ".join(console.harmless(found[1]).strip(" _*").split())[:60]
    return Filled(head, name, answers)


def _compatible(line):
    """NFKC, but no digit becomes part of the number before it."""
    if line.isascii():
        return line
    marked = (
        COMPATIBLE.get(unicodedata.decomposition(c).split(" ")[0], "{}").format(c) for c in line
    )
    return unicodedata.normalize("NFKC", "".join(marked))


def is_blank(text):
    """Does no answer stand here?

    >>> is_blank(" ____, ____"), is_blank("____, 5")
    (True, False)
    """
    return not text.translate(SIGNS).strip("\t _.?-,;")


def tokens(text, count):
    """The tokens of a line with so many blanks: parts between commas or semicolons if they are as
    many, else words.

    >>> [t and getattr(t, "value", t) for t in tokens("x1: 3, -1/2 V, ____, x", 4)]
    [Fraction(3, 1), Fraction(-1, 2), None, 'x']
    >>> tokens("1 1/2", 1)[0].value, len(tokens("1 1/2", 2)), tokens("1 1/2 2", 5)[0]
    (Fraction(3, 2), 2, '1\\xa01/2')
    """
    text = FRACTION.sub(rf"{PLUS}\1/\2", text).translate(SIGNS)
    text = re.sub(r"([-+])\s+(?=[\d.])", r"\1", re.sub(r"\s*/\s*", "/", " ".join(text.split())))
    parts = re.split("[,;]", text)
    while len(parts) > 1 and not parts[-1].strip():  # a comma at the end
        parts.pop()
    plain = re.sub("[,;]", "  ", LABEL.sub(" ", text))
    words, joined = plain.split(), MIXED.sub(rf"\1{PLUS}", plain).split()
    numbers = [w for w in words if not w.isalpha() or len(parts) > count]  # 3 V and 4 V are two
    for way in (parts, text.strip(" ;").split(";"), words, numbers, joined):
        if len(way) == count:
            return [_token(part) for part in way]
    lone = len(parts) == 1  # is its 1 1/2 one number or two?
    return [token for part in parts for token in _few(part, "\xa0" if lone else PLUS)]


def _few(part, glue):
    """The tokens of a part that is one number, or else of its words."""
    words = MIXED.sub(rf"\1{glue}", LABEL.sub(" ", part))
    whole = _token(part if glue == PLUS else words)
    return (
        map(_token, filter(None, words.split(" ")))
        if isinstance(whole, str) and words.strip()
        else [whole]
    )


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
    """The number of these parts; None of what is none: 1/0, 1 3/2."""
    try:
        value = arrays.exact("read", "answer", rest)
    except ValueError:
        return None
    if whole and not ("/" in rest and value < 1):
        return None
    return (-1 if sign == "-" else 1) * (int(whole or 0) + value)
