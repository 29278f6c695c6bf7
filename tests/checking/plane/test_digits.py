"""Numbers are read as they are printed, and a printed result is known to half a unit of its last
digit."""

from fractions import Fraction as F

import numpy as np

from refnn.checking.plane.digits import half_unit
from refnn.checking.solver import solve


def test_numbers_are_read_as_printed():
    as_arrays = [np.array([0.1, 0.2]), np.float32([0.1, 0.2])]
    as_lists = [0.1, 0.2], ["0.1", "0.20"], [F(1, 10), F(1, 5)], [[0.1], [0.2]]
    for x in (*as_lists, *as_arrays):
        assert solve(x, [0, 1], 8).period == 80
    assert solve([1, 2], np.array([0, 1]), 8).period == 8


def test_half_units():
    for text, half in (
        ("0.3", F(1, 20)),
        ("0.30", F(1, 200)),
        ("3", 0),
        ("-1.", F(1, 2)),
        ("1e-3", F(1, 2000)),
        ("2.5e1", F(1, 2)),
        ("1/3", 0),
        (4, 0),
    ):
        assert half_unit(text) == half, text
