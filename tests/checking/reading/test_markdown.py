"""Articles in Markdown: the article itself, another one in another dress, signs and pairs in every
spelling, and numbers of no name."""

import pytest

from checking.reading.cases import article_of, write
from refnn import article
from refnn.checking.reading import markdown
from refnn.checking.worked_example import check
from refnn.command import cli


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


def test_matrices_of_symbols_are_passed_over():
    symbols = (
        r"$Q(W) = \begin{bmatrix} Q(w_1) & Q(w_2) \end{bmatrix}$, "
        r"$W = \begin{bmatrix} w_1 & \cdots \end{bmatrix}$; "
    )
    assert check(markdown.example(symbols + article_of(), "t"))[0].status == "exact"
    with pytest.raises(ValueError, match=r"example: text must be one with matrices"):
        markdown.example(symbols, "t")


def test_decoded_values_without_codes_are_not_decidable(tmp_path):
    text = r"$W = \begin{matrix}1\end{matrix}$, $\hat{W} = \begin{matrix}1.0\end{matrix}$, P = 8"
    [verdict] = check(markdown.example(text, "t"))
    assert verdict.status == "not decidable" and "not printed" in verdict.reason


def test_the_formula_on_the_line_of_the_numbers_counts():
    affine = "clip(round(x/S) + Z, 0, 15) with S = 0.5, Z = 0: x = [0.5, 1.0], q = [1, 2]"
    for text, kind in (
        (f"floor(x*W + B) mod 8\n\n{affine}", "affine"),
        (affine, "affine"),
        ("x = [0.5, 1.0], S = 0.5, Z = 0, q = [1, 2]\n\nclip(round(x/S) + Z, 0, 15)", "affine"),
        ("clip(round(x/S))\n\nfloor(x*W + B) mod 8. x = [0.5, 1.0], q = [1, 2]", "solve"),
    ):
        assert [claim["kind"] for claim in markdown.example(text, "t")["claims"]] == [kind]


def test_a_text_has_at_most_four_hundred_lists_and_a_thousand_matrices():
    def refused(text):
        with pytest.raises(ValueError) as error:
            markdown.example(text, "t")
        return str(error.value)

    assert "got 401" in refused("error: [0.5, 1.5] nm\n\n" * 401)
    assert "at most" not in refused("error: [0.5, 1.5] nm\n\n" * 400)
    matrix = r"$V = \begin{matrix} v \end{matrix}$"
    assert "at most 1000 matrices, got 1001" in refused(matrix * 1001)
    assert "at most" not in refused(matrix * 1000)
