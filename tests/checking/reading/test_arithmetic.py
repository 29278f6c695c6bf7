"""Expressions of numbers are those that Python reads, and the judge of their kind accepts them."""

import ast
import random
import re

import pytest

from refnn.checking.reading import arithmetic
from refnn.checking.worked_example import check

CALLS = {"round": 1, "floor": 1, "ceil": 1, "abs": 1, "sqrt": 1, "clip": 3, "clamp": 3, "max": 2}


def expression(r, depth=3):
    kind = r.random()
    if depth == 0 or kind < 0.25:
        return r.choice(["1", "0.18", "2.", ".5", "1e-3", "255", "1.5e2"])
    if kind < 0.55:
        sign = r.choice([" + ", " - ", "*", " / "])
        return f"{expression(r, depth - 1)}{sign}{expression(r, depth - 1)}"
    if kind < 0.65:
        return f"({expression(r, depth - 1)})"
    if kind < 0.75:
        return f"(-{expression(r, depth - 1)})"
    if kind < 0.8:
        return f"{r.randint(1, 3)}^{r.randint(1, 4)}"
    name = r.choice(list(CALLS))
    return f"{name}({', '.join(expression(r, depth - 1) for _ in range(CALLS[name]))})"


def python_reads(text):
    """Is this an expression of Python, of numbers and these functions alone?"""
    try:
        tree = ast.parse(text.replace("^", "**").strip(), mode="eval")
    except (SyntaxError, ValueError):
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", "")
            count = CALLS.get(name, 2 if name == "min" else None)
            if node.keywords or (len(node.args) != count and name not in ("max", "min")):
                return False
        elif isinstance(node, ast.Constant) and type(node.value) not in (int, float):
            return False
        elif isinstance(node, ast.Tuple):
            return False
    return True


LEADING = re.compile(r"(?<![\w.])0+(?=\d)")  # which Python forbids


def test_expressions_of_numbers_are_read_and_judged():
    for seed in range(300):
        text = expression(random.Random(seed))
        assert arithmetic.is_expression(text), text
        claim = {"kind": "arithmetic", "expression": text, "printed": "0"}
        try:
            check({"title": "t", "claims": [claim]})
        except ValueError as error:  # the numbers may be bad, but not the form
            assert any(word in str(error) for word in ("zero", "negative", "0", "bound")), text


MORE = ["()", "1)", "foo(1)", "1e5e", "(" * 50 + "1" + ")" * 50, "1+" * 300 + "1"]
LESS = ["a =", "the scale = what we computed", "=> 2", "1 + 1"]


def test_what_python_does_not_read_is_no_expression():
    kept = 0
    for seed in range(3000):
        r = random.Random(seed)
        text, i = expression(r), r.randrange(60)
        text = text[:i] + r.choice(["", "+", "(", ")", ",", "x", "1", " ", "*"]) + text[i + 1 :]
        if arithmetic.is_expression(text):
            kept += 1
            assert python_reads(LEADING.sub("", text)), text
    assert kept > 300


@pytest.mark.parametrize(
    "text",
    [
        *"x( ",
        "1 2",
        "round 1",
        "round()",
        "clip(1, 2)",
        "1 +",
        "--1",
        "1 % 2",
        "max()",
        "1,2",
        *MORE,
    ],
)
def test_these_are_no_expressions(text):
    assert not arithmetic.is_expression(text)


@pytest.mark.parametrize(
    ("line", "name", "parts"),
    [
        ("scale = 2.7 / 15 = 0.18", "scale", ("2.7 / 15", "0.18")),
        ("S := (1.2 - (-1.5))/15 ≈ 0.18  # per code", "S", ("(1.2 - (-1.5))/15", "0.18")),
        ("q(-1.5) = clamp(round(0.2), 0, 15) = 0", "q(-1.5)", ("clamp(round(0.2), 0, 15)", "0")),
        ("1.5/0.18 = 8.33", "", ("1.5/0.18", "8.33")),
        ("= 0.18", "", ("0.18",)),
        ("max(|x|) = 2.4", "max(|x|)", ("2.4",)),
        ("S = 0.18 (rounded).", "S", ("0.18",)),
    ],
)
def test_lines_of_arithmetic(line, name, parts):
    assert arithmetic.chain(line)[:2] == (name, parts)


@pytest.mark.parametrize(
    "line",
    [
        "x == 2",
        "a <= 2",
        "q = [1, 2]",
        "we see that x is 2",
        "f = 'a'",
        "a = b",
        "x += 1 = 2",
        *LESS,
    ],
)
def test_other_lines(line):
    assert arithmetic.chain(line) is None


@pytest.mark.parametrize(
    ("line", "expressions", "notes"),
    [
        ("z = 1.5/0.18 = 8.33 ≈ 8", [("1.5/0.18", "8.33")], 0),
        ("z = 1.5/0.18 ≈ 8", [], 1),  # a whole number after ≈ is no exact one
        ("z = 1.5/0.18 ≈ 8.3", [("1.5/0.18", "8.3")], 0),
        ("z = round(8.33) = 8", [("round(8.33)", "8")], 0),
        ("z = 2/3 = 0.666...", [], 1),
        ("z = 2*3 = 1 + 5 = 6", [("2*3", "6"), ("1 + 5", "6")], 0),
        ("z = 2 = 1 + 1", [], 0),
        ("z = x/2 = 3/2 = 1.5", [("3/2", "1.5")], 0),
    ],
)
def test_each_expression_claims_the_number_after_it(line, expressions, notes):
    claims, said = arithmetic.claims(arithmetic.chain(line), "line 1")
    assert [(claim["expression"], claim["printed"]) for claim in claims] == expressions
    assert len(said) == notes
    assert all(claim["name"] == "line 1: z" for claim in claims)
