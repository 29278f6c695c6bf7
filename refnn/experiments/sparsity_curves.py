"""Error against sparsity: when to prune, with and without training afterwards, on three data sets.

Every way starts from the same trained networks (see `trained`), prunes to the same shares and may
train 300 steps more (iterative: five rounds of 60; lottery and its control: 300 from a start), mask
held, the same decay:

    cut, |w|         the smallest |w| go, no training after          cut, OBD   the same by ½H_ii·w²
    OBS              one by one, the rest moved, no training after   cut, R     the lowest R, as the article ranks
    tuned, …         cut, then trained     iterative, gradual        pruned in rounds, or on the way
    lottery          the mask of |w| on the network's own start      re-drawn   the same mask on another start
"""

from typing import NamedTuple

import numpy as np

from refnn.console import table, wrap
from refnn.experiments.spread import interval, median
from refnn.experiments.trained import DECAY, LR, SEEDS, STEPS, J, networks
from refnn.pruning import as_written, importance, schedules

DATASETS, SPARSITIES, ROUNDS, EVERY = (
    ("diabetes", "friedman1", "teacher"),
    (0.3, 0.5, 0.7, 0.9),
    5,
    10,
)
WAYS = (
    "cut, R",
    "cut, |w|",
    "cut, OBD",
    "OBS",
    "tuned, R",
    "tuned, random",
    "tuned, |w|",
    "tuned, OBD",
    "iterative",
    "gradual",
    "gradual, OBD",
    "lottery",
    "re-drawn",
)
STAGES = len(DATASETS) * len(SPARSITIES)


class Curves(NamedTuple):
    """train, test: (dataset, way) -> (sparsities, S), the error over the dense network's.
    >>> Curves._fields
    ('seeds', 'train', 'test')"""

    seeds: int
    train: dict
    test: dict


def compute(seeds=SEEDS, progress=lambda stage: None, datasets=DATASETS):
    """Every way at every sparsity on every data set.

    >>> len(compute(seeds=2, datasets=("diabetes",)).test)
    13
    """
    train, test = {}, {}
    for dataset in datasets:
        for sparsity in SPARSITIES:
            progress(f"{dataset}, {sparsity:.0%}")
            params, X, y, X_test, y_test = networks(seeds, dataset)
            for way, pruned in _pruned(
                params, X, y, sparsity, networks(seeds, dataset, steps=0).params
            ):
                for errors, rows in ((train, (X, y)), (test, (X_test, y_test))):
                    errors.setdefault((dataset, way), []).append(
                        J(pruned, *rows) / J(params, *rows)
                    )
    return Curves(
        seeds, *({key: np.array(values) for key, values in d.items()} for d in (train, test))
    )


def _pruned(params, X, y, sparsity, start):
    """(way, the pruned networks)."""
    again = {"lr": LR, "weight_decay": DECAY}
    rng = np.random.default_rng(0)

    def chance(params, X, y, activation="tanh"):
        return importance.random(params, rng)

    for name, criterion in (
        ("R", as_written.importance),
        ("|w|", importance.magnitude),
        ("OBD", importance.obd),
        ("random", chance),
    ):
        if name != "random":
            yield (
                f"cut, {name}",
                schedules.one_shot(params, X, y, sparsity, criterion, steps=0, **again).params,
            )
        yield (
            f"tuned, {name}",
            schedules.one_shot(params, X, y, sparsity, criterion, steps=STEPS, **again).params,
        )
    count = round(sparsity * params.flatten().shape[-1])
    yield (
        "OBS",
        schedules.obs(params, X, y, count, weight_decay=DECAY, curvature="gauss_newton").params,
    )
    size = importance.magnitude
    yield (
        "iterative",
        schedules.iterative(
            params, X, y, sparsity, size, rounds=ROUNDS, steps=STEPS // ROUNDS, **again
        ).params,
    )
    yield (
        "gradual",
        schedules.gradual(params, X, y, sparsity, size, steps=STEPS, every=EVERY, **again).params,
    )
    yield (
        "gradual, OBD",
        schedules.gradual(
            params, X, y, sparsity, importance.obd, steps=STEPS, every=EVERY, **again
        ).params,
    )
    yield (
        "lottery",
        schedules.lottery(start, params, X, y, sparsity, size, steps=STEPS, **again).params,
    )
    yield (
        "re-drawn",
        schedules.lottery(
            start, params, X, y, sparsity, size, steps=STEPS, reinitialise=rng, **again
        ).params,
    )


def text(result):
    """Two tables a data set, training rows and test rows, and where the lottery ticket beats its
    control.

    >>> text(compute(seeds=2, datasets=("diabetes",))).splitlines()[0]
    'Error over that of the dense network, after so many of the 61 parameters are'
    """
    datasets = list(dict.fromkeys(dataset for dataset, _ in result.test))
    removed = ", ".join(f"{s:.0%} is {round(s * 61)}" for s in SPARSITIES)
    parts = [
        wrap(
            f"Error over that of the dense network, after so many of the 61 parameters are pruned ({removed}): "
            f"median of {result.seeds} networks and the ends of its 95% interval"
        )
    ]
    for dataset in datasets:
        for name, errors in (("training rows", result.train), ("test rows", result.test)):
            rows = [[way, *map(_with_ends, errors[dataset, way])] for way in WAYS]
            parts += [
                "",
                f"{dataset}, {name}",
                table(rows, ["", *(f"{s:.0%}" for s in SPARSITIES)]),
            ]
    won = []
    for dataset in datasets:
        difference = result.test[dataset, "lottery"] - result.test[dataset, "re-drawn"]
        won.append(
            f"{dataset} "
            + ", ".join(
                f"{interval(d, '{:+.3f}')} at {s:.0%}"
                for s, d in zip(SPARSITIES, difference)
                if s >= 0.7
            )
        )
    return "\n".join(
        [
            *parts,
            "",
            wrap(
                "Lottery ticket: test error minus that of the same mask on another start, median of the pairs and its 95% "
                f"interval: {'; '.join(won)}."
            ),
        ]
    )


def _with_ends(values):
    """Three digits each: 1.02 1.01-1.03."""
    middle, low, high = (f"{v:.2f}" if v < 9.995 else f"{v:.1f}" for v in median(values))
    return f"{middle} {low}-{high}"


def ranked(result):
    """The ways by what they lose at the highest sparsity on test rows, least first: the geometric
    mean over the data sets of the median error over the dense network's.

    >>> len(ranked(compute(seeds=2, datasets=("diabetes",))))
    13
    """
    datasets = dict.fromkeys(dataset for dataset, _ in result.test)
    return sorted(
        WAYS,
        key=lambda way: np.mean([np.log(np.median(result.test[d, way][-1])) for d in datasets]),
    )


def draw(result):
    """The figure `sparsity_curves`.

    >>> sorted(draw(compute(seeds=2, datasets=("diabetes",))))
    ['sparsity_curves']
    """
    from refnn import plots

    shown = (
        "cut, |w|",
        "OBS",
        "tuned, R",
        "tuned, random",
        "tuned, |w|",
        "gradual",
        "gradual, OBD",
        "lottery",
        "re-drawn",
    )
    datasets = list(dict.fromkeys(dataset for dataset, _ in result.test))
    panels = [
        [
            (
                f"{dataset}, {rows}",
                {way: [median(values) for values in errors[dataset, way]] for way in shown},
            )
            for dataset in datasets
        ]
        for rows, errors in (("training rows", result.train), ("test rows", result.test))
    ]
    half = SPARSITIES.index(0.5)
    good = ", ".join(f"{np.median(result.test[d, 'tuned, |w|'][half]):.2f}" for d in datasets)
    best, *_, worst = ranked(result)
    return {
        "sparsity_curves": plots.curves(
            panels,
            SPARSITIES,
            f"Half the weights cut by |w| and tuned: test error {good} of the dense network's;\nof "
            f"{len(WAYS)} ways, at {SPARSITIES[-1]:.0%} '{best}' loses least and '{worst}' most",
            f"medians of {result.seeds} networks with their 95% intervals; the networks were trained with weight decay",
            "parameters pruned",
            "error over the dense network's",
        )
    }
