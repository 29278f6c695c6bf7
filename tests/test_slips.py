"""Every slip of the catalogue is planted in place of its formula, and the test named here must see it.

A slip without a named test, or one that its test does not see, is a failing test.
"""

import importlib

import pytest

from refnn.checking.slips import CATALOGUE

CAUGHT_BY = {
    "round_for_floor": "test_as_written.test_quantize_separates_its_slips",
    "minus_B_encoding": "test_as_written.test_quantize_separates_its_slips",
    "clip_for_mod": "test_as_written.test_quantize_separates_its_slips",
    "remainder_of_C": "test_as_written.test_quantize_separates_its_slips",
    "mod_P_minus_1": "test_as_written.test_quantize_separates_its_slips",
    "minus_B_decoding": "test_as_written.test_dequantize_adds_where_it_should_subtract",
    "times_W": "test_as_written.test_dequantize_adds_where_it_should_subtract",
    "B_outside_fraction": "test_as_written.test_dequantize_adds_where_it_should_subtract",
    "P_for_P_minus_1": "test_as_written.test_min_max_gives_the_ends_the_first_and_the_last_code",
    "B_is_plus_min_W": "test_as_written.test_min_max_gives_the_ends_the_first_and_the_last_code",
    "B_in_real_units": "test_as_written.test_min_max_gives_the_ends_the_first_and_the_last_code",
    "floor_for_round": "test_affine.test_vector_that_separates_seven_rounding_rules",
    "truncate_for_round": "test_affine.test_vector_that_separates_seven_rounding_rules",
    "half_away_for_half_even": "test_affine.test_ties_go_to_even",
    "half_up_for_half_even": "test_affine.test_ties_go_to_even",
    "round_after_adding": "test_affine.test_vector_that_separates_seven_rounding_rules",
    "mod_for_clip": "test_affine.test_onnx_quantizelinear",
    "cast_before_clip": "test_affine.test_huge_values_saturate_to_their_own_end",
    "minus_zero_point": "test_affine.test_vector_that_separates_seven_rounding_rules",
    "multiply_by_scale": "test_affine.test_vector_that_separates_seven_rounding_rules",
    "plus_zero_point": "test_affine.test_onnx_dequantizelinear",
    "divide_by_scale": "test_affine.test_onnx_dequantizelinear",
    "zero_point_dropped": "test_affine.test_onnx_dequantizelinear",
    "second_rounding": "test_affine.test_onnx_dequantizelinear",
    "unsigned_subtraction": "test_affine.test_onnx_dequantizelinear",
    "zero_not_in_range": "test_calibration.test_range_contains_zero",
    "levels_for_steps": "test_calibration.test_distiller_asymmetric_scales",
    "symmetric_by_one_level_more": "test_calibration.test_symmetric_divides_by_the_largest_code",
    "symmetric_without_abs": "test_calibration.test_symmetric_divides_by_the_largest_code",
    "zero_point_sign": "test_calibration.test_zero_point_of_a_published_slip",
    "unsigned_zero_point": "test_calibration.test_zero_point_of_a_published_slip",
    "zero_point_truncated": "test_calibration.test_zero_point_of_a_published_slip",
    "per_tensor_for_per_channel": "test_calibration.test_per_channel_equals_channel_by_channel",
    "wrong_axis": "test_calibration.test_per_channel_equals_channel_by_channel",
    "add_half_and_floor": "test_rounding.test_floats_round_as_their_exact_value_does",
    "half_up_for_half_away": "test_rounding.test_the_table_of_rounding_rules",
    "half_up_for_even": "test_rounding.test_the_table_of_rounding_rules",
    "coin_toss": "test_rounding.test_stochastic_is_right_on_average",
    "missing_half": "test_network.test_loss_is_half_the_sum_of_squares",
    "mean_for_sum": "test_network.test_loss_is_half_the_sum_of_squares",
    "not_squared": "test_network.test_loss_is_half_the_sum_of_squares",
    "residual_sign": "test_network.test_backward_equals_the_complex_step_of_the_loss",
    "mean_for_sum_backward": "test_network.test_backward_equals_the_complex_step_of_the_loss",
    "twice_the_slope": "test_network.test_backward_equals_the_complex_step_of_the_loss",
    "activation_slope_missing": "test_network.test_backward_equals_the_complex_step_of_the_loss",
    "slope_at_h": "test_network.test_backward_equals_the_complex_step_of_the_loss",
    "relu_slope_from_output": "test_network.test_backward_equals_the_complex_step_of_the_loss",
    "transposed_gradient": "test_network.test_backward_equals_the_complex_step_of_the_loss",
    "bias_forgotten": "test_network.test_backward_equals_the_complex_step_of_the_loss",
    "hidden_bias_forgotten": "test_network.test_every_number_of_the_2_2_1_example_by_hand",
    "mask_not_held": "test_training.test_masks_hold_exactly_through_momentum_and_decay",
    "decay_twice": "test_training.test_a_step_of_gd_by_hand",
    "decay_against_the_mean": "test_training.test_a_step_of_gd_by_hand",
    "at_most_for_below": "test_pruning.test_prune_removes_below_tau_and_keeps_tau_itself",
    "abs_in_the_rule": "test_pruning.test_prune_removes_below_tau_and_keeps_tau_itself",
    "mask_inverted": "test_pruning.test_prune_removes_below_tau_and_keeps_tau_itself",
    "abs_of_R": "test_pruning.test_importance_is_the_signed_slope_of_the_summed_loss",
    "mean_for_sum_R": "test_pruning.test_importance_is_the_signed_slope_of_the_summed_loss",
    "no_abs": "test_pruning.test_magnitude_gradient_and_taylor_by_hand",
    "signed_gradient": "test_pruning.test_magnitude_gradient_and_taylor_by_hand",
    "slope_without_weight": "test_pruning.test_magnitude_gradient_and_taylor_by_hand",
    "above_for_at_least": "test_pruning.test_threshold_keeps_what_is_equal_and_takes_no_abs",
    "abs_of_scores": "test_pruning.test_threshold_keeps_what_is_equal_and_takes_no_abs",
    "highest_first": "test_pruning.test_sparsity_removes_the_lowest_and_of_equals_the_earlier",
    "later_of_equals_first": "test_pruning.test_sparsity_removes_the_lowest_and_of_equals_the_earlier",
    "count_cut_off": "test_pruning.test_sparsity_removes_the_lowest_and_of_equals_the_earlier",
    "global_for_layer": "test_pruning.test_counts_globally_and_by_layer",
}


def test_every_slip_has_a_named_test_and_a_hint_that_fits_a_line():
    assert set(CAUGHT_BY) == set(CATALOGUE)
    assert all((0 < len(s.hint) <= 100 and s.hint.endswith("?")) or s.hint.endswith(".") for s in CATALOGUE.values())


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_a_planted_slip_is_caught(name, monkeypatch):
    slip = CATALOGUE[name]
    module, function = slip.formula.rsplit(".", 1)
    room, test = CAUGHT_BY[name].rsplit(".", 1)
    run = getattr(importlib.import_module(room), test)
    takes_rng = "rng" in run.__code__.co_varnames[:run.__code__.co_argcount]
    arguments = [__import__("numpy").random.default_rng(0)] if takes_rng else []
    run(*arguments)                                                       # passes without the slip
    monkeypatch.setattr(importlib.import_module(f"refnn.{module}"), function, slip.wrong)
    with pytest.raises(AssertionError):
        run(*arguments)
