"""The command line: python -m refnn [COMMAND]. Exit status 0 done or holds, 1 a claim fails, 2 bad
input."""

import argparse
import sys

from refnn import __version__, console
from refnn.arrays import Refused
from refnn.command.commands import COMMANDS
from refnn.command.values import Misused
from refnn.experiments.claims import CLAIMS
from refnn.teaching import assignments, worksheets

EXIT = (
    "exit status: 0 done, holds or feasible; 1 a claim does not hold; 2 bad input (one line on "
    "stderr)"
)

# fmt: off
TOUR = (
    "The tour: check the article's numbers, train 50 networks 10-5-1 on the diabetes data, "
    "quantize and prune them as the article writes it and as the field does, and write the "
    "figures.")
ALL = (
    "verify: verdicts on the article and all findings; solve: find W and B for numbers of your "
    "own; check: your own functions; conventions: numbers through every published convention; "
    "worksheet: exercises on paper; assignment: a notebook to fill in; grade: marks for them; "
    "reproduce: every claim over its seeds (each has its own --help)")
FLAG = {"action": "store_true"}


def _metavar(name, text, **more):
    return {"metavar": name, "help": text, **more}


# command: (its description, {option: what argparse is told of it})
OPTIONS = {
    "verify": (
        "Every printed tensor and formula of the article with its verdict, and what is wrong with "
        "the article, each finding computed; or the claims of a worked example of your own.", {
            "file": _metavar("FILE", "an article in Markdown, or claims in TOML or JSON (the "
                             "format: refnn/examples/README.md)", nargs="?"),
            "--levels": _metavar("P", "the number of levels where FILE does not say it"),
            "--published": {**FLAG, "help": "instead: numbers that others published, recomputed, "
                            "with what they cannot tell apart, and a museum of slips"},
            "--findings": {**FLAG, "help": "instead: the findings on the article alone"},
            "--json": {**FLAG, "help": "the verdicts (or the findings) as a JSON list"}}),
    "solve": (
        "Which (W, B) print these codes by floor(x*W + B) mod P? Exact; if none, a proof and the "
        "least repair. Then: which published conventions and which slips print them, and an input "
        "that tells these apart. Numbers are read as printed: 0.1 is 1/10.", {
            "--x": _metavar("X,...", "the numbers, such as 0.1,0.2 or 1/3", required=True),
            "--q": _metavar("Q,...", "their codes, such as 0,1", required=True),
            "--levels": _metavar("P", "the number of levels P", required=True),
            "--decoded": _metavar("D,...", "printed decoded values, to half a unit of their last "
                                  "digit"),
            "--scale": _metavar("S", "printed scale, real units per code; with --zero-point"),
            "--zero-point": _metavar("Z", "printed zero point, the code of 0; with --scale"),
            "--rounding": _metavar("RULE", "floor (default), ceil, half-up, half-down, half-even "
                                   "or half-away (of these two, pairs that make a tie are not "
                                   "searched)", default="floor"),
            "--overflow": _metavar("HOW", "wrap (mod P, default), saturate (clip to 0..P - 1) or "
                                   "none (codes are any whole numbers)", default="wrap"),
            "--sign": {"choices": ("+", "-"), "help": "decoder (q + B)/W (the article's, default) "
                       "or (q - B)/W"}}),
    "check": (
        "Your functions, imported from the current folder into a process with limits (no security "
        "border): what they must hold, with the smallest counterexample, published vectors, and "
        "the slip they behave like. The grid of quantize(x) must be fixed, whatever x; a prune is "
        "held to the article's R < tau.", {
            "quantize": _metavar("MODULE:QUANTIZE", "quantize(x), or also of scale, zero_point "
                                 "(qmin, qmax), or of W, B, P; or a prune(params, R, tau), or an "
                                 "importance(params, X, y), params an object with W_ih, b_h, W_ho, "
                                 "b_o, of a network with tanh, sigmoid, relu or identity"),
            "dequantize": _metavar("MODULE:DEQUANTIZE", "dequantize(q), likewise", nargs="?"),
            "--seconds": _metavar("S", "so long at most for each (default: 10)", default="10"),
            "--memory": _metavar("MB", "so much memory at most (default: 1024)", default="1024")}),
    "conventions": (
        "The same numbers through every published convention, exactly: scale, zero point, and for "
        "each number its code, what the code decodes to and the error in steps.", {
            "--x": _metavar("X,...", "the numbers, such as -1.5,0.2,2.8", required=True),
            "--bits": _metavar("B", "bits of a code, 2 to 16 (default: 8)", default="8")}),
    "worksheet": (
        "A pen-and-paper worksheet in Markdown, sheet-N.md, and its answers, answers-N.md, for "
        "whoever marks: one variant a seed N. Topics: " + ", ".join(worksheets.TOPICS) + ".", {
            "--seed": _metavar("N", "the variant, a whole number"),
            "--student": _metavar("ID", "the variant of this student's id; may be given several "
                                  "times", action="append"),
            "--topic": _metavar("TOPIC,...", "these topics only (default: all)", action="append"),
            "--language": {"choices": worksheets.LANGUAGES, "default": "en", "help": "default: en"},
            "--out": _metavar("DIR", "the folder for both files", required=True),
            "--force": {**FLAG, "help": "overwrite files that are there"}}),
    "assignment": (
        "A programming assignment as a notebook, with blanks, or its solution. Names: "
        + ", ".join(assignments.ASSIGNMENTS) + ".", {
            "name": _metavar("NAME", "which one"),
            "--solution": {**FLAG, "help": "the solution, for whoever marks"},
            "--out": _metavar("FILE", "the notebook to write", required=True),
            "--force": {**FLAG, "help": "overwrite FILE if it is there"}}),
    "grade": (
        "Marks for filled-in worksheets, or for notebooks (.ipynb), whose code runs in a process "
        "with limits: for what is wrong the slip that gives it, with a hint; of several files also "
        "the class and its commonest slips.", {
            "files": _metavar("FILE", "a filled-in sheet or notebook", nargs="+"),
            "--seed": _metavar("N", "notebooks: draw the hidden cases from this number (default: "
                               "0)"),
            "--assignment": _metavar("NAME", "notebooks: the assignment, where they do not say it"),
            "--csv": _metavar("OUT", "the class as a CSV file, too"),
            "--force": {**FLAG, "help": "overwrite OUT if it is there"}}),
    "reproduce": (
        "Every claim of refnn that is shown over many seeds, with its table and figure: "
        + ", ".join(["tour", *CLAIMS]) + ".", {
            "claims": _metavar("CLAIM", "which ones (default: all, some minutes)", nargs="*"),
            "--seeds": _metavar("N", "so many networks instead of 200 (the tour: 50)")}),
}
FIGURES = {
    "--figures": _metavar("DIR", "folder for the figures (default: figures)"),
    "--no-figures": {**FLAG, "help": "write no figures"}}
# fmt: on


class _Parser(argparse.ArgumentParser):
    """argparse in 79 columns, whose complaint is one line."""

    def __init__(self, **options):
        def formatter(prog):
            return argparse.HelpFormatter(prog, width=console.WIDTH)

        super().__init__(formatter_class=formatter, allow_abbrev=False, epilog=EXIT, **options)

    def error(self, message):
        raise ValueError(message)


def _parser():
    parser = _Parser(prog="refnn", description=TOUR)
    parser.add_argument("--version", action="version", version=f"refnn {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", help=ALL)
    for name, (description, options) in OPTIONS.items():
        command = commands.add_parser(name, description=description)
        for option, about in options.items():
            command.add_argument(option, **about)
        if name == "reproduce":  # the tour's options go before its name or after it
            for option, about in FIGURES.items():
                command.add_argument(option, default=argparse.SUPPRESS, **about)
    for option, about in FIGURES.items():
        parser.add_argument(option, **about)
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
            only = "--figures and --no-figures go with the tour and reproduce"
            raise ValueError(f"{only}, not with {options.command}")
        return COMMANDS[options.command](options)
    except (ValueError, TypeError, OSError) as error:
        words = getattr(error, "refusal", None) or str(error)  # without the function inside
        if words != str(error) or isinstance(error, (Refused, Misused)):
            words = f"{options.command}: {words}"
        print(f"refnn: {' '.join(words.split())}", file=sys.stderr)
        return 2


def run():
    """The entry point `refnn`."""
    sys.exit(main())


TAKE_A_VALUE = {
    option
    for _, options in OPTIONS.values()
    for option, about in options.items()
    if option.startswith("--") and "metavar" in about and option not in ("--out", "--csv")
}


def _joined(arguments):
    """`--x -0.1,0.2` as `--x=-0.1,0.2`: argparse would take the number for an option."""
    out, rest = [], list(arguments)
    while rest:
        word = rest.pop(0)
        if word in TAKE_A_VALUE and rest and not rest[0].startswith("--"):
            word = f"{word}={rest.pop(0)}"
        out.append(word)
    return out
