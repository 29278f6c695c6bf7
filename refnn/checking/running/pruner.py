"""Somebody's prune (params, R, tau) or (scores, tau), and importance (params, X, y), against
refnn's and its slips.

A prune keeps what is not below τ (§3.2.2: R equal to τ stays; R has a sign) and gives the mask, the
pruned parameters or both; an importance is compared with every criterion on a small network.
Parameters are arrays, or a Params where the argument is called `params`; an importance may also
take W_ih, b_h, W_ho, b_o. Which activation is inside an importance nobody says: all are tried, tanh
first."""

from itertools import product

import numpy as np

from refnn import arrays
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.running.behaviour import NEAR, Behaviour, candidates, likest
from refnn.checking.running.properties import Property, shown
from refnn.checking.running.sandbox import Failure
from refnn.network import Params
from refnn.pruning import as_written, importance, masks

SIZES = (2, 2, 1)
THETA = np.array([1.0, -2.0, 0.75, 4.0, 3.0, -6.0, 0.5, -0.25, 2.0])
R = np.array(
    [0.5, 0.4, -9.0, 0.6, 0.0, 0.75, -0.25, 2.0, 0.5]
)  # two equal to τ, a large and a small below 0
TAU = 0.5
X = np.array([[0.5, -1.0], [1.5, 0.25], [-0.75, 2.0], [1.0, 1.0], [-2.0, 0.5], [0.1, -0.4]])
Y = np.array([[1.0], [-0.5], [2.0], [0.25], [-1.5], [0.75]])
NETWORK = Params(
    [[0.5, -0.3], [0.2, -0.9]], [0.1, -0.4], [[0.7, -1.1]], [0.3]
)  # g and g·θ of both signs
THRESHOLDS, SCORES = ("tau", "threshold"), ("R", "scores", "importance", "r")
CRITERIA = ("magnitude", "gradient", "taylor", "second_order_taylor", "fisher", "obd", "obs")


def role(names):
    """ "prune", "importance" or None, by the names of what a function must be given.

    >>> role(("params", "R", "tau")), role(("W_ih", "b_h", "W_ho", "b_o", "X", "y")), role(("x", "scale"))
    ('prune', 'importance', None)
    """
    if set(names) & set(THRESHOLDS):
        return "prune"
    return "importance" if {"X", "y"} <= set(names) else None


def judge(role, call, names, label):
    """(properties, behaviours) of a function of this role; ValueError where it cannot be called.

    >>> found, slips = judge("prune", lambda scores, tau: scores > tau, ("scores", "tau"), "prune")
    >>> [p.name for p in found if not p.held], slips[0].name
    (['keeps what is equal to tau'], 'above_for_at_least')
    """
    return (_prune if role == "prune" else _importance)(call, names, label)


def _answered(answer, label):
    if isinstance(answer, Failure):
        arrays.refuse(
            "check", label, "a function that answers arrays", f"{answer.kind}: {answer.text[:120]}"
        )
    return answer


def _flat(answer):
    """An answer as one vector, or None."""
    try:
        if isinstance(answer, Params):
            return answer.flatten()
        if isinstance(answer, (tuple, list)) and len(answer) == 4 and np.ndim(answer[0]) > 0:
            return np.concatenate([np.ravel(np.asarray(a)) for a in answer])
        a = np.ravel(np.asarray(answer))
        return a if a.dtype.kind in "biuf" else None
    except Exception:  # its own __array__ may raise anything
        return None


def _prune(call, names, label):
    if not set(names) & set(SCORES) or len(names) > 3:
        arrays.refuse(
            "check",
            label,
            "a function of (params,) R or scores, and tau",
            f"one of {', '.join(names)[:80]}",
        )
    boxes = [Params.unflatten(a, SIZES) for a in (THETA, R)]
    boxed, plain = (
        [TAU if n in THRESHOLDS else given[n in SCORES] for n in names]
        for given in (boxes, (THETA.copy(), R.copy()))
    )
    first, second = (boxed, plain) if names[0] == "params" else (plain, boxed)
    answer = call(*first)
    if (
        isinstance(answer, Failure)
        and isinstance(other := call(*second), (Params, tuple, list, np.ndarray))
        and not (isinstance(other, Failure))
    ):
        answer = other
    answer = _answered(answer, label)
    parts = answer if isinstance(answer, (tuple, list)) and len(answer) == 2 else [answer]
    vectors = [_flat(part) for part in parts]
    if any(v is None or v.shape != R.shape for v in vectors):
        return [
            Property("answers a mask or what is kept", False, f"got {arrays.describe(answer)[:60]}")
        ], []
    is_mask = [v.dtype == bool or np.isin(v, (0, 1)).all() for v in vectors]
    mask = vectors[is_mask.index(True)].astype(bool) if any(is_mask) else vectors[0] != 0
    parts = (
        ("removes what is below tau", (R < TAU) & (R >= 0), False),
        ("keeps what is above tau", R > TAU, True),
        ("keeps what is equal to tau", R == TAU, True),
        ("removes what is far below 0: R has a sign", R < -TAU, False),
    )
    found = []
    for name, where, kept in parts:
        wrong = np.nonzero(where & (mask != kept))[0]
        found.append(
            Property(
                name,
                not len(wrong),
                ""
                if not len(wrong)
                else (
                    f"R = {shown(R[wrong[0]])} is {'removed' if kept else 'kept'} at tau = {shown(TAU)}"
                ),
            )
        )
    for v, masked in zip(vectors, is_mask):
        if not masked:
            wrong = np.nonzero(v != np.where(mask, THETA, 0))[0]
            found.append(
                Property(
                    "what is kept stays, the rest is 0",
                    not len(wrong),
                    ""
                    if not len(wrong)
                    else (f"{shown(THETA[wrong[0]])} comes back as {shown(v[wrong[0]])}"),
                )
            )
    if all(p.held for p in found):
        return found, []
    if len(names) == 3:
        tried = candidates("pruning.as_written.prune", as_written.prune)
        rows = [(name, f(*boxes, TAU)[1], hint) for name, f, hint in tried]
    else:
        tried = candidates("pruning.masks.by_threshold", masks.by_threshold)
        inverted = CATALOGUE["mask_inverted"]
        rows = [
            *((name, f(boxes[1], TAU), hint) for name, f, hint in tried),
            (inverted.name, inverted.wrong(*boxes, TAU)[1], inverted.hint),
        ]
    rows = [(name, kept.flatten() == mask, 0, hint) for name, kept, hint in rows]
    return found, [
        b
        for b in likest("prune", rows, R, lambda r: f"R = {shown(r)}")
        if b.name and b.agree >= NEAR * b.asked
    ]  # of nine, five may agree by chance


def _importance(call, names, label):
    fields = dict(zip(arrays.FIELDS, NETWORK.arrays()))
    known = {"X": X, "y": Y, "params": NETWORK, **fields}
    if not set(names) <= set(known):
        arrays.refuse(
            "check",
            label,
            "a function of params (or W_ih, b_h, W_ho, b_o), X and y",
            f"one of {', '.join(names)[:80]}",
        )
    scores = _flat(_answered(call(*(known[n] for n in names)), label))
    theta = NETWORK.flatten()
    if scores is None or scores.shape != theta.shape:
        return [
            Property(
                "a score for each parameter",
                False,
                f"{theta.size} parameters, got "
                + ("no numbers" if scores is None else f"{scores.size} numbers"),
            )
        ], []
    finite = bool(np.isfinite(scores).all())
    found = [
        Property("a score for each parameter", True),
        Property(
            "finite scores", finite, "" if finite else f"got {scores[~np.isfinite(scores)][0]}"
        ),
    ]
    right, slips = {}, {}
    formulas = [
        *((f"pruning.importance.{name}", getattr(importance, name)) for name in CRITERIA),
        ("pruning.as_written.importance", as_written.importance),
    ]
    for activation, (formula, function) in product(arrays.ACTIVATIONS, formulas):
        criterion = formula.rsplit(".", 1)[1] if "as_written" not in formula else "the article's R"
        for name, candidate, hint in candidates(formula, function):
            try:
                values = candidate(NETWORK, X, Y, activation).flatten()
            except ValueError:  # obs, where the Hessian has no inverse
                continue
            # two double-precision sums of a few dozen terms: 2^-53 each time, 2^-40 is 8192 of them
            agrees = np.abs(values - scores) <= 2.0**-40 * np.abs(values).max()
            if not name and agrees.all():
                right.setdefault(criterion, activation)
            elif name and agrees.all():
                slips.setdefault(name, Behaviour("importance", name, theta.size, theta.size, hint))
    wanted = label.rsplit(":", 1)[-1]
    named = [wanted] if wanted in CRITERIA else []
    held = bool(set(right) & set(named)) if named else bool(right)
    first = next(iter(right), "")
    of = "" if right.get(first, "tanh") == "tanh" else f" of a network with {right[first]}"
    found.append(
        Property(
            f"is {named[0]}" if named else "is a known criterion",
            held,
            (
                (f"of a network with {right[named[0]]}" if right[named[0]] != "tanh" else "")
                if held and named
                else f"it is {first}{of}"
                if right
                else "its scores are those of none, on a network 2-2-1 with "
                + ", ".join(arrays.ACTIVATIONS[:-1])
                + f" or {arrays.ACTIVATIONS[-1]}"
            ),
        )
    )
    return found, [] if held else list(slips.values())
