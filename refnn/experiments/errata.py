"""This module collects the findings. A finding is an error in the article.

Each finding is computed and has the § of the article and its Chinese term. The numbers of the
findings never change. Findings 18, 19 and 25 need trained networks, so their numbers are stored
results (see `store`), and 24 is part of 10."""

from typing import NamedTuple

from refnn.experiments import printed_numbers, wording, written_rules

ELSEWHERE = (
    "Findings 18, 19 and 25 are results over 200 networks of each data set that were stored; "
    "python -m refnn reproduce statements computes them again. Finding 24 (P) is part of 10."
)


class Finding(NamedTuple):
    """An error in one place of the article."""

    number: int
    section: str  # of the article, "4.1"
    term: str  # the Chinese term, or ""
    text: str  # the finding, with its numbers computed


def findings():
    """Compute all findings, in the order of their numbers.

    >>> findings()[0].text
    'The printed network is 5-2-1 with 15 parameters, but the announced 10-5-1 network has 61'
    """
    both = printed_numbers.FINDINGS + written_rules.FINDINGS
    found = [Finding(number, section, term, compute()) for number, section, term, compute in both]
    return sorted([*found, *(Finding(*one) for one in wording.trained_findings())])
