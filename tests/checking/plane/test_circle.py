"""With two levels three codes may meet two by two and not together; and what the geometry returns
for numbers by hand."""

from fractions import Fraction as F
from math import inf

from checking.cases import prints
from refnn.checking.plane import circle
from refnn.checking.solver import solve


def test_two_levels_need_triples():
    # the starts of three half circles a third of a turn apart: any two meet, the three do not
    x = [F(0), F(1, 3), F(2, 3)]
    for q in ([0, 0, 0], [0, 1, 0], [1, 0, 1], [0, 0, 1]):
        for low, high in solve(x, q, 2).intervals:
            assert any(prints(x, (low + high) / 2, b * F(1, 12), 2) == q for b in range(24))


def test_the_simplest_fraction_of_an_interval_is_the_first_of_a_search(rng):
    """Smallest denominator first, then the number nearest to 0."""
    ends = sorted({F(n, d) for d in (1, 2, 3, 5, 7) for n in range(-3 * d, 3 * d + 1)})
    for _ in range(300):
        low, high = (ends[i] for i in sorted(rng.choice(len(ends), 2, replace=False)))
        inside = ((d, n) for d in range(1, 99) for n in range(-4 * d, 4 * d + 1))
        d = next(d for d, n in inside if low < F(n, d) < high)
        least = min((m for m in range(-4 * d, 4 * d + 1) if low < F(m, d) < high), key=abs)
        assert circle.simplest(low, high) == F(least, d)
        found = circle.simplest_in(low, high)
        assert low <= found < high and found.denominator <= d
        assert found == F(least, d) or (found == low and least != 0)
    for low, high, found in (
        (-inf, F(3), 1),
        (-inf, F(1), 0),
        (-inf, F(-1, 2), -1),
        (F(5, 2), inf, 3),
        (F(2), inf, 3),
        (F(-2), inf, 0),
    ):
        assert circle.simplest(low, high) == found


def test_the_interval_around_0_is_one_with_the_last_of_the_period():
    """0.1·W mod 8 lies in (−1, 1) from W = −10 to 10, that is from 70 to 90."""
    assert circle.feasible_W([F(1, 10), F(1, 5)], [0, 0], 8) == [(70, 90)]
    assert circle.feasible_W([F(1), F(2)], [0, 0], 2) == [(1, 3)]
    assert circle.feasible_W([F(1, 10), F(1, 5)], [0, 2], 8) == [(10, 30)]
    assert circle.feasible_W([F(1), F(1)], [0, 1], 1) == [(-inf, inf)]
    assert circle.feasible_W([F(1), F(1)], [0, 1], 3) == []


def test_the_range_of_B_is_the_one_nearest_0_and_open_above():
    """For W = 10 the sums are 1 + B and 2 + B."""
    x = [F(1, 10), F(1, 5)]
    for q, found in (([0, 1], (-1, 0)), ([7, 0], (-2, -1)), ([4, 5], (3, 4)), ([6, 7], (-3, -2))):
        assert circle.offsets(x, q, 8, F(10)) == found
    assert circle.offsets(x, [0, 0], 8, F(10)) is None  # 1 apart: never equal
    assert circle.offsets(x, [0, 0], 8, F(9)) == (F(-9, 10), F(-8, 10))
    assert circle.offsets(x, [0, 0], 1, F(10)) == (0, 1)
