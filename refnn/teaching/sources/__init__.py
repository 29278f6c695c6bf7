"""Hold the sources of the programming assignments, one file for each."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
