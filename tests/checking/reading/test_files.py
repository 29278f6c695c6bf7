"""Worked examples from files: the examples of the package are judged, what is bad is refused in one
line, and numbers stay text."""

import io
import json
import re
import time
from fractions import Fraction as F

import pytest

from checking.reading.cases import article_of, write
from refnn import console
from refnn.checking.reading import files as reading
from refnn.checking.worked_example import KINDS, check
from refnn.command import cli

EXAMPLES = reading.EXAMPLES


def test_the_example_article_has_two_mistakes():
    verdicts = {v.claim: v for v in check(reading.read(EXAMPLES / "article.md"))}
    statuses = [v.status for v in verdicts.values()]
    assert statuses == ["exact", "exact", "cannot be", "exact", "cannot be"]
    # by hand: 0.1·W mod 16 in (0, 2) for 8 -> 9, in (2, 4) for 9 -> 12
    assert "0.1*W (mod 16) lies between 0 and 2" in verdicts["Q(W_2)"].reason
    assert "also give these decoded values" in verdicts["b_1^"].reason
    W, B = verdicts["W_1^"].computed  # a sign printed in the article: (Q(x) - B)/W
    assert [(code - B) / W for code in (0, 15)] == [F(-4, 10), F(5, 10)]


def claim(**given):
    return json.dumps({"claims": [{"kind": "solve", "x": [1], "printed": [1], "P": 8, **given}]})


LONG = " & ".join(["1"] * 201)
BAD = {  # name: (content, a word of the refusal)
    "empty.md": ("", "empty"),
    "empty.toml": ("\n", "empty"),
    "empty.json": (" ", "empty"),
    "binary.md": (bytes(range(256)), "UTF-8"),
    "zero.md": ("a\0b", "UTF-8"),
    "utf16.md": ("P".encode("utf-16"), "UTF-8"),
    "large.md": ("x" * (10**6 + 1), "1,000,000"),
    "text.csv": ("x", ".toml"),
    "text.txt": ("x", "or arithmetic"),
    "nothing.ipynb": ('{"cells": []}', "or arithmetic"),
    "broken.ipynb": ("{", "Expecting"),
    "claims.ipynb": ('{"claims": []}', "a notebook"),
    "deep.ipynb": ("[" * 10**5, "nested too deeply"),
    "prose.md": ("words", r"Q(NAME)"),
    "ragged.md": (article_of(W=r"1 & 2 \\ 3"), "line 1: W must be a matrix whose rows"),
    "shape.md": (article_of(Q=r"1 \\ 2"), "Q(W) must be of shape"),
    "half.md": (article_of(Q="1.5 & 2"), "Q(W)"),
    "letter.md": ("\n\n" + article_of(W="1 & w"), "line 3: entry 2 of W"),
    "nan.md": (article_of(W="NaN & 1"), "entry 1 of W"),
    "dots.md": (article_of(W=r"1 & \cdots"), "entry 2 of W"),
    "hole.md": (article_of(W="1 & "), "entry 2 of W"),
    "1e999.md": (article_of(W="1e999 & 1"), "entry 1 of W"),
    "long.md": (article_of(W=LONG, Q=LONG), "201"),
    "scaled.md": (article_of(after=r" \cdot 0.1"), "cdot"),
    "power.md": (article_of(after="^T"), "nothing else"),
    "ends.md": (article_of(end="pmatrix"), r"\end{pmatrix} for \begin{bmatrix}"),
    "open.md": (r"$W = \begin{bmatrix} 1", r"\begin{bmatrix} alone"),
    "close.md": (r"\end{bmatrix}", "for nothing"),
    "unknown.md": (r"$Q(V) = \begin{bmatrix} 1 \end{bmatrix}$", "V must be printed"),
    "twice.md": (article_of() + article_of(W="1 & 3"), "W must be printed with the same entries"),
    "P.md": (article_of() + " or P = 16", "8 and 16"),
    "signs.md": (
        article_of() + r" $\hat{W} = \begin{matrix} 1 & 2 \end{matrix}$ (Q(x)+B)/W, (Q(x)-B)/W",
        "one decoder",
    ),
    "broken.json": ("{", "json"),
    "list.json": ("[]", "list.json"),
    "none.json": ("{}", "claims"),
    "nan.json": ('{"claims": [NaN]}', "finite"),
    "1e999.json": (claim(x=[1]).replace("[1]", "[1e999]", 1), "claims[0].x"),
    "many.json": (claim(x=[0.1] * 10**5), "10,000"),
    "some.json": (claim(x=[1] * 300, printed=[1] * 300), "200"),
    "deep.json": ("[" * 10**5, "nested too deeply"),
    "deeper.json": (claim(x=0).replace(": 0", ": " + "[" * 99 + "]" * 99), "32"),
    "twice.json": ('{"claims": [], "claims": []}', "different"),
    "digits.json": (claim(x=0).replace(": 0", ":" + "9" * 5000), "digits"),
    "kind.json": (claim(kind="sove"), "kind"),
    "P.json": (claim(P=0), "P"),
    "flag.json": (
        claim(kind="choose_qparams", bits=8, signed="yes", symmetric=False, printed={"scale": 1}),
        "signed",
    ),
    "nan.toml": ('[[claims]]\nkind = "solve"\nP = 8\nx = [nan]\nprinted = [1]', "claims[0].x"),
    "keys.toml": (".".join(["a"] * 10**5) + " = 1", "32 levels"),
    "quotes.toml": ('"\\' * 10**5, "toml"),
    "broken.toml": ("a = ", "toml"),
    "missing.toml": ('[[claims]]\nkind = "solve"', "claims[0].x"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_line_and_status_2_at_once(name, tmp_path, capsys):
    content, word = BAD[name]
    path = write(tmp_path, name, content)
    start = time.thread_time()
    assert cli.main(["verify", path]) == 2
    assert time.thread_time() - start < 2  # what is refused at all takes a tenth of that
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and word in err and path in err
    assert "Traceback" not in err


def test_what_is_no_file_is_refused(tmp_path, capsys):
    (tmp_path / "folder.md").mkdir()
    for arguments, word in (
        (["verify", str(tmp_path / "folder.md")], "folder"),
        (["verify", "no.md"], "no.md"),
        (["verify", "--levels", "8"], "FILE"),
        (["verify", "no.md", "--levels", "0"], "--levels"),
    ):
        assert cli.main(arguments) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.count("\n") == 1 and word in err


def test_levels_from_the_option_the_file_and_the_claim(tmp_path):
    silent = write(tmp_path, "silent.md", article_of().replace(", P = 8", ""))
    assert check(reading.read(silent))[0].status == "not decidable"
    assert check(reading.read(silent, levels=8))[0].holds
    said = write(tmp_path, "said.md", article_of())
    assert reading.read(said)["P"] == 8 and reading.read(said, levels=16)["P"] == 16
    own = write(tmp_path, "own.json", claim(printed=[9], P=8))  # a claim's own P stands
    assert check(reading.read(own, levels=16))[0].status == "cannot be"
    nine = "[[claims]]\nkind = 'solve'\nx = [1]\nprinted = [9]"
    nobody = write(tmp_path, "nobody.toml", nine)
    statuses = [check(reading.read(nobody, levels=P))[0].status for P in (None, 8, 16)]
    assert statuses == ["not decidable", "cannot be", "exact"]
    for P, status in ((8, "cannot be"), (16, "exact")):
        top = write(tmp_path, "top.toml", f"P = {P}\n{nine}")
        assert check(reading.read(top))[0].status == status


def test_numbers_stay_text_and_a_mark_at_the_start_is_no_letter(tmp_path):
    given = claim(kind="quantize", W=1, B=0, x=[0]).replace("[0]", "[0.10000000000000000000001]")
    path = write(tmp_path, "t.json", b"\xef\xbb\xbf" + given.encode())
    assert reading.read(path)["claims"][0]["x"] == ["0.10000000000000000000001"]
    assert reading.read(write(tmp_path, "t.toml", "\ufeffa = 0.30\nclaims = []"))["a"] == "0.30"


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("article.md", ["exact", "exact", "cannot be", "exact", "cannot be"]),
        ("affine.toml", ["cannot be", "exact", "cannot be", "as printed"]),
        ("network.json", ["exact", "exact", "cannot be", "exact", "exact", "exact"]),
    ],
)
def test_the_examples_of_the_package_run(name, statuses, capsys):
    path = EXAMPLES / name
    assert [v.status for v in check(reading.read(path))] == statuses
    assert cli.main(["verify", str(path)]) == 1
    out = capsys.readouterr().out
    assert all(console.width(line) <= 79 for line in out.splitlines())
    assert f"{sum(s != 'cannot be' for s in statuses)} of {len(statuses)} claims hold." in out
    assert cli.main(["verify", str(path), "--json"]) == 1
    verdicts = json.loads(capsys.readouterr().out)
    keys = {"claim", "printed", "computed", "holds", "reason", "status"}
    assert [set(v) for v in verdicts] == [keys] * len(statuses)


def test_the_page_on_the_format_has_every_kind(tmp_path):
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    path = write(tmp_path, "every.toml", re.search(r"```toml\n(.*?)```", page, re.DOTALL)[1])
    example = reading.read(path)
    assert {given["kind"] for given in example["claims"]} == set(KINDS)
    failed = [v.status for v in check(example) if not v.holds]
    assert failed == ["cannot be", "not decidable", "not decidable"]


def test_names_of_others_do_no_harm_on_a_terminal(tmp_path, capsys):
    path = write(tmp_path, "t.json", claim(name="\x1b[31m" + "n" * 500, text="t"))
    assert cli.main(["verify", path]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out and all(console.width(line) <= 79 for line in out.splitlines())


def given(monkeypatch, text):
    data = text if isinstance(text, bytes) else text.encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    return reading.read("-")


NOTEBOOK = json.dumps({"cells": [{"cell_type": "markdown", "source": article_of()}]})
SOLVE = {"kind": "solve", "name": "Q(W)", "x": [["1", "2"]], "printed": [["1", "2"]]}


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        (article_of(), SOLVE),
        ("\ufeff" + article_of().replace(" ", "\r\n", 1), SOLVE),
        (NOTEBOOK, SOLVE),
        ("\n" + NOTEBOOK, SOLVE),
        (
            "# a\n[[claims]]\nkind = 'unread'\nprinted = [1.0]",
            {"kind": "unread", "printed": ["1.0"]},
        ),
        ("title = 't'\nclaims = [{kind = 'unread'}]", {"kind": "unread"}),
        ('{"claims": [{"kind": "unread"}]}', {"kind": "unread"}),
        ("[2, 1]\n\n1 + 1 = 2", {"kind": "arithmetic", "expression": "1 + 1", "printed": "2"}),
        (
            "# claims\n```\n[[claims]]\n```\n1 + 1 = 2",
            {"kind": "arithmetic", "expression": "1 + 1"},
        ),
        ("{1, 2}\n1 + 1 = 2", {"kind": "arithmetic", "expression": "1 + 1"}),
    ],
)
def test_the_standard_input_is_known_by_what_it_holds(text, claim, monkeypatch):
    example = given(monkeypatch, text)
    [found] = example["claims"]
    assert {key: found.get(key) for key in claim} == claim
    assert example["title"] in ("standard input", "t")


@pytest.mark.parametrize("text", ["", "words", b"\xff", "a\0", "x" * (10**6 + 1), '{"claims": ['])
def test_a_bad_standard_input_is_refused_by_its_name(text, monkeypatch):
    with pytest.raises(ValueError, match=r"^read: standard input"):
        given(monkeypatch, text)


@pytest.mark.parametrize("suffix", [".md", ".markdown", ".txt", ".TXT"])
def test_texts_of_every_name(suffix, tmp_path):
    assert reading.read(write(tmp_path, f"t{suffix}", article_of()))["claims"] == [SOLVE]


def test_a_text_of_too_many_numbers_is_refused(tmp_path):
    text = "\n".join(f"x{i} = {[0.5] * 1000}\nx{i}_q = {[1] * 1000}" for i in range(6))
    with pytest.raises(ValueError, match="10,000 numbers"):
        reading.read(write(tmp_path, "many.txt", text))


def pages():
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    return re.findall(r"```(text|json)\n(.*?)```", page, re.DOTALL)


@pytest.mark.parametrize(("kind", "text"), pages())
def test_every_text_of_the_page_on_the_format_holds(kind, text, tmp_path, capsys):
    path = write(tmp_path, "t.ipynb" if kind == "json" else "t.md", text)
    assert "notes" not in reading.read(path)
    assert cli.main(["verify", path]) == 0


def test_the_page_shows_a_table_a_list_a_session_a_notebook_and_arithmetic():
    assert [kind for kind, _ in pages()] == ["text"] * 5 + ["json", "text"]


def test_a_notebook_with_large_pictures_is_read(tmp_path):
    picture = {"output_type": "display_data", "data": {"image/png": "A" * 2_000_000}}
    text = "x is `[0.5, 1.0]`, q is `[1, 2]`, with scale 0.5 and zero point 0."
    cells = [
        {"cell_type": "markdown", "source": text},
        {"cell_type": "code", "source": "plot()", "outputs": [picture]},
    ]
    file = tmp_path / "plots.ipynb"
    file.write_text(json.dumps({"cells": cells, "nbformat": 4}))
    assert reading.read(file)["claims"][0]["printed"] == {"codes": ["1", "2"]}
    cells[0]["source"] = text * 20_000
    file.write_text(json.dumps({"cells": cells, "nbformat": 4}))
    with pytest.raises(ValueError, match="at most 1,000,000 characters of text"):
        reading.read(file)
