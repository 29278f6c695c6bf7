"""Format the published vectors and the museum of slips (known mistakes).

Nothing is computed here."""

from itertools import groupby

from refnn.checking import published
from refnn.checking.catalogue.explain import slips_in
from refnn.checking.published import text_of
from refnn.console import table, wrap

NAMES = {"last": "last decoded value"}  # of what is printed, where the key does not say enough


def vectors_text(found):
    """Format the published vectors by source: whether each passes, and which slips it misses.

    >>> for line in vectors_text(published.run()[:1]).splitlines()[:6]:
    ...     print(line)
    Published vectors: 1 of 1 pass. Behind "misses" stand the mistakes that a
    vector cannot detect: a formula with such a mistake also gives the published
    numbers.
    <BLANKLINE>
    ONNX operator tests
      quantizelinear  passes  catches 7 of 11
    """
    passed = f"Published vectors: {sum(r.passed for r in found)} of {len(found)} pass"
    misses = 'Behind "misses" stand the mistakes that a vector cannot detect: a formula with such a'
    lines = [wrap(f"{passed}. {misses} mistake also gives the published numbers.")]
    every, caught = {}, set()
    for source, group in groupby(found, key=lambda r: r.vector.source):
        rows, blind = [], []
        for r in group:
            slips = slips_in(r.vector.formula)
            blind.append(published.blind_spots(r.vector))
            every |= dict.fromkeys(slips)
            caught |= set(slips) - set(blind[-1])
            catches = f"catches {len(slips) - len(blind[-1])} of {len(slips)}"
            catches = catches if slips else "no known mistake fits"
            rows.append([f"  {r.vector.name}", "passes" if r.passed else "FAILS", catches])
        lines += ["", source]
        for row, names in zip(table(rows).split("\n"), blind):
            lines.append(row)
            lines += [wrap(f"misses: {', '.join(names)}", "    ", "    ")] if names else []
    missed = [name for name in every if name not in caught]
    if missed:
        lines += ["", wrap(f"No vector above catches {', '.join(missed)}.")]
    return "\n".join(lines)


def museum_text(shown):
    """Format every exhibit: the kind of mistake, its place, the printed and the right numbers.

    The slip that gives the printed numbers follows.

    >>> print(museum_text(published.exhibits()[:1]).split(": ", 1)[1])
    1 of 1 recomputed
    <BLANKLINE>
     1. the other end of the range (a course, data in -1..2 as int8): printed
        zero_point 42, right zero_point -43. Known mistake:
        zero_point_from_the_other_end. A change of sign alone would give 43. The
        printed 42 is 127 - 85, so it was counted from the last code, 127.
    """
    holding = f"{sum(s.holds for s in shown)} of {len(shown)} recomputed"
    lines = [f"A museum of published mistakes, most of them corrected: {holding}", ""]
    for number, (e, *_, holds) in enumerate(shown, start=1):
        printed, right = (
            ", ".join(f"{NAMES.get(name, name)} {text_of(v)}" for name, v in said.items())
            for said in (e.printed, e.right)
        )
        slip = (
            f"Known mistake: {e.slip}" if e.slip else "No single known mistake gives these numbers"
        )
        reason = f" {e.reason[0].upper()}{e.reason[1:]}." if e.reason else ""
        said = f"{e.name} ({e.source}): printed {printed}, right {right}. {slip}.{reason}"
        said = said if holds else f"{said} DOES NOT HOLD."
        lines.append(wrap(said, indent="    ", first=f"{number:2}. "))
    return "\n".join(lines)


def as_data(found, shown):
    """Return both tables as data for JSON. Computed numbers are exact fractions, written as text.

    >>> as_data(published.run()[:1], [])["vectors"][0]["computed"]
    {'codes': ['128', '129', '130', '255', '1', '0']}
    """
    vectors = [
        {
            "name": v.name,
            "source": v.source,
            "passed": passed,
            "printed": v.printed,
            "computed": _exact(computed),
            "blind": list(published.blind_spots(v)),
        }
        for v, passed, computed in found
    ]
    museum = [
        {
            "kind": e.name,
            "place": e.source,
            "printed": e.printed,
            "right": e.right,
            "computed": _exact(right),
            "slip": e.slip,
            "computed_by_slip": by_slip and _exact(by_slip),
            "reason": e.reason,
            "holds": holds,
        }
        for e, right, by_slip, holds in shown
    ]
    return {"vectors": vectors, "museum": museum}


def _exact(value):
    if isinstance(value, dict):
        return {name: _exact(v) for name, v in value.items()}
    return [_exact(v) for v in value] if isinstance(value, list) else str(value)
