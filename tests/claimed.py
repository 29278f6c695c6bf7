"""Every claim computed once, on five seeds."""

import warnings
from functools import cache
from typing import Any, NamedTuple

from refnn.experiments import claims

once = cache(cache)  # of one function always the same cache
SEEDS = 5
FEWER = {
    "criteria": {"seeds": 3},  # a search for the best subset in each network
    "printed-network": {"seeds": 3, "steps": 5},  # 2¹⁵ masks a draw, retrained
}


class Claimed(NamedTuple):
    """What a claim computes, and what it told of its progress."""

    result: Any
    stages: list


def claim(name):
    stages = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = claims.CLAIMS[name].compute(
            **{"seeds": SEEDS, **FEWER.get(name, {}), "progress": stages.append}
        )
    return Claimed(result, stages)
