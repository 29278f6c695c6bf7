"""For every kind of claim, what a slip prints is named by it, and rounded inputs rule out only what
none of them prints."""

from fractions import Fraction as F

import numpy as np
import pytest

from checking.cases import CHOOSE, NET, UINT8, verdict
from refnn import network
from refnn.checking.catalogue.explain import slips_of
from refnn.checking.catalogue.formulas import CRITERIA
from refnn.checking.claims import Printed, blame, slips_by, whole
from refnn.network import Params
from refnn.quantization import affine, calibration
from refnn.quantization.affine import QParams

# Every slip of the formulas behind the kinds, on inputs where it differs from the formula: it must
# be named.
# fmt: off
ON_3 = {"zero_point": 3, "qmin": -8, "qmax": 7}
PLANTED = [
    ("quantization.as_written.quantize",
     {"kind": "quantize", "x": ["-0.35", "0.27", "1.9"], "W": 10, "B": "1.5", "P": 8}),
    ("quantization.as_written.dequantize",
     {"kind": "dequantize", "q": [1, 2, 7], "W": 4, "B": "1.5"}),
    ("quantization.affine.quantize",
     {"kind": "affine_quantize", "x": ["-2.5", "0.5", "2.5", "0.9", "-0.9", 300, "1e12"],
      "scale": 1, **ON_3}),
    ("quantization.affine.dequantize",
     {"kind": "affine_dequantize", "q": [-8, 1, 7], "scale": "0.3", **ON_3}),
    ("quantization.calibration.choose_qparams", CHOOSE),
    ("quantization.calibration.choose_qparams", {**CHOOSE, "symmetric": True}),
    ("quantization.calibration.choose_qparams", {**CHOOSE, "x": [1, 2, 6]}),
    ("network.loss", {"kind": "loss", "y_hat": [["0.5"], [4]], "y": [[3], [3]]}),
    ("network.backward", {"kind": "gradient", "activation": "relu", **NET}),
    ("network.backward", {"kind": "gradient", "activation": "sigmoid", **NET}),
    *((f"pruning.importance.{name}",
       {"kind": "importance", "criterion": name, "activation": "identity", **NET})
      for name in CRITERIA),
    ("pruning.as_written.importance",
     {"kind": "importance", "criterion": "written", "activation": "relu", **NET}),
    ("pruning.as_written.prune", {"kind": "prune", "R": ["0.5", -1, "0.6", "0.2"], "tau": "0.5"}),
    ("pruning.masks.by_threshold",
     {"kind": "mask", "scores": ["0.5", -1, "0.6", "0.2"], "tau": "0.5"}),
    ("pruning.masks.by_sparsity",
     {"kind": "mask", "scores": [3, 1, 2, 2, 5, 4], "sparsity": "0.45"}),
]
# fmt: on


def wrongly(formula, claim):
    """What each slip of a formula prints for a claim, as printed numbers: by floats, and
    independent of the judge."""

    def a(key):
        return np.vectorize(float)(np.array(claim[key], dtype=object))

    kind = claim["kind"]
    if "W_ih" in claim:
        params, X, y = Params(a("W_ih"), a("b_h"), a("W_ho"), a("b_o")), a("X"), a("y")
        arguments = params, X, y, claim["activation"]
    elif kind == "quantize":
        arguments = a("x"), *(float(claim[key]) for key in "WB"), 8
    elif kind == "dequantize":
        arguments = np.array(claim["q"]), *(float(claim[key]) for key in "WB")
    elif kind.startswith("affine"):
        grid = QParams(float(claim["scale"]), claim["zero_point"], claim["qmin"], claim["qmax"])
        arguments = a("x") if "x" in claim else np.array(claim["q"], dtype=np.int8), grid
    elif kind == "choose_qparams":
        arguments = a("x"), claim["bits"], claim["signed"], claim["symmetric"], None
    elif kind == "loss":
        arguments = a("y_hat"), a("y")
    else:
        scores = a("R" if kind == "prune" else "scores")
        scores = Params(np.zeros((0, 0)), np.zeros(0), np.zeros((scores.size, 0)), scores)
        limit = float(claim.get("tau", claim.get("sparsity")))
        arguments = (scores, scores, limit) if kind == "prune" else (scores, limit)
    for name, function in slips_of(formula).items():
        wrong = function(*arguments)
        wrong = wrong[1] if kind == "prune" else wrong
        if isinstance(wrong, Params):
            table = {k: np.asarray(v).tolist() for k, v in vars(wrong).items()}
            yield name, table["b_o"] if kind in ("prune", "mask") else short(table)
        elif isinstance(wrong, QParams):
            yield name, {"scale": short(wrong.scale), "zero_point": int(wrong.zero_point)}
        elif kind.endswith("quantize") and not kind.endswith("dequantize"):
            yield name, np.asarray(wrong).astype(int).tolist()
        else:
            yield name, short(np.asarray(wrong).tolist())


def short(values):
    """Printed to six decimals."""
    if isinstance(values, dict):
        return {key: short(v) for key, v in values.items()}
    return [short(v) for v in values] if isinstance(values, list) else f"{values:.6f}"


@pytest.mark.parametrize(("formula", "claim"), PLANTED)
def test_what_a_slip_prints_is_named_by_it(formula, claim):
    named = 0
    for name, printed in wrongly(formula, claim):
        found = verdict(**claim, printed=printed)
        if found.holds:  # on these inputs the slip makes no difference
            continue
        assert found.status == "cannot be" and f"'{name}'" in found.reason, (name, found)
        named += 1
    assert named >= 1


def test_nobody_is_blamed_for_other_numbers():
    assert "slip" not in verdict(**UINT8, x=[0, 2, 3], printed=[1, 9, 77]).reason
    right = verdict(**UINT8, x=[3], printed=[130])
    assert right.reason == "" and right.holds


def moved(rng, values):
    """Some number that rounds to each printed one (two decimals), and its ends now and then."""
    return [v + F(int(rng.integers(-50, 51)), 10**4) for v in values]


@pytest.mark.parametrize("seed", range(8))
def test_rounded_inputs_that_might_print_it_are_never_ruled_out(seed):
    rng = np.random.default_rng(seed)

    def two(*shape):
        return np.array(
            [F(int(v), 100) for v in rng.integers(-150, 151, int(np.prod(shape)))], dtype=object
        ).reshape(shape)

    def text(a):
        return np.vectorize(lambda v: f"{float(v):.2f}", otypes=[object])(a).tolist()

    def near(a):
        return np.array(moved(rng, a.flat), dtype=object).reshape(a.shape)

    def possible(kind, printed, **claim):
        return verdict(kind=kind, printed=printed, inputs="rounded", **claim).status != "cannot be"

    x, scale = two(6), F(int(rng.integers(3, 90)), 100)
    real, real_scale = near(x), moved(rng, [scale])[0]
    grid = {"scale": f"{float(scale):.2f}", "zero_point": 1, "qmin": -8, "qmax": 7}
    real_grid = QParams(real_scale, 1, -8, 7)
    codes = affine.quantize(real, real_grid)
    assert possible("affine_quantize", codes.tolist(), x=text(x), **grid)
    decoded = [str(v) for v in affine.dequantize(codes, real_grid)]
    assert possible("affine_dequantize", decoded, q=codes.tolist(), **grid)
    for symmetric in (False, True):
        chosen = calibration.choose_qparams(real, 4, True, symmetric)
        printed = {"scale": str(chosen.scale), "zero_point": chosen.zero_point}
        options = {"bits": 4, "signed": True, "symmetric": symmetric}
        assert possible("choose_qparams", printed, x=text(x), **options)
    y_hat, y = two(3, 2), two(3, 2)
    J = network.loss(near(y_hat), near(y))
    assert possible("loss", str(J), y_hat=text(y_hat), y=text(y))
    shapes = {"W_ih": (2, 3), "b_h": (2,), "W_ho": (1, 2), "b_o": (1,), "X": (4, 3), "y": (4, 1)}
    given = {key: two(*shape) for key, shape in shapes.items()}
    *fields, X, real_y = (near(a) for a in given.values())
    for activation in ("relu", "identity", "tanh"):
        exact = activation != "tanh"
        parts = fields if exact else [a.astype(float) for a in fields]
        data = [a if exact else a.astype(float) for a in (X, real_y)]
        slope = network.backward(Params(*parts), *data, activation)
        told = np.vectorize(str if exact else "{:.9f}".format, otypes=[object])
        printed = {k: told(getattr(slope, k)).tolist() for k in ("W_ih", "b_o")}
        claim = {key: text(a) for key, a in given.items()}
        assert possible("gradient", printed, activation=activation, **claim), activation


def test_rounded_inputs_still_rule_out_what_none_of_them_prints():
    choose = {**CHOOSE, "x": ["-1.0", "2.0"], "bits": 8, "printed": {"scale": "0.03"}}
    loss = {"kind": "loss", "y_hat": [["1.0"]], "y": [["3.0"]], "printed": "2.3"}
    # 2.9/255 … 3.1/255; 1.805 … 2.205
    for claim in ({**UINT8, "x": ["2.00"], "printed": [131]}, choose, loss):
        assert verdict(**claim, inputs="rounded").status == "cannot be"
    net = {"W_ih": [["1.0"]], "b_h": ["0.0"], "W_ho": [["1.0"]], "b_o": ["0.0"]}
    data = {"X": [["1.0"]], "y": [["0.0"]], "inputs": "rounded"}
    for activation, slope in (("relu", "1.0"), ("tanh", "0.76")):
        claim = {"kind": "gradient", "activation": activation, **net, **data}
        found = [verdict(**claim, printed={"b_o": [b]}).status for b in (slope, "0.90", "5.0")]
        assert found == ["as printed", "not decidable", "cannot be"]


def test_only_digits_of_a_float_are_excused_although_a_neighbour_is_short():
    """3·0.1 is 0.30000000000000004 in float64, and no float64 begins with 0.30000000000000003."""
    claim = {"kind": "affine_dequantize", "q": [5, 7], "scale": "0.1", "zero_point": 2}
    claim |= {"qmin": 0, "qmax": 7}
    for first, status in (("4", "as printed"), ("3", "cannot be"), ("8", "cannot be")):
        printed = [f"0.3000000000000000{first}", "0.5"]
        assert verdict(**claim, printed=printed).status == status


def test_a_slip_without_numbers_or_of_another_shape_is_not_blamed():
    given = {"y_hat": [[1.0], [4.0]], "y": [[3.0], [3.0]]}
    five = whole(np.array(F(5)))
    for of, names in (
        ("J", ["missing_half"]),
        (lambda values: [values["J"]] * 2, []),
        (lambda values: values["J"] + np.nan, []),
        (lambda values: values["J"] - 5, []),
    ):
        assert slips_by("loss", given, of)(five) == names


@pytest.mark.parametrize(
    ("printed", "half", "inside"),
    [
        ("0.25", 0, [True, False]),
        ("0.3", "0.05", [True, False]),  # 0.25 … 0.35
        ("0.2", "0.05", [True, False]),
        ("0.325", "0.05", [False, True]),
        ("0.5", "0.05", [False, True]),
        ("0.51", "0.05", [False, False]),
    ],
)
def test_the_interval_of_a_print_holds_both_its_ends(printed, half, inside):
    p = Printed(np.array([F(printed)] * 2, object), np.array([F(half)] * 2, object))
    assert p.overlap([(F(1, 4), F(1, 4)), (F("0.375"), F("0.45"))]) == inside


def test_what_is_wrong_is_counted_and_two_are_shown():
    right = {"kind": "quantize", "x": ["0.1", "0.2", "0.3"], "W": 10, "B": 0, "P": 8}
    one = verdict(**right, printed=[1, 2, 4]).reason
    assert one.startswith("1 of 3 printed values is wrong: floor(0.3*10 + 0) mod 8 = 3, but 4 is")
    three = verdict(**right, printed=[4, 5, 7]).reason
    assert three.startswith("3 of 3 printed values are wrong: floor(0.1")
    assert "; and floor(0.2" in three and "floor(0.3" not in three


def test_slips_are_named_in_a_sentence():
    assert blame([]) == ""
    three = blame(["missing_half", "not_squared", "mean_for_sum"])
    assert three == (
        ". The known mistakes 'missing_half', 'not_squared' and 'mean_for_sum' give exactly this"
    )
