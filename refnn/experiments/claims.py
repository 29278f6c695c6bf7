"""This module lists every claim that is computed over many seeds, by its name on the command line.

The file of a claim has STAGES (how often compute calls progress), compute(seeds, progress) ->
result, finding(result) -> spread.Finding, text(result) and draw(result) -> {name: figure}."""

from collections.abc import Mapping
from importlib import import_module


class _Claims(Mapping):
    """The modules of the claims by name. A module is imported when it is asked for."""

    def __init__(self, files):
        self.files = files

    def __getitem__(self, name):
        return import_module(f"refnn.experiments.{self.files[name]}")

    def __iter__(self):
        return iter(self.files)

    def __len__(self):
        return len(self.files)


CLAIMS = _Claims(
    {
        "statements": "statements",
        "floor-bias": "floor_bias",
        "error-and-bits": "error_and_bits",
        "ranges": "ranges",
        "roundings": "best_roundings",
        "ladder": "ladder",
        "aware-training": "aware_training",
        "article-rule": "article_rule",
        "landscape": "landscape",
        "criteria": "criteria",
        "sparsity": "sparsity_curves",
        "signed-rule": "signed_rule",
        "recovery": "recovery",
        "printed-network": "printed_network",
    }
)


def about(name):
    """Return what a claim is about, which is the first paragraph of its file's docstring.

    >>> about("floor-bias").split(".")[0]
    'This experiment compares the errors of floor with those of unbiased rounding'
    """
    return " ".join(CLAIMS[name].__doc__.split("\n\n")[0].split())
