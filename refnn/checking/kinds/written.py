"""This module judges claims about the article's own formulas (§3.1).

The kinds are quantize, dequantize, solve, roundtrip, decoded and unread.
"""

from math import floor

import numpy as np

from refnn import arrays
from refnn.arrays import Refused
from refnn.checking import roundtrip as two_way
from refnn.checking import solver
from refnn.checking.catalogue.explain import right
from refnn.checking.claims import (
    ROUNDED,
    Answer,
    Kind,
    Question,
    as_codes,
    decimals,
    judged,
    slips_by,
    whole,
)
from refnn.checking.kinds.enclosure import box
from refnn.checking.kinds.machine import on_edges, rounded, spans, traced
from refnn.checking.plane.conflict import NO_SHORT
from refnn.checking.plane.digits import as_text
from refnn.checking.reading.printed import EITHER
from refnn.quantization import as_written


def _quantize(claim, P):
    x = claim.exact("x")
    W, B = (claim.exact(key, spread_to=x.shape) for key in ("W", "B"))
    printed = whole(claim.whole("printed", x.shape))
    given = {"x": x, "W": W, "B": B, "P": P}
    codes = np.asarray(right("written.quantize", given)["codes"]).astype(object)
    shifted = np.asarray(x * W + B, dtype=object)

    def possible():
        intervals = [claim.intervals(key, x.shape) for key in ("x", "W", "B")]
        for v, w, (b_low, b_high), code in zip(*intervals, printed.values.flat):
            low, high = box(v, w)
            first, last = floor(low + b_low), floor(high + b_high)
            yield (code - first) % P <= last - first and 0 <= code < P

    def steps(precision):
        x_, W_, B_ = (rounded(a, precision) for a in (x, W, B))
        return as_written.quantize_steps(x_, W_, B_, P)

    def words(i, precision):
        exact = f"{_sum(i)} is exactly {as_text(shifted.flat[i])}"
        found = np.ravel(steps(precision).shifted)[i]
        return f"{exact}, where the floor has a step. In {precision} it is {found}"

    def others():
        edges = [v.denominator == 1 for v in shifted.flat]
        return on_edges(printed.values, codes, edges, lambda p: steps(p).wrapped, words)

    def _sum(i):
        return f"{as_text(x.flat[i])}*{as_text(W.flat[i])} + {as_text(B.flat[i])}"

    def because(i):
        found = printed.said(i)
        return f"floor({_sum(i)}) mod {P} = {codes.flat[i]}, but {found} is printed"

    slips = slips_by("written.quantize", given, "codes")
    return judged(claim, Question(printed, codes, because, None, others, possible, slips))


def _dequantize(claim):
    q = claim.whole("q")
    W, B = (claim.exact(key, spread_to=q.shape) for key in ("W", "B"))
    if any(w == 0 for w in W.flat):
        raise Refused(f"{claim.where}.W", "different from 0", "0")
    values = np.asarray((q + B) / W, dtype=object)
    printed = decimals(claim, q.shape)

    def possible():
        intervals = (claim.intervals(key, q.shape) for key in ("W", "B"))
        ends = printed.values.flat, printed.half.flat
        for c, (w_low, w_high), (b_low, b_high), p, h in zip(q.flat, *intervals, *ends):
            # W is not 0, so it is at least two halves of its last unit away from 0
            low, high = box((c + b_low, c + b_high), (1 / w_low, 1 / w_high))
            yield p + h >= low and p - h <= high

    def machine(precision):
        q_, W_, B_ = (traced(a, precision) for a in (q, W, B))
        return spans(precision, values, traces=(q_ + B_) / W_)

    def because(i):
        formula = f"({as_text(q.flat[i])} + {as_text(B.flat[i])})/{as_text(W.flat[i])}"
        found = printed.said(i)
        return f"{formula} = {as_text(values.flat[i], found)}, but {found} is printed"

    slips = slips_by("written.dequantize", {"q": as_codes(q), "W": W, "B": B}, "decoded")
    return judged(claim, Question(printed, values, because, machine, None, possible, slips))


def _solve(claim, P):
    x = claim.exact("x")
    codes = claim.whole("printed", x.shape)
    if any(not 0 <= c < P for c in codes.flat):
        return Answer("cannot be", None, f"A code mod {P} is a whole number from 0 to {P - 1}")
    solution = solver.decide(list(x.flat), list(codes.flat), P)
    if solution.feasible:
        return Answer("exact", solution.witness)
    if claim.rounded:
        return Answer("not decidable", None, ROUNDED)
    repair = f". A{solver.repair_text(solution.repair)[1:]}" if solution.repair else ""
    reason = f"No W and B give these codes{_because(solution)}{repair}"
    return Answer("cannot be", None, reason)


def _because(solution):
    return f". {solution.proof.reason}" if solution.proof else f". {NO_SHORT}"


def _roundtrip(claim, P):
    x = claim.exact("x")
    codes, decoded = claim.whole("codes", x.shape), claim.exact("decoded", x.shape)
    sign = arrays.choice(f"{claim.where}.sign", claim.given["sign"], ("+", "-", EITHER))
    if any(not 0 <= c < P for c in codes.flat):
        return Answer("cannot be", None, f"A code mod {P} is a whole number from 0 to {P - 1}")
    for status, half in (("exact", np.zeros_like(decoded)), ("as printed", claim.half("decoded"))):
        low, high = ([d + side * h for d, h in zip(decoded.flat, half.flat)] for side in (-1, 1))
        for one in "+-" if sign == EITHER else sign:
            pair = two_way.roundtrip(list(x.flat), list(codes.flat), low, high, P, one)
            if pair:
                return Answer(status, pair)
    if claim.rounded:
        return Answer("not decidable", None, ROUNDED)
    alone = solver.decide(list(x.flat), list(codes.flat), P)
    if not alone.feasible:
        return Answer("cannot be", None, f"No W and B give these codes{_because(alone)}")
    by = ", by (q + B)/W or (q - B)/W" if sign == EITHER else ""
    reason = f"Some W and B give these codes, but none of them also give these decoded values{by}"
    return Answer("cannot be", None, reason)


def _both_ways(given):
    decoders = [f"(q {sign} B)/W" for sign in ("+", "-") if given.get("sign") in (sign, EITHER)]
    return f"floor(x*W + B) mod P and {' or '.join(decoders)}, for some W and B"


def _decoded(claim):
    claim.exact("printed", claim.exact("x").shape)
    reason = "The codes between x and its decoded values are not printed"
    return Answer("not decidable", None, reason)


def _unread(claim):
    before = r"NAME =, Q(NAME) = or \hat{NAME} ="
    reason = f"The name of these numbers could not be read. Write {before} before them"
    return Answer("not decidable", None, str(claim.given.get("why", reason)))


KINDS = {
    "quantize": Kind(_quantize, ("x", "W", "B", "printed"), "floor(x*W + B) mod P", wants_P=True),
    "dequantize": Kind(_dequantize, ("q", "W", "B", "printed"), "(q + B)/W"),
    "solve": Kind(_solve, ("x", "printed"), "floor(x*W + B) mod P, for some W and B", wants_P=True),
    "roundtrip": Kind(
        _roundtrip,
        ("x", "codes", "decoded", "sign"),
        _both_ways,
        wants_P=True,
    ),
    "decoded": Kind(_decoded, ("x", "printed"), "(q + B)/W or (q - B)/W, for some W and B"),
    "unread": Kind(_unread, ("printed",), "none that could be read", may=("why",)),
}
