"""This module computes what a machine gives for a right formula, in float32 or float64.

A machine rounds after every step, and its sums depend on their order. So one formula has several
right results. Three of them are computed: NumPy's own, and those with every sum from left to right
and from right to left. A printed number may be any number between these and the exact value. A few
units in the last place are added for machines that sum in another order.

A `Traced` number computes both orders at once. NumPy calls its methods for the entries of an object
array, so the formulas of the library compute with it without any change. It also records how much
the sums cancel, because a sum that cancels has fewer right digits than its terms.
"""

from fractions import Fraction

import numpy as np

from refnn import arrays
from refnn.checking.kinds.enclosure import ends

# The dtype, and how many digits a print needs to show it.
PRECISIONS = {"float64": (np.float64, 15), "float32": (np.float32, 7)}
UNITS = 4  # in the last place of the result, and of the terms of a sum
MAX_OPERATIONS = 10**6  # of Traced numbers in one claim: about a second


class Traced:
    """A number as a machine computes it, with its sums from left to right and from right to left.

    `cancelled` says how much the sums so far cancel: Σ |terms| minus |sum|, added over all sums.

    >>> one, small = Traced(np.float32(1)), Traced(np.float32(3e-8))
    >>> s = (one + small + small + small + small + small).settled()
    >>> s.forward, s.backward
    (np.float32(1.0), np.float32(1.0000001))
    """

    __slots__ = ("backward", "cancelled", "forward", "summed", "terms")

    def __init__(self, forward, backward=None, cancelled=0.0, terms=None):
        self.forward = forward
        self.backward = forward if backward is None else backward
        self.cancelled, self.terms, self.summed = cancelled, terms, False

    def settled(self):
        """Compute the sum, if this is one that has not been computed yet, and return self."""
        if self.terms is None:
            return self
        found, waiting = [], [self]
        while waiting:  # from right to left, because the last one is taken first
            term = waiting.pop()
            if term.terms is None:
                found.append(term)
            else:
                waiting += term.terms
        backward = found[0].backward
        for term in found[1:]:
            backward = backward + term.backward
        found.reverse()
        forward = found[0].forward
        for term in found[1:]:
            forward = forward + term.forward
        size = sum(abs(float(term.forward)) for term in found)
        inner = sum(term.cancelled for term in found)
        self.forward, self.backward, self.terms, self.summed = forward, backward, None, True
        self.cancelled = inner + size - abs(float(forward))
        return self

    def scaled(self, factor):
        """Return the sum times a positive number, which cancels no part of it.

        >>> half = (Traced(3.0) + Traced(-1.0)).scaled(0.5)
        >>> half.forward, half.cancelled, half.summed
        (1.0, 1.0, True)
        """
        own = self.settled()
        found = Traced(own.forward * factor, own.backward * factor, own.cancelled * factor)
        found.summed = own.summed
        return found

    def _as_own(self, other):
        if isinstance(other, Traced):
            return other.settled()
        return Traced(type(self.settled().forward)(float(other)))

    def __add__(self, other):
        return Traced(
            None, terms=(self, other if isinstance(other, Traced) else self._as_own(other))
        )

    __radd__ = __add__

    def __neg__(self):
        a = self.settled()
        return Traced(-a.forward, -a.backward, a.cancelled)

    def __sub__(self, other):
        if not isinstance(other, (Traced, int, float, Fraction, np.generic)):
            return NotImplemented
        return self + -self._as_own(other)

    def __rsub__(self, other):
        return self._as_own(other) + -self

    def __mul__(self, other):
        a, b = self.settled(), self._as_own(other)
        lost = abs(float(a.forward)) * b.cancelled + abs(float(b.forward)) * a.cancelled
        return Traced(a.forward * b.forward, a.backward * b.backward, lost)

    __rmul__ = __mul__

    def __truediv__(self, other):
        a, b = self.settled(), self._as_own(other)
        quotient, size = a.forward / b.forward, abs(float(b.forward)) or 1.0
        lost = a.cancelled / size + abs(float(quotient)) / size * b.cancelled
        return Traced(quotient, a.backward / b.backward, lost)

    def __rtruediv__(self, other):
        return self._as_own(other) / self

    def __pow__(self, n):
        result = self
        for _ in range(n - 1):
            result = result * self
        return result

    def __abs__(self):
        a = self.settled()
        return Traced(abs(a.forward), abs(a.backward), a.cancelled)

    def __gt__(self, other):
        return bool(self.settled().forward > other)

    def __lt__(self, other):
        return bool(self.settled().forward < other)

    def tanh(self):
        """Return tanh x. np.tanh calls this for each entry of an object array."""
        a = self.settled()
        h = np.tanh(a.forward)
        return Traced(h, np.tanh(a.backward), a.cancelled * float(1 - h * h))

    def exp(self):
        """Return eˣ. np.exp calls this for each entry of an object array."""
        a = self.settled()
        e = np.exp(a.forward)
        return Traced(e, np.exp(a.backward), a.cancelled * float(e))

    def sqrt(self):
        """Return √x. np.sqrt calls this for each entry of an object array."""
        a = self.settled()
        root = np.sqrt(a.forward)
        lost = a.cancelled / (2 * float(root)) if root > 0 else 0.0
        return Traced(root, np.sqrt(a.backward), lost)


def rounded(values, precision):
    """Round an array of Fractions to float32 or float64 and return it as a float array.

    >>> rounded(arrays.objects([Fraction(1, 3)], (1,)), "float32")
    array([0.33333334], dtype=float32)
    """
    real, _ = PRECISIONS[precision]
    with np.errstate(over="ignore"):
        return np.array([_float(v) for v in np.ravel(values)], real).reshape(np.shape(values))


def _float(value):
    """Return the nearest float of a Fraction, which is infinite beyond the range of floats."""
    try:
        return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf


def traced(values, precision):
    """Return an array of Fractions as an array of Traced numbers.

    >>> traced(arrays.objects([Fraction(1, 2)], ()), "float64")[()].forward
    np.float64(0.5)
    """
    a = rounded(values, precision)
    return arrays.objects([Traced(v) for v in a.ravel()], a.shape)


def spans(precision, exact, results=(), traces=None):
    """Return the interval (low, high) of what a machine may print, for each entry.

    exact: Fractions or Enclosures. results: float arrays of what NumPy computes. traces: the same
    as Traced numbers, or None. An entry whose result is not finite has the interval None.

    >>> low, high = spans("float32", arrays.objects([Fraction(1, 10)], (1,)))[0]
    >>> low < Fraction(1, 10) < high, float(high - low) < 1e-7
    (True, True)
    """
    real, _ = PRECISIONS[precision]
    unit = Fraction(float(np.finfo(real).eps)) / 2
    found, flat = [], [np.ravel(result) for result in results]
    for i, value in enumerate(np.ravel(exact)):
        several, room = [float(result[i]) for result in flat], Fraction(0)
        if traces is not None:
            trace = np.ravel(traces)[i]
            trace = trace.settled() if isinstance(trace, Traced) else Traced(real(float(trace)))
            several += [float(trace.forward), float(trace.backward)]
            lost = trace.cancelled + (abs(float(trace.forward)) if trace.summed else 0)
            if not np.isfinite(lost):
                found.append(None)
                continue
            room = UNITS * unit * Fraction(lost)
        if not np.isfinite(several).all():
            found.append(None)
            continue
        low, high = ends(value)
        low, high = (pick(map(Fraction, (low, high, *several))) for pick in (min, max))
        with np.errstate(all="ignore"):
            last = np.spacing(real(_float(max(abs(low), abs(high)))))
        if np.isfinite(last):
            room += UNITS * Fraction(float(last))
        found.append((low - room, high + room))
    return found


def of_machine(digits, value, half, precision):
    """Return True if printed digits may be those of a float32 or float64.

    digits: how many significant digits the print has, at least 7 or 15. half: half a unit of the
    last one. A number of that precision must lie within one unit of the last digit. Half a unit
    would be enough if all programs rounded, but some drop the digits that they do not print.

    >>> value = Fraction("0.0470588244497776")
    >>> [of_machine(15, value, Fraction(1, 2 * 10**16), p) for p in PRECISIONS]
    [True, True]
    >>> of_machine(17, Fraction("0.047058820000000001"), 0, "float32")
    False
    """
    real, least = PRECISIONS[precision]
    if digits < least:
        return False
    with np.errstate(all="ignore"):
        nearest = real(_float(value))
    return bool(np.isfinite(nearest)) and abs(Fraction(float(nearest)) - value) <= 2 * half


def on_edges(printed, values, edges, compute, words):
    """Yield (reason, values, "as printed") if a machine rounds to the printed side of an edge.

    An edge is a tie, or a step of the floor, at which the smallest rounding error changes the code.
    printed, values: whole numbers, the second by exact arithmetic. edges: True where the exact
    value lies on an edge. compute(precision) -> the codes that a machine computes. words(i,
    precision): what happens at entry i.

    >>> printed, values = (arrays.objects([n], (1,)) for n in (28, 29))
    >>> found = on_edges(printed, values, [True], lambda p: [28], "entry {} in {}".format)
    >>> next(found)[::2]
    ('entry 0 in float64', 'as printed')
    """
    for precision in PRECISIONS:
        codes, mixed, at = np.ravel(compute(precision)), np.array(values, dtype=object), []
        for i, (p, v, edge) in enumerate(zip(printed.flat, values.flat, np.ravel(edges))):
            if edge and p != v and p == codes[i]:
                mixed.flat[i] = p
                at.append(i)
        if at:
            yield words(at[0], precision), mixed, "as printed"
