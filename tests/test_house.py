"""The house: data flows one way, the core stands alone, and importing refnn imports NumPy and nothing else."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
REFNN = ROOT / "refnn"

# A file imports only from files above it. A folder's own __init__ imports nothing.
ORDER = [
    "arrays", "console", "network", "article", "data", "derivatives", "downdate", "transposed", "training",
    "quantization.as_written", "quantization.rounding", "quantization.affine", "quantization.calibration",
    "quantization.grids", "quantization.partition", "quantization.codebook", "quantization.conventions",
    "quantization.fixed_point", "quantization.integer",
    "quantization.all_roundings", "quantization.best_rounding", "quantization.straight_through",
    "pruning.as_written", "pruning.importance", "pruning.masks", "pruning.structured",
    "pruning.flips", "pruning.tables", "pruning.search", "pruning.truth",
    "pruning.surgeon", "pruning.schedules",
    "checking.circle", "checking.strips", "checking.conflict", "checking.solver", "checking.roundtrip",
    "checking.printed",
    "checking.enclosure", "checking.markdown", "checking.reading",
    "checking.slip", "checking.slips_written", "checking.slips_affine", "checking.slips_calibration",
    "checking.slips_network", "checking.slips_importance", "checking.slips_grids", "checking.slips_codebook",
    "checking.slips_integer", "checking.slips_search",
    "checking.slips_structured", "checking.slips_truth",
    "checking.slips_schedules", "checking.slips_published", "checking.slips",
    "checking.candidate", "checking.candidates", "checking.identify", "checking.vectors", "checking.museum",
    "checking.formulas", "checking.published", "checking.child", "checking.sandbox", "checking.staircase",
    "checking.properties", "checking.behaviour", "checking.pruner", "checking.implementation",
    "checking.kind", "checking.kinds_written", "checking.kinds_affine", "checking.kinds_network",
    "checking.worked_example", "plots", "experiments.spread", "experiments.trained", "experiments.floats",
    "experiments.printed_numbers", "experiments.written_rules", "experiments.errata", "experiments.pictures",
    "experiments.tour", "experiments.floor_bias", "experiments.error_and_bits", "experiments.ranges",
    "experiments.best_roundings", "experiments.ladder", "experiments.aware_training",
    "experiments.article_rule", "experiments.landscape", "experiments.criteria", "experiments.sparsity_curves",
    "experiments.recovery", "experiments.printed_network", "experiments.claims",
    "teaching.question", "teaching.topics_quantization", "teaching.topics_network",
    "teaching.topics_corrected", "teaching.worksheets",
    "teaching.filled", "teaching.roll", "teaching.grading", "teaching.files",
    "teaching.sources.network", "teaching.sources.quantization", "teaching.sources.pruning",
    "teaching.sources.worked_example", "teaching.tasks", "teaching.assignments",
    "teaching.driver", "teaching.submission", "teaching.marking",
    "report", "report_published", "report_check", "commands", "cli", "__main__"]
CORE = ["arrays", "network", "derivatives", "quantization.as_written", "quantization.rounding", "quantization.affine",
        "pruning.as_written", "pruning.importance", "pruning.masks"]


def modules():
    for path in sorted(REFNN.rglob("*.py")):
        if path.name != "__init__.py":
            yield ".".join(path.relative_to(REFNN).with_suffix("").parts), path


def imports_of(path):
    """Modules of refnn that a file imports, at the top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "refnn":
            for alias in node.names:
                inside = f"{node.module}.{alias.name}".removeprefix("refnn.")
                yield inside if inside in ORDER else node.module.removeprefix("refnn.")


def test_a_file_imports_only_from_files_above_it():
    for name, path in modules():
        assert name in ORDER, f"{name} has no place in the order"
        for other in imports_of(path):
            assert other in ORDER and ORDER.index(other) < ORDER.index(name), f"{name} imports {other}"


def test_the_core_runs_in_an_otherwise_empty_folder(tmp_path):
    for name in CORE:
        target = tmp_path / "refnn" / Path(*name.split(".")).with_suffix(".py")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REFNN / target.relative_to(tmp_path / "refnn"), target)
    code = "; ".join(f"import refnn.{name}" for name in CORE)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=False, env=clean())
    assert done.returncode == 0, done.stderr
    formulas = [REFNN / Path(*name.split(".")).with_suffix(".py") for name in CORE[1:]]
    assert sum(len(p.read_text(encoding="utf-8").splitlines()) for p in formulas) < 900


def clean():
    return {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}


def test_importing_everything_but_plots_loads_only_numpy_and_the_standard_library():
    names = [f"refnn.{name}" for name, _ in modules() if name not in ("plots", "__main__")]
    code = (f"import sys; before = set(sys.modules); import {', '.join(names)}\n"
            "roots = {m.split('.')[0] for m in set(sys.modules) - before}\n"
            "print(sorted(r for r in roots if r not in sys.stdlib_module_names "
            "and r not in ('numpy', 'refnn') and not r.startswith('_')))")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True,
                          env=clean())
    assert done.stdout.strip() == "[]", done.stdout


def test_every_public_function_and_class_says_what_it_is():
    for name, path in modules():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), name
        for node in tree.body:
            public = isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")
            if public and not name.startswith("checking.slips_"):
                assert ast.get_docstring(node), f"{name}.{node.name}"


def test_every_public_name_of_the_package_has_an_example():
    """Exempt: what runs on checked arguments, and the entries of the catalogue (their hint says it)."""
    exempt = {"propagate", "half_square", "backpropagate", "checked", "nearest_even", "descend", "run",
              "flips", "singles", "doubles", "triples", "positions", "units_of", "losses", "masked", "each", "cheapest",
              "layer_of", "down_and_up", "errors", "square", "table", "bits"}
    for name, path in modules():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            public = isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")
            if public and node.name not in exempt:
                entry = isinstance(node, ast.FunctionDef) and name.startswith("checking.slips_")
                assert entry or ">>>" in ast.get_docstring(node), f"{name}.{node.name}"


def test_the_top_level_holds_only_what_the_frame_allows():
    made = {".git", "__pycache__", ".pytest_cache", ".ruff_cache", ".ipynb_checkpoints", "build", "dist",
            "refnn.egg-info"}
    top = {p.name for p in ROOT.iterdir() if p.name not in made and not p.name.startswith(".venv")}
    assert top <= {"README.md", "requirements.txt", "refnn", "notebooks", "tests", "figures", "pyproject.toml",
                   "LICENSE", ".gitignore", ".ci", "CITATION.cff", "CONTRIBUTING.md"}
