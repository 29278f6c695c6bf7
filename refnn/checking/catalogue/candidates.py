"""This module lists all candidates that could have given the codes.

A candidate is a way from a whole tensor to codes, and from codes to decoded values, computed
exactly in Fractions. There are four kinds:

    convention  each of `conventions`, with the range taken from x, for 2^2 to 2^16 levels; if a
                scale and a zero point are given, also the way in which it maps x to codes on that
                grid (in its own form: the scale of Distiller, for example, is in codes per unit)
    formula     §3.1 as written with the solver's (W, B); with W, B = min_max(x) it is a convention
    rounding    the affine map at the given scale and zero point, with other rounding rules
    slip        one of these formulas with one mistake of the catalogue

A rounding or a slip counts only if it changes a result on the tensors of `candidate` at this number
of levels. Other slips cannot show here, for example those about an axis or about values outside the
range.
"""

from fractions import Fraction
from functools import lru_cache, partial
from math import lcm

import numpy as np

from refnn.checking import solver
from refnn.checking.catalogue.candidate import Candidate, Made, differs
from refnn.checking.catalogue.explain import right, slips_of
from refnn.checking.catalogue.formulas import CHOOSE, DEQUANTIZE, QUANTIZE, RULES
from refnn.checking.plane import digits
from refnn.checking.plane.circle import feasible_W
from refnn.checking.roundtrip import roundtrip
from refnn.quantization import affine, as_written, calibration, conventions_rules, rounding
from refnn.quantization.affine import QParams
from refnn.quantization.conventions import CONVENTIONS

WRITTEN = "quantization.as_written"
CHOICES = {"uint": {"signed": False}, "int": {"signed": True}, "symmetric int": {"symmetric": True}}
# The field's conventions come before the article's.
LISTED = sorted(CONVENTIONS, key=lambda convention: convention.name.startswith("article"))
# The range of x in units of its common denominator; the solver's time grows with it.
MAX_SPREAD = 10**5


def bits_of(levels):
    """Return b if there are 2^b levels and b is from 2 to 16, else None.

    >>> bits_of(256), bits_of(10)
    (8, None)
    """
    bits = levels.bit_length() - 1
    return bits if levels == 2**bits and 2 <= bits <= 16 else None


# --- conventions, and §3.1 as written -------------------------------------------------------------


def conventions(given):
    """Return the conventions that could have given the numbers of a Printed.

    >>> from refnn.checking.catalogue.candidate import Printed
    >>> given = Printed([Fraction(1), Fraction(2)], [2, 4], 8, Fraction(1, 2), Fraction(0), 0, None)
    >>> for candidate in conventions(given):
    ...     if "per_tensor" in candidate.name:
    ...         print(candidate.name)
    PyTorch quantize_per_tensor, quint8
    PyTorch quantize_per_tensor, qint8
    PyTorch quantize_per_tensor (codes 0..7)
    PyTorch quantize_per_tensor (codes -4..3)
    """
    bits, out = bits_of(given.levels), []
    for convention in LISTED:
        if bits:
            make = partial(_by_convention, convention=convention, bits=bits)
        elif convention.name.startswith("article"):
            make = _min_max(given.levels, sign=1 if convention is CONVENTIONS[0] else -1)
        else:
            continue
        out.append(Candidate(convention.name, "convention", make, about=convention))
    return out if given.scale is None else [*out, *_at_the_given_scale(given)]


def _by_convention(x, convention, bits):
    grid = convention.encode(x, bits)
    return grid and _on_a_grid(grid.codes, grid.scale, grid.zero_point, convention)


def _on_a_grid(codes, scale, zero_point, convention):
    own = convention.own and convention.own(scale, zero_point)
    return Made(codes, lambda q: [(c - zero_point) * scale for c in q], scale, zero_point, own)


def _at_the_given_scale(given):
    """Yield each way in which conventions map x to codes on a grid with this scale.

    A convention whose own scale is in codes per real unit takes the given number in that unit. A
    convention whose rule fixes the zero point is used only with that zero point."""
    found = {}
    for convention in LISTED:
        scale, zero_point, own = given.scale, given.zero_point, convention.own
        qmin, qmax = _limits(convention, given.levels)
        if convention.code is conventions_rules.from_minimum or qmin is None or qmin >= qmax:
            continue  # its offset is no whole number, or there is no such grid
        if own:
            scale, zero_point = own(scale, zero_point)
        elif not qmin <= zero_point <= qmax:
            continue
        if convention.symmetric and zero_point != (0 if qmin < 0 else (qmin + qmax + 1) // 2):
            continue
        name, on = convention.name.split(",")[0], f"codes {qmin}..{qmax}"
        if own:
            name, on = convention.name, f"{on}, W = {digits.decimal(given.scale)}"
        grid = scale, zero_point, qmin, qmax
        make = partial(_code_at, convention=convention, grid=grid)
        candidate = Candidate(f"{name} ({on})", "convention", make, about=convention)
        found.setdefault((str(convention.code), *grid), candidate)
    yield from found.values()


def _limits(convention, levels):
    if bits := bits_of(levels):
        return convention.limits(bits)
    generic = {
        conventions_rules.unsigned: (0, levels - 1),
        conventions_rules.signed: (-(levels // 2), levels - levels // 2 - 1),
    }
    return generic.get(convention.limits, (None, None))


def _code_at(x, convention, grid):
    codes = convention.code(x, *grid)
    return Made(codes, lambda q: [(c - grid[1]) * grid[0] for c in q])


def _corrected(q, W, B):
    """x̂ = (q − B)/W, the decoder of §3.1.2 with the sign corrected."""
    return as_written.dequantize(q, W, -B)


def _written(W, B, P, encode=as_written.quantize, decode=as_written.dequantize, **grid):
    """Return the `make` of §3.1 with this (W, B), in which encoder or decoder may be replaced."""
    dtype = rounding.code_dtype(0, P - 1)
    return lambda x: Made(
        encode(x, W, B, P), lambda codes: decode(np.array(codes, dtype), W, B), **grid
    )


def _min_max(P, pair=as_written.min_max, sign=1, **half):
    def make(x):
        W, B = pair(x, P)
        grid = {"scale": 1 / W, "zero_point": -sign * B, "own": (W, B)}
        return _written(W, B, P, **half, **grid)(x)

    if sign < 0:
        half["decode"] = _corrected
    return make


# --- the solver's pair ----------------------------------------------------------------------------


def fitted(given):
    """Return (candidates ⌊x·W + B⌋ mod P with a fitting W and B, a note on what was left out).

    If decoded values are given and a pair (W, B) gives them too, that pair is taken.

    >>> from refnn.checking.catalogue.candidate import Printed
    >>> given = Printed([Fraction(1), Fraction(2)], [2, 4], 8, None, Fraction(0), None, None)
    >>> [c.name for c in fitted(given)[0]]
    ['floor(x*W + B) mod 8; W = 2, B = 0']
    """
    x, codes, P = given.x, given.codes, given.levels
    if not all(0 <= c < P for c in codes):
        return [], ""
    spread = (max(x) - min(x)) * lcm(*(v.denominator for v in x))
    left_out, fine = f"floor(x*W + B) mod {P} was not tried: ", "x is too finely spaced"
    if spread > MAX_SPREAD:
        return [], left_out + fine
    if given.scale is not None:  # then the grid is known
        return [], ""
    found = []
    try:
        for sign in "+-" if given.decoded else "":
            pair = roundtrip(x, codes, *zip(*given.decoded), P, sign)
            if pair and (pair[1] != 0 or not found):  # with B = 0 both signs give the same decoder
                found.append((pair, sign))
        if not found:
            if spread * len(x) > MAX_SPREAD and not feasible_W(x, codes, P):
                many = "the number of codes that floor(x*W + B) mod P can give was not computed: "
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


# --- mistakes -------------------------------------------------------------------------------------


def mistakes(given):
    """Return (the roundings and slips that could have given the numbers, a note on those left out).

    >>> from refnn.checking.catalogue.candidate import Printed
    >>> given = Printed([Fraction(1), Fraction(2)], [2, 4], 8, Fraction(1, 2), Fraction(0), 0, None)
    >>> [c.name for c in mistakes(given)[0] if c.kind == "rounding"][:2]
    ['floor (0..7)', 'ceil (0..7)']
    """
    P, bits, out, note = given.levels, bits_of(given.levels), [], ""
    halves = {f"{WRITTEN}.quantize": "encode", f"{WRITTEN}.min_max": "pair"}
    if given.decoded:
        halves[f"{WRITTEN}.dequantize"] = "decode"
    for formula, half in halves.items():
        known = _min_max(P), _min_max(P, sign=-1)
        out += _named(formula, lambda wrong, h=half: _min_max(P, **{h: wrong}), "min-max", known)
    if given.scale is not None:
        on_it = list(_wrong_at_the_given_scale(given))
        out += on_it
        if not on_it:
            note = f"{given.zero_point} is not a code of {P} levels, so no rounding was tried"
    halves = {CHOOSE: "choose"}
    if given.scale is None:
        halves[QUANTIZE] = "encode"
        if given.decoded:
            halves[DEQUANTIZE] = "decode"
    for kind in CHOICES if bits else ():
        for formula, half in halves.items():
            out += _slips_of_a_choice(bits, kind, formula, half)
    return out, note


def _named(formula, make, where, others):
    """Return a Candidate for each slip of a formula, with the `make` that a wrong function gives.

    others: the functions from which it must differ, or a function that returns them for a wrong
    one."""
    out = []
    for name, wrong in slips_of(formula).items():
        from_these = others(wrong) if callable(others) else others
        out.append(Candidate(f"{name} ({where})", "slip", make(wrong), name, from_these))
    return out


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
    p, found = QParams(Fraction(1), 5, -8, 7), {}
    for rule in RULES[1:]:
        known = (_affine(p, _rounded_by(rule)),)
        for name, wrong in slips_of(QUANTIZE).items():
            same = Candidate(name, "slip", _affine(p, wrong), others=known)
            if rule not in found and not differs(same, 16):
                found[rule] = name
    return found


def _wrong_at_the_given_scale(given):
    """Yield the rounding rules and the slips, on the unsigned and the signed grid.

    A grid is used only if the given zero point is one of its codes."""
    P, slip_of = given.levels, _slip_of()
    for qmin, qmax in ((0, P - 1), (-(P // 2), P - P // 2 - 1)):
        if not (qmin <= given.zero_point <= qmax and qmin < qmax):
            continue
        p, on = QParams(given.scale, given.zero_point, qmin, qmax), f"({qmin}..{qmax})"
        for rule in RULES[1:]:
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


def _slips_of_a_choice(bits, kind, formula, half):
    """Return the slips of the affine map on grids of one kind.

    The slip is in the choice of the grid or in the map. On a symmetric grid it must also differ
    from the same slip on an asymmetric grid."""

    def make(wrong, kind=kind):
        return _chosen(bits, kind, **{half: wrong})

    def others(wrong):
        same = (make(wrong, "int"),) if "symmetric" in CHOICES[kind] else ()
        return (_chosen(bits, kind), *same)

    return _named(formula, make, f"{kind}{bits}", others)
