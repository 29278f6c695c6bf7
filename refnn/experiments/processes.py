"""This module runs the parts of an experiment in several processes."""

import signal
from multiprocessing import get_context


def results(function, tasks, processes=1):
    """Yield function(*task) for each task, in their order.

    With more than one process, the tasks are shared out among them. Then the function must be
    defined at the top level of a module. Ctrl-C ends all processes.

    >>> list(results(pow, [(2, 3), (3, 2)]))
    [8, 9]
    """
    if processes < 2 or len(tasks) < 2:
        for task in tasks:
            yield function(*task)
        return
    # New interpreters: a copy of this one could inherit locks that its threads hold.
    with get_context("spawn").Pool(min(processes, len(tasks)), _leave_to_parent) as pool:
        for result in [pool.apply_async(function, task) for task in tasks]:
            yield result.get()


def _leave_to_parent():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
