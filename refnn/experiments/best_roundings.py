"""This experiment finds the place of four rounding methods among all possible roundings. Each
parameter can go down or up, which gives 2¹¹ roundings of a hidden neuron and 2¹⁵ of the printed
network.

The eleven parameters of a neuron are ten weights and its bias, whose input is 1. They lie on the
min–max grid of their layer, and all 2¹¹ choices of floor or ceiling are tried on the training rows.
Rank 1 is the best. What a method costs the whole network is J with the hidden layer rounded and the
output layer unchanged. The method obq may choose other codes than floor and ceiling, but here it
does not."""

from typing import NamedTuple

import numpy as np

from refnn import article
from refnn.checking.plane.digits import short
from refnn.console import table
from refnn.experiments.spread import Finding, interval, judged, limits, page, told
from refnn.experiments.trained import SEEDS, J, networks
from refnn.network import Params
from refnn.quantization import affine, all_roundings, best_rounding, calibration

BITS, PRINTED_BITS, PICTURED = (2, 3, 4), (2, 3, 4), 3
NAMES = ("nearest", "adaround", "obq", "enumerated")
METHODS = {name: getattr(best_rounding, name) for name in NAMES}
STAGES = len(BITS) + 1


class Roundings(NamedTuple):
    """The place of each method among all roundings and its cost, for S networks."""

    seeds: int
    rank: dict  # (bits, method) -> (S, 5) place of each neuron's rounding among 2¹¹
    ratio: dict  # (bits, method) -> (S, 5) its cost divided by the least
    J: dict  # (bits, method) -> (S,) J divided by the float network's
    unit: tuple  # the neuron that is drawn: (seed, hidden unit)
    costs: np.ndarray  # (2¹¹,) the costs of all its roundings
    marks: dict  # method -> (its cost, its place)
    printed: dict  # bits -> (different networks among 2¹⁵, place of nearest, its J, least J)


def compute(seeds=SEEDS, progress=lambda stage: None):
    """Round all neurons by all methods, at all numbers of bits.

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
            if (bits, name) == (PICTURED, "nearest"):  # the neuron closest to the median
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
    """Count the roundings of the printed 5-2-1 network, and find the place of rounding to nearest.

    The result is (number of different roundings, place of rounding to nearest by J, its J, least
    J)."""
    params, (X, y) = _floats(article.parameters()), article.data()
    X, y = (np.asarray(a, dtype=float) for a in (X, y))
    grids = [calibration.choose_qparams(a, bits) for a in params.arrays()]
    every = all_roundings.every_network(params, grids, X, y)
    near = Params(*(affine.quantize(a, g) for a, g in zip(params.arrays(), grids)))
    nearest = every[all_roundings.network_index(params, near, grids)]
    steps = [affine.quantize_steps(a, g).divided for a, g in zip(params.arrays(), grids)]
    # A parameter that lies on its grid has one rounding, since floor and ceiling are equal.
    same = 2 ** sum(int((s == np.floor(s)).sum()) for s in steps)
    place = int((every < nearest).sum()) // same + 1
    return len(every) // same, place, float(nearest), float(every.min())


def _floats(params):
    return Params(*(a.astype(float) for a in params.arrays()))


def text(result):
    """Return the table of places and costs, and the table of the printed network.

    >>> text(compute(seeds=2)).splitlines()[0]
    'Place of each method among all 2048 roundings of the 11 parameters of a hidden'
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
        "Place of each method among all 2048 roundings of the 11 parameters of a hidden neuron; "
        f"place 1 is the best. Medians of {5 * result.seeds} neurons; in brackets the central 80%. "
        "'best' is the share of neurons at place 1. 'cost' is the squared output error divided by "
        "the least possible one. 'J' is divided by that of the float network: the median of "
        f"{result.seeds} networks, in square brackets its {limits(result.seeds)}.",
        table(rows, ["bits", "method", "place", "best", "cost", "J"], "rlrrrr"),
        "The best rounding of each neuron is not always the best for the network. The share of "
        "networks whose J is higher with every neuron at its best rounding than with every weight "
        f"rounded to the nearest is {worse}.",
        "All 2^15 = 32768 roundings of the printed 5-2-1 network, ranked by J on its own data. "
        "Each array has its own grid. A parameter that lies on its grid has only one rounding, so "
        "fewer than 32768 networks are different. 'place' is the place of rounding to the nearest.",
        table(printed, ["bits", "networks", "place", "J of nearest", "least J"], "rrrrr"),
        judged(finding(result)),
    )


def finding(result):
    """Return what this experiment finds, as a Finding."""
    bits = PRINTED_BITS[1]
    return Finding(
        f"At {bits} bits, J is larger if every parameter of a hidden neuron is rounded to its "
        "nearest code than if the best combination of roundings is chosen for each neuron",
        result.J[bits, "nearest"] / result.J[bits, "enumerated"],
        1.0,
        "J with the nearest codes divided by J with the best combinations",
        "{:.3f}",
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
