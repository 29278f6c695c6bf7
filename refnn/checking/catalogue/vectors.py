"""Published vectors as data: numbers that others printed for a formula, each with its source.

Numbers are text or whole numbers, rows are strings with blanks. What is printed is an interval of
half a unit of its last digit, a whole number itself. `published` recomputes them; `blind` names the
slips of the catalogue that a vector does not catch, as computed there. dtype: "exact" (Fractions),
"float32", "float64", or "float32 data" (stored in float32, computed in float64)."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Vector:
    """name, source, formula (a key of `formulas.FORMULAS`), inputs, printed, dtype, blind: slips
    parted by blanks.

    >>> VECTORS[0].printed
    {'codes': '128 129 130 255 1 0'}
    """

    name: str
    source: str
    formula: str
    inputs: dict
    printed: dict
    dtype: str = "exact"
    blind: str = ""


ONNX, GEMMLOWP = "ONNX operator tests", "gemmlowp, doc/quantization_example.cc, issue 144"
MIT, COURSE = "MIT 6.5940, labs 1 and 2", "DeepLearning.AI, Quantization in Depth"
DISTILLER, TORCH = "IntelLabs/distiller, tests/test_quant_utils.py", "PyTorch documentation"
TFMOT, TENSORFLOW = "TensorFlow Model Optimization", "tensorflow/tensorflow"
A, B = ["208 236 0 238", "3 214 255 29"], ["152 51 244", "60 26 255", "0 127 246", "127 254 247"]
ROWS = ["0 2.5 4.8 8.6", "-30 -20 6 9", "12 15 16 40"]
MATRIX = ["191.6 -13.5 728.6", "92.14 295.5 -184", "0 684.6 245.5"]
LAB_2 = [
    "0.0523 0.6364 -0.0968 -0.0020 0.1940",
    "0.75 0.5507 0.6188 -0.1734 0.4677",
    "-0.0669 0.3836 0.4297 0.6267 -0.0695",
    "0.1536 -0.0038 0.6075 0.6817 0.0601",
    "0.6446 -0.25 0.5376 -0.2226 0.2333",
]
LAB_1 = [
    "-.46 -.40 .39 .19 .37",
    "0 .40 .17 -.15 .16",
    "-.20 -.23 .36 .25 .03",
    ".24 .41 .07 .13 -.15",
    ".48 -.09 -.36 .12 .45",
]
UINT8, INT8 = {"qmin": 0, "qmax": 255}, {"qmin": -128, "qmax": 127}


def _distiller(low, high, W, zero_point, signed=False):
    return Vector(
        f"asymmetric scale of {low}..{high}{', signed' * signed}",
        DISTILLER,
        "distiller asymmetric",
        {"x": f"{low} {high}", "signed": signed},
        {"W": W, "zero_point": zero_point},
    )


def _qonnx(rule, printed, name):
    return Vector(
        f"{rule} of 5.5, 2.5, -2.5",
        "fastmachinelearning/qonnx PR #110, reported there",
        f"rounding.{name}",
        {"x": "5.5 2.5 -2.5"},
        {"rounded": printed},
    )


_VECTORS = (
    Vector(
        "quantizelinear",
        ONNX,
        "quantize",
        {"x": "0 2 3 1000 -254 -1000", "scale": 2, "zero_point": 128, **UINT8},
        {"codes": "128 129 130 255 1 0"},
    ),
    Vector(
        "quantizelinear_uint4",
        ONNX,
        "quantize",
        {"x": ROWS, "scale": "2 3 4", "zero_point": 1, "qmin": 0, "qmax": 15, "axis": 0},
        {"codes": ["1 2 3 5", "0 0 3 4", "4 5 5 11"]},
    ),
    Vector(
        "quantizelinear_int4",
        ONNX,
        "quantize",
        {"x": ROWS, "scale": "2 3 4", "zero_point": 1, "qmin": -8, "qmax": 7, "axis": 0},
        {"codes": ["1 2 3 5", "-8 -6 3 4", "4 5 5 7"]},
    ),
    Vector(
        "dynamicquantizelinear",
        ONNX,
        "choose and quantize",
        {"x": "0 2 -3 -2.5 1.34 .5", "signed": False},
        {"scale": "0.0196078438", "zero_point": 153, "codes": "153 255 0 26 221 179"},
        "float32",
    ),
    Vector(
        "dequantizelinear",
        ONNX,
        "dequantize",
        {"q": "0 3 128 255", "scale": 2, "zero_point": 128, **UINT8},
        {"decoded": "-256 -250 0 254"},
    ),
    Vector(
        "dequantizelinear_uint4",
        ONNX,
        "dequantize",
        {"q": "0 1 7 10 15", "scale": 2, "zero_point": 1, "qmin": 0, "qmax": 15},
        {"decoded": "-2 0 12 18 28"},
    ),
    Vector(
        "matmulinteger",
        ONNX,
        "matmul",
        {
            "a": ["11 7 3", "10 6 2", "9 5 1", "8 4 0"],
            "b": ["1 4", "2 5", "3 6"],
            "a_zero_point": 12,
            "b_zero_point": 0,
        },
        {"product": ["-38 -83", "-44 -98", "-50 -113", "-56 -128"]},
    ),
    Vector(
        "qlinearmatmul",
        ONNX,
        "matmul and requantize",
        {
            "a": A,
            "b": B,
            "a_zero_point": 113,
            "b_zero_point": 114,
            "M": ".0066 .00705 .0107",
            "zero_point": 118,
        },
        {"codes": ["168 115 255", "1 66 151"]},
    ),
    Vector(
        "a @ b",
        GEMMLOWP,
        "matmul",
        {"a": A, "b": B, "a_zero_point": 0, "b_zero_point": 0},
        {"product": ["76002 77196 169718", "16979 45468 125195"]},
    ),
    Vector(
        "accumulators",
        GEMMLOWP,
        "matmul",
        {"a": A, "b": B, "a_zero_point": 113, "b_zero_point": 114},
        {"product": ["11475 -778 31402", "-26914 -11872 7513"]},
    ),
    Vector(
        "multiplier and shift",
        GEMMLOWP,
        "multiplier",
        {"M": "1200097792/274877906944"},
        {"multiplier": 1200097792, "shift": 7, "M": "0.00436593"},
    ),
    Vector(
        "requantized",
        GEMMLOWP,
        "requantize",
        {
            "accumulator": ["11475 -778 31402", "-26914 -11872 7513"],
            "multiplier": 1200097792,
            "shift": 7,
            "zero_point": 118,
            **UINT8,
        },
        {"codes": ["168 115 255", "0 66 151"]},
    ),
    Vector(
        "dequantized",
        GEMMLOWP,
        "dequantize",
        {"q": ["168 115 255", "0 66 151"], "scale": ".010663", "zero_point": 118, **UINT8},
        {"decoded": [".533 -.032 1.46", "-1.26 -.554 .352"]},
    ),
    Vector(
        "linear quantize, 2 bits",
        MIT,
        "quantize",
        {"x": LAB_2, "scale": "1/3", "zero_point": -1, "qmin": -2, "qmax": 1},
        {"codes": ["-1 1 -1 -1 0", "1 1 1 -2 0", "-1 0 0 1 -1", "-1 -1 1 1 -1", "1 -2 1 -2 0"]},
    ),
    Vector(
        "fine-grained pruning, 75 %",
        MIT,
        "prune",
        {"weights": LAB_1, "sparsity": "0.75"},
        {"kept": "-.46 -.40 .40 .41 .48 .45"},
    ),
    _distiller(-2, 10, "21.25", -42),
    _distiller(-2, 10, "21.25", 86, signed=True),
    _distiller(5, 10, "25.5", 0),
    _distiller(-10, -5, "25.5", -255),
    _distiller(0, 0, 1, 0),
    _distiller(-10, 5, 17, -170),
    *(
        Vector(
            f"symmetric scale of {m}, full range",
            DISTILLER,
            "distiller symmetric",
            {"x": f"{m} 0"},
            {"W": full},
        )
        for m, full in ((4, "31.875"), (10, "12.75"), (0, 1))
    ),
    *(
        Vector(
            f"symmetric scale of {m}, restricted",
            DISTILLER,
            "symmetric",
            {"x": f"{m} 0"},
            {"W": restricted},
        )
        for m, restricted in ((4, "31.75"), (10, "12.7"), (0, 1))
    ),
    *(
        Vector(
            f"4-bit codes, {name}",
            DISTILLER,
            "choose",
            {"x": "-1 1", "bits": 4, **options},
            {"qmin": qmin, "qmax": qmax},
        )
        for name, options, qmin, qmax in (
            ("unsigned", {"signed": False}, 0, 15),
            ("signed", {}, -8, 7),
            ("restricted", {"symmetric": True}, -7, 7),
        )
    ),
    Vector(
        "fake_quantize_per_tensor_affine",
        TORCH,
        "fake_quantize",
        {"x": ".0552 .9730 .3973 -1.0780", "scale": "0.1", "zero_point": 0, **UINT8},
        {"decoded": "0.1 1.0 0.4 0"},
    ),
    Vector(
        "quantize_per_tensor",
        TORCH,
        "quantize",
        {"x": "-1 0 1 2", "scale": "0.1", "zero_point": 10, **UINT8},
        {"codes": "0 10 20 30"},
    ),
    Vector(
        "the matrix at 3.5 and -70",
        COURSE,
        "fake_quantize",
        {"x": MATRIX, "scale": "3.5", "zero_point": -70, **INT8},
        {
            "codes": ["-15 -74 127", "-44 14 -123", "-70 126 0"],
            "decoded": ["192.5 -14 689.5", "91 294 -185.5", "0 686 245"],
            "mse": "170.8755",
        },
    ),
    Vector(
        "the same in float32",
        COURSE,
        "fake_quantize",
        {"x": MATRIX, "scale": "3.5", "zero_point": -70, **INT8},
        {"mse": "170.8753"},
        "float32",
    ),
    Vector(
        "the matrix at its own scale",
        COURSE,
        "choose and fake_quantize",
        {"x": MATRIX},
        {
            "scale": "3.578823433670343",
            "raw": "-76.58645490333825",
            "zero_point": -77,
            "mse": "1.5730",
        },
        "float32 data",
    ),
    Vector(
        "2:4 mask",
        TFMOT,
        "n_of_m",
        {"weights": [".25 -1.33 .43 -.11", ".47 .92 -.13 -2.23"], "n": 2, "m": 4},
        {"mask": ["0 1 1 0", "0 1 0 1"]},
    ),
    Vector(
        "1..10 at sparsity .2",
        TFMOT,
        "prune",
        {"weights": ["1 2 3 4 5 6 7 8 9 10"], "sparsity": "0.2"},
        {"kept": "3 4 5 6 7 8 9 10", "threshold": 3},
    ),
    Vector(
        "gradual schedule .2 to .8 over 100..110",
        TFMOT,
        "cubic",
        {"steps": "100 110", "begin": 100, "end": 110, "initial": "0.2", "final": "0.8"},
        {"sparsity": "0.2 0.8"},
    ),
    Vector(
        "a sigmoid neuron, f and dw",
        "CS231n notes, backpropagation",
        "neuron",
        {"w": "2 -3", "b": -3, "x": "-1 -2"},
        {"f": "0.7310586", "dw": "-.1966 -.3932", "db": ".1966"},
        "float64",
    ),
    Vector(
        "a sigmoid neuron, dx",
        "CS231n notes, backpropagation",
        "neuron",  # w and x have exchanged their roles
        {"w": "-1 -2", "b": -3, "x": "2 -3"},
        {"f": "0.7310586", "dw": ".3932 -.5898", "db": "0.1966119"},
        "float64",
    ),
    Vector(
        "seven rounding rules and the order error",
        "made for it: ties of both signs, odd zero point",
        "quantize",
        {"x": "1 3 5 -1 -3 -5 .9 1.1", "scale": 2, "zero_point": 11, **UINT8},
        {"codes": "11 13 13 11 9 9 11 12"},
    ),
    Vector(
        "dynamic, a tie in the zero point",
        "sonos/tract #2672",
        "choose and quantize",
        {"x": "-127 128 .5", "signed": False},
        {"zero_point": 127, "codes": "0 255 127"},
        "float32",
    ),
    Vector(
        "range -253..257",
        "sonos/tract #2672",
        "choose",
        {"x": "-253 257", "signed": False},
        {"scale": 2, "zero_point": 126},
    ),
    Vector(
        "ties",
        "sonos/tract #2850",
        "quantize",
        {"x": ".25 .75 1.25 1.75", "scale": "0.5", "zero_point": 0, **UINT8},
        {"codes": "0 2 2 4"},
    ),
    Vector(
        "exactly 11.4991, rounded twice",
        f"{TENSORFLOW} #25087",
        "requantize",
        {"accumulator": 7984, "multiplier": 1583594044, "shift": 9, "zero_point": 0, **INT8},
        {"codes": 12},
    ),
    Vector(
        "exactly 11.4991, rounded once",
        f"{TENSORFLOW} #25087",
        "requantize once",
        {"accumulator": 7984, "multiplier": 1583594044, "shift": 9, "zero_point": 0, **INT8},
        {"codes": 11},
    ),
    Vector(
        "585 requantized in integers",
        f"{TENSORFLOW} #102943",
        "rescale",
        {
            "accumulator": 585,
            "M": "0.05296124517917633 0.024093778803944588 0.11484327912330627",
            "zero_point": -126,
            **INT8,
        },
        {"codes": -119},
    ),
    *(
        Vector(
            f"585 requantized in {dtype}",
            f"{TENSORFLOW} #102943",
            "rescale in floats",
            {
                "accumulator": 585,
                "M": "0.05296124517917633 0.024093778803944588 0.11484327912330627",
                "zero_point": -126,
                **INT8,
            },
            {"codes": code},
            dtype,
        )
        for dtype, code in (("float32", -120), ("float64", -119))
    ),
    Vector(
        "100*100/0.2",
        "onnx/onnx #7835, mended",
        "rescale",
        {"accumulator": 10000, "M": "1 1 0.2", "zero_point": 0, **UINT8},
        {"codes": 255},
    ),
    _qonnx("even", "6 2 -2", "half_even"),
    _qonnx("ceil", "6 3 -2", "ceil"),
    _qonnx("floor", "5 2 -3", "floor"),
    _qonnx("down", "5 2 -2", "toward_zero"),
    _qonnx("half-up", "6 3 -3", "half_away"),
)

# --- blind spots, as `published.blind_spots` computes them
# -----------------------------------------------------------

# What choose_qparams is not asked for: another symmetry, an axis, another calibration.
ELSEWHERE = "per_tensor_for_per_channel wrong_axis percentile_of_the_range calibration_ignored"
SYMMETRIC = "symmetric_by_one_level_more symmetric_without_abs"
BLIND = {
    "quantizelinear": "half_away_for_half_even half_up_for_half_even round_after_adding cast_before_clip",
    "quantizelinear_uint4": "half_away_for_half_even half_up_for_half_even round_after_adding cast_before_clip byte_before_adding",
    "quantizelinear_int4": "half_away_for_half_even half_up_for_half_even round_after_adding cast_before_clip byte_before_adding",
    "dynamicquantizelinear": (
        f"{SYMMETRIC} {ELSEWHERE} half_away_for_half_even half_up_for_half_even mod_for_clip cast_before_clip "
        "unsigned_zero_point zero_point_truncated"
    ),
    "dequantizelinear": "second_rounding",
    "dequantizelinear_uint4": "second_rounding",
    "matmulinteger": "accumulator_of_a_byte",
    "qlinearmatmul": (
        "multiplier_not_renormalised multiplier_truncated half_up_in_the_shift one_rounding_for_two "
        "wrap_for_saturate"
    ),
    "a @ b": "zero_point_subtracted_in_a_byte zero_points_exchanged",
    "multiplier and shift": "multiplier_not_renormalised multiplier_truncated",
    "requantized": "half_up_in_the_shift one_rounding_for_two wrap_for_saturate",
    "linear quantize, 2 bits": (
        "half_away_for_half_even half_up_for_half_even round_after_adding mod_for_clip cast_before_clip "
        "byte_before_adding"
    ),
    "asymmetric scale of -2..10": f"{SYMMETRIC} {ELSEWHERE} zero_not_in_range unsigned_zero_point zero_point_truncated",
    "asymmetric scale of -2..10, signed": f"{SYMMETRIC} {ELSEWHERE} zero_not_in_range zero_point_truncated",
    "asymmetric scale of 5..10": (
        f"{SYMMETRIC} {ELSEWHERE} zero_point_sign unsigned_zero_point zero_point_truncated "
        "zero_point_from_the_other_end zero_point_times_scale"
    ),
    "asymmetric scale of -10..-5": f"{SYMMETRIC} {ELSEWHERE} unsigned_zero_point zero_point_truncated",
    "asymmetric scale of 0..0": (
        f"{SYMMETRIC} {ELSEWHERE} zero_point_sign unsigned_zero_point zero_point_truncated "
        "zero_point_from_the_other_end zero_point_times_scale"
    ),
    "asymmetric scale of -10..5": f"{SYMMETRIC} {ELSEWHERE} zero_not_in_range unsigned_zero_point zero_point_truncated",
    "symmetric scale of 4, restricted": (
        f"{ELSEWHERE} symmetric_without_abs zero_point_sign unsigned_zero_point zero_point_truncated "
        "zero_point_from_the_other_end zero_point_times_scale"
    ),
    "symmetric scale of 10, restricted": (
        f"{ELSEWHERE} symmetric_without_abs zero_point_sign unsigned_zero_point zero_point_truncated "
        "zero_point_from_the_other_end zero_point_times_scale"
    ),
    "symmetric scale of 0, restricted": (
        f"{ELSEWHERE} zero_point_sign unsigned_zero_point zero_point_truncated zero_point_from_the_other_end "
        "zero_point_times_scale"
    ),
    "4-bit codes, unsigned": (
        f"{SYMMETRIC} {ELSEWHERE} zero_not_in_range levels_for_steps zero_point_sign unsigned_zero_point "
        "zero_point_truncated zero_point_from_the_other_end zero_point_times_scale"
    ),
    "4-bit codes, signed": (
        f"{SYMMETRIC} {ELSEWHERE} zero_not_in_range levels_for_steps zero_point_sign unsigned_zero_point "
        "zero_point_truncated zero_point_from_the_other_end zero_point_times_scale"
    ),
    "4-bit codes, restricted": (
        f"{SYMMETRIC} {ELSEWHERE} zero_point_sign unsigned_zero_point zero_point_truncated "
        "zero_point_from_the_other_end zero_point_times_scale"
    ),
    "fake_quantize_per_tensor_affine": (
        "half_away_for_half_even half_up_for_half_even round_after_adding cast_before_clip minus_zero_point "
        "plus_zero_point zero_point_dropped unsigned_subtraction zero_point_before_dividing byte_before_adding"
    ),
    "quantize_per_tensor": (
        "floor_for_round truncate_for_round half_away_for_half_even half_up_for_half_even round_after_adding "
        "mod_for_clip cast_before_clip byte_before_adding"
    ),
    "the matrix at 3.5 and -70": "half_away_for_half_even half_up_for_half_even round_after_adding cast_before_clip",
    "the same in float32": "half_away_for_half_even half_up_for_half_even round_after_adding cast_before_clip",
    "the matrix at its own scale": (
        f"{SYMMETRIC} {ELSEWHERE} half_away_for_half_even half_up_for_half_even round_after_adding mod_for_clip "
        "cast_before_clip zero_not_in_range zero_point_truncated"
    ),
    "2:4 mask": "biases_in_groups n_removed earlier_of_equals_kept short_group_whole groups_across_rows",
    "1..10 at sparsity .2": "no_abs",
    "gradual schedule .2 to .8 over 100..110": "linear_for_cubic epoch_before_begin past_the_end",
    "a sigmoid neuron, f and dw": "mean_for_sum_backward relu_slope_from_output transposed_gradient",
    "a sigmoid neuron, dx": "mean_for_sum_backward relu_slope_from_output transposed_gradient",
    "seven rounding rules and the order error": "mod_for_clip cast_before_clip byte_before_adding",
    "dynamic, a tie in the zero point": (
        f"{SYMMETRIC} {ELSEWHERE} floor_for_round truncate_for_round mod_for_clip cast_before_clip "
        "multiply_by_scale zero_not_in_range unsigned_zero_point zero_point_truncated zero_point_times_scale"
    ),
    "range -253..257": f"{SYMMETRIC} {ELSEWHERE} zero_not_in_range unsigned_zero_point zero_point_truncated",
    "ties": (
        "round_after_adding mod_for_clip cast_before_clip minus_zero_point zero_point_before_dividing "
        "byte_before_adding"
    ),
    "exactly 11.4991, rounded twice": "half_up_in_the_shift wrap_for_saturate",
    "585 requantized in integers": (
        "multiplier_not_renormalised multiplier_truncated half_up_in_the_shift one_rounding_for_two "
        "wrap_for_saturate"
    ),
    "585 requantized in float32": (
        "floor_for_round truncate_for_round round_after_adding mod_for_clip cast_before_clip multiply_by_scale "
        "byte_before_adding"
    ),
    "585 requantized in float64": (
        "half_away_for_half_even half_up_for_half_even round_after_adding mod_for_clip cast_before_clip "
        "multiply_by_scale byte_before_adding"
    ),
    "100*100/0.2": (
        "multiplier_not_renormalised left_shift_for_right multiplier_truncated shift_without_rounding "
        "half_up_in_the_shift one_rounding_for_two"
    ),
}
VECTORS = tuple(replace(v, blind=BLIND.get(v.name, "")) for v in _VECTORS)
