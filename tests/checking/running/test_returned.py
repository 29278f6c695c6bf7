"""What a quantizer returns is read in its usual forms, and a grid from the data is recognised."""

from collections import namedtuple

import numpy as np
import pytest

from refnn.arrays import Refused
from refnn.checking.running.properties import Broken
from refnn.checking.running.returned import coded, codes_of, depends_on_data, parts, row_by_row
from refnn.checking.running.sandbox import Failure

Q = np.array([1, 2])
Named = namedtuple("Named", "s q")
Other = namedtuple("Other", "a b")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (Q, {"codes": Q}),
        ((Q, 0.5), {"codes": Q, "scale": 0.5}),
        ([Q, 0.5, 3], {"codes": Q, "scale": 0.5, "zero_point": 3}),
        ((Q, [0.5], np.array(3)), {"codes": Q, "scale": [0.5], "zero_point": np.array(3)}),
        (Named(0.5, Q), {"scale": 0.5, "codes": Q}),
        ({"x_q": Q, "Δ": 0.5, "zp": 3, "note": "n"}, {"codes": Q, "scale": 0.5, "zero_point": 3}),
        (Other(Q, 0.5), {"codes": Q, "scale": 0.5}),  # by their places
    ],
)
def test_codes_may_come_with_their_grid(value, found):
    read = parts(value, (2,))
    assert read.keys() == found.keys()
    assert all(np.array_equal(read[name], found[name]) for name in found)


@pytest.mark.parametrize(
    "value",
    [
        (Q, Q),
        (Q, 0.5, Q),
        (Q, Q, 3),
        (Q,),
        (Q, 1, 2, 3),
        (np.zeros(3), 0.5),
        (Q, None),
        ("ab", 0.5),
        {"scale": 1},
    ],
)
def test_any_other_answer_is_taken_as_the_codes(value):
    assert parts(value, (2,)) == {"codes": value}
    assert parts((5, 6), ()) == {"codes": (5, 6)}


def test_an_answer_without_a_code_for_each_number_is_broken():
    x = np.array([1.0, 2.0])
    assert coded(lambda x: (x, 0.5), "f")(x).scale == 0.5
    assert coded(lambda x: {"q": x, "s": [0.5], "z": 3}, "f")(x)[1:] == (0.5, 3.0)
    with pytest.raises(Broken, match="the answer is an array of numbers: got 'ab'"):
        coded(lambda x: "ab", "f")(x)
    with pytest.raises(Broken, match="the answer is an array of numbers"):
        coded(lambda x: {"q": x, "s": "ab"}, "f")(x)
    with pytest.raises(Broken, match=r"the shape is kept: input \(2,\) gives output \(3,\)"):
        coded(lambda x: np.zeros(3), "f")(x)
    with pytest.raises(Refused, match=r"nothing from f\(\[1, 2\]\): KeyError"):
        coded(lambda x: Failure("raised", "KeyError"), "m:f")(x)


def test_the_argument_of_a_call_is_a_copy():
    x = np.array([1.0, 2.0])
    coded(lambda x: np.multiply(x, 2, out=x), "f")(x)
    assert x.tolist() == [1, 2]


FAILS = Failure("raised", "")


@pytest.mark.parametrize(
    ("call", "depends"),
    [
        (lambda x: (np.rint(x / abs(x).max() * 127), 1.0), True),
        (lambda x: np.rint((x - x.min()) / (x.max() - x.min()) * 255), True),
        (lambda x: (x == x.min()) * (x.min() < -2 * x.max()), True),  # not beside 0, 0.3, 1
        (lambda x: np.clip(np.rint(x / 0.1), -128, 127), False),
        (lambda x: np.rint(np.cumsum(x)), False),  # sums grow with x
        (lambda x: np.rint(x / abs(x).max() * 127) + (abs(x).max() > 1000), False),
        (lambda x: FAILS if abs(x).max() > 1000 else np.rint(x / abs(x).max() * 127), False),
        (lambda x: FAILS, False),
        (lambda x: "ab", False),
        (lambda x: np.rint(x / abs(x).max() * 127)[:3], False),
        (lambda x: np.sign(x), False),  # the same for all multiples, and for a part
        (lambda x: np.where(x == x.max(), np.inf, 0), False),
        (lambda x: np.rint(x / abs(x).max() * 127) if len(x) == 10 else FAILS, False),
    ],
)
def test_a_grid_from_the_data_changes_with_the_numbers_beside_and_not_with_their_unit(
    call, depends
):
    assert depends_on_data(call) == depends


def test_a_function_of_matrices_gets_a_row():
    def matrices(x):
        return (np.rint(x), 0.5) if x.ndim == 2 else FAILS

    x = np.array([1.4, 2.0])
    found = row_by_row(matrices)(x)
    assert found["codes"].tolist() == [1, 2] and found["scale"].tolist() == [0.5]
    both = np.rint
    assert row_by_row(both) is both

    def neither(x):
        return FAILS

    assert row_by_row(neither) is neither
    assert row_by_row(matrices)(x[:, None])[0].shape == (2, 1)

    def small(x):
        return np.rint(x) if x.ndim == 2 and x.shape[1] > 5 else FAILS

    assert isinstance(row_by_row(small)(x), Failure)


def test_codes_of_leaves_a_failure_as_it_is():
    assert codes_of(lambda x: FAILS)(Q) is FAILS
    assert codes_of(lambda x, y: (x + y, 1.0))(Q, 1).tolist() == [2, 3]
    assert codes_of(np.rint).given() == {}
