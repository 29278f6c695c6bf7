"""The in-place forms compute, to the last bit, what their formulas do, and a slip in one is
caught."""

import numpy as np
import pytest
from mutants import plant

from fast import test_blocks
from fast.cases import BLOCK, DTYPES, GRIDS, N, assert_same, small_blocks, values  # noqa: F401
from refnn.quantization import affine, as_written
from refnn.quantization.affine import QParams


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
            test_blocks.test_what_is_not_finite_is_refused_with_its_place(
                np.random.default_rng(0), np.inf, 5
            )
        for dtype in (np.float32, np.float64):
            for grid in GRIDS if test == "affine" else ():
                test_affine_is_the_same_in_blocks(np.random.default_rng(0), grid, dtype)
            for P in (6, 8, 2**24 + 2) if test == "as_written" else ():
                test_as_written_is_the_same_in_blocks(np.random.default_rng(0), P, dtype)
