"""Slips of pruning whole units, inputs and groups of weights, and of what is saved by it. Collected
in `slips`."""

import numpy as np

from refnn import network
from refnn.checking.catalogue.slip import slip
from refnn.network import Params
from refnn.pruning import structured

# The right ones, by another name: a test that plants a slip replaces the module's own.
_original_neurons, _original_inputs, _original_n_of_m = (
    structured.neurons,
    structured.inputs,
    structured.n_of_m,
)
_original_compact, _original_compact_inputs = structured.compact, structured.compact_inputs
_original_cost = structured.cost


def _each(f, params):
    return Params(*(f(a) for a in params.arrays()))


# --- hidden units and inputs
# -----------------------------------------------------------------------------------------


def _by_sums(scores, sums, count):
    """The mask without the units of the lowest sums, whatever these are."""
    rank = Params(
        np.zeros(scores.W_ih.shape), sums, np.zeros(scores.W_ho.shape), np.zeros(scores.b_o.shape)
    )
    return _original_neurons(rank, count)


@slip("pruning.structured.neurons", "Which axis of W_ih, and which of W_ho, belongs to one unit?")
def columns_for_rows(scores, count):
    hidden = scores.b_h.shape[-1]
    sums = [np.resize(a, hidden) for a in (scores.W_ih.sum(axis=-2), scores.W_ho.sum(axis=-1))]
    return _by_sums(scores, sums[0] + scores.b_h + sums[1], count)


@slip("pruning.structured.neurons", "Who takes the absolute value: the scores or the mask?")
def abs_in_the_sums(scores, count):
    return _original_neurons(_each(np.abs, scores), count)


@slip("pruning.structured.neurons", "How many units go when count is 1?")
def count_of_the_kept(scores, count):
    return _original_neurons(scores, scores.b_h.shape[-1] - count)


@slip("pruning.structured.neurons", "Which go first, the units of small or of large sums?")
def highest_sums_first(scores, count):
    return _original_neurons(_each(np.negative, scores), count)


@slip(
    "pruning.structured.neurons",
    "What goes with a unit besides its incoming weights?",
    "H. Li et al. 2017 rank by them alone, where it is no slip",
)
def incoming_weights_alone(scores, count):
    return _by_sums(scores, scores.W_ih.sum(axis=-1), count)


@slip("pruning.structured.neurons", "Is a bias worth as much as a whole row of weights?")
def means_for_sums(scores, count):
    return _by_sums(
        scores, scores.W_ih.mean(axis=-1) + scores.b_h + scores.W_ho.mean(axis=-2), count
    )


@slip("pruning.structured.neurons", "Of two units with equal sums, which goes first?")
def later_unit_of_equals(scores, count):
    backwards = Params(
        scores.W_ih[..., ::-1, :], scores.b_h[..., ::-1], scores.W_ho[..., ::-1], scores.b_o
    )
    mask = _original_neurons(backwards, count)
    return Params(mask.W_ih[..., ::-1, :], mask.b_h[..., ::-1], mask.W_ho[..., ::-1], mask.b_o)


@slip("pruning.structured.neurons", "Whose bias is b_o?")
def output_bias_removed(scores, count):
    mask = _original_neurons(scores, count)
    return Params(mask.W_ih, mask.b_h, mask.W_ho, mask.b_o & (count == 0))


@slip("pruning.structured.neurons", "A unit without inputs still gives f(0). Where does that go?")
def outgoing_weights_left(scores, count):
    mask = _original_neurons(scores, count)
    return Params(mask.W_ih, mask.b_h, np.ones(mask.W_ho.shape, bool), mask.b_o)


@slip("pruning.structured.neurons", "Is 0.1 + 0.2 + 0.3 equal to 0.3 + 0.2 + 0.1?")
def sums_in_floats(scores, count):
    with np.errstate(all="ignore"):
        sums = np.add.accumulate(np.asarray(scores.W_ih, float), axis=-1)[..., -1] + scores.b_h
        return _by_sums(scores, np.nan_to_num(sums + scores.W_ho.sum(axis=-2)), count)


@slip("pruning.structured.inputs", "Is an input a row or a column of W_ih?")
def rows_for_columns(scores, count):
    turned = Params(
        scores.W_ih.mT, np.resize(scores.b_h, scores.W_ih.shape[-1]), scores.W_ih[..., :1, :], [0.0]
    )
    mask = _original_inputs(turned, count)
    return Params(
        mask.W_ih.mT,
        np.ones(scores.b_h.shape, bool),
        np.ones(scores.W_ho.shape, bool),
        np.ones(scores.b_o.shape, bool),
    )


@slip("pruning.structured.inputs", "Can a unit do without an input and keep its bias?")
def biases_removed_with_inputs(scores, count):
    mask = _original_inputs(scores, count)
    return Params(mask.W_ih, mask.W_ih.all(axis=-1), mask.W_ho, mask.b_o)


# --- n of every m
# ----------------------------------------------------------------------------------------------------


@slip("pruning.structured.n_of_m", "Are biases multiplied in groups?")
def biases_in_groups(scores, n, m):
    mask = _original_n_of_m(scores, n, m)
    return Params(
        mask.W_ih,
        structured._groups(np.asarray(scores.b_h), n, m),
        mask.W_ho,
        structured._groups(np.asarray(scores.b_o), n, m),
    )


@slip("pruning.structured.n_of_m", "Along which axis of W do the products of one sum stand?")
def groups_down_the_columns(scores, n, m):
    mask = _original_n_of_m(scores, n, m)
    W_ih, W_ho = (structured._groups(np.asarray(W).mT, n, m).mT for W in (scores.W_ih, scores.W_ho))
    return Params(W_ih, mask.b_h, W_ho, mask.b_o)


@slip(
    "pruning.structured.n_of_m", "In 1:4, how many of the four are not 0?", "2:4 does not show it"
)
def n_removed(scores, n, m):
    return _original_n_of_m(scores, m - n, m)


@slip("pruning.structured.n_of_m", "Which of the four are kept, the small or the large scores?")
def lowest_of_m(scores, n, m):
    return _original_n_of_m(_each(np.negative, scores), n, m)


@slip("pruning.structured.n_of_m", "Of equal scores in a group, which goes first?")
def earlier_of_equals_kept(scores, n, m):
    keep = []
    for a in (scores.W_ih, scores.W_ho):
        k = np.ones(np.shape(a), bool)
        for start in range(0, k.shape[-1], m):
            order = np.argsort(-a[..., start : start + m], axis=-1, kind="stable")
            np.put_along_axis(k[..., start : start + m], order[..., n:], False, axis=-1)
        keep.append(k)
    return Params(
        keep[0], np.ones(scores.b_h.shape, bool), keep[1], np.ones(scores.b_o.shape, bool)
    )


@slip("pruning.structured.n_of_m", "Five weights in groups of four: what may the fifth keep?")
def short_group_whole(scores, n, m):
    mask = _original_n_of_m(scores, n, m)
    W_ih, W_ho = (
        k | (np.arange(k.shape[-1]) >= k.shape[-1] // m * m) for k in (mask.W_ih, mask.W_ho)
    )
    return Params(W_ih, mask.b_h, W_ho, mask.b_o)


@slip("pruning.structured.n_of_m", "What if a row's length is no multiple of m?")
def groups_across_rows(scores, n, m):
    mask = _original_n_of_m(scores, n, m)
    W_ih, W_ho = (
        structured._groups(np.ravel(W), n, m).reshape(np.shape(W))
        for W in (scores.W_ih, scores.W_ho)
    )
    return Params(W_ih, mask.b_h, W_ho, mask.b_o)


# --- the smaller network, and what it costs
# --------------------------------------------------------------------------


def _some_units(params, mask, used):
    """One masked network with the units that are used."""
    p = network.apply_mask(params, mask)
    return Params(p.W_ih[used], p.b_h[used], p.W_ho[:, used], p.b_o)


def _bool(mask):
    return [np.asarray(a, bool) for a in mask.arrays()]


@slip("pruning.structured.compact", "What is sigmoid(0), and where does it go?")
def dead_by_row_and_bias(params, mask):
    W_ih, b_h, _, _ = _bool(mask)
    return _some_units(params, mask, W_ih.any(axis=-1) | b_h)


@slip(
    "pruning.structured.compact",
    "Are all of a unit's parameters pruned when none of its outgoing weights is left?",
)
def dead_by_its_column(params, mask):
    return _some_units(params, mask, _bool(mask)[2].any(axis=-2))


@slip("pruning.structured.compact", "What does a bias give where there is no weight?")
def dead_without_weights(params, mask):
    W_ih, _, W_ho, _ = _bool(mask)
    return _some_units(params, mask, W_ih.any(axis=-1) | W_ho.any(axis=-2))


@slip("pruning.structured.compact", "What of a pruned weight in a unit that stays?")
def mask_forgotten(params, mask):
    nothing = Params(*(np.ones(a.shape, bool) for a in params.arrays()))
    W_ih, b_h, W_ho, _ = _bool(mask)
    return _some_units(params, nothing, W_ih.any(axis=-1) | b_h | W_ho.any(axis=-2))


@slip("pruning.structured.compact", "Does every network of a stack keep the same units?")
def units_of_the_first_network(params, mask):
    first = _each(lambda a: np.broadcast_to(a[(0,) * len(mask.batch)], a.shape), mask)
    return _original_compact(network.apply_mask(params, mask), first)


@slip(
    "pruning.structured.compact_inputs",
    "Which column of X does the second of the inputs that are left take?",
)
def inputs_renumbered(params, mask):
    small, kept = _original_compact_inputs(params, mask)
    return structured.FewerInputs(small, np.broadcast_to(np.arange(kept.shape[-1]), kept.shape))


@slip(
    "pruning.structured.compact_inputs",
    "Must every unit have lost an input before the input can go?",
)
def input_gone_where_any_lost_it(params, mask):
    used = np.asarray(mask.W_ih, bool).all(axis=-2)
    p = network.apply_mask(params, mask)
    return structured.FewerInputs(Params(p.W_ih[:, used], *p.arrays()[1:]), np.flatnonzero(used))


@slip("pruning.structured.cost", "How many multiplications does a bias need?")
def biases_multiplied(params, mask=None, bits=32):
    c = _original_cost(params, mask, bits)
    return c._replace(multiply_adds=params.flatten().shape[-1])


@slip("pruning.structured.cost", "Does a dense kernel know which of its weights are 0?")
def zeros_for_free(params, mask=None, bits=32):
    c = _original_cost(params, mask, bits)
    return c._replace(multiply_adds=c.nonzero)


@slip("pruning.structured.cost", "Where is it written which of the weights the stored ones are?")
def bytes_of_the_kept_alone(params, mask=None, bits=32):
    c = _original_cost(params, mask, bits)
    p = params if mask is None else network.apply_mask(params, mask)
    return c._replace(bytes=-(-bits * (p.flatten() != 0).sum(axis=-1) // 8))


@slip("pruning.structured.cost", "How many bytes hold 61 codes of 3 bits?")
def whole_bytes_each(params, mask=None, bits=32):
    c = _original_cost(params, mask, bits)
    return c._replace(bytes=-(-bits // 8) * params.flatten().shape[-1])
