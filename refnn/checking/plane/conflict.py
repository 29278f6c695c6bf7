"""This module explains why no (W, B) gives the codes, and finds the least repair.

A conflict is a set of entries whose codes no (W, B) gives together. If any one of them is left out,
some (W, B) gives the rest. A certificate is a short proof of a conflict that can be checked by
hand.
"""

from fractions import Fraction
from itertools import combinations, pairwise
from math import lcm

import numpy as np

from refnn.arrays import Refused
from refnn.checking.plane.circle import (
    MAX_INTERVALS,
    feasible_W,
    from_the_closest,
    meet,
    with_one_more,
)
from refnn.checking.plane.digits import decimal

EXHAUSTIVE = 12  # up to this many entries the conflict found is a smallest one
LINES = 3  # the largest number of pairs in a certificate
NO_SHORT = "No short proof was found"
# The search for a smallest conflict may take this many intervals of W (a second or two).
MAX_WORK = 2 * 10**5


def possible(x, q, levels, indices):
    """Return True if one (W, B) gives the codes at these positions.

    >>> possible([Fraction(2, 5), Fraction(1, 2), Fraction(3, 5)], [3, 4, 1], 8, (0, 2))
    True
    """
    return bool(feasible_W([x[i] for i in indices], [q[i] for i in indices], levels))


def smallest(x, q, levels):
    """Return the positions of a smallest conflict, or () if one (W, B) gives all codes.

    With up to 12 entries, no conflict is smaller, and of several it is the one whose x lie closest
    together. With more entries, or if that search takes more than MAX_WORK intervals (12 numbers of
    three decimals and more), it need not be the smallest: it consists of the closest entries that
    conflict, without those that are not needed.

    >>> smallest([Fraction(k, 10) for k in (1, 4, 5, 6)], [0, 3, 4, 1], 8)
    (1, 2, 3)
    """
    if len(x) <= EXHAUSTIVE and (found := _smallest_of_all(x, q, levels)) is not None:
        return found
    values = from_the_closest(set(x)) if len(set(x)) > 1 else x[:1]
    order = sorted(range(len(x)), key=lambda i: (values.index(x[i]), i))
    for n in range(2, len(x) + 1):  # take the closest entries until they conflict
        if not possible(x, q, levels, order[:n]):
            break
    else:
        return ()
    kept = order[:n]
    for i in reversed(order[:n]):  # leave out what the conflict does not need
        fewer = [j for j in kept if j != i]
        if not possible(x, q, levels, fewer):
            kept = fewer
    return tuple(sorted(kept))


def _smallest_of_all(x, q, levels):
    """Find a conflict of the fewest entries, by growing all sets without a conflict.

    The result is None if that takes too many intervals.
    """
    common = lcm(*(v.denominator for v in x))
    n = [int(v * common) for v in x]
    work = sum(abs(a - b) for a, b in combinations(n, 2))  # the number of intervals of all pairs
    layer = {(i,): [(Fraction(0), Fraction(levels))] for i in range(len(x))} if levels > 1 else {}
    while layer:
        longer, conflicts = {}, []
        for s, u in layer.items():
            for j in range(s[-1] + 1, len(x)):
                work += len(u)
                if work > MAX_WORK:
                    return None
                cells = with_one_more(u, [n[i] for i in s], [q[i] for i in s], n[j], q[j], levels)
                if cells:
                    longer[(*s, j)] = cells
                else:
                    conflicts.append((*s, j))
        if conflicts:
            return min(conflicts, key=lambda s: max(x[i] for i in s) - min(x[i] for i in s))
        layer = longer
    return ()


def certificate(x, q, levels, indices):
    """Explain in words what the codes of each pair in a conflict require of W.

    The text names two or three pairs, which can be checked by hand. If no such pairs are found, it
    says so.

    >>> x, q = [Fraction(2, 5), Fraction(1, 2), Fraction(3, 5)], [3, 4, 1]
    >>> for part in certificate(x, q, 8, (0, 1, 2)).split(". "):
    ...     print(part)
    From 0.4 to 0.5 the code rises by 1, so 0.1*W (mod 8) lies between 0 and 2
    From 0.5 to 0.6 the code falls by 3, so 0.1*W (mod 8) lies between 4 and 6
    No W does both
    """
    common = lcm(*(x[i].denominator for i in indices))
    ordered = sorted(indices, key=lambda i: x[i])
    for i, j in pairwise(ordered):
        if x[i] == x[j] and q[i] != q[j]:
            return f"The same number {decimal(x[i])} cannot have both codes {q[i]} and {q[j]}"
    pairs = [(i, j) for i, j in combinations(ordered, 2) if x[i] != x[j]]
    pairs.sort(key=lambda p: x[p[1]] - x[p[0]])

    def leaves(chosen):
        u = [(Fraction(0), Fraction(levels))]
        for i, j in chosen:
            u = meet(u, int((x[j] - x[i]) * common), q[j] - q[i], levels)
        return bool(u) or all(abs(q[j] - q[i]) in (0, levels) for i, j in chosen)

    if leaves(pairs):
        return (
            f"{NO_SHORT}. With {levels} levels any two of the {len(indices)} codes are possible "
            "together, but not all of them"
        )
    for pair in reversed(pairs):  # keep only the pairs that the conflict needs
        fewer = [p for p in pairs if p != pair]
        if not leaves(fewer):
            pairs = fewer
    if len(pairs) > LINES:
        entries = ", ".join(f"{decimal(x[i])} -> {q[i]}" for i in ordered)
        return (
            f"{NO_SHORT}. The codes {entries} are not possible together, "
            f"but any {len(indices) - 1} of them are"
        )
    lines = []
    for i, j in sorted(pairs):
        low = (q[j] - q[i] - 1) % levels
        lines.append(_line(x, q, i, j, f" (mod {levels})", low, low + 2))
    return ". ".join([*lines, f"No W does {'both' if len(lines) == 2 else 'all of this'}"])


def _line(x, q, i, j, mod, *ends):
    """Explain in words what two entries require of W."""
    low, high, step, a, b = map(decimal, (x[i], x[j], x[j] - x[i], *ends))
    rise = q[j] - q[i]
    change = f"rises by {rise}" if rise > 0 else f"falls by {-rise}" if rise else "stays the same"
    where = f"below {b}" if a == "-inf" else f"above {a}" if b == "inf" else f"between {a} and {b}"
    return f"From {low} to {high} the code {change}, so {step}*W{mod} lies {where}"


def repairable(x):
    """Return True if `largest_set` takes no more than a few seconds for these numbers.

    >>> [repairable([Fraction(1, n), Fraction(2)]) for n in (10, 10**9)]
    [True, False]
    """
    common = lcm(*(v.denominator for v in x))
    return int((max(x) - min(x)) * common) * len(x) <= 4 * MAX_INTERVALS


def largest_set(x, q, levels):
    """Return the positions of a largest set of entries whose codes one (W, B) gives.

    B can be lowered until one entry, the anchor a, is about to change its code: B = qₐ − xₐW. Then
    entry j is right where (xⱼ − xₐ)·W mod P lies in [qⱼ − qₐ, qⱼ − qₐ + 1). These W form intervals,
    and the answer is a W that lies in as many of them as possible, over all anchors. The ends of
    the intervals are compared exactly: two different fractions with denominators up to D differ by
    at least 1/D², so the whole part of D²·end keeps their order.

    >>> largest_set([Fraction(k, 10) for k in (4, 5, 6)], [3, 4, 1], 8)
    (0, 1)
    """
    common = lcm(*(v.denominator for v in x))
    n, q = np.array([int(v * common) for v in x], dtype=object), np.array(q, dtype=object)
    widest = int(max(n) - min(n)) or 1
    if not repairable(x):
        raise Refused("x", "written with fewer decimals", "values too finely spaced to repair")
    dtype = np.int64 if widest**3 * levels < 2**62 else object
    best = ()
    for a in range(len(x)):
        D, k = n - n[a], q - q[a]
        low = np.where(D > 0, k, -k - 1) % levels  # where |D|·u mod levels begins to be right
        always = [j for j in range(len(x)) if D[j] == 0 and k[j] == 0]
        moving = [j for j in range(len(x)) if D[j] != 0]
        if len(always) + len(moving) <= len(best):
            continue
        turns = [np.arange(abs(D[j])).astype(dtype) * levels + low[j] for j in moving]
        owner = np.repeat(moving, [len(t) for t in turns]).astype(int)
        keys = [
            np.concatenate(
                [widest**2 * (t + side) // abs(D[j]) for j, t in zip(moving, turns)]
                or [np.zeros(0, dtype)]
            )
            for side in (1, 0)
        ]  # all ends, then all starts
        step = np.repeat([-1, 1], len(owner))
        order = np.argsort(np.concatenate(keys), kind="stable")  # an end before an equal start
        depth = np.cumsum(step[order])
        if len(always) + (depth.max() if len(depth) else 0) > len(best):
            inside = order[: np.argmax(depth) + 1] if len(depth) else order
            active = np.bincount(np.tile(owner, 2)[inside], step[inside], len(x))
            best = tuple(sorted(always + [j for j in moving if active[j] > 0]))
    return best


def straight_certificate(x, q, low, high, indices):
    """Explain a conflict in words where codes do not wrap, by two pairs that need different W.

    >>> x, q = [Fraction(2, 5), Fraction(1, 2), Fraction(3, 5)], [3, 4, 1]
    >>> for part in straight_certificate(x, q, q, [c + 1 for c in q], (0, 1, 2)).split(". "):
    ...     print(part)
    From 0.4 to 0.5 the code rises by 1, so 0.1*W lies between 0 and 2
    From 0.5 to 0.6 the code falls by 3, so 0.1*W lies between -4 and -2
    No W does both
    """
    ordered = sorted(indices, key=lambda i: x[i])
    for i, j in pairwise(ordered):
        if x[i] == x[j]:
            return f"The same number {decimal(x[i])} cannot have both codes {q[i]} and {q[j]}"
    needed = [(i, j, low[j] - high[i], high[j] - low[i]) for i, j in combinations(ordered, 2)]
    needed.sort(key=lambda pair: x[pair[1]] - x[pair[0]])  # neighbours first
    for one, other in combinations(needed, 2):
        (a, b), (c, d) = ([end / (x[j] - x[i]) for end in ends] for i, j, *ends in (one, other))
        if max(a, c) >= min(b, d):
            lines = [_line(x, q, i, j, "", *ends) for i, j, *ends in (one, other)]
            return ". ".join([*lines, "No W does both"])
    raise AssertionError("two inequalities (1) of `strips` must exclude each other")
