"""Every published convention against numbers printed by its own authors, and the translation to and
from (W, B, P)."""

from fractions import Fraction as F
from itertools import combinations

import numpy as np
import pytest

from refnn.quantization import affine, as_written, conventions
from refnn.quantization.affine import QParams

COURSE = [
    [F(v) for v in row.split()]
    for row in ("191.6 -13.5 728.6", "92.14 295.5 -184", "0 684.6 245.5")
]
# Two zero points that are ties (−low/scale = 2.5 and, without 0, the same) and values on ties of
# either parity.
SEPARATING = [F(-5), F(25), F(1), F(3), F(5), F(7)]


def grids(x, bits=8):
    return {row.convention.name: row.grid for row in conventions.compare(x, bits)}


def test_distillers_published_scales_and_zero_points():
    # IntelLabs/distiller tests/test_quant_utils.py: asymmetric (low, high) -> W, z; symmetric max
    # -> W
    for low, high, W, z in (
        (-2, 10, F("21.25"), -42),
        (5, 10, F("25.5"), 0),
        (-10, -5, F("25.5"), -255),
        (0, 0, 1, 0),
        (-10, 5, 17, -170),
    ):
        grid = grids([F(low), F(high)])["Distiller asymmetric, uint8"]
        assert (1 / grid.scale, -grid.zero_point) == (W, z)
    for m, full, restricted in ((4, F("31.875"), F("31.75")), (10, F("12.75"), F("12.7"))):
        table = grids([F(-m), F(1)])
        assert 1 / table["Distiller symmetric, full"].scale == full
        assert 1 / table["symmetric by 2^(b−1) − 1"].scale == restricted


def test_deeplearning_ai_published_codes():
    grid = grids(COURSE)["DeepLearning.AI, int8"]
    assert grid.scale == F("912.6") / 255 and grid.zero_point == -77
    assert round(float(np.mean((grid.decoded - np.array(COURSE)) ** 2)), 4) == 1.5730
    # the course's matrix at the given scale 3.5 and zero point −70 is in test_affine.py


def test_onnx_published_dynamic_quantization():
    x = np.float32([0, 2, -3, -2.5, 1.34, 0.5])
    grid = grids(x)["ONNX, uint8"]
    assert round(float(grid.scale), 10) == 0.0196078438 and grid.zero_point == 153
    assert grid.codes.tolist() == [153, 255, 0, 26, 221, 179]
    assert grids([F(-253), F(257)])["ONNX, uint8"].zero_point == 126  # sonos/tract #2672


def test_gemmlowp_adds_before_it_rounds():
    # doc/quantization_example.cc on range −1 .. 1: scale 2/255, zero point 127.5, away from zero:
    # 128
    grid = grids([F(-1), F(0), F(1)])["gemmlowp"]
    assert (grid.scale, grid.zero_point, grid.codes.tolist()) == (F(2, 255), 128, [1, 128, 255])
    assert grids([F(-1), F(0), F(1)])["ONNX, uint8"].codes.tolist() == [0, 128, 255]


def test_each_convention_by_hand():
    """b = 4, so L = 16: −5 .. 25 has 15 steps of 2, the zero point is 2.5."""
    table = grids(SEPARATING, 4)
    tie = {
        "article, as written": (2, F(-5, 2), [0, 15, 3, 4, 5, 6], [5, 35, 11, 13, 15, 17]),
        "article, sign corrected": (2, F(5, 2), [0, 15, 3, 4, 5, 6], [-5, 25, 1, 3, 5, 7]),
        "ONNX, uint8": (2, 2, [0, 14, 2, 4, 4, 6], [-4, 24, 0, 4, 4, 8]),
        "ONNX, int8": (2, -6, [-8, 6, -6, -4, -4, -2], [-4, 24, 0, 4, 4, 8]),
        "gemmlowp": (2, 3, [1, 15, 4, 5, 6, 7], [-4, 24, 2, 4, 6, 8]),
        "TFLite weights, int8": (
            F(25, 7),
            0,
            [-1, 7, 0, 1, 1, 2],
            [F(-25, 7), 25, 0, F(25, 7), F(25, 7), F(50, 7)],
        ),
        # 7/2 + 2 = 5.5 goes to 6, 1/2 + 2 = 2.5 to 2: added before rounding, 2 is even
        "PyTorch quantize_per_tensor, quint8": (2, 2, [0, 14, 2, 4, 4, 6], [-4, 24, 0, 4, 4, 8]),
        "PyTorch quantize_per_tensor, qint8": (
            2,
            -6,
            [-8, 6, -6, -4, -4, -2],
            [-4, 24, 0, 4, 4, 8],
        ),
        # 7 steps from −5 to 25: the zero point is 7/6, or −17/6; the codes end at 15, or at 7
        "PyTorch reduce_range, quint8": (
            F(30, 7),
            1,
            [0, 7, 1, 2, 2, 3],
            [F(-30, 7), F(180, 7), 0, F(30, 7), F(30, 7), F(60, 7)],
        ),
        "PyTorch reduce_range, qint8": (
            F(30, 7),
            -3,
            [-4, 3, -3, -2, -2, -1],
            [F(-30, 7), F(180, 7), 0, F(30, 7), F(30, 7), F(60, 7)],
        ),
        # 3.5 steps to each side: 25 is code 3.5, which only fake quantization clips
        "PyTorch symmetric reduce_range, qint8": (
            F(50, 7),
            0,
            [-1, 4, 0, 0, 1, 1],
            [F(-50, 7), F(200, 7), 0, 0, F(50, 7), F(50, 7)],
        ),
        "PyTorch fake quantization, symmetric reduce_range, int8": (
            F(50, 7),
            0,
            [-1, 3, 0, 0, 1, 1],
            [F(-50, 7), F(150, 7), 0, 0, F(50, 7), F(50, 7)],
        ),
        "PyTorch symmetric, quint8": (  # below 8 bits the zero point is 7, not 8
            F(10, 3),
            7,
            [6, 14, 7, 8, 8, 9],
            [F(-10, 3), F(70, 3), 0, F(10, 3), F(10, 3), F(20, 3)],
        ),
        "TFLite activations, int8": (2, -6, [-8, 7, -5, -4, -3, -2], [-4, 26, 2, 4, 6, 8]),
        "absmax, codes per unit": (
            F(25, 7),
            0,
            [-1, 7, 0, 1, 1, 2],
            [F(-25, 7), 25, 0, F(25, 7), F(25, 7), F(50, 7)],
        ),
        "zero point, codes per unit": (2, -6, [-8, 6, -6, -4, -4, -2], [-4, 24, 0, 4, 4, 8]),
        "minimum as code 0": (2, F(5, 2), [0, 15, 3, 4, 5, 6], [-5, 25, 1, 3, 5, 7]),
        "PyTorch symmetric, qint8": (
            F(10, 3),
            0,
            [-2, 7, 0, 1, 2, 2],
            [F(-20, 3), F(70, 3), 0, F(10, 3), F(20, 3), F(20, 3)],
        ),
        "Distiller asymmetric, uint8": (2, 2, [0, 14, 2, 4, 4, 6], [-4, 24, 0, 4, 4, 8]),
        "MIT lab, int8": (2, -6, [-8, 6, -6, -4, -4, -2], [-4, 24, 0, 4, 4, 8]),
        "DeepLearning.AI, int8": (2, -6, [-8, 6, -6, -4, -4, -2], [-4, 24, 0, 4, 4, 8]),
        "symmetric by 2^(b−1) − 1": (
            F(25, 7),
            0,
            [-1, 7, 0, 1, 1, 2],
            [F(-25, 7), 25, 0, F(25, 7), F(25, 7), F(50, 7)],
        ),
        "symmetric by 2^(b−1)": (
            F(25, 8),
            0,
            [-2, 7, 0, 1, 2, 2],
            [F(-25, 4), F(175, 8), 0, F(25, 8), F(25, 4), F(25, 4)],
        ),
        "power of two": (4, 0, [-1, 6, 0, 1, 1, 2], [-4, 24, 0, 4, 4, 8]),
    }
    tie["Distiller symmetric, full"] = tie["PyTorch symmetric, qint8"]
    for fake, of in (("uint8", "ONNX, uint8"), ("int8", "ONNX, int8")):
        tie[f"PyTorch fake quantization, {fake}"] = tie[of]
        reduced = tie[f"PyTorch reduce_range, q{fake}"]
        tie[f"PyTorch fake quantization, reduce_range, {fake}"] = reduced
    assert set(tie) == set(table)
    for name, (scale, zero_point, codes, decoded) in tie.items():
        grid = table[name]
        assert (grid.scale, grid.zero_point) == (scale, zero_point), name
        assert grid.codes.tolist() == codes and grid.decoded.tolist() == decoded, name


# On Fractions their decoded values are the same: codes with and without a sign decode alike, and
# x·(1/scale) is x/scale.
ALIKE = [
    {
        "ONNX, uint8",
        "ONNX, int8",
        "PyTorch fake quantization, uint8",
        "PyTorch fake quantization, int8",
    },
    {
        "PyTorch quantize_per_tensor, quint8",
        "PyTorch quantize_per_tensor, qint8",
        "Distiller asymmetric, uint8",
    },
    {"PyTorch reduce_range, quint8", "PyTorch reduce_range, qint8"},
    {
        "PyTorch fake quantization, reduce_range, uint8",
        "PyTorch fake quantization, reduce_range, int8",
    },
    {"PyTorch symmetric, qint8", "Distiller symmetric, full"},
    {"symmetric by 2^(b−1) − 1", "absmax, codes per unit"},
]


def test_tensors_tell_the_conventions_apart(rng):
    """All others are told apart by their decoded values on some tensor."""
    names = [c.name for c in conventions.CONVENTIONS]
    left = set(combinations(names, 2))
    tensors = [
        [F(-3), F(12), F(1, 2), F(3, 2), F(-5, 2)],
        [F(5), F(10), F(7)],
        [F(-7, 2), F(23, 2), F(1), F(2)],
        [F(-1, 2), F(29, 2), F(3, 2), F(5, 2)],
        SEPARATING,
    ]
    tensors += [[F(int(v), 2) for v in rng.integers(-9, 60, 9)] for _ in range(200)]
    for x in tensors:
        table = grids(x, 4)
        left = {
            (a, b)
            for a, b in left
            if (table[a] is None) == (table[b] is None)
            and (table[a] is None or table[a].decoded.tolist() == table[b].decoded.tolist())
        }
    assert {frozenset(pair) for pair in left} == {
        frozenset(pair) for alike in ALIKE for pair in combinations(alike, 2)
    }


def test_the_reciprocal_of_the_scale_moves_a_tie_in_float32():
    fake = "PyTorch fake quantization, uint8"
    for top in range(1, 60):  # until the reciprocal tells
        scale = np.float32(top) / np.float32(255)
        x = np.append(np.float32(np.arange(255) + 0.5) * scale, np.float32(top))
        table = grids(x)
        if (table["ONNX, uint8"].codes != table[fake].codes).any():
            break
    assert top < 59 and table["ONNX, uint8"].scale == table[fake].scale
    exact = grids([F(float(v)) for v in x])
    assert exact["ONNX, uint8"].codes.tolist() == exact[fake].codes.tolist()


def test_errors_are_in_steps_and_constants_divide_by_zero_where_they_do():
    for row in conventions.compare([F(-1, 3), F(2, 7), F(5, 4)]):
        assert (row.errors * row.grid.scale + np.array([F(-1, 3), F(2, 7), F(5, 4)])).tolist() == (
            row.grid.decoded.tolist()
        )
    without = {row.convention.name for row in conventions.compare([F(3), F(3)]) if row.grid is None}
    assert without == {
        "article, as written",
        "article, sign corrected",
        "MIT lab, int8",
        "DeepLearning.AI, int8",
        "minimum as code 0",
    }
    for row in conventions.compare([0.0, 0.0]):
        if row.grid is None:
            without.discard(row.convention.name)
            continue
        scale = 2.0**-23 if row.convention.name.startswith("PyTorch") else 1
        scale = 1 / 255 if row.convention.name.startswith("zero point") else scale
        assert row.grid.scale == scale and not row.grid.decoded.any()
    assert not without  # all of these, and absmax, divide by 0
    # without 0 in the range the zero point saturates and [5, 10] is lost
    lost = {row.convention.name: row.errors for row in conventions.compare([F(5), F(10)])}
    for name in ("MIT lab, int8", "DeepLearning.AI, int8"):
        assert [int(e) for e in lost[name]] == [0, -255]
    for name in ("zero point, codes per unit", "minimum as code 0"):  # these lose nothing
        assert [int(e) for e in lost[name]] == [0, 0]


@pytest.mark.parametrize("P", [2, 8, 255])
def test_translation_gives_the_same_codes_where_it_exists(P, rng):
    for zero_point in {0, P // 3, P - 1}:
        W = F(int(rng.integers(1, 50)), int(rng.integers(1, 9)))
        B = zero_point + F(1, 2)
        p = conventions.to_affine(W, B, P)
        assert (p.scale, p.zero_point, p.qmin, p.qmax) == (1 / W, zero_point, 0, P - 1)
        assert conventions.to_article(p) == (W, B, P)
        # in 0 .. P, no ties
        x = [(F(int(n), 97) - B) / W for n in rng.integers(0, 97 * P, 500) if n % 97]
        assert as_written.quantize(x, W, B, P).tolist() == affine.quantize(x, p).tolist()
        tie, beyond = F(1, 2) / W, (P - zero_point) / W
        # a tie: ⌊ ⌋ takes it up, half to even to 0
        assert as_written.quantize(tie, W, B, P) == (zero_point + 1) % P
        assert affine.quantize(tie, p) == zero_point
        # beyond: mod wraps, clip does not
        assert as_written.quantize(beyond, W, B, P) == 0
        assert affine.quantize(beyond, p) == P - 1


def test_a_translation_by_hand():
    p = conventions.to_affine(F(10), F(7, 2), 8)  # ⌊10x + 3.5⌋: 0.1 a code, 0 at code 3
    assert (p.scale, p.zero_point, p.qmin, p.qmax) == (F(1, 10), 3, 0, 7)
    assert conventions.to_article(QParams(F(1, 10), -1, -4, 3)) == (10, F(7, 2), 8)


def test_no_decoder_as_printed_serves_a_translated_encoder():
    W, B, _ = conventions.to_article(QParams(F(1, 10), 3, 0, 7))
    q = np.arange(8, dtype=np.uint8)
    assert (
        affine.dequantize(q, QParams(F(1, 10), 3, 0, 7)).tolist()
        == as_written.dequantize(q, W, -3).tolist()
    )
    wrong = as_written.dequantize(q, W, B) - as_written.dequantize(q, W, -3)
    assert set(wrong) == {(2 * 3 + F(1, 2)) / W}  # (2·zero_point + ½) steps too high


def test_odd_but_good_values():
    for x in (
        0.3,
        np.float16([0.5, 2]),
        np.float32([0.1, 3e38]),
        [1e300, -1e300],
        np.eye(3, 2),
        [F(1, 3)],
        F(1, 3),
    ):
        for row in conventions.compare(x):
            assert (
                row.grid is None
                or row.grid.codes.shape == row.grid.decoded.shape == row.errors.shape == np.shape(x)
            )


def test_to_affine_to_article_and_compare_refuse_what_has_no_grid():
    for B in (F(1, 3), 3, F(-1, 2), F(17, 2)):
        with pytest.raises(
            ValueError, match=r"to_affine: B must be k \+ ½ with a whole number k from 0 to 7"
        ):
            conventions.to_affine(10, B, 8)
    with pytest.raises(ValueError, match="to_affine: W must be positive"):
        conventions.to_affine(F(-1), F(1, 2), 8)
    with pytest.raises(ValueError, match="to_article: scale must be"):
        conventions.to_article(QParams([0.5, 1.0], 0, 0, 7, axis=0))
    for x, bits in (
        ([1.7e308], 2),
        ([1e308, -1e307], 2),
        (np.float32([3e38]), 2),
        ([1e308, -1e308], 8),
        ([1e-310], 8),
        ([1e-300, 1e-300 * (1 + 2**-52)], 8),
    ):
        with pytest.raises(ValueError, match="compare: x must be of a range"):
            conventions.compare(x, bits)
    for W in (1e-320, 1.7e308, np.float32(1e-40), np.float32(3e38), 0):
        with pytest.raises(
            ValueError, match="to_affine: W must be positive, and 1/W a finite normal number"
        ):
            conventions.to_affine(W, 3.5, 8)
    with pytest.raises(ValueError, match="compare: x must be at least one number"):
        conventions.compare([])


def test_compare_takes_2_to_16_bits_and_to_affine_2_to_2_to_the_52_levels():
    for bits in (2, 16):
        onnx = grids([F(-1), F(2)], bits)["ONNX, uint8"]
        assert onnx.scale == F(3, 2**bits - 1) and onnx.codes.tolist() == [0, 2**bits - 1]
    for bits in (1, 17):
        with pytest.raises(ValueError, match="compare: bits must be a whole number from 2 to 16"):
            conventions.compare([F(-1), F(2)], bits)
    for P in (2, 2**52):
        assert conventions.to_affine(F(1), P - F(1, 2), P).qmax == P - 1
    assert conventions.to_affine(2.0**1022, 0.5, 2).scale == np.finfo(float).tiny  # still normal
    for P in (1, 2**52 + 1):
        with pytest.raises(ValueError, match="to_affine: P must be a whole number from 2 to"):
            conventions.to_affine(F(1), F(1, 2), P)


@pytest.mark.parametrize("bits", range(2, 17))
def test_the_middle_of_pytorchs_unsigned_codes_is_half_of_8_and_16_bits_only(bits):
    """torch.ao.quantization.observer: 128 for quint8, 2^15 for uint16, else the floor of the mean
    of the smallest and the largest code."""
    middle = {8: 128, 16: 2**15}.get(bits, (2**bits - 1) // 2)
    assert grids([F(-1), F(1)], bits)["PyTorch symmetric, quint8"].zero_point == middle


def test_the_articles_codes_have_the_narrowest_dtype_of_all_levels():
    for bits, dtype in ((2, np.uint8), (8, np.uint8), (9, np.uint16), (16, np.uint16)):
        for name in ("article, as written", "article, sign corrected"):
            assert grids([F(-1), F(2)], bits)[name].codes.dtype == dtype


def test_each_convention_gives_its_own_two_numbers_with_their_own_sign():
    """Distiller's are published, the article's are W and B, and 51 codes a unit put 5 at −128."""
    table = {row.convention.name: row for row in conventions.compare([F(-2), F(10)])}
    table |= {"zero point, codes per unit": conventions.compare([F(5), F(10)])[-2]}
    for name, own in (
        ("Distiller asymmetric, uint8", (F("21.25"), -42)),
        ("article, as written", as_written.min_max([F(-2), F(10)], 256)),
        ("article, sign corrected", (F("21.25"), F("42.5"))),
        ("zero point, codes per unit", (51, -383)),
    ):
        row = table[name]
        assert row.convention.name == name
        assert row.convention.own(row.grid.scale, row.grid.zero_point) == own
    assert as_written.min_max([F(-2), F(10)], 256) == (F("21.25"), F("42.5"))
