"""Read the command line, `python -m refnn [COMMAND]`, and run the command.

The exit status is 0 if all is well, 1 if something does not hold, and 2 for bad input."""

import argparse
import sys

from refnn import __version__, console
from refnn.arrays import Refused
from refnn.command.commands import COMMANDS
from refnn.command.values import Misused
from refnn.experiments.claims import CLAIMS
from refnn.teaching import assignments, worksheets

EXIT = "Exit status: 0 all is well; 1 something does not hold; 2 bad input."

# fmt: off
TOUR = (
    "refnn checks and shows how a small neural network is quantized and pruned. Without a command "
    "it gives the tour: it checks the article's numbers, trains 50 networks, quantizes and prunes "
    "them as the article writes it and as the field does, and writes the figures.")
FLAG = {"action": "store_true"}


def _metavar(name, text, **more):
    return {"metavar": name, "help": text, **more}


# command: (what it does, in a line; an example; what more there is to say; {option: of argparse})
OPTIONS = {
    "verify": (
        "Judge the article's numbers and formulas, or those of a file.", "verify",
        "Each claim gets a verdict: exact, as printed, cannot be, or not decidable. "
        "Without FILE, the article is judged and its mistakes are listed.", {
            "file": _metavar("FILE", "an article in Markdown, or claims in TOML or JSON (see "
                             "refnn/examples/README.md)", nargs="?"),
            "--levels": _metavar("P", "the number of levels, if FILE does not say it"),
            "--published": {**FLAG, "help": "check numbers that others published, and show "
                            "published mistakes"},
            "--findings": {**FLAG, "help": "list only the mistakes of the article"},
            "--json": {**FLAG, "help": "print the verdicts as JSON"}}),
    "solve": (
        "Find the formula that gives these codes.",
        "solve --x 0.1,0.2,0.3 --q 0,1,3 --levels 8",
        "Finds all W and B with floor(x*W + B) mod P, or proves that there are none, and names the "
        "conventions and the mistakes that print these codes. 0.1 means exactly 1/10.", {
            "--x": _metavar("X,...", "the numbers, such as 0.1,0.2 or 1/3", required=True),
            "--q": _metavar("Q,...", "their codes, such as 0,1", required=True),
            "--levels": _metavar("P", "the number of levels", required=True),
            "--decoded": _metavar("D,...", "the decoded values, as printed"),
            "--scale": _metavar("S", "the printed scale (goes with --zero-point)"),
            "--zero-point": _metavar("Z", "the printed zero point (goes with --scale)"),
            "--rounding": _metavar("RULE", "floor (default), ceil, half-up, half-down, half-even "
                                   "or half-away (ties of these two are not searched)",
                                   default="floor"),
            "--overflow": _metavar("HOW", "wrap (mod P, default), saturate or none",
                                   default="wrap"),
            "--sign": {"choices": ("+", "-"),
                       "help": "of B in the decoder (q + B)/W (default: +)"}}),
    "check": (
        "Test your own quantizer, and name the mistake in it.",
        "check mine:quantize mine:dequantize",
        "The functions are imported from the current folder, into a process with limits (this "
        "does not protect against code that means harm). It also tests a prune or an importance.", {
            "quantize": _metavar("MODULE:QUANTIZE", "quantize(x), with scale and zero_point, or W, "
                                 "B and P, if you like; prune(params, R, tau); or "
                                 "importance(params, X, y)"),
            "dequantize": _metavar("MODULE:DEQUANTIZE", "dequantize(q)", nargs="?"),
            "--seconds": _metavar("S", "time limit of each function (default: 10)", default="10"),
            "--memory": _metavar("MB", "memory limit (default: 1024)", default="1024")}),
    "conventions": (
        "Quantize your numbers by each published convention.", "conventions --x -1.5,0.2,2.8",
        "Prints scale, zero point, codes, decoded values and errors of each convention, computed "
        "exactly.", {
            "--x": _metavar("X,...", "the numbers, such as -1.5,0.2,2.8", required=True),
            "--bits": _metavar("B", "bits of a code, 2 to 16 (default: 8)", default="8")}),
    "worksheet": (
        "Write exercises for pen and paper.", "worksheet --seed 7 --out .",
        "Writes sheet-N.md and answers-N.md. Each seed N gives other numbers. Topics: "
        + ", ".join(worksheets.TOPICS) + ".", {
            "--seed": _metavar("N", "which variant, a whole number"),
            "--student": _metavar("ID", "the variant of this student; may be repeated",
                                  action="append"),
            "--topic": _metavar("TOPIC,...", "only these topics", action="append"),
            "--language": {"choices": worksheets.LANGUAGES, "default": "en", "help": "default: en"},
            "--out": _metavar("DIR", "the folder for both files", required=True),
            "--force": {**FLAG, "help": "replace existing files"}}),
    "assignment": (
        "Write a programming assignment as a notebook.", "assignment network --out network.ipynb",
        "Names: " + ", ".join(assignments.ASSIGNMENTS) + ".", {
            "name": _metavar("NAME", "which assignment"),
            "--solution": {**FLAG, "help": "write the solution instead"},
            "--out": _metavar("FILE", "the notebook to write", required=True),
            "--force": {**FLAG, "help": "replace FILE if it exists"}}),
    "grade": (
        "Mark worksheets or notebooks that students handed in.",
        "grade sheets/*.md --csv marks.csv",
        "For a wrong answer it names the mistake behind it and gives a hint; for several files it "
        "also sums up the class. The code in notebooks runs in a process with limits.", {
            "files": _metavar("FILE", "a worksheet or a notebook (.ipynb)", nargs="+"),
            "--seed": _metavar("N", "notebooks: draw the hidden cases from N (default: 0)"),
            "--assignment": _metavar("NAME", "notebooks: the assignment, if they do not name it"),
            "--csv": _metavar("OUT", "also write the marks to a CSV file"),
            "--force": {**FLAG, "help": "replace OUT if it exists"}}),
    "reproduce": (
        "Compute the tables and figures of claims again.", "reproduce floor-bias",
        "Each claim is computed over 200 networks. Claims: " + ", ".join(["tour", *CLAIMS]) + ".", {
            "claims": _metavar("CLAIM", "which claims (default: all; takes minutes)", nargs="*"),
            "--seeds": _metavar("N", "use N networks (default: 200; the tour: 50)")}),
}
FIGURES = {
    "--figures": _metavar("DIR", "the folder for the figures (default: figures)"),
    "--no-figures": {**FLAG, "help": "write no figures"}}
# fmt: on


class _Parser(argparse.ArgumentParser):
    """An argparse parser of 79 columns, whose errors are one line."""

    def __init__(self, **options):
        def formatter(prog):
            return argparse.RawDescriptionHelpFormatter(prog, width=console.WIDTH)

        super().__init__(formatter_class=formatter, allow_abbrev=False, **options)

    def error(self, message):
        raise ValueError(message)


def _commands():
    """Return the commands for `--help`: a line and an example of each."""
    lines = [
        f"  {name:12} {what}\n{'':15}refnn {example}"
        for name, (what, example, *_) in OPTIONS.items()
    ]
    return "\n".join(["commands (COMMAND --help says more):", *lines, "", EXIT])


def _parser():
    description = console.wrap(TOUR)
    parser = _Parser(prog="refnn", description=description, epilog=_commands())
    parser.add_argument("--version", action="version", version=f"refnn {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", help="see below")
    for name, (what, example, more, options) in OPTIONS.items():
        description = console.wrap(f"{what} {more}")
        epilog = f"Example: refnn {example}\n{EXIT}"
        command = commands.add_parser(name, description=description, epilog=epilog)
        for option, about in options.items():
            command.add_argument(option, **about)
        if name == "reproduce":  # the options of the tour may also stand before its name
            for option, about in FIGURES.items():
                command.add_argument(option, default=argparse.SUPPRESS, **about)
    for option, about in FIGURES.items():
        parser.add_argument(option, **about)
    return parser


def main(arguments=None):
    """Run a command and return its exit status.

    >>> main(["solve", "--x", "0.4,0.5,0.6", "--q", "3,4,1", "--levels", "8"])
    infeasible: no W and B print these codes by floor(x*W + B) mod 8
      proof: From 0.4 to 0.5 the code rises by 1, so 0.1*W (mod 8) lies between 0
      and 2. From 0.5 to 0.6 the code falls by 3, so 0.1*W (mod 8) lies between 4
      and 6. No W does both.
      least repair: at most 2 of the 3 codes can be right. Change entry 3, then
      W = 1, B = 3.5 prints 3 4 4.
    No published convention and no single known slip prints these codes, or even
    three quarters of them.
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
    """Run the command line of the program `refnn`."""
    sys.exit(main())


TAKE_A_VALUE = {
    option
    for *_, options in OPTIONS.values()
    for option, about in options.items()
    if option.startswith("--") and "metavar" in about and option not in ("--out", "--csv")
}


def _joined(arguments):
    """Write `--x -0.1,0.2` as `--x=-0.1,0.2`, since argparse takes -0.1 for an option."""
    out, rest = [], list(arguments)
    while rest:
        word = rest.pop(0)
        if word in TAKE_A_VALUE and rest and not rest[0].startswith("--"):
            word = f"{word}={rest.pop(0)}"
        out.append(word)
    return out
