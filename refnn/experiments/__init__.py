"""This folder holds the experiments, one file for each claim.

In each file compute() returns the data of all seeds, and draw() returns the figure."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
