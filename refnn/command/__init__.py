"""The command line: it reads the options, runs a command and prints the result."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
