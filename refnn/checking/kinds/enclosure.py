"""This module computes with enclosures, intervals that certainly contain a number.

They are needed for numbers that are not fractions, such as tanh 1/10. An Enclosure is a closed
interval [low, high]. If it is a single short fraction, it stays exact. In all other cases the ends
are rounded outwards to whole multiples of 2⁻²⁵⁶, so that what is proved of the interval is proved
of the number (R. E. Moore, "Interval Analysis", 1966). NumPy calls the methods of the entries of an
object array, so the formulas of `network` compute with enclosures without any change.
"""

from fractions import Fraction
from math import ceil, floor, inf
from numbers import Number

BITS = 256  # ends are rounded to multiples of 2^-256
FINE = BITS + 64  # the same for the sums inside exp
LARGEST = 10**4  # the largest |x| in exp


class Undecided(ValueError):
    """The error for a question that an interval leaves open, or that needs too many digits.

    >>> Enclosure(-1, 1) > 0
    Traceback (most recent call last):
    refnn.checking.kinds.enclosure.Undecided: A number is known too roughly to compare it with 0
    """


class Enclosure:
    """A closed interval [low, high], which also computes with Fractions and whole numbers.

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
        """Return (low, high)."""
        return self.low, self.high

    def __repr__(self):
        return f"Enclosure({float(self)!r})"

    def __float__(self):
        middle = (self.low + self.high) / 2
        try:
            return float(middle)
        except OverflowError:
            return inf if middle > 0 else -inf

    def __add__(self, other):
        low, high = ends(other)
        return Enclosure(self.low + low, self.high + high)

    def __neg__(self):
        return Enclosure(-self.high, -self.low)

    def __sub__(self, other):
        if not isinstance(other, (Enclosure, Number)):
            return NotImplemented
        low, high = ends(other)
        return Enclosure(self.low - high, self.high - low)

    def __rsub__(self, other):
        return -self + other

    def __mul__(self, other):
        return Enclosure(*box(self.ends(), ends(other)))

    def __truediv__(self, other):
        low, high = ends(other)
        if low <= 0 <= high:
            raise Undecided("A number is known too roughly to divide by it, since it may be 0")
        return Enclosure(*box(self.ends(), (1 / Fraction(low), 1 / Fraction(high))))

    def __pow__(self, n):
        low, high = sorted((self.low**n, self.high**n))
        return Enclosure(0 if n % 2 == 0 and self.low < 0 < self.high else low, high)

    def __rtruediv__(self, other):
        return Enclosure(*ends(other)) / self

    def __abs__(self):
        return Enclosure(max(self.low, -self.high, 0), max(-self.low, self.high))

    def __gt__(self, other):
        if self.low <= other < self.high:
            raise Undecided(f"A number is known too roughly to compare it with {other}")
        return self.low > other

    __radd__, __rmul__ = __add__, __mul__

    def exp(self):
        """Return an Enclosure of eˣ. np.exp calls this for each entry of an object array."""
        return Enclosure(_exp(self.low)[0], _exp(self.high)[1])

    def tanh(self):
        """tanh x = (e − 1)/(e + 1) with e = exp 2x, which rises with e. np.tanh calls this."""
        low, high = _exp(2 * self.low)[0], _exp(2 * self.high)[1]
        return Enclosure((low - 1) / (low + 1), (high - 1) / (high + 1))


def ends(value):
    """Return (low, high) of an Enclosure, or (v, v) for a plain number v.

    >>> ends(Enclosure(1, 2)), ends(3)
    ((Fraction(1, 1), Fraction(2, 1)), (3, 3))
    """
    return value.ends() if isinstance(value, Enclosure) else (value, value)


def box(a, b):
    """Return (low, high), the interval of all products of two intervals.

    >>> box((-1, 2), (3, 4))
    (-4, 8)
    """
    corners = [v * w for v in a for w in b]
    return min(corners), max(corners)


def _exp(x):
    """Return (low, high) around eˣ.

    Taylor's series of exp is summed for x/2ᵏ ≤ ½ in whole multiples of 2⁻³²⁰, and the sum is
    squared k times.
    """
    if abs(x) > LARGEST:
        raise Undecided(f"exp(x) is computed only up to |x| = {LARGEST:,}")
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
    high += 2 * term_high  # bounds the rest, as each term is at most half the one before
    for _ in range(k):
        low, high = low * low // one, -(-high * high // one)
    return Fraction(low, one), Fraction(high, one)
