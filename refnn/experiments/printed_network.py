"""The network that §4.1 really prints, 5-2-1 with 15 parameters: all 2¹⁵ masks, before and after
retraining.

It comes without data: X ~ N(0, 1), 64 × 5, a draw a seed, and y its own tanh output, so that J = 0
with all 15 and a mask's J is what it costs. There R is 0 for every parameter, and R < τ removes all
15. Retrained is every one of the 2¹⁵ masked networks, on the first draw: 200 steps further (Adam,
lr .01), the mask held."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from refnn import article, network
from refnn.console import table
from refnn.experiments.spread import page, told
from refnn.network import Params
from refnn.pruning import importance, truth

SEEDS, COUNTS, STEPS = 200, (1, 2, 3, 5, 8, 11, 14), 200
CRITERIA = ("|w|", "|R|", "OBD")
STAGES = 2


class Printed(NamedTuple):
    """What the best mask of each size costs, and the masks by each criterion; S draws of data."""

    seeds: int
    best: dict  # parameters removed -> (S,) least J
    by: dict  # (criterion, parameters removed) -> (S,) J
    nested: np.ndarray  # (S,) how many of the 14 best sets of one more contain the one before
    retrained: dict  # parameters removed -> least J after retraining, on the first draw


def compute(seeds=SEEDS, progress=lambda stage: None, steps=STEPS):
    """Try all masks on every draw of the data.

    >>> compute(seeds=2, steps=1).best[1].shape
    (2,)
    """
    params = Params(*(a.astype(float) for a in article.parameters().arrays()))
    n = params.flatten().size
    best, by, nested = {k: np.empty(seeds) for k in COUNTS}, {}, np.zeros(seeds)
    progress(f"2^15 masks on {seeds} draws")
    for seed in range(seeds):
        X = np.random.default_rng(seed).standard_normal((64, 5))
        y = network.forward(params, X).y_hat
        J = truth.every_mask(params, X, y)  # (2¹⁵,)
        sets = [set(truth.best_of(J, k).removed.tolist()) for k in range(n)]
        nested[seed] = sum(a < b for a, b in pairwise(sets))
        scores = (
            importance.magnitude(params),
            importance.gradient(params, X, y),
            importance.obd(params, X, y),
        )
        order = {n: np.argsort(s.flatten(), kind="stable") for n, s in zip(CRITERIA, scores)}
        for k in COUNTS:
            best[k][seed] = truth.best_of(J, k).J
            for name in CRITERIA:
                kept = (2**n - 1) - (1 << order[name][:k]).sum()  # a bit a parameter
                by.setdefault((name, k), np.empty(seeds))[seed] = J[kept]
    progress("2^15 masks retrained")
    after = truth.every_mask_retrained(params, *article.data(), steps=steps)
    retrained = {k: float(truth.best_of(after, k).J) for k in COUNTS}
    return Printed(seeds, best, by, nested, retrained)


def text(result):
    """Return a table by the number of parameters removed.

    >>> text(compute(seeds=2, steps=1)).splitlines()[0]
    'J of the printed 5-2-1 network without k of its 15 parameters, 2 draws of data:'
    """
    rows = []
    for k in COUNTS:
        by = [f"{np.median(result.by[name, k]):.3f}" for name in CRITERIA]
        rows.append([k, told(result.best[k], "{:.3f}"), *by, f"{result.retrained[k]:.4f}"])
    return page(
        "J of the printed 5-2-1 network without k of its 15 parameters, "
        f"{result.seeds} draws of data: the best of all masks (median and central 80%), the k "
        "lowest by a criterion (median); and the best after retraining all 32768 masks (first "
        "draw)",
        table(rows, ["k", "best mask", *CRITERIA, "retrained"], "rrrrrr"),
        "The best set of one more contains the best set before it in "
        f"{told(result.nested, '{:.0f}')} of 14 steps (80%): removing one by one need not find the "
        "best. |R| is 0 for all, so that |R| goes by position alone.",
    )
