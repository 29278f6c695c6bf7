"""LaTeX and Markdown become plain text, every line on its line."""

import pytest

from refnn.checking.reading.plain import plain, without_matrices


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (r"$S = \frac{x_{\max} - x_{\min}}{3} = 1.07$", " S = ((x_max - x_min)/(3)) = 1.07 "),
        (r"\dfrac12 + \frac{\frac{1}{2}}{3}", "((1)/(2)) + ((((1)/(2)))/(3))"),
        (r"\mathrm{clip}(\mathrm{round}(W/S) + Z)", "clip(round(W/S) + Z)"),
        (r"\left\lfloor x \right\rceil", " round( x )"),
        (r"\lfloor x \rfloor \bmod P, \lceil x \rceil", "floor( x ) mod P, ceil( x )"),
        ("⌊x⌉ − ⌊y⌋", "round(x) - floor(y)"),
        ("⌊x and no end", "floor(x and no end"),
        (r"2^{8} \cdot x^2 \times 3 \div 4", "2^(8) * x^2 * 3 / 4"),
        (r"\hat{\mathbf{W}}_{ih}, \tilde x", "hat_W_ih, tilde_ x"),
        (r"\sqrt{2}, \operatorname{clip}, \text{so}", "sqrt(2), clip, so"),
        (r"\begin{align} S &= 1 \\ Z &= 2 \end{align}", " S = 1 ; Z = 2 "),
        (r"q \in \{0, \ldots, 15\}", "q ∈ (0, …, 15)"),
        ("**bold** and `x_q` in 2**4, (2)**(3)", "bold and x_q in 2^4, (2)^(3)"),
        ("a<br>b <b>c</b>, x < y > z", "a b c , x < y > z"),
        ("（x：2，3；4） × 2 · 3 ÷ −1 – 5", "(x:2,3;4) * 2 * 3 / -1 - 5"),
        (r"{a}{ b }}{", "a b "),
        (r"x^\mathrm{T}, 2^\text{8}", "x^(T), 2^(8)"),
        (r"\frac\mathrm{1}\text{2} and \sqrt\mathbf{2}", "((1)/(2)) and sqrt(2)"),
        ("a\nb\\\\\nc", "a\nb;\nc"),
    ],
)
def test_plain_text(text, said):
    def single(text):
        return " ".join(text.split())

    assert single(plain(text)) == single(said)
    assert plain(text).count("\n") == text.count("\n")


def test_backquotes_and_stars_of_a_print_mean_themselves():
    assert plain("`a` ** 2", code=True) == "`a` ^ 2"


def test_matrices_are_taken_out_whole_and_the_lines_stay():
    inner = r"\begin{matrix} 1 \end{matrix}"
    text = "S = \\begin{bmatrix}\n" + inner + "\n\\end{bmatrix}, Z = 3\nend"
    assert without_matrices(text) == "S = ▦\n\n, Z = 3\nend"
    assert (
        without_matrices(r"\end{matrix} a \begin{matrix} 1") == r"\end{matrix} a \begin{matrix} 1"
    )
