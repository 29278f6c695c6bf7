"""Codes that saturate or have no limit: endless intervals of W, codes below 0, and many values in
seconds."""

from fractions import Fraction as F
from itertools import combinations
from math import inf

import numpy as np

from refnn.checking.plane import strips
from refnn.checking.solver import code_of, solve


def test_intervals_may_be_endless_and_codes_negative():
    solution = solve([0, 1], [0, 7], 8, overflow="saturate")  # 0 or less, 7 or more: any W above 6
    assert solution.intervals == [(6, inf)] and solution.period is None
    solution = solve([-1, 0, 1], [-4, 0, 4], 1, rounding="half_up", overflow="none")
    assert solution.intervals == [(F(7, 2), F(9, 2))]  # 2W is in (7, 9)
    assert solution.witness[0] == 4
    assert solve([1, 1], [2, 3], 1, overflow="none").proof.indices == (0, 1)
    assert code_of(F(-5, 2), 8, "half_away", "none") == -3


def test_two_hundred_values_in_seconds(rng):
    x = [F(int(v), 1000) for v in rng.integers(-3000, 3000, 60)]
    q = [min(max(int(v * 20 + 100) + int(rng.random() < 0.1), 0), 255) for v in x]
    solution = solve(x, q, 256, overflow="saturate")
    assert not solution.feasible and len(solution.repair.keep) > 30


def test_the_least_repair_is_that_of_all_subsets(rng):
    """Every subset of the codes of a few entries is tried; the pair found gives what is kept."""
    repaired = 0
    for _ in range(40):
        n = int(rng.integers(3, 7))
        x = [F(int(v), 10) for v in rng.choice(np.arange(-20, 21), n, replace=False)]
        q = [int(c) for c in rng.integers(0, 8, n)]
        overflow = ("saturate", "none")[rng.integers(2)]
        found = solve(x, q, 8, overflow=overflow)
        if found.feasible:
            continue
        repaired += 1
        sizes = [
            size
            for size in range(1, n)
            for some in combinations(range(n), size)
            if solve([x[i] for i in some], [q[i] for i in some], 8, overflow=overflow).feasible
        ]
        assert len(found.repair.keep) == max(sizes)
        W, B = found.repair.witness
        codes = [code_of(v * W + B, 8, "floor", overflow) for v in x]
        assert tuple(codes) == tuple(found.repair.codes)
        assert all(codes[i] == q[i] for i in found.repair.keep)
    assert repaired > 10


def test_the_largest_set_is_that_of_all_subsets(rng):
    """Small whole numbers meet in the same points, and the strips may have one side only."""
    for _ in range(400):
        n = int(rng.integers(2, 7))
        x = [F(int(v)) for v in rng.integers(-3, 4, n)]
        low = [int(v) for v in rng.integers(-4, 5, n)]
        high = [a + int(w) for a, w in zip(low, rng.integers(1, 3, n))]
        for ends, end, share in ((low, -inf, 0.15), (high, inf, 0.15)):
            for i in np.flatnonzero(rng.random(n) < share):
                ends[i] = end
        found = strips.largest_set(x, low, high)
        best = max(
            size
            for size in range(n + 1)
            for some in combinations(range(n), size)
            if strips.feasible_W(*([a[i] for i in some] for a in (x, low, high)))
        )
        assert len(found) == best
        assert strips.feasible_W(*([a[i] for i in found] for a in (x, low, high)))


def test_no_B_serves_at_an_end_of_the_interval_of_W():
    """0.1·W + B and 0.2·W + B have the codes 0 and 1 for W between 0 and 20."""
    x, low, high = [F(1, 10), F(1, 5)], [0, 1], [1, 2]
    for W, found in ((0, None), (20, None), (F(1, 10), (F(98, 100), F(99, 100)))):
        assert strips.offsets(x, low, high, F(W)) == found
    assert strips.offsets(x, [-inf, -inf], [1, 2], F(10)) == (-inf, 0)
    assert strips.offsets(x, [0, 1], [inf, inf], F(10)) == (-1, inf)
