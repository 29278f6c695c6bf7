"""Compute how J changes when parameters are set to 0 or put back, as `truth` and `search` need it.

All functions take checked arguments. The output is a sum over the hidden units, ŷ = Σⱼ uⱼ + b_o
with uⱼ = W_ho[:, j]·f(zⱼ). So a deletion changes one uⱼ (or b_o) and none of the others. Let
dᵢ (N, outputs) be the change of ŷ when parameter i is set to 0, and r = ŷ − y. A product like r·dᵢ
is summed over examples and outputs. If i and k do not belong to the same hidden unit, then exactly

    J(without i) − J = cᵢ = r·dᵢ + ½‖dᵢ‖²
    J(without i and k) − J = cᵢ + cₖ + dᵢ·dₖ

If both belong to one hidden unit, its uⱼ is computed again without both.

A search uses the same formulas. There parameter i *flips*: it is set to 0 if it is kept, and it is
put back if it was removed. In the functions, p is one network, and keep (n,) is True for the
parameters of p that are kept. Examples are taken in blocks, to save memory.
"""

from itertools import combinations

import numpy as np

from refnn.network import ACTIVATIONS, Params, forward, loss
from refnn.quantization.rounding import saturate

AT_ONCE = 2**17  # the most numbers in one buffer


def flips(p, X, y, activation, keep, together, meeting=0):
    """Return how much J changes when parameters of the masked network flip.

    The masked network has the parameters of p that keep (n,) marks as True; the others are 0. A
    hidden unit has q = inputs + 1 + outputs parameters. together (sets, q) is of bool, and each row
    is a set: True for those of the q parameters that flip at once. The first q rows flip one
    parameter each. The results are

        c (n,)                the change when each parameter flips alone
        units (hidden, sets)  the change when the parameters of a set flip in a hidden unit
        G (n + …, n)          the products dᵤ·dₖ, or zeros if meeting is 0

    Column k of G belongs to parameter k, and row u < n belongs to parameter u. The other rows
    belong to the sets in rows q to meeting − 1 of `together`, for one hidden unit after the other.
    """
    theta, at, m = p.flatten(), positions(p.sizes), p.sizes[0] + 1
    own, zero, dtype = units_of(at), theta.dtype.type(0), np.result_type(theta, X, y)
    (hidden, q), outputs, keep = own.shape, len(at.b_o), np.broadcast_to(keep, theta.shape)
    sets = np.concatenate([np.zeros_like(together[:1]), together])  # the first set flips nothing
    flipped = keep[own][:, None] ^ sets  # (hidden, 1 + sets, q)
    on = flipped[..., :m].astype(dtype)
    W_ho = np.where(flipped[..., m:], theta[own][:, None, m:], zero)
    b_o, d_o = np.where(keep[at.b_o], p.b_o, zero), np.where(keep[at.b_o], -p.b_o, p.b_o)
    n, more = len(theta), hidden * max(meeting - q, 0)
    c, units = np.zeros(n, dtype), np.zeros((hidden, len(together)), dtype)
    G = np.zeros((n + more, n), dtype)
    step = max(1, AT_ONCE // max(1, W_ho.size))
    for rows in (slice(start, start + step) for start in range(0, len(X), step)):
        X1 = np.hstack([X[rows], np.ones_like(X, shape=(len(X[rows]), 1))])  # (N, m)
        terms = saturate(theta[own][:, :m, None] * X1.T)  # (hidden, m, N)
        z = on @ terms  # summed again: z − w·x would lose digits beside a large w·x
        h = ACTIVATIONS[activation][0](z)
        u = W_ho[..., None] * h[:, :, None]  # (hidden, 1 + sets, outputs, N)
        r = u[:, 0].sum(axis=0) + b_o[:, None] - y[rows].T  # (outputs, N)
        d = (u[:, 1:] - u[:, :1]).reshape(hidden, len(together), r.size)  # (hidden, sets, out·N)
        units += d @ r.ravel() + np.einsum("jsn,jsn->js", d, d) / 2
        c[at.b_o] += d_o * r.sum(axis=1) + d_o * d_o * r.shape[1] / 2
        if meeting:
            D = np.zeros((n, *r.shape), dtype)
            D[own], D[at.b_o, range(outputs)] = d[:, :q].reshape(hidden, q, *r.shape), d_o[:, None]
            D = D.reshape(n, r.size)
            G += np.concatenate([D, d[:, q:meeting].reshape(more, r.size)]) @ D.T
    c[own] = units[:, :q]
    return c, units, G


def singles(p, X, y, activation, keep=True):
    """Return how much J changes when each parameter flips alone, (n,)."""
    one, _ = _in_a_unit(p.sizes)
    return flips(p, X, y, activation, keep, one)[0]


def doubles(p, X, y, activation, keep=True):
    """Return how much J changes when each pair of parameters flips, (n, n).

    On the diagonal, one parameter flips alone.
    """
    one, own = _in_a_unit(p.sizes)
    q = len(one)
    a, b = np.triu_indices(q, 1)
    sets = np.concatenate([one, one[a] | one[b]])
    c, units, G = flips(p, X, y, activation, keep, sets, meeting=q)
    table = c[:, None] + c + G
    table[own[:, a], own[:, b]] = table[own[:, b], own[:, a]] = units[:, q:]
    table[np.diag_indices(len(c))] = c
    return table


def triples(p, X, y, activation, keep):
    """Yield a table (n, n) for each i, which says how much J changes when i, j and k flip.

    Only its entries with i < j < k may be used. If the three parameters belong to three hidden
    units, the change is the sum of their single changes and of the products dᵤ·dₖ of each two of
    them. If two or three belong to one unit, `flips` computes the change of that unit when they
    flip together.
    """
    one, own = _in_a_unit(p.sizes)
    q = len(one)
    a, b = np.triu_indices(q, 1)
    abc = np.array(list(combinations(range(q), 3)), dtype=int).reshape(-1, 3)
    end = q + len(a)
    sets = np.concatenate([one, one[a] | one[b], one[abc].any(axis=1)])
    c, units, G = flips(p, X, y, activation, keep, sets, meeting=end)
    two, two_cost = np.stack([own[:, a].ravel(), own[:, b].ravel()]), units[:, q:end].ravel()
    three, three_cost = own[:, abc].reshape(-1, 3).T, units[:, end:].ravel()
    beside = two_cost[:, None] + c + G[len(c) :]  # (pairs of one unit, n)
    for i in range(len(c)):
        table = c[i] + c[:, None] + c + G[i][:, None] + G[i] + G[: len(c)]
        table[two[0], two[1]] = beside[:, i]
        # Here the triple is i, a later parameter of its unit, and any third parameter.
        at = np.flatnonzero(two[0] == i)
        table[two[1, at]], table[:, two[1, at]] = beside[at], beside[at].T
        at = np.flatnonzero(three[0] == i)
        table[three[1, at], three[2, at]] = three_cost[at]
        yield table


def _in_a_unit(sizes):
    """Return q sets, each of which flips one parameter of a unit, and where these parameters are.

    The sets are (q, q) of bool. The positions in `flatten` are (hidden, q).
    """
    return np.eye(sizes[0] + 1 + sizes[2], dtype=bool), units_of(positions(sizes))


def cheapest(costs):
    """Find the first position of the smallest value along the last axis.

    NaN stands for a J above the largest float, so it counts as the largest value.
    """
    return np.argmin(np.where(costs == costs, costs, np.inf), axis=-1)


def positions(sizes):
    """Return the position of each parameter in the order of `flatten`, as a Params."""
    inputs, hidden, outputs = sizes
    return Params.unflatten(np.arange(hidden * (inputs + 1 + outputs) + outputs), sizes)


def units_of(at):
    """Join the row, the bias and the column of each hidden unit, (hidden, inputs + 1 + outputs)."""
    return np.hstack([at.W_ih, at.b_h[:, None], at.W_ho.T])


def losses(p, X, y, masks, activation):
    """Compute J under each of the masks (K, n), by a forward pass for each of the K networks."""
    theta, step = p.flatten(), max(1, AT_ONCE // max(1, len(X) * max(p.sizes)))
    J = np.empty(len(masks), np.result_type(theta, X, y))
    for start in range(0, len(masks), step):
        stack = Params.unflatten(masked(theta, masks[start : start + step]), p.sizes)
        J[start : start + step] = loss.formula(forward.formula(stack, X, activation).y_hat, y)
    return J


def masked(theta, keep):
    """Return θ where it is kept and 0 elsewhere."""
    return np.where(keep, theta, theta.dtype.type(0))


def each(function, shape, params, X, y, *more, dtype=None):
    """Return function(params, X, y, *more) for each network of the stack, (…, *shape)."""
    result = np.empty((*params.batch, *shape), dtype or np.result_type(*params.arrays(), X, y))
    for s in np.ndindex(params.batch):
        data = [a[s] if a.ndim > 2 else a for a in (X, y)]
        result[s] = function(params.map(lambda a, s=s: a[s]), *data, *(a[s] for a in more))
    return result
