"""This module computes what is wrong with the article's formulas, whatever the numbers are.

`errata` collects the findings."""

from fractions import Fraction
from inspect import signature
from math import ceil

import numpy as np

from refnn import article, data, network
from refnn.checking.plane.digits import decimal
from refnn.experiments import floats
from refnn.network import Params
from refnn.pruning import as_written as prune_written
from refnn.pruning import masks
from refnn.quantization import affine, as_written

STARTS = 200  # untrained networks, for the findings that need networks
DELETED = 50  # of these, the networks in which each parameter is deleted in turn


def _even(W, cells=32):
    """Return the centres of equal cells that fill [-1, 1], `cells` of them in a step 1/W."""
    return (np.arange(-W * cells, W * cells) + 0.5) / (W * cells)


def _steps(decoded, x, W):
    """Return the errors in steps. They are multiples of 1/64, so six decimals are exact."""
    return ((decoded - x) * W).round(6)


def _sign():
    W, B, P = 127, 128, 256
    x = _even(W)
    error = _steps(as_written.dequantize(as_written.quantize(x, W, B, P), W, B), x, W)
    return (
        f"Encoding adds B, so decoding must subtract it. With W = {W}, B = {B}, P = {P} on [-1, 1] "
        f"the printed decoder is off by {decimal(Fraction(error.mean()))} steps on average (2B - "
        "1/2). With min-max the shift 2B/W is -2*min for every P"
    )


def _floor():
    W, B, P = 127, 128, 256
    x = _even(W)
    e = _steps(as_written.dequantize(as_written.quantize(x, W, B, P), W, -B), x, W)
    r = _steps(affine.fake_quantize(x, affine.QParams(1 / W, B, 0, P - 1)), x, W)
    rms = [np.sqrt(np.mean(v * v)) for v in (e, r)]
    return (
        f"Floor is biased. Its mean error is {decimal(Fraction(e.mean()))} step, its rms "
        f"{rms[0]:.4f} (1/sqrt 3 = {3**-0.5:.4f}). Rounding to nearest has the mean "
        f"{decimal(Fraction(r.mean()))} and the rms {rms[1]:.4f} (1/sqrt 12 = {12**-0.5:.4f})"
    )


def _wrap():
    x = Fraction("1.01")
    wrapped = as_written.dequantize(as_written.quantize(x, 127, 128, 256), Fraction(127), -128)
    kept = affine.fake_quantize(x, affine.QParams(Fraction(1, 127), 128, 0, 255))
    return (
        "mod P wraps where it should saturate (clip). With W = 127, B = 128, P = 256, 1.01 decodes "
        f"to {float(wrapped):.4f} even with the right sign of B, but to {float(kept):.4f} with "
        "saturation"
    )


def _floats():
    written, over_scale = floats.compute(orders=floats.ORDERS[:2])
    lost, wrapped = written.maximum, over_scale.minimum
    return (
        f"In floating point min-max misses its own ends. Of {floats.TENSORS} random tensors of "
        f"{floats.SIZE} two-decimal weights, the maximum gets code P - 2 in {lost.min():.0%} to "
        f"{lost.max():.0%} (P = 4 to 256). With B = -min/scale the minimum wraps to P - 1 in "
        f"{wrapped.min():.0%} to {wrapped.max():.0%}. With Fractions neither happens"
    )


def _untrained():
    s = data.split(data.load("diabetes"), 0)
    thetas = [network.init(np.random.default_rng(seed)).flatten() for seed in range(STARTS)]
    return Params.unflatten(np.stack(thetas), (10, 5, 1)), s.X_train, s.y_train


def _signed():
    params, X, y = _untrained()
    R = prune_written.importance(params, X, y)
    _, mask = prune_written.prune(params, R, float(article.TAU))
    r, gone = R.flatten(), ~mask.flatten()
    steepest = np.take_along_axis(gone, np.abs(r).argmax(axis=1)[:, None], 1).mean()
    removed, negative = np.median(gone.sum(1)), np.median((r < 0).sum(1))
    return (
        f"R is signed. On {STARTS} untrained networks (diabetes) R < 0.5 removes {removed:.0f} of "
        f"61 in the median, among them all {negative:.0f} with a negative slope, and in "
        f"{steepest:.0%} of the networks the one with the steepest slope"
    )


def _at_minimum():
    X, y = article.data()
    params = Params(*(a.astype(float) for a in article.parameters().arrays()))
    R = prune_written.importance(params, X, y)
    left = masks.count(prune_written.prune(params, R, article.fractions(article.TAU)[()])[1])
    R = R.flatten()
    return (
        "At a minimum R is 0. For the printed network on its own outputs, max |R| = "
        f"{abs(R).max():g}, and R < 0.5 leaves {left} of {R.size} parameters"
    )


def _sum_or_mean():
    params, X, y = _untrained()
    R = prune_written.importance(params, X, y).flatten()
    left = [np.median((R / n >= 0.5).sum(1)) for n in (1, len(y))]
    unit = data.load("diabetes").y.std()
    grams = np.median((R * unit**2 >= 0.5).sum(1))
    return (
        f"J is the loss of one example. Over {len(y)} rows, R < 0.5 leaves {left[0]:.0f} of 61 if "
        f"J is summed, and {left[1]:.0f} if J is averaged (untrained, median of {STARTS}). R "
        f"has units: with y and y_hat in the original unit ({unit:.0f} times larger) it leaves "
        f"{grams:.0f}"
    )


def _floats_again():
    n = 61
    return (
        f"theta_q = x^ consists of floats again, {n * 4} bytes as before. Stored as codes, {n} "
        f"parameters are {ceil(n * 3 / 8)} bytes at 3 bits, plus {4 * 2 * 4} for four (W, B)"
    )


def _order():
    needs = [name for name in signature(as_written.quantize).parameters if name in "WB"]
    takes = list(signature(as_written.dequantize).parameters)
    return (
        f"The steps are in the wrong order. Quantizing needs {' and '.join(needs)}, which only the "
        f"second step would give. The formula of that step takes {', '.join(takes)}, and neither a "
        "distribution nor a precision"
    )


def _flipped():
    params, X, y = _untrained()
    flipped = Params(-params.W_ih, -params.b_h, -params.W_ho, params.b_o)
    tau = float(article.TAU)
    same = np.abs(network.forward(params, X).y_hat - network.forward(flipped, X).y_hat).max()
    by_R, by_size = [], []
    for p in (params, flipped):
        by_R.append(prune_written.prune(p, prune_written.importance(p, X, y), tau)[1].flatten())
        by_size.append(masks.by_sparsity(Params(*map(np.abs, p.arrays())), 0.5).flatten())
    changed = np.median((by_R[0] != by_R[1]).sum(1))
    return (
        "Flipping the signs into and out of every tanh neuron changes no output (largest "
        f"difference {same:g}), but R < 0.5 then decides differently on {changed:.0f} of 61 "
        f"(median of {STARTS}), and |w| on {(by_size[0] != by_size[1]).sum()}"
    )


def _deletion():
    params, X, y = _untrained()
    J = network.loss(network.forward(params, X).y_hat, y)
    slopes, ranks = network.backward(params, X, y).flatten(), []
    for theta, R, before in zip(params.flatten()[:DELETED], slopes, J):
        # (61, …): the network without each parameter in turn
        without = Params.unflatten(np.where(np.eye(theta.size, dtype=bool), 0, theta), params.sizes)
        cost = network.loss(network.forward(without, X).y_hat, y) - before
        ranks.append([_spearman(score, cost) for score in (R, -R * theta)])
    by_R, by_first_order = np.median(ranks, axis=0)
    return (
        "The text judges importance by the performance after deletion, but the formula is the "
        f"slope R. Its rank correlation with what deletion costs ({DELETED} untrained networks, "
        f"median) is {round(by_R, 2) + 0.0:.2f}, that of -w*R {by_first_order:.2f}"
    )


def _spearman(a, b):
    return np.corrcoef(*(np.argsort(np.argsort(v)) for v in (a, b)))[0, 1]


FINDINGS = (  # number, §, Chinese term, computation
    (6, "3.1.2", "偏移量", _sign),
    (7, "3.1.1", "参数量化", _floor),
    (8, "3.1.1", "参数量化", _wrap),
    (9, "3.1.1", "参数量化", _floats),
    (11, "3.2.1", "参数重要性", _signed),
    (12, "4.2.2", "剪枝阈值", _at_minimum),
    (14, "4.2.1", "损失函数", _sum_or_mean),
    (16, "3.1.3", "模型更新", _floats_again),
    (17, "2.1", "权重调整", _order),
    (20, "3.2.2", "剪枝", _flipped),
    (23, "2.2", "参数重要性评估", _deletion),
)
