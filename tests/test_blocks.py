"""A large array goes through the cache in blocks: the same results, to the last bit, as of the
formula on all of it at once; the same refusals; no memory but the result."""

import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from mutants import plant

from refnn.fast import blocks
from refnn.fast.blocks import BLOCK
from refnn.quantization import affine, as_written, fixed_point, rounding
from refnn.quantization.affine import QParams
from refnn.validation import REAL, takes

N = 3 * BLOCK + 5


def at_once(function, *arguments, **named):
    """What the function returns where every array is one block: checked and computed at once."""
    before, blocks.BLOCK = blocks.BLOCK, 10**9
    try:
        return function(*arguments, **named)
    finally:
        blocks.BLOCK = before


def assert_same(function, *arguments):
    """In blocks as at once: dtype, shape, every bit; the sign of 0 too."""
    found, expected = function(*arguments), at_once(function, *arguments)
    assert type(found) is type(expected)
    for a, b in zip(*[r if isinstance(r, tuple) else (r,) for r in (found, expected)]):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        np.testing.assert_array_equal(a, b, strict=True)
        np.testing.assert_array_equal(np.signbit(a), np.signbit(b))


def values(rng, dtype, shape=(N,)):
    """Normal numbers, halves that tie, zeros of both signs, numbers out of range and huge ones; the
    last block is unlike the first."""
    a = rng.standard_normal(shape).astype(dtype)
    flat = a.reshape(-1)
    if a.dtype.kind == "f":
        flat[:400] = np.arange(-200, 200) / 8
        flat[-8:-4] = 0.0, -0.0, 1e-30, -1e-30
        flat[-3:] = np.finfo(dtype).max, -np.finfo(dtype).max, 1e4 if dtype == np.float16 else 1e30
    return a


DTYPES = np.float32, np.float64, np.float16, np.int8, np.int64, np.uint16
GRIDS = (
    QParams(0.25, 3, 0, 7),
    QParams(0.25, 0, -128, 127),
    QParams(0.05, 200, 0, 255),
    QParams(np.float32(0.05), -7, -100, 1000),
    QParams(0.5, 12345, -(2**24), 2**24),
    QParams(2.0**-20, 2**24, 0, 2**24 + 1),
    QParams(1e-5, 5, -(2**31), 2**31 - 1),
    QParams(1e303, 1, 0, 2**20),
)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("grid", GRIDS)
def test_affine_is_the_same_in_blocks(rng, grid, dtype):
    x = values(rng, dtype)
    if dtype in (np.float32, np.float16) and float(grid.scale) > 1e38:
        x = x.astype(np.float64)  # this scale is no float32
    for function in (affine.quantize, affine.quantize_steps, affine.fake_quantize):
        assert_same(function, x, grid)
    q = affine.quantize(x, grid)
    every = rng.integers(grid.qmin, grid.qmax + 1, N)  # the ends of 2^20·1e303 are no floats
    for codes in (q, q.astype(np.int64), q.astype(">i4"), every):
        assert_same(affine.dequantize, codes, grid)


@pytest.mark.parametrize("shape", [(2, BLOCK), (7, 3, BLOCK // 4), (BLOCK + 1, 3), (N, 1), (1, N)])
@pytest.mark.parametrize("order", ["C", "F", "strided"])
def test_a_grid_along_an_axis_and_every_layout(rng, shape, order):
    x = values(rng, np.float32, shape)
    x = np.asarray(x, order=order) if order != "strided" else np.repeat(x, 2, axis=-1)[..., ::2]
    for axis in range(-1, len(shape) - 1):
        n = shape[axis]
        if n <= BLOCK + 1:
            scale, zero_point = rng.uniform(0.1, 1, n), rng.integers(0, 9, n)
            grid = QParams(scale, zero_point, 0, 8, axis=axis)
            for function in (affine.quantize, affine.fake_quantize):
                assert_same(function, x, grid)
            assert_same(affine.dequantize, affine.quantize(x, grid), grid)
    blocked = *shape[:-1], -(-shape[-1] // 5)
    grid = QParams(rng.uniform(0.1, 1, blocked), np.ones(blocked, int), 0, 8, axis=-1, block=5)
    assert_same(affine.quantize, x, grid)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "P", [1, 2, 3, 7, 8, 10, 255, 256, 257, 1000, 2**22, 2**23 + 1, 2**24 + 2, 2**40 + 1]
)
def test_as_written_is_the_same_in_blocks(rng, P, dtype):
    x = values(rng, dtype)
    for W, B in ((10.0, 3.0), (1e5, -0.5), (-2.5, 2.0**22)):
        for function in (as_written.quantize, as_written.quantize_steps):
            assert_same(function, x, W, B, P)
    q = as_written.quantize(x, 10.0, 3.0, P)
    for function in (as_written.dequantize, as_written.dequantize_steps):
        assert_same(function, q, 10.0, 3.0)
        assert_same(function, q, rng.uniform(1, 2, N), np.float32(3.0))


def test_mod_is_exact_at_every_whole_number_that_the_fast_form_takes(rng):
    """⌊a/P⌋ in floats may be one too large where a is just below a multiple of P."""
    for dtype, most in ((np.float32, 2**23), (np.float64, 2**31)):
        for P in (*range(1, 300), 1023, 4097, most // 3, most - 1, most):
            k = rng.integers(-(most // P), most // P + 1, 200)
            a = (k * P + rng.integers(-1, 2, 200)).clip(1 - most, most - 1)
            out = np.zeros(200, np.uint32)
            arguments = a.astype(dtype), np.ones((), dtype), np.zeros((), dtype), P
            held = float((a.astype(float) ** 2).sum()) < float(most) ** 2
            assert as_written.elementwise.as_written_quantize(*arguments, out) == held or not held
            if held:
                assert out.tolist() == [int(n) % P for n in a]


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


def test_the_input_is_left_as_it_is(rng):
    x = values(rng, np.float32)
    before = x.copy()
    x.flags.writeable = False
    for call in (
        lambda: affine.fake_quantize(x, GRIDS[0]),
        lambda: as_written.quantize(x, 1, 0, 8),
    ):
        call()
        np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
def test_no_array_as_large_as_x_is_made_on_the_way(rng, dtype):
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


@pytest.mark.parametrize(
    ("right", "wrong", "test"),
    [
        ("np.rint(q, out=q)", "np.floor(q, out=q)", "affine"),
        ("q += qparams.zero_point", "q -= qparams.zero_point", "affine"),
        ("qparams.qmin <= low and high <= qparams.qmax", "qparams.qmin <= low", "affine"),
        ("np.clip(q, qparams.qmin,", "np.clip(q, 0,", "affine"),
        ("np.isfinite(low) and np.isfinite(high)", "True", "refusal"),
        ("q -= qparams.zero_point", "q -= 0", "affine"),
        ("* qparams.scale.max() < np.inf", "* qparams.scale.max() > 0", "affine"),
        ("np.floor(a, out=a)", "np.rint(a, out=a)", "as_written"),
        ("out &= P - 1", "out &= P", "as_written"),
        ("P & P - 1 == 0", "P % 2 == 0", "as_written"),
        ("np.floor(below, out=below)", "np.trunc(below, out=below)", "as_written"),
        ("not np.vdot(a, a) < float(held) ** 2", "False", "as_written"),
    ],
)
def test_a_slip_in_a_fast_form_is_caught(right, wrong, test, monkeypatch):
    formula = "as_written_quantize" if test == "as_written" else "affine_quantize"
    plant(monkeypatch, f"fast.elementwise.{formula}", [(right, wrong)])
    with pytest.raises((AssertionError, RuntimeWarning, pytest.fail.Exception)):
        if test == "refusal":
            test_what_is_not_finite_is_refused_with_its_place(np.random.default_rng(0), np.inf, 5)
        for dtype in (np.float32, np.float64):
            for grid in GRIDS if test == "affine" else ():
                test_affine_is_the_same_in_blocks(np.random.default_rng(0), grid, dtype)
            for P in (6, 8, 2**24 + 2) if test == "as_written" else ():
                test_as_written_is_the_same_in_blocks(np.random.default_rng(0), P, dtype)
