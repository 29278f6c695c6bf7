"""This experiment compares the loss along each parameter with its approximations by R and OBD. It
also measures the interaction of two deletions, which sums of single scores leave out.

    tangent      J + R·(t − w) is the article's R, read as a prediction of J at w = t. At t = 0 it
                 predicts that deletion costs −R·w.
    parabola     J + R·(t − w) + ½·H_ii·(t − w)² gives at t = 0 the prediction of second-order
                 Taylor. Without the term in R it is OBD.
    interaction  J(w_i = w_j = 0) − J(w_i = 0) − J(w_j = 0) + J is compared with its approximation
                 H_ij·w_i·w_j.

One network of the recipe is drawn (seed 0), and all networks are counted."""

from typing import NamedTuple

import numpy as np

from refnn import data, derivatives, network
from refnn.console import table
from refnn.experiments.spread import Finding, judged, page, told
from refnn.experiments.trained import DECAY, SEEDS, networks
from refnn.network import Params
from refnn.pruning import as_written, importance, masks, truth

POINTS, STAGES, SPARSITY = 41, 2, 0.5


class Landscape(NamedTuple):
    """One network to draw, and how well the approximations predict the loss of S networks."""

    seeds: int
    one: Params  # the network that is drawn
    X: np.ndarray  # (N, 10) its data
    y: np.ndarray  # (N, 1)
    tangent: np.ndarray  # (S,) share of the 61 whose tangent at 0 is within a tenth of the truth
    parabola: np.ndarray  # (S,) the same of the parabola
    sign: np.ndarray  # (S,) share of the 61 whose tangent has the wrong sign there
    pairs: np.ndarray  # (S,) correlation of the interactions of all 1830 pairs with H_ij·w_i·w_j
    together: np.ndarray  # (S,) 1 where the best pair is not the two best singles, else 0


def compute(seeds=SEEDS, progress=lambda stage: None):
    """Compare the approximations with the true costs, on every network.

    >>> compute(seeds=2).pairs.shape
    (2,)
    """
    progress("single deletions")
    params, X, y, _, _ = networks(seeds)
    w, real = params.flatten(), truth.deletion(params, X, y).flatten()
    first = -network.backward(params, X, y).flatten() * w
    second = importance.second_order_taylor(params, X, y).flatten()
    near = [(np.abs(p - real) <= 0.1 * np.abs(real)).mean(axis=1) for p in (first, second)]
    wrong = (np.sign(first) != np.sign(real)).mean(axis=1)
    progress("all pairs")
    meeting = interactions(params, X, y)
    bent = derivatives.hessian(params, X, y) * w[:, :, None] * w[:, None, :]
    i, j = np.triu_indices(w.shape[1], 1)
    pairs = np.array([np.corrcoef(a[i, j], b[i, j])[0, 1] for a, b in zip(meeting, bent)])
    both = truth.best_subset(params, X, y, 2).removed
    alone = np.sort(np.argsort(real, axis=1, kind="stable")[:, :2], axis=1)
    together = (both != alone).any(axis=1).astype(float)
    one = Params(*(a[0] for a in params.arrays()))
    return Landscape(seeds, one, X[0], y[0], *near, wrong, pairs, together)


def interactions(params, X, y):
    """Return J without both parameters, minus J without each of them, plus J.

    The result has the shape (…, 61, 61), and its diagonal is 0.

    >>> from refnn import network
    >>> p = network.init(np.random.default_rng(0), (2, 2, 1))
    >>> bool((np.diagonal(interactions(p, np.eye(2), np.ones((2, 1)))) == 0).all())
    True
    """
    double = truth.pairs(params, X, y)
    single = np.diagonal(double, axis1=-2, axis2=-1)
    meeting = double - single[..., :, None] - single[..., None, :]
    return np.where(np.eye(meeting.shape[-1], dtype=bool), 0.0, meeting)


def along(params, X, y, t):
    """Return J of one network with parameter i set to t[i, k] and the others unchanged.

    The result has the shape (61, points).

    >>> one, t = Params([[1.0]], [0.0], [[1.0]], [0.0]), np.array([[5.0]] * 4)
    >>> along(one, [[0.0]], [[0.0]], t).T.round(1)
    array([[ 0. ,  0.5,  0. , 12.5]])
    """
    n, points = t.shape
    theta = np.broadcast_to(params.flatten(), (n, points, n)).copy()
    theta[np.arange(n), :, np.arange(n)] = t
    stack = Params.unflatten(theta.reshape(-1, n), params.sizes)
    return network.loss(network.forward(stack, X).y_hat, np.asarray(y)).reshape(n, points)


def text(result):
    """Return how often the approximations are right, over all networks.

    >>> text(compute(seeds=2)).splitlines()[3].split("  ")[0]
    'The tangent (R) is within 10% of the true cost'
    """
    rows = [
        ["The tangent (R) is within 10% of the true cost", told(100 * result.tangent, "{:.0f}")],
        ["The tangent has the wrong sign", told(100 * result.sign, "{:.0f}")],
        ["The parabola (R and H_ii) is within 10%", told(100 * result.parabola, "{:.0f}")],
    ]
    return page(
        "Per cent of the 61 parameters for which a prediction at w = 0 is right or wrong. Medians "
        f"of {result.seeds} networks; in brackets the central 80%.",
        table(rows, align="lr"),
        "The interaction of two deletions is compared with H_ij*w_i*w_j. Over all 1830 pairs "
        f"their correlation is {told(result.pairs, '{:.3f}')}. In {result.together.mean():.0%} of "
        "the networks the best pair to delete is not the pair of the two best single parameters.",
        judged(finding(result)),
    )


def finding(result):
    """Return what this experiment finds, as a Finding."""
    return Finding(
        "R together with the curvature H_ii predicts the cost of a deletion within 10% for more "
        "parameters than R alone does",
        100 * (result.parabola - result.tangent),
        0.0,
        "share of parameters predicted by R and H_ii minus the share predicted by R alone (in % of "
        "61)",
        "{:.0f}",
    )


def draw(result):
    """Return the figures `axes`, `pairs` and `masks`."""
    return {"axes": _axes(result), "pairs": _pairs(result), "masks": _masks(result)}


def _axes(result):
    from refnn import plots

    p, X, y = result.one, result.X, result.y
    w, names = p.flatten(), data.load("diabetes").names
    reach = 0.25 * np.maximum(np.abs(w), 0.05)
    low, high = np.minimum(w, 0) - reach, np.maximum(w, 0) + reach
    t = np.linspace(low, high, POINTS, axis=1)  # (61, POINTS)
    base = truth.loss_without(p, np.ones((1, len(w))), X, y)[0]
    g = network.backward(p, X, y).flatten()[:, None]
    H = np.diagonal(derivatives.hessian(p, X, y))[:, None]
    step = t - w[:, None]
    tangent, parabola = g * step, g * step + H * step**2 / 2
    deleted = truth.deletion(p, X, y).flatten()
    title = (
        "J along each of 61 weights: at w = 0 the tangent R is within a tenth of the truth\n"
        f"for {np.median(result.tangent):.0%} of them, the parabola for "
        f"{np.median(result.parabola):.0%} (medians of {result.seeds} networks; seed 0 is drawn)"
    )
    J = along(p, X, y, t) - base
    return plots.axes61(t, J, tangent, parabola, w, deleted, names, title)


def _pairs(result):
    from refnn import plots

    p, X, y = result.one, result.X, result.y
    bent = derivatives.hessian(p, X, y) * np.outer(p.flatten(), p.flatten())
    title = (
        "What two deletions together cost beyond the sum of both costs, and H_ij·w_i·w_j:\n"
        f"correlation {np.median(result.pairs):.2f} over 1830 pairs (median of {result.seeds} "
        "networks; seed 0 is drawn)"
    )
    return plots.interaction(interactions(p, X, y), bent, title)


def _masks(result):
    from refnn import plots

    p, X, y = result.one, result.X, result.y
    count = p.flatten().size
    scores = {
        "as written: lowest R removed": as_written.importance(p, X, y),
        "|w|": importance.magnitude(p),
        "OBD": importance.obd(p, X, y),
        "OBS": importance.obs(p, X, y, damping=DECAY, curvature="gauss_newton"),
    }
    kept = {name: masks.by_sparsity(score, SPARSITY) for name, score in scores.items()}
    removed = truth.best_known(p, X, y, round(SPARSITY * count)).removed
    best = Params.unflatten(~np.isin(np.arange(count), removed), p.sizes)
    kept["best known, by greedy deletion and swaps"] = best
    tried = np.stack([np.ones(count), *(mask.flatten() for mask in kept.values())])
    dense, *J = truth.loss_without(p, tried, X, y)
    title = (
        f"Half of 61 weights (seed 0) removed by R multiplies J by {J[0] / dense:.2f},\n"
        f"by |w| by {J[1] / dense:.2f}, and the best set known by {J[-1] / dense:.2f}"
    )
    panels = [(name, p, mask) for name, mask in kept.items()]
    return plots.matrices(panels, data.load("diabetes").names, title)
