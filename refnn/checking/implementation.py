"""Somebody's quantize and dequantize (or prune, or importance) against what such a function
promises.

    assert not implementation.check(my.quantize, my.dequantize).broken          # one line in a test
    implementation.check("my_module:quantize", "my_module:dequantize")          # in a process of its own: `sandbox`

What a function must be given says what it is: quantize(x) has its grid inside, which is inferred;
quantize(x, scale, zero_point) or (…, qmin, qmax) is given one; quantize(x, W, B, P) is of the
article's form (§3.1.1). prune has a tau and importance X and y: see `pruner`. The measure is
ONNX's: to the nearest, ties to even, saturated; a rule of another convention (Distiller's sign, C's
ties) is reported like a mistake, and by its name."""

import warnings
from contextlib import ExitStack
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.checking.catalogue.vectors import VECTORS
from refnn.checking.reading.printed import half_unit
from refnn.checking.running import behaviour, child, properties, pruner
from refnn.checking.running.properties import Broken, Property
from refnn.checking.running.sandbox import Failure, Session
from refnn.checking.running.staircase import staircase
from refnn.quantization.affine import QParams

GIVEN = QParams(0.25, 5, 0, 15)  # to functions that are given a grid: an odd zero point, Δ not 1
ARTICLE = {"W": 8.0, "B": 3.0, "P": 16}  # 2B is no multiple of P, which would hide the sign
OUTPUT = 64  # MB: the longest search for an end asks for 2^19 codes
ALIASES = {
    "zp": "zero_point",
    "zeropoint": "zero_point",
    "z": "zero_point",
    "Z": "zero_point",
    "s": "scale",
    "S": "scale",
    "Δ": "scale",
    "delta": "scale",
    "q_min": "qmin",
    "q_max": "qmax",
}


class Report(NamedTuple):
    """role "quantize", "prune" or "importance"; grid: known or inferred, or None; properties and
    vectors, each a Property; behaviours: the slips that it behaves like.

    >>> check(np.rint).broken
    (Property(name='stops at the ends', held=False, why='its codes go on for more than 131072 steps'),)
    """

    role: str
    grid: QParams | None
    properties: tuple
    vectors: tuple
    behaviours: tuple

    @property
    def broken(self):
        """What does not hold; empty for a sound function."""
        return tuple(p for p in (*self.properties, *self.vectors) if p.held is False)


def check(quantize, dequantize=None, *, folder=".", seconds=10, memory=1024):
    """A Report on functions, or on "module:function" imported from a folder and called in a process
    with limits.

    ValueError or TypeError if one cannot be imported, cannot be called with what it asks for,
    raises, or is stopped.

    >>> report = check(lambda x: np.clip(np.floor(np.asarray(x) / 0.5) + 3, 0, 7))
    >>> report.grid.scale, report.broken[0].why, report.behaviours[0].name
    (0.5, '0.1 steps below 0 (x = -0.05) give 2, nearest is 3', 'floor_for_round')
    """
    options = {"folder": folder, "seconds": seconds, "memory": memory, "output": OUTPUT}
    with ExitStack() as stack:
        encode = _subject("quantize", quantize, stack, options)
        role = pruner.role(encode.names)
        if role is not None:
            if dequantize is not None:
                arrays.refuse("check", "dequantize", f"left out beside a function of {role}", "one")
            found, behaviours = pruner.judge(role, encode.call, encode.names, encode.label)
            return Report(role, None, tuple(found), (), tuple(behaviours))
        decode = None if dequantize is None else _subject("dequantize", dequantize, stack, options)
        return _quantizer(encode, decode)


def assert_sound(quantize, dequantize=None, **options):
    """AssertionError with everything that is broken, and the slip behind it: one line in a test.

    >>> assert_sound(lambda x: np.clip(np.rint(np.asarray(x) / 0.5) + 3, 0, 7))
    """
    report = check(quantize, dequantize, **options)
    if report.broken:
        lines = [f"{p.name}: {p.why}" for p in report.broken]
        lines += [
            f"{b.function} behaves like {b.name} ({b.agree} of {b.asked}): {b.hint}"
            for b in report.behaviours
        ]
        raise AssertionError("\n".join(lines))


class _Subject(NamedTuple):
    """call(*arguments) gives a value or a Failure and raises nothing; what it must be given; what
    to call it."""

    call: object
    names: tuple
    label: str


def _subject(name, target, stack, options):
    if isinstance(target, str):
        session = stack.enter_context(Session(target, **options))
        if session.failure:
            arrays.refuse("check", target, "a function that can be imported", session.failure.text)

        def ask(*arguments):
            answer = session.ask([arguments])
            return answer if isinstance(answer, Failure) else answer[0]

        return _Subject(ask, session.names, target)
    if not callable(target):
        arrays.refuse(
            "check", name, "a function or 'module:function'", arrays.describe(target), TypeError
        )

    names, target = tuple(child.required(target)), child.by_position(target)

    def call(*arguments):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                return target(*arguments)
            except (Exception, SystemExit) as error:
                return Failure("raised", child.told(error))

    return _Subject(call, names, name)


def _given(subject):
    """(further arguments, their names): what the function must be given besides its first."""
    names = tuple(ALIASES.get(name, name) for name in subject.names[1:])
    if not subject.names or not (
        set(names) <= {"scale", "zero_point", "qmin", "qmax"} or set(names) <= set(ARTICLE)
    ):
        arrays.refuse(
            "check",
            subject.label,
            "a function of x alone, or also of scale, zero_point (qmin, qmax) or of W, B (P)",
            "one of " + (", ".join(subject.names)[:80] or "nothing"),
        )
    return names


def _bound(subject, names, values):
    return lambda x: subject.call(x, *(values[name] for name in names))


def _values(grid):
    return {
        "scale": grid.scale,
        "zero_point": grid.zero_point,
        "qmin": grid.qmin,
        "qmax": grid.qmax,
        **ARTICLE,
    }


def _quantizer(encode, decode):
    names = _given(encode)
    decode_names = () if decode is None else _given(decode)
    written = set(names) & set(ARTICLE)
    values = _values(GIVEN)
    call = _bound(encode, names, values)
    f, found, grid, behaviours, vectors = properties.vector(call, encode.label), [], None, [], []
    try:
        found += properties.manners(call, f)
        stairs = staircase(f)
        if stairs is not None and "zero_point" in names and "qmax" not in names:
            values["zero_point"] = _odd_inside(stairs.qmin, stairs.qmax)
            stairs = staircase(f)
        grid = _grid(stairs, names, values["zero_point"])
        if grid is None:
            raise Broken(
                Property(
                    "tells numbers apart", False, "fewer than three codes, whatever the number"
                )
            )
        if not stairs.zero and not {"scale", "zero_point"} <= set(names) and not written:
            raise Broken(
                Property(
                    "0.0 has a code of its own",
                    False,
                    "no code changes within a step and a half of 0",
                )
            )
        found += properties.encoding(f, grid, stairs.ended or "qmax" in names)
        article = _article(stairs, written)
        if any(p.held is False for p in found):
            behaviours += behaviour.encoder(f, grid, article, bool(written))
        if decode is not None:
            decoded, dtype = (
                properties.vector(_bound(decode, decode_names, _values(grid)), decode.label),
                _dtype(call),
            )

            def d(q):
                return decoded(q.astype(dtype))

            found += [
                *properties.decoding(f, d, grid),
                properties.untouched(
                    "decoder leaves its input alone",
                    (_bound(decode, decode_names, _values(grid))),
                    np.array([grid.zero_point], dtype),
                ),
            ]
            if any(p.held is False for p in found[-5:]):
                behaviours += _pair(f, d, grid, article, known=bool(names), found=behaviours)
    except Broken as broken:
        found.append(broken.args[0])
    if grid is not None and not written:
        vectors = [
            *_vectors("quantize", encode, names, grid),
            *(() if decode is None else _vectors("dequantize", decode, decode_names, grid)),
        ]
    return Report("quantize", grid, tuple(found), tuple(vectors), tuple(behaviours))


def _dtype(call):
    """Of the codes that the encoder gives: its decoder is asked with the same."""
    a = np.asarray(call(properties.PROBE.copy()))
    return a.dtype if a.dtype.kind in "iuf" else np.dtype(np.int64)


def _odd_inside(qmin, qmax):
    """The zero point to give to a function with codes qmin..qmax: odd, and in range."""
    return GIVEN.zero_point if qmin <= GIVEN.zero_point <= qmax else qmin + 1 - qmin % 2


def _grid(stairs, names, given):
    """The grid that was given, where it was; the rest of it as the staircase has it."""
    if set(names) & set(ARTICLE):
        return QParams(1 / ARTICLE["W"], int(ARTICLE["B"]), 0, ARTICLE["P"] - 1)
    if stairs is None or stairs.qmin >= stairs.qmax:
        return None
    qmin, qmax = (GIVEN.qmin, GIVEN.qmax) if "qmax" in names else (stairs.qmin, stairs.qmax)
    scale = GIVEN.scale if "scale" in names else float(stairs.scale)
    zero_point = given if "zero_point" in names else stairs.zero_point
    return QParams(scale, min(max(zero_point, qmin), qmax), qmin, qmax)


def _article(stairs, written):
    """(W, B, P) of §3.1.1 with the same edges, where its codes would begin at 0."""
    if written:
        return tuple(ARTICLE.values())
    if stairs is None or stairs.qmin != 0:
        return None
    return float(1 / stairs.scale), float(stairs.offset), stairs.qmax + 1


def _pair(f, d, grid, article, known, found):
    """The slip of a decoder on the encoder's grid; and, if the encoder shows none, which it has on
    the decoder's."""
    slips = behaviour.decoder(d, grid, article)
    other = None if known or found else behaviour.grid_of(d, grid.qmin, grid.qmax)
    if other is not None:
        slips += [b for b in behaviour.encoder(f, other) if b.exact]
    return slips


def _vectors(formula, subject, names, grid):
    """Every published vector that the function can be asked: one whose grid it takes, or has."""
    given, printed = {"quantize": ("x", "codes"), "dequantize": ("q", "decoded")}[formula]
    for v in VECTORS:
        if v.formula != formula or "axis" in v.inputs:
            continue
        own = QParams(
            float(Fraction(v.inputs["scale"])),
            *(v.inputs[n] for n in ("zero_point", "qmin", "qmax")),
        )
        matter = (
            ("scale", "zero_point")
            if formula == "dequantize"
            else ("scale", "zero_point", "qmin", "qmax")
        )
        if all(
            name in names
            or abs(getattr(own, name) - getattr(grid, name)) <= 1e-9 * abs(getattr(own, name))
            for name in matter
        ):
            dtype = float if formula == "quantize" else arrays.code_dtype(own.qmin, own.qmax)
            yield _recomputed(
                v.name,
                _words(v.inputs[given]),
                dtype,
                _words(v.printed[printed]),
                own,
                subject,
                names,
            )


def _recomputed(name, given, dtype, printed, own, subject, names):
    x = np.array([float(Fraction(w)) for w in given]).astype(dtype)
    f = properties.vector(_bound(subject, names, _values(own)), subject.label)
    try:
        got = f(x)
    except Broken as broken:
        return broken.args[0]._replace(name=name)
    expected = np.array([float(Fraction(w)) for w in printed])
    room = np.array([float(half_unit(w)) for w in printed])
    wrong = np.nonzero(np.abs(got - expected) > room + 8 * properties.U * np.abs(expected))[0]
    return Property(
        name,
        not len(wrong),
        ""
        if not len(wrong)
        else (
            f"{given[wrong[0]]} gives {properties.shown(got[wrong[0]])}, printed {printed[wrong[0]]}"
        ),
    )


def _words(printed):
    """The numbers of rows of text, in reading order."""
    return " ".join(printed if isinstance(printed, list) else [str(printed)]).split()
