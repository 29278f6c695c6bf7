"""Training: one optimiser (minimise) and what it is used for first (fit), on one network or on
hundreds at once."""

from typing import NamedTuple

import numpy as np

from refnn import arrays, network, transposed
from refnn.network import Params

OPTIMIZERS = ("adam", "gd")
MAX_STEPS = 10**7
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


class Fit(NamedTuple):
    """params: the trained network(s). history (…, steps + 1): J before the first step, then after
    each.

    >>> Fit(None, np.zeros(3)).history.shape
    (3,)
    """

    params: Params
    history: np.ndarray


def minimise(theta, gradient, *, steps, lr, optimizer="adam", project=None):
    """`steps` steps downhill from theta; project(theta), if given, is applied to the start and
    after every step.

    gd:    θ ← θ − lr·g
    adam:  m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;  θ ← θ − lr·m̂ / (√v̂ + ε),  m̂ = m/(1 − β₁ᵗ),  v̂ = v/(1 − β₂ᵗ)
           (Kingma & Ba, "Adam", 2015, Algorithm 1; β₁ = .9, β₂ = .999, ε = 1e-8)

    lr broadcasts against theta. Divergence ends in inf or NaN, quietly, and only where it happens.

    >>> minimise(np.array([4.0]), lambda theta: 2 * theta, steps=3, lr=0.25, optimizer="gd")
    array([0.5])
    """
    theta = arrays.numbers("minimise", "theta", theta, exact=False)
    lr = arrays.numbers("minimise", "lr", lr, exact=False)
    if (lr <= 0).any():
        arrays.refuse("minimise", "lr", "positive", arrays.describe(lr))
    arrays.broadcast("minimise", theta=theta, lr=lr)
    if np.broadcast_shapes(theta.shape, lr.shape) != theta.shape:
        arrays.refuse(
            "minimise",
            "lr",
            f"a number or of a shape that broadcasts to theta {theta.shape}",
            f"shape {lr.shape}",
        )
    steps = arrays.whole("minimise", "steps", steps, 0, MAX_STEPS)
    arrays.choice("minimise", "optimizer", optimizer, OPTIMIZERS)
    for name, f in (("gradient", gradient), ("project", project)):
        if not callable(f) and not (name == "project" and f is None):
            arrays.refuse("minimise", name, "a function of theta", arrays.describe(f), TypeError)
    gradient, project = (
        _of_shape("gradient", gradient),
        _of_shape("project", project or (lambda theta: theta)),
    )
    return descend(theta, gradient, steps, lr, optimizer, project)


def _of_shape(name, function):
    def checked(theta):
        value = function(theta)
        if np.shape(value) != theta.shape:
            arrays.refuse(
                "minimise",
                name,
                f"a function that returns the shape of theta, {theta.shape}",
                f"shape {np.shape(value)}",
            )
        return np.asarray(value)

    return checked


def descend(theta, gradient, steps, lr, optimizer, project):
    """`minimise` on checked arguments."""
    theta = project(theta)
    m = v = np.zeros_like(theta)
    with np.errstate(all="ignore"):
        lr = lr.astype(theta.dtype)
        for t in range(1, steps + 1):
            g = gradient(theta)
            if optimizer == "adam":
                m = BETA1 * m + (1 - BETA1) * g
                v = BETA2 * v + (1 - BETA2) * g * g
                g = m / (1 - BETA1**t) / (np.sqrt(v / (1 - BETA2**t)) + EPSILON)
            theta = project(theta - lr * g)
    return theta


def fit(
    params, X, y, *, steps, lr, optimizer="adam", weight_decay=0.0, mask=None, activation="tanh"
):
    """Minimise J + ½·weight_decay·‖θ‖² on all examples at once, from params; J is the sum of
    article §4.2.

    The decay's gradient λθ is added to J's, so that at the minimum ∂J/∂θ = −λθ. Parameters that the
    mask (Params of bool, True = keep) prunes are 0 before the first step and stay exactly 0. A
    stack trains side by side: params, X, y and mask may carry its leading axes; lr and weight_decay
    may have its shape. history is J alone.

    >>> p, X = network.init(np.random.default_rng(0), (1, 2, 1)), np.linspace(-1, 1, 9)[:, None]
    >>> fit(p, X, np.sin(X), steps=200, lr=0.05).history[[0, -1]].round(4).tolist()
    [1.3125, 0.0001]
    """
    return run(
        "fit",
        transposed.objective,
        params,
        X,
        y,
        steps,
        lr,
        optimizer,
        weight_decay,
        mask,
        activation,
    )


def fit_plain(
    params, X, y, *, steps, lr, optimizer="adam", weight_decay=0.0, mask=None, activation="tanh"
):
    """`fit` as one would write it down: the gradient by network.backpropagate, step by step. To
    read and to test.

    >>> p, X = network.init(np.random.default_rng(0), (1, 2, 1)), np.linspace(-1, 1, 9)[:, None]
    >>> fit_plain(p, X, np.sin(X), steps=200, lr=0.05).history[[0, -1]].round(4).tolist()
    [1.3125, 0.0001]
    """
    return run("fit", _plain, params, X, y, steps, lr, optimizer, weight_decay, mask, activation)


def _plain(sizes, batch, X, y, activation):
    """J and gradient as a function of theta: the formulas themselves."""

    def J_and_gradient(theta):
        here = Params.unflatten(theta.reshape(*batch, theta.shape[-1]), sizes)
        J = network.half_square(network.propagate(here, X, activation).y_hat, y)
        return J.reshape(-1), network.backpropagate(here, X, y, activation).flatten().reshape(
            theta.shape
        )

    return J_and_gradient


def run(
    name, form, params, X, y, steps, lr, optimizer, weight_decay, mask, activation, through=None
):
    """`fit` in the name of a public function, by a form of the objective. through(theta) -> (what
    the network computes with, the slope of that by theta), for parameters that are quantized on
    their way into the network: J then jumps, and the parameters of the step with the least J come
    back instead of the last."""
    params, X, y = network.checked(name, params, X, y, activation, exact=False, complex_=False)
    if X.shape[-2] == 0:
        arrays.refuse(name, "X", "at least one example", f"shape {X.shape}")
    steps = arrays.whole(name, "steps", steps, 0, MAX_STEPS)
    arrays.choice(name, "optimizer", optimizer, OPTIMIZERS)
    dtype = np.result_type(params.W_ih, X, y)
    theta = params.flatten().astype(dtype)
    flat = (int(np.prod(params.batch)), theta.shape[-1])
    lr = per_network(name, "lr", lr, params, dtype, lambda a: a > 0, "positive")
    decay = per_network(
        name, "weight_decay", weight_decay, params, dtype, lambda a: a >= 0, "0 or more"
    )
    X, y = X.astype(dtype, copy=False), y.astype(dtype, copy=False)
    objective = form(params.sizes, params.batch, X, y, activation)
    if mask is not None:
        keep = np.broadcast_to(arrays.mask(name, params, mask).flatten(), theta.shape).reshape(flat)
    project = (
        (lambda theta: theta)
        if mask is None
        else (lambda theta: np.where(keep, theta, theta.dtype.type(0)))
    )
    start = project(theta.reshape(flat))
    history = np.empty((steps + 1, flat[0]), dtype)
    seen, best, least = iter(history), start.copy(), np.full((flat[0], 1), np.inf, dtype)

    def gradient(theta):
        used, slope = (theta, 1) if through is None else through(theta)
        J, g = objective(used)
        next(seen)[:] = J
        if through is not None:
            np.copyto(best, theta, where=J[:, None] < least)
            np.fmin(least, J[:, None], out=least)
        return g * slope + decay * theta

    last = descend(start, gradient, steps, lr, optimizer, project)
    with np.errstate(all="ignore"):
        gradient(last)
    kept = last if through is None else best
    return Fit(
        Params.unflatten(kept.reshape(*params.batch, kept.shape[-1]), params.sizes),
        history.T.reshape(*params.batch, steps + 1),
    )


def per_network(function, name, value, params, dtype, allowed, expected):
    """A number, or one for each network of the stack `params`, as a column (S, 1) of a dtype.

    >>> p = Params(np.ones((2, 1, 1)), np.ones((2, 1)), np.ones((2, 1, 1)), np.ones((2, 1)))
    >>> per_network("fit", "lr", [0.1, 0.2], p, np.float64, lambda a: a > 0, "positive").tolist()
    [[0.1], [0.2]]
    """
    a = arrays.numbers(function, name, value, exact=False)
    if a.shape not in ((), params.batch):
        arrays.refuse(
            function, name, f"a number or an array of shape {params.batch}", f"shape {a.shape}"
        )
    if not allowed(a).all():
        arrays.refuse(function, name, expected, arrays.describe(a))
    with np.errstate(over="ignore"):
        a = a.astype(dtype)
    if not np.isfinite(a).all():
        arrays.refuse(function, name, f"finite in {a.dtype}", arrays.describe(value))
    return a.reshape(-1, 1)
