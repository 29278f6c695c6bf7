"""Each mutant is planted, and the test that stands beside it must see it."""

import pytest
from mutants import MUTANTS, assert_caught


@pytest.mark.parametrize("mutant", MUTANTS, ids=[m.name for m in MUTANTS])
def test_a_planted_mutant_is_caught(mutant, monkeypatch):
    assert_caught(monkeypatch, mutant.formula, mutant.edits, mutant.caught_by)
