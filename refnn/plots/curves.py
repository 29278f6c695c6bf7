"""This module draws errors and scores as lines, boxes and dots.

They are plotted against bits, sparsity, stages or training steps, or against the true cost of
deletion."""

from typing import NamedTuple

import numpy as np

from refnn.plots.style import (
    BLUES,
    BOOK,
    COLOUR,
    CORRECTED,
    NOTE,
    ORIGINAL,
    PRUNED,
    WRITTEN,
    beside,
    blank,
    note,
    styled,
)

LINE = {
    "as written": (WRITTEN, "-", "o"),
    "sign corrected": (WRITTEN, "--", "s"),
    "min-max": (CORRECTED, "-", "o"),
    "least error": (BLUES[3], "--", "s"),
    "code book": (BOOK, "-", "D"),
}
MARKERS = "v^<>PX"


class Series(NamedTuple):
    """A line with a name and, if low and high are there, a band around it."""

    name: str
    x: list  # (n,)
    middle: np.ndarray  # (n,) the line
    low: np.ndarray | None = None  # (n,) the lower edge of the band
    high: np.ndarray | None = None  # (n,) the upper edge of the band


@styled
def staircase(x, curves, title):
    """Draw x̂ against x above and the error x̂ − x in steps below, one column for each scheme.

    A dashed line shows x itself. curves: (title, colour key, x̂, step).

    >>> x = np.linspace(0, 1, 5)
    >>> figure = staircase(x, [("floor", "as written", np.floor(x), 1.0)], "a title")
    >>> figure.axes[1].lines[0].get_ydata().tolist()[:4]
    [0.0, -0.25, -0.5, -0.75]
    """
    figure = blank(4.6, title)
    rows = {"sharex": True, "sharey": "row", "height_ratios": (1.3, 1)}
    axes = figure.subplots(2, len(curves), squeeze=False, **rows)
    for (above, below), (name, key, decoded, step) in zip(axes.T, curves):
        above.plot(x, x, color=ORIGINAL, linewidth=1, linestyle="--")
        jumps = np.concatenate([[False], np.abs(np.diff(decoded)) > step / 2])
        above.plot(x, np.where(jumps, np.nan, decoded), color=COLOUR[key], linewidth=1.6)
        below.plot(x, np.where(jumps, np.nan, (decoded - x) / step), color=COLOUR[key], linewidth=1)
        below.axhline(0, color=ORIGINAL, linewidth=1, linestyle="--")
        above.set_title(name)
        below.set_xlabel("weight x")
    axes[0, 0].set_ylabel("decoded x̂\n(dashed: x itself)")
    axes[1, 0].set_ylabel("error x̂ − x\n(steps Δ)")
    return figure


@styled
def against_bits(series, line, points, title, subtitle, ylabel):
    """Draw lines with bands against the number of bits, a dotted line, and single markers.

    series and points are lists of Series, and line is the Series of the dotted line. Each line has
    its name at its end, or at its start where two lines end together. Several markers are named in
    a legend, since there is no room for all names beside them.

    >>> bits, dB = [2, 3], np.array([9.0, 15.0])
    >>> lines = [Series("min-max", bits, dB, dB - 1, dB + 1)], Series("textbook", bits, dB)
    >>> figure = against_bits(*lines, [Series("NF4", [3], [16.0])], "a title", "a subtitle", "dB")
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['min-max', 'NF4']
    """
    figure = blank(4.6, title)
    ax = figure.subplots()
    ax.set_title(subtitle, color=NOTE, fontsize=9)
    starts, ends = [], []
    near = 0.03 * np.ptp(np.concatenate([s.middle for s in series]))
    for s in series:
        colour, dash, marker = LINE[s.name]
        ax.fill_between(s.x, s.low, s.high, color=colour, alpha=0.15, linewidth=0)
        ax.plot(s.x, s.middle, color=colour, linestyle=dash, marker=marker, markersize=4)
        same_end = [t.middle[-1] for t in series if t.x[-1] == s.x[-1]]
        together = sum(abs(end - s.middle[-1]) < near for end in same_end) > 1
        at, labels = (0, starts) if together else (-1, ends)
        labels.append((s.x[at], s.middle[at], s.name, colour))
    ax.plot(line.x, line.middle, color="black", linestyle=":", linewidth=1.2)
    for s, marker in zip(points, MARKERS):
        look = {"color": "black", "markersize": 6, "markerfacecolor": "white"}
        ax.plot(s.x, s.middle, marker, label=s.name, **look)
    if len(points) > 1:
        ax.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 0.12), fontsize=9)
    else:
        ends += [(s.x[0], s.middle[0], s.name, "black") for s in points]
    ax.set(xlabel="bits per weight", ylabel=ylabel, xticks=line.x)
    if starts:
        ax.set_xlim(left=line.x[0] - 1.2)
    _name(ax, ends)
    _name(ax, starts, gap=9, side=-1)
    return figure


def _name(ax, labels, gap=11, side=1):
    """Write each name of labels = (x, y, name, colour) to the right of its point (x, y).

    With side = −1 the names stand on the left. Names at the same x are at least `gap` typographic
    points apart."""
    ax.get_figure(root=True).draw_without_rendering()
    look = {"va": "center", "ha": "left" if side > 0 else "right", "annotation_clip": False}
    below = {}
    for x, y, name, colour in sorted(labels, key=lambda label: label[:2]):
        at = ax.transData.transform((x, y))[1] * 72 / ax.figure.dpi
        below[x] = max(at, below.get(x, -np.inf) + gap)
        beside(ax, name, (x, y), (8 * side, below[x] - at), color=colour, **look)


@styled
def floor_bias(errors, sums, title, subtitle):
    """Draw the errors of single weights (left) and those of sums of n weights (right).

    errors: name -> errors in steps. sums: name -> Series over n. A name is "floor", "nearest" or
    "stochastic".

    >>> e = {"floor": np.array([-0.9, -0.1]), "nearest": np.array([-0.4, 0.4])}
    >>> s = {name: Series(name, [1, 2], np.ones(2), np.zeros(2), np.ones(2)) for name in e}
    >>> len(floor_bias(e, s, "a title", "a subtitle").axes[1].lines)
    3
    """
    style = {"floor": (WRITTEN, "-"), "nearest": (CORRECTED, "-"), "stochastic": (BOOK, "--")}
    figure = blank(3.6, title)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.2))
    bins = np.linspace(-1, 1, 41)
    for name, values in errors.items():
        colour, dash = style[name]
        counts, mean = np.histogram(values, bins)[0], values.mean()
        left.stairs(counts, bins, color=colour, linestyle=dash, linewidth=1.4)
        left.axvline(mean, color=colour, linestyle=":", linewidth=1)
        place = {"xycoords": ("data", "axes fraction"), "color": colour}
        beside(left, name, (mean, 0.06), (3, 0), **place)
    left.set(xlabel="error of a weight  (steps Δ)", ylabel="weights", title=subtitle)
    left.title.set_color(NOTE)
    labels = []
    for name, s in sums.items():
        colour, dash = style[name]
        right.fill_between(s.x, s.low, s.high, color=colour, alpha=0.18, linewidth=0)
        right.plot(s.x, s.middle, color=colour, linestyle=dash)
        labels.append((s.x[-1], s.middle[-1], name, colour))
    right.plot(s.x, -np.asarray(s.x) / 2, color="black", linestyle=":", linewidth=1.2)
    right.set(xlabel="weights in the sum, n", ylabel="error of their sum  (steps Δ)")
    right.set_title("dotted: −n/2", color=NOTE)
    _name(right, labels)
    return figure


@styled
def pairs(panels, groups, names, title, subtitle, ylabel):
    """Draw boxes side by side, with one panel (name, values) in each axes.

    values[method][group] is an array over the seeds.

    >>> panel = ("a recipe", [[np.ones(5)], [np.ones(5)]])
    >>> figure = pairs([panel], (2,), ("after", "aware"), "a title", "a subtitle", "error")
    >>> [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
    ['2']
    """
    looks = ((CORRECTED, ""), (ORIGINAL, "...."), (BOOK, "////"))
    box = {"widths": 0.22, "whis": (10, 90), "showfliers": False, "patch_artist": True}
    box |= {"medianprops": {"color": "black"}, "manage_ticks": False}
    figure = blank(3.6, f"{title}\n")
    note(figure, 0.9 - 0.045 * title.count("\n"), subtitle)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for ax, (panel, values) in zip(axes, panels):
        for k, (of_method, name, (colour, hatch)) in enumerate(zip(values, names, looks)):
            at = np.arange(len(groups)) + 0.27 * (k - (len(values) - 1) / 2)
            for patch in ax.boxplot(of_method, positions=at, **box)["boxes"]:
                patch.set(facecolor=colour, hatch=hatch, alpha=0.6)
            ax.plot([], [], color=colour, linewidth=6, alpha=0.6, label=name)
        ax.axhline(1, color=ORIGINAL, linestyle="--", linewidth=1)
        ax.set_xticks(range(len(groups)), [str(g) for g in groups])
        ax.set(title=panel, xlabel="bits per parameter")
    axes[0].set_ylabel(ylabel)
    axes[0].legend(frameon=False, loc="upper left", fontsize=9)
    return figure


@styled
def ladder(stages, errors, title, subtitle, ylabel):
    """Draw the error at each stage, with a thin line for each network and a thick median.

    errors: bits -> (networks, stages).

    >>> errors = {8: np.array([[0.1, 0.2]])}
    >>> figure = ladder(("weights", "table"), errors, "a title", "a subtitle", "error")
    >>> figure.axes[0].get_yscale(), figure.axes[0].texts[0].get_text()
    ('log', '8 bits')
    """
    figure = blank(4.6, title)
    ax = figure.subplots()
    ax.set_title(subtitle, color=NOTE)
    x = np.arange(len(stages))
    for k, (bits, values) in enumerate(errors.items()):
        colour, marker, middle = BLUES[k % len(BLUES)], "osD^v"[k % 5], np.median(values, axis=0)
        ax.plot(x, values.T, color=colour, alpha=min(0.4, 12 / len(values)), linewidth=0.6)
        ax.plot(x, middle, color=colour, linewidth=2, marker=marker, markersize=5)
        look = {"color": colour, "va": "center", "annotation_clip": False}
        beside(ax, f"{bits} bits", (x[-1], middle[-1]), (8, 0), **look)
    ax.set_yscale("log")
    ax.set_xticks(x, stages)
    ax.set(xlim=(-0.1, len(stages) - 0.9), ylabel=ylabel)
    return figure


@styled
def roundings(costs, marks, title, subtitle, xlabel):
    """Draw a histogram of all costs on a logarithmic axis, and a vertical line for each mark.

    marks: name -> cost.

    >>> costs = np.array([1.0, 2.0, 4.0])
    >>> figure = roundings(costs, {"nearest: 2": 2.0}, "a title", "a subtitle", "cost")
    >>> figure.axes[0].texts[0].get_text()
    'nearest: 2'
    """
    figure = blank(3.6, title)
    ax = figure.subplots()
    ax.set_title(subtitle, color=NOTE)
    bins = np.geomspace(costs.min() * 0.97, costs.max() * 1.03, 61)
    counts = np.histogram(costs, bins)[0]
    ax.stairs(counts, bins, color=ORIGINAL, fill=True, alpha=0.6)
    top = counts.max()
    for k, (name, cost) in enumerate(sorted(marks.items(), key=lambda mark: -mark[1])):
        height = top * (0.55 + 0.13 * k)
        ax.plot([cost, cost], [0, height], color=CORRECTED, linewidth=1.2)
        beside(ax, name, (cost, height), (4, 0), color=CORRECTED, va="center")
    ax.set(xscale="log", xlabel=xlabel, ylabel="roundings", ylim=(0, top * 1.1))
    return figure


@styled
def rule(left, kept, rank, changed, title, subtitle):
    """Draw what the article's rule does in four panels.

    Three panels are plotted against the steps of training: how many parameters the rule leaves,
    the share that it leaves for each sign of R, and the rank correlation of |R| with |w|. The panel
    at the bottom right has a row for each rewriting of the same function, with the median and the
    central 80 % of the parameters that change.

    left, kept: lists of Series. rank: a Series. changed: name -> counts, one for each network.

    >>> s = Series("sum", [0, 10], np.array([30.0, 2]), np.array([28.0, 1]), np.array([32.0, 3]))
    >>> figure = rule([s], [s], s, {"signs: R": np.array([3, 4, 5])}, "a title", "a subtitle")
    >>> [label.get_text() for label in figure.axes[3].get_yticklabels()]
    ['signs: R']
    """
    figure = blank(6.2, f"{title}\n")
    note(figure, 0.915, subtitle)
    above, below = figure.subfigures(2, 1)  # so that each row has its own widths
    axes = [*above.subplots(1, 2), *below.subplots(1, 2, width_ratios=(1.3, 1))]
    panels = (
        (left, "parameters left of 61", (-2, 63)),
        (kept, "left, % of those with such an R", (-3, 103)),
        ([rank], "rank correlation of |R| and |w|", (-0.2, 1.03)),
    )
    looks = (
        ((WRITTEN, "-"), (BOOK, "-"), (WRITTEN, "--"), (BOOK, "--")),
        ((WRITTEN, "-"), (CORRECTED, "-"), (WRITTEN, "--"), (CORRECTED, "--")),
        ((WRITTEN, "--"),),
    )
    for ax, (series, ylabel, ylim), look in zip(axes, panels, looks):
        labels = []
        for s, (colour, dash) in zip(series, look):
            x = np.maximum(s.x, 10)  # step 0 has no place on a logarithmic axis
            ax.fill_between(x, s.low, s.high, color=colour, alpha=0.15, linewidth=0)
            ax.plot(x, s.middle, color=colour, linestyle=dash, marker="o", markersize=3.5)
            labels.append((x[-1], s.middle[-1], s.name, colour))
        ax.set_xscale("log")
        ax.set_xticks([10, 100, 1000], ["start", "100", "1000"])
        ax.minorticks_off()
        ax.set(xlabel="steps of training", ylabel=ylabel, ylim=ylim)
        _name(ax, labels)
    names = list(changed)[::-1]
    for y, name in enumerate(names):
        low, middle, high = np.quantile(changed[name], [0.1, 0.5, 0.9])
        colour = WRITTEN if "R <" in name or "times" in name else CORRECTED
        axes[3].plot([low, high], [y, y], color=ORIGINAL, linewidth=1.4)
        axes[3].plot(middle, y, "o", color=colour, markersize=6)
    axes[3].set_yticks(range(len(names)), names)
    axes[3].set(xlabel="changed, of 61", xlim=(-1, 62))
    return figure


# fmt: off
LOOKS = (  # of the lines for the ways of pruning, in the order of drawing
    (CORRECTED, ":", "s"), (BOOK, "-", "D"), (WRITTEN, "-", "x"), (ORIGINAL, "--", "."),
    (CORRECTED, "-", "o"), (PRUNED, "-", "^"), (PRUNED, "--", "P"), ("black", ":", "v"),
    ("black", "-", "_"),
)
# fmt: on


@styled
def curves(panels, x, title, subtitle, xlabel, ylabel):
    """Draw rows of panels (title, {name: values}) against x, with one legend below.

    The y axes are logarithmic, and a row shares one scale. A value may be (middle, low, high).

    >>> lines = {"cut": [(1.0, 0.9, 1.1), (2.0, 1.8, 2.2)], "tuned": [1.0, 1.1]}
    >>> figure = curves([[("a panel", lines)]], [0.3, 0.5], "t", "s", "share", "error")
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['cut', 'tuned']
    """
    figure = blank(2.5 * len(panels) + 1.1, f"{title}\n\n")  # empty lines for the subtitle
    axes = figure.subplots(len(panels), len(panels[0]), sharex=True, sharey="row", squeeze=False)
    for ax, (name, lines) in zip(axes.ravel(), [panel for row in panels for panel in row]):
        for (label, values), (colour, dash, marker) in zip(lines.items(), LOOKS):
            plain = np.ndim(values) == 1
            middle, low, high = np.array([values] * 3) if plain else np.array(values).T
            look = {"color": colour, "linestyle": dash, "linewidth": 1.3, "elinewidth": 0.9}
            look |= {"marker": marker, "markersize": 4, "label": label}
            ax.errorbar(x, middle, (middle - low, high - middle), **look)
        ax.axhline(1, color="black", linewidth=0.6)
        ax.set_yscale("log", base=2)
        ax.yaxis.set_major_formatter("{x:g}")
        ax.set_title(name)
        ax.set_xticks(x, [f"{v:.0%}" for v in x])
    note(figure, 1 - 0.5 / figure.get_figheight(), subtitle, va="top")
    for ax in axes[-1]:
        ax.set_xlabel(xlabel)
    for ax in axes[:, 0]:
        ax.set_ylabel(ylabel)
    bars, labels = axes[0, 0].get_legend_handles_labels()
    handles = [bar.lines[0] for bar in bars]
    figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False)
    return figure


@styled
def against_truth(scores, truth, correlation, title, subtitle, ylabel):
    """Draw the true cost against the score of each criterion, one panel for each criterion.

    Each dot is a parameter.

    >>> scores = {"R": np.array([1.0, -1])}
    >>> figure = against_truth(scores, np.array([0.5, 2.0]), {"R": -1.0}, "a title", "s", "cost")
    >>> figure.axes[0].get_title()
    'R (−1.00)'
    """
    rows = -(-len(scores) // 4)
    figure = blank(2.0 * rows + 0.9, f"{title}\n")
    note(figure, 1 - 0.45 / figure.get_figheight(), subtitle, va="top")
    axes = figure.subplots(rows, 4, sharey=True, squeeze=False).ravel()
    for ax, (name, values) in zip(axes, scores.items()):
        ax.scatter(values, truth, s=9, color=WRITTEN if name == "R" else CORRECTED)
        ax.axhline(0, color=ORIGINAL, linewidth=0.6)
        ax.axvline(0, color=ORIGINAL, linewidth=0.6)
        ax.set_yscale("symlog", linthresh=0.1)
        ax.set_title(f"{name} ({correlation[name]:+.2f})".replace("-", "−").replace("+", ""))
        ax.locator_params(axis="x", nbins=3)
    for ax in axes[len(scores) :]:
        ax.set_visible(False)
    for ax in axes[::4]:
        ax.set_ylabel(ylabel)
    for ax in axes[max(0, len(scores) - 4) : len(scores)]:
        ax.set_xlabel("score")
    return figure
