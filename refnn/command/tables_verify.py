"""Format what `verify` prints about a worked example: each claim, its formula and its verdict.

Nothing is computed here.
"""

from fractions import Fraction

from refnn.checking.plane.digits import as_text, line, pair, significant
from refnn.checking.worked_example import check, formulas  # noqa: F401 (the examples use check)
from refnn.console import harmless, wrap

LONGEST = 300  # characters of printed or computed numbers


def verdicts_text(example, verdicts):
    """Format the verdicts on a worked example: a paragraph for each claim, then how many hold.

    >>> claim = {"kind": "dequantize", "q": [3], "W": 9, "B": 0, "printed": [2]}
    >>> example = {"title": "t", "claims": [claim], "notes": ["line 7: no numbers were read"]}
    >>> print(verdicts_text(example, check(example)))
    t
    <BLANKLINE>
    dequantize: cannot be
      formula: (q + B)/W
      printed: 2
      right: 1/3
      1 of 1 printed values is wrong: (3 + 0)/9 = 1/3, but 2 is printed.
    <BLANKLINE>
    0 of 1 claims hold.
    <BLANKLINE>
    Not judged:
    * line 7: no numbers were read.
    """
    parts = [wrap(_fit(example.get("title", ""), 300)), ""]
    for formula, verdict in zip(formulas(example), verdicts):
        parts += [*_verdict(formula, verdict), ""]
    parts.append(f"{sum(v.holds for v in verdicts)} of {len(verdicts)} claims hold.")
    notes = example.get("notes", ())
    if notes:
        parts += ["", "Not judged:"]
        parts += [wrap(_sentence(_fit(note, 300)), indent="  ", first="* ") for note in notes]
    return "\n".join(parts)


def verdicts_data(example, verdicts):
    """Return the verdicts as dicts with the six keys of a Verdict, for JSON.

    Each reason ends with the formula by which the claim was judged.

    >>> example = {"claims": [{"kind": "loss", "y_hat": [[1]], "y": [[3]], "printed": 2}]}
    >>> verdicts_data(example, check(example))[0]["reason"]
    'Judged by J = 1/2 sum (y - y_hat)^2.'
    """
    found = []
    for formula, v in zip(formulas(example), verdicts):
        reason = f"{_sentence(v.reason)} Judged by {formula}.".lstrip()
        found.append({**v._asdict(), "reason": reason})
    return found


def _verdict(formula, v):
    """Return the lines about one verdict."""
    several = v.printed if isinstance(v.printed, tuple) else (v.printed,)
    printed = "; ".join(line(values, _value) for values in several)
    lines = [wrap(f"{_fit(v.claim, 60)}: {v.status}")]
    lines.append(_row("formula", formula))
    lines.append(_row("printed", printed))
    if v.computed is not None and (v.status != "exact" or isinstance(v.computed, tuple)):
        said = v.computed  # a pair (W, B), or what the formula gives
        digits = max([significant(text) for text in printed.split()], default=0)
        found = isinstance(said, tuple) and len(said) == 2
        right = pair(*said, as_text) if found else line(said, lambda a: _value(a, "9" * digits))
        if right != printed:
            lines.append(_row("given by" if found else "right", right))
    if v.reason:
        lines.append(wrap(_sentence(_fit(v.reason, 2000)), indent="  ", first="  "))
    return lines


def _row(label, text):
    return wrap(_fit(text, LONGEST), indent="    ", first=f"  {label}: ")


def _value(value, like=""):
    if isinstance(value, float):
        return f"{value:.{max(10, len(like) + 1)}g}" if len(like) < 16 else repr(value)
    return as_text(value, like) if isinstance(value, (Fraction, int)) else str(value)


def _fit(text, length):
    """Format a user's text as a paragraph without control characters and long words, and cut it."""
    text = harmless(str(text))
    text = " ".join(word if len(word) <= 60 else f"{word[:56]}…" for word in text.split())
    return text if len(text) <= length else f"{text[:length]} …"


def _sentence(text):
    return text if not text or text[-1] in "?.!" else f"{text}."
