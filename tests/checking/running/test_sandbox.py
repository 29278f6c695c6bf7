"""Code that hangs, exits, floods, eats memory, forges or patches is stopped within its limit, and
the next one has its turn."""

import os
import sys
import time

import numpy as np
import pytest

from refnn.checking.running import sandbox
from refnn.checking.running.sandbox import Failure, Session, run

posix = pytest.mark.skipif(os.name != "posix", reason="limits of memory and file size need POSIX")
LIMITS = {"memory": 256, "output": 2}  # and 10 seconds
FORGED = """
import os
def f(x):
    for fd in range(3, 30):
        try:
            os.write(fd, {line!r} + b"\\n")
        except OSError:
            pass
    return x
"""

FLOOD = """
import os
def f(x):
    while True:
        for fd in range(3, 30):
            try:
                os.write(fd, b"x" * 10**5)
            except OSError:
                pass
"""

GRANDCHILD = """
import os, time
def f(x):
    r, w = os.pipe()
    if not os.fork():
        os.setsid()
        n = os.fork()
        if n:
            os.write(w, b"%d" % n)
            os._exit(0)
        time.sleep(60)
    return int(os.read(r, 20))
"""

# fmt: off
# source, kind of the failure
STOPPED = {
    "an endless loop": ("def f(x):\n    while True: pass", "time"),
    "sleep": ("import time\ndef f(x): time.sleep(100)", "time"),
    "an endless loop at import": ("while True: pass", "time"),
    "deaf to every signal": (
        "import signal\nfor n in range(1, 32):\n    try: signal.signal(n, signal.SIG_IGN)\n"
        "    except (OSError, ValueError): pass\ndef f(x):\n    while True: pass", "time"),
    "os._exit(0)": ("import os\ndef f(x): os._exit(0)", "exit"),
    "os._exit at import": ("import os\nos._exit(3)", "exit"),
    "a crash": ("import os, signal\ndef f(x): os.kill(os.getpid(), signal.SIGSEGV)", "exit"),
    "all files closed": (
        "import os, time\ndef f(x):\n    os.closerange(0, 30)\n    time.sleep(100)", "exit"),
    "gigabytes printed": ("def f(x):\n    while True: print('x' * 10**6)", "output"),
    "gigabytes on stderr": (
        "import os\ndef f(x):\n    while True: os.write(2, b'x' * 10**6)", "output"),
    "gigabytes forged": (FLOOD, "output"),
    "a huge answer": ("import numpy as np\ndef f(x): return np.zeros(10**6)", "output"),
    "no such function": ("g = 1", "import"), "a syntax error": ("def f(:", "import"),
    "no function": ("f = 3", "import"), "exit at import": ("import sys\nsys.exit(0)", "import"),
    "raises at import": ("1 / 0", "import"),
}
# source, kind of the failure of one answer: the process goes on
FAILED = {
    "sys.exit": ("import sys\ndef f(x): sys.exit(0)", "exit"),
    "exit()": ("def f(x): exit()", "exit"),
    "waits for input": ("def f(x): return input()", "raised"),
    "a number without end": ("def f(x): return 16 ** 2**14", "answer"),
    "a fraction without end": (
        "from fractions import Fraction\ndef f(x): return [Fraction(1, 16 ** 2**12)]", "answer"),
    "recursion": ("def f(x): return f(x)", "raised"),
    "raises": ("def f(x): raise KeyError('no')", "raised"),
    "interrupts itself": ("def f(x): raise KeyboardInterrupt", "raised"),
    "raises what cannot be told": (
        "class E(Exception):\n    def __str__(self): raise self\ndef f(x): raise E", "raised"),
    "takes two": ("def f(x, y): return x", "raised"),
    "an object": ("def f(x): return object()", "answer"),
    "a dict": ("def f(x): return {1: 2}", "answer"),
    "an array of objects": ("import numpy as np\ndef f(x): return np.array([object()])", "answer"),
    "strings": ("import numpy as np\ndef f(x): return np.array(['a'])", "answer"),
    "a list in itself": ("a = []\na.append(a)\ndef f(x): return a", "answer"),
    "an array too large": ("import numpy as np\ndef f(x): return np.zeros(10**12)", "memory"),
    "eats memory": ("def f(x):\n    a = []\n    while True: a.append(bytearray(10**7))", "memory"),
    "writes a huge file": ("def f(x):\n    open('big', 'wb').write(bytes(2 * 10**6))", "raised"),
}
# fmt: on


@pytest.mark.parametrize("name", STOPPED)
def test_what_must_be_stopped_is_and_the_next_goes_on(name):
    source, kind = STOPPED[name]
    start = time.monotonic()
    failure = run("a:f", [1.0, 2.0], source=source, seconds=0.3 if kind == "time" else 10, **LIMITS)
    assert isinstance(failure, Failure) and failure.kind == kind, failure
    assert failure.at == (None if kind == "import" or "import" in name else 0)
    assert time.monotonic() - start < 10  # 0.3 and the start of Python on a busy machine
    assert "\n" not in failure.text and len(failure.text) <= 300


@posix
@pytest.mark.parametrize("name", FAILED)
def test_a_failed_answer_leaves_the_process_for_the_next(name):
    source, kind = FAILED[name]
    found = run("a:f", [1.0, 2.0], source=source, **LIMITS)
    assert [f.kind for f in found] == [kind, kind] and [f.at for f in found] == [0, 1], found


GARBLED = [
    b"",
    b"{",
    b"[" * 10**5,
    b"null",
    b'{"value": {"pickle": "gASVAA=="}}',
    b'{"value": {"int": "z"}}',
    b'{"value": {"array": ["<f8", [1000000000000], "AAAA", true]}}',
    b'{"value": {"float": "0x1p99999"}}',
    b'{"value": {"array": ["O", [1], "AAAAAAAAAAA=", true]}}',
    b'{"value": {"array": ["<f8", [-1], "", true]}}',
    b'{"value": {"array": ["<f8", 3, "", true]}}',
    b'{"value": {"fraction": ["0x1"]}}',
    b'{"value": {"params": [null, null, null, null]}}',
    b'{"failed": ["raised", 3]}',
    b'{"failed": 3}',
    b'{"failed": ["no such kind", "x"]}',
    b"\xff\xfe",
    b"NaN",
    b"1e999",
    b'{"value": {"int": "0x1' + b"0" * 2**14 + b'"}}',
    b'{"value": {"fraction": ["0x1", "0x1' + b"0" * 2**12 + b'"]}}',
]


def test_a_forged_answer_is_data_and_never_an_exception():
    unreadable = Failure("answer", "its answer cannot be read")
    for line in GARBLED:
        assert sandbox._read(line) == unreadable, line
    for line in GARBLED[2:8:2]:
        assert run("a:f", [1.0], source=FORGED.format(line=line)) == [unreadable._replace(at=0)]
    right = b'{"value": {"float": "0x1p+1"}}'  # what is forged is the caller's to judge, like any
    assert run("a:f", [1.0], source=FORGED.format(line=right)) == [2.0]


def test_what_a_failure_says_cannot_move_the_cursor():
    source = "def f(x): raise ValueError('a\\n\\x1b[31m\\r' + 'b' * 10**5)"
    [failure] = run("a:f", [0], source=source)
    assert failure.text.isprintable() and len(failure.text) <= 300


def test_a_patched_numpy_is_patched_in_the_child_alone():
    source = "import numpy as np\nnp.clip = np.asarray = np.rint = lambda *a: 'forged'\n"
    source += "def f(x): return x * 2"
    assert run("a:f", [np.arange(3.0)], source=source)[0].tolist() == [0, 2, 4]
    assert np.clip(5, 0, 3) == 3


def test_a_read_only_array_is_read_only_there():
    x = np.arange(3.0)
    x.flags.writeable = False
    source = "def f(x):\n    x += 1\n    return x"
    assert run("a:f", [x], source=source)[0].kind == "raised"
    assert run("a:f", [np.arange(3.0)], source=source)[0].tolist() == [1, 2, 3]


def test_a_session_is_one_process_with_one_clock():
    source = "n = 0\ndef f(x, scale, bits=8):\n    global n\n    n += 1\n    return n"
    with Session("a:f", source=source) as session:
        assert session.names == ("x", "scale") and session.failure is None
        assert session.ask([(0, 1), (0, 1)]) == [1, 2]
        assert session.ask([(0, 1)]) == [3] and session.ask([]) == []
    source = "import time\ndef f(x): time.sleep(0.25)"
    late = run("a:f", [0] * 9, source=source, seconds=0.6)
    assert late[:2] == ("time", "it did not finish within 0.6 s")
    assert late.at in (1, 2)  # of nine, on a busy machine 1
    with Session("a:f", source="import os\ndef f(x): os._exit(1)") as session:
        first = session.ask([0])
        assert first.kind == "exit" and session.ask([0]) == first  # no answers after it


def test_a_turn_has_a_clock_of_its_own_within_that_of_the_whole():
    source = "import time\ndef f(x): time.sleep(x)"
    with Session("a:f", source=source, seconds=2, output=1) as session:
        for _ in range(2):
            session.turn(0.7, 1)
            assert session.ask([0.4]) == [None]
        session.turn(0.2)
        assert session.ask([0.4]).text == "it did not finish within 0.2 s"
    with Session("a:f", source=source, seconds=0.3) as session:
        session.turn(5)
        assert session.ask([9]).text == "it did not finish within 0.3 s"


def test_a_turn_of_no_length_is_refused():
    for bad, word in (
        ((0,), "seconds"),
        (("1",), "seconds"),
        ((1, 0), "output"),
        ((1, 0.5), "output"),
    ):
        with pytest.raises((ValueError, TypeError), match=f"turn: {word} must be"):
            Session("a:f", source="").turn(*bad)


def test_a_turn_may_print_anew():
    with Session("a:f", source="def f(x): print('x' * x)", output=1) as session:
        for _ in range(3):
            session.turn(10, 1)
            assert session.ask([400_000]) == [None]
        assert session.ask([900_000, 10]).kind == "output"


def test_what_is_hidden_is_not_on_the_path(tmp_path, monkeypatch):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "__init__.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    source = "def f(x):\n    import secret\n    return secret.x"
    assert run("a:f", [0], source=source) == [1]
    assert run("a:f", [0], source=source, hidden=("secret",))[0].kind == "raised"
    session = Session("a:f", source="", hidden=("numpy",))
    assert not session._hides(str(sandbox.NUMPY))  # the child needs it


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_what_left_the_group_ends_with_it():
    [pid] = run("a:f", [0], source=GRANDCHILD)
    assert isinstance(pid, Failure) or ended(pid)  # no process of its own: the limit


@posix
def test_what_the_process_started_ends_with_it(tmp_path):
    source = (
        "import os, time\ndef f(x):\n    n = os.fork()\n    if not n: time.sleep(60)\n    return n"
    )
    [pid] = run("a:f", [0], source=source)
    if isinstance(pid, Failure):
        assert pid.kind == "raised"  # no process of its own: the limit
        return
    assert ended(pid)  # root is not limited: killed


def ended(pid):
    for _ in range(100):
        try:
            os.kill(pid, 0)
            with open(f"/proc/{pid}/stat") as stat:
                if stat.read().split()[2] == "Z":  # dead, and nobody's child
                    return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.02)
    return False


def test_a_module_is_imported_from_its_folder_and_nothing_is_left_there(tmp_path):
    (tmp_path / "package").mkdir()
    mine = "from package.other import y\ndef f(x): return x + y\n"
    (tmp_path / "package" / "mine.py").write_text(mine)
    (tmp_path / "package" / "other.py").write_text("y = 1\n")
    (tmp_path / "json.py").write_text("raise ImportError('shadow')\n")  # not ours to stumble over
    assert run("package.mine:f", [1], folder=tmp_path) == [2]
    assert {p.name for p in tmp_path.rglob("*")} == {"package", "mine.py", "other.py", "json.py"}
    assert run("no_such_module:f", [1], folder=tmp_path).kind == "import"


def test_five_submissions_in_seconds():
    start = time.monotonic()
    for k in range(5):
        found = run("a:f", [np.arange(5.0)] * 5, source=f"def f(x): return x + {k}")
        assert found[4].tolist()[0] == k
    assert time.monotonic() - start < 10  # 0.1 s each here: two hundred well within minutes


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("no colon", []), "target"),
        (("a:b:c", []), "target"),
        ((3, []), "target"),
        (("os;x:f", []), "target"),
        (("a:f", [], "seconds", 0), "seconds"),
        (("a:f", [], "seconds", np.nan), "seconds"),
        (("a:f", [], "memory", 8.0), "memory"),
        (("a:f", [], "output", 0), "output"),
        (("a:f", [], "files", -1), "files"),
        (("a:f", [], "folder", "/no/such/folder"), "folder"),
        (("a:f", [], "folder", 3), "folder"),
        (("a:f", [], "hidden", "refnn"), "hidden"),
        (("a:f", [], "hidden", [3]), "hidden"),
        (("a:f", [], "source", 3), "source"),
        (("a.b:f", [], "source", "x = 1"), "source"),
        (("math:sqrt", 5), "inputs"),
        (("math:sqrt", [object()]), "inputs"),
        (("math:sqrt", [{}]), "inputs"),
    ],
)
def test_the_sandbox_refuses_targets_and_limits_that_do_not_fit(arguments, word):
    target, inputs, *option = arguments
    with pytest.raises((ValueError, TypeError), match=rf"run: {word} must be"):
        run(target, inputs, **({option[0]: option[1]} if option else {}))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc tells a child's time")
def test_with_a_load_the_time_of_the_processor_is_limited_and_not_the_clock():
    source = (
        "import time\ndef f(wait):\n    time.sleep(wait)\n    while not wait: pass\n    return wait"
    )
    with Session("answer:f", source=source, seconds=0.2, load=20) as session:
        assert session.ask([0.3]) == [0.3]
        failure = session.ask([0])
    assert failure[:2] == ("time", "it used more than 0.2 s of processor time")
    with Session("answer:f", source=source, seconds=0.1, load=2) as session:
        assert session.ask([9])[:2] == ("time", "it did not finish within 0.2 s")
