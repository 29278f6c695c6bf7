"""This module judges claims about a network, its loss, gradient, importance scores and masks.

The values are computed by the library's own functions. The activations relu and identity give
fractions, so all values are Fractions. The values of tanh and sigmoid are not fractions, so they
are enclosures (intervals that contain the value). A network is W_ih (hidden, inputs), b_h, W_ho
(outputs, hidden), b_o. A bias may be printed as a column. The printed gradient is a table of some
or all of these names.
"""

import numpy as np

from refnn import arrays
from refnn.arrays import Refused
from refnn.checking.catalogue.explain import right
from refnn.checking.catalogue.formulas import CRITERIA
from refnn.checking.claims import Kind, Printed, as_given, as_numbers, decimals, judged, whole
from refnn.checking.kinds.enclosure import Enclosure, Undecided, ends
from refnn.checking.kinds.written import as_network, mask_of, possible_masks
from refnn.checking.plane.digits import as_text
from refnn.checking.reading.printed import Claim
from refnn.network import ACTIVATIONS, FIELDS, ROWS, Params, backward

OF_THE_SLOPE = {  # criteria that need only the gradient g = ∂J/∂θ and θ
    "written": lambda g, theta: g,
    "gradient": lambda g, theta: np.abs(g),
    "taylor": lambda g, theta: np.abs(g * theta),
}
SECOND = "{} needs more than first derivatives, so it is decided only for relu and identity"


# --- reading --------------------------------------------------------------------------------------


def _upright(name, a):
    """Return a bias that is printed as a column as a vector, and any other array unchanged."""
    return a[:, 0] if name.startswith("b_") and a.ndim == 2 and a.shape[1] == 1 else a


def _network(claim):
    """Read the four arrays, and return them by name and as Params, which checks their sizes."""
    given = {name: _upright(name, claim.exact(name)) for name in FIELDS}
    return given, Params(**given)


def _given(claim):
    """Read the network of a claim, its data and its activation, by name."""
    given, params = _network(claim)
    for key in ("X", "y", "activation"):
        if key not in claim.given:
            expected = "given for a claim about this network"
            raise Refused(f"{claim.where}.{key}", expected, "nothing")
    given["X"], given["y"] = claim.exact("X"), claim.exact("y")
    where = f"{claim.where}.activation"
    given["activation"] = arrays.choice(where, claim.given["activation"], tuple(ACTIVATIONS))
    ROWS.check("X", given["X"], {"params": params})
    ROWS.check("y", given["y"], {"params": params, "X": given["X"]})
    return given


def _is_exact(given):
    return given["activation"] in ("relu", "identity")


def _for_library(given):
    """Return the same arguments, as floats if the activation does not compute on Fractions."""
    if _is_exact(given):
        return given
    return {k: arrays.double(k, a) if k != "activation" else a for k, a in given.items()}


def _scores(claim, criterion, given, rounded=False):
    """Compute a criterion that needs only the gradient, as Params of Fractions or Enclosures.

    With rounded=True each Enclosure holds the values of all inputs that round to the printed ones.
    """

    def read(key):
        if _is_exact(given) and not rounded:
            return given[key]
        half = claim.half(key).flat if rounded else [0] * given[key].size
        spans = [Enclosure(v - h, v + h) for v, h in zip(given[key].flat, half)]
        return arrays.objects(spans, given[key].shape)

    params = Params(*map(read, FIELDS))
    g = backward.formula(params, read("X"), read("y"), given["activation"])
    return g.map(OF_THE_SLOPE[criterion], params)


# --- the kinds ------------------------------------------------------------------------------------


def _loss(claim):
    y_hat, y = claim.exact("y_hat"), claim.exact("y")
    printed, given = decimals(claim, ()), {"y_hat": y_hat, "y": y}
    J = np.asarray(right("loss", given)["J"], dtype=object)

    def possible():
        intervals = (claim.intervals(key, y.shape) for key in ("y_hat", "y"))
        r = [(a - d, b - c) for (a, b), (c, d) in zip(*intervals)]
        low = sum(max(0, a, -b) ** 2 for a, b in r) / 2
        return printed.overlap([(low, sum(max(b, -a) ** 2 for a, b in r) / 2)])

    def because(i):
        return f"J = {as_text(J[()])}, but {as_text(printed.values[()])} is printed"

    return judged(claim, printed, J, because, possible, "loss", given, "J")


def _gradient(claim):
    return _of_slope(claim, "written", "backward", _given(claim))


def _importance(claim):
    criterion = claim.given["criterion"]
    arrays.choice(f"{claim.where}.criterion", criterion, ("written", *CRITERIA))
    recipe = "written.importance" if criterion == "written" else f"importance.{criterion}"
    if criterion == "magnitude":
        given, _ = _network(claim)
        return _by_array(claim, right(recipe, given), lambda: None, recipe, given)
    return _of_slope(claim, criterion, recipe, _given(claim))


def _of_slope(claim, criterion, recipe, given):
    def possible():
        """Return Enclosures of all values that rounded inputs allow, or None if unknown."""
        if criterion not in OF_THE_SLOPE:
            return None
        try:
            return vars(_scores(claim, criterion, given, rounded=True))
        except Undecided:
            return None

    try:
        if _is_exact(given):
            values = right(recipe, given)
        elif criterion in OF_THE_SLOPE:
            values = vars(_scores(claim, criterion, given))
        else:
            return "not decidable", None, SECOND.format(criterion)
        return _by_array(claim, values, possible, recipe, _for_library(given))
    except Undecided as error:
        return "not decidable", None, str(error)


def _by_array(claim, values, spans, recipe, given):
    """Compare a table of some of the four arrays with their values."""
    table, where = claim.given["printed"], f"{claim.where}.printed"
    if not isinstance(table, dict) or not table or set(table) - set(FIELDS):
        got = arrays.describe(sorted(map(str, table)) if isinstance(table, dict) else table)
        raise Refused(where, f"a table with some of {', '.join(FIELDS)}", got)
    inside = Claim(table, where, claim.rounded)
    names = [name for name in FIELDS if name in table]
    numbers, half = (
        {name: _upright(name, read(name)) for name in names} for read in (inside.exact, inside.half)
    )
    for name in names:
        shape, found = values[name].shape, numbers[name].shape
        if found != shape:
            raise Refused(f"{where}.{name}", f"of shape {shape}", f"shape {found}")

    def flat(parts):
        return np.concatenate([np.ravel(parts[name]) for name in names])

    def possible():
        found = spans()
        return found and printed.overlap(map(ends, flat(found)))

    def because(i):
        name, *at = labels[i]
        label = f"{name}[{', '.join(map(str, at))}]"
        return f"{label} is {as_text(flat(values)[i])}, but {as_text(printed.values[i])} is printed"

    printed = Printed(flat(numbers), flat(half))
    labels = [(name, *i) for name in names for i in np.ndindex(values[name].shape)]
    computed = {name: as_given(values[name]) for name in names}
    return judged(claim, printed, flat(values), because, possible, recipe, given, flat, computed)


def _mask(claim):
    table = as_numbers(claim.given["printed"])
    if ("tau" in claim.given) == ("sparsity" in claim.given):
        got = "both" if "tau" in claim.given else "neither"
        raise Refused(f"{claim.where}.tau", "given without sparsity, or sparsity without tau", got)
    layered = isinstance(claim.given["scores"], dict)
    if layered:  # four arrays become one vector
        scores = _by_layer(claim, "scores", claim.given["scores"], Claim.exact)
        kept = _by_layer(claim, "printed", table, mask_of)
        if kept.sizes != scores.sizes:
            expected = f"of sizes {scores.sizes}, as scores"
            raise Refused(f"{claim.where}.printed", expected, f"{kept.sizes}")
        flat, printed = scores.flatten(), kept.flatten()
    else:
        flat = claim.exact("scores")
        scores, printed = as_network(flat), mask_of(claim, "printed", flat.shape)
    recipe = "by_threshold" if "tau" in claim.given else "by_sparsity"
    given = {key: claim.exact(key, ())[()] for key in ("tau", "sparsity") if key in claim.given}
    given |= {"scores": scores, "scope": claim.given.get("scope", "global")}

    def mask(values):
        return Params(**values).flatten().reshape(flat.shape).astype(int).astype(object)

    def possible():
        alone = recipe == "by_threshold" and not layered
        return possible_masks(claim, "scores", flat.shape, printed) if alone else None

    def because(i):
        kept = "kept" if keep.flat[i] else "removed"
        return f"the score {as_text(flat.flat[i])} is {kept}, unlike in the printed mask"

    values = right(recipe, given)
    keep = mask(values)
    computed = {k: a.astype(int).tolist() for k, a in values.items()} if layered else None
    return judged(claim, whole(printed), keep, because, possible, recipe, given, mask, computed)


def _by_layer(claim, key, table, read):
    """Read a table of all four arrays as Params, each array by read(claim, name)."""
    where = f"{claim.where}.{key}"
    if not isinstance(table, dict) or set(table) != set(FIELDS):
        raise Refused(where, f"a table with {', '.join(FIELDS)}", arrays.describe(table))
    inside = Claim(table, where, False)
    return Params(*(_upright(name, read(inside, name)) for name in FIELDS))


KINDS = {
    "loss": Kind(_loss, ("y_hat", "y", "printed")),
    "gradient": Kind(_gradient, (*FIELDS, "X", "y", "activation", "printed")),
    "importance": Kind(
        _importance, (*FIELDS, "criterion", "printed"), may=("X", "y", "activation")
    ),
    "mask": Kind(_mask, ("scores", "printed"), may=("tau", "sparsity", "scope")),
}
