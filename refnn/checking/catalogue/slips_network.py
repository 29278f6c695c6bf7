"""Slips of the network and its training. Collected in `slips`."""

import numpy as np

from refnn import network, training
from refnn.checking.catalogue.slip import slip
from refnn.network import ACTIVATIONS, Params

# The right ones, by another name: a test that plants a slip replaces the module's own.
_original_fit = training.fit


@slip("network.loss", "What factor stands in front of the sum?")
def missing_half(y_hat, y):
    return ((np.asarray(y_hat) - y) ** 2).sum(axis=(-2, -1))


@slip("network.loss", "Is J a sum over the examples or their mean?")
def mean_for_sum(y_hat, y):
    return ((np.asarray(y_hat) - y) ** 2 / 2).mean(axis=(-2, -1))


@slip("network.loss", "Is the norm squared?")
def not_squared(y_hat, y):
    return np.abs(np.asarray(y_hat) - y).sum(axis=(-2, -1)) / 2


def _backward(params, X, y, activation, residual=lambda y_hat, y: y_hat - y, slope=None):
    X, y = np.asarray(X), np.asarray(y)
    f = slope or ACTIVATIONS[activation][1]
    z_h, h, y_hat = network.propagate(params, X, activation)
    dy = residual(y_hat, y)
    dz = (dy @ params.W_ho) * f(z_h, h)
    return Params(dz.mT @ X, dz.sum(-2), dy.mT @ h, dy.sum(-2))


@slip("network.backward", "If the prediction is too large, which way does J fall?")
def residual_sign(params, X, y, activation="tanh"):
    return _backward(params, X, y, activation, residual=lambda y_hat, y: y - y_hat)


@slip(
    "network.backward",
    "Is J a sum over the examples or their mean?",
    "scikit-learn #8349 (by n_outputs)",
)
def mean_for_sum_backward(params, X, y, activation="tanh"):
    return _backward(params, X, y, activation, residual=lambda y_hat, y: (y_hat - y) / len(y_hat))


@slip("network.backward", "What is the derivative of ½r²?")
def twice_the_slope(params, X, y, activation="tanh"):
    return _backward(params, X, y, activation, residual=lambda y_hat, y: 2 * (y_hat - y))


@slip("network.backward", "Does the slope of the activation appear in the chain?")
def activation_slope_missing(params, X, y, activation="tanh"):
    return _backward(params, X, y, activation, slope=lambda z, h: 1)


@slip("network.backward", "Of which variable is f′ a function: of z or of h?")
def slope_at_h(params, X, y, activation="tanh"):
    return _backward(
        params,
        X,
        y,
        activation,
        slope=lambda z, h: ACTIVATIONS[activation][1](h, ACTIVATIONS[activation][0](h)),
    )


@slip(
    "network.backward",
    "Is the output of a ReLU ever negative?",
    "numpy-tutorials, the MNIST page; Grokking-Deep-Learning #9",
)
def relu_slope_from_output(params, X, y, activation="tanh"):
    slope = (lambda z, h: (h >= 0) * 1) if activation == "relu" else None
    return _backward(params, X, y, activation, slope=slope)


@slip("network.backward", "Which axis of the gradient belongs to the outputs of the layer?")
def transposed_gradient(params, X, y, activation="tanh"):
    g = _backward(params, X, y, activation)
    return Params(np.ascontiguousarray(g.W_ih.mT).reshape(g.W_ih.shape), g.b_h, g.W_ho, g.b_o)


@slip("network.backward", "Does a bias have a slope?")
def bias_forgotten(params, X, y, activation="tanh"):
    g = _backward(params, X, y, activation)
    return Params(g.W_ih, 0 * g.b_h, g.W_ho, g.b_o)


@slip("network.forward", "What is added before the activation?")
def hidden_bias_forgotten(params, X, activation="tanh"):
    return network.propagate(
        Params(params.W_ih, 0 * params.b_h, params.W_ho, params.b_o), np.asarray(X), activation
    )


@slip("training.fit", "What is a pruned weight after one more step?")
def mask_not_held(params, X, y, *, mask=None, **options):
    return _original_fit(
        params if mask is None else network.apply_mask(params, mask), X, y, **options
    )


@slip("training.fit", "With decay λ, what is the slope of J at the minimum?")
def decay_twice(params, X, y, *, weight_decay=0.0, **options):
    return _original_fit(params, X, y, weight_decay=2 * weight_decay, **options)


@slip("training.fit", "Is J a sum over the examples or their mean?")
def decay_against_the_mean(params, X, y, *, weight_decay=0.0, **options):
    return _original_fit(params, X, y, weight_decay=weight_decay * len(y), **options)
