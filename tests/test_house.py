"""The house: data flows one way, the core stands alone, and importing refnn loads nothing else."""

import ast
import os
import shutil
import subprocess
import sys
import tokenize
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
REFNN = ROOT / "refnn"

PARTS = (  # a part imports from its own row and from the rows above it
    ("arrays", "validation", "fast", "console", "files"),
    ("network",),
    ("article", "data", "columns", "derivatives"),
    ("training", "transposed"),
    ("quantization",),
    ("pruning",),
    ("compression",),
    ("checking",),
    ("plots",),
    ("experiments",),
    ("teaching",),
    ("widgets",),
    ("command",),
    ("__main__",),
)
FAST = (
    "fast.blocks",
    "fast.elementwise",
    "fast.selection",
    "columns",
)  # below the core, with the plumbing
CORE = (
    "network",
    "derivatives",
    "quantization.as_written",
    "quantization.rounding",
    "quantization.affine",
    "pruning.as_written",
    "pruning.importance",
    "pruning.masks",
)
LONGEST = 250  # lines of a file, without docstrings, comments, blank lines and tables of data


@cache
def modules():
    """{name below refnn: path} of every file that is no __init__."""
    paths = sorted(path for path in REFNN.rglob("*.py") if path.name != "__init__.py")
    return {".".join(path.relative_to(REFNN).with_suffix("").parts): path for path in paths}


@cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_of(name):
    """The modules of refnn that a module imports, at the top or inside a function."""
    for node in ast.walk(tree(modules()[name])):
        if isinstance(node, ast.Import):
            whole = [alias.name for alias in node.names if alias.name.split(".")[0] == "refnn"]
            assert not whole, f"{name} says import {whole[0]}; from {whole[0]} import … shows what"
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "refnn":
            for alias in node.names:
                inside = f"{node.module}.{alias.name}".removeprefix("refnn.")
                yield inside if inside in modules() else node.module.removeprefix("refnn.")


def row(name):
    part = name.split(".")[0]
    rows = [i for i, parts in enumerate(PARTS) if part in parts]
    assert rows, f"{name} belongs to no part of the house"
    return rows[0]


def test_arrows_between_the_parts_go_down_only():
    for name in modules():
        for other in imports_of(name):
            assert other in modules() or other == "refnn", f"{name} imports {other}"
            assert other == "refnn" or row(other) <= row(name), f"{name} imports {other}"


def test_no_circle_between_files():
    after = {name: {n for n in imports_of(name) if n != "refnn"} for name in modules()}
    while after:
        free = [name for name, needs in after.items() if not needs & set(after)]
        assert free, f"these import each other in a circle: {sorted(after)}"
        for name in free:
            del after[name]


def lines_of_code(path):
    """The numbers of the lines that hold code, without docstrings and without tables of data."""
    held = set()
    with tokenize.open(path) as file:
        table = False
        for token in tokenize.generate_tokens(file.readline):
            if token.type == tokenize.COMMENT and token.string.startswith("# fmt: o"):
                table = token.string.startswith("# fmt: off")
            if not table and token.type not in (
                tokenize.COMMENT,
                tokenize.NL,
                tokenize.NEWLINE,
                tokenize.INDENT,
                tokenize.DEDENT,
                tokenize.ENDMARKER,
            ):
                held |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            held -= set(range(node.lineno, node.end_lineno + 1))
    return held


def test_a_file_is_one_idea():
    long = {
        name: n for name, path in modules().items() if (n := len(lines_of_code(path))) > LONGEST
    }
    assert not long, long


def test_matplotlib_and_ipywidgets_have_one_home_each():
    for name, path in modules().items():
        for node in ast.walk(tree(path)):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for root in {imported.split(".")[0] for imported in names}:
                assert root != "matplotlib" or name.split(".")[0] == "plots", name
                assert root != "ipywidgets" or name == "widgets", name


def test_the_core_runs_in_an_otherwise_empty_folder(tmp_path):
    for name in ("arrays", "validation", *FAST, *CORE):
        target = tmp_path / "refnn" / Path(*name.split(".")).with_suffix(".py")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(modules()[name], target)
    code = "; ".join(f"import refnn.{name}" for name in CORE)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=False, env=clean()
    )
    assert done.returncode == 0, done.stderr


def statements(function):
    """The statements of a function's body, those inside others too, without its docstring."""
    for node in ast.walk(function):
        if isinstance(node, ast.stmt) and node is not function:
            if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
                yield node


def validates(statement, helpers):
    """Does a statement itself, without those inside it, raise or call validation or arrays?"""
    own = [child for child in ast.iter_child_nodes(statement) if not isinstance(child, ast.stmt)]
    calls = [n.func for part in own for n in ast.walk(part) if isinstance(n, ast.Call)]
    roots = [getattr(call, "value", call) for call in calls]
    named = {root.id for root in roots if isinstance(root, ast.Name)}
    return isinstance(statement, ast.Raise) or bool(named & helpers)


def test_the_core_is_formulas():
    """Fewer than a quarter as many statements validate as compute; the decorators say the rest."""
    checks = formulas = 0
    for name in CORE:
        top = tree(modules()[name])
        helpers = {"arrays", "validation"}
        for node in top.body:
            if isinstance(node, ast.ImportFrom) and node.module in (
                "refnn.arrays",
                "refnn.validation",
            ):
                helpers |= {alias.name for alias in node.names}
        for function in (n for n in ast.walk(top) if isinstance(n, ast.FunctionDef)):
            for statement in statements(function):
                if not isinstance(statement, ast.FunctionDef):
                    found = validates(statement, helpers)
                    checks, formulas = checks + found, formulas + (not found)
    assert 4 * checks < formulas, (checks, formulas)


def clean():
    return {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}


def test_importing_everything_but_plots_loads_only_numpy_and_the_standard_library():
    names = [f"refnn.{name}" for name in modules() if row(name) != row("plots")]
    names = [name for name in names if name not in ("refnn.__main__", "refnn.widgets")]
    code = (
        f"import sys; before = set(sys.modules); import {', '.join(names)}\n"
        "roots = {m.split('.')[0] for m in set(sys.modules) - before}\n"
        "print(sorted(r for r in roots if r not in sys.stdlib_module_names "
        "and r not in ('numpy', 'refnn') and not r.startswith('_')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env=clean(),
    )
    assert done.stdout.strip() == "[]", done.stdout


def public(name):
    """The functions and classes of a module that begin with no underscore."""
    for node in tree(modules()[name]).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            yield node


def test_every_module_and_public_name_says_what_it_is():
    for name, path in modules().items():
        assert ast.get_docstring(tree(path)), name
        for node in public(name):
            assert ast.get_docstring(node), f"{name}.{node.name}"


# What needs no example: what runs on checked arguments, and what a drawn figure or a command shows
NO_EXAMPLE = {
    "checking.catalogue.formulas.grid",
    "command.cli.run",
    "experiments.store.save",
    "experiments.store.treated_as_data",
    "files.a_file",
    "training.run",
    "training.descent",
    *(f"quantization.all_roundings.{name}" for name in ("layer_of", "down_and_up", "errors")),
    *(f"quantization.all_roundings.{name}" for name in ("square", "table", "bits")),
}


def test_every_public_function_has_an_example():
    """But kinds, which a decorator names, and the modules of what runs on checked arguments."""
    missing = [
        f"{name}.{node.name}"
        for name in modules()
        for node in public(name)
        if isinstance(node, ast.FunctionDef)
        and ">>>" not in ast.get_docstring(node)
        and not node.name.isupper()
        and not node.name.endswith("_command")
        and node.name not in ("draw", "finding")
        and name not in ("validation", "pruning.flips", "teaching.draws")
    ]
    assert set(missing) <= NO_EXAMPLE, set(missing) - NO_EXAMPLE


def test_the_top_level_holds_only_what_the_frame_allows():
    made = {
        ".git",
        "__pycache__",
        ".pytest_cache",
        ".ruff_cache",
        ".ipynb_checkpoints",
        "build",
        "dist",
        "refnn.egg-info",
    }
    top = {p.name for p in ROOT.iterdir() if p.name not in made and not p.name.startswith(".venv")}
    assert top <= {
        "README.md",
        "requirements.txt",
        "refnn",
        "notebooks",
        "tests",
        "figures",
        "pyproject.toml",
        "LICENSE",
        ".gitignore",
        ".ci",
        "CITATION.cff",
        "CONTRIBUTING.md",
    }
