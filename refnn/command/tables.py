"""What the command prints: the tour, the verdicts on the article, the solver's answer. Text only,
no computing."""

from fractions import Fraction

import numpy as np

from refnn import article
from refnn.checking.claims import told as number
from refnn.checking.plane.circle import simplest
from refnn.checking.plane.conflict import NO_SHORT, decimal
from refnn.checking.solver import repair_text
from refnn.checking.worked_example import check
from refnn.console import harmless, table, wrap
from refnn.experiments import printed_numbers
from refnn.experiments import tour as recipe
from refnn.experiments.spread import told

NAMES = {"W_ih^": "Ŵ_ih", "W_ho^": "Ŵ_ho", "b_h^": "b̂_h", "b_o^": "b̂_o"}


def rows_text(rows):
    """A printed matrix in one line, rows parted by a slash.

    >>> rows_text([[0, 1], [2, 3]])
    '0 1 / 2 3'
    """
    return " / ".join(" ".join(str(v) for v in row) for row in rows)


def article_text():
    """Every printed tensor of §4.1 with its verdict, and why those that cannot be cannot.

    >>> article_text().splitlines()[1][:30]
    'Q(W_ih)  0 1 2 3 4 / 1 2 3 4 5'
    """
    verdicts = check(article.example())
    codes, decoded, reasons = [], [], []
    for verdict in verdicts:
        pair = (
            "none"
            if verdict.computed is None
            else "W={}, B={}".format(*map(decimal, verdict.computed))
        )
        name, row = NAMES.get(verdict.claim, verdict.claim), [verdict.status, pair]
        if verdict.claim in NAMES:
            decoded.append([name, rows_text(verdict.printed[1]), *row])
        else:
            codes.append([name, rows_text(verdict.printed), *row, _min_max(verdict.claim[2:-1])])
        if not verdict.holds:
            why = printed_numbers.decoded_by_row() if verdict.claim in NAMES else verdict.reason
            reasons.append(wrap(f"{name}: {why}.", indent="  ", first="* "))
    key = wrap(
        "printed by: a (W, B) that gives it; exact: gives just these numbers; as printed: to the printed "
        "decimals; cannot be: none does. min-max: W and B from the tensor's own ends."
    )
    return "\n".join(
        [
            table(codes, ["codes", "printed", "verdict", "printed by", "min-max prints"]),
            "",
            table(decoded, ["decoded", "printed", "verdict", "printed by"]),
            "",
            key,
            *reasons,
        ]
    )


def verdicts_text(title, verdicts):
    """The verdicts on a worked example: a paragraph for each claim, and how many hold.

    >>> print(verdicts_text("t", check({"claims": [{"kind": "dequantize", "q": [3], "W": 9, "B": 0, "printed": [2]}]})))
    t
    <BLANKLINE>
    dequantize: cannot be
      printed 2
      computed 1/3
      1 of 1 differ: (3 + 0)/9 = 1/3, printed 2.
    <BLANKLINE>
    0 of 1 claims hold.
    """
    parts = [wrap(_fit(title, 300)), ""]
    for v in verdicts:
        said = v.computed  # a (W, B), or what the formula gives
        pair = isinstance(said, tuple) and len(said) == 2
        computed = f"W = {number(said[0])}, B = {number(said[1])}" if pair else _values_text(said)
        printed = (
            "; ".join(map(_values_text, v.printed))
            if isinstance(v.printed, tuple)
            else _values_text(v.printed)
        )
        parts.append(wrap(f"{_fit(v.claim, 60)}: {v.status}"))
        parts.append(wrap(_fit(printed, 300), indent="    ", first="  printed"))
        if said is not None:
            parts.append(wrap(_fit(computed, 300), indent="    ", first="  computed"))
        if v.reason:
            parts.append(
                wrap(f"{_fit(v.reason, 2000)}{'' if v.reason[-1] in '?.' else '.'}", indent="  ")
            )
        parts.append("")
    return "\n".join([*parts, f"{sum(v.holds for v in verdicts)} of {len(verdicts)} claims hold."])


def number_text(value):
    """A Fraction in JSON: exact as "1/3", or in words where it has thousands of digits.

    >>> from fractions import Fraction
    >>> number_text(Fraction(1, 3)), number_text(Fraction(1, 3**10000))
    ('1/3', 'about 0')
    """
    try:
        return str(value)
    except ValueError:
        return number(value)


def _values_text(values):
    """Numbers in nested lists or tables in one line: rows parted by a slash, names before their
    values."""
    if isinstance(values, dict):
        return ", ".join(f"{key}: {_values_text(v)}" for key, v in values.items())
    if isinstance(values, (list, tuple)):
        inner = any(isinstance(v, (list, tuple)) for v in values)
        return (" / " if inner else " ").join(_values_text(v) for v in values)
    return (
        f"{values:.10g}"
        if isinstance(values, float)
        else number(values)
        if isinstance(values, (Fraction, int))
        else str(values)
    )


def _fit(text, length):
    """Text of somebody else in one paragraph: no control characters, no word too long for a line,
    cut to a length."""
    text = harmless(str(text))
    text = " ".join(word if len(word) <= 36 else f"{word[:32]}…" for word in text.split())
    return text if len(text) <= length else f"{text[:length]} …"


def _min_max(name):
    codes = printed_numbers.min_max_codes(name)
    return "divides by 0" if codes is None else rows_text(codes.tolist())


def findings_text(findings):
    """The findings, numbered, each with its § and the Chinese term.

    >>> from refnn.experiments import errata
    >>> findings_text([errata.Finding(1, "4.1", "输入层", "the network printed is 5-2-1")])[-30:]
    ' the network printed is 5-2-1.'
    """
    return "\n".join(
        wrap(
            f"{f.text}.",
            indent="    ",
            first=f"{f.number:2}. §{f.section} " + (f"({f.term}) " if f.term else ""),
        )
        for f in findings
    )


def tour_text(tour):
    """The four tables of the tour after the article: trained, quantized, pruned, both.

    >>> [text.split(":")[0] for text in tour_text(recipe.compute(seeds=2))]
    ['Trained', 'Quantized (量化)', 'Pruned (剪枝)', 'Both']
    """
    for section in (_trained, _quantized, _pruned, _both):
        yield section(tour)


def _trained(tour):
    return "\n".join(
        [
            f"Trained: {tour.seeds} networks 10-5-1 on diabetes (seed s = split s and start s)",
            wrap(
                f"Adam, lr {recipe.LR}, weight decay {recipe.DECAY:g}, {recipe.STEPS} steps. "
                "Here and below: the median over the seeds, in brackets their central 80%."
            ),
            "",
            table(
                [
                    ["network", told(tour.dense.values["R2"])],
                    ["linear regression", told(tour.linear)],
                ],
                ["", "test R²"],
                "lr",
            ),
        ]
    )


def _quantized(tour):
    dense = tour.dense.values
    rows = [
        ["", "float32", "0", f"{np.median(dense['J']):.1f}", told(dense["R2"]), f"{dense['bytes']}"]
    ]
    for bits, schemes in tour.quantized.items():
        for row in schemes:
            v = row.values
            rows.append(
                [
                    bits,
                    row.name,
                    f"{np.median(v['error']):.3f}",
                    f"{np.median(v['J']):.1f}",
                    told(v["R2"]),
                    f"{v['bytes']} + {v['scale_bytes']}",
                ]
            )
    return "\n".join(
        [
            "Quantized (量化): rms error of the 61 parameters; J, summed over 331 rows;",
            "   test R²; bytes of the codes + of the scales",
            "",
            table(rows, ["bits", "scheme", "error", "J", "test R²", "bytes"], "rlrrrr"),
            "",
            wrap(
                "as written: one (W, B) for all 61 by min-max, P = 2^bits, decoded with + B, exactly. "
                "sign mended: the same with - B. nearest, one grid: rounded to nearest, saturating. "
                "corrected: the same, one grid for each tensor."
            ),
        ]
    )


def _pruned(tour):
    rows = [
        [
            row.name,
            told(row.values["left"], "{:.0f}"),
            f"{np.median(row.values['multiply_adds']):.0f}",
            told(row.values["R2"]),
        ]
        for row in tour.pruned
    ]
    return "\n".join(
        [
            "Pruned (剪枝): parameters left of 61; multiply-adds left of 55; test R²",
            "",
            table(rows, ["rule", "left", "m-adds", "test R²"], "lrrr"),
            "",
            wrap(
                "An unstructured mask saves no multiply-add by itself: a dense kernel still does all 55. "
                "R < 0.5 removes every parameter with R < 0; "
                "how many others depends on sum or mean, and on when training stops."
            ),
        ]
    )


def _both(tour):
    rows = [
        [
            row.name,
            told(row.values["left"], "{:.0f}"),
            told(row.values["ratio"]),
            f"{np.median(row.values['R2']):.2f}",
        ]
        for row in tour.both
    ]
    return "\n".join(
        [
            "Both: parameters that are not 0; test error over that of the float network",
            "",
            table(rows, ["pruned; quantized", "not 0", "error ratio", "R²"], "lrrr"),
            "",
            wrap(
                "As written, quantizing brings the pruned weights back: 0 decodes to about 2B/W. "
                "With a zero point, 0 stays exactly 0."
            ),
        ]
    )


def conventions_text(x, rows):
    """Every convention: scale and zero point, then each number with its code, what decodes, and the
    error in steps.

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
        lines.append(
            f"{convention.name}: scale {_short(grid.scale)}, zero point {_short(grid.zero_point)}"
        )
        values = zip(x, grid.codes.ravel(), grid.decoded.ravel(), errors.ravel())
        lines.append(
            wrap(
                "; ".join(
                    f"{_short(v)} -> {q} -> {_short(d)} ({float(e) + 0.0:.2f})".replace(
                        " ", "\u00a0"
                    )
                    for v, q, d, e in values
                ),
                indent="    ",
            )
        )
    return "\n".join(lines)


def _short(value):
    return f"{float(value) + 0.0:.6g}"


FORMULA = {
    "floor": "floor(x*W + B)",
    "ceil": "ceil(x*W + B)",
    "half_up": "floor(x*W + B + 1/2)",
    "half_down": "ceil(x*W + B - 1/2)",
    "half_even": "round(x*W + B), half to even",
    "half_away": "round(x*W + B), half away from 0",
}
LIMIT = {"wrap": " mod {}", "saturate": ", clipped to 0..{}", "none": ""}


def formula_text(levels, rounding="floor", overflow="wrap"):
    """What prints the codes, in words for a terminal.

    >>> formula_text(8), formula_text(8, "ceil", "saturate")
    ('floor(x*W + B) mod 8', 'ceil(x*W + B), clipped to 0..7')
    """
    return FORMULA[rounding] + LIMIT[overflow].format(levels - (overflow == "saturate"))


def solution_text(solution, levels, formula=None, range_of_B=None, ties=False):
    """The solver's answer: the intervals of W and a pair, or the proof and the least repair.

    ties: the rounding is one of those whose ties the solver does not search, so that a "no" is one
    without a tie.

    >>> from refnn.checking.solver import solve
    >>> print(solution_text(solve(["0.1", "0.2"], [0, 1], 8), 8).splitlines()[1])
      W in (0, 20), repeating with period 80
    """
    if solution.feasible:
        shown = [f"({_end(a)}, {_end(b)})" for a, b in solution.intervals[:8]]
        more = f" and {len(solution.intervals) - 8} more" if len(solution.intervals) > 8 else ""
        inside = (
            [(simplest(*ends), name) for ends, name in zip(solution.intervals[:8], shown)]
            if range_of_B
            else []
        )
        offsets = [
            wrap(
                f"W in {name}: at W = {decimal(W)}, B from {_end(low)} to {_end(high)}",
                "    ",
                "  ",
            )
            for W, name in inside
            for low, high in [range_of_B(W)]
        ]
        W, B = solution.witness
        again = "" if solution.period is None else f", repeating with period {solution.period}"
        where = "every W" if shown == ["(-inf, inf)"] else f"W in {', '.join(shown)}{more}{again}"
        return "\n".join(
            [
                f"feasible: {formula or formula_text(levels)} prints these codes",
                wrap(where, "  ", "  "),
                *offsets,
                wrap(_pair(W, B).replace("\u00a0", " "), "  ", "  for example"),
            ]
        )
    without = " without a tie" if ties else ""
    return "\n".join(
        [
            wrap(
                f"infeasible{without}: no (W, B) prints these codes by {formula or formula_text(levels)}"
                + (
                    ", with every x*W + B off the middle between two whole numbers; pairs with a tie are not searched"
                    if ties
                    else ""
                )
            ),
            wrap(
                f"proof{without}: {solution.proof.reason if solution.proof else NO_SHORT}",
                "  ",
                "  ",
            ),
            wrap(
                repair_text(solution.repair)
                .replace("repair", f"repair{without}")
                .replace(" = ", "\u00a0=\u00a0")
                if solution.repair
                else "least repair: not sought, x is too finely spaced",
                "  ",
                "  ",
            ),
        ]
    )


def _pair(W, B):
    return f"W = {decimal(W)}, B = {decimal(B)}".replace(" = ", "\u00a0=\u00a0")


def _end(value):
    return decimal(value) if value not in (float("inf"), float("-inf")) else str(value)
