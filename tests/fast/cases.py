"""Arrays of several blocks, grids, and what a function returns when it computes them at once.

The tests of a form use small blocks (`small_blocks`): the blocks of the library take a minute."""

import numpy as np
import pytest

from refnn.fast import blocks
from refnn.quantization.affine import QParams

LARGE = {"BLOCK": blocks.BLOCK, "BYTES": blocks.BYTES}
BLOCK = 2**11
N = 3 * BLOCK + 5


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", BLOCK)
    monkeypatch.setattr(blocks, "BYTES", 8 * BLOCK)


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
