"""Enclosures: an interval that certainly holds a number which is no fraction, such as tanh 1/10.

An Enclosure is [low, high]. A single fraction stays what it is as long as it is short; all other
ends are rounded outwards to whole multiples of 2⁻²⁵⁶, so that what is proved of the interval is
proved of the number (R. E. Moore, "Interval Analysis", 1966). NumPy calls the methods of the
entries of an object array: the formulas of `network`, unchanged, compute with enclosures.
"""

from fractions import Fraction
from math import ceil, floor

BITS = 256  # of the grid on which the ends lie
FINE = BITS + 64  # of the sums on the way
LARGEST = 10**4  # of |x| in exp and tanh


class Undecided(ValueError):
    """Raised where the answer depends on which number of an interval is meant, or would need
    endless digits.

    >>> Enclosure(-1, 1) > 0
    Traceback (most recent call last):
    refnn.checking.kinds.enclosure.Undecided: an interval around 0 has no sign
    """


class Enclosure:
    """[low, high], closed; with Fractions and whole numbers beside it.

    >>> (Enclosure(1) / 3).ends()[0], float(Enclosure(1).exp())
    (Fraction(1, 3), 2.718281828459045)
    >>> (2 * Enclosure(-1, 3)).ends(), abs(Enclosure(-1, 3)).ends() == (0, 3)
    ((Fraction(-2, 1), Fraction(6, 1)), True)
    """

    __slots__ = ("high", "low")

    def __init__(self, low, high=None):
        low, high = Fraction(low), Fraction(low if high is None else high)
        short = low == high and low.denominator < 2**BITS
        self.low = low if short else Fraction(floor(low * 2**BITS), 2**BITS)
        self.high = high if short else Fraction(ceil(high * 2**BITS), 2**BITS)

    def ends(self):
        """(low, high)"""
        return self.low, self.high

    def __repr__(self):
        return f"Enclosure({float(self)!r})"

    def __float__(self):
        return float((self.low + self.high) / 2)

    def __add__(self, other):
        low, high = ends(other)
        return Enclosure(self.low + low, self.high + high)

    def __neg__(self):
        return Enclosure(-self.high, -self.low)

    def __sub__(self, other):
        low, high = ends(other)
        return Enclosure(self.low - high, self.high - low)

    def __rsub__(self, other):
        return -self + other

    def __mul__(self, other):
        return Enclosure(*box(self.ends(), ends(other)))

    def __truediv__(self, other):
        low, high = ends(other)
        if low <= 0 <= high:
            raise Undecided("an interval around 0 has no reciprocal")
        return Enclosure(*box(self.ends(), (1 / Fraction(low), 1 / Fraction(high))))

    def __rtruediv__(self, other):
        return Enclosure(*ends(other)) / self

    def __abs__(self):
        return Enclosure(max(self.low, -self.high, 0), max(-self.low, self.high))

    def __gt__(self, other):
        if self.low <= other < self.high:
            raise Undecided(f"an interval around {other} has no sign")
        return self.low > other

    __radd__, __rmul__ = __add__, __mul__

    def exp(self):
        """What np.exp asks of the entries of an object array."""
        return Enclosure(_exp(self.low)[0], _exp(self.high)[1])

    def tanh(self):
        """What np.tanh asks: (e − 1)/(e + 1) with e = exp 2x, which rises with e."""
        low, high = _exp(2 * self.low)[0], _exp(2 * self.high)[1]
        return Enclosure((low - 1) / (low + 1), (high - 1) / (high + 1))


def ends(value):
    """Return (low, high) of an Enclosure, or a number twice.

    >>> ends(Enclosure(1, 2)), ends(3)
    ((Fraction(1, 1), Fraction(2, 1)), (3, 3))
    """
    return value.ends() if isinstance(value, Enclosure) else (value, value)


def box(a, b):
    """Return the interval of all products of two intervals, each (low, high).

    >>> box((-1, 2), (3, 4))
    (-4, 8)
    """
    corners = [v * w for v in a for w in b]
    return min(corners), max(corners)


def _exp(x):
    """(low, high) around eˣ: Taylor's series of x/2ᵏ ≤ ½ in whole multiples of 2⁻³²⁰, squared k
    times."""
    if abs(x) > LARGEST:
        raise Undecided(f"exp is not computed beyond {LARGEST:,}")
    if x < 0:
        low, high = _exp(-x)
        return 1 / high, 1 / low
    if x == 0:
        return Fraction(1), Fraction(1)
    one, k = 2**FINE, floor(2 * x).bit_length()
    y_low, y_high = floor(x / 2**k * one), ceil(x / 2**k * one)
    low, high, term_low, term_high, n = 0, 0, one, one, 0
    while term_high > 1:
        low, high, n = low + term_low, high + term_high, n + 1
        term_low, term_high = term_low * y_low // (n * one), -(-term_high * y_high // (n * one))
    high += 2 * term_high  # the rest: each term at most half the one before
    for _ in range(k):
        low, high = low * low // one, -(-high * high // one)
    return Fraction(low, one), Fraction(high, one)
