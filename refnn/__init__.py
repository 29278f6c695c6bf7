"""refnn: a reference, in NumPy, for neural-network quantization and pruning, on a network of 61
parameters."""

__version__ = "0.1.0"
