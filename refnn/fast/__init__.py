"""This package holds fast forms of formulas, and what a large array needs to be computed fast.

The decorator of a formula names its fast form by `takes(fast=…)`. Tests hold both equal.
"""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
