"""choose_qparams against published scales and zero points, exact fractions, and its stated rules at the edges."""

from fractions import Fraction as F

import numpy as np
import pytest

from refnn.quantization import affine, calibration
from refnn.quantization.affine import QParams


def test_onnx_dynamicquantizelinear_needs_float32():
    x = [0, 2, -3, -2.5, 1.34, 0.5]
    single = calibration.choose_qparams(np.float32(x), signed=False)
    assert round(float(single.scale), 10) == 0.0196078438 and single.zero_point == 153
    assert affine.quantize(np.float32(x), single).tolist() == [153, 255, 0, 26, 221, 179]
    double = calibration.choose_qparams(x, signed=False)               # −2.5/(5/255) = −127.5: a tie
    exact = calibration.choose_qparams([F(str(v)) for v in x], signed=False)
    assert exact.scale == F(1, 51) and exact.zero_point == 153
    for p, data in ((double, x), (exact, [F(str(v)) for v in x])):
        assert affine.quantize(data, p).tolist() == [153, 255, 0, 25, 221, 179]


def test_half_even_zero_point():
    # sonos/tract #2672: range [−253, 257] has zero point 126.5 -> 126
    p = calibration.choose_qparams([-253.0, 257.0], signed=False)
    assert p.scale == 2 and p.zero_point == 126
    p = calibration.choose_qparams(np.float32([-127, 128, 0.5]), signed=False)
    assert affine.quantize(np.float32([-127, 128, 0.5]), p).tolist() == [0, 255, 127]


def test_deeplearning_ai_scale_and_zero_point():
    x = ["191.6", "-13.5", "728.6", "92.14", "295.5", "-184", "0", "684.6", "245.5"]
    p = calibration.choose_qparams([F(v) for v in x])
    assert p.scale == F("912.6") / 255 and p.zero_point == -77


def test_zero_point_of_a_published_slip():
    # data in [−1, 2], int8: −43 (printed with the wrong sign elsewhere); [−1.5, .2, 2.8]: −39, codes [−128, −27, 127]
    assert calibration.choose_qparams([-1.0, 2.0]).zero_point == -43
    p = calibration.choose_qparams([-1.5, 0.2, 2.8])
    assert p.zero_point == -39 and affine.quantize([-1.5, 0.2, 2.8], p).tolist() == [-128, -27, 127]


def test_range_contains_zero():
    # "1..6 in int8": 6 decodes to 6, within half a step
    for x in ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [-6.0, -2.0]):
        p = calibration.choose_qparams(x)
        assert np.abs(affine.fake_quantize(x, p) - x).max() <= 0.5 * p.scale * (1 + 1e-12)
        assert affine.fake_quantize(0.0, p) == 0


def test_symmetric_divides_by_the_largest_code():
    for bits in (2, 4, 8, 16):
        p = calibration.choose_qparams([-4.0, 1.0], bits, symmetric=True)
        assert (p.qmin, p.qmax, p.zero_point) == (1 - 2 ** (bits - 1), 2 ** (bits - 1) - 1, 0)
        assert p.scale == 4 / p.qmax
        assert affine.quantize(-4.0, p) == p.qmin
    # Distiller: 8 bits, max 4 -> 31.75 restricted levels a unit; max 10 -> 12.7
    assert 1 / calibration.choose_qparams([4.0], symmetric=True).scale == 31.75
    assert round(1 / calibration.choose_qparams([10.0], symmetric=True).scale, 12) == 12.7


def test_distiller_asymmetric_scales():
    # levels a unit, and its zero point with the other sign:
    # (−2, 10) 21.25, −42 unsigned; (5, 10) 25.5, 0; (−10, −5) 25.5, −255; (−10, 5) 17, −170
    published = ((-2, 10, 21.25, 42), (5, 10, 25.5, 0), (-10, -5, 25.5, 255), (-10, 5, 17, 170))
    for low, high, per_unit, zero_point in published:
        p = calibration.choose_qparams([F(low), F(high)], signed=False)
        assert 1 / p.scale == F(str(per_unit)) and p.zero_point == zero_point


def test_codes_by_bits_and_sign():
    for bits in (2, 3, 8, 16, 24, 32):
        p = calibration.choose_qparams([-1.0, 1.0], bits)
        assert (p.qmin, p.qmax) == (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        p = calibration.choose_qparams([-1.0, 1.0], bits, signed=False)
        assert (p.qmin, p.qmax) == (0, 2**bits - 1)
        assert affine.quantize([-1.0, 1.0], p).tolist() == [0, 2**bits - 1]


def test_per_channel_equals_channel_by_channel(rng):
    x = rng.standard_normal((3, 7)) * [[1], [5], [0.1]]
    for axis in (0, 1, -1):
        for symmetric in (False, True):
            p = calibration.choose_qparams(x, 4, symmetric=symmetric, axis=axis)
            assert np.shape(p.scale) == np.shape(p.zero_point) == (x.shape[axis],)
            for i in range(x.shape[axis]):
                one = calibration.choose_qparams(np.take(x, i, axis), 4, symmetric=symmetric)
                assert p.scale[i] == one.scale and p.zero_point[i] == one.zero_point


def test_rules_at_the_edges():
    p = calibration.choose_qparams(np.zeros(3))
    assert p.scale == 1 and p.zero_point == p.qmin == -128
    assert calibration.choose_qparams([F(0)], symmetric=True).scale == 1
    p = calibration.choose_qparams([[0.0, 0.0], [1.0, -1.0]], axis=0)
    assert p.scale[0] == 1 and p.zero_point[0] == p.qmin
    p = calibration.choose_qparams([0.3, 0.3], signed=False)           # constant: one end is 0, the other the value
    assert p.zero_point == 0 and affine.quantize(0.3, p) == 255
    assert isinstance(calibration.choose_qparams(np.float32([1, 2])).scale, np.float32)


def test_refusals():
    for x in ([1e-310], [-1e308, 1e308], []):
        with pytest.raises(ValueError, match="choose_qparams: x"):
            calibration.choose_qparams(x)
    with pytest.raises(ValueError, match="choose_qparams: x"):
        calibration.choose_qparams(np.float32([1e-37]))                      # subnormal in its own precision
    for options, word in (({"bits": 1}, "bits"), ({"bits": 33}, "bits"), ({"bits": 8.0}, "bits"),
                          ({"bits": True}, "bits"), ({"signed": 2}, "signed"), ({"symmetric": "yes"}, "symmetric"),
                          ({"axis": 1}, "axis"),
                          ({"symmetric": True, "signed": False}, "signed"), ({"calibration": "min"}, "calibration")):
        with pytest.raises((ValueError, TypeError), match=f"choose_qparams: {word}"):
            calibration.choose_qparams([1.0, 2.0], **options)


def test_a_chosen_grid_is_a_qparams():
    assert isinstance(calibration.choose_qparams([1.0]), QParams)
