"""Run verify, solve, check and conventions: compute, print and return the exit status."""

import json
import sys

from refnn import article, console
from refnn.arrays import exact
from refnn.checking import implementation, published
from refnn.checking.identify import identify
from refnn.checking.plane.digits import half_unit, pair, ratio
from refnn.checking.reading.files import read
from refnn.checking.roundtrip import roundtrip
from refnn.checking.running.sandbox import TARGET
from refnn.checking.solver import OVERFLOWS, ROUNDINGS, TIES, decide, range_of_B, solve
from refnn.checking.worked_example import check
from refnn.command import tables, tables_check, tables_published
from refnn.command.values import Misused, numbers, one_of, whole
from refnn.experiments import errata
from refnn.quantization.conventions import compare


def solve_command(options):
    """Find which (W, B), which convention or which mistake prints the codes."""
    x, q = numbers("--x", options.x), numbers("--q", options.q)
    if not options.levels.isdecimal() or len(options.levels) > 15:
        raise Misused(f"--levels must be a whole number of at least 1, got {options.levels!r}")
    if options.sign and not options.decoded:
        raise Misused("--sign goes with --decoded")
    levels, grid = int(options.levels), _grid_given(options)
    rounding = one_of("--rounding", options.rounding, ROUNDINGS)
    overflow = one_of("--overflow", options.overflow, OVERFLOWS)
    if (rounding, overflow) != ("floor", "wrap"):
        if options.decoded or options.scale:
            plain = "--rounding floor --overflow wrap"
            raise Misused(f"--decoded, --scale and --zero-point go with {plain}")
        return _solve_by(x, q, levels, rounding, overflow)
    if _signed(q, levels):
        if options.sign:
            raise Misused(
                "--sign goes with codes of floor(x*W + B) mod P, and these are never below 0"
            )
        found = identify(x, q, levels, **grid)
        console.say(f"infeasible: floor(x*W + B) mod {levels} is never below 0")
        console.say(tables_published.identified_text(found))
        return 0 if options.scale is not None and found.exact else 1
    return _solve_and_identify(options, x, q, levels, grid)


def _solve_by(x, q, levels, rounding, overflow):
    """Solve for a rounding or an overflow that is not the article's."""
    solution = solve(x, q, levels, rounding, overflow)
    formula = tables.formula_text(levels, rounding, overflow)

    def of(W):
        return range_of_B(x, q, levels, W, rounding, overflow)

    console.say(tables.solution_text(solution, levels, formula, of, ties=rounding in TIES))
    return 0 if solution.feasible else 1


def _solve_and_identify(options, x, q, levels, grid):
    solution, found, sign = decide(x, q, levels), None, options.sign or "+"
    if options.decoded is not None:
        printed = numbers("--decoded", options.decoded)
        decoded = [(exact("--decoded", d), half_unit(d)) for d in printed]
        if len(decoded) != len(x):
            expected = f"as many numbers as --x ({len(x)})"
            raise Misused(f"--decoded must be {expected}, got {len(decoded)}")
        low, high = ([d + side * h for d, h in decoded] for side in (-1, 1))
        found = roundtrip(x, q, low, high, levels, sign)
    found_by = identify(x, q, levels, **grid)
    text = tables.solution_text(solution, levels, range_of_B=lambda W: range_of_B(x, q, levels, W))
    more = options.decoded is not None or options.scale is not None
    console.say(("codes alone: " if more else "") + text)
    if options.decoded is not None:
        no = "no (W, B) prints the codes and these values"
        says = f"{pair(*found)} prints the decoded values too" if found else no
        console.say(f"decoded by (q {sign} B)/W: {says}")
    console.say(tables_published.identified_text(found_by))
    if options.scale is not None:
        return 0 if found_by.exact else 1
    return 0 if found or (solution.feasible and options.decoded is None) else 1


def _grid_given(options):
    """Return the printed scale, zero point and decoded values, as `identify` takes them."""
    if (options.scale is None) != (options.zero_point is None):
        raise Misused("--scale goes with --zero-point")
    zero_point = options.zero_point
    if zero_point is not None:
        if not (zero_point.removeprefix("-").isdecimal() and len(zero_point) <= 15):
            raise Misused(f"--zero-point must be a whole number, got {zero_point!r}")
        zero_point = int(zero_point)
    decoded = None if options.decoded is None else numbers("--decoded", options.decoded)
    return {"scale": options.scale, "zero_point": zero_point, "decoded": decoded}


def _signed(q, levels):
    """Return True if these are codes of a signed grid of P levels, and one of them is negative."""
    codes = [exact("q", v) for v in q]
    low, high = -(levels // 2), levels - levels // 2
    return min(codes) < 0 and all(c.denominator == 1 and low <= c < high for c in codes)


def verify_command(options):
    """Judge whether printed numbers follow from their formulas."""
    for chosen, command in ((options.published, _published), (options.findings, _findings)):
        if chosen:
            return command(options)
    if options.levels is not None and options.file is None:
        raise Misused("--levels goes with FILE")
    example = article.example() if options.file is None else _example(options)
    try:
        verdicts = check(example)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{options.file or 'the article'}: {error}") from None
    if options.json:
        _say_json([v._asdict() for v in verdicts], default=ratio)
    elif options.file is not None:
        console.say(tables.verdicts_text(example["title"], verdicts))
    else:
        console.say("The article's printed tensors, judged with exact fractions (P = 8)\n")
        console.say(tables.article_text())
        console.say("\nWhat is wrong with it, each computed just now\n")
        console.say(tables.findings_text(errata.findings()))
        console.say("\n" + console.wrap(errata.ELSEWHERE))
    return 0 if all(v.holds for v in verdicts) else 1


def _say_json(data, **options):
    ascii_only = not console.is_utf8(sys.stdout)
    console.say(json.dumps(data, indent=1, ensure_ascii=ascii_only, **options))


def _findings(options):
    if options.file is not None or options.levels is not None:
        raise Misused("--findings takes no FILE and no --levels")
    found = errata.findings()
    if options.json:
        _say_json([f._asdict() for f in found])
    else:
        console.say(f"{tables.findings_text(found)}\n\n{console.wrap(errata.ELSEWHERE)}")
    return 0


def _published(options):
    if options.file is not None or options.levels is not None:
        raise Misused("--published takes no FILE and no --levels")
    found, shown = published.run(), published.exhibits()
    if options.json:
        _say_json(tables_published.as_data(found, shown))
    else:
        console.say(tables_published.vectors_text(found))
        console.say("\n" + tables_published.museum_text(shown))
    return 0 if all(r.passed for r in found) and all(s.holds for s in shown) else 1


def _example(options):
    given = options.levels
    levels = None if given is None else whole("--levels", given, 1, 10**15 - 1)
    return read(options.file, levels)


def check_command(options):
    """Test functions of the user, and name the mistake that they behave like."""
    for text in filter(None, (options.quantize, options.dequantize)):
        if not TARGET.fullmatch(text):
            raise Misused(f"{text!r} must be MODULE:FUNCTION, such as my_module:quantize")
    limits = {
        "seconds": whole("--seconds", options.seconds, 1, 3600),
        "memory": whole("--memory", options.memory, 64, 2**20),
    }
    found = implementation.check(options.quantize, options.dequantize, **limits)
    console.say(tables_check.check_text(found))
    return 1 if found.broken else 0


def conventions_command(options):
    """Print the same numbers in every published convention."""
    x = [exact("--x", v) for v in numbers("--x", options.x)]
    console.say(tables.conventions_text(x, compare(x, whole("--bits", options.bits, 2, 16))))
    return 0
