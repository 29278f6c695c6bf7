"""This package holds the kinds of claims that a worked example can make, and their judges."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
