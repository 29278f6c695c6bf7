"""The kinds of claims that a worked example can make, and what judges each."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
