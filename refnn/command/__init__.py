"""The command line: what it reads, what each command does, and what it prints."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
