"""Run worksheet and assignment: write files for a class and return the exit status."""

from pathlib import Path

from refnn import console, files
from refnn.arrays import choice
from refnn.command.values import Misused, read, whole
from refnn.teaching import assignments, roster, worksheets
from refnn.teaching.marks import printable


def worksheet_command(options):
    """Write a sheet and its answers for each seed or student, or a new secret."""
    given = [options.seed, options.student, options.roster, options.new_secret]
    if sum(value is not None for value in given) != 1:
        raise Misused("one of --seed, --student, --roster and --new-secret must be given")
    if options.new_secret is not None:
        return _new_secret(options)
    if options.out is None:
        raise Misused("--out must be given")
    if (options.roster is None) != (options.secret is None):
        raise Misused("--roster and --secret go together")
    topics = [t.strip() for text in options.topic or () for t in text.split(",")] or None
    for topic in topics or ():
        choice("--topic", topic, tuple(worksheets.TOPICS))
    if options.roster is not None:
        return _class_sheets(options, topics)
    if options.student is not None:
        seeds = {student: worksheets.student_seed(student) for student in options.student}
    else:
        seeds = {"": whole("--seed", options.seed, 0, 10**15 - 1)}
    names = {seed: _names(str(seed), options) for seed in seeds.values()}
    made = {seed: worksheets.sheet(seed, topics, options.language) for seed in names}
    _write(names, made, options)
    rows = [[printable(student), *_shown(names[seed])] for student, seed in seeds.items()]
    console.say(console.table(rows if options.student else [row[1:] for row in rows]))
    return 0


def _new_secret(options):
    files.refuse_unwritable([options.new_secret], options.force)
    files.write_whole({options.new_secret: roster.new_secret()}, options.force, mode=0o600)
    said = (
        f"{options.new_secret} holds a new secret. Keep it, because without it no sheet of the "
        "class can be marked. Show it to nobody, because with it everybody can compute the answers."
    )
    console.say(console.wrap(said))
    return 0


def _class_sheets(options, topics):
    """Write the sheet and the answers of every student of a roster."""
    students = read("--roster", options.roster, roster.read_roster).students
    secret = read("--secret", options.secret, roster.read_secret)
    names = {student: _names(roster.file_name(student), options) for student in students}
    inputs = [options.roster, options.secret]
    files.refuse_unwritable([n for pair in names.values() for n in pair], options.force, inputs)
    progress, made = console.Progress(len(names)), {}
    for student in names:
        progress(printable(student))
        made[student] = worksheets.class_sheet(student, secret, topics, options.language)
    progress.end()
    _write(names, made, options)
    console.say(console.table([[printable(s), *_shown(names[s])] for s in names]))
    return 0


def _names(name, options):
    folder = Path(options.out)
    return folder / f"sheet-{name}.md", folder / f"answers-{name}.md"


def _shown(paths):
    return [path.name for path in paths]


def _write(names, made, options):
    """Write the two files of each sheet."""
    texts = {}
    for key, (sheet, answers) in names.items():
        texts[sheet] = worksheets.sheet_text(made[key])
        texts[answers] = worksheets.answers_text(made[key])
    files.write_whole(texts, options.force)


def assignment_command(options):
    """Write an assignment as a notebook."""
    choice("NAME", options.name, tuple(assignments.ASSIGNMENTS))
    if options.solution and options.nbgrader:
        raise Misused("--solution and --nbgrader do not go together")
    if not options.nbgrader and (options.seed is not None or options.secret is not None):
        raise Misused("--seed and --secret go with --nbgrader")
    if options.nbgrader:
        return _for_nbgrader(options)
    files.refuse_unwritable([options.out], options.force)
    text = assignments.text(options.name, "solution" if options.solution else "student")
    files.write_whole({options.out: text}, options.force)
    return 0


def _for_nbgrader(options):
    """Write the source notebook of nbgrader, with hidden cases that a seed or a secret draws."""
    if (options.seed is None) == (options.secret is None):
        raise Misused("one of --seed and --secret must be given, which draws the hidden cases")
    if options.seed is None:
        secret = read("--secret", options.secret, roster.read_secret)
        seed = roster.hidden_seed(secret, options.name)
    else:
        seed = whole("--seed", options.seed, 0, 10**15 - 1)
    if not Path(options.out).is_dir():
        raise Misused(f"--out must be an existing folder, got {options.out!r}")
    folder = Path(options.out) / "source" / options.name
    folder.mkdir(parents=True, exist_ok=True)
    text = assignments.text(options.name, "nbgrader", seed)
    files.write_whole({folder / f"{options.name}.ipynb": text}, options.force)
    return 0
