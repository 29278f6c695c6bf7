"""This module finds the slip (a mistake of the catalogue) in a quantizer with a grid from its data.

It is called for a quantizer whose codes are those of no published convention. It also finds the
smallest tensor that shows the mistake.
"""

from functools import cache
from itertools import islice, product
from typing import NamedTuple

import numpy as np

from refnn.checking.plane.digits import short
from refnn.checking.running import schemes
from refnn.checking.running.behaviour import UNLIMITED, Behaviour, by_its_cast
from refnn.checking.running.casts import NAME as CAST
from refnn.checking.running.tensors import smaller

PRINTED = 12  # a tensor of more numbers is not printed whole
FEW = 12  # a scheme with a slip is tried on this many tensors first, and then on all
MOST = 0.6  # share of the tensors that a slip must explain to be named
MUCH = 0.75  # a slip that leaves a larger share of the wrong codes unexplained is not tried
RARE = 0.05  # a rare convention must give a share of the codes that is larger by this


class Found(NamedTuple):
    """What was found about a quantizer with a grid from its data."""

    conventions: tuple  # names of those whose codes it gives; if none, the nearest one
    fits: bool  # True if it gives their codes
    bits: int  # of a code
    ends: tuple  # the smallest and the largest code that was seen
    tried: int  # how many tensors
    x: tuple = ()  # the smallest tensor that shows the mistake
    gives: tuple = ()  # its codes
    right: tuple = ()  # the codes of the first convention


def find(ask, widths, ends, seen, dtype):
    """Return (Found, the Behaviours of the slips) of a quantizer that fits no convention.

    ask: from a vector to its Coded. widths: possible numbers of bits. ends: the smallest and the
    largest code. seen: pairs (tensor, its Coded). dtype: of the codes.

    >>> from refnn.checking.running.tensors import tensors
    >>> def ask(x): return schemes.Coded(np.floor(x / np.abs(x).max() * 127))
    >>> found, [slip] = find(ask, [8], (-127, 127), [(x, ask(x)) for x in tensors()], np.dtype(int))
    >>> slip.name, found.x, found.gives, found.right
    ('floor_for_round', (-3.0, 2.0), (-127.0, 84.0), (-127.0, 85.0))
    """
    known = {(bits, s.name): s for bits in widths for s in schemes.published(bits)}
    key, slips, right = _explained(known, seen) or _without_ends(known, seen)
    key = key or _nearest(known, seen)
    base, bits = known[key], key[0]

    def shows(x):
        differ = schemes.differs(base, x, ask(x)) if x.min() < x.max() else None
        return differ is not None and bool(differ.any())

    x = smaller(min((seen[i][0] for i in _wrong(base, seen)), key=_plainness), shows)
    shown = [tuple(v.tolist()) for v in (x, ask(x).codes, schemes.value(base, x).codes)]
    found = Found((base.name,), False, bits, ends, len(seen), *shown)
    differs = min(set(range(len(seen))) - right, default=None)
    where = "" if differs is None else f"x = {listed(seen[differs][0])}"
    names = dict.fromkeys(by_its_cast(name, dtype, bits) for name in slips)
    if CAST in names:  # without a zero point these two are the same
        names.pop("byte_before_adding", None)
    return found, [Behaviour("quantize", n, len(right), len(seen), where) for n in names]


def _plainness(x):
    """Return a key that sorts short tensors first, and equally long ones by 0 in their range."""
    return len(x), not x.min() <= 0 <= x.max()


def _wrong(scheme, seen):
    """Return the positions of the tensors on which a scheme gives other codes."""
    found = ((i, schemes.differs(scheme, x, got)) for i, (x, got) in enumerate(seen))
    return [i for i, differ in found if differ is not None and differ.any()]


def _right(scheme, seen, least=0):
    """Return the positions in `seen` of the tensors on which a scheme gives these codes.

    The search stops as soon as fewer than `least` are possible."""
    right = set()
    for i, (x, got) in enumerate(seen):
        differ = schemes.differs(scheme, x, got)
        if differ is not None and not differ.any():
            right.add(i)
        if len(right) + len(seen) - 1 - i < least:
            break
    return right


def _distance(scheme, seen):
    """Return the mean share of the entries of a tensor with another code."""
    values = [(schemes.value(scheme, x), got) for x, got in seen]
    return np.mean([1 if v is None else (v.codes != got.codes).mean() for v, got in values])


def _explained(known, seen):
    """Return ((bits, convention), slips in it that explain the codes, positions of the tensors).

    The positions are those of the tensors that the slips explain. One slip or two are named if they
    explain all tensors. If each of several slips does so, all are named. One is also named if it
    explains most of the tensors on which its convention fails, and more than half of all. The
    result is None if there is none.
    """
    every, widths = set(range(len(seen))), dict.fromkeys(bits for bits, _ in known)

    @cache
    def first_wrong(key):
        differ = ((pair, schemes.differs(known[key], *pair)) for pair in seen)
        return list(islice((pair for pair, d in differ if d is not None and d.any()), 3))

    def exact(kinds, bits):
        for scheme in kinds(bits):
            first = first_wrong((bits, scheme.name))
            if first and len(_right(scheme, first, len(first))) == len(first):
                if _right(scheme, seen, len(seen)) == every:
                    yield (bits, scheme.name), scheme.slips

    for kinds, bits in product((schemes.with_one_slip, schemes.with_two_slips), widths):
        found = exact(kinds, bits)
        for key, slips in found:
            if kinds is schemes.with_one_slip:
                slips += tuple(name for k, names in found if k == key for name in names)
            return key, slips, every
    return _nearly(known, seen)


def _nearest(known, seen):
    """Return (bits, name) of the convention that gives most of the codes, the usual ones first."""

    def distance(key):
        rare = key[1].startswith("article") or "reduce_range" in key[1]
        return _distance(known[key], seen[::3]) + RARE * rare

    return min(known, key=distance)


def _nearly(known, seen):
    """Return the same as `_explained`, for one slip that explains most tensors, or None."""
    best, few = None, seen[:: len(seen) // FEW + 1]
    width = _nearest(known, seen)[0]
    bases = {name: _distance(s, few) for (bits, name), s in known.items() if bits == width}
    wrong_of = cache(lambda name: _wrong(known[width, name], seen))
    for scheme in schemes.with_one_slip(width):
        if _distance(scheme, few) > MUCH * bases[scheme.name]:
            continue
        key, wrong = (width, scheme.name), wrong_of(scheme.name)
        right = _right(scheme, seen, len(seen) / 2)
        explained = len(right & set(wrong)) >= MOST * len(wrong)
        if explained and len(right) > max(len(seen) / 2, len(best[2]) if best else 0):
            best = key, scheme.slips, right
    return best


def _without_ends(known, seen):
    """Return the same as `_explained` for a quantizer whose codes go on beyond their ends.

    Its codes are clipped first. The convention is None if this does not help."""
    for (bits, name), scheme in known.items():
        low, high = schemes.ends(name, bits)
        clipped = [(x, got._replace(codes=np.clip(got.codes, low, high))) for x, got in seen]
        if all((c.codes == got.codes).all() for (_, c), (_, got) in zip(clipped, seen)):
            continue
        if _distance(scheme, clipped[::FEW]) > 0.5:
            continue
        if not _wrong(scheme, clipped[:FEW]) and not _wrong(scheme, clipped):
            return (bits, name), [UNLIMITED], set(range(len(seen)))
        for slip in schemes.with_one_slip(bits):
            if slip.name == name and len(_right(slip, clipped, len(clipped))) == len(clipped):
                return (bits, name), [*slip.slips, UNLIMITED], set(range(len(seen)))
    return None, [], set()


# --- in words -------------------------------------------------------------------------------------


def listed(values):
    """Write numbers in one line, at most PRINTED of them.

    >>> listed([1.0, -0.5])
    '1, -0.5'
    """
    more = ", ..." if len(values) > PRINTED else ""
    return ", ".join(short(v) for v in values[:PRINTED]) + more


def sentence(found):
    """Return the sentence that shows the mistake on the smallest tensor.

    >>> sentence(Found(("ONNX, uint8",), False, 8, (0, 255), 9, (-1, 2), (0, 254), (0, 255)))
    "x = -1, 2 gives the codes 0, 254, but 'ONNX, uint8' gives 0, 255"
    """
    x, gives, right = (np.array(v) for v in (found.x, found.gives, found.right))
    if len(x) > PRINTED:
        i = int(np.argmax(gives != right))
        given = f"in a tensor of {len(x)} numbers, {short(x[i])} gets the code {short(gives[i])}"
        return f"{given}, but {found.conventions[0]!r} gives it {short(right[i])}"
    given = f"x = {listed(x)} gives the codes {listed(gives)}"
    return f"{given}, but {found.conventions[0]!r} gives {listed(right)}"
