"""This module writes numbers as text and reads printed numbers.

A printed number that is an input stands for itself: 0.1 is 1/10. A printed result stands for an
interval, half a unit of its last digit to each side.
"""

import re
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np

from refnn import arrays
from refnn.arrays import Refused

PRINTED = re.compile(r"[+-]?\d*(\.\d*)?([eE][+-]?\d+)?")
NESTED = (list, tuple, np.ndarray)


def flat(name, values, depth=0):
    """Return the numbers of nested lists or of an array, unchanged and in reading order.

    >>> flat("x", [["0.1", 2], [3]])
    ['0.1', 2, 3]
    """
    if isinstance(values, (list, tuple)) and depth <= 32:
        return [v for part in values for v in flat(name, part, depth + 1)]
    if isinstance(values, np.ndarray) and not isinstance(values, np.ma.MaskedArray):
        return list(values.flat)
    if isinstance(values, (str, int, float, Fraction, np.generic)):
        return [values]
    expected, masked = "numbers or lists of numbers", isinstance(values, np.ma.MaskedArray)
    if depth > 32:
        raise Refused(name, expected, f"lists nested {depth} deep")
    raise Refused(
        name, expected, "a masked array" if masked else arrays.describe(values), TypeError
    )


def NUMBERS(name, values, arguments):
    """Accept numbers in nested lists, and return a list of Fractions, read as they are printed."""
    return [arrays.exact(name, v) for v in flat(name, values)]


def half_unit(printed):
    """Return half a unit of the last digit of a printed number.

    It is 0 for a whole number and for a fraction such as 1/3.

    >>> half_unit("0.30"), half_unit("3"), half_unit(0.5)
    (Fraction(1, 200), Fraction(0, 1), Fraction(1, 20))
    """
    match = PRINTED.fullmatch(str(printed).strip())
    if not match or not (match[1] or match[2]):
        return Fraction(0)
    places = len((match[1] or ".")[1:]) - int((match[2] or "e0")[1:])
    return Fraction(1, 2) / Fraction(10) ** places


def significant(printed):
    """Count the significant digits of a printed number, 0 for a fraction such as 1/3.

    >>> significant("0.0470588"), significant("-1.50e-3"), significant(61), significant("1/3")
    (6, 3, 2, 0)
    """
    match = PRINTED.fullmatch(str(printed).strip())
    if not match:
        return 0
    digits = re.split("[eE]", match[0])[0].lstrip("+-").replace(".", "")
    return len(digits.lstrip("0"))


def decimal(value):
    """Write a Fraction as a decimal if it ends within twelve places, else as a fraction.

    The floats inf and −inf are written as "inf" and "-inf".

    >>> decimal(Fraction(1, 8)), decimal(Fraction(-445, 9)), decimal(Fraction(3))
    ('0.125', '-445/9', '3')
    """
    if isinstance(value, float):
        return str(value)
    rest, places = value.denominator, 0
    while factor := next((f for f in (10, 2, 5) if rest % f == 0), None):
        rest, places = rest // factor, places + 1
    if rest != 1 or places > 12:
        return str(value)
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    whole = len(digits) - places
    return "-" * bool(value < 0) + digits[:whole] + ("." * bool(places)) + digits[whole:]


def as_text(value, like=""):
    """Write a computed number in a few characters.

    A short number is written exactly, and a fraction is followed by its decimals. A long number, or
    one that is enclosed in an interval, is written with its decimals alone. It has two digits more
    than the printed number `like`, but at least 6 after a fraction and at least 12 if it stands
    alone.

    >>> as_text(Fraction(1, 8)), as_text(Fraction(-445, 9)), as_text(Fraction(10**30, 3))
    ('0.125', '-445/9 (-49.4444)', '3.33333333333e+29')
    >>> as_text(Fraction(1, 3**9), like="0.0000508052634252")
    '1/19683 (0.000050805263425291)'
    """
    try:
        exact = decimal(value) if hasattr(value, "denominator") else None
        digits = significant(like) + 2
        if exact is None or len(exact) > 24:
            return _decimals(value, max(digits, 12))
        if "/" in exact and len(exact) > 5:
            return f"{exact} ({_decimals(value, max(digits, 6))})"
        return exact
    except (OverflowError, ValueError):  # too large for a float, or thousands of digits
        return "a number beyond 1e308" if abs(value) > 1 else "a number below 1e-308"


def _decimals(value, digits):
    """Write the first decimals of a number, rounded, without zeros at the end."""
    float(value)  # a number beyond the floats is written in words
    low, high = value.ends() if hasattr(value, "ends") else (value, value)
    middle = (Fraction(low) + Fraction(high)) / 2
    if middle == 0 or abs(middle) < Fraction(1, 10**300):
        return f"{float(middle):.{digits}g}"
    with localcontext() as context:
        context.prec = digits
        rounded = Decimal(middle.numerator) / Decimal(middle.denominator)
        size = rounded.adjusted()
        if not -5 <= size < digits:
            mantissa, exponent = f"{rounded:.{digits - 1}e}".split("e")
            return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent):+03d}"
        text = f"{rounded:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def short(value):
    """Write a number with at most six digits, and never as -0.

    >>> short(0.30000000000000004), short(-128.0), short(Fraction(1, 3))
    ('0.3', '-128', '0.333333')
    """
    return f"{float(value) + 0.0:.6g}"


def fixed(value, form="{:.2f}"):
    """Write a number with a fixed number of decimal places, and never as -0.

    >>> fixed(-0.001), fixed(2, "{:.0f}"), fixed(-0.96)
    ('0.00', '2', '-0.96')
    """
    text = form.format(value)
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


def ratio(value):
    """Write a Fraction exactly, such as 1/3, or in words if it has thousands of digits.

    >>> ratio(Fraction(1, 3)), ratio(Fraction(1, 3**10000))
    ('1/3', 'a number below 1e-308')
    """
    try:
        return str(value)
    except ValueError:
        return as_text(value)


def pair(W, B, number=decimal):
    """Write a scaling factor W and an offset B.

    >>> pair(Fraction(1), Fraction(7, 2))
    'W = 1, B = 3.5'
    """
    return f"W = {number(W)}, B = {number(B)}"


def line(values, number=str, comma=" ", row=" / "):
    """Write numbers in nested lists, or in a dict of such lists, in one line.

    The function `number` writes each of them.

    >>> line([[0, 1], [2, 3]]), line({"b_o": [Fraction(1, 8)]}, decimal)
    ('0 1 / 2 3', 'b_o: 0.125')
    """
    if isinstance(values, dict):
        return ", ".join(f"{key}: {line(v, number, comma, row)}" for key, v in values.items())
    if not isinstance(values, NESTED):
        return number(values)
    between = row if any(isinstance(v, NESTED) for v in values) else comma
    return between.join(line(v, number, comma, row) for v in values)
