"""A worked example: claims in, verdicts out. Decided on rationals, never by a tolerance.

An input is a number (0.1 is 1/10); a printed result is an interval: "0.3" stands for [0.25, 0.35],
half a unit of its last digit to each side, and a whole number for itself. So a verdict is one of
four:

    exact          the formula gives the printed numbers
    as printed     what it gives rounds to the printed digits
    cannot be      it does not
    not decidable  something needed is not given, or rounded inputs leave it open

An example is a dict {"title": …, "claims": [...]}. The kinds of claim, and what each needs:

    quantize    x, W, B, P, printed          ⌊x·W + B⌋ mod P                                      article §3.1.1
    dequantize  q, W, B, printed             (q + B)/W                                            §3.1.2
    solve       x, P, printed                some (W, B) prints these codes                       §3.1.1, §4.1
    roundtrip   x, P, codes, decoded, sign   some (W, B) prints codes and decoded values, (q ± B)/W; sign "?": either
    decoded     x, printed                   decoded values without their codes: not decidable
    unread      printed                      numbers of which an article does not say what they are: not decidable
    prune       R, tau, printed              the mask not (R < τ), 1 = kept                       §3.2.2

    affine_quantize    x, scale, zero_point, qmin, qmax, printed    clip(round(x/scale) + zero_point), half to even
    affine_dequantize  q, scale, zero_point, qmin, qmax, printed    (q − zero_point)·scale
    choose_qparams     x, bits, signed, symmetric, printed          scale and zero_point from the range that has 0

    loss        y_hat, y, printed            J = ½ Σ ‖y − ŷ‖²                                     §4.2.1
    gradient    W_ih, b_h, W_ho, b_o, X, y, activation, printed     ∂J/∂θ, a table of some of the four
    importance  the same and criterion       written, magnitude, gradient, taylor, second_order_taylor, fisher, obd
    mask        scores, tau or sparsity (scope), printed            score ≥ τ; or without the round(sparsity·n) lowest

A "name" is repeated in the verdict, and a key that is not known is refused. P may stand in the
example, for all its claims; where it is not given it is read from 量化级别为N or "quantization levels N"
or "P = N" in the claim's or the example's "text" or "title". With "inputs": "rounded" the inputs
are intervals of half a unit of their last digit too. Where a claim fails and one of the catalogued
slips prints just these numbers, the reason names it."""

from typing import NamedTuple

from refnn import arrays
from refnn.checking.kinds import affine as kinds_affine
from refnn.checking.kinds import network as kinds_network
from refnn.checking.kinds import written as kinds_written
from refnn.checking.reading.printed import Claim, levels_in

OF_AN_EXAMPLE = ("title", "text", "inputs", "P", "claims")
OF_ANY_CLAIM = ("kind", "name", "text", "title", "P")
KINDS = {**kinds_written.KINDS, **kinds_affine.KINDS, **kinds_network.KINDS}


class Verdict(NamedTuple):
    """One claim judged: its text, what is printed, what is computed (exact), whether it holds, why
    not, the status.

    >>> Verdict._fields
    ('claim', 'printed', 'computed', 'holds', 'reason', 'status')
    """

    claim: str
    printed: object
    computed: object
    holds: bool
    reason: str
    status: str


def check(example):
    """A Verdict for each claim of a worked example, in order.

    >>> claim = {"kind": "dequantize", "q": [3], "W": "9", "B": 0, "printed": ["0.3"]}
    >>> check({"title": "t", "claims": [claim]})[0].status
    'as printed'
    """
    if not isinstance(example, dict):
        arrays.refuse(
            "check", "example", "a dict with a list of claims", arrays.describe(example), TypeError
        )
    claims = example.get("claims")
    if not isinstance(claims, (list, tuple)) or not claims:
        arrays.refuse("check", "claims", "a list of at least one claim", arrays.describe(claims))
    _known("example", example, OF_AN_EXAMPLE)
    inputs = arrays.choice("check", "inputs", example.get("inputs", "exact"), ("exact", "rounded"))
    return [
        _judge(claim, f"claims[{i}]", example, inputs == "rounded")
        for i, claim in enumerate(claims)
    ]


def _judge(given, where, example, rounded):
    if not isinstance(given, dict):
        arrays.refuse("check", where, "a dict", arrays.describe(given), TypeError)
    kind = arrays.choice("check", f"{where}.kind", given.get("kind"), tuple(KINDS))
    found = KINDS[kind]
    for key in found.needs:
        if key not in given:
            arrays.refuse(
                "check", f"{where}.{key}", f"given for a claim of kind '{kind}'", "nothing"
            )
    _known(where, given, (*OF_ANY_CLAIM, *found.needs, *found.may))
    claim = Claim(given, where, rounded)
    printed = given["printed"] if "printed" in given else (given["codes"], given["decoded"])
    name = str(given.get("name", kind))
    arguments = [claim]
    if found.wants_P:
        P = _levels(claim, example)
        if P is None:
            return Verdict(
                name, printed, None, False, "the number of levels P is not given", "not decidable"
            )
        arguments.append(P)
    try:
        status, computed, reason = found.judge(*arguments)
    except (ValueError, TypeError) as error:  # of a formula, which does not know whose claim it is
        said = str(error).removeprefix("check: ")
        raise type(error)(
            f"check: {said if said.startswith(where) else f'{where}: {said}'}"
        ) from None
    holds = status in ("exact", "as printed")
    return Verdict(name, printed, computed, holds, "" if holds else reason, status)


def _known(where, given, allowed):
    """A key of no meaning, such as a misspelt one, would leave its default in force without a
    word."""
    for key in given:
        if key not in allowed:
            arrays.refuse(
                "check",
                where,
                f"a table with no other keys than {', '.join(allowed)}",
                arrays.describe(key),
            )


def _levels(claim, example):
    """P of a claim, of its example, or in the words of either; None if nobody says it."""
    for source, where in ((claim.given, claim.where), (example, "example")):
        if "P" in source:
            P = int(Claim(source, where, False).whole("P", ())[()])
            return arrays.whole("check", f"{where}.P", P, 1, 2**53)
    P = levels_in(
        *(source.get(key, "") for source in (claim.given, example) for key in ("text", "title"))
    )
    return None if P is None else arrays.whole("check", f"{claim.where}.P", P, 1, 2**53)
