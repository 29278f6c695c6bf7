"""Does pruning find what is known to be idle? Friedman's five idle inputs, the teacher's weights
that are 0.

    idle inputs   friedman1: x6 to x10. Chosen: the five inputs whose weights score least together;
                  and of the weights of W_ih that pruning to 50 % removes, those in idle columns
    zero weights  teacher: 25 of 50 weights of W_ih. A student has them only up to the 5!·2⁵
                  symmetries of its hidden units; matched to the teacher's in the nearest order,
                  signs free

Precision: of what was removed (or chosen), the share that is idle. Recall: of what is idle, the
share removed. By chance both are 50 %: half of the inputs and of the weights are idle."""

from itertools import permutations
from typing import NamedTuple

import numpy as np

from refnn import data
from refnn.console import table
from refnn.experiments.spread import interval, page
from refnn.experiments.trained import SEEDS, networks
from refnn.pruning import importance, masks, structured, truth

CRITERIA = {
    "random": None,
    "|w|": importance.magnitude,
    "OBD": importance.obd,
    "deletion": truth.deletion,
}
RECIPES = {"decay": {}, "no decay": {"steps": 1000, "decay": 0.0}}
STAGES = 2 * len(RECIPES)


class Recovery(NamedTuple):
    """How much of what is idle each criterion finds, on S networks.

    A quality is (precision, recall), (S,) each."""

    seeds: int
    inputs: dict  # (recipe, criterion) -> (S,) share of the five chosen inputs that are idle
    weights: dict  # (recipe, criterion) -> quality of removed weights in idle columns
    teacher: dict  # (recipe, criterion) -> quality of removed weights, units matched
    distance: dict  # recipe -> (S,) relative distance of the matched student from the teacher


def compute(seeds=SEEDS, progress=lambda stage: None):
    """Prune on Friedman's data and on the teacher's, by every criterion.

    >>> compute(seeds=2).inputs["decay", "|w|"].shape
    (2,)
    """
    inputs, weights, teacher, distance = {}, {}, {}, {}
    for recipe, options in RECIPES.items():
        progress(f"friedman1, {recipe}")
        params, X, y, _, _ = networks(seeds, "friedman1", **options)
        idle = np.arange(10) >= 5
        for name, scores in _scores(params, X, y):
            gone = ~structured.inputs(scores, 5).W_ih.any(axis=-2)  # (S, 10)
            inputs[recipe, name] = gone[:, idle].mean(axis=1)
            removed = ~masks.by_sparsity(scores, 0.5).W_ih  # (S, 5, 10)
            weights[recipe, name] = _quality(removed, np.broadcast_to(idle, removed.shape))
        progress(f"teacher, {recipe}")
        params, X, y, _, _ = networks(seeds, "teacher", **options)
        zero, distance[recipe] = _matched(params, seeds)
        for name, scores in _scores(params, X, y):
            teacher[recipe, name] = _quality(~masks.by_sparsity(scores, 0.5).W_ih, zero)
    return Recovery(seeds, inputs, weights, teacher, distance)


def _scores(params, X, y):
    for name, criterion in CRITERIA.items():
        if criterion is None:
            yield name, importance.random(params, np.random.default_rng(0))
        else:
            yield name, criterion(params, X, y)


def _quality(removed, idle):
    """Return (precision, recall), (S,) each."""
    hit = (removed & idle).sum(axis=(1, 2))
    return hit / np.maximum(removed.sum(axis=(1, 2)), 1), hit / idle.sum(axis=(1, 2))


def _matched(params, seeds):
    """Find which weights of W_ih are 0 in the teacher, in the order of each student's units
    (S, 5, 10), and how far the student's [W_ih W_ho] is from the teacher's, relative, signs free
    (S,)."""
    zero, distance = np.empty(params.W_ih.shape, dtype=bool), np.empty(seeds)
    for s in range(seeds):
        _, real = data.teacher(s)
        ours = np.column_stack([params.W_ih[s], params.W_ho[s].T])  # (5, 11), a row a unit
        theirs = np.column_stack([real.W_ih, real.W_ho.T])
        same, turned = (((ours[:, None] - sign * theirs) ** 2).sum(-1) for sign in (1, -1))
        apart = np.minimum(same, turned)  # (ours, theirs)
        order = min(permutations(range(5)), key=lambda p, apart=apart: apart[range(5), p].sum())
        zero[s] = (real.W_ih == 0)[list(order)]
        distance[s] = np.sqrt(apart[range(5), order].sum() / (theirs**2).sum())
    return zero, distance


def text(result):
    """Return a table a question.

    >>> text(compute(seeds=2)).splitlines()[0]
    'Friedman #1: of the five inputs chosen as least important, the share that is'
    """
    rows, found = [], []
    for recipe, name in result.inputs:
        chosen = interval(result.inputs[recipe, name])
        rows.append([recipe, name, chosen, *map(interval, result.weights[recipe, name])])
        found.append([recipe, name, *map(interval, result.teacher[recipe, name])])
    far = "; ".join(f"{recipe} {interval(v)}" for recipe, v in result.distance.items())
    return page(
        "Friedman #1: of the five inputs chosen as least important, the share that is idle; and "
        "precision and recall of the weights of W_ih that 50% sparsity removes. Median of "
        f"{result.seeds} networks and its 95% interval; by chance 0.50. decay: 10, 300 steps; no "
        "decay: 1000 steps",
        table(rows, ["recipe", "by", "inputs", "precision", "recall"], "llrrr"),
        "Teacher: precision and recall of the removed weights of W_ih, units matched over all 5! "
        "orders and 2^5 signs; by chance 0.50",
        table(found, ["recipe", "by", "precision", "recall"], "llrr"),
        f"How far the matched student is from the teacher, relative to the teacher's size: {far}.",
    )
