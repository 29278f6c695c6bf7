"""This module judges claims about grids of values that are not evenly spaced.

The kinds are codebook (shared values, as in Deep Compression) and grid (floats of few bits, NF4
and ternary values). A number is coded by the nearest value. With `levels` instead of centroids, the
code book must be one with the least error Σ (x − x̂)².
"""

from bisect import bisect_left
from fractions import Fraction

import numpy as np

from refnn import arrays
from refnn.arrays import Refused
from refnn.checking.catalogue.formulas import Recipe
from refnn.checking.claims import Answer, Kind, Question, decimals, judged, slips_by, whole
from refnn.checking.kinds.machine import rounded, spans, traced
from refnn.checking.plane.digits import as_text
from refnn.checking.reading.printed import Claim
from refnn.quantization import codebook, grids

ITEMS = ("centroids", "codes", "decoded", "updated")
FORMATS = {
    "fp8_e4m3": "FP8 E4M3",
    "fp8_e5m2": "FP8 E5M2",
    "fp6_e2m3": "FP6 E2M3",
    "fp6_e3m2": "FP6 E3M2",
    "fp4_e2m1": "FP4 E2M1",
    "nf4": "NF4",
    "ternary": "ternary",
    "powers_of_two": "powers of two, 4 bits",
}
BEYOND = {"fp8_e4m3": "nan", "fp8_e5m2": "inf"}  # what a number beyond the range becomes
UPDATE = "quantization.codebook.gradient"
MOST = 10**4  # the most numbers of x; the search for their best code book takes a second


# --- code books -----------------------------------------------------------------------------------


def _codebook(claim):
    x = claim.exact("x")
    if x.size > MOST:
        raise Refused(f"{claim.where}.x", f"at most {MOST:,} numbers", f"{x.size:,}")
    if ("levels" in claim.given) == ("centroids" in claim.given):
        raise Refused(f"{claim.where}.levels", "given, or centroids instead", "both or neither")
    if ("gradient" in claim.given) != ("lr" in claim.given):
        raise Refused(f"{claim.where}.lr", "given together with gradient", "one of them")
    stated = "centroids" in claim.given
    centroids, codes = _nearest(claim, x) if stated else _best(claim, x)
    table = claim.given["printed"]
    allowed = ITEMS if "lr" in claim.given else ITEMS[:3]
    if not isinstance(table, dict) or not table or set(table) - set(allowed):
        got = arrays.describe(sorted(map(str, table)) if isinstance(table, dict) else table)
        raise Refused(f"{claim.where}.printed", f"a table with some of {', '.join(allowed)}", got)
    made = {"centroids": centroids, "codes": codes, "decoded": centroids[codes]}
    if "lr" in claim.given:
        gradient, lr = claim.exact("gradient", x.shape), claim.exact("lr", ())[()]
        made["updated"] = centroids - lr * _sums(gradient, codes, len(centroids))
    inside = Claim(table, f"{claim.where}.printed", claim.rounded)
    again = None if stated or "codes" not in table else _grouped(claim, x, inside, len(centroids))
    answers = []
    for name in allowed:
        if name in table:
            values = np.asarray(made[name], dtype=object)
            other = again and again.get(name)
            answers.append((name, _thing(claim, inside, name, x, values, centroids, codes, other)))
    return answers


def _sums(gradient, codes, levels):
    sums = arrays.objects([Fraction(0)] * levels, (levels,))
    for code, g in zip(codes.flat, gradient.flat):
        sums[code] += g
    return sums


def _nearest(claim, x):
    """Return the stated centroids, and the index of the nearest one for each number of x."""
    centroids = claim.exact("centroids")
    if centroids.ndim != 1:
        raise Refused(f"{claim.where}.centroids", "a list of numbers", f"shape {centroids.shape}")
    codes = [min(range(len(centroids)), key=lambda k: abs(v - centroids[k])) for v in x.flat]
    return centroids, np.array(codes).reshape(x.shape)


def _best(claim, x):
    """Return the exact means of the groups of the best code book, and the codes."""
    levels = int(claim.whole("levels", ())[()])
    book = codebook.fit(
        arrays.double("x", x), arrays.whole(f"{claim.where}.levels", levels, 1, MOST)
    )
    codes = book.codes.astype(int)
    return _means(x, codes, len(book.centroids)), codes


def _means(x, codes, levels):
    count = _sums(np.ones_like(x), codes, levels)
    sums = _sums(x, codes, levels)
    return arrays.objects([s / n if n else Fraction(0) for s, n in zip(sums, count)], (levels,))


def _grouped(claim, x, inside, levels):
    """Return the code book of the printed codes, if its error is as small as the least one."""
    codes = inside.whole("codes", x.shape)
    if any(not 0 <= c < levels for c in codes.flat):
        return None
    codes = codes.astype(int)
    centroids = _means(x, codes, levels)
    best, own = (
        sum((x.ravel() - c[q].ravel()) ** 2) for c, q in (_best(claim, x), (centroids, codes))
    )
    return (
        {"centroids": centroids, "codes": codes, "decoded": centroids[codes]}
        if own == best
        else None
    )


def _thing(claim, inside, name, x, values, centroids, codes, other):
    if name == "codes":
        printed = whole(inside.whole(name, x.shape))
    else:
        printed = decimals(inside, values.shape, name)

    def because(i):
        said = f"{name}[{i}] is {as_text(values.flat[i])}"
        if name == "codes":
            said = f"the centroid nearest to {as_text(x.flat[i])} has the code {values.flat[i]}"
        return f"{said}, but {printed.said(i)} is printed"

    def others():
        if other is not None:
            yield "Another grouping has the same error", np.asarray(other, dtype=object)
        if name == "codes" and "centroids" in claim.given:
            tied, near = values.copy(), [abs(v - centroids[q]) for v, q in zip(x.flat, codes.flat)]
            for i, (v, p) in enumerate(zip(x.flat, printed.values.flat)):
                inside_book = 0 <= p < len(centroids)
                if inside_book and abs(v - centroids[int(p)]) == near[i]:
                    tied.flat[i] = int(p)
            yield "A number lies midway between two centroids, and either code is right", tied

    def machine(precision):
        if name == "updated":
            lr = claim.exact("lr", ())
            gradient = traced(claim.exact("gradient", x.shape), precision)
            sums = [None] * len(centroids)
            for code, g in zip(codes.flat, gradient.flat):
                sums[code] = g if sums[code] is None else sums[code] + g
            zero = traced(arrays.objects([Fraction(0)], ()), precision)[()]
            steps = arrays.objects([zero if s is None else s for s in sums], (len(sums),))
            return spans(
                precision,
                values,
                (),
                traced(centroids, precision) - steps * traced(lr, precision)[()],
            )
        if name == "decoded" or "centroids" in claim.given:
            return spans(precision, values, [rounded(values, precision)])
        means = []
        for k in range(len(centroids)):
            group = traced(x[codes == k], precision).ravel()
            total = group[0]
            for v in group[1:]:
                total = total + v
            means.append(total / len(group))
        return spans(precision, values, (), arrays.objects(means, (len(means),)))

    slips = None
    if name == "updated":
        given = {"g": arrays.double("g", claim.exact("gradient", x.shape)), "codes": codes}
        lr, own = float(claim.exact("lr", ())[()]), arrays.double("c", centroids)

        def update(call, given):
            g = call(UPDATE)(given["g"].ravel(), given["codes"].ravel(), len(own))
            return {"updated": own - lr * g}

        slips = slips_by(Recipe(update, (UPDATE,)), given, "updated")
    return judged(claim, Question(printed, values, because, machine, others, None, slips))


# --- grids ----------------------------------------------------------------------------------------


def _grid(claim):
    x, scale = claim.exact("x"), Fraction(1)
    if "scale" in claim.given:
        scale = claim.exact("scale", ())[()]
    if scale <= 0:
        raise Refused(f"{claim.where}.scale", "positive", as_text(scale))
    form = arrays.choice(f"{claim.where}.format", claim.given["format"], tuple(FORMATS))
    overflow = claim.given.get("overflow", "saturate")
    arrays.choice(f"{claim.where}.overflow", overflow, ("saturate", "nan"))
    values = [Fraction(v) for v in grids.GRIDS[FORMATS[form]].tolist()]
    first = sum(v < 0 for v in values)  # the first value that is not negative has place 0
    decoded = [values[_place(v / scale, values, first)] * scale for v in x.flat]
    decoded = arrays.objects(decoded, x.shape)
    half_step, odd = (values[-1] - values[-2]) / 2, (len(values) - first) % 2 == 1
    end = values[-1] + half_step  # at this tie the value with the even place is chosen
    beyond = [abs(v / scale) > end or (abs(v / scale) == end and not odd) for v in x.flat]
    words = {i: BEYOND.get(form, "") for i, over in enumerate(beyond) if over}
    texts = _texts(claim, x.shape)
    if len(texts) != x.size:
        expected = f"of shape {x.shape}, as x"
        raise Refused(f"{claim.where}.printed", expected, f"{len(texts)} numbers")
    if overflow == "nan" and any(words.values()):
        wrong = [i for i, word in words.items() if word not in str(texts[i]).lower()]
        if wrong:
            i = wrong[0]
            reason = f"{as_text(x.flat[i])} lies beyond the range, so the result is {words[i]}"
            return Answer("cannot be", None, f"{reason}, but {texts[i]} is printed")
        keep = [i for i in range(x.size) if i not in words]
        x, decoded = (a.ravel()[keep] for a in (x, decoded))
        claim = Claim(
            {**claim.given, "printed": [texts[i] for i in keep]}, claim.where, claim.rounded
        )
        if not keep:
            return Answer("exact", list(words.values()))
    printed = decimals(claim, x.shape)

    def because(i):
        said = f"the value nearest to {as_text(x.flat[i])} is {as_text(decoded.flat[i])}"
        return f"{said}, but {printed.said(i)} is printed"

    def machine(precision):
        return spans(precision, decoded, [rounded(decoded, precision)])

    return judged(claim, Question(printed, decoded, because, machine))


def _texts(claim, shape):
    given = claim.given["printed"]
    return list(np.asarray(given, dtype=object).ravel()) if shape else [given]


def _place(value, values, first):
    """Return the index of the nearest value. A tie goes to the value with the even place."""
    above = min(bisect_left(values, value), len(values) - 1)
    near = (max(above - 1, 0), above)
    return min(near, key=lambda k: (abs(value - values[k]), (k - first) % 2))


OF_EACH = {
    "centroids": "the mean of each group, in the grouping with the least error",
    "codes": "the index of the nearest centroid",
    "decoded": "the centroid of each code",
    "updated": "centroid - lr * (the sum of the gradients of its group)",
}
KINDS = {
    "codebook": Kind(
        _codebook,
        ("x", "printed"),
        OF_EACH,
        may=("levels", "centroids", "gradient", "lr"),
    ),
    "grid": Kind(
        _grid,
        ("x", "format", "printed"),
        "the nearest value of the grid, times scale",
        may=("scale", "overflow"),
    ),
}
