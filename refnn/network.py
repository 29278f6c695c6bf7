"""This module computes the forward pass, the loss and the backward pass of a small network.

    z_h = X·W_ihᵀ + b_h      h = f(z_h)      ŷ = h·W_hoᵀ + b_o      J = ½ Σ ‖y − ŷ‖²   (§4.2)

The network is a multilayer perceptron with one hidden layer and the activation function f. With 10
inputs, 5 hidden units and 1 output it has 61 parameters. Each row of X is one example. W_ih has the
shape (hidden, inputs), as the article prints it.

Every function takes one network or a stack of networks. In a stack, the parameters have more axes
in front, written "…" in the shapes below, and the results keep them.
"""

from dataclasses import dataclass
from itertools import accumulate
from math import prod
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.arrays import Refused, describe
from refnn.validation import Numeric, generator, shape, takes

FIELDS = ("W_ih", "b_h", "W_ho", "b_o")  # of Params

# Each activation has f(z), f'(z) and f''(z). Both derivatives also get h = f(z). relu'(0) is 0.
# `z.real` is there because relu must also work on complex z, for derivatives by a complex step.
# fmt: off
ACTIVATIONS = {
    "tanh": (np.tanh, lambda z, h: 1 - h * h, lambda z, h: -2 * h * (1 - h * h)),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z, h: h * (1 - h),
                lambda z, h: h * (1 - h) * (1 - 2 * h)),
    "relu": (lambda z: np.where(z.real > 0, z, 0), lambda z, h: (z.real > 0).astype(z.dtype),
             lambda z, h: np.zeros_like(z)),
    "identity": (lambda z: z, lambda z, h: np.ones_like(z), lambda z, h: np.zeros_like(z)),
}
# fmt: on


@dataclass(frozen=True, eq=False)
class Params:
    """The four arrays of a network, or a gradient, a mask, scores or codes of the same shapes.

    The leading axes "…" are the same in all four arrays. If a field does not fit, a ValueError or
    TypeError names it.

    >>> p = Params([[1, 2], [3, 4]], [5, 6], [[7, 8]], [9])
    >>> p.sizes, p.flatten()
    ((2, 2, 1), array([1, 2, 3, 4, 5, 6, 7, 8, 9]))
    """

    W_ih: np.ndarray  # (…, hidden, inputs)
    b_h: np.ndarray  # (…, hidden)
    W_ho: np.ndarray  # (…, outputs, hidden)
    b_o: np.ndarray  # (…, outputs)

    @takes()
    def __post_init__(self):
        for name in FIELDS:
            a = getattr(self, name)
            if type(a) is not np.ndarray or a.dtype.kind not in "biufcO":
                object.__setattr__(self, name, arrays.raw(name, a, "an array of numbers"))
        if self.W_ih.ndim < 2:
            raise Refused("W_ih", "of shape (…, hidden, inputs)", f"shape {self.W_ih.shape}")
        *batch, hidden, _ = self.W_ih.shape
        outputs = self.b_o.shape[-1:]
        for name, own in (
            ("b_h", (hidden,)),
            ("b_o", outputs or (1,)),
            ("W_ho", (*outputs, hidden)),
        ):
            if getattr(self, name).shape != (*batch, *own):
                beside = f"beside W_ih {self.W_ih.shape} and b_o {self.b_o.shape}"
                expected = f"of shape {(*batch, *own)} {beside}"
                raise Refused(name, expected, f"shape {getattr(self, name).shape}")

    @property
    def batch(self):
        """Return the leading axes, which are () for one network and (S,) for a stack of S."""
        return self.W_ih.shape[:-2]

    @property
    def sizes(self):
        """Return (inputs, hidden, outputs)."""
        return self.W_ih.shape[-1], self.W_ih.shape[-2], self.b_o.shape[-1]

    def arrays(self):
        """Return (W_ih, b_h, W_ho, b_o)."""
        return self.W_ih, self.b_h, self.W_ho, self.b_o

    def map(self, function, *others):
        """Apply a function to each of the four arrays and return the results as Params.

        If there are other Params, the function also gets the same array of each of them.

        >>> Params([[1]], [2], [[3]], [4]).map(np.negative).flatten()
        array([-1, -2, -3, -4])
        """
        return Params(*map(function, self.arrays(), *map(Params.arrays, others)))

    def flatten(self):
        """Return all parameters of a network in one vector, (…, 61).

        The order is W_ih row by row, then b_h, W_ho and b_o.
        """
        axes = len(self.batch)
        flat = [a.reshape(*self.batch, prod(a.shape[axes:])) for a in self.arrays()]
        return np.concatenate(flat, axis=-1)

    @staticmethod
    @takes(sizes=shape(count=3))
    def unflatten(vector, sizes):
        """Return the Params that flatten to this vector, for sizes = (inputs, hidden, outputs).

        >>> Params.unflatten(np.arange(9), sizes=(2, 2, 1)).W_ho
        array([[6, 7]])
        """
        inputs, hidden, outputs = sizes
        v = arrays.raw("vector", vector, "an array of numbers")
        shapes = (hidden, inputs), (hidden,), (outputs, hidden), (outputs,)
        cuts = list(accumulate(map(prod, shapes)))
        if v.ndim == 0 or v.shape[-1] != cuts[-1]:
            raise Refused(
                "vector", f"of shape (…, {cuts[-1]}) for sizes {sizes}", f"shape {v.shape}"
            )
        parts = np.split(v, cuts[:3], axis=-1)
        return Params(*[part.reshape(v.shape[:-1] + s) for part, s in zip(parts, shapes)])


class Forward(NamedTuple):
    """The results of a forward pass."""

    z_h: np.ndarray  # (…, N, hidden)
    h: np.ndarray  # (…, N, hidden)
    y_hat: np.ndarray  # (…, N, outputs)


# --- what the functions take ----------------------------------------------------------------------


def fields(name, p, expected="numbers"):
    """Return the four arrays of the Params p, named for error messages ("params.W_ih", …).

    >>> list(fields("R", Params([[1]], [2], [[3]], [4])))
    ['R.W_ih', 'R.b_h', 'R.W_ho', 'R.b_o']
    """
    if not isinstance(p, Params):
        raise Refused(name, f"a Params of {expected}", describe(p), TypeError)
    names = [f"{name}.W_ih", f"{name}.b_h", f"{name}.W_ho", f"{name}.b_o"]
    return dict(zip(names, (p.W_ih, p.b_h, p.W_ho, p.b_o)))


def _like(name, p, arguments):
    """Check that p has the same sizes as params, and the same leading axes or none.

    If the function has no argument `params`, every p is accepted.
    """
    like = arguments.get("params", p)
    if p.W_ih.shape == like.W_ih.shape and p.b_o.shape == like.b_o.shape:
        return p
    if p.sizes != like.sizes or p.batch not in ((), like.batch):
        expected = f"of sizes {like.sizes} and leading axes () or {like.batch}"
        raise Refused(name, expected, f"sizes {p.sizes} and leading axes {p.batch}")
    return p


def _rows(name, a, arguments):
    """Check that `a` is (N, columns), or has the leading axes of params before these two.

    X has a column for each input, and y has one for each output. y has as many rows as X.
    """
    params, X = arguments["params"], arguments.get("X")
    columns = params.sizes[0 if name.startswith("X") else 2]
    rows = X.shape[-2] if name == "y" and X is not None else "N"
    fits = a.ndim >= 2 and a.shape[-1] == columns and a.shape[:-2] in ((), params.batch)
    if not fits or rows not in ("N", a.shape[-2]):
        stack = f" or {params.batch} + ({rows}, {columns})" if params.batch else ""
        raise Refused(name, f"of shape ({rows}, {columns}){stack}", f"shape {a.shape}")
    return a


def ACTIVATION(name, value, arguments):
    """Accept the name of an activation, which for Fractions must be "relu" or "identity"."""
    arrays.choice(name, value, ACTIVATIONS)
    if arguments["params"].W_ih.dtype == arrays.EXACT and value not in ("relu", "identity"):
        raise Refused(name, "'relu' or 'identity' on Fractions", repr(value))
    return value


def MASK(name, keep, arguments):
    """Accept a Params of bool (True = keep) that fits params.

    The numbers 0 and 1 are converted to bool.
    """
    parts = fields(name, keep, "bool (True = keep)")
    _like(name, keep, arguments)
    for part, a in parts.items():
        if a.dtype.kind not in "biufO" or not np.isin(a, (0, 1)).all():
            raise Refused(part, "True/False or 1/0", describe(a))
    return keep.map(lambda a: a.astype(bool))


NETWORK = Numeric("network", parts=fields)
ROWS = Numeric("network", _rows)
SCORES = Numeric("scores", _like, fields)


def _outputs(name, y_hat, arguments):
    if y_hat.ndim < 2:
        raise Refused(name, "of shape (…, N, outputs)", f"shape {y_hat.shape}")
    return y_hat


def _targets(name, y, arguments):
    shape = arguments["y_hat"].shape
    if y.shape not in (shape, shape[-2:]):
        raise Refused(name, f"of shape {shape[-2:]} or {shape}, as y_hat", f"shape {y.shape}")
    return y


# --- the formulas ---------------------------------------------------------------------------------


def _stack(name, batch, arguments):
    """Accept the leading axes of a stack, unless its parameters would not fit into memory."""
    batch, (inputs, hidden, outputs) = arrays.axes(name, batch), arguments["sizes"]
    if prod(batch) * ((inputs + 1 + outputs) * hidden + outputs) > arrays.MAX_SIZE:
        at_most = f"of at most {arrays.MAX_SIZE:,} parameters in total"
        raise Refused("sizes", at_most, f"{arguments['sizes']}, batch {batch}")
    return batch


@takes(rng=generator, sizes=shape(low=1, count=3), batch=_stack)
def init(rng, sizes=(10, 5, 1), batch=()):
    """Draw initial parameters, with weights ~ N(0, 1/n_in) and biases 0.

    n_in is the number of inputs of the weight's layer (LeCun et al., "Efficient BackProp", 1998).
    batch gives the leading axes of a stack.

    >>> one, seven = (init(np.random.default_rng(0), batch=batch) for batch in ((), (7,)))
    >>> one.flatten().shape, seven.b_h.shape
    ((61,), (7, 5))
    """
    inputs, hidden, outputs = sizes
    W_ih = rng.standard_normal((*batch, hidden, inputs)) / np.sqrt(inputs)
    W_ho = rng.standard_normal((*batch, outputs, hidden)) / np.sqrt(hidden)
    return Params(W_ih, np.zeros((*batch, hidden)), W_ho, np.zeros((*batch, outputs)))


@takes(params=NETWORK, X=ROWS, activation=ACTIVATION, complex_=True)
def forward(params, X, activation="tanh"):
    """z_h = X·W_ihᵀ + b_h, h = f(z_h), ŷ = h·W_hoᵀ + b_o.

    X is (N, inputs), the same for all networks of a stack, or (…, N, inputs).

    >>> forward(Params([[1, 2]], [3], [[2]], [1]), [[10, 20]], "relu").y_hat
    array([[107.]])
    """
    f, _, _ = ACTIVATIONS[activation]
    z_h = X @ params.W_ih.mT + params.b_h[..., None, :]  # (…, N, in) @ (…, in, hidden)
    h = f(z_h)  # (…, N, hidden)
    y_hat = h @ params.W_ho.mT + params.b_o[..., None, :]  # (…, N, hidden) @ (…, hidden, out)
    return Forward(z_h, h, y_hat)


@takes(y_hat=Numeric("y", _outputs), y=Numeric("y", _targets), complex_=True)
def loss(y_hat, y):
    """J = ½ Σ ‖y − ŷ‖², summed over examples and outputs (article §4.2).

    For a stack of networks, J has the leading axes of y_hat.

    >>> loss([[1.0], [4.0]], [[3.0], [3.0]])
    np.float64(2.5)
    """
    r = y_hat - y  # (…, N, out)
    return (r * r / 2).sum(axis=(-2, -1))  # (…)


@takes(params=NETWORK, X=ROWS, y=ROWS, activation=ACTIVATION, complex_=True)
def backward(params, X, y, activation="tanh"):
    """∂J/∂θ of J = ½ Σ ‖y − ŷ‖², by the chain rule, as Params.

        ∂J/∂ŷ = ŷ − y        ∂J/∂z_h = (∂J/∂ŷ·W_ho) ∘ f'(z_h)

    ∘ multiplies entry by entry. ∂J/∂ŷ is called the error at the output units, and ∂J/∂z_h the
    error at the hidden units. The gradient of a weight is its input times the error at its output,
    summed over the examples. The gradient of a bias is the error at its unit, summed over the
    examples. The article calls ∂J/∂θ "R" (§3.2.1).

    >>> backward(Params([[1, 2]], [3], [[2]], [1]), [[10, 20]], [[100]], "relu").flatten()
    array([140., 280.,  14., 371.,   7.])
    """
    _, slope, _ = ACTIVATIONS[activation]
    z_h, h, y_hat = forward.formula(params, X, activation)
    dy = y_hat - y  # (…, N, out)
    dz = (dy @ params.W_ho) * slope(z_h, h)  # (…, N, out) @ (…, out, hidden) -> (…, N, hidden)
    dW_ih = dz.mT @ X  # (…, hidden, N) @ (…, N, in)
    dW_ho = dy.mT @ h  # (…, out, N) @ (…, N, hidden)
    return Params(dW_ih, dz.sum(axis=-2), dW_ho, dy.sum(axis=-2))


@takes(params=NETWORK, mask=MASK, complex_=True)
def apply_mask(params, mask):
    """Return params with exactly 0 where the mask is False.

    >>> p = Params([[1.0, 2.0]], [3.0], [[4.0]], [5.0])
    >>> apply_mask(p, Params([[True, False]], [True], [[False]], [True])).flatten()
    array([1., 0., 3., 0., 5.])
    """
    return params.map(lambda a, keep: np.where(keep, a, a.dtype.type(0)), mask)
