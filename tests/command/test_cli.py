"""The command as a user meets it: exit status, bad input, 80 columns, pipes, ASCII, the tour."""

import io
import json
import os
import subprocess
import sys

import matplotlib.image
import pytest

from refnn import console
from refnn.command import cli


def run(*arguments, encoding="utf-8"):
    environment = {"PYTHONIOENCODING": encoding, "PYTHONPATH": os.getcwd(), "COLUMNS": "80"}
    command = [sys.executable, "-W", "error", "-m", "refnn", *arguments]
    options = {"env": os.environ | environment, "capture_output": True, "timeout": 120}
    return subprocess.run(command, check=False, **options)


SOLVE = ("solve", "--x", "0.1,0.2", "--q", "0,1", "--levels", "8")
EIGHT = ("--levels", "8")
# fmt: off
BAD = [
    (("verify", "--published", *EIGHT), "--published"),
    (("frobnicate",), "frobnicate"),
    (("--frob",), "--frob"),
    (("verify", "file.toml"), "file.toml"),
    (("--figures",), "--figures"),
    (("--no-figures", "--figures", "x"), "--no-figures"),
    (("reproduce", "nonsense"), "nonsense"),
    (("reproduce", "ladder", "--seeds", "1"), "--seeds"),
    (("reproduce", "ladder", "--seeds", "ten"), "--seeds"),
    (("--figures", "x", "reproduce", "--no-figures"), "--no-figures"),
]
# fmt: on


@pytest.mark.parametrize(("arguments", "word"), BAD, ids=[" ".join(a)[:40] for a, _ in BAD])
def test_bad_input_is_one_line_and_status_2(arguments, word, capsys):
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and word in err and len(err) <= 300


def test_the_real_process_has_the_same_status_and_no_traceback(tmp_path):
    (tmp_path / "file").touch()
    refused = run("--figures", str(tmp_path / "file"))
    assert refused.returncode == 2 and refused.stdout == b"" and refused.stderr.count(b"\n") == 1


def test_a_folder_that_cannot_be_written_is_refused_before_the_work(tmp_path, capsys):
    file = tmp_path / "file"
    file.touch()
    for folder in (file, file / "below", "/dev/null/figures"):  # nobody may write there
        assert cli.main(["--figures", str(folder)]) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.count("\n") == 1
    assert list(tmp_path.iterdir()) == [file]


def test_verify_published_holds(capsys):
    assert cli.main(["verify", "--published"]) == 0
    out = capsys.readouterr().out
    for words in ("55 of 55 pass", "19 of 19 recomputed", "No vector above catches"):
        assert words in out
    assert all(console.width(line) <= 79 for line in out.splitlines()) and out.isascii()
    assert cli.main(["verify", "--published", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert len(data["vectors"]) == 55 and all(v["passed"] for v in data["vectors"])
    assert len(data["museum"]) == 19 and data["museum"][9]["computed_by_slip"] == {"codes": "80"}


def test_verify_is_1_because_two_claims_fail(capsys, computed_once):
    assert cli.main(["verify"]) == 1
    out = capsys.readouterr().out
    assert all(console.width(line) <= 80 for line in out.splitlines())
    assert out.count("\n") <= 190  # four screens of fifty lines: the last two are the statements
    words = ["cannot be", "as printed", "divides by 0", "0 0 1 2 3 / 3 4 5 6 7", "缩放因子"]
    words += ["5-2-1", "255.5", "0.3606", "W = 9, B = 0"]
    assert [word for word in words if word not in out] == []
    assert cli.main(["verify", "--json"]) == 1
    verdicts = json.loads(capsys.readouterr().out)
    keys = {"claim", "printed", "computed", "holds", "reason", "status"}
    assert len(verdicts) == 8 + 15 and all(set(v) == keys for v in verdicts)


def test_the_findings_alone_and_where_the_others_are(capsys, computed_once):
    assert cli.main(["verify"]) == 1
    out = " ".join(capsys.readouterr().out.split())
    for word in ("18. §3.1.2", "19. §6", "25. §6", "Finding 24 (P)", "python -m refnn reproduce"):
        assert word in out
    assert "§6.4 Both together give a better and a smaller model. Verdict: better holds only" in out
    assert cli.main(["verify", "--findings"]) == 0
    out = capsys.readouterr().out
    assert "26. §4.1.1" in out and all(console.width(line) <= 79 for line in out.splitlines())
    assert cli.main(["verify", "--findings", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [f["number"] for f in found] == [*range(1, 24), 25, 26]
    assert all(set(f) == {"number", "section", "term", "text"} and f["text"] for f in found)
    for wrong in (["x.md", "--findings"], ["--findings", "--levels", "8"]):
        assert cli.main(["verify", *wrong]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_help_fits_a_screen_and_states_the_exit_status(capsys):
    for command in ((), *((name,) for name in cli.OPTIONS)):
        with pytest.raises(SystemExit) as done:
            cli.main([*command, "--help"])
        text = capsys.readouterr().out
        assert done.value.code == 0 and max(map(len, text.splitlines())) <= 80
        assert "2 bad input" in " ".join(text.split())
        assert text.count("\n") <= 23 or not command
        assert "Example: refnn" in text or not command


def test_a_narrow_terminal_is_no_error(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("LINES", "10")
    for command in (["--help"], ["solve", "--help"]):
        with pytest.raises(SystemExit) as done:
            cli.main(command)
        assert done.value.code == 0
    assert cli.main(SOLVE) == 0 and capsys.readouterr().err == ""


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_output_survives_ascii_and_cp1252(encoding, monkeypatch, computed_once):
    for arguments in ((), ("--json",)):
        written = io.TextIOWrapper(io.BytesIO(), encoding, newline="")
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", written)
            assert cli.main(["verify", *arguments]) == 1
        written.flush()
        text = written.buffer.getvalue().decode(encoding)
        if arguments:
            assert text.startswith("[") and json.loads(text)
        else:
            assert "W^_ih" in text and "?" not in text and max(map(len, text.splitlines())) <= 80
    shown = run("conventions", "--x", "1,2", encoding=encoding)  # a process's own stdout
    assert shown.returncode == 0 and shown.stderr == b"" and shown.stdout.decode(encoding)


def test_a_closed_pipe_is_no_traceback():
    command, pipe = [sys.executable, "-m", "refnn", "verify"], subprocess.PIPE
    process = subprocess.Popen(command, stdout=pipe, stderr=pipe)
    process.stdout.close()
    assert process.stderr.read() == b"" and process.wait(60) == 1
    process.stderr.close()


def test_the_tour_tells_the_story_and_writes_the_figures(tmp_path, capsys, computed_once):
    assert cli.main(["--figures", str(tmp_path / "new" / "figures")]) == 0
    text, err = capsys.readouterr()
    assert err == ""  # no progress in a pipe
    lines = [line for line in text.splitlines() if not line.startswith("Figures")]
    assert all(console.width(line) <= 80 for line in lines)
    assert "\x1b" not in text
    for part in (
        "1. The article",
        "2. Trained",
        "3. Quantized",
        "4. Pruned",
        "5. Pruned and quantized",
    ):
        assert part in text
    written = sorted((tmp_path / "new" / "figures").iterdir())
    names = ["dots", "matrices", "network", "proof", "pruning"]
    names += ["quantization_as_written", "quantization_corrected", "staircase"]
    assert [path.name for path in written] == [f"{name}.png" for name in names]
    for path in written:
        assert matplotlib.image.imread(path).shape[1] == 1050  # 7 inches
        assert b"Software" not in path.read_bytes()


def test_reproduce_prints_a_claim_and_writes_its_figure(tmp_path, capsys):
    folder = tmp_path / "figures"
    two = ["reproduce", "floor-bias", "ladder", "--seeds", "3"]
    assert cli.main([*two, "--figures", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "=== floor-bias ===" in out and "integers only at 8" in " ".join(out.split())
    assert all(console.width(line) <= 79 for line in out.splitlines() if str(tmp_path) not in line)
    assert sorted(p.name for p in folder.iterdir()) == ["floor_bias.png", "ladder.png"]
    assert cli.main(["--no-figures", "reproduce", "floor-bias", "--seeds", "2"]) == 0


def test_no_figures_writes_none(tmp_path, monkeypatch, computed_once):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["--no-figures"]) == 0
    assert list(tmp_path.iterdir()) == []


def test_wrap_counts_wide_characters():
    text = console.wrap("量化 " * 60, indent="  ")
    assert all(console.width(line) <= console.WIDTH for line in text.splitlines())


def test_progress_shows_on_a_terminal_only(monkeypatch, capsys):
    progress = console.Progress(3)
    progress("training")
    progress.end()
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress = console.Progress(3)
    progress("training")
    progress.end()
    assert "[1/3] training" in capsys.readouterr().err


def test_an_interrupt_is_one_line_and_status_130(monkeypatch, capsys):
    def interrupted(options):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_named", lambda where: interrupted)
    assert cli.main(["verify"]) == 130
    out, err = capsys.readouterr()
    assert (out, err) == ("", "refnn: interrupted\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "a\x1b[2J.md"),
        ("check", "a\x1b[2J:quantize"),
        ("solve", "--x", "\x1b[2J", "--q", "1", "--levels", "2"),
        ("grade", "a.md", "--roster", "a\x1b[2J.csv"),
        ("reproduce", "\x1b[2J"),
        ("worksheet", "--seed", "1", "--topic", "\x1b[2J", "--out", "."),
        ("\x1b[2J",),
    ],
)
def test_no_escape_sequence_of_an_argument_reaches_the_terminal(arguments, capsys):
    assert cli.main(list(arguments)) == 2
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err and err.count("\n") == 1
