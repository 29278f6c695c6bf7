"""List the tasks of the assignments `quantization` and `worked_example`, and draw their cases."""

from fractions import Fraction

import numpy as np

from refnn.checking.catalogue.formulas import Recipe
from refnn.checking.plane.digits import half_unit
from refnn.checking.solver import solve
from refnn.quantization.affine import QParams
from refnn.teaching.task import Task

ARTICLE = [Fraction(k, 10) for k in range(1, 6)]

# --- quantize and dequantize ----------------------------------------------------------------------


def _steps(rng, *shape):
    """Draw numbers of grid steps on both sides of 0, none of them near a half."""
    whole = rng.integers(-4, 5, size=shape) + rng.uniform(-0.45, 0.45, size=shape)
    whole.flat[:4] = -1.2, 1.3, 0.8, -2.7
    return whole


def _grid(rng, low=-8, high=7, odd=False):
    scale = 2.0 ** rng.integers(-4, 3)
    inside = 2 * rng.integers(0, 2) + 1 if odd else rng.integers(1, 4)
    return QParams(float(scale), int(low + 6 + inside), low, high)


def _grids(rng, count, axis):
    """Draw a grid with its own scale and zero point for each slice."""
    scale, zero_point = 2.0 ** rng.integers(-4, 3, size=count), -2 + rng.integers(1, 4, size=count)
    zero_point[:2] = -2, 1
    return QParams(scale, zero_point, -8, 7, axis)


def _quantize(rng):
    inside, odd = _grid(rng, odd=True), _grid(rng, odd=True)
    unsigned, wide = _grid(rng, 0, 15, odd=True), _grid(rng, -128, 127)
    rows, columns = _grids(rng, 3, axis=0), _grids(rng, 4, axis=1)
    halves = rng.permutation(np.arange(-5, 4) + 0.5)
    ends = rng.permutation([-1e12, -400.3, -9.3, 11.7, 300.2, 1e12])
    return {
        "inside the codes": (_steps(rng, 8) * inside.scale, inside),
        "halves": (halves * odd.scale, odd),
        "unsigned": (np.append(_steps(rng, 6), halves[:4]) * unsigned.scale, unsigned),
        "beyond the codes": (ends * wide.scale, wide),
        "per row": (_steps(rng, 3, 4) * rows.scale[:, None], rows),
        "per column": (_steps(rng, 3, 4) * columns.scale, columns),
    }


def _dequantize(rng):
    unsigned, signed = _grid(rng, 0, 255, odd=True), _grid(rng, -128, 127)
    rows, columns = _grids(rng, 3, axis=0), _grids(rng, 4, axis=1)
    return {
        "uint8": (rng.permutation([0, 1, 2, 9, 100, 255]).astype(np.uint8), unsigned),
        "int8": (rng.permutation([-128, -3, 0, 5, 127]).astype(np.int8), signed),
        "per row": (rng.integers(-8, 8, size=(3, 4)).astype(np.int8), rows),
        "per column": (rng.integers(-8, 8, size=(3, 4)).astype(np.int8), columns),
    }


def _choose_grid(rng):
    high = rng.uniform(1, 2)
    # The number of the 255 steps that lie between the smallest value and 0
    steps = rng.integers(40, 100) + rng.uniform(0.6, 0.9)
    both = np.append(rng.uniform(-0.1, high, 6), [high, -high * steps / (255 - steps)])
    positive = rng.uniform(0.2, 0.8, 6)
    negative_is_largest = np.append(rng.uniform(-1, 1, 6), -rng.uniform(1.5, 2))
    matrix = rng.normal(size=(3, 4)) * 10.0 ** rng.permutation(3)[:, None]
    matrix[0] = np.abs(matrix[0])  # a slice without a negative number
    return {
        "both signs": (rng.permutation(both), 8, False, None),
        "all positive": (positive, 4, False, None),
        "symmetric": (rng.permutation(negative_is_largest), 8, True, None),
        "per row": (matrix, 8, False, 0),
        "per column": (matrix.T.copy(), 4, True, 1),
    }


# --- a worked example -----------------------------------------------------------------------------


def _fraction(rng, low, high, denominator=1):
    return Fraction(int(rng.integers(low, high)), denominator)


def _decimals(rng, low, high, count=6):
    drawn = rng.choice(np.arange(20 * low, 20 * high), count, replace=False)
    return [Fraction(int(v), 20) for v in drawn]


def _written(rng):
    W, B = int(rng.integers(6, 12)), _fraction(rng, 1, 8, 4) + 1
    return {
        "within P": ([Fraction(int(v), 4 * W) for v in rng.permutation(20)[:6]], W, B, 8),
        "below 0 and beyond P": (_decimals(rng, -2, 0, 4) + _decimals(rng, 1, 3, 4), W, B, 8),
        "another P": (_decimals(rng, -1, 2), W, -B, 2 ** int(rng.integers(4, 7))),
    }


def _decoded(rng):
    pairs = {
        "a whole W": (_fraction(rng, 5, 12), _fraction(rng, 1, 5)),
        "a fraction": (_fraction(rng, 5, 12, 4), _fraction(rng, 1, 6, 7)),
        "B below 0": (_fraction(rng, 2, 12), -_fraction(rng, 1, 6, 2)),
    }
    return {name: ([int(v) for v in rng.permutation(8)[:5]], *pair) for name, pair in pairs.items()}


def _ranges(rng):
    return {
        "both signs": ([Fraction(-1, 3), *_decimals(rng, 0, 2)], 8),
        "sixteen levels": (
            _decimals(rng, 1, 3) if rng.random() < 0.5 else _decimals(rng, -3, -1),
            16,
        ),
    }


def _roundings(rng):
    n = int(rng.integers(11, 90))
    value, text = Fraction(n, 10), f"{n / 10:.1f}"
    zero = value + Fraction(3, 400), f"{text}0"  # between half a unit and a whole unit away
    return {"an end of the range": (value + Fraction(1, 20), text), "a printed zero": zero}


def _three_codes(rng):
    """Draw three codes, whose second step is as large as the first, or smaller or larger.

    In the first case a step passes P, so that the difference of the codes themselves is not 1.
    """
    changes = {
        "a larger step, modulo P": 1,
        "a smaller step": -1,
        "the same step": 0,
        "two more": 2,
        "two less": -2,
    }
    cases = {}
    for name, change in changes.items():
        first, step = (int(v) for v in rng.integers(0, 8, size=2))
        step = 7 if change == 1 else step
        if change == 0:  # twice the step, the first code or the second one is far from 0 modulo P
            step = int(rng.choice([2, 3, 5, 6]))
            first = int(rng.choice([v for v in range(8) if v % 4 and (v + step) % 4]))
        cases[name] = [first, (first + step) % 8, (first + 2 * step + change) % 8], 8
    return cases


def _as_printed(call, given):
    return {"fits": abs(given["value"] - Fraction(given["text"])) <= half_unit(given["text"])}


def _possible(call, given):
    return {"feasible": solve(["0.1", "0.2", "0.3"], given["codes"], given["P"]).feasible}


# fmt: off
QUANTIZATION = (
    Task("quantize", "quantize", ("x", "qparams"), 2,
         (np.array([0.3, -0.3, 0.25, 0.75, -0.75, 100.0]), QParams(0.5, 3, 0, 7)), _quantize,
         lambda x, p: (x, p.scale, p.zero_point, p.qmin, p.qmax, p.axis)),
    Task("dequantize", "dequantize", ("q", "qparams"), 2,
         (np.array([0, 3, 7], dtype=np.uint8), QParams(0.75, 5, 0, 7)), _dequantize,
         lambda q, p: (q, p.scale, p.zero_point, p.axis)),
    Task("choose_grid", "choose_qparams", ("x", "bits", "symmetric", "axis"), 1,
         (np.array([-1.0, 0.25, 2.5]), 4, False, None), _choose_grid,
         # A case whose options are the defaults of the function is called without them
         lambda x, *options: (x,) if options == (8, False, None) else (x, *options),
         values=("scale", "zero_point", "qmin", "qmax"),
         plain=lambda x, bits, symmetric, axis: axis is None),
)
WORKED_EXAMPLE = (
    Task("quantize", "written.quantize", ("x", "W", "B", "P"), 1, (ARTICLE, 10, -3, 8), _written,
         result=list),
    Task("dequantize", "written.dequantize", ("q", "W", "B"), 1,
         ([0, 1, 2, 3], Fraction(9), Fraction(2)), _decoded, result=list),
    Task("min_max", "written.min_max", ("x", "P"), 1, (ARTICLE, 8), _ranges),
    Task("as_printed", Recipe(_as_printed, ()), ("value", "text"), 1, (Fraction(7, 20), "0.3"),
         _roundings),
    Task("possible", Recipe(_possible, ()), ("codes", "P"), 1, ([3, 4, 1], 8), _three_codes),
)
# fmt: on
