"""One tensor through every published convention; and the exact translation between (W, B, P) and
(scale, zero_point).

All say "8 bits, affine" and differ in the range, in the divisor, in where they round, in which way
and in the sign of the offset. Here each is told in the same two words, whatever it calls them
itself:

    scale        real units per code, so 1/W where the convention has codes per unit
    zero_point   the code that its own decoder takes to 0.0 (of the article as written −B, which need not be whole)

b bits; L = 2^b levels; low, high: the ends of the data, low₀ ≤ 0 ≤ high₀ the same with 0 in the
range; m = max|x|."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.quantization import as_written, calibration, rounding
from refnn.quantization.affine import QParams


@dataclass(frozen=True)
class Convention:
    """A published way to quantize: name, rule in a line, source, and encode(x, bits) -> Grid.

    >>> CONVENTIONS[0].name
    'article, as written'
    """

    name: str
    rule: str
    source: str
    encode: Callable


class Grid(NamedTuple):
    """What a convention makes of a tensor: scale, zero_point, codes and decoded (of x's shape).
    >>> Grid._fields
    ('scale', 'zero_point', 'codes', 'decoded')"""

    scale: object
    zero_point: object
    codes: np.ndarray
    decoded: np.ndarray


class Row(NamedTuple):
    """A line of the table: convention, its Grid (None where the rule divides by 0), errors (x̂ −
    x)/scale in steps.
    >>> Row._fields
    ('convention', 'grid', 'errors')"""

    convention: Convention
    grid: Grid | None
    errors: np.ndarray | None


CONVENTIONS = []


def _convention(name, rule, source):
    def register(encode):
        CONVENTIONS.append(Convention(name, rule, source, encode))
        return encode

    return register


def compare(x, bits=8):
    """x through all CONVENTIONS: a list of Row. Exact on Fractions; bits 2 to 16. ValueError where
    one has no finite normal scale for the range of x.

    >>> for row in compare([Fraction(-1), Fraction(2)])[2:4]:
    ...     print(row.convention.name, row.grid.scale, row.grid.zero_point, row.grid.codes)
    ONNX, uint8 1/85 85 [  0 255]
    ONNX, int8 1/85 -43 [-128  127]
    """
    bits = arrays.whole("compare", "bits", bits, 2, 16)
    x = arrays.numbers("compare", "x", x)
    if x.size == 0:
        arrays.refuse("compare", "x", "at least one number", "an empty array")
    rows = []
    for convention in CONVENTIONS:
        try:
            with np.errstate(all="ignore"):
                grid = convention.encode(x, bits)
        except ValueError:  # bits are right, so it is x
            arrays.refuse(
                "compare",
                "x",
                f"of a range for which {convention.name!r} has a scale that is finite and normal",
                arrays.describe(x),
            )
        if grid is None:
            rows.append(Row(convention, None, None))
            continue
        arrays.normal_scale("compare", x, grid.scale)
        grid = Grid(
            grid.scale, grid.zero_point, *(np.asarray(a) for a in (grid.codes, grid.decoded))
        )
        with np.errstate(all="ignore"):
            rows.append(Row(convention, grid, np.asarray((grid.decoded - x) / grid.scale)))
    return rows


def to_affine(W, B, P):
    """The QParams that gives the codes of ⌊x·W + B⌋ mod P: scale 1/W, zero_point B − ½, codes 0..P
    − 1.

    ⌊x·W + B⌋ = ⌊x/scale + zero_point + ½⌋ rounds to the nearest only if B is a whole number and a
    half; then both give the same codes for every x whose x·W + B lies in [0, P) and is not whole (a
    tie, where ⌊ ⌋ rounds up). W > 0. The printed decoder (Q + B)/W agrees with none of them: it
    would need B = −zero_point.

    >>> to_affine(W=10, B=Fraction(7, 2), P=8)
    QParams(scale=Fraction(1, 10), zero_point=3, qmin=0, qmax=7, axis=None, block=None)
    """
    P = arrays.whole("to_affine", "P", P, 2, 2**52)
    W, B = (
        arrays.numbers("to_affine", name, a, ndim=0)[()]
        for name, a in zip("WB", arrays.together("to_affine", {"W": W, "B": B}))
    )  # both exact if one is
    with np.errstate(all="ignore"):
        scale = 1 / W if W > 0 else None
    if scale is None or not (isinstance(W, Fraction) or np.finfo(W.dtype).tiny <= scale < np.inf):
        arrays.refuse("to_affine", "W", "positive and of a finite normal reciprocal", f"{W}")
    zero_point = B - Fraction(1, 2) if isinstance(B, Fraction) else B - 0.5
    if zero_point % 1 or not 0 <= zero_point < P:
        arrays.refuse(
            "to_affine",
            "B",
            f"a whole number from 0 to {P - 1} and a half: with any other B the floor does "
            "not round to the nearest code",
            f"{B}",
        )
    return QParams(scale, int(zero_point), 0, P - 1)


def to_article(qparams):
    """(W, B, P) whose ⌊x·W + B⌋ mod P is quantize(x, qparams) − qmin: W = 1/scale, B = zero_point −
    qmin + ½.

    Where it holds: as `to_affine` says. One grid per tensor only.

    >>> to_article(QParams(Fraction(1, 10), 3, 0, 7))
    (Fraction(10, 1), Fraction(7, 2), 8)
    """
    arrays.grid("to_article", qparams)
    scale = arrays.number("to_article", "scale", qparams.scale)
    zero_point = arrays.whole("to_article", "zero_point", qparams.zero_point)
    W, half = (1 / scale, Fraction(1, 2)) if isinstance(scale, Fraction) else (1 / scale, 0.5)
    return W, zero_point - qparams.qmin + half, qparams.qmax - qparams.qmin + 1


# --- the conventions
# -------------------------------------------------------------------------------------------------


def _symmetric_codes(bits):
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def _ends(x):
    return min(x.min(), 0), max(x.max(), 0)


def _largest(x):
    return np.abs(x).max()


def _one(x):
    return Fraction(1) if x.dtype == arrays.EXACT else x.dtype.type(1)


def _or_one(scale, x):
    return scale if scale else _one(x)


def _divide(x, scale):
    """x/scale; what overflows stays at the largest float."""
    with np.errstate(over="ignore", under="ignore"):
        return arrays.saturate(np.asarray(x / scale))


def _times_inverse(x, scale):
    """x·(1/scale), PyTorch's way: in floats its last bit can differ from x/scale."""
    with np.errstate(over="ignore", under="ignore"):
        return arrays.saturate(np.asarray(x * (1 / scale)))


def _decode(steps, scale):
    with np.errstate(over="ignore", under="ignore"):
        return arrays.saturate(np.asarray(steps * scale))


def _round_then_add(x, scale, zero_point, qmin, qmax, rule=rounding.half_even, divide=_divide):
    """clip(round(x/scale) + zero_point), decoded (q − zero_point)·scale."""
    q = np.clip(rule(divide(x, scale)) + zero_point, qmin, qmax)
    return Grid(scale, zero_point, q.astype(np.int64), _decode(q - zero_point, scale))


def _add_then_round(x, scale, zero_point, qmin, qmax, rule):
    """clip(round(x/scale + zero_point)), decoded (q − zero_point)·scale."""
    q = np.clip(rule(_divide(x, scale) + zero_point), qmin, qmax)
    return Grid(scale, zero_point, q.astype(np.int64), _decode(q - zero_point, scale))


def _nearest(value, qmin, qmax, rule=rounding.half_even):
    return int(np.clip(rule(value), qmin, qmax))


def _article(x, bits, sign):
    if x.min() == x.max():
        return None
    W, B = as_written.min_max(x, 2**bits)
    q = as_written.quantize(x, W, B, 2**bits)
    return Grid(1 / W, -sign * B, q, as_written.dequantize(q, W, sign * B))


@_convention(
    "article, as written", "W = (L−1)/(high−low), B = −low·W; ⌊x·W + B⌋ mod L; (Q + B)/W", "§3.1"
)
def _as_written(x, bits):
    return _article(x, bits, 1)


@_convention("article, sign mended", "the same, decoded (Q − B)/W", "§3.1 with − for +")
def _sign_mended(x, bits):
    return _article(x, bits, -1)


def _onnx(x, bits, signed):
    p = calibration.choose_qparams(x, bits, signed=signed)
    return _round_then_add(x, p.scale, p.zero_point, p.qmin, p.qmax)


@_convention(
    "ONNX, uint8",
    "(high₀−low₀)/(L−1); half-even of −low₀/scale; half-even of x/scale, + zero point",
    "ONNX DynamicQuantizeLinear and QuantizeLinear",
)
def _onnx_unsigned(x, bits):
    return _onnx(x, bits, False)


@_convention("ONNX, int8", "the same with codes −L/2..L/2 − 1", "ONNX QuantizeLinear")
def _onnx_signed(x, bits):
    return _onnx(x, bits, True)


@_convention(
    "gemmlowp",
    "the same range; half away of x/scale + zero point: added before rounding",
    "google/gemmlowp doc/quantization_example.cc",
)
def _gemmlowp(x, bits):
    low, high = _ends(x)
    scale, qmax = _or_one((high - low) / (2**bits - 1), x), 2**bits - 1
    return _add_then_round(
        x,
        scale,
        _nearest(0 - low / scale, 0, qmax, rounding.half_away),
        0,
        qmax,
        rounding.half_away,
    )


@_convention(
    "TFLite weights, int8",
    "m/(L/2 − 1), codes −(L/2 − 1)..L/2 − 1; half away",
    "TensorFlow Lite 8-bit quantization specification",
)
def _tflite(x, bits):
    qmax = 2 ** (bits - 1) - 1
    return _round_then_add(x, _or_one(_largest(x) / qmax, x), 0, -qmax, qmax, rounding.half_away)


@_convention(
    "PyTorch affine, quint8",
    "ONNX's range and rounding, of x·(1/scale): only floats can tell",
    "torch.ao.quantization.MinMaxObserver",
)
def _torch_affine(x, bits):
    low, high = _ends(x)
    scale, qmax = _or_one((high - low) / (2**bits - 1), x), 2**bits - 1
    return _round_then_add(
        x, scale, _nearest(0 - low / scale, 0, qmax), 0, qmax, divide=_times_inverse
    )


@_convention(
    "PyTorch symmetric, qint8",
    "m/((L−1)/2): 127.5 steps to each side",
    "torch.ao.quantization.MinMaxObserver",
)
def _torch_symmetric(x, bits):
    scale = _or_one(_largest(x) / ((2**bits - 1) * _one(x) / 2), x)
    return _round_then_add(x, scale, 0, *_symmetric_codes(bits), divide=_times_inverse)


def _distiller(x, W, zero, qmin, qmax):
    """encode clip(round(x·W − zero)), decode (q + zero)/W."""
    with np.errstate(over="ignore"):
        scaled = arrays.saturate(np.asarray(x * W))
    q = np.clip(rounding.half_even(scaled - zero), qmin, qmax)
    return Grid(1 / W, -zero, q.astype(np.int64), _decode(q + zero, 1 / W))


@_convention(
    "Distiller asymmetric, uint8",
    "W = (L−1)/(high₀−low₀), z = half-even(low₀·W); round(x·W − z), (q + z)/W",
    "IntelLabs/distiller distiller/quantization/q_utils.py",
)
def _distiller_asymmetric(x, bits):
    low, high = _ends(x)
    W = (2**bits - 1) / (high - low) if high > low else _one(x)
    return _distiller(x, W, int(rounding.half_even(low * W)), 0, 2**bits - 1)


@_convention(
    "Distiller symmetric, full",
    "W = (L−1)/2/m, codes −L/2..L/2 − 1",
    "IntelLabs/distiller distiller/quantization/q_utils.py",
)
def _distiller_symmetric(x, bits):
    m = _largest(x)
    return _distiller(
        x, (2**bits - 1) * _one(x) / 2 / m if m else _one(x), 0, *_symmetric_codes(bits)
    )


def _without_zero(x, bits):
    """Scale and zero point of the data's own ends, 0 in the range or not."""
    qmin, qmax = _symmetric_codes(bits)
    low, high = x.min(), x.max()
    if low == high:
        return None
    scale = (high - low) / (qmax - qmin)
    return scale, _nearest(qmin - _divide(low, scale), qmin, qmax), qmin, qmax


@_convention(
    "MIT lab, int8",
    "(high−low)/(L−1): 0 need not be in the range; half-even of x/scale, + zero point",
    "MIT 6.5940, lab 2",
)
def _mit(x, bits):
    chosen = _without_zero(x, bits)
    return None if chosen is None else _round_then_add(x, *chosen)


@_convention(
    "DeepLearning.AI, int8",
    "the same; half-even of x/scale + zero point: added before rounding",
    "DeepLearning.AI, Quantization in Depth",
)
def _deeplearning_ai(x, bits):
    chosen = _without_zero(x, bits)
    return None if chosen is None else _add_then_round(x, *chosen, rounding.half_even)


@_convention(
    "symmetric by 2^(b−1) − 1",
    "m/(L/2 − 1), zero point 0, half-even; refnn's symmetric=True",
    "restricted range: Distiller, NVIDIA TensorRT",
)
def _restricted(x, bits):
    p = calibration.choose_qparams(x, bits, symmetric=True)
    return _round_then_add(x, p.scale, p.zero_point, p.qmin, p.qmax)


@_convention(
    "symmetric by 2^(b−1)",
    "m/(L/2): the largest positive value saturates at L/2 − 1",
    "full range: common in tutorials",
)
def _full(x, bits):
    return _round_then_add(x, _or_one(_largest(x) / 2 ** (bits - 1), x), 0, *_symmetric_codes(bits))


@_convention(
    "power of two", "2^⌈log₂(m/(L/2 − 1))⌉: a shift decodes", "fixed point, ARM's Q format"
)
def _power_of_two(x, bits):
    largest = _largest(x)
    m = (largest if isinstance(largest, Fraction) else Fraction(float(largest))) / (
        2 ** (bits - 1) - 1
    )
    k = m.numerator.bit_length() - m.denominator.bit_length() if m else 0  # 2^(k−1) < m < 2^(k+1)
    k += m > Fraction(2) ** k
    scale = Fraction(2) ** k if x.dtype == arrays.EXACT else x.dtype.type(np.ldexp(1.0, k))
    return _round_then_add(x, scale, 0, *_symmetric_codes(bits))


CONVENTIONS = tuple(CONVENTIONS)
