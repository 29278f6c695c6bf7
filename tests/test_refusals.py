"""Every public function times every kind of bad input: a ValueError or TypeError that names a
public function and the argument, no warning, inputs unchanged. A public function without a row here
fails the sweep."""

import importlib
import inspect
from fractions import Fraction as F

import numpy as np
import pytest
from test_house import modules

from refnn import data, network
from refnn.network import Params
from refnn.pruning import importance
from refnn.quantization import codebook, integer
from refnn.quantization.affine import QParams

P = network.init(np.random.default_rng(0), (5, 3, 2))
X, Y = (
    np.random.default_rng(1).standard_normal((11, 5)),
    np.random.default_rng(2).standard_normal((11, 2)),
)
GRID = QParams(0.5, 1, 0, 7)
VALUES = np.array([-6.0, -1.0, 0.0, 1.5, 4.0])
MASK = Params(*(a > 0 for a in P.arrays()))
BOOK = codebook.fit(P.flatten(), 4)
SMALL = network.init(np.random.default_rng(0), (2, 2, 1))  # of at most 16 parameters
SMALL_CODES = Params(*(np.clip(np.floor(a / 0.5) + 1, 0, 7).astype(int) for a in SMALL.arrays()))
RNG = np.random.default_rng(0)

(
    ARRAY,
    CODES,
    WHOLE,
    FLAG,
    NAME,
    PARAMS,
    MASKS,
    NUMBER,
    GRIDS,
    GENERATOR,
    DECIMALS,
    CALL,
    SHAPE,
    SKIP,
) = range(14)

ROWS = {  # function: {argument: (a good value, its kind)}
    "network.init": {"rng": (RNG, GENERATOR), "sizes": ((5, 3, 2), SHAPE), "batch": ((2,), SHAPE)},
    "network.forward": {"params": (P, PARAMS), "X": (X, ARRAY), "activation": ("tanh", NAME)},
    "network.loss": {"y_hat": (Y, ARRAY), "y": (Y, ARRAY)},
    "network.backward": {
        "params": (P, PARAMS),
        "X": (X, ARRAY),
        "y": (Y, ARRAY),
        "activation": ("tanh", NAME),
    },
    "network.apply_mask": {"params": (P, PARAMS), "mask": (MASK, MASKS)},
    "derivatives.per_example_gradients": {
        "params": (P, PARAMS),
        "X": (X, ARRAY),
        "y": (Y, ARRAY),
        "activation": ("tanh", NAME),
    },
    "derivatives.hessian": {
        "params": (P, PARAMS),
        "X": (X, ARRAY),
        "y": (Y, ARRAY),
        "activation": ("tanh", NAME),
    },
    "derivatives.gauss_newton": {
        "params": (P, PARAMS),
        "X": (X, ARRAY),
        "activation": ("tanh", NAME),
    },
    "derivatives.hessian_vector_product": {
        "params": (P, PARAMS),
        "X": (X, ARRAY),
        "y": (Y, ARRAY),
        "v": (P.flatten(), ARRAY),
        "activation": ("tanh", NAME),
    },
    "derivatives.inverse_without": {"inverse": (np.eye(3), ARRAY), "i": (1, CODES)},
    "training.minimise": {
        "theta": (np.ones(3), ARRAY),
        "gradient": (lambda t: t, CALL),
        "steps": (2, WHOLE),
        "lr": (0.1, NUMBER),
        "optimizer": ("adam", NAME),
        "project": (lambda t: t, CALL),
    },
    **{
        f"training.{fit}": {
            "params": (P, PARAMS),
            "X": (X, ARRAY),
            "y": (Y, ARRAY),
            "steps": (2, WHOLE),
            "lr": (0.1, NUMBER),
            "optimizer": ("adam", NAME),
            "weight_decay": (0.1, NUMBER),
            "mask": (MASK, MASKS),
            "activation": ("tanh", NAME),
        }
        for fit in ("fit", "fit_plain")
    },
    "data.load": {"name": ("teacher", NAME), "target": ("y", NAME), "seed": (0, WHOLE)},
    "data.friedman1": {"seed": (0, WHOLE), "N": (20, WHOLE)},
    "data.teacher": {"seed": (0, WHOLE), "N": (20, WHOLE)},
    "data.split": {"dataset": (data.load("teacher"), SKIP), "seed": (0, WHOLE)},
    "quantization.as_written.quantize": {
        "x": (X, ARRAY),
        "W": (2.0, ARRAY),
        "B": (1.0, ARRAY),
        "P": (8, WHOLE),
    },
    "quantization.as_written.quantize_steps": {
        "x": (X, ARRAY),
        "W": (2.0, ARRAY),
        "B": (1.0, ARRAY),
        "P": (8, WHOLE),
    },
    "quantization.as_written.dequantize": {
        "q": (np.arange(4), CODES),
        "W": (2.0, ARRAY),
        "B": (1.0, ARRAY),
    },
    "quantization.as_written.dequantize_steps": {
        "q": (np.arange(4), CODES),
        "W": (2.0, ARRAY),
        "B": (1.0, ARRAY),
    },
    "quantization.as_written.update": {
        "params": (P, PARAMS),
        "W": (2.0, ARRAY),
        "B": (1.0, ARRAY),
        "P": (8, WHOLE),
    },
    "quantization.as_written.min_max": {"x": (X, ARRAY), "P": (8, WHOLE), "axis": (0, WHOLE)},
    **{
        f"quantization.rounding.{rule}": {"x": (X, ARRAY)}
        for rule in (
            "floor",
            "ceil",
            "toward_zero",
            "half_up",
            "half_down",
            "half_away",
            "half_even",
        )
    },
    "quantization.rounding.stochastic": {"x": (X, ARRAY), "rng": (RNG, GENERATOR)},
    "quantization.affine.quantize": {"x": (X, ARRAY), "qparams": (GRID, GRIDS)},
    "quantization.affine.quantize_steps": {"x": (X, ARRAY), "qparams": (GRID, GRIDS)},
    "quantization.affine.dequantize": {"q": (np.arange(4), CODES), "qparams": (GRID, GRIDS)},
    "quantization.affine.fake_quantize": {"x": (X, ARRAY), "qparams": (GRID, GRIDS)},
    "quantization.calibration.choose_qparams": {
        "x": (X, ARRAY),
        "bits": (4, WHOLE),
        "signed": (True, FLAG),
        "symmetric": (False, FLAG),
        "axis": (0, WHOLE),
        "calibration": ("minmax", NAME),
        "block": (2, WHOLE),
    },
    "quantization.conventions.compare": {"x": (X, ARRAY), "bits": (4, WHOLE)},
    "quantization.conventions.to_affine": {"W": (2.0, NUMBER), "B": (1.5, NUMBER), "P": (8, WHOLE)},
    "quantization.conventions.to_article": {"qparams": (GRID, GRIDS)},
    "quantization.straight_through.gradient": {
        "upstream": (X, ARRAY),
        "x": (X, ARRAY),
        "qparams": (GRID, GRIDS),
    },
    "quantization.straight_through.grids": {
        "params": (P, PARAMS),
        "bits": (4, WHOLE),
        "symmetric": (False, FLAG),
        "calibration": ("minmax", NAME),
    },
    "quantization.straight_through.fake_quantize": {
        "params": (P, PARAMS),
        "grids": ((GRID,) * 4, GRIDS),
    },
    "quantization.straight_through.fit": {
        "params": (P, PARAMS),
        "X": (X, ARRAY),
        "y": (Y, ARRAY),
        "grids": ((GRID,) * 4, GRIDS),
        "steps": (2, WHOLE),
        "lr": (0.1, NUMBER),
        "optimizer": ("adam", NAME),
        "weight_decay": (0.1, NUMBER),
        "mask": (MASK, MASKS),
        "activation": ("tanh", NAME),
    },
    "quantization.codebook.fit": {"x": (X, ARRAY), "levels": (4, WHOLE)},
    "quantization.codebook.decode": {"codebook": (BOOK, GRIDS)},
    "quantization.codebook.gradient": {
        "upstream": (P.flatten(), ARRAY),
        "codes": (BOOK.codes, CODES),
        "levels": (4, WHOLE),
    },
    "quantization.codebook.train": {
        "codebook": (BOOK, GRIDS),
        "sizes": ((5, 3, 2), SHAPE),
        "X": (X, ARRAY),
        "y": (Y, ARRAY),
        "steps": (2, WHOLE),
        "lr": (0.1, NUMBER),
        "optimizer": ("adam", NAME),
        "weight_decay": (0.1, NUMBER),
        "activation": ("tanh", NAME),
    },
    "quantization.grids.minifloat": {
        "exponent_bits": (2, WHOLE),
        "mantissa_bits": (1, WHOLE),
        "bias": (1, WHOLE),
        "special": ("nan", NAME),
    },
    "quantization.grids.nf4": {},
    "quantization.grids.ascending": {"table": (VALUES, SKIP)},  # takes NaN, drops it
    "quantization.grids.powers_of_two": {"bits": (4, WHOLE)},
    "quantization.grids.quantize": {
        "x": (X, ARRAY),
        "values": (VALUES, ARRAY),
        "scale": (0.5, ARRAY),
    },
    "quantization.grids.dequantize": {
        "codes": (np.arange(4), CODES),
        "values": (VALUES, ARRAY),
        "scale": (0.5, ARRAY),
    },
    "quantization.grids.fake_quantize": {
        "x": (X, ARRAY),
        "values": (VALUES, ARRAY),
        "scale": (0.5, ARRAY),
    },
    "quantization.grids.absmax_scale": {
        "x": (X, ARRAY),
        "values": (VALUES, ARRAY),
        "axis": (0, WHOLE),
        "block": (2, WHOLE),
    },
    "quantization.grids.power_of_two_scale": {
        "x": (X, ARRAY),
        "axis": (0, WHOLE),
        "block": (2, WHOLE),
    },
    **{f"quantization.grids.{name}": {"x": (X, ARRAY)} for name in ("ternary", "ternary_rule")},
    "quantization.fixed_point.fixed_point_multiplier": {"real": (np.abs(X) + 0.1, ARRAY)},
    **{
        f"quantization.fixed_point.{name}": {
            "accumulator": (np.array([[100, -200, 300]]), CODES),
            "multiplier": (np.array([2**30] * 3), CODES),
            "shift": (np.array([3, -1, 40]), CODES),
            "zero_point": (1, WHOLE),
            "qmin": (-8, WHOLE),
            "qmax": (7, WHOLE),
        }
        for name in ("requantize", "requantize_steps", "requantize_single_rounding")
    },
    "quantization.fixed_point.matmul": {
        "a": (np.arange(6).reshape(2, 3), CODES),
        "b": (np.arange(6).reshape(3, 2), CODES),
        "a_zero_point": (np.array([1, 2]), CODES),
        "b_zero_point": (3, CODES),
    },
    "quantization.fixed_point.fold": {
        "bias": (np.arange(2), CODES),
        "W": (np.arange(6).reshape(2, 3), CODES),
        "zero_point": (3, WHOLE),
    },
    "quantization.integer.convert": {
        "params": (P, PARAMS),
        "X_calibration": (X, ARRAY),
        "bits": (8, WHOLE),
        "per_row": (True, FLAG),
        "activation": ("tanh", NAME),
    },
    "quantization.integer.forward": {"network": (integer.convert(P, X), SKIP), "X": (X, ARRAY)},
    "quantization.integer.bound": {"network": (integer.convert(P, X), SKIP)},
    "quantization.integer.ladder": {
        "network": (integer.convert(P, X), SKIP),
        "params": (P, PARAMS),
        "X": (X, ARRAY),
    },
    **{
        f"quantization.best_rounding.{name}": {
            "W": (P.W_ih, ARRAY),
            "qparams": (GRID, GRIDS),
            "X": (X, ARRAY),
        }
        for name in ("nearest", "adaround", "obq", "enumerated")
    },
    "quantization.all_roundings.every": {
        "W": (P.W_ih, ARRAY),
        "qparams": (GRID, GRIDS),
        "X": (X, ARRAY),
    },
    **{
        f"quantization.all_roundings.{name}": {
            "W": (P.W_ih, ARRAY),
            "codes": (np.arange(15).reshape(3, 5) % 8, CODES),
            "qparams": (GRID, GRIDS),
            "X": (X, ARRAY),
        }
        for name in ("objective", "rank")
    },
    "quantization.all_roundings.every_network": {
        "params": (SMALL, PARAMS),
        "grids": (GRID, GRIDS),
        "X": (X[:, :2], ARRAY),
        "y": (Y[:, :1], ARRAY),
        "activation": ("tanh", NAME),
    },
    "quantization.all_roundings.network_index": {
        "params": (SMALL, PARAMS),
        "codes": (SMALL_CODES, PARAMS),
        "grids": (GRID, GRIDS),
    },
    "pruning.as_written.importance": {
        "params": (P, PARAMS),
        "X": (X, ARRAY),
        "y": (Y, ARRAY),
        "activation": ("tanh", NAME),
    },
    "pruning.as_written.prune": {"params": (P, PARAMS), "R": (P, PARAMS), "tau": (0.5, NUMBER)},
    "pruning.as_written.prune_steps": {
        "params": (P, PARAMS),
        "R": (P, PARAMS),
        "tau": (0.5, NUMBER),
    },
    "pruning.as_written.update": {"params": (P, PARAMS)},
    **{
        f"pruning.importance.{name}": {
            "params": (P, PARAMS),
            "X": (X, ARRAY),
            "y": (Y, ARRAY),
            "activation": ("tanh", NAME),
        }
        for name in ("magnitude", "gradient", "taylor", "second_order_taylor", "fisher", "obd")
    },
    "pruning.importance.obs": {
        "params": (P, PARAMS),
        "X": (X, ARRAY),
        "y": (Y, ARRAY),
        "activation": ("tanh", NAME),
        "damping": (0.1, NUMBER),
    },
    "pruning.importance.random": {"params": (P, PARAMS), "rng": (RNG, GENERATOR)},
    "pruning.masks.by_threshold": {"scores": (P, PARAMS), "tau": (0.5, NUMBER)},
    "pruning.masks.by_sparsity": {
        "scores": (P, PARAMS),
        "sparsity": (0.5, NUMBER),
        "scope": ("global", NAME),
    },
    "pruning.masks.count": {"mask": (MASK, MASKS)},
    **{
        f"pruning.structured.{name}": {"scores": (P, PARAMS), "count": (1, WHOLE)}
        for name in ("neurons", "inputs")
    },
    "pruning.structured.n_of_m": {"scores": (P, PARAMS), "n": (2, WHOLE), "m": (4, WHOLE)},
    **{
        f"pruning.structured.{name}": {"params": (P, PARAMS), "mask": (MASK, MASKS)}
        for name in ("compact", "compact_inputs")
    },
    "pruning.structured.cost": {"params": (P, PARAMS), "mask": (MASK, MASKS), "bits": (8, WHOLE)},
    **{
        f"pruning.{name}": {
            "params": (P, PARAMS),
            "X": (X, ARRAY),
            "y": (Y, ARRAY),
            "activation": ("tanh", NAME),
        }
        for name in ("truth.deletion", "truth.pairs", "tables.every_neurons", "tables.every_inputs")
    },
    "pruning.truth.loss_without": {
        "params": (P, PARAMS),
        "masks": (np.eye(26) == 0, SKIP),
        "X": (X, ARRAY),
        "y": (Y, ARRAY),
        "activation": ("tanh", NAME),
    },
    **{
        f"pruning.{name}": {
            "params": (P, PARAMS),
            "X": (X, ARRAY),
            "y": (Y, ARRAY),
            "count": (1, WHOLE),
            "activation": ("tanh", NAME),
        }
        for name in (
            "search.best_subset",
            "search.best_known",
            "tables.best_neurons",
            "tables.best_inputs",
        )
    },
    "pruning.tables.best_of": {"table": (np.arange(8.0), SKIP), "count": (1, WHOLE)},
    "pruning.tables.every_mask": {
        "params": (SMALL, PARAMS),
        "X": (X[:, :2], ARRAY),
        "y": (Y[:, :1], ARRAY),
        "activation": ("tanh", NAME),
    },
    "pruning.tables.every_mask_retrained": {
        "params": (SMALL, PARAMS),
        "X": (X[:, :2], ARRAY),
        "y": (Y[:, :1], ARRAY),
        "steps": (2, WHOLE),
        "lr": (0.1, NUMBER),
        "activation": ("tanh", NAME),
    },
    "pruning.schedules.cubic": {
        "step": (X, ARRAY),
        "begin": (-1, NUMBER),
        "end": (2, NUMBER),
        "initial": (0.1, NUMBER),
        "final": (0.8, NUMBER),
    },
    **{
        f"pruning.schedules.{name}": {
            **(
                {"start": (P, PARAMS), "trained": (P, PARAMS), "reinitialise": (RNG, SKIP)}
                if name == "lottery"
                else {"params": (P, PARAMS)}
            ),
            "X": (X, ARRAY),
            "y": (Y, ARRAY),
            "sparsity": (0.5, NUMBER),
            "criterion": (importance.magnitude, SKIP),
            "steps": (4, WHOLE),
            "lr": (0.1, NUMBER),
            "optimizer": ("adam", NAME),
            "weight_decay": (0.1, NUMBER),
            "activation": ("tanh", NAME),
            **more,
        }
        for name, more in (
            ("one_shot", {}),
            ("iterative", {"rounds": (2, WHOLE)}),
            ("lottery", {"rounds": (2, WHOLE)}),
            (
                "gradual",
                {
                    "every": (1, WHOLE),
                    "begin": (1, WHOLE),
                    "end": (3, WHOLE),
                    "initial": (0.1, NUMBER),
                },
            ),
        )
    },
    "pruning.surgeon.obs": {
        "params": (P, PARAMS),
        "X": (X, ARRAY),
        "y": (Y, ARRAY),
        "count": (2, WHOLE),
        "activation": ("tanh", NAME),
        "damping": (50.0, NUMBER),
        "weight_decay": (0.1, NUMBER),
        "mask": (MASK, MASKS),
        "curvature": ("hessian", NAME),
    },
    "pruning.schedules.sensitivity": {
        "params": (P, PARAMS),
        "X": (X, ARRAY),
        "y": (Y, ARRAY),
        "criterion": (importance.magnitude, SKIP),
        "sparsities": ([0.1, 0.5], ARRAY),
        "activation": ("tanh", NAME),
    },
    "checking.solver.decide": {
        "x": (["0.1", "0.2"], DECIMALS),
        "q": ([0, 1], DECIMALS),
        "levels": (8, WHOLE),
    },
    "checking.solver.solve": {
        "x": (["0.1", "0.2"], DECIMALS),
        "q": ([0, 1], DECIMALS),
        "levels": (8, WHOLE),
        "rounding": ("floor", NAME),
        "overflow": ("wrap", NAME),
    },
    "checking.solver.range_of_B": {
        "x": (["0.1", "0.2"], DECIMALS),
        "q": ([0, 1], DECIMALS),
        "levels": (8, WHOLE),
        "W": (10, NUMBER),
        "rounding": ("floor", NAME),
        "overflow": ("wrap", NAME),
    },
    "checking.roundtrip.roundtrip": {
        "x": (["0.1", "0.2"], DECIMALS),
        "q": ([0, 1], DECIMALS),
        "low": ([0, 0], DECIMALS),
        "high": ([1, 1], DECIMALS),
        "levels": (8, WHOLE),
        "sign": ("+", NAME),
    },
    "checking.worked_example.check": {"example": (None, SKIP)},
    "checking.sandbox.run": {
        "target": ("math:sqrt", NAME),
        "inputs": ([4.0], SKIP),
        "seconds": (10, NUMBER),
        "memory": (1024, WHOLE),
        "output": (16, WHOLE),
        "files": (1, WHOLE),
    },
    **{
        f"checking.implementation.{name}": {
            "quantize": ("math:floor", SKIP),
            "seconds": (10, NUMBER),
            "memory": (1024, WHOLE),
        }
        for name in ("check", "assert_sound")
    },
    "checking.identify.identify": {
        "x": (["0.1", "0.2"], DECIMALS),
        "codes": ([0, 1], DECIMALS),
        "levels": (8, WHOLE),
        "scale": ("0.1", NUMBER),
        "zero_point": (0, WHOLE),
        "decoded": (["0.0", "0.1"], DECIMALS),
    },
    "teaching.worksheets.student_seed": {"student": ("s1", SKIP)},
    "teaching.worksheets.sheet": {
        "seed": (7, WHOLE),
        "topics": (["loss"], SKIP),
        "language": ("en", NAME),
    },
    "teaching.grading.grade": {"path": ("README.md", SKIP)},
    **{
        f"teaching.assignments.{name}": {"name": ("network", NAME), "kind": ("student", NAME)}
        for name in ("build", "text")
    },
    "teaching.marking.mark_notebook": {
        "path": ("README.md", SKIP),
        "seed": (7, WHOLE),
        "assignment": ("network", NAME),
    },
    "teaching.marking.mark_class": {
        "paths": (["README.md"], SKIP),
        "seed": (7, WHOLE),
        "assignment": ("network", NAME),
    },
    "teaching.grading.grade_text": {"text": ("", SKIP), "file": ("a.md", SKIP)},
    "checking.reading.read": {"path": ("refnn/examples/affine.toml", NAME), "levels": (8, WHOLE)},
}
# on checked arguments, or not about values that a user brings
INTERNAL = {
    *(
        f"pruning.flips.{name}"
        for name in (
            "flips",
            "singles",
            "doubles",
            "triples",
            "positions",
            "units_of",
            "losses",
            "masked",
            "each",
            "cheapest",
        )
    ),
    "network.propagate",
    "network.half_square",
    "network.backpropagate",
    "network.checked",
    "training.descend",
    "training.run",
    "training.per_network",
    "quantization.partition.groups",
    "quantization.fixed_point.within",
    "quantization.fixed_point.as_int32",
    "quantization.fixed_point.folded",
    *(
        f"quantization.all_roundings.{name}"
        for name in ("layer_of", "down_and_up", "errors", "square", "table", "bits")
    ),
    "quantization.rounding.nearest_even",
    "transposed.order",
    "transposed.objective",
    "article.fractions",
    "article.parameters",
    "article.data",
    "article.example",
    "checking.solver.checked",
    "checking.solver.flat",
    "checking.solver.code_of",
    "checking.solver.repair_text",
    "checking.candidates.candidates",
    "checking.candidate.make_of",
    "checking.candidate.decoded_by",
    "checking.candidate.tensors",
    "checking.published.run",
    "checking.published.blind_spots",
    *(
        f"teaching.question.{name}"
        for name in (
            "question",
            "right",
            "wrong",
            "slips_of",
            "follows",
            "exactly",
            "apart",
            "fractions",
            "shown",
        )
    ),
    *(
        f"teaching.worksheets.{name}"
        for name in ("check_code", "sheet_text", "answers_text", "labels")
    ),
    *(f"teaching.filled.{name}" for name in ("decode", "is_blank", "read", "tokens")),
    *(f"teaching.grading.{name}" for name in ("marked_text", "class_text", "class_csv")),
    *(
        f"teaching.roll.{name}"
        for name in ("printable", "commonest_slips", "commonest_text", "csv_text")
    ),
    *(f"teaching.submission.{name}" for name in ("read", "assigned", "defines")),
    *(f"teaching.driver.{name}" for name in ("plain", "call")),
    "teaching.tasks.resolve",
    "teaching.tasks.same",
    "teaching.assignments.hidden_points",
    *(
        f"teaching.marking.{name}"
        for name in ("inputs", "judge", "marked_text", "class_text", "class_csv")
    ),
    *(f"teaching.files.{name}" for name in ("refuse_unwritable", "write_whole")),
    "checking.published.slips_of",
    "checking.published.exhibits",
    "checking.published.text_of",
}
HELPERS = (
    "arrays",
    "checking.circle",
    "checking.strips",
    "checking.conflict",
    "checking.printed",
    "checking.enclosure",
    "checking.kind",
    "checking.markdown",
    "checking.slip",
    "checking.child",
    "checking.staircase",
    "checking.properties",
    "checking.behaviour",
    "checking.pruner",
    "teaching.sources",
    "plots",
    "experiments",
    "console",
    "report",
    "commands",
    "cli",
    "__main__",
)

BAD_NUMBERS = {
    "NaN": np.nan,
    "infinity": -np.inf,
    "string": "a",
    "None": None,
    "bool": True,
    "complex": 1j,
    "bytes": b"1",
    "date": np.datetime64("2026-01-01"),
    "timedelta": np.timedelta64(3, "s"),
    "object": object(),
    "function": len,
}
BAD_WHOLES = {
    **{k: v for k, v in BAD_NUMBERS.items() if k != "None"},
    "8.0": 8.0,
    "fraction": F(1, 2),
    "list": [8, 8],
    "far too small": -(10**30),
    "far too large": 10**30,
    "thousands of digits": -(10**5000),
}


def bad_arrays(good):
    """Bad versions of an array that is good."""
    good = np.asarray(good, dtype=float)
    spoiled = {
        name: np.full(good.shape, value, dtype=object if not isinstance(value, float) else float)
        for name, value in BAD_NUMBERS.items()
        if name not in ("complex", "bytes", "date", "timedelta", "bool")
    }
    spoiled |= {
        "NaN at the end": np.where(
            np.arange(good.size).reshape(good.shape) == good.size - 1, np.nan, good
        ),
        "strings": np.full(good.shape, "1.0"),
        "bool": np.full(good.shape, True),
        "dates": np.full(good.shape, np.datetime64("2026-01-01")),
        "timedeltas": np.full(good.shape, np.timedelta64(1, "s")),
        "ragged": [[1.0, 2.0], [3.0]],
        "a dict": {},
        "a set": {1.0},
        "masked": np.ma.masked_array(good, np.zeros(good.shape, bool)),
        "bool in a list": [True, 2.5],
        "a masked entry": [np.ma.masked, 1.0],
        "whole beyond float64": np.full(good.shape, 10**400, dtype=object),
    }
    return spoiled


def bad_params(good):
    yield "an array", good.flatten()
    yield "None", None
    yield "a tuple", good.arrays()
    for field in range(4):
        for name in ("NaN", "None", "strings", "dates"):
            if name in ("strings", "dates"):
                continue
            a = bad_arrays(good.arrays()[field])[name]
            yield (
                f"{name} in field {field}",
                Params(*(a if i == field else b for i, b in enumerate(good.arrays()))),
            )


def bad_values(value, kind):
    """(what is wrong, a bad value) for a good value of a kind."""
    if kind == ARRAY:
        yield from bad_arrays(value).items()
    elif kind == CODES:
        yield from (
            ("floats", np.asarray(value) * 1.0),
            ("bool", np.asarray(value) > 0),
            ("strings", "ab"),
            ("None", None),
            ("complex", np.asarray(value) * 1j),
            ("ragged", [[1], [1, 2]]),
            ("dates", np.datetime64("2026-01-01")),
        )
    elif kind == WHOLE:
        yield from BAD_WHOLES.items()
    elif kind == FLAG:
        yield from {"1": 1, "string": "yes", "None": None, "list": [True], "float": 1.0}.items()
    elif kind == NAME:
        yield from {
            "unknown": "no such name",
            "number": 3,
            "list": ["tanh"],
            "empty": "",
            "bytes": b"tanh",
        }.items()
    elif kind == PARAMS:
        yield from bad_params(value)
    elif kind == MASKS:
        yield from (
            ("an array", value.flatten()),
            ("True", True),
            ("numbers", Params(*(a * 2.0 + 1 for a in value.arrays()))),
            ("another size", Params([[True]], [True], [[True]], [True])),
        )
    elif kind == NUMBER:
        yield from ((k, v) for k, v in BAD_NUMBERS.items() if k != "None")
        yield from (("list", [0.1, 0.2]), ("a set", {0.1}))
    elif kind == GRIDS:
        yield from (("None", None), ("a tuple", (0.5, 1, 0, 7)))
    elif kind == GENERATOR:
        yield from {
            "None": None,
            "seed": 0,
            "RandomState": np.random.RandomState(0),
            "module": np.random,
        }.items()
    elif kind == DECIMALS:
        yield from {
            "string": ["a", "b"],
            "NaN": [np.nan, 1],
            "1e999": ["1e999", 1],
            "None": [None, 1],
            "bool": [True, 1],
            "dict": {},
            "complex": [1j, 1],
            "empty": [],
            "too many": [0] * 201,
            "bytes": [b"1", 1],
            "1_0": ["1_0", 1],
        }.items()
    elif kind == CALL:
        yield from {"number": 3, "string": "f", "another shape": lambda t: np.ones(7)}.items()
    elif kind == SHAPE:
        yield from {
            "float": 1.5,
            "None": None,
            "string": "10",
            "negative": (-1, 2, 3),
            "fraction": (1.0, 2, 3),
            "huge": (10**30, 1, 1),
            "bool": (True, 1, 1),
            "dict": {},
        }.items()


def function_of(name):
    module, function = name.rsplit(".", 1)
    return getattr(importlib.import_module(f"refnn.{module}"), function)


CASES = [
    (name, argument, what, bad)
    for name, row in ROWS.items()
    for argument, (good, kind) in row.items()
    for what, bad in bad_values(good, kind)
]
LEAF_NAMES = {name.rsplit(".", 1)[1] for name in ROWS} | {"Params"}


@pytest.mark.parametrize(("name", "argument"), sorted({(n, a) for n, a, _, _ in CASES}))
def test_bad_input_is_refused_in_words(name, argument):
    good = {key: value for key, (value, _) in ROWS[name].items()}
    before = {
        key: np.array(value, copy=True)
        for key, value in good.items()
        if isinstance(value, np.ndarray)
    }
    for _, _, what, bad in (case for case in CASES if case[:2] == (name, argument)):
        if (argument == "seed" and what == "far too large") or (
            name.endswith("count") and what == "another size"
        ):
            continue  # a seed may be large, a mask of any size
        with pytest.raises((ValueError, TypeError)) as refused:
            function_of(name)(**{**good, argument: bad})
        message = str(refused.value)
        assert any(message.startswith(f"{leaf}: ") for leaf in LEAF_NAMES), (what, message)
        field = {"params": ("params", *network.FIELDS), "sizes": ("sizes",), "mask": ("mask",)}.get(
            argument, (argument,)
        )
        assert any(word in message for word in field), (what, message)
        assert len(message) < 400, (what, len(message))
    for key, value in before.items():
        assert (good[key] == value).all()


@pytest.mark.parametrize("name", sorted(ROWS))
def test_good_input_of_any_layout_is_accepted(name):
    row = ROWS[name]
    if any(kind in (SKIP, GENERATOR) for _, kind in row.values()):
        return
    good = {key: value for key, (value, _) in row.items()}
    function = function_of(name)
    first = flat(function(**good))
    for argument, (value, kind) in row.items():
        if kind in (ARRAY, CODES) and isinstance(value, np.ndarray):
            read_only = value.copy()
            read_only.flags.writeable = False
            forms = [
                value.tolist(),
                np.asfortranarray(value),
                value.astype(value.dtype.newbyteorder(">")),
                read_only,
                value[::-1][::-1],
            ]
            for form in forms:
                np.testing.assert_allclose(
                    flat(function(**{**good, argument: form})), first, rtol=1e-12
                )


def flat(result):
    """All numbers of a result, whatever it is."""
    if isinstance(result, Params):
        return result.flatten().ravel().astype(float)
    if isinstance(result, QParams):
        return np.concatenate([flat(result.scale), flat(result.zero_point)])
    if isinstance(result, tuple):
        return np.concatenate(
            [flat(part) for part in result if not isinstance(part, (str, type(None)))]
            or [np.zeros(0)]
        )
    try:
        return np.atleast_1d(np.asarray(result, dtype=float)).ravel()
    except (TypeError, ValueError):
        return np.zeros(0)


def test_every_public_function_has_a_row():
    for module, _ in modules():
        if module.startswith(HELPERS):
            continue
        loaded = importlib.import_module(f"refnn.{module}")
        for name, value in vars(loaded).items():
            if (
                inspect.isfunction(value)
                and value.__module__ == loaded.__name__
                and not name.startswith("_")
            ):
                full = f"{module}.{name}"
                assert (full in ROWS) != (full in INTERNAL), f"{full} needs a row in ROWS"


def test_shapes_that_do_not_fit_are_refused():
    wrong = [
        (network.forward, {"params": P, "X": X[:, :4]}, "X"),
        (network.backward, {"params": P, "X": X, "y": Y[:, 0]}, "y"),
        (network.backward, {"params": P, "X": X, "y": Y[:5]}, "y"),
        (network.forward, {"params": P, "X": X[0]}, "X"),
        (network.forward, {"params": P, "X": X[None]}, "X"),
        (network.loss, {"y_hat": Y, "y": Y[:, :1]}, "y"),
        (network.loss, {"y_hat": Y[0], "y": Y[0]}, "y_hat"),
    ]
    for function, arguments, word in wrong:
        with pytest.raises(ValueError, match=rf"{function.__name__}: {word} must be of shape"):
            function(**arguments)


ELEMENTWISE = [
    name
    for name in ROWS
    if "x" in ROWS[name]
    and ROWS[name]["x"][1] == ARRAY
    and ".grids." not in name  # no Fractions; see test_grids
    and not name.endswith(
        (
            "min_max",
            "choose_qparams",
            "stochastic",
            "compare",
            "straight_through.gradient",
            "codebook.fit",
        )
    )
]
ODD = {
    "0-d": np.array(0.3),
    "a number": 0.3,
    "empty": np.zeros((0, 3)),
    "huge": np.array([1e300, -1e300]),
    "subnormal": np.array([5e-324, -5e-324]),
    "float16": np.float16([0.5, 2.0]),
    "whole": np.arange(3),
    "Fractions": np.array([F(1, 3), F(10**30)]),
    "float32": np.float32([0.1, 3e38]),
}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_odd_but_good_values_keep_their_shape_and_leak_no_warning(name):
    good = {key: value for key, (value, _) in ROWS[name].items()}
    for what, x in ODD.items():
        result = function_of(name)(**{**good, "x": x})
        last = result[-1] if isinstance(result, tuple) else result
        assert np.shape(last) == np.shape(x), what


def test_ranges_at_the_edge_of_float64_are_computed_or_refused():
    from refnn.quantization import as_written, calibration

    for x in ([1e308, -1e308], [5e-324, 0.0], [1e-320, 2e-320]):
        for function, more in ((as_written.min_max, (8,)), (calibration.choose_qparams, ())):
            with pytest.raises(
                ValueError, match=f"{function.__name__}: x must be of a range whose"
            ):
                function(x, *more)
    far = [F(10**300), F(-(10**300))]
    assert as_written.quantize(far, *as_written.min_max(far, 8), 8).tolist() == [
        7,
        0,
    ]  # in floats: 6 (finding 9)
