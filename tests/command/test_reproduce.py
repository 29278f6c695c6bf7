"""reproduce goes on where it was stopped, says how long it will take, and lists what is stored."""

import json

import pytest

from refnn import console
from refnn.command import claims as command
from refnn.command import cli, resume
from refnn.experiments import floor_bias, ladder, store
from refnn.experiments.claims import CLAIMS


def test_a_stopped_run_goes_on(tmp_path, capsys, monkeypatch):
    folder = tmp_path / "figures"
    run = ["reproduce", "floor-bias", "ladder", "--seeds", "3", "--figures", str(folder)]

    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ladder, "compute", stop)
        assert cli.main(run) == 130
    first = capsys.readouterr().out
    assert (folder / resume.FILE).exists() and "floor" in first
    with monkeypatch.context() as patch:
        patch.setattr(floor_bias, "compute", stop)  # it is not computed again
        assert cli.main(run) == 0
    second = capsys.readouterr().out
    assert second.startswith(first.split("=== ladder")[0].rstrip())
    assert sorted(p.name for p in folder.iterdir()) == ["floor_bias.png", "ladder.png"]


def test_other_options_or_a_broken_file_begin_anew(tmp_path):
    options = {"claims": ["a", "b"], "seeds": 3}
    done = resume.Done(tmp_path, options)
    done.add("a", "text")
    assert resume.Done(tmp_path, options).text("a") == "text"
    assert resume.Done(tmp_path, {**options, "seeds": 4}).text("a") is None
    for broken in ("{", "[]", "\xff"):
        (tmp_path / resume.FILE).write_text(broken, encoding="latin-1")
        assert resume.Done(tmp_path, options).text("a") is None
    done.end()
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_stores_does_not_go_on_from_one_that_did_not(tmp_path, monkeypatch):
    """Else the claims that the first run had finished would not be stored."""
    seen = []
    monkeypatch.setattr(command.store, "save", lambda name, *_: seen.append(name))
    monkeypatch.setattr(floor_bias, "compute", lambda **_: None)
    monkeypatch.setattr(floor_bias, "draw", lambda _: {})
    monkeypatch.setattr(floor_bias, "text", lambda _: "a text")

    def stop(**_):
        raise KeyboardInterrupt

    monkeypatch.setattr(ladder, "compute", stop)
    run = ["reproduce", "floor-bias", "ladder", "--figures", str(tmp_path)]
    assert cli.main(run) == 130 and seen == []
    assert cli.main([*run, "--store"]) == 130 and seen == ["floor-bias"]
    assert cli.main([*run, "--store"]) == 130 and seen == ["floor-bias"]


def test_the_time_left_follows_the_pace(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(resume.time, "monotonic", lambda: now[0])
    seconds = {"a": 60.0, "b": 120.0, "c": 60.0}
    monkeypatch.setattr(
        store,
        "claims",
        lambda: [type("C", (), {"name": n, "seconds": s}) for n, s in seconds.items()],
    )
    clock = resume.Clock(["a", "b", "c"])
    assert clock.begin("a") == "about 4 min left"
    now[0] = 120.0  # twice as long as stored
    assert clock.begin("b") == "about 6 min left"
    now[0] = 360.0
    assert clock.begin("c") == "about 2 min left"


def test_the_list_has_every_claim_at_once(capsys, monkeypatch):
    for name in CLAIMS:
        monkeypatch.setattr(CLAIMS[name], "compute", None)
    assert cli.main(["reproduce", "--list"]) == 0
    out = capsys.readouterr().out
    assert all(console.width(line) <= 79 for line in out.splitlines())
    for c in store.claims():
        assert f"  {c.command}\n" in out
        said = f"{c.number} [{c.low}, {c.high}]. In {c.reversed:.0%} of the networks it is"
        assert said in " ".join(out.split())


@pytest.mark.parametrize(
    "options", [["--list", "ladder"], ["--quick", "--seeds", "5"], ["--store", "--quick"]]
)
def test_options_that_exclude_each_other(options, capsys):
    assert cli.main(["reproduce", *options]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_quick_says_that_it_is(capsys):
    assert cli.main(["--no-figures", "reproduce", "floor-bias", "--quick"]) == 0
    out = capsys.readouterr().out
    assert "(quick: 12 networks, not the published numbers)" in out.splitlines()[1]
    assert f"{command.QUICK} networks" in out


def test_verify_tells_the_statements_in_json_too(capsys, computed_once):
    assert cli.main(["verify", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    words = [v for v in found if v["claim"].startswith("§")]
    assert len(words) == 15 and {v["status"] for v in words} <= {
        "as printed",
        "cannot be",
        "not decidable",
    }
    assert all(v["holds"] == (v["status"] == "as printed") and v["reason"] for v in words)
