"""Who could print these codes? Every published convention, the formula as written, and every single
slip of them.

A candidate is a way from a whole tensor to codes, and from codes to decoded values, exact on
Fractions:

    convention  each of `conventions`, with a range from x itself, if the levels are 2 to the power of 2 to 16 bits
    formula     §3.1 as written with the solver's (W, B); with W, B = min_max(x) it is a convention
    rounding    the affine map at the scale and zero point that are given, under each of the seven rules
    slip        a formula of these with one mistake of the catalogue (`slips`), all else right
"""

from fractions import Fraction
from functools import lru_cache
from math import lcm

import numpy as np

from refnn import arrays
from refnn.checking import solver
from refnn.checking.catalogue.candidate import Candidate, Made, decoded_by, make_of, tensors
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.plane.circle import feasible_W
from refnn.checking.plane.conflict import decimal
from refnn.checking.roundtrip import roundtrip
from refnn.quantization import affine, as_written, calibration, rounding
from refnn.quantization.affine import QParams
from refnn.quantization.conventions import CONVENTIONS

RULES = ("half_even", "floor", "ceil", "toward_zero", "half_up", "half_down", "half_away")
RULE_OF = {
    "floor_for_round": "floor",
    "truncate_for_round": "toward_zero",
    "half_up_for_half_even": "half_up",
    "half_away_for_half_even": "half_away",
}
CHOICES = {"uint": {"signed": False}, "int": {"signed": True}, "symmetric int": {"symmetric": True}}
MAX_SPREAD = 10**5  # of x, in units of its common denominator: the solver's time grows with it
NO_SLIP_OF_MIN_MAX = (
    "clip_for_mod",
    "remainder_of_C",  # nothing is outside; and what is a convention here
    "minus_B_decoding",
)


def _slips(formula):
    return [s for s in CATALOGUE.values() if s.formula == f"quantization.{formula}"]


def candidates(given):
    """(all candidates for what is Printed, the plainest first; a note on what was left out, or "").

    >>> from refnn.checking.catalogue.candidate import Printed
    >>> given = Printed([Fraction(1), Fraction(2)], [2, 4], 8, Fraction(1, 2), Fraction(0), 0, None)
    >>> [c.name for c in candidates(given)[0] if c.kind == "rounding"][:2]
    ['half_even (0..7)', 'floor (0..7)']
    """
    P, bits = given.levels, given.levels.bit_length() - 1
    whole_bits = given.levels == 2**bits and 2 <= bits <= 16
    out = (
        [Candidate(c.name, "convention", None, _convention(c, bits)) for c in CONVENTIONS]
        if whole_bits
        else []
    )
    if not whole_bits:
        out += [
            Candidate("article, as written", "convention", None, _min_max(P)),
            Candidate(
                "article, sign mended",
                "convention",
                None,
                _min_max(P, decode=CATALOGUE["minus_B_decoding"].wrong),
            ),
        ]
    pairs, note = _pairs(given)
    out += pairs
    out += _slips_as_written(given)
    if given.scale is not None:
        rounded = list(_at_the_given_scale(given))
        out += rounded
        if not rounded:
            outside = f"{given.zero_point} is no code of {P} levels: no rounding was tried"
            note = f"{note}; {outside}" if note else outside
    if whole_bits:
        out += _slips_of_a_choice(given, bits)
    return out, note


def _convention(convention, bits):
    def make(x):
        grid = convention.encode(x, bits)
        if grid is None:
            raise ZeroDivisionError
        return Made(
            [int(c) for c in grid.codes],
            grid.scale,
            grid.zero_point,
            lambda codes: [(c - grid.zero_point) * grid.scale for c in codes],
        )

    return make


def _written(
    W, B, P, encode=as_written.quantize, decode=as_written.dequantize, scale=None, zero_point=None
):
    """§3.1 with this pair, or one half of it exchanged; P in the codes' dtype."""

    def make(x):
        return Made(
            _whole(encode(x, W, B, P)),
            scale,
            zero_point,
            lambda codes: decode(np.array(codes, arrays.code_dtype(0, P - 1)), W, B),
        )

    return make


def _min_max(P, pair=as_written.min_max, **half):
    def make(x):
        W, B = pair(x, P)
        return _written(W, B, P, **half, scale=1 / W, zero_point=-B)(x)

    return make


def _pairs(given):
    """The (W, B) that print the codes and the decoded values, or the codes, or as many codes as can
    be."""
    if not all(0 <= c < given.levels for c in given.codes):
        return [], ""
    spread = (max(given.x) - min(given.x)) * lcm(*(v.denominator for v in given.x))
    left_out = f"floor(x*W + B) mod {given.levels} was left out: "
    if spread > MAX_SPREAD:
        return [], f"{left_out}x is too finely spaced"
    found = []
    try:
        if given.scale is not None:  # then the grid is given: `rounding`
            return [], ""
        if given.decoded:
            for sign in "+-":
                pair = roundtrip(given.x, given.codes, *zip(*given.decoded), given.levels, sign)
                if pair and (pair[1] != 0 or not found):  # with B = 0 both decoders are one
                    found.append((*pair, sign))
        if not found:
            if spread * len(given.x) > MAX_SPREAD and not feasible_W(
                given.x, given.codes, given.levels
            ):
                return (
                    [],
                    "how many of the codes floor(x*W + B) mod P can print was left out: x is too finely spaced",
                )
            solution = solver.solve(given.x, given.codes, given.levels)
            found = [(*(solution.witness or solution.repair.witness), "+")]
    except ValueError as refusal:
        return [], f"{left_out}{refusal}"
    out = []
    for W, B, sign in found:
        decode = as_written.dequantize if sign == "+" else CATALOGUE["minus_B_decoding"].wrong
        decoder = f", (q {sign} B)/W" if given.decoded else ""
        out.append(
            Candidate(
                f"floor(x*W + B) mod {given.levels}{decoder}; W = {decimal(W)}, B = {decimal(B)}",
                "formula",
                None,
                _written(W, B, given.levels, decode=decode),
            )
        )
    return out, ""


def _slips_as_written(given):
    """§3.1 with W and B from x's own ends, and one slip."""
    halves = {"as_written.quantize": "encode", "as_written.min_max": "pair"}
    if given.decoded:
        halves["as_written.dequantize"] = "decode"
    for formula, half in halves.items():
        for s in _slips(formula):
            if s.name not in NO_SLIP_OF_MIN_MAX:
                yield Candidate(
                    f"{s.name} (min-max)", "slip", s.name, _min_max(given.levels, **{half: s.wrong})
                )


def _affine(p, encode=affine.quantize, decode=affine.dequantize, chosen=True):
    def make(x):
        return Made(
            _whole(encode(x, p)),
            p.scale if chosen else None,
            p.zero_point if chosen else None,
            lambda codes: decode(np.array(codes, arrays.code_dtype(p.qmin, p.qmax)), p),
        )

    return make


def _rounded_by(rule):
    def encode(x, p):
        return np.clip(
            getattr(rounding, rule)(affine.quantize_steps(x, p).divided) + p.zero_point,
            p.qmin,
            p.qmax,
        )

    return encode


def _at_the_given_scale(given):
    """The seven rules and the slips on the grids that hold the zero point, unsigned and signed."""
    P, slip_of = given.levels, {rule: name for name, rule in RULE_OF.items()}
    for qmin, qmax in ((0, P - 1), (-(P // 2), P - P // 2 - 1)):
        if qmin <= given.zero_point <= qmax and qmin < qmax:
            p, on = QParams(given.scale, given.zero_point, qmin, qmax), f"({qmin}..{qmax})"
            for rule in RULES:
                yield Candidate(
                    f"{rule} {on}",
                    "rounding",
                    slip_of.get(rule),
                    _affine(p, _rounded_by(rule), chosen=False),
                )
            for s in _slips("affine.quantize"):
                if s.name not in RULE_OF:
                    yield Candidate(
                        f"{s.name} {on}", "slip", s.name, _affine(p, s.wrong, chosen=False)
                    )
            for s in _slips("affine.dequantize") if given.decoded else ():
                yield Candidate(
                    f"{s.name} {on}", "slip", s.name, _affine(p, decode=s.wrong, chosen=False)
                )


def _chosen(bits, options, choose=calibration.choose_qparams, **half):
    return lambda x: _affine(choose(x, bits, **options), **half)(x)


def _slips_of_a_choice(given, bits):
    """choose_qparams with a slip and the affine map; or, where no scale is given, the right choice
    and a slip after."""
    halves = {"calibration.choose_qparams": "choose"}
    if given.scale is None:
        halves |= {"affine.quantize": "encode"} | (
            {"affine.dequantize": "decode"} if given.decoded else {}
        )
    for kind in CHOICES:
        for formula, half in halves.items():
            for s in _slips(formula):
                if _makes_a_difference(s.name, bits, kind, half):
                    yield Candidate(
                        f"{s.name} ({kind}{bits})",
                        "slip",
                        s.name,
                        _chosen(bits, CHOICES[kind], **{half: s.wrong}),
                    )


@lru_cache(maxsize=1000)
def _makes_a_difference(name, bits, kind, half):
    """From the right one, and on symmetric grids from the same slip on others: some slips are about
    an axis, another calibration, or values that no range of the data's own leaves outside."""
    wrong = {half: CATALOGUE[name].wrong}
    here, others = _chosen(bits, CHOICES[kind], **wrong), [_right(bits, kind)]
    if kind.startswith("symmetric"):
        others.append(
            _shown(_chosen(bits, CHOICES["int"], **wrong), x) for x in tensors(2**bits, Fraction(1))
        )
    return all(
        any(_shown(here, x) != shown for x, shown in zip(tensors(2**bits, Fraction(1)), other))
        for other in others
    )


@lru_cache(maxsize=100)
def _right(bits, kind):
    return [_shown(_chosen(bits, CHOICES[kind]), x) for x in tensors(2**bits, Fraction(1))]


def _shown(make, x):
    """All that is to be seen of a tensor: scale and zero point, codes, decoded values; None where
    it divides by 0."""
    made = make_of(make, x)
    return made and (made.codes, made.scale, made.zero_point, decoded_by(made, made.codes))


def _whole(codes):
    return [int(c) for c in np.ravel(codes)]
