"""The command: python -m refnn [verify | solve]. Exit status 0 done or holds, 1 a claim fails, 2 bad input."""

import argparse
import json
import sys
from pathlib import Path

from refnn import article, console, report
from refnn.arrays import exact
from refnn.checking.conflict import decimal
from refnn.checking.printed import half_unit
from refnn.checking.roundtrip import roundtrip
from refnn.checking.solver import solve
from refnn.checking.worked_example import check
from refnn.experiments import errata, tour
from refnn.experiments.claims import CLAIMS, about
from refnn.quantization.conventions import compare

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
    commands = parser.add_subparsers(dest="command", metavar="[verify | solve | conventions | reproduce]",
                                     help="verify: verdicts on the article and all findings; solve: find W and B for "
                                     "numbers of your own; conventions: numbers through every published convention; "
                                     "reproduce: every claim over its seeds (each has its own --help)")
    verify = commands.add_parser("verify", description="Every printed tensor and formula of the article "
                                 "with its verdict, and what is wrong with the article, each finding computed.")
    verify.add_argument("--json", action="store_true", help="the verdicts as a JSON list")
    one = commands.add_parser("solve", description="Which (W, B) print these codes by floor(x*W + B) mod P? "
                              "Exact; if none, a proof and the least repair. "
                              "Numbers are read as printed: 0.1 is 1/10.")
    one.add_argument("--x", required=True, metavar="X,...", help="the numbers, such as 0.1,0.2 or 1/3")
    one.add_argument("--q", required=True, metavar="Q,...", help="their codes, such as 0,1")
    one.add_argument("--levels", required=True, metavar="P", help="the number of levels P")
    one.add_argument("--decoded", metavar="D,...", help="printed decoded values, to half a unit of their last digit")
    one.add_argument("--sign", choices=("+", "-"), help="decoder (q + B)/W (the article's, default) or (q - B)/W")
    table = commands.add_parser("conventions", description="The same numbers through every published convention, "
                                "exactly: scale, zero point, and for each number its code, what the code decodes to "
                                "and the error in steps.")
    table.add_argument("--x", required=True, metavar="X,...", help="the numbers, such as -1.5,0.2,2.8")
    table.add_argument("--bits", default="8", metavar="B", help="bits of a code, 2 to 16 (default: 8)")
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
    1
    """
    try:
        options = _parser().parse_args(_joined(sys.argv[1:] if arguments is None else arguments))
        drawn = options.command in (None, "reproduce")
        if not drawn and (options.figures is not None or options.no_figures):
            raise ValueError(f"--figures and --no-figures go with the tour and reproduce, not with {options.command}")
        return {"verify": _verify, "solve": _solve, "conventions": _conventions, "reproduce": _reproduce,
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
        takes = word in ("--x", "--q", "--decoded", "--levels", "--sign", "--bits", "--seeds")
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
    solution = solve(x, q, levels)
    if options.decoded is not None:
        decoded = [(exact("solve", "--decoded", d), half_unit(d)) for d in _numbers("--decoded", options.decoded)]
        if len(decoded) != len(x):
            raise ValueError(f"solve: --decoded must be as many numbers as --x ({len(x)}), got {len(decoded)}")
        pair = roundtrip(x, q, [d - h for d, h in decoded], [d + h for d, h in decoded], levels, sign)
    console.say(("codes alone: " if options.decoded is not None else "") + report.solution_text(solution, levels))
    if options.decoded is not None:
        found = (f"W = {decimal(pair[0])}, B = {decimal(pair[1])} prints the decoded values too" if pair
                 else "no (W, B) prints the codes and these values")
        console.say(f"decoded by (q {sign} B)/W: {found}")
    return 0 if pair or (solution.feasible and options.decoded is None) else 1


def _verify(options):
    verdicts = check(article.example())
    if options.json:
        console.say(json.dumps([v._asdict() for v in verdicts], default=str, indent=1,
                               ensure_ascii=not console.is_utf8(sys.stdout)))
    else:
        console.say("The article's printed tensors, decided on rationals (P = 8)\n")
        console.say(report.article_text())
        console.say("\nWhat is wrong with it, each computed just now\n")
        console.say(report.findings_text(errata.findings()))
    return 0 if all(v.holds for v in verdicts) else 1


def _conventions(options):
    x = [exact("conventions", "--x", v) for v in _numbers("--x", options.x)]
    console.say(report.conventions_text(x, compare(x, _whole("conventions", "--bits", options.bits, 2, 16))))
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
