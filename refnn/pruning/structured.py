"""Prune whole hidden units, whole inputs or n of every m weights, and build the smaller network.

    unit j        row j of W_ih, b_h[j] and column j of W_ho; without all three it adds 0 to ŷ
    input k       column k of W_ih
    n of every m  n of every m weights in a row are kept; hardware supports 2:4 (A. Mishra et al.,
                  "Accelerating Sparse Deep Neural Networks", 2021)

Scores are a Params, as in `masks`. The lowest are pruned first, and their signs count. If scores
are equal, the earlier one is pruned first. Masks are Params of bool, True = keep.

H. Li et al., "Pruning Filters for Efficient ConvNets", 2017, score a unit by its incoming weights
alone. Here the score of a unit also counts its bias and its outgoing weights, because they are
removed with it.
"""

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.arrays import MAX_SIZE, Refused
from refnn.network import MASK, NETWORK, SCORES, Params, apply_mask
from refnn.pruning.masks import everything, without_lowest
from refnn.validation import takes, whole


class FewerInputs(NamedTuple):
    """A network that takes only some of the columns of X."""

    params: Params  # the smaller network or networks
    kept: np.ndarray  # (…, inputs left): which columns of X they take, ascending


class Cost(NamedTuple):
    """What one network costs on one example.

    A dense kernel multiplies by all weights, also by those that are 0. A sparse kernel skips the
    zeros.
    """

    multiply_adds: int  # of a dense kernel, for one network: hidden·(inputs + outputs)
    nonzero: np.ndarray  # (…): weights that are not 0, the multiply-adds of a sparse kernel
    bytes: int  # ⌈bits·n/8⌉ of all n = hidden·(inputs + 1 + outputs) + outputs, zeros included


# --- what the functions take ----------------------------------------------------------------------


def _up_to(which):
    """Return the kind (the check of an argument) of a count from 0 to scores.sizes[which].

    sizes is (inputs, hidden, outputs).
    """

    def count(name, value, arguments):
        return arrays.whole(name, value, 0, arguments["scores"].sizes[which])

    return count


def _of_m(name, n, arguments):
    return arrays.whole(name, n, 0, arguments["m"])


of_masked = takes(params=NETWORK, mask=MASK)


# --- masks ----------------------------------------------------------------------------------------


@takes(scores=SCORES, count=_up_to(1))
def neurons(scores, count):
    """Remove the `count` hidden units with the lowest sums of scores.

        s_j = Σ_k W_ih[j, k] + b_h[j] + Σ_o W_ho[o, j]

    A unit is removed with its row of W_ih, its bias and its column of W_ho; b_o stays. If sums are
    equal, the earlier unit is removed. The sums are exact, so rounding never decides the order, and
    huge scores do not overflow. In a stack each network gets its own mask. A ValueError or
    TypeError is raised unless the scores are finite and count is whole, from 0 to hidden.

    >>> W_ih, W_ho = [[1.0, 2.0], [-5.0, 1.0], [3.0, 0.0]], [[1.0, 1.0, 1.0]]
    >>> mask = neurons(Params(W_ih, [0.0, 1.0, -2.0], W_ho, [-9.0]), 1)  # sums 4, −2, 2
    >>> mask.flatten().astype(int)
    array([1, 1, 0, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1])
    """
    inputs, _, outputs = scores.sizes
    W_ih, b_h, W_ho, _ = scores.map(_exact).arrays()
    keep = without_lowest(W_ih.sum(axis=-1) + b_h + W_ho.sum(axis=-2), count)  # (…, hidden)
    rows = np.repeat(keep[..., None], inputs, axis=-1)  # (…, hidden, inputs)
    columns = np.repeat(keep[..., None, :], outputs, axis=-2)  # (…, outputs, hidden)
    return Params(rows, keep, columns, everything(scores.b_o))


@takes(scores=SCORES, count=_up_to(0))
def inputs(scores, count):
    """Remove the `count` inputs with the lowest sums Σ_j W_ih[j, k] of scores.

    Only W_ih is pruned. If sums are equal, the earlier input is removed. count is from 0 to the
    number of inputs. The sums are exact, and stacks and errors are as in `neurons`.

    >>> inputs(Params([[1.0, 3.0], [1.0, -2.0]], [0.0, 0.0], [[0.0, 0.0]], [0.0]), 1).W_ih
    array([[ True, False],
           [ True, False]])
    """
    keep = without_lowest(_exact(scores.W_ih).sum(axis=-2), count)  # (…, inputs)
    columns = np.repeat(keep[..., None, :], scores.sizes[1], axis=-2)  # (…, hidden, inputs)
    return Params(columns, everything(scores.b_h), everything(scores.W_ho), everything(scores.b_o))


@takes(scores=SCORES, m=whole(1, MAX_SIZE), n=_of_m)
def n_of_m(scores, n, m):
    """Keep the n highest of every m weights in a row of W_ih and of W_ho.

    Biases stay. If scores are equal, the later weight is kept. Groups begin at column 0 of each row
    and lie along the row, because the products of a row are added to one sum. A shorter last group
    of r weights keeps min(n, r). In a stack each network gets its own mask. A ValueError or
    TypeError is raised unless the scores are finite, m is whole and at least 1, and n is whole,
    from 0 to m.

    The 2:4 example is from TensorFlow Model Optimization.

    >>> W_ih = [[0.25, 1.33, 0.43, 0.11], [0.47, 0.92, 0.13, 2.23]]
    >>> size = Params(W_ih, [0.0, 0.0], [[1.0, 2.0]], [0.0])
    >>> n_of_m(size, 2, 4).W_ih.astype(int)
    array([[0, 1, 1, 0],
           [0, 1, 0, 1]])
    >>> n_of_m(size, 1, 4).W_ho
    array([[False,  True]])
    """
    W_ih, W_ho = _groups(scores.W_ih, n, m), _groups(scores.W_ho, n, m)
    return Params(W_ih, everything(scores.b_h), W_ho, everything(scores.b_o))


# --- the smaller network --------------------------------------------------------------------------


@of_masked
def compact(params, mask):
    """Remove the hidden units that the mask prunes altogether, and return the smaller network.

    The mask is applied first. A unit is removed if its row, bias and column are all pruned, because
    it then adds f(0)·0 = 0 to ŷ. If one entry of the three is kept, the unit stays: without row and
    bias it still adds f(0)·W_ho, which is ½·W_ho with sigmoid. Only the mask decides: a parameter
    that is 0 but kept counts as kept. Inputs stay; `compact_inputs` removes them.

    The outputs are those of the masked network. In floats they may differ by rounding, because
    h·W_hoᵀ is added in another order. To compact the mask itself, pass it as 1.0 and 0.0 in place
    of params. A ValueError is raised if the networks of a stack would get different sizes.

    >>> params = Params([[1.0], [2.0], [3.0]], [4.0, 5.0, 6.0], [[7.0, 8.0, 9.0]], [10.0])
    >>> small = compact(params, Params([[0], [0], [1]], [0, 0, 0], [[0, 1, 0]], [1]))
    >>> small.sizes, small.flatten()
    ((1, 2, 1), array([ 0.,  3.,  0.,  0.,  8.,  0., 10.]))
    """
    params = apply_mask.formula(params, mask)
    used = mask.W_ih.any(axis=-1) | mask.b_h | mask.W_ho.any(axis=-2)  # (…, hidden)
    at = _positions("hidden units", used, params.batch)  # (…, left)
    W_ih = np.take_along_axis(params.W_ih, at[..., None], -2)  # (…, left, inputs)
    b_h = np.take_along_axis(params.b_h, at, -1)  # (…, left)
    W_ho = np.take_along_axis(params.W_ho, at[..., None, :], -1)  # (…, outputs, left)
    return Params(W_ih, b_h, W_ho, params.b_o)


@of_masked
def compact_inputs(params, mask):
    """Remove the inputs that the mask prunes altogether, and return the smaller network.

    The result also says which inputs are kept. The mask is applied first. An input is removed if
    its whole column of W_ih is pruned. The smaller network takes X[:, kept] and gives the outputs
    that the masked network gives for X. For a stack, pass `np.moveaxis(X[:, kept], 0, -2)` instead.
    In floats the outputs may differ by rounding, because X·W_ihᵀ is added in another order. A
    ValueError is raised if the networks of a stack would get different sizes.

    >>> params = Params([[1.0, 2.0, 3.0]], [4.0], [[5.0]], [6.0])
    >>> small, kept = compact_inputs(params, Params([[0, 1, 1]], [1], [[1]], [1]))
    >>> small.W_ih, kept
    (array([[2., 3.]]), array([1, 2]))
    """
    params = apply_mask.formula(params, mask)
    kept = _positions("inputs", mask.W_ih.any(axis=-2), params.batch)  # (…, left)
    W_ih = np.take_along_axis(params.W_ih, kept[..., None, :], -1)  # (…, hidden, left)
    return FewerInputs(Params(W_ih, *params.arrays()[1:]), kept)


@takes(bits=whole(1, 64), params=NETWORK, mask=MASK)
def cost(params, mask=None, bits=32):
    """Return what a network costs when a parameter takes `bits` bits, as Cost.

    bits is whole, from 1 to 64. A mask alone lowers only `nonzero`, but `compact` lowers all three
    numbers. The bytes do not include scales and zero points, or the positions of the weights that
    are not 0.

    >>> params = Params(np.ones((5, 10)), np.ones(5), np.ones((1, 5)), np.ones(1))
    >>> mask = neurons(params, 2)
    >>> cost(params, mask)
    Cost(multiply_adds=55, nonzero=np.int64(33), bytes=244)
    >>> cost(compact(params, mask), bits=8)
    Cost(multiply_adds=33, nonzero=np.int64(33), bytes=37)
    """
    inputs, hidden, outputs = params.sizes
    n = hidden * (inputs + 1 + outputs) + outputs
    left = params if mask is None else apply_mask.formula(params, mask)
    nonzero = sum((W != 0).sum(axis=(-2, -1)) for W in (left.W_ih, left.W_ho))  # (…)
    return Cost(hidden * (inputs + outputs), nonzero, -(-bits * n // 8))


def _exact(a):
    return arrays.objects([Fraction(v) for v in a.ravel().tolist()], a.shape)


def _groups(scores, n, m):
    """Return True at the n highest of every m along the last axis and False elsewhere."""
    keep = np.empty(scores.shape, bool)
    for start in range(0, scores.shape[-1], m):
        group = scores[..., start : start + m]  # (…, rows, r), r ≤ m
        keep[..., start : start + m] = without_lowest(group, max(group.shape[-1] - n, 0))
    return keep


def _positions(pieces, used, batch):
    """Return the positions where `used` is True, in ascending order, (…, left)."""
    left = np.unique(used.sum(axis=-1))
    if len(left) > 1:
        equally = f"one that leaves every network of a stack the same number of {pieces}"
        raise Refused("mask", equally, f"from {left[0]} to {left[-1]}; take them one by one")
    count = left[0] if len(left) else used.shape[-1]  # an empty stack keeps all
    at = np.argsort(~used, axis=-1, kind="stable")[..., :count]  # (…, left): used ones first
    return np.broadcast_to(at, (*batch, count)).copy()
