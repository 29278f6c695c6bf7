"""The affine map against published vectors, exact fractions, and the properties that the as-written
one must fail."""

from fractions import Fraction as F

import numpy as np
import pytest

from refnn.quantization import affine, as_written
from refnn.quantization.affine import QParams


def test_vector_that_separates_seven_rounding_rules():
    # an odd zero point: also separates rounding after adding it
    q = affine.quantize(np.array([1, 3, 5, -1, -3, -5, 0.9, 1.1]), QParams(2, 11, 0, 255))
    assert np.asarray(q).tolist() == [11, 13, 13, 11, 9, 9, 11, 12]


def test_onnx_quantizelinear():
    # ONNX backend tests: uint8, uint4 and int4 (axis 0). Blind spot: no tie on an even half, even
    # zero points.
    q = affine.quantize(np.array([0, 2, 3, 1000, -254, -1000.0]), QParams(2, 128, 0, 255))
    assert np.asarray(q).tolist() == [128, 129, 130, 255, 1, 0]
    x = np.array([[0, 2.5, 4.8, 8.6], [-30, -20, 6, 9], [12, 15, 16, 40]])
    scale = np.array([2.0, 3.0, 4.0])
    unsigned, signed = QParams(scale, 1, 0, 15, axis=0), QParams(scale, 1, -8, 7, axis=0)
    assert affine.quantize(x, unsigned).tolist() == [[1, 2, 3, 5], [0, 0, 3, 4], [4, 5, 5, 11]]
    assert affine.quantize(x, signed).tolist() == [[1, 2, 3, 5], [-8, -6, 3, 4], [4, 5, 5, 7]]


def test_ties_go_to_even():
    # sonos/tract #2850
    q = affine.quantize(np.array([0.25, 0.75, 1.25, 1.75]), QParams(0.5, 0, 0, 255))
    assert np.asarray(q).tolist() == [0, 2, 2, 4]


def test_onnx_dequantizelinear():
    q = np.array([0, 3, 128, 255], np.uint8)
    assert affine.dequantize(q, QParams(2, 128, 0, 255)).tolist() == [-256, -250, 0, 254]
    decoded = affine.dequantize(np.array([0, 1, 7, 10, 15]), QParams(2, 1, 0, 15))
    assert decoded.tolist() == [-2, 0, 12, 18, 28]
    assert affine.dequantize(np.array([0, 3]), QParams(0.25, 2, 0, 3)).tolist() == [-0.5, 0.25]


def test_pytorch_and_deeplearning_ai_vectors():
    fake = affine.fake_quantize([0.0552, 0.9730, 0.3973, -1.0780], QParams(0.1, 0, 0, 255))
    assert fake.round(6).tolist() == [0.1, 1.0, 0.4, 0.0]  # PyTorch documentation
    assert affine.quantize([-1, 0, 1, 2], QParams(0.1, 10, 0, 255)).tolist() == [0, 10, 20, 30]
    # "Quantization in Depth"
    rows = "191.6 -13.5 728.6", "92.14 295.5 -184", "0 684.6 245.5"
    x = np.array([[F(v) for v in row.split()] for row in rows])
    grid = QParams(F(7, 2), -70, -128, 127)
    assert affine.quantize(x, grid).tolist() == [[-15, -74, 127], [-44, 14, -123], [-70, 126, 0]]
    decoded = affine.dequantize(affine.quantize(x, grid), grid)
    assert decoded.tolist() == [[F(385, 2), -14, F(1379, 2)], [91, 294, F(-371, 2)], [0, 686, 245]]
    assert sum(((decoded - x) ** 2).flat) == F("1537.8796")


def test_mit_two_bit_labs():
    # MIT 6.5940 lab 2. Floor changes 14 of the 25.
    x = np.array(
        [
            [0.0523, 0.6364, -0.0968, -0.0020, 0.1940],
            [0.75, 0.5507, 0.6188, -0.1734, 0.4677],
            [-0.0669, 0.3836, 0.4297, 0.6267, -0.0695],
            [0.1536, -0.0038, 0.6075, 0.6817, 0.0601],
            [0.6446, -0.25, 0.5376, -0.2226, 0.2333],
        ]
    )
    expected = [
        [-1, 1, -1, -1, 0],
        [1, 1, 1, -2, 0],
        [-1, 0, 0, 1, -1],
        [-1, -1, 1, 1, -1],
        [1, -2, 1, -2, 0],
    ]
    assert affine.quantize(x, QParams(1 / 3, -1, -2, 1)).tolist() == expected


def test_huge_values_saturate_to_their_own_end():
    for dtype in (np.float64, np.float32):
        big = np.array([np.finfo(dtype).max, -np.finfo(dtype).max, 3e9, 1e10], dtype=dtype)
        for scale in (np.float32(0.5), 1e-30):
            q = affine.quantize(big, QParams(scale, 3, 0, 255))
            assert q.tolist() == [255, 0, 255, 255]
    assert affine.quantize(F(10**400), QParams(F(1, 3), 0, -8, 7)) == 7


def grids():
    for scale in (F(1, 3), F(7, 2), F(1, 127)):
        for zero_point, qmin, qmax in ((3, 0, 7), (0, -7, 7), (-5, -8, 7), (255, 0, 255)):
            yield QParams(scale, zero_point, qmin, qmax)


def test_decoding_then_encoding_the_grid_is_the_grid():
    for p in grids():
        codes = np.arange(p.qmin, p.qmax + 1)
        assert (affine.quantize(affine.dequantize(codes, p), p) == codes).all()


def test_zero_is_exact_and_the_error_at_most_half_a_step():
    for p in grids():
        low, high = (p.qmin - p.zero_point) * p.scale, (p.qmax - p.zero_point) * p.scale
        x = np.array([low + (high - low) * F(k, 997) for k in range(998)] + [F(0)])
        error = affine.fake_quantize(x, p) - x
        assert max(abs(e) for e in error) <= p.scale / 2 and error[-1] == 0
        again = affine.fake_quantize(affine.fake_quantize(x, p), p)
        assert (again == affine.fake_quantize(x, p)).all()
        q = affine.quantize(np.sort(x), p).astype(int)
        assert (np.diff(q) >= 0).all()


def test_the_error_in_floats_is_half_a_step_and_two_roundings(rng):
    """u is half the spacing of floats at 1. The quotient comes out as (x/s)(1 + a), |a| ≤ u; the
    code r, the nearest to it, has |r·s − x| ≤ s/2 + u|x|; the product r·s is rounded once more: |x̂
    − r·s| ≤ u|r·s| ≤ u|x̂|/(1 − u). Together s/2 + u(|x| + |x̂|), to first order in u; twice u
    covers the second."""
    for dtype in (np.float64, np.float32):
        u = np.finfo(dtype).eps / 2
        for scale in rng.uniform(0.01, 3, 20).astype(dtype):
            p = QParams(scale, 5, -(2**15), 2**15 - 1)
            ties = ((np.arange(-3000, 3000) + 0.5) * float(scale)).astype(dtype)
            for x in (rng.uniform(-30000, 30000, 5000).astype(dtype) * scale, ties):
                x_hat = affine.fake_quantize(x, p).astype(np.float64)
                allowed = float(scale) / 2 + 2 * u * (np.abs(x.astype(np.float64)) + np.abs(x_hat))
                assert (np.abs(x_hat - x) <= allowed).all()


def test_scaling_x_scales_the_step(rng):
    x = rng.standard_normal(101)
    for k in (2.0, 0.25):
        a = affine.quantize(x, QParams(0.1, 3, -50, 50))
        b = affine.quantize(k * x, QParams(0.1 * k, 3, -50, 50))
        assert (a == b).all()  # powers of two: exact in floats too


def test_the_as_written_module_fails_the_properties():
    """The same properties on §3.1 as written must fail: a test of the tests."""
    x = np.array([F(k, 64) for k in range(-64, 65)])
    W, B, P = 127, 128, 256
    decoded = as_written.dequantize(as_written.quantize(x, W, B, P), F(W), B)
    assert max(abs(e) for e in decoded - x) > F(1, 2 * W)  # not within half a step
    assert decoded[64] != 0  # 0 does not come back
    W, B, P = 10, 3, 32  # (2B a multiple of P would hide it)
    once = as_written.dequantize(as_written.quantize(x, W, B, P), F(W), B)
    twice = as_written.dequantize(as_written.quantize(once, W, B, P), F(W), B)
    assert (once != twice).all()  # twice is not once


def test_codes_are_the_narrowest_dtype_and_floats_keep_theirs():
    for qmin, qmax, dtype in (
        (0, 255, np.uint8),
        (-128, 127, np.int8),
        (0, 256, np.uint16),
        (-129, 0, np.int16),
        (-8, 7, np.int8),
    ):
        assert affine.quantize([0.5], QParams(1.0, 0, qmin, qmax)).dtype == dtype
    p = QParams(0.1, 0, -8, 7)
    assert affine.fake_quantize(np.float32([0.3]), p).dtype == np.float32
    assert affine.fake_quantize([0.3], p).dtype == np.float64
    q = affine.quantize([0.3], p)
    assert affine.dequantize(q, p).dtype == np.float64
    assert affine.dequantize(q, QParams(np.float32(0.1), 0, -8, 7)).dtype == np.float32
    assert affine.dequantize(q, QParams(F(1, 10), 0, -8, 7)).tolist() == [F(3, 10)]
    wide = QParams(np.float32(1), 0, 0, 2**32 - 1)
    assert affine.quantize(np.float32([2**24, 4e9]), wide).tolist() == [2**24, 4000000000]


def test_per_axis_and_per_block_equal_slice_by_slice(rng):
    x = rng.standard_normal((3, 7, 5))
    for axis in (0, 1, 2, -1, -3):
        n = x.shape[axis]
        scale, zero_point = rng.uniform(0.05, 0.2, n), rng.integers(-3, 4, n)
        q = affine.quantize(x, QParams(scale, zero_point, -8, 7, axis))
        for i in range(n):
            one = QParams(scale[i], int(zero_point[i]), -8, 7)
            assert (np.take(q, i, axis) == affine.quantize(np.take(x, i, axis), one)).all()
        back = affine.dequantize(q, QParams(scale, zero_point, -8, 7, axis))
        assert back.shape == x.shape
    scale = rng.uniform(0.05, 0.2, (3, 4, 5))  # blocks of 2 along 7: the last is shorter
    q = affine.quantize(x, QParams(scale, np.zeros((3, 4, 5), int), -8, 7, axis=1, block=2))
    for i in range(7):
        expected = np.clip(np.rint(x[:, i] / scale[:, i // 2]), -8, 7)
        assert (q[:, i] == expected).all()


def test_grids_are_told_apart_by_what_they_are_and_can_be_keys():
    one, other = (QParams(np.ones(2), np.zeros(2, int), 0, 7, axis=0) for _ in "ab")
    assert one == one and one != other and {one: 1, other: 2}[one] == 1


def test_a_block_of_one_is_a_scale_for_each_number_and_a_block_may_be_longer_than_the_axis():
    x, zero = np.array([[1.0, 6.0], [3.0, 8.0]]), np.zeros((2, 2), int)
    scale = np.array([[1.0, 2.0], [3.0, 4.0]])
    each = QParams(scale, zero, 0, 7, axis=1, block=1)
    assert affine.quantize(x, each).tolist() == [[1, 3], [1, 2]]
    whole = QParams(scale[:, :1], zero[:, :1], 0, 7, axis=1, block=9)
    assert affine.quantize(x, whole).tolist() == [[1, 6], [1, 3]]  # 8/3 is 2.7


def test_empty_arrays_and_single_numbers():
    p = QParams(0.5, 1, 0, 7)
    assert affine.quantize([], p).shape == (0,)
    assert affine.dequantize(np.zeros((0, 3), np.uint8), p).shape == (0, 3)
    assert affine.quantize(1.0, p) == 3 and affine.dequantize(3, p) == 1.0
    assert affine.fake_quantize(F(9, 8), p) == 1


def test_affine_functions_refuse_wrong_grids_and_codes_outside_them():
    good = np.array([1.0])
    for p, word in (
        (QParams(0.0, 0, 0, 7), "scale"),
        (QParams(-1.0, 0, 0, 7), "scale"),
        (QParams(np.nan, 0, 0, 7), "scale"),
        (QParams(1e-310, 0, 0, 7), "scale"),
        (QParams(1.0, 8, 0, 7), "zero_point"),
        (QParams(1.0, 0.0, 0, 7), "zero_point"),
        (QParams(1.0, 0, 7, 0), "qmin"),
        (QParams(1.0, 0, 0.0, 7), "qmin"),
        (QParams(1.0, 0, 0, "7"), "qmax"),
        (QParams(np.ones(2), 0, 0, 7, axis=0), "scale"),
        (QParams(np.ones(1), 0, 0, 7, axis=1), "axis"),
        (QParams(np.ones(1), 0, 0, 7), "axis"),
        (QParams(1.0, 0, 0, 7, axis=0, block=0), "block"),
        (QParams(True, 0, 0, 7), "scale"),
    ):
        with pytest.raises((ValueError, TypeError), match=rf"quantize: {word}"):
            affine.quantize(good, p)
    with pytest.raises(ValueError, match=r"dequantize: q must be within qmin..qmax = 0..7, got 8"):
        affine.dequantize(np.array([8]), QParams(1.0, 0, 0, 7))
    with pytest.raises(
        TypeError, match="dequantize: q must be an array of integers, got dtype float64"
    ):
        affine.dequantize(good, QParams(1.0, 0, 0, 7))
    with pytest.raises(TypeError, match="fake_quantize: qparams must be a QParams"):
        affine.fake_quantize(good, (1.0, 0, 0, 7))


def test_whole_numbers_of_numpy_as_ends_do_not_wrap_and_leave_nothing_behind():
    for low, high in ((np.int64(-128), np.uint64(127)), (np.int8(-128), np.int8(127))):
        assert affine.quantize([1.0, -99.0], QParams(0.5, 0, low, high)).dtype == np.int8
    codes = affine.quantize([1.0, -99.0], QParams(0.5, 0, -128, 127))
    assert codes.dtype == np.int8 and codes.tolist() == [2, -128]


def test_the_ends_of_the_codes_may_reach_two_to_52_and_no_further():
    for qmin, qmax in ((-(2**52), 2**52), (2**52 - 1, 2**52), (-(2**52), 1 - 2**52)):
        affine.quantize([1.0], affine.QParams(1.0, qmin, qmin, qmax))
    for qmin, qmax, name in ((-(2**52) - 1, 0, "qmin"), (0, 2**52 + 1, "qmax")):
        with pytest.raises(ValueError, match=f"quantize: {name} must be a whole number from"):
            affine.quantize([1.0], affine.QParams(1.0, 0, qmin, qmax))


def test_one_bad_scale_among_good_ones_is_refused():
    """Also if it is normal in float64 but not in float32, the precision of x."""
    x = np.ones((3, 2), np.float32)
    for bad in (1e-42, 1e-46, 1e39):
        with pytest.raises(ValueError, match="quantize: scale must be"):
            affine.quantize(x, affine.QParams([0.5, bad, 0.25], [0, 0, 0], 0, 7, axis=0))
    affine.quantize(x.astype(float), affine.QParams([0.5, 1e-42, 0.25], [0, 0, 0], 0, 7, axis=0))
    for place in range(3):
        scale = np.array([0.5, 0.5, 0.5])
        scale[place] = 0.0
        with pytest.raises(ValueError, match="quantize: scale must be positive and normal"):
            affine.quantize(x, affine.QParams(scale, [0, 0, 0], 0, 7, axis=0))
        zero_point = np.array([0, 7, 3])
        zero_point[place] = 8
        with pytest.raises(ValueError, match="quantize: zero_point must be within"):
            affine.quantize(x, affine.QParams([0.5] * 3, zero_point, 0, 7, axis=0))


def test_ends_of_a_numpy_dtype_do_not_wrap():
    p = affine.QParams(1.0, 100, np.int8(-128), np.int8(127))
    wide = affine.quantize([-300.0, 300.0], p)
    assert wide.tolist() == [-128, 127]
    assert affine.dequantize(wide, p).tolist() == [-228.0, 27.0]


@pytest.mark.parametrize("scale", [F(0), F(-1, 2), 0, -0.5, np.float32(1e-40), 5e-324])
def test_a_scale_is_positive_and_normal_in_its_own_precision(scale):
    for x in ([F(1)], [1.0]):
        with pytest.raises(ValueError, match="quantize: scale must be positive and normal"):
            affine.quantize(x, QParams(scale, 0, 0, 7))
    assert affine.quantize([F(1, 2)], QParams(F(1, 10**400), 0, 0, 7)).tolist() == [7]  # no float


def test_the_smallest_normal_number_is_a_scale_and_a_grid_seen_before_does_not_hide_a_bad_one():
    for dtype in (np.float32, np.float64):
        tiny = np.finfo(dtype).tiny
        for scale in (tiny, float(tiny)):
            x = np.array([tiny * 3, 0], dtype)
            assert affine.quantize(x, QParams(scale, 0, 0, 7)).tolist() == [3, 0]
    below = np.float32(1e-40)  # normal as a Python float, but not as a float32
    affine.quantize([1.0], QParams(float(below), 0, 0, 7))
    with pytest.raises(ValueError, match="quantize: scale must be positive and normal"):
        affine.quantize([1.0], QParams(below, 0, 0, 7))
