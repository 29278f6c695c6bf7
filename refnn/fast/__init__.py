"""Speed around the formulas: a formula's decorator names its fast form, which stands here."""

from refnn import _offer

__getattr__, __dir__ = _offer(globals())
