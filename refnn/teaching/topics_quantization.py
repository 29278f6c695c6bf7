"""List the worksheet topics on quantization.

They are §3.1 of the article as written, rounding, the affine map, the choice of scale and zero
point, integer arithmetic, and misprints. Numbers are drawn in quarters of a grid step, so that ties
and negative numbers always occur, and are then converted to real numbers.
"""

from fractions import Fraction as F

import numpy as np

from refnn.checking.catalogue.formulas import CHOOSE, Recipe
from refnn.checking.solver import solve
from refnn.teaching.draws import one_of, quarters, shuffled, whole
from refnn.teaching.question import Step, Topic, fractions

HALF = F(1, 2)
VERY_LARGE = 10**10  # beyond int32, so that a cast before the clip shows


# --- §3.1 as written ------------------------------------------------------------------------------


def _quantize(rng):
    W, B = F(one_of(rng, 2, 4, 5, 10)), whole(rng, 1, 3)
    ties = [-whole(rng, 1, 3) - HALF, 2 * whole(rng, 0, 2) + 1 + HALF]
    others = [whole(rng, 1, 6) + F(3, 4), 7 + F(1, 4), whole(rng, 8, 13) + F(1, 4)]
    shifted = shuffled(rng, [*ties, *others, quarters(rng, 0, 6)])
    return {"x": fractions([(u - B) / W for u in shifted]), "W": W, "B": B, "P": 8}


def _dequantize(rng):
    W, B = F(one_of(rng, 2, 4, 5, 10)), whole(rng, 2, 5)
    q = [0, *rng.choice(np.arange(1, 8), 4, replace=False)]
    return {"q": np.array(q, np.uint8), "W": W, "B": B}


def _min_max(rng):
    W, low = F(one_of(rng, 2, 4, 5, 10)), -whole(rng, 4, 11) / 4
    inner = [2 * whole(rng, 0, 2) + 1 + HALF, whole(rng, 1, 5) + F(3, 4), quarters(rng, 1, 6)]
    return {"x": fractions([low + u / W for u in shuffled(rng, [F(0), F(7), *inner])]), "P": 8}


# --- what the field does --------------------------------------------------------------------------


def _rounding(rng):
    even, odd = 2 * whole(rng, 0, 2), 2 * whole(rng, 0, 2) + 1
    ties = [even + HALF, -odd - HALF, -2 * whole(rng, 1, 3) - HALF]
    values = [*ties, -quarters(rng, 0, 4), quarters(rng, 0, 4)]
    return {"x": fractions(shuffled(rng, values))}


def _affine(rng):
    scale, zero_point = one_of(rng, F(1, 5), F(1, 4), F(2, 5), F(1, 2)), one_of(rng, 3, 5, 7)
    ties = [-2 * whole(rng, 0, 1) - HALF, 2 * whole(rng, 0, 2) + HALF]
    ties.append(2 * whole(rng, 0, 2) + 1 + HALF)
    others = [-whole(rng, 0, 2) - F(3, 4), whole(rng, 1, 4) + F(3, 4)]
    steps = shuffled(rng, [*ties, *others, 16 - zero_point + whole(rng, 0, 5)])
    x = fractions([*(u * scale for u in steps), VERY_LARGE])
    return {"x": x, "scale": scale, "zero_point": zero_point, "qmin": 0, "qmax": 15}


def _own_codes(given, earlier):
    """Return the arguments for a student's own codes, on a grid wide enough for them.

    A student who does not saturate may have the code 18, for example.
    """
    q = [int(v) for v in earlier[0]]
    if q != list(earlier[0]):
        raise ValueError("codes must be whole numbers")
    ends = {"qmin": min(given["qmin"], *q), "qmax": max(given["qmax"], *q)}
    return {**given, "q": fractions(q), **ends}


def _choose(rng):
    scales = [one_of(rng, F(1, 10), F(1, 5), F(1, 4), F(1, 2)) for _ in range(3)]
    below = whole(rng, 2, 6) + F(3, 4)  # steps from min to 0
    two = [-below, 15 - below, whole(rng, 1, 6), -whole(rng, 1, 2)]
    one = [F(15), whole(rng, 3, 6), whole(rng, 7, 13)]
    symmetric = [F(-7), whole(rng, 2, 5), whole(rng, -5, -1)]
    drawn = zip("xyz", (two, one, symmetric), scales)
    return {name: fractions([u * s for u in shuffled(rng, steps)]) for name, steps, s in drawn}


def _chosen(call, given):
    kinds = {"x": (4,), "y": (4,), "z": (4, True, True)}
    chosen = {name: call(CHOOSE)(given[name], *kind) for name, kind in kinds.items()}
    return {name: [p.scale, p.zero_point] for name, p in chosen.items()}


def _requantize(rng):
    """Draw accumulators, their multiplier and shift, and the grid of their codes.

    One accumulator gives a negative tie in the shift. Another gets a different code if it is
    rounded only once.
    """
    eighths, shift, zero_point = one_of(rng, 4, 5, 6), one_of(rng, 1, 2), one_of(rng, 1, 3, 5)
    # After both roundings, `beyond` plus zero_point exceeds qmax
    beyond = 16 - zero_point + int(rng.integers(0, 4))
    unit, half = 2**shift, 2 ** (shift - 1)
    while True:
        low, high = (-rng.integers(1, 30, 2)).tolist(), rng.integers(1, 30, 3).tolist()
        tie = any((a * eighths + 4) // 8 % unit == half for a in low)
        twice = [((a * eighths + 4) // 8 + half) // unit for a in high]
        if tie and twice != [(a * eighths + 8 * half) // (8 * unit) for a in high]:
            break
    accumulator = shuffled(rng, [*low, *high, -(-beyond * 8 * unit // eighths)])
    multiplier = {"multiplier": eighths * 2**28, "eighths": F(eighths, 8), "shift": shift}
    grid = {"zero_point": zero_point, "qmin": 0, "qmax": 15}
    return {"accumulator": np.array(accumulator), **multiplier, **grid}


# --- errata ---------------------------------------------------------------------------------------


def _errata(rng):
    """Draw the codes of six equally spaced x, and move one inner code by three or four.

    If any other entry is dropped, no W fits: a step next to the moved code and a step elsewhere
    still differ too much.
    """
    P, start, t = 8, F(int(rng.integers(0, 32)), 4), F(int(rng.integers(5, 28)), 4)
    q, wrong = [int(np.floor(start + i * t)) % P for i in range(6)], int(rng.integers(1, 5))
    q[wrong] = (q[wrong] + one_of(rng, 3, 4)) % P
    return {"x": fractions([F(i + 1, 10) for i in range(6)]), "q": q, "P": P, "wrong": wrong}


def _odd_one(call, given):
    """Find the entry without which some W and B print the other codes.

    The moved entry is tried first. A proof that no other entry fits would take ten times as long;
    the tests contain it.
    """
    x, q, P = list(given["x"]), given["q"], given["P"]
    order = sorted(range(len(q)), key=lambda i: i != given["wrong"])
    fits = (i for i in order if solve(x[:i] + x[i + 1 :], q[:i] + q[i + 1 :], P).feasible)
    return {"entry": next(fits) + 1}


# fmt: off
TOPICS = (
    Topic(
        "quantize", {"en": "Codes, as written (§3.1.1)", "zh": "参数量化（原文公式，§3.1.1）"},
        _quantize,
        {"en": "Q(x) = ⌊x·W + B⌋ mod P with W = {W}, B = {B}, P = {P}. x = {x}.",
         "zh": "Q(x) = ⌊x·W + B⌋ mod P，其中 W = {W}，B = {B}，P = {P}。x = {x}。"},
        (Step(6, "written.quantize",
              {"en": "Write the six codes in the order of x.",
               "zh": "按 x 的顺序写出六个编码。"}),)),
    Topic(
        "dequantize",
        {"en": "Decoding, as written and corrected (§3.1.2)",
         "zh": "权重调整：原文与更正（§3.1.2）"},
        _dequantize,
        {"en": "Codes q = {q} were made with W = {W} codes per real unit and offset B = {B}.",
         "zh": "编码 q = {q} 由缩放因子 W = {W}（每单位实数的编码数）和偏移量 B = {B} 得到。"},
        (Step(5, "written.dequantize",
              {"en": "Decode the codes by the printed formula, (q + B)/W.",
               "zh": "按原文公式 (q + B)/W 解码。"}),
         Step(5, "dequantize",
              {"en": "Decode them correctly. The scale is 1/W, and B is the code of 0.",
               "zh": "正确的解码值：步长（scale）为 1/W，B 是 0 的编码。"},
              lambda g, e: {"q": g["q"], "scale": 1 / g["W"], "zero_point": int(g["B"]),
                            "qmin": 0, "qmax": 7}),
         Step(1, Recipe(lambda call, given: {"difference": given["printed"] - given["right"]}, ()),
              {"en": "By how much is the printed formula's first value too large?",
               "zh": "原文公式得到的第一个值大了多少？"},
              lambda g, e: {"printed": e[0][0], "right": e[1][0]}))),
    Topic(
        "min_max",
        {"en": "W and B from the data, then the codes", "zh": "由数据求 W 与 B，再求编码"},
        _min_max,
        {"en": "The smallest x gets the code 0, and the largest gets the code P - 1. P = {P}. "
               "x = {x}.",
         "zh": "最小的 x 得编码 0，最大的 x 得编码 P - 1，P = {P}。x = {x}。"},
        (Step(2, "written.min_max", {"en": "Compute W and B.", "zh": "W，B。"}),
         Step(5, "written.quantize",
              {"en": "Compute the codes ⌊x·W + B⌋ mod P with your W and B.",
               "zh": "用你求得的 W 和 B 计算编码 ⌊x·W + B⌋ mod P。"},
              lambda g, e: {**g, "W": e[0][0], "B": e[0][1]},
              same={"clip_for_mod": "", "remainder_of_C": ""}))),
    Topic(
        "rounding", {"en": "Rounding to the nearest", "zh": "舍入到最近的整数"}, _rounding,
        {"en": "x = {x}.", "zh": "x = {x}。"},
        (Step(5, "rounding.half_even",
              {"en": "Round x to the nearest whole numbers. Halves go to the even number.",
               "zh": "四舍六入，恰为一半时取偶数。"}),
         Step(5, "rounding.half_away",
              {"en": "Round x to the nearest whole numbers. Halves go away from zero.",
               "zh": "恰为一半时远离零舍入。"}))),
    Topic(
        "affine", {"en": "The affine map: quantize and decode", "zh": "仿射量化与反量化"}, _affine,
        {"en": "scale = {scale} (real units per code), zero_point = {zero_point}, codes "
               "{qmin}..{qmax}. Halves are rounded to the even number. Codes outside the range "
               "saturate, which means that they become its nearest end. x = {x}.",
         "zh": "步长 scale = {scale}（每个编码对应的实数单位），零点 zero_point = {zero_point}，"
               "编码范围 {qmin}..{qmax}，恰为一半时取偶数，超出范围时取端点。x = {x}。"},
        (Step(7, "quantize", {"en": "Write the seven codes.", "zh": "七个编码。"}),
         Step(7, "dequantize",
              {"en": "Decode your codes.", "zh": "把你的编码解码。"}, _own_codes))),
    Topic(
        "choose_qparams", {"en": "Scale and zero point", "zh": "步长与零点"}, _choose,
        {"en": "x = {x}. y = {y}. z = {z}. Asymmetric: the codes are -8..7. The range goes from "
               "the smallest to the largest number and always contains 0. Its ends get the first "
               "and the last code. zero_point is the code of 0, rounded to the nearest whole "
               "number. Symmetric: the codes are -7..7, zero_point is 0, and the largest "
               "magnitude gets the code 7 or -7.",
         "zh": "x = {x}。y = {y}。z = {z}。非对称：编码为 -8..7，范围从最小值到最大值，"
               "且总是包含 0；两端对应第一个和最后一个编码；zero_point 是 0 的编码，"
               "舍入到最近的整数。对称：编码为 -7..7，zero_point 为 0，"
               "绝对值最大的数对应编码 7 或 -7。"},
        (Step(6, Recipe(_chosen, (CHOOSE,)),
              {"en": "Write scale (real units per code) and zero_point of x (asymmetric), then of "
                     "y (asymmetric), then of z (symmetric).",
               "zh": "依次写出 x（非对称）、y（非对称）和 z（对称）的 "
                     "scale（每个编码对应的实数单位）与 zero_point。"},
              # This question has no axis and no calibration
              same={"per_tensor_for_per_channel": "", "wrong_axis": "",
                    "percentile_of_the_range": "", "calibration_ignored": ""}),)),
    Topic(
        "requantize", {"en": "Requantize with integers only", "zh": "只用整数"}, _requantize,
        {"en": "The accumulators are a = {accumulator}. The multiplier is {multiplier} = "
               "{eighths}·2^31, the right shift is {shift}, zero_point = {zero_point}, and the "
               "codes are {qmin}..{qmax}. Round a·multiplier/2^31 (halves up). Divide by "
               "2^{shift} and round again (halves away from zero). Add the zero point, and "
               "saturate.",
         "zh": "累加器 a = {accumulator}；乘数 {multiplier} = {eighths}·2^31，右移 {shift} 位，"
               "零点 {zero_point}，编码 {qmin}..{qmax}。先对 a·乘数/2^31 舍入（一半向上），"
               "再除以 2^{shift} 并再次舍入（一半远离零），加零点，超出范围取端点。"},
        (Step(6, "requantize", {"en": "Write the six codes.", "zh": "六个编码。"}),)),
    Topic(
        "errata", {"en": "A misprint", "zh": "勘误"}, _errata,
        {"en": "For x = {x}, a text prints the codes {q} of ⌊x·W + B⌋ mod {P}, but neither W nor "
               "B. No W and B give all of these codes.",
         "zh": "有人对 x = {x} 印出了 ⌊x·W + B⌋ mod {P} 的编码 {q}，但没有给出 W 和 B。"
               "没有任何 W 和 B 能得到全部编码。"},
        (Step(1, Recipe(_odd_one, ()),
              {"en": "Only one entry is wrong. Which one is it (1 to 6)?",
               "zh": "如果只有一个编码印错，是第几个（1 到 6）？"}),)),
)
# fmt: on
