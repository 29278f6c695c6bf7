"""The LaTeX to the left of a matrix says what it is."""

import pytest

from refnn.checking.reading import latex


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
        (r"$\hat{\hat{W}} = ", "?", r"\hat{\hat{W}}"),
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


def matrix(rows, end=""):
    body = r" \\ ".join(" & ".join(map(str, row)) for row in rows)
    [block] = latex.blocks(rf"W = \begin{{bmatrix}} {body} {end} \end{{bmatrix}}")
    return latex.matrix(block)


@pytest.mark.parametrize("end", ["", r"\\", r"\\[2pt]", r"\\ \hline"])
def test_a_last_line_break_begins_no_row(end):
    assert matrix([[1, 2], [3, 4]], end) == [["1", "2"], ["3", "4"]]
    assert matrix([[1], [2], [3]], end) == [["1"], ["2"], ["3"]]
    assert matrix([range(200)], end) == [[str(n) for n in range(200)]]
    with pytest.raises(ValueError, match=r"W must be of at most 200 entries, got 20[12]$"):
        matrix([range(201)], end)


def test_rows_and_codes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="line 1: W must be a matrix whose rows are equally long"):
        matrix([[1, 2], [3]])
    [block] = latex.blocks(r"$Q(W) = \begin{bmatrix} 1 & 0.5 \end{bmatrix}$")
    with pytest.raises(ValueError, match=r"line 1: Q\(W\) must be whole numbers"):
        latex.matrix(block)
    [block] = latex.blocks(r"$W = \begin{bmatrix} 1 & 2 \end{bmatrix}^T$")
    with pytest.raises(ValueError, match=r"W must be a matrix and nothing else, got .*'\^'"):
        latex.matrix(block)
    assert matrix([["a", "b"]]) is None
