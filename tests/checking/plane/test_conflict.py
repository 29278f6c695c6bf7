"""A conflict holds nothing that it does not need, is found in seconds, and has a short certificate
or says that there is none."""

from fractions import Fraction as F

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
