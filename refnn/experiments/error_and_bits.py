"""What a bit buys: the signal-to-noise ratio (SQNR) of 61 weights against the bits, scheme by
scheme.

    SQNR = 10·log₁₀(Σ w² / Σ (ŵ − w)²) dB

Textbook: halving the step quarters the noise Δ²/12, 6.02 dB a bit. For rounding to the nearest of
2^b − 1 steps over max w − min w = r that noise gives SQNR = 20·log₁₀(2^b − 1) + 10·log₁₀(12·mean
w²/r²); for floor, whose noise is Δ²/3, 6.02 dB less. One grid for the 61 parameters of each
network, so that all schemes store the same codes."""

from typing import NamedTuple

import numpy as np

from refnn.console import table, wrap
from refnn.experiments.spread import interval, median, told
from refnn.experiments.tour import as_written_all
from refnn.experiments.trained import SEEDS, networks
from refnn.quantization import affine, calibration, codebook, grids

BITS = (2, 3, 4, 5, 6, 7, 8)
BOOK_BITS = (2, 3, 4, 5)  # 2^6 centroids are more than 61 weights
FITTED = (4, 5, 6, 7, 8)  # bits over which dB a bit is read off
FLOATS = {
    "powers of two, 3 bits": 3,
    "powers of two, 4 bits": 4,
    "NF4": 4,
    "FP4 E2M1": 4,
    "FP8 E4M3": 8,
    "FP8 E5M2": 8,
}
STAGES = len(BITS) + 1


class Errors(NamedTuple):
    """SQNR in dB: schemes, name -> {bits: an array over the networks}; floats, name -> (bits,
    array); textbook, {bits: array} of the formula above, per network.

    >>> Errors._fields
    ('seeds', 'schemes', 'floats', 'textbook')
    """

    seeds: int
    schemes: dict
    floats: dict
    textbook: dict


def sqnr(w, decoded):
    """10·log₁₀(Σ w²/Σ (ŵ − w)²), along the last axis.

    >>> sqnr(np.array([3.0, 4.0]), np.array([3.0, 4.5]))
    np.float64(20.0)
    """
    return 10 * np.log10((w * w).sum(-1) / ((decoded - w) ** 2).sum(-1))


def compute(seeds=SEEDS, progress=lambda stage: None):
    """Every scheme at every number of bits, on networks trained by the recipe.

    >>> sorted(compute(seeds=2).schemes)
    ['as written', 'code book', 'least error', 'min-max', 'sign mended']
    """
    params = networks(seeds).params
    theta = params.flatten()  # (S, 61)
    r = np.ptp(theta, axis=1)
    schemes = {
        name: {} for name in ("as written", "sign mended", "min-max", "least error", "code book")
    }
    textbook = {}
    for bits in BITS:
        progress(f"{bits} bits")
        schemes["as written"][bits] = sqnr(theta, as_written_all(params, bits).flatten())
        schemes["sign mended"][bits] = sqnr(theta, as_written_all(params, bits, sign=-1).flatten())
        for name, chosen in (("min-max", "minmax"), ("least error", "mse")):
            grid = calibration.choose_qparams(theta, bits, axis=0, calibration=chosen)
            schemes[name][bits] = sqnr(theta, affine.fake_quantize(theta, grid))
        if bits in BOOK_BITS:
            books = [codebook.decode(codebook.fit(row, 2**bits)) for row in theta]
            schemes["code book"][bits] = sqnr(theta, np.array(books))
        textbook[bits] = 20 * np.log10(2**bits - 1) + 10 * np.log10(
            12 * (theta**2).mean(axis=1) / r**2
        )
    progress("floating-point grids")
    floats = {}
    for name, bits in FLOATS.items():
        values = grids.powers_of_two(bits) if name.startswith("powers") else grids.GRIDS[name]
        scale = grids.absmax_scale(theta, values, axis=0)
        floats[name] = bits, sqnr(theta, grids.fake_quantize(theta, values, scale, axis=0))
    return Errors(seeds, schemes, floats, textbook)


def slope(values):
    """dB a bit: the least-squares slope over FITTED, one a network.

    >>> slope({bits: np.array([6.0 * bits]) for bits in BITS}).round(6)
    array([6.])
    """
    return np.polyfit(FITTED, np.array([values[b] for b in FITTED]), 1)[0]


def text(result):
    """The two tables, and what they say.

    >>> text(compute(seeds=2)).splitlines()[0]
    'SQNR in dB of the 61 parameters: median over 2 networks, in brackets the'
    """
    rows = [
        [
            bits,
            *(
                told(values[bits], "{:.1f}") if bits in values else ""
                for values in result.schemes.values()
            ),
            f"{np.median(result.textbook[bits]):.1f}",
        ]
        for bits in BITS
    ]
    names = list(result.schemes)
    apart = [
        [
            name,
            bits,
            told(values, "{:.1f}"),
            f"{np.median(values - result.schemes['min-max'][bits]):+.1f}",
        ]
        for name, (bits, values) in result.floats.items()
    ]
    slopes = {name: slope(result.schemes[name]) for name in ("sign mended", "min-max")}
    gap = result.schemes["min-max"][8] - result.schemes["sign mended"][8]
    off = result.schemes["min-max"][8] - result.textbook[8]
    return "\n".join(
        [
            wrap(
                f"SQNR in dB of the 61 parameters: median over {result.seeds} networks, in brackets the central 80%; "
                "textbook: the formula for rounding to the nearest, noise step²/12"
            ),
            "",
            table([row[:4] + row[-1:] for row in rows], ["bits", *names[:3], "textbook"], "rrrrr"),
            "",
            table([[row[0], *row[4:6]] for row in rows], ["bits", *names[3:]], "rrr"),
            "",
            table(apart, ["float grid", "bits", "SQNR", "over min-max"], "lrrr"),
            "",
            wrap(
                f"From {FITTED[0]} to {FITTED[-1]} bits, dB a bit (median and its 95% interval): min-max "
                f"{interval(slopes['min-max'])}, sign mended {interval(slopes['sign mended'])}; the formula gives "
                f"{np.median(slope(result.textbook)):.2f} over these bits (2^b - 1 steps), 6.02 for many. "
                f"At 8 bits min-max is {interval(off)} dB above the textbook's line, and floor costs "
                f"{interval(gap)} dB (textbook 6.02). As written the error is the shift 2B/W, and no bit helps."
            ),
        ]
    )


def draw(result):
    """The figure `error_and_bits`.

    >>> sorted(draw(compute(seeds=2)))
    ['error_and_bits']
    """
    from refnn import plots

    series = []
    for name, values in result.schemes.items():
        bits = sorted(values)
        low, middle, high = (
            np.quantile([values[b] for b in bits], q, axis=1) for q in (0.1, 0.5, 0.9)
        )
        series.append(plots.Series(name, bits, middle, low, high))
    line = plots.Series("textbook", BITS, np.array([np.median(result.textbook[b]) for b in BITS]))
    points = [
        plots.Series(name, [bits], [np.median(values)])
        for name, (bits, values) in result.floats.items()
    ]
    m = median(slope(result.schemes["min-max"]))
    gained = np.median(result.schemes["as written"][8] - result.schemes["as written"][2])
    title = (
        f"Rounded to the nearest, a bit buys {m.median:.2f} dB (textbook 6.02);\n"
        f"as written, six more bits change the ratio by {gained:+.1f} dB"
    ).replace("-", "−")
    return {
        "error_and_bits": plots.against_bits(
            series,
            line,
            points,
            title,
            f"median and central 80% of {result.seeds} networks, 61 weights each, one grid a "
            "network; dotted: textbook",
            "SQNR of the weights  (dB)",
        )
    }
