"""This module recognises a cast to an integer type that comes before clipping, and so wraps.

The slip `cast_before_clip` of the catalogue casts to int32, which shows only for huge numbers. Here
the narrower types are tried too, and together with a mistake in rounding.
"""

from functools import cache

import numpy as np

from refnn.checking.catalogue.formulas import QUANTIZE
from refnn.checking.catalogue.slip import compiled
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.running.properties import ODD
from refnn.quantization import affine

NAME = "cast_before_clip"
TYPES = ("int8", "uint8", "int16", "uint16", "int32")
ROUNDINGS = (
    *((), ("round_after_adding",), ("floor_for_round",), ("truncate_for_round",)),
    *(("half_away_for_half_even",), ("half_up_for_half_even",)),
    ("truncate_for_round", "round_after_adding"),
)
BOTH = (("rounded + qparams.zero_point", "np.trunc(divided + qparams.zero_point)"),)
BYTE = np.arange(108, 148) + ODD[1]  # where a byte wraps, before or after a zero point is added
BEYOND = np.array([0, 2.0**15, 2.0**16, 2.0**17, 2.5e9])  # in steps; larger ones wrap in more types


def slips_with_cast(f, grid, x):
    """Return the names of the slips in an encoder f that casts before it clips, or ().

    x: numbers beyond both ends of the grid, away from the edges between codes.

    >>> def f(x): return np.clip((np.rint(x / 0.5) + 131) % 256 - 128, 0, 7)
    >>> slips_with_cast(f, affine.QParams(0.5, 3, 0, 7), np.arange(-100, 100) + 0.1)
    ('cast_before_clip',)
    """
    far = np.concatenate([BYTE, *(k + 250 * np.array(ODD) for k in BEYOND)])
    far = np.concatenate([far, -far])
    x = np.concatenate([x, far * min(float(grid.scale), 1e290)])
    got = f(x)
    aligned = affine.align(grid, x.shape, x.dtype)
    if (got == affine.quantize.formula(x, aligned)).all():
        return ()
    for names in ROUNDINGS:
        shifted = np.asarray(_steps(names)(x, aligned).shifted, float)
        for kind in TYPES:
            info = np.iinfo(kind)
            known = np.abs(shifted) < 2.0**31 if info.bits < 32 else np.isfinite(shifted)
            codes = np.clip(_wrapped(shifted, info), grid.qmin, grid.qmax)
            if (codes == got)[known].all() and (codes != np.clip(shifted, *_ends(grid))).any():
                return (NAME, *names)
    return ()


def _ends(grid):
    return grid.qmin, grid.qmax


def _wrapped(whole, info):
    """Return whole numbers modulo the levels of a type.

    A number that does not fit int32 becomes its lowest one, as on x86."""
    low, levels = float(info.min), 2.0**info.bits
    if info.bits == 32:
        return np.where(np.abs(whole) < 2.0**31, whole, low)
    return (whole - low) % levels + low


@cache
def _steps(names):
    both = names == ROUNDINGS[-1]
    edits = BOTH if both else tuple(edit for name in names for edit in CATALOGUE[name].edits)
    return compiled(QUANTIZE, edits)["quantize_steps"].formula
