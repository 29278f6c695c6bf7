"""Ask the student to write scores of importance and masks.

`assignments` makes the student's copy and the solution from this file.
"""

# %% markdown
# # Importance and masks (剪枝)
#
# You write the pruning rule of the article as it is written. Then you write three scores and two
# kinds of masks that are in common use.
#
# Parameters, gradients (`slopes`), scores and masks are all tuples of four arrays,
# `(W_ih, b_h, W_ho, b_o)`. Biases are treated like weights. A mask is `True` for each parameter
# that is kept. Compute in float64, which is NumPy's default, because your numbers are compared to
# nine digits. Use only NumPy: you cannot import refnn when your work is marked.

# %% code
import numpy as np

# %% markdown
# ## The rule as written (§3.2.2)
#
# $$\theta_p = \theta \setminus \{x \mid R_x < \tau\}$$
#
# Here $R = \partial J/\partial x$ is the importance (参数重要性), and $\tau$ is the threshold
# (剪枝阈值). The rule has no absolute value. Write it as it stands. A pruned parameter becomes
# exactly 0. Before you write: what happens to a parameter whose $R$ is exactly $\tau$, and to one
# whose $R$ is $-100$?


# %% solution prune
def prune(params, R, tau):
    """Return (pruned parameters, mask), each as a tuple of four arrays.

    >>> one = (np.array([[5.0, 6.0]]), np.array([7.0]), np.array([[8.0]]), np.array([9.0]))
    >>> R = (np.array([[0.5, 0.4]]), np.array([-9.0]), np.array([[0.6]]), np.array([0.0]))
    >>> prune(one, R, 0.5)[0][0]
    array([[5., 0.]])
    """
    ### BEGIN SOLUTION
    mask = tuple(~(r < tau) for r in R)
    return tuple(np.where(m, a, 0.0) for a, m in zip(params, mask)), mask
    ### END SOLUTION


# %% check prune

# %% markdown
# ## Scores
#
# Parameters with small scores are pruned first. You are given the gradient of each example,
# $g_n = \partial J_n/\partial\theta$ with $J = \sum_n J_n$. It consists of four arrays, whose first
# axis is the example.
#
# $$\text{magnitude: } |\theta| \qquad
#   \text{first-order Taylor: } \Bigl|\theta \sum_n g_n\Bigr| \qquad
#   \text{Fisher: } \tfrac12\,\theta^2 \sum_n g_n^2$$
#
# Before you write: a weight is $-3$. Is it important? Two examples have the gradients 2 and $-2$.
# Which score notices them?


# %% solution magnitude
def magnitude(params):
    """Return |θ| as a tuple of four arrays.

    >>> one = (np.array([[1.0, -2.0]]), np.array([-3.0]), np.array([[4.0]]), np.array([0.0]))
    >>> magnitude(one)[0]
    array([[1., 2.]])
    """
    ### BEGIN SOLUTION
    return tuple(np.abs(a) for a in params)
    ### END SOLUTION


# %% check magnitude


# %% solution taylor
def taylor(params, slopes):
    """Return |θ·Σg| as a tuple of four arrays.

    The first axis of each array in slopes is the example.

    >>> params = (np.array([[3.0]]), np.array([1.0]), np.array([[1.0]]), np.array([1.0]))
    >>> slopes = tuple(np.stack([2 * a, -5 * a]) for a in map(np.ones_like, params))
    >>> taylor(params, slopes)[0]
    array([[9.]])
    """
    ### BEGIN SOLUTION
    return tuple(np.abs(a * g.sum(axis=0)) for a, g in zip(params, slopes))
    ### END SOLUTION


# %% check taylor


# %% solution fisher
def fisher(params, slopes):
    """Return ½·θ²·Σg² as a tuple of four arrays.

    The first axis of each array in slopes is the example.

    >>> params = (np.array([[3.0]]), np.array([1.0]), np.array([[1.0]]), np.array([1.0]))
    >>> slopes = tuple(np.stack([2 * a, -5 * a]) for a in map(np.ones_like, params))
    >>> fisher(params, slopes)[0]
    array([[130.5]])
    """
    ### BEGIN SOLUTION
    return tuple(a**2 * (g**2).sum(axis=0) / 2 for a, g in zip(params, slopes))
    ### END SOLUTION


# %% check fisher

# %% markdown
# ## Masks
#
# A mask by threshold keeps each score of at least $\tau$. A mask by sparsity removes exactly
# `round(sparsity·n)` of the $n$ scores (with Python's `round`), the lowest first. Of equal scores
# it removes the earlier one first, in the order `W_ih` row by row, `b_h`, `W_ho`, `b_o`.
# `scope="global"` ranks all scores together, and `scope="layer"` ranks each of the four arrays on
# its own.


# %% solution by_threshold
def by_threshold(scores, tau):
    """Return the mask by threshold, as a tuple of four arrays of bool.

    >>> scores = (np.array([[0.5, 0.4]]), np.array([-9.0]), np.array([[0.6]]), np.array([0.0]))
    >>> by_threshold(scores, 0.5)[0]
    array([[ True, False]])
    """
    ### BEGIN SOLUTION
    return tuple(a >= tau for a in scores)
    ### END SOLUTION


# %% check by_threshold


# %% solution by_sparsity
def by_sparsity(scores, sparsity, scope="global"):
    """Return the mask by sparsity, as a tuple of four arrays of bool.

    >>> scores = (np.array([[3.0, 1.0]]), np.array([2.0]), np.array([[1.0]]), np.array([5.0]))
    >>> by_sparsity(scores, 0.4)[0]
    array([[ True, False]])
    """

    ### BEGIN SOLUTION
    def keep(a):
        mask = np.ones(a.size, bool)
        mask[np.argsort(a, axis=None, kind="stable")[: round(sparsity * a.size)]] = False
        return mask.reshape(a.shape)

    if scope == "layer":
        return tuple(keep(a) for a in scores)
    flat = keep(np.concatenate([a.ravel() for a in scores]))
    parts = np.split(flat, np.cumsum([a.size for a in scores])[:-1])
    return tuple(part.reshape(a.shape) for part, a in zip(parts, scores))
    ### END SOLUTION


# %% check by_sparsity

# %% markdown
# ## What the rule prunes
#
# At a minimum of $J$ every gradient is 0. What does the rule of the article leave of a trained
# network with $\tau = 0.5$? Which rule would you use instead, and what does your choice assume?
# Write three sentences.
