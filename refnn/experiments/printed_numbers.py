"""What is wrong with the numbers that §4.1 of the article prints: each finding computed. Collected
in `errata`."""

from fractions import Fraction
from itertools import permutations, product

import numpy as np

from refnn import article, network
from refnn.article import LEVELS, TENSORS, fractions
from refnn.checking.plane.circle import feasible_W
from refnn.checking.plane.conflict import decimal
from refnn.checking.reading.printed import levels_in
from refnn.checking.roundtrip import roundtrip
from refnn.checking.solver import solve
from refnn.quantization import affine, as_written, calibration, rounding


def min_max_codes(name):
    """The codes of a printed tensor with W and B from its own minimum and maximum, or None: one
    value has no range.

    >>> min_max_codes("W_ih").tolist(), min_max_codes("b_o")
    ([[0, 0, 1, 2, 3], [3, 4, 5, 6, 7]], None)
    """
    x = fractions(TENSORS[name].x)
    if x.min() == x.max():
        return None
    return as_written.quantize(x, *as_written.min_max(x, LEVELS), LEVELS)


def decoded_by_row():
    """What finding 5 says of the decoded W_ih: which row has a (W, B) for its codes and its decoded
    values.

    >>> decoded_by_row()
    'to one decimal, the first row is printed by W = 9, B = 0, the second by no (W, B) with either sign'
    """
    said = []
    for name, row in (("first row is printed", 0), ("second", 1)):
        x, q, decoded = _row("W_ih", row)
        half = Fraction(1, 20)
        low, high = [d - half for d in decoded], [d + half for d in decoded]
        pair = next((p for sign in "+-" if (p := roundtrip(x, q, low, high, LEVELS, sign))), None)
        said.append(
            f"the {name} by W = {decimal(pair[0])}, B = {decimal(pair[1])}"
            if pair
            else f"the {name} by no (W, B) with either sign"
        )
    return "to one decimal, " + ", ".join(said)


def _row(tensor, row):
    x, q, x_hat = (getattr(TENSORS[tensor], form)[row] for form in TENSORS[tensor]._fields)
    return list(x), [int(c) for c in q], [Fraction(v) for v in x_hat]


def _span(intervals):
    return " and ".join(f"({decimal(a)}, {decimal(b)})" for a, b in intervals)


def _sizes():
    printed, claimed = article.parameters(), article.CLAIMED_SIZES
    n = len(network.init(np.random.default_rng(0), claimed).flatten())
    return (
        f"the network printed is {'-'.join(map(str, printed.sizes))} with {printed.flatten().size} parameters; "
        f"the {'-'.join(map(str, claimed))} network announced has {n}"
    )


def _never_computed():
    given = [name for name in TENSORS if min_max_codes(name) is not None]
    W, B = as_written.min_max(fractions(TENSORS["W_ih"].x), LEVELS)
    return (
        f"W and B are announced, and the parameters printed {article.TIMES_PARAMETERS_PRINTED} times instead; "
        f"min-max gives W = {decimal(W)}, B = {decimal(B)} for W_ih, and for {len(TENSORS) - len(given)} tensor "
        "of one value (b_o) nothing"
    )


def _no_pair():
    x, q = (
        [v for row in TENSORS["W_ih"].x for v in row],
        [int(v) for row in TENSORS["W_ih"].q for v in row],
    )
    s = solve(x, q, LEVELS)
    up = solve(x, [-c % LEVELS for c in q], LEVELS)  # ceil(y) = -floor(-y)
    others = [P for P in range(max(q) + 1, 65) if feasible_W([Fraction(v) for v in x], q, P)]
    columns = [f"0.{k}" for k in range(1, 10, 2)] + ["0.2", "0.4", "0.6", "0.8", "1.0"]
    rest = [name for name in TENSORS if name != "W_ih"]
    all_15 = solve(
        columns + [v for n in rest for v in _flat(n, "x")],
        q + [int(v) for n in rest for v in _flat(n, "q")],
        LEVELS,
    )
    W, B = all_15.witness
    return (
        f"{'a' if s.feasible else 'no'} (W, B) prints Q(W_ih): {s.proof.reason}. "
        f"{'Some' if others or up.feasible else 'None'} for any other P from 6 to 64 or with ceil. At most "
        f"{len(s.repair.keep)} of 10 codes fit one pair. Laid out column by column, "
        f"W = {decimal(W)}, B = {decimal(B)} prints all 15"
    )


def _flat(name, form):
    return [v for row in getattr(TENSORS[name], form) for v in row]


def _rows():
    first, second = (solve(*_row("W_ih", r)[:2], LEVELS) for r in (0, 1))
    ten = fractions(TENSORS["W_ih"].x)
    B = [
        [
            b
            for b in range(-LEVELS, 1)
            if (as_written.quantize(ten[r], 10, b, LEVELS) == _row("W_ih", r)[1]).all()
        ]
        for r in (0, 1)
    ]
    others = all(
        (as_written.quantize(fractions(t.x), 10, -1, LEVELS) == fractions(t.q)).all()
        for name, t in TENSORS.items()
        if name != "W_ih"
    )
    codes = " / ".join(" ".join(map(str, row)) for row in min_max_codes("W_ih").tolist())
    return (
        f"row by row it can be printed, W in {_span(first.intervals)} mod {first.period} for the first, "
        f"{_span(second.intervals)} for the second: W = 10 with B = {B[0][0]} and B = {B[1][0]} (per-channel "
        f"quantization). W = 10, B = -1 prints the other tensors {'too' if others else 'NOT'}; "
        f"min-max would print {codes}"
    )


def _decoded():
    def any_pair(x, q, decoded, half, sign="+"):
        return roundtrip(
            x, q, [d - half for d in decoded], [d + half for d in decoded], LEVELS, sign
        )

    rows = {
        "W_ih row 1": _row("W_ih", 0),
        "W_ih row 2": _row("W_ih", 1),
        "W_ho": _row("W_ho", 0),
        **{
            n: (
                _flat(n, "x"),
                [int(v) for v in _flat(n, "q")],
                [Fraction(v) for v in _flat(n, "x_hat")],
            )
            for n in ("b_h", "b_o")
        },
    }
    exact = [name for name, r in rows.items() if any_pair(*r, Fraction(0))]
    nine = [
        name
        for name, (x, q, d) in rows.items()
        if all(
            abs(v - p) <= Fraction(1, 20)
            for v, p in zip(as_written.dequantize(np.array(q), Fraction(9), 0), d)
        )
        and (as_written.quantize(fractions(x), 9, 0, LEVELS) == q).all()
    ]
    never = [
        name
        for name, r in rows.items()
        if not any(any_pair(*r, Fraction(1, 20), sign) for sign in "+-")
    ]
    x, hat = (fractions(getattr(TENSORS["W_ih"], form)).astype(float) for form in ("x", "x_hat"))
    step = (x.max() - x.min()) / (LEVELS - 1)
    grid = x.min() + rounding.half_even((x - x.min()) / step) * step
    rms = [float(np.sqrt(np.mean((v - x) ** 2))) for v in (hat, x.mean(), grid)]
    return (
        f"as exact numbers only {', '.join(exact)} has a (W, B) for codes and decoded values; to one decimal "
        f"W = 9, B = 0 gives {', '.join(nine)}; {', '.join(never)} has none with either sign. "
        f"Rms error of the printed W_ih {rms[0]:.4f}; if all ten were their mean {rms[1]:.4f}; "
        f"of eight levels to nearest {rms[2]:.4f}"
    )


def _levels():
    largest = max(int(v) for name in TENSORS for v in _flat(name, "q"))
    return (
        f"8 may be levels (3 bits) or bits (256 levels); the largest printed code is {largest}, which fits both; "
        f"P = {levels_in(article.LEVELS_TEXT)} stands only in prose"
    )


def _set_difference():
    values = [v for name in TENSORS for v in _flat(name, "x")]
    return (
        f"theta \\ {{x}} is a set difference: as a set the printed theta has {len(set(map(Fraction, values)))} "
        f"elements, not {len(values)}; it has to become a mask, and the mask has to be held in training"
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
    return (
        f"theta_q's block matrix does not fit: {fits} of {24 * 16} orders and transposes of the four blocks do; "
        f"one matrix [W b] per layer does, {layers[0][0]} x {layers[0][1]} and {layers[1][0]} x {layers[1][1]}"
    )


def _letters():
    letters = [name.split("_")[0] for name in TENSORS]
    return (
        f"letters collide: W is the scaling factor and the matrix of {letters.count('W')} printed tensors, "
        f"B the offset beside {letters.count('b')} biases b; the first are announced and the second printed"
    )


def _no_code():
    return (
        f"code is promised in §1, in the heading of §4 and in the summary; there are {article.CODE_LISTINGS} "
        "listings, and no activation, forward pass, data or training either"
    )


def _one_scale():
    x = fractions(TENSORS["W_ih"].x)
    p = calibration.choose_qparams(x, bits=3, signed=False)
    codes = " / ".join(" ".join(map(str, row)) for row in affine.quantize(x, p).tolist())
    error = np.abs(affine.fake_quantize(x, p) - x).max()
    return (
        f"what the field prints for W_ih at 3 bits: scale {p.scale}, zero point {p.zero_point}, codes {codes}; "
        f"no weight moves by more than {error} (half a step is {p.scale / 2})"
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
