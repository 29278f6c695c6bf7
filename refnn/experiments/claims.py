"""This module lists every claim that is computed over many seeds, by its name on the command line.

The file of a claim has STAGES (how often compute calls progress), compute(seeds, progress) ->
result, text(result) and, if the claim has a figure, draw(result) -> {name: figure}."""

from refnn.experiments import (
    article_rule,
    aware_training,
    best_roundings,
    criteria,
    error_and_bits,
    floor_bias,
    ladder,
    landscape,
    printed_network,
    ranges,
    recovery,
    sparsity_curves,
)

CLAIMS = {
    "floor-bias": floor_bias,
    "error-and-bits": error_and_bits,
    "ranges": ranges,
    "roundings": best_roundings,
    "ladder": ladder,
    "aware-training": aware_training,
    "article-rule": article_rule,
    "landscape": landscape,
    "criteria": criteria,
    "sparsity": sparsity_curves,
    "recovery": recovery,
    "printed-network": printed_network,
}


def about(name):
    """Return what a claim is about, which is the first paragraph of its file's docstring.

    >>> about("floor-bias").split(".")[0]
    'This experiment compares the errors of floor with those of unbiased rounding'
    """
    return " ".join(CLAIMS[name].__doc__.split("\n\n")[0].split())
