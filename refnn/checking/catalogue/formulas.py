"""The formulas that published numbers are about, each called by the names of its arguments.

A recipe is called with `call` and `given`: call(name) is the function "module.function" of the
library, or the slip in its place; given, the inputs as numbers. It gives a dict of all that a
source may print of it. FORMULAS says for each which formulas of the library it goes through, so
that their slips can be tried."""

from fractions import Fraction

import numpy as np

from refnn import arrays
from refnn.network import Params
from refnn.quantization.affine import QParams

Q, DECODE = "quantization.affine.quantize", "quantization.affine.dequantize"
CHOOSE, INTEGER = "quantization.calibration.choose_qparams", "quantization.integer"


def _grid(given):
    axis, scale = given.get("axis"), np.asarray(given["scale"])
    zero_point = given["zero_point"] if axis is None else np.full(scale.shape, given["zero_point"])
    return QParams(scale[()], zero_point, given["qmin"], given["qmax"], axis)


def _quantize(call, given):
    return {"codes": call(Q)(given["x"], _grid(given))}


def _rescale_in_floats(call, given):
    """q = round(a·(s_x·s_W/s_y)) + zero point: the steps of quantize at a scale of 1."""
    s_x, s_W, s_y = given["M"]
    return {
        "codes": call(Q)(given["accumulator"] * (s_x * s_W / s_y), _grid({**given, "scale": 1}))
    }


def _dequantize(call, given):
    p = _grid(given)
    return {"decoded": call(DECODE)(_codes(given["q"], p), p)}


def _codes(q, p):
    return np.asarray(q).astype(arrays.code_dtype(p.qmin, p.qmax))


def _round_trip(call, x, p):
    codes = _codes(call(Q)(x, p), p)
    decoded = call(DECODE)(codes, p)
    with np.errstate(all="ignore"):
        return {
            "codes": codes,
            "decoded": decoded,
            "last": np.ravel(decoded)[-1],
            "mse": np.mean((decoded - x) ** 2),
        }


def _fake_quantize(call, given):
    return _round_trip(call, given["x"], _grid(given))


def _choose(call, given):
    return call(CHOOSE)(
        given["x"], **{key: given[key] for key in ("bits", "signed", "symmetric") if key in given}
    )


def _told(p, x):
    """What a grid says of itself; raw: the zero point before it is rounded."""
    return {
        "scale": p.scale,
        "W": 1 / p.scale,
        "zero_point": p.zero_point,
        "qmin": p.qmin,
        "qmax": p.qmax,
        "raw": p.qmin - np.minimum(np.min(x), 0) / p.scale,
    }


def _range(call, given):
    return _told(_choose(call, given), given["x"])


def _symmetric(call, given):
    return _range(call, {**given, "symmetric": True})


def _choose_and_quantize(call, given):
    p = _choose(call, given)
    return {**_told(p, given["x"]), "codes": call(Q)(given["x"], p)}


def _choose_and_fake_quantize(call, given):
    p = _choose(call, given)
    return {**_told(p, given["x"]), **_round_trip(call, given["x"], p)}


def _distiller_asymmetric(call, given):
    """Distiller's zero point is added when decoding, ours when encoding."""
    found = _range(call, given)
    return {"W": found["W"], "zero_point": -found["zero_point"]}


def _distiller_symmetric(call, given):
    rows = call("quantization.conventions.compare")(given["x"])
    return {
        "W": 1
        / next(r.grid.scale for r in rows if r.convention.name == "Distiller symmetric, full")
    }


def _matmul(call, given):
    a, b = (np.asarray(given[name]).astype(np.uint8) for name in "ab")
    return {
        "product": call(f"{INTEGER}.matmul")(a, b, given["a_zero_point"], given["b_zero_point"])
    }


def _multiplier(call, given):
    multiplier, shift = call(f"{INTEGER}.fixed_point_multiplier")(float(given["M"]))
    return {
        "multiplier": multiplier,
        "shift": shift,
        "M": Fraction(multiplier) / Fraction(2) ** (31 + shift),
    }


def _requantized(function):
    def requantized(call, given):
        whole = [
            np.asarray(given[name]).astype(np.int64)
            for name in ("accumulator", "multiplier", "shift")
        ]
        return {
            "codes": call(f"{INTEGER}.{function}")(
                *whole, given["zero_point"], given["qmin"], given["qmax"]
            )
        }

    return requantized


def _rescale(call, given):
    """M = s_x·s_W/s_y as a multiplier and a shift, then requantize."""
    s_x, s_W, s_y = given["M"]
    found = _multiplier(call, {"M": s_x * s_W / s_y})
    return _requantized("requantize")(call, {**given, **found})


def _matmul_and_requantize(call, given):
    return _rescale(
        call, {**given, "accumulator": _matmul(call, given)["product"], "qmin": 0, "qmax": 255}
    )


def _rounding(rule):
    return lambda call, given: {"rounded": call(f"quantization.rounding.{rule}")(given["x"])}


def _matrix(weights):
    """A network whose W_ih is these weights and whose other parameters are 0."""
    W = np.atleast_2d(weights).astype(float)
    return Params(W, np.zeros(len(W)), np.zeros((0, len(W))), np.zeros(0))


def _prune(call, given):
    """|w| ranked, the lowest of W_ih removed; the threshold is the smallest that is left."""
    params = _matrix(given["weights"])
    scores = call("pruning.importance.magnitude")(params)
    keep = call("pruning.masks.by_sparsity")(scores, given["sparsity"].item(), "layer").W_ih
    weights = np.atleast_2d(given["weights"])
    return {
        "kept": weights[keep],
        "removed": weights[~keep],
        "threshold": np.min(np.abs(weights[keep])),
    }


def _n_of_m(call, given):
    scores = call("pruning.importance.magnitude")(_matrix(given["weights"]))
    return {
        "mask": call("pruning.structured.n_of_m")(scores, given["n"], given["m"]).W_ih.astype(int)
    }


def _cubic(call, given):
    rest = given["begin"], given["end"], given["initial"].item(), given["final"].item()
    return {
        "sparsity": [call("pruning.schedules.cubic")(int(step), *rest) for step in given["steps"]]
    }


def _neuron(call, given):
    """f = σ(w·x + b) as a hidden unit that is read as it is; a residual of 1 makes J's slopes those
    of f."""
    params, X = Params([given["w"]], [float(given["b"])], [[1.0]], [0.0]), [given["x"]]
    h = call("network.forward")(params, X, "sigmoid").h
    g = call("network.backward")(params, X, h - 1, "sigmoid")
    return {"f": h.item(), "dw": g.W_ih[0], "db": g.b_h.item()}


def _relu(call, given):
    """The slopes of ½(ŷ − y)² behind two ReLU units with biases b and x = 0, for a residual of
    1."""
    params = Params(np.zeros((2, 1)), given["b"], np.ones((1, 2)), np.zeros(1))
    y = np.sum(np.maximum(given["b"], 0)) - 1
    return {"slope": call("network.backward")(params, [[0.0]], [[float(y)]], "relu").b_h}


def _fisher(call, given):
    """Σ g² of the last bias, whose slopes are the residuals g: its score is ½θ²Σg², here with θ =
    2."""
    g = np.asarray(given["g"], float)
    params = Params([[0.0]], [0.0], [[0.0]], [2.0])
    score = call("pruning.importance.fisher")(
        params, np.zeros((len(g), 1)), 2.0 - g[:, None], "identity"
    )
    return {"sum": score.b_o.item() / 2}


def _bias(call, given):
    """The code of the hidden bias, on scales s_x·s_W, of a network with one hidden unit."""
    params = Params([[given["w"].item()]], [given["b"].item()], [[1.0]], [0.0])
    return {
        "code": call(f"{INTEGER}.convert")(
            params, [[-1.0], [1.0]], activation="identity"
        ).b_h.item()
    }


FORMULAS = {  # name: (how it is computed, the formulas it goes through)
    "quantize": (_quantize, (Q,)),
    "dequantize": (_dequantize, (DECODE,)),
    "rescale in floats": (_rescale_in_floats, (Q,)),
    "fake_quantize": (_fake_quantize, (Q, DECODE)),
    "choose": (_range, (CHOOSE,)),
    "symmetric": (_symmetric, (CHOOSE,)),
    "choose and quantize": (_choose_and_quantize, (CHOOSE, Q)),
    "choose and fake_quantize": (_choose_and_fake_quantize, (CHOOSE, Q, DECODE)),
    "distiller asymmetric": (_distiller_asymmetric, (CHOOSE,)),
    "distiller symmetric": (_distiller_symmetric, ()),
    "matmul": (_matmul, (f"{INTEGER}.matmul",)),
    "multiplier": (_multiplier, (f"{INTEGER}.fixed_point_multiplier",)),
    "requantize": (_requantized("requantize"), (f"{INTEGER}.requantize",)),
    "requantize once": (
        _requantized("requantize_single_rounding"),
        (f"{INTEGER}.requantize_single_rounding",),
    ),
    "rescale": (_rescale, (f"{INTEGER}.fixed_point_multiplier", f"{INTEGER}.requantize")),
    "matmul and requantize": (
        _matmul_and_requantize,
        (f"{INTEGER}.matmul", f"{INTEGER}.fixed_point_multiplier", f"{INTEGER}.requantize"),
    ),
    **{
        f"rounding.{rule}": (_rounding(rule), (f"quantization.rounding.{rule}",))
        for rule in ("floor", "ceil", "toward_zero", "half_away", "half_even")
    },
    "prune": (_prune, ("pruning.importance.magnitude", "pruning.masks.by_sparsity")),
    "n_of_m": (_n_of_m, ("pruning.importance.magnitude", "pruning.structured.n_of_m")),
    "cubic": (_cubic, ("pruning.schedules.cubic",)),
    "neuron": (_neuron, ("network.forward", "network.backward")),
    "relu": (_relu, ("network.backward",)),
    "fisher": (_fisher, ("pruning.importance.fisher",)),
    "bias": (_bias, (f"{INTEGER}.convert",)),
}
