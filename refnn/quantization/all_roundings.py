"""All roundings: every weight down or up, each of the 2ⁿ choices judged by what it does to the
layer's output.

    δ = ŵ − w, w a row of W      Σ over X of (δ·x)² = δᵀHδ, H = XᵀX      what a rounding does to the output of that row

W (…, rows, n); X (N, n) for all or (…, N, n); a bias is a column of W beside a column of ones in X.
Weights are divided by their scale in W's own precision, as in `affine`; ŵ and the sums over X are
float64."""

from typing import NamedTuple

import numpy as np

from refnn import arrays, network
from refnn.network import Params
from refnn.quantization import affine
from refnn.quantization.affine import QParams

MAX_WEIGHTS = 16  # 2^16 roundings
AT_ONCE = 2**18  # numbers in one buffer
NOTHING = -9999  # the exponent of 0


@np.errstate(all="ignore")
def objective(W, codes, qparams, X):
    """Σ over X of ((ŵ − w)·x)² for each row, (…, rows): what a rounding costs in the layer's
    output. May be inf.

    >>> objective([[0.25, 0.5]], np.array([[1, 0]]), QParams(1.0, 0, -8, 7), [[1.0, 1.0], [2.0, -3.0]])
    array([9.0625])
    """
    layer = layer_of("objective", W, qparams, X)
    unit, d = errors(layer, _given("objective", codes, layer))
    return np.ldexp(square(d, layer.X), 2 * unit)


@np.errstate(all="ignore")
def every(W, qparams, X):
    """`objective` of all 2ⁿ roundings of each row, (…, rows, 2ⁿ); bit i of the last index is 1
    where weight i goes up.

    n ≤ 16. A weight on the grid, or beyond its ends, has one code: its two roundings are the same.

    >>> every([[0.25, 0.5]], QParams(1.0, 0, -8, 7), [[1.0, 2.0]])
    array([[1.5625, 0.0625, 0.5625, 3.0625]])
    """
    layer = layer_of("every", W, qparams, X, MAX_WEIGHTS)
    unit, d_down, d_up = errors(layer, *down_and_up(layer.W, layer.grid))
    costs = np.empty((*unit.shape, 2 ** layer.W.shape[-1]))
    for row in np.ndindex(unit.shape):
        costs[row] = table(d_down, d_up, layer.X, row)
    return np.ldexp(costs, 2 * unit[..., None])


def rank(W, codes, qparams, X):
    """How many of a row's 2ⁿ roundings cost less than these codes, (…, rows): 0 for the best. n ≤
    16; any codes.

    >>> rank([[0.25, 0.5]], np.array([[0, 0]]), QParams(1.0, 0, -8, 7), [[1.0, 2.0]])
    array([2])
    """
    layer = layer_of("rank", W, qparams, X, MAX_WEIGHTS)
    codes, (down, up) = _given("rank", codes, layer), down_and_up(layer.W, layer.grid)
    unit, d_down, d_up, d = errors(layer, down, up, codes)
    own, index, listed = (
        square(d, layer.X),
        _index(codes, down),
        ((codes == down) | (codes == up)).all(axis=-1),
    )
    ranks = np.empty(unit.shape, dtype=np.int64)
    for row in np.ndindex(unit.shape):
        costs = table(d_down, d_up, layer.X, row)  # its own entry: no other rounding error
        ranks[row] = np.count_nonzero(costs < (costs[index[row]] if listed[row] else own[row]))
    return ranks


def every_network(params, grids, X, y, activation="tanh"):
    """J = ½ Σ ‖y − ŷ‖² of all 2ⁿ roundings of a network, (2ⁿ,); bit i is 1 where the i-th of
    Params.flatten goes up.

    One network of n ≤ 16 parameters; grids: a QParams for each of the four arrays, or one for all.

    >>> every_network(Params([[0.5]], [0.0], [[1.0]], [0.25]), QParams(1.0, 0, -8, 7), [[2.0]], [[3.0]], "relu")[::4]
    array([4.5, 4.5, 2. , 2. ])
    """
    params, X, y = network.checked(
        "every_network", params, X, y, activation, exact=False, complex_=False
    )
    (_, down), (_, up) = _sides_of_network("every_network", params, grids)
    J = np.empty(2**down.size)
    block = max(1, AT_ONCE // max(1, len(X) * max(params.sizes)))
    for start in range(0, J.size, block):
        index = np.arange(start, min(start + block, J.size))
        stack = Params.unflatten(np.where(bits(index, down.size), up, down), params.sizes)
        J[index] = network.half_square(network.propagate(stack, X, activation).y_hat, y)
    return J


def network_index(params, codes, grids):
    """Where `every_network` has the network of these codes, a Params of integers: each the floor or
    the ceiling.

    >>> p, grid = Params([[0.5]], [0.0], [[1.0]], [0.25]), QParams(1.0, 0, -8, 7)
    >>> network_index(p, Params([[1]], [0], [[1]], [1]), grid)
    9
    """
    params, _, _ = network.checked("network_index", params, exact=False, complex_=False)
    (down, _), (up, _) = _sides_of_network("network_index", params, grids)
    given = arrays.fields("network_index", "codes", codes, params, "integers")
    q = Params(*(arrays.integers("network_index", name, a) for name, a in given.items())).flatten()
    if q.shape != down.shape or ((q != down) & (q != up)).any():
        arrays.refuse(
            "network_index",
            "codes",
            "the floor or the ceiling of params/scale, + zero_point, saturated",
            arrays.describe(q),
        )
    return int(_index(q, down))


class Layer(NamedTuple):
    """Checked: W, its grid, X with each column over a power of two that brings its largest |x| into
    [½, 1), the powers.

    No square then overflows or vanishes, and nothing was rounded: the same decisions for values of
    any size.

    >>> layer_of("example", [[0.25, 0.5]], QParams(1.0, 0, -8, 7), [[3.0, 0.0], [1.0, 0.0]]).X.tolist()
    [[0.75, 0.0], [0.25, 0.0]]
    """

    W: np.ndarray
    grid: QParams
    X: np.ndarray
    columns: np.ndarray  # (…, 1, n)


def layer_of(function, W, qparams, X, limit=None):
    """A `Layer` of the arguments of `function`, refused in its name; limit: of weights in a row."""
    W, X = (arrays.numbers(function, name, a, exact=False) for name, a in (("W", W), ("X", X)))
    if W.ndim < 2:
        arrays.refuse(function, "W", "of shape (…, rows, n)", f"shape {W.shape}")
    if limit is not None and W.shape[-1] > limit:
        arrays.refuse(
            function,
            "W",
            f"of at most {limit} weights a row (2^{limit} roundings)",
            f"shape {W.shape}",
        )
    if X.ndim < 2 or X.shape[-1] != W.shape[-1] or X.shape[:-2] not in ((), W.shape[:-2]):
        stack = f" or {W.shape[:-2]} + (N, {W.shape[-1]})" if W.ndim > 2 else ""
        arrays.refuse(
            function,
            "X",
            f"of shape (N, {W.shape[-1]}){stack} beside W {W.shape}",
            f"shape {X.shape}",
        )
    X = X.astype(np.float64, copy=False)
    largest = np.abs(X).max(axis=-2, keepdims=True, initial=0)
    columns = np.where(largest > 0, np.frexp(largest)[1], NOTHING)  # a dead input: δ counts as 0
    return Layer(W, _grid(function, qparams), np.ldexp(X, -columns), columns)


def _grid(function, qparams):
    """The same grid, with scales in float64, so that ŵ is: also where they are Fractions or
    float32."""
    p = arrays.grid(function, qparams)
    return QParams(
        arrays.double(function, "scale", np.asarray(p.scale)),
        p.zero_point,
        p.qmin,
        p.qmax,
        p.axis,
        p.block,
    )


def _given(function, codes, layer):
    codes, p = arrays.integers(function, "codes", codes), layer.grid
    if codes.shape != layer.W.shape:
        arrays.refuse(function, "codes", f"of W's shape {layer.W.shape}", f"shape {codes.shape}")
    if ((codes < p.qmin) | (codes > p.qmax)).any():
        arrays.refuse(
            function, "codes", f"within qmin..qmax = {p.qmin}..{p.qmax}", arrays.describe(codes)
        )
    return codes


def down_and_up(W, grid):
    """The codes of ⌊w/scale⌋ and of ⌈w/scale⌉, + zero_point, saturated: of W's shape."""
    divided = affine.quantize_steps(W, grid).divided
    zero_point = arrays.aligned(
        "quantize", "zero_point", np.asarray(grid.zero_point), W.shape, grid.axis, grid.block
    )
    dtype = arrays.code_dtype(grid.qmin, grid.qmax)
    return [
        np.clip(side(divided) + zero_point.astype(np.float64), grid.qmin, grid.qmax).astype(dtype)
        for side in (np.floor, np.ceil)
    ]


def _sides_of_network(function, params, grids):
    """(codes, ŵ), (n,) each in the order of flatten, for down and for up."""
    grids = list(grids) if isinstance(grids, (tuple, list)) else [grids] * 4
    if len(grids) != 4 or not all(hasattr(p, "scale") for p in grids):
        arrays.refuse(function, "grids", "a QParams or four of them", arrays.describe(grids))
    if params.batch or params.flatten().size > MAX_WEIGHTS:
        arrays.refuse(
            function,
            "params",
            f"one network of at most {MAX_WEIGHTS} parameters",
            f"sizes {params.sizes} and leading axes {params.batch}",
        )
    grids = [_grid(function, p) for p in grids]
    sides = zip(*(down_and_up(a, p) for a, p in zip(params.arrays(), grids)))
    return [
        (Params(*codes).flatten(), Params(*map(affine.dequantize, codes, grids)).flatten())
        for codes in sides
    ]


@np.errstate(all="ignore")
def errors(layer, *codes):
    """(unit, δ, …): δ = ŵ − w of each of the codes, over 2^(unit − columns), so that its largest is
    in [½, 1)."""
    errors = [arrays.saturate(affine.dequantize(q, layer.grid) - layer.W) for q in codes]
    exponents = [
        np.where(d == 0, NOTHING, np.frexp(d)[1] + layer.columns).max(-1, initial=NOTHING)
        for d in errors
    ]
    unit = np.max(exponents, axis=0)  # (…, rows)
    return unit, *(np.ldexp(d, layer.columns - unit[..., None]) for d in errors)


def square(d, X):
    """Σ over X of (δ·x)², (…, rows)."""
    return np.square(d @ X.mT).sum(axis=-1)  # (…, rows, n) @ (…, n, N)


def table(d_down, d_up, X, row):
    """Σ over X of (δ·x)² for all 2ⁿ δ of one row, (2ⁿ,): each weight doubles the list."""
    X = X[row[:-1]] if X.ndim > 2 else X
    costs = np.zeros(2 ** X.shape[-1])
    for part in np.array_split(X, max(1, -(-len(X) * costs.size // AT_ONCE))):
        output = np.zeros((len(part), 1))  # (examples, 2ⁱ): δ·x of the first i
        for x, *sides in zip(part.T[..., None], d_down[row], d_up[row]):
            output = np.concatenate([output + x * d for d in sides], axis=1)
        costs += np.square(output).sum(axis=0)
    return costs


def bits(index, n):
    """Bit i of each index, (…, n)."""
    return (np.asarray(index)[..., None] >> np.arange(n) & 1).astype(bool)


def _index(codes, down):
    """Σ 2ⁱ over the weights i that are not down, (…)."""
    return ((codes != down) << np.arange(codes.shape[-1])).sum(axis=-1)
