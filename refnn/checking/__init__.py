"""Checking: do these numbers follow from this formula? Decided on rationals."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
