"""This package holds the geometry of the pairs (W, B) that give the codes."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
