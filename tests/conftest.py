"""Seeds come from one fixture that can be moved: pytest --seed 7."""

import numpy as np
import pytest


def pytest_addoption(parser):
    parser.addoption("--seed", type=int, default=0, help="the seed of every random test")


@pytest.fixture
def rng(request):
    return np.random.default_rng(request.config.getoption("--seed"))
