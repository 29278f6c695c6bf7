"""Prune a network (剪枝) as §3.2 of the article writes it, and as the field does it."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
