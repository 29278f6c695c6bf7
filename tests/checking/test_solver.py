"""The solver against an independent brute force, and the article's tensors."""

from fractions import Fraction as F
from itertools import combinations
from math import floor, inf, lcm

import numpy as np
import pytest

from checking.cases import Q10, X10, prints
from refnn.checking.plane import conflict
from refnn.checking.roundtrip import roundtrip
from refnn.checking.solver import solve


def brute_force(x, q, P):
    """Every W where some entry's fraction part meets another's, and one between each; for each
    every B that matters.

    Shares nothing with the solver: it evaluates ⌊x·W + B⌋ mod P itself, in whole numbers over one
    denominator N. Yields (W, best number of right codes)."""
    D = lcm(*(v.denominator for v in x))
    differences = {abs(a - b) for a, b in combinations(set(x), 2)}
    events = sorted({F(m) / d for d in differences for m in range(floor(P * D * d))} | {F(0)})
    for W, after in zip(events, [*events[1:], F(P * D)]):
        for w in (W, (W + after) / 2):
            N, xW = D * w.denominator, [int(v * D) * w.numerator for v in x]
            # of every B = (−v·W) mod 1 + m
            right = (
                sum((c - (a + -b % N) // N - m) % P == 0 for c, a in zip(q, xW))
                for b in xW
                for m in range(P)
            )
            yield w, max(right)


def small_case(rng):
    n, P = (int(rng.integers(1, most)) for most in (6, 7))
    denominator = int(rng.choice([1, 2, 3, 5]))
    x = [F(int(v), denominator) for v in rng.integers(-6, 7, n)]
    if rng.random() < 0.5:
        return x, [int(v) for v in rng.integers(0, P, n)], P
    W, B = (F(int(rng.integers(-40, 40)), int(rng.integers(1, 7))) for _ in range(2))
    return x, prints(x, W, B, P), P


def test_equal_to_brute_force_on_small_cases(rng):
    seen = {True: 0, False: 0}
    for _ in range(400):
        x, q, P = small_case(rng)
        s = solve(x, q, P)
        seen[s.feasible] += 1
        best = 0
        for W, right in brute_force(x, q, P):
            best = max(best, right)
            turned = (W, W + s.period)
            inside = any(low < w < high for low, high in s.intervals for w in turned)
            assert inside == (right == len(x)), (x, q, P, W)
        assert s.feasible == (best == len(x))
        if s.feasible:
            assert prints(x, *s.witness, P) == q and s.proof is None and s.repair is None
        else:
            assert s.intervals == [] and s.witness is None
            assert len(s.repair.keep) == best
            codes = prints(x, *s.repair.witness, P)
            assert tuple(codes) == s.repair.codes and all(codes[i] == q[i] for i in s.repair.keep)
            assert sorted(s.repair.keep + s.repair.change) == list(range(len(x)))
            at = s.proof.indices
            assert not conflict.possible(x, q, P, at) and s.proof.reason
            assert all(conflict.possible(x, q, P, [j for j in at if j != i]) for i in at)
            smaller = combinations(range(len(x)), len(at) - 1)
            assert all(conflict.possible(x, q, P, part) for part in smaller)
    assert min(seen.values()) > 20  # about a tenth, 40; standard deviation 6


def test_no_pair_prints_the_articles_matrix():
    s = solve(X10, Q10, 8)
    assert not s.feasible and s.period == 80
    assert s.proof.indices == (3, 4, 5)  # 0.4, 0.5, 0.6 with 3, 4, 1
    assert len(s.repair.keep) == 6
    by_another_hand = prints(X10, F(445, 9), F(32, 9), 8)
    assert sum(c == d for c, d in zip(by_another_hand, Q10)) == 6
    for P in range(6, 65):
        assert not solve(X10, Q10, P).feasible


def test_each_row_can_be_printed_and_columns_too():
    for row, B in ((0, -1), (1, -5)):
        s = solve(X10[5 * row : 5 * row + 5], Q10[5 * row : 5 * row + 5], 8)
        assert s.intervals == [(F(15, 2), F(25, 2))] and s.period == 80
        assert prints(X10[5 * row : 5 * row + 5], 10, B, 8) == Q10[5 * row : 5 * row + 5]
    by_column = [F(k, 10) for k in (1, 3, 5, 7, 9, 2, 4, 6, 8, 10)]
    biases = [F(1, 10), F(1, 5)] * 2 + [F(1, 10)]
    s = solve([*by_column, *biases], [*Q10, 0, 1, 0, 1, 0], 8)
    assert s.feasible and prints(by_column, 5, 0, 8) == Q10


def test_every_W_serves_one_number_or_one_level():
    assert solve(["0.1"], [3], 8)[:3] == (True, [(-inf, inf)], 80)
    assert solve([0.5, 0.5], [3, 3], 8)[:3] == (True, [(-inf, inf)], 16)
    assert solve([0.1, 0.7], [0, 0], 1).intervals == [(-inf, inf)]
    twice = solve([0.5, 0.5, 0.6], [3, 4, 4], 8)
    assert twice.proof.indices == (0, 1)
    assert twice.proof.reason == "The same number 0.5 cannot have both codes 3 and 4"


def test_fifty_weights_at_256_levels_are_solved(rng):
    for decimals in (2, 4):
        x = [F(round(v * 10**decimals), 10**decimals) for v in rng.standard_normal(50)]
        W = F(255) / (max(x) - min(x))
        q = prints(x, W, -min(x) * W, 256)
        s = solve(x, q, 256)
        assert s.feasible and prints(x, *s.witness, 256) == q
    q[7] = (q[7] + 100) % 256
    s = solve(x[:20], q[:20], 256)
    assert not s.feasible and s.repair.change == (7,)


def test_solve_refuses_numbers_codes_and_levels_that_do_not_fit():
    for x, q, levels, word in (
        ([], [], 8, "x"),
        ([0.1], [8], 8, "q"),
        ([0.1], [-1], 8, "q"),
        ([0.1], [0.5], 8, "q"),
        ([0.1], [0, 1], 8, "q"),
        ([0.1], [0], 0, "levels"),
        ([0.1], [0], 8.0, "levels"),
        ([np.nan], [0], 8, "x"),
        (["1e999"], [0], 8, "x"),
        (["one"], [0], 8, "x"),
        ([None], [0], 8, "x"),
        ([True], [0], 8, "x"),
        ([0.1] * 201, [0] * 201, 8, "x"),
        (["0.0000001", "0.3"], [0, 1], 8, "x"),
        (["1/0"], [0], 8, "x"),
    ):
        with pytest.raises((ValueError, TypeError), match=f"solve: {word}"):
            solve(x, q, levels)
    with pytest.raises(ValueError, match="roundtrip: sign"):
        roundtrip([0.1], [0], [0], [1], 8, "plus")
