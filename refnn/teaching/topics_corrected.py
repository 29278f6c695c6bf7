"""List the worksheet topics on common methods that differ from those of the article.

They are scores of importance, n-of-m masks, the cubic schedule of the sparsity, products of integer
codes, and a grid in the article's terms (W, B, P) and in common terms (scale, zero point).
"""

from fractions import Fraction as F

import numpy as np

from refnn.network import Params
from refnn.teaching.draws import one_of, shuffled, whole
from refnn.teaching.question import Step, Topic, fractions


def _conversion(rng):
    scale, signed = one_of(rng, F(1, 10), F(1, 5), F(1, 4)), -int(rng.integers(1, 8))
    first = {"W": F(one_of(rng, 2, 4, 5, 10)), "B": 2 * whole(rng, 0, 2) + F(3, 2), "P": 8}
    return first | {"scale": scale, "zero_point": signed, "qmin": -8, "qmax": 7}


def _products(rng):
    """Draw two matrices of codes, and a layer.

    One product is above 127, which a signed byte cannot hold. One code is below its zero point.
    """
    a_zero, b_zero = shuffled(rng, [3, 5])
    a = np.uint8([[a_zero - 2, *rng.integers(6, 12, 2)], [*rng.integers(9, 14, 2), a_zero + 1]])
    b = np.uint8(rng.integers(8, 20, (3, 2)))
    W, bias = rng.choice([-3, -2, -1, 1, 2, 3], (2, 3)), rng.integers(20, 60, 2)
    layer = {"W": W, "bias": bias, "zero_point": int(rng.integers(2, 8))}
    return {"a": a, "b": b, "a_zero_point": a_zero, "b_zero_point": b_zero, **layer}


def _scores(rng):
    w, b, v, c = (F(int(n)) for n in rng.choice([-3, -2, -1, 1, 2, 3], 4))
    x = [F(int(n)) for n in rng.choice([-2, -1, 1, 2, 3], 2)]
    residual = shuffled(rng, [whole(rng, 1, 3), F(-4)])
    y = [v * (w * n + b) + c - r for n, r in zip(x, residual)]
    return {"w": w, "b": b, "v": v, "c": c, "x": fractions(x), "y": fractions(y)}


def _as_network(given, earlier):
    params = Params.unflatten(fractions([given[name] for name in "wbvc"]), (1, 1, 1))
    X, y = given["x"].reshape(2, 1), given["y"].reshape(2, 1)
    return {"params": params, "X": X, "y": y, "activation": "identity"}


def _n_of_m(rng):
    """Draw two rows of six scores, where a row is a group of four and a shorter group of two.

    In one group the largest score occurs twice.
    """
    rows = [[int(n) for n in rng.choice(np.arange(1, 20), 6, replace=False)] for _ in range(2)]
    first, second = sorted(int(n) for n in rng.choice(4, 2, replace=False))
    rows[0][first] = rows[0][second] = 20
    signs = shuffled(rng, [-1, -1, -1, 1, 1, 1])
    rows[1] = [n * s for n, s in zip(rows[1], signs)]
    return {"scores": fractions([F(n, 10) for row in rows for n in row], (2, 6))}


def _cubic(rng):
    begin, span = int(rng.integers(1, 6)) * 100, 4 * int(rng.integers(5, 26))
    initial, change = one_of(rng, F(0), F(1, 10)), one_of(rng, F(8, 10), F(64, 100), F(32, 100))
    steps = [begin - 10, begin + span // 4, begin + span // 2, begin + 2 * span]
    ends = {"begin": begin, "end": begin + span, "initial": initial, "final": initial + change}
    return {"steps": steps, **ends}


# fmt: off
TOPICS = (
    Topic(
        "conversion",
        {"en": "The article's terms and the common terms", "zh": "原文记号与通用记号的换算"},
        _conversion,
        {"en": "If (W, B) and (scale, zero_point) belong together, ⌊x·W + B⌋ is x/scale + "
               "zero_point rounded to the nearest whole number. The first grid has W = {W}, "
               "B = {B}, P = {P}. The second grid has scale = {scale}, zero_point = {zero_point}, "
               "codes {qmin}..{qmax}.",
         "zh": "若 (W, B) 与 (scale, zero_point) 相对应，⌊x·W + B⌋ 就是把 "
               "x/scale + zero_point 舍入到最近的整数。"
               "第一组：W = {W}，B = {B}，P = {P}。第二组：scale = {scale}，"
               "zero_point = {zero_point}，编码 {qmin}..{qmax}。"},
        (Step(2, "to_affine",
              {"en": "Write scale and zero_point of the first grid, whose codes begin at 0.",
               "zh": "第一组的 scale 与 zero_point（编码从 0 起）。"}),
         Step(3, "to_article",
              {"en": "Write W, B, P of the second grid, so that its first code becomes 0.",
               "zh": "第二组的 W、B、P，使其第一个编码变为 0。"}))),
    Topic(
        "products", {"en": "Products of codes", "zh": "编码的乘积"}, _products,
        {"en": "The codes a = {a} (2 rows) have the zero point {a_zero_point}. The codes b = {b} "
               "(3 rows) have the zero point {b_zero_point}. A layer has the weights W = {W} and "
               "the bias {bias}. The zero point of its input is {zero_point}.",
         "zh": "编码 a = {a}（2 行），零点 {a_zero_point}；b = {b}（3 行），零点 {b_zero_point}。"
               "某层权重 W = {W}，偏置 {bias}，输入的零点 {zero_point}。"},
        (Step(4, "matmul",
              {"en": "Compute (a - zero point)·(b - zero point), row by row.",
               "zh": "(a - 零点)·(b - 零点)，逐行写出。"}),
         Step(2, "fold",
              {"en": "Write the new bias for which W·q + new bias = W·(q - zero point) + bias.",
               "zh": "把输入零点并入后的偏置，使 W·q + 偏置 正确。"}))),
    Topic(
        "scores",
        {"en": "Scores of importance (§3.2.1, corrected)", "zh": "参数重要性的得分（更正）"},
        _scores,
        {"en": "A 1-1-1 network without activation computes ŷ = v·(w·x + b) + c, and "
               "J = ½ Σ (y - ŷ)². w = {w}, b = {b}, v = {v}, c = {c}. There are two examples: "
               "x = {x}; y = {y}. Write four numbers on each line, in the order w, b, v, c.",
         "zh": "无激活函数的网络 1-1-1：ŷ = v·(w·x + b) + c，J = ½ Σ (y - ŷ)²。"
               "w = {w}，b = {b}，v = {v}，c = {c}。两个样本：x = {x}；y = {y}。"
               "每题四个数，依次对应 w、b、v、c。"},
        (Step(4, "importance.gradient", {"en": "Compute |∂J/∂θ|.", "zh": "|∂J/∂θ|。"}, _as_network),
         Step(4, "importance.taylor", {"en": "Compute |θ·∂J/∂θ|.", "zh": "|θ·∂J/∂θ|。"},
              _as_network),
         Step(4, "importance.fisher",
              {"en": "Compute ½·θ²·Σ g², where g is the gradient of one example.",
               "zh": "½·θ²·Σ g²，g 为单个样本的斜率。"}, _as_network),
         Step(4, "importance.obd",
              {"en": "Compute ½·θ²·∂²J/∂θ² (optimal brain damage).",
               "zh": "½·θ²·∂²J/∂θ²（optimal brain damage）。"}, _as_network,
              same={"abs_of_obd": ""}))),
    Topic(
        "n_of_m", {"en": "One of every four", "zh": "每四个保留一个"}, _n_of_m,
        {"en": "The scores are {scores} (2 rows). Of every four scores along a row, keep the "
               "highest. If the last group is shorter, keep its highest. Of equal scores, remove "
               "the earlier one.",
         "zh": "得分 {scores}（2 行）。沿每行每四个保留得分最高的一个，"
               "末尾不足四个的一组也保留最高的一个；得分相同先剪靠前的。"},
        (Step(12, "n_of_m",
              {"en": "Write the mask row by row, with 1 for kept and 0 for removed.",
               "zh": "逐行写出掩码：保留写 1，剪去写 0。"},
              lambda g, e: {**g, "n": 1, "m": 4}, ("W_ih",), {"biases_in_groups": ""}),)),
    Topic(
        "cubic", {"en": "The cubic schedule", "zh": "三次稀疏度调度"}, _cubic,
        {"en": "The sparsity is s = final + (initial - final)·(1 - (t - begin)/(end - begin))³. "
               "It is constant before begin and after end. initial = {initial}, final = {final}, "
               "begin = {begin}, end = {end}. t = {steps}.",
         "zh": "稀疏度 s = final + (initial - final)·(1 - (t - begin)/(end - begin))³，"
               "区间之前和之后保持不变：initial = {initial}，final = {final}，"
               "begin = {begin}，end = {end}。t = {steps}。"},
        (Step(4, "cubic", {"en": "Compute s for each t.", "zh": "各 t 处的 s。"}),)),
)
# fmt: on
