"""What the article's rule does: R = ∂J/∂x, remove R < τ (§3.2), on networks where everything else
is held fixed.

when      at a minimum R is 0, so that τ = 0.5 removes all; before it, what is left hangs on the step
sum, mean J averaged over the N rows has R/N: the same τ means something else
units     y in tenths, or one input in twelfths: the same function, another R
decay     with weight decay λ the minimum of J + ½λ‖θ‖² has R = −λw: the rule goes by the sign of w
symmetry  flipping the signs into and out of a tanh unit is the same function, and another set goes
"""

from typing import NamedTuple

import numpy as np

from refnn import article, network
from refnn.console import table, wrap
from refnn.experiments.spread import interval, told
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
    """left: ("sum"|"mean", decay) -> (steps, S) parameters that R < 0.5 leaves; kept: (sign of R,
    decay) -> (steps, S) share of the parameters of that sign that R < 0.5 leaves, summed; distance,
    rank: step -> (S,) relative distance of R from −λw, and Spearman of |R| with |w|, with decay;
    units: (moment, name) -> (S,) parameters with another fate; flipped: (moment, criterion) -> (S,)
    the same after sign flips.
    >>> Rule._fields
    ('seeds', 'left', 'kept', 'distance', 'rank', 'units', 'flipped')"""

    seeds: int
    left: dict
    kept: dict
    distance: dict
    rank: dict
    units: dict
    flipped: dict


def ranks(scores):
    """The place of each score in its row, of equals the mean place.

    >>> ranks(np.array([[0.2, 0.1, 0.2]]))
    array([[1.5, 0. , 1.5]])
    """
    below = (scores[..., None, :] < scores[..., :, None]).sum(axis=-1)
    equal = (scores[..., None, :] == scores[..., :, None]).sum(axis=-1)
    return below + (equal - 1) / 2


def spearman(a, b):
    """Rank correlation, row by row; 0 where one of the two has a single value.

    >>> spearman(np.array([[1.0, 2.0, 3.0]]), np.array([[10.0, 30.0, 20.0]]))
    array([0.5])
    """
    a, b = (r - r.mean(axis=-1, keepdims=True) for r in (ranks(a), ranks(b)))
    size = np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1))
    return np.divide((a * b).sum(axis=-1), size, out=np.zeros(size.shape), where=size > 0)


def compute(seeds=SEEDS, progress=lambda stage: None):
    """The rule at every step, with and without decay, summed and averaged, in other units, and
    under flipped signs.

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
                distance[step] = np.linalg.norm(r + decay * w, axis=1) / np.linalg.norm(
                    decay * w, axis=1
                )
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
    """The same function with y, or the first input, measured in units smaller by `factor`: how many
    fates change."""
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
    """Random signs for every unit: criterion -> how many of the 61 scores (or fates) change by more
    than rounding."""
    signs = np.random.default_rng(0).choice((-1.0, 1.0), params.b_h.shape)  # (S, 5)
    other = Params(
        params.W_ih * signs[..., None],
        params.b_h * signs,
        params.W_ho * signs[..., None, :],
        params.b_o,
    )
    changed = {"R < 0.5, as written": (_fate(other, X, y) != _fate(params, X, y)).sum(axis=-1)}
    for name, score in (
        ("|R|", importance.gradient),
        ("|w|", importance.magnitude),
        ("OBD", importance.obd),
        ("OBS", lambda *network: importance.obs(*network, damping=DECAY)),
        ("deletion", truth.deletion),
    ):
        before, after = (score(p, X, y).flatten() for p in (params, other))
        scale = np.abs(before).max(axis=-1, keepdims=True)
        changed[name] = (np.abs(after - before) > 1e-9 * scale).sum(axis=-1)
    return changed


def text(result):
    """Three tables.

    >>> text(compute(seeds=2)).splitlines()[0]
    'Parameters of 61 that R < 0.5 leaves, after so many steps of training: median'
    """
    rows = [
        [step, *(told(result.left[key][i], "{:.0f}") for key in result.left)]
        for i, step in enumerate(STEPS)
    ]
    share = [
        [step, *(told(100 * v[i], "{:.0f}") for v in result.kept.values())]
        for i, step in enumerate(STEPS)
    ]
    near = [
        [step, told(result.distance[step], "{:.1e}"), told(result.rank[step], "{:.3f}")]
        for step in STEPS
    ]
    changed = {
        **result.units,
        **{(m, f"signs flipped: {name}"): v for (m, name), v in result.flipped.items()},
    }
    names = list(dict.fromkeys(name for _, name in changed))
    fates = [
        [name, *(told(changed[moment, name], "{:.0f}") for moment in MOMENTS)] for name in names
    ]
    return "\n".join(
        [
            wrap(
                f"Parameters of 61 that R < {article.TAU} leaves, after so many steps of training: median and central "
                f"80% of {result.seeds} networks"
            ),
            "",
            table(rows, ["steps", *(f"{name}, {decay:g}" for name, decay in result.left)], "rrrrr"),
            "(sum, mean: over the rows; 0, 10: weight decay)",
            "",
            wrap(
                "Of the parameters with a negative, and with another R: in %, how many it leaves (J summed). Every one "
                "with a negative slope goes, however large"
            ),
            "",
            table(
                share, ["steps", *(f"{sign}, {decay:g}" for sign, decay in result.kept)], "rrrrr"
            ),
            "",
            wrap(
                f"With decay {DECAY:g}: how far R is from -decay*w, relative, and the rank correlation of |R| with "
                "|w|"
            ),
            "",
            table(near, ["steps", "distance", "correlation"], "rrr"),
            "",
            wrap(
                "The same function written otherwise (with decay): how many of the 61 have another fate, or another "
                "score"
            ),
            "",
            table(fates, ["", *MOMENTS], "lrr"),
            "",
            wrap(
                f"At {STEPS[-1]} steps with decay the correlation is {interval(result.rank[STEPS[-1]], '{:.4f}')} (95% "
                "interval of the median)."
            ),
        ]
    )


def draw(result):
    """The figure `article_rule`.

    >>> sorted(draw(compute(seeds=2)))
    ['article_rule']
    """
    from refnn import plots

    def lines(values):
        return [
            plots.Series(
                f"{name}, decay" if decay else name,
                list(STEPS),
                *np.quantile(v, [0.5, 0.1, 0.9], axis=1),
            )
            for (name, decay), v in values.items()
        ]

    rank = np.quantile([result.rank[step] for step in STEPS], [0.5, 0.1, 0.9], axis=1)
    moment = "half trained"
    changed = {name: v for (m, name), v in result.units.items() if m == moment}
    changed |= {f"signs: {name}": v for (m, name), v in result.flipped.items() if m == moment}
    end = {key: np.median(values[-1]) for key, values in result.left.items()}
    return {
        "article_rule": plots.rule(
            lines(result.left),
            lines({key: 100 * v for key, v in result.kept.items()}),
            plots.Series("with decay", list(STEPS), *rank),
            changed,
            f"Near a minimum R < {article.TAU} leaves {end['sum', 0.0]:.0f} of 61 parameters, {end['sum', DECAY]:.0f} with "
            f"weight decay, {max(end['mean', 0.0], end['mean', DECAY]):.0f} of a J averaged\nover the rows; the same "
            f"function with other signs: {np.median(changed['signs: R < 0.5, as written']):.0f} have another fate",
            f"medians and central 80% of {result.seeds} networks; decay: {DECAY:g}; bottom right: half trained, decay",
        )
    }
