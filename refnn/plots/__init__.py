"""This folder holds the functions that take arrays and return a figure.

No other folder imports matplotlib. The functions train nothing and change no global setting."""

# ruff: noqa: F401  (the names are imported so that refnn.plots offers them)
from refnn.plots.curves import (
    LINE,
    MARKERS,
    Series,
    against_bits,
    against_truth,
    curves,
    floor_bias,
    ladder,
    pairs,
    roundings,
    rule,
    staircase,
)
from refnn.plots.maps import axes61, interaction, proof
from refnn.plots.reversals import reversal
from refnn.plots.style import (
    BLUES,
    BOOK,
    COLOUR,
    CORRECTED,
    NOTE,
    ORIGINAL,
    PRUNED,
    REMOVED,
    SIGN,
    STYLE,
    THRESHOLD,
    WIDTH,
    WRITTEN,
    save,
)
from refnn.plots.weights import SHOWN_TAUS, Grid, before_after, dots, matrices, network, pruning
