"""The multilayer perceptron (10-5-1: 61 parameters): forward, loss and backward pass by hand.

    z_h = X·W_ihᵀ + b_h      h = f(z_h)      ŷ = h·W_hoᵀ + b_o      J = ½ Σ ‖y − ŷ‖²   (§4.2)

Every function takes one network or a stack of them: leading axes "…" of the parameters are kept.
Row i of X is one example; W_ih is (out, in), as the article prints it.
"""

from dataclasses import dataclass
from itertools import accumulate
from math import prod
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.arrays import Refused, describe
from refnn.validation import Numeric, generator, shape, takes

FIELDS = ("W_ih", "b_h", "W_ho", "b_o")  # of a Params

# f(z), f'(z) and f''(z), the derivatives with h = f(z) at hand; relu'(0) = 0. `z.real` lets a
# complex step pass.
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
    """The four arrays of a network, or anything of their shape: a gradient, a mask, scores, codes.

    The leading axes "…" are the same in all four. ValueError or TypeError names the field that does
    not fit.

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
            ("b_o", outputs or (0,)),
            ("W_ho", (*outputs, hidden)),
        ):
            if getattr(self, name).shape != (*batch, *own):
                beside = f"beside W_ih {self.W_ih.shape} and b_o {self.b_o.shape}"
                expected = f"of shape {(*batch, *own)} {beside}"
                raise Refused(name, expected, f"shape {getattr(self, name).shape}")

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

    def map(self, function, *others):
        """Apply a function array by array, with those of other Params beside them.

        >>> Params([[1]], [2], [[3]], [4]).map(np.negative).flatten()
        array([-1, -2, -3, -4])
        """
        return Params(*map(function, self.arrays(), *map(Params.arrays, others)))

    def flatten(self):
        """One vector a network, (…, 61): W_ih row by row, then b_h, W_ho, b_o."""
        axes = len(self.batch)
        flat = [a.reshape(*self.batch, prod(a.shape[axes:])) for a in self.arrays()]
        return np.concatenate(flat, axis=-1)

    @staticmethod
    @takes(sizes=shape(count=3))
    def unflatten(vector, sizes):
        """The inverse of flatten, for sizes = (inputs, hidden, outputs).

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
    """What a forward pass leaves."""

    z_h: np.ndarray  # (…, N, hidden)
    h: np.ndarray  # (…, N, hidden)
    y_hat: np.ndarray  # (…, N, outputs)


# --- what the functions take ----------------------------------------------------------------------


def fields(name, p, expected="numbers"):
    """The four arrays of p, a Params, by the names that a refusal uses: "params.W_ih", …

    >>> list(fields("R", Params([[1]], [2], [[3]], [4])))
    ['R.W_ih', 'R.b_h', 'R.W_ho', 'R.b_o']
    """
    if not isinstance(p, Params):
        raise Refused(name, f"a Params of {expected}", describe(p), TypeError)
    names = [f"{name}.W_ih", f"{name}.b_h", f"{name}.W_ho", f"{name}.b_o"]
    return dict(zip(names, (p.W_ih, p.b_h, p.W_ho, p.b_o)))


def _like(name, p, arguments):
    """Of the sizes and leading axes of params, if there are params, or of one network of them."""
    like = arguments.get("params", p)
    if p.W_ih.shape == like.W_ih.shape and p.b_o.shape == like.b_o.shape:
        return p
    if p.sizes != like.sizes or p.batch not in ((), like.batch):
        expected = f"of sizes {like.sizes} and leading axes () or {like.batch}"
        raise Refused(name, expected, f"sizes {p.sizes} and leading axes {p.batch}")
    return p


def _rows(name, a, arguments):
    """(N, columns) for all networks, or with their leading axes; X has inputs, y has outputs."""
    params, X = arguments["params"], arguments.get("X")
    columns = params.sizes[0 if name.startswith("X") else 2]
    rows = X.shape[-2] if name == "y" and X is not None else "N"
    fits = a.ndim >= 2 and a.shape[-1] == columns and a.shape[:-2] in ((), params.batch)
    if not fits or rows not in ("N", a.shape[-2]):
        stack = f" or {params.batch} + ({rows}, {columns})" if params.batch else ""
        raise Refused(name, f"of shape ({rows}, {columns}){stack}", f"shape {a.shape}")
    return a


def ACTIVATION(name, value, arguments):
    """Admit the name of an activation: on Fractions "relu" and "identity" alone."""
    arrays.choice(name, value, ACTIVATIONS)
    if arguments["params"].W_ih.dtype == arrays.EXACT and value not in ("relu", "identity"):
        raise Refused(name, "'relu' or 'identity' on Fractions", repr(value))
    return value


def MASK(name, keep, arguments):
    """Admit a Params of bool (True = keep) that fits params; 0 and 1 will do."""
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
    """Leading axes of a stack that fits into memory."""
    batch, (inputs, hidden, outputs) = arrays.axes(name, batch), arguments["sizes"]
    if prod(batch) * (inputs + 1 + outputs) * hidden > arrays.MAX_SIZE:
        at_most = f"of at most {arrays.MAX_SIZE:,} parameters in all"
        raise Refused("sizes", at_most, f"{arguments['sizes']}, batch {batch}")
    return batch


@takes(rng=generator, sizes=shape(low=1, count=3), batch=_stack)
def init(rng, sizes=(10, 5, 1), batch=()):
    """Draw a start: weights ~ N(0, 1/n_in), biases 0.

    LeCun et al., "Efficient BackProp" (1998). batch gives the leading axes of a stack.

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
    """z_h = X·W_ihᵀ + b_h, h = f(z_h), ŷ = h·W_hoᵀ + b_o; X (N, inputs) for all, or (…, N, inputs).

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
    """J = ½ Σ ‖y − ŷ‖², summed over examples and outputs (article §4.2); leading axes kept.

    >>> loss([[1.0], [4.0]], [[3.0], [3.0]])
    np.float64(2.5)
    """
    r = y_hat - y  # (…, N, out)
    return (r * r / 2).sum(axis=(-2, -1))  # (…)


@takes(params=NETWORK, X=ROWS, y=ROWS, activation=ACTIVATION, complex_=True)
def backward(params, X, y, activation="tanh"):
    """∂J/∂θ of J = ½ Σ ‖y − ŷ‖² by the chain rule, as Params; R of article §3.2.1.

    ∂J/∂ŷ = ŷ − y;  ∂J/∂z_h = (∂J/∂ŷ·W_ho) ∘ f'(z_h);  a weight's slope: what flows in times what
    flows back, summed.

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
    """θ where the mask is True, exactly 0 elsewhere.

    >>> p = Params([[1.0, 2.0]], [3.0], [[4.0]], [5.0])
    >>> apply_mask(p, Params([[True, False]], [True], [[False]], [True])).flatten()
    array([1., 0., 3., 0., 5.])
    """
    return params.map(lambda a, keep: np.where(keep, a, a.dtype.type(0)), mask)
