"""How conventions choose a grid and map numbers to codes, against what the libraries print."""

from fractions import Fraction as F

import numpy as np
import pytest

from refnn import arrays
from refnn.quantization import conventions_rules as rules
from refnn.quantization.conventions import CONVENTIONS

BY_NAME = {c.name: c for c in CONVENTIONS}

# torch 2.13 (CPU): MinMaxObserver, then torch.quantize_per_tensor or
# torch.fake_quantize_per_tensor_affine. The rest of the name: scale, zero point, codes.
# fmt: off
TORCH = {
    (-63.5, 63.5, 3.0, 0.25): [
        ("quantize_per_tensor, quint8", 0.49803921580314636, 128, [1, 255, 134, 129]),
        ("quantize_per_tensor, qint8", 0.49803921580314636, 0, [-128, 127, 6, 1]),
        ("symmetric, qint8", 0.49803921580314636, 0, [-128, 127, 6, 1]),
        ("symmetric, quint8", 0.49803921580314636, 128, [1, 255, 134, 129]),
        ("reduce_range, quint8", 1.0, 64, [0, 128, 67, 64]),
        ("reduce_range, qint8", 1.0, 0, [-64, 64, 3, 0]),
        ("symmetric reduce_range, qint8", 1.0, 0, [-64, 64, 3, 0]),
        ("fake quantization, uint8", 0.49803921580314636, 128, [0, 255, 134, 129]),
        ("fake quantization, int8", 0.49803921580314636, 0, [-128, 127, 6, 1]),
        ("fake quantization, reduce_range, uint8", 1.0, 64, [0, 127, 67, 64]),
        ("fake quantization, reduce_range, int8", 1.0, 0, [-64, 63, 3, 0]),
        ("fake quantization, symmetric reduce_range, int8",
         1.0, 0, [-64, 63, 3, 0]),
    ],
    (-3.0, 1.0, 0.1, 0.7): [
        ("quantize_per_tensor, quint8", 0.01568627543747425, 191, [0, 255, 197, 236]),
        ("quantize_per_tensor, qint8", 0.01568627543747425, 63, [-128, 127, 69, 108]),
        ("symmetric, qint8", 0.0235294122248888, 0, [-128, 42, 4, 30]),
        ("symmetric, quint8", 0.0235294122248888, 128, [0, 170, 132, 158]),
        ("reduce_range, quint8", 0.031496062874794006, 95, [0, 127, 98, 117]),
        ("reduce_range, qint8", 0.031496062874794006, 31, [-64, 63, 34, 53]),
        ("symmetric reduce_range, qint8", 0.04724409431219101, 0, [-64, 21, 2, 15]),
        ("fake quantization, uint8", 0.01568627543747425, 191, [0, 255, 197, 236]),
        ("fake quantization, int8", 0.01568627543747425, 63, [-128, 127, 69, 108]),
        ("fake quantization, reduce_range, uint8", 0.031496062874794006, 95, [0, 127, 98, 117]),
        ("fake quantization, reduce_range, int8", 0.031496062874794006, 31, [-64, 63, 34, 53]),
        ("fake quantization, symmetric reduce_range, int8",
         0.04724409431219101, 0, [-64, 21, 2, 15]),
    ],
    (0.0, 0.0): [
        ("quantize_per_tensor, quint8", 1.1920928955078125e-07, 0, [0, 0]),
        ("quantize_per_tensor, qint8", 1.1920928955078125e-07, -128, [-128, -128]),
        ("symmetric, qint8", 1.1920928955078125e-07, 0, [0, 0]),
        ("symmetric, quint8", 1.1920928955078125e-07, 128, [128, 128]),
        ("reduce_range, quint8", 1.1920928955078125e-07, 0, [0, 0]),
        ("reduce_range, qint8", 1.1920928955078125e-07, -64, [-64, -64]),
        ("symmetric reduce_range, qint8", 1.1920928955078125e-07, 0, [0, 0]),
        ("fake quantization, uint8", 1.1920928955078125e-07, 0, [0, 0]),
        ("fake quantization, int8", 1.1920928955078125e-07, -128, [-128, -128]),
        ("fake quantization, reduce_range, uint8", 1.1920928955078125e-07, 0, [0, 0]),
        ("fake quantization, reduce_range, int8", 1.1920928955078125e-07, -64, [-64, -64]),
        ("fake quantization, symmetric reduce_range, int8",
         1.1920928955078125e-07, 0, [0, 0]),
    ],
    (-253.0, 257.0, 1.0, 3.0, 2.0): [
        ("quantize_per_tensor, quint8", 2.0, 126, [0, 254, 126, 128, 127]),
        ("quantize_per_tensor, qint8", 2.0, -2, [-128, 126, -2, 0, -1]),
        ("symmetric, qint8", 2.015686273574829, 0, [-126, 127, 0, 1, 1]),
        ("symmetric, quint8", 2.015686273574829, 128, [2, 255, 128, 129, 129]),
        ("reduce_range, quint8", 4.015748023986816, 63, [0, 127, 63, 64, 63]),
        ("reduce_range, qint8", 4.015748023986816, -1, [-64, 63, -1, 0, -1]),
        ("symmetric reduce_range, qint8", 4.047244071960449, 0, [-63, 64, 0, 1, 0]),
        ("fake quantization, uint8", 2.0, 126, [0, 254, 126, 128, 127]),
        ("fake quantization, int8", 2.0, -2, [-128, 126, -2, 0, -1]),
        ("fake quantization, reduce_range, uint8", 4.015748023986816, 63, [0, 127, 63, 64, 63]),
        ("fake quantization, reduce_range, int8", 4.015748023986816, -1, [-64, 63, -1, 0, -1]),
        ("fake quantization, symmetric reduce_range, int8",
         4.047244071960449, 0, [-63, 63, 0, 1, 0]),
    ],
}
# fmt: on


def objects(x):
    return arrays.objects([F(v) for v in x], (len(x),))


@pytest.mark.parametrize("x", TORCH, ids=str)
def test_pytorchs_own_scales_zero_points_and_codes(x):
    for name, scale, zero_point, codes in TORCH[x]:
        grid = BY_NAME[f"PyTorch {name}"].encode(np.float32(x), 8)
        assert grid.scale.dtype == np.float32 and float(grid.scale) == scale, name
        assert (grid.zero_point, grid.codes.tolist()) == (zero_point, codes), name
        decoded = (np.float32(codes) - np.float32(zero_point)) * np.float32(scale)
        assert grid.decoded.dtype == np.float32 and grid.decoded.tolist() == decoded.tolist()


def test_fractions_give_the_same_grid_and_the_same_codes_off_the_ties():
    """1/2 is a tie of this grid in Fractions and in floats."""
    for name in ("reduce_range, quint8", "fake quantization, reduce_range, int8"):
        x = (-63.5, 63.5, 3.0, 0.25)
        [(_, scale, zero_point, codes)] = [row for row in TORCH[x] if row[0] == name]
        grid = BY_NAME[f"PyTorch {name}"].encode(objects(x), 8)
        assert (grid.scale, grid.zero_point, grid.codes.tolist()) == (scale, zero_point, codes)
    assert BY_NAME["PyTorch symmetric, qint8"].encode(objects([0, 0]), 8).scale == F(1, 2**23)


# --- from numbers to codes on a known grid --------------------------------------------------------

# x of zero point 1 and scale 1: the codes of each way, in Fractions and in floats. The first two
# were printed by torch 2.13, the third by ONNX Runtime 1.32.
TIES = [F(-1), F(0), F(1, 2), F(3, 2), F(5, 2), F(-1, 2), F(254)]
ONE = {
    rules.quantize_per_tensor: [0, 1, 2, 2, 4, 0, 255],
    rules.fake_quantize: [0, 1, 1, 3, 3, 1, 255],
    rules.round_then_add: [0, 1, 1, 3, 3, 1, 255],
    rules.add_then_round: [0, 1, 2, 2, 4, 0, 255],
    rules.away_then_add: [0, 1, 2, 3, 4, 0, 255],
    rules.add_then_away: [0, 1, 2, 3, 4, 1, 255],
    rules.per_unit: [0, 1, 2, 2, 4, 0, 255],
    rules.from_minimum: [0, 1, 2, 2, 4, 0, 255],
}


@pytest.mark.parametrize("code", ONE, ids=lambda code: code.__name__)
@pytest.mark.parametrize("dtype", [object, np.float32, np.float64])
def test_ties_with_an_odd_zero_point(code, dtype):
    x = objects(TIES) if dtype is object else np.array([float(v) for v in TIES], dtype)
    for one in (1, F(1), 1.0, np.float32(1), np.float64(1)):
        q = code(x, one, 1, 0, 255)
        assert q.dtype == np.int64 and q.tolist() == ONE[code]
    assert code(x.reshape(7, 1), 1, np.int64(1), 0, 255).tolist() == [[c] for c in ONE[code]]


def test_scales_and_zero_points_may_be_arrays():
    x = objects([F(1), F(3), F(-2), F(5)]).reshape(2, 2)
    scale, zero_point = objects([F(2), F(4)]).reshape(2, 1), objects([1, 2]).reshape(2, 1)
    for code in ONE:
        rows = [code(row, s, z, -9, 9).tolist() for row, s, z in zip(x, (2, 4), (1, 2))]
        assert code(x, scale, zero_point, -9, 9).tolist() == rows
        floats = [a.astype(np.float32) for a in (x, scale, zero_point)]
        assert code(*floats, -9, 9).tolist() == rows
    article = rules.floor_and_mod(x, scale, zero_point, 0, 7)
    assert article.tolist() == [[1, 2], [1, 3]]  # floor(.5 + 1), floor(1.5 + 1), ...
    assert rules.floor_and_mod(x, scale, zero_point, -4, 3).tolist() == [[-3, -2], [-3, -1]]


def test_float32_stays_float32():
    """Each way computes in x's dtype: 0.1·(1/0.2) differs from 0.1/0.2 in one of the two."""
    rng = np.random.default_rng(0)
    scale = rng.uniform(0.01, 3, 200).astype(np.float32)
    k = rng.integers(-100, 100, 200) + np.float32(0.5)
    x = k.astype(np.float32) * scale
    one = np.float32(1)
    by = {
        rules.round_then_add: np.rint(x / scale) + 3,
        rules.add_then_round: np.rint(x / scale + np.float32(3)),
        rules.fake_quantize: np.rint(x * (one / scale)) + 3,
        rules.per_unit: np.rint(x * (one / scale) + np.float32(3)),
        rules.quantize_per_tensor: np.rint(
            (x.astype(float) * (one / scale).astype(float) + 3).astype(np.float32)
        ),
    }
    seen = set()
    for code, codes in by.items():
        for three in (3, np.int64(3), np.float64(3)):
            assert code(x, scale, three, -200, 200).tolist() == codes.tolist(), code.__name__
        seen.add(tuple(codes))
    assert len(seen) == 5  # so no two of them are the same


def test_values_beyond_the_range_are_clipped_and_warn_of_nothing():
    for code in ONE:
        huge = [1e300, -1e300, 1e308, -1e308]
        assert code(np.array(huge), 1e-10, 7, 0, 255).tolist() == [255, 0, 255, 0]
        assert code(np.float32([3e38, -3e38]), 1e-10, 7, 0, 255).tolist() == [255, 0]
        assert code(objects([F(10**400), F(-(10**400))]), F(1, 3), 7, -8, 7).tolist() == [7, -8]
        assert code(np.zeros((0, 2)), 1.0, 0, 0, 255).shape == (0, 2)
        assert code(np.float64(3.25), 1.0, 0, 0, 255).shape == ()


@pytest.mark.parametrize("convention", CONVENTIONS, ids=lambda c: c.name)
def test_the_code_function_gives_the_codes_of_the_whole_convention(convention, rng):
    """Exactly, on Fractions, of 2 to 8 bits, and within its limits."""
    for _ in range(80):
        bits = int(rng.integers(2, 9))
        x = objects([F(int(v), 2) for v in rng.integers(int(rng.integers(-90, 1)), 60, 9)])
        grid, limits = convention.encode(x, bits), convention.limits(bits)
        codes = convention.code(x, grid.scale, grid.zero_point, *limits)
        assert codes.tolist() == grid.codes.tolist()
        assert limits[0] <= grid.codes.min() and grid.codes.max() <= limits[1]
        assert grid.decoded.tolist() == [(c - grid.zero_point) * grid.scale for c in grid.codes]
        assert not (convention.symmetric and convention.signed and grid.zero_point)
        if convention.own:
            own = convention.own(grid.scale, grid.zero_point)
            assert own[0] * grid.scale == 1 and convention.own(*own) == grid[:2]


def test_the_codes_of_each_convention():
    """With 8 bits. The middle of unsigned codes is the fixed zero point of symmetric ones."""
    ends, signed, symmetric = {}, set(), set()
    for c in CONVENTIONS:
        ends.setdefault(c.limits(8), []).append(c.name)
        signed |= {c.name} if c.signed else set()
        symmetric |= {c.name} if c.symmetric else set()
    assert set(ends) == {(0, 255), (-128, 127), (-127, 127), (0, 127), (-64, 63)}
    assert ends[-127, 127] == [
        "TFLite weights, int8",
        "symmetric by 2^(b−1) − 1",
        "absmax, codes per unit",
    ]
    assert ends[0, 127] == ["PyTorch fake quantization, reduce_range, uint8"]
    assert len(ends[-64, 63]) == 2 and all("fake" in name for name in ends[-64, 63])
    unsigned = {c.name for c in CONVENTIONS} - signed
    assert {name for name in unsigned if "uint" not in name} == {
        "article, as written",
        "article, sign corrected",
        "gemmlowp",
        "minimum as code 0",
    }
    assert all("uint" not in name for name in signed)
    assert symmetric == {name for name in BY_NAME if "symmetric" in name and "asym" not in name} | {
        "TFLite weights, int8",
        "power of two",
        "absmax, codes per unit",
    }
