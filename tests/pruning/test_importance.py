"""The criteria: by hand, against exact deletion where they are exact, and against what they
approximate."""

import re
from fractions import Fraction as F

import numpy as np
import pytest

from pruning.cases import THETA, untrained
from refnn import derivatives, network
from refnn.network import Params
from refnn.pruning import importance


def small(rng, activation="tanh", batch=(), sizes=(3, 2, 2)):
    params = Params(
        *(a + 0.3 * rng.standard_normal(a.shape) for a in network.init(rng, sizes, batch).arrays())
    )
    return (
        params,
        rng.standard_normal((*batch, 11, sizes[0])),
        rng.standard_normal((*batch, 11, sizes[2])),
        activation,
    )


def exact_network():
    p = Params([[F(1), F(-2)], [F(1, 2), F(3)]], [F(1), F(-1, 3)], [[F(2), F(-1, 2)]], [F(1, 4)])
    return p, [[F(1), F(2)], [F(-1), F(1, 2)], [F(0), F(3)]], [[F(1)], [F(2)], [F(-1)]]


def deleted(params, X, y, i, activation):
    theta = params.flatten().copy()
    theta[i] = 0 * theta[i]
    return network.loss(
        network.forward(Params.unflatten(theta, params.sizes), X, activation).y_hat, y
    )


def J(params, X, y, activation):
    return network.loss(network.forward(params, X, activation).y_hat, y)


def test_magnitude_gradient_and_taylor_are_absolute_values():
    assert importance.magnitude(THETA).flatten().tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    params = Params([[F(1)]], [F(0)], [[F(2)]], [F(0)])
    X, y = [[F(1)], [F(2)]], [[F(6)], [F(7)]]
    assert importance.gradient(params, X, y, "identity").flatten().tolist() == [20, 14, 10, 7]
    assert importance.taylor(params, X, y, "identity").flatten().tolist() == [20, 0, 20, 0]


def test_criteria_on_a_stack_are_those_of_its_networks():
    _, X, y = untrained()
    stack = network.init(np.random.default_rng(1), batch=(3,))
    for criterion in (importance.magnitude, importance.gradient, importance.taylor):
        together = criterion(stack, X, y).flatten()
        for s in range(3):
            alone = criterion(Params.unflatten(stack.flatten()[s], stack.sizes), X, y).flatten()
            np.testing.assert_allclose(together[s], alone, rtol=1e-10)


def test_second_order_is_exact_along_the_output_layer():
    """J is a parabola along each weight of the output layer, and with identity along every weight;
    Fractions."""
    p, X, y = exact_network()
    scores = importance.second_order_taylor(p, X, y, "identity").flatten()
    assert scores.tolist() == [
        deleted(p, X, y, i, "identity") - J(p, X, y, "identity") for i in range(9)
    ]


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu"])
def test_second_order_is_exact_for_the_output_layer_whatever_the_activation(activation, rng):
    p, X, y, _ = small(rng)
    scores = importance.second_order_taylor(p, X, y, activation).flatten()
    for i in range(8, 14):  # W_ho and b_o
        change = deleted(p, X, y, i, activation) - J(p, X, y, activation)
        assert scores[i] == pytest.approx(change, rel=1e-10, abs=1e-12)


def test_second_order_uses_the_whole_curvature():
    rng = np.random.default_rng(3)
    p, X, y, _ = small(rng)
    theta, g = p.flatten(), network.backward(p, X, y).flatten()
    step = 1e-20j
    for i in range(14):
        moved = theta.astype(complex)
        moved[i] += step
        H_ii = network.backward(Params.unflatten(moved, p.sizes), X, y).flatten()[i].imag / 1e-20
        wanted = -g[i] * theta[i] + H_ii * theta[i] ** 2 / 2
        assert importance.second_order_taylor(p, X, y).flatten()[i] == pytest.approx(
            wanted, rel=1e-10
        )


def test_obd_is_half_the_curvature_with_its_sign():
    rng = np.random.default_rng(1)
    p, X, y, _ = small(rng)
    wanted = np.diagonal(derivatives.hessian(p, X, 5 * y)) * p.flatten() ** 2 / 2
    assert (wanted < 0).any()  # far from a minimum: it can be negative
    np.testing.assert_allclose(importance.obd(p, X, 5 * y).flatten(), wanted, rtol=1e-12)
    exact, X, y = exact_network()  # along W_ho: ½·Σ h²·w², by hand
    h = network.forward(exact, X, "identity").h
    assert importance.obd(exact, X, y, "identity").W_ho.tolist() == [
        [sum(h[:, j] ** 2) * exact.W_ho[0, j] ** 2 / 2 for j in range(2)]
    ]


def test_fisher_sums_the_squares_over_the_examples():
    rng = np.random.default_rng(2)
    p, X, y, _ = small(rng)
    wanted = (
        sum(network.backward(p, X[n : n + 1], y[n : n + 1]).flatten() ** 2 for n in range(11))
        * p.flatten() ** 2
        / 2
    )
    np.testing.assert_allclose(importance.fisher(p, X, y).flatten(), wanted, rtol=1e-12)
    # a published slip keeps the last example: for g = 1, 2, 3 it gives 9, the sum is 14
    one = Params([[0.0]], [0.0], [[0.0]], [1.0])
    assert importance.fisher(one, np.zeros((3, 1)), [[0.0], [-1.0], [-2.0]], "identity").b_o == [
        14 / 2
    ]


def test_fisher_is_near_the_hessian_where_its_noise_model_holds():
    """y = ŷ + N(0, 1): E Σ g² = Σ GᵀG, and E H = Σ GᵀG. 4000 examples; g² of one parameter is
    r²·G², whose relative spread is at most √2·√(Σ G⁴)/Σ G²: below .2 here for all."""
    rng = np.random.default_rng(0)
    p, _, _, _ = small(rng)
    X = rng.standard_normal((4000, 3))
    y = network.forward(p, X).y_hat + rng.standard_normal((4000, 2))
    ratio = importance.fisher(p, X, y).flatten() / (
        np.diagonal(derivatives.gauss_newton(p, X)) * p.flatten() ** 2 / 2
    )
    assert np.abs(ratio - 1).max() < 0.2


def test_obs_is_the_least_cost_when_all_others_move():
    """½δᵀHδ with δ_i = −θ_i, minimised over the rest: solved here as linear equations, without an
    inverse."""
    rng = np.random.default_rng(5)
    p, X, y, _ = small(rng)
    damping = 30.0  # positive definite
    H = derivatives.hessian(p, X, y) + damping * np.eye(14)
    assert np.linalg.eigvalsh(H).min() > 0
    scores, theta = importance.obs(p, X, y, damping=damping).flatten(), p.flatten()
    for i in range(14):
        rest = np.arange(14) != i
        delta = np.zeros(14)
        delta[i] = -theta[i]
        delta[rest] = np.linalg.solve(H[np.ix_(rest, rest)], H[rest, i] * theta[i])
        assert scores[i] == pytest.approx(delta @ H @ delta / 2, rel=1e-9)
    assert (
        scores <= importance.obd(p, X, y).flatten() + damping * theta**2 / 2 + 1e-12
    ).all()  # moving only helps


def test_obs_refuses_a_hessian_that_is_not_positive_definite_and_says_which_damping_would_do(rng):
    p, X, y, _ = small(rng)
    dead = Params(p.W_ih * 0, p.b_h * 0, p.W_ho * 0, p.b_o)
    flat = Params(*(a * 0 for a in p.arrays()))
    stack = Params(*map(np.stack, zip(p.arrays(), dead.arrays())))
    for network_, rows in ((p, X), (dead, X), (flat, X * 0), (stack, X)):
        least = np.linalg.eigvalsh(derivatives.hessian(network_, rows, y))[..., 0].min()
        assert least < 1e-9
        words = (
            r"^obs: damping must be at least (\S+), so that H \+ damping·I is positive definite, "
        )
        with pytest.raises(ValueError, match=words + r"got 0\.0$") as refused:
            importance.obs(network_, rows, y)
        enough = float(re.match(words, str(refused.value))[1])
        assert -least < enough <= 1.15 * max(-least, 1e-9)
        scores = importance.obs(network_, rows, y, damping=enough).flatten()
        assert np.isfinite(scores).all() and (scores >= 0).all()
        if least < -1e-3:
            with pytest.raises(ValueError, match="damping must be at least"):
                importance.obs(network_, rows, y, damping=0.9 * -least)
    with pytest.raises(ValueError, match="obs: params must be so small"):
        importance.obs(p.map(lambda a: a * 1e200), X, y)
    with pytest.raises(ValueError, match="obs: damping must be a number of at least 0"):
        importance.obs(p, X, y, damping=-1.0)


def test_obs_of_gauss_newton_is_the_inverse_of_the_jacobians_squares(rng):
    p, X, y, _ = small(rng)
    step = 1e-20  # a complex step: the Jacobian without `columns` or `gauss_newton`
    theta = p.flatten()
    G = np.stack(
        [
            network.forward(
                Params.unflatten(theta + 1j * step * np.eye(14)[i], p.sizes), X
            ).y_hat.imag.ravel()
            / step
            for i in range(14)
        ],
        axis=1,
    )
    inverse = np.linalg.inv(G.T @ G + 2.0 * np.eye(14))
    scores = importance.obs(p, X, y, damping=2.0, curvature="gauss_newton").flatten()
    np.testing.assert_allclose(scores, theta**2 / np.diag(inverse) / 2, rtol=1e-9)
    with pytest.raises(ValueError, match="obs: curvature must be one of 'hessian'"):
        importance.obs(p, X, y, curvature="fisher")


def test_random_does_not_look_at_the_network(rng):
    p = network.init(rng, (3, 2, 1), (4,))
    scores = importance.random(p, np.random.default_rng(0))
    assert (
        scores.batch == (4,)
        and len(set(scores.flatten().ravel().tolist())) == 4 * p.flatten().shape[1]
    )
    assert (
        importance.random(p, np.random.default_rng(0)).flatten().tolist()
        == scores.flatten().tolist()
    )


@pytest.mark.parametrize(
    "name", ["gradient", "taylor", "second_order_taylor", "fisher", "obd", "obs"]
)
def test_a_stack_is_scored_like_its_networks(name, rng):
    p, X, y, _ = small(rng, batch=(2, 3))
    options = {"damping": 50.0} if name == "obs" else {}
    stack = getattr(importance, name)(p, X, y, **options).flatten()
    for i in np.ndindex(2, 3):
        one = Params(*(a[i] for a in p.arrays()))
        np.testing.assert_allclose(
            stack[i], getattr(importance, name)(one, X[i], y[i], **options).flatten(), rtol=1e-9
        )


def test_float32_stays_float32_and_without_examples_every_score_is_0(rng):
    p, _, _, _ = small(rng)
    single = Params(*(a.astype(np.float32) for a in p.arrays()))
    X, y = np.float32(rng.standard_normal((5, 3))), np.float32(rng.standard_normal((5, 2)))
    for name in ("second_order_taylor", "fisher", "obd"):
        assert getattr(importance, name)(single, X, y).W_ih.dtype == np.float32
        assert not getattr(importance, name)(p, np.zeros((0, 3)), np.zeros((0, 2))).flatten().any()
    assert importance.obs(single, X, y, damping=50).W_ih.dtype == np.float32
    assert importance.obs(single, X.astype(float), y, damping=50).W_ih.dtype == np.float64


def test_obs_of_fractions_is_in_floats_and_takes_any_number_as_damping():
    p = Params([[F(1), F(-2)]], [F(1)], [[F(2)]], [F(0)])
    X, y = [[F(1), F(0)], [F(2), F(1)]], [[F(4)], [F(1)]]
    floats = Params(*(a.astype(float) for a in p.arrays()))
    exact = importance.obs(p, X, y, "identity", damping=F(3, 2))
    assert exact.W_ih.dtype == np.float64
    np.testing.assert_allclose(
        exact.flatten(), importance.obs(floats, X, y, "identity", damping=1.5).flatten()
    )


def test_obs_refuses_below_a_reciprocal_condition_of_1e_12():
    """One example without a residual: H = g·gᵀ has one eigenvalue, and damping sets the rest."""
    p = Params([[1.0]], [0.0], [[1.0]], [0.0])
    X = np.array([[1.0]])
    values = np.linalg.eigvalsh(derivatives.hessian(p, X, [[1.0]], "identity"))
    least, largest = np.abs(values).min(), values.max()
    assert least < 1e-15 * largest
    for condition, refused in ((0.9e-12, True), (1.1e-12, False)):
        damping = condition * largest / (1 - condition)
        if refused:
            with pytest.raises(ValueError, match="obs: damping must be"):
                importance.obs(p, X, [[1.0]], "identity", damping=damping)
        else:
            assert np.isfinite(
                importance.obs(p, X, [[1.0]], "identity", damping=damping).flatten()
            ).all()


def test_obs_refuses_a_reciprocal_condition_of_exactly_1e_12(monkeypatch):
    p = Params([[1.0]], [1.0], [[1.0]], [1.0])
    for least in (1e-12, 2e-12):
        H = np.diag([1.0, 1.0, 1.0, least])
        monkeypatch.setattr(derivatives.hessian, "formula", lambda *arguments, H=H: H)
        if least == 1e-12:
            with pytest.raises(ValueError, match="obs: damping must be at least"):
                importance.obs(p, [[1.0]], [[1.0]])
        else:
            assert importance.obs(p, [[1.0]], [[1.0]]).b_o == 1e-12  # ½·θ²·H


def test_a_damping_that_is_enough_is_rounded_up_to_two_digits_and_counts_from_0():
    """H of two examples without inputs is 2 for b_o and 0 for the rest."""
    p, X, y = Params([[0.0]], [0.0], [[0.0]], [0.0]), np.zeros((2, 1)), np.zeros((2, 1))
    for damping in (0.0, 1e-13):  # 2·10⁻¹² is the limit, and twice that is told
        with pytest.raises(ValueError, match=r"damping must be at least 4(\.1)?e-12, so that"):
            importance.obs(p, X, y, damping=damping)
    for value, text in (
        (0.01201, "0.013"),
        (0.012, "0.012"),
        (1.0, "1"),
        (99.1, "100"),
        (3.14e-7, "3.2e-07"),
        (0.0, "1e-12"),
        (-3.0, "1e-12"),
    ):
        assert importance._above(value) == text


def test_the_criteria_of_first_order_refuse_to_go_without_data():
    good = Params([[1.0]], [1.0], [[1.0]], [1.0])
    for criterion in (importance.gradient, importance.taylor):
        with pytest.raises(TypeError, match=f"{criterion.__name__}: X"):
            criterion(good, None, None)
