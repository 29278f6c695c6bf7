"""Assignment: the network and its gradients.

The source of the student's copy and of the solution: see `assignments`.
"""

# %% markdown
# # The network and its gradients
#
# You write the network 10-5-1 of the article: what it computes, what it loses, and how the loss
# changes with each of its 61 parameters. Everything in quantization and pruning starts here. You
# need NumPy and the chain rule.
#
# Four arrays are the parameters: `W_ih` (hidden, inputs), `b_h` (hidden,), `W_ho` (outputs,
# hidden), `b_o` (outputs,). They travel as one tuple, `params = (W_ih, b_h, W_ho, b_o)`. Row $i$ of
# `X` is one example. Work with NumPy alone: where your work is marked, refnn cannot be imported.

# %% code
import numpy as np

# %% markdown
# ## Forward (前向传播)
#
# $$z_h = X W_{ih}^\top + b_h \qquad h = f(z_h) \qquad \hat y = h\,W_{ho}^\top + b_o$$
#
# `activation` is `"tanh"` or `"relu"`, $\max(z, 0)$. Before you write: for `X` of shape (7, 10),
# which shapes have $z_h$ and $\hat y$?


# %% solution forward
def forward(params, X, activation="tanh"):
    """(z_h, h, y_hat) of every row of X, of shapes (N, hidden), (N, hidden), (N, outputs).

    >>> params = np.array([[1.0, 2.0]]), np.array([3.0]), np.array([[2.0]]), np.array([1.0])
    >>> forward(params, np.array([[10.0, 20.0]]), "relu")[2]
    array([[107.]])
    """
    ### BEGIN SOLUTION
    W_ih, b_h, W_ho, b_o = params
    z_h = X @ W_ih.T + b_h
    h = np.tanh(z_h) if activation == "tanh" else np.maximum(z_h, 0)
    return z_h, h, h @ W_ho.T + b_o
    ### END SOLUTION


# %% check forward

# %% markdown
# ## The loss (损失函数)
#
# $$J = \tfrac12 \sum \lVert y - \hat y\rVert^2$$
#
# as §4.2.1 of the article writes it: the sum over all examples and outputs, with its half.


# %% solution loss
def loss(y_hat, y):
    """J, one number.

    >>> float(loss(np.array([[1.0], [4.0]]), np.array([[3.0], [3.0]])))
    2.5
    """
    ### BEGIN SOLUTION
    return ((y_hat - y) ** 2).sum() / 2
    ### END SOLUTION


# %% check loss

# %% markdown
# ## Backward (反向传播)
#
# $$\frac{\partial J}{\partial \hat y} = \hat y - y \qquad
#   \frac{\partial J}{\partial z_h} = \Bigl(\frac{\partial J}{\partial \hat y} W_{ho}\Bigr)
#   \circ f'(z_h)$$
#
# A weight's slope is what flows into it times what flows back, summed over the examples; a bias is
# a weight whose input is 1. The slope of ReLU at 0 is 0. Before you write: which shape has
# $\partial J/\partial W_{ih}$?


# %% solution backward
def backward(params, X, y, activation="tanh"):
    """(dW_ih, db_h, dW_ho, db_o), each of the shape of its parameter.

    >>> params = np.array([[1.0, 2.0]]), np.array([3.0]), np.array([[2.0]]), np.array([1.0])
    >>> backward(params, np.array([[10.0, 20.0]]), np.array([[100.0]]), "relu")[0]
    array([[140., 280.]])
    """
    ### BEGIN SOLUTION
    _, _, W_ho, _ = params
    z_h, h, y_hat = forward(params, X, activation)
    slope = 1 - h * h if activation == "tanh" else (z_h > 0) * 1.0
    dy = y_hat - y
    dz = (dy @ W_ho) * slope
    return dz.T @ X, dz.sum(axis=0), dy.T @ h, dy.sum(axis=0)
    ### END SOLUTION


# %% check backward

# %% markdown
# ## A slope that you can measure
#
# Move one parameter by a little to either side and compare $(J(\theta + \epsilon) - J(\theta -
# \epsilon))/2\epsilon$ with your gradient. With $\epsilon = 10^{-5}$, how many digits do you expect
# to agree, and why not all? Write two sentences.
