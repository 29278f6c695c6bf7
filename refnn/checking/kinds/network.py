"""This module judges claims about a network: its outputs, gradient, next step and importance.

The kinds are forward, gradient, update and importance. The values are computed by the
library's own formulas. The activations relu and identity give fractions, so all values are
Fractions. The values of tanh and sigmoid are not fractions, so they are enclosures (intervals that
contain the value). A network is W_ih (hidden, inputs), b_h, W_ho (outputs, hidden), b_o. A bias is
0 if it is not given, and may be printed as a column. The printed results are a table of some of the
arrays.

The output units of the article are linear. A claim may state another `output_activation`. If it
states none and a linear output does not give what is printed, the other activations are tried.
"""

import numpy as np

from refnn import arrays
from refnn.arrays import Refused
from refnn.checking.catalogue.formulas import CRITERIA, FORMULAS, Recipe
from refnn.checking.claims import (
    Answer,
    Kind,
    Printed,
    Question,
    as_given,
    judged,
    slips_by,
)
from refnn.checking.kinds.enclosure import Enclosure, Undecided, ends
from refnn.checking.kinds.machine import rounded, spans, traced
from refnn.checking.kinds.masks import upright
from refnn.checking.plane.digits import as_text, flat
from refnn.checking.reading.printed import Claim
from refnn.network import ACTIVATIONS, FIELDS, ROWS, Params, backward, forward
from refnn.pruning import importance

OUTPUTS = ("z_h", "h", "z_o", "y_hat")
MAX_PRODUCTS = 2 * 10**5  # of exact numbers or enclosures in one claim: some seconds


# --- the formulas, on any kind of number ----------------------------------------------------------


class _Target:
    """A target y with ŷ − y = dy for every ŷ, so that `backward` starts with this error."""

    def __init__(self, dy):
        self.dy = dy

    def __rsub__(self, y_hat):
        return self.dy


def _params(n):
    return Params(*(n[name] for name in FIELDS))


def _forward(n, activation, output, forward=forward.formula, backward=None):
    """z_h, h, z_o = h·W_hoᵀ + b_o and ŷ = f(z_o) for the activation f of the output units."""
    z_h, h, z_o = forward(_params(n), n["X"], activation)
    return {"z_h": z_h, "h": h, "z_o": z_o, "y_hat": ACTIVATIONS[output][0](z_o)}


def _gradient(n, activation, output, forward=forward.formula, backward=backward.formula):
    """∂J/∂θ. The error at z_o is (ŷ − y)·f'(z_o); with linear output units it is ŷ − y."""
    target = n["y"]
    if output != "identity":
        z_o, y_hat = (
            _forward(n, activation, output, forward=forward)[key] for key in ("z_o", "y_hat")
        )
        dy = (y_hat - n["y"]) * ACTIVATIONS[output][1](z_o, y_hat)
        target = z_o - dy
        if dy.dtype == object:
            target = arrays.objects([_Target(v) for v in dy.ravel()], dy.shape)
    return vars(backward(_params(n), n["X"], target, activation))


def _update(n, activation, output, forward=forward.formula, backward=backward.formula):
    """θ − lr·∂J/∂θ, one step of gradient descent."""
    g = _gradient(n, activation, output, forward, backward)
    return {name: n[name] - n["lr"] * g[name] for name in FIELDS}


# --- reading --------------------------------------------------------------------------------------


def _network(claim):
    """Read the four arrays by name. A bias that is not given is 0."""
    given = {name: upright(name, claim.exact(name)) for name in ("W_ih", "W_ho")}
    for name, W in (("b_h", "W_ih"), ("b_o", "W_ho")):
        zero = arrays.objects([0] * len(np.atleast_1d(given[W])), (len(np.atleast_1d(given[W])),))
        given[name] = upright(name, claim.exact(name)) if name in claim.given else zero
    given = {name: given[name] for name in FIELDS}
    return given, Params(**given)


def _given(claim, *keys):
    """Read the network and the activation of a claim, and X, y and lr if `keys` names them."""
    given, params = _network(claim)
    for key in keys:
        if key not in claim.given:
            expected = "given for a claim about this network"
            raise Refused(f"{claim.where}.{key}", expected, "nothing")
        given[key] = claim.exact(key, () if key == "lr" else None)
    ROWS.check("X", given["X"], {"params": params})
    if "y" in given:
        ROWS.check("y", given["y"], {"params": params, "X": given["X"]})
    return given, _activation(claim, "activation", "tanh")


def _activation(claim, key, default):
    return arrays.choice(f"{claim.where}.{key}", claim.given.get(key, default), tuple(ACTIVATIONS))


def _is_exact(*activations):
    return set(activations) <= {"relu", "identity"}


def _enclosed(given, claim=None):
    """Return the numbers as Enclosures.

    If a claim is given, each Enclosure holds all numbers that round to the one that is stated.
    """
    found = {}
    for key, a in given.items():
        stated = claim is not None and key in claim.given
        half = claim.half(key).ravel() if stated else [0] * a.size
        found[key] = arrays.objects(
            [Enclosure(v - h, v + h) for v, h in zip(a.flat, half)], a.shape
        )
    return found


# --- a table of results ---------------------------------------------------------------------------


def _by_array(claim, names, compute, given, exact, recipe):
    """Compare a printed table of some of these arrays with their values.

    compute(numbers) -> {name: array}, on any kind of number. exact: False if the values are no
    fractions. recipe: for the slips.
    """
    table, where = claim.given["printed"], f"{claim.where}.printed"
    if not isinstance(table, dict) or not table or set(table) - set(names):
        got = arrays.describe(sorted(map(str, table)) if isinstance(table, dict) else table)
        raise Refused(where, f"a table with some of {', '.join(names)}", got)
    inside = Claim(table, where, claim.rounded)
    names = list(table)
    try:
        values = compute(given if exact else _enclosed(given))
    except Undecided as error:
        return Answer("not decidable", None, str(error))
    parts = {}
    for name in names:
        numbers = upright(name, inside.exact(name))
        if numbers.shape != values[name].shape:
            expected = f"of shape {values[name].shape}"
            raise Refused(f"{where}.{name}", expected, f"shape {numbers.shape}")
        half = upright(name, inside.half(name))
        parts[name] = Printed(numbers, half, tuple(flat(name, table[name])))

    def all_of(arrays_by_name):
        return np.concatenate([np.ravel(arrays_by_name[name]) for name in names])

    printed = Printed(
        all_of({name: p.values for name, p in parts.items()}),
        all_of({name: p.half for name, p in parts.items()}),
        tuple(text for p in parts.values() for text in p.texts),
    )
    labels = [(name, *i) for name in names for i in np.ndindex(values[name].shape)]

    def because(i):
        name, *at = labels[i]
        label = f"{name}[{', '.join(map(str, at))}]"
        found = printed.said(i)
        return f"{label} is {as_text(all_of(values)[i], found)}, but {found} is printed"

    def machine(precision):
        with np.errstate(all="ignore"):
            numpy = all_of(compute({key: rounded(a, precision) for key, a in given.items()}))
            traces = all_of(compute({key: traced(a, precision) for key, a in given.items()}))
            return spans(precision, all_of(values), [numpy], traces)

    def possible():
        try:
            return printed.overlap(map(ends, all_of(compute(_enclosed(given, claim)))))
        except Undecided:
            return None

    floats = {key: arrays.double(key, a) for key, a in given.items()}
    slips = recipe and slips_by(recipe, given if exact else floats, all_of)
    question = Question(printed, all_of(values), because, machine, None, possible, slips)
    computed = {name: as_given(values[name]) for name in names}
    return judged(claim, question, computed)


def _by_output(claim, names, formula, given, activation):
    """Judge a claim with its output activation, or with each one if it states none."""
    stated = "output_activation" in claim.given
    first, tried = _activation(claim, "output_activation", "identity"), None
    others = [] if stated else ["sigmoid", "tanh", "relu"]
    for output in (first, *others):

        def compute(numbers, output=output):
            return formula(numbers, activation, output)

        def with_slips(call, given, output=output):
            parts = {"forward": call("network.forward"), "backward": call("network.backward")}
            return formula(given, activation, output, **parts)

        if output != first and not _near(claim, compute, given):
            continue
        recipe = Recipe(with_slips, ("network.forward", "network.backward"))
        exact = _is_exact(activation, output)
        answer = _by_array(claim, names, compute, given, exact, recipe)
        tried = tried or answer
        if answer.holds and output != first:
            reason = f"This holds with a {output} output, which the claim does not state"
            reason = f"{reason}. {answer.reason}" if answer.reason else reason
            return answer._replace(status="as printed", reason=reason)
        if answer.holds or answer.status == "not decidable":
            return answer
    linear = "" if stated else " (with linear output units)"
    return tried._replace(reason=tried.reason.replace("wrong:", f"wrong{linear}:", 1))


def _near(claim, compute, given):
    """Return False if the values in floats are so far off that exact ones cannot agree either."""
    table = claim.given["printed"]
    inside = Claim(table, f"{claim.where}.printed", claim.rounded)
    with np.errstate(all="ignore"):
        found = compute({key: arrays.double(key, a) for key, a in given.items()})
    if claim.rounded or not all(name in found for name in table):
        return True
    for name in table:
        printed, half = (
            upright(name, read(name)).astype(float) for read in (inside.exact, inside.half)
        )
        if (np.abs(found[name] - printed) > half + 1e-3 * (1 + np.abs(printed))).any():
            return False
    return True


# --- the kinds ------------------------------------------------------------------------------------


def _too_large(given):
    """Return the answer to a claim that would take too long, or None."""
    weights = sum(given[name].size for name in FIELDS)
    products = len(given["X"]) * weights
    if products <= MAX_PRODUCTS:
        return None
    reason = (
        f"{len(given['X']):,} rows times {weights:,} parameters are {products:,} products of exact "
        f"numbers, and at most {MAX_PRODUCTS:,} are computed"
    )
    return Answer("not decidable", None, reason)


def _judge_forward(claim):
    given, activation = _given(claim, "X")
    if large := _too_large(given):
        return large
    return _by_output(claim, OUTPUTS, _forward, given, activation)


def _judge_gradient(claim):
    given, activation = _given(claim, "X", "y")
    if large := _too_large(given):
        return large
    return _by_output(claim, FIELDS, _gradient, given, activation)


def _judge_update(claim):
    given, activation = _given(claim, "X", "y", "lr")
    if large := _too_large(given):
        return large
    return _by_output(claim, FIELDS, _update, given, activation)


def _judge_importance(claim):
    criterion = claim.given["criterion"]
    arrays.choice(f"{claim.where}.criterion", criterion, ("written", *CRITERIA))
    if criterion == "magnitude":
        given, activation = _network(claim)[0], "identity"
    else:
        given, activation = _given(claim, "X", "y")
    exact = _is_exact(activation)
    if criterion != "magnitude" and (large := _too_large(given)):
        return large

    def compute(numbers):
        params = _params(numbers)
        if criterion == "magnitude":
            return vars(importance.magnitude.formula(params))
        data = params, numbers["X"], numbers["y"], activation
        if criterion == "written":
            return vars(backward.formula(*data))
        return vars(getattr(importance, criterion).formula(*data))

    recipe = "written.importance" if criterion == "written" else f"importance.{criterion}"
    n = sum(given[name].size for name in FIELDS)
    # One slip of second_order_taylor computes the whole Gauss-Newton matrix.
    known = criterion != "second_order_taylor" or len(given["X"]) * n * n <= MAX_PRODUCTS
    slips = _with(activation, FORMULAS[recipe]) if known else None
    return _by_array(claim, FIELDS, compute, given, exact, slips)


def _with(activation, recipe):
    """Return the recipe with the activation filled in, because the numbers hold only arrays."""

    def compute(call, given):
        return recipe.compute(call, {**given, "activation": activation})

    return Recipe(compute, recipe.formulas)


BIASES = ("b_h", "b_o")
HOW = ("activation", "output_activation")
KINDS = {
    "forward": Kind(
        _judge_forward,
        ("W_ih", "W_ho", "X", "printed"),
        "h = f(X W_ih^T + b_h), y_hat = f(h W_ho^T + b_o)",
        may=(*BIASES, *HOW),
    ),
    "gradient": Kind(
        _judge_gradient,
        ("W_ih", "W_ho", "X", "y", "printed"),
        "dJ/dtheta of J = 1/2 sum (y - y_hat)^2",
        may=(*BIASES, *HOW),
    ),
    "update": Kind(
        _judge_update,
        ("W_ih", "W_ho", "X", "y", "lr", "printed"),
        "theta - lr*dJ/dtheta",
        may=(*BIASES, *HOW),
    ),
    "importance": Kind(
        _judge_importance,
        ("W_ih", "W_ho", "criterion", "printed"),
        "the criterion on each parameter",
        may=(*BIASES, "X", "y", "activation"),
    ),
}
