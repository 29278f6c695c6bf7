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
                assert found.low - slack <= right <= found.high + slack
                assert 0 < found.high - found.low < F(1, 10**70) * max(1, right)
    assert Enclosure(0).exp().ends() == (1, 1) and Enclosure(0).tanh().ends() == (0, 0)
    assert abs(Enclosure(-2, 1)).ends() == (0, 2)
    assert (Enclosure(1, 2) - Enclosure(1, 2)).ends() == (-1, 1)
    around_0, far = Enclosure(-1, 1), Enclosure(10**5)
    for undecided in (lambda: 1 / around_0, far.exp, lambda: around_0 > 0):
        with pytest.raises(Undecided):
            undecided()
