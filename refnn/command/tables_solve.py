"""Format what `solve` and `conventions` print. Nothing is computed here."""

from fractions import Fraction
from math import inf

from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.plane.circle import simplest
from refnn.checking.plane.conflict import NO_SHORT
from refnn.checking.plane.digits import as_text, decimal, fixed, pair, short
from refnn.checking.solver import repair_text
from refnn.command.answer import decoder_text
from refnn.console import wrap

FORMULA = {
    "floor": "floor(x*W + B)",
    "ceil": "ceil(x*W + B)",
    "half_up": "floor(x*W + B + 1/2)",
    "half_down": "ceil(x*W + B - 1/2)",
    "half_even": "round(x*W + B) (half to even)",
    "half_away": "round(x*W + B) (half away from 0)",
}
LIMIT = {"wrap": " mod {}", "saturate": ", clipped to 0..{}", "none": ""}
SHOWN, OFFSETS = 8, 3  # intervals of W, and those of them whose offsets are shown
MAX_ROWS, MAX_GROUPS, MAX_NAMES = 6, 12, 6  # conventions, groups of codes, and names in a group
WITHOUT_TIES = (
    "where no x*W + B lies midway between two whole numbers (such pairs are not searched)"
)


# --- the words for a formula and its pairs --------------------------------------------------------


def formula_text(levels, rounding="floor", overflow="wrap"):
    """Format the formula that gives the codes, in characters for a terminal.

    >>> formula_text(8), formula_text(8, "ceil", "saturate")
    ('floor(x*W + B) mod 8', 'ceil(x*W + B), clipped to 0..7')
    """
    return FORMULA[rounding] + LIMIT[overflow].format(levels - (overflow == "saturate"))


def number(value):
    """Write a computed number exactly, or to 12 digits if that is too long.

    >>> from fractions import Fraction
    >>> number(Fraction(43, 2550)), number(-39)
    ('43/2550 (0.0168627)', '-39')
    """
    return as_text(value).removeprefix("about ")


def _given(answer):
    """Name what is given: "these codes", or "these codes and decoded values"."""
    return "these codes and decoded values" if answer.signs else "these codes"


# --- the answer -----------------------------------------------------------------------------------


def answer_text(answer, everything=False):
    """Format all that `solve` found. The first sentence answers the question.

    everything=True shows also what is left out otherwise to keep the text short.

    >>> from refnn.command.solving import answer_of
    >>> text = answer_text(answer_of(["-1", "0.5", "2.5"], ["0", "2", "4"], 8, scale="1",
    ...                              zero_point=1)).split(". ")
    >>> text[0]
    'This is exactly gemmlowp (codes 0..7)'
    """
    parts = _conventions(answer, everything) if answer.conventions else []
    parts += _formula(answer, everything)
    parts += _mistakes(answer)
    if not answer.conventions:
        parts += _separating(answer.found, everything)
    if everything or not answer.conventions:
        parts += _near(answer, everything)
    parts += [wrap(f"Note: {answer.found.note}.")] if answer.found.note else []
    return "\n".join(parts)


def _conventions(answer, everything):
    first, *others = answer.conventions
    lines = [wrap(f"This is exactly {first.name}. It gives {_given(answer)}{_grid(first)}.")]
    if others:
        n = len(others)
        shown = others if everything else others[:MAX_ROWS]
        names = "; ".join(row.name for row in shown) + _more(n - len(shown))
        which = "One other convention gives" if n == 1 else f"{n} other conventions give"
        lines.append(wrap(f"{which} the same: {names}."))
    tie = answer.found.tie
    if tie and not tie.entries:
        [other] = tie.codes
        halfway = number((other + first.grid[1]) / Fraction(2))
        before = f"the zero point is {halfway} before it is rounded"
        lines.append(wrap(f"A tie decides: {before}, and {tie.name} takes {other}."))
    elif tie:
        x = ", ".join(decimal(answer.given["x"][i]) for i in tie.entries)
        lie = "lies" if len(tie.entries) == 1 else "lie"
        codes = " ".join(map(str, tie.codes))
        there = f"{tie.name} gives {codes} there"
        lines.append(wrap(f"A tie decides: {x} {lie} midway between two codes, and {there}."))
    return lines + _separating(answer.found, everything)


def _grid(row):
    if row.grid is None:
        return " with the given scale and zero point"
    scale, zero_point = row.grid
    text = f", with the scale {number(scale)} and the zero point {number(zero_point)}"
    if row.about.own:
        text += f" (in its own numbers {' and '.join(map(number, row.about.own(*row.grid)))})"
    return text


def _more(n):
    return f"; and {n} more (see --all)" if n > 0 else ""


def _formula(answer, everything):
    """Say which W and B give the codes, or prove that none do."""
    formula, solution, given = answer.formula, answer.solution, _given(answer)
    also = " too" if answer.conventions else ""
    no = f"No published convention gives {given}"
    no = no if answer.asked_who and not answer.conventions else ""
    no += " with this scale and zero point" if no and "scale" in answer.given else ""
    if solution is None:
        return [wrap(f"{no}. {answer.why_not}" if no else answer.why_not)]
    if not solution.feasible:
        first = f"{no}, and no W and B give them" if no else f"No W and B give {given}"
        return _infeasible(answer, first, everything)
    alone = "The codes alone: " if answer.signs or "scale" in answer.given else ""
    lines, example = [], f"for example with {_pair(solution.witness)}"
    if answer.pair:
        *found, sign = answer.pair
        by = f"by {formula} and {decoder_text(sign)}"
        lines.append(wrap(f"{_pair(found)} gives {given}{also}, {by}."))
    elif answer.searched:
        by = f"by {formula} and by {' or by '.join(map(decoder_text, answer.signs))}"
        lines.append(wrap(f"{no}, and no W and B do, {by}." if no else f"No W and B do, {by}."))
        no = ""
    elif alone and no:
        lines.append(wrap(f"{no}."))
        no = ""
    if alone:
        lines.append(wrap(f"{alone}{formula} gives them, {example}."))
    else:
        lines.append(wrap(f"{formula} gives {'them' if also else given}{also}, {example}."))
    lines += _intervals(answer, everything)
    return lines + ([f"{no}."] if no else [])


def _pair(found):
    return pair(*found).replace(" = ", "\u00a0=\u00a0")


def _intervals(answer, everything):
    intervals, period = answer.solution.intervals, answer.solution.period
    if intervals == [(-inf, inf)]:
        return ["  Every W is possible.", *_ranges(answer, ["(-inf, inf)"])]
    shown = intervals if everything else intervals[:SHOWN]
    names = [f"({decimal(a)}, {decimal(b)})" for a, b in shown]
    more = _more(len(intervals) - len(shown)).replace("; and", " and")
    again = "" if period is None else f", repeating with period {period}"
    return [
        wrap(f"W in {', '.join(names)}{more}{again}", "  ", "  "),
        *_ranges(answer, names if everything else names[:OFFSETS]),
    ]


def _ranges(answer, names):
    lines = []
    for ends, name in zip(answer.solution.intervals, names):
        W = simplest(*ends)
        low, high = map(decimal, answer.range_of_B(W))
        text = f"W in {name}: at W = {decimal(W)}, B from {low} to {high}"
        lines.append(wrap(text, "    ", "  "))
    return lines


def _infeasible(answer, first, everything):
    """Say why no W and B give the codes, and how few codes must change."""
    solution, without = answer.solution, " without a tie" if answer.without_ties else ""
    first += f"{without} by {answer.formula}"
    proof = solution.proof.reason if solution.proof else NO_SHORT
    lines = [
        wrap(f"{first}, {WITHOUT_TIES}." if answer.without_ties else f"{first}."),
        wrap(f"proof{without}: {proof}.", "  ", "  "),
    ]
    if answer.conventions and not everything:
        return lines  # nothing needs to be repaired
    if solution.repair is None:
        finely = "it was not searched, because x is finely spaced and that takes long (see --all)"
        return [*lines, wrap(f"repair: {finely}.", "  ", "  ")]
    repair = f"repair{without}: {repair_text(solution.repair)}".replace(" = ", "\u00a0=\u00a0")
    return [*lines, wrap(repair if repair.endswith(".") else f"{repair}.", "  ", "  ")]


def _mistakes(answer):
    """Name the mistakes and the rounding rules that give what is given, each with its hint."""
    lines, given = [], _given(answer)
    for row in answer.found.exact:
        if row.kind == "rounding":
            lines.append(wrap(f"The rounding rule {row.name} gives {given}."))
        elif row.kind == "slip" and answer.conventions:
            lines.append(wrap(f"The given grid follows from a known mistake: {row.name}."))
        elif row.kind == "slip":
            lines.append(wrap(f"A known mistake gives {given}: {row.name}."))
        if row.slip:
            lines.append(wrap(CATALOGUE[row.slip].hint, "  ", "  "))
    return lines


def _near(answer, everything):
    near, exact = answer.found.near, answer.found.exact
    if near:
        shown = near if everything else near[:MAX_ROWS]
        names = "; ".join(
            f"{'a known mistake, ' if row.kind == 'slip' else ''}{row.name} "
            f"({row.agree} of {row.of})"
            for row in shown
        )
        more = _more(len(near) - len(shown))
        return [wrap(f"Nearly the same (in brackets, how many entries agree): {names}{more}.")]
    if exact or answer.by_formula or not answer.asked_who:
        return []
    none = (
        "No known mistake and no rule that was tried gives three quarters of these codes or more."
    )
    return [wrap(none)]


def _separating(found, everything):
    """Format the inputs on which the exact candidates differ."""
    lines = []
    for separation in found.separating if everything else found.separating[:1]:
        x = ", ".join(map(decimal, separation.x))
        lines.append(wrap(f"This input separates them: x = {x}", "  "))
        groups = separation.prints if everything else separation.prints[:MAX_GROUPS]
        for names, printed in groups:
            shown = names if everything else names[:MAX_NAMES]
            group = f"{'; '.join(shown)}{_more(len(names) - len(shown))}: {_printed(printed)}"
            lines.append(wrap(group, "      ", "    "))
        if len(separation.prints) > len(groups):
            lines.append(f"    and {len(separation.prints) - len(groups)} more (see --all)")
    if len(found.exact) > 1 and not found.separating:
        lines.append("No input that was tried separates them.")
    return lines


def _printed(prints):
    """Format codes, or codes and their decoded values."""
    if prints is None:
        return "divides by 0"
    if prints and isinstance(prints[0], tuple):
        codes, decoded = prints
        values = "refused" if decoded is None else " ".join(short(v) for v in decoded)
        return f"{' '.join(map(str, codes))}, decoded {values}"
    return " ".join(map(str, prints))


# --- conventions ----------------------------------------------------------------------------------


def conventions_text(x, rows):
    """Format every convention: scale, zero point, and each number with its code and decoded value.

    The error in steps stands in brackets.

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
        zero_point = _short(grid.zero_point)
        both = f"scale {_short(grid.scale)}, zero point {zero_point}"
        lines.append(wrap(f"{convention.name}: {both}", "  ", ""))
        each = []
        for v, q, d, e in zip(x, grid.codes.flat, grid.decoded.flat, errors.flat):
            each.append(f"{_short(v)} -> {q} -> {_short(d)} ({fixed(float(e))})")
        lines.append(wrap("; ".join(part.replace(" ", "\u00a0") for part in each), indent="    "))
    return "\n".join(lines)


def _short(value):
    try:
        return short(value)
    except OverflowError:
        return as_text(value)
