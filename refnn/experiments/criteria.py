"""This experiment compares each pruning criterion with the true cost of deleting a parameter. It
measures the rank correlation and the regret, on three data sets and at four moments of training.

    truth        the exact J(θ_i = 0) − J of each of the 61 parameters
    correlation  Spearman's rank correlation of the criterion's scores with the truth
    regret       J without the k parameters that the criterion scores lowest, minus the least J
                 known for k, divided by J. For k ≤ 3 the least J is that of all sets. For larger k
                 it is the least that greedy deletion with swaps, or any criterion, finds.

The four moments are the start, half of the training (150 steps), the end of the recipe (decay 10,
300 steps), and 1000 steps without decay. OBS takes the Gauss–Newton part of the Hessian, as its
paper does, damped by the decay of 10 or, where there is no decay, by 0.001. The full Hessian with
this damping often has negative eigenvalues; its scores are judged beside the others."""

import re
from itertools import product
from typing import NamedTuple

import numpy as np

from refnn import derivatives
from refnn.checking.plane.digits import fixed
from refnn.console import table
from refnn.experiments.article_rule import spearman
from refnn.experiments.processes import results
from refnn.experiments.spread import Finding, judged, limits, median, page, told
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
BY_HESSIAN = "OBS, Hessian"
COUNTS = (1, 2, 3, 18, 30, 43, 55)  # of 61: one, two, three, and 30, 50, 70, 90 %
PICTURED = "diabetes", "no decay"
STAGES = len(DATASETS) * len(MOMENTS)


class Criteria(NamedTuple):
    """The rank correlation and the regret of each criterion, for S networks."""

    seeds: int
    correlation: dict  # (dataset, moment, criterion) -> (S,)
    regret: dict  # (dataset, moment, count, criterion) -> (S,), divided by the dense J
    picture: dict  # criterion, or "truth" -> (61,) scores of one network
    positive: dict  # (dataset, moment) -> (S,) is the damped Hessian positive definite?


def compute(seeds=SEEDS, progress=lambda stage: None, datasets=DATASETS, processes=1):
    """Judge all criteria on all networks, at all moments.

    >>> len(compute(seeds=2, datasets=("diabetes",)).correlation)
    44
    """
    correlation, regret, picture, positive = {}, {}, {}, {}
    tasks = [(seeds, dataset, moment) for dataset in datasets for moment in MOMENTS]
    found = results(at_moment, tasks, processes)
    for _, dataset, moment in tasks:
        progress(f"{dataset}, {moment}")
        own = next(found)
        correlation |= {(dataset, moment, name): v for name, v in own.correlation.items()}
        regret |= {(dataset, moment, *key): v for key, v in own.regret.items()}
        positive[dataset, moment] = own.positive
        if (dataset, moment) == PICTURED:
            picture = own.first
    return Criteria(seeds, correlation, regret, picture, positive)


class Moment(NamedTuple):
    """What `at_moment` finds about S networks."""

    correlation: dict  # criterion -> (S,)
    regret: dict  # (count, criterion) -> (S,)
    first: dict  # criterion, or "truth" -> (61,) scores of the first network
    positive: np.ndarray  # (S,)


def at_moment(seeds, dataset, moment):
    """Judge all criteria on the networks of one data set at one moment.

    >>> sorted(at_moment(2, "teacher", "start").correlation)[:2]
    ['Fisher', 'OBD']
    """
    options = MOMENTS[moment]
    params, X, y, _, _ = networks(seeds, dataset, **options)
    J = truth.loss_without(params, np.ones((1, 61)), X, y)[:, 0]
    real = truth.deletion(params, X, y).flatten()
    damping = options.get("decay", DECAY) or 1e-3
    scores = {name: a.flatten() for name, a in _scores(params, X, y, damping)}
    scores[BY_HESSIAN], positive = _by_hessian(params, X, y, damping)
    scores["deletion"] = real
    correlation = {name: spearman(a, real) for name, a in scores.items()}
    without, regret = {}, {}
    for name, a in scores.items():
        ranked = Params.unflatten(a, params.sizes)
        for k in COUNTS:
            keep = masks.by_sparsity(ranked, k / 61).flatten()
            without[k, name] = truth.loss_without(params, keep[:, None], X, y)[:, 0]
    known = [truth.best_subset(params, X, y, k).J for k in COUNTS if k <= 3]
    more = [k for k in COUNTS if k > 3]
    known += [best.J for best in truth.best_known_of_each(params, X, y, more)]
    for k, least in zip(COUNTS, known, strict=True):
        least = np.minimum.reduce([least, *(without[k, name] for name in scores)])
        regret |= {(k, name): (without[k, name] - least) / J for name in scores}
    first = {name: a[0] for name, a in scores.items()} | {"truth": real[0]}
    return Moment(correlation, regret, first, positive)


def _by_hessian(params, X, y, damping):
    """Return the scores ½·θ²/[H⁻¹]_ii of the damped Hessian, and whether it is positive definite.

    Where it is not, the scores are no costs, and `importance.obs` refuses them. They are computed
    here to show what they are worth."""
    H = derivatives.hessian(params, X, y) + damping * np.eye(params.flatten().shape[1])
    inverse = np.linalg.inv(H).diagonal(0, -2, -1)
    return params.flatten() ** 2 / inverse / 2, np.linalg.eigvalsh(H)[:, 0] > 0


def _scores(params, X, y, damping):
    yield "random", importance.random(params, np.random.default_rng(0))
    yield "R", as_written.importance(params, X, y)
    yield "|R|", importance.gradient(params, X, y)
    yield "|w|", importance.magnitude(params)
    yield "|R*w|", importance.taylor(params, X, y)
    yield "Fisher", importance.fisher(params, X, y)
    yield "OBD", importance.obd(params, X, y)
    yield "OBS", importance.obs(params, X, y, damping=damping, curvature="gauss_newton")
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
        "the least J known for k. Medians, each followed by the ends of its "
        f"{limits(result.seeds)}; T stands "
        "for thousands. For k = 1, 2, 3 all sets were tried, so the least J is exact. The other k "
        "are 30%, 50%, 70% and 90% of 61, and there it is the best J known."
    )
    for d, m, counts in product(datasets, MOMENTS, (COUNTS[:3], COUNTS[3:])):
        rows = [[n, *(_percent(result.regret[d, m, k, n]) for k in counts)] for n in CRITERIA]
        header = ["score", *(f"k = {k}" for k in counts)]
        parts.append(f"{d}, {m}\n{table(rows, header)}")
    worst = []
    for name in CRITERIA[:-1]:
        of_name = [(median(v), d, m) for (d, m, n), v in result.correlation.items() if n == name]
        (_, low, high), dataset, moment = min(of_name)
        worst.append(f"{name} {fixed(low)} to {fixed(high)} ({dataset}, {moment})")
    return page(
        *parts,
        "OBS estimates what a deletion costs when all other parameters move to compensate it, but "
        "here they do not move. 'deletion' ranks by the true cost of each parameter alone, so its "
        "regret is what is lost by judging the parameters one by one.",
        f"This is the {limits(result.seeds)} of each criterion's lowest median correlation, in "
        f"brackets the data set and moment where it is lowest: {'; '.join(worst)}. If the interval "
        "of another data set or moment overlaps, it may be chance which of them is the lowest.",
        *(_of_the_hessian(result, dataset) for dataset in datasets),
        judged(finding(result)),
    )


def finding(result):
    """Return what this experiment finds, as a Finding."""
    size, slope = (result.correlation["diabetes", "trained", name] for name in ("|w|", "R"))
    return Finding(
        "The size |w| ranks the true costs of deletion better than the article's R does (diabetes, "
        "trained)",
        size - slope,
        0.0,
        "rank correlation of |w| minus that of R",
    )


def _of_the_hessian(result, dataset):
    """Say what the OBS score of the full Hessian is worth where this is not positive definite."""
    said = []
    for moment in ("trained", "no decay"):
        good = result.positive[dataset, moment]
        ours, theirs = (result.correlation[dataset, moment, n] for n in ("OBS", BY_HESSIAN))
        where = f", {_two(theirs[good])} where it is positive definite" if good.any() else ""
        lost, less = (result.regret[dataset, moment, 3, n] for n in (BY_HESSIAN, "OBS"))
        said.append(
            f"{moment}: it is not positive definite in {1 - good.mean():.0%} of the networks. The "
            f"rank correlation is {_two(theirs)} over all networks{where}, and {_two(ours)} with "
            f"Gauss-Newton. The regret at k = 3 is {100 * np.median(lost):.1f}%, and "
            f"{100 * np.median(less):.1f}% with Gauss-Newton"
        )
    return f"OBS with the damped Hessian on {dataset} (medians). {'. '.join(said)}."


def _two(values):
    return f"{np.median(values):.2f}"


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
