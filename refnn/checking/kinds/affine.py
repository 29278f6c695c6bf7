"""Claims about what the field does: affine_quantize, affine_dequantize, choose_qparams (`affine`
and `calibration`).

All on Fractions, by the library's own functions. scale and zero_point are numbers, or with "axis"
one for each slice."""

import numpy as np

from refnn import arrays
from refnn.checking.claims import Kind, as_codes, blame, compare, told
from refnn.checking.reading.printed import Claim
from refnn.quantization import affine, calibration
from refnn.quantization.affine import QParams


def _whole(claim, key):
    return int(claim.whole(key, ())[()])


def _axis(claim):
    return None if claim.given.get("axis") is None else _whole(claim, "axis")


def _grid(claim, side=0):
    """The QParams of a claim; side −1 and 1: with the least and the greatest scale that round to
    the printed one."""
    axis = _axis(claim)
    scale, zero_point = (
        read(key, () if axis is None else None)
        for read, key in ((claim.exact, "scale"), (claim.whole, "zero_point"))
    )
    if zero_point.shape != scale.shape:
        arrays.refuse(
            "check",
            f"{claim.where}.zero_point",
            f"of shape {scale.shape}, as scale",
            f"shape {zero_point.shape}",
        )
    if claim.rounded:
        scale = np.asarray(scale + side * claim.half("scale"), dtype=object)
    return QParams(
        scale[()],
        int(zero_point[()]) if axis is None else as_codes(zero_point),
        _whole(claim, "qmin"),
        _whole(claim, "qmax"),
        axis,
    )


def _corners(claim, values, function):
    """function of the four ends of values and scale, by entry: the least and the greatest, since
    each is monotone."""
    if any(
        s <= 0 for s in np.ravel(_grid(claim, -1).scale)
    ):  # the scale might be next to 0: nothing is excluded
        return None
    found = [np.ravel(function(v, _grid(claim, side))) for v in values for side in (-1, 1)]
    return [(min(ends), max(ends)) for ends in zip(*found)]


def _quantize(claim):
    x, grid = claim.exact("x"), _grid(claim)
    printed = claim.whole("printed", x.shape)
    none = np.zeros_like(printed)
    steps = affine.quantize_steps(x, grid)
    codes = arrays.objects([int(c) for c in np.ravel(steps.saturated)], x.shape)

    def possible():
        ends = [arrays.objects(list(v), x.shape) for v in zip(*claim.intervals("x", x.shape))]
        found = _corners(claim, ends, affine.quantize)
        return (
            [True] * x.size
            if found is None
            else [a <= c <= b for (a, b), c in zip(found, printed.flat)]
        )

    status, reason = compare(
        claim,
        printed,
        none,
        codes,
        possible,
        lambda i: (
            f"{told(x.flat[i])}/scale = {told(np.ravel(steps.divided)[i])}, rounded, plus the zero point is "
            f"{told(np.ravel(steps.shifted)[i])}, so the code is {codes.flat[i]}, "
            f"printed {told(printed.flat[i])}"
        ),
        lambda: blame("quantization.affine.quantize", (x, grid), printed, none),
    )
    return status, codes.tolist(), reason


def _dequantize(claim):
    q, grid = claim.whole("q"), _grid(claim)
    printed, half = claim.exact("printed", q.shape), claim.half("printed")
    codes = as_codes(q)
    values = np.asarray(affine.dequantize(codes, grid), dtype=object)

    def possible():
        found = _corners(claim, [codes], affine.dequantize)
        return (
            [True] * q.size
            if found is None
            else [a <= p + h and p - h <= b for (a, b), p, h in zip(found, printed.flat, half.flat)]
        )

    status, reason = compare(
        claim,
        printed,
        half,
        values,
        possible,
        lambda i: (
            f"(q - zero_point)*scale of q = {told(q.flat[i])} is {told(values.flat[i])}, "
            f"printed {told(printed.flat[i])}"
        ),
        lambda: blame("quantization.affine.dequantize", (codes, grid), printed, half),
    )
    return status, values.tolist(), reason


def _choose(claim):
    x, given = claim.exact("x"), claim.given["printed"]
    if not isinstance(given, dict) or not given or set(given) - {"scale", "zero_point"}:
        arrays.refuse(
            "check",
            f"{claim.where}.printed",
            "a table with scale, zero_point or both",
            arrays.describe(sorted(given) if isinstance(given, dict) else given),
        )
    options = (_whole(claim, "bits"), claim.given["signed"], claim.given["symmetric"], _axis(claim))
    keys = [key for key in ("scale", "zero_point") if key in given]
    inside = Claim(given, f"{claim.where}.printed", claim.rounded)

    def fields(grid):
        """What is printed of a grid, as one vector."""
        return np.concatenate(
            [np.ravel(np.asarray(getattr(grid, key), dtype=object)) for key in keys]
        )

    grid = calibration.choose_qparams(x, *options)
    shape = np.shape(grid.scale)
    printed = np.concatenate(
        [(inside.exact if key == "scale" else inside.whole)(key, shape).ravel() for key in keys]
    )
    half = np.concatenate(
        [
            inside.half(key).ravel() if key == "scale" else np.zeros(inside.exact(key).size, object)
            for key in keys
        ]
    )
    values = fields(grid)
    labels = [key for key in keys for _ in range(np.size(grid.scale))]

    def possible():  # scale and zero point are monotone in either end
        low, high = zip(*claim.intervals("x", x.shape))
        bottoms, tops = ([f(0, f(low)), f(0, f(high))] for f in (min, max))
        if options[3] is not None or bottoms[1] == tops[0] == 0:
            return [True] * len(values)
        found = [
            fields(calibration.choose_qparams([a, b], *options)) for a in bottoms for b in tops
        ]
        return [min(v) <= p + h and p - h <= max(v) for v, p, h in zip(zip(*found), printed, half)]

    status, reason = compare(
        claim,
        printed,
        half,
        values,
        possible,
        lambda i: f"{labels[i]} is {told(values[i])}, printed {told(printed[i])}",
        lambda: blame(
            "quantization.calibration.choose_qparams", (x, *options), printed, half, fields
        ),
    )
    computed = {key: np.asarray(getattr(grid, key), dtype=object).tolist() for key in keys}
    return status, computed, reason


GRID = ("scale", "zero_point", "qmin", "qmax", "printed")
KINDS = {
    "affine_quantize": Kind(_quantize, ("x", *GRID), may=("axis",)),
    "affine_dequantize": Kind(_dequantize, ("q", *GRID), may=("axis",)),
    "choose_qparams": Kind(_choose, ("x", "bits", "signed", "symmetric", "printed"), may=("axis",)),
}
