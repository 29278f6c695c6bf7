"""Up or down, against all roundings, least squares, inverses taken anew, and numbers by hand."""

from dataclasses import replace
from fractions import Fraction as F
from itertools import product

import numpy as np
import pytest

from quantization.cases import GRID, METHODS, layer
from refnn import derivatives
from refnn.quantization import affine, all_roundings, best_rounding, calibration
from refnn.quantization.affine import QParams


def test_nearest_is_to_the_nearest_whatever_the_inputs():
    W = [[0.4, 0.6, 1.5, -0.7, 99.0]]
    for X in (np.ones((1, 5)), np.zeros((0, 5)), np.eye(5)):
        assert best_rounding.nearest(W, GRID, X).tolist() == [[0, 1, 2, -1, 7]]


def test_nearest_is_not_best_by_hand():
    # (0.4, 0.4) on equal inputs: nearest loses 0.8, one up and one down gain 0.2
    W, X = [[0.4, 0.4]], [[1.0, 1.0], [2.0, 2.0]]
    assert best_rounding.nearest(W, GRID, X).tolist() == [[0, 0]]
    assert all_roundings.every(W, GRID, X).round(12).tolist() == [[3.2, 0.2, 0.2, 7.2]]
    # enumerated: of the two best the first. obq: the first to 0, the other by 0.8 to 1. adaround:
    # its steps keep equal weights equal.
    for method, codes in (("enumerated", [1, 0]), ("obq", [0, 1]), ("adaround", [0, 0])):
        assert getattr(best_rounding, method)(W, GRID, X).tolist() == [codes], method
    assert best_rounding.adaround([[0.4, 0.3]], GRID, X).tolist() == [[1, 0]]
    assert all_roundings.rank(W, np.array([[0, 0]]), GRID, X) == [2]
    assert all_roundings.rank(W, np.array([[7, -8]]), GRID, X) == [4]  # far off: 16.2


def test_adaround_lies_between_nearest_and_enumerated(rng):
    cases = [
        layer(rng, n=8, bits=bits, correlated=mixed, N=N)
        for bits in (2, 3, 4, 8)
        for mixed in (0, 1)
        for N in (3, 40)
    ]
    # rows on which the learned rounding alone is worse than nearest
    cases += [
        ([[-0.5, 0.8, -0.3]], GRID, [[-3.0, 2.0, 1.0], [2.0, -3.0, -1.0]]),
        ([[-0.7, 1.2, -0.4]], GRID, [[3.0, -3.0, 2.0], [3.0, -2.0, 2.0], [-3.0, -2.0, -1.0]]),
    ]
    for W, p, X in cases:
        codes = {method: getattr(best_rounding, method)(W, p, X) for method in METHODS}
        cost = {method: all_roundings.objective(W, q, p, X) for method, q in codes.items()}
        slack = 1e-13 * np.abs(cost["nearest"]).max()  # two sums of 8·40 terms: 320·2⁻⁵³ each
        assert (cost["adaround"] <= cost["nearest"]).all()
        for method in METHODS:
            assert (cost["enumerated"] <= cost[method] + slack).all(), method


def test_adaround_finds_most_of_the_best_where_nearest_finds_half():
    rng = np.random.default_rng(0)
    W, p, X = layer(rng, n=10, N=64, batch=(30,), bits=3, correlated=False)
    codes = {method: getattr(best_rounding, method)(W, p, X) for method in METHODS}
    share = {m: (all_roundings.rank(W, q, p, X) == 0).mean() for m, q in codes.items()}
    # seeds 0 to 9 gave nearest .39–.54, obq .81–.91, adaround .91–.97
    assert share["nearest"] < 0.6 and 0.75 < share["obq"]
    assert 0.9 < share["adaround"] and share["enumerated"] == 1


def by_least_squares(w, p, X):
    """OBQ without any H⁻¹: at each step the cost of a candidate and the rest's new place are least
    squares."""
    start, fixed = w.copy(), {}
    while len(fixed) < len(w):

        def placed(fixed):
            free = [j for j in range(len(w)) if j not in fixed]
            at = start.copy()
            for j, value in fixed.items():
                at[j] = value
            done = X @ (at - start)
            at[free] -= np.linalg.lstsq(X[:, free], done, rcond=None)[0]
            return at, np.square(X @ (at - start)).sum()

        here, _ = placed(fixed)
        q = affine.fake_quantize(here, p)
        costs = {i: placed({**fixed, i: q[i]})[1] for i in range(len(w)) if i not in fixed}
        i = min(costs, key=costs.get)
        fixed[i] = q[i]
    return np.array([fixed[i] for i in range(len(w))])


def by_inverting_anew(w, p, H):
    """OBQ with the inverse of what is left of H, taken anew at each step."""
    w, left = w.copy(), list(range(len(w)))
    while left:
        inverse = np.linalg.inv(H[np.ix_(left, left)])
        e = affine.fake_quantize(w, p)[left] - w[left]
        i = int(np.argmin(e**2 / np.diag(inverse)))
        w[left] += inverse[:, i] * e[i] / inverse[i, i]
        w[left[i]] = affine.fake_quantize(w[left[i]], p)
        del left[i]
    return w


def test_obq_equals_two_slow_ones():
    rng = np.random.default_rng(0)
    for bits, correlated in product((2, 3, 4), (False, True)):
        W, p, X = layer(rng, rows=10, n=6, bits=bits, correlated=correlated)
        p = QParams(p.scale * 0.7, p.zero_point, p.qmin, p.qmax)  # the largest weights saturate
        decoded = affine.dequantize(best_rounding.obq(W, p, X), p)
        for i, w in enumerate(W):
            # A code's place is exact; 1e-9 is for the one step of the slow ones that is not rounded
            # last.
            assert np.abs(decoded[i] - by_least_squares(w, p, X)).max() < 1e-9
            assert np.abs(decoded[i] - by_inverting_anew(w, p, X.T @ X)).max() < 1e-9


def test_the_first_step_of_obq_is_the_constrained_minimum(rng):
    # min δᵀHδ with δᵢ = e: δ = H⁻¹[:, i]·e/[H⁻¹]ᵢᵢ, at the cost e²/[H⁻¹]ᵢᵢ, and Lagrange's
    # conditions hold: Hδ ∝ unit i
    _, _, X = layer(rng, n=5)
    H = X.T @ X
    inverse = np.linalg.inv(H)
    for i in range(5):
        d = inverse[:, i] * 0.3 / inverse[i, i]
        slope = H @ d
        scale = np.abs(H).max() * np.abs(d).max() * np.linalg.cond(H) * 1e-14
        assert abs(d[i] - 0.3) < 1e-15 and np.abs(np.delete(slope, i)).max() < scale
        assert abs(d @ H @ d - 0.09 / inverse[i, i]) < scale
    # two weights: by hand. H = [[2, 1], [1, 2]], [H⁻¹]ᵢᵢ = 2/3: 0.3 goes first, to 0; 0.4 moves by
    # +0.15 to 0.55, to 1
    X = [[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
    assert best_rounding.obq([[0.4, 0.3]], GRID, X).tolist() == [[1, 0]]
    assert best_rounding.nearest([[0.4, 0.3]], GRID, X).tolist() == [[0, 0]]


def test_obq_never_leaves_the_floor_and_the_ceiling(rng):
    """No weight moves by more than its distance from the grid; also where H is singular and where
    weights saturate."""
    for N, bits in product((1, 3, 30), (2, 3)):
        W, p, X = layer(rng, n=8, N=N, bits=bits, batch=(40,))
        p = QParams(p.scale * 0.6, p.zero_point, p.qmin, p.qmax)
        shifted, q = W / p.scale + p.zero_point, best_rounding.obq(W, p, X)
        assert (q >= np.clip(np.floor(shifted), p.qmin, p.qmax)).all()
        assert (q <= np.clip(np.ceil(shifted), p.qmin, p.qmax)).all()


def test_obq_on_singular_and_dead_inputs():
    rng = np.random.default_rng(1)
    for _ in range(20):
        W, p, X = layer(rng, rows=3, n=6, N=4)
        X = X / np.abs(X).max(axis=0) * 0.75  # largest |x| ¾: in the unit of the rule
        H = X.T @ X
        damped = H + 1e-8 * np.trace(H) / 6 * np.eye(6)
        expected = [by_inverting_anew(w, p, damped) for w in W]
        # the damped inverse's condition is 6e8: its rounding errors are below 1e-7 of a step, and
        # no tie is that close
        assert np.abs(affine.dequantize(best_rounding.obq(W, p, X), p) - expected).max() < 1e-6
    W, p, X = layer(rng, n=6)
    X[:, 2] = 0
    rest = [0, 1, 3, 4, 5]
    q = best_rounding.obq(W, p, X)
    assert (q[:, 2] == affine.quantize(W, p)[:, 2]).all()
    assert (q[:, rest] == best_rounding.obq(W[:, rest], p, X[:, rest])).all()
    regular = np.array([[1.0, 0.0], [0.0, 2e-6]])  # measured in its own power of two: I
    assert best_rounding.obq([[0.4, 0.4]], GRID, regular).tolist() == [[0, 0]]


def test_where_inputs_are_orthogonal_all_four_agree(rng):
    W, p, _ = layer(rng, rows=20, n=8, bits=3)
    Q = np.linalg.qr(rng.standard_normal((8, 8)))[0]
    hadamard = np.array([[1.0]])
    for _ in range(3):
        hadamard = np.block([[hadamard, hadamard], [hadamard, -hadamard]])
    for X in (np.eye(8), hadamard, hadamard * 2.0 ** np.arange(8), Q * rng.uniform(0.1, 10, 8)):
        for method in METHODS:
            assert (getattr(best_rounding, method)(W, p, X) == affine.quantize(W, p)).all(), method


def test_where_the_inputs_say_nothing_all_four_are_nearest(rng):
    W, p, _ = layer(rng, n=6)
    for X in (np.zeros((0, 6)), np.zeros((4, 6))):
        for method in METHODS:
            assert (getattr(best_rounding, method)(W, p, X) == affine.quantize(W, p)).all(), method
        assert not all_roundings.every(W, p, X).any()
        assert not all_roundings.rank(W, affine.quantize(W, p), p, X).any()


def test_a_dead_input_does_not_drown_small_ones():
    W, X = [[0.4, 0.3, 0.2]], np.array([[1.0, 1.0, 0.0], [1.0, 2.0, 0.0]])
    for method, q in zip(METHODS, ([0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 0, 0])):
        for c in (1.0, 2.0**-600):  # whose square vanishes
            assert getattr(best_rounding, method)(W, GRID, c * X).tolist() == [q], method
    assert all_roundings.rank(W, np.array([[0, 0, 0]]), GRID, X * 2.0**-600) == [4]  # 2, each twice


def test_codes_do_not_hang_on_the_size_of_inputs_or_weights(rng):
    W, p, X = layer(rng, n=7, bits=3)
    W[:, 0] = p.scale  # a weight on the grid, whose change is 0, beside others
    columns = 2.0 ** np.arange(-300, 400, 100)
    for method in METHODS:
        codes = getattr(best_rounding, method)(W, p, X)
        for c in (3.0, 2.0**-1000, 2.0**1000):
            assert (getattr(best_rounding, method)(W, p, c * X) == codes).all(), (method, c)
        for c in (2.0**-1000, 2.0**1000):
            grid = QParams(p.scale * c, p.zero_point, p.qmin, p.qmax)
            assert (getattr(best_rounding, method)(W * c, grid, X * c) == codes).all(), (method, c)
        grid = QParams(p.scale / columns, np.full(7, p.zero_point), p.qmin, p.qmax, axis=1)
        moved = getattr(best_rounding, method)(W / columns, grid, X * columns)
        assert (moved == codes).all(), method
    assert (all_roundings.objective(W, codes, p, X * 2.0**1000) == np.inf).all()  # and no warning
    assert (all_roundings.every(W, p, X * 2.0**-1000) == 0).all()


def test_one_grid_a_row_and_one_a_network(rng):
    W, _, X = layer(rng, rows=2, n=6, batch=(3,))
    W = W * rng.uniform(0.1, 10, (3, 2, 1))
    for axis in (0, 1, -2, 2):
        p = calibration.choose_qparams(W, 3, axis=axis)
        for method in METHODS:
            codes = getattr(best_rounding, method)(W, p, X)
            for s, r in ((0, 1), (2, 0)):
                at = {0: s, 1: r, -2: r}.get(axis, slice(None))
                own = p.scale[at], p.zero_point[at]
                one = QParams(*own, p.qmin, p.qmax, 1 if axis == 2 else None)
                alone = getattr(best_rounding, method)(W[s, r : r + 1], one, X[s])
                assert (codes[s, r] == alone[0]).all(), (method, axis)
    p = calibration.choose_qparams(W, 3, axis=-1, block=4)  # blocks; and one X for all
    for method in METHODS:
        codes = getattr(best_rounding, method)(W, p, X[0])
        one = QParams(p.scale[1], p.zero_point[1], p.qmin, p.qmax, 1, 4)
        assert (codes[1] == getattr(best_rounding, method)(W[1], one, X[0])).all()


def test_saturated_and_whole_weights_have_one_code(rng):
    p = QParams(0.5, 2, 0, 3)  # −1 to ½
    W, X = [[-7.0, 0.25, 9.0, -0.5]], rng.standard_normal((9, 4))
    every = all_roundings.every(W, p, X).reshape(2, 2, 2, 2)  # the last index is weight 0
    for weight in (0, 2, 3):
        assert (every.take(0, 3 - weight) == every.take(1, 3 - weight)).all()
    for method in METHODS:
        [q] = getattr(best_rounding, method)(W, p, X)
        assert q.dtype == np.uint8 and q[[0, 2, 3]].tolist() == [0, 3, 1] and q[1] in (2, 3)
    # What saturates can be made up for: 0.2 goes up to replace the ¼ that 0.75 lost. obq takes the
    # cheap 0.2 first, and nothing is left to move: why its authors take outliers first.
    lost = [[0.75, 0.2]], p, [[1.0, 1.0], [1.0, 0.99]]
    codes = [getattr(best_rounding, m)(*lost)[0].tolist() for m in METHODS]
    assert codes == [[3, 2], [3, 3], [3, 2], [3, 3]]


def test_the_narrowest_dtype_and_any_precision(rng):
    W, p, X = layer(rng, n=5)
    wide = -(2**31), 2**31 - 1, np.int32
    for qmin, qmax, dtype in ((-8, 7, np.int8), (0, 255, np.uint8), (0, 256, np.uint16), wide):
        grid = QParams(2.0**-3, max(qmin, 0), qmin, qmax)
        for method in METHODS:
            assert getattr(best_rounding, method)(W, grid, X).dtype == dtype
    single = np.float32(W), replace(p, scale=np.float32(p.scale)), np.float32(X)
    fraction = W, replace(p, scale=F(float(p.scale))), X
    for method in METHODS:
        codes = getattr(best_rounding, method)(W, p, X)
        # no weight lies within 1e-6 of a decision
        assert (getattr(best_rounding, method)(*single) == codes).all()
        assert (getattr(best_rounding, method)(*fraction) == codes).all()
    assert all_roundings.objective(*single[:1], codes, *single[1:]).dtype == np.float64
    assert all_roundings.objective(W, codes, fraction[1], X).dtype == np.float64


def test_odd_shapes_and_values():
    flat, stacks = (((0, 4), 3), ((2, 0), 3), ((2, 0), 0)), (((0, 2, 4), 3), ((2, 0, 4), 3))
    for shape, N in (*flat, *stacks, ((1, 1), 1)):
        W, X = np.full(shape, 0.3), np.ones((N, shape[-1]))
        for method in METHODS:
            q = getattr(best_rounding, method)(W, GRID, X)
            assert q.shape == W.shape and q.dtype == np.int8
            assert all_roundings.objective(W, q, GRID, X).shape == W.shape[:-1]
            assert (all_roundings.rank(W, q, GRID, X) == 0).all()
        assert all_roundings.every(W, GRID, X).shape == (*W.shape[:-1], 2 ** W.shape[-1])
    big = np.finfo(float).max
    for W in ([[big, -big, 0.5]], [[5e-324, -5e-324, 0.5]], np.float16([[6e4, -6e-8, 0.5]])):
        for X in (np.full((2, 3), big), np.full((2, 3), 5e-324), np.float32([[3e38, 1e-45, 0]])):
            for scale in (1e308, np.finfo(float).tiny):
                grid = QParams(scale, 0, -8, 7)
                near = affine.quantize(W, grid).astype(int)
                for method in METHODS:
                    assert (np.abs(getattr(best_rounding, method)(W, grid, X) - near) <= 1).all()


def test_obq_uses_the_one_downdate(monkeypatch, rng):
    calls = []
    formula = derivatives.inverse_without.formula

    def seen(A, i):
        calls.append(np.shape(A))
        return formula(A, i)

    monkeypatch.setattr(derivatives.inverse_without, "formula", seen)
    W, p, X = layer(rng, n=6, batch=(3,))
    best_rounding.obq(W, p, X)
    assert calls == [(3, 5, 6, 6)] * 6  # over the weights only: all rows at once


def descent(w, scale, X, steps):
    """adaround of one row, written anew from its docstring: the slope is a complex step of the
    objective, and Adam is the textbook's."""
    zeta, gamma, weight, rate = 1.1, -0.1, 0.5, 0.02
    down = np.floor(w / scale)
    H = X.T @ X
    c = (scale**2 * np.diag(H)).sum() / len(w)

    def h_of(V):
        stretched = (zeta - gamma) / (1 + np.exp(-V)) + gamma
        inside = (stretched.real > 0) & (stretched.real < 1)
        return np.where(inside, stretched, np.clip(stretched.real, 0, 1))

    def objective(V, beta):
        h = h_of(V)
        delta = scale * (down + h) - w
        bent = 2 * h - 1
        size = np.where(bent.real < 0, -bent, bent)  # |2h − 1| on complex numbers
        return delta @ H @ delta / c + weight * (1 - size**beta).sum()

    fraction = w / scale - down
    V = -np.log((zeta - gamma) / (fraction - gamma) - 1)
    m, v = np.zeros_like(V), np.zeros_like(V)
    for t, beta in enumerate(np.linspace(20, 2, steps), start=1):
        step = 1e-30j * np.eye(len(V))
        g = np.array([objective(V + one, beta).imag / 1e-30 for one in step])
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        V = V - rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return h_of(V)


@pytest.mark.parametrize("steps", [5, 40, 1000])
def test_adarounds_descent_is_that_of_its_docstring(steps, monkeypatch):
    """Few steps leave h between 0 and 1, where every constant counts."""
    monkeypatch.setattr(best_rounding, "STEPS", steps)
    rng = np.random.default_rng(3)
    X, scale = rng.standard_normal((12, 4)), 0.3
    W = rng.uniform(-1, 1, (2, 4))
    layer = all_roundings.layer_of(W, QParams(scale, 0, -8, 7), X)
    codes = all_roundings.down_and_up(W, QParams(scale, 0, -8, 7))
    _, d_down, d_up = all_roundings.errors(layer, *codes)
    h = best_rounding._learned(d_down, d_up, layer.X)
    for row in range(2):
        np.testing.assert_allclose(h[row], descent(W[row], scale, X, steps), rtol=1e-5, atol=1e-7)


def test_adaround_rounds_up_from_a_half_on_and_keeps_nearest_where_it_is_as_good(monkeypatch):
    X = [[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [1.0, 0.0, 0.0]]  # the second weight is to go up
    for h, codes in (([0.49, 0.5, 0.49], [0, 1, 0]), ([0.0, 0.49, 0.0], [0, 0, 0])):
        monkeypatch.setattr(best_rounding, "_learned", lambda *_, h=h: np.array([h]))
        assert best_rounding.adaround([[0.4, 0.4, 0.3]], GRID, X).tolist() == [codes]
        # a half is as far from both sides, and nearest takes the even one
        halves = best_rounding.adaround([[0.5, 1.5, -0.5]], GRID, np.eye(3))
        assert halves.tolist() == [[0, 2, 0]]


@pytest.mark.parametrize(("e", "damping"), [(2.2e-6, 0), (1.8e-6, F("1e-8"))])
def test_obq_damps_H_by_1e_8_of_its_mean_where_its_reciprocal_condition_is_below_1e_12(e, damping):
    """H = [[1, 1], [1, 1 + e²]] has the eigenvalues 2 and e²/2, to first order in e²."""
    H = F(1), F(1), F(1) + F(e) ** 2
    more = damping * (H[0] + H[2]) / 2
    a, b, d = H[0] + more, H[1], H[2] + more
    exact = np.array([[d, -b], [-b, a]]) / (a * d - b * b)
    inverse = best_rounding._inverse(np.array([[1.0, 1.0], [0.0, e]]))
    np.testing.assert_allclose(inverse, exact.astype(float), rtol=1e-3)  # 2^−52 in 1e-12
