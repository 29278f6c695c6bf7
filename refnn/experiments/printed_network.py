"""This experiment tries all 2¹⁵ masks of the network that §4.1 really prints. The network is 5-2-1
with 15 parameters, and J is measured before and after retraining.

The article prints no data. So each seed draws X ~ N(0, 1), 64 × 5, and y is the network's own tanh
output. Then J = 0 with all 15 parameters, and the J of a mask is what the mask costs. R is 0 for
every parameter there, and R < τ removes all 15. On the first draw, each of the 2¹⁵ masked networks
is retrained: 200 more steps of Adam with lr .01, in which removed parameters stay 0."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from refnn import article, network
from refnn.console import table
from refnn.experiments.spread import Finding, judged, page, told
from refnn.network import Params
from refnn.pruning import importance, truth

SEEDS, COUNTS, STEPS = 200, (1, 2, 3, 5, 8, 11, 14), 200
CRITERIA = ("|w|", "|R|", "OBD")
STAGES = 2


class Printed(NamedTuple):
    """What the best mask of each size costs, and those of each criterion, for S draws of data."""

    seeds: int
    best: dict  # parameters removed -> (S,) least J
    by: dict  # (criterion, parameters removed) -> (S,) J
    nested: np.ndarray  # (S,) how many of the best sets, of 14, contain the next smaller one
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
                kept = (2**n - 1) - (1 << order[name][:k]).sum()  # one bit for each parameter
                by.setdefault((name, k), np.empty(seeds))[seed] = J[kept]
    progress("2^15 masks retrained")
    after = truth.every_mask_retrained(params, *article.data(), steps=steps)
    retrained = {k: float(truth.best_of(after, k).J) for k in COUNTS}
    return Printed(seeds, best, by, nested, retrained)


def text(result):
    """Return a table with one row for each number of removed parameters.

    >>> text(compute(seeds=2, steps=1)).splitlines()[0]
    'J of the printed 5-2-1 network without k of its 15 parameters. Medians of 2'
    """
    rows = []
    for k in COUNTS:
        by = [f"{np.median(result.by[name, k]):.3f}" for name in CRITERIA]
        rows.append([k, told(result.best[k], "{:.3f}"), *by, f"{result.retrained[k]:.4f}"])
    return page(
        "J of the printed 5-2-1 network without k of its 15 parameters. Medians of "
        f"{result.seeds} draws of data; in brackets the central 80%. 'best mask' is the least J of "
        "all masks. |w|, |R| and OBD remove the k parameters with the lowest scores. 'retrained' "
        "is the least J after all 32768 masks are retrained on the first draw.",
        table(rows, ["k", "best mask", *CRITERIA, "retrained"], "rrrrrr"),
        "The best set of k + 1 parameters to remove contains the best set of k in "
        f"{told(result.nested, '{:.0f}')} of 14 steps (median; in brackets the central 80%), so "
        "removing them one by one need not find the best set. |R| is 0 for all parameters, so it "
        "ranks them by position alone.",
        judged(finding(result)),
    )


def finding(result):
    """Return what this experiment finds, as a Finding."""
    return Finding(
        f"Removing {COUNTS[3]} of the 15 printed parameters costs more if |w| chooses them than if "
        f"the best {COUNTS[3]} are chosen, those whose removal costs least",
        result.by["|w|", COUNTS[3]] - result.best[COUNTS[3]],
        0.0,
        "J after the five that |w| chooses are removed minus J after the best five are",
        "{:.3f}",
    )


def draw(result):
    """Return the figure `printed_network`."""
    from refnn import plots

    found = finding(result)
    title = "Without 5 of the 15 printed parameters, |w| leaves a J {} above the best set's"
    return {
        "printed_network": plots.reversal(found, title.format(f"{np.median(found.values):.3f}"))
    }
