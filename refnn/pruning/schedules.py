"""Prune a network at once, in rounds or gradually, and fine-tune what is left.

    sparsity   the share of the n = 61 parameters that is pruned
    mask       True = kept; a pruned parameter stays exactly 0
    criterion  a function (params, X, y, activation=…) -> Params of scores, as in `importance`;
               the parameters with the lowest scores are pruned first

To fine-tune means to train the pruned network further. These are the schedules:

    one_shot   scores, prunes and fine-tunes once
    iterative  does so in rounds, and each round prunes the same share of what is left (S. Han et
               al., "Learning both weights and connections for efficient neural networks", 2015)
    gradual    prunes while it trains, by a cubic schedule (M. Zhu, S. Gupta, "To prune, or not to
               prune", 2017)
    lottery    applies the trained network's mask to the parameters before training, and trains
               again; new random parameters are the control (J. Frankle, M. Carbin, "The lottery
               ticket hypothesis", 2019)
    obs        is Optimal Brain Surgeon, from `surgeon`

Each takes one network or a stack, and each network has a mask of its own. `history` is the error on
the training data. Judge a pruned network by its test error, which may fall while the training error
rises.
"""

from dataclasses import replace
from itertools import count
from math import prod
from typing import NamedTuple

import numpy as np

from refnn import arrays, network, transposed
from refnn.arrays import Refused, describe
from refnn.network import ACTIVATION, FIELDS, NETWORK, ROWS, SCORES, Params
from refnn.pruning import masks
from refnn.pruning.surgeon import Surgery, obs  # noqa: F401  (offered here too, as a schedule)
from refnn.training import MAX_STEPS, TRAINING, descent, fit
from refnn.validation import REAL, Numeric, generator, number, takes, whole

MAX_ROUNDS = 10**4


class Pruned(NamedTuple):
    """A pruned network, its mask and the history of its training."""

    params: Params  # 0 where the mask is False
    mask: Params  # of bool
    history: np.ndarray  # (…, m): J as in `fit`, of one fit after the other


# --- what the functions take ----------------------------------------------------------------------


def _criterion(name, criterion, arguments):
    """Accept a function that scores a network, and return it with a check of its scores."""
    lr = arguments.get("lr")  # as the user wrote it
    if not callable(criterion):
        expected = "a function (params, X, y, activation=…) -> Params of scores"
        raise Refused(name, expected, describe(criterion), TypeError)

    def checked(params, X, y, activation):
        if lr is not None and not np.isfinite(params.flatten()).all():
            finite = "one with which training stays finite until the last pruning"
            raise Refused("lr", finite, describe(lr))
        try:
            scores = criterion(params, X, y, activation=activation)
        except (ValueError, TypeError) as error:
            error.refusal = None  # the message keeps the name of the criterion
            raise
        scores = Params(*arrays.together(network.fields(name, scores, "scores")))
        scores = SCORES.check(name, scores, {"params": params})
        return scores.map(lambda a, b: np.broadcast_to(a, b.shape), params)

    return checked


def _single(low=-np.inf, high=np.inf):
    """Return the kind (the check of an argument) of one number within low..high.

    The number gets the dtype of the other arguments.
    """

    def single(name, a, arguments):
        arrays.number(name, a if a.ndim else a[()], low, high)
        return a

    return Numeric(REAL.group, single)


def _after_begin(name, end, arguments):
    begin = arguments["begin"]
    if not 0 < _single().check(name, end, arguments) - begin < np.inf:
        raise Refused(name, f"greater than begin = {begin}", f"{end}")
    return end


def _step(first, last):
    """Return the check of an argument that numbers a training step, from first to last.

    Both ends are computed from the arguments.
    """

    def step(name, value, arguments):
        return arrays.whole(name, value, first(arguments), last(arguments))

    return step


def _below_sparsity(name, initial, arguments):
    return arrays.number(name, initial, 0, arguments["sparsity"])


def _shares(name, sparsities, arguments):
    shares = arrays.numbers(name, sparsities, ndim=1)
    if ((shares < 0) | (shares > 1)).any():
        raise Refused(name, "from 0 to 1", describe(sparsities))
    return shares


def _of_both(kind):
    """Convert a kind so that it reads `trained` where it would read `params`.

    `trained` first gets the wider precision of `start` and `trained`.
    """
    check = kind.check if isinstance(kind, Numeric) else kind

    def of_both(name, value, arguments):
        start, trained = arguments["start"], arguments["trained"]
        params = trained.map(lambda a, b: a.astype(np.result_type(a, b)), start)
        return check(name, value, arguments | {"params": params})

    return kind._replace(check=of_both) if isinstance(kind, Numeric) else of_both


_AFTER_BEGIN = Numeric(REAL.group, _after_begin)
_START = _of_both(Numeric(NETWORK.group, SCORES.check, NETWORK.parts))
_TRAINING = {name: kind for name, kind in TRAINING.items() if name not in ("params", "mask")}
_PRUNING = {"criterion": _criterion, "sparsity": number(0, 1), **_TRAINING, "exact": False}
_ROUNDS = whole(1, MAX_ROUNDS)
_LOTTERY = _PRUNING | {name: _of_both(_TRAINING[name]) for name in _TRAINING}
_GRADUAL = {
    "steps": whole(1, MAX_STEPS),
    "every": whole(1, MAX_STEPS),
    "begin": _step(lambda given: 0, lambda given: given["steps"] - 1),
    "end": _step(lambda given: given["begin"] + 1, lambda given: given["steps"]),
    "initial": _below_sparsity,
}


# --- the schedules --------------------------------------------------------------------------------


@takes(step=REAL, begin=_single(), end=_AFTER_BEGIN, initial=_single(0, 1), final=_single(0, 1))
def cubic(step, begin, end, initial, final):
    """s = final + (initial − final)·(1 − (step − begin)/(end − begin))³.

    The sparsity s is `initial` before begin and `final` after end. It changes fast at first and
    slowly at the end. This is equation 1 of Zhu & Gupta 2017, as TensorFlow Model Optimization
    computes it. step is a number or an array. initial and final are from 0 to 1, and begin < end.

    >>> cubic([0, 100, 105, 110, 999], begin=100, end=110, initial=0.2, final=0.8)
    array([0.2  , 0.2  , 0.725, 0.8  , 0.8  ])
    """
    to_go = 1 - (np.clip(step, begin, end) - begin) / (end - begin)  # 1 at begin, 0 at end
    return np.where(step <= begin, initial, final + (initial - final) * to_go**3)


@takes(params=NETWORK, **_PRUNING)
def one_shot(
    params,
    X,
    y,
    sparsity,
    criterion,
    *,
    steps,
    lr,
    optimizer="adam",
    weight_decay=0.0,
    activation="tanh",
):
    """Prune the round(sparsity·n) parameters with the lowest scores, then fine-tune the others.

    The fine-tuning takes `steps` steps (0 for none) and holds the mask.

    >>> from refnn.pruning.importance import magnitude
    >>> p = Params([[1.0, -3.0]], [0.5], [[2.0]], [4.0])
    >>> one_shot(p, [[1.0, 1.0]], [[0.0]], 0.4, magnitude, steps=0, lr=0.1).params.flatten()
    array([ 0., -3.,  0.,  2.,  4.])
    """
    how = {"steps": steps, "lr": lr, "optimizer": optimizer, "weight_decay": weight_decay}
    return _round_by_round(params, X, y, criterion, [sparsity], [None], activation, how)


@takes(params=NETWORK, rounds=_ROUNDS, **_PRUNING)
def iterative(
    params,
    X,
    y,
    sparsity,
    criterion,
    *,
    rounds,
    steps,
    lr,
    optimizer="adam",
    weight_decay=0.0,
    activation="tanh",
):
    """Prune the same share of what is left in each of `rounds` rounds, and fine-tune after each.

    Each round computes new scores and fine-tunes for `steps` steps. After round k the share
    (1 − sparsity)^(k/rounds) is kept. What is pruned stays pruned, whatever its score. history is
    (…, rounds·(steps + 1)). A network that diverges before the last pruning cannot be scored, so a
    ValueError names lr.

    >>> from refnn.pruning.importance import magnitude
    >>> p, X = network.init(np.random.default_rng(0)), np.eye(10)
    >>> done = iterative(p, X, X[:, :1], 0.75, magnitude, rounds=2, steps=1, lr=0.01)
    >>> masks.count(done.mask), done.history.shape  # 61 − round(45.75) = 15
    (np.int64(15), (4,))
    """
    how = {"steps": steps, "lr": lr, "optimizer": optimizer, "weight_decay": weight_decay}
    shares = _round_shares(sparsity, rounds)
    return _round_by_round(params, X, y, criterion, shares, [None] * rounds, activation, how)


@takes(start=_START, trained=NETWORK, rounds=_ROUNDS, reinitialise=generator, **_LOTTERY)
def lottery(
    start,
    trained,
    X,
    y,
    sparsity,
    criterion,
    *,
    steps,
    lr,
    rounds=1,
    reinitialise=None,
    optimizer="adam",
    weight_decay=0.0,
    activation="tanh",
):
    """Train `start` again under the mask of `trained`, to test if it is a winning ticket.

    A winning ticket is a pruned start that trains as well as the whole network. `trained` is the
    network after training from start. It is scored and pruned, its mask is applied to start, and
    the result is trained for `steps` steps. With rounds > 1 it prunes as `iterative` does, and
    every round goes back to the values of start. If reinitialise is a Generator, the result is
    the control: the mask is the same, but the last training begins at a new `network.init`. history
    covers every round.

    >>> from refnn.pruning.importance import magnitude
    >>> start = Params([[1.0, 2.0]], [3.0], [[4.0]], [5.0])
    >>> trained = Params([[9.0, -8.0]], [1.0], [[2.0]], [7.0])
    >>> ticket = lottery(start, trained, [[1.0, 1.0]], [[0.0]], 0.4, magnitude, steps=0, lr=0.1)
    >>> ticket.params.flatten()
    array([1., 2., 0., 0., 5.])
    """
    how = {"steps": steps, "lr": lr, "optimizer": optimizer, "weight_decay": weight_decay}
    last = start = start.map(lambda a, b: np.broadcast_to(a, b.shape), trained)
    if reinitialise is not None:
        new = network.init(reinitialise, start.sizes, start.batch)
        last = new.map(lambda a, b: a.astype(b.dtype), start)
    shares, starts = _round_shares(sparsity, rounds), [start] * (rounds - 1) + [last]
    return _round_by_round(trained, X, y, criterion, shares, starts, activation, how)


@takes(params=NETWORK, **_PRUNING | _GRADUAL)
def gradual(
    params,
    X,
    y,
    sparsity,
    criterion,
    *,
    steps,
    every,
    lr,
    begin=0,
    end=None,
    initial=0.0,
    optimizer="adam",
    weight_decay=0.0,
    activation="tanh",
):
    """Prune while training, with a sparsity that goes from `initial` to `sparsity` as in `cubic`.

    The start is pruned to `initial`. After that, the network is pruned after step begin, then every
    `every` steps, and at end. There is one training of `steps` steps, so the optimiser keeps its
    moments when parameters are pruned, and these stay pruned. If end is None, it is three quarters
    of the steps, so that the last quarter fine-tunes. history is (…, steps + 1).

    >>> from refnn.pruning.importance import taylor
    >>> p, X = network.init(np.random.default_rng(0), (1, 8, 1)), np.linspace(-1, 1, 9)[:, None]
    >>> done = gradual(p, X, np.sin(3 * X), 0.6, taylor, steps=400, every=10, lr=0.05)
    >>> masks.count(done.mask), bool(done.history[-1] < 0.1)  # 25 − 15 = 10
    (np.int64(10), True)
    """
    end = max(begin + 1, steps - steps // 4) if end is None else end
    params, X, y = _in_one_dtype(params, X, y)
    objective = transposed.objective(params.sizes, params.batch, X, y, activation)
    order, theta, mask = (
        transposed.order(params.sizes),
        params.flatten(),
        params.map(masks.everything),
    )
    flat, clock = (prod(params.batch), theta.shape[-1]), count()

    def as_params(theta):
        entries = theta[:, np.argsort(order)].reshape(*params.batch, flat[1])
        return Params.unflatten(entries, params.sizes)

    def held(theta):
        keep = mask.flatten().reshape(flat)[:, order]
        return np.where(keep, theta, theta.dtype.type(0))

    def project(theta):
        nonlocal mask
        t = next(clock)
        if t in (0, end) or t in range(begin, end, every):
            share = cubic(t, begin, end, initial, sparsity)
            mask = _narrow(mask, share, criterion(as_params(held(theta)), X, y, activation))
        return held(theta)

    theta = theta.reshape(flat)[:, order]
    last, history = descent(objective, theta, weight_decay, steps, lr, optimizer, project)
    return Pruned(as_params(last), mask, history.reshape(*params.batch, steps + 1))


@takes(
    params=NETWORK, X=ROWS, y=ROWS, activation=ACTIVATION, criterion=_criterion, sparsities=_shares
)
def sensitivity(params, X, y, criterion, sparsities, activation="tanh"):
    """Return J when only one of W_ih, b_h, W_ho, b_o is pruned, (…, 4, len(sparsities)).

    Each array is pruned to each sparsity while the other three stay whole.

    >>> from refnn.pruning.importance import magnitude
    >>> p = Params([[1.0, 2.0]], [3.0], [[4.0]], [5.0])  # ŷ = 4·(x₁ + 2x₂ + 3) + 5
    >>> sensitivity(p, [[1.0, 1.0]], [[0.0]], magnitude, [0, 0.5, 1], "identity")
    array([[420.5, 312.5, 144.5],
           [420.5, 420.5, 144.5],
           [420.5, 420.5,  12.5],
           [420.5, 420.5, 288. ]])
    """
    scores = criterion(params, X, y, activation)
    J = np.empty((*params.batch, len(FIELDS), len(sparsities)), np.result_type(params.W_ih, X, y))
    for k, share in enumerate(sparsities):
        mask = masks.by_sparsity.formula(scores, share, scope="layer")
        pruned = network.apply_mask.formula(params, mask)
        for i, name in enumerate(FIELDS):
            one = replace(params, **{name: getattr(pruned, name)})
            y_hat = network.forward.formula(one, X, activation).y_hat
            J[..., i, k] = network.loss.formula(y_hat, y)
    return J


def _round_by_round(params, X, y, criterion, shares, starts, activation, how):
    """Score, prune to the next share and train from the next start, once for each share.

    A start of None means that the network that was scored is trained further.
    """
    params, X, y = _in_one_dtype(params, X, y)
    mask, history = params.map(masks.everything), []
    for share, start in zip(shares, starts):
        mask = _narrow(mask, share, criterion(params, X, y, activation))
        start = params if start is None else start
        params, J = fit.formula(start, X, y, mask=mask, activation=activation, **how)
        history.append(J)
    return Pruned(params, mask, np.concatenate(history, axis=-1))


def _narrow(mask, sparsity, scores):
    """Prune a mask further, to this sparsity.

    What is already pruned gets the lowest rank, so it stays pruned.
    """
    rank = np.argsort(np.argsort(scores.flatten(), axis=-1, kind="stable"), axis=-1)
    rank = Params.unflatten(np.where(mask.flatten(), rank, -1), mask.sizes)
    keep = masks.by_sparsity.formula(rank, sparsity)
    return keep.map(np.logical_and, mask)


def _round_shares(sparsity, rounds):
    """Return 1 − (1 − sparsity)^(k/rounds) for k = 1 .. rounds.

    The last of them is exactly the sparsity, without rounding errors.
    """
    return [*(1 - (1 - sparsity) ** (k / rounds) for k in range(1, rounds)), sparsity]


def _in_one_dtype(params, X, y):
    dtype = np.result_type(params.W_ih, X, y)
    return params.map(lambda a: a.astype(dtype)), X.astype(dtype), y.astype(dtype)
