"""Grids against published lists, NumPy's own half precision, exact fractions, and every code
tried."""

from fractions import Fraction as F
from itertools import pairwise, product
from math import floor
from statistics import NormalDist

import numpy as np
import pytest

from refnn.quantization import grids

E2M1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6]  # OCP MX 1.0, FP4; bitsandbytes prints it too, over 12
BITSANDBYTES = [
    -1.0,
    -0.6961928009986877,
    -0.5250730514526367,
    -0.39491748809814453,
    -0.28444138169288635,
    -0.18477343022823334,
    -0.09105003625154495,
    0.0,
    0.07958029955625534,
    0.16093020141124725,
    0.24611230194568634,
    0.33791524171829224,
    0.44070982933044434,
    0.5626170039176941,
    0.7229568362236023,
    1.0,
]
FORMATS = {
    "FP4 E2M1": (2, 1, 1, "none"),
    "FP6 E2M3": (2, 3, 1, "none"),
    "FP6 E3M2": (3, 2, 3, "none"),
    "FP8 E4M3": (4, 3, 7, "nan"),
    "FP8 E5M2": (5, 2, 15, "ieee"),
}


def table(name):
    e, m, _, special = FORMATS[name]
    return grids.minifloat(e, m, special=special)


def read_bits(text, e, bias, special):
    """A bit pattern read as text: a Fraction, or 'nan', 'inf', '-inf'."""
    sign, exponent, mantissa = text[0], text[1 : 1 + e], text[1 + e :]
    if special == "nan" and "0" not in exponent + mantissa:
        return "nan"
    if special == "ieee" and "0" not in exponent:
        return "nan" if "1" in mantissa else "-inf" if sign == "1" else "inf"
    leading = "1" if "1" in exponent else "0"
    value = F(int(leading + mantissa, 2), 2 ** len(mantissa)) * F(2) ** (
        max(int(exponent, 2), 1) - bias
    )
    return -value if sign == "1" else value


# --- the values -----------------------------------------------------------------------------------


def test_e2m1_is_the_published_list():
    assert table("FP4 E2M1").tolist() == E2M1 + [-v for v in E2M1]
    assert grids.GRIDS["FP4 E2M1"].tolist() == sorted({*E2M1, *(-v for v in E2M1)})


def test_e4m3_and_e5m2_have_the_published_corners():
    # OFP8, table of both formats: pattern, value
    e4m3, e5m2 = table("FP8 E4M3"), table("FP8 E5M2")
    for pattern, value in (
        (0b0_1111_110, 448),
        (0b0_0001_000, 2.0**-6),
        (0b0_0000_111, 0.875 * 2.0**-6),
        (0b0_0000_001, 2.0**-9),
        (0b0_1111_000, 256),
        (0b0_0111_000, 1),
        (0b1_1111_110, -448),
    ):
        assert e4m3[pattern] == value
    for pattern, value in (
        (0b0_11110_11, 57344),
        (0b0_00001_00, 2.0**-14),
        (0b0_00000_11, 0.75 * 2.0**-14),
        (0b0_00000_01, 2.0**-16),
        (0b0_01111_00, 1),
        (0b0_11111_00, np.inf),
        (0b1_11111_00, -np.inf),
    ):
        assert e5m2[pattern] == value
    assert (
        np.flatnonzero(np.isnan(e4m3)).tolist() == [0b0_1111_111, 0b1_1111_111]
        and not np.isinf(e4m3).any()
    )
    assert np.flatnonzero(np.isnan(e5m2)).tolist() == [
        0b0_11111_01,
        0b0_11111_10,
        0b0_11111_11,
        0b1_11111_01,
        0b1_11111_10,
        0b1_11111_11,
    ]
    assert (len(grids.GRIDS["FP8 E4M3"]), len(grids.GRIDS["FP8 E5M2"])) == (253, 247)
    assert np.signbit(e4m3[0b1_0000_000]) and e4m3[0b1_0000_000] == 0  # −0 is a pattern of its own


def test_fp6_has_the_published_corners():
    # OCP MX 1.0: max 7.5 and 28, smallest normal 1 and 0.25, smallest subnormal 0.125 and 0.0625
    for name, top, normal, least in (("FP6 E2M3", 7.5, 1, 0.125), ("FP6 E3M2", 28, 0.25, 0.0625)):
        e, m, *_ = FORMATS[name]
        assert table(name)[[2 ** (e + m) - 1, 2**m, 1]].tolist() == [top, normal, least]
        assert len(grids.GRIDS[name]) == 63


def test_every_pattern_equals_its_bits_read_as_text():
    more = {
        "e1": (1, 2, 0, "none"),
        "m0": (4, 0, 7, "ieee"),
        "m0 nan": (3, 0, 3, "nan"),
        "biased": (3, 2, -5, "none"),
    }
    for name, (e, m, bias, special) in (FORMATS | more).items():
        values = grids.minifloat(e, m, bias if name == "biased" else None, special)
        assert values.shape == (2 ** (1 + e + m),) and values.dtype == np.float64
        for pattern, value in enumerate(values):
            expected = read_bits(f"{pattern:0{1 + e + m}b}", e, bias, special)
            assert (str(value) if isinstance(expected, str) else F(value)) == expected, (
                name,
                pattern,
            )


def test_sixteen_bits_are_numpys_half_and_the_upper_half_of_its_single():
    patterns = np.arange(2**16, dtype=np.uint32)
    with np.errstate(invalid="ignore"):  # signalling NaNs among the patterns
        half = patterns.astype(np.uint16).view(np.float16).astype(np.float64)
        bfloat = (patterns << 16).view(np.float32).astype(np.float64)
    np.testing.assert_array_equal(grids.minifloat(5, 10, special="ieee"), half)
    np.testing.assert_array_equal(grids.minifloat(8, 7, special="ieee"), bfloat)


def test_nf4_is_the_published_list_to_its_precision():
    """The published list is float32: the definition run in float32, with the offset cut to
    0.9677083, gives all of it bit for bit. So its distance from the definition, 1.92e-7 at 0.723,
    is the rounding of that run and nothing else."""
    single, quantile = np.float32, NormalDist().inv_cdf

    def points(n):  # torch.linspace counts from both ends
        start, stop = single(0.9677083), single(0.5)
        step = (stop - start) / single(n - 1)
        return [
            start + step * single(i) if i < n // 2 else stop - step * single(n - 1 - i)
            for i in range(n - 1)
        ]

    run = [-quantile(float(p)) for p in points(8)] + [0.0] + [quantile(float(p)) for p in points(9)]
    run = np.sort(single(run))
    assert (run / run.max()).tolist() == BITSANDBYTES
    assert grids.nf4().shape == (16,)
    assert 1.92e-7 < np.abs(grids.nf4() - BITSANDBYTES).max() < 1.93e-7
    assert grids.GRIDS["NF4"].tolist() == grids.nf4().tolist() and grids.nf4()[7] == 0
    # exact: Φ(values·z) climbs in equal steps on each side, eight of them above 0 and seven below
    z = quantile(1 - (1 / 32 + 1 / 30) / 2)
    steps = np.diff([NormalDist().cdf(v * z) for v in grids.nf4()])
    half = 0.5 - (1 / 32 + 1 / 30) / 2
    # some roundings of numbers below 1
    np.testing.assert_allclose(steps[:7], half / 7, rtol=0, atol=1e-15)
    np.testing.assert_allclose(steps[7:], half / 8, rtol=0, atol=1e-15)


def test_powers_of_two_fill_all_codes_but_one():
    for bits in range(2, 9):
        values = grids.powers_of_two(bits)
        assert len(values) == 2**bits - 1 and values[-1] == 1
        assert (np.diff(values) > 0).all() and (values == -values[::-1]).all() and 0 in values
        above = [F(v) for v in values if v > 0]
        assert all(b == 2 * a for a, b in pairwise(above))
    assert grids.powers_of_two(2).tolist() == [-1, 0, 1]
    assert grids.powers_of_two(4).tolist()[8:] == [2.0**-n for n in range(6, -1, -1)]
    # INQ's example: 3 bits, n1 = −1: n2 = −1 + 1 − 2^2/2 = −2, five values ±2^−1, ±2^−2, 0: fewer
    # than here
    assert {0, 0.25, 0.5, -0.25, -0.5} < set(grids.powers_of_two(3).tolist())


def test_a_table_becomes_an_ascending_grid():
    grid = grids.ascending([3.0, -0.0, np.nan, 0.0, np.inf, -2.0, 3.0, -np.inf])
    assert grid.tolist() == [-2, 0, 3] and np.signbit(grid).tolist() == [True, False, False]
    assert not np.signbit(grids.ascending([-0.0])).any()
    for name in FORMATS:
        e, m, *_ = FORMATS[name]
        grid, values = grids.GRIDS[name], table(name)
        above = values[: 2 ** (e + m)]
        # the order of the patterns
        assert grid[len(grid) // 2 :].tolist() == above[np.isfinite(above)].tolist()
        assert (grid == -grid[::-1]).all() and not grid.flags.writeable


# --- to the grid ----------------------------------------------------------------------------------


def nearest(x, values):
    """The index by exact distances; a tie to the even place from the first value that is not
    negative."""
    origin = sum(v < 0 for v in values)
    return min(range(len(values)), key=lambda i: (abs(F(x) - F(values[i])), (i - origin) % 2))


def awkward():
    """Grids whose midpoints are no floats, or that have no 0, one value, huge or tiny ones."""
    yield np.array([1.0, 1.0 + 2.0**-52, 1.0 + 2.0**-51, 1.0 + 3 * 2.0**-52, 2.0, 2.0 + 2.0**-51])
    yield np.array([-1.0, 1.0])
    yield np.array([-(2.0**60), -1.0, 2.0**-60, 3.0])
    yield np.array([0.3])
    yield np.array([-8e307, -1e300, 0.0, 5e-324, 1e-323, 8e307])
    yield grids.nf4()


def test_every_tie_and_its_neighbours_go_where_exact_arithmetic_says():
    for values in [*grids.GRIDS.values(), *awkward()]:
        middles = (values[:-1] / 2 + values[1:] / 2).tolist()
        x = np.array([*values, *middles, 0.0, 1e308, -1e308])
        x = np.concatenate([x, np.nextafter(x, np.inf), np.nextafter(x, -np.inf)])
        if len(values) > 100:
            x = x[::3]
        codes = np.asarray(grids.quantize(x, values, 1.0))
        assert codes.tolist() == [nearest(v, values) for v in x.tolist()]


def test_ties_in_e2m1_go_to_the_even_mantissa():
    values = grids.GRIDS["FP4 E2M1"]
    x = np.array([0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0])
    codes = grids.quantize(np.concatenate([x, -x]), values, 1.0)
    assert values[codes].tolist() == [0, 1, 1, 2, 2, 4, 4, 0, -1, -1, -2, -2, -4, -4]
    assert values[grids.quantize([2.6, 4.9, -0.3, 7.0, -7.0], values, 1.0)].tolist() == [
        3,
        4,
        -0.5,
        6,
        -6,
    ]
    pattern = np.abs(codes.astype(int) - 7)  # S.E.M without S: its last bit is M's
    assert (pattern % 2 == 0).all()


def test_half_precision_rounds_as_numpys_cast(rng):
    grid = grids.ascending(grids.minifloat(5, 10, special="ieee"))
    x = np.concatenate(
        [rng.standard_normal(5000) * 10.0 ** rng.uniform(-9, 4, 5000), (grid[:-1] + grid[1:]) / 2]
    )
    x = x[np.abs(x) <= 65504]
    assert (grid[grids.quantize(x, grid, 1.0)] == x.astype(np.float16)).all()


def test_powers_of_two_split_at_the_arithmetic_middle():
    # INQ, equation 4: β where (α + β)/2 ≤ |w| < 3β/2; not at √(αβ), where the nearest exponent
    # would
    values = grids.powers_of_two(4)
    x = np.array([0.74, 0.76, 0.71, 0.36, 0.38, -0.72, 1.4, 2.0**-7 * 0.99, 2.0**-7 * 1.01])
    assert values[grids.quantize(x, values, 1.0)].tolist() == [
        0.5,
        1,
        0.5,
        0.25,
        0.5,
        -0.5,
        1,
        0,
        2.0**-6,
    ]


def test_scales_by_tensor_axis_and_block(rng):
    x, values = rng.standard_normal((3, 7, 5)), grids.GRIDS["NF4"]
    for axis in (0, 1, -1):
        scale = grids.absmax_scale(x, values, axis)
        codes = grids.quantize(x, values, scale, axis)
        assert scale.shape == (x.shape[axis],) and codes.shape == x.shape
        for i in range(x.shape[axis]):
            part = np.take(x, i, axis)
            assert scale[i] == np.abs(part).max()
            assert np.take(codes, i, axis).ravel().tolist() == [
                nearest(v, values) for v in (part / scale[i]).flat
            ]
        back = grids.dequantize(codes, values, scale, axis)
        assert (back == grids.fake_quantize(x, values, scale, axis)).all()
    scale = grids.absmax_scale(x, values, axis=1, block=3)  # blocks of 3, 3 and 1
    assert scale.shape == (3, 3, 5)
    for i, b, j in np.ndindex(3, 3, 5):
        assert scale[i, b, j] == np.abs(x[i, 3 * b : 3 * b + 3, j]).max()
    back = grids.fake_quantize(x, values, scale, axis=1, block=3)
    for k in range(7):
        assert (
            back[:, k]
            == grids.fake_quantize(x[:, k] / scale[:, k // 3], values, 1.0) * scale[:, k // 3]
        ).all()
    assert (grids.absmax_scale(x, values, 1, 2**52) == np.abs(x).max(axis=1, keepdims=True)).all()
    assert (np.abs(back[:, 6]) == np.abs(x[:, 6])).all()  # alone in its block: ±1 times itself


def test_decoding_then_encoding_a_grid_is_the_grid():
    for values in [*grids.GRIDS.values(), *awkward()]:
        for scale in (1.0, 0.25):
            codes = np.arange(len(values))
            if np.abs(values).min() > 1e-300 or scale == 1:  # a quarter of 5e-324 is none
                decoded = grids.dequantize(codes, values, scale)
                assert decoded.tolist() == (values * scale).tolist()
                assert np.asarray(grids.quantize(decoded, values, scale)).tolist() == codes.tolist()


def test_the_decoder_reads_the_list():
    values = grids.GRIDS["FP4 E2M1"]
    assert grids.dequantize(np.uint8([0, 7, 8, 14]), values, 0.5).tolist() == [-3, 0, 0.25, 3]
    decoded = grids.dequantize(np.array([[0], [14]]), values, [2.0, 4.0], axis=0)
    assert decoded.tolist() == [[-12], [24]]


def test_the_largest_value_stands_on_the_last():
    for values in grids.GRIDS.values():
        x = np.array([0.3, -7.5, 2.0, 0.1])
        scale = grids.absmax_scale(x, values)
        assert scale == 7.5 / values[-1]
        back = grids.fake_quantize(x, values, scale)[1]
        assert back == pytest.approx(-7.5, rel=2**-52)  # a quotient, a product
    assert grids.absmax_scale(np.zeros((2, 3)), values) == 1
    x, values = [[0.0, 0.0], [3.0, -6.0]], grids.GRIDS["FP4 E2M1"]
    assert grids.absmax_scale(x, values, axis=0).tolist() == [1, 1]
    assert grids.absmax_scale([1.0, 2.0], [0.0, 4.0]) == 0.5


def test_inqs_exponent_is_that_of_exact_arithmetic(rng):
    def n1(top):  # ⌊log2(4s/3)⌋ by comparing
        n = floor(np.log2(float(top)))
        return max(k for k in (n - 1, n, n + 1) if F(2) ** k <= F(4, 3) * F(top))

    tops = [
        0.75,
        np.nextafter(0.75, 0),
        1.5,
        1.0,
        3.0,
        0.1,
        np.nextafter(1.5, 2),
        1e300,
        1e-300,
        *np.exp(rng.uniform(-20, 20, 100)),
    ]
    for top in tops:
        assert grids.power_of_two_scale([0.0, -top, top / 3]) == 2.0 ** n1(top)
    assert grids.power_of_two_scale([[0.0, 0.0], [0.7, 0.1]], axis=0).tolist() == [1, 0.5]
    assert grids.power_of_two_scale([[0.4, 0.1, 3.0]], axis=1, block=2).tolist() == [[0.5, 4.0]]
    x = rng.standard_normal(40)
    decoded = grids.fake_quantize(x, grids.powers_of_two(4), grids.power_of_two_scale(x))
    mantissas = np.frexp(decoded[decoded != 0])[0]
    assert (np.abs(mantissas) == 0.5).all()  # powers of two, all of them


def test_dtypes():
    values = grids.GRIDS["NF4"]
    x = np.float32([0.3, -2.0, 0.7])
    scale = grids.absmax_scale(x, values)
    assert scale.dtype == np.float32 and grids.power_of_two_scale(x).dtype == np.float32
    back = grids.fake_quantize(x, values, scale)
    codes = grids.quantize(x, values, scale)
    assert back.dtype == np.float32 and codes.dtype == np.uint8
    assert (back == np.float32(values)[codes] * np.float32(scale)).all()
    assert grids.dequantize(codes, values, scale).dtype == np.float32
    assert grids.dequantize(codes, values, 2.0).dtype == np.float64
    assert grids.quantize([1.0], grids.ascending(grids.minifloat(4, 6)), 1).dtype == np.uint16
    assert grids.fake_quantize(np.float16([0.5]), values, 1).dtype == np.float64
    # float32: values and scale are rounded to it first. Between .1 and .3 in float32, the middle is
    # not that of float64
    three = np.array([0.0, 0.1, 0.3])
    middle = np.nextafter(np.float32(0.2), np.float32(0))
    assert grids.quantize(middle, three, 1) == nearest(float(middle), np.float32(three).tolist())
    for single in (np.float32(0.3), np.ones(3, np.float32)):
        for function in (grids.ternary, grids.ternary_rule):
            assert function(single).alpha.dtype == np.float32


# --- three values ---------------------------------------------------------------------------------


def error(x, result):
    return float(((x - result.alpha * result.codes) ** 2).sum())


def test_ternary_equals_all_codes_tried(rng):
    for n in range(1, 9):
        # (3^n − 1, n)
        every = np.array([code for code in product((-1, 0, 1), repeat=n) if any(code)])
        for x in (
            rng.standard_normal(n),
            rng.laplace(size=n) ** 3,
            rng.integers(-3, 4, n).astype(float),
        ):
            gain = (every @ x) ** 2 / (every**2).sum(axis=1)  # with the best α, code·x/|code|²
            best = (x**2).sum() - gain.max()
            result = grids.ternary(x)
            assert error(x, result) <= best + 1e-14 * (x**2).sum()  # both sums of ≤ 8 squares
            assert error(x, grids.ternary_rule(x)) >= best - 1e-14 * (x**2).sum()
            assert result.codes.dtype == np.int8 and result.codes.shape == x.shape
            if x.any():  # α halves what is kept from what is not
                kept = result.codes != 0
                assert np.abs(x[kept]).min() >= result.alpha / 2 >= np.abs(x[~kept]).max(initial=0)
                np.testing.assert_allclose(result.alpha, np.abs(x[kept]).mean(), rtol=1e-15)


def test_ternary_rule_by_hand():
    result = grids.ternary_rule([0.2, -1.0, 0.3, 0.1])  # mean .4, Δ .28
    assert result.alpha == 0.65 and result.codes.tolist() == [0, -1, 1, 0]
    result = grids.ternary_rule([[4.0, -7.0], [-28.0, 1.0]])  # mean 10, Δ 7: not above it
    assert result.alpha == 28 and result.codes.tolist() == [[0, 0], [-1, 0]]
    result = grids.ternary_rule([5.0, -5.0, 5.0])
    assert result.alpha == 5 and result.codes.tolist() == [1, -1, 1]


def test_what_the_rule_costs(rng):
    """Never below the optimum. For many normal weights 0.76 % more: 1 − 2φ(Δ)²/(1 − Φ(Δ)), Δ =
    0.7·√(2/π), against its least value; for the ten weights of a hidden neuron several per cent,
    and most for heavy tails."""
    N = NormalDist()

    def cost(x):
        return error(x, grids.ternary_rule(x)) / error(x, grids.ternary(x))

    def remaining(delta):
        return 1 - 2 * N.pdf(delta) ** 2 / (1 - N.cdf(delta))

    least = min(remaining(d) for d in np.linspace(0.55, 0.67, 601))
    limit = remaining(0.7 * (2 / np.pi) ** 0.5) / least
    assert limit == pytest.approx(1.0076, abs=1e-4)
    x = rng.standard_normal(10**5)
    # the error's own spread cancels; what remains moves by less than 1/√n
    assert cost(x) == pytest.approx(limit, abs=0.003)
    normal, laplace = rng.standard_normal, lambda n: rng.laplace(size=n)
    for draw, low, high in ((normal, 1.03, 1.10), (laplace, 1.12, 1.35)):
        ratios = np.array([cost(draw(10)) for _ in range(1000)])
        assert ratios.min() > 1 - 1e-12 and low < ratios.mean() < high  # 1.06 and 1.23, ± 0.01


def test_ternary_at_the_edges():
    # k = 1 and k = 4 leave 3 alike
    assert grids.ternary([3.0, 1.0, 1.0, -1.0]).codes.tolist() == [1, 0, 0, 0]
    for function in (grids.ternary, grids.ternary_rule):
        zero = function(np.zeros((2, 3)))
        assert zero.alpha == 1 and zero.codes.tolist() == [[0] * 3] * 2
        assert function(-3.0).alpha == 3 and function(-3.0).codes == -1
        for factor in (2.0**-1000, 2.0**1000):  # a power of two moves nothing
            x = np.array([0.9, -1.0, 0.2, 0.6, -0.1])
            assert function(x * factor).alpha == function(x).alpha * factor
            assert (function(x * factor).codes == function(x).codes).all()
        assert function([1.7e308, -1.7e308, 1e-300]).alpha == 1.7e308
        with pytest.raises(
            ValueError, match=f"{function.__name__}: x must be of a range whose scale"
        ):
            function([5e-324, 0.0])
        with pytest.raises(ValueError, match=f"{function.__name__}: x must be at least one number"):
            function([])


# --- odd input ------------------------------------------------------------------------------------


def test_odd_but_good_values_keep_their_shape():
    values = grids.GRIDS["FP8 E4M3"]
    for x in (
        np.array(0.3),
        0.3,
        np.zeros((0, 3)),
        np.array([1e308, -1e308]),
        np.array([5e-324, -5e-324]),
        np.float16([0.5, 2.0]),
        np.arange(3),
        np.float32([0.1, 3e38]),
        np.ones((4, 6))[::2, ::-3],
        np.asfortranarray(np.eye(3)),
    ):
        before = np.array(x, copy=True)
        for scale in (1.0, 2.3e-308 if np.asarray(x).dtype != np.float32 else 1.2e-38, 1e30):
            codes = grids.quantize(x, values, scale)
            assert (
                np.shape(codes) == np.shape(x) == np.shape(grids.dequantize(codes, values, scale))
            )
            back = grids.fake_quantize(x, values, scale)
            assert np.shape(back) == np.shape(x) and np.isfinite(back).all()
            assert (np.abs(back) <= np.float64(448.0 * scale)).all() or np.asarray(
                x
            ).dtype == np.float32
        assert (before == x).all()
    with np.errstate(all="raise"):
        tiny = np.array([0.0, 5e-324])
        assert grids.quantize([1e-323, -1e308], tiny, 1).tolist() == [1, 0]
        assert grids.fake_quantize([1.7e308], [0.0, 8e307], 4.0).tolist() == [np.finfo(float).max]


def test_grid_functions_refuse_wrong_values_scales_codes_and_formats():
    good, values = [1.0, 2.0], [-1.0, 0.0, 1.0]
    for bad in (
        [],
        [1.0, 1.0],
        [2.0, 1.0],
        [-0.0, 0.0],
        [[0.0, 1.0]],
        1.0,
        [0.0, 1e308],
        [0.0, np.nan],
        ["a"],
        [F(1)],
    ):
        for call in (
            lambda v: grids.quantize(good, v, 1.0),
            lambda v: grids.dequantize([0], v, 1.0),
            lambda v: grids.absmax_scale(good, v),
        ):
            with pytest.raises(
                (ValueError, TypeError), match=r"(quantize|dequantize|absmax_scale): values must be"
            ):
                call(bad)
    with pytest.raises(
        ValueError, match=r"quantize: values must be .* ascending and distinct in float32"
    ):
        grids.quantize(np.float32([1]), [0.0, 1e-60, 1.0], 1.0)
    for bad in (0.0, -1.0, 1e-310, np.inf, [1.0, 2.0], True, F(1)):
        with pytest.raises((ValueError, TypeError), match=r"quantize: (scale|axis) must be"):
            grids.quantize(good, values, bad)
    for arguments, word in (
        ((0,), "scale"),
        ((1,), "axis"),
        ((None, 2), "axis"),
        ((0, 0), "block"),
        ((0.0,), "axis"),
    ):
        with pytest.raises((ValueError, TypeError), match=f"quantize: {word}"):
            grids.quantize(good, values, [1.0], *arguments)
    for bad in ([-1], [3], [0.0], [True]):
        with pytest.raises((ValueError, TypeError), match="dequantize: codes must be"):
            grids.dequantize(bad, values, 1.0)
    with pytest.raises(
        ValueError, match="absmax_scale: values must be a grid with a positive value"
    ):
        grids.absmax_scale(good, [-1.0, 0.0])
    for x in ([1e-310], [], [5e-324]):
        with pytest.raises(ValueError, match="absmax_scale: x must be"):
            grids.absmax_scale(x, values)
        with pytest.raises(ValueError, match="power_of_two_scale: x must be"):
            grids.power_of_two_scale(x)
    with pytest.raises(ValueError, match="power_of_two_scale: x must be"):
        grids.power_of_two_scale([1.7e308])  # 2^1024
    for arguments in ((0, 1), (9, 1), (2, -1), (2, 11), (2.0, 1), (2, 1, 513), (2, 1, None, "inf")):
        with pytest.raises((ValueError, TypeError), match="minifloat: "):
            grids.minifloat(*arguments)
    for bits in (1, 9, 4.0, True):
        with pytest.raises((ValueError, TypeError), match="powers_of_two: bits"):
            grids.powers_of_two(bits)


def test_beyond_the_grid_saturates_or_is_nan_or_inf():
    """448 + 16 is a tie and goes to the even mantissa of 448; 57344 + 4096 goes to the next one."""
    e4m3, e5m2 = grids.GRIDS["FP8 E4M3"], grids.GRIDS["FP8 E5M2"]
    x = np.array([464.0, np.nextafter(464, 500), 1e6])
    for sign in (1, -1):
        assert grids.fake_quantize(sign * x, e4m3, 1.0).tolist() == [448 * sign] * 3
        made = grids.fake_quantize(sign * x, e4m3, 1.0, overflow="nan")
        assert made[0] == 448 * sign and np.isnan(made[1:]).all()
        y = np.array([np.nextafter(61440, 0), 61440.0])
        made = grids.fake_quantize(2.0 * sign * y, e5m2, 2.0, overflow="inf")
        assert made.tolist() == [114688 * sign, np.inf * sign]
    assert grids.beyond([[-9.0, 7.0, 7.1]], grids.GRIDS["FP4 E2M1"], 1.0).tolist() == [[-1, 1, 1]]
    with pytest.raises(
        ValueError, match="fake_quantize: overflow must be one of 'saturate', 'nan'"
    ):
        grids.fake_quantize(x, e4m3, 1.0, overflow="wrap")


def test_no_value_of_a_grid_is_beyond_half_of_the_largest_float_on_either_side():
    half = np.finfo(float).max / 2
    assert grids.quantize([0.0], [-half, 0.0, half], 1.0).tolist() == [1]
    for values in ([0.0, half * 1.01], [-half * 1.01, 0.0], [-half * 1.01]):
        with pytest.raises(ValueError, match="quantize: values must be at least one number, asc"):
            grids.quantize([0.0], values, 1.0)
