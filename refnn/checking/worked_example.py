"""This module checks a worked example and gives a verdict on each of its claims.

The decisions are exact, on fractions, and never by a tolerance. An input is an exact number (0.1 is
1/10). A printed result is an interval: "0.3" stands for [0.25, 0.35], half a unit of its last digit
to each side. A printed whole number stands for itself. So a verdict is one of four:

    exact          the formula gives the printed numbers
    as printed     the formula gives numbers that round to the printed digits
    cannot be      the formula gives other numbers
    not decidable  something needed is not given, or rounded inputs leave it open

An example is a dict {"title": …, "claims": [...]}. The table lists the kinds of claim, the keys
that each needs besides the printed numbers, and the formula. The key of the printed numbers is
"printed", or "codes" and "decoded" for roundtrip.

    quantize           x, W, B, P     ⌊x·W + B⌋ mod P                                 article §3.1.1
    dequantize         q, W, B        (q + B)/W                                       §3.1.2
    solve              x, P           some (W, B) gives these codes                   §3.1.1, §4.1
    roundtrip          x, P, sign     … and (q ± B)/W gives these values; sign "?": either
    decoded            x              values without their codes: not decidable
    unread                            numbers that the text does not explain: not decidable
    prune              R, tau         the mask not (R < τ), 1 = kept                  §3.2.2

    affine             x              scale, zero_point, codes, decoded, mse, … by a published rule
    affine_quantize    x and a grid   clip(round(x/scale) + zero_point), half to even
    affine_dequantize  q and a grid   (q − zero_point)·scale
    choose_qparams     x              scale and zero_point of a range with 0 inside

    forward            a network, X   z_h, h, z_o, y_hat
    loss               y_hat, y       J = ½ Σ ‖y − ŷ‖²                                §4.2.1
    gradient           a network, X, y         ∂J/∂θ, a table of some of the four arrays
    update             the same and lr         θ − lr·∂J/∂θ
    importance         the same and criterion  written, magnitude, gradient, taylor, …
    mask               scores or weights, and tau, or sparsity (and scope), or n and m

    codebook           x, levels or centroids  centroids, codes, decoded, updated
    grid               x, format      the nearest values of FP8, FP4, NF4, ternary, …
    matmul             a, b           the product of integers, with zero points
    multiplier         real           multiplier and shift of a fixed-point factor
    requantize         accumulator    codes after a rescaling in integers
    arithmetic         expression     one line of arithmetic

A grid is scale, zero_point, qmin, qmax (and axis). A network is W_ih, b_h, W_ho, b_o, in which the
biases may be left out. The verdict repeats the "name" of a claim. An unknown key is refused. P (the
number of levels) may also be a key of the example and then holds for all its claims. If P is not
given, it is read from 量化级别为N, "quantization levels N" or "P = N" in the "text" or "title" of
the claim or of the example. With "inputs": "rounded" each input is an interval too, half a unit of
its last digit to each side. "notes" are sentences about what was not read. They are not judged.

A print of 7 digits or more may be a float32, and one of 15 digits or more a float64. Then what the
right formula gives in this arithmetic is "as printed" too. If a claim fails and a known
mistake (a slip of the catalogue) gives exactly these numbers, the reason names it.
"""

from difflib import get_close_matches
from typing import NamedTuple

from refnn import arrays
from refnn.arrays import Refused
from refnn.checking.claims import Answer
from refnn.checking.kinds import affine, arithmetic, integers, levels, loss, masks, network, written
from refnn.checking.reading.printed import Claim, levels_in
from refnn.validation import takes, words_of

OF_AN_EXAMPLE = ("title", "text", "inputs", "P", "claims", "notes")
OF_ANY_CLAIM = ("kind", "name", "text", "title", "P")
FAMILIES = (written, masks, affine, loss, network, levels, integers, arithmetic)
KINDS = {name: kind for family in FAMILIES for name, kind in family.KINDS.items()}


class Verdict(NamedTuple):
    """The verdict on one claim."""

    claim: str  # its name, or its kind
    printed: object  # as given
    computed: object  # exact
    holds: bool
    reason: str  # why it does not hold, or by which rule it holds, in words
    status: str  # exact, as printed, cannot be, not decidable


@takes()
def check(example):
    """Judge each claim of a worked example, and return a list of Verdicts in order.

    A claim of kind affine or codebook has a verdict for each thing that it prints, and every other
    claim has one.

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
    judged = (
        _judge(claim, f"claims[{i}]", example, inputs == "rounded")
        for i, claim in enumerate(claims)
    )
    return [verdict for verdicts in judged for verdict in verdicts]


def formulas(example):
    """Return the formula that each verdict of `check(example)` was judged by, in order.

    >>> example = {"claims": [{"kind": "loss", "y_hat": [[1]], "y": [[3]], "printed": 2}]}
    >>> formulas(example)
    ['J = 1/2 sum (y - y_hat)^2']
    """
    found = []
    for claim in example["claims"]:
        formula = KINDS[claim["kind"]].formula
        formula = formula(claim) if callable(formula) else formula
        if isinstance(formula, dict):
            found += [text for thing, text in formula.items() if thing in claim["printed"]]
        else:
            found.append(formula)
    return found


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
    name = str(given.get("name", kind))
    printed = given["printed"] if "printed" in given else (given["codes"], given["decoded"])
    if arguments[-1] is None:
        reason = "The number of levels P is not given. Write, for example, P = 8"
        answers = Answer("not decidable", None, reason)
    else:
        answers = _by_kind(found, arguments, where)
    if isinstance(answers, Answer):
        return [_verdict(name, printed, answers)]
    return [_verdict(f"{name}: {key}", printed[key], answer) for key, answer in answers]


def _verdict(name, printed, answer):
    return Verdict(name, printed, answer.computed, answer.holds, answer.reason, answer.status)


def _by_kind(kind, arguments, where):
    try:
        return kind.judge(*arguments)
    except (ValueError, TypeError) as error:  # a formula does not name the claim, so add it
        words = words_of(error)
        words = words if words.startswith(where) else f"{where}: {words}"
        refused = getattr(error, "error", type(error))(words)
        refused.refusal = words  # so that the name of `check` is put before it
        raise refused from None


def _known(where, given, allowed):
    """Refuse an unknown key, because a misspelt one would silently leave its default in force."""
    for key in given:
        if key not in allowed:
            near = get_close_matches(str(key), allowed, 1, 0.5)
            hint = f"; the nearest known key is {near[0]!r}" if near else ""
            expected = f"a table with only these keys: {', '.join(allowed)}"
            raise Refused(where, expected, f"the key {arrays.describe(key)}{hint}")


def _levels(claim, example):
    """Return P of a claim or its example, from a key or from the words of either, or None."""
    for source, where in ((claim.given, claim.where), (example, "example")):
        if "P" in source:
            P = int(Claim(source, where, False).whole("P", ())[()])
            return arrays.whole(f"{where}.P", P, 1, 2**53)
    said = [(source.get("text", ""), source.get("title", "")) for source in (claim.given, example)]
    P = levels_in(*said[0], *said[1])
    return None if P is None else arrays.whole(f"{claim.where}.P", P, 1, 2**53)
