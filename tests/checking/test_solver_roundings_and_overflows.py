"""Other roundings and codes that do not wrap, against a search over all W and B that matter, by the
rounding itself."""

from fractions import Fraction as F
from itertools import combinations, pairwise, product
from math import lcm

import numpy as np
import pytest

from refnn.checking.solver import OVERFLOWS, ROUNDINGS, range_of_B, solve
from refnn.command import cli
from refnn.quantization import rounding as rules


def codes_of(x, W, B, P, rule, overflow):
    """The codes of x; a row of them for each where B is a list."""
    q = getattr(rules, rule)(np.array([v * W + b for b in np.ravel(B) for v in x], dtype=object))
    q = q % P if overflow == "wrap" else np.clip(q, 0, P - 1) if overflow == "saturate" else q
    return q.reshape(*np.shape(B), len(x)).tolist()


def some_B(x, q, W, P, rule, overflow):
    """The most codes that any B prints with this W: B on and between all places where a code of
    some entry changes."""
    span = range(-2, 2 * P + 3) if overflow != "none" else range(2 * min(q) - 2, 2 * max(q) + 5)
    places = sorted({F(m, 2) - v * W for v in x for m in span})
    tried = [places[0] - 1, *places, *((a + b) / 2 for a, b in pairwise(places)), places[-1] + 1]
    rows = codes_of(x, W, tried, P, rule, overflow)
    return max(sum(a == b for a, b in zip(q, codes)) for codes in rows)


def some_W(x, P, overflow):
    """W on and between all places where two entries' codes change at once (one period of it, if
    codes wrap)."""
    differences = {abs(a - b) for a, b in combinations(set(x), 2)} or {F(1)}
    reach = max(F(P + 2) / d for d in differences)
    if overflow == "wrap":
        reach = P * lcm(*(v.denominator for v in x))
    turns = (
        (d, m * s) for d in differences for m in range(int(2 * reach * d) + 1) for s in (1, -1)
    )
    places = sorted({F(m, 2) / d for d, m in turns})
    if overflow == "wrap":
        places = [W for W in places if 0 <= W < reach]
    between = [(a + b) / 2 for a, b in pairwise(places)]
    return [*places, *between] + ([] if overflow == "wrap" else [places[-1] + 1, places[0] - 1])


def serves(W, solution):
    W = [W] if solution.period is None else [W + k * solution.period for k in (0, 1)]
    return any(a < w < b for a, b in solution.intervals for w in W)


@pytest.mark.parametrize(("rule", "overflow"), list(product(ROUNDINGS, OVERFLOWS)))
def test_equal_to_a_search_by_the_rounding_itself(rule, overflow, rng):
    tie_breaking = rule in ("half_even", "half_away")
    seen = set()
    for case in range(4):
        n, P = int(rng.integers(3, 5)), int(rng.integers(4, 6))
        x = [F(int(v)) for v in rng.integers(-2, 3, n)]
        q = [int(v) for v in rng.integers(0 if overflow != "none" else -2, P, n)]
        if case % 2:  # one that can be printed
            W, B = F(int(rng.integers(-6, 7)), 3), F(int(rng.integers(-6, 7)), 5)
            q = codes_of(x, W, B, P, rule, overflow)
        if case == 0:  # one that can not
            x, q, n, P = [F(0), F(1), F(2)], [3, 4, 1], 3, 6
        solution = solve(x, q, P, rounding=rule, overflow=overflow)
        seen.add(solution.feasible)
        all_W = some_W(x, P, overflow)
        tried = [all_W[i] for i in rng.permutation(len(all_W))[:20]]
        best = {W: some_B(x, q, W, P, rule, overflow) for W in tried}
        for W, most in best.items():
            if not tie_breaking:  # for these up to ties, both ways
                assert (most == n) == serves(W, solution), (x, q, P, W)
            elif serves(W, solution):
                assert most == n
        if solution.feasible:
            assert codes_of(x, *solution.witness, P, rule, overflow) == q
            continue
        kept, _, pair, codes = solution.repair
        assert codes_of(x, *pair, P, rule, overflow) == list(codes)
        assert all(codes[i] == q[i] for i in kept)
        if not tie_breaking:
            assert len(kept) >= max(best.values())  # and `kept` is printed: just shown
        for left in solution.proof.indices:  # irreducible
            rest = [i for i in solution.proof.indices if i != left]
            fewer = [x[i] for i in rest], [q[i] for i in rest]
            assert solve(*fewer, P, rule, overflow).feasible or tie_breaking
    assert seen == {True, False}


@pytest.mark.parametrize(("rule", "overflow"), list(product(ROUNDINGS, OVERFLOWS)))
def test_the_range_of_B_ends_where_the_codes_change(rule, overflow):
    x, P = [F(-1, 2), F(1, 3), F(2)], 6
    W, B = F(5, 4), F(3, 7)
    q = codes_of(x, W, B, P, rule, overflow)
    low, high = range_of_B(x, q, P, W, rule, overflow)
    assert low < high and (overflow != "wrap" or abs(low + high) <= P)
    step = (high - low) / 100
    for inside in (low + step, (low + high) / 2, high - step):
        assert codes_of(x, W, inside, P, rule, overflow) == q
    for outside in (low - step, high + step):
        assert codes_of(x, W, outside, P, rule, overflow) != q
    assert range_of_B(x, q, P, W + 50, rule, "none") is None or overflow != "none"


def test_the_article_by_every_rounding_and_overflow():
    """Finding 3: it fails without mod, with ceil and with every rounding to nearest as well."""
    x, q = [F(k, 10) for k in range(1, 11)], [0, 1, 2, 3, 4, 1, 2, 3, 4, 5]
    for rule, overflow in product(ROUNDINGS, OVERFLOWS):
        solution = solve(x, q, 8, rounding=rule, overflow=overflow)
        assert not solution.feasible and len(solution.proof.indices) == 3


def test_of_pairs_that_make_a_tie_nothing_is_said(capsys):
    x, q = ["0.5", "1.5", "2.5"], [0, 2, 2]  # by hand: W = 1, B = 0, three ties
    assert codes_of([F(v) for v in x], 1, 0, 8, "half_even", "none") == q
    for rounding in ("half-even", "half-away", "half-up"):
        command = ["solve", "--x", ",".join(x), "--q", "0,2,2", "--levels", "8"]
        assert cli.main([*command, "--rounding", rounding, "--overflow", "none"]) == 1
        out = capsys.readouterr().out
        assert out.count("without a tie") == (0 if rounding == "half-up" else 3)
        assert ("such pairs are not searched" in out.replace("\n", " ")) == (rounding != "half-up")
    with pytest.raises(SystemExit):
        cli.main(["solve", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "half-even or half-away (these two leave out W and B that make a tie)" in said


def test_solve_refuses_unknown_roundings_and_overflows():
    with pytest.raises(ValueError, match="solve: rounding must be one of 'floor'"):
        solve([1], [0], 8, rounding="nearest")
    with pytest.raises(ValueError, match="solve: overflow must be one of 'wrap'"):
        solve([1], [0], 8, overflow="clip")
    with pytest.raises(ValueError, match="solve: q must be"):
        solve([1], ["a"], 8, overflow="none")
