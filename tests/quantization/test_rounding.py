"""One table separates all rules; each is tried just below, on and just above every half, in floats
and Fractions."""

from fractions import Fraction as F

import numpy as np
import pytest

from refnn.quantization import rounding

RULES = [  # rule         1/2   3/2   5/2  -1/2  -3/2  -5/2  .45   .55  -.45  -.55
    ("floor", [0, 1, 2, -1, -2, -3, 0, 0, -1, -1]),
    ("ceil", [1, 2, 3, 0, -1, -2, 1, 1, 0, 0]),
    ("toward_zero", [0, 1, 2, 0, -1, -2, 0, 0, 0, 0]),
    ("half_up", [1, 2, 3, 0, -1, -2, 0, 1, 0, -1]),
    ("half_down", [0, 1, 2, -1, -2, -3, 0, 1, 0, -1]),
    ("half_away", [1, 2, 3, -1, -2, -3, 0, 1, 0, -1]),
    ("half_even", [0, 2, 2, 0, -2, -2, 0, 1, 0, -1]),
]
POINTS = [F(v) for v in "1/2 3/2 5/2 -1/2 -3/2 -5/2 0.45 0.55 -0.45 -0.55".split()]


def test_the_table_of_rounding_rules():
    for name, expected in RULES:
        rule = getattr(rounding, name)
        assert rule(POINTS).tolist() == expected, name
        for dtype in (np.float64, np.float32):
            out = rule(np.array(POINTS, dtype=float).astype(dtype))
            assert out.dtype == dtype and out.tolist() == expected, name
        assert [rule(p) for p in POINTS] == expected, name


def test_no_two_rules_agree_on_the_table():
    assert len({tuple(expected) for _, expected in RULES}) == len(RULES)


def test_the_table_in_the_docstring_is_true_and_separates_all_rules():
    lines = rounding.__doc__.replace("−", "-").split("\n\n")[1].splitlines()
    points = [F(v) for v in lines[0].split()[1:]]
    rows = {
        name: [int(v) for v in values[: len(points)]]
        for name, *values in (line.split() for line in lines[1:])
    }
    assert list(rows) == [name for name, _ in RULES] and len(set(map(tuple, rows.values()))) == len(
        RULES
    )
    for name, values in rows.items():
        assert getattr(rounding, name)(points).tolist() == values, name


def test_floats_round_as_their_exact_value_does():
    """Around every half up to 2^53, and just beside: where x + 1/2 is not exact the naive formula
    fails."""
    halves = [0.5, 1.5, 2.5, 1e6 + 0.5, 2.0**51 + 0.5]
    others = [2.0**52, 2.0**52 + 1, 2.0**53, 1e300, 5e-324, 1e-20]
    around = [v for k in halves + others for v in (np.nextafter(k, 0), k, np.nextafter(k, np.inf))]
    x = np.array([s * v for v in around for s in (1, -1)])
    for name, _ in RULES:
        rule = getattr(rounding, name)
        assert [int(v) for v in rule(x)] == [int(v) for v in rule([F(v) for v in x])], name
    assert (
        rounding.half_away(0.49999999999999994) == 0 and rounding.half_up(0.49999999999999994) == 0
    )


def test_reported_by_qonnx():
    # qonnx PR #110: 5.5, 2.5, −2.5 (reported there, not recomputed by them); its UP and DOWN: away
    # from and to zero
    x = [5.5, 2.5, -2.5]
    assert rounding.half_even(x).tolist() == [6, 2, -2]
    assert rounding.half_away(x).tolist() == [6, 3, -3]
    assert rounding.floor(x).tolist() == [5, 2, -3]
    assert rounding.toward_zero(x).tolist() == [5, 2, -2]


def test_stochastic_is_right_on_average():
    rng, n = np.random.default_rng(0), 10**5
    for x in (0.25, -0.9, 2.5, 3.0):
        draws = rounding.stochastic(np.full(n, x), rng)
        assert set(draws) <= {np.floor(x), np.ceil(x)}
        p = x - np.floor(x)
        assert abs(draws.mean() - x) <= 4.5 * np.sqrt(p * (1 - p) / n)  # 4.5 sigma: 7 in a million
    for x in (F(1, 3), F(10**30) + F(1, 2)):
        # one alone or in a list: Python's, as the other rules give
        for draw in (rounding.stochastic(x, rng), *rounding.stochastic([x], rng)):
            assert type(draw) is int is type(rounding.floor(x)) and draw in (x // 1, x // 1 + 1)
    assert rounding.stochastic(np.float32([0.5]), rng).dtype == np.float32


class Zeros(np.random.Generator):
    """Draws the smallest number that a generator can draw."""

    def random(self, shape):
        return np.zeros(shape)


def test_stochastic_never_moves_a_whole_number():
    drawn = rounding.stochastic([3.0, -2.0, 0.25, -0.25], Zeros(np.random.PCG64(0)))
    assert drawn.tolist() == [3, -2, 1, 0]


def test_saturate_replaces_infinities_and_nothing_else():
    for dtype in (np.float64, np.float32):
        largest = np.finfo(dtype).max
        a = rounding.saturate(np.array([np.inf, -np.inf, 1.5, -largest], dtype))
        assert a.dtype == dtype and a.tolist() == [largest, -largest, 1.5, -largest]
    exact = rounding.saturate(np.array([F(10**400), F(-1, 3)]))
    assert exact.tolist() == [F(10**400), F(-1, 3)]


def test_rules_refuse_infinities_and_text_and_stochastic_refuses_a_seed():
    with pytest.raises(TypeError, match=r"stochastic: rng must be a numpy\.random\.Generator"):
        rounding.stochastic([0.5], 0)
    with pytest.raises(ValueError, match="half_even: x must be finite"):
        rounding.half_even([np.inf])
    with pytest.raises(TypeError, match="floor: x must be finite real numbers, got dtype <U1"):
        rounding.floor("a")
