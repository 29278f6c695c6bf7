"""This package runs code of the user with limits and describes how it behaves."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
