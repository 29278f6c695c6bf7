"""Files that students hand in, as folders and platforms lay them out."""

import json
import os

import pytest

from refnn.teaching import assignments, submissions
from refnn.teaching.mark_sheet import mark_any, student_of
from refnn.teaching.submissions import Submission, assigned, files_in, is_notebook, read
from refnn.teaching.worksheets import answers_text, sheet
from teaching.handed_in import write


@pytest.fixture
def folder(tmp_path):
    """What nbgrader and a platform may leave in a folder."""
    for name in ("a1/network/network.ipynb", "b2/network/network.ipynb", "b2/.hidden.md", "s.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "a1/network/timestamp.txt").write_text("2026-11-30")
    checkpoints = tmp_path / "a1/network/.ipynb_checkpoints"
    checkpoints.mkdir()
    (checkpoints / "network-checkpoint.ipynb").write_text("x")
    (tmp_path / "answers-1.md").write_text(answers_text(sheet(1, ["loss"])), encoding="utf-8")
    (tmp_path / "empty").mkdir()
    return tmp_path


def test_a_folder_stands_for_the_files_in_it_at_any_depth(folder):
    found = [path.removeprefix(f"{folder}/") for path in files_in([folder])]
    assert found == ["s.md", "a1/network/network.ipynb", "b2/network/network.ipynb"]
    both = files_in([folder / "s.md", folder, folder / "empty", "none.md"])
    assert len(both) == 5 and both[0].endswith("s.md") and both[-1] == "none.md"
    answers = str(folder / "answers-1.md")
    assert files_in([answers]) == [answers]  # who names it wants its row


def test_a_notebook_is_known_by_its_name_or_its_beginning(tmp_path):
    for name, text, expected in (
        ("a.IPYNB", "", True),
        ("a.txt", '\ufeff\n{\n "cells": [', True),
        ("a.json", '{"a": 1}', False),
        ("a.md", "# refnn", False),
    ):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        assert is_notebook(path) is expected, name
    assert not is_notebook(tmp_path) and not is_notebook("a\0b")


def test_what_cannot_be_read_says_why(tmp_path):
    link = tmp_path / "link.ipynb"
    link.symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder.ipynb").mkdir()
    empty, large = tmp_path / "empty.ipynb", tmp_path / "large.ipynb"
    empty.write_text(" \n")
    with open(large, "wb") as file:
        file.truncate(80 * 2**20)  # a sparse file of 80 MB
    for path, why in (
        (link, "It cannot be read: it is a link to a file that does not exist."),
        (tmp_path / "folder.ipynb", "It cannot be read: it is a folder without a file to mark."),
        (tmp_path / "none.ipynb", "It cannot be read: there is no such file."),
        ("a\0b", "It cannot be read: there is no such file."),
        (empty, "The file is empty."),
        (large, submissions.TOO_LARGE),
    ):
        assert read(path) == ([], None, why)
    assert "too large: more than 20 MB. Clear the outputs" in submissions.TOO_LARGE


def test_the_outputs_of_a_notebook_are_not_read(tmp_path):
    cell = {"cell_type": "code", "source": ["x = 1\n", "y = 2"], "outputs": [{"text": "z" * 9}]}
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"cells": [cell], "metadata": {}}))
    assert read(path).cells == ["x = 1\ny = 2"]


def test_a_notebook_of_more_bytes_than_the_limit_is_not_read(tmp_path, monkeypatch):
    path = write(tmp_path, assignments.build("network"))
    size = len(path.read_bytes())
    for limit, remark in ((size, ""), (size - 1, submissions.TOO_LARGE)):
        monkeypatch.setattr(submissions, "LARGEST", limit)
        assert read(path).remark == remark


def test_the_assignment_is_that_of_whose_functions_most_are_defined():
    """quantize and dequantize are of two assignments, choose_grid is of one and min_max of the
    other."""

    def defining(*names):
        return Submission([f"def {name}(x):\n    return x" for name in names], None, "")

    for names, name in (
        (("quantize", "choose_grid"), "quantization"),
        (("quantize", "dequantize", "min_max"), "worked_example"),
        (("loss",), "network"),
    ):
        assert assigned([defining(*names)]) == [name]
    named = Submission(["def loss(y): return y"], "pruning", "")
    assert assigned([named, defining("quantize")]) == ["pruning"] * 2
    for unknown in (("quantize", "dequantize"), ("losses",)):
        assert assigned([defining(*unknown)]) == [None]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with a name")
def test_a_pipe_is_no_file_and_nobody_waits_for_it(tmp_path):
    pipe = str(tmp_path / "pipe.md")
    os.mkfifo(pipe)
    assert files_in([tmp_path]) == [pipe] and not is_notebook(pipe)
    assert mark_any(pipe).remarks == ("It cannot be read: it is no regular file.",)
    assert student_of(pipe) == ""
    os.mkfifo(tmp_path / "pipe.ipynb")
    assert read(tmp_path / "pipe.ipynb").remark == "It cannot be read: it is no regular file."


def test_one_cell_that_is_no_text_costs_no_other(tmp_path):
    good = assignments.build("network", "solution")
    for odd in (None, 5, {"a": 1}, ["x = 1", None, 3]):
        cell = {"cell_type": "code", "source": odd, "metadata": None}
        path = write(tmp_path, {"cells": [cell, *good["cells"]], "metadata": {"refnn": 3}})
        assert len(read(path).cells) > 5 and read(path).remark == ""
