"""Fixed-point arithmetic, called through `integer`, where users find it, against C code in Python's
whole numbers, published vectors and exact fractions."""

from fractions import Fraction as F

import numpy as np
import pytest

from quantization.cases import HIGH, LOW, in_c, truncated_quotient
from refnn.quantization import fixed_point, integer


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


@pytest.mark.parametrize("far", [-(2**24) - 1, 2**24 + 1])
def test_a_single_far_number_decides_the_arithmetic_wherever_it_stands(far):
    """float32 would make 2^24 of 2^24 + 1."""
    for arguments, product in (
        (([[far]], [[1]]), far),
        (([[1]], [[far]]), far),
        (([[0]], [[1]], far), -far),
        (([[1]], [[0]], 0, far), -far),
        (([[1], [0]], [[1]], [0, far]), [1, -far]),
        (([[1]], [[1, 0]], 0, [0, far]), [1, -far]),
    ):
        assert integer.matmul(*arguments).ravel().tolist() == np.ravel(product).tolist()
    sign = np.sign(far)  # float64 would make 0 of it
    assert integer.matmul([[sign * (2**53 + 1), sign * 2**53]], [[1], [-1]]).item() == sign
    assert integer.matmul([[1, -1]], [[sign * (2**53 + 1)], [sign * 2**53]]).item() == sign


@pytest.mark.parametrize(
    ("a", "b", "b_zero", "product"),
    [
        ([2**31, 0], [1, 1], 0, 2**31),
        ([2**54 // 9 - 2] * 3, [-1] * 3, 2, 18 - 9 * (2**54 // 9)),  # odd: no float64
        ([2**62], [2], 0, 2**63),
        ([-(2**62)], [3], 0, -3 * 2**62),
    ],
)
def test_a_product_beyond_int32_is_refused_by_its_exact_value(a, b, b_zero, product):
    for rows in ([a], [[0] * len(a), a]):  # alone, and below one that fits
        with pytest.raises(ValueError, match=f"matmul: a must be such that .* got {product}$"):
            integer.matmul(rows, np.array([b]).T, 0, b_zero)


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
    with pytest.raises(ValueError, match=r"b must be of shape \(…, 3, columns\) to fit a of shape"):
        integer.matmul(np.ones((5, 2, 3), int), a)
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
