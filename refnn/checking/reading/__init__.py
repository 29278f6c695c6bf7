"""Reading a worked example: Markdown, TOML and JSON, numbers kept as they are printed."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
