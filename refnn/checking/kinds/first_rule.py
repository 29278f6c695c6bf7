"""This module tries the rules of affine quantization one after the other.

A rule must give everything that is printed, together.
"""

from fractions import Fraction

import numpy as np

from refnn import arrays
from refnn.arrays import Refused
from refnn.checking.catalogue.explain import each
from refnn.checking.claims import Printed, as_given, blame, slips_by
from refnn.checking.kinds.chain import answers
from refnn.checking.plane.digits import significant

MANY = 100  # with more entries than this, a rule is first tried on a few of them
FEW = 16  # the most wrong entries of each printed thing among these few
FAR = 0.1  # a slip that misses a larger share of the entries in floats is not tried exactly
OF_ALL = ("mse", "max_error")


def first_rule(claim, rules, x, printed, slips):
    """Return (its name, {name: Answer}) of the first rule that gives all that is printed.

    If no rule does, the answers are those of the rule that gives the most things, or of the first
    such rule if there are several. The reasons then name the slips that give everything. slips()
    returns their names.

    >>> from fractions import Fraction
    >>> from refnn.checking.claims import whole
    >>> from refnn.checking.kinds.rules import ranged
    >>> from refnn.checking.reading.printed import Claim
    >>> x, zero = np.array([Fraction(-1), Fraction(2)]), whole(np.array(85, dtype=object))
    >>> claim = Claim({}, "claims[0]", False)
    >>> first_rule(claim, ranged(x, {}), x, {"zero_point": zero}, list)[0]
    'article, sign corrected'
    """
    first, best, most, few = None, "", -1, None
    for rule in rules:
        if few and _at_most(claim, rule, *few, len(printed)) <= most:
            continue
        found = answers(claim, rule, x, printed, far=first is None)
        if found is None:
            continue
        right = sum(answer.holds for answer in found.values())
        if right == len(found):
            return rule.name, found
        if right > most:
            first, best, most = found, rule.name, right
            few = a_few(x, printed, {name: a.computed for name, a in found.items()})
    if first is None:
        got = arrays.describe(as_given(x))
        raise Refused(f"{claim.where}.x", "numbers for which the rule has a scale", got)
    mistakes = blame(slips())
    return best, {
        k: a._replace(reason=a.reason + mistakes) if a.status == "cannot be" else a
        for k, a in first.items()
    }


def a_few(x, printed, computed):
    """Return (x, printed) of a few entries, or None if there are no more than MANY entries.

    Some of them are printed wrong. The ends of the range are among them, and the entry with the
    most printed digits, so that a rule computes these entries as it does in the whole array. Errors
    over the whole array are left out. The result is also None if nothing is printed for each entry.

    >>> from fractions import Fraction
    >>> from refnn.checking.claims import whole
    >>> x = np.array([Fraction(n) for n in range(200)])
    >>> codes = {"codes": whole(np.array([0] + [7] * 199, dtype=object))}
    >>> a_few(x, codes, {"codes": [0] * 200})[0].tolist()[:3]
    [Fraction(0, 1), Fraction(1, 1), Fraction(2, 1)]
    """
    by_entry = [name for name in ("codes", "decoded") if name in printed]
    if x.size <= MANY or not by_entry or any(printed[n].values.shape != x.shape for n in by_entry):
        return None
    flat = x.ravel()
    chosen = {int(np.argmin(flat)), int(np.argmax(flat))}
    for name in by_entry:
        p = printed[name]
        off = abs(np.array(computed[name], dtype=object).ravel() - p.values.ravel())
        chosen.update(np.flatnonzero(off > p.half.ravel())[:FEW].tolist())
        if p.texts:
            chosen.add(max(range(x.size), key=lambda i, p=p: significant(p.texts[i])))
    at = sorted(chosen)

    def part(p):
        texts = tuple(p.texts[i] for i in at) if p.texts else p.texts
        return Printed(p.values.ravel()[at], p.half.ravel()[at], texts)

    kept = {n: part(p) if n in by_entry else p for n, p in printed.items() if n not in OF_ALL}
    return flat[at], kept


def _at_most(claim, rule, x, printed, count):
    """Return how many of `count` printed things a rule can give, judged by a few entries."""
    found = answers(claim, rule, x, printed, far=False) if rule.axis is None else {}
    if found is None:
        return -1
    return count - sum(not answer.holds for answer in found.values())


def named(rule, reason):
    """Put the name of a rule before a reason, if it has a name.

    >>> named("gemmlowp", "A tie decides"), named("", "A tie decides")
    ('By gemmlowp. A tie decides', 'A tie decides')
    """
    return ". ".join(filter(None, [rule and f"By {rule}", reason]))


def slips_that_give(recipe, given, printed):
    """Return a function that names the slips that give everything that is printed.

    recipe and given: as for `explain.right`. printed: {name: Printed}.

    >>> from refnn.checking.claims import whole
    >>> given = {"x": [0.9, 2.2], "scale": 1.0, "zero_point": 3, "qmin": 0, "qmax": 15}
    >>> codes = {"codes": whole(np.array([3, 5], dtype=object))}
    >>> slips_that_give("fake_quantize", given, codes)()
    ['floor_for_round', 'truncate_for_round']
    """
    several = Printed(
        np.concatenate([p.values.ravel() for p in printed.values()]),
        np.concatenate([p.half.ravel() for p in printed.values()]),
        tuple(t for p in printed.values() for t in p.texts or [""] * p.values.size),
    )

    def all_of(values):
        found = (np.ravel(np.asarray(values[name], dtype=object)) for name in printed)
        return np.concatenate(list(found))

    recipes = [recipe] if given.get("axis") is not None else [recipe, "rules of conventions"]

    def slips():
        found = {}
        for one in recipes:
            among = _not_far(one, given, all_of, several) if several.values.size > MANY else None
            found.update(dict.fromkeys(slips_by(one, given, all_of, among)(several)))
        return list(found)

    return slips


def _not_far(recipe, given, of, printed):
    """Return the slips that may give many printed numbers, as computed quickly in float64.

    Floats fall on the wrong side of some edges. So a slip is left out only if it misses a share of
    FAR of all entries, or half of those that are wrong.
    """
    p, h = printed.values.astype(float), printed.half.astype(float)
    floats = {name: _in_floats(value) for name, value in given.items()}

    def missed(values):
        return np.abs(np.asarray(of(values), float) - p) > h + 1e-6 * (1 + np.abs(p))

    found = {name: missed(v) for name, v in each(recipe, floats).items() if v is not None}
    wrong = found.pop("", np.zeros(p.shape, bool))
    if not wrong.any():
        return set(found)
    return {n for n, m in found.items() if m.mean() <= FAR and m[wrong].mean() <= 0.5}


def _in_floats(value):
    if isinstance(value, Fraction):
        return float(value)
    return value.astype(float) if getattr(value, "dtype", None) == arrays.EXACT else value


def all_hold(answers):
    """Return True if everything that is printed is right.

    >>> all_hold({})
    True
    """
    return all(answer.holds for answer in answers.values())
