"""This module quantizes one tensor by every published convention.

It also translates exactly between the article's (W, B, P) and the field's (scale, zero_point).

All these conventions are called "8 bits, affine". But they differ in the range, in the divisor, in
the place and the direction of rounding, and in the sign of the offset. Here all are described by
the same two numbers, whatever names they use themselves:

    scale        real units per code (1/W if the convention has W codes per unit)
    zero_point   the code that the convention's own decoder maps to 0.0 (for the article as written
                 this is −B, which may not be a whole number)

The rules below use these letters, and the names of the functions in `rounding`:

    b            the number of bits
    L            2^b, the number of levels
    low, high    the smallest and the largest value of the data
    low₀, high₀  min(low, 0) and max(high, 0), the ends of the range extended to contain 0
    m            max|x|
    z            the zero point with the sign that the convention itself uses
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.arrays import Refused, describe
from refnn.quantization import affine
from refnn.quantization import conventions_rules as rules
from refnn.quantization.affine import QParams
from refnn.quantization.calibration import DATA, normal_scale
from refnn.quantization.conventions_rules import Grid
from refnn.validation import Numeric, takes, whole


@dataclass(frozen=True)
class Convention:
    """A published way to quantize."""

    name: str
    rule: str  # the formulas, in one line
    source: str
    limits: Callable  # (bits) -> (the smallest code that it can print, the largest one)
    symmetric: bool  # the zero point is fixed by the rule: 0, or the middle of unsigned codes
    encode: Callable  # (x, bits) -> Grid, or None if the rule divides by 0
    code: Callable  # (x, scale, zero_point, qmin, qmax) -> codes, once the grid is known
    own: Callable | None = None  # (scale, zero_point) -> the two as its code has them, and back

    @property
    def signed(self):
        """Return True if some of its codes are negative."""
        return self.limits(8)[0] < 0


class Row(NamedTuple):
    """One convention of the table, with its result and its errors."""

    convention: Convention
    grid: Grid | None  # None if the rule divides by 0
    errors: np.ndarray | None  # (x̂ − x)/scale, in steps; None if grid is None


# --- what the functions take ----------------------------------------------------------------------


def _codes_per_unit(name, W, arguments):
    W = arrays.numbers(name, W, ndim=0)[()]
    if not (W > 0 and (isinstance(W, Fraction) or np.finfo(W.dtype).tiny <= 1 / W < np.inf)):
        raise Refused(name, "positive, and 1/W a finite normal number", f"{W}")
    return W


def _whole_and_a_half(name, B, arguments):
    B, P = arrays.numbers(name, B, ndim=0)[()], arguments["P"]
    zero_point = B - _half(B)
    if zero_point % 1 or not 0 <= zero_point < P:
        other = "only then does the floor round to the nearest code"
        raise Refused(name, f"k + ½ with a whole number k from 0 to {P - 1} ({other})", f"{B}")
    return B


def _one_grid(name, p, arguments):
    """Accept a QParams with a single scale."""
    scale = arrays.number("scale", affine.checked(p, name).scale)
    return replace(p, scale=scale, zero_point=arrays.whole("zero_point", p.zero_point))


# --- the table and the translation ----------------------------------------------------------------


@takes(bits=whole(2, 16), x=DATA)
def compare(x, bits=8):
    """Quantize x by all CONVENTIONS and return a list of Row.

    Fractions are computed exactly. bits is from 2 to 16. ValueError if a convention has no finite
    normal scale for the range of x.

    >>> for row in compare([Fraction(-1), Fraction(2)])[2:4]:
    ...     print(row.convention.name, row.grid.scale, row.grid.zero_point, row.grid.codes)
    ONNX, uint8 1/85 85 [  0 255]
    ONNX, int8 1/85 -43 [-128  127]
    """
    return [_row(convention, x, bits) for convention in CONVENTIONS]


def _row(convention, x, bits):
    try:
        grid = convention.encode(x, bits)
    except ValueError:  # bits were checked, so x is the cause
        finite = f"for which {convention.name!r} has a scale that is finite and normal"
        raise Refused("x", f"of a range {finite}", describe(x)) from None
    if grid is None:
        return Row(convention, None, None)
    normal_scale(x, grid.scale)
    grid = grid._replace(codes=np.asarray(grid.codes), decoded=np.asarray(grid.decoded))
    return Row(convention, grid, np.asarray((grid.decoded - x) / grid.scale))


@takes(P=whole(2, 2**52), W=Numeric("pair", _codes_per_unit), B=Numeric("pair", _whole_and_a_half))
def to_affine(W, B, P):
    """Return the QParams that gives the same codes as ⌊x·W + B⌋ mod P.

    Its scale is 1/W, its zero_point is B − ½, and its codes are 0..P − 1.

    ⌊x·W + B⌋ is ⌊x/scale + zero_point + ½⌋, which rounds to the nearest code only if B is a whole
    number and a half. Then both give the same code for every x whose x·W + B lies in [0, P) and is
    not a whole number. Where it is a whole number, x/scale is a tie, and the floor rounds it up. W
    must be positive. The article's decoder (Q + B)/W never agrees with this QParams, because it
    would need B = −zero_point.

    >>> to_affine(W=10, B=Fraction(7, 2), P=8)
    QParams(scale=Fraction(1, 10), zero_point=3, qmin=0, qmax=7, axis=None, block=None)
    """
    return QParams(1 / W, int(B - _half(B)), 0, P - 1)


@takes(qparams=_one_grid)
def to_article(qparams):
    """Return (W, B, P) with which ⌊x·W + B⌋ mod P = quantize(x, qparams) − qmin.

    W = 1/scale, B = zero_point − qmin + ½ and P = qmax − qmin + 1. The equation holds for the same
    x as in `to_affine`. The QParams must have a single scale.

    >>> to_article(QParams(Fraction(1, 10), 3, 0, 7))
    (Fraction(10, 1), Fraction(7, 2), 8)
    """
    p = qparams
    return 1 / p.scale, p.zero_point - p.qmin + _half(p.scale), p.qmax - p.qmin + 1


def _half(like):
    """Return ½, as a Fraction if `like` is one and as a float otherwise."""
    return Fraction(1, 2) if isinstance(like, Fraction) else 0.5


# --- the conventions ------------------------------------------------------------------------------


def _on(code, choose, **options):
    """Return the functions of a convention that chooses a grid and then maps x to its codes."""
    return partial(rules.encode, choose=partial(choose, **options), code=code), code


def _inverse(scale, zero_point):
    """Return W = 1/scale, in codes per real unit, and the zero point."""
    return 1 / scale, zero_point


def _inverse_minus(scale, zero_point):
    """Return W = 1/scale, in codes per real unit, and the zero point with the other sign."""
    return 1 / scale, -zero_point


def _article(sign):
    return partial(rules.article, sign=sign), partial(rules.floor_and_mod, sign=sign)


def _torch(code, codes, limits=None, symmetric=False):
    """Return the limits, `symmetric` and the functions of a convention of PyTorch."""
    options = {"codes": codes, "limits": limits, "symmetric": symmetric}
    return limits or codes, symmetric, *_on(code, rules.torch, **options)


OBSERVER = "torch.ao.quantization.MinMaxObserver"
FAKE_QUANTIZE = "torch.ao.quantization.FakeQuantize(reduce_range=True)"
PER_TENSOR, FAKE = rules.quantize_per_tensor, rules.fake_quantize
UINT, INT, RESTRICTED = rules.unsigned, rules.signed, rules.restricted
UINT_LESS, INT_LESS = rules.reduced_unsigned, rules.reduced_signed
# fmt: off
CONVENTIONS = tuple(Convention(*row) for row in (
    ("article, as written",
     "W = (L−1)/(high−low), B = −low·W; ⌊x·W + B⌋ mod L; (Q + B)/W",
     "§3.1", UINT, False, *_article(1), _inverse_minus),
    ("article, sign corrected",
     "the same, but decoded by (Q − B)/W",
     "§3.1 with − for +", UINT, False, *_article(-1), _inverse),
    ("ONNX, uint8",
     "scale = (high₀−low₀)/(L−1), z = half-even(−low₀/scale); half-even(x/scale) + z",
     "ONNX DynamicQuantizeLinear and QuantizeLinear",
     UINT, False, *_on(rules.round_then_add, rules.onnx, signed=False)),
    ("ONNX, int8",
     "the same, but with codes −L/2..L/2 − 1",
     "ONNX QuantizeLinear", INT, False, *_on(rules.round_then_add, rules.onnx)),
    ("gemmlowp",
     "the same range; half-away(x/scale + z): z is added before rounding",
     "google/gemmlowp doc/quantization_example.cc",
     UINT, False, *_on(rules.add_then_away, rules.away, codes=UINT)),
    ("TFLite weights, int8",
     "scale = m/(L/2 − 1), codes −(L/2 − 1)..L/2 − 1; half-away(x/scale)",
     "TensorFlow Lite 8-bit quantization specification",
     RESTRICTED, True, *_on(rules.away_then_add, rules.largest_at_the_end)),
    ("TFLite activations, int8",
     "ONNX's range, z = half-away(−L/2 − low₀/scale); half-away(x/scale) + z",
     "TensorFlow Lite kernels/internal/quantization_util.h and reference/quantize.h",
     INT, False, *_on(rules.away_then_add, rules.away, codes=INT)),
    ("PyTorch quantize_per_tensor, quint8",
     "ONNX's range, scale ≥ 2⁻²³; half-even(x·(1/scale) + z): z is added before rounding (torch "
     "2.13 on x86; quint4x2 adds z after rounding); in float32 x·(1/scale) + z is rounded once, "
     "but with a scale for each channel the product is rounded first",
     f"{OBSERVER} and torch.quantize_per_tensor",
     *_torch(PER_TENSOR, UINT)),
    ("PyTorch quantize_per_tensor, qint8",
     "the same, but with codes −L/2..L/2 − 1",
     f"{OBSERVER} and torch.quantize_per_tensor",
     *_torch(PER_TENSOR, INT)),
    ("PyTorch fake quantization, uint8",
     "the same range; half-even(x·(1/scale)) + z: z is added after rounding (PT2E does the same)",
     f"{OBSERVER} and torch.fake_quantize_per_tensor_affine; quantized_decomposed",
     *_torch(FAKE, UINT)),
    ("PyTorch fake quantization, int8",
     "the same, but with codes −L/2..L/2 − 1",
     f"{OBSERVER} and torch.fake_quantize_per_tensor_affine; quantized_decomposed",
     *_torch(FAKE, INT)),
    ("PyTorch symmetric, qint8",
     "scale = max(m/((L−1)/2), 2⁻²³): 127.5 steps to each side for 8 bits; half-even(x·(1/scale))",
     OBSERVER, *_torch(PER_TENSOR, INT, symmetric=True)),
    ("PyTorch symmetric, quint8",
     "the same scale, z = L/2 (below 8 bits L/2 − 1); half-even(x·(1/scale) + z)",
     OBSERVER, *_torch(PER_TENSOR, UINT, symmetric=True)),
    ("PyTorch reduce_range, quint8",
     "the range gets the codes 0..L/2 − 1, one bit less, but codes saturate only at L − 1",
     f"{OBSERVER}(reduce_range=True) and torch.quantize_per_tensor",
     *_torch(PER_TENSOR, UINT_LESS, UINT)),
    ("PyTorch reduce_range, qint8",
     "the range gets the codes −L/4..L/4 − 1; codes saturate at −L/2 and L/2 − 1",
     f"{OBSERVER}(reduce_range=True) and torch.quantize_per_tensor",
     *_torch(PER_TENSOR, INT_LESS, INT)),
    ("PyTorch symmetric reduce_range, qint8",
     "scale = max(m/((L/2−1)/2), 2⁻²³): 63.5 steps to each side for 8 bits",
     f"{OBSERVER}(reduce_range=True) and torch.quantize_per_tensor",
     *_torch(PER_TENSOR, INT_LESS, INT, symmetric=True)),
    ("PyTorch fake quantization, reduce_range, uint8",
     "fake quantization on 0..L/2 − 1, where it also saturates",
     FAKE_QUANTIZE,
     *_torch(FAKE, UINT_LESS)),
    ("PyTorch fake quantization, reduce_range, int8",
     "fake quantization on −L/4..L/4 − 1, where it also saturates",
     FAKE_QUANTIZE,
     *_torch(FAKE, INT_LESS)),
    ("PyTorch fake quantization, symmetric reduce_range, int8",
     "fake quantization by m/((L/2−1)/2) on −L/4..L/4 − 1",
     FAKE_QUANTIZE, *_torch(FAKE, INT_LESS, symmetric=True)),
    ("Distiller asymmetric, uint8",
     "W = (L−1)/(high₀−low₀), z = half-even(low₀·W); half-even(x·W − z), (q + z)/W",
     "IntelLabs/distiller distiller/quantization/q_utils.py",
     UINT, False, rules.distiller_asymmetric, rules.per_unit, _inverse_minus),
    ("Distiller symmetric, full",
     "W = (L−1)/2/m, codes −L/2..L/2 − 1",
     "IntelLabs/distiller distiller/quantization/q_utils.py",
     INT, True, rules.distiller_symmetric, rules.per_unit, _inverse_minus),
    ("MIT lab, int8",
     "scale = (high−low)/(L−1), with 0 in the range or not; half-even(x/scale) + z",
     "MIT 6.5940, lab 2", INT, False, *_on(rules.round_then_add, rules.without_zero)),
    ("DeepLearning.AI, int8",
     "the same range; half-even(x/scale + z): z is added before rounding",
     "DeepLearning.AI, Quantization in Depth",
     INT, False, *_on(rules.add_then_round, rules.without_zero)),
    ("symmetric by 2^(b−1) − 1",
     "scale = m/(L/2 − 1), half-even(x/scale); symmetric=True in refnn",
     "restricted range: Distiller, NVIDIA TensorRT",
     RESTRICTED, True, *_on(rules.round_then_add, rules.onnx, symmetric=True)),
    ("symmetric by 2^(b−1)",
     "scale = m/(L/2): the largest positive value saturates at L/2 − 1",
     "full range: common in tutorials", INT, True, *_on(rules.round_then_add, rules.full)),
    ("power of two",
     "scale = 2^⌈log₂(m/(L/2 − 1))⌉: decoding is a bit shift",
     "fixed point, ARM's Q format", INT, True, *_on(rules.round_then_add, rules.power_of_two)),
    ("absmax, codes per unit",
     "W = (L/2 − 1)/m; half-even(x·W), q/W; a tutorial's \"scale = 127/absmax\" is W",
     "M. Labonne, Introduction to Weight Quantization: absmax_quantize",
     RESTRICTED, True, rules.absmax, rules.per_unit, _inverse),
    ("zero point, codes per unit",
     "W = (L−1)/(high−low), z = half-even(−low·W − L/2), not clipped; half-even(x·W + z)",
     "M. Labonne, Introduction to Weight Quantization: zeropoint_quantize",
     INT, False, rules.codes_per_unit, rules.per_unit, _inverse),
    ("minimum as code 0",
     "scale = (high−low)/(L−1); half-even((x − low)/scale), q·scale + low: a real offset",
     "jy-yuan/KIVI quant/new_pack.py; many exercises",
     UINT, False, rules.kivi, rules.from_minimum),
))
# fmt: on
