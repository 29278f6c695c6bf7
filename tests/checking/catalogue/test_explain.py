"""Which slip prints this: tried one at a time, in any formula of a chain, and never one that makes
no difference."""

from fractions import Fraction as F

import numpy as np
import pytest

from refnn import arrays
from refnn.checking.catalogue.explain import (
    each,
    exact,
    explain,
    right,
    slips_in,
    slips_of,
    under,
    under_each,
    wrong,
)
from refnn.checking.catalogue.formulas import Recipe
from refnn.checking.catalogue.slips import CATALOGUE

GRID = {"scale": F(1, 2), "zero_point": 3, "qmin": 0, "qmax": 7}


def fractions(*values):
    return arrays.objects([F(v) for v in values], (len(values),))


def same(values, printed):
    return exact(values["decoded"]).tolist() == printed


def test_a_slip_is_found_in_any_formula_of_a_chain():
    given = {**GRID, "x": fractions("0.7", "-1.2", 9)}
    for name in ("floor_for_round", "plus_zero_point"):  # of quantize, and of dequantize
        values = under(name, "fake_quantize", given)
        found = explain("fake_quantize", given, exact(values["decoded"]).tolist(), same)
        assert name in found and all(n in slips_in("fake_quantize") for n in found)


def test_what_is_right_is_explained_by_no_slip():
    given = {**GRID, "x": fractions("0.5", 1)}  # on the grid: no rounding shows
    printed = exact(right("fake_quantize", given)["decoded"]).tolist()
    assert explain("fake_quantize", given, printed, same) == []
    every, differing = under_each("fake_quantize", given), wrong("fake_quantize", given)
    assert "floor_for_round" in every and "floor_for_round" not in differing
    assert set(differing) < set(every) == set(slips_in("fake_quantize"))


def test_a_slip_that_refuses_has_no_value():
    zeros = {"x": fractions(0, 0), "bits": 8, "signed": False}
    found = under_each("choose", zeros)
    assert right("choose", zeros)["scale"] == 1
    assert all(found[name] is None or "scale" in found[name] for name in found)
    failing = Recipe(lambda call, given: {"q": call("network.loss")(given["y"], 1)}, ("a.b",))
    with pytest.raises(TypeError):  # of the right formula it is said
        right(failing, {"y": "text"})
    assert wrong(failing, {"y": "text"}) == {} and each(failing, {"y": "text"}) == {"": None}


def test_a_recipe_of_ones_own():
    twice = Recipe(lambda call, given: {"2J": 2 * call("network.loss")(**given)}, ("network.loss",))
    given = {"y_hat": [[1.0], [2.0]], "y": [[3.0], [3.0]]}
    assert right(twice, given) == {"2J": 5.0}
    assert wrong(twice, given) == {
        "missing_half": {"2J": 10.0},
        "mean_for_sum": {"2J": 2.5},
        "not_squared": {"2J": 3.0},
    }


def test_formulas_that_compute_the_same_share_their_slips():
    network = {"W_ih": [[1.0, 2.0]], "b_h": [3.0], "W_ho": [[2.0]], "b_o": [1.0]}
    given = {**network, "X": [[10.0, 20.0]], "y": [[100.0]], "activation": "identity"}
    assert "abs_of_R" in slips_in("slopes") and "residual_sign" in slips_in("slopes")
    slopes, wrongly = right("slopes", given), under("residual_sign", "slopes", given)
    assert all((wrongly[name] == -slopes[name]).all() for name in slopes)


def test_slips_of_a_formula_are_those_of_the_catalogue():
    for formula in {slip.formula for slip in CATALOGUE.values()}:
        names = [slip.name for slip in CATALOGUE.values() if slip.formula == formula]
        assert list(slips_of(formula)) == names and all(map(callable, slips_of(formula).values()))
    assert slips_of("network.init") == {}


def test_exact_numbers():
    assert exact(np.float32([0.5, 2])).tolist() == [F(1, 2), 2]
    assert exact(np.array([[True, False]])).tolist() == [[1, 0]]
    assert exact(arrays.objects([np.int64(3), np.True_, F(1, 3)], (3,))).tolist() == [3, 1, F(1, 3)]
    assert exact(5).shape == () and type(exact(np.int64(5))[()].numerator) is int
    for nothing in (np.nan, np.inf, "text", None, [[1], [1, 2]]):
        assert exact(nothing) is None
