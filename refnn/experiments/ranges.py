"""Is the chosen range the best one? Four calibrations against the best pair of clipping points,
found by brute force.

Best: the least mean squared error over all (a·min, b·max), a and b on a grid of 1/POINTS (symmetric
grids have one clipping point; here both ends are free). Tensors: the hidden weights W_ih and the
hidden outputs h of each network."""

from typing import NamedTuple

import numpy as np

from refnn import network
from refnn.console import table, wrap
from refnn.experiments.spread import median
from refnn.experiments.trained import SEEDS, networks
from refnn.quantization import affine, calibration

BITS, POINTS = (2, 3, 4, 8), 40
STAGES = 2 * len(BITS)


class Ranges(NamedTuple):
    """ratios: (tensor, bits) -> {calibration: mean squared error over the best, one a network}.
    >>> Ranges._fields
    ('seeds', 'ratios')"""

    seeds: int
    ratios: dict


def best(x, bits, points=POINTS):
    """The least mean squared error over points² ranges that contain 0: plain, all of them.

    >>> float(best(np.array([0.0, 1.0, 2.0, 3.0]), bits=2))       # four codes for four values
    0.0
    """
    qmin, qmax = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    low, high, part = min(x.min(), 0.0), max(x.max(), 0.0), np.arange(1, points + 1) / points
    a, b = np.meshgrid(part * low if low else [0.0], part * high if high else [0.0])
    least, a, b = np.inf, a.reshape(-1, 1), b.reshape(-1, 1)
    for start in range(0, len(a), 100):  # as many as a cache holds
        scale = (b[start : start + 100] - a[start : start + 100]) / (qmax - qmin)
        zero_point = np.clip(np.rint(qmin - a[start : start + 100] / scale), qmin, qmax)
        q = np.clip(np.rint(x / scale) + zero_point, qmin, qmax)
        least = min(least, (((q - zero_point) * scale - x) ** 2).mean(axis=1).min())
    return least


def compute(seeds=SEEDS, progress=lambda stage: None):
    """Every calibration at every number of bits.

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
    return f"{middle} [{low},{high}]"  # in 79 columns


def text(result):
    """The table of ratios, and how far the best search is from brute force at worst.

    >>> text(compute(seeds=2)).splitlines()[-1].strip()
    'distribution, not the squared error.'
    """
    rows = [
        [f"{tensor} {bits}", *map(_told, by.values())]
        for (tensor, bits), by in result.ratios.items()
    ]
    worst = max(by["mse"].max() for by in result.ratios.values())
    mse, plain = (
        np.concatenate([by[c] for by in result.ratios.values()]) for c in ("mse", "minmax")
    )
    size = POINTS**2
    return "\n".join(
        [
            wrap(
                f"Mean squared error over that of the best of {size} ranges: median and its 95% interval over "
                f"{result.seeds} networks. W_ih: 50 weights; h: the outputs of 5 hidden units, 331 rows."
            ),
            "",
            table(rows, ["bits", *calibration.CALIBRATIONS], "lrrrr"),
            "",
            wrap(
                f"mse is never above {worst:.3f} times the best of the brute force (below 1 where its finer search finds "
                f"more), and not worse than min-max on {(mse <= plain).mean():.0%} of the tensors. percentile cuts "
                "nothing of fewer than 1000 values. entropy compares histograms of 2048 bins, too many for 50 weights; "
                "what it keeps is the shape of the distribution, not the squared error."
            ),
        ]
    )
