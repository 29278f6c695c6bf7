"""What J changes by when parameters are set to 0, or put back: the mechanism under `truth`. On checked arguments.

The output is a sum over the hidden units, ŷ = Σⱼ uⱼ + b_o with uⱼ = W_ho[:, j]·f(zⱼ), so that a deletion changes one uⱼ
(or b_o), not five. With dᵢ (N, outputs) the change of ŷ when parameter i is set to 0, and r = ŷ − y,

    J(without i) − J = cᵢ = r·dᵢ + ½‖dᵢ‖²
    J(without i and k) − J = cᵢ + cₖ + dᵢ·dₖ        exactly, unless both stand in one hidden unit: then its uⱼ anew

A search goes the same way: there i *flips*, out where it is kept and back where it is out. p is one network, keep (n,)
what is kept of it; examples are taken in blocks.
"""

import numpy as np

from refnn import arrays, network
from refnn.network import ACTIVATIONS, Params

AT_ONCE = 2**17                            # numbers in one buffer


@np.errstate(all="ignore")
def flips(p, X, y, activation, keep, together):
    """What J changes by when parameters flip, from the network that keep (n,) leaves of p:

    c (n,)                 by flipping each alone
    units (hidden, sets)   by flipping, in each hidden unit, those of its q = inputs + 1 + outputs parameters that
                           together (sets, q) names; its first q rows name one each
    G (n, n)               dᵢ·dₖ; not computed, 0, if these are all its rows
    """
    theta, at, m = p.flatten(), positions(p.sizes), p.sizes[0] + 1
    own, zero, dtype = units_of(at), theta.dtype.type(0), np.result_type(theta, X, y)
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


def singles(p, X, y, activation, keep=True):
    """What J changes by when each parameter flips, (n,)."""
    one = np.eye(p.sizes[0] + 1 + p.sizes[2], dtype=bool)
    return flips(p, X, y, activation, np.broadcast_to(keep, p.flatten().shape), one)[0]


def doubles(p, X, y, activation, keep=True):
    """What J changes by when each two flip, (n, n); one on the diagonal."""
    one, own = np.eye(p.sizes[0] + 1 + p.sizes[2], dtype=bool), units_of(positions(p.sizes))
    a, b = np.triu_indices(len(one), 1)
    c, units, G = flips(p, X, y, activation, np.broadcast_to(keep, p.flatten().shape),
                         np.concatenate([one, one[a] | one[b]]))
    with np.errstate(all="ignore"):
        table = c[:, None] + c + G
    table[own[:, a], own[:, b]] = table[own[:, b], own[:, a]] = units[:, len(one):]
    table[np.diag_indices(len(c))] = c
    return table


def cheapest(costs):
    """The first position of the least along the last axis; NaN, of a J beyond the largest float, is the most."""
    return np.argmin(np.where(costs == costs, costs, np.inf), axis=-1)


def positions(sizes):
    """The position in flatten of each parameter, as Params."""
    inputs, hidden, outputs = sizes
    return Params.unflatten(np.arange(hidden * (inputs + 1 + outputs) + outputs), sizes)


def units_of(at):
    """Row, bias and column of each hidden unit, (hidden, inputs + 1 + outputs)."""
    return np.hstack([at.W_ih, at.b_h[:, None], at.W_ho.T])


def losses(p, X, y, masks, activation):
    """J under each of masks (K, n), by forward passes of as many networks."""
    theta = p.flatten()
    J, step = np.empty(len(masks), np.result_type(theta, X, y)), max(1, AT_ONCE // max(1, len(X) * max(p.sizes)))
    for start in range(0, len(masks), step):
        stack = Params.unflatten(masked(theta, masks[start:start + step]), p.sizes)
        J[start:start + step] = network.half_square(network.propagate(stack, X, activation).y_hat, y)
    return J


def masked(theta, keep):
    """θ where it is kept, 0 elsewhere."""
    return np.where(keep, theta, theta.dtype.type(0))


def each(function, shape, params, X, y, *more, dtype=None):
    """function(params, X, y, *more) of each network of the stack, (…, *shape)."""
    result = np.empty((*params.batch, *shape), dtype or np.result_type(*params.arrays(), X, y))
    for s in np.ndindex(params.batch):
        one = Params(*(a[s] for a in params.arrays()))
        result[s] = function(one, *(a[s] if a.ndim > 2 else a for a in (X, y)), *(a[s] for a in more))
    return result
