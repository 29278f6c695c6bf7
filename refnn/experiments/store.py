"""This module keeps what the claims found over 200 seeds, so that commands need not compute it.

The file stored.json is written by `python -m refnn reproduce --store`. For each claim it holds the
Finding in numbers, the recipe, the seconds that it took and the value of the first network. A test
computes the first network again. For the experiment `statements` it also holds the errors."""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from refnn.checking.plane.digits import fixed
from refnn.console import wrap
from refnn.experiments.claims import CLAIMS
from refnn.experiments.spread import limits, median
from refnn.experiments.statements import DATASETS, KEPT, TREATMENTS
from refnn.experiments.trained import DECAY, LR, STEPS
from refnn.files import write_whole

FILE = Path(__file__).with_name("stored.json")
RECIPE = (
    f"Adam, all rows in each step, lr {LR:g}, weight decay {DECAY:g}, {STEPS} steps; seed s fixes "
    "split, start and synthetic data"
)


class Stored(NamedTuple):
    """A claim as it was stored."""

    name: str
    sentence: str
    what: str  # what the number is
    number: str  # the median, as text
    low: str  # the ends of its interval
    high: str
    reversed: float  # the share of the networks that show the reverse
    seeds: int
    first: float  # the value of the first network
    seconds: float  # that the computation took

    @property
    def command(self):
        """Return the command that computes the claim again."""
        return f"python -m refnn reproduce {self.name}"


@cache
def load():
    """Return the content of stored.json.

    >>> sorted(load())
    ['R2', 'claims', 'recipe', 'statements']
    """
    return json.loads(FILE.read_text(encoding="utf-8"))


def claims():
    """Return the stored claims, in the order of CLAIMS.

    >>> claims()[0].seeds
    200
    """
    found = load()["claims"]
    return [Stored(name, **found[name]) for name in CLAIMS if name in found]


def errors(dataset, treatment):
    """Return {"median", "low", "high", "kept", "first"} of a treatment of `statements`.

    >>> errors("diabetes", "corrected, 8 bits")["kept"]
    1.0
    """
    return load()["statements"][dataset][treatment]


def as_data(finding, seconds):
    """Return a Finding as it is stored.

    >>> from refnn.experiments.spread import Finding
    >>> as_data(Finding("x", np.arange(3.0), 1.0, "gain"), 2.0)["number"]
    '1.00'
    """
    number, low, high = (fixed(v, finding.form) for v in median(finding.values))
    return {
        "sentence": finding.sentence,
        "what": finding.what,
        "number": number,
        "low": low,
        "high": high,
        "reversed": float(np.mean(np.asarray(finding.values) < finding.neutral)),
        "seeds": len(finding.values),
        "first": float(f"{finding.values[0]:.9g}"),
        "seconds": round(seconds, 1),
    }


def treated_as_data(treated):
    """Return the errors of a Treated as they are stored."""
    found = {}
    for dataset in DATASETS:
        for name in TREATMENTS:
            values = treated.error[dataset, name]
            m = median(values)
            found.setdefault(dataset, {})[name] = {
                **{key: float(f"{v:.6g}") for key, v in m._asdict().items()},
                "kept": float(np.mean(values <= KEPT)),
                "first": float(f"{values[0]:.9g}"),
            }
    return found


def save(name, result, seconds, file=FILE):
    """Put the result of a claim into the file, and write the file whole or not at all."""
    old = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    data = {"claims": {}, "statements": {}, **old, "recipe": RECIPE}
    data["claims"][name] = as_data(CLAIMS[name].finding(result), seconds)
    if name == "statements":
        data["statements"] = treated_as_data(result)
        data["R2"] = [float(f"{median(v).median:.4g}") for v in result.R2]
    text = json.dumps(data, indent=1, ensure_ascii=False, sort_keys=True)
    write_whole({file: text + "\n"}, force=True)
    load.cache_clear()


def list_text():
    """Return all stored claims: the sentence, the number, its interval and what reverses it.

    >>> list_text().splitlines()[0]
    'What each claim found on 200 networks. Behind the median stands its 95%'
    """
    known = claims()
    seeds = ", ".join(dict.fromkeys(str(c.seeds) for c in known))
    parts = [
        wrap(
            f"What each claim found on {seeds} networks. Behind the median stands its "
            f"{limits(known[0].seeds)}. It shows how the result changes with the initial weights "
            "and the split of the same 442 patients. It does not say what other patients would "
            "give."
        )
    ]
    for c in known:
        number = f"The {c.what} is {c.number} [{c.low}, {c.high}]. In {c.reversed:.0%} of the "
        number += "networks it is the other way round."
        parts += ["", wrap(f"{c.sentence}. {number}", "  ", f"{c.name}: "), f"  {c.command}"]
    return "\n".join(parts)


def markdown():
    """Return the stored claims as a table of Markdown.

    >>> markdown().splitlines()[0]
    '| claim | number | median [95% interval] | reversed | networks | command |'
    """
    lines = [
        "| claim | number | median [95% interval] | reversed | networks | command |",
        "|---|---|---|---:|---:|---|",
    ]
    for c in claims():
        sentence = c.sentence.replace("|", "\\|")
        what = c.what.replace("|", "\\|")
        number = f"{c.number} [{c.low}, {c.high}]"
        row = (sentence, what, number, f"{c.reversed:.0%}", c.seeds, f"`reproduce {c.name}`")
        lines.append(f"| {' | '.join(map(str, row))} |")
    return "\n".join(lines)
