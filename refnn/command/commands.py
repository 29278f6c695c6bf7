"""What each command does with its options: compute, print, return the exit status. `cli` reads the
options."""

import json
import sys
from pathlib import Path

from refnn import article, console
from refnn.arrays import choice, exact
from refnn.checking import implementation, published
from refnn.checking.identify import identify
from refnn.checking.plane.conflict import decimal
from refnn.checking.reading.files import read
from refnn.checking.reading.printed import half_unit
from refnn.checking.roundtrip import roundtrip
from refnn.checking.running.sandbox import TARGET
from refnn.checking.solver import OVERFLOWS, ROUNDINGS, TIES, decide, range_of_B, solve
from refnn.checking.worked_example import check
from refnn.command import tables as report
from refnn.command import tables_check as report_check
from refnn.command import tables_published as report_published
from refnn.experiments import errata, tour
from refnn.experiments.claims import CLAIMS, about
from refnn.quantization.conventions import compare
from refnn.teaching import assignments, files, grading, marking, roll, worksheets


def _numbers(option, text):
    values = [v.strip() for v in text.split(",")]
    if not all(values):
        raise ValueError(f"solve: {option} must be numbers with a comma between them, got {text!r}")
    return values


def _solve(options):
    x, q = _numbers("--x", options.x), _numbers("--q", options.q)
    if not options.levels.isdecimal() or len(options.levels) > 15:
        raise ValueError(
            f"solve: --levels must be a whole number of at least 1, got {options.levels!r}"
        )
    if options.sign and not options.decoded:
        raise ValueError("solve: --sign goes with --decoded")
    levels, sign, pair = int(options.levels), options.sign or "+", None
    given = _grid_given(options)
    rounding = _one_of("--rounding", options.rounding, ROUNDINGS)
    overflow = _one_of("--overflow", options.overflow, OVERFLOWS)
    if (rounding, overflow) != ("floor", "wrap"):
        if options.decoded or options.scale:
            raise ValueError(
                "solve: --decoded, --scale and --zero-point go with --rounding floor --overflow wrap"
            )
        solution = solve(x, q, levels, rounding, overflow)
        console.say(
            report.solution_text(
                solution,
                levels,
                report.formula_text(levels, rounding, overflow),
                lambda W: range_of_B(x, q, levels, W, rounding, overflow),
                ties=rounding in TIES,
            )
        )
        return 0 if solution.feasible else 1
    if _signed(q, levels):
        if options.sign:
            raise ValueError(
                "solve: --sign goes with codes of floor(x*W + B) mod P, which are never below 0"
            )
        found = identify(x, q, levels, **given)
        console.say(f"infeasible: floor(x*W + B) mod {levels} is never below 0")
        console.say(report_published.identified_text(found))
        return 0 if options.scale is not None and found.exact else 1
    solution = decide(x, q, levels)
    if options.decoded is not None:
        decoded = [
            (exact("solve", "--decoded", d), half_unit(d))
            for d in _numbers("--decoded", options.decoded)
        ]
        if len(decoded) != len(x):
            raise ValueError(
                f"solve: --decoded must be as many numbers as --x ({len(x)}), got {len(decoded)}"
            )
        pair = roundtrip(
            x, q, [d - h for d, h in decoded], [d + h for d, h in decoded], levels, sign
        )
    found_by = identify(x, q, levels, **given)
    more = options.decoded is not None or options.scale is not None
    console.say(
        ("codes alone: " if more else "")
        + report.solution_text(solution, levels, range_of_B=lambda W: range_of_B(x, q, levels, W))
    )
    if options.decoded is not None:
        found = (
            f"W = {decimal(pair[0])}, B = {decimal(pair[1])} prints the decoded values too"
            if pair
            else "no (W, B) prints the codes and these values"
        )
        console.say(f"decoded by (q {sign} B)/W: {found}")
    console.say(report_published.identified_text(found_by))
    if options.scale is not None:
        return 0 if found_by.exact else 1
    return 0 if pair or (solution.feasible and options.decoded is None) else 1


def _one_of(option, text, names):
    name = text.replace("-", "_")
    if name not in names:
        known = ", ".join(n.replace("_", "-") for n in names)
        raise ValueError(f"solve: {option} must be one of {known}, got {text!r}")
    return name


def _grid_given(options):
    """What `identify` takes beside the codes."""
    if (options.scale is None) != (options.zero_point is None):
        raise ValueError("solve: --scale goes with --zero-point")
    zero_point = options.zero_point
    if zero_point is not None and not (
        zero_point.removeprefix("-").isdecimal() and len(zero_point) <= 15
    ):
        raise ValueError(f"solve: --zero-point must be a whole number, got {zero_point!r}")
    decoded = None if options.decoded is None else _numbers("--decoded", options.decoded)
    return {
        "scale": options.scale,
        "zero_point": None if zero_point is None else int(zero_point),
        "decoded": decoded,
    }


def _signed(q, levels):
    """Are these codes of levels on both sides of 0? Others are the solver's, or its to refuse."""
    codes = [exact("solve", "q", v) for v in q]
    return min(codes) < 0 and all(
        c.denominator == 1 and -(levels // 2) <= c < levels - levels // 2 for c in codes
    )


def _verify(options):
    if options.published:
        return _published(options)
    if options.findings:
        return _findings(options)
    if options.levels is not None and options.file is None:
        raise ValueError("verify: --levels goes with FILE")
    example = article.example() if options.file is None else _example(options)
    try:
        verdicts = check(example)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{options.file or 'the article'}: {error}") from None
    if options.json:
        console.say(
            json.dumps(
                [v._asdict() for v in verdicts],
                default=report.number_text,
                indent=1,
                ensure_ascii=not console.is_utf8(sys.stdout),
            )
        )
    elif options.file is not None:
        console.say(report.verdicts_text(example["title"], verdicts))
    else:
        console.say("The article's printed tensors, decided on rationals (P = 8)\n")
        console.say(report.article_text())
        console.say("\nWhat is wrong with it, each computed just now\n")
        console.say(report.findings_text(errata.findings()))
        console.say("\n" + console.wrap(errata.ELSEWHERE))
    return 0 if all(v.holds for v in verdicts) else 1


def _findings(options):
    if options.file is not None or options.levels is not None:
        raise ValueError("verify: --findings takes no FILE and no --levels")
    found = errata.findings()
    console.say(
        json.dumps(
            [f._asdict() for f in found], indent=1, ensure_ascii=not console.is_utf8(sys.stdout)
        )
        if options.json
        else f"{report.findings_text(found)}\n\n{console.wrap(errata.ELSEWHERE)}"
    )
    return 0


def _published(options):
    if options.file is not None or options.levels is not None:
        raise ValueError("verify: --published takes no FILE and no --levels")
    found, shown = published.run(), published.exhibits()
    if options.json:
        console.say(
            json.dumps(
                report_published.as_data(found, shown),
                indent=1,
                ensure_ascii=not console.is_utf8(sys.stdout),
            )
        )
    else:
        console.say(report_published.vectors_text(found))
        console.say("\n" + report_published.museum_text(shown))
    return 0 if all(r.passed for r in found) and all(s.holds for s in shown) else 1


def _example(options):
    levels = (
        None
        if options.levels is None
        else _whole("verify", "--levels", options.levels, 1, 10**15 - 1)
    )
    return read(options.file, levels)


def _check(options):
    for text in filter(None, (options.quantize, options.dequantize)):
        if not TARGET.fullmatch(text):
            raise ValueError(f"check: {text!r} must be MODULE:FUNCTION, such as my_module:quantize")
    seconds = _whole("check", "--seconds", options.seconds, 1, 3600)
    memory = _whole("check", "--memory", options.memory, 64, 2**20)
    found = implementation.check(
        options.quantize, options.dequantize, seconds=seconds, memory=memory
    )
    console.say(report_check.check_text(found))
    return 1 if found.broken else 0


def _conventions(options):
    x = [exact("conventions", "--x", v) for v in _numbers("--x", options.x)]
    console.say(
        report.conventions_text(x, compare(x, _whole("conventions", "--bits", options.bits, 2, 16)))
    )
    return 0


def _worksheet(options):
    if (options.seed is None) == (options.student is None):
        raise ValueError("worksheet: either --seed or --student must be given")
    topics = (
        None
        if options.topic is None
        else [t.strip() for text in options.topic for t in text.split(",")]
    )
    for topic in topics or ():
        choice("worksheet", "--topic", topic, tuple(worksheets.TOPICS))
    if options.student is not None:
        seeds = {student: worksheets.student_seed(student) for student in options.student}
    else:
        seeds = {"": _whole("worksheet", "--seed", options.seed, 0, 10**15 - 1)}
    folder = Path(options.out)
    named = {
        seed: [folder / f"{kind}-{seed}.md" for kind in ("sheet", "answers")]
        for seed in seeds.values()
    }
    files.refuse_unwritable(
        "worksheet", [path for paths in named.values() for path in paths], options.force
    )
    texts = {}
    for seed, (sheet, answers) in named.items():
        made = worksheets.sheet(seed, topics, options.language)
        texts |= {sheet: worksheets.sheet_text(made), answers: worksheets.answers_text(made)}
    files.write_whole("worksheet", texts, options.force)
    rows = [
        [roll.printable(student), f"sheet-{seed}.md", f"answers-{seed}.md"]
        for student, seed in seeds.items()
    ]
    console.say(console.table(rows if options.student else [row[1:] for row in rows]))
    return 0


def _grade(options):
    if options.csv is not None:
        files.refuse_unwritable("grade", [options.csv], options.force)
    elif options.force:
        raise ValueError("grade: --force goes with --csv")
    notebooks = [Path(path).suffix.lower() == ".ipynb" for path in options.files]
    if any(notebooks) and not all(notebooks):
        raise ValueError("grade: FILE... must be all notebooks or all worksheets")
    if any(notebooks):
        marked, say = _mark(options), marking
    elif options.seed is not None or options.assignment is not None:
        raise ValueError("grade: --seed and --assignment go with notebooks (.ipynb)")
    else:
        marked, say = [grading.grade(path) for path in options.files], grading
    console.say("\n\n".join(map(say.marked_text, marked)))
    if len(marked) > 1:
        console.say("\n" + say.class_text(marked))
    if options.csv is not None:  # with the mark that spreadsheets look for
        files.write_whole("grade", {options.csv: "\ufeff" + say.class_csv(marked)}, options.force)
    return 0


def _mark(options):
    """The Marks of notebooks, in the order given."""
    seed = _whole("grade", "--seed", "0" if options.seed is None else options.seed, 0, 10**15 - 1)
    if options.assignment is not None:
        choice("grade", "--assignment", options.assignment, tuple(assignments.ASSIGNMENTS))
    progress = console.Progress(len(options.files))
    try:
        return marking.mark_class(options.files, seed, options.assignment, progress)
    finally:
        progress.end()


def _assignment(options):
    choice("assignment", "NAME", options.name, tuple(assignments.ASSIGNMENTS))
    files.refuse_unwritable("assignment", [options.out], options.force)
    text = assignments.text(options.name, "solution" if options.solution else "student")
    files.write_whole("assignment", {options.out: text}, options.force)
    return 0


def _whole(command, option, text, low, high):
    if not text.isdecimal() or len(text) > 15 or not low <= int(text) <= high:
        raise ValueError(
            f"{command}: {option} must be a whole number from {low} to {high}, got {text!r}"
        )
    return int(text)


def _reproduce(options):
    unknown = [name for name in options.claims if name not in ("tour", *CLAIMS)]
    if unknown:
        raise ValueError(
            f"reproduce: CLAIM must be one of {', '.join(['tour', *CLAIMS])}, got {unknown[0]!r}"
        )
    seeds = (
        {}
        if options.seeds is None
        else {"seeds": _whole("reproduce", "--seeds", options.seeds, 2, 1000)}
    )
    folder = _figures(options)
    for name in options.claims or ("tour", *CLAIMS):
        console.say(f"\n=== {name} ===\n")
        if name == "tour":
            _tour(folder, **seeds)
            continue
        claim = CLAIMS[name]
        console.say(console.wrap(about(name)) + "\n")
        progress = console.Progress(claim.STAGES + (folder is not None))
        result = claim.compute(progress=progress, **seeds)
        names = _save(claim, result, folder, progress)
        progress.end()
        console.say(claim.text(result))
        _say_figures(folder, names)
    return 0


def _figures(options):
    """The folder for the figures, None for none."""
    if options.no_figures and options.figures:
        raise ValueError("--figures and --no-figures exclude each other")
    if options.figures == "":
        raise ValueError("--figures must be a folder, got ''")
    return None if options.no_figures else _folder(Path(options.figures or "figures"))


def _save(claim, result, folder, progress):
    """Draw and write the figures of a claim; their names."""
    if folder is None or not hasattr(claim, "draw"):
        return []
    progress("drawing")
    from refnn import plots

    names = []
    for name, figure in claim.draw(result).items():
        names.append(f"{name}.png")
        plots.save(figure, folder / names[-1])
    return names


def _say_figures(folder, names):
    if names:
        console.say("\n" + console.wrap(f"Figures, in {folder}: {', '.join(names)}"))


def _tour(folder, **seeds):
    console.say("1. The article (§4.1, P = 8): what it prints, decided on rationals\n")
    console.say(report.article_text())
    progress = console.Progress(tour.STAGES + (folder is not None))
    result = tour.compute(progress=progress, **seeds)
    names = _save(tour, result, folder, progress)
    progress.end()
    for number, text in enumerate(report.tour_text(result), start=2):
        console.say(f"\n{number}. {text}")
    _say_figures(folder, names)
    return 0


def _folder(path):
    """An existing, writable folder, made if need be; refused before the work."""
    path.mkdir(parents=True, exist_ok=True)
    probe = path / ".refnn-probe"
    probe.touch()
    probe.unlink()
    return path


COMMANDS = {
    "verify": _verify,
    "solve": _solve,
    "check": _check,
    "conventions": _conventions,
    "reproduce": _reproduce,
    "worksheet": _worksheet,
    "grade": _grade,
    "assignment": _assignment,
    None: lambda options: _tour(_figures(options)),
}
