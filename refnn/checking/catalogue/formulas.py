"""This module lists the formulas that numbers are judged by, one row for each.

A row says how its values are computed and which functions of the library it uses. It is a single
formula (`one`) or a chain of several formulas. It is computed from `call` and `given`:
call("module.function") returns that function of refnn, or a slip in its place, and given holds the
arguments by name. The result is {name: value} of all values that may be printed.
"""

from collections.abc import Callable
from fractions import Fraction
from importlib import import_module
from typing import NamedTuple

import numpy as np

from refnn.network import FIELDS, Params
from refnn.quantization import conventions_rules, rounding
from refnn.quantization.affine import QParams

QUANTIZE, DEQUANTIZE = "quantization.affine.quantize", "quantization.affine.dequantize"
CHOOSE, INTEGER = "quantization.calibration.choose_qparams", "quantization.integer"
MATMUL, REQUANTIZE = f"{INTEGER}.matmul", f"{INTEGER}.requantize"
MULTIPLIER = f"{INTEGER}.fixed_point_multiplier"
MAGNITUDE, BY_SPARSITY = "pruning.importance.magnitude", "pruning.masks.by_sparsity"
N_OF_M, CUBIC = "pruning.structured.n_of_m", "pruning.schedules.cubic"
AWAY, ADD = (f"quantization.conventions_rules.{name}" for name in ("away", "round_then_add"))
CRITERIA = ("magnitude", "gradient", "taylor", "second_order_taylor", "fisher", "obd")
RULES = ("half_even", "floor", "ceil", "toward_zero", "half_up", "half_down", "half_away")


class Recipe(NamedTuple):
    """A row of the table FORMULAS, which says how values are computed and by which functions."""

    compute: Callable  # (call, given) -> {name: value}
    formulas: tuple  # "module.function" below refnn, whose slips can be tried


def formula(name):
    """Return the function of refnn that is named by "module.function".

    >>> formula("network.loss")([[1.0]], [[3.0]])
    np.float64(2.0)
    """
    module, function = name.rsplit(".", 1)
    return getattr(import_module(f"refnn.{module}"), function)


def one(name, *arguments, gives, options=(), also=()):
    """Return the row of a single formula.

    arguments: each is the name of a given argument, or a function of all given arguments.
    options: names of arguments that are passed by name if they are given.
    gives: the name of the result, or a function that turns it into {name: value}.
    also: formulas that compute the same, so that their slips are tried too.

    >>> one("network.loss", "y_hat", "y", gives="J").formulas
    ('network.loss',)
    """

    def compute(call, given):
        values = [a(given) if callable(a) else given[a] for a in arguments]
        result = call(name, *also)(*values, **{k: given[k] for k in options if k in given})
        return gives(result) if callable(gives) else {gives: result}

    return Recipe(compute, (name, *also))


# --- arguments and results ------------------------------------------------------------------------


def grid(given):
    """Return the given QParams, or build one from its given fields.

    One zero point is used for all slices of an axis.
    """
    if "qparams" in given:
        return given["qparams"]
    axis, scale = given.get("axis"), np.asarray(given["scale"])
    zero_point = given["zero_point"] if axis is None else np.full(scale.shape, given["zero_point"])
    return QParams(scale[()], zero_point, given["qmin"], given["qmax"], axis)


def _codes(given):
    q, p = np.asarray(given["q"]), grid(given)
    return q if q.dtype.kind in "iu" else rounding.codes(q, p.qmin, p.qmax)


def _network(given):
    """Return the given network, or build one from its given fields."""
    return given["params"] if "params" in given else Params(*(given[name] for name in FIELDS))


def _matrix(weights):
    """Return a network with these weights as its W_ih and all other parameters 0."""
    W = np.atleast_2d(weights)
    return Params(W, *(np.zeros(shape, W.dtype) for shape in (len(W), (0, len(W)), 0)))


def _of(dtype, name):
    return lambda given: np.asarray(given[name]).astype(dtype)


def _named(*names):
    return lambda results: dict(zip(names, results))


def _scale_and_zero_point(p):
    return {"scale": p.scale, "zero_point": p.zero_point}


def _multiplied(result):
    multiplier, shift = result
    M = Fraction(multiplier) / Fraction(2) ** (31 + shift)
    return {"multiplier": multiplier, "shift": shift, "M": M}


# --- chains ---------------------------------------------------------------------------------------


def _rescale_in_floats(call, given):
    """q = clip(round(a·(s_x·s_W/s_y)) + zero point), computed as `quantize` at scale 1."""
    s_x, s_W, s_y = given["M"]
    x = given["accumulator"] * (s_x * s_W / s_y)
    return {"codes": call(QUANTIZE)(x, grid({**given, "scale": 1}))}


def _round_trip(call, x, p):
    codes = rounding.codes(call(QUANTIZE)(x, p), p.qmin, p.qmax)
    decoded = call(DEQUANTIZE)(codes, p)
    made = {"codes": codes, "decoded": decoded, "last": np.ravel(decoded)[-1]}
    return {**made, **_errors(decoded - x)}


def _errors(error):
    return {"mse": np.mean(error**2), "max_error": np.max(np.abs(error))}


def _fake_quantize(call, given):
    return _round_trip(call, given["x"], grid(given))


def _choose(call, given):
    """Return (the grid for x, {name: value} of its fields, W = 1/scale and the raw zero point).

    raw: the zero point before rounding, for a range that contains 0."""
    p = call(CHOOSE)(given["x"], **{k: given[k] for k in OPTIONS if k in given})
    raw = p.qmin - np.minimum(np.min(given["x"]), 0) / p.scale
    return p, {**vars(p), "W": 1 / p.scale, "raw": raw}


def _choose_and_quantize(call, given):
    p, said = _choose(call, given)
    return said | {"codes": call(QUANTIZE)(given["x"], p)}


def _choose_and_fake_quantize(call, given):
    p, said = _choose(call, given)
    return said | _round_trip(call, given["x"], p)


def _rules_of_conventions(call, given):
    """Quantize x by the rules that most conventions share: a range with 0 in it, and rounding."""
    x, codes = given["x"], (conventions_rules.unsigned, conventions_rules.signed)
    if "scale" in given:
        made = {key: given[key] for key in ("scale", "zero_point", "qmin", "qmax")}
    else:
        signed = codes[given.get("signed", True)]
        made = call(AWAY)(x, given.get("bits", 8), signed)._asdict()
    q = call(ADD)(x, *made.values())
    decoded = (q - made["zero_point"]) * made["scale"]
    return {**made, "codes": q, "decoded": decoded, **_errors(decoded - x)}


def _symmetric(call, given):
    return _choose(call, {**given, "symmetric": True})[1]


def _distiller_asymmetric(call, given):
    """Return Distiller's W and zero point, which has the opposite sign of ours.

    Distiller adds its zero point when it decodes; refnn adds it when it encodes."""
    p, said = _choose(call, given)
    return {"W": said["W"], "zero_point": -p.zero_point}


def _distiller_symmetric(call, given):
    rows = call("quantization.conventions.compare")(given["x"])
    [row] = (r for r in rows if r.convention.name == "Distiller symmetric, full")
    return {"W": 1 / row.grid.scale}


def _rescale(call, given):
    """Convert M = s_x·s_W/s_y to a multiplier and a shift, then requantize with them."""
    s_x, s_W, s_y = given["M"]
    found = FORMULAS["multiplier"].compute(call, {"M": s_x * s_W / s_y})
    return FORMULAS["requantize"].compute(call, {**given, **found})


def _matmul_and_requantize(call, given):
    product = FORMULAS["matmul"].compute(call, given)["product"]
    return _rescale(call, {**given, "accumulator": product, "qmin": 0, "qmax": 255})


def _prune(call, given):
    """Remove the weights with the smallest |w|.

    The threshold is the smallest |w| that is left."""
    weights = np.atleast_2d(given["weights"])
    scores = call(MAGNITUDE)(_matrix(weights.astype(float)))
    keep = call(BY_SPARSITY)(scores, given["sparsity"].item(), "layer").W_ih
    kept = weights[keep]
    return {"kept": kept, "removed": weights[~keep], "threshold": np.min(np.abs(kept))}


def _n_of_m_of_weights(call, given):
    scores = call(MAGNITUDE)(_matrix(given["weights"].astype(float)))
    return {"mask": call(N_OF_M)(scores, given["n"], given["m"]).W_ih.astype(int)}


def _cubic(call, given):
    rest = [np.asarray(given[name]).item() for name in ("begin", "end", "initial", "final")]
    return {"sparsity": [call(CUBIC)(int(step), *rest) for step in given["steps"]]}


def _neuron(call, given):
    """f = σ(w·x + b), computed as a hidden unit whose output is passed on unchanged.

    With the residual ŷ − y = 1, the gradient of J is the gradient of f."""
    params, X = Params([given["w"]], [float(given["b"])], [[1.0]], [0.0]), [given["x"]]
    h = call("network.forward")(params, X, "sigmoid").h
    g = call("network.backward")(params, X, h - 1, "sigmoid")
    return {"f": h.item(), "dw": g.W_ih[0], "db": g.b_h.item()}


def _relu(call, given):
    """Return the gradients of ½(ŷ − y)² for the biases b of two ReLU units, with x = 0.

    The residual ŷ − y is 1, so the gradients are the slopes of the ReLU."""
    params = Params(np.zeros((2, 1)), given["b"], np.ones((1, 2)), np.zeros(1))
    y = np.sum(np.maximum(given["b"], 0)) - 1
    return {"slope": call("network.backward")(params, [[0.0]], [[float(y)]], "relu").b_h}


def _fisher_of_slopes(call, given):
    """Σ g², computed from the Fisher score ½θ²Σg² of the output bias θ = 2.

    The slopes of this bias are the residuals g."""
    g = np.asarray(given["g"], float)
    params, X, y = Params([[0.0]], [0.0], [[0.0]], [2.0]), np.zeros((len(g), 1)), 2.0 - g[:, None]
    return {"sum": call("pruning.importance.fisher")(params, X, y, "identity").b_o.item() / 2}


def _bias(call, given):
    """Return the code of the hidden bias of a network with one hidden unit.

    The scale of the bias is s_x·s_W."""
    params = Params([[given["w"].item()]], [given["b"].item()], [[1.0]], [0.0])
    convert = call(f"{INTEGER}.convert")
    return {"code": convert(params, [[-1.0], [1.0]], activation="identity").b_h.item()}


# fmt: off
OPTIONS = ("bits", "signed", "symmetric", "axis")  # of choose_qparams
DATA = ("X", "y", "activation")
TIMES = tuple(_of(np.int64, name) for name in ("accumulator", "multiplier", "shift"))
ON = ("zero_point", "qmin", "qmax")
FORMULAS = {
    # §3.1 and §3.2 as written
    "written.quantize": one("quantization.as_written.quantize", "x", "W", "B", "P", gives="codes"),
    "written.dequantize": one("quantization.as_written.dequantize", "q", "W", "B", gives="decoded"),
    "written.min_max": one("quantization.as_written.min_max", "x", "P", gives=_named("W", "B")),
    "written.importance": one("pruning.as_written.importance", _network, *DATA, gives=vars),
    "written.prune":
        one("pruning.as_written.prune", "params", "R", "tau", gives=_named("params", "mask")),
    # rounding, the affine map and its ranges
    **{f"rounding.{rule}": one(f"quantization.rounding.{rule}", "x", gives="rounded")
       for rule in RULES},
    "quantize": one(QUANTIZE, "x", grid, gives="codes"),
    "dequantize": one(DEQUANTIZE, _codes, grid, gives="decoded"),
    "choose_qparams": one(CHOOSE, "x", options=OPTIONS, gives=vars),
    "to_affine":
        one("quantization.conventions.to_affine", "W", "B", "P", gives=_scale_and_zero_point),
    "to_article": one("quantization.conventions.to_article", grid, gives=_named("W", "B", "P")),
    "rescale in floats": Recipe(_rescale_in_floats, (QUANTIZE,)),
    "fake_quantize": Recipe(_fake_quantize, (QUANTIZE, DEQUANTIZE)),
    "choose": Recipe(lambda call, given: _choose(call, given)[1], (CHOOSE,)),
    "rules of conventions": Recipe(_rules_of_conventions, (AWAY, ADD)),
    "symmetric": Recipe(_symmetric, (CHOOSE,)),
    "choose and quantize": Recipe(_choose_and_quantize, (CHOOSE, QUANTIZE)),
    "choose and fake_quantize": Recipe(_choose_and_fake_quantize, (CHOOSE, QUANTIZE, DEQUANTIZE)),
    "distiller asymmetric": Recipe(_distiller_asymmetric, (CHOOSE,)),
    "distiller symmetric": Recipe(_distiller_symmetric, ()),
    # integers only
    "matmul": one(MATMUL, _of(np.uint8, "a"), _of(np.uint8, "b"), "a_zero_point", "b_zero_point",
                  gives="product"),
    "fold": one(f"{INTEGER}.fold", "bias", "W", "zero_point", gives="bias"),
    "multiplier": one(MULTIPLIER, lambda given: float(given["M"]), gives=_multiplied),
    "requantize": one(REQUANTIZE, *TIMES, *ON, gives="codes"),
    "requantize once":
        one(f"{INTEGER}.requantize_single_rounding", *TIMES, *ON, gives="codes"),
    "rescale": Recipe(_rescale, (MULTIPLIER, REQUANTIZE)),
    "matmul and requantize": Recipe(_matmul_and_requantize, (MATMUL, MULTIPLIER, REQUANTIZE)),
    "bias": Recipe(_bias, (f"{INTEGER}.convert",)),
    # the network
    "forward": one("network.forward", _network, "X", "activation", gives=lambda f: f._asdict()),
    "loss": one("network.loss", "y_hat", "y", gives="J"),
    "backward": one("network.backward", _network, *DATA, gives=vars),
    "slopes": one("pruning.as_written.importance", _network, *DATA, gives=vars,
                  also=("network.backward",)),
    "neuron": Recipe(_neuron, ("network.forward", "network.backward")),
    "relu": Recipe(_relu, ("network.backward",)),
    # importance and masks
    **{f"importance.{name}": one(f"pruning.importance.{name}", _network, options=DATA, gives=vars)
       for name in CRITERIA},
    "importance.obs": one("pruning.importance.obs", _network,
                          options=(*DATA, "damping", "curvature"), gives=vars),
    "by_threshold": one("pruning.masks.by_threshold", "scores", "tau", gives=vars),
    "by_sparsity": one(BY_SPARSITY, "scores", "sparsity", options=("scope",), gives=vars),
    "n_of_m": one(N_OF_M, lambda given: _matrix(given["scores"]), "n", "m", gives=vars),
    "prune": Recipe(_prune, (MAGNITUDE, BY_SPARSITY)),
    "n_of_m of weights": Recipe(_n_of_m_of_weights, (MAGNITUDE, N_OF_M)),
    "cubic": Recipe(_cubic, (CUBIC,)),
    "fisher of slopes": Recipe(_fisher_of_slopes, ("pruning.importance.fisher",)),
}
# fmt: on
