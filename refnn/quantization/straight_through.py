"""This module holds quantization-aware training with the straight-through estimator.

The network computes with quantized parameters θ̂, while the real parameters θ are trained:

    forward   θ̂ = (clip(round(θ/scale) + zero_point, qmin, qmax) − zero_point)·scale
    backward  ∂J/∂θ := ∂J/∂θ̂ where round(θ/scale) + zero_point lies in qmin..qmax, else 0

Rounding is a staircase, and the derivative of a staircase is 0 wherever it exists. So the true
gradient cannot train θ. The straight-through estimator uses 1 as the derivative instead, from the
first to the last step of the staircase (Y. Bengio, N. Léonard, A. Courville, "Estimating or
propagating gradients through stochastic neurons", 2013; B. Jacob et al., 2018, §3).

The gradient also passes where the code is exactly qmin or qmax. It is 0 only where the code is
clipped. PyTorch's fake_quantize has the same rule: it compares the code with qmin and qmax before
clipping.
"""

from typing import NamedTuple

import numpy as np

from refnn import arrays, network, training, transposed
from refnn.arrays import Refused, describe
from refnn.network import FIELDS, NETWORK, Params
from refnn.quantization import affine
from refnn.quantization.affine import GRID, QParams
from refnn.quantization.calibration import CALIBRATIONS, choose_qparams
from refnn.validation import REAL, Numeric, choice, flag, takes, whole


class AwareFit(NamedTuple):
    """The result of `fit`."""

    params: Params  # the real parameters at the step with the least J
    quantized: Params  # θ̂ of these, which the network computes with
    history: np.ndarray  # (…, steps + 1): J of θ̂ before the first step, then after each


# --- what the functions take ----------------------------------------------------------------------


def _as_x(name, upstream, arguments):
    shape = arguments["x"].shape
    if upstream.shape != shape:
        raise Refused(name, f"of the shape of x, {shape}", f"shape {upstream.shape}")
    return upstream


def _one_axis(name, params, arguments):
    """Accept one network or a stack of networks with one leading axis."""
    parts = [arrays.numbers(part, a) for part, a in network.fields(name, params).items()]
    if len(params.batch) > 1:
        one = "one network or a stack of one leading axis"
        raise Refused(name, one, f"leading axes {params.batch}")
    return Params(*parts)


def _four(name, grids, arguments):
    """Accept four entries, each a QParams or None."""
    if not isinstance(grids, (tuple, list)) or len(grids) != len(FIELDS):
        four = "four QParams, for W_ih, b_h, W_ho and b_o (None for an array that is not quantized)"
        raise Refused(name, four, describe(grids), TypeError)
    for g in grids:
        if g is not None and not isinstance(g, QParams):
            raise Refused(name, "four QParams or None", describe(g), TypeError)
    return [g if g is None else affine.checked(g) for g in grids]


# --- the formulas ---------------------------------------------------------------------------------


@takes(upstream=Numeric("real", _as_x), x=REAL, qparams=GRID, exact=False)
def gradient(upstream, x, qparams):
    """∂J/∂x := ∂J/∂x̂ where round(x/scale) + zero_point lies in qmin..qmax (ends included), else 0.

    `upstream` is ∂J/∂x̂, of the shape of x.

    >>> gradient([5.0, 5.0, 5.0, 5.0], [0.3, 1.7, 1.8, -9.0], QParams(0.5, 0, -4, 3))
    array([5., 5., 0., 0.])
    """
    code = affine.quantize_steps.formula(x, qparams).shifted  # not clipped
    inside = (code >= qparams.qmin) & (code <= qparams.qmax)
    return np.where(inside, upstream, upstream.dtype.type(0))


@takes(params=_one_axis, bits=whole(2, 32), symmetric=flag, calibration=choice(*CALIBRATIONS))
def grids(params, bits, symmetric=False, calibration="minmax"):
    """Return a QParams for each of the four arrays, in the order that `fit` takes.

    Each array has one scale and one zero point. In a stack (S,) each network has its own.

    >>> [p.qmax for p in grids(network.init(np.random.default_rng(0)), bits=3)]
    [3, 3, 3, 3]
    """
    rule = {"symmetric": symmetric, "axis": 0 if params.batch else None, "calibration": calibration}
    return tuple(_grid(name, a, bits, rule) for name, a in network.fields("params", params).items())


def _grid(name, a, bits, rule):
    """Return the grid of one array.

    The error names this array if its range has no finite normal scale.
    """
    try:
        return choose_qparams(a, bits, **rule)
    except ValueError:
        normal = "of a range whose scale is a finite normal number"
        raise Refused(name, normal, describe(a)) from None


@takes(params=NETWORK, grids=_four)
def fake_quantize(params, grids):
    """Return θ̂, in which each of the four arrays is quantized and decoded on its grid.

    An array whose grid is None stays as it is.

    >>> p = Params([[0.3]], [0.2], [[0.6]], [0.1])
    >>> fake_quantize(p, (QParams(0.5, 0, -4, 3),) * 3 + (None,)).flatten()
    array([0.5, 0. , 0.5, 0.1])
    """
    pairs = zip(params.arrays(), _along(params, grids))
    return Params(*[a if g is None else affine.fake_quantize.formula(a, g) for a, g in pairs])


@takes(**training.TRAINING, grids=_four, exact=False)
def fit(
    params,
    X,
    y,
    grids,
    *,
    steps,
    lr,
    optimizer="adam",
    weight_decay=0.0,
    mask=None,
    activation="tanh",
):
    """Train like `training.fit`, but with quantized parameters in every forward pass.

    Every forward pass uses θ̂, and every step moves θ by the straight-through gradient. The weight
    decay acts on θ. `grids` holds four QParams, for W_ih, b_h, W_ho and b_o (None for an array that
    stays real). They do not change during training. The function `grids` computes them.

    The networks of a stack are trained side by side, each on its own grids (axis=0) or all on the
    same. Near a boundary between two codes, a weight can change its code again and again, so the
    last step need not be the best. `fit` returns the parameters with the least training loss, and
    the start counts too. So the J of the returned parameters is never above the J at the start.
    If params was trained before, that is the J of quantization after training.

    >>> p, X = network.init(np.random.default_rng(0), (1, 4, 1)), np.linspace(-1, 1, 9)[:, None]
    >>> rule = {"y": np.sin(3 * X), "optimizer": "gd"}
    >>> p = training.fit(p, X, steps=300, lr=0.05, **rule).params
    >>> aware = fit(p, X, grids=grids(p, bits=3), steps=50, lr=0.01, **rule)
    >>> [round(float(J), 2) for J in (aware.history[0], aware.history.min())]
    [0.98, 0.1]
    """
    order = transposed.order(params.sizes)
    form, through = (transposed.objective, order), _through(params, grids, order)
    rule = steps, lr, optimizer, weight_decay, mask, activation
    best, history = training.run(form, params, X, y, *rule, through)
    theta = best.flatten()  # (…, 61)
    used, _ = _through(params, grids)(theta.reshape(-1, theta.shape[-1]))
    return AwareFit(best, Params.unflatten(used.reshape(theta.shape), params.sizes), history)


def _along(params, grids):
    """Return the grids aligned with the arrays of params, in the dtype of each array."""
    pairs = zip(params.arrays(), grids)
    return [g if g is None else affine.align(g, a.shape, a.dtype) for a, g in pairs]


def _through(params, grids, order=slice(None)):
    """Return a function that maps θ (S, 61) to θ̂ and to a mask of where the gradient passes.

    It does the work of `fake_quantize` and `gradient` for all four arrays at once. Column i of θ is
    entry order[i] of flatten."""
    _along(params, grids)  # refuses a scale that is not normal in the dtype of params
    scale, zero_point, qmin, qmax, real = (a[:, order] for a in _flat(params, grids))
    lowest, highest = qmin - zero_point, qmax - zero_point  # in steps from 0.0
    wide = np.maximum(-qmin, qmax) > 2**24  # computed in float64, as in `arrays.holding`

    def decoded(theta):
        s = scale.astype(theta.dtype, copy=False)
        steps = np.rint(theta / s)  # from 0.0
        return steps, np.clip(steps, lowest, highest).astype(theta.dtype) * s

    def through(theta):
        steps, used = decoded(theta)
        if theta.dtype == np.float32 and wide.any():
            in_double = decoded(theta.astype(np.float64))
            steps, used = (np.where(wide, *pair) for pair in zip(in_double, (steps, used)))
            used = used.astype(np.float32)
        inside = (steps >= lowest) & (steps <= highest)
        return np.where(real, theta, used), real | inside

    return through


def _flat(params, grids):
    """Return scale, zero_point, qmin, qmax and "stays real" of every parameter, each (S, 61)."""
    columns, shapes = [], [a.shape for a in params.arrays()]
    for g, shape in zip(grids, shapes):
        laid = (1.0, 0.0, 0, 1) if g is None else affine.align(g, shape, arrays.DOUBLE)[:4]
        columns.append((*laid, g is None))
    flat = [Params(*map(np.broadcast_to, part, shapes)).flatten() for part in zip(*columns)]
    return [a.reshape(-1, a.shape[-1]) for a in flat]
