"""A text is cut into blocks, each with its line, and a fence says what it holds."""

import pytest

from refnn.checking.reading import blocks
from refnn.checking.reading.blocks import Block, cut, nature

TEXT = """Title
=====
One
two
- item
  more
1. next

    >>> q
    [1]

| a | b |
|---|---|
| 1 | 2 |
$$
a

b
$$
~~~py
```
~~~
## Head
\\[ x
\\]
> quoted
\\begin{align}
a &= 1
\\end{align}
```
open"""


def test_each_block_has_its_kind_its_line_and_its_lines():
    found = [(b.kind, b.line, len(b.lines)) for b in cut(TEXT.split("\n"))]
    assert found == [
        ("heading", 1, 2),
        ("paragraph", 3, 2),
        ("list", 5, 2),
        ("list", 7, 1),
        ("indented", 9, 3),
        ("table", 12, 3),
        ("math", 15, 5),
        ("fence", 21, 1),
        ("heading", 23, 1),
        ("math", 24, 2),
        ("paragraph", 26, 1),
        ("math", 27, 3),
        ("fence", 31, 1),
    ]


def test_no_line_is_lost(rng):
    lines = TEXT.split("\n")
    for _ in range(200):
        mixed = [str(line) for line in rng.permutation(lines)]
        for block in cut(mixed):
            inside = mixed[block.line - 1 : block.line - 1 + len(block.lines)]
            assert [line.removeprefix("> ").rstrip() for line in inside] == list(block.lines)
        covered = [k for b in cut(mixed) for k in range(b.line, b.line + len(b.lines))]
        assert len(covered) == len(set(covered))
        left = {mixed[k - 1].strip() for k in range(1, len(mixed) + 1) if k not in covered}
        assert left <= {"", "```", "~~~", "~~~py"}


@pytest.mark.parametrize(
    ("mark", "text", "what"),
    [
        ("", "q = [1, 2]", "readable"),
        ("text", "q = [1, 2]", "readable"),
        ("python", "q = [1, 2]", "program"),
        ("c++", "1 + 1 = 2", "program"),
        ("json", "[1, 2]", "program"),
        ("math", "x = 1", "math"),
        ("python", ">>> q\n[1]", "session"),
        ("", ">>> import numpy\n>>> print(q)\n[1]", "session"),
        ("", "In [1]: q\nOut[1]: 3", "session"),
        ("json", ">>> q", "program"),
        ("", "import numpy", "program"),
        ("", "for i in x:", "program"),
        ("", "def f(x):", "program"),
        ("", "q = 1\nprint(q)", "program"),
        ("", "torch.manual_seed(0)", "program"),
        ("", "tensor([1, 2])", "readable"),
        ("", "q(-1.5) = round(0.2) = 0", "readable"),
        ("", "if = 2", "readable"),
    ],
)
def test_what_a_fence_holds(mark, text, what):
    assert nature(Block("fence", 1, tuple(text.split("\n")), mark)) == what


def test_a_code_span_of_three_backquotes_opens_no_fence():
    assert [b.kind for b in cut(["```x```", "y"])] == ["paragraph"]


def test_a_fence_ends_with_as_many_marks_as_it_began_with():
    [fence, after] = cut(["````", "```", "````", "after"])
    assert fence.lines == ("```",) and after.lines == ("after",)


def test_a_quoted_session_is_no_quotation():
    assert blocks.cut([">>> q", "[1]"])[0].kind == "indented"
