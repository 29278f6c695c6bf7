"""The inverse of a matrix that loses a row and a column: the step of Optimal Brain Surgeon, and of rounding like it."""

import numpy as np

from refnn import arrays


def inverse_without(inverse, i):
    """Given H⁻¹, the inverse of H without row and column i, its entries in their old places, 0 in row and column i:

        H⁻¹ − H⁻¹[:, i]·H⁻¹[i, :] / H⁻¹[i, i]        (Hassibi & Stork 1993; used by OBS and OBQ)

    inverse (…, n, n); i one position, or one for each matrix of the stack.

    >>> inverse_without(np.linalg.inv([[2.0, 1.0], [1.0, 4.0]]), 1)
    array([[0.5, 0. ],
           [0. , 0. ]])
    """
    A = arrays.numbers("inverse_without", "inverse", inverse)
    if A.ndim < 2 or A.shape[-1] != A.shape[-2]:
        arrays.refuse("inverse_without", "inverse", "of shape (…, n, n)", f"shape {A.shape}")
    i = arrays.integers("inverse_without", "i", i)
    if i.shape not in ((), A.shape[:-2]) or ((i < 0) | (i >= A.shape[-1])).any():
        arrays.refuse("inverse_without", "i", f"a position from 0 to {A.shape[-1] - 1}", arrays.describe(i))
    at = np.broadcast_to(i, A.shape[:-2])[..., None, None]
    column, row = np.take_along_axis(A, at, -1), np.take_along_axis(A, at, -2)     # (…, n, 1) and (…, 1, n)
    pivot = np.take_along_axis(column, at, -2)                                     # (…, 1, 1)
    if (pivot == 0).any():
        arrays.refuse("inverse_without", "inverse", "with a diagonal entry other than 0 at i", "0")
    gone = (np.arange(A.shape[-1]) == at[..., 0])                                  # (…, n)
    return np.where(gone[..., None] | gone[..., None, :], A.dtype.type(0), A - column * row / pivot)
