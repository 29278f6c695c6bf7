"""This module lists all candidates that could have printed given codes.

A candidate is a way from a whole tensor to codes, and from codes to decoded values, computed
exactly in Fractions. There are four kinds:

    convention  each of `conventions`, with the range taken from x, for 2^2 to 2^16 levels
    formula     §3.1 as written with the solver's (W, B); with W, B = min_max(x) it is a convention
    rounding    the affine map at the given scale and zero point, with each of seven rounding rules
    slip        one of these formulas with one mistake of the catalogue

A slip is listed only if it changes a result on the tensors of `candidate` at this number of levels.
Other slips cannot show here, for example those about an axis or about values outside the range.
"""

from fractions import Fraction
from functools import lru_cache
from math import lcm

import numpy as np

from refnn.checking import solver
from refnn.checking.catalogue.candidate import Candidate, Made, seen, tensors
from refnn.checking.catalogue.explain import right, slips_of
from refnn.checking.catalogue.formulas import CHOOSE, DEQUANTIZE, QUANTIZE, RULES
from refnn.checking.plane import digits
from refnn.checking.plane.circle import feasible_W
from refnn.checking.roundtrip import roundtrip
from refnn.quantization import affine, as_written, calibration, rounding
from refnn.quantization.affine import QParams
from refnn.quantization.conventions import CONVENTIONS

WRITTEN = "quantization.as_written"
CHOICES = {"uint": {"signed": False}, "int": {"signed": True}, "symmetric int": {"symmetric": True}}
# The range of x in units of its common denominator; the solver's time grows with it.
MAX_SPREAD = 10**5


def candidates(given):
    """Return (all candidates for a Printed, a note on those that were left out).

    The simplest candidates come first.

    >>> from refnn.checking.catalogue.candidate import Printed
    >>> given = Printed([Fraction(1), Fraction(2)], [2, 4], 8, Fraction(1, 2), Fraction(0), 0, None)
    >>> [c.name for c in candidates(given)[0] if c.kind == "rounding"][:2]
    ['half_even (0..7)', 'floor (0..7)']
    """
    P, bits = given.levels, given.levels.bit_length() - 1
    whole_bits = P == 2**bits and 2 <= bits <= 16
    if whole_bits:
        made = {c.name: _convention(c, bits) for c in CONVENTIONS}
    else:
        made = {
            "article, as written": _min_max(P),
            "article, sign corrected": _min_max(P, decode=_corrected),
        }
    pairs, note = _pairs(given)
    out = [Candidate(name, "convention", make) for name, make in made.items()] + pairs
    halves = {f"{WRITTEN}.quantize": "encode", f"{WRITTEN}.min_max": "pair"}
    if given.decoded:
        halves[f"{WRITTEN}.dequantize"] = "decode"
    for half in halves.items():
        out += _named(_slips_as_written(P, *half), "min-max")
    if given.scale is not None:
        rounded = list(_at_the_given_scale(given))
        out += rounded
        if not rounded:
            outside = f"{given.zero_point} is not a code of {P} levels, so no rounding was tried"
            note = f"{note}; {outside}" if note else outside
    halves = {CHOOSE: "choose"}
    if given.scale is None:
        halves[QUANTIZE] = "encode"
        if given.decoded:
            halves[DEQUANTIZE] = "decode"
    for kind in CHOICES if whole_bits else ():
        for half in halves.items():
            out += _named(_slips_of_a_choice(bits, kind, *half), f"{kind}{bits}")
    return out, note


def _named(made, where):
    return [Candidate(f"{name} ({where})", "slip", make, name) for name, make in made.items()]


def _all_seen(make, levels):
    return (seen(make, x) for x in tensors(levels, Fraction(1)))


def _differs(make, others, levels):
    """Return True if, for each of the others, some tensor gives a different result."""
    return all(any(a != b for a, b in zip(_all_seen(make, levels), other)) for other in others)


# --- conventions, and §3.1 as written -------------------------------------------------------------


def _convention(convention, bits):
    def make(x):
        grid = convention.encode(x, bits)
        if grid is None:
            return None

        def decode(codes):
            return [(c - grid.zero_point) * grid.scale for c in codes]

        return Made(grid.codes, decode, grid.scale, grid.zero_point)

    return make


def _corrected(q, W, B):
    """x̂ = (q − B)/W, the decoder of §3.1.2 with the sign corrected."""
    return as_written.dequantize(q, W, -B)


def _written(W, B, P, encode=as_written.quantize, decode=as_written.dequantize, **grid):
    """Return the `make` of §3.1 with this (W, B), in which encoder or decoder may be replaced."""
    dtype = rounding.code_dtype(0, P - 1)
    return lambda x: Made(
        encode(x, W, B, P), lambda codes: decode(np.array(codes, dtype), W, B), **grid
    )


def _min_max(P, pair=as_written.min_max, **half):
    def make(x):
        W, B = pair(x, P)
        return _written(W, B, P, **half, scale=1 / W, zero_point=-B)(x)

    return make


def _pairs(given):
    """Return (candidates ⌊x·W + B⌋ mod P with a fitting W and B, a note on what was left out).

    If decoded values are given and a pair (W, B) prints them too, that pair is taken."""
    x, codes, P = given.x, given.codes, given.levels
    if not all(0 <= c < P for c in codes):
        return [], ""
    spread = (max(x) - min(x)) * lcm(*(v.denominator for v in x))
    left_out, fine = f"floor(x*W + B) mod {P} was not tried: ", "x is too finely spaced"
    if spread > MAX_SPREAD:
        return [], left_out + fine
    if given.scale is not None:  # then the grid is known, see `rounding`
        return [], ""
    found = []
    try:
        for sign in "+-" if given.decoded else "":
            pair = roundtrip(x, codes, *zip(*given.decoded), P, sign)
            if pair and (pair[1] != 0 or not found):  # with B = 0 both signs give the same decoder
                found.append((pair, sign))
        if not found:
            if spread * len(x) > MAX_SPREAD and not feasible_W(x, codes, P):
                many = "how many codes floor(x*W + B) mod P can print was not computed: "
                return [], many + fine
            solution = solver.solve(x, codes, P)
            found = [(solution.witness or solution.repair.witness, "+")]
    except ValueError as refusal:
        return [], f"{left_out}{refusal}"
    out = []
    for pair, sign in found:
        decoder = f", (q {sign} B)/W" if given.decoded else ""
        name = f"floor(x*W + B) mod {P}{decoder}; {digits.pair(*pair)}"
        half = {} if sign == "+" else {"decode": _corrected}
        out.append(Candidate(name, "formula", _written(*pair, P, **half)))
    return out, ""


@lru_cache(maxsize=100)
def _slips_as_written(P, name, half):
    """Return {slip: make} of §3.1 with W and B from the ends of x.

    A slip that gives the results of a convention is left out."""
    known = [list(_all_seen(make, P)) for make in (_min_max(P), _min_max(P, decode=_corrected))]
    made = {slip: _min_max(P, **{half: wrong}) for slip, wrong in slips_of(name).items()}
    return {slip: make for slip, make in made.items() if _differs(make, known, P)}


# --- the affine map -------------------------------------------------------------------------------


def _affine(p, encode=affine.quantize, decode=affine.dequantize, chosen=True):
    dtype = rounding.code_dtype(p.qmin, p.qmax)
    grid = {"scale": p.scale, "zero_point": p.zero_point} if chosen else {}
    return lambda x: Made(encode(x, p), lambda codes: decode(np.array(codes, dtype), p), **grid)


def _rounded_by(rule):
    def encode(x, p):
        rounded = right(f"rounding.{rule}", {"x": affine.quantize_steps(x, p).divided})["rounded"]
        return np.clip(rounded + p.zero_point, p.qmin, p.qmax)

    return encode


@lru_cache
def _slip_of():
    """Return {rounding rule: the slip of `quantize` that has the same results}.

    The zero point is odd, because an even one can hide a difference."""
    p, found = QParams(Fraction(1), 5, -128, 127), {}
    for rule in RULES[1:]:
        known = [list(_all_seen(_affine(p, _rounded_by(rule)), 256))]
        for name, wrong in slips_of(QUANTIZE).items():
            if rule not in found and not _differs(_affine(p, wrong), known, 256):
                found[rule] = name
    return found


def _at_the_given_scale(given):
    """Yield the seven rounding rules and the slips, on the unsigned and the signed grid.

    A grid is used only if the given zero point is one of its codes."""
    P, slip_of = given.levels, _slip_of()
    for qmin, qmax in ((0, P - 1), (-(P // 2), P - P // 2 - 1)):
        if not (qmin <= given.zero_point <= qmax and qmin < qmax):
            continue
        p, on = QParams(given.scale, given.zero_point, qmin, qmax), f"({qmin}..{qmax})"
        for rule in RULES:
            make = _affine(p, _rounded_by(rule), chosen=False)
            yield Candidate(f"{rule} {on}", "rounding", make, slip_of.get(rule))
        for name, wrong in slips_of(QUANTIZE).items():
            if name not in slip_of.values():
                yield Candidate(f"{name} {on}", "slip", _affine(p, wrong, chosen=False), name)
        for name, wrong in slips_of(DEQUANTIZE).items() if given.decoded else ():
            make = _affine(p, decode=wrong, chosen=False)
            yield Candidate(f"{name} {on}", "slip", make, name)


def _chosen(bits, kind, choose=calibration.choose_qparams, **half):
    return lambda x: _affine(choose(x, bits, **CHOICES[kind]), **half)(x)


@lru_cache(maxsize=100)
def _slips_of_a_choice(bits, kind, name, half):
    """Return {slip: make} of the affine map on grids of one kind.

    The slip is in the choice of the grid or in the map."""
    found, true = {}, list(_all_seen(_chosen(bits, kind), 2**bits))
    for slip, wrong in slips_of(name).items():
        make, others = _chosen(bits, kind, **{half: wrong}), [true]
        if "symmetric" in CHOICES[kind]:
            others.append(_all_seen(_chosen(bits, "int", **{half: wrong}), 2**bits))
        if _differs(make, others, 2**bits):
            found[slip] = make
    return found
