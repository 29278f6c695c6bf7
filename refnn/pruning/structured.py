"""Pruning whole pieces: hidden units, inputs, n of every m weights; and the really smaller network
that is left.

    unit j        row j of W_ih, b_h[j] and column j of W_ho: without all three it adds 0 to every output
    input k       column k of W_ih
    n of every m  N:M sparsity, 2:4 in hardware (A. Mishra et al., "Accelerating Sparse Deep Neural Networks", 2021)

Scores as in `masks`: Params, small = prune first, no abs is taken; masks: Params of bool, True =
keep. Of equal scores the earlier goes, as in masks.by_sparsity. A unit may be scored by what flows
in alone (H. Li et al., "Pruning Filters for Efficient ConvNets", 2017): here all that goes with it
counts, its bias and its outgoing weights too."""

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from refnn import arrays, network
from refnn.network import Params


class FewerInputs(NamedTuple):
    """params: the smaller network(s). kept (…, inputs left): which columns of X they take,
    ascending.

    >>> FewerInputs(None, np.array([0, 2])).kept
    array([0, 2])
    """

    params: Params
    kept: np.ndarray


class Cost(NamedTuple):
    """For one network and one example; multiply_adds and bytes are the same for every network of a
    stack.

    multiply_adds  of a dense kernel, hidden·(inputs + outputs): it multiplies by 0 like by any other number
    nonzero        weights that are not 0, (…): what would be left for a kernel that skips the others
    bytes          of all parameters in a row, ⌈bits·n/8⌉, n = hidden·(inputs + 1 + outputs) + outputs; zeros included

    >>> Cost(55, 30, 244)._fields
    ('multiply_adds', 'nonzero', 'bytes')
    """

    multiply_adds: int
    nonzero: np.ndarray
    bytes: int


def neurons(scores, count):
    """Remove the `count` hidden units with the lowest sums, of equals the earlier: row, bias and
    column; b_o stays.

        s_j = Σ_k W_ih[j, k] + b_h[j] + Σ_o W_ho[o, j]

    The sums are exact, so that their order is never that of rounding, and huge scores do not
    overflow. A stack gets one mask a network. ValueError or TypeError unless the scores are finite
    and count is whole, from 0 to hidden.

    >>> scores = Params([[1.0, 2.0], [-5.0, 1.0], [3.0, 0.0]], [0.0, 1.0, -2.0], [[1.0, 1.0, 1.0]], [-9.0])
    >>> mask = neurons(scores, 1)                                          # sums 4, −2, 2
    >>> mask.W_ih.tolist(), mask.b_h.tolist(), mask.W_ho.tolist(), mask.b_o.tolist()
    ([[True, True], [False, False], [True, True]], [True, False, True], [[True, False, True]], [True])
    """
    scores = _scores("neurons", scores)
    inputs, hidden, outputs = scores.sizes
    count = arrays.whole("neurons", "count", count, 0, hidden)
    W_ih, b_h, W_ho, _ = (_exact(a) for a in scores.arrays())
    keep = _keep(W_ih.sum(axis=-1) + b_h + W_ho.sum(axis=-2), count)  # (…, hidden)
    return Params(
        np.repeat(keep[..., None], inputs, axis=-1),
        keep,  # (…, hidden, inputs), (…, hidden)
        np.repeat(keep[..., None, :], outputs, axis=-2),
        np.ones(scores.b_o.shape, bool),
    )


def inputs(scores, count):
    """Remove the `count` inputs with the lowest sums Σ_j W_ih[j, k], of equals the earlier; only
    W_ih is pruned.

    Sums, stacks and refusals as in `neurons`; count from 0 to the number of inputs.

    >>> inputs(Params([[1.0, 3.0], [1.0, -2.0]], [0.0, 0.0], [[0.0, 0.0]], [0.0]), 1).W_ih
    array([[ True, False],
           [ True, False]])
    """
    scores = _scores("inputs", scores)
    count = arrays.whole("inputs", "count", count, 0, scores.sizes[0])
    keep = _keep(_exact(scores.W_ih).sum(axis=-2), count)  # (…, inputs)
    return Params(
        np.repeat(keep[..., None, :], scores.sizes[1], axis=-2),  # (…, hidden, inputs)
        *(np.ones(a.shape, bool) for a in scores.arrays()[1:]),
    )


def n_of_m(scores, n, m):
    """Keep the n highest of every m weights in a row of W_ih and of W_ho, of equals the later;
    biases stay.

    Groups begin at column 0 of each row, along which the products of one sum stand; a shorter last
    group of r keeps min(n, r). A stack gets one mask a network. ValueError or TypeError unless the
    scores are finite, m is whole and at least 1, and n is whole, from 0 to m.

    >>> size = Params([[.25, 1.33, .43, .11], [.47, .92, .13, 2.23]], [0.0, 0.0], [[1.0, 2.0]], [0.0])
    >>> n_of_m(size, 2, 4).W_ih.astype(int)                                # TensorFlow Model Optimization's 2:4
    array([[0, 1, 1, 0],
           [0, 1, 0, 1]])
    >>> n_of_m(size, 1, 4).W_ho
    array([[False,  True]])
    """
    scores = _scores("n_of_m", scores)
    m = arrays.whole("n_of_m", "m", m, 1, arrays.MAX_SIZE)
    n = arrays.whole("n_of_m", "n", n, 0, m)
    W_ih, W_ho = (_groups(a, n, m) for a in (scores.W_ih, scores.W_ho))
    return Params(W_ih, np.ones(scores.b_h.shape, bool), W_ho, np.ones(scores.b_o.shape, bool))


def compact(params, mask):
    """The masked network without the hidden units whose row, bias and column are all pruned; the
    outputs are the same.

    Such a unit adds f(0)·0 = 0 to ŷ. One with any of the three kept stays: without row and bias it
    still adds f(0)·W_ho (sigmoid: ½·W_ho). It is the mask that decides, not a 0 among the
    parameters. Inputs stay: see compact_inputs. The outputs are equal exactly; in floats, but for
    the order in which h·W_hoᵀ is added up. What is left of the mask is compact(the mask as 1.0 and
    0.0, mask). ValueError if the networks of a stack would get different sizes.

    >>> small = compact(Params([[1.0], [2.0], [3.0]], [4.0, 5.0, 6.0], [[7.0, 8.0, 9.0]], [10.0]),
    ...                 Params([[False], [False], [True]], [False, False, False], [[False, True, False]], [True]))
    >>> small.W_ih.tolist(), small.b_h.tolist(), small.W_ho.tolist(), small.b_o.tolist()
    ([[0.0], [3.0]], [0.0, 0.0], [[8.0, 0.0]], [10.0])
    """
    params, mask = _masked("compact", params, mask)
    used = mask.W_ih.any(axis=-1) | mask.b_h | mask.W_ho.any(axis=-2)  # (…, hidden)
    at = _positions("compact", "hidden units", used, params.batch)  # (…, left)
    return Params(
        np.take_along_axis(params.W_ih, at[..., None], -2),
        np.take_along_axis(params.b_h, at, -1),
        np.take_along_axis(params.W_ho, at[..., None, :], -1),
        params.b_o,
    )


def compact_inputs(params, mask):
    """The masked network without the inputs whose column of W_ih is all pruned, and which inputs
    are left.

    For np.moveaxis(X[:, kept], 0, −2), which for one network is X[:, kept], it gives the outputs of
    the masked network for X: exactly; in floats, but for the order in which X·W_ihᵀ is added up.
    ValueError if the networks of a stack would get different sizes.

    >>> small, kept = compact_inputs(Params([[1.0, 2.0, 3.0]], [4.0], [[5.0]], [6.0]),
    ...                              Params([[False, True, True]], [True], [[True]], [True]))
    >>> small.W_ih, kept
    (array([[2., 3.]]), array([1, 2]))
    """
    params, mask = _masked("compact_inputs", params, mask)
    kept = _positions("compact_inputs", "inputs", mask.W_ih.any(axis=-2), params.batch)  # (…, left)
    W_ih = np.take_along_axis(params.W_ih, kept[..., None, :], -1)  # (…, hidden, left)
    return FewerInputs(Params(W_ih, *params.arrays()[1:]), kept)


def cost(params, mask=None, bits=32):
    """What a network costs, `bits` a parameter: see Cost. A mask alone lowers only `nonzero`;
    `compact` lowers all.

    Scales and zero points are not counted, nor where the weights that are not 0 stand. bits whole,
    from 1 to 64.

    >>> params = network.init(np.random.default_rng(0))
    >>> mask = neurons(params, 2)
    >>> cost(params, mask), cost(compact(params, mask), bits=8)
    (Cost(multiply_adds=55, nonzero=np.int64(33), bytes=244), Cost(multiply_adds=33, nonzero=np.int64(33), bytes=37))
    """
    bits = arrays.whole("cost", "bits", bits, 1, 64)
    params = network.checked("cost", params, activation="identity", complex_=False)[0]
    params = params if mask is None else _masked("cost", params, mask)[0]
    inputs, hidden, outputs = params.sizes
    nonzero = sum((W != 0).sum(axis=(-2, -1)) for W in (params.W_ih, params.W_ho))  # (…)
    n = hidden * (inputs + 1 + outputs) + outputs
    return Cost(hidden * (inputs + outputs), nonzero, -(-bits * n // 8))


def _scores(function, scores):
    return Params(*arrays.together(function, arrays.fields(function, "scores", scores)))


def _masked(function, params, mask):
    """Both checked, the mask applied."""
    params, _, _ = network.checked(function, params, activation="identity", complex_=False)
    mask = arrays.mask(function, params, mask)
    return network.apply_mask(params, mask), mask


def _exact(a):
    return arrays.objects([Fraction(v) for v in a.ravel().tolist()], a.shape)


def _keep(scores, count):
    """False at the `count` lowest along the last axis."""
    order = np.argsort(scores, axis=-1, kind="stable")  # the earlier of equals first
    keep = np.ones(scores.shape, bool)
    np.put_along_axis(keep, order[..., :count], False, axis=-1)
    return keep


def _groups(scores, n, m):
    keep = np.empty(scores.shape, bool)
    for start in range(0, scores.shape[-1], m):
        group = scores[..., start : start + m]  # (…, rows, r), r ≤ m
        keep[..., start : start + m] = _keep(group, max(group.shape[-1] - n, 0))
    return keep


def _positions(function, pieces, used, batch):
    """Where `used` is True, ascending: (…, left)."""
    left = np.unique(used.sum(axis=-1))
    if len(left) > 1:
        arrays.refuse(
            function,
            "mask",
            f"one that leaves every network of a stack equally many {pieces}",
            f"from {left[0]} to {left[-1]}; take them one by one",
        )
    count = left[0] if len(left) else used.shape[-1]  # of no networks: all
    at = np.argsort(~used, axis=-1, kind="stable")[..., :count]  # (…, left): the used ones first
    return np.broadcast_to(at, (*batch, count)).copy()
