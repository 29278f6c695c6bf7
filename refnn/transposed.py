"""The same J and gradient as network.half_square and network.backpropagate, fast: transposed,
preallocated, in blocks.

    Z = W₁·X₁ᵀ     H = f(Z)     R = W₂·H₁ − Yᵀ     J = ½ΣR²     ∂W₂ = R·H₁ᵀ     ∂W₁ = ((W₂ᵀR) ∘ f'(Z))·X₁

W₁ = [W_ih b_h] and W₂ = [W_ho b_o] carry the biases, X₁ = [X 1] and H₁ their inputs 1; examples run
along the last axis, where memory is contiguous. Networks or rows are taken in blocks that fit the
cache. `training.fit` runs on this; a test holds it equal to the plain form to the rounding of one
sum."""

import numpy as np

from refnn.network import ACTIVATIONS

BLOCK = 2**15  # numbers in one buffer: 256 kB of float64


def order(sizes):
    """Where each entry of (W₁, W₂), flattened, stands in `Params.flatten`: a permutation.

    >>> order((2, 1, 1)).tolist()
    [0, 1, 2, 3, 4]
    >>> order((1, 2, 1)).tolist()
    [0, 2, 1, 3, 4, 5, 6]
    """
    inputs, hidden, outputs = sizes
    W_ih, b_h, W_ho, b_o = np.split(
        np.arange(hidden * (inputs + 1 + outputs) + outputs),
        np.cumsum([hidden * inputs, hidden, outputs * hidden]),
    )
    first = np.column_stack([W_ih.reshape(hidden, inputs), b_h])
    second = np.column_stack([W_ho.reshape(outputs, hidden), b_o])
    return np.concatenate([first.ravel(), second.ravel()])


def objective(sizes, batch, X, y, activation):
    """A function of theta (S, 61), in the order of `Params.flatten`, that returns J (S,) and its
    gradient (S, 61).

    X (N, in) or (*batch, N, in), y likewise, of one dtype; S is the product of batch.

    >>> J_and_gradient = objective((1, 1, 1), (), np.array([[2.0]]), np.array([[1.0]]), "identity")
    >>> [part.tolist() for part in J_and_gradient(np.array([[3.0, 0.0, 0.5, 0.0]]))]     # w, b, v, c: y = v(wx + b) + c
    [[2.0], [[2.0, 1.0, 12.0, 2.0]]]
    """
    inputs, hidden, outputs = sizes
    S, N, dtype = int(np.prod(batch)), X.shape[-2], X.dtype
    X, y = (a.reshape(S, *a.shape[-2:]) if a.ndim > 2 else a[None] for a in (X, y))
    X1 = np.concatenate([X, np.ones((*X.shape[:-1], 1), X.dtype)], axis=-1)  # (1 or S, N, in + 1)
    X1t = np.ascontiguousarray(X1.mT)  # (1 or S, in + 1, N)
    yt = np.ascontiguousarray(y.mT)  # (1 or S, out, N)
    rows = min(N, max(1, BLOCK // (hidden + 1)))
    nets = max(1, min(S, BLOCK // ((hidden + 1) * rows)))
    H1 = np.ones((nets, hidden + 1, rows), dtype)
    Z, D, R = (np.empty(nets * units * rows, dtype) for units in (hidden, hidden, outputs))
    J, gradient = (
        np.empty(S, dtype),
        np.empty((S, hidden * (inputs + 1 + outputs) + outputs), dtype),
    )
    cut = hidden * (inputs + 1)  # W₁ before, W₂ after
    blocks = [
        (slice(s, min(s + nets, S)), slice(n, min(n + rows, N)))
        for s in range(0, S, nets)
        for n in range(0, N, rows)
    ]
    activate, times_slope = _in_place(activation)
    joined = order(sizes)
    apart = np.argsort(joined)

    def J_and_gradient(theta):
        theta = theta[:, joined]
        for s, n in blocks:
            k, m = s.stop - s.start, n.stop - n.start
            W1, W2 = (
                theta[s, :cut].reshape(k, hidden, inputs + 1),
                theta[s, cut:].reshape(k, outputs, hidden + 1),
            )
            one = slice(0, 1)
            x, xt, t = (a[s if len(a) == S else one] for a in (X1[:, n], X1t[..., n], yt[..., n]))
            z, d, r = (
                a[: k * units * m].reshape(k, units, m)
                for a, units in ((Z, hidden), (D, hidden), (R, outputs))
            )
            h1 = H1[:k, :, :m]
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
            if n.start == 0:
                J[s], gradient[s, :cut], gradient[s, cut:] = (
                    j,
                    g1.reshape(k, cut),
                    g2.reshape(k, -1),
                )
            else:
                J[s] += j
                gradient[s, :cut] += g1.reshape(k, cut)
                gradient[s, cut:] += g2.reshape(k, -1)
        return J.copy(), gradient[:, apart]

    return J_and_gradient


def _in_place(activation):
    """(f(z) into h, d ← d·f'(z)) without temporaries where it pays."""
    f, slope, _ = ACTIVATIONS[activation]
    if activation == "tanh":

        def times_slope(d, z, h):
            np.multiply(h, h, out=z)  # z is free by now
            z *= d
            d -= z  # d·(1 − h²)

        return (lambda z, h: np.tanh(z, out=h)), times_slope

    def activate(z, h):
        h[...] = f(z)

    def times_slope(d, z, h):
        d *= slope(z, h)

    return activate, times_slope
