"""The claims about quantization, on fewer seeds: what each experiment says, its recipe, its figure
and the width of its text."""

import re
from itertools import pairwise

import claimed
import numpy as np
import pytest
from claimed import SEEDS

from refnn import console, network
from refnn.experiments import (
    aware_training,
    best_roundings,
    claims,
    error_and_bits,
    floor_bias,
    ladder,
    ranges,
    spread,
    trained,
)
from refnn.network import Params
from refnn.quantization import affine, calibration, integer


def test_the_median_lies_in_its_interval_as_often_as_it_says():
    # 95 %: of 2000 samples of 25 exponential values the interval misses ln 2 in
    # 2·P(Binomial(25, ½) < 8) = .0433; 2000 draws have a standard deviation of .0046
    x = np.random.default_rng(0).exponential(size=(2000, 25))
    inside = np.mean([m.low <= np.log(2) <= m.high for m in map(spread.median, x)])
    assert abs(inside - (1 - 0.0433)) < 3 * 0.0046
    assert spread.median([3.0, 1.0, 2.0]) == (2.0, 1.0, 3.0)  # too few values: all of them
    assert spread.median(np.arange(1, 201)) == (100.5, 86, 115)


def test_the_networks_are_trained_by_the_recipe():
    a, b = trained.networks(3), trained.networks(3, steps=0)
    assert a.params.batch == (3,) and a.X.shape == (3, 331, 10) and a.X_test.shape == (3, 111, 10)
    start = network.init(np.random.default_rng(2)).flatten()
    assert b.params.flatten()[2].tolist() == start.tolist()
    assert (trained.J(a.params, a.X, a.y) < trained.J(b.params, b.X, b.y)).all()


def test_a_bit_buys_six_decibels_and_floor_costs_as_many(computed):
    result = computed("error-and-bits")
    slope = np.median(error_and_bits.slope(result.schemes["min-max"]))
    assert abs(slope - 6.02) < 0.2
    # floor's e² is Δ²/3 on average, nearest's Δ²/12: 6.02 dB. Each e² has a standard deviation of
    # .89 of its mean, so over 61 weights a gap has √2·4.34·.89/√61 = .70 dB, and the mean of 3·5
    # gaps .18; twice that for their dependence
    written, minus, nearest, least, book = (result.schemes[n] for n in error_and_bits.NAMES)
    gaps = [nearest[bits] - minus[bits] for bits in (6, 7, 8)]
    assert abs(np.mean(gaps) - 6.02) < 2 * 2 * 0.18
    for bits in error_and_bits.BITS:
        assert (written[bits] < 0).all()  # the error is larger than the weights
        assert (least[bits] >= nearest[bits] - 1e-9).all()
        if bits in error_and_bits.BOOK_BITS:  # the best of all sets of as many levels
            assert (book[bits] >= least[bits] - 1e-9).all()
    sqnr = error_and_bits.sqnr(np.array([3.0, 4.0]), np.array([3.0, 3.0]))
    assert sqnr == pytest.approx(10 * np.log10(25))


def test_floor_is_biased_by_half_a_step_and_nearest_is_not(computed):
    errors = computed("floor-bias").errors
    n = SEEDS * 61
    assert abs(errors["floor"].mean() + 0.5) < 3 * 0.289 / n**0.5
    assert abs(errors["nearest"].mean()) < 3 * 0.289 / n**0.5
    assert abs(errors["stochastic"].mean()) < 3 * 0.408 / n**0.5
    assert (errors["floor"] <= 0).all() and (errors["floor"] > -1).all()
    assert np.abs(errors["nearest"]).max() <= 0.5


def test_the_least_error_is_within_two_per_cent_of_the_best_range(computed):
    for by in computed("ranges").ratios.values():
        assert by["mse"].max() <= 1.02
        assert (by["mse"] <= by["minmax"]).all()
    x = np.array([0.0, 1.0, 2.0, 4.0])
    # by hand: 2 bits, codes 0..3 of step s from 0 on; the best step of 40 tried is 4/3 or 1.3
    steps = np.arange(1, 41) / 40 * 4 / 3
    tried = [np.mean((np.minimum(np.rint(x / s), 3) * s - x) ** 2) for s in steps]
    assert ranges.best(x, 2) == pytest.approx(min(tried), rel=1e-12)


def test_nearest_is_not_best_and_enumerated_is(computed):
    result = computed("roundings")
    for bits in best_roundings.BITS:
        assert (result.rank[bits, "enumerated"] == 1).all()
        # one sum, in two orders
        assert (np.abs(result.ratio[bits, "enumerated"] - 1) < 1e-12).all()
        for better in ("adaround", "obq"):
            assert np.median(result.rank[bits, better]) <= np.median(result.rank[bits, "nearest"])
        assert np.median(result.rank[bits, "nearest"]) > 1
        assert (result.ratio[bits, "adaround"] <= result.ratio[bits, "nearest"]).all()
    assert len(result.costs) == 2**11
    assert min(result.costs) == pytest.approx(result.marks["enumerated"][0], rel=1e-12)
    places = {bits: values[:2] for bits, values in result.printed.items()}
    assert places == {2: (2048, 262), 3: (2048, 78), 4: (128, 106)}


def test_the_ladder_telescopes_and_eight_bits_lose_nothing(computed):
    result = computed("ladder")
    assert abs(np.median(result.R2["float"] - result.R2[8])) < 0.002
    # the triangle's inequality
    assert (result.error[8][:, -1] <= result.step[8].sum(axis=1) + 1e-12).all()
    last = [np.median(result.error[bits][:, -1]) for bits in ladder.BITS]
    assert all(a < b for a, b in pairwise(last))
    t = trained.networks(SEEDS)
    one = Params(*(a[3] for a in t.params.arrays()))
    stages = integer.ladder(integer.convert(one, t.X[3], 4), one, t.X_test[3])
    rms = np.sqrt(np.mean((stages.integers - stages.float) ** 2))
    assert result.error[4][3, -1] == pytest.approx(rms)
    for bits in ladder.BITS:  # rounded once, the last stage is none
        for s in range(SEEDS):
            one = Params(*(a[s] for a in t.params.arrays()))
            table = integer.ladder(integer.convert(one, t.X[s], bits), one, t.X_test[s]).table
            R2 = trained.r_squared(table, t.y_test[s])
            assert result.once[bits][s] == pytest.approx(R2, abs=1e-12)
    z, y_hat = np.median(result.moved[2], axis=0)
    assert z == 0 and y_hat > 0.1 and np.median(result.once[2] - result.R2[2]) > 0.02
    assert f"{100 * z:.1f}  {100 * y_hat:5.1f}" in ladder.text(result)


def test_aware_training_never_loses_on_the_training_rows_and_wins_at_two_bits(computed):
    result = computed("aware-training")
    for recipe in aware_training.RECIPES:
        for bits in aware_training.BITS:
            for ranges_by in ("min-max", "least error"):
                after = result.train[recipe, bits, f"after, {ranges_by}"]
                aware = result.train[recipe, bits, f"aware, {ranges_by}"]
                assert (aware <= after * (1 + 1e-12)).all()
        after = np.median(result.test[recipe, 2, "after, least error"])
        assert np.median(result.test[recipe, 2, "aware, least error"]) < after
    title = aware_training.draw(result)["aware_training"].get_suptitle().replace("−", "-")
    added = [  # the surplus, at 8 bits too
        100 * (np.median(result.test[recipe, bits, f"{kind}, least error"]) - 1)
        for bits in (2, 8)
        for kind in ("after", "aware")
        for recipe in aware_training.RECIPES
    ]
    assert [float(v) for v in re.findall(r"(-?[\d.]+)%", title)] == [round(v, 1) for v in added]
    t = trained.networks(SEEDS)
    arrays = t.params.arrays()
    grids = [calibration.choose_qparams(a, 2, axis=0, calibration="mse") for a in arrays]
    hat = Params(*map(affine.fake_quantize, arrays, grids))
    wanted = trained.J(hat, t.X_test, t.y_test) / trained.J(t.params, t.X_test, t.y_test)
    np.testing.assert_allclose(result.test["decay 10, 300 steps", 2, "after, least error"], wanted)


@pytest.mark.parametrize("name", sorted(claims.CLAIMS))
def test_every_claim_fits_a_terminal_and_draws_what_it_computed(name):
    claim = claims.CLAIMS[name]
    result, seen = claimed.once(claimed.claim)(name)
    text = claim.text(result)
    assert all(console.width(line) <= 79 for line in text.splitlines()), text
    assert "nan" not in text and claims.about(name)
    assert len(seen) == claim.STAGES
    for figure in claim.draw(result).values():
        assert figure.get_suptitle()
        figure.draw_without_rendering()
        for shown in [figure._suptitle, *figure.texts]:  # whole, and not up to the edge
            box = shown.get_window_extent()
            whole, text = figure.bbox, shown.get_text()
            assert box.x0 > 5 and box.x1 < whole.width - 5 and box.y1 <= whole.height, text
        ticks = [t for ax in figure.axes for t in ax.get_xticklabels()]
        assert any(ax.get_xlabel() for ax in figure.axes) or any(t.get_text() for t in ticks)


def test_the_figures_show_the_numbers(computed):
    schemes = computed("error-and-bits").schemes
    bits = error_and_bits.draw(computed("error-and-bits"))["error_and_bits"].axes[0]
    written = [np.median(schemes["as written"][b]) for b in error_and_bits.BITS]
    assert bits.lines[0].get_ydata().tolist() == written
    names = {t.get_text(): t for t in bits.texts}
    assert names["min-max"].get_color() != names["least error"].get_color()
    for name in ("min-max", "least error"):  # where the two lines are apart
        assert names[name].xy == (2, np.median(schemes[name][2]))
    assert all(t.get_bbox_patch() is None for t in bits.texts)  # nothing drawn is erased
    assert [t.get_text() for t in bits.get_legend().get_texts()] == list(error_and_bits.FLOATS)
    bias = floor_bias.draw(computed("floor-bias"))["floor_bias"].axes[1]
    total = np.median(computed("floor-bias").errors["floor"].sum(axis=1))
    assert bias.lines[0].get_ydata()[-1] == pytest.approx(total)
    rungs = ladder.draw(computed("ladder"))["ladder"].axes[0]
    middle = np.median(computed("ladder").error[8], axis=0)
    assert rungs.lines[SEEDS].get_ydata().tolist() == middle.tolist()
    marks = best_roundings.draw(computed("roundings"))["roundings"].axes[0]
    places = {f"{name}: {place}" for name, (_, place) in computed("roundings").marks.items()}
    assert {t.get_text() for t in marks.texts} == places and len(marks.texts) == len(places)
