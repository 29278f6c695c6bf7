"""This module finds the slip (a mistake of the catalogue) that a function behaves like.

The formulas and their slips are computed on the same test inputs as the function (the "battery").
These inputs lie away from the edges between codes, contain ties that are exact in floats, and go
beyond both ends. A slip is exact if it gives the same codes (or decoded values) for all of them.
There may be several exact slips, because some grids hide a difference. For example, forgetting the
zero point changes nothing if z = 0. If no slip is exact, the slip that explains most of the wrong
answers is named, together with an input for which it gives another answer."""

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from refnn.checking.catalogue.explain import each
from refnn.checking.catalogue.formulas import FORMULAS, Recipe
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.plane.digits import short
from refnn.checking.running.casts import slips_with_cast
from refnn.checking.running.properties import ODD, U, exactly
from refnn.quantization import affine, rounding
from refnn.quantization.affine import QParams

FAR = np.array([2.5e9, 3e9, 4e9])  # beyond int32, where a cast gives a negative number
WRITTEN = "the article's floor and mod"
DECODER = "the article's (q + B)/W"
UNLIMITED = "a quantizer without saturation"
HINTS = {  # for names that are not slips
    "": "",
    WRITTEN: "Which code is nearest to x, and does mod saturate?",
    UNLIMITED: "Which code should a number get if it is larger than the last code?",
    DECODER: CATALOGUE["plus_zero_point"].hint,
}
NEAR = 3 / 4  # share of the wrong answers that a slip must explain to be named


class Behaviour(NamedTuple):
    """The slip or formula that a function behaves like, and on how many inputs.

    >>> Behaviour("quantize", "floor_for_round", 40, 40).exact
    True
    """

    function: str  # quantize, dequantize, prune or importance
    name: str
    agree: int  # number of answers that agree
    asked: int  # number of all answers
    differs: str = ""  # an input for which the answers differ

    @property
    def exact(self):
        """Return True if all answers agree."""
        return self.agree == self.asked

    @property
    def hint(self):
        """Return a hint that says where to look."""
        return CATALOGUE[self.name].hint if self.name in CATALOGUE else HINTS[self.name]


def answers(recipe, given, value):
    """Return {name: one value in float64} for a row of `formulas`, under "", and for its slips.

    A slip that has no value is left out.

    >>> list(answers("written.dequantize", {"q": np.arange(2), "W": 2, "B": 1}, "decoded"))
    ['', 'minus_B_decoding', 'times_W', 'B_outside_fraction']
    """
    row = FORMULAS[recipe]

    def in_floats(call, given):
        return {value: np.asarray(row.compute(call, given)[value]).astype(np.float64)}

    found = each(Recipe(in_floats, row.formulas), given)
    return {name: v[value] for name, v in found.items() if v}


def likest(function, rows, x, words):
    """Return the Behaviours that explain the answers of a function best.

    rows: (name, a bool for each input that says if the answers agree, tie-break). The first row is
    the right formula, with the name "".
    words: turns an input into text.

    If rows agree for all inputs, those with the highest tie-break are returned. Otherwise the row
    that explains most wrong answers is returned, if it explains three quarters of them. It comes
    with the input nearest to 0 for which it differs.

    >>> right, a = np.array([True, False, False, False]), np.array([True, True, True, True])
    >>> likest("quantize", [("", right, 0), ("a", a, 0), ("b", ~a, 0)], np.arange(4), str)[0].name
    'a'
    """
    rows, n = list(rows), len(x)
    exact = [(name, extra) for name, agrees, extra in rows if agrees.all()]
    if exact:
        best = max(extra for _, extra in exact)
        return [Behaviour(function, name, n, n) for name, extra in exact if extra == best]
    wrong = ~rows[0][1]
    name, agrees, _ = max(rows[1:] or rows, key=lambda row: (row[1][wrong].sum(), row[1].sum()))
    if not name or agrees[wrong].mean() < NEAR or agrees.sum() <= (~wrong).sum():
        return []
    differ = x[~agrees]
    nearest = differ[np.argmin(np.abs(differ))]
    return [Behaviour(function, name, int(agrees.sum()), n, words(nearest))]


def battery(grid):
    """Return the test inputs for a grid, which also go beyond both of its ends.

    They are points away from the edges, and the ties and whole steps that are exact in floats.

    >>> x = battery(QParams(0.5, 3, 0, 7)); x.min().round(3), x.max().round(3)
    (np.float64(-9.5), np.float64(10.435))
    """
    scale, span = float(grid.scale), grid.qmax - grid.qmin + 1
    ends = grid.qmin - grid.zero_point, grid.qmax - grid.zero_point
    low, high = ends[0] - 2 * span, ends[1] + 2 * span
    if span <= 300:
        whole = np.arange(low, high + 1)
    else:
        near = [end + np.arange(-20, 20) for end in ends]
        whole = np.unique(np.r_[-200:201, np.linspace(low, high, 400).astype(int), *near])
    exact = np.concatenate([exactly(whole + 0.5, scale), exactly(whole * 1.0, scale)])
    return np.unique(np.concatenate([(whole[:, None] + np.array(ODD)).ravel(), exact])) * scale


def by_its_cast(name, dtype, bits):
    """Return the name of a slip, but "cast_before_clip" if codes wrap because of their dtype.

    >>> [by_its_cast("mod_for_clip", np.dtype(dtype), 8) for dtype in ("int8", "int64")]
    ['cast_before_clip', 'mod_for_clip']
    """
    narrow = dtype.kind in "iu" and 8 * dtype.itemsize == bits
    return "cast_before_clip" if narrow and name == "mod_for_clip" else name


def _named(behaviours):
    return any(b.exact for b in behaviours)


def _wraps_on_purpose(found, grid, dtype):
    """Return True if a function is mod_for_clip, and its codes would fit in their dtype anyway."""
    bits = (grid.qmax - grid.qmin).bit_length()
    wide = dtype is None or by_its_cast("mod_for_clip", dtype, bits) == "mod_for_clip"
    return wide and any(b.exact and b.name == "mod_for_clip" for b in found)


def encoder(f, grid, article=None, known=False, dtype=None):
    """Return the Behaviours of an encoder f on a grid.

    article: the (W, B, P) of §3.1.1 that have the same edges between codes, or None.
    known: True if W, B and P are arguments of f, so that it has the form of the article.
    dtype: of the codes of f, if it is known.

    >>> encoder(lambda x: np.clip(np.floor(x / 0.5) + 3, 0, 7), QParams(0.5, 3, 0, 7))[0].name
    'floor_for_round'
    """
    x = battery(grid)
    far = FAR * min(float(grid.scale), 1e290)
    got, got_far, found = f(x), f(far), []

    def nearest(recipe, given):
        codes, codes_far = (answers(recipe, {**given, "x": v}, "codes") for v in (x, far))
        rows = [
            (name, q == got, int((codes_far[name] == got_far).sum()))
            for name, q in codes.items()
            if name in codes_far and q.shape == got.shape
        ]
        return likest("quantize", rows, x, lambda v: f"x = {short(v)}")

    if not known:
        found = nearest("quantize", {"qparams": grid})
        if not _wraps_on_purpose(found, grid, dtype):
            cast = slips_with_cast(f, grid, x)
            found = [Behaviour("quantize", name, len(x), len(x)) for name in cast] or found
        unbounded = affine.quantize_steps(x, grid).shifted
        if not _named(found) and (unbounded == got).all():
            found = [Behaviour("quantize", UNLIMITED, len(x), len(x))]
    if article is not None and not _named(found):
        written = nearest("written.quantize", dict(zip("WBP", article)))
        written = [b._replace(name=b.name or WRITTEN) for b in written if known or not b.name]
        found = written or found
    return [] if any(b.exact and not b.name for b in found) else found


def decoder(d, grid, article=None):
    """Return the Behaviours of a decoder d on a grid.

    >>> decoder(lambda q: (q + 3.0) * 0.5, QParams(0.5, 3, 0, 7))[0].name
    'plus_zero_point'
    """
    scale, z = float(grid.scale), grid.zero_point
    q = _some_codes(grid.qmin, grid.qmax, 600)
    got = d(q)  # q has the narrowest dtype; d casts it to its encoder's dtype
    tried = [("", "dequantize", {"qparams": grid})]
    if article is not None:
        tried.append((DECODER, "written.dequantize", dict(zip("WB", article))))
    rows = []
    for known, recipe, given in tried:
        for name, values in answers(recipe, {**given, "q": q}, "decoded").items():
            if values.shape == got.shape:
                steps = (np.abs(q.astype(float)) + abs(z)) * max(scale, 1 / scale)
                room = 8 * U * (np.abs(values) + steps)
                rows.append((name or known, np.abs(values - got) <= room, 0))
    found = likest("dequantize", rows, q.astype(int), "code {}".format)
    if any(b.exact and not b.name for b in found):
        return []
    return [b for b in found if b.name != DECODER] or found


def grid_of(d, qmin, qmax):
    """Return the grid for which a decoder is right, or None if there is none.

    The decoder must compute (q − z)·Δ with a whole z in qmin..qmax.

    >>> grid_of(lambda q: (q - 3.0) * 0.5, 0, 7)
    QParams(scale=0.5, zero_point=3, qmin=0, qmax=7, axis=None, block=None)
    """
    codes = _some_codes(qmin, qmax, 300)
    values, q = d(codes), codes.astype(np.int64)
    scale = float(values[-1] - values[0]) / float(q[-1] - q[0])
    if not scale > np.finfo(float).tiny:
        return None
    z = round(float(q[0] - values[0] / scale))
    fits = np.abs(values - (q - z) * scale) <= 16 * U * (np.abs(q) + abs(z)) * scale
    simple = Fraction(scale).limit_denominator(10**6)
    if abs(float(simple) - scale) <= 8 * U * scale:
        scale = float(simple)
    return QParams(scale, z, qmin, qmax) if fits.all() and qmin <= z <= qmax else None


def _some_codes(qmin, qmax, most):
    """Return at most `most` + 1 codes, spread over the whole range, in the narrowest dtype."""
    steps = np.unique(np.linspace(0, qmax - qmin, min(qmax - qmin, most) + 1).astype(np.int64))
    return (qmin + steps).astype(rounding.code_dtype(qmin, qmax))
