"""This experiment compares thirteen ways of pruning by their errors, on three data sets. The ways
differ in when they prune, what they prune and whether they train afterwards.

Every way starts from the same trained networks (see `trained`) and prunes the same share of the
parameters, which is the sparsity. Most ways then train 300 more steps with the same decay, in which
removed parameters stay 0.

    cut, |w|            removes the parameters with the smallest |w| and does not train afterwards
    cut, OBD            does the same by ½H_ii·w²
    cut, R              removes the parameters with the lowest R, as the article ranks
    OBS                 removes one parameter after the other and adjusts the rest, without training
    tuned, …            cuts and then trains
    iterative, gradual  prune in five rounds of 60 steps, or during training
    lottery             trains the mask of |w| for 300 steps from the network's own start
    re-drawn            trains the same mask from another start, as a control of the lottery
"""

from typing import NamedTuple

import numpy as np

from refnn.console import table
from refnn.experiments.processes import results
from refnn.experiments.spread import Finding, interval, judged, limits, median, page
from refnn.experiments.trained import DECAY, LR, SEEDS, STEPS, J, networks
from refnn.pruning import as_written, importance, schedules

DATASETS, SPARSITIES = ("diabetes", "friedman1", "teacher"), (0.3, 0.5, 0.7, 0.9)
ROUNDS, EVERY = 5, 10
# fmt: off
WAYS = (
    "cut, R", "cut, |w|", "cut, OBD", "OBS",
    "tuned, R", "tuned, random", "tuned, |w|", "tuned, OBD",
    "iterative", "gradual", "gradual, OBD", "lottery", "re-drawn",
)
PICTURED = (
    "cut, |w|", "OBS", "tuned, R", "tuned, random", "tuned, |w|",
    "gradual", "gradual, OBD", "lottery", "re-drawn",
)
# fmt: on
STAGES = len(DATASETS) * len(SPARSITIES)


class Curves(NamedTuple):
    """The error of every way divided by that of the dense network, for S networks."""

    seeds: int
    train: dict  # (dataset, way) -> (sparsities, S) on the training rows
    test: dict  # (dataset, way) -> (sparsities, S) on the test rows


def compute(seeds=SEEDS, progress=lambda stage: None, datasets=DATASETS, processes=1):
    """Prune in every way, at every sparsity, on every data set.

    >>> len(compute(seeds=2, datasets=("diabetes",)).test)
    13
    """
    train, test = {}, {}
    tasks = [(seeds, dataset, sparsity) for dataset in datasets for sparsity in SPARSITIES]
    found = results(at_sparsity, tasks, processes)
    for _, dataset, sparsity in tasks:
        progress(f"{dataset}, {sparsity:.0%}")
        for way, (on_train, on_test) in next(found).items():
            train.setdefault((dataset, way), []).append(on_train)
            test.setdefault((dataset, way), []).append(on_test)
    stacked = ({key: np.array(values) for key, values in d.items()} for d in (train, test))
    return Curves(seeds, *stacked)


def at_sparsity(seeds, dataset, sparsity):
    """Return {way: its errors over the dense ones on the training and on the test rows, (2, S)}.

    >>> at_sparsity(2, "teacher", 0.3)["OBS"].shape
    (2, 2)
    """
    start = networks(seeds, dataset, steps=0).params
    params, X, y, X_test, y_test = networks(seeds, dataset)
    rows = (X, y), (X_test, y_test)
    dense = [J(params, *of) for of in rows]
    return {
        way: np.array([J(pruned, *of) / base for of, base in zip(rows, dense)])
        for way, pruned in _pruned(params, X, y, sparsity, start)
    }


def _pruned(params, X, y, sparsity, start):
    """Yield the name of every way and its pruned networks."""
    again = {"lr": LR, "weight_decay": DECAY}
    full = {"steps": STEPS, **again}
    rounds = {"rounds": ROUNDS, "steps": STEPS // ROUNDS, **again}
    rng = np.random.default_rng(0)

    def chance(params, X, y, activation="tanh"):
        return importance.random(params, rng)

    size, task = importance.magnitude, (params, X, y, sparsity)
    criteria = {"R": as_written.importance, "|w|": size, "OBD": importance.obd, "random": chance}
    for name, criterion in criteria.items():
        if name != "random":
            cut = schedules.one_shot(*task, criterion, steps=0, **again)
            yield f"cut, {name}", cut.params
        yield f"tuned, {name}", schedules.one_shot(*task, criterion, **full).params
    count = round(sparsity * params.flatten().shape[-1])
    surgeon = {"weight_decay": DECAY, "curvature": "gauss_newton"}
    yield "OBS", schedules.obs(params, X, y, count, **surgeon).params
    yield "iterative", schedules.iterative(*task, size, **rounds).params
    yield "gradual", schedules.gradual(*task, size, every=EVERY, **full).params
    yield "gradual, OBD", schedules.gradual(*task, importance.obd, every=EVERY, **full).params
    yield "lottery", schedules.lottery(start, *task, size, **full).params
    yield "re-drawn", schedules.lottery(start, *task, size, reinitialise=rng, **full).params


def text(result):
    """Return two tables for each data set, and a paragraph on lottery tickets.

    >>> text(compute(seeds=2, datasets=("diabetes",))).splitlines()[0]
    'Error divided by that of the dense network, after a share of the 61 parameters'
    """
    datasets = dict.fromkeys(dataset for dataset, _ in result.test)
    shares = [f"{s:.0%}" for s in SPARSITIES]
    removed = ", ".join(f"{share} is {round(s * 61)}" for share, s in zip(shares, SPARSITIES))
    parts = [
        "Error divided by that of the dense network, after a share of the 61 parameters is pruned "
        f"({removed}). Medians of {result.seeds} networks, each followed by the ends of its "
        f"{limits(result.seeds)}. 'cut' does not train afterwards, and 'tuned' does. 'iterative' "
        "and 'gradual' prune in rounds and during training. 'lottery' trains the mask of |w| from "
        "the network's own start, and 're-drawn' trains the same mask from another start."
    ]
    for dataset in datasets:
        for name, errors in (("training rows", result.train), ("test rows", result.test)):
            rows = [[way, *map(_with_ends, errors[dataset, way])] for way in WAYS]
            parts.append(f"{dataset}, {name}\n{table(rows, ['way', *shares])}")
    won = []
    for dataset in datasets:
        difference = result.test[dataset, "lottery"] - result.test[dataset, "re-drawn"]
        pairs = [f"{interval(d, '{:+.3f}')} at {share}" for share, d in zip(shares, difference)]
        won.append(f"On {dataset} it is {' and '.join(pairs[SPARSITIES.index(0.7) :])}.")
    return page(
        *parts,
        "The last two ways differ only in the start. The test error of 'lottery' minus that of "
        f"'re-drawn' is given as the median of the pairs and its {limits(result.seeds)}. "
        f"{' '.join(won)}",
        judged(finding(result)),
    )


def finding(result):
    """Return what this experiment finds, as a Finding."""
    at = SPARSITIES.index(0.5)
    cut, tuned = (result.test["diabetes", f"{way}, |w|"][at] for way in ("cut", "tuned"))
    return Finding(
        "If a network is trained again after half of its parameters are cut, its test error "
        "becomes smaller (diabetes, |w|)",
        cut / tuned,
        1.0,
        "test error without the second training divided by the test error with it",
    )


def _with_ends(values):
    """Return the median and the ends of its interval with three digits, as in 1.02 1.01-1.03."""
    middle, low, high = (f"{v:.2f}" if v < 9.995 else f"{v:.1f}" for v in median(values))
    return f"{middle} {low}-{high}"


def ranked(result):
    """Return the ways, ordered by what they lose at the highest sparsity on the test rows.

    The way that loses least comes first. The loss is the geometric mean, over the data sets, of the
    median error divided by the dense network's.

    >>> len(ranked(compute(seeds=2, datasets=("diabetes",))))
    13
    """
    datasets = dict.fromkeys(dataset for dataset, _ in result.test)

    def loss(way):
        return np.mean([np.log(np.median(result.test[d, way][-1])) for d in datasets])

    return sorted(WAYS, key=loss)


def ahead(result, best, second):
    """Return the test error of the second way over that of the best at the highest sparsity, (S,).

    It is the geometric mean over the data sets.

    >>> ahead(compute(seeds=2, datasets=("diabetes",)), "OBS", "OBS")
    array([1., 1.])
    """
    datasets = dict.fromkeys(dataset for dataset, _ in result.test)
    logs = [np.log(result.test[d, second][-1] / result.test[d, best][-1]) for d in datasets]
    return np.exp(np.mean(logs, axis=0))


def draw(result):
    """Return the figure `sparsity_curves`."""
    from refnn import plots

    datasets = dict.fromkeys(dataset for dataset, _ in result.test)

    def panel(dataset, rows, errors):
        lines = {way: [median(values) for values in errors[dataset, way]] for way in PICTURED}
        return f"{dataset}, {rows}", lines

    by_rows = (("training rows", result.train), ("test rows", result.test))
    panels = [[panel(d, rows, errors) for d in datasets] for rows, errors in by_rows]
    half = SPARSITIES.index(0.5)
    good = ", ".join(f"{np.median(result.test[d, 'tuned, |w|'][half]):.2f}" for d in datasets)
    best, second, *_ = ranked(result)
    apart = interval(ahead(result, best, second))
    figure = plots.curves(
        panels,
        SPARSITIES,
        f"Cutting half the weights by |w|, then training, multiplies the test error by {good};\n"
        f"at {SPARSITIES[-1]:.0%} '{best}' loses least; the next, '{second}', {apart} times as "
        "much",
        f"medians of {result.seeds} networks with their {limits(result.seeds)}s; the networks "
        "were trained with weight decay",
        "parameters pruned",
        "error over the dense network's",
    )
    return {"sparsity_curves": figure}
