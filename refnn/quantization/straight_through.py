"""Quantization-aware training: the network computes with quantized parameters while the real ones
are trained.

    forward   θ̂ = (clip(round(θ/scale) + zero_point, qmin, qmax) − zero_point)·scale         (fake quantization)
    backward  ∂J/∂θ := ∂J/∂θ̂ where round(θ/scale) + zero_point lies in qmin..qmax, the ends included, else 0

The slope of a staircase is 0 wherever it exists; the straight-through estimator takes it for 1
instead, as far as the stairs go (Y. Bengio, N. Léonard, A. Courville, "Estimating or propagating
gradients through stochastic neurons", 2013; B. Jacob et al., 2018, §3). At the edge: a value that
rounds to an end code is inside, one that is clipped is outside. Source of the rule at the edge:
PyTorch's fake_quantize, which masks by the unclipped code."""

from typing import NamedTuple

import numpy as np

from refnn import arrays, network, training, transposed
from refnn.network import FIELDS, Params
from refnn.quantization import affine
from refnn.quantization.affine import QParams
from refnn.quantization.calibration import choose_qparams


class AwareFit(NamedTuple):
    """history (…, steps + 1): J of the quantized network before the first step, then after each.
    params: the real parameters at the step with the least J; quantized: what the network computes
    with there, θ̂.
    >>> AwareFit._fields
    ('params', 'quantized', 'history')"""

    params: Params
    quantized: Params
    history: np.ndarray


def gradient(upstream, x, qparams):
    """∂J/∂x from upstream = ∂J/∂x̂: upstream where round(x/scale) + zero_point is in qmin..qmax
    (ends too), else 0.

    >>> gradient([5.0, 5.0, 5.0, 5.0], [0.3, 1.7, 1.8, -9.0], QParams(0.5, 0, -4, 3))
    array([5., 5., 0., 0.])
    """
    upstream, x = arrays.together("gradient", {"upstream": upstream, "x": x}, exact=False)
    if upstream.shape != x.shape:
        arrays.refuse(
            "gradient", "upstream", f"of the shape of x, {x.shape}", f"shape {upstream.shape}"
        )
    code = np.asarray(affine.quantize_steps(x, arrays.grid("gradient", qparams)).shifted)
    return np.where(
        (code >= qparams.qmin) & (code <= qparams.qmax), upstream, upstream.dtype.type(0)
    )[()]


def grids(params, bits, symmetric=False, calibration="minmax"):
    """A grid for each of the four arrays, as `fit` takes them: per array, and per network if params
    is a stack (S,).

    >>> [p.qmax for p in grids(network.init(np.random.default_rng(0)), bits=3)]
    [3, 3, 3, 3]
    """
    arrays.fields("grids", "params", params)
    if len(params.batch) > 1:
        arrays.refuse(
            "grids",
            "params",
            "one network or a stack of one leading axis",
            f"leading axes {params.batch}",
        )
    return tuple(
        choose_qparams(
            a, bits, symmetric=symmetric, axis=0 if params.batch else None, calibration=calibration
        )
        for a in params.arrays()
    )


def fake_quantize(params, grids):
    """θ̂ of all four arrays, each on its grid; an array whose grid is None stays as it is.

    >>> p = Params([[0.3]], [0.2], [[0.6]], [0.1])
    >>> fake_quantize(p, (QParams(0.5, 0, -4, 3),) * 3 + (None,)).flatten()
    array([0.5, 0. , 0.5, 0.1])
    """
    params, _, _ = network.checked("fake_quantize", params, activation="identity", complex_=False)
    return Params(
        *(
            a if g is None else affine.fake_quantize(a, g)
            for a, g in zip(params.arrays(), _four("fake_quantize", grids))
        )
    )


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
    """`training.fit` through fake quantization: every forward pass uses θ̂, every step moves θ by
    the gradient above.

    grids: four QParams for W_ih, b_h, W_ho, b_o (None: stays real), chosen before and kept; `grids`
    makes them. The decay acts on θ. A stack trains side by side, each network on grids of its own
    (axis=0) or all on one. Near a boundary a weight flips back and forth for ever, so that the last
    step is as good as any: the best by the training loss is kept, the start among them, and J never
    ends above that of quantizing after training.

    >>> p, X = network.init(np.random.default_rng(0), (1, 8, 1)), np.linspace(-1, 1, 9)[:, None]
    >>> p = training.fit(p, X, np.sin(3 * X), steps=300, lr=0.05).params
    >>> aware = fit(p, X, np.sin(3 * X), grids(p, bits=3), steps=300, lr=0.01)
    >>> [round(float(J), 2) for J in (aware.history[0], aware.history.min())]
    [0.8, 0.06]
    """
    shapes = [a.shape for a in arrays.fields("fit", "params", params).values()]
    four = _four("fit", grids)
    flat = [
        np.broadcast_to(a, (int(np.prod(params.batch)), params.flatten().shape[-1]))
        for a in _flat(four, shapes)
    ]
    scale, zero_point, qmin, qmax, real = (np.ascontiguousarray(a) for a in flat)
    lowest, highest = qmin - zero_point, qmax - zero_point  # in steps from 0
    wide = np.maximum(-qmin, qmax) > 2**24  # in float64, as `arrays.holding` says

    def decoded(theta):  # affine's, without its checks
        s = scale.astype(theta.dtype, copy=False)
        steps_from_0 = np.rint(theta / s)
        return steps_from_0, np.clip(steps_from_0, lowest, highest).astype(theta.dtype) * s

    def through(theta):
        steps_from_0, used = decoded(theta)
        if theta.dtype == np.float32 and wide.any():
            steps_from_0, used = (
                np.where(wide, double, single)
                for double, single in zip(decoded(theta.astype(np.float64)), (steps_from_0, used))
            )
            used = used.astype(np.float32)
        inside = (steps_from_0 >= lowest) & (steps_from_0 <= highest)
        return np.where(real, theta, used), real | inside

    done = training.run(
        "fit",
        transposed.objective,
        params,
        X,
        y,
        steps,
        lr,
        optimizer,
        weight_decay,
        mask,
        activation,
        through,
    )
    return AwareFit(done.params, _used(done.params, through), done.history)


@np.errstate(all="ignore")
def _used(params, through):
    theta = params.flatten()
    used, _ = through(theta.reshape(-1, theta.shape[-1]))
    return Params.unflatten(used.reshape(theta.shape), params.sizes)


def _four(function, grids):
    """Four grids, each a QParams or None."""
    if not isinstance(grids, (tuple, list)) or len(grids) != len(FIELDS):
        arrays.refuse(
            function,
            "grids",
            "four QParams, for W_ih, b_h, W_ho and b_o (None: not quantized)",
            arrays.describe(grids),
            TypeError,
        )
    for g in grids:
        if g is not None and not isinstance(g, QParams):
            arrays.refuse(function, "grids", "four QParams or None", arrays.describe(g), TypeError)
    return [g if g is None else arrays.grid(function, g) for g in grids]


def _flat(grids, shapes):
    """scale, zero_point, qmin, qmax and "stays real" of every parameter, in the order of
    `Params.flatten`."""
    columns = []
    for g, shape in zip(grids, shapes):
        values = (
            (1.0, 0, 0, 1, True)
            if g is None
            else (
                *(
                    arrays.aligned("fit", name, np.asarray(a), shape, g.axis, g.block)
                    for name, a in (
                        ("scale", arrays.double("fit", "scale", np.asarray(g.scale))),
                        ("zero_point", g.zero_point),
                    )
                ),
                g.qmin,
                g.qmax,
                False,
            )
        )
        leading = shape[: len(shapes[-1]) - 1]
        columns.append(
            [np.broadcast_to(v, shape).reshape(int(np.prod(leading)), -1) for v in values]
        )
    return [np.concatenate(parts, axis=1) for parts in zip(*columns)]
