"""The README is one page, what it quotes is what the commands print, and CI runs its two blocks."""

import re
import subprocess
from pathlib import Path

import pytest
from same_numbers import same

from refnn import article
from refnn.command import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "notebooks/README.md",
    "notebooks/assignments/INSTRUCTORS.md",
)


def test_the_readme_is_one_page():
    lines = README.splitlines()
    assert len(lines) <= 110 and len(README.split()) <= 800
    assert all(len(line) <= 100 for line in lines if not line.startswith("!["))
    assert README.count("![") == 1


def test_it_has_its_sections_in_order():
    headings = re.findall(r"^##+ (.*)$", README, re.M)
    ways = ["I check a formula, or my own quantizer", "I learn", "I teach"]
    assert headings == [
        *("Try it", "Run the tests", "Three ways in", *ways),
        *("How to read the code", "For whom it is not", "Where the rest is"),
    ]


def quoted():
    """Yield (arguments, lines) of each command in a console block."""
    for block in re.findall(r"```console\n(.*?)```", README, re.S):
        for part in re.split(r"^\$ python -m refnn ", block, flags=re.M)[1:]:
            command, *lines = part.rstrip("\n").split("\n")
            yield command.split(), lines


def test_quoted_output_is_true(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    [mine] = re.findall(r"```python\n(.*?)```", README, re.S)
    (tmp_path / "mine.py").write_text(mine, encoding="utf-8")
    for arguments, lines in quoted():
        cli.main(arguments)
        assert capsys.readouterr().out.rstrip("\n").split("\n") == lines
    assert [arguments[0] for arguments, _ in quoted()] == ["check", "solve"]


def test_the_command_for_teachers_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    [command] = re.findall(r"`python -m refnn (worksheet [^`]+)`", README)
    assert cli.main(command.split()) == 0 and (tmp_path / "sheet-7.md").exists()


def test_same_numbers_is_strict():
    assert same("a 0.49 (0.41, 0.54)  x", "a  0.50 (0.41, 0.54) x")
    assert not same("a 0.49", "a 0.51") and not same("a 0.49", "b 0.49")
    assert not same("1 2", "1 2 3") and not same("-18.07", "18.07")


@pytest.mark.parametrize("page", PAGES)
def test_links_and_pictures_exist(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert "://" in link or ((ROOT / page).parent / link).exists(), link
    for path in re.findall(r"`(refnn/[\w/]+\.py)`", text):
        assert (ROOT / path).exists(), path


def test_ci_runs_the_two_blocks():
    run = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    [awk] = re.findall(r"block_below\(\) \{.*?\n(.*?)\n\}", run, re.S)
    for heading, ending in (("Try it", "-m refnn"), ("Run the tests", "-m pytest")):
        assert f'"{heading}"' in run
        script = f"f() {{\n{awk}\n}}\nf '{heading}'"
        done = subprocess.run(
            ["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
        )
        block = re.search(rf"^## {heading}$.*?```sh\n(.*?)```", README, re.M | re.S)[1]
        assert done.stdout == block and block.rstrip().endswith(ending)
        assert block.startswith("python3 -m venv .venv\n")


def test_every_term_of_the_article_is_in_the_glossary():
    glossary = (
        (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8").split("## Glossary")[1]
    )
    for english, chinese in article.TERMS.items():
        assert chinese in glossary, (english, chinese)


def test_every_notebook_is_in_the_contents():
    page = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        assert f"]({path.name})" in page, path.name


def test_the_examples_for_contributors_stand_in_the_code():
    """Whatever the line breaks and the indentation."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.S)
    homes = ("quantization/rounding", "checking/catalogue/slips", "checking/catalogue/vectors")
    for block, home in zip(blocks, homes):
        source = (ROOT / "refnn" / f"{home}.py").read_text(encoding="utf-8")
        block = block.replace('"quantization.as_written.quantize"', 'f"{WRITTEN}.quantize"')
        found, known = (re.sub(r"\W", "", text) for text in (block, source))
        assert found in known, block
