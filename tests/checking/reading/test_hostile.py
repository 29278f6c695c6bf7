"""Whatever is in a file, it is read or refused, soon; the time grows with the length of the text.

REFNN_MUTANTS=30000 tries more mutated files, REFNN_LENGTH=20000 longer texts and every piece in
every reader."""

import json
import os
import random
import time

import pytest

from checking.reading.cases import article_of
from checking.reading.texts import CASES
from refnn.checking.reading import files, markdown, notebook

MUTANTS = int(os.environ.get("REFNN_MUTANTS", "300"))
LENGTH = int(os.environ.get("REFNN_LENGTH", "600"))
# fmt: off
PIECES = [
    " ", "\n", "\n\n", " \n", "\t", "\r", "\xa0", "{", "}", "\\", "\\\\ ", "&", "$", "$$\n", "_",
    "_{", "^{", "~", r"\begin{matrix}", r"W = \begin{matrix} 1 \end{matrix} ", r"\hat", r"\hat{",
    r"\frac{1}{", r"\lfloor ", r"\left", r"\quad ", r"\text{", r"\[", r"\]", r"\mod ", "<!--",
    "<", "<b ", "#", "# a\n", "- a\n", "    a\n", "> ", "|", "| 1 ", "a | b\n",
    "x | q\n--|--\n1 | 2\n\n", "+--", "[", "]", "[1", "[1, ", "[1] ", "[nan", "[[", "x = [1]\n",
    "q = [1]\n", "(", ")", "(1, ", "{1", "-", "−", "`", "```\n", "~~~\n",
    "```\na = 1 + 1 = 2\n```\n", "*", "**", ">>> q\n", ">>> q\n[1]\n", "... q\n", "In [1]: q\n",
    "1", "1 ", "1,", "1/", ".", "...", "1.", "e", "E1", "x̂", "\u0302", "= ", "a = ", "1 = ",
    "a = 1 + ", "1+", "max(", "clip(", "clip(round(1), ", "round(", "tensor(", "tensor([1], ",
    "scale ", "scale = ", "S = 1, ", "zero point 1 ", "zero_point=", "quantize_per_tensor(",
    "8 bits ", "int8 ", "symmetric ", "0 to 15 ", "[0, 255] in ", "2^(", "P = ", "W = 1, B = ",
    "W = ", "q_", "Q(", "Q(x) - B", "quantization levels ", "量化级别为", "缩放因子", "and ",
    "x is [1], q is [2]. ", "'", '"', ",", ";", "%", "//",
]
# fmt: on
SLOTS = (  # a text with places for the pieces
    r"Let W =@10 and@B = 2, P =@8.@$W@=@\begin{bmatrix}@1 &@2 \end{bmatrix}@$,@$Q(W) =@"
    r"\begin{bmatrix} 0 & 1@\\@\end{bmatrix}@$ by (Q(x)@+ B)/W. "
    r"x =@[1,@2], scale@= 0.5, q@is [2 @3]@."
)


def cells(text):
    """A notebook whose cell holds and prints a text."""
    outputs = [{"output_type": "stream", "text": text}]
    return {"cells": [{"cell_type": "code", "source": text, "outputs": outputs}]}


READERS = {
    "text": lambda text: markdown.example(text, "t"),
    "inside": lambda text: markdown.example(SLOTS.replace("@", text), "t"),
    "notebook": lambda text: notebook.example(cells(text), "t"),
}


def seconds(read, text, best=9.0):
    start = time.thread_time()
    try:
        read(text)
    except ValueError:
        pass
    return min(best, time.thread_time() - start)


@pytest.mark.parametrize("reader", READERS)
def test_four_times_the_text_takes_four_times_the_time(reader):
    read, length = READERS[reader], LENGTH // {"text": 1, "inside": 8, "notebook": 2}[reader]
    some = 1 if reader == "text" or LENGTH > 600 else 4  # all of them by hand
    for piece in PIECES[::some]:
        short, long = (piece * (n // len(piece) + 1) for n in (length, 4 * length))
        few, many = 9.0, 9.0
        for _ in range(7):  # the shortest of some runs; one is enough for most
            few, many = seconds(read, short, few), seconds(read, long, many)
            assert many < 5, piece
            if many < 7 * few:
                break
        assert many < 8 * few, (piece, few, many)


def test_what_took_more_than_twenty_seconds():
    for text in ("W = 1" + "\n" * 400 + article_of(), article_of() + " " * 300 + article_of()):
        start = time.thread_time()
        assert markdown.example(text, "t")["claims"]
        assert time.thread_time() - start < 1


def test_a_table_of_a_megabyte_is_refused_before_it_is_read():
    start = time.thread_time()
    with pytest.raises(ValueError, match=r"at most 10,000 rows, got 55,002 \(line 1\)"):
        markdown.example("| x | q |\n|---|---|\n" + "| 0.5 | 1 |\n" * 55_000, "t")
    assert time.thread_time() - start < 1


SEEDS = [
    *((suffix, text) for text, _, _ in CASES.values() for suffix in (".md", ".txt")),
    *((".ipynb", json.dumps(cells(text))) for text, _, _ in list(CASES.values())[:9]),
    *((f".{name.split('.')[1]}", (files.EXAMPLES / name).read_text(encoding="utf-8"))
      for name in ("article.md", "affine.toml", "network.json")),
]  # fmt: skip


def mutated(r, text):
    for _ in range(r.randint(1, 6)):
        i = r.randrange(len(text) + 1)
        j = min(len(text), i + r.randrange(1, 60))
        other = r.choice(SEEDS)[1]
        k = r.randrange(len(other))
        strange = chr(r.choice([0, 9, 13, 0x660, 0xB2, 0xFEFF, r.randrange(32, 0x300), 0xD800]))
        text = r.choice(
            [
                text[:i] + text[j:],
                text[:i] + r.choice(PIECES) * r.choice([1, 1, 2, 5, 50]) + text[i:],
                text[:i] + r.choice(PIECES) * r.choice([1, 300]) + text[j:],
                text[:i] + text[i:j] * r.randint(2, 20) + text[j:],
                text[:i] + strange + text[i + 1 :],
                text[:i] + other[k : k + r.randrange(200)] + text[i:],
                "\n".join(r.sample(text.split("\n"), text.count("\n") + 1)),
            ]
        )
    return text


def test_every_mutated_file_is_read_or_refused(tmp_path):
    read = 0
    for seed in range(MUTANTS):
        r = random.Random(seed)
        suffix, text = r.choice(SEEDS)
        path = tmp_path / f"file{suffix}"
        path.write_bytes(mutated(r, text).encode("utf-8", "surrogatepass"))
        start = time.thread_time()
        try:
            read += isinstance(files.read(path), dict)
        except (ValueError, TypeError) as error:
            assert str(error).startswith("read: "), seed
            assert "\n" not in str(error), seed
        assert time.thread_time() - start < 5, seed
    assert read > MUTANTS / 5
