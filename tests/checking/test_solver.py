"""The solver against an independent brute force, and the article's tensors."""

from fractions import Fraction as F
from itertools import combinations
from math import floor, inf, lcm

import numpy as np
import pytest

from refnn import article
from refnn.checking.plane import conflict
from refnn.checking.roundtrip import roundtrip
from refnn.checking.solver import solve

X10 = [F(k, 10) for k in range(1, 11)]
Q10 = [0, 1, 2, 3, 4, 1, 2, 3, 4, 5]


def prints(x, W, B, P):
    return [floor(v * W + B) % P for v in x]


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


def test_equal_to_brute_force_on_a_thousand_small_cases(rng):
    seen = {True: 0, False: 0}
    for _ in range(1000):
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
    assert min(seen.values()) > 60  # about a tenth; standard deviation 10


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


def test_codes_and_decoded_values_together():
    def tenth(row, sign, half):
        x, q = X10[5 * row : 5 * row + 5], Q10[5 * row : 5 * row + 5]
        d = [F(v) for v in article.TENSORS["W_ih"].x_hat[row]]
        return roundtrip(x, q, [v - half for v in d], [v + half for v in d], 8, sign)

    for sign in "+-":
        assert tenth(0, sign, F(1, 20)) == (9, 0)
        assert tenth(0, sign, F(0)) is None and tenth(1, sign, F(1, 20)) is None
        W, B = tenth(0, sign, F(1, 2 * 10**6))
        s = {"+": 1, "-": -1}[sign]
        assert prints(X10[:5], W, B, 8) == Q10[:5]
        decoded = article.TENSORS["W_ih"].x_hat[0]
        assert all(abs((c + s * B) / W - F(d)) <= F(1, 2 * 10**6) for c, d in zip(Q10[:5], decoded))


def on_a_grid(x, q, low, high, P, s):
    """The (W, B), in eighths within −8..8, that print q and decode to low..high; x in quarters, in
    whole numbers."""
    a, b = np.array([(a, b) for a in range(-64, 65) if a for b in range(-64, 65)]).T
    fits = np.ones(len(a), dtype=bool)
    for v, c, l, h in zip(x, q, low, high):
        decoded = (8 * c + s * b) * np.sign(a)  # of (c + s·B)/W, over |a|
        fits &= (int(4 * v) * a + 4 * b) // 32 % P == c
        fits &= l.numerator * np.abs(a) <= decoded * l.denominator
        fits &= decoded * h.denominator <= h.numerator * np.abs(a)
    return [(F(int(a), 8), F(int(b), 8)) for a, b in zip(a[fits], b[fits])]


def test_roundtrip_against_a_grid_of_pairs(rng):
    """Whatever a fine grid of (W, B) finds, roundtrip finds; what roundtrip finds holds."""
    found = missed = 0
    for _ in range(150):
        n, P = int(rng.integers(1, 4)), int(rng.integers(1, 6))
        x = [F(int(v), 4) for v in rng.integers(-6, 7, n)]
        sign = str(rng.choice(["+", "-"]))
        s = {"+": 1, "-": -1}[sign]
        W0 = F(int(rng.integers(1, 25)) * int(rng.choice([-1, 1])), 4)
        B0 = F(int(rng.integers(-20, 21)), 4)
        q = prints(x, W0, B0, P) if rng.random() < 0.7 else [int(v) for v in rng.integers(0, P, n)]
        half = F(int(rng.integers(0, 3)), 4)
        d = [(c + s * B0) / W0 for c in q]
        if rng.random() >= 0.7:
            d = [F(int(v), 4) for v in rng.integers(-8, 9, n)]
        low, high = [v - half for v in d], [v + half for v in d]
        pair = roundtrip(x, q, low, high, P, sign)
        if pair:
            W, B = pair
            assert prints(x, W, B, P) == q
            assert all(l <= (c + s * B) / W <= h for l, h, c in zip(low, high, q))
            found += 1
        else:
            fits = on_a_grid(x, q, low, high, P, s)
            assert not fits, (x, q, low, high, P, sign, fits)
            missed += 1
    assert found > 50 and missed > 20


def test_every_W_serves_one_number_or_one_level():
    assert solve(["0.1"], [3], 8)[:3] == (True, [(-inf, inf)], 80)
    assert solve([0.5, 0.5], [3, 3], 8)[:3] == (True, [(-inf, inf)], 16)
    assert solve([0.1, 0.7], [0, 0], 1).intervals == [(-inf, inf)]
    twice = solve([0.5, 0.5, 0.6], [3, 4, 4], 8)
    assert twice.proof.indices == (0, 1)
    assert twice.proof.reason == "The same number 0.5 would have to print both 3 and 4"


def test_numbers_are_read_as_printed():
    as_arrays = [np.array([0.1, 0.2]), np.float32([0.1, 0.2])]
    as_lists = [0.1, 0.2], ["0.1", "0.20"], [F(1, 10), F(1, 5)], [[0.1], [0.2]]
    for x in (*as_lists, *as_arrays):
        assert solve(x, [0, 1], 8).period == 80
    assert solve([1, 2], np.array([0, 1]), 8).period == 8


def test_two_levels_need_triples():
    # the starts of three half circles a third of a turn apart: any two meet, the three do not
    x = [F(0), F(1, 3), F(2, 3)]
    for q in ([0, 0, 0], [0, 1, 0], [1, 0, 1], [0, 0, 1]):
        for low, high in solve(x, q, 2).intervals:
            assert any(prints(x, (low + high) / 2, b * F(1, 12), 2) == q for b in range(24))


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


def test_a_conflict_among_many_is_irreducible(rng):
    """Beyond 12 entries the conflict need not be the smallest, but every one of its entries is
    needed."""
    for P in (2, 3, 8):
        for _ in range(4):
            x = [F(int(v), 10) for v in rng.integers(-30, 31, 17)]
            q = [int(v) for v in rng.integers(0, P, 17)]
            indices = conflict.smallest(x, q, P)
            assert indices and not conflict.possible(x, q, P, indices)
            assert all(conflict.possible(x, q, P, [j for j in indices if j != i]) for i in indices)
    same = [F(1, 2)] * 14
    assert conflict.smallest(same, [3] * 14, 8) == ()
    assert len(conflict.smallest(same, [3] * 13 + [4], 8)) == 2
    row = [F(k, 10) for k in range(20)]
    assert conflict.smallest(row, [k % 8 for k in range(20)], 8) == ()


def test_a_certificate_has_three_lines_or_is_not_called_one():
    x = [F(v) for v in ("1", "-4.5", "4.5", "-3", "-0.5")]  # six pairs would be needed
    reason = solve(x, [1, 0, 1, 1, 3], 4).proof.reason
    assert reason == (
        "No short proof was found. The codes -4.5 -> 0, -3 -> 1, -0.5 -> 3, 1 -> 1, 4.5 -> 1 "
        "cannot all be printed together, but any 4 of them can"
    )
    two = solve([-4, 3, -6, 0, -3, 1, 6, 6], [1, 0, 1, 1, 1, 0, 1, 1], 2).proof.reason
    assert two.startswith("No short proof was found. With 2 levels any two of")


def test_a_conflict_of_few_entries_with_fine_decimals_takes_no_minute():
    """The search for the smallest would hold millions of intervals; so the closest that conflict,
    without the rest."""
    x, q = [F(v) for v in ("0.123456", "0.987654", "0.5", "0.7", "0.3")], [0, 1, 3, 7, 2]
    assert conflict._smallest_of_all(x, q, 8) is None
    indices = conflict.smallest(x, q, 8)
    assert not conflict.possible(x, q, 8, indices)
    assert all(conflict.possible(x, q, 8, [j for j in indices if j != i]) for i in indices)


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
