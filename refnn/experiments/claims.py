"""Every claim that is shown over many seeds: its name on the command line, and its file.

A file has STAGES, compute(seeds, progress) -> result, text(result), and, if it has a figure,
draw(result) -> {name: figure}."""

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
    """Return the first paragraph of a claim's file.

    >>> about("floor-bias")[:13]
    "Floor's bias:"
    """
    return " ".join(CLAIMS[name].__doc__.split("\n\n")[0].split())
