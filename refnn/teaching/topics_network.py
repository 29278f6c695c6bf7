"""List the worksheet topics on the network and on pruning.

They are the loss, forward and backward by hand, the rule of §3.2 of the article, and masks.
"""

from fractions import Fraction as F

import numpy as np

from refnn import network
from refnn.checking.catalogue.formulas import one
from refnn.network import FIELDS, Params
from refnn.teaching.draws import one_of, shuffled, whole
from refnn.teaching.question import Step, Topic, fractions

RESIDUALS = (F(-2), F(-3, 2), F(-1), F(-1, 2), F(1, 2), F(1), F(3, 2), F(2))


def _loss(rng):
    y = [-whole(rng, 1, 4), *(whole(rng, -4, 4) for _ in range(3))]
    return {"y": fractions(y), "y_hat": fractions([v + one_of(rng, *RESIDUALS) for v in y])}


def _column(values):
    return fractions(values, (len(values), 1))


def _importance(rng):
    """Draw a network and two examples, all of small whole numbers.

    Each hidden unit has z > 0 for at least one example, and one has z ≤ 0 for an example.
    """
    while True:
        W_ih, b_h = rng.choice([-3, -2, -1, 1, 2, 3], (2, 2)), rng.choice([-2, -1, 1, 2], 2)
        W_ho, b_o = rng.choice([-2, -1, 1, 2, 3], (1, 2)), rng.choice([-1, 1, 2], 1)
        X, y = rng.integers(-2, 4, (2, 2)), rng.integers(-4, 5, 2)
        on = X @ W_ih.T + b_h > 0  # (2, 2): examples, hidden units
        if on.any(axis=0).all() and not on.all():
            drawn = zip((*FIELDS, "X", "y"), (W_ih, b_h, W_ho, b_o, X, y))
            given = {name: fractions(a.ravel(), a.shape) for name, a in drawn}
            params = Params(*(given[name] for name in FIELDS))
            return given | {"y_hat": network.forward(params, given["X"], "relu").y_hat}


def _own_residual(given, earlier):
    """Return the arguments for R after a student's own ŷ.

    y is changed so that the right ŷ leaves the same residual as the student's ŷ.
    """
    y = _column(given["y"]) + given["y_hat"] - _column(earlier[0])
    return {**given, "y": y, "activation": "relu"}


def _vector(values, inputs):
    """Return a vector as the parameters, scores or mask of a network inputs-1-1."""
    return Params.unflatten(np.asarray(values), (inputs, 1, 1))


def _prune(rng):
    tau = one_of(rng, F(1, 4), F(1, 2), F(1))
    R = [tau, -tau - whole(rng, 1, 4) / 4, tau + whole(rng, 1, 4) / 4]
    R += [tau - F(1, 8), -tau, tau + F(5, 4)]
    theta = [one_of(rng, -1, 1) * whole(rng, 1, 19) / 10 for _ in R]
    return {"theta": fractions(theta), "R": fractions(shuffled(rng, R)), "tau": tau}


def _own_mask(given, earlier):
    if not set(earlier[0]) <= {0, 1}:
        raise ValueError("a mask must hold only 0 and 1")
    return {"params": _vector(given["theta"], 3), "mask": _vector(np.equal(earlier[0], 1), 3)}


def _threshold(rng):
    tau = one_of(rng, F(1, 4), F(1, 2), F(1))
    scores = [tau, -tau - whole(rng, 1, 4) / 4, tau - F(1, 8)]
    scores += [-tau / 2, tau + whole(rng, 1, 4) / 4, -tau]
    return {"scores": fractions(shuffled(rng, scores)), "tau": tau}


def _sparsity(rng):
    """Draw eight weights, of which round(sparsity·8) are removed.

    The last one that is removed and the first one that is kept have the same magnitude.
    """
    sparsity, goes = one_of(rng, (F(9, 20), 4), (F(7, 20), 3), (F(3, 5), 5), (F(7, 10), 6))
    sizes = sorted(int(v) for v in rng.choice(np.arange(1, 30), 8, replace=False))
    sizes[goes] = sizes[goes - 1]
    signs = shuffled(rng, [-1] * 4 + [1] * 4)
    theta = [F(size * sign, 10) for size, sign in zip(sizes, signs)]
    return {"theta": fractions(shuffled(rng, theta)), "sparsity": sparsity}


# fmt: off
TOPICS = (
    Topic(
        "loss", {"en": "The loss (§4.2)", "zh": "损失函数（§4.2）"}, _loss,
        {"en": "J = ½ Σ (y - ŷ)², summed over four examples. y = {y}; ŷ = {y_hat}.",
         "zh": "J = ½ Σ (y - ŷ)²，对四个样本求和。y = {y}；ŷ = {y_hat}。"},
        (Step(1, "loss", {"en": "Compute J.", "zh": "J。"},
              lambda g, e: {"y_hat": _column(g["y_hat"]), "y": _column(g["y"])}),)),
    Topic(
        "importance",
        {"en": "Forward and backward by hand (§3.2.1)", "zh": "手算前向与反向传播（§3.2.1）"},
        _importance,
        {"en": "A 2-2-1 network computes z_h = X·W_ihᵀ + b_h, h = relu(z_h), ŷ = h·W_hoᵀ + b_o, "
               "with relu'(0) = 0. W_ih = {W_ih} (one row for each hidden unit); b_h = {b_h}; "
               "W_ho = {W_ho}; b_o = {b_o}. There are two examples, one in each row: X = {X}; "
               "y = {y}.",
         "zh": "网络 2-2-1：z_h = X·W_ihᵀ + b_h，h = relu(z_h)，ŷ = h·W_hoᵀ + b_o，"
               "relu'(0) = 0。W_ih = {W_ih}（每行一个隐藏单元）；b_h = {b_h}；W_ho = {W_ho}；"
               "b_o = {b_o}。两个样本，每行一个：X = {X}；y = {y}。"},
        (Step(2, "forward", {"en": "Compute ŷ for both examples.", "zh": "两个样本的 ŷ。"},
              lambda g, e: {**g, "activation": "relu"}, ("y_hat",)),
         Step(1, "loss",
              {"en": "Compute J = ½ Σ (y - ŷ)² with your ŷ.",
               "zh": "用你的 ŷ 计算 J = ½ Σ (y - ŷ)²。"},
              lambda g, e: {"y_hat": _column(e[0]), "y": _column(g["y"])},
              same={"mean_without_half": ""}),  # with two examples
         Step(9, "slopes",
              {"en": "Compute R = ∂J/∂θ with your ŷ, in the order W_ih (row by row), b_h, W_ho, "
                     "b_o.",
               "zh": "用你的 ŷ 计算 R = ∂J/∂θ：依次为 W_ih（逐行）、b_h、W_ho、b_o。"},
              _own_residual,
              same={"slope_at_h": "", "mean_for_sum_backward": "mean_for_sum_R",
                    "relu_slope_from_output": "activation_slope_missing"}))),
    Topic(
        "prune", {"en": "Pruning, as written (§3.2.2)", "zh": "剪枝（原文规则，§3.2.2）"}, _prune,
        {"en": "Six parameters θ = {theta} have the importances R = {R}. The threshold is "
               "τ = {tau}. The printed rule removes the parameters with R < τ.",
         "zh": "六个参数 θ = {theta}，重要性 R = {R}，剪枝阈值 τ = {tau}。"
               "原文规则剪去 R < τ 的参数。"},
        (Step(6, "written.prune",
              {"en": "Write the mask, with 1 for kept and 0 for removed.",
               "zh": "掩码：保留写 1，剪去写 0。"},
              lambda g, e: {"params": _vector(g["theta"], 3), "R": _vector(g["R"], 3),
                            "tau": g["tau"]}, ("mask",)),
         Step(6, one("network.apply_mask", "params", "mask", gives=vars),
              {"en": "Write the parameters after your mask is applied.",
               "zh": "按你的掩码剪枝后的参数。"},
              _own_mask))),
    Topic(
        "threshold", {"en": "A mask by threshold", "zh": "按阈值取掩码"}, _threshold,
        {"en": "The scores are {scores}. A score of at least τ = {tau} is kept. Do not take "
               "absolute values.",
         "zh": "得分 {scores}；得分不小于 τ = {tau} 的保留，不取绝对值。"},
        (Step(6, "by_threshold",
              {"en": "Write the mask, with 1 for kept and 0 for removed.",
               "zh": "掩码：保留写 1，剪去写 0。"},
              lambda g, e: {"scores": _vector(g["scores"], 3), "tau": g["tau"]}),)),
    Topic(
        "sparsity", {"en": "Magnitude pruning (§3.2, corrected)", "zh": "按幅值剪枝（更正）"},
        _sparsity,
        {"en": "There are eight weights θ = {theta}, and the sparsity is {sparsity}. Remove "
               "round(sparsity·8) of them, those with the lowest scores first. Of equal scores, "
               "remove the earlier one first.",
         "zh": "八个权重 θ = {theta}；稀疏度 {sparsity}：剪去 round(稀疏度·8) 个，"
               "先剪得分最低的，得分相同先剪靠前的。"},
        (Step(8, "importance.magnitude",
              {"en": "Write the score of each weight, which is its magnitude.",
               "zh": "每个权重的得分：幅值。"},
              lambda g, e: {"params": _vector(g["theta"], 5)}),
         Step(8, "by_sparsity",
              {"en": "Write the mask for your scores, with 1 for kept and 0 for removed.",
               "zh": "按你的得分写出掩码：保留写 1，剪去写 0。"},
              lambda g, e: {"scores": _vector(e[0], 5), "sparsity": g["sparsity"]},
              same={"global_for_layer": ""}))),
)
# fmt: on
