"""This module computes all that a claim about affine quantization prints, by one rule.

The printed things are judged in the order of the computation: scale, zero_point, the codes, the
decoded values, their errors. Each is computed from the exact values before it. If that does not
give the printed numbers, it is computed from the printed numbers before it, because people go on
with what they have written down.
"""

from fractions import Fraction

import numpy as np

from refnn.checking.claims import Question, judged
from refnn.checking.kinds.machine import on_edges, rounded, spans, traced
from refnn.checking.kinds.rules import HALF
from refnn.checking.plane.digits import as_text
from refnn.quantization import rounding

ITEMS = ("scale", "zero_point", "qmin", "qmax", "codes", "decoded", "mse", "max_error")
WHOLE = ("zero_point", "qmin", "qmax", "codes")
ERRORS = {"mse", "max_error"}
USES = {  # the printed things from which another one may have been computed
    "zero_point": ("scale",),
    "codes": ("scale", "zero_point", "qmin", "qmax"),
    "decoded": ("codes", "scale", "zero_point"),
    "mse": ("decoded",),
    "max_error": ("decoded",),
}


def answers(claim, rule, x, printed, far):
    """Return {name: Answer} of all printed things by one rule, or None if it has no values.

    printed: {name: Printed}, in the order of ITEMS. With far=False the result is None too if the
    first printed thing is so far off that no rounding explains it.

    >>> from refnn.checking.kinds.rules import ranged
    >>> from refnn.checking.reading.printed import Claim
    >>> from refnn.checking.claims import whole
    >>> x, zero = np.array([Fraction(-1), Fraction(2)]), whole(np.array(-43, object))
    >>> claim, rule = Claim({}, "claims[0]", False), next(ranged(x, {}))
    >>> answers(claim, rule, x, {"zero_point": zero}, far=True)["zero_point"].status
    'exact'
    """
    made = rule.made(x)
    if made is None or not (far or _near(made, printed)):
        return None
    if not ERRORS.isdisjoint(printed):
        made |= _errors(made["decoded"] - x)
    found = {}
    for name, p in printed.items():
        if made[name] is None:  # this rule has no such value
            return None
        values = np.asarray(made[name], dtype=object).reshape(p.values.shape)
        found[name] = judged(claim, _question(claim, rule, x, made, printed, found, name, values))
        if name in ("zero_point", "codes") and found[name].holds:
            made = _going_on(rule, x, made, name, p.values)
    return found


def _going_on(rule, x, made, name, printed):
    """Return what the rule gives with the printed zero point or codes in place of its own.

    They were judged right, but may differ from the rule's own. So all that follows is judged from
    one and the same grid."""
    if (np.asarray(made[name], dtype=object).reshape(printed.shape) == printed).all():
        return made
    grid = {key: made[key] for key in ("scale", "zero_point", "qmin", "qmax", "raw")}
    follows = rule.follow(x, {**grid, name: printed})
    if follows is None:
        return made
    return follows if "mse" not in made else {**follows, **_errors(follows["decoded"] - x)}


def _near(made, printed):
    """Return False if the first printed thing is so far off that the rule cannot give it.

    A machine's rounding error moves a code by at most 1."""
    name, own = next(iter(printed.items()))
    if made.get(name) is None:  # mse and max_error follow from the others
        return name not in made
    off = np.abs(np.ravel(np.asarray(made[name], dtype=object)) - own.values.ravel())
    room = 1 if name in WHOLE else own.half.ravel() + np.abs(own.values.ravel()) / 1000
    return not (off > room).any()


def _errors(error):
    """Return the mean square and the largest size of an error x̂ − x."""
    error = np.asarray(error, dtype=object)
    squares, sizes = np.ravel(error * error), [abs(e) for e in error.ravel()]
    return {"mse": squares.sum() / error.size, "max_error": max(sizes)}


def _question(claim, rule, x, made, printed, answers, name, values):
    own = printed[name]

    def because(i):
        found = own.said(i)
        return f"{_words(rule, x, made, name, values, i, found)}, but {found} is printed"

    def machine(precision):
        if name in ("mse", "max_error"):
            scale, zero_point = rule.aligned(made, x.shape)
            q = traced(made["codes"] - zero_point, precision)
            error = q * traced(scale, precision) - traced(x, precision)
            return spans(precision, values, traces=np.array([_errors(error)[name]], object))
        found = rule.made(rounded(x, precision))
        return found and spans(precision, values, [np.asarray(found[name], float)])

    def others():
        if name in ("codes", "zero_point"):
            yield from _edges(rule, x, made, name, own, values)
        yield from _from_printed(rule, x, made, printed, answers, name)

    return Question(own, values, because, machine if own.texts else None, others)


def _words(rule, x, made, name, values, i, found):
    """Say what is right at entry i. found: what is printed there."""
    if name == "codes":
        scale, z = (np.broadcast_to(a, x.shape).flat[i] for a in rule.aligned(made, x.shape))
        ratio = x.flat[i] / scale
        tie = ", a tie" if (ratio + z) % 1 == HALF else ""
        sums = f"{as_text(x.flat[i])}/scale = {as_text(ratio)}{tie}"
        return (
            f"{sums}. Rounded, with the zero point {as_text(z)} added, the code is {values.flat[i]}"
        )
    if name == "decoded":
        q = made["codes"].flat[i]
        return f"(q - zero_point)*scale of q = {as_text(q)} is {as_text(values.flat[i], found)}"
    said = f"{name} is {as_text(values.flat[i], found)}"
    raw = None if made["raw"] is None else np.ravel(made["raw"])[i]
    if name == "zero_point" and raw is not None and raw != values.flat[i]:
        said += f" (before rounding it is {as_text(raw)}{', a tie' if raw % 1 == HALF else ''})"
    return said


def _edges(rule, x, made, name, printed, values):
    """Yield what is right on ties, where float arithmetic may round up or down."""
    ratio = rule.ratio(x, made) if name == "codes" else made["raw"]
    if ratio is None:
        return
    ratio = np.broadcast_to(np.asarray(ratio, dtype=object), values.shape)

    def compute(precision):
        found = rule.made(rounded(x, precision))
        return values if found is None else found[name]

    def words(i, precision):
        what = f"{as_text(x.flat[i])}/scale" if name == "codes" else "The unrounded zero point"
        exactly = f"{what} is exactly {as_text(ratio.flat[i])}, a tie"
        return f"{exactly}, and {precision} arithmetic rounds it to the printed number"

    edges = [r % 1 == HALF for r in ratio.flat]
    yield from on_edges(printed.values, values, edges, compute, words)


def _from_printed(rule, x, made, printed, answers, name):
    """Yield what follows from the printed numbers before this thing."""
    before = [key for key in printed if key in USES.get(name, ())]
    if not before or ("scale" in before and min(printed["scale"].values.flat) <= 0):
        return
    known = {**made, **{key: printed[key].values for key in before}}
    status = {key: answers[key].status for key in before}
    each = [f"{key} ({status[key]})" if status[key] != "exact" else key for key in before]
    reason = f"This follows from the printed {' and '.join(each)}"
    if name == "zero_point":
        if made["raw"] is None or known["scale"].size > 1:
            return
        low = min(0, min(x.flat))
        raw = made["qmin"] - low / known["scale"].flat[0]
        nearest = np.clip(
            rounding.half_even.formula(np.array(raw, object)), made["qmin"], made["qmax"]
        )
        yield reason, np.asarray(nearest, dtype=object)
        return
    grid = {key: known[key] for key in ("scale", "zero_point", "qmin", "qmax", "raw")}
    if name == "decoded":
        grid["codes"] = known["codes"]
    if name in ("mse", "max_error"):
        error = np.asarray(known["decoded"] - x, dtype=object)
        yield reason, np.asarray(_errors(error)[name], dtype=object)
        return
    follows = rule.follow(x, grid)
    if follows is not None:
        yield reason, np.asarray(follows[name], dtype=object)
    if "scale" in before and printed["scale"].values.size == 1 and not rule.own:
        s, h = printed["scale"].values.flat[0], printed["scale"].half.flat[0]
        exactly = [(v, v) for v in x.flat]
        ends = scales((s - h, s + h), name, exactly, known, printed[name])
        if ends is None:
            return
        follows = rule.follow(x, {**grid, "scale": np.asarray(sum(ends) / 2, dtype=object)})
        own = printed[name]
        off = abs(np.asarray(follows[name], dtype=object) - own.values)
        # `scales` assumes rounding to nearest, so test that this rule gives the printed numbers too
        if (off <= own.half).all():
            yield f"{reason}: {in_words(ends)}", own.values, "as printed"


def scales(ends, name, x, known, printed):
    """Return the least and the greatest scale within `ends` that give all that is printed, or None.

    One scale serves all entries, so their conditions are decided together. Each is linear in the
    scale. The ends are positive. x holds the (low, high) of each number.

    >>> from refnn.checking.claims import Printed
    >>> p = Printed(np.array([Fraction(1, 2)]), np.array([Fraction(1, 20)]))
    >>> known = {"codes": np.array([5]), "zero_point": 0, "qmin": 0, "qmax": 7}
    >>> scales((Fraction(1, 20), Fraction(1)), "decoded", [(0, 0)], known, p)
    (Fraction(9, 100), Fraction(11, 100))
    """
    low, high = ends
    z = np.ravel(known["zero_point"])[0]
    conditions = []  # pairs (a, b): a ≤ b·scale
    if name == "decoded":
        for q, p, h in zip(known["codes"].flat, printed.values.flat, printed.half.flat):
            conditions += [(p - h, q - z), (-p - h, z - q)]
    else:
        for (a, b), q in zip(x, printed.values.flat):
            if q != known["qmax"]:
                conditions.append((a, q - z + HALF))
            if q != known["qmin"]:
                conditions.append((-b, z - q + HALF))
    for a, b in conditions:
        b = b if isinstance(b, Fraction) else Fraction(int(b))
        if b > 0:
            low = max(low, a / b)
        elif b < 0:
            high = min(high, a / b)
        elif a > 0:
            return None
    return None if low > high else (low, high)


def in_words(ends):
    """Say what the interval of scales means.

    >>> in_words((Fraction(9, 100), Fraction(11, 100)))
    'every scale from 0.09 to 0.11 gives the printed numbers'
    """
    return f"every scale from {as_text(ends[0])} to {as_text(ends[1])} gives the printed numbers"
