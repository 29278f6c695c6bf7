"""Claims about the article's own formulas, by hand, with each of the four statuses."""

from fractions import Fraction as F

import pytest

from checking.cases import QUANTIZE, verdict
from refnn import article
from refnn.checking import solver
from refnn.checking.plane import circle, conflict
from refnn.checking.worked_example import formulas
from refnn.command import cli


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
    assert "At least 1 of the 3 codes must be changed" in reason
    assert "If entry 3 is changed, W = 1, B = 3.5 gives 3 4 4" in reason


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
    assert "No W does both" in out and "repair: at least" not in out
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


def test_rounded_W_and_B_leave_a_range_of_decoded_values():
    """B lies in 0.95 … 1.05 and W in 1.5 … 2.5, so (1 + B)/W lies in 0.78 … 1.3667."""
    claim = {"kind": "dequantize", "q": [1], "B": "1.0", "inputs": "rounded"}
    for W, printed, status in (
        ("2", "0.98", "not decidable"),  # 0.975 … 1.025, and half a unit to each side
        ("2", "0.96", "cannot be"),
        ("2", "1.02", "not decidable"),
        ("2", "1.04", "cannot be"),
        ("2.", "0.78", "not decidable"),
        ("2.", "0.77", "cannot be"),
        ("2.", "1.37", "not decidable"),
        ("2.", "1.38", "cannot be"),
        ("-2.", "-0.78", "not decidable"),
        ("-2.", "-0.77", "cannot be"),
        ("-2.", "0.78", "cannot be"),
        ("0.1", "19", "not decidable"),  # 0.05 … 0.15
        ("0.1", "12", "cannot be"),
    ):
        assert verdict(**claim, W=W, printed=[printed]).status == status, (W, printed)


@pytest.mark.parametrize(("x", "W", "B"), [("0.30", "10", "0"), ("0.3", "10.0", "0.0")])
def test_codes_of_rounded_inputs_wrap_and_end(x, W, B):
    """x·W + B lies in 2.95 … 3.05, or in 2.4375 … 3.5675, whose codes are 2 and 3."""
    claim = {"kind": "quantize", "x": [x], "W": W, "B": B, "P": 8, "inputs": "rounded"}
    statuses = [verdict(**claim, printed=[code]).status for code in (2, 3)]
    assert statuses == ["not decidable", "exact"]
    others = [verdict(**claim, printed=[code]).status for code in (-6, 1, 4, 10, 11)]
    assert others == ["cannot be"] * 5
    around = {**claim, "x": ["0.80"], "W": "10", "B": 0}  # 7.95 … 8.05, so 7 or 0
    found = [verdict(**around, printed=[code]).status for code in (7, 0, 8, -1)]
    assert found == ["not decidable", "exact", "cannot be", "cannot be"]


def test_a_W_of_zero_and_other_codes_are_refused():
    claim = {"kind": "dequantize", "q": [1, 1], "B": 0, "printed": ["1", "1"]}
    for W in ([0, 2], [2, 0], 0):
        with pytest.raises(ValueError, match="W must be different from 0, got 0"):
            verdict(**claim, W=W)
    for kind in ({"kind": "solve"}, {"kind": "roundtrip", "sign": "+", "decoded": [0, 1]}):
        key = "printed" if kind["kind"] == "solve" else "codes"
        for codes, right in (([0, 8], False), ([-1, 0], False), ([0, 7], True)):
            found = verdict(**kind, x=["0", "1"], P=8, **{key: codes})
            assert ("a whole number from 0 to 7" in found.reason) is not right


@pytest.mark.parametrize(
    ("sign", "by"), [("+", "(q + B)/W"), ("-", "(q - B)/W"), ("?", "(q + B)/W or (q - B)/W")]
)
def test_a_roundtrip_says_its_decoder(sign, by):
    claim = {"kind": "roundtrip", "x": [1], "codes": [1], "decoded": [1], "sign": sign, "P": 8}
    said = f"floor(x*W + B) mod P and {by}, for some W and B"
    assert formulas({"claims": [claim]}) == [said]


def test_either_decoder_may_serve_where_the_sign_is_not_said():
    """W = 10, B = −1 gives 0 and 1 for 0.1 and 0.2, and (q − B)/W gives 0.1 and 0.2 back."""
    row = {"kind": "roundtrip", "x": ["0.1", "0.2"], "codes": [0, 1], "P": 8}
    right = ["0.100", "0.200"]
    assert verdict(**row, decoded=right, sign="?").holds
    assert verdict(**row, decoded=right, sign="-").holds
    assert not verdict(**row, decoded=["0.1", "0.9"], sign="?").holds
    reason = verdict(**row, decoded=["0.1", "0.9"], sign="?").reason
    assert reason.endswith("none of them also give these decoded values, by (q + B)/W or (q - B)/W")
