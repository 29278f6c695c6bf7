"""How much faster is the fast form? Run by hand, with the rest: python tests/benchmarks

Every line is a ratio measured in one run on one machine, best of several, beside what it should
reach. Not a test."""

import sys
import time
from pathlib import Path

import numpy as np

import refnn
from refnn import console, derivatives, network, training
from refnn.network import Params
from refnn.pruning import importance, schedules, truth
from refnn.pruning.as_written import prune
from refnn.quantization import affine, as_written, rounding


def best(run, times=5):
    """The shortest of several runs, in seconds."""
    spans = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        spans.append(time.perf_counter() - start)
    return min(spans)


def case(rng, N, batch=()):
    return network.init(rng, batch=batch), rng.standard_normal((N, 10)), rng.standard_normal((N, 1))


def calls_inside(run):
    """The names of refnn's functions that a call passes through, in order."""
    inside, calls = str(Path(refnn.__file__).parent), []

    def count(frame, event, _):
        if event == "call" and frame.f_code.co_filename.startswith(inside):
            calls.append(frame.f_code.co_name)

    sys.setprofile(count)
    try:
        run()
    finally:
        sys.setprofile(None)
    return calls


def the_articles_rule():
    """The calls that `prune` (R < τ) passes through on the 10-5-1 network."""
    params, R = (network.init(np.random.default_rng(seed)) for seed in (0, 1))
    return calls_inside(lambda: prune(params, R, 0.5))


def three_numbers():
    """Microseconds of a call on three numbers, checked, and of the bare NumPy lines."""
    x, grid = np.array([0.1, 0.2, 0.3]), affine.QParams(0.5, 1, 0, 7)
    y, y_hat = np.ones((3, 1)), np.zeros((3, 1))
    calls = {
        "as_written.quantize": (
            lambda: as_written.quantize(x, 5.0, 1.0, 8),
            lambda: (np.floor(x * 5.0 + 1.0) % 8).astype(np.uint8),
        ),
        "affine.quantize": (
            lambda: affine.quantize(x, grid),
            lambda: np.clip(np.rint(x / 0.5) + 1, 0, 7).astype(np.uint8),
        ),
        "rounding.half_even": (lambda: rounding.half_even(x), lambda: np.rint(x)),
        "network.loss": (
            lambda: network.loss(y_hat, y),
            lambda: ((y_hat - y) ** 2 / 2).sum(axis=(-2, -1)),
        ),
    }
    for name, forms in calls.items():
        checked, bare = (
            1e6 / 200 * best(lambda f=f: [f() for _ in range(200)], 300) for f in forms
        )
        more = f"{checked - bare:5.1f} µs more than the bare lines' {bare:.1f} µs"
        print(f"{name + ' of three numbers':40} {more}   (at most 30)")
    calls = len(the_articles_rule())
    print(f"{'pruning.as_written.prune':40} {calls:5} calls inside refnn   (at most 40)")


def main():
    rng = np.random.default_rng(0)
    rows = []
    options = {"lr": 0.01, "weight_decay": 10.0}
    for name, (params, X, y), steps, target in (
        ("one network, 442 rows", case(rng, 442), 500, 2),
        ("200 networks, 331 rows", case(rng, 331, (200,)), 20, 3.5),
        ("one network, 100 000 rows", case(rng, 100_000), 20, 4),
    ):
        plain = best(
            lambda p=params, X=X, y=y, n=steps: training.fit_plain(p, X, y, steps=n, **options), 3
        )
        fast = best(lambda p=params, X=X, y=y, n=steps: training.fit(p, X, y, steps=n, **options))
        rows.append((f"fit: {name}", plain / fast, target, f"{fast / steps * 1e3:.3f} ms a step"))
        if params.batch:
            singles = [Params.unflatten(theta, (10, 5, 1)) for theta in params.flatten()]
            loop = best(
                lambda s=singles, X=X, y=y, n=steps: [
                    training.fit(p, X, y, steps=n, **options) for p in s
                ],
                2,
            )
            rows.append(("fit: against a loop over the 200", loop / fast, 1, ""))
    params, X, y = case(rng, 331)
    unit = np.eye(61)
    products = best(lambda: [derivatives.hessian_vector_product(params, X, y, v) for v in unit])
    exact = best(lambda: derivatives.hessian(params, X, y), 20)
    rows.append(("hessian: against 61 products", products / exact, 8, f"{exact * 1e3:.2f} ms"))
    loop = best(
        lambda: [network.backward(params, X[n : n + 1], y[n : n + 1]) for n in range(len(X))]
    )
    per = best(lambda: derivatives.per_example_gradients(params, X, y), 20)
    rows.append(("per-example gradients: against a loop", loop / per, 30, f"{per * 1e3:.2f} ms"))
    theta, one = params.flatten(), np.eye(61, dtype=bool)

    def without(gone):
        left = Params.unflatten(np.where(gone, 0, theta), params.sizes)
        return network.loss.formula(network.forward.formula(left, X, "tanh").y_hat, y)

    def bare(i):  # nothing checked, nothing named
        left = np.where(one[i], 0, theta)
        r = np.tanh(X @ left[:50].reshape(5, 10).T + left[50:55]) @ left[55:60] + left[60] - y[:, 0]
        return r @ r / 2

    def forward(i):
        return network.loss(
            network.forward(Params.unflatten(np.where(one[i], 0, theta), params.sizes), X).y_hat, y
        )

    loop = best(lambda: [forward(i) for i in range(61)])
    each = best(lambda: truth.deletion(params, X, y), 50)
    rows.append(("61 deletions: against 61 forward passes", loop / each, 3, f"{each * 1e3:.2f} ms"))
    loop = best(lambda: [bare(i) for i in range(61)], 20)
    rows.append(("61 deletions: against bare NumPy", loop / each, 1, ""))
    loop = best(lambda: [without(one[i] | one[k]) for i in range(61) for k in range(i)], 2)
    each = best(lambda: truth.pairs(params, X, y), 20)
    rows.append(("1 830 pairs: against 1 830", loop / each, 3, f"{each * 1e3:.2f} ms"))
    many, X, y = case(rng, 331, (200,))
    singles = [Params.unflatten(theta, (10, 5, 1)) for theta in many.flatten()]
    progress, spans = console.Progress(6), []
    for stack, name in (([many], "at once"), (singles, "one by one")):
        start = time.perf_counter()
        for sparsity in (0.5, 0.7, 0.9):
            progress(f"200 networks {name}, {sparsity:.0%} pruned")
            for p in stack:
                schedules.one_shot(p, X, y, sparsity, importance.magnitude, steps=60, **options)
        spans.append(time.perf_counter() - start)
    progress.end()
    note = f"{spans[0] / 180 * 1e3:.2f} ms a step"
    rows.append(("200 pruned and tuned: against a loop", spans[1] / spans[0], 1, note))
    for name, ratio, target, note in rows:
        print(f"{name:40} {ratio:7.1f} times   (at least {target})   {note}")
