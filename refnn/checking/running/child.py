"""This script runs in the child process and exchanges messages with `sandbox`.

A message is called a letter. It is one line of JSON. A value in it is None, True, False, text, or a
dict with one key:

    {"int": hex}  {"float": hex}  {"fraction": [hex, hex]}  {"list": [...]}  {"tuple": [...]}
    {"params": [four]} {"array": [dtype, shape, base64, writeable]}  {"objects": [shape, [...]]}
    {"named": [names, [...]]} for a named tuple  {"dict": [names, [...]]} if all keys are text

Nothing is unpickled and no number is rounded. ValueError is raised for a value that does not fit
its own description. A whole number has at most 2^16 bits, and the two numbers of a fraction have at
most 2^14 bits each, so that reading a letter never takes long."""

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

# These are imported by name, so that code which patches numpy does not change the letters.
from numpy import asarray, empty, frombuffer
from numpy import dtype as dtype_of

DTYPE = re.compile(r"[<>|=][biufc]\d{1,2}")
FIELDS = ("W_ih", "b_h", "W_ho", "b_o")
DIGITS, OF_A_FRACTION = 2**14, 2**12  # hexadecimal digits; the time of gcd grows with their square


def pack(value, depth=0):
    """Encode a value as data for JSON, or raise TypeError if a letter cannot hold it.

    >>> pack((0.1, [3])), unpack(pack((0.1, [3])))
    ({'tuple': [{'float': '0x1.999999999999ap-4'}, {'list': [{'int': '0x3'}]}]}, (0.1, [3]))
    """
    if depth > 32:
        raise TypeError("lists that are nested too deeply")
    if value is None or isinstance(value, (bool, str)):
        return value
    if type(value) is int:
        return {"int": _hex(value, DIGITS)}
    if type(value) is float:
        return {"float": value.hex()}
    if isinstance(value, Fraction):
        parts = value.numerator, value.denominator
        return {"fraction": [_hex(part, OF_A_FRACTION) for part in parts]}
    if isinstance(value, dict) and value and all(type(name) is str for name in value):
        return {"dict": [list(value), [pack(v, depth + 1) for v in value.values()]]}
    names = getattr(value, "_fields", None)
    if isinstance(value, tuple) and isinstance(names, tuple) and len(names) == len(value):
        return {"named": [[str(n) for n in names], [pack(v, depth + 1) for v in value]]}
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
    """Decode a value that `pack` has encoded, or raise ValueError.

    The four arrays under "params" become a Params.

    >>> unpack(pack(asarray([[1, 2]], "float32")))
    array([[1., 2.]], dtype=float32)
    >>> unpack({"array": ["<f8", [10**12], "AAAA", True]})
    Traceback (most recent call last):
    ValueError: an array whose data do not fit its shape
    """
    if letter is None or isinstance(letter, (bool, str)):
        return letter
    if not isinstance(letter, dict) or len(letter) != 1:
        raise ValueError("a letter of unknown form")
    [(kind, body)] = letter.items()
    if kind in ("int", "float") and isinstance(body, str):
        return _whole(body, DIGITS) if kind == "int" else float.fromhex(body)
    if not isinstance(body, list):
        raise ValueError("a letter of unknown form")
    if kind == "fraction":
        numerator, denominator = (_whole(part, OF_A_FRACTION) for part in map(str, body))
        return Fraction(numerator, denominator or 1)
    if kind in ("list", "tuple"):
        values = [unpack(part) for part in body]
        return values if kind == "list" else tuple(values)
    if kind in ("named", "dict"):
        names, parts = body
        if len(names) != len(parts) or not all(type(name) is str for name in names):
            raise ValueError("a letter of unknown form")
        found = dict(zip(names, map(unpack, parts)))
        return found if kind == "dict" else Named(found)
    if kind == "params":
        from refnn.network import Params

        return Params(*map(unpack, body))
    if kind == "array":
        dtype, shape, data, writeable = body
        raw = base64.b64decode(data, validate=True)
        if not DTYPE.fullmatch(dtype) or dtype_of(dtype).itemsize * _size(shape) != len(raw):
            raise ValueError("an array whose data do not fit its shape")
        a = frombuffer(raw, dtype).reshape(shape)
        return (a.copy() if writeable else a) if shape else a[()]
    if kind == "objects":
        shape, parts = body
        if _size(shape) != len(parts):
            raise ValueError("an array whose data do not fit its shape")
        a = empty(len(parts), dtype=object)
        a[:] = [unpack(part) for part in parts]
        return a.reshape(shape)
    raise ValueError("a letter of unknown form")


class Named(tuple):
    """A named tuple whose names came with it.

    >>> Named({"scale": 0.5, "zero_point": 3})._fields
    ('scale', 'zero_point')
    """

    def __new__(cls, values):
        """Return the tuple of the values of a dict."""
        new = super().__new__(cls, values.values())
        new._fields = tuple(values)
        return new


def _hex(number, digits):
    if number.bit_length() > 4 * digits:
        raise TypeError(f"a number of more than {4 * digits} bits")
    return hex(number)


def _whole(text, digits):
    number = int(text, 16)  # the time is linear in the number of digits
    if number.bit_length() > 4 * digits:
        raise ValueError("a number that is too long")
    return number


def _size(shape):
    if len(shape) > 32 or not all(type(n) is int and 0 <= n < 2**48 for n in shape):
        raise ValueError("an array of unknown shape")
    return math.prod(shape)


def in_a_line(error):
    """Describe an exception in one line, even if its own __str__ raises.

    >>> in_a_line(ValueError("no"))
    'ValueError: no'
    """
    try:
        return f"{type(error).__name__}: {error}"[:300]
    except BaseException:
        return type(error).__name__[:300]


def required(function):
    """Return the names of the required arguments of a function, keyword-only ones last.

    For a function of *arguments alone the result is ["x"].

    >>> required(lambda x, scale, bits=8: x), required(lambda x, *, zero_point: x)
    (['x', 'scale'], ['x', 'zero_point'])
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a built-in function, such as a ufunc
        return ["x"]
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [p.name for p in parameters if p.default is p.empty and p.kind in plain]
    names = names or ["x" for p in parameters if p.kind is p.VAR_POSITIONAL]
    return names + _by_keyword(parameters)


def _by_keyword(parameters):
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]


def by_position(function):
    """Return a function that takes all `required` arguments by position.

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
    """Limit the resources of the process, as far as the system allows it.

    The process cannot raise these limits again."""
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
    """Run the function once and return the packed value, or how it failed."""
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
        text = f"it returned {error}" if isinstance(error, TypeError) else in_a_line(error)
        return {"failed": ["answer", text]}


def _main():
    letters, channel, dumps, write = os.fdopen(os.dup(0), "rb"), os.dup(1), json.dumps, os.write
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # input() fails instead of reading letters
    os.dup2(2, 1)  # printed text goes to stderr, not to the answers

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
            raise TypeError(f"{name} is not a function")
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
