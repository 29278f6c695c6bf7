"""Run grade: mark what students handed in, and write tables and feedback."""

import json
from pathlib import Path
from threading import Lock

from refnn import console, files
from refnn.arrays import choice
from refnn.command.resume import digest_of_code
from refnn.command.values import Misused, read, whole
from refnn.teaching import assignments, class_list, mark_sheet, roster, submissions
from refnn.teaching.mark_notebook import mark_class
from refnn.teaching.marks import Row, class_csv, class_text, marked_text

KEPT = ".refnn-grade.json"  # beside the CSV file: the marks of a run that was interrupted


def grade_command(options):
    """Print marks for filled-in sheets and notebooks."""
    paths = submissions.files_in(options.files)
    kinds = {path: submissions.is_notebook(path) for path in paths}
    notebooks = [path for path in paths if kinds[path]]
    sheets = [path for path in paths if not kinds[path]]
    if not notebooks and (options.seed is not None or options.assignment is not None):
        raise Misused("--seed and --assignment go with notebooks (.ipynb)")
    if options.seed is not None and options.secret is not None:
        raise Misused("--seed and --secret do not go together")
    if options.force and not (options.csv or options.lms or options.feedback):
        raise Misused("--force goes with --csv, --lms and --feedback")
    if options.lms and not options.roster:
        raise Misused("--lms goes with --roster")
    students = options.roster and read("--roster", options.roster, roster.read_roster)
    secret = options.secret and read("--secret", options.secret, roster.read_secret)
    of_class = [path for path in sheets if mark_sheet.student_of(path)]
    if of_class and not (students and secret):
        name = Path(of_class[0]).name
        raise Misused(f"--roster and --secret must be given for sheets of a class, such as {name}")
    shown = submissions.names(paths)
    feedback = _feedback_files(options, students.students if students else shown)
    outputs = [*filter(None, (options.csv, options.lms)), *feedback.values()]
    inputs = [*paths, *filter(None, (options.roster, options.secret))]
    files.refuse_unwritable(outputs, options.force, inputs)
    if len({Path(path).resolve() for path in outputs}) < len(outputs):
        raise Misused("--csv and --lms must be two files")
    if options.csv and Path(options.csv).name == KEPT:
        raise Misused(f"--csv must have another name than {KEPT}, which grade uses itself")

    marks = dict(zip(notebooks, _notebooks(options, notebooks, secret) if notebooks else ()))
    marks |= {path: mark_sheet.mark_any(path, secret) for path in sheets}
    marked = [marks[path]._replace(file=name) for path, name in zip(paths, shown)]
    console.say("\n\n".join(map(marked_text, marked)))
    if students:
        found = class_list.class_list(marked, paths, students)
        console.say("\n" + class_list.list_text(found))
        csv, handed_in = class_list.list_csv(found), {s.id: s.marked for s in found.students}
    else:
        if len(marked) > 1:
            console.say("\n" + class_text(marked))
        csv, handed_in = class_csv(marked), {m.file: [m] for m in marked}
    texts = {options.csv: "\ufeff" + csv} if options.csv else {}  # the mark: spreadsheets see UTF-8
    if options.lms:
        points = {s.id: s.got for s in found.students if s.marked}
        texts[options.lms] = roster.points_table(students, points, found.of)
    texts |= {path: class_list.feedback(who, handed_in[who]) for who, path in feedback.items()}
    files.write_whole(texts, options.force)
    if options.csv:
        _kept_file(options).unlink(missing_ok=True)
    return 0


def _feedback_files(options, names):
    """Return {student, or file: the path of the feedback}."""
    if options.feedback is None:
        return {}
    folder = Path(options.feedback)
    return {name: folder / f"feedback-{roster.file_name(name)}.md" for name in names}


def _kept_file(options):
    return Path(options.csv).parent / KEPT


def _notebooks(options, paths, secret):
    """Mark notebooks, in the order of the command line."""
    seed = whole("--seed", "0" if options.seed is None else options.seed, 0, 10**15 - 1)
    seconds = whole("--seconds", options.seconds, 1, 3600)
    if options.assignment is not None:
        choice("--assignment", options.assignment, tuple(assignments.ASSIGNMENTS))
    kept = _Kept(_kept_file(options)) if options.csv else {}
    progress = console.Progress(len(paths))
    try:
        return mark_class(paths, seed, options.assignment, progress, seconds, secret, kept)
    finally:
        progress.end()


class _Kept(dict):
    """The results of mark_class, which are also kept in a file, so that a stopped run can go on."""

    def __init__(self, file):
        super().__init__()
        self.file, self.code, self.lock = file, digest_of_code(), Lock()
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            if found["code"] == self.code:
                for key, (rows, remarks) in found["results"].items():
                    rows = tuple(Row(*row[:4], tuple(row[4]), row[5]) for row in rows)
                    super().__setitem__(key, (rows, tuple(remarks)))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            pass  # nothing was kept

    def __setitem__(self, key, result):
        with self.lock:  # two notebooks are marked at a time
            super().__setitem__(key, result)
            whole = json.dumps({"code": self.code, "results": self}, ensure_ascii=False)
            files.write_whole({self.file: whole}, force=True)
