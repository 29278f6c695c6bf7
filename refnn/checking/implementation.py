"""This module checks your own quantize and dequantize functions (or prune, or importance).

    assert not implementation.check(my.quantize, my.dequantize).broken  # one line in a test
    implementation.check("my_module:quantize", "my_module:dequantize")  # in a separate process

A function is tested against promises that every function of its kind should keep, and against
published vectors. The names of its required arguments decide how it is called. quantize(x) has its
own grid (scale, zero point, smallest and largest code) inside, and the grid is inferred from the
codes. quantize(x, scale, zero_point), also with qmin and qmax, is given a grid. quantize(x, W, B,
P) has the article's form (§3.1.1). A prune takes tau, and an importance takes X and y (see
`pruner`). A quantize may return the codes, or (codes, scale, zero_point).

The standard is ONNX's rule: round to the nearest code, ties to even, then saturate (clip to
qmin..qmax). A rule of another convention (Distiller's sign, C's ties) is reported like a mistake,
under its own name. But a quantize(x) that chooses its grid from x may follow any published
convention (see `whole_tensors`).
"""

import warnings
from collections.abc import Callable
from contextlib import ExitStack
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.arrays import Refused
from refnn.checking.catalogue.vectors import VECTORS
from refnn.checking.plane.digits import half_unit, short
from refnn.checking.running import behaviour, child, pruner, whole_tensors
from refnn.checking.running import properties as properties_of
from refnn.checking.running.mistaken import Found
from refnn.checking.running.properties import Broken, Property, promise
from refnn.checking.running.returned import codes_of, depends_on_data, row_by_row
from refnn.checking.running.sandbox import Failure, Session
from refnn.checking.running.staircase import staircase
from refnn.quantization import affine, rounding
from refnn.quantization.affine import QParams
from refnn.validation import takes

# The grid for functions that are given one. Its zero point is odd and its scale is not 1.
GIVEN = QParams(0.25, 5, 0, 15)
# 2B is not a multiple of P, so that decoders with +B and with −B give different results.
ARTICLE = {"W": 8.0, "B": 3.0, "P": 16}
GRID = ("scale", "zero_point", "qmin", "qmax")
OUTPUT = 64  # megabytes; the longest search for the last code asks for 2^19 codes
# fmt: off
ALIASES = {"zp": "zero_point", "zeropoint": "zero_point", "z": "zero_point", "Z": "zero_point",
           "s": "scale", "S": "scale", "Δ": "scale", "delta": "scale",
           "q_min": "qmin", "q_max": "qmax"}
# fmt: on


class Report(NamedTuple):
    """The result of checking a function.

    >>> check(np.rint).broken[0].why
    'the codes go on for more than 131072 steps'
    """

    role: str  # quantize, prune or importance
    grid: QParams | None  # given or inferred; None if it depends on the data
    properties: tuple  # of Property
    vectors: tuple  # of Property, one for each published vector
    behaviours: tuple  # of Behaviour: slips (known mistakes) that the function behaves like
    judged: tuple = ()  # the names of the functions
    found: Found | None = None  # about a quantize whose grid depends on the data
    given: tuple = ()  # the names of the required arguments after the first

    @property
    def broken(self):
        """Return the properties and vectors that do not hold, () for a sound function."""
        return tuple(p for p in (*self.properties, *self.vectors) if p.held is False)


@takes()
def check(quantize, dequantize=None, *, folder=".", seconds=10, memory=1024):
    """Check a function, or two that belong together, and return a Report.

    A text "module:function" is imported from `folder` and runs in a separate process with limits:
    `seconds` of time and `memory` in megabytes. ValueError or TypeError if a function cannot be
    imported, cannot be called with the arguments that it requires, raises an error, or is stopped.

    >>> report = check(lambda x: np.clip(np.floor(np.asarray(x) / 0.5) + 3, 0, 7))
    >>> report.grid.scale, report.behaviours[0].name
    (0.5, 'floor_for_round')
    >>> report.broken[0].why
    'x = -0.05 (0.1 steps below 0) gives code 2, but the nearest code is 3'
    """
    options = {"folder": folder, "seconds": seconds, "memory": memory, "output": OUTPUT}
    with ExitStack() as stack:
        encode = _subject("quantize", quantize, stack, options)
        role = pruner.role(encode.names)
        if role is not None:
            if dequantize is not None:
                raise Refused("dequantize", f"left out if the first function is {role}", "one")
            found, behaviours = pruner.judge(role, encode.call, encode.names, encode.label)
            return Report(role, None, tuple(found), (), tuple(behaviours), (encode.label,))
        decode = None if dequantize is None else _subject("dequantize", dequantize, stack, options)
        names = encode.given()
        labels = (encode.label,) if decode is None else (encode.label, decode.label)
        call = encode.call if names else row_by_row(encode.call)
        if not names and depends_on_data(call):
            report = _from_its_data(call, encode.label, decode)
        else:
            report = _quantizer(encode, decode)
        return report._replace(judged=labels, given=tuple(sorted(names)))


@takes()
def assert_sound(quantize, dequantize=None, *, folder=".", seconds=10, memory=1024):
    """Raise AssertionError if something is broken, and name it and the slip behind it.

    One call is one line in a test. The arguments are those of `check`.

    >>> assert_sound(lambda x: np.clip(np.rint(np.asarray(x) / 0.5) + 3, 0, 7))
    """
    report = check(quantize, dequantize, folder=folder, seconds=seconds, memory=memory)
    if report.broken:
        lines = [f"{p.name}: {p.why}" for p in report.broken]
        for b in report.behaviours:
            like = f"{b.function} behaves like {b.name} ({b.agree} of {b.asked})"
            lines.append(f"{like}: {b.hint}")
        raise AssertionError("\n".join(lines))


# --- the function that is checked -----------------------------------------------------------------


class _Subject(NamedTuple):
    call: Callable  # (*arguments) -> a value or a Failure; it raises nothing
    names: tuple  # of the required arguments
    label: str  # its name in messages

    def given(self):
        """Return the names of the required arguments besides the first."""
        names = {ALIASES.get(name, name) for name in self.names[1:]}
        if self.names and (names <= set(GRID) or names <= set(ARTICLE)):
            return names
        raise Refused(
            self.label,
            "a function of x; of x, scale, zero_point (qmin, qmax); or of x, W, B (P)",
            "a function of " + (", ".join(self.names)[:80] or "nothing"),
        )

    def on(self, values):
        """Return a function of the first argument alone, which takes the others from `values`."""

        def given():
            return {name: values[ALIASES.get(name, name)] for name in self.names[1:]}

        def call(x):
            return self.call(x, *given().values())

        call.given = given  # for a message that shows the call
        return call


def _subject(name, target, stack, options):
    if isinstance(target, str):
        session = stack.enter_context(Session(target, **options))
        if session.failure:
            text = session.failure.text
            raise Refused(target[-80:], "a function that can be imported", text[:160])

        def ask(*arguments):
            answer = session.ask([arguments])
            return answer if isinstance(answer, Failure) else answer[0]

        return _Subject(ask, session.names, target)
    if not callable(target):
        raise Refused(name, "a function or 'module:function'", arrays.describe(target), TypeError)
    names, target = tuple(child.required(target)), child.by_position(target)

    def call(*arguments):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                return target(*arguments)
            except (Exception, SystemExit) as error:
                return Failure("raised", child.in_a_line(error))

    return _Subject(call, names, name)


# --- the checks -----------------------------------------------------------------------------------


def _values(grid):
    return {name: getattr(grid, name) for name in GRID} | ARTICLE


def _from_its_data(call, label, decode):
    """Return the Report of a quantize that chooses its grid from its data."""
    found, properties, behaviours = whole_tensors.judge(call, label)
    if decode is not None and found is not None:
        title, codes = "dequantize is given the grid of the codes", codes_of(call)
        if not decode.given() & {"scale", "zero_point"}:
            why = "it takes no scale, but the grid depends on the data of quantize"
            properties.append(Property(title, None, why))
        else:
            low, high = found.ends
            given = "zero_point" in decode.given()
            zero_point = min(max(GIVEN.zero_point if given else 0, low), high)
            grid = QParams(GIVEN.scale, zero_point, low, high)
            right = properties_of.vector(lambda x: affine.quantize(x, grid), label)
            dtype = _code_dtype(codes)
            more, slips = _decoder(right, decode, grid, dtype, None, known=True, found=behaviours)
            properties, behaviours = properties + more, behaviours + slips
    return Report("quantize", None, tuple(properties), (), tuple(behaviours), found=found)


def _code_dtype(call):
    """Return the dtype of the codes of an encoder."""
    codes = np.asarray(call(properties_of.PROBE.copy()))
    return codes.dtype if codes.dtype.kind in "iuf" else np.dtype(np.int64)


def _decoder(f, decode, grid, dtype, article, known, found):
    """Return (properties, behaviours) of a decoder together with an encoder f on the same grid."""
    asked = decode.on(_values(grid))
    d = _of_dtype(properties_of.vector(asked, decode.label), dtype)
    leaves, code = "the input of the decoder stays unchanged", np.array([grid.zero_point], dtype)
    promises = properties_of.decoding(f, d, grid)
    promises.append(properties_of.untouched(leaves, asked, code))
    if all(p.held is not False for p in promises):
        return promises, []
    return promises, _pair(f, d, grid, article, known, found)


def _quantizer(encode, decode):
    """Return the Report of a quantize with a grid inside, or with one that it is given."""
    names = encode.given()
    if decode is not None:
        decode.given()
    written, values = names & set(ARTICLE), _values(GIVEN)
    call = codes_of(encode.on(values))
    f, found, grid, behaviours = properties_of.vector(call, encode.label), [], None, []
    try:
        found += properties_of.manners(call, f)
        stairs = _stairs(f, names, values)
        grid = _grid(stairs, names, values["zero_point"])
        if grid is None:
            raise Broken(
                "there are at least three codes", "it gives fewer than three different codes"
            )
        if not (stairs.zero or written or {"scale", "zero_point"} <= names):
            inside = "no code changes within a step and a half of 0"
            raise Broken("0.0 has a code of its own", inside)
        found += properties_of.encoding(f, grid, stairs.ended or "qmax" in names)
        article = _article(stairs, written)
        if any(p.held is False for p in found):
            behaviours += behaviour.encoder(f, grid, article, bool(written), _code_dtype(call))
        if decode is not None:
            dtype, known = _code_dtype(call), bool(names)
            more, slips = _decoder(f, decode, grid, dtype, article, known, behaviours)
            found, behaviours = found + more, behaviours + slips
    except Broken as broken:
        found.append(broken.property)
    vectors = []
    if grid is not None and not written:
        vectors += _vectors("quantize", encode, grid)
        vectors += _vectors("dequantize", decode, grid) if decode is not None else []
    return Report("quantize", grid, tuple(found), tuple(vectors), tuple(behaviours))


def _of_dtype(decode, dtype):
    """Return the decoder with its codes cast to this dtype, the one that its encoder gives."""
    return lambda q: decode(q.astype(dtype))


def _stairs(f, names, values):
    """Measure the staircase of f, that is, where its codes change.

    If f is given a zero point but no range, this point must be odd and one of the codes of f. So
    the codes are measured first, then `values` gets the zero point, and f is measured again.
    """
    stairs = staircase(f)
    if stairs is None or "zero_point" not in names or "qmax" in names:
        return stairs
    qmin, z = stairs.qmin, GIVEN.zero_point
    values["zero_point"] = z if qmin <= z <= stairs.qmax else qmin + 1 - qmin % 2
    return staircase(f)


def _grid(stairs, names, given):
    """Return the grid with the fields that were given, and the others as the staircase shows."""
    if names & set(ARTICLE):
        return QParams(1 / ARTICLE["W"], int(ARTICLE["B"]), 0, ARTICLE["P"] - 1)
    if stairs is None or stairs.qmin >= stairs.qmax:
        return None
    qmin, qmax = (GIVEN.qmin, GIVEN.qmax) if "qmax" in names else (stairs.qmin, stairs.qmax)
    scale = GIVEN.scale if "scale" in names else float(stairs.scale)
    zero_point = given if "zero_point" in names else stairs.zero_point
    return QParams(scale, min(max(zero_point, qmin), qmax), qmin, qmax)


def _article(stairs, written):
    """Return (W, B, P) of §3.1.1 with the same edges, or None if the codes do not begin at 0."""
    if written:
        return tuple(ARTICLE.values())
    if stairs is None or stairs.qmin != 0:
        return None
    return float(1 / stairs.scale), float(stairs.offset), stairs.qmax + 1


def _pair(f, d, grid, article, known, found):
    """Find the slips of the decoder on the encoder's grid.

    If the encoder shows no slip on its own grid, it is also tried on the decoder's grid. Its slips
    there are added.
    """
    slips = behaviour.decoder(d, grid, article)
    other = None if known or found else behaviour.grid_of(d, grid.qmin, grid.qmax)
    if other is not None:
        slips += [b for b in behaviour.encoder(f, other) if b.exact]
    return slips


# --- published vectors ----------------------------------------------------------------------------


def _vectors(formula, subject, grid):
    """Yield a Property for every published vector on which the function can be tested.

    This is possible if the function is given the vector's grid, or has the same grid itself.
    """
    decodes, names = formula == "dequantize", subject.given()
    x, printed, matter = ("q", "decoded", GRID[:2]) if decodes else ("x", "codes", GRID)
    for v in VECTORS:
        if v.formula != formula or "axis" in v.inputs:
            continue
        scale, *whole = (v.inputs[name] for name in GRID)
        own = QParams(float(Fraction(scale)), *whole)
        pairs = [(getattr(own, n), getattr(grid, n)) for n in matter if n not in names]
        if all(abs(a - b) <= 1e-9 * abs(a) for a, b in pairs):
            dtype = rounding.code_dtype(own.qmin, own.qmax) if decodes else np.float64
            f = _of_dtype(
                properties_of.vector(codes_of(subject.on(_values(own))), subject.label), dtype
            )
            says = "code {} is decoded to {}" if decodes else "x = {} gives code {}"
            yield _recomputed(v.name, f, _words(v.inputs[x]), _words(v.printed[printed]), says)


def _recomputed(name, f, given, printed, says):
    try:
        got = f(np.array([float(Fraction(w)) for w in given]))
    except Broken as broken:
        return broken.property._replace(name=name)
    expected = np.array([float(Fraction(w)) for w in printed])
    room = np.array([float(half_unit(w)) for w in printed])
    wrong = np.abs(got - expected) > room + 8 * properties_of.U * np.abs(expected)
    i = wrong.argmax()
    why = f"{says.format(given[i], short(got[i]))}, but {printed[i]} is published"
    return promise(name, not wrong.any(), why)


def _words(printed):
    """Split rows of text into words, in reading order."""
    return " ".join(printed if isinstance(printed, list) else [str(printed)]).split()
