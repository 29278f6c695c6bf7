"""Networks, data and plain loops that more than one file of these tests uses."""

from fractions import Fraction as F

import numpy as np

from refnn import data, network, training
from refnn.network import Params

THETA = Params([[F(1), F(-2)], [F(3), F(-4)]], [F(5), F(-6)], [[F(7), F(8)]], [F(9)])


def untrained(seed=0):
    s = data.split(data.load("diabetes"), seed)
    return network.init(np.random.default_rng(seed)), s.X_train, s.y_train


def trained(seed=0, steps=200):
    s = data.split(data.load("diabetes"), seed)
    fit = training.fit(
        network.init(np.random.default_rng(seed)),
        s.X_train,
        s.y_train,
        steps=steps,
        lr=0.01,
        weight_decay=10.0,
    )
    return fit.params, s.X_train, s.y_train


# --- of a few parameters --------------------------------------------------------------------------


def fractional(rng, sizes=(3, 2, 2), N=4):
    """A network and data of small fractions; no parameter is 0."""

    def some(*shape):
        return np.array(
            [F(int(v), 4) for v in rng.choice([*range(-9, 0), *range(1, 10)], shape).flat]
        ).reshape(shape)

    inputs, hidden, outputs = sizes
    return (
        Params(some(hidden, inputs), some(hidden), some(outputs, hidden), some(outputs)),
        some(N, inputs),
        some(N, outputs),
    )


def real(rng, sizes=(3, 2, 2), N=7, batch=()):
    p = network.init(rng, sizes, batch)
    return (
        Params.unflatten(p.flatten() + 0.3 * rng.standard_normal(p.flatten().shape), sizes),
        rng.standard_normal((N, sizes[0])),
        rng.standard_normal((N, sizes[2])),
    )


def case(seed=0, batch=()):
    rng = np.random.default_rng(seed)
    return (
        network.init(rng, (5, 3, 2), batch),
        rng.standard_normal((11, 5)),
        rng.standard_normal((11, 2)),
    )


# --- what should come out -------------------------------------------------------------------------


F_OF = {
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "relu": lambda z: z * (z > 0),
    "identity": lambda z: z,
}


def plain(params, X, y, activation, gone=()):
    """J without some, one parameter and one example at a time: independent of network and of
    truth."""
    theta = list(params.flatten())
    for i in gone:
        theta[i] = 0 * theta[i]
    (inputs, hidden, outputs), J = params.sizes, 0
    rows, b_h = (
        [theta[j * inputs : (j + 1) * inputs] for j in range(hidden)],
        theta[hidden * inputs :][:hidden],
    )
    W_ho, b_o = theta[hidden * (inputs + 1) : -outputs], theta[-outputs:]
    for x, t in zip(X, y):
        h = [F_OF[activation](sum(w * v for w, v in zip(row, x)) + b) for row, b in zip(rows, b_h)]
        for o in range(outputs):
            r = sum(W_ho[o * hidden + j] * h[j] for j in range(hidden)) + b_o[o] - t[o]
            J += r * r / 2
    return J


def rounding(params, X, y):
    """A bound for the rounding error of any difference of two J here. Every value on the way, and
    every sum of two, is at most `size`, as |f(z)| ≤ 1 + |z| and |f′| ≤ 1; it is a sum of at most
    `terms` products, each rounded a few times. ½r² and sums over the N·outputs residuals follow,
    and J, J′, r·d and ½d² are of that kind: a handful of them."""
    W_ih, b_h, W_ho, b_o = (np.abs(a) for a in params.arrays())
    size = (np.abs(y) + b_o + (1 + b_h + np.abs(X) @ W_ih.T) @ W_ho.T).max() * 3
    terms = sum(params.sizes) + 10 + y.size
    return 8 * terms * np.finfo(float).eps * y.size * size**2


def masked(n, gone):
    keep = np.ones(n, bool)
    keep[list(gone)] = False
    return keep


def J_of(params, X, y, activation="tanh"):
    return network.loss(network.forward(params, X, activation).y_hat, y)


def equal(a, b):
    return (a.flatten() == b.flatten()).all()
