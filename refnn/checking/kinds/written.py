"""This module judges claims about the article's own formulas (§3.1, §3.2.2).

The kinds are quantize, dequantize, solve, roundtrip, decoded, unread and prune.
"""

from math import floor

import numpy as np

from refnn import arrays
from refnn.arrays import Refused
from refnn.checking import roundtrip as two_way
from refnn.checking import solver
from refnn.checking.catalogue.explain import right
from refnn.checking.claims import ROUNDED, Kind, as_codes, as_numbers, decimals, judged, whole
from refnn.checking.kinds.enclosure import box
from refnn.checking.plane.conflict import NO_SHORT
from refnn.checking.plane.digits import as_text
from refnn.checking.reading.printed import EITHER, Claim
from refnn.network import Params


def _quantize(claim, P):
    x = claim.exact("x")
    W, B = (claim.exact(key, spread_to=x.shape) for key in ("W", "B"))
    printed = whole(claim.whole("printed", x.shape))
    given = {"x": x, "W": W, "B": B, "P": P}
    codes = np.asarray(right("written.quantize", given)["codes"]).astype(object)

    def possible():
        intervals = [claim.intervals(key, x.shape) for key in ("x", "W", "B")]
        for v, w, (b_low, b_high), code in zip(*intervals, printed.values.flat):
            low, high = box(v, w)
            first, last = floor(low + b_low), floor(high + b_high)
            yield (code - first) % P <= last - first and 0 <= code < P

    def because(i):
        shifted = f"floor({as_text(x.flat[i])}*{as_text(W.flat[i])} + {as_text(B.flat[i])})"
        found = as_text(printed.values.flat[i])
        return f"{shifted} mod {P} = {codes.flat[i]}, but {found} is printed"

    return judged(claim, printed, codes, because, possible, "written.quantize", given, "codes")


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
            if w_low <= 0 <= w_high:  # W may be 0, so nothing is excluded
                yield True
            else:
                low, high = box((c + b_low, c + b_high), (1 / w_low, 1 / w_high))
                yield p + h >= low and p - h <= high

    def because(i):
        formula = f"({as_text(q.flat[i])} + {as_text(B.flat[i])})/{as_text(W.flat[i])}"
        found = as_text(printed.values.flat[i])
        return f"{formula} = {as_text(values.flat[i])}, but {found} is printed"

    given = {"q": as_codes(q), "W": W, "B": B}
    return judged(claim, printed, values, because, possible, "written.dequantize", given, "decoded")


def _solve(claim, P):
    x = claim.exact("x")
    codes = claim.whole("printed", x.shape)
    if any(not 0 <= c < P for c in codes.flat):
        return "cannot be", None, f"A code mod {P} is a whole number from 0 to {P - 1}"
    solution = solver.decide(list(x.flat), list(codes.flat), P)
    if solution.feasible:
        return "exact", solution.witness, ""
    if claim.rounded:
        return "not decidable", None, ROUNDED
    repair = f". L{solver.repair_text(solution.repair)[1:]}" if solution.repair else ""
    return "cannot be", None, f"No W and B print these codes{_because(solution)}{repair}"


def _because(solution):
    return f". {solution.proof.reason}" if solution.proof else f". {NO_SHORT}"


def _roundtrip(claim, P):
    x = claim.exact("x")
    codes, decoded = claim.whole("codes", x.shape), claim.exact("decoded", x.shape)
    sign = arrays.choice(f"{claim.where}.sign", claim.given["sign"], ("+", "-", EITHER))
    if any(not 0 <= c < P for c in codes.flat):
        return "cannot be", None, f"A code mod {P} is a whole number from 0 to {P - 1}"
    for status, half in (("exact", np.zeros_like(decoded)), ("as printed", claim.half("decoded"))):
        low, high = ([d + side * h for d, h in zip(decoded.flat, half.flat)] for side in (-1, 1))
        for one in "+-" if sign == EITHER else sign:
            pair = two_way.roundtrip(list(x.flat), list(codes.flat), low, high, P, one)
            if pair:
                return status, pair, ""
    if claim.rounded:
        return "not decidable", None, ROUNDED
    alone = solver.decide(list(x.flat), list(codes.flat), P)
    if not alone.feasible:
        return "cannot be", None, f"No W and B print these codes{_because(alone)}"
    by = ", by (q + B)/W or (q - B)/W" if sign == EITHER else ""
    reason = f"Some W and B print these codes, but none of them also decode to these values{by}"
    return "cannot be", None, reason


def _decoded(claim):
    claim.exact("printed", claim.exact("x").shape)
    return "not decidable", None, "The codes between x and its decoded values are not printed"


def _unread(claim):
    before = r"NAME =, Q(NAME) = or \hat{NAME} ="
    reason = f"The name of these numbers could not be read. Write {before} before them"
    return "not decidable", None, reason


def _prune(claim):
    R, tau = claim.exact("R"), claim.exact("tau", ())[()]
    printed = mask_of(claim, "printed", R.shape)
    scores = as_network(R)
    given = {"params": scores, "R": scores, "tau": tau}

    def mask(values):
        return values["mask"].flatten().reshape(R.shape).astype(int).astype(object)

    def possible():
        return possible_masks(claim, "R", R.shape, printed)

    def because(i):
        kept = f"{'kept' if keep.flat[i] else 'removed'} at tau = {as_text(tau)}"
        return f"R = {as_text(R.flat[i])} is {kept}, unlike in the printed mask"

    keep = mask(right("written.prune", given))
    return judged(claim, whole(printed), keep, because, possible, "written.prune", given, mask)


def mask_of(claim, key, shape=None):
    """Read a printed mask as whole numbers, and refuse anything but 1, 0, True and False.

    >>> mask_of(Claim({"printed": [True, 0]}, "claims[0]", False), "printed", (2,)).tolist()
    [Fraction(1, 1), Fraction(0, 1)]
    """
    mask = Claim({key: as_numbers(claim.given[key])}, claim.where, False).whole(key, shape)
    if any(v not in (0, 1) for v in mask.flat):
        expected = "a mask of 1 (kept) and 0 (removed)"
        raise Refused(f"{claim.where}.{key}", expected, arrays.describe(mask))
    return mask


def possible_masks(claim, key, shape, printed):
    """Return True for each entry that may be kept or removed as printed, else False.

    It may be if some score and some tau that round to the printed ones do so.

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
    """Return scores of any shape as Params that hold them all in b_o.

    Such Params have no inputs and no hidden units. They serve rules that treat each entry alone.

    >>> as_network(np.array([[1, 2], [3, 4]], dtype=object)).flatten()
    array([1, 2, 3, 4], dtype=object)
    """
    nothing = (np.zeros(shape, dtype=object) for shape in ((0, 0), 0, (scores.size, 0)))
    return Params(*nothing, scores.reshape(-1))


KINDS = {
    "quantize": Kind(_quantize, ("x", "W", "B", "printed"), wants_P=True),
    "dequantize": Kind(_dequantize, ("q", "W", "B", "printed")),
    "solve": Kind(_solve, ("x", "printed"), wants_P=True),
    "roundtrip": Kind(_roundtrip, ("x", "codes", "decoded", "sign"), wants_P=True),
    "decoded": Kind(_decoded, ("x", "printed")),
    "unread": Kind(_unread, ("printed",)),
    "prune": Kind(_prune, ("R", "tau", "printed")),
}
