"""This module judges claims about affine quantization, the usual kind of integer quantization.

The kinds are affine_quantize, affine_dequantize and choose_qparams. The values are computed on
Fractions, by the library's own functions in `affine` and `calibration`. scale (real units per code)
and zero_point (the code of 0.0) are one number each, or with "axis" one number for each slice.
"""

import numpy as np

from refnn import arrays
from refnn.arrays import Refused
from refnn.checking.catalogue import formulas
from refnn.checking.claims import Kind, Printed, as_codes, decimals, judged, whole
from refnn.checking.plane.digits import as_text
from refnn.checking.reading.printed import Claim
from refnn.quantization import affine, calibration


def _whole(claim, key):
    return int(claim.whole(key, ())[()])


def _axis(claim):
    return None if claim.given.get("axis") is None else _whole(claim, "axis")


def _grid(claim):
    """Read the grid of a claim, as a dict of its fields."""
    axis = _axis(claim)
    shape = () if axis is None else None
    scale, zero_point = claim.exact("scale", shape), claim.whole("zero_point", shape)
    if zero_point.shape != scale.shape:
        expected = f"of shape {scale.shape}, as scale"
        raise Refused(f"{claim.where}.zero_point", expected, f"shape {zero_point.shape}")
    zero_point = int(zero_point[()]) if axis is None else as_codes(zero_point)
    ends = {key: _whole(claim, key) for key in ("qmin", "qmax")}
    return {"scale": scale, "zero_point": zero_point, **ends, "axis": axis}


def _corners(claim, given, values, function):
    """Return (least, greatest) of a function for each entry, over all inputs that may be meant.

    The function is monotone in the values and in the scale, so their ends are enough. The result is
    None if the scale may be 0, because then nothing is excluded.
    """
    scale, half = given["scale"], claim.half("scale")
    if any(s <= 0 for s in np.ravel(scale - half)):
        return None
    grids = [formulas.grid({**given, "scale": s}) for s in (scale - half, scale + half)]
    found = [np.ravel(function(v, grid)) for v in values for grid in grids]
    return [(min(ends), max(ends)) for ends in zip(*found)]


def _quantize(claim):
    x, given = claim.exact("x"), _grid(claim)
    printed = whole(claim.whole("printed", x.shape))
    steps = affine.quantize_steps(x, formulas.grid(given))
    codes = arrays.objects([int(c) for c in np.ravel(steps.saturated)], x.shape)
    divided, shifted = np.ravel(steps.divided), np.ravel(steps.shifted)

    def possible():
        ends = [arrays.objects(list(v), x.shape) for v in zip(*claim.intervals("x", x.shape))]
        spans = _corners(claim, given, ends, affine.quantize)
        return spans and printed.overlap(spans)

    def because(i):
        sums = f"{as_text(x.flat[i])}/scale = {as_text(divided[i])}. Rounded, with the zero point"
        code = f"added, this is {as_text(shifted[i])}, so the code is {codes.flat[i]}"
        return f"{sums} {code}, but {as_text(printed.values.flat[i])} is printed"

    given["x"] = x
    return judged(claim, printed, codes, because, possible, "quantize", given, "codes")


def _dequantize(claim):
    q, given = claim.whole("q"), _grid(claim)
    printed = decimals(claim, q.shape)
    codes = as_codes(q)
    values = np.asarray(affine.dequantize(codes, formulas.grid(given)), dtype=object)

    def possible():
        spans = _corners(claim, given, [codes], affine.dequantize)
        return spans and printed.overlap(spans)

    def because(i):
        formula = f"(q - zero_point)*scale of q = {as_text(q.flat[i])} is {as_text(values.flat[i])}"
        return f"{formula}, but {as_text(printed.values.flat[i])} is printed"

    given["q"] = codes
    return judged(claim, printed, values, because, possible, "dequantize", given, "decoded")


def _choose(claim):
    x, table = claim.exact("x"), claim.given["printed"]
    if not isinstance(table, dict) or not table or set(table) - {"scale", "zero_point"}:
        got = arrays.describe(sorted(table) if isinstance(table, dict) else table)
        raise Refused(f"{claim.where}.printed", "a table with scale, zero_point or both", got)
    flags = {key: claim.given[key] for key in ("signed", "symmetric")}
    options = {"bits": _whole(claim, "bits"), **flags, "axis": _axis(claim)}
    keys = [key for key in ("scale", "zero_point") if key in table]

    def fields(grid):
        """Return the printed fields of a grid as one vector."""
        return np.concatenate([np.ravel(np.asarray(grid[key], dtype=object)) for key in keys])

    grid = vars(calibration.choose_qparams(x, **options))
    shape, inside = np.shape(grid["scale"]), Claim(table, f"{claim.where}.printed", claim.rounded)
    read = {"scale": inside.exact, "zero_point": inside.whole}
    numbers = {key: read[key](key, shape) for key in keys}
    half = {key: inside.half(key) if key == "scale" else 0 * numbers[key] for key in keys}
    printed, values = Printed(fields(numbers), fields(half)), fields(grid)
    labels = [key for key in keys for _ in range(np.size(grid["scale"]))]

    def possible():  # scale and zero point are monotone in both ends of the range
        low, high = zip(*claim.intervals("x", x.shape))
        bottoms, tops = ([f(0, f(low)), f(0, f(high))] for f in (min, max))
        if options["axis"] is not None or bottoms[1] == tops[0] == 0:
            return None
        ends = [[a, b] for a in bottoms for b in tops]
        found = [fields(vars(calibration.choose_qparams(x, **options))) for x in ends]
        return printed.overlap((min(v), max(v)) for v in zip(*found))

    def because(i):
        return f"{labels[i]} is {as_text(values[i])}, but {as_text(printed.values[i])} is printed"

    computed = {key: np.asarray(grid[key], dtype=object).tolist() for key in keys}
    given = {"x": x, **options}
    return judged(
        claim, printed, values, because, possible, "choose_qparams", given, fields, computed
    )


GRID = ("scale", "zero_point", "qmin", "qmax", "printed")
KINDS = {
    "affine_quantize": Kind(_quantize, ("x", *GRID), may=("axis",)),
    "affine_dequantize": Kind(_dequantize, ("q", *GRID), may=("axis",)),
    "choose_qparams": Kind(_choose, ("x", "bits", "signed", "symmetric", "printed"), may=("axis",)),
}
