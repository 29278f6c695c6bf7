"""This module computes what is wrong with the numbers that §4.1 of the article prints.

`errata` collects the findings."""

from fractions import Fraction
from itertools import permutations, product

import numpy as np

from refnn import article, network
from refnn.article import LEVELS, TENSORS, fractions
from refnn.checking.plane.circle import feasible_W
from refnn.checking.plane.digits import decimal
from refnn.checking.reading.printed import levels_in
from refnn.checking.roundtrip import roundtrip
from refnn.checking.solver import solve
from refnn.quantization import affine, as_written, calibration, rounding

HALF_A_DIGIT = Fraction(1, 20)  # the decoded values are printed to one decimal
NO_PAIR = "no W and B give both, whether the decoder adds B or subtracts it"


def min_max_codes(name):
    """Return the codes of a printed tensor, with W and B from its own minimum and maximum.

    Return None for a tensor of one value, which has no range.

    >>> min_max_codes("W_ih").tolist(), min_max_codes("b_o")
    ([[0, 0, 1, 2, 3], [3, 4, 5, 6, 7]], None)
    """
    x = fractions(TENSORS[name].x)
    if x.min() == x.max():
        return None
    return as_written.quantize(x, *as_written.min_max(x, LEVELS), LEVELS)


def decoded_by_row():
    """Say for each row of the decoded W_ih which (W, B) gives its codes and its decoded values.

    This is finding 5.

    >>> print(decoded_by_row().replace(". ", "\\n"))
    For row 1, W = 9, B = 0 gives the codes and, rounded to one decimal, the decoded values
    For row 2, no W and B give both, whether the decoder adds B or subtracts it
    """
    said = []
    for name, row in (("row 1", 0), ("row 2", 1)):
        x, q, decoded = _row("W_ih", row)
        low, high = _around(decoded, HALF_A_DIGIT)
        pair = next((p for sign in "+-" if (p := roundtrip(x, q, low, high, LEVELS, sign))), None)
        both = "gives the codes and, rounded to one decimal, the decoded values"
        found = pair and f"W = {decimal(pair[0])}, B = {decimal(pair[1])} {both}"
        said.append(f"For {name}, {found or NO_PAIR}")
    return ". ".join(said)


def _row(tensor, row):
    x, q, x_hat = (getattr(TENSORS[tensor], form)[row] for form in TENSORS[tensor]._fields)
    return list(x), [int(c) for c in q], [Fraction(v) for v in x_hat]


def _flat(name, form):
    return [v for row in getattr(TENSORS[name], form) for v in row]


def _codes(name):
    return [int(v) for v in _flat(name, "q")]


def _around(values, half):
    """Return the lowest and the highest numbers that may have been rounded to the printed ones."""
    return [v - half for v in values], [v + half for v in values]


def _span(intervals):
    return " and ".join(f"({decimal(a)}, {decimal(b)})" for a, b in intervals)


def _in_rows(codes):
    return " / ".join(" ".join(map(str, row)) for row in codes.tolist())


def _sizes():
    printed, claimed = article.parameters(), article.CLAIMED_SIZES
    n = len(network.init(np.random.default_rng(0), claimed).flatten())
    return (
        f"The printed network is {'-'.join(map(str, printed.sizes))} with "
        f"{printed.flatten().size} parameters, but the announced {'-'.join(map(str, claimed))} "
        f"network has {n}"
    )


def _never_computed():
    without = [name for name in TENSORS if min_max_codes(name) is None]
    W, B = as_written.min_max(fractions(TENSORS["W_ih"].x), LEVELS)
    return (
        "The article announces W and B, but prints the parameters "
        f"{article.TIMES_PARAMETERS_PRINTED} times instead. Min-max gives W = {decimal(W)}, B = "
        f"{decimal(B)} for W_ih, and nothing for {len(without)} tensor of one value (b_o)"
    )


def _no_pair():
    x, q = _flat("W_ih", "x"), _codes("W_ih")
    s = solve(x, q, LEVELS)
    up = solve(x, [-c % LEVELS for c in q], LEVELS)  # ceil(y) = -floor(-y)
    others = [P for P in range(max(q) + 1, 65) if feasible_W([Fraction(v) for v in x], q, P)]
    columns = [f"0.{k}" for k in range(1, 10, 2)] + ["0.2", "0.4", "0.6", "0.8", "1.0"]
    for name in TENSORS:
        if name != "W_ih":
            columns, q = columns + _flat(name, "x"), q + _codes(name)
    W, B = solve(columns, q, LEVELS).witness
    return (
        f"{'A' if s.feasible else 'No'} (W, B) gives Q(W_ih). {s.proof.reason}. "
        f"{'Some' if others or up.feasible else 'No'} pair works for any other P from 6 to 64 or "
        f"with ceil (P = 8). At most {len(s.repair.keep)} of 10 codes fit one pair. If W_ih is "
        f"read column by column, W = {decimal(W)}, B = {decimal(B)} gives all 15"
    )


def _rows():
    first, second = (solve(*_row("W_ih", r)[:2], LEVELS) for r in (0, 1))
    ten = fractions(TENSORS["W_ih"].x)

    def prints(x, B, codes):
        return (as_written.quantize(x, 10, B, LEVELS) == codes).all()

    offsets = range(-LEVELS, 1)
    B = [[b for b in offsets if prints(ten[r], b, _row("W_ih", r)[1])] for r in (0, 1)]
    rest = [tensor for name, tensor in TENSORS.items() if name != "W_ih"]
    others = all(prints(fractions(tensor.x), -1, fractions(tensor.q)) for tensor in rest)
    return (
        f"Each row alone has solutions: W in {_span(first.intervals)} mod {first.period} for "
        f"row 1 and {_span(second.intervals)} for row 2, such as W = 10 with B = {B[0][0]} and B = "
        f"{B[1][0]} (per-channel quantization). W = 10, B = -1 gives the other tensors "
        f"{'too' if others else 'NOT'}. Min-max would give {_in_rows(min_max_codes('W_ih'))}"
    )


def _decoded():
    def any_pair(x, q, decoded, half, sign="+"):
        return roundtrip(x, q, *_around(decoded, half), LEVELS, sign)

    def nine_prints(x, q, decoded):
        off = as_written.dequantize(np.array(q), Fraction(9), 0) - np.array(decoded)
        codes = as_written.quantize(fractions(x), 9, 0, LEVELS)
        return (abs(off) <= HALF_A_DIGIT).all() and (codes == q).all()

    rows = {"W_ih row 1": _row("W_ih", 0), "W_ih row 2": _row("W_ih", 1), "W_ho": _row("W_ho", 0)}
    for n in ("b_h", "b_o"):
        rows[n] = _flat(n, "x"), _codes(n), [Fraction(v) for v in _flat(n, "x_hat")]
    exact = [name for name, r in rows.items() if any_pair(*r, Fraction(0))]
    nine = [name for name, r in rows.items() if nine_prints(*r)]
    some = [name for name, r in rows.items() if any(any_pair(*r, HALF_A_DIGIT, s) for s in "+-")]
    never = [name for name in rows if name not in some]
    x, hat = (fractions(getattr(TENSORS["W_ih"], form)).astype(float) for form in ("x", "x_hat"))
    step = (x.max() - x.min()) / (LEVELS - 1)
    grid = x.min() + rounding.half_even((x - x.min()) / step) * step
    rms = [float(np.sqrt(np.mean((v - x) ** 2))) for v in (hat, x.mean(), grid)]
    return (
        f"As exact numbers, only {', '.join(exact)} has a (W, B) that gives its codes and its "
        f"decoded values. To one decimal, W = 9, B = 0 gives {', '.join(nine)}, but "
        f"{', '.join(never)} has none with either sign of B. The rms error of the printed W_ih is "
        f"{rms[0]:.4f}. If all ten weights were decoded to their mean, it would be {rms[1]:.4f}, "
        f"and with eight levels and rounding to nearest {rms[2]:.4f}"
    )


def _levels():
    largest = max(code for name in TENSORS for code in _codes(name))
    return (
        "The 8 may mean levels (3 bits) or bits (256 levels). The largest printed code is "
        f"{largest}, which fits both. P = {levels_in(article.LEVELS_TEXT)} is given only in words"
    )


def _set_difference():
    values = [Fraction(v) for name in TENSORS for v in _flat(name, "x")]
    return (
        "theta \\ {x} is a set difference, but as a set the printed theta has "
        f"{len(set(values))} elements, not {len(values)}. It must be a mask, which training keeps"
    )


def _blocks():
    shapes = [np.array(TENSORS[name].x).shape for name in ("W_ih", "W_ho", "b_h", "b_o")]
    fits = 0
    for order in permutations(shapes):
        for turn in product((1, -1), repeat=4):
            (a, b), (c, d) = np.array([s[::t] for s, t in zip(order, turn)]).reshape(2, 2, 2)
            fits += bool(a[0] == b[0] and c[0] == d[0] and a[1] == c[1] and b[1] == d[1])
    p = article.parameters()
    layers = [(w.shape[0], w.shape[1] + 1) for w in (p.W_ih, p.W_ho)]
    (a, b), (c, d) = layers
    return (
        f"The block matrix of theta_q does not fit: {fits} of {24 * 16} orders and transposes of "
        f"the four blocks do. One matrix [W b] per layer fits, {a} x {b} and {c} x {d}"
    )


def _letters():
    letters = [name.split("_")[0] for name in TENSORS]
    return (
        "Letters have two meanings: W is the scaling factor and also the name of "
        f"{letters.count('W')} printed matrices, and B is the offset, while {letters.count('b')} "
        "biases are called b. The article prints numbers only for the matrices and the biases, and "
        "not for the factor and the offset"
    )


def _no_code():
    return (
        "The article promises code in §1, the heading of §4 and the summary, but has "
        f"{article.CODE_LISTINGS} listings, and no activation, forward pass, data or training"
    )


def _one_scale():
    x = fractions(TENSORS["W_ih"].x)
    p = calibration.choose_qparams(x, bits=3, signed=False)
    error = np.abs(affine.fake_quantize(x, p) - x).max()
    return (
        f"Affine quantization gives W_ih at 3 bits the scale {p.scale}, the zero point "
        f"{p.zero_point} and the codes {_in_rows(affine.quantize(x, p))}. No weight moves by more "
        f"than {error} (half a step is {p.scale / 2})"
    )


FINDINGS = (  # number, §, Chinese term, computation
    (1, "4.1", "输入层", _sizes),
    (2, "4.1.1", "缩放因子", _never_computed),
    (3, "4.1.1", "参数量化", _no_pair),
    (4, "4.1.1", "参数量化", _rows),
    (5, "4.1.2", "权重调整", _decoded),
    (10, "4.1.1", "量化级别", _levels),
    (13, "3.2.2", "剪枝", _set_difference),
    (15, "4.1.3", "模型更新", _blocks),
    (21, "4", "", _no_code),
    (22, "4.1.1", "缩放因子", _letters),
    (26, "4.1.1", "量化", _one_scale),
)
