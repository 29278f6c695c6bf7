"""This module finds all but the lowest scores without sorting, for `masks.without_lowest`."""

import numpy as np

from refnn.fast.blocks import cut

SAMPLE = 2**15  # size of the sample that is sorted first, if there are over 16 times as many scores
MARGIN = 2**8  # places to each side in the sorted sample, at least 2.8 standard deviations


def without_lowest(scores, count):
    """Return an array that is False at the `count` lowest scores along the last axis, else True.

    If scores are equal, the earlier ones are removed first.

    >>> without_lowest(np.array([3, 1, 2, 1]), 1)
    array([ True, False,  True,  True])
    """
    kept = scores.shape[-1] - count
    if kept == 0:
        return np.zeros(scores.shape, bool)
    lowest = lowest_kept(scores, count)
    keep = scores >= lowest
    more = np.count_nonzero(keep, axis=-1, keepdims=True) - kept  # how many ties must go too
    if more.any():
        equal = scores == lowest
        keep &= ~equal | (equal.cumsum(axis=-1) > more)
    return keep


def lowest_kept(scores, count):
    """Return the lowest score that is kept if `count` are removed, along the last axis.

    This is entry `count` of the sorted scores. For a very long row, a sorted sample gives two
    scores between which that entry very probably lies. If it does, only the scores between these
    two need to be ordered.

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
