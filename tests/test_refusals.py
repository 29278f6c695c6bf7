"""Every public function times every kind of bad input: a ValueError or TypeError that names the
function that was called and the argument, no warning, inputs unchanged. A function that says what
it takes (`validation.takes`) without a row here fails the sweep."""

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
X = np.random.default_rng(1).standard_normal((11, 5))
Y = np.random.default_rng(2).standard_normal((11, 2))
GRID = QParams(0.5, 1, 0, 7)
VALUES = np.array([-6.0, -1.0, 0.0, 1.5, 4.0])
MASK = Params(*(a > 0 for a in P.arrays()))
BOOK = codebook.fit(P.flatten(), 4)
SMALL = network.init(np.random.default_rng(0), (2, 2, 1))  # of at most 16 parameters
SMALL_CODES = Params(*(np.clip(np.floor(a / 0.5) + 1, 0, 7).astype(int) for a in SMALL.arrays()))
RNG = np.random.default_rng(0)

# fmt: off
(ARRAY, CODES, WHOLE, FLAG, NAME, PARAMS, MASKS, NUMBER, GRIDS, GENERATOR, DECIMALS, CALL, SHAPE,
 SKIP) = range(14)

# arguments that many functions share: {argument: (a good value, its kind)}
NET = {"params": (P, PARAMS)}
DATA = {"X": (X, ARRAY), "y": (Y, ARRAY)}
F_ = {"activation": ("tanh", NAME)}
LOSS = {**NET, **DATA, **F_}
STEPS = {"steps": (2, WHOLE), "lr": (0.1, NUMBER), "optimizer": ("adam", NAME),
         "weight_decay": (0.1, NUMBER), **F_}
FIT = {**NET, **DATA, **STEPS, "mask": (MASK, MASKS)}
SMALL_LOSS = {"params": (SMALL, PARAMS), "X": (X[:, :2], ARRAY), "y": (Y[:, :1], ARRAY), **F_}
ONE_X, ON_GRID = {"x": (X, ARRAY)}, {"qparams": (GRID, GRIDS)}
WB = {"W": (2.0, ARRAY), "B": (1.0, ARRAY)}
Q = {"q": (np.arange(4), CODES)}
P8, BITS = {"P": (8, WHOLE)}, {"bits": (4, WHOLE)}
IN_BLOCKS = {"axis": (0, WHOLE), "block": (2, WHOLE)}
ON_VALUES = {"values": (VALUES, ARRAY), "scale": (0.5, ARRAY)}
ACCUMULATED = {
    "accumulator": (np.array([[100, -200, 300]]), CODES), "shift": (np.array([3, -1, 40]), CODES),
    "multiplier": (np.array([2**30] * 3), CODES), "zero_point": (1, WHOLE), "qmin": (-8, WHOLE),
    "qmax": (7, WHOLE)}
INTEGER = {"network": (integer.convert(P, X), SKIP)}
ROUNDED = {"W": (P.W_ih, ARRAY), **ON_GRID, "X": (X, ARRAY)}
PRUNE = {**NET, "R": (P, PARAMS), "tau": (0.5, NUMBER)}
PRUNED = {**NET, "mask": (MASK, MASKS)}
SCHEDULE = {**DATA, "sparsity": (0.5, NUMBER), "criterion": (importance.magnitude, SKIP), **STEPS,
            "steps": (4, WHOLE)}
PRINTED = {"x": (["0.1", "0.2"], DECIMALS), "q": ([0, 1], DECIMALS), "levels": (8, WHOLE)}
RULE = {"rounding": ("floor", NAME), "overflow": ("wrap", NAME)}
LIMITS = {"seconds": (10, NUMBER), "memory": (1024, WHOLE)}
SEED = {"seed": (7, WHOLE)}


def each(module, names, row):
    return {f"{module}.{name}": row for name in names.split()}


ROWS = {
    "network.init": {"rng": (RNG, GENERATOR), "sizes": ((5, 3, 2), SHAPE), "batch": ((2,), SHAPE)},
    "network.forward": {**NET, "X": (X, ARRAY), **F_},
    "network.loss": {"y_hat": (Y, ARRAY), "y": (Y, ARRAY)},
    "network.backward": LOSS, "network.apply_mask": PRUNED,
    "derivatives.per_example_gradients": LOSS, "derivatives.hessian": LOSS,
    "derivatives.hessian_diagonal": LOSS,
    "derivatives.gauss_newton": {**NET, "X": (X, ARRAY), **F_},
    "derivatives.hessian_vector_product": {**LOSS, "v": (P.flatten(), ARRAY)},
    "derivatives.inverse_without": {"inverse": (np.eye(3), ARRAY), "i": (1, CODES)},
    "training.minimise": {
        "theta": (np.ones(3), ARRAY), "gradient": (lambda t: t, CALL), "steps": (2, WHOLE),
        "lr": (0.1, NUMBER), "optimizer": ("adam", NAME), "project": (lambda t: t, CALL)},
    **each("training", "fit fit_plain", FIT),
    "data.load": {"name": ("teacher", NAME), "target": ("y", NAME), "seed": (0, WHOLE)},
    **each("data", "friedman1 teacher", {"seed": (0, WHOLE), "N": (20, WHOLE)}),
    "data.split": {"dataset": (data.load("teacher"), SKIP), "seed": (0, WHOLE)},
    "article.fractions": {"printed": (["0.1", "0.2"], SKIP)},
    "article.parameters": {"form": ("x", NAME)},
    **each("quantization.as_written", "quantize quantize_steps", {**ONE_X, **WB, **P8}),
    **each("quantization.as_written", "dequantize dequantize_steps", {**Q, **WB}),
    "quantization.as_written.update": {**NET, **WB, **P8},
    "quantization.as_written.min_max": {**ONE_X, **P8, "axis": (0, WHOLE)},
    **each("quantization.rounding",
           "floor ceil toward_zero half_up half_down half_away half_even", ONE_X),
    "quantization.rounding.stochastic": {**ONE_X, "rng": (RNG, GENERATOR)},
    **each("quantization.affine", "quantize quantize_steps fake_quantize", {**ONE_X, **ON_GRID}),
    "quantization.affine.dequantize": {**Q, **ON_GRID},
    "quantization.calibration.choose_qparams": {
        **ONE_X, **BITS, "signed": (True, FLAG), "symmetric": (False, FLAG), **IN_BLOCKS,
        "calibration": ("minmax", NAME)},
    "quantization.conventions.compare": {**ONE_X, **BITS},
    "quantization.conventions.to_affine": {"W": (2.0, NUMBER), "B": (1.5, NUMBER), **P8},
    "quantization.conventions.to_article": ON_GRID,
    "quantization.straight_through.gradient": {"upstream": (X, ARRAY), **ONE_X, **ON_GRID},
    "quantization.straight_through.grids": {
        **NET, **BITS, "symmetric": (False, FLAG), "calibration": ("minmax", NAME)},
    "quantization.straight_through.fake_quantize": {**NET, "grids": ((GRID,) * 4, GRIDS)},
    "quantization.straight_through.fit": {**FIT, "grids": ((GRID,) * 4, GRIDS)},
    "quantization.codebook.fit": {**ONE_X, "levels": (4, WHOLE)},
    "quantization.codebook.decode": {"codebook": (BOOK, GRIDS)},
    "quantization.codebook.gradient": {
        "upstream": (P.flatten(), ARRAY), "codes": (BOOK.codes, CODES), "levels": (4, WHOLE)},
    "quantization.codebook.train": {
        "codebook": (BOOK, GRIDS), "sizes": ((5, 3, 2), SHAPE), **DATA, **STEPS},
    "quantization.grids.minifloat": {
        "exponent_bits": (2, WHOLE), "mantissa_bits": (1, WHOLE), "bias": (1, WHOLE),
        "special": ("nan", NAME)},
    "quantization.grids.nf4": {}, "quantization.grids.ascending": {"table": (VALUES, SKIP)},
    "quantization.grids.powers_of_two": BITS,
    **each("quantization.grids", "quantize beyond", {**ONE_X, **ON_VALUES}),
    "quantization.grids.fake_quantize": {**ONE_X, **ON_VALUES, "overflow": ("nan", NAME)},
    "quantization.grids.dequantize": {"codes": (np.arange(4), CODES), **ON_VALUES},
    "quantization.grids.absmax_scale": {**ONE_X, "values": (VALUES, ARRAY), **IN_BLOCKS},
    "quantization.grids.power_of_two_scale": {**ONE_X, **IN_BLOCKS},
    **each("quantization.grids", "ternary ternary_rule", ONE_X),
    "quantization.fixed_point.fixed_point_multiplier": {"real": (np.abs(X) + 0.1, ARRAY)},
    **each("quantization.fixed_point", "requantize requantize_steps requantize_single_rounding",
           ACCUMULATED),
    "quantization.fixed_point.matmul": {
        "a": (np.arange(6).reshape(2, 3), CODES), "b": (np.arange(6).reshape(3, 2), CODES),
        "a_zero_point": (np.array([1, 2]), CODES), "b_zero_point": (3, CODES)},
    "quantization.fixed_point.fold": {
        "bias": (np.arange(2), CODES), "W": (np.arange(6).reshape(2, 3), CODES),
        "zero_point": (3, WHOLE)},
    "quantization.integer.convert": {
        **NET, "X_calibration": (X, ARRAY), "bits": (8, WHOLE), "per_row": (True, FLAG), **F_},
    "quantization.integer.forward": {**INTEGER, "X": (X, ARRAY)},
    "quantization.integer.bound": INTEGER,
    "quantization.integer.ladder": {**INTEGER, **NET, "X": (X, ARRAY)},
    **each("quantization.best_rounding", "nearest adaround obq enumerated", ROUNDED),
    "quantization.all_roundings.every": ROUNDED,
    **each("quantization.all_roundings", "objective rank",
           {**ROUNDED, "codes": (np.arange(15).reshape(3, 5) % 8, CODES)}),
    "quantization.all_roundings.every_network": {**SMALL_LOSS, "grids": (GRID, GRIDS)},
    "quantization.all_roundings.network_index": {
        "params": (SMALL, PARAMS), "codes": (SMALL_CODES, PARAMS), "grids": (GRID, GRIDS)},
    "pruning.as_written.importance": LOSS, "pruning.as_written.update": NET,
    **each("pruning.as_written", "prune prune_steps", PRUNE),
    **each("pruning.importance", "magnitude gradient taylor second_order_taylor fisher obd", LOSS),
    "pruning.importance.obs": {
        **LOSS, "damping": (50.0, NUMBER), "curvature": ("gauss_newton", NAME)},
    "pruning.importance.second_derivatives": {**LOSS, "curvature": ("gauss_newton", NAME)},
    "pruning.importance.random": {**NET, "rng": (RNG, GENERATOR)},
    "pruning.masks.by_threshold": {"scores": (P, PARAMS), "tau": (0.5, NUMBER)},
    "pruning.masks.by_sparsity": {
        "scores": (P, PARAMS), "sparsity": (0.5, NUMBER), "scope": ("global", NAME)},
    "pruning.masks.count": {"mask": (MASK, MASKS)},
    **each("pruning.structured", "neurons inputs", {"scores": (P, PARAMS), "count": (1, WHOLE)}),
    "pruning.structured.n_of_m": {"scores": (P, PARAMS), "n": (2, WHOLE), "m": (4, WHOLE)},
    **each("pruning.structured", "compact compact_inputs", PRUNED),
    "pruning.structured.cost": {**PRUNED, "bits": (8, WHOLE)},
    **each("pruning", "truth.deletion truth.pairs tables.every_neurons tables.every_inputs", LOSS),
    "pruning.truth.loss_without": {**LOSS, "masks": (np.eye(26) == 0, SKIP)},
    **each("pruning",
           "search.best_subset search.best_known tables.best_neurons tables.best_inputs",
           {**LOSS, "count": (1, WHOLE)}),
    "pruning.search.best_known_of_each": {**LOSS, "counts": ((1, 2), SKIP)},
    "pruning.tables.best_of": {"table": (np.arange(8.0), SKIP), "count": (1, WHOLE)},
    "pruning.tables.every_mask": SMALL_LOSS,
    "pruning.tables.every_mask_retrained": {
        **SMALL_LOSS, "steps": (2, WHOLE), "lr": (0.1, NUMBER)},
    "pruning.schedules.cubic": {
        "step": (X, ARRAY), "begin": (-1, NUMBER), "end": (2, NUMBER), "initial": (0.1, NUMBER),
        "final": (0.8, NUMBER)},
    "pruning.schedules.one_shot": {**NET, **SCHEDULE},
    "pruning.schedules.iterative": {**NET, **SCHEDULE, "rounds": (2, WHOLE)},
    "pruning.schedules.lottery": {
        "start": (P, PARAMS), "trained": (P, PARAMS), "reinitialise": (RNG, SKIP), **SCHEDULE,
        "rounds": (2, WHOLE)},
    "pruning.schedules.gradual": {
        **NET, **SCHEDULE, "every": (1, WHOLE), "begin": (1, WHOLE), "end": (3, WHOLE),
        "initial": (0.1, NUMBER)},
    "pruning.schedules.sensitivity": {
        **LOSS, "criterion": (importance.magnitude, SKIP), "sparsities": ([0.1, 0.5], ARRAY)},
    "pruning.surgeon.obs": {
        **LOSS, "count": (2, WHOLE), "damping": (50.0, NUMBER), "weight_decay": (0.1, NUMBER),
        "mask": (MASK, MASKS), "curvature": ("hessian", NAME)},
    "checking.solver.decide": PRINTED, "checking.solver.solve": {**PRINTED, **RULE},
    "checking.solver.range_of_B": {**PRINTED, "W": (10, NUMBER), **RULE},
    "checking.roundtrip.roundtrip": {
        **PRINTED, "low": ([0, 0], DECIMALS), "high": ([1, 1], DECIMALS), "sign": ("+", NAME)},
    "checking.worked_example.check": {"example": (None, SKIP)},
    "checking.running.sandbox.run": {
        "target": ("math:sqrt", NAME), "inputs": ([4.0], SKIP), **LIMITS, "output": (16, WHOLE),
        "files": (1, WHOLE)},
    **each("checking.implementation", "check assert_sound",
           {"quantize": ("math:floor", SKIP), **LIMITS}),
    "checking.identify.identify": {
        "x": (["0.1", "0.2"], DECIMALS), "codes": ([0, 1], DECIMALS), "levels": (8, WHOLE),
        "scale": ("0.1", NUMBER), "zero_point": (0, WHOLE), "decoded": (["0.0", "0.1"], DECIMALS)},
    "checking.reading.files.read": {
        "path": ("refnn/examples/affine.toml", NAME), "levels": (8, WHOLE)},
    "checking.reading.markdown.example": {"text": ("", SKIP)},
    "teaching.worksheets.student_seed": {"student": ("s1", SKIP)},
    "teaching.worksheets.sheet": {**SEED, "topics": (["loss"], SKIP), "language": ("en", NAME)},
    **each("teaching.assignments", "build text",
           {"name": ("network", NAME), "kind": ("student", NAME), **SEED}),
    "teaching.worksheets.class_sheet": {
        "student": ("s1", SKIP), "secret": (b"0" * 16, SKIP), "topics": (["loss"], SKIP),
        "language": ("en", NAME)},
    "teaching.roster.read_roster": {"path": ("README.md", SKIP)},
    "teaching.roster.read_secret": {"path": ("README.md", SKIP)},
    "teaching.mark_sheet.grade": {"path": ("README.md", SKIP), "secret": (b"0" * 16, SKIP)},
    "teaching.mark_sheet.grade_text": {
        "text": ("", SKIP), "file": ("a.md", SKIP), "secret": (b"0" * 16, SKIP)},
    "teaching.mark_notebook.mark_notebook": {
        "path": ("README.md", SKIP), **SEED, "assignment": ("network", NAME),
        "seconds": (5, NUMBER)},
    "teaching.mark_notebook.mark_class": {
        "paths": (["README.md"], SKIP), **SEED, "assignment": ("network", NAME),
        "seconds": (5, NUMBER), "secret": (b"0" * 16, SKIP)},
}
# what runs on checked arguments: modules, or single functions
ASIDE = {
    "network.fields", "training.per_network", "training.run", "training.descent",
    *(f"quantization.{name}" for name in (
        "affine.checked", "affine.align", "rounding.saturate", "rounding.codes",
        "rounding.code_dtype",
        "calibration.normal_scale", "calibration.over_slices", "partition.groups",
        "fixed_point.within", "fixed_point.as_int32", "fixed_point.folded")),
    *(f"quantization.all_roundings.{name}" for name in (
        "layer_of", "down_and_up", "errors", "square", "table", "bits")),
    "quantization.conventions_rules", "fast.elementwise", "pruning.flips",
    "pruning.masks.without_lowest",
    "pruning.masks.everything"}

BAD_NUMBERS = {
    "NaN": np.nan, "infinity": -np.inf, "string": "a", "None": None, "bool": True, "complex": 1j,
    "bytes": b"1", "date": np.datetime64("2026-01-01"), "timedelta": np.timedelta64(3, "s"),
    "object": object(), "function": len}
BAD_WHOLES = {
    **{k: v for k, v in BAD_NUMBERS.items() if k != "None"}, "8.0": 8.0, "fraction": F(1, 2),
    "list": [8, 8], "far too small": -10**30, "far too large": 10**30,
    "thousands of digits": -10**5000}
FILLED = ("NaN", "infinity", "string", "None", "object", "function")  # an array full of it
BAD_ARRAYS = {
    "ragged": [[1.0, 2.0], [3.0]], "a dict": {}, "a set": {1.0}, "bool in a list": [True, 2.5],
    "a masked entry": [np.ma.masked, 1.0]}
BAD_FLAGS = {"1": 1, "string": "yes", "None": None, "list": [True], "float": 1.0}
BAD_NAMES = {
    "unknown": "no such name", "number": 3, "list": ["tanh"], "empty": "", "bytes": b"tanh"}
BAD_GENERATORS = {
    "None": None, "seed": 0, "RandomState": np.random.RandomState(0), "module": np.random}
BAD_DECIMALS = {
    "string": ["a", "b"], "NaN": [np.nan, 1], "1e999": ["1e999", 1], "None": [None, 1],
    "bool": [True, 1], "dict": {}, "complex": [1j, 1], "empty": [], "too many": [0] * 201,
    "bytes": [b"1", 1], "1_0": ["1_0", 1]}
BAD_CALLS = {"number": 3, "string": "f", "another shape": lambda t: np.ones(7)}
BAD_SHAPES = {
    "float": 1.5, "None": None, "string": "10", "negative": (-1, 2, 3), "fraction": (1.0, 2, 3),
    "huge": (10**30, 1, 1), "bool": (True, 1, 1), "dict": {}}
# fmt: on


def bad_arrays(good):
    """Bad versions of an array that is good."""
    good = np.asarray(good, dtype=float)
    last = np.arange(good.size).reshape(good.shape) == good.size - 1
    for name in FILLED:
        value = BAD_NUMBERS[name]
        yield name, np.full(good.shape, value, dtype=float if isinstance(value, float) else object)
    yield "NaN at the end", np.where(last, np.nan, good)
    for name, value in (
        ("strings", "1.0"),
        ("bool", True),
        ("dates", np.datetime64("2026-01-01")),
        ("timedeltas", np.timedelta64(1, "s")),
    ):
        yield name, np.full(good.shape, value)
    yield "masked", np.ma.masked_array(good, np.zeros(good.shape, bool))
    yield "whole beyond float64", np.full(good.shape, 10**400, dtype=object)
    yield from BAD_ARRAYS.items()


def bad_params(good):
    yield "an array", good.flatten()
    yield "None", None
    yield "a tuple", good.arrays()
    for field, a in enumerate(good.arrays()):
        for name, bad in bad_arrays(a):
            if name in ("NaN", "None"):
                fields = list(good.arrays())
                fields[field] = bad
                yield f"{name} in field {field}", Params(*fields)


def bad_codes(good):
    good = np.asarray(good)
    yield from {"floats": good * 1.0, "bool": good > 0, "complex": good * 1j}.items()
    yield from {"strings": "ab", "None": None, "ragged": [[1], [1, 2]]}.items()
    yield "dates", np.datetime64("2026-01-01")


def bad_masks(good):
    yield from {"an array": good.flatten(), "True": True}.items()
    yield "numbers", good.map(lambda a: a * 2.0 + 1)
    yield "another size", Params([[True]], [True], [[True]], [True])


def bad_numbers(_):
    yield from ((k, v) for k, v in BAD_NUMBERS.items() if k != "None")
    yield from {"list": [0.1, 0.2], "a set": {0.1}}.items()


BAD = {  # kind: a function of the good value that yields (what is wrong, a bad value)
    ARRAY: bad_arrays,
    CODES: bad_codes,
    WHOLE: lambda _: BAD_WHOLES.items(),
    FLAG: lambda _: BAD_FLAGS.items(),
    NAME: lambda _: BAD_NAMES.items(),
    PARAMS: bad_params,
    MASKS: bad_masks,
    NUMBER: bad_numbers,
    GRIDS: lambda _: {"None": None, "a tuple": (0.5, 1, 0, 7)}.items(),
    GENERATOR: lambda _: BAD_GENERATORS.items(),
    DECIMALS: lambda _: BAD_DECIMALS.items(),
    CALL: lambda _: BAD_CALLS.items(),
    SHAPE: lambda _: BAD_SHAPES.items(),
    SKIP: lambda _: (),
}


def function_of(name):
    module, function = name.rsplit(".", 1)
    return getattr(importlib.import_module(f"refnn.{module}"), function)


CASES = {
    (name, argument): list(BAD[kind](good))
    for name, row in ROWS.items()
    for argument, (good, kind) in row.items()
    if kind != SKIP
}


@pytest.mark.parametrize(("name", "argument"), sorted(CASES))
def test_bad_input_is_refused_in_words(name, argument):
    good = {key: value for key, (value, _) in ROWS[name].items()}
    before = {key: value.copy() for key, value in good.items() if isinstance(value, np.ndarray)}
    for what, bad in CASES[name, argument]:
        if argument == "seed" and what == "far too large":
            continue
        if name.endswith("count") and what == "another size":
            continue
        with pytest.raises((ValueError, TypeError)) as refused:
            function_of(name)(**{**good, argument: bad})
        message = str(refused.value)
        assert message.startswith(f"{name.rsplit('.', 1)[1]}: "), (what, message)
        assert type(refused.value) in (ValueError, TypeError), (what, type(refused.value))
        fields = ("params", *network.FIELDS) if argument == "params" else (argument,)
        assert any(word in message for word in fields), (what, message)
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
            other_order = value.astype(value.dtype.newbyteorder(">"))
            reversed_twice = value[::-1][::-1]
            for form in (
                value.tolist(),
                np.asfortranarray(value),
                other_order,
                read_only,
                reversed_twice,
            ):
                found = flat(function(**{**good, argument: form}))
                np.testing.assert_allclose(found, first, rtol=1e-12)


def flat(result):
    """All numbers of a result, whatever it is."""
    if isinstance(result, Params):
        return result.flatten().ravel().astype(float)
    if isinstance(result, QParams):
        return np.concatenate([flat(result.scale), flat(result.zero_point)])
    if isinstance(result, tuple):
        parts = [flat(part) for part in result if not isinstance(part, (str, type(None)))]
        return np.concatenate(parts or [np.zeros(0)])
    try:
        return np.atleast_1d(np.asarray(result, dtype=float)).ravel()
    except (TypeError, ValueError):
        return np.zeros(0)


def functions():
    """(full name, function) of every public function that refnn defines."""
    for module in modules():
        if module not in ("validation", "__main__") and not module.startswith("plots"):
            loaded = importlib.import_module(f"refnn.{module}")
            for name, value in vars(loaded).items():
                own = inspect.isfunction(value) and value.__module__ == loaded.__name__
                if own and not name.startswith("_"):
                    yield f"{module}.{name}", value


def test_every_function_that_says_what_it_takes_has_a_row():
    takers = {name for name, function in functions() if hasattr(function, "formula")}
    assert takers - ASIDE == set(ROWS)


def test_every_public_function_of_a_formula_says_what_it_takes():
    """But kinds and what runs on checked arguments, which stand in modules of their own or here."""
    formulas = ("network", "derivatives", "training", "quantization", "pruning")
    silent = [
        name
        for name, function in functions()
        if name.split(".")[0] in formulas
        and not hasattr(function, "formula")
        and not ASIDE & {name, name.rsplit(".", 1)[0]}
        and not name.rsplit(".", 1)[1].isupper()
    ]
    assert not silent, silent


def test_shapes_that_do_not_fit_are_refused():
    for function, arguments, word in (
        (network.forward, {"params": P, "X": X[:, :4]}, "X"),
        (network.backward, {"params": P, "X": X, "y": Y[:, 0]}, "y"),
        (network.backward, {"params": P, "X": X, "y": Y[:5]}, "y"),
        (network.forward, {"params": P, "X": X[0]}, "X"),
        (network.forward, {"params": P, "X": X[None]}, "X"),
        (network.loss, {"y_hat": Y, "y": Y[:, :1]}, "y"),
        (network.loss, {"y_hat": Y[0], "y": Y[0]}, "y_hat"),
    ):
        with pytest.raises(ValueError, match=rf"{function.__name__}: {word} must be of shape"):
            function(**arguments)


def test_a_refusal_names_the_function_that_the_user_called():
    from refnn.pruning import as_written
    from refnn.quantization import affine

    for call, words in (
        (lambda: affine.quantize([np.nan], GRID), "quantize: x must be finite, got nan at index"),
        (lambda: as_written.prune(1, 2, 3), "prune: params must be a Params of numbers, got 1"),
    ):
        with pytest.raises((ValueError, TypeError)) as refused:
            call()
        assert str(refused.value).startswith(words)


OWN_RANGES = ("min_max", "choose_qparams", "stochastic", "compare", "codebook.fit")
ELEMENTWISE = [
    name
    for name, row in ROWS.items()
    if row.get("x", (0, None))[1] == ARRAY
    and ".grids." not in name  # no Fractions; see test_grids
    and not name.endswith((*OWN_RANGES, "straight_through.gradient"))
]
# fmt: off
ODD = {
    "0-d": np.array(0.3), "a number": 0.3, "empty": np.zeros((0, 3)),
    "huge": np.array([1e300, -1e300]), "subnormal": np.array([5e-324, -5e-324]),
    "float16": np.float16([0.5, 2.0]), "whole": np.arange(3),
    "Fractions": np.array([F(1, 3), F(10**30)]), "float32": np.float32([0.1, 3e38])}
# fmt: on


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
            of_a_range = f"{function.__name__}: x must be of a range whose"
            with pytest.raises(ValueError, match=of_a_range):
                function(x, *more)
    far = [F(10**300), F(-(10**300))]
    W_B = as_written.min_max(far, 8)
    assert as_written.quantize(far, *W_B, 8).tolist() == [7, 0]  # in floats: 6 (finding 9)
