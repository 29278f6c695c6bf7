"""Tasks: when a returned value is the expected one, and the one that is no formula of refnn."""

import signal
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from mutate_solutions import EQUIVALENT, planted

from refnn.checking.running.sandbox import Failure
from refnn.checking.solver import solve
from refnn.teaching.assignments import ASSIGNMENTS
from refnn.teaching.sources import worked_example
from refnn.teaching.task import same


def test_a_tolerance_is_for_floats_alone():
    assert same(np.float64(1) + 1e-12, 1.0) and not same(1 + 1e-12, 1)
    assert not same(1.0001, 1.0) and not same(np.ones(2), np.ones((2, 1)))
    assert not same(0.1, Fraction(1, 10)) and same(Fraction(2, 20), Fraction(1, 10))
    assert not same(Failure("raised", ""), True) and not same([1, [2]], np.ones(2))
    for odd in (np.complex128(1), "1", None, 1j):  # without a warning: it would be an error
        assert not same(np.array([odd], object), np.ones(1))
    assert same((1, [2.0]), (1, np.array([2]))) and not same((1,), (1, 2))


@pytest.mark.parametrize("P", [1, 2, 3, 5, 8])
def test_three_codes_of_equal_steps_as_the_exact_search_decides(P):
    for codes in product(range(P), repeat=3):
        found = solve(["0.1", "0.2", "0.3"], codes, P)
        assert worked_example.possible(list(codes), P) == found.feasible, codes


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="mutants that hang are stopped by it")
@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_every_mutant_of_a_solution_loses_a_point(name):
    """… with three seeds; `python tests/mutate_solutions.py` tries a hundred."""
    count = 0
    for function, before, after, kept in planted(name, range(3)):
        assert not kept or after in EQUIVALENT, (function, before, after)
        count += 1
    assert count > 15
