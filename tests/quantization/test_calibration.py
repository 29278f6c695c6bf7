"""choose_qparams against published scales and zero points, exact fractions, and its stated rules at
the edges."""

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
    double = calibration.choose_qparams(x, signed=False)  # −2.5/(5/255) = −127.5: a tie
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
    # data in [−1, 2], int8: −43 (printed with the wrong sign elsewhere); [−1.5, .2, 2.8]: −39,
    # codes [−128, −27, 127]
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
    # constant: one end is 0, the other the value
    p = calibration.choose_qparams([0.3, 0.3], signed=False)
    assert p.zero_point == 0 and affine.quantize(0.3, p) == 255
    assert isinstance(calibration.choose_qparams(np.float32([1, 2])).scale, np.float32)


def test_choose_qparams_refuses_ranges_without_a_scale_and_wrong_options():
    for x in ([1e-310], [-1e308, 1e308], []):
        with pytest.raises(ValueError, match="choose_qparams: x"):
            calibration.choose_qparams(x)
    with pytest.raises(ValueError, match="choose_qparams: x"):
        calibration.choose_qparams(np.float32([1e-37]))  # subnormal in its own precision
    for options, word in (
        ({"bits": 1}, "bits"),
        ({"bits": 33}, "bits"),
        ({"bits": 8.0}, "bits"),
        ({"bits": True}, "bits"),
        ({"signed": 2}, "signed"),
        ({"symmetric": "yes"}, "symmetric"),
        ({"axis": 1}, "axis"),
        ({"symmetric": True, "signed": False}, "signed"),
        ({"calibration": "min"}, "calibration"),
    ):
        with pytest.raises((ValueError, TypeError), match=f"choose_qparams: {word}"):
            calibration.choose_qparams([1.0, 2.0], **options)


def test_a_block_needs_an_axis():
    with pytest.raises(ValueError, match="choose_qparams: axis must be a whole number if block is"):
        calibration.choose_qparams([1.0, 2.0], block=2)
    for block in (0, 2**52 + 1):
        with pytest.raises(ValueError, match="choose_qparams: block must be a whole number from 1"):
            calibration.choose_qparams([1.0, 2.0], axis=0, block=block)


def test_one_slice_without_a_normal_scale_is_refused_among_good_ones():
    for bad in ([1e-310, 0.0], [1e308, -1e308]):
        for rows in ([bad, [1.0, 2.0]], [[1.0, 2.0], bad]):
            with pytest.raises(
                ValueError, match="choose_qparams: x must be of a range whose scale"
            ):
                calibration.choose_qparams(rows, axis=0)
            with pytest.raises(
                ValueError, match="choose_qparams: x must be of a range whose scale"
            ):
                calibration.choose_qparams([[*rows[0], *rows[1]]], axis=1, block=2)


def error_of(x, p):
    return float(np.mean((affine.fake_quantize(x, p) - x) ** 2))


def brute_force(x, bits, symmetric, points=100):
    """The least mean squared error over all pairs of clipping points on a fine grid; plain and
    slow."""
    low, high, best = min(x.min(), 0.0), max(x.max(), 0.0), np.inf
    qmin, qmax = (1 - 2 ** (bits - 1) if symmetric else -(2 ** (bits - 1))), 2 ** (bits - 1) - 1
    part = np.linspace(0, 1, points + 1)[1:]
    for a in part if low < 0 and not symmetric else [1.0]:
        f = np.linspace(0, 1, 2001)[1:] if symmetric else part if high > 0 else [1.0]
        for b in f:
            scale = (
                max(high, -low) * b / qmax if symmetric else (high * b - low * a) / (qmax - qmin)
            )
            zero = 0 if symmetric else min(max(round(qmin - low * a / scale), qmin), qmax)
            best = min(
                best,
                np.mean(((np.clip(np.rint(x / scale) + zero, qmin, qmax) - zero) * scale - x) ** 2),
            )
    return best


def families(rng, n):
    yield rng.standard_normal(n)
    yield np.append(rng.laplace(size=n - 1), 40.0)
    yield rng.random(n) ** 3
    yield rng.random(n) - 0.2


@pytest.mark.parametrize(
    ("bits", "symmetric"), [(2, False), (2, True), (3, True), (4, False), (8, True)]
)
def test_mse_is_within_two_per_cent_of_brute_force_and_never_worse_than_min_max(
    bits, symmetric, rng
):
    for x in families(rng, 40):
        p = calibration.choose_qparams(x, bits, symmetric=symmetric, calibration="mse")
        plain = calibration.choose_qparams(x, bits, symmetric=symmetric)
        assert error_of(x, p) <= min(1.02 * brute_force(x, bits, symmetric), error_of(x, plain))
        assert p.scale <= plain.scale


@pytest.mark.parametrize(
    ("bits", "x"),
    [
        (2, [1.1, -14.7, 0.0]),
        (2, [0.8, -1.0, -14.1]),
        (2, [5.6, 0.4, -1.5, -1.0, -0.4, -311.7, -1.3, 0.4]),
        (2, [4, -2, -3]),
        (3, [-3, 6, 5, 5, 1, 0, 5]),
        (3, [-2, 8, 3, 7, 6, 1, 5, 3]),
    ],
)
def test_mse_finds_the_best_zero_point_of_a_few_values(bits, x):
    """On these a search that misses one zero point, or the range that goes with it, is 8 % to
    100 % worse."""
    x = np.array(x, float)
    p = calibration.choose_qparams(x, bits, calibration="mse")
    assert error_of(x, p) <= 1.02 * brute_force(x, bits, False, 50)


@pytest.mark.parametrize(("bits", "top"), [(3, 0.83), (6, 0.71), (8, 0.893)])
def test_mse_finds_the_grid_that_the_data_lie_on_beside_an_outlier(bits, top, rng):
    """The dip is as narrow as half a code in 2^b: a search that does not grow with the levels
    misses it."""
    step = top / (2**bits - 1)
    half = 2 ** (bits - 1)
    for first, last, symmetric in (
        (0, 2 * half - 1, False),
        (1 - 2 * half, 0, False),
        (3 - half, half + 2, False),
        (1 - half, half - 1, True),
    ):
        values = np.tile(np.arange(first, last + 1) * step, 19200 // 2**bits)
        ends = np.array([first * step - 0.1, last * step + 0.1])
        x = np.append(values, ends[[first < 0, last > 0]])
        clipped = np.clip(x, first * step, last * step) - x  # the error of that grid
        for data in (x, np.float32(x)):
            p = calibration.choose_qparams(data, bits, symmetric=symmetric, calibration="mse")
            assert (
                error_of(data, p) <= 1.02 * np.mean(clipped**2)
                and np.abs(p.scale / step - 1) < 2e-3
            )
    x = np.append(np.tile(np.arange(64) * 0.71 / 63, 300), 1.0)
    assert error_of(x, calibration.choose_qparams(x, 6, calibration="mse")) <= 1.02 * brute_force(
        x, 6, False
    )


def best_of_all_scales(x, codes, widest):
    """The least mean squared error of |x| on 0..codes times any scale up to the widest: between two
    scales at which a code changes the error is a parabola, S2 - 2·B·s + C·s²."""
    x, k = np.abs(x[x != 0]), np.arange(1, codes + 1)
    at = (x[:, None] / (k - 0.5)).ravel()  # below it, x's code is k
    order = np.argsort(-at)
    B, C = (
        np.cumsum(np.broadcast_to(a, (len(x), codes)).ravel()[order])
        for a in (x[:, None], 2 * k - 1)
    )
    low = np.append(at[order][1:], 0)
    s = np.clip(B / C, low, np.minimum(at[order], widest))
    return (x @ x - 2 * s * B + s * s * C)[low < widest].min()


@pytest.mark.parametrize("bits", [2, 3, 4, 6, 8])
def test_mse_is_within_two_per_cent_of_the_best_of_all_scales(bits, rng):
    """… one scale to choose, so that the truth is known: symmetric, and one-sided with all the
    codes on one side."""
    for n in (3, 40, 2000):
        for x in [
            *families(rng, n),
            rng.standard_t(3, n),
            np.append(rng.integers(0, 30, n - 1) * 0.031, 1.7),
        ]:
            for data, options in (
                (x, {"symmetric": True}),
                (np.abs(x), {"signed": False}),
                (-np.abs(x), {}),
            ):
                p = calibration.choose_qparams(data, bits, calibration="mse", **options)
                plain = calibration.choose_qparams(data, bits, **options)
                codes = p.qmax if p.qmin == -p.qmax else p.qmax - p.qmin
                best = best_of_all_scales(data, codes, plain.scale) / n
                assert error_of(data, p) <= min(
                    1.02 * best + 1e-16 * np.mean(data**2), error_of(data, plain)
                )


def test_mse_of_many_values_and_of_other_numbers(rng):
    x = np.append(rng.standard_normal(20_000), 300.0)  # searched on a sample
    p = calibration.choose_qparams(x, 4, symmetric=True, calibration="mse")
    assert error_of(x, p) <= 1.02 * brute_force(x, 4, True)
    x = rng.standard_normal(30)
    wanted = calibration.choose_qparams(x, 3, calibration="mse")
    for factor in (2.0**-1000, 2.0**1000):  # a power of two moves nothing
        p = calibration.choose_qparams(x * factor, 3, calibration="mse")
        assert p.scale == wanted.scale * factor and p.zero_point == wanted.zero_point
    exact = calibration.choose_qparams([F(v) for v in x], 3, calibration="mse")
    assert isinstance(exact.scale, F) and abs(exact.scale - F(float(wanted.scale))) < F(1, 10**12)
    single = calibration.choose_qparams(np.float32(x), 3, calibration="mse")
    assert single.scale.dtype == np.float32


def test_percentile_leaves_one_in_a_thousand_outside_at_each_end():
    x = np.append(np.linspace(-1, 1, 4000), 50.0)
    for symmetric in (False, True):
        p = calibration.choose_qparams(x, symmetric=symmetric, calibration="percentile")
        assert p.scale < 2.01 / (p.qmax - p.qmin)  # 4 of 4001: the outlier and three more
    x = np.arange(1000.0)
    for part in (x, x[:999]):  # one of a thousand, 999, is outside; none of 999
        p = calibration.choose_qparams(part, signed=False, calibration="percentile")
        assert p.scale == 998 / 255
    # symmetric: of |x|, whichever side is longer
    for sign in (1, -1):
        p = calibration.choose_qparams(-sign * x, symmetric=True, calibration="percentile")
        assert p.scale == 998 / 127
    # −1998 .. 0, 0 in the range
    p = calibration.choose_qparams(np.arange(-2000.0, 0), calibration="percentile")
    assert p.scale == 1998 / 255 and p.zero_point == 127
    x = [F(i) for i in range(1000)]
    assert calibration.choose_qparams(x, calibration="percentile").scale == F(998, 255)


def plain_entropy(x, levels, bins):
    """The threshold of least KL divergence, loop by loop."""
    top, counts = max(abs(x)), [0] * bins
    for v in x:
        counts[min(int(abs(v) / top * bins), bins - 1)] += 1
    scores = {}
    for i in range(levels, bins + 1):
        p, q = counts[:i], [0.0] * i
        p[-1] += sum(counts[i:])
        for g in range(levels):
            group = range(g * i // levels, (g + 1) * i // levels)
            filled = [k for k in group if counts[k]]
            for k in filled:
                q[k] = sum(counts[j] for j in group) / len(filled)
        if all(b > 0 or a == 0 for a, b in zip(p, q)):
            scores[i] = sum(
                a / sum(p) * np.log((a / sum(p)) / (b / sum(q))) for a, b in zip(p, q) if a
            )
    return max(i for i in scores if scores[i] <= min(scores.values()) + 1e-12) * top / bins


def test_entropy_equals_a_plain_implementation_and_cuts_an_outlier(rng, monkeypatch):
    monkeypatch.setattr(calibration, "BINS", 64)
    cut = 0
    for x in [*families(rng, 300), np.abs(rng.standard_normal(300))]:
        p = calibration.choose_qparams(x, 4, symmetric=True, calibration="entropy")
        T = plain_entropy(x, 8, 64)
        assert abs(p.scale * 7 - T) <= 1e-12 * T
        cut += T < np.abs(x).max()
    assert cut >= 2
    # one-sided: all sixteen codes
    p = calibration.choose_qparams(np.abs(x), 4, signed=False, calibration="entropy")
    assert abs(p.scale * 15 - plain_entropy(np.abs(x), 16, 64)) <= 1e-12
    for bits in (7, 16):  # as many levels as bins: the whole range
        assert (
            calibration.choose_qparams(x, bits, calibration="entropy").scale
            == calibration.choose_qparams(x, bits).scale
        )


def test_a_power_of_two_moves_nothing_in_entropy(rng):
    for x in (rng.standard_t(3, 500), np.append(rng.random(500), -0.1)):
        wanted = calibration.choose_qparams(x, 4, calibration="entropy")
        for factor in (2.0**-20, 2.0**20):
            p = calibration.choose_qparams(x * factor, 4, calibration="entropy")
            assert p.scale == wanted.scale * factor and p.zero_point == wanted.zero_point


def test_entropy_may_choose_a_range_of_as_many_bins_as_levels(monkeypatch):
    """Bins 0 to 7 of 64 hold unequal counts: each is a level of its own, and only 1.0 is
    clipped. Bins 8 to 62 are empty, so the only other range is the whole one, which would merge all
    eight."""
    monkeypatch.setattr(calibration, "BINS", 64)
    counts = 1, 90, 2, 70, 1, 50, 3, 40
    x = np.append(np.repeat((np.arange(8) + 0.5) / 64, counts), 1.0)
    p = calibration.choose_qparams(x, 4, symmetric=True, calibration="entropy")
    assert p.scale == 8 / 64 / 7


def test_only_the_searches_refuse_fractions_beyond_all_floats():
    x = [F(10**400), F(0)]
    for name in ("minmax", "percentile"):
        assert calibration.choose_qparams(x, calibration=name).scale == F(10**400, 255)
    for name in ("mse", "entropy"):
        with pytest.raises(
            ValueError, match="choose_qparams: x must be finite, got a number too l"
        ):
            calibration.choose_qparams(x, calibration=name)


def test_the_levels_of_entropy_follow_from_the_grid(rng, monkeypatch):
    x = rng.standard_t(3, 5000)
    for bits in (3, 8):
        for data in (x, np.abs(x), np.append(x, 1.5 * x.min())):
            chosen = (
                calibration.choose_qparams(sign * data, bits, signed, calibration="entropy")
                for sign in (1, -1)
                for signed in (True, False)
            )
            ranges = [(float(p.scale), p.zero_point - p.qmin) for p in chosen]
            assert ranges[0] == ranges[1] and ranges[2] == ranges[3]  # codes by another name
            assert ranges[0][0] == ranges[2][0]  # mirrored
            # a tie of the zero point is not
            assert abs(ranges[0][1] - (2**bits - 1 - ranges[2][1])) <= 1
    monkeypatch.setattr(calibration, "BINS", 64)
    both = np.concatenate([x, -x])  # −T .. T: codes −4 .. 3, 0 to 4 of |x|
    p = calibration.choose_qparams(both, 3, calibration="entropy")
    assert p.scale * 7 / 2 == pytest.approx(plain_entropy(both, 5, 64), rel=1e-12)
    wide = np.append(np.abs(x), -1e-3)  # hardly two-sided: all eight
    p = calibration.choose_qparams(wide, 3, calibration="entropy")
    assert p.scale * 7 == pytest.approx(plain_entropy(wide, 8, 64) + 1e-3, rel=1e-12)


def test_every_calibration_slice_by_slice_and_at_the_edges(rng):
    x = rng.standard_normal((3, 7, 2))
    for name in calibration.CALIBRATIONS:
        for axis in (0, 1, -1):
            p = calibration.choose_qparams(x, 3, axis=axis, calibration=name)
            single = [
                calibration.choose_qparams(part, 3, calibration=name)
                for part in np.moveaxis(x, axis, 0)
            ]
            assert p.scale.tolist() == [s.scale for s in single]
            assert p.zero_point.tolist() == [s.zero_point for s in single]
        # blocks of 3, 3 and 1
        p = calibration.choose_qparams(x, 3, axis=1, calibration=name, block=3)
        assert p.scale.shape == (3, 3, 2)
        for i, b, j in np.ndindex(3, 3, 2):
            one = calibration.choose_qparams(x[i, 3 * b : 3 * b + 3, j], 3, calibration=name)
            assert (p.scale[i, b, j], p.zero_point[i, b, j]) == (one.scale, one.zero_point)
        assert affine.fake_quantize(x, p).shape == x.shape
        assert calibration.choose_qparams(np.zeros(4), calibration=name).scale == 1
        plain = calibration.choose_qparams([2.0], calibration=name)  # a constant: one-sided
        assert affine.fake_quantize(2.0, plain) == 2.0 and plain.zero_point == plain.qmin
        assert calibration.choose_qparams([-3.0, -1.0], calibration=name).zero_point == plain.qmax
        huge = calibration.choose_qparams([8e307, -8e307], calibration=name)
        assert np.abs(affine.fake_quantize([8e307, -8e307], huge)).max() <= 8.1e307
        with pytest.raises(ValueError, match="choose_qparams: x must be"):
            calibration.choose_qparams([1e-310], calibration=name)


def test_a_chosen_grid_is_a_qparams():
    assert isinstance(calibration.choose_qparams([1.0]), QParams)
