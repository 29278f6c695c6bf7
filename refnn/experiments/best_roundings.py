"""Where each way of rounding stands among all: 2¹¹ roundings of every hidden neuron, 2¹⁵ of the
printed network.

A neuron's eleven parameters (ten weights and its bias, beside an input of 1) stand on the min–max
grid of their layer; all 2¹¹ choices of floor or ceiling are tried on the training rows. Rank 1 is
the best. What a method costs the whole network is J with its hidden layer rounded and its output
layer left. obq may leave floor and ceiling; here it does not."""

from typing import NamedTuple

import numpy as np

from refnn import article
from refnn.checking.plane.digits import short
from refnn.console import table
from refnn.experiments.spread import interval, page, told
from refnn.experiments.trained import SEEDS, J, networks
from refnn.network import Params
from refnn.quantization import affine, all_roundings, best_rounding, calibration

BITS, PRINTED_BITS, PICTURED = (2, 3, 4), (2, 3, 4), 3
NAMES = ("nearest", "adaround", "obq", "enumerated")
METHODS = {name: getattr(best_rounding, name) for name in NAMES}
STAGES = len(BITS) + 1


class Roundings(NamedTuple):
    """Where each method stands among all roundings, and what it costs; S networks."""

    seeds: int
    rank: dict  # (bits, method) -> (S, 5) place of each neuron's rounding among 2¹¹
    ratio: dict  # (bits, method) -> (S, 5) its cost over the best
    J: dict  # (bits, method) -> (S,) J over the float network's
    unit: tuple  # the neuron that is drawn: (seed, hidden unit)
    costs: np.ndarray  # (2¹¹,) the costs of all its roundings
    marks: dict  # method -> (its cost, its place)
    printed: dict  # bits -> (different networks among 2¹⁵, place of nearest, its J, least J)


def compute(seeds=SEEDS, progress=lambda stage: None):
    """Round all neurons by all methods at all numbers of bits.

    >>> int(compute(seeds=2).rank[2, "enumerated"].max())
    1
    """
    params, X, y, _, _ = networks(seeds)
    W = np.concatenate([params.W_ih, params.b_h[..., None]], axis=-1)  # (S, 5, 11)
    X1 = np.concatenate([X, np.ones_like(X[..., :1])], axis=-1)  # (S, N, 11)
    base, rank, ratio, loss = J(params, X, y), {}, {}, {}
    for bits in BITS:
        progress(f"all 2^11 roundings, {bits} bits")
        grid = calibration.choose_qparams(W, bits, axis=0)
        costs = all_roundings.every(W, grid, X1)  # (S, 5, 2¹¹)
        for name, method in METHODS.items():
            codes = method(W, grid, X1)
            rank[bits, name] = all_roundings.rank(W, codes, grid, X1) + 1
            own = all_roundings.objective(W, codes, grid, X1)
            ratio[bits, name] = own / costs.min(axis=-1)
            hat = affine.dequantize(codes, grid)
            rounded = Params(hat[..., :-1], hat[..., -1], params.W_ho, params.b_o)
            loss[bits, name] = J(rounded, X, y) / base
            if (bits, name) == (PICTURED, "nearest"):  # the neuron where nearest does as usual
                far = np.abs(rank[bits, name] - np.median(rank[bits, name]))
                unit, marks = np.unravel_index(np.argmin(far), far.shape), {}
                pictured = costs[unit]
            if bits == PICTURED:
                marks[name] = own[unit], int(rank[bits, name][unit])
    progress("all 2^15 roundings of the printed network")
    unit = tuple(int(i) for i in unit)
    printed = {bits: _printed(bits) for bits in PRINTED_BITS}
    return Roundings(seeds, rank, ratio, loss, unit, pictured, marks, printed)


def _printed(bits):
    """Return how many of all roundings of the printed 5-2-1 network differ, the place of nearest by
    J, its J, and the least J."""
    params, (X, y) = _floats(article.parameters()), article.data()
    X, y = (np.asarray(a, dtype=float) for a in (X, y))
    grids = [calibration.choose_qparams(a, bits) for a in params.arrays()]
    every = all_roundings.every_network(params, grids, X, y)
    near = Params(*(affine.quantize(a, g) for a, g in zip(params.arrays(), grids)))
    nearest = every[all_roundings.network_index(params, near, grids)]
    steps = [affine.quantize_steps(a, g).divided for a, g in zip(params.arrays(), grids)]
    # a parameter on its grid has one rounding: floor and ceiling are the same
    same = 2 ** sum(int((s == np.floor(s)).sum()) for s in steps)
    place = int((every < nearest).sum()) // same + 1
    return len(every) // same, place, float(nearest), float(every.min())


def _floats(params):
    return Params(*(a.astype(float) for a in params.arrays()))


def text(result):
    """Return the ranks, what they cost, and the printed network.

    >>> text(compute(seeds=2)).splitlines()[0]
    "Place among all 2048 roundings of a hidden neuron's 11 parameters (1: the"
    """
    rows = []
    for bits, name in result.rank:
        rank, cost, loss = (v[bits, name] for v in (result.rank, result.ratio, result.J))
        best = f"{(rank == 1).mean():.0%}"
        rows.append([bits, name, told(rank, "{:.0f}"), best, told(cost), interval(loss, "{:.4f}")])
    printed = [[bits, *map(short, values)] for bits, values in result.printed.items()]
    worse = ", ".join(
        f"{np.mean(result.J[bits, 'enumerated'] > result.J[bits, 'nearest']):.0%} at {bits} bits"
        for bits in BITS
    )
    return page(
        "Place among all 2048 roundings of a hidden neuron's 11 parameters (1: the best), "
        f"{5 * result.seeds} neurons; cost over the least: median and central 80%; J over the "
        "float network's: median and its 95% interval",
        table(rows, ["bits", "method", "place", "best", "cost", "J"], "rlrrrr"),
        "The best rounding of each neuron is not always the best for the network: the share of "
        "networks whose J is higher with every neuron at its best than with nearest is "
        f"{worse}.",
        "The printed 5-2-1 network on its own data, a grid an array, all 2^15 = 32768 roundings "
        "judged by J. A parameter that lies on its grid has only one: networks that differ, place "
        "and J of nearest, least J",
        table(printed, ["bits", "networks", "place", "J of nearest", "least J"], "rrrrr"),
    )


def draw(result):
    """Return the figure `roundings`."""
    from refnn import plots

    better = np.median(result.rank[PICTURED, "nearest"]) - 1
    share = 1 / np.median(result.ratio[PICTURED, "nearest"])
    seed, unit = result.unit
    figure = plots.roundings(
        result.costs,
        {f"{name}: {place}": cost for name, (cost, place) in result.marks.items()},
        f"Rounding each weight to the nearest is not best: in the median neuron {better:.0f} of "
        f"{len(result.costs)} roundings\nare better, and the best has {share:.0%} of its squared "
        "output error",
        f"all 2¹¹ roundings of such a neuron (seed {seed}, unit {unit + 1}), {PICTURED} bits; a "
        "mark: the method and its place",
        "Σ over the training rows of ((ŵ − w)·x)²",
    )
    return {"roundings": figure}
