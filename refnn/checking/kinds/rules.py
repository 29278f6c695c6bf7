"""This module lists the rules of affine quantization that a claim may follow.

A rule computes everything that may be printed from x: scale, zero_point, qmin, qmax, the codes and
the decoded values. The first rule is the library's own (ONNX). The others are the published
conventions that agree with what the claim states. If it states the grid, the three roundings to the
nearest code are tried too, before or after the zero point is added. Every rule computes in exact
Fractions, and in float32 or float64 as a machine does.
"""

from collections.abc import Callable
from difflib import get_close_matches
from fractions import Fraction
from functools import partial
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.arrays import Refused, describe
from refnn.quantization import calibration, rounding
from refnn.quantization.conventions import CONVENTIONS

HALF = Fraction(1, 2)
NEAREST = {"half_even": "to even", "half_away": "away from zero", "half_up": "up"}
SCALED = [c for c in CONVENTIONS if "article" not in c.name]  # those with a scale
BITS = (8, 4, 2, 3, 5, 6, 7, 16)  # that are tried if a claim does not state them, in this order


class Rule(NamedTuple):
    """A way to quantize x."""

    name: str  # "" for the library's own rule
    grid: Callable  # (x) -> {scale, zero_point, qmin, qmax, raw}, or None if it divides by 0
    code: Callable  # (x, scale, zero_point, qmin, qmax) -> codes; scale and zero point aligned
    axis: int | None = None
    own: Callable | None = None  # (scale, zero_point) -> the numbers that it prints, and back

    def made(self, x):
        """Return {name: value} of everything that the rule gives for x, or None if it has none."""
        with np.errstate(all="ignore"):
            grid = self.grid(x)
            return grid and self.follow(x, grid)

    def follow(self, x, grid):
        """Return everything that the rule gives for x on a known grid.

        The result is None if the numbers are too large for codes.
        """
        try:
            return self._follow(x, grid)
        except OverflowError:
            return None

    def _follow(self, x, grid):
        scale, zero_point = self.aligned(grid, x.shape)
        codes = grid.get("codes")
        if codes is None:
            codes = np.asarray(self.code(x, scale, zero_point, grid["qmin"], grid["qmax"]))
            codes = codes.astype(object if x.dtype == object else np.float64)
        decoded = grid.get("decoded")
        if decoded is None:
            decoded = (codes - zero_point) * scale
        return {**grid, "codes": codes, "decoded": decoded}

    def aligned(self, grid, shape):
        """Return scale (real units per code) and zero point, which broadcast against x."""
        pair = np.asarray(grid["scale"]), np.asarray(grid["zero_point"])
        if pair[0].ndim == 0:
            pair = pair[0][()], pair[1][()]
            return self.own(*pair) if self.own else pair
        return tuple(arrays.aligned("axis", values, shape, self.axis) for values in pair)

    def ratio(self, x, made):
        """Return the numbers that the rule rounds to get the codes."""
        scale, zero_point = self.aligned(made, x.shape)
        return x / scale + zero_point  # a whole zero point moves no tie


# --- the rules of a claim -------------------------------------------------------------------------


def ranged(x, stated):
    """Yield the rules that take the grid from the range of x, the library's own first.

    stated: what the claim says of bits, signed, symmetric, axis, qmin, qmax and convention.

    >>> x = arrays.objects([Fraction(-1), Fraction(2)], (2,))
    >>> next(ranged(x, {})).made(x)["zero_point"]
    -43
    """
    axis, stated = stated.get("axis"), _of_ends(dict(stated))
    if "convention" in stated:
        named = [c for c in CONVENTIONS if c.name == stated["convention"]]
        if not named:
            raise Refused("convention", "one of those that `conventions` lists", _near(stated))
    else:
        named = [c for c in CONVENTIONS if _agrees(c, stated)]
        options = {key: stated[key] for key in ("signed", "symmetric") if key in stated}
        # For symmetric unsigned codes no rule is the usual one.
        if not (stated.get("symmetric") and stated.get("signed") is False):
            yield _own("", stated.get("bits", 8), options, axis)
    for bits in [stated["bits"]] if "bits" in stated else BITS:
        if "convention" not in stated and not options and bits != 8:
            yield _own(f"ONNX's rule with {bits} bits", bits, {"signed": True}, axis)
            yield _own(f"ONNX's rule with {bits} bits, unsigned", bits, {"signed": False}, axis)
        for convention in named:
            if 2 <= bits <= 16:
                yield _by(convention, bits, axis)
                if convention.own and convention in SCALED and axis is None:
                    yield _as_printed(_by(convention, bits, axis), convention.own)


def _own(name, bits, options, axis):
    def grid(x):
        p = calibration.choose_qparams(x, bits=bits, axis=axis, **options)
        low, _ = (f(0, v) for f, v in ((min, np.min(x)), (max, np.max(x))))
        raw = p.qmin - low / p.scale if axis is None and not options.get("symmetric") else None
        return {
            **{key: getattr(p, key) for key in ("scale", "zero_point", "qmin", "qmax")},
            "raw": raw,
        }

    return Rule(name, grid, partial(_code, "half_even", False), axis=axis)


def _as_printed(rule, own):
    """Return a rule whose scale and zero point are the numbers that the convention itself prints.

    They may be in codes per real unit, or have the other sign."""

    def grid(x):
        found = rule.grid(x)
        if found is not None:
            scale, zero_point = own(found["scale"], found["zero_point"])
            found = {**found, "scale": scale, "zero_point": zero_point}
        return found

    name = f"{rule.name}, in its own numbers"
    return rule._replace(name=name, grid=grid, own=own)


def _by(convention, bits, axis):
    """Return the Rule of a published convention, slice by slice if there is an axis."""
    limits = dict(zip(("qmin", "qmax"), convention.limits(bits)))

    def grid(x):
        slices = [x] if axis is None else list(np.moveaxis(x, axis, 0))
        try:
            grids = [convention.encode(part, bits) for part in slices]
        except ValueError:  # no finite normal scale
            return None
        if any(g is None for g in grids):
            return None
        if axis is None:
            [g] = grids
            return {**g._asdict(), **limits, "raw": None}
        codes, decoded = (
            np.moveaxis(np.stack([np.asarray(getattr(g, key)) for g in grids]), 0, axis)
            for key in ("codes", "decoded")
        )
        by_slice = {
            key: np.array([getattr(g, key) for g in grids], object)
            for key in ("scale", "zero_point")
        }
        return {**by_slice, "codes": codes, "decoded": decoded, **limits, "raw": None}

    said = convention.name if bits == 8 else f"{convention.name}, with {bits} bits"
    return Rule(said, grid, convention.code, axis=axis)


def stated_grid(scale, zero_point, ends, axis):
    """Yield the rules for x on a stated grid, the library's own first.

    ends: a list of (qmin, qmax), of which the first one is assumed if the claim states none.

    >>> x, scale = arrays.objects([Fraction(1)], (1,)), arrays.objects([Fraction(2)], ())
    >>> rules = stated_grid(scale, np.array(0, object), [(0, 7)], None)
    >>> found = {rule.name: rule.made(x)["codes"].tolist() for rule in rules}
    >>> found[""], found["ties rounded away from zero"]
    ([0], [1])
    """
    for qmin, qmax in ends:
        grid = {"scale": scale, "zero_point": zero_point, "qmin": qmin, "qmax": qmax, "raw": None}
        on = "" if (qmin, qmax) == ends[0] else f" with codes {qmin}..{qmax}"
        fixed = partial(_fixed, grid)
        first = f"round half to even{on}" if on else ""
        yield Rule(first, fixed, partial(_code, "half_even", False), axis=axis)
        for convention in SCALED if axis is None else ():
            yield Rule(convention.name + on, fixed, convention.code)
        for after in (False, True):
            for rule, ties in list(NEAREST.items())[1 - after :]:
                words = [] if rule == "half_even" else [f"ties rounded {ties}"]
                words += ["the zero point added before rounding"] if after else []
                name = ", ".join(words) + on
                yield Rule(name, fixed, partial(_code, rule, after), axis)


def _fixed(grid, x):
    if x.dtype == object:
        return grid
    scale = np.asarray([float(s) for s in np.ravel(grid["scale"])], x.dtype)
    return {**grid, "scale": scale.reshape(np.shape(grid["scale"]))}


def _code(rule, after, x, scale, zero_point, qmin, qmax):
    """Return clip(round(x/scale) + zero_point, qmin, qmax).

    after: True if the zero point is added before rounding."""
    nearest = getattr(rounding, rule).formula
    if x.dtype != object:
        scale, zero_point = (np.asarray(a).astype(x.dtype) for a in (scale, zero_point))
    steps = np.asarray(x / scale)
    codes = nearest(np.asarray(steps + zero_point)) if after else nearest(steps) + zero_point
    return codes if qmin is None else np.clip(codes, qmin, qmax)


def _agrees(convention, stated):
    """Return True if a convention agrees with what a claim states."""
    return all(
        getattr(convention, key) == stated[key] for key in ("signed", "symmetric") if key in stated
    )


def _of_ends(stated):
    """Add the bits and the sign that a stated qmin and qmax mean, if they mean any."""
    if "qmin" in stated and "qmax" in stated:
        levels = stated["qmax"] - stated["qmin"] + 1
        if levels > 3 and levels & (levels - 1) == 0:
            stated.setdefault("bits", levels.bit_length() - 1)
        elif levels > 2 and (levels + 1) & levels == 0 and stated["qmin"] == -stated["qmax"]:
            stated.setdefault("bits", (levels + 1).bit_length() - 1)
            stated.setdefault("symmetric", True)
        stated.setdefault("signed", stated["qmin"] < 0)
    return stated


def _near(stated):
    found = get_close_matches(str(stated["convention"]), [c.name for c in CONVENTIONS], 1, 0.3)
    return describe(stated["convention"]) + (f"; the nearest name is {found[0]!r}" if found else "")
