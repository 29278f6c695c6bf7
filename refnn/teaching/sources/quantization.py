"""Ask the student to write quantize, dequantize and the choice of a grid.

`assignments` makes the student's copy and the solution from this file.
"""

# %% markdown
# # Quantize and dequantize (量化)
#
# You write what is common today instead of §3.1 of the article. Real numbers become codes, which
# are integers of a few bits, and codes become real numbers again. A matrix has either one scale for
# all its entries (per tensor) or one for each row (per channel).
#
# `scale` is the number of real units per code, and `zero_point` is the code of 0.0. `qmin` and
# `qmax` are the smallest and the largest code. Compute in float64, which is NumPy's default,
# because your numbers are compared to nine digits. Use only NumPy: you cannot import refnn when
# your work is marked.

# %% code
import numpy as np

# %% markdown
# ## Quantize
#
# $$q = \mathrm{clip}\bigl(\mathrm{round}(x/s) + z,\ q_{\min},\ q_{\max}\bigr)$$
#
# Halves are rounded to the even neighbour. The order of operations is that of the formula (ONNX
# QuantizeLinear). With `axis=None`, scale and zero point are single numbers. With `axis=0`, a
# matrix has one scale and one zero point for each row, and with `axis=1` for each column. Before
# you write: with $s = 0.5$, $z = 3$ and codes 0 to 7, which code does 0.25 get, and which does 100
# get?


# %% solution quantize
def quantize(x, scale, zero_point, qmin, qmax, axis=None):
    """Return the codes of x, whole numbers in an array of the shape of x.

    >>> quantize(np.array([0.25, 0.5, 100.0]), 0.5, 3, 0, 7)
    array([3, 4, 7])
    """
    ### BEGIN SOLUTION
    if axis is not None:
        shape = [-1 if i == axis else 1 for i in range(x.ndim)]
        scale, zero_point = np.reshape(scale, shape), np.reshape(zero_point, shape)
    return np.clip(np.round(x / scale) + zero_point, qmin, qmax).astype(int)
    ### END SOLUTION


# %% check quantize

# %% markdown
# ## Dequantize
#
# $$\hat x = (q - z)\,s$$
#
# §3.1.2 of the article writes $(Q(x) + B)/W$ instead. The codes have the integer type in which they
# are stored, such as `uint8`. Before you write: what is `np.uint8(3) - np.uint8(5)`?


# %% solution dequantize
def dequantize(q, scale, zero_point, axis=None):
    """Return the real numbers that the codes q stand for.

    >>> dequantize(np.array([0, 3, 7], dtype=np.uint8), 0.5, 3)
    array([-1.5,  0. ,  2. ])
    """
    ### BEGIN SOLUTION
    if axis is not None:
        shape = [-1 if i == axis else 1 for i in range(q.ndim)]
        scale, zero_point = np.reshape(scale, shape), np.reshape(zero_point, shape)
    return (q.astype(float) - zero_point) * scale
    ### END SOLUTION


# %% check dequantize

# %% markdown
# ## How to choose scale and zero point (缩放因子, 偏移量)
#
# With $b$ bits the codes are $-2^{b-1} \dots 2^{b-1} - 1$ (asymmetric) or $-(2^{b-1} - 1) \dots
# 2^{b-1} - 1$ (symmetric).
#
# - asymmetric: the range from $\min$ to $\max$ is first extended until it contains 0. Then
#   $s = (\max - \min)/(q_{\max} - q_{\min})$ and
#   $z = \mathrm{round}(q_{\min} - \min/s)$, with halves to even, clipped to the codes.
# - symmetric: $s = \max|x|/(2^{b-1} - 1)$ and $z = 0$.
#
# If `axis` is given, each slice along it has its own range. Before you write: for data in $[1, 3]$,
# which real number must the smallest code stand for? (No range in this task has the width 0.)


# %% solution choose_grid
def choose_grid(x, bits=8, symmetric=False, axis=None):
    """Return (scale, zero_point, qmin, qmax) for the data x.

    If axis is given, scale and zero_point have one entry for each slice.

    >>> scale, zero_point, qmin, qmax = choose_grid(np.array([-1.0, 2.0]), bits=2)
    >>> float(scale), int(zero_point), qmin, qmax
    (1.0, -1, -2, 1)
    """
    ### BEGIN SOLUTION
    others = None if axis is None else tuple(i for i in range(x.ndim) if i != axis)
    low, high = np.minimum(x.min(axis=others), 0), np.maximum(x.max(axis=others), 0)
    qmax = 2 ** (bits - 1) - 1
    if symmetric:
        return np.maximum(-low, high) / qmax, 0 * low, -qmax, qmax
    qmin = -(2 ** (bits - 1))
    scale = (high - low) / (qmax - qmin)
    return scale, np.clip(np.round(qmin - low / scale), qmin, qmax), qmin, qmax
    ### END SOLUTION


# %% check choose_grid

# %% markdown
# ## Is one scale for each row worth its cost?
#
# Take a matrix whose second row is a hundred times as large as the first. Quantize it to 4 bits,
# per tensor and per channel. Compare the largest error of each row, in units of that row's own
# scale. Write two sentences: which row gains, and what does it cost?
