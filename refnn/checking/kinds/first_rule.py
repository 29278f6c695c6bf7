"""This module tries the rules of affine quantization one after the other.

A rule must give everything that is printed, together.
"""

import numpy as np

from refnn import arrays
from refnn.arrays import Refused
from refnn.checking.claims import Printed, as_given, blame, slips_by
from refnn.checking.kinds.chain import answers


def first_rule(claim, rules, x, printed, slips):
    """Return (its name, {name: Answer}) of the first rule that gives all that is printed.

    If none does, the answers are those of the rule that gives most things, of several the first,
    with the slips that give everything. slips() returns their names.

    >>> from fractions import Fraction
    >>> from refnn.checking.claims import whole
    >>> from refnn.checking.kinds.rules import ranged
    >>> from refnn.checking.reading.printed import Claim
    >>> x, zero = np.array([Fraction(-1), Fraction(2)]), whole(np.array(85, dtype=object))
    >>> claim = Claim({}, "claims[0]", False)
    >>> first_rule(claim, ranged(x, {}), x, {"zero_point": zero}, list)[0]
    'article, sign corrected'
    """
    first, best, most = None, "", -1
    for rule in rules:
        found = answers(claim, rule, x, printed, far=first is None)
        if found is None:
            continue
        right = sum(answer.holds for answer in found.values())
        if right == len(found):
            return rule.name, found
        if right > most:
            first, best, most = found, rule.name, right
    if first is None:
        got = arrays.describe(as_given(x))
        raise Refused(f"{claim.where}.x", "numbers for which the rule has a scale", got)
    mistakes = blame(slips())
    return best, {
        k: a._replace(reason=a.reason + mistakes) if a.status == "cannot be" else a
        for k, a in first.items()
    }


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
        found = [name for one in recipes for name in slips_by(one, given, all_of)(several)]
        return list(dict.fromkeys(found))

    return slips


def all_hold(answers):
    """Return True if everything that is printed is right.

    >>> all_hold({})
    True
    """
    return all(answer.holds for answer in answers.values())
