"""Mistakes that only the tests plant, and how one is planted. Each is an edit of a formula, as in
the catalogue of slips; the test beside it must fail."""

import importlib
import inspect
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest

from refnn import network, training
from refnn.checking.catalogue.slip import ALSO, compiled, functions, home, sources
from refnn.pruning import masks, schedules


class Mutant(NamedTuple):
    """A mistake in a function, and the test that catches it."""

    name: str
    formula: str  # "module.function" below refnn; the edits may be anywhere in that module
    edits: list  # of pairs (the right text, the wrong text); or a function, where it is no edit
    caught_by: str  # "module.test" below tests


def plant(monkeypatch, formula, edits):
    """Exchange the code of the functions that the edits change, for all who call them; or put a
    function in the formula's place."""
    module = home(formula)
    if callable(edits):
        monkeypatch.setattr(module, formula.rsplit(".", 1)[1], edits)
        return
    for name, function in ALSO.items():
        if not hasattr(module, name):
            monkeypatch.setattr(module, name, function, raising=False)
    right, wrong = (sources(formula, pairs) for pairs in ((), tuple(edits)))
    for name, function in functions(module).items():
        if wrong[name] != right[name]:
            new = inspect.unwrap(compiled(formula, tuple(edits))[name])
            monkeypatch.setattr(function, "__code__", new.__code__)
            if getattr(getattr(module, name), "fast", None):  # which is that of the right formula
                monkeypatch.setattr(getattr(module, name), "fast", None)


def named(caught_by):
    """The test function of "module.test" below tests."""
    module, test = caught_by.rsplit(".", 1)
    return getattr(importlib.import_module(module), test)


def run(test):
    """Run a test, with the generator that it asks for."""
    takes_rng = "rng" in test.__code__.co_varnames[: test.__code__.co_argcount]
    test(*[np.random.default_rng(0)] * takes_rng)


passes = cache(run)  # without a mistake: once for each test


def assert_caught(monkeypatch, formula, edits, caught_by):
    """The test passes, and fails when the mistake is planted."""
    test = named(caught_by)
    passes(test)
    plant(monkeypatch, formula, edits)
    with pytest.raises(AssertionError):
        run(test)


# No edit: the one training of `gradual` becomes a training for each mask.
def optimizer_started_anew(
    params, X, y, sparsity, criterion, *, steps, every, initial=0.0, **options
):
    mask, history = masks.by_sparsity(criterion(params, X, y), initial), []
    for start in range(0, steps, every):
        block = min(every, steps - start)
        params, J = training.fit(params, X, y, steps=block, mask=mask, **options)
        history.append(J[..., bool(start) :])
        share = schedules.cubic(start + every, 0, steps, initial, sparsity)
        mask = masks.by_sparsity(criterion(params, X, y), share)
    params = network.apply_mask(params, mask)
    return schedules.Pruned(params, mask, np.concatenate(history, axis=-1))


SUMS = "W_ih.sum(axis=-1) + b_h + W_ho.sum(axis=-2)"
USED = "mask.W_ih.any(axis=-1) | mask.b_h | mask.W_ho.any(axis=-2)"
SINGLES = "return flips.singles(p, X, y, activation)"
IN_A_UNIT = "table[own[:, a], own[:, b]] = table[own[:, b], own[:, a]] = units[:, q:]"
SWAPS = ("while 0 < count < len(keep):", "while False:")
GROUPS = "partition.groups(values, counts, levels)"

# fmt: off
CAUGHT = {  # by which test: (name, formula, edits) …
    # --- rounding ---
    "quantization.test_rounding.test_floats_round_as_their_exact_value_does": [
        ("add_half_and_floor", "quantization.rounding.half_up",
         ("below + (x - below >= 0.5)", "np.floor(x + 0.5)"))],
    "quantization.test_rounding.test_stochastic_is_right_on_average": [
        ("coin_toss", "quantization.rounding.stochastic", ("< x - below", "< 0.5"))],

    # --- grids that are not uniform ---
    "quantization.test_grids.test_e4m3_and_e5m2_have_the_published_corners": [
        ("ieee_infinities_in_e4m3", "quantization.grids.minifloat",
         ("value[ones & (M == 2 ** m - 1)] = np.nan",
          "value[ones] *= np.where(M[ones] == 0, np.inf, np.nan)")),
        ("subnormals_flushed", "quantization.grids.minifloat",
         ("(E > 0) + M / 2 ** m", "(E > 0) * (1 + M / 2 ** m)"))],
    "quantization.test_grids.test_e2m1_is_the_published_list": [
        ("bias_one_too_many", "quantization.grids.minifloat",
         ("2 ** (e - 1) - 1 if bias", "2 ** (e - 1) if bias")),
        ("subnormals_as_normals", "quantization.grids.minifloat",
         ("(E > 0) + M / 2 ** m", "1 + M / 2 ** m"), ("np.maximum(E, 1) - bias", "E - bias")),
        ("subnormal_exponent_of_its_field", "quantization.grids.minifloat",
         ("np.maximum(E, 1) - bias", "E - bias"))],
    "quantization.test_grids.test_nf4_is_the_published_list_to_its_precision": [
        ("sixteen_equal_quantiles", "quantization.grids.nf4",
         ("np.array([*negative, 0.0, *positive[::-1]]) / positive[0]",
          "np.array([quantile((k + 0.5) / 16) for k in range(16)]) / quantile(31 / 32)")),
        ("halves_mirrored", "quantization.grids.nf4", ("(delta, 0.5, 9)", "(delta, 0.5, 8)"))],
    "quantization.test_grids.test_powers_of_two_fill_all_codes_but_one": [
        ("one_power_too_many", "quantization.grids.powers_of_two",
         ("2 - 2 ** (bits - 1)", "1 - 2 ** (bits - 1)")),
        ("no_code_for_zero", "quantization.grids.powers_of_two", ("[0.0], powers", "powers"))],
    "quantization.test_grids.test_ties_in_e2m1_go_to_the_even_mantissa": [
        ("midway_away_from_zero", "quantization.grids.quantize", ("place % 2 == 0", "place > 0")),
        ("even_code_for_even_place", "quantization.grids.quantize",
         (" - np.searchsorted(values, 0)", "")),
        ("floor_for_nearest", "quantization.grids.quantize",
         ("np.searchsorted(_doubled_boundaries(values), doubled)",
          "np.maximum(np.searchsorted(2.0 * values, doubled, 'right') - 1, 0)"))],
    "quantization.test_grids.test_powers_of_two_split_at_the_arithmetic_middle": [
        ("nearest_exponent", "quantization.grids.quantize",
         ("doubled = 2 * (x / scale).astype(np.float64)",
          "y = (x / scale).astype(np.float64)\n"
          "    doubled = 2 * np.sign(y) * 2.0 ** np.rint(np.log2(np.abs(y)))"))],
    "quantization.test_grids.test_decoding_then_encoding_a_grid_is_the_grid": [
        ("x_times_scale", "quantization.grids.quantize", ("x / scale", "x * scale"))],
    "quantization.test_grids.test_the_decoder_reads_the_list": [
        ("code_for_value", "quantization.grids.dequantize",
         ("values[codes]", "(codes - np.searchsorted(values, 0))"))],
    "quantization.test_grids.test_the_largest_value_stands_on_the_last": [
        ("mean_for_max", "quantization.grids.absmax_scale",
         ("over_slices(np.maximum, np.abs(x), axis, block)",
          "over_slices(np.add, np.abs(x), axis, block) / x.size")),
        ("grid_without_its_maximum", "quantization.grids.absmax_scale",
         ("largest / values[-1]", "largest")),
        ("max_without_abs", "quantization.grids.absmax_scale", ("np.abs(x), axis", "x, axis"))],
    "quantization.test_grids.test_inqs_exponent_is_that_of_exact_arithmetic": [
        ("floor_of_the_logarithm", "quantization.grids.power_of_two_scale",
         (" + (fraction >= 0.75)", "")),
        ("round_of_the_logarithm", "quantization.grids.power_of_two_scale",
         ("fraction >= 0.75", "fraction >= 0.5 ** 0.5"))],
    "quantization.test_grids.test_ternary_equals_all_codes_tried": [
        ("rule_for_the_optimum", "quantization.grids.ternary",
         ("size >= largest[k]", "size > TWN_RULE * size.mean()")),
        ("sum_without_its_square", "quantization.grids.ternary",
         ("np.cumsum(largest) ** 2", "np.cumsum(largest)"))],
    "quantization.test_grids.test_ternary_rule_by_hand": [
        ("threshold_of_the_largest", "quantization.grids.ternary_rule",
         ("size.mean()", "size.max()")),
        ("mean_over_all", "quantization.grids.ternary_rule", ("size[kept].mean()", "size.mean()")),
        ("mean_without_abs", "quantization.grids.ternary_rule",
         ("size.mean()", "np.ldexp(x, -exponent).mean()"))],

    # --- code books ---
    "quantization.test_codebook.test_books_by_hand": [
        ("middle_of_the_group", "quantization.codebook.fit",
         ("_means(ordered, first[begin])",
          "(values[begin] + values[np.append(begin[1:], len(values)) - 1]) / 2")),
        ("median_for_centroid", "quantization.codebook.fit",
         ("_means(ordered, first[begin])", "np.array([np.median(group) for group in"
          " np.split(ordered, first[begin[1:]])])")),
        ("groups_of_equal_width", "quantization.codebook.fit",
         (GROUPS, "np.unique(np.searchsorted(values,"
          " np.linspace(values[0], values[-1], levels + 1)[:-1]))")),
        ("groups_of_equal_count", "quantization.codebook.fit",
         (GROUPS, "np.unique(np.searchsorted(values,"
          " ordered[np.arange(levels) * len(ordered) // levels]))")),
        ("duplicates_counted_once", "quantization.codebook.fit",
         (GROUPS, "partition.groups(values, np.ones_like(counts), levels)"))],
    "quantization.test_codebook.test_lloyds_local_optimum_is_not_the_answer": [
        ("lloyd_from_one_start", "quantization.partition.groups",
         ("_optimal if len(x) <= EXACT_UP_TO else _nearly_optimal", "_nearly_optimal"),
         ("_best([few[k:k - levels] for k in range(1, levels)], n, cost)",
          "np.unique(np.searchsorted(x, np.linspace(x[0], x[-1], levels + 1)[:-1]))"),
         ("begin = cells[_best(_around(begin, n, MANY // 2), n, cost)]",
          "for _ in range(ROUNDS):\n"
          "        c = np.add.reduceat(w * x, begin) / np.add.reduceat(w, begin)\n"
          "        begin = np.append(0, np.searchsorted(x, (c[:-1] + c[1:]) / 2))\n"
          "    return begin"))],
    "quantization.test_codebook.test_far_from_zero_and_beside_a_far_value": [
        ("sums_that_cancel", "quantization.partition.groups",
         ("halves - halves[:, 1:, :1]", "halves"),
         ("s.imag - s.real * s.real / (up_to[i] - up_to[j])",
          "np.maximum(s.imag - s.real * s.real / (up_to[i] - up_to[j]), 0)"))],
    "quantization.test_codebook.test_no_way_to_cut_is_better": [
        ("mean_by_floats", "quantization.codebook.fit",
         ("_means(ordered, first[begin])", "np.add.reduceat(ordered, first[begin])"
          " / np.diff(np.append(first[begin], len(ordered)))"))],
    "quantization.test_codebook.test_a_far_value_costs_the_others_nothing": [
        ("cells_all_beside_a_far_value", "quantization.partition.groups",
         ("np.minimum(share * (half / share.sum()), 2 * n)", "share * (half / share.sum())"))],
    "quantization.test_codebook.test_the_printed_example_of_deep_compression": [
        ("codes_from_one", "quantization.codebook.decode",
         ("c, q = codebook", "c, q = codebook[0], codebook[1] - 1"))],
    "quantization.test_codebook.test_a_step_by_hand": [
        ("decay_once_a_centroid", "quantization.codebook.train",
         ("gradient.formula(g + weight_decay * w, q, c.shape[-1])",
          "gradient.formula(g, q, c.shape[-1]) + weight_decay * c")),
        ("centroids_sorted_again", "quantization.codebook.train",
         ("c.reshape(codebook.centroids.shape)",
          "np.sort(c).reshape(codebook.centroids.shape)"))],

    # --- integers only ---
    "quantization.test_integer.test_forward_is_a_loop_over_whole_numbers": [
        ("table_indexed_from_zero", "quantization.integer.forward",
         (" - network.z_h_qparams.qmin", ""))],
    "quantization.test_integer.test_the_static_bound_holds_in_every_order_and_is_reached": [
        ("bound_without_abs", "quantization.integer.bound",
         ("np.abs(W.astype(np.int64)).sum(axis=-1)", "np.abs(W.astype(np.int64).sum(axis=-1))"))],

    # --- up or down ---
    "quantization.test_all_roundings.test_objective_by_hand": [
        ("no_cross_terms", "quantization.all_roundings.objective",
         ("square(d, layer.X)", "np.square(d) @ np.square(layer.X).sum(axis=-2)")),
        ("examples_for_weights", "quantization.all_roundings.objective",
         ("square(d, layer.X)", "square(d, layer.X.mT if len(layer.X) == len(layer.X.mT)"
          " else layer.X)")),
        ("summed_before_squared", "quantization.all_roundings.objective",
         ("square(d, layer.X)", "np.square((d @ layer.X.mT).sum(axis=-1))")),
        ("mean_over_examples", "quantization.all_roundings.objective",
         ("square(d, layer.X)", "square(d, layer.X) / layer.X.shape[-2]"))],
    "quantization.test_best_rounding.test_nearest_is_to_the_nearest_whatever_the_inputs": [
        ("always_down", "quantization.best_rounding.nearest",
         ("affine.quantize.formula(W, affine.align(qparams, W.shape, W.dtype))",
          "down_and_up(W, qparams)[0]"))],
    "quantization.test_best_rounding.test_adaround_lies_between_nearest_and_enumerated": [
        ("learned_without_a_last_look", "quantization.best_rounding.adaround",
         ("np.where(better[..., None], np.where(upwards, up, down), near)",
          "np.where(upwards, up, down)"))],
    "quantization.test_best_rounding.test_obq_equals_two_slow_ones": [
        ("rest_not_moved", "quantization.best_rounding.obq",
         ("saturate(w + np.ldexp(move, -shift))", "w")),
        ("rest_moved_the_wrong_way", "quantization.best_rounding.obq",
         ("w + np.ldexp(move, -shift)", "w - np.ldexp(move, -shift)")),
        ("inverse_not_downdated", "quantization.best_rounding.obq",
         ("derivatives.inverse_without.formula(inverse, i[..., 0])", "inverse")),
        ("dearest_first", "quantization.best_rounding.obq",
         ("np.abs(e) / np.sqrt(diagonal)", "-np.abs(e) / np.sqrt(diagonal)")),
        ("smallest_error_first", "quantization.best_rounding.obq",
         ("np.abs(e) / np.sqrt(diagonal)", "np.abs(e)"))],
    "quantization.test_all_roundings.test_of_all_roundings_the_first_weight_is_bit_0": [
        ("first_weight_at_the_highest_bit", "quantization.all_roundings.every",
         ("np.concatenate([output + x * d for d in sides], axis=1)",
          "np.stack([output + x * d for d in sides], axis=2).reshape(len(part), -1)"))],
    "quantization.test_all_roundings.test_everything_equals_a_plain_loop_over_fractions": [
        ("last_of_equals", "quantization.best_rounding.enumerated",
         ("np.argmin(all_roundings.table(d_down, d_up, layer.X, row))",
          "2 ** W.shape[-1] - 1"
          " - np.argmin(all_roundings.table(d_down, d_up, layer.X, row)[::-1])")),
        ("rank_from_one", "quantization.all_roundings.rank", ("costs < (", "costs <= ("))],
    "quantization.test_all_roundings.test_the_printed_network_has_32768_roundings": [
        ("mean_J_of_roundings", "quantization.all_roundings.every_network",
         ("network.loss.formula(y_hat, y)", "network.loss.formula(y_hat, y) / len(y)"))],

    # --- training ---
    "test_training.test_masks_hold_exactly_through_momentum_and_decay": [
        ("mask_not_held", "training.fit",
         ("steps, lr, optimizer, project)", "steps, lr, optimizer)"))],
    "test_training.test_a_step_of_gd_by_hand": [
        ("decay_twice", "training.fit", ("g + decay * theta", "g + 2 * decay * theta")),
        ("decay_against_the_mean", "training.fit",
         ("start, weight_decay,", "start, weight_decay * y.shape[-2],"))],

    # --- whole units, inputs and groups ---
    "pruning.test_structured.test_neurons_removes_the_lowest_sums_of_equals_the_earlier": [
        ("columns_for_rows", "pruning.structured.neurons",
         (SUMS, "np.resize(W_ih.sum(axis=-2), b_h.shape) + b_h"
          " + np.resize(W_ho.sum(axis=-1), b_h.shape)")),
        ("abs_in_the_sums", "pruning.structured.neurons",
         ("scores.map(_exact)", "scores.map(_exact).map(np.abs)")),
        ("count_of_the_kept", "pruning.structured.neurons",
         (f"{SUMS}, count", f"{SUMS}, scores.sizes[1] - count")),
        ("highest_sums_first", "pruning.structured.neurons", (SUMS, f"-({SUMS})")),
        ("means_for_sums", "pruning.structured.neurons", (SUMS, SUMS.replace("sum", "mean"))),
        ("later_unit_of_equals", "pruning.structured.neurons",
         (f"without_lowest({SUMS}, count)",
          f"without_lowest(({SUMS})[..., ::-1], count)[..., ::-1]")),
        ("output_bias_removed", "pruning.structured.neurons",
         ("everything(scores.b_o)", "everything(scores.b_o) & (count == 0)")),
        ("outgoing_weights_left", "pruning.structured.neurons",
         ("keep, columns", "keep, everything(scores.W_ho)"))],
    "pruning.test_structured.test_neurons_equal_a_plain_loop": [
        ("incoming_weights_alone", "pruning.structured.neurons", (SUMS, "W_ih.sum(axis=-1)"))],
    "pruning.test_structured.test_sums_are_exact": [
        ("sums_in_floats", "pruning.structured.neurons", ("scores.map(_exact)", "scores"))],
    "pruning.test_structured.test_inputs_removes_the_columns_of_the_lowest_sums": [
        ("rows_for_columns", "pruning.structured.inputs", ("sum(axis=-2)", "sum(axis=-1)"),
         ("keep[..., None, :], scores.sizes[1], axis=-2", "keep[..., None], scores.sizes[0], -1")),
        ("biases_removed_with_inputs", "pruning.structured.inputs",
         ("everything(scores.b_h)", "columns.all(axis=-1)"))],
    "pruning.test_structured.test_compact_drops_the_units_that_keep_nothing_and_no_others": [
        ("dead_by_row_and_bias", "pruning.structured.compact",
         (USED, "mask.W_ih.any(axis=-1) | mask.b_h")),
        ("dead_by_its_column", "pruning.structured.compact", (USED, "mask.W_ho.any(axis=-2)")),
        ("dead_without_weights", "pruning.structured.compact", (" | mask.b_h", "")),
        ("mask_forgotten", "pruning.structured.compact",
         ("params = apply_mask.formula(params, mask)", "pass"))],
    "pruning.test_structured.test_a_stack_is_compacted_network_by_network": [
        ("units_of_the_first_network", "pruning.structured.compact",
         (f"used = {USED}",
          f"used = {USED}\n    used = np.broadcast_to(used[(0,) * (used.ndim - 1)], used.shape)"))],
    "pruning.test_structured.test_compact_inputs_drops_the_inputs_that_no_unit_keeps": [
        ("inputs_renumbered", "pruning.structured.compact_inputs",
         ("arrays()[1:]), kept)", "arrays()[1:]), np.arange(kept.shape[-1]) + 0 * kept)")),
        ("input_gone_where_any_lost_it", "pruning.structured.compact_inputs",
         ("W_ih.any(axis=-2)", "W_ih.all(axis=-2)"))],
    "pruning.test_structured.test_cost_counts_multiply_adds_nonzero_weights_and_bytes": [
        ("biases_multiplied", "pruning.structured.cost", ("hidden * (inputs + outputs)", "n")),
        ("zeros_for_free", "pruning.structured.cost",
         ("hidden * (inputs + outputs)", "nonzero")),
        ("bytes_of_the_kept_alone", "pruning.structured.cost",
         ("bits * n //", "bits * (left.flatten() != 0).sum(axis=-1) //")),
        ("whole_bytes_each", "pruning.structured.cost",
         ("-(-bits * n // 8)", "-(-bits // 8) * n"))],

    # --- when to prune ---
    "pruning.test_schedules.test_one_shot_is_a_mask_and_a_fit": [
        ("tuned_without_the_mask", "pruning.schedules.one_shot",
         ("fit.formula(start, X, y, mask=mask,",
          "fit.formula(network.apply_mask.formula(start, mask), X, y,"))],
    "pruning.test_schedules.test_iterative_equals_a_plain_loop": [
        ("mask_forgotten_between_rounds", "pruning.schedules.iterative",
         ("_narrow(mask, share, criterion(params, X, y, activation))",
          "masks.by_sparsity.formula(criterion(params, X, y, activation), share)")),
        ("whole_sparsity_every_round", "pruning.schedules.iterative",
         ("** (k / rounds) for k in range(1, rounds)), sparsity]",
          "** k for k in range(1, rounds + 1))]"))],
    "pruning.test_schedules.test_a_gradual_schedule_that_stands_still_is_a_fit": [
        ("optimizer_started_anew", "pruning.schedules.gradual", optimizer_started_anew)],
    "pruning.test_schedules.test_a_ticket_is_the_trained_mask_on_the_values_of_the_start": [
        ("rewound_to_the_trained", "pruning.schedules.lottery",
         ("start.map(lambda a, b: np.broadcast_to(a, b.shape), trained)", "trained")),
        ("mask_of_the_start", "pruning.schedules.lottery",
         ("_round_by_round(trained,", "_round_by_round(start,"))],
    "pruning.test_schedules.test_the_control_is_the_same_mask_on_a_new_start": [
        ("control_on_the_same_start", "pruning.schedules.lottery",
         ("reinitialise is not None", "False"))],
    "pruning.test_surgeon.test_obs_on_a_parabola_is_exact_and_greedy": [
        ("decay_not_in_H", "pruning.schedules.obs", ("weight_decay + damping", "damping"))],
    "pruning.test_schedules.test_sensitivity_equals_a_plain_loop": [
        ("all_arrays_at_once", "pruning.schedules.sensitivity",
         ("one = replace(params, **{name: getattr(pruned, name)})", "one = pruned"))],

    # --- what deletion costs ---
    "pruning.test_truth.test_deletion_equals_a_plain_loop_over_fractions": [
        ("gain_for_cost", "pruning.truth.deletion",
         (SINGLES, "return -flips.singles(p, X, y, activation)")),
        ("loss_for_its_change", "pruning.truth.deletion",
         (SINGLES, f"{SINGLES} + flips.losses(p, X, y, np.ones((1, n), bool), activation)")),
        ("first_order_for_the_truth", "pruning.truth.deletion",
         (SINGLES, "g = per_example_gradients.formula(p, X, y, activation).sum(axis=0)\n"
          "        return -(g * p.flatten())")),
        ("mean_cost", "pruning.truth.deletion", (SINGLES, f"{SINGLES} / len(y)")),
        ("change_of_output_for_change_of_J", "pruning.truth.deletion",
         (SINGLES, "y = flips.forward.formula(p, X, activation).y_hat\n"
          f"        {SINGLES}")),
        ("neuron_for_weight", "pruning.flips.singles",
         ("keep, one)[0]", "keep, np.ones_like(one))[0]")),
        ("biases_cost_nothing", "pruning.truth.deletion",
         ("return Params.unflatten(", "c = Params.unflatten("),
         ("X, y), params.sizes)", "X, y), params.sizes)\n"
          "    return Params(c.W_ih, 0 * c.b_h, c.W_ho, 0 * c.b_o)")),
        ("never_put_back", "pruning.truth.deletion",
         (SINGLES, "left = np.vstack([np.triu(np.ones((n, n), bool), 1), np.ones(n, bool)])\n"
          "        *J, whole = flips.losses(p, X, y, left, activation)\n"
          "        return np.array(J) - whole"))],
    "pruning.test_truth.test_pairs_equal_a_plain_loop_over_fractions": [
        ("pair_is_the_sum_of_its_singles", "pruning.flips.doubles",
         ("c[:, None] + c + G", "c[:, None] + c"), (IN_A_UNIT, "pass")),
        ("changes_add_within_a_unit", "pruning.flips.doubles", (IN_A_UNIT, "pass")),
        ("deleted_twice_on_the_diagonal", "pruning.flips.doubles",
         ("table[np.diag_indices(len(c))] = c", "table[np.diag_indices(len(c))] = 2 * c"))],
    "pruning.test_truth.test_loss_without_equals_a_plain_loop_over_fractions": [
        ("removed_for_kept", "pruning.truth.loss_without",
         ("(p, X, y, masks, activation)", "(p, X, y, ~masks, activation)")),
        ("mask_read_by_columns", "pruning.truth.loss_without",
         ("return flips.losses(p, X, y, masks,",
          "at = flips.positions(p.sizes)\n"
          "        at = [at.W_ih.T.ravel(), at.b_h, at.W_ho.T.ravel(), at.b_o]\n"
          "        return flips.losses(p, X, y, masks[:, np.concatenate(at)],")),
        ("mean_J_of_masks", "pruning.truth.loss_without",
         ("(p, X, y, masks, activation)", "(p, X, y, masks, activation) / len(y)"))],
    "pruning.test_search.test_best_subset_equals_all_subsets": [
        ("the_cheapest_singles", "pruning.truth.best_subset",
         ("if count == 0:", "cost = flips.singles(p, X, y, activation)\n"
          "    keep[np.argsort(cost, kind='stable')[:count]] = False\n    if True:")),
        ("greedy_for_best", "pruning.truth.best_subset", ("_search(_subset,", "_search(_known,"),
         SWAPS)],
    "pruning.test_search.test_swaps_mend_what_greed_spoils": [
        ("ranked_once", "pruning.truth.best_known",
         ("activation, keep)[left]", "activation)[left]"), SWAPS),
        ("never_exchanged", "pruning.truth.best_known", SWAPS)],
    "pruning.test_tables.test_index_of_a_mask_has_a_bit_for_each_that_is_kept": [
        ("first_parameter_at_the_highest_bit", "pruning.truth.every_mask",
         ("len(groups)), len(groups))", "len(groups)), len(groups))[:, ::-1]"))],
    "pruning.test_tables.test_neurons_and_inputs_equal_networks_that_are_really_smaller": [
        ("bit_of_what_goes", "pruning.truth.every_inputs",
         ("X, y, activation)", "X, y, activation)[..., ::-1]")),
        ("column_of_the_unit_left", "pruning.truth.every_neurons",
         ("_losses(NEURONS,", "_losses(NEURONS._replace("
          "groups=lambda at: flips.units_of(at)[:, :-len(at.b_o)]),"))],
    "pruning.test_tables.test_best_of_is_the_first_of_the_least_J_at_each_count": [
        ("as_many_kept_as_should_go", "pruning.truth.best_of",
         ("index = index[", "count = bits - count\n    index = index["))],
    "pruning.test_tables.test_every_mask_retrained_equals_one_by_one": [
        ("mask_not_held_in_retraining", "pruning.truth.every_mask_retrained",
         ("how = {'steps': steps, 'lr': lr, 'mask': Params.unflatten(block, p.sizes)}",
          "start = Params.unflatten(flips.masked(start.flatten(), block), p.sizes)\n"
          "            how = {'steps': steps, 'lr': lr}")),
        ("masked_after_training", "pruning.truth.every_mask_retrained",
         ("masks, done =", "params = fit.formula("
          "params, X, y, steps=steps, lr=lr, activation=activation).params\n"
          "    return every_mask.formula(params, X, y, activation)\n    masks, done ="))],
}
# fmt: on

MUTANTS = [
    Mutant(name, formula, edits[0] if callable(edits[0]) else edits, test)
    for test, rows in CAUGHT.items()
    for name, formula, *edits in rows
]
