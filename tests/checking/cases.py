"""What more than one file of these tests uses: claims, pairs (W, B) that print codes, vectors, and
what must hold of every answer of `identify`."""

from fractions import Fraction as F
from itertools import combinations
from math import floor

from refnn.checking.catalogue.vectors import VECTORS
from refnn.checking.identify import identify
from refnn.checking.worked_example import check

# --- claims ---------------------------------------------------------------------------------------


def verdict(**claim):
    inputs = claim.pop("inputs", "exact")
    return check({"title": "t", "inputs": inputs, "claims": [claim]})[0]


QUANTIZE = {"kind": "quantize", "x": ["0.1", "0.2"], "W": "10", "B": "-1", "P": 8}
UINT8 = {"kind": "affine_quantize", "zero_point": 128, "qmin": 0, "qmax": 255, "scale": 2}

# fmt: off
NET = {"W_ih": [[1, "-2"], ["0.5", 1]], "b_h": ["0.5", -3], "W_ho": [[2, "-1.5"], [1, 1]],
       "b_o": [1, 0], "X": [[1, 2], [3, 1], [1, -1]], "y": [[1, 1], [2, 0], [1, 5]]}
CHOOSE = {"kind": "choose_qparams", "x": [["-1.6", "0.2"], ["0.7", "1.3"]], "bits": 4,
          "signed": True, "symmetric": False}
# fmt: on


# --- pairs (W, B) ---------------------------------------------------------------------------------

X10 = [F(k, 10) for k in range(1, 11)]
Q10 = [0, 1, 2, 3, 4, 1, 2, 3, 4, 5]


def prints(x, W, B, P):
    return [floor(v * W + B) % P for v in x]


# --- published vectors ----------------------------------------------------------------------------

BY_NAME = {v.name: v for v in VECTORS}


# --- which convention, which slip -----------------------------------------------------------------

# Never told apart, because they are the same: on Fractions, with a range of the data's own, or
# without a decoder.
SAME = [
    {"ONNX, uint8", "PyTorch fake quantization, uint8"},
    {"ONNX, int8", "PyTorch fake quantization, int8"},
    {"PyTorch quantize_per_tensor, quint8", "Distiller asymmetric, uint8"},
    {"PyTorch symmetric, qint8", "Distiller symmetric, full"},
    {"symmetric by 2^(b−1) − 1", "absmax, codes per unit"},
    {"article, as written", "article, sign corrected"},
    {"zero_point_sign (int4)", "minus_zero_point (int4)"},
]


def text(values):
    return [str(v) for v in values]


def names(rows):
    return {row.name for row in rows}


def together(found):
    """Pairs of names that no separating input tells apart."""
    seen = {row.name: [] for row in found.exact}
    for separation in found.separating:
        assert sorted(n for names, _ in separation.prints for n in names) == sorted(seen)
        for names, prints in separation.prints:
            for name in names:
                seen[name].append(prints)
    return [{a, b} for a, b in combinations(seen, 2) if seen[a] == seen[b]]


def planted(x, codes, levels, **given):
    """identify, with everything that must hold of its answer whatever was planted."""
    found = identify(text(x), codes, levels, **given)
    assert all(row.agree == row.of and row.codes == tuple(codes) for row in found.exact)
    assert all(F(3, 4) <= F(row.agree, row.of) < 1 for row in found.near)
    shares = [F(row.agree, row.of) for row in found.near]
    assert shares == sorted(shares, reverse=True)
    assert all(pair in SAME for pair in together(found)), together(found)
    return found
