"""This module trains the networks that the experiments start from, and measures how they predict.

Seed s fixes the random split of the rows, the random start, and the data of friedman1 and teacher.
Three quarters of the rows train the network, and X and y are standardised by these. The recipe is
full-batch Adam (each step uses all training rows) with lr .01, weight decay 10 and 300 steps. J is
the sum of §4.2.

When decay and steps were chosen, the errors on the test rows of such splits were seen.
`by_validation` chooses them on the training rows alone, and predicts a little worse."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from refnn import data, network, training
from refnn.network import Params

SEEDS, STEPS, LR, DECAY, SIZES = 200, 300, 0.01, 10.0, (10, 5, 1)


class Trained(NamedTuple):
    """A stack of S networks, one for each seed, with the data of each."""

    params: Params  # of S networks
    X: np.ndarray  # (S, N, 10) the training rows of each
    y: np.ndarray  # (S, N, 1)
    X_test: np.ndarray  # (S, M, 10) the test rows of each
    y_test: np.ndarray  # (S, M, 1)


@lru_cache(maxsize=8)
def networks(seeds=SEEDS, dataset="diabetes", steps=STEPS, decay=DECAY):
    """Train one network for each seed by the recipe.

    With steps=0 the networks stay at their start.

    >>> trained = networks(2)
    >>> trained.params.batch, trained.X_test.shape
    ((2,), (2, 111, 10))
    """
    splits = [data.split(data.load(dataset, seed=s), s) for s in range(seeds)]
    X, y, X_test, y_test = (np.stack(part) for part in zip(*splits))
    starts = [network.init(np.random.default_rng(s), SIZES).flatten() for s in range(seeds)]
    start = Params.unflatten(np.stack(starts), SIZES)
    params = training.fit(start, X, y, steps=steps, lr=LR, weight_decay=decay).params
    return Trained(params, X, y, X_test, y_test)


DECAYS, MOST_STEPS = (0.0, 1.0, 3.0, 10.0, 30.0, 100.0), (100, 300, 1000)


def by_validation(seeds=SEEDS, dataset="diabetes"):
    """Return the test R² of networks whose decay and steps are chosen on the training rows, (S,).

    For each network, a quarter of the training rows is held out. The decay and the number of steps
    with the least error on them are taken to train on all training rows.

    >>> by_validation(2).shape
    (2,)
    """
    start = networks(seeds, dataset, steps=0)
    n = 3 * start.X.shape[1] // 4  # the rows are in random order
    least, chosen = np.full(seeds, np.inf), np.zeros(seeds)
    tried = [(decay, steps) for decay in DECAYS for steps in MOST_STEPS]
    for decay, steps in tried:
        options = {"steps": steps, "lr": LR, "weight_decay": decay}
        part = training.fit(start.params, start.X[:, :n], start.y[:, :n], **options).params
        held = J(part, start.X[:, n:], start.y[:, n:])
        whole = training.fit(start.params, start.X, start.y, **options).params
        R2 = r_squared(network.forward(whole, start.X_test).y_hat, start.y_test)
        better = held < least
        least, chosen = np.where(better, held, least), np.where(better, R2, chosen)
    return chosen


def r_squared(y_hat, y):
    """Return R² = 1 − Σ(y − ŷ)² / Σ(y − mean y)², per network.

    >>> r_squared(np.array([[1.0], [2.0]]), np.array([[1.0], [3.0]]))
    np.float64(0.5)
    """
    left = ((y_hat - y) ** 2).sum((-2, -1))
    return 1 - left / ((y - y.mean(-2, keepdims=True)) ** 2).sum((-2, -1))


def J(params, X, y):
    """Return J = ½ Σ (y − ŷ)², per network.

    >>> J(Params([[1.0]], [0.0], [[0.0]], [1.0]), [[5.0]], [[3.0]])
    np.float64(2.0)
    """
    return network.loss(network.forward(params, X).y_hat, y)
