"""Finding 9: which end min–max loses in floats, in which order, and that Fractions lose none."""

from fractions import Fraction as F

import numpy as np

from refnn.experiments import floats
from refnn.quantization import as_written


def test_which_end_fails_and_how_often():
    article, over_scale, fused, from_minimum, exact = floats.compute()
    assert (article.minimum == 0).all()  # min·W − min·W cancels exactly
    assert (0.05 < article.maximum).all() and (article.maximum < 0.25).all()
    assert (0.05 < over_scale.minimum).all() and (over_scale.minimum < 0.25).all()
    assert (fused.minimum > 0.35).all()
    for right in (from_minimum, exact):
        assert (right.minimum == 0).all() and (right.maximum == 0).all()


def test_the_shares_do_not_hang_on_the_seed():
    for seed in (1, 2):
        article, over_scale, fused, *_ = floats.compute(seed)
        assert 0.05 < article.maximum.mean() < 0.2 and 0.05 < over_scale.minimum.mean() < 0.25
        assert fused.minimum.mean() > 0.35


def test_one_tensor_whose_maximum_gets_code_P_minus_2():
    x = np.random.default_rng(0).standard_normal((400, 50)).round(2)

    def code_of_the_maximum(row):
        return as_written.quantize(row, *as_written.min_max(row, 8), 8)[row.argmax()]

    lost = [row for row in x if code_of_the_maximum(row) == 6]
    assert lost
    for row in lost[:5]:  # in exact arithmetic it is P − 1
        assert code_of_the_maximum(np.array([F(str(v)) for v in row.tolist()])) == 7


def test_mod_before_floor_can_return_P():
    assert np.floor(np.mod(-1e-17, 8)) == 8
    assert as_written.quantize(-1e-17, 1, 0, 8) == 7
