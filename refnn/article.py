"""This module holds every equation, tensor and claim of the article's §3 and §4.

Each stands here once, exactly as printed and with its §. Numbers are kept as printed text;
`fractions` converts them to Fractions, so that 0.1 is 1/10.
"""

from typing import NamedTuple

import numpy as np

from refnn import arrays, network
from refnn.network import Params
from refnn.validation import choice, takes


class Equation(NamedTuple):
    """A formula of the article."""

    section: str  # its §
    heading: str  # in Chinese
    name: str  # in English
    formula: str


EQUATIONS = (
    Equation("3.1.1", "参数量化", "quantize the parameters", "Q(x) = ⌊x·W + B⌋ mod P"),
    Equation("3.1.2", "权重调整", "adjust the weights", "x̂ = (Q(x) + B) / W"),
    Equation("3.1.3", "模型更新", "update the model", "θ_q = x̂"),
    Equation("3.2.1", "参数重要性评估", "score the importance", "R = ∂J/∂x"),
    Equation("3.2.2", "剪枝", "prune", "θ_p = θ \\ {x | R_x < τ}"),
    Equation("3.2.3", "模型更新", "update the model", "θ_f = θ_p"),
    Equation("4.1.3", "模型更新", "update the model", "θ_q = [[Ŵ_ih Ŵ_ho] [b̂_h b̂_o]]"),
    Equation("4.2.1", "参数重要性评估", "the loss", "J = ½ ‖y − ŷ‖²"),
)

# The article's own terms, from its §2 and §3
# fmt: off
TERMS = {
    "quantization": "量化", "pruning": "剪枝", "scaling factor": "缩放因子", "offset": "偏移量",
    "quantization levels": "量化级别", "importance": "参数重要性", "pruning threshold": "剪枝阈值",
    "loss function": "损失函数", "input layer": "输入层", "hidden layer": "隐藏层",
    "output layer": "输出层",
}
# fmt: on


class Tensor(NamedTuple):
    """A tensor of §4.1 as rows of printed text."""

    x: tuple  # its entries
    q: tuple  # its codes Q(·)
    x_hat: tuple  # its decoded values


TENSORS = {
    "W_ih": Tensor(
        (("0.1", "0.2", "0.3", "0.4", "0.5"), ("0.6", "0.7", "0.8", "0.9", "1.0")),
        (("0", "1", "2", "3", "4"), ("1", "2", "3", "4", "5")),
        (("0.0", "0.1", "0.2", "0.3", "0.4"), ("0.1", "0.2", "0.3", "0.4", "0.5")),
    ),
    "W_ho": Tensor((("0.1", "0.2"),), (("0", "1"),), (("0.0", "0.1"),)),
    "b_h": Tensor((("0.1",), ("0.2",)), (("0",), ("1",)), (("0.0",), ("0.1",))),
    "b_o": Tensor((("0.1",),), (("0",),), (("0.0",),)),
}
CLAIMED_SIZES = (10, 5, 1)  # §4.1: 10 inputs, 5 hidden neurons, 1 output
LEVELS_TEXT = "量化级别为8"  # §4.1, the only place that gives P
LEVELS = 8
TAU = "0.5"  # §4.2.2
# The next two numbers were counted by reading the text. They are not computed.
CODE_LISTINGS = 0  # though §1, the heading of §4 and the summary promise code
# How often §4.1 prints the network's parameters: once where it says that they are given, 4 times
# below "we need to compute W and B" and twice below "we can"
TIMES_PARAMETERS_PRINTED = 7


@takes()
def fractions(printed):
    """Convert printed numbers, nested or not, to an object array of Fractions.

    >>> fractions(TENSORS["W_ho"].x)
    array([[Fraction(1, 10), Fraction(1, 5)]], dtype=object)
    """
    text = np.array(printed, dtype=object)
    return arrays.objects([arrays.exact("printed", v) for v in text.flat], text.shape)


@takes(form=choice(*Tensor._fields))
def parameters(form="x"):
    """Return the printed network as Params of Fractions.

    It has sizes 5-2-1, and its weights are (out, in). form chooses the parameters ("x"), their
    codes ("q") or their decoded values ("x_hat").

    >>> parameters().sizes, parameters("x_hat").W_ho
    ((5, 2, 1), array([[Fraction(0, 1), Fraction(1, 10)]], dtype=object))
    """
    W_ih, W_ho, b_h, b_o = (fractions(getattr(t, form)) for t in TENSORS.values())
    return Params(W_ih, b_h[:, 0], W_ho, b_o[:, 0])


def data():
    """Draw (X, y) for the printed network, because the article prints no data.

    X ~ N(0, 1) is 64 × 5, with seed 0. y is the network's own output with tanh, so J = 0.

    >>> X, y = data()
    >>> X.shape, y.shape
    ((64, 5), (64, 1))
    """
    X = np.random.default_rng(0).standard_normal((64, 5))
    return X, network.forward(Params(*(a.astype(float) for a in parameters().arrays())), X).y_hat


def example():
    """Return what the article's §4.1 prints, as a worked example for checking.worked_example.

    There are two claims for each tensor, one for its codes and one for its decoded values.

    >>> [claim["name"] for claim in example()["claims"]][:2]
    ['Q(W_ih)', 'Q(W_ho)']
    """
    codes = [
        {"kind": "solve", "name": f"Q({name})", "x": t.x, "P": LEVELS, "printed": t.q}
        for name, t in TENSORS.items()
    ]
    pair = {"kind": "roundtrip", "P": LEVELS, "sign": "+"}
    decoded = [
        {**pair, "name": f"{name}^", "x": t.x, "codes": t.q, "decoded": t.x_hat}
        for name, t in TENSORS.items()
    ]
    return {"title": "the article, §4.1", "claims": codes + decoded}
