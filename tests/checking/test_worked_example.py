"""Claims to verdicts: the four statuses, decided on rationals, and examples that are refused by
their key."""

import json
from fractions import Fraction as F

import pytest

from refnn import article
from refnn.checking import solver
from refnn.checking.plane import circle, conflict
from refnn.checking.plane.digits import half_unit
from refnn.checking.reading.printed import levels_in
from refnn.checking.worked_example import Verdict, check
from refnn.command import cli


def verdict(**claim):
    inputs = claim.pop("inputs", "exact")
    return check({"title": "t", "inputs": inputs, "claims": [claim]})[0]


def test_the_article():
    verdicts = check(article.example())
    statuses = ", ".join(v.status for v in verdicts)
    assert statuses.startswith("cannot be, exact, exact, exact, cannot be, as printed, as printed")
    assert [v.holds for v in verdicts] == [False, True, True, True, False, True, True, True]
    assert verdicts[7].status == "exact"
    assert "From 0.4 to 0.5" in verdicts[0].reason
    assert all(bool(v.reason) != v.holds for v in verdicts)
    assert Verdict._fields == ("claim", "printed", "computed", "holds", "reason", "status")


QUANTIZE = {"kind": "quantize", "x": ["0.1", "0.2"], "W": "10", "B": "-1", "P": 8}


def test_quantize_is_exact_or_cannot_be():
    assert verdict(**QUANTIZE, printed=[0, 1])[2:] == ([0, 1], True, "", "exact")
    wrong = verdict(**QUANTIZE, printed=[0, 2])
    assert wrong.status == "cannot be" and wrong.computed == [0, 1]
    assert "0.2*10 + -1) mod 8 = 1, but 2 is printed" in wrong.reason
    W_ih = article.TENSORS["W_ih"]
    by_row = verdict(kind="quantize", x=W_ih.x, W=10, B=[[-1], [-5]], P=8, printed=W_ih.q)
    assert by_row.status == "exact"


def test_dequantize_is_judged_by_the_printed_digits():
    def status(printed, **more):
        claim = {"kind": "dequantize", "q": [1], "W": "3", "B": 0, **more}
        return verdict(**claim, printed=[printed]).status

    assert {status(p) for p in ("0.3", "0.33", "0.333")} == {"as printed"}
    assert {status(p) for p in ("0.34", "0.4", "0.2")} == {"cannot be"}
    assert status("1/3") == "exact"
    assert {status(p, W=2) for p in ("0.50", 0.5, "0.5")} == {"exact"}  # trailing zeros or not
    both_ends = {status(p, W=4, B=F(4, 5)) for p in ("0.4", "0.5")}  # .45: both are closed
    assert both_ends == {"as printed"}
    assert status("0") == "cannot be"  # a whole number is itself


def test_P_is_read_in_prose_or_not_decidable():
    claim = {k: v for k, v in QUANTIZE.items() if k != "P"}
    claim["printed"] = [0, 1]
    assert verdict(**claim).status == "not decidable"
    assert verdict(**claim, text="我们将使用量化级别为8的量化方法").status == "exact"
    assert check({"title": "量化级别为 8", "claims": [claim]})[0].status == "exact"
    assert levels_in(article.LEVELS_TEXT) == 8


def test_solve_and_roundtrip():
    claim = {"kind": "solve", "x": ["0.4", "0.5", "0.6"], "P": 8}
    assert verdict(**claim, printed=[3, 4, 1]).status == "cannot be"
    too_large = verdict(**claim, printed=[3, 4, 9])
    assert too_large.reason == "A code mod 8 is a whole number from 0 to 7"
    row = {"kind": "roundtrip", "x": ["0.1", "0.2"], "P": 8, "codes": [0, 1], "sign": "+"}
    assert verdict(**row, decoded=["0.0", "0.1"]).status == "as printed"
    assert verdict(**row, decoded=["0.0", "1.0"]).status == "cannot be"
    assert verdict(**{**row, "x": [0, 1]}, decoded=[0, 1]).status == "exact"
    W, B = verdict(**row, decoded=["0.0", "0.1"]).computed
    assert abs(B / W) <= F(1, 20) and abs((1 + B) / W - F(1, 10)) <= F(1, 20)


def test_a_failed_claim_says_what_would_be_right():
    reason = verdict(kind="solve", x=["0.4", "0.5", "0.6"], P=8, printed=[3, 4, 1]).reason
    assert "at most 2 of the 3 codes can be right" in reason
    assert "Change entry 3, then W = 1, B = 3.5 prints 3 4 4" in reason


def test_what_is_known_to_be_infeasible_cannot_be_though_no_repair_is_affordable(
    capsys, monkeypatch
):
    for module in (circle, conflict):
        monkeypatch.setattr(module, "MAX_INTERVALS", 10**4)
    monkeypatch.setattr(conflict, "MAX_WORK", 2 * 10**3)
    # 0.1*W mod 8 in (0, 2) and in (3, 5)
    fine = {"x": ["0.5", "0.6", "0.7", *["0.0001"] * 5], "P": 8}
    codes = [3, 4, 0, 0, 0, 0, 0, 0]
    with pytest.raises(ValueError, match="too finely spaced to repair"):
        solver.solve(fine["x"], codes, 8)
    found = verdict(kind="solve", **fine, printed=codes)
    assert found.status == "cannot be" and "No W does both" in found.reason
    assert "repair" not in found.reason
    x, q = ",".join(fine["x"]), ",".join(map(str, codes))
    assert cli.main(["solve", "--x", x, "--q", q, "--levels", "8"]) == 1
    out = capsys.readouterr().out
    assert "No W does both" in out and "least repair: at most" not in out
    decoded = ["0.5", "0.6", "0.7", *["0.0"] * 5]
    both = verdict(kind="roundtrip", **fine, codes=codes, decoded=decoded, sign="+")
    assert both.status == "cannot be" and "No W does both" in both.reason


def test_prune_keeps_tau_itself():
    claim = {"kind": "prune", "R": ["0.5", "-1", "0.6", "0.499"], "tau": "0.5"}
    for printed in ([1, 0, 1, 0], [True, False, True, False]):
        assert verdict(**claim, printed=printed)[2:] == ([1, 0, 1, 0], True, "", "exact")
    assert verdict(**claim, printed=[0, 0, 1, 0]).status == "cannot be"


def test_rounded_inputs_are_intervals():
    # x = 0.25 printed 0.3: ⌊0.3·10⌋ = 3 printed 2 holds for x in [.25, .3): not decidable; printed
    # 7 cannot be
    claim = {"kind": "quantize", "x": ["0.3"], "W": 10, "B": 0, "P": 8, "inputs": "rounded"}
    assert verdict(**claim, printed=[3]).status == "exact"
    assert verdict(**claim, printed=[2]).status == "not decidable"
    assert verdict(**claim, printed=[7]).status == "cannot be"
    wrapped = {**claim, "x": ["0.80"]}  # x·10 in [7.95, 8.05]: code 7 or 0
    found = [verdict(**wrapped, printed=[c]).status for c in (0, 7, 4)]
    assert found == ["exact", "not decidable", "cannot be"]
    third = {"kind": "dequantize", "q": [1], "W": "3.0", "B": 0, "inputs": "rounded"}
    assert verdict(**{**third, "W": "3"}, printed=["0.3"]).status == "as printed"
    assert verdict(**third, printed=["0.345"]).status == "cannot be"
    assert verdict(**third, printed=["0.338"]).status == "not decidable"
    prune = {"kind": "prune", "R": ["0.5"], "tau": "0.5", "inputs": "rounded"}
    assert verdict(**prune, printed=[0]).status == "not decidable"
    claim = {"kind": "solve", "x": ["0.4", "0.5", "0.6"], "P": 8, "inputs": "rounded"}
    assert verdict(**claim, printed=[3, 4, 1]).status == "not decidable"


def test_a_claim_may_be_about_one_number():
    one = verdict(kind="quantize", x="0.1", W="10", B=0, P=8, printed=1)
    assert one[2:] == (1, True, "", "exact")
    assert verdict(kind="dequantize", q=1, W="4", B=0, printed="0.25").computed == F(1, 4)
    assert verdict(kind="prune", R="0.5", tau="0.5", printed=True).status == "exact"
    pair = {"codes": 0, "decoded": "0.0", "sign": "+"}
    assert verdict(kind="roundtrip", x="0.1", P=8, **pair).status == "exact"
    assert verdict(kind="solve", x="0.1", P=8, printed=3).status == "exact"


def test_half_units():
    for text, half in (
        ("0.3", F(1, 20)),
        ("0.30", F(1, 200)),
        ("3", 0),
        ("-1.", F(1, 2)),
        ("1e-3", F(1, 2000)),
        ("2.5e1", F(1, 2)),
        ("1/3", 0),
        (4, 0),
    ):
        assert half_unit(text) == half, text


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
