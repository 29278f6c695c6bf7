"""The multilayer perceptron (10-5-1: 61 parameters): forward, loss and backward pass by hand.

    z_h = X·W_ihᵀ + b_h      h = f(z_h)      ŷ = h·W_hoᵀ + b_o      J = ½ Σ ‖y − ŷ‖²    (article §4.2)

Every function takes one network or a stack of them: leading axes "…" of the parameters are kept.
Row i of X is one example; W_ih is (out, in), as the article prints it.
"""

from dataclasses import dataclass
from itertools import accumulate
from math import prod
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.arrays import FIELDS, checked

# f(z), f'(z) and f''(z), the derivatives with h = f(z) at hand; relu'(0) = 0. `z.real` lets a
# complex step pass.
ACTIVATIONS = {
    "tanh": (np.tanh, lambda z, h: 1 - h * h, lambda z, h: -2 * h * (1 - h * h)),
    "sigmoid": (
        lambda z: 1 / (1 + np.exp(-z)),
        lambda z, h: h * (1 - h),
        lambda z, h: h * (1 - h) * (1 - 2 * h),
    ),
    "relu": (
        lambda z: np.where(z.real > 0, z, 0),
        lambda z, h: (z.real > 0).astype(z.dtype),
        lambda z, h: np.zeros_like(z),
    ),
    "identity": (lambda z: z, lambda z, h: np.ones_like(z), lambda z, h: np.zeros_like(z)),
}


@dataclass(frozen=True, eq=False)
class Params:
    """The four arrays of a network, or anything of their shape: a gradient, a mask, scores, codes.

    W_ih (…, hidden, inputs), b_h (…, hidden), W_ho (…, outputs, hidden), b_o (…, outputs); the same
    leading axes "…" in all four. ValueError or TypeError names the field that does not fit.

    >>> p = Params([[1, 2], [3, 4]], [5, 6], [[7, 8]], [9])
    >>> p.sizes, p.flatten()
    ((2, 2, 1), array([1, 2, 3, 4, 5, 6, 7, 8, 9]))
    """

    W_ih: np.ndarray
    b_h: np.ndarray
    W_ho: np.ndarray
    b_o: np.ndarray

    def __post_init__(self):
        for name in FIELDS:
            object.__setattr__(
                self, name, arrays.raw("Params", name, getattr(self, name), "an array of numbers")
            )
        if self.W_ih.ndim < 2:
            arrays.refuse(
                "Params", "W_ih", "of shape (…, hidden, inputs)", f"shape {self.W_ih.shape}"
            )
        batch, hidden = self.batch, self.W_ih.shape[-2]
        outputs = self.b_o.shape[-1] if self.b_o.ndim else 0
        for name, shape in (("b_h", (hidden,)), ("b_o", (outputs,)), ("W_ho", (outputs, hidden))):
            if (got := getattr(self, name).shape) != batch + shape:
                arrays.refuse(
                    "Params",
                    name,
                    f"of shape {batch + shape} beside W_ih {self.W_ih.shape} "
                    f"and b_o {self.b_o.shape}",
                    f"shape {got}",
                )

    @property
    def batch(self):
        """The leading axes: () for one network, (S,) for a stack of S."""
        return self.W_ih.shape[:-2]

    @property
    def sizes(self):
        """(inputs, hidden, outputs)"""
        return self.W_ih.shape[-1], self.W_ih.shape[-2], self.b_o.shape[-1]

    def arrays(self):
        """(W_ih, b_h, W_ho, b_o)"""
        return self.W_ih, self.b_h, self.W_ho, self.b_o

    def flatten(self):
        """One vector a network, (…, 61): W_ih row by row, then b_h, W_ho, b_o."""
        axes = len(self.batch)
        return np.concatenate(
            [a.reshape(*self.batch, prod(a.shape[axes:])) for a in self.arrays()], axis=-1
        )

    @staticmethod
    def unflatten(vector, sizes):
        """The inverse of flatten, for sizes = (inputs, hidden, outputs).

        >>> Params.unflatten(np.arange(9), sizes=(2, 2, 1)).W_ho
        array([[6, 7]])
        """
        inputs, hidden, outputs = arrays.axes("unflatten", "sizes", sizes, count=3)
        v = arrays.raw("unflatten", "vector", vector, "an array of numbers")
        shapes = (hidden, inputs), (hidden,), (outputs, hidden), (outputs,)
        cuts = list(accumulate(prod(s) for s in shapes))
        if v.ndim == 0 or v.shape[-1] != cuts[-1]:
            arrays.refuse(
                "unflatten",
                "vector",
                f"of shape (…, {cuts[-1]}) for sizes {inputs, hidden, outputs}",
                f"shape {v.shape}",
            )
        return Params(
            *(
                part.reshape(v.shape[:-1] + s)
                for part, s in zip(np.split(v, cuts[:3], axis=-1), shapes)
            )
        )


class Forward(NamedTuple):
    """What a forward pass leaves: z_h and h (…, N, hidden), y_hat (…, N, outputs).
    >>> Forward._fields
    ('z_h', 'h', 'y_hat')"""

    z_h: np.ndarray
    h: np.ndarray
    y_hat: np.ndarray


def init(rng, sizes=(10, 5, 1), batch=()):
    """A start: weights ~ N(0, 1/n_in) (LeCun et al., "Efficient BackProp", 1998), biases 0; batch:
    leading axes.

    >>> init(np.random.default_rng(0)).flatten().shape, init(np.random.default_rng(0), batch=(7,)).b_h.shape
    ((61,), (7, 5))
    """
    arrays.generator("init", "rng", rng)
    inputs, hidden, outputs = sizes = arrays.axes("init", "sizes", sizes, low=1, count=3)
    batch = arrays.axes("init", "batch", batch)
    if prod(batch) * (inputs + 1 + outputs) * hidden > arrays.MAX_SIZE:
        arrays.refuse(
            "init",
            "sizes",
            f"of at most {arrays.MAX_SIZE:,} parameters in all",
            f"{sizes}, batch {batch}",
        )
    return Params(
        rng.standard_normal((*batch, hidden, inputs)) / np.sqrt(inputs),
        np.zeros((*batch, hidden)),
        rng.standard_normal((*batch, outputs, hidden)) / np.sqrt(hidden),
        np.zeros((*batch, outputs)),
    )


def forward(params, X, activation="tanh"):
    """z_h = X·W_ihᵀ + b_h, h = f(z_h), ŷ = h·W_hoᵀ + b_o; X (N, inputs) for all, or (…, N, inputs).

    >>> forward(Params([[1, 2]], [3], [[2]], [1]), [[10, 20]], "relu").y_hat
    array([[107.]])
    """
    return propagate(*checked("forward", params, X, activation=activation)[:2], activation)


@np.errstate(all="ignore")
def propagate(params, X, activation):
    """`forward` on checked arguments."""
    f, _, _ = ACTIVATIONS[activation]
    z_h = (
        X @ params.W_ih.mT + params.b_h[..., None, :]
    )  # (…, N, in) @ (…, in, hidden) -> (…, N, hidden)
    h = f(z_h)
    y_hat = (
        h @ params.W_ho.mT + params.b_o[..., None, :]
    )  # (…, N, hidden) @ (…, hidden, out) -> (…, N, out)
    return Forward(z_h, h, y_hat)


def loss(y_hat, y):
    """J = ½ Σ ‖y − ŷ‖², summed over examples and outputs (article §4.2); leading axes kept.

    >>> loss([[1.0], [4.0]], [[3.0], [3.0]])
    np.float64(2.5)
    """
    y_hat, y = arrays.together("loss", {"y_hat": y_hat, "y": y}, complex_=True)
    if y_hat.ndim < 2:
        arrays.refuse("loss", "y_hat", "of shape (…, N, outputs)", f"shape {y_hat.shape}")
    if y.shape not in (y_hat.shape, y_hat.shape[-2:]):
        arrays.refuse(
            "loss",
            "y",
            f"of shape {y_hat.shape[-2:]} or {y_hat.shape}, as y_hat",
            f"shape {y.shape}",
        )
    return half_square(y_hat, y)


@np.errstate(all="ignore")
def half_square(y_hat, y):
    """`loss` on checked arguments."""
    r = y_hat - y  # (…, N, out)
    return (r * r / 2).sum(axis=(-2, -1))  # (…)


def backward(params, X, y, activation="tanh"):
    """∂J/∂θ of J = ½ Σ ‖y − ŷ‖² by the chain rule, as Params; R of article §3.2.1.

    ∂J/∂ŷ = ŷ − y;  ∂J/∂z_h = (∂J/∂ŷ·W_ho) ∘ f'(z_h);  a weight's slope: what flows in times what
    flows back, summed.

    >>> backward(Params([[1, 2]], [3], [[2]], [1]), [[10, 20]], [[100]], "relu").flatten()
    array([140., 280.,  14., 371.,   7.])
    """
    return backpropagate(*checked("backward", params, X, y, activation), activation)


@np.errstate(all="ignore")
def backpropagate(params, X, y, activation):
    """`backward` on checked arguments."""
    _, slope, _ = ACTIVATIONS[activation]
    z_h, h, y_hat = propagate(params, X, activation)
    dy = y_hat - y  # (…, N, out)
    dz = (dy @ params.W_ho) * slope(z_h, h)  # (…, N, out) @ (…, out, hidden) -> (…, N, hidden)
    return Params(
        dz.mT @ X,
        dz.sum(axis=-2),  # (…, hidden, N) @ (…, N, in);  (…, hidden)
        dy.mT @ h,
        dy.sum(axis=-2),
    )  # (…, out, N) @ (…, N, hidden); (…, out)


def apply_mask(params, mask):
    """θ where the mask is True, exactly 0 elsewhere.

    >>> p = Params([[1.0, 2.0]], [3.0], [[4.0]], [5.0])
    >>> apply_mask(p, Params([[True, False]], [True], [[False]], [True])).flatten()
    array([1., 0., 3., 0., 5.])
    """
    params, _, _ = checked("apply_mask", params, activation="identity")
    mask = arrays.mask("apply_mask", params, mask)
    return Params(
        *(np.where(m, a, a.dtype.type(0)) for m, a in zip(mask.arrays(), params.arrays()))
    )
