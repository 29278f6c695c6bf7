"""`import refnn` is enough: its folders and modules are there when they are asked for."""

import subprocess
import sys
from pathlib import Path

import pytest

import refnn

ROOT = Path(__file__).parents[1]


def python(code):
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_importing_refnn_alone_loads_nothing_and_offers_everything():
    code = (
        "import sys, refnn; print('numpy' in sys.modules); "
        "affine = refnn.quantization.affine; "
        "print(affine.quantize(0.6, affine.QParams(0.5, 0, 0, 7))); "
        "print(refnn.checking.catalogue.slips.CATALOGUE['no_abs'].hint)"
    )
    assert python(code).split("\n")[:3] == ["False", "1", "Is a large negative weight unimportant?"]


def folders():
    for path in sorted((ROOT / "refnn").rglob("__init__.py")):
        if path.parent.name != "datasets":
            yield ".".join(path.parent.relative_to(ROOT).parts)


@pytest.mark.parametrize("folder", list(folders()))
def test_dir_lists_the_modules_of_a_folder_and_each_can_be_had(folder):
    package = refnn
    for name in folder.split(".")[1:]:
        package = getattr(package, name)
    path = ROOT / Path(*folder.split("."))
    for file in path.glob("[a-z]*.py"):
        if folder != "refnn.plots":
            assert file.stem in dir(package) and getattr(package, file.stem).__name__.endswith(
                file.stem
            )
    with pytest.raises(AttributeError, match="has no attribute 'no_such_module'"):
        _ = package.no_such_module


@pytest.mark.parametrize(
    "command", [["-m", "refnn"], ["-c", "from refnn.command.cli import run; run()"]]
)
def test_the_version_is_told(command):
    done = subprocess.run(
        [sys.executable, *command, "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"refnn {refnn.__version__}\n"
