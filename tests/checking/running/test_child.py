"""Values go to the child and back exactly, and a letter of no known form is a ValueError."""

from fractions import Fraction as F

import numpy as np
import pytest

from refnn.checking.running import child
from refnn.checking.running.sandbox import run
from refnn.network import Params


def test_every_kind_of_value_goes_there_and_back_exactly():
    # fmt: off
    values = [
        None, True, "a\n量", 3, -(10**5000), 0.1, -0.0, float("inf"), F(1, 3), [1, (2.5, [None])],
        (), np.float32(0.1), np.array(2, np.int8), np.arange(6, dtype=">i2").reshape(2, 3),
        np.zeros((0, 3)), np.array([[1 + 2j]]), np.array([True, False]),
        np.asfortranarray(np.ones((2, 3))), np.float64(5e-324),
    ]
    # fmt: on
    found = run("a:f", [(v,) for v in values], source="def f(x): return x")
    for sent, came in zip(values, found):
        if isinstance(sent, (np.ndarray, np.generic)):
            assert came.dtype == sent.dtype and came.shape == sent.shape
            assert np.array_equal(came, sent)
        else:
            assert type(came) is type(sent) and came == sent
            assert not isinstance(sent, float) or came.hex() == sent.hex()  # also −0.0
    boxes = [np.array([F(1, 3), F(2)], dtype=object), Params([[1.0, 2.0]], [3.0], [[4.0]], [5.0])]
    [objects, params] = run("a:f", boxes, source="def f(x): return x")
    assert objects.tolist() == [F(1, 3), 2] and params.flatten().tolist() == [1, 2, 3, 4, 5]


def test_a_named_tuple_and_a_dict_keep_their_names():
    source = (
        "from collections import namedtuple\nimport numpy as np\n"
        "def named(x): return namedtuple('Result', 'scale q')(x, np.array([1, 2]))\n"
        "def dictionary(x): return {'q': np.array([1, 2]), 'scale': x}\n"
    )
    [named] = run("a:named", [0.5], source=source)
    assert named._fields == ("scale", "q") and named[0] == 0.5 and isinstance(named, tuple)
    [found] = run("a:dictionary", [0.5], source=source)
    assert list(found) == ["q", "scale"] and found["q"].tolist() == [1, 2]
    for letter in (
        {"named": [["a"], []]},
        {"dict": [[1], [None]]},
        {"dict": 3},
        {"named": [[], 3]},
    ):
        with pytest.raises((ValueError, TypeError)):
            child.unpack(letter)


def test_numbers_as_long_as_they_may_be_go_there_and_back():
    # fmt: off
    values = [
        16**2**14 - 1, -(2**65535), F(1 - 16**2**12, 2**16383),
    ]
    # fmt: on
    assert run("a:f", [(v,) for v in values], source="def f(x): return x") == values


def test_letters_of_no_known_form_are_value_errors():
    of_lists = [
        {"list": 3},
        {"list": [{}]},
        {"fraction": []},
        {"array": []},
        {"objects": [[2], []]},
    ]
    for letter in ({}, {"a": 1, "b": 2}, [], 3, 1.5, {"int": 3}, *of_lists):
        with pytest.raises(ValueError):
            child.unpack(letter)


@pytest.mark.parametrize("shape", [[-1], [1.0], [True], ["1"], [2**48], [1] * 33])
def test_an_array_of_no_possible_shape_is_refused(shape):
    for letter in ({"array": ["<f8", shape, "AAAAAAAAAAA=", True]}, {"objects": [shape, [1]]}):
        with pytest.raises(ValueError, match="an array of unknown shape"):
            child.unpack(letter)
    assert child.unpack({"array": ["<f8", [1] * 32, "AAAAAAAAAAA=", True]}).ndim == 32


def test_a_number_that_is_too_long_says_how_long_it_may_be():
    with pytest.raises(TypeError, match=r"^a number of more than 65536 bits$"):
        child.pack(2**65536)
    with pytest.raises(TypeError, match=r"^a number of more than 16384 bits$"):
        child.pack(F(1, 2**16384))
    for letter in ({"int": hex(2**65536)}, {"fraction": ["0x1", hex(2**16384)]}):
        with pytest.raises(ValueError, match="a number that is too long"):
            child.unpack(letter)


def test_lists_are_packed_up_to_thirty_two_deep():
    def nested(depth):
        return [nested(depth - 1)] if depth else 0.5

    assert child.unpack(child.pack(nested(32))) == nested(32)
    with pytest.raises(TypeError, match="nested too deeply"):
        child.pack(nested(33))
