"""Integers only: int8 codes, int32 accumulators, a whole-number multiplier for every scale, a table
for the activation.

    a    an accumulator, Σ_k q_x·q_W + b'        b'   the bias with x's zero point folded in: b − Z_x·Σ_k q_W
    M    s_x·s_W/s_z, codes of z per unit of a; kept as multiplier·2^(−31−shift), multiplier in [2^30, 2^31)
    q_z = Z_z + round(M·a)        q_h = table[q_z − qmin]        the bias has the accumulator's scale, s_x·s_W

The arithmetic is that of `fixed_point`. Source: B. Jacob et al., "Quantization and training of
neural networks for efficient integer-arithmetic-only inference" (2018), §2."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.network import ACTIVATIONS, Params, checked, propagate
from refnn.quantization import affine, calibration, rounding
from refnn.quantization.affine import QParams
from refnn.quantization.fixed_point import (  # noqa: F401  (also offered here: they are integer arithmetic's)
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


@dataclass(frozen=True, eq=False)
class IntegerNetwork:
    """What a device without floats is given: codes W (out, in), int32 biases at the scale s_x·s_W
    and s_h·s_W, grids, multipliers and right shifts (one, or one a row of W), and for every code of
    z, from qmin to qmax, the code of h.

    >>> n = convert(Params([[1, -2]], [0.5], [[3]], [0.25]), [[1, 1], [-1, 0]], bits=2, activation="identity")
    >>> n.W_ih.tolist(), n.b_h.tolist(), n.table.tolist()
    ([[0, -1]], [0], [-2, -1, 0, 1])
    """

    W_ih: np.ndarray
    W_ho: np.ndarray
    b_h: np.ndarray
    b_o: np.ndarray
    x_qparams: QParams
    W_ih_qparams: QParams
    z_h_qparams: QParams
    h_qparams: QParams
    W_ho_qparams: QParams
    y_hat_qparams: QParams
    multiplier_h: object
    shift_h: object
    multiplier_o: object
    shift_o: object
    table: np.ndarray
    activation: str

    def __post_init__(self):
        name = "IntegerNetwork"
        arrays.choice(name, "activation", self.activation, tuple(ACTIVATIONS))
        for field in (
            "x_qparams",
            "W_ih_qparams",
            "z_h_qparams",
            "h_qparams",
            "W_ho_qparams",
            "y_hat_qparams",
        ):
            p = arrays.grid(name, getattr(self, field))
            if p.qmin < -128 or p.qmax > 255:
                arrays.refuse(name, field, "a grid of int8 or uint8 codes", f"{p.qmin}..{p.qmax}")
            if field.startswith("W") and np.any(p.zero_point):  # fold knows of x's zero point only
                arrays.refuse(
                    name, field, "symmetric, of zero_point 0", arrays.describe(p.zero_point)
                )
        for field, p in (
            ("W_ih", self.W_ih_qparams),
            ("W_ho", self.W_ho_qparams),
            ("table", self.h_qparams),
        ):
            object.__setattr__(
                self, field, within(name, field, getattr(self, field), p.qmin, p.qmax)
            )
        for field in ("b_h", "b_o"):
            object.__setattr__(self, field, within(name, field, getattr(self, field)))
        if Params(
            self.W_ih, self.b_h, self.W_ho, self.b_o
        ).batch:  # whose shapes do not fit, it refuses
            arrays.refuse(name, "W_ih", "of shape (hidden, inputs)", f"shape {self.W_ih.shape}")
        codes = self.z_h_qparams.qmax - self.z_h_qparams.qmin + 1
        if self.table.shape != (codes,):
            arrays.refuse(
                name,
                "table",
                f"of shape ({codes},), one entry a code of z_h",
                f"shape {self.table.shape}",
            )


class IntegerForward(NamedTuple):
    """What an integer pass leaves: z_h, h, y_hat decoded (float64), and every code and accumulator;
    a row an example.
    >>> IntegerForward._fields[:3], IntegerForward._fields[3:5]
    (('z_h', 'h', 'y_hat'), ('x_codes', 'accumulator_h'))"""

    z_h: np.ndarray
    h: np.ndarray
    y_hat: np.ndarray
    x_codes: np.ndarray
    accumulator_h: np.ndarray
    z_h_codes: np.ndarray
    h_codes: np.ndarray
    accumulator_o: np.ndarray
    y_hat_codes: np.ndarray


class Bound(NamedTuple):
    """What no accumulator can exceed, (hidden,) and (outputs,), and what an int32 holds.
    >>> Bound._fields
    ('accumulator_h', 'accumulator_o', 'limit')"""

    accumulator_h: np.ndarray
    accumulator_o: np.ndarray
    limit: int


class Ladder(NamedTuple):
    """ŷ (N, outputs) from the floats to the integers, a cause of error more at every step.
    >>> Ladder._fields
    ('float', 'weights', 'activations', 'table', 'integers')"""

    float: np.ndarray
    weights: np.ndarray
    activations: np.ndarray
    table: np.ndarray
    integers: np.ndarray


def convert(params, X_calibration, bits=8, per_row=False, activation="tanh"):
    """A float network as an IntegerNetwork: weights symmetric; x, z_h, h and ŷ asymmetric, by
    min–max on X_calibration.

    bits 2..8 for all codes; per_row gives every row of a W its own scale, and so its own multiplier
    and bias scale. Biases are round(b/(s_x·s_W)), half to even. Scales are float64 whatever the
    data: float32 moves codes (tensorflow #102943). Refused, naming params: a bias or a static bound
    beyond int32, a scale that is not finite and normal.

    >>> n = convert(Params([[1, 2]], [3], [[2]], [1]), [[1, 0], [-1, 1.55]], activation="relu")
    >>> n.b_h.tolist(), n.x_qparams.zero_point, fold(n.b_h, n.W_ih, n.x_qparams.zero_point).tolist()
    ([19050], -28, [24398])
    """
    bits, per_row = (
        arrays.whole("convert", "bits", bits, 2, 8),
        arrays.flag("convert", "per_row", per_row),
    )
    params, X = _given("convert", params, "X_calibration", X_calibration, activation)
    if len(X) == 0:
        arrays.refuse("convert", "X_calibration", "at least one example", "none")
    x = _grid("X_calibration", "x", X.astype(np.float64), bits)
    z_h, h, y_hat = (
        _grid("params", name, a, bits)
        for name, a in propagate(params, X, activation)._asdict().items()
    )
    W_ih, W_ho = (
        _grid(f"params.{name}", name, W, bits, symmetric=True, axis=0 if per_row else None)
        for name, W in (("W_ih", params.W_ih), ("W_ho", params.W_ho))
    )
    b_h, multiplier_h, shift_h = _layer("b_h", params.b_h, x, W_ih, z_h)
    b_o, multiplier_o, shift_o = _layer("b_o", params.b_o, h, W_ho, y_hat)
    f, _, _ = ACTIVATIONS[activation]
    with np.errstate(over="ignore", under="ignore"):
        table = affine.quantize(f(affine.dequantize(np.arange(z_h.qmin, z_h.qmax + 1), z_h)), h)
    network = IntegerNetwork(
        affine.quantize(params.W_ih, W_ih),
        affine.quantize(params.W_ho, W_ho),
        b_h,
        b_o,
        x,
        W_ih,
        z_h,
        h,
        W_ho,
        y_hat,
        multiplier_h,
        shift_h,
        multiplier_o,
        shift_o,
        table,
        activation,
    )
    for a in bound(network)[:2]:
        if (a > HIGH).any():
            arrays.refuse(
                "convert", "params", "of accumulators that int32 can hold", f"a bound of {a.max()}"
            )
    return network


def _given(function, params, name, X, activation):
    """(params, X): one network, in float64, and its rows."""
    X = arrays.numbers(function, name, X, ndim=2, exact=False)
    params, _, _ = checked(function, params, activation=activation, exact=False, complex_=False)
    if params.batch:
        arrays.refuse(function, "params", "one network", f"leading axes {params.batch}")
    _columns(function, name, X, params.sizes[0])
    return Params(*(a.astype(np.float64) for a in params.arrays())), X


def _columns(function, name, X, inputs):
    if X.shape[-1] != inputs:
        arrays.refuse(function, name, f"of shape (N, {inputs})", f"shape {X.shape}")


def _grid(name, what, x, bits, **options):
    try:
        return calibration.choose_qparams(x, bits, **options)
    except ValueError:
        arrays.refuse(
            "convert",
            name,
            f"such that {what} has a scale that is finite and normal",
            arrays.describe(x),
        )


def _layer(name, bias, x, W, z):
    """(bias codes, multiplier, shift) of z = W·x + bias: the bias is added to an accumulator, and
    so has its scale."""
    with np.errstate(all="ignore"):
        scale = x.scale * W.scale  # () or (out,)
        codes, real = rounding.nearest_even(bias / scale), scale / z.scale
    if not ((scale >= np.finfo(np.float64).tiny) & (real > 0) & np.isfinite(real)).all():
        arrays.refuse(
            "convert",
            "params",
            "of scales whose s_x·s_W and s_x·s_W/s_z are finite and normal",
            arrays.describe(real),
        )
    if (np.abs(codes) > HIGH).any():
        arrays.refuse(
            "convert", f"params.{name}", "within int32 at the scale s_x·s_W", arrays.describe(codes)
        )
    return codes.astype(np.int32), *fixed_point_multiplier(real)


def forward(network, X):
    """q_x = quantize(x); a = W_ih·q_x + b'; q_z = requantize(a); q_h = table[q_z − qmin]; likewise
    ŷ. X (N, inputs).

    Between X's codes and ŷ's codes there is no float; z_h, h and y_hat are copies, decoded to be
    looked at.

    >>> n = convert(Params([[1, 2]], [3], [[2]], [1]), [[1, 0], [-1, 1.55]], activation="relu")
    >>> f = forward(n, [[0.5, 0.5]])                                      # ŷ = 2·(0.5 + 1 + 3) + 1 = 10
    >>> f.x_codes.tolist(), f.accumulator_h.tolist(), f.z_h_codes.tolist(), f.y_hat_codes.tolist(), f.y_hat.round(3)
    ([[22, 22]], [[28600]], [[97]], [[100]], array([[10.014]]))
    """
    _integer_network("forward", network)
    X = arrays.numbers("forward", "X", X, ndim=2)
    _columns("forward", "X", X, network.W_ih.shape[1])
    x, z, h, y = network.x_qparams, network.z_h_qparams, network.h_qparams, network.y_hat_qparams
    q_x = affine.quantize(X, x)  # (N, in)
    a_h = _accumulate(q_x, network.W_ih, network.b_h, x)  # (N, in) @ (in, hidden) -> (N, hidden)
    q_z = requantize(a_h, network.multiplier_h, network.shift_h, z.zero_point, z.qmin, z.qmax)
    q_h = _look_up(network, q_z)  # (N, hidden)
    a_o = _accumulate(q_h, network.W_ho, network.b_o, h)  # (N, hidden) @ (hidden, out) -> (N, out)
    q_y = requantize(a_o, network.multiplier_o, network.shift_o, y.zero_point, y.qmin, y.qmax)
    decoded = (affine.dequantize(q, p) for q, p in ((q_z, z), (q_h, h), (q_y, y)))
    return IntegerForward(*decoded, q_x, a_h, q_z, q_h, a_o, q_y)


def _integer_network(function, network):
    if not isinstance(network, IntegerNetwork):
        arrays.refuse(
            function,
            "network",
            "an IntegerNetwork, made by convert",
            arrays.describe(network),
            TypeError,
        )


def _accumulate(q, W, bias, qparams):
    total = matmul(q, W.T).astype(np.int64) + fold(bias, W, qparams.zero_point)
    return as_int32("forward", "network", "of accumulators that int32 can hold", total)


def _look_up(network, q_z):
    return network.table[
        q_z.astype(np.int64) - network.z_h_qparams.qmin
    ]  # in a byte, 127 − −128 would wrap


def bound(network):
    """Σ_k |q_W[j, k]|·max|q_x| + |b'_j|: no partial sum, in whatever order, is larger, whatever the
    input.

    >>> n = convert(Params([[1, 2]], [3], [[2]], [1]), [[1, 0], [-1, 1.55]], activation="relu")
    >>> bound(n)                                                          # (64 + 127)·128 + 24398
    Bound(accumulator_h=array([48846]), accumulator_o=array([35687]), limit=2147483647)
    """
    _integer_network("bound", network)
    return Bound(
        _static(network.W_ih, network.b_h, network.x_qparams),
        _static(network.W_ho, network.b_o, network.h_qparams),
        HIGH,
    )


def _static(W, bias, qparams):
    largest = max(abs(qparams.qmin), abs(qparams.qmax))
    constant = np.abs(folded(bias, W, qparams.zero_point)).astype(np.int64)
    return np.abs(W.astype(np.int64)).sum(axis=-1) * largest + constant  # (out, in) -> (out,)


def ladder(network, params, X):
    """ŷ of params at five stages, so that every difference has one cause; the steps sum to integers
    − float.

    float        params as they are                        weights   W and b decoded from their codes
    activations  x, h and ŷ on their grids too             table     z_h on its grid too, h read from the table
    integers     forward(network, X): M in 31 bits, two roundings

    >>> p, X = Params([[0.5, -1]], [0.5], [[-3]], [0.5]), [[1, -1], [-0.5, 1], [0.25, 0.5]]
    >>> [y.round(2)[2, 0].item() for y in ladder(convert(p, X, bits=4), p, X)]
    [0.13, 0.09, 0.32, 0.0, -0.32]
    """
    _integer_network("ladder", network)
    params, X = _given("ladder", params, "X", X, network.activation)
    sizes = (*network.W_ih.shape[::-1], len(network.W_ho))
    if params.sizes != sizes:
        arrays.refuse("ladder", "params", f"of sizes {sizes}, as network", f"sizes {params.sizes}")
    x, z, h, y = network.x_qparams, network.z_h_qparams, network.h_qparams, network.y_hat_qparams
    decoded = Params(
        affine.dequantize(network.W_ih, network.W_ih_qparams),
        network.b_h * (x.scale * network.W_ih_qparams.scale),
        affine.dequantize(network.W_ho, network.W_ho_qparams),
        network.b_o * (h.scale * network.W_ho_qparams.scale),
    )
    z_h, h_exact, _ = propagate(
        decoded, affine.dequantize(affine.quantize(X, x), x), network.activation
    )
    h_grid = affine.fake_quantize(h_exact, h)
    h_table = affine.dequantize(_look_up(network, affine.quantize(z_h, z)), h)
    on_grids, by_table = (
        affine.fake_quantize(a @ decoded.W_ho.mT + decoded.b_o, y) for a in (h_grid, h_table)
    )
    return Ladder(
        propagate(params, X, network.activation).y_hat,
        propagate(decoded, X, network.activation).y_hat,
        on_grids,
        by_table,
        forward(network, X).y_hat,
    )
