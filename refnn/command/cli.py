"""The command line: python -m refnn [COMMAND]. Exit status 0 done or holds, 1 a claim fails, 2 bad
input."""

import argparse
import sys

from refnn import console
from refnn.command.commands import COMMANDS
from refnn.experiments.claims import CLAIMS
from refnn.teaching import assignments, worksheets

EXIT = "exit status: 0 done, holds or feasible; 1 a claim does not hold; 2 bad input (one line on stderr)"


class _Parser(argparse.ArgumentParser):
    """argparse in 79 columns, whose complaint is one line."""

    def __init__(self, **options):
        super().__init__(
            formatter_class=lambda prog: argparse.HelpFormatter(prog, width=console.WIDTH),
            allow_abbrev=False,
            epilog=EXIT,
            **options,
        )

    def error(self, message):
        raise ValueError(message)


def _parser():
    parser = _Parser(
        prog="refnn",
        description=(
            "The tour: check the article's numbers, train 50 networks 10-5-1 on the diabetes data, "
            "quantize and prune them as the article writes it and as the field does, and write the figures."
        ),
    )
    commands = parser.add_subparsers(
        dest="command",
        metavar="COMMAND",
        help="verify: verdicts on the article and all findings; solve: find W and B for "
        "numbers of your own; check: your own functions; conventions: numbers through "
        "every published convention; worksheet: exercises on paper; assignment: a "
        "notebook to fill in; grade: marks for them; "
        "reproduce: every claim over its seeds (each has its own --help)",
    )
    verify = commands.add_parser(
        "verify",
        description="Every printed tensor and formula of the article "
        "with its verdict, and what is wrong with the article, each finding computed; "
        "or the claims of a worked example of your own.",
    )
    verify.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="an article in Markdown, or claims in TOML or JSON "
        "(the format: refnn/examples/README.md)",
    )
    verify.add_argument(
        "--levels", metavar="P", help="the number of levels where FILE does not say it"
    )
    verify.add_argument(
        "--published",
        action="store_true",
        help="instead: numbers that others published, recomputed, "
        "with what they cannot tell apart, and a museum of slips",
    )
    verify.add_argument(
        "--findings", action="store_true", help="instead: the findings on the article alone"
    )
    verify.add_argument(
        "--json", action="store_true", help="the verdicts (or the findings) as a JSON list"
    )
    one = commands.add_parser(
        "solve",
        description="Which (W, B) print these codes by floor(x*W + B) mod P? "
        "Exact; if none, a proof and the least repair. Then: which published conventions and "
        "which slips print them, and an input that tells these apart. "
        "Numbers are read as printed: 0.1 is 1/10.",
    )
    one.add_argument(
        "--x", required=True, metavar="X,...", help="the numbers, such as 0.1,0.2 or 1/3"
    )
    one.add_argument("--q", required=True, metavar="Q,...", help="their codes, such as 0,1")
    one.add_argument("--levels", required=True, metavar="P", help="the number of levels P")
    one.add_argument(
        "--decoded",
        metavar="D,...",
        help="printed decoded values, to half a unit of their last digit",
    )
    one.add_argument(
        "--scale", metavar="S", help="printed scale, real units per code; with --zero-point"
    )
    one.add_argument(
        "--zero-point", metavar="Z", help="printed zero point, the code of 0; with --scale"
    )
    one.add_argument(
        "--rounding",
        metavar="RULE",
        default="floor",
        help="floor (default), ceil, half-up, half-down, "
        "half-even or half-away (of these two, pairs that make a tie are not searched)",
    )
    one.add_argument(
        "--overflow",
        metavar="HOW",
        default="wrap",
        help="wrap (mod P, default), saturate (clip to "
        "0..P - 1) or none (codes are any whole numbers)",
    )
    one.add_argument(
        "--sign", choices=("+", "-"), help="decoder (q + B)/W (the article's, default) or (q - B)/W"
    )
    yours = commands.add_parser(
        "check",
        description="Your functions, imported from the current folder into a process "
        "with limits (no security border): what they must hold, with the smallest "
        "counterexample, published vectors, and the slip they behave like. The grid of "
        "quantize(x) must be fixed, whatever x; a prune is held to the article's R < tau.",
    )
    yours.add_argument(
        "quantize",
        metavar="MODULE:QUANTIZE",
        help="quantize(x), or also of scale, zero_point (qmin, "
        "qmax), or of W, B, P; or a prune(params, R, tau), or an importance(params, X, y), params "
        "an object with W_ih, b_h, W_ho, b_o, of a network with tanh, sigmoid, relu or identity",
    )
    yours.add_argument(
        "dequantize", nargs="?", metavar="MODULE:DEQUANTIZE", help="dequantize(q), likewise"
    )
    yours.add_argument(
        "--seconds", metavar="S", default="10", help="so long at most for each (default: 10)"
    )
    yours.add_argument(
        "--memory", metavar="MB", default="1024", help="so much memory at most (default: 1024)"
    )
    table = commands.add_parser(
        "conventions",
        description="The same numbers through every published convention, "
        "exactly: scale, zero point, and for each number its code, what the code decodes to "
        "and the error in steps.",
    )
    table.add_argument(
        "--x", required=True, metavar="X,...", help="the numbers, such as -1.5,0.2,2.8"
    )
    table.add_argument(
        "--bits", default="8", metavar="B", help="bits of a code, 2 to 16 (default: 8)"
    )
    sheets = commands.add_parser(
        "worksheet",
        description="A pen-and-paper worksheet in Markdown, sheet-N.md, and its "
        "answers, answers-N.md, for whoever marks: one variant a seed N. Topics: "
        + ", ".join(worksheets.TOPICS)
        + ".",
    )
    sheets.add_argument("--seed", metavar="N", help="the variant, a whole number")
    sheets.add_argument(
        "--student",
        metavar="ID",
        action="append",
        help="the variant of this student's id; may be given several times",
    )
    sheets.add_argument(
        "--topic", metavar="TOPIC,...", action="append", help="these topics only (default: all)"
    )
    sheets.add_argument(
        "--language", choices=worksheets.LANGUAGES, default="en", help="default: en"
    )
    sheets.add_argument("--out", required=True, metavar="DIR", help="the folder for both files")
    sheets.add_argument("--force", action="store_true", help="overwrite files that are there")
    given = commands.add_parser(
        "assignment",
        description="A programming assignment as a notebook, with blanks, or "
        "its solution. Names: " + ", ".join(assignments.ASSIGNMENTS) + ".",
    )
    given.add_argument("name", metavar="NAME", help="which one")
    given.add_argument("--solution", action="store_true", help="the solution, for whoever marks")
    given.add_argument("--out", required=True, metavar="FILE", help="the notebook to write")
    given.add_argument("--force", action="store_true", help="overwrite FILE if it is there")
    marks = commands.add_parser(
        "grade",
        description="Marks for filled-in worksheets, or for notebooks (.ipynb), whose "
        "code runs in a process with limits: for what is wrong the slip that gives it, with "
        "a hint; of several files also the class and its commonest slips.",
    )
    marks.add_argument("files", nargs="+", metavar="FILE", help="a filled-in sheet or notebook")
    marks.add_argument(
        "--seed", metavar="N", help="notebooks: draw the hidden cases from this number (default: 0)"
    )
    marks.add_argument(
        "--assignment", metavar="NAME", help="notebooks: the assignment, where they do not say it"
    )
    marks.add_argument("--csv", metavar="OUT", help="the class as a CSV file, too")
    marks.add_argument("--force", action="store_true", help="overwrite OUT if it is there")
    again = commands.add_parser(
        "reproduce",
        description="Every claim of refnn that is shown over many seeds, with "
        "its table and figure: " + ", ".join(["tour", *CLAIMS]) + ".",
    )
    again.add_argument(
        "claims", nargs="*", metavar="CLAIM", help="which ones (default: all, some minutes)"
    )
    again.add_argument(
        "--seeds", metavar="N", help="so many networks instead of 200 (the tour: 50)"
    )
    for command, default in (
        (parser, {}),
        (again, {"default": argparse.SUPPRESS}),
    ):  # also before `reproduce`
        command.add_argument(
            "--figures", metavar="DIR", help="folder for the figures (default: figures)", **default
        )
        command.add_argument(
            "--no-figures", action="store_true", help="write no figures", **default
        )
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
            raise ValueError(
                f"--figures and --no-figures go with the tour and reproduce, not with {options.command}"
            )
        return COMMANDS[options.command](options)
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
        takes = word in (
            "--x",
            "--q",
            "--decoded",
            "--levels",
            "--sign",
            "--bits",
            "--seeds",
            "--scale",
            "--zero-point",
            "--rounding",
            "--overflow",
            "--seconds",
            "--memory",
            "--student",
        )
        out.append(
            f"{word}={rest.pop(0)}" if takes and rest and not rest[0].startswith("--") else word
        )
    return out
