"""This module lists the schemes by which a quantizer may choose its grid from its data.

A scheme takes a whole tensor and gives codes, a scale and a zero point. The published ones are the
conventions. The others contain one or two slips (mistakes of the catalogue): in the choice of the
grid (choose_qparams), in the map on a grid (quantize), or in both.

A quantizer may compute in float32 or float64, in another order, or with a tiny number added to its
scale. So an entry of a tensor counts only if the scheme gives it the same code in both precisions,
and also after all entries moved by a few hundredths of a step. On the tensors of `ties` such a move
would remove the ties. There an entry counts if scale and zero point are such that no arithmetic
rounds.
"""

from collections.abc import Callable
from functools import cache, lru_cache, partial, wraps
from typing import NamedTuple

import numpy as np

from refnn.checking.catalogue.explain import NO_VALUE, slips_of
from refnn.checking.catalogue.formulas import CHOOSE, QUANTIZE
from refnn.checking.catalogue.slip import compiled
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.quantization import affine, conventions_rules
from refnn.quantization.conventions import CONVENTIONS
from refnn.quantization.conventions_rules import Chosen

# Each of these conventions equals choose_qparams and then quantize, with these options.
KINDS = {
    "ONNX, uint8": {"signed": False},
    "ONNX, int8": {"signed": True},
    "symmetric by 2^(b−1) − 1": {"symmetric": True},
}
# The range and the zero point of these conventions come from the rule `away` on the codes that are
# given here, and for None from the rule `without_zero`.
RANGES = {
    "ONNX, uint8": conventions_rules.unsigned,
    "ONNX, int8": conventions_rules.signed,
    "MIT lab, int8": None,
}
AWAY, WITHOUT_ZERO, ADD = (
    f"quantization.conventions_rules.{name}" for name in ("away", "without_zero", "round_then_add")
)
IN_MAPS = (*slips_of(QUANTIZE), *slips_of(ADD))
BY_NAME = {c.name: c for c in CONVENTIONS}
LITERAL = "zero_not_in_range"  # on signed codes this is also a published convention, "MIT lab"
MOVED = 0.02  # of a step
PATTERNS = 10  # in which the entries are moved
NEAR = 1e-5  # accepted error of a returned scale (relative to it) and of a returned zero point
KEPT = 2**15  # values; the same tensors are tried on every quantizer
FAR = 2.5  # codes; a code that is further off is wrong, wherever the edges are


class Coded(NamedTuple):
    """The result of a scheme, or of a quantizer, for one tensor."""

    codes: np.ndarray  # float64, of x's shape
    scale: float | None = None  # None if a quantizer does not return it
    zero_point: float | None = None


class Scheme(NamedTuple):
    """A way from a tensor to its codes."""

    name: str  # of the convention that it is, or that its slips change
    slips: tuple  # names of the catalogue, () for the convention itself
    encode: Callable  # x -> Coded; it may raise an error of NO_VALUE


def _listed_once(schemes):
    """Return a function that lists a generator's schemes as a tuple, and keeps this tuple."""
    return wraps(schemes)(cache(lambda bits: tuple(schemes(bits))))


@_listed_once
def published(bits):
    """Return a Scheme for each convention, with codes of this many bits.

    >>> published(8)[2].encode(np.array([-1.0, 2.0]))
    Coded(codes=array([  0., 255.]), scale=0.011764705882352941, zero_point=85.0)
    """
    return (Scheme(c.name, (), partial(_convention, c, bits)) for c in CONVENTIONS)


def _convention(convention, bits, x):
    grid = convention.encode(x, bits)
    if grid is None:
        raise ValueError("the rule divides by 0")
    codes = np.asarray(grid.codes, float)
    return Coded(codes, float(grid.scale), float(grid.zero_point))


@_listed_once
def with_one_slip(bits):
    """Return the schemes with one slip in the choice of the grid, or in the map on a grid.

    >>> [s.slips for s in with_one_slip(8)][:2]
    [('percentile_of_the_range',), ('calibration_ignored',)]
    """
    for name, options in KINDS.items():
        for slip in slips_of(CHOOSE):
            yield Scheme(name, (slip,), partial(_chosen, (slip,), (), bits, options))
    for name in RANGES:
        for slip in slips_of(AWAY):
            yield Scheme(name, (slip,), partial(_ranged, name, slip, (), bits))
    for slip in slips_of(CHOOSE):
        if slip != LITERAL:
            literal = partial(_chosen, (LITERAL, slip), (), bits, KINDS["ONNX, int8"])
            yield Scheme("MIT lab, int8", (slip,), literal)
    for name, c in BY_NAME.items():
        for slip in IN_MAPS if not name.startswith("article") else ():
            on_its_grid = partial(_on_its_grid, c, (slip,), bits, ends(name, bits))
            yield Scheme(name, (slip,), on_its_grid)


@_listed_once
def with_two_slips(bits):
    """Return the schemes with two slips, of which at least one is in the choice of the grid.

    >>> ("zero_not_in_range", "zero_point_sign") in [s.slips for s in with_two_slips(8)]
    True
    """
    for name, options in KINDS.items():
        for slip in slips_of(CHOOSE):
            if slip != LITERAL and "symmetric" not in options:
                both = LITERAL, slip
                yield Scheme(name, both, partial(_chosen, both, (), bits, options))
            for other in IN_MAPS:
                of_each = partial(_chosen, (slip,), (other,), bits, options)
                yield Scheme(name, (slip, other), of_each)
    for name in RANGES:
        for slip in slips_of(AWAY):
            for other in IN_MAPS:
                yield Scheme(name, (slip, other), partial(_ranged, name, slip, (other,), bits))
    for slip in slips_of(CHOOSE):
        for other in IN_MAPS if slip != LITERAL else ():
            options = KINDS["ONNX, int8"]
            literal = partial(_chosen, (LITERAL, slip), (other,), bits, options)
            yield Scheme("MIT lab, int8", (slip, other), literal)


@cache
def _edited(formula, slips):
    """Return a formula with these slips in it, without its checks, or None if they exclude each
    other."""
    edits = tuple(edit for slip in slips for edit in CATALOGUE[slip].edits)
    try:
        function = compiled(formula, edits)[formula.rsplit(".", 1)[1]]
    except LookupError:
        return None
    return getattr(function, "formula", function)


def _chosen(in_choice, in_map, bits, options, x):
    choose = _edited(CHOOSE, in_choice)
    if choose is None:
        raise ValueError("these slips exclude each other")
    return _mapped(in_map, x, choose(x, bits, **options))


def _ranged(name, slip, in_map, bits, x):
    codes = RANGES[name]
    choose = _edited(AWAY if codes else WITHOUT_ZERO, (slip,))
    return _mapped(in_map, x, choose(x, bits, codes) if codes else choose(x, bits))


def _on_its_grid(convention, slips, bits, codes, x):
    grid = convention.encode(x, bits)
    if grid is None:
        raise ValueError("the rule divides by 0")
    return _mapped(slips, x, Chosen(grid.scale, grid.zero_point, *codes))


def _mapped(slips, x, p):
    """Return the Coded of x on a grid, with these slips in the map (or none)."""
    if slips and CATALOGUE[slips[0]].formula == ADD:
        codes = _edited(ADD, slips)(x, p.scale, p.zero_point, p.qmin, p.qmax)
    else:
        p = affine.QParams(p.scale, p.zero_point, p.qmin, p.qmax)
        codes = _edited(QUANTIZE, slips)(x, affine.align(p, x.shape, x.dtype))
    return Coded(np.asarray(codes, float), float(p.scale), float(p.zero_point))


@cache
def ends(name, bits):
    """Return the first and the last code of a convention.

    >>> ends("TFLite weights, int8", 8)
    (-127, 127)
    """
    both = [BY_NAME[name].encode(np.array(x), bits).codes for x in ([-2.0, 0.5], [-1.0, 2.0])]
    return int(np.min(both)), int(np.max(both))


# --- what counts ----------------------------------------------------------------------------------


def value(scheme, x):
    """Return what a scheme gives for x, or None if it has no value.

    >>> value(published(8)[0], np.array([1.0, 1.0])) is None
    True
    """
    return _value(scheme, x.dtype, x.shape, x.tobytes())


@lru_cache(KEPT)
def _value(scheme, dtype, shape, data):
    with np.errstate(all="ignore"):
        try:
            coded = scheme.encode(np.frombuffer(data, dtype).reshape(shape))
        except NO_VALUE:
            return None
    coded.codes.flags.writeable = False
    return coded if np.isfinite([*coded.codes, coded.scale, coded.zero_point]).all() else None


def differs(scheme, x, got, tie=False):
    """Return which codes of a quantizer are not those of the scheme: a bool for each entry.

    got: the Coded of the quantizer for x. Entries that do not count are False. The result is None
    if the scheme has no value for x.

    >>> differs(published(8)[2], np.array([-1.0, 2.0]), Coded(np.array([0.0, 254.0])))
    array([False,  True])
    """
    expected = value(scheme, x)
    if expected is None or expected.codes.shape != got.codes.shape:
        return None
    wrong = expected.codes != got.codes
    if not wrong.any():
        return wrong
    wraps = scheme.name.startswith("article") or "mod_for_clip" in scheme.slips
    far = np.abs(expected.codes - got.codes) > FAR
    if far.any() and not wraps:
        return far
    single = value(scheme, x.astype(np.float32))
    if single is None:
        return None
    wrong &= single.codes == expected.codes
    if tie:
        whole = np.frexp(expected.scale)[0] == 0.5 and expected.zero_point % 1 == 0
        return wrong & whole
    for moved in nudged(x, expected.scale):
        if not wrong.any():
            break
        near = value(scheme, moved)
        if near is None:
            return None
        wrong &= near.codes[: len(x)] == expected.codes
    return wrong


def nudged(x, scale):
    """Yield copies of x that moved by MOVED steps, in several patterns.

    More numbers may follow: x itself, so that its range stays, or one number just outside it.

    >>> next(nudged(np.array([0.0, 7.5]), scale=0.5))
    array([0.01, 7.51])
    """
    low, high = x.min(), x.max()
    step = MOVED * min(abs(scale), (high - low) / 3)
    rng = np.random.default_rng(len(x))
    signs = np.where(np.arange(len(x)) % 2, 1, -1)
    for sign in (1, -1, signs, -signs, *rng.choice([-1, 1], (PATTERNS - 4, len(x)))):
        yield x + step * sign
    yield np.concatenate([x + step * np.sign((low + high) / 2 - x), x])
    for outside in (low - step, high + step):
        yield np.append(x, outside)


def same_grid(scheme, x, got):
    """Return (whether the scale agrees, whether the zero point agrees), None if not decidable.

    A convention with another form of its own, such as W = 1/scale, may return that one.

    >>> same_grid(published(8)[2], np.array([-1.0, 2.0]), Coded(np.zeros(2), 3 / 255, 84))
    (True, False)
    """
    expected = value(scheme, x)
    if expected is None:
        return None, None
    own = getattr(BY_NAME[scheme.name], "own", None)
    forms = [(expected.scale, expected.zero_point)]
    forms += [own(*forms[0])] if own and not scheme.slips else []
    found = [
        (
            got.scale is None or abs(got.scale - scale) <= NEAR * abs(scale),
            got.zero_point is None or abs(got.zero_point - zero_point) <= NEAR,
        )
        for scale, zero_point in forms
    ]
    if (True, True) in found:
        return True, True
    near = [value(scheme, moved) for moved in nudged(x, expected.scale)]
    decided = all(v is not None and v.zero_point == expected.zero_point for v in near)
    return found[0][0], found[0][1] if decided else None
