"""This module judges claims about the loss J = ½ Σ (y − ŷ)², or its mean, or without the factor ½.

The article's J is the sum with the factor ½ (§4.2.1). A claim that states no reduction and no
factor is judged by this one first, and then by the others.
"""

from fractions import Fraction

import numpy as np

from refnn import arrays
from refnn.checking.catalogue.formulas import Recipe
from refnn.checking.claims import Kind, Question, decimals, judged, slips_by
from refnn.checking.kinds.machine import rounded, spans, traced
from refnn.checking.plane.digits import as_text
from refnn.network import loss


def _judge_loss(claim):
    y_hat, y = claim.exact("y_hat"), claim.exact("y")
    printed = decimals(claim, ())
    J = np.asarray(loss(y_hat, y), dtype=object)
    stated = {key: claim.given[key] for key in ("reduction", "half") if key in claim.given}
    if "reduction" in stated:
        arrays.choice(f"{claim.where}.reduction", stated["reduction"], ("sum", "mean"))
    if "half" in stated:
        arrays.flag(f"{claim.where}.half", stated["half"])
    given, first = {"y_hat": y_hat, "y": y}, None
    for reduction in ("sum", "mean"):
        for half in (True, False):
            if {"reduction": reduction, "half": half}.items() >= stated.items():
                answer = _loss_by(claim, printed, given, J, reduction, half)
                if answer.holds and first is not None:
                    words = f"{reduction} {'with' if half else 'without'} the factor 1/2"
                    reason = f"This is the {words}, which the claim does not state"
                    reason = f"{reason}. {answer.reason}" if answer.reason else reason
                    return answer._replace(status="as printed", reason=reason)
                if answer.holds:
                    return answer
                first = first or answer
    return first


def _loss_by(claim, printed, given, J, reduction, half):
    factor = _factor(given["y"].size, reduction, half)
    values = np.asarray(J * factor, dtype=object)

    def machine(precision):
        numbers = {key: rounded(a, precision) for key, a in given.items()}
        traces = {key: traced(a, precision) for key, a in given.items()}
        results = [np.asarray(loss.formula(numbers["y_hat"], numbers["y"]) * float(factor), float)]
        trace = loss.formula(traces["y_hat"], traces["y"]).scaled(float(factor))
        return spans(precision, values, results, np.array(trace, dtype=object))

    def possible():
        intervals = (claim.intervals(key, given["y"].shape) for key in ("y_hat", "y"))
        r = [(a - d, b - c) for (a, b), (c, d) in zip(*intervals)]
        low = sum(max(0, a, -b) ** 2 for a, b in r) / 2
        high = sum(max(b, -a) ** 2 for a, b in r) / 2
        return printed.overlap([(low * factor, high * factor)])

    def because(i):
        return f"J = {as_text(values[()], printed.said(0))}, but {printed.said(0)} is printed"

    def scaled(call, given):
        return {"J": np.asarray(call("network.loss")(given["y_hat"], given["y"])) * factor}

    slips = slips_by(Recipe(scaled, ("network.loss",)), given, "J")
    return judged(claim, Question(printed, values, because, machine, None, possible, slips))


def _factor(entries, reduction, half):
    """Return the factor that turns ½ Σ r² into the loss of this reduction."""
    return Fraction(1 if half else 2) / (entries if reduction == "mean" else 1)


KINDS = {
    "loss": Kind(
        _judge_loss,
        ("y_hat", "y", "printed"),
        "J = 1/2 sum (y - y_hat)^2",
        may=("reduction", "half"),
    ),
}
