"""Seeds come from one fixture that can be moved: pytest --seed 7. Long jobs run beside the tests,
on a second core."""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # before NumPy: a core for the tests, one for what is beside

import numpy as np
import pytest
from claimed import claim, once

from refnn.experiments import errata, tour

RUNS = pytest.StashKey()


def pytest_addoption(parser):
    parser.addoption("--seed", type=int, default=0, help="the seed of every random test")


@pytest.fixture
def rng(request):
    return np.random.default_rng(request.config.getoption("--seed"))


def _jobs(item):
    return [mark.args for mark in item.iter_markers("beside")]


def pytest_collection_modifyitems(items):
    """What waits for a job comes last. The examples of one experiment compute its result once."""
    items.sort(key=lambda item: bool(_jobs(item)))
    for item in items:
        if isinstance(item, pytest.DoctestItem) and "compute" in item.dtest.globs:
            item.dtest.globs["compute"] = once(item.dtest.globs["compute"])


def pytest_collection_finish(session):
    """Start the jobs of the selected tests, one after the other, in one process of their own."""
    jobs = dict.fromkeys(job for item in session.items for job in _jobs(item))
    if jobs and not session.config.option.collectonly:
        pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        session.config.stash[RUNS] = {job: pool.submit(*job) for job in jobs}
        session.config.add_cleanup(lambda: pool.shutdown(cancel_futures=True))


@pytest.fixture(scope="session")
def beside(request):
    """A function: the job of a mark beside(function, *arguments) -> its result. What it raised is
    raised here."""
    return lambda *job: request.config.stash[RUNS][job].result()


@pytest.fixture(scope="session")
def computed(beside):
    """A function: the name of a claim -> what it computed; see claimed.py."""
    return lambda name: beside(claim, name).result


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
