"""The geometry of (W, B): where a pair prints given codes, and why none does."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
