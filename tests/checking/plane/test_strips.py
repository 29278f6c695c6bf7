"""Codes that saturate or have no limit: endless intervals of W, codes below 0, and many values in
seconds."""

from fractions import Fraction as F
from math import inf

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
