"""This module draws weights as histograms, dots, a network and matrices.

Most figures show them before and after quantization or pruning."""

from typing import NamedTuple

import numpy as np

from refnn.plots.style import (
    COLOUR,
    CORRECTED,
    NOTE,
    ORIGINAL,
    PRUNED,
    REMOVED,
    SIGN,
    THRESHOLD,
    WRITTEN,
    beside,
    blank,
    note,
    styled,
    thousands,
)

SHOWN_TAUS = 12  # the histogram of R reaches from −12·τ to 12·τ


class Grid(NamedTuple):
    """A grid of codes and the weights on it."""

    title: str
    edges: np.ndarray  # (codes + 1,) the decision boundaries
    levels: np.ndarray  # (codes,) the decoded values
    codes: np.ndarray  # (weights,) the code of each weight, counted from 0


@styled
def before_after(weights, grids, scheme, seeds):
    """Draw weights before (above) and after quantization (below), one column for each grid.

    Each bar is a code. The ticks are the decision boundaries (above) and the levels (below).

    >>> w = np.array([0.1, 0.9])
    >>> grid = Grid("1 bit", np.array([0.0, 0.5, 1.0]), np.array([0.25, 0.75]), np.array([0, 1]))
    >>> [bar.get_height() for bar in before_after(w, [grid], "corrected", 1).axes[1].patches]
    [np.int64(1), np.int64(1)]
    """
    errors = [g.levels[g.codes] - weights for g in grids]
    title = "Corrected, weights stay where they are, to within half a step"
    if scheme == "as written":
        shifts = [np.mean(e) for e in errors]
        title = "As written, every weight comes back too large, on average by "
        title += f"{min(shifts):.1f} to {max(shifts):.1f}"
    figure = blank(4.7, f"{title}\n", size=11)
    what = f"{thousands(len(weights))} weights of {seeds} networks, all on one grid"
    note(figure, 0.925, f"{what}; marks below: where codes change (before), levels (after)")
    axes = figure.subplots(2, len(grids), sharex=True, sharey="col", squeeze=False)
    starts = [min(g.levels.min(), g.edges[1] - np.diff(g.levels).mean()) for g in grids]
    low = min(weights.min(), *starts)
    high = max(weights.max(), *(g.levels.max() for g in grids))
    pad = 0.04 * (high - low)
    for (above, below), grid, error in zip(axes.T, grids, errors):
        few = len(grid.levels) <= 32
        counts = np.bincount(grid.codes, minlength=len(grid.levels))
        edges, step = np.array(grid.edges, float), np.diff(grid.levels).mean()
        edges[0] = max(edges[0], edges[1] - step)  # the end cells are open: draw them one step wide
        edges[-1] = min(edges[-1], edges[-2] + step)
        bars = {"align": "edge", "color": ORIGINAL, "edgecolor": "white"}
        above.bar(edges[:-1], counts, np.diff(edges), linewidth=0.4 if few else 0, **bars)
        below.bar(grid.levels, counts, step * (0.35 if few else 1), color=COLOUR[scheme])
        above.set_title(f"{grid.title}: {np.count_nonzero(counts)} of {len(counts)} codes used")
        below.set_title(f"rms error {np.sqrt(np.mean(error**2)):.3f}")
        ticks = {"color": "black", "linewidth": 0.8 if few else 0.15, "clip_on": False}
        for ax, at in ((above, edges), (below, grid.levels)):
            ax.vlines(at, -0.045, -0.01, transform=ax.get_xaxis_transform(), **ticks)
            ax.tick_params(axis="x", length=0, pad=7)
        below.set(xlabel="weight", xlim=(low - pad, high + pad))
    axes[0, 0].set_ylabel("before\nweights per code")
    axes[1, 0].set_ylabel(f"{scheme}\nweights per code")
    return figure


@styled
def pruning(weights, R, mask_R, tau, mask_magnitude, taus, seeds):
    """Draw scores, weights before pruning and weights after it, in three rows.

    The left column prunes R < τ as written, the right one by magnitude. Removed weights stand at 0.

    >>> w = np.linspace(-1, 1, 5)
    >>> figure = pruning(w, -w, -w >= 0.5, 0.5, np.abs(w) >= 0.5, [0.5], seeds=1)
    >>> figure.axes[4].patches[-1].get_height()
    np.int64(3)
    """
    reach, at = np.abs(weights).max() * 1.02, float(np.median(taus))
    bins = np.linspace(-reach, reach, 62)  # an odd number of bins, so that one is centred on 0
    left, positive = np.mean(mask_R), np.mean(weights[mask_R] > 0)
    title = (
        "At a minimum with weight decay R = −λw, so R < τ removes almost every positive weight\n"
        f"(it leaves {left:.0%} of the weights, and {positive:.1%} of these are positive)\n"
    )
    figure = blank(6.4, title)
    what = f"{thousands(len(weights))} weights and biases of {seeds} networks (weight decay 10)"
    limit = f"|R| > {SHOWN_TAUS * tau:g} not shown"
    note(figure, 0.925, f"{what}; green, hatched: removed; {limit}")
    axes = figure.subplots(3, 2, sharey="row")
    scores = (
        (R, mask_R, np.arange(-SHOWN_TAUS, SHOWN_TAUS + 1) * tau, tau),
        (np.abs(weights), mask_magnitude, np.linspace(0, reach, 32), at),
    )
    smallest = f"smallest kept |w| = {at:.2f}\n(median of {seeds} networks)"
    for ax, score, text, height in zip(axes[0], scores, (f"τ = {tau}", smallest), (0.92, 0.8)):
        _split(ax, *score[:3])
        ax.axvline(score[3], **THRESHOLD)
        beside(ax, text, (score[3], height), (4, 0), xycoords=("data", "axes fraction"))
    axes[0, 0].set(title="as written: R < τ is removed", ylabel="weights")
    axes[0, 0].set_xlabel("R = ∂J/∂w  (loss per unit of weight)")
    axes[0, 1].set(title="magnitude: the smaller half of |w| is removed", xlabel="|w|  (weight)")
    counts, _ = np.histogram(weights, bins)
    middle, width = len(counts) // 2, bins[1] - bins[0]
    columns = zip(axes[1:].T, (mask_R, mask_magnitude), (WRITTEN, CORRECTED))
    for (before, after), mask, colour in columns:
        kept, _ = np.histogram(weights[mask], bins)
        removed = (~mask).sum()
        before.bar(bins[:-1], counts, width, align="edge", color=ORIGINAL)
        after.bar(bins[:-1], kept, width, align="edge", color=colour)
        after.bar(bins[middle], removed, width, align="edge", **REMOVED)
        spike = f"{thousands(removed)} at exactly 0\n(bar cut off)"
        after.annotate(spike, (0.62, 0.82), xycoords="axes fraction", color=PRUNED)
        after.set_xlabel("weight")
        for ax in (before, after):
            ax.set(xlim=(-reach, reach), ylim=(0, counts.max() * 1.25))
            if mask is mask_magnitude:
                ax.axvline(-at, **THRESHOLD)
                ax.axvline(at, **THRESHOLD)
    axes[1, 0].set_ylabel("before\nweights")
    axes[2, 0].set_ylabel("after\nweights")
    return figure


def _split(ax, values, kept, edges):
    """Draw a histogram of the removed values (green, hatched) and of the kept ones (grey)."""
    removed, rest = np.histogram(values[~kept], edges)[0], np.histogram(values[kept], edges)[0]
    ax.bar(edges[:-1], removed, np.diff(edges), align="edge", **REMOVED)
    ax.bar(edges[:-1], rest, np.diff(edges), bottom=removed, align="edge", color=ORIGINAL)
    ax.set(xlim=(edges[0], edges[-1]), ylim=(0, (removed + rest).max() * 1.12))


@styled
def dots(before, panels, title, subtitle):
    """Draw every weight as a dot before (above) and after (below), one panel for each scheme.

    A line joins the two dots of a weight, and the levels are ticks. panels: (name, colour key,
    after, levels).

    >>> panel = ("nearest", "corrected", np.array([0.0, 0.5]), [0.0, 0.5])
    >>> figure = dots(np.array([0.1, 0.4]), [panel], "a title", "a subtitle")
    >>> figure.axes[0].get_title(loc="left"), len(figure.axes[0].collections)
    ('nearest', 3)
    """
    figure = blank(1.55 * len(panels) + 0.9, f"{title}\n")
    note(figure, 1 - 0.26 / figure.get_figheight(), subtitle, va="top")
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    top, bottom = np.ones(len(before)), np.zeros(len(before))
    for ax, (name, key, after, levels) in zip(axes, panels):
        line = {"color": COLOUR[key], "alpha": 0.35, "linewidth": 0.7, "zorder": 1}
        ax.plot([before, after], [top, bottom], **line)
        ax.scatter(before, top, s=12, color=ORIGINAL, zorder=2)
        ax.scatter(after, bottom, s=12, color=COLOUR[key], zorder=2)
        ax.vlines(levels, -0.34, -0.16, color="black", linewidth=1)
        ax.set_title(name, loc="left")
        ax.set_yticks([1, 0, -0.25], ["before", "after", "levels"])
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(-0.4, 1.25)
        ax.spines["left"].set_visible(False)
    axes[-1].set_xlabel("weight")
    return figure


@styled
def network(params, inputs, title):
    """Draw a network with its weights as lines and its biases in the units.

    The width of a line shows |w|, and its colour and dashes show the sign of w.

    >>> from refnn.network import Params
    >>> one = Params(np.ones((2, 3)), np.zeros(2), np.ones((1, 2)), np.zeros(1))
    >>> len(network(one, "abc", "a title").axes[0].lines)
    14
    """
    figure = blank(4.2, title)
    ax = figure.subplots()
    columns = (0.0, 1.0, 1.7)
    heights = [np.linspace(0.5, -0.5, n) * (0.95 if n > 1 else 0) for n in params.sizes]
    layers = [[(x, y) for y in ys] for x, ys in zip(columns, heights)]
    largest = max(np.abs(params.W_ih).max(), np.abs(params.W_ho).max())
    for W, left, right in zip((params.W_ih, params.W_ho), layers, layers[1:]):
        for (to, start), w in zip(((to, start) for to in right for start in left), W.ravel()):
            if w:
                dash, width = "-" if w > 0 else (0, (3, 1.5)), 5 * abs(w) / largest
                look = {"color": SIGN[w > 0], "linestyle": dash, "linewidth": width}
                ax.plot(*zip(start, to), solid_capstyle="butt", zorder=1, **look)
    circle = {"color": "white", "markeredgecolor": "black", "zorder": 2}
    for (x, y), name in zip(layers[0], inputs):
        ax.plot(x, y, "o", markersize=13, **circle)
        ax.text(x - 0.05, y, name, ha="right", va="center")
    for layer, biases in zip(layers[1:], (params.b_h, params.b_o)):
        for (x, y), bias in zip(layer, biases):
            ax.plot(x, y, "o", markersize=33, **circle)
            ax.text(x, y, f"{bias:+.2f}".replace("-", "−"), ha="center", va="center", zorder=3)
    for x, name in zip((0, 1, 1.7), ("inputs", "hidden, tanh", "output")):
        ax.text(x, 0.58, name, ha="center")
    key = f"width: |w|, at most {largest:.2f};  solid brown: w > 0, dashed purple: w < 0;  "
    ax.text(1.0, -0.6, key + "in the units: biases", ha="center", color=NOTE)
    ax.set(xlim=(-0.35, 1.9), ylim=(-0.66, 0.66))
    ax.axis("off")
    return figure


@styled
def matrices(panels, inputs, title):
    """Draw heat maps of [W_ih  b_h  W_hoᵀ], one panel for each treatment.

    Each row of a map is a hidden unit, and pruned cells are crossed out. panels: (title, params,
    mask or None). All panels use the colour scale of the first.

    >>> from refnn.network import Params
    >>> p = Params(np.ones((2, 3)), np.zeros(2), np.ones((1, 2)), np.zeros(1))
    >>> matrices([("float", p, None)], "abc", "a title").axes[0].images[0].get_array().shape
    (2, 5)
    """
    figure = blank(1.36 * len(panels) + 0.7, title)
    axes = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
    tables = [_table(params) for _, params, _ in panels]
    limit = np.abs(tables[0]).max()
    for ax, table, (name, params, mask) in zip(axes, tables, panels):
        image = ax.imshow(table, cmap="PuOr_r", vmin=-limit, vmax=limit, aspect="auto")
        kept = np.ones(table.shape, bool) if mask is None else _table(mask)
        for (i, j), w in np.ndenumerate(table):
            if kept[i, j]:
                number = f"{w:.2f}".replace("0.", ".", 1).replace("-", "−")
                colour = "white" if abs(w) > 0.7 * limit else "black"
                ax.text(j, i, number, ha="center", va="center", color=colour)
            else:
                ax.plot([j - 0.4, j + 0.4], [i - 0.4, i + 0.4], color=PRUNED, linewidth=1.2)
                ax.plot([j - 0.4, j + 0.4], [i + 0.4, i - 0.4], color=PRUNED, linewidth=1.2)
        bias = f"{params.b_o[0]:.2f}" if mask is None or mask.b_o[0] else "removed"
        ax.set_title(f"{name};  output bias {bias}", loc="left")
        ax.set_yticks(range(len(table)), [f"unit {i + 1}" for i in range(len(table))])
        ax.set_xticks(range(table.shape[1]), [*inputs, "bias", "out"] if ax is axes[-1] else [])
        ax.tick_params(length=0)
        for side in ax.spines.values():
            side.set_visible(False)
    figure.colorbar(image, ax=list(axes), label="weight", shrink=0.5, extend="both")
    return figure


def _table(params):
    return np.column_stack([params.W_ih, params.b_h, params.W_ho.T])
