"""This module compares the user's prune or importance function with those of refnn and their slips.

prune(params, R, tau) or prune(scores, tau) must remove every parameter whose importance R is below
τ and keep the others. By §3.2.2, R may be negative, and R equal to τ is kept. It returns the mask,
the pruned parameters or both.

importance(params, X, y) is compared with every criterion on a small network. Its activation is not
known, so all activations are tried, tanh first.

Parameters are passed as arrays, or as a Params if the argument is called `params`. An importance
may also take W_ih, b_h, W_ho, b_o."""

from itertools import product

import numpy as np

from refnn import arrays
from refnn.arrays import Refused
from refnn.checking.catalogue.explain import each
from refnn.checking.catalogue.formulas import CRITERIA
from refnn.checking.plane.digits import short
from refnn.checking.running.behaviour import NEAR, Behaviour, likest
from refnn.checking.running.properties import Property, promise
from refnn.checking.running.sandbox import Failure
from refnn.network import ACTIVATIONS, FIELDS, Params

SIZES = (2, 2, 1)
THETA = np.array([1.0, -2.0, 0.75, 4.0, 3.0, -6.0, 0.5, -0.25, 2.0])
# Two entries are equal to τ, and two are below 0, one large and one small.
R = np.array([0.5, 0.4, -9.0, 0.6, 0.0, 0.75, -0.25, 2.0, 0.5])
TAU = 0.5
# fmt: off
X = np.array([-10, -6, 7, 2, -10, -2, -1, -8, 6, -9, -3, 0, -2, 2,
              6, 11, -5, 4, 5, -5, -12, 11, -5, -4, 9, 2, -1, 7]).reshape(14, 2) / 4
# fmt: on
Y = np.array([-6, 14, 2, -3, 0, 7, 9, 15, 6, 1, 6, -3, 13, 11])[:, None] / 10
# On this network g and g·θ have both signs, and the Hessian is positive definite (OBS needs it).
NETWORK = Params([[0.5, -0.3], [0.2, -0.9]], [0.1, -0.4], [[0.7, -1.1]], [0.3])
THRESHOLDS, SCORES = ("tau", "threshold"), ("R", "scores", "importance", "r")
RECIPES = {name: f"importance.{name}" for name in (*CRITERIA, "obs")}


def role(names):
    """Return "prune", "importance" or None, judged by the names of the required arguments.

    >>> [role(names) for names in (("params", "R", "tau"), ("params", "X", "y"), ("x", "scale"))]
    ['prune', 'importance', None]
    """
    if set(names) & set(THRESHOLDS):
        return "prune"
    return "importance" if {"X", "y"} <= set(names) else None


def judge(role, call, names, label):
    """Return (properties, behaviours) of a function with this role.

    ValueError is raised if it cannot be run.

    >>> found, slips = judge("prune", lambda scores, tau: scores > tau, ("scores", "tau"), "prune")
    >>> [p.name for p in found if not p.held], slips[0].name
    (['scores equal to tau are kept'], 'above_for_at_least')
    """
    return (_prune if role == "prune" else _importance)(call, names, label)


def _answered(answer, label):
    if isinstance(answer, Failure):
        got = f"nothing: {answer.text[:120]}"
        raise Refused(label, "a function that returns arrays", got)
    return answer


def _flat(answer):
    """Return an answer as one vector, or None if it is no array of numbers."""
    try:
        if isinstance(answer, Params):
            return answer.flatten()
        if isinstance(answer, (tuple, list)) and len(answer) == 4 and np.ndim(answer[0]) > 0:
            return np.concatenate([np.ravel(np.asarray(a)) for a in answer])
        a = np.ravel(np.asarray(answer))
        return a if a.dtype.kind in "biuf" else None
    except Exception:  # __array__ of a foreign object may raise anything
        return None


# --- prune ----------------------------------------------------------------------------------------


def _prune(call, names, label):
    answer = _pruned(call, names, label)
    parts = answer if isinstance(answer, (tuple, list)) and len(answer) == 2 else [answer]
    vectors = [_flat(part) for part in parts]
    if any(v is None or v.shape != R.shape for v in vectors):
        got = f"it is {arrays.describe(answer)[:60]}"
        return [Property("the answer is a mask or the parameters", False, got)], []
    is_mask = [v.dtype == bool or np.isin(v, (0, 1)).all() for v in vectors]
    mask = vectors[is_mask.index(True)].astype(bool) if any(is_mask) else vectors[0] != 0

    found = []
    for name, where, kept in (
        ("scores below tau are removed", (R < TAU) & (R >= 0), False),
        ("scores above tau are kept", R > TAU, True),
        ("scores equal to tau are kept", R == TAU, True),
        ("scores far below 0 are removed (R has a sign)", R < -TAU, False),
    ):
        wrong, done = where & (mask != kept), "removed" if kept else "kept"
        why = f"R = {short(R[wrong.argmax()])} is {done} at tau = {short(TAU)}"
        found.append(promise(name, not wrong.any(), why))
    for v, masked in zip(vectors, is_mask):
        if not masked:
            wrong = v != np.where(mask, THETA, 0)
            why = f"{short(THETA[wrong.argmax()])} comes back as {short(v[wrong.argmax()])}"
            found.append(promise("kept parameters stay, others become 0", not wrong.any(), why))
    return found, [] if all(p.held for p in found) else _prunes_like(mask, len(names) == 3)


def _pruned(call, names, label):
    """Return the answer of the function, run with vectors or with Params.

    The other form is tried if the first one fails."""
    if not set(names) & set(SCORES) or len(names) > 3:
        got = f"a function of {', '.join(names)[:80]}"
        raise Refused(label, "a function of R (or scores) and tau, or of params, R and tau", got)

    def given(theta, scores):
        return [TAU if n in THRESHOLDS else scores if n in SCORES else theta for n in names]

    plain, boxed = given(THETA.copy(), R.copy()), given(*_boxes())
    first, second = (boxed, plain) if names[0] == "params" else (plain, boxed)
    answer = call(*first)
    if isinstance(answer, Failure):
        other = call(*second)
        if isinstance(other, (Params, tuple, list, np.ndarray)) and not isinstance(other, Failure):
            answer = other
    return _answered(answer, label)


def _boxes():
    return [Params.unflatten(a, SIZES) for a in (THETA, R)]


def _prunes_like(mask, with_params):
    """Return the Behaviours of the slips that give this mask."""
    theta, scores = _boxes()
    given = {"params": theta, "R": scores, "scores": scores, "tau": TAU}
    prunes = {name: v["mask"].flatten() for name, v in each("written.prune", given).items()}
    # Without params, a slip of `by_threshold` is named before a slip of `prune` with the same mask.
    if not with_params:
        own = {name: Params(**v).flatten() for name, v in each("by_threshold", given).items()}
        known = {tuple(kept) for kept in own.values()}
        prunes = own | {name: m for name, m in prunes.items() if tuple(m) not in known}
    rows = [(name, kept == mask, 0) for name, kept in prunes.items()]
    found = likest("prune", rows, R, lambda r: f"R = {short(r)}")
    # Five of nine entries easily agree by chance.
    return [b for b in found if b.name and b.agree >= NEAR * b.asked]


# --- importance -----------------------------------------------------------------------------------


def _importance(call, names, label):
    known = {"X": X, "y": Y, "params": NETWORK, **dict(zip(FIELDS, NETWORK.arrays()))}
    if not set(names) <= set(known):
        expected = "a function of params (or W_ih, b_h, W_ho, b_o), X and y"
        raise Refused(label, expected, f"a function of {', '.join(names)[:80]}")
    scores = _flat(_answered(call(*(known[n] for n in names)), label))
    theta, one_each = NETWORK.flatten(), "each parameter has one score"
    if scores is None or scores.shape != theta.shape:
        got = "no numbers" if scores is None else f"{scores.size} numbers"
        return [Property(one_each, False, f"{theta.size} parameters have {got}")], []
    finite = np.isfinite(scores)
    found = [
        Property(one_each, True),
        promise("all scores are finite", finite.all(), f"one score is {scores[finite.argmin()]}"),
    ]
    right, slips = _alike(scores)
    wanted = label.rsplit(":", 1)[-1]
    named = wanted in RECIPES
    held = wanted in right if named else bool(right)
    first = wanted if held and named else next(iter(right), "")
    of = f"on a network with {right[first]}" if right.get(first, "tanh") != "tanh" else ""
    if held and named:
        why = of
    elif right:
        why = f"it is {first} {of}".rstrip()
    else:
        *others, last = ACTIVATIONS
        tried = f"{', '.join(others)} or {last}"
        why = f"no criterion gives these scores on a network 2-2-1 with {tried}"
    found.append(Property(f"it is {wanted}" if named else "it is a known criterion", held, why))
    return found, [] if held else slips


def _alike(scores):
    """Return ({criterion with these scores: its activation}, Behaviours of slips with them)."""
    right, slips, n = {}, {}, scores.size
    recipes = RECIPES | {"the article's R": "written.importance"}
    for activation, (criterion, recipe) in product(ACTIVATIONS, recipes.items()):
        given = {"params": NETWORK, "X": X, "y": Y, "activation": activation}
        for name, found in each(recipe, given).items():
            if not found:  # obs has no values if the Hessian has no inverse
                continue
            values = Params(**found).flatten()
            # Both are double-precision sums of a few dozen terms with an error of 2^-53 each. The
            # tolerance 2^-40 is 8192 times that.
            if (np.abs(values - scores) <= 2.0**-40 * np.abs(values).max()).all():
                if name:
                    slips.setdefault(name, Behaviour("importance", name, n, n))
                else:
                    right.setdefault(criterion, activation)
    return right, list(slips.values())
