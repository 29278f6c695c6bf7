"""Somebody's function in a process of its own, with limits of time, memory, printing and file size.

A limit, not a security border: it stops what hangs, exits or eats memory by mistake, and keeps the
caller's own NumPy and variables out of reach. It does not keep code that means harm from reading
files or the network.

What the process answers is data, read with suspicion and judged by the caller, so that a forged
answer proves no more than a returned one. Where the system has no `resource` (Windows), or does not
enforce a limit (macOS: memory), the clock and the bound on what is printed remain. A process that
it leaves behind is ended with it, on Linux also one that left its group, as long as it kept its
environment. The letters that are exchanged are described in `child`."""

import json
import os
import queue
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from refnn import arrays, console
from refnn.arrays import Refused
from refnn.checking.running import child
from refnn.validation import number, takes, whole

KINDS = ("time", "memory", "exit", "raised", "output", "import", "answer")
NUMPY = Path(np.__file__).parents[1]  # the folder of the path that it lies in
STARTUP = 60  # seconds for Python and NumPy to start, however busy the machine
TARGET = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


SECONDS, MEGABYTES = number(0.01, 3600), whole(1, 1024)
LIBRARIES = ("OPENBLAS", "OMP", "MKL", "VECLIB_MAXIMUM")  # one thread of each
KEPT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG")


class Failure(NamedTuple):
    """No answer.

    >>> run("math:sqrt", [4.0, -1.0])[1].kind
    'raised'
    """

    kind: str  # one of KINDS: "output" is too much printed or answered, "answer" an odd value
    text: str  # one line
    at: int | None = None  # of which input


def _target(name, target, arguments):
    if not isinstance(target, str) or not TARGET.fullmatch(target):
        raise Refused(name, "'module:function'", arrays.describe(target))
    return target


def _source(name, source, arguments):
    target = arguments["target"]
    if not isinstance(source, str) or "." in target:
        got = arrays.describe(target if isinstance(source, str) else source)
        raise Refused(name, "the text of a module, named without a point in target", got)
    return source


def _folder(name, folder, arguments):
    if not isinstance(folder, (str, os.PathLike)) or not Path(folder).is_dir():
        raise Refused(name, "an existing folder", arrays.describe(folder))
    return os.path.abspath(folder)


def _names(name, names, arguments):
    if not isinstance(names, (list, tuple)) or not all(isinstance(n, str) for n in names):
        raise Refused(name, "a list of names of packages", arrays.describe(names), TypeError)
    return names


def _list(name, inputs, arguments):
    if not isinstance(inputs, (list, tuple)):
        raise Refused(name, "a list", arrays.describe(inputs), TypeError)
    return inputs


@takes()
def run(target, inputs, **options):
    """Call "module:function" on every input in one process: a list of its values, a Failure where
    it gave none.

    An input is a tuple of arguments, or the only argument. If the process itself ends or has to be
    ended, the whole is one Failure, whose `at` is the input. Options and refusals: see `Session`.

    >>> run("answer:twice", [1.5, (2,)], source="def twice(x): return 2 * x")
    [3.0, 4]
    >>> run("answer:twice", [1.5], source="def twice(x):\\n    while True: pass", seconds=0.2).kind
    'time'
    """
    with Session(target, **options) as session:
        return session.ask(inputs)


class Session:
    """The process, for as long as the `with` lasts; `ask` it as often as need be.

    target   "module:function", imported from `folder`, or from `source`, the text of that module
    seconds  of waiting for it in all, its start apart
    memory   megabytes of address space
    output   megabytes of what it prints and answers in all
    files    megabytes of the largest file it writes
    hidden   names of packages that are kept off its path, where NumPy does not lie in the same
             folder: a hindrance
    names    the arguments that it must be given
    failure  why there is none, or None

    ValueError or TypeError for a target, limit or folder that cannot be.

    >>> with Session("answer:f", source="def f(x, scale): return x / scale") as session:
    ...     session.names, session.ask([(1.0, 4.0)])
    (('x', 'scale'), [0.25])
    """

    @takes(
        target=_target,
        source=_source,
        folder=_folder,
        hidden=_names,
        seconds=SECONDS,
        memory=whole(64, 2**20),
        files=whole(0, 2**20),
        output=MEGABYTES,
    )
    def __init__(
        self,
        target,
        *,
        source=None,
        folder=".",
        seconds=10,
        memory=1024,
        output=16,
        files=1,
        hidden=(),
    ):
        seconds = float(seconds)
        self._task = {"target": target, "seconds": seconds, "memory": memory, "files": files}
        self._left = self._limit = self._turn = seconds
        self._room = output * 2**20
        self._source, self._folder, self._hidden = source, folder, hidden
        self._token = secrets.token_hex(16)
        self.names, self.failure = (), None

    def __enter__(self):
        self._temporary = None
        if self._source is not None:
            self._temporary = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
            self._folder = self._temporary.name
            module = Path(self._folder, f"{self._task['target'].partition(':')[0]}.py")
            module.write_text(self._source, encoding="utf-8", errors="surrogatepass")
        kept = {k: v for k, v in os.environ.items() if k in KEPT}
        kept |= {f"{library}_NUM_THREADS": "1" for library in LIBRARIES}
        path = os.pathsep.join(os.path.abspath(p) for p in sys.path if p and not self._hides(p))
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-B", "-W", "ignore", "-X", "utf8", child.__file__],
            cwd=self._folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env=kept | {"PYTHONPATH": path, "REFNN_SESSION": self._token},
        )
        self._arrived, self._lines = queue.SimpleQueue(), bytearray()
        self._threads = []
        for pipe in (self._process.stdout, self._process.stderr):
            self._in_a_thread(self._listen, pipe)
        self._send(self._task | {"folder": self._folder})
        self._left = self._turn = STARTUP
        started = self._receive()
        self._left = self._turn = self._limit
        names = started if isinstance(started, Failure) else self._receive()
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            self.names = tuple(names)
        else:
            self.failure = self.failure or (names if isinstance(names, Failure) else _garbled())
        return self

    def __exit__(self, *_):
        self._end()
        self._end_left_behind()
        for thread in self._threads:
            thread.join(1)
        if not any(thread.is_alive() for thread in self._threads):  # else something holds the pipe
            for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
                with suppress(OSError):
                    pipe.close()
        if self._temporary:
            self._temporary.cleanup()

    @takes(seconds=SECONDS, output=MEGABYTES)
    def turn(self, seconds, output=None):
        """Give it these seconds from now on, within those that it has in all, and so many megabytes
        again, if given.

        >>> with Session("math:floor", seconds=20) as session:
        ...     session.turn(5)
        ...     session.ask([1.5])
        [1]
        """
        self._turn = self._limit = float(seconds)
        if output is not None:
            self._room = output * 2**20

    @takes(inputs=_list)
    def ask(self, inputs):
        """Return the values for the inputs, in order, or the Failure of the process; after one
        there are no more answers.

        >>> with Session("math:floor") as session:
        ...     session.ask([1.5]), session.ask([(-0.5,)])
        ([1], [-1])
        """
        values = []
        for at, arguments in enumerate(inputs):
            arguments = arguments if isinstance(arguments, tuple) else (arguments,)
            try:
                letter = child.pack(arguments)
            except TypeError as error:
                expected = "numbers, arrays, text or lists of these"
                raise Refused("inputs", expected, error, TypeError) from None
            if self.failure is None:
                self._send(letter)
                value = self._receive()
                values.append(value._replace(at=at) if isinstance(value, Failure) else value)
                self.failure = self.failure and self.failure._replace(at=at)
        return self.failure or values

    def _send(self, letter):
        """In a thread: who does not read its letters must not keep the sender."""

        def write(line):
            with suppress(OSError, ValueError):
                self._process.stdin.write(line)
                self._process.stdin.flush()

        self._threads = [thread for thread in self._threads if thread.is_alive()]
        self._in_a_thread(write, json.dumps(letter).encode() + b"\n")

    def _in_a_thread(self, function, *arguments):
        self._threads.append(threading.Thread(target=function, args=arguments, daemon=True))
        self._threads[-1].start()

    def _listen(self, pipe):
        """Put what arrives on the queue: None where it is too much, b"" at the end."""
        answers = pipe is self._process.stdout
        with suppress(OSError, ValueError):
            while chunk := os.read(pipe.fileno(), 2**16):
                self._room -= len(chunk)
                if self._room < 0:
                    self._arrived.put(None)
                    return
                if answers:
                    self._arrived.put(chunk)
        if answers:
            self._arrived.put(b"")

    def _receive(self):
        """The value of the next line, or a Failure; one that ends the process stays in
        self.failure."""
        start = time.monotonic()
        while b"\n" not in self._lines and self.failure is None:
            try:
                left = min(self._left, self._turn) - (time.monotonic() - start)
                chunk = self._arrived.get(timeout=max(left, 0.001))
            except queue.Empty:
                chunk = "late"
            if chunk == "late":
                limit = self._limit if self._turn <= self._left else self._task["seconds"]
                self._fail("time", f"not done within {limit:g} s")
            elif chunk is None:
                self._fail("output", "more printed or returned than the limit")
            elif chunk:
                self._lines += chunk
            else:
                self._fail(*self._why())
        spent = time.monotonic() - start
        self._left, self._turn = self._left - spent, self._turn - spent
        if self.failure:
            return self.failure
        line, _, rest = self._lines.partition(b"\n")
        self._lines = rest
        return _read(line)

    def _fail(self, kind, text):
        self.failure = Failure(kind, text)
        self._end()

    def _why(self):
        """(kind, text) of a process that ended by itself."""
        code = self._end()
        if code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
            if name == "SIGXCPU":
                return "time", "its processor time is used up"
            return "exit", f"ended by {name}"
        return "exit", f"the process ended itself with status {code}"

    def _end(self):
        """End the process and what it started; its exit status, however often asked."""
        if self._process.returncode is None:
            if hasattr(os, "killpg"):
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
            self._process.wait()
        return self._process.returncode

    def _end_left_behind(self):
        """End what left the process group: it is known by its environment, where there is a
        /proc."""
        for _ in range(100):  # until nothing new was started meanwhile
            found = False
            for environ in Path("/proc").glob("[0-9]*/environ"):
                with suppress(OSError):
                    if self._token.encode() in environ.read_bytes():
                        os.kill(int(environ.parent.name), signal.SIGKILL)
                        found = True
            if not found:
                return

    def _hides(self, folder):
        """Does a folder of the path hold what is hidden, and not what the child needs?"""
        folder = Path(os.path.abspath(folder))
        return folder != NUMPY and any((folder / name).is_dir() for name in self._hidden)


def _read(line):
    """An answer as a value; whatever is wrong with it is a Failure, never an exception."""
    try:
        letter = json.loads(line)
        if letter == "started":
            return letter
        [(key, body)] = letter.items()
        if key == "value":
            return child.unpack(body)
        kind, text = body
        if key == "failed" and kind in KINDS and isinstance(text, str):
            return Failure(kind, " ".join(console.harmless(text[:300]).split()))
    except (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError, MemoryError):
        pass
    return _garbled()


def _garbled():
    return Failure("answer", "an answer that cannot be read")
