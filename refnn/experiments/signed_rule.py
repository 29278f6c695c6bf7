"""This experiment asks why the article's signed R, ranked, can beat |w| at a sparsity of 90 %. Six
parameters are left, and the network is then trained on.

Near a minimum of J + ½λ‖θ‖² R is −λw. So the six parameters with the largest R are the six most
negative ones. To keep them for that is no better than to toss a coin. But the largest |w| are
mostly output weights, and an output weight without an input weight does nothing. The largest
weights of one sign hold fewer output weights and more input weights. What counts is how many inputs
still reach the output; the experiment counts them.

    |w|             keeps the largest sizes
    R               keeps the largest R
    negative w      keeps the most negative parameters, without looking at J
    positive w      keeps the most positive ones
    |w| by arrays   keeps the largest sizes of each array, the same share of each
"""

from typing import NamedTuple

import numpy as np

from refnn import network, training
from refnn.console import table
from refnn.experiments.spread import Finding, interval, judged, limits, page
from refnn.experiments.trained import DECAY, LR, SEEDS, STEPS, J, networks
from refnn.pruning import as_written, importance, masks

DATASETS, SPARSITY = ("diabetes", "friedman1", "teacher"), 0.9
WAYS = ("|w|", "R", "negative w", "positive w", "|w| by arrays")
STAGES = len(DATASETS)


class Signed(NamedTuple):
    """The test error of each way, and what it keeps, for S networks."""

    seeds: int
    error: dict  # (dataset, way) -> (S,) test error over the dense network's
    inputs: dict  # (dataset, way) -> (S,) inputs that reach the output
    kept: dict  # (dataset, way) -> (S, 2) input weights and output weights that are kept


def compute(seeds=SEEDS, progress=lambda stage: None, datasets=DATASETS):
    """Prune by every way, train on, and count the inputs that reach the output.

    >>> compute(seeds=2, datasets=("diabetes",)).inputs["diabetes", "R"].shape
    (2,)
    """
    error, inputs, kept = {}, {}, {}
    for dataset in datasets:
        progress(dataset)
        params, X, y, X_test, y_test = networks(seeds, dataset)
        dense, size = J(params, X_test, y_test), importance.magnitude(params)
        R = as_written.importance(params, X, y)
        scores = size, R, params.map(np.negative), params, size
        for way, score in zip(WAYS, scores):
            scope = "layer" if way.endswith("arrays") else "global"
            mask = masks.by_sparsity(score, SPARSITY, scope=scope)
            rest = network.apply_mask(params, mask)
            options = {"steps": STEPS, "lr": LR, "weight_decay": DECAY, "mask": mask}
            tuned = training.fit(rest, X, y, **options).params
            error[dataset, way] = J(tuned, X_test, y_test) / dense
            inputs[dataset, way] = reaching(mask)
            kept[dataset, way] = np.stack([mask.W_ih.sum((1, 2)), mask.W_ho.sum((1, 2))], axis=1)
    return Signed(seeds, error, inputs, kept)


def reaching(mask):
    """Count the inputs with a path to an output: a kept weight into a unit with a kept weight out.

    >>> from refnn.network import Params
    >>> W_ih, W_ho = np.array([[[True, False], [True, True]]]), np.array([[[True, False]]])
    >>> reaching(Params(W_ih, np.ones((1, 2), bool), W_ho, np.ones((1, 1), bool)))
    array([1])
    """
    out = mask.W_ho.any(axis=1)  # (S, hidden)
    return (mask.W_ih & out[:, :, None]).any(axis=1).sum(axis=1)


def text(result):
    """Return one table for each data set, and why R wins where it does.

    >>> text(compute(seeds=2, datasets=("diabetes",))).splitlines()[0]
    'Test error over that of the dense network, 90% of 61 parameters pruned and the'
    """
    datasets = dict.fromkeys(dataset for dataset, _ in result.error)
    parts = [
        f"Test error over that of the dense network, {SPARSITY:.0%} of 61 parameters pruned and "
        f"the rest trained on. Medians of {result.seeds} networks; in brackets the "
        f"{limits(result.seeds)}. 'inputs' is how many of the 10 inputs reach the output (mean), "
        "W_ih and W_ho how many of their weights are kept (means). 'beats |w|' is the share of "
        "the networks with a smaller error than |w|."
    ]
    for dataset in datasets:
        rows = []
        for way in WAYS:
            error, count = result.error[dataset, way], result.inputs[dataset, way]
            means = [f"{v:.1f}" for v in (count.mean(), *result.kept[dataset, way].mean(axis=0))]
            won = (error < result.error[dataset, "|w|"]).mean()
            rows.append([way, interval(error), *means, "" if way == "|w|" else f"{won:.0%}"])
        header = ["way", "test error", "inputs", "W_ih", "W_ho", "beats |w|"]
        parts.append(f"{dataset}\n{table(rows, header, 'lrrrrr')}")
    each = ", ".join(f"{_correlation(result, d):+.2f} on {d}" for d in datasets)
    return page(
        *parts,
        "The sign of R is not what helps: the most negative w, which look at no data, do as well. "
        "The more inputs R keeps connected in comparison with |w|, the smaller is its error "
        f"divided by that of |w|. The correlation of the two over the networks is {each}.",
        judged(finding(result)),
    )


def _correlation(result, dataset):
    """Return the correlation of the additional inputs of R with the log of its relative error."""
    ours, theirs = (result.inputs[dataset, way] for way in ("R", "|w|"))
    ratio = result.error[dataset, "R"] / result.error[dataset, "|w|"]
    return np.corrcoef(ours - theirs, np.log(ratio))[0, 1]


def finding(result):
    """Return what this experiment finds, as a Finding."""
    size, slope = (result.error["diabetes", way] for way in ("|w|", "R"))
    return Finding(
        "If 90% of the parameters are pruned and the rest is then trained, the test error is "
        "smaller when the article's signed R chooses what to prune than when |w| does "
        "(diabetes)",
        size / slope,
        1.0,
        "test error with |w| over that with R",
    )


def draw(result):
    """Return the figure `signed_rule`."""
    from refnn import plots

    size, slope = (result.inputs["diabetes", way].mean() for way in ("|w|", "R"))
    won = (result.error["diabetes", "R"] < result.error["diabetes", "|w|"]).mean()
    title = (
        f"Diabetes, 90% pruned: R beats |w| on {won:.0%} of the networks. Its six parameters "
        "connect\n"
        f"{slope:.1f} inputs to the output on average, and those of |w| {size:.1f}"
    )
    return {"signed_rule": plots.reversal(finding(result), title)}
