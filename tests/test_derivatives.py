"""The Hessian against the complex step of the gradient, and everything else against it, at all
sizes prime."""

from fractions import Fraction as F

import numpy as np
import pytest
from mutants import assert_caught
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


def test_the_diagonal_is_that_of_the_hessian():
    stack, X, y = prime_case()
    rng = np.random.default_rng(2)
    ten = network.init(rng), rng.standard_normal((31, 10)), rng.standard_normal((31, 1))
    for params, rows, targets in ((stack, X, y), ten):
        for activation in ACTIVATIONS:
            H = derivatives.hessian(params, rows, targets, activation)
            own = derivatives.hessian_diagonal(params, rows, targets, activation)
            np.testing.assert_allclose(
                own, H.diagonal(0, -2, -1), rtol=1e-12, atol=1e-13 * np.abs(H).max()
            )
    H = derivatives.hessian(BY_HAND, X_BY_HAND, Y_BY_HAND, "relu")
    own = derivatives.hessian_diagonal(BY_HAND, X_BY_HAND, Y_BY_HAND, "relu")
    assert own.tolist() == H.diagonal().tolist()
    single = Params(*(np.float32(a) for a in ten[0].arrays()))
    own = derivatives.hessian_diagonal(single, np.float32(ten[1]), np.float32(ten[2]))
    assert own.dtype == np.float32


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


def test_each_fast_form_is_its_formula():
    """An example as a column, for stacks with and without data of their own, several outputs."""
    rng = np.random.default_rng(9)
    for sizes in ((4, 3, 2), (10, 5, 1), (1, 1, 1)):
        for batch, own in (((), False), ((6,), False), ((6,), True), ((2, 3), True)):
            p = network.init(rng, sizes, batch)
            lead = batch if own else ()
            X, y = (rng.standard_normal((*lead, 9, n)) for n in (sizes[0], sizes[2]))
            for activation in ACTIVATIONS:
                for f, given in (
                    (derivatives.per_example_gradients, (p, X, y)),
                    (derivatives.hessian, (p, X, y)),
                    (derivatives.gauss_newton, (p, X)),
                ):
                    fast, plain = f(*given, activation), f.formula(*given, activation)
                    assert (fast.shape, fast.dtype) == (plain.shape, plain.dtype)
                    np.testing.assert_allclose(fast, plain, rtol=0, atol=3e-14 * abs(plain).max())


def test_gauss_newton_is_the_sum_over_examples_and_outputs_of_the_slopes_of_y_hat():
    params, X, _ = prime_case(batch=())
    theta, h = params.flatten(), 1e-200
    steps = Params.unflatten(theta + 1j * h * np.eye(theta.size), params.sizes)
    for activation in ACTIVATIONS:
        G = network.forward(steps, X, activation).y_hat.imag / h  # (θ, N, out)
        truth = sum(np.outer(g, g) for g in G.reshape(theta.size, -1).T)
        GN = derivatives.gauss_newton(params, X, activation)
        assert np.abs(GN - truth).max() <= 1e-13 * np.abs(truth).max()
        assert (GN == GN.T).all()


def test_a_complex_step_passes_through_all_three():
    """Im f(θ + ihv)/h is how f changes along v: no product on the way is conjugated."""
    params, X, y = prime_case(batch=())
    theta, v = params.flatten(), np.random.default_rng(5).standard_normal(26)

    def all_three(theta):
        p = Params.unflatten(theta, params.sizes)
        GN = derivatives.gauss_newton(p, X)
        return derivatives.hessian(p, X, y), GN, derivatives.per_example_gradients(p, X, y)

    for step, up, down in zip(*(all_three(theta + h * v) for h in (1e-200j, 1e-5, -1e-5))):
        truth = (up - down) / 2e-5
        assert step.dtype == np.complex128
        assert np.abs(step.imag / 1e-200 - truth).max() <= 1e-7 * np.abs(truth).max()


@pytest.mark.parametrize("moved", ["W_ih", "b_h", "W_ho", "b_o", "X", "y"])
def test_a_complex_step_may_be_taken_in_one_argument_alone(moved):
    """The other arrays stay real. Both sides are compared with a difference quotient."""
    params, X, y = prime_case(batch=())
    given = dict(zip((*network.FIELDS, "X", "y"), (*params.arrays(), X, y)))
    direction = np.random.default_rng(6).standard_normal(given[moved].shape)

    def of_all(h):
        W_ih, b_h, W_ho, b_o, X, y = {**given, moved: given[moved] + h * direction}.values()
        p = Params(W_ih, b_h, W_ho, b_o)
        for f, more in (
            (derivatives.hessian, (X, y)),
            (derivatives.hessian_diagonal, (X, y)),
            (derivatives.gauss_newton, (X,)),
            (derivatives.per_example_gradients, (X, y)),
        ):
            yield f(p, *more)
            yield f.formula(p, *more, "tanh")

    for step, up, down in zip(*map(of_all, (1e-200j, 1e-5, -1e-5))):
        truth = (up - down) / 2e-5
        size = np.abs(up).max()
        assert np.abs(step.imag / 1e-200 - truth).max() <= 1e-7 * max(size, np.abs(truth).max())


def test_a_stack_may_have_its_own_x_or_y():
    stack, X, y = prime_case()
    many_X, many_y = (np.random.default_rng(6).standard_normal((7, *a.shape)) for a in (X, y))
    for own_X, own_y in ((many_X, y), (X, many_y), (many_X, many_y)):
        H, GN = derivatives.hessian(stack, own_X, own_y), derivatives.gauss_newton(stack, own_X)
        per = derivatives.per_example_gradients(stack, own_X, own_y)
        for s in range(7):
            one = Params.unflatten(stack.flatten()[s], stack.sizes)
            x, t = (a[s] if a.ndim > 2 else a for a in (own_X, own_y))
            for together, alone in (
                (H[s], complex_step_of_the_gradient(one, x, t, "tanh")),
                (GN[s], derivatives.gauss_newton(one, x)),
                (per[s], derivatives.per_example_gradients(one, x, t)),
            ):
                np.testing.assert_allclose(together, alone, rtol=1e-9, atol=1e-11)


def test_per_example_gradients_are_exact_on_fractions():
    for activation in ("relu", "identity"):
        per = derivatives.per_example_gradients(BY_HAND, X_BY_HAND, Y_BY_HAND, activation)
        for n in range(2):
            row = X_BY_HAND[n : n + 1], Y_BY_HAND[n : n + 1]
            assert (per[n] == network.backward(BY_HAND, *row, activation).flatten()).all()


PER_EXAMPLE = "test_per_example_gradients_are_those_of_each_row_and_sum_to_backward"
HESSIAN = "test_hessian_equals_the_complex_step_of_the_gradient"
GAUSS_NEWTON = "test_gauss_newton_is_the_sum_over_examples_and_outputs_of_the_slopes_of_y_hat"
COMPLEX = "test_a_complex_step_passes_through_all_three"
SLIPS = {
    "slope_forgotten": ("* ACTIVATIONS[activation][1](z, h)", "* 1", PER_EXAMPLE),
    "inputs_without_what_flows_back": (
        "_products(dz, X,",
        "_products(np.ones_like(dz), X,",
        PER_EXAMPLE,
    ),
    "crossed_twice_on_one_side": (
        "[..., own[:, :into, None], own[:, None, into:]] += bent[..., into:, :].mT",
        "[..., own[:, into:, None], own[:, None, :into]] += bent[..., into:, :]",
        HESSIAN,
    ),
    "crossed_once": ("bent[..., into:, :].mT", "0 * bent[..., into:, :].mT", HESSIAN),
    "bend_without_the_residual": (
        "_through(params.W_ho, r)",
        "_through(params.W_ho, np.ones_like(r))",
        HESSIAN,
    ),
    "outputs_mixed": (
        "np.eye(D.shape[-3], dtype=D.dtype)",
        "np.ones(D.shape[-3:-2] * 2)",
        GAUSS_NEWTON,
    ),
    "conjugated": ("G @ G.mT", "G @ G.conj().mT", COMPLEX),
    "one_output_of_two": ("if len(one) == 1", "if True", GAUSS_NEWTON),
}


@pytest.mark.parametrize(("right", "wrong", "caught_by"), SLIPS.values(), ids=SLIPS)
def test_a_slip_in_the_products_is_caught(right, wrong, caught_by, monkeypatch):
    edits = [(right, wrong)]
    assert_caught(monkeypatch, "columns.hessian", edits, f"test_derivatives.{caught_by}")


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


def test_a_position_for_each_matrix_of_a_stack_with_two_axes():
    rng = np.random.default_rng(1)
    A = rng.standard_normal((2, 3, 5, 5))
    inverse, i = np.linalg.inv(A @ A.mT + np.eye(5)), rng.integers(0, 5, (2, 3))
    out = derivatives.inverse_without(inverse, i)
    for s in np.ndindex(2, 3):
        assert (out[s] == derivatives.inverse_without(inverse[s], int(i[s]))).all()


def test_inverse_without_refuses_a_pivot_of_0_and_positions_outside():
    swap = np.array([[0.0, 1.0], [1.0, 3.0]])
    refusal = "inverse_without: inverse must be a matrix whose diagonal entry i is not 0"
    for inverse, i in ((swap, 0), ([np.eye(2), swap], 0), ([np.eye(2), swap], [1, 0])):
        with pytest.raises(ValueError, match=refusal):
            derivatives.inverse_without(inverse, i)
    assert derivatives.inverse_without([np.eye(2), swap], [0, 1])[1, 0, 0] == -1 / 3
    for i in (-1, 2, [0, 2], [-1, 0], [0], [[0, 0]]):
        with pytest.raises(ValueError, match="inverse_without: i must be a position from 0 to 1"):
            derivatives.inverse_without([np.eye(2), np.eye(2)], i)
    for bad in (np.ones((2, 3)), np.ones(4), 1.0):
        with pytest.raises(
            ValueError, match=r"inverse_without: inverse must be of shape \(…, n, n"
        ):
            derivatives.inverse_without(bad, 0)


def test_a_direction_has_an_entry_for_each_parameter_and_broadcasts_against_the_stack():
    params, X, y = prime_case()  # a stack of 7
    for v in (1.0, np.ones(25), np.ones((7, 1))):
        refusal = r"hessian_vector_product: v must be of shape \(…, 26\), got"
        with pytest.raises(ValueError, match=refusal):
            derivatives.hessian_vector_product(params, X, y, v)
    with pytest.raises(ValueError, match="hessian_vector_product: v must be of a shape that broad"):
        derivatives.hessian_vector_product(params, X, y, np.ones((3, 26)))
    assert derivatives.hessian_vector_product(params, X, y, np.ones((3, 1, 26))).shape == (3, 7, 26)


def test_no_examples_float32_and_refusals():
    params, X, y = prime_case()
    assert (derivatives.hessian(params, X[:0], y[:0]) == 0).all()
    assert (derivatives.gauss_newton(params, X[:0]) == 0).all()
    assert derivatives.per_example_gradients(params, X[:0], y[:0]).shape == (7, 0, 26)
    small = Params(*(a.astype(np.float32) for a in params.arrays()))
    x, t = X.astype(np.float32), y.astype(np.float32)
    for result in (
        derivatives.hessian(small, x, t),
        derivatives.gauss_newton(small, x),
        derivatives.per_example_gradients(small, x, t),
    ):
        assert result.dtype == np.float32
    with pytest.raises(ValueError, match=r"hessian_vector_product: v must be of shape \(…, 26\)"):
        derivatives.hessian_vector_product(params, X, y, np.ones(25))
    with pytest.raises(ValueError, match="hessian: y must be of shape"):
        derivatives.hessian(params, X, y[:, 0])
    with pytest.raises(ValueError, match="inverse_without: i must be a position from 0 to 1"):
        derivatives.inverse_without(np.eye(2), 2)
    with pytest.raises(ValueError, match="inverse_without: inverse must be of shape"):
        derivatives.inverse_without(np.ones(3), 0)
