"""The optimiser against its recurrences in plain scalars, closed-form minima, and masks that must
hold exactly."""

import numpy as np
import pytest
from mutants import plant
from pruning.cases import case

from refnn import data, network, training, transposed
from refnn.network import Params


def mask_of(seed, params, batch=()):
    rng = np.random.default_rng(seed)
    return Params(
        *(rng.random(batch + a.shape[len(params.batch) :]) < 0.5 for a in params.arrays())
    )


def test_adam_by_hand_in_scalars():
    # J = θ², θ₀ = 1, lr = .1: the recurrences of Kingma & Ba, Algorithm 1, written out
    theta, m, v, lr = 1.0, 0.0, 0.0, 0.1
    for t in range(1, 8):
        g = 2 * theta
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        theta -= lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)) ** 0.5 + 1e-8)
    out = training.minimise(np.array([1.0]), lambda th: 2 * th, steps=7, lr=0.1)
    assert abs(out[0] - theta) < 1e-15
    first = training.minimise(np.array([1.0, -3.0]), lambda th: 2 * th, steps=1, lr=0.1)
    np.testing.assert_allclose(
        first, [0.9, -2.9], rtol=1e-8
    )  # bias-corrected: the first step is lr·sign


def test_gradient_descent_is_theta_minus_lr_times_the_gradient():
    out = training.minimise(np.array([1.0, 2.0]), lambda th: th, steps=2, lr=0.5, optimizer="gd")
    assert out.tolist() == [0.25, 0.5]


def test_project_is_applied_to_the_start_and_after_every_step():
    seen = []

    def gradient(th):
        seen.append(th.copy())
        return np.ones_like(th)

    training.minimise(
        np.array([5.0]),
        gradient,
        steps=3,
        lr=1.0,
        optimizer="gd",
        project=lambda th: np.maximum(th, 3.5),
    )
    assert [s[0] for s in seen] == [5.0, 4.0, 3.5]


def test_history_is_J_before_the_first_step_then_after_each():
    params, X, y = case()
    one = training.fit(params, X, y, steps=3, lr=0.01, weight_decay=0.5)
    assert one.history.shape == (4,)
    for J, p in ((one.history[0], params), (one.history[-1], one.params)):
        assert abs(J / network.loss(network.forward(p, X).y_hat, y) - 1) < 1e-14
    none = training.fit(params, X, y, steps=0, lr=0.01)
    assert none.history.shape == (1,) and (none.params.flatten() == params.flatten()).all()


def test_a_step_of_gd_by_hand():
    params, X, y = case()
    after = training.fit(
        params, X, y, steps=1, lr=0.01, optimizer="gd", weight_decay=0.3
    ).params.flatten()
    theta = params.flatten()
    expected = theta - 0.01 * (network.backward(params, X, y).flatten() + 0.3 * theta)
    assert np.abs(after - expected).max() < 1e-15


def test_at_the_minimum_with_decay_the_slope_of_J_is_minus_lambda_w():
    s = data.split(data.load("diabetes"), 0)
    start = network.init(np.random.default_rng(0))
    theta = start
    for lr in (0.01, 0.001, 0.0001):
        theta = training.fit(
            theta, s.X_train, s.y_train, steps=2000, lr=lr, weight_decay=10.0
        ).params
    R, w = network.backward(theta, s.X_train, s.y_train).flatten(), theta.flatten()
    assert np.abs(R + 10.0 * w).max() < 1e-3 * np.abs(R).max()


def test_masks_hold_exactly_through_momentum_and_decay():
    params, X, y = case()
    trained = training.fit(params, X, y, steps=50, lr=0.05).params  # weights, moments: far from 0
    for optimizer in ("adam", "gd"):
        mask = mask_of(1, params)
        out = training.fit(
            trained, X, y, steps=100, lr=0.01, optimizer=optimizer, weight_decay=0.1, mask=mask
        ).params
        pruned = ~mask.flatten()
        assert (out.flatten()[pruned] == 0).all() and (out.flatten()[~pruned] != 0).all()
        start = training.fit(trained, X, y, steps=0, lr=0.01, mask=mask).params.flatten()
        assert (start[pruned] == 0).all() and (start[~pruned] == trained.flatten()[~pruned]).all()


def test_a_stack_trains_as_its_networks_one_by_one():
    params, _, y = case(batch=(7,))
    rng = np.random.default_rng(5)
    X = rng.standard_normal((7, 11, 5))
    lr, decay, mask = rng.uniform(0.01, 0.05, 7), rng.uniform(0, 1, 7), mask_of(2, params, (7,))
    together = training.fit(params, X, y, steps=30, lr=lr, weight_decay=decay, mask=mask)
    assert together.history.shape == (7, 31)
    for s in range(7):
        one = Params.unflatten(params.flatten()[s], params.sizes)
        keep = Params.unflatten(mask.flatten()[s], params.sizes)
        alone = training.fit(one, X[s], y, steps=30, lr=lr[s], weight_decay=decay[s], mask=keep)
        np.testing.assert_allclose(alone.history, together.history[s], rtol=1e-10)


def test_fit_equals_its_plain_form():
    """One evaluation to the rounding of one sum; blocks of networks and of rows included."""
    rng = np.random.default_rng(8)
    for batch, N, block in (
        ((), 11, 2**15),
        ((2,), 11, 2**15),
        ((7,), 11, 2**15),
        ((7,), 13, 64),
        ((5,), 13, 110),  # blocks of two networks, and one of the last
        ((2, 3), 101, 64),
        ((), 1001, 256),
    ):
        for activation in ("tanh", "sigmoid", "relu", "identity"):
            for own_data, outputs in ((False, 2), (True, 2), (False, 1), (True, 1)):
                params, own = network.init(rng, (5, 3, outputs), batch), batch if own_data else ()
                X, y = (rng.standard_normal((*own, N, k)) for k in (5, outputs))
                saved, transposed.BLOCK = transposed.BLOCK, block
                try:
                    fast = training.fit(
                        params, X, y, steps=1, lr=0.01, optimizer="gd", activation=activation
                    )
                finally:
                    transposed.BLOCK = saved
                plain = training.fit_plain(
                    params, X, y, steps=1, lr=0.01, optimizer="gd", activation=activation
                )
                # each slope sums N products: N·eps·Σ|terms|, and Σ|terms| <=
                # N·max|r|·max|W|·max|X|; lr scales it
                r = np.abs(network.forward(params, X, activation).y_hat - y).max()
                terms = (
                    N
                    * r
                    * max(1, np.abs(params.flatten()).max())
                    * np.abs(X).max()
                    * np.abs(network.forward(params, X, activation).h).max(initial=1)
                )
                bound = 0.01 * 2 * N * np.finfo(float).eps * terms
                assert np.abs(fast.params.flatten() - plain.params.flatten()).max() <= bound
                np.testing.assert_allclose(fast.history, plain.history, rtol=1e-12)
    one = network.init(rng, (5, 3, 2))
    X, y = (
        rng.standard_normal((11, 5)).astype(np.float32),
        rng.standard_normal((11, 2)).astype(np.float32),
    )
    single = Params(*(a.astype(np.float32) for a in one.arrays()))
    for activation in ("tanh", "relu"):
        out = training.fit(single, X, y, steps=3, lr=0.01, activation=activation, weight_decay=0.1)
        assert out.params.W_ih.dtype == out.history.dtype == np.float32


@pytest.mark.parametrize("S", [1, 2, 3])
@pytest.mark.parametrize("optimizer", training.OPTIMIZERS)
def test_each_network_has_its_own_data_rate_and_decay(S, optimizer):
    """However many networks there are, and however few of them fill a block."""
    rng = np.random.default_rng(4)
    params = network.init(rng, (4, 3, 2), (S,))
    X, y = rng.standard_normal((S, 13, 4)), rng.standard_normal((S, 13, 2))
    rule = {"lr": np.linspace(0.01, 0.05, S), "weight_decay": np.linspace(1, 0, S)}
    rule |= {"steps": 5, "optimizer": optimizer}
    fast, plain = (f(params, X, y, **rule) for f in (training.fit, training.fit_plain))
    # the sums of the products are taken in another order, carried through five steps
    np.testing.assert_allclose(fast.params.flatten(), plain.params.flatten(), rtol=0, atol=1e-11)
    np.testing.assert_allclose(fast.history, plain.history, rtol=1e-11)


def test_many_steps_of_the_fast_form_end_where_the_plain_form_ends():
    s = data.split(data.load("diabetes"), 0)
    start = network.init(np.random.default_rng(0), batch=(2,))
    mask = mask_of(3, start, (2,))
    for options in ({}, {"mask": mask}, {"optimizer": "gd", "lr": 0.0005}):
        options = {"steps": 100, "lr": 0.01, "weight_decay": 10.0, **options}
        fast, plain = (
            f(start, s.X_train, s.y_train, **options) for f in (training.fit, training.fit_plain)
        )
        np.testing.assert_allclose(
            fast.params.flatten(), plain.params.flatten(), rtol=1e-9, atol=1e-11
        )
        np.testing.assert_allclose(fast.history, plain.history, rtol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("optimizer", training.OPTIMIZERS)
def test_the_steps_in_place_are_those_of_minimise_to_the_last_bit(rng, optimizer, dtype):
    for shape, lr in (((61,), 0.03), ((4, 61), np.linspace(0.001, 0.1, 4)[:, None]), ((0, 3), 1)):
        theta = rng.standard_normal(shape).astype(dtype)
        before, lr = theta.copy(), np.asarray(lr, dtype)

        def gradient(theta):
            return np.sin(theta) * theta + dtype(0.1) * theta

        for project in (lambda theta: theta, lambda theta: np.where(theta > 0, theta, dtype(0))):
            rule = {"steps": 150, "lr": lr, "optimizer": optimizer, "project": project}
            fast = transposed.minimise(theta, gradient, **rule)
            plain = training.minimise(theta, gradient, **rule)
            np.testing.assert_array_equal(fast, plain, strict=True)
        assert (theta == before).all()


def test_parameters_of_the_steps_are_not_overwritten():
    """Whoever keeps what a gradient was asked for, or what it answered, keeps it."""
    seen = []

    def gradient(theta):
        seen.append(theta)
        return theta

    rule = {"steps": 3, "lr": np.array(0.5), "project": lambda theta: theta}
    transposed.minimise(np.array([1.0, -1.0]), gradient, optimizer="gd", **rule)
    assert [theta.tolist() for theta in seen] == [[1, -1], [0.5, -0.5], [0.25, -0.25]]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("v_hat *= g", "v_hat *= v_hat"),
        ("1 - BETA2 ** t)", "1 - BETA2)"),
        ("beta2, rest1", "rest1, beta2"),
        ("v_hat += epsilon", "v_hat += 0"),
        ("m += m_hat", "m -= m_hat"),
        ("theta - lr * g", "theta + lr * g"),
    ],
)
def test_a_slip_in_the_steps_is_caught(right, wrong, monkeypatch):
    plant(monkeypatch, "transposed.minimise", [(right, wrong)])
    with pytest.raises((AssertionError, RuntimeWarning)):
        test_the_steps_in_place_are_those_of_minimise_to_the_last_bit(
            np.random.default_rng(0), "adam", np.float64
        )


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("total.fill(0)", "pass"),
        ("np.divide(J, 2, out=J)", "pass"),
        ("if shared and S > 1:", "if False:"),
        ("through(back, r, out=d)", "through(back, np.abs(r), out=d)"),
        ("through(back, r, out=d)", "through(np.abs(back), r, out=d)"),
        ("back * part if late", "part if late"),
        ("d *= r", "d *= np.abs(r)"),
        ("outputs == 1 and (not alone)", "not alone"),
        ("dW2 += each(r, h1_again)", "dW2[...] = each(r, h1_again)"),
        ("own_J += np.vecdot(r_flat, r_flat)", "own_J -= np.vecdot(r_flat, r_flat)"),
        ("np.subtract(1, d, out=d)", "np.add(1, d, out=d)"),
        ("d[...] = slope(z, h)", "d[...] = 1"),
        ("np.multiply(h, h, out=z)", "np.copyto(z, h)"),
        ("np.copyto(half, total)", "pass"),
        ("'J': J[s]", "'J': J[:k]"),
        ("else yt[s, :, n]", "else yt[:k, :, n]"),
        ("x = X1t[s, :, n]", "x = X1t[:k, :, n]"),
    ],
)
def test_a_slip_in_the_fast_objective_is_caught(right, wrong, monkeypatch):
    plant(monkeypatch, "transposed.objective", [(right, wrong)])
    with pytest.raises((AssertionError, ValueError)):
        test_fit_equals_its_plain_form()


def test_divergence_stays_where_it_happens_and_is_quiet():
    params, X, y = case(batch=(3,))
    good = training.fit(params, X, y, steps=60, lr=0.01, optimizer="gd", activation="identity")
    mixed = training.fit(
        params,
        X,
        y,
        steps=60,
        lr=np.array([0.01, 1e3, 0.01]),
        optimizer="gd",
        activation="identity",
    )
    assert not np.isfinite(mixed.history[1, -1])
    np.testing.assert_allclose(mixed.history[[0, 2]], good.history[[0, 2]], rtol=1e-12)


def test_a_stack_of_no_networks_is_a_stack():
    params, X, y = case(batch=(0,))
    for fit in (training.fit, training.fit_plain):
        out = fit(params, X, y, steps=2, lr=0.1)
        assert out.history.shape == (0, 3) and out.params.flatten().shape == (0, 26)


def test_the_learning_rate_has_the_precision_of_the_training():
    params, X, y = case()
    single = Params(*(a.astype(np.float32) for a in params.arrays()))
    exact = Params(*(a.astype(np.float64) for a in single.arrays()))
    a, b = (
        training.fit(p, X, y, steps=3, lr=0.1, optimizer="gd").params.flatten()
        for p in (single, exact)
    )
    assert a.dtype == np.float64 and (a == b).all()


def test_the_start_is_not_modified():
    params, X, y = case()
    before = params.flatten()
    for a in params.arrays():
        a.flags.writeable = False
    training.fit(params, X, y, steps=5, lr=0.1)
    assert (params.flatten() == before).all()


def test_fit_refuses_wrong_options_and_no_examples_and_minimise_a_number_for_a_gradient():
    params, X, y = case()
    fit = training.fit
    for options, word in (
        ({"steps": 1.0}, "steps"),
        ({"steps": -1}, "steps"),
        ({"lr": 0}, "lr"),
        ({"lr": np.nan}, "lr"),
        ({"lr": np.ones(2)}, "lr"),
        ({"optimizer": "sgd"}, "optimizer"),
        ({"weight_decay": -1}, "weight_decay"),
        ({"mask": params}, "mask"),
        ({"mask": True}, "mask"),
        ({"activation": "gelu"}, "activation"),
    ):
        with pytest.raises((ValueError, TypeError), match=f"fit: {word}"):
            fit(params, X, y, **{"steps": 1, "lr": 0.1, **options})
    with pytest.raises(ValueError, match="fit: X must be at least one example"):
        fit(params, X[:0], y[:0], steps=1, lr=0.1)
    with pytest.raises(TypeError, match="minimise: gradient must be a function"):
        training.minimise(np.ones(2), 3, steps=1, lr=0.1)


@pytest.mark.parametrize("lr", [0.0, -0.1, [0.1, 0.0], [[0.1, 0.1]], [0.1, 0.1, 0.1]])
def test_minimise_refuses_a_rate_that_is_not_positive_or_does_not_fit_theta(lr):
    with pytest.raises(ValueError, match="minimise: lr must be"):
        training.minimise(np.ones(2), lambda theta: theta, steps=1, lr=lr)


def test_minimise_without_a_step_returns_the_projected_start():
    rule = {"steps": 0, "lr": 0.1, "project": np.abs}
    still = training.minimise(np.array([2.0, -3.0]), lambda theta: theta, **rule)
    assert still.tolist() == [2, 3]


def test_ten_million_steps_are_the_most():
    def gradient(theta):
        raise StopIteration  # at the first step, because all of them would take minutes

    with pytest.raises(StopIteration):
        training.minimise(np.ones(2), gradient, steps=10**7, lr=0.1)
    refusal = "minimise: steps must be a whole number from 0 to 10000000"
    with pytest.raises(ValueError, match=refusal):
        training.minimise(np.ones(2), gradient, steps=10**7 + 1, lr=0.1)
    params, X, y = case()
    with pytest.raises(ValueError, match="fit: steps must be a whole number from 0 to 10000000"):
        training.fit(params, X, y, steps=10**7 + 1, lr=0.1)


@pytest.mark.parametrize("fit", [training.fit, training.fit_plain])
@pytest.mark.parametrize("name", ["lr", "weight_decay"])
def test_a_number_for_each_network_must_be_finite_in_the_precision_of_the_training(fit, name):
    params, X, y = case(batch=(2,))
    single = params.map(np.float32), np.float32(X), np.float32(y)
    for value in (1e39, [0.1, 1e39]):
        with pytest.raises(ValueError, match=f"{fit.__name__}: {name} must be finite in float32"):
            fit(*single, **{"steps": 1, "lr": 0.1, name: value})
        fit(params, X, y, **{"steps": 0, "lr": 0.1, name: value})  # float64 holds it
    for value in ([0.1, -1.0], [0.1], [[0.1, 0.1]], [0.1] * 3):
        with pytest.raises(ValueError, match=f"{fit.__name__}: {name} must be"):
            fit(params, X, y, **{"steps": 1, "lr": 0.1, name: value})


def test_a_network_without_inputs_trains_on_its_biases():
    p = Params(np.zeros((2, 0)), np.zeros(2), np.ones((1, 2)), np.zeros(1))
    fit = training.fit(p, np.zeros((4, 0)), np.full((4, 1), 3.0), steps=300, lr=0.05)
    assert fit.history[0] == 18 and fit.history[-1] < 0.01


def test_what_a_given_gradient_refuses_it_refuses_in_its_own_name():
    def gradient(theta):
        return network.loss([[1.0]], [1.0])

    with pytest.raises(ValueError, match=r"^loss: y must be of shape"):
        training.minimise(np.ones(3), gradient, steps=1, lr=0.1)
