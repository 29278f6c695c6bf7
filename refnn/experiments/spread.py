"""How a claim over many seeds is told: the median, the central 80 %, an interval for the median,
what reverses.

The interval for the median is the one of order statistics: the k-th smallest and the k-th largest
of n values enclose the median of what they were drawn from with probability 1 − 2·P(Binomial(n, ½)
< k), whatever the distribution."""

from math import comb
from typing import NamedTuple

import numpy as np

LEVEL = 0.95


class Median(NamedTuple):
    """The median of the values, and the ends of its 95 % interval.
    >>> Median._fields
    ('median', 'low', 'high')"""

    median: float
    low: float
    high: float


def median(values):
    """The median with its interval, by order statistics (the whole range where the values are too
    few).

    >>> median(np.arange(1, 21))          # 20 values: the 6th from each end, P = 0.9586
    Median(median=10.5, low=6.0, high=15.0)
    """
    x = np.sort(np.asarray(values, dtype=float).ravel())
    below, k = 0, 0  # P(Binomial(n, ½) ≤ k − 1)·2^n
    while k < len(x) // 2 and 2 * (below + comb(len(x), k)) <= (1 - LEVEL) * 2 ** len(x):
        below, k = below + comb(len(x), k), k + 1
    k = max(k, 1)
    return Median(float(np.median(x)), float(x[k - 1]), float(x[-k]))


def told(values, form="{:.2f}"):
    """Median and central 80 % as text.

    >>> told([1, 2, 3])
    '2.00 (1.20, 2.80)'
    """
    low, middle, high = (_plain(v, form) for v in np.quantile(values, [0.1, 0.5, 0.9]))
    return f"{middle} ({low}, {high})"


def interval(values, form="{:.2f}"):
    """Median and its 95 % interval as text.

    >>> interval(np.arange(1, 21), "{:.1f}")
    '10.5 [6.0, 15.0]'
    """
    middle, low, high = (_plain(v, form) for v in median(values))
    return f"{middle} [{low}, {high}]"


def _plain(value, form):
    text = form.format(value)
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text  # no -0.00
