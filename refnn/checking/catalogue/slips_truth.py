"""Slips of judging deletions by their true cost. Collected in `slips`."""

import numpy as np

from refnn import network, training
from refnn.checking.catalogue.slip import slip
from refnn.network import Params
from refnn.pruning import truth

# The right ones, by another name: a test that plants a slip replaces the module's own.
_original_deletion, _original_pairs, _original_loss_without = (
    truth.deletion,
    truth.pairs,
    truth.loss_without,
)
_original_every_mask, _original_every_inputs, _original_best_of = (
    truth.every_mask,
    truth.every_inputs,
    truth.best_of,
)


def _J(params, X, y, activation):
    return network.loss(network.forward(params, X, activation).y_hat, y)


def _like(params, vector):
    return Params.unflatten(vector, params.sizes)


def _changes(params, X, y, activation, without):
    """The change of J by without(theta, i) for each i."""
    J, theta = _J(params, X, y, activation), params.flatten()
    return _like(
        params,
        np.array(
            [
                _J(_like(params, without(theta.copy(), i)), X, y, activation) - J
                for i in range(theta.size)
            ]
        ),
    )


def _units(params):
    """The positions of each hidden unit's row, bias and column."""
    at = _like(params, np.arange(params.flatten().size))
    return [
        np.concatenate([at.W_ih[j], at.b_h[j : j + 1], at.W_ho[:, j]])
        for j in range(params.sizes[1])
    ]


# --- one and two
# -----------------------------------------------------------------------------------------------------


@slip("pruning.truth.deletion", "J rises when something useful goes. What sign has its cost?")
def gain_for_cost(params, X, y, activation="tanh"):
    return _like(params, -_original_deletion(params, X, y, activation).flatten())


@slip("pruning.truth.deletion", "Is it J after the deletion, or what the deletion adds to J?")
def loss_for_its_change(params, X, y, activation="tanh"):
    return _like(
        params,
        _original_deletion(params, X, y, activation).flatten() + _J(params, X, y, activation),
    )


@slip("pruning.truth.deletion", "Is J a straight line all the way from the parameter to 0?")
def first_order_for_the_truth(params, X, y, activation="tanh"):
    return _like(params, -(network.backward(params, X, y, activation).flatten() * params.flatten()))


@slip("pruning.truth.deletion", "Is J a sum over the examples or their mean?")
def mean_cost(params, X, y, activation="tanh"):
    return _like(params, _original_deletion(params, X, y, activation).flatten() / len(y))


@slip("pruning.truth.deletion", "The outputs change. Is that good or bad, and where is that asked?")
def change_of_output_for_change_of_J(params, X, y, activation="tanh"):
    return _original_deletion(params, X, network.forward(params, X, activation).y_hat, activation)


@slip("pruning.truth.deletion", "What else goes when one weight of a hidden unit is deleted?")
def neuron_for_weight(params, X, y, activation="tanh"):
    units = _units(params)

    def without(theta, i):
        theta[next((unit for unit in units if i in unit), [i])] = 0
        return theta

    return _changes(params, X, y, activation, without)


@slip("pruning.truth.deletion", "May a bias be deleted?")
def biases_cost_nothing(params, X, y, activation="tanh"):
    costs = _original_deletion(params, X, y, activation)
    return Params(costs.W_ih, 0 * costs.b_h, costs.W_ho, 0 * costs.b_o)


@slip("pruning.truth.deletion", "When the third is tried, what has become of the first two?")
def never_put_back(params, X, y, activation="tanh"):
    def without(theta, i):
        theta[: i + 1] = 0 * theta[: i + 1]
        return theta

    return _changes(params, X, y, activation, without)


def _with_deletions(table, costs):
    table[np.diag_indices(len(costs))] = costs
    return table


@slip("pruning.truth.pairs", "Does the second deletion find the network that the first one found?")
def pair_is_the_sum_of_its_singles(params, X, y, activation="tanh"):
    costs = _original_deletion(params, X, y, activation).flatten()
    return _with_deletions(costs[:, None] + costs, costs)


@slip("pruning.truth.pairs", "Two weights go into one tanh. Do their changes of its output add?")
def changes_add_within_a_unit(params, X, y, activation="tanh"):
    table, theta = _original_pairs(params, X, y, activation), params.flatten()
    without = [
        _like(params, np.where(np.arange(theta.size) == i, 0 * theta, theta))
        for i in range(theta.size)
    ]
    y_hat = network.forward(params, X, activation).y_hat
    d = np.array([(network.forward(p, X, activation).y_hat - y_hat).ravel() for p in without])
    costs = np.diagonal(table).copy()
    for unit in _units(params):
        table[np.ix_(unit, unit)] = (costs[:, None] + costs + d @ d.T)[np.ix_(unit, unit)]
    return _with_deletions(table, costs)


@slip("pruning.truth.pairs", "What is left to delete when a parameter is paired with itself?")
def deleted_twice_on_the_diagonal(params, X, y, activation="tanh"):
    table = _original_pairs(params, X, y, activation)
    return _with_deletions(table, 2 * np.diagonal(table))


# --- many
# ------------------------------------------------------------------------------------------------------------


@slip("pruning.truth.loss_without", "Is the mask True for what is kept or for what goes?")
def removed_for_kept(params, masks, X, y, activation="tanh"):
    return _original_loss_without(params, 1 - np.asarray(masks, dtype=int), X, y, activation)


@slip("pruning.truth.loss_without", "In which order does flatten read a matrix?")
def mask_read_by_columns(params, masks, X, y, activation="tanh"):
    at = _like(params, np.arange(params.flatten().size))
    order = np.concatenate([at.W_ih.T.ravel(), at.b_h, at.W_ho.T.ravel(), at.b_o])
    return _original_loss_without(params, np.asarray(masks)[..., order], X, y, activation)


@slip("pruning.truth.loss_without", "Is J a sum over the examples or their mean?")
def mean_J_of_masks(params, masks, X, y, activation="tanh"):
    return _original_loss_without(params, masks, X, y, activation) / len(y)


def _best(params, keep, X, y, activation):
    J = _original_loss_without(params, keep[None], X, y, activation)[0]
    return truth.Best(np.flatnonzero(~keep), J)


def _cheapest_singles(params, X, y, count, activation):
    costs = _original_deletion(params, X, y, activation).flatten()
    keep = np.ones(costs.shape, bool)
    keep[np.argsort(costs, kind="stable")[:count]] = False
    return _best(params, keep, X, y, activation)


def _greedy(params, X, y, count, activation):
    keep = np.ones(params.flatten().shape, bool)
    for _ in range(count):
        tried = np.where(np.eye(keep.size, dtype=bool), False, keep)[keep]
        keep = tried[np.argmin(_original_loss_without(params, tried, X, y, activation))]
    return _best(params, keep, X, y, activation)


@slip(
    "pruning.truth.best_subset",
    "Are the two that cost least alone the two that cost least together?",
)
def the_cheapest_singles(params, X, y, count, activation="tanh"):
    return _cheapest_singles(params, X, y, count, activation)


@slip("pruning.truth.best_subset", "Must the best three contain the best two?")
def greedy_for_best(params, X, y, count, activation="tanh"):
    return _greedy(params, X, y, count, activation)


@slip("pruning.truth.best_known", "Once the first is gone, do the others cost what they did?")
def ranked_once(params, X, y, count, activation="tanh"):
    return _cheapest_singles(params, X, y, count, activation)


@slip("pruning.truth.best_known", "May something that went early come back?")
def never_exchanged(params, X, y, count, activation="tanh"):
    return _greedy(params, X, y, count, activation)


@slip("pruning.truth.every_mask", "Which parameter does the lowest bit of the index stand for?")
def first_parameter_at_the_highest_bit(params, X, y, activation="tanh"):
    table = _original_every_mask(params, X, y, activation)
    n = params.flatten().shape[-1]
    return table[[int(f"{k:0{n}b}"[::-1], 2) for k in range(2**n)]]


@slip("pruning.truth.every_inputs", "Is a bit 1 for an input that is kept or for one that goes?")
def bit_of_what_goes(params, X, y, activation="tanh"):
    return _original_every_inputs(params, X, y, activation)[..., ::-1]


@slip(
    "pruning.truth.every_neurons", "What does a unit of sigmoids say when all that enters it is 0?"
)
def column_of_the_unit_left(params, X, y, activation="tanh"):
    units, n = _units(params), params.flatten().size
    keep = np.ones((2 ** len(units), n), bool)
    for index, mask in enumerate(keep):
        for j, unit in enumerate(units):
            mask[unit[: params.sizes[0] + 1]] = index >> j & 1
    return _original_loss_without(params, keep, X, y, activation)


@slip("pruning.truth.best_of", "Is count the number of those that go or of those that stay?")
def as_many_kept_as_should_go(table, count):
    return _original_best_of(table, np.shape(table)[-1].bit_length() - 1 - count)


def _retrained(params, X, y, steps, lr, activation, fit):
    n = params.flatten().size
    masks = [_like(params, np.array([k >> i & 1 for i in range(n)], bool)) for k in range(2**n)]
    options = {"steps": steps, "lr": lr, "activation": activation}
    return np.array([fit(mask, options) for mask in masks])


@slip("pruning.truth.every_mask_retrained", "What is a pruned weight after one more step?")
def mask_not_held_in_retraining(
    params, X, y, *, steps=200, lr=0.01, activation="tanh", progress=None
):
    return _retrained(
        params,
        X,
        y,
        steps,
        lr,
        activation,
        lambda mask, options: training.fit(
            network.apply_mask(params, mask), X, y, **options
        ).history[-1],
    )


@slip("pruning.truth.every_mask_retrained", "Which comes first, the mask or the retraining?")
def masked_after_training(params, X, y, *, steps=200, lr=0.01, activation="tanh", progress=None):
    dense = training.fit(params, X, y, steps=steps, lr=lr, activation=activation).params
    return _original_every_mask(dense, X, y, activation)
