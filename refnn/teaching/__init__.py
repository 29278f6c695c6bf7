"""Worksheets and assignments: handed out, collected, marked."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
