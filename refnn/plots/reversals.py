"""This module draws a figure of the networks in which a claim holds or its reverse does."""

import numpy as np

from refnn.plots.style import CORRECTED, NOTE, WRITTEN, blank, styled


@styled
def reversal(finding, title):
    """Draw the values of a finding as a histogram, those that reverse it apart from the others.

    finding: a `spread.Finding`. A dotted line marks where the claim turns into its reverse.

    >>> from refnn.experiments.spread import Finding
    >>> figure = reversal(Finding("x", np.array([-1.0, 1.0, 2.0]), 0.0, "gain"), "a title")
    >>> figure.axes[0].get_title()[-44:]
    'as claimed in 67%, reversed in 33% (hatched)'
    """
    values = np.asarray(finding.values, dtype=float)
    figure = blank(3.2, title)
    ax = figure.subplots()
    low, high = min(values.min(), finding.neutral), max(values.max(), finding.neutral)
    width = (high - low or 1) / 30
    first = finding.neutral - width * np.ceil((finding.neutral - low) / width)
    edges = first + width * np.arange(np.ceil((high - first) / width) + 2)
    below = values < finding.neutral
    look = {"bins": edges, "edgecolor": "white", "linewidth": 0.4}
    ax.hist(values[~below], color=CORRECTED, **look)
    ax.hist(values[below], color=WRITTEN, hatch="///", **look)
    ax.axvline(finding.neutral, color="black", linestyle=":", linewidth=1.2)
    middle = np.median(values)
    ax.axvline(middle, color="black", linewidth=1.2)
    held = (values > finding.neutral).mean()
    said = f"{len(values)} networks: median {finding.form.format(middle)} (solid line); as claimed "
    said += f"in {held:.0%}, reversed in {below.mean():.0%} (hatched)"
    ax.set_title(said.replace("-", "−"), color=NOTE, fontsize=9)
    ax.set(xlabel=finding.what, ylabel="networks")
    ax.yaxis.get_major_locator().set_params(integer=True)
    return figure
