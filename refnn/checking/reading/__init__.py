"""This package reads worked examples from Markdown, TOML and JSON and keeps numbers as text."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
