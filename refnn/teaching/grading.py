"""Marking worksheets: a mark a number, the slip behind a wrong answer, and the class.

follow-through   a later answer that is right given the student's own earlier ones has its marks; an own number is
                 taken as it is written, and as the exact one of the truth or of a slip that it
                 rounds; where none stands, the truth is taken
fingerprint      the slip whose answers agree with the student's more often than the truth does, and with two
                 thirds of them at least; a sheet is told its hint, which never gives the answer,
                 the class its name, which may
"""

from collections import Counter
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from refnn import arrays, console
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.teaching import filled
from refnn.teaching.filled import Number
from refnn.teaching.question import follows, wrong
from refnn.teaching.roll import commonest_text, csv_text, printable
from refnn.teaching.worksheets import MAX_SEED, TOPICS, labels, sheet, sheet_text

FULL = sum(step.count for topic in TOPICS.values() for step in topic.steps)


class Row(NamedTuple):
    """One line of answers, marked: label, topic, marks got, marks to get, names of slips, remark.

    >>> Row._fields
    ('label', 'topic', 'got', 'of', 'slips', 'remark')
    """

    label: str
    topic: str
    got: int
    of: int
    slips: tuple
    remark: str


class Marked(NamedTuple):
    """A sheet, marked: the rows, and remarks on the whole of it; seed is None where the sheet does
    not say it.

    >>> Marked._fields
    ('file', 'name', 'seed', 'got', 'of', 'rows', 'remarks')
    """

    file: str
    name: str
    seed: int | None
    got: int
    of: int
    rows: tuple
    remarks: tuple


def grade(path):
    """Mark the sheet in a file. Whatever a file holds is marked; what is no file is refused
    (OSError, ValueError).

    >>> import tempfile
    >>> from refnn.teaching.worksheets import sheet_text
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "s.md"
    ...     _ = file.write_text(sheet_text(sheet(7, ["loss"])).replace("1a: ____", "1a: 9.5"), encoding="utf-8")
    ...     [row.remark for row in grade(file).rows]
    ['all is that of a known mistake: What factor stands in front of the sum?']
    """
    if not isinstance(path, (str, Path)) or "\0" in str(path):
        arrays.refuse("grade", "path", "the path of a sheet", arrays.describe(path), TypeError)
    if not Path(path).is_file():
        raise FileNotFoundError(f"grade: path must be a file, got {arrays.describe(str(path))}")
    with open(path, "rb") as file:
        data = file.read(filled.LIMIT + 1)
    marked = grade_text(filled.decode(data[: filled.LIMIT]), Path(path).name)
    if len(data) > filled.LIMIT:
        marked = marked._replace(
            remarks=(*marked.remarks, "longer than 1 MB: only the first was read")
        )
    return marked


def grade_text(text, file="sheet"):
    """Mark the text of a sheet.

    >>> grade_text("nothing")[3:]
    (0, 151, (), ('no line "refnn worksheet: …" was found, so that nothing can be marked',))
    """
    if not isinstance(text, str):
        arrays.refuse("grade_text", "text", "a text", arrays.describe(text), TypeError)
    if not isinstance(file, str):
        arrays.refuse("grade_text", "file", "a text", arrays.describe(file), TypeError)
    found = filled.read(text)
    if not found.head:
        why = 'no line "refnn worksheet: …" was found, so that nothing can be marked'
        return Marked(file, found.name, None, 0, FULL, (), (why,))
    seed, named = (
        int(found.head["seed"]),
        found.head.get("topics", "all").replace(" ", "").split(","),
    )
    if seed > MAX_SEED:
        return Marked(file, found.name, None, 0, FULL, (), ("its seed is none",))
    made, remarks = (
        sheet(seed, [t for t in named if t in TOPICS] or None, found.head.get("language", "en")),
        [],
    )
    if filled.read(sheet_text(made)).head != found.head:
        remarks.append(
            "the check in its head does not fit: head, questions or the version of refnn are others; "
            "marked by the head as it is"
        )
    rows, given = [], {}
    for label, q, i in labels(made):
        if i == 0:
            given[id(q)] = []
        row, own = _marked(label, q, i, found.answers.get(label), given[id(q)])
        given[id(q)].append(own)
        rows.append(row)
    if all(filled.is_blank(said) for said in found.answers.values()):
        remarks.append("blank")
    return Marked(
        file,
        found.name,
        seed,
        sum(r.got for r in rows),
        sum(r.of for r in rows),
        tuple(rows),
        tuple(remarks),
    )


def _marked(label, q, i, text, earlier):
    """The Row of a step, and the student's own numbers for the steps after it: exact ones, and as
    written."""
    step, truth = q.topic.steps[i], q.truth[i]
    tokens = [] if text is None else filled.tokens(text, step.count)
    if all(token is None for token in tokens):
        what = "no such line" if text is None else "left blank"
        return Row(label, q.topic.name, 0, step.count, (), what), (truth, truth)
    said, notes = (tokens + [None] * step.count)[: step.count], []
    got, right_numbers, slips = _agree(said, truth), truth, [q.slips[i]]
    for own in dict.fromkeys(zip(*earlier)):
        later = follows(step, q.given, own) if own != q.truth[:i] else None
        if later is not None and len(later) == step.count:
            slips.append(follows(step, q.given, own, wrong) or {})
            if _agree(said, later) > got:
                got, right_numbers = _agree(said, later), later
    if right_numbers != truth:
        notes.append("follows from own earlier answers")
    names, most = _fingerprint(said, slips, got) if got < step.count else ({}, 0)
    if names:
        many = (
            "all is that"
            if most == step.count == 1
            else f"all {most} are those"
            if most == step.count
            else f"{most} of {step.count} are those"
        )
        notes.append(f"{many} of a known mistake: {CATALOGUE[next(iter(names))].hint}")
    blank, unread = said.count(None), [token for token in said if isinstance(token, str)]
    if not names and step.count - got > blank + len(unread):
        notes.append("by no slip of the catalogue")
    if blank:
        notes.append(f"{blank} left blank")
    if unread:
        notes.append(f"not read: {', '.join(map(printable, unread))}")
    if len(tokens) > step.count:
        notes.append(f"{len(tokens)} answers for {step.count} blanks: the first {step.count} count")
    written = tuple(
        token.value if isinstance(token, Number) else t for token, t in zip(said, right_numbers)
    )
    exact = tuple(
        next((v for v in values if isinstance(token, Number) and token.is_at(v)), own)
        for token, own, *values in zip(said, written, right_numbers, *names.values())
    )
    return Row(label, q.topic.name, got, step.count, tuple(names), "; ".join(notes)), (
        exact,
        written,
    )


def _agree(said, answers):
    return sum(
        isinstance(token, Number) and token.is_at(answer) for token, answer in zip(said, answers)
    )


def _fingerprint(said, slips, got):
    """{name: numbers} of the slips that agree most, if more than the truth does, and in how many
    numbers."""
    agreed = {}
    for by_name in slips:
        for name, answers in by_name.items():
            if len(answers) == len(said):
                agreed[name] = max(
                    agreed.get(name, (0, ())), (_agree(said, answers), answers), key=itemgetter(0)
                )
    most = max((count for count, _ in agreed.values()), default=0)
    if most <= got or 3 * most < 2 * len(said):
        return {}, 0
    return dict(
        [(name, answers) for name, (count, answers) in agreed.items() if count == most][:3]
    ), most


def marked_text(marked):
    """A sheet's marks, a line or more for each line of answers.

    >>> print(marked_text(Marked("s.md", "Ada", 7, 1, 2, (Row("1a", "loss", 1, 2, (), "1 left blank"),), ())))
    s.md: seed 7, Ada
      1a  loss            1/2 1 left blank
      total 1 of 2
    """
    who = f"seed {marked.seed}" if marked.seed is not None else "no seed"
    named = f", {printable(marked.name)}" if marked.name else ""
    lines = [console.wrap(f"{printable(marked.file)}: {who}{named}")]
    for row in marked.rows:
        first = f"  {row.label:3} {row.topic:15}{f'{row.got}/{row.of}':>4} "
        lines.append(console.wrap(row.remark, indent=" " * 26, first=first).rstrip())
    lines += [console.wrap(remark, indent="    ", first="  * ") for remark in marked.remarks]
    return "\n".join([*lines, f"  total {marked.got} of {marked.of}"])


def class_text(sheets):
    """The class: marks a sheet, and the commonest slips, each counted once a sheet.

    >>> print(class_text([grade_text("", "a.md"), grade_text("", "b.md")]))
    file  name  seed  marks   of
    a.md                  0  151
    b.md                  0  151
    """
    rows = [
        [
            printable(m.file)[:30],
            printable(m.name)[:20],
            "" if m.seed is None else m.seed,
            m.got,
            m.of,
        ]
        for m in sheets
    ]
    out = [console.table(rows, ["file", "name", "seed", "marks", "of"], "llrrr")]
    seeds = Counter(m.seed for m in sheets if m.seed is not None)
    for seed in [seed for seed, count in seeds.items() if count > 1]:
        files = ", ".join(printable(m.file) for m in sheets if m.seed == seed)
        out.append(console.wrap(f"of one seed, {seed}: {files}", indent="  ", first="* "))
    return "\n".join([*out, *commonest_text(sheets)])


def class_csv(sheets):
    """The class as CSV, a sheet a row, a column a step; no cell that a spreadsheet would compute.

    >>> print(class_csv([grade_text("Name: =1+1", "a.md")]).splitlines()[1])
    a.md,'=1+1,,0,151,,"no line ""refnn worksheet: …"" was found, so that nothing can be marked"
    """
    steps = [
        f"{name} {letter}"
        for name, topic in TOPICS.items()
        for letter, _ in zip("abcdef", topic.steps)
    ]
    steps = [
        s for s in steps if any(f"{r.topic} {r.label[-1]}" == s for m in sheets for r in m.rows)
    ]
    rows = [["file", "name", "seed", "marks", "of", *steps, "slips", "remarks"]]
    for m in sheets:
        got = {f"{r.topic} {r.label[-1]}": r.got for r in m.rows}
        slips = "; ".join(dict.fromkeys(name for row in m.rows for name in row.slips))
        rows.append(
            [
                m.file,
                m.name,
                "" if m.seed is None else m.seed,
                m.got,
                m.of,
                *(got.get(step, "") for step in steps),
                slips,
                "; ".join(m.remarks),
            ]
        )
    return csv_text(rows)
