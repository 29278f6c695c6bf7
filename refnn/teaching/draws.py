"""Numbers for questions, drawn from a Generator as Fractions, and in the order that is said."""

from fractions import Fraction


def whole(rng, low, high):
    """Return a whole number within low..high."""
    return Fraction(int(rng.integers(low, high + 1)))


def quarters(rng, low, high):
    """Return a number within low..high that is whole plus a quarter or three."""
    return Fraction(int(rng.integers(low, high)) * 4 + int(rng.choice([1, 3])), 4)


def one_of(rng, *values):
    """Return one of the values."""
    return values[int(rng.integers(len(values)))]


def shuffled(rng, values):
    """Return the values in any order."""
    return [values[i] for i in rng.permutation(len(values))]
