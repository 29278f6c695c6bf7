"""This module draws one network of the tour (seed 0) and the formulas of the quantizers. The
pictures are the network, its matrices, the staircase and the dots."""

import numpy as np

from refnn import article, network
from refnn.network import Params
from refnn.pruning import as_written as prune_written
from refnn.pruning import importance, masks
from refnn.quantization import affine, as_written, calibration, codebook

BITS = 3  # eight levels, the article's P


def draw(params, R, names):
    """Return the figures of one trained network, by name.

    params is the network, R holds its gradients ∂J/∂w, and names are those of its inputs.
    """
    from refnn import plots

    theta, P = params.flatten(), 2**BITS
    W, B = as_written.min_max(theta, P)
    written = as_written.update(params, W, B, P)
    grids = (calibration.choose_qparams(a, BITS) for a in params.arrays())
    corrected = Params(*map(affine.fake_quantize, params.arrays(), grids))
    rest, kept = prune_written.prune(params, R, float(article.TAU))
    half = masks.by_sparsity(importance.magnitude(params), 0.5)
    panels = [
        ("float32", params, None),
        (f"as written, {BITS} bits: every weight shifted by 2B/W", written, None),
        (f"corrected, {BITS} bits", corrected, None),
        (f"as written, R < {article.TAU}: {masks.count(kept)} of 61 left", rest, kept),
        (f"magnitude 50%: {masks.count(half)} of 61 left", network.apply_mask(params, half), half),
    ]
    largest = names[int(np.abs(params.W_ih).max(axis=0).argmax())]
    title = "A 10-5-1 network trained on diabetes (seed 0): its largest input weight is that of "
    treated = "As written (seed 0), quantization moves every weight, and pruning looks at R's sign"
    return {
        "network": plots.network(params, names, title + largest),
        "matrices": plots.matrices(panels, names, treated),
        "staircase": staircase(),
        "dots": dots(params),
    }


def dots(params):
    """Draw the parameters of one network before and after quantizing them to eight levels.

    The three panels are as written, corrected, and by code book.

    >>> len(dots(network.init(np.random.default_rng(0))).axes)
    3
    """
    from refnn import plots

    theta, P = params.flatten(), 2**BITS
    W, B = as_written.min_max(theta, P)
    written, its_levels = as_written.update(params, W, B, P).flatten(), (np.arange(P) + B) / W
    grid = calibration.choose_qparams(theta, BITS)
    corrected = affine.fake_quantize(theta, grid)
    levels = affine.dequantize(np.arange(grid.qmin, grid.qmax + 1), grid)
    book = codebook.fit(theta, P)
    decoded = codebook.decode(book)
    name = f"as written: floor, decoded (Q + B)/W, B = {B:.2f}"
    panels = [
        (name, "as written", written, its_levels),
        ("corrected: to the nearest of eight equal steps", "corrected", corrected, levels),
        ("code book: the best eight levels", "code book", decoded, book.centroids),
    ]
    off = [np.sqrt(np.mean((after - theta) ** 2)) for after in (written, corrected, decoded)]
    return plots.dots(
        theta,
        panels,
        f"Eight levels for {len(theta)} weights: rms error {off[0]:.2f} as written, "
        f"{off[1]:.3f} corrected, {off[2]:.3f} by code book",
        "one network trained on diabetes (seed 0); every dot is a weight or bias, every tick a "
        "level",
    )


def staircase():
    """Draw the decoded x against x, with eight levels on [−1, 1].

    The three columns are as written, decoded with −B, and corrected. x runs from −1.3 to 1.3, a
    little beyond the range.

    >>> len(staircase().axes)
    6
    """
    from refnn import plots

    P = 2**BITS
    W, B = as_written.min_max([-1.0, 1.0], P)
    grid = calibration.choose_qparams([-1.0, 1.0], BITS, signed=False)
    x = np.linspace(-1.3, 1.3, 2601)
    q = as_written.quantize(x, W, B, P)
    curves = [
        ("as written: floor, wrap, + B", "as written", as_written.dequantize(q, W, B), 1 / W),
        ("sign corrected: floor, wrap, − B", "as written", as_written.dequantize(q, W, -B), 1 / W),
        ("corrected: nearest, saturate", "corrected", affine.fake_quantize(x, grid), grid.scale),
    ]
    shift = np.mean(curves[0][2] - curves[1][2]) * W
    title = (
        f"The printed sign puts every weight 2B = {shift:.0f} steps too high, and beyond the range "
        f"mod wraps by {P};\n"
        "rounded to nearest and saturated, no weight in the range moves by more than half a step"
    )
    return plots.staircase(x, curves, title)
