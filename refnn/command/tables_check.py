"""Format what `check` prints about functions of the user. Nothing is computed here."""

from refnn.checking.plane.digits import short
from refnn.checking.running import behaviour
from refnn.console import table, wrap

WORDS = {True: "held", False: "BROKEN", None: "-"}


def check_text(report):
    """Format a Report: the grid, every property with its smallest counterexample, the published
    vectors, and the most likely slip.

    >>> import numpy as np
    >>> from refnn.checking.implementation import check
    >>> print(check_text(check(lambda x: np.clip(np.floor(x / 0.5) + 3, 0, 7))))
    its grid: scale 0.5, zero point 3, codes 0 to 7
    <BLANKLINE>
    codes are whole numbers                    held
    the same input gives the same codes        held
    each value is encoded independently        held
    the shape is kept                          held
    a matrix gives the same codes as a vector  held
    the input array stays unchanged            held
    the code never falls as x grows            held
    codes saturate at both ends                held
    each value gets the nearest code           BROKEN
      x = -0.05 (0.1 steps below 0) gives code 2, but the nearest code is 3
    ties are rounded to even                   -
      it does not round to the nearest code
    float32 and float64 give the same codes    held
    <BLANKLINE>
    published vectors: none uses this grid
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
        lines += ["", "published vectors:" + " none uses this grid" * (not found), *found]
    if report.broken:
        lines.append("")
    for b in report.behaviours:
        how = "everywhere" if b.exact else f"on {b.agree} of {b.asked} inputs"
        but = f", not at {b.differs}" if b.differs else ""
        lines.append(wrap(f"{b.function} behaves {how} like {b.name}{but}"))
        lines.append(wrap(b.hint, "  ", "  "))
    if report.broken and not report.behaviours:
        lines.append("It behaves like no single known slip.")
    functions = [b.function for b in report.behaviours]
    if functions[:1] == ["dequantize"] and "quantize" in functions:
        other = "If one of them is right, the other is wrong."
        lines.append(wrap(f"The two functions do not fit each other. {other}"))
    if any(b.name == behaviour.WRITTEN for b in report.behaviours):
        measure = "It is judged here by what the field does."
        lines.append(wrap(f"This is exactly §3.1.1 as the article writes it. {measure}"))
    return "\n".join(lines)


def _rows(properties, width=79):
    """Return a line for each property, with its counterexample or reason below it."""
    lines = []
    rows = table([[p.name, WORDS[p.held]] for p in properties]).split("\n") if properties else ()
    for p, row in zip(properties, rows):
        lines.append(row)
        if p.why:
            lines += [line[:width] for line in wrap(p.why, "  ", "  ").split("\n")]
    return lines
