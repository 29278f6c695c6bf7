"""Marking worksheets: what a filled-in sheet says, a mark a number, and the slip behind a mistake.

An answer line is "Answer 1a: 3, -0.5, 2/3" or "答案 1a：…", in upper or lower case, full-width or
not, behind bullets and asterisks. The last line of a label that is not blank counts.

Follow-through: a later answer that is right given the student's own earlier ones has its marks. The
student's own number is taken as it is written, and as the exact number, of the truth or of a slip,
that it rounds; where there is none, the truth is taken.

Fingerprint: the slips whose answers agree with the student's in more numbers than the truth does,
and in two thirds of them at least. The sheet is told the hint, which never gives the answer; the
class is told the name, which may.
"""

import re
import unicodedata
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from refnn import console
from refnn.arrays import Refused, describe
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.teaching.answers import PLUS, Number, is_blank, tokens
from refnn.teaching.files import a_file
from refnn.teaching.marks import Layout, Marked, Row, printable
from refnn.teaching.question import follows
from refnn.teaching.worksheets import MAX_SEED, TOPICS, labels, sheet, sheet_text
from refnn.validation import takes

FULL = sum(step.count for topic in TOPICS.values() for step in topic.steps)
LIMIT = 2**20  # bytes of a sheet that are read
LONGEST = 2000  # characters of a line that are read
NO_HEAD = 'no line "refnn worksheet: …" was found, so that nothing can be marked'
OTHER_HEAD = (
    "the check in its head does not fit: head, questions or the version of refnn are others; "
    "marked by the head as it is"
)
ANSWER = re.compile(
    r"[^\w]{0,20}(?:answer|答案)\s{0,9}(\d{1,3})\s{0,9}[.(]?\s{0,9}([a-f])\s{0,9}[)*]{0,3}\s{0,9}"
    r"[:=](.*)",
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
# Lest NFKC make 43/4 of 4¾, and 22 of 2²
COMPATIBLE = {"<fraction>": PLUS + "{}", "<super>": "^{}", "<circle>": " {} "}
ESCAPED = re.compile(r"\\(_|[^\w\s,;!\\])")  # of an editor of Markdown: \_ is _


def _heading(marked):
    seed = "no seed" if marked.seed is None else f"seed {marked.seed}"
    return f"{seed}, {printable(marked.who)}" if marked.who else seed


SHEET = Layout(
    who="name",
    heading=_heading,
    widths=(19, 4),
    table=("file", "name", "seed", "marks", "of"),
    steps=tuple(f"{t.name} {letter}" for t in TOPICS.values() for letter, _ in t.lettered()),
    explained=False,
)


class Filled(NamedTuple):
    """What a filled-in sheet says."""

    head: dict  # the fields of the head that were found; {} without a seed and one more field
    name: str
    answers: dict  # {label: what stands behind it}, for `tokens`


@takes(path=a_file("a sheet"))
def grade(path):
    """Mark the sheet in a file, whatever the file holds; OSError or TypeError for what is no file.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file, text = Path(folder) / "s.md", sheet_text(sheet(7, ["loss"]))
    ...     _ = file.write_text(text.replace("1a: ____", "1a: 9.5"), encoding="utf-8")
    ...     [row.remark for row in grade(file).rows]
    ['all is that of a known mistake: What factor stands in front of the sum?']
    """
    with open(path, "rb") as file:
        data = file.read(LIMIT + 1)
    marked = grade_text(decode(data[:LIMIT]), Path(path).name)
    if len(data) <= LIMIT:
        return marked
    return marked._replace(remarks=(*marked.remarks, "longer than 1 MB: only the first was read"))


def _text(name, value, arguments):
    if not isinstance(value, str):
        raise Refused(name, "a text", describe(value), TypeError)
    return value


@takes(text=_text, file=_text)
def grade_text(text, file="sheet"):
    """Mark the text of a sheet.

    >>> grade_text("nothing")[3:7]
    (0, 151, (), ('no line "refnn worksheet: …" was found, so that nothing can be marked',))
    """
    found = read(text)
    seed = int(found.head["seed"]) if found.head else None
    if seed is None or seed > MAX_SEED:
        why = NO_HEAD if seed is None else "its seed is none"
        return Marked(file, found.name, None, 0, FULL, (), (why,), SHEET)
    named = found.head.get("topics", "all").replace(" ", "").split(",")
    topics = [name for name in named if name in TOPICS] or None
    made = sheet(seed, topics, found.head.get("language", "en"))
    rows, given = [], {}
    for label, q, i in labels(made):
        earlier = given.setdefault(label[:-1], [])
        row, own = _marked(label, q, i, found.answers.get(label), earlier)
        earlier.append(own)
        rows.append(row)
    remarks = [OTHER_HEAD] * (read(sheet_text(made)).head != found.head)
    remarks += ["blank"] * all(is_blank(said) for said in found.answers.values())
    got, of = sum(row.got for row in rows), sum(row.of for row in rows)
    return Marked(file, found.name, seed, got, of, tuple(rows), tuple(remarks), SHEET)


# --- what a sheet says ----------------------------------------------------------------------------


def decode(data):
    """Return the text of a sheet's bytes.

    They are UTF-8, UTF-16 by its mark or its zeros, or GB 18030 (of Chinese editors).

    >>> decode("答案".encode("gb18030")), decode("a".encode("utf-16"))
    ('答案', 'a')
    >>> decode(b"a\\0b\\0"), decode(b"a\\xff")
    ('ab', 'a�')
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
    """Return what a sheet says, a Filled.

    >>> found = read("Name: Ada\\n- **答案 1a**： ３，－１／２；____ x\\nanswer 1B = 0.333")
    >>> found.name, found.answers
    ('Ada', {'1a': ' 3,-1/2;____ x', '1b': ' 0.333'})
    """
    head, name, answers = {}, "", {}
    for line in filter(None, ESCAPED.sub(r"\1", text).splitlines()):
        line = _compatible(line[:LONGEST])[:LONGEST]
        if not head and "seed" in line:
            found = {part: form.search(line) for part, form in HEAD.items()}
            parts = {part: match[1].strip() for part, match in found.items() if match}
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
    kinds = [(unicodedata.decomposition(c).split(" ")[0], c) for c in line]
    marked = "".join(COMPATIBLE.get(kind, "{}").format(c) for kind, c in kinds)
    return unicodedata.normalize("NFKC", marked)


# --- what its answers are worth -------------------------------------------------------------------


def _marked(label, q, i, text, earlier):
    """The Row of a step, and the student's own numbers for later steps: exact, and as written."""
    step, truth = q.topic.steps[i], q.truth[i]
    found = [] if text is None else tokens(text, step.count)
    if all(token is None for token in found):
        what = "no such line" if text is None else "left blank"
        return Row(label, q.topic.name, 0, step.count, (), what), (truth, truth)
    said = (found + [None] * step.count)[: step.count]
    got, right, slips = _agree(said, truth), truth, [q.slips[i]]
    for own in dict.fromkeys(zip(*earlier)):
        later, wrong = follows(step, q.given, own) if own != q.truth[:i] else (None, {})
        slips.append(wrong)
        if later and _agree(said, later) > got:
            got, right = _agree(said, later), later
    names, most = _fingerprint(said, slips, got) if got < step.count else ({}, 0)
    notes = ["follows from own earlier answers"] * (right != truth)
    if names:
        many = f"{most} of {step.count} are those" if most < step.count else f"all {most} are those"
        many = "all is that" if most == step.count == 1 else many
        notes.append(f"{many} of a known mistake: {CATALOGUE[next(iter(names))].hint}")
    notes += _notes(said, len(found), step.count - got if not names else 0)
    row = Row(label, q.topic.name, got, step.count, tuple(names), "; ".join(notes))
    written = [token.value if isinstance(token, Number) else t for token, t in zip(said, right)]
    exact = [_rounded(*own) for own in zip(said, written, right, *names.values())]
    return row, (tuple(exact), tuple(written))


def _notes(said, count, unexplained):
    """Remarks on `count` answers, of which those in `said` have a blank each."""
    blank, unread = said.count(None), [token for token in said if isinstance(token, str)]
    notes = ["by no slip of the catalogue"] * (unexplained > blank + len(unread))
    notes += [f"{blank} left blank"] * bool(blank)
    notes += [f"not read: {', '.join(map(printable, unread))}"] * bool(unread)
    if count > len(said):
        notes.append(f"{count} answers for {len(said)} blanks: the first {len(said)} count")
    return notes


def _rounded(token, written, *exact):
    """The exact number that a token rounds, if it is one of these; else the one as written."""
    return next((v for v in exact if isinstance(token, Number) and token.is_at(v)), written)


def _agree(said, answers):
    return sum(isinstance(token, Number) and token.is_at(v) for token, v in zip(said, answers))


def _fingerprint(said, slips, got):
    """{slip: numbers} of the slips that agree most, if more than `got`, and in how many numbers."""
    agreed = {}
    for name, answers in [item for by_name in slips for item in by_name.items()]:
        if len(answers) == len(said):
            agreement = _agree(said, answers), answers
            agreed[name] = max(agreed.get(name, (0, ())), agreement, key=itemgetter(0))
    most = max((count for count, _ in agreed.values()), default=0)
    if most <= got or 3 * most < 2 * len(said):
        return {}, 0
    names = [name for name, (count, _) in agreed.items() if count == most][:3]
    return {name: agreed[name][1] for name in names}, most
