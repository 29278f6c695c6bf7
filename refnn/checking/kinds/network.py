"""Claims about a network: loss, gradient, importance, mask.

By the library's own functions: on Fractions with relu and identity, on enclosures with tanh and
sigmoid, whose values are no fractions. A network is W_ih (hidden, inputs), b_h, W_ho (outputs,
hidden), b_o; a bias may stand as a column. What is printed of a gradient is a table of these names,
or of some of them."""

import numpy as np

from refnn import arrays, network
from refnn.arrays import FIELDS
from refnn.checking.claims import Kind, as_given, as_numbers, blame, compare, told
from refnn.checking.kinds.enclosure import Enclosure, Undecided
from refnn.checking.kinds.written import as_network, mask_of, possible_masks
from refnn.checking.reading.printed import Claim
from refnn.network import Params
from refnn.pruning import as_written, importance, masks

OF_THE_SLOPE = {  # criteria that need nothing but θ and g = ∂J/∂θ
    "written": lambda theta, g: g,
    "gradient": lambda theta, g: np.abs(g),
    "taylor": lambda theta, g: np.abs(g * theta),
}
CRITERIA = ("written", "magnitude", "gradient", "taylor", "second_order_taylor", "fisher", "obd")
SECOND = "{} asks for more than first derivatives, which are enclosed for relu and identity alone"


class _Network:
    """The network of a claim, its data and what is printed of an array for each parameter."""

    def __init__(self, claim, data=True):
        self.claim = claim
        params = Params(*(_upright(name, claim.exact(name)) for name in FIELDS))
        given = ()
        self.activation = "identity"
        if data:
            for key in ("X", "y", "activation"):
                if key not in claim.given:
                    arrays.refuse(
                        "check",
                        f"{claim.where}.{key}",
                        "given for a claim about this network",
                        "nothing",
                    )
            given = claim.exact("X"), claim.exact("y")
            self.activation = arrays.choice(
                "check", f"{claim.where}.activation", claim.given["activation"], arrays.ACTIVATIONS
            )
        self.exact = self.activation in ("relu", "identity")
        self.params, self.X, self.y = network.checked(
            "check", params, *given, activation="identity"
        )
        self.sizes = self.params.sizes

    def arguments(self):
        """(params, X, y, activation) for the library: Fractions, or floats where it has no
        Fractions."""
        params, X, y = self.params, self.X, self.y
        if not self.exact:
            params = Params(*(arrays.double("check", "params", a) for a in params.arrays()))
            X, y = arrays.double("check", "X", X), arrays.double("check", "y", y)
        return params, X, y, self.activation

    def slope(self, rounded=False):
        """(θ, ∂J/∂θ) as vectors: Fractions, or Enclosures that hold them; of all rounded inputs
        together if asked."""

        def enclosed(a, half):
            return arrays.objects([Enclosure(v - h, v + h) for v, h in zip(a.flat, half)], a.shape)

        parts = [*self.params.arrays(), self.X, self.y]
        if rounded or not self.exact:
            parts = [
                enclosed(a, self.claim.half(key).flat if rounded else [0] * a.size)
                for a, key in zip(parts, (*FIELDS, "X", "y"))
            ]
        params = Params(*parts[:4])
        return params.flatten(), network.backpropagate(
            params, *parts[4:], self.activation
        ).flatten()

    def judge(self, formula, values, possible, arguments):
        """Compare what is printed with values, an entry for each parameter."""
        given, like = (
            self.claim.given["printed"],
            Params.unflatten(np.arange(len(values)), self.sizes),
        )
        where = f"{self.claim.where}.printed"
        if not isinstance(given, dict) or not given or set(given) - set(FIELDS):
            arrays.refuse(
                "check",
                where,
                f"a table with some of {', '.join(FIELDS)}",
                arrays.describe(sorted(map(str, given)) if isinstance(given, dict) else given),
            )
        inside, names = (
            Claim(given, where, self.claim.rounded),
            [name for name in FIELDS if name in given],
        )
        printed, half = (
            {name: _upright(name, read(name)) for name in names}
            for read in (inside.exact, inside.half)
        )
        for name in names:
            if printed[name].shape != getattr(like, name).shape:
                arrays.refuse(
                    "check",
                    f"{where}.{name}",
                    f"of shape {getattr(like, name).shape}",
                    f"shape {printed[name].shape}",
                )
        at = np.concatenate([getattr(like, name).ravel() for name in names])
        printed, half = (
            np.concatenate([a[name].ravel() for name in names]) for a in (printed, half)
        )
        labels = [
            f"{name}[{', '.join(map(str, i))}]"
            for name in names
            for i in np.ndindex(getattr(like, name).shape)
        ]
        values = values[at]

        def allowed():
            spans = possible()
            return (
                [True] * len(at)
                if spans is None
                else [
                    v.low <= p + h and p - h <= v.high for v, p, h in zip(spans[at], printed, half)
                ]
            )

        status, reason = compare(
            self.claim,
            printed,
            half,
            values,
            allowed,
            lambda i: f"{labels[i]} is {told(values[i])}, printed {told(printed[i])}",
            lambda: blame(formula, arguments, printed, half, lambda result: result.flatten()[at]),
        )
        computed = dict.fromkeys(names)
        for name in names:
            computed[name] = as_given(
                values[np.isin(at, getattr(like, name))].reshape(getattr(like, name).shape)
            )
        return status, computed, reason


def _upright(name, a):
    """A bias printed as a column is a vector."""
    return a[:, 0] if name.startswith("b_") and a.ndim == 2 and a.shape[1] == 1 else a


def _loss(claim):
    y_hat, y = claim.exact("y_hat"), claim.exact("y")
    printed, half = claim.exact("printed", ()), claim.half("printed")
    J = arrays.objects([network.loss(y_hat, y)], ())

    def possible():
        r = [
            (a - d, b - c)
            for (a, b), (c, d) in zip(
                claim.intervals("y_hat", y.shape), claim.intervals("y", y.shape)
            )
        ]
        low, high = (
            sum(f(0, a, -b) ** 2 if f is max else max(b, -a) ** 2 for a, b in r) / 2
            for f in (max, min)
        )
        return [low <= printed[()] + half[()] and printed[()] - half[()] <= high]

    status, reason = compare(
        claim,
        printed,
        half,
        J,
        possible,
        lambda i: f"J = {told(J[()])}, printed {told(printed[()])}",
        lambda: blame("network.loss", (y_hat, y), printed, half),
    )
    return status, J[()], reason


def _gradient(claim):
    net = _Network(claim)
    try:
        return net.judge(
            "network.backward", net.slope()[1], lambda: _of_rounded("written", net), net.arguments()
        )
    except Undecided as error:
        return "not decidable", None, str(error)


def _importance(claim):
    criterion = arrays.choice(
        "check", f"{claim.where}.criterion", claim.given["criterion"], CRITERIA
    )
    net = _Network(claim, data=criterion != "magnitude")
    module, name = (as_written, "importance") if criterion == "written" else (importance, criterion)
    formula = f"pruning.{module.__name__.rsplit('.', 1)[1]}.{name}"
    if criterion == "magnitude":
        return net.judge(
            formula,
            importance.magnitude(net.params).flatten(),
            lambda: None,
            (net.params, None, None),
        )
    try:
        if net.exact:
            values = getattr(module, name)(*net.arguments()).flatten()
        elif criterion in OF_THE_SLOPE:
            values = OF_THE_SLOPE[criterion](*net.slope())
        else:
            return "not decidable", None, SECOND.format(criterion)
        return net.judge(formula, values, lambda: _of_rounded(criterion, net), net.arguments())
    except Undecided as error:
        return "not decidable", None, str(error)


def _of_rounded(criterion, net):
    """Enclosures of all values that rounded inputs leave; None if nothing is known."""
    try:
        return (
            OF_THE_SLOPE[criterion](*net.slope(rounded=True)) if criterion in OF_THE_SLOPE else None
        )
    except Undecided:
        return None


def _mask(claim):
    given, printed = claim.given["scores"], as_numbers(claim.given["printed"])
    if ("tau" in claim.given) == ("sparsity" in claim.given):
        arrays.refuse(
            "check",
            f"{claim.where}.tau",
            "given, or sparsity, and not both",
            "both" if "tau" in claim.given else "neither",
        )
    layered = isinstance(given, dict)
    if layered:  # four arrays, as one vector with its sizes
        for key, table in (("scores", given), ("printed", printed)):
            if not isinstance(table, dict) or set(table) != set(FIELDS):
                arrays.refuse(
                    "check",
                    f"{claim.where}.{key}",
                    f"a table with {', '.join(FIELDS)}",
                    arrays.describe(table),
                )
        inside = Claim(given, f"{claim.where}.scores", False)
        scores = Params(*(_upright(name, inside.exact(name)) for name in FIELDS))
        inside = Claim(printed, f"{claim.where}.printed", False)
        kept = Params(*(_upright(name, mask_of(inside, name, None)) for name in FIELDS))
        if kept.sizes != scores.sizes:
            arrays.refuse(
                "check",
                f"{claim.where}.printed",
                f"of sizes {scores.sizes}, as scores",
                f"{kept.sizes}",
            )
        flat, printed = scores.flatten(), kept.flatten()
    else:
        flat = claim.exact("scores")
        scores, printed = as_network(flat), mask_of(claim, "printed", flat.shape)
    if "tau" in claim.given:
        formula, arguments = "by_threshold", (scores, claim.exact("tau", ())[()])
    else:
        formula = "by_sparsity"
        arguments = scores, claim.exact("sparsity", ())[()], claim.given.get("scope", "global")
    keep = getattr(masks, formula)(*arguments).flatten().reshape(flat.shape)
    keep = arrays.objects([int(k) for k in keep.flat], flat.shape)

    def possible():
        return (
            [True] * keep.size
            if formula == "by_sparsity" or layered
            else possible_masks(claim, "scores", flat.shape, printed)
        )

    none = np.zeros_like(printed)
    status, reason = compare(
        claim,
        printed,
        none,
        keep,
        possible,
        lambda i: (
            f"the score {told(flat.flat[i])} is {'kept' if keep.flat[i] else 'removed'}, not as printed"
        ),
        lambda: blame(
            f"pruning.masks.{formula}",
            arguments,
            printed,
            none,
            lambda result: result.flatten().reshape(flat.shape),
        ),
    )
    computed = (
        keep.tolist()
        if not layered
        else dict(zip(FIELDS, (a.tolist() for a in Params.unflatten(keep, scores.sizes).arrays())))
    )
    return status, computed, reason


KINDS = {
    "loss": Kind(_loss, ("y_hat", "y", "printed")),
    "gradient": Kind(_gradient, (*FIELDS, "X", "y", "activation", "printed")),
    "importance": Kind(
        _importance, (*FIELDS, "criterion", "printed"), may=("X", "y", "activation")
    ),
    "mask": Kind(_mask, ("scores", "printed"), may=("tau", "sparsity", "scope")),
}
