"""The registry of formulas: every row computes, and goes through the formulas that it names."""

from fractions import Fraction as F

import numpy as np
import pytest

from refnn import arrays, network
from refnn.checking.catalogue import explain
from refnn.checking.catalogue.formulas import FORMULAS, Recipe, formula, one
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.running import pruner
from refnn.network import Params
from refnn.quantization import affine


def fractions(*values):
    return arrays.objects([F(v) for v in values], (len(values),))


NET = {"W_ih": [[1, -2], [3, 1]], "b_h": [1, -3], "W_ho": [[2, -1]], "b_o": [1]}
ON_DATA = {**NET, "X": [[1, 2], [3, 1]], "y": [[1], [2]], "activation": "relu"}
CURVED = {"params": pruner.NETWORK, "X": pruner.X, "y": pruner.Y}  # a Hessian with an inverse
SCORES = Params([[3.0, -1.0]], [2.0], [[1.0]], [5.0])
GRID = {"scale": F(1, 2), "zero_point": 3, "qmin": 0, "qmax": 7}
X = {"x": fractions(-1, "0.3", 2)}
INTEGERS = {"accumulator": [585], "multiplier": 1 << 30, "shift": 3, **GRID}
CODES = {"a": [[11, 7]], "b": [[1], [4]], "a_zero_point": 12, "b_zero_point": 0}
M = fractions("0.2", "0.3", 1)
GIVEN = {
    "written.quantize": {**X, "W": 4, "B": 1, "P": 8},
    "written.dequantize": {"q": [1, 2], "W": 4, "B": 1},
    "written.min_max": {**X, "P": 8},
    "written.importance": ON_DATA,
    "written.prune": {"params": SCORES, "R": SCORES, "tau": 1.5},
    **{name: X for name in FORMULAS if name.startswith("rounding.")},
    "quantize": {**X, **GRID},
    "dequantize": {"q": [1, 2], **GRID},
    "fake_quantize": {**X, **GRID},
    **{name: X for name in FORMULAS if name.startswith("choose")},
    "symmetric": X,
    "rules of conventions": X,
    "to_affine": {"W": F(4), "B": F(5, 2), "P": 8},
    "to_article": GRID,
    "distiller asymmetric": {**X, "signed": False},
    "distiller symmetric": X,
    "rescale in floats": {**INTEGERS, "accumulator": F(585), "M": M},
    "matmul": CODES,
    "fold": {"bias": [5], "W": [[1, 2]], "zero_point": 3},
    "multiplier": {"M": 0.3},
    "requantize": INTEGERS,
    "requantize once": INTEGERS,
    "rescale": {**INTEGERS, "M": M},
    "matmul and requantize": {**CODES, "M": M, "zero_point": 3},
    "bias": {"w": np.array(1.0), "b": np.array(1.0)},
    "forward": ON_DATA,
    "loss": {"y_hat": [[1.0]], "y": [[3.0]]},
    "backward": ON_DATA,
    "slopes": ON_DATA,
    "neuron": {"w": [2.0, -3.0], "b": -3.0, "x": [-1.0, -2.0]},
    "relu": {"b": np.array([-2.0, 3.0])},
    **{name: ON_DATA for name in FORMULAS if name.startswith("importance.")},
    "importance.obs": CURVED,
    "by_threshold": {"scores": SCORES, "tau": 1.5},
    "by_sparsity": {"scores": SCORES, "sparsity": 0.4, "scope": "layer"},
    "n_of_m": {"scores": np.array([[4.0, 1.0, 3.0, 2.0]]), "n": 2, "m": 4},
    "prune": {"weights": np.array([[-3.0, 1.0, 0.5, 2.0]]), "sparsity": np.array(0.25)},
    "n_of_m of weights": {"weights": np.array([[-4.0, 1.0, 3.0, 2.0]]), "n": 2, "m": 4},
    "cubic": {"steps": [0, 5], "begin": 0, "end": 10, "initial": F(0), "final": F(1)},
    "fisher of slopes": {"g": [1.0, 2.0, 3.0]},
}


def test_a_name_is_looked_up_when_it_is_needed(monkeypatch):
    assert formula("network.loss") is network.loss
    monkeypatch.setattr(network, "loss", len)
    assert formula("network.loss") is len


@pytest.mark.parametrize("name", FORMULAS)
def test_every_row_computes_through_the_formulas_that_it_names(name):
    used = set()

    def call(first, *also):
        used.update((first, *also))
        return formula(first)

    values = FORMULAS[name].compute(call, GIVEN[name])
    assert values and used == set(FORMULAS[name].formulas) | (
        {"quantization.conventions.compare"} if name == "distiller symmetric" else set()
    )


def test_rows_agree_with_the_functions_that_they_call():
    p = affine.QParams(*GRID.values())
    values = explain.right("fake_quantize", GIVEN["fake_quantize"])
    assert (values["codes"] == affine.quantize(X["x"], p)).all()
    assert (values["decoded"] == affine.fake_quantize(X["x"], p)).all()
    assert values["mse"] == np.mean((values["decoded"] - X["x"]) ** 2)
    slopes = explain.right("backward", GIVEN["backward"])
    params = Params(**NET)
    expected = network.backward(params, *(ON_DATA[k] for k in ("X", "y", "activation")))
    assert (Params(**slopes).flatten() == expected.flatten()).all()
    assert explain.right("fisher of slopes", {"g": [1, 2, 3]})["sum"] == 14
    whole = {"params": params, **{k: ON_DATA[k] for k in ("X", "y", "activation")}}
    assert (Params(**explain.right("backward", whole)).flatten() == expected.flatten()).all()
    codes = explain.right("quantize", {**X, "qparams": p})["codes"]
    assert (codes == affine.quantize(X["x"], p)).all()
    per_axis = {**GRID, "scale": fractions(1, 2), "axis": 0}
    assert explain.right("quantize", {**per_axis, "x": fractions(2, 2)})["codes"].tolist() == [5, 4]


def test_codes_keep_their_dtype_and_numbers_get_the_narrowest():
    seen = {}

    def call(name):
        return lambda q, p: seen.setdefault(q.dtype.name, q)

    for q in (np.int64([1, 2]), fractions(1, 2)):
        FORMULAS["dequantize"].compute(call, {**GRID, "q": q})
    assert set(seen) == {"int64", "uint8"}


def test_every_formula_with_slips_whose_numbers_are_judged_has_a_row():
    """The others are the notebooks', whose slips are shown by what they do."""
    rows = {name for row in FORMULAS.values() for name in row.formulas}
    without = {slip.formula for slip in CATALOGUE.values()} - rows
    assert without == {
        "pruning.schedules.iterative",
        "pruning.surgeon.obs",
        "quantization.codebook.gradient",
        "quantization.straight_through.gradient",
        "quantization.straight_through.fit",
    }


def test_options_are_passed_by_name_and_only_if_given():
    def call(name):
        return lambda *values, **options: (values, options)

    row = one("a.b", "x", lambda given: given["y"] + 1, options=("n",), gives="both")
    assert isinstance(row, Recipe) and row.formulas == ("a.b",)
    assert row.compute(call, {"x": 1, "y": 2}) == {"both": ((1, 3), {})}
    assert row.compute(call, {"x": 1, "y": 2, "n": 3}) == {"both": ((1, 3), {"n": 3})}


@pytest.mark.parametrize(
    ("x", "signed", "raw"), [((-1, 2), False, 85), ((2, 10), False, 0), ((-2, -1), True, 127)]
)
def test_the_zero_point_before_rounding_is_that_of_a_range_with_0(x, signed, raw):
    """−1 … 2 has the scale 3/255, so 0 lies 85 steps above; 2 … 10 begins at 0, and −2 … 0 ends."""
    given = {"x": fractions(*x), "bits": 8, "signed": signed}
    assert explain.right("choose", given)["raw"] == raw
