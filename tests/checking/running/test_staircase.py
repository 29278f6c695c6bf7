"""The staircase of a quantizer shows its grid, whatever its rule of rounding."""

from fractions import Fraction as F

import numpy as np

from refnn.checking.running.staircase import staircase


def test_staircases_of_every_rule():
    def quarter(k):
        return np.floor(k + 0.25)

    for rule, offset in ((np.floor, F(3)), (np.rint, F(7, 2)), (quarter, F(13, 4))):
        found = staircase(lambda x, rule=rule: np.clip(rule(x / 0.1) + 3, 0, 15))
        assert found == (F(1, 10), 3, 0, 15, offset, True, True)
    wraps = staircase(lambda x: np.floor(100 * x - 3.5) % 256)
    assert wraps == (F(1, 100), 252, 0, 255, F(505, 2), True, True)
    assert staircase(lambda x: np.zeros(x.shape)) is None
    assert staircase(lambda x: (x > 0) * 1.0) is None
