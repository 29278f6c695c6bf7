"""This module reads lines of arithmetic such as "zero_point = round(1.5 / 0.18) = 8".

The parts of a line between its equals signs are a name, expressions and numbers. An expression of
numbers with the number after it is a claim of kind "arithmetic". An expression with letters is not
judged here, but it tells where a value comes from."""

import re
from typing import NamedTuple

from refnn.checking.reading.prints import number_problem

SIGN = re.compile(r":=|=|≈|≃")
NO_EQUATION = re.compile(r"[<>!+\-*/^]=(?!=)|==|=>|[\[\]\"';?▦→]")
DOTS = re.compile(r"\.{2,9}")
REMARK = re.compile(r" ?(?:#|//).*| \([^()\d]{0,60}\) ?$")
NAME = re.compile(r"(?:[^\W\d]|\|)[\w \-()|.,'/{}̂]{0,60}")
TOKEN = re.compile(
    r" ?(?:(?P<number>\d{1,60}\.?\d{0,60}(?:[eE][+-]?\d{1,3})?|\.\d{1,60}(?:[eE][+-]?\d{1,3})?)"
    r"|(?P<name>[A-Za-z]{1,9})(?= ?\()|(?P<sign>[-+*/^])|(?P<bracket>[()])|(?P<comma>,))"
)
ARGUMENTS = {
    "round": (1, 1),
    "floor": (1, 1),
    "ceil": (1, 1),
    "abs": (1, 1),
    "sqrt": (1, 1),
    "clip": (3, 3),
    "clamp": (3, 3),
    "min": (1, 99),
    "max": (1, 99),
}
LONGEST = 400  # characters of an expression
DEEPEST = 40


def pieces(line):
    """Split a line at the commas and semicolons that stand in no brackets.

    >>> pieces("scale = 0.18, q = clip(2, 0, 1); z = 8")
    ['scale = 0.18', 'q = clip(2, 0, 1)', 'z = 8']
    """
    parts, depth, begun = [], 0, 0
    for at in re.finditer(r"[(),;\[\]]", line):
        if at[0] in ",;" and depth <= 0:
            parts.append(line[begun : at.start()].strip())
            begun = at.end()
        depth += (at[0] in "([") - (at[0] in ")]")
    return [part for part in [*parts, line[begun:].strip()] if part]


class Chain(NamedTuple):
    """A line NAME = part = part …, of which the last part is a number or an expression.

    >>> chain("scale = 2.7 / 15 = 0.18  # per code")
    Chain(name='scale', parts=('2.7 / 15', '0.18'), signs=('=', '='))
    """

    name: str  # "" if the line begins with an expression
    parts: tuple
    signs: tuple  # the sign before each part, "=" or "≈", "" without one

    @property
    def value(self):
        """Return the number at the end, or ""."""
        return self.parts[-1] if is_number(self.parts[-1]) else ""

    @property
    def source(self):
        """Return what stands between the name and the number at the end, or ""."""
        return " = ".join(self.parts[:-1] if self.value else self.parts)


def chain(line):
    """Read a line of arithmetic, or return None if the line is something else.

    >>> chain("see a = b"), chain("x == 2")
    (None, None)
    """
    if len(line) > 4 * LONGEST or not SIGN.search(line):
        return None
    line = REMARK.sub("", DOTS.sub("…", line).strip(" .,;"), count=1).strip(" .,;")
    if NO_EQUATION.search(line) or not SIGN.search(line):
        return None
    parts = [part.strip() for part in SIGN.split(line)]
    signs = ["≈" if sign in "≈≃" else "=" for sign in SIGN.findall(line)]
    if not all(parts[1:]):
        return None
    if is_expression(parts[0]) or not parts[0]:
        name, signs = "", ["", *signs] if parts[0] else signs
        parts = parts if parts[0] else parts[1:]
    else:
        name, parts = parts[0], parts[1:]
    if name and not NAME.fullmatch(name):
        return None
    last = parts[-1].removesuffix("…")
    if not is_expression(last) and not (len(parts) == 1 and _is_formula(last)):
        return None
    return Chain(name, tuple(parts), tuple(signs))


def _is_formula(text):
    """Return True for an expression with letters, not for words."""
    return bool(re.search(r"[-+*/^()]", text)) and not re.search(r"[^\W\d_]{2,} [^\W\d_]{2,}", text)


def claims(found, line):
    """Return ([claims of kind "arithmetic"], [notes]) of a Chain on a line.

    >>> claims(chain("zero_point = round(1.5 / 0.18) = 8"), "line 8")[0][0]["expression"]
    'round(1.5 / 0.18)'
    """
    made, notes = [], []
    for i, part in enumerate(found.parts[:-1]):
        if is_number(part) or not is_expression(part):
            continue
        name = f"{line}: {found.name}" if found.name else line
        after = next((k for k in range(i + 1, len(found.parts)) if is_number(found.parts[k])), None)
        if after is None:
            if found.parts[-1].endswith("…"):
                notes.append(
                    f"{name}: {part} = {found.parts[-1]} was not read: digits are left out."
                )
            continue
        about = "≈" in found.signs[i + 1 : after + 1]
        if about and "." not in found.parts[after]:
            said = f"{part} ≈ {found.parts[after]}"
            notes.append(f"{name}: {said} was not read: a whole number after ≈ may be rounded.")
            continue
        claim = {"kind": "arithmetic", "name": name, "expression": part}
        made.append({**claim, "printed": found.parts[after].replace(" ", "")})
    return made, notes


def is_number(text):
    """Return True for a number with nothing else.

    >>> is_number("- 0.18"), is_number("2.7 / 15")
    (True, False)
    """
    return number_problem(text.replace("- ", "-", 1)) == "" and "/" not in text


def is_expression(text):
    """Return True for an expression of numbers alone that a claim of kind "arithmetic" may have.

    >>> is_expression("clamp(round(-1.5 / 0.18 + 8), 0, 15)"), is_expression("round(x / 0.18)")
    (True, False)
    """
    if len(text) > LONGEST:
        return False
    at, opened, operand, signed = 0, [], True, False  # operand: a number must come next
    while at < len(text):
        token = TOKEN.match(text, at)
        if not token:
            return False
        at = token.end()
        if token["number"]:
            if not operand:
                return False
            operand = False
        elif token["name"]:
            if not operand or token["name"] not in ARGUMENTS:
                return False
            opened.append([token["name"], 1])
            at = text.index("(", at) + 1
        elif token["bracket"] == "(":
            if not operand:
                return False
            opened.append(["", 1])
        elif token["bracket"]:
            if operand or not opened or not _enough(*opened.pop()):
                return False
        elif token["comma"]:
            if operand or not opened or not opened[-1][0]:
                return False
            opened[-1][1] += 1
            operand = True
        elif operand and (signed or token["sign"] not in "-+"):
            return False
        else:
            operand, signed = True, operand
            continue
        signed = False
        if len(opened) > DEEPEST:
            return False
    return not operand and not opened


def _enough(name, count):
    low, high = ARGUMENTS.get(name, (1, 1))
    return low <= count <= high
