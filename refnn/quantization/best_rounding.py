"""Up or down? Of the two codes beside each weight, those that keep the layer's output in place, not
each weight.

    nearest     each weight on its own: best where H is diagonal
    adaround    all at once, by gradient descent: M. Nagel et al., "Up or down? Adaptive rounding
                for post-training quantization" (2020)
    obq         one by one, the rest moved to make up for it: E. Frantar, D. Alistarh, "Optimal
                brain compression" (2022), equation 7, without its rule that takes outliers first
    enumerated  all 2ⁿ roundings of a row, tried: the truth, for up to 16 weights a row

What a rounding does to the output of a row, Σ over X of (δ·x)², and the truth, all roundings, are
in `all_roundings`; W, X and H there are those here. Where X says nothing (N = 0, or all 0) every
method gives nearest.
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

ZETA, GAMMA = 1.1, -0.1  # adaround: the sigmoid stretched to −0.1..1.1, then clipped to 0..1
BETA = 20, 2  # adaround: from, to
STEPS, RATE, WEIGHT = 1000, np.float64(0.02), 0.5  # adaround: of Adam; λ
SINGULAR, DAMPING = 1e-12, 1e-8  # obq


@of_layer
def nearest(W, qparams, X):
    """affine.quantize(W, qparams): each weight to its nearest code, half to even, whatever X. Codes
    (…, rows, n).

    >>> nearest([[0.4, 0.6, 1.5]], QParams(1.0, 0, -8, 7), np.ones((1, 3)))
    array([[0, 1, 2]], dtype=int8)
    """
    return affine.quantize.formula(W, affine.align(qparams, W.shape, W.dtype))


@of_layer
def adaround(W, qparams, X):
    """Learn the rounding by gradient descent on V; codes (…, rows, n), never worse than nearest,
    row by row.

        ŵ = s·(⌊w/s⌋ + h(V)), clipped
        h(V) = clip(σ(V)·(ζ − γ) + γ, 0, 1)        ζ = 1.1, γ = −0.1
        minimise  δᵀHδ/c + λ Σᵢ (1 − |2hᵢ − 1|^β)

    β goes from 20 to 2 on the way: h is first free, then drawn to 0 and 1. V starts where h is the
    fraction w/s − ⌊w/s⌋, so that δ = 0. c is the mean of sᵢ²·Hᵢᵢ over the row: one λ and one rate
    of Adam then serve all scales. At the end h ≥ ½ goes up; a row that is not better than nearest
    stays nearest.

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
    """h after Adam's last step, (…, rows, n)."""
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
    """Round one by one, the cheapest first, and move the rest to make up for it; codes (…, rows, n)
    within qmin..qmax.

        i = the weight of the least eᵢ²/[H⁻¹]ᵢᵢ, e = quant(w) − w
        w ← w + H⁻¹[:, i]·eᵢ/[H⁻¹]ᵢᵢ;   H without i

    eᵢ²/[H⁻¹]ᵢᵢ is the least that rounding i costs when all others may move; ties go to the first.
    As i is the least and [H⁻¹]ᵢⱼ² ≤ [H⁻¹]ᵢᵢ·[H⁻¹]ⱼⱼ, no weight moves by more than its own |eⱼ|:
    each code is still w's floor or ceiling. A dead input (all 0) gets a 1 in H's diagonal; then,
    only where H's reciprocal condition is below 1e-12, 1e-8 times the mean of the diagonal is added
    to it. Both with X in the powers of two that bring each input's largest |x| into [½, 1).

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
        cost = np.where(left, np.abs(e) / np.sqrt(diagonal), np.inf)  # its root: e² might vanish
        i = np.argmin(cost, axis=-1)[..., None]  # (…, rows, 1)
        step = _at(e, i) / _at(diagonal, i)
        move = _at(inverse, i[..., None])[..., 0] * step  # (…, rows, n), 0 where rounded before
        w = saturate(w + np.ldexp(move, -shift))
        for a, values in ((w, _at(w_hat, i)), (codes, _at(q, i)), (left, False)):
            np.put_along_axis(a, i, values, -1)
        inverse = derivatives.inverse_without.formula(inverse, i[..., 0])
    return codes


def _at(a, i):
    """The entries i along the last axis of a."""
    return np.take_along_axis(a, i, -1)


def _inverse(X):
    """H⁻¹ of H = XᵀX, (…, n, n), made regular where it is not."""
    H, one = X.mT @ X, np.eye(X.shape[-1])
    H = H + one * (np.diagonal(H, axis1=-2, axis2=-1) == 0)[..., None]
    values = np.linalg.eigvalsh(H)
    singular = (values[..., :1] < SINGULAR * values[..., -1:])[..., None]
    mean = np.trace(H, axis1=-2, axis2=-1)[..., None, None] / max(len(one), 1)
    return np.linalg.inv(np.where(singular, H + DAMPING * mean * one, H))


@of_narrow_layer
def enumerated(W, qparams, X):
    """The best of all 2ⁿ roundings of each row, (…, rows, n); n ≤ 16; ties go to the first in
    `all_roundings.every`.

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
