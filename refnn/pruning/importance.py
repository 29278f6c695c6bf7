"""How much a parameter matters: scores to rank by, of the shape of the network. Small = prune
first.

criterion(params, X, y, activation="tanh") takes one network or a stack; the article's signed R is
in as_written. With g = ∂J/∂θ, H = ∂²J/∂θ², J summed over the examples, deleting θ_i changes J by
−g_i·θ_i + ½·H_ii·θ_i² − …"""

import numpy as np

from refnn import arrays, derivatives, network
from refnn.network import Params


def magnitude(params, X=None, y=None, activation="tanh"):
    """|θ|: the size alone (Janowsky 1989; Han et al. 2015); needs no data, and assumes that all
    have one unit.

    >>> magnitude(Params([[1.0, -2.0]], [-3.0], [[4.0]], [0.0])).flatten()
    array([1., 2., 3., 4., 0.])
    """
    arrays.choice("magnitude", "activation", activation, arrays.ACTIVATIONS)
    data = () if X is None and y is None else (X, y)
    params = network.checked("magnitude", params, *data, activation="identity", complex_=False)[0]
    return Params(*(np.abs(a) for a in params.arrays()))


def random(params, rng):
    """Uniform on [0, 1), whatever the network: the control that every criterion has to beat.

    >>> random(Params([[1.0]], [2.0], [[3.0]], [4.0]), np.random.default_rng(0)).flatten().round(2)
    array([0.64, 0.27, 0.04, 0.02])
    """
    arrays.generator("random", "rng", rng)
    params, _, _ = network.checked("random", params, activation="identity", complex_=False)
    return Params(*(rng.random(a.shape) for a in params.arrays()))


def gradient(params, X, y, activation="tanh"):
    """|∂J/∂θ|: the article's R (§3.2.1) without its sign; how steep J is, not what deletion costs.
    At a minimum all 0.

    >>> gradient(Params([[1, 2]], [3], [[2]], [1]), [[10, 20]], [[100]], "relu").b_o
    array([7.])
    """
    return _scores("gradient", params, X, y, activation, lambda theta, g, H: np.abs(g()))


def taylor(params, X, y, activation="tanh"):
    """|g·θ|: the first-order change of J, −g·θ, without its sign (Mozer & Smolensky 1989; Molchanov
    et al. 2017).

    >>> taylor(Params([[1, -2]], [3], [[2]], [1]), [[10, 20]], [[100]], "identity").flatten()
    array([ 3060., 12240.,   918.,  8262.,   153.])
    """
    return _scores("taylor", params, X, y, activation, lambda theta, g, H: np.abs(g() * theta))


def second_order_taylor(params, X, y, activation="tanh"):
    """−g·θ + ½·H_ii·θ²: Taylor's theorem to second order (LeCun et al. 1990, equation 1, without
    the other H_ij).

    The change of J with its sign; exact where J is a parabola along θ_i.

    >>> second_order_taylor(Params([[1]], [0], [[2]], [0]), [[3]], [[5]], "identity").W_ih      # J: 1/2 -> 25/2
    array([[12.]])
    """
    return _scores(
        "second_order_taylor",
        params,
        X,
        y,
        activation,
        lambda theta, g, H: H().diagonal(0, -2, -1) * theta**2 / 2 - g() * theta,
    )


def fisher(params, X, y, activation="tanh"):
    """½·θ²·Σ_n g_n², g_n one example's slope: the empirical Fisher for H (Theis et al. 2018), y = ŷ
    + N(0, 1).

    >>> fisher(Params([[1]], [0], [[2]], [0]), [[3], [3]], [[5], [8]], "identity").W_ih      # ½·1²·(6² + 12²)
    array([[90.]])
    """
    params, X, y = network.checked("fisher", params, X, y, activation, complex_=False)
    g = derivatives.per_example_gradients(params, X, y, activation)  # (…, N, 61)
    return _scores(
        "fisher", params, X, y, activation, lambda theta, *_: theta**2 * (g**2).sum(axis=-2) / 2
    )


def obd(params, X, y, activation="tanh"):
    """½·H_ii·θ², with its sign: Optimal Brain Damage (LeCun, Denker & Solla 1990); assumes g = 0
    and H diagonal.

    >>> obd(Params([[1]], [0], [[2]], [0]), [[3]], [[5]], "identity").W_ih
    array([[18.]])
    """
    return _scores(
        "obd", params, X, y, activation, lambda theta, g, H: H().diagonal(0, -2, -1) * theta**2 / 2
    )


def obs(params, X, y, activation="tanh", damping=0.0):
    """½·θ²/[H⁻¹]_ii: Optimal Brain Surgeon (Hassibi & Stork 1993); assumes g = 0, and that all
    others may move.

    H + damping·I is inverted, in float64, also where the network is of Fractions; ValueError naming
    damping where its reciprocal condition is below 1e-12.

    >>> obs(Params([[1]], [1], [[2]], [0]), [[1]], [[4]], "identity", damping=1.0).flatten().round(3)
    array([0.7, 0.7, 2.8, 0. ])
    """
    damping = float(
        arrays.double("obs", "damping", np.asarray(arrays.number("obs", "damping", damping, 0)))
    )

    def score(theta, g, H):
        curvature = H()
        damped = curvature.astype(np.float64) + damping * np.eye(theta.shape[-1])
        size = np.abs(np.linalg.eigvalsh(damped)) if np.isfinite(damped).all() else np.zeros(1)
        if not (size.min(axis=-1) > 1e-12 * size.max(axis=-1)).all():
            arrays.refuse(
                "obs",
                "damping",
                "such that H + damping·I has a reciprocal condition above 1e-12",
                damping,
            )
        found = theta.astype(np.float64) ** 2 / np.linalg.inv(damped).diagonal(0, -2, -1) / 2
        return found if curvature.dtype == arrays.EXACT else found.astype(curvature.dtype)

    return _scores("obs", params, X, y, activation, score)


@np.errstate(all="ignore")
def _scores(name, params, X, y, activation, score):
    """score(θ, g, H) as Params: θ (…, 61); g and H are functions, called where they are needed."""
    params, X, y = network.checked(name, params, X, y, activation, complex_=False)
    found = score(
        params.flatten(),
        lambda: network.backpropagate(params, X, y, activation).flatten(),
        lambda: derivatives.hessian(params, X, y, activation),
    )
    return Params.unflatten(found, params.sizes)
