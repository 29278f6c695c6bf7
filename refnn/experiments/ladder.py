"""From the float network to integers only, step by step: what each step adds to the error of ŷ.

    weights      W and b decoded from their codes        activations  x, h and ŷ on their grids too
    table        z on its grid too, tanh by table        integers     whole-number multiplier and shift, two roundings

Each network is converted with the ranges of its training rows and run on its test rows. The error of a stage is its
distance from the float network's ŷ; the differences of two stages that follow each other sum to the whole.
"""

from typing import NamedTuple

import numpy as np

from refnn.console import table, wrap
from refnn.experiments.spread import interval, told
from refnn.experiments.trained import SEEDS, networks, r_squared
from refnn.network import Params
from refnn.quantization import integer

BITS = (8, 6, 4, 3, 2)
STAGES = len(BITS)
RUNGS = integer.Ladder._fields[1:]


class Rungs(NamedTuple):
    """error: bits -> (S, 4), rms of ŷ at a stage against the float network's, in standard deviations of y; step: the
    same against the stage before; R2: "float" and bits -> (S,); moved: bits -> share of the codes of z that two
    roundings put elsewhere than one.
    >>> Rungs._fields
    ('seeds', 'error', 'step', 'R2', 'moved')"""

    seeds: int
    error: dict
    step: dict
    R2: dict
    moved: dict


def compute(seeds=SEEDS, progress=lambda stage: None):
    """Every network at every number of bits.

    >>> compute(seeds=2).error[8].shape
    (2, 4)
    """
    params, X, _, X_test, y_test = networks(seeds)
    error, step, R2, moved = {}, {}, {"float": np.empty(seeds)}, {}
    for bits in BITS:
        progress(f"{bits} bits")
        error[bits], step[bits] = np.empty((2, seeds, len(RUNGS)))
        R2[bits], moved[bits] = np.empty((2, seeds))
        for s in range(seeds):
            one = Params(*(a[s] for a in params.arrays()))
            network = integer.convert(one, X[s], bits)
            stages = np.stack(integer.ladder(network, one, X_test[s]))         # (5, N, 1)
            error[bits][s] = rms(stages[1:] - stages[0])
            step[bits][s] = rms(np.diff(stages, axis=0))
            R2["float"][s], R2[bits][s] = r_squared(stages[[0, -1]], y_test[s])
            moved[bits][s] = _moved(network, X_test[s])
    return Rungs(seeds, error, step, R2, moved)


def rms(difference):
    """Root mean square over rows and outputs.

    >>> rms(np.array([[[3.0], [4.0]]]))
    array([3.53553391])
    """
    return np.sqrt((difference**2).mean((-2, -1)))


def _moved(network, X):
    run, z = integer.forward(network, X), network.z_h_qparams
    once = integer.requantize_single_rounding(run.accumulator_h, network.multiplier_h, network.shift_h, z.zero_point,
                                              z.qmin, z.qmax)
    return np.mean(once != run.z_h_codes)


def text(result):
    """The ladder as a table, what the last network predicts, and what the second rounding moves.

    >>> text(compute(seeds=2)).splitlines()[0]
    'Error of y-hat against the float network, rms in standard deviations of y:'
    """
    rows = [[bits, *(f"{np.median(e):.4f}" for e in result.error[bits].T), told(result.R2[bits], "{:.3f}")]
            for bits in BITS]
    steps = [[bits, *(f"{np.median(e):.4f}" for e in result.step[bits].T), told(result.moved[bits] * 100, "{:.1f}")]
             for bits in BITS]
    lost = interval(result.R2["float"] - result.R2[8], "{:.4f}")
    return "\n".join([
        wrap(f"Error of y-hat against the float network, rms in standard deviations of y: median over {result.seeds} "
             "networks at each stage, a cause more from left to right"), "",
        table(rows, ["bits", *RUNGS, "test R² (80%)"], "rrrrrr"), "",
        wrap("What each stage changes, the same against the stage before; moved: % of the codes of z that the second "
             "rounding of the requantization puts elsewhere than a single one would"), "",
        table(steps, ["bits", *RUNGS, "moved, % (80%)"], "rrrrrr"), "",
        wrap(f"The float networks have a test R² of {told(result.R2['float'], '{:.3f}')}; integers only at 8 bits "
             f"lose {lost} of it (95% interval of the median).")])


def draw(result):
    """The figure `ladder`.

    >>> sorted(draw(compute(seeds=2)))
    ['ladder']
    """
    from refnn import plots
    share = np.median(result.step[8] ** 2 / (result.step[8] ** 2).sum(axis=1, keepdims=True), axis=0)
    total = np.median(result.error[8][:, -1])
    return {"ladder": plots.ladder(
        ("weights\nand biases", "+ activations\nx, h, ŷ", "+ z on its grid,\ntanh by table",
         "integers only:\nmultiplier, shift"), {bits: result.error[bits] for bits in BITS},
        f"At 8 bits integers only are {total:.3f} standard deviations of y away from the float network;\n"
        f"of the squared steps {share[0]:.0%} are the weights', {share[1]:.0%} the activations', {share[2]:.0%} the "
        f"table's, {share[3]:.0%} the multipliers'",
        f"rms error of ŷ on the test rows; thin: {result.seeds} networks, thick: their median",
        "error of ŷ  (standard deviations of y)")}
