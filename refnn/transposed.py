"""The same J and gradient as network.loss and network.backward, and the same steps as
training.minimise, fast: transposed, in place, in blocks.

    Z = W₁·X₁ᵀ     H = f(Z)     R = W₂·H₁ − Yᵀ     J = ½ΣR²     ∂W₂ = R·H₁ᵀ
    ∂W₁ = ((W_hoᵀ·R) ∘ f'(Z))·X₁

W₁ = [W_ih b_h] and W₂ = [W_ho b_o] carry the biases, X₁ = [X 1] and H₁ their inputs 1; examples run
along the last axis, where memory is contiguous. Networks or rows are taken in blocks that fit the
cache. Parameters stand in the order of (W₁, W₂) from the first step to the last. `training.fit`
runs on this; tests hold it equal to the plain form: J and gradient to the rounding of one sum, the
steps exactly."""

from math import prod
from typing import NamedTuple

import numpy as np

from refnn.network import ACTIVATIONS, Params

BLOCK = 2**15  # numbers in one buffer: 256 kB of float64
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # of Adam


class Block(NamedTuple):
    """k networks and m rows, and where to put what they give; examples along the last axis."""

    nets: slice  # these networks of the stack
    x: np.ndarray  # X₁ᵀ of all networks (in + 1, m), or of each (k, in + 1, m)
    y: np.ndarray  # Yᵀ (1 or k, out, m)
    z: np.ndarray  # Z, then the slopes by Z (k, hidden, m)
    z_x: np.ndarray  # the same memory, in the shape of a product with x
    h: np.ndarray  # H (k, hidden, m)
    h1: np.ndarray  # H₁ (k, hidden + 1, m), the last row 1
    r: np.ndarray  # R (k, out, m)
    r_flat: np.ndarray  # the same memory (k, out·m)
    J: np.ndarray  # (k,), summed over blocks
    dW1: np.ndarray  # (k, hidden, in + 1), likewise
    dW2: np.ndarray  # (k, out, hidden + 1), likewise


def order(sizes):
    """Return where each entry of (W₁, W₂), flattened, stands in `Params.flatten`.

    It is a permutation.

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

    theta and gradient have the order that `order` tells. X (N, in) or (*batch, N, in), y likewise,
    of one dtype; S is the product of batch. J and gradient are overwritten by the next call.

    >>> J_and_gradient = objective((1, 1, 1), (), np.array([[2.0]]), np.array([[1.0]]), "identity")
    >>> J, g = J_and_gradient(np.array([[3.0, 0.0, 0.5, 0.0]]))  # w, b, v, c: ŷ = v·(w·x + b) + c
    >>> J.tolist(), g.tolist()
    ([2.0], [[2.0, 1.0, 12.0, 2.0]])
    """
    inputs, hidden, outputs = sizes
    S, cut = prod(batch), hidden * (inputs + 1)  # W₁ before the cut, W₂ after
    J, gradient = np.empty(S, X.dtype), np.empty((S, cut + outputs * (hidden + 1)), X.dtype)
    activate, times_slope = _in_place(activation)
    blocks = _blocks(sizes, X, y, J, gradient[:, :cut], gradient[:, cut:])

    def J_and_gradient(theta):
        J.fill(0)
        gradient.fill(0)
        for nets, x, y, z, z_x, h, h1, r, r_flat, own_J, dW1, dW2 in blocks:
            W1 = theta[nets, :cut].reshape(*z_x.shape[:-1], inputs + 1)
            W2 = theta[nets, cut:].reshape(dW2.shape)
            back = W2[..., :hidden].mT  # W_hoᵀ (k, hidden, out)
            np.matmul(W1, x, out=z_x)
            activate(z, h)
            np.matmul(W2, h1, out=r)
            r -= y
            if outputs == 1:  # then W_ho is a factor of each unit, and may wait for the sum
                times_slope(r, z, h)
                dW1 += (z_x @ x.mT).reshape(dW1.shape) * back
            else:
                times_slope(back @ r, z, h)
                dW1 += (z_x @ x.mT).reshape(dW1.shape)
            dW2 += r @ h1.mT
            own_J += np.vecdot(r_flat, r_flat) / 2
        return J, gradient

    return J_and_gradient


def _blocks(sizes, X, y, J, dW1, dW2):
    """Return the blocks, which share the memory of Z, H₁ and R; each has its rows of X₁ᵀ in one
    piece.

    J (S,), dW1 (S, hidden·(in + 1)) and dW2 (S, out·(hidden + 1)) are those of all networks."""
    inputs, hidden, outputs = sizes
    S, N, dtype = len(J), X.shape[-2], X.dtype
    X, y = (a.reshape(S, *a.shape[-2:]) if a.ndim > 2 else a[None] for a in (X, y))
    X1t = np.concatenate([X.mT, np.ones((len(X), 1, N), dtype)], axis=1)  # (1 or S, in + 1, N)
    yt = np.ascontiguousarray(y.mT)  # (1 or S, out, N)
    most = min(N, max(1, BLOCK // (hidden + 1)))  # rows of a block
    many = max(1, min(S, BLOCK // ((hidden + 1) * most)))  # networks of a block
    rows = [slice(n, min(n + most, N)) for n in range(0, N, most)]
    of_all = [np.ascontiguousarray(X1t[0, :, n]) for n in rows]
    H1 = np.ones((many, hidden + 1, most), dtype)
    Z, R = (np.empty(many * units * most, dtype) for units in (hidden, outputs))

    def block(nets, n, x):
        k, m = nets.stop - nets.start, n.stop - n.start
        z, r, h1 = Z[: k * hidden * m], R[: k * outputs * m], H1[:k, :, :m]
        z_x, t = z.reshape(k * hidden, m), yt if len(yt) == 1 else yt[nets]
        if len(X1t) > 1:
            x, z_x = X1t[nets, :, n], z.reshape(k, hidden, m)
        return Block(
            *(nets, x, t[..., n], z.reshape(k, hidden, m), z_x, h1[:, :hidden], h1),
            *(r.reshape(k, outputs, m), r.reshape(k, outputs * m), J[nets]),
            *(dW1[nets].reshape(k, hidden, inputs + 1), dW2[nets].reshape(k, outputs, hidden + 1)),
        )

    stacks = [slice(s, min(s + many, S)) for s in range(0, S, many)]
    return [block(nets, n, x) for nets in stacks for n, x in zip(rows, of_all)]


def _in_place(activation):
    """Return (f(z) into h, z ← d·f'(z)), without temporaries where it pays."""
    f, slope, _ = ACTIVATIONS[activation]

    def activate(z, h):
        h[...] = f(z)

    def times_slope(d, z, h):
        np.multiply(d, slope(z, h), out=z)

    def times_slope_of_tanh(d, z, h):
        np.multiply(h, h, out=z)
        np.subtract(1, z, out=z)
        np.multiply(d, z, out=z)  # d·(1 − h²)

    if activation == "tanh":
        return (lambda z, h: np.tanh(z, out=h)), times_slope_of_tanh
    return activate, times_slope


def minimise(theta, gradient, *, steps, lr, optimizer, project):
    """Take the steps of training.minimise. gradient(theta) has the dtype of theta.

    >>> rule = {"steps": 3, "lr": np.array(0.25), "optimizer": "gd", "project": lambda theta: theta}
    >>> minimise(np.array([4.0]), lambda theta: 2 * theta, **rule)
    array([0.5])
    """
    theta = project(theta)
    moments, hats = np.zeros((2, 2, *theta.shape), theta.dtype)  # (m, v) and (m̂, v̂)
    m_hat, v_hat = hats
    alone = (2, *[1] * theta.ndim)
    keep = np.array([BETA1, BETA2], theta.dtype).reshape(alone)
    take = np.array([1 - BETA1, 1 - BETA2], theta.dtype).reshape(alone)
    epsilon, corrections = np.array(EPSILON, theta.dtype), np.empty(alone, theta.dtype)
    for t in range(1, steps + 1):
        g = gradient(theta)
        if optimizer == "adam":
            np.multiply(take, g, out=hats)
            v_hat *= g
            moments *= keep
            moments += hats
            corrections[0], corrections[1] = 1 - BETA1**t, 1 - BETA2**t
            np.divide(moments, corrections, out=hats)
            np.sqrt(v_hat, out=v_hat)
            v_hat += epsilon
            g = np.divide(m_hat, v_hat, out=m_hat)
        theta = project(theta - lr * g)
    return theta
