"""This module runs a network with integers only.

It uses int8 codes, int32 accumulators, a whole-number multiplier for every scale, and a table for
the activation function. s is a scale, Z a zero point and q a code:

    a    an accumulator, Σ_k q_x·q_W + b'
    b'   b − Z_x·Σ_k q_W, the bias with x's zero point folded in; its scale is that of a, s_x·s_W
    M    s_x·s_W/s_z, the codes of z per unit of a; stored as multiplier·2^(−31−shift) with
         multiplier in [2^30, 2^31)
    q_z = Z_z + round(M·a)        q_h = table[q_z − qmin]

The arithmetic is that of `fixed_point`. Source: B. Jacob et al., "Quantization and training of
neural networks for efficient integer-arithmetic-only inference" (2018), §2.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.arrays import Refused, describe
from refnn.network import ACTIVATION, ACTIVATIONS, Params, fields
from refnn.network import forward as float_forward
from refnn.quantization import affine, calibration
from refnn.quantization.affine import QParams
from refnn.quantization.fixed_point import (  # noqa: F401  (users find all of them here)
    HIGH,
    as_int32,
    fixed_point_multiplier,
    fold,
    folded,
    matmul,
    requantize,
    requantize_single_rounding,
    requantize_steps,
    within,
)
from refnn.quantization.rounding import half_even
from refnn.validation import Numeric, flag, takes, whole


@dataclass(frozen=True, eq=False)
class IntegerNetwork:
    """A network for a device without floats.

    >>> p, X = Params([[1, -2]], [0.5], [[3]], [0.25]), [[1, 1], [-1, 0]]
    >>> n = convert(p, X, bits=2, activation="identity")
    >>> n.W_ih.tolist(), n.b_h.tolist(), n.table.tolist()
    ([[0, -1]], [0], [-2, -1, 0, 1])
    """

    W_ih: np.ndarray  # (hidden, inputs), codes
    W_ho: np.ndarray  # (outputs, hidden), codes
    b_h: np.ndarray  # (hidden,), int32, in units of s_x·s_W
    b_o: np.ndarray  # (outputs,), int32, in units of s_h·s_W
    x_qparams: QParams  # one scale, like all grids except those of the weights
    W_ih_qparams: QParams  # zero_point 0; one scale, or one for each row
    z_h_qparams: QParams
    h_qparams: QParams
    W_ho_qparams: QParams  # zero_point 0; one scale, or one for each row
    y_hat_qparams: QParams
    multiplier_h: object  # a whole number, or (hidden,)
    shift_h: object  # a right shift, of multiplier_h's shape
    multiplier_o: object  # a whole number, or (outputs,)
    shift_o: object  # a right shift, of multiplier_o's shape
    table: np.ndarray  # the code of h for every code of z_h, from qmin to qmax
    activation: str  # the name of the activation

    @takes()
    def __post_init__(self):
        arrays.choice("activation", self.activation, ACTIVATIONS)
        for name in [name for name in vars(self) if name.endswith("qparams")]:
            p = affine.checked(getattr(self, name), name)
            object.__setattr__(self, name, p)
            if p.qmin < -128 or p.qmax > 255:
                raise Refused(name, "a grid of int8 or uint8 codes", f"{p.qmin}..{p.qmax}")
            if name.startswith("W") and np.any(p.zero_point):  # fold handles x's zero point only
                raise Refused(name, "symmetric, with zero_point 0", describe(p.zero_point))
        for name, grid in (("W_ih", "W_ih"), ("W_ho", "W_ho"), ("table", "h")):
            p = getattr(self, f"{grid}_qparams")
            object.__setattr__(self, name, within(name, getattr(self, name), p.qmin, p.qmax))
        for name in ("b_h", "b_o"):
            object.__setattr__(self, name, within(name, getattr(self, name)))
        if Params(self.W_ih, self.b_h, self.W_ho, self.b_o).batch:  # Params checks the shapes
            raise Refused("W_ih", "of shape (hidden, inputs)", f"shape {self.W_ih.shape}")
        codes = self.z_h_qparams.qmax - self.z_h_qparams.qmin + 1
        if self.table.shape != (codes,):
            expected = f"of shape ({codes},), one entry for each code of z_h"
            raise Refused("table", expected, f"shape {self.table.shape}")

    @property
    def sizes(self):
        """Return (inputs, hidden, outputs)."""
        return *self.W_ih.shape[::-1], len(self.W_ho)


class IntegerForward(NamedTuple):
    """The result of `forward`, with a row for each example.

    The first three fields are decoded. The others are the codes and accumulators."""

    z_h: np.ndarray  # (N, hidden), real units
    h: np.ndarray  # (N, hidden), real units
    y_hat: np.ndarray  # (N, outputs), real units
    x_codes: np.ndarray  # (N, inputs)
    accumulator_h: np.ndarray  # (N, hidden), int32
    z_h_codes: np.ndarray  # (N, hidden)
    h_codes: np.ndarray  # (N, hidden)
    accumulator_o: np.ndarray  # (N, outputs), int32
    y_hat_codes: np.ndarray  # (N, outputs)


class Bound(NamedTuple):
    """The largest absolute values that the accumulators can reach."""

    accumulator_h: np.ndarray  # (hidden,)
    accumulator_o: np.ndarray  # (outputs,)
    limit: int  # the largest int32


class Ladder(NamedTuple):
    """The outputs ŷ (N, outputs) at five stages, each with one more cause of error."""

    float: np.ndarray  # params in floats
    weights: np.ndarray  # W and b decoded from their codes
    activations: np.ndarray  # x, h and ŷ quantized too
    table: np.ndarray  # z_h quantized too, and h read from the table
    integers: np.ndarray  # forward(network, X), with M in 31 bits and two roundings


# --- what the functions take ----------------------------------------------------------------------


def _network(name, network, arguments):
    if not isinstance(network, IntegerNetwork):
        raise Refused(name, "an IntegerNetwork (see convert)", describe(network), TypeError)
    return network


def _one(name, params, arguments):
    """Accept one network and convert it to float64. Its sizes must be those of `network`, if
    given."""
    if params.batch:
        raise Refused(name, "one network", f"leading axes {params.batch}")
    sizes = arguments.get("network", params).sizes
    if params.sizes != sizes:
        raise Refused(name, f"of sizes {sizes}, as network", f"sizes {params.sizes}")
    return params.map(lambda a: a.astype(np.float64))


def _rows(name, X, arguments):
    """Accept X (N, inputs). Fractions are allowed only in functions without float params."""
    params = arguments.get("params")
    X = arrays.numbers(name, X, ndim=2, exact=params is None)
    inputs, *_ = (params or arguments["network"]).sizes
    if X.shape[-1] != inputs:
        raise Refused(name, f"of shape (N, {inputs})", f"shape {X.shape}")
    return X


def _some_rows(name, X, arguments):
    X = _rows(name, X, arguments)
    if len(X) == 0:
        raise Refused(name, "at least one example", "none")
    return X


BITS, ONE = whole(2, 8), Numeric("network", _one, fields)


# --- the formulas ---------------------------------------------------------------------------------


@takes(
    bits=BITS,
    per_row=flag,
    params=ONE,
    activation=ACTIVATION,
    X_calibration=_some_rows,
    exact=False,
)
def convert(params, X_calibration, bits=8, per_row=False, activation="tanh"):
    """Convert a float network to an IntegerNetwork.

    Weights are quantized symmetrically. x, z_h, h and ŷ are quantized asymmetrically, by their
    min–max range on X_calibration. All codes have `bits` bits, from 2 to 8. With per_row every row
    of a W has its own scale, and therefore its own multiplier and bias scale. Biases are
    round(b/(s_x·s_W)), with halves to even. Scales are always float64, because float32 scales
    change some codes (tensorflow #102943).

    A ValueError names the argument if a scale is not finite and normal. It names params if a bias
    or an accumulator could be beyond int32.

    >>> n = convert(Params([[1, 2]], [3], [[2]], [1]), [[1, 0], [-1, 1.55]], activation="relu")
    >>> n.b_h.tolist(), n.x_qparams.zero_point, fold(n.b_h, n.W_ih, n.x_qparams.zero_point).tolist()
    ([19050], -28, [24398])
    """
    seen = float_forward.formula(params, X_calibration, activation)
    x = _grid("X_calibration", "x", X_calibration.astype(np.float64), bits)
    z_h, h, y_hat = (_grid("params", what, a, bits) for what, a in seen._asdict().items())
    of_W = {"symmetric": True, "axis": 0 if per_row else None}
    W_ih, W_ho = (
        _grid(f"params.{what}", what, getattr(params, what), bits, **of_W)
        for what in ("W_ih", "W_ho")
    )
    b_h, *scale_h = _layer("b_h", params.b_h, x, W_ih, z_h)
    b_o, *scale_o = _layer("b_o", params.b_o, h, W_ho, y_hat)
    f, _, _ = ACTIVATIONS[activation]
    table = affine.quantize(f(affine.dequantize(np.arange(z_h.qmin, z_h.qmax + 1), z_h)), h)
    codes = affine.quantize(params.W_ih, W_ih), affine.quantize(params.W_ho, W_ho), b_h, b_o
    grids = x, W_ih, z_h, h, W_ho, y_hat
    network = IntegerNetwork(*codes, *grids, *scale_h, *scale_o, table, activation)
    for a in bound.formula(network)[:2]:
        if (a > HIGH).any():
            held = "such that int32 can hold every accumulator"
            raise Refused("params", held, f"a bound of {a.max()}")
    return network


def _grid(name, what, x, bits, **options):
    """Return the grid of an array.

    The error names the array if it has no finite normal scale, for example after an overflow.
    """
    try:
        return calibration.choose_qparams(x, bits, **options)
    except ValueError:
        normal = f"such that {what} has a scale that is finite and normal"
        raise Refused(name, normal, describe(x)) from None


def _layer(name, bias, x, W, z):
    """Return (bias codes, multiplier, shift) of z = W·x + bias.

    The bias is added to an accumulator, so it has the scale of the accumulator, s_x·s_W."""
    scale = x.scale * W.scale  # () or (out,)
    codes, real = half_even.formula(bias / scale), scale / z.scale
    if not ((scale >= np.finfo(np.float64).tiny) & (real > 0) & np.isfinite(real)).all():
        normal = "such that s_x·s_W and s_x·s_W/s_z are finite and normal"
        raise Refused("params", normal, describe(real))
    if (np.abs(codes) > HIGH).any():
        raise Refused(f"params.{name}", "within int32 at the scale s_x·s_W", describe(codes))
    return codes.astype(np.int32), *fixed_point_multiplier.formula(real)


@takes(network=_network, X=_rows)
def forward(network, X):
    """Compute ŷ for X (N, inputs) with integers only.

        q_x = quantize(x)    a = W_ih·q_x + b'    q_z = requantize(a)    q_h = table[q_z − qmin]

    ŷ follows from q_h in the same way. No float is used between the codes of X and the codes of ŷ.
    The fields z_h, h and y_hat are decoded copies for the reader. In the example the float network
    gives ŷ = 2·(0.5 + 1 + 3) + 1 = 10:

    >>> n = convert(Params([[1, 2]], [3], [[2]], [1]), [[1, 0], [-1, 1.55]], activation="relu")
    >>> f = forward(n, [[0.5, 0.5]])
    >>> f.x_codes.tolist(), f.accumulator_h.tolist(), f.z_h_codes.tolist(), f.y_hat_codes.tolist()
    ([[22, 22]], [[28600]], [[97]], [[100]])
    >>> f.y_hat.round(3)
    array([[10.014]])
    """
    x, z, h, y = network.x_qparams, network.z_h_qparams, network.h_qparams, network.y_hat_qparams
    to_z, to_y = ((p.zero_point, p.qmin, p.qmax) for p in (z, y))
    q_x = affine.quantize(X, x)  # (N, in)
    a_h = _accumulate(q_x, network.W_ih, network.b_h, x)  # (N, in) @ (in, hidden) -> (N, hidden)
    q_z = requantize(a_h, network.multiplier_h, network.shift_h, *to_z)
    q_h = _look_up(network, q_z)  # (N, hidden)
    a_o = _accumulate(q_h, network.W_ho, network.b_o, h)  # (N, hidden) @ (hidden, out) -> (N, out)
    q_y = requantize(a_o, network.multiplier_o, network.shift_o, *to_y)
    decoded = (affine.dequantize(q, p) for q, p in ((q_z, z), (q_h, h), (q_y, y)))
    return IntegerForward(*decoded, q_x, a_h, q_z, q_h, a_o, q_y)


def _accumulate(q, W, bias, qparams):
    """Return W·q + b' as int32."""
    total = matmul(q, W.T).astype(np.int64) + fold(bias, W, qparams.zero_point)
    return as_int32("network", "such that int32 can hold every accumulator", total)


def _look_up(network, q_z):
    """Return the codes of h. In int8, 127 − (−128) would wrap, hence the cast."""
    return network.table[q_z.astype(np.int64) - network.z_h_qparams.qmin]


@takes(network=_network)
def bound(network):
    """Return the bound Σ_k |q_W[j, k]|·max|q_x| + |b'_j| of each accumulator j.

    No input makes |accumulator| larger. The bound also holds for its partial sums, in any order. In
    the example 48846 = (64 + 127)·128 + 24398.

    >>> n = convert(Params([[1, 2]], [3], [[2]], [1]), [[1, 0], [-1, 1.55]], activation="relu")
    >>> bound(n)
    Bound(accumulator_h=array([48846]), accumulator_o=array([35687]), limit=2147483647)
    """
    of_h = _static(network.W_ih, network.b_h, network.x_qparams)
    of_o = _static(network.W_ho, network.b_o, network.h_qparams)
    return Bound(of_h, of_o, HIGH)


def _static(W, bias, qparams):
    largest = max(abs(qparams.qmin), abs(qparams.qmax))
    constant = np.abs(folded(bias, W, qparams.zero_point)).astype(np.int64)
    return np.abs(W.astype(np.int64)).sum(axis=-1) * largest + constant  # (out, in) -> (out,)


@takes(network=_network, params=ONE, X=_rows, exact=False)
def ladder(network, params, X):
    """Return ŷ at five stages between the float network and the integer network.

    Neighbouring stages differ by one cause of error. The differences add up to integers − float.

    >>> p, X = Params([[0.5, -1]], [0.5], [[-3]], [0.5]), [[1, -1], [-0.5, 1], [0.25, 0.5]]
    >>> [y.round(2)[2, 0].item() for y in ladder(convert(p, X, bits=4), p, X)]
    [0.13, 0.09, 0.32, 0.0, -0.32]
    """
    compute, activation = float_forward.formula, network.activation
    x, z, h, y = network.x_qparams, network.z_h_qparams, network.h_qparams, network.y_hat_qparams
    W_ih = affine.dequantize(network.W_ih, network.W_ih_qparams)
    W_ho = affine.dequantize(network.W_ho, network.W_ho_qparams)
    b_h = network.b_h * (x.scale * network.W_ih_qparams.scale)
    b_o = network.b_o * (h.scale * network.W_ho_qparams.scale)
    decoded = Params(W_ih, b_h, W_ho, b_o)
    z_h, h_exact, _ = compute(decoded, affine.dequantize(affine.quantize(X, x), x), activation)
    h_grid = affine.fake_quantize(h_exact, h)
    h_table = affine.dequantize(_look_up(network, affine.quantize(z_h, z)), h)
    return Ladder(
        compute(params, X, activation).y_hat,
        compute(decoded, X, activation).y_hat,
        *[affine.fake_quantize(a @ W_ho.mT + b_o, y) for a in (h_grid, h_table)],
        forward.formula(network, X).y_hat,
    )
