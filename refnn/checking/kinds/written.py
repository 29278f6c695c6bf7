"""Claims about the article's own formulas (§3.1, §3.2.2): quantize, dequantize, solve, roundtrip,
decoded, prune."""

from math import floor

import numpy as np

from refnn import arrays
from refnn.checking import roundtrip as two_way
from refnn.checking import solver
from refnn.checking.claims import ROUNDED, Kind, as_codes, as_numbers, blame, compare, told
from refnn.checking.kinds.enclosure import box
from refnn.checking.plane.conflict import NO_SHORT
from refnn.checking.reading.printed import EITHER, Claim
from refnn.network import Params


def _quantize(claim, P):
    x = claim.exact("x")
    W, B = claim.exact("W", spread_to=x.shape), claim.exact("B", spread_to=x.shape)
    printed = claim.whole("printed", x.shape)
    none = np.zeros_like(printed)
    codes = arrays.objects(
        [floor(v * w + b) % P for v, w, b in zip(x.flat, W.flat, B.flat)], x.shape
    )

    def possible():
        for v, w, (b_low, b_high), code in zip(
            *(claim.intervals(k, x.shape) for k in ("x", "W", "B")), printed.flat
        ):
            low, high = box(v, w)
            first, last = floor(low + b_low), floor(high + b_high)
            yield (code - first) % P <= last - first and 0 <= code < P

    status, reason = compare(
        claim,
        printed,
        none,
        codes,
        possible,
        lambda i: (
            f"floor({told(x.flat[i])}*{told(W.flat[i])} + {told(B.flat[i])}) mod {P} = {codes.flat[i]}, "
            f"printed {told(printed.flat[i])}"
        ),
        lambda: blame("quantization.as_written.quantize", (x, W, B, P), printed, none),
    )
    return status, codes.tolist(), reason


def _dequantize(claim):
    q = claim.whole("q")
    W, B = claim.exact("W", spread_to=q.shape), claim.exact("B", spread_to=q.shape)
    if any(w == 0 for w in W.flat):
        arrays.refuse("check", f"{claim.where}.W", "different from 0", "0")
    values = arrays.objects([(c + b) / w for c, w, b in zip(q.flat, W.flat, B.flat)], q.shape)
    printed, half = claim.exact("printed", q.shape), claim.half("printed")

    def possible():
        for c, (w_low, w_high), (b_low, b_high), p, h in zip(
            q.flat,
            claim.intervals("W", q.shape),
            claim.intervals("B", q.shape),
            printed.flat,
            half.flat,
        ):
            if w_low <= 0 <= w_high:  # W might be next to 0: nothing is excluded
                yield True
            else:
                low, high = box((c + b_low, c + b_high), (1 / w_low, 1 / w_high))
                yield p + h >= low and p - h <= high

    status, reason = compare(
        claim,
        printed,
        half,
        values,
        possible,
        lambda i: (
            f"({told(q.flat[i])} + {told(B.flat[i])})/{told(W.flat[i])} = {told(values.flat[i])}, "
            f"printed {told(printed.flat[i])}"
        ),
        lambda: blame("quantization.as_written.dequantize", (as_codes(q), W, B), printed, half),
    )
    return status, values.tolist(), reason


def _solve(claim, P):
    x = claim.exact("x")
    codes = claim.whole("printed", x.shape)
    if any(not 0 <= c < P for c in codes.flat):
        return "cannot be", None, f"codes mod {P} are 0 to {P - 1}"
    solution = solver.decide(list(x.flat), list(codes.flat), P)
    if solution.feasible:
        return "exact", solution.witness, ""
    if claim.rounded:
        return "not decidable", None, ROUNDED
    repair = f"; {solver.repair_text(solution.repair)}" if solution.repair else ""
    return "cannot be", None, f"no (W, B){_because(solution)}{repair}"


def _because(solution):
    return f": {solution.proof.reason}" if solution.proof else f"; {NO_SHORT}"


def _roundtrip(claim, P):
    x = claim.exact("x")
    codes, decoded = claim.whole("codes", x.shape), claim.exact("decoded", x.shape)
    sign = arrays.choice("check", f"{claim.where}.sign", claim.given["sign"], ("+", "-", EITHER))
    if any(not 0 <= c < P for c in codes.flat):
        return "cannot be", None, f"codes mod {P} are 0 to {P - 1}"
    for status, half in (("exact", np.zeros_like(decoded)), ("as printed", claim.half("decoded"))):
        low, high = ([d + side * h for d, h in zip(decoded.flat, half.flat)] for side in (-1, 1))
        for one in "+-" if sign == EITHER else sign:
            pair = two_way.roundtrip(list(x.flat), list(codes.flat), low, high, P, one)
            if pair:
                return status, pair, ""
    if claim.rounded:
        return "not decidable", None, ROUNDED
    alone = solver.decide(list(x.flat), list(codes.flat), P)
    return (
        "cannot be",
        None,
        (
            "the codes can be printed, but by no (W, B) that decodes to these values"
            + (", by (q + B)/W or (q - B)/W" if sign == EITHER else "")
            if alone.feasible
            else f"no (W, B) prints the codes{_because(alone)}"
        ),
    )


def _decoded(claim):
    claim.exact("printed", claim.exact("x").shape)
    return "not decidable", None, "the codes between x and its decoded values are not printed"


def _unread(claim):
    return (
        "not decidable",
        None,
        r"what stands before it is not read; NAME =, Q(NAME) = and \hat{NAME} = are",
    )


def _prune(claim):
    R, tau = claim.exact("R"), claim.exact("tau", ())[()]
    printed = mask_of(claim, "printed", R.shape)
    none = np.zeros_like(printed)
    mask = arrays.objects([int(not r < tau) for r in R.flat], R.shape)
    status, reason = compare(
        claim,
        printed,
        none,
        mask,
        lambda: possible_masks(claim, "R", R.shape, printed),
        lambda i: (
            f"R = {told(R.flat[i])} is {'kept' if mask.flat[i] else 'removed'} at tau = {told(tau)}, "
            "not as printed"
        ),
        lambda: blame(
            "pruning.as_written.prune",
            (as_network(R), as_network(R), tau),
            printed,
            none,
            lambda result: result[1].flatten().reshape(R.shape),
        ),
    )
    return status, mask.tolist(), reason


def mask_of(claim, key, shape):
    """A printed mask as whole numbers; anything but 1 and 0, True and False is refused.

    >>> mask_of(Claim({"printed": [True, 0]}, "claims[0]", False), "printed", (2,)).tolist()
    [Fraction(1, 1), Fraction(0, 1)]
    """
    mask = Claim({key: as_numbers(claim.given[key])}, claim.where, False).whole(key, shape)
    if any(v not in (0, 1) for v in mask.flat):
        arrays.refuse(
            "check",
            f"{claim.where}.{key}",
            "a mask of 1 (kept) and 0 (removed)",
            arrays.describe(mask),
        )
    return mask


def possible_masks(claim, key, shape, printed):
    """For each entry whether some score and some tau that round to the printed ones keep (or
    remove) it.

    >>> claim = Claim({"R": ["0.5"], "tau": "0.5"}, "claims[0]", rounded=True)
    >>> possible_masks(claim, "R", (1,), np.array([0]))
    [True]
    """
    [(t_low, t_high)] = claim.intervals("tau", ())
    return [
        high >= t_low if kept else low < t_high
        for (low, high), kept in zip(claim.intervals(key, shape), printed.flat)
    ]


def as_network(scores):
    """Scores of any shape as Params of no inputs and no hidden units, for rules that go entry by
    entry.

    >>> as_network(np.array([[1, 2], [3, 4]], dtype=object)).flatten()
    array([1, 2, 3, 4], dtype=object)
    """
    return Params(
        *(np.zeros(shape, dtype=object) for shape in ((0, 0), 0, (scores.size, 0))),
        scores.reshape(-1),
    )


KINDS = {
    "quantize": Kind(_quantize, ("x", "W", "B", "printed"), wants_P=True),
    "dequantize": Kind(_dequantize, ("q", "W", "B", "printed")),
    "solve": Kind(_solve, ("x", "printed"), wants_P=True),
    "roundtrip": Kind(_roundtrip, ("x", "codes", "decoded", "sign"), wants_P=True),
    "decoded": Kind(_decoded, ("x", "printed")),
    "unread": Kind(_unread, ("printed",)),
    "prune": Kind(_prune, ("R", "tau", "printed")),
}
