"""Every bit pattern, and the rounding of many numbers, against ml_dtypes and torch
(tests/peers/requirements.txt)."""

import ml_dtypes
import numpy as np
import pytest
import torch

from refnn.quantization import grids

FORMATS = {
    "FP4 E2M1": (2, 1, "none", "float4_e2m1fn"),
    "FP6 E2M3": (2, 3, "none", "float6_e2m3fn"),
    "FP6 E3M2": (3, 2, "none", "float6_e3m2fn"),
    "FP8 E4M3": (4, 3, "nan", "float8_e4m3fn"),
    "FP8 E5M2": (5, 2, "ieee", "float8_e5m2"),
}


def numbers(rng, grid):
    """100,000 numbers within the range, of all magnitudes and near the top; every value, every
    midpoint, and the float32 on both sides of each."""
    top = grid[-1]
    spread = rng.choice([-1, 1], 50_000) * top * 2.0 ** rng.uniform(-40, 0, 50_000)
    exact = np.concatenate([grid, (grid[:-1] + grid[1:]) / 2]).astype(np.float32)
    beside = [np.nextafter(exact, np.float32(end)) for end in (-np.inf, np.inf)]
    x = np.concatenate([spread, rng.uniform(-top, top, 50_000), exact, *beside]).astype(np.float32)
    return x[np.abs(x) <= top]  # beyond it refnn saturates, others say NaN


@pytest.mark.parametrize("name", FORMATS)
def test_every_pattern_equals_ml_dtypes(name):
    e, m, special, other = FORMATS[name]
    patterns = np.arange(2 ** (1 + e + m), dtype=np.uint8)
    theirs = patterns.view(getattr(ml_dtypes, other)).astype(np.float64)
    ours = grids.minifloat(e, m, special=special)
    np.testing.assert_array_equal(ours, theirs)  # NaN where NaN
    numeric = ~np.isnan(ours)
    assert (np.signbit(ours) == np.signbit(theirs))[numeric].all()  # −0 too


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rounding_equals_ml_dtypes(name, dtype, rng):
    grid = grids.GRIDS[name]
    x = numbers(rng, grid).astype(dtype)
    theirs = x.astype(getattr(ml_dtypes, FORMATS[name][3])).astype(np.float64)
    assert len(x) > 99_000 and (grid[grids.quantize(x, grid, 1.0)] == theirs).all()


@pytest.mark.parametrize(("name", "overflow"), [("FP8 E4M3", "nan"), ("FP8 E5M2", "inf")])
def test_beyond_the_range_equals_ml_dtypes(name, overflow, rng):
    """Also at the tie between the last value and the one that would follow."""
    grid = grids.GRIDS[name]
    end = grid[-1] + (grid[-1] - grid[-2]) / 2
    near = [np.nextafter(np.float32(end), np.float32(to)) for to in (0, np.inf)]
    x = np.concatenate([[end], near, rng.uniform(0, 3 * end, 10_000)]).astype(np.float32)
    x = np.concatenate([x, -x])
    theirs = x.astype(getattr(ml_dtypes, FORMATS[name][3])).astype(np.float64)
    np.testing.assert_array_equal(grids.fake_quantize(x, grid, 1.0, overflow=overflow), theirs)


@pytest.mark.parametrize(
    ("name", "other"), [("FP8 E4M3", "float8_e4m3fn"), ("FP8 E5M2", "float8_e5m2")]
)
def test_patterns_and_rounding_equal_torch(name, other, rng):
    kind, grid = getattr(torch, other), grids.GRIDS[name]
    e, m, special, _ = FORMATS[name]
    theirs = (
        torch.arange(256, dtype=torch.int32).to(torch.uint8).view(kind).to(torch.float32).numpy()
    )
    np.testing.assert_array_equal(grids.minifloat(e, m, special=special), theirs)
    x = numbers(rng, grid)
    assert (
        grid[grids.quantize(x, grid, 1.0)] == torch.from_numpy(x).to(kind).to(torch.float32).numpy()
    ).all()
