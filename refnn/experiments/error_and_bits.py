"""This experiment measures how much each bit improves the quantized weights, scheme by scheme. The
measure is the signal-to-noise ratio (SQNR) of the 61 weights.

    SQNR = 10·log₁₀(Σ w² / Σ (ŵ − w)²) dB

In textbooks the noise of rounding to the nearest is Δ²/12 for a step Δ. One more bit halves the
step, so the noise falls to a quarter, and the ratio rises by 6.02 dB. With 2^b − 1 steps over the
range r = max w − min w this noise gives

    SQNR = 20·log₁₀(2^b − 1) + 10·log₁₀(12·mean w²/r²)

The noise of floor is Δ²/3, so its ratio is 6.02 dB lower. In every scheme the 61 parameters of a
network share one grid, so every scheme stores 61 codes of b bits."""

from typing import NamedTuple

import numpy as np

from refnn.console import table
from refnn.experiments.spread import Finding, interval, judged, limits, median, page, told
from refnn.experiments.tour import as_written_all
from refnn.experiments.trained import SEEDS, networks
from refnn.quantization import affine, calibration, codebook, grids

BITS = (2, 3, 4, 5, 6, 7, 8)
BOOK_BITS = (2, 3, 4, 5)  # 2^6 centroids are more than 61 weights
FITTED = (4, 5, 6, 7, 8)  # the bits over which the slope is taken
# fmt: off
FLOATS = {  # name -> bits
    "powers of two, 3 bits": 3, "powers of two, 4 bits": 4, "NF4": 4,
    "FP4 E2M1": 4, "FP8 E4M3": 8, "FP8 E5M2": 8,
}
# fmt: on
NAMES = ("as written", "sign corrected", "min-max", "least error", "code book")
STAGES = len(BITS) + 1


class Errors(NamedTuple):
    """The SQNR of every scheme in dB, for S networks."""

    seeds: int
    schemes: dict  # name -> {bits: (S,)}
    floats: dict  # name of a grid of floats -> (bits, (S,))
    textbook: dict  # bits -> (S,) the formula above


def sqnr(w, decoded):
    """Return 10·log₁₀(Σ w²/Σ (ŵ − w)²), along the last axis.

    >>> sqnr(np.array([3.0, 4.0]), np.array([3.0, 4.5]))
    np.float64(20.0)
    """
    return 10 * np.log10((w * w).sum(-1) / ((decoded - w) ** 2).sum(-1))


def compute(seeds=SEEDS, progress=lambda stage: None):
    """Quantize the networks of the recipe by every scheme, at every number of bits.

    >>> sorted(compute(seeds=2).schemes)
    ['as written', 'code book', 'least error', 'min-max', 'sign corrected']
    """
    params = networks(seeds).params
    theta = params.flatten()  # (S, 61)
    r = np.ptp(theta, axis=1)
    schemes, textbook = {name: {} for name in NAMES}, {}
    for bits in BITS:
        progress(f"{bits} bits")
        schemes["as written"][bits] = sqnr(theta, as_written_all(params, bits).flatten())
        schemes["sign corrected"][bits] = sqnr(
            theta, as_written_all(params, bits, sign=-1).flatten()
        )
        for name, chosen in (("min-max", "minmax"), ("least error", "mse")):
            grid = calibration.choose_qparams(theta, bits, axis=0, calibration=chosen)
            schemes[name][bits] = sqnr(theta, affine.fake_quantize(theta, grid))
        if bits in BOOK_BITS:
            books = [codebook.decode(codebook.fit(row, 2**bits)) for row in theta]
            schemes["code book"][bits] = sqnr(theta, np.array(books))
        spread = 12 * (theta**2).mean(axis=1) / r**2
        textbook[bits] = 20 * np.log10(2**bits - 1) + 10 * np.log10(spread)
    progress("floating-point grids")
    floats = {}
    for name, bits in FLOATS.items():
        values = grids.powers_of_two(bits) if name.startswith("powers") else grids.GRIDS[name]
        scale = grids.absmax_scale(theta, values, axis=0)
        floats[name] = bits, sqnr(theta, grids.fake_quantize(theta, values, scale, axis=0))
    return Errors(seeds, schemes, floats, textbook)


def slope(values):
    """Return the gain of each network in dB per bit, as the least-squares slope over FITTED.

    >>> slope({bits: np.array([6.0 * bits]) for bits in BITS}).round(6)
    array([6.])
    """
    return np.polyfit(FITTED, np.array([values[b] for b in FITTED]), 1)[0]


def text(result):
    """Return three tables, and a paragraph that sums them up.

    >>> text(compute(seeds=2)).splitlines()[0]
    'Signal-to-noise ratio (SQNR) of the 61 parameters in dB. Medians of 2 networks;'
    """
    schemes, books = NAMES[:3], NAMES[3:]
    plain, least = [], []
    for bits in BITS:
        cells = {
            name: told(values[bits], "{:.1f}") if bits in values else ""
            for name, values in result.schemes.items()
        }
        textbook = f"{np.median(result.textbook[bits]):.1f}"
        plain.append([bits, *(cells[name] for name in schemes), textbook])
        least.append([bits, *(cells[name] for name in books)])
    apart = []
    for name, (bits, values) in result.floats.items():
        above = np.median(values - result.schemes["min-max"][bits])
        apart.append([name, bits, told(values, "{:.1f}"), f"{above:+.1f}"])
    nearest, minus = result.schemes["min-max"], result.schemes["sign corrected"]
    return page(
        f"Signal-to-noise ratio (SQNR) of the 61 parameters in dB. Medians of {result.seeds} "
        "networks; in brackets the central 80%. 'as written' adds B when it decodes, and 'sign "
        "corrected' subtracts it. 'textbook' is the formula for rounding to the nearest, with the "
        "noise step²/12.",
        table(plain, ["bits", *schemes, "textbook"], "rrrrr"),
        table(least, ["bits", *books], "rrr"),
        table(apart, ["float grid", "bits", "SQNR", "over min-max"], "lrrr"),
        f"From {FITTED[0]} to {FITTED[-1]} bits, each bit adds {interval(slope(nearest))} dB with "
        f"min-max and {interval(slope(minus))} dB with the sign corrected (medians; in brackets "
        f"their {limits(result.seeds)}s). The formula gives "
        f"{np.median(slope(result.textbook)):.2f} dB over "
        "these bits (2^b - 1 steps), and 6.02 dB for many bits. At 8 bits min-max is "
        f"{interval(nearest[8] - result.textbook[8])} dB above the textbook's value, and floor "
        f"costs {interval(nearest[8] - minus[8])} dB (textbook: 6.02). As written, the error is "
        "the shift 2B/W, and no additional bit makes it smaller.",
        judged(finding(result)),
    )


def finding(result):
    """Return what this experiment finds, as a Finding."""
    gain = {name: by[8] - by[2] for name, by in result.schemes.items() if name in NAMES[:3]}
    return Finding(
        "Six more bits make the error smaller if weights are rounded to the nearest code, but not "
        "if they are quantized by the article's formula",
        gain["min-max"] - gain["as written"],
        0.0,
        "rise of the signal-to-noise ratio from 2 to 8 bits with rounding to the nearest code "
        "minus the same rise with the article's formula (in dB)",
        "{:.1f}",
    )


def draw(result):
    """Return the figure `error_and_bits`."""
    from refnn import plots

    series = []
    for name, values in result.schemes.items():
        bits = sorted(values)
        low, middle, high = np.quantile([values[b] for b in bits], [0.1, 0.5, 0.9], axis=1)
        series.append(plots.Series(name, bits, middle, low, high))
    line = plots.Series("textbook", BITS, np.array([np.median(result.textbook[b]) for b in BITS]))
    points = [plots.Series(n, [b], [np.median(values)]) for n, (b, values) in result.floats.items()]
    bought = median(slope(result.schemes["min-max"])).median
    gained = np.median(result.schemes["as written"][8] - result.schemes["as written"][2])
    title = (
        f"With rounding to the nearest, each bit adds {bought:.2f} dB (textbook 6.02);\n"
        f"as written, six more bits change the ratio by {gained:+.1f} dB"
    ).replace("-", "−")
    figure = plots.against_bits(
        series,
        line,
        points,
        title,
        f"median and central 80% of {result.seeds} networks, 61 weights each, one grid a network; "
        "dotted: textbook",
        "SQNR of the weights  (dB)",
    )
    return {"error_and_bits": figure}
