"""This module chooses the range of a tensor, and from it the scale and the zero point.

The scale is the number of real units per code. The zero point is the code of 0.0. It exists so that
0.0 is represented exactly, since (q − zero_point)·scale is 0 at q = zero_point. So the range must
contain 0, and zero_point = round(qmin − min/scale) (gemmlowp, doc/quantization.md; ONNX
DynamicQuantizeLinear). §2.1 of the article calls this step "adjust the range". It comes first,
because quantization needs the scale and the zero point.

Four methods choose the range ("calibration"):

    minmax      The range is that of the data.
    percentile  The range leaves out the ⌊n/1000⌋ outermost values at each end, or the ⌊n/1000⌋
                largest |x| if it is symmetric.
    mse         The range is the one whose grid has the least mean squared error. It is never worse
                than min–max. Up to 8 bits it was within 2 % of the best of all ranges on all data
                tried, but data can be constructed for which the search does worse.
    entropy     The range is |x| ≤ T. T is chosen so that the histogram of the quantized |x| (2048
                bins) has the least Kullback–Leibler divergence from that of |x| (S. Migacz, "8-bit
                inference with TensorRT", 2017). The method is meant for activations. The quantized
                |x| has one level for each code from zero_point to the farther of qmin and qmax.
                These are 128 for symmetric int8, and 256 for 8 bits if x has one sign.
"""

from fractions import Fraction

import numpy as np

from refnn import arrays
from refnn.arrays import Refused, describe
from refnn.quantization import affine
from refnn.quantization.affine import QParams
from refnn.quantization.rounding import half_even
from refnn.validation import Numeric, flag, takes, whole

CALIBRATIONS = ("minmax", "percentile", "mse", "entropy")
OUTSIDE = 1000  # percentile leaves out one value in a thousand at each end
BINS = 2048  # entropy divides |x| into this many bins
SAMPLE = 4096  # mse searches a sample if there are more distinct values than this
AT_ONCE = 2**18  # mse keeps at most about this many numbers in one buffer
FINE = 4  # mse tries this many scales between s and s·(1 + 1/codes)
KEPT = 8  # mse evaluates this many of the best scales on all values
MOST_ZEROS = 256  # mse tries at most this many zero points with one scale


# --- what the functions take ----------------------------------------------------------------------


def _some(name, x, arguments):
    if x.size == 0:
        raise Refused(name, "at least one number", "an empty array")
    return x


DATA = Numeric("data", _some)  # an array of at least one number


def AXIS(name, axis, arguments):
    """Accept an axis of x."""
    n = arguments["x"].ndim
    return arrays.whole(name, axis, -n, n - 1)


def BLOCK(name, block, arguments):
    """Accept a number of entries along `axis`, which must be given too."""
    if arguments["axis"] is None:
        raise Refused("axis", "a whole number if block is given", "None")
    return arrays.whole(name, block, 1, 2**52)


def _symmetric(name, value, arguments):
    if arrays.flag(name, value) and not arguments["signed"]:
        three = "True if symmetric is True (unsigned symmetric codes have no single convention)"
        raise Refused("signed", three, "False")
    return value


def _calibration(name, value, arguments):
    if arrays.choice(name, value, CALIBRATIONS) in ("mse", "entropy"):
        # The search computes in floats, so Fractions too large for them are refused here.
        arrays.double("x", arguments["x"])
    return value


def normal_scale(x, scale):
    """Return a scale computed from x if it is a finite normal number of x's dtype, else refuse x.

    A normal number is not 0 and not so small that a float stores it with fewer digits (subnormal).

    >>> normal_scale(np.array([0.5]), np.float64(0.25))
    np.float64(0.25)
    """
    if x.dtype != arrays.EXACT:
        normal = np.isfinite(scale) & (scale >= np.finfo(x.dtype).tiny)
        if not normal.all():
            raise Refused("x", "of a range whose scale is a finite normal number", describe(x))
    return scale


# --- the grid -------------------------------------------------------------------------------------


@takes(
    bits=whole(2, 32),
    signed=flag,
    symmetric=_symmetric,
    x=DATA,
    calibration=_calibration,
    axis=AXIS,
    block=BLOCK,
)
def choose_qparams(
    x, bits=8, signed=True, symmetric=False, axis=None, calibration="minmax", block=None
):
    """Choose the scale and the zero point for x, and return them as a QParams.

    Without `axis` all of x has one pair. With `axis` each slice along it has its own pair. With
    `block` too, every `block` consecutive entries along the axis have their own pair. These rules
    hold, where b stands for `bits`:

    codes        signed −2^(b−1)..2^(b−1) − 1, unsigned 0..2^b − 1,
                 symmetric −(2^(b−1) − 1)..2^(b−1) − 1
    asymmetric   scale = (max − min)/(qmax − qmin) with 0 in the range,
                 zero_point = round(qmin − min/scale), saturated
    symmetric    scale = max|x|/(2^(b−1) − 1), zero_point = 0
    one-sided    if all x ≥ 0, zero_point = qmin; if all x ≤ 0, zero_point = qmax (asymmetric)
    all zero     scale = 1, zero_point = qmin (asymmetric) or 0 (symmetric)

    min and max come from the calibration method. Its range is never wider than that of minmax.
    ValueError if the scale would be subnormal or if max − min overflows.

    >>> choose_qparams(np.float32([0, 2, -3, -2.5, 1.34, 0.5]), signed=False)
    QParams(scale=np.float32(0.019607844), zero_point=153, qmin=0, qmax=255, axis=None, block=None)
    >>> choose_qparams([[1.0, 3.0, 100.0]], bits=2, signed=False, axis=1, block=2).scale
    array([[ 1.        , 33.33333333]])
    """
    half = 2 ** (bits - 1)
    qmin = 1 - half if symmetric else -half if signed else 0
    qmax = half - 1 if signed else 2 * half - 1
    codes = qmin, qmax, symmetric
    [x] = arrays.holding(qmin, qmax, x)
    low, high = _ends(x, axis, block)  # each of the scale's shape
    scale = normal_scale(x, _scale(low, high, *codes))
    if calibration != "minmax":
        pick = {"percentile": _percentile, "mse": _least_error, "entropy": _entropy}[calibration]
        ends = zip(*[pick(np.sort(part), *codes) for part in _parts(x, axis, block)])
        low, high = (arrays.objects(end, low.shape).astype(x.dtype) for end in ends)
        scale = normal_scale(x, _scale(low, high, *codes))
    zero_point = _zero_point(low, scale, *codes)
    if axis is None:
        scale, zero_point = scale[()], int(zero_point)
    return QParams(scale, zero_point, qmin, qmax, axis, block)


def _scale(low, high, qmin, qmax, symmetric):
    """Return max|x|/qmax or (high − low)/(qmax − qmin), or 1 where low = high = 0.

    Each range low..high contains 0.
    """
    low, high = np.asarray(low), np.asarray(high)
    scale = np.maximum(high, -low) / qmax if symmetric else (high - low) / (qmax - qmin)
    one = Fraction(1) if low.dtype == arrays.EXACT else low.dtype.type(1)
    return np.where((low == 0) & (high == 0), one, scale)


def _zero_point(low, scale, qmin, qmax, symmetric):
    """Return clip(round(qmin − low/scale), qmin, qmax), or 0 if symmetric."""
    if symmetric:
        return np.zeros(scale.shape, np.int64)
    zero_point = half_even.formula(qmin - low / scale)
    return np.asarray(np.clip(zero_point, qmin, qmax)).astype(np.int64)


# --- the range ------------------------------------------------------------------------------------


def over_slices(ufunc, x, axis=None, block=None):
    """Apply ufunc.reduce to all of x, to each slice along axis, or to each block along axis.

    The result has the shape of the scale.

    >>> over_slices(np.maximum, np.array([[1, 2, 3], [6, 5, 4]]), axis=1, block=2)
    array([[2, 3],
           [6, 4]])
    """
    if block is not None:
        return ufunc.reduceat(x, np.arange(0, x.shape[axis], block), axis)
    others = None if axis is None else tuple(i for i in range(x.ndim) if i != axis % x.ndim)
    return ufunc.reduce(x, axis=others)


def _ends(x, axis, block):
    """Return min(x, 0) and max(x, 0) of each slice or block, in the shape of the scale."""
    low, high = (over_slices(ufunc, x, axis, block) for ufunc in (np.minimum, np.maximum))
    return np.asarray(np.minimum(low, 0)), np.asarray(np.maximum(high, 0))


def _parts(x, axis, block):
    """Return a list that holds, for each scale, the vector of its values."""
    if axis is None:
        return [x.ravel()]
    if block is None:
        return list(np.moveaxis(x, axis, 0).reshape(x.shape[axis], -1))
    axis %= x.ndim
    ends = range(block, x.shape[axis], block)
    blocks = np.split(np.moveaxis(x, axis, -1), ends, axis=-1)  # each (…, n)
    return [
        part
        for before in np.ndindex(x.shape[:axis])
        for values in blocks
        for part in values[before].reshape(-1, values.shape[-1])
    ]


def _percentile(x, qmin, qmax, symmetric):
    """Return the ends of a range that leaves ⌊n/1000⌋ values of ascending x outside at each end."""
    cut = len(x) // OUTSIDE
    if symmetric:
        top = np.sort(np.abs(x))[len(x) - 1 - cut]
        return -top, top
    return min(x[cut], 0), max(x[len(x) - 1 - cut], 0)


def _least_error(x, qmin, qmax, symmetric):
    """Return the ends of the range whose grid has the least mean squared error.

    x is in ascending order. A scale matters only through the codes k that it gives (in steps from
    0), and for given codes the best scale is Σ k·x/Σ k². A scale near the best one usually gives
    the same codes, and from these the formula gives the best one. So scales are tried that lie
    close together. Each is tried with all zero points that can be the best, or with MOST_ZEROS of
    these."""
    codes, low, high = (qmin, qmax, symmetric), min(x[0], 0), max(x[-1], 0)
    unit = 2.0 ** (np.frexp(float(max(high, -low)))[1] - 1)  # in these units no square overflows
    least, best = _error(x, unit, low, high, *codes), (low, high)
    if low == high or least == 0:
        return best
    below, above = float(low / unit), float(high / unit)
    kind = Fraction if x.dtype == arrays.EXACT else x.dtype.type
    widest, seen = float(_scale(below, above, *codes)), set()
    values, counts = np.unique((x / unit).astype(np.float64), return_counts=True)
    for scale, first in _near(values, counts, widest, np.sqrt(least), *codes):
        for _ in range(3):  # from the scale to its codes, and to their best scale
            k = np.clip(np.rint(values / scale), first, first + qmax - qmin)
            scale = min(float(k * counts @ values / max(k * counts @ k, 1)), widest) or widest
        if (scale, first) in seen:
            continue
        seen.add((scale, first))
        length = (qmax - qmin) * scale
        start = -qmax * scale if symmetric else min(max(first * scale, below), above - length)
        bottom = max(kind(max(start, below)) * kind(unit), low)
        top = min(kind(min(start + length, above)) * kind(unit), high)
        error = _error(x, unit, bottom, top, *codes)
        if error < least:
            least, best = error, (bottom, top)
    return best


def _error(x, unit, low, high, qmin, qmax, symmetric):
    """Return Σ ((x̂ − x)/unit)² on the grid of low..high, or ∞ if its scale is almost subnormal."""
    scale = _scale(low, high, qmin, qmax, symmetric)
    if x.dtype != arrays.EXACT and scale < 2 * np.finfo(x.dtype).tiny:
        return np.inf
    zero_point = _zero_point(low, scale, qmin, qmax, symmetric)
    grid = affine.align(QParams(scale, zero_point, qmin, qmax), x.shape, x.dtype)
    decoded = affine.fake_quantize.formula(x, grid)
    return float(np.square(((decoded - x) / unit).astype(np.float64)).sum())


def _near(x, counts, widest, reach, qmin, qmax, symmetric):
    """Return the best of the scales tried, at most KEPT of them.

    With each stands its smallest code minus the zero point. Two facts limit the search. If the grid
    ends before the data does, the distance between the two ends is the error of the outermost
    value. So an end of the best grid is at most `reach` from the end of the data, where `reach` is
    the root of min–max's squared error. And the best scale satisfies Σ k·(k·scale − x) = 0, so it
    is above widest/n for n values."""
    codes, side = qmax - qmin, qmax if symmetric else qmax - qmin
    x, weight = _sample(x, counts)
    below, above = min(x[0], 0), max(x[-1], 0)
    least = max(widest - 2 * reach / side, widest / counts.sum())
    scales = np.geomspace(least, widest, 1 + int(np.ceil(FINE * side * np.log(widest / least))))
    found, rows = [], max(1, AT_ONCE // len(x))
    sums = [np.append(0, np.cumsum(a)) for a in (weight * x, weight)]
    for start in range(0, len(scales), rows):
        s = scales[start : start + rows, None]
        k = np.rint(x / s)  # (rows, n), not yet clipped
        inner = [np.cumsum(a, axis=1) for a in (k * (weight * x), k * k * weight)]
        inner = [np.pad(a, ((0, 0), (1, 0))) for a in inner]
        first = np.full((len(s), 1), float(qmin))
        if not symmetric:
            first = np.maximum(np.floor(below / s), np.ceil((above - reach) / s) - codes)
            last = np.minimum(np.ceil(above / s) - codes, np.floor((below + reach) / s))
            zeros = min(MOST_ZEROS, 1 + max(0, int((last - first).max())))
            first = np.clip(np.rint(np.linspace(first[:, 0], last[:, 0], zeros, axis=1)), -codes, 0)
        at = [np.searchsorted(x, ends * s) for ends in (first - 0.5, first + codes + 0.5)]
        kx, kk = (np.diff([np.take_along_axis(a, i, 1) for i in at], axis=0)[0] for a in inner)
        clipped_below, clipped_above = [a[at[0]] for a in sums], [a[-1] - a[at[1]] for a in sums]
        for end, (of_x, of_1) in ((first, clipped_below), (first + codes, clipped_above)):
            kx, kk = kx + end * of_x, kk + end * end * of_1
        kk = np.maximum(kk, 1e-300)
        gain = kx * kx / kk  # the error is Σ x² − gain
        i = np.argmax(gain, axis=1)[:, None]
        found.append(np.hstack([np.take_along_axis(a, i, 1) for a in (gain, kx / kk, first)]))
    found = np.concatenate(found)
    return found[np.argsort(-found[:, 0], kind="stable")[:KEPT], 1:].tolist()


def _sample(x, counts):
    """Return at most SAMPLE of the ascending values, and their weights.

    All values near the two ends are kept, because they decide where to clip."""
    if len(x) <= SAMPLE:
        return x, counts.astype(np.float64)
    kept, up_to = SAMPLE // 8, np.cumsum(counts)
    shares = np.linspace(up_to[kept - 1], up_to[-kept - 1], SAMPLE - 2 * kept, endpoint=False)
    inner = np.searchsorted(up_to, shares, side="right")  # a frequent value is taken several times
    weight = np.full(len(inner), (up_to[-kept - 1] - up_to[kept - 1]) / len(inner))
    weights = np.concatenate([counts[:kept], weight, counts[-kept:]])
    return np.concatenate([x[:kept], x[inner], x[-kept:]]), weights


def _entropy(x, qmin, qmax, symmetric):
    """Return the range −T..T, cut to the data's own ends, with the least KL divergence.

    The divergence compares the histogram of |x|, clipped at T, with a copy that has only as many
    levels as the grid."""
    codes, low, high = (qmin, qmax, symmetric), min(x[0], 0), max(x[-1], 0)
    top = max(high, -low)
    if top == 0:
        return low, high
    share = (np.abs(x) / top).astype(np.float64)
    bins = np.minimum((share * BINS).astype(int), BINS - 1)
    counts = np.bincount(bins, minlength=BINS).astype(float)
    T = np.arange(1, BINS + 1) / BINS  # as a fraction of top
    bottoms, tops = np.maximum(float(low / top), -T), np.minimum(float(high / top), T)
    zero_point = _zero_point(bottoms, _scale(bottoms, tops, *codes), *codes)
    levels = np.maximum(qmax - zero_point, zero_point - qmin) + 1  # of |x|
    if levels[-1] >= BINS:
        return low, high
    last = [bins for bins in range(BINS, 0, -1) if counts[bins - 1] and bins >= levels[bins - 1]]
    # an empty last bin is left out: its divergence is infinite; ties go to the widest range
    bins = last[int(np.argmin([_divergence(counts, bins, levels[bins - 1]) for bins in last]))]
    T = top * (Fraction(bins, BINS) if x.dtype == arrays.EXACT else x.dtype.type(bins / BINS))
    return max(low, -T), min(high, T)


def _divergence(counts, bins, levels):
    """Return the divergence KL(P‖Q) if the range ends after the first `bins` bins.

    P holds the counts of these bins, with all counts beyond added to the last one. Q holds the
    counts of these bins alone, merged into `levels` groups. The total of a group is spread evenly
    over those of its bins that are not empty. The last bin must not be empty, because Q would be 0
    there."""
    inside = counts[:bins]
    p = inside.copy()
    p[-1] += counts[bins:].sum()
    starts = np.arange(levels) * bins // levels
    filled = inside > 0
    totals, sizes = (np.add.reduceat(a, starts) for a in (inside, filled.astype(float)))
    q = np.repeat(totals / np.maximum(sizes, 1), np.diff(np.append(starts, bins)))[filled]
    p, q = p[filled] / p.sum(), q / q.sum()
    return (p * np.log(p / q)).sum()
