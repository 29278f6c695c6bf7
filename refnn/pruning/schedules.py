"""When to prune: once, round by round, gradually, on a start rewound, or with the rest moved to
make up for it.

    sparsity  share of the n = 61 parameters that is pruned        mask  True = kept; what is pruned stays exactly 0
    criterion  a function (params, X, y, activation=…) -> Params of scores, low = prune first: `importance` has them

    one_shot    score, prune, fine-tune
    iterative   the same share of what is left, again and again (S. Han et al., "Learning both weights and connections
                for efficient neural networks", 2015)
    gradual     while training, by a cubic schedule (M. Zhu, S. Gupta, "To prune, or not to prune", 2017)
    lottery     the trained network's mask on the start it was trained from (J. Frankle, M. Carbin, "The lottery ticket
                hypothesis", 2019), with a new random start as its control
    obs         Optimal Brain Surgeon; see `surgeon`

One network or a stack, each network with a mask of its own. `history` is the error on the training
data: a pruned network is judged by its test error, which may fall while that rises."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from refnn import arrays, network, training, transposed
from refnn.network import FIELDS, Params
from refnn.pruning import masks
from refnn.pruning.surgeon import Surgery, obs  # noqa: F401  (also offered here: it is a schedule)

MAX_ROUNDS = 10**4


class Pruned(NamedTuple):
    """params, 0 where the mask is False. history (…, m): J as in `fit`, before the first step and
    after each; of several fits one after the other.
    >>> Pruned._fields
    ('params', 'mask', 'history')"""

    params: Params
    mask: Params
    history: np.ndarray


def cubic(step, begin, end, initial, final):
    """s = final + (initial − final)·(1 − (step − begin)/(end − begin))³; initial before begin,
    final after end.

    Zhu & Gupta 2017, equation 1, as TensorFlow Model Optimization has it: fast at first, slow at
    the end. step: a number or an array; initial and final from 0 to 1; begin < end.

    >>> cubic([0, 100, 105, 110, 999], begin=100, end=110, initial=0.2, final=0.8)
    array([0.2  , 0.2  , 0.725, 0.8  , 0.8  ])
    """
    for name, value, *ends in (
        ("begin", begin),
        ("end", end),
        ("initial", initial, 0, 1),
        ("final", final, 0, 1),
    ):
        arrays.number("cubic", name, value, *ends)
    t, begin, end, initial, final = arrays.together(
        "cubic", {"step": step, "begin": begin, "end": end, "initial": initial, "final": final}
    )
    with np.errstate(all="ignore"):
        span = end - begin
        if not 0 < span < np.inf:
            arrays.refuse("cubic", "end", f"greater than begin = {begin}", f"{end}")
        to_go = 1 - (np.clip(t, begin, end) - begin) / span  # 1 at begin, 0 at end
        return np.where(t <= begin, initial, final + (initial - final) * to_go**3)[()]


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
    """Prune the round(sparsity·n) lowest scores, then fine-tune `steps` steps (0: none), the mask
    held.

    >>> from refnn.pruning.importance import magnitude
    >>> p = Params([[1.0, -3.0]], [0.5], [[2.0]], [4.0])
    >>> one_shot(p, [[1.0, 1.0]], [[0.0]], 0.4, magnitude, steps=0, lr=0.1).params.flatten()
    array([ 0., -3.,  0.,  2.,  4.])
    """
    (params, _, _), tune, narrow = _tools(
        "one_shot",
        params,
        X,
        y,
        sparsity,
        criterion,
        steps,
        lr,
        optimizer,
        weight_decay,
        activation,
    )
    return _round_by_round(params, [sparsity], [None], tune, narrow)


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
    """`rounds` times: score, prune the same share of what is left, fine-tune `steps` steps.

    After round k the share (1 − sparsity)^(k/rounds) is kept; what was pruned stays pruned,
    whatever its score. history (…, rounds·(steps + 1)). A network that diverges before the last
    pruning cannot be scored: lr is refused.

    >>> from refnn.pruning.importance import magnitude
    >>> p, X = network.init(np.random.default_rng(0)), np.eye(10)
    >>> done = iterative(p, X, X[:, :1], 0.75, magnitude, rounds=2, steps=1, lr=0.01)     # 61 − round(45.75) = 15
    >>> masks.count(done.mask), done.history.shape
    (np.int64(15), (4,))
    """
    rounds = arrays.whole("iterative", "rounds", rounds, 1, MAX_ROUNDS)
    (params, _, _), tune, narrow = _tools(
        "iterative",
        params,
        X,
        y,
        sparsity,
        criterion,
        steps,
        lr,
        optimizer,
        weight_decay,
        activation,
    )
    return _round_by_round(params, _shares(sparsity, rounds), [None] * rounds, tune, narrow)


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
    """The mask of `trained` on the values of `start`, trained again for `steps` steps: a winning
    ticket, or not.

    trained is what start became. rounds > 1: as `iterative`, every round rewound to start. The
    control, reinitialise = a Generator: the same mask, but for the last training on a new
    `network.init`. history: of every round.

    >>> from refnn.pruning.importance import magnitude
    >>> start, trained = Params([[1.0, 2.0]], [3.0], [[4.0]], [5.0]), Params([[9.0, -8.0]], [1.0], [[2.0]], [7.0])
    >>> lottery(start, trained, [[1.0, 1.0]], [[0.0]], 0.4, magnitude, steps=0, lr=0.1).params.flatten()
    array([1., 2., 0., 0., 5.])
    """
    given = arrays.fields("lottery", "trained", trained)
    given = arrays.fields("lottery", "start", start, trained) | given
    given = arrays.together("lottery", given, exact=False)
    start = Params(*(np.broadcast_to(a, b.shape) for a, b in zip(given[:4], given[4:])))
    rounds = arrays.whole("lottery", "rounds", rounds, 1, MAX_ROUNDS)
    (trained, _, _), tune, narrow = _tools(
        "lottery",
        Params(*given[4:]),
        X,
        y,
        sparsity,
        criterion,
        steps,
        lr,
        optimizer,
        weight_decay,
        activation,
    )
    last = start
    if reinitialise is not None:
        new = network.init(
            arrays.generator("lottery", "reinitialise", reinitialise), start.sizes, start.batch
        )
        last = Params(*(a.astype(b.dtype) for a, b in zip(new.arrays(), start.arrays())))
    return _round_by_round(
        trained, _shares(sparsity, rounds), [start] * (rounds - 1) + [last], tune, narrow
    )


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
    """Prune while training, by `cubic` from `initial` to `sparsity`: after step begin, every
    `every` steps, and at end.

    One training of `steps` steps: the optimiser keeps its moments when parameters go, and what is
    gone stays gone. end None: after three quarters of the steps, so that the last quarter
    fine-tunes. history (…, steps + 1).

    >>> from refnn.pruning.importance import taylor
    >>> p, X = network.init(np.random.default_rng(0), (1, 8, 1)), np.linspace(-1, 1, 9)[:, None]
    >>> done = gradual(p, X, np.sin(3 * X), 0.6, taylor, steps=400, every=10, lr=0.05)    # 25 − 15 = 10
    >>> masks.count(done.mask), bool(done.history[-1] < 0.1)
    (np.int64(10), True)
    """
    steps = arrays.whole("gradual", "steps", steps, 1, training.MAX_STEPS)
    every = arrays.whole("gradual", "every", every, 1, training.MAX_STEPS)
    begin = arrays.whole("gradual", "begin", begin, 0, steps - 1)
    end = arrays.whole(
        "gradual",
        "end",
        max(begin + 1, steps - steps // 4) if end is None else end,
        begin + 1,
        steps,
    )
    (params, X, y), _, narrow = _tools(
        "gradual", params, X, y, sparsity, criterion, steps, lr, optimizer, weight_decay, activation
    )
    initial = arrays.number(
        "gradual", "initial", initial, 0, arrays.number("gradual", "sparsity", sparsity)
    )
    objective = transposed.objective(params.sizes, params.batch, X, y, activation)
    theta, mask = params.flatten(), _whole(params)
    flat = int(np.prod(params.batch)), theta.shape[-1]
    lr, decay = (
        training.per_network("gradual", name, a, params, theta.dtype, np.isfinite, "finite")
        for name, a in (("lr", lr), ("weight_decay", weight_decay))
    )
    history = np.empty((steps + 1, flat[0]), theta.dtype)
    seen, clock = iter(history), iter(range(steps + 1))

    def gradient(theta):
        next(seen)[:], g = objective(theta)
        return g + decay * theta

    def as_params(theta):
        return Params.unflatten(theta.reshape(*params.batch, flat[1]), params.sizes)

    def held(theta):
        return np.where(mask.flatten().reshape(flat), theta, theta.dtype.type(0))

    def project(theta):
        nonlocal mask
        if (t := next(clock)) in (0, end) or t in range(begin, end, every):
            mask = narrow(as_params(held(theta)), mask, cubic(t, begin, end, initial, sparsity))
        return held(theta)

    last = training.descend(theta.reshape(flat), gradient, steps, lr, optimizer, project)
    with np.errstate(all="ignore"):
        gradient(last)
    return Pruned(as_params(last), mask, history.T.reshape(*params.batch, steps + 1))


def sensitivity(params, X, y, criterion, sparsities, activation="tanh"):
    """J when only one of W_ih, b_h, W_ho, b_o is pruned, to each sparsity, the rest whole: (…, 4,
    len(sparsities)).

    >>> from refnn.pruning.importance import magnitude
    >>> p = Params([[1.0, 2.0]], [3.0], [[4.0]], [5.0])                        # ŷ = 4·(x₁ + 2x₂ + 3) + 5
    >>> sensitivity(p, [[1.0, 1.0]], [[0.0]], magnitude, [0, 0.5, 1], "identity")
    array([[420.5, 312.5, 144.5],
           [420.5, 420.5, 144.5],
           [420.5, 420.5,  12.5],
           [420.5, 420.5, 288. ]])
    """
    params, X, y = network.checked("sensitivity", params, X, y, activation, complex_=False)
    shares = arrays.numbers("sensitivity", "sparsities", sparsities, ndim=1)
    if ((shares < 0) | (shares > 1)).any():
        arrays.refuse("sensitivity", "sparsities", "from 0 to 1", arrays.describe(sparsities))
    scores = _scores("sensitivity", criterion, params, X, y, activation)
    J = np.empty((*params.batch, len(FIELDS), len(shares)), np.result_type(params.W_ih, X, y))
    for k, share in enumerate(shares):
        pruned = network.apply_mask(params, masks.by_sparsity(scores, share, scope="layer"))
        for i, name in enumerate(FIELDS):
            one = replace(params, **{name: getattr(pruned, name)})
            J[..., i, k] = network.half_square(network.propagate(one, X, activation).y_hat, y)
    return J


def _tools(
    function, params, X, y, sparsity, criterion, steps, lr, optimizer, weight_decay, activation
):
    """(params, X, y) checked; tune(params, mask) -> Fit; narrow(params, mask, sparsity) -> a mask
    within that one."""
    params, X, y = network.checked(function, params, X, y, activation, exact=False, complex_=False)
    dtype = np.result_type(params.W_ih, X, y)
    params, X, y = (
        Params(*(a.astype(dtype) for a in params.arrays())),
        X.astype(dtype),
        y.astype(dtype),
    )
    arrays.number(function, "sparsity", sparsity, 0, 1)
    arrays.whole(function, "steps", steps, 0, training.MAX_STEPS)
    _callable(function, criterion)

    def tune(params, mask, steps=steps):
        return training.fit(
            params,
            X,
            y,
            steps=steps,
            lr=lr,
            optimizer=optimizer,
            weight_decay=weight_decay,
            mask=mask,
            activation=activation,
        )

    def narrow(params, mask, sparsity):
        if not np.isfinite(params.flatten()).all():
            arrays.refuse(
                function,
                "lr",
                "one with which training stays finite until the last pruning",
                arrays.describe(lr),
            )
        scores = _scores(function, criterion, params, X, y, activation).flatten()
        rank = np.argsort(np.argsort(scores, axis=-1, kind="stable"), axis=-1)
        rank = np.where(mask.flatten(), rank, -1)  # what is pruned stands below all
        keep = masks.by_sparsity(Params.unflatten(rank, params.sizes), sparsity)
        return Params(*(a & b for a, b in zip(keep.arrays(), mask.arrays())))

    tune(params, None, steps=0)  # refuses what `fit` refuses
    return (params, X, y), tune, narrow


def _callable(function, criterion):
    if not callable(criterion):
        arrays.refuse(
            function,
            "criterion",
            "a function (params, X, y, activation=…) -> Params of scores",
            arrays.describe(criterion),
            TypeError,
        )


def _scores(function, criterion, params, X, y, activation):
    """The criterion's scores, checked, one a parameter."""
    _callable(function, criterion)
    scores = criterion(params, X, y, activation=activation)
    scores = arrays.together(
        function, arrays.fields(function, "criterion", scores, params, "scores")
    )
    return Params(*(np.broadcast_to(a, b.shape) for a, b in zip(scores, params.arrays())))


def _round_by_round(params, shares, starts, tune, narrow):
    """Score, prune to the next share, train from the next start (None: from where the last round
    ended)."""
    mask, history = _whole(params), []
    for share, start in zip(shares, starts):
        mask = narrow(params, mask, share)
        params, J = tune(params if start is None else start, mask)
        history.append(J)
    return Pruned(params, mask, np.concatenate(history, axis=-1))


def _shares(sparsity, rounds):
    """1 − (1 − sparsity)^(k/rounds) for k = 1 .. rounds; the last exactly the sparsity."""
    return [*(1 - (1 - sparsity) ** (k / rounds) for k in range(1, rounds)), sparsity]


def _whole(params):
    return Params(*(np.ones(a.shape, dtype=bool) for a in params.arrays()))
