"""This module holds the answer of `solve`, and writes it as data for JSON."""

from collections.abc import Callable
from typing import NamedTuple

from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.identify import Identified
from refnn.checking.plane.digits import ratio
from refnn.checking.solver import Solution


class Answer(NamedTuple):
    """All that `solve` found."""

    given: dict  # what was asked: x, codes, levels, and decoded, scale, zero_point if given
    formula: str  # the formula of W and B, in words
    found: Identified  # the conventions and the mistakes
    solution: Solution | None  # of W and B; None if it was not searched
    why_not: str  # the reason, in a sentence, if W and B were not searched
    range_of_B: Callable  # (W) -> (low, high)
    without_ties: bool  # a pair (W, B) that makes a tie was not searched
    pair: tuple | None  # (W, B, sign) that gives the decoded values too
    signs: str  # of the decoders that are possible, "" if no decoded values are given
    searched: bool  # W and B were searched for the decoded values too
    asked_who: bool  # conventions and mistakes were tried, not only a rounding or an overflow

    @property
    def conventions(self):
        """Return the rows of the conventions that give all that is given."""
        return [row for row in self.found.exact if row.kind == "convention"]

    @property
    def by_formula(self):
        """Return True if some W and B give all that is given."""
        if "scale" in self.given or not (self.solution and self.solution.feasible):
            return False
        return self.pair is not None or not self.signs

    @property
    def holds(self):
        """Return True if a convention, or some W and B, give all that is given."""
        return bool(self.conventions) or self.by_formula


def decoder_text(sign):
    """Write the decoder with this sign of B.

    >>> decoder_text("+")
    '(q + B)/W'
    """
    return f"(q {sign} B)/W"


def as_data(answer):
    """Return an Answer as data for JSON. Fractions are text such as 1/3.

    >>> from refnn.command.solving import answer_of
    >>> data = as_data(answer_of(["0.1", "0.2"], ["0", "1"], 8))
    >>> data["holds"], data["formula"]["intervals"], data["formula"]["witness"]
    (True, [['0', '20']], ['1', '4/5'])
    """
    found, solution = answer.found, answer.solution
    found_pair = answer.pair and dict(zip("WB", answer.pair))
    return {
        "holds": answer.holds,
        **{key: _text(value) for key, value in answer.given.items()},
        "conventions": [_convention(row) for row in answer.conventions],
        "slips": [
            {
                "name": row.name,
                "kind": row.kind,
                "slip": row.slip,
                "hint": row.slip and CATALOGUE[row.slip].hint,
            }
            for row in found.exact
            if row.kind in ("slip", "rounding")
        ],
        "nearly": [
            {"name": row.name, "kind": row.kind, "slip": row.slip, "agree": row.agree, "of": row.of}
            for row in found.near
        ],
        "tie": found.tie and {**found.tie._asdict()},
        "separating": [
            {"x": _text(s.x), "prints": [{"names": n, "prints": _text(p)} for n, p in s.prints]}
            for s in found.separating
        ],
        "note": found.note,
        "formula": {
            "formula": answer.formula,
            "holds": answer.by_formula,
            "why_not": answer.why_not,
            "without_ties": answer.without_ties,
            "searched_for_decoded": answer.searched,
            "decoded_by": answer.pair
            and {**_text(found_pair), "decoder": decoder_text(answer.pair[2])},
            **(_text(_solution(solution)) if solution else {}),
        },
    }


def _convention(row):
    scale, zero_point = row.grid or (None, None)
    return {
        "name": row.name,
        "rule": row.about.rule,
        "source": row.about.source,
        "scale": _text(scale),
        "zero_point": _text(zero_point),
    }


def _solution(solution):
    return {
        "feasible": solution.feasible,
        "intervals": solution.intervals,
        "period": solution.period,
        "witness": solution.witness,
        "proof": solution.proof and solution.proof._asdict(),
        "repair": solution.repair and solution.repair._asdict(),
    }


def _text(value):
    """Write the Fractions in data as text. Whole numbers, text and None stay what they are."""
    if isinstance(value, dict):
        return {key: _text(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_text(v) for v in value]
    return value if value is None or isinstance(value, (bool, int, str)) else ratio(value)
