"""List the tasks of the assignments `network` and `pruning`, and draw their cases."""

import numpy as np

from refnn import derivatives
from refnn.network import Params
from refnn.teaching.task import Task, as_tuples

SIZES = (4, 3, 1)
SMALL = Params(
    np.array([[0.5, -1.0], [2.0, 0.25]]),
    np.array([0.5, -1.5]),
    np.array([[1.0, -2.0]]),
    np.array([0.75]),
)
SMALL_X = np.array([[1.0, 2.0], [-0.5, 0.25], [1.5, -1.0]])
SMALL_Y = np.array([[0.5], [-1.0], [2.0]])
SMALL_CASE = (SMALL, SMALL_X, SMALL_Y, "relu")
SCORES = Params(
    np.array([[0.5, -0.75], [0.25, 0.5]]),
    np.array([1.0, -2.0]),
    np.array([[0.0, 0.75]]),
    np.array([0.5]),
)


def _net(rng, sizes=(10, 5, 1)):
    theta = rng.normal(size=(sizes[0] + 1 + sizes[2]) * sizes[1] + sizes[2])
    return Params.unflatten(theta, sizes)


def _data(rng, sizes=(10, 5, 1), n=7):
    return _net(rng, sizes), rng.normal(size=(n, sizes[0])), rng.normal(size=(n, sizes[2]))


# --- the network ----------------------------------------------------------------------------------


def _forward(rng):
    cases = {"tanh": (10, 5, 1), "relu": (10, 5, 1), "two outputs": (4, 3, 2)}
    drawn = {name: _data(rng, sizes)[:2] for name, sizes in cases.items()}
    return {name: (*case, "relu" if name == "relu" else "tanh") for name, case in drawn.items()}


def _loss(rng):
    shapes = {"one output": (7, 1), "three outputs": (4, 3)}
    return {name: tuple(rng.normal(size=(2, *shape))) for name, shape in shapes.items()}


def _backward(rng):
    cases = {"10-5-1": ((10, 5, 1), 7), "one example": ((10, 5, 1), 1)}
    cases |= {"two outputs": ((4, 3, 2), 7), "one hidden unit": ((3, 1, 1), 5)}
    return {
        f"{name}, {activation}": (*_data(rng, sizes, n), activation)
        for activation in ("tanh", "relu")
        for name, (sizes, n) in cases.items()
    }


# --- importance and masks -------------------------------------------------------------------------


def _scores(rng, most=6):
    """Draw scores of both signs in quarters, so that many of them are equal."""
    return _net(rng, SIZES).map(lambda a: np.round(a * most) / 4)


def _prune(rng):
    thresholds = {"a threshold of 0.5": 0.5, "one of 0.25": 0.25, "one below 0": -0.5}
    return {name: (_net(rng, SIZES), _scores(rng), tau) for name, tau in thresholds.items()}


def _magnitude(rng):
    return {"10-5-1": (_net(rng),)}


def _thresholds(rng):
    return {"a threshold of 0.5": (_scores(rng), 0.5), "one below 0": (_scores(rng), -0.25)}


def _sparsities(rng):
    few = rng.permutation([0.25] * 5 + [0.5] * 14)  # ten are removed: all 0.25 and five 0.5
    W_ih, b_h, W_ho, b_o = _net(rng, SIZES).arrays()
    large = Params(W_ih, b_h, W_ho + 10, b_o)  # a global ranking would keep all of its W_ho
    return {
        "global": (_net(rng, SIZES), 0.4, "global"),
        "equal scores": (Params.unflatten(few, SIZES), 0.5, "global"),
        "layer": (large, 0.6, "layer"),
    }


def _criteria(*names):
    return lambda rng: {name: _data(rng, SIZES, n) for name, n in zip(names, (6, 3, 9))}


def _with_slopes(params, X, y, activation="tanh"):
    """Return the parameters and the gradient of each example, as tuples of four arrays."""
    slopes = derivatives.per_example_gradients(params, X, y, activation)
    return as_tuples([params, Params.unflatten(slopes, params.sizes)])


# fmt: off
DATA = ("params", "X", "y", "activation")
NETWORK = (
    Task("forward", "forward", ("params", "X", "activation"), 2, (SMALL, SMALL_X, "tanh"),
         _forward),
    Task("loss", "loss", ("y_hat", "y"), 2, (SMALL_X, SMALL_Y + SMALL_X), _loss),
    Task("backward", "backward", DATA, 3, SMALL_CASE, _backward),
)
PRUNING = (
    Task("prune", "written.prune", ("params", "R", "tau"), 1, (SMALL, SCORES, 0.5), _prune),
    Task("magnitude", "importance.magnitude", ("params",), 1, (SCORES,), _magnitude),
    Task("taylor", "importance.taylor", DATA, 1, SMALL_CASE,
         _criteria("six examples", "three examples"), _with_slopes),
    Task("fisher", "importance.fisher", DATA, 1, SMALL_CASE,
         _criteria("six examples", "three examples", "nine examples"), _with_slopes),
    Task("by_threshold", "by_threshold", ("scores", "tau"), 1, (SCORES, 0.5), _thresholds),
    Task("by_sparsity", "by_sparsity", ("scores", "sparsity", "scope"), 1,
         (SCORES, 0.4, "global"), _sparsities,
         plain=lambda scores, sparsity, scope: scope == "global"),
)
# fmt: on
