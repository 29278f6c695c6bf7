"""Run solve and conventions: compute, print and return the exit status."""

import re
from fractions import Fraction
from math import lcm

from refnn import console
from refnn.arrays import exact
from refnn.checking.identify import Identified, identify, spread
from refnn.checking.plane import circle, conflict
from refnn.checking.roundtrip import roundtrip
from refnn.checking.solver import (
    MAX_VALUES,
    OVERFLOWS,
    ROUNDINGS,
    TIES,
    Proof,
    Solution,
    decide,
    range_of_B,
    solve,
)
from refnn.command.answer import Answer, as_data
from refnn.command.tables_solve import answer_text, conventions_text, formula_text
from refnn.command.values import Misused, one_of, whole
from refnn.quantization.conventions import compare
from refnn.validation import words_of

AROUND = re.compile(r"(?:\w{1,40} ?= ?)?(?:[A-Za-z_][\w.]{0,40}\()?")
MAX_LEVELS = 10**15 - 1
# The work that the search for a repair may take; a second or less. --all takes as long as it needs.
QUICK = 10**6
# With more numbers, W and B are not searched for decoded values that a convention gives.
FEW = 20


def solve_command(options):
    """Find which convention, which (W, B) or which mistake gives the codes."""
    asked, rule = _asked(options), _rule(options)
    answer = answer_of(**asked, **rule, thorough=options.all)
    if options.json:
        console.say_json(as_data(answer))
    else:
        console.say(answer_text(answer, everything=options.all))
    return 0 if answer.holds else 1


def conventions_command(options):
    """Print the same numbers in every published convention."""
    x = _numbers("--x", options.x)
    console.say(conventions_text(x, compare(x, whole("--bits", options.bits, 2, 16))))
    return 0


# --- the options ----------------------------------------------------------------------------------


def pasted(option, text):
    """Return the numbers of a list such as 0.1,0.2 or of a pasted print, still as text.

    Numbers stand between commas, blanks or new lines. A print may be in brackets, and have
    tensor(…) or array(…) around it.

    >>> pasted("--x", "0.1, 1/3"), pasted("--q", "[101 -115 25]")
    (['0.1', '1/3'], ['101', '-115', '25'])
    >>> pasted("--x", "tensor([[1., 2.],\\n        [3., 4.]], dtype=torch.float64)")
    ['1.', '2.', '3.', '4.']
    """
    expected = f"{option} must be numbers separated by commas or blanks, got "
    body = text.strip().replace("−", "-")
    start = AROUND.match(body).end()
    if start:
        end = body.rfind("]") + 1 or body.rfind(")")
        body = body[start : end if end >= start else None]
        body = re.split(r",\s?[A-Za-z]", body, maxsplit=1)[0]  # tensor(0.5, dtype=…)
    bracketed = body.startswith("[") and body.endswith("]") and body.count("[") == body.count("]")
    if bracketed:
        body = re.sub(r",\s?\]", "]", body).replace("[", " ").replace("]", " ")
    pieces = re.findall(r"[^\s,]+|,", body)
    commas = [i for i, piece in enumerate(pieces) if piece == ","]
    lonely = any(i == 0 or i == len(pieces) - 1 or pieces[i + 1] == "," for i in commas)
    if not pieces or lonely:
        raise Misused(expected + repr(text[:40]))
    return [piece for piece in pieces if piece != ","]


def _numbers(option, text):
    return [exact(option, v) for v in pasted(option, text)]


def _one(option, text):
    [*values] = pasted(option, text)
    if len(values) != 1:
        raise Misused(f"{option} must be one number, got {text!r}")
    return values[0]


def _asked(options):
    """Return what the options give, as `answer_of` takes it."""
    levels = options.levels
    if not levels.isdecimal() or len(levels) > 15 or int(levels) < 1:
        raise Misused(f"--levels must be a whole number of at least 1, got {levels!r}")
    if options.sign and not options.decoded:
        raise Misused("--sign goes with --decoded")
    if (options.scale is None) != (options.zero_point is None):
        raise Misused("--scale goes with --zero-point")
    asked = {"x": pasted("--x", options.x), "q": pasted("--q", options.q), "levels": int(levels)}
    n = len(asked["x"])
    if n > MAX_VALUES:
        raise Misused(f"--x must be at most {MAX_VALUES} numbers, got {n}")
    if options.decoded is not None:
        asked |= {"decoded": pasted("--decoded", options.decoded), "signs": options.sign or "+-"}
    for key in ("x", "q", "decoded"):
        for v in asked.get(key, ()):
            if key == "q" and exact("--q", v).denominator != 1:
                raise Misused(f"--q must be whole numbers, got {v!r}")
            exact(f"--{key}", v)
        if key in asked and len(asked[key]) != n:
            got = f"as many numbers as --x ({n}), got {len(asked[key])}"
            raise Misused(f"--{key} must be {got}")
    if options.scale is not None:
        asked["scale"] = _one("--scale", options.scale)
        if exact("--scale", asked["scale"]) <= 0:
            raise Misused(f"--scale must be positive, got {asked['scale']!r}")
        zero_point = exact("--zero-point", _one("--zero-point", options.zero_point))
        if zero_point.denominator != 1 or abs(zero_point) > 2**52:
            raise Misused(f"--zero-point must be a whole number, got {options.zero_point!r}")
        asked["zero_point"] = int(zero_point)
    return asked


def _rule(options):
    """Return the rounding and the overflow. Other ones than floor and wrap go with codes alone."""
    rounding = one_of("--rounding", options.rounding, ROUNDINGS)
    overflow = one_of("--overflow", options.overflow, OVERFLOWS)
    if (rounding, overflow) != ("floor", "wrap") and (options.decoded or options.scale):
        plain = "--rounding floor --overflow wrap"
        raise Misused(f"--decoded, --scale and --zero-point go with {plain}")
    return {"rounding": rounding, "overflow": overflow}


# --- the answer -----------------------------------------------------------------------------------


def answer_of(
    x,
    q,
    levels,
    decoded=None,
    signs="",
    scale=None,
    zero_point=None,
    rounding="floor",
    overflow="wrap",
    thorough=True,
):
    """Find the conventions, the mistakes and all W and B that give the codes q, as an Answer.

    Numbers are text or Fractions. thorough=False leaves out a repair that takes long to find.

    >>> answer_of(["0.1", "0.2"], ["0", "1"], 8).holds
    True
    """
    x, codes = ([exact(name, v) for v in values] for name, values in (("x", x), ("q", q)))
    codes = [int(c) for c in codes]
    given = {
        "x": x,
        "codes": codes,
        "levels": levels,
        "decoded": decoded,
        "scale": scale,
        "zero_point": zero_point,
    }
    asked = {key: value for key, value in given.items() if value is not None}
    plain = (rounding, overflow) == ("floor", "wrap")  # else the question is about that rule alone
    found = identify(**given, pair=False) if plain else Identified((), (), (), "")
    known = any(row.kind == "convention" for row in found.exact)
    # Where a convention gives the decoded values, W and B are searched for them if that is quick.
    searched = bool(signs) and (thorough or not known or len(x) <= FEW)
    formula, solution, pair = formula_text(levels, rounding, overflow), None, None
    why_not = "" if overflow == "none" else _outside(codes, levels, formula)
    try:
        if not why_not and plain:
            solution = _decided(x, codes, levels, thorough)
            if searched and solution.feasible:
                pair = _pair(x, codes, levels, decoded, signs)
        elif not why_not:
            solution = solve(x, codes, levels, rounding, overflow)
    except ValueError as refusal:
        if not known:
            raise
        why = words_of(refusal)
        solution, why_not = None, f"Whether {formula} gives them was not decided: {why}."

    def range_at(W):
        return range_of_B(x, codes, levels, W, rounding, overflow)

    about_pairs = range_at, rounding in TIES, pair, signs, searched
    return Answer(asked, formula, found, solution, why_not, *about_pairs, plain)


def _outside(codes, levels, formula):
    """Say which code the formula cannot give, or return "" if there is none."""
    outside = [c for c in codes if not 0 <= c < levels]
    if not outside:
        return ""
    return f"{formula} cannot give {outside[0]}, because its codes are 0 to {levels - 1}."


def _decided(x, codes, levels, thorough):
    """Decide whether some (W, B) gives the codes by floor and mod, with a proof or a repair."""
    common = lcm(*(v.denominator for v in x))
    if thorough or (max(x) - min(x)) * common * len(x) <= QUICK:
        return decide(x, codes, levels)
    if circle.feasible_W(x, codes, levels):
        return decide(x, codes, levels)
    try:
        indices = conflict.smallest(x, codes, levels)
        proof = Proof(indices, conflict.certificate(x, codes, levels, indices))
    except ValueError:  # this search may need more intervals than the one before
        proof = None
    return Solution(False, [], levels * common, None, proof, None)


def _pair(x, codes, levels, decoded, signs):
    """Find a (W, B, sign) that gives the codes and decodes them to these values, or None."""
    if not signs:
        return None
    half = [spread(d) for d in decoded]
    low, high = (
        [Fraction(exact("decoded", d)) + side * h for d, h in zip(decoded, half)]
        for side in (-1, 1)
    )
    for sign in signs:
        if pair := roundtrip(x, codes, low, high, levels, sign):
            return (*pair, sign)
    return None
