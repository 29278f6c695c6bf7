"""A worked example: claims in, verdicts out. Decided on rationals, never by a tolerance.

An input is a number (0.1 is 1/10); a printed result is an interval: "0.3" stands for [0.25, 0.35],
half a unit of its last digit to each side, and a whole number for itself. So a verdict is one of
four:

    exact          the formula gives the printed numbers
    as printed     what it gives rounds to the printed digits
    cannot be      it does not
    not decidable  something needed is not given, or rounded inputs leave it open

An example is a dict {"title": …, "claims": [...]}. The kinds of claim, and what each needs beside
what is printed ("printed"; for roundtrip "codes" and "decoded"):

    quantize           x, W, B, P     ⌊x·W + B⌋ mod P                                 article §3.1.1
    dequantize         q, W, B        (q + B)/W                                       §3.1.2
    solve              x, P           some (W, B) prints these codes                  §3.1.1, §4.1
    roundtrip          x, P, sign     … and (q ± B)/W these values; sign "?": either
    decoded            x              values without their codes: not decidable
    unread                            numbers of which nobody says what they are: not decidable
    prune              R, tau         the mask not (R < τ), 1 = kept                  §3.2.2

    affine_quantize    x and a grid   clip(round(x/scale) + zero_point), half to even
    affine_dequantize  q and a grid   (q − zero_point)·scale
    choose_qparams     x, bits, signed, symmetric    scale and zero_point of a range that has 0

    loss               y_hat, y       J = ½ Σ ‖y − ŷ‖²                                §4.2.1
    gradient           a network, X, y, activation   ∂J/∂θ, a table of some of the four arrays
    importance         the same and criterion        written, magnitude, gradient, taylor, …
    mask               scores, tau    score ≥ τ; or with sparsity (and scope) for tau: without the
                                      round(sparsity·n) lowest

A grid is scale, zero_point, qmin, qmax (and axis), a network W_ih, b_h, W_ho, b_o. A "name" is
repeated in the verdict, and a key that is not known is refused. P may stand in the example, for all
its claims; where it is not given it is read from 量化级别为N or "quantization levels N" or "P = N"
in the claim's or the example's "text" or "title". With "inputs": "rounded" the inputs are intervals
of half a unit of their last digit too. Where a claim fails and one of the catalogued slips prints
just these numbers, the reason names it.
"""

from typing import NamedTuple

from refnn import arrays
from refnn.arrays import Refused
from refnn.checking.kinds import affine as kinds_affine
from refnn.checking.kinds import network as kinds_network
from refnn.checking.kinds import written as kinds_written
from refnn.checking.reading.printed import Claim, levels_in
from refnn.validation import takes

OF_AN_EXAMPLE = ("title", "text", "inputs", "P", "claims")
OF_ANY_CLAIM = ("kind", "name", "text", "title", "P")
KINDS = {**kinds_written.KINDS, **kinds_affine.KINDS, **kinds_network.KINDS}


class Verdict(NamedTuple):
    """One claim judged."""

    claim: str  # its name, or its kind
    printed: object  # as given
    computed: object  # exact
    holds: bool
    reason: str  # why it does not hold
    status: str  # exact, as printed, cannot be, not decidable


@takes()
def check(example):
    """Judge each claim of a worked example: a list of Verdicts, in order.

    >>> claim = {"kind": "dequantize", "q": [3], "W": "9", "B": 0, "printed": ["0.3"]}
    >>> check({"title": "t", "claims": [claim]})[0].status
    'as printed'
    """
    if not isinstance(example, dict):
        got = arrays.describe(example)
        raise Refused("example", "a dict with a list of claims", got, TypeError)
    claims = example.get("claims")
    if not isinstance(claims, (list, tuple)) or not claims:
        raise Refused("claims", "a list of at least one claim", arrays.describe(claims))
    _known("example", example, OF_AN_EXAMPLE)
    inputs = arrays.choice("inputs", example.get("inputs", "exact"), ("exact", "rounded"))
    return [_judge(c, f"claims[{i}]", example, inputs == "rounded") for i, c in enumerate(claims)]


def _judge(given, where, example, rounded):
    if not isinstance(given, dict):
        raise Refused(where, "a dict", arrays.describe(given), TypeError)
    kind = arrays.choice(f"{where}.kind", given.get("kind"), tuple(KINDS))
    found = KINDS[kind]
    for key in found.needs:
        if key not in given:
            raise Refused(f"{where}.{key}", f"given for a claim of kind '{kind}'", "nothing")
    _known(where, given, (*OF_ANY_CLAIM, *found.needs, *found.may))
    claim = Claim(given, where, rounded)
    arguments = (claim, _levels(claim, example)) if found.wants_P else (claim,)
    if arguments[-1] is None:
        status, computed, reason = "not decidable", None, "the number of levels P is not given"
    else:
        status, computed, reason = _by_kind(found, arguments, where)
    printed = given["printed"] if "printed" in given else (given["codes"], given["decoded"])
    holds = status in ("exact", "as printed")
    name = str(given.get("name", kind))
    return Verdict(name, printed, computed, holds, "" if holds else reason, status)


def _by_kind(kind, arguments, where):
    try:
        return kind.judge(*arguments)
    except (ValueError, TypeError) as error:  # of a formula, which does not know whose claim it is
        words = str(error) if str(error).startswith(where) else f"{where}: {error}"
        refused = getattr(error, "error", type(error))(words)
        refused.refusal = words  # so that the name of `check` is put before it
        raise refused from None


def _known(where, given, allowed):
    """A key of no meaning, such as a misspelt one, would leave its default in force without a
    word."""
    for key in given:
        if key not in allowed:
            expected = f"a table with no other keys than {', '.join(allowed)}"
            raise Refused(where, expected, arrays.describe(key))


def _levels(claim, example):
    """P of a claim, of its example, or in the words of either; None if nobody says it."""
    for source, where in ((claim.given, claim.where), (example, "example")):
        if "P" in source:
            P = int(Claim(source, where, False).whole("P", ())[()])
            return arrays.whole(f"{where}.P", P, 1, 2**53)
    said = [(source.get("text", ""), source.get("title", "")) for source in (claim.given, example)]
    P = levels_in(*said[0], *said[1])
    return None if P is None else arrays.whole(f"{claim.where}.P", P, 1, 2**53)
