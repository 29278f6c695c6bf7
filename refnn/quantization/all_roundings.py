"""Compute how much each of the 2ⁿ roundings of a row of weights changes the output of a layer.

A rounding takes each weight down or up to one of the two neighbouring codes.

    δ = ŵ − w                               w is a row of W, and ŵ is decoded from its codes
    Σ over X of (δ·x)² = δᵀHδ, H = XᵀX      how much the output of that row changes

W is (…, rows, n). X is (N, n) for all layers of a stack, or (…, N, n). To include a bias, append it
to W as a column, and append a column of ones to X. Weights are divided by their scale in W's own
precision, as in `affine`. ŵ and the sums over X are float64.
"""

from typing import NamedTuple

import numpy as np

from refnn import arrays, network
from refnn.arrays import Refused, describe
from refnn.network import ACTIVATION, ROWS, SCORES, Params, fields
from refnn.quantization import affine, rounding
from refnn.quantization.affine import Aligned, QParams
from refnn.validation import Numeric, takes

MAX_WEIGHTS = 16  # 2^16 roundings
AT_ONCE = 2**18  # the most numbers in one buffer
NOTHING = -9999  # stands for the exponent of 0


class Layer(NamedTuple):
    """The weights of a layer, the grid of their codes, and its inputs X scaled by powers of two.

    Each column of X is divided by the power of two that brings its largest |x| into [½, 1). This
    division does not round. After it, no square overflows or vanishes, so the best rounding is
    found for values of any size.

    >>> W, X = np.array([[0.25, 0.5]]), np.array([[3.0, 0.0], [1.0, 0.0]])
    >>> layer_of(W, QParams(1.0, 0, -8, 7), X).X.tolist()
    [[0.75, 0.0], [0.25, 0.0]]
    """

    W: np.ndarray  # (…, rows, n)
    grid: Aligned  # along W, in float64: ŵ is float64 whatever W and the scale are
    X: np.ndarray  # (N, n) or (…, N, n)
    columns: np.ndarray  # (1, n) or (…, 1, n): the exponents of these powers


# --- what the functions take ----------------------------------------------------------------------


def _weights(limit=None):
    """Return the kind (the check of an argument) of W, with at most `limit` weights in a row."""

    def check(name, W, arguments):
        if W.ndim < 2:
            raise Refused(name, "of shape (…, rows, n)", f"shape {W.shape}")
        if limit is not None and W.shape[-1] > limit:
            at_most = f"of at most {limit} weights a row (2^{limit} roundings)"
            raise Refused(name, at_most, f"shape {W.shape}")
        return W

    return Numeric("W", check)


def _inputs(name, X, arguments):
    W = arguments["W"]
    *batch, _, n = W.shape
    if X.ndim < 2 or X.shape[-1] != n or X.shape[:-2] not in ((), tuple(batch)):
        stack = f" or {W.shape[:-2]} + (N, {n})" if batch else ""
        raise Refused(name, f"of shape (N, {n}){stack} beside W {W.shape}", f"shape {X.shape}")
    return X.astype(np.float64, copy=False)


def _grid(name, p, arguments):
    return affine.checked(p, name)


def _codes(name, codes, arguments):
    codes, W, p = arrays.integers(name, codes), arguments["W"], arguments["qparams"]
    if codes.shape != W.shape:
        raise Refused(name, f"of W's shape {W.shape}", f"shape {codes.shape}")
    if ((codes < p.qmin) | (codes > p.qmax)).any():
        raise Refused(name, f"within qmin..qmax = {p.qmin}..{p.qmax}", describe(codes))
    return codes


def _small(name, params, arguments):
    if params.batch or params.flatten().size > MAX_WEIGHTS:
        expected = f"one network of at most {MAX_WEIGHTS} parameters"
        got = f"sizes {params.sizes} and leading axes {params.batch}"
        raise Refused(name, expected, got)
    return params


def _four(name, grids, arguments):
    """Accept one QParams for all four arrays, or four of them."""
    four = list(grids) if isinstance(grids, (tuple, list)) else [grids] * 4
    if len(four) != 4 or not all(isinstance(p, QParams) for p in four):
        raise Refused(name, "a QParams or four of them", describe(four))
    return [affine.checked(p) for p in four]


def _codes_of_network(name, codes, arguments):
    parts = fields(name, codes, "integers")
    SCORES.check(name, codes, arguments)  # of the sizes of params
    return Params(*[arrays.integers(part, a) for part, a in parts.items()])


INPUTS, SMALL = Numeric("X", _inputs), Numeric("network", _small, fields)
of_layer = takes(W=_weights(), X=INPUTS, qparams=_grid, exact=False)
of_narrow_layer = takes(W=_weights(MAX_WEIGHTS), X=INPUTS, qparams=_grid, exact=False)


# --- the formulas ---------------------------------------------------------------------------------


def layer_of(W, qparams, X):
    """Build the Layer of checked arguments."""
    grid = affine.align(qparams, W.shape, arrays.DOUBLE)
    # If an input is 0 in all examples, its δ is taken as 0.
    largest = np.abs(X).max(axis=-2, keepdims=True, initial=0)
    columns = np.where(largest > 0, np.frexp(largest)[1], NOTHING)
    return Layer(W, grid, np.ldexp(X, -columns), columns)


@takes(W=_weights(), X=INPUTS, qparams=_grid, codes=_codes, exact=False)
def objective(W, codes, qparams, X):
    """Return Σ over X of ((ŵ − w)·x)² for each row, (…, rows).

    This is how much a rounding changes the output of the layer. It may be inf.

    >>> X = [[1.0, 1.0], [2.0, -3.0]]
    >>> objective([[0.25, 0.5]], np.array([[1, 0]]), QParams(1.0, 0, -8, 7), X)
    array([9.0625])
    """
    layer = layer_of(W, qparams, X)
    unit, d = errors(layer, codes)
    return np.ldexp(square(d, layer.X), 2 * unit)


@of_narrow_layer
def every(W, qparams, X):
    """Compute `objective` for all 2ⁿ roundings of each row, (…, rows, 2ⁿ).

    A row has n ≤ 16 weights. Bit i of the last index is 1 where weight i is rounded up. A weight on
    the grid, or beyond its ends, has one code only, so its two roundings are the same.

    >>> every([[0.25, 0.5]], QParams(1.0, 0, -8, 7), [[1.0, 2.0]])
    array([[1.5625, 0.0625, 0.5625, 3.0625]])
    """
    layer = layer_of(W, qparams, X)
    unit, d_down, d_up = errors(layer, *down_and_up(W, qparams))
    costs = np.empty((*unit.shape, 2 ** W.shape[-1]))
    for row in np.ndindex(unit.shape):
        costs[row] = table(d_down, d_up, layer.X, row)
    return np.ldexp(costs, 2 * unit[..., None])


@takes(W=_weights(MAX_WEIGHTS), X=INPUTS, qparams=_grid, codes=_codes, exact=False)
def rank(W, codes, qparams, X):
    """Count how many of the 2ⁿ roundings of each row cost less than these codes, (…, rows).

    The count is 0 for the best rounding. The codes may be any within qmin..qmax, and a row has
    n ≤ 16 weights.

    >>> rank([[0.25, 0.5]], np.array([[0, 0]]), QParams(1.0, 0, -8, 7), [[1.0, 2.0]])
    array([2])
    """
    layer = layer_of(W, qparams, X)
    down, up = down_and_up(W, qparams)
    unit, d_down, d_up, d = errors(layer, down, up, codes)
    own, index = square(d, layer.X), _index(codes, down)  # (…, rows) each
    listed = ((codes == down) | (codes == up)).all(axis=-1)
    ranks = np.empty(unit.shape, dtype=np.int64)
    for row in np.ndindex(unit.shape):
        costs = table(d_down, d_up, layer.X, row)  # all entries have the same rounding errors
        ranks[row] = np.count_nonzero(costs < (costs[index[row]] if listed[row] else own[row]))
    return ranks


@takes(params=SMALL, X=ROWS, y=ROWS, activation=ACTIVATION, grids=_four, exact=False)
def every_network(params, grids, X, y, activation="tanh"):
    """Return J = ½ Σ ‖y − ŷ‖² of all 2ⁿ roundings of a network, (2ⁿ,).

    Bit i of the index is 1 where the i-th parameter of Params.flatten is rounded up. params is one
    network of n ≤ 16 parameters. grids is a QParams for each of the four arrays, or one for all.

    >>> p, grid = Params([[0.5]], [0.0], [[1.0]], [0.25]), QParams(1.0, 0, -8, 7)
    >>> every_network(p, grid, [[2.0]], [[3.0]], "relu")[::4]
    array([4.5, 4.5, 2. , 2. ])
    """
    down, up = (_decoded(codes, grids).flatten() for codes in _sides(params, grids))  # (n,) each
    J = np.empty(2**down.size)
    block = max(1, AT_ONCE // max(1, len(X) * max(params.sizes)))
    for start in range(0, J.size, block):
        index = np.arange(start, min(start + block, J.size))
        stack = Params.unflatten(np.where(bits(index, down.size), up, down), params.sizes)
        y_hat = network.forward.formula(stack, X, activation).y_hat  # (block, N, out)
        J[index] = network.loss.formula(y_hat, y)
    return J


@takes(params=SMALL, grids=_four, codes=_codes_of_network, exact=False)
def network_index(params, codes, grids):
    """Return the index that these codes, a Params of integers, have in `every_network`.

    Each code must be one of the two that `down_and_up` gives for its parameter. Otherwise a
    ValueError names the argument `codes`.

    >>> p, grid = Params([[0.5]], [0.0], [[1.0]], [0.25]), QParams(1.0, 0, -8, 7)
    >>> network_index(p, Params([[1]], [0], [[1]], [1]), grid)
    9
    """
    q, (down, up) = codes.flatten(), (side.flatten() for side in _sides(params, grids))
    if ((q != down) & (q != up)).any():
        either = "the floor or the ceiling of params/scale, + zero_point, saturated"
        raise Refused("codes", either, describe(q))
    return int(_index(q, down))


def down_and_up(W, qparams):
    """Return the codes of ⌊w/scale⌋ and of ⌈w/scale⌉, with zero_point added.

    They are clipped to qmin..qmax. Both have the shape of W.
    """
    grid = affine.align(qparams, W.shape, W.dtype)
    divided = affine.quantize_steps.formula(W, grid).divided
    shifted = [side(divided) + grid.zero_point for side in (np.floor, np.ceil)]
    ends = grid.qmin, grid.qmax
    return [rounding.codes(np.clip(side, *ends), *ends) for side in shifted]


def _sides(params, grids):
    """Return the codes of a network with all parameters rounded down and with all rounded up."""
    sides = zip(*map(down_and_up, params.arrays(), grids))
    return [Params(*codes) for codes in sides]


def _decoded(codes, grids):
    """Decode the codes of a network to a Params of float64."""
    laid = [affine.align(p, q.shape, arrays.DOUBLE) for p, q in zip(grids, codes.arrays())]
    return Params(*map(affine.dequantize.formula, codes.arrays(), laid))


def errors(layer, *codes):
    """Return an exponent `unit` for each row, and the scaled δ = ŵ − w for each array of codes.

    Each δ is divided by 2^(unit − columns), which brings the largest of a row into [½, 1).
    """
    off = [rounding.saturate(affine.dequantize.formula(q, layer.grid) - layer.W) for q in codes]
    exponents = [np.where(d == 0, NOTHING, np.frexp(d)[1] + layer.columns) for d in off]
    unit = np.max([e.max(axis=-1, initial=NOTHING) for e in exponents], axis=0)  # (…, rows)
    return unit, *(np.ldexp(d, layer.columns - unit[..., None]) for d in off)


def square(d, X):
    """Return Σ over X of (δ·x)², (…, rows)."""
    return np.square(d @ X.mT).sum(axis=-1)  # (…, rows, n) @ (…, n, N)


def table(d_down, d_up, X, row):
    """Return Σ over X of (δ·x)² for all 2ⁿ roundings of one row, (2ⁿ,).

    The list of outputs δ·x starts with one entry, and each weight doubles it.
    """
    X = X[row[:-1]] if X.ndim > 2 else X
    costs = np.zeros(2 ** X.shape[-1])
    for part in np.array_split(X, max(1, -(-len(X) * costs.size // AT_ONCE))):
        output = np.zeros((len(part), 1))  # (examples, 2ⁱ): δ·x of the first i
        for x, *sides in zip(part.T[..., None], d_down[row], d_up[row]):
            output = np.concatenate([output + x * d for d in sides], axis=1)
        costs += np.square(output).sum(axis=0)
    return costs


def bits(index, n):
    """Return bit i of each index, (…, n)."""
    return (np.asarray(index)[..., None] >> np.arange(n) & 1).astype(bool)


def _index(codes, down):
    """Return Σ 2ⁱ over the weights i whose code is not the lower one, (…)."""
    return ((codes != down) << np.arange(codes.shape[-1])).sum(axis=-1)
