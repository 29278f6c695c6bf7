"""What a formula takes, said once: refusals in the caller's words, and the formula left alone."""

import importlib
import inspect
import pickle
from dataclasses import dataclass
from fractions import Fraction as F

import numpy as np
import pytest
from benchmarks.ratios import the_articles_rule
from test_house import CORE, modules
from test_refusals import ARRAY, NUMBER, PARAMS, ROWS, function_of

from refnn import network
from refnn.arrays import Refused
from refnn.checking.catalogue.slip import code
from refnn.network import Params
from refnn.quantization import affine, as_written
from refnn.validation import CODES, REAL, Numeric, choice, number, takes, whole

# What trains or searches computes in floats only. These are modules, or single functions.
FLOATS_ONLY = (
    "training",
    "quantization.codebook",
    "quantization.grids",
    "quantization.best_rounding",
    "quantization.all_roundings",
    "quantization.straight_through.gradient",
    "quantization.straight_through.fit",
    "quantization.fixed_point.fixed_point_multiplier",
    "quantization.integer.convert",
    "quantization.integer.ladder",
    "pruning.tables.every_mask_retrained",
    "pruning.schedules.one_shot",
    "pruning.schedules.iterative",
    "pruning.schedules.lottery",
    "pruning.schedules.gradual",
    "pruning.surgeon.obs",
)
# What a complex step passes through
COMPLEX = ("network", "derivatives")
REAL_ONLY = ("network.init", "derivatives.inverse_without")


@takes(x=REAL, n=whole(1, 9), kind=choice("a", "b"))
def repeat(x, n=2, kind="a"):
    return x * n


def test_arguments_by_position_and_by_name_and_their_defaults():
    assert repeat(3.0) == repeat(x=3.0) == repeat(3.0, 2, "b") == repeat(3.0, kind="b", n=2) == 6.0


@pytest.mark.parametrize(
    ("args", "named", "words"),
    [
        ((), {}, "missing 1 required positional argument: 'x'"),
        ((1, 2, "a", 4), {}, "takes from 1 to 3 positional arguments but 4 were given"),
        ((1,), {"x": 1}, "got multiple values for argument 'x'"),
        ((1,), {"y": 1}, "got an unexpected keyword argument 'y'"),
    ],
)
def test_a_call_that_does_not_fit_is_refused_as_python_does(args, named, words):
    with pytest.raises(TypeError, match=words):
        repeat(*args, **named)


def test_the_formula_stands_alone_below_the_decorator():
    assert repeat.formula("ab") == "abab"  # nothing is checked
    source = inspect.getsource(as_written.quantize_steps)
    assert source == inspect.getsource(as_written.quantize_steps.formula)
    assert source.startswith("@takes(") and "np.floor(shifted)" in source
    assert str(inspect.signature(as_written.quantize_steps)) == "(x, W, B, P)"
    assert as_written.quantize_steps.__doc__.startswith("Return the steps of `quantize`")


# What a formula finds out only while it computes, and what is mathematics though it looks like care
EXCUSED = {
    "derivatives.inverse_without": "raise Refused(",  # a pivot of 0
    "quantization.rounding.half_even": "arrays.",  # NumPy cannot round Fractions
    "quantization.calibration.choose_qparams": "arrays.",  # the precision that its codes need
    "quantization.codebook.fit": "raise",  # sums of squares beyond the floats
    "quantization.integer.convert": "raise",  # a network whose values have no grid
    "quantization.all_roundings.network_index": "raise",  # codes that are no rounding
}


def formulas():
    folders = ("training", "transposed", "quantization", "pruning")
    for module in {*CORE, *(name for name in modules() if name.split(".")[0] in folders)}:
        loaded = importlib.import_module(f"refnn.{module}")
        for name, function in vars(loaded).items():
            if hasattr(function, "formula") and function.__module__ == loaded.__name__:
                yield f"{module}.{name}"


@pytest.mark.parametrize("name", sorted(formulas()))
def test_the_source_of_a_formula_shows_no_plumbing(name):
    module, function = name.rsplit(".", 1)
    source = inspect.getsource(getattr(importlib.import_module(f"refnn.{module}"), function))
    assert source.startswith("@")
    body = code(getattr(importlib.import_module(f"refnn.{module}"), function).formula)
    for plumbing in ("arrays.", "raise", "errstate", "isfinite", "isinstance"):
        assert plumbing not in body or EXCUSED.get(name, "").startswith(plumbing), plumbing


def test_a_refusal_names_the_outermost_function_and_is_a_plain_error():
    @takes()
    def outer(x):
        return repeat(x, n=0)

    with pytest.raises(ValueError) as refused:
        outer(1.0)
    assert str(refused.value) == "outer: n must be a whole number from 1 to 9, got 0"
    assert type(refused.value) is ValueError and refused.value.__cause__ is None
    with pytest.raises(TypeError, match=r"^repeat: n must be a whole number .*, got 2.0; write 2$"):
        repeat(1.0, n=2.0)


def test_an_error_that_is_no_refusal_passes_as_it_is():
    @takes()
    def broken():
        return int("no number")

    with pytest.raises(ValueError, match=r"^invalid literal") as error:
        broken()
    assert not error.value.__suppress_context__


def test_a_class_refuses_in_its_own_name():
    with pytest.raises(ValueError, match=r"^Params: b_h must be of shape \(2,\) beside"):
        Params([[1], [2]], [1], [[1, 2]], [1])


def test_arguments_of_one_group_come_in_one_arithmetic():
    seen = {}

    @takes(q=CODES, x=REAL, y=REAL, z=Numeric("alone"))
    def look(q, x, y, z):
        seen.update({"q": q.dtype, "x": x.dtype, "y": y.dtype, "z": z.dtype})

    look(np.uint8([1]), np.float32([1]), 0.5, [1])
    assert seen == {"q": np.float64, "x": np.float32, "y": np.float32, "z": np.float64}
    look([1], F(1, 3), 0.5, 0.5)
    assert seen == {"q": object, "x": object, "y": object, "z": np.float64}


def test_reals_and_codes_must_broadcast():
    with pytest.raises(ValueError, match=r"quantize: W must be of a shape that broadcasts against"):
        as_written.quantize(np.ones((2, 5)), np.ones(2), 0, 8)
    with pytest.raises(ValueError, match="dequantize: W must be of a shape that broadcasts"):
        as_written.dequantize(np.ones((2, 5), int), np.ones(2), 0)


def test_beyond_2_to_24_codes_float32_is_computed_in_float64():
    x = np.float32([0.1])
    assert as_written.quantize_steps(x, np.float32(1), np.float32(0), 2**24).scaled.dtype == "f4"
    assert (
        as_written.quantize_steps(x, np.float32(1), np.float32(0), 2**24 + 1).scaled.dtype == "f8"
    )


def test_a_default_of_none_means_not_given():
    @takes(n=whole(1, 9), m=whole(1, 9))
    def f(n=None, m=3):
        return n, m

    assert f() == (None, 3)
    with pytest.raises(TypeError, match="f: m must be a whole number"):
        f(m=None)


def test_results_without_axes_are_numbers_and_warnings_stay_inside():
    assert type(as_written.quantize(0.3, 10, 0, 8)) is np.uint8
    steps = affine.quantize_steps(1e300, affine.QParams(1e-10, 0, -8, 7))  # overflows quietly
    assert [np.ndim(a) for a in steps] == [0] * 4 and steps.saturated == 7


def test_a_kind_may_depend_on_earlier_arguments():
    @takes(low=number(), high=lambda name, value, arguments: max(value, arguments["low"]))
    def span(low, high):
        return high - low

    assert span(3, 1) == 0 and span(1, 3) == 2


def test_a_rule_of_the_article_passes_through_few_calls():
    """`prune` is R < τ; what stands around it must not hide it: at most 40 calls inside refnn."""
    calls = the_articles_rule()
    assert 3 <= len(calls) <= 40, calls


def test_a_function_with_arguments_that_have_no_name_cannot_say_what_it_takes():
    def f(*x):
        return x

    with pytest.raises(TypeError, match="takes: every argument of f must have a name"):
        takes(x=REAL)(f)


def test_a_refusal_can_be_handed_on_by_a_process():
    refused = Refused("bits", "a whole number", 8.0, TypeError)
    copy = pickle.loads(pickle.dumps(refused))
    assert str(copy) == str(refused) == "bits must be a whole number, got 8.0"
    assert copy.error is TypeError


def test_a_network_with_more_to_say_stays_what_it_is():
    @dataclass(frozen=True, eq=False)
    class Named(Params):
        label: str

    @takes(params=network.NETWORK)
    def same(params):
        return params

    named = same(Named([[1]], [2], [[3]], [4], "mine"))
    assert named.label == "mine" and named.W_ih.dtype == np.float64


def numeric_arguments(kinds):
    """(function, argument, its good value, all good values) of each argument that holds numbers."""
    for name, row in ROWS.items():
        good = {key: value for key, (value, _) in row.items()}
        for argument, (value, kind) in row.items():
            if kind in kinds and argument != "codes" and not name.startswith("checking"):
                yield name, argument, value, good


def changed(value, how):
    """A value, or each array of Params, as an array of other numbers."""
    return value.map(how) if isinstance(value, Params) else how(np.asarray(value, float))


def is_one_of(name, listed):
    return any(name == own or name.startswith(f"{own}.") for own in listed)


def refusal(name, arguments):
    """What a function says of its arguments, or nothing if it accepts them."""
    try:
        function_of(name)(**arguments)
    except (ValueError, TypeError) as error:
        return str(error)
    return ""


def test_fractions_are_refused_by_what_computes_in_floats_only_and_by_nothing_else():
    for name, argument, value, good in numeric_arguments((ARRAY, PARAMS)):
        exact = changed(value, np.vectorize(lambda v: F(float(v)), otypes=[object]))
        said = refusal(name, {**good, argument: exact})
        assert ("got Fractions; write float(x)" in said) == is_one_of(name, FLOATS_ONLY), name


def test_complex_numbers_are_accepted_by_what_a_complex_step_passes_and_by_nothing_else():
    for name, argument, value, good in numeric_arguments((ARRAY, PARAMS, NUMBER)):
        said = refusal(name, {**good, argument: changed(value, lambda a: a + 0j)})
        if is_one_of(name, COMPLEX) and name not in REAL_ONLY:
            assert said == "", (name, argument)
        else:
            assert said.endswith("finite real numbers, got complex numbers"), (name, argument)
