"""Weight sharing: a few centroids c, and for every weight w the code q of one of them; the network
computes with c[q].

best      Σ (w − c[q])² is least when the sorted weights are cut into groups and c is the mean of
          each: k-means, which on a line can be solved (H. Wang & M. Song, "Ckmeans.1d.dp", The R
          Journal, 2011); see `partition`
training  ∂J/∂c_k = Σ ∂J/∂w over the weights of code k (S. Han et al., "Deep Compression", 2016,
          equation 3)
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

MOST_LEVELS = partition.EXACT_UP_TO // 2  # for more values than that
LEVELS = whole(1, arrays.MAX_SIZE)
FIRST = np.arange(2**11) << 52  # the bits of the least float64 of every exponent
FIRST = np.append(-(FIRST[1:] - 1).view(np.float64)[::-1], FIRST.view(np.float64))
COUNTED = 64  # levels up to which counting is faster than a binary search


class Codebook(NamedTuple):
    """A code book; or with leading axes one for each row of codes."""

    centroids: np.ndarray  # (…, levels)
    codes: np.ndarray  # of any shape, or (…, n): indices into centroids


class Trained(NamedTuple):
    """What `train` leaves."""

    codebook: Codebook  # new centroids, old codes
    params: Params  # what they decode to
    history: np.ndarray  # (…, steps + 1): J, as in training.Fit


# --- what the functions take ----------------------------------------------------------------------


def _codes(codes, levels):
    codes = arrays.integers("codes", codes)
    outside = (codes < 0) | (codes >= levels)
    if outside.any():
        raise Refused("codes", f"from 0 to {levels - 1}", f"{codes[outside].flat[0]}")
    return codes.astype(np.intp)


def _book(name, book, arguments):
    """Admit centroids and codes that fit each other."""
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
    """Admit a book with a code for each parameter of networks of these sizes."""
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
        raise Refused(name, f"of upstream's shape (…, n), {own}", f"shape {codes.shape}")
    return codes


# --- the formulas ---------------------------------------------------------------------------------


@takes(levels=LEVELS, x=DATA, exact=False)
def fit(x, levels):
    """The code book with the least Σ (x − centroids[codes])², exactly so for up to 10^4 distinct
    values.

    centroids: float64, ascending, the exact mean of each group, rounded once; a centroid for each
    value where there are no more than `levels`. codes: of x's shape, in the narrowest unsigned
    dtype. Time grows as levels·n·log n, memory as 14 bytes·levels·(n − levels): half a minute and
    0.4 GB for 10^4 values in 3000 groups, and up to twice both where many groupings are equally
    good (evenly spaced values). Of equal optima one is taken. Where more than 2·10^5 choices are
    too close for float64 (evenly spaced values in thousands of groups, or values 2^900 apart), it
    is the best by float64.

    Of more than 10^4 distinct values, neighbours are joined to at most 2·10^4 cells, and these are
    grouped as above. Then the groups' ends are sought among the values around, all at once, until
    none moves: no value is nearer to another centroid. This is nearly optimal; on 10^5 normal
    values and 16 levels a ten-millionth above the optimum. At most 5,000 levels then.

    ValueError if x is empty, NaN or infinite; TypeError for Fractions.

    >>> fit([0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 7], 2)
    Codebook(centroids=array([0., 5.]), codes=array([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1], dtype=uint8))
    >>> fit([-1e10, 1e8 - 1, 1e8 + 1, 1e8 + 2], 3).codes
    array([0, 1, 2, 2], dtype=uint8)
    """
    ordered = np.sort(x, axis=None) + np.float64(0)  # −0 is 0
    differs = np.concatenate([[True], ordered[1:] != ordered[:-1], [True]])
    first = np.flatnonzero(differs)  # and where the last ends
    values, counts = ordered[first[:-1]], np.diff(first)
    if MOST_LEVELS < levels < len(values) > partition.EXACT_UP_TO:
        expected = f"at most {MOST_LEVELS} for {len(values)} distinct values"
        raise Refused("levels", expected, f"{levels}")
    begin, centroids = np.arange(len(values)), values
    if levels < len(values):
        begin = partition.groups(values, counts, levels)
        centroids = _means(ordered, first[begin])
    codes = _places(x, values[begin].astype(x.dtype))
    return Codebook(centroids, rounding.codes(codes, 0, len(centroids) - 1))


def _means(ordered, begin):
    """Return the mean of each group of neighbours, rounded once: Σ x is a whole number of 2^−1074.

    The bits of a float64 are its sign, its exponent e (11 bits) and f (52 bits); it is ±(2^52 +
    f)·2^(e − 1)·2^−1074, or ±f·2^−1074 where e = 0. A run of one sign and one e adds up its f, the
    upper and the lower bits by themselves: int64 holds both sums of up to 2^31 values."""
    bits = ordered.view(np.int64)
    run = np.union1d(begin, np.searchsorted(ordered, FIRST)[:-1])
    run = run[run < len(ordered)]
    upper, lower = (np.add.reduceat(half, run) for half in (bits >> 32, bits & 2**32 - 1))
    counts, groups = (
        np.diff(run, append=len(ordered)),
        np.searchsorted(begin, run, side="right") - 1,
    )
    total = [0] * len(begin)
    runs = zip(*(a.tolist() for a in (groups, bits[run] >> 52, upper, lower, counts)))
    for k, head, high, low, n in runs:
        e = head & 2**11 - 1
        f = (high << 32) + low - (head << 52) * n + (n << 52 if e else 0)
        total[k] += (-f if head < 0 else f) << max(e - 1, 0)
    sizes = np.diff(begin, append=len(ordered)).tolist()
    return np.array([t / (n << 1074) for t, n in zip(total, sizes)])


def _places(x, lowest):
    """Return for each x how many entries of `lowest` after the first are at most x; it ascends."""
    if len(lowest) > COUNTED:
        return np.searchsorted(lowest, x, side="right") - 1
    places = np.zeros(x.shape, np.uint8)
    for value in lowest[1:]:
        places += x >= value
    return places


@takes(codebook=_book)
def decode(codebook):
    """w = c[q], of the codes' shape: what the network computes with. A code without a centroid is
    refused.

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
    """∂J/∂c_k = Σ ∂J/∂w over the weights of code k (Deep Compression, equation 3), 0 where there is
    none.

    upstream and codes (…, n), of one shape -> (…, levels): a stack row by row. ValueError for a
    code beyond the levels.

    >>> gradient([1.0, 2.0, 4.0], [0, 2, 0], 3)
    array([5., 0., 2.])
    """
    total = np.zeros((*codes.shape[:-1], levels), upstream.dtype)
    row = np.indices(codes.shape, sparse=True)[:-1]
    np.add.at(total, (*row, codes), upstream)  # total[…, code] += upstream
    return total


@takes(sizes=shape(low=1, count=3), codebook=_book_of_networks)
def train(
    codebook, sizes, X, y, *, steps, lr, optimizer="adam", weight_decay=0.0, activation="tanh"
):
    """Minimise J + ½·weight_decay·‖c[q]‖² over the centroids c; the codes q stay (Deep Compression,
    §3.3).

    codebook: centroids (levels,) and codes (61,) in the order of `Params.flatten` for sizes =
    (inputs, hidden, outputs); for a stack of networks (…, levels) and (…, 61). All else is as in
    `training.fit`, whose objective this is, on fewer unknowns. The centroids keep their places and
    need not ascend any more; an unused one does not move. ValueError if the codes are not as many
    as the parameters, or one has no centroid.

    >>> X = np.linspace(-1, 1, 9)[:, None]
    >>> shared = Codebook([0.5, 0.0, -0.5], [0, 2, 1, 1, 0, 2, 1])  # ŷ = v·tanh(v·x) − u·tanh(u·x)
    >>> how = {"steps": 200, "lr": 0.05, "optimizer": "gd", "weight_decay": 0.1}
    >>> trained = train(shared, (1, 2, 1), X, np.sin(X), **how)
    >>> trained.history[[0, 1, -1]].round(4).tolist(), trained.codebook.centroids.round(3).tolist()
    ([0.3186, 0.1606, 0.0021], [0.687, 0.0, -0.687])
    """
    params = Params.unflatten(decode.formula(codebook), sizes)
    return _train(params, X, y, codebook, steps, lr, optimizer, weight_decay, activation)


@takes(**{name: kind for name, kind in TRAINING.items() if name != "mask"}, exact=False)
def _train(params, X, y, codebook, steps, lr, optimizer, weight_decay, activation):
    """`train` from the networks that the code book decodes to."""
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
    slope(c)  # for its J
    trained = Codebook(c.reshape(codebook.centroids.shape), codebook.codes)
    history = np.stack(history, axis=-1).reshape(*params.batch, steps + 1)
    return Trained(trained, Params.unflatten(decode.formula(trained), params.sizes), history)
