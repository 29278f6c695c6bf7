"""The straight-through gradient by hand at every edge, and training through it against a plain
loop."""

import numpy as np
import pytest

from refnn import data, network, training
from refnn.network import Params
from refnn.quantization import affine, straight_through
from refnn.quantization.affine import QParams

GRID = QParams(0.5, 1, -2, 5)  # codes −2 .. 5 are −1.5 .. 2


def test_gradient_by_hand_at_every_edge():
    x = np.array([-9, -1.76, -1.75, -1.74, -1.5, 0, 0.2, 2, 2.24, 2.25, 2.26, 1e300])
    code = [-17, -3, -3, -2, -2, 1, 1, 5, 5, 5, 6, None]  # round(x/½) + 1, half to even, unclipped
    inside = [0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0]
    assert affine.quantize_steps(x, GRID).shifted[:-1].tolist() == code[:-1]
    passed = straight_through.gradient(np.arange(1.0, 13), x, GRID)
    assert passed.tolist() == (np.arange(1, 13) * inside).tolist()
    per_row = QParams(np.array([0.5, 50.0]), np.array([1, 0]), -2, 5, axis=0)
    passed = straight_through.gradient(np.ones((2, 2)), [[9.0, 1], [9, 1]], per_row)
    assert passed.tolist() == [[0, 1], [1, 1]]
    assert straight_through.gradient(np.float32([1]), np.float32([9]), GRID).dtype == np.float32


def small(rng, batch=()):
    start = network.init(rng, (3, 2, 1), batch)
    params = start.map(lambda a: a + 0.3 * rng.standard_normal(a.shape))
    X = rng.standard_normal((*batch, 17, 3))
    return params, X, np.sin(X.sum(-1, keepdims=True))


def plain(params, X, y, grids, steps, lr, mask=None):
    """Gradient descent, array by array, with affine's own fake quantization and the gradient rule;
    J and the best."""
    J, best = [], None
    for step in range(steps + 1):
        used = Params(*(affine.fake_quantize(a, g) for a, g in zip(params.arrays(), grids)))
        J.append(network.loss(network.forward(used, X).y_hat, y))
        best = params if best is None or J[-1] < min(J[:-1]) else best
        if step < steps:
            slopes = network.backward(used, X, y)
            through = map(straight_through.gradient, slopes.arrays(), params.arrays(), grids)
            params = params.map(lambda a, slope: a - lr * slope, Params(*through))
            params = params if mask is None else network.apply_mask(params, mask)
    return J, best


@pytest.mark.parametrize("bits", [2, 3, 8])
def test_training_equals_a_plain_loop(bits, rng):
    params, X, y = small(rng)
    grids = straight_through.grids(params, bits)
    aware = straight_through.fit(params, X, y, grids, steps=40, lr=0.01, optimizer="gd")
    J, best = plain(params, X, y, grids, 40, 0.01)
    # a sum in another order: 17 terms, forty steps; a weight could round to the other side only at
    # a tie
    np.testing.assert_allclose(aware.history, J, rtol=1e-10)
    np.testing.assert_allclose(aware.params.flatten(), best.flatten(), rtol=1e-9, atol=1e-12)
    wanted = straight_through.fake_quantize(aware.params, grids).flatten()
    assert aware.quantized.flatten().tolist() == wanted.tolist()  # exactly affine's
    last = network.loss(network.forward(aware.quantized, X).y_hat, y)
    assert last == pytest.approx(min(J), rel=1e-10)


def test_small_steps_are_collected_in_the_real_parameters(rng):
    """Each step is a hundredth of half a step of the grid: moved on the quantized weights it would
    round away."""
    params = Params([[1.0]], [0.0], [[1.0]], [0.0])
    grid, X = QParams(0.5, 0, -8, 7), np.array([[1.0]])
    rule = {"steps": 400, "lr": 0.0025, "optimizer": "gd", "activation": "identity"}
    aware = straight_through.fit(params, X, [[3.0]], (grid, None, None, None), **rule)
    assert aware.history[0] == 2 and aware.history.min() < 0.15
    assert aware.quantized.W_ih == 1.5  # from 1, whose code no single step leaves


def test_a_stack_trains_like_its_networks_and_masks_hold(rng):
    params, X, y = small(rng, (3,))
    grids = straight_through.grids(params, 3)
    mask = params.map(lambda a: rng.random(a.shape) < 0.6)
    rule = {"steps": 30, "lr": 0.01, "weight_decay": 0.1}
    aware = straight_through.fit(params, X, y, grids, mask=mask, **rule)
    assert not aware.quantized.flatten()[~mask.flatten()].any()
    assert not aware.params.flatten()[~mask.flatten()].any()
    for i in range(3):
        one, kept = (Params(*(a[i] for a in p.arrays())) for p in (params, mask))
        own = [QParams(g.scale[i], int(g.zero_point[i]), g.qmin, g.qmax) for g in grids]
        alone = straight_through.fit(one, X[i], y[i], own, mask=kept, **rule)
        np.testing.assert_allclose(aware.history[i], alone.history, rtol=1e-10)


def test_none_stays_real_and_many_bits_are_float_training(rng):
    params, X, y = small(rng)
    aware = straight_through.fit(params, X, y, (None,) * 4, steps=20, lr=0.01)
    real = training.fit(params, X, y, steps=20, lr=0.01)
    assert aware.history.tolist() == real.history.tolist()
    wide = [QParams(2.0**-40, 0, -(2**50), 2**50)] * 4
    # 2^-41 a weight at most, times slopes below 100 and 11 weights: 5e-10
    aware = straight_through.fit(params, X, y, wide, steps=20, lr=0.01)
    np.testing.assert_allclose(aware.history, real.history, atol=1e-8)


@pytest.mark.parametrize("bits", [8, 24, 26, 32])
def test_float32_is_quantized_as_affine_does_it_at_any_number_of_bits(bits, rng):
    params, X, y = small(rng)
    single = params.map(np.float32)
    many, few = (straight_through.grids(single, b) for b in (bits, 4))
    for grids in (many, (*many[:2], few[2], None)):  # and wide grids beside a narrow one
        aware = straight_through.fit(single, np.float32(X), np.float32(y), grids, steps=3, lr=0.01)
        wanted = straight_through.fake_quantize(aware.params, grids).flatten()
        assert aware.quantized.flatten().dtype == np.float32
        assert aware.quantized.flatten().tolist() == wanted.tolist()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("qmin", "qmax"),
    [(0, 2**26), (-(2**26), 0), (-(2**24), 2**24), (-7, 2**24 + 1), (-(2**24) - 1, 7)],
)
def test_codes_beyond_two_to_24_on_either_side_are_computed_in_float64(qmin, qmax, dtype, rng):
    """θ/scale lies near 2^24, where a quotient in float32 is off by half a code."""
    params = network.init(rng, (9, 8, 1)).map(lambda a: a.astype(dtype))
    grid = QParams(1.3e-7, 0, qmin, qmax)
    X, y = np.ones((1, 9), dtype), np.ones((1, 1), dtype)
    for grids in ((grid,) * 4, (grid, None, GRID, None)):
        aware = straight_through.fit(params, X, y, grids, steps=0, lr=0.1)
        for got, a, g in zip(aware.quantized.arrays(), params.arrays(), grids):
            wanted = a if g is None else affine.fake_quantize(a, g)
            assert got.dtype == dtype and got.tolist() == wanted.tolist()


def test_of_equal_losses_the_first_is_returned(rng):
    """Steps that change no code leave J where it is."""
    params, X, y = small(rng)
    grids = straight_through.grids(params, 3)
    aware = straight_through.fit(params, X, y, grids, steps=5, lr=1e-9)
    assert len(set(aware.history)) == 1
    assert (aware.params.flatten() == params.flatten()).all()


def test_never_above_quantizing_after_training_on_diabetes():
    X, y, _, _ = data.split(data.load("diabetes"), 0)
    start = network.init(np.random.default_rng(0))
    params = training.fit(start, X, y, steps=300, lr=0.01, weight_decay=10.0).params
    for bits in (2, 3):
        grids = straight_through.grids(params, bits)
        aware = straight_through.fit(params, X, y, grids, steps=100, lr=0.003)
        quantized = straight_through.fake_quantize(params, grids)
        after = network.loss(network.forward(quantized, X).y_hat, y)
        assert aware.history[0] == pytest.approx(after, rel=1e-12) and aware.history.min() < after


def test_gradient_grids_and_fit_refuse_shapes_stacks_and_grids_that_do_not_fit(rng):
    params, X, y = small(rng)
    shapes = r"gradient: upstream must be of the shape of x, \(3,\), got shape \(1,\)"
    with pytest.raises(ValueError, match=shapes):
        straight_through.gradient([1.0], [1.0, 2.0, 3.0], GRID)
    with pytest.raises(TypeError, match="fit: grids must be four QParams"):
        straight_through.fit(params, X, y, GRID, steps=1, lr=0.1)
    with pytest.raises(ValueError, match="fit: lr must be positive"):
        straight_through.fit(params, X, y, (GRID,) * 4, steps=1, lr=0)
    rows = QParams([0.5, 0.5], 0, -8, 7)
    with pytest.raises(ValueError, match="fit: axis must be given where scale"):
        straight_through.fit(params, X, y, (rows, GRID, GRID, GRID), steps=1, lr=0.1)
    with pytest.raises(ValueError, match="grids: params must be one network"):
        straight_through.grids(network.init(rng, (3, 2, 1), (2, 2)), 3)


def test_grids_name_the_array_that_has_none():
    params = network.init(np.random.default_rng(0)).map(lambda a: a * 1e-310)
    with pytest.raises(ValueError, match=r"^grids: params\.W_ih must be of a range whose scale"):
        straight_through.grids(params, 8)
    with pytest.raises(ValueError, match=r"^grids: bits must be a whole number from 2 to 32"):
        straight_through.grids(params, 33)


def test_a_scale_beyond_the_precision_of_the_network_is_refused():
    params, X = (
        Params(*(a.astype(np.float32) for a in network.init(np.random.default_rng(0)).arrays())),
        np.ones((3, 10)),
    )
    for scale in (1e39, 1e-46):
        four = (QParams(scale, 0, -8, 7),) * 4
        with pytest.raises(ValueError, match=r"^fit: scale must be a normal number in float32"):
            straight_through.fit(params, X, np.ones((3, 1)), four, steps=1, lr=0.1)
