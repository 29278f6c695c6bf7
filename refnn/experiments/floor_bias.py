"""This experiment compares the errors of floor with those of unbiased rounding. It measures them
for one weight and for a sum of weights.

    floor        The error lies in (−1, 0] steps. Its mean is −½, its rms 1/√3 = 0.577.
    nearest      The error lies in [−½, ½] steps. Its mean is 0, its rms 1/√12 = 0.289.
    stochastic   x is rounded down or up; the probability of up is the fraction of x. The mean of
                 the error is 0, its rms 1/√6 = 0.408.

In a sum of n weights, errors without a bias grow like √n, but the errors of floor grow like n. The
floor is that of §3.1, decoded with −B instead of +B. All three rules use the grid of min–max with a
whole zero point."""

from typing import NamedTuple

import numpy as np

from refnn.console import table
from refnn.experiments.spread import Finding, judged, page, told
from refnn.experiments.trained import SEEDS, J, networks
from refnn.network import Params
from refnn.quantization import affine, calibration, rounding

BITS = 4
STAGES = 2


class Bias(NamedTuple):
    """The errors of the 61 parameters of S networks under each rounding rule, and the loss."""

    seeds: int
    errors: dict  # rule -> (S, 61) in steps
    J: dict  # rule, or "float32" -> (S,)


def compute(seeds=SEEDS, progress=lambda stage: None):
    """Round all 61 parameters of every network by three rules, and measure the loss.

    >>> sorted(compute(seeds=2).errors)
    ['floor', 'nearest', 'stochastic']
    """
    progress(f"training {seeds} networks")
    params, X, y, _, _ = networks(seeds)
    theta = params.flatten()
    grid = calibration.choose_qparams(theta, BITS, axis=0)
    scale = grid.scale[:, None]
    divided = affine.quantize_steps(theta, grid).divided
    progress("three rules of rounding")
    steps = {
        "floor": rounding.floor(divided),
        "nearest": rounding.half_even(divided),
        "stochastic": rounding.stochastic(divided, np.random.default_rng(0)),
    }
    rounded = {name: Params.unflatten(s * scale, params.sizes) for name, s in steps.items()}
    errors = {name: s - divided for name, s in steps.items()}
    losses = {name: J(p, X, y) for name, p in {"float32": params, **rounded}.items()}
    return Bias(seeds, errors, losses)


def text(result):
    """Return the table of the measured errors beside those of the textbook.

    >>> text(compute(seeds=2)).splitlines()[0]
    'Errors of the 61 weights of 2 networks, rounded to 4 bits, in steps of the'
    """
    exact = {"floor": (-0.5, 3), "nearest": (0.0, 12), "stochastic": (0.0, 6)}  # mean, 1/rms²
    rows = [["float32", "", "", "", "", told(result.J["float32"], "{:.1f}")]]
    for name, e in result.errors.items():
        mean, part = exact[name]
        bias = [f"{e.mean():+.3f}", f"{mean:+.1f}"]
        rms = [f"{np.sqrt((e**2).mean()):.3f}", f"{part**-0.5:.3f}"]
        rows.append([name, *bias, *rms, told(result.J[name], "{:.1f}")])
    return page(
        f"Errors of the 61 weights of {result.seeds} networks, rounded to {BITS} bits, in steps of "
        "the grid. The errors are measured over all weights, with the textbook's value beside "
        f"each. J is the median of {result.seeds} networks; in brackets the central 80%.",
        table(rows, ["rule", "mean error", "textbook", "rms error", "textbook", "J"], "lrrrrr"),
        judged(finding(result)),
    )


def finding(result):
    """Return what this experiment finds, as a Finding."""
    return Finding(
        f"At {BITS} bits, floor raises J more than rounding to the nearest code does",
        result.J["floor"] / result.J["nearest"],
        1.0,
        "J with floor divided by J with rounding to the nearest code",
    )


def draw(result):
    """Return the figure `floor_bias`."""
    from refnn import plots

    sums = {}
    for name, e in result.errors.items():
        spread = np.quantile(np.cumsum(e, axis=1), [0.5, 0.1, 0.9], axis=0)
        sums[name] = plots.Series(name, np.arange(1, e.shape[1] + 1), *spread)
    floor, all61 = result.errors["floor"], sums["floor"].middle[-1]
    title = (
        f"Floor shifts a weight by {floor.mean():.2f} steps on average, and a sum of 61 by "
        f"{all61:.0f};\nwith rounding to the nearest or at random, the errors cancel"
    )
    count = f"{floor.size:,}".replace(",", "\u2009")
    figure = plots.floor_bias(
        {name: result.errors[name].ravel() for name in ("floor", "nearest")},
        sums,
        title.replace("-", "−"),
        f"{count} weights, {result.seeds} networks, {BITS} bits",
    )
    return {"floor_bias": figure}
