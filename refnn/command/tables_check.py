"""Format what `check` prints about functions of the user. Nothing is computed here."""

from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.plane.digits import short
from refnn.checking.running import behaviour
from refnn.console import harmless, table, wrap

WORDS = {True: "held", False: "BROKEN", None: "not tested"}
NEAREST = (
    "each number gets the nearest code, x/scale is rounded half to even, and the codes saturate "
    "at both ends (ONNX QuantizeLinear)"
)
RULES = {
    "prune": "a parameter with R below tau is removed, and every other one is kept (§3.2.2)",
    "importance": "the scores are those of a known criterion, on a small network",
}


def check_text(report):
    """Format a Report: what was judged, by which rule, the verdict, the reason and the mistake.

    >>> import numpy as np
    >>> from refnn.checking.implementation import check
    >>> print(check_text(check(lambda x: np.clip(np.floor(x / 0.5) + 3, 0, 7))))
    Judged: quantize. Its grid: scale 0.5, zero point 3, codes 0 to 7.
    Rule: each number gets the nearest code, x/scale is rounded half to even, and
      the codes saturate at both ends (ONNX QuantizeLinear).
    Verdict: it breaks this rule.
    Reason: x = -0.05 (0.1 steps below 0) gives code 2, but the nearest code is 3.
    Known mistake: floor_for_round. With it, a formula gives the same answers on
      all 320 inputs.
      right: rounded = half_even.formula(divided)
      wrong: rounded = np.floor(divided)
      Hint: Which code is nearest to 0.9 steps?
    <BLANKLINE>
    each value gets the nearest code  BROKEN
    ties are rounded to even          not tested
      because the function does not round to the nearest code
    These properties hold: codes are whole numbers; the same input gives the same
      codes; each value is encoded independently; the shape is kept; a matrix gives
      the same codes as a vector; the input array stays unchanged; the code never
      falls as x grows; codes saturate at both ends; float32 and float64 give the
      same codes.
    Published examples: none uses this grid.
    """
    lines = [_sentence("Judged", f"{_judged(report)}"), _sentence("Rule", rule(report))]
    lines.append(_sentence("Verdict", verdict(report)))
    if report.broken:
        lines.append(_sentence("Reason", reason(report)))
    for b in report.behaviours:
        on_tensors = report.found is not None and b.function == "quantize"
        lines += _mistake(b, "tensors" if on_tensors else "inputs")
    if report.broken and not report.behaviours:
        lines.append("No single known mistake explains it.")
    lines += _remarks(report)
    lines += ["", *_rows(report.properties, report.broken[:1])]
    if report.role == "quantize" and report.grid is not None:
        found = _rows(report.vectors, report.broken[:1], "These examples hold")
        lines += ["Published examples:", *found] if found else []
        lines += [] if found else ["Published examples: none uses this grid."]
    return "\n".join(lines)


def rule(report):
    """Return the rule by which a Report judges.

    >>> from refnn.checking.implementation import Report
    >>> rule(Report("importance", None, (), (), ()))
    'the scores are those of a known criterion, on a small network'
    """
    if report.found is not None:
        return (
            f"the codes of {report.found.tried} whole tensors are those of a published convention"
        )
    return RULES.get(report.role, NEAREST)


def verdict(report):
    """Return the verdict of a Report in words.

    >>> from refnn.checking.implementation import Report
    >>> verdict(Report("importance", None, (), (), ()))
    'it keeps this rule'
    """
    found = report.found
    if found is not None and found.fits:
        first, *others = found.conventions
        same = f" (on these tensors the same as {'; '.join(others)})" if others else ""
        broken = ", but not all is right" if report.broken else ""
        return f"with {found.bits} bits it is {first}{same}{broken}"
    if found is not None:
        return f"it follows none of them. The nearest is {found.conventions[0]!r}"
    return "it breaks this rule" if report.broken else "it keeps this rule"


def reason(report):
    """Return why a function does not keep its rule, or None if it keeps it.

    >>> from refnn.checking.implementation import Report
    >>> from refnn.checking.running.properties import Property
    >>> broken = Property("ties", False, "x = .75 gives code 1, but 2 is published")
    >>> reason(Report("quantize", None, (), (broken,), ()))
    "x = .75 gives code 1, but 2 is published (example 'ties')"
    """
    if not report.broken:
        return None
    first = report.broken[0]
    why = first.why or first.name
    return f"{why} (example {first.name!r})" if first in report.vectors else why


def as_data(report):
    """Return a Report as data for JSON.

    >>> import numpy as np
    >>> from refnn.checking.implementation import check
    >>> data = as_data(check(lambda x: np.clip(np.floor(x / 0.5) + 3, 0, 7)))
    >>> data["sound"], data["mistakes"][0]["wrong"]
    (False, ['rounded = np.floor(divided)'])
    """
    g, found = report.grid, report.found
    grid = g and {
        "scale": float(g.scale),
        "zero_point": g.zero_point,
        "qmin": g.qmin,
        "qmax": g.qmax,
    }
    shown = found and {
        "x": list(found.x),
        "gives": [int(code) for code in found.gives],
        "right": [int(code) for code in found.right],
    }
    return {
        "judged": [harmless(name) for name in report.judged],
        "role": report.role,
        "grid": grid,
        "depends_on_data": found is not None,
        "bits": found and found.bits,
        "conventions": list(found.conventions) if found else [],
        "fits": found and found.fits,
        "rule": rule(report),
        "verdict": verdict(report),
        "sound": not report.broken,
        "reason": reason(report),
        "smallest_tensor": shown if found and found.x else None,
        "properties": [p._asdict() for p in report.properties],
        "vectors": [p._asdict() for p in report.vectors],
        "mistakes": [
            {
                **b._asdict(),
                "exact": b.exact,
                "hint": b.hint,
                **dict(zip(("right", "wrong"), _edit(b))),
            }
            for b in report.behaviours
        ],
    }


def _sentence(label, text):
    """Return a sentence with one full stop. Three dots at its end, of a cut list, are left."""
    end = "" if text.endswith(".") else "."
    return wrap(f"{label}: {text}{end}", "  ", "")


def _judged(report):
    names = " and ".join(harmless(name) for name in report.judged) or report.role
    g, found = report.grid, report.found
    if found is not None:
        low, high = found.ends
        return f"{names}. Its grid depends on the data, and its codes go from {low} to {high}"
    if g is None:
        return names
    codes = f"codes {g.qmin} to {g.qmax}"
    return f"{names}. Its grid: scale {short(g.scale)}, zero point {g.zero_point}, {codes}"


def _edit(b):
    """Return (the right lines of code, the wrong ones) of a known mistake."""
    lines = CATALOGUE[b.name].diff() if b.name in CATALOGUE else []
    return tuple([line[1:].strip() for line in lines if line[0] == sign] for sign in "-+")


def _mistake(b, what):
    """Return the lines about a known mistake, or about a formula that a function behaves like."""
    of = "" if b.function == "quantize" else f" in {b.function}"
    how = f"on all {b.asked} {what}" if b.exact else f"on {b.agree} of {b.asked} {what}"
    how = f"With it, a formula gives the same answers {how}"
    but = f", but not at {b.differs}" if b.differs else ""
    kind = "Known mistake" if b.name in CATALOGUE else "It behaves like"
    lines = [_sentence(f"{kind}{of}", f"{b.name}. {how}{but}")]
    for label, code in zip(("right", "wrong"), _edit(b)):
        lines += [wrap(f"{label}: {line}", "         ", "  ") for line in code]
    return [*lines, wrap(f"Hint: {b.hint}", "    ", "  ")]


def _remarks(report):
    functions = [b.function for b in report.behaviours]
    lines = []
    if functions[:1] == ["dequantize"] and "quantize" in functions:
        other = "If one of them is right, the other is wrong."
        lines.append(wrap(f"The two functions do not fit each other. {other}"))
    if any(b.name == behaviour.WRITTEN for b in report.behaviours):
        measure = "Here it is judged by the usual rule of the field."
        lines.append(wrap(f"This is exactly §3.1.1 as the article writes it. {measure}"))
    return lines


def _rows(properties, told, label="These properties hold"):
    """Return a line for each property that does not hold, and then those that hold, with a label.

    Below a line stands the reason, except for the properties in `told`, whose reason was given."""
    others = [p for p in properties if p.held is not True]
    rows = table([[p.name, WORDS[p.held]] for p in others]).split("\n") if others else ()
    lines = []
    for p, row in zip(others, rows):
        why = f"because {p.why}" if p.held is None and p.why else p.why
        lines += [row, *([wrap(why, "  ", "  ")] if why and p not in told else ())]
    held = [f"{p.name} ({p.why})" if p.why else p.name for p in properties if p.held]
    return [*lines, _sentence(label, "; ".join(held))] if held else lines
