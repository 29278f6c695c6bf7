"""The catalogue of slips: every edit finds its place, changes what its formula computes, takes all
that the formula takes, and is caught by the test that is named here when it is planted."""

from dataclasses import is_dataclass
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from mutants import assert_caught

from refnn.arrays import objects
from refnn.checking.catalogue.formulas import formula
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.network import Params
from refnn.pruning import importance
from refnn.quantization import conventions_rules as rules
from refnn.quantization.affine import QParams

# fmt: off
CAUGHT = {  # by which test: the names of slips
    "quantization.test_as_written.test_quantize_separates_its_slips":
        "round_for_floor minus_B_encoding clip_for_mod remainder_of_C mod_P_minus_1",
    "quantization.test_as_written.test_dequantize_adds_where_it_should_subtract":
        "minus_B_decoding times_W B_outside_fraction",
    "quantization.test_as_written.test_min_max_gives_the_ends_the_first_and_the_last_code":
        "P_for_P_minus_1 B_is_plus_min_W B_in_real_units",
    "quantization.test_affine.test_vector_that_separates_seven_rounding_rules":
        "floor_for_round truncate_for_round round_after_adding minus_zero_point "
        "multiply_by_scale zero_point_before_dividing",
    "quantization.test_affine.test_ties_go_to_even":
        "half_away_for_half_even half_up_for_half_even",
    "quantization.test_affine.test_onnx_quantizelinear": "mod_for_clip byte_before_adding",
    "quantization.test_affine.test_huge_values_saturate_to_their_own_end": "cast_before_clip",
    "quantization.test_affine.test_onnx_dequantizelinear":
        "plus_zero_point divide_by_scale zero_point_dropped second_rounding "
        "unsigned_subtraction",
    "quantization.test_calibration.test_percentile_leaves_one_in_a_thousand_outside_at_each_end":
        "percentile_of_the_range calibration_ignored",
    "quantization.test_conventions.test_a_translation_by_hand":
        "half_forgotten scale_is_W qmin_forgotten",
    "quantization.test_conventions.test_deeplearning_ai_published_codes":
        "zero_point_toward_zero zero_point_forgotten zero_point_not_rounded "
        "qmin_forgotten_in_zero_point",
    "quantization.test_conventions.test_onnx_published_dynamic_quantization":
        "zero_point_added_twice",
    "quantization.test_rounding.test_the_table_of_rounding_rules":
        "half_up_for_half_away half_up_for_even",
    "quantization.test_calibration.test_range_contains_zero": "zero_not_in_range",
    "quantization.test_calibration.test_distiller_asymmetric_scales": "levels_for_steps",
    "quantization.test_calibration.test_symmetric_divides_by_the_largest_code":
        "symmetric_by_one_level_more symmetric_without_abs",
    "quantization.test_calibration.test_zero_point_of_a_published_slip":
        "zero_point_sign unsigned_zero_point zero_point_truncated zero_point_from_the_other_end "
        "zero_point_times_scale",
    "quantization.test_calibration.test_per_channel_equals_channel_by_channel":
        "per_tensor_for_per_channel wrong_axis",
    "quantization.test_fixed_point.test_multiplier_and_shift_are_the_nearest":
        "multiplier_not_renormalised left_shift_for_right multiplier_truncated",
    "quantization.test_fixed_point.test_requantize_equals_gemmlowps_c_code":
        "shift_without_rounding",
    "quantization.test_fixed_point.test_halves_go_away_from_zero_in_the_shift_only":
        "half_up_in_the_shift",
    "quantization.test_fixed_point.test_where_one_rounding_and_two_differ":
        "one_rounding_for_two two_roundings_for_one",
    "quantization.test_fixed_point.test_published_requantizations": "wrap_for_saturate",
    "quantization.test_fixed_point.test_onnx_matmulinteger":
        "accumulator_of_a_byte zero_point_subtracted_in_a_byte",
    "quantization.test_fixed_point.test_gemmlowps_published_example": "zero_points_exchanged",
    "quantization.test_fixed_point.test_the_zero_point_folds_into_the_bias":
        "zero_point_not_folded zero_point_added_in_fold fold_over_the_outputs",
    "quantization.test_integer.test_convert_makes_the_grids_biases_and_multipliers_of_the_formulas":
        "bias_at_the_output_scale reciprocal_bias_scale one_multiplier_for_all_rows",
    "test_network.test_loss_is_half_the_sum_of_squares":
        "missing_half mean_for_sum mean_without_half not_squared",
    "test_network.test_backward_equals_the_complex_step_of_the_loss":
        "residual_sign mean_for_sum_backward twice_the_slope activation_slope_missing "
        "slope_at_h relu_slope_from_output transposed_gradient bias_forgotten "
        "gradient_for_the_weight",
    "test_network.test_every_number_of_the_2_2_1_example_by_hand": "hidden_bias_forgotten",
    "pruning.test_as_written.test_prune_removes_below_tau_and_keeps_tau_itself":
        "at_most_for_below abs_in_the_rule mask_inverted",
    "pruning.test_as_written.test_importance_is_the_signed_slope_of_the_summed_loss":
        "abs_of_R mean_for_sum_R",
    "pruning.test_importance.test_magnitude_gradient_and_taylor_are_absolute_values":
        "no_abs signed_gradient slope_without_weight signed_taylor",
    "pruning.test_importance.test_second_order_is_exact_along_the_output_layer": "plus_the_slope",
    "pruning.test_importance.test_second_order_uses_the_whole_curvature":
        "gauss_newton_for_the_hessian",
    "pruning.test_importance.test_obd_is_half_the_curvature_with_its_sign":
        "missing_half_of_obd abs_of_obd",
    "pruning.test_importance.test_fisher_sums_the_squares_over_the_examples":
        "last_example_only square_of_the_sum mean_of_the_squares",
    "pruning.test_importance.test_obs_is_the_least_cost_when_all_others_move":
        "diagonal_of_H times_the_inverse",
    "pruning.test_masks.test_threshold_keeps_what_is_equal_and_takes_no_abs":
        "above_for_at_least abs_of_scores",
    "pruning.test_masks.test_sparsity_removes_the_lowest_and_of_equals_the_earlier":
        "highest_first later_of_equals_first count_cut_off",
    "pruning.test_masks.test_a_share_is_of_the_network_or_of_each_layer": "global_for_layer",
    "pruning.test_schedules.test_cubic_is_exact_on_fractions_and_constant_outside_its_steps":
        "linear_for_cubic begin_and_end_exchanged",
    "pruning.test_schedules.test_cubic_is_tfmots_schedule_and_the_initial_sparsity_before_it":
        "epoch_before_begin past_the_end",
    "pruning.test_structured.test_n_of_m_keeps_the_best_n_of_each_group_of_a_row_and_the_biases":
        "biases_in_groups groups_down_the_columns n_removed lowest_of_m earlier_of_equals_kept "
        "short_group_whole groups_across_rows",
    "quantization.test_codebook.test_the_printed_example_of_deep_compression":
        "mean_over_the_sharers last_of_the_sharers",
    "quantization.test_straight_through.test_gradient_by_hand_at_every_edge":
        "slope_of_the_staircase through_the_clip ends_excluded edge_at_the_last_level",
    "quantization.test_straight_through.test_small_steps_are_collected_in_the_real_parameters":
        "steps_on_the_quantized",
    "pruning.test_schedules.test_iterative_equals_a_plain_loop": "share_of_the_original",
    "pruning.test_surgeon.test_obs_on_a_parabola_is_exact_and_greedy":
        "survivors_not_moved survivors_moved_the_wrong_way diagonal_of_H_for_its_inverse",
}
# fmt: on
CAUGHT_BY = {name: test for test, names in CAUGHT.items() for name in names.split()}


def exact(a):
    """The same numbers as Fractions."""
    if isinstance(a, Params):
        return a.map(exact)
    return objects([Fraction(v) for v in np.ravel(a).tolist()], np.shape(a))


def with_fractions(calls):
    """Each call as it is, and on Fractions."""
    fractions = [
        [exact(a) if isinstance(a, (Params, np.ndarray)) else a for a in call] for call in calls
    ]
    return [*calls, *fractions]


def network(sizes, batch=()):
    inputs, hidden, outputs = sizes
    n = hidden * (inputs + 1 + outputs) + outputs
    quarters = np.arange(np.prod(batch, dtype=int) * n) * 7 % 23 / 4 - 2.5
    return Params.unflatten(quarters.reshape(*batch, n), sizes)


ONE, STACK = network((4, 3, 2)), network((4, 3, 2), (2,))
MANY_EQUAL = ONE, STACK, ONE.map(np.round).map(np.sign)
TINY = Params([[0.5, -0.25], [0.25, -1.0]], [0.125, -0.5], [[0.75, -1.0]], [0.25])
X, Y = np.arange(20).reshape(5, 4) % 7 / 2 - 1.5, np.arange(10).reshape(5, 2) % 3 - 1.0
X2, Y1 = np.arange(24).reshape(12, 2) * 5 % 7 / 4 - 0.75, np.arange(12)[:, None] % 5 / 2 - 1
REALS = np.append(np.arange(-40, 41) / 8, [1e12, -1e12, 300.0]).reshape(7, 12)
CODES = np.arange(84).reshape(7, 12) % 8
AXIS = QParams(np.arange(1, 8) / 4, np.arange(-3, 4), -8, 7, axis=0)
BLOCKS = QParams(np.arange(1, 22).reshape(7, 3) / 8, np.ones((7, 3), int), -8, 7, axis=1, block=4)
GRIDS = QParams(0.5, 3, -8, 7), QParams(Fraction(1, 3), 5, 0, 15), AXIS, BLOCKS
DATA = np.array([[-1.0, 0.25, 2.5, 0.5], [0.75, -0.5, -0.125, 1.5], [3.0, -6.0, 0.5, 1.0]])
MANY = np.linspace(-3, 5, 4002).reshape(2, 2001) ** 3
KINDS = (8, True, False), (4, False, False), (8, True, True)  # bits, signed, symmetric
SLICES = (None, "minmax", None), (0, "minmax", None), (-1, "minmax", None), (1, "minmax", 2)
ROWS = np.uint8([[200, 7, 3], [10, 6, 2]]), np.uint8([[1, 4], [2, 5], [3, 6]])
ACCUMULATORS = np.arange(-60, 60).reshape(60, 2) * 7
FACTORS = (2**30, 3), (np.array([2**30, 1583594044]), np.array([3, -1]))  # multiplier, shift
ON_NETWORKS = [
    *with_fractions([(ONE, X, Y, "relu"), (STACK, X, Y, "identity")]),
    *[(STACK, np.stack([X, X + 1]), np.stack([Y, -Y]), name) for name in ("tanh", "sigmoid")],
]
CUBIC = [(step, 10, 20, 0.25, 0.75) for step in (0, 10, 13, 20, 30)]
BATTERY = {
    "quantization.as_written.quantize": with_fractions(
        [(REALS, 2.5, -3, 8), (REALS, np.arange(1, 13), np.arange(12) / 4, 256)]
    ),
    "quantization.as_written.dequantize": [(CODES, 10, 3), (CODES, Fraction(9), Fraction(2, 3))],
    "quantization.as_written.min_max": with_fractions([(DATA, 8), (DATA, 16, 0), (DATA, 16, 1)]),
    "quantization.affine.quantize": with_fractions(list(product([REALS], GRIDS))),
    "quantization.affine.dequantize": [(CODES.astype(np.uint8), p) for p in GRIDS],
    "quantization.calibration.choose_qparams": [
        *with_fractions([(x, *k, *s) for x, k, s in product((DATA, DATA + 7), KINDS, SLICES)]),
        *[(MANY, *kind, axis, "percentile") for kind in KINDS for axis in (None, 0)],
    ],
    "quantization.conventions.to_affine": [(Fraction(9), Fraction(9, 2), 8), (2.5, 3.5, 256)],
    "quantization.conventions.to_article": [(QParams(0.5, 3, -8, 7),)],
    "quantization.conventions_rules.away": with_fractions(
        [
            (DATA + shift, 8, codes)
            for shift in (0.25, 7)
            for codes in (rules.signed, rules.unsigned)
        ]
    ),
    "quantization.conventions_rules.round_then_add": with_fractions([(REALS, 0.5, 3, -8, 7)]),
    "quantization.rounding.half_away": with_fractions([(REALS,)]),
    "quantization.rounding.half_even": with_fractions([(REALS,)]),
    "quantization.integer.fixed_point_multiplier": [(0.3,), (np.array([5.0, 1 - 2**-40, 1e-3]),)],
    "quantization.integer.requantize": [(ACCUMULATORS, *f, 5, -128, 127) for f in FACTORS],
    "quantization.integer.requantize_single_rounding": [
        (ACCUMULATORS, *f, 5, 0, 255) for f in FACTORS
    ],
    "quantization.integer.matmul": [(*ROWS, 12, 2), (*ROWS, np.array([12, 3]), np.array([0, 1]))],
    "quantization.integer.fold": [(np.array([100, -7]), np.arange(6).reshape(2, 3) - 1, 5)],
    "quantization.integer.convert": [(ONE, X, 8, per_row, "relu") for per_row in (False, True)],
    "network.loss": with_fractions([(Y, 2 * Y + 1), (np.stack([Y, -Y]), Y + 1)]),
    "network.forward": [(params, x, activation) for params, x, _, activation in ON_NETWORKS],
    "network.backward": ON_NETWORKS,
    "pruning.as_written.prune": with_fractions([(ONE, ONE, 0.5), (STACK, STACK, -0.5)]),
    "pruning.as_written.importance": ON_NETWORKS,
    "pruning.importance.magnitude": ON_NETWORKS,
    "pruning.importance.gradient": ON_NETWORKS,
    "pruning.importance.taylor": ON_NETWORKS,
    "pruning.importance.second_order_taylor": ON_NETWORKS,
    "pruning.importance.fisher": ON_NETWORKS,
    "pruning.importance.obd": ON_NETWORKS,
    "pruning.importance.obs": [(TINY, X2, Y1, "tanh", 50.0), (STACK, X, Y, "tanh", 100.0)],
    "pruning.masks.by_threshold": with_fractions([(ONE, 0.5), (STACK, -0.5)]),
    "pruning.masks.by_sparsity": with_fractions(
        list(product(MANY_EQUAL, [0.4, 0.55], ["global", "layer"]))
    ),
    "pruning.schedules.cubic": [*CUBIC, *([*map(Fraction, call)] for call in CUBIC)],
    "pruning.schedules.iterative": [
        (params, X, Y, 0.5, importance.magnitude, {"rounds": 2, "steps": 5, "lr": 0.01})
        for params in (ONE, STACK)
    ],
    "pruning.surgeon.obs": [(TINY, X2, Y1, 2, "tanh", 50.0)],
    "quantization.codebook.gradient": [(DATA, np.arange(12).reshape(3, 4) % 3, 3)],
    "quantization.straight_through.gradient": [(REALS, REALS, p) for p in GRIDS[:1] + GRIDS[2:]],
    "quantization.straight_through.fit": [
        (ONE, X, Y, (QParams(0.5, 0, -8, 7),) * 4, {"steps": 9, "lr": 0.01})
    ],
    "pruning.structured.n_of_m": with_fractions(list(product(MANY_EQUAL, [1], [3, 4]))),
}
# What these are about is the shape.
OF_THE_SHAPE = "wrong_axis", "per_tensor_for_per_channel", "one_multiplier_for_all_rows"


def leaves(result, of=lambda a: np.asarray(a).tolist()):
    """What a result holds, in nested lists."""
    if is_dataclass(result):
        return [leaves(part, of) for part in vars(result).values()]
    return [leaves(part, of) for part in result] if isinstance(result, tuple) else of(result)


@pytest.mark.parametrize("slip", CATALOGUE.values(), ids=CATALOGUE)
def test_a_slip_changes_results_and_takes_all_that_its_formula_takes(slip):
    right, wrong = formula(slip.formula), slip.wrong
    differ = []
    for call in BATTERY[slip.formula]:
        arguments, options = (call[:-1], call[-1]) if isinstance(call[-1], dict) else (call, {})
        expected, got = right(*arguments, **options), wrong(*arguments, **options)
        assert leaves(got, np.shape) == leaves(expected, np.shape) or slip.name in OF_THE_SHAPE
        differ.append(leaves(got) != leaves(expected))
    assert any(differ)


def test_every_formula_with_slips_has_a_battery():
    assert set(BATTERY) == {slip.formula for slip in CATALOGUE.values()}


def test_most_slips_differ_in_one_line():
    one = [slip for slip in CATALOGUE.values() if [line[0] for line in slip.diff()] == ["-", "+"]]
    assert len(one) >= 0.8 * len(CATALOGUE)
    assert CATALOGUE["minus_B_decoding"].diff() == ["-    shifted = q + B", "+    shifted = q - B"]


def test_hints_fit_a_line():
    for slip in CATALOGUE.values():
        assert 0 < len(slip.hint) <= 100 and slip.hint[-1] in "?."
        assert len(slip.hint_zh) <= 50 and slip.hint_zh[-1:] in "？。"


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_planted_slip_is_caught(name, monkeypatch):
    slip = CATALOGUE[name]
    assert_caught(monkeypatch, slip.formula, slip.edits, CAUGHT_BY[name])


def test_every_slip_has_a_named_test():
    assert set(CAUGHT_BY) == set(CATALOGUE)
