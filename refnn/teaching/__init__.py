"""Make worksheets and programming assignments, and mark what students hand in."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
