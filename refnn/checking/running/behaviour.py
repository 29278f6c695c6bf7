"""Which slip of the catalogue somebody's function behaves like: the formulas and their slips on the
same inputs.

A slip is named "exact" if it gives the same codes (or decoded values) everywhere on the battery,
which lies off the edges, holds the ties that floats can hit, and goes beyond both ends; several may
be named, where the grid hides what parts them (with z = 0 to forget the zero point is no mistake).
If none does, the one is named that explains most of what is wrong, with an input on which it
differs."""

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.running.properties import ODD, U, exactly, shown
from refnn.quantization import affine, as_written
from refnn.quantization.affine import QParams

FAR = np.array([2.5e9, 3e9, 4e9])  # beyond int32, where every cast wraps below 0
WRITTEN = "the article's floor and mod"
UNLIMITED = "no saturation"
NEAR = 3 / 4  # of the wrong answers: enough to be called the nearest


class Behaviour(NamedTuple):
    """function "quantize", "dequantize", "prune" or "importance"; name: of the slip, or of the
    formula; agree of asked; differs: an input on which it does not agree.

    >>> Behaviour("quantize", "floor_for_round", 40, 40, "Which code is nearest?").exact
    True
    """

    function: str
    name: str
    agree: int
    asked: int
    hint: str
    differs: str = ""

    @property
    def exact(self):
        """Does it agree everywhere?"""
        return self.agree == self.asked


def candidates(formula, right):
    """(name, function, hint): the formula itself, under the name "", and its slips.

    >>> [name for name, _, _ in candidates("quantization.as_written.dequantize", as_written.dequantize)]
    ['', 'minus_B_decoding', 'times_W', 'B_outside_fraction']
    """
    return [
        ("", right, ""),
        *((s.name, s.wrong, s.hint) for s in CATALOGUE.values() if s.formula == formula),
    ]


def answers(function, *arguments):
    """The answer in float64, or None of a slip that does not run on these arguments.

    >>> answers(as_written.dequantize, np.arange(2), 0, 1) is None
    True
    """
    try:
        with np.errstate(all="ignore"):
            return np.asarray(function(*arguments)).astype(np.float64)
    except (ValueError, TypeError, OverflowError, ArithmeticError):
        return None


def likest(function, rows, x, shown):
    """Behaviours from rows (name, agrees: a bool for each input, tie-break, hint), the first the
    right formula, "".

    All that agree everywhere, of the best tie-break; or else the one that explains most of what is
    wrong, if it is three quarters, with the input nearest to 0 on which it differs.

    >>> right, a = np.array([True, False, False, False]), np.array([True, True, True, True])
    >>> likest("quantize", [("", right, 0, ""), ("a", a, 0, "?"), ("b", ~a, 0, "?")], np.arange(4), "x = {}".format)
    [Behaviour(function='quantize', name='a', agree=4, asked=4, hint='?', differs='')]
    """
    exact = [row for row in rows if row[1].all()]
    if exact:
        best = max(extra for _, _, extra, _ in exact)
        return [
            Behaviour(function, name, len(x), len(x), hint)
            for name, _, extra, hint in exact
            if extra == best
        ]
    wrong = ~rows[0][1]
    name, agrees, _, hint = max(
        rows[1:] or rows, key=lambda row: (row[1][wrong].sum(), row[1].sum())
    )
    if not name or agrees[wrong].mean() < NEAR or agrees.sum() <= (~wrong).sum():
        return []
    at = np.nonzero(~agrees)[0]
    return [
        Behaviour(
            function, name, int(agrees.sum()), len(x), hint, shown(x[at[np.argmin(np.abs(x[at]))]])
        )
    ]


def battery(grid):
    """x: steps off the edges, ties and whole steps that floats hit, and as far again beyond both
    ends.

    >>> x = battery(QParams(0.5, 3, 0, 7)); x.min().round(3), x.max().round(3)
    (np.float64(-9.5), np.float64(10.435))
    """
    scale, span = float(grid.scale), grid.qmax - grid.qmin + 1
    low, high = grid.qmin - grid.zero_point - 2 * span, grid.qmax - grid.zero_point + 2 * span
    whole = (
        np.arange(low, high + 1)
        if span <= 300
        else np.unique(
            np.r_[
                -200:201,
                np.linspace(low, high, 400).astype(int),
                grid.qmin - grid.zero_point + np.arange(-20, 20),
                grid.qmax - grid.zero_point + np.arange(-20, 20),
            ]
        )
    )
    exact = np.concatenate([exactly(whole + 0.5, scale), exactly(whole * 1.0, scale)])
    return np.unique(np.concatenate([(whole[:, None] + np.array(ODD)).ravel(), exact])) * scale


def encoder(f, grid, article=None, known=False):
    """Behaviours of an encoder f on a grid; article: the (W, B, P) of §3.1.1 that would have the
    same edges, or None; known: it is given them, so that it is the article's form.

    >>> encoder(lambda x: np.clip(np.floor(x / 0.5) + 3, 0, 7), QParams(0.5, 3, 0, 7))[0].name
    'floor_for_round'
    """
    x = battery(grid)
    far = FAR * min(float(grid.scale), 1e290)
    got, got_far = f(x), f(far)

    def rows(formula, right, *more):
        for name, function, hint in candidates(formula, right):
            codes, codes_far = answers(function, x, *more), answers(function, far, *more)
            if codes is not None and codes.shape == got.shape and codes_far is not None:
                yield name, codes == got, int((codes_far == got_far).sum()), hint

    found = []
    if not known:
        beyond = (
            "quantize",
            UNLIMITED,
            len(x),
            len(x),
            "What is the code of a number beyond the last?",
        )
        found = likest(
            "quantize", [*rows("quantization.affine.quantize", affine.quantize, grid)], x, _at
        )
        if (
            not any(b.exact for b in found)
            and (affine.quantize_steps(x, grid).shifted == got).all()
        ):
            found = [Behaviour(*beyond)]
    if article is not None and not any(b.exact for b in found):
        written = likest(
            "quantize",
            [*rows("quantization.as_written.quantize", as_written.quantize, *article)],
            x,
            _at,
        )
        found = [
            b._replace(
                name=b.name or WRITTEN,
                hint=b.hint or "Which code is nearest, and does mod saturate?",
            )
            for b in written
            if known or not b.name
        ] or found
    return [] if any(b.exact and not b.name for b in found) else found


def _at(x):
    return f"x = {shown(x)}"


def decoder(d, grid, article=None):
    """Behaviours of a decoder d on a grid.

    >>> decoder(lambda q: (q + 3.0) * 0.5, QParams(0.5, 3, 0, 7))[0].name
    'plus_zero_point'
    """
    scale, z = float(grid.scale), grid.zero_point
    span = grid.qmax - grid.qmin
    q = (grid.qmin + np.unique(np.linspace(0, span, min(span, 600) + 1).astype(np.int64))).astype(
        arrays.code_dtype(grid.qmin, grid.qmax)
    )
    got = d(q)  # (the slips get the narrowest codes, d those of its encoder)
    tried = [("quantization.affine.dequantize", affine.dequantize, (grid,))]
    if article is not None:
        tried.append(("quantization.as_written.dequantize", as_written.dequantize, article[:2]))
    rows = []
    for formula, right, more in tried:
        for name, function, hint in candidates(formula, right):
            values = answers(function, q, *more)
            if values is None or values.shape != got.shape:
                continue
            room = (
                8
                * U
                * (np.abs(values) + (np.abs(q.astype(float)) + abs(z)) * max(scale, 1 / scale))
            )
            if not name and formula.startswith("quantization.as_written"):
                name, hint = "the article's (q + B)/W", CATALOGUE["plus_zero_point"].hint
            rows.append((name, np.abs(values - got) <= room, 0, hint))
    found = likest("dequantize", rows, q.astype(int), "code {}".format)
    if any(b.exact and not b.name for b in found):
        return []
    named = [b for b in found if b.name in CATALOGUE]
    return named or found


def grid_of(d, qmin, qmax):
    """The grid that a decoder would be right for, if it is (q − z)·Δ for a whole z in range; else
    None.

    >>> grid_of(lambda q: (q - 3.0) * 0.5, 0, 7)
    QParams(scale=0.5, zero_point=3, qmin=0, qmax=7, axis=None, block=None)
    """
    q = np.unique(np.linspace(qmin, qmax, min(qmax - qmin, 300) + 1).astype(np.int64))
    values = d(q.astype(arrays.code_dtype(qmin, qmax)))
    scale = float(values[-1] - values[0]) / float(q[-1] - q[0])
    if not scale > np.finfo(float).tiny:
        return None
    z = round(float(q[0] - values[0] / scale))
    fits = np.abs(values - (q - z) * scale) <= 16 * U * (np.abs(q) + abs(z)) * scale
    simple = Fraction(scale).limit_denominator(10**6)
    if abs(float(simple) - scale) <= 8 * U * scale:
        scale = float(simple)
    return QParams(scale, z, qmin, qmax) if fits.all() and qmin <= z <= qmax else None
