"""The catalogue: formulas, slips, published vectors, and who prints a given result."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
