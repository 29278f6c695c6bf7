"""Compute J of all masks, all sets of hidden units or all sets of inputs, if there are few.

The results are stored in a table. Each bit of its index stands for a thing that may be removed,
such as a hidden unit. The bit is 1 where that thing is kept, so the last entry belongs to the whole
network. "Best" means best of all sets.
"""

from collections.abc import Callable
from math import prod
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.arrays import Refused, describe
from refnn.network import ACTIVATION, NETWORK, ROWS, Params
from refnn.pruning import flips
from refnn.training import TRAINING, fit
from refnn.validation import takes

MAX_BITS = 16  # the most bits that the index of a table may have
NETWORKS = 512  # the most networks that are retrained at the same time


class Best(NamedTuple):
    """The best set of parameters, hidden units or inputs to remove."""

    removed: np.ndarray  # (…, count): what is removed, ascending
    J: np.ndarray  # (…): the loss without it


class Things(NamedTuple):
    """The things that a table keeps or removes as a whole, such as hidden units."""

    name: str
    groups: Callable  # a Params of positions in flatten -> those of each thing, (things, entries)


PARAMETERS = Things("parameters", lambda at: at.flatten()[:, None])
NEURONS = Things("hidden units", flips.units_of)
INPUTS = Things("inputs", lambda at: at.W_ih.T)


# --- what the functions take ----------------------------------------------------------------------


def _few(things):
    """Return the kind (the check of an argument) of networks with at most 16 of these things."""

    def few(name, params, arguments):
        if len(things.groups(flips.positions(params.sizes))) > MAX_BITS:
            raise Refused(name, f"of at most {MAX_BITS} {things.name}", f"sizes {params.sizes}")
        return params

    return NETWORK._replace(check=few)


def _up_to(things):
    """Return the check of an argument that is a count, from 0 to the number of these things."""

    def count(name, value, arguments):
        there = len(things.groups(flips.positions(arguments["params"].sizes)))
        return arrays.whole(name, value, 0, there)

    return count


def _of(things, **more):
    """Return the decorator for functions that take a network with at most 16 of these things."""
    return takes(params=_few(things), X=ROWS, y=ROWS, activation=ACTIVATION, **more)


def _one_rate(name, lr, arguments):
    return TRAINING["lr"](name, arrays.number(name, lr, 0), arguments)


def _progress(name, progress, arguments):
    if not callable(progress):
        expected = "a function of (done, all), or None"
        raise Refused(name, expected, describe(progress), TypeError)
    return progress


def _table(name, table, arguments):
    """Accept numbers (…, 2ⁿ), and also infinities and NaN.

    These two stand for a J above the largest float.
    """
    table = arrays.raw(name, table)
    if table.dtype.kind == "f":
        arrays.numbers(name, table[np.isfinite(table)])
    else:
        table = arrays.numbers(name, table)
    if table.ndim == 0 or table.shape[-1] not in [2**n for n in range(MAX_BITS + 1)]:
        raise Refused(name, f"of shape (…, 2ⁿ), n at most {MAX_BITS}", f"shape {table.shape}")
    return table


def _of_bits(name, count, arguments):
    return arrays.whole(name, count, 0, arguments["table"].shape[-1].bit_length() - 1)


# --- the tables -----------------------------------------------------------------------------------


@_of(PARAMETERS)
def every_mask(params, X, y, activation="tanh"):
    """Return J of all 2ⁿ masks of a network of n ≤ 16 parameters, (…, 2ⁿ).

    Bit i of the index is 1 where θᵢ is kept.

    >>> every_mask(Params([[2]], [1], [[3]], [4]), [[1]], [[10]], "identity")[[0, 4, 7, 15]]
    array([50. , 50. ,  0.5,  4.5])
    """
    return _losses(PARAMETERS, params, X, y, activation)


@_of(NEURONS)
def every_neurons(params, X, y, activation="tanh"):
    """Return J of all sets of hidden units, (…, 2^hidden). A network may have at most 16 units.

    Bit j of the index is 1 where unit j is kept. Where it is 0, the unit's row of W_ih, its bias
    and its column of W_ho are set to 0.

    >>> every_neurons(Params([[1], [2]], [0, 1], [[3, 2]], [4]), [[1]], [[12]], "identity")
    array([32. , 12.5,  2. ,  0.5])
    """
    return _losses(NEURONS, params, X, y, activation)


@_of(INPUTS)
def every_inputs(params, X, y, activation="tanh"):
    """Return J of all sets of inputs, (…, 2^inputs). A network may have at most 16 inputs.

    Bit k of the index is 1 where input k is kept. Where it is 0, the input's column of W_ih is set
    to 0. 10 inputs have 1 024 sets.

    >>> every_inputs(Params([[1, 2]], [3], [[2]], [1]), [[1, 1]], [[12]], "identity")
    array([12.5,  4.5,  0.5,  0.5])
    """
    return _losses(INPUTS, params, X, y, activation)


@_of(NEURONS, count=_up_to(NEURONS))
def best_neurons(params, X, y, count, activation="tanh"):
    """Find the `count` hidden units without which J is least. There may be at most 16 units.

    All sets of `count` hidden units are tried.

    >>> best_neurons(Params([[1], [2]], [0, 1], [[3, 2]], [4]), [[1]], [[12]], 1, "identity")
    Best(removed=array([0]), J=np.float64(2.0))
    """
    return best_of.formula(every_neurons.formula(params, X, y, activation), count)


@_of(INPUTS, count=_up_to(INPUTS))
def best_inputs(params, X, y, count, activation="tanh"):
    """Find the `count` inputs without which J is least. There may be at most 16 inputs.

    All sets of `count` inputs are tried.

    >>> best_inputs(Params([[1, 2]], [3], [[2]], [1]), [[1, 1]], [[12]], 1, "identity")
    Best(removed=array([0]), J=np.float64(0.5))
    """
    return best_of.formula(every_inputs.formula(params, X, y, activation), count)


@takes(
    params=_few(PARAMETERS),
    **{name: TRAINING[name] for name in ("X", "y", "activation", "steps")},
    lr=_one_rate,
    progress=_progress,
    exact=False,
)
def every_mask_retrained(params, X, y, *, steps=200, lr=0.01, activation="tanh", progress=None):
    """Return J of all 2ⁿ masks of n ≤ 16 parameters after retraining, (…, 2ⁿ).

    The order is that of `every_mask`. Each masked network starts from params and takes `steps`
    steps of Adam on all examples, without weight decay. `training.fit` holds the pruned parameters
    at 0. J is the loss after the last step. progress(done, all), if given, is called from time to
    time.

    >>> p = Params([[2]], [1], [[3]], [4])
    >>> every_mask_retrained(p, [[1]], [[10]], activation="identity").round(2)[3:8]
    array([5.e+01, 5.e+01, 0.e+00, 1.e-02, 0.e+00])
    """
    masks, done = _masks(PARAMETERS, params.sizes), 0

    def retrained(p, X, y):
        nonlocal done
        J = []
        for block in np.array_split(masks, -(-len(masks) // NETWORKS)):
            start = Params.unflatten(np.broadcast_to(p.flatten(), block.shape), p.sizes)
            how = {"steps": steps, "lr": lr, "mask": Params.unflatten(block, p.sizes)}
            J.append(fit.formula(start, X, y, **how, activation=activation).history[:, -1])
            done += len(block)
            if progress:
                progress(done, len(masks) * prod(params.batch))
        return np.concatenate(J)

    return flips.each(retrained, (len(masks),), params, X, y)


@takes(table=_table, count=_of_bits)
def best_of(table, count):
    """Return the best set with `count` things removed, as Best, from a table (…, 2ⁿ) of J.

    Each bit of the table's index is 1 where a thing is kept, as in the tables of every_mask,
    every_mask_retrained, every_neurons and every_inputs. Ties go to the lowest index. NaN stands
    for a J above the largest float, so it counts as the largest value.

    >>> best_of([50.0, 4.5, 18.0, 0.5], 1)
    Best(removed=array([1]), J=np.float64(4.5))
    """
    index, bits = np.arange(table.shape[-1]), table.shape[-1].bit_length() - 1
    index = index[np.bitwise_count(index) == bits - count]  # those in which `count` bits are 0
    best = index[flips.cheapest(table[..., index])]  # (…)
    removed = np.nonzero(~_bits(best, bits))[-1].reshape(*best.shape, count)
    return Best(removed, np.take_along_axis(table, best[..., None], -1)[..., 0])


def _losses(things, params, X, y, activation):
    masks = _masks(things, params.sizes)

    def losses(p, X, y):
        return flips.losses(p, X, y, masks, activation)

    return flips.each(losses, masks.shape[:1], params, X, y)


def _masks(things, sizes):
    """Return the mask of each index, (2ⁿ, 61), which keeps thing i where bit i is 1."""
    at = flips.positions(sizes)
    groups = things.groups(at)
    member = np.zeros((len(groups), at.flatten().size), bool)
    np.put_along_axis(member, groups, True, axis=1)
    return ~(~_bits(np.arange(2 ** len(groups)), len(groups)) @ member)


def _bits(index, n):
    """Return bit i of each index, (…, n)."""
    return (index[..., None] >> np.arange(n) & 1).astype(bool)
