"""This module judges a quantizer that chooses its grid from its data, on whole tensors.

Such a function may return the codes, or (codes, scale, zero_point). Its codes are compared with
those of all published conventions, first on tensors without ties, then on ties. If none fits, the
module `mistaken` looks for the slip behind them.
"""

import numpy as np

from refnn.checking.plane.digits import short
from refnn.checking.running import mistaken, schemes
from refnn.checking.running.behaviour import Behaviour
from refnn.checking.running.mistaken import Found, listed, sentence
from refnn.checking.running.properties import (
    AGAIN,
    PROBE,
    Broken,
    Property,
    numbers,
    promise,
    untouched,
)
from refnn.checking.running.returned import coded, codes_of
from refnn.checking.running.tensors import tensors, ties

WHOLE = "codes are whole numbers"
FITS = "whole tensors get the codes of a published convention"
TIES = "ties are rounded as in a published convention"


def judge(call, label, seed=0):
    """Return (Found, properties, behaviours) of a quantizer with a grid from its data.

    Found is None if its answers cannot be compared. seed: of the tensors.

    >>> def absmax(x): return np.rint(x / np.abs(x).max() * 127).astype(np.int8)
    >>> judge(absmax, "quantize")[0].conventions[0]
    'symmetric by 2^(b−1) − 1'
    """
    ask, properties = coded(call, label), []
    try:
        properties += _manners(ask, call)
        seen = [(x, ask(x)) for x in tensors(seed)]
        for x, got in seen:
            bad = np.nonzero(~(got.codes == np.floor(got.codes)))[0]
            if len(bad):
                what = f"{short(x[bad[0]])} gets the code {short(got.codes[bad[0]])}"
                raise Broken(WHOLE, f"in x = {listed(x)}, {what}")
    except Broken as broken:
        return None, [*properties, broken.property], []
    properties.insert(0, Property(WHOLE, True))
    dtype = np.asarray(codes_of(call)(PROBE.copy())).dtype
    ends = tuple(int(end) for end in _ends(seen))
    widths = _widths(dtype, *ends)
    for bits in widths:
        fit = [s for s in schemes.published(bits) if _fits(s, seen)]
        if fit:
            found = Found(tuple(s.name for s in fit), True, bits, ends, len(seen))
            found, more, slips = _by_ties(found, fit, ask, seen)
            kept = [s for s in fit if s.name in found.conventions]
            return found, [*properties, *more, *_grids(kept, seen)], slips
    found, slips = mistaken.find(ask, widths, ends, seen, dtype)
    return found, [*properties, Property(FITS, False, sentence(found))], slips


def _manners(ask, call):
    """Return the Properties of an answer that do not depend on the grid."""
    first, *others = (ask(PROBE).codes for _ in range(1 + AGAIN))
    again = next((a for a in others if (a != first).any()), first)
    same = "the same input gives the same codes"
    if (first != again).any():
        i = np.argmax(first != again)
        once = f"x = {short(PROBE[i])} gives {short(first[i])} in one call"
        raise Broken(same, f"{once} and {short(again[i])} in another")
    matrix, codes = PROBE[:6].reshape(2, 3), codes_of(call)
    square = numbers(codes(matrix.copy()))
    kept = square is not None and square.shape == matrix.shape
    found = [
        Property(same, True),
        promise("the shape is kept", kept, "input (2, 3) does not give output (2, 3)"),
    ]
    if kept:
        rows = np.array([ask(row).codes for row in matrix])
        columns = np.array([ask(column).codes for column in matrix.T]).T
        whole = ask(PROBE[:6]).codes.reshape(2, 3)
        how = any(np.array_equal(square, way) for way in (whole, rows, columns))
        why = f"{listed(matrix.ravel())} as a matrix of two rows gives {listed(square.ravel())}"
        way = "a matrix is encoded as one vector, row by row, or column by column"
        found.append(promise(way, how, why))
    return [*found, untouched("the input array stays unchanged", codes, PROBE)]


def _ends(seen):
    """Return the smallest and the largest code."""
    return min(got.codes.min() for _, got in seen), max(got.codes.max() for _, got in seen)


def _widths(dtype, low, high):
    """Return the numbers of bits that fit the codes, the likeliest first.

    A mistake may give a code too many, so one bit less is tried too. So are the bits of the dtype.
    With reduce_range the codes use one bit less than they have, so one bit more is tried too.
    """
    bits = max((-low - 1).bit_length(), high.bit_length()) + 1 if low < 0 else high.bit_length()
    own = 8 * dtype.itemsize if dtype.kind in "iu" else bits
    return [b for b in dict.fromkeys((bits, own, bits - 1, bits + 1)) if 2 <= b <= 16]


def _fits(scheme, seen):
    """Return True if no code differs on any tensor."""
    differ = (schemes.differs(scheme, x, got) for x, got in seen)
    return not any(d is not None and d.any() for d in differ)


def _by_ties(found, fit, ask, others):
    """Return (Found, properties, behaviours) of a function that fits conventions except at ties.

    others: pairs of a tensor without ties and its Coded."""
    seen = [(x, ask(x)) for x in ties(found.bits)]

    def keeps(scheme):
        differ = (schemes.differs(scheme, x, got, tie=True) for x, got in seen)
        return not any(d is not None and d.any() for d in differ)

    kept = tuple(s.name for s in fit if keeps(s))
    if kept:
        properties = [Property(FITS, True), Property(TIES, True)]
        return found._replace(conventions=kept), properties, []
    named = {s.name: s for s in fit}
    for slip in schemes.with_one_slip(found.bits):
        if slip.name not in named or not keeps(slip) or not _fits(slip, others):
            continue
        base = named[slip.name]
        for x, got in seen:
            wrong = schemes.differs(base, x, got, tie=True)
            if wrong is None or not wrong.any():
                continue
            if (schemes.value(slip, x).codes != got.codes)[wrong].any():
                break  # the slip does not explain these ties
            at = [0, 1, int(np.argmax(wrong))]  # the ends of the range, and a tie
            right = schemes.value(base, x).codes
            shown = [tuple(v[at].tolist()) for v in (x, got.codes, right)]
            found = found._replace(
                conventions=(base.name,), x=shown[0], gives=shown[1], right=shown[2]
            )
            mistake = Behaviour("quantize", slip.slips[0], len(seen), len(seen))
            why = sentence(found)
            return found, [Property(FITS, True), Property(TIES, False, why)], [mistake]
    reason = "they follow no single rule, for example because the scale is not exact"
    return found, [Property(FITS, True), Property(TIES, None, reason)], []


def _grids(fit, seen):
    """Return the Properties of the scale and the zero point that were returned with the codes."""
    names = [n for n in ("scale", "zero_point") if getattr(seen[0][1], n) is not None]
    tried = ([_wrong_grid(scheme, seen, name) for name in names] for scheme in fit)
    whys = min(tried, key=any)  # those of the first convention, if none has all of them right
    titles = [f"the {name.replace('_', ' ')} is that of the codes" for name in names]
    return [promise(title, not why, why) for title, why in zip(titles, whys)]


def _wrong_grid(scheme, seen, name):
    """Return the sentence that shows a wrong scale or zero point, or "" if all are right."""
    for x, got in seen:
        if schemes.same_grid(scheme, x, got)[name == "zero_point"] is False:
            right = getattr(schemes.value(scheme, x), name)
            given = f"x = {listed(x)} gives {name} {short(getattr(got, name))}"
            return f"{given}, but {scheme.name} gives {short(right)}"
    return ""
