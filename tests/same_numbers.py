"""Text with numbers in it, compared: the words are equal, each number within one unit of its last
printed digit."""

import re
from fractions import Fraction

NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?%?")


def unit(text):
    """One unit of the last digit of a printed number."""
    digits = text.rstrip("%")
    return Fraction(1, 10 ** (len(digits.split(".")[1]) if "." in digits else 0))


def same(quoted, printed, share=0):
    """Is a quoted text what is printed, up to one unit of the last digit, or a share, of each
    number? Blanks do not count."""
    if NUMBER.sub("#", quoted).split() != NUMBER.sub("#", printed).split():
        return False
    pairs = zip(NUMBER.findall(quoted), NUMBER.findall(printed))
    return all(
        abs(Fraction(a.rstrip("%")) - Fraction(b.rstrip("%")))
        <= max(unit(a), unit(b), abs(share * Fraction(a.rstrip("%"))))
        for a, b in pairs
    )
