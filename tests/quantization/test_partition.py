"""Each part of the partition by plain loops over exact Fractions, on few values; test_codebook.py
holds the whole."""

from fractions import Fraction as F
from itertools import combinations, pairwise, product

import numpy as np
import pytest

from refnn.quantization import partition


def spent(x, w):
    """Σ w·(x − mean)² of one group, exactly."""
    x, w = [F(float(v)) for v in x], [int(n) for n in w]
    total = sum(w)
    mean = sum(n * v for n, v in zip(w, x)) / total
    return sum(n * (v - mean) ** 2 for n, v in zip(w, x))


def total(x, w, begin):
    return sum(spent(x[a:b], w[a:b]) for a, b in pairwise([*begin, len(x)]))


def drawn(rng, n):
    """Distinct values in ascending order, and how often each occurs: even, with ties, far away."""
    w = rng.integers(1, 5, n)
    yield np.arange(float(n)), np.ones(n, int)
    yield np.sort(rng.choice(40, n, replace=False)) / 4.0, w
    yield np.append(-1e9, np.sort(rng.standard_normal(n - 1))), w
    yield np.sort(rng.standard_cauchy(n)), w


def test_no_way_to_cut_weighted_values_is_better_and_of_equal_ways_the_first_is_taken(rng):
    for n in (2, 5, 8):
        for x, w in drawn(rng, n):
            for levels in range(1, n):
                ways = [(0, *cuts) for cuts in combinations(range(1, n), levels - 1)]
                least = min(total(x, w, way) for way in ways)
                found = partition.groups(x, w, levels)
                assert total(x, w, found.tolist()) == least
    assert partition.groups(np.arange(3.0), np.ones(3, int), 2).tolist() == [0, 1]


def test_the_cost_of_every_group_is_that_of_its_mean(rng):
    """To 3(n + 8)·2^−53·S₂, as `_costs` states; S₂ is at most cost·(1 + W/w) for a weight w."""
    for n in (1, 2, 3, 7, 8, 9, 17):
        for x, w in drawn(rng, n):
            cost, exact = partition._costs(x, w.astype(float)), partition._exact_costs(x, w)
            unit = max(v.as_integer_ratio()[1] for v in x.tolist())
            for j, i in combinations(range(n + 1), 2):
                truth = spent(x[j:i], w[j:i])
                assert exact(j, i) == truth * unit**2
                bound = 3 * (n + 8) * 2.0**-53 * float(truth) * (1 + w[j:i].sum() / w[j:i].min())
                assert abs(cost(np.array([j]), np.array([i]))[0] - float(truth)) <= bound


def test_scaled_values_are_just_below_two_to_480():
    for x in (
        [-3.0, 1.0],
        [1.0, 3.0],
        [-1e-300, 5e-301],
        [-1.0, 1e300],
        [5e-324, 1e-323],
        [-4.0, 4.0],
    ):
        scaled = partition._scaled(np.array(x))
        ratio = F(scaled[0]) / F(x[0])
        assert 2.0**479 <= np.abs(scaled).max() < 2.0**480
        assert F(scaled[1]) / F(x[1]) == ratio and ratio.numerator & (ratio.numerator - 1) == 0


def test_the_best_of_listed_places_is_that_of_all_choices(rng):
    n = 9
    for x, w in drawn(rng, n):
        cost = partition._costs(partition._scaled(x), w.astype(float))
        for lists in ([[1, 2, 5], [3, 6, 8]], [[4]], [[2, 3], [3, 5, 6], [7, 8]], []):
            ways = [(0, *way) for way in product(*lists) if all(a < b for a, b in pairwise(way))]
            found = partition._best([np.array(places) for places in lists], n, cost)
            assert tuple(found.tolist()) in ways
            least = float(min(total(x, w, way) for way in ways))
            assert total(x, w, found.tolist()) <= least * (1 + 1e-12)


def test_the_places_around_a_beginning_by_hand():
    for width, places in (
        (2, [[3, 4, 5, 6, 7], [7, 8, 9, 10, 11]]),
        (9, [[*range(1, 9)], [*range(6, 12)]]),
    ):
        around = partition._around(np.array([0, 5, 9]), 12, width)
        assert [place.tolist() for place in around] == places


def test_spans_run_from_the_first_to_the_last_choice_unless_they_are_too_long(monkeypatch):
    low, high = np.array([[1, 4], [2, 4]]), np.array([[2, 5], [3, 7]])
    s, of, start = partition._spans(
        low, high
    )  # 1..3 and 4..7, that is 5 more than their beginnings
    assert (s.tolist(), of.tolist(), start.tolist()) == (
        [1, 2, 3, 4, 5, 6, 7],
        [0] * 3 + [1] * 4,
        [0, 3],
    )
    monkeypatch.setattr(partition, "MOST_TIES", 5)
    assert partition._spans(low, high)[0].tolist() == [1, 2, 3, 4, 5, 6, 7]
    monkeypatch.setattr(partition, "MOST_TIES", 4)
    assert partition._spans(low, high)[0].tolist() == [2, 4, 5]


def test_groups_of_cells_cost_what_their_values_cost_beyond_the_cells(rng):
    for x, w in drawn(rng, 12):
        x = x[1:]
        w, n, begin = w[1:], 11, np.array([0, 1, 4, 5, 9])
        cost, ends = partition._cost_of_cells(x, w.astype(float), begin), [*begin, n]
        inner = [spent(x[a:b], w[a:b]) for a, b in pairwise(ends)]
        for j, i in combinations(range(6), 2):
            truth = float(spent(x[ends[j] : ends[i]], w[ends[j] : ends[i]]) - sum(inner[j:i]))
            found = cost(np.array([j]), np.array([i]))[0]
            assert found == pytest.approx(truth, rel=1e-9, abs=1e-9 * float(max(inner)))


def test_cells_are_as_many_as_asked_and_half_of_them_lie_where_the_values_do(rng):
    x = np.append(np.sort(rng.standard_normal(20_000)), 1e18)
    for count in (40, 500, 4000):
        cells = partition._cells(x, count)
        assert cells[0] == 0 and (np.diff(cells) > 0).all() and cells[-1] < len(x)
        assert 0.4 * count < len(cells) <= count
        # no cell holds much more than its equal share of the values
        assert np.diff(np.append(cells, len(x))).max() <= 2 * len(x) / count + 1
        assert len(x) - 1 in cells.tolist()  # the value far away is alone
