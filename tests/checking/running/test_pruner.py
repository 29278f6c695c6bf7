"""Somebody's prune and importance are judged: right ones are sound in every form, and every slip is
named."""

import numpy as np
import pytest

from checking.running.cases import broken, names
from refnn.checking.catalogue.explain import slips_of
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.implementation import check
from refnn.checking.running import pruner
from refnn.network import Params, backward
from refnn.pruning import as_written as prune_written
from refnn.pruning import importance, masks

# --- prune ----------------------------------------------------------------------------------------

PRUNE, BY_THRESHOLD = "pruning.as_written.prune", "pruning.masks.by_threshold"


def test_prune_is_sound_in_every_form():
    for function in (
        prune_written.prune,
        masks.by_threshold,
        lambda R, tau: ~(R < tau),
        lambda theta, R, tau: np.where(R < tau, 0, theta),
        lambda w, R, threshold: (np.where(R < threshold, 0, w), ~(R < threshold)),
        lambda params, R, tau: params * (R >= tau),
        lambda scores, tau: (scores >= tau).astype(int),
    ):
        report = check(function)
        assert report.role == "prune" and report.broken == () and report.behaviours == ()


@pytest.mark.parametrize("name", [*slips_of(PRUNE), *slips_of(BY_THRESHOLD)])
def test_every_slip_of_prune_is_named(name):
    wrong = CATALOGUE[name].wrong
    three, two = (
        lambda params, R, tau: wrong(params, R, tau),
        lambda scores, tau: wrong(scores, tau),
    )
    report = check(three if CATALOGUE[name].formula == PRUNE else two)
    assert report.broken and names(report) == {name}


def test_prune_by_hand():
    assert broken(check(lambda theta, R, tau: theta * (R > tau))) == [
        "scores equal to tau are kept"
    ]
    absolute = check(lambda theta, R, tau: theta * (abs(R) >= tau))
    assert broken(absolute) == ["scores far below 0 are removed (R has a sign)"]
    doubled = check(lambda w, R, tau: (w * 2 * (R >= tau), R >= tau))
    assert "kept parameters stay, others become 0" in broken(doubled)
    assert broken(check(lambda w, R, tau: "abc")) == ["the answer is a mask or the parameters"]


def test_an_inverted_mask_of_two_arguments_is_named_and_chance_is_not():
    assert names(check(lambda scores, threshold: scores < threshold)) == {"mask_inverted"}
    by_weight = check(lambda w, R, tau: np.where(np.abs(w) < tau, 0, w))  # 5 of 9, by chance
    assert by_weight.broken and by_weight.behaviours == ()


# --- importance -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", pruner.RECIPES)
def test_every_criterion_is_known(name):
    function = getattr(importance, name)
    report = check(lambda params, X, y: function(params, X, y))
    assert report.broken == () and report.properties[-1].why == f"it is {name}"
    arrays_too = check(
        lambda W_ih, b_h, W_ho, b_o, X, y: function(Params(W_ih, b_h, W_ho, b_o), X, y).flatten()
    )
    assert arrays_too.broken == ()


OF_IMPORTANCE = ["pruning.as_written.importance"]
OF_IMPORTANCE += [f"pruning.importance.{name}" for name in pruner.RECIPES]


@pytest.mark.parametrize("name", [s.name for s in CATALOGUE.values() if s.formula in OF_IMPORTANCE])
def test_every_slip_of_importance_is_named_unless_it_is_another_criterion(name):
    wrong = CATALOGUE[name].wrong
    report = check(lambda params, X, y: wrong(params, X, y))
    same = [p.why for p in report.properties if p.held and p.why.startswith("it is ")]
    assert name in names(report) or same, report  # |R| of the article is `gradient`, and so on


def test_a_missing_absolute_value_is_seen_on_the_probe():
    def slope(params, X, y):
        return backward(params, X, y, "tanh").flatten()

    g = slope(pruner.NETWORK, pruner.X, pruner.Y)
    for signed in (g, g * pruner.NETWORK.flatten(), pruner.NETWORK.flatten()):
        assert (signed < 0).sum() > 2 and (signed > 0).sum() > 2
    for name, signed in (
        ("signed_taylor", lambda params, X, y: params.flatten() * slope(params, X, y)),
        ("no_abs", lambda params, X, y: params.flatten()),
    ):
        report = check(signed)
        assert broken(report) == ["it is a known criterion"] and names(report) == {name}


@pytest.mark.parametrize("activation", ["sigmoid", "relu", "identity"])
def test_an_importance_of_another_activation_is_right_and_said_to_be(activation):
    for function in (importance.taylor, importance.gradient):
        report = check(lambda params, X, y, f=function: f(params, X, y, activation))
        said = f"it is {function.__name__} on a network with {activation}"
        assert report.broken == () and report.properties[-1].why == said
    signed = check(lambda params, X, y: CATALOGUE["signed_taylor"].wrong(params, X, y, activation))
    assert names(signed) == {"signed_taylor"}
    [unknown] = check(lambda params, X, y: params.flatten() ** 2).broken
    assert "tanh, sigmoid, relu or identity" in unknown.why


def test_a_score_of_0_is_below_tau():
    [found] = check(lambda theta, R, tau: theta * ((R >= tau) | (R == 0))).broken
    assert found.name == "scores below tau are removed" and "R = 0 is kept at tau" in found.why
