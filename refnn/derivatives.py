"""This module computes derivatives of the loss beyond its gradient, in closed form.

They are the gradient of each example and the exact Hessian (the matrix of second derivatives).
Other functions compute the product of the Hessian with a vector, its Gauss–Newton part, and the
inverse of the Hessian without one parameter. Each example has a residual r = ŷ − y and a Jacobian
G = ∂ŷ/∂θ. Summed over examples and outputs,

    ∂J/∂θ = Σ Gᵀr        ∂²J/∂θ² = Σ GᵀG + Σ r·∂²ŷ/∂θ²        (Gauss–Newton + curvature)

Every function takes one network or a stack, any of the four activations, and Fractions where the
activation allows them. Parameters are in the order of `Params.flatten`.
"""

from math import prod

import numpy as np

from refnn import arrays, columns
from refnn.arrays import Refused, describe
from refnn.network import ACTIVATION, ACTIVATIONS, NETWORK, ROWS, Params, forward
from refnn.validation import takes


@takes(
    params=NETWORK,
    X=ROWS,
    y=ROWS,
    activation=ACTIVATION,
    complex_=True,
    fast=columns.per_example_gradients,
)
def per_example_gradients(params, X, y, activation="tanh"):
    """∂J_n/∂θ of J_n = ½‖y_n − ŷ_n‖² for every example n, (…, N, 61).

    Their sum over the N examples is the gradient that `backward` returns.

    >>> p, X, y = Params([[1, 2]], [3], [[2]], [1]), [[10, 20], [0, 0]], [[100], [7]]
    >>> per_example_gradients(p, X, y, "relu")
    array([[140., 280.,  14., 371.,   7.],
           [  0.,   0.,   0.,   0.,   0.]])
    """
    z_h, h, y_hat = forward.formula(params, X, activation)
    dy = y_hat - y  # (…, N, out)
    dz = (dy @ params.W_ho) * ACTIVATIONS[activation][1](z_h, h)  # (…, N, hidden)
    parts = dz[..., None] * X[..., None, :], dz, dy[..., None] * h[..., None, :], dy
    return np.concatenate([_rows(a, dy.shape[:-1]) for a in parts], axis=-1)  # (…, N, 61)


def _direction(name, v, arguments):
    theta = arguments["params"].flatten()
    [v, theta] = arrays.together({name: v, "params": theta}, complex_=True)
    if v.ndim == 0 or v.shape[-1] != theta.shape[-1]:
        raise Refused(name, f"of shape (…, {theta.shape[-1]})", f"shape {v.shape}")
    arrays.broadcast({"params": theta, name: v})
    return v


@takes(params=NETWORK, X=ROWS, y=ROWS, activation=ACTIVATION, v=_direction, complex_=True)
def hessian_vector_product(params, X, y, v, activation="tanh"):
    """H·v, (…, 61), for the Hessian H = ∂²J/∂θ².

    H·v is the derivative of the backward pass in the direction v (Pearlmutter 1994), so H itself is
    not computed. The leading axes of v and params broadcast.

    >>> p = Params([[1]], [0], [[2]], [0])
    >>> hessian_vector_product(p, [[3]], [[5]], [1, 0, 0, 0], "identity")
    array([36., 12., 21.,  6.])
    """
    along = Params.unflatten(v, params.sizes)
    _, slope, bend = ACTIVATIONS[activation]
    z, h, y_hat = forward.formula(params, X, activation)
    z_v = X @ along.W_ih.mT + along.b_h[..., None, :]  # how z changes along v: (…, N, hidden)
    h_v = slope(z, h) * z_v
    y_v = h_v @ params.W_ho.mT + h @ along.W_ho.mT + along.b_o[..., None, :]  # (…, N, out)
    r = y_hat - y
    back, back_v = r @ params.W_ho, y_v @ params.W_ho + r @ along.W_ho  # (…, N, hidden)
    dz_v = back_v * slope(z, h) + back * bend(z, h) * z_v
    dW_ho_v = y_v.mT @ h + r.mT @ h_v
    return Params(dz_v.mT @ X, dz_v.sum(axis=-2), dW_ho_v, y_v.sum(axis=-2)).flatten()


@takes(params=NETWORK, X=ROWS, y=ROWS, activation=ACTIVATION, complex_=True, fast=columns.hessian)
def hessian(params, X, y, activation="tanh"):
    """Return the exact Hessian ∂²J/∂θ², (…, 61, 61).

    >>> hessian(Params([[1]], [0], [[2]], [0]), [[3]], [[5]], "identity")[:, 0]
    array([36., 12., 21.,  6.])
    """
    (inputs, hidden, outputs), (_, slope, bend) = params.sizes, ACTIVATIONS[activation]
    z, h, y_hat = forward.formula(params, X, activation)
    r = y_hat - y
    H = gauss_newton.formula(params, X, activation).astype(r.dtype, copy=False)
    X1 = np.concatenate([X, np.ones((*X.shape[:-1], 1), X.dtype)], axis=-1)  # a bias's input is 1
    X1 = X1[..., None, :, :]  # (…, 1, N, in + 1)
    curved = ((r @ params.W_ho) * bend(z, h)).mT[..., None, :]  # (…, hidden, 1, N), bend: f″
    own = (X1.mT * curved) @ X1  # (…, hidden, in + 1, in + 1)
    flowing = r.mT[..., None, :] * slope(z, h).mT[..., None, :, :]  # (…, out, hidden, N)
    crossed = flowing @ X1  # (…, out, hidden, in + 1)
    for j in range(hidden):
        unit = np.r_[j * inputs : (j + 1) * inputs, hidden * inputs + j]  # j's weights and its bias
        H[..., unit[:, None], unit] += own[..., j, :, :]
        for o in range(outputs):
            out = hidden * inputs + hidden + o * hidden + j  # the weight from unit j to output o
            H[..., unit, out] += crossed[..., o, j, :]
            H[..., out, unit] += crossed[..., o, j, :]
    return H


@takes(params=NETWORK, X=ROWS, y=ROWS, activation=ACTIVATION, complex_=True)
def hessian_diagonal(params, X, y, activation="tanh"):
    """∂²J/∂θᵢ² of every parameter, the diagonal of `hessian` without the rest of it, (…, 61).

    >>> hessian_diagonal(Params([[1]], [0], [[2]], [0]), [[3]], [[5]], "identity")
    array([36.,  4.,  9.,  1.])
    """
    _, slope, bend = ACTIVATIONS[activation]
    z, h, y_hat = forward.formula(params, X, activation)
    out = (params.W_ho * params.W_ho).sum(axis=-2)[..., None, :]  # (…, 1, hidden)
    d2z = slope(z, h) ** 2 * out + ((y_hat - y) @ params.W_ho) * bend(z, h)  # ∂²J_n/∂z², f″: bend
    d2W_ih = d2z.mT @ (X * X)  # (…, hidden, N) @ (…, N, in)
    d2W_ho = (h * h).sum(axis=-2)[..., None, :] + 0 * params.W_ho  # the same for every output
    d2b_o = X.shape[-2] * np.ones_like(params.b_o)
    return Params(d2W_ih, d2z.sum(axis=-2), d2W_ho, d2b_o).flatten()


@takes(params=NETWORK, X=ROWS, activation=ACTIVATION, complex_=True, fast=columns.gauss_newton)
def gauss_newton(params, X, activation="tanh"):
    """Σ GᵀG, (…, 61, 61), the part of the Hessian without the residual r.

    It equals the Hessian where r = 0, and vᵀ(Σ GᵀG)v ≥ 0 for every v.

    >>> gauss_newton(Params([[1]], [0], [[2]], [0]), [[3]], "identity")[:, 0]
    array([36., 12., 18.,  6.])
    """
    z, h, _ = forward.formula(params, X, activation)
    inputs, hidden, outputs = params.sizes
    slope = ACTIVATIONS[activation][1](z, h)[..., None, :]
    D = params.W_ho[..., None, :, :] * slope  # ∂ŷ/∂z_h (…, N, out, hidden)
    G = np.zeros((*D.shape[:-1], params.flatten().shape[-1]), D.dtype)  # ∂ŷ/∂θ (…, N, out, 61)
    cut = hidden * inputs
    G[..., :cut] = _rows(D[..., None] * X[..., None, None, :], D.shape[:-1])
    G[..., cut : cut + hidden] = D
    for o in range(outputs):
        G[..., o, cut + (o + 1) * hidden : cut + (o + 2) * hidden] = h
        G[..., o, cut + (outputs + 1) * hidden + o] = 1
    G = G.reshape(*D.shape[:-3], D.shape[-3] * outputs, G.shape[-1])  # (…, N·out, 61)
    return G.mT @ G


def _square(name, A, arguments):
    A = arrays.numbers(name, A)
    if A.ndim < 2 or A.shape[-1] != A.shape[-2]:
        raise Refused(name, "of shape (…, n, n)", f"shape {A.shape}")
    return A


def _position(name, i, arguments):
    A, i = arguments["inverse"], arrays.integers(name, i)
    if i.shape not in ((), A.shape[:-2]) or ((i < 0) | (i >= A.shape[-1])).any():
        raise Refused(name, f"a position from 0 to {A.shape[-1] - 1}", describe(i))
    return np.broadcast_to(i, A.shape[:-2])


@takes(inverse=_square, i=_position)
def inverse_without(inverse, i):
    """Remove row and column i from H and return the inverse of the rest, computed from H⁻¹.

        H⁻¹ − H⁻¹[:, i]·H⁻¹[i, :] / H⁻¹[i, i]        (Hassibi & Stork 1993; used by OBS and OBQ)

    The result keeps the shape of `inverse`, H⁻¹ (…, n, n), with 0 in row and column i. i is one
    position, or one for each matrix of a stack. ValueError if H⁻¹[i, i] is 0.

    >>> inverse_without(np.linalg.inv([[2.0, 1.0], [1.0, 4.0]]), 1)
    array([[0.5, 0. ],
           [0. , 0. ]])
    """
    at = i[..., None, None]
    column = np.take_along_axis(inverse, at, -1)  # (…, n, 1)
    row = np.take_along_axis(inverse, at, -2)  # (…, 1, n)
    pivot = np.take_along_axis(column, at, -2)  # (…, 1, 1)
    if (pivot == 0).any():
        raise Refused("inverse", "a matrix whose diagonal entry i is not 0", "0")
    gone = np.arange(inverse.shape[-1]) == at[..., 0]  # (…, n)
    left = inverse - column * row / pivot
    return np.where(gone[..., None] | gone[..., None, :], inverse.dtype.type(0), left)


def _rows(a, leading):
    """Return `a` with all axes after `leading` merged into one."""
    return a.reshape(*leading, prod(a.shape[len(leading) :]))
