"""Kernels for notebooks, forked from one process that has imported what notebooks import.

A new kernel imports IPython, NumPy and Matplotlib for two to three seconds. A forked one has them
after a few milliseconds, and it is as clean: no cell has run in it. `python warm.py serve` is the
process that forks a kernel for every connection to the socket that is its standard input.
`python warm.py kernel PATH FILE` stands for one kernel: it hands on the connection file, waits
until the kernel ends, and ends the kernel when it is itself ended.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path

SELF = Path(__file__).resolve()
IMPORTED = (
    "numpy",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "IPython.core.pylabtools",
)
FORKS = sys.platform.startswith("linux")  # elsewhere a fork after such imports is not safe


held = []  # the process and our end of its pipe, until this one ends


@cache
def server():
    """Start the warm process, which ends with this one, and return the path of its socket."""
    path = os.path.join(tempfile.mkdtemp(prefix="refnn-"), "socket")
    environment = {**os.environ, "PYTHONPATH": str(SELF.parents[1])}
    ours, theirs = os.pipe()  # the server ends when nobody holds the other end of its pipe
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen(16)  # who comes before all is imported waits here
        command = [sys.executable, SELF, "serve", str(ours), path]
        process = subprocess.Popen(command, stdin=listening, env=environment, pass_fds=[ours])
    os.close(ours)
    held.append((process, theirs))
    return path


def command(file):
    """The command that starts a kernel with this connection file."""
    return [sys.executable, "-S", "-E", str(SELF), "kernel", server(), file]


def _serve(lifeline, path):
    sys.modules.setdefault("rfc3987_syntax", None)  # as in conftest
    for name in IMPORTED:
        import_module(name)
    kernel = import_module("ipykernel.kernelapp")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended kernels leave no zombie
    listening, me = socket.socket(fileno=0), os.getpid()
    while True:
        if int(lifeline) in select.select([0, int(lifeline)], [], [])[0]:
            os.unlink(path)
            os.rmdir(os.path.dirname(path))
            return
        connection, _ = listening.accept()
        if os.fork():
            connection.close()
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(int(lifeline))
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        folder, file = connection.makefile().readline().rstrip("\n").split("\0")
        os.chdir(folder)
        connection.sendall(f"{os.getpid()}\n".encode())
        options = {"log_level": 40, "parent_handle": me}  # 40: errors, no word about the transport
        options = [f"--IPKernelApp.{name}={value}" for name, value in options.items()]
        kernel.launch_new_instance(argv=["-f", file, *options])
        os._exit(0)


def _kernel(path, file):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    connection.sendall(f"{os.getcwd()}\0{file}\n".encode())
    pid = int(connection.makefile().readline())

    def end(*_):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os._exit(1)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, lambda *_: os.kill(pid, signal.SIGINT))
    while connection.recv(1):  # until the kernel has ended, which closes its socket
        pass


if __name__ == "__main__":
    _kernel(*sys.argv[2:]) if sys.argv[1] == "kernel" else _serve(*sys.argv[2:])
