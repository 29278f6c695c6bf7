"""A worked example: claims in, verdicts out. Decided on rationals, never by a tolerance.

An input is a number (0.1 is 1/10); a printed result is an interval: "0.3" stands for [0.25, 0.35], half a unit of its
last digit to each side, and a whole number for itself. So a verdict is one of four:

    exact          the formula gives the printed numbers
    as printed     what it gives rounds to the printed digits
    cannot be      it does not
    not decidable  something needed is not given, or rounded inputs leave it open

An example is a dict {"title": …, "claims": [...]}. The kinds of claim, and what each needs:

    quantize    x, W, B, P, printed          ⌊x·W + B⌋ mod P                                      article §3.1.1
    dequantize  q, W, B, printed             (q + B)/W                                            §3.1.2
    solve       x, P, printed                some (W, B) prints these codes                       §3.1.1, §4.1
    roundtrip   x, P, codes, decoded, sign   some (W, B) prints codes and decoded values, (q ± B)/W
    prune       R, tau, printed              the mask not (R < τ), 1 = kept                       §3.2.2

A "name" is repeated in the verdict. Where P is not given it is read from 量化级别为N in the claim's or the example's
"text" or "title". With "inputs": "rounded" the inputs are intervals of half a unit of their last digit too.
"""

from math import floor
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.checking import roundtrip as two_way
from refnn.checking import solver
from refnn.checking.conflict import decimal
from refnn.checking.printed import Claim, levels_in

ROUNDED = "the printed inputs are rounded, and others that round to them might print this"


class Verdict(NamedTuple):
    """One claim judged: its text, what is printed, what is computed (exact), whether it holds, why not, the status.

    >>> Verdict._fields
    ('claim', 'printed', 'computed', 'holds', 'reason', 'status')
    """

    claim: str
    printed: object
    computed: object
    holds: bool
    reason: str
    status: str


def check(example):
    """A Verdict for each claim of a worked example, in order.

    >>> claim = {"kind": "dequantize", "q": [3], "W": "9", "B": 0, "printed": ["0.3"]}
    >>> check({"title": "t", "claims": [claim]})[0].status
    'as printed'
    """
    if not isinstance(example, dict):
        arrays.refuse("check", "example", "a dict with a list of claims", arrays.describe(example), TypeError)
    claims = example.get("claims")
    if not isinstance(claims, (list, tuple)) or not claims:
        arrays.refuse("check", "claims", "a list of at least one claim", arrays.describe(claims))
    inputs = arrays.choice("check", "inputs", example.get("inputs", "exact"), ("exact", "rounded"))
    return [_judge(claim, f"claims[{i}]", example, inputs == "rounded") for i, claim in enumerate(claims)]


def _judge(given, where, example, rounded):
    if not isinstance(given, dict):
        arrays.refuse("check", where, "a dict", arrays.describe(given), TypeError)
    kind = arrays.choice("check", f"{where}.kind", given.get("kind"), tuple(KINDS))
    judge, needs, wants_P = KINDS[kind]
    for key in needs:
        if key not in given:
            arrays.refuse("check", f"{where}.{key}", f"given for a claim of kind '{kind}'", "nothing")
    claim = Claim(given, where, rounded)
    printed = given["printed"] if "printed" in given else (given["codes"], given["decoded"])
    name = str(given.get("name", kind))
    if not wants_P:
        status, computed, reason = judge(claim)
    else:
        P = int(claim.whole("P", ())[()]) if "P" in given else \
            levels_in(*(d.get(key, "") for d in (given, example) for key in ("text", "title")))
        if P is None:
            return Verdict(name, printed, None, False, "the number of levels P is not given", "not decidable")
        arrays.whole("check", f"{where}.P", P, 1, 2**53)
        status, computed, reason = judge(claim, P)
    holds = status in ("exact", "as printed")
    return Verdict(name, printed, computed, holds, "" if holds else reason, status)


def _compare(claim, printed, half, values, possible, because):
    """(status, reason) of printed numbers against what the formula gives; possible: for each entry, whether some input
    that rounds to the printed one gives it (asked only where the inputs are rounded)."""
    entries = list(zip(printed.flat, half.flat, values.flat))
    nominal = [abs(p - v) <= h for p, h, v in entries]
    if all(nominal):
        exact = all(p == v for p, _, v in entries) and not (claim.rounded and any(half.flat))
        return ("exact" if exact else "as printed"), ""
    wrong = [i for i, holds in enumerate(nominal) if not (possible[i] if claim.rounded else holds)]
    if wrong:
        return "cannot be", f"{len(wrong)} of {len(entries)} differ: {because(wrong[0])}"
    return "not decidable", ROUNDED


def _box(a, b):
    """The interval of all products of two intervals."""
    corners = [v * w for v in a for w in b]
    return min(corners), max(corners)


def _quantize(claim, P):
    x = claim.exact("x")
    W, B = claim.exact("W", spread_to=x.shape), claim.exact("B", spread_to=x.shape)
    printed = claim.whole("printed", x.shape)
    codes = arrays.objects([floor(v * w + b) % P for v, w, b in zip(x.flat, W.flat, B.flat)], x.shape)
    possible = []
    for v, w, (b_low, b_high), code in zip(*(claim.intervals(key, x.shape) for key in ("x", "W", "B")), printed.flat):
        low, high = _box(v, w)
        possible.append((code - floor(low + b_low)) % P <= floor(high + b_high) - floor(low + b_low) and 0 <= code < P)
    status, reason = _compare(claim, printed, np.zeros_like(printed), codes, possible, lambda i: (
        f"floor({decimal(x.flat[i])}*{decimal(W.flat[i])} + {decimal(B.flat[i])}) mod {P} = {codes.flat[i]}, "
        f"printed {printed.flat[i]}"))
    return status, codes.tolist(), reason


def _dequantize(claim):
    q = claim.whole("q")
    W, B = claim.exact("W", spread_to=q.shape), claim.exact("B", spread_to=q.shape)
    if any(w == 0 for w in W.flat):
        arrays.refuse("check", f"{claim.where}.W", "different from 0", "0")
    values = arrays.objects([(c + b) / w for c, w, b in zip(q.flat, W.flat, B.flat)], q.shape)
    printed, half, possible = claim.exact("printed", q.shape), claim.half("printed"), []
    for c, (w_low, w_high), (b_low, b_high), p, h in zip(
            q.flat, claim.intervals("W", q.shape), claim.intervals("B", q.shape), printed.flat, half.flat):
        if w_low <= 0 <= w_high:                               # W might be next to 0: nothing is excluded
            possible.append(True)
        else:
            low, high = _box((c + b_low, c + b_high), (1 / w_low, 1 / w_high))
            possible.append(p + h >= low and p - h <= high)
    status, reason = _compare(claim, printed, half, values, possible, lambda i: (
        f"({q.flat[i]} + {decimal(B.flat[i])})/{decimal(W.flat[i])} = {decimal(values.flat[i])}, "
        f"printed {decimal(printed.flat[i])}"))
    return status, values.tolist(), reason


def _solve(claim, P):
    x = claim.exact("x")
    codes = claim.whole("printed", x.shape)
    if any(not 0 <= c < P for c in codes.flat):
        return "cannot be", None, f"codes mod {P} are 0 to {P - 1}"
    solution = solver.solve(list(x.flat), list(codes.flat), P)
    if solution.feasible:
        return "exact", solution.witness, ""
    if claim.rounded:
        return "not decidable", None, ROUNDED
    return "cannot be", None, f"no (W, B): {solution.proof.reason}"


def _roundtrip(claim, P):
    x = claim.exact("x")
    codes, decoded = claim.whole("codes", x.shape), claim.exact("decoded", x.shape)
    sign = arrays.choice("check", f"{claim.where}.sign", claim.given["sign"], ("+", "-"))
    if any(not 0 <= c < P for c in codes.flat):
        return "cannot be", None, f"codes mod {P} are 0 to {P - 1}"
    for status, half in (("exact", np.zeros_like(decoded)), ("as printed", claim.half("decoded"))):
        low, high = ([d + side * h for d, h in zip(decoded.flat, half.flat)] for side in (-1, 1))
        pair = two_way.roundtrip(list(x.flat), list(codes.flat), low, high, P, sign)
        if pair:
            return status, pair, ""
    if claim.rounded:
        return "not decidable", None, ROUNDED
    alone = solver.solve(list(x.flat), list(codes.flat), P)
    return "cannot be", None, (
        "the codes can be printed, but by no (W, B) that decodes to these values" if alone.feasible
        else f"no (W, B) prints the codes: {alone.proof.reason}")


def _prune(claim):
    R, tau = claim.exact("R"), claim.exact("tau", ())[()]
    printed = Claim({"printed": _as_numbers(claim.given["printed"])}, claim.where, False).whole("printed", R.shape)
    if any(v not in (0, 1) for v in printed.flat):
        arrays.refuse("check", f"{claim.where}.printed", "a mask of 1 (kept) and 0 (removed)",
                      arrays.describe(printed))
    mask = arrays.objects([int(not r < tau) for r in R.flat], R.shape)
    [(t_low, t_high)] = claim.intervals("tau", ())
    possible = [high >= t_low if kept else low < t_high
                for (low, high), kept in zip(claim.intervals("R", R.shape), printed.flat)]
    status, reason = _compare(claim, printed, np.zeros_like(printed), mask, possible, lambda i: (
        f"R = {decimal(R.flat[i])} is {'kept' if mask.flat[i] else 'removed'} at tau = {decimal(tau)}, "
        "not as printed"))
    return status, mask.tolist(), reason


def _as_numbers(mask):
    """True and False as 1 and 0, also in nested lists."""
    if isinstance(mask, np.ndarray):
        mask = mask.tolist()
    if isinstance(mask, (list, tuple)):
        return [_as_numbers(part) for part in mask]
    return int(mask) if isinstance(mask, bool) else mask


KINDS = {                                  # kind: (judge, needed keys, does it need P)
    "quantize": (_quantize, ("x", "W", "B", "printed"), True),
    "dequantize": (_dequantize, ("q", "W", "B", "printed"), False),
    "solve": (_solve, ("x", "printed"), True),
    "roundtrip": (_roundtrip, ("x", "codes", "decoded", "sign"), True),
    "prune": (_prune, ("R", "tau", "printed"), False),
}
