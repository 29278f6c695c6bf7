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


def test_the_keys_that_choose_are_named():
    claim = {"kind": "mask", "scores": [1, 2], "printed": [1, 0]}
    with pytest.raises(
        ValueError, match="tau or sparsity or n must be given alone, got none of them"
    ):
        verdict(**claim)
    with pytest.raises(ValueError, match="must be given alone, got tau and n"):
        verdict(**claim, tau=1, n=1)
    with pytest.raises(ValueError, match="printed must be a mask of 1"):
        verdict(**{**claim, "printed": [1, 2]}, tau=1)


def test_of_equal_scores_either_may_go():
    """torch.topk keeps the later one of equal scores, NumPy's stable argsort the earlier."""
    claim = {"kind": "mask", "weights": [["-0.73", "0.72", "0.73", "-1.3"]], "n": 2, "m": 4}
    for printed in ([[1, 0, 0, 1]], [[0, 0, 1, 1]]):
        assert verdict(**claim, printed=printed).holds
    assert not verdict(**claim, printed=[[1, 1, 0, 0]]).holds
    assert not verdict(**claim, printed=[[0, 1, 0, 1]]).holds
    left = ["-0.73", 0, 0, "-1.3"], [0, 0, "0.73", "-1.3"], [0, "0.72", 0, "-1.3"]
    for printed, holds in zip(left, (True, True, False)):
        assert verdict(**claim, printed={"weights": [printed]}).holds is holds
    two = {**claim, "weights": [["1", "1", "2"], ["3", "1", "2"]], "n": 1, "m": 3}
    three = {**two, "weights": [["1", "1", "2"], ["3", "1", "3"]]}
    assert verdict(**three, printed=[[0, 0, 1], [1, 0, 0]]).holds
    assert verdict(**three, printed=[[0, 0, 1], [0, 0, 1]]).holds
    assert not verdict(**two, printed=[[0, 0, 1], [0, 0, 1]]).holds


NET = {"W_ih": [[1, 3], [2, 1]], "b_h": [5, 1], "W_ho": [[1, 4]], "b_o": [6]}


@pytest.mark.parametrize(
    ("scope", "W_ih", "b_h", "W_ho", "holds"),
    [  # a third of 9 are three of the four ones; by layer 1 of 4, 1 of 2, 1 of 2 and 0 of 1
        ("global", [[0, 1], [1, 0]], [1, 0], [[1, 1]], True),
        ("global", [[0, 1], [1, 1]], [1, 0], [[0, 1]], True),
        ("global", [[1, 0], [0, 1]], [1, 1], [[0, 1]], False),
        ("layer", [[0, 1], [1, 0]], [1, 0], [[0, 1]], False),
        ("layer", [[0, 1], [1, 1]], [1, 0], [[1, 1]], False),
    ],
)
def test_of_equal_scores_in_a_network_either_may_go(scope, W_ih, b_h, W_ho, holds):
    printed = {"W_ih": W_ih, "b_h": b_h, "W_ho": W_ho, "b_o": [1]}
    claim = {"kind": "mask", "scores": NET, "sparsity": "1/3", "scope": scope}
    assert verdict(**claim, printed=printed).holds is holds


def test_of_equal_scores_in_a_layer_either_may_go():
    """A quarter of 4 is one; of 2 it is none, as a half is rounded to even."""
    claim = {"kind": "mask", "scores": NET, "sparsity": "1/4", "scope": "layer"}
    others = {"b_h": [1, 1], "W_ho": [[1, 1]], "b_o": [1]}
    for W_ih, holds in (([[0, 1], [1, 1]], True), ([[1, 1], [1, 0]], True), ([[1, 1], [0, 1]], 0)):
        assert verdict(**claim, printed={"W_ih": W_ih, **others}).holds == holds
    away = {"W_ih": [[1, 1], [1, 1]], **others, "b_h": [1, 0]}  # the 1 of another layer
    assert not verdict(**claim, printed=away).holds


@pytest.mark.parametrize("kind", [{"kind": "prune", "R": ["0.4"]}, {"kind": "mask"}])
def test_rounded_scores_may_lie_on_either_side_of_a_rounded_threshold(kind):
    """0.4 may be 0.45, and 0.5 too; 0.6 is 0.55 or more, and not below 0.55."""
    key = "scores" if kind["kind"] == "mask" else "R"
    claim = {**kind, "tau": "0.5", "inputs": "rounded"}
    for score, printed, status in (
        ("0.4", 1, "not decidable"),
        ("0.3", 1, "cannot be"),
        ("0.5", 0, "not decidable"),
        ("0.6", 0, "cannot be"),
    ):
        assert verdict(**{**claim, key: [score]}, printed=[printed]).status == status
    layered = {**claim, "kind": "mask", "scores": NET, "tau": "2.0"}
    layered.pop("R", None)
    none = {"W_ih": [[0, 0], [0, 0]], "b_h": [0, 0], "W_ho": [[0, 0]], "b_o": [0]}
    assert verdict(**layered, printed=none).status == "not decidable"
