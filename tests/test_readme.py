"""What the README quotes is what the commands print; what it links exists; its two commands are
those that CI runs."""

import doctest
import re
from pathlib import Path

from same_numbers import same

from refnn.command import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def quoted():
    """(arguments, lines) of each command in a console block."""
    for block in re.findall(r"```console\n(.*?)```", README, re.S):
        for part in re.split(r"^\$ python -m refnn ", block, flags=re.M)[1:]:
            command, *lines = part.rstrip("\n").split("\n")
            yield command.split(), lines


def test_the_first_screen_is_one_claim_checked():
    arguments, lines = next(quoted())
    assert (
        arguments[0] == "solve"
        and README.index("proof:") < 1500
        and "\n".join(lines).startswith("infeasible")
    )


def test_quoted_output_is_true(capsys, computed_once):
    seen = 0
    for arguments, lines in quoted():
        cli.main(arguments)
        printed = capsys.readouterr().out.rstrip("\n").split("\n")
        if arguments[0] in ("solve", "verify"):
            assert lines == printed
        else:
            rest = iter(printed)  # each quoted line is there, in this order
            for line in lines:
                assert any(same(line, other) for other in rest), line
        seen += 1
    assert seen == 2


def test_same_numbers_is_strict():
    assert same("a 0.49 (0.41, 0.54)  x", "a  0.50 (0.41, 0.54) x")
    assert not same("a 0.49", "a 0.51") and not same("a 0.49", "b 0.49")
    assert not same("1 2", "1 2 3") and not same("-18.07", "18.07")


def test_examples_in_the_readme_run():
    result = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert result.attempted >= 4 and result.failed == 0


def test_links_and_pictures_exist():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links and all((ROOT / link).exists() for link in links if "://" not in link)
    for path in re.findall(r"`(refnn/[\w/]+\.py)`", README):
        assert (ROOT / path).exists(), path


def test_the_two_commands_are_there_for_ci():
    commands = [line for line in README.splitlines() if line.startswith("python3 -m venv ")]
    assert (
        len(commands) == 2
        and commands[0].endswith("-m refnn")
        and commands[1].endswith("-m pytest")
    )
    assert "README.md" in (ROOT / ".ci" / "run").read_text()


def test_every_term_of_the_article_is_in_the_glossary():
    from refnn import article

    for english, chinese in article.TERMS.items():
        assert chinese in README, (english, chinese)
