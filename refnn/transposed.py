"""The same J and gradient as network.loss and network.backward, fast: transposed, preallocated, in
blocks.

    Z = W₁·X₁ᵀ     H = f(Z)     R = W₂·H₁ − Yᵀ     J = ½ΣR²     ∂W₂ = R·H₁ᵀ
    ∂W₁ = ((W₂ᵀR) ∘ f'(Z))·X₁

W₁ = [W_ih b_h] and W₂ = [W_ho b_o] carry the biases, X₁ = [X 1] and H₁ their inputs 1; examples run
along the last axis, where memory is contiguous. Networks or rows are taken in blocks that fit the
cache. `training.fit` runs on this; a test holds it equal to the plain form to the rounding of one
sum."""

from math import prod

import numpy as np

from refnn.network import ACTIVATIONS, Params

BLOCK = 2**15  # numbers in one buffer: 256 kB of float64


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

    theta has the order of `Params.flatten`. X (N, in) or (*batch, N, in), y likewise, of one dtype;
    S is the product of batch.

    >>> J_and_gradient = objective((1, 1, 1), (), np.array([[2.0]]), np.array([[1.0]]), "identity")
    >>> J, g = J_and_gradient(np.array([[3.0, 0.0, 0.5, 0.0]]))  # w, b, v, c: ŷ = v·(w·x + b) + c
    >>> J.tolist(), g.tolist()
    ([2.0], [[2.0, 1.0, 12.0, 2.0]])
    """
    inputs, hidden, outputs = sizes
    S, N, dtype = prod(batch), X.shape[-2], X.dtype
    X, y = (a.reshape(S, *a.shape[-2:]) if a.ndim > 2 else a[None] for a in (X, y))
    X1 = np.concatenate([X, np.ones((*X.shape[:-1], 1), dtype)], axis=-1)  # (1 or S, N, in + 1)
    X1t, yt = (np.ascontiguousarray(a.mT) for a in (X1, y))  # (1 or S, in + 1 or out, N)
    rows = min(N, max(1, BLOCK // (hidden + 1)))
    nets = max(1, min(S, BLOCK // ((hidden + 1) * rows)))
    blocks = [
        (slice(s, min(s + nets, S)), slice(n, min(n + rows, N)))
        for s in range(0, S, nets)
        for n in range(0, N, rows)
    ]
    H1 = np.ones((nets, hidden + 1, rows), dtype)
    Z, D, R = (np.empty(nets * units * rows, dtype) for units in (hidden, hidden, outputs))
    cut = hidden * (inputs + 1)  # W₁ before, W₂ after
    J, gradient = np.empty(S, dtype), np.empty((S, cut + outputs * (hidden + 1)), dtype)
    activate, times_slope = _in_place(activation)
    joined = order(sizes)
    apart = np.argsort(joined)

    def J_and_gradient(theta):
        theta = theta[:, joined]
        for s, n in blocks:
            k, m = s.stop - s.start, n.stop - n.start
            W1 = theta[s, :cut].reshape(k, hidden, inputs + 1)
            W2 = theta[s, cut:].reshape(k, outputs, hidden + 1)
            own = s if len(X1) == S else slice(0, 1)
            x, xt = X1[own, n], X1t[own, :, n]
            t = yt[s if len(yt) == S else slice(0, 1), :, n]
            z, d = (a[: k * hidden * m].reshape(k, hidden, m) for a in (Z, D))
            r, h1 = R[: k * outputs * m].reshape(k, outputs, m), H1[:k, :, :m]
            if len(xt) == 1:  # one product for all networks
                np.matmul(W1.reshape(k * hidden, inputs + 1), xt[0], out=z.reshape(k * hidden, m))
            else:
                np.matmul(W1, xt, out=z)  # (k, hidden, m)
            h = h1[:, :hidden]
            activate(z, h)
            np.matmul(W2, h1, out=r)  # (k, out, m)
            r -= t
            back = W2[..., :hidden].mT  # (k, hidden, out)
            (np.multiply if outputs == 1 else np.matmul)(back, r, out=d)  # (k, hidden, m)
            times_slope(d, z, h)
            j = np.einsum("kom,kom->k", r, r) / 2
            g1 = (d.reshape(k * hidden, m) @ x[0]) if len(x) == 1 else d @ x  # (k, hidden, in + 1)
            g2 = r @ h1.mT  # (k, out, hidden + 1)
            totals = J[s], gradient[s, :cut], gradient[s, cut:]
            for total, part in zip(totals, (j, g1.reshape(k, cut), g2.reshape(k, -1))):
                total[...] = total + part if n.start else part
        return J.copy(), gradient[:, apart]

    return J_and_gradient


def _in_place(activation):
    """Return (f(z) into h, d ← d·f'(z)) without temporaries where it pays."""
    f, slope, _ = ACTIVATIONS[activation]

    def activate(z, h):
        h[...] = f(z)

    def times_slope(d, z, h):
        d *= slope(z, h)

    def times_slope_of_tanh(d, z, h):
        np.multiply(h, h, out=z)  # z is free by now
        z *= d
        d -= z  # d·(1 − h²)

    if activation == "tanh":
        return (lambda z, h: np.tanh(z, out=h)), times_slope_of_tanh
    return activate, times_slope
