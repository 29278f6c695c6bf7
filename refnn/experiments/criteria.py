"""This experiment compares each pruning criterion with the true cost of deleting a parameter. It
measures the rank correlation and the regret, on three data sets and at four moments of training.

    truth        the exact J(θ_i = 0) − J of each of the 61 parameters
    correlation  Spearman's rank correlation of the criterion's scores with the truth
    regret       J without the k parameters that the criterion scores lowest, minus the least J
                 known for k, divided by J. For k ≤ 3 the least J is that of all sets. For larger k
                 it is the least that greedy deletion with swaps, or any criterion, finds.

The four moments are the start, half of the training (150 steps), the end of the recipe (decay 10,
300 steps), and 1000 steps without decay. OBS is damped by the decay of 10 or, where there is no
decay, by 0.001."""

import re
from itertools import product
from typing import NamedTuple

import numpy as np

from refnn.checking.plane.digits import fixed
from refnn.console import table
from refnn.experiments.article_rule import spearman
from refnn.experiments.spread import median, page, told
from refnn.experiments.trained import DECAY, SEEDS, STEPS, networks
from refnn.network import Params
from refnn.pruning import as_written, importance, masks, truth

DATASETS = ("diabetes", "friedman1", "teacher")
MOMENTS = {
    "start": {"steps": 0},
    "half": {"steps": STEPS // 2},
    "trained": {},
    "no decay": {"steps": 1000, "decay": 0.0},
}
CRITERIA = ("random", "R", "|R|", "|w|", "|R*w|", "Fisher", "OBD", "OBS", "Taylor2", "deletion")
COUNTS = (1, 2, 3, 18, 30, 43, 55)  # of 61: one, two, three, and 30, 50, 70, 90 %
PICTURED = "diabetes", "no decay"
STAGES = len(DATASETS) * len(MOMENTS)


class Criteria(NamedTuple):
    """The rank correlation and the regret of each criterion, for S networks."""

    seeds: int
    correlation: dict  # (dataset, moment, criterion) -> (S,)
    regret: dict  # (dataset, moment, count, criterion) -> (S,), divided by the dense J
    picture: dict  # criterion, or "truth" -> (61,) scores of one network


def compute(seeds=SEEDS, progress=lambda stage: None, datasets=DATASETS):
    """Judge all criteria on all networks, at all moments.

    >>> len(compute(seeds=2, datasets=("diabetes",)).correlation)
    40
    """
    correlation, regret, picture = {}, {}, {}
    for dataset in datasets:
        for moment, options in MOMENTS.items():
            progress(f"{dataset}, {moment}")
            params, X, y, _, _ = networks(seeds, dataset, **options)
            J = truth.loss_without(params, np.ones((1, 61)), X, y)[:, 0]
            real = truth.deletion(params, X, y).flatten()
            without, decay = {}, options.get("decay", DECAY)
            ideal = ("deletion", Params.unflatten(real, params.sizes))
            for name, scores in (*_scores(params, X, y, decay), ideal):
                correlation[dataset, moment, name] = spearman(scores.flatten(), real)
                for k in COUNTS:
                    keep = masks.by_sparsity(scores, k / 61).flatten()
                    without[k, name] = truth.loss_without(params, keep[:, None], X, y)[:, 0]
                if (dataset, moment) == PICTURED:
                    picture[name] = scores.flatten()[0]
            if (dataset, moment) == PICTURED:
                picture["truth"] = real[0]
            for k in COUNTS:
                least = (truth.best_subset if k <= 3 else truth.best_known)(params, X, y, k).J
                least = np.minimum.reduce([least, *(without[k, name] for name in CRITERIA)])
                for name in CRITERIA:
                    regret[dataset, moment, k, name] = (without[k, name] - least) / J
    return Criteria(seeds, correlation, regret, picture)


def _scores(params, X, y, decay):
    yield "random", importance.random(params, np.random.default_rng(0))
    yield "R", as_written.importance(params, X, y)
    yield "|R|", importance.gradient(params, X, y)
    yield "|w|", importance.magnitude(params)
    yield "|R*w|", importance.taylor(params, X, y)
    yield "Fisher", importance.fisher(params, X, y)
    yield "OBD", importance.obd(params, X, y)
    yield "OBS", importance.obs(params, X, y, damping=decay or 1e-3)
    yield "Taylor2", importance.second_order_taylor(params, X, y)


def text(result):
    """Return the tables of correlations and regrets, and where each criterion fails.

    >>> text(compute(seeds=2, datasets=("diabetes",))).splitlines()[0]
    "Rank correlation of each criterion's score with the true cost of deletion."
    """
    datasets = dict.fromkeys(dataset for dataset, _, _ in result.correlation)
    parts = [
        "Rank correlation of each criterion's score with the true cost of deletion. Medians of "
        f"{result.seeds} networks; in brackets the central 80%."
    ]
    for d in datasets:
        rows = [[n, *(_short(result.correlation[d, m, n]) for m in MOMENTS)] for n in CRITERIA]
        parts.append(f"{d}\n{table(rows, ['score', *MOMENTS])}")
    parts.append(
        "Regret in % of the dense network's J: J without the k parameters that score lowest, minus "
        "the least J known for k. Medians, each followed by the ends of its 95% interval; T stands "
        "for thousands. For k = 1, 2, 3 the least J is that of all sets. The other k are 30%, 50%, "
        "70% and 90% of 61, and there it is the best J known."
    )
    for d, m, counts in product(datasets, MOMENTS, (COUNTS[:3], COUNTS[3:])):
        rows = [[n, *(_percent(result.regret[d, m, k, n]) for k in counts)] for n in CRITERIA]
        header = ["score", *(f"k = {k}" for k in counts)]
        parts.append(f"{d}, {m}\n{table(rows, header)}")
    worst = []
    for name in CRITERIA[:-1]:
        of_name = [(np.median(v), d, m) for (d, m, n), v in result.correlation.items() if n == name]
        least, dataset, moment = min(of_name)
        worst.append(f"{name} {least:.2f} ({dataset}, {moment})")
    return page(
        *parts,
        "OBS estimates what a deletion costs when all other parameters move to compensate it, but "
        "here they do not move. 'deletion' ranks by the true cost of each parameter alone, so its "
        "regret is what is lost by judging the parameters one by one.",
        f"The lowest median correlation of each criterion is {', '.join(worst)}.",
    )


def _short(values):
    """Return the median and central 80 % without zeros before the point, to fit into 79 columns."""
    return re.sub(r"\b0\.", ".", told(values)).replace("1.00", "1.0").replace(", ", ",")


def _percent(ratios):
    """Return the median and the ends of its interval in per cent, as in 1.02 0.91-1.10."""
    middle, *ends = (_digits(100 * v) for v in median(ratios))
    return f"{middle} {'-'.join(ends)}"


def _digits(v):
    return fixed(v) if abs(v) < 9.95 else f"{v:.0f}" if v < 9995 else f"{v / 1000:.0f}T"


def draw(result):
    """Return the figure `criteria`."""
    from refnn import plots

    middle = {name: np.median(result.correlation[(*PICTURED, name)]) for name in CRITERIA[:-1]}
    best = max(middle, key=middle.get)
    shown = CRITERIA[1:-1]
    title = (
        "Trained without decay, the rank correlation with the true cost of deletion is "
        f"{fixed(middle['R'])} for R,\n{middle['|R|']:.2f} for |R|, {middle['|w|']:.2f} for |w| "
        f"and {middle[best]:.2f} for {best}"
    )
    figure = plots.against_truth(
        {name: result.picture[name] for name in shown},
        result.picture["truth"],
        {name: middle[name] for name in shown},
        title.replace("-", "−"),
        "one network (seed 0), a dot a parameter; in brackets the rank correlation, median of "
        f"{result.seeds} networks",
        "J(w = 0) − J",
    )
    return {"criteria": figure}
