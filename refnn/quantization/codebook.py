"""This module lets many weights share a few values, which are called centroids.

Every weight w gets a code q, the index of its centroid in the list c. The network computes with
c[q] instead of w. A code book is the list of centroids together with the codes.

choosing  Σ (w − c[q])² is smallest when the sorted weights are cut into the right groups and c
          holds the mean of each group. This is k-means. For numbers on a line it can be solved
          exactly (H. Wang & M. Song, "Ckmeans.1d.dp", The R Journal, 2011); see `partition`.
training  ∂J/∂c_k = Σ ∂J/∂w, summed over the weights w with code k (S. Han et al., "Deep
          Compression", 2016, equation 3).
"""

from math import prod
from typing import NamedTuple

import numpy as np

from refnn import arrays, transposed
from refnn.arrays import Refused, describe
from refnn.network import Params
from refnn.quantization import partition, rounding
from refnn.quantization.calibration import DATA
from refnn.training import TRAINING, minimise
from refnn.validation import numbers, shape, takes, whole

MOST_LEVELS = partition.EXACT_UP_TO // 2  # if x has more than EXACT_UP_TO distinct values
LEVELS = whole(1, arrays.MAX_SIZE)
# FIRST holds the smallest float64 of each sign and exponent, in ascending order. The first
# line computes the bits of those that are not negative.
FIRST = np.arange(2**11) << 52
FIRST = np.append(-(FIRST[1:] - 1).view(np.float64)[::-1], FIRST.view(np.float64))
COUNTED = 64  # up to this many levels, counting is faster than a binary search


class Codebook(NamedTuple):
    """The centroids, and for each weight the index of its centroid.

    If the centroids have leading axes, each row of codes has its own centroids.
    """

    centroids: np.ndarray  # (…, levels)
    codes: np.ndarray  # indices into centroids, of any shape, or (…, n) for centroids (…, levels)


class Trained(NamedTuple):
    """The result of `train`."""

    codebook: Codebook  # the trained centroids and the unchanged codes
    params: Params  # the network or networks that it decodes to
    history: np.ndarray  # (…, steps + 1): J before the first step, then after each


# --- what the functions take ----------------------------------------------------------------------


def _codes(codes, levels):
    codes = arrays.integers("codes", codes)
    outside = (codes < 0) | (codes >= levels)
    if outside.any():
        raise Refused("codes", f"from 0 to {levels - 1}", f"{codes[outside].flat[0]}")
    return codes.astype(np.intp)


def _book(name, book, arguments):
    """Accept a code book whose centroids and codes fit together."""
    if not all(hasattr(book, field) for field in Codebook._fields):
        raise Refused(name, "a Codebook", describe(book), TypeError)
    centroids = arrays.numbers("centroids", book.centroids, exact=False)
    if centroids.ndim == 0:
        raise Refused("centroids", "of shape (…, levels)", "a single number")
    codes = _codes(book.codes, centroids.shape[-1])
    if centroids.ndim > 1 and centroids.shape[:-1] != codes.shape[:-1]:
        expected = f"of shape (levels,) or {codes.shape[:-1]} + (levels,)"
        raise Refused("centroids", expected, f"shape {centroids.shape}")
    return Codebook(centroids, codes)


def _book_of_networks(name, book, arguments):
    """Accept a code book with one code for each parameter of a network of these sizes."""
    centroids, codes = book = _book(name, book, arguments)
    inputs, hidden, outputs = sizes = arguments["sizes"]
    count = hidden * (inputs + 1 + outputs) + outputs
    if codes.shape[-1:] != (count,) or centroids.ndim != codes.ndim:
        expected = f"of centroids (…, levels) and codes (…, {count}) for sizes {sizes}"
        raise Refused(name, expected, f"shapes {centroids.shape} and {codes.shape}")
    return book


def _codes_of_upstream(name, codes, arguments):
    codes, own = _codes(codes, arguments["levels"]), arguments["upstream"].shape
    if own == () or codes.shape != own:
        expected = f"of the shape of upstream, {own}, with at least one axis"
        raise Refused(name, expected, f"shape {codes.shape}")
    return codes


# --- the formulas ---------------------------------------------------------------------------------


@takes(levels=LEVELS, x=DATA, exact=False)
def fit(x, levels):
    """Return the code book with the smallest error Σ (x − centroids[codes])².

    The result is the exact optimum if x has at most 10^4 distinct values. It is nearly optimal if x
    has more.

    The centroids are float64, in ascending order. Each one is the exact mean of its group, rounded
    once. If x has at most `levels` distinct values, each of them is a centroid. The codes have x's
    shape and the narrowest unsigned dtype.

    For n ≤ 10^4 distinct values, time grows as levels·n·log n, and memory as
    14 bytes·levels·(n − levels). For example, 10^4 values in 3000 groups take half a minute and
    0.4 GB. Both can double if many groupings are equally good, as for evenly spaced values. If
    several code books are optimal, one of them is returned. If more than 2·10^5 choices are too
    close for float64 to tell apart, the result is the best one according to float64. This happens
    with evenly spaced values in thousands of groups, or with values 2^900 apart.

    For more than 10^4 distinct values, neighbouring values are first joined to at most 2^16 cells,
    and the cells are grouped in float64. Then the beginnings of all groups are improved together:
    for each, the values near its present place are tried. This is repeated until no group begins at
    the first or the last value that was tried for it. The result is nearly optimal: in the tests,
    its error exceeds the least by at most a millionth. At most 5,000 levels are allowed here.

    ValueError if x is empty, NaN or infinite; TypeError for Fractions.

    >>> fit([0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 7], 2)
    Codebook(centroids=array([0., 5.]), codes=array([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1], dtype=uint8))
    >>> fit([-1e10, 1e8 - 1, 1e8 + 1, 1e8 + 2], 3).codes
    array([0, 1, 2, 2], dtype=uint8)
    """
    ordered = np.sort(x, axis=None) + np.float64(0)  # + 0 turns −0 into 0
    differs = np.concatenate([[True], ordered[1:] != ordered[:-1], [True]])
    first = np.flatnonzero(differs)  # where each distinct value begins, and the end
    values, counts = ordered[first[:-1]], np.diff(first)
    if MOST_LEVELS < levels < len(values) > partition.EXACT_UP_TO:
        expected = f"at most {MOST_LEVELS} for {len(values)} distinct values"
        raise Refused("levels", expected, f"{levels}")
    begin, centroids = np.arange(len(values)), values
    if levels < len(values):
        begin = partition.groups(values, counts, levels)
        centroids = _means(ordered, first[begin])
    codes = _ranks(x, values[begin].astype(x.dtype))
    return Codebook(centroids, rounding.codes(codes, 0, len(centroids) - 1))


def _means(ordered, begin):
    """Return the mean of each group of neighbours, Σ x / n, rounded once as statistics.mean does.

    Σ x is computed exactly, as a whole number of units of 2^−1074. The bits of a float64 are its
    sign, its exponent e (11 bits) and f (52 bits). Its value is ±(2^52 + f)·2^(e − 1)·2^−1074, or
    ±f·2^−1074 where e = 0. A run consists of neighbours in one group with the same sign and the
    same e. The bits of a run are summed as integers, the upper and the lower 32 bits separately.
    int64 holds both sums for up to 2^31 values."""
    bits, n = ordered.view(np.int64), len(ordered)
    run = np.union1d(begin, np.searchsorted(ordered, FIRST))
    run = run[run < n]
    upper, lower = (np.add.reduceat(half, run) for half in (bits >> 32, bits & 2**32 - 1))
    group = np.searchsorted(begin, run, side="right") - 1
    columns = (group, bits[run] >> 52, np.diff(run, append=n), upper, lower)
    total = [0] * len(begin)  # Σ x in units of 2^−1074
    for k, head, count, high, low in zip(*(column.tolist() for column in columns)):
        e = head % 2**11
        f = (high << 32) + low + count * ((2**52 if e else 0) - (head << 52))
        total[k] += (-f if head < 0 else f) << max(e - 1, 0)
    sizes = np.diff(begin, append=n).tolist()
    return np.array([t / (size << 1074) for t, size in zip(total, sizes)])


def _ranks(x, lowest):
    """Count for each x the entries of lowest[1:] that are at most x, where `lowest` ascends."""
    if len(lowest) > COUNTED:
        return np.searchsorted(lowest, x, side="right") - 1
    rank = np.zeros(x.shape, np.uint8)
    for value in lowest[1:]:
        rank += x >= value
    return rank


@takes(codebook=_book)
def decode(codebook):
    """Return the weights w = c[q] that the network computes with.

    The result has the shape of the codes. ValueError if a code has no centroid.

    >>> decode(Codebook([0.5, 2.0, 4.0], [[0, 2], [1, 1]]))
    array([[0.5, 4. ],
           [2. , 2. ]])
    >>> decode(Codebook([[0.5, 2.0], [3.0, 4.0]], [[0, 0, 1], [0, 0, 1]]))
    array([[0.5, 0.5, 2. ],
           [3. , 3. , 4. ]])
    """
    c, q = codebook
    return c[q] if c.ndim == 1 else np.take_along_axis(c, q, -1)


@takes(upstream=numbers(exact=False), levels=LEVELS, codes=_codes_of_upstream)
def gradient(upstream, codes, levels):
    """Compute ∂J/∂c_k = Σ ∂J/∂w, summed over the weights with code k.

    This is equation 3 of Deep Compression. upstream holds ∂J/∂w for each weight. upstream and codes
    have the same shape (…, n), and the result has shape (…, levels). Each row is summed separately.
    A centroid without weights has gradient 0. ValueError if a code is not below `levels`.

    >>> gradient([1.0, 2.0, 4.0], [0, 2, 0], 3)
    array([5., 0., 2.])
    """
    total = np.zeros((*codes.shape[:-1], levels), upstream.dtype)
    row = np.indices(codes.shape, sparse=True)[:-1]
    np.add.at(total, (*row, codes), upstream)  # total[…, code] += upstream, also for repeated codes
    return total


@takes(sizes=shape(low=1, count=3), codebook=_book_of_networks)
def train(
    codebook, sizes, X, y, *, steps, lr, optimizer="adam", weight_decay=0.0, activation="tanh"
):
    """Minimise J + ½·weight_decay·‖c[q]‖² over the centroids c while the codes q stay fixed.

    This is §3.3 of Deep Compression. For sizes = (inputs, hidden, outputs), codebook holds
    centroids (levels,) and codes (61,) in the order of `Params.flatten`. For a stack of networks it
    holds (…, levels) and (…, 61). The objective and all other arguments are those of
    `training.fit`, but there are fewer unknowns. Each centroid keeps its index, so the trained
    centroids need not ascend. A centroid without weights does not move. ValueError if the number of
    codes is not the number of parameters, or if a code has no centroid.

    In the example the centroids are v, 0 and u.

    >>> X = np.linspace(-1, 1, 9)[:, None]
    >>> shared = Codebook([0.5, 0.0, -0.5], [0, 2, 1, 1, 0, 2, 1])  # ŷ = v·tanh(v·x) + u·tanh(u·x)
    >>> how = {"steps": 200, "lr": 0.05, "optimizer": "gd", "weight_decay": 0.1}
    >>> trained = train(shared, (1, 2, 1), X, np.sin(X), **how)
    >>> trained.history[[0, 1, -1]].round(4).tolist(), trained.codebook.centroids.round(3).tolist()
    ([0.3186, 0.1606, 0.0021], [0.687, 0.0, -0.687])
    """
    params = Params.unflatten(decode.formula(codebook), sizes)
    return _train(params, X, y, codebook, steps, lr, optimizer, weight_decay, activation)


@takes(**{name: kind for name, kind in TRAINING.items() if name != "mask"}, exact=False)
def _train(params, X, y, codebook, steps, lr, optimizer, weight_decay, activation):
    """Train the centroids, where `params` holds the networks that the code book decodes to."""
    dtype, stack, history = np.result_type(params.W_ih, X, y), prod(params.batch), []
    X, y, c = (a.astype(dtype, copy=False) for a in (X, y, codebook.centroids))
    c, q = (a.reshape(stack, a.shape[-1]) for a in (c, codebook.codes))  # (S, levels), (S, 61)
    J_and_gradient = transposed.objective(params.sizes, params.batch, X, y, activation)
    order = transposed.order(params.sizes)
    back = np.argsort(order)

    def slope(c):
        w = np.take_along_axis(c, q, -1)  # (S, 61)
        J, g = J_and_gradient(w[:, order])
        g = g[:, back]
        history.append(J.copy())
        return gradient.formula(g + weight_decay * w, q, c.shape[-1])  # (S, levels)

    c = minimise.formula(c, slope, steps=steps, lr=lr, optimizer=optimizer)
    slope(c)  # this adds the final J to the history
    trained = Codebook(c.reshape(codebook.centroids.shape), codebook.codes)
    history = np.stack(history, axis=-1).reshape(*params.batch, steps + 1)
    return Trained(trained, Params.unflatten(decode.formula(trained), params.sizes), history)
