"""This module finds words for the grid of the codes: bits, int8, symmetric, clip(…, 0, 255)."""

import re
from itertools import islice

from refnn.checking.reading.printed import levels_said

WHOLE = r"[+-]?\d{1,6}"
BITS = re.compile(
    r"(?<![\w.])(\d{1,2})(?: ?- ?| )?bits?\b(?! ?(?:float|fp))"
    r"|(?<![A-Za-z])(?:(?:num|n)_?bits|bits|bit[ -]?width|位宽) ?(?:=|:|of|is|为)? ?(\d{1,2})"
    r"(?![\d.])"
    r"|(?<![\d.])(\d{1,2}) ?(?:位(?![置于数])|比特)",
    re.IGNORECASE,
)
INT = re.compile(r"(?<![A-Za-z])(q?u?)int_?(\d{1,2})(?!\d)", re.IGNORECASE)
MOST = 1000  # calls of clip in a paragraph
WIDTHS = range(2, 17)
SYMMETRIC = re.compile(
    r"(?<![A-Za-z])(a|non-?|un)?symmetric(?:al(?:ly)?)?(?![A-Za-z])|(非|不)?对称", re.IGNORECASE
)
SIGNED = re.compile(r"(?<![A-Za-z])(un)?signed(?![A-Za-z])|(有|无|不带|带)符号", re.IGNORECASE)
CLIP = re.compile(r"(?<![A-Za-z])(?:clip|clamp|clamp_|saturate)\(", re.IGNORECASE)
ROUNDS = re.compile(r"round|rint|floor|ceil|trunc", re.IGNORECASE)
FORMATS = {
    "fp8_e4m3": re.compile(r"(?<![A-Za-z0-9])(?:fp8[ _-]?|float8_?)?\(?e4m3(?:fn)?(?!\w)", re.I),
    "fp8_e5m2": re.compile(r"(?<![A-Za-z0-9])(?:fp8[ _-]?|float8_?)?\(?e5m2(?!\w)", re.I),
    "fp4_e2m1": re.compile(r"(?<![A-Za-z0-9])(?:e2m1|fp4)(?!\w)", re.I),
    "nf4": re.compile(r"(?<![A-Za-z0-9])(?:nf4|normal ?float ?4)(?!\w)", re.I),
    "fp8": re.compile(r"(?<![A-Za-z0-9])(?:fp8|float8)(?![ _-]?\(?e\dm\d)(?!\w)", re.I),
}
RANGES = (
    re.compile(rf"(?<![\w.])({WHOLE}) ?(?:to|through|…|\.\.\.?|~|至|到) ?({WHOLE})(?![\w.]*\d)"),
    re.compile(rf"\(({WHOLE}) ?- ?(\d{{1,6}})\)"),
    re.compile(
        r"(?:range|interval|between|within|∈|in|into|to|区间|范围) ?(?:is|of|are|为|是|:)? ?"
        rf"(?:the )?(?:range |interval )?[\[(] ?({WHOLE}) ?, ?({WHOLE}) ?[\])]"
    ),
    re.compile(rf"between ({WHOLE}) and ({WHOLE})(?![\w.]*\d)"),
    re.compile(rf"\( ?({WHOLE}) ?,(?: ?{WHOLE} ?,){{0,2}} ?(?:…|\.\.\.) ?, ?({WHOLE}) ?\)"),
)
POWER = re.compile(r"([+-]?) ?2 ?\^ ?(?:(\d{1,2})|\( ?(\d{1,2}) ?(- ?1)? ?\))( ?- ?1)?")
STANDARD = {
    pair
    for b in WIDTHS
    for pair in (
        (0, 2**b - 1),
        (-(2 ** (b - 1)), 2 ** (b - 1) - 1),
        (1 - 2 ** (b - 1), 2 ** (b - 1) - 1),
    )
} - {(-1, 1)}  # which is more often a range of values


def grid_words(text):
    """Return (place, key, base, value, source) of every word for the grid in a plain text.

    >>> grid_words("uint4, asymmetric, clamp(round(x/s) + z, 0, 2^4 - 1)")[0][1:4]
    ('range', '', (0, 15))
    """
    found = [(at, "range", "", pair, "") for at, pair in ranges(text)]
    for one in BITS.finditer(text):
        found.append((one.start(), "bits", "", int(one[1] or one[2] or one[3]), ""))
    for one in INT.finditer(text):
        if int(one[2]) in WIDTHS:
            found.append((one.start(), "bits", "", int(one[2]), ""))
            found.append((one.start(), "signed", "", "u" not in one[1].lower(), ""))
    found = [one for one in found if one[1] != "bits" or one[3] in WIDTHS]
    for one in SYMMETRIC.finditer(text):
        found.append((one.start(), "symmetric", "", not (one[1] or one[2]), ""))
    for one in SIGNED.finditer(text):
        found.append((one.start(), "signed", "", not one[1] and one[2] not in ("无", "不带"), ""))
    for name, pattern in FORMATS.items():
        if one := pattern.search(text):
            found.append((one.start(), "format", "", name, ""))
    return found + [(0, "levels", "", levels, "") for levels in levels_said(text)]


def ranges(text):
    """Yield (place, (low, high)) of every range of codes that a plain text states.

    >>> list(ranges("codes 0 to 15, np.clip(np.round(x / s), -8, 7), in [0, 1]"))
    [(18, (-8, 7)), (6, (0, 15))]
    """
    for call in islice(CLIP.finditer(text), MOST):
        parts = arguments(text, call.end())
        if len(parts) >= 3 and (low := bound(parts[-2])) is not None:
            high = bound(parts[-1])
            if high is not None and low < high:
                if ROUNDS.search(parts[0]) or (low, high) in STANDARD:
                    yield call.start(), (low, high)
    for pattern in RANGES:
        for one in pattern.finditer(text):
            if (pair := (int(one[1]), int(one[2]))) in STANDARD:
                yield one.start(), pair


def arguments(text, at):
    """Return the arguments of a call whose bracket opens just before a place of the text.

    >>> arguments("clip(round(x, 2), 0, 7) = 3", 5)
    ['round(x, 2)', '0', '7']
    """
    parts, depth, begun = [], 0, at
    for mark in re.compile(r"[(),;]").finditer(text, at, at + 400):
        if mark[0] in ",;" and not depth:
            parts.append(text[begun : mark.start()].strip())
            begun = mark.end()
        depth += (mark[0] == "(") - (mark[0] == ")")
        if depth < 0:
            return [*parts, text[begun : mark.start()].strip()]
    return []


def bound(text):
    """Return the whole number that an end of a range says, or None.

    >>> bound("2^(8-1) - 1"), bound("max=255"), bound("qmin")
    (127, 255, None)
    """
    text = re.sub(r"^\w{1,10} ?= ?", "", text.strip())
    if re.fullmatch(WHOLE, text.replace(" ", "")):
        return int(text.replace(" ", ""))
    power = POWER.fullmatch(text)
    if not power:
        return None
    exponent = int(power[2] or power[3]) - bool(power[4])
    value = 2**exponent if power[1] != "-" else -(2**exponent)
    return value - bool(power[5])
