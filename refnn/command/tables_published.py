"""What the command prints of published numbers and of who printed some codes. Text only, no
computing."""

from itertools import groupby

from refnn.checking import published
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.plane.conflict import decimal
from refnn.checking.published import text_of
from refnn.console import table, wrap

MAX_ROWS, MAX_GROUPS, MAX_NAMES = 12, 12, 6  # shown of a table of candidates


def vectors_text(found):
    """Every vector by its source: does it pass, how many slips of its formula it catches, and those
    it does not.

    >>> for line in vectors_text(published.run()[:1]).splitlines()[:4]:
    ...     print(line)
    Published vectors: 1 of 1 pass; blind: the slips that they do not catch
    <BLANKLINE>
    ONNX operator tests
      quantizelinear  passes  catches 7 of 11
    """
    lines = [
        f"Published vectors: {sum(r.passed for r in found)} of {len(found)} pass; "
        "blind: the slips that they do not catch"
    ]
    every, caught = {}, set()
    for source, group in groupby(found, key=lambda r: r.vector.source):
        group = list(group)
        rows = []
        for r in group:
            slips, blind = [s.name for s in published.slips_of(r.vector)], r.vector.blind.split()
            every |= dict.fromkeys(slips)
            caught |= set(slips) - set(blind)
            catches = (
                f"catches {len(slips) - len(blind)} of {len(slips)}"
                if slips
                else "no slip is in the catalogue"
            )
            rows.append([f"  {r.vector.name}", "passes" if r.passed else "FAILS", catches])
        lines += ["", source]
        for r, row in zip(group, table(rows).split("\n")):
            lines.append(row)
            if r.vector.blind:
                lines.append(wrap(f"blind: {', '.join(r.vector.blind.split())}", "    ", "    "))
    missed = [name for name in every if name not in caught]
    if missed:
        lines += ["", wrap(f"No vector above catches {', '.join(missed)}.")]
    return "\n".join(lines)


def museum_text(shown):
    """Every exhibit: the kind of slip, the place, what is printed, what is right, and the slip that
    prints it.

    >>> print(museum_text(published.exhibits()[:1]).split(": ", 1)[1])
    1 of 1 recomputed
    <BLANKLINE>
     1. the other end of the range (a course, data in -1..2 as int8): printed
        zero_point 42, right zero_point -43; slip zero_point_from_the_other_end; a
        mere change of sign would print 43: 42 is 127 - 85, min counted from the
        last code.
    """
    lines = [
        f"A museum of slips, printed once and mostly mended: {sum(s.holds for s in shown)} of {len(shown)} "
        "recomputed",
        "",
    ]
    for number, s in enumerate(shown, start=1):
        e = s.exhibit
        printed, right = (
            ", ".join(f"{name} {text_of(v)}" for name, v in said.items())
            for said in (e.printed, e.right)
        )
        slip = f"slip {e.slip}" if e.slip else "no single slip prints it"
        reason = f"; {e.reason}" if e.reason else ""
        lines.append(
            wrap(
                f"{e.kind} ({e.place}): printed {printed}, right {right}; {slip}{reason}."
                f"{'' if s.holds else ' DOES NOT HOLD.'}",
                indent="    ",
                first=f"{number:2}. ",
            )
        )
    return "\n".join(lines)


def as_data(found, shown):
    """Both tables as what JSON can hold; computed numbers are exact fractions, as text.

    >>> as_data(published.run()[:1], [])["vectors"][0]["computed"]
    {'codes': ['128', '129', '130', '255', '1', '0']}
    """
    return {
        "vectors": [
            {
                "name": r.vector.name,
                "source": r.vector.source,
                "passed": r.passed,
                "printed": r.vector.printed,
                "computed": _exact(r.computed),
                "blind": r.vector.blind.split(),
            }
            for r in found
        ],
        "museum": [
            {
                "kind": s.exhibit.kind,
                "place": s.exhibit.place,
                "printed": s.exhibit.printed,
                "right": s.exhibit.right,
                "computed": _exact(s.right),
                "slip": s.exhibit.slip,
                "computed_by_slip": s.by_slip and _exact(s.by_slip),
                "reason": s.exhibit.reason,
                "holds": s.holds,
            }
            for s in shown
        ],
    }


def _exact(value):
    if isinstance(value, dict):
        return {name: _exact(v) for name, v in value.items()}
    return [_exact(v) for v in value] if isinstance(value, list) else str(value)


def identified_text(found):
    """Who prints the codes exactly, who nearly, and an input that tells those apart that print them
    exactly.

    >>> from refnn.checking.identify import identify
    >>> print(identified_text(identify(["-1.5", "0.2", "2.8"], [-128, -28, 127], 256)))
    printed by, of all conventions and single slips
      exactly  slip floor_for_round (int8)
               Which code is nearest to 0.9 steps?
    """
    rows, astray = [*found.exact, *found.near], all(row.slip for row in found.exact)
    if not rows:
        return "\n".join(
            filter(
                None,
                [
                    wrap(
                        "printed by no convention and by no single slip of the catalogue, not even three quarters of it"
                    ),
                    found.note and wrap(f"note: {found.note}", "  ", "  "),
                ],
            )
        )
    lines = ["printed by, of all conventions and single slips"]
    for row in rows[:MAX_ROWS]:
        how = "exactly" if row.agree == row.of else f"{row.agree} of {row.of}"
        first = f"  {how.ljust(7)}  "
        indent = " " * len(first)
        lines.append(
            first
            + wrap(f"{'slip ' if row.kind == 'slip' else ''}{row.name}", indent)[len(indent) :]
        )
        if row.agree == row.of and astray:  # nothing right prints them: where to look
            lines.append(wrap(CATALOGUE[row.slip].hint, indent))
    if len(rows) > MAX_ROWS:
        lines.append(f"  and {len(rows) - MAX_ROWS} more")
    for separation in found.separating:
        lines.append(wrap(f"to tell them apart: x = {', '.join(map(decimal, separation.x))}", "  "))
        for names, printed in separation.prints[:MAX_GROUPS]:
            more = f"; and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
            lines.append(
                wrap(f"{'; '.join(names[:MAX_NAMES])}{more}: {_printed(printed)}", "      ", "    ")
            )
        if len(separation.prints) > MAX_GROUPS:
            lines.append(f"    and {len(separation.prints) - MAX_GROUPS} more")
    if len(found.exact) > 1 and not found.separating:
        lines.append("no input that was tried tells them apart")
    if found.note:
        lines.append(wrap(f"note: {found.note}", "  ", "  "))
    return "\n".join(lines)


def _printed(prints):
    """Codes, or codes and what they decode to."""
    if prints is None:
        return "divides by 0"
    if prints and isinstance(prints[0], tuple):
        codes, decoded = prints
        told = "refused" if decoded is None else " ".join(f"{float(v):.6g}" for v in decoded)
        return f"{' '.join(map(str, codes))}, decoded {told}"
    return " ".join(map(str, prints))
