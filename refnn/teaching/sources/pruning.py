"""Assignment: importance and masks.

The source of the student's copy and of the solution: see `assignments`.
"""

# %% markdown
# # Importance and masks (剪枝)
#
# You write the pruning rule of the article, as it is written, and then three scores and two masks
# that the field uses.
#
# Parameters, slopes, scores and masks are all tuples of four arrays, `(W_ih, b_h, W_ho, b_o)`;
# biases take part. A mask is `True` for what is kept. Work with NumPy alone: where your work is
# marked, refnn cannot be imported.

# %% code
import numpy as np

# %% markdown
# ## The rule as written (§3.2.2)
#
# $$\theta_p = \theta \setminus \{x \mid R_x < \tau\}$$
#
# with the importance (参数重要性) $R = \partial J/\partial x$ and the threshold (剪枝阈值) $\tau$.
# The rule has no absolute value: write it as it stands. What is pruned becomes exactly 0. Before
# you write: what happens to a parameter whose $R$ is exactly $\tau$, and to one whose $R$ is
# $-100$?


# %% solution prune
def prune(params, R, tau):
    """(pruned parameters, mask), each a tuple of four arrays.

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
# Small means: prune first. You are given the slope of each example, $g_n = \partial
# J_n/\partial\theta$ with $J = \sum_n J_n$: four arrays with one leading axis for the examples.
#
# $$\text{magnitude: } |\theta| \qquad
#   \text{first-order Taylor: } \Bigl|\theta \sum_n g_n\Bigr| \qquad
#   \text{Fisher: } \tfrac12\,\theta^2 \sum_n g_n^2$$
#
# Before you write: a weight is $-3$. Is it important? Two examples have the slopes 2 and $-2$:
# which score sees them?


# %% solution magnitude
def magnitude(params):
    """|θ|, a tuple of four arrays.

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
    """|θ·Σg|, a tuple of four arrays; slopes has one leading axis, the examples.

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
    """½·θ²·Σg², a tuple of four arrays.

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
# By a threshold: keep a score of at least $\tau$. By sparsity: remove exactly `round(sparsity·n)`
# of the $n$ scores (Python's `round`), the lowest first; of equal scores the earlier, in the order
# `W_ih` row by row, `b_h`, `W_ho`, `b_o`. `scope="global"` ranks all scores together,
# `scope="layer"` each of the four arrays on its own.


# %% solution by_threshold
def by_threshold(scores, tau):
    """A mask, a tuple of four arrays of bool.

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
    """A mask, a tuple of four arrays of bool.

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
# At a minimum of $J$ every slope is 0. What does the rule of the article leave of a trained network
# with $\tau = 0.5$? What would you take instead, and what does your choice assume? Write three
# sentences.
