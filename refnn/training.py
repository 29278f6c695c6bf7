"""This module trains one network, or hundreds of networks at once.

`minimise` is the optimiser, and `fit` minimises the loss of a network with it.
"""

from math import prod
from typing import NamedTuple

import numpy as np

from refnn import arrays, network, transposed
from refnn.arrays import Refused, describe
from refnn.network import ACTIVATION, MASK, NETWORK, ROWS, Params
from refnn.transposed import BETA1, BETA2, EPSILON
from refnn.validation import Numeric, choice, numbers, takes, whole

OPTIMIZERS = ("adam", "gd")
MAX_STEPS = 10**7


class Fit(NamedTuple):
    """The result of training."""

    params: Params  # the trained network or networks
    history: np.ndarray  # (…, steps + 1): J before the first step, then after each


# --- what the functions take ----------------------------------------------------------------------


def _rate(name, lr, arguments):
    """Accept a positive number, or an array of them that broadcasts to the shape of theta."""
    lr, shape = arrays.numbers(name, lr, exact=False), arguments["theta"].shape
    if (lr <= 0).any():
        raise Refused(name, "positive", describe(lr))
    arrays.broadcast({"theta": arguments["theta"], name: lr})
    if np.broadcast_shapes(shape, lr.shape) != shape:
        expected = f"a number or of a shape that broadcasts to theta {shape}"
        raise Refused(name, expected, f"shape {lr.shape}")
    return lr


def _of_theta(name, function, arguments):
    """Accept a function of theta that returns the shape of theta."""
    if not callable(function):
        raise Refused(name, "a function of theta", describe(function), TypeError)

    def checked(theta):
        try:
            value = np.asarray(function(theta))
        except (ValueError, TypeError) as error:
            error.refusal = None  # so the error text of the user's own function stays unchanged
            raise
        if value.shape != theta.shape:
            expected = f"a function that returns the shape of theta, {theta.shape}"
            raise Refused(name, expected, f"shape {value.shape}")
        return value

    return checked


def per_network(name, value, batch, dtype, positive):
    """Return a number, or one for each network of a stack, as a column (S, 1) or (1, 1).

    The numbers must be greater than 0 if positive is True, and else at least 0.

    >>> per_network("lr", [0.1, 0.2], (2,), np.float64, positive=True).tolist()
    [[0.1], [0.2]]
    """
    a = arrays.numbers(name, value, exact=False)
    if a.shape not in ((), batch):
        raise Refused(name, f"a number or an array of shape {batch}", f"shape {a.shape}")
    if not (a > 0 if positive else a >= 0).all():
        raise Refused(name, "positive" if positive else "0 or more", describe(a))
    a = a.astype(dtype)
    if not np.isfinite(a).all():
        raise Refused(name, f"finite in {a.dtype}", describe(value))
    return a.reshape(-1, 1)


def _some_rows(name, X, arguments):
    X = ROWS.check(name, X, arguments)
    if X.shape[-2] == 0:
        raise Refused(name, "at least one example", f"shape {X.shape}")
    return X


def _column(positive):
    """Return the check of an argument that is one number, or one for each network.

    The numbers get the dtype of training.
    """

    def kind(name, value, arguments):
        params = arguments["params"]
        dtype = np.result_type(params.W_ih, arguments["X"], arguments["y"])
        return per_network(name, value, params.batch, dtype, positive)

    return kind


TRAINING = {  # the kinds of the arguments of `fit`; other functions add theirs
    "params": NETWORK,
    "X": Numeric(ROWS.group, _some_rows),
    "y": ROWS,
    "activation": ACTIVATION,
    "steps": whole(0, MAX_STEPS),
    "optimizer": choice(*OPTIMIZERS),
    "lr": _column(positive=True),
    "weight_decay": _column(positive=False),
    "mask": MASK,
}
of_training = takes(**TRAINING, exact=False)


# --- the formulas ---------------------------------------------------------------------------------


@takes(
    theta=numbers(exact=False),
    lr=_rate,
    steps=whole(0, MAX_STEPS),
    optimizer=choice(*OPTIMIZERS),
    gradient=_of_theta,
    project=_of_theta,
)
def minimise(theta, gradient, *, steps, lr, optimizer="adam", project=None):
    """Take `steps` steps downhill from theta and return the last theta.

    gradient(theta) returns g, in the shape of theta. If project is given, project(theta) replaces
    theta at the start and after every step. A mask uses this to keep parameters at 0.

        gd:    θ ← θ − lr·g
        adam:  m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;  θ ← θ − lr·m̂ / (√v̂ + ε)
               with m̂ = m/(1 − β₁ᵗ) and v̂ = v/(1 − β₂ᵗ)

    Adam is Algorithm 1 of Kingma & Ba, "Adam" (2015), with β₁ = .9, β₂ = .999, ε = 1e-8. lr
    broadcasts against theta. Where the steps diverge, theta becomes inf or NaN without a warning,
    and the steps of its other entries continue.

    >>> minimise(np.array([4.0]), lambda theta: 2 * theta, steps=3, lr=0.25, optimizer="gd")
    array([0.5])
    """
    project = project or (lambda theta: theta)
    theta, lr = project(theta), lr.astype(theta.dtype)
    m = v = np.zeros_like(theta)
    for t in range(1, steps + 1):
        g = gradient(theta)
        if optimizer == "adam":
            m = BETA1 * m + (1 - BETA1) * g
            v = BETA2 * v + (1 - BETA2) * g * g
            m_hat, v_hat = m / (1 - BETA1**t), v / (1 - BETA2**t)
            g = m_hat / (np.sqrt(v_hat) + EPSILON)
        theta = project(theta - lr * g)
    return theta


@of_training
def fit(
    params, X, y, *, steps, lr, optimizer="adam", weight_decay=0.0, mask=None, activation="tanh"
):
    """Minimise J + ½·λ·‖θ‖² (λ = weight_decay), starting from params.

    J is the sum of article §4.2, and every step uses all examples. The gradient of the decay, λθ,
    is added to that of J, so that ∂J/∂θ = −λθ at the minimum. Parameters that the mask (Params of
    bool, True = keep) prunes are 0 before the first step and stay exactly 0. The networks of a
    stack are trained side by side. params, X, y and mask may carry the leading axes of the stack.
    lr and weight_decay are one number, or an array with one number for each network. history holds
    J without the decay.

    >>> p, X = network.init(np.random.default_rng(0), (1, 2, 1)), np.linspace(-1, 1, 9)[:, None]
    >>> fit(p, X, np.sin(X), steps=200, lr=0.05).history[[0, -1]].round(4).tolist()
    [1.3125, 0.0001]
    """
    form = transposed.objective, transposed.order(params.sizes)
    return run(form, params, X, y, steps, lr, optimizer, weight_decay, mask, activation)


@of_training
def fit_plain(
    params, X, y, *, steps, lr, optimizer="adam", weight_decay=0.0, mask=None, activation="tanh"
):
    """Train like `fit`, but by network.backward and without code for speed.

    It is slower, easier to read, and used to test `fit`.

    >>> p, X = network.init(np.random.default_rng(0), (1, 2, 1)), np.linspace(-1, 1, 9)[:, None]
    >>> fit_plain(p, X, np.sin(X), steps=200, lr=0.05).history[[0, -1]].round(4).tolist()
    [1.3125, 0.0001]
    """
    return run(
        (_plain, slice(None)), params, X, y, steps, lr, optimizer, weight_decay, mask, activation
    )


def _plain(sizes, batch, X, y, activation):
    """Return a function of theta that computes (J, gradient) by the formulas of `network`."""

    def J_and_gradient(theta):
        here = Params.unflatten(theta.reshape(*batch, theta.shape[-1]), sizes)
        J = network.loss.formula(network.forward.formula(here, X, activation).y_hat, y)
        g = network.backward.formula(here, X, y, activation).flatten()
        return J.reshape(-1), g.reshape(theta.shape)

    return J_and_gradient


def run(form, params, X, y, steps, lr, optimizer, weight_decay, mask, activation, through=None):
    """Train like `fit`, on checked arguments and with any function that computes J.

    form is (objective, order): the function that builds J and its gradient, and the order in which
    it takes the parameters. It is `transposed.objective` with `transposed.order`, or `_plain` with
    the order of `Params.flatten`.

    through(theta), if given, is for parameters that are quantized before the network uses them. It
    returns (the values that the network uses, their derivatives with respect to theta). J then
    jumps from step to step, so the theta with the lowest J is returned instead of the last one.
    """
    objective, order = form
    dtype = np.result_type(params.W_ih, X, y)
    theta = params.flatten().astype(dtype)
    flat = prod(params.batch), theta.shape[-1]
    start, keep = theta.reshape(flat)[:, order], None
    if mask is not None:
        keep = np.broadcast_to(mask.flatten(), theta.shape).reshape(flat)[:, order]
    X, y = X.astype(dtype, copy=False), y.astype(dtype, copy=False)
    J_and_gradient = objective(params.sizes, params.batch, X, y, activation)

    def project(theta):
        return theta if keep is None else np.where(keep, theta, theta.dtype.type(0))

    start = project(start)
    best, least = start.copy(), np.full((flat[0], 1), np.inf, dtype)

    def quantized(theta):
        used, slope = through(theta)
        J, g = J_and_gradient(used)
        np.copyto(best, theta, where=J[:, None] < least)
        np.fmin(least, J[:, None], out=least)
        return J, g * slope

    objective = J_and_gradient if through is None else quantized
    last, history = descent(objective, start, weight_decay, steps, lr, optimizer, project)
    kept = np.empty(flat, dtype)
    kept[:, order] = last if through is None else best
    history = history.reshape(*params.batch, steps + 1)
    return Fit(Params.unflatten(kept.reshape(theta.shape), params.sizes), history)


def descent(objective, theta, decay, steps, lr, optimizer, project=None):
    """Minimise J + ½·decay·‖θ‖² on checked arguments.

    objective(theta) takes theta (S, n) and returns J (S,) and its gradient (S, n). The result is
    the last theta, and J as (S, steps + 1): before the first step, then after each.
    """
    history = np.empty((steps + 1, len(theta)), theta.dtype)
    seen, decay = iter(history), np.asarray(decay, theta.dtype)
    decay = decay.reshape(()) if decay.size == 1 else decay

    def gradient(theta):
        next(seen)[:], g = objective(theta)
        return g + decay * theta

    rule = {"steps": steps, "lr": lr, "optimizer": optimizer, "project": project}
    last = transposed.minimise(theta, gradient, **rule)
    gradient(last)  # stores the J of the last theta
    return last, history.T
