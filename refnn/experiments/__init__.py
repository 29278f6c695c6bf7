"""Experiments: a file per claim; compute() gives data over seeds, draw() its figure."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
