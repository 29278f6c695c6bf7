"""Questions: numbers are drawn until slips and truth are apart."""

from fractions import Fraction as F

import pytest

from refnn.checking.catalogue import explain
from refnn.checking.catalogue.formulas import Recipe
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.solver import solve
from refnn.quantization import affine
from refnn.teaching import question
from refnn.teaching.question import Step, follows, fractions, wrong
from refnn.teaching.worksheets import TOPICS


def test_every_slip_of_a_formula_is_told_apart_or_said_to_be_merged():
    for topic in TOPICS.values():
        for seed in (0, 1):
            q = question.question(topic, seed)
            for step, slips in zip(topic.steps, q.slips):
                every = set(explain.slips_in(step.recipe))
                assert set(slips) | set(step.same) == every and not set(slips) & set(step.same)
                assert all(same in ("", *slips) for same in step.same.values())


@pytest.mark.parametrize("name", [t.name for t in TOPICS.values() if any(s.same for s in t.steps)])
def test_merged_slips_are_equal_on_all_variants(name):
    for seed in range(40):
        q = question.question(TOPICS[name], seed)
        for i, step in enumerate(q.topic.steps):
            for slip, same in step.same.items():
                answers = wrong(step._replace(same={}), q.given, q.truth[:i])
                assert answers[slip] == (q.slips[i][same] if same else q.truth[i])


def test_numbers_are_drawn_again_until_the_slips_are_apart():
    zeros, draws = fractions([0] * 4), []  # with no residual all slips are right

    def third(rng):
        draws.append(0)
        return {"y": zeros, "y_hat": zeros} if len(draws) < 3 else TOPICS["loss"].draw(rng)

    drawn = question.question(TOPICS["loss"]._replace(draw=third), 0)
    assert any(drawn.truth[0]) and len(draws) == 3
    never = TOPICS["loss"]._replace(draw=lambda rng: {"y": zeros[:1], "y_hat": zeros[:1]})
    with pytest.raises(RuntimeError, match="do not separate its slips"):
        question.question(never, 0)


def test_only_the_misprint_can_be_dropped():
    for seed in range(40):
        q = question.question(TOPICS["errata"], seed)
        x, codes = list(q.given["x"]), q.given["q"]
        assert not solve(x, codes, 8).feasible
        without = [(x[:i] + x[i + 1 :], codes[:i] + codes[i + 1 :]) for i in range(6)]
        fits = [i for i, given in enumerate(without, start=1) if solve(*given, 8).feasible]
        assert tuple(fits) == q.truth[0]


def test_a_slip_planted_in_a_formula_changes_the_answers(monkeypatch):
    right = question.question(TOPICS["affine"], 5)
    monkeypatch.setattr(affine, "quantize", CATALOGUE["floor_for_round"].wrong)
    answer = question.right(right.topic.steps[0], right.given, ())
    assert answer == right.slips[0]["floor_for_round"] != right.truth[0]


def test_wrong_leaves_out_what_no_numbers_tell():
    step = Step(1, "loss", {}, same={"mean_for_sum": ""})
    two = {"y_hat": [[F(2)]], "y": [[F(0)]]}
    assert set(wrong(step, two, ())) == {"missing_half", "mean_without_half", "not_squared"}


@pytest.mark.parametrize("number", [F, float])
def test_a_slip_that_gives_no_number_hides_neither_the_truth_nor_the_others(number):
    def inverse(call, given):
        return {"inverse": 1 / (call("network.loss")(given["y_hat"], given["y"]) - 4)}

    step = Step(1, Recipe(inverse, ("network.loss",)), {})
    given = {"y_hat": [[number(2)], [number(0)]], "y": [[number(0)], [number(0)]]}
    numbers, slips = follows(step, given, ())  # J is 2, and 4 without the half
    assert numbers == (F(-1, 2),)
    assert set(slips) == {"mean_for_sum", "mean_without_half", "not_squared"}
