"""Pictures of one network of the tour (seed 0) and of the formulas: the network, its matrices, the
staircase."""

import numpy as np

from refnn import article, network
from refnn.network import Params
from refnn.pruning import as_written as prune_written
from refnn.pruning import importance, masks
from refnn.quantization import affine, as_written, calibration, codebook

BITS = 3  # eight levels, as the article's P


def draw(params, R, names):
    """The figures of one trained network: `network`, `matrices`, `staircase` and `dots`, by name.

    params: the network; R: its slopes; names: of its inputs.

    >>> params = network.init(np.random.default_rng(0))
    >>> sorted(draw(params, params, tuple("abcdefghij")))
    ['dots', 'matrices', 'network', 'staircase']
    """
    from refnn import plots

    theta, P = params.flatten(), 2**BITS
    W, B = as_written.min_max(theta, P)
    corrected = Params(
        *(affine.fake_quantize(a, calibration.choose_qparams(a, BITS)) for a in params.arrays())
    )
    rest, kept = prune_written.prune(params, R, float(article.TAU))
    half = masks.by_sparsity(importance.magnitude(params), 0.5)
    panels = [
        ("float32", params, None),
        (
            f"as written, {BITS} bits: every weight shifted by 2B/W",
            as_written.update(params, W, B, P),
            None,
        ),
        (f"corrected, {BITS} bits", corrected, None),
        (f"as written, R < {article.TAU}: {masks.count(kept)} of 61 left", rest, kept),
        (f"magnitude 50%: {masks.count(half)} of 61 left", network.apply_mask(params, half), half),
    ]
    largest = names[int(np.abs(params.W_ih).max(axis=0).argmax())]
    return {
        "network": plots.network(
            params,
            names,
            "A 10-5-1 network trained on diabetes (seed 0): "
            f"its largest weight comes from {largest}",
        ),
        "matrices": plots.matrices(
            panels,
            names,
            "The same 61 weights (seed 0) after each treatment: as written they "
            "all move, or go by their sign",
        ),
        "staircase": staircase(),
        "dots": dots(params),
    }


def dots(params):
    """The parameters of one network as dots before and after eight levels, as written, corrected,
    by code book.

    >>> len(dots(network.init(np.random.default_rng(0))).axes)
    3
    """
    from refnn import plots

    theta, P = params.flatten(), 2**BITS
    W, B = as_written.min_max(theta, P)
    grid = calibration.choose_qparams(theta, BITS)
    book = codebook.fit(theta, P)
    panels = [
        (
            f"as written: floor, decoded (Q + B)/W, B = {B:.2f}",
            "as written",
            as_written.update(params, W, B, P).flatten(),
            (np.arange(P) + B) / W,
        ),
        (
            "corrected: to the nearest of eight equal steps",
            "corrected",
            affine.fake_quantize(theta, grid),
            affine.dequantize(np.arange(grid.qmin, grid.qmax + 1), grid),
        ),
        (
            "code book: the eight levels that lie best",
            "code book",
            codebook.decode(book),
            book.centroids,
        ),
    ]
    off = [np.sqrt(np.mean((after - theta) ** 2)) for _, _, after, _ in panels]
    return plots.dots(
        theta,
        panels,
        f"Eight levels for {len(theta)} weights: rms error {off[0]:.2f} as written, "
        f"{off[1]:.3f} corrected, {off[2]:.3f} by code book",
        "one network trained on diabetes (seed 0); every dot is a weight or bias, every tick a level",
    )


def staircase():
    """Eight levels on [−1, 1], as written, with the sign mended, corrected; x goes a little beyond
    the range.

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
        ("sign mended: floor, wrap, − B", "as written", as_written.dequantize(q, W, -B), 1 / W),
        ("corrected: nearest, saturate", "corrected", affine.fake_quantize(x, grid), grid.scale),
    ]
    shift = np.mean(curves[0][2] - curves[1][2]) * W
    return plots.staircase(
        x,
        curves,
        f"The printed sign puts every weight 2B = {shift:.0f} steps too high, and beyond "
        f"the range mod wraps by {P};\n"
        "to nearest and saturating, no weight within the range moves by more than half a step",
    )
