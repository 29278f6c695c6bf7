"""What more than one file of these tests uses: gemmlowp's C code, and a layer to round."""

from refnn.quantization import calibration
from refnn.quantization.affine import QParams

LOW, HIGH = -(2**31), 2**31 - 1
METHODS = ("nearest", "adaround", "obq", "enumerated")
GRID = QParams(1.0, 0, -8, 7)


# --- the C code, in whole numbers that cannot overflow --------------------------------------------


def truncated_quotient(a, b):
    """C's a/b for b > 0."""
    return a // b if a >= 0 else -(-a // b)


def saturating_rounding_doubling_high_mul(a, b):
    """gemmlowp, fixedpoint/fixedpoint.h: nudge, then divide by 2^31 towards zero."""
    if a == b == LOW:
        return HIGH
    nudge = 2**30 if a * b >= 0 else 1 - 2**30
    return truncated_quotient(a * b + nudge, 2**31)


def rounding_divide_by_pot(x, exponent):
    """gemmlowp: shift, and one more where the remainder passes the threshold, which for x < 0 is
    one higher."""
    mask = 2**exponent - 1
    return (x >> exponent) + ((x & mask) > (mask >> 1) + (x < 0))


def saturating_multiply_by_pot(x, exponent):
    """gemmlowp, SaturatingRoundingMultiplyByPOT for a positive exponent."""
    threshold = 2 ** (31 - exponent) - 1 if exponent <= 31 else 0
    return HIGH if x > threshold else LOW if x < -threshold else x << exponent


def in_c(a, multiplier, shift, zero_point, qmin, qmax):
    a = saturating_multiply_by_pot(a, -shift) if shift < 0 else a
    q = rounding_divide_by_pot(saturating_rounding_doubling_high_mul(a, multiplier), max(shift, 0))
    return min(max(q + zero_point, qmin), qmax)


# --- up or down -----------------------------------------------------------------------------------


def layer(rng, rows=5, n=6, N=20, bits=3, batch=(), correlated=True, axis=None):
    """W, its grid, X: Gaussian, the inputs mixed with each other if correlated."""
    W = rng.standard_normal((*batch, rows, n))
    X = rng.standard_normal((*batch, N, n))
    if correlated:
        X = X @ rng.standard_normal((*batch, n, n)) + rng.standard_normal((*batch, N, 1))
    return W, calibration.choose_qparams(W, bits, axis=axis), X
