"""What a scheme gives for a tensor is kept, and which codes of a quantizer count as different."""

import numpy as np
import pytest

from refnn.checking.running.schemes import Coded, Scheme, differs, nudged, same_grid, value

X = np.array([0.0, 1.0, 2.0])


def scheme(codes, scale=0.5, zero_point=3.0, name="made up"):
    return Scheme(name, (), lambda x: Coded(np.array(codes, float), scale, zero_point))


@pytest.mark.parametrize(
    ("made", "has_value"),
    [
        (scheme([1, 2, 3]), True),
        (scheme([1, np.nan, 3]), False),
        (scheme([1, 2, np.inf]), False),
        (scheme([1, 2, 3], scale=np.inf), False),
        (scheme([1, 2, 3], zero_point=np.nan), False),
    ],
)
def test_a_value_is_finite_in_all_its_parts(made, has_value):
    assert (value(made, X) is not None) is has_value


def test_a_value_that_is_kept_cannot_be_written_to():
    codes = value(scheme([1, 2, 3]), X).codes
    with pytest.raises(ValueError, match="read-only"):
        codes[0] = 7


@pytest.mark.parametrize(
    ("scale", "zero_point", "counts"),
    [(0.5, 3.0, True), (0.5, 2.0, True), (4.0, 0.0, True), (0.5, 2.5, False), (0.3, 3.0, False)],
)
def test_a_tie_counts_where_floats_hit_it_exactly(scale, zero_point, counts):
    """That is, with a power of two as the scale and a whole zero point."""
    found = differs(scheme([1, 2, 3], scale, zero_point), X, Coded(np.array([1.0, 3, 3])), tie=True)
    assert found.tolist() == [False, counts, False]


def test_codes_that_are_far_off_count_alone():
    """Further than 2.5 codes no edge explains it, but where codes wrap."""
    got = Coded(np.array([2.0, 5.0, 3.0]))
    assert differs(scheme([1, 2, 3]), X, got).tolist() == [False, True, False]
    wraps = differs(scheme([1, 2, 3], name="article, as written"), X, got)
    assert wraps.tolist() == [True, True, False]
    assert differs(scheme([1, 2, 3]), X, Coded(np.zeros(2))) is None
    assert not differs(scheme([1, 2, 3]), X, Coded(np.array([1.0, 2, 3]))).any()


def test_what_is_nudged_moves_by_a_fiftieth_of_a_step():
    for moved in nudged(X, 0.5):
        assert np.allclose(abs(moved[:3] - X), 0.01) or (moved[:3] == X).all() or len(moved) == 6
    assert all(abs(moved[:3] - X).max() < 0.0101 for moved in nudged(X, 0.5))
    assert abs(next(nudged(X, 1e9)) - X).max() < 0.02  # but no more than of the range


NAMED = "symmetric by 2^(b−1) − 1"


@pytest.mark.parametrize(
    ("scale", "zero_point", "agree"),
    [
        (0.5, 3.0, (True, True)),
        (0.5 * (1 + 9e-6), 3.0, (True, True)),
        (0.5 * (1 - 2e-5), 3.0, (False, True)),
        (0.5, 3.1, (True, False)),
        (-0.5, -3.0, (False, False)),
        (None, 3.0, (True, True)),
        (0.6, None, (False, True)),
    ],
)
def test_a_returned_grid_agrees_to_five_digits(scale, zero_point, agree):
    got = Coded(np.array([1.0, 2, 3]), scale, zero_point)
    assert same_grid(scheme([1, 2, 3], name=NAMED), X, got) == agree
