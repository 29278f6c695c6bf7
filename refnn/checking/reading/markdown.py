r"""This module reads a worked example from a text: an article, a note, or a pasted print.

The text is read by blocks (`blocks`). In LaTeX, the text to the left of "=" says what a matrix is:

    W_{ih} = \begin{bmatrix} 0.1 & 0.2 \end{bmatrix}          the tensor W_ih
    Q(W_{ih}) = …                                             its codes
    \hat{W}_{ih} = …                                          its decoded values

Tables, printed lists and tensors say it by their heads and labels (`roles`). The formula that is
judged is the one that the text prints beside the numbers: ⌊x·W + B⌋ mod P (`written`), or
clip(round(x/S) + Z) with a scale and a zero point (`affine_claims`). Lines of arithmetic are claims
of their own. Numbers after a hat or a Q( whose name cannot be read become "unread" claims. What
cannot be read is listed in the notes of the example, each with its line."""

import re
from fractions import Fraction

from refnn.arrays import Refused
from refnn.checking.reading import affine_claims, blocks, gather, latex, written
from refnn.checking.reading.gather import AFFINE, WRITTEN
from refnn.checking.reading.grids import Stated
from refnn.checking.reading.groups import assemble
from refnn.checking.reading.lists import Item, flat
from refnn.checking.reading.plain import one_blank
from refnn.checking.reading.roles import CODES, DECODED, X, of_name
from refnn.validation import takes

COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
MARKED = re.compile(r"\\(?:tilde|bar|overline) ?\{?([A-Za-z][A-Za-z0-9_]{0,40})\}?")
MAX_LISTS, MAX_MATRICES = 400, 1000
FORMS = {"q": CODES, "x_hat": DECODED}
WANTED = "one with matrices NAME and Q(NAME), named lists, a table x | q | decoded or arithmetic"


@takes()
def example(text, title, levels=None):
    r"""Read the example in a text and return the dict that `worked_example.check` takes.

    ValueError is raised for a text that cannot be read, and names the tensor and the line.

    >>> text = r"$b = \begin{matrix}0.1\\0.2\end{matrix}$, $Q(b) = \begin{matrix}0\\1\end{matrix}$"
    >>> example(text, "t", levels=8)["claims"]
    [{'kind': 'solve', 'name': 'Q(b)', 'x': [['0.1'], ['0.2']], 'printed': [['0'], ['1']]}]
    >>> example("x = [0.5, 1.0], scale 0.5, zero point 0, q = [1, 2]", "t")["claims"][0]["printed"]
    {'codes': ['1', '2']}
    """
    lines = clean(text).split("\n")
    return of_blocks(lines, blocks.cut(lines), title, levels)


def clean(text):
    """Return a text with ordinary line ends and without comments, every line in its place.

    >>> clean("a\\r\\nb <!-- c\\n -->d")
    'a\\nb \\nd'
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text)


def of_blocks(lines, found, title, levels=None):
    """Read the example in the blocks of a text.

    lines: all lines of the text. found: its blocks.

    >>> lines = ["2 * 3 = 6"]
    >>> of_blocks(lines, blocks.cut(lines), "t")["claims"][0]["printed"]
    '6'
    """
    gathered = gather.gather(found)
    text = one_blank("\n".join(_without(lines, gathered.skipped)))
    matrices = latex.blocks(text)
    if len(matrices) > MAX_MATRICES:
        raise Refused("text", f"a text of at most {MAX_MATRICES} matrices", f"{len(matrices)}")
    names = dict.fromkeys(m.name for m in matrices if m.form in FORMS)
    pair, said = written.stated_pair(text, names)
    form = _Form(gathered, text, pair, levels)
    ours = [name for name in names if form.of_matrices(matrices, name) == WRITTEN]
    other = [] if ours else [m for m in matrices if _marked(m) and form.of(m.line, None) == AFFINE]
    solve, roundtrip, unread = written.of_matrices([m for m in matrices if m not in other], ours)
    items = [*gathered.items, *_items(matrices, ours, other, gathered.notes)]
    if len(items) > MAX_LISTS:
        raise Refused("text", f"a text of at most {MAX_LISTS} lists and matrices", f"{len(items)}")
    stated = Stated(gathered.statements, [b.line for b in found if b.kind == "heading"])
    if stated.are_floats():  # numbers that are quantized to FP8 are not codes
        items = [i._replace(role=DECODED) if _no_codes(i) else i for i in items]
    groups, notes = assemble(sorted(items, key=lambda item: item.line))
    more = _more(groups, form, stated, notes, solve, roundtrip)
    made = _finished(text, pair, said, solve, roundtrip, levels, title)
    made["claims"] += more + gathered.claims
    notes = sorted({*notes, *gathered.notes, *stated.notes.values()})
    if not made["claims"]:
        raise Refused("text", WANTED, " ".join(["none.", *(note for _, note in notes[:2])]))
    made["claims"] += unread
    if notes:
        made["notes"] = [note for _, note in notes]
    return made


def _no_codes(item):
    return item.role == CODES and not item.is_whole


def _without(lines, skipped):
    """Return the lines of a text without those of the blocks that are no claims."""
    lines = list(lines)
    for block in skipped:
        at = block.line - 1
        lines[at : at + len(block.lines)] = [""] * len(block.lines)
    return lines


def _marked(matrix):
    return matrix.form == latex.UNREAD and MARKED.fullmatch(matrix.name)


def _items(matrices, ours, other, notes):
    r"""Return the matrices of all names but `ours` as items.

    other: matrices of names such as \tilde{W}, which are decoded values in affine texts."""
    found = []
    for m in matrices:
        if m in other:
            role, base = DECODED, MARKED.fullmatch(m.name)[1]
        elif m.form == latex.UNREAD or m.name in ours:
            continue
        else:
            role, base = (FORMS[m.form], m.name) if m.form in FORMS else of_name(m.name)
        try:
            rows = latex.matrix(m)
        except Refused as error:
            why = str(error).removeprefix(f"line {m.line}: ")
            notes.append((m.line, f"line {m.line}: the matrix {m.said} was not read: {why}."))
            continue
        if rows is not None and role in (X, CODES, DECODED):
            found.append(Item(role, base, rows, m.line, f"the matrix {m.said}", "latex"))
    return found


def _more(groups, form, stated, notes, solve, roundtrip):
    """Return the affine claims of groups, and add those of the article's form to the lists."""
    more, full = [], [g for g in groups if g.found.keys() - {X}]
    for group in full or groups[:1]:
        codes = group.values(CODES)
        if X in group.found and form.of(group.line, codes and flat(codes)) == WRITTEN:
            values = [group.values(role) for role in (X, CODES, DECODED)]
            one, two = written.about(group.base or "x", *values)
            solve.extend(one)
            roundtrip.extend(two)
            continue
        alone, only = len(groups) == 1 and not full, len(full) == 1
        found, said = affine_claims.claims(group, stated, alone, only)
        more.extend(found)
        notes.extend(said)
    return more


def _finished(text, pair, said, solve, roundtrip, levels, title):
    """Return the example of the claims of the article's form."""
    if not solve and not roundtrip:
        return {"title": title, "claims": []}
    sign = written.sign_of(text)
    for claim in roundtrip:
        if claim["kind"] == "roundtrip":
            claim["sign"] = sign
    if pair:
        solve, roundtrip = (
            [written.by_pair(pair, claim) for claim in claims] for claims in (solve, roundtrip)
        )
    made = {"title": title + said, "claims": solve + roundtrip}
    P = written.levels_of(text) if levels is None else levels
    if P is not None:
        made["P"] = P
    if any(Fraction(v).denominator > 1 and "." in v for v in pair):  # 7.78 may be a rounded 70/9
        made["inputs"] = "rounded"
    return made


class _Form:
    """The formula that a text prints beside its numbers: the article's, or the affine one."""

    def __init__(self, gathered, text, pair, levels):
        self.formulas = sorted(gathered.formulas)
        keys = {s.key for s in gathered.statements}
        self.grid = bool(keys & {"scale", "zero_point"}) or bool(ZERO_POINT.search(text))
        self.width = bool(keys & {"bits", "signed", "range"})
        self.pair = bool(pair) and not self.grid
        said = {s.value for s in gathered.statements if s.key == "levels"}
        self.P = levels or (max(said) if said else None)
        self.parts = gathered.parts == {"floor", "mod"} or bool(
            written.DECODER.search(latex.bare(text))
        )

    def of(self, line, codes, of_latex=False):
        """Return the form for numbers at a line. codes: as text, or None."""
        kinds = {kind for _, kind in self.formulas}
        if self.pair or kinds == {WRITTEN}:
            return WRITTEN
        if kinds:
            before = [kind for at, kind in self.formulas if at <= line]
            return before[-1] if before else self.formulas[0][1]
        if self.grid:
            return AFFINE
        if self.parts:
            return WRITTEN
        codes = [Fraction(v) for v in codes or ()]
        if self.P is not None:
            possible = all(0 <= c < self.P for c in codes) and (codes or of_latex)
            return WRITTEN if possible else AFFINE
        possible = of_latex and not self.width and all(c >= 0 for c in codes)
        return WRITTEN if possible else AFFINE

    def of_matrices(self, matrices, name):
        """Return the form for the LaTeX matrices of one name."""
        named = [m for m in matrices if m.name == name and m.form in FORMS]
        block = next((m for m in named if m.form == "q"), named[0])
        try:
            rows = latex.matrix(block) if block.form == "q" else None
        except Refused:
            rows = None  # the error is reported where the matrix is read
        return self.of(block.line, rows and flat(rows), of_latex=True)


ZERO_POINT = re.compile(r"zero[ _-]point|zero_point|零点", re.IGNORECASE)
