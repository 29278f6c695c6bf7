"""Prune a network (剪枝) as §3.2 of the article says, and by the standard methods."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
