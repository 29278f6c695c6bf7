"""Structured masks against plain loops with many ties, and compact networks whose outputs are equal
exactly."""

from fractions import Fraction as F
from itertools import combinations, product
from math import ceil

import numpy as np
import pytest

from refnn import network, training
from refnn.network import Params
from refnn.pruning import importance, masks, structured

ACTIVATIONS = ("tanh", "sigmoid", "relu", "identity")
# as many inputs as units and outputs, so that a transposed sum has a shape that fits
SQUARE = Params(
    [[1.0, -7.0, 2.0], [4.0, 3.0, -1.0], [2.0, 0.0, 5.0]],
    [9.0, -3.0, -6.0],
    [[0.0, 1.0, -2.0], [1.0, -2.0, 1.0], [-4.0, 1.0, 3.0]],
    [-8.0, -9.0, 1.0],
)  # sums 2, 3, 3


def whole_numbers(rng, sizes, batch=(), low=-2, high=3):
    """A network, or scores, of few different whole numbers."""
    inputs, hidden, outputs = sizes
    n = hidden * (inputs + 1 + outputs) + outputs
    return Params.unflatten(rng.integers(low, high, (*batch, n)).astype(float), sizes)


def random_mask(rng, params, kept=0.4):
    return Params.unflatten(rng.random(params.flatten().shape) < kept, params.sizes)


def one_of(stack, at):
    return Params.unflatten(stack.flatten()[at], stack.sizes)


def same(a, b):
    return a.sizes == b.sizes and all(
        x.shape == y.shape and (x == y).all() for x, y in zip(a.arrays(), b.arrays())
    )


def lowest(sums, count):
    """Positions of the lowest, of equals the earlier."""
    return sorted(sorted(range(len(sums)), key=lambda j: (sums[j], j))[:count])


def exact(a):
    return np.array([F(v) for v in a.ravel().tolist()] + [None], dtype=object)[:-1].reshape(a.shape)


def exact_outputs(params, X, activation):
    """ŷ from the h of `forward`, its last sum in Fractions: two networks agree if their units
    do."""
    h = exact(network.forward(params, X, activation).h)
    return h @ exact(params.W_ho).mT + exact(params.b_o)[..., None, :]


# --- hidden units ---------------------------------------------------------------------------------


def test_neurons_removes_the_lowest_sums_of_equals_the_earlier():
    for count, gone in (
        (0, []),
        (1, [0]),
        (2, [0, 1]),
        (3, [0, 1, 2]),
    ):  # 2 < 3 = 3: of equals the earlier
        mask = structured.neurons(SQUARE, count)
        stays = [j not in gone for j in range(3)]
        assert mask.b_h.tolist() == stays and mask.b_o.tolist() == [True] * 3
        assert (
            mask.W_ih.tolist() == [[stay] * 3 for stay in stays]
            and mask.W_ho.tolist() == [stays] * 3
        )


def test_neurons_equal_a_plain_loop(rng):
    for sizes, draws in (
        ((3, 5, 2), 20),
        ((1, 4, 1), 20),
        ((4, 1, 3), 20),
        ((2, 40, 1), 1),
    ):  # 40: a sort's other way
        for _ in range(draws):
            s = whole_numbers(rng, sizes)
            sums = [sum(s.W_ih[j]) + s.b_h[j] + sum(s.W_ho[:, j]) for j in range(sizes[1])]
            for count in range(sizes[1] + 1):
                mask, gone = structured.neurons(s, count), lowest(sums, count)
                assert np.flatnonzero(~mask.b_h).tolist() == gone
                assert masks.count(mask) == s.flatten().size - count * (sizes[0] + 1 + sizes[2])
                fraction = structured.neurons(Params(*(exact(a) for a in s.arrays())), count)
                assert same(mask, fraction)


def test_the_units_removed_are_a_set_of_least_sum(rng):
    s = network.init(rng, (10, 5, 1))
    for count in range(6):
        gone = np.flatnonzero(~structured.neurons(s, count).b_h)
        sums = exact(s.W_ih).sum(axis=1) + exact(s.b_h) + exact(s.W_ho).sum(axis=0)
        assert sums[gone].sum() == min(
            sum(sums[list(some)]) for some in combinations(range(5), count)
        )


def test_sums_are_exact():
    # three orders of 0.1, 0.2, 0.3: as floats added one by one 0.6000000000000001, 0.6 and
    # 0.6000000000000001
    orders = np.array([[0.1, 0.2, 0.3], [0.3, 0.2, 0.1], [0.2, 0.1, 0.3]])
    for rows in (
        orders,
        orders[[1, 0, 2]],
        orders[[1, 2, 0]],
        np.asfortranarray(orders),
        orders.astype(np.float32),
    ):
        s = Params(rows, np.zeros(3), np.zeros((1, 3)), [0.0])
        assert structured.neurons(s, 1).b_h.tolist() == [False, True, True]
        assert structured.neurons(s, 2).b_h.tolist() == [False, False, True]
        columns = Params(rows.T, np.zeros(3), np.zeros((1, 3)), [0.0])
        assert structured.inputs(columns, 1).W_ih[0].tolist() == [False, True, True]
    huge = [
        [1e308, 1e308, -1e308],
        [1e308, 1e308, 1e308],
        [5e-324, 0.0, -1e308],
        [-1e308, 0.0, 0.0],
    ]
    s = Params(
        huge, [0.0, 0.0, 0.0, 5e-324], [[0.0] * 4], [0.0]
    )  # the last two differ by a double's smallest step
    assert [int((~structured.neurons(s, k).b_h).sum()) for k in range(5)] == [0, 1, 2, 3, 4]
    assert structured.neurons(s, 2).b_h.tolist() == [True, True, False, False]
    s = Params(huge, [0.0, 0.0, 0.0, 1e-323], [[0.0] * 4], [0.0])
    assert structured.neurons(s, 1).b_h.tolist() == [True, True, False, True]


# --- inputs ---------------------------------------------------------------------------------------


def test_inputs_removes_the_columns_of_the_lowest_sums():
    # columns of SQUARE: 7, −4, 6 (its rows: −4, 6, 7)
    for count, gone in ((0, []), (1, [1]), (2, [1, 2]), (3, [0, 1, 2])):
        mask = structured.inputs(SQUARE, count)
        assert mask.W_ih.tolist() == [[k not in gone for k in range(3)]] * 3
        assert mask.b_h.all() and mask.W_ho.all() and mask.b_o.all()


def test_inputs_equal_a_plain_loop(rng):
    for sizes, draws in (((5, 3, 2), 20), ((4, 1, 1), 20), ((1, 2, 3), 20), ((40, 2, 1), 1)):
        for _ in range(draws):
            s = whole_numbers(rng, sizes)
            for count in range(sizes[0] + 1):
                mask = structured.inputs(s, count)
                gone = lowest([sum(s.W_ih[:, k]) for k in range(sizes[0])], count)
                assert (
                    np.flatnonzero(~mask.W_ih.any(axis=0)).tolist()
                    == gone
                    == np.flatnonzero(~mask.W_ih.all(axis=0)).tolist()
                )
                assert masks.count(mask) == s.flatten().size - count * sizes[1]


# --- n of every m ---------------------------------------------------------------------------------


def test_of_tfmots_groups_of_four_the_two_largest_are_kept():
    # TensorFlow Model Optimization's 2:4 example
    w = np.array([[0.25, -1.33, 0.43, -0.11], [0.47, 0.92, -0.13, -2.23]])
    params = Params(w, np.zeros(2), np.zeros((0, 2)), np.zeros(0))
    mask = structured.n_of_m(importance.magnitude(params), 2, 4)
    assert mask.W_ih.astype(int).tolist() == [[0, 1, 1, 0], [0, 1, 0, 1]] and mask.b_h.all()
    assert structured.n_of_m(params, 2, 4).W_ih.astype(int).tolist() == [
        [1, 0, 1, 0],
        [1, 1, 0, 0],
    ]  # no abs


def test_n_of_m_keeps_the_best_n_of_each_group_of_a_row_and_the_biases():
    # 1 of 3, along rows of 5 and of 4: ties, shorter last groups, and biases lower than all
    s = Params(
        [
            [1.0, 1.0, 0.0, 2.0, 3.0],
            [0.0, 5.0, 4.0, -1.0, -1.0],
            [-3.0, -2.0, -9.0, 7.0, 6.0],
            [2.0] * 5,
        ],
        [-10.0] * 4,
        [[4.0, 8.0, 6.0, -5.0], [0.0, 0.0, 0.0, 0.0]],
        [-10.0] * 2,
    )
    mask = structured.n_of_m(s, 1, 3)
    assert mask.W_ih.astype(int).tolist() == [
        [0, 1, 0, 0, 1],
        [0, 1, 0, 0, 1],
        [0, 1, 0, 1, 0],
        [0, 0, 1, 0, 1],
    ]
    assert mask.W_ho.astype(int).tolist() == [[0, 1, 0, 1], [0, 0, 1, 1]]
    assert mask.b_h.all() and mask.b_o.all()
    assert structured.n_of_m(s, 2, 3).W_ho.astype(int).tolist() == [[0, 1, 1, 1], [0, 1, 1, 1]]


def test_n_of_m_equals_a_plain_loop(rng):
    for sizes in ((7, 5, 2), (1, 3, 1), (10, 5, 1), (45, 2, 1)):
        s = whole_numbers(rng, sizes)
        for m in (*range(1, 12), 33):
            for n in range(m + 1):
                mask = structured.n_of_m(s, n, m)
                assert mask.b_h.all() and mask.b_o.all()
                for scores, kept in zip((*s.W_ih, *s.W_ho), (*mask.W_ih, *mask.W_ho)):
                    for start in range(0, len(scores), m):
                        group = scores[start : start + m].tolist()
                        gone = lowest(group, len(group) - min(n, len(group)))
                        assert np.flatnonzero(~kept[start : start + m]).tolist() == gone


def test_n_of_m_keeps_the_best_that_the_pattern_allows(rng):
    s = network.init(rng, (10, 5, 1))
    for n, m in ((2, 4), (1, 4), (1, 2), (3, 10), (4, 10)):
        mask = structured.n_of_m(s, n, m)
        for w, kept in zip((*s.W_ih, *s.W_ho), (*mask.W_ih, *mask.W_ho)):
            for start in range(0, len(w), m):
                group = exact(w[start : start + m])
                best = max(sum(some) for some in combinations(group, min(n, len(group))))
                assert group[kept[start : start + m]].sum() == best


def test_removing_nothing_keeps_all_and_removing_all_leaves_the_other_arrays(rng):
    s = network.init(rng, (4, 3, 2))
    for mask in (structured.neurons(s, 0), structured.inputs(s, 0), structured.n_of_m(s, 4, 4)):
        assert mask.flatten().all()
    assert (
        masks.count(structured.neurons(s, 3)) == 2
        and masks.count(structured.inputs(s, 4)) == 3 + 6 + 2
    )
    assert (
        masks.count(structured.n_of_m(s, 0, 4)) == 3 + 2
        and structured.n_of_m(s, 2, 10**9).W_ih.sum() == 3 * 2
    )


def test_each_network_of_a_stack_has_the_mask_that_it_has_alone(rng):
    stack = whole_numbers(rng, (5, 4, 3), batch=(2, 7))
    for together, alone in (
        (structured.neurons, 2),
        (structured.inputs, 3),
        (structured.n_of_m, (2, 3)),
    ):
        options = alone if isinstance(alone, tuple) else (alone,)
        mask = together(stack, *options)
        assert mask.batch == (2, 7) and all(a.dtype == bool for a in mask.arrays())
        for at in product(range(2), range(7)):
            assert same(one_of(mask, at), together(one_of(stack, at), *options))


# --- a smaller network ----------------------------------------------------------------------------


def three_units():
    """Unit 0 keeps nothing, 1 its column alone, 2 its row alone, 3 its bias alone, 4 everything but
    a weight."""
    params = Params(
        [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0], [9.0, -9.0]],
        [1.0, 2.0, 3.0, -4.0, 5.0],
        [[1.0, 2.0, 3.0, 4.0, 5.0]],
        [-7.0],
    )
    mask = Params(
        [[False, False], [False, False], [False, True], [False, False], [True, False]],
        [False, False, False, True, True],
        [[False, True, False, False, True]],
        [True],
    )
    return params, mask


def test_compact_drops_the_units_that_keep_nothing_and_no_others():
    params, mask = three_units()
    small = structured.compact(params, mask)
    assert small.sizes == (2, 4, 1)
    assert small.W_ih.tolist() == [[0, 0], [0, 6], [0, 0], [9, 0]] and small.b_h.tolist() == [
        0,
        0,
        -4,
        5,
    ]
    assert small.W_ho.tolist() == [[2, 0, 0, 5]] and small.b_o.tolist() == [-7]
    # sigmoid(0) = ½: without row and bias unit 1 still adds ½·2
    X = np.array([[1000.0, 1.0]])
    assert network.forward(small, X, "sigmoid").y_hat.tolist() == [[0.5 * 2 + 5 - 7]]
    assert same(structured.compact(params, Params(*(a.astype(int) for a in mask.arrays()))), small)


def test_units_and_inputs_keep_their_order(rng):
    params = network.init(rng, (30, 40, 3))
    mask = random_mask(rng, params, 0.03)
    p = network.apply_mask(params, mask)
    used = [bool(mask.W_ih[j].any() or mask.b_h[j] or mask.W_ho[:, j].any()) for j in range(40)]
    assert 0 < sum(used) < 40
    assert same(
        structured.compact(params, mask), Params(p.W_ih[used], p.b_h[used], p.W_ho[:, used], p.b_o)
    )
    kept = [k for k in range(30) if mask.W_ih[:, k].any()]
    small = structured.compact_inputs(params, mask)
    assert small.kept.tolist() == kept and same(
        small.params, Params(p.W_ih[:, kept], p.b_h, p.W_ho, p.b_o)
    )


def test_the_outputs_of_the_compact_network_are_equal_exactly(rng):
    # whole numbers, so that every z is exact; eighths of them, so that tanh and sigmoid are not
    # flat
    for activation, seed in product(ACTIVATIONS, range(15)):
        sizes = [(3, 7, 2), (10, 5, 1), (2, 4, 3)][seed % 3]
        params = whole_numbers(rng, sizes, low=-5, high=6)
        X = rng.integers(-4, 5, (6, sizes[0])) / 8
        units = structured.neurons(whole_numbers(rng, sizes), seed % 4)
        mask = Params(*(a & b for a, b in zip(units.arrays(), random_mask(rng, params).arrays())))
        masked, small = network.apply_mask(params, mask), structured.compact(params, mask)
        fewer, kept = structured.compact_inputs(params, mask)
        assert (
            small.sizes[1] <= sizes[1] - seed % 4
            and small.sizes[0] == sizes[0]
            and fewer.sizes[1:] == sizes[1:]
        )
        y_hat = exact_outputs(masked, X, activation)
        assert (exact_outputs(small, X, activation) == y_hat).all()
        assert (exact_outputs(fewer, X[:, kept], activation) == y_hat).all()
        if activation in ("relu", "identity"):  # eighths of whole numbers: no rounding
            assert (network.forward(small, X, activation).y_hat == y_hat).all()


def test_the_outputs_are_equal_on_fractions(rng):
    for activation in ("relu", "identity"):
        params = whole_numbers(rng, (4, 5, 2), low=-9, high=10)
        params = Params(*(exact(a) / F(7) for a in params.arrays()))
        X = exact(rng.integers(-9, 10, (5, 4)).astype(float)) / F(3)
        for mask in (
            structured.neurons(params, 2),
            structured.inputs(params, 2),
            random_mask(rng, params, 0.2),
        ):
            y_hat = network.forward(network.apply_mask(params, mask), X, activation).y_hat
            small = structured.compact(params, mask)
            assert (network.forward(small, X, activation).y_hat == y_hat).all()
            fewer, kept = structured.compact_inputs(params, mask)
            assert (network.forward(fewer, X[:, kept], activation).y_hat == y_hat).all()
            assert all(a.dtype == object for a in small.arrays())


def test_in_floats_the_outputs_differ_by_the_order_of_two_sums(rng):
    """A term x·w_ih·w_ho of ŷ is rounded at most 17 times: in its product, in a sum of 10 + 1, in
    another product, in a sum of 5 + 1. relu and identity stretch no difference, so that ŷ is off by
    at most 17u·Σ|terms| to first order in u, in any order of addition, and two orders by twice
    that; 18 covers the second order."""
    params, X = network.init(rng, (10, 5, 1), batch=(50,)), rng.standard_normal((40, 10))
    mask = structured.neurons(importance.magnitude(params), 2)
    masked, small = network.apply_mask(params, mask), structured.compact(params, mask)
    assert small.batch == (50,) and small.sizes == (10, 3, 1)
    W_ih, b_h, W_ho, b_o = (np.abs(a) for a in masked.arrays())
    terms = (np.abs(X) @ W_ih.mT + b_h[..., None, :]) @ W_ho.mT + b_o[..., None, :]
    for activation in ("relu", "identity"):
        off = np.abs(
            network.forward(small, X, activation).y_hat
            - network.forward(masked, X, activation).y_hat
        )
        assert (off <= 2 * 18 * np.finfo(float).eps / 2 * terms).all()


def test_a_stack_is_compacted_network_by_network(rng):
    stack = whole_numbers(rng, (5, 4, 3), batch=(2, 3))
    X = rng.integers(-3, 4, (7, 5)).astype(float)
    for mask in (structured.neurons(stack, 1), structured.neurons(one_of(stack, (0, 0)), 1)):
        small = structured.compact(stack, mask)
        assert small.batch == (2, 3) and small.sizes == (5, 3, 3)
        for at in product(range(2), range(3)):
            own = mask if mask.batch == () else one_of(mask, at)
            assert same(one_of(small, at), structured.compact(one_of(stack, at), own))
    for mask in (structured.inputs(stack, 2), structured.inputs(one_of(stack, (0, 0)), 2)):
        fewer, kept = structured.compact_inputs(stack, mask)
        assert kept.shape == (2, 3, 3) and fewer.batch == (2, 3) and fewer.sizes == (3, 4, 3)
        for at in product(range(2), range(3)):
            own = mask if mask.batch == () else one_of(mask, at)
            alone = structured.compact_inputs(one_of(stack, at), own)
            assert (
                same(one_of(fewer, at), alone.params) and kept[at].tolist() == alone.kept.tolist()
            )
        y_hat = network.forward(network.apply_mask(stack, mask), X, "relu").y_hat
        assert (network.forward(fewer, np.moveaxis(X[:, kept], 0, -2), "relu").y_hat == y_hat).all()


def test_networks_of_a_stack_that_would_differ_in_size_are_refused():
    ones = Params(np.ones((2, 3, 2)), np.ones((2, 3)), np.ones((2, 1, 3)), np.ones((2, 1)))
    uneven = Params(
        np.zeros((2, 3, 2)), [[1, 1, 0], [1, 0, 0]], np.zeros((2, 1, 3)), np.zeros((2, 1))
    )
    with pytest.raises(
        ValueError,
        match=r"compact: mask must be one that leaves every network of a stack the same number of "
        r"hidden units, got from 1 to 2; take them one by one",
    ):
        structured.compact(ones, uneven)
    columns = Params(
        [[[1, 0]] * 3, [[1, 1]] * 3], np.ones((2, 3)), np.ones((2, 1, 3)), np.ones((2, 1))
    )
    with pytest.raises(
        ValueError, match=r"compact_inputs: mask must be one .* inputs, got from 1 to 2"
    ):
        structured.compact_inputs(ones, columns)
    assert structured.compact(ones, columns).sizes == (2, 3, 1)


def test_compact_inputs_drops_the_inputs_that_no_unit_keeps():
    params = Params([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]], [1.0, 2.0], [[3.0, 4.0]], [5.0])
    mask = Params([[0, 0, 1, 0], [1, 0, 1, 0]], [1, 0], [[1, 1]], [0])
    small, kept = structured.compact_inputs(params, mask)
    assert kept.tolist() == [0, 2] and small.W_ih.tolist() == [[0, 3], [5, 7]]
    assert (
        small.b_h.tolist() == [1, 0]
        and small.W_ho.tolist() == [[3, 4]]
        and small.b_o.tolist() == [0]
    )
    nothing, kept = structured.compact_inputs(params, structured.inputs(params, 4))
    assert nothing.sizes == (0, 2, 1) and kept.shape == (0,)
    assert network.forward(nothing, np.zeros((1, 0)), "identity").y_hat.tolist() == [
        [1 * 3 + 2 * 4 + 5]
    ]


def test_nothing_left_is_the_last_bias(rng):
    params = whole_numbers(rng, (3, 4, 2))
    empty = structured.compact(params, structured.neurons(params, 4))
    assert empty.sizes == (3, 0, 2)
    for activation in ACTIVATIONS:
        assert (network.forward(empty, np.ones((5, 3)), activation).y_hat == params.b_o).all()


def test_training_the_compact_network_is_training_the_masked_one(rng):
    # whole numbers and a step of 2^-4, relu: two steps need fewer than 53 bits, so that every sum
    # is exact
    params = whole_numbers(rng, (4, 5, 2))
    X, y = (rng.integers(-2, 3, (6, columns)).astype(float) for columns in (4, 2))
    units = structured.neurons(params, 2)
    mask = Params(*(a & b for a, b in zip(units.arrays(), random_mask(rng, params, 0.7).arrays())))
    options = {"steps": 2, "lr": 2.0**-4, "optimizer": "gd", "activation": "relu"}
    first = structured.compact(training.fit(params, X, y, mask=mask, **options).params, mask)
    ones = Params(*(np.ones(a.shape) for a in params.arrays()))
    left = structured.compact(ones, mask)  # what is left of the mask
    second = training.fit(structured.compact(params, mask), X, y, mask=left, **options).params
    assert same(first, second) and not same(first, structured.compact(params, mask))


# --- cost -----------------------------------------------------------------------------------------


def test_cost_counts_multiply_adds_nonzero_weights_and_bytes():
    params = network.init(np.random.default_rng(0))
    params = Params(params.W_ih, np.ones(5), params.W_ho, np.ones(1))
    assert structured.cost(params) == (55, 55, 244)  # 61 parameters of four bytes
    assert structured.cost(params, bits=8) == (55, 55, 61) and structured.cost(params, bits=3) == (
        55,
        55,
        23,
    )
    half = masks.by_sparsity(importance.magnitude(params), 0.5)
    weights = int(half.W_ih.sum() + half.W_ho.sum())
    assert structured.cost(params, half) == (55, weights, 244)  # a mask alone saves nothing
    assert structured.cost(params, structured.n_of_m(params, 2, 4)) == (
        55,
        5 * (2 + 2 + 2) + 2 + 1,
        244,
    )
    units = structured.neurons(params, 2)
    assert structured.cost(params, units) == (55, 33, 244)
    assert structured.cost(structured.compact(params, units)) == (33, 33, 4 * 37)
    few = structured.inputs(params, 4)
    assert structured.cost(structured.compact_inputs(params, few).params) == (35, 35, 4 * 41)
    zero = Params(*(a * 0.0 for a in params.arrays()))
    assert structured.cost(zero) == (55, 0, 244)


def test_cost_counts_what_a_loop_counts(rng):
    for sizes in ((3, 2, 4), (1, 1, 1), (5, 7, 2)):
        params = whole_numbers(rng, sizes, batch=(3,))
        mask = random_mask(rng, params)
        for bits in (1, 2, 3, 8, 32, 64):
            c = structured.cost(params, mask, bits)
            one = one_of(params, 0)
            assert c.multiply_adds == one.W_ih.size + one.W_ho.size
            assert c.bytes == ceil(F(bits * one.flatten().size, 8))
            assert c.nonzero.tolist() == [
                sum(
                    w != 0 and keep
                    for name in ("W_ih", "W_ho")
                    for w, keep in zip(
                        getattr(one_of(params, i), name).flat, getattr(one_of(mask, i), name).flat
                    )
                )
                for i in range(3)
            ]
        zeros = structured.cost(network.apply_mask(params, mask)).nonzero
        assert (structured.cost(params, mask).nonzero == zeros).all()


# --- odd input ------------------------------------------------------------------------------------


def test_lists_fractions_read_only_arrays_and_empty_networks_are_taken(rng):
    params = network.init(rng, (4, 3, 2))
    expected = structured.neurons(params, 1)
    read_only = Params(*(np.asfortranarray(a) for a in params.arrays()))
    for a in read_only.arrays():
        a.flags.writeable = False
    for form in (
        read_only,
        Params(*(a.tolist() for a in params.arrays())),
        Params(*(a.astype(">f8") for a in params.arrays())),
        Params(*(exact(a) for a in params.arrays())),
    ):
        assert same(structured.neurons(form, np.int8(1)), expected)
        small = structured.compact(form, expected)
        assert same(small, structured.compact(params, expected)) and small.b_h.flags.writeable
    for dtype, result in (
        (np.float16, np.float64),
        (np.float32, np.float32),
        (np.int8, np.float64),
    ):
        typed = Params(*((8 * a).astype(dtype) for a in params.arrays()))
        small = structured.compact(typed, structured.neurons(typed, 1))
        assert all(a.dtype == result for a in small.arrays())
    for sizes, batch in (
        ((0, 2, 1), ()),
        ((2, 0, 1), ()),
        ((2, 2, 0), ()),
        ((2, 3, 1), (0,)),
        ((2, 3, 1), (4, 0)),
    ):
        empty = whole_numbers(rng, sizes, batch)
        for mask in (
            structured.neurons(empty, 0),
            structured.inputs(empty, 0),
            structured.n_of_m(empty, 1, 1),
        ):
            assert mask.sizes == sizes and mask.batch == batch
            small, fewer = (
                structured.compact(empty, mask),
                structured.compact_inputs(empty, mask).params,
            )
            assert small.batch == fewer.batch == batch
            assert (
                0 not in batch or small.sizes == fewer.sizes == sizes
            )  # of no networks nothing is dropped
        assert structured.cost(empty).nonzero.shape == batch


def test_results_share_nothing_with_what_was_passed(rng):
    params = network.init(rng, (4, 3, 2))
    before, mask = params.flatten().copy(), structured.neurons(params, 0)
    for result in (
        structured.compact(params, mask),
        structured.compact_inputs(params, mask).params,
    ):
        for a in result.arrays():
            a[...] = 99
    structured.compact_inputs(params, mask).kept[...] = 0  # may be written to
    for a in mask.arrays():
        a[...] = False
    assert (params.flatten() == before).all()


def test_structured_refuses_scores_not_finite_counts_out_of_range_and_masks_that_do_not_fit():
    good = Params([[1.0, 2.0]], [1.0], [[1.0]], [1.0])
    for bad, word in (
        (np.nan, "finite, got nan"),
        (np.inf, "finite, got inf"),
        (True, "finite real numbers, got booleans"),
        (1j, "finite real numbers, got complex"),
    ):
        scores = Params(*(np.full(a.shape, bad) for a in good.arrays()))
        for function, arguments in (
            (structured.neurons, (1,)),
            (structured.inputs, (1,)),
            (structured.n_of_m, (1, 2)),
        ):
            with pytest.raises(
                (ValueError, TypeError), match=f"{function.__name__}: scores.W_ih must be {word}"
            ):
                function(scores, *arguments)
    with pytest.raises(
        ValueError, match="neurons: count must be a whole number from 0 to 1, got 2"
    ):
        structured.neurons(good, 2)
    with pytest.raises(
        ValueError, match="inputs: count must be a whole number from 0 to 2, got -1"
    ):
        structured.inputs(good, -1)
    with pytest.raises(
        TypeError, match=r"neurons: count must be a whole number from 0 to 1, got 1.0; write 1"
    ):
        structured.neurons(good, 1.0)
    with pytest.raises(ValueError, match="n_of_m: n must be a whole number from 0 to 4, got 5"):
        structured.n_of_m(good, 5, 4)
    with pytest.raises(
        ValueError, match="n_of_m: m must be a whole number from 1 to 1000000000, got 0"
    ):
        structured.n_of_m(good, 0, 0)
    with pytest.raises(ValueError, match="cost: bits must be a whole number from 1 to 64, got 0"):
        structured.cost(good, bits=0)
    for function in (structured.compact, structured.compact_inputs, structured.cost):
        name = function.__name__
        with pytest.raises(ValueError, match=f"{name}: mask must be of sizes"):
            function(good, SQUARE)
        with pytest.raises(ValueError, match=f"{name}: mask.W_ih must be True/False or 1/0"):
            function(good, good)
        with pytest.raises(
            TypeError, match=f"{name}: params.W_ih must be finite real numbers, got complex"
        ):
            function(Params(*(a * 1j for a in good.arrays())), structured.neurons(good, 0))
