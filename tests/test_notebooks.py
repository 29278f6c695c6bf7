"""Every notebook runs from a clean kernel in its own process, its assertions hold, and it stores what it prints."""

import json
from pathlib import Path

import pytest
from same_numbers import same

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def texts(cell):
    """The text outputs of a cell, as one text."""
    outputs = cell.get("outputs", [])
    return "".join("".join(o.get("text", o.get("data", {}).get("text/plain", ""))) for o in outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[p.stem for p in NOTEBOOKS])
def test_a_notebook_runs(path, executed):
    """… its assertions hold, and it prints what it stores."""
    stored, fresh = json.loads(path.read_text(encoding="utf-8"))["cells"], executed(path)
    assert [c["id"] for c in stored] == [c["id"] for c in fresh]
    for old, new in zip(stored, fresh):
        if old["cell_type"] == "code":
            assert same(texts(old), texts(new)), old["id"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[p.stem for p in NOTEBOOKS])
def test_a_stored_notebook_is_complete_and_tidy(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [c for c in cells if c["cell_type"] == "code"]
    assert [c["execution_count"] for c in code] == list(range(1, len(code) + 1))
    assert all("execution" not in c["metadata"] for c in code)     # no timing
    assert not any(o["output_type"] == "error" or o.get("name") == "stderr" for c in code for o in c["outputs"])
    source = "\n".join("".join(c["source"]) for c in code)
    assert "my_guess" in source and source.count("assert ") >= 6   # predictions, and numbers held by code
    assert 20 <= len(cells) <= 45
