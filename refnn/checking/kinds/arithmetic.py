"""This module judges single lines of arithmetic, such as round(1.5 / 0.18) = 8.

An expression holds decimal numbers, + − * · × / ÷ ^ **, brackets, and the functions round, floor,
ceil, clip (or clamp), min, max, abs and sqrt. It is computed exactly in Fractions. A square root
that is no fraction becomes an enclosure. Nothing is executed: the text is read token by token.
"""

import re
from fractions import Fraction
from math import isqrt

import numpy as np

from refnn import arrays
from refnn.arrays import Refused
from refnn.checking.claims import Answer, Kind, Question, decimals, judged
from refnn.checking.kinds.enclosure import BITS, Enclosure, Undecided
from refnn.checking.kinds.machine import Traced, spans, traced
from refnn.checking.kinds.rules import NEAREST
from refnn.checking.plane.digits import as_text
from refnn.quantization import rounding

TOKEN = re.compile(
    r"\s*(?:(\d+(?:\.\d*)?(?:[eE][+-]?\d{1,3})?|\.\d+(?:[eE][+-]?\d{1,3})?)|(\w+)|(\*\*|.))"
)
SAME = str.maketrans(
    {"−": "-", "–": "-", "·": "*", "×": "*", "÷": "/", "[": "(", "]": ")", "⌊": "("}
)
FUNCTIONS = ("round", "floor", "ceil", "clip", "clamp", "min", "max", "abs", "sqrt")
MAX_LENGTH, MAX_DEPTH, MAX_POWER = 1000, 50, 64
MAX_BITS = 4096  # of a numerator or denominator


class _Reader:
    """A recursive-descent parser: each method reads one level of precedence and returns a tree."""

    def __init__(self, name, text):
        self.name, self.text = name, text
        if len(text) > MAX_LENGTH:
            raise Refused(name, f"at most {MAX_LENGTH} characters", f"{len(text)}")
        self.tokens = [m.groups() for m in TOKEN.finditer(text.translate(SAME).strip())]
        self.at = self.depth = 0

    def whole(self):
        tree = self.sum()
        if self.at < len(self.tokens):
            self.refuse()
        return tree

    def refuse(self):
        got = (
            next(filter(None, self.tokens[self.at]), "")
            if self.at < len(self.tokens)
            else "its end"
        )
        known = "an expression of numbers, + - * / ^ and " + ", ".join(FUNCTIONS)
        raise Refused(self.name, known, f"{arrays.describe(self.text[:60])} (at {got!r})")

    def take(self, *symbols):
        """Return the next token and go on if it is one of these symbols, else None."""
        if self.at < len(self.tokens) and self.tokens[self.at][2] in symbols:
            self.at += 1
            return self.tokens[self.at - 1][2]
        return None

    def sum(self):
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Refused(self.name, f"at most {MAX_DEPTH} brackets deep", "more")
        tree = self.product()
        while symbol := self.take("+", "-"):
            tree = (symbol, tree, self.product())
        self.depth -= 1
        return tree

    def product(self):
        tree = self.signed()
        while symbol := self.take("*", "/"):
            tree = (symbol, tree, self.signed())
        return tree

    def signed(self):
        minus = False
        while symbol := self.take("+", "-"):
            minus ^= symbol == "-"
        tree = self.power()
        return ("neg", tree) if minus else tree

    def power(self):
        tree = self.atom()
        if self.take("^", "**"):
            return ("^", tree, self.signed())
        return tree

    def atom(self):
        if self.at >= len(self.tokens):
            self.refuse()
        number, word, _ = self.tokens[self.at]
        if number is not None:
            self.at += 1
            return ("number", arrays.exact(self.name, number))
        if word is not None:
            if word.lower() not in FUNCTIONS:
                self.refuse()
            self.at += 1
            return ("call", word.lower(), *self.arguments())
        if self.take("("):
            tree = self.sum()
            if not self.take(")"):
                self.refuse()
            return tree
        return self.refuse()

    def arguments(self):
        if not self.take("("):
            self.refuse()
        found = [self.sum()]
        while self.take(",", ";"):
            found.append(self.sum())
        if not self.take(")"):
            self.refuse()
        return found


# --- values ---------------------------------------------------------------------------------------


def _value(tree, number, nearest, name):
    """Compute a tree. number: turns a Fraction into the kind of number to compute with."""
    kind, *parts = tree
    if kind == "number":
        return number(parts[0])
    if kind == "neg":
        return -_value(parts[0], number, nearest, name)
    if kind == "call":
        function, *arguments = parts
        values = [_value(a, number, nearest, name) for a in arguments]
        return _limited(_call(function, values, number, nearest, name), name)
    a = _value(parts[0], number, nearest, name)
    if kind == "^":
        return _limited(_power(a, _value(parts[1], Fraction, nearest, name), name), name)
    b = _value(parts[1], number, nearest, name)
    if kind == "/" and isinstance(b, Fraction) and b == 0:
        raise Refused(name, "an expression that does not divide by 0", "a division by 0")
    return _limited({"+": _add, "-": _subtract, "*": _times, "/": _over}[kind](a, b), name)


def _add(a, b):
    return a + b


def _subtract(a, b):
    return a - b


def _times(a, b):
    return a * b


def _over(a, b):
    return a / b


def _limited(value, name):
    if isinstance(value, Fraction):
        size = max(value.numerator.bit_length(), value.denominator.bit_length())
        if size > MAX_BITS:
            raise Refused(name, f"numbers of at most {MAX_BITS} bits", f"{size} bits")
    return value


def _power(a, n, name):
    if not isinstance(n, Fraction) or n.denominator != 1 or abs(n) > MAX_POWER:
        raise Refused(name, f"a whole exponent from -{MAX_POWER} to {MAX_POWER}", as_text(n))
    result = a / a if n == 0 else a
    for _ in range(abs(int(n)) - 1):
        result = _limited(result * a, name)
    return 1 / result if n < 0 else result


def _call(function, values, number, nearest, name):
    counts = {
        "clip": (3,),
        "clamp": (3,),
        "min": range(1, 99),
        "max": range(1, 99),
        "round": (1, 2),
    }
    if len(values) not in counts.get(function, (1,)):
        raise Refused(name, f"{function} with its arguments", f"{len(values)} arguments")
    if function in ("clip", "clamp"):
        x, low, high = values
        return min(max(x, low, key=_key), high, key=_key)
    if function in ("min", "max"):
        return {"min": min, "max": max}[function](values, key=_key)
    if function == "abs":
        return abs(values[0])
    if function == "sqrt":
        return _root(values[0], name)
    exact = _key(values[0])
    places = (
        Fraction(10) ** int(_key(values[1]))
        if len(values) == 2 and abs(_key(values[1])) < 99
        else 1
    )
    rule = {"floor": "floor", "ceil": "ceil"}.get(function, nearest)
    whole = getattr(rounding, rule).formula(np.array(exact * places, dtype=object))
    return number(Fraction(int(np.asarray(whole)[()])) / places)


def _key(value):
    """Return a number that can be compared.

    For a machine's number it is the computed value, and for an enclosure the only number in it.
    """
    if isinstance(value, Traced):
        return Fraction(float(value.settled().forward))
    if isinstance(value, Enclosure):
        low, high = value.ends()
        if low != high:
            raise Undecided("A square root is known too roughly to round or to compare it")
        return low
    return value


def _root(value, name):
    if isinstance(value, Traced):
        return value.sqrt()
    low, high = value.ends() if isinstance(value, Enclosure) else (value, value)
    if low < 0:
        raise Refused(name, "the square root of 0 or of a positive number", as_text(low))
    roots = [Fraction(isqrt((v * 4**BITS).__floor__()), 2**BITS) for v in (low, high)]
    if roots[0] ** 2 == low == high:
        return roots[0]
    return Enclosure(roots[0], roots[1] + Fraction(1, 2**BITS))


# --- the claim ------------------------------------------------------------------------------------


def _arithmetic(claim):
    text, name = claim.given["expression"], f"{claim.where}.expression"
    if not isinstance(text, str):
        raise Refused(name, "a text such as 'round(1.5 / 0.18)'", arrays.describe(text), TypeError)
    tree, printed = _Reader(name, text).whole(), decimals(claim, ())
    try:
        value = _value(tree, Fraction, "half_even", name)
    except Undecided as error:
        return Answer("not decidable", None, str(error))
    values = arrays.objects([value], ())

    def machine(precision):
        def number(v):
            return traced(arrays.objects([v], ()), precision)[()]

        with np.errstate(all="ignore"):
            found = _value(tree, number, "half_even", name)
            return spans(precision, values, (), arrays.objects([found], ()))

    def others():
        for rule, ties in list(NEAREST.items())[1:]:
            words = f"A tie is rounded {ties}"
            yield words, arrays.objects([_value(tree, Fraction, rule, name)], ())

    def because(i):
        return f"{text.strip()} is {as_text(value)}, but {printed.said(0)} is printed"

    return judged(claim, Question(printed, values, because, machine, others))


def _itself(given):
    return given["expression"].strip()


KINDS = {"arithmetic": Kind(_arithmetic, ("expression", "printed"), _itself)}
