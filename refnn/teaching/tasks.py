"""The functions that the assignments ask for: which formula of refnn each is, and the numbers that
it is checked on.

A task draws its cases from a Generator: a name for each and the arguments of refnn's own formula.
`give` makes of them what the student's function takes, `result` makes of the formula's value what
the student's must return. So the right answers come from refnn, and the wrong ones, for hints, from
the catalogue of slips; both are called, never copied."""

import importlib
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from refnn import derivatives
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.reading.printed import half_unit
from refnn.checking.solver import solve
from refnn.network import Params
from refnn.quantization.affine import QParams


class Task(NamedTuple):
    """function, the student's; formula, "module.function" below refnn, or the right function itself
    where the catalogue has none; points for the case that is shown in the notebook (a hidden case
    is worth one); shown, the formula's arguments in that case; draw(rng) -> {name: arguments} of
    the hidden cases; give and result: see above; plain(*arguments): is it a case without the option
    that some slips of the catalogue take no notice of?

    >>> ASSIGNMENTS["network"][0].function
    'forward'
    """

    function: str
    formula: str | Callable
    points: int
    shown: tuple
    draw: Callable
    give: Callable = lambda *arguments: arguments
    result: Callable = lambda value: value
    plain: Callable = lambda *arguments: True

    def right(self, arguments):
        """What refnn's own formula gives."""
        return self.result(resolve(self.formula)(*arguments))

    def slips(self):
        """The slips of the catalogue that apply."""
        return [
            s for s in CATALOGUE.values() if s.formula == self.formula and s.name not in NOT_ASKED
        ]


NOT_ASKED = {
    "percentile_of_the_range",
    "calibration_ignored",
}  # of a calibration that choose_grid lacks


def resolve(formula):
    """The function of a name such as "network.loss", looked up now.

    >>> float(resolve("network.loss")([[1.0]], [[3.0]]))
    2.0
    """
    if callable(formula):
        return formula
    module, _, name = formula.rpartition(".")
    return getattr(importlib.import_module(f"refnn.{module}"), name)


def same(got, expected):
    """Is a returned value the expected one? Of its form (tuples, shape); whole numbers, masks and
    fractions exactly, floats to 2^-30 of the largest, or of 1: of at most 2^10 products below 2^13,
    each rounded by 2^-53 of itself.

    >>> import numpy as np
    >>> same([[1.0, 2.0]], np.array([[1, 2]])), same(np.array([1.0, 2.0]), np.array([[1, 2]])), same("1", 1)
    (True, False, False)
    """
    from numbers import Real

    import numpy as np

    if isinstance(expected, tuple):
        return (
            isinstance(got, (tuple, list))
            and len(got) == len(expected)
            and all(map(same, got, expected))
        )
    try:
        got, expected = np.asarray(got), np.asarray(expected)
        objects = got.flat if got.dtype == object else ()
        if (
            got.shape != expected.shape
            or got.dtype.kind not in "biufO"
            or not all(isinstance(v, (Real, np.bool_)) for v in objects)
        ):
            return False
        if expected.dtype.kind == "f":
            with np.errstate(all="ignore"):
                far = np.abs(got.astype(float) - expected)
            return bool((far <= 2.0**-30 * max(1.0, np.abs(expected).max(initial=0))).all())
        return bool((got == expected).all())
    except (ValueError, TypeError, OverflowError):  # ragged, or beyond the floats
        return False


# --- the network
# -----------------------------------------------------------------------------------------------------

SMALL = Params(
    np.array([[0.5, -1.0], [2.0, 0.25]]),
    np.array([0.5, -1.5]),
    np.array([[1.0, -2.0]]),
    np.array([0.75]),
)
SMALL_X, SMALL_Y = (
    np.array([[1.0, 2.0], [-0.5, 0.25], [1.5, -1.0]]),
    np.array([[0.5], [-1.0], [2.0]]),
)


def _net(rng, sizes=(10, 5, 1)):
    theta = rng.normal(size=(sizes[0] + 1 + sizes[2]) * sizes[1] + sizes[2])
    return Params.unflatten(theta, sizes)


def _data(rng, sizes=(10, 5, 1), n=7):
    return _net(rng, sizes), rng.normal(size=(n, sizes[0])), rng.normal(size=(n, sizes[2]))


def _forward(rng):
    return {
        "tanh": (*_data(rng)[:2], "tanh"),
        "relu": (*_data(rng)[:2], "relu"),
        "two outputs": (*_data(rng, (4, 3, 2))[:2], "tanh"),
    }


def _loss(rng):
    return {
        name: tuple(rng.normal(size=(2, *shape)))
        for name, shape in (("one output", (7, 1)), ("three outputs", (4, 3)))
    }


def _backward(rng):
    return {
        f"{name}, {activation}": (*_data(rng, sizes, n), activation)
        for activation in ("tanh", "relu")
        for name, sizes, n in (
            ("10-5-1", (10, 5, 1), 7),
            ("one example", (10, 5, 1), 1),
            ("two outputs", (4, 3, 2), 7),
            ("one hidden unit", (3, 1, 1), 5),
        )
    }


def _with_tuple(params, *others):
    return params.arrays(), *others


NETWORK = (
    Task("forward", "network.forward", 2, (SMALL, SMALL_X, "tanh"), _forward, _with_tuple, tuple),
    Task("loss", "network.loss", 2, (SMALL_X, SMALL_Y + SMALL_X), _loss),
    Task(
        "backward",
        "network.backward",
        3,
        (SMALL, SMALL_X, SMALL_Y, "relu"),
        _backward,
        _with_tuple,
        Params.arrays,
    ),
)

# --- quantize and dequantize
# -----------------------------------------------------------------------------------------


def _steps(rng, *shape):
    """Numbers of steps that are not near a half, on both sides of 0."""
    whole = rng.integers(-4, 5, size=shape) + rng.uniform(-0.45, 0.45, size=shape)
    whole.flat[:4] = -1.2, 1.3, 0.8, -2.7
    return whole


def _grid(rng, count=None, low=-8, high=7, odd=False):
    scale = 2.0 ** rng.integers(-4, 3, size=count)
    zero_point = (
        low
        + 6
        + (2 * rng.integers(0, 2, size=count) + 1 if odd else rng.integers(1, 4, size=count))
    )
    if count is None:
        return QParams(float(scale), int(zero_point), low, high)
    zero_point[:2] = low + 6, low + 9
    return QParams(scale, zero_point, low, high, axis=0)


def _quantize(rng):
    inside, odd, unsigned, wide = (
        _grid(rng, odd=True),
        _grid(rng, odd=True),
        _grid(rng, low=0, high=15, odd=True),
        _grid(rng, low=-128, high=127),
    )
    rows, columns = _grid(rng, 3), _grid(rng, 4)
    halves = rng.permutation(np.arange(-5, 4) + 0.5)
    ends = rng.permutation([-1e12, -400.3, -9.3, 11.7, 300.2, 1e12])
    by_column = QParams(columns.scale, columns.zero_point, -8, 7, axis=1)
    return {
        "inside the codes": (_steps(rng, 8) * inside.scale, inside),
        "halves": (halves * odd.scale, odd),
        "unsigned": (np.append(_steps(rng, 6), halves[:4]) * unsigned.scale, unsigned),
        "beyond the codes": (ends * wide.scale, wide),
        "per row": (_steps(rng, 3, 4) * rows.scale[:, None], rows),
        "per column": (_steps(rng, 3, 4) * columns.scale, by_column),
    }


def _dequantize(rng):
    below, above = _grid(rng, low=0, high=255, odd=True), _grid(rng, low=-128, high=127)
    rows, columns = _grid(rng, 3), _grid(rng, 4)
    q = rng.permutation([0, 1, 2, 9, 100, 255]).astype(np.uint8)
    return {
        "uint8": (q, below),
        "int8": (rng.permutation([-128, -3, 0, 5, 127]).astype(np.int8), above),
        "per row": (rng.integers(-8, 8, size=(3, 4)).astype(np.int8), rows),
        "per column": (
            rng.integers(-8, 8, size=(3, 4)).astype(np.int8),
            QParams(columns.scale, columns.zero_point, -8, 7, axis=1),
        ),
    }


def _give_grid(x, p):
    return (x, p.scale, p.zero_point, p.qmin, p.qmax, p.axis)


def _choose_grid(rng):
    high = rng.uniform(1, 2)
    steps = rng.integers(40, 100) + rng.uniform(0.6, 0.9)  # of 255, from the least value to 0
    both = np.append(rng.uniform(-0.1, high, 6), [high, -high * steps / (255 - steps)])
    positive = rng.uniform(1, 3, 6)
    negative_is_largest = np.append(rng.uniform(-1, 1, 6), -rng.uniform(1.5, 2))
    matrix = rng.normal(size=(3, 4)) * 10.0 ** rng.permutation(3)[:, None]
    return {
        "both signs": (rng.permutation(both), 8, True, False, None),
        "all positive": (positive, 4, True, False, None),
        "symmetric": (rng.permutation(negative_is_largest), 8, True, True, None),
        "per row": (matrix, 8, True, False, 0),
        "per column": (matrix.T.copy(), 4, True, True, 1),
    }


QUANTIZATION = (
    Task(
        "quantize",
        "quantization.affine.quantize",
        2,
        (np.array([0.3, -0.3, 0.25, 0.75, -0.75, 100.0]), QParams(0.5, 3, 0, 7)),
        _quantize,
        _give_grid,
    ),
    Task(
        "dequantize",
        "quantization.affine.dequantize",
        2,
        (np.array([0, 3, 7], dtype=np.uint8), QParams(0.75, 5, 0, 7)),
        _dequantize,
        lambda q, p: (q, p.scale, p.zero_point, p.axis),
    ),
    Task(
        "choose_grid",
        "quantization.calibration.choose_qparams",
        1,
        (np.array([-1.0, 0.25, 2.5]), 4, True, False, None),
        _choose_grid,
        lambda x, bits, signed, symmetric, axis: (x, bits, symmetric, axis),
        lambda p: (p.scale, p.zero_point, p.qmin, p.qmax),
        lambda x, bits, signed, symmetric, axis: axis is None,
    ),
)

# --- importance and masks
# --------------------------------------------------------------------------------------------

SIZES = (4, 3, 1)
SCORES = Params(
    np.array([[0.5, -0.75], [0.25, 0.5]]),
    np.array([1.0, -2.0]),
    np.array([[0.0, 0.75]]),
    np.array([0.5]),
)


def _scores(rng, most=6):
    """Scores with many equal ones and of both signs, in quarters."""
    return _each(lambda a: np.round(a * most) / 4, _net(rng, SIZES))


def _each(function, params):
    return Params(*(function(a) for a in params.arrays()))


def _prune(rng):
    return {
        name: (_net(rng, SIZES), _scores(rng), tau)
        for name, tau in (("a threshold of 0.5", 0.5), ("of 0.25", 0.25), ("below 0", -0.5))
    }


def _thresholds(rng):
    return {"a threshold of 0.5": (_scores(rng), 0.5), "below 0": (_scores(rng), -0.25)}


def _sparsities(rng):
    few = Params.unflatten(
        rng.permutation([0.25] * 5 + [0.5] * 14), SIZES
    )  # ten go: of equals the earlier
    W_ih, b_h, W_ho, b_o = _net(rng, SIZES).arrays()
    return {
        "global": (_net(rng, SIZES), 0.4, "global"),
        "equal scores": (few, 0.5, "global"),
        "layer": (Params(W_ih, b_h, W_ho + 10, b_o), 0.6, "layer"),
    }  # globally W_ho would stay whole


def _criteria(*names):
    def draw(rng):
        return {name: _data(rng, SIZES, n) for name, n in zip(names, (6, 3, 9))}

    return draw


def _with_slopes(params, X, y, activation="tanh"):
    """(parameters, the slope of each example), tuples of four arrays."""
    slopes = Params.unflatten(
        derivatives.per_example_gradients(params, X, y, activation), params.sizes
    )
    return params.arrays(), slopes.arrays()


def _pruned(value):
    return tuple(part.arrays() for part in value)


SMALL_CASE = (SMALL, SMALL_X, SMALL_Y, "relu")
PRUNING = (
    Task(
        "prune",
        "pruning.as_written.prune",
        1,
        (SMALL, SCORES, 0.5),
        _prune,
        lambda params, R, tau: (params.arrays(), R.arrays(), tau),
        _pruned,
    ),
    Task(
        "magnitude",
        "pruning.importance.magnitude",
        1,
        (SCORES,),
        lambda rng: {"10-5-1": (_net(rng),)},
        _with_tuple,
        Params.arrays,
    ),
    Task(
        "taylor",
        "pruning.importance.taylor",
        1,
        SMALL_CASE,
        _criteria("six examples", "three examples"),
        _with_slopes,
        Params.arrays,
    ),
    Task(
        "fisher",
        "pruning.importance.fisher",
        1,
        SMALL_CASE,
        _criteria("six examples", "three examples", "nine examples"),
        _with_slopes,
        Params.arrays,
    ),
    Task(
        "by_threshold",
        "pruning.masks.by_threshold",
        1,
        (SCORES, 0.5),
        _thresholds,
        _with_tuple,
        Params.arrays,
    ),
    Task(
        "by_sparsity",
        "pruning.masks.by_sparsity",
        1,
        (SCORES, 0.4, "global"),
        _sparsities,
        _with_tuple,
        Params.arrays,
        lambda scores, sparsity, scope: scope == "global",
    ),
)

# --- a worked example
# ------------------------------------------------------------------------------------------------


def _decimals(rng, low, high, count=6):
    return [
        Fraction(int(v), 20)
        for v in rng.choice(np.arange(20 * low, 20 * high), count, replace=False)
    ]


def _written(rng):
    W, P = int(rng.integers(6, 12)), 8
    B = Fraction(int(rng.integers(1, 8)), 4) + 1
    return {
        "within P": ([Fraction(int(v), 4 * W) for v in rng.permutation(20)[:6]], W, B, P),
        "below 0": (_decimals(rng, -2, 0), W, B, P),
        "beyond P": (_decimals(rng, 1, 3), W, B, P),
        "another P": (_decimals(rng, -1, 2), W, -B, 2 ** int(rng.integers(4, 7))),
    }


def _decoded(rng):
    return {
        name: ([int(v) for v in rng.permutation(8)[:5]], W, B)
        for name, W, B in (
            ("a whole W", Fraction(int(rng.integers(5, 12))), Fraction(int(rng.integers(1, 5)))),
            (
                "a fraction",
                Fraction(int(rng.integers(5, 12)), 4),
                Fraction(int(rng.integers(1, 6)), 7),
            ),
            (
                "B below 0",
                Fraction(int(rng.integers(2, 12))),
                Fraction(-int(rng.integers(1, 6)), 2),
            ),
        )
    }


def _ranges(rng):
    return {
        "positive": (_decimals(rng, 1, 3), 8),
        "both signs": ([Fraction(-1, 3), *_decimals(rng, 0, 2)], 8),
        "sixteen levels": (_decimals(rng, -3, -1), 16),
    }


def _roundings(rng):
    n, half = int(rng.integers(11, 90)), Fraction(1, 20)
    return {
        "an end": (Fraction(n, 10) + half, f"{n / 10:.1f}"),
        "a zero that is printed": (Fraction(n, 10) + Fraction(1, 40), f"{n / 10:.1f}0"),
    }


def _three_codes(rng):
    """Differences that are one apart, one apart around P, and three apart."""
    first, step = (int(v) for v in rng.integers(0, 8, size=2))

    def codes(one, other):
        return [first, (first + one) % 8, (first + one + other) % 8]

    return {
        "one apart": (codes(step, step + 1), 8),
        "one apart, around P": (codes(7, 0), 8),
        "three apart": (codes(step, step + 3), 8),
    }


def _as_list(value):
    return list(np.ravel(value))


ARTICLE = [Fraction(k, 10) for k in range(1, 6)]
WORKED_EXAMPLE = (
    Task(
        "quantize",
        "quantization.as_written.quantize",
        1,
        (ARTICLE, 10, -3, 8),
        _written,
        result=_as_list,
    ),
    Task(
        "dequantize",
        "quantization.as_written.dequantize",
        1,
        ([0, 1, 2, 3], Fraction(9), Fraction(2)),
        _decoded,
        result=_as_list,
    ),
    Task("min_max", "quantization.as_written.min_max", 1, (ARTICLE, 8), _ranges, result=tuple),
    Task(
        "as_printed",
        lambda value, text: abs(value - Fraction(text)) <= half_unit(text),
        1,
        (Fraction(7, 20), "0.3"),
        _roundings,
    ),
    Task(
        "possible",
        lambda codes, P: solve(["0.1", "0.2", "0.3"], codes, P).feasible,
        1,
        ([3, 4, 1], 8),
        _three_codes,
    ),
)

ASSIGNMENTS = {
    "network": NETWORK,
    "quantization": QUANTIZATION,
    "pruning": PRUNING,
    "worked_example": WORKED_EXAMPLE,
}
