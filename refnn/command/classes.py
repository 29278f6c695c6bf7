"""Run worksheet, assignment and grade: write or mark files and return the exit status."""

from pathlib import Path

from refnn import console, files
from refnn.arrays import choice
from refnn.command.values import Misused, whole
from refnn.teaching import assignments, worksheets
from refnn.teaching.mark_notebook import mark_class
from refnn.teaching.mark_sheet import grade
from refnn.teaching.marks import class_csv, class_text, marked_text, printable


def worksheet_command(options):
    """Write a sheet and its answers for each seed or student."""
    if (options.seed is None) == (options.student is None):
        raise Misused("either --seed or --student must be given")
    topics = [t.strip() for text in options.topic or () for t in text.split(",")] or None
    for topic in topics or ():
        choice("--topic", topic, tuple(worksheets.TOPICS))
    if options.student is not None:
        seeds = {student: worksheets.student_seed(student) for student in options.student}
    else:
        seeds = {"": whole("--seed", options.seed, 0, 10**15 - 1)}
    names = {seed: (f"sheet-{seed}.md", f"answers-{seed}.md") for seed in seeds.values()}
    folder = Path(options.out)
    files.refuse_unwritable([folder / n for pair in names.values() for n in pair], options.force)
    texts = {}
    for seed, (sheet, answers) in names.items():
        made = worksheets.sheet(seed, topics, options.language)
        texts[folder / sheet] = worksheets.sheet_text(made)
        texts[folder / answers] = worksheets.answers_text(made)
    files.write_whole(texts, options.force)
    rows = [[printable(student), *names[seed]] for student, seed in seeds.items()]
    console.say(console.table(rows if options.student else [row[1:] for row in rows]))
    return 0


def grade_command(options):
    """Print marks for filled-in sheets or notebooks."""
    if options.csv is not None:
        files.refuse_unwritable([options.csv], options.force, options.files)
    elif options.force:
        raise Misused("--force goes with --csv")
    notebooks = [Path(path).suffix.lower() == ".ipynb" for path in options.files]
    if any(notebooks) and not all(notebooks):
        raise Misused("FILE... must be all notebooks or all worksheets")
    if not any(notebooks) and (options.seed is not None or options.assignment is not None):
        raise Misused("--seed and --assignment go with notebooks (.ipynb)")
    marked = _mark(options) if any(notebooks) else [grade(path) for path in options.files]
    console.say("\n\n".join(map(marked_text, marked)))
    if len(marked) > 1:
        console.say("\n" + class_text(marked))
    if options.csv is not None:  # the byte order mark, so that spreadsheets read UTF-8
        files.write_whole({options.csv: "\ufeff" + class_csv(marked)}, options.force)
    return 0


def _mark(options):
    """Mark notebooks, in the order of the command line."""
    seed = whole("--seed", "0" if options.seed is None else options.seed, 0, 10**15 - 1)
    if options.assignment is not None:
        choice("--assignment", options.assignment, tuple(assignments.ASSIGNMENTS))
    progress = console.Progress(len(options.files))
    try:
        return mark_class(options.files, seed, options.assignment, progress)
    finally:
        progress.end()


def assignment_command(options):
    """Write an assignment as a notebook."""
    choice("NAME", options.name, tuple(assignments.ASSIGNMENTS))
    files.refuse_unwritable([options.out], options.force)
    text = assignments.text(options.name, "solution" if options.solution else "student")
    files.write_whole({options.out: text}, options.force)
    return 0
