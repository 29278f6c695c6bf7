"""Error against sparsity: when to prune, with and without training afterwards, on three data sets.

Every way starts from the same trained networks (see `trained`), prunes to the same shares and may train 300
steps more (iterative: five rounds of 60; lottery and its control: 300 from a start), mask held, the same decay:

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

DATASETS, SPARSITIES, ROUNDS, EVERY = ("diabetes", "friedman1", "teacher"), (0.3, 0.5, 0.7, 0.9), 5, 10
WAYS = ("cut, R", "cut, |w|", "cut, OBD", "OBS", "tuned, R", "tuned, random", "tuned, |w|", "tuned, OBD", "iterative",
        "gradual", "gradual, OBD", "lottery", "re-drawn")
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
            for way, pruned in _pruned(params, X, y, sparsity, networks(seeds, dataset, steps=0).params):
                for errors, rows in ((train, (X, y)), (test, (X_test, y_test))):
                    errors.setdefault((dataset, way), []).append(J(pruned, *rows) / J(params, *rows))
    return Curves(seeds, *({key: np.array(values) for key, values in d.items()} for d in (train, test)))


def _pruned(params, X, y, sparsity, start):
    """(way, the pruned networks)."""
    again = {"lr": LR, "weight_decay": DECAY}
    rng = np.random.default_rng(0)

    def chance(params, X, y, activation="tanh"):
        return importance.random(params, rng)

    for name, criterion in (("R", as_written.importance), ("|w|", importance.magnitude), ("OBD", importance.obd),
                            ("random", chance)):
        if name != "random":
            yield f"cut, {name}", schedules.one_shot(params, X, y, sparsity, criterion, steps=0, **again).params
        yield f"tuned, {name}", schedules.one_shot(params, X, y, sparsity, criterion, steps=STEPS, **again).params
    count = round(sparsity * params.flatten().shape[-1])
    yield "OBS", schedules.obs(params, X, y, count, weight_decay=DECAY, curvature="gauss_newton").params
    size = importance.magnitude
    yield "iterative", schedules.iterative(params, X, y, sparsity, size, rounds=ROUNDS, steps=STEPS // ROUNDS,
                                           **again).params
    yield "gradual", schedules.gradual(params, X, y, sparsity, size, steps=STEPS, every=EVERY, **again).params
    yield "gradual, OBD", schedules.gradual(params, X, y, sparsity, importance.obd, steps=STEPS, every=EVERY,
                                            **again).params
    yield "lottery", schedules.lottery(start, params, X, y, sparsity, size, steps=STEPS, **again).params
    yield "re-drawn", schedules.lottery(start, params, X, y, sparsity, size, steps=STEPS, reinitialise=rng,
                                        **again).params


def text(result):
    """A table a data set and set of rows, and where the lottery ticket beats its control.

    >>> text(compute(seeds=2, datasets=("diabetes",))).splitlines()[0]
    'Error over that of the dense network: median over 2 networks'
    """
    parts = [wrap(f"Error over that of the dense network: median over {result.seeds} networks")]
    datasets = list(dict.fromkeys(dataset for dataset, _ in result.test))
    for dataset in datasets:
        rows = [[way, *(f"{v:.2f}" for values in (result.train, result.test)
                        for v in np.median(values[dataset, way], axis=1))] for way in WAYS]
        header = [dataset, *(f"{'train' if i == 0 else 'test' if i == len(SPARSITIES) else ''} {s:.0%}"
                             for i, s in enumerate(SPARSITIES * 2))]
        parts += ["", table(rows, header, "l" + "r" * 8)]
    won = []
    for dataset in datasets:
        difference = result.test[dataset, "lottery"] - result.test[dataset, "re-drawn"]
        won.append(f"{dataset} " + ", ".join(f"{interval(d, '{:+.3f}')} at {s:.0%}"
                                             for s, d in zip(SPARSITIES, difference) if s >= 0.7))
    return "\n".join([*parts, "", wrap(
        "Lottery ticket: test error minus that of the same mask on another start, median of the pairs and its 95% "
        f"interval: {'; '.join(won)}.")])


def draw(result):
    """The figure `sparsity_curves`.

    >>> sorted(draw(compute(seeds=2, datasets=("diabetes",))))
    ['sparsity_curves']
    """
    from refnn import plots
    shown = ("cut, |w|", "OBS", "tuned, R", "tuned, random", "tuned, |w|", "gradual", "lottery")
    datasets = list(dict.fromkeys(dataset for dataset, _ in result.test))
    panels = [[(f"{dataset}, {rows}", {way: np.median(errors[dataset, way], axis=1) for way in shown})
               for dataset in datasets]
              for rows, errors in (("training rows", result.train), ("test rows", result.test))]
    half = SPARSITIES.index(0.5)
    good = {d: median(result.test[d, "tuned, |w|"][half]) for d in datasets}
    told = ", ".join(f"{m.median:.2f}" for m in good.values())
    last = {way: np.mean([np.log(np.median(result.test[d, way][-1])) for d in datasets]) for way in shown}
    best, worst = min(last, key=last.get), max(last, key=last.get)
    return {"sparsity_curves": plots.curves(
        panels, SPARSITIES, f"Half the weights cut by |w| and tuned: test error {told} of the dense network's;\n"
        f"at {SPARSITIES[-1]:.0%} least is lost by '{best}', most by '{worst}'",
        f"medians of {result.seeds} networks; the networks were trained with weight decay", "parameters pruned",
        "error over the dense network's")}
