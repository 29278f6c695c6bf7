"""`verify FILE` reads what people paste, says what it judged and by which formula, and exits so."""

import io
import json

import pytest

from refnn.command import cli

PRINT = """x is `[-1.2, 0.0, 0.35, 2.4]`, quantized to int8 with scale 0.0141 and zero point -43.

    >>> q
    tensor([-128,  -43,  -18,  127], dtype=torch.int8)
"""
CLAIM = """title = "t"
[[claims]]
kind = "affine_quantize"
x = ["0.9", "-0.4", "2.2"]
scale = 1
zero_point = 3
qmin = 0
qmax = 15
printed = {codes}
"""


def run(capsys, *arguments, given=None, monkeypatch=None):
    if given is not None:
        stream = io.TextIOWrapper(io.BytesIO(given.encode()), encoding="utf-8")
        monkeypatch.setattr("sys.stdin", stream)
    status = cli.main(["verify", *map(str, arguments)])
    return status, *capsys.readouterr()


def test_the_input_is_read(capsys, monkeypatch):
    status, out, err = run(capsys, "-", given=PRINT, monkeypatch=monkeypatch)
    assert status == 0 and err == "" and "1 of 1 claims hold." in out
    assert "formula: clip(round(x/scale) + zero_point, qmin, qmax)" in out
    wrong = PRINT.replace("-18", "-19")
    status, out, _ = run(capsys, "-", given=wrong, monkeypatch=monkeypatch)
    assert status == 1 and "0 of 1 claims hold." in out


def test_the_screen_says_what_was_judged_the_one_reason_and_what_would_be_right(capsys, tmp_path):
    file = tmp_path / "claims.toml"
    file.write_text(CLAIM.format(codes=[3, 2, 5]))
    status, out, _ = run(capsys, file)
    assert status == 1 and max(map(len, out.splitlines())) <= 80
    words = " ".join(out.split())
    for part in (
        "affine_quantize: cannot be",
        "formula: clip(round(x/scale) + zero_point, qmin, qmax)",
        "printed: 3 2 5",
        "right: 4 3 5",
        "2 of 3 printed values are wrong: 0.9/scale = 0.9.",
        "; and -0.4/scale = -0.4.",
        "The known mistake 'floor_for_round' gives exactly this",
        "np.floor(divided) in the place of half_even.formula(divided)",
        "Hint: Which code is nearest to 0.9 steps?",
    ):
        assert part in words, (part, words)


def test_json_has_all_of_it(capsys, tmp_path):
    file = tmp_path / "claims.toml"
    file.write_text(CLAIM.format(codes=[3, 2, 5]))
    status, out, _ = run(capsys, file, "--json")
    [verdict] = json.loads(out)
    assert status == 1
    assert set(verdict) == {"claim", "printed", "computed", "holds", "reason", "status"}
    assert verdict["computed"] == [4, 3, 5] and verdict["holds"] is False
    for part in ("'floor_for_round'", "in the place of", "Hint:", "Judged by clip(round(x/scale)"):
        assert part in verdict["reason"]
    file.write_text(CLAIM.format(codes=[4, 3, 5]))
    status, out, _ = run(capsys, file, "--json")
    assert status == 0 and json.loads(out)[0]["status"] == "exact"


def test_a_note_is_printed_and_does_not_change_the_status(capsys, tmp_path):
    file = tmp_path / "text.md"
    file.write_text("```python\nq = round(x / s)\n```\n\n" + PRINT)
    status, out, _ = run(capsys, file)
    assert status == 0 and "Not judged:\n* line 2" in out


@pytest.mark.parametrize("text", ["", "nothing here", "```\nx = 1\n```", "|a|b|\n|-|-|\n|1|2|"])
def test_a_text_without_a_claim_is_refused_in_one_line(text, capsys, monkeypatch):
    status, out, err = run(capsys, "-", given=text, monkeypatch=monkeypatch)
    assert status == 2 and out == "" and err.count("\n") == 1 and err.startswith("refnn: ")


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ("[]", "claims must be a list of at least one claim"),
        ('[{"kind": "solve", "x": [1], "P": 0, "printed": [0]}]', "claims[0].P must be "),
        ('[{"kind": "affine", "x": [1], "bits": 1, "printed": {}}]', "claims[0]"),
        (
            '[{"kind": "choose_qparams", "x": [1], "bits": 1, "signed": true, "symmetric": false,'
            ' "printed": {"scale": 1}}]',
            "claims[0]: bits must be ",
        ),
    ],
)
def test_a_refusal_names_the_command_and_the_file_but_no_function(claims, words, capsys, tmp_path):
    file = tmp_path / "claims.json"
    file.write_text(f'{{"title": "t", "claims": {claims}}}')
    status, out, err = run(capsys, file)
    assert (status, out) == (2, "")
    assert err.startswith(f"refnn: verify: {file}: {words}"), err


def test_names_and_numbers_of_a_text_are_harmless(capsys, monkeypatch):
    hostile = PRINT.replace(">>> q", ">>> q\x1b[31m").replace("x is", "\x1b]0;title\x07 x is")
    _, out, err = run(capsys, "-", given=hostile, monkeypatch=monkeypatch)
    assert "\x1b" not in out + err and "\x07" not in out + err
