"""With two levels three codes may meet two by two and not together."""

from fractions import Fraction as F

from checking.cases import prints
from refnn.checking.solver import solve


def test_two_levels_need_triples():
    # the starts of three half circles a third of a turn apart: any two meet, the three do not
    x = [F(0), F(1, 3), F(2, 3)]
    for q in ([0, 0, 0], [0, 1, 0], [1, 0, 1], [0, 0, 1]):
        for low, high in solve(x, q, 2).intervals:
            assert any(prints(x, (low + high) / 2, b * F(1, 12), 2) == q for b in range(24))
