"""One (W, B) that prints codes and decoded values: on the article's tensor, and against a grid of
pairs."""

from fractions import Fraction as F

import numpy as np

from checking.cases import Q10, X10, prints
from refnn import article
from refnn.checking.roundtrip import roundtrip


def test_codes_and_decoded_values_together():
    def tenth(row, sign, half):
        x, q = X10[5 * row : 5 * row + 5], Q10[5 * row : 5 * row + 5]
        d = [F(v) for v in article.TENSORS["W_ih"].x_hat[row]]
        return roundtrip(x, q, [v - half for v in d], [v + half for v in d], 8, sign)

    for sign in "+-":
        assert tenth(0, sign, F(1, 20)) == (9, 0)
        assert tenth(0, sign, F(0)) is None and tenth(1, sign, F(1, 20)) is None
        W, B = tenth(0, sign, F(1, 2 * 10**6))
        s = {"+": 1, "-": -1}[sign]
        assert prints(X10[:5], W, B, 8) == Q10[:5]
        decoded = article.TENSORS["W_ih"].x_hat[0]
        assert all(abs((c + s * B) / W - F(d)) <= F(1, 2 * 10**6) for c, d in zip(Q10[:5], decoded))


def on_a_grid(x, q, low, high, P, s):
    """The (W, B), in eighths within −8..8, that print q and decode to low..high; x in quarters, in
    whole numbers."""
    a, b = np.array([(a, b) for a in range(-64, 65) if a for b in range(-64, 65)]).T
    fits = np.ones(len(a), dtype=bool)
    for v, c, l, h in zip(x, q, low, high):
        decoded = (8 * c + s * b) * np.sign(a)  # of (c + s·B)/W, over |a|
        fits &= (int(4 * v) * a + 4 * b) // 32 % P == c
        fits &= l.numerator * np.abs(a) <= decoded * l.denominator
        fits &= decoded * h.denominator <= h.numerator * np.abs(a)
    return [(F(int(a), 8), F(int(b), 8)) for a, b in zip(a[fits], b[fits])]


def test_roundtrip_against_a_grid_of_pairs(rng):
    """Whatever a fine grid of (W, B) finds, roundtrip finds; what roundtrip finds holds."""
    found = missed = 0
    for _ in range(150):
        n, P = int(rng.integers(1, 4)), int(rng.integers(1, 6))
        x = [F(int(v), 4) for v in rng.integers(-6, 7, n)]
        sign = str(rng.choice(["+", "-"]))
        s = {"+": 1, "-": -1}[sign]
        W0 = F(int(rng.integers(1, 25)) * int(rng.choice([-1, 1])), 4)
        B0 = F(int(rng.integers(-20, 21)), 4)
        q = prints(x, W0, B0, P) if rng.random() < 0.7 else [int(v) for v in rng.integers(0, P, n)]
        half = F(int(rng.integers(0, 3)), 4)
        d = [(c + s * B0) / W0 for c in q]
        if rng.random() >= 0.7:
            d = [F(int(v), 4) for v in rng.integers(-8, 9, n)]
        low, high = [v - half for v in d], [v + half for v in d]
        pair = roundtrip(x, q, low, high, P, sign)
        if pair:
            W, B = pair
            assert prints(x, W, B, P) == q
            assert all(l <= (c + s * B) / W <= h for l, h, c in zip(low, high, q))
            found += 1
        else:
            fits = on_a_grid(x, q, low, high, P, s)
            assert not fits, (x, q, low, high, P, sign, fits)
            missed += 1
    assert found > 50 and missed > 20
