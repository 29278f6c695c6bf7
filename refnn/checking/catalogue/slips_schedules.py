"""Slips of when to prune, and of Optimal Brain Surgeon. Collected in `slips`."""

import numpy as np

from refnn import derivatives, network, training
from refnn.checking.catalogue.slip import slip
from refnn.network import Params
from refnn.pruning import masks, schedules

# The right ones, by another name: a test that plants a slip replaces the module's own.
_original_one_shot, _original_lottery, _original_obs = (
    schedules.one_shot,
    schedules.lottery,
    schedules.obs,
)


# --- the cubic schedule
# ----------------------------------------------------------------------------------------------


def _schedule(step, begin, end, initial, final, exponent=3, held=True, backwards=False):
    part = (step - begin) / (end - begin)
    part = min(max(part, 0), 1) if held else part
    return final + (initial - final) * (part if backwards else 1 - part) ** exponent


@slip(
    "pruning.schedules.cubic",
    "How much of the way to the final sparsity is left when half the time is?",
)
def linear_for_cubic(step, begin, end, initial, final):
    return _schedule(step, begin, end, initial, final, exponent=1)


@slip(
    "pruning.schedules.cubic",
    "What is the sparsity before the schedule begins, and what does your function return?",
    "Distiller's notebook agp_schedule",
)
def epoch_before_begin(step, begin, end, initial, final):
    return step if step < begin else _schedule(step, begin, end, initial, final)


@slip("pruning.schedules.cubic", "Which sparsity belongs to the beginning, which to the end?")
def begin_and_end_exchanged(step, begin, end, initial, final):
    return _schedule(step, begin, end, initial, final, backwards=True)


@slip("pruning.schedules.cubic", "What does the cube do after the end?")
def past_the_end(step, begin, end, initial, final):
    return _schedule(step, begin, end, initial, final, held=False) if step >= begin else initial


# --- once, round by round, gradually
# ---------------------------------------------------------------------------------


@slip("pruning.schedules.one_shot", "What does fine-tuning do to a parameter that is 0?")
def tuned_without_the_mask(params, X, y, sparsity, criterion, **options):
    done = _original_one_shot(params, X, y, sparsity, criterion, **{**options, "steps": 0})
    params, J = training.fit(done.params, X, y, **options)
    return schedules.Pruned(params, done.mask, J)


def _rounds(params, X, y, criterion, shares, remembered, options):
    keep, history = np.ones(params.flatten().shape, dtype=bool), []
    for share in shares:
        scores = criterion(params, X, y, activation=options.get("activation", "tanh")).flatten()
        scores = np.where(keep, scores, scores.min() - 1) if remembered else scores
        mask = masks.by_sparsity(Params.unflatten(scores, params.sizes), share)
        keep = mask.flatten()
        params, J = training.fit(params, X, y, mask=mask, **options)
        history.append(J)
    return schedules.Pruned(params, mask, np.concatenate(history, axis=-1))


@slip("pruning.schedules.iterative", "May a parameter come back because its slope is steep?")
def mask_forgotten_between_rounds(params, X, y, sparsity, criterion, *, rounds, **options):
    shares = 1 - (1 - sparsity) ** (np.arange(1, rounds + 1) / rounds)
    return _rounds(params, X, y, criterion, shares, False, options)


@slip("pruning.schedules.iterative", "A share of what does each round remove?")
def share_of_the_original(params, X, y, sparsity, criterion, *, rounds, **options):
    return _rounds(
        params, X, y, criterion, sparsity * np.arange(1, rounds + 1) / rounds, True, options
    )


@slip("pruning.schedules.iterative", "How much is left after all rounds, and how much should be?")
def whole_sparsity_every_round(params, X, y, sparsity, criterion, *, rounds, **options):
    return _rounds(
        params, X, y, criterion, 1 - (1 - sparsity) ** np.arange(1, rounds + 1), True, options
    )


@slip("pruning.schedules.gradual", "What becomes of the optimiser's moments when the mask changes?")
def optimizer_started_anew(
    params, X, y, sparsity, criterion, *, steps, every, initial=0.0, **options
):
    mask, history = masks.by_sparsity(criterion(params, X, y), initial), []
    for start in range(0, steps, every):
        params, J = training.fit(
            params, X, y, steps=min(every, steps - start), mask=mask, **options
        )
        history.append(J[..., bool(start) :])
        share = schedules.cubic(start + every, 0, steps, initial, sparsity)
        mask = masks.by_sparsity(criterion(params, X, y), share)
    return schedules.Pruned(
        network.apply_mask(params, mask), mask, np.concatenate(history, axis=-1)
    )


# --- the lottery ticket
# ----------------------------------------------------------------------------------------------


@slip("pruning.schedules.lottery", "With which values does a winning ticket begin?")
def rewound_to_the_trained(start, trained, X, y, sparsity, criterion, **options):
    return _original_lottery(trained, trained, X, y, sparsity, criterion, **options)


@slip(
    "pruning.schedules.lottery",
    "Which network says what matters, the one before the training or the one after?",
)
def mask_of_the_start(start, trained, X, y, sparsity, criterion, **options):
    return _original_lottery(start, start, X, y, sparsity, criterion, **options)


@slip("pruning.schedules.lottery", "What must differ between a ticket and its control?")
def control_on_the_same_start(
    start, trained, X, y, sparsity, criterion, *, reinitialise=None, **options
):
    return _original_lottery(start, trained, X, y, sparsity, criterion, **options)


# --- Optimal Brain Surgeon, sensitivity
# ------------------------------------------------------------------------------


def _surgery(params, X, y, count, activation, damping, weight_decay, sign=1, pivots_of_H=False):
    theta, n, order, cost = params.flatten(), params.flatten().size, [], []
    H = derivatives.hessian(params, X, y, activation) + (weight_decay + damping) * np.eye(n)
    for _ in range(count):
        left = [i for i in range(n) if i not in order]
        inverse = np.zeros((n, n))
        inverse[np.ix_(left, left)] = np.linalg.inv(H[np.ix_(left, left)])
        pivots = (H if pivots_of_H else inverse).diagonal()
        i = min(left, key=lambda i: theta[i] ** 2 / pivots[i])
        order.append(i)
        cost.append(theta[i] ** 2 / pivots[i] / 2)
        theta = theta - sign * inverse[:, i] * theta[i] / pivots[i]
        theta[i] = 0
    mask = Params.unflatten(~np.isin(np.arange(n), order), params.sizes)
    return schedules.Surgery(
        network.apply_mask(Params.unflatten(theta, params.sizes), mask),
        mask,
        np.array(order),
        np.array(cost),
    )


@slip("pruning.schedules.obs", "What do the others do when one is removed?")
def survivors_not_moved(params, X, y, count, activation="tanh", damping=0.0, *, weight_decay=0.0):
    return _surgery(params, X, y, count, activation, damping, weight_decay, sign=0)


@slip(
    "pruning.schedules.obs", "By its own formula, how far does the removed parameter itself move?"
)
def survivors_moved_the_wrong_way(
    params, X, y, count, activation="tanh", damping=0.0, *, weight_decay=0.0
):
    return _surgery(params, X, y, count, activation, damping, weight_decay, sign=-1)


@slip("pruning.schedules.obs", "Of which matrix is the diagonal in the denominator?")
def diagonal_of_H_for_its_inverse(
    params, X, y, count, activation="tanh", damping=0.0, *, weight_decay=0.0
):
    return _surgery(params, X, y, count, activation, damping, weight_decay, pivots_of_H=True)


@slip(
    "pruning.schedules.obs",
    "Of which objective is this the minimum, and what is that objective's Hessian?",
)
def decay_not_in_H(params, X, y, count, activation="tanh", damping=0.0, *, weight_decay=0.0):
    return _original_obs(params, X, y, count, activation, damping)


@slip("pruning.schedules.sensitivity", "How many of the four arrays are pruned at a time?")
def all_arrays_at_once(params, X, y, criterion, sparsities, activation="tanh"):
    scores, J = criterion(params, X, y, activation=activation), []
    for share in sparsities:
        pruned = network.apply_mask(params, masks.by_sparsity(scores, share, scope="layer"))
        J.append(network.loss(network.forward(pruned, X, activation).y_hat, y))
    return np.repeat(np.stack(J, axis=-1)[..., None, :], 4, axis=-2)
