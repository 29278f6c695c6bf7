"""This module prints text on terminals of any kind.

It aligns columns that hold wide (Chinese) characters, uses ASCII where UTF-8 is missing, shows
progress, and accepts that a pipe is closed early.
"""

import codecs
import json
import os
import re
import sys
import unicodedata

WIDTH = 79
# fmt: off
PLAIN = {
    "−": "-", "·": "*", "×": "x", "≥": ">=", "≤": "<=", "τ": "tau", "θ": "theta", "Δ": "step",
    "²": "2", "½": "1/2", "→": "->", "⌊": "floor(", "⌋": ")", "√": "sqrt ", "…": "...", "∂": "d",
    "‖": "||", "Σ": "sum ", "–": "-", "—": "-", "λ": "lambda", "“": '"', "”": '"', "’": "'",
    "±": "+-", "∘": "o", "ŷ": "y^", "x̂": "x^", "Ŵ": "W^", "\u0302": "^", "§": "",
}
# fmt: on


def plain(text):
    """Return the text in ASCII, with symbols spelled out and Chinese left out.

    >>> plain("R² ≥ 0.5 (量化)")
    'R2 >= 0.5 '
    """
    out = unicodedata.normalize("NFKD", "".join(PLAIN.get(c, c) for c in text))
    out = "".join(c for c in out if ord(c) < 128 or unicodedata.east_asian_width(c) == "W")
    for brackets in ("()", "[]"):
        out = _without_wide(out, *brackets)
    return "".join(c for c in out if ord(c) < 128)


def _without_wide(text, left, right):
    """Remove brackets that contain nothing but Chinese."""
    parts = text.split(left)
    out = parts[0]
    for part in parts[1:]:
        inside, closed, rest = part.partition(right)
        wide = (
            closed
            and inside
            and all(unicodedata.east_asian_width(c) == "W" or c == " " for c in inside)
        )
        out += rest if wide else left + part
    return out


def harmless(text):
    """Put blanks in place of the characters that control a terminal, such as those for its cursor.

    Text that comes from a user's file or code may contain them.

    >>> harmless("a\x1b[2Jb")
    'a [2Jb'
    """
    return "".join(c if c.isprintable() else " " for c in text)


def width(text):
    """Return how many columns a text takes on a terminal.

    A Chinese character takes two, and a combining mark takes none.

    >>> width("量化 Q"), width("x̂")
    (6, 1)
    """
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def table(rows, header=None, align=""):
    """Format rows of cells as aligned columns, two blanks apart.

    align has one letter for each column, l for left (the default) or r for right.

    >>> print(table([["a", 1], ["bc", 23]], header=["x", "n"], align="lr"))
    x    n
    a    1
    bc  23
    """
    cells = [[shown(str(c)) for c in row] for row in ([header] if header else []) + list(rows)]
    widths = [max(width(row[i]) for row in cells) for i in range(len(cells[0]))]
    lines = []
    for row in cells:
        parts = [
            " " * (w - width(c)) + c if a == "r" else c + " " * (w - width(c))
            for c, w, a in zip(row, widths, align.ljust(len(widths), "l"))
        ]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)


def wrap(text, indent="", first=None):
    """Break a paragraph into lines of at most 79 columns.

    A word longer than a line, such as a number of 300 digits, is broken too. `first` replaces the
    indent of the first line.

    >>> print(wrap("word " * 20, indent="  ").count(chr(10)))
    1
    """
    first = indent if first is None else shown(first)
    first = first.rstrip() + " " if first.strip() else first
    lines, line, length = [], first, max(WIDTH - width(indent), 1)
    words = (
        word[at : at + length]
        for word in re.split(r"[ \n]+", text)
        for at in range(0, len(word), length)
    )
    for word in words:
        word = shown(word).replace("\u00a0", " ")  # a no-break space is printed as a blank
        room = line.strip() == "" or line == first
        if not room and width(f"{line} {word}") > WIDTH:
            lines.append(line)
            line, room = indent, True
        line += word if room else f" {word}"
    return "\n".join([*lines, line])


def is_utf8(stream):
    """Return True if a stream is encoded in UTF-8 and so can print Chinese and symbols.

    >>> import io; is_utf8(io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    False
    """
    try:
        return codecs.lookup(getattr(stream, "encoding", None) or "ascii").name == "utf-8"
    except LookupError:
        return False


def shown(text):
    """Return the text as stdout can print it, in ASCII if stdout is not UTF-8.

    Text must be converted before its width is measured, so that columns stay aligned.

    >>> shown("R²") in ("R²", "R2")
    True
    """
    return text if text.isascii() or is_utf8(sys.stdout) else plain(text)


def say(text=""):
    """Print a text, in plain ASCII if stdout is not UTF-8.

    If the reader has closed the pipe, as `head` does, the rest of the output is dropped.

    >>> say("done")
    done
    """
    try:
        print(shown(text), flush=True)
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def say_json(data, **options):
    """Print data as JSON, in ASCII if stdout is not UTF-8.

    >>> say_json([{"holds": True}])
    [
     {
      "holds": true
     }
    ]
    """
    say(json.dumps(data, indent=1, ensure_ascii=not is_utf8(sys.stdout), **options))


class Progress:
    """A progress line on stderr that each new stage overwrites.

    If stderr is not a terminal, nothing is written.

    >>> progress = Progress(total=2); progress("training"); progress.done
    1
    """

    def __init__(self, total, left=""):
        self.total, self.done, self.shown = total, 0, sys.stderr.isatty()
        self.left = f" ({left})" if left else ""  # the time that is left, in words

    def __call__(self, stage):
        """Show that a stage begins."""
        self.done += 1
        if self.shown:
            line = f"[{self.done}/{self.total}] {stage} ...{self.left}"
            sys.stderr.write("\r" + harmless(line).ljust(WIDTH))
            sys.stderr.flush()

    def end(self):
        """Remove the progress line."""
        if self.shown:
            sys.stderr.write("\r" + " " * WIDTH + "\r")
            sys.stderr.flush()
