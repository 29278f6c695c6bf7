"""Every promise can be broken, and the counterexample is real and the nearest to 0."""

from fractions import Fraction as F

import numpy as np
import pytest

from checking.running.cases import broken, casts_then_clips, fixed, wraps
from refnn.arrays import Refused
from refnn.checking.implementation import check
from refnn.checking.running.properties import numbers, refuse_failure
from refnn.checking.running.sandbox import Failure


def test_the_counterexample_is_the_nearest_to_0_and_real():
    [nearest] = check(fixed(np.floor)).broken
    assert nearest.why == "x = -0.01 (0.1 steps below 0) gives code 2, but the nearest code is 3"
    assert fixed(np.floor)(-0.01) == 2
    [tie] = check(fixed(lambda k: np.floor(k + 0.5))).broken
    given = "x = 0.05 (0.5 steps) gives code 4, but rounding to even gives 3"
    assert tie.why == f"{given}; all ties go up"
    falls, ends = check(wraps).broken
    assert falls.why == "x = -0.34 (3.4 steps below 0) gives code 0, but a smaller x gives code 15"
    at_this_end = "gives code 15, but the code at this end is 0"
    assert ends.why == f"x = -0.4 (4 steps below 0) {at_this_end}"
    assert wraps(-0.4) == 15
    [cast] = check(casts_then_clips).broken
    assert cast.why == "x = 3e+08 (3e+09 steps) gives code 0, but the code at this end is 15"


ODD = {
    "the shape is kept": [
        lambda x: x[:2],
        lambda x: np.rint(x).sum(),
        lambda x: np.rint(x)[None],
        lambda x: [round(float(v)) for v in np.ravel(x)],
    ],
    "the answer is an array of numbers": [
        lambda x: "abc",
        lambda x: None,
        lambda x: {},
        lambda x: x.astype(str),
        lambda x: x * 1j,
    ],
    "finite input gives finite output": [
        lambda x: x / 0,
        np.sqrt,
        lambda x: np.where(x > 1, np.nan, 0),
    ],
    "codes are whole numbers": [lambda x: np.rint(x / 0.1) * 0.1],
    "each value is encoded independently": [
        lambda x: np.rint(np.cumsum(x)),
        lambda x: np.clip(np.rint(x / 0.1 - x.mean()), -8, 7),
    ],
    "there are at least three codes": [lambda x: 0 * x, lambda x: x > 0],
    "0.0 has a code of its own": [lambda x: np.clip(np.rint(x * 25.5) - 127, 0, 255)],
    "codes saturate at both ends": [np.rint],
    "the input array stays unchanged": [
        lambda x: np.clip(np.rint(np.divide(x, 0.1, out=x)) + 3, 0, 15)
    ],
    "float32 and float64 give the same codes": [
        lambda x: fixed(np.rint)(x) + (x.dtype == np.float32)
    ],
    "the code never falls as x grows": [lambda x: np.clip(3 - np.rint(x / 0.1), 0, 15)],
}


@pytest.mark.parametrize("promise", ODD)
def test_every_promise_can_be_broken(promise):
    for function in ODD[promise]:
        assert promise in broken(check(function)), function


def test_a_random_one_is_no_function():
    rng = np.random.default_rng(0)
    assert broken(check(lambda x: np.floor(x + rng.random(x.shape)))) == [
        "the same input gives the same codes"
    ]


def test_a_decoder_that_writes_to_its_input():
    in_place = check(fixed(np.rint), lambda q: np.multiply(np.subtract(q, 3, out=q), 0.1, out=q))
    assert broken(in_place) == ["the input of the decoder stays unchanged"]


def test_numbers_are_real_whatever_holds_them():
    for value, found in (
        ([True, 2], [1, 2]),
        (np.array([F(1, 2), 3], object), [0.5, 3]),
        (np.float32([0.5]), [0.5]),
        (np.array([1, "2"], object), None),
        (np.array([1, None], object), None),
        ([1, "2"], None),
        ([1j], None),
        ([[1], [1, 2]], None),
    ):
        read = numbers(value)
        assert read is None if found is None else read.tolist() == found


def test_a_decoder_one_step_off_is_more_than_half_a_step_away_on_any_grid():
    for scale in (1e-3, 0.1, 1, 1e3):

        def encode(x, scale=scale):
            return np.clip(np.rint(x / scale), -(2**15), 2**15 - 1)

        report = check(encode, lambda q, scale=scale: (q + 1) * scale)
        assert "the error is at most half a step" in broken(report)
        right = check(encode, lambda q, scale=scale: q * scale)
        assert broken(right) == []


def test_the_text_of_a_failure_is_cut_so_that_the_line_is_not_too_long():
    """210 characters, of which the name m:f takes 3, the call f([0]) 6 and the word raised 6."""
    for length, said in ((195, "x" * 195), (196, "x" * 195 + "...")):
        with pytest.raises(Refused, match=rf"nothing from f\(\[0\]\): {said}$"):
            refuse_failure("m:f", np.zeros(1), Failure("raised", "x" * length))
