"""The staircase of a quantizer shows its grid, whatever its rule of rounding."""

from fractions import Fraction as F

import numpy as np
import pytest

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


@pytest.mark.parametrize("scale", [np.pi / 1000, np.e * 1e6, 1 / 3, 0.0237, 3.7e-5])
@pytest.mark.parametrize(("z", "low", "high"), [(3, 0, 15), (-7, -(2**15), 2**15 - 1)])
def test_a_step_that_is_no_short_fraction_is_found_to_thirteen_digits(scale, z, low, high):
    found = staircase(lambda x: np.clip(np.rint(x / scale) + z, low, high))
    assert abs(found.scale - F(scale)) <= F(scale) / 10**13
    assert found[1:4] == (z, low, high) and found.ended and found.zero


def test_codes_that_go_on_have_no_end_and_those_of_many_bits_have_one():
    endless = staircase(np.rint)
    assert (endless.scale, endless.zero_point, endless.ended) == (1, 0, False)
    many = staircase(lambda x: np.clip(np.rint(x / 0.5) + 9, -(2**31), 2**31 - 1))
    assert many[:4] == (F(1, 2), 9, -(2**31), 2**31 - 1) and many.ended
    beyond = staircase(lambda x: np.clip(np.rint(x / 0.5), 5, 15))  # 0 lies below the first code
    assert (beyond.qmin, beyond.qmax, beyond.zero) == (5, 15, False)
