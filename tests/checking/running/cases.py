"""Grids, quantizers with their grid inside, and what a report says of a function."""

from fractions import Fraction as F

import numpy as np

from refnn.quantization.affine import QParams


def names(report):
    return {b.name for b in report.behaviours if b.exact}


def broken(report):
    return [p.name for p in report.broken]


ENDS = ((3, 0, 15), (0, -127, 127), (-128, -128, 127), (255, 0, 255), (0, 0, 255), (-1, -2, 1))
GRIDS = [
    QParams(float(scale), *ends)
    for scale in (F(1, 10), F(1, 127), F(7, 2), F(1, 3), F(1, 2), F(1, 51), F(10**9), F(1, 10**12))
    for ends in ENDS
]


def fixed(rule):
    return lambda x: np.clip(rule(x / 0.1) + 3, 0, 15)


def decode(q):
    return (np.asarray(q, float) - 3) * 0.1


def wraps(x):
    return (np.rint(x / 0.1) + 3) % 16


def casts_then_clips(x):
    return np.clip((np.rint(x / 0.1) + 3).astype(np.int32), 0, 15)
