"""Worked examples from files: the article itself, articles with planted mistakes, TOML, JSON, and
everything bad."""

import json
import re
import time
from fractions import Fraction as F

import pytest

from refnn import article, console
from refnn.checking.reading import files as reading
from refnn.checking.reading import latex, markdown
from refnn.checking.reading.printed import levels_in
from refnn.checking.worked_example import KINDS, check
from refnn.command import cli

EXAMPLES = reading.EXAMPLES


def matrix(rows, kind="bmatrix"):
    cells = " \\\\\n".join(" & ".join(row) for row in rows)
    return f"\\begin{{{kind}}}\n{cells}\n\\end{{{kind}}}"


def left(form, name):
    base, index = name.split("_")
    forms = {"x": "{}_{{{}}}", "q": "Q({}_{{{}}})", "x_hat": r"\hat{{{}}}_{{{}}}"}
    return forms[form].format(base, index)


def the_article(times=7):
    """§4.1 in LaTeX, written from what `article` holds: parameters seven times, codes, decoded
    values."""
    parts = ["# 4\n\n我们将使用量化级别为8的量化方法。\n", r"$$ \hat{x} = \frac{Q(x) + B}{W} $$"]
    for form, count in ("x", times), ("q", 1), ("x_hat", 1):
        for name, t in [*article.TENSORS.items()] * count:
            parts.append(f"$$\n{left(form, name)} = {matrix(getattr(t, form))}\n$$\n")
    theta = r"\hat{W}_{ih} & \hat{W}_{ho} \\ \hat{b}_h & \hat{b}_o"
    return "\n".join([*parts, rf"$$ \theta_q = \begin{{bmatrix}} {theta} \end{{bmatrix}} $$"])


def test_the_article_in_markdown_has_the_verdicts_of_the_article():
    found, right = check(markdown.example(the_article(), "article.zh.md")), check(article.example())
    for field in ("claim", "computed", "holds", "reason", "status"):
        assert [getattr(v, field) for v in found] == [getattr(v, field) for v in right]


def test_the_example_article_has_two_mistakes():
    verdicts = {v.claim: v for v in check(reading.read(EXAMPLES / "article.md"))}
    statuses = [v.status for v in verdicts.values()]
    assert statuses == ["exact", "exact", "cannot be", "exact", "cannot be"]
    # by hand: 0.1·W mod 16 in (0, 2) for 8 -> 9, in (2, 4) for 9 -> 12
    assert "0.1*W (mod 16) lies between 0 and 2" in verdicts["Q(W_2)"].reason
    assert "also decode to these values" in verdicts["b_1^"].reason
    W, B = verdicts["W_1^"].computed  # a sign printed in the article: (Q(x) - B)/W
    assert [(code - B) / W for code in (0, 15)] == [F(-4, 10), F(5, 10)]


# Another article of our own: other numbers, min–max codes at 4 levels by ⌊x·3 + 3⌋ of -1, -0.6, 0,
# right in Q(V);
# decoded (Q + B)/W has the printed sign wrong, and Q(U) has a row in a wrong order.
SECOND = r"""
Take $P = 4$ and \( V^{(1)} = \left(\begin{matrix} -1.0 & -0.6 \\ 0 & -0.3 \end{matrix}\right) \).
<!-- \( V^{(1)} = \begin{pmatrix} 9 & 9 \end{pmatrix} \) is a draft -->
\begin{align*}
  U &= \begin{pmatrix} 0.2 & 0.4 & 0.6 \end{pmatrix} \\
  Q(V^{(1)}) &= \begin{pmatrix} 0 & 1 \\[4pt] 3 & 2 \\ \end{pmatrix} \\ % codes
  Q\left(U\right) &= \begin{pmatrix} 0 & 2 & 1 \end{pmatrix} \\
  \widehat{V^{(1)}} &= \begin{pmatrix} 1.0 & 1.3 \\ 2.0 & 1.7 \end{pmatrix}
\end{align*}
where (Q(x) + B) / W decodes. Not about this:
$S = \begin{pmatrix} \cos t & 0 \\ a & 1 \end{pmatrix}$.
"""


def test_another_article_in_another_dress():
    example = markdown.example(SECOND, "second")
    assert [claim["name"] for claim in example["claims"]] == ["Q(V^(1))", "Q(U)", "V^(1)^"]
    assert example["claims"][0]["x"] == [["-1.0", "-0.6"], ["0", "-0.3"]] and example["P"] == 4
    verdicts = check(example)
    # 0.2·W mod 4 would have to lie in (1, 3) for 0 -> 2 and in (2, 4) for 2 -> 1: W = 12.5 does
    # both, so does B = -2.5
    assert [v.status for v in verdicts] == ["exact", "exact", "as printed"]
    wrong = SECOND.replace("1.0 & 1.3", "1.0 & 0.3")
    verdicts = check(markdown.example(wrong, "t"))
    assert [v.status for v in verdicts] == ["exact", "exact", "cannot be"]
    minus = SECOND.replace("(Q(x) + B)", "(Q(x) - B)")
    minus = minus.replace("1.0 & 1.3", "-1.0 & -0.7").replace("2.0 & 1.7", "0 & -.3")
    signs = [claim.get("sign") for claim in markdown.example(minus, "t")["claims"]]
    assert signs == [None, None, "-"]
    assert check(markdown.example(minus, "t"))[2].holds


@pytest.mark.parametrize(
    ("text", "form", "name"),
    [
        (r"$W_{ih} = ", "x", "W_ih"),
        (r"\[ W _ { ih } &= ", "x", "W_ih"),
        (r"The weights are W = ", "x", "W"),
        (r"$$\mathbf{W}_{\text{ih}} = ", "x", "W_ih"),
        (r"$\text{where } W = ", "x", "W"),
        (r"$W\_{ih} = ", "x", "W_ih"),
        (r"$Q(\mathbf{W}_1) = ", "q", "W_1"),
        (r"$Q ( W_{ih} ) = ", "q", "W_ih"),
        (r"$Q(x) = Q(b_h) = ", "q", "b_h"),
        (r"$\hat{W}_{ih} = \left[", "x_hat", "W_ih"),
        (r"$\hat{W_{ih}} = ", "x_hat", "W_ih"),
        (r"$\widehat W_1 = ", "x_hat", "W_1"),
        (r"$\hat{\theta} = \left(", "x_hat", "theta"),
        ("W\n=\n", "x", "W"),
        (r"$\hat{\mathbf{W}}_{ih} = ", "x_hat", "W_ih"),
        (r"$\hat{\mathbf{W}_{ih}} = ", "x_hat", "W_ih"),
        (r"$\mathbf{\hat{W}}_{ih} = ", "x_hat", "W_ih"),
        (r"$\widehat{\boldsymbol{W}}_{ih} = ", "x_hat", "W_ih"),
        (r"$\hat{\mathbf W}_{ih} = ", "x_hat", "W_ih"),
        (r"${\hat{W}}_{ih} = ", "x_hat", "W_ih"),
        (r"$\hat{W}_{i h} = ", "x_hat", "W_ih"),
        (r"$\hat{W}_{ih} \approx ", "x_hat", "W_ih"),
        (r"$\hat{W}_{ih} := ", "x_hat", "W_ih"),
        (r"$\hat{W}_{ih} \approx= ", "x_hat", "W_ih"),
        (r"$\hat{W}_{ih} = \frac{Q(W_{ih}) + B}{W} = ", "x_hat", "W_ih"),
        (r"$\hat{W} = (Q(W) + B) \div W = ", "x_hat", "W"),
        (r"$Q(\mathbf{x}) = \lfloor 10\mathbf{x} - 1\rfloor \bmod 8 = ", "q", "x"),
        (r"$\hat{W} - W = ", "?", r"\hat{W} - W"),
        (r"$Q(W) \to ", "?", r"Q(W) \to"),
        (r"$\tilde{W} = ", "?", r"\tilde{W}"),
    ],
)
def test_names_to_the_left_of_a_matrix(text, form, name):
    [block] = latex.blocks(text + r"\begin{bmatrix} 1 \end{bmatrix}")
    assert (block.form, block.name) == (form, name)


def test_what_is_no_name_is_no_tensor():
    for text in ("$0.1 ", "$= ", "$3W = ", "$W = 0.1 ", "", "$W \\cdot "):
        assert latex.blocks(text + r"\begin{bmatrix} 1 \end{bmatrix}") == []


def test_a_matrix_is_the_end_of_a_chain_of_matrices():
    chain = (
        r"$$\hat{W} = \frac{1}{10}\begin{bmatrix} 0 & 1 \end{bmatrix} "
        r"= \begin{bmatrix} 0.0 & 0.1 \end{bmatrix}$$"
        r"$$V = \begin{bmatrix} v_1 \end{bmatrix} = \begin{bmatrix} 3 \end{bmatrix}$$"
    )
    assert [(b.form, b.name, b.body) for b in latex.blocks(chain)] == [
        ("x_hat", "W", " 0.0 & 0.1 "),
        ("x", "V", " v_1 "),
        ("x", "V", " 3 "),
    ]


def test_numbers_of_no_name_are_not_dropped(tmp_path, capsys):
    unread = r"$\hat{W} - W = \begin{bmatrix} 0.1 & 0.2 \end{bmatrix}$"
    path = write(tmp_path, "t.md", f"{article_of()}\n{unread}")
    assert cli.main(["verify", path]) == 1
    out = capsys.readouterr().out
    assert "line 2: \\hat{W} - W: not decidable" in out and "1 of 2 claims hold." in out


# by hand: W = 8, B = 3, P = 16 prints 1 7 4 11 of -.25 .5 .125 1, and (q - B)/W is x again; + B
# gives .5 for -.25
ROUND = (
    r"$W_1 = \begin{bmatrix} -.25 & .5 & .125 & 1.0 \end{bmatrix}$, P = 16, "
    r"$Q(W_1) = \begin{bmatrix} 1 & 7 & 4 & 11 \end{bmatrix}$, "
    r"$\hat{W}_1 = \begin{bmatrix} -.250 & .500 & .125 & 1.000 \end{bmatrix}$ "
)


@pytest.mark.parametrize(
    "decoder",
    [
        r"\frac{Q(x) - B}{W}",
        r"\frac{q - B}{W}",
        r"\frac{Q(W_{1}) - B}{W}",
        r"\frac{1}{W}(Q(x) - B)",
        r"(Q(x) - B) \div W",
        r"\dfrac{Q - B}{W}",
        r"\frac{Q(\mathbf{W}_1) - B}{W}",
        r"\left( Q(x) - B \right) / W",
        r"\frac{q_{i} − B}{W}",
    ],
)
def test_the_sign_of_every_spelling_of_the_decoder(decoder):
    plus = decoder.replace("-", "+").replace("−", "+")
    for spelt, sign in ((decoder, "-"), (plus, "+")):
        assert markdown.example(ROUND + f"${spelt}$", "t")["claims"][1]["sign"] == sign


def test_without_a_sign_either_will_do():
    either = markdown.example(ROUND, "t")
    assert either["claims"][1]["sign"] == "?" and [v.holds for v in check(either)] == [True, True]
    wrong = check(markdown.example(ROUND.replace("1.000", "1.500"), "t"))[1]
    assert wrong.status == "cannot be" and "(q + B)/W or (q - B)/W" in wrong.reason


STATED = (
    r"$x = \begin{matrix} 0.1 & 0.2 & 0.3 \end{matrix}$, "
    r"$Q(x) = \begin{matrix} 3 & 4 & 4 \end{matrix}$, P = 8. "
)


@pytest.mark.parametrize(
    "words",
    [
        "Let $W = 10$ and $B = 2$.",
        "where W = 10, B = 2",
        "$W = 20/2 = 10, B=2$",
        r"\(W = \frac{10}{1}\), \[ B = 2.0 \]",
        "取 W = 10，B = 2。",
    ],
)
def test_a_stated_pair_is_judged_and_no_other(words):
    [other] = check(markdown.example(STATED, "t"))
    assert other.holds  # W = 6, B = 7/3 prints 3 4 4 as well, by hand
    [stated] = check(markdown.example(words + STATED, "t"))
    assert stated.status == "cannot be" and stated.computed == [[3, 4, 5]]
    assert "W = 10" in stated.claim
    [right] = check(markdown.example(words + STATED.replace("4 & 4", "4 & 5"), "t"))
    assert right.status == "exact"


def test_a_stated_pair_of_decimals_may_be_a_rounded_one():
    """W = 70/9, B = −7/9 print 0 0 3 7; 7.78 and −0.78, taken exactly, would print 7 for the
    first."""
    words = "W = 7.78, B = -0.78, P = 8. "
    article = (
        r"$x = \begin{matrix} 0.1 & 0.2 & 0.5 & 1.0 \end{matrix}$ "
        r"$Q(x) = \begin{matrix} 0 & 0 & 3 & 7 \end{matrix}$"
    )
    [verdict] = check(markdown.example(words + article, "t"))
    assert verdict.status == "not decidable" and "rounded" in verdict.reason
    [verdict] = check(markdown.example(words + article.replace("3 & 7", "6 & 7"), "t"))
    assert verdict.status == "cannot be"


def test_a_stated_pair_decodes_by_the_sign_that_is_printed():
    for words, sign in (("", "-"), (r"$\frac{q - B}{W}$ ", "-"), (r"$\frac{q + B}{W}$ ", "+")):
        verdict = check(markdown.example("W = 8, B = 3. " + words + ROUND, "t"))[1]
        assert f"(q {sign} B)/W" in verdict.claim and verdict.holds == (sign == "-")


def test_of_several_stated_pairs_none_is_used_and_so_it_says():
    example = markdown.example("For x, W = 10 and B = 2; for y, W = 5 and B = 1. " + STATED, "t")
    assert example["claims"][0]["kind"] == "solve"
    assert "states W = 10, 5 and B = 2, 1; none of them is used" in example["title"]
    for silent in (
        r"$\hat{x} = (q + B)/W = 3$ ",
        "W = 3x, B = 2 ",
        "W = w, B = b ",
        "W = 10 ",
        r"$x \times W = 5, B = 1$ ",
    ):
        example = markdown.example(silent + STATED, "t")
        assert example["claims"][0]["kind"] == "solve" and example["title"] == "t"


def test_levels_in_words():
    for text, P in (
        ("We use 256 quantization levels.", 256),
        ("$P = 2^3 = 8$", 8),
        ("$P = 2^{8} = 256$", 256),
        (r"\lfloor x \rfloor \mod 8", 8),
        (r"\pmod{16}", 16),
        ("$P=8$", 8),
        ("P = 8.", 8),
        ("P = 8, B = 3", 8),
        ("quantization levels: 8", 8),
        ("quantization levels of 4", 4),
        ("量化级别为 16", 16),
    ):
        assert levels_in(text) == P, text
    for text in (r"\mod P", "P = 8.5", "P = 25^2", "P = 2^8", "sp = 3", "P = 8 * 2"):
        assert levels_in(text) is None, text


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def article_of(W=r"1 & 2", Q=r"1 & 2", after="", end="bmatrix"):
    x, q = rf"\begin{{bmatrix}} {W} \end{{{end}}}{after}", rf"\begin{{bmatrix}} {Q} \end{{bmatrix}}"
    return f"$W = {x}$ and $Q(W) = {q}$, P = 8"


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
    "text.txt": ("x", ".toml"),
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
        "claims[0]: choose_qparams: signed",
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


def test_matrices_of_symbols_are_passed_over():
    symbols = (
        r"$Q(W) = \begin{bmatrix} Q(w_1) & Q(w_2) \end{bmatrix}$, "
        r"$W = \begin{bmatrix} w_1 & \cdots \end{bmatrix}$; "
    )
    assert check(markdown.example(symbols + article_of(), "t"))[0].status == "exact"
    with pytest.raises(ValueError, match=r"example: text must be an article with matrices"):
        markdown.example(symbols, "t")


def test_decoded_values_without_codes_are_not_decidable(tmp_path):
    text = r"$W = \begin{matrix}1\end{matrix}$, $\hat{W} = \begin{matrix}1.0\end{matrix}$, P = 8"
    [verdict] = check(markdown.example(text, "t"))
    assert verdict.status == "not decidable" and "not printed" in verdict.reason


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
