"""A worked example is judged claim by claim, and one that does not fit is refused by its key."""

import json

import pytest

from checking.cases import QUANTIZE, verdict
from refnn import article
from refnn.checking.reading.printed import levels_in
from refnn.checking.worked_example import Verdict, check


def test_the_article():
    verdicts = check(article.example())
    statuses = ", ".join(v.status for v in verdicts)
    assert statuses.startswith("cannot be, exact, exact, exact, cannot be, as printed, as printed")
    assert [v.holds for v in verdicts] == [False, True, True, True, False, True, True, True]
    assert verdicts[7].status == "exact"
    assert "From 0.4 to 0.5" in verdicts[0].reason
    assert all(bool(v.reason) != v.holds for v in verdicts)
    assert Verdict._fields == ("claim", "printed", "computed", "holds", "reason", "status")


def test_P_is_read_in_prose_or_not_decidable():
    claim = {k: v for k, v in QUANTIZE.items() if k != "P"}
    claim["printed"] = [0, 1]
    assert verdict(**claim).status == "not decidable"
    assert verdict(**claim, text="我们将使用量化级别为8的量化方法").status == "exact"
    assert check({"title": "量化级别为 8", "claims": [claim]})[0].status == "exact"
    assert levels_in(article.LEVELS_TEXT) == 8


def test_a_plain_float_is_the_decimal_it_prints():
    assert verdict(kind="quantize", x=[0.29], W=100, B=0, P=256, printed=[29]).status == "exact"
    assert verdict(**json.loads(json.dumps({**QUANTIZE, "printed": [0, 1]}))).status == "exact"


BAD = [
    ({"kind": "dequantise"}, "kind"),
    ({}, "kind"),
    ({**QUANTIZE}, "printed"),
    ({**QUANTIZE, "printed": [0]}, "printed"),
    ({**QUANTIZE, "printed": [0, 1], "x": ["0.1", "z"]}, "x"),
    ({**QUANTIZE, "printed": [0, 1], "P": "8.5"}, "P"),
    ({**QUANTIZE, "printed": [0, 1], "P": 0}, "P"),
    ({**QUANTIZE, "printed": [0, 1], "W": [1, 2, 3]}, "W"),
    ({**QUANTIZE, "printed": [[0], [1, 2]]}, "printed"),
    ({"kind": "dequantize", "q": ["0.5"], "W": 1, "B": 0, "printed": [1]}, "q"),
    ({"kind": "dequantize", "q": [1], "W": 0, "B": 0, "printed": [1]}, "W"),
    ({**QUANTIZE, "printed": [0, None]}, "printed"),
    ({"kind": "roundtrip", "x": [1], "P": 8, "codes": [1], "decoded": [1], "sign": "x"}, "sign"),
    ({"kind": "prune", "R": [1], "tau": [1, 2], "printed": [1]}, "tau"),
    ({"kind": "prune", "R": [1], "tau": 1, "printed": [2]}, "printed"),
]


@pytest.mark.parametrize(("claim", "key"), BAD)
def test_bad_claims_are_refused_by_their_key(claim, key):
    with pytest.raises((ValueError, TypeError), match=rf"check: claims\[0\]\.{key}"):
        check({"title": "t", "claims": [claim]})


def test_a_misspelt_key_is_refused_with_those_that_are_known():
    right = {**QUANTIZE, "printed": [0, 1]}
    mask = {"kind": "mask", "scores": [1, 2], "sparsity": "0.5", "printed": [0, 1]}
    mask["scope"] = "global"
    for example, words in (
        ({"claims": [right], "input": "rounded"}, "example must be .*inputs.* 'input'"),
        ({"claims": [right], "p": 8}, "example must be .*P.* 'p'"),
        (
            {"claims": [right, {**right, "Printed": 3}]},
            r"claims\[1\] must be .*printed.* 'Printed'",
        ),
        ({"claims": [{**mask, "scop": "layer"}]}, r"claims\[0\] must be .*scope.* 'scop'"),
        ({"claims": [{**right, "inputs": "rounded"}]}, r"claims\[0\] must be .* 'inputs'"),
    ):
        with pytest.raises(ValueError, match=f"check: {words}"):
            check(example)
    named = {**right, "name": "n", "text": "t"}
    assert check({"claims": [mask, named], "inputs": "exact", "title": "t"})[1].holds


def test_bad_examples_are_refused():
    for example, word in (
        ([], "example"),
        ({}, "claims"),
        ({"claims": []}, "claims"),
        ({"claims": [3]}, r"claims\[0\]"),
        ({"claims": [QUANTIZE], "inputs": "maybe"}, "inputs"),
    ):
        with pytest.raises((ValueError, TypeError), match=f"check: {word}"):
            check(example)


def test_the_number_of_levels_is_from_1_to_2_to_the_53():
    claim = {"kind": "quantize", "x": ["0.1"], "W": 10, "B": 0}
    for P, code in ((1, 0), (2, 1), (2**53, 1)):
        assert verdict(**claim, P=P, printed=[code]).status == "exact"
        given = {"title": "t", "P": P, "claims": [{**claim, "printed": [code]}]}
        assert check(given)[0].status == "exact"
    for P in (0, -1, 2**53 + 1):
        with pytest.raises(ValueError, match=r"example\.P must be a whole number from 1 to"):
            check({"title": "t", "P": P, "claims": [{**claim, "printed": [0]}]})
