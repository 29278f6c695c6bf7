"""This experiment changes one condition at a time and counts what the article's rule removes. The
rule (§3.2) computes R = ∂J/∂x for each parameter and removes the parameters with R < τ.

    when       At a minimum of J every R is 0, so τ = 0.5 removes all parameters. Before the minimum
               the result depends on the step at which training stops.
    sum, mean  If J is averaged over the N rows instead of summed, R becomes R/N, so the same τ
               removes other parameters.
    units      If the unit of y becomes ten times smaller, or that of one input twelve times
               smaller, the function stays the same, but R changes.
    decay      With weight decay λ, R = −λw at the minimum of J + ½λ‖θ‖², so the sign of w decides.
    symmetry   If the signs of the weights into and out of a tanh unit are flipped, the function
               stays the same, but the rule removes other parameters.
"""

from typing import NamedTuple

import numpy as np

from refnn import article, network
from refnn.console import table
from refnn.experiments.spread import Finding, interval, judged, limits, page, told
from refnn.experiments.trained import DECAY, SEEDS, networks
from refnn.experiments.trained import STEPS as TRAINED
from refnn.network import Params
from refnn.pruning import as_written, importance, truth

STEPS = (0, 30, TRAINED // 2, TRAINED, 1000, 3000)
MOMENTS = {"half trained": TRAINED // 2, "trained": TRAINED}  # with decay
TAU = float(article.TAU)
UNITS = {"y times 10": ("y", 10.0), "first input times 12": ("x", 12.0)}
STAGES = 2 * len(STEPS) + len(MOMENTS)


class Rule(NamedTuple):
    """The parameters that the rule leaves in S networks, and how this depends on conditions."""

    seeds: int
    left: dict  # ("sum" | "mean", decay) -> (steps, S) parameters that R < 0.5 leaves
    kept: dict  # (sign of R, decay) -> (steps, S) share of that sign that R < 0.5 leaves, J summed
    distance: dict  # step -> (S,) relative distance of R from −λw, with decay
    rank: dict  # step -> (S,) Spearman of |R| with |w|, with decay
    units: dict  # (moment, name) -> (S,) parameters treated differently in other units
    flipped: dict  # (moment, criterion) -> (S,) parameters treated or scored differently


def ranks(scores):
    """Return the place of each score in its row, counted from 0.

    Equal scores share their mean place.

    >>> ranks(np.array([[0.2, 0.1, 0.2]]))
    array([[1.5, 0. , 1.5]])
    """
    below = (scores[..., None, :] < scores[..., :, None]).sum(axis=-1)
    equal = (scores[..., None, :] == scores[..., :, None]).sum(axis=-1)
    return below + (equal - 1) / 2


def spearman(a, b):
    """Return Spearman's rank correlation of a and b, row by row.

    It is 0 where all values of a row of a or of b are equal.

    >>> spearman(np.array([[1.0, 2.0, 3.0]]), np.array([[10.0, 30.0, 20.0]]))
    array([0.5])
    """
    a, b = (r - r.mean(axis=-1, keepdims=True) for r in (ranks(a), ranks(b)))
    size = np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1))
    return np.divide((a * b).sum(axis=-1), size, out=np.zeros(size.shape), where=size > 0)


def compute(seeds=SEEDS, progress=lambda stage: None):
    """Apply the rule after each number of steps, with and without decay, to a sum and a mean J.

    Then apply it to the same function in other units and with flipped signs.

    >>> compute(seeds=2).left["mean", 0.0][-1]
    array([0, 0])
    """
    left, kept, distance, rank, units, flipped = {}, {}, {}, {}, {}, {}
    for decay in (0.0, DECAY):
        for step in STEPS:
            progress(f"{step} steps, decay {decay:g}")
            params, X, y, _, _ = networks(seeds, steps=step, decay=decay)
            R = as_written.importance(params, X, y)
            r, w = R.flatten(), params.flatten()
            for name, over in (("sum", 1), ("mean", X.shape[-2])):
                _, mask = as_written.prune(params, _each(lambda a, n=over: a / n, R), TAU)
                left.setdefault((name, decay), []).append(mask.flatten().sum(axis=-1))
                if name == "sum":
                    for sign, of in (("R < 0", r < 0), ("R ≥ 0", r >= 0)):
                        share = (mask.flatten() & of).sum(axis=-1) / np.maximum(of.sum(axis=-1), 1)
                        kept.setdefault((sign, decay), []).append(share)
            if decay:
                off, size = (np.linalg.norm(a, axis=1) for a in (r + decay * w, decay * w))
                distance[step] = off / size
                rank[step] = spearman(np.abs(r), np.abs(w))
    for moment, steps in MOMENTS.items():
        progress(f"units and signs, {moment}")
        params, X, y, _, _ = networks(seeds, steps=steps)
        units |= {(moment, name): _other_fate(params, X, y, *unit) for name, unit in UNITS.items()}
        flipped |= {(moment, name): changed for name, changed in _flipped(params, X, y).items()}
    left, kept = ({key: np.array(values) for key, values in d.items()} for d in (left, kept))
    return Rule(seeds, left, kept, distance, rank, units, flipped)


def _each(function, params):
    return Params(*(function(a) for a in params.arrays()))


def _fate(params, X, y):
    _, mask = as_written.prune(params, as_written.importance(params, X, y), TAU)
    return mask.flatten()


def _other_fate(params, X, y, what, factor):
    """Count the parameters that the rule treats differently in other units of the same function.

    The unit of y, or of the first input, becomes smaller by `factor`."""
    if what == "y":
        other = Params(params.W_ih, params.b_h, params.W_ho * factor, params.b_o * factor)
        X_other, y_other = X, y * factor
    else:
        scale = np.where(np.arange(X.shape[-1]) == 0, factor, 1.0)
        other, X_other, y_other = Params(params.W_ih / scale, *params.arrays()[1:]), X * scale, y
    same = network.forward(other, X_other).y_hat * (1 / factor if what == "y" else 1)
    assert np.allclose(same, network.forward(params, X).y_hat)  # the same function
    return (_fate(other, X_other, y_other) != _fate(params, X, y)).sum(axis=-1)


def _flipped(params, X, y):
    """Count the scores that change when the signs of each hidden unit are flipped at random.

    Return criterion -> how many of the 61 scores change by more than rounding. For the rule R < τ,
    count the parameters that are kept instead of removed, or the reverse."""
    signs = np.random.default_rng(0).choice((-1.0, 1.0), params.b_h.shape)  # (S, 5)
    W_ih, b_h, W_ho, b_o = params.arrays()
    other = Params(W_ih * signs[..., None], b_h * signs, W_ho * signs[..., None, :], b_o)
    changed = {"R < 0.5, as written": (_fate(other, X, y) != _fate(params, X, y)).sum(axis=-1)}
    for name, score in (
        ("|R|", importance.gradient),
        ("|w|", importance.magnitude),
        ("OBD", importance.obd),
        ("OBS", lambda *of: importance.obs(*of, damping=DECAY, curvature="gauss_newton")),
        ("deletion", truth.deletion),
    ):
        before, after = (score(p, X, y).flatten() for p in (params, other))
        scale = np.abs(before).max(axis=-1, keepdims=True)
        changed[name] = (np.abs(after - before) > 1e-9 * scale).sum(axis=-1)
    return changed


def text(result):
    """Return four tables as text.

    >>> text(compute(seeds=2)).splitlines()[0]
    'Number of parameters, of 61, that the rule R < 0.5 leaves after each number of'
    """
    rows, share, near = [], [], []
    for i, step in enumerate(STEPS):
        rows.append([step, *(told(v[i], "{:.0f}") for v in result.left.values())])
        share.append([step, *(told(100 * v[i], "{:.0f}") for v in result.kept.values())])
        off, rank = told(result.distance[step], "{:.1e}"), told(result.rank[step], "{:.3f}")
        near.append([step, off, rank])
    changed = dict(result.units)
    changed |= {(m, f"signs flipped: {name}"): v for (m, name), v in result.flipped.items()}
    names = dict.fromkeys(name for _, name in changed)
    fates = [[n, *(told(changed[moment, n], "{:.0f}") for moment in MOMENTS)] for n in names]
    end = interval(result.rank[STEPS[-1]], "{:.4f}")
    return page(
        f"Number of parameters, of 61, that the rule R < {article.TAU} leaves after each number of "
        "training steps. 'sum' and 'mean' say how J is taken over the rows, and 'decay' is the "
        f"weight decay. Here and below: medians of {result.seeds} networks; in brackets the "
        "central 80%.",
        table(rows, ["steps", *(f"{n}, decay {decay:g}" for n, decay in result.left)], "rrrrr"),
        "Per cent of the parameters with R < 0, and of those with R ≥ 0, that the rule leaves (J "
        "is the sum). It removes every parameter with a negative slope, however steep the slope "
        "is.",
        table(share, ["steps", *(f"{n}, decay {decay:g}" for n, decay in result.kept)], "rrrrr"),
        f"With weight decay {DECAY:g}, training brings R close to -decay*w. 'distance' is the "
        "distance between the two, divided by the size of decay*w, and 'correlation' is the rank "
        "correlation of |R| with |w|.",
        table(near, ["steps", "distance", "correlation"], "rrr"),
        "Each row writes the same function in another way (networks trained with decay). The "
        "numbers are how many of the 61 parameters the rule then treats differently, or how many "
        "scores change.",
        table(fates, ["rewritten", *MOMENTS], "lrr"),
        f"After {STEPS[-1]} steps with decay the correlation is {end} (median; in brackets its "
        f"{limits(result.seeds)}).",
        judged(finding(result)),
    )


def finding(result):
    """Return what this experiment finds, as a Finding."""
    return Finding(
        f"In networks trained without decay, the rule R < {article.TAU} removes more parameters "
        "than it keeps, because R is near 0",
        61 - 2 * result.left["sum", 0.0][-1],
        0.0,
        "number of removed parameters minus the number of kept parameters (of 61)",
        "{:.0f}",
    )


def draw(result):
    """Return the figure `article_rule`."""
    from refnn import plots

    def line(name, values):  # (steps, S)
        spread = np.quantile(values, [0.5, 0.1, 0.9], axis=1)
        return plots.Series(name, list(STEPS), *spread)

    def lines(values):
        return [line(f"{n}, decay" if decay else n, v) for (n, decay), v in values.items()]

    moment = "half trained"
    changed = {name: v for (m, name), v in result.units.items() if m == moment}
    changed |= {f"signs: {name}": v for (m, name), v in result.flipped.items() if m == moment}
    end = {key: np.median(values[-1]) for key, values in result.left.items()}
    averaged = max(end["mean", 0.0], end["mean", DECAY])
    flipped = np.median(changed["signs: R < 0.5, as written"])
    figure = plots.rule(
        lines(result.left),
        lines({key: 100 * v for key, v in result.kept.items()}),
        line("with decay", [result.rank[step] for step in STEPS]),
        changed,
        f"At a minimum of J, R < {article.TAU} leaves {end['sum', 0.0]:.0f} of 61 parameters. With "
        f"weight decay it leaves {end['sum', DECAY]:.0f},\nor {averaged:.0f} if J is averaged over "
        f"the rows. If signs are flipped, {flipped:.0f} are treated differently.",
        f"medians and central 80% of {result.seeds} networks; decay: {DECAY:g}; bottom right: half "
        "trained, decay",
    )
    return {"article_rule": figure}
