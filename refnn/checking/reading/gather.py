"""This module collects what stands in the blocks of a text: numbers, statements and arithmetic.

Every block is read in the way of its kind. What cannot be read becomes a note with its line."""

import re
from typing import NamedTuple

from refnn.arrays import Refused
from refnn.checking.reading import arithmetic, lists, sessions, tables
from refnn.checking.reading.arithmetic import SIGN
from refnn.checking.reading.blocks import nature
from refnn.checking.reading.lists import MARK
from refnn.checking.reading.plain import plain, without_matrices
from refnn.checking.reading.statements import stated

MAX_BLOCKS, MAX_ROWS, MAX_ENTRIES, MAX_NOTES = 10_000, 10_000, 3000, 1000
WRITTEN, AFFINE = "written", "affine"  # ⌊x·W + B⌋ mod P, and clip(round(x/S) + Z)
FLOOR = re.compile(r"floor ?\(|取整|(?<![A-Za-z])floor(?![A-Za-z])")
MODULO = re.compile(r"(?<![A-Za-z])mod(?:ulo)?(?![A-Za-z])|\) ?% ?\w|取模|取余")
ROUND = re.compile(r"(?<![A-Za-z])(?:clip|clamp|round|rint|saturate)_? ?\(|四舍五入", re.IGNORECASE)
LINE = re.compile(r"line (\d+)")
BULLET = re.compile(r"(?:[-*+•]|\d{1,3}[.)]) ")
COMMENT = re.compile(r" ?(?:#|//).*")
COLON = re.compile(r"^([^\W\d][\w \-]{0,40}): ?(?=[-+\d(])(?=[^=]*$)")
ALONE = re.compile(rf"(?:[^\W\d][\w \-()'.,]{{0,60}} ?(?:=|:)? ?)?{MARK}[.,;]?")


class Gathered(NamedTuple):
    """What was found in a text, in its order."""

    items: list  # of lists.Item
    statements: list  # of statements.Statement
    claims: list  # of kind "arithmetic"
    notes: list  # (line, sentence)
    formulas: list  # (line, "written" or "affine") of each formula that is printed
    skipped: list  # the blocks that are no claims
    parts: set  # of "floor" and "mod", those that occur in the text


def gather(found):
    """Collect what stands in a list of blocks.

    >>> from refnn.checking.reading.blocks import cut
    >>> both = gather(cut(["x = [0.5, 1.0]", "", "```", "scale = 1 / 2 = 0.5", "```"]))
    >>> both.items[0].values, both.claims[0]["expression"], both.statements[0].value
    (['0.5', '1.0'], '1 / 2', '0.5')
    """
    if len(found) > MAX_BLOCKS:
        raise Refused("text", f"a text of at most {MAX_BLOCKS:,} paragraphs", f"{len(found):,}")
    into, before = _scratch(), ""
    for block in found:
        if block.kind == "session":  # of a notebook: its lines are entries
            _session(into, block.lines)
        elif block.kind in ("fence", "indented"):
            _code(into, block, before)
        elif block.kind != "table" or not _table(into, block):
            _prose(into, block, before)
        if block.kind in ("heading", "paragraph", "list"):
            before = plain(block.lines[-1]).strip("# ")
    return into


def _note(into, line, sentence):
    into.notes.append((line, f"line {line}: {sentence}"))


def _words(into, text, line, before="", typed=False):
    """Read the lists and the statements of a plain text, and return it without the lists."""
    items, stored, notes, words = lists.items(text, line, before)
    into.items.extend(items)
    into.statements.extend(stored)
    into.notes.extend((int(LINE.match(note)[1]), note) for note in notes)
    into.statements.extend(stated(words.split("\n"), line, typed))
    if max(len(into.items), len(into.notes), len(into.statements)) > MAX_NOTES:
        raise Refused("text", f"a text of at most {MAX_NOTES:,} lists and statements", "more")
    _formulas(into, words, line)
    return words


def _formulas(into, text, line):
    floor, modulo = FLOOR.search(text), MODULO.search(text)
    into.parts.update(["floor"] * bool(floor), ["mod"] * bool(modulo))
    if floor and modulo:
        into.formulas.append((line + text.count("\n", 0, floor.start()), WRITTEN))
    if rounds := ROUND.search(text):
        into.formulas.append((line + text.count("\n", 0, rounds.start()), AFFINE))


def _prose(into, block, before):
    text = plain(without_matrices("\n".join(block.lines)))
    words = _words(into, text, block.line, before)
    chains = []
    for at, line in enumerate(words.split("\n"), block.line):
        parts = [part for part in arithmetic.pieces(_unmarked(line.strip())) if SIGN.search(part)]
        found = [(arithmetic.chain(part), at) for part in parts]
        if all(one for one, _ in found) or block.kind == "math":  # not a part of a sentence
            chains += [one for one in found if one[0]]
    _arithmetic(into, _joined(chains))


def _unmarked(line):
    bullet = BULLET.match(line)
    return line[bullet.end() :] if bullet else line


def _table(into, block):
    """Read a table, and return False if the block is none."""
    if len(block.lines) > MAX_ROWS:
        expected = f"a text whose tables have at most {MAX_ROWS:,} rows"
        raise Refused("text", expected, f"{len(block.lines):,} (line {block.line})")
    table = tables.read(block)
    if table is None:
        return False
    into.items.extend(table.items)
    for line, text in table.words:
        into.statements.extend(stated([text], line))
    into.notes.extend((int(LINE.match(note)[1]), note) for note in table.notes)
    return True


def _code(into, block, before):
    """Read a fence or an indented block, or note that it is not read."""
    what = nature(block)
    if what == "session":
        _session(into, sessions.entries(block))
        into.skipped.append(block)
    elif what == "math":
        _prose(into, block._replace(kind="math"), before)
    elif what == "program":
        into.skipped.append(block)
        _note(into, block.line, "the code that begins here was not read: it is a program.")
    elif not _readable(into, block, before):
        if block.kind == "indented":
            _prose(into, block._replace(kind="paragraph"), before)
            return
        into.skipped.append(block)
        says = "it holds more than printed numbers and arithmetic"
        _note(into, block.line, f"the block between fences that begins here was not read: {says}.")
    else:
        into.skipped.append(block)


def _session(into, entries):
    if len(entries) > MAX_ENTRIES:
        raise Refused("text", f"a session of at most {MAX_ENTRIES:,} commands", f"{len(entries):,}")
    for entry in entries:
        session_entry(into, entry)


def session_entry(into, entry):
    """Read what was typed at a prompt, and what it printed.

    >>> into = Gathered([], [], [], [], [], [], set())
    >>> session_entry(into, sessions.Entry("print(q)", 3, ("[1 2]",), 4))
    >>> into.items[0].role, into.items[0].line
    ('codes', 4)
    """
    if entry.typed:
        typed = _scratch()
        words = _words(
            typed, plain(COMMENT.sub("", entry.typed), True), entry.typed_line, typed=True
        )
        if re.fullmatch(rf"[A-Za-z_]\w{{0,40}} = {MARK}", words.strip()):
            into.items.extend(item for item in typed.items if item.role)
        into.statements.extend(s._replace(typed=True) for s in typed.statements)
        into.formulas.extend(typed.formulas)
    if any(text.strip() for text in entry.printed):
        printed = _scratch()
        label = sessions.label(entry.typed)
        _words(printed, plain("\n".join(entry.printed), True), entry.line, label)
        number = sessions.as_statement(entry)
        printed.statements.extend(stated([number], entry.line) if number else ())
        _add(into, printed)
        read = printed.items or printed.statements or printed.notes
        said = " ".join(entry.printed)[:1000].strip()
        if not read and re.search(r"\d", said) and said[0] != "<":
            said = lists.short(entry.typed) or "no command"
            _note(into, entry.line, f"what was printed after '{said}' was not read.")


def _add(into, more):
    for part, new in zip(into, more):
        (part.update if isinstance(part, set) else part.extend)(new)


def _scratch():
    return Gathered([], [], [], [], [], [], set())


def _readable(into, block, before):
    """Read a block of prints and arithmetic, and return False if it holds something else."""
    printed = _scratch()
    text = plain("\n".join(block.lines), True)
    lines = [COMMENT.sub("", line, count=1) for line in text.split("\n")]
    words = _words(printed, "\n".join(lines), block.line, before)
    chains = []
    for i, line in enumerate(words.split("\n")):
        line = COLON.sub(r"\1 =", line.strip())
        parts = [part for part in arithmetic.pieces(line) if not ALONE.fullmatch(part)]
        found = [arithmetic.chain(part) for part in parts]
        if None in found and line and not ALONE.fullmatch(line):
            return False
        chains += [(one, block.line + i) for one in found if one]
    joined = _joined(chains)
    valued = {one.name for one, _, _ in joined if one.value}
    if any(not (one.value or _is_numeric(one) or one.name in valued) for one, _, _ in joined):
        return False
    if not chains and not printed.items and not printed.notes:
        return False
    _add(into, printed)
    _arithmetic(into, joined)
    return True


def _is_numeric(one):
    return arithmetic.is_expression(one.parts[-1])


def _joined(chains):
    """Return [(chain, its line, its last line)], where chains that continue each other are
    joined."""
    joined = []
    for one, line in chains:
        last = joined[-1] if joined else None
        follows = last and line - last[2] <= 1 and one.signs[0]
        if follows and (not one.name or (one.name == last[0].name and not last[0].value)):
            parts, signs = last[0].parts + one.parts, last[0].signs + one.signs
            joined[-1] = (arithmetic.Chain(last[0].name, parts, signs), last[1], line)
        else:
            joined.append((one, line, line))
    return joined


def _arithmetic(into, joined):
    """Make claims of chains [(chain, line, last line)]."""
    for one, line, last in joined:
        claims, notes = arithmetic.claims(one, f"line {line}")
        into.claims.extend(claims)
        into.notes.extend((line, note) for note in notes)
        if last > line and one.value:  # the value stands on a later line than the name
            into.statements.extend(stated([f"{one.name} = {one.source} = {one.value}"], line))
