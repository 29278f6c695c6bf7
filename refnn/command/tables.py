"""Format what the commands print: verdicts, findings and the tour.

Nothing is computed here."""

import numpy as np

from refnn import article
from refnn.checking.plane.digits import decimal, fixed, line
from refnn.checking.worked_example import check
from refnn.console import table, wrap
from refnn.experiments import printed_numbers, store
from refnn.experiments import tour as recipe
from refnn.experiments.spread import told

NAMES = {"W_ih^": "Ŵ_ih", "W_ho^": "Ŵ_ho", "b_h^": "b̂_h", "b_o^": "b̂_o"}
KEY = (
    "exact: some W and B give exactly these numbers (see 'given by'). as printed: some give "
    "them after rounding to the printed decimals. cannot be: no W and B give them. min-max takes W "
    "and B from the smallest and the largest entry."
)


def rows_text(rows):
    """Format a matrix in one line, with a slash between the rows.

    >>> rows_text([[0, 1], [2, 3]])
    '0 1 / 2 3'
    """
    return line(rows)


# --- verdicts -------------------------------------------------------------------------------------


def article_text(verdicts=None):
    """Format every tensor of §4.1 with its verdict, and the reason where it cannot be.

    verdicts: those of `check(article.example())`, if they have been computed already.

    >>> article_text().splitlines()[1][:30]
    'Q(W_ih)  0 1 2 3 4 / 1 2 3 4 5'
    """
    codes, decoded, reasons = [], [], []
    for verdict in verdicts or check(article.example()):
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
    of_codes = table(codes, ["codes", "printed", "verdict", "given by", "min-max gives"])
    of_decoded = table(decoded, ["decoded", "printed", "verdict", "given by"])
    return "\n".join([of_codes, "", of_decoded, "", wrap(KEY), *reasons])


def _min_max(name):
    codes = printed_numbers.min_max_codes(name)
    return "divides by 0" if codes is None else line(codes.tolist())


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


def statements_text(found):
    """Format the statements of the article, each with its verdict and the number behind it.

    >>> from refnn.experiments.wording import Statement
    >>> both = Statement("6", "Both help.", "fails", "error 2", "cannot be")
    >>> statements_text([both]).splitlines()[1]
    '    Verdict: fails. Error 2.'
    """
    lines = []
    for s in found:
        lines.append(wrap(s.says, "    ", f"§{s.section} "))
        lines.append(
            wrap(f"Verdict: {s.verdict}. {s.number[0].upper()}{s.number[1:]}.", "    ", "    ")
        )
    return "\n".join(lines)


# --- the tour -------------------------------------------------------------------------------------


def tour_text(tour):
    """Yield the four tables of the tour after the article: trained, quantized, pruned, both.

    >>> [text.split(":")[0] for text in tour_text(recipe.compute(seeds=2))]
    ['Trained', 'Quantized (量化)', 'Pruned (剪枝)', 'Pruned and quantized']
    """
    for section in (_trained, _quantized, _pruned, _both):
        yield section(tour)


def _section(title, rows, heads, align, note=""):
    return "\n".join([title, "", table(rows, heads, align), *(["", wrap(note)] if note else [])])


def _trained(tour):
    how = f"Adam trains them (learning rate {recipe.LR}, weight decay {recipe.DECAY:g}, "
    how += f"{recipe.STEPS} steps). A seed fixes the split and the initial weights. From here on, "
    how += f"numbers are medians over the {tour.seeds} seeds, and brackets hold the middle 80%. "
    how += "Initial weights and splits differ, but the 442 patients are the same. The people who "
    recipe_R2, chosen_R2 = store.load()["R2"]
    how += "chose the decay and the number of steps knew the errors on test rows. With this "
    how += f"choice, the test R² of 200 networks is {recipe_R2:.3f}. If both are chosen on the "
    how += f"training rows alone, it is {chosen_R2:.3f}."
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
        "Quantized (量化): error is the root mean square error of the 61 parameters, J\n"
        "   is summed over 331 rows, and bytes are the size of the codes + the grids",
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
        "Pruned (剪枝): how many of 61 parameters and 55 multiply-adds (m-adds) remain",
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
        "Pruned and quantized: parameters that are not 0, and the test error divided\n"
        "   by that of the float network (error ratio)",
        rows,
        ["pruned; quantized", "not 0", "error ratio", "R²"],
        "lrrr",
        "As written, quantizing brings the pruned weights back, since 0 decodes to about 2B/W. "
        "With a zero point, 0 stays exactly 0.",
    )


def _middle(values, places):
    return fixed(np.median(values), f"{{:.{places}f}}")
