"""This module computes the tour, which trains fifty networks, quantizes them and prunes them.

It does both as the article writes it and as it is usually done. The networks are those of
`trained`. Everything is measured on all seeds, so that tables can give the median and the central
80 %."""

from math import ceil
from typing import NamedTuple

import numpy as np

from refnn import article, data, network, training
from refnn.checking.plane import circle
from refnn.experiments import pictures
from refnn.experiments.trained import DECAY, LR, STEPS, J, networks, r_squared
from refnn.network import FIELDS, Params
from refnn.pruning import as_written as prune_written
from refnn.pruning import importance, masks
from refnn.quantization import affine, as_written, calibration

SEEDS = 50
LONG = 1000  # steps without decay, for the article's rule near a minimum
BITS, SPARSITIES, BOTH_BITS = (8, 4, 3, 2), (0.5, 0.8), (8, 3)
FLOAT_BYTES = 4  # float32
PICTURED_BITS = (8, 4, 2)
TAU = float(article.TAU)
STAGES = 6 + len(SPARSITIES)


class Row(NamedTuple):
    """The name of one treatment and what is measured after it."""

    name: str
    values: dict  # "J", "R2", … -> (S,), or one number for all networks


class Tour(NamedTuple):
    """The results of the tour and the networks for its figures, for S networks."""

    seeds: int
    linear: np.ndarray  # (S,) R² of linear regression
    dense: Row
    quantized: dict  # bits -> rows
    pruned: list  # rows
    both: list  # rows
    params: Params  # the trained networks
    R: Params  # their ∂J/∂w
    masks: dict  # sparsity -> the mask by magnitude


def compute(seeds=SEEDS, progress=lambda stage: None):
    """Train the networks, quantize them, prune them, and do both.

    progress(stage) is called at the beginning of each of the STAGES stages.

    >>> tour = compute(seeds=2)
    >>> tour.dense.values["R2"].shape, [row.name for row in tour.quantized[8]][0]
    ((2,), 'as written')
    """
    progress(f"training {seeds} networks")
    trained, X, y, X_test, y_test = networks(seeds)

    def measure(name, params, **more):
        R2 = r_squared(network.forward(params, X_test).y_hat, y_test)
        return Row(name, {"J": J(params, X, y), "R2": R2, **more})

    def tune(params, mask):
        return training.fit(params, X, y, steps=STEPS, lr=LR, weight_decay=DECAY, mask=mask).params

    count = trained.flatten().shape[1]
    dense = measure("float32", trained, bytes=FLOAT_BYTES * count, scale_bytes=0)
    progress("quantizing")
    quantized = {bits: [] for bits in BITS}
    for bits, rows in quantized.items():
        for name, params, size in _quantized(trained, bits):
            rows.append(measure(name, params, error=rms(params, trained), **size))
    progress(f"training without decay, {LONG} steps")
    long = networks(seeds, steps=LONG, decay=0.0).params
    progress("pruning as written")
    R = prune_written.importance(trained, X, y)
    rule = _by_the_rule(trained, long, X, y, R)
    pruned = [measure(name, rest, **_size(mask)) for name, rest, mask in rule]
    kept, tuned = {}, {}
    for sparsity in SPARSITIES:
        progress(f"fine-tuning at {sparsity:.0%}")
        mask = masks.by_sparsity(importance.magnitude(trained), sparsity)
        rest = network.apply_mask(trained, mask)
        kept[sparsity], tuned[sparsity] = mask, tune(rest, mask)
        size = _size(mask)
        pruned += [
            measure(f"magnitude {sparsity:.0%}", rest, **size),
            measure(f"magnitude {sparsity:.0%}, fine-tuned", tuned[sparsity], **size),
        ]
    progress("both together")
    both, error = [], J(trained, X_test, y_test)
    for label, params in _both_together(trained, tuned[SPARSITIES[0]], R):
        left, ratio = (params.flatten() != 0).sum(axis=1), J(params, X_test, y_test) / error
        both.append(measure(label, params, left=left, ratio=ratio))
    progress("linear regression")
    linear = np.array([_linear(*s) for s in zip(X, y, X_test, y_test)])
    return Tour(seeds, linear, dense, quantized, pruned, both, trained, R, kept)


def _quantized(params, bits):
    """Yield (name, networks, bytes) of each of the four schemes at this number of bits."""
    theta, sizes = params.flatten(), params.sizes
    codes = ceil(theta.shape[1] * bits / 8)
    yield "as written", as_written_all(params, bits), {"bytes": codes, "scale_bytes": 8}
    yield (
        "sign corrected",
        as_written_all(params, bits, sign=-1),
        {"bytes": codes, "scale_bytes": 8},
    )
    grid = calibration.choose_qparams(theta, bits, axis=0)
    nearest = Params.unflatten(affine.fake_quantize(theta, grid), sizes)
    yield "nearest, one grid", nearest, {"bytes": codes, "scale_bytes": 5}
    yield "corrected", corrected(params, bits), {"bytes": codes, "scale_bytes": 5 * len(FIELDS)}


def _by_the_rule(trained, long, X, y, R):
    """Yield (name, networks, mask) after the article's rule, for J summed and averaged."""
    averaged = Params(*(r / X.shape[1] for r in R.arrays()))
    for name, params, r in (
        (f"summed, decay {DECAY:g}", trained, R),
        (f"summed, no decay, {LONG} steps", long, prune_written.importance(long, X, y)),
        (f"averaged, decay {DECAY:g}", trained, averaged),
    ):
        yield f"R < {article.TAU}, {name}", *prune_written.prune(params, r, TAU)


def _both_together(trained, half, R):
    """Yield (name, networks) that are pruned and quantized, corrected and as written."""
    rest, _ = prune_written.prune(trained, R, TAU)
    for bits in BOTH_BITS:
        yield f"{SPARSITIES[0]:.0%} pruned, tuned; corrected, {bits} bits", corrected(half, bits)
    for bits in BOTH_BITS:
        yield f"R < {article.TAU}; as written, {bits} bits", as_written_all(rest, bits)


def _size(mask):
    return {"left": masks.count(mask), "multiply_adds": multiply_adds(mask)}


def as_written_all(params, bits, sign=1):
    """Quantize each network as written, with one (W, B) from min_max for all its parameters.

    P is 2^bits, and sign·B is added when decoding. A network whose parameters are all equal has no
    (W, B) and stays as it is. The codes are computed exactly, since in floats the last bit decides
    the code of the largest weight (finding 9).

    >>> params = Params([[[1.0, 0.5]]], [[0.0]], [[[2.0]]], [[0.25]])
    >>> as_written_all(params, bits=8).flatten()[0, :3]
    array([0.99607843, 0.49411765, 0.        ])
    """
    x_hat = params.flatten().copy()
    for x in x_hat:
        if x.min() < x.max():
            x[:] = _as_written(x.tolist(), 2**bits, sign)
    return Params.unflatten(x_hat, params.sizes)


def _as_written(x, P, sign):
    """Quantize one list of floats as written and decode it, exactly: floats are n/D.

    W = (P-1)/(max - min) and B = -W·min. So x·W + B = (n - low)·(P-1)/span, and
    (q + sign·B)/W = (q·span - sign·low·(P-1))/((P-1)·D). In whole numbers this is fifty times as
    fast as with Fractions.
    """
    ratios = [v.as_integer_ratio() for v in x]
    D = max(d for _, d in ratios)  # all denominators are powers of 2
    whole = [n * (D // d) for n, d in ratios]
    low, span = min(whole), max(whole) - min(whole)
    codes = ((n - low) * (P - 1) // span for n in whole)  # the largest is P-1, so mod P is idle
    return [(q * span - sign * low * (P - 1)) / ((P - 1) * D) for q in codes]


def corrected(params, bits):
    """Quantize each of the four tensors of each network on its own grid.

    A tensor has one float32 scale and one zero point of a byte. One code decodes to exactly 0.0, so
    a pruned parameter stays 0.

    >>> corrected(Params([[[1.0, 0.5]]], [[0.0]], [[[2.0]]], [[0.25]]), bits=2).W_ih
    array([[[1.        , 0.66666667]]])
    """
    grids = (calibration.choose_qparams(a, bits, axis=0) for a in params.arrays())
    return Params(*map(affine.fake_quantize, params.arrays(), grids))


def rms(a, b):
    """Return the root mean square difference between the parameters of two networks.

    >>> one = Params([[[1.0, 0.5]]], [[0.0]], [[[2.0]]], [[0.25]])
    >>> rms(one, Params([[[1.0, 0.5]]], [[0.0]], [[[2.0]]], [[2.25]]))
    array([0.89442719])
    """
    return np.sqrt(((a.flatten() - b.flatten()) ** 2).mean(axis=-1))


def multiply_adds(mask):
    """Count the weights that are not pruned, which are those that a sparse kernel would multiply.

    A dense kernel multiplies all 55, with or without a mask.

    >>> multiply_adds(Params([[True, False]], [True], [[True]], [True]))
    np.int64(2)
    """
    return sum(a.sum(axis=(-2, -1)) for a in (mask.W_ih, mask.W_ho))


def _linear(X, y, X_test, y_test):
    coefficients, *_ = np.linalg.lstsq(np.column_stack([X, np.ones(len(X))]), y, rcond=None)
    return r_squared(np.column_stack([X_test, np.ones(len(X_test))]) @ coefficients, y_test)


def proof_figure():
    """Draw the proof that no (W, B) gives the printed Q(W_ih).

    >>> proof_figure().get_suptitle()[:28]
    'No (W, B) gives all ten code'
    """
    from refnn import plots

    W_ih, levels = article.TENSORS["W_ih"], article.LEVELS
    rows, cells = article.fractions(W_ih.x).tolist(), []
    codes = [[int(c) for c in row] for row in W_ih.q]
    for x, q in zip(rows, codes):
        [(low, high)] = circle.feasible_W(x, q, levels)
        W = [low + (high - low) * k / 40 for k in range(1, 40)]
        B = np.array([circle.offsets(x, q, levels, w) for w in W], dtype=float)
        start = np.unwrap(B[:, 0], period=levels)
        end = start + (B[:, 1] - B[:, 0])
        W = np.array(W, dtype=float)
        cells.append(np.vstack([np.column_stack([W, start]), np.column_stack([W, end])[::-1]]))
    period = levels * 10  # the x are tenths
    return plots.proof(np.array(rows, dtype=float), codes, cells, levels, period)


def draw(tour):
    """Return the figures of the tour by name, drawn from its own data."""
    from refnn import plots

    theta = tour.params.flatten().ravel()
    written, nearest = [], []
    for bits in PICTURED_BITS:
        P = 2**bits
        W, B = as_written.min_max(theta, P)
        q = as_written.quantize(theta, W, B, P)
        edges, levels = (np.arange(P + 1) - B) / W, (np.arange(P) + B) / W
        written.append(plots.Grid(f"{bits} bits", edges, levels, q))
        grid = calibration.choose_qparams(theta, bits)
        q = affine.quantize(theta, grid).astype(int) - grid.qmin
        levels = affine.dequantize(np.arange(grid.qmin, grid.qmax + 1), grid)
        edges = np.concatenate([[-np.inf], (levels[1:] + levels[:-1]) / 2, [np.inf]])
        nearest.append(plots.Grid(f"{bits} bits", edges, levels, q))
    tau, R = float(article.TAU), tour.R.flatten().ravel()
    _, mask = prune_written.prune(tour.params, tour.R, tau)
    kept = tour.masks[SPARSITIES[0]].flatten()  # (S, 61)
    taus = np.where(kept, np.abs(tour.params.flatten()), np.inf).min(axis=1)  # the smallest kept
    by_R, by_size = mask.flatten().ravel(), kept.ravel()
    figures = {
        "proof": proof_figure(),
        "quantization_as_written": plots.before_after(theta, written, "as written", tour.seeds),
        "quantization_corrected": plots.before_after(theta, nearest, "corrected", tour.seeds),
        "pruning": plots.pruning(theta, R, by_R, tau, by_size, taus, tour.seeds),
    }
    first, slopes = (Params.unflatten(p.flatten()[0], p.sizes) for p in (tour.params, tour.R))
    return figures | pictures.draw(first, slopes, data.load("diabetes").names)
