"""This module describes values over many seeds by their median, its interval and the central 80 %.

The interval of the median comes from order statistics. The k-th smallest and the k-th largest of n
values enclose the median of their distribution with probability 1 − 2·P(Binomial(n, ½) < k),
whatever the distribution is."""

from math import comb
from typing import NamedTuple

import numpy as np

from refnn.checking.plane.digits import fixed
from refnn.console import wrap

LEVEL = 0.95
LEAST = 6  # the range of fewer values holds the median with a probability below LEVEL


class Finding(NamedTuple):
    """What a claim says in one sentence, and one value for each network that shows if it holds."""

    sentence: str
    values: np.ndarray  # (S,): the claim holds in a network if its value is above `neutral`
    neutral: float  # below it, the network shows the reverse
    what: str  # what the values are, such as "test error of |w| over that of R"
    form: str = "{:.2f}"  # of the printed numbers


class Median(NamedTuple):
    """The median of the values and its 95 % interval, in the unit of the values."""

    median: float
    low: float  # the lower end
    high: float  # the upper end


def median(values):
    """Return the median with its interval, which is the whole range if there are few values.

    >>> median(np.arange(1, 21))  # 20 values: the 6th from each end, P = 0.9586
    Median(median=10.5, low=6.0, high=15.0)
    """
    x = np.sort(np.asarray(values, dtype=float).ravel())
    below, k = 0, 0  # P(Binomial(n, ½) ≤ k − 1)·2^n
    while k < len(x) // 2 and 2 * (below + comb(len(x), k)) <= (1 - LEVEL) * 2 ** len(x):
        below, k = below + comb(len(x), k), k + 1
    k = max(k, 1)
    return Median(float(np.median(x)), float(x[k - 1]), float(x[-k]))


def told(values, form="{:.2f}"):
    """Return the median and the central 80 % as text.

    >>> told([1, 2, 3])
    '2.00 (1.20, 2.80)'
    """
    low, middle, high = (fixed(v, form) for v in np.quantile(values, [0.1, 0.5, 0.9]))
    return f"{middle} ({low}, {high})"


def interval(values, form="{:.2f}"):
    """Return the median and its 95 % interval as text.

    >>> interval(np.arange(1, 21), "{:.1f}")
    '10.5 [6.0, 15.0]'
    """
    middle, low, high = (fixed(v, form) for v in median(values))
    return f"{middle} [{low}, {high}]"


def page(*parts):
    """Join paragraphs and tables into one text, with a blank line between them.

    A part of one line is a paragraph and is wrapped. A part of several lines stays as it is.

    >>> print(page("A sentence.", "k  J\\n1  2"))
    A sentence.
    <BLANKLINE>
    k  J
    1  2
    """
    return "\n\n".join(part if "\n" in part else wrap(part) for part in parts)


def limits(n):
    """Return what the brackets hold for n networks: the 95 % interval, or the range of fewer.

    >>> limits(200), limits(5)
    ('95% interval', 'range')
    """
    return "95% interval" if n >= LEAST else "range"


def judged(finding):
    """Return a finding in words, with its median, its interval and the share that reverses it.

    >>> print(judged(Finding("A bit adds 6 dB", np.arange(1.0, 21), 2.5, "gain in dB", "{:.1f}")))
    A bit adds 6 dB. The gain in dB is 10.5 [6.0, 15.0] (median of 20 networks and
    its 95% interval over initial weights and splits). In 10% of the networks it is
    the other way round.
    """
    values = np.asarray(finding.values)
    number = interval(values, finding.form)
    equal = (values == finding.neutral).mean()
    said = f", and in {equal:.0%} both are equal" if equal else ""
    return wrap(
        f"{finding.sentence}. The {finding.what} is {number} (median of {len(values)} networks "
        f"and its {limits(len(values))} over initial weights and splits). In "
        f"{(values < finding.neutral).mean():.0%} of the networks it is the other way round{said}."
    )
