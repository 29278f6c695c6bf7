"""Networks of integers against C code in Python's whole numbers, exact fractions and plain
loops."""

from dataclasses import replace
from fractions import Fraction as F
from itertools import pairwise, permutations

import numpy as np
import pytest

from quantization.cases import HIGH, in_c
from refnn import data, network, training
from refnn.network import ACTIVATIONS, Params
from refnn.quantization import affine, calibration, integer
from refnn.quantization.affine import QParams


def example(rng, sizes=(10, 5, 1), N=40):
    start = network.init(rng, sizes)
    b_h, b_o = (0.3 * rng.standard_normal(units) for units in sizes[1:])
    return Params(start.W_ih, b_h, start.W_ho, b_o), rng.standard_normal((N, sizes[0]))


def cases(rng, all_bits=(2, 3, 5, 8)):
    for activation in ACTIVATIONS:
        for per_row in (False, True):
            for bits in all_bits:
                p, X = example(rng, (4, 3, 2), 12)
                yield p, X, integer.convert(p, X, bits, per_row, activation)


def one_of(value, j):
    return int(np.ravel(value)[j % np.size(value)])


def accumulators(codes, p, W, bias):
    return [
        sum((q - p.zero_point) * w for q, w in zip(codes, row)) + b
        for row, b in zip(W.tolist(), bias.tolist())
    ]


def rescaled(a, multiplier, shift, p):
    return [
        in_c(v, one_of(multiplier, j), one_of(shift, j), p.zero_point, p.qmin, p.qmax)
        for j, v in enumerate(a)
    ]


def test_forward_is_a_loop_over_whole_numbers(rng):
    """Every code and accumulator by hand: unfolded zero points, gemmlowp's C code, the table read
    from its first code.

    A new X, wider than the calibration's, so that codes saturate at both ends.
    """
    for _, X, n in cases(rng):
        X = 1.5 * X
        f = integer.forward(n, X)
        x, z, h, y = n.x_qparams, n.z_h_qparams, n.h_qparams, n.y_hat_qparams
        table = dict(zip(range(z.qmin, z.qmax + 1), n.table.tolist()))
        for i, row in enumerate(affine.quantize(X, x).tolist()):
            a_h = accumulators(row, x, n.W_ih, n.b_h)
            q_z = rescaled(a_h, n.multiplier_h, n.shift_h, z)
            q_h = [table[q] for q in q_z]
            a_o = accumulators(q_h, h, n.W_ho, n.b_o)
            q_y = rescaled(a_o, n.multiplier_o, n.shift_o, y)
            assert [part[i].tolist() for part in f[3:]] == [row, a_h, q_z, q_h, a_o, q_y]
        assert f._fields[3:6] == ("x_codes", "accumulator_h", "z_h_codes")
        assert f._fields[6:] == ("h_codes", "accumulator_o", "y_hat_codes")
        decoded = (f.z_h, f.z_h_codes, z), (f.h, f.h_codes, h), (f.y_hat, f.y_hat_codes, y)
        for got, codes, p in decoded:
            assert got.dtype == np.float64 and (got == affine.dequantize(codes, p)).all()
        assert f.accumulator_h.dtype == f.accumulator_o.dtype == np.int32
        assert f.x_codes.dtype == f.h_codes.dtype == n.W_ih.dtype == n.table.dtype == np.int8


def test_convert_makes_the_grids_biases_and_multipliers_of_the_formulas(rng):
    for p, X, n in cases(rng, (8, 4)):
        bits = 8 if n.x_qparams.qmax == 127 else 4
        seen = network.forward(p, X, n.activation)
        of_W = {"symmetric": True, "axis": 0 if np.ndim(n.W_ih_qparams.scale) == 1 else None}
        for got, x, options in (
            (n.x_qparams, X, {}),
            (n.z_h_qparams, seen.z_h, {}),
            (n.h_qparams, seen.h, {}),
            (n.y_hat_qparams, seen.y_hat, {}),
            (n.W_ih_qparams, p.W_ih, of_W),
            (n.W_ho_qparams, p.W_ho, of_W),
        ):
            expected = calibration.choose_qparams(x, bits, **options)
            assert (got.scale == expected.scale).all()
            assert np.all(got.zero_point == expected.zero_point)
            assert (got.qmin, got.qmax) == (expected.qmin, expected.qmax)
        assert (n.W_ih == affine.quantize(p.W_ih, n.W_ih_qparams)).all()
        assert (n.W_ho == affine.quantize(p.W_ho, n.W_ho_qparams)).all()
        s_x, s_z, s_h, s_y = (
            grid.scale for grid in (n.x_qparams, n.z_h_qparams, n.h_qparams, n.y_hat_qparams)
        )
        for b, codes, s_in, W, s_out, multiplier, shift in (
            (p.b_h, n.b_h, s_x, n.W_ih_qparams, s_z, n.multiplier_h, n.shift_h),
            (p.b_o, n.b_o, s_h, n.W_ho_qparams, s_y, n.multiplier_o, n.shift_o),
        ):
            assert codes.dtype == np.int32 and np.shape(multiplier) == np.shape(W.scale)
            for j, bias in enumerate(b):
                scale = F(float(s_in)) * F(float(np.broadcast_to(W.scale, len(b))[j]))
                # the float s_x·s_W and the quotient are each off by 2^−53 of themselves: far from
                # moving these codes
                assert abs(codes[j] - F(float(bias)) / scale) <= F(1, 2) + F(1, 10**9)
                real = one_of(multiplier, j) * F(2) ** (-31 - one_of(shift, j))
                assert abs(real / (scale / F(float(s_out))) - 1) < F(1, 2**31) + F(1, 2**50)


def test_every_row_of_the_table(rng):
    for _, _, n in cases(rng):
        z, h = n.z_h_qparams, n.h_qparams
        assert len(n.table) == z.qmax - z.qmin + 1
        f = {
            "tanh": np.tanh,
            "sigmoid": lambda v: 1 / (1 + np.exp(-v)),
            "relu": lambda v: max(v, 0.0),
            "identity": lambda v: v,
        }[n.activation]
        for q, code in zip(range(z.qmin, z.qmax + 1), n.table.tolist()):
            exact = f((q - z.zero_point) * z.scale) / h.scale + h.zero_point
            assert abs(code - min(max(exact, h.qmin), h.qmax)) <= 0.5 + 1e-9
        assert n.table[z.zero_point - z.qmin] == affine.quantize(f(0.0), h)  # f(0) is where 0 is


def test_integers_are_within_one_code_of_the_reals_at_every_requantize(rng):
    """The allowance: rint is off by ½ at most, the two roundings by ½ + 2^−(shift+1) ≤ ¾ (shift ≤
    0: one of them, ½), and M by 2^−31 of at most 2^9 codes. Whole numbers at most 1¼ + 2^−22 from
    each other differ by one at most. ŷ, end to end: one code of z moves h by the table's largest
    step d, so ŷ's accumulator by d·Σ|W_ho|, then as above."""
    moved = 0
    for p, X, n in cases(rng):
        f, stages = integer.forward(n, X), integer.ladder(n, p, X)
        for a, x, W, z, codes in (
            (f.accumulator_h, n.x_qparams, n.W_ih_qparams, n.z_h_qparams, f.z_h_codes),
            (f.accumulator_o, n.h_qparams, n.W_ho_qparams, n.y_hat_qparams, f.y_hat_codes),
        ):
            by_reals = affine.quantize(a * (x.scale * W.scale), z).astype(int)
            assert np.abs(codes - by_reals).max() <= 1
            moved += (codes != by_reals).sum()
        step = np.diff(n.table.astype(int)).max() * np.abs(n.W_ho.astype(int)).sum(axis=1)
        allowed = step * n.h_qparams.scale * n.W_ho_qparams.scale + 1.2501 * n.y_hat_qparams.scale
        assert (np.abs(stages.integers - stages.table) <= allowed * (1 + 1e-9)).all()
    assert moved > 0  # the allowance is used


def test_the_ladder_adds_one_cause_at_a_step(rng):
    for p, X, n in cases(rng):
        stages = integer.ladder(n, p, X)
        assert (stages.float == network.forward(p, X, n.activation).y_hat).all()
        W_ih = affine.dequantize(n.W_ih, n.W_ih_qparams)
        W_ho = affine.dequantize(n.W_ho, n.W_ho_qparams)
        of_b_h = n.x_qparams.scale * n.W_ih_qparams.scale
        of_b_o = n.h_qparams.scale * n.W_ho_qparams.scale
        decoded = Params(W_ih, n.b_h * of_b_h, W_ho, n.b_o * of_b_o)
        assert np.abs(decoded.b_h - p.b_h).max() <= 0.5001 * np.max(of_b_h)
        assert (stages.weights == network.forward(decoded, X, n.activation).y_hat).all()
        z = network.forward(decoded, affine.fake_quantize(X, n.x_qparams), n.activation).z_h
        h = affine.fake_quantize(ACTIVATIONS[n.activation][0](z), n.h_qparams)
        y_hat = affine.fake_quantize(h @ W_ho.T + decoded.b_o, n.y_hat_qparams)
        assert (stages.activations == y_hat).all()
        z_codes = affine.quantize(z, n.z_h_qparams).astype(int)
        h = affine.dequantize(n.table[z_codes - n.z_h_qparams.qmin], n.h_qparams)
        y_hat = affine.fake_quantize(h @ W_ho.T + decoded.b_o, n.y_hat_qparams)
        assert (stages.table == y_hat).all()
        assert (stages.integers == integer.forward(n, X).y_hat).all()
        exact = [np.array([F(v) for v in stage.flat]) for stage in stages]
        steps = sum(after - before for before, after in pairwise(exact))
        assert (steps == exact[-1] - exact[0]).all()


def partial_sums(row, W, bias):
    return (
        abs(sum(terms[:k]))
        for terms in permutations([*(q * w for q, w in zip(row, W)), bias])
        for k in range(len(terms) + 1)
    )


def test_the_static_bound_holds_in_every_order_and_is_reached(rng):
    for _, X, n in cases(rng):
        limits = integer.bound(n)
        assert limits.limit == HIGH
        for W, b, p, limit in (
            (n.W_ih, n.b_h, n.x_qparams, limits.accumulator_h),
            (n.W_ho, n.b_o, n.h_qparams, limits.accumulator_o),
        ):
            folded, W = integer.fold(b, W, p.zero_point).tolist(), W.astype(int)
            expected = np.abs(W).sum(axis=1) * -p.qmin + np.abs(folded)
            assert limit.tolist() == expected.tolist()
            drawn = rng.integers(p.qmin, p.qmax, W.shape, endpoint=True)
            for codes in (np.where(W > 0, p.qmin, p.qmax), np.where(W > 0, p.qmax, p.qmin), drawn):
                for j in range(len(W)):
                    sums = partial_sums(codes[j].tolist(), W[j].tolist(), folded[j])
                    assert max(sums) <= limit[j]
        f = integer.forward(n, 100 * X)
        assert (np.abs(f.accumulator_h) <= limits.accumulator_h).all()
        assert (np.abs(f.accumulator_o) <= limits.accumulator_o).all()
    # reached: weights of one sign, all inputs at the code −128, a folded bias of the same sign
    p = Params([[-1.0, -2.0]], [5.0], [[1.0]], [0.0])
    n = integer.convert(p, [[-1.0, -1.0], [0.5, 1.0]], activation="relu")
    reached = integer.forward(n, [[-9.0, -9.0]]).accumulator_h[0]
    assert integer.bound(n).accumulator_h.tolist() == reached.tolist()


def test_integers_reach_the_floats_on_real_data():
    # R² on the test rows, integers − floats, measured on the first 50 seeds: from −.0024 to .0021,
    # median −.0001.
    for seed in range(4):
        s = data.split(data.load("diabetes"), seed)
        start = network.init(np.random.default_rng(seed))
        p = training.fit(start, s.X_train, s.y_train, steps=300, lr=0.01, weight_decay=10).params
        for per_row in (False, True):
            n = integer.convert(p, s.X_train, per_row=per_row)
            R2 = [
                1 - ((s.y_test - y) ** 2).sum() / ((s.y_test - s.y_test.mean()) ** 2).sum()
                for y in (network.forward(p, s.X_test).y_hat, integer.forward(n, s.X_test).y_hat)
            ]
            assert 0.2 < R2[0] < 0.7 and abs(R2[1] - R2[0]) < 0.0025


# --- refusals -------------------------------------------------------------------------------------


def test_networks_that_integers_cannot_hold_are_refused(rng):
    p, X = example(rng)
    scaled = {k: Params(p.W_ih * k, p.b_h, p.W_ho, p.b_o) for k in (1e-9, 1e308, 1e-310)}
    for bad, word in (
        (network.init(rng, batch=(3,)), "params"),
        (scaled[1e308], "params"),
        (scaled[1e-9], "params.b_h"),
        (scaled[1e-310], "params.W_ih"),
    ):
        with pytest.raises(ValueError, match=f"convert: {word} must be"):
            integer.convert(bad, X)
    faint = Params(p.W_ih * 1e-290, 0 * p.b_h, p.W_ho, 0 * p.b_o)  # tiny, but every scale is normal
    assert np.unique(integer.forward(integer.convert(faint, X), X).y_hat_codes).size > 9
    small = Params(p.W_ih * 1e-200, 0 * p.b_h, p.W_ho, p.b_o)
    with pytest.raises(ValueError, match="convert: params must be such that s_x"):
        integer.convert(small, X * 1e-200)
    # a bias that fits alone, not with the sum
    wide = Params(np.ones((1, 10)), [2**31 * 0.99995 / 127 / 127.5], [[1.0]], [0.0])
    refusal = "convert: params must be such that int32 can hold every accumulator, got a bound of"
    with pytest.raises(ValueError, match=refusal):
        integer.convert(wide, np.vstack([np.full(10, -1.0), np.ones(10)]), activation="identity")
    for X_bad in (X[:0], X[:, :9], X[0], X[None], [[1e308] * 10, [-1e308] * 10]):
        with pytest.raises(ValueError, match="convert: X_calibration must be"):
            integer.convert(p, X_bad)
    for options, word in (
        ({"bits": 1}, "bits"),
        ({"bits": 9}, "bits"),
        ({"per_row": 1}, "per_row"),
        ({"activation": "gelu"}, "activation"),
    ):
        with pytest.raises((ValueError, TypeError), match=f"convert: {word} must be"):
            integer.convert(p, X, **options)
    n = integer.convert(p, X)
    calls = (integer.forward, (p, X)), (integer.bound, (p,)), (integer.ladder, (p, p, X))
    for function, arguments in calls:
        refusal = f"{function.__name__}: network must be an IntegerNetwork"
        with pytest.raises(TypeError, match=refusal):
            function(*arguments)
    with pytest.raises(ValueError, match="forward: X must be of shape"):
        integer.forward(n, X[:, :9])
    refusal = r"ladder: params must be of sizes \(10, 5, 1\), as network"
    with pytest.raises(ValueError, match=refusal):
        integer.ladder(n, network.init(rng, (10, 4, 1)), X)


def test_the_last_int32_is_held_by_a_bias_and_by_a_bound_and_the_next_refused():
    X = [[-128.0], [127.0]]  # the scales of x, z and h are 1, their zero points 0
    one, dead = [[1.0], [1.0]], [[0.0], [0.0]]
    for name, arrays in (
        ("b_h", lambda b: (dead, b, np.zeros((2, 2)), [0.0, 0.0])),
        ("b_o", lambda b: (one, [0.0, 0.0], np.zeros((2, 2)), b)),
    ):
        for end in (HIGH, -HIGH):
            n = integer.convert(Params(*arrays([0.0, end])), X, activation="identity")
            assert getattr(n, name).tolist() == [0, end]
            with pytest.raises(ValueError, match=f"convert: params.{name} must be within int32"):
                beyond = end + np.sign(end)
                integer.convert(Params(*arrays([0.0, beyond])), X, activation="identity")
    # a weight of code 127 and inputs to −128: the bound of the sum is 127·128 more than the bias
    for more in (0, 1):
        p = Params([[0.0], [1.0]], [0.0, (HIGH - 127 * 128 + more) / 127], [[0.0, 0.0]], [0.0])
        if more:
            with pytest.raises(ValueError, match=f"got a bound of {HIGH + 1}"):
                integer.convert(p, X, activation="identity")
        else:
            n = integer.convert(p, X, activation="identity")
            assert integer.bound(n).accumulator_h.tolist() == [0, HIGH]


@pytest.mark.parametrize(
    ("W_ih", "bias", "size"),
    [  # s_x·s_W of the first row is 1e-317 or less, in two cases beside a good row
        ([[1e-156, 0.0]], [1e-304], 1e-156),
        ([[1e-156, 0.0], [1.0, 0.0]], [1e-304, 0.0], 1e-156),
        ([[1e-300, 0.0], [1.0, 0.0]], [1e25, 0.0], 1.0),  # here s_x·s_W/s_z is 0
        ([[1e14, -1e14], [0.0, 0.0]], [1e-300, 0.0], 1.0),  # and here it is beyond all floats
        ([[1e14, -1e14]], [1e-300], 1.0),
    ],
)
def test_each_scale_of_an_accumulator_must_be_normal(W_ih, bias, size):
    p = Params(W_ih, bias, np.ones((1, len(bias))), [0.0])
    with pytest.raises(ValueError, match="convert: params must be such that s_x·s_W and s_x·s_W/s"):
        integer.convert(p, [[size, size]], per_row=True, activation="identity")


def test_integer_networks_are_told_apart_by_what_they_are_and_can_be_keys(rng):
    p, X = example(rng)
    one, other = integer.convert(p, X), integer.convert(p, X)
    assert one == one and one != other and {one: 1, other: 2}[one] == 1


def test_one_example_is_enough_to_calibrate_and_none_is_not(rng):
    p, X = example(rng)
    assert integer.convert(p, X[:1]).sizes == (10, 5, 1)
    with pytest.raises(ValueError, match="convert: X_calibration must be at least one example"):
        integer.convert(p, X[:0])


def test_a_grid_of_ones_own_may_have_any_codes_of_int8_or_uint8(rng):
    n = integer.convert(*example(rng))
    for qmin, qmax in ((0, 255), (-128, 127), (-128, 255), (3, 9)):
        for name in ("x_qparams", "y_hat_qparams"):
            replace(n, **{name: QParams(1.0, qmax, qmin, qmax)})
    for qmin, qmax in ((0, 256), (-129, 0)):
        with pytest.raises(ValueError, match="IntegerNetwork: x_qparams must be a grid of int8 or"):
            replace(n, x_qparams=QParams(1.0, 0, qmin, qmax))
    # the first entry of the table is for the first code of z_h, wherever the codes begin
    for qmin, zero_point in ((-3, 0), (2, 5), (-128, -125)):
        z = QParams(0.5, zero_point, qmin, qmin + 6)
        own = replace(n, z_h_qparams=z, table=np.arange(7)[::-1].astype(np.int8))
        f = integer.forward(own, 3 * rng.standard_normal((40, 10)))
        assert (f.h_codes == 6 - (f.z_h_codes.astype(int) - qmin)).all()
        assert len(np.unique(f.h_codes)) > 3


def test_a_network_of_ones_own_is_looked_at(rng):
    n = integer.convert(*example(rng))
    for changes, word in (
        ({"W_ih": n.W_ih * 1.0}, "W_ih"),
        ({"W_ih": n.W_ih.astype(int) * 2}, "W_ih"),
        ({"W_ho": n.W_ho[:, :4]}, "W_ho"),
        ({"b_h": n.b_h.astype(int) + 2**31}, "b_h"),
        ({"b_o": n.b_o[0]}, "b_o"),
        ({"table": n.table[1:]}, "table"),
        ({"table": n.table + 0.0}, "table"),
        ({"activation": "sine"}, "activation"),
        ({"x_qparams": QParams(1.0, 0, 0, 256)}, "x_qparams"),
        ({"h_qparams": None}, "h_qparams"),
        ({"W_ho_qparams": QParams(1.0, 1, -128, 127)}, "W_ho_qparams"),
        ({"W_ih": n.W_ih[None]}, "b_h"),
    ):
        with pytest.raises((ValueError, TypeError), match=f"^IntegerNetwork: {word} must be"):
            replace(n, **changes)
    rows = replace(n.W_ih_qparams, scale=[1.0] * 5, zero_point=[0, 0, 1, 0, 0], axis=0)
    with pytest.raises(ValueError, match="IntegerNetwork: W_ih_qparams must be symmetric, with ze"):
        replace(n, W_ih_qparams=rows)
    over = replace(n, b_h=np.full(5, HIGH))
    assert (integer.bound(over).accumulator_h > HIGH).all()
    with pytest.raises(ValueError, match=r"^forward: (bias|network) must be"):
        integer.forward(over, np.full((1, 10), -100.0))


def test_any_layout_and_dtype_gives_the_same_network(rng):
    p, X = example(rng)
    n = integer.convert(p, X)
    before, frozen = X.copy(), X.copy()
    frozen.flags.writeable = False
    forms = X.tolist(), np.asfortranarray(X), frozen, X[::-1][::-1]
    for form in (*forms, X.astype(">f8"), X.astype(np.longdouble)):
        again, f = integer.convert(p, form), integer.forward(n, form)
        assert (again.W_ih == n.W_ih).all() and (again.b_h == n.b_h).all()
        assert again.multiplier_h == n.multiplier_h
        assert (f.y_hat_codes == integer.forward(n, X).y_hat_codes).all()
    assert (X == before).all()
    X32 = X.astype(np.float32)
    single = integer.convert(p.map(np.float32), X32)
    assert type(single.x_qparams.scale) is np.float64
    f = integer.forward(single, X32)
    assert f.y_hat.dtype == np.float64
    assert (f.x_codes == affine.quantize(X32, single.x_qparams)).all()
    assert (integer.ladder(single, p, X32).integers == f.y_hat).all()
    assert integer.forward(n, X[:0]).y_hat.shape == (0, 1)
    assert integer.ladder(n, p, X[:0]).integers.shape == (0, 1)
    whole = integer.forward(n, np.ones((2, 10), int))
    assert (whole.x_codes == integer.forward(n, np.ones((2, 10))).x_codes).all()
    far = integer.forward(n, [[1e308] * 10, [-1e308] * 10, [5e-324] * 10])
    assert far.x_codes.tolist() == [[127] * 10, [-128] * 10, [n.x_qparams.zero_point] * 10]
    assert all(np.isfinite(stage).all() for stage in integer.ladder(n, p, [[1e308] * 10])[2:])


def test_one_bias_beyond_int32_among_good_ones_is_refused():
    W, X = np.full((3, 2), 0.5), np.array([[1.0, -1.0], [0.5, 0.25]])
    for place in range(3):
        b_h = np.array([0.1, 0.2, 0.3])
        b_h[place] = 1e9
        bad = Params(W, b_h, np.full((1, 3), 0.5), [0.1])
        with pytest.raises(ValueError, match=r"convert: params\.b_h must be within int32"):
            integer.convert(bad, X, activation="identity")
    good = Params(W, np.array([0.1, 0.2, 0.3]), np.full((1, 3), 0.5), [0.1])
    integer.convert(good, X, activation="identity")
