"""What is wrong with the article: each finding that needs no training, computed, with its § and the
Chinese term.

The numbers are stable: findings 18, 19 and 25 need trained networks, 24 is told in 10."""

from typing import NamedTuple

from refnn.experiments import printed_numbers, written_rules

ELSEWHERE = (
    "Not above: 18 (what the scheme as written costs in test error), 19 (§6: whether compressed "
    "networks are better) and 25 (§5, §6: test error, and where each method fails) need trained "
    "networks: they are in the tour, python -m refnn, and over many seeds in python -m refnn "
    "reproduce. 24 (P stands only in prose) is told in 10."
)


class Finding(NamedTuple):
    """What is wrong in one place of the article."""

    number: int
    section: str  # of the article, "4.1"
    term: str  # the Chinese term, or ""
    text: str  # the finding, with its numbers computed


def findings():
    """Compute all findings.


    >>> findings()[0].text
    'the network printed is 5-2-1 with 15 parameters; the 10-5-1 network announced has 61'
    """
    both = sorted(printed_numbers.FINDINGS + written_rules.FINDINGS)
    return [Finding(number, section, term, compute()) for number, section, term, compute in both]
