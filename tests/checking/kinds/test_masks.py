"""Claims about masks of scores and of weights: by a threshold, a sparsity, or groups."""

import pytest

from checking.cases import verdict

W = ["0.4", "-0.9", "0.1", "-0.5", "0.8", "0.2", "0.3", "-0.7"]


def test_weights_are_ranked_by_their_size():
    claim = {"kind": "mask", "weights": W}
    half = [0, 1, 0, 1, 1, 0, 0, 1]
    assert verdict(**claim, sparsity="0.5", printed=half).status == "exact"
    assert verdict(**claim, sparsity="0.5", printed={"mask": half}).status == "exact"
    left = ["0", "-0.9", 0, "-0.5", "0.8", "0.0", 0, "-0.7"]
    assert verdict(**claim, tau="0.5", printed={"weights": left}).status == "exact"
    signed = [1, 0, 1, 0, 1, 0, 1, 0]  # the lowest without the abs
    wrong = verdict(**claim, sparsity="0.5", printed=signed)
    assert not wrong.holds and "the weight 0.4 is removed" in wrong.reason


def test_groups_of_n_of_m():
    claim = {"kind": "mask", "weights": W, "n": 2, "m": 4}
    assert verdict(**claim, printed=[0, 1, 0, 1, 1, 0, 0, 1]).status == "exact"
    removed = verdict(**{**claim, "n": 1}, printed=[1, 1, 0, 1, 1, 0, 1, 1])
    assert "'n_removed'" in removed.reason
    rows = {"kind": "mask", "scores": [[1, 2, 3, 4], [4, 3, 2, 1]], "n": 2, "m": 4}
    assert verdict(**rows, printed=[[0, 0, 1, 1], [1, 1, 0, 0]]).status == "exact"


@pytest.mark.parametrize(
    ("claim", "key"),
    [
        ({"weights": W, "scores": W, "tau": 1, "printed": [1] * 8}, "scores"),
        ({"weights": W, "tau": 1, "sparsity": 0, "printed": [1] * 8}, "tau"),
        ({"weights": W, "printed": [1] * 8}, "tau"),
        ({"weights": W, "n": 2, "printed": [1] * 8}, "m"),
        ({"scores": W, "tau": 1, "printed": {"weights": W}}, "printed"),
    ],
)
def test_a_mask_says_how_it_is_chosen(claim, key):
    with pytest.raises((ValueError, TypeError), match=rf"check: claims\[0\](\.|: ){key}"):
        verdict(kind="mask", **claim)


def test_of_equal_scores_either_may_go():
    """torch.topk keeps the later one of equal scores, NumPy's stable argsort the earlier."""
    claim = {"kind": "mask", "weights": [["-0.73", "0.72", "0.73", "-1.3"]], "n": 2, "m": 4}
    for printed in ([[1, 0, 0, 1]], [[0, 0, 1, 1]]):
        assert verdict(**claim, printed=printed).holds
    assert not verdict(**claim, printed=[[1, 1, 0, 0]]).holds
    assert not verdict(**claim, printed=[[0, 1, 0, 1]]).holds
