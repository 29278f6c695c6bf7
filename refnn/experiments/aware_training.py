"""This experiment compares quantizing after training with quantization-aware training. Aware
training continues to train the float weights while the network computes with the quantized ones.

Both start from the same trained network and use the same grids (one for each array, with the range
of min–max or of the least error). Aware training runs STEPS more steps of Adam with lr .003. The
method "longer" trains the float network for as many more steps and then quantizes it, which shows
what the additional steps alone are worth. The test error is Σ (y − ŷ)² on the test rows."""

from typing import NamedTuple

import numpy as np

from refnn import training
from refnn.checking.plane.digits import fixed
from refnn.console import table
from refnn.experiments.spread import Finding, interval, judged, limits, median, page
from refnn.experiments.trained import DECAY, SEEDS, J, networks
from refnn.quantization import straight_through

BITS, STEPS, LR = (8, 4, 3, 2), 300, 0.003
RECIPES = {"decay 10, 300 steps": {}, "no decay, 1000 steps": {"steps": 1000, "decay": 0.0}}
STAGES = 3 * len(RECIPES)


class Aware(NamedTuple):
    """The error of each quantized network divided by that of its float network, for S networks."""

    seeds: int
    train: dict  # (recipe, bits, method) -> (S,) ratio of J on the training rows
    test: dict  # (recipe, bits, method) -> (S,) the same on the test rows


# fmt: off
METHODS = (
    "after, min-max", "after, least error", "longer, least error",
    "aware, min-max", "aware, least error",
)
# fmt: on


def compute(seeds=SEEDS, progress=lambda stage: None):
    """Quantize the networks of both recipes by five methods, at four numbers of bits.

    >>> len(compute(seeds=2).test) == 2 * 4 * 5
    True
    """
    train, test = {}, {}
    for recipe, options in RECIPES.items():
        progress(f"training, {recipe}")
        params, X, y, X_test, y_test = networks(seeds, **options)
        decay = options.get("decay", DECAY)
        schedule = {"steps": STEPS, "lr": LR, "weight_decay": decay}
        more = training.fit(params, X, y, **schedule).params
        base = J(params, X, y), J(params, X_test, y_test)
        for name, calibration in (("min-max", "minmax"), ("least error", "mse")):
            progress(f"{recipe}, ranges by {calibration}")
            for bits in BITS:
                grids = straight_through.grids(params, bits, calibration=calibration)
                made = {"after": straight_through.fake_quantize(params, grids)}
                made["aware"] = straight_through.fit(params, X, y, grids, **schedule).quantized
                if calibration == "mse":
                    own = straight_through.grids(more, bits, calibration=calibration)
                    made["longer"] = straight_through.fake_quantize(more, own)
                for kind, quantized in made.items():
                    key = recipe, bits, f"{kind}, {name}"
                    train[key] = J(quantized, X, y) / base[0]
                    test[key] = J(quantized, X_test, y_test) / base[1]
    return Aware(seeds, train, test)


def text(result):
    """Return two tables for each recipe, and where aware training is better.

    >>> text(compute(seeds=2)).splitlines()[0]
    'Error of the quantized network divided by that of the float network. Medians of'
    """
    parts = [
        "Error of the quantized network divided by that of the float network. Medians of "
        f"{result.seeds} networks; in brackets their {limits(result.seeds)}s. 'after' quantizes "
        f"the trained network; 'longer, then after' first trains it {STEPS} steps more. 'aware' "
        f"trains these {STEPS} steps through the quantization. 'worse' is the share of the "
        "networks whose test error is larger with 'aware' than with 'longer, then after'."
    ]
    methods = [m for m in METHODS if m.endswith("least error")]
    header = ["bits", "after", "longer, then after", "aware"]
    for recipe in RECIPES:
        trained, tested = (
            [[b, *(interval(values[recipe, b, m], "{:.3f}") for m in methods)] for b in BITS]
            for values in (result.train, result.test)
        )
        for row, bits in zip(tested, BITS):
            row.append(f"{np.mean(_paired(result, recipe, bits) > 0):.0%}")
        parts += [
            f"{recipe}: training rows (J), ranges of least error",
            table(trained, header, "rrrr"),
            f"{recipe}: test rows, ranges of least error",
            table(tested, [*header, "worse"], "rrrrr"),
        ]
    return page(*parts, _better(result), judged(finding(result)))


def finding(result):
    """Return what this experiment finds, as a Finding.

    Aware training is compared with as many more steps of float training.
    """
    recipe = next(iter(RECIPES))
    longer, aware = (result.test[recipe, 2, f"{n}, least error"] for n in ("longer", "aware"))
    return Finding(
        "At 2 bits, quantization-aware training gives a smaller test error than float training of "
        f"the same length with quantization at the end ({recipe})",
        longer / aware,
        1.0,
        "test error of float training with quantization at the end divided by the test error of "
        "quantization-aware training",
    )


def _paired(result, recipe, bits):
    """Return the test error of aware training minus that of equally many steps in floats, (S,)."""
    aware, longer = (
        result.test[recipe, bits, f"{kind}, least error"] for kind in ("aware", "longer")
    )
    return aware - longer


def _better(result):
    """Say at which numbers of bits aware training is better on the test rows.

    It is better if the 95 % interval of the paired difference lies below 0."""
    found = []
    for recipe in RECIPES:
        better = [str(b) for b in BITS if median(_paired(result, recipe, b)).high < 0]
        where = f"at {', '.join(better)} bits" if better else "at no number of bits"
        found.append(f"{where} ({recipe})")
    return (
        "On the test rows aware training is better than equally many steps of training in floats "
        f"{' and '.join(found)}. Better means that the {limits(result.seeds)} of the median of "
        "the paired difference is below 0. On the training rows aware training cannot be worse, "
        "because it keeps the best of all its steps and of its start."
    )


def _added(ratios):
    """Return by how many per cent the median lies above the float network's error."""
    return f"{fixed(100 * (np.median(ratios) - 1), '{:.1f}')}%".replace("-", "−")


def draw(result):
    """Return the figure `aware_training`."""
    from refnn import plots

    def ratios(recipe, bits, kind):
        return result.test[recipe, bits, f"{kind}, least error"]

    kinds = ("after", "longer", "aware")
    panels = [(r, [[ratios(r, bits, kind) for bits in BITS] for kind in kinds]) for r in RECIPES]
    after2, aware2, after8, aware8 = (
        " and ".join(_added(ratios(recipe, bits, kind)) for recipe in RECIPES)
        for bits in (2, 8)
        for kind in ("after", "aware")
    )
    figure = plots.pairs(
        panels,
        BITS,
        ("after training", "after training longer", "aware"),
        f"2 bits add {after2} to the float network's test error, with aware training {aware2};\n"
        f"8 bits add {after8}, with aware training {aware8} (medians; left and right)",
        f"{result.seeds} networks: a box is the middle half, its line the median, whiskers the "
        "central 80%",
        "test error over the float network's",
    )
    return {"aware_training": figure}
