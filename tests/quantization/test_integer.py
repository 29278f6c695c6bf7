"""Integer arithmetic against C code in Python's whole numbers, published vectors, exact fractions
and plain loops."""

from dataclasses import replace
from fractions import Fraction as F
from itertools import pairwise, permutations

import numpy as np
import pytest

from refnn import data, network, training
from refnn.network import ACTIVATIONS, Params
from refnn.quantization import affine, calibration, fixed_point, integer
from refnn.quantization.affine import QParams

LOW, HIGH = -(2**31), 2**31 - 1


# --- the C code, in whole numbers that cannot overflow --------------------------------------------


def truncated_quotient(a, b):
    """C's a/b for b > 0."""
    return a // b if a >= 0 else -(-a // b)


def saturating_rounding_doubling_high_mul(a, b):
    """gemmlowp, fixedpoint/fixedpoint.h: nudge, then divide by 2^31 towards zero."""
    if a == b == LOW:
        return HIGH
    nudge = 2**30 if a * b >= 0 else 1 - 2**30
    return truncated_quotient(a * b + nudge, 2**31)


def rounding_divide_by_pot(x, exponent):
    """gemmlowp: shift, and one more where the remainder passes the threshold, which for x < 0 is
    one higher."""
    mask = 2**exponent - 1
    return (x >> exponent) + ((x & mask) > (mask >> 1) + (x < 0))


def saturating_multiply_by_pot(x, exponent):
    """gemmlowp, SaturatingRoundingMultiplyByPOT for a positive exponent."""
    threshold = 2 ** (31 - exponent) - 1 if exponent <= 31 else 0
    return HIGH if x > threshold else LOW if x < -threshold else x << exponent


def in_c(a, multiplier, shift, zero_point, qmin, qmax):
    a = saturating_multiply_by_pot(a, -shift) if shift < 0 else a
    q = rounding_divide_by_pot(saturating_rounding_doubling_high_mul(a, multiplier), max(shift, 0))
    return min(max(q + zero_point, qmin), qmax)


def in_c_once(a, multiplier, shift, zero_point, qmin, qmax):
    """TFLite, MultiplyByQuantizedMultiplier with TFLITE_SINGLE_ROUNDING (there shift has the other
    sign, from −30)."""
    total = 31 + shift
    return min(max(((a * multiplier + (1 << (total - 1))) >> total) + zero_point, qmin), qmax)


def edges():
    ends = {0, LOW, HIGH} | {s * (2**k + d) for k in range(31) for d in (-1, 0, 1) for s in (-1, 1)}
    multipliers = [LOW, LOW + 1, -1, 0, 1, 3, 2**30, 2**30 + 1, 3 * 2**29, 1583594044, HIGH]
    return sorted(ends), multipliers


def test_requantize_equals_gemmlowps_c_code(rng):
    ends, multipliers = edges()
    for m in multipliers:
        for shift in (0, 1, 2, 7, 30, 31, -1, -3, -30, -31):
            # a grid as wide as int32 hides nothing behind the saturation
            got = integer.requantize(np.array(ends), m, shift, 0, LOW, HIGH)
            assert got.tolist() == [in_c(a, m, shift, 0, LOW, HIGH) for a in ends], (m, shift)
    a = rng.integers(LOW, HIGH, 100_000, endpoint=True) >> rng.integers(0, 31, 100_000)
    for part in np.split(a, 20):
        m, shift = int(rng.integers(2**30, 2**31)), int(rng.integers(-4, 24))
        got = integer.requantize(part, m, shift, -3, -128, 127)
        assert got.tolist() == [in_c(v, m, shift, -3, -128, 127) for v in part.tolist()]


def test_one_addition_and_shift_is_the_nudge_and_truncation_of_c():
    """(p + 2^30) >> 31 = ⌊p/2^31 + ½⌋ takes halves up; C truncates (p + nudge)/2^31. For p ≥ 0 they
    are the same; for p = −t < 0 C's is −⌊(t + 2^30 − 1)/2^31⌋ = −⌈(t − 2^30)/2^31⌉ = ⌊(−t +
    2^30)/2^31⌋, the same again. Below, p near halves, wholes and both ends."""
    for k in (-(2**31), -(2**31) + 1, -3, -2, -1, 0, 1, 2, 2**31 - 1):
        for offset in (0, 2**30):
            for d in range(-3, 4):
                p = k * 2**31 + offset + d
                nudge = 2**30 if p >= 0 else 1 - 2**30
                assert (p + 2**30) >> 31 == truncated_quotient(p + nudge, 2**31)


def test_halves_go_away_from_zero_in_the_shift_only():
    # multiplier 2^30 and shift 0 halve: 3/2 -> 2, −3/2 -> −1 (up). A doubled accumulator puts the
    # half in the shift.
    steps = integer.requantize_steps([3, -3, 5, -5], 2**30, 0, 0, -8, 7)
    assert steps.multiplied.tolist() == steps.saturated.tolist() == [2, -1, 3, -2]
    steps = integer.requantize_steps([6, -6, 10, -10], 2**30, 1, 0, -8, 7)
    assert steps.multiplied.tolist() == [3, -3, 5, -5] and steps.shifted.tolist() == [2, -2, 3, -3]
    assert integer.requantize([6, -6, 10, -10], 2**30, 1, 0, -8, 7).tolist() == [2, -2, 3, -3]
    steps = integer.requantize_steps([6, -6, 1000], 2**30, 1, 100, 0, 255)
    assert steps.offset.tolist() == [102, 98, 350] and steps.saturated.tolist() == [102, 98, 255]


def test_where_one_rounding_and_two_differ():
    # tensorflow #25087: exactly 11.4991; two roundings give 5888/512 = 11.5 -> 12. google/ruy #227:
    # n + ¼ -> n + 1.
    a, m, shift = 7984, 1583594044, 9
    assert round(F(a * m, 2**40), 4) == F("11.4991")
    assert integer.requantize(a, m, shift, 0, -128, 127) == 12
    assert integer.requantize_single_rounding(a, m, shift, 0, -128, 127) == 11
    assert integer.requantize([1, 5, 9], 2**30, 1, 0, -128, 127).tolist() == [1, 2, 3]
    once = integer.requantize_single_rounding([1, 5, 9], 2**30, 1, 0, -128, 127)
    assert once.tolist() == [0, 1, 2]


def test_single_rounding_equals_tflites_c_code(rng):
    ends, multipliers = edges()
    for m in multipliers:
        for shift in (0, 1, 7, 31, 32, 33, 40, -1, -30):
            got = integer.requantize_single_rounding(np.array(ends), m, shift, 0, LOW, HIGH)
            assert got.tolist() == [in_c_once(a, m, shift, 0, LOW, HIGH) for a in ends], (m, shift)
    for a, m, shift, expected in (
        ([3, -3, 2**30], 2**30, -32, [HIGH, LOW, HIGH]),
        ([0, 1, -1], 1, -33, [0, 4, -4]),
    ):
        got = integer.requantize_single_rounding(a, m, shift, 0, LOW, HIGH)
        assert got.tolist() == expected


def test_the_second_rounding_moves_one_code_in_two_to_the_shift_plus_one(rng):
    # moved: |a·M| mod 1 within 2^−(shift+1) below a half. n uniform accumulators: five standard
    # deviations.
    n = 40_000
    for shift in (1, 2, 3, 5, 7):
        a = rng.integers(-(2**22), 2**22, n)
        wide = (int(rng.integers(2**30, 2**31)), shift, 0, LOW, HIGH)
        moved = integer.requantize(a, *wide) - integer.requantize_single_rounding(a, *wide)
        share = 2.0 ** -(shift + 1)
        assert np.abs(moved).max() == 1
        assert abs((moved != 0).mean() - share) < 5 * np.sqrt(share / n), shift


def test_any_shift():
    for shift in (32, 33, 62, 63, 64, 65, 200, 1074, 2**31 - 1):
        for function in (integer.requantize, integer.requantize_single_rounding):
            assert function([HIGH, LOW, 1, -1, 0], HIGH, shift, 2, -8, 7).tolist() == [2] * 5
    for shift in (-32, -64, -1000, LOW):
        assert integer.requantize([1, -1, 0], 2**30, shift, 2, -8, 7).tolist() == [7, -8, 2]


def test_channels_lie_along_the_last_axis(rng):
    a = rng.integers(-(10**6), 10**6, (4, 2, 3))
    m, shift = integer.fixed_point_multiplier(np.array([0.001, 0.3, 5.0]))
    for function in (integer.requantize, integer.requantize_single_rounding):
        got = function(a, m, shift, 5, -128, 127)
        assert got.shape == a.shape and got.dtype == np.int8
        for c in range(3):
            alone = function(a[..., c], int(m[c]), int(shift[c]), 5, -128, 127)
            assert (got[..., c] == alone).all()
    grids = (0, 255, np.uint8), (-8, 7, np.int8), (0, 256, np.uint16), (LOW, HIGH, np.int32)
    for qmin, qmax, dtype in grids:
        assert integer.requantize(a, m, shift, qmax, qmin, qmax).dtype == dtype
    assert isinstance(integer.requantize(7, 2**30, 0, 0, 0, 255), np.uint8)


# --- fixed-point multipliers ----------------------------------------------------------------------


def nearest_multiplier(real):
    """By exact fractions: the exponent by search, the mantissa by round half up, renormalised."""
    real, exponent = F(real), 0
    while real >= F(2) ** exponent:
        exponent += 1
    while real < F(2) ** (exponent - 1):
        exponent -= 1
    multiplier = int(real * F(2) ** (31 - exponent) + F(1, 2))
    return (2**30, -exponent - 1) if multiplier == 2**31 else (multiplier, -exponent)


def test_multiplier_and_shift_are_the_nearest(rng):
    reals = [1.0, 0.5, 2.0, 0.3, 5.0, 1e-30, 1e30, 1583594044 / 2**40, 5e-324, 1.7e308]
    reals += [1 - 2**-40, 1 - 2**-32, 1 - 2**-31, 4 - 2**-40, 1 + 2**-31, 0.25 + 2**-40]
    reals += [*np.exp(rng.uniform(-20, 20, 300))]
    for real in reals:
        multiplier, shift = integer.fixed_point_multiplier(real)
        assert type(multiplier) is int and type(shift) is int
        assert (multiplier, shift) == nearest_multiplier(real), real
        assert 2**30 <= multiplier < 2**31
        assert abs(multiplier * F(2) ** (-31 - shift) / F(real) - 1) <= F(1, 2**31)
    multiplier, shift = integer.fixed_point_multiplier(np.array(reals))
    assert multiplier.dtype == shift.dtype == np.int64
    assert list(zip(multiplier.tolist(), shift.tolist())) == [nearest_multiplier(r) for r in reals]
    tenth = np.float32(0.1)
    assert integer.fixed_point_multiplier(tenth) == nearest_multiplier(float(tenth))
    assert integer.fixed_point_multiplier(3) == (3 * 2**29, -2)
    assert integer.fixed_point_multiplier([])[0].shape == (0,)


# --- published matrices ---------------------------------------------------------------------------

A = np.array([[208, 236, 0, 238], [3, 214, 255, 29]], np.uint8)  # zero point 113
B = np.array([[152, 51, 244], [60, 26, 255], [0, 127, 246], [127, 254, 247]], np.uint8)  # 114


def test_gemmlowps_published_example():
    # doc/quantization_example.cc as run in gemmlowp's issue 144; its M is a float32, printed
    # 0.00436593
    assert integer.matmul(A, B).tolist() == [[76002, 77196, 169718], [16979, 45468, 125195]]
    accumulators = integer.matmul(A, B, 113, 114)
    assert accumulators.tolist() == [[11475, -778, 31402], [-26914, -11872, 7513]]
    M = np.float32(1200097792 * 2.0**-38)
    assert float(M) == 1200097792 * 2.0**-38 and round(float(M), 8) == 0.00436593
    assert integer.fixed_point_multiplier(M) == (1200097792, 7)
    codes = integer.requantize(accumulators, *integer.fixed_point_multiplier(M), 118, 0, 255)
    assert codes.tolist() == [[168, 115, 255], [0, 66, 151]] and codes.dtype == np.uint8
    assert integer.fold([0, 0, 0], B.T, 113).tolist() == (-113 * B.astype(int).sum(axis=0)).tolist()
    bias = integer.fold(np.zeros(3, int), B.T.astype(int) - 114, 113)
    assert (integer.matmul(A, B, 0, 114) + bias == accumulators).all()


def test_why_onnx_prints_1_where_gemmlowp_prints_0():
    # qlinearmatmul: the same matrices, scales of three digits. Entry [1, 0] is −26914·M + 118, and
    # .5023 is so near a half that the first of two roundings makes it one: −117.4977·2^7 -> −15040,
    # /2^7 = −117.5 -> −118.
    published = (
        ("gemmlowp's multiplier", F(1200097792, 2**38), ".4954", 0, 0),
        ("gemmlowp's printed scales", F("0.006603") * F("0.007050") / F("0.010663"), ".5023", 1, 0),
        ("ONNX's scales", F("0.0066") * F("0.00705") / F("0.0107"), ".9618", 1, 1),
    )
    for name, M, exact, once, twice in published:
        assert round(-26914 * M + 118, 4) == F(exact) and round(-26914 * M) + 118 == once
        scaling = *integer.fixed_point_multiplier(float(M)), 118, 0, 255
        for function, code in (
            (integer.requantize_single_rounding, once),
            (integer.requantize, twice),
        ):
            codes = function(integer.matmul(A, B, 113, 114), *scaling)
            assert codes.tolist() == [[168, 115, 255], [code, 66, 151]], name


def test_onnx_matmulinteger():
    a = np.array([[11, 7, 3], [10, 6, 2], [9, 5, 1], [8, 4, 0]], np.uint8)
    b = np.array([[1, 4], [2, 5], [3, 6]], np.uint8)
    got = integer.matmul(a, b, np.uint8(12), np.uint8(0))
    assert got.dtype == np.int32
    assert got.tolist() == [[-38, -83], [-44, -98], [-50, -113], [-56, -128]]
    big = np.full((1, 100), 127, np.int8)  # int8 could not hold one product
    assert integer.matmul(big, big.T).tolist() == [[1612900]]


def test_zero_points_of_rows_and_columns_and_leading_axes(rng):
    a = rng.integers(0, 256, (2, 1, 4, 3), dtype=np.uint8)
    b = rng.integers(-128, 128, (5, 3, 6), dtype=np.int8)
    rows, columns = rng.integers(0, 256, 4), rng.integers(-128, 128, 6)
    got = integer.matmul(a, b, rows, columns)
    exact = np.einsum("...ik,...kj->...ij", a.astype(int) - rows[:, None], b.astype(int) - columns)
    assert got.shape == (2, 5, 4, 6) and (got == exact).all()
    assert integer.matmul([1, 2], [3, 4], 1) == 4
    assert integer.matmul([1, 2], [[3], [4]]).tolist() == [11]
    assert integer.matmul(np.zeros((2, 0), int), np.zeros((0, 3), int)).tolist() == [[0] * 3] * 2
    assert integer.matmul(np.zeros((0, 2), int), np.zeros((2, 3), int)).shape == (0, 3)


def test_the_last_int32_is_computed_and_the_next_refused():
    for high, low in ((HIGH, LOW), (np.int64(HIGH), np.int64(LOW))):
        assert integer.matmul([[high]], [[1]]).item() == HIGH
        assert integer.matmul([[low]], [[1]]).item() == LOW
        for a, b, zero in (
            ([[high, 1]], [[1], [1]], 0),
            ([[low, -1]], [[1], [1]], 0),
            ([[low]], [[-1]], 0),
            ([[high]], [[1]], -1),
        ):
            refusal = r"matmul: a must be such that a @ b fits int32, got -?2147483"
            with pytest.raises(ValueError, match=refusal):
                integer.matmul(a, b, zero)
    huge = np.array([[2**62, 2**62, 2**62, 2**62]])  # 2^64: an int64 sum would be 0
    with pytest.raises(ValueError, match="matmul: a must be such that"):
        integer.matmul(huge, np.ones((4, 1), int))
    last = np.array([[2**64 - 1]], np.uint64)
    assert integer.matmul(last, [[3]], np.uint64(2**64 - 2)).item() == 3
    assert integer.matmul([[2**62, -(2**62)]], [[5], [5]]).item() == 0


def test_published_requantizations():
    # onnx #7835: 100·100/0.2 = 50000 and −100·100/0.5, once printed as 80 and as a wrapped int8
    for a, scale, qmin, qmax, expected in ((100, 0.2, 0, 255, 255), (-100, 0.5, -128, 127, -128)):
        accumulator = integer.matmul([[a]], [[100]])
        multiplier, shift = integer.fixed_point_multiplier(1 / scale)
        got = integer.requantize(accumulator, multiplier, shift, 0, qmin, qmax)
        assert got.tolist() == [[expected]]
    # tensorflow #102943: exactly 6.50000047; in float32 a tie, 6.5 -> 6 -> −120; in double, and in
    # integers, −119
    scales = 0.05296124517917633, 0.024093778803944588, 0.11484327912330627
    s_x, s_W, s_y = (np.float32(s) for s in scales)
    assert np.rint(np.float32(585) * (s_x * s_W / s_y)) - 126 == -120
    M = scales[0] * scales[1] / scales[2]
    assert np.rint(585 * M) - 126 == -119
    assert integer.fixed_point_multiplier(M) == (1527099593, 6)  # as tensorflow #103028 prints it
    for function in (integer.requantize, integer.requantize_single_rounding):
        assert function(585, *integer.fixed_point_multiplier(M), -126, -128, 127) == -119


def test_the_zero_point_folds_into_the_bias(rng):
    assert integer.fold([100, 100], [[1, 2, 3], [-1, 0, 1]], 5).tolist() == [70, 100]
    W, q = rng.integers(-127, 128, (5, 10)), rng.integers(-128, 128, (20, 10))
    bias, zero_point = rng.integers(-(10**6), 10**6, 5), -28
    unfolded = integer.matmul(q, W.T, zero_point) + bias
    folded = integer.matmul(q, W.T) + integer.fold(bias, W, zero_point)
    assert (folded == unfolded).all()
    assert integer.fold([HIGH], [[1]], 0).tolist() == [HIGH]
    assert integer.fold([HIGH - 5], [[-1]], 5).tolist() == [HIGH]
    for bias, zero_point in ((HIGH, -1), (LOW, 1)):
        refusal = "fold: bias must be such that bias − zero_point·ΣW fits int32"
        with pytest.raises(ValueError, match=refusal):
            integer.fold([bias], [[1]], zero_point)
    with pytest.raises(ValueError, match="fold: bias"):
        integer.fold([0], [[LOW] * 4], LOW)  # 2^64: an int64 would say 0


# --- the network ----------------------------------------------------------------------------------


def example(rng, sizes=(10, 5, 1), N=40):
    start = network.init(rng, sizes)
    b_h, b_o = (0.3 * rng.standard_normal(units) for units in sizes[1:])
    return Params(start.W_ih, b_h, start.W_ho, b_o), rng.standard_normal((N, sizes[0]))


def cases(rng, all_bits=(2, 3, 5, 8)):
    for activation in ACTIVATIONS:
        for per_row in (False, True):
            for bits in all_bits:
                p, X = example(rng, (4, 3, 2), 12)
                yield p, X, integer.convert(p, X, bits, per_row, activation)


def one_of(value, j):
    return int(np.ravel(value)[j % np.size(value)])


def accumulators(codes, p, W, bias):
    return [
        sum((q - p.zero_point) * w for q, w in zip(codes, row)) + b
        for row, b in zip(W.tolist(), bias.tolist())
    ]


def rescaled(a, multiplier, shift, p):
    return [
        in_c(v, one_of(multiplier, j), one_of(shift, j), p.zero_point, p.qmin, p.qmax)
        for j, v in enumerate(a)
    ]


def test_forward_is_a_loop_over_whole_numbers(rng):
    """Every code and accumulator by hand: unfolded zero points, gemmlowp's C code, the table read
    from its first code.

    A new X, wider than the calibration's, so that codes saturate at both ends.
    """
    for _, X, n in cases(rng):
        X = 1.5 * X
        f = integer.forward(n, X)
        x, z, h, y = n.x_qparams, n.z_h_qparams, n.h_qparams, n.y_hat_qparams
        table = dict(zip(range(z.qmin, z.qmax + 1), n.table.tolist()))
        for i, row in enumerate(affine.quantize(X, x).tolist()):
            a_h = accumulators(row, x, n.W_ih, n.b_h)
            q_z = rescaled(a_h, n.multiplier_h, n.shift_h, z)
            q_h = [table[q] for q in q_z]
            a_o = accumulators(q_h, h, n.W_ho, n.b_o)
            q_y = rescaled(a_o, n.multiplier_o, n.shift_o, y)
            assert [part[i].tolist() for part in f[3:]] == [row, a_h, q_z, q_h, a_o, q_y]
        assert f._fields[3:6] == ("x_codes", "accumulator_h", "z_h_codes")
        assert f._fields[6:] == ("h_codes", "accumulator_o", "y_hat_codes")
        decoded = (f.z_h, f.z_h_codes, z), (f.h, f.h_codes, h), (f.y_hat, f.y_hat_codes, y)
        for got, codes, p in decoded:
            assert got.dtype == np.float64 and (got == affine.dequantize(codes, p)).all()
        assert f.accumulator_h.dtype == f.accumulator_o.dtype == np.int32
        assert f.x_codes.dtype == f.h_codes.dtype == n.W_ih.dtype == n.table.dtype == np.int8


def test_convert_makes_the_grids_biases_and_multipliers_of_the_formulas(rng):
    for p, X, n in cases(rng, (8, 4)):
        bits = 8 if n.x_qparams.qmax == 127 else 4
        seen = network.forward(p, X, n.activation)
        of_W = {"symmetric": True, "axis": 0 if np.ndim(n.W_ih_qparams.scale) == 1 else None}
        for got, x, options in (
            (n.x_qparams, X, {}),
            (n.z_h_qparams, seen.z_h, {}),
            (n.h_qparams, seen.h, {}),
            (n.y_hat_qparams, seen.y_hat, {}),
            (n.W_ih_qparams, p.W_ih, of_W),
            (n.W_ho_qparams, p.W_ho, of_W),
        ):
            expected = calibration.choose_qparams(x, bits, **options)
            assert (got.scale == expected.scale).all()
            assert np.all(got.zero_point == expected.zero_point)
            assert (got.qmin, got.qmax) == (expected.qmin, expected.qmax)
        assert (n.W_ih == affine.quantize(p.W_ih, n.W_ih_qparams)).all()
        assert (n.W_ho == affine.quantize(p.W_ho, n.W_ho_qparams)).all()
        s_x, s_z, s_h, s_y = (
            grid.scale for grid in (n.x_qparams, n.z_h_qparams, n.h_qparams, n.y_hat_qparams)
        )
        for b, codes, s_in, W, s_out, multiplier, shift in (
            (p.b_h, n.b_h, s_x, n.W_ih_qparams, s_z, n.multiplier_h, n.shift_h),
            (p.b_o, n.b_o, s_h, n.W_ho_qparams, s_y, n.multiplier_o, n.shift_o),
        ):
            assert codes.dtype == np.int32 and np.shape(multiplier) == np.shape(W.scale)
            for j, bias in enumerate(b):
                scale = F(float(s_in)) * F(float(np.broadcast_to(W.scale, len(b))[j]))
                # the float s_x·s_W and the quotient are each off by 2^−53 of themselves: far from
                # moving these codes
                assert abs(codes[j] - F(float(bias)) / scale) <= F(1, 2) + F(1, 10**9)
                real = one_of(multiplier, j) * F(2) ** (-31 - one_of(shift, j))
                assert abs(real / (scale / F(float(s_out))) - 1) < F(1, 2**31) + F(1, 2**50)


def test_every_row_of_the_table(rng):
    for _, _, n in cases(rng):
        z, h = n.z_h_qparams, n.h_qparams
        assert len(n.table) == z.qmax - z.qmin + 1
        f = {
            "tanh": np.tanh,
            "sigmoid": lambda v: 1 / (1 + np.exp(-v)),
            "relu": lambda v: max(v, 0.0),
            "identity": lambda v: v,
        }[n.activation]
        for q, code in zip(range(z.qmin, z.qmax + 1), n.table.tolist()):
            exact = f((q - z.zero_point) * z.scale) / h.scale + h.zero_point
            assert abs(code - min(max(exact, h.qmin), h.qmax)) <= 0.5 + 1e-9
        assert n.table[z.zero_point - z.qmin] == affine.quantize(f(0.0), h)  # f(0) is where 0 is


def test_integers_are_within_one_code_of_the_reals_at_every_requantize(rng):
    """The allowance: rint is off by ½ at most, the two roundings by ½ + 2^−(shift+1) ≤ ¾ (shift ≤
    0: one of them, ½), and M by 2^−31 of at most 2^9 codes. Whole numbers at most 1¼ + 2^−22 from
    each other differ by one at most. ŷ, end to end: one code of z moves h by the table's largest
    step d, so ŷ's accumulator by d·Σ|W_ho|, then as above."""
    moved = 0
    for p, X, n in cases(rng):
        f, stages = integer.forward(n, X), integer.ladder(n, p, X)
        for a, x, W, z, codes in (
            (f.accumulator_h, n.x_qparams, n.W_ih_qparams, n.z_h_qparams, f.z_h_codes),
            (f.accumulator_o, n.h_qparams, n.W_ho_qparams, n.y_hat_qparams, f.y_hat_codes),
        ):
            by_reals = affine.quantize(a * (x.scale * W.scale), z).astype(int)
            assert np.abs(codes - by_reals).max() <= 1
            moved += (codes != by_reals).sum()
        step = np.diff(n.table.astype(int)).max() * np.abs(n.W_ho.astype(int)).sum(axis=1)
        allowed = step * n.h_qparams.scale * n.W_ho_qparams.scale + 1.2501 * n.y_hat_qparams.scale
        assert (np.abs(stages.integers - stages.table) <= allowed * (1 + 1e-9)).all()
    assert moved > 0  # the allowance is used


def test_the_ladder_adds_one_cause_at_a_step(rng):
    for p, X, n in cases(rng):
        stages = integer.ladder(n, p, X)
        assert (stages.float == network.forward(p, X, n.activation).y_hat).all()
        W_ih = affine.dequantize(n.W_ih, n.W_ih_qparams)
        W_ho = affine.dequantize(n.W_ho, n.W_ho_qparams)
        of_b_h = n.x_qparams.scale * n.W_ih_qparams.scale
        of_b_o = n.h_qparams.scale * n.W_ho_qparams.scale
        decoded = Params(W_ih, n.b_h * of_b_h, W_ho, n.b_o * of_b_o)
        assert np.abs(decoded.b_h - p.b_h).max() <= 0.5001 * np.max(of_b_h)
        assert (stages.weights == network.forward(decoded, X, n.activation).y_hat).all()
        z = network.forward(decoded, affine.fake_quantize(X, n.x_qparams), n.activation).z_h
        h = affine.fake_quantize(ACTIVATIONS[n.activation][0](z), n.h_qparams)
        y_hat = affine.fake_quantize(h @ W_ho.T + decoded.b_o, n.y_hat_qparams)
        assert (stages.activations == y_hat).all()
        z_codes = affine.quantize(z, n.z_h_qparams).astype(int)
        h = affine.dequantize(n.table[z_codes - n.z_h_qparams.qmin], n.h_qparams)
        y_hat = affine.fake_quantize(h @ W_ho.T + decoded.b_o, n.y_hat_qparams)
        assert (stages.table == y_hat).all()
        assert (stages.integers == integer.forward(n, X).y_hat).all()
        exact = [np.array([F(v) for v in stage.flat]) for stage in stages]
        steps = sum(after - before for before, after in pairwise(exact))
        assert (steps == exact[-1] - exact[0]).all()


def partial_sums(row, W, bias):
    return (
        abs(sum(terms[:k]))
        for terms in permutations([*(q * w for q, w in zip(row, W)), bias])
        for k in range(len(terms) + 1)
    )


def test_the_static_bound_holds_in_every_order_and_is_reached(rng):
    for _, X, n in cases(rng):
        limits = integer.bound(n)
        assert limits.limit == HIGH
        for W, b, p, limit in (
            (n.W_ih, n.b_h, n.x_qparams, limits.accumulator_h),
            (n.W_ho, n.b_o, n.h_qparams, limits.accumulator_o),
        ):
            folded, W = integer.fold(b, W, p.zero_point).tolist(), W.astype(int)
            expected = np.abs(W).sum(axis=1) * -p.qmin + np.abs(folded)
            assert limit.tolist() == expected.tolist()
            drawn = rng.integers(p.qmin, p.qmax, W.shape, endpoint=True)
            for codes in (np.where(W > 0, p.qmin, p.qmax), np.where(W > 0, p.qmax, p.qmin), drawn):
                for j in range(len(W)):
                    sums = partial_sums(codes[j].tolist(), W[j].tolist(), folded[j])
                    assert max(sums) <= limit[j]
        f = integer.forward(n, 100 * X)
        assert (np.abs(f.accumulator_h) <= limits.accumulator_h).all()
        assert (np.abs(f.accumulator_o) <= limits.accumulator_o).all()
    # reached: weights of one sign, all inputs at the code −128, a folded bias of the same sign
    p = Params([[-1.0, -2.0]], [5.0], [[1.0]], [0.0])
    n = integer.convert(p, [[-1.0, -1.0], [0.5, 1.0]], activation="relu")
    reached = integer.forward(n, [[-9.0, -9.0]]).accumulator_h[0]
    assert integer.bound(n).accumulator_h.tolist() == reached.tolist()


def test_integers_reach_the_floats_on_real_data():
    # R² on the test rows, integers − floats, measured on the first 50 seeds: from −.0024 to .0021,
    # median −.0001.
    for seed in range(4):
        s = data.split(data.load("diabetes"), seed)
        start = network.init(np.random.default_rng(seed))
        p = training.fit(start, s.X_train, s.y_train, steps=300, lr=0.01, weight_decay=10).params
        for per_row in (False, True):
            n = integer.convert(p, s.X_train, per_row=per_row)
            R2 = [
                1 - ((s.y_test - y) ** 2).sum() / ((s.y_test - s.y_test.mean()) ** 2).sum()
                for y in (network.forward(p, s.X_test).y_hat, integer.forward(n, s.X_test).y_hat)
            ]
            assert 0.2 < R2[0] < 0.7 and abs(R2[1] - R2[0]) < 0.0025


# --- refusals -------------------------------------------------------------------------------------


def test_requantize_refusals():
    good = {"accumulator": [1, 2, 3], "multiplier": 2**30, "shift": 1, "zero_point": 0}
    good |= {"qmin": -8, "qmax": 7}
    for change in (
        {"accumulator": [2**31]},
        {"accumulator": [-(2**31) - 1]},
        {"accumulator": [1.0]},
        {"accumulator": np.array([2**63], np.uint64)},
        {"multiplier": 2**31},
        {"multiplier": [1, 2]},
        {"multiplier": [[2**30] * 3]},
        {"multiplier": 0.5},
        {"shift": 2**31},
        {"shift": [1]},
        {"shift": 1.0},
        {"zero_point": 8},
        {"zero_point": -9},
        {"zero_point": 0.0},
        {"qmin": 7, "zero_point": 7},
        {"qmin": LOW - 1},
        {"qmax": HIGH + 1},
        {"qmax": 7.0},
    ):
        [name, *_] = change
        for function in (
            integer.requantize,
            integer.requantize_steps,
            integer.requantize_single_rounding,
        ):
            refusal = f"^{function.__name__}: {name} must be"
            with pytest.raises((ValueError, TypeError), match=refusal):
                function(**{**good, **change})
    for real in (0.0, -1.0, [1.0, 0.0], np.inf, np.nan):
        with pytest.raises(ValueError, match="fixed_point_multiplier: real must be"):
            integer.fixed_point_multiplier(real)
    with pytest.raises(TypeError, match=r"fixed_point_multiplier: real .* write float"):
        integer.fixed_point_multiplier(F(1, 3))


def test_products_are_exact_at_the_edge_of_every_arithmetic(rng):
    """Sums on both sides of 2^24, 2^53 and 2^63: floats are used only where they hold every sum."""
    dtypes = set()
    for n in (1, 3, 64, 511):
        for bits in (4, 8, 11, 12, 20, 24, 30, 40):
            for signs in ((1, 1), (1, -1)):  # sums at the bound, and sums that cancel to small ones
                most = 2 ** (bits - 1)
                a = rng.integers(most - 3, most, (3, n), dtype=np.int64)
                b = rng.integers(most - 3, most, (n, 2), dtype=np.int64)
                a[:, n // 2 :] *= signs[1]
                zeros = rng.integers(-2, 3, 3), rng.integers(-2, 3, 2)
                left, right = a.astype(object) - zeros[0][:, None], b.astype(object) - zeros[1]
                exact = left @ right
                dtypes.add(fixed_point._exactly(a, b, *zeros)[0].dtype.name)
                if all(-(2**31) <= s < 2**31 for s in exact.flat):
                    assert (integer.matmul(a, b, *zeros) == exact).all()
                else:
                    with pytest.raises(ValueError, match="matmul: a must be such that"):
                        integer.matmul(a, b, *zeros)
    assert dtypes == {"float32", "float64", "int64", "object"}
    for n, dtype in ((2**10, "float32"), (2**10 + 1, "float64")):  # (127 + 1)² is 2^14
        size = np.full((1, n), 127, np.int8), np.full((n, 1), -127, np.int8)
        assert fixed_point._exactly(*size, np.array(0), np.array(0))[0].dtype == dtype
        assert integer.matmul(*size) == -n * 127**2


def test_matmul_refusals():
    a, b = np.ones((2, 3), int), np.ones((3, 4), int)
    for arguments, word in (
        ((a, a), "b"),
        ((a, b, [1, 2, 3]), "a_zero_point"),
        ((a, b, 0, [1, 2]), "b_zero_point"),
        ((3, b), "a"),
        ((a, 3), "b"),
        ((a * 1.0, b), "a"),
        ((a, b > 0), "b"),
        ((a, b, 0.0), "a_zero_point"),
        ((a[0], b, [1]), "a_zero_point"),
        ((np.ones((2, 2, 3), int), np.ones((3, 3, 4), int)), "b"),
    ):
        with pytest.raises((ValueError, TypeError), match=f"matmul: {word} must be"):
            integer.matmul(*arguments)
    for arguments, word in (
        (([1], [[1], [2]], 0), "W"),
        (([1], [1], 0), "W"),
        (([1], [[1]], 0.0), "zero_point"),
        (([2**31], [[1]], 0), "bias"),
        (([1.0], [[1]], 0), "bias"),
        (([1], [[2**31]], 0), "W"),
    ):
        with pytest.raises((ValueError, TypeError), match=f"fold: {word} must be"):
            integer.fold(*arguments)


def test_networks_that_integers_cannot_hold_are_refused(rng):
    p, X = example(rng)
    scaled = {k: Params(p.W_ih * k, p.b_h, p.W_ho, p.b_o) for k in (1e-9, 1e308, 1e-310)}
    for bad, word in (
        (network.init(rng, batch=(3,)), "params"),
        (scaled[1e308], "params"),
        (scaled[1e-9], "params.b_h"),
        (scaled[1e-310], "params.W_ih"),
    ):
        with pytest.raises(ValueError, match=f"convert: {word} must be"):
            integer.convert(bad, X)
    faint = Params(p.W_ih * 1e-290, 0 * p.b_h, p.W_ho, 0 * p.b_o)  # tiny, but every scale is normal
    assert np.unique(integer.forward(integer.convert(faint, X), X).y_hat_codes).size > 9
    small = Params(p.W_ih * 1e-200, 0 * p.b_h, p.W_ho, p.b_o)
    with pytest.raises(ValueError, match="convert: params must be of scales"):
        integer.convert(small, X * 1e-200)
    # a bias that fits alone, not with the sum
    wide = Params(np.ones((1, 10)), [2**31 * 0.99995 / 127 / 127.5], [[1.0]], [0.0])
    refusal = "convert: params must be of accumulators that int32 can hold, got a bound of"
    with pytest.raises(ValueError, match=refusal):
        integer.convert(wide, np.vstack([np.full(10, -1.0), np.ones(10)]), activation="identity")
    for X_bad in (X[:0], X[:, :9], X[0], X[None], [[1e308] * 10, [-1e308] * 10]):
        with pytest.raises(ValueError, match="convert: X_calibration must be"):
            integer.convert(p, X_bad)
    for options, word in (
        ({"bits": 1}, "bits"),
        ({"bits": 9}, "bits"),
        ({"per_row": 1}, "per_row"),
        ({"activation": "gelu"}, "activation"),
    ):
        with pytest.raises((ValueError, TypeError), match=f"convert: {word} must be"):
            integer.convert(p, X, **options)
    n = integer.convert(p, X)
    calls = (integer.forward, (p, X)), (integer.bound, (p,)), (integer.ladder, (p, p, X))
    for function, arguments in calls:
        refusal = f"{function.__name__}: network must be an IntegerNetwork"
        with pytest.raises(TypeError, match=refusal):
            function(*arguments)
    with pytest.raises(ValueError, match="forward: X must be of shape"):
        integer.forward(n, X[:, :9])
    refusal = r"ladder: params must be of sizes \(10, 5, 1\), as network"
    with pytest.raises(ValueError, match=refusal):
        integer.ladder(n, network.init(rng, (10, 4, 1)), X)


def test_a_network_of_ones_own_is_looked_at(rng):
    n = integer.convert(*example(rng))
    for changes, word in (
        ({"W_ih": n.W_ih * 1.0}, "W_ih"),
        ({"W_ih": n.W_ih.astype(int) * 2}, "W_ih"),
        ({"W_ho": n.W_ho[:, :4]}, "W_ho"),
        ({"b_h": n.b_h.astype(int) + 2**31}, "b_h"),
        ({"b_o": n.b_o[0]}, "b_o"),
        ({"table": n.table[1:]}, "table"),
        ({"table": n.table + 0.0}, "table"),
        ({"activation": "sine"}, "activation"),
        ({"x_qparams": QParams(1.0, 0, 0, 256)}, "x_qparams"),
        ({"h_qparams": None}, "h_qparams"),
        ({"W_ho_qparams": QParams(1.0, 1, -128, 127)}, "W_ho_qparams"),
        ({"W_ih": n.W_ih[None]}, "b_h"),
    ):
        with pytest.raises((ValueError, TypeError), match=f"^IntegerNetwork: {word} must be"):
            replace(n, **changes)
    over = replace(n, b_h=np.full(5, HIGH))
    assert (integer.bound(over).accumulator_h > HIGH).all()
    with pytest.raises(ValueError, match=r"^forward: (bias|network) must be"):
        integer.forward(over, np.full((1, 10), -100.0))


def test_any_layout_and_dtype_gives_the_same_network(rng):
    p, X = example(rng)
    n = integer.convert(p, X)
    before, frozen = X.copy(), X.copy()
    frozen.flags.writeable = False
    forms = X.tolist(), np.asfortranarray(X), frozen, X[::-1][::-1]
    for form in (*forms, X.astype(">f8"), X.astype(np.longdouble)):
        again, f = integer.convert(p, form), integer.forward(n, form)
        assert (again.W_ih == n.W_ih).all() and (again.b_h == n.b_h).all()
        assert again.multiplier_h == n.multiplier_h
        assert (f.y_hat_codes == integer.forward(n, X).y_hat_codes).all()
    assert (X == before).all()
    X32 = X.astype(np.float32)
    single = integer.convert(p.map(np.float32), X32)
    assert type(single.x_qparams.scale) is np.float64
    f = integer.forward(single, X32)
    assert f.y_hat.dtype == np.float64
    assert (f.x_codes == affine.quantize(X32, single.x_qparams)).all()
    assert (integer.ladder(single, p, X32).integers == f.y_hat).all()
    assert integer.forward(n, X[:0]).y_hat.shape == (0, 1)
    assert integer.ladder(n, p, X[:0]).integers.shape == (0, 1)
    whole = integer.forward(n, np.ones((2, 10), int))
    assert (whole.x_codes == integer.forward(n, np.ones((2, 10))).x_codes).all()
    far = integer.forward(n, [[1e308] * 10, [-1e308] * 10, [5e-324] * 10])
    assert far.x_codes.tolist() == [[127] * 10, [-128] * 10, [n.x_qparams.zero_point] * 10]
    assert all(np.isfinite(stage).all() for stage in integer.ladder(n, p, [[1e308] * 10])[2:])
