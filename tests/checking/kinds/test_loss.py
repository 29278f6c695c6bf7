"""Which losses rounded outputs and targets leave open, and which loss a claim that states none
means."""

import pytest

from checking.cases import verdict

SUM = {"kind": "loss", "reduction": "sum", "half": True, "inputs": "rounded"}


@pytest.mark.parametrize(
    ("y_hat", "y", "least", "most", "beyond"),
    [  # each number may be 0.05 more or less, so each residual 0.1
        (["1.0"], ["3.0"], "1.805", "2.205", ("1.804", "2.206")),  # 1.9²/2, 2.1²/2
        (["3.0"], ["1.0"], "1.805", "2.205", ("1.804", "2.206")),
        (["0.0"], ["0.0"], "0.0000", "0.005", ("-0.0001", "0.0051")),
        (["0.0"], ["0.1"], "0.0000", "0.02", ("-0.0001", "0.0201")),
        (["0.2"], ["0.0"], "0.005", "0.045", ("0.0049", "0.0451")),
        (["1.0", "0.0"], ["3.0", "0.1"], "1.805", "2.225", ("1.804", "2.226")),
    ],
)
def test_rounded_numbers_leave_a_range_of_losses(y_hat, y, least, most, beyond):
    claim = {**SUM, "y_hat": [[v] for v in y_hat], "y": [[v] for v in y]}
    for printed in (least, most):
        assert verdict(**claim, printed=printed).status in ("not decidable", "as printed")
    for printed in beyond:
        assert verdict(**claim, printed=printed).status == "cannot be"
    mean = {**claim, "reduction": "mean", "half": False}
    n = len(y)
    assert verdict(**mean, printed=str(2 * float(most) / n)).holds is False
    assert verdict(**mean, printed=str(2 * float(most) / n)).status == "not decidable"
    assert verdict(**mean, printed=str(2 * float(beyond[1]) / n + 0.01)).status == "cannot be"


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        ("5", ""),  # (1 + 9)/2
        ("10", "This is the sum without the factor 1/2, which the claim does not state"),
        ("2.5", "This is the mean with the factor 1/2, which the claim does not state"),
        ("5.0", ""),
    ],
)
def test_a_loss_that_is_not_stated_may_be_any_of_four(printed, words):
    found = verdict(kind="loss", y_hat=[[1], [3]], y=[[0], [0]], printed=printed)
    assert found.holds and found.reason == words
    assert found.status == ("as printed" if words else "exact")
    three = verdict(kind="loss", y_hat=[[1], [3], [0]], y=[[0], [0], [2]], printed="14/3")
    assert three.holds and "the mean without the factor 1/2" in three.reason


@pytest.mark.parametrize(
    ("stated", "printed", "holds"),
    [
        ({"reduction": "sum"}, "10", True),
        ({"reduction": "sum"}, "2.5", False),
        ({"reduction": "mean"}, "2.5", True),
        ({"half": False}, "10", True),
        ({"half": False}, "2.5", False),
        ({"half": True}, "10", False),
        ({"reduction": "mean", "half": False}, "5", True),
        ({"reduction": "mean", "half": True}, "5", False),
    ],
)
def test_what_is_stated_of_a_loss_binds(stated, printed, holds):
    claim = {"kind": "loss", "y_hat": [[1], [3]], "y": [[0], [0]], **stated}
    assert verdict(**claim, printed=printed).holds is holds


def test_other_reductions_are_refused():
    claim = {"kind": "loss", "y_hat": [[1]], "y": [[0]], "printed": 1}
    with pytest.raises(ValueError, match="reduction must be one of 'sum', 'mean'"):
        verdict(**claim, reduction="max")
    with pytest.raises(TypeError, match="half must be"):
        verdict(**claim, half=1)


def test_a_mistake_in_a_mean_is_named_too():
    """The residuals 1, 3, 0, 0 have the mean square 2.5; not squared, the mean is 1."""
    claim = {"kind": "loss", "y_hat": [[1], [3], [0], [0]], "y": [[0]] * 4, "reduction": "mean"}
    assert verdict(**claim, half=False, printed="2.5").status == "exact"
    assert "'not_squared'" in verdict(**claim, half=False, printed="1").reason
    assert "'not_squared'" in verdict(**claim, half=True, printed="0.5").reason
