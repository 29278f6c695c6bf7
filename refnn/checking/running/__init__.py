"""Running somebody's code with limits, and describing how it behaves."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
