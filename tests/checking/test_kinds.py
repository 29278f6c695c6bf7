"""Claims about the affine map and about networks: published vectors, independent arithmetic, every
slip by its name."""

from decimal import Decimal, localcontext
from fractions import Fraction as F

import numpy as np
import pytest

from refnn import network
from refnn.checking.catalogue.explain import slips_of
from refnn.checking.catalogue.formulas import CRITERIA
from refnn.checking.kinds.enclosure import Enclosure, Undecided
from refnn.checking.worked_example import KINDS, check
from refnn.network import Params
from refnn.quantization import affine, calibration
from refnn.quantization.affine import QParams


def verdict(**claim):
    inputs = claim.pop("inputs", "exact")
    return check({"title": "t", "inputs": inputs, "claims": [claim]})[0]


UINT8 = {"kind": "affine_quantize", "zero_point": 128, "qmin": 0, "qmax": 255, "scale": 2}


def test_published_codes_are_exact():
    onnx = {"x": [0, 2, 3, 1000, -254, -1000], "printed": [128, 129, 130, 255, 1, 0]}
    uint4 = {"zero_point": [1, 1, 1], "qmax": 15, "scale": [2, 3, 4], "axis": 0}
    rows = [["0", "2.5", "4.8", "8.6"], [-30, -20, 6, 9], [12, 15, 16, 40]]
    by_row = {**uint4, "x": rows, "printed": [[1, 2, 3, 5], [0, 0, 3, 4], [4, 5, 5, 11]]}
    x = [["191.6", "-13.5", "728.6"], ["92.14", "295.5", "-184"], [0, "684.6", "245.5"]]
    course = {
        "scale": "3.5",
        "zero_point": -70,
        "qmin": -128,
        "qmax": 127,
        "x": x,
    }  # DeepLearning.AI
    course["printed"] = [[-15, -74, 127], [-44, 14, -123], [-70, 126, 0]]
    half_to_even = {"x": [1, 3, 5, -1, -3, -5], "printed": [128, 130, 130, 128, 126, 126]}
    for claim in (onnx, by_row, course, half_to_even):
        assert verdict(**{**UINT8, **claim}).status == "exact"
    assert verdict(**UINT8, x=[1], printed=[129]).reason.startswith(
        "1 of 1 printed values is wrong: 1/scale = 0.5. Rounded, with the zero point added, "
        "this is 128, so the code is 128, but 129 is printed"
    )


def test_published_decoded_values():
    ONNX = {"kind": "affine_dequantize", "scale": 2, "zero_point": 128, "qmin": 0, "qmax": 255}
    assert verdict(**ONNX, q=[0, 3, 128, 255], printed=[-256, -250, 0, 254]).status == "exact"
    thirds = {**ONNX, "scale": "1/3", "q": [129]}
    found = [verdict(**thirds, printed=[p]).status for p in ("0.33", "1/3", "0.34")]
    assert found == ["as printed", "exact", "cannot be"]


def test_a_published_scale_is_judged_by_its_digits():
    # ONNX: .0196078438 in float32; exactly 5/255
    claim = {"kind": "choose_qparams", "bits": 8, "signed": False, "symmetric": False}
    claim["x"] = ["0", "2", "-3", "-2.5", "1.34", "0.5"]
    found = [
        verdict(**claim, printed={"scale": s, "zero_point": 153}).status
        for s in ("0.0196078", "0.0196078438", "1/51")
    ]
    assert found == ["as printed", "cannot be", "exact"]
    reason = verdict(**claim, printed={"zero_point": 152}).reason
    assert reason.startswith("1 of 1 printed values is wrong: zero_point is 153, but 152")
    int8 = {**claim, "signed": True, "x": [-1, 2]}  # a published 42 for -43
    wrong = verdict(**int8, printed={"zero_point": 43})
    assert wrong.status == "cannot be" and "'zero_point_sign'" in wrong.reason
    rows = {**claim, "axis": 0, "x": [[0, 255], [0, 510]]}
    assert verdict(**rows, printed={"scale": [1, 2], "zero_point": [0, 0]}).status == "exact"


# W_ih @ x + b_h = .3·.5 + .1 = 1/4 and -.3·.5 + .1 = -.05; the rest below in 120 digits of decimal
# arithmetic
SMALL = {
    "W_ih": [["0.3"], ["-0.3"]],
    "b_h": [["0.1"], ["0.1"]],
    "W_ho": [["2", "-1"]],
    "b_o": ["0.5"],
    "X": [["0.5"]],
    "y": [["0.25"]],
}


def by_decimals(activation):
    """∂J/∂θ of SMALL by hand: W_ih, b_h, W_ho, b_o."""
    with localcontext() as context:
        context.prec = 120
        z, v = [Decimal("0.25"), Decimal("-0.05")], [Decimal(2), Decimal(-1)]
        if activation == "tanh":
            h = [(t.exp() - (-t).exp()) / (t.exp() + (-t).exp()) for t in z]
            slope = [1 - a * a for a in h]
        else:
            h = [1 / (1 + (-t).exp()) for t in z]
            slope = [a - a * a for a in h]
        r = v[0] * h[0] + v[1] * h[1] + Decimal("0.5") - Decimal("0.25")
        back = [r * v[j] * slope[j] for j in (0, 1)]
        return {
            "W_ih": [[b * Decimal("0.5")] for b in back],
            "b_h": back,
            "W_ho": [[r * a for a in h]],
            "b_o": [r],
        }


def digits(values, n, last=0):
    """Printed to n decimals, the last digit changed by `last`."""
    if isinstance(values, list):
        return [digits(v, n, last) for v in values]
    with localcontext() as context:
        context.prec = 120
        return str((values + last * Decimal(10) ** -n).quantize(Decimal(10) ** -n))


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_transcendental_gradients_are_decided_to_forty_digits(activation):
    right = by_decimals(activation)
    claim = {"kind": "gradient", "activation": activation, **SMALL}
    for n in (2, 15, 40):
        printed = {k: digits(v, n) for k, v in right.items()}
        assert verdict(**claim, printed=printed).status == "as printed"
        for name in right:
            for last in (-1, 1):
                found = verdict(**claim, printed={name: digits(right[name], n, last)})
                assert found.status == "cannot be" and name in found.reason
    assert right["b_h"][1] < 0  # so that the absolute value is seen
    with localcontext() as context:
        context.prec = 120
        W_ih = [[abs(a) * Decimal("0.3") for a in row] for row in right["W_ih"]]
        taylor = {"W_ih": W_ih, "b_h": [abs(a) * Decimal("0.1") for a in right["b_h"]]}
    scores = {**claim, "kind": "importance"}
    printed = {k: digits(v, 30) for k, v in taylor.items()}
    assert verdict(**scores, criterion="taylor", printed=printed).status == "as printed"
    found = verdict(**claim, printed={"b_o": digits(right["b_o"], 100)})  # beyond what is enclosed
    assert found.status == "not decidable" and "too close" in found.reason
    second = verdict(**scores, criterion="obd", printed={"b_o": ["0.1"]})
    assert second.status == "not decidable" and "more than first derivatives" in second.reason


def test_a_gradient_of_fractions_is_exact_and_named_by_its_entry():
    net = {"W_ih": [[1, 2]], "b_h": [3], "W_ho": [[2]], "b_o": [1], "X": [[10, 20]], "y": [[100]]}
    claim = {"kind": "gradient", "activation": "relu", **net}
    right = {"W_ih": [[140, 280]], "b_h": [14], "W_ho": [[371]], "b_o": [7]}
    assert verdict(**claim, printed=right).status == "exact"
    wrong = verdict(**claim, printed={"W_ho": [[371]], "W_ih": [[140, 28]]})
    words = "1 of 3 printed values is wrong: W_ih[0, 1] is 280, but 28 is printed"
    assert wrong.reason == words
    assert wrong.computed == {"W_ih": [[140, 280]], "W_ho": [[371]]}


def test_loss():
    loss = {"kind": "loss", "y_hat": [["0.1"], ["0.4"]], "y": [["0.3"], ["0.3"]]}
    found = [verdict(**loss, printed=p).status for p in ("0.025", "0.03", "0.02", "0.0250", "0.05")]
    assert found == ["exact", "as printed", "as printed", "exact", "cannot be"]  # both ends closed
    assert "'missing_half'" in verdict(**loss, printed="0.05").reason


def test_masks():
    mask = {"kind": "mask", "scores": ["0.4", "-0.9", "0.1", "0.4", "0.8"]}
    # of equals the earlier goes
    assert verdict(**mask, sparsity="0.6", printed=[0, 0, 0, 1, 1]).status == "exact"
    later = verdict(**mask, sparsity="0.6", printed=[1, 0, 0, 0, 1])
    assert later.status == "cannot be" and "'later_of_equals_first'" in later.reason
    assert verdict(**mask, tau="0.4", printed=[True, False, False, True, True]).status == "exact"
    mask["scores"] = {"W_ih": [[1, 4]], "b_h": [2], "W_ho": [[3]], "b_o": [5]}
    for b_h, scope in ((1, {"scope": "layer"}), (0, {})):
        printed = {"W_ih": [[0, 1]], "b_h": [b_h], "W_ho": [[1]], "b_o": [1]}
        found = verdict(**mask, sparsity="0.5", **scope, printed=printed)
        assert found.status == "exact" and found.computed == printed
        assert type(found.computed["b_h"][0]) is int


# Every slip of the formulas behind the kinds, on inputs where it differs from the formula: it must
# be named.
# fmt: off
NET = {"W_ih": [[1, "-2"], ["0.5", 1]], "b_h": ["0.5", -3], "W_ho": [[2, "-1.5"], [1, 1]],
       "b_o": [1, 0], "X": [[1, 2], [3, 1], [1, -1]], "y": [[1, 1], [2, 0], [1, 5]]}
CHOOSE = {"kind": "choose_qparams", "x": [["-1.6", "0.2"], ["0.7", "1.3"]], "bits": 4,
          "signed": True, "symmetric": False}
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


def test_a_range_that_may_be_nothing_leaves_every_scale_open():
    nothing = {**CHOOSE, "x": ["0.0"], "bits": 8, "signed": False}
    assert verdict(**nothing, printed={"scale": 1}).status == "exact"
    assert verdict(**nothing, printed={"scale": "0.0001"}).status == "cannot be"
    nothing["inputs"] = "rounded"  # x = 0.0255
    assert verdict(**nothing, printed={"scale": "0.0001"}).status == "not decidable"


def test_rounded_inputs_still_rule_out_what_none_of_them_prints():
    choose = {**CHOOSE, "x": ["-1.0", "2.0"], "bits": 8, "printed": {"scale": "0.02"}}
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


def test_enclosures_hold_what_sixty_digits_say():
    with localcontext() as context:
        context.prec = 120
        for x in (F(1, 10), F(-1, 10), F(5), F(-7, 3), F(1, 10**9), F(25), F(-300)):
            e = (Decimal(x.numerator) / Decimal(x.denominator)).exp()
            tanh = F((e - 1 / e) / (e + 1 / e))
            for found, right in ((Enclosure(x).exp(), F(e)), (Enclosure(x).tanh(), tanh)):
                slack = (abs(right) + 1) * F(1, 10**110)  # of the 120 digits themselves
                assert found.low - slack <= right <= found.high + slack
                assert 0 < found.high - found.low < F(1, 10**70) * max(1, right)
    assert Enclosure(0).exp().ends() == (1, 1) and Enclosure(0).tanh().ends() == (0, 0)
    assert abs(Enclosure(-2, 1)).ends() == (0, 2)
    assert (Enclosure(1, 2) - Enclosure(1, 2)).ends() == (-1, 1)
    around_0, far = Enclosure(-1, 1), Enclosure(10**5)
    for undecided in (lambda: 1 / around_0, far.exp, lambda: around_0 > 0):
        with pytest.raises(Undecided):
            undecided()


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
