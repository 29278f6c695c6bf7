"""Tests that run in two processes are all run once, and are reported as in one."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from two_processes import groups

HERE = Path(__file__).parent
TESTS = """
import os, pytest
from pathlib import Path

@pytest.mark.parametrize("i", range(120))
def test_each(i, tmp_path):
    with open(os.environ["LOG"], "a") as log:
        log.write(f"{os.getpid()} {__name__} {i}\\n")
    print("printed", i)
    assert (__name__, i) != ("test_b", 7)
"""


def test_every_item_is_in_one_group_and_long_groups_come_first():
    ids = ["a.py::x", "tests/test_notebooks.py::a[1]", "a.py::y", "tests/test_notebooks.py::b"]
    found = groups([SimpleNamespace(nodeid=name) for name in ids])
    assert [[item.nodeid for item in group] for group in found] == [
        [ids[1]],
        [ids[3]],
        [ids[0], ids[2]],
    ]


@pytest.mark.parametrize("processes", [1, 2])
def test_all_run_once_and_what_fails_is_shown(processes, tmp_path):
    (tmp_path / "conftest.py").write_text(
        f"import sys; sys.path.insert(0, {str(HERE)!r})\n"
        "from two_processes import pytest_runtestloop\n"
    )
    for name in "abc":
        (tmp_path / f"test_{name}.py").write_text(TESTS)
    log = tmp_path / "log"
    environment = {**os.environ, "LOG": str(log)}
    environment.pop("REFNN_ONE_PROCESS", None)
    if processes == 1:
        environment["REFNN_ONE_PROCESS"] = "1"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", "."]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and done.stderr == ""
    assert "1 failed, 359 passed" in done.stdout.splitlines()[-1]
    assert "FAILED test_b.py::test_each[7]" in done.stdout
    assert done.stdout.count("printed 7") == 1 and "printed 8" not in done.stdout
    lines = [line.split() for line in log.read_text().splitlines()]
    assert len({(name, i) for _, name, i in lines}) == len(lines) == 360
    forked = processes == 2 and hasattr(os, "fork") and (os.cpu_count() or 1) > 1
    assert len({pid for pid, *_ in lines}) == (2 if forked else 1)
