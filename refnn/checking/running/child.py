"""What runs in the other process, and the letters that the two exchange. Loaded as a script; see
`sandbox`.

A letter is one line of JSON; a value in it is None, True, False, text, or a dict of one key:

    {"int": hex}  {"float": hex}  {"fraction": [hex, hex]}  {"list": [...]}  {"tuple": [...]}
    {"params": [four]} {"array": [dtype, shape, base64, writeable]}  {"objects": [shape, [...]]}

Nothing is unpickled, no number is rounded, and what does not fit its own description is a
ValueError. A whole number has at most 2^16 bits, the two of a fraction 2^14 each: who reads a
letter must not be kept by the arithmetic in it."""

import base64
import importlib
import inspect
import json
import math
import os
import re
import sys
from contextlib import suppress
from fractions import Fraction

# By name: who patches numpy's own does not patch the letters.
from numpy import asarray, empty, frombuffer
from numpy import dtype as dtype_of

DTYPE = re.compile(r"[<>|=][biufc]\d{1,2}")
FIELDS = ("W_ih", "b_h", "W_ho", "b_o")
DIGITS, OF_A_FRACTION = 2**14, 2**12  # hexadecimal ones; gcd is quadratic in them


def pack(value, depth=0):
    """Return a value as JSON takes it; TypeError for what has no place in a letter.

    >>> pack((0.1, [3])), unpack(pack((0.1, [3])))
    ({'tuple': [{'float': '0x1.999999999999ap-4'}, {'list': [{'int': '0x3'}]}]}, (0.1, [3]))
    """
    if depth > 32:
        raise TypeError("lists in lists without end")
    if value is None or isinstance(value, (bool, str)):
        return value
    if type(value) is int:
        return {"int": _hex(value, DIGITS)}
    if type(value) is float:
        return {"float": value.hex()}
    if isinstance(value, Fraction):
        parts = value.numerator, value.denominator
        return {"fraction": [_hex(part, OF_A_FRACTION) for part in parts]}
    if isinstance(value, (list, tuple)):
        return {"list" if isinstance(value, list) else "tuple": [pack(v, depth + 1) for v in value]}
    if all(hasattr(value, field) for field in FIELDS):
        return {"params": [pack(getattr(value, field), depth + 1) for field in FIELDS]}
    a = asarray(value) if hasattr(value, "__array__") else None
    if a is not None and a.dtype.kind in "biufc":
        data = base64.b64encode(a.tobytes()).decode()
        return {"array": [a.dtype.str, list(a.shape), data, a.flags.writeable]}
    if a is not None and a.dtype == object:
        return {"objects": [list(a.shape), [pack(v, depth + 1) for v in a.flat]]}
    raise TypeError(f"a {type(value).__name__}" if a is None else f"an array of dtype {a.dtype}")


def unpack(letter):
    """Return the value of a packed one, or raise ValueError; a Params where there are four arrays
    of one.

    >>> unpack(pack(asarray([[1, 2]], "float32")))
    array([[1., 2.]], dtype=float32)
    >>> unpack({"array": ["<f8", [10**12], "AAAA", True]})
    Traceback (most recent call last):
    ValueError: an array that is not as long as it says
    """
    if letter is None or isinstance(letter, (bool, str)):
        return letter
    if not isinstance(letter, dict) or len(letter) != 1:
        raise ValueError("a letter of no known form")
    [(kind, body)] = letter.items()
    if kind in ("int", "float") and isinstance(body, str):
        return _whole(body, DIGITS) if kind == "int" else float.fromhex(body)
    if not isinstance(body, list):
        raise ValueError("a letter of no known form")
    if kind == "fraction":
        numerator, denominator = (_whole(part, OF_A_FRACTION) for part in map(str, body))
        return Fraction(numerator, denominator or 1)
    if kind in ("list", "tuple"):
        values = [unpack(part) for part in body]
        return values if kind == "list" else tuple(values)
    if kind == "params":
        from refnn.network import Params

        return Params(*map(unpack, body))
    if kind == "array":
        dtype, shape, data, writeable = body
        raw = base64.b64decode(data, validate=True)
        if not DTYPE.fullmatch(dtype) or dtype_of(dtype).itemsize * _size(shape) != len(raw):
            raise ValueError("an array that is not as long as it says")
        a = frombuffer(raw, dtype).reshape(shape)
        return (a.copy() if writeable else a) if shape else a[()]
    if kind == "objects":
        shape, parts = body
        if _size(shape) != len(parts):
            raise ValueError("an array that is not as long as it says")
        a = empty(len(parts), dtype=object)
        a[:] = [unpack(part) for part in parts]
        return a.reshape(shape)
    raise ValueError("a letter of no known form")


def _hex(number, digits):
    if number.bit_length() > 4 * digits:
        raise TypeError(f"a number of more than {4 * digits} bits")
    return hex(number)


def _whole(text, digits):
    number = int(text, 16)  # in a time that is linear in the digits
    if number.bit_length() > 4 * digits:
        raise ValueError("a number that is too long")
    return number


def _size(shape):
    if len(shape) > 32 or not all(type(n) is int and 0 <= n < 2**48 for n in shape):
        raise ValueError("an array of no known shape")
    return math.prod(shape)


def in_a_line(error):
    """Say an exception in a line, whatever its own __str__ does.

    >>> in_a_line(ValueError("no"))
    'ValueError: no'
    """
    try:
        return f"{type(error).__name__}: {error}"[:300]
    except BaseException:
        return type(error).__name__[:300]


def required(function):
    """Return the names of the arguments that a function must be given, those by keyword last; ["x"]
    for *arguments alone.

    >>> required(lambda x, scale, bits=8: x), required(lambda x, *, zero_point: x)
    (['x', 'scale'], ['x', 'zero_point'])
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # built in, such as a ufunc
        return ["x"]
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [p.name for p in parameters if p.default is p.empty and p.kind in plain]
    names = names or ["x" for p in parameters if p.kind is p.VAR_POSITIONAL]
    return names + _by_keyword(parameters)


def _by_keyword(parameters):
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]


def by_position(function):
    """Return a function that takes all that it `required` by position.

    >>> by_position(lambda x, *, scale: x / scale)(3, 2)
    1.5
    """
    try:
        keys = _by_keyword(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        keys = []

    def call(*arguments):
        first = len(arguments) - len(keys)
        return function(*arguments[:first], **dict(zip(keys, arguments[first:])))

    return call if keys else function


def _limit(seconds, memory, files):
    """Set limits that the process cannot raise again, where the system has them."""
    try:
        import resource
    except ImportError:  # Windows
        return
    wanted = {
        "RLIMIT_AS": memory * 2**20,
        "RLIMIT_CPU": math.ceil(seconds) + 2,
        "RLIMIT_FSIZE": files * 2**20,
        "RLIMIT_NPROC": 0,
        "RLIMIT_NOFILE": 64,
        "RLIMIT_CORE": 0,
    }
    for name, value in wanted.items():
        with suppress(AttributeError, ValueError, OSError):
            _, hard = resource.getrlimit(getattr(resource, name))
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(getattr(resource, name), (value, value))


def _answer(function, arguments):
    """One call: its packed value, or how it failed."""
    try:
        value = function(*arguments)
    except MemoryError:
        return {"failed": ["memory", "MemoryError"]}
    except SystemExit as error:
        return {"failed": ["exit", in_a_line(error)]}
    except BaseException as error:
        return {"failed": ["raised", in_a_line(error)]}
    try:
        return {"value": pack(value)}
    except MemoryError:
        return {"failed": ["memory", "MemoryError"]}
    except BaseException as error:
        text = str(error)[:300] if isinstance(error, TypeError) else in_a_line(error)
        return {"failed": ["answer", text]}


def _main():
    letters, channel, dumps, write = os.fdopen(os.dup(0), "rb"), os.dup(1), json.dumps, os.write
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # what it reads is no letter: input() fails
    os.dup2(2, 1)  # and what it prints is no answer

    def send(letter):
        line = memoryview(dumps(letter).encode() + b"\n")
        while line:
            line = line[write(channel, line) :]

    task = json.loads(letters.readline())
    send("started")
    _limit(task["seconds"], task["memory"], task["files"])
    sys.path.insert(0, task["folder"])
    module, name = task["target"].split(":")
    try:
        function = getattr(importlib.import_module(module), name)
        if not callable(function):
            raise TypeError(f"{name} is no function")
        names, function = required(function), by_position(function)
    except BaseException as error:
        send({"failed": ["import", in_a_line(error)]})
        return
    send({"value": pack(names)})
    for line in letters:
        answer = _answer(function, unpack(json.loads(line)))
        try:
            send(answer)
        except MemoryError:
            send({"failed": ["memory", "MemoryError"]})


if __name__ == "__main__":
    _main()
