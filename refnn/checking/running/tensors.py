"""This module holds the tensors on which quantizers with a grid from their data are judged.

Small tensors come first, so the first one that shows a mistake is among the smallest. A longer one
is made smaller as long as it still shows the mistake.
"""

from functools import cache
from itertools import combinations

import numpy as np

ENDS = (-3, -2, -1, -0.3, 0, 0.2, 1, 2, 3)
TRIPLES, SHORT, LONG = 60, 60, 30  # how many tensors of three, of four to six, and of more numbers


@cache
def tensors(seed=0):
    """Return the tensors, in ascending order of their lengths.

    Their numbers have one or two decimals. No tensor has a single value, for which many conventions
    divide by 0.

    >>> [x.tolist() for x in tensors()[:2]], len(tensors()[-1])
    ([[-3.0, -2.0], [-3.0, -1.0]], 3000)
    """
    rng = np.random.default_rng(seed)
    found = [np.array(pair, float) for pair in combinations(ENDS, 2)]
    sizes = [3] * TRIPLES + sorted(rng.integers(4, 7, SHORT))
    found += [_short(rng, size) for size in sizes]
    for k, size in enumerate(sorted(rng.integers(8, 40, LONG))):
        x = rng.normal(size=size) * 10.0 ** rng.integers(0, 2)
        x = (np.abs(x), -np.abs(x), x, x, x + 2, x - 3)[k % 6]
        found.append(x.round(2))
    for x in (rng.normal(size=1000), rng.standard_t(2, size=3000)):
        found.append(x.round(2))
    for x in found:
        x.flags.writeable = False
    return tuple(x for x in found if x.min() < x.max())


def _short(rng, size):
    low, high = sorted(rng.choice(ENDS, 2, replace=False))
    inner = rng.uniform(low, high, size - 2).round(1)
    return np.clip(rng.permutation([low, high, *inner]), low, high)


@cache
def ties(bits):
    """Return tensors with values exactly between two codes, in the steps of most conventions.

    >>> ties(8)[0].tolist()[:4]
    [-10.75, 53.0, -1.125, -0.875]
    """
    levels, half = 2**bits, 2.0 ** (bits - 1)
    odd, even = levels // 6 | 1, levels // 6 & ~1
    ends = [(-z, levels - 1 - z) for z in (odd, even, 0, levels - 1)]
    ends += [(-m, m / 2) for m in (half - 1, half - 0.5, half)]
    ends += [(-m / 2, m) for m in (half - 1, half - 0.5, half)]
    inner = np.arange(-4.5, 5)
    found = []
    for low, high in ends:
        x = np.array([low, high, *inner[(inner > low) & (inner < high)]]) / 4
        x.flags.writeable = False
        found.append(x)
    return tuple(found)


def smaller(x, shows):
    """Return the smallest tensor that was found and still shows a mistake.

    shows: a function from a tensor to bool, which is True for x. Numbers are left out first: half
    of them at a time, then fewer, in the end one at a time. Then decimals are left out.

    >>> smaller(np.array([0.25, -1.31, 2.5]), lambda x: (x < -1).any()).tolist()
    [-1.3]
    """
    part = max(len(x) // 2, 1)
    while part:
        start = 0
        while start < len(x) > part:
            fewer = np.delete(x, slice(start, start + part))
            if shows(fewer):
                x = fewer
            else:
                start += part
        part //= 2
    for i in range(len(x)):
        for decimals in (0, 1):
            rounded = x.copy()
            rounded[i] = x[i].round(decimals) + 0.0
            if shows(rounded):
                x = rounded
                break
    return x
