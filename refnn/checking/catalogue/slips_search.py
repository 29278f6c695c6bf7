"""Slips of choosing roundings by the layer's output, and of training through them. Collected in
`slips`."""

import numpy as np

from refnn.checking.catalogue.slip import slip
from refnn.quantization import affine, all_roundings, best_rounding, straight_through

# The right ones, by another name: a test that plants a slip replaces the module's own.
_original_aware = straight_through.fit


def _codes(shifted, p):
    return np.clip(shifted, p.qmin, p.qmax).astype(np.int64)


# --- up or down
# ------------------------------------------------------------------------------------------------------

_original_objective, _original_every = all_roundings.objective, all_roundings.every
_original_every_network = all_roundings.every_network


def _off(W, codes, p):
    return affine.dequantize(codes, p) - np.asarray(W, float)


@slip(
    "quantization.all_roundings.objective", "Do the errors of two weights meet in the same output?"
)
def no_cross_terms(W, codes, qparams, X):
    return np.square(_off(W, codes, qparams)) @ np.square(X).sum(axis=-2)


@slip(
    "quantization.all_roundings.objective",
    "H has a row for each weight. Which axis of X is summed over?",
)
def examples_for_weights(W, codes, qparams, X):
    d, X = _off(W, codes, qparams), np.asarray(X, float)
    if X.shape[-2] != X.shape[-1]:
        return _original_objective(W, codes, qparams, X)
    return ((d @ (X @ X.mT)) * d).sum(axis=-1)


@slip("quantization.all_roundings.objective", "Can the errors of two examples cancel?")
def summed_before_squared(W, codes, qparams, X):
    return np.square((_off(W, codes, qparams) @ np.asarray(X, float).mT).sum(axis=-1))


@slip("quantization.all_roundings.objective", "Is it a sum over the examples or their mean?")
def mean_over_examples(W, codes, qparams, X):
    return _original_objective(W, codes, qparams, X) / np.shape(X)[-2]


@slip("quantization.best_rounding.nearest", "Which of its two neighbours is 0.6 closer to?")
def always_down(W, qparams, X):
    return _codes(np.floor(affine.quantize_steps(W, qparams).divided) + qparams.zero_point, qparams)


@slip(
    "quantization.best_rounding.adaround",
    "The minimum was rounded. Is it still better than nearest?",
)
def learned_without_a_last_look(W, qparams, X):
    layer = all_roundings.layer_of("adaround", W, qparams, X)
    down, up = all_roundings.down_and_up(layer.W, layer.grid)
    _, d_down, d_up = all_roundings.errors(layer, down, up)
    return np.where(best_rounding._learned(d_down, d_up, layer.X) >= 0.5, up, down)


def _obq(W, p, X, saliency=lambda e, d: e * e / d, sign=1, downdate=True):
    """obq row by row on a regular H, with one thing changed."""
    rows, H = np.array(W, float), np.asarray(X, float).T @ np.asarray(X, float)
    for w in rows:
        left, inverse = list(range(len(w))), np.linalg.pinv(H)
        while left:
            e, d = affine.fake_quantize(w, p) - w, np.diag(inverse)
            i = min(left, key=lambda j: saliency(e[j], d[j]))
            w[left] += sign * (inverse[:, i] * e[i] / d[i])[left]
            w[i] = affine.fake_quantize(w[i] if sign == 1 else w[i] - sign * e[i], p)
            left.remove(i)
            if downdate:
                inverse = inverse - np.outer(inverse[:, i], inverse[i]) / d[i]
    return affine.quantize(rows, p)


@slip(
    "quantization.best_rounding.obq",
    "What can the weights that are still free do about an error already made?",
)
def rest_not_moved(W, qparams, X):
    return _obq(W, qparams, X, sign=0)


@slip("quantization.best_rounding.obq", "Where must weight i itself stand after the move?")
def rest_moved_the_wrong_way(W, qparams, X):
    return _obq(W, qparams, X, sign=-1)


@slip(
    "quantization.best_rounding.obq",
    "May a weight that is rounded still help to make up for the next?",
)
def inverse_not_downdated(W, qparams, X):
    return _obq(W, qparams, X, downdate=False)


@slip("quantization.best_rounding.obq", "Which goes first, the weight that costs least or most?")
def dearest_first(W, qparams, X):
    return _obq(W, qparams, X, saliency=lambda e, d: -e * e / d)


@slip("quantization.best_rounding.obq", "Does the same error cost the same at every input?")
def smallest_error_first(W, qparams, X):
    return _obq(W, qparams, X, saliency=lambda e, d: e * e)


@slip(
    "quantization.all_roundings.every", "Which weight does the lowest bit of the index stand for?"
)
def first_weight_at_the_highest_bit(W, qparams, X):
    costs = _original_every(W, qparams, X)
    n = np.shape(W)[-1]
    return costs[..., [int(f"{k:0{n}b}"[::-1], 2) for k in range(2**n)]]


@slip(
    "quantization.best_rounding.enumerated",
    "Of two roundings that cost the same, which one is taken?",
)
def last_of_equals(W, qparams, X):
    costs, n = _original_every(W, qparams, X), np.shape(W)[-1]
    index = costs.shape[-1] - 1 - costs[..., ::-1].argmin(axis=-1)
    steps = affine.quantize_steps(W, qparams).divided
    return _codes(
        np.where(index[..., None] >> np.arange(n) & 1, np.ceil(steps), np.floor(steps))
        + qparams.zero_point,
        qparams,
    )


@slip("quantization.all_roundings.rank", "What is the rank of the best?")
def rank_from_one(W, codes, qparams, X):
    return (
        _original_every(W, qparams, X) <= _original_objective(W, codes, qparams, X)[..., None]
    ).sum(axis=-1)


@slip("quantization.all_roundings.every_network", "Is J a sum over the examples or their mean?")
def mean_J_of_roundings(params, grids, X, y, activation="tanh"):
    return _original_every_network(params, grids, X, y, activation) / len(y)


# --- quantization-aware training
# -------------------------------------------------------------------------------------


@slip(
    "quantization.straight_through.gradient",
    "What is the slope of a staircase, and what would be learned from it?",
)
def slope_of_the_staircase(upstream, x, p):
    return np.zeros_like(np.asarray(x) * np.asarray(upstream))


@slip(
    "quantization.straight_through.gradient",
    "What does a step do for a weight that is already clipped?",
)
def through_the_clip(upstream, x, p):
    return np.asarray(upstream, dtype=float)


@slip("quantization.straight_through.gradient", "Is a weight that has the last code clipped?")
def ends_excluded(upstream, x, p):
    code = affine.quantize_steps(x, p).shifted
    return np.where((code > p.qmin) & (code < p.qmax), upstream, 0)


@slip(
    "quantization.straight_through.gradient",
    "Is a weight clipped as soon as it passes the last level?",
)
def edge_at_the_last_level(upstream, x, p):
    divided = affine.quantize_steps(x, p).divided + p.zero_point
    return np.where((divided >= p.qmin) & (divided <= p.qmax), upstream, 0)


@slip(
    "quantization.straight_through.fit",
    "Where are steps collected that are smaller than half a step of the grid?",
)
def steps_on_the_quantized(params, X, y, grids, *, steps, **options):
    for _ in range(steps):
        params = _original_aware(
            straight_through.fake_quantize(params, grids), X, y, grids, steps=1, **options
        ).params
    return _original_aware(params, X, y, grids, steps=0, **options)
