"""§3.1 as written: exact on Fractions, and wrong in the documented way."""

from fractions import Fraction as F

import numpy as np
import pytest

from refnn import article
from refnn.network import Params
from refnn.quantization import as_written


def test_quantize_separates_its_slips():
    # x·W + B = 0, 3.5, 4.5, 13, −3.5: other codes for round, for −B, for clip, for C's remainder
    # and for mod 7
    q = as_written.quantize([F(-3, 10), F(1, 20), F(3, 20), F(1), F(-13, 20)], W=10, B=3, P=8)
    assert q.dtype == np.uint8 and q.tolist() == [0, 3, 4, 5, 4]


def test_quantize_steps_are_the_four_operations():
    steps = as_written.quantize_steps([F(1, 4), F(-1, 4)], W=10, B=1, P=8)
    assert steps._fields == ("scaled", "shifted", "floored", "wrapped")
    scaled, shifted = [F(5, 2), F(-5, 2)], [F(7, 2), F(-3, 2)]
    assert [s.tolist() for s in steps] == [scaled, shifted, [3, -2], [3, 6]]


def test_dequantize_adds_where_it_should_subtract():
    decoded = as_written.dequantize(np.uint8([0, 3, 7]), W=F(10), B=3)
    assert decoded.tolist() == [F(3, 10), F(3, 5), 1]
    assert as_written.dequantize(np.uint8([250]), W=1.0, B=10).tolist() == [260.0]  # no uint8 wrap
    assert as_written.dequantize_steps(np.array([1, 2]), 4, 1).shifted.tolist() == [2, 3]


def test_printed_decoder_is_off_by_two_offsets():
    x = [F(k, 100) for k in range(-99, 100)]
    for W, B, P in ((127, 128, 256), (F(7, 2), F(9, 2), 16)):
        steps = as_written.quantize_steps(x, W, B, P)
        decoded = as_written.dequantize(steps.wrapped, F(W), B)
        right = as_written.dequantize(steps.wrapped, F(W), -B)
        assert set(decoded - right) == {F(2 * B) / W}


def test_update_decodes_every_parameter_of_the_printed_network():
    p = article.parameters()
    theta = as_written.update(p, W=9, B=0, P=8)
    assert theta.sizes == (5, 2, 1)
    assert theta.flatten().tolist() == [
        F(c, 9) for c in (0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 0, 1, 0, 1, 0)
    ]
    stack = Params.unflatten(np.stack([np.arange(9.0), np.arange(9.0) / 2]), (2, 2, 1))
    W, B = as_written.min_max(stack.flatten(), 256, axis=0)
    each = as_written.update(stack, W, B, 256).flatten()
    for s in range(2):
        alone = Params.unflatten(stack.flatten()[s], (2, 2, 1))
        assert (as_written.update(alone, W[s, 0], B[s, 0], 256).flatten() == each[s]).all()


def test_min_max_gives_the_ends_the_first_and_the_last_code():
    for x, P in (
        ([F(1, 10), F(1, 2), F(-3, 7)], 8),
        ([F(2), F(3)], 3),
        ([F(-5), F(-1), F(-2)], 256),
    ):
        W, B = as_written.min_max(x, P)
        q = as_written.quantize(x, W, B, P)
        assert W == F(P - 1) / (max(x) - min(x)) and B == -min(x) * W
        assert q[x.index(min(x))] == 0 and q[x.index(max(x))] == P - 1


def test_min_max_along_an_axis_broadcasts_against_x():
    x = article.fractions(article.TENSORS["W_ih"].x)
    W, B = as_written.min_max(x, 8, axis=0)
    assert W.shape == B.shape == (2, 1)
    assert as_written.quantize(x, W, B, 8).tolist() == [[0, 1, 3, 5, 7]] * 2


def test_min_max_along_each_axis_is_that_of_every_slice(rng):
    x = rng.standard_normal((3, 4, 5))
    for axis in (0, 1, 2, -1):
        W, B = as_written.min_max(x, 16, axis=axis)
        shape = [1, 1, 1]
        shape[axis] = x.shape[axis]
        assert W.shape == B.shape == tuple(shape)
        for k, part in enumerate(np.moveaxis(x, axis, 0)):
            assert (W.ravel()[k], B.ravel()[k]) == as_written.min_max(part, 16)
    x[1] = 2.0
    with pytest.raises(ValueError, match="at least two different values"):
        as_written.min_max(x, 16, axis=0)
    as_written.min_max(x, 16, axis=1)


def test_the_printed_formula_row_by_row():
    # finding 4: W = 10 with B = −1 prints the first row, with B = −5 the second
    x, q = (article.fractions(getattr(article.TENSORS["W_ih"], form)) for form in ("x", "q"))
    assert (as_written.quantize(x, 10, [[-1], [-5]], 8) == q).all()


def test_exact_floor_differs_from_floating_point():
    assert (
        as_written.quantize(0.29, 100, 0, 256) == 28
        and as_written.quantize(F(29, 100), 100, 0, 256) == 29
    )


def test_codes_are_the_narrowest_unsigned():
    for P, dtype in (
        (1, np.uint8),
        (256, np.uint8),
        (257, np.uint16),
        (2**16 + 1, np.uint32),
        (2**33, np.uint64),
    ):
        assert as_written.quantize(0.5, 1, 0, P).dtype == dtype


def test_huge_values_neither_warn_nor_leave_the_codes():
    q = as_written.quantize([1e308, -1e308, 5e-324], W=1e10, B=1e308, P=7)
    assert ((q >= 0) & (q < 7)).all()


def test_quantize_refuses_wrong_W_and_P_dequantize_0_and_floats_min_max_a_constant():
    for W in (0, [2.0, 0.0], [F(1), F(0)]):
        with pytest.raises(ValueError, match="dequantize: W must be different from 0"):
            as_written.dequantize(np.array([1, 1]), W, 1)
    with pytest.raises(ValueError, match="min_max: x must be of at least two different values"):
        as_written.min_max([0.1, 0.1], 8)
    with pytest.raises(TypeError, match=r"quantize: P must be a whole number.*write 8"):
        as_written.quantize(0.1, 1, 0, 8.0)
    with pytest.raises(ValueError, match="quantize: P must be a whole number from 1"):
        as_written.quantize(0.1, 1, 0, 0)
    with pytest.raises(ValueError, match="quantize: W must be of a shape that broadcasts"):
        as_written.quantize(np.zeros((2, 5)), np.ones(2), 0, 8)
    with pytest.raises(TypeError, match="dequantize: q must be an array of integers"):
        as_written.dequantize([1.0], 1, 0)


def test_P_may_be_two_to_53_and_no_more():
    assert as_written.quantize([2.0**53 + 2, -1.0], 1.0, 0.0, 2**53).tolist() == [2, 2**53 - 1]
    with pytest.raises(ValueError, match="quantize: P must be a whole number from 1 to"):
        as_written.quantize([1.0], 1.0, 0.0, 2**53 + 1)


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_min_max_refuses_an_empty_array_and_a_range_whose_W_or_B_overflows(axis):
    for shape in ((0, 3), (3, 0)):
        with pytest.raises(
            ValueError, match="min_max: x must be at least one number, got an empty"
        ):
            as_written.min_max(np.zeros(shape), 8, axis)
    wide = np.array([[1e308, -1e308, 0.0], [-1e308, 1e308, 0.0], [0.0, 1.0, 2.0]])  # one slice not
    close = np.array([[0.0, 5e-324, 0.0], [5e-324, 0.0, 1e-323], [0.0, 1e-323, 5e-324]])
    for x in (wide, close):
        with pytest.raises(ValueError, match="min_max: x must be of a range whose W and B are fin"):
            as_written.min_max(x, 2**53, axis)
    with pytest.raises(ValueError, match="min_max: x must be finite"):
        as_written.min_max([[np.inf, 1.0]], 8, axis)


def test_min_max_refuses_an_axis_that_x_does_not_have():
    x = np.arange(6.0).reshape(2, 3)
    for axis in (-3, 2, 0.0):
        with pytest.raises((ValueError, TypeError), match="min_max: axis must be a whole number"):
            as_written.min_max(x, 8, axis)
    assert as_written.min_max(x, 8, -2)[0].ravel().tolist() == [3.5, 3.5]  # 7 steps for 0..2


@pytest.mark.parametrize("shape", [(2, 1), (3,), (2, 2, 9)])
def test_update_refuses_a_W_or_B_that_does_not_broadcast_to_the_parameters(shape):
    p = Params.unflatten(np.arange(9.0), (2, 2, 1))
    for W, B in ((np.ones(shape), 0.0), (1.0, np.ones(shape))):
        with pytest.raises(ValueError, match=r"update: (W|B) must be of a shape that broadcasts"):
            as_written.update(p, W, B, 8)
