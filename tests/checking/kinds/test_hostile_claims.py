"""A claim of any kind, mutated at random, is judged or refused, in time and without a traceback."""

import copy
import time

import pytest

from refnn.checking.worked_example import KINDS, check

NET = {"W_ih": [["0.15", "0.2"], ["0.25", "0.3"]], "b_h": [0, "0.35"], "W_ho": [["0.4", "0.45"]]}
NET |= {"b_o": ["0.6"], "X": [["0.05", "0.1"], [1, 2]], "y": [["0.01"], [1]]}
GRID = {"scale": "0.5", "zero_point": 3, "qmin": 0, "qmax": 15}
# fmt: off
CLAIMS = {
    "quantize": {"x": ["0.1", "0.2"], "W": 10, "B": "0.5", "P": 8, "printed": [1, 2]},
    "dequantize": {"q": [1, 2], "W": 10, "B": 3, "printed": ["0.4", "0.5"]},
    "solve": {"x": ["0.1", "0.2"], "P": 8, "printed": [1, 2]},
    "roundtrip": {"x": ["0.1", "0.2"], "P": 8, "codes": [1, 2], "decoded": ["0.1", "0.2"],
                  "sign": "?"},
    "decoded": {"x": ["0.1"], "printed": ["0.1"]},
    "unread": {"printed": [1]},
    "prune": {"R": ["0.5", "-1"], "tau": "0.5", "printed": [1, 0]},
    "affine": {"x": ["-1", "0.3", "2"], "bits": 8, "signed": True, "printed":
               {"scale": "0.01176471", "zero_point": -43, "codes": [-128, -17, 127],
                "decoded": ["-1.0", "0.31", "2.0"], "mse": "0.00001", "qmax": 127}},
    "affine_quantize": {"x": [["0.25", "-1.2"]], **GRID, "printed": [[3, 1]]},
    "affine_dequantize": {"q": [3, 15], **GRID, "printed": [0, "6.00"]},
    "choose_qparams": {"x": [-1, 2], "bits": 8, "signed": True, "symmetric": False,
                       "printed": {"scale": "0.011764705882352941", "zero_point": -43}},
    "loss": {"y_hat": [["0.5"], [1]], "y": [[0], [1]], "reduction": "sum", "printed": "0.12500001"},
    "forward": {**{k: v for k, v in NET.items() if k != "y"}, "activation": "sigmoid",
                "printed": {"y_hat": [["1.105"], ["1.2"]]}},
    "gradient": {**NET, "output_activation": "tanh", "printed": {"b_o": ["0.123456789012345"]}},
    "update": {**NET, "lr": "0.5", "printed": {"b_h": ["0.1", "0.2"]}},
    "importance": {**NET, "criterion": "obd", "printed": {"b_o": ["0.3"]}},
    "mask": {"weights": ["0.4", "-0.9", "0.1", "0.5"], "n": 2, "m": 4, "printed": [0, 1, 0, 1]},
    "codebook": {"x": ["0.1", "0.2", "3"], "levels": 2, "gradient": [1, 2, 3], "lr": "0.1",
                 "printed": {"centroids": ["0.15", 3], "codes": [0, 0, 1], "updated": [0, 1]}},
    "grid": {"x": ["0.3", 500], "format": "fp8_e4m3", "scale": 1, "overflow": "nan",
             "printed": ["0.3125", "nan"]},
    "matmul": {"a": [[11, 7]], "b": [[1], [2]], "a_zero_point": 12, "printed": [[-11]]},
    "multiplier": {"real": "0.0072474273418460", "printed": {"multiplier": 1992157695, "shift": 7}},
    "requantize": {"accumulator": [100, -7], "real": "0.25", "zero_point": 3, "qmin": 0,
                   "qmax": 255, "printed": [28, 1]},
    "arithmetic": {"expression": "round(1.5 / 0.18)", "printed": "8"},
}
ODD = (None, True, "", "x", "nan", "1e400", "1e-300", -1, 0, 1, 2**70, "1/3", "1/0", [], [[]], {},
       [1, [2]], "0." + "9" * 50, 1e308, "-0.0", ["0.1"] * 300, [[1] * 40] * 40, "１",
       "\x1b[31m", -128)
# fmt: on


def odd(rng):
    return copy.deepcopy(ODD[rng.integers(len(ODD))])


def test_there_is_a_claim_of_every_kind_and_each_is_judged():
    assert CLAIMS.keys() == KINDS.keys()
    for kind, claim in CLAIMS.items():
        for inputs in ("exact", "rounded"):
            assert check({"inputs": inputs, "claims": [{"kind": kind, **claim}]})


def mutated(rng, claim):
    claim = copy.deepcopy(claim)
    for _ in range(rng.integers(1, 4)):
        holder, keys = claim, list(claim)
        while True:
            key = keys[rng.integers(len(keys))]
            inner = holder[key]
            if isinstance(inner, (dict, list)) and inner and rng.random() < 0.6:
                holder, keys = inner, list(inner) if isinstance(inner, dict) else range(len(inner))
                continue
            break
        action = rng.integers(4)
        if action == 0 and isinstance(holder, dict) and holder is claim:
            del holder[key]
        elif action == 1 and isinstance(holder, list):
            holder.append(odd(rng))
        else:
            holder[key] = odd(rng)
        if not claim:
            break
    return claim


@pytest.mark.parametrize("kind", KINDS)
def test_a_mutated_claim_is_judged_or_refused(rng, kind, mutants=40):
    for _ in range(mutants):
        claim = mutated(rng, CLAIMS[kind])
        example = {
            "claims": [{"kind": kind, **claim}],
            "inputs": ("exact", "rounded")[rng.integers(2)],
        }
        start = time.process_time()
        try:
            for verdict in check(example):
                assert verdict.status in ("exact", "as printed", "cannot be", "not decidable")
        except (ValueError, TypeError) as error:
            assert str(error).startswith("check: claims[0]"), (claim, error)
            assert len(str(error)) < 800
        took = time.process_time() - start
        assert took < 5, (claim, took)
