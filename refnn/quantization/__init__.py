"""This package quantizes (量化) as §3.1 of the article says, and by the standard formulas."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
