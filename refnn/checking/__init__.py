"""This package decides, exactly and on fractions, whether printed numbers follow from a formula."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
