"""Quantizers whose grid comes from their data: as people publish them (formulas only, retold),
right ones in several arithmetics, and wrong ones."""

from collections import namedtuple

import numpy as np

# --- four that were published, each with a mistake ---


def cast_before_clip(x):
    s = (x.max() - x.min()) / 255
    z = np.clip(np.round(-128 - x.min() / s), -128, 127)
    return np.clip(np.round(x / s + z).astype(np.int8), -128, 127)


def zero_not_in_range(x):
    s = (x.max() - x.min()) / 255
    z = int(np.clip(np.round(0 - x.min() / s), 0, 255))
    return np.clip(np.round(x / s) + z, 0, 255).astype(np.uint8)


def no_zero_point(x):
    s = (x.max() - x.min()) / 255
    return np.clip(np.round(x / s), -128, 127).astype(np.int8)


def zero_point_truncated(x):
    low, high = min(x.min(), 0), max(x.max(), 0)
    s = (high - low) / 255
    z = int(-128 - low / s)
    return np.clip(np.round(x / s) + z, -128, 127).astype(np.int8), s, z


PUBLISHED = {  # what is named, and the smallest tensor that shows it
    cast_before_clip: ({"cast_before_clip"}, (-3, 3)),
    zero_not_in_range: ({"zero_not_in_range"}, (-3, -2)),
    no_zero_point: ({"zero_point_forgotten"}, (-3, 0)),
    zero_point_truncated: ({"zero_point_toward_zero"}, (-2, 0.2)),
}

# --- right ones ---

Quantized = namedtuple("Quantized", "scale zero_point q")


def ends(x):
    return min(x.min(), 0), max(x.max(), 0)


def asymmetric(bits=8, signed=False, dtype=np.float64, inverse=False, tiny=0.0):
    """ONNX's rule, in an arithmetic and an order of its own."""
    qmin = -(2 ** (bits - 1)) if signed else 0
    qmax = qmin + 2**bits - 1

    def quantize(x):
        x = np.asarray(x, dtype)
        low, high = ends(x)
        s = dtype(max((high - low) / dtype(qmax - qmin), tiny)) or dtype(1)
        z = np.clip(np.rint(qmin - low / s), qmin, qmax)
        k = x * (dtype(1) / s) if inverse else x / s
        return np.clip(np.rint(k) + z, qmin, qmax).astype(np.int64)

    return quantize


def symmetric(divisor, qmin=-127, qmax=127, dtype=np.float64, rule=np.rint):
    def quantize(x):
        x = np.asarray(x, dtype)
        s = np.abs(x).max() / dtype(divisor) or dtype(1)
        return np.clip(rule(x / s), qmin, qmax).astype(np.int16)

    return quantize


def added_epsilon(x):
    low, high = ends(x)
    s = (high - low) / 255 + 1e-8
    z = round(-low / s)
    return np.clip(np.rint(x / s) + z, 0, 255).astype(np.uint8)


def half_away(k):
    return np.sign(k) * np.floor(np.abs(k) + 0.5)


def gemmlowp(x):
    low, high = ends(x)
    s = (high - low) / 255
    z = half_away(np.clip(-low / s, 0, 255))
    return np.clip(half_away(x / s + z), 0, 255).astype(np.uint8)


def torch_like(x):
    """float32 throughout, as MinMaxObserver and quantize_per_tensor."""
    x = np.asarray(x, np.float32)
    low, high = ends(x)
    s = max((high - low) / np.float32(255), np.finfo(np.float32).eps)
    z = int(np.clip(-128 - np.rint(low / s), -128, 127))
    q = np.clip(np.rint(x * (np.float32(1) / s) + np.float32(z)), -128, 127)
    return q.astype(np.int8), s, z


def rowwise(x):
    x = np.asarray(x, float)
    m = np.abs(x).max(axis=-1, keepdims=True)
    return np.rint(x / np.where(m == 0, 1, m) * 127).astype(np.int8)


def rows_only(x):
    m = np.abs(x).max(axis=1, keepdims=True)
    return np.rint(x / np.where(m == 0, 1, m) * 127).astype(np.int8)


def with_a_dict(x):
    q = asymmetric()(x)
    low, high = ends(x)
    s = (high - low) / 255 or 1.0
    return {"q": q, "zero_point": np.array(round(-low / s)), "scale": np.array(s)}


def in_another_order(x):
    found = with_a_dict(x)
    return Quantized(found["scale"], found["zero_point"], found["q"])


def plain_loop(x):
    low, high = ends(x)
    s = (high - low) / 15 or 1.0
    z = round(-8 - low / s)
    flat = [min(max(round(float(v) / s) + z, -8), 7) for v in np.ravel(x)]
    return np.reshape(flat, np.shape(x))


RIGHT = {
    "ONNX, float64": (asymmetric(), "ONNX, uint8"),
    "ONNX, x*(1/s)": (asymmetric(inverse=True), "ONNX, uint8"),
    "ONNX, float32": (asymmetric(dtype=np.float32), "ONNX, uint8"),
    "ONNX, int8, float32, x*(1/s)": (asymmetric(8, True, np.float32, True), "ONNX, int8"),
    "2 bits": (asymmetric(2), "ONNX, uint8"),
    "3 bits, signed": (asymmetric(3, True), "ONNX, int8"),
    "12 bits, float32": (asymmetric(12, True, np.float32), "ONNX, int8"),
    "16 bits": (asymmetric(16, False), "ONNX, uint8"),
    "an epsilon in the scale": (added_epsilon, "ONNX, uint8"),
    "a least scale": (asymmetric(tiny=1e-8), "ONNX, uint8"),
    "gemmlowp": (gemmlowp, "gemmlowp"),
    "float32 as PyTorch": (torch_like, "PyTorch quantize_per_tensor, qint8"),
    "absmax / 127": (symmetric(127), "symmetric by 2^(b−1) − 1"),
    "absmax / 127, float32": (symmetric(127, dtype=np.float32), "symmetric by 2^(b−1) − 1"),
    "absmax / 127, away": (symmetric(127, rule=half_away), "TFLite weights, int8"),
    "absmax / 128": (symmetric(128, -128), "symmetric by 2^(b−1)"),
    "absmax / 127.5": (symmetric(127.5, -128), "PyTorch symmetric, qint8"),
    "4 bits, absmax / 7": (symmetric(7, -7, 7), "symmetric by 2^(b−1) − 1"),
    "rows": (rowwise, "symmetric by 2^(b−1) − 1"),
    "rows alone": (rows_only, "symmetric by 2^(b−1) − 1"),
    "a dict": (with_a_dict, "ONNX, uint8"),
    "a named tuple": (in_another_order, "ONNX, uint8"),
    "a plain loop, 4 bits": (plain_loop, "ONNX, int8"),
}

# --- wrong ones ---


def changed(scale=None, point=None, code=None, signed=True, cast=None):
    """ONNX's rule with one part of it replaced."""

    def quantize(x):
        low, high = ends(x)
        qmin, qmax = (-128, 127) if signed else (0, 255)
        s = (scale or (lambda x, low, high: (high - low) / 255))(x, low, high)
        z = (point or (lambda low, high, s, qmin: np.rint(qmin - low / s)))(low, high, s, qmin)
        q = (code or (lambda k, z: np.rint(k) + z))(x / s, z)
        return (q if cast == "none" else np.clip(q, qmin, qmax)).astype(np.int64)

    return quantize


def of_absmax(scale):
    return lambda x: np.clip(np.rint(x / scale(x)), -127, 127).astype(np.int8)


WRONG = {  # function, what is named (an empty set: nothing, but a tensor shows that it is broken)
    "the largest x, without abs": (of_absmax(lambda x: x.max() / 127), {"symmetric_without_abs"}),
    "the mean for the largest": (of_absmax(lambda x: np.abs(x).mean() / 127), set()),
    "2^b for 2^b − 1": (
        changed(scale=lambda x, low, high: (high - low) / 256),
        {"levels_for_steps"},
    ),
    "qmin forgotten": (
        changed(point=lambda low, high, s, qmin: np.rint(-low / s)),
        {"qmin_forgotten_in_zero_point"},
    ),
    "floor for round": (changed(code=lambda k, z: np.floor(k) + z), {"floor_for_round"}),
    "truncation": (changed(code=lambda k, z: np.trunc(k) + z), {"truncate_for_round"}),
    "half up": (changed(code=lambda k, z: np.floor(k + 0.5) + z), {"half_up_for_half_even"}),
    "the zero point not rounded": (
        changed(point=lambda low, high, s, qmin: qmin - low / s, code=lambda k, z: np.rint(k + z)),
        {"zero_point_not_rounded", "round_after_adding"},
    ),
    "the zero point added twice": (
        changed(code=lambda k, z: np.rint(k) + 2 * z),
        {"zero_point_added_twice"},
    ),
    "subtracted": (changed(code=lambda k, z: np.rint(k) - z), {"minus_zero_point"}),
    "int8 before clip": (
        lambda x: np.clip(
            np.rint(x / (np.abs(x).max() / 128)).astype(np.int64).astype(np.int8), -128, 127
        ),
        {"cast_before_clip"},
    ),
    "floor and truncation": (
        changed(
            point=lambda low, high, s, qmin: np.trunc(qmin - low / s),
            code=lambda k, z: np.floor(k) + z,
        ),
        {"zero_point_toward_zero", "floor_for_round"},
    ),
    "the other end": (
        changed(point=lambda low, high, s, qmin: np.rint(127 + low / s)),
        {"zero_point_from_the_other_end"},
    ),
}
