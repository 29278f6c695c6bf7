"""A conflict holds nothing that it does not need, is found in seconds, and has a short certificate
or says that there is none."""

from fractions import Fraction as F
from itertools import combinations

import pytest

from refnn.checking.plane import conflict
from refnn.checking.solver import solve


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
        "are not possible together, but any 4 of them are"
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


def test_the_largest_set_is_that_of_all_subsets(rng):
    for _ in range(60):
        n, P, parts = int(rng.integers(2, 6)), int(rng.integers(2, 9)), int(rng.choice([1, 2, 7]))
        x = [F(int(v), parts) for v in rng.integers(-20, 21, n)]
        q = [int(c) for c in rng.integers(0, P, n)]
        found = conflict.largest_set(x, q, P)
        assert conflict.possible(x, q, P, found)
        longer = combinations(range(n), len(found) + 1)
        assert not any(conflict.possible(x, q, P, some) for some in longer)


def test_a_repair_is_searched_only_in_so_many_intervals():
    """The spread in units of the common denominator, times the count, is at most four million."""
    for x, is_repairable in (
        ([0, 2 * 10**6], True),
        ([0, 2 * 10**6 + 1], False),
        ([-(10**6), 10**6], True),
        ([-(10**6), 10**6 + 1], False),
        ([10**9, 10**9 + 1], True),
        ([0, F(1, 3), 1, F(1, 7 * 10**5)], False),
        ([0, F(1, 3), 1, F(1, 3 * 10**5)], True),
    ):
        assert conflict.repairable([F(v) for v in x]) is is_repairable
    with pytest.raises(ValueError, match="x must be written with fewer decimals, got values too"):
        conflict.largest_set([F(0), F(2 * 10**6 + 1)], [0, 1], 8)
