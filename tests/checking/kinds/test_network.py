"""Claims about loss, gradient, importance and masks of a network, against decimal arithmetic of 120
digits and numbers by hand."""

import time
from decimal import Decimal, localcontext

import pytest

from checking.cases import verdict
from refnn.checking.worked_example import check

# W_ih @ x + b_h = .3·.5 + .1 = 1/4 and -.3·.5 + .1 = -.05; the rest below in 120 digits of decimal
# arithmetic
SMALL = {
    "W_ih": [["0.3"], ["-0.3"]],
    "b_h": [["0.1"], ["0.1"]],
    "W_ho": [["2", "-1"]],
    "b_o": ["0.5"],
    "X": [["0.5"]],
    "y": [["0.25"]],
}


def by_decimals(activation):
    """∂J/∂θ of SMALL by hand: W_ih, b_h, W_ho, b_o."""
    with localcontext() as context:
        context.prec = 120
        z, v = [Decimal("0.25"), Decimal("-0.05")], [Decimal(2), Decimal(-1)]
        if activation == "tanh":
            h = [(t.exp() - (-t).exp()) / (t.exp() + (-t).exp()) for t in z]
            slope = [1 - a * a for a in h]
        else:
            h = [1 / (1 + (-t).exp()) for t in z]
            slope = [a - a * a for a in h]
        r = v[0] * h[0] + v[1] * h[1] + Decimal("0.5") - Decimal("0.25")
        back = [r * v[j] * slope[j] for j in (0, 1)]
        return {
            "W_ih": [[b * Decimal("0.5")] for b in back],
            "b_h": back,
            "W_ho": [[r * a for a in h]],
            "b_o": [r],
        }


def digits(values, n, last=0):
    """Printed to n decimals, the last digit changed by `last`."""
    if isinstance(values, list):
        return [digits(v, n, last) for v in values]
    with localcontext() as context:
        context.prec = 120
        return str((values + last * Decimal(10) ** -n).quantize(Decimal(10) ** -n))


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_transcendental_gradients_are_decided_to_forty_digits(activation):
    right = by_decimals(activation)
    claim = {"kind": "gradient", "activation": activation, **SMALL}
    for n in (2, 12, 40):
        printed = {k: digits(v, n) for k, v in right.items()}
        assert verdict(**claim, printed=printed).status == "as printed"
        for name in right:
            for last in (-1, 1):
                found = verdict(**claim, printed={name: digits(right[name], n, last)})
                assert found.status == "cannot be" and name in found.reason
    assert right["b_h"][1] < 0  # so that the absolute value is seen
    with localcontext() as context:
        context.prec = 120
        W_ih = [[abs(a) * Decimal("0.3") for a in row] for row in right["W_ih"]]
        taylor = {"W_ih": W_ih, "b_h": [abs(a) * Decimal("0.1") for a in right["b_h"]]}
    scores = {**claim, "kind": "importance"}
    printed = {k: digits(v, 30) for k, v in taylor.items()}
    assert verdict(**scores, criterion="taylor", printed=printed).status == "as printed"
    found = verdict(**claim, printed={"b_o": digits(right["b_o"], 100)})  # beyond what is enclosed
    assert found.status == "not decidable" and "too close" in found.reason
    for b_o, status in (("0.125", "exact"), ("0.1", "as printed"), ("0.126", "cannot be")):
        second = verdict(**scores, criterion="obd", printed={"b_o": [b_o]})  # ½·0.5², since H = 1
        assert second.status == status


def test_a_gradient_of_fractions_is_exact_and_named_by_its_entry():
    net = {"W_ih": [[1, 2]], "b_h": [3], "W_ho": [[2]], "b_o": [1], "X": [[10, 20]], "y": [[100]]}
    claim = {"kind": "gradient", "activation": "relu", **net}
    right = {"W_ih": [[140, 280]], "b_h": [14], "W_ho": [[371]], "b_o": [7]}
    assert verdict(**claim, printed=right).status == "exact"
    wrong = verdict(**claim, printed={"W_ho": [[371]], "W_ih": [[140, 28]]})
    linear = "1 of 3 printed values is wrong (with linear output units)"
    assert wrong.reason == f"{linear}: W_ih[0, 1] is 280, but 28 is printed"
    assert wrong.computed == {"W_ih": [[140, 280]], "W_ho": [[371]]}


def test_loss():
    loss = {"kind": "loss", "y_hat": [["0.1"], ["0.4"]], "y": [["0.3"], ["0.3"]]}
    found = [verdict(**loss, printed=p).status for p in ("0.025", "0.03", "0.02", "0.0250", "0.05")]
    assert found == ["exact", "as printed", "as printed", "exact", "as printed"]  # ends are closed
    assert "sum without the factor 1/2" in verdict(**loss, printed="0.05").reason
    stated = {**loss, "reduction": "sum", "half": True}
    wrong = verdict(**stated, printed="0.05")
    assert wrong.status == "cannot be" and "'missing_half'" in wrong.reason


def test_masks():
    mask = {"kind": "mask", "scores": ["0.4", "-0.9", "0.1", "0.4", "0.8"]}
    # of equals the earlier goes
    assert verdict(**mask, sparsity="0.6", printed=[0, 0, 0, 1, 1]).status == "exact"
    later = verdict(**mask, sparsity="0.6", printed=[1, 0, 0, 0, 1])
    assert later.status == "as printed" and "Some scores are equal" in later.reason
    assert verdict(**mask, sparsity="0.6", printed=[1, 0, 1, 0, 0]).status == "cannot be"
    assert verdict(**mask, tau="0.4", printed=[True, False, False, True, True]).status == "exact"
    mask["scores"] = {"W_ih": [[1, 4]], "b_h": [2], "W_ho": [[3]], "b_o": [5]}
    for b_h, scope in ((1, {"scope": "layer"}), (0, {})):
        printed = {"W_ih": [[0, 1]], "b_h": [b_h], "W_ho": [[1]], "b_o": [1]}
        found = verdict(**mask, sparsity="0.5", **scope, printed=printed)
        assert found.status == "exact" and found.computed == printed
        assert type(found.computed["b_h"][0]) is int


def test_a_claim_that_would_take_minutes_is_not_begun():
    """90 x 90 weights on 100 rows; with 5 rows it is decided, from the diagonal of H alone."""
    wide = {"W_ih": [[1] * 90] * 90, "W_ho": [[1] * 90], "activation": "relu"}
    printed = {"b_o": [3]}
    for kind, more in (
        ("importance", {"criterion": "obd"}),
        ("importance", {"criterion": "fisher"}),
        ("gradient", {}),
        ("update", {"lr": 1}),
        ("forward", {}),
    ):
        claim = {"kind": kind, **wide, **more, "X": [[1] * 90] * 100, "printed": printed}
        if kind != "forward":
            claim["y"] = [[1]] * 100
        start = time.monotonic()
        [found] = check({"title": "", "claims": [claim]})
        assert time.monotonic() - start < 2
        assert found.status == "not decidable" and "828,100" in found.reason
    few = {**wide, "kind": "importance", "criterion": "obd", "X": [[1] * 90] * 5, "y": [[1]] * 5}
    start = time.monotonic()
    [found] = check({"title": "", "claims": [{**few, "printed": {"b_o": [0]}}]})
    assert time.monotonic() - start < 20 and found.status == "exact"


def test_a_network_without_curves_is_exact_to_any_number_of_digits():
    """1/3⁵⁰ has no short decimal, and relu, then a linear output, keeps it."""
    small = f"1/{3**50}"
    net = {"W_ih": [["1"]], "W_ho": [["1"]], "X": [[small]], "activation": "relu"}
    for name in ("z_h", "h", "z_o", "y_hat"):
        found = verdict(kind="forward", **net, printed={name: [[small]]})
        assert found.status == "exact" and found.reason == ""
        wrong = verdict(kind="forward", **net, printed={name: [[f"1/{3**49}"]]})
        assert wrong.status == "cannot be"
