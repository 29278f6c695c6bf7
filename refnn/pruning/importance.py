"""How much a parameter matters: scores to rank by, of the shape of the network.

A small score says: prune me first. criterion(params, X, y, activation="tanh") takes one network or
a stack; the article's signed R is in as_written. With g = ∂J/∂θ, H = ∂²J/∂θ², J summed over the
examples, deleting θ_i changes J by −g_i·θ_i + ½·H_ii·θ_i² − …"""

import numpy as np

from refnn.arrays import Refused
from refnn.derivatives import hessian, per_example_gradients
from refnn.network import ACTIVATION, ACTIVATIONS, NETWORK, ROWS, Params, backward
from refnn.validation import choice, generator, number, takes

of_network = takes(params=NETWORK, X=ROWS, y=ROWS, activation=ACTIVATION)


@takes(params=NETWORK, X=ROWS, y=ROWS, activation=choice(*ACTIVATIONS))
def magnitude(params, X=None, y=None, activation="tanh"):
    """|θ|: the size alone (Janowsky 1989; Han et al. 2015).

    Needs no data, and assumes that all have one unit.

    >>> magnitude(Params([[1.0, -2.0]], [-3.0], [[4.0]], [0.0])).flatten()
    array([1., 2., 3., 4., 0.])
    """
    return params.map(np.abs)


@takes(rng=generator, params=NETWORK)
def random(params, rng):
    """Uniform on [0, 1), whatever the network: the control that every criterion has to beat.

    >>> p = Params([[1.0]], [2.0], [[3.0]], [4.0])
    >>> random(p, np.random.default_rng(0)).flatten().round(2)
    array([0.64, 0.27, 0.04, 0.02])
    """
    return params.map(lambda a: rng.random(a.shape))


@of_network
def gradient(params, X, y, activation="tanh"):
    """|∂J/∂θ|: the article's R (§3.2.1) without its sign.

    It says how steep J is, not what deletion costs. At a minimum all are 0.

    >>> gradient(Params([[1, 2]], [3], [[2]], [1]), [[10, 20]], [[100]], "relu").b_o
    array([7.])
    """
    return backward.formula(params, X, y, activation).map(np.abs)


@of_network
def taylor(params, X, y, activation="tanh"):
    """|g·θ|: the first-order change of J, −g·θ, without its sign.

    Mozer & Smolensky 1989; Molchanov et al. 2017.

    >>> taylor(Params([[1, -2]], [3], [[2]], [1]), [[10, 20]], [[100]], "identity").flatten()
    array([ 3060., 12240.,   918.,  8262.,   153.])
    """
    g = backward.formula(params, X, y, activation)
    return g.map(lambda g, theta: np.abs(g * theta), params)


@of_network
def second_order_taylor(params, X, y, activation="tanh"):
    """−g·θ + ½·H_ii·θ²: Taylor's theorem to second order.

    LeCun et al. 1990, equation 1, without the other H_ij. The change of J with its sign; exact
    where J is a parabola along θ_i.

    >>> p = Params([[1]], [0], [[2]], [0])
    >>> second_order_taylor(p, [[3]], [[5]], "identity").W_ih  # J: 1/2 -> 25/2
    array([[12.]])
    """
    theta, g = params.flatten(), backward.formula(params, X, y, activation).flatten()  # (…, 61)
    curvature = hessian.formula(params, X, y, activation).diagonal(0, -2, -1)  # H_ii
    return Params.unflatten(curvature * theta**2 / 2 - g * theta, params.sizes)


@of_network
def fisher(params, X, y, activation="tanh"):
    """½·θ²·Σ_n g_n², g_n one example's slope: the empirical Fisher for H (Theis et al. 2018).

    It is the information of y = ŷ + N(0, 1).

    >>> fisher(Params([[1]], [0], [[2]], [0]), [[3], [3]], [[5], [8]], "identity").W_ih
    array([[90.]])
    """
    g = per_example_gradients.formula(params, X, y, activation)  # (…, N, 61)
    return Params.unflatten(params.flatten() ** 2 * (g**2).sum(axis=-2) / 2, params.sizes)


@of_network
def obd(params, X, y, activation="tanh"):
    """½·H_ii·θ², with its sign: Optimal Brain Damage (LeCun, Denker & Solla 1990).

    Assumes g = 0 and H diagonal.

    >>> obd(Params([[1]], [0], [[2]], [0]), [[3]], [[5]], "identity").W_ih
    array([[18.]])
    """
    curvature = hessian.formula(params, X, y, activation).diagonal(0, -2, -1)  # H_ii
    return Params.unflatten(curvature * params.flatten() ** 2 / 2, params.sizes)


@takes(params=NETWORK, X=ROWS, y=ROWS, activation=ACTIVATION, damping=number(0))
def obs(params, X, y, activation="tanh", damping=0.0):
    """½·θ²/[H⁻¹]_ii: Optimal Brain Surgeon (Hassibi & Stork 1993).

    Assumes g = 0, and that all others may move. H + damping·I is inverted, in float64, also where
    the network is of Fractions; ValueError naming damping where its reciprocal condition is below
    1e-12.

    >>> p = Params([[1]], [1], [[2]], [0])
    >>> obs(p, [[1]], [[4]], "identity", damping=1.0).flatten().round(3)
    array([0.7, 0.7, 2.8, 0. ])
    """
    H, theta = hessian.formula(params, X, y, activation), params.flatten()
    damped = H.astype(np.float64) + float(damping) * np.eye(theta.shape[-1])  # H + damping·I
    scores = theta.astype(np.float64) ** 2 / _inverse(damped, damping).diagonal(0, -2, -1) / 2
    return Params.unflatten(scores.astype("f8" if H.dtype.hasobject else H.dtype), params.sizes)


def _inverse(H, damping):
    """H⁻¹; refused where the reciprocal condition of a matrix is too small for it."""
    size = np.abs(np.linalg.eigvalsh(H)) if np.isfinite(H).all() else np.zeros(1)
    if not (size.min(axis=-1) > 1e-12 * size.max(axis=-1)).all():
        well = "such that H + damping·I has a reciprocal condition above 1e-12"
        raise Refused("damping", well, float(damping))
    return np.linalg.inv(H)
