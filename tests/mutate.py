"""Plant mutants in a file and see whether the tests notice them, by hand:

    python tests/mutate.py refnn/quantization/affine.py --seed 0 --number 40

A mutant is the file with one change: an operator, a comparison, a constant, a call (floor for ceil,
min for max, no abs), a negated condition, or a refusal that is left out. Each is planted in a copy
of the project. The tests of the file run first, then its examples, then the other tests of its
folder, until one fails. The survivors are printed with their change. Some are equivalent: they
change no result.
"""

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
SECONDS = 120  # for one run of tests; a mutant that hangs is noticed too
OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div, ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.LShift: ast.RShift,
    ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.MatMult: ast.MatMult,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
CALLS = {
    "floor": "ceil", "ceil": "floor", "rint": "floor", "min": "max", "max": "min",
    "minimum": "maximum", "maximum": "minimum", "any": "all", "all": "any", "sum": "max",
    "mean": "sum", "half_even": "half_up", "argmin": "argmax", "argmax": "argmin",
    "searchsorted": "searchsorted",
}  # fmt: skip


def places(tree):
    """Yield functions, each of which plants one mutant in the tree and returns its description."""
    for node in ast.walk(tree):
        for change in _changes(node):
            yield node, change


def _changes(node):
    """The changes of one node: functions that make the change and say it."""
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in OPERATORS:
        yield lambda: _set(node, "op", OPERATORS[type(node.op)]())
    if isinstance(node, ast.BoolOp):
        yield lambda: _set(node, "op", OPERATORS[type(node.op)]())
    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            if type(op) in OPERATORS:
                yield lambda i=i, op=op: _set(node.ops, i, OPERATORS[type(op)]())
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not)):
        positive = ast.UAdd() if isinstance(node.op, ast.USub) else None
        if positive:
            yield lambda: _set(node, "op", positive)
        else:
            yield lambda: _set(node, "operand", ast.UnaryOp(ast.Not(), node.operand))
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield lambda: _set(node, "value", node.value + 1)
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield lambda: _set(node, "value", not node.value)
    if isinstance(node, ast.Call):
        function = node.func
        name = getattr(function, "attr", getattr(function, "id", ""))
        field = "attr" if isinstance(function, ast.Attribute) else "id"
        if CALLS.get(name, name) != name:
            yield lambda: _set(function, field, CALLS[name])
        if name == "abs" and len(node.args) == 1:
            yield lambda: _set(function, field, "positive" if field == "attr" else "complex")
    if isinstance(node, ast.If):
        yield lambda: _set(node, "test", ast.UnaryOp(ast.Not(), node.test))
        if len(node.body) == 1 and isinstance(node.body[0], ast.Raise):
            yield lambda: _set(node, "body", [ast.Pass()])


def _set(where, key, value):
    if isinstance(where, list):
        where[key] = value
    else:
        setattr(where, key, value)


def mutants(source):
    """Return [(line, the changed line before, after, the mutant's source)] of a file."""
    count, found = sum(1 for _ in places(ast.parse(source))), []
    plain = ast.unparse(ast.parse(source))
    for k in range(count):
        tree = ast.parse(source)
        skipped = _docstrings(tree)
        node, change = list(places(tree))[k]
        if id(node) in skipped:
            continue
        change()
        made = ast.unparse(ast.fix_missing_locations(tree))
        if made != plain:
            both = zip(plain.splitlines(), made.splitlines())
            differ = next(((a, b) for a, b in both if a != b), ("", ""))
            found.append((getattr(node, "lineno", 0), *map(str.strip, differ), made))
    return found


def _docstrings(tree):
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def tests_of(path, copy):
    """The runs of pytest for a file, the nearest first, as lists of arguments."""
    inside = path.relative_to("refnn")
    folder, own = Path("tests") / inside.parent, f"test_{inside.name}"
    nearest = [str(folder / own)] if (copy / folder / own).exists() else []
    yield [*nearest, "--doctest-modules", str(path)]
    if inside.parent != Path("."):
        yield [str(folder)]
    else:
        yield [str(p.relative_to(copy)) for p in sorted((copy / "tests").glob("test_*.py"))
               if "notebooks" not in p.name and "mutants" not in p.name]  # fmt: skip


def is_noticed(path, copy):
    """Does a run of tests fail, or hang?"""
    environment = {**os.environ, "PYTHONPATH": str(copy), "OPENBLAS_NUM_THREADS": "1"}
    environment |= {"REFNN_ONE_PROCESS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    for arguments in tests_of(path, copy):
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *arguments]
        try:
            run = subprocess.run(
                command, cwd=copy, env=environment, capture_output=True, timeout=SECONDS
            )
        except subprocess.TimeoutExpired:
            return True
        if run.returncode not in (0, 5):  # 5: there are no tests
            return True
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--number", type=int, default=20)
    options = parser.parse_args()
    path = options.file.resolve().relative_to(ROOT)
    source = (ROOT / path).read_text(encoding="utf-8")
    every = mutants(source)
    some = random.Random(options.seed).sample(every, min(options.number, len(every)))
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", "__pycache__"))
        if is_noticed(path, copy):
            raise SystemExit("the tests fail without a mutant")
        left = []
        for done, (line, before, after, made) in enumerate(some, start=1):
            (copy / path).write_text(made, encoding="utf-8")
            if not is_noticed(path, copy):
                left.append((line, before, after))
            print(f"\r{done}/{len(some)}, {len(left)} survive", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
    for line, before, after in sorted(left):
        print(f"{path}:{line}\n    {before}\n    {after}")
    print(f"{path}: {len(some) - len(left)} of {len(some)} noticed, of {len(every)} mutants")


if __name__ == "__main__":
    main()
