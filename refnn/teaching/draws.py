"""Draw the numbers of questions from a Generator, as Fractions."""

from fractions import Fraction


def whole(rng, low, high):
    """Draw a whole number from low to high, both included."""
    return Fraction(int(rng.integers(low, high + 1)))


def quarters(rng, low, high):
    """Draw a number between low and high that is a whole number plus 1/4 or 3/4."""
    return Fraction(int(rng.integers(low, high)) * 4 + int(rng.choice([1, 3])), 4)


def one_of(rng, *values):
    """Draw one of the values."""
    return values[int(rng.integers(len(values)))]


def shuffled(rng, values):
    """Return the values in a random order."""
    return [values[i] for i in rng.permutation(len(values))]
