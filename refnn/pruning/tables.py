"""J of all masks, of all sets of hidden units, of all sets of inputs: where they are few enough to
try each.

The index of a table has a bit for each thing, 1 where it is kept; so the last entry is the whole
network. "Best" means best of all.
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

MAX_BITS = 16  # of the index of a table
NETWORKS = 512  # that are retrained side by side


class Best(NamedTuple):
    """The best set of parameters, hidden units or inputs to remove."""

    removed: np.ndarray  # (…, count): what is gone, ascending
    J: np.ndarray  # (…): the loss without it


class Things(NamedTuple):
    """What a table keeps or removes as one."""

    name: str
    groups: Callable  # positions in flatten, as Params -> those of each thing, (things, entries)


PARAMETERS = Things("parameters", lambda at: at.flatten()[:, None])
NEURONS = Things("hidden units", flips.units_of)
INPUTS = Things("inputs", lambda at: at.W_ih.T)


# --- what the functions take ----------------------------------------------------------------------


def _few(things):
    """Return the kind of networks of at most 16 of them."""

    def few(name, params, arguments):
        if len(things.groups(flips.positions(params.sizes))) > MAX_BITS:
            raise Refused(name, f"of at most {MAX_BITS} {things.name}", f"sizes {params.sizes}")
        return params

    return NETWORK._replace(check=few)


def _up_to(things):
    """Return the kind of counts of them, at most as many as there are."""

    def count(name, value, arguments):
        there = len(things.groups(flips.positions(arguments["params"].sizes)))
        return arrays.whole(name, value, 0, there)

    return count


def _of(things, **more):
    """Return what a function of a network of at most 16 things takes."""
    return takes(params=_few(things), X=ROWS, y=ROWS, activation=ACTIVATION, **more)


def _one_rate(name, lr, arguments):
    return TRAINING["lr"](name, arrays.number(name, lr, 0), arguments)


def _progress(name, progress, arguments):
    if not callable(progress):
        expected = "a function of (done, all), or None"
        raise Refused(name, expected, describe(progress), TypeError)
    return progress


def _table(name, table, arguments):
    """Admit numbers (…, 2ⁿ); infinite and NaN are those of a J beyond the largest float."""
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
    """Return J of all sets of at most 16 hidden units, (…, 2^hidden).

    Bit j of the index is 1 where unit j is kept. A unit that is not: its row of W_ih, its bias and
    its column of W_ho are 0.

    >>> every_neurons(Params([[1], [2]], [0, 1], [[3, 2]], [4]), [[1]], [[12]], "identity")
    array([32. , 12.5,  2. ,  0.5])
    """
    return _losses(NEURONS, params, X, y, activation)


@_of(INPUTS)
def every_inputs(params, X, y, activation="tanh"):
    """Return J of all sets of at most 16 inputs, (…, 2^inputs).

    Bit k of the index is 1 where input k is kept. An input that is not: its column of W_ih is 0. Of
    10 inputs there are 1 024 sets.

    >>> every_inputs(Params([[1, 2]], [3], [[2]], [1]), [[1, 1]], [[12]], "identity")
    array([12.5,  4.5,  0.5,  0.5])
    """
    return _losses(INPUTS, params, X, y, activation)


@_of(NEURONS, count=_up_to(NEURONS))
def best_neurons(params, X, y, count, activation="tanh"):
    """Return the `count` of at most 16 hidden units without which J is least, as Best.

    All sets of them are tried.

    >>> best_neurons(Params([[1], [2]], [0, 1], [[3, 2]], [4]), [[1]], [[12]], 1, "identity")
    Best(removed=array([0]), J=np.float64(2.0))
    """
    return best_of.formula(every_neurons.formula(params, X, y, activation), count)


@_of(INPUTS, count=_up_to(INPUTS))
def best_inputs(params, X, y, count, activation="tanh"):
    """Return the `count` of at most 16 inputs without which J is least, as Best.

    All sets of them are tried.

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
    """Return J of all 2ⁿ masks after retraining, (…, 2ⁿ), in the order of `every_mask`; n ≤ 16.

    Each masked network starts from params and takes `steps` steps of Adam on all examples, without
    decay, what is pruned held at 0 (`training.fit`); J after the last. progress(done, all), if
    given, is called now and then.

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
    """Return the best set with `count` removed, as Best, by a table (…, 2ⁿ) of J.

    The index of the table has a bit for each that is kept. Such are those of every_mask,
    every_mask_retrained, every_neurons and every_inputs. Of equals the lowest index; NaN, of a J
    beyond the largest float, is the most.

    >>> best_of([50.0, 4.5, 18.0, 0.5], 1)
    Best(removed=array([1]), J=np.float64(4.5))
    """
    index, bits = np.arange(table.shape[-1]), table.shape[-1].bit_length() - 1
    index = index[np.bitwise_count(index) == bits - count]  # count of them are 0
    best = index[flips.cheapest(table[..., index])]  # (…)
    removed = np.nonzero(~_bits(best, bits))[-1].reshape(*best.shape, count)
    return Best(removed, np.take_along_axis(table, best[..., None], -1)[..., 0])


def _losses(things, params, X, y, activation):
    masks = _masks(things, params.sizes)

    def losses(p, X, y):
        return flips.losses(p, X, y, masks, activation)

    return flips.each(losses, masks.shape[:1], params, X, y)


def _masks(things, sizes):
    """Return the masks (2ⁿ, 61) of every index: where bit i is 0, thing i is not kept."""
    at = flips.positions(sizes)
    groups = things.groups(at)
    member = np.zeros((len(groups), at.flatten().size), bool)
    np.put_along_axis(member, groups, True, axis=1)
    return ~(~_bits(np.arange(2 ** len(groups)), len(groups)) @ member)


def _bits(index, n):
    """Return bit i of each index, (…, n)."""
    return (index[..., None] >> np.arange(n) & 1).astype(bool)
