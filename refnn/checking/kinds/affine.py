"""This module judges claims about affine quantization, the usual kind of integer quantization.

    q = clip(round(x/scale) + zero_point, qmin, qmax)        x̂ = (q − zero_point)·scale

The kinds are affine, affine_quantize, affine_dequantize and choose_qparams. The module `rules` says
which rules of quantization are tried. The first is the library's own. If it does not give all that
is printed, one of the others must give everything together.

The module `chain` judges the printed things by one rule.
"""

from fractions import Fraction

import numpy as np

from refnn import arrays
from refnn.arrays import Refused
from refnn.checking.catalogue.formulas import OPTIONS
from refnn.checking.claims import (
    Answer,
    Kind,
    Question,
    as_codes,
    decimals,
    judged,
    slips_by,
    whole,
)
from refnn.checking.kinds.chain import ITEMS, WHOLE, in_words, scales
from refnn.checking.kinds.first_rule import all_hold, first_rule, named, slips_that_give
from refnn.checking.kinds.machine import rounded, spans
from refnn.checking.kinds.rules import ranged, stated_grid
from refnn.checking.plane.digits import as_text
from refnn.checking.reading.printed import Claim
from refnn.quantization import affine
from refnn.quantization.affine import QParams

# --- reading --------------------------------------------------------------------------------------


def _whole(claim, key):
    return int(claim.whole(key, ())[()])


def _stated(claim):
    """Return what a claim states of the grid and the rule, by name, but no scale or zero point."""
    keys = [key for key in ("bits", "qmin", "qmax", "axis") if claim.given.get(key) is not None]
    found = {key: _whole(claim, key) for key in keys}
    for key in ("signed", "symmetric"):
        if key in claim.given:
            found[key] = arrays.flag(f"{claim.where}.{key}", claim.given[key])
    if "convention" in claim.given:
        found["convention"] = claim.given["convention"]
    return found


def _grid(claim, stated):
    """Read a stated scale and zero point, both one number or one for each slice of the axis."""
    shape = () if stated.get("axis") is None else None
    scale, zero_point = claim.exact("scale", shape), claim.whole("zero_point", shape)
    if zero_point.shape != scale.shape:
        expected = f"of shape {scale.shape}, as scale"
        raise Refused(f"{claim.where}.zero_point", expected, f"shape {zero_point.shape}")
    if any(s <= 0 for s in scale.flat):
        raise Refused(f"{claim.where}.scale", "positive", as_text(min(scale.flat)))
    return scale, zero_point


def _ends(claim, stated):
    """Return the possible (qmin, qmax) of a stated grid, the assumed one first."""
    if "qmin" in stated and "qmax" in stated:
        return [(stated["qmin"], stated["qmax"])]
    for key in ("qmin", "qmax"):
        if key in stated:
            raise Refused(f"{claim.where}.{key}", "given together with qmin and qmax", "alone")
    bits = arrays.whole(f"{claim.where}.bits", stated.get("bits", 8), 2, 32)
    signed, unsigned = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1), (0, 2**bits - 1)
    if "signed" in stated:
        return [signed if stated["signed"] else unsigned]
    return [signed, unsigned]


def _table(claim, items, shapes):
    """Read a table of printed things, as {name: Printed} in the order of the computation."""
    table, where = claim.given["printed"], f"{claim.where}.printed"
    if not isinstance(table, dict) or not table or set(table) - set(items):
        got = arrays.describe(sorted(map(str, table)) if isinstance(table, dict) else table)
        raise Refused(where, f"a table with some of {', '.join(items)}", got)
    inside = Claim(table, where, claim.rounded)

    def read(name):  # a few conventions have a real zero point, and so have some mistakes
        fractions = any(v.denominator > 1 for v in inside.exact(name, shapes[name]).flat)
        if name not in WHOLE or (name == "zero_point" and fractions):
            return decimals(inside, shapes[name], name)
        return whole(inside.whole(name, shapes[name]))

    return {name: read(name) for name in items if name in table}


def _shapes(x, stated):
    """Return the shape of each thing that may be printed."""
    axis = stated.get("axis")
    if axis is not None and not -x.ndim <= axis < x.ndim:
        raise Refused("axis", f"an axis of x, from {-x.ndim} to {x.ndim - 1}", f"{axis}")
    grid = () if axis is None else (x.shape[axis],)
    return {
        **dict.fromkeys(ITEMS, ()),
        **dict.fromkeys(("scale", "zero_point"), grid),
        **dict.fromkeys(("codes", "decoded"), x.shape),
    }


# --- the kinds ------------------------------------------------------------------------------------


def _affine(claim):
    x, stated = claim.exact("x"), _stated(claim)
    printed = _table(claim, ITEMS, _shapes(x, stated))
    rule, found = _judge(claim, x, stated, printed)
    if "scale" in claim.given and not all_hold(found):
        grid = {key: claim.given[key] for key in ("scale", "zero_point")}
        inside = Claim({"printed": {**grid, **claim.given["printed"]}}, claim.where, claim.rounded)
        again = _table(inside, ITEMS, _shapes(x, stated))
        name, other = first_rule(claim, ranged(x, stated), x, again, list)
        if all_hold(other):  # the stated scale is the rounded one of a rule
            rule = f"{name or 'ONNX, int8'}, which gives the stated scale after rounding"
            found = {key: other[key] for key in printed}
    return [(k, a._replace(reason=named(rule, a.reason))) for k, a in found.items()]


def _judge(claim, x, stated, printed):
    if ("scale" in claim.given) != ("zero_point" in claim.given):
        here, other = ("scale", "zero_point") if "scale" in claim.given else ("zero_point", "scale")
        raise Refused(f"{claim.where}.{other}", f"given together with {here}", "nothing")
    if "scale" in claim.given:
        scale, zero_point = _grid(claim, stated)
        ends, axis = _ends(claim, stated), stated.get("axis")
        rules = stated_grid(scale, zero_point, ends, axis)
        if "convention" in stated:
            rules = (rule for rule in rules if rule.name.startswith(stated["convention"]))
        given = {"x": x, "scale": scale[()], "qmin": ends[0][0], "qmax": ends[0][1], "axis": axis}
        given["zero_point"] = int(zero_point[()]) if axis is None else as_codes(zero_point)
        recipe = "fake_quantize"
    else:
        alone = {"scale", "zero_point", "qmin", "qmax"}.issuperset(printed)
        rules, recipe = ranged(x, stated), "choose_qparams" if alone else "choose and fake_quantize"
        given = {"x": x, **{key: stated[key] for key in OPTIONS if key in stated}}
    return first_rule(claim, rules, x, printed, slips_that_give(recipe, given, printed))


def _quantize(claim):
    x, stated = claim.exact("x"), _stated(claim)
    printed = whole(claim.whole("printed", x.shape))
    rule, found = _judge(claim, x, stated, {"codes": printed})
    answer = found["codes"]._replace(reason=named(rule, found["codes"].reason))
    if answer.holds or not claim.rounded:
        return answer
    scale, zero_point = _grid(claim, stated)
    [(qmin, qmax)] = _ends(claim, stated)
    known = {"zero_point": zero_point, "qmin": qmin, "qmax": qmax}
    return _common(claim, answer, scale, known, "codes", claim.intervals("x", x.shape), printed)


def _common(claim, answer, scale, known, name, x, printed):
    """Decide rounded inputs: one scale must serve all entries."""
    half = claim.half("scale")
    if scale.ndim:
        return answer._replace(status="not decidable", reason="The printed inputs are rounded")
    found = scales((scale[()] - half[()], scale[()] + half[()]), name, x, known, printed)
    if found:
        said = f"The printed scale is rounded: {in_words(found)}"
        return Answer("as printed", answer.computed, said)
    none = "No scale that rounds to the printed one gives all these numbers"
    return answer._replace(
        status="cannot be", reason=f"{none}. With the printed one: {answer.reason}"
    )


def _dequantize(claim):
    q, stated = claim.whole("q"), _stated(claim)
    scale, zero_point = _grid(claim, stated)
    [(qmin, qmax), *_] = _ends(claim, stated)
    axis = stated.get("axis")
    codes, printed = as_codes(q), decimals(claim, q.shape)
    z = int(zero_point[()]) if axis is None else as_codes(zero_point)
    grid = QParams(scale[()], z, qmin, qmax, axis)
    values = np.asarray(affine.dequantize(codes, grid), dtype=object)

    def machine(precision):
        s = arrays.aligned("scale", rounded(scale, precision), q.shape, axis)
        steps = q - arrays.aligned("zero_point", zero_point, q.shape, axis)
        return spans(precision, values, [rounded(steps, precision) * s])

    def because(i):
        right = as_text(values.flat[i], printed.said(i))
        formula = f"(q - zero_point)*scale of q = {as_text(q.flat[i])} is {right}"
        return f"{formula}, but {printed.said(i)} is printed"

    given = {
        "q": codes,
        "scale": scale[()],
        "zero_point": z,
        "qmin": qmin,
        "qmax": qmax,
        "axis": axis,
    }
    slips = slips_by("dequantize", given, "decoded")
    exactly = Claim(claim.given, claim.where, False)
    answer = judged(exactly, Question(printed, values, because, machine, slips=slips))
    if not claim.rounded or answer.holds:
        return answer
    known = {"codes": q, "zero_point": zero_point, "qmin": qmin, "qmax": qmax}
    return _common(claim, answer, scale, known, "decoded", [], printed)


def _choose(claim):
    x, stated = claim.exact("x"), _stated(claim)
    printed = _table(claim, ("scale", "zero_point"), _shapes(x, stated))
    rule, found = _judge(claim, x, stated, printed)
    wrong = {name: a for name, a in found.items() if not a.holds}
    computed = {name: a.computed for name, a in found.items()}
    if not wrong:
        reasons = dict.fromkeys(a.reason for a in found.values() if a.reason)
        status = min(a.status for a in found.values())  # "as printed" comes before "exact"
        return Answer(status, computed, named(rule, ". ".join(reasons)))
    if claim.rounded and _some_range(claim, x, stated, printed):
        return Answer("not decidable", computed, "The printed inputs are rounded")
    return Answer("cannot be", computed, named(rule, next(iter(wrong.values())).reason))


def _some_range(claim, x, stated, printed):
    """Return False if no numbers that round to x have the printed scale and zero point."""
    low, high = zip(*claim.intervals("x", x.shape))
    bottoms, tops = ([f(0, f(low)), f(0, f(high))] for f in (min, max))
    if "axis" in stated or bottoms[1] == tops[0] == 0:
        return True
    own = next(ranged(x, stated))
    found = [own.grid(arrays.objects([a, b], (2,))) for a in bottoms for b in tops]
    return all(
        p.overlap([(min(v), max(v))])[0]
        for name, p in printed.items()
        for v in [[Fraction(f[name]) for f in found]]
    )


ENCODE, DECODE = "clip(round(x/scale) + zero_point, qmin, qmax)", "(q - zero_point)*scale"
RANGE = "scale = (max - min)/(qmax - qmin), or max|x|/qmax if symmetric"
OF_EACH = {
    "scale": RANGE,
    "zero_point": "clip(round(qmin - min/scale), qmin, qmax), or 0 if symmetric",
    "qmin": "the smallest code of these bits",
    "qmax": "the largest code of these bits",
    "codes": ENCODE,
    "decoded": DECODE,
    "mse": "the mean of (decoded - x)^2",
    "max_error": "the largest |decoded - x|",
}
OF_RANGE = ("bits", "signed", "symmetric", "axis", "convention", "qmin", "qmax")
ON = ("scale", "zero_point", "qmin", "qmax", "printed")
KINDS = {
    "affine": Kind(
        _affine,
        ("x", "printed"),
        OF_EACH,
        may=(*OF_RANGE, "scale", "zero_point"),
    ),
    "affine_quantize": Kind(
        _quantize,
        ("x", *ON),
        ENCODE,
        may=("axis", "convention"),
    ),
    "affine_dequantize": Kind(_dequantize, ("q", *ON), DECODE, may=("axis", "convention")),
    "choose_qparams": Kind(
        _choose,
        ("x", "printed"),
        RANGE,
        may=OF_RANGE,
    ),
}
