"""Right results in full machine digits are never refused, and wrong ones are."""

from fractions import Fraction as F

import numpy as np
import pytest

from checking.cases import verdict
from refnn import arrays, network
from refnn.checking.kinds import machine
from refnn.checking.kinds.machine import Traced, of_machine, spans, traced
from refnn.checking.plane.digits import half_unit, significant
from refnn.network import Params

ROWS = (1, 3, 30, 442)
DIGITS = {np.float32: 6, np.float64: 12}  # the digit that is changed


def left_to_right(terms):
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


# fmt: off
SUMS = {
    "NumPy's sum": np.sum,
    "a matrix product": lambda terms: (np.ones((1, len(terms)), terms.dtype) @ terms)[0],
    "from left to right": left_to_right,
    "from right to left": lambda terms: left_to_right(terms[::-1]),
}
# fmt: on


def texts(a):
    return [texts(v) for v in a] if np.ndim(a) else str(a)


def losses(rng, N, real):
    """Yield claims about a loss whose residuals do not cancel, with a number to print for each."""
    y_hat, y = rng.uniform(0.1, 1, (N, 1)).round(3), -rng.uniform(0.1, 1, (N, 1)).round(3)
    r = (y_hat.astype(real) - y.astype(real)).ravel()
    claim = {"kind": "loss", "y_hat": texts(y_hat), "y": texts(y)}
    for add in SUMS.values():
        yield {**claim, "reduction": "sum", "half": True}, add(r * r / real(2))
        yield {**claim, "reduction": "mean", "half": False}, add(r * r) / real(N)


def gradients(rng, N, real, activation):
    """Yield claims about a gradient, and the gradient by sums in different orders."""
    shapes = (3, 2), 3, (1, 3), 1, (N, 2), (N, 1)
    W_ih, b_h, W_ho, b_o, X, y = (rng.uniform(-1, 1, shape).round(2) for shape in shapes)
    names = ("W_ih", "b_h", "W_ho", "b_o", "X", "y")
    claim = dict(zip(names, map(texts, (W_ih, b_h, W_ho, b_o, X, y))))
    claim |= {"kind": "gradient", "activation": activation}
    parts = [a.astype(real) for a in (W_ih, b_h, W_ho, b_o, X, y)]
    g = network.backward(Params(*parts[:4]), *parts[4:], activation)
    yield claim, {name: texts(getattr(g, name)) for name in names[:4]}
    z, h, y_hat = network.forward(Params(*parts[:4]), parts[4], activation)
    dy = y_hat - parts[5]
    slope = {"tanh": 1 - h * h, "sigmoid": h * (1 - h), "relu": (z > 0).astype(real)}
    dz = dy * parts[2] * slope.get(activation, np.ones_like(h))
    for add in SUMS.values():
        W = [[add(dz[:, j] * parts[4][:, i]) for i in range(2)] for j in range(3)]
        printed = {"W_ih": texts(W), "b_h": texts([add(dz[:, j]) for j in range(3)])}
        yield claim, {**printed, "b_o": texts([add(dy[:, 0])])}


@pytest.mark.parametrize("real", [np.float32, np.float64])
@pytest.mark.parametrize("N", ROWS)
def test_a_right_loss_is_never_refused_whatever_the_order_of_its_sum(rng, N, real):
    for _ in range(20 // (1 + N // 30) + 1):
        for claim, J in losses(rng, N, real):
            found = verdict(**claim, printed=str(J))
            assert found.holds and "known mistake" not in found.reason


@pytest.mark.parametrize("real", [np.float32, np.float64])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu", "identity"])
@pytest.mark.parametrize("N", [1, 3, 30])
def test_a_right_gradient_is_never_refused_whatever_the_order_of_its_sums(rng, N, activation, real):
    for _ in range(4 if N < 30 else 1):
        for claim, printed in gradients(rng, N, real, activation):
            found = verdict(**claim, printed=printed)
            assert found.holds and "known mistake" not in found.reason, found.reason


def changed(number, real):
    """The printed number with one more or less in the digit that is changed."""
    digits = DIGITS[real]
    mantissa, exponent = f"{number:.{digits + 4}e}".split("e")
    step = F(1, 10 ** (digits - 1))
    wrong = F(mantissa) + step
    return f"{float(wrong):.{digits + 3}f}e{exponent}"


@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_a_result_that_is_wrong_in_a_digit_that_the_machine_has_is_refused(rng, real):
    refused = []
    for N in ROWS:
        for _ in range(30 // (1 + N // 30) + 1):
            for claim, J in losses(rng, N, real):
                refused.append(not verdict(**claim, printed=changed(J, real)).holds)
    assert np.mean(refused) >= 0.99, np.mean(refused)


@pytest.mark.parametrize(
    ("text", "precision", "holds"),
    [
        ("0.0470588244497776", "float32", True),
        ("0.047058820000000001", "float32", False),  # no float32 is near
        ("0.047059", "float32", False),  # too few digits
        ("0.047058824", "float64", False),  # too few for float64
        ("0.047058823529411764", "float64", True),
        ("0.6571764705882352", "float64", True),  # a float64 whose digits were cut off
        ("-1.1985000e+00", "float32", True),
    ],
)
def test_only_digits_of_a_number_of_the_precision_are_a_machines(text, precision, holds):
    assert of_machine(significant(text), F(text), half_unit(text), precision) is holds


def refused(rng, real):
    return [
        not verdict(**claim, printed=str(J)).holds
        for _ in range(30)
        for claim, J in losses(rng, 30, real)
    ]


@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_without_its_room_right_results_would_be_refused(rng, real, monkeypatch):
    monkeypatch.setattr(machine, "UNITS", 0)
    assert sum(refused(rng, real)) > 3
    monkeypatch.setattr(machine, "UNITS", 4)
    assert not any(refused(rng, real))


def test_a_sum_that_cancels_has_fewer_digits():
    """0.1 + 0.2 − 0.3 is 0, and a machine prints 5.6e-17 or 2.8e-17."""
    terms = arrays.objects([F(1, 10), F(2, 10), F(-3, 10)], (3,))
    total = traced(terms, "float64").sum().settled()
    assert (total.forward, total.backward) == (0.1 + 0.2 - 0.3, -0.3 + 0.2 + 0.1)
    assert abs(total.cancelled - 0.6) < 1e-15
    [(low, high)] = spans("float64", arrays.objects([F(0)], (1,)), (), np.array([total], object))
    assert low < F(5.551115123125783e-17) < high < F(1, 10**15)


def test_both_orders_of_every_sum_are_computed(rng):
    for real in (np.float32, np.float64):
        terms = rng.standard_normal(50).astype(real)
        total = arrays.objects([Traced(t) for t in terms], (50,)).sum().settled()
        assert total.forward == left_to_right(terms)
        assert total.backward == left_to_right(terms[::-1])
        product = (total * total).settled()
        assert type(product.forward) is real and product.forward == total.forward**2


def test_a_float32_near_the_edge_of_its_few_printed_digits():
    """J is 17.419351 exactly, 17.41935 in float32, and PyTorch prints 17.4193."""
    loss = {"kind": "loss", "y_hat": [["5.9024"]], "y": [[0]], "reduction": "sum", "half": True}
    exact = F("5.9024") ** 2 / 2  # 17.41916…
    assert verdict(**loss, printed="17.4192").holds
    assert not verdict(**loss, printed="17.4190").holds and abs(exact - F("17.4192")) < F(1, 10**4)
    edge = {"kind": "arithmetic", "expression": "17.419350001"}
    assert verdict(**edge, printed="17.4193").status == "as printed"  # in float32 it is 17.41935
    assert not verdict(**edge, printed="17.4192").holds
    below = {"kind": "arithmetic", "expression": "17.419049999"}
    assert verdict(**below, printed="17.4191").status == "as printed"  # in float32 17.4190502
    assert not verdict(**below, printed="17.4192").holds
    assert not verdict(kind="arithmetic", expression="17.4194", printed="17.4193").holds


@pytest.mark.parametrize("x", [0.25, 2.0, -0.8])
@pytest.mark.parametrize(
    "f",
    [np.tanh, np.exp, np.sqrt, abs, lambda v: -v, lambda v: v * v, lambda v: v**3,
     lambda v: 3 * v, lambda v: v / 4, lambda v: 5 / v],
)  # fmt: skip
def test_what_a_sum_has_lost_grows_with_the_slope_of_what_follows(f, x):
    """The slope is that of finite differences."""
    if f is np.sqrt and x < 0:
        return
    lost, h = 0.5, 1e-6
    found = f(np.array([Traced(x, cancelled=lost)], object))[0].settled()
    assert found.forward == f(np.float64(x))
    slope = abs(f(np.float64(x + h)) - f(np.float64(x - h))) / (2 * h)
    assert found.cancelled == pytest.approx(slope * lost, rel=1e-6)


def test_a_number_and_a_machines_number_compare_and_subtract():
    x = Traced(2.0)
    assert x > 1 and not x > 2 and x < 3 and not x < 2
    assert [(x - 1).settled().forward, (1 - x).settled().forward] == [1, -1]
    assert (1 / Traced(4.0)).forward == 0.25 and (Traced(1.0) / 0.5).forward == 2


def test_the_span_of_a_machine_holds_its_results_and_four_units():
    """Four units in the last place of 1 are 4·2⁻⁵²; for 3 − 2, which loses 4, there are 10 more."""
    one = arrays.objects([F(1)], (1,))
    unit = F(1, 2**52)
    [(low, high)] = spans("float64", one)
    assert (low, high) == (1 - 4 * unit, 1 + 4 * unit)
    [(low, high)] = spans("float64", one, [np.array([1.5])])
    assert (low, high) == (1 - 4 * unit, F(3, 2) + 4 * unit)
    total = (Traced(3.0) + Traced(-2.0)).settled()  # 5 − 1 cancelled, and 1 is a sum
    [(low, high)] = spans("float64", one, (), np.array([total], object))
    assert (low, high) == (1 - 14 * unit, 1 + 14 * unit)
    huge = arrays.objects([F(10**400)], (1,))
    assert spans("float64", one, [np.array([np.inf])]) == [None]
    assert spans("float64", one, (), np.array([Traced(np.inf)], object)) == [None]
    assert spans("float64", huge) == [(F(10**400), F(10**400))]
