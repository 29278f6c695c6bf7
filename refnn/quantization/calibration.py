"""Where the range comes from, and the scale and zero point that follow from it.

A zero point exists so that 0.0 has a code of its own: (q − zero_point)·scale is 0 at q = zero_point. So the range must
contain 0, and zero_point = round(qmin − min/scale) (gemmlowp, doc/quantization.md; ONNX DynamicQuantizeLinear).
This is §2.1's "adjust the range", and comes first: scale and zero point are needed to quantize.

    minmax      the range of the data
    percentile  without the ⌊n/1000⌋ outermost values at each end (symmetric: the ⌊n/1000⌋ largest |x|)
    mse         the range whose grid has the least mean squared error, by a search from coarse to fine
    entropy     |x| ≤ T, whose histogram of 2048 bins loses least in Kullback–Leibler divergence (S. Migacz, "8-bit
                inference with TensorRT", 2017); meant for activations
"""

from fractions import Fraction

import numpy as np

from refnn import arrays
from refnn.quantization import rounding
from refnn.quantization.affine import QParams

CALIBRATIONS = ("minmax", "percentile", "mse", "entropy")
OUTSIDE = 1000                             # percentile: one value in a thousand lies outside, at each end
BINS = 2048                                # entropy: of the histogram of |x|
SAMPLE = 4096                              # mse: beyond as many values the search runs on a sample of them
AT_ONCE = 2**18                            # mse: numbers in one buffer


def choose_qparams(x, bits=8, signed=True, symmetric=False, axis=None, calibration="minmax", block=None):
    """The grid for x: per tensor; with `axis` one for each slice along it; with `block` one for each block of a slice.

    codes        signed −2^(b−1)..2^(b−1) − 1, unsigned 0..2^b − 1, symmetric −(2^(b−1) − 1)..2^(b−1) − 1
    asymmetric   scale = (max − min)/(qmax − qmin) with 0 in the range, zero_point = round(qmin − min/scale), saturated
    symmetric    scale = max|x|/(2^(b−1) − 1), zero_point = 0
    one-sided    the range ends at 0: zero_point is qmin (x ≥ 0) or qmax (x ≤ 0); a constant is one-sided
    all zero     scale 1, zero_point qmin (asymmetric) or 0 (symmetric)

    min and max are those of the calibration, never wider than the data's. ValueError if the scale would be subnormal
    or max − min overflows.

    >>> choose_qparams(np.float32([0, 2, -3, -2.5, 1.34, 0.5]), signed=False)
    QParams(scale=np.float32(0.019607844), zero_point=153, qmin=0, qmax=255, axis=None, block=None)
    >>> choose_qparams([[1.0, 3.0, 100.0]], bits=2, signed=False, axis=1, block=2).scale
    array([[ 1.        , 33.33333333]])
    """
    name = "choose_qparams"
    bits, signed = arrays.whole(name, "bits", bits, 2, 32), arrays.flag(name, "signed", signed)
    symmetric = arrays.flag(name, "symmetric", symmetric)
    arrays.choice(name, "calibration", calibration, CALIBRATIONS)
    if symmetric and not signed:
        arrays.refuse(name, "signed", "True where symmetric is (three unsigned conventions exist)", "False")
    x = arrays.numbers(name, "x", x)
    if x.size == 0:
        arrays.refuse(name, "x", "at least one number", "an empty array")
    axis = None if axis is None else arrays.whole(name, "axis", axis, -x.ndim, x.ndim - 1)
    block = None if block is None else arrays.whole(name, "block", block, 1, 2**52)
    if block is not None and axis is None:
        arrays.refuse(name, "axis", "given where block is", "None")
    qmin = 1 - 2 ** (bits - 1) if symmetric else -(2 ** (bits - 1)) if signed else 0
    qmax = 2 ** (bits - 1) - 1 if signed else 2**bits - 1
    [x] = arrays.holding(qmin, qmax, x)
    low, high = _ends(x, axis, block)
    scale, zero_point = _grid(low, high, qmin, qmax, symmetric)
    arrays.normal_scale(name, x, scale)
    if calibration != "minmax":
        if calibration != "percentile":
            arrays.double(name, "x", x)                                        # the search is in floats
        pick = {"percentile": _percentile, "mse": _least_error, "entropy": _entropy}[calibration]
        ends = [pick(np.sort(part), qmin, qmax, symmetric) for part in _slices(x, axis, block)]
        low, high = (arrays.objects(list(end), low.shape).astype(x.dtype) for end in zip(*ends))
        scale, zero_point = _grid(low, high, qmin, qmax, symmetric)
        arrays.normal_scale(name, x, scale)
    if axis is None:
        return QParams(scale[()], int(zero_point), qmin, qmax)
    return QParams(scale, zero_point, qmin, qmax, axis, block)


def _grid(low, high, qmin, qmax, symmetric):
    """scale and zero_point for ranges low..high that contain 0 (arrays of any shape)."""
    low, high = np.asarray(low), np.asarray(high)
    with np.errstate(over="ignore", under="ignore"):
        scale = np.asarray(np.maximum(high, -low) / qmax if symmetric else (high - low) / (qmax - qmin))
    scale = np.where((low == 0) & (high == 0), Fraction(1) if low.dtype == arrays.EXACT else low.dtype.type(1), scale)
    zero_point = np.zeros(low.shape, dtype=np.int64)
    if not symmetric:
        with np.errstate(all="ignore"):                                        # a scale that is refused next
            least = np.nan_to_num(low / scale) if low.dtype != arrays.EXACT else low / scale
        zero_point = np.asarray(np.clip(rounding.nearest_even(np.asarray(qmin - least)), qmin, qmax)).astype(np.int64)
    return scale, zero_point


def _ends(x, axis, block):
    """The smallest and the largest value of each slice, and 0: of the shape that the scale has."""
    if axis is None:
        low, high = x.min(), x.max()
    elif block is None:
        others = tuple(i for i in range(x.ndim) if i != axis % x.ndim)
        low, high = x.min(axis=others), x.max(axis=others)
    else:
        starts = np.arange(0, x.shape[axis], block)
        low, high = (f.reduceat(x, starts, axis) for f in (np.minimum, np.maximum))
    return np.asarray(np.minimum(low, 0)), np.asarray(np.maximum(high, 0))


def _slices(x, axis, block):
    """The values that share a grid, as vectors, in the order of the scale."""
    if axis is None:
        return [x.ravel()]
    if block is None:
        return list(np.moveaxis(x, axis, 0).reshape(x.shape[axis], -1))
    axis, starts = axis % x.ndim, range(0, x.shape[axis], block)
    shape = (*x.shape[:axis], len(starts), *x.shape[axis + 1:])
    rows = np.moveaxis(x, axis, -1)                                            # (…, n)
    return [rows[(*at[:axis], *at[axis + 1:])][starts[at[axis]]:starts[at[axis]] + block] for at in np.ndindex(shape)]


def _percentile(x, qmin, qmax, symmetric):
    """Ends that leave ⌊n/1000⌋ values outside at each; x ascending."""
    cut = len(x) // OUTSIDE
    if symmetric:
        top = np.sort(np.abs(x))[len(x) - 1 - cut]
        return -top, top
    return min(x[cut], 0), max(x[len(x) - 1 - cut], 0)


def _least_error(x, qmin, qmax, symmetric):
    """The ends, fractions of the data's, whose grid has the least mean squared error; x ascending.

    A two-dimensional search (one-dimensional if symmetric or one-sided): the error has many small dips, one wherever
    a value crosses a boundary, so that all of a coarse grid is tried, then finer ones around its best points.
    """
    low, high = min(x[0], 0), max(x[-1], 0)
    if low == high:
        return low, high
    unit = 2.0 ** (np.frexp(float(max(high, -low)))[1] - 1)                    # so that no square overflows
    values = (x / unit).astype(np.float64)
    sample, weight = _sample(values)
    below, above = float(low / unit), float(high / unit)
    coarse = np.concatenate([np.geomspace(min(1 / 64, 4 / len(x)), 1 / 64, 16, endpoint=False),
                             np.linspace(1 / 64, 1, 64)])
    both = not symmetric and below < 0 < above
    tried = np.stack(np.meshgrid(coarse, coarse if both else [1.0], indexing="ij"), -1).reshape(-1, 2)
    step, best = 1 / 64, np.ones((1, 2))
    for _ in range(4):
        errors = _errors(sample, weight, *_scaled(tried, below, above, both), qmin, qmax, symmetric)
        best = tried[np.argsort(errors, kind="stable")[:8]]
        step /= 4
        offsets = np.arange(-4, 5) * step
        around = np.stack(np.meshgrid(offsets, offsets if both else [0.0], indexing="ij"), -1).reshape(1, -1, 2)
        tried = np.clip((best[:, None] + around).reshape(-1, 2), step / 4, 1)
    best = np.concatenate([np.ones((1, 2)), best])                             # min–max, first: it wins a tie
    ends = _scaled(best, below, above, both)
    errors = _errors(values, np.ones(len(values)), *ends, qmin, qmax, symmetric)
    tiny = 0 if x.dtype == arrays.EXACT else np.finfo(x.dtype).tiny
    errors[1:][_grid(*ends, qmin, qmax, symmetric)[0][1:] * unit < 2 * tiny] = np.inf
    i = int(np.argmin(errors))
    if i == 0:
        return low, high
    kind = Fraction if x.dtype == arrays.EXACT else x.dtype.type
    return tuple(kind(float(end[i])) * kind(unit) for end in ends)


def _scaled(fractions, below, above, both):
    """(low, high) as arrays from pairs of fractions; one fraction serves both ends but in a two-dimensional search."""
    return below * fractions[:, 1 if both else 0], above * fractions[:, 0]


def _sample(x):
    """At most SAMPLE of the ascending values with their weights: all at the ends, where clipping is decided."""
    if len(x) <= SAMPLE:
        return x, np.ones(len(x))
    kept = SAMPLE // 8
    inner = np.linspace(kept, len(x) - kept, SAMPLE - 2 * kept, endpoint=False).astype(int)
    at = np.concatenate([np.arange(kept), inner, np.arange(len(x) - kept, len(x))])
    weight = np.ones(len(at))
    weight[kept:-kept] = (len(x) - 2 * kept) / len(inner)
    return x[at], weight


def _errors(x, weight, low, high, qmin, qmax, symmetric):
    """The squared error of x on the grid of each range."""
    scale, zero_point = (a[:, None] for a in _grid(low, high, qmin, qmax, symmetric))
    errors, rows = [], max(1, AT_ONCE // len(x))
    for start in range(0, len(scale), rows):
        s, z = scale[start:start + rows], zero_point[start:start + rows]
        steps = np.clip(np.rint(x / s), qmin - z, qmax - z)                    # (rows, n): q − zero_point
        errors.append(np.square(steps * s - x) @ weight)
    return np.concatenate(errors)


def _entropy(x, qmin, qmax, symmetric):
    """±T, within the data's ends, with the least KL divergence between the clipped histogram and its coarse copy."""
    low, high = min(x[0], 0), max(x[-1], 0)
    top, levels = max(high, -low), qmax + 1 if low < 0 or symmetric else qmax - qmin + 1
    if top == 0 or levels >= BINS:
        return low, high
    share = (np.abs(x) / top).astype(np.float64)
    counts = np.bincount(np.minimum((share * BINS).astype(int), BINS - 1), minlength=BINS).astype(float)
    last = [bins for bins in range(BINS, levels - 1, -1) if counts[bins - 1]]  # an empty last bin: infinite
    bins = last[int(np.argmin([_divergence(counts, bins, levels) for bins in last]))]      # of equals the widest
    T = top * (Fraction(bins, BINS) if x.dtype == arrays.EXACT else x.dtype.type(bins / BINS))
    return max(low, -T), min(high, T)


def _divergence(counts, bins, levels):
    """KL(P‖Q): P, the first bins with all that lies beyond in the last of them; Q, the bins merged into `levels`
    groups, each group's count spread evenly over its bins that are not empty. The last must not be: Q is 0 there."""
    inside = counts[:bins]
    p = inside.copy()
    p[-1] += counts[bins:].sum()
    starts = np.arange(levels) * bins // levels
    filled = inside > 0
    totals, sizes = (np.add.reduceat(a, starts) for a in (inside, filled.astype(float)))
    q = np.repeat(totals / np.maximum(sizes, 1), np.diff(np.append(starts, bins)))[filled]
    p, q = p[filled] / p.sum(), q / q.sum()
    return (p * np.log(p / q)).sum()
