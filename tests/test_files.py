"""Files are written whole or not at all, and what is read or no regular file is not replaced."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from refnn import files, plots
from refnn.command import cli


def test_links_devices_and_what_is_read_are_not_replaced(tmp_path):
    real, link = tmp_path / "real.md", tmp_path / "link.md"
    real.write_text("mine")
    link.symlink_to(real)
    for path in (link, Path(os.devnull)):
        with pytest.raises(files.Unwritable, match=r"must be a regular file, got a (link|device)"):
            files.write_whole({path: "other"}, force=True)
    with pytest.raises(files.Unwritable, match="must be none of the files that are read"):
        files.refuse_unwritable([tmp_path / "." / "real.md"], force=True, inputs=[real])
    assert real.read_text() == "mine" and link.is_symlink()


def test_grade_does_not_replace_a_sheet_by_its_marks(tmp_path, capsys):
    assert cli.main(["worksheet", "--seed", "3", "--out", str(tmp_path)]) == 0
    sheet = tmp_path / "sheet-3.md"
    before = sheet.read_bytes()
    assert cli.main(["grade", str(sheet), "--csv", str(sheet), "--force"]) == 2
    assert "none of the files that are read" in capsys.readouterr().err
    assert sheet.read_bytes() == before


def test_forty_saves_at_once_into_one_folder(tmp_path):
    failed = []

    def save(k):
        try:
            for _ in range(5):
                plots.save(Figure(figsize=(1, 1)), tmp_path / f"{k % 4}.png")
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=save, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed and sorted(p.name for p in tmp_path.iterdir()) == [
        f"{k}.png" for k in range(4)
    ]


def test_the_files_of_a_killed_process_are_removed(tmp_path):
    child = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True
    )
    orphan = tmp_path / f".refnn-{int(child.stdout)}-abc"
    own, other = tmp_path / f".refnn-{os.getpid()}-abc", tmp_path / ".refnn-notes-abc"
    for path in (orphan, own, other):
        path.write_text("half")
    files.write_whole({tmp_path / "a.txt": "whole"})
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([own.name, other.name, "a.txt"])


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("old")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        files.write_whole({path: "new"}, force=True)
    assert path.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["a.txt"]
