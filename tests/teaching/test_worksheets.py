"""Worksheets: the numbers of every variant fit paper, and its slips are all apart.

REFNN_VARIANTS=1000 tries a thousand variants."""

import hashlib
import os
import re
from fractions import Fraction as F
from functools import cache
from math import floor

import numpy as np
import pytest

from refnn.checking.catalogue.explain import exact
from refnn.command import cli
from refnn.teaching import worksheets
from refnn.teaching.question import shown
from refnn.teaching.worksheets import LANGUAGES, TOPICS, sheet, sheet_text, student_seed

SEEDS = int(os.environ.get("REFNN_VARIANTS", "100"))  # 1000 of them by hand


def ties(values):
    return [v for v in values if v.denominator == 2]


def half_even(v):
    return floor(v) + (v - floor(v) > F(1, 2) or (v - floor(v) == F(1, 2) and floor(v) % 2 == 1))


def quantize_holds(g, truth):
    shifted = [x * g["W"] + g["B"] for x in g["x"]]
    assert min(g["x"]) < 0 and min(shifted) < 0 and max(shifted) >= g["P"] and ties(shifted)
    assert truth == (tuple(floor(u) % 8 for u in shifted),)


def dequantize_holds(g, truth):
    printed = tuple((int(q) + g["B"]) / g["W"] for q in g["q"])
    right = tuple((int(q) - g["B"]) / g["W"] for q in g["q"])
    assert min(right) < 0 and truth == (printed, right, (2 * g["B"] / g["W"],))


def min_max_holds(g, truth):
    low, high = min(g["x"]), max(g["x"])
    W = 7 / (high - low)
    shifted = [(x - low) * W for x in g["x"]]
    assert low < 0 and ties(shifted) and W.denominator == 1
    assert truth == ((W, -low * W), tuple(floor(u) % 8 for u in shifted))


def rounding_holds(g, truth):
    x = list(g["x"])
    assert min(ties(x)) < 0 < max(ties(x))
    away = tuple((-1 if v < 0 else 1) * floor(abs(v) + F(1, 2)) for v in x)
    assert truth == (tuple(map(half_even, x)), away)


def affine_holds(g, truth):
    steps = [x / g["scale"] for x in g["x"]]
    shifted = [half_even(u) + g["zero_point"] for u in steps]
    assert min(ties(steps)) < 0 < max(ties(steps)) and max(steps) > 2**31
    assert sum(q > 15 for q in shifted) >= 1
    codes = tuple(min(max(q, 0), 15) for q in shifted)
    assert truth == (codes, tuple((q - g["zero_point"]) * g["scale"] for q in codes))


def choose_holds(g, truth):
    low, high = min(g["x"]), max(g["x"])
    assert low < 0 < high and min(g["y"]) > 0 and -min(g["z"]) > max(g["z"])
    scale = (high - low) / 15
    x = (scale, half_even(-8 - low / scale))
    assert truth == ((*x, max(g["y"]) / 15, -8, -min(g["z"]) / 7, 0),)


def requantize_holds(g, truth):
    first = [floor(F(int(a)) * g["eighths"] + F(1, 2)) for a in g["accumulator"]]
    second = [F(a, 2 ** g["shift"]) for a in first]
    assert min(ties(second)) < 0
    offset = [(-1 if v < 0 else 1) * floor(abs(v) + F(1, 2)) + g["zero_point"] for v in second]
    assert max(offset) > 15 and min(g["accumulator"]) < 0
    assert truth == (tuple(min(max(q, 0), 15) for q in offset),)


def errata_holds(g, truth):
    steps = {(b - a) % 8 for a, b in zip(g["q"], g["q"][1:])}
    assert len(g["q"]) == 6 and len(steps) >= 2
    assert truth[0][0] in range(2, 6) and len(truth[0]) == 1


def loss_holds(g, truth):
    r = [a - b for a, b in zip(g["y"], g["y_hat"])]
    assert min(g["y"]) < 0 and truth == ((sum(v * v for v in r) / 2,),)


def importance_holds(g, truth):
    W, b, v, c, X, y = (g[name].tolist() for name in ("W_ih", "b_h", "W_ho", "b_o", "X", "y"))
    z = [[sum(w * x for w, x in zip(row, xs)) + bias for row, bias in zip(W, b)] for xs in X]
    y_hat = [sum(w * max(u, 0) for w, u in zip(v[0], zs)) + c[0] for zs in z]
    r = [a - t for a, t in zip(y_hat, y)]
    back = [[r[n] * v[0][j] * (z[n][j] > 0) for j in range(2)] for n in range(2)]
    R = [
        *(sum(back[n][j] * X[n][i] for n in range(2)) for j in range(2) for i in range(2)),
        *(sum(back[n][j] for n in range(2)) for j in range(2)),
        *(sum(r[n] * max(z[n][j], 0) for n in range(2)) for j in range(2)),
        sum(r),
    ]
    assert truth == (tuple(y_hat), (sum(v * v for v in r) / 2,), tuple(R))
    assert min(min(row) for row in z) <= 0


def prune_holds(g, truth):
    keep = tuple(int(r >= g["tau"]) for r in g["R"])
    assert g["tau"] in list(g["R"]) and min(g["R"]) < -g["tau"]
    assert truth == (keep, tuple(k * t for k, t in zip(keep, g["theta"])))


def threshold_holds(g, truth):
    assert g["tau"] in list(g["scores"]) and min(g["scores"]) < -g["tau"]
    assert truth == (tuple(int(s >= g["tau"]) for s in g["scores"]),)


def sparsity_holds(g, truth):
    sizes = [abs(t) for t in g["theta"]]
    order = sorted(range(8), key=lambda i: (sizes[i], i))
    goes = round(g["sparsity"] * 8)
    assert min(g["theta"]) < 0 and sizes[order[goes - 1]] == sizes[order[goes]]
    assert truth == (tuple(sizes), tuple(int(i not in order[:goes]) for i in range(8)))


def conversion_holds(g, truth):
    second = (1 / g["scale"], g["zero_point"] + 8 + F(1, 2), 16)
    assert truth == ((1 / g["W"], g["B"] - F(1, 2)), second) and g["zero_point"] < 0
    floored, rounded = (g["W"], g["B"]), (1 / truth[0][0], truth[0][1] + F(1, 2))
    for k in range(-9, 40, 5):  # the same codes, away from ties
        x = F(k, 7) / g["W"]
        code, nearest = (W * x + B for W, B in (floored, rounded))
        assert floor(code) == floor(nearest) and (k % 7 == 0 or code % 1)


def products_holds(g, truth):
    a, b = g["a"].astype(int) - g["a_zero_point"], g["b"].astype(int) - g["b_zero_point"]
    assert a.min() < 0 and max(truth[0]) > 127  # one beyond a signed byte
    assert truth == (
        tuple(sum(int(u * v) for u, v in zip(row, column)) for row in a for column in b.T),
        tuple(int(n - g["zero_point"] * sum(row)) for n, row in zip(g["bias"], g["W"])),
    )


def scores_holds(g, truth):
    w, b, v, c = (g[name] for name in "wbvc")
    rows = [((v * x, v, w * x + b, F(1)), v * (w * x + b) + c - y) for x, y in zip(g["x"], g["y"])]
    # ŷ is linear in each: ∂²J/∂θ² = Σ d²
    by_example = [[r * d for d in slopes] for slopes, r in rows]
    slopes_of_y_hat = list(zip(*(slopes for slopes, _ in rows)))
    slope, theta = [sum(column) for column in zip(*by_example)], (w, b, v, c)
    assert truth == (
        tuple(map(abs, slope)),
        tuple(abs(s * t) for s, t in zip(slope, theta)),
        tuple(t * t * sum(s * s for s in column) / 2 for t, column in zip(theta, zip(*by_example))),
        tuple(t * t * sum(d * d for d in slopes) / 2 for t, slopes in zip(theta, slopes_of_y_hat)),
    )
    assert min(slope) < 0


def n_of_m_holds(g, truth):
    keep = []
    for row in g["scores"].tolist():
        for group in (row[:4], row[4:]):
            last = max(i for i, s in enumerate(group) if s == max(group))
            keep += [int(i == last) for i in range(len(group))]
    assert truth == (tuple(keep),) and sorted(g["scores"][0][:4])[2] == 2 and g["scores"].min() < 0


def cubic_holds(g, truth):
    before, quarter, half, after = truth[0]
    change = g["final"] - g["initial"]
    assert (before, after) == (g["initial"], g["final"])
    assert g["steps"][0] < g["begin"] < g["end"] < g["steps"][3]
    assert (g["final"] - quarter, g["final"] - half) == (change * F(27, 64), change / 8)


HOLDS = {
    "quantize": quantize_holds,
    "dequantize": dequantize_holds,
    "min_max": min_max_holds,
    "rounding": rounding_holds,
    "affine": affine_holds,
    "choose_qparams": choose_holds,
    "requantize": requantize_holds,
    "errata": errata_holds,
    "loss": loss_holds,
    "importance": importance_holds,
    "conversion": conversion_holds,
    "products": products_holds,
    "scores": scores_holds,
    "n_of_m": n_of_m_holds,
    "cubic": cubic_holds,
    "prune": prune_holds,
    "threshold": threshold_holds,
    "sparsity": sparsity_holds,
}
# Beyond int32; the multipliers
FULL_LENGTH = {"10000000000", "1610612736", "1342177280", "1073741824"}


@cache
def fits_paper(value):
    word = shown(value)
    return len(re.sub("[-.]", "", word).lstrip("0")) <= 5 or word in FULL_LENGTH


def variants_hold(seeds):
    for seed in seeds:
        for q in sheet(seed).questions:
            HOLDS[q.topic.name](q.given, q.truth)
            given = [v for value in q.given.values() for v in exact(value).flat]
            assert all(map(fits_paper, given)), (seed, q.topic.name, q.given)
            for step, truth, slips in zip(q.topic.steps, q.truth, q.slips):
                answers = [truth, *slips.values()]
                assert all(len(answer) == step.count for answer in answers)
                floats = [tuple(v.numerator / v.denominator for v in a) for a in answers]
                three_digits = {"%.2e " * step.count % answer for answer in floats}
                assert len(three_digits) == 1 + len(slips), (seed, q.topic.name)


@pytest.mark.parametrize("part", range(4))
def test_variants_hold(part):
    assert set(HOLDS) == set(TOPICS)
    variants_hold(range(part, SEEDS, 4))


def test_a_sheet_is_a_function_of_its_seed():
    assert sheet_text(sheet(3)) == sheet_text(sheet(3)) != sheet_text(sheet(4))
    one, all_ = sheet(3, ["prune"]).questions[0], sheet(3).questions
    assert one.truth in [q.truth for q in all_]  # other topics do not matter
    assert len({tuple(q.truth for q in sheet(s, ["affine"]).questions) for s in range(50)}) == 50
    assert [q.truth for q in sheet(3, language="zh").questions] == [q.truth for q in all_]
    # In the order of TOPICS, once
    assert sheet(3, ["prune", "loss", "prune"]).topics == ("loss", "prune")
    assert sheet(np.int64(3), ["loss"]).seed == 3 and sheet(2**63 - 1, ["loss"]).questions


def test_student_seed_is_a_hash():
    for student in ("s1", "学生", "a" * 200):
        digits = hashlib.sha256(student.encode()).hexdigest()[:12]
        assert student_seed(f" {student} ") == int(digits, 16)
    for bad in ("", "  ", "a\nb", "a" * 201, "\0"):
        with pytest.raises(ValueError, match="student_seed: student"):
            student_seed(bad)
    for bad in (None, 7, b"s1"):
        with pytest.raises(TypeError, match="student_seed: student"):
            student_seed(bad)
    for bad in (["nonsense"], [7], "loss", []):
        error = TypeError if bad in ("loss", []) else ValueError
        with pytest.raises(error, match="sheet: topics"):
            sheet(1, bad)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sheet_has_a_blank_for_every_number_and_no_answer(language):
    made = sheet(11, language=language)
    text = sheet_text(made)
    word = {"en": "Answer", "zh": "答案"}[language]
    counts = [step.count for q in made.questions for step in q.topic.steps]
    assert [line.count("____") for line in text.splitlines() if line.startswith(word)] == counts
    questions = text.split("## ", 1)[1].replace("/2^", "")
    assert "{" not in text and not re.search(r"\d+/\d+[^)]", questions)
    answers = worksheets.answers_text(made)
    for label, q, i in worksheets.labels(made):
        assert f"{label}: {shown(q.truth[i])}" in answers
    assert all(name in answers for q in made.questions for slips in q.slips for name in slips)
    assert {"en": "Worksheet", "zh": "练习"}[language] in text


def test_worksheet_writes_two_files_whole_or_none(tmp_path, capsys):
    command = ["worksheet", "--seed", "7", "--topic", "loss,prune", "--out", str(tmp_path)]
    assert cli.main(command) == 0
    assert "sheet-7.md" in capsys.readouterr().out
    made = sheet(7, ["loss", "prune"])
    assert (tmp_path / "sheet-7.md").read_text(encoding="utf-8") == sheet_text(made)
    assert (tmp_path / "answers-7.md").read_text(encoding="utf-8") == worksheets.answers_text(made)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["answers-7.md", "sheet-7.md"]
    (tmp_path / "sheet-7.md").unlink()
    (tmp_path / "answers-7.md").write_text("mine", encoding="utf-8")
    assert cli.main(command) == 2 and "--force" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["answers-7.md"]
    assert (tmp_path / "answers-7.md").read_text(encoding="utf-8") == "mine"
    assert cli.main([*command, "--force"]) == 0 and (tmp_path / "sheet-7.md").exists()


def test_worksheet_of_students(tmp_path, capsys):
    options = "--student -ada --student 学生 --language zh --topic errata --out".split()
    assert cli.main(["worksheet", *options, str(tmp_path)]) == 0
    assert f"-ada  sheet-{student_seed('-ada')}.md" in capsys.readouterr().out
    text = (tmp_path / f"sheet-{student_seed('学生')}.md").read_text(encoding="utf-8")
    assert "答案 1a：____" in text and "ada" not in text and "学生" not in text


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--seed", "1", "--out", "no/such/folder"), "no/such/folder"),
        (("--out", "."), "--seed"),
        (("--seed", "1", "--student", "a", "--out", "."), "--seed"),
        (("--seed", "-1", "--out", "."), "--seed"),
        (("--seed", "one", "--out", "."), "--seed"),
        (("--seed", "1"), "--out"),
        (("--seed", "1" * 30, "--out", "."), "seed"),
        (("--seed", "1", "--topic", "nonsense", "--out", "."), "nonsense"),
        (("--student", " ", "--out", "."), "student"),
        (("--seed", "1", "--language", "fr", "--out", "."), "--language"),
        (("--seed", "1", "--out", "README.md"), "README.md"),
        (("--seed", "1", "--out", "/dev/null"), "/dev/null"),
    ],
)
def test_bad_arguments_of_worksheet_are_one_line(arguments, word, capsys):
    assert cli.main(["worksheet", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and word in err and len(err) <= 300
