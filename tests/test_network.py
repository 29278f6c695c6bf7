"""The network against what we did not write: complex steps, finite differences, and one example
worked on paper."""

from fractions import Fraction as F

import numpy as np
import pytest

from refnn import arrays, network
from refnn.network import Params

# all sizes different and prime, so that no transposed or broadcast axis fits
STACK, N, INPUTS, HIDDEN, OUTPUTS = 7, 11, 5, 3, 2
ACTIVATIONS = ("tanh", "sigmoid", "relu", "identity")


def prime_case(seed=0, batch=(STACK,)):
    rng = np.random.default_rng(seed)
    params = network.init(rng, (INPUTS, HIDDEN, OUTPUTS), batch)
    b_h, b_o = rng.standard_normal(params.b_h.shape), rng.standard_normal(params.b_o.shape)
    biased = Params(params.W_ih, b_h, params.W_ho, b_o)
    return biased, rng.standard_normal((N, INPUTS)), rng.standard_normal((N, OUTPUTS))


def complex_step(params, X, y, activation, h=1e-200):
    """All slopes of J by one call: Im J(θ + ih eᵢ)/h for every i along a leading axis."""
    theta = params.flatten()
    steps = theta + 1j * h * np.eye(theta.size)
    return (
        network.loss(
            network.forward(Params.unflatten(steps, params.sizes), X, activation).y_hat, y
        ).imag
        / h
    )


def test_backward_equals_the_complex_step_of_the_loss():
    for activation in ACTIVATIONS:
        params, X, y = prime_case(batch=())
        truth = complex_step(params, X, y, activation)
        slope = network.backward(params, X, y, activation).flatten()
        assert np.abs(slope - truth).max() <= 1e-13 * np.abs(truth).max()


def test_backward_of_the_10_5_1_network_on_untrained_weights():
    rng = np.random.default_rng(3)
    params, X, y = network.init(rng), rng.standard_normal((331, 10)), rng.standard_normal((331, 1))
    for activation in ACTIVATIONS:
        truth = complex_step(params, X, y, activation)
        slope = network.backward(params, X, y, activation).flatten()
        assert np.abs(slope - truth).max() <= 1e-13 * np.abs(truth).max()


def test_finite_differences_fall_a_hundredfold_when_the_step_falls_tenfold():
    params, X, y = prime_case(batch=())
    rng = np.random.default_rng(1)
    for activation in ("tanh", "sigmoid"):
        for _ in range(5):
            direction = rng.standard_normal(params.flatten().size)
            slope = network.backward(params, X, y, activation).flatten() @ direction

            def J(h, direction=direction, activation=activation):
                theta = params.flatten() + h * direction
                return network.loss(
                    network.forward(Params.unflatten(theta, params.sizes), X, activation).y_hat, y
                )

            errors = [abs((J(h) - J(-h)) / (2 * h) - slope) for h in (1e-2, 1e-3)]
            assert 80 < errors[0] / errors[1] < 125


# A 2-2-1 network with ReLU on two examples, every number by hand.
# W_ih = [[1, −1], [1/2, 1]]   b_h = [0, −1]   W_ho = [[2, 3]]   b_o = [1/2]    x = (1, 2) and (3,
# −1),  y = 6 and 10
BY_HAND = Params([[F(1), F(-1)], [F(1, 2), F(1)]], [F(0), F(-1)], [[F(2), F(3)]], [F(1, 2)])
X_BY_HAND, Y_BY_HAND = [[F(1), F(2)], [F(3), F(-1)]], [[F(6)], [F(10)]]


def test_every_number_of_the_2_2_1_example_by_hand():
    z_h, h, y_hat = network.forward(BY_HAND, X_BY_HAND, "relu")
    assert z_h.tolist() == [[-1, F(3, 2)], [4, F(-1, 2)]]  # 1−2; ½+2−1   3+1; 3/2−1−1
    assert h.tolist() == [[0, F(3, 2)], [4, 0]]
    assert y_hat.tolist() == [[5], [F(17, 2)]]  # 3·3/2 + ½; 2·4 + ½
    assert network.loss(y_hat, Y_BY_HAND) == F(13, 8)  # ½(1 + 9/4)
    g = network.backward(BY_HAND, X_BY_HAND, Y_BY_HAND, "relu")  # ŷ − y = −1, −3/2
    assert g.b_o.tolist() == [F(-5, 2)]
    assert g.W_ho.tolist() == [[-6, F(-3, 2)]]  # −3/2·4; −1·3/2
    assert g.b_h.tolist() == [-3, -3]  # −3/2·2; −1·3
    assert g.W_ih.tolist() == [[-9, 3], [-3, -6]]  # −3·(3, −1); −3·(1, 2)
    assert all(isinstance(v, F) for a in (y_hat, g.W_ih, g.W_ho) for v in a.flat)


def test_the_example_is_exact_with_identity_too():
    _, h, y_hat = network.forward(BY_HAND, X_BY_HAND, "identity")
    assert h.tolist() == [[-1, F(3, 2)], [4, F(-1, 2)]] and y_hat.tolist() == [[3], [7]]
    assert network.loss(y_hat, Y_BY_HAND) == 9  # ½(9 + 9)


def test_relu_has_slope_zero_at_zero():
    params = Params([[1.0]], [0.0], [[1.0]], [0.0])
    assert network.backward(params, [[0.0]], [[1.0]], "relu").W_ih == 0
    assert network.backward(params, [[0.0]], [[1.0]], "relu").b_h == 0


def test_a_complex_step_across_zero_sees_the_slope_zero_of_relu():
    params = Params([[1e-200j]], [0.0], [[1.0]], [0.0])
    z_h, h, y_hat = network.forward(params, [[1.0]], "relu")
    assert z_h == 1e-200j and h == 0 and y_hat == 0


def test_published_sigmoid_neuron_of_cs231n():
    # CS231n notes: w = [2, −3, −3], x = [−1, −2]: f = .7310586, dw = [−.1966, −.3932, .1966], dx
    # not asked here
    params = Params([[2.0, -3.0]], [-3.0], [[1.0]], [0.0])
    z, h, y_hat = network.forward(params, [[-1.0, -2.0]], "sigmoid")
    assert z == 1 and round(h.item(), 7) == 0.7310586
    g = network.backward(
        params, [[-1.0, -2.0]], y_hat - 1, "sigmoid"
    )  # a residual of 1: the slope of f itself
    assert g.W_ih.round(4).tolist() == [[-0.1966, -0.3932]] and g.b_h.round(4).tolist() == [0.1966]


def test_a_stack_is_its_networks_one_by_one():
    stack, X, y = prime_case()
    X_each = np.random.default_rng(9).standard_normal((STACK, N, INPUTS))
    for data in (X, X_each):
        together = network.backward(stack, data, y).flatten()
        J = network.loss(network.forward(stack, data).y_hat, y)
        for s in range(STACK):
            alone = Params.unflatten(stack.flatten()[s], stack.sizes)
            x = data if data.ndim == 2 else data[s]
            np.testing.assert_allclose(
                network.backward(alone, x, y).flatten(), together[s], rtol=1e-12, atol=1e-12
            )
            assert abs(network.loss(network.forward(alone, x).y_hat, y) - J[s]) < 1e-12 * J[s]


def test_loss_is_half_the_sum_of_squares():
    assert network.loss([[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 6.0]]) == 9.0


def test_flatten_and_unflatten_are_inverses_in_the_printed_order():
    params, _, _ = prime_case()
    theta = params.flatten()
    assert theta.shape == (STACK, INPUTS * HIDDEN + HIDDEN + HIDDEN * OUTPUTS + OUTPUTS)
    assert (theta[:, :INPUTS] == params.W_ih[:, 0]).all() and (
        theta[:, -OUTPUTS:] == params.b_o
    ).all()
    for a, b in zip(Params.unflatten(theta, params.sizes).arrays(), params.arrays()):
        assert (a == b).all()


def test_no_examples_is_a_sum_over_nothing():
    params, X, y = prime_case()
    assert (network.loss(network.forward(params, X[:0]).y_hat, y[:0]) == 0).all()
    assert (network.backward(params, X[:0], y[:0]).flatten() == 0).all()
    exact = network.backward(BY_HAND, np.array(X_BY_HAND)[:0], np.array(Y_BY_HAND)[:0], "relu")
    assert exact.flatten().tolist() == [0] * 9


def test_float32_stays_float32_and_params_do_not_concatenate():
    params, X, _ = prime_case()
    small = Params(*(a.astype(np.float32) for a in params.arrays()))
    assert network.forward(small, X.astype(np.float32)).y_hat.dtype == np.float32
    assert network.forward(small, X).y_hat.dtype == np.float64
    with pytest.raises(TypeError):
        params + params


def test_a_huge_loss_overflows_quietly():
    params = Params([[1e150]], [0.0], [[1.0]], [0.0])
    assert network.loss(network.forward(params, [[1e10]], "identity").y_hat, [[0.0]]) == np.inf


def test_refusals_name_the_function_and_the_argument():
    params, X, y = prime_case()
    with pytest.raises(ValueError, match=r"backward: y must be of shape \(11, 2\)"):
        network.backward(params, X, y[:, 0])
    with pytest.raises(ValueError, match=r"loss: y must be of shape"):
        network.loss(np.zeros((N, 1)), np.zeros(N))
    with pytest.raises(ValueError, match=r"forward: X must be of shape \(N, 5\)"):
        network.forward(params, X.T)
    with pytest.raises(ValueError, match=r"forward: X must be finite"):
        network.forward(params, X * np.nan)
    with pytest.raises(ValueError, match=r"forward: activation must be one of"):
        network.forward(params, X, "TANH")
    with pytest.raises(TypeError, match=r"forward: params must be a Params"):
        network.forward(params.flatten(), X)
    with pytest.raises(ValueError, match=r"Params: b_h must be of shape \(3,\)"):
        Params(np.zeros((3, 5)), np.zeros(4), np.zeros((2, 3)), np.zeros(2))
    with pytest.raises(
        ValueError, match=r"forward: activation must be 'relu' or 'identity' on Fractions"
    ):
        network.forward(BY_HAND, X_BY_HAND)


def test_unflatten_refuses_every_other_length(rng):
    for n in (0, 8, 10, 18):
        for shape in ((n,), (2, n)):
            with pytest.raises(ValueError, match=r"unflatten: vector must be of shape \(…, 9\)"):
                Params.unflatten(np.zeros(shape), (2, 2, 1))
    with pytest.raises(ValueError, match="unflatten: vector must be of shape"):
        Params.unflatten(np.float64(1.0), (2, 2, 1))
    with pytest.raises(TypeError, match="unflatten: sizes must be a tuple of 3 whole numbers"):
        Params.unflatten(np.zeros(9), (2, 2))


def test_networks_are_told_apart_by_what_they_are_and_can_be_keys():
    """An array compared with another is an array, so that == of two networks could not say."""
    one, other = (Params(np.ones((2, 2)), np.ones(2), np.ones((1, 2)), np.ones(1)) for _ in "ab")
    assert one == one and one != other and {one: 1, other: 2}[one] == 1


def test_a_mask_with_one_entry_that_is_neither_true_nor_false_is_refused():
    params = Params(np.ones((2, 2)), np.ones(2), np.ones((1, 2)), np.ones(1))
    for good in (True, 1, 1.0, F(1)):
        keep = params.map(lambda a, good=good: np.full(a.shape, good))
        assert (network.apply_mask(params, keep).flatten() == 1).all()
    for bad in (2, -1, 0.5, np.nan, F(1, 2)):
        keep = Params([[1, 0], [bad, 1]], [1, 0], [[1, 1]], [0])
        with pytest.raises((ValueError, TypeError), match=r"apply_mask: mask\.W_ih must be True"):
            network.apply_mask(params, keep)


def test_params_name_the_shape_that_each_array_should_have():
    good = {"W_ih": np.ones((3, 5)), "b_h": np.ones(3), "W_ho": np.ones((2, 3)), "b_o": np.ones(2)}
    for name, bad, shape in (
        ("W_ih", np.ones(5), "(…, hidden, inputs)"),
        ("b_h", np.ones((1, 3)), "(3,)"),
        ("W_ho", np.ones((3, 2)), "(2, 3)"),
        ("b_o", np.ones((1, 2)), "(2,)"),
        ("b_o", 1.0, "(1,)"),
    ):
        with pytest.raises(ValueError) as refused:
            Params(**{**good, name: bad})
        assert f"{name} must be of shape {shape}" in str(refused.value)


def test_the_limit_of_a_stack_counts_every_parameter(rng, monkeypatch):
    monkeypatch.setattr(arrays, "MAX_SIZE", 48)
    for sizes, each, most in (((4, 2, 2), 16, 3), ((1, 1, 1), 4, 12), ((1, 1, 5), 12, 4)):
        stack = network.init(rng, sizes, (most,))
        assert stack.flatten().size == each * most == 48
        with pytest.raises(ValueError, match="init: sizes must be of at most 48 parameters"):
            network.init(rng, sizes, (1, most + 1))


def test_a_stack_that_fits_no_memory_is_refused_before_it_is_made(rng):
    hidden = 1000
    count = arrays.MAX_SIZE // (3 * hidden) + 1  # networks of 3·hidden numbers and one more
    with pytest.raises(ValueError, match="init: sizes must be of at most 1,000,000,000 parameters"):
        network.init(rng, (1, hidden, 1), (count,))
    assert network.init(rng, (1, hidden, 1), (2,)).batch == (2,)
