"""A claim of any kind that does not fit is refused by its key."""

import pytest

from checking.cases import CHOOSE, NET, UINT8, verdict
from refnn.checking.worked_example import KINDS

NETWORK = {"kind": "gradient", "activation": "relu", **NET, "printed": {"b_o": [1, 1]}}
BAD = [
    ({**NETWORK, "activation": "swish"}, "activation"),
    ({**NETWORK, "X": [[1]]}, ".*X"),
    ({**NETWORK, "y": [1, 2, 3]}, ".*y"),
    ({**NETWORK, "W_ih": [1]}, ".*W_ih"),
    ({**NETWORK, "printed": [1]}, "printed"),
    ({**NETWORK, "printed": {}}, "printed"),
    ({**NETWORK, "printed": {"b": [1]}}, "printed"),
    ({**NETWORK, "printed": {"b_o": [1]}}, r"printed\.b_o"),
    ({k: v for k, v in NETWORK.items() if k != "X"}, "X"),
    ({**NETWORK, "kind": "importance", "criterion": "obs"}, "criterion"),
    ({**UINT8, "x": [1], "printed": [1], "scale": 0}, ".*scale"),
    ({**UINT8, "x": [1], "printed": [1], "qmin": "a"}, "qmin"),
    ({**UINT8, "x": [1], "printed": [1], "scale": [1, 2]}, "scale"),
    ({**UINT8, "x": [], "printed": []}, "x"),
    ({**UINT8, "x": [1], "printed": [1], "axis": 3, "scale": [1], "zero_point": [1]}, ".*axis"),
    ({**UINT8, "x": [1], "printed": ["0.5"]}, "printed"),
    ({**CHOOSE, "printed": {"zero": 1}}, "printed"),
    ({**CHOOSE, "printed": {"scale": 1}, "bits": 1}, ".*bits"),
    ({**CHOOSE, "printed": {"scale": [1]}}, r"printed\.scale"),
    ({"kind": "mask", "scores": [1], "printed": [1]}, "tau"),
    ({"kind": "mask", "scores": [1], "tau": 1, "printed": [2]}, "printed"),
    ({"kind": "mask", "scores": [1], "sparsity": 2, "printed": [1]}, ".*sparsity"),
    ({"kind": "mask", "scores": {"W": 1}, "tau": 1, "printed": [1]}, "scores"),
    ({"kind": "loss", "y_hat": [[1]], "y": [[1, 2]], "printed": 1}, ".*y"),
    ({**UINT8, "kind": "affine_dequantize", "q": [300], "printed": [1]}, ".*q"),
]


@pytest.mark.parametrize(("claim", "key"), BAD)
def test_bad_claims_are_refused_by_claim_and_key(claim, key):
    for inputs in ("exact", "rounded"):
        with pytest.raises((ValueError, TypeError), match=rf"^check: claims\[0\](\.|: ){key}"):
            verdict(**claim, inputs=inputs)


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_key_is_named(kind):
    for key in KINDS[kind].needs:
        given = {k: 1 for k in KINDS[kind].needs if k != key}
        words = f"claims\\[0\\]\\.{key} must be given for a claim of kind '{kind}'"
        with pytest.raises(ValueError, match=f"^check: {words}"):
            verdict(kind=kind, **given)
