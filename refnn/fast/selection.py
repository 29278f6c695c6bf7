"""All but the lowest scores, without sorting them: the fast form of `masks.without_lowest`."""

import numpy as np

from refnn.fast.blocks import cut

SAMPLE = 2**15  # of more scores than 16 times that, some are looked at first
MARGIN = 2**8  # in the order of the sample, at both sides: three standard deviations at least


def without_lowest(scores, count):
    """Return True but at the `count` lowest along the last axis; of equals the earlier are lower.

    >>> without_lowest(np.array([3, 1, 2, 1]), 1)
    array([ True, False,  True,  True])
    """
    kept = scores.shape[-1] - count
    if kept == 0:
        return np.zeros(scores.shape, bool)
    lowest = lowest_kept(scores, count)
    keep = scores >= lowest
    more = np.count_nonzero(keep, axis=-1, keepdims=True) - kept  # so many equals of it go as well
    if more.any():
        equal = scores == lowest
        keep &= ~equal | (equal.cumsum(axis=-1) > more)
    return keep


def lowest_kept(scores, count):
    """Return entry `count` of the sorted scores, along the last axis, which is kept.

    Of a very long row a sample says between which two scores it lies. If it does, only the scores
    between these are put in order.

    >>> lowest_kept(np.array([[3, 1, 2, 1], [4, 5, 6, 7]]), 2)
    array([[2],
           [6]])
    """
    n = scores.shape[-1]
    if scores.ndim == 1 and n > 16 * SAMPLE:
        sample = np.sort(scores[:: n // SAMPLE])
        place = count * len(sample) // n
        low, high = sample[[max(place - MARGIN, 0), min(place + MARGIN, len(sample) - 1)]]
        below, between = 0, []
        for at in cut(scores.shape):
            block = scores[at]
            from_low = block >= low
            below += block.size - np.count_nonzero(from_low)
            between.append(block[from_low & (block <= high)])
        place = count - below
        between = np.concatenate(between)
        if 0 <= place < len(between):
            return np.partition(between, place)[[place]]
    return np.partition(scores, count, axis=-1)[..., count, None]
