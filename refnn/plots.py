"""The only file that draws: primitives that take arrays and return a figure. No training, no global
settings.

One meaning a colour in the whole project (Okabe & Ito): original grey, as written vermillion,
corrected blue, pruned green, code book pink."""

from functools import wraps
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

ORIGINAL, WRITTEN, CORRECTED, PRUNED, BOOK = "#666666", "#D55E00", "#0072B2", "#009E73", "#CC79A7"
COLOUR = {"as written": WRITTEN, "corrected": CORRECTED, "code book": BOOK}
STYLE = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.titlesize": 11,
    "hatch.linewidth": 0.6,
    "font.family": "DejaVu Sans",
    "axes.unicode_minus": True,
    "svg.hashsalt": "refnn",
}
BLUES = (
    "#08306B",
    "#08519C",
    "#2171B5",
    "#4292C6",
    "#6BAED6",
)  # of corrected, from many bits to few
NOTE, THRESHOLD = "#444444", {"color": "black", "linewidth": 1, "linestyle": "--"}
SIGN = {True: "#B35806", False: "#542788"}  # of a weight: brown +, purple −, as in the heat maps
REMOVED = {"color": PRUNED, "hatch": "////", "edgecolor": "white", "linewidth": 0}
SHOWN_TAUS = 12  # thresholds to each side in the histogram of R
WIDTH = 7.0  # inches: a notebook's column


class Grid(NamedTuple):
    """A grid of codes: title; edges, the decision boundaries; levels, the decoded values; codes,
    one a weight.

    >>> Grid("1 bit", np.array([0.0, 0.5, 1.0]), np.array([0.25, 0.75]), np.array([0, 1])).title
    '1 bit'
    """

    title: str
    edges: np.ndarray
    levels: np.ndarray
    codes: np.ndarray


def save(figure, path):
    """Write a figure as PNG, whole or not at all, without the name of the software that made it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(Figure(), Path(folder) / "empty.png")
    ...     [path.name for path in Path(folder).iterdir()]
    ['empty.png']
    """
    path = Path(path)
    part = path.with_name(path.name + ".part")
    try:
        figure.savefig(part, format="png", dpi=150, metadata={"Software": None})
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _styled(draw):
    @wraps(draw)
    def styled(*arguments, **options):
        with matplotlib.rc_context(STYLE):
            figure = draw(*arguments, **options)
            figure.canvas.draw()
            return figure

    return styled


def _thousands(n):
    return f"{n:,}".replace(",", "\u2009")


@_styled
def before_after(weights, grids, scheme, seeds):
    """Weights before above after quantization, a column a grid: a bar is a code, each boundary and
    level a tick.

    >>> w = np.array([0.1, 0.9])
    >>> grid = Grid("1 bit", np.array([0.0, 0.5, 1.0]), np.array([0.25, 0.75]), np.array([0, 1]))
    >>> [bar.get_height() for bar in before_after(w, [grid], "corrected", 1).axes[1].patches]
    [np.int64(1), np.int64(1)]
    """
    colour, n = COLOUR[scheme], len(weights)
    errors = [g.levels[g.codes] - weights for g in grids]
    if scheme == "as written":
        shifts = sorted(np.mean(e) for e in errors)
        title = f"As written, every weight comes back too large, on average by {shifts[0]:.1f} to {shifts[-1]:.1f}"
    else:
        title = "Corrected, weights stay where they are, to within half a step"
    figure = Figure(figsize=(WIDTH, 4.7), layout="constrained")
    figure.suptitle(f"{title}\n", fontsize=11)
    figure.text(
        0.5,
        0.925,
        f"{_thousands(n)} weights of {seeds} networks, all on one grid; marks "
        "below: where codes change (before), levels (after)",
        ha="center",
        color=NOTE,
    )
    axes = figure.subplots(2, len(grids), sharex=True, sharey="col", squeeze=False)
    low = min(
        weights.min(), *(min(g.levels.min(), g.edges[1] - np.diff(g.levels).mean()) for g in grids)
    )
    high = max(weights.max(), *(g.levels.max() for g in grids))
    pad = 0.04 * (high - low)
    for (above, below), grid, error in zip(axes.T, grids, errors):
        few = len(grid.levels) <= 32
        counts = np.bincount(grid.codes, minlength=len(grid.levels))
        step = np.diff(grid.levels).mean()  # the cells at the ends are open: draw one step
        edges = np.concatenate(
            [
                [max(grid.edges[0], grid.edges[1] - step)],
                grid.edges[1:-1],
                [min(grid.edges[-1], grid.edges[-2] + step)],
            ]
        )
        above.bar(
            edges[:-1],
            counts,
            np.diff(edges),
            align="edge",
            color=ORIGINAL,
            edgecolor="white",
            linewidth=0.4 if few else 0,
        )
        below.bar(grid.levels, counts, step * (0.35 if few else 1), color=colour)
        above.set_title(f"{grid.title}: {np.count_nonzero(counts)} of {len(counts)} codes used")
        below.set_title(f"rms error {np.sqrt(np.mean(error**2)):.3f}")
        for ax, at in ((above, edges), (below, grid.levels)):
            ax.vlines(
                at,
                -0.045,
                -0.01,
                transform=ax.get_xaxis_transform(),
                color="black",
                linewidth=0.8 if few else 0.15,
                clip_on=False,
            )
            ax.tick_params(axis="x", length=0, pad=7)
        below.set_xlabel("weight")
        below.set_xlim(low - pad, high + pad)
    axes[0, 0].set_ylabel("before\nweights per code")
    axes[1, 0].set_ylabel(f"{scheme}\nweights per code")
    return figure


@_styled
def pruning(weights, R, mask_R, tau, mask_magnitude, taus, seeds):
    """Weights before above after pruning: R < τ as written (left), magnitude (right); the spike at
    0 stands at 0.

    >>> w = np.linspace(-1, 1, 5)
    >>> figure = pruning(w, -w, -w >= 0.5, 0.5, np.abs(w) >= 0.5, [0.5], seeds=1)
    >>> figure.axes[4].patches[-1].get_height()
    np.int64(3)
    """
    reach, at = np.abs(weights).max() * 1.02, float(np.median(taus))
    bins = np.linspace(-reach, reach, 62)  # an odd number of bins: the middle one is centred on 0
    figure = Figure(figsize=(WIDTH, 6.4), layout="constrained")
    left, positive = np.mean(mask_R), np.mean(weights[mask_R] > 0)
    figure.suptitle(
        f"Removing what has R < {tau} leaves {left:.0%}, of these {positive:.1%} positive: "
        "at a minimum with\nweight decay R = −λw, so that the rule goes by the sign of w. "
        "Magnitude does not.\n",
        fontsize=10,
    )
    figure.text(
        0.5,
        0.925,
        f"{_thousands(len(weights))} weights and biases of {seeds} networks (weight decay 10); "
        f"green, hatched: removed; |R| > {SHOWN_TAUS * tau:g} not shown",
        ha="center",
        color=NOTE,
    )
    axes = figure.subplots(3, 2, sharey="row")
    _split(axes[0, 0], R, mask_R, np.arange(-SHOWN_TAUS, SHOWN_TAUS + 1) * tau)
    axes[0, 0].axvline(tau, **THRESHOLD)
    axes[0, 0].annotate(
        f"τ = {tau}",
        (tau, 0.92),
        (4, 0),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
    )
    axes[0, 0].set(
        title="as written: R < τ goes, signed",
        xlabel="R = ∂J/∂w  (loss per unit of weight)",
        ylabel="weights",
    )
    _split(axes[0, 1], np.abs(weights), mask_magnitude, np.linspace(0, reach, 32))
    axes[0, 1].axvline(at, **THRESHOLD)
    axes[0, 1].annotate(
        f"smallest kept |w| = {at:.2f}\n(median of {seeds} networks)",
        (at, 0.8),
        (4, 0),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
    )
    axes[0, 1].set(title="magnitude: the smaller half of |w| goes", xlabel="|w|  (weight)")
    counts, _ = np.histogram(weights, bins)
    middle, width = len(counts) // 2, bins[1] - bins[0]
    for (before, after), mask, colour in (
        (axes[1:, 0], mask_R, WRITTEN),
        (axes[1:, 1], mask_magnitude, CORRECTED),
    ):
        before.bar(bins[:-1], counts, width, align="edge", color=ORIGINAL)
        after.bar(
            bins[:-1], np.histogram(weights[mask], bins)[0], width, align="edge", color=colour
        )
        after.bar(bins[middle], (~mask).sum(), width, align="edge", **REMOVED)
        after.annotate(
            f"{_thousands((~mask).sum())} at exactly 0\n(bar cut)",
            (0.62, 0.82),
            xycoords="axes fraction",
            color=PRUNED,
        )
        after.set_xlabel("weight")
        for ax in (before, after):
            ax.set_xlim(-reach, reach)
            ax.set_ylim(0, counts.max() * 1.25)
            if mask is mask_magnitude:
                ax.axvline(-at, **THRESHOLD)
                ax.axvline(at, **THRESHOLD)
    axes[1, 0].set_ylabel("before\nweights")
    axes[2, 0].set_ylabel("after\nweights")
    return figure


def _split(ax, values, kept, edges):
    """A histogram of what is removed (green, hatched) and what is kept (grey)."""
    removed, rest = np.histogram(values[~kept], edges)[0], np.histogram(values[kept], edges)[0]
    ax.bar(edges[:-1], removed, np.diff(edges), align="edge", **REMOVED)
    ax.bar(edges[:-1], rest, np.diff(edges), bottom=removed, align="edge", color=ORIGINAL)
    ax.set_xlim(edges[0], edges[-1])
    ax.set_ylim(0, (removed + rest).max() * 1.12)


@_styled
def proof(rows, codes, cells, levels, period):
    """The (W, B) plane: the strips that each printed code allows meet for each row; the two
    meetings never touch.

    cells: for each row the outline of where all its strips meet, points (W, B); B is read mod
    levels.

    >>> figure = proof([[0.1], [0.2]], [[0], [1]], [[(1, 0), (2, 0), (1, 1)]] * 2, levels=8, period=80)
    >>> len(figure.axes[2].patches)
    14
    """
    figure = Figure(figsize=(WIDTH, 3.7), layout="constrained")
    figure.suptitle(
        "No (W, B) prints the ten codes of Q(W_ih): for each row its strips meet, for both together never",
        fontsize=10,
    )
    axes = figure.subplots(1, 3, sharey=True, width_ratios=(1, 1, 1.3))
    names, W = ("first row", "second row"), np.array([5.0, 15.0])
    for ax, x, q, outline, colour, name in zip(
        axes, rows, codes, cells, (CORRECTED, WRITTEN), names
    ):
        for value, code in zip(x, q):
            for turn in range(-3, 4):
                low = code + turn * levels - value * W
                ax.fill_between(W, low, low + 1, color=colour, alpha=0.13, linewidth=0)
                ax.plot(W, low, color=colour, alpha=0.4, linewidth=0.5)
        _meeting(ax, outline, levels, colour)
        ax.set(
            xlim=W,
            title=f"{name}: codes {' '.join(map(str, q))}\na strip for each code; all meet",
            xlabel="W  (codes per unit)",
        )
    for outline, colour, name in zip(cells, (CORRECTED, WRITTEN), names):
        _meeting(axes[2], outline, levels, colour)
        centre = np.mean(outline, axis=0)
        axes[2].annotate(
            f"prints all of the {name}",
            (centre[0], centre[1]),
            (22, 0),
            textcoords="offset points",
            color=colour,
            va="center",
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.8},
        )
    axes[2].set(
        xlim=(0, period),
        title=f"both, over the whole period of W\n({period}): no point in common",
        xlabel="W  (codes per unit)",
    )
    axes[0].set(ylim=(1.5 - levels, 1.5), ylabel=f"B  (codes; all repeats after {levels})")
    return figure


def _meeting(ax, outline, levels, colour):
    for turn in range(-3, 4):
        ax.add_patch(
            Polygon(
                np.asarray(outline) + np.array([0, turn * levels]),
                closed=True,
                facecolor=colour,
                edgecolor="black",
                linewidth=0.7,
                zorder=3,
            )
        )


@_styled
def network(params, inputs, title):
    """A network with its weights: a line's width is |w|, its colour and dash the sign; biases stand
    in the units.

    >>> from refnn.network import Params
    >>> len(network(Params(np.ones((2, 3)), np.zeros(2), np.ones((1, 2)), np.zeros(1)), "abc", "a title").axes[0].lines)
    14
    """
    figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
    ax = figure.subplots()
    figure.suptitle(title, fontsize=10)
    layers = [
        [(x, y) for y in np.linspace(0.5, -0.5, n) * (0.95 if n > 1 else 0)]
        for x, n in zip((0.0, 1.0, 1.7), params.sizes)
    ]
    largest = max(np.abs(params.W_ih).max(), np.abs(params.W_ho).max())
    for W, left, right in (
        (params.W_ih, layers[0], layers[1]),
        (params.W_ho, layers[1], layers[2]),
    ):
        for to, row in zip(right, W):
            for start, w in zip(left, row):
                if w:
                    ax.plot(
                        *zip(start, to),
                        color=SIGN[w > 0],
                        linestyle="-" if w > 0 else (0, (3, 1.5)),
                        linewidth=5 * abs(w) / largest,
                        solid_capstyle="butt",
                        zorder=1,
                    )
    for layer, biases in zip(layers, ([None] * len(inputs), params.b_h, params.b_o)):
        for (x, y), bias in zip(layer, biases):
            ax.plot(
                x,
                y,
                "o",
                markersize=13 if bias is None else 33,
                color="white",
                markeredgecolor="black",
                zorder=2,
            )
            if bias is not None:
                ax.text(x, y, f"{bias:+.2f}".replace("-", "−"), ha="center", va="center", zorder=3)
    for (x, y), name in zip(layers[0], inputs):
        ax.text(x - 0.05, y, name, ha="right", va="center")
    for x, name in ((0, "inputs"), (1, "hidden, tanh"), (1.7, "output")):
        ax.text(x, 0.58, name, ha="center")
    ax.text(
        1.0,
        -0.6,
        f"width: |w|, at most {largest:.2f};  solid brown: w > 0, dashed purple: w < 0;  "
        "in the units: biases",
        ha="center",
        color=NOTE,
    )
    ax.set(xlim=(-0.35, 1.9), ylim=(-0.66, 0.66))
    ax.axis("off")
    return figure


@_styled
def matrices(panels, inputs, title):
    """Heat maps of [W_ih  b_h  W_hoᵀ], a row a hidden unit, one panel a treatment; pruned cells are
    crossed out.

    panels: (title, params, mask or None); one colour scale for all, that of the first.

    >>> from refnn.network import Params
    >>> p = Params(np.ones((2, 3)), np.zeros(2), np.ones((1, 2)), np.zeros(1))
    >>> matrices([("float", p, None)], "abc", "a title").axes[0].images[0].get_array().shape
    (2, 5)
    """
    figure = Figure(figsize=(WIDTH, 1.36 * len(panels) + 0.7), layout="constrained")
    figure.suptitle(title, fontsize=10)
    axes = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
    tables = [np.column_stack([p.W_ih, p.b_h, p.W_ho.T]) for _, p, _ in panels]
    limit = np.abs(tables[0]).max()
    for ax, table, (name, params, mask) in zip(axes, tables, panels):
        image = ax.imshow(table, cmap="PuOr_r", vmin=-limit, vmax=limit, aspect="auto")
        gone = (
            np.zeros(table.shape, bool)
            if mask is None
            else ~np.column_stack([mask.W_ih, mask.b_h, mask.W_ho.T])
        )
        for (i, j), w in np.ndenumerate(table):
            if gone[i, j]:
                ax.plot([j - 0.4, j + 0.4], [i - 0.4, i + 0.4], color=PRUNED, linewidth=1.2)
                ax.plot([j - 0.4, j + 0.4], [i + 0.4, i - 0.4], color=PRUNED, linewidth=1.2)
            else:
                ax.text(
                    j,
                    i,
                    f"{w:.2f}".replace("0.", ".", 1).replace("-", "−"),
                    ha="center",
                    va="center",
                    color="white" if abs(w) > 0.7 * limit else "black",
                )
        kept = mask is None or mask.b_o[0]
        ax.set_title(
            f"{name};  output bias {f'{params.b_o[0]:.2f}' if kept else 'removed'}", loc="left"
        )
        ax.set_yticks(range(len(table)), [f"unit {i + 1}" for i in range(len(table))])
        ax.set_xticks(range(table.shape[1]), [*inputs, "bias", "out"] if ax is axes[-1] else [])
        ax.tick_params(length=0)
        for side in ax.spines.values():
            side.set_visible(False)
    figure.colorbar(image, ax=list(axes), label="weight", shrink=0.5, extend="both")
    return figure


@_styled
def staircase(x, curves, title):
    """x̂ against x with the identity, and the error x̂ − x in steps below, one column a scheme.

    curves: (title, colour key, x̂, step).

    >>> x = np.linspace(0, 1, 5)
    >>> staircase(x, [("floor", "as written", np.floor(x), 1.0)], "a title").axes[1].lines[0].get_ydata().tolist()[:4]
    [0.0, -0.25, -0.5, -0.75]
    """
    figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
    figure.suptitle(title, fontsize=10)
    axes = figure.subplots(
        2, len(curves), sharex=True, sharey="row", height_ratios=(1.3, 1), squeeze=False
    )
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


class Series(NamedTuple):
    """A named line: x, its middle, and a band low..high (None: no band).

    >>> Series("min-max", [2, 3], [1.0, 2.0]).low is None
    True
    """

    name: str
    x: list
    middle: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None


LINE = {
    "as written": (WRITTEN, "-", "o"),
    "sign mended": (WRITTEN, "--", "s"),
    "min-max": (CORRECTED, "-", "o"),
    "least error": (BLUES[3], "--", "s"),
    "code book": (BOOK, "-", "D"),
}
MARKERS = "v^<>PX"


@_styled
def against_bits(series, line, points, title, subtitle, ylabel):
    """Lines with bands against the number of bits, each named at its end, or at its start where two
    end together; a dotted line to compare with; single markers, several named by a legend (not all
    have room beside them).

    >>> bits = [2, 3]
    >>> figure = against_bits([Series("min-max", bits, np.array([9.0, 15.0]), np.array([8, 14]), np.array([10, 16]))],
    ...                       Series("line", bits, np.array([9.0, 15.0])), [Series("NF4", [3], [16.0])], "t", "s", "dB")
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['min-max', 'NF4']
    """
    figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
    figure.suptitle(title, fontsize=10)
    ax = figure.subplots()
    ax.set_title(subtitle, color=NOTE, fontsize=9)
    starts, ends = [], []
    span = np.ptp(np.concatenate([s.middle for s in series]))
    for s in series:
        colour, dash, marker = LINE[s.name]
        ax.fill_between(s.x, s.low, s.high, color=colour, alpha=0.15, linewidth=0)
        ax.plot(s.x, s.middle, color=colour, linestyle=dash, marker=marker, markersize=4)
        together = (
            sum(
                t.x[-1] == s.x[-1] and abs(t.middle[-1] - s.middle[-1]) < 0.03 * span
                for t in series
            )
            > 1
        )
        at, labels = (0, starts) if together else (-1, ends)
        labels.append((s.x[at], s.middle[at], s.name, colour))
    ax.plot(line.x, line.middle, color="black", linestyle=":", linewidth=1.2)
    for s, marker in zip(points, MARKERS):
        ax.plot(
            s.x,
            s.middle,
            marker,
            color="black",
            markersize=6,
            markerfacecolor="white",
            label=s.name,
        )
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
    """Names to the right (side −1: left) of points (x, y, name, colour), at least `gap` typographic
    points apart where x is equal."""
    ax.get_figure(root=True).draw_without_rendering()
    below = {}
    for x, y, name, colour in sorted(labels, key=lambda label: label[:2]):
        at = ax.transData.transform((x, y))[1] * 72 / ax.figure.dpi
        below[x] = max(at, below.get(x, -np.inf) + gap)
        ax.annotate(
            name,
            (x, y),
            (8 * side, below[x] - at),
            textcoords="offset points",
            color=colour,
            va="center",
            ha="left" if side > 0 else "right",
            annotation_clip=False,
        )


@_styled
def floor_bias(errors, sums, title, subtitle):
    """Left: how the error of one weight is spread over a step. Right: the error of a sum of n
    weights against n.

    errors: name -> errors in steps; sums: name -> Series over n; the names are those of LINE or
    "stochastic".

    >>> e = {"floor": np.array([-0.9, -0.1]), "nearest": np.array([-0.4, 0.4])}
    >>> s = {name: Series(name, [1, 2], np.ones(2), np.zeros(2), np.ones(2)) for name in e}
    >>> len(floor_bias(e, s, "a title", "a subtitle").axes[1].lines)
    3
    """
    style = {"floor": (WRITTEN, "-"), "nearest": (CORRECTED, "-"), "stochastic": (BOOK, "--")}
    figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
    figure.suptitle(title, fontsize=10)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.2))
    bins = np.linspace(-1, 1, 41)
    for name, values in errors.items():
        colour, dash = style[name]
        left.stairs(
            np.histogram(values, bins)[0],
            bins,
            color=colour,
            linestyle=dash,
            linewidth=1.4,
            fill=False,
            baseline=0,
        )
        left.axvline(values.mean(), color=colour, linestyle=":", linewidth=1)
        left.annotate(
            name,
            (values.mean(), 0.06),
            (3, 0),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            color=colour,
        )
    left.set(xlabel="error of a weight  (steps Δ)", ylabel="weights", title=subtitle)
    left.title.set_color(NOTE)
    labels = []
    for name, s in sums.items():
        colour, dash = style[name]
        right.fill_between(s.x, s.low, s.high, color=colour, alpha=0.18, linewidth=0)
        right.plot(s.x, s.middle, color=colour, linestyle=dash)
        labels.append((s.x[-1], s.middle[-1], name, colour))
    right.plot(s.x, -np.asarray(s.x) / 2, color="black", linestyle=":", linewidth=1.2)
    right.set(
        xlabel="weights in the sum, n", ylabel="error of their sum  (steps Δ)", title="dotted: −n/2"
    )
    right.title.set_color(NOTE)
    _name(right, labels)
    return figure


@_styled
def pairs(panels, groups, names, title, subtitle, ylabel):
    """Boxes side by side: a panel (name, values), values[method][group] an array over the seeds.

    >>> figure = pairs([("a recipe", [[np.ones(5)], [np.ones(5)]])], (2,), ("after", "aware"), "a title", "", "error")
    >>> [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
    ['2']
    """
    colours, hatches = (CORRECTED, ORIGINAL, BOOK), ("", "....", "////")
    figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
    figure.suptitle(f"{title}\n", fontsize=10)
    figure.text(0.5, 0.9 - 0.045 * title.count("\n"), subtitle, ha="center", color=NOTE)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for ax, (panel, values) in zip(axes, panels):
        for k, (of_method, colour, hatch) in enumerate(zip(values, colours, hatches)):
            at = np.arange(len(groups)) + 0.27 * (k - (len(values) - 1) / 2)
            boxes = ax.boxplot(
                of_method,
                positions=at,
                widths=0.22,
                whis=(10, 90),
                showfliers=False,
                patch_artist=True,
                medianprops={"color": "black"},
                manage_ticks=False,
            )
            for box in boxes["boxes"]:
                box.set(facecolor=colour, hatch=hatch, alpha=0.6)
            ax.plot([], [], color=colour, linewidth=6, alpha=0.6, label=names[k])
        ax.axhline(1, color=ORIGINAL, linestyle="--", linewidth=1)
        ax.set_xticks(range(len(groups)), [str(g) for g in groups])
        ax.set(title=panel, xlabel="bits per parameter")
    axes[0].set_ylabel(ylabel)
    axes[0].legend(frameon=False, loc="upper left", fontsize=9)
    return figure


@_styled
def ladder(stages, errors, title, subtitle, ylabel):
    """The error at each stage, a line a network and a thick one for their median; errors: bits ->
    (S, stages).

    >>> figure = ladder(("weights", "table"), {8: np.array([[0.1, 0.2]])}, "a title", "a subtitle", "error")
    >>> figure.axes[0].get_yscale(), figure.axes[0].texts[0].get_text()
    ('log', '8 bits')
    """
    figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
    figure.suptitle(title, fontsize=10)
    ax = figure.subplots()
    ax.set_title(subtitle, color=NOTE)
    x = np.arange(len(stages))
    for k, (bits, values) in enumerate(errors.items()):
        colour = BLUES[k % len(BLUES)]
        ax.plot(x, values.T, color=colour, alpha=min(0.4, 12 / len(values)), linewidth=0.6)
        ax.plot(
            x,
            np.median(values, axis=0),
            color=colour,
            linewidth=2,
            marker="osD^v"[k % 5],
            markersize=5,
        )
        ax.annotate(
            f"{bits} bits",
            (x[-1], np.median(values, axis=0)[-1]),
            (8, 0),
            textcoords="offset points",
            color=colour,
            va="center",
            annotation_clip=False,
        )
    ax.set_yscale("log")
    ax.set_xticks(x, stages)
    ax.set(xlim=(-0.1, len(stages) - 0.9), ylabel=ylabel)
    return figure


@_styled
def dots(before, panels, title, subtitle):
    """Every weight as a dot before (above) and after (below), joined by a line; the levels as
    ticks. A panel a scheme.

    panels: (name, colour key, after, levels).

    >>> figure = dots(np.array([0.1, 0.4]), [("nearest", "corrected", np.array([0.0, 0.5]), [0.0, 0.5])], "t", "s")
    >>> figure.axes[0].get_title(loc="left"), len(figure.axes[0].collections)
    ('nearest', 3)
    """
    figure = Figure(figsize=(WIDTH, 1.55 * len(panels) + 0.9), layout="constrained")
    figure.suptitle(f"{title}\n", fontsize=10)
    figure.text(0.5, 1 - 0.26 / figure.get_figheight(), subtitle, ha="center", va="top", color=NOTE)
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for ax, (name, key, after, levels) in zip(axes, panels):
        ax.plot(
            [before, after],
            [np.ones(len(before)), np.zeros(len(before))],
            color=COLOUR[key],
            alpha=0.35,
            linewidth=0.7,
            zorder=1,
        )
        ax.scatter(before, np.ones(len(before)), s=12, color=ORIGINAL, zorder=2)
        ax.scatter(after, np.zeros(len(before)), s=12, color=COLOUR[key], zorder=2)
        ax.vlines(levels, -0.34, -0.16, color="black", linewidth=1)
        ax.set_title(name, loc="left")
        ax.set_yticks([1, 0, -0.25], ["before", "after", "levels"])
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(-0.4, 1.25)
        ax.spines["left"].set_visible(False)
    axes[-1].set_xlabel("weight")
    return figure


@_styled
def roundings(costs, marks, title, subtitle, xlabel):
    """A histogram of all costs on a logarithmic axis, each mark (name -> cost) a line down to its
    place.

    >>> figure = roundings(np.array([1.0, 2.0, 4.0]), {"nearest: 2": 2.0}, "a title", "a subtitle", "cost")
    >>> figure.axes[0].texts[0].get_text()
    'nearest: 2'
    """
    figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
    figure.suptitle(title, fontsize=10)
    ax = figure.subplots()
    ax.set_title(subtitle, color=NOTE)
    bins = np.geomspace(costs.min() * 0.97, costs.max() * 1.03, 61)
    counts = np.histogram(costs, bins)[0]
    ax.stairs(counts, bins, color=ORIGINAL, fill=True, alpha=0.6)
    top = counts.max()
    for k, (name, cost) in enumerate(sorted(marks.items(), key=lambda mark: -mark[1])):
        height = top * (0.55 + 0.13 * k)
        ax.plot([cost, cost], [0, height], color=CORRECTED, linewidth=1.2)
        ax.annotate(
            name, (cost, height), (4, 0), textcoords="offset points", color=CORRECTED, va="center"
        )
    ax.set(xscale="log", xlabel=xlabel, ylabel="roundings", ylim=(0, top * 1.1))
    return figure


@_styled
def rule(left, kept, rank, changed, title, subtitle):
    """Against the steps of training: parameters left, the share left by the sign of R, the rank
    correlation of |R| with |w|. Bottom right: a row for each rewriting, its median and central 80
    %.

    left, kept: lists of Series; rank: a Series; changed: name -> counts, one a network.

    >>> s = Series("sum", [0, 10], np.array([30.0, 2]), np.array([28.0, 1]), np.array([32.0, 3]))
    >>> figure = rule([s], [s], s, {"signs: R": np.array([3, 4, 5])}, "a title", "a subtitle")
    >>> [label.get_text() for label in figure.axes[3].get_yticklabels()]
    ['signs: R']
    """
    figure = Figure(figsize=(WIDTH, 6.2), layout="constrained")
    figure.suptitle(f"{title}\n", fontsize=10)
    figure.text(0.5, 0.915, subtitle, ha="center", color=NOTE)
    above, below = figure.subfigures(2, 1)  # each row with widths of its own
    axes = [*above.subplots(1, 2), *below.subplots(1, 2, width_ratios=(1.3, 1))]
    solid, dashed = (WRITTEN, "-"), (WRITTEN, "--")
    looks = (
        (solid, (BOOK, "-"), dashed, (BOOK, "--")),
        (solid, (CORRECTED, "-"), dashed, (CORRECTED, "--")),
        (dashed,),
    )
    ylabels = {
        "parameters left of 61": (-2, 63),
        "left, % of those with such an R": (-3, 103),
        "rank correlation of |R| and |w|": (-0.2, 1.03),
    }
    for ax, series, look, (ylabel, ylim) in zip(axes, (left, kept, [rank]), looks, ylabels.items()):
        labels = []
        for s, (colour, dash) in zip(series, look):
            x = np.maximum(s.x, 10)  # the start, on a logarithmic axis
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
        axes[3].plot([low, high], [y, y], color=ORIGINAL, linewidth=1.4)
        axes[3].plot(
            middle,
            y,
            "o",
            color=WRITTEN if "R <" in name or "times" in name else CORRECTED,
            markersize=6,
        )
    axes[3].set_yticks(range(len(names)), names)
    axes[3].set(xlabel="changed, of 61", xlim=(-1, 62))
    return figure


@_styled
def curves(panels, x, title, subtitle, xlabel, ylabel):
    """Rows of panels (title, {name: values}) against x, y on a logarithmic axis, a row on one
    scale; a legend below. A value may be (middle, low, high).

    >>> lines = {"cut": [(1.0, 0.9, 1.1), (2.0, 1.8, 2.2)], "tuned": [1.0, 1.1]}
    >>> figure = curves([[("a panel", lines)]], [0.3, 0.5], "t", "s", "share", "error")
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['cut', 'tuned']
    """
    figure = Figure(figsize=(WIDTH, 2.5 * len(panels) + 1.1), layout="constrained")
    figure.suptitle(f"{title}\n\n", fontsize=10)  # the last lines: room for the subtitle
    axes = figure.subplots(len(panels), len(panels[0]), sharex=True, sharey="row", squeeze=False)
    style = (
        (CORRECTED, ":", "s"),
        (BOOK, "-", "D"),
        (WRITTEN, "-", "x"),
        (ORIGINAL, "--", "."),
        (CORRECTED, "-", "o"),
        (PRUNED, "-", "^"),
        (PRUNED, "--", "P"),
        ("black", ":", "v"),
        ("black", "-", "_"),
    )
    for ax, (name, lines) in zip(axes.ravel(), [panel for row in panels for panel in row]):
        for (label, values), (colour, dash, marker) in zip(lines.items(), style):
            middle, low, high = (
                np.array(values).T if np.ndim(values) == 2 else np.array([values] * 3)
            )
            ax.errorbar(
                x,
                middle,
                (middle - low, high - middle),
                color=colour,
                linestyle=dash,
                marker=marker,
                markersize=4,
                linewidth=1.3,
                elinewidth=0.9,
                label=label,
            )
        ax.axhline(1, color="black", linewidth=0.6)
        ax.set_yscale("log", base=2)
        ax.yaxis.set_major_formatter("{x:g}")
        ax.set_title(name)
        ax.set_xticks(x, [f"{v:.0%}" for v in x])
    figure.text(0.5, 1 - 0.5 / figure.get_figheight(), subtitle, ha="center", va="top", color=NOTE)
    for ax in axes[-1]:
        ax.set_xlabel(xlabel)
    for ax in axes[:, 0]:
        ax.set_ylabel(ylabel)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(
        [handle.lines[0] for handle in handles],
        labels,
        loc="outside lower center",
        ncols=5,
        frameon=False,
    )
    return figure


@_styled
def against_truth(scores, truth, correlation, title, subtitle, ylabel):
    """The true cost against each criterion's score, a panel a criterion, a dot a parameter.

    >>> figure = against_truth({"R": np.array([1.0, -1])}, np.array([0.5, 2.0]), {"R": -1.0}, "a title", "s", "cost")
    >>> figure.axes[0].get_title()
    'R (−1.00)'
    """
    rows = -(-len(scores) // 4)
    figure = Figure(figsize=(WIDTH, 2.0 * rows + 0.9), layout="constrained")
    figure.suptitle(f"{title}\n", fontsize=10)
    figure.text(0.5, 1 - 0.45 / figure.get_figheight(), subtitle, ha="center", va="top", color=NOTE)
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


@_styled
def axes61(t, J, tangent, parabola, w, deleted, inputs, title):
    """J − J(w) along every parameter of a 10-5-1 network, a panel each: rows are hidden units, the
    last the output.

    t, J, tangent, parabola (61, points); w and deleted (61,).

    >>> t = np.tile(np.linspace(-1, 1, 3), (61, 1))
    >>> len(axes61(t, t**2, t, t**2, np.ones(61), np.ones(61), tuple("abcdefghij"), "a title").axes)
    61
    """
    figure = Figure(figsize=(WIDTH, 5.6), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0, hspace=0)
    figure.suptitle(title, fontsize=10)
    grid = figure.add_gridspec(6, 11)
    places = [(j, k) for j in range(5) for k in range(10)] + [(j, 10) for j in range(5)]
    places += [(5, k) for k in range(5)] + [(5, 10)]
    names = [*inputs, "bias"]
    for i, (row, column) in enumerate(places):
        ax = figure.add_subplot(grid[row, column])
        ax.plot(
            t[i], parabola[i], color="#8EC5EA", linewidth=3.5
        )  # wide, below J: seen where they part
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
    figure.text(
        0.51,
        0.055,
        "black: J    dashed: tangent, R\nwide blue: parabola, R and H_ii\n"
        "circle: trained    diamond: w = 0\n(each panel on its own scales)",
        color=NOTE,
    )
    return figure


@_styled
def interaction(true, bent, title):
    """Two symmetric 61 × 61 matrices side by side, one diverging scale, logarithmic on both sides
    of 0.

    >>> interaction(np.eye(61), np.eye(61), "a title").axes[0].images[0].get_array().shape
    (61, 61)
    """
    figure = Figure(figsize=(WIDTH, 3.9), layout="constrained")
    figure.suptitle(title, fontsize=10)
    limit = max(np.abs(true).max(), np.abs(bent).max())
    norm = matplotlib.colors.SymLogNorm(limit / 1000, vmin=-limit, vmax=limit)
    axes = figure.subplots(1, 2, sharey=True)
    cuts, middles = [0, 10, 20, 30, 40, 50, 55, 60, 61], [5, 15, 25, 35, 45, 52.5, 57.5, 60.5]
    for ax, values, name in zip(
        axes, (true, bent), ("true: J(0, 0) − J(0, w) − J(w, 0) + J", "H_ij·w_i·w_j")
    ):
        image = ax.imshow(
            np.where(np.eye(len(values), dtype=bool), np.nan, values), cmap="PuOr_r", norm=norm
        )
        for cut in cuts[1:-1]:
            ax.axhline(cut - 0.5, color="white", linewidth=0.6)
            ax.axvline(cut - 0.5, color="white", linewidth=0.6)
        names = ["1", "2", "3", "4", "5", "b", "out", ""]
        ax.set_xticks(np.array(middles) - 0.5, names)
        ax.set_yticks(np.array(middles) - 0.5, names)
        ax.tick_params(length=0)
        ax.set(title=name, xlabel="weights into unit 1 … 5, biases, output")
    figure.colorbar(image, ax=list(axes), label="loss, ½Σ(y − ŷ)²", shrink=0.8)
    return figure
