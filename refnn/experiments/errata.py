"""What is wrong with the article: each finding that needs no training, computed, with its § and the Chinese term.

`findings()` recomputes all of them; the numbering is that of the project's list of findings (those that need trained
networks are the tour's and the experiments').
"""

from fractions import Fraction
from inspect import signature
from itertools import permutations, product
from math import ceil
from typing import NamedTuple

import numpy as np

from refnn import article, data, network
from refnn.article import LEVELS, TENSORS, fractions
from refnn.checking.conflict import decimal
from refnn.checking.printed import levels_in
from refnn.checking.roundtrip import roundtrip
from refnn.checking.solver import solve
from refnn.network import Params
from refnn.pruning import as_written as prune_written
from refnn.pruning import masks
from refnn.quantization import affine, as_written, calibration, rounding

STARTS = 200                               # untrained networks where a finding needs networks
DELETED = 50                               # of them, each parameter of which is deleted in turn
TENSORS_DRAWN = 400                        # random tensors for the finding about floating point


class Finding(NamedTuple):
    """number; section of the article; term, Chinese; text: the finding, with its numbers computed."""

    number: int
    section: str
    term: str
    text: str


def findings():
    """All findings, recomputed now.

    >>> findings()[0].text
    'the network printed is 5-2-1 with 15 parameters; the 10-5-1 network announced has 61'
    """
    return [Finding(number, section, term, compute()) for number, section, term, compute in _FINDINGS]


def min_max_codes(name):
    """The codes of a printed tensor with W and B from its own minimum and maximum, or None: one value has no range.

    >>> min_max_codes("W_ih").tolist(), min_max_codes("b_o")
    ([[0, 0, 1, 2, 3], [3, 4, 5, 6, 7]], None)
    """
    x = fractions(TENSORS[name].x)
    if x.min() == x.max():
        return None
    return as_written.quantize(x, *as_written.min_max(x, LEVELS), LEVELS)


def decoded_by_row():
    """What finding 5 says of the decoded W_ih: which row has a (W, B) for its codes and its decoded values.

    >>> decoded_by_row()
    'to one decimal, the first row is printed by W = 9, B = 0, the second by no (W, B) with either sign'
    """
    said = []
    for name, row in (("first row is printed", 0), ("second", 1)):
        x, q, decoded = _row("W_ih", row)
        half = Fraction(1, 20)
        low, high = [d - half for d in decoded], [d + half for d in decoded]
        pair = next((p for sign in "+-" if (p := roundtrip(x, q, low, high, LEVELS, sign))), None)
        said.append(f"the {name} by W = {decimal(pair[0])}, B = {decimal(pair[1])}" if pair else
                    f"the {name} by no (W, B) with either sign")
    return "to one decimal, " + ", ".join(said)


def _row(tensor, row):
    x, q, x_hat = (getattr(TENSORS[tensor], form)[row] for form in TENSORS[tensor]._fields)
    return list(x), [int(c) for c in q], [Fraction(v) for v in x_hat]


def _span(intervals):
    return " and ".join(f"({decimal(a)}, {decimal(b)})" for a, b in intervals)


def _sizes():
    printed, claimed = article.parameters(), article.CLAIMED_SIZES
    n = len(network.init(np.random.default_rng(0), claimed).flatten())
    return (f"the network printed is {'-'.join(map(str, printed.sizes))} with {printed.flatten().size} parameters; "
            f"the {'-'.join(map(str, claimed))} network announced has {n}")


def _never_computed():
    given = [name for name in TENSORS if min_max_codes(name) is not None]
    W, B = as_written.min_max(fractions(TENSORS["W_ih"].x), LEVELS)
    return (f"W and B are announced, and the parameters printed {article.TIMES_PARAMETERS_PRINTED} times instead; "
            f"min-max gives W = {decimal(W)}, B = {decimal(B)} for W_ih, and for {len(TENSORS) - len(given)} tensor "
            "of one value (b_o) nothing")


def _no_pair():
    x, q = [v for row in TENSORS["W_ih"].x for v in row], [int(v) for row in TENSORS["W_ih"].q for v in row]
    s = solve(x, q, LEVELS)
    up = solve(x, [-c % LEVELS for c in q], LEVELS)                     # ceil(y) = -floor(-y)
    others = [P for P in range(max(q) + 1, 65) if solve(x, q, P).feasible]
    columns = [f"0.{k}" for k in range(1, 10, 2)] + ["0.2", "0.4", "0.6", "0.8", "1.0"]
    rest = [name for name in TENSORS if name != "W_ih"]
    all_15 = solve(columns + [v for n in rest for v in _flat(n, "x")],
                   q + [int(v) for n in rest for v in _flat(n, "q")], LEVELS)
    W, B = all_15.witness
    return (f"{'a' if s.feasible else 'no'} (W, B) prints Q(W_ih): {s.proof.reason}. "
            f"{'Some' if others or up.feasible else 'None'} for any other P from 6 to 64 or with ceil. At most "
            f"{len(s.repair.keep)} of 10 codes fit one pair. Laid out column by column, "
            f"W = {decimal(W)}, B = {decimal(B)} prints all 15")


def _flat(name, form):
    return [v for row in getattr(TENSORS[name], form) for v in row]


def _rows():
    first, second = (solve(*_row("W_ih", r)[:2], LEVELS) for r in (0, 1))
    ten = fractions(TENSORS["W_ih"].x)
    B = [[b for b in range(-LEVELS, 1) if (as_written.quantize(ten[r], 10, b, LEVELS) == _row("W_ih", r)[1]).all()]
         for r in (0, 1)]
    others = all((as_written.quantize(fractions(t.x), 10, -1, LEVELS) == fractions(t.q)).all()
                 for name, t in TENSORS.items() if name != "W_ih")
    codes = " / ".join(" ".join(map(str, row)) for row in min_max_codes("W_ih").tolist())
    return (f"row by row it can be printed, W in {_span(first.intervals)} mod {first.period} for the first, "
            f"{_span(second.intervals)} for the second: W = 10 with B = {B[0][0]} and B = {B[1][0]} (per-channel "
            f"quantization). W = 10, B = -1 prints the other tensors {'too' if others else 'NOT'}; "
            f"min-max would print {codes}")


def _decoded():
    def any_pair(x, q, decoded, half, sign="+"):
        return roundtrip(x, q, [d - half for d in decoded], [d + half for d in decoded], LEVELS, sign)
    rows = {"W_ih row 1": _row("W_ih", 0), "W_ih row 2": _row("W_ih", 1), "W_ho": _row("W_ho", 0),
            **{n: (_flat(n, "x"), [int(v) for v in _flat(n, "q")], [Fraction(v) for v in _flat(n, "x_hat")])
               for n in ("b_h", "b_o")}}
    exact = [name for name, r in rows.items() if any_pair(*r, Fraction(0))]
    nine = [name for name, (x, q, d) in rows.items() if all(
        abs(v - p) <= Fraction(1, 20) for v, p in zip(as_written.dequantize(np.array(q), Fraction(9), 0), d))
        and (as_written.quantize(fractions(x), 9, 0, LEVELS) == q).all()]
    never = [name for name, r in rows.items() if not any(any_pair(*r, Fraction(1, 20), sign) for sign in "+-")]
    x, hat = (fractions(getattr(TENSORS["W_ih"], form)).astype(float) for form in ("x", "x_hat"))
    step = (x.max() - x.min()) / (LEVELS - 1)
    grid = x.min() + rounding.half_even((x - x.min()) / step) * step
    rms = [float(np.sqrt(np.mean((v - x) ** 2))) for v in (hat, x.mean(), grid)]
    return (f"as exact numbers only {', '.join(exact)} has a (W, B) for codes and decoded values; to one decimal "
            f"W = 9, B = 0 gives {', '.join(nine)}; {', '.join(never)} has none with either sign. "
            f"Rms error of the printed W_ih {rms[0]:.4f}; if all ten were their mean {rms[1]:.4f}; "
            f"of eight levels to nearest {rms[2]:.4f}")


def _even(n=8128):
    """x spread evenly over [-1, 1] as exact fractions: the centres of n equal cells, a whole number of them a step."""
    return fractions([Fraction(2 * k + 1 - n, n) for k in range(n)])


def _sign():
    x, W, B, P = _even(), 127, 128, 256
    error = (as_written.dequantize(as_written.quantize(x, W, B, P), Fraction(W), B) - x) * W
    return (f"encoding adds B, so decoding must subtract it: with W = {W}, B = {B}, P = {P} on [-1, 1] the printed "
            f"decoder is off by {decimal(sum(error) / len(x))} steps on average (2B - 1/2). With min-max the "
            "shift 2B/W is -2*min whatever P is")


def _floor():
    x, W, B, P = _even(), 127, 128, 256
    e = (as_written.dequantize(as_written.quantize(x, W, B, P), Fraction(W), -B) - x) * W
    r = (affine.fake_quantize(x, affine.QParams(Fraction(1, W), B, 0, P - 1)) - x) * W
    rms = [float(np.sqrt(float(sum(v * v) / len(v)))) for v in (e, r)]
    return (f"floor is biased: mean error {decimal(sum(e) / len(e))} step, rms {rms[0]:.4f} "
            f"(1/sqrt 3 = {3**-.5:.4f}); rounding to nearest: mean {decimal(sum(r) / len(r))}, rms {rms[1]:.4f} "
            f"(1/sqrt 12 = {12**-.5:.4f})")


def _wrap():
    x = Fraction("1.01")
    wrapped = as_written.dequantize(as_written.quantize(x, 127, 128, 256), Fraction(127), -128)
    kept = affine.fake_quantize(x, affine.QParams(Fraction(1, 127), 128, 0, 255))
    return (f"mod P wraps where the field saturates: with W = 127, B = 128, P = 256, 1.01 decodes to "
            f"{float(wrapped):.4f} even with the right sign; saturated, to {float(kept):.4f}")


def _floats():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((TENSORS_DRAWN, 50)).round(2)
    low, high = x.min(axis=1, keepdims=True), x.max(axis=1, keepdims=True)
    lost, under = [], []
    for P in (4, 8, 16, 64, 256):
        lost.append((as_written.quantize(high, *as_written.min_max(x, P, axis=0), P) == P - 2).mean())
        scale = (high - low) / (P - 1)
        under.append((as_written.quantize(low, 1 / scale, -low / scale, P) == P - 1).mean())
    return (f"in floating point min-max misses its own ends: of {TENSORS_DRAWN} random tensors of 50 two-decimal "
            f"weights the maximum gets code P - 2 in {min(lost):.0%} to {max(lost):.0%} (P = 4 to 256); "
            f"with B = -min/scale the minimum wraps to P - 1 in {min(under):.0%} to {max(under):.0%}. "
            "Fractions have no such case")


def _levels():
    largest = max(int(v) for name in TENSORS for v in _flat(name, "q"))
    return (f"8 may be levels (3 bits) or bits (256 levels); the largest printed code is {largest}, which fits both; "
            f"P = {levels_in(article.LEVELS_TEXT)} stands only in prose")


def _untrained():
    s = data.split(data.load("diabetes"), 0)
    thetas = np.stack([network.init(np.random.default_rng(seed)).flatten() for seed in range(STARTS)])
    return Params.unflatten(thetas, (10, 5, 1)), s.X_train, s.y_train


def _signed():
    params, X, y = _untrained()
    R = prune_written.importance(params, X, y)
    _, mask = prune_written.prune(params, R, article.fractions(article.TAU)[()])
    r, gone = R.flatten(), ~mask.flatten()
    steepest = np.take_along_axis(gone, np.abs(r).argmax(axis=1)[:, None], 1).mean()
    return (f"R is signed: on {STARTS} untrained networks (diabetes) R < 0.5 removes "
            f"{np.median(gone.sum(1)):.0f} of 61 in the median, every one of the {np.median((r < 0).sum(1)):.0f} "
            f"with a negative slope; the steepest of all is removed in {steepest:.0%} of them")


def _at_minimum():
    X, y = article.data()
    params = Params(*(a.astype(float) for a in article.parameters().arrays()))
    R = prune_written.importance(params, X, y)
    left = masks.count(prune_written.prune(params, R, article.fractions(article.TAU)[()])[1])
    return (f"at a minimum R is 0: for the printed network on its own outputs max |R| = {abs(R.flatten()).max():g}, "
            f"and R < 0.5 leaves {left} of {R.flatten().size} parameters")


def _set_difference():
    values = [v for name in TENSORS for v in _flat(name, "x")]
    return (f"theta \\ {{x}} is a set difference: as a set the printed theta has {len(set(map(Fraction, values)))} "
            f"elements, not {len(values)}; it has to become a mask, and the mask has to be held in training")


def _sum_or_mean():
    params, X, y = _untrained()
    R = prune_written.importance(params, X, y).flatten()
    left = [np.median((R / n >= 0.5).sum(1)) for n in (1, len(y))]
    unit = data.load("diabetes").y.std()
    grams = np.median((R * unit**2 >= 0.5).sum(1))
    return (f"J is of one example: summed over {len(y)} rows R < 0.5 leaves {left[0]:.0f} of 61 (untrained, median of "
            f"{STARTS}), averaged {left[1]:.0f}; and R has units: with y and its prediction in the original unit "
            f"({unit:.0f} times larger) {grams:.0f}")


def _blocks():
    shapes = [np.array(TENSORS[name].x).shape for name in ("W_ih", "W_ho", "b_h", "b_o")]
    fits = 0
    for order in permutations(shapes):
        for turn in product((1, -1), repeat=4):
            (a, b), (c, d) = np.array([s[::t] for s, t in zip(order, turn)]).reshape(2, 2, 2)
            fits += bool(a[0] == b[0] and c[0] == d[0] and a[1] == c[1] and b[1] == d[1])
    p = article.parameters()
    layers = [(w.shape[0], w.shape[1] + 1) for w in (p.W_ih, p.W_ho)]
    return (f"theta_q's block matrix does not fit: {fits} of {24 * 16} orders and transposes of the four blocks do; "
            f"one matrix [W b] per layer does, {layers[0][0]} x {layers[0][1]} and {layers[1][0]} x {layers[1][1]}")


def _floats_again():
    n = 61
    return (f"theta_q = x^ is floats again, {n * 4} bytes as before; stored as codes {n} parameters are "
            f"{ceil(n * 3 / 8)} bytes at 3 bits, plus {4 * 2 * 4} for the (W, B) of four tensors")


def _order():
    needs = [name for name in signature(as_written.quantize).parameters if name in "WB"]
    takes = list(signature(as_written.dequantize).parameters)
    return (f"the steps are in the wrong order: quantizing needs {' and '.join(needs)}, which only the second step "
            f"would give; the formula under that name takes {', '.join(takes)} "
            "and neither a distribution nor a precision")


def _flipped():
    params, X, y = _untrained()
    flipped = Params(-params.W_ih, -params.b_h, -params.W_ho, params.b_o)
    tau = article.fractions(article.TAU)[()]
    same = np.abs(network.forward(params, X).y_hat - network.forward(flipped, X).y_hat).max()
    first, second = (prune_written.prune(p, prune_written.importance(p, X, y), tau)[1].flatten()
                     for p in (params, flipped))
    by_size = [masks.by_sparsity(Params(*(np.abs(a) for a in p.arrays())), 0.5).flatten() for p in (params, flipped)]
    return (f"flipping the signs into and out of every tanh neuron changes no output ({same:g}), but R < 0.5 "
            f"decides otherwise on {np.median((first != second).sum(1)):.0f} of 61 (median of {STARTS}); "
            f"|w| on {(by_size[0] != by_size[1]).sum()}")


def _letters():
    letters = [name.split("_")[0] for name in TENSORS]
    return (f"letters collide: W is the scaling factor and the matrix of {letters.count('W')} printed tensors, "
            f"B the offset beside {letters.count('b')} biases b; the first are announced and the second printed")


def _no_code():
    return (f"code is promised in §1, in the heading of §4 and in the summary; there are {article.CODE_LISTINGS} "
            "listings, and no activation, forward pass, data or training either")


def _deletion():
    params, X, y = _untrained()
    J = network.loss(network.forward(params, X).y_hat, y)
    ranks = []
    for theta, R, before in zip(params.flatten()[:DELETED], network.backward(params, X, y).flatten(), J):
        # (61, …): the network without each parameter in turn
        without = Params.unflatten(np.where(np.eye(theta.size, dtype=bool), 0, theta), params.sizes)
        cost = network.loss(network.forward(without, X).y_hat, y) - before
        ranks.append([_spearman(score, cost) for score in (R, -R * theta)])
    by_R, by_first_order = np.median(ranks, axis=0)
    return ("importance is said to be judged by performance, which is deletion; the formula is the slope. "
            f"Rank correlation with what deletion costs ({DELETED} untrained networks, median): "
            f"R {round(by_R, 2) + 0.0:.2f}, -w*R {by_first_order:.2f}")


def _spearman(a, b):
    return np.corrcoef(*(np.argsort(np.argsort(v)) for v in (a, b)))[0, 1]


def _one_scale():
    x = fractions(TENSORS["W_ih"].x)
    p = calibration.choose_qparams(x, bits=3, signed=False)
    codes = " / ".join(" ".join(map(str, row)) for row in affine.quantize(x, p).tolist())
    error = np.abs(affine.fake_quantize(x, p) - x).max()
    return (f"what the field prints for W_ih at 3 bits: scale {p.scale}, zero point {p.zero_point}, codes {codes}; "
            f"no weight moves by more than {error} (half a step is {p.scale / 2})")


_FINDINGS = (
    (1, "4.1", "输入层", _sizes),
    (2, "4.1.1", "缩放因子", _never_computed),
    (3, "4.1.1", "参数量化", _no_pair),
    (4, "4.1.1", "参数量化", _rows),
    (5, "4.1.2", "权重调整", _decoded),
    (6, "3.1.2", "偏移量", _sign),
    (7, "3.1.1", "参数量化", _floor),
    (8, "3.1.1", "参数量化", _wrap),
    (9, "3.1.1", "参数量化", _floats),
    (10, "4.1.1", "量化级别", _levels),
    (11, "3.2.1", "参数重要性", _signed),
    (12, "4.2.2", "剪枝阈值", _at_minimum),
    (13, "3.2.2", "剪枝", _set_difference),
    (14, "4.2.1", "损失函数", _sum_or_mean),
    (15, "4.1.3", "模型更新", _blocks),
    (16, "3.1.3", "模型更新", _floats_again),
    (17, "2.1", "权重调整", _order),
    (20, "3.2.2", "剪枝", _flipped),
    (21, "4", "", _no_code),
    (22, "4.1.1", "缩放因子", _letters),
    (23, "2.2", "参数重要性评估", _deletion),
    (26, "4.1.1", "量化", _one_scale),
)
