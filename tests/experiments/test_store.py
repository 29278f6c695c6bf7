"""What is stored of the claims is what they compute: the first network of each is done again."""

import json

import numpy as np
import pytest

from refnn.experiments import claims, processes, statements, store, wording
from refnn.experiments.spread import Finding, judged, limits, median


def test_every_claim_is_stored_with_its_recipe_over_200_networks():
    stored = store.claims()
    assert [c.name for c in stored] == list(claims.CLAIMS)
    assert all(c.seeds == 200 for c in stored) and store.load()["recipe"] == store.RECIPE
    assert all(c.seconds < 120 for c in stored)  # on two cores


@pytest.mark.parametrize("name", sorted(claims.CLAIMS))
def test_the_first_network_of_a_claim_is_the_stored_one(name, computed):
    [stored] = [c for c in store.claims() if c.name == name]
    finding = claims.CLAIMS[name].finding(computed(name))
    assert (finding.sentence, finding.what) == (stored.sentence, stored.what)
    assert finding.values[0] == pytest.approx(stored.first, rel=1e-6, abs=1e-9)
    assert float(stored.low) <= float(stored.number) <= float(stored.high)
    assert 0 <= stored.reversed < 0.5


def test_the_first_network_of_every_treatment_is_the_stored_one(computed):
    treated = computed("statements")
    for (dataset, name), values in treated.error.items():
        stored = store.errors(dataset, name)
        assert values[0] == pytest.approx(stored["first"], rel=1e-6), (dataset, name)
        assert stored["low"] <= stored["median"] <= stored["high"] and 0 <= stored["kept"] <= 1


def test_a_result_is_stored_whole_beside_the_others(tmp_path, computed):
    file = tmp_path / "stored.json"
    store.save("ladder", computed("ladder"), 1.25, file)
    store.save("statements", computed("statements"), 2.0, file)
    data = json.loads(file.read_text(encoding="utf-8"))
    assert sorted(data["claims"]) == ["ladder", "statements"] and len(data["statements"]) == 4
    assert data["claims"]["ladder"]["seconds"] == 1.2 and [p.name for p in tmp_path.iterdir()] == [
        "stored.json"
    ]


def test_a_finding_says_how_often_it_is_reversed():
    finding = Finding("It holds", np.array([1.0, 2.0, 3.0, -1.0, 0.0]), 0.0, "gain", "{:.1f}")
    words = " ".join(judged(finding).split())
    assert "1.0 [-1.0, 3.0] (median of 5 networks and its range" in words
    assert "In 20% of the networks it is the other way round, and in 20% both are equal." in words
    assert store.as_data(finding, 1)["reversed"] == 0.2
    # 6 values: P(all on one side of the median) = 2/64 < 5 %; 5 values: 2/32 > 5 %
    assert limits(6) == "95% interval" and limits(5) == "range"
    assert median(range(6)) == (2.5, 0.0, 5.0)


def test_the_statements_follow_from_the_stored_numbers(monkeypatch):
    by = {(s.section, s.says.split(".")[0]): s for s in wording.statements()}
    assert len(by) == 15 and {s.section[0] for s in by.values()} == {"1", "2", "5", "6"}
    kept = by["1", "Quantization keeps the performance"]
    assert kept.verdict.startswith("holds only") and kept.status == "not decidable"
    worst = {"median": 3.0, "kept": 0.0, "low": 2.0, "high": 4.0}
    monkeypatch.setattr(store, "errors", lambda dataset, treatment: worst)
    [kept] = [s for s in wording.statements() if s.says == "Quantization keeps the performance."]
    assert kept.verdict == "fails" and kept.status == "cannot be"
    best = {"median": 1.0, "kept": 1.0, "low": 1.0, "high": 1.0}
    monkeypatch.setattr(store, "errors", lambda dataset, treatment: best)
    [kept] = [s for s in wording.statements() if s.says == "Quantization keeps the performance."]
    assert kept.verdict == "holds" and kept.status == "as printed"


def test_several_processes_give_the_same_as_one():
    tasks = [(3, d) for d in statements.DATASETS[:2]]
    one, two = (list(processes.results(statements.on_dataset, tasks, n)) for n in (1, 2))
    for a, b in zip(one, two, strict=True):
        assert a.keys() == b.keys() and all((a[name] == b[name]).all() for name in a)
