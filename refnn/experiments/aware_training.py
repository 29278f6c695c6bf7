"""After training or aware of it: quantizing a trained network against training on through the
quantization.

Both start from the same trained network and stand on the same grids (per array, min–max or least
error). Aware training runs STEPS more steps of Adam, lr .003; so that it is not credited with the
steps alone, "longer" trains the float network as many steps more and quantizes it then. Test error:
Σ (y − ŷ)² on the test rows."""

from typing import NamedTuple

import numpy as np

from refnn import training
from refnn.console import table, wrap
from refnn.experiments.spread import interval, median
from refnn.experiments.trained import DECAY, SEEDS, J, networks
from refnn.quantization import straight_through

BITS, STEPS, LR = (8, 4, 3, 2), 300, 0.003
RECIPES = {"decay 10, 300 steps": {}, "no decay, 1000 steps": {"steps": 1000, "decay": 0.0}}
STAGES = 3 * len(RECIPES)


class Aware(NamedTuple):
    """train, test: (recipe, bits, method) -> Σ (y − ŷ)²/2 over that of the float network, one a
    seed.
    >>> Aware._fields
    ('seeds', 'train', 'test')"""

    seeds: int
    train: dict
    test: dict


METHODS = (
    "after, min-max",
    "after, least error",
    "longer, least error",
    "aware, min-max",
    "aware, least error",
)


def compute(seeds=SEEDS, progress=lambda stage: None):
    """Five methods at four numbers of bits from two recipes.

    >>> len(compute(seeds=2).test) == 2 * 4 * 5
    True
    """
    train, test = {}, {}
    for recipe, options in RECIPES.items():
        progress(f"training, {recipe}")
        params, X, y, X_test, y_test = networks(seeds, **options)
        decay = options.get("decay", DECAY)
        more = training.fit(params, X, y, steps=STEPS, lr=LR, weight_decay=decay).params
        base = J(params, X, y), J(params, X_test, y_test)
        for calibration in ("minmax", "mse"):
            progress(f"{recipe}, ranges by {calibration}")
            name = {"minmax": "min-max", "mse": "least error"}[calibration]
            for bits in BITS:
                grids = straight_through.grids(params, bits, calibration=calibration)
                made = {
                    "after": straight_through.fake_quantize(params, grids),
                    "aware": straight_through.fit(
                        params, X, y, grids, steps=STEPS, lr=LR, weight_decay=decay
                    ).quantized,
                }
                if calibration == "mse":
                    made["longer"] = straight_through.fake_quantize(
                        more, straight_through.grids(more, bits, calibration=calibration)
                    )
                for kind, quantized in made.items():
                    key = recipe, bits, f"{kind}, {name}"
                    train[key] = J(quantized, X, y) / base[0]
                    test[key] = J(quantized, X_test, y_test) / base[1]
    return Aware(seeds, train, test)


def text(result):
    """A table a recipe, and in how many networks aware training loses.

    >>> text(compute(seeds=2)).splitlines()[0]
    'Error over that of the float network: median and its 95% interval over 2'
    """
    parts = [
        wrap(
            f"Error over that of the float network: median and its 95% interval over {result.seeds} networks; "
            "worse: share of the networks whose test error is larger after aware training than after quantizing "
            "alone, on the same grids."
        )
    ]
    for recipe in RECIPES:
        for title, values in (("training rows (J)", result.train), ("test rows", result.test)):
            rows = [
                [
                    bits,
                    *(
                        interval(values[recipe, bits, m], "{:.3f}")
                        for m in METHODS
                        if m.endswith("least error")
                    ),
                ]
                for bits in BITS
            ]
            if values is result.test:
                for row, bits in zip(rows, BITS):
                    row.append(f"{_worse(result, recipe, bits):.0%}")
            parts += [
                "",
                f"{recipe}: {title}, ranges of least error",
                "",
                table(
                    rows,
                    ["bits", "after", "longer, then after", "aware", "worse"][: len(rows[0])],
                    "rrrrr",
                ),
            ]
    return "\n".join([*parts, "", wrap(_finding(result))])


def _worse(result, recipe, bits):
    return np.mean(
        result.test[recipe, bits, "aware, least error"]
        > result.test[recipe, bits, "after, least error"]
    )


def _finding(result):
    """Where aware training is better on the test rows: the interval of the paired difference leaves
    out 0."""
    found = []
    for recipe in RECIPES:
        better = [
            bits
            for bits in BITS
            if median(
                result.test[recipe, bits, "aware, least error"]
                - result.test[recipe, bits, "after, least error"]
            ).high
            < 0
        ]
        found.append(
            f"{recipe}: " + ("at " + ", ".join(map(str, better)) + " bits" if better else "at none")
        )
    return (
        "On the test rows aware training is better than quantizing alone (the 95% interval of the median of the "
        f"paired difference is below 0): {'; '.join(found)}. On the training rows it can not be worse: the best "
        "step is kept, the start among them."
    )


def _added(ratios):
    """What the median is above the float network's error, in per cent."""
    return f"{100 * (np.median(ratios) - 1):.1f}%".replace("-0.0", "0.0").replace("-", "−")


def draw(result):
    """The figure `aware_training`.

    >>> sorted(draw(compute(seeds=2)))
    ['aware_training']
    """
    from refnn import plots

    panels = []
    for recipe in RECIPES:
        panels.append(
            (
                recipe,
                [
                    [result.test[recipe, bits, f"{kind}, least error"] for bits in BITS]
                    for kind in ("after", "longer", "aware")
                ],
            )
        )
    adds = {
        (bits, kind): " and ".join(
            _added(result.test[recipe, bits, f"{kind}, least error"]) for recipe in RECIPES
        )
        for bits in (8, 2)
        for kind in ("after", "aware")
    }
    return {
        "aware_training": plots.pairs(
            panels,
            BITS,
            ("after training", "after training longer", "aware"),
            f"2 bits add {adds[2, 'after']} to the float network's test error, trained aware {adds[2, 'aware']};\n"
            f"8 bits add {adds[8, 'after']}, trained aware {adds[8, 'aware']} (medians; left and right)",
            f"{result.seeds} networks: a box is the middle half, its line the median, whiskers the central 80%",
            "test error over the float network's",
        )
    }
