"""This module computes with enclosures, intervals that certainly contain a number.

They are needed for numbers that are not fractions, such as tanh 1/10. An Enclosure is a closed
interval [low, high]. If it is a single short fraction, it stays exact. In all other cases the ends
are whole multiples of 2⁻²⁵⁶ and rounded outwards, so that what is proved of the interval is proved
of the number (R. E. Moore, "Interval Analysis", 1966). NumPy calls the methods of the entries of an
object array, so the formulas of `network` compute with enclosures without any change.
"""

from fractions import Fraction
from math import ceil, inf
from numbers import Number

BITS = 256  # ends are rounded to multiples of 2^-256
ONE = 2**BITS
SHORT = 2**64  # a fraction with a smaller denominator stays exact
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

    __slots__ = ("_exact", "_units")  # a short fraction or None; both ends in units of 2^-256

    def __init__(self, low, high=None):
        low, high = Fraction(low), Fraction(low if high is None else high)
        short = low == high and low.denominator < SHORT
        self._exact = low if short else None
        self._units = None if short else (_down(low), -_down(-high))

    @classmethod
    def _of(cls, low, high):
        """Return the Enclosure of these ends in units of 2^-256."""
        made = cls.__new__(cls)
        made._exact, made._units = None, (low, high)
        return made

    def units(self):
        """Return (low, high) in units of 2^-256, as whole numbers.

        >>> [end / 2**BITS for end in Enclosure(1, 2).units()]
        [1.0, 2.0]
        """
        if self._units is None:
            self._units = _down(self._exact), -_down(-self._exact)
        return self._units

    def ends(self):
        """Return (low, high)."""
        if self._exact is not None:
            return self._exact, self._exact
        low, high = self._units
        return Fraction(low, ONE), Fraction(high, ONE)

    def __repr__(self):
        return f"Enclosure({float(self)!r})"

    def __float__(self):
        low, high = self.ends()
        try:
            return float((low + high) / 2)
        except OverflowError:
            return inf if low + high > 0 else -inf

    def __add__(self, other):
        other = _enclosed(other)
        if self._exact is not None and other._exact is not None:
            return Enclosure(self._exact + other._exact)
        (a, b), (c, d) = self.units(), other.units()
        return Enclosure._of(a + c, b + d)

    def __neg__(self):
        if self._exact is not None:
            return Enclosure(-self._exact)
        low, high = self._units
        return Enclosure._of(-high, -low)

    def __sub__(self, other):
        if not isinstance(other, (Enclosure, Number)):
            return NotImplemented
        return self + -_enclosed(other)

    def __rsub__(self, other):
        return -self + other

    def __mul__(self, other):
        other = _enclosed(other)
        a, b = self._exact, other._exact
        if a is not None and b is not None and a.denominator * b.denominator < SHORT:
            return Enclosure(a * b)
        low, high = box(self.units(), other.units())
        return Enclosure._of(low >> BITS, -(-high >> BITS))

    def __truediv__(self, other):
        other = _enclosed(other)
        low, high = other.ends()
        if low <= 0 <= high:
            raise Undecided("A number is known too roughly to divide by it, since it may be 0")
        if self._exact is not None and other._exact is not None:
            return Enclosure(self._exact / other._exact)
        corners = [(v << BITS, w) for v in self.units() for w in other.units()]
        return Enclosure._of(min(v // w for v, w in corners), max(-(-v // w) for v, w in corners))

    def __pow__(self, n):
        low, high = self.ends()
        bottom, top = sorted((low**n, high**n))
        return Enclosure(0 if n % 2 == 0 and low < 0 < high else bottom, top)

    def __rtruediv__(self, other):
        return _enclosed(other) / self

    def __abs__(self):
        low, high = self.ends()
        return Enclosure(max(low, -high, 0), max(-low, high))

    def __gt__(self, other):
        low, high = self.ends()
        if low <= other < high:
            raise Undecided(f"A number is known too roughly to compare it with {other}")
        return low > other

    __radd__, __rmul__ = __add__, __mul__

    def exp(self):
        """Return an Enclosure of eˣ. np.exp calls this for each entry of an object array."""
        return Enclosure(*_exp(*self.ends()))

    def tanh(self):
        """tanh x = (e − 1)/(e + 1) with e = exp 2x, which rises with e. np.tanh calls this."""
        low, high = self.ends()
        low, high = _exp(2 * low, 2 * high)
        return Enclosure((low - 1) / (low + 1), (high - 1) / (high + 1))


def _down(value):
    """Return a Fraction in units of 2^-256, rounded down."""
    return (value.numerator << BITS) // value.denominator


def _enclosed(value):
    return value if isinstance(value, Enclosure) else Enclosure(value)


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
    (low, high), (bottom, top) = a, b
    corners = low * bottom, low * top, high * bottom, high * top
    return min(corners), max(corners)


def _exp(low, high):
    """Return (a number below e^low, a number above e^high) for two numbers low ≤ high.

    Taylor's series of exp is summed for x/2ᵏ < 2⁻⁸ in whole multiples of 2⁻³²⁰, and the sum is
    squared k times.
    """
    if max(-low, high) > LARGEST:
        raise Undecided(f"exp(x) is computed only up to |x| = {LARGEST:,}")
    if low < 0 < high:
        return _exp(low, Fraction(0))[0], _exp(Fraction(0), high)[1]
    if low < 0:
        bottom, top = _exp(-high, -low)
        return 1 / top, 1 / bottom
    k = 8 + ceil(high).bit_length()
    y_low = (low.numerator << FINE) // (low.denominator << k)
    y_high = -((-high.numerator << FINE) // (high.denominator << k))
    bottom, top, term_low, term_high, n = 0, 0, 1 << FINE, 1 << FINE, 0
    while term_high > 1:
        bottom, top, n = bottom + term_low, top + term_high, n + 1
        term_low = term_low * y_low // (n << FINE)
        term_high = -(-term_high * y_high // (n << FINE))
    top += 2 * term_high  # bounds the rest, as each term is at most half the one before
    for _ in range(k):
        bottom, top = bottom * bottom >> FINE, -(-top * top >> FINE)
    return Fraction(bottom, 1 << FINE), Fraction(top, 1 << FINE)
