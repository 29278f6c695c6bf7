"""How much a parameter matters: scores to rank by, of the shape of the network. Small = prune first.

Every criterion is called as criterion(params, X, y, activation="tanh") and takes one network or a stack, so that
one can stand for another; J = ½ Σ ‖y − ŷ‖², summed over the examples. The article's signed R is as_written.importance.
"""

import numpy as np

from refnn import arrays, network
from refnn.network import Params


def magnitude(params, X=None, y=None, activation="tanh"):
    """|θ|: the size alone (Janowsky 1989; Han et al. 2015); needs no data, and assumes that all have one unit.

    >>> magnitude(Params([[1.0, -2.0]], [-3.0], [[4.0]], [0.0])).flatten()
    array([1., 2., 3., 4., 0.])
    """
    arrays.choice("magnitude", "activation", activation, tuple(network.ACTIVATIONS))
    data = () if X is None and y is None else (X, y)
    params = network.checked("magnitude", params, *data, activation="identity", complex_=False)[0]
    return Params(*(np.abs(a) for a in params.arrays()))


def gradient(params, X, y, activation="tanh"):
    """|∂J/∂θ|: the article's R without its sign; how steep J is, not what deletion costs. 0 for all at a minimum.

    >>> gradient(Params([[1, 2]], [3], [[2]], [1]), [[10, 20]], [[100]], "relu").b_o
    array([7.])
    """
    params, X, y = network.checked("gradient", params, X, y, activation, complex_=False)
    return Params(*(np.abs(g) for g in network.backpropagate(params, X, y, activation).arrays()))


@np.errstate(all="ignore")
def taylor(params, X, y, activation="tanh"):
    """|∂J/∂θ · θ|: the first-order change of J on deletion, −g·θ, without its sign (Mozer & Smolensky 1989).

    Molchanov et al. (2017) revived it; it assumes that J is straight from θ to 0.

    >>> taylor(Params([[1, -2]], [3], [[2]], [1]), [[10, 20]], [[100]], "identity").flatten()
    array([ 3060., 12240.,   918.,  8262.,   153.])
    """
    params, X, y = network.checked("taylor", params, X, y, activation, complex_=False)
    g = network.backpropagate(params, X, y, activation)
    return Params(*(np.abs(a * b) for a, b in zip(g.arrays(), params.arrays())))
