"""This module judges claims about masks: the article's rule (§3.2.2), thresholds and sparsity.

The kinds are prune and mask. A mask has 1 for a parameter that is kept and 0 for one that is
removed. If a claim gives weights, their scores are the sizes |w|.
"""

from itertools import accumulate, pairwise

import numpy as np

from refnn import arrays
from refnn.arrays import Refused
from refnn.checking.catalogue.explain import right
from refnn.checking.catalogue.formulas import N_OF_M, one
from refnn.checking.claims import (
    Kind,
    Question,
    as_numbers,
    decimals,
    judged,
    slips_by,
    whole,
)
from refnn.checking.plane.digits import as_text
from refnn.checking.reading.printed import Claim
from refnn.network import FIELDS, Params

SELECTORS = {"tau": "by_threshold", "sparsity": "by_sparsity", "n": "n_of_m"}
EITHER_MAY_GO = "Some scores are equal, and either may be removed"


def _prune(claim):
    R, tau = claim.exact("R"), claim.exact("tau", ())[()]
    printed = mask_of(claim, "printed", R.shape)
    scores = as_network(R)
    given = {"params": scores, "R": scores, "tau": tau}

    def mask(values):
        return values["mask"].flatten().reshape(R.shape).astype(int).astype(object)

    def possible():
        return possible_masks(claim, "R", R.shape, printed)

    def because(i):
        kept = f"{'kept' if keep.flat[i] else 'removed'} at tau = {as_text(tau)}"
        return f"R = {as_text(R.flat[i])} is {kept}, unlike in the printed mask"

    keep = mask(right("written.prune", given))
    slips = slips_by("written.prune", given, mask)
    question = Question(whole(printed), keep, because, possible=possible, slips=slips)
    return judged(claim, question)


def _mask(claim):
    ranked = _one_of(claim, "scores", "weights")
    selector = _one_of(claim, "tau", "sparsity", "n")
    table = as_numbers(claim.given["printed"])
    if isinstance(table, dict) and set(table) == {"mask"}:
        table = table["mask"]
    if isinstance(table, dict) and set(table) == {"weights"}:
        if ranked != "weights" or isinstance(claim.given["weights"], dict):
            raise Refused(f"{claim.where}.printed", "a mask of these scores", "weights")
        return _kept(claim, selector)
    layered = isinstance(claim.given[ranked], dict)
    if layered:  # four arrays become one vector
        scores = _by_layer(claim, ranked, claim.given[ranked], Claim.exact)
        kept = _by_layer(claim, "printed", table, mask_of)
        if kept.sizes != scores.sizes:
            expected = f"of sizes {scores.sizes}, as {ranked}"
            raise Refused(f"{claim.where}.printed", expected, f"{kept.sizes}")
        flat, printed = scores.flatten(), kept.flatten()
    else:
        flat = claim.exact(ranked)
        inside = Claim({"printed": table}, claim.where, claim.rounded)
        scores, printed = _as_scores(selector, flat), mask_of(inside, "printed", flat.shape)
    if ranked == "weights":
        scores = scores.map(np.abs)
    recipe, given, mask = _selected(claim, selector, scores, flat.shape)
    values = right(recipe, given)
    keep = mask(values)

    def possible():
        alone = selector == "tau" and not layered and ranked == "scores"
        return possible_masks(claim, "scores", flat.shape, printed) if alone else None

    def because(i):
        kept = "kept" if keep.flat[i] else "removed"
        name = "score" if ranked == "scores" else "weight"
        return f"the {name} {as_text(flat.flat[i])} is {kept}, unlike in the printed mask"

    def others():
        ranks = np.abs(flat) if ranked == "weights" else flat
        layers = [getattr(scores, k).size for k in FIELDS]
        if _equal_scores(ranks, keep, printed, selector, given, layers):
            yield EITHER_MAY_GO, printed, "as printed"

    computed = {k: values[k].astype(int).tolist() for k in FIELDS} if layered else None
    slips = slips_by(recipe, given, mask)
    question = Question(whole(printed), keep, because, None, others, possible, slips)
    return judged(claim, question, computed)


def _equal_scores(scores, keep, printed, selector, given, layers=()):
    """Return True if two masks keep the same scores, although not at the same places.

    With n of m this must be true in each group, with scope "layer" in each layer, and otherwise in
    the whole network. layers: the number of scores in each layer."""
    if selector == "tau":
        return False
    groups = [slice(None)]
    if selector == "n":
        length, m = scores.shape[-1], given["m"]
        groups = [slice(start, start + m) for start in range(0, length, m)]
    elif given["scope"] == "layer" and layers:
        groups = [slice(*ends) for ends in pairwise(accumulate(layers, initial=0))]
    rows = [a if selector == "n" else a.ravel() for a in (scores, keep, printed)]
    rows = [a.reshape(-1, a.shape[-1]) for a in rows]
    return all(
        sorted(s[at][k[at] == 1]) == sorted(s[at][p[at] == 1])
        for s, k, p in zip(*rows)
        for at in groups
    )


def _kept(claim, selector):
    """Judge the weights that are left: those that are removed are printed as 0."""
    weights = claim.exact("weights")
    inside = Claim(claim.given["printed"], f"{claim.where}.printed", claim.rounded)
    scores = _as_scores(selector, weights).map(np.abs)
    recipe, given, mask = _selected(claim, selector, scores, weights.shape)

    def left(values):
        return weights * mask(values)

    found = right(recipe, given)
    values = left(found)

    def others():
        kept = (printed.values != 0).astype(int)
        if _equal_scores(np.abs(weights), mask(found), kept, selector, given):
            yield EITHER_MAY_GO, weights * kept, "as printed"

    def because(i):
        said = f"the weight {as_text(weights.flat[i])} becomes {as_text(values.flat[i])}"
        return f"{said}, but {printed.said(i)} is printed"

    printed = decimals(inside, weights.shape, "weights")
    slips = slips_by(recipe, given, left)
    return judged(claim, Question(printed, values, because, None, others, slips=slips))


def _one_of(claim, *keys):
    """Return the only one of these keys that the claim has."""
    found = [key for key in keys if key in claim.given]
    if len(found) != 1:
        got = " and ".join(found) or "none of them"
        raise Refused(f"{claim.where}: {' or '.join(keys)}", "given alone", got)
    return found[0]


def _selected(claim, selector, scores, shape):
    """Return (recipe, its arguments, a function that takes the mask out of its values)."""
    given = {"scores": scores, "scope": claim.given.get("scope", "global")}
    if selector == "n":
        if "m" not in claim.given:
            raise Refused(f"{claim.where}.m", "given together with n", "nothing")
        given |= {key: int(claim.whole(key, ())[()]) for key in ("n", "m")}
    else:
        given[selector] = claim.exact(selector, ())[()]
    recipe = one(N_OF_M, "scores", "n", "m", gives=vars) if selector == "n" else SELECTORS[selector]

    def mask(values):
        parts = values["W_ih"] if selector == "n" else Params(**values).flatten()
        return np.asarray(parts).reshape(shape).astype(int).astype(object)

    return recipe, given, mask


def _as_scores(selector, scores):
    """Return scores as a network: as W_ih for groups, else all of them in b_o."""
    if selector != "n":
        return as_network(scores)
    W = np.atleast_2d(scores)
    empty = (np.zeros(shape, dtype=object) for shape in (len(W), (0, len(W)), 0))
    return Params(W, *empty)


def _by_layer(claim, key, table, read):
    """Read a table of all four arrays as Params, each array by read(claim, name)."""
    where = f"{claim.where}.{key}"
    if not isinstance(table, dict) or set(table) != set(FIELDS):
        raise Refused(where, f"a table with {', '.join(FIELDS)}", arrays.describe(table))
    inside = Claim(table, where, False)
    return Params(*(upright(name, read(inside, name)) for name in FIELDS))


def upright(name, a):
    """Make a vector of a bias that is printed as a column, and return any other array unchanged.

    >>> upright("b_h", np.array([[1], [2]])).tolist(), upright("W_ih", np.array([[1]])).tolist()
    ([1, 2], [[1]])
    """
    return a[:, 0] if name.startswith("b_") and a.ndim == 2 and a.shape[1] == 1 else a


def mask_of(claim, key, shape=None):
    """Read a printed mask as whole numbers, and refuse anything but 1, 0, True and False.

    >>> mask_of(Claim({"printed": [True, 0]}, "claims[0]", False), "printed", (2,)).tolist()
    [Fraction(1, 1), Fraction(0, 1)]
    """
    mask = Claim({key: as_numbers(claim.given[key])}, claim.where, False).whole(key, shape)
    if any(v not in (0, 1) for v in mask.flat):
        expected = "a mask of 1 (kept) and 0 (removed)"
        raise Refused(f"{claim.where}.{key}", expected, arrays.describe(mask))
    return mask


def possible_masks(claim, key, shape, printed):
    """Return True for each entry that may be kept or removed as printed, else False.

    An entry may be so if a score and a tau that round to the printed ones keep (or remove) it.

    >>> claim = Claim({"R": ["0.5"], "tau": "0.5"}, "claims[0]", rounded=True)
    >>> possible_masks(claim, "R", (1,), np.array([0]))
    [True]
    """
    [(t_low, t_high)] = claim.intervals("tau", ())
    return [
        high >= t_low if kept else low < t_high
        for (low, high), kept in zip(claim.intervals(key, shape), printed.flat)
    ]


def as_network(scores):
    """Return scores of any shape as Params that hold them all in b_o.

    Such Params have no inputs and no hidden units. They serve rules that treat each entry alone.

    >>> as_network(np.array([[1, 2], [3, 4]], dtype=object)).flatten()
    array([1, 2, 3, 4], dtype=object)
    """
    nothing = (np.zeros(shape, dtype=object) for shape in ((0, 0), 0, (scores.size, 0)))
    return Params(*nothing, scores.reshape(-1))


KINDS = {
    "prune": Kind(_prune, ("R", "tau", "printed"), "mask = not (R < tau)"),
    "mask": Kind(
        _mask,
        ("printed",),
        "the lowest scores are removed",
        may=("scores", "weights", "tau", "sparsity", "scope", "n", "m"),
    ),
}
