"""J of all masks, of all sets of hidden units, of all sets of inputs: where they are few enough to
try each.

The index of a table has a bit for each thing, 1 where it is kept; so the last entry is the whole
network. "Best" means best of all."""

from typing import NamedTuple

import numpy as np

from refnn import arrays, network, training
from refnn.network import Params
from refnn.pruning import flips

MAX_BITS = 16  # of the index of a table
NETWORKS = 512  # that are retrained side by side


class Best(NamedTuple):
    """removed (…, count): what is gone, ascending; J (…): the loss without it.

    >>> Best(np.array([2, 5]), 0.5).removed.tolist()
    [2, 5]
    """

    removed: np.ndarray
    J: np.ndarray


def every_mask(params, X, y, activation="tanh"):
    """J of all 2ⁿ masks of a network of n ≤ 16 parameters, (…, 2ⁿ); bit i of the index is 1 where
    θᵢ is kept.

    >>> every_mask(Params([[2]], [1], [[3]], [4]), [[1]], [[10]], "identity")[[0, 4, 7, 15]]
    array([50. , 50. ,  0.5,  4.5])
    """
    return _table("every_mask", "parameters", params, X, y, activation)


def every_neurons(params, X, y, activation="tanh"):
    """J of all sets of at most 16 hidden units, (…, 2^hidden); bit j of the index is 1 where unit j
    is kept.

    A unit that is not: its row of W_ih, its bias and its column of W_ho are 0.

    >>> every_neurons(Params([[1], [2]], [0, 1], [[3, 2]], [4]), [[1]], [[12]], "identity")
    array([32. , 12.5,  2. ,  0.5])
    """
    return _table("every_neurons", "hidden units", params, X, y, activation)


def every_inputs(params, X, y, activation="tanh"):
    """J of all sets of at most 16 inputs, (…, 2^inputs); bit k of the index is 1 where input k is
    kept.

    An input that is not: its column of W_ih is 0. Of 10 inputs there are 1 024 sets.

    >>> every_inputs(Params([[1, 2]], [3], [[2]], [1]), [[1, 1]], [[12]], "identity")
    array([12.5,  4.5,  0.5,  0.5])
    """
    return _table("every_inputs", "inputs", params, X, y, activation)


def best_neurons(params, X, y, count, activation="tanh"):
    """The `count` hidden units without which J is least, of all sets of them, as Best; at most 16
    units.

    >>> best_neurons(Params([[1], [2]], [0, 1], [[3, 2]], [4]), [[1]], [[12]], 1, "identity")
    Best(removed=array([0]), J=np.float64(2.0))
    """
    return _least(_table("best_neurons", "hidden units", params, X, y, activation, count), count)


def best_inputs(params, X, y, count, activation="tanh"):
    """The `count` inputs without which J is least, of all sets of them, as Best; at most 16 inputs.

    >>> best_inputs(Params([[1, 2]], [3], [[2]], [1]), [[1, 1]], [[12]], 1, "identity")
    Best(removed=array([0]), J=np.float64(0.5))
    """
    return _least(_table("best_inputs", "inputs", params, X, y, activation, count), count)


def every_mask_retrained(params, X, y, *, steps=200, lr=0.01, activation="tanh", progress=None):
    """J of all 2ⁿ masks after retraining, (…, 2ⁿ), in the order of `every_mask`; n ≤ 16.

    Each masked network starts from params and takes `steps` steps of Adam on all examples, without
    decay, what is pruned held at 0 (`training.fit`); J after the last. progress(done, all), if
    given, is called now and then.

    >>> every_mask_retrained(Params([[2]], [1], [[3]], [4]), [[1]], [[10]], activation="identity").round(2)[3:8]
    array([5.e+01, 5.e+01, 0.e+00, 1.e-02, 0.e+00])
    """
    name = "every_mask_retrained"
    arrays.whole(name, "steps", steps, 0, training.MAX_STEPS)
    arrays.number(name, "lr", lr, 0)
    if progress is not None and not callable(progress):
        arrays.refuse(
            name,
            "progress",
            "a function of (done, all), or None",
            arrays.describe(progress),
            TypeError,
        )
    params, X, y, masks = _indexed(name, "parameters", params, X, y, activation, exact=False)
    done = 0

    def retrained(p, X, y):
        nonlocal done
        J = []
        for block in np.array_split(masks, -(-len(masks) // NETWORKS)):
            start = Params.unflatten(np.broadcast_to(p.flatten(), block.shape), p.sizes)
            fit = training.fit(
                start,
                X,
                y,
                steps=steps,
                lr=lr,
                mask=Params.unflatten(block, p.sizes),
                activation=activation,
            )
            J.append(fit.history[:, -1])
            done += len(block)
            if progress:
                progress(done, len(masks) * int(np.prod(params.batch)))
        return np.concatenate(J)

    return flips.each(retrained, (len(masks),), params, X, y)


def best_of(table, count):
    """The best set with `count` removed, as Best, in a table (…, 2ⁿ) whose index has a bit for each
    that is kept.

    Such are those of every_mask, every_mask_retrained, every_neurons and every_inputs. Of equals
    the lowest index; NaN, of a J beyond the largest float, is the most.

    >>> best_of([50.0, 4.5, 18.0, 0.5], 1)
    Best(removed=array([1]), J=np.float64(4.5))
    """
    table = arrays.raw("best_of", "table", table)
    if table.dtype.kind == "f":
        arrays.numbers("best_of", "table", table[np.isfinite(table)])
    else:
        table = arrays.numbers("best_of", "table", table)
    if table.ndim == 0 or table.shape[-1] not in [2**n for n in range(MAX_BITS + 1)]:
        arrays.refuse(
            "best_of", "table", f"of shape (…, 2ⁿ), n at most {MAX_BITS}", f"shape {table.shape}"
        )
    return _least(
        table, arrays.whole("best_of", "count", count, 0, table.shape[-1].bit_length() - 1)
    )


GROUPS = {
    "parameters": lambda at: at.flatten()[:, None],
    "hidden units": flips.units_of,
    "inputs": lambda at: at.W_ih.T,
}


def _indexed(name, things, params, X, y, activation, count=0, exact=True):
    """Checked, and the masks (2ⁿ, 61) of every index: where bit i is 0, group i is not kept."""
    params, X, y = network.checked(name, params, X, y, activation, exact=exact, complex_=False)
    groups, n = GROUPS[things](flips.positions(params.sizes)), params.flatten().shape[-1]
    if len(groups) > MAX_BITS:
        arrays.refuse(name, "params", f"of at most {MAX_BITS} {things}", f"sizes {params.sizes}")
    arrays.whole(name, "count", count, 0, len(groups))
    member = np.zeros((len(groups), n), bool)
    np.put_along_axis(member, groups, True, axis=1)
    return params, X, y, ~(~_bits(np.arange(2 ** len(groups)), len(groups)) @ member)


def _table(name, things, params, X, y, activation, count=0):
    params, X, y, masks = _indexed(name, things, params, X, y, activation, count)
    return flips.each(
        lambda *one: flips.losses(*one, masks, activation), masks.shape[:1], params, X, y
    )


def _least(table, count):
    index = np.arange(table.shape[-1])
    bits = table.shape[-1].bit_length() - 1
    index = index[np.bitwise_count(index) == bits - count]  # count of them are 0
    at = flips.cheapest(table[..., index])  # (…)
    removed = np.nonzero(~_bits(index[at], bits))[-1].reshape(*at.shape, count)
    return Best(removed, np.take_along_axis(table, index[at][..., None], -1)[..., 0][()])


def _bits(index, n):
    """Bit i of each index, (…, n)."""
    return (index[..., None] >> np.arange(n) & 1).astype(bool)
