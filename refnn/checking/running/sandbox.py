"""This module runs a function in a process of its own, with limits of time, memory and output.

The limits stop code that hangs, exits or uses too much memory by mistake. Such code also cannot
change the NumPy or the variables of the caller. But this is not a security border: it does not stop
malicious code from reading files or using the network.

The answers of the process are treated as data and are checked when they are read. The caller judges
them, so code that forges an answer gains nothing. Some systems have no `resource`
(Windows) or do not enforce every limit (macOS does not limit memory). There, the time limit and the
limit on output still work. Processes that the function has started are stopped together with it. On
Linux this includes a process that left the process group, if it kept its environment. On Linux, no
process of the function outlives the caller, even if the caller is killed. The messages are
described in `child`, and the start of the process in `process`."""

import json
import os
import queue
import re
import secrets
import signal
import sys
import tempfile
import threading
import time
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import NamedTuple

from refnn import arrays, console
from refnn.arrays import Refused
from refnn.checking.running import child, process
from refnn.checking.running.process import NUMPY, STARTUP
from refnn.validation import number, takes, whole

KINDS = ("time", "memory", "exit", "raised", "output", "import", "answer")
TARGET = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


LOOK = 0.1  # seconds from one look at the processor's time to the next
SECONDS, MEGABYTES = number(0.01, 3600), whole(1, 1024)


class Failure(NamedTuple):
    """The reason why a call gave no answer.

    >>> run("math:sqrt", [4.0, -1.0])[1].kind
    'raised'
    """

    kind: str  # one of KINDS; "output": too much output, "answer": a value that cannot be sent
    text: str  # one line
    at: int | None = None  # index of the input


def _target(name, target, arguments):
    if not isinstance(target, str) or not TARGET.fullmatch(target):
        raise Refused(name, "'module:function'", arrays.describe(target))
    return target


def _source(name, source, arguments):
    target = arguments["target"]
    if not isinstance(source, str) or "." in target:
        got = arrays.describe(target if isinstance(source, str) else source)
        raise Refused(name, "the text of a module whose name in target has no dot", got)
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
    """Run "module:function" on every input, in one process, and return the list of values.

    An input is a tuple of arguments, or the only argument. The list holds a Failure for an input
    without a value. If the process ends or must be stopped, a single Failure is returned instead of
    the list, and its `at` is the index of the input. For the options and errors see `Session`.

    >>> run("answer:twice", [1.5, (2,)], source="def twice(x): return 2 * x")
    [3.0, 4]
    >>> run("answer:twice", [1.5], source="def twice(x):\\n    while True: pass", seconds=0.2).kind
    'time'
    """
    with Session(target, **options) as session:
        return session.ask(inputs)


class Session:
    """A child process with one function, which lives as long as the `with` block.

    `ask` may be used as often as needed.

    target   "module:function", imported from `folder`, or from `source`, the text of that module
    seconds  limit of the whole waiting time, without the start of Python
    load     if above 1, `seconds` limits the time of the processor, so that other programs on the
             machine do not matter, and the waiting time may be `load` times as long
    memory   limit of the address space, in megabytes
    output   limit of all printed and returned data, in megabytes
    files    limit of the size of a file that it writes, in megabytes
    hidden   names of packages that it should not import; a folder that also holds NumPy stays
             visible, so this makes the import harder but not impossible
    names    the names of the required arguments
    failure  the Failure of the whole process, or None

    ValueError or TypeError is raised for a bad target, limit or folder.

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
        load=whole(1, 1000),
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
        load=1,
    ):
        seconds = float(seconds)
        # Two limits of the turn: of the clock, and of the processor, which is infinite for load 1
        self._load, self._may_use = load, inf
        self._task = {"target": target, "seconds": seconds, "memory": memory, "files": files}
        self._limit = seconds
        self._left = self._turn = seconds * load
        self._room = output * 2**20
        self._source, self._folder, self._hidden = source, folder, hidden
        self.names, self.failure = (), None

    def __enter__(self):
        self._temporary = None
        if self._source is not None:
            self._temporary = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
            self._folder = self._temporary.name
            module = Path(self._folder, f"{self._task['target'].partition(':')[0]}.py")
            module.write_text(self._source, encoding="utf-8", errors="surrogatepass")
        path = [os.path.abspath(p) for p in sys.path if p and not self._hides(p)]
        self._process = process.start(self._folder, path, secrets.token_hex(16))
        self._arrived, self._lines = queue.SimpleQueue(), bytearray()
        self._threads = []
        for pipe in (self._process.stdout, self._process.stderr):
            self._in_a_thread(self._listen, pipe)
        self._send(self._task | {"folder": self._folder})
        self._left = self._turn = STARTUP
        started = self._receive()
        self._left = self._turn = self._limit * self._load
        self.turn.formula(self, self._limit)
        names = started if isinstance(started, Failure) else self._receive()
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            self.names = tuple(console.harmless(name)[:100] for name in names)
        else:
            self.failure = self.failure or (names if isinstance(names, Failure) else _garbled())
        return self

    def __exit__(self, *_):
        self._process.end()
        for thread in self._threads:
            thread.join(1)
        if not any(thread.is_alive() for thread in self._threads):  # else a pipe is in use
            self._process.close()
        if self._temporary:
            self._temporary.cleanup()

    @takes(seconds=SECONDS, output=MEGABYTES)
    def turn(self, seconds, output=None):
        """Start a new time limit from now on, and a new output limit if it is given.

        seconds: the new limit, within the limit of the whole session.
        output: megabytes.

        >>> with Session("math:floor", seconds=20) as session:
        ...     session.turn(5)
        ...     session.ask([1.5])
        [1]
        """
        self._limit = float(seconds)
        self._turn = self._limit * self._load
        if self._load > 1 and (used := self._process.used()) is not None:
            self._may_use = used + self._limit
        if output is not None:
            self._room = output * 2**20

    @takes(inputs=_list)
    def ask(self, inputs):
        """Return the values for the inputs, in order, or the Failure of the whole process.

        After a Failure of the process there are no more answers.

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
        """Send a letter from a thread, so that a child that reads nothing does not block us."""

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
        """Put arriving bytes on the queue, None if there are too many, and b"" at the end."""
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
        """Return the value of the next line, or a Failure.

        A Failure that ends the process is also kept in self.failure."""
        start = time.monotonic()
        while b"\n" not in self._lines and self.failure is None:
            left = min(self._left, self._turn) - (time.monotonic() - start)
            part = left if self._may_use == inf else min(left, LOOK)
            try:
                chunk = self._arrived.get(timeout=max(part, 0.001))
            except queue.Empty:
                chunk = "late"
            if chunk == "late" and left > part:  # this was only a look at the processor's time
                if (self._process.used() or 0) > self._may_use:
                    self._fail("time", f"it used more than {self._limit:g} s of processor time")
            elif chunk == "late":
                limit = self._limit if self._turn <= self._left else self._task["seconds"]
                self._fail("time", f"it did not finish within {limit * self._load:g} s")
            elif chunk is None:
                self._fail("output", "it printed or returned more than the limit")
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
        self._process.end()

    def _why(self):
        """Return (kind, text) of the Failure of a process that ended by itself."""
        code = self._process.end()
        if code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
            if name == "SIGXCPU":
                return "time", "its processor time is used up"
            return "exit", f"the process was ended by {name}"
        return "exit", f"the process ended itself with status {code}"

    def _hides(self, folder):
        """Return True if a folder of the path holds a hidden package and does not hold NumPy."""
        folder = Path(os.path.abspath(folder))
        return folder != NUMPY and any((folder / name).is_dir() for name in self._hidden)


def _read(line):
    """Decode an answer. A bad answer gives a Failure and never raises."""
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
    return Failure("answer", "its answer cannot be read")
