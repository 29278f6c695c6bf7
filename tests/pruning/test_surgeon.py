"""Optimal Brain Surgeon, against the exact constrained minimum of a parabola."""

from fractions import Fraction as F

import numpy as np
import pytest

from pruning.cases import J_of, case, equal
from refnn import data, derivatives, network, training
from refnn.network import Params
from refnn.pruning import schedules, surgeon


def constrained(H, theta, gone):
    """θ + δ of the least ½δᵀHδ with (θ + δ) = 0 at `gone`, by Lagrange's equations, and that least
    value."""
    n, k = len(theta), len(gone)
    E = np.eye(n)[:, gone]
    system = np.block([[H, E], [E.T, np.zeros((k, k))]])
    delta = np.linalg.solve(system, np.concatenate([np.zeros(n), -theta[gone]]))[:n]
    return theta + delta, delta @ H @ delta / 2


@pytest.mark.parametrize("curvature", surgeon.CURVATURES)
def test_obs_equals_lagranges_equations_at_every_deletion(curvature):
    params, X, y = case(9)
    theta, decay, damping = params.flatten() + 0.3, 0.5, 50.0
    params = Params.unflatten(theta, params.sizes)
    H = (
        derivatives.hessian(params, X, y)
        if curvature == "hessian"
        else derivatives.gauss_newton(params, X)
    )
    H = H + 50.5 * np.eye(26)
    # solving loses cond(H) units of rounding, and 26 downdates no more than that each
    error = 26 * 26 * np.linalg.cond(H) * np.finfo(float).eps
    assert error < 1e-10
    whole = schedules.obs(
        params, X, y, 26, damping=damping, weight_decay=decay, curvature=curvature
    )
    assert sorted(whole.order.tolist()) == list(range(26)) and not whole.params.flatten().any()
    before = 0.0
    for count in range(1, 26):
        done = schedules.obs(
            params, X, y, count, damping=damping, weight_decay=decay, curvature=curvature
        )
        wanted, rise = constrained(H, theta, done.order)
        assert done.order.tolist() == whole.order[:count].tolist()
        assert np.flatnonzero(~done.mask.flatten()).tolist() == sorted(done.order.tolist())
        assert not done.params.flatten()[done.order].any()
        assert np.abs(done.params.flatten() - wanted).max() <= error * np.abs(theta).max()
        assert abs(done.cost[-1] - (rise - before)) <= error * rise
        others = [
            constrained(H, theta, [*done.order[:-1], i])[1]
            for i in range(26)
            if i not in done.order
        ]
        assert all(rise <= other * (1 + error) for other in others)
        before = rise


def parabola(rng, decay=0.0):
    """A model linear in its 26 parameters, J = ½‖Gθ − t‖²: (θ at the minimum of J + ½·decay·‖θ‖², J
    + decay as a function of θ, its least value over the θ that are 0 outside `left`, G)."""
    G, t = rng.standard_normal((40, 26)), rng.standard_normal(40)
    rows, wanted = np.vstack([G, np.sqrt(decay) * np.eye(26)]), np.concatenate([t, np.zeros(26)])

    def objective(theta):
        return np.sum((rows @ theta - wanted) ** 2) / 2

    def least(left):
        theta = np.zeros(26)
        theta[left] = np.linalg.lstsq(rows[:, left], wanted)[0]
        return objective(theta)

    return np.linalg.lstsq(rows, wanted)[0], objective, least, G


def test_obs_on_a_parabola_is_exact_and_greedy(rng):
    """At every deletion J is the least of all θ with these zeros, and no other deletion would have
    led to less. lstsq and the inverse each lose cond(GᵀG)·26 units of rounding, below 1e-10; the
    1e-9 covers both."""
    (_, X, y), sizes = case(), (5, 3, 2)
    for decay in (0.0, 30.0):
        theta, objective, least, G = parabola(rng, decay)
        assert np.linalg.cond(G.T @ G) < 1e4
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(derivatives.hessian, "formula", lambda *arguments, H=G.T @ G: H)
            start, left, J = Params.unflatten(theta, sizes), list(range(26)), objective(theta)
            for count in range(1, 22):
                done = schedules.obs(start, X, y, count, weight_decay=decay)
                choices = {i: least([j for j in left if j != i]) for i in left}
                assert done.order[-1] == min(choices, key=choices.get)
                left.remove(done.order[-1])
                after = objective(done.params.flatten())
                assert after == pytest.approx(least(left), rel=1e-9)
                assert done.cost[-1] == pytest.approx(after - J, rel=1e-9, abs=1e-9 * J)
                assert after <= objective(np.where(done.mask.flatten(), theta, 0)) * (1 + 1e-9)
                J = after


def test_obs_goes_on_from_a_mask(rng):
    """On a parabola, in two calls as in one: the second starts at the minimum without what the
    first removed."""
    (_, X, y), sizes = case(), (5, 3, 2)
    theta, _, _, G = parabola(rng)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(derivatives.hessian, "formula", lambda *arguments: G.T @ G)
        once = schedules.obs(Params.unflatten(theta, sizes), X, y, 9)
        half = schedules.obs(Params.unflatten(theta, sizes), X, y, 4)
        rest = schedules.obs(half.params, X, y, 5, mask=half.mask)
    assert once.order.tolist() == half.order.tolist() + rest.order.tolist() and equal(
        rest.mask, once.mask
    )
    np.testing.assert_allclose(rest.params.flatten(), once.params.flatten(), rtol=1e-9, atol=1e-10)
    assert equal(
        schedules.obs(half.params, X, y, 0, damping=1e3, mask=half.mask).params, half.params
    )


def test_a_stack_of_two_axes_is_the_stack_of_all_its_networks():
    params, X, y = case(17, (2, 3))
    flat = params.map(lambda a: a.reshape(6, *a.shape[2:]))
    square, row = (
        surgeon.obs(p, X, y, 4, damping=50.0, mask=p.map(lambda a: a > -0.3))
        for p in (params, flat)
    )
    assert square.order.reshape(6, 4).tolist() == row.order.tolist()
    np.testing.assert_allclose(square.cost.reshape(6, 4), row.cost, rtol=1e-9)


def test_obs_loses_less_than_its_choice_without_the_update():
    """Ten networks at the minimum of diabetes with decay: the objective J + ½λ‖θ‖² after 20 of 61
    deletions."""
    s, decay = data.split(data.load("diabetes"), 0), 10.0
    params = network.init(np.random.default_rng(0), batch=(10,))
    for lr in (0.02, 0.002):
        params = training.fit(
            params, s.X_train, s.y_train, steps=250, lr=lr, weight_decay=decay
        ).params

    def objective(p):
        return J_of(p, s.X_train, s.y_train) + decay / 2 * (p.flatten() ** 2).sum(axis=-1)

    done = schedules.obs(
        params, s.X_train, s.y_train, 20, weight_decay=decay, curvature="gauss_newton"
    )
    moved, stayed = (
        objective(p) - objective(params)
        for p in (done.params, network.apply_mask(params, done.mask))
    )
    assert (moved < stayed).all() and np.median(stayed / moved) > 1.5


@pytest.mark.parametrize("size", [1e-20, 1.0, 1e20])
def test_the_inverse_is_of_what_is_left_and_0_elsewhere_at_every_scale(size):
    A = np.random.default_rng(0).standard_normal((9, 6))
    H, left = size * A.T @ A, np.array([True, False, True, True, False, True])
    wanted = np.zeros((6, 6))
    wanted[np.ix_(left, left)] = np.linalg.inv(H[np.ix_(left, left)])
    np.testing.assert_allclose(surgeon._inverse(H, left, 0.0), wanted, rtol=1e-9, atol=1e-12 / size)


# --- a Hessian that is given, of four parameters --------------------------------------------------


def with_hessian(monkeypatch, H, theta=(1.0, 2.0, 3.0, 4.0), count=0, **options):
    """obs of θ (4,), or of a stack of them, where H is the Hessian."""
    monkeypatch.setattr(derivatives.hessian, "formula", lambda *arguments: np.array(H, float))
    return surgeon.obs(Params.unflatten(theta, (1, 1, 1)), [[1.0]], [[1.0]], count, **options)


def test_the_cheapest_is_found_where_its_square_vanishes_or_overflows(monkeypatch):
    done = with_hessian(monkeypatch, np.eye(4), [2e-200, 1e-200, -2e200, 1e200], count=4)
    assert done.order.tolist() == [1, 0, 3, 2] and done.cost.tolist() == [0, 0, np.inf, np.inf]


def test_the_reciprocal_condition_must_be_above_1e_minus_12(monkeypatch):
    """Of what is left: the curvatures of pruned parameters do not count."""
    for size in (1e-20, 1.0, 1e20):
        with_hessian(monkeypatch, size * np.diag([1, 1, 1, 1.1e-12]))
        with pytest.raises(ValueError, match="obs: damping must be so large that H is positive"):
            with_hessian(monkeypatch, size * np.diag([1, 1, 1, 0.9e-12]))
        mask = Params.unflatten([1, 1, 0, 1], (1, 1, 1))
        with_hessian(monkeypatch, size * np.diag([1, 1, -5, 1.1e-12]), mask=mask)
    with pytest.raises(ValueError, match="with a reciprocal condition above 1e-12, got 0"):
        with_hessian(monkeypatch, np.diag([1, 1, 1, 1e-12]))
    nothing = Params.unflatten([0, 0, 0, 0], (1, 1, 1))
    assert not with_hessian(monkeypatch, np.zeros((4, 4)), mask=nothing).params.flatten().any()


def test_one_network_of_a_stack_without_an_inverse_is_refused(monkeypatch):
    two = np.array([[1.0, 2.0, 3.0, 4.0]] * 2)
    for bad, words in (
        (-1, "damping must be so large"),
        (1e-320, "damping must be so large"),  # its inverse is beyond the largest float
        (np.inf, "params must be so small that the Hessian is finite"),
    ):
        for pair in ([np.eye(4), np.diag([bad, 1, 1, 1])], [np.diag([bad] * 4), np.eye(4)]):
            with pytest.raises(ValueError, match=f"obs: {words}"):
                with_hessian(monkeypatch, pair, two)


def test_a_count_is_at_most_what_every_mask_of_a_stack_has_left(monkeypatch):
    two, H = np.array([[1.0, 2.0, 3.0, 4.0]] * 2), [np.eye(4)] * 2
    mask = Params.unflatten([[1, 1, 1, 1], [1, 0, 0, 1]], (1, 1, 1))
    done = with_hessian(monkeypatch, H, two, count=2, mask=mask)
    assert done.order.tolist() == [[0, 1], [0, 3]]
    for count in (-1, 3):
        with pytest.raises(ValueError, match="obs: count must be a whole number from 0 to 2"):
            with_hessian(monkeypatch, H, two, count=count, mask=mask)
    with pytest.raises(ValueError, match="obs: count must be a whole number from 0 to 4"):
        with_hessian(monkeypatch, H, two, count=5)


def test_dampings_below_0_and_fractions_of_a_network_are_refused():
    params, X, y = case()
    with pytest.raises(ValueError, match="obs: damping must be a number of at least 0, got -1"):
        surgeon.obs(params, X, y, 1, damping=-1)
    exact = Params([[F(1)]], [F(1)], [[F(1)]], [F(1)])
    with pytest.raises(TypeError, match=r"obs: params\.W_ih must be floating-point or whole"):
        surgeon.obs(exact, [[1]], [[1]], 1, "identity", damping=1.0)
