"""What deletion really costs: J without a parameter, without every two, and the most that can go for the least J.

The output is a sum over the hidden units, ŷ = Σⱼ uⱼ + b_o with uⱼ = W_ho[:, j]·f(zⱼ), so that a deletion changes one uⱼ
(or b_o), not five. With dᵢ (N, outputs) the change of ŷ when parameter i is set to 0, and r = ŷ − y,

    J(without i) − J = cᵢ = r·dᵢ + ½‖dᵢ‖²
    J(without i and k) − J = cᵢ + cₖ + dᵢ·dₖ        exactly, unless both stand in one hidden unit: then its uⱼ anew

A search goes the same way: there i *flips*, out where it is kept and back where it is out. Best *subset* means best of
all, by enumeration; best *known* means the best that a search found. A criterion's regret is its J less that.

Positions are those of `Params.flatten`; a mask is True where a parameter is kept. All in the precision of the arguments
(Fractions with relu and identity: exactly), examples in blocks, a stack network by network.
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np

from refnn import arrays, network, training
from refnn.network import ACTIVATIONS, Params

AT_ONCE = 2**17                            # numbers in one buffer
MAX_SUBSET = 4                             # best_subset: all 521 855 sets of four of 61, by 1 711 tables of pairs
MAX_BITS = 16                              # of the index of a table
NETWORKS = 512                             # that are retrained side by side


class Best(NamedTuple):
    """removed (…, count): what is gone, ascending; J (…): the loss without it.

    >>> Best(np.array([2, 5]), 0.5).removed.tolist()
    [2, 5]
    """

    removed: np.ndarray
    J: np.ndarray


def deletion(params, X, y, activation="tanh"):
    """J(θᵢ = 0) − J for each parameter, as Params, with its sign: below 0 where J falls. No approximation.

    From the change of one hidden unit each, not from 61 forward passes. Where J is beyond the largest float: infinite
    or NaN, quietly.

    >>> deletion(Params([[1, -2]], [3], [[2]], [1]), [[10, 1]], [[21]], "relu").flatten()
    array([160. ,  16. ,   6. , 198. ,  -1.5])
    """
    params, X, y = network.checked("deletion", params, X, y, activation, complex_=False)
    n = params.flatten().shape[-1]
    return Params.unflatten(_each(lambda *one: _singles(*one, activation), (n,), params, X, y), params.sizes)


def pairs(params, X, y, activation="tanh"):
    """J(θᵢ = θₖ = 0) − J for every two parameters, (…, 61, 61): symmetric, with `deletion` on the diagonal.

    Two deletions cost dᵢ·dₖ more than their sum: one product of the 61 changes of ŷ with themselves gives all of these.
    Within one hidden unit both are deleted from the unit itself. Rounding is that of (‖r‖ + ‖dᵢ‖ + ‖dₖ‖)².

    >>> pairs(Params([[1, -2]], [3], [[2]], [1]), [[10, 1]], [[21]], "relu")[0]
    array([160. ,  96. , 198. , 198. , 178.5])
    """
    params, X, y = network.checked("pairs", params, X, y, activation, complex_=False)
    n = params.flatten().shape[-1]
    return _each(lambda *one: _doubles(*one, activation), (n, n), params, X, y)


def loss_without(params, masks, X, y, activation="tanh"):
    """J under each of K masks, (…, K); masks (K, 61), or (…, K, 61) with the leading axes of params; True or 1 = keep.

    The general route, any number of deletions at once: a forward pass of what is kept.

    >>> loss_without(Params([[1, -2]], [3], [[2]], [1]), [[1, 1, 1, 1, 1], [0, 0, 1, 1, 1]], [[10, 1]], [[21]], "relu")
    array([ 2., 98.])
    """
    params, X, y = network.checked("loss_without", params, X, y, activation, complex_=False)
    n, masks = params.flatten().shape[-1], arrays.raw("loss_without", "masks", masks, "True/False or 1/0")
    if masks.ndim < 2 or masks.shape[-1] != n or masks.shape[:-2] not in ((), params.batch):
        stack = f" or {params.batch} + (K, {n})" if params.batch else ""
        arrays.refuse("loss_without", "masks", f"of shape (K, {n}){stack}", f"shape {masks.shape}")
    if masks.dtype.kind not in "biufO" or not np.isin(masks, (0, 1)).all():
        arrays.refuse("loss_without", "masks", "True/False or 1/0", arrays.describe(masks))
    masks = np.broadcast_to(masks.astype(bool), (*params.batch, *masks.shape[-2:]))
    return _each(lambda *one: _losses(*one, activation), masks.shape[-2:-1], params, X, y, masks)


def best_subset(params, X, y, count, activation="tanh"):
    """The `count` ≤ 4 parameters without which J is least, of all C(61, count) sets, as Best.

    The table of `pairs` tries every two more; it is made anew for each set of count − 2. Of sets whose J is equal but
    for rounding, one. Refused: values so large that some J might be beyond the largest float.

    >>> best_subset(Params([[1, -2]], [3], [[2]], [1]), [[10, 1]], [[21]], 2, "relu")
    Best(removed=array([1, 2]), J=np.float64(0.0))
    """
    return _search("best_subset", _subset, MAX_SUBSET, params, X, y, count, activation)


def best_known(params, X, y, count, activation="tanh"):
    """`count` ≤ 61 parameters without which J is as small as is *known*, as Best: an upper bound on the least J.

    First greedily: out goes whichever costs least beside those already gone, of equals the earlier. Then by swaps: of
    all exchanges of one removed against one kept the best, by one table of pairs, until none lowers J. So it is never
    worse than greedy, and no single exchange improves it. Refused: values as for best_subset.

    >>> best_known(Params([[1, -2]], [3], [[2]], [1]), [[10, 1]], [[21]], 2, "relu")        # greedily 2 and 4: J = 12.5
    Best(removed=array([1, 2]), J=np.float64(0.0))
    """
    return _search("best_known", _known, None, params, X, y, count, activation)


def every_mask(params, X, y, activation="tanh"):
    """J of all 2ⁿ masks of a network of n ≤ 16 parameters, (…, 2ⁿ); bit i of the index is 1 where θᵢ is kept.

    >>> every_mask(Params([[2]], [1], [[3]], [4]), [[1]], [[10]], "identity")[[0, 4, 7, 15]]
    array([50. , 50. ,  0.5,  4.5])
    """
    return _table("every_mask", "parameters", params, X, y, activation)


def every_neurons(params, X, y, activation="tanh"):
    """J of all sets of at most 16 hidden units, (…, 2^hidden); bit j of the index is 1 where unit j is kept.

    A unit that is not: its row of W_ih, its bias and its column of W_ho are 0.

    >>> every_neurons(Params([[1], [2]], [0, 1], [[3, 2]], [4]), [[1]], [[12]], "identity")
    array([32. , 12.5,  2. ,  0.5])
    """
    return _table("every_neurons", "hidden units", params, X, y, activation)


def every_inputs(params, X, y, activation="tanh"):
    """J of all sets of at most 16 inputs, (…, 2^inputs); bit k of the index is 1 where input k is kept.

    An input that is not: its column of W_ih is 0. Of 10 inputs there are 1 024 sets.

    >>> every_inputs(Params([[1, 2]], [3], [[2]], [1]), [[1, 1]], [[12]], "identity")
    array([12.5,  4.5,  0.5,  0.5])
    """
    return _table("every_inputs", "inputs", params, X, y, activation)


def best_neurons(params, X, y, count, activation="tanh"):
    """The `count` hidden units without which J is least, of all sets of them, as Best; at most 16 units.

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

    Each masked network starts from params and takes `steps` steps of Adam on all examples, without decay, what is
    pruned held at 0 (`training.fit`); J after the last. progress(done, all), if given, is called now and then.

    >>> every_mask_retrained(Params([[2]], [1], [[3]], [4]), [[1]], [[10]], activation="identity").round(2)[3:8]
    array([5.e+01, 5.e+01, 0.e+00, 1.e-02, 0.e+00])
    """
    name = "every_mask_retrained"
    arrays.whole(name, "steps", steps, 0, training.MAX_STEPS)
    arrays.number(name, "lr", lr, 0)
    if progress is not None and not callable(progress):
        arrays.refuse(name, "progress", "a function of (done, all), or None", arrays.describe(progress), TypeError)
    params, X, y, masks = _indexed(name, "parameters", params, X, y, activation, exact=False)
    done = 0

    def retrained(p, X, y):
        nonlocal done
        J = []
        for block in np.array_split(masks, -(-len(masks) // NETWORKS)):
            start = Params.unflatten(np.broadcast_to(p.flatten(), block.shape), p.sizes)
            fit = training.fit(start, X, y, steps=steps, lr=lr, mask=Params.unflatten(block, p.sizes),
                               activation=activation)
            J.append(fit.history[:, -1])
            done += len(block)
            if progress:
                progress(done, len(masks) * int(np.prod(params.batch)))
        return np.concatenate(J)
    return _each(retrained, (len(masks),), params, X, y)


def best_of(table, count):
    """The best set with `count` removed, as Best, in a table (…, 2ⁿ) whose index has a bit for each that is kept.

    Such are those of every_mask, every_mask_retrained, every_neurons and every_inputs. Of equals the lowest index.

    >>> best_of([50.0, 4.5, 18.0, 0.5], 1)
    Best(removed=array([1]), J=np.float64(4.5))
    """
    table = arrays.numbers("best_of", "table", table)
    if table.ndim == 0 or table.shape[-1] not in [2**n for n in range(MAX_BITS + 1)]:
        arrays.refuse("best_of", "table", f"of shape (…, 2ⁿ), n at most {MAX_BITS}", f"shape {table.shape}")
    return _least(table, arrays.whole("best_of", "count", count, 0, table.shape[-1].bit_length() - 1))


# --- flips -----------------------------------------------------------------------------------------------------------

@np.errstate(all="ignore")
def _flips(p, X, y, activation, keep, together):
    """What J changes by when parameters flip, from the network that keep (n,) leaves of p:

    c (n,)                 by flipping each alone
    units (hidden, sets)   by flipping, in each hidden unit, those of its q = inputs + 1 + outputs parameters that
                           together (sets, q) names; its first q rows name one each
    G (n, n)               dᵢ·dₖ; not computed, 0, if these are all its rows
    """
    theta, at, m = p.flatten(), _positions(p.sizes), p.sizes[0] + 1
    own, zero, dtype = _units(at), theta.dtype.type(0), np.result_type(theta, X, y)
    (hidden, q), outputs = own.shape, len(at.b_o)
    flipped = keep[own][:, None] ^ np.concatenate([np.zeros_like(together[:1]), together])    # (hidden, 1 + sets, q)
    on, W_ho = flipped[..., :m].astype(dtype), np.where(flipped[..., m:], theta[own][:, None, m:], zero)
    b_o, d_o = np.where(keep[at.b_o], p.b_o, zero), np.where(keep[at.b_o], -p.b_o, p.b_o)
    c, units, G = (np.zeros(shape, dtype) for shape in (theta.shape, (hidden, len(together)), theta.shape * 2))
    step = max(1, AT_ONCE // max(1, W_ho.size))
    for rows in (slice(start, start + step) for start in range(0, len(X), step)):
        X1 = np.hstack([X[rows], np.ones_like(X, shape=(len(X[rows]), 1))])                   # (N, m)
        terms = arrays.saturate(theta[own][:, :m, None] * X1.T)                               # (hidden, m, N)
        h = ACTIVATIONS[activation][0](on @ terms)             # the sum of the others: z − wx would lose it beside wx
        u = W_ho[..., None] * h[:, :, None]                                                   # (hidden, ·, outputs, N)
        r = u[:, 0].sum(axis=0) + b_o[:, None] - y[rows].T                                    # (outputs, N)
        d = (u[:, 1:] - u[:, :1]).reshape(hidden, len(together), r.size)                      # (hidden, sets, out·N)
        units += d @ r.ravel() + np.einsum("jsn,jsn->js", d, d) / 2
        c[at.b_o] += d_o * r.sum(axis=1) + d_o * d_o * r.shape[1] / 2
        if len(together) > q:
            D = np.zeros((len(theta), *r.shape), dtype)
            D[own], D[at.b_o, range(outputs)] = d[:, :q].reshape(hidden, q, *r.shape), d_o[:, None]
            D = D.reshape(len(theta), r.size)
            G += D @ D.T                                                                      # (n, n)
    c[own] = units[:, :q]
    return c, units, G


def _singles(p, X, y, activation, keep=True):
    """What J changes by when each parameter flips, (n,)."""
    one = np.eye(p.sizes[0] + 1 + p.sizes[2], dtype=bool)
    return _flips(p, X, y, activation, np.broadcast_to(keep, p.flatten().shape), one)[0]


def _doubles(p, X, y, activation, keep=True):
    """What J changes by when each two flip, (n, n); one on the diagonal."""
    one, own = np.eye(p.sizes[0] + 1 + p.sizes[2], dtype=bool), _units(_positions(p.sizes))
    a, b = np.triu_indices(len(one), 1)
    c, units, G = _flips(p, X, y, activation, np.broadcast_to(keep, p.flatten().shape),
                         np.concatenate([one, one[a] | one[b]]))
    with np.errstate(all="ignore"):
        table = c[:, None] + c + G
    table[own[:, a], own[:, b]] = table[own[:, b], own[:, a]] = units[:, len(one):]
    table[np.diag_indices(len(c))] = c
    return table


# --- searches --------------------------------------------------------------------------------------------------------

def _search(name, search, limit, params, X, y, count, activation):
    params, X, y = network.checked(name, params, X, y, activation, complex_=False)
    n = params.flatten().shape[-1]
    count = arrays.whole(name, "count", count, 0, n if limit is None else min(limit, n))
    if params.W_ih.dtype != arrays.EXACT and not np.isfinite(_bound(params, X, y, activation)).all():
        arrays.refuse(name, "params", "so small that J is finite whatever is removed", "values too large for that")
    keep = _each(lambda *one: search(*one, activation, count), (n,), params, X, y, dtype=bool)
    left = Params.unflatten(_masked(params.flatten(), keep), params.sizes)
    return Best(np.nonzero(~keep)[-1].reshape(*params.batch, count),
                network.half_square(network.propagate(left, X, activation).y_hat, y))


@np.errstate(all="ignore")
def _bound(params, X, y, activation):
    """What no J, and no product of two changes of ŷ, exceeds; infinite if that may be beyond the largest float."""
    W_ih, b_h, W_ho, b_o = (np.abs(a) for a in params.arrays())
    h = np.abs(X) @ W_ih.mT + b_h[..., None, :] + 1                                           # |f(z)| ≤ |z| + 1
    h = np.minimum(h, 1) if activation in ("tanh", "sigmoid") else h
    return 16 * network.half_square(h @ W_ho.mT + b_o[..., None, :], -np.abs(y))


def _subset(p, X, y, activation, count):
    keep = np.ones(p.flatten().size, bool)
    least, best, every = None, keep, np.triu_indices(len(keep), 1) if count > 1 else np.diag_indices(len(keep))
    for first in combinations(range(len(keep) - 2), max(count - 2, 0)) if count else ():
        tried = keep.copy()
        tried[list(first)] = False
        i, k = (a[every[0] > max(first, default=-1)] for a in every)                          # each set once
        costs = _doubles(p, X, y, activation, tried)[i, k]
        at = _cheapest(costs)
        J = _losses(p, X, y, tried[None], activation)[0] + costs[at]
        if least is None or J < least:
            least, best = J, tried
            best[[i[at], k[at]]] = False
    return best


def _known(p, X, y, activation, count):
    keep = np.ones(p.flatten().size, bool)
    for _ in range(count):
        left = np.flatnonzero(keep)
        keep[left[_cheapest(_singles(p, X, y, activation, keep)[left])]] = False
    J = _losses(p, X, y, keep[None], activation)[0]
    while 0 < count < len(keep):
        gone, left = np.flatnonzero(~keep), np.flatnonzero(keep)
        i, k = divmod(_cheapest(_doubles(p, X, y, activation, keep)[np.ix_(gone, left)].ravel()), len(left))
        tried = keep.copy()
        tried[gone[i]], tried[left[k]] = True, False
        J_tried = _losses(p, X, y, tried[None], activation)[0]
        if not J_tried < J:                                    # J itself falls each time: no set comes twice
            break
        keep, J = tried, J_tried
    return keep


def _cheapest(costs):
    """The first position of the least along the last axis; NaN, of a J beyond the largest float, is the most."""
    return np.argmin(np.where(costs == costs, costs, np.inf), axis=-1)


# --- tables ----------------------------------------------------------------------------------------------------------

def _positions(sizes):
    """The position in flatten of each parameter, as Params."""
    inputs, hidden, outputs = sizes
    return Params.unflatten(np.arange(hidden * (inputs + 1 + outputs) + outputs), sizes)


def _units(at):
    """Row, bias and column of each hidden unit, (hidden, inputs + 1 + outputs)."""
    return np.hstack([at.W_ih, at.b_h[:, None], at.W_ho.T])


GROUPS = {"parameters": lambda at: at.flatten()[:, None], "hidden units": _units, "inputs": lambda at: at.W_ih.T}


def _indexed(name, things, params, X, y, activation, count=0, exact=True):
    """Checked, and the masks (2ⁿ, 61) of every index: where bit i is 0, group i is not kept."""
    params, X, y = network.checked(name, params, X, y, activation, exact=exact, complex_=False)
    groups, n = GROUPS[things](_positions(params.sizes)), params.flatten().shape[-1]
    if len(groups) > MAX_BITS:
        arrays.refuse(name, "params", f"of at most {MAX_BITS} {things}", f"sizes {params.sizes}")
    arrays.whole(name, "count", count, 0, len(groups))
    member = np.zeros((len(groups), n), bool)
    np.put_along_axis(member, groups, True, axis=1)
    return params, X, y, ~(~_bits(np.arange(2 ** len(groups)), len(groups)) @ member)


def _table(name, things, params, X, y, activation, count=0):
    params, X, y, masks = _indexed(name, things, params, X, y, activation, count)
    return _each(lambda *one: _losses(*one, masks, activation), masks.shape[:1], params, X, y)


def _least(table, count):
    index = np.arange(table.shape[-1])
    bits = table.shape[-1].bit_length() - 1
    index = index[np.bitwise_count(index) == bits - count]                                    # count of them are 0
    at = _cheapest(table[..., index])                                                         # (…)
    removed = np.nonzero(~_bits(index[at], bits))[-1].reshape(*at.shape, count)
    return Best(removed, np.take_along_axis(table, index[at][..., None], -1)[..., 0][()])


def _bits(index, n):
    """Bit i of each index, (…, n)."""
    return (index[..., None] >> np.arange(n) & 1).astype(bool)


def _losses(p, X, y, masks, activation):
    """J under each of masks (K, n), by forward passes of as many networks."""
    theta = p.flatten()
    J, step = np.empty(len(masks), np.result_type(theta, X, y)), max(1, AT_ONCE // max(1, len(X) * max(p.sizes)))
    for start in range(0, len(masks), step):
        stack = Params.unflatten(_masked(theta, masks[start:start + step]), p.sizes)
        J[start:start + step] = network.half_square(network.propagate(stack, X, activation).y_hat, y)
    return J


def _masked(theta, keep):
    return np.where(keep, theta, theta.dtype.type(0))


def _each(function, shape, params, X, y, *more, dtype=None):
    """function(params, X, y, *more) of each network of the stack, (…, *shape)."""
    result = np.empty((*params.batch, *shape), dtype or np.result_type(*params.arrays(), X, y))
    for s in np.ndindex(params.batch):
        one = Params(*(a[s] for a in params.arrays()))
        result[s] = function(one, *(a[s] if a.ndim > 2 else a for a in (X, y)), *(a[s] for a in more))
    return result
