"""This module holds published numbers with their sources: right ones, and a museum of mistakes.

Numbers are written as text or as whole numbers, and a row is a string with blanks. A printed
decimal stands for the interval of half a unit of its last digit to each side. A printed whole
number stands for itself. The module `published` recomputes all of them.

The museum holds wrong numbers that were published, next to the right ones. Most of them have been
corrected since. Everybody makes such mistakes, so an entry names the kind of mistake and the place,
but never a person. If only a formula was printed, the numbers are our own ("shown on"). Two more
mistakes cannot be recomputed from what was printed: an int8 accuracy of 10.10 %, which is the
accuracy of guessing, because the input had been cast without a scale; and the claim "threshold 0.1
is the 70th percentile" about 18 weights of which 8 are below 0.1.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Vector:
    """Published numbers of a formula, either right ones or wrong ones together with the right."""

    name: str  # name of the vector, or kind of slip in the museum
    source: str
    formula: str  # name of a row of `formulas`
    inputs: dict  # {argument: its given value}
    printed: dict  # {name of a value: its printed value}
    dtype: str = "exact"  # or float32, float64; "float32 data" is computed in float64
    right: dict | None = None  # the right values, or None if the printed ones are right
    slip: str | None = None  # name of the slip that gives these numbers
    reason: str = ""  # why no slip gives them, or another remark


ONNX, GEMMLOWP = "ONNX operator tests", "gemmlowp, doc/quantization_example.cc, issue 144"
MIT, COURSE = "MIT 6.5940, labs 1 and 2", "DeepLearning.AI, Quantization in Depth"
DISTILLER, TORCH = "IntelLabs/distiller, tests/test_quant_utils.py", "PyTorch documentation"
TFMOT, QONNX = "TensorFlow Model Optimization", "fastmachinelearning/qonnx PR #110, reported there"
CS231N, TRACT = "CS231n notes, backpropagation", "sonos/tract"
TENSORFLOW = "tensorflow/tensorflow"
UINT8, INT8 = {"qmin": 0, "qmax": 255}, {"qmin": -128, "qmax": 127}

# fmt: off
A, B = ["208 236 0 238", "3 214 255 29"], ["152 51 244", "60 26 255", "0 127 246", "127 254 247"]
SUMS = ["11475 -778 31402", "-26914 -11872 7513"]
ROWS = {"x": ["0 2.5 4.8 8.6", "-30 -20 6 9", "12 15 16 40"], "scale": "2 3 4", "zero_point": 1}
MATRIX = ["191.6 -13.5 728.6", "92.14 295.5 -184", "0 684.6 245.5"]
LAB_2 = ["0.0523 0.6364 -0.0968 -0.0020 0.1940", "0.75 0.5507 0.6188 -0.1734 0.4677",
         "-0.0669 0.3836 0.4297 0.6267 -0.0695", "0.1536 -0.0038 0.6075 0.6817 0.0601",
         "0.6446 -0.25 0.5376 -0.2226 0.2333"]
LAB_1 = ["-.46 -.40 .39 .19 .37", "0 .40 .17 -.15 .16", "-.20 -.23 .36 .25 .03",
         ".24 .41 .07 .13 -.15", ".48 -.09 -.36 .12 .45"]
COURSE_GRID = {"x": MATRIX, "scale": "3.5", "zero_point": -70, **INT8}
TORCH_GRID = {"x": ".0552 .9730 .3973 -1.0780", "scale": "0.1", "zero_point": 0, **UINT8}
TIE = {"accumulator": 7984, "multiplier": 1583594044, "shift": 9, "zero_point": 0, **INT8}
M_585 = "0.05296124517917633 0.024093778803944588 0.11484327912330627"
OF_585 = {"accumulator": 585, "M": M_585, "zero_point": -126, **INT8}
OVERFLOW = {"accumulator": 10000, "M": "1 1 0.2", "zero_point": 0, **UINT8}


def _distiller(low, high, W, zero_point, signed=False):
    name = f"asymmetric scale of {low}..{high}{', signed' * signed}"
    inputs, printed = {"x": f"{low} {high}", "signed": signed}, {"W": W, "zero_point": zero_point}
    return Vector(name, DISTILLER, "distiller asymmetric", inputs, printed)


def _full(largest, W):
    name, x = f"symmetric scale of {largest}, full range", f"{largest} 0"
    return Vector(name, DISTILLER, "distiller symmetric", {"x": x}, {"W": W})


def _restricted(largest, W):
    name, inputs = f"symmetric scale of {largest}, restricted", {"x": f"{largest} 0"}
    return Vector(name, DISTILLER, "symmetric", inputs, {"W": W})


def _4_bits(name, qmin, qmax, **options):
    inputs, printed = {"x": "-1 1", "bits": 4, **options}, {"qmin": qmin, "qmax": qmax}
    return Vector(f"4-bit codes, {name}", DISTILLER, "choose", inputs, printed)


def _qonnx(rule, printed, name):
    inputs, printed = {"x": "5.5 2.5 -2.5"}, {"rounded": printed}
    return Vector(f"{rule} of 5.5, 2.5, -2.5", QONNX, f"rounding.{name}", inputs, printed)


VECTORS = (
    Vector("quantizelinear", ONNX, "quantize",
           {"x": "0 2 3 1000 -254 -1000", "scale": 2, "zero_point": 128, **UINT8},
           {"codes": "128 129 130 255 1 0"}),
    Vector("quantizelinear_uint4", ONNX, "quantize", {**ROWS, "qmin": 0, "qmax": 15, "axis": 0},
           {"codes": ["1 2 3 5", "0 0 3 4", "4 5 5 11"]}),
    Vector("quantizelinear_int4", ONNX, "quantize", {**ROWS, "qmin": -8, "qmax": 7, "axis": 0},
           {"codes": ["1 2 3 5", "-8 -6 3 4", "4 5 5 7"]}),
    Vector("dynamicquantizelinear", ONNX, "choose and quantize",
           {"x": "0 2 -3 -2.5 1.34 .5", "signed": False},
           {"scale": "0.0196078438", "zero_point": 153, "codes": "153 255 0 26 221 179"},
           "float32"),
    Vector("dequantizelinear", ONNX, "dequantize",
           {"q": "0 3 128 255", "scale": 2, "zero_point": 128, **UINT8},
           {"decoded": "-256 -250 0 254"}),
    Vector("dequantizelinear_uint4", ONNX, "dequantize",
           {"q": "0 1 7 10 15", "scale": 2, "zero_point": 1, "qmin": 0, "qmax": 15},
           {"decoded": "-2 0 12 18 28"}),
    Vector("matmulinteger", ONNX, "matmul",
           {"a": ["11 7 3", "10 6 2", "9 5 1", "8 4 0"], "b": ["1 4", "2 5", "3 6"],
            "a_zero_point": 12, "b_zero_point": 0},
           {"product": ["-38 -83", "-44 -98", "-50 -113", "-56 -128"]}),
    Vector("qlinearmatmul", ONNX, "matmul and requantize",
           {"a": A, "b": B, "a_zero_point": 113, "b_zero_point": 114, "M": ".0066 .00705 .0107",
            "zero_point": 118},
           {"codes": ["168 115 255", "1 66 151"]}),
    Vector("a @ b", GEMMLOWP, "matmul", {"a": A, "b": B, "a_zero_point": 0, "b_zero_point": 0},
           {"product": ["76002 77196 169718", "16979 45468 125195"]}),
    Vector("accumulators", GEMMLOWP, "matmul",
           {"a": A, "b": B, "a_zero_point": 113, "b_zero_point": 114}, {"product": SUMS}),
    Vector("multiplier and shift", GEMMLOWP, "multiplier", {"M": "1200097792/274877906944"},
           {"multiplier": 1200097792, "shift": 7, "M": "0.00436593"}),
    Vector("requantized", GEMMLOWP, "requantize",
           {"accumulator": SUMS, "multiplier": 1200097792, "shift": 7, "zero_point": 118, **UINT8},
           {"codes": ["168 115 255", "0 66 151"]}),
    Vector("dequantized", GEMMLOWP, "dequantize",
           {"q": ["168 115 255", "0 66 151"], "scale": ".010663", "zero_point": 118, **UINT8},
           {"decoded": [".533 -.032 1.46", "-1.26 -.554 .352"]}),
    Vector("linear quantize, 2 bits", MIT, "quantize",
           {"x": LAB_2, "scale": "1/3", "zero_point": -1, "qmin": -2, "qmax": 1},
           {"codes": ["-1 1 -1 -1 0", "1 1 1 -2 0", "-1 0 0 1 -1", "-1 -1 1 1 -1", "1 -2 1 -2 0"]}),
    Vector("fine-grained pruning, 75 %", MIT, "prune", {"weights": LAB_1, "sparsity": "0.75"},
           {"kept": "-.46 -.40 .40 .41 .48 .45"}),
    _distiller(-2, 10, "21.25", -42),
    _distiller(-2, 10, "21.25", 86, signed=True),
    _distiller(5, 10, "25.5", 0),
    _distiller(-10, -5, "25.5", -255),
    _distiller(0, 0, 1, 0),
    _distiller(-10, 5, 17, -170),
    *map(_full, (4, 10, 0), ("31.875", "12.75", 1)),
    *map(_restricted, (4, 10, 0), ("31.75", "12.7", 1)),
    _4_bits("unsigned", 0, 15, signed=False),
    _4_bits("signed", -8, 7),
    _4_bits("restricted", -7, 7, symmetric=True),
    Vector("fake_quantize_per_tensor_affine", TORCH, "fake_quantize", TORCH_GRID,
           {"decoded": "0.1 1.0 0.4 0"}),
    Vector("quantize_per_tensor", TORCH, "quantize",
           {"x": "-1 0 1 2", "scale": "0.1", "zero_point": 10, **UINT8}, {"codes": "0 10 20 30"}),
    Vector("a matrix, scale 3.5, zero point -70", COURSE, "fake_quantize", COURSE_GRID,
           {"codes": ["-15 -74 127", "-44 14 -123", "-70 126 0"],
            "decoded": ["192.5 -14 689.5", "91 294 -185.5", "0 686 245"], "mse": "170.8755"}),
    Vector("the same in float32", COURSE, "fake_quantize", COURSE_GRID, {"mse": "170.8753"},
           "float32"),
    Vector("the same matrix, its own scale", COURSE, "choose and fake_quantize", {"x": MATRIX},
           {"scale": "3.578823433670343", "raw": "-76.58645490333825", "zero_point": -77,
            "mse": "1.5730"}, "float32 data"),
    Vector("2:4 mask", TFMOT, "n_of_m of weights",
           {"weights": [".25 -1.33 .43 -.11", ".47 .92 -.13 -2.23"], "n": 2, "m": 4},
           {"mask": ["0 1 1 0", "0 1 0 1"]}),
    Vector("1..10 at sparsity .2", TFMOT, "prune",
           {"weights": ["1 2 3 4 5 6 7 8 9 10"], "sparsity": "0.2"},
           {"kept": "3 4 5 6 7 8 9 10", "threshold": 3}),
    Vector("gradual schedule .2 to .8 over 100..110", TFMOT, "cubic",
           {"steps": "100 110", "begin": 100, "end": 110, "initial": "0.2", "final": "0.8"},
           {"sparsity": "0.2 0.8"}),
    Vector("a sigmoid neuron, f and dw", CS231N, "neuron", {"w": "2 -3", "b": -3, "x": "-1 -2"},
           {"f": "0.7310586", "dw": "-.1966 -.3932", "db": ".1966"}, "float64"),
    # Here w and x are exchanged, so dw is the published dx.
    Vector("a sigmoid neuron, dx", CS231N, "neuron", {"w": "-1 -2", "b": -3, "x": "2 -3"},
           {"f": "0.7310586", "dw": ".3932 -.5898", "db": "0.1966119"}, "float64"),
    Vector("seven rules, rounding after adding",
           "our own vector, with ties of both signs and an odd zero point", "quantize",
           {"x": "1 3 5 -1 -3 -5 .9 1.1", "scale": 2, "zero_point": 11, **UINT8},
           {"codes": "11 13 13 11 9 9 11 12"}),
    Vector("dynamic, a tie in the zero point", f"{TRACT} #2672", "choose and quantize",
           {"x": "-127 128 .5", "signed": False}, {"zero_point": 127, "codes": "0 255 127"},
           "float32"),
    Vector("range -253..257", f"{TRACT} #2672", "choose", {"x": "-253 257", "signed": False},
           {"scale": 2, "zero_point": 126}),
    Vector("ties", f"{TRACT} #2850", "quantize",
           {"x": ".25 .75 1.25 1.75", "scale": "0.5", "zero_point": 0, **UINT8},
           {"codes": "0 2 2 4"}),
    Vector("exactly 11.4991, rounded twice", f"{TENSORFLOW} #25087", "requantize", TIE,
           {"codes": 12}),
    Vector("exactly 11.4991, rounded once", f"{TENSORFLOW} #25087", "requantize once", TIE,
           {"codes": 11}),
    Vector("585 requantized in integers", f"{TENSORFLOW} #102943", "rescale", OF_585,
           {"codes": -119}),
    Vector("585 requantized in float32", f"{TENSORFLOW} #102943", "rescale in floats", OF_585,
           {"codes": -120}, "float32"),
    Vector("585 requantized in float64", f"{TENSORFLOW} #102943", "rescale in floats", OF_585,
           {"codes": -119}, "float64"),
    Vector("100*100/0.2", "onnx/onnx #7835, corrected since", "rescale", OVERFLOW, {"codes": 255}),
    _qonnx("even", "6 2 -2", "half_even"),
    _qonnx("ceil", "6 3 -2", "ceil"),
    _qonnx("floor", "5 2 -3", "floor"),
    _qonnx("down", "5 2 -2", "toward_zero"),
    _qonnx("half-up", "6 3 -3", "half_away"),
)

MUSEUM = (
    Vector("the other end of the range", "a course, data in -1..2 as int8", "choose",
           {"x": "-1 2"}, {"zero_point": 42}, right={"zero_point": -43},
           slip="zero_point_from_the_other_end", reason=
           "a change of sign alone would give 43. The printed 42 is 127 - 85, so it was counted "
           "from the last code, 127"),
    Vector("a range without 0", "a course, 1..6 as int8; 6.0 came back as 5.0, and its test passed",
           "choose and fake_quantize", {"x": "1 2 3 4 5 6"}, {"last": "5.0"}, right={"last": "6.0"},
           slip="zero_not_in_range",
           reason="the course's test allowed a relative error of 0.2. Half a step is only 0.0118"),
    Vector("cast, then add", "a notebook, 1..6 as int8 at scale 5/255 and zero point -128",
           "fake_quantize", {"x": "6.0", "scale": "5/255", "zero_point": -128, **INT8},
           {"decoded": "0.98"}, right={"decoded": "5.0"}, slip="byte_before_adding",
           reason="if the range contains 0, then 6.0 comes back as 6.0"),
    Vector("encoder and decoder are not inverses",
           "q = round((x - zp)/scale) beside (q - zp)*scale; shown on scale 1/2, zero point 3",
           "fake_quantize", {"x": "0 1 2", "scale": "1/2", "zero_point": 3, **INT8},
           {"decoded": "-4.5 -3.5 -2.5"}, right={"decoded": "0 1 2"},
           slip="zero_point_before_dividing"),
    Vector("off by one level", "symmetric scale max|x|/2^(N - 1); shown on max 1, 8 bits",
           "symmetric", {"x": "-1 1"}, {"scale": "1/128"}, right={"scale": "1/127"},
           slip="symmetric_by_one_level_more"),
    Vector("a second rounding", "dequantize as round(q/S); shown on S = 4", "dequantize",
           {"q": "1 2 7", "scale": "1/4", "zero_point": 0, **INT8}, {"decoded": "0 0 2"},
           right={"decoded": "0.25 0.5 1.75"}, slip="second_rounding"),
    Vector("multiply and divide",
           "a course's notebook, r = (q - Z)/scale; shown on scale 1/2, zero point 3", "dequantize",
           {"q": "5 3 0", "scale": "1/2", "zero_point": 3, **INT8}, {"decoded": "4 0 -6"},
           right={"decoded": "1 0 -1.5"}, slip="divide_by_scale"),
    Vector("divide and multiply", "a draft specification (stablehlo PR #1161), zero point = "
           "min - round(beta*scale); shown on -1..2, int8", "choose", {"x": "-1 2"},
           {"zero_point": -128}, right={"zero_point": -43}, slip="zero_point_times_scale"),
    Vector("a reciprocal", "Distiller's documentation #11, corrected since: bias scale "
           "q_b/(q_x*q_w); shown on w = 1, b = 1, x in -1..1", "bias", {"w": "1", "b": "1"},
           {"code": 0}, "float64", right={"code": 16192}, slip="reciprocal_bias_scale",
           reason="1.0 is 1/(s_x*s_W) = 16192.5 steps, rounded to 16192, but the "
           "reciprocal scale gives 1/16192.5 steps"),
    Vector("wrapped, not saturated", "onnx #7835, corrected since: 100*100/0.2 in uint8", "rescale",
           OVERFLOW, {"codes": 80}, right={"codes": 255}, slip="wrap_for_saturate",
           reason="50000 mod 256 is 80"),
    Vector("cast, then clip", "ONNX's reference QuantizeLinear, 2026-08: 1e10 in uint8", "quantize",
           {"x": "1e10", "scale": 1, "zero_point": 0, **UINT8}, {"codes": 0}, right={"codes": 255},
           slip="cast_before_clip",
           reason=
           "beyond int32 a cast gives the smallest code (+inf also gave 0, and is refused here)"),
    Vector("no absolute value", "a shipped pruning tool; shown on -3, 1, 0.5, 2 at 25 %", "prune",
           {"weights": ["-3 1 0.5 2"], "sparsity": "0.25"}, {"kept": "1 0.5 2"},
           right={"kept": "-3 1 2"}, slip="no_abs"),
    Vector("an overwritten sum", "a pruning library 1.6.1, squared slopes of g = 1, 2, 3",
           "fisher of slopes", {"g": "1 2 3"}, {"sum": 9}, "float64", right={"sum": 14},
           slip="last_example_only",
           reason="the sum is 14 and the mean 14/3, but 9 is the square of the last slope alone"),
    Vector("a slope that is always 1", "a NumPy tutorial's MNIST page, ReLU's slope as output >= "
           "0; shown on z = -2 and 3", "relu", {"b": "-2 3"}, {"slope": "1 1"}, "float64",
           right={"slope": "0 1"}, slip="relu_slope_from_output"),
    Vector("the wrong variable", "Distiller's notebook, a gradual schedule before it begins; shown "
           "on an initial sparsity of 0.1, begin 3", "cubic",
           {"steps": "0 1 2", "begin": 3, "end": 10, "initial": "0.1", "final": "0.8"},
           {"sparsity": "0 1 2"}, right={"sparsity": "0.1 0.1 0.1"}, slip="epoch_before_begin",
           reason="the function returns the epoch"),
    Vector("an unsigned zero point", "a NumPy course, -1.5, 0.2, 2.8 as int8 (see its newest "
           "version)", "choose and quantize", {"x": "-1.5 0.2 2.8"},
           {"zero_point": 88, "codes": "-128 12 127"},
           right={"zero_point": -39, "codes": "-128 -27 127"}, reason="there are "
           "two mistakes at once: unsigned_zero_point alone gives 89, but with the scale rounded "
           "to 0.017 first it gives 88, and 12 is 0.2/0.017 without a zero point"),
    Vector("the zero point left out", "the same course, decoding at scale 0.017 and zero point 88",
           "dequantize", {"q": "-128 12 127", "scale": "0.017", "zero_point": 88, **INT8},
           {"decoded": "-1.496 0.204 2.799"}, right={"decoded": "-3.672 -1.292 0.663"},
           reason="-1.496 = -88*0.017 and 0.204 = 12*0.017 leave out the zero point, but 2.799 is "
           "not a multiple of 0.017"),
    Vector("a wrong sign in one value, no zero point in two",
           "the same course, decoding at scale 0.0314 and zero point 64", "dequantize",
           {"q": "-42 0 85", "scale": "0.0314", "zero_point": 64, **INT8},
           {"decoded": "-1.31 2.01 2.67"}, right={"decoded": "-3.33 -2.01 0.66"},
           reason="there are two mistakes at once: 2.01 is (0 + 64)*0.0314, and 2.67 is 85*0.0314 "
           "(besides, -42*0.0314 = -1.3188 rounds to -1.32)"),
    Vector("an impossible output", "PyTorch's documentation, an older fake_quantize example",
           "fake_quantize", TORCH_GRID, {"decoded": "0.6 0.4 0 0"},
           right={"decoded": "0.1 1.0 0.4 0"}, reason="the output seems to belong to other inputs"),
)
# fmt: on
