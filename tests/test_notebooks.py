"""Every notebook runs from a clean kernel in its own process, its assertions hold, and it stores
what it shows."""

import base64
import io
import json
import re
from fractions import Fraction

import numpy as np
import pytest
from claimed import once
from executed import ROOT, execute
from PIL import Image
from same_numbers import same

from refnn import plots
from refnn.experiments import trained
from refnn.network import Params
from refnn.quantization import as_written

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FIRST_PARAMETER = ROOT / "notebooks" / "05_integers_only.ipynb"


def texts(cell):
    """The text outputs of a cell, as one text."""
    outputs = cell.get("outputs", [])
    return "".join("".join(o.get("text", o.get("data", {}).get("text/plain", ""))) for o in outputs)


def pictures(cell):
    stored = (o.get("data", {}).get("image/png") for o in cell.get("outputs", []))
    return [Image.open(io.BytesIO(base64.b64decode(data))) for data in stored if data]


def alike(a, b):
    """Do at most 3 in 1000 of the squares of 10 pixels differ by more than 10 grey levels? Another
    title is more, a curve that moves by a tenth of a pixel is none. Another Matplotlib sets every
    letter anew: nothing can be said."""
    if a.info.get("Software") != b.info.get("Software"):
        return True
    if a.size != b.size:
        return False
    width, height = (n // 10 for n in a.size)
    a, b = (
        np.asarray(p.convert("L"), float)[: 10 * height, : 10 * width]
        .reshape(height, 10, width, 10)
        .mean((1, 3))
        for p in (a, b)
    )
    return (np.abs(a - b) > 10).mean() <= 0.003


def rounds_alike():
    """Does this processor round as the one on which the notebooks were stored?

    The sixteen digits of one parameter of a trained network tell: notebook 05 prints them."""
    cells = json.loads(FIRST_PARAMETER.read_text(encoding="utf-8"))["cells"]
    [stored] = re.findall(r"the first parameter: (0\.\d{16})", "".join(map(texts, cells)))
    one = Params(*(a[0] for a in trained.networks(20).params.arrays()))
    W, B = as_written.min_max(one.flatten(), 8)
    return stored == str(as_written.update(one, W, B, 8).flatten()[0])


def test_a_stale_picture_is_noticed():
    def picture(title, high):
        lines = {8: np.array([[0.1, 0.2]]), 2: np.array([[0.3, high]])}
        shown = io.BytesIO()
        plots.ladder(("weights", "table"), lines, title, "a subtitle", "error").savefig(
            shown, format="png"
        )
        return Image.open(shown)

    title = "At 8 bits the weights put ŷ .0019 off, activations too .0063"
    assert alike(picture(title, 0.5), picture(title, 0.5000001))
    assert not alike(
        picture(title, 0.5),
        picture("Of the squared steps 2% are the weights', 49% activations'", 0.5),
    )
    assert not alike(picture(title, 0.5), picture(title, 1.0))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path):
    """… its assertions hold, and it prints and draws what it stores. Where the processor rounds
    otherwise (one printed parameter of a trained network tells by its last digits), single networks
    move: then to within a tenth, undrawn."""
    stored, fresh = json.loads(path.read_text(encoding="utf-8"))["cells"], execute(path)
    assert [c["id"] for c in stored] == [c["id"] for c in fresh]
    rounded_alike = once(rounds_alike)()
    for old, new in zip(stored, fresh):
        if old["cell_type"] == "code":
            assert same(texts(old), texts(new), 0 if rounded_alike else Fraction(1, 10)), old["id"]
            drawn = zip(pictures(old), pictures(new), strict=True)
            assert all(alike(a, b) or not rounded_alike for a, b in drawn), old["id"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[p.stem for p in NOTEBOOKS])
def test_a_stored_notebook_is_complete_and_tidy(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [c for c in cells if c["cell_type"] == "code"]
    assert [c["execution_count"] for c in code] == list(range(1, len(code) + 1))
    assert all("execution" not in c["metadata"] for c in code)  # no timing
    assert not any(
        o["output_type"] == "error" or o.get("name") == "stderr" for c in code for o in c["outputs"]
    )
    source = "\n".join("".join(c["source"]) for c in code)
    assert (
        "my_guess" in source and source.count("assert ") >= 6
    )  # predictions, and numbers held by code
    assert 20 <= len(cells) <= 45
