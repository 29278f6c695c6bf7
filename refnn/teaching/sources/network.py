"""Ask the student to write the network, its loss and its gradients.

`assignments` makes the student's copy and the solution from this file.
"""

# %% markdown
# # The network and its gradients
#
# You write the 10-5-1 network of the article: its output, its loss, and how the loss changes with
# each of its 61 parameters. Quantization and pruning build on this. You need NumPy and the chain
# rule.
#
# The parameters are four arrays: `W_ih` has the shape (hidden, inputs), `b_h` (hidden,), `W_ho`
# (outputs, hidden), and `b_o` (outputs,). They are passed as one tuple,
# `params = (W_ih, b_h, W_ho, b_o)`. Each row of `X` is one example. Compute in float64, which is
# NumPy's default, because your numbers are compared to nine digits. Use only NumPy: you cannot
# import refnn when your work is marked.

# %% code
import numpy as np

# %% markdown
# ## Forward (前向传播)
#
# $$z_h = X W_{ih}^\top + b_h \qquad h = f(z_h) \qquad \hat y = h\,W_{ho}^\top + b_o$$
#
# `activation` is `"tanh"` or `"relu"`, which is $\max(z, 0)$. Before you write: if `X` has the
# shape (7, 10), which shapes do $z_h$ and $\hat y$ have?


# %% solution forward
def forward(params, X, activation="tanh"):
    """Return (z_h, h, y_hat) for all rows of X.

    Their shapes are (N, hidden), (N, hidden), (N, outputs).

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
# This is the loss of §4.2.1 of the article: one half of the sum over all examples and outputs.


# %% solution loss
def loss(y_hat, y):
    """Return the loss J as one number.

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
# The gradient of a weight is its input times the error at its output, summed over the examples. A
# bias is a weight whose input is 1. The derivative of ReLU at 0 is taken as 0. Before you write:
# which shape does $\partial J/\partial W_{ih}$ have?


# %% solution backward
def backward(params, X, y, activation="tanh"):
    """Return (dW_ih, db_h, dW_ho, db_o), each with the shape of its parameter.

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
# ## A gradient that you can measure
#
# Change one parameter by a small amount in both directions. Compare $(J(\theta + \epsilon) -
# J(\theta - \epsilon))/2\epsilon$ with your gradient. How many digits do you expect to agree with
# $\epsilon = 10^{-5}$, and why not all of them? Write two sentences.
