"""A museum of slips: numbers that were printed once, most of them mended since, beside the right
ones.

Everybody makes them; what is shown is the kind of slip, then the place, and never a person. Where a
place printed no numbers but a formula, the numbers are ours ("shown on"). `published` recomputes
each: the slip prints what is printed, the library what is right. Two of the published ones cannot
be recomputed from what is printed and are only named: an int8 accuracy of 10.10 %, that of chance,
whose input had been cast without a scale; and "threshold 0.1 is the 70th percentile" over 18
weights of which 8 are below."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Exhibit:
    """kind of slip, place; formula (a key of `formulas.FORMULAS`) and inputs; printed and right;
    slip, its name in the catalogue or None; reason: why none, or what else there is to say.

    >>> MUSEUM[0].kind, MUSEUM[0].printed, MUSEUM[0].right
    ('the other end of the range', {'zero_point': 42}, {'zero_point': -43})
    """

    kind: str
    place: str
    formula: str
    inputs: dict
    printed: dict
    right: dict
    slip: str | None = None
    reason: str = ""
    dtype: str = "exact"


UINT8, INT8 = {"qmin": 0, "qmax": 255}, {"qmin": -128, "qmax": 127}

MUSEUM = (
    Exhibit(
        "the other end of the range",
        "a course, data in -1..2 as int8",
        "choose",
        {"x": "-1 2"},
        {"zero_point": 42},
        {"zero_point": -43},
        "zero_point_from_the_other_end",
        "a mere change of sign would print 43: 42 is 127 - 85, min counted from the last code",
    ),
    Exhibit(
        "a range without 0",
        "a course, 1..6 as int8: 6.0 came back as 5.0 and passed its test",
        "choose and fake_quantize",
        {"x": "1 2 3 4 5 6"},
        {"last": "5.0"},
        {"last": "6.0"},
        "zero_not_in_range",
        "the test allowed 0.2, and relatively; half a step is 0.0118",
    ),
    Exhibit(
        "cast, then add",
        "a notebook, 1..6 as int8 at scale 5/255 and zero point -128",
        "fake_quantize",
        {"x": "6.0", "scale": "5/255", "zero_point": -128, **INT8},
        {"decoded": "0.98"},
        {"decoded": "5.0"},
        "byte_before_adding",
        "with 0 in the range 6.0 comes back as 6.0",
    ),
    Exhibit(
        "encoder and decoder are not inverses",
        "q = round((x - zp)/scale) beside (q - zp)*scale; shown on scale 1/2, zero point 3",
        "fake_quantize",
        {"x": "0 1 2", "scale": "1/2", "zero_point": 3, **INT8},
        {"decoded": "-4.5 -3.5 -2.5"},
        {"decoded": "0 1 2"},
        "zero_point_before_dividing",
    ),
    Exhibit(
        "off by one level",
        "symmetric scale max|x|/2^(N - 1); shown on max 1, 8 bits",
        "symmetric",
        {"x": "-1 1"},
        {"scale": "1/128"},
        {"scale": "1/127"},
        "symmetric_by_one_level_more",
    ),
    Exhibit(
        "a second rounding",
        "dequantize as round(q/S); shown on S = 4",
        "dequantize",
        {"q": "1 2 7", "scale": "1/4", "zero_point": 0, **INT8},
        {"decoded": "0 0 2"},
        {"decoded": "0.25 0.5 1.75"},
        "second_rounding",
    ),
    Exhibit(
        "multiply and divide",
        "a course's notebook, r = (q - Z)/scale; shown on scale 1/2, zero point 3",
        "dequantize",
        {"q": "5 3 0", "scale": "1/2", "zero_point": 3, **INT8},
        {"decoded": "4 0 -6"},
        {"decoded": "1 0 -1.5"},
        "divide_by_scale",
    ),
    Exhibit(
        "divide and multiply",
        "a draft specification (stablehlo PR #1161), zero point = min - round(beta*scale); "
        "shown on -1..2, int8",
        "choose",
        {"x": "-1 2"},
        {"zero_point": -128},
        {"zero_point": -43},
        "zero_point_times_scale",
    ),
    Exhibit(
        "a reciprocal",
        "Distiller's documentation #11, mended: bias scale q_b/(q_x*q_w); shown on w = 1, b = 1, "
        "x in -1..1",
        "bias",
        {"w": "1", "b": "1"},
        {"code": 0},
        {"code": 16192},
        "reciprocal_bias_scale",
        "1/(s_x*s_W) = 16192.5 steps make 1.0, half to even; the reciprocal makes 1/16192.5 of it",
        "float64",
    ),
    Exhibit(
        "wrapped, not saturated",
        "onnx #7835, mended: 100*100/0.2 in uint8",
        "rescale",
        {"accumulator": 10000, "M": "1 1 0.2", "zero_point": 0, **UINT8},
        {"codes": 80},
        {"codes": 255},
        "wrap_for_saturate",
        "50000 mod 256 is 80",
    ),
    Exhibit(
        "cast, then clip",
        "ONNX's reference QuantizeLinear, 2026-08: 1e10 in uint8",
        "quantize",
        {"x": "1e10", "scale": 1, "zero_point": 0, **UINT8},
        {"codes": 0},
        {"codes": 255},
        "cast_before_clip",
        "beyond int32 a cast gives the smallest; +inf, also 0 there, is refused here",
    ),
    Exhibit(
        "no absolute value",
        "a shipped pruning tool; shown on -3, 1, 0.5, 2 at 25 %",
        "prune",
        {"weights": ["-3 1 0.5 2"], "sparsity": "0.25"},
        {"kept": "1 0.5 2"},
        {"kept": "-3 1 2"},
        "no_abs",
    ),
    Exhibit(
        "an overwritten sum",
        "a pruning library 1.6.1, squared slopes of g = 1, 2, 3",
        "fisher",
        {"g": "1 2 3"},
        {"sum": 9},
        {"sum": 14},
        "last_example_only",
        "14 is the sum, 14/3 the mean; 9 is the last alone",
        "float64",
    ),
    Exhibit(
        "a slope that is always 1",
        "a NumPy tutorial's MNIST page, ReLU's slope as output >= 0; shown on z = -2 and 3",
        "relu",
        {"b": "-2 3"},
        {"slope": "1 1"},
        {"slope": "0 1"},
        "relu_slope_from_output",
        dtype="float64",
    ),
    Exhibit(
        "the wrong variable",
        "Distiller's notebook, a gradual schedule before it begins; shown on an initial "
        "sparsity of 0.1, begin 3",
        "cubic",
        {"steps": "0 1 2", "begin": 3, "end": 10, "initial": "0.1", "final": "0.8"},
        {"sparsity": "0 1 2"},
        {"sparsity": "0.1 0.1 0.1"},
        "epoch_before_begin",
        "it returns the epoch",
    ),
    Exhibit(
        "an unsigned zero point",
        "a NumPy course, -1.5, 0.2, 2.8 as int8 (see its newest version)",
        "choose and quantize",
        {"x": "-1.5 0.2 2.8"},
        {"zero_point": 88, "codes": "-128 12 127"},
        {"zero_point": -39, "codes": "-128 -27 127"},
        None,
        "two at once: unsigned_zero_point alone prints 89, with the scale first rounded to 0.017 it is 88; and 12 "
        "is 0.2/0.017 without a zero point",
    ),
    Exhibit(
        "the zero point left out",
        "the same course, decoding at scale 0.017 and zero point 88",
        "dequantize",
        {"q": "-128 12 127", "scale": "0.017", "zero_point": 88, **INT8},
        {"decoded": "-1.496 0.204 2.799"},
        {"decoded": "-3.672 -1.292 0.663"},
        None,
        "-1.496 is -88*0.017 and 0.204 is 12*0.017, without a zero point; but 2.799 is no multiple of 0.017",
    ),
    Exhibit(
        "a sign, and a zero point dropped",
        "the same course, decoding at scale 0.0314 and zero point 64",
        "dequantize",
        {"q": "-42 0 85", "scale": "0.0314", "zero_point": 64, **INT8},
        {"decoded": "-1.31 2.01 2.67"},
        {"decoded": "-3.33 -2.01 0.66"},
        None,
        "two at once: 2.01 is (0 + 64)*0.0314, 2.67 is 85*0.0314, and -42*0.0314 = -1.3188 would be -1.32",
    ),
    Exhibit(
        "an impossible output",
        "PyTorch's documentation, an older fake_quantize example",
        "fake_quantize",
        {"x": ".0552 .9730 .3973 -1.0780", "scale": "0.1", "zero_point": 0, **UINT8},
        {"decoded": "0.6 0.4 0 0"},
        {"decoded": "0.1 1.0 0.4 0"},
        None,
        "it seems to be the output for other inputs",
    ),
)
