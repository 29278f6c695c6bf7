"""What each published vector cannot tell from the right formula, as it was computed and read: a
change of a formula, of a slip or of a vector that moves one of these must be meant."""

# fmt: off
BLIND = {
    "quantizelinear":
        "half_away_for_half_even half_up_for_half_even round_after_adding cast_before_clip",
    "quantizelinear_uint4":
        "half_away_for_half_even half_up_for_half_even round_after_adding cast_before_clip "
        "byte_before_adding",
    "quantizelinear_int4":
        "half_away_for_half_even half_up_for_half_even round_after_adding cast_before_clip "
        "byte_before_adding",
    "dynamicquantizelinear":
        "symmetric_by_one_level_more symmetric_without_abs per_tensor_for_per_channel wrong_axis "
        "percentile_of_the_range calibration_ignored half_away_for_half_even "
        "half_up_for_half_even mod_for_clip cast_before_clip zero_not_in_range "
        "unsigned_zero_point zero_point_truncated",
    "dequantizelinear": "second_rounding",
    "dequantizelinear_uint4": "second_rounding",
    "matmulinteger": "accumulator_of_a_byte",
    "qlinearmatmul":
        "multiplier_not_renormalised multiplier_truncated half_up_in_the_shift "
        "one_rounding_for_two wrap_for_saturate",
    "a @ b": "zero_point_subtracted_in_a_byte zero_points_exchanged",
    "multiplier and shift": "multiplier_not_renormalised multiplier_truncated",
    "requantized": "half_up_in_the_shift one_rounding_for_two wrap_for_saturate",
    "linear quantize, 2 bits":
        "half_away_for_half_even half_up_for_half_even round_after_adding mod_for_clip "
        "cast_before_clip byte_before_adding",
    "fine-grained pruning, 75 %": "later_of_equals_first",
    "asymmetric scale of -2..10":
        "symmetric_by_one_level_more symmetric_without_abs per_tensor_for_per_channel wrong_axis "
        "percentile_of_the_range calibration_ignored zero_not_in_range unsigned_zero_point "
        "zero_point_truncated",
    "asymmetric scale of -2..10, signed":
        "symmetric_by_one_level_more symmetric_without_abs per_tensor_for_per_channel wrong_axis "
        "percentile_of_the_range calibration_ignored zero_not_in_range zero_point_truncated",
    "asymmetric scale of 5..10":
        "symmetric_by_one_level_more symmetric_without_abs per_tensor_for_per_channel wrong_axis "
        "percentile_of_the_range calibration_ignored zero_point_sign unsigned_zero_point "
        "zero_point_truncated zero_point_times_scale",
    "asymmetric scale of -10..-5":
        "symmetric_by_one_level_more symmetric_without_abs per_tensor_for_per_channel wrong_axis "
        "percentile_of_the_range calibration_ignored unsigned_zero_point zero_point_truncated",
    "asymmetric scale of 0..0":
        "symmetric_by_one_level_more symmetric_without_abs per_tensor_for_per_channel wrong_axis "
        "percentile_of_the_range calibration_ignored zero_not_in_range levels_for_steps "
        "zero_point_sign unsigned_zero_point zero_point_truncated zero_point_times_scale",
    "asymmetric scale of -10..5":
        "symmetric_by_one_level_more symmetric_without_abs per_tensor_for_per_channel wrong_axis "
        "percentile_of_the_range calibration_ignored zero_not_in_range unsigned_zero_point "
        "zero_point_truncated",
    "symmetric scale of 4, restricted":
        "per_tensor_for_per_channel wrong_axis percentile_of_the_range calibration_ignored "
        "zero_not_in_range levels_for_steps symmetric_without_abs zero_point_sign "
        "unsigned_zero_point zero_point_truncated zero_point_from_the_other_end "
        "zero_point_times_scale",
    "symmetric scale of 10, restricted":
        "per_tensor_for_per_channel wrong_axis percentile_of_the_range calibration_ignored "
        "zero_not_in_range levels_for_steps symmetric_without_abs zero_point_sign "
        "unsigned_zero_point zero_point_truncated zero_point_from_the_other_end "
        "zero_point_times_scale",
    "symmetric scale of 0, restricted":
        "symmetric_by_one_level_more symmetric_without_abs per_tensor_for_per_channel wrong_axis "
        "percentile_of_the_range calibration_ignored zero_not_in_range levels_for_steps "
        "zero_point_sign unsigned_zero_point zero_point_truncated zero_point_from_the_other_end "
        "zero_point_times_scale",
    "4-bit codes, unsigned":
        "symmetric_by_one_level_more symmetric_without_abs per_tensor_for_per_channel wrong_axis "
        "percentile_of_the_range calibration_ignored zero_not_in_range levels_for_steps "
        "zero_point_sign unsigned_zero_point zero_point_truncated zero_point_from_the_other_end "
        "zero_point_times_scale",
    "4-bit codes, signed":
        "symmetric_by_one_level_more symmetric_without_abs per_tensor_for_per_channel wrong_axis "
        "percentile_of_the_range calibration_ignored zero_not_in_range levels_for_steps "
        "zero_point_sign unsigned_zero_point zero_point_truncated zero_point_from_the_other_end "
        "zero_point_times_scale",
    "4-bit codes, restricted":
        "symmetric_by_one_level_more symmetric_without_abs per_tensor_for_per_channel wrong_axis "
        "percentile_of_the_range calibration_ignored zero_not_in_range levels_for_steps "
        "zero_point_sign unsigned_zero_point zero_point_truncated zero_point_from_the_other_end "
        "zero_point_times_scale",
    "fake_quantize_per_tensor_affine":
        "half_away_for_half_even half_up_for_half_even round_after_adding cast_before_clip "
        "minus_zero_point plus_zero_point zero_point_dropped unsigned_subtraction "
        "zero_point_before_dividing byte_before_adding",
    "quantize_per_tensor":
        "floor_for_round truncate_for_round half_away_for_half_even half_up_for_half_even "
        "round_after_adding mod_for_clip cast_before_clip byte_before_adding",
    "a matrix, scale 3.5, zero point -70":
        "half_away_for_half_even half_up_for_half_even round_after_adding cast_before_clip",
    "the same in float32":
        "half_away_for_half_even half_up_for_half_even round_after_adding cast_before_clip",
    "the same matrix, its own scale":
        "symmetric_by_one_level_more symmetric_without_abs per_tensor_for_per_channel wrong_axis "
        "percentile_of_the_range calibration_ignored half_away_for_half_even "
        "half_up_for_half_even round_after_adding mod_for_clip cast_before_clip zero_not_in_range "
        "zero_point_truncated",
    "2:4 mask":
        "biases_in_groups n_removed earlier_of_equals_kept short_group_whole groups_across_rows",
    "1..10 at sparsity .2": "no_abs later_of_equals_first count_cut_off",
    "gradual schedule .2 to .8 over 100..110": "linear_for_cubic epoch_before_begin past_the_end",
    "a sigmoid neuron, f and dw":
        "mean_for_sum_backward relu_slope_from_output transposed_gradient",
    "a sigmoid neuron, dx": "mean_for_sum_backward relu_slope_from_output transposed_gradient",
    "seven rules, rounding after adding": "mod_for_clip cast_before_clip byte_before_adding",
    "dynamic, a tie in the zero point":
        "symmetric_by_one_level_more symmetric_without_abs per_tensor_for_per_channel wrong_axis "
        "percentile_of_the_range calibration_ignored floor_for_round truncate_for_round "
        "mod_for_clip cast_before_clip multiply_by_scale zero_not_in_range unsigned_zero_point "
        "zero_point_truncated zero_point_times_scale",
    "range -253..257":
        "symmetric_by_one_level_more symmetric_without_abs per_tensor_for_per_channel wrong_axis "
        "percentile_of_the_range calibration_ignored zero_not_in_range unsigned_zero_point "
        "zero_point_truncated",
    "ties":
        "round_after_adding mod_for_clip cast_before_clip minus_zero_point "
        "zero_point_before_dividing byte_before_adding",
    "exactly 11.4991, rounded twice": "half_up_in_the_shift wrap_for_saturate",
    "585 requantized in integers":
        "multiplier_not_renormalised multiplier_truncated half_up_in_the_shift "
        "one_rounding_for_two wrap_for_saturate",
    "585 requantized in float32":
        "floor_for_round truncate_for_round round_after_adding mod_for_clip cast_before_clip "
        "multiply_by_scale byte_before_adding",
    "585 requantized in float64":
        "half_away_for_half_even half_up_for_half_even round_after_adding mod_for_clip "
        "cast_before_clip multiply_by_scale byte_before_adding",
    "100*100/0.2":
        "multiplier_not_renormalised left_shift_for_right multiplier_truncated "
        "shift_without_rounding half_up_in_the_shift one_rounding_for_two",
}
# fmt: on
