"""This experiment compares the ranges of four calibrations with the best range. The best range, a
pair of clipping points, is found by brute force.

It has the least mean squared error of all ranges (a·min, b·max), where a and b run over the
multiples of 1/POINTS. A symmetric grid has one clipping point, but here both ends are free. The
tensors are the hidden weights W_ih and the hidden outputs h of each network."""

from typing import NamedTuple

import numpy as np

from refnn import network
from refnn.console import table
from refnn.experiments.spread import Finding, judged, limits, median, page
from refnn.experiments.trained import SEEDS, networks
from refnn.quantization import affine, calibration

BITS, POINTS = (2, 3, 4, 8), 40
STAGES = 2 * len(BITS)


class Ranges(NamedTuple):
    """The mean squared error of each calibration divided by the least, for S networks."""

    seeds: int
    ratios: dict  # (tensor, bits) -> {calibration: (S,)}


def best(x, bits, points=POINTS):
    """Return the least mean squared error over points² ranges that contain 0.

    All of them are tried.

    >>> float(best(np.array([0.0, 1.0, 2.0, 3.0]), bits=2))  # four codes for four values
    0.0
    """
    qmin, qmax = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    low, high, part = min(x.min(), 0.0), max(x.max(), 0.0), np.arange(1, points + 1) / points
    a, b = np.meshgrid(part * low if low else [0.0], part * high if high else [0.0])
    least, a, b = np.inf, a.reshape(-1, 1), b.reshape(-1, 1)
    for start in range(0, len(a), 100):  # so many ranges at a time fit into a cache
        some_a, some_b = a[start : start + 100], b[start : start + 100]
        scale = (some_b - some_a) / (qmax - qmin)
        zero_point = np.clip(np.rint(qmin - some_a / scale), qmin, qmax)
        q = np.clip(np.rint(x / scale) + zero_point, qmin, qmax)
        least = min(least, (((q - zero_point) * scale - x) ** 2).mean(axis=1).min())
    return least


def compute(seeds=SEEDS, progress=lambda stage: None):
    """Choose the ranges by every calibration, at every number of bits.

    >>> sorted(compute(seeds=2).ratios[("W_ih", 2)])
    ['entropy', 'minmax', 'mse', 'percentile']
    """
    params, X, _, _, _ = networks(seeds)
    h = network.forward(params, X).h  # (S, N, 5)
    ratios = {}
    for name, tensor in (("W_ih", params.W_ih), ("h", h)):
        for bits in BITS:
            progress(f"{name}, {bits} bits")
            ratios[name, bits] = {c: np.empty(seeds) for c in calibration.CALIBRATIONS}
            for s, x in enumerate(tensor.reshape(seeds, -1)):
                least = best(x, bits)
                for chosen, values in ratios[name, bits].items():
                    grid = calibration.choose_qparams(x, bits, calibration=chosen)
                    values[s] = np.mean((affine.fake_quantize(x, grid) - x) ** 2) / least
    return Ranges(seeds, ratios)


def _told(values):
    middle, low, high = (f"{v:.2f}" if v < 9.995 else f"{v:.0f}" for v in median(values))
    return f"{middle} [{low},{high}]"  # no blank after the comma, to fit into 79 columns


def text(result):
    """Return the table of ratios, and a paragraph on each calibration.

    >>> text(compute(seeds=2)).splitlines()[0]
    'Mean squared error divided by that of the best of 1600 ranges. Medians of 2'
    """
    ratios = result.ratios.items()
    rows = [[f"{tensor} {bits}", *map(_told, by.values())] for (tensor, bits), by in ratios]
    mse, plain = (
        np.concatenate([by[c] for by in result.ratios.values()]) for c in ("mse", "minmax")
    )
    return page(
        f"Mean squared error divided by that of the best of {POINTS**2} ranges. Medians of "
        f"{result.seeds} networks; in brackets their {limits(result.seeds)}s. 'W_ih 2' are the 50 "
        "weights W_ih at 2 bits, and 'h 2' are the outputs of the 5 hidden units on 331 rows at 2 "
        "bits.",
        table(rows, ["tensor", *calibration.CALIBRATIONS], "lrrrr"),
        f"'mse' is never above {mse.max():.3f} (a ratio below 1 means that its finer search finds "
        "a better range than brute force), and it is not worse than min-max on "
        f"{(mse <= plain).mean():.0%} of the tensors. 'percentile' cuts nothing from a tensor of "
        "fewer than 1000 values. 'entropy' compares histograms of 2048 bins, which are too many "
        "for 50 weights. It preserves the shape of the distribution instead of making the squared "
        "error small.",
        judged(finding(result)),
    )


def finding(result):
    """Return what this experiment finds, as a Finding."""
    by = result.ratios["W_ih", 2]
    return Finding(
        "At 2 bits, the range of least error gives the 50 weights W_ih a smaller error than "
        "min-max does",
        by["minmax"] / by["mse"],
        1.0,
        "squared error with min-max divided by that with the range of least error",
    )


def draw(result):
    """Return the figure `ranges`."""
    from refnn import plots

    found = finding(result)
    title = "At 2 bits min-max has {} times the squared error of the range of least error"
    return {"ranges": plots.reversal(found, title.format(f"{np.median(found.values):.2f}"))}
