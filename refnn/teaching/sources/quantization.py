"""Assignment: quantize and dequantize.

The source of the student's copy and of the solution: see `assignments`.
"""

# %% markdown
# # Quantize and dequantize (量化)
#
# You write what the field does instead of §3.1 of the article: real numbers become codes, integers
# of a few bits, and come back; once with one scale for a whole matrix (per tensor), once with one
# for each row (per channel).
#
# `scale` is real units per code, `zero_point` the code of 0.0, `qmin` and `qmax` the smallest and
# the largest code. Work with NumPy alone: where your work is marked, refnn cannot be imported.

# %% code
import numpy as np

# %% markdown
# ## Quantize
#
# $$q = \mathrm{clip}\bigl(\mathrm{round}(x/s) + z,\ q_{\min},\ q_{\max}\bigr)$$
#
# Halves go to the even neighbour, in this order of operations (ONNX QuantizeLinear). With
# `axis=None` scale and zero point are numbers; with `axis=0` of a matrix there is one of each for
# every row, with `axis=1` for every column. Before you write: with $s = 0.5$, $z = 3$ and codes 0
# to 7, which code does 0.25 get, and which does 100?


# %% solution quantize
def quantize(x, scale, zero_point, qmin, qmax, axis=None):
    """The codes of x, whole numbers of x's shape.

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
# §3.1.2 of the article writes $(Q(x) + B)/W$. Codes arrive in the integer type in which they are
# stored, such as `uint8`. Before you write: what is `np.uint8(3) - np.uint8(5)`?


# %% solution dequantize
def dequantize(q, scale, zero_point, axis=None):
    """The real numbers that the codes q stand for.

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
# ## Where scale and zero point come from (缩放因子, 偏移量)
#
# With $b$ bits the codes are $-2^{b-1} \dots 2^{b-1} - 1$ (asymmetric) or $-(2^{b-1} - 1) \dots
# 2^{b-1} - 1$ (symmetric).
#
# - asymmetric: the range is stretched until it contains 0;
#   $s = (\max - \min)/(q_{\max} - q_{\min})$,
#   $z = \mathrm{round}(q_{\min} - \min/s)$, halves to even, clipped to the codes;
# - symmetric: $s = \max|x|/(2^{b-1} - 1)$, $z = 0$.
#
# With `axis` there is one range for each slice along it. Before you write: for data in $[1, 3]$,
# which real number must the smallest code stand for? (No range here is 0 wide.)


# %% solution choose_grid
def choose_grid(x, bits=8, symmetric=False, axis=None):
    """(scale, zero_point, qmin, qmax) for the data x; scale and zero_point with one entry a slice
    if axis is given.

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
# ## Is it worth a scale for each row?
#
# Take a matrix whose second row is a hundred times as large as the first. Quantize it per tensor
# and per channel to 4 bits and compare the largest error of each row, in its own scale. Write two
# sentences on who gains, and what it costs.
