"""Public worked examples, retold in numbers: what holds in them, and what is said of it."""

from pathlib import Path

import pytest

from refnn.checking.reading.files import read
from refnn.checking.worked_example import check

HERE = Path(__file__).parent / "examples"
HOLD = {  # example: the statuses that its verdicts have, in order
    "scale_float64.toml": ["as printed"],
    "scale_float32.toml": ["as printed"],
    "twenty_numbers.toml": [
        "as printed",
        "exact",
        "as printed",
        "as printed",
        "exact",
        "as printed",
    ],
    "sigmoid_output.toml": ["as printed", "as printed"],
    "ties_pytorch.toml": ["exact"],
    "rounded_scale.toml": ["as printed"],
    "clip_and_round.md": ["exact", "exact"],
    "saturating.md": ["exact", "exact"],
    "ties_even.md": ["exact"],
    "fence_is_code.md": ["exact"],
}


@pytest.mark.parametrize("name", HOLD)
def test_what_holds(name):
    verdicts = check(read(HERE / name))
    assert [v.status for v in verdicts] == HOLD[name], [v.reason for v in verdicts]
    assert not any("known mistake" in v.reason for v in verdicts)


@pytest.mark.parametrize("name", ["prints.md", "table_and_fences.md"])
def test_prints_tables_and_lines_of_arithmetic_hold(name):
    verdicts = check(read(HERE / name))
    assert len(verdicts) >= 2 and all(v.holds for v in verdicts), [v.reason for v in verdicts]


def test_the_reason_says_which_precision_and_which_rule():
    for name, words in (
        ("scale_float32.toml", "float32 arithmetic"),
        ("scale_float64.toml", "float64 arithmetic"),
        ("ties_pytorch.toml", "PyTorch quantize_per_tensor"),
        ("rounded_scale.toml", "every scale from"),
    ):
        assert words in check(read(HERE / name))[0].reason


def test_a_fence_is_no_claim_but_it_is_named():
    notes = read(HERE / "fence_is_code.md")["notes"]
    assert len(notes) == 1 and notes[0].startswith("line ")
