"""The command: python -m refnn [verify | solve]. Exit status 0 done or holds, 1 a claim fails, 2 bad input."""

import argparse
import json
import sys
from pathlib import Path

from refnn import article, console, report, report_check, report_published
from refnn.arrays import choice, exact
from refnn.checking import implementation, published
from refnn.checking.conflict import decimal
from refnn.checking.identify import identify
from refnn.checking.printed import half_unit
from refnn.checking.reading import read
from refnn.checking.roundtrip import roundtrip
from refnn.checking.sandbox import TARGET
from refnn.checking.solver import OVERFLOWS, ROUNDINGS, range_of_B, solve
from refnn.checking.worked_example import check
from refnn.experiments import errata, tour
from refnn.experiments.claims import CLAIMS, about
from refnn.quantization.conventions import compare
from refnn.teaching import assignments, files, grading, marking, worksheets

EXIT = "exit status: 0 done, holds or feasible; 1 a claim does not hold; 2 bad input (one line on stderr)"


class _Parser(argparse.ArgumentParser):
    """argparse in 79 columns, whose complaint is one line."""

    def __init__(self, **options):
        super().__init__(formatter_class=lambda prog: argparse.HelpFormatter(prog, width=console.WIDTH),
                         allow_abbrev=False, epilog=EXIT, **options)

    def error(self, message):
        raise ValueError(message)


def _parser():
    parser = _Parser(prog="refnn", description=(
        "The tour: check the article's numbers, train 50 networks 10-5-1 on the diabetes data, "
        "quantize and prune them as the article writes it and as the field does, and write the figures."))
    commands = parser.add_subparsers(dest="command", metavar="COMMAND",
                                     help="verify: verdicts on the article and all findings; solve: find W and B for "
                                     "numbers of your own; check: your own functions; conventions: numbers through "
                                     "every published convention; worksheet: exercises on paper; assignment: a "
                                     "notebook to fill in; grade: marks for them; "
                                     "reproduce: every claim over its seeds (each has its own --help)")
    verify = commands.add_parser("verify", description="Every printed tensor and formula of the article "
                                 "with its verdict, and what is wrong with the article, each finding computed; "
                                 "or the claims of a worked example of your own.")
    verify.add_argument("file", nargs="?", metavar="FILE", help="an article in Markdown, or claims in TOML or JSON "
                        "(the format: refnn/examples/README.md)")
    verify.add_argument("--levels", metavar="P", help="the number of levels where FILE does not say it")
    verify.add_argument("--published", action="store_true", help="instead: numbers that others published, recomputed, "
                        "with what they cannot tell apart, and a museum of slips")
    verify.add_argument("--json", action="store_true", help="the verdicts as a JSON list")
    one = commands.add_parser("solve", description="Which (W, B) print these codes by floor(x*W + B) mod P? "
                              "Exact; if none, a proof and the least repair. Then: which published conventions and "
                              "which slips print them, and an input that tells these apart. "
                              "Numbers are read as printed: 0.1 is 1/10.")
    one.add_argument("--x", required=True, metavar="X,...", help="the numbers, such as 0.1,0.2 or 1/3")
    one.add_argument("--q", required=True, metavar="Q,...", help="their codes, such as 0,1")
    one.add_argument("--levels", required=True, metavar="P", help="the number of levels P")
    one.add_argument("--decoded", metavar="D,...", help="printed decoded values, to half a unit of their last digit")
    one.add_argument("--scale", metavar="S", help="printed scale, real units per code; with --zero-point")
    one.add_argument("--zero-point", metavar="Z", help="printed zero point, the code of 0; with --scale")
    one.add_argument("--rounding", metavar="RULE", default="floor", help="floor (default), ceil, half-up, half-down, "
                     "half-even or half-away")
    one.add_argument("--overflow", metavar="HOW", default="wrap", help="wrap (mod P, default), saturate (clip to "
                     "0..P - 1) or none (codes are any whole numbers)")
    one.add_argument("--sign", choices=("+", "-"), help="decoder (q + B)/W (the article's, default) or (q - B)/W")
    yours = commands.add_parser("check", description="Your functions, imported from the current folder into a process "
                                "with limits (no security border): what they must hold, with the smallest "
                                "counterexample, published vectors, and the slip they behave like. The grid of quantize(x) "
                                "must be fixed, not taken from x; a prune is held to the article's R < tau.")
    yours.add_argument("quantize", metavar="MODULE:QUANTIZE", help="quantize(x), or also of scale, zero_point (qmin, "
                       "qmax), or of W, B, P; or a prune(params, R, tau), or an importance(params, X, y), params "
                       "an object with W_ih, b_h, W_ho, b_o")
    yours.add_argument("dequantize", nargs="?", metavar="MODULE:DEQUANTIZE", help="dequantize(q), likewise")
    yours.add_argument("--seconds", metavar="S", default="10", help="so long at most for each (default: 10)")
    yours.add_argument("--memory", metavar="MB", default="1024", help="so much memory at most (default: 1024)")
    table = commands.add_parser("conventions", description="The same numbers through every published convention, "
                                "exactly: scale, zero point, and for each number its code, what the code decodes to "
                                "and the error in steps.")
    table.add_argument("--x", required=True, metavar="X,...", help="the numbers, such as -1.5,0.2,2.8")
    table.add_argument("--bits", default="8", metavar="B", help="bits of a code, 2 to 16 (default: 8)")
    sheets = commands.add_parser("worksheet", description="A pen-and-paper worksheet in Markdown, sheet-N.md, and its "
                                 "answers, answers-N.md, for whoever marks: one variant a seed N. Topics: "
                                 + ", ".join(worksheets.TOPICS) + ".")
    sheets.add_argument("--seed", metavar="N", help="the variant, a whole number")
    sheets.add_argument("--student", metavar="ID", action="append", help="the variant of this student's id; may be "
                        "given several times")
    sheets.add_argument("--topic", metavar="TOPIC,...", action="append", help="these topics only (default: all)")
    sheets.add_argument("--language", choices=worksheets.LANGUAGES, default="en", help="default: en")
    sheets.add_argument("--out", required=True, metavar="DIR", help="the folder for both files")
    sheets.add_argument("--force", action="store_true", help="overwrite files that are there")
    given = commands.add_parser("assignment", description="A programming assignment as a notebook, with blanks, or "
                                "its solution. Names: " + ", ".join(assignments.ASSIGNMENTS) + ".")
    given.add_argument("name", metavar="NAME", help="which one")
    given.add_argument("--solution", action="store_true", help="the solution, for whoever marks")
    given.add_argument("--out", required=True, metavar="FILE", help="the notebook to write")
    given.add_argument("--force", action="store_true", help="overwrite FILE if it is there")
    marks = commands.add_parser("grade", description="Marks for filled-in worksheets, or for notebooks (.ipynb), whose "
                                "code runs in a process with limits: for what is wrong the slip that gives it, with "
                                "a hint; of several files also the class and its commonest slips.")
    marks.add_argument("files", nargs="+", metavar="FILE", help="a filled-in sheet or notebook")
    marks.add_argument("--seed", metavar="N", help="notebooks: draw the hidden cases from this number (default: 0)")
    marks.add_argument("--assignment", metavar="NAME", help="notebooks: the assignment, where they do not say it")
    marks.add_argument("--csv", metavar="OUT", help="the class as a CSV file, too")
    marks.add_argument("--force", action="store_true", help="overwrite OUT if it is there")
    again = commands.add_parser("reproduce", description="Every claim of refnn that is shown over many seeds, with "
                                "its table and figure: " + ", ".join(["tour", *CLAIMS]) + ".")
    again.add_argument("claims", nargs="*", metavar="CLAIM", help="which ones (default: all, some minutes)")
    again.add_argument("--seeds", metavar="N", help="so many networks instead of 200 (the tour: 50)")
    for command, default in ((parser, {}), (again, {"default": argparse.SUPPRESS})):       # also before `reproduce`
        command.add_argument("--figures", metavar="DIR", help="folder for the figures (default: figures)", **default)
        command.add_argument("--no-figures", action="store_true", help="write no figures", **default)
    return parser


def main(arguments=None):
    """Run the command; returns its exit status.

    >>> main(["solve", "--x", "0.4,0.5,0.6", "--q", "3,4,1", "--levels", "8"])
    infeasible: no (W, B) prints these codes by floor(x*W + B) mod 8
      proof: 0.4 -> 0.5 prints 3 -> 4, so 0.1*W mod 8 is in (0, 2); 0.5 -> 0.6
      prints 4 -> 1, so 0.1*W mod 8 is in (4, 6); no W does both
      least repair: 2 of 3 codes can be right at most; change entry 3, and W = 1,
      B = 3.5 prints 3 4 4
    printed by no convention and by no single slip of the catalogue, not even three
    quarters of it
    1
    """
    try:
        options = _parser().parse_args(_joined(sys.argv[1:] if arguments is None else arguments))
        drawn = options.command in (None, "reproduce")
        if not drawn and (options.figures is not None or options.no_figures):
            raise ValueError(f"--figures and --no-figures go with the tour and reproduce, not with {options.command}")
        return {"verify": _verify, "solve": _solve, "check": _check, "conventions": _conventions,
                "reproduce": _reproduce, "worksheet": _worksheet, "grade": _grade,
                "assignment": _assignment,
                None: lambda options: _tour(_figures(options))}[options.command](options)
    except (ValueError, TypeError, OSError) as error:
        print(f"refnn: {' '.join(str(error).split())}", file=sys.stderr)
        return 2


def run():
    """The entry point `refnn`."""
    sys.exit(main())


def _joined(arguments):
    """`--x -0.1,0.2` as `--x=-0.1,0.2`: argparse would take the number for an option."""
    out, rest = [], list(arguments)
    while rest:
        word = rest.pop(0)
        takes = word in ("--x", "--q", "--decoded", "--levels", "--sign", "--bits", "--seeds", "--scale",
                         "--zero-point", "--rounding", "--overflow", "--seconds", "--memory", "--student")
        out.append(f"{word}={rest.pop(0)}" if takes and rest and not rest[0].startswith("--") else word)
    return out


def _numbers(option, text):
    values = [v.strip() for v in text.split(",")]
    if not all(values):
        raise ValueError(f"solve: {option} must be numbers with a comma between them, got {text!r}")
    return values


def _solve(options):
    x, q = _numbers("--x", options.x), _numbers("--q", options.q)
    if not options.levels.isdecimal() or len(options.levels) > 15:
        raise ValueError(f"solve: --levels must be a whole number of at least 1, got {options.levels!r}")
    if options.sign and not options.decoded:
        raise ValueError("solve: --sign goes with --decoded")
    levels, sign, pair = int(options.levels), options.sign or "+", None
    given = _grid_given(options)
    rounding = _one_of("--rounding", options.rounding, ROUNDINGS)
    overflow = _one_of("--overflow", options.overflow, OVERFLOWS)
    if (rounding, overflow) != ("floor", "wrap"):
        if options.decoded or options.scale:
            raise ValueError("solve: --decoded, --scale and --zero-point go with --rounding floor --overflow wrap")
        solution = solve(x, q, levels, rounding, overflow)
        console.say(report.solution_text(solution, levels, report.formula_text(levels, rounding, overflow),
                                         lambda W: range_of_B(x, q, levels, W, rounding, overflow)))
        return 0 if solution.feasible else 1
    if _signed(q, levels):
        if options.sign:
            raise ValueError("solve: --sign goes with codes of floor(x*W + B) mod P, which are never below 0")
        found = identify(x, q, levels, **given)
        console.say(f"infeasible: floor(x*W + B) mod {levels} is never below 0")
        console.say(report_published.identified_text(found))
        return 0 if options.scale is not None and found.exact else 1
    solution = solve(x, q, levels)
    if options.decoded is not None:
        decoded = [(exact("solve", "--decoded", d), half_unit(d)) for d in _numbers("--decoded", options.decoded)]
        if len(decoded) != len(x):
            raise ValueError(f"solve: --decoded must be as many numbers as --x ({len(x)}), got {len(decoded)}")
        pair = roundtrip(x, q, [d - h for d, h in decoded], [d + h for d, h in decoded], levels, sign)
    found_by = identify(x, q, levels, **given)
    more = options.decoded is not None or options.scale is not None
    console.say(("codes alone: " if more else "") + report.solution_text(
        solution, levels, range_of_B=lambda W: range_of_B(x, q, levels, W)))
    if options.decoded is not None:
        found = (f"W = {decimal(pair[0])}, B = {decimal(pair[1])} prints the decoded values too" if pair
                 else "no (W, B) prints the codes and these values")
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
    if zero_point is not None and not (zero_point.removeprefix("-").isdecimal() and len(zero_point) <= 15):
        raise ValueError(f"solve: --zero-point must be a whole number, got {zero_point!r}")
    decoded = None if options.decoded is None else _numbers("--decoded", options.decoded)
    return {"scale": options.scale, "zero_point": None if zero_point is None else int(zero_point), "decoded": decoded}


def _signed(q, levels):
    """Are these codes of levels on both sides of 0? Others are the solver's, or its to refuse."""
    codes = [exact("solve", "q", v) for v in q]
    return min(codes) < 0 and all(c.denominator == 1 and -(levels // 2) <= c < levels - levels // 2 for c in codes)


def _verify(options):
    if options.published:
        return _published(options)
    if options.levels is not None and options.file is None:
        raise ValueError("verify: --levels goes with FILE")
    example = article.example() if options.file is None else _example(options)
    try:
        verdicts = check(example)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{options.file or 'the article'}: {error}") from None
    if options.json:
        console.say(json.dumps([v._asdict() for v in verdicts], default=report.number_text, indent=1,
                               ensure_ascii=not console.is_utf8(sys.stdout)))
    elif options.file is not None:
        console.say(report.verdicts_text(example["title"], verdicts))
    else:
        console.say("The article's printed tensors, decided on rationals (P = 8)\n")
        console.say(report.article_text())
        console.say("\nWhat is wrong with it, each computed just now\n")
        console.say(report.findings_text(errata.findings()))
    return 0 if all(v.holds for v in verdicts) else 1


def _published(options):
    if options.file is not None or options.levels is not None:
        raise ValueError("verify: --published takes no FILE and no --levels")
    found, shown = published.run(), published.exhibits()
    if options.json:
        console.say(json.dumps(report_published.as_data(found, shown), indent=1,
                               ensure_ascii=not console.is_utf8(sys.stdout)))
    else:
        console.say(report_published.vectors_text(found))
        console.say("\n" + report_published.museum_text(shown))
    return 0 if all(r.passed for r in found) and all(s.holds for s in shown) else 1


def _example(options):
    levels = None if options.levels is None else _whole("verify", "--levels", options.levels, 1, 10**15 - 1)
    return read(options.file, levels)


def _check(options):
    for text in filter(None, (options.quantize, options.dequantize)):
        if not TARGET.fullmatch(text):
            raise ValueError(f"check: {text!r} must be MODULE:FUNCTION, such as my_module:quantize")
    seconds = _whole("check", "--seconds", options.seconds, 1, 3600)
    memory = _whole("check", "--memory", options.memory, 64, 2**20)
    found = implementation.check(options.quantize, options.dequantize, seconds=seconds, memory=memory)
    console.say(report_check.check_text(found))
    return 1 if found.broken else 0


def _conventions(options):
    x = [exact("conventions", "--x", v) for v in _numbers("--x", options.x)]
    console.say(report.conventions_text(x, compare(x, _whole("conventions", "--bits", options.bits, 2, 16))))
    return 0


def _worksheet(options):
    if (options.seed is None) == (options.student is None):
        raise ValueError("worksheet: either --seed or --student must be given")
    topics = None if options.topic is None else [t.strip() for text in options.topic for t in text.split(",")]
    for topic in topics or ():
        choice("worksheet", "--topic", topic, tuple(worksheets.TOPICS))
    if options.student is not None:
        seeds = {student: worksheets.student_seed(student) for student in options.student}
    else:
        seeds = {"": _whole("worksheet", "--seed", options.seed, 0, 10**15 - 1)}
    folder = Path(options.out)
    named = {seed: [folder / f"{kind}-{seed}.md" for kind in ("sheet", "answers")] for seed in seeds.values()}
    files.refuse_unwritable("worksheet", [path for paths in named.values() for path in paths], options.force)
    texts = {}
    for seed, (sheet, answers) in named.items():
        made = worksheets.sheet(seed, topics, options.language)
        texts |= {sheet: worksheets.sheet_text(made), answers: worksheets.answers_text(made)}
    files.write_whole("worksheet", texts, options.force)
    rows = [[grading.printable(student), f"sheet-{seed}.md", f"answers-{seed}.md"] for student, seed in seeds.items()]
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
    if options.csv is not None:                                              # with the mark that spreadsheets look for
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
        raise ValueError(f"{command}: {option} must be a whole number from {low} to {high}, got {text!r}")
    return int(text)


def _reproduce(options):
    unknown = [name for name in options.claims if name not in ("tour", *CLAIMS)]
    if unknown:
        raise ValueError(f"reproduce: CLAIM must be one of {', '.join(['tour', *CLAIMS])}, got {unknown[0]!r}")
    seeds = {} if options.seeds is None else {"seeds": _whole("reproduce", "--seeds", options.seeds, 2, 1000)}
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
