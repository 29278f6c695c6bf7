"""The programming assignments, one file each: prose, solutions between marks, and checks."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
