"""Half of the tests run in a second process, forked after all are collected.

Both processes take one group of tests after the other from one list. A group is a file, except that
each notebook is a group of its own. The reports of the second process are shown as if they were
made here. Where processes cannot be forked, on one core, for few tests, with --pdb and with -s all
tests run in one process, as pytest does it.
"""

import os
import time
from collections import defaultdict
from multiprocessing import Pipe, get_context
from multiprocessing.connection import wait

import pytest

FEW = 200  # tests, for which a second process is not worth its start
EACH_ALONE = ("tests/test_notebooks.py",)
TOGETHER = {  # files that share a fixture that takes seconds
    "tests/experiments/test_tour.py": "tour",
    "tests/command/test_cli.py": "tour",
    "tests/command/test_reproduce.py": "tour",
    "tests/experiments/test_experiments.py": "claims",
    "tests/experiments/test_pruning_claims.py": "claims",
    "tests/experiments/test_store.py": "claims",
}
FIRST = (  # the groups that take longest, so that both processes end at the same time
    "tests/test_notebooks.py",
    "claims",
    "tour",
    "tests/teaching/test_worksheets.py",
    "tests/checking/running/test_whole_tensors.py",
    "tests/teaching/test_mark_notebook.py",
    "tests/test_mutants.py",
    "tests/quantization/test_codebook.py",
)


def groups(items):
    """The lists of items that run one after the other in one process, the longest first."""
    found = defaultdict(list)
    for item in items:
        file = item.nodeid.split("::")[0]
        found[item.nodeid if file in EACH_ALONE else TOGETHER.get(file, file)].append(item)
    places = {name: place for place, name in enumerate(FIRST)}
    ordered = sorted(found, key=lambda name: places.get(name.split("::")[0], len(FIRST)))
    return [found[name] for name in ordered]


def worth_two(session):
    option = session.config.option
    alone = option.collectonly or option.usepdb or option.capture == "no"
    return (
        not alone
        and len(session.items) > FEW
        and hasattr(os, "fork")
        and (os.cpu_count() or 1) > 1
        and not os.environ.get("REFNN_ONE_PROCESS")
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session):
    """Run all tests in two processes, or return None so that pytest runs them in one."""
    if not worth_two(session):
        return None
    if session.testsfailed and not session.config.option.continue_on_collection_errors:
        return None  # pytest's own loop says that nothing could be collected
    context = get_context("fork")
    taken, stop, work = context.Value("i", 0), context.Value("b", 0), groups(session.items)
    ours, theirs = Pipe(duplex=False)
    pid = os.fork()
    if pid == 0:
        ours.close()
        _second(session, work, taken, stop, theirs)
    theirs.close()
    other = _Reports(session.config, ours)
    try:
        for item, next_item in _items(work, taken):
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=next_item)
            other.show()
            if session.shouldfail or session.shouldstop:
                break
        stop.value = bool(session.shouldfail or session.shouldstop)
        while not other.ended:
            other.show(wait_for_more=True)
    except BaseException:
        os.kill(pid, 9)
        raise
    finally:
        os.waitpid(pid, 0)
    if session.shouldfail:
        raise session.Failed(session.shouldfail)
    if session.shouldstop:
        raise session.Interrupted(session.shouldstop)
    return True


def _items(work, taken):
    """Yield each item of the groups that this process takes, with the next one of its group."""
    while True:
        with taken.get_lock():
            place, taken.value = taken.value, taken.value + 1
        if place >= len(work):
            return
        yield from zip(work[place], [*work[place][1:], None])


class _Reports:
    """The reports of the second process, which are shown here."""

    def __init__(self, config, pipe):
        self.config, self.pipe, self.ended = config, pipe, False

    def show(self, wait_for_more=False):
        while not self.ended and wait([self.pipe], 1 if wait_for_more else 0):
            try:
                data = self.pipe.recv()
            except EOFError:
                raise RuntimeError("the second process of the tests ended too early") from None
            if data is None:
                self.ended = True
            else:
                hook = self.config.hook
                report = hook.pytest_report_from_serializable(config=self.config, data=data)
                hook.pytest_runtest_logreport(report=report)


class _Sender:
    """A plugin that sends each report to the first process."""

    def __init__(self, config, pipe):
        self.config, self.pipe = config, pipe

    def pytest_runtest_logreport(self, report):
        hook = self.config.hook
        self.pipe.send(hook.pytest_report_to_serializable(config=self.config, report=report))


def _second(session, work, taken, stop, pipe):
    """Run groups in the second process and end it."""
    config = session.config
    try:
        capture = config.pluginmanager.getplugin("capturemanager")
        capture.stop_global_capturing()  # the file of the captured output is the first process's
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        capture.start_global_capturing()
        config.pluginmanager.unregister(name="terminalreporter")
        config.pluginmanager.register(_Sender(config, pipe))
        for item, next_item in _items(work, taken):
            config.hook.pytest_runtest_protocol(item=item, nextitem=next_item)
            if stop.value:
                break
        pipe.send(None)
    finally:
        time.sleep(0)  # so that what was sent is on its way
        pipe.close()
        os._exit(0)
