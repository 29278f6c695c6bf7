"""Format what the commands print: verdicts, the solver's answer, conventions and the tour.

Nothing is computed here."""

from fractions import Fraction
from math import inf

import numpy as np

from refnn import article
from refnn.checking.plane.circle import simplest
from refnn.checking.plane.conflict import NO_SHORT
from refnn.checking.plane.digits import as_text, decimal, fixed, line, pair, short
from refnn.checking.solver import repair_text
from refnn.checking.worked_example import check
from refnn.console import harmless, table, wrap
from refnn.experiments import printed_numbers
from refnn.experiments import tour as recipe
from refnn.experiments.spread import told

NAMES = {"W_ih^": "Ŵ_ih", "W_ho^": "Ŵ_ho", "b_h^": "b̂_h", "b_o^": "b̂_o"}
KEY = (
    "exact: some W and B give exactly these numbers (see printed by). as printed: they give them "
    "after rounding to the printed decimals. cannot be: no W and B give them. min-max takes W and "
    "B from the smallest and the largest entry."
)
FORMULA = {
    "floor": "floor(x*W + B)",
    "ceil": "ceil(x*W + B)",
    "half_up": "floor(x*W + B + 1/2)",
    "half_down": "ceil(x*W + B - 1/2)",
    "half_even": "round(x*W + B), half to even",
    "half_away": "round(x*W + B), half away from 0",
}
LIMIT = {"wrap": " mod {}", "saturate": ", clipped to 0..{}", "none": ""}
SHOWN = 8  # intervals of W


def rows_text(rows):
    """Format a matrix in one line, with a slash between the rows.

    >>> rows_text([[0, 1], [2, 3]])
    '0 1 / 2 3'
    """
    return line(rows)


# --- verdicts -------------------------------------------------------------------------------------


def article_text():
    """Format every tensor of §4.1 with its verdict, and the reason where it cannot be.

    >>> article_text().splitlines()[1][:30]
    'Q(W_ih)  0 1 2 3 4 / 1 2 3 4 5'
    """
    codes, decoded, reasons = [], [], []
    for verdict in check(article.example()):
        name, by, why = NAMES.get(verdict.claim), "none", verdict.reason
        if verdict.computed is not None:
            by = "W={}, B={}".format(*map(decimal, verdict.computed))
        if name:
            decoded.append([name, line(verdict.printed[1]), verdict.status, by])
            why = None if verdict.holds else printed_numbers.decoded_by_row()
        else:
            name, own = verdict.claim, _min_max(verdict.claim[2:-1])
            codes.append([name, line(verdict.printed), verdict.status, by, own])
        if not verdict.holds:
            reasons.append(wrap(f"{name}: {why}.", indent="  ", first="* "))
    of_codes = table(codes, ["codes", "printed", "verdict", "printed by", "min-max prints"])
    of_decoded = table(decoded, ["decoded", "printed", "verdict", "printed by"])
    return "\n".join([of_codes, "", of_decoded, "", wrap(KEY), *reasons])


def _min_max(name):
    codes = printed_numbers.min_max_codes(name)
    return "divides by 0" if codes is None else line(codes.tolist())


def verdicts_text(title, verdicts):
    """Format the verdicts on a worked example: a paragraph for each claim, then how many hold.

    >>> claim = {"kind": "dequantize", "q": [3], "W": 9, "B": 0, "printed": [2]}
    >>> print(verdicts_text("t", check({"claims": [claim]})))
    t
    <BLANKLINE>
    dequantize: cannot be
      printed 2
      computed 1/3
      1 of 1 printed values is wrong: (3 + 0)/9 = 1/3, but 2 is printed.
    <BLANKLINE>
    0 of 1 claims hold.
    """
    parts = [wrap(_fit(title, 300)), ""]
    for v in verdicts:
        said, printed = v.computed, v.printed  # said is a (W, B) or what the formula gives
        found = isinstance(said, tuple) and len(said) == 2
        several = printed if isinstance(printed, tuple) else (printed,)
        printed = "; ".join(line(values, _value) for values in several)
        computed = pair(*said, as_text) if found else line(said, _value)
        parts.append(wrap(f"{_fit(v.claim, 60)}: {v.status}"))
        parts.append(wrap(_fit(printed, 300), indent="    ", first="  printed"))
        if said is not None:
            parts.append(wrap(_fit(computed, 300), indent="    ", first="  computed"))
        if v.reason:
            stop = "" if v.reason[-1] in "?." else "."
            parts.append(wrap(f"{_fit(v.reason, 2000)}{stop}", indent="  "))
        parts.append("")
    return "\n".join([*parts, f"{sum(v.holds for v in verdicts)} of {len(verdicts)} claims hold."])


def _value(value):
    if isinstance(value, float):
        return f"{value:.10g}"
    return as_text(value) if isinstance(value, (Fraction, int)) else str(value)


def _fit(text, length):
    """Format a user's text as a paragraph without control characters and long words, and cut it."""
    text = harmless(str(text))
    text = " ".join(word if len(word) <= 36 else f"{word[:32]}…" for word in text.split())
    return text if len(text) <= length else f"{text[:length]} …"


def findings_text(findings):
    """Format the findings as a numbered list, each with its § and the Chinese term.

    >>> from refnn.experiments import errata
    >>> findings_text([errata.Finding(1, "4.1", "输入层", "the network printed is 5-2-1")])[-30:]
    ' the network printed is 5-2-1.'
    """
    lines = []
    for f in findings:
        term = f"({f.term}) " if f.term else ""
        lines.append(wrap(f"{f.text}.", "    ", f"{f.number:2}. §{f.section} {term}"))
    return "\n".join(lines)


# --- codes ----------------------------------------------------------------------------------------


def conventions_text(x, rows):
    """Format every convention: scale and zero point, then each number with its code, its decoded
    value and the error in steps.

    >>> from refnn.quantization.conventions import compare
    >>> print(conventions_text([1.0], compare([1.0])[2:3]))
    ONNX, uint8: scale 0.00392157, zero point 0
        1 -> 255 -> 1 (0.00)
    """
    lines = []
    for convention, grid, errors in rows:
        if grid is None:
            lines.append(f"{convention.name}: divides by 0 where all numbers are equal")
            continue
        zero_point = short(grid.zero_point)
        lines.append(f"{convention.name}: scale {short(grid.scale)}, zero point {zero_point}")
        each = []
        for v, q, d, e in zip(x, grid.codes.flat, grid.decoded.flat, errors.flat):
            each.append(f"{short(v)} -> {q} -> {short(d)} ({fixed(float(e))})")
        lines.append(wrap("; ".join(part.replace(" ", "\u00a0") for part in each), indent="    "))
    return "\n".join(lines)


def formula_text(levels, rounding="floor", overflow="wrap"):
    """Format the formula that prints the codes, in characters for a terminal.

    >>> formula_text(8), formula_text(8, "ceil", "saturate")
    ('floor(x*W + B) mod 8', 'ceil(x*W + B), clipped to 0..7')
    """
    return FORMULA[rounding] + LIMIT[overflow].format(levels - (overflow == "saturate"))


def solution_text(solution, levels, formula=None, range_of_B=None, ties=False):
    """Format the solver's answer: the intervals of W and an example, or the proof and the least
    repair.

    ties says that the solver does not search the ties of this rounding, so that "infeasible" means
    infeasible without a tie.

    >>> from refnn.checking.solver import solve
    >>> print(solution_text(solve(["0.1", "0.2"], [0, 1], 8), 8).splitlines()[1])
      W in (0, 20), repeating with period 80
    """
    formula = formula or formula_text(levels)
    if not solution.feasible:
        return _infeasible(solution, formula, ties)
    shown = [f"({decimal(a)}, {decimal(b)})" for a, b in solution.intervals[:SHOWN]]
    lines, n = [f"feasible: some W and B print these codes by {formula}"], len(solution.intervals)
    where = "every W"
    if solution.intervals != [(-inf, inf)]:
        more = f" and {n - SHOWN} more" if n > SHOWN else ""
        again = "" if solution.period is None else f", repeating with period {solution.period}"
        where = f"W in {', '.join(shown)}{more}{again}"
    lines.append(wrap(where, "  ", "  "))
    for ends, name in zip(solution.intervals, shown if range_of_B else ()):
        W = simplest(*ends)
        low, high = map(decimal, range_of_B(W))
        text = f"W in {name}: at W = {decimal(W)}, B from {low} to {high}"
        lines.append(wrap(text, "    ", "  "))
    return "\n".join([*lines, wrap(pair(*solution.witness), "  ", "  for example")])


def _infeasible(solution, formula, ties):
    without = " without a tie" if ties else ""
    off = "where no x*W + B lies midway between two whole numbers (such pairs are not searched)"
    first = f"infeasible{without}: no W and B print these codes by {formula}"
    proof = solution.proof.reason if solution.proof else NO_SHORT
    repair = "least repair: it was not searched, because x is too finely spaced"
    if solution.repair:
        repair = repair_text(solution.repair).replace("repair", f"repair{without}")
        repair = repair.replace(" = ", "\u00a0=\u00a0")
    repair = repair if repair.endswith(".") else f"{repair}."
    return "\n".join(
        [
            wrap(f"{first}, {off}" if ties else first),
            wrap(f"proof{without}: {proof}.", "  ", "  "),
            wrap(repair, "  ", "  "),
        ]
    )


# --- the tour -------------------------------------------------------------------------------------


def tour_text(tour):
    """Yield the four tables of the tour after the article: trained, quantized, pruned, both.

    >>> [text.split(":")[0] for text in tour_text(recipe.compute(seeds=2))]
    ['Trained', 'Quantized (量化)', 'Pruned (剪枝)', 'Both']
    """
    for section in (_trained, _quantized, _pruned, _both):
        yield section(tour)


def _section(title, rows, heads, align, note=""):
    return "\n".join([title, "", table(rows, heads, align), *(["", wrap(note)] if note else [])])


def _trained(tour):
    how = f"Adam, learning rate {recipe.LR}, weight decay {recipe.DECAY:g}, {recipe.STEPS} steps; "
    how += "seed s fixes the split of the data and the start. From here on, numbers are medians "
    how += f"over the {tour.seeds} seeds, and brackets hold the middle 80%."
    title = f"Trained: {tour.seeds} networks 10-5-1 on the diabetes data"
    rows = [["network", told(tour.dense.values["R2"])], ["linear regression", told(tour.linear)]]
    return _section(f"{title}\n{wrap(how)}", rows, ["", "test R²"], "lr")


def _quantized(tour):
    v = tour.dense.values
    rows = [["", "float32", "0", _middle(v["J"], 1), told(v["R2"]), f"{v['bytes']}"]]
    for bits, schemes in tour.quantized.items():
        for row in schemes:
            v = row.values
            size = f"{v['bytes']} + {v['scale_bytes']}"
            error, J = _middle(v["error"], 3), _middle(v["J"], 1)
            rows.append([bits, row.name, error, J, told(v["R2"]), size])
    return _section(
        "Quantized (量化): error is the root mean square error of the 61 parameters; J\n"
        "   is summed over 331 rows; bytes are those of the codes + of the grids",
        rows,
        ["bits", "scheme", "error", "J", "test R²", "bytes"],
        "rlrrrr",
        "As written, one W and B serve all 61 parameters (min-max, P = 2^bits), and the decoder "
        'adds B; "sign corrected" is the same with - B. "nearest, one grid" rounds to the nearest '
        'code and saturates; "corrected" does so with a grid for each tensor.',
    )


def _pruned(tour):
    rows = []
    for row in tour.pruned:
        v = row.values
        left, products = told(v["left"], "{:.0f}"), _middle(v["multiply_adds"], 0)
        rows.append([row.name, left, products, told(v["R2"])])
    return _section(
        "Pruned (剪枝): parameters left of 61, and multiply-adds (m-adds) left of 55",
        rows,
        ["rule", "left", "m-adds", "test R²"],
        "lrrr",
        "A mask alone saves no multiply-add: a dense kernel still does all 55. R < 0.5 removes "
        "every parameter whose R is negative. How many others it removes depends on whether J is a "
        "sum or a mean, and on when training stops.",
    )


def _both(tour):
    rows = []
    for row in tour.both:
        v = row.values
        rows.append([row.name, told(v["left"], "{:.0f}"), told(v["ratio"]), _middle(v["R2"], 2)])
    return _section(
        "Both: parameters that are not 0, and the test error divided by that of the\n"
        "   float network (error ratio)",
        rows,
        ["pruned; quantized", "not 0", "error ratio", "R²"],
        "lrrr",
        "As written, quantizing brings the pruned weights back, since 0 decodes to about 2B/W. "
        "With a zero point, 0 stays exactly 0.",
    )


def _middle(values, places):
    return fixed(np.median(values), f"{{:.{places}f}}")
