"""The Hessian against the complex step of the gradient, and everything else against it, at all
sizes prime."""

from fractions import Fraction as F

import numpy as np
import pytest
from test_network import ACTIVATIONS, BY_HAND, X_BY_HAND, Y_BY_HAND, prime_case

from refnn import derivatives, network
from refnn.network import Params


def complex_step_of_the_gradient(params, X, y, activation, h=1e-200):
    theta = params.flatten()
    steps = Params.unflatten(theta + 1j * h * np.eye(theta.size), params.sizes)
    return network.backward(steps, X, y, activation).flatten().imag / h


def test_hessian_equals_the_complex_step_of_the_gradient():
    rng = np.random.default_rng(2)
    ten = network.init(rng), rng.standard_normal((331, 10)), rng.standard_normal((331, 1))
    for params, X, y in (prime_case(batch=()), ten):
        for activation in ACTIVATIONS:
            H = derivatives.hessian(params, X, y, activation)
            truth = complex_step_of_the_gradient(params, X, y, activation)
            assert np.abs(H - truth).max() <= 1e-12 * np.abs(truth).max()
            assert np.abs(H - H.T).max() <= 1e-13 * np.abs(H).max()


def test_the_hessian_is_exact_on_fractions_and_not_gauss_newton_alone():
    H = derivatives.hessian(BY_HAND, X_BY_HAND, Y_BY_HAND, "relu")
    e = np.array([[F(int(i == j)) for j in range(9)] for i in range(9)])
    columns = derivatives.hessian_vector_product(BY_HAND, X_BY_HAND, Y_BY_HAND, e, "relu")
    assert (H == columns).all() and (H == H.T).all()
    GN = derivatives.gauss_newton(BY_HAND, X_BY_HAND, "relu")
    # x = (3, −1), r = −3/2 through unit 1 (h = 4, W_ho = 2): W_ih[0,0] with itself (2·3)², with
    # W_ho[0,0] 2·3·4 + r·3
    assert H[0, 0] == GN[0, 0] == 36 and GN[0, 6] == 24 and H[0, 6] == 24 + F(-3, 2) * 3


def test_hessian_vector_product_is_the_hessian_times_the_vector():
    for activation in ACTIVATIONS:
        params, X, y = prime_case(batch=())
        v = np.random.default_rng(4).standard_normal((13, params.flatten().size))
        H = derivatives.hessian(params, X, y, activation)
        Hv = derivatives.hessian_vector_product(params, X, y, v, activation)
        assert Hv.shape == v.shape
        assert np.abs(Hv - v @ H).max() <= 1e-12 * np.abs(H).max() * np.abs(v).sum(axis=1).max()


def test_stacks_are_their_networks_one_by_one():
    stack, X, y = prime_case()
    H, GN = derivatives.hessian(stack, X, y), derivatives.gauss_newton(stack, X)
    per = derivatives.per_example_gradients(stack, X, y)
    v = np.random.default_rng(3).standard_normal(stack.flatten().shape)
    Hv = derivatives.hessian_vector_product(stack, X, y, v)
    same_v = derivatives.hessian_vector_product(stack, X, y, v[0])
    wide = derivatives.hessian_vector_product(stack, X, y, v[:2, None])
    assert wide.shape == (2, *stack.flatten().shape)
    for s in range(7):
        one = Params.unflatten(stack.flatten()[s], stack.sizes)
        for together, alone in (
            (H[s], derivatives.hessian(one, X, y)),
            (GN[s], derivatives.gauss_newton(one, X)),
            (per[s], derivatives.per_example_gradients(one, X, y)),
            (Hv[s], H[s] @ v[s]),
            (same_v[s], H[s] @ v[0]),
            (wide[1, s], H[s] @ v[1]),
        ):
            np.testing.assert_allclose(together, alone, rtol=1e-9, atol=1e-11)


def test_per_example_gradients_are_those_of_each_row_and_sum_to_backward():
    for activation in ACTIVATIONS:
        params, X, y = prime_case(batch=())
        per = derivatives.per_example_gradients(params, X, y, activation)
        for n in range(len(X)):
            row = network.backward(params, X[n : n + 1], y[n : n + 1], activation).flatten()
            np.testing.assert_allclose(per[n], row, rtol=1e-12, atol=1e-14)
        total = network.backward(params, X, y, activation).flatten()
        assert np.abs(per.sum(axis=0) - total).max() <= 1e-13 * np.abs(total).max()


def test_gauss_newton_is_the_hessian_where_the_residual_is_zero_and_is_never_negative():
    params, X, _ = prime_case(batch=())
    y = network.forward(params, X).y_hat
    H, GN = derivatives.hessian(params, X, y), derivatives.gauss_newton(params, X)
    assert np.abs(H - GN).max() <= 1e-13 * np.abs(GN).max()
    assert np.linalg.eigvalsh(GN).min() > -1e-12 * np.abs(GN).max()
    assert (
        np.linalg.eigvalsh(derivatives.hessian(params, X, y + 3.0)).min() < 0
    )  # elsewhere the Hessian may be


def test_inverse_without_equals_inverting_the_smaller_matrix():
    rng = np.random.default_rng(0)
    A = rng.standard_normal((7, 11, 11))
    A = A @ A.mT + np.eye(11)
    inverse = np.linalg.inv(A)
    for i in (0, 5, 10, rng.integers(0, 11, 7)):
        out = derivatives.inverse_without(inverse, i)
        for s, k in enumerate(np.broadcast_to(i, 7)):
            rest = np.delete(np.arange(11), k)
            smaller, tolerance = (
                np.linalg.inv(A[s][np.ix_(rest, rest)]),
                1e-12 * np.linalg.cond(A[s]),
            )
            assert (
                np.abs(out[s][np.ix_(rest, rest)] - smaller).max()
                <= tolerance * np.abs(smaller).max()
            )
            assert (out[s][k] == 0).all() and (out[s][:, k] == 0).all()
    exact = derivatives.inverse_without([[F(4, 7), F(-1, 7)], [F(-1, 7), F(2, 7)]], 0)
    assert exact.tolist() == [[0, 0], [0, F(1, 4)]]  # H = [[2, 1], [1, 4]]


def test_no_examples_float32_and_refusals():
    params, X, y = prime_case()
    assert (derivatives.hessian(params, X[:0], y[:0]) == 0).all()
    assert derivatives.per_example_gradients(params, X[:0], y[:0]).shape == (7, 0, 26)
    small = Params(*(a.astype(np.float32) for a in params.arrays()))
    assert (
        derivatives.hessian(small, X.astype(np.float32), y.astype(np.float32)).dtype == np.float32
    )
    with pytest.raises(ValueError, match=r"hessian_vector_product: v must be of shape \(…, 26\)"):
        derivatives.hessian_vector_product(params, X, y, np.ones(25))
    with pytest.raises(ValueError, match="hessian: y must be of shape"):
        derivatives.hessian(params, X, y[:, 0])
    with pytest.raises(ValueError, match="inverse_without: i must be a position from 0 to 1"):
        derivatives.inverse_without(np.eye(2), 2)
    with pytest.raises(ValueError, match="inverse_without: inverse must be of shape"):
        derivatives.inverse_without(np.ones(3), 0)
