"""This package holds formulas, slips (mistakes with a name) and published test vectors.

It also finds which convention or which slip gives a result."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
