"""Round each weight down or up so that the output of the layer changes least.

    nearest     rounds each weight on its own, which is best where H is diagonal
    adaround    rounds all at once, by gradient descent: M. Nagel et al., "Up or down? Adaptive
                rounding for post-training quantization" (2020)
    obq         rounds one weight after the other and moves the rest to compensate: E. Frantar,
                D. Alistarh, "Optimal brain compression" (2022), equation 7, without its rule that
                outliers are rounded first
    enumerated  tries all 2ⁿ roundings of a row of up to 16 weights, so its result is the optimum

A code is the whole number that stands for a weight. W, X, H and the change of a row's output,
Σ over X of (δ·x)², are defined in `all_roundings`, which also computes it for all roundings. Where
X holds no information (N = 0, or all 0), every method gives the codes of nearest.
"""

import numpy as np

from refnn import derivatives, training
from refnn.quantization import affine, all_roundings
from refnn.quantization.affine import QParams  # noqa: F401  (the examples use it)
from refnn.quantization.all_roundings import (
    bits,
    down_and_up,
    errors,
    layer_of,
    of_layer,
    of_narrow_layer,
    square,
)
from refnn.quantization.rounding import saturate

ZETA, GAMMA = 1.1, -0.1  # adaround stretches the sigmoid to −0.1..1.1, then clips it to 0..1
BETA = 20, 2  # of adaround: β at the first and at the last step
STEPS, RATE, WEIGHT = 1000, np.float64(0.02), 0.5  # of adaround: steps and rate of Adam, and λ
SINGULAR, DAMPING = 1e-12, 1e-8  # of obq: see its docstring


@of_layer
def nearest(W, qparams, X):
    """Round each weight to its nearest code, whatever X is.

    A half goes to the even whole number, before zero_point is added. The codes (…, rows, n) are
    affine.quantize(W, qparams).

    >>> nearest([[0.4, 0.6, 1.5]], QParams(1.0, 0, -8, 7), np.ones((1, 3)))
    array([[0, 1, 2]], dtype=int8)
    """
    return affine.quantize.formula(W, affine.align(qparams, W.shape, W.dtype))


@of_layer
def adaround(W, qparams, X):
    """Find by gradient descent which weights to round up, and return the codes (…, rows, n).

        ŵ = s·(⌊w/s⌋ + h(V)), clipped
        h(V) = clip(σ(V)·(ζ − γ) + γ, 0, 1)        ζ = 1.1, γ = −0.1
        minimise  δᵀHδ/c + λ Σᵢ (1 − |2hᵢ − 1|^β)

    s is the scale and δ = ŵ − w. h = 0 rounds a weight down and h = 1 rounds it up. β goes from 20
    to 2 during the descent, so h is free at first and is then pulled to 0 or 1. V starts where h is
    the fraction w/s − ⌊w/s⌋, so that δ = 0. c is the mean of sᵢ²·Hᵢᵢ over the row. Because of this
    division, one λ and one learning rate of Adam serve all scales.

    At the end, weights with h ≥ ½ are rounded up. A row that is not better than `nearest` gets the
    codes of `nearest`, so no row is ever worse.

    >>> X = [[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [1.0, 0.0, 0.0]]
    >>> adaround([[0.4, 0.4, 0.3]], QParams(1.0, 0, -8, 7), X)
    array([[0, 1, 0]], dtype=int8)
    """
    layer, near = layer_of(W, qparams, X), nearest.formula(W, qparams, X)
    down, up = down_and_up(W, qparams)
    _, d_down, d_up, d_near = errors(layer, down, up, near)
    upwards = _learned(d_down, d_up, layer.X) >= 0.5
    better = square(np.where(upwards, d_up, d_down), layer.X) < square(d_near, layer.X)
    return np.where(better[..., None], np.where(upwards, up, down), near)


def _learned(d_down, d_up, X):
    """Return h after the last step of Adam, (…, rows, n)."""
    gap, H = d_up - d_down, X.mT @ X  # s, or 0 where both are one code
    diagonal = np.diagonal(H, axis1=-2, axis2=-1)[..., None, :]
    c = (gap * gap * diagonal).sum(axis=-1, keepdims=True) / max(gap.shape[-1], 1)
    c, fraction = np.where(c > 0, c, 1), np.clip(-d_down / np.where(gap > 0, gap, 1), 0, 1)
    betas = iter(np.linspace(*BETA, STEPS))

    def h_of(V):
        sigma = 1 / (1 + np.exp(-V))
        return np.clip(sigma * (ZETA - GAMMA) + GAMMA, 0, 1), (ZETA - GAMMA) * sigma * (1 - sigma)

    def gradient(V):
        (h, h_slope), beta = h_of(V), next(betas)
        slope = 2 * gap * ((d_down + h * gap) @ H) / c  # (…, rows, n) @ (…, n, n)
        slope -= WEIGHT * 2 * beta * np.sign(2 * h - 1) * np.abs(2 * h - 1) ** (beta - 1)
        return slope * h_slope * ((h > 0) & (h < 1))

    V = -np.log((ZETA - GAMMA) / (fraction - GAMMA) - 1)
    return h_of(training.minimise.formula(V, gradient, steps=STEPS, lr=RATE))[0]


@of_layer
def obq(W, qparams, X):
    """Round the weights one by one, the cheapest first, and move the rest each time to compensate.

        i = the weight with the least eᵢ²/[H⁻¹]ᵢᵢ, e = quant(w) − w
        w ← w + H⁻¹[:, i]·eᵢ/[H⁻¹]ᵢᵢ
        H ← H without row and column i

    The codes (…, rows, n) lie within qmin..qmax. eᵢ²/[H⁻¹]ᵢᵢ is the smallest cost of rounding
    weight i when all others may move. Ties go to the first weight. Since i is the cheapest and
    [H⁻¹]ᵢⱼ² ≤ [H⁻¹]ᵢᵢ·[H⁻¹]ⱼⱼ, no weight moves by more than its own |eⱼ|. So each code is still one
    of the two codes beside the original weight.

    First, each input in X is divided by the power of two that brings its largest |x| into [½, 1).
    If an input is always 0, the diagonal of H gets a 1 there. Then, only if the reciprocal
    condition of H is below 1e-12, 1e-8 times the mean of the diagonal is added to the diagonal.

    >>> X = [[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [1.0, 0.0, 0.0]]
    >>> obq([[0.4, 0.4, 0.3]], QParams(1.0, 0, -8, 7), X)
    array([[0, 1, 0]], dtype=int8)
    """
    layer, grid = layer_of(W, qparams, X), affine.align(qparams, W.shape, W.dtype)
    codes = affine.quantize.formula(W, grid)
    unit, _ = errors(layer, codes)
    shift = layer.columns - unit[..., None]  # powers of two, as in errors
    w, left, n = W.astype(np.float64), np.ones(W.shape, dtype=bool), W.shape[-1]
    inverse = np.broadcast_to(_inverse(layer.X)[..., None, :, :], (*W.shape, n))  # (…, rows, n, n)
    for _ in range(n):
        q = affine.quantize.formula(saturate(w.astype(W.dtype)), grid)
        w_hat = affine.dequantize.formula(q, layer.grid)
        e, diagonal = np.ldexp(w_hat - w, shift), np.diagonal(inverse, axis1=-2, axis2=-1)
        cost = np.where(left, np.abs(e) / np.sqrt(diagonal), np.inf)  # the root: e² might become 0
        i = np.argmin(cost, axis=-1)[..., None]  # (…, rows, 1)
        step = _at(e, i) / _at(diagonal, i)
        move = _at(inverse, i[..., None])[..., 0] * step  # (…, rows, n), 0 where rounded before
        w = saturate(w + np.ldexp(move, -shift))
        for a, values in ((w, _at(w_hat, i)), (codes, _at(q, i)), (left, False)):
            np.put_along_axis(a, i, values, -1)
        inverse = derivatives.inverse_without.formula(inverse, i[..., 0])
    return codes


def _at(a, i):
    """Return the entries i along the last axis of a."""
    return np.take_along_axis(a, i, -1)


def _inverse(X):
    """Return the inverse of H = XᵀX, (…, n, n), after making H invertible where it is not."""
    H, one = X.mT @ X, np.eye(X.shape[-1])
    H = H + one * (np.diagonal(H, axis1=-2, axis2=-1) == 0)[..., None]
    values = np.linalg.eigvalsh(H)
    singular = (values[..., :1] < SINGULAR * values[..., -1:])[..., None]
    mean = np.trace(H, axis1=-2, axis2=-1)[..., None, None] / max(len(one), 1)
    return np.linalg.inv(np.where(singular, H + DAMPING * mean * one, H))


@of_narrow_layer
def enumerated(W, qparams, X):
    """Return the best of all 2ⁿ roundings of each row, (…, rows, n).

    A row has n ≤ 16 weights. Ties go to the first rounding in `all_roundings.every`.

    >>> enumerated([[0.25, 0.5]], QParams(1.0, 0, -8, 7), [[1.0, 2.0]])
    array([[1, 0]], dtype=int8)
    """
    layer, (down, up) = layer_of(W, qparams, X), down_and_up(W, qparams)
    unit, d_down, d_up = errors(layer, down, up)
    best = np.empty(unit.shape, dtype=np.int64)
    for row in np.ndindex(unit.shape):
        best[row] = np.argmin(all_roundings.table(d_down, d_up, layer.X, row))
    chosen = np.where(bits(best, W.shape[-1]), up, down)  # (…, rows, n)
    says_something = X.any(axis=(-2, -1))[..., None, None]
    return np.where(says_something, chosen, nearest.formula(W, qparams, X))
