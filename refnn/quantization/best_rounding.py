"""Up or down? Of the two codes beside each weight, those that keep the layer's output in place, not each weight.

    δ = ŵ − w, w a row of W      Σ over X of (δ·x)² = δᵀHδ, H = XᵀX      what a rounding does to the output of that row

    nearest     each weight on its own: best where H is diagonal
    adaround    all at once, by gradient descent: M. Nagel et al., "Up or down? Adaptive rounding for post-training
                quantization" (2020)
    obq         one by one, the rest moved to make up for it: E. Frantar, D. Alistarh, "Optimal brain compression"
                (2022), equation 7, without its rule that takes outliers first
    enumerated  all 2ⁿ roundings of a row, tried: the truth, for up to 16 weights a row

W (…, rows, n); X (N, n) for all or (…, N, n); a bias is a column of W beside a column of ones in X. Weights are divided
by their scale in W's own precision, as in `affine`; ŵ and the sums over X are float64. Where X says nothing (N = 0, or
all 0) every method gives nearest.
"""

from typing import NamedTuple

import numpy as np

from refnn import arrays, downdate, network, training
from refnn.network import Params
from refnn.quantization import affine
from refnn.quantization.affine import QParams

MAX_WEIGHTS = 16                           # 2^16 roundings
AT_ONCE = 2**18                            # numbers in one buffer
ZETA, GAMMA = 1.1, -0.1                    # adaround: the sigmoid stretched to −0.1..1.1, then clipped to 0..1
BETA = 20, 2                               # adaround: from, to
STEPS, RATE, WEIGHT = 1000, 0.02, 0.5      # adaround: of Adam; λ
SINGULAR, DAMPING = 1e-12, 1e-8            # obq
NOTHING = -9999                            # the exponent of 0


@np.errstate(all="ignore")
def objective(W, codes, qparams, X):
    """Σ over X of ((ŵ − w)·x)² for each row, (…, rows): what a rounding costs in the layer's output. May be inf.

    >>> objective([[0.25, 0.5]], np.array([[1, 0]]), QParams(1.0, 0, -8, 7), [[1.0, 1.0], [2.0, -3.0]])
    array([9.0625])
    """
    layer = _layer("objective", W, qparams, X)
    unit, d = _errors(layer, _given("objective", codes, layer))
    return np.ldexp(_square(d, layer.X), 2 * unit)


def nearest(W, qparams, X):
    """affine.quantize(W, qparams): each weight to its nearest code, half to even, whatever X. Codes (…, rows, n).

    >>> nearest([[0.4, 0.6, 1.5]], QParams(1.0, 0, -8, 7), np.ones((1, 3)))
    array([[0, 1, 2]], dtype=int8)
    """
    layer = _layer("nearest", W, qparams, X)
    return affine.quantize(layer.W, layer.grid)


def adaround(W, qparams, X):
    """The rounding learned by gradient descent on V; codes (…, rows, n), never worse than nearest, row by row.

        ŵ = s·(⌊w/s⌋ + h(V)), clipped        h(V) = clip(σ(V)·(ζ − γ) + γ, 0, 1)        ζ = 1.1, γ = −0.1
        minimise  δᵀHδ/c + λ Σᵢ (1 − |2hᵢ − 1|^β)        β from 20 to 2 on the way: first free, then drawn to 0 and 1

    V starts where h is the fraction w/s − ⌊w/s⌋, so that δ = 0. c is the mean of sᵢ²·Hᵢᵢ over the row: one λ and one
    rate of Adam then serve all scales. At the end h ≥ ½ goes up; a row that is not better than nearest stays nearest.

    >>> X = [[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [1.0, 0.0, 0.0]]
    >>> adaround([[0.4, 0.4, 0.3]], QParams(1.0, 0, -8, 7), X)
    array([[0, 1, 0]], dtype=int8)
    """
    layer = _layer("adaround", W, qparams, X)
    down, up, near = *_sides(layer.W, layer.grid), affine.quantize(layer.W, layer.grid)
    _, d_down, d_up, d_near = _errors(layer, down, up, near)
    upwards = _learned(d_down, d_up, layer.X) >= 0.5
    better = _square(np.where(upwards, d_up, d_down), layer.X) < _square(d_near, layer.X)
    return np.where(better[..., None], np.where(upwards, up, down), near)


def _learned(d_down, d_up, X):
    """h after Adam's last step, (…, rows, n)."""
    gap, H = d_up - d_down, X.mT @ X                                           # s, or 0 where both are one code
    diagonal = np.diagonal(H, axis1=-2, axis2=-1)[..., None, :]
    c = (gap * gap * diagonal).sum(axis=-1, keepdims=True) / max(gap.shape[-1], 1)
    c, fraction = np.where(c > 0, c, 1), np.clip(-d_down / np.where(gap > 0, gap, 1), 0, 1)
    betas = iter(np.linspace(*BETA, STEPS))

    def h_of(V):
        sigma = 1 / (1 + np.exp(-V))
        return np.clip(sigma * (ZETA - GAMMA) + GAMMA, 0, 1), (ZETA - GAMMA) * sigma * (1 - sigma)

    def gradient(V):
        (h, h_slope), beta = h_of(V), next(betas)
        slope = 2 * gap * ((d_down + h * gap) @ H) / c                         # (…, rows, n) @ (…, n, n)
        slope -= WEIGHT * 2 * beta * np.sign(2 * h - 1) * np.abs(2 * h - 1) ** (beta - 1)
        return slope * h_slope * ((h > 0) & (h < 1))

    V = -np.log((ZETA - GAMMA) / (fraction - GAMMA) - 1)
    return h_of(training.minimise(V, gradient, steps=STEPS, lr=RATE))[0]


@np.errstate(all="ignore")
def obq(W, qparams, X):
    """Rounded one by one, the cheapest first, the rest moved to make up for it; codes (…, rows, n) within qmin..qmax.

        i = the weight of the least eᵢ²/[H⁻¹]ᵢᵢ, e = quant(w) − w;   w ← w + H⁻¹[:, i]·eᵢ/[H⁻¹]ᵢᵢ;   H without i

    eᵢ²/[H⁻¹]ᵢᵢ is the least that rounding i costs when all others may move; of equals the first. As i is the least and
    [H⁻¹]ᵢⱼ² ≤ [H⁻¹]ᵢᵢ·[H⁻¹]ⱼⱼ, no weight moves by more than its own |eⱼ|: each code is still w's floor or ceiling.
    A dead input (all 0) gets a 1 in H's diagonal; then, only where H's reciprocal condition is below 1e-12, 1e-8 times
    the mean of the diagonal is added to it. Both with X in the powers of two that bring each input's largest |x| into
    [½, 1).

    >>> obq([[0.4, 0.4, 0.3]], QParams(1.0, 0, -8, 7), [[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [1.0, 0.0, 0.0]])
    array([[0, 1, 0]], dtype=int8)
    """
    layer = _layer("obq", W, qparams, X)
    W, grid, codes = layer.W, layer.grid, affine.quantize(layer.W, layer.grid)
    unit, _ = _errors(layer, codes)
    shift = layer.columns - unit[..., None]                                    # powers of two, as in _errors
    w, left, n = W.astype(np.float64), np.ones(W.shape, dtype=bool), W.shape[-1]
    inverse = np.broadcast_to(_inverse(layer.X)[..., None, :, :], (*W.shape, n))           # (…, rows, n, n)
    for _ in range(n):
        q = affine.quantize(arrays.saturate(w.astype(W.dtype)), grid)
        w_hat = affine.dequantize(q, grid)
        e, diagonal = np.ldexp(w_hat - w, shift), np.diagonal(inverse, axis1=-2, axis2=-1)
        i = np.argmin(np.where(left, np.abs(e) / np.sqrt(diagonal), np.inf), axis=-1)[..., None]     # e² might vanish
        step = np.take_along_axis(e, i, -1) / np.take_along_axis(diagonal, i, -1)          # (…, rows, 1)
        move = np.take_along_axis(inverse, i[..., None], -1)[..., 0] * step    # (…, rows, n), 0 where rounded before
        w = arrays.saturate(w + np.ldexp(move, -shift))
        for a, values in ((w, w_hat), (codes, q)):
            np.put_along_axis(a, i, np.take_along_axis(values, i, -1), -1)
        np.put_along_axis(left, i, False, -1)
        inverse = downdate.inverse_without(inverse, i[..., 0])
    return codes


def _inverse(X):
    """H⁻¹ of H = XᵀX, (…, n, n), made regular where it is not."""
    H, one = X.mT @ X, np.eye(X.shape[-1])
    H = H + one * (np.diagonal(H, axis1=-2, axis2=-1) == 0)[..., None]
    values = np.linalg.eigvalsh(H)
    singular = (values[..., :1] < SINGULAR * values[..., -1:])[..., None]
    mean = np.trace(H, axis1=-2, axis2=-1)[..., None, None] / max(len(one), 1)
    return np.linalg.inv(np.where(singular, H + DAMPING * mean * one, H))


@np.errstate(all="ignore")
def every(W, qparams, X):
    """`objective` of all 2ⁿ roundings of each row, (…, rows, 2ⁿ); bit i of the last index is 1 where weight i goes up.

    n ≤ 16. A weight on the grid, or beyond its ends, has one code: its two roundings are the same.

    >>> every([[0.25, 0.5]], QParams(1.0, 0, -8, 7), [[1.0, 2.0]])
    array([[1.5625, 0.0625, 0.5625, 3.0625]])
    """
    layer = _layer("every", W, qparams, X, MAX_WEIGHTS)
    unit, d_down, d_up = _errors(layer, *_sides(layer.W, layer.grid))
    costs = np.empty((*unit.shape, 2 ** layer.W.shape[-1]))
    for row in np.ndindex(unit.shape):
        costs[row] = _table(d_down, d_up, layer.X, row)
    return np.ldexp(costs, 2 * unit[..., None])


def enumerated(W, qparams, X):
    """The best of all 2ⁿ roundings of each row, of equals the first in `every`'s order; n ≤ 16. Codes (…, rows, n).

    >>> enumerated([[0.25, 0.5]], QParams(1.0, 0, -8, 7), [[1.0, 2.0]])
    array([[1, 0]], dtype=int8)
    """
    layer = _layer("enumerated", W, qparams, X, MAX_WEIGHTS)
    down, up = _sides(layer.W, layer.grid)
    unit, d_down, d_up = _errors(layer, down, up)
    best = np.empty(unit.shape, dtype=np.int64)
    for row in np.ndindex(unit.shape):
        best[row] = np.argmin(_table(d_down, d_up, layer.X, row))
    says = layer.X.any(axis=(-2, -1))[..., None, None]
    return np.where(says, np.where(_bits(best, down.shape[-1]), up, down), affine.quantize(layer.W, layer.grid))


def rank(W, codes, qparams, X):
    """How many of a row's 2ⁿ roundings cost less than these codes, (…, rows): 0 for the best. n ≤ 16; any codes.

    >>> rank([[0.25, 0.5]], np.array([[0, 0]]), QParams(1.0, 0, -8, 7), [[1.0, 2.0]])
    array([2])
    """
    layer = _layer("rank", W, qparams, X, MAX_WEIGHTS)
    codes, (down, up) = _given("rank", codes, layer), _sides(layer.W, layer.grid)
    unit, d_down, d_up, d = _errors(layer, down, up, codes)
    own, index, listed = _square(d, layer.X), _index(codes, down), ((codes == down) | (codes == up)).all(axis=-1)
    ranks = np.empty(unit.shape, dtype=np.int64)
    for row in np.ndindex(unit.shape):
        costs = _table(d_down, d_up, layer.X, row)                             # its own entry: no other rounding error
        ranks[row] = np.count_nonzero(costs < (costs[index[row]] if listed[row] else own[row]))
    return ranks


def every_network(params, grids, X, y, activation="tanh"):
    """J = ½ Σ ‖y − ŷ‖² of all 2ⁿ roundings of a network, (2ⁿ,); bit i is 1 where the i-th of Params.flatten goes up.

    One network of n ≤ 16 parameters; grids: a QParams for each of the four arrays, or one for all.

    >>> every_network(Params([[0.5]], [0.0], [[1.0]], [0.25]), QParams(1.0, 0, -8, 7), [[2.0]], [[3.0]], "relu")[::4]
    array([4.5, 4.5, 2. , 2. ])
    """
    params, X, y = network.checked("every_network", params, X, y, activation, exact=False, complex_=False)
    (_, down), (_, up) = _sides_of_network("every_network", params, grids)
    J = np.empty(2**down.size)
    block = max(1, AT_ONCE // max(1, len(X) * max(params.sizes)))
    for start in range(0, J.size, block):
        index = np.arange(start, min(start + block, J.size))
        stack = Params.unflatten(np.where(_bits(index, down.size), up, down), params.sizes)
        J[index] = network.half_square(network.propagate(stack, X, activation).y_hat, y)
    return J


def network_index(params, codes, grids):
    """Where `every_network` has the network of these codes, a Params of integers: each the floor or the ceiling.

    >>> p, grid = Params([[0.5]], [0.0], [[1.0]], [0.25]), QParams(1.0, 0, -8, 7)
    >>> network_index(p, Params([[1]], [0], [[1]], [1]), grid)
    9
    """
    params, _, _ = network.checked("network_index", params, exact=False, complex_=False)
    (down, _), (up, _) = _sides_of_network("network_index", params, grids)
    given = arrays.fields("network_index", "codes", codes, params, "integers")
    q = Params(*(arrays.integers("network_index", name, a) for name, a in given.items())).flatten()
    if q.shape != down.shape or ((q != down) & (q != up)).any():
        arrays.refuse("network_index", "codes", "the floor or the ceiling of params/scale, + zero_point, saturated",
                      arrays.describe(q))
    return int(_index(q, down))


class _Layer(NamedTuple):
    """Checked: W, its grid, X with each column over a power of two that brings its largest |x| into [½, 1), the powers.

    No square then overflows or vanishes, and nothing was rounded: the same decisions for values of any size."""

    W: np.ndarray
    grid: QParams
    X: np.ndarray
    columns: np.ndarray                                                        # (…, 1, n)


def _layer(function, W, qparams, X, limit=None):
    W, X = (arrays.numbers(function, name, a, exact=False) for name, a in (("W", W), ("X", X)))
    if W.ndim < 2:
        arrays.refuse(function, "W", "of shape (…, rows, n)", f"shape {W.shape}")
    if limit is not None and W.shape[-1] > limit:
        arrays.refuse(function, "W", f"of at most {limit} weights a row (2^{limit} roundings)", f"shape {W.shape}")
    if X.ndim < 2 or X.shape[-1] != W.shape[-1] or X.shape[:-2] not in ((), W.shape[:-2]):
        stack = f" or {W.shape[:-2]} + (N, {W.shape[-1]})" if W.ndim > 2 else ""
        arrays.refuse(function, "X", f"of shape (N, {W.shape[-1]}){stack} beside W {W.shape}", f"shape {X.shape}")
    X = X.astype(np.float64, copy=False)
    largest = np.abs(X).max(axis=-2, keepdims=True, initial=0)
    columns = np.where(largest > 0, np.frexp(largest)[1], NOTHING)             # a dead input: δ counts as 0
    return _Layer(W, _grid(function, qparams), np.ldexp(X, -columns), columns)


def _grid(function, qparams):
    """The same grid, with scales in float64, so that ŵ is: also where they are Fractions or float32."""
    p = arrays.grid(function, qparams)
    return QParams(arrays.double(function, "scale", np.asarray(p.scale)), p.zero_point, p.qmin, p.qmax, p.axis, p.block)


def _given(function, codes, layer):
    codes, p = arrays.integers(function, "codes", codes), layer.grid
    if codes.shape != layer.W.shape:
        arrays.refuse(function, "codes", f"of W's shape {layer.W.shape}", f"shape {codes.shape}")
    if ((codes < p.qmin) | (codes > p.qmax)).any():
        arrays.refuse(function, "codes", f"within qmin..qmax = {p.qmin}..{p.qmax}", arrays.describe(codes))
    return codes


def _sides(W, grid):
    """The codes of ⌊w/scale⌋ and of ⌈w/scale⌉, + zero_point, saturated: of W's shape."""
    divided = affine.quantize_steps(W, grid).divided
    zero_point = arrays.aligned("quantize", "zero_point", np.asarray(grid.zero_point), W.shape, grid.axis, grid.block)
    dtype = arrays.code_dtype(grid.qmin, grid.qmax)
    return [np.clip(side(divided) + zero_point.astype(np.float64), grid.qmin, grid.qmax).astype(dtype)
            for side in (np.floor, np.ceil)]


def _sides_of_network(function, params, grids):
    """(codes, ŵ), (n,) each in the order of flatten, for down and for up."""
    grids = list(grids) if isinstance(grids, (tuple, list)) else [grids] * 4
    if len(grids) != 4 or not all(hasattr(p, "scale") for p in grids):
        arrays.refuse(function, "grids", "a QParams or four of them", arrays.describe(grids))
    if params.batch or params.flatten().size > MAX_WEIGHTS:
        arrays.refuse(function, "params", f"one network of at most {MAX_WEIGHTS} parameters",
                      f"sizes {params.sizes} and leading axes {params.batch}")
    grids = [_grid(function, p) for p in grids]
    sides = zip(*(_sides(a, p) for a, p in zip(params.arrays(), grids)))
    return [(Params(*codes).flatten(), Params(*map(affine.dequantize, codes, grids)).flatten()) for codes in sides]


@np.errstate(all="ignore")
def _errors(layer, *codes):
    """(unit, δ, …): δ = ŵ − w of each of the codes, over 2^(unit − columns), so that its largest is in [½, 1)."""
    errors = [arrays.saturate(affine.dequantize(q, layer.grid) - layer.W) for q in codes]
    exponents = [np.where(d == 0, NOTHING, np.frexp(d)[1] + layer.columns).max(-1, initial=NOTHING) for d in errors]
    unit = np.max(exponents, axis=0)                                           # (…, rows)
    return unit, *(np.ldexp(d, layer.columns - unit[..., None]) for d in errors)


def _square(d, X):
    """Σ over X of (δ·x)², (…, rows)."""
    return np.square(d @ X.mT).sum(axis=-1)                                    # (…, rows, n) @ (…, n, N)


def _table(d_down, d_up, X, row):
    """Σ over X of (δ·x)² for all 2ⁿ δ of one row, (2ⁿ,): each weight doubles the list."""
    X = X[row[:-1]] if X.ndim > 2 else X
    costs = np.zeros(2 ** X.shape[-1])
    for part in np.array_split(X, max(1, -(-len(X) * costs.size // AT_ONCE))):
        output = np.zeros((len(part), 1))                                      # (examples, 2ⁱ): δ·x of the first i
        for x, *sides in zip(part.T[..., None], d_down[row], d_up[row]):
            output = np.concatenate([output + x * d for d in sides], axis=1)
        costs += np.square(output).sum(axis=0)
    return costs


def _bits(index, n):
    """Bit i of each index, (…, n)."""
    return (np.asarray(index)[..., None] >> np.arange(n) & 1).astype(bool)


def _index(codes, down):
    """Σ 2ⁱ over the weights i that are not down, (…)."""
    return ((codes != down) << np.arange(codes.shape[-1])).sum(axis=-1)
