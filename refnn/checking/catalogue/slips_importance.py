"""Slips of pruning as written, of importance and of masks. Collected in `slips`."""

import numpy as np

from refnn import derivatives, network
from refnn.checking.catalogue.slip import slip
from refnn.network import Params
from refnn.pruning import as_written as prune_written
from refnn.pruning import importance, masks

# The right ones, by another name: a test that plants a slip replaces the module's own.
_original_by_sparsity = masks.by_sparsity
_original_obd, _original_fisher = importance.obd, importance.fisher


def _each(function, *params):
    return Params(*(function(*fields) for fields in zip(*(p.arrays() for p in params))))


@slip("pruning.as_written.prune", "What happens to an importance of exactly τ?")
def at_most_for_below(params, R, tau):
    mask = _each(lambda r: r > tau, R)
    return network.apply_mask(params, mask), mask


@slip("pruning.as_written.prune", "Does the printed rule take an absolute value?")
def abs_in_the_rule(params, R, tau):
    steps = prune_written.prune_steps(params, _each(np.abs, R), tau)
    return steps.params, steps.mask


@slip("pruning.as_written.prune", "Is the mask True for what is kept or for what goes?")
def mask_inverted(params, R, tau):
    steps = prune_written.prune_steps(params, R, tau)
    return network.apply_mask(params, steps.below), steps.below


@slip("pruning.as_written.importance", "Does the printed R have a sign?")
def abs_of_R(params, X, y, activation="tanh"):
    return _each(np.abs, network.backward(params, X, y, activation))


@slip("pruning.as_written.importance", "Is J a sum over the examples or their mean?")
def mean_for_sum_R(params, X, y, activation="tanh"):
    return _each(lambda g: g / len(np.asarray(y)), network.backward(params, X, y, activation))


@slip(
    "pruning.importance.magnitude",
    "Is a large negative weight unimportant?",
    "a shipped pruning tool",
)
def no_abs(params, X=None, y=None, activation="tanh"):
    return _each(lambda a: a, params)


@slip("pruning.importance.gradient", "Is a steep descent unimportant?", "the article, §3.2.2")
def signed_gradient(params, X, y, activation="tanh"):
    return network.backward(params, X, y, activation)


@slip("pruning.importance.taylor", "What does deletion change, to first order, besides the slope?")
def slope_without_weight(params, X, y, activation="tanh"):
    return importance.gradient(params, X, y, activation)


@slip(
    "pruning.importance.taylor", "A large step of J down is a large step. What becomes of the sign?"
)
def signed_taylor(params, X, y, activation="tanh"):
    return _each(lambda a, g: a * g, params, network.backward(params, X, y, activation))


def _second(params, X, y, activation, curvature, half=0.5, sign=-1, slope=True):
    theta = params.flatten()
    g = network.backward(params, X, y, activation).flatten() if slope else 0
    return Params.unflatten(sign * g * theta + half * curvature * theta**2, params.sizes)


def _diagonal(H):
    return H.diagonal(0, -2, -1)


@slip(
    "pruning.importance.second_order_taylor",
    "Deleting θ moves it by how much, and in which direction?",
)
def plus_the_slope(params, X, y, activation="tanh"):
    return _second(
        params, X, y, activation, _diagonal(derivatives.hessian(params, X, y, activation)), sign=1
    )


@slip("pruning.importance.second_order_taylor", "Does the network bend, or only the loss?")
def gauss_newton_for_the_hessian(params, X, y, activation="tanh"):
    return _second(
        params, X, y, activation, _diagonal(derivatives.gauss_newton(params, X, activation))
    )


@slip("pruning.importance.obd", "Write the Taylor series down: what stands before the square?")
def missing_half_of_obd(params, X, y, activation="tanh"):
    return _second(
        params,
        X,
        y,
        activation,
        _diagonal(derivatives.hessian(params, X, y, activation)),
        1,
        slope=False,
    )


@slip("pruning.importance.obd", "Can deleting a parameter make J smaller?")
def abs_of_obd(params, X, y, activation="tanh"):
    return _each(np.abs, _original_obd(params, X, y, activation))


@slip(
    "pruning.importance.fisher",
    "Over how many examples is the sum when the loop is done?",
    "a pruning library 1.6.1: for g = 1, 2, 3 it gives 9",
)
def last_example_only(params, X, y, activation="tanh"):
    return _original_fisher(
        params, np.asarray(X)[..., -1:, :], np.asarray(y)[..., -1:, :], activation
    )


@slip("pruning.importance.fisher", "Is it the square of the sum, or the sum of the squares?")
def square_of_the_sum(params, X, y, activation="tanh"):
    g = network.backward(params, X, y, activation).flatten()
    return Params.unflatten(params.flatten() ** 2 * g**2 / 2, params.sizes)


@slip("pruning.importance.fisher", "J is a sum over the examples. What is its Fisher information?")
def mean_of_the_squares(params, X, y, activation="tanh"):
    return _each(lambda a: a / np.shape(X)[-2], _original_fisher(params, X, y, activation))


@slip("pruning.importance.obs", "Which diagonal: of H, or of its inverse?")
def diagonal_of_H(params, X, y, activation="tanh", damping=0.0):
    return _original_obd(params, X, y, activation)


@slip("pruning.importance.obs", "The cost is θ² over something. Over what?")
def times_the_inverse(params, X, y, activation="tanh", damping=0.0):
    H = derivatives.hessian(params, X, y, activation)
    return _second(
        params,
        X,
        y,
        activation,
        _diagonal(np.linalg.inv(H + damping * np.eye(H.shape[-1]))),
        slope=False,
    )


@slip(
    "pruning.masks.by_threshold",
    "What happens to a score of exactly τ?",
    "MIT 6.5940, lab 1, keeps |w| > threshold",
)
def above_for_at_least(scores, tau):
    return _each(lambda a: a > tau, scores)


@slip("pruning.masks.by_threshold", "Who takes the absolute value: the scores or the mask?")
def abs_of_scores(scores, tau):
    return _each(lambda a: np.abs(a) >= tau, scores)


def _by_sparsity(
    scores, sparsity, scope="global", number=round, order=lambda s: np.argsort(s, kind="stable")
):
    theta = scores.flatten()
    keep = np.ones(theta.shape, bool)
    keep[order(theta)[: int(number(sparsity * theta.size))]] = False
    return Params.unflatten(keep, scores.sizes)


@slip("pruning.masks.by_sparsity", "Which go first, the small or the large scores?")
def highest_first(scores, sparsity, scope="global"):
    return _by_sparsity(scores, sparsity, order=lambda s: np.argsort(-s, kind="stable"))


@slip("pruning.masks.by_sparsity", "Of equal scores, which goes first?")
def later_of_equals_first(scores, sparsity, scope="global"):
    return _by_sparsity(
        scores, sparsity, order=lambda s: len(s) - 1 - np.argsort(s[::-1], kind="stable")
    )


@slip("pruning.masks.by_sparsity", "Is the number of removed entries rounded or cut?")
def count_cut_off(scores, sparsity, scope="global"):
    return _by_sparsity(scores, sparsity, number=np.floor)


@slip("pruning.masks.by_sparsity", "Is the sparsity that of the network or of each array?")
def global_for_layer(scores, sparsity, scope="global"):
    return _original_by_sparsity(scores, sparsity, "global")
