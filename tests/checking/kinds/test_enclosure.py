"""An enclosure holds the number and is narrow, and what it leaves open is an error."""

from decimal import Decimal, localcontext
from fractions import Fraction as F
from math import inf

import pytest

from refnn.checking.kinds.enclosure import Enclosure, Undecided


def test_enclosures_hold_what_sixty_digits_say():
    with localcontext() as context:
        context.prec = 120
        for x in (F(1, 10), F(-1, 10), F(5), F(-7, 3), F(1, 10**9), F(25), F(-300)):
            e = (Decimal(x.numerator) / Decimal(x.denominator)).exp()
            tanh = F((e - 1 / e) / (e + 1 / e))
            for found, right in ((Enclosure(x).exp(), F(e)), (Enclosure(x).tanh(), tanh)):
                slack = (abs(right) + 1) * F(1, 10**110)  # of the 120 digits themselves
                low, high = found.ends()
                assert low - slack <= right <= high + slack
                assert 0 < high - low < F(1, 10**70) * max(1, right)
    assert Enclosure(0).exp().ends() == (1, 1) and Enclosure(0).tanh().ends() == (0, 0)
    assert abs(Enclosure(-2, 1)).ends() == (0, 2)
    assert (Enclosure(1, 2) - Enclosure(1, 2)).ends() == (-1, 1)
    around_0, far = Enclosure(-1, 1), Enclosure(10**5)
    for undecided in (lambda: 1 / around_0, far.exp, lambda: around_0 > 0):
        with pytest.raises(Undecided):
            undecided()


def test_every_operation_holds_the_results_of_all_numbers_inside(rng):
    def number():
        return F(int(rng.integers(-(10**6), 10**6)), int(rng.choice([1, 3, 10**4, 10**17])))

    for _ in range(300):
        (a, b), (c, d) = (sorted((number(), number())) for _ in range(2))
        x, y = ((Enclosure(a, b), Enclosure(c, d)), (Enclosure(a), Enclosure(c)))[rng.integers(2)]
        inside = [(p, q) for p in x.ends() for q in y.ends()]
        made = [
            (x + y, lambda p, q: p + q),
            (x - y, lambda p, q: p - q),
            (x * y, lambda p, q: p * q),
            (-x, lambda p, q: -p),
            (x**2, lambda p, q: p * p),
            (abs(x), lambda p, q: abs(p)),
        ]
        if not c <= 0 <= d:
            made.append((x / y, lambda p, q: p / q))
        for found, operation in made:
            low, high = found.ends()
            exact = [operation(*pair) for pair in inside]
            assert low <= min(exact) and max(exact) <= high
            if len(set(inside)) == 1:  # outwards by 2⁻²⁵⁶ of what is multiplied
                assert high - low <= (1 + abs(exact[0])) * F(1, 2**230)


@pytest.mark.parametrize(("low", "high"), [(-1, 0), (-1, 1), (0, 1), (-2, -1), (1, 2), (-3, 2)])
def test_exp_and_tanh_of_an_interval_hold_both_ends_and_little_more(low, high):
    with localcontext() as context:
        context.prec = 120
        e = [Decimal(v).exp() for v in (low, high)]
        for found, right in (
            (Enclosure(low, high).exp(), e),
            (Enclosure(low, high).tanh(), [(v - 1 / v) / (v + 1 / v) for v in e]),
        ):
            for end, exactly, outwards in zip(found.ends(), map(F, right), (-1, 1)):
                assert -F(1, 10**110) <= outwards * (end - exactly) < F(1, 10**70)


def test_powers_and_sizes_of_an_interval_are_narrow():
    for low, high in ((-2, 3), (-3, 2), (2, 3), (-3, -2), (0, 2), (-2, 0)):
        x = Enclosure(low, high)
        ends = sorted((low**2, high**2))
        assert (x**2).ends() == (0 if low < 0 < high else ends[0], ends[1])
        assert (x**3).ends() == (low**3, high**3)
        sizes = sorted((abs(low), abs(high)))
        assert abs(x).ends() == (0 if low < 0 < high else sizes[0], sizes[1])


def test_a_comparison_is_decided_where_the_interval_allows():
    x = Enclosure(1, 2)
    assert x > F(1, 2) and not x > 2 and not x > 3
    for inside in (1, F(3, 2)):
        with pytest.raises(Undecided, match=f"too roughly to compare it with {inside}"):
            assert x > inside
    assert float(Enclosure(10**400)) == inf and float(Enclosure(-(10**400))) == -inf
    assert (1 / Enclosure(2, 4)).ends() == (F(1, 4), F(1, 2))
    assert (5 - Enclosure(1, 2)).ends() == (3, 4)
    for zero in (Enclosure(0), Enclosure(0, 1), Enclosure(-1, 0)):
        with pytest.raises(Undecided, match="since it may be 0"):
            1 / zero
    with pytest.raises(Undecided, match=r"only up to \|x\| = 10,000"):
        Enclosure(-10001).exp()
    assert 0 <= Enclosure(-(10**4)).exp().ends()[0]
