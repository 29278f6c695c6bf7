"""Questions: numbers are drawn until slips and truth are apart."""

from fractions import Fraction as F

import pytest

from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.solver import solve
from refnn.quantization import affine
from refnn.teaching import question
from refnn.teaching.question import Step, exactly, wrong
from refnn.teaching.worksheets import TOPICS


def test_every_slip_of_a_formula_is_told_apart_or_said_to_be_merged():
    for topic in TOPICS.values():
        for seed in (0, 1):
            q = question.question(topic, seed)
            for step, slips in zip(topic.steps, q.slips):
                of_formula = {s.name for s in CATALOGUE.values() if s.formula in step.formulas}
                assert set(slips) | set(step.same) == of_formula and not set(slips) & set(step.same)
                assert all(same in ("", *slips) for same in step.same.values())


@pytest.mark.parametrize("name", [t.name for t in TOPICS.values() if any(s.same for s in t.steps)])
def test_merged_slips_are_equal_on_all_variants(name):
    for seed in range(40):
        q = question.question(TOPICS[name], seed)
        for i, step in enumerate(q.topic.steps):
            for slip, same in step.same.items():
                answer = exactly(step.compute(CATALOGUE[slip].wrong, q.given, q.truth[:i]))
                assert answer == (q.slips[i][same] if same else q.truth[i])


def test_numbers_are_drawn_again_until_the_slips_are_apart():
    zeros, draws = exactly([0.0] * 4), []  # with no residual all slips are right

    def third(rng):
        draws.append(0)
        return {"y": zeros, "y_hat": zeros} if len(draws) < 3 else TOPICS["loss"].draw(rng)

    drawn = question.question(TOPICS["loss"]._replace(draw=third), 0)
    assert any(drawn.truth[0]) and len(draws) == 3
    never = TOPICS["loss"]._replace(draw=lambda rng: {"y": zeros[:1], "y_hat": zeros[:1]})
    with pytest.raises(RuntimeError, match="cannot be told apart"):
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
    two = [[F(2)]], [[F(0)]]
    step = Step(1, ("network.loss",), lambda f, g, e: f(*two), {}, {"mean_for_sum": ""})
    assert set(wrong(step, {}, ())) == {"missing_half", "not_squared"}
