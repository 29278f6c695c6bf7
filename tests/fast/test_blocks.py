"""A large array goes through the cache in blocks: the same results, to the last bit, as of the
formula on all of it at once; the same refusals; no memory but the result."""

import tracemalloc
from fractions import Fraction

import numpy as np
import pytest

from fast.cases import (  # noqa: F401
    BLOCK,
    DTYPES,
    GRIDS,
    LARGE,
    N,
    assert_same,
    at_once,
    small_blocks,
    values,
)
from refnn.fast import blocks
from refnn.quantization import affine, as_written, fixed_point, rounding
from refnn.quantization.affine import QParams
from refnn.validation import REAL, takes


def test_what_broadcasts_to_more_than_x(rng):
    x, W = values(rng, np.float64, (BLOCK + 1, 1)), np.array([2.0, 3.0, 5.0])
    assert_same(as_written.quantize, x, W, 1.0, 8)
    assert as_written.quantize(x, W, 1.0, 8).shape == (BLOCK + 1, 3)
    assert_same(as_written.quantize, values(rng, np.float32), rng.uniform(1, 2, 1), 1, 8)


@pytest.mark.parametrize(
    "rule", ["floor", "ceil", "toward_zero", "half_up", "half_down", "half_away", "half_even"]
)
def test_rounding_is_the_same_in_blocks(rng, rule):
    for dtype in DTYPES:
        assert_same(getattr(rounding, rule), values(rng, dtype))


def test_the_same_numbers_are_drawn_in_blocks():
    x = np.linspace(-3, 3, N).reshape(N, 1)
    one, other = np.random.default_rng(5), np.random.default_rng(5)
    expected = at_once(rounding.stochastic, x, other)
    np.testing.assert_array_equal(rounding.stochastic(x, one), expected, strict=True)
    assert one.bit_generator.state == other.bit_generator.state
    x[-1] = np.nan
    with pytest.raises(ValueError, match=r"^stochastic: x must be finite"):
        rounding.stochastic(x, one)
    assert one.bit_generator.state == other.bit_generator.state  # what is refused draws nothing


def test_requantize_is_the_same_in_blocks(rng):
    a = rng.integers(-(2**31), 2**31, (BLOCK, 3), dtype=np.int32)
    for multiplier, shift in (
        (1583594044, 9),
        (np.array([2**30, 2**31 - 1, 5]), np.array([1, -2, 40])),
    ):
        for function in (
            fixed_point.requantize,
            fixed_point.requantize_steps,
            fixed_point.requantize_single_rounding,
        ):
            assert_same(function, a, multiplier, shift, 3, 0, 255)


BAD = np.nan, np.inf, -np.inf


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("where", [0, 5, BLOCK, N - 1])
def test_what_is_not_finite_is_refused_with_its_place(rng, bad, where):
    for dtype in (np.float32, np.float64):
        x = rng.standard_normal(N).astype(dtype)
        x[where] = bad
        words = rf": x must be finite, got {bad} at index \({where},\)$"
        for call in (
            lambda x: affine.quantize(x, GRIDS[0]),
            lambda x: affine.fake_quantize(x, GRIDS[1]),
            lambda x: affine.quantize_steps(x, GRIDS[1]),
            lambda x: as_written.quantize(x, 10, 3, 8),
            lambda x: as_written.quantize(x, 10, 3, 7),
            rounding.half_even,
        ):
            with pytest.raises(ValueError, match=words):
                call(x)


@pytest.mark.parametrize("where", [0, BLOCK, N - 1])
def test_codes_that_a_grid_does_not_have_are_refused(where):
    q = np.ones(N, np.int8)
    q[where] = -1
    with pytest.raises(
        ValueError, match=r"^dequantize: q must be within qmin..qmax = 0..7, got -1$"
    ):
        affine.dequantize(q, GRIDS[0])
    a = np.ones(N, np.int64)
    a[where] = 2**31
    with pytest.raises(
        ValueError, match=r"^requantize: accumulator must be within int32, got 2147483648$"
    ):
        fixed_point.requantize(a, 2**30, 0, 0, 0, 255)


def test_other_refusals_are_as_on_small_arrays():
    x = np.zeros(N, np.float32)
    for call, words in (
        (lambda: affine.quantize(x, QParams(0.0, 0, 0, 7)), "^quantize: scale must be positive"),
        (
            lambda: affine.quantize(x, QParams([1, 1], [0, 0], 0, 7, 0)),
            "^quantize: scale must be a number or of shape",
        ),
        (
            lambda: affine.quantize(x > 0, GRIDS[0]),
            "^quantize: x must be finite real numbers, got booleans",
        ),
        (
            lambda: affine.quantize(x + 1j, GRIDS[0]),
            "^quantize: x must be finite real numbers, got complex",
        ),
        (
            lambda: as_written.quantize(x, [1, 2], 0, 8),
            "^quantize: W must be of a shape that broadcasts",
        ),
        (
            lambda: as_written.dequantize(x, 1, 0),
            "^dequantize: q must be an array of integers, got dtype float32",
        ),
        (
            lambda: as_written.dequantize(x.astype(int), 0, 0),
            "^dequantize: W must be different from 0",
        ),
    ):
        with pytest.raises((ValueError, TypeError), match=words):
            call()


def test_fractions_are_exact_however_many():
    x = np.array([Fraction(1, 3)] * (BLOCK + 1), dtype=object)
    assert as_written.quantize_steps(x, 10, 3, 8).shifted[-1] == Fraction(19, 3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
def test_no_array_as_large_as_x_is_made_on_the_way(rng, dtype, monkeypatch):
    for name, size in LARGE.items():
        monkeypatch.setattr(blocks, name, size)
    x = (100 * rng.standard_normal(2 * 10**6)).astype(dtype)
    q, a = affine.quantize(x, GRIDS[1]), x.astype(np.int32)
    for call in (
        lambda: affine.quantize(x, GRIDS[1]),
        lambda: affine.fake_quantize(x, GRIDS[1]),
        lambda: affine.dequantize(q, GRIDS[1]),
        lambda: as_written.quantize(x, 10.0, 3.0, 7),
        lambda: as_written.dequantize(q, 10.0, 3.0),
        lambda: rounding.half_away(x),
        lambda: rounding.stochastic(x, rng),
        lambda: fixed_point.requantize(a, 2**30, 1, 3, 0, 255),
    ):
        tracemalloc.start()
        try:
            result = call()
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert most - result.nbytes < 5 * 2**20  # of 16 MB; x has 8 to 16


def test_a_fast_form_computes_only_whole_blocks_that_it_takes(rng):
    """Where it declines, the formula computes; the first entry shows what comes out."""
    sizes = []

    def fast(x, out):
        sizes.append(x.size)
        out[...] = -1
        return x[0] > 0

    @takes(x=REAL, blocks="x", fast=fast)
    def double(x):
        return 2 * x

    x = np.repeat([1.0, -1.0, 1.0], BLOCK)
    assert np.array_equal(double(x), np.repeat([-1.0, -2.0, -1.0], BLOCK))
    assert sizes == [BLOCK] * 3 and double(x[:BLOCK]).max() == 2.0  # one block: the formula


def test_blocks_cover_every_entry_once(rng):
    for _ in range(200):
        shape = tuple(rng.integers(1, 9, rng.integers(1, 5)))
        size = int(rng.integers(1, 40))
        seen = np.zeros(shape, int)
        for at in blocks.cut(shape, size):
            seen[at] += 1
            assert seen[at].size <= size
        assert (seen == 1).all()
