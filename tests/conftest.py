"""Seeds come from one fixture that can be moved: pytest --seed 7. Half of the tests run in a second
process; see two_processes.py."""

import os
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: one core for each process

import numpy as np
import pytest
from claimed import claim, once
from two_processes import pytest_runtestloop  # noqa: F401

from refnn.experiments import errata, tour

# nbformat's jsonschema would compile 39 grammars of links for seconds; no notebook needs them
sys.modules.setdefault("rfc3987_syntax", None)


def pytest_addoption(parser):
    parser.addoption("--seed", type=int, default=0, help="the seed of every random test")


@pytest.fixture
def rng(request):
    return np.random.default_rng(request.config.getoption("--seed"))


def pytest_collection_modifyitems(items):
    """The examples of one experiment compute its result once."""
    for item in items:
        if isinstance(item, pytest.DoctestItem) and "compute" in item.dtest.globs:
            item.dtest.globs["compute"] = once(item.dtest.globs["compute"])


@pytest.fixture(scope="session")
def computed():
    """A function: the name of a claim -> what it computed; see claimed.py."""
    return lambda name: once(claim)(name).result


@pytest.fixture(scope="session")
def toured():
    """What the tour computed, and its figures."""
    result = tour.compute()
    return result, tour.draw(result)


@pytest.fixture
def computed_once(monkeypatch, toured):
    """The command shows the tour and the findings of an earlier test: they take seconds each
    time."""
    monkeypatch.setattr(tour, "compute", lambda progress=None: toured[0])
    monkeypatch.setattr(tour, "draw", lambda result: toured[1])
    monkeypatch.setattr(errata, "findings", once(errata.findings))
