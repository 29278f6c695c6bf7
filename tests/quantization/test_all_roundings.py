"""All roundings of a row or a network, against plain loops over exact Fractions and numbers by
hand."""

from fractions import Fraction as F
from itertools import product

import numpy as np
import pytest

from quantization.cases import GRID, METHODS, layer
from refnn import article, network
from refnn.network import Params
from refnn.quantization import affine, all_roundings, best_rounding, calibration
from refnn.quantization.affine import QParams


def dyadic(rng, rows=3, n=5, N=4):
    """Exact in floats, sums and all: sixteenths, a scale of ¼, small whole inputs. Some weights
    saturate."""
    W, X = rng.integers(-24, 25, (rows, n)) / 16, rng.integers(-3, 4, (N, n)).astype(float)
    return W, QParams(0.25, 1, -4, 5), X


def by_fractions(W, p, X):
    """(objective, codes) of every rounding of each row: a plain loop over itertools.product."""
    for w in W:
        exact = [F(v) / F(p.scale) for v in w.tolist()]
        sides = [[side + p.zero_point for side in (v.__floor__(), v.__ceil__())] for v in exact]
        clipped = [[min(max(q, p.qmin), p.qmax) for q in pair] for pair in sides]
        costs = []
        for codes in product(*clipped[::-1]):  # the first weight turns fastest
            codes = codes[::-1]
            d = [(q - p.zero_point) * F(p.scale) - F(v) for q, v in zip(codes, w.tolist())]
            costs.append((sum(sum(a * F(b) for a, b in zip(d, x)) ** 2 for x in X.tolist()), codes))
        yield costs


def test_everything_equals_a_plain_loop_over_fractions(rng):
    for _ in range(20):
        W, p, X = dyadic(rng)
        every, best = all_roundings.every(W, p, X), best_rounding.enumerated(W, p, X)
        for i, costs in enumerate(by_fractions(W, p, X)):
            exact = [cost for cost, _ in costs]
            assert [F(v) for v in every[i].tolist()] == exact  # no tolerance
            first = exact.index(min(exact))
            assert tuple(best[i].tolist()) == costs[first][1]
            for cost, codes in costs[::5]:
                one = all_roundings.objective(W[i : i + 1], np.array([codes]), p, X)
                rank = all_roundings.rank(W[i : i + 1], np.array([codes]), p, X)
                assert one == [float(cost)] and rank == [sum(c < cost for c, _ in costs)]
            own = np.array([costs[int(rng.integers(len(costs)))][1]])
            own[0, rng.integers(own.size)] = rng.integers(p.qmin, p.qmax + 1)  # perhaps far off
            [cost] = all_roundings.objective(W[i : i + 1], own, p, X)
            rank = all_roundings.rank(W[i : i + 1], own, p, X)
            assert rank == [sum(c < F(cost) for c, _ in costs)]


def test_objective_by_hand():
    # w = (¼, ½) to (1, 0): δ = (¾, −½). X = (1, 1), (2, −3): (¼)² + 3² = 145/16. Without cross
    # terms: 45/16 + 10/4.
    codes = np.array([[1, 0]])
    X = np.array([[1.0, 1.0], [2.0, -3.0]])
    assert all_roundings.objective([[0.25, 0.5]], codes, GRID, X).tolist() == [145 / 16]
    H, d = X.T @ X, np.array([0.75, -0.5])
    assert d @ H @ d == 145 / 16
    assert (d * d * np.diag(H)).sum() == 85 / 16 and d @ (X @ X.T) @ d == 82 / 16
    shifted = QParams(np.float32(0.5), 3, 0, 7)  # ŵ = (7 − 3)/2, (0 − 3)/2; δ = −¼, −½
    cost = all_roundings.objective([[2.25, -1.0]], np.array([[7, 0]]), shifted, X)
    assert cost.tolist() == [1.5625]


def test_of_all_roundings_the_first_weight_is_bit_0(rng):
    W, p, X = layer(rng, rows=2, n=7, batch=(3,))
    every, best = all_roundings.every(W, p, X), best_rounding.enumerated(W, p, X)
    down = np.clip(np.floor(W / p.scale) + p.zero_point, p.qmin, p.qmax)
    index = ((best > down) * 2 ** np.arange(7)).sum(axis=-1)
    assert every.shape == (3, 2, 128) and (index == every.argmin(axis=-1)).all()
    assert (all_roundings.rank(W, best, p, X) == 0).all()


def test_a_rounding_is_compared_with_the_entry_of_the_table_that_is_its_own(rng):
    """Its cost computed in another way could be off by a last bit, and the best would rank 1."""
    W, p, X = layer(rng, rows=200, n=5)
    assert (all_roundings.rank(W, best_rounding.enumerated(W, p, X), p, X) == 0).all()
    every, (down, up) = all_roundings.every(W, p, X), all_roundings.down_and_up(W, p)
    second = np.argsort(every, axis=-1)[:, 1]
    codes = np.where(second[:, None] >> np.arange(5) & 1, up, down)
    below = (every < np.take_along_axis(every, second[:, None], -1)).sum(axis=-1)
    assert (all_roundings.rank(W, codes, p, X) == below).all()


@pytest.mark.parametrize("batch", [(3,), (2, 3)])
def test_each_layer_of_a_stack_is_judged_on_its_own_inputs_or_on_shared_ones(batch, rng):
    W, p, X = layer(rng, rows=2, n=4, batch=batch)
    codes = np.clip(affine.quantize(W, p) + rng.integers(-1, 2, W.shape), p.qmin, p.qmax)
    for inputs in (X, X[(0,) * len(batch)]):
        every, rank = all_roundings.every(W, p, inputs), all_roundings.rank(W, codes, p, inputs)
        for s in np.ndindex(batch):
            own = inputs if inputs.ndim == 2 else inputs[s]
            np.testing.assert_allclose(every[s], all_roundings.every(W[s], p, own), rtol=1e-12)
            assert (rank[s] == all_roundings.rank(W[s], codes[s], p, own)).all()


def test_ten_weights_have_1024_roundings_eleven_with_the_bias(rng):
    params = network.init(rng)
    W, b, X = params.W_ih, rng.standard_normal(5), rng.standard_normal((50, 10))
    p = calibration.choose_qparams(W, 3)
    assert all_roundings.every(W, p, X).shape == (5, 1024)
    W1, X1 = np.column_stack([W, b]), np.column_stack([X, np.ones(50)])
    every = all_roundings.every(W1, p, X1)
    q = best_rounding.enumerated(W1, p, X1)
    assert every.shape == (5, 2048) and q.shape == (5, 11)
    z = X @ W.T + b
    z_hat = X @ affine.dequantize(q[:, :10], p).T + affine.dequantize(q[:, 10], p)
    np.testing.assert_allclose(np.square(z_hat - z).sum(axis=0), every.min(axis=-1), rtol=1e-11)


def test_the_printed_network_has_32768_roundings():
    params = Params(*(a.astype(float) for a in article.parameters().arrays()))
    X, y = article.data()
    grids = [calibration.choose_qparams(a, 3, signed=False) for a in params.arrays()]
    J = all_roundings.every_network(params, grids, X, y)
    assert J.shape == (2**15,)
    sides = [
        [np.clip(f(a / p.scale), 0, 7) * p.scale for a, p in zip(params.arrays(), grids)]
        for f in (np.floor, np.ceil)
    ]
    down, up = (np.concatenate([a.ravel() for a in side]) for side in sides)
    for index in [0, 1, 2**10, 2**14, 2**15 - 1, *range(77, 2**15, 997)]:
        t = np.array([up[i] if index >> i & 1 else down[i] for i in range(15)])
        y_hat = np.tanh(X @ t[:10].reshape(2, 5).T + t[10:12]) @ t[12:14] + t[14]
        assert abs(J[index] - 0.5 * np.square(y_hat - y[:, 0]).sum()) < 1e-12 * (1 + J[index])
    codes = Params(*map(affine.quantize, params.arrays(), grids))
    nearest = all_roundings.network_index(params, codes, grids)
    decoded = Params(*map(affine.dequantize, codes.arrays(), grids))
    assert abs(J[nearest] - network.loss(network.forward(decoded, X).y_hat, y)) < 1e-12
    # 4 of the 15 lie on their grid: each of 2¹¹ networks 16 times; 77 are better, the nearest to it
    # in J by 0.1 %
    assert (down != up).sum() == 11 and (J < J[nearest]).sum() == 77 * 16
    shared = calibration.choose_qparams(params.flatten(), 3, signed=False)
    J = [all_roundings.every_network(params, grids, X, y) for grids in (shared, [shared] * 4)]
    assert (J[0] == J[1]).all()


def test_one_layer_judged_as_a_network_or_by_its_output_is_the_same(rng):
    # identity, W_ho = 1 on the grid, biases 0: ŷ = X·W_ihᵀ, so that J = ½ of the objective where y
    # is the unrounded ŷ
    W, X = rng.standard_normal((1, 9)), rng.standard_normal((30, 9))
    p = calibration.choose_qparams(W, 3)
    one = QParams(1.0, 0, -8, 7)
    params = Params(W, [0.0], [[1.0]], [0.0])
    J = all_roundings.every_network(params, [p, one, one, one], X, X @ W.T, "identity")
    np.testing.assert_allclose(2 * J[:512], all_roundings.every(W, p, X)[0], rtol=1e-9)
    assert (J.reshape(8, 512) == J[:512]).all()  # the biases and W_ho have one code


def test_more_than_16_weights_are_refused_where_all_roundings_are_tried(rng):
    W, p, X = layer(rng, n=17, rows=2)
    every, best, rank = all_roundings.every, best_rounding.enumerated, all_roundings.rank
    for function, more in ((best, ()), (every, ()), (rank, (affine.quantize(W, p),))):
        refusal = rf"{function.__name__}: W must be of at most 16 weights a row"
        with pytest.raises(ValueError, match=refusal):
            function(W, *more, p, X)
    for method in METHODS[:3]:
        assert getattr(best_rounding, method)(W, p, X).shape == (2, 17)
    assert best_rounding.enumerated(W[:1, :16], p, X[:5, :16]).shape == (1, 16)
    tall = rng.standard_normal((2, 17, 3))  # 17 rows of 3 weights, and 3 rows of 17
    assert every(tall, p, X[:, :3]).shape == (2, 17, 8)
    with pytest.raises(ValueError, match="every: W must be of at most 16 weights a row"):
        every(tall.mT, p, X)
    refusal = "every_network: params must be one network of at most 16 parameters"
    with pytest.raises(ValueError, match=refusal):
        all_roundings.every_network(network.init(rng, (5, 3, 1)), p, X[:, :5], X[:, :1])


def test_methods_and_all_roundings_refuse_layers_codes_and_grids_that_do_not_fit(rng):
    W, p, X = layer(rng, n=4)
    q = affine.quantize(W, p)
    for bad_W, bad_X, word in (
        (W[0], X, "W"),
        (W, X[0], "X"),
        (W, X[:, :3], "X"),
        (W, X[None], "X"),
        ([[F(1, 3)] * 4], X, "W"),
        (W, [[F(1, 3)] * 4], "X"),
        (W * np.nan, X, "W"),
    ):
        for function in (*[getattr(best_rounding, m) for m in METHODS], all_roundings.every):
            refusal = rf"{function.__name__}: {word} must be"
            with pytest.raises((ValueError, TypeError), match=refusal):
                function(bad_W, p, bad_X)
    refusal = r"every: X must be of shape \(N, 4\) or \(2,\) \+ \(N, 4\) beside W \(2, 3, 4\)"
    for bad_X in (X[:, :3], np.stack([X] * 3)):
        with pytest.raises(ValueError, match=refusal):
            all_roundings.every(np.ones((2, 3, 4)), p, bad_X)
    q[1, 2] = p.qmax
    low, high = q.astype(int), q.astype(int)
    low[1, 2], high[1, 2] = p.qmin - 1, p.qmax + 1
    for codes in (q[0], q * 1.0, q + 100, low, high):
        for function in ("objective", "rank"):
            with pytest.raises((ValueError, TypeError), match=rf"{function}: codes must be"):
                getattr(all_roundings, function)(W, codes, p, X)
    params = network.init(rng, (2, 2, 1))
    for grids in (None, [p] * 3, [p, p, p, 0.5]):
        refusal = "every_network: grids must be a QParams or four of them"
        with pytest.raises(ValueError, match=refusal):
            all_roundings.every_network(params, grids, X[:, :2], X[:, :1])
    grid = QParams(0.5, 0, -8, 7)
    codes = np.floor(params.flatten() / 0.5).astype(int)
    assert all_roundings.network_index(params, Params.unflatten(codes, (2, 2, 1)), grid) == 0
    for off in (
        np.full(9, 7),
        codes - np.eye(9, dtype=int)[4],
        codes + 2 * np.eye(9, dtype=int)[4],
    ):
        far = Params.unflatten(off, (2, 2, 1))
        with pytest.raises(ValueError, match="network_index: codes must be the floor or the ceil"):
            all_roundings.network_index(params, far, grid)
    with pytest.raises(ValueError, match="every_network: params must be one network"):
        all_roundings.every_network(network.init(rng, (2, 2, 1), (3,)), p, X[:, :2], X[:, :1])
