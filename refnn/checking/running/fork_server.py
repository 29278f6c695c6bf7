"""This script runs as a process with NumPy imported, which forks a child for each session.

Starting Python and NumPy takes 150 ms or more, and a fork takes only a few. The module `process`
starts the script once and then sends it a request for every session, through a socket that is its
standard input. The request holds the folder, the environment and the path of the child, and comes
with four descriptors: standard input, output and error of the child, and a socket of this session.
If that socket is closed, or sends a byte, the child is killed, and its exit status is the answer.
The kernel closes the socket if the process that wanted the session ends for whatever reason, so no
child is left behind.

A child has its own process group and its own memory, and no descriptor but its three. No other
child sees what the code in one child does to its memory.
"""

import ctypes
import gc
import json
import os
import select
import signal
import socket
import struct
import sys
from contextlib import suppress
from importlib.util import module_from_spec, spec_from_file_location

TOKEN = "REFNN_SESSION"  # the name of the environment variable by which children are found
SIZE = struct.Struct("!I")  # the length of a request stands before it


def end_left_behind(token):
    """Kill the processes whose environment holds a token, on systems with /proc.

    They have left the process group of their session.

    >>> end_left_behind("no process has this in its environment".replace(" ", "-"))
    """
    for _ in range(100):  # repeat until no new process was started meanwhile
        found = False
        for number in filter(str.isdecimal, os.listdir("/proc") if os.path.isdir("/proc") else ()):
            with suppress(OSError):
                with open(f"/proc/{number}/environ", "rb") as file:
                    mine = int(number) != os.getpid() and f"{TOKEN}={token}".encode() in file.read()
                if mine:
                    os.kill(int(number), signal.SIGKILL)
                    found = True
        if not found:
            return


def received(connection, size):
    """Return exactly this many bytes from a socket, or fewer if it was closed.

    >>> here, there = socket.socketpair()
    >>> there.sendall(b"abc"); there.close(); received(here, 9); here.close()
    b'abc'
    """
    data = b""
    while len(data) < size and (part := connection.recv(size - len(data))):
        data += part
    return data


def _end(pid, token):
    """Kill a child and what it started, and return its exit status."""
    for kill in (os.killpg, os.kill):  # it may not have its own group yet
        with suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    end_left_behind(token)
    return status


def _named(token):
    """Write the token over its placeholder in the memory that /proc/PID/environ shows."""
    getenv = ctypes.CDLL(None).getenv
    getenv.restype, getenv.argtypes = ctypes.c_void_p, [ctypes.c_char_p]
    place = getenv(TOKEN.encode())
    if place:
        ctypes.memmove(place, token.encode(), len(token))


def _become(main, request, standard, highest):
    """Run the child of a session in a forked process, which ends with it."""
    status = 1
    try:
        os.setsid()
        for number, descriptor in enumerate(standard):
            os.dup2(descriptor, number)
        os.closerange(3, highest + 64)
        os.chdir(request["folder"])
        _named(request["environment"][TOKEN])
        os.environ.clear()
        os.environ.update(request["environment"])
        path = request["path"]
        sys.path[:] = path + [folder for folder in sys.path if folder not in path]
        main()
        sys.stdout.flush()
        status = 0
    finally:
        os._exit(status)


def _fork(main, channel, sessions):
    """Read one request, fork its child, and add it to sessions: {descriptor: (socket, pid, token)}.

    Return False if there will be no more requests."""
    head, descriptors, *_ = socket.recv_fds(channel, SIZE.size, 4)
    if len(head) < SIZE.size or len(descriptors) < 4:
        return False
    request = json.loads(received(channel, *SIZE.unpack(head)))
    *standard, own = descriptors
    pid = os.fork()
    if not pid:
        _become(main, request, standard, max(*descriptors, *sessions))
    for descriptor in standard:
        os.close(descriptor)
    session = socket.socket(fileno=own)
    sessions[own] = session, pid, request["environment"][TOKEN]
    with suppress(OSError):
        session.sendall(SIZE.pack(pid))
    return True


def _main(folder):
    spec = spec_from_file_location("child", os.path.join(folder, "child.py"))
    child = module_from_spec(spec)
    spec.loader.exec_module(child)
    given = os.environ["PYTHONPATH"].split(os.pathsep)  # only for the import of NumPy
    sys.path[:] = [entry for entry in sys.path if entry not in given] + given
    gc.freeze()  # a child need not copy what the garbage collector never touches
    channel, sessions, poll = socket.socket(fileno=0), {0: None}, select.poll()
    poll.register(0, select.POLLIN)
    more = True
    while more:
        for descriptor, _ in poll.poll():
            if not descriptor:
                before = set(sessions)
                more = _fork(child._main, channel, sessions)
                for new in set(sessions) - before:
                    poll.register(new, select.POLLIN)
                continue
            poll.unregister(descriptor)
            session, pid, token = sessions.pop(descriptor)
            status = _end(pid, token)
            with suppress(OSError):
                session.recv(1)  # what is left unread would be an error at the other end
                session.sendall(f"{status}".encode())
            session.close()
    for _, pid, token in filter(None, sessions.values()):
        _end(pid, token)


if __name__ == "__main__":
    _main(os.path.dirname(os.path.abspath(__file__)))
