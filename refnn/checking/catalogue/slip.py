"""A slip: a plausible mistake with a name. The catalogue of them all is `slips`.

Each `wrong` takes the arguments of the formula that it stands for. Hints say where to look, never
the answer."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Slip:
    """name; formula "module.function" below refnn; wrong: the function with the mistake; hint;
    published: where.

    >>> from refnn.checking.catalogue.slips import CATALOGUE
    >>> CATALOGUE["no_abs"].hint
    'Is a large negative weight unimportant?'
    """

    name: str
    formula: str
    wrong: Callable
    hint: str
    published: tuple = ()


CATALOGUE = {}


def slip(formula, hint, *published):
    """Register the decorated function as the slip of its own name in this formula.

    >>> from refnn.checking.catalogue.slips import CATALOGUE
    >>> CATALOGUE["floor_for_round"].formula
    'quantization.affine.quantize'
    """

    def register(wrong):
        if wrong.__name__ in CATALOGUE:
            raise ValueError(f"slip: {wrong.__name__} is in the catalogue already")
        CATALOGUE[wrong.__name__] = Slip(wrong.__name__, formula, wrong, hint, published)
        return wrong

    return register
