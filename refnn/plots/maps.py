"""This module draws planes, heat maps and many small panels.

They show the (W, B) plane, the loss along 61 parameters and the interactions of all pairs."""

import numpy as np
from matplotlib.colors import SymLogNorm
from matplotlib.patches import Polygon

from refnn.plots.style import CORRECTED, NOTE, ORIGINAL, PRUNED, WRITTEN, beside, blank, styled

TURNS = range(-3, 4)  # B and B + levels give the same codes, so each strip and cell repeats


@styled
def proof(rows, codes, cells, levels, period):
    """Draw the (W, B) plane with the strips of pairs that each printed code allows.

    The strips of each row have a common cell, but the cells of the two rows never touch. cells: for
    each row the outline of its cell, as points (W, B). B and B + levels give the same codes.

    >>> cell = [(1, 0), (2, 0), (1, 1)]
    >>> figure = proof([[0.1], [0.2]], [[0], [1]], [cell, cell], levels=8, period=80)
    >>> len(figure.axes[2].patches)
    14
    """
    title = "No (W, B) gives all ten codes of Q(W_ih): the two rows have no solution in common"
    figure = blank(3.7, title)
    axes = figure.subplots(1, 3, sharey=True, width_ratios=(1, 1, 1.3))
    looks = (("first row", CORRECTED), ("second row", WRITTEN))
    W = np.array([5.0, 15.0])
    for ax, x, q, outline, (name, colour) in zip(axes, rows, codes, cells, looks):
        for value, code in zip(x, q):
            for turn in TURNS:
                low = code + turn * levels - value * W
                ax.fill_between(W, low, low + 1, color=colour, alpha=0.13, linewidth=0)
                ax.plot(W, low, color=colour, alpha=0.4, linewidth=0.5)
        _meeting(ax, outline, levels, colour)
        printed = " ".join(map(str, q))
        ax.set_title(f"{name}: codes {printed}\none strip for each code")
        ax.set(xlim=W, xlabel="W  (codes per unit)")
    for outline, (name, colour) in zip(cells, looks):
        _meeting(axes[2], outline, levels, colour)
        line = {"arrowstyle": "-", "color": colour, "linewidth": 0.8}
        at, text = tuple(np.mean(outline, axis=0)), f"gives the {name}"
        beside(axes[2], text, at, (22, 0), color=colour, va="center", arrowprops=line)
    axes[2].set_title(f"both, over the whole period of W\n({period}): no point in common")
    axes[2].set(xlim=(0, period), xlabel="W  (codes per unit)")
    axes[0].set(ylim=(1.5 - levels, 1.5), ylabel=f"B  (codes; the period is {levels})")
    return figure


def _meeting(ax, outline, levels, colour):
    look = {"facecolor": colour, "edgecolor": "black", "linewidth": 0.7, "zorder": 3}
    for turn in TURNS:
        ax.add_patch(Polygon(np.add(outline, [0, turn * levels]), closed=True, **look))


@styled
def axes61(t, J, tangent, parabola, w, deleted, inputs, title):
    """Draw J − J(w) along every parameter of a 10-5-1 network, one panel for each.

    The first five rows of panels are the hidden units, and the last is the output. The shapes are
    (61, points) for t, J, tangent and parabola, and (61,) for w and deleted.

    >>> t = np.tile(np.linspace(-1, 1, 3), (61, 1))
    >>> figure = axes61(t, t**2, t, t**2, np.ones(61), np.ones(61), tuple("abcdefghij"), "a title")
    >>> len(figure.axes)
    61
    """
    figure = blank(5.6, title)
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0, hspace=0)
    grid = figure.add_gridspec(6, 11)
    places = [(j, k) for j in range(5) for k in range(10)] + [(j, 10) for j in range(5)]
    places += [(5, k) for k in range(5)] + [(5, 10)]
    names = [*inputs, "bias"]
    for i, (row, column) in enumerate(places):
        ax = figure.add_subplot(grid[row, column])
        # The parabola is wide and below J, so that it can be seen where the two differ.
        ax.plot(t[i], parabola[i], color="#8EC5EA", linewidth=3.5)
        ax.plot(t[i], tangent[i], color=WRITTEN, linewidth=1, linestyle="--")
        ax.plot(t[i], J[i], color="black", linewidth=1)
        ax.plot(w[i], 0, "o", color=ORIGINAL, markersize=3.5)
        ax.plot(0, deleted[i], "D", color=PRUNED, markersize=3.5)
        span = np.abs(J[i]).max() or 1.0
        ax.set_ylim(min(J[i].min(), 0) - 0.25 * span, 1.15 * span)
        ax.set_xticks([])
        ax.set_yticks([])
        if row == 0:
            ax.set_title(names[column])
        if column == 0:
            ax.set_ylabel(f"unit {row + 1}" if row < 5 else "output")
        if row == 5:
            ax.set_xlabel(f"from {column + 1}" if column < 5 else "bias")
    key = (
        "black: J    dashed: tangent, R\nwide blue: parabola, R and H_ii\n"
        "circle: trained    diamond: w = 0\n(each panel on its own scales)"
    )
    figure.text(0.51, 0.055, key, color=NOTE)
    return figure


@styled
def interaction(true, bent, title):
    """Draw two symmetric 61 × 61 matrices side by side, with the same colour scale.

    The scale is logarithmic on both sides of 0.

    >>> interaction(np.eye(61), np.eye(61), "a title").axes[0].images[0].get_array().shape
    (61, 61)
    """
    figure = blank(3.9, title)
    limit = max(np.abs(true).max(), np.abs(bent).max())
    norm = SymLogNorm(limit / 1000, vmin=-limit, vmax=limit)
    axes = figure.subplots(1, 2, sharey=True)
    ends, names = (10, 20, 30, 40, 50, 55, 60), ["1", "2", "3", "4", "5", "b", "out", ""]
    middles = np.array([5, 15, 25, 35, 45, 52.5, 57.5, 60.5]) - 0.5
    titles = ("true: J(0, 0) − J(0, w) − J(w, 0) + J", "H_ij·w_i·w_j")
    for ax, values, name in zip(axes, (true, bent), titles):
        shown = np.where(np.eye(len(values), dtype=bool), np.nan, values)
        image = ax.imshow(shown, cmap="PuOr_r", norm=norm)
        for end in ends:
            ax.axhline(end - 0.5, color="white", linewidth=0.6)
            ax.axvline(end - 0.5, color="white", linewidth=0.6)
        ax.set_xticks(middles, names)
        ax.set_yticks(middles, names)
        ax.tick_params(length=0)
        ax.set(title=name, xlabel="weights into unit 1 … 5, biases, output")
    figure.colorbar(image, ax=list(axes), label="loss, ½Σ(y − ŷ)²", shrink=0.8)
    return figure
