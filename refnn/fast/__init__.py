"""This package holds fast forms of formulas, and code that computes large arrays in blocks.

The decorator of a formula names its fast form by `takes(fast=…)`. Tests check that both give equal
results.
"""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
