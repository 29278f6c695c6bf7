"""This experiment converts float networks to integers in four stages. It measures what each stage
adds to the error of ŷ.

    weights      W and b are decoded from their codes.
    activations  x, h and ŷ are rounded to their grids too.
    table        z is rounded to its grid too, and tanh is read from a table.
    integers     The sums are scaled by a multiplier and a shift, with two roundings, as
                 the library gemmlowp does.

Each network is converted with the ranges of its training rows and run on its test rows. The error
of a stage is the distance of its ŷ from the float network's ŷ. The differences between successive
stages add up to the difference between the last stage and the float network. "once" is the same
network with one rounding in both layers (`requantize_single_rounding`), which shows what the second
rounding costs."""

from typing import NamedTuple

import numpy as np

from refnn.console import table
from refnn.experiments.spread import Finding, interval, judged, limits, page, told
from refnn.experiments.trained import SEEDS, networks, r_squared
from refnn.network import Params
from refnn.quantization import affine, integer

BITS = (8, 6, 4, 3, 2)
STAGES = len(BITS)
RUNGS = integer.Ladder._fields[1:]


class Rungs(NamedTuple):
    """The error of ŷ at every stage, in standard deviations of y, as the rms over the test rows."""

    seeds: int
    error: dict  # bits -> (S, 4) against the float network
    step: dict  # bits -> (S, 4) against the stage before
    R2: dict  # bits, or "float" -> (S,)
    once: dict  # bits -> (S,) the R² with one rounding
    moved: dict  # bits -> (S, 2) share of the codes of z, and of ŷ, that the second rounding moves


def compute(seeds=SEEDS, progress=lambda stage: None):
    """Convert every network to integers, at every number of bits.

    >>> compute(seeds=2).error[8].shape
    (2, 4)
    """
    params, X, _, X_test, y_test = networks(seeds)
    error, step, R2, once, moved = {}, {}, {"float": np.empty(seeds)}, {}, {}
    for bits in BITS:
        progress(f"{bits} bits")
        error[bits], step[bits] = np.empty((2, seeds, len(RUNGS)))
        R2[bits], once[bits] = np.empty((2, seeds))
        moved[bits] = np.empty((seeds, 2))
        for s in range(seeds):
            one = Params(*(a[s] for a in params.arrays()))
            network = integer.convert(one, X[s], bits)
            stages = np.stack(integer.ladder(network, one, X_test[s]))  # (5, N, 1)
            error[bits][s] = rms(stages[1:] - stages[0])
            step[bits][s] = rms(np.diff(stages, axis=0))
            R2["float"][s], R2[bits][s] = r_squared(stages[[0, -1]], y_test[s])
            y_hat, *moved[bits][s] = _once(network, X_test[s])
            once[bits][s] = r_squared(y_hat, y_test[s])
    return Rungs(seeds, error, step, R2, once, moved)


def rms(difference):
    """Return the root mean square over rows and outputs.

    >>> rms(np.array([[[3.0], [4.0]]]))
    array([3.53553391])
    """
    return np.sqrt((difference**2).mean((-2, -1)))


def _once(network, X):
    """Return ŷ with one rounding in both layers, and the shares of codes that one rounding changes.

    The shares are those of z and of ŷ. Both are counted on the accumulators (the int32 sums) of the
    run with two roundings."""

    def rounded(accumulator, multiplier, shift, p):
        grid = p.zero_point, p.qmin, p.qmax
        return integer.requantize_single_rounding(accumulator, multiplier, shift, *grid)

    def rounded_z(accumulator):
        return rounded(accumulator, network.multiplier_h, network.shift_h, network.z_h_qparams)

    def rounded_y(accumulator):
        return rounded(accumulator, network.multiplier_o, network.shift_o, network.y_hat_qparams)

    run = integer.forward(network, X)
    q_z, q_y = rounded_z(run.accumulator_h), rounded_y(run.accumulator_o)
    q_h = network.table[q_z.astype(int) - network.z_h_qparams.qmin]
    bias = integer.fold(network.b_o, network.W_ho, network.h_qparams.zero_point)
    once = rounded_y(integer.matmul(q_h, network.W_ho.T) + bias)
    y_hat = affine.dequantize(once, network.y_hat_qparams)
    return y_hat, np.mean(q_z != run.z_h_codes), np.mean(q_y != run.y_hat_codes)


def text(result):
    """Return the errors of the stages, their differences, and what the second rounding costs.

    >>> text(compute(seeds=2)).splitlines()[0]
    'Error of y-hat against the float network: rms over the test rows, in standard'
    """
    rows = [[bits, *(f"{np.median(e):.4f}" for e in result.error[bits].T)] for bits in BITS]
    steps = [[bits, *(f"{np.median(e):.4f}" for e in result.step[bits].T)] for bits in BITS]
    rounded = []
    for bits in BITS:
        moved = (f"{100 * np.median(share):.1f}" for share in result.moved[bits].T)
        by_rounding = (result.R2[bits], result.once[bits])
        R2 = (f"{told(v, '{:.3f}')}  {np.mean(v < 0):4.0%}" for v in by_rounding)
        rounded.append([bits, *moved, *R2])
    lost = interval(result.R2["float"] - result.R2[8], "{:.4f}")
    second = interval(result.once[2] - result.R2[2], "{:.3f}")
    header = ["bits", "z", "y-hat", "R² twice        < 0", "R² once        < 0"]
    return page(
        "Error of y-hat against the float network: rms over the test rows, in standard deviations "
        f"of y. Medians of {result.seeds} networks. Each column adds one cause of error to the "
        "column on its left; 'integers' adds the second rounding of the multipliers.",
        table(rows, ["bits", *RUNGS], "rrrrr"),
        "The same measure against the column on the left shows what each stage changes.",
        table(steps, ["bits", *RUNGS], "rrrrr"),
        "Two roundings compared with one. Columns z and y-hat give the % of their codes that the "
        "second rounding changes (medians). R² is the test R² (medians; in brackets the central "
        "80%), and '< 0' is the share of networks with R² < 0, which predict worse than a "
        "constant.",
        table(rounded, header, "rrrrr"),
        f"The float networks have a test R² of {told(result.R2['float'], '{:.3f}')}. With integers "
        f"only at 8 bits they lose {lost} of it (median; in brackets its "
        f"{limits(result.seeds)}). At 2 bits "
        f"the second rounding alone costs {second}; with one rounding the last stage changes "
        "nothing.",
        judged(finding(result)),
    )


def finding(result):
    """Return what this experiment finds, as a Finding."""
    weights, activations = result.error[8][:, :2].T
    return Finding(
        "At 8 bits, the error of the output is larger if weights and activations are quantized "
        "than if only the weights are quantized",
        activations / weights,
        1.0,
        "error with quantized weights and activations divided by the error with quantized weights "
        "alone",
    )


def draw(result):
    """Return the figure `ladder`."""
    from refnn import plots

    middle = {bits: np.median(result.error[bits], axis=0) for bits in (8, 2)}
    eight = [f"{e:.4f}".lstrip("0") for e in middle[8]]
    two = [f"{e:.2f}".lstrip("0") for e in middle[2]]
    stages = ("weights\nand biases", "+ activations\nx, h, ŷ")
    stages += ("+ z on its grid,\ntanh by table", "integers only:\nrounded twice")
    figure = plots.ladder(
        stages,
        {bits: result.error[bits] for bits in BITS},
        f"The error of ŷ at 8 bits: {eight[0]} by the weights, {eight[1]} with activations, "
        f"{eight[3]} with integers only;\nat 2 bits: {two[0]}, {two[1]} and {two[3]}",
        f"rms error of ŷ on the test rows; thin: {result.seeds} networks, thick: their median",
        "error of ŷ  (standard deviations of y)",
    )
    return {"ladder": figure}
