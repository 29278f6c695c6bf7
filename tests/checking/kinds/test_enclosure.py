"""An enclosure holds the number and is narrow, and what it leaves open is an error."""

from decimal import Decimal, localcontext
from fractions import Fraction as F

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
