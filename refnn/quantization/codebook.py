"""Weight sharing: a few centroids c, and for every weight w the code q of one of them; the network
computes with c[q].

best      Σ (w − c[q])² is least when the sorted weights are cut into groups and c is the mean of each: k-means,
          which on a line can be solved (H. Wang & M. Song, "Ckmeans.1d.dp", The R Journal, 2011);
          see `partition`
training  ∂J/∂c_k = Σ ∂J/∂w over the weights of code k (S. Han et al., "Deep Compression", 2016,
equation 3)"""

from statistics import mean
from typing import NamedTuple

import numpy as np

from refnn import arrays, network, training, transposed
from refnn.network import Params
from refnn.quantization import partition

MOST_LEVELS = partition.EXACT_UP_TO // 2  # for more values than that


class Codebook(NamedTuple):
    """centroids (levels,) and codes of any shape; or (…, levels) and (…, n), a book for each row.

    >>> Codebook([0.5, 2.0], [0, 1, 1]).centroids
    [0.5, 2.0]
    """

    centroids: np.ndarray
    codes: np.ndarray


class Trained(NamedTuple):
    """codebook: new centroids, old codes. params: what they decode to. history (…, steps + 1): J,
    as in training.Fit.

    >>> Trained._fields
    ('codebook', 'params', 'history')
    """

    codebook: Codebook
    params: Params
    history: np.ndarray


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

    Of more than 10^4 distinct values, neighbours are joined to at most 10^4 cells, these are
    grouped as above, then every value moves to its nearest centroid until none does (S. Lloyd,
    1957): nearly optimal; on 10^5 normal values and 16 levels a millionth above the optimum. At
    most 5,000 levels then.

    ValueError if x is empty, NaN or infinite; TypeError for Fractions.

    >>> fit([0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 7], 2)
    Codebook(centroids=array([0., 5.]), codes=array([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1], dtype=uint8))
    >>> fit([-1e10, 1e8 - 1, 1e8 + 1, 1e8 + 2], 3).codes
    array([0, 1, 2, 2], dtype=uint8)
    """
    levels = arrays.whole("fit", "levels", levels, 1, arrays.MAX_SIZE)
    x = arrays.numbers("fit", "x", x, exact=False).astype(np.float64)
    if x.size == 0:
        arrays.refuse("fit", "x", "at least one number", "an empty array")
    ordered = np.sort(x, axis=None) + 0.0  # −0 is 0
    values, first, counts = np.unique(ordered, return_index=True, return_counts=True)
    if MOST_LEVELS < levels < len(values) > partition.EXACT_UP_TO:
        arrays.refuse(
            "fit", "levels", f"at most {MOST_LEVELS} for {len(values)} distinct values", f"{levels}"
        )
    begin = np.arange(len(values))
    if levels < len(values):
        begin = partition.groups(values, counts, levels)
    centroids = [mean(group.tolist()) for group in np.split(ordered, first[begin[1:]])]
    codes = np.searchsorted(values[begin], x, side="right") - 1
    return Codebook(np.array(centroids), codes.astype(arrays.code_dtype(0, len(centroids) - 1))[()])


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
    centroids, codes = _checked("decode", codebook)
    return centroids[codes] if centroids.ndim == 1 else np.take_along_axis(centroids, codes, -1)


def gradient(upstream, codes, levels):
    """∂J/∂c_k = Σ ∂J/∂w over the weights of code k (Deep Compression, equation 3), 0 where there is
    none.

    upstream and codes (…, n), of one shape -> (…, levels): a stack row by row. ValueError for a
    code beyond the levels.

    >>> gradient([1.0, 2.0, 4.0], [0, 2, 0], 3)
    array([5., 0., 2.])
    """
    upstream = arrays.numbers("gradient", "upstream", upstream, exact=False)
    levels = arrays.whole("gradient", "levels", levels, 1, arrays.MAX_SIZE)
    codes = _codes("gradient", codes, levels)
    if upstream.ndim == 0 or codes.shape != upstream.shape:
        arrays.refuse(
            "gradient",
            "codes",
            f"of upstream's shape (…, n), {upstream.shape}",
            f"shape {codes.shape}",
        )
    return _summed(upstream, codes, levels)


@np.errstate(all="ignore")
def _summed(upstream, codes, levels):
    """`gradient` on checked arguments."""
    total = np.zeros((*codes.shape[:-1], levels), upstream.dtype)
    row = np.indices(codes.shape, sparse=True)[:-1]
    np.add.at(total, (*row, codes), upstream)  # total[…, code] += upstream
    return total


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
    >>> shared = Codebook([0.5, 0.0, -0.5], [0, 2, 1, 1, 0, 2, 1])             # ŷ = v·tanh(v·x) − u·tanh(u·x)
    >>> trained = train(shared, (1, 2, 1), X, np.sin(X), steps=200, lr=0.05, optimizer="gd", weight_decay=0.1)
    >>> trained.history[[0, 1, -1]].round(4).tolist(), trained.codebook.centroids.round(3).tolist()
    ([0.3186, 0.1606, 0.0021], [0.687, 0.0, -0.687])
    """
    sizes = inputs, hidden, outputs = arrays.axes("train", "sizes", sizes, low=1, count=3)
    centroids, codes = _checked("train", codebook)
    count = hidden * (inputs + 1 + outputs) + outputs
    if codes.shape[-1:] != (count,) or centroids.ndim != codes.ndim:
        arrays.refuse(
            "train",
            "codebook",
            f"of centroids (…, levels) and codes (…, {count}) for sizes {sizes}",
            f"shapes {centroids.shape} and {codes.shape}",
        )
    params = Params.unflatten(np.take_along_axis(centroids, codes, -1), sizes)
    params, X, y = network.checked("train", params, X, y, activation, exact=False, complex_=False)
    if X.shape[-2] == 0:
        arrays.refuse("train", "X", "at least one example", f"shape {X.shape}")
    steps = arrays.whole("train", "steps", steps, 0, training.MAX_STEPS)
    arrays.choice("train", "optimizer", optimizer, training.OPTIMIZERS)
    dtype = np.result_type(params.W_ih, X, y)
    lr = training.per_network("train", "lr", lr, params, dtype, lambda a: a > 0, "positive")
    decay = training.per_network(
        "train", "weight_decay", weight_decay, params, dtype, lambda a: a >= 0, "0 or more"
    )
    objective = transposed.objective(
        sizes, params.batch, X.astype(dtype), y.astype(dtype), activation
    )
    c, q = (
        a.reshape(int(np.prod(params.batch)), a.shape[-1]) for a in (centroids.astype(dtype), codes)
    )
    history = []

    @np.errstate(all="ignore")
    def slope(c):
        w = np.take_along_axis(c, q, -1)  # (S, 61)
        J, g = objective(w)
        history.append(J)
        return _summed(g + decay * w, q, c.shape[-1])  # (S, levels)

    c = training.descend(c, slope, steps, lr, optimizer, lambda c: c)
    slope(c)  # for its J
    trained = c.reshape(centroids.shape)
    return Trained(
        Codebook(trained, codes),
        Params.unflatten(np.take_along_axis(trained, codes, -1), sizes),
        np.stack(history, axis=-1).reshape(*params.batch, steps + 1),
    )


def _checked(function, codebook):
    """(centroids, codes) that fit each other."""
    if not all(hasattr(codebook, field) for field in Codebook._fields):
        arrays.refuse(function, "codebook", "a Codebook", arrays.describe(codebook), TypeError)
    centroids = arrays.numbers(function, "centroids", codebook.centroids, exact=False)
    if centroids.ndim == 0:
        arrays.refuse(function, "centroids", "of shape (…, levels)", "a single number")
    codes = _codes(function, codebook.codes, centroids.shape[-1])
    if centroids.ndim > 1 and centroids.shape[:-1] != codes.shape[:-1]:
        arrays.refuse(
            function,
            "centroids",
            f"of shape (levels,) or {codes.shape[:-1]} + (levels,)",
            f"shape {centroids.shape}",
        )
    return centroids, codes


def _codes(function, codes, levels):
    codes = arrays.integers(function, "codes", codes)
    outside = (codes < 0) | (codes >= levels)
    if outside.any():
        arrays.refuse(function, "codes", f"from 0 to {levels - 1}", f"{codes[outside].flat[0]}")
    return codes.astype(np.intp)
