"""This package quantizes (量化) as §3.1 of the article is written, and as the field does."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
