"""Read the command line, `python -m refnn [COMMAND]`, and run the command.

The exit status is 0 if all is well, 1 if something does not hold, and 2 for bad input."""

import argparse
import sys
from importlib import import_module

from refnn import __version__, console
from refnn.arrays import Refused
from refnn.command.values import Misused
from refnn.validation import words_of

EXIT = "Exit status: 0 all is well; 1 something does not hold; 2 bad input."

# fmt: off
TOUR = (
    "refnn checks and shows how a small neural network is quantized and pruned. Without a command "
    "it gives the tour: it checks the article's numbers, trains 50 networks, quantizes and prunes "
    "them by the article's formulas and by the usual methods, and writes the figures.")
FLAG = {"action": "store_true"}


def _metavar(name, text, **more):
    return {"metavar": name, "help": text, **more}


# command: (what it does, in a line; an example; what more there is to say; {option: of argparse})
OPTIONS = {
    "verify": (
        "Judge the article's numbers and formulas, or those of a file.", "verify notes.md",
        "Each claim gets a verdict: exact, as printed, cannot be, or not decidable. "
        "Without FILE, the article is judged and its mistakes are listed.", {
            "file": _metavar("FILE", "a text or notebook with printed numbers, or claims in TOML "
                             "or JSON, or - for standard input (see refnn/examples/README.md)",
                             nargs="?"),
            "--levels": _metavar("P", "the number of levels, if FILE does not say it"),
            "--published": {**FLAG, "help": "check numbers that others published, and show "
                            "published mistakes"},
            "--findings": {**FLAG, "help": "list only the mistakes of the article"},
            "--json": {**FLAG, "help": "print the verdicts as JSON"}}),
    "solve": (
        "Find which rule gives these codes.",
        "solve --x 0.1,0.2,0.3 --q 0,1,3 --levels 8",
        "It tries the published conventions and, if none fits, the known mistakes. It finds all W "
        "and B for which floor(x*W + B) mod P gives the codes, or proves that there are none. "
        "0.1 means exactly 1/10.", {
            "--x": _metavar("X,...", "the numbers, such as 0.1,0.2 or 1/3, or a copied array",
                            required=True),
            "--q": _metavar("Q,...", "their codes, such as 0,1", required=True),
            "--levels": _metavar("P", "the number of levels", required=True),
            "--decoded": _metavar("D,...", "the decoded values, as printed"),
            "--scale": _metavar("S", "the printed scale (goes with --zero-point)"),
            "--zero-point": _metavar("Z", "the printed zero point (goes with --scale)"),
            "--rounding": _metavar("RULE", "floor (default), ceil, half-up, half-down, half-even "
                                   "or half-away (these two leave out W and B that "
                                   "make a tie)",
                                   default="floor"),
            "--overflow": _metavar("HOW", "wrap (mod P, default), saturate or none",
                                   default="wrap"),
            "--sign": {"choices": ("+", "-"),
                       "help": "B's sign in the decoder (default: both are tried)"},
            "--json": {**FLAG, "help": "print everything as JSON"},
            "--all": {**FLAG, "help": "show also what is long or takes long to compute"}}),
    "check": (
        "Test your own quantizer, and name the mistake in it.",
        "check mine:quantize mine:dequantize",
        "The functions are imported from the current folder, into a process with limits (this "
        "does not protect against malicious code). It also tests a prune or importance function.", {
            "quantize": _metavar("MODULE:QUANTIZE", "quantize(x), quantize(x, scale, zero_point) "
                                 "or quantize(x, W, B, P). It returns the codes, or (codes, "
                                 "scale, zero_point). Or prune(params, R, tau), or "
                                 "importance(params, X, y)"),
            "dequantize": _metavar("MODULE:DEQUANTIZE", "dequantize(q), or dequantize(q, scale, "
                                   "zero_point)", nargs="?"),
            "--seconds": _metavar("S", "time limit of each function (default: 10)", default="10"),
            "--memory": _metavar("MB", "memory limit (default: 1024)", default="1024"),
            "--json": {**FLAG, "help": "print the report as JSON"}}),
    "conventions": (
        "Quantize your numbers by each published convention.", "conventions --x -1.5,0.2,2.8",
        "It prints scale, zero point, codes, decoded values and errors (in steps) of each "
        "convention, computed exactly.", {
            "--x": _metavar("X,...", "the numbers, such as -1.5,0.2,2.8, or a copied array",
                            required=True),
            "--bits": _metavar("B", "bits of a code, 2 to 16 (default: 8)", default="8")}),
    "worksheet": (
        "Write exercises for pen and paper.", "worksheet --seed 7 --out .",
        "It writes sheet-N.md and answers-N.md. Each seed N gives other numbers.", {
            "--seed": _metavar("N", "which variant, a whole number"),
            "--student": _metavar("ID", "the variant of this student; may be repeated",
                                  action="append"),
            "--roster": _metavar("FILE", "a sheet for each student of this CSV file with a column "
                                 "id; only someone who has the secret can compute the answers"),
            "--secret": _metavar("FILE", "the secret of the class, for --roster"),
            "--new-secret": _metavar("FILE", "write a new secret to FILE, and nothing else"),
            "--topic": _metavar("TOPIC,...", "only these topics", action="append"),
            "--language": {"choices": ("en", "zh"), "default": "en", "help": "default: en"},
            "--out": _metavar("DIR", "the folder for the files"),
            "--force": {**FLAG, "help": "replace existing files"}}),
    "assignment": (
        "Write a programming assignment as a notebook.", "assignment network --out network.ipynb",
        "It is marked by `grade`.", {
            "name": _metavar("NAME", "which assignment"),
            "--solution": {**FLAG, "help": "write the solution instead"},
            "--nbgrader": {**FLAG, "help": "write the source of nbgrader, with which it releases "
                                           "and marks, as OUT/source/NAME/NAME.ipynb"},
            "--seed": _metavar("N", "for --nbgrader: the seed of the hidden cases"),
            "--secret": _metavar("FILE", "for --nbgrader: a secret instead of the seed"),
            "--out": _metavar("OUT", "the notebook to write, or the folder", required=True),
            "--force": {**FLAG, "help": "replace the notebook if it exists"}}),
    "grade": (
        "Mark worksheets or notebooks that students handed in.",
        "grade sheets --csv marks.csv",
        "For a known mistake it gives a hint. For several files it also prints a table and the "
        "most common mistakes. The code in notebooks runs in a process with limits.", {
            "files": _metavar("FILE", "a worksheet, a notebook (.ipynb) or a folder of them",
                              nargs="+"),
            "--seed": _metavar("N", "for notebooks: the seed of the hidden cases (default: 0)"),
            "--assignment": _metavar("NAME", "for notebooks: the assignment that they belong to"),
            "--seconds": _metavar("S", "processor time of each function (default: 5)", default="5"),
            "--roster": _metavar("FILE", "the students: one row for each of them"),
            "--secret": _metavar("FILE", "the secret from which sheets and hidden cases are made"),
            "--csv": _metavar("OUT", "also write the marks to a CSV file"),
            "--lms": _metavar("OUT", "also write the roster with a column of points"),
            "--feedback": _metavar("DIR", "also write a Markdown file for each student"),
            "--force": {**FLAG, "help": "replace existing files"}}),
    "reproduce": (
        "Compute the tables and figures of experiments again.", "reproduce floor-bias",
        "An experiment tests one claim on 200 networks.", {
            "claims": _metavar("CLAIM", "which claims (default: all and the tour; takes minutes)",
                               nargs="*"),
            "--seeds": _metavar("N", "use N networks (default: 200, but 50 for the tour)"),
            "--quick": {**FLAG, "help": "use 12 networks: under two minutes for all"},
            "--list": {**FLAG, "help": "print the stored results of all claims, without computing"},
            "--store": {**FLAG, "help": "store the results for --list and verify"}}),
}
# Each command is imported only when it runs, and so are the names that its help lists
COMMANDS = {
    "verify": "checks.verify_command",
    "solve": "solving.solve_command",
    "check": "checking.check_command",
    "conventions": "solving.conventions_command",
    "worksheet": "classes.worksheet_command",
    "assignment": "classes.assignment_command",
    "grade": "grading.grade_command",
    "reproduce": "claims.reproduce_command",
    None: "claims.tour_command"}
LISTED = {  # command: (title of the list of names in its help, where they stand in refnn)
    "worksheet": ("Topics", "teaching.worksheets.TOPICS"),
    "assignment": ("Names", "teaching.assignments.ASSIGNMENTS"),
    "reproduce": ("Claims", "experiments.claims.CLAIMS")}
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


def _named(where):
    """Return what stands in refnn under a name such as "command.checks.verify_command"."""
    module, name = where.rsplit(".", 1)
    return getattr(import_module(f"refnn.{module}"), name)


def _commands():
    """Return the commands for `--help`, with a line and an example of each."""
    lines = [
        f"  {name:12} {what}\n{'':15}refnn {example}"
        for name, (what, example, *_) in OPTIONS.items()
    ]
    return "\n".join(["commands (COMMAND --help says more):", *lines, "", EXIT])


def _usage(name, options):
    """Return the first line of a command's help: what it needs, and that there are options."""
    words, often = ["refnn", name], {"?": "[{}]", "*": "[{} ...]", "+": "{} [...]"}
    for option, about in options.items():
        if about.get("required"):
            words.append(f"{option} {about['metavar']}")
        elif not option.startswith("-"):
            words.append(often.get(about.get("nargs"), "{}").format(about["metavar"]))
    return " ".join([*words, "[options]"])


def _parser(arguments):
    """Return the parser. Commands that are not among the arguments have no options."""
    description = console.wrap(TOUR)
    parser = _Parser(prog="refnn", description=description, epilog=_commands())
    parser.add_argument("--version", action="version", version=f"refnn {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", help="see below")
    for name, (what, example, more, options) in OPTIONS.items():
        if name not in arguments:
            commands.add_parser(name)
            continue
        if name in LISTED:
            word, where = LISTED[name]
            more = f"{more} {word}: {', '.join(_named(where))}."
        description = console.wrap(f"{what} {more}")
        epilog = f"Example: refnn {example}\n{EXIT}"
        usage = _usage(name, options)
        command = commands.add_parser(name, usage=usage, description=description, epilog=epilog)
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
    No published convention gives these codes, and no W and B give them by
    floor(x*W + B) mod 8.
      proof: From 0.4 to 0.5 the code rises by 1, so 0.1*W (mod 8) lies between 0
      and 2. From 0.5 to 0.6 the code falls by 3, so 0.1*W (mod 8) lies between 4
      and 6. No W does both.
      repair: at least 1 of the 3 codes must be changed. If entry 3 is changed,
      W = 1, B = 3.5 gives 3 4 4.
    No known mistake and no rule that was tried gives three quarters of these codes
    or more.
    1
    """
    try:
        arguments = _joined(sys.argv[1:] if arguments is None else arguments)
        options = _parser(arguments).parse_args(arguments)
        drawn = options.command in (None, "reproduce")
        if not drawn and (options.figures is not None or options.no_figures):
            only = "--figures and --no-figures go with the tour and reproduce"
            raise ValueError(f"{only}, not with {options.command}")
        return _named(f"command.{COMMANDS[options.command]}")(options)
    except (ValueError, TypeError, OSError) as error:
        words = words_of(error)
        if words != str(error) or isinstance(error, (Refused, Misused)):
            words = f"{options.command}: {words}"
        print(f"refnn: {' '.join(console.harmless(words).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("refnn: interrupted", file=sys.stderr)
        return 130


def run():
    """Run the command line of the program `refnn`."""
    sys.exit(main())


OF_A_PATH = ("--out", "--csv", "--lms", "--feedback")  # of these no value begins with a minus
TAKE_A_VALUE = {
    option
    for *_, options in OPTIONS.values()
    for option, about in options.items()
    if option.startswith("--") and "metavar" in about and option not in OF_A_PATH
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
