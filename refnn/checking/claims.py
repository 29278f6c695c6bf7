"""This module compares printed numbers with the right ones, for every kind of claim.

A claim says that a formula gives certain printed numbers. Each kind of claim has a judge, a
function that reads the claim, computes the right values and asks a `Question` about each printed
thing. `judged` answers it, in this order:

    1. The right value lies in the interval of the printed digits: exact, or as printed.
    2. The inputs are rounded, and some inputs that round to them give the printed numbers.
    3. The right formula gives them if it is computed in float32 or float64.
    4. Another published convention, or a default that the claim did not state, gives them.
    5. Otherwise they cannot be right. Slips (known mistakes) that give exactly these numbers are
       named.

The kinds are in the folder `kinds`, and `worked_example` says what each of them claims.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.checking.catalogue.explain import exact, explain
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.kinds.enclosure import Enclosure, ends
from refnn.checking.kinds.machine import PRECISIONS, of_machine
from refnn.checking.plane.digits import as_text, flat, significant

ROUNDED = "The printed inputs are rounded. Other inputs that round to them might give these numbers"
CLOSE = "The computed value is too close to an end of the interval of the printed digits"
SLACK = Fraction(1, 2**44)  # room for a slip that computes in floats: 2^8 units in the last place
NEAR = Fraction(1, 10**4)  # floats may move a value by this share of it; float32 has 7 digits
SINGLE = Fraction(1, 2**19)  # the same room as SLACK, but for prints that may be float32


class Kind(NamedTuple):
    """What the library knows of one kind of claim."""

    judge: Callable  # (claim), or (claim, P) if wants_P, -> Answer, or a list of (name, Answer)
    needs: tuple  # the keys that a claim of this kind must have
    formula: object  # by which it is judged: a text, {printed thing: text}, or (claim) -> text
    wants_P: bool = False
    may: tuple = ()  # further keys that it may have


class Answer(NamedTuple):
    """The verdict on one printed thing, without its name."""

    status: str  # exact, as printed, cannot be, not decidable
    computed: object  # the right values
    reason: str = ""

    @property
    def holds(self):
        """Return True if the printed numbers are right."""
        return self.status in ("exact", "as printed")


class Printed(NamedTuple):
    """Printed numbers, each of which stands for an interval.

    The interval extends by half a unit of the last printed digit to each side.
    """

    values: np.ndarray  # of Fractions
    half: np.ndarray  # half a unit each, in the shape of values; 0 for whole numbers
    texts: tuple = ()  # what is printed, in reading order; () for whole numbers

    def said(self, i):
        """Return the text that is printed at entry i."""
        return str(self.texts[i]) if self.texts else as_text(self.values.flat[i])

    def overlap(self, spans):
        """Return True for each number whose interval meets its span (low, high), else False."""
        return [
            low <= p + h and p - h <= high
            for (low, high), p, h in zip(spans, self.values.flat, self.half.flat)
        ]


class Question(NamedTuple):
    """All that decides whether printed numbers follow from a formula."""

    printed: Printed
    values: np.ndarray  # the right numbers, Fractions or Enclosures, in the shape of printed
    because: Callable  # (i) -> what is right at entry i, in words
    machine: Callable | None = None  # (precision) -> [(low, high) or None for each entry]
    others: Callable | None = None  # () -> an iterable of (reason, values that are right as well)
    possible: Callable | None = None  # () -> [may entry i be right?] or None, if inputs are rounded
    slips: Callable | None = None  # (printed) -> names of the slips that give the printed numbers


def whole(values):
    """Return whole numbers as Printed, with intervals of width 0.

    >>> whole(np.array([3, 4], dtype=object)).half
    array([0, 0], dtype=object)
    """
    return Printed(values, np.zeros_like(values))


def decimals(claim, shape, key="printed"):
    """Read the numbers that a claim prints, as Printed of this shape.

    >>> from refnn.checking.reading.printed import Claim
    >>> decimals(Claim({"printed": ["0.3"]}, "claims[0]", rounded=False), (1,)).half
    array([Fraction(1, 20)], dtype=object)
    """
    values = claim.exact(key, shape)
    return Printed(values, claim.half(key), tuple(flat(key, claim.given[key])))


# --- the verdict ----------------------------------------------------------------------------------


def judged(claim, question, computed=None):
    """Return the Answer to a question about a claim.

    computed: what the verdict shows as the right values, if it is not `question.values`.

    >>> from refnn.checking.reading.printed import Claim
    >>> claim = Claim({"printed": 5}, "claims[0]", False)
    >>> slips = slips_by("loss", {"y_hat": [[1], [4]], "y": [[3], [3]]}, "J")
    >>> question = Question(decimals(claim, ()), np.array(Fraction(5, 2)), str, slips=slips)
    >>> print(judged(claim, question).reason.replace(". ", ".\\n"))
    1 of 1 printed values is wrong: 0.
    The known mistake 'missing_half' gives exactly this: it has r * r in the place of r * r / 2.
    Hint: What factor stands in front of the sum?
    """
    printed, values = question.printed, np.asarray(question.values, dtype=object)
    computed = as_given(values) if computed is None else computed
    status = _by_digits(claim, printed, values)
    if status:
        return Answer(status, computed)
    bounds = [ends(v) for v in values.flat]
    inside = _inside(printed, bounds)
    outside = [i for i, right in enumerate(inside) if not right]
    precision, left = _by_machine(question, outside)
    if not left:
        return Answer("as printed", computed, f"These are the digits of {precision} arithmetic")
    for why, other, *least in question.others() if question.others else ():
        status = _by_digits(claim, printed, other)
        if status:
            if least:  # the answer still shows the values of the formula itself
                return Answer(least[0], computed, why)
            return Answer(status, as_given(other), why)
    if claim.rounded:
        allowed = question.possible() if question.possible else None
    else:
        allowed = printed.overlap(bounds)
    wrong = [i for i, holds in enumerate(allowed or ()) if not holds]
    wrong = [i for i in wrong if i in left]  # float arithmetic explains the others
    if not wrong:
        return Answer("not decidable", computed, ROUNDED if claim.rounded else CLOSE)
    slips = question.slips(printed) if question.slips else []
    return Answer("cannot be", computed, _differ(question, wrong) + blame(slips))


def _by_digits(claim, printed, values):
    """Return "exact" or "as printed" if every value lies in its printed interval, else ""."""
    bounds = [ends(v) for v in np.ravel(values)]
    if np.shape(values) != printed.values.shape or not all(_inside(printed, bounds)):
        return ""
    pairs = zip(bounds, printed.values.flat)
    exactly = all(low == high == p for (low, high), p in pairs)
    exactly = exactly and not (claim.rounded and any(printed.half.flat))
    return "exact" if exactly else "as printed"


def _inside(printed, bounds):
    triples = zip(bounds, printed.values.flat, printed.half.flat)
    return [p - h <= low and high <= p + h for (low, high), p, h in triples]


def _by_machine(question, outside):
    """Find the precision of float arithmetic that gives most of these entries.

    The result is (precision, the entries that it does not give).
    """
    printed, best = question.printed, ("", outside)
    if question.machine is None or not printed.texts:
        return best
    most = max(map(significant, printed.texts))  # NumPy prints some without their last zeros
    pairs = list(zip(printed.values.flat, printed.half.flat))
    for precision, (_, least) in PRECISIONS.items():
        if most >= least:
            tried = [i for i in outside if of_machine(most, *pairs[i], precision)]
            room = dict.fromkeys(tried, 0)
        else:  # a print of so few digits was rounded once more
            tried = [i for i in outside if _close(question, i)]
            room = {i: pairs[i][1] for i in tried}
        with np.errstate(all="ignore"):
            spans = question.machine(precision) if tried else None
        if spans is None:
            continue
        explained = {
            i
            for i in tried
            if spans[i] is not None
            and spans[i][0] - room[i] <= pairs[i][0] <= spans[i][1] + room[i]
        }
        left = [i for i in outside if i not in explained]
        if len(left) < len(best[1]):
            best = precision, left
    return best


def _close(question, i):
    """Return True if the right value lies so near the printed interval that floats may reach it."""
    p, h = question.printed.values.flat[i], question.printed.half.flat[i]
    low, high = ends(np.ravel(question.values)[i])
    return max(low - p, p - high) - h <= NEAR * max(abs(p), abs(low), abs(high), h)


def _differ(question, wrong):
    n, verb = question.printed.values.size, "is" if len(wrong) == 1 else "are"
    each = "; and ".join(question.because(i) for i in wrong[:2])
    return f"{len(wrong)} of {n} printed values {verb} wrong: {each}"


# --- slips ----------------------------------------------------------------------------------------


def slips_by(recipe, given, of, among=None):
    """Return a function of Printed that names the slips of a recipe that give these numbers.

    recipe and given: as for `explain.right`. of: the name of the result that is printed, or a
    function that takes it out of all results. among: as for `explain.wrong`.

    >>> slips = slips_by("loss", {"y_hat": [[1], [4]], "y": [[3], [3]]}, "J")
    >>> slips(whole(np.array(Fraction(5))))
    ['missing_half']
    """

    def slips(printed):
        def same(values, printed):
            return _same(exact(of(values) if callable(of) else values[of]), printed)

        return explain(recipe, given, printed, same, among)

    return slips


def blame(slips):
    """Name the slips that give the printed numbers, in sentences that follow another one.

    The result is "" if there is no slip.

    >>> blame(["missing_half", "not_squared"])
    ". The known mistakes 'missing_half' and 'not_squared' give exactly this"
    """
    if len(slips) == 1:
        slip = CATALOGUE[slips[0]]
        right, wrong = (" ".join(text.split()) for text in slip.edits[0])
        gives = f". The known mistake '{slip.name}' gives exactly this"
        return f"{gives}: it has {wrong} in the place of {right}. Hint: {slip.hint}"
    names = [f"'{name}'" for name in slips]
    both = f"{', '.join(names[:-1])} and {names[-1]}" if slips else ""
    return f". The known mistakes {both} give exactly this" if slips else ""


def _same(found, printed):
    """Return True if the slip gives numbers, and they are those that are printed."""
    if found is None or found.shape != printed.values.shape:
        return False
    texts = printed.texts or [""] * printed.values.size
    entries = zip(found.flat, printed.values.flat, printed.half.flat, texts)
    return all(abs(v - p) <= h + _slack(v, p, h, text) for v, p, h, text in entries)


def _slack(v, p, h, text):
    if h == 0 and p.denominator == 1 == v.denominator:
        return 0
    single = of_machine(significant(text), p, h, "float32")
    return (SINGLE if single else SLACK) * max(1, abs(v))


# --- numbers of a verdict -------------------------------------------------------------------------


def as_given(values):
    """Return computed numbers for a Verdict, with Enclosures replaced by the nearest floats.

    >>> as_given(arrays.objects([Fraction(1, 3), Enclosure(2)], (2,)))
    [Fraction(1, 3), 2.0]
    """
    values = np.asarray(values, dtype=object)
    return arrays.objects(
        [float(v) if isinstance(v, Enclosure) else v for v in values.flat], values.shape
    ).tolist()


def as_numbers(mask):
    """Return a mask with 1 for True and 0 for False, also in nested lists and dicts.

    >>> as_numbers([[True, False], ["1", 0]])
    [[1, 0], ['1', 0]]
    """
    if isinstance(mask, np.ndarray):
        mask = mask.tolist()
    if isinstance(mask, dict):
        return {key: as_numbers(part) for key, part in mask.items()}
    if isinstance(mask, (list, tuple)):
        return [as_numbers(part) for part in mask]
    return int(mask) if isinstance(mask, bool) else mask


def as_codes(values):
    """Return whole Fractions as codes, in an array of an integer dtype if they fit.

    >>> as_codes(arrays.objects([Fraction(3)], (1,)))
    array([3])
    """
    return np.array([int(v) for v in values.flat]).reshape(values.shape)
