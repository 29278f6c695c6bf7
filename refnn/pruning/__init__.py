"""Pruning (剪枝): §3.2 of the article as written, and what the field does."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
