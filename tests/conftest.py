"""Seeds come from one fixture that can be moved: pytest --seed 7. The notebooks run beside the other tests."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from executed import execute

RUNS = pytest.StashKey()


def pytest_addoption(parser):
    parser.addoption("--seed", type=int, default=0, help="the seed of every random test")


@pytest.fixture
def rng(request):
    return np.random.default_rng(request.config.getoption("--seed"))


def _notebook(item):
    return item.callspec.params.get("path") if getattr(item, "originalname", "") == "test_a_notebook_runs" else None


def pytest_collection_modifyitems(items):
    """What waits for a notebook comes last."""
    items.sort(key=lambda item: _notebook(item) is not None)


def pytest_collection_finish(session):
    """Start them, one after the other, in a thread of their own: they are processes, for the second core."""
    paths = [path for path in map(_notebook, session.items) if path]
    if paths and not session.config.option.collectonly:
        pool = ThreadPoolExecutor(1)
        session.config.stash[RUNS] = {path: pool.submit(execute, path) for path in paths}
        session.config.add_cleanup(lambda: pool.shutdown(cancel_futures=True))


@pytest.fixture
def executed(request):
    """A function: the path of a notebook -> its cells after a run from a clean kernel."""
    def cells(path: Path):
        runs = request.config.stash[RUNS]
        return runs[path].result() if path in runs else execute(path)          # one that was not selected
    return cells
