"""Mark worksheets: read a filled-in sheet, give one mark for each right number, and find slips.

A slip is a known mistake of the catalogue (`refnn.checking.catalogue.slips`).

An answer line looks like "Answer 1a: 3, -0.5, 2/3" or "答案 1a：…". It may be written in upper or
lower case and with full-width characters, and it may begin with bullets or asterisks. If a label
stands on several lines, the last one that is not blank counts.

Follow-through means that a later answer gets its marks if it is right for the student's own earlier
answers. An earlier number is used in two ways. One is the number as it is written. The other is the
exact number whose rounded form the student wrote. This is the right answer or the answer of a slip.
A blank counts as the right number.

A fingerprint is a slip that explains a wrong line. Its answers agree with the student's in more
numbers than the right answers do, and in at least two thirds of all numbers. The marks of the sheet
show the hint of the slip, which never gives away the answer. The list of the class shows the name
of the slip, which may give it away.
"""

import os
import re
import unicodedata
from itertools import combinations
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from refnn import console
from refnn.arrays import Refused, describe
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.files import a_file
from refnn.teaching.answers import PLUS, Number, is_blank, tokens
from refnn.teaching.marks import Layout, Marked, Row, printable
from refnn.teaching.question import follows
from refnn.teaching.roster import is_secret
from refnn.teaching.submissions import decode, unreadable
from refnn.teaching.worksheets import MAX_SEED, TOPICS, class_sheet, labels, sheet, sheet_text
from refnn.validation import takes

FULL = sum(step.count for topic in TOPICS.values() for step in topic.steps)
LIMIT = 2**20  # the most bytes that are read of a sheet
LONGEST = 2000  # the most characters that are read of a line
NO_HEAD = 'The sheet has no line "refnn worksheet: …", so nothing can be marked.'
OTHER_HEAD = (
    "The check code in the head does not match. The head or the questions were changed, or the "
    "sheet comes from another version of refnn. It was marked by the head as it is now."
)
ANSWER = re.compile(
    r"[^\w]{0,20}(?:answer|答案)\s{0,9}(\d{1,3})\s{0,9}[.(]?\s{0,9}([a-f])(?!\w)"
    r"\s{0,9}[)*\]]{0,3}\s{0,9}[:=]?(.*)",
    re.IGNORECASE,
)
# A line below that goes on with an answer: numbers, masks and what stands between them
MORE = re.compile(
    r"(?!\s{0,9}#)(?=.{0,99}(?:\d|[✓✔☑√✗✘]|true|false|keep|drop))"
    r"(?:[^\w#]|\d|e|x|true|false|keep|kept|drop|dropped|removed|np|array|dtype|frac|times|cdot){1,400}",
    re.IGNORECASE,
)
BULLET = re.compile(r"\s{0,9}(?:[-+*•]|\d{1,2}[.)])\s+(?=\S)")
HEAD = {
    "id": re.compile(r"worksheet[^\w]{0,9}id[ :]{1,9}<?(.{1,200}?)>?\s{0,9};"),
    "seed": re.compile(r"seed[^\w]{0,9}(\d{1,19})(?!\d)"),
    "topics": re.compile(r"topics[^\w]{0,9}([a-z_, ]{1,400})"),
    "language": re.compile(r"language[^\w]{0,9}(en|zh)\b"),
    "form": re.compile(r"form[^\w]{0,9}(\d{1,3})\b"),
    "check": re.compile(r"check[^\w]{0,9}([0-9a-f]{8})\b"),
}
NAME = re.compile(r"[^\w]{0,20}(?:name|姓名)[^\w:]{0,9}:(.*)", re.IGNORECASE)
# Without these forms NFKC would turn 4¾ into 43/4, and 2² into 22
COMPATIBLE = {
    "<fraction>": PLUS + "{}",
    "<super>": "^{}",
    "<sub>": "_{}",
    "<circle>": " {} ",
}
UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\ufe0f"))
ESCAPED = re.compile(r"\\(_|[^\w\s,;!\\])")  # Markdown editors write \_ for _


def _heading(marked):
    seed = "no seed" if marked.seed is None else f"seed {marked.seed}"
    origin = f"id {printable(marked.student)}" if marked.student else seed
    return f"{origin}, {printable(marked.who)}" if marked.who else origin


SHEET = Layout(
    who="name",
    heading=_heading,
    widths=(19, 4),
    table=("file", "name", "seed", "marks", "of"),
    steps=tuple(f"{t.name} {letter}" for t in TOPICS.values() for letter, _ in t.lettered()),
    explained=False,
)


class Filled(NamedTuple):
    """The contents of a filled-in sheet."""

    head: dict  # the fields of the head; {} if id and seed, or all other fields, are missing
    name: str
    answers: dict  # {label: the text after it}, for `tokens`
    twice: tuple = ()  # the labels that have two different answers


@takes(path=a_file("a sheet"), secret=is_secret)
def grade(path, secret=None):
    """Mark the sheet in a file. For a sheet of a class, `secret` is the bytes of its secret.

    The file may hold anything: a file that is no sheet gets 0 marks and a remark. An OSError is
    raised if there is no file at `path`, and a TypeError if `path` is not a path.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file, text = Path(folder) / "s.md", sheet_text(sheet(7, ["loss"]))
    ...     _ = file.write_text(text.replace("1a: ____", "1a: 9.5"), encoding="utf-8")
    ...     [row.remark for row in grade(file).rows]
    ['The number is that of a known mistake: What factor stands in front of the sum?']
    """
    with open(path, "rb") as file:
        data = file.read(LIMIT + 1)
    marked = grade_text.formula(decode(data[:LIMIT]), Path(path).name, secret)
    if len(data) <= LIMIT:
        return marked
    return marked._replace(
        remarks=(*marked.remarks, "The sheet is longer than 1 MB. Only the first 1 MB was read.")
    )


def mark_any(path, secret=None):
    """Mark the sheet at a path, whatever is there: what cannot be read gets 0 marks and a remark.

    >>> mark_any("no/such/file.md").remarks
    ('It cannot be read: there is no such file.',)
    """
    try:
        if os.path.getsize(path) and os.path.isfile(path):
            return grade.formula(path, secret)
        why = "The file is empty." if os.path.isfile(path) else None
        why = why or f"It cannot be read: {unreadable(path, None)}."
    except (OSError, ValueError) as error:
        why = f"It cannot be read: {unreadable(path, error)}."
    return Marked(Path(path).name, "", None, 0, FULL, (), (why,), SHEET)


def student_of(path):
    """Return the id in the head of a sheet of a class, or "" for any other file.

    >>> student_of("no/such/file.md")
    ''
    """
    try:
        if "\0" in os.fspath(path) or not os.path.isfile(path):
            return ""
        with open(path, "rb") as file:
            return read(decode(file.read(LIMIT))).head.get("id", "")
    except (OSError, ValueError):
        return ""


def _text(name, value, arguments):
    if not isinstance(value, str):
        raise Refused(name, "a text", describe(value), TypeError)
    return value


@takes(text=_text, file=_text, secret=is_secret)
def grade_text(text, file="sheet", secret=None):
    """Mark the text of a sheet. For a sheet of a class, `secret` is the bytes of its secret.

    >>> grade_text("nothing")[3:7]
    (0, 151, (), ('The sheet has no line "refnn worksheet: …", so nothing can be marked.',))
    """
    found = read(text)
    student = found.head.get("id", "")
    if student and secret is None:
        raise Refused("secret", "given for a sheet of a class", "None")
    seed = int(found.head["seed"]) if "seed" in found.head and not student else None
    if not student and (seed is None or seed > MAX_SEED):
        why = NO_HEAD if seed is None else "The seed in the head is too large."
        return Marked(file, found.name, None, 0, FULL, (), (why,), SHEET)
    named = found.head.get("topics", "all").replace(" ", "").split(",")
    topics = [name for name in named if name in TOPICS] or None
    language = found.head.get("language", "en")
    if student:
        made = class_sheet(student, secret, topics, language)
    else:
        made = sheet(seed, topics, language)
    rows, given = [], {}
    for label, q, i in labels(made):
        earlier = given.setdefault(label[:-1], [])
        row, own = _marked(label, q, i, found.answers.get(label), earlier)
        earlier.append(own)
        rows.append(row)
    remarks = [OTHER_HEAD] * (read(sheet_text(made)).head != found.head)
    remarks += [f"There are two answers to {label}. The last one counts." for label in found.twice]
    remarks += ["The sheet is blank."] * all(is_blank(said) for said in found.answers.values())
    got, of = sum(row.got for row in rows), sum(row.of for row in rows)
    more = (tuple(rows), tuple(remarks), SHEET, made.student, _said(found))
    return Marked(file, found.name, seed, got, of, *more)


def _said(found):
    """Return the answers of a sheet as one text, by which equal sheets are found, or ""."""
    said = {label: text.split() for label, text in found.answers.items() if not is_blank(text)}
    return repr(sorted(said.items())) if said else ""


# --- what a sheet says ----------------------------------------------------------------------------


def read(text):
    """Return the contents of a sheet as a Filled.

    >>> found = read("Name: Ada\\n- **答案 1a**： ３，－１／２；____ x\\nanswer 1B = 0.333")
    >>> found.name, found.answers
    ('Ada', {'1a': ' 3,-1/2;____ x', '1b': ' 0.333'})
    """
    head, name, answers, twice, below = {}, "", {}, [], None
    for line in ESCAPED.sub(r"\1", text).splitlines():
        line = _compatible(line[:LONGEST].translate(UNSEEN))[:LONGEST]
        if not line.strip():
            if below and not is_blank(_joined(answers[below])):
                below = None  # an answer ends with an empty line
        elif "id" not in head and _head(line) and ("id" in _head(line) or not head):
            head = _head(line)
        elif found := ANSWER.match(line):
            below, said = f"{int(found[1])}{found[2].lower()}", found[3]
            before = _joined(answers.get(below, [""]))
            twice += [below] * (not is_blank(before) and not is_blank(said))
            if is_blank(before) or not is_blank(said):
                answers[below] = [said]
        elif below and MORE.fullmatch(line):
            answers[below].append(line)
        else:
            below = None
            if not name and (found := NAME.match(line)):
                name = " ".join(console.harmless(found[1]).strip(" _*").split())[:60]
    joined = {label: _joined(lines) for label, lines in answers.items()}
    return Filled(head, name, joined, tuple(twice))


def _head(line):
    """Return the fields of the head of a sheet, or {} if the line is none.

    >>> _head("refnn worksheet: id a1; topics loss"), _head("Name: seed 7 topics loss")
    ({'id': 'a1', 'topics': 'loss'}, {})
    """
    if NAME.match(line) or not ("seed" in line or "worksheet" in line):
        return {}
    found = {part: form.search(line) for part, form in HEAD.items()}
    parts = {part: match[1].strip() for part, match in found.items() if match}
    return parts if len(parts) > 1 and ("id" in parts or "seed" in parts) else {}


def _joined(lines):
    """Return an answer in one line: the text after its label, and the lines below it.

    >>> _joined([" ", "- 3", "- 4"]), _joined([" 1, 2,", "-3"]), _joined([" ____", "-3"])
    ('3; 4', ' 1, 2, -3', '-3')
    """
    first, *rest = lines
    rest = [line for line in rest if not is_blank(line)]
    if is_blank(first) and rest:  # a list in Markdown
        whole = all(map(BULLET.match, rest))
        first, *rest = [BULLET.sub("", line) if whole else line for line in rest]
    for line in rest:
        first += (" " if first.rstrip().endswith((",", ";", "，", "；")) else "; ") + line.strip()
    return first


def _compatible(line):
    """Return the line in Unicode's form NFKC, but join no digit to the number before it."""
    if line.isascii():
        return line
    kinds = [(unicodedata.decomposition(c).split(" ")[0], c) for c in line]
    marked = "".join(COMPATIBLE.get(kind, "{}").format(c) for kind, c in kinds)
    return unicodedata.normalize("NFKC", marked)


# --- what its answers are worth -------------------------------------------------------------------


def _marked(label, q, i, text, earlier):
    """Return the Row of a step, and the student's own numbers, which later steps may follow from.

    The own numbers are a pair: the exact numbers, and the numbers as they are written.
    """
    step, truth = q.topic.steps[i], q.truth[i]
    found = [] if text is None else tokens(text, step.count)
    if all(token is None for token in found):
        what = (
            "The sheet has no line for this answer." if text is None else "The line was left blank."
        )
        return Row(label, q.topic.name, 0, step.count, (), what), (truth, truth)
    said = _aligned(found, truth)
    got, right, slips = _agree(said, truth), truth, [q.slips[i]]
    for own in dict.fromkeys(zip(*earlier)):
        later, wrong = follows(step, q.given, own) if own != q.truth[:i] else (None, {})
        slips.append(wrong)
        if later and _agree(said, later) > got:
            got, right = _agree(said, later), later
    names, most = _fingerprint(said, slips, got) if got < step.count else ({}, 0)
    notes = ["This line was marked with your own earlier answers."] * (right != truth)
    if names:
        many = (
            f"{most} of {step.count} numbers are those"
            if most < step.count
            else f"All {most} numbers are those"
        )
        many = "The number is that" if most == step.count == 1 else many
        notes.append(f"{many} of a known mistake: {CATALOGUE[next(iter(names))].hint}")
    notes += _notes(said, len(found), step.count - got if not names else 0)
    row = Row(label, q.topic.name, got, step.count, tuple(names), " ".join(notes))
    written = [token.value if isinstance(token, Number) else t for token, t in zip(said, right)]
    exact = [_rounded(*own) for own in zip(said, written, right, *names.values())]
    return row, (tuple(exact), tuple(written))


def _aligned(found, truth):
    """Return a token for each blank, with None where an answer seems to be left out.

    One or two answers may be missing anywhere. The places are those with most right answers.
    """
    count, missing = len(truth), len(truth) - len(found)
    if not 0 < missing <= 2:
        return (found + [None] * count)[:count]
    ways = []
    for gaps in combinations(range(count), missing):
        rest = iter(found)
        ways.append([None if at in gaps else next(rest) for at in range(count)])
    return max(reversed(ways), key=lambda way: _agree(way, truth))


def _notes(said, count, unexplained):
    """Return remarks on what is blank, unreadable or wrong in a line.

    `said` holds a token for each blank, `count` is how many answers were found, and `unexplained`
    is how many wrong answers no slip explains.
    """
    blank, unread = said.count(None), [token for token in said if isinstance(token, str)]
    notes = ["No known mistake explains this."] * (unexplained > blank + len(unread))
    notes += [f"The line leaves {blank} of {len(said)} blanks empty."] * bool(blank)
    notes += [f"This was not read as a number: {', '.join(map(printable, unread))}."] * bool(unread)
    if count > len(said):
        notes.append(
            f"There are {count} answers for {len(said)} blanks. Only the first {len(said)} count."
        )
    return notes


def _rounded(token, written, *exact):
    """Return the first exact number that rounds to the token, else the number as written."""
    return next((v for v in exact if isinstance(token, Number) and token.is_at(v)), written)


def _agree(said, answers):
    return sum(isinstance(token, Number) and token.is_at(v) for token, v in zip(said, answers))


def _fingerprint(said, slips, got):
    """Return {slip: its numbers} of the slips that agree with most answers, and how many that is.

    Nothing is returned if they agree with at most `got` answers or with less than two thirds.
    """
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
