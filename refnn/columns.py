"""This module computes the formulas of `derivatives` faster, with each example as a column.

In this layout every operation runs along contiguous memory. Each product is written directly to its
place in the result.

    ∂/∂θ of each example   the error at a weight's output times its input, which is 1 for a bias
    Σ GᵀG                  G is the Jacobian, and its rows are the gradients of single outputs
    the rest of H          Σ r·∂²ŷ/∂θ², which is 0 between parameters of different hidden units

Tests compare each function with the formula of the same name. The two results differ at most by the
rounding errors of one sum.
"""

from functools import cache

import numpy as np

from refnn.network import ACTIVATIONS, Params


def per_example_gradients(params, X, y, activation="tanh"):
    """Return ∂J_n/∂θ for every example n, (…, N, 61), as a transposed view of (…, 61, N).

    >>> p, X, y = Params([[1]], [0], [[2]], [0]), np.array([[3.0], [1.0]]), np.array([[5.0], [0.0]])
    >>> per_example_gradients(p, X, y, "identity").tolist()
    [[6.0, 2.0, 3.0, 1.0], [4.0, 4.0, 2.0, 2.0]]
    """
    X, z, h, y_hat = _columns(params, X, activation)
    dy = y_hat - y.mT  # (…, out, N)
    dz = _through(params.W_ho, dy) * ACTIVATIONS[activation][1](z, h)  # (…, hidden, N)
    return _slopes(dz, X, dy, h).mT  # (…, N, 61)


def hessian(params, X, y, activation="tanh"):
    """Return ∂²J/∂θ², (…, 61, 61).

    >>> p, X, y = Params([[1]], [0], [[2]], [0]), np.array([[3.0]]), np.array([[5.0]])
    >>> hessian(p, X, y, "identity")[0].tolist()
    [36.0, 12.0, 21.0, 6.0]
    """
    _, slope, bend = ACTIVATIONS[activation]
    X, z, h, y_hat = _columns(params, X, activation)
    r, df = y_hat - y.mT, slope(z, h)  # (…, out, N), f′ (…, hidden, N)
    one = np.ones((*X.shape[:-2], 1, X.shape[-1]), X.dtype)  # a bias's input is 1
    X1 = np.concatenate([X, one], axis=-2)  # (…, in + 1, N)
    own, into = _units(params.sizes), X1.shape[-2]
    bent = np.empty((*z.shape[:-1], own.shape[1], z.shape[-1]), r.dtype)  # complex if any is
    _products(_through(params.W_ho, r) * bend(z, h), X1, bent[..., :into, :])  # bend: f″
    _products(df, r, bent[..., into:, :])
    bent = bent @ X1[..., None, :, :].mT  # (…, hidden, in + 1 + out, in + 1)
    H = _squares(params, X, h, df).astype(r.dtype, copy=False)
    H[..., own[:, :, None], own[:, None, :into]] += bent
    H[..., own[:, :into, None], own[:, None, into:]] += bent[..., into:, :].mT
    return H


def gauss_newton(params, X, activation="tanh"):
    """Return Σ GᵀG, (…, 61, 61).

    >>> p, X = Params([[1]], [0], [[2]], [0]), np.array([[3.0]])
    >>> gauss_newton(p, X, "identity")[0].tolist()
    [36.0, 12.0, 18.0, 6.0]
    """
    X, z, h, _ = _columns(params, X, activation)
    return _squares(params, X, h, ACTIVATIONS[activation][1](z, h))


def _columns(params, X, activation):
    """Return Xᵀ (…, in, N), z and h (…, hidden, N), ŷ (…, out, N)."""
    X = np.ascontiguousarray(X.mT)
    z = params.W_ih @ X + params.b_h[..., None]
    h = ACTIVATIONS[activation][0](z)
    return X, z, h, params.W_ho @ h + params.b_o[..., None]


def _through(W_ho, dy):
    """Return W_hoᵀ·dy, (…, hidden, N)."""
    return (np.multiply if dy.shape[-2] == 1 else np.matmul)(W_ho.mT, dy)


def _squares(params, X, h, slope):
    """Return Σ GᵀG, (…, 61, 61)."""
    D = params.W_ho[..., None] * slope[..., None, :, :]  # ∂ŷ/∂z (…, out, hidden, N)
    one = np.eye(D.shape[-3], dtype=D.dtype)[..., None]  # ∂ŷ/∂ŷ (out, out, 1)
    G = _slopes(D, X[..., None, :, :], one, h[..., None, :, :])  # (…, out, 61, N)
    squares = G @ G.mT
    return squares[..., 0, :, :] if len(one) == 1 else squares.sum(axis=-3)


def _slopes(dz, X, dy, h):
    """Return ∂/∂θ for each example, (…, 61, N)."""
    (*batch, hidden, N), inputs, outputs = dz.shape, X.shape[-2], dy.shape[-2]
    b_h = hidden * inputs  # where the four arrays begin
    W_ho, b_o = b_h + hidden, b_h + hidden + outputs * hidden
    G = np.empty((*batch, b_o + outputs, N), dz.dtype)
    _products(dz, X, G[..., :b_h, :].reshape(*batch, hidden, inputs, N))
    _products(dy, h, G[..., W_ho:b_o, :].reshape(*batch, outputs, hidden, N))
    G[..., b_h:W_ho, :], G[..., b_o:, :] = dz, dy
    return G


def _products(a, b, out):
    """Write every row of a (…, i, N) times every row of b (…, j, N) into out (…, i, j, N).

    Two passes are faster than one here, because each runs along longer pieces of memory.
    """
    out[...] = a[..., None, :]
    out *= b[..., None, :, :]


@cache
def _units(sizes):
    """Return the positions in θ of each hidden unit's parameters, (hidden, in + 1 + out)."""
    inputs, hidden, outputs = sizes
    at = Params.unflatten(np.arange(hidden * (inputs + 1 + outputs) + outputs), sizes)
    return np.concatenate([at.W_ih, at.b_h[:, None], at.W_ho.T], axis=1)
