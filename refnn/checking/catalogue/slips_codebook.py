"""Slips of code books. Collected in `slips`."""

from itertools import pairwise

import numpy as np

from refnn import network, training
from refnn.checking.catalogue.slip import slip
from refnn.network import Params
from refnn.quantization import codebook

# The right ones, by another name: a test that plants a slip replaces the module's own.
_original_codebook, _original_train, _original_shared = (
    codebook.fit,
    codebook.train,
    codebook.gradient,
)


def _nearest_book(x, centroids):
    """A book of these centroids, without those that no value is nearest to."""
    centroids, x = np.unique(centroids), np.asarray(x, float)
    used, codes = np.unique(np.abs(x[..., None] - centroids).argmin(-1), return_inverse=True)
    return codebook.Codebook(centroids[used], codes.reshape(x.shape))


def _other_centroids(x, levels, centre):
    """The right groups, each with another point for its mean."""
    book = _original_codebook(x, levels)
    groups = [np.asarray(x, float)[book.codes == k] for k in range(len(book.centroids))]
    return codebook.Codebook(np.array([centre(group) for group in groups]), book.codes)


@slip(
    "quantization.codebook.fit", "From which point is the sum of a group's squared distances least?"
)
def middle_of_the_group(x, levels):
    return _other_centroids(x, levels, lambda group: (group.min() + group.max()) / 2)


@slip("quantization.codebook.fit", "Is it the distances or their squares that are summed?")
def median_for_centroid(x, levels):
    return _other_centroids(x, levels, np.median)


@slip(
    "quantization.codebook.fit",
    "Are the weights as dense everywhere between the smallest and the largest?",
    "Deep Compression's linear initialisation, where Lloyd's rounds follow",
)
def groups_of_equal_width(x, levels):
    return _nearest_book(x, np.linspace(np.min(x), np.max(x), levels))


@slip(
    "quantization.codebook.fit",
    "Must every centroid serve as many weights as the others?",
    "Deep Compression's density-based initialisation, where Lloyd's rounds follow",
)
def groups_of_equal_count(x, levels):
    parts = np.array_split(np.sort(np.asarray(x, float), axis=None), levels)
    return _nearest_book(x, [part.mean() for part in parts if len(part)])


@slip(
    "quantization.codebook.fit",
    "Nothing near is better. Is nothing far away?",
    "Lloyd's rounds from one start: k-means as most libraries run it",
)
def lloyd_from_one_start(x, levels):
    x = np.asarray(x, float)
    book = _nearest_book(x, np.linspace(x.min(), x.max(), levels))
    for _ in range(100):
        book = _nearest_book(x, [x[book.codes == k].mean() for k in range(len(book.centroids))])
    return book


@slip(
    "quantization.codebook.fit",
    "Does a value that occurs ten times pull as hard as one that occurs once?",
)
def duplicates_counted_once(x, levels):
    return _nearest_book(x, _original_codebook(np.unique(x), levels).centroids)


@slip(
    "quantization.codebook.fit",
    "What is left of two sums of squares near 10¹⁶ when they are subtracted?",
)
def sums_that_cancel(x, levels):
    values = np.sort(np.asarray(x, float), axis=None)
    S1, S2, n = (np.append(0, np.cumsum(values**p)) for p in (1, 2, 0))
    D, back = np.append(0, np.full(len(values), np.inf)), []
    for _ in range(min(levels, len(np.unique(values)))):
        sums = [
            D[:i] + S2[i] - S2[:i] - (S1[i] - S1[:i]) ** 2 / (n[i] - n[:i])
            for i in range(1, len(D))
        ]
        back.append([0, *map(np.argmin, sums)])
        D = np.append(np.inf, [f.min() for f in sums])
    ends = [len(values)]
    for row in reversed(back):
        ends.append(row[ends[-1]])
    return _nearest_book(x, [values[i:j].mean() for j, i in pairwise(ends)])


@slip(
    "quantization.codebook.gradient",
    "Two weights that share a centroid move with it. Does J feel one, or both?",
)
def mean_over_the_sharers(upstream, codes, levels):
    shared = (np.asarray(codes)[..., None, :] == np.arange(levels)[:, None]).astype(float)
    return (shared @ np.asarray(upstream)[..., None])[..., 0] / np.maximum(shared.sum(-1), 1)


@slip(
    "quantization.codebook.gradient",
    "What does total[codes] += upstream do with a code that occurs twice?",
    "NumPy's documentation of ufunc.at",
)
def last_of_the_sharers(upstream, codes, levels):
    total = np.zeros((*np.shape(codes)[:-1], levels))
    np.put_along_axis(total, np.asarray(codes), np.asarray(upstream, float), -1)
    return total


@slip("quantization.codebook.decode", "Which centroid does code 0 stand for?")
def codes_from_one(codebook):
    return np.asarray(codebook.centroids)[np.asarray(codebook.codes, int) - 1]


@slip("quantization.codebook.train", "How many weights does the decay of one centroid shrink?")
def decay_once_a_centroid(
    book, sizes, X, y, *, steps, lr, optimizer="adam", weight_decay=0.0, activation="tanh"
):
    q, history = np.asarray(book.codes), []

    def params(c):
        return Params.unflatten(np.take_along_axis(c, q, -1), sizes)

    def slope(c):
        history.append(network.loss(network.forward(params(c), X, activation).y_hat, y))
        upstream = network.backward(params(c), X, y, activation).flatten()
        return _original_shared(upstream, q, c.shape[-1]) + weight_decay * c

    c = training.minimise(
        np.asarray(book.centroids), slope, steps=steps, lr=lr, optimizer=optimizer
    )
    slope(c)
    return codebook.Trained(codebook.Codebook(c, q), params(c), np.stack(history, -1))


@slip(
    "quantization.codebook.train",
    "Two centroids have passed each other. Which one does code 0 mean now?",
)
def centroids_sorted_again(book, sizes, X, y, **options):
    trained = _original_train(book, sizes, X, y, **options)
    return trained._replace(
        codebook=trained.codebook._replace(centroids=np.sort(trained.codebook.centroids, -1))
    )
