"""What follows from one rule: the scales that serve all entries, ties, and digits of a machine."""

from fractions import Fraction as F

import numpy as np
import pytest

from checking.cases import verdict
from refnn.checking.claims import Printed
from refnn.checking.kinds.chain import scales
from refnn.checking.worked_example import check

FINE = [F(k, 16) for k in range(1, 49)]


def served(name, s, x, codes, z, values, half):
    """Does this scale give all that is printed? Codes 0 and 7 are clipped."""
    if name == "decoded":
        return all(abs((q - z) * s - v) <= half for q, v in zip(codes, values))
    return all(
        (q == 7 or (a / s - F(1, 2) <= q - z)) and (q == 0 or (q - z <= b / s + F(1, 2)))
        for (a, b), q in zip(x, codes)
    )


@pytest.mark.parametrize(("name", "off"), [("decoded", F(1, 2)), ("codes", F(2))])
def test_the_scales_that_serve_all_entries_are_those_that_serve_each(rng, name, off):
    some = none = 0
    for _ in range(60):
        z, n = int(rng.integers(0, 6)), int(rng.integers(1, 4))
        codes = rng.integers(0, 8, n)
        s = F(int(rng.integers(1, 5)), 2)
        exact = [(int(q) - z) * s + int(d) * off for q, d in zip(codes, rng.integers(-1, 2, n))]
        x = [(v - F(1, 4), v + F(1, 4)) for v in exact]
        printed = exact if name == "decoded" else [F(int(q)) for q in codes]
        own = Printed(np.array(printed, object), np.array([F(1, 4)] * n, object))
        known = {"codes": np.array([int(q) for q in codes], object), "qmin": 0, "qmax": 7}
        found = scales((F(1, 16), F(3)), name, x, known | {"zero_point": z}, own)
        right = [s for s in FINE if served(name, s, x, codes, z, exact, F(1, 4))]
        some, none = some + bool(right), none + (found is None)
        assert right == [s for s in FINE if found and found[0] <= s <= found[1]]
    assert some > 10 and none > 5


def test_a_code_of_zero_decodes_to_zero_whatever_the_scale():
    known = {"codes": np.array([3]), "zero_point": 3, "qmin": 0, "qmax": 7}
    every = F(1), F(2)
    for value, half, found in ((0, 0, every), (0, F(1, 20), every), (F(1, 2), F(1, 20), None)):
        printed = Printed(np.array([F(value)], object), np.array([F(half)], object))
        assert scales((F(1), F(2)), "decoded", [], known, printed) == found


def test_ties_after_odd_and_even_codes_are_known():
    """0.21/0.14 is exactly 1.5; in float64 it is 1.4999…, so NumPy prints 1."""
    claim = {"kind": "affine_quantize", "scale": "0.14", "zero_point": 0, "qmin": -8, "qmax": 7}
    assert verdict(**claim, x=["0.21"], printed=[2]).status == "exact"
    machine = verdict(**claim, x=["0.21"], printed=[1])
    assert machine.status == "as printed" and "exactly 1.5, a tie" in machine.reason
    wrong = verdict(**claim, x=["0.21"], printed=[4])
    assert "0.21/scale = 1.5, a tie. Rounded" in wrong.reason
    assert "a tie" not in verdict(**claim, x=["0.22"], printed=[4]).reason


def test_negative_decoded_values_choose_their_rule_too():
    """The symmetric rule: scale 2/127, and −1 has the code −64."""
    assert np.float32(-128 / 127) == np.float32("-1.007874")
    claim = {"kind": "affine", "x": ["-1", "2"], "printed": {"decoded": ["-1.007874", "2"]}}
    [found] = check({"title": "t", "claims": [claim]})
    assert found.status == "as printed" and found.reason.startswith("By ")
