"""Who could print these codes? Every published convention, the formula as written, and every single
slip of them.

A candidate is a way from a whole tensor to codes, and from codes to decoded values, exact on
Fractions:

    convention  each of `conventions`, with a range from x itself, for 2^2 to 2^16 levels
    formula     §3.1 as written with the solver's (W, B); with W, B = min_max(x) it is a convention
    rounding    the affine map at the scale and zero point that are given, by seven rules
    slip        a formula of these with one mistake of the catalogue, all else right

A slip is listed if it changes anything on the tensors of `candidate` at this number of levels: some
are about an axis, or about values that no range of the data's own leaves outside.
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
MAX_SPREAD = 10**5  # of x, in units of its common denominator: the solver's time grows with it


def candidates(given):
    """Return (all candidates for what is Printed, the plainest first; a note on what was left out).

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
            "article, sign mended": _min_max(P, decode=_mended),
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
            outside = f"{given.zero_point} is no code of {P} levels: no rounding was tried"
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
    """Is anything else to be seen of it on some tensor than of each of the others?"""
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


def _mended(q, W, B):
    """(q − B)/W"""
    return as_written.dequantize(q, W, -B)


def _written(W, B, P, encode=as_written.quantize, decode=as_written.dequantize, **grid):
    """§3.1 with this pair, or one half of it exchanged."""
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
    """(the W, B that print the codes, and the decoded values if any does; what was left out)."""
    x, codes, P = given.x, given.codes, given.levels
    if not all(0 <= c < P for c in codes):
        return [], ""
    spread = (max(x) - min(x)) * lcm(*(v.denominator for v in x))
    left_out, fine = f"floor(x*W + B) mod {P} was left out: ", "x is too finely spaced"
    if spread > MAX_SPREAD:
        return [], left_out + fine
    if given.scale is not None:  # then the grid is given: `rounding`
        return [], ""
    found = []
    try:
        for sign in "+-" if given.decoded else "":
            pair = roundtrip(x, codes, *zip(*given.decoded), P, sign)
            if pair and (pair[1] != 0 or not found):  # with B = 0 both decoders are one
                found.append((pair, sign))
        if not found:
            if spread * len(x) > MAX_SPREAD and not feasible_W(x, codes, P):
                many = "how many of the codes floor(x*W + B) mod P can print was left out: "
                return [], many + fine
            solution = solver.solve(x, codes, P)
            found = [(solution.witness or solution.repair.witness, "+")]
    except ValueError as refusal:
        return [], f"{left_out}{refusal}"
    out = []
    for pair, sign in found:
        decoder = f", (q {sign} B)/W" if given.decoded else ""
        name = f"floor(x*W + B) mod {P}{decoder}; {digits.pair(*pair)}"
        half = {} if sign == "+" else {"decode": _mended}
        out.append(Candidate(name, "formula", _written(*pair, P, **half)))
    return out, ""


@lru_cache(maxsize=100)
def _slips_as_written(P, name, half):
    """{name: make} of §3.1 with W and B from x's own ends, and one slip that is no convention."""
    known = [list(_all_seen(make, P)) for make in (_min_max(P), _min_max(P, decode=_mended))]
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
    """{rule: the slip of `quantize` that is this rounding}, where the zero point hides nothing."""
    p, found = QParams(Fraction(1), 5, -128, 127), {}
    for rule in RULES[1:]:
        known = [list(_all_seen(_affine(p, _rounded_by(rule)), 256))]
        for name, wrong in slips_of(QUANTIZE).items():
            if rule not in found and not _differs(_affine(p, wrong), known, 256):
                found[rule] = name
    return found


def _at_the_given_scale(given):
    """The seven rules and the slips on the grids that hold the zero point, unsigned and signed."""
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
    """{name: make}: the affine map by a choice with a slip in one of the two, on grids of a
    kind."""
    found, true = {}, list(_all_seen(_chosen(bits, kind), 2**bits))
    for slip, wrong in slips_of(name).items():
        make, others = _chosen(bits, kind, **{half: wrong}), [true]
        if "symmetric" in CHOICES[kind]:
            others.append(_all_seen(_chosen(bits, "int", **{half: wrong}), 2**bits))
        if _differs(make, others, 2**bits):
            found[slip] = make
    return found
