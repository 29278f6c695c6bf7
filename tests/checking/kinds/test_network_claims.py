"""Claims about outputs, losses and steps of a network, by hand and by published numbers."""

import numpy as np
import pytest

from checking.cases import verdict
from refnn import network
from refnn.network import Params

# The best-known example of backpropagation: 2-2-2 with sigmoid hidden and output units.
TWO = {"W_ih": [["0.15", "0.20"], ["0.25", "0.30"]], "b_h": ["0.35", "0.35"]}
TWO |= {"W_ho": [["0.40", "0.45"], ["0.50", "0.55"]], "b_o": ["0.60", "0.60"]}
TWO |= {"X": [["0.05", "0.10"]], "activation": "sigmoid"}
Y = {"y": [["0.01", "0.99"]]}
# fmt: off
PRINTED = {
    "forward": {"z_h": [["0.3775", "0.3925"]], "h": [["0.593269992", "0.596884378"]],
                "z_o": [["1.105905967", "1.224921404"]], "y_hat": [["0.75136507", "0.772928465"]]},
    "update": {"W_ho": [["0.35891648", "0.408666186"], ["0.511301270", "0.561370121"]],
               "W_ih": [["0.149780716", "0.19956143"], ["0.24975114", "0.29950229"]]},
}
# fmt: on


def test_a_published_forward_pass_and_step():
    forward = verdict(
        kind="forward", **TWO, output_activation="sigmoid", printed=PRINTED["forward"]
    )
    assert forward.status == "as printed" and forward.reason == ""
    step = {"kind": "update", "lr": "0.5", **TWO, **Y, "printed": PRINTED["update"]}
    assert verdict(**step, output_activation="sigmoid").status == "as printed"
    tried = verdict(**step)  # a linear output would print other numbers
    assert (
        tried.holds
        and tried.reason == "This holds with a sigmoid output, which the claim does not state"
    )
    linear = verdict(**step, output_activation="identity")
    assert not linear.holds and "8 of 8" in linear.reason
    uphill = {"W_ho": [["0.441083521", "0.491333814"], ["0.48869873", "0.538629879"]]}
    wrong = verdict(**{**step, "printed": uphill}, output_activation="sigmoid")
    assert "'residual_sign'" in wrong.reason


def test_a_published_output_that_does_not_give_the_published_loss():
    y = {"y": [["0.01", "0.99"]], "printed": "0.298371109"}
    assert verdict(kind="loss", y_hat=[["0.75136507", "0.772928465"]], **y).holds
    assert not verdict(kind="loss", y_hat=[["0.75136079", "0.772928465"]], **y).holds


def test_hidden_sums_that_no_single_bias_gives():
    """One copy prints hidden sums 0.3825 and 0.3900."""
    for bias in ("0.35", "0.355", "0.36"):
        claim = {**TWO, "b_h": [bias, bias], "printed": {"z_h": [["0.3825", "0.3900"]]}}
        assert not verdict(kind="forward", **claim).holds


def test_biases_and_activation_have_defaults():
    claim = {"kind": "forward", "W_ih": [[1]], "W_ho": [[2]], "X": [["0.5"]]}
    assert verdict(**claim, printed={"z_h": [["0.5"]], "h": [["0.4621"]]}).holds
    assert verdict(**claim, activation="relu", printed={"y_hat": [[1]]}).status == "exact"
    assert not verdict(**claim, activation="relu", b_h=[1], printed={"y_hat": [[1]]}).holds


@pytest.mark.parametrize("output", ["sigmoid", "tanh", "relu", "identity"])
def test_gradients_with_any_output_unit_equal_a_complex_step(rng, output):
    arrays = [rng.uniform(-1, 1, s).round(2) for s in ((2, 3), 2, (2, 2), 2, (4, 3), (4, 2))]
    names = ("W_ih", "b_h", "W_ho", "b_o", "X", "y")
    f = network.ACTIVATIONS[output][0]

    def J(theta):
        p = Params.unflatten(theta, (3, 2, 2))
        y_hat = f(network.forward(p, arrays[4], "tanh").y_hat)
        return ((y_hat - arrays[5]) ** 2).sum() / 2

    theta, h = Params(*arrays[:4]).flatten(), 1e-30
    g = [J(theta + 1j * h * np.eye(len(theta))[i]).imag / h for i in range(len(theta))]
    right = Params.unflatten(np.array(g), (3, 2, 2))
    claim = {n: np.vectorize(str, otypes=[object])(a).tolist() for n, a in zip(names, arrays)}
    claim |= {"kind": "gradient", "activation": "tanh", "output_activation": output}
    printed = {
        n: np.vectorize("{:.12f}".format, otypes=[object])(getattr(right, n)) for n in names[:4]
    }
    assert (
        verdict(**claim, printed={n: a.tolist() for n, a in printed.items()}).status == "as printed"
    )
    printed["W_ih"][0, 0] = f"{right.W_ih[0, 0] + 2e-12:.12f}"
    assert not verdict(**claim, printed={n: a.tolist() for n, a in printed.items()}).holds


def test_the_gradient_of_the_weights_is_no_weight():
    """The mistake of a published page: dW_ih from the gradient of W_ho instead of W_ho."""
    claim = {"kind": "gradient", **TWO, **Y, "activation": "identity"}
    W_ih, b_h, W_ho, b_o, X, y = (np.array(claim[n], float) for n in (*network.FIELDS, "X", "y"))
    h = X @ W_ih.T + b_h
    dy = h @ W_ho.T + b_o - y
    wrong = (dy @ (dy.T @ h)).T @ X
    printed = {"W_ih": [[f"{v:.6f}" for v in row] for row in wrong]}
    found = verdict(**claim, output_activation="identity", printed=printed)
    assert "'gradient_for_the_weight'" in found.reason


@pytest.mark.parametrize(
    ("stated", "printed", "holds", "word"),
    [
        ({}, "4", True, ""),  # 1/2·(4 + 4)
        ({}, "8", True, "sum without the factor 1/2"),
        ({}, "2", True, "mean with the factor 1/2"),
        ({"half": True}, "8", False, "'missing_half'"),
        ({"half": True}, "2", True, "mean with"),
        ({"reduction": "sum"}, "8", True, "without"),
        ({"reduction": "sum"}, "2", False, "'mean_for_sum'"),
        ({"reduction": "sum", "half": True}, "4.1", False, ""),
        ({"reduction": "mean", "half": False}, "4", True, ""),
        ({"reduction": "mean"}, "8", False, ""),
    ],
)
def test_a_loss_is_a_sum_or_a_mean_with_or_without_its_half(stated, printed, holds, word):
    claim = {"kind": "loss", "y_hat": [[1], [2]], "y": [[3], [4]], **stated}
    found = verdict(**claim, printed=printed)
    assert found.holds is holds and word in found.reason
    if stated:
        assert found.status != "exact" or len(stated) == 2


def test_a_mean_loss_in_full_digits(rng):
    y_hat, y = rng.uniform(-1, 1, (2, 30, 1)).round(3)
    texts = [[[repr(float(v)) for v in row] for row in a] for a in (y_hat, y)]
    for real in (np.float64, np.float32):
        mean = np.mean((y_hat.astype(real) - y.astype(real)) ** 2)
        claim = {"kind": "loss", "y_hat": texts[0], "y": texts[1], "printed": str(mean)}
        assert verdict(**claim).holds
        assert verdict(**claim, reduction="mean", half=False).holds
