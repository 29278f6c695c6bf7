"""In a session and in a notebook, what is printed is named by what was typed."""

import json

import pytest

from checking.reading.cases import write
from refnn.checking.reading import files, markdown, notebook
from refnn.checking.reading.sessions import label

X, Q, D = "[-1.2, 0.35, 2.4]", "[-128  -18  127]", "[-1.1985  0.3525  2.397 ]"
RIGHT = {
    "x": ["-1.2", "0.35", "2.4"],
    "scale": "0.0141",
    "zero_point": "-43",
    "printed": {"codes": ["-128", "-18", "127"], "decoded": ["-1.1985", "0.3525", "2.397"]},
}


@pytest.mark.parametrize(
    "session",
    [
        f">>> x = np.array({X})\n>>> scale, zero_point = 0.0141, -43\n>>> q\narray({Q})\n"
        f">>> (q - zero_point) * scale\narray({D})",
        f">>> x\n{X}\n>>> scale\n0.0141\n>>> zero_point\n-43\n>>> print(q)\n{Q}\n>>> x_hat\n{D}",
        f">>> print('x', x)\nx {X}\n>>> scale\nnp.float64(0.0141)\n>>> zero_point\nnp.int8(-43)\n"
        f">>> q\n{Q}\n>>> dequantize(q)\n{D}",
        f">>> weights = torch.tensor({X})\n>>> q, s, z = f(weights)\n>>> s\ntensor(0.0141)\n>>> z\n"
        f"tensor(-43, dtype=torch.int32)\n>>> q.numpy()\n{Q}\n>>> q.dequantize()\ntensor({D})",
        f"In [1]: x\nOut[1]: {X}\n\nIn [2]: scale\nOut[2]: 0.0141\n\nIn [3]: zero_point\n"
        f"Out[3]: -43\n\nIn [4]: q\nOut[4]: \n{Q}\n\nIn [5]: recon\nOut[5]: {D}",
    ],
)
def test_sessions(session):
    for text in (session, f"```\n{session}\n```", f"```pycon\n{session}\n```"):
        [claim] = markdown.example(text, "t")["claims"]
        assert {key: claim.get(key) for key in RIGHT} == RIGHT


def test_what_a_program_defines_in_passing_is_no_print():
    text = ">>> def f(x):\n...     y = [1, 2]\n...     return y\n>>> x = [1, 2]; q = [3, 4]\n"
    with pytest.raises(ValueError, match="none"):
        markdown.example(text, "t")


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("q", "q"),
        ("print(q)", "q"),
        ("print('codes:', q)", "codes: q"),
        ("y = f(x); q", "q"),
        ("q.int_repr()", "q codes"),
        ("q  # what we get", "q"),
        ("q;", "q"),
    ],
)
def test_labels(typed, name):
    assert label(typed) == name


def cell(source, *outputs):
    made = [
        {"output_type": "stream", "name": "stdout", "text": out[1:]}
        if out.startswith(">")
        else {"output_type": "execute_result", "data": {"text/plain": out.splitlines(True)}}
        for out in outputs
    ]
    return {"cell_type": "code", "source": source, "outputs": made}


TEXT = {"cell_type": "markdown", "source": ["# Int8\n", "scale 0.0141, zero point -43"]}
NOTEBOOKS = [
    [TEXT, cell(f"import numpy as np\nx = np.array({X})\nq", f"array({Q})"), cell("x_hat", D)],
    [TEXT, cell("x = np.array([-1.2,\n  0.35,\n  2.4])\nq", f"array({Q})"), cell("x_hat", D)],
    [TEXT, cell("print(x)\nprint(q)\nprint(x_hat)", f">{X}\n{Q}\n{D}\n")],
    [TEXT, cell("show()", f">Values: {X}\nCodes: {Q}\nDecoded: {D}\n")],
    [
        cell("print(f'scale: {s}')\nx", ">scale: 0.0141\n", X),
        cell("zero_point", "-43"),
        cell("print(q)", f">{Q}"),
        cell("dequantized", f"tensor({D})"),
    ],
]


@pytest.mark.parametrize("cells", NOTEBOOKS)
def test_the_stored_outputs_of_a_notebook(cells, tmp_path):
    path = write(tmp_path, "t.ipynb", json.dumps({"cells": cells, "nbformat": 4}))
    [claim] = files.read(path)["claims"]
    assert {key: claim.get(key) for key in RIGHT} == RIGHT


def test_headings_of_earlier_cells_divide_a_notebook():
    texts = [TEXT, cell("x", X), cell("q", Q), {**TEXT, "source": "# Else\nscale 9, zero point 8"}]
    texts += [cell("q", "[1 2 3]")]
    one, two = notebook.example({"cells": texts}, "t")["claims"]
    assert (one["scale"], two["scale"]) == ("0.0141", "9")
    assert (one["name"], two["name"]) == ("cell 3, line 2: x", "cell 5, line 2: x")


def test_the_result_of_a_cell_comes_after_what_it_printed():
    made = notebook.example({"cells": [TEXT, cell("x", f">x: {X}\n.", f"q = {Q}")]}, "t")
    assert made["claims"][0]["name"] == "cell 2, line 4: x"


def test_lines_of_a_notebook_are_named_by_their_cell():
    cells = [TEXT, cell("x = [1.0]\n\nq", "[1 ... 3]"), {"cell_type": "raw", "source": "[1]"}]
    cells += [{"cell_type": "markdown", "source": "\n2/2 = 1\n\n```python\n```"}]
    made = notebook.example({"cells": cells}, "t")
    assert made["claims"][-1]["name"] == "cell 4, line 2"
    assert made["notes"] == [
        "cell 2, line 4: the list [1 ... 3] was not read: it leaves out numbers.",
        "cell 4, line 5: the code that begins here was not read: it is a program.",
    ]
    bad = {"cell_type": "markdown", "source": r"$Q(W) = \begin{bmatrix} 1 \end{bmatrix}$, P = 8"}
    with pytest.raises(ValueError, match="cell 2, line 1: W must be printed beside"):
        notebook.example({"cells": [TEXT | {"source": "a"}, bad]}, "t")


@pytest.mark.parametrize(
    "broken",
    [
        {"cells": [1]},
        {"cells": [{"cell_type": "markdown", "source": 3}]},
        {"cells": [{"cell_type": "markdown", "source": [3]}]},
        {"cells": [{"cell_type": "code", "source": "q", "outputs": [3]}]},
        {"cells": [{"cell_type": "code", "source": "q", "outputs": 3}]},
        {"cells": []},
        {"cells": {}},
        {"worksheets": []},
        [],
    ],
)
def test_a_broken_notebook_is_refused_by_its_name(broken, tmp_path):
    path = write(tmp_path, "broken.ipynb", json.dumps(broken))
    with pytest.raises(ValueError, match=r"broken.ipynb"):
        files.read(path)
