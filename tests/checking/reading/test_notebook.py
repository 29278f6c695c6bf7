"""The text of a notebook is limited by all that its cells and their outputs hold together."""

import pytest

from refnn.checking.reading.notebook import example


def cell(*printed, source="q"):
    outputs = [{"output_type": "execute_result", "data": {"text/plain": text}} for text in printed]
    return {"cell_type": "code", "source": source, "outputs": outputs}


LONG = "w" * 600_000
PRINTS = {"output_type": "stream", "text": f"{LONG}\n{LONG}"}


@pytest.mark.parametrize(
    "cells",
    [
        [cell(LONG), cell(LONG)],
        [{**cell(source="print(a)\nprint(b)"), "outputs": [PRINTS]}],  # one entry for each print
        [cell(LONG, source=LONG)],
        [{"cell_type": "markdown", "source": LONG}, cell(LONG)],
    ],
)
def test_more_than_a_million_characters_are_refused(cells):
    with pytest.raises(ValueError, match="the notebook must be one of at most 1,000,000 charac"):
        example({"cells": cells}, "t")


def test_a_line_is_named_by_its_cell():
    text = {"cell_type": "markdown", "source": ["words\n", "x = [0.5, 1.0], scale 0.5\n", "Z = 0"]}
    made = example({"cells": [text, cell("array([1, 2])"), cell("array([1., ..., 2.])")]}, "t")
    assert [claim["name"] for claim in made["claims"]] == ["cell 2, line 2: x"]
    assert any(note.startswith("cell 3, line 2: the list array([1., ...") for note in made["notes"])
