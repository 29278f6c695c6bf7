"""This experiment tests whether pruning finds inputs and weights that are known to be idle. Five
inputs of Friedman's data have no influence on y, and half of the teacher's input weights are 0.

    idle inputs   In friedman1 the inputs x6 to x10 are idle. Each criterion chooses the five inputs
                  whose weights have the lowest sums of scores. Pruning W_ih to 50 % should remove
                  the weights in the idle columns.
    zero weights  In the teacher, 25 of the 50 weights of W_ih are 0. The hidden units of a student
                  may come in another order and with other signs (5!·2⁵ symmetries), so they are
                  first matched to the teacher's nearest units.

Precision is the idle share of what was removed (or chosen). Recall is the share of the idle weights
that was removed. By chance precision is 50 %, since half of the inputs and of the weights are idle,
and recall is the share of all weights of W_ih that is removed."""

from itertools import permutations
from typing import NamedTuple

import numpy as np

from refnn import data
from refnn.console import table
from refnn.experiments.spread import Finding, interval, judged, limits, page
from refnn.experiments.trained import SEEDS, networks
from refnn.pruning import importance, masks, structured, truth

CRITERIA = {
    "random": None,
    "|w|": importance.magnitude,
    "OBD": importance.obd,
    "deletion": truth.deletion,
}
RECIPES = {"decay": {}, "no decay": {"steps": 1000, "decay": 0.0}}
DATASETS = ("friedman1", "teacher")
STAGES = 2 * len(RECIPES)


class Recovery(NamedTuple):
    """The shares of the idle inputs and weights that each criterion finds, for S networks.

    A quality is a pair (precision, recall) of arrays (S,)."""

    seeds: int
    inputs: dict  # (recipe, criterion) -> (S,) share of the five chosen inputs that are idle
    weights: dict  # (recipe, criterion) -> quality of removed weights in idle columns
    teacher: dict  # (recipe, criterion) -> quality of removed weights, after matching
    removed: dict  # (data set, recipe, criterion) -> (S,) removed share of the 50 weights of W_ih
    distance: dict  # recipe -> (S,) relative distance of the matched student from the teacher


def compute(seeds=SEEDS, progress=lambda stage: None):
    """Prune the networks of friedman1 and of teacher by every criterion.

    >>> compute(seeds=2).inputs["decay", "|w|"].shape
    (2,)
    """
    inputs, weights, teacher, share, distance = {}, {}, {}, {}, {}
    for recipe, options in RECIPES.items():
        progress(f"friedman1, {recipe}")
        params, X, y, _, _ = networks(seeds, "friedman1", **options)
        idle = np.arange(10) >= 5
        for name, scores in _scores(params, X, y):
            gone = ~structured.inputs(scores, 5).W_ih.any(axis=-2)  # (S, 10)
            inputs[recipe, name] = gone[:, idle].mean(axis=1)
            removed = ~masks.by_sparsity(scores, 0.5).W_ih  # (S, 5, 10)
            share["friedman1", recipe, name] = removed.mean(axis=(1, 2))
            weights[recipe, name] = _quality(removed, np.broadcast_to(idle, removed.shape))
        progress(f"teacher, {recipe}")
        params, X, y, _, _ = networks(seeds, "teacher", **options)
        zero, distance[recipe] = _matched(params, seeds)
        for name, scores in _scores(params, X, y):
            removed = ~masks.by_sparsity(scores, 0.5).W_ih
            share["teacher", recipe, name] = removed.mean(axis=(1, 2))
            teacher[recipe, name] = _quality(removed, zero)
    return Recovery(seeds, inputs, weights, teacher, share, distance)


def _scores(params, X, y):
    for name, criterion in CRITERIA.items():
        if criterion is None:
            yield name, importance.random(params, np.random.default_rng(0))
        else:
            yield name, criterion(params, X, y)


def _quality(removed, idle):
    """Return (precision, recall) of the removed weights, (S,) each."""
    hit = (removed & idle).sum(axis=(1, 2))
    return hit / np.maximum(removed.sum(axis=(1, 2)), 1), hit / idle.sum(axis=(1, 2))


def _matched(params, seeds):
    """Match the hidden units of each student to those of its teacher, up to order and sign.

    Return which weights of W_ih are 0 in the teacher, in the order of the student's units
    (S, 5, 10), and the relative distance of the student's [W_ih W_ho] from the teacher's (S,)."""
    zero, distance = np.empty(params.W_ih.shape, dtype=bool), np.empty(seeds)
    for s in range(seeds):
        _, real = data.teacher(s)
        ours = np.column_stack([params.W_ih[s], params.W_ho[s].T])  # (5, 11), one row for each unit
        theirs = np.column_stack([real.W_ih, real.W_ho.T])
        same, turned = (((ours[:, None] - sign * theirs) ** 2).sum(-1) for sign in (1, -1))
        apart = np.minimum(same, turned)  # (ours, theirs)
        order = min(permutations(range(5)), key=lambda p, apart=apart: apart[range(5), p].sum())
        zero[s] = (real.W_ih == 0)[list(order)]
        distance[s] = np.sqrt(apart[range(5), order].sum() / (theirs**2).sum())
    return zero, distance


def text(result):
    """Return one table for each data set.

    >>> text(compute(seeds=2)).splitlines()[0]
    "Friedman #1: 'inputs' is the share of idle inputs among the five that each"
    """
    rows, found = [], []
    for recipe, name in result.inputs:
        chosen = _short(result.inputs[recipe, name])
        gone = (f"{np.median(result.removed[d, recipe, name]):.2f}" for d in DATASETS)
        rows.append([recipe, name, chosen, *map(_short, result.weights[recipe, name]), next(gone)])
        found.append([recipe, name, *map(_short, result.teacher[recipe, name]), next(gone)])
    far = " and ".join(f"{interval(v)} ({recipe})" for recipe, v in result.distance.items())
    return page(
        "Friedman #1: 'inputs' is the share of idle inputs among the five that each criterion "
        "chooses as least important. At 50% sparsity, precision is the idle share of the removed "
        "weights of W_ih, and recall is the removed share of the idle ones. By chance 'inputs' "
        "and precision are 0.50, because half is idle, and recall is the share of W_ih that is "
        "removed (column 'removed'). This share is not 0.50, since the sparsity is that of all 61 "
        "parameters. "
        f"Medians of {result.seeds} networks; in brackets their {limits(result.seeds)}s. 'decay' "
        "means weight decay 10 and 300 steps, and 'no decay' means 1000 steps.",
        table(rows, ["recipe", "criterion", "inputs", "precision", "recall", "removed"], "llrrrr"),
        "Teacher: precision and recall of the weights of W_ih that are removed, after the hidden "
        "units are matched over all 5! orders and 2^5 signs.",
        table(found, ["recipe", "criterion", "precision", "recall", "removed"], "llrrr"),
        "The distance of the matched student from the teacher, divided by the teacher's size, is "
        f"{far}.",
        judged(finding(result)),
    )


def _short(values):
    return interval(values).replace("0.", ".").replace(", ", ",")


def finding(result):
    """Return what this experiment finds, as a Finding."""
    return Finding(
        "If |w| chooses five inputs, more of them are idle (y does not depend on them) than if "
        "five are chosen at random (friedman1)",
        result.inputs["decay", "|w|"],
        0.5,
        "share of idle inputs among the five",
    )


def draw(result):
    """Return the figure `recovery`."""
    from refnn import plots

    found = finding(result)
    title = (
        f"Of five inputs that |w| calls least important, {5 * np.median(found.values):.0f} are idle"
    )
    return {"recovery": plots.reversal(found, f"{title} (by chance 2.5)")}
