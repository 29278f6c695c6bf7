"""This module starts the child process of a session, and ends it.

On Linux a child is forked by the process of `fork_server`, which starts with the first session and
ends with this Python. On other systems, or if it cannot start, every child is a new Python. (On
macOS a fork without a new program is not safe.)
"""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np

from refnn.checking.running import child, fork_server
from refnn.checking.running.fork_server import SIZE, TOKEN, end_left_behind, received

NUMPY = Path(np.__file__).parents[1]  # the folder of sys.path that holds NumPy
FORKS = sys.platform.startswith("linux") and hasattr(socket, "send_fds")
STARTUP = 60  # seconds that Python and NumPy may take to start, even on a busy machine
LIBRARIES = ("OPENBLAS", "OMP", "MKL", "VECLIB_MAXIMUM")  # each is limited to one thread
KEPT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG")


def start(folder, path, token):
    """Start a child in a folder, with a list of folders to import from, and return it.

    The result has the files stdin, stdout and stderr, and `end` and `close`. The token of 32
    letters marks the child and what it starts.

    >>> process = start(os.getcwd(), sys.path, "0" * 32)
    >>> process.end(), process.end(), process.close()  # it was killed
    (-9, -9, None)
    """
    environment = {k: v for k, v in os.environ.items() if k in KEPT}
    environment |= {f"{library}_NUM_THREADS": "1" for library in LIBRARIES}
    environment |= {"PYTHONPATH": os.pathsep.join(path), TOKEN: token}
    request = {"folder": folder, "path": path, "environment": environment}
    for _ in range(2 * FORKS):  # the second time with a new server, if the first one is dead
        with suppress(OSError):
            return _Forked(request)
        _stop_server()
    return _New(request)


def _python(script, environment, **options):
    """Start a new Python in a session of its own, which signals of the terminal do not reach."""
    command = [sys.executable, "-P", "-B", "-W", "ignore", "-X", "utf8", script]
    return subprocess.Popen(command, start_new_session=True, env=environment, **options)


class _Child:
    """What the two kinds of children share."""

    def close(self):
        """Stop reading and writing the files of a child that was ended."""
        for file in (self.stdin, self.stdout, self.stderr):
            with suppress(OSError):
                file.close()

    def used(self):
        """Return the seconds of processor time that a child has used, or None without /proc."""
        try:
            with open(f"/proc/{self.pid}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            return None
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")  # user and system time


class _New(_Child):
    """A child that is a new Python."""

    def __init__(self, request):
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        folder, environment = request["folder"], request["environment"]
        self._process = _python(child.__file__, environment, cwd=folder, **pipes)
        self._token, self.pid = environment[TOKEN], self._process.pid
        self.stdin, self.stdout = self._process.stdin, self._process.stdout
        self.stderr = self._process.stderr

    def end(self):
        """Kill the process and what it started, and return its exit status."""
        if self._process.returncode is None:
            if hasattr(os, "killpg"):
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
            self._process.wait()
            end_left_behind(self._token)
        return self._process.returncode


class _Forked(_Child):
    """A child that the server has forked."""

    def __init__(self, request):
        pipes = [os.pipe() for _ in range(3)]
        here, there = socket.socketpair()
        theirs = [pipes[0][0], pipes[1][1], pipes[2][1]]
        try:
            here.settimeout(STARTUP)
            _send_to_server(request, [*theirs, there.fileno()])
            for descriptor in theirs:
                os.close(descriptor)
            there.close()
            theirs = []
            self.pid = SIZE.unpack(_all(received(here, SIZE.size)))[0]
        except OSError:
            here.close()
            there.close()
            for descriptor in [*theirs, pipes[0][1], pipes[1][0], pipes[2][0]]:
                os.close(descriptor)
            raise
        self._own, self._token, self._status = here, request["environment"][TOKEN], None
        self.stdin = os.fdopen(pipes[0][1], "wb")
        self.stdout, self.stderr = (os.fdopen(p[0], "rb", 0) for p in pipes[1:])

    def end(self):
        """Kill the process and what it started, and return its exit status."""
        if self._status is None:
            self._own.settimeout(STARTUP)
            try:
                self._own.sendall(b"e")
                self._status = int(_all(received(self._own, 8)))
            except OSError:  # the server is dead, so this process kills its children
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.pid, signal.SIGKILL)
                end_left_behind(self._token)
                self._status = -signal.SIGKILL
            self._own.close()
        return self._status


def _all(data):
    if not data:
        raise OSError("the server has ended")
    return data


# --- the server of this process -------------------------------------------------------------------

_lock = threading.Lock()
_server = None  # (its Popen, our end of the socket), None before the first session


def _send_to_server(request, descriptors):
    global _server
    with _lock:
        if _server is None:
            here, there = socket.socketpair()
            environment = request["environment"] | {"PYTHONPATH": str(NUMPY), TOKEN: "-" * 32}
            with there:
                nowhere = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
                script = fork_server.__file__
                _server = _python(script, environment, cwd="/", stdin=there, **nowhere), here
        text = json.dumps(request).encode()
        socket.send_fds(_server[1], [SIZE.pack(len(text))], descriptors)
        _server[1].sendall(text)


def _stop_server():
    """Stop the server and all its children."""
    global _server
    with _lock:
        if _server is not None:
            process, channel = _server
            channel.close()
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
            process.wait()
        _server = None


def _forget_server():
    """Remove the server, which belongs to the process that this one was forked from."""
    global _server, _lock
    if _server is not None:
        process, channel = _server
        channel.close()
        process.returncode = 0  # it is no child of this process
    _server, _lock = None, threading.Lock()


atexit.register(_stop_server)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_server)
