"""What a user calls, against the NumPy lines that a reader would write (`lines.py`).

One run, one thread; each ratio is the median of pairs measured one after the other, below 1 faster
than the lines. "to reach" is what was asked for. "bound" is the share of the lines' time that no
NumPy form can avoid: np.tanh, the products, one read and one write of new memory. It holds the
operations that change a number in `fake_quantize` and `as_written`, each on a block in the cache,
and both passes and the reading of each input in the per-example gradients."""

import subprocess
import sys
import time
from statistics import median
from typing import NamedTuple

import lines
import numpy as np

from refnn import derivatives, network, training
from refnn.network import ACTIVATION, NETWORK, ROWS, Params
from refnn.pruning import masks
from refnn.quantization import affine, as_written, codebook, integer
from refnn.validation import takes

MANY = 10**7
RULE = {"lr": 0.01, "weight_decay": 10.0}


class Row(NamedTuple):
    """A call, the lines that do the same, and what neither can do without."""

    name: str
    ours: object
    lines: object
    reach: float
    bound: object = None
    pairs: int = 7
    units: int = 1  # such as the steps of a training


def seconds(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def measure(row):
    """Print the ratio, and what it is made of."""
    for run in (row.ours, row.lines, row.bound):
        if run:
            run()  # once for the caches
    found = []
    for _ in range(row.pairs):
        theirs, own = seconds(row.lines), seconds(row.ours)
        found.append((own / theirs, theirs, own, seconds(row.bound) / theirs if row.bound else 0))
    ratio, theirs, own, bound = (median(column) for column in zip(*found))
    of_lines, of_ours = (f"{1e3 * t / row.units:8.3f}" for t in (theirs, own))
    bound = f"{bound:6.2f}" if row.bound else "     –"
    print(f"{row.name:38} {ratio:6.2f} {row.reach:6.2f} {bound} {of_lines} {of_ours}", flush=True)


def trainings(rng):
    for name, N, batch, steps, reach in (
        ("fit, one network, 442 rows, a step", 442, (), 1000, 0.5),
        ("fit, 200 networks, 331 rows, a step", 331, (200,), 40, 0.31),
        ("fit, one network, 10^5 rows, a step", 10**5, (), 100, 0.26),
    ):
        p = network.init(rng, batch=batch)
        X, y = rng.standard_normal((N, 10)), rng.standard_normal((N, 1))
        z = rng.standard_normal((*batch, 5, N))
        h, W, T = np.empty_like(z), rng.standard_normal((*batch, 5, 10)), X.T.copy()

        def ours(p=p, X=X, y=y, steps=steps):
            return training.fit(p, X, y, steps=steps, **RULE)

        def theirs(p=p, X=X, y=y, steps=steps):
            return lines.fit(p, X, y, steps=steps, **RULE)

        def bound(z=z, h=h, W=W, T=T, steps=steps):
            for _ in range(steps):
                np.matmul(W, T, out=z)
                np.tanh(z, out=h)
                np.matmul(h, T.T)

        yield Row(name, ours, theirs, reach, bound, 9, steps)


def derivatives_of_one_network(rng):
    p, X, y = network.init(rng), rng.standard_normal((442, 10)), rng.standard_normal((442, 1))
    z, G = X @ p.W_ih.T, rng.standard_normal((442, 61))
    unit = np.arange(61) % 5

    def many(run):
        def runs():
            for _ in range(100):
                run()

        return runs

    kinds = {"params": NETWORK, "X": ROWS, "y": ROWS, "activation": ACTIVATION}
    plain = takes(**kinds, complex_=True)(derivatives.hessian.formula)
    yield Row(
        "exact Hessian, against its plain form",
        many(lambda: derivatives.hessian(p, X, y)),
        many(lambda: plain(p, X, y)),
        0.5,
        many(lambda: (np.tanh(z), G.T @ G)),
        21,
        100,
    )

    def passes():
        """Each input read once, both layers forward, 61 × 442 errors, and their products."""
        for a in (*p.arrays(), X, y):
            np.vdot(a, a)
        h = np.tanh(p.W_ih @ X.T.copy() + p.b_h[:, None])
        dy = p.W_ho @ h + p.b_o[:, None] - y.T
        slopes = p.W_ho.T * dy * (1 - h * h)
        products = slopes.take(unit, axis=0)
        products *= products

    yield Row(
        "per-example gradients, 442 rows",
        many(lambda: derivatives.per_example_gradients(p, X, y)),
        many(lambda: lines.per_example_gradients(p, X, y)),
        0.5,
        many(passes),
        21,
        100,
    )


def elementwise(rng):
    x = rng.standard_normal(MANY).astype(np.float32)
    grid = affine.QParams(np.float32(0.05), 128, 0, 255)
    numbers = np.float32(0.05), np.float32(128)
    q = affine.quantize(x, grid)
    yield Row(
        "affine.quantize, 10^7 float32",
        lambda: affine.quantize(x, grid),
        lambda: lines.quantize(x, *numbers, 0, 255),
        0.25,
        lambda: x.astype(np.uint8),
    )
    yield Row(
        "affine.dequantize, 10^7 uint8",
        lambda: affine.dequantize(q, grid),
        lambda: lines.dequantize(q, *numbers),
        1.1,
        lambda: q.astype(np.float32),
        15,
    )
    yield Row(
        "affine.fake_quantize, 10^7 float32",
        lambda: affine.fake_quantize(x, grid),
        lambda: lines.fake_quantize(x, *numbers, 0, 255),
        0.35,
        lambda: changed(x, np.float32(0.05)),
    )
    yield Row(
        "as_written.quantize, 10^7 float32",
        lambda: as_written.quantize(x, 20.0, 100.0, 8),
        lambda: lines.as_written_quantize(x, 20.0, 100.0, 8),
        0.06,
        lambda: written(x),
    )
    x64 = x.astype(np.float64)
    yield Row(
        "as_written.quantize, 10^7 float64",
        lambda: as_written.quantize(x64, 20.0, 100.0, 8),
        lambda: lines.as_written_quantize(x64, 20.0, 100.0, 8),
        0.06,
        lambda: written(x64),
    )


def blocks(x, dtype):
    """Yield each half megabyte of x and its place in a new array."""
    out, size = np.empty(len(x), dtype), 2**19 // x.itemsize
    for start in range(0, len(x), size):
        yield x[start : start + size], out[start : start + size]


def changed(x, scale):
    """Divide, round, clip and multiply."""
    for block, out in blocks(x, x.dtype):
        np.divide(block, scale, out=out)
        np.rint(out, out=out)
        np.clip(out, -128, 127, out=out)
        out *= scale


def written(x):
    """Multiply, add, round down, convert to integers and take their last bits."""
    for block, out in blocks(x, np.uint8):
        a = block * x.dtype.type(20)
        a += x.dtype.type(100)
        np.floor(a, out=a)
        out[...] = a.astype(np.int32)
        out &= 7


def others(rng):
    a, b = rng.integers(-128, 128, (2, 512, 512)).astype(np.int8)
    yield Row(
        "integer.matmul, 512³, int8",
        lambda: integer.matmul(a, b),
        lambda: lines.matmul(a, b),
        0.05,
        lambda: a.astype(np.float32) @ b.astype(np.float32),
    )
    hidden = 1000
    inputs = MANY // hidden - 2
    scores = rng.standard_normal(hidden * (inputs + 2) + 1)
    params = Params.unflatten(scores, (inputs, hidden, 1)).map(np.copy)
    yield Row(
        "masks.by_sparsity, 90 % of 10^7",
        lambda: masks.by_sparsity(params, 0.9),
        lambda: lines.by_sparsity(scores, 0.9),
        1.5,
        lambda: scores >= 1.28,
    )
    x = rng.standard_normal(10**6)
    yield Row(
        "codebook.fit, 16 values of 10^6",
        lambda: codebook.fit(x, 16),
        lambda: lines.code_book(x, 16),
        2,
        lambda: np.sort(x),
    )


def imports():
    def imported(module):
        return seconds(
            lambda: subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
        )

    pairs = [(imported("numpy"), imported("refnn"), imported("sys")) for _ in range(15)]
    theirs, own, python = (median(column) for column in zip(*pairs))
    share = (own - python) / (theirs - python)
    print(f"{'import refnn, against import numpy':38} {share:6.2f}   0.19")


def main():
    print(f"{'':38} {'ratio':>6} {'reach':>6} {'bound':>6} {'lines ms':>8} {'ours ms':>8}")
    for group in (trainings, derivatives_of_one_network, elementwise, others):
        for row in group(np.random.default_rng(0)):
            measure(row)
    imports()
