"""One process with NumPy serves many sessions, each in a child of its own, and leaves nothing."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from checking.running.test_sandbox import ended
from refnn.checking.running import process
from refnn.checking.running.sandbox import Session, run

forks = pytest.mark.skipif(not process.FORKS, reason="children are forked on Linux only")
ROOT = Path(process.__file__).parents[3]


def server():
    run("a:f", [0], source="def f(x): return x")
    return process._server[0].pid


@forks
def test_sessions_share_the_server_and_nothing_else():
    source = "import os, sys\nkept = []\ndef f(x):\n    kept.append(x)\n    sys.path.append('/x')\n"
    source += (
        "    os.environ['X'] = 'x'\n    return [os.getppid(), os.getpid(), len(kept), os.getcwd()]"
    )
    first, second = (run("a:f", [1], source=source)[0] for _ in range(2))
    assert first[0] == second[0] == server()
    assert first[1] != second[1] and first[2] == second[2] == 1 and first[3] != second[3]
    clean = (
        "import os, sys\ndef f(x): return ['/x' in sys.path, 'X' in os.environ, 'a' in sys.modules]"
    )
    assert run("a:f", [0], source=clean) == [[False, False, True]]


@forks
def test_a_child_has_its_own_group_and_only_its_own_descriptors():
    source = "import os\ndef f(x):\n    own = os.getpgid(0) == os.getpid()\n"
    source += "    return [own, *os.listdir('/proc/self/fd')]"
    with Session("a:f", source=source) as first, Session("a:f", source=source) as second:
        for session in (first, second):
            [[own, *descriptors]] = session.ask([0])
            assert own and len(descriptors) <= 7  # three, letters, answers, nothing, and the list


@forks
def test_many_sessions_at_a_time_from_many_threads():
    found = {}

    def one(k):
        found[k] = run("a:f", [k] * 3, source="def f(x): return 2 * x")

    threads = [threading.Thread(target=one, args=(k,)) for k in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {k: [2 * k] * 3 for k in range(12)}


@forks
def test_a_server_that_dies_is_replaced_and_its_children_end():
    before = server()
    with Session("a:f", source="import os\ndef f(x): return os.getpid()") as session:
        [pid] = session.ask([0])
        os.kill(before, signal.SIGKILL)
        assert session.ask([0]) == [pid]  # the child itself goes on
    assert ended(pid) and server() != before


@forks
def test_random_numbers_differ_from_session_to_session():
    source = (
        "import random\nimport numpy as np\ndef f(x): return [random.random(), np.random.rand()]"
    )
    first, second = (run("a:f", [0], source=source)[0] for _ in range(2))
    assert first[0] != second[0] and first[1] != second[1]


@forks
def test_an_exit_status_is_told_and_a_signal_too():
    for end, text in (
        ("os._exit(3)", "the process ended itself with status 3"),
        ("os.kill(os.getpid(), 11)", "the process was ended by SIGSEGV"),
    ):
        assert run("a:f", [0], source=f"import os\ndef f(x): {end}").text == text


def test_without_a_fork_every_session_is_a_new_python(monkeypatch):
    monkeypatch.setattr(process, "FORKS", False)
    source = "import os\ndef f(x): return os.getppid()"
    assert run("a:f", [0], source=source) == [os.getpid()]
    assert "status 3" in run("a:f", [0], source="import os\ndef f(x): os._exit(3)").text


@forks
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_that_ends_the_command_ends_the_function_too(tmp_path, number):
    sleeps = "import os, time\ndef q(x):\n    open('pid', 'w').write(str(os.getpid()) + '.')\n"
    (tmp_path / "sleeps.py").write_text(f"{sleeps}    time.sleep(60)\n")
    command = [sys.executable, "-m", "refnn", "check", "sleeps:q"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    nowhere = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = subprocess.Popen(command, cwd=tmp_path, env=environment, **nowhere)
    pid = tmp_path / "pid"
    for _ in range(600):
        if pid.exists() and pid.read_text().endswith("."):
            break
        time.sleep(0.05)
    started.send_signal(number)
    assert started.wait(20) != 0 and ended(int(pid.read_text()[:-1]))


def test_a_session_costs_little_once_the_server_runs():
    server_or_none = process.FORKS and server()
    start = time.monotonic()
    for _ in range(10):
        run("a:f", [0], source="def f(x): return x")
    assert time.monotonic() - start < (2 if server_or_none else 60)  # 10 ms each, when it is quiet
