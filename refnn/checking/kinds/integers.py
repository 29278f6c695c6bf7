"""This module judges claims about integer arithmetic: matmul, multiplier and requantize.

    matmul      (a − a_zero_point)·(b − b_zero_point), summed in int32
    multiplier  real ≈ multiplier·2^(−31 − shift), as gemmlowp stores the factor of a layer
    requantize  the accumulator times that factor, rounded, plus zero_point, clipped to qmin..qmax

All results are whole numbers, computed exactly.
"""

import numpy as np

from refnn import arrays
from refnn.arrays import Refused
from refnn.checking.catalogue.formulas import MATMUL, MULTIPLIER, one
from refnn.checking.claims import Kind, Question, as_codes, judged, slips_by, whole
from refnn.checking.plane.digits import as_text
from refnn.checking.reading.printed import Claim
from refnn.quantization import fixed_point

TWICE = {"twice": "requantize", "once": "requantize once"}  # rows of `formulas`
BITS = 31


def _of(a):
    """Return whole numbers in the smallest dtype that a layer would hold them in."""
    low, high = min(a.flat), max(a.flat)
    if low < -(2**BITS) or high >= 2**BITS:
        raise Refused("a and b", "of whole numbers that int32 can hold", as_text(max(-low, high)))
    dtype = (
        np.uint8 if 0 <= low and high < 256 else np.int8 if -129 < low and high < 128 else np.int64
    )
    return as_codes(a).astype(dtype)


def _matmul(claim):
    a, b = claim.whole("a"), claim.whole("b")
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0]:
        expected = f"of shape ({a.shape[-1] if a.ndim else 1}, n), as a has shape {a.shape}"
        raise Refused(f"{claim.where}.b", expected, f"shape {b.shape}")
    zero = {
        key: claim.whole(key) if key in claim.given else arrays.objects([0], ())
        for key in ("a_zero_point", "b_zero_point")
    }
    given = {"a": _of(a), "b": _of(b), **{key: as_codes(z)[()] for key, z in zero.items()}}
    fixed_point.matmul(given["a"], given["b"], given["a_zero_point"], given["b_zero_point"])
    left = a - (
        zero["a_zero_point"][..., None] if zero["a_zero_point"].ndim else zero["a_zero_point"]
    )
    product = left @ (b - zero["b_zero_point"])
    printed = whole(claim.whole("printed", product.shape))

    def because(i):
        row, column = divmod(i, product.shape[1])
        place = f"row {row + 1}, column {column + 1} is {as_text(product.flat[i])}"
        return f"{place}, but {printed.said(i)} is printed"

    names = ("a", "b", "a_zero_point", "b_zero_point")
    slips = slips_by(one(MATMUL, *names, gives="product"), given, "product")
    return judged(claim, Question(printed, product, because, slips=slips))


def _multiplier(claim):
    real, table = claim.exact("real", ())[()], claim.given["printed"]
    names = [name for name in ("multiplier", "shift") if isinstance(table, dict) and name in table]
    if not names or set(table) - {"multiplier", "shift"}:
        got = arrays.describe(sorted(map(str, table)) if isinstance(table, dict) else table)
        raise Refused(f"{claim.where}.printed", "a table with multiplier, shift or both", got)
    if real <= 0:
        raise Refused(f"{claim.where}.real", "positive", as_text(real))
    found = dict(zip(("multiplier", "shift"), fixed_point.fixed_point_multiplier(float(real))))
    inside = Claim(table, f"{claim.where}.printed", False)

    def all_of(values):
        return np.array([int(values[name]) for name in names], dtype=object)

    printed = whole(all_of({name: inside.whole(name, ())[()] for name in names}))
    values = all_of(found)

    def because(i):
        said = f"{names[i]} is {values[i]} (real = multiplier*2^(-31 - shift))"
        return f"{said}, but {printed.said(i)} is printed"

    def others():
        left = {**found, "shift": -found["shift"]}
        yield "The shift is counted to the left, as in TensorFlow Lite", all_of(left)

    row = one(
        MULTIPLIER,
        lambda given: float(given["M"]),
        gives=lambda r: dict(zip(("multiplier", "shift"), r)),
    )
    question = Question(
        printed, values, because, None, others, None, slips_by(row, {"M": real}, all_of)
    )
    return judged(claim, question, {name: int(found[name]) for name in names})


def _requantize(claim):
    accumulator = claim.whole("accumulator")
    printed = whole(claim.whole("printed", accumulator.shape))
    if ("real" in claim.given) == ("multiplier" in claim.given):
        raise Refused(
            f"{claim.where}.real", "given, or multiplier and shift instead", "both or neither"
        )
    if "real" in claim.given:
        real = claim.exact("real", ())[()]
        multiplier, shift = fixed_point.fixed_point_multiplier(float(real))
        factor = {"multiplier": np.array(multiplier), "shift": np.array(shift)}
    else:
        if "shift" not in claim.given:
            raise Refused(f"{claim.where}.shift", "given together with multiplier", "nothing")
        factor = {key: as_codes(claim.whole(key)) for key in ("multiplier", "shift")}
    grid = {key: int(claim.whole(key, ())[()]) for key in ("zero_point", "qmin", "qmax")}
    given = {"accumulator": as_codes(accumulator), **factor, **grid}
    stated = claim.given.get("rounding")
    if stated is not None:
        arrays.choice(f"{claim.where}.rounding", stated, tuple(TWICE))
    functions = {
        "twice": fixed_point.requantize,
        "once": fixed_point.requantize_single_rounding,
    }
    arguments = (given["accumulator"], factor["multiplier"], factor["shift"], *grid.values())

    def codes(rounding):
        return np.asarray(functions[rounding](*arguments)).astype(object).reshape(accumulator.shape)

    first = stated or "twice"
    values = codes(first)

    def because(i):
        said = f"the code of {as_text(accumulator.flat[i])} is {values.flat[i]}, rounded {first}"
        return f"{said}, but {printed.said(i)} is printed"

    def others():
        if stated is None:
            yield "The codes are rounded once, as in TensorFlow Lite, and not twice", codes("once")

    slips = slips_by(TWICE[first], given, "codes")
    return judged(claim, Question(printed, values, because, None, others, None, slips))


GRID = ("zero_point", "qmin", "qmax")
KINDS = {
    "matmul": Kind(
        _matmul,
        ("a", "b", "printed"),
        "(a - a_zero_point) (b - b_zero_point)",
        may=("a_zero_point", "b_zero_point"),
    ),
    "multiplier": Kind(_multiplier, ("real", "printed"), "real = multiplier*2^(-31 - shift)"),
    "requantize": Kind(
        _requantize,
        ("accumulator", *GRID, "printed"),
        "clip(round(accumulator*multiplier*2^(-31 - shift)) + zero_point)",
        may=("multiplier", "shift", "real", "rounding"),
    ),
}
