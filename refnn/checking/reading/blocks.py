"""This module cuts a text into blocks: headings, fences, tables, formulas, lists and paragraphs.

Each block keeps the line on which it begins. A fence or an indented block is looked at more
closely, because people put three things into it: a session at a prompt, numbers and arithmetic, or
a program."""

import re
from typing import NamedTuple

FENCE = re.compile(r"(`{3,}|~{3,})([^\n]*)")
HEADING = re.compile(r"#{1,6}(?: |$)")
UNDERLINE = re.compile(r"(?:={3,}|-{3,})$")
ITEM = re.compile(r"(?:[-*+•]|\d{1,3}[.)]|[(（]\d{1,3}[)）]) ")
QUOTE = re.compile(r" {0,3}>(?!>>)(?: |$)")
RULE = re.compile(r"[-+=|:\s]{3,}$")
PROMPT = re.compile(r"(>>>|\.\.\.|In ?\[\d{0,5}\]:|\.\.\.:|Out\[\d{0,5}\]:)(?: |$)")
TYPED = (">>>", "In")
PROGRAM = re.compile(
    r"(?:def|class|for|while|if|elif|else|try|with|import|from|return|print|assert|fn|func|let|var"
    r"|const|void|public|#include|using)\b(?! ?[=:] ?[-\d])"
)
CALL = re.compile(r"[A-Za-z_][\w.]*\(")
PRINTED = re.compile(r"(?:[a-z]{1,12}\.)?(?:tensor|array)\(", re.IGNORECASE)
NO_LANGUAGE = ("", "text", "txt", "plain", "plaintext", "output", "out", "none", "console")
OF_SESSIONS = ("python", "py", "python3", "pycon", "ipython", "python-repl", "shell", "console")
MATH = ("math", "latex-math")


class Block(NamedTuple):
    """A part of a text.

    >>> cut(["x is 1", "", "```python", "x = 1", "```"])[1]
    Block(kind='fence', line=4, lines=('x = 1',), mark='python')
    """

    kind: str  # heading, fence, indented, table, math, list or paragraph
    line: int  # the number of its first line, from 1
    lines: tuple  # without the fence itself
    mark: str = ""  # the language of a fence


def cut(lines):
    """Cut a text, given as a list of lines, into a list of blocks.

    >>> [block.kind for block in cut(["# A", "x | q", "--|--", "1 | 2", "", "$$", "a", "$$"])]
    ['heading', 'table', 'math']
    """
    lines = [_unquoted(line).rstrip() for line in lines]
    found, i, ends = [], 0, _ends(lines)
    while i < len(lines):
        kind, after, inner, mark = _next(lines, i, ends, found)
        if kind:
            begin = i + (kind == "fence")
            found.append(Block(kind, begin + 1, tuple(inner), mark))
        i = after
    return found


def _unquoted(line):
    quote = QUOTE.match(line)
    return line[quote.end() :] if quote else line


def _next(lines, i, ends, before):
    """Return (kind, the line after it, its lines, mark) of the block that begins at a line."""
    text = lines[i].lstrip()
    if not text:
        return "", i + 1, (), ""
    fence = FENCE.match(text)
    if fence and "`" not in fence[2]:
        end = i + 1
        while end < len(lines) and not _closes(lines[end].strip(), fence[1]):
            end += 1
        mark = fence[2].strip().strip("{}").strip(". ").split(" ")[0].lower()
        return "fence", end + 1, lines[i + 1 : end], mark
    if HEADING.match(text):
        return "heading", i + 1, lines[i : i + 1], ""
    if i in ends:
        return "math", ends[i] + 1, lines[i : ends[i] + 1], ""
    if _is_row(text) and i + 1 < len(lines) and _is_row(lines[i + 1].lstrip()):
        end = _while(lines, i, lambda line: _is_row(line.lstrip()))
        return "table", end, lines[i:end], ""
    in_list = bool(before) and before[-1].kind == "list"
    if lines[i].startswith(("    ", "\t")) and (not in_list or text.startswith(TYPED)):
        end = _while(lines, i, lambda line: not line or line.startswith(("    ", "\t")))
        return "indented", end, lines[i:end], ""
    if text.startswith(TYPED) and PROMPT.match(text):
        end = _while(lines, i, bool)
        return "indented", end, lines[i:end], ""
    return _prose(lines, i, ends, text)


def _prose(lines, i, ends, text):
    kind, end = "list" if ITEM.match(text) else "paragraph", i + 1
    while end < len(lines) and (line := lines[end].lstrip()):
        if kind == "paragraph" and UNDERLINE.match(line) and end == i + 1:
            return "heading", end + 1, lines[i : end + 1], ""
        if HEADING.match(line) or FENCE.match(line) or ITEM.match(line) or end in ends:
            break
        if PROMPT.match(line) and line.startswith(TYPED):
            break
        if _is_row(line) and end + 1 < len(lines) and _is_row(lines[end + 1].lstrip()):
            break
        end += 1
    return kind, end, lines[i:end], ""


def _while(lines, i, holds):
    while i < len(lines) and holds(lines[i]):
        i += 1
    return i


def _closes(text, fence):
    return len(text) >= len(fence) and not text.strip(fence[0])


def _is_row(text):
    return "|" in text.strip("|")[:1000] or (text[:1] == "+" and bool(RULE.match(text)))


def _ends(lines):
    """Return {first line: last line} of the display formulas that begin a line."""
    found, dollars, brackets, begun = {}, None, None, []
    for i, line in enumerate(lines):
        text = line.lstrip()
        if FENCE.match(text):
            dollars, brackets, begun = None, None, []
        odd = line.count("$$") % 2
        if dollars is not None and odd:
            found[dollars], dollars = i, None
        elif text.startswith("$$"):
            dollars = i if odd else None
            if not odd:
                found[i] = i
        if brackets is not None and "\\]" in line:
            found[brackets], brackets = i, None
        elif text.startswith("\\["):
            if "\\]" in line:
                found[i] = i
            else:
                brackets = i
        if text.startswith("\\begin{"):
            begun.append(i)
        if "\\end{" in line and begun:
            first = begun.pop()
            if not begun:
                found[first] = i
    return found


def nature(block):
    r"""Say what a fence or an indented block holds: session, program, math or readable.

    A "readable" block is later read as prints or arithmetic, if that is possible.

    >>> nature(Block("fence", 1, ("q = round(x / s)", "for v in q:")))
    'program'
    >>> nature(Block("fence", 1, (">>> import numpy as np", ">>> np.rint(2.5)", "2.0"), "python"))
    'session'
    """
    lines = [text for line in block.lines if (text := line.strip())]
    if block.mark in MATH:
        return "math"
    session = bool(lines) and bool(PROMPT.match(lines[0])) and lines[0].startswith(TYPED)
    if session and block.mark in (*NO_LANGUAGE, *OF_SESSIONS):
        return "session"
    if block.mark not in NO_LANGUAGE or any(map(is_code, lines)):
        return "program"
    return "readable"


def is_code(line):
    """Return True if a line, without blanks around it, can only be a line of a program.

    >>> is_code("print(q)"), is_code("tensor([1, 2])"), is_code("q(-1.5) = round(0.2) = 0")
    (True, False, False)
    """
    if PROGRAM.match(line):
        return True
    called = CALL.match(line) and not PRINTED.match(line)
    return bool(called and line.split("#")[0].rstrip(" ;").endswith(")") and "=" not in line)
