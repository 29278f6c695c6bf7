"""Score every parameter of a network by how much it matters.

Each criterion is a function (params, X, y, activation="tanh") -> Params of scores. The parameters
with the lowest scores are pruned first. A criterion takes one network, or a stack of networks along
leading axes. The article's signed R is in `as_written`.

J is the loss summed over the examples, g = ∂J/∂θ its gradient and H = ∂²J/∂θ² its Hessian. Deleting
θ_i means setting it to 0, which changes J by −g_i·θ_i + ½·H_ii·θ_i² − …
"""

import numpy as np

from refnn.arrays import Refused
from refnn.derivatives import gauss_newton, hessian, hessian_diagonal, per_example_gradients
from refnn.network import ACTIVATION, ACTIVATIONS, NETWORK, ROWS, Params, backward
from refnn.validation import choice, generator, number, takes

SINGULAR = 1e-12  # of obs: the limit for H's least eigenvalue over its largest
CURVATURES = ("hessian", "gauss_newton")

of_network = takes(params=NETWORK, X=ROWS, y=ROWS, activation=ACTIVATION)


@takes(params=NETWORK, X=ROWS, y=ROWS, activation=choice(*ACTIVATIONS))
def magnitude(params, X=None, y=None, activation="tanh"):
    """Return |θ|, the size of each parameter (Janowsky 1989, Han et al. 2015).

    This criterion needs no data. It compares all parameters as if they had the same unit.

    >>> magnitude(Params([[1.0, -2.0]], [-3.0], [[4.0]], [0.0])).flatten()
    array([1., 2., 3., 4., 0.])
    """
    return params.map(np.abs)


@takes(rng=generator, params=NETWORK)
def random(params, rng):
    """Draw each score uniformly from [0, 1), whatever the network is.

    These scores are the control: a useful criterion has to do better.

    >>> p = Params([[1.0]], [2.0], [[3.0]], [4.0])
    >>> random(p, np.random.default_rng(0)).flatten().round(2)
    array([0.64, 0.27, 0.04, 0.02])
    """
    return params.map(lambda a: rng.random(a.shape))


@of_network
def gradient(params, X, y, activation="tanh"):
    """Return |∂J/∂θ|, the article's R (§3.2.1) without its sign.

    It measures how steep J is, not what a deletion costs. At a minimum of J all scores are 0.

    >>> gradient(Params([[1, 2]], [3], [[2]], [1]), [[10, 20]], [[100]], "relu").b_o
    array([7.])
    """
    return backward.formula(params, X, y, activation).map(np.abs)


@of_network
def taylor(params, X, y, activation="tanh"):
    """Return |g·θ|, the size of the first-order change of J when θ is deleted.

    The change itself is −g·θ. The criterion is from Mozer & Smolensky 1989 and Molchanov et al.
    2017.

    >>> taylor(Params([[1, -2]], [3], [[2]], [1]), [[10, 20]], [[100]], "identity").flatten()
    array([ 3060., 12240.,   918.,  8262.,   153.])
    """
    g = backward.formula(params, X, y, activation)
    return g.map(lambda g, theta: np.abs(g * theta), params)


@of_network
def second_order_taylor(params, X, y, activation="tanh"):
    """Return −g·θ + ½·H_ii·θ², the change of J to second order when θ is deleted.

    This is equation 1 of LeCun et al. 1990 without the terms of H_ij for i ≠ j. The score keeps the
    sign of the change. It is exact where J is a parabola along θ_i.

    >>> p = Params([[1]], [0], [[2]], [0])
    >>> second_order_taylor(p, [[3]], [[5]], "identity").W_ih  # J rises from 1/2 to 25/2
    array([[12.]])
    """
    theta, g = params.flatten(), backward.formula(params, X, y, activation).flatten()  # (…, 61)
    curvature = hessian_diagonal.formula(params, X, y, activation)  # H_ii
    return Params.unflatten(curvature * theta**2 / 2 - g * theta, params.sizes)


@of_network
def fisher(params, X, y, activation="tanh"):
    """Return ½·θ²·Σ_n g_n², where g_n is the gradient of example n alone (Theis et al. 2018).

    The sum Σ_n g_n² is the empirical Fisher information, and it takes the place of H_ii. Here the
    model is y = ŷ + ε, with normal noise ε of variance 1.

    >>> fisher(Params([[1]], [0], [[2]], [0]), [[3], [3]], [[5], [8]], "identity").W_ih
    array([[90.]])
    """
    g = per_example_gradients.formula(params, X, y, activation)  # (…, N, 61)
    return Params.unflatten(params.flatten() ** 2 * (g**2).sum(axis=-2) / 2, params.sizes)


@of_network
def obd(params, X, y, activation="tanh"):
    """Return ½·H_ii·θ² with its sign, as Optimal Brain Damage does (LeCun, Denker & Solla 1990).

    The method assumes that g = 0 and that H is diagonal.

    >>> obd(Params([[1]], [0], [[2]], [0]), [[3]], [[5]], "identity").W_ih
    array([[18.]])
    """
    curvature = hessian_diagonal.formula(params, X, y, activation)  # H_ii
    return Params.unflatten(curvature * params.flatten() ** 2 / 2, params.sizes)


@takes(
    params=NETWORK,
    X=ROWS,
    y=ROWS,
    activation=ACTIVATION,
    damping=number(0),
    curvature=choice(*CURVATURES),
)
def obs(params, X, y, activation="tanh", damping=0.0, curvature="hessian"):
    """Return ½·θ²/[H⁻¹]_ii, as Optimal Brain Surgeon does (Hassibi & Stork 1993).

    The method assumes that g = 0 and that all other parameters may move when θ_i is deleted. The
    inverse is that of H + damping·I. It is computed in float64 even for a network of Fractions.

    H is the Hessian, which away from a minimum often has negative eigenvalues. The paper uses its
    Gauss–Newton part Σ GᵀG, which has none: curvature="gauss_newton". A ValueError names damping,
    and how large it must be, if H + damping·I is not positive definite, or if its reciprocal
    condition (least eigenvalue over the largest) is at most 1e-12.

    >>> p = Params([[1]], [1], [[2]], [0])
    >>> obs(p, [[1]], [[4]], "identity", damping=1.0).flatten().round(3)
    array([0.7, 0.7, 2.8, 0. ])
    """
    theta = params.flatten()
    H = second_derivatives.formula(params, X, y, activation, curvature)
    damped = H.astype(np.float64) + float(damping) * np.eye(theta.shape[-1])  # H + damping·I
    scores = theta.astype(np.float64) ** 2 / _inverse(damped, damping).diagonal(0, -2, -1) / 2
    return Params.unflatten(scores.astype("f8" if H.dtype.hasobject else H.dtype), params.sizes)


@takes(params=NETWORK, X=ROWS, y=ROWS, activation=ACTIVATION, curvature=choice(*CURVATURES))
def second_derivatives(params, X, y, activation="tanh", curvature="hessian"):
    """Return the Hessian, or only its Gauss–Newton part, (…, 61, 61).

    >>> p = Params([[1]], [0], [[2]], [0])
    >>> second_derivatives(p, [[3]], [[5]], "identity", "gauss_newton")[0]
    array([36., 12., 18.,  6.])
    """
    if curvature == "hessian":
        return hessian.formula(params, X, y, activation)
    return gauss_newton.formula(params, X, activation)


def _inverse(H, damping):
    """Return H⁻¹, or refuse a damping that leaves H not positive definite, or almost singular."""
    if not np.isfinite(H).all():
        raise Refused("params", "so small that the Hessian is finite", "values that are too large")
    values = np.linalg.eigvalsh(H)
    least, largest = values[..., 0], values[..., -1]
    if not (least > SINGULAR * largest).all():
        missing = (2 * SINGULAR * largest - least).max()  # largest ≥ ∂²J/∂b_o² ≥ 0
        enough = f"at least {_above(float(damping) + missing)}"
        raise Refused("damping", f"{enough}, so that H + damping·I is positive definite", damping)
    return np.linalg.inv(H)


def _above(value):
    """Return a number as text, rounded up to two digits."""
    step = 10.0 ** (np.floor(np.log10(value)) - 1) if value > 0 else SINGULAR
    return f"{np.ceil(max(value, step) / step) * step:.6g}"
