"""What the command prints of somebody's functions: promises, published vectors, slips. Text only,
no computing."""

from refnn.checking.plane.digits import short
from refnn.checking.running import behaviour
from refnn.console import table, wrap

WORDS = {True: "held", False: "BROKEN", None: "-"}


def check_text(report):
    """Print a Report as a page: the grid, every promise with its smallest counterexample, vectors,
    and the likeliest slip.

    >>> import numpy as np
    >>> from refnn.checking.implementation import check
    >>> print(check_text(check(lambda x: np.clip(np.floor(x / 0.5) + 3, 0, 7))))
    its grid: scale 0.5, zero point 3, codes 0 to 7
    <BLANKLINE>
    codes are whole numbers  held
    same answer twice        held
    each value on its own    held
    keeps the shape          held
    each row like a vector   held
    leaves its input alone   held
    never falls as x grows   held
    stops at the ends        held
    nearest code             BROKEN
      0.1 steps below 0 (x = -0.05) give 2, nearest is 3
    ties go to even          -
      it does not round to the nearest
    float32 like float64     held
    <BLANKLINE>
    published vectors: none is on its grid
    <BLANKLINE>
    quantize behaves everywhere like floor_for_round
      Which code is nearest to 0.9 steps?
    """
    lines, g, on_a_grid = [], report.grid, report.grid is not None
    if on_a_grid:
        codes = f"codes {g.qmin} to {g.qmax}"
        lines += [f"its grid: scale {short(g.scale)}, zero point {g.zero_point}, {codes}", ""]
    lines += _rows(report.properties)
    if report.role == "quantize" and on_a_grid:
        found = [f"  {line}" for line in _rows(report.vectors, width=75)]
        lines += ["", "published vectors:" + " none is on its grid" * (not found), *found]
    if report.broken:
        lines.append("")
    for b in report.behaviours:
        how = "everywhere" if b.exact else f"on {b.agree} of {b.asked} inputs"
        but = f", not at {b.differs}" if b.differs else ""
        lines.append(wrap(f"{b.function} behaves {how} like {b.name}{but}"))
        lines.append(wrap(b.hint, "  ", "  "))
    if report.broken and not report.behaviours:
        lines.append("it behaves like no single slip of the catalogue")
    functions = [b.function for b in report.behaviours]
    if functions[:1] == ["dequantize"] and "quantize" in functions:
        other = "which is wrong they cannot say: the one, if the other is right."
        lines.append(wrap(f"The two do not fit; {other}"))
    if any(b.name == behaviour.WRITTEN for b in report.behaviours):
        measure = "the measure here is what the field does."
        lines.append(wrap(f"It is §3.1.1 as written, faithfully; {measure}"))
    return "\n".join(lines)


def _rows(properties, width=79):
    """A line for each, its counterexample or reason below it."""
    lines = []
    rows = table([[p.name, WORDS[p.held]] for p in properties]).split("\n") if properties else ()
    for p, row in zip(properties, rows):
        lines.append(row)
        if p.why:
            lines += [line[:width] for line in wrap(p.why, "  ", "  ").split("\n")]
    return lines
