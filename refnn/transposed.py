"""This module computes J, its gradient and the training steps faster than the plain formulas.

The results are those of network.loss, network.backward and training.minimise. The arrays are
transposed, written in place and cut into blocks.

    Z = W₁·X₁ᵀ     H = f(Z)     R = W₂·H₁ − Yᵀ     J = ½ΣR²     ∂W₂ = R·H₁ᵀ
    ∂W₁ = ((W_hoᵀ·R) ∘ f'(Z))·X₁

W₁ = [W_ih b_h] and W₂ = [W_ho b_o] hold weights and biases together. The input of a bias is 1, so
X₁ = [X 1] has a column of ones, and H₁ is H with a row of ones. Examples run along the last axis,
where memory is contiguous. The networks and the rows of X are cut into blocks that fit into the
cache. Parameters are kept in the order of (W₁, W₂) during the whole training.

`training.fit` uses this module. Tests compare it with the plain formulas: the steps are exactly
equal, and J and its gradient differ at most by the rounding errors of one sum.
"""

from math import prod
from typing import NamedTuple

import numpy as np

from refnn.network import ACTIVATIONS, Params

BLOCK = 2**15  # numbers in one buffer: 256 kB of float64
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # of Adam


class Block(NamedTuple):
    """The arrays for k networks and m examples, both inputs and results.

    Examples run along the last axis. If there is only one network in all, no array has the axis k.
    """

    W1: np.ndarray  # (k, hidden, in + 1)
    W1_x: np.ndarray  # the same, in the shape that the product with x needs
    W2: np.ndarray  # (k, out, hidden + 1)
    back: np.ndarray  # W_hoᵀ (k, hidden, out)
    x: np.ndarray  # X₁ᵀ, one for all networks (in + 1, m) or one for each (k, in + 1, m)
    x_again: np.ndarray  # X₁ (m, in + 1) or (k, m, in + 1)
    y: np.ndarray  # Yᵀ (1 or k, out, m)
    z: np.ndarray  # Z (k, hidden, m)
    z_x: np.ndarray  # the same, in the shape that the product with x gives
    d: np.ndarray  # W_hoᵀ·R, then ∂J/∂Z (k, hidden, m)
    d_x: np.ndarray  # the same, in the shape that the product with x_again needs
    h: np.ndarray  # H (k, hidden, m)
    h1: np.ndarray  # H₁ (k, hidden + 1, m), the last row 1
    h1_again: np.ndarray  # H₁ᵀ (k, m, hidden + 1)
    r: np.ndarray  # R (k, out, m)
    r_flat: np.ndarray  # the same (k, out·m)
    J: np.ndarray  # (k,), the sum over blocks
    dW1: np.ndarray  # (k, hidden, in + 1), the sum over blocks
    dW1_x: np.ndarray  # the same, in the shape that the product of d_x and x_again gives
    dW2: np.ndarray  # (k, out, hidden + 1), the sum over blocks


def order(sizes):
    """Return the position in `Params.flatten` of each entry of (W₁, W₂), flattened.

    The result is a permutation of all positions.

    >>> order((2, 1, 1)).tolist()
    [0, 1, 2, 3, 4]
    >>> order((1, 2, 1)).tolist()
    [0, 2, 1, 3, 4, 5, 6]
    """
    inputs, hidden, outputs = sizes
    at = Params.unflatten(np.arange(hidden * (inputs + 1 + outputs) + outputs), sizes)
    W1, W2 = np.column_stack([at.W_ih, at.b_h]), np.column_stack([at.W_ho, at.b_o])
    return np.concatenate([W1.ravel(), W2.ravel()])


def objective(sizes, batch, X, y, activation):
    """Return a function of theta (S, 61) that gives J (S,) and its gradient (S, 61).

    theta and the gradient have the order that `order` returns. S is the product of batch. X is
    (N, in) or (*batch, N, in), y is (N, out) or (*batch, N, out), and both have the same dtype.
    Each call of the function overwrites the J and the gradient that it returned before.

    >>> J_and_gradient = objective((1, 1, 1), (), np.array([[2.0]]), np.array([[1.0]]), "identity")
    >>> J, g = J_and_gradient(np.array([[3.0, 0.0, 0.5, 0.0]]))  # w, b, v, c: ŷ = v·(w·x + b) + c
    >>> J.tolist(), g.tolist()
    ([2.0], [[2.0, 1.0, 12.0, 2.0]])
    """
    inputs, hidden, outputs = sizes
    S, n, cut = prod(batch), len(order(sizes)), hidden * (inputs + 1)
    own = np.empty((S, n), X.dtype, order="F")  # so that W₂·H₁ is always summed in one order
    J, gradient = np.empty(S, X.dtype), np.empty((S, n), X.dtype)
    halves = gradient[:, :cut], gradient[:, cut:]  # ∂W₁ and ∂W₂ of each network
    sums = halves if S == 1 else [half.copy() for half in halves]  # in contiguous memory
    rows = min(X.shape[-2], max(1, BLOCK // (hidden + 1)))  # in a block
    blocks = _blocks(sizes, rows, X, y, own, J, sums)
    activate, times_slope, slope_of = _in_place(activation)
    shared = X.ndim == 2 or S == 1  # all networks have one X
    product = np.dot if shared else np.matmul
    each = np.dot if S == 1 else np.matmul  # the product for each network
    through = np.multiply if outputs == 1 < S else each  # W_hoᵀ·R
    alone = rows == X.shape[-2]
    late = outputs == 1 and not alone  # multiply by W_ho after the sum, which saves a pass

    def J_and_gradient(theta):
        np.copyto(own, theta)
        if not alone:
            for total in (J, *sums):
                total.fill(0)
        for block in blocks:
            W1, W1_x, W2, back, x, x_again, y, z, z_x, d, d_x, *rest = block
            h, h1, h1_again, r, r_flat, own_J, dW1, dW1_x, dW2 = rest
            if shared and S > 1:  # the W₁ of all networks become one matrix
                np.copyto(W1_x.reshape(W1.shape), W1)
            product(W1_x, x, out=z_x)
            activate(z, h)
            each(W2, h1, out=r)
            r -= y
            if late:
                slope_of(z, h, d)
                d *= r
            else:
                through(back, r, out=d)
                times_slope(d, z, h)
            if alone:
                product(d_x, x_again, out=dW1_x)
                each(r, h1_again, out=dW2)
                np.vecdot(r_flat, r_flat, out=own_J)
            else:
                part = product(d_x, x_again).reshape(dW1.shape)
                dW1 += back * part if late else part
                dW2 += each(r, h1_again)
                own_J += np.vecdot(r_flat, r_flat)
        np.divide(J, 2, out=J)
        if S > 1:
            for half, total in zip(halves, sums):
                np.copyto(half, total)
        return J, gradient

    return J_and_gradient


def _blocks(sizes, rows, X, y, own, J, sums):
    """Return the list of all blocks.

    They share the memory of Z, D, H₁ and R. Each has its part of X₁ᵀ in contiguous memory. own
    (S, 61) is the array that will hold theta. J (S,) and sums, which are ∂W₁ (S, 55) and ∂W₂
    (S, 6), will hold the results.
    """
    inputs, hidden, outputs = sizes
    S, N, cut, dtype = len(J), X.shape[-2], hidden * (inputs + 1), X.dtype
    X, y = (a.reshape(S, *a.shape[-2:]) if a.ndim > 2 else a[None] for a in (X, y))
    X1t = np.concatenate([X.mT, np.ones((len(X), 1, N), dtype)], axis=1)  # (1 or S, in + 1, N)
    yt = np.ascontiguousarray(y.mT)  # (1 or S, out, N)
    nets = max(1, min(S, BLOCK // ((hidden + 1) * rows)))  # in a block
    parts = [slice(n, min(n + rows, N)) for n in range(0, N, rows)]
    of_all = [np.ascontiguousarray(X1t[0, :, n]) for n in parts]
    H1 = np.ones((nets, hidden + 1, rows), dtype)
    Z, D, R = (np.empty(nets * units * rows, dtype) for units in (hidden, hidden, outputs))

    def block(s, n, x):
        k, m = s.stop - s.start, n.stop - n.start
        W1, W2 = own[s, :cut].reshape(k, hidden, -1), own[s, cut:].reshape(k, outputs, -1)
        dW1, dW2 = sums[0][s].reshape(W1.shape), sums[1][s].reshape(W2.shape)
        z, d = (a[: k * hidden * m].reshape(k, hidden, m) for a in (Z, D))
        r, h1 = R[: k * outputs * m].reshape(k, outputs, m), H1[:k, :, :m]
        t = yt[..., n] if len(yt) == 1 else yt[s, :, n]
        r_flat, h, back = r.reshape(k, outputs * m), h1[:, :hidden], W2[..., :hidden].mT
        W1_x, z_x, d_x, dW1_x = W1, z, d, dW1
        if len(X1t) == 1:  # all networks share X, so one product serves k networks
            W1_x, z_x, d_x, dW1_x = (a.reshape(-1, a.shape[-1]) for a in (W1, z, d, dW1))
        else:
            x = X1t[s, :, n]
        x_again = x.mT
        if len(parts) == 1:  # contiguous memory makes a short product faster
            x_again = np.ascontiguousarray(x_again)
        of_each = {"W1": W1, "W2": W2, "back": back, "y": t, "z": z, "d": d, "h": h, "h1": h1}
        of_each |= {"h1_again": h1.mT, "r": r, "r_flat": r_flat, "J": J[s], "dW1": dW1, "dW2": dW2}
        if S == 1:
            of_each = {name: a[0, ...] for name, a in of_each.items()}
        return Block(W1_x=W1_x, x=x, x_again=x_again, z_x=z_x, d_x=d_x, dW1_x=dW1_x, **of_each)

    stacks = [slice(s, min(s + nets, S)) for s in range(0, S, nets)]
    return [block(s, n, x) for s in stacks for n, x in zip(parts, of_all)]


def _in_place(activation):
    """Return three functions that work in place: h ← f(z), d ← d·f'(z) and d ← f'(z).

    For tanh they need no temporary arrays.
    """
    f, slope, _ = ACTIVATIONS[activation]

    def activate(z, h):
        h[...] = f(z)

    def times_slope(d, z, h):
        d *= slope(z, h)

    def slope_of(z, h, d):
        d[...] = slope(z, h)

    def times_slope_of_tanh(d, z, h):
        np.multiply(h, h, out=z)  # z is no longer needed
        z *= d
        d -= z  # d·(1 − h²)

    def slope_of_tanh(z, h, d):
        np.multiply(h, h, out=d)
        np.subtract(1, d, out=d)

    if activation == "tanh":
        return (lambda z, h: np.tanh(z, out=h)), times_slope_of_tanh, slope_of_tanh
    return activate, times_slope, slope_of


def minimise(theta, gradient, *, steps, lr, optimizer, project=None):
    """Take the same steps as training.minimise, in place.

    gradient(theta) must return the dtype of theta.

    >>> minimise(np.array([4.0]), lambda theta: 2 * theta, steps=3, lr=0.25, optimizer="gd")
    array([0.5])
    """
    project = project or (lambda theta: theta)
    theta, constants = project(theta), (BETA1, BETA2, 1 - BETA1, 1 - BETA2, EPSILON, 0, 0)
    m, v, m_hat, v_hat = np.zeros((4, *theta.shape), theta.dtype)
    lr = np.asarray(lr, theta.dtype)
    lr = lr.reshape(()) if lr.size == 1 else lr
    # These numbers are arrays of theta's dtype, so that no step has to convert them again
    beta1, beta2, rest1, rest2, epsilon, seen1, seen2 = (
        np.array(c, theta.dtype) for c in constants
    )
    for t in range(1, steps + 1):
        g = gradient(theta)
        if optimizer == "adam":
            np.multiply(rest1, g, out=m_hat)
            m *= beta1
            m += m_hat  # β₁m + (1 − β₁)g
            np.multiply(rest2, g, out=v_hat)
            v_hat *= g
            v *= beta2
            v += v_hat  # β₂v + (1 − β₂)g²
            seen1[()], seen2[()] = 1 - BETA1**t, 1 - BETA2**t
            np.divide(m, seen1, out=m_hat)
            np.divide(v, seen2, out=v_hat)
            np.sqrt(v_hat, out=v_hat)
            v_hat += epsilon
            g = np.divide(m_hat, v_hat, out=m_hat)
        theta = project(theta - lr * g)
    return theta
