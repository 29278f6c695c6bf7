"""The tour's claims, its recipe and its figures: read back from the data, over its seeds."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from claimed import once

from refnn import article, data, network, plots, training
from refnn.experiments import errata, tour
from refnn.network import Params
from refnn.pruning import masks
from refnn.quantization import as_written


@pytest.fixture(scope="module")
def result(toured):
    return toured[0]


@pytest.fixture(scope="module")
def figures(toured):
    return toured[1]


def median(row, key):
    return np.median(row.values[key])


def test_seed_s_is_split_s_and_start_s(result):
    s = data.split(data.load("diabetes"), 7)
    start = network.init(np.random.default_rng(7))
    alone = training.fit(start, s.X_train, s.y_train, steps=300, lr=0.01, weight_decay=10)
    one, seventh = alone.params.flatten(), result.params.flatten()[7]
    np.testing.assert_allclose(one, seventh, rtol=1e-8, atol=1e-10)
    R2 = tour.r_squared(network.forward(alone.params, s.X_test).y_hat, s.y_test)
    assert abs(R2 - result.dense.values["R2"][7]) < 1e-9


def test_the_network_matches_linear_regression(result):
    assert abs(np.median(result.linear) - 0.484) < 0.001  # 50 splits, computed by another hand
    assert abs(median(result.dense, "R2") - np.median(result.linear)) < 0.02


def test_the_printed_decoder_is_worse_than_the_mean_whatever_the_bits(result):
    for schemes in result.quantized.values():
        written, minus, one_grid, corrected = schemes
        assert written.values["R2"].max() < 0  # on all seeds
        errors = [median(row, "error") for row in (corrected, one_grid, minus, written)]
        assert all(a < b for a, b in pairwise(errors))
        assert (minus.values["R2"] > written.values["R2"]).all()
    assert median(result.quantized[8][3], "R2") > median(result.dense, "R2") - 0.005


def test_bytes_of_codes_and_scales(result):
    assert result.dense.values["bytes"] == 244
    assert [result.quantized[b][0].values["bytes"] for b in (8, 4, 3, 2)] == [61, 31, 23, 16]
    scales = {r.name: r.values["scale_bytes"] for r in result.quantized[8]}
    one_grid = {"as written": 8, "sign corrected": 8, "nearest, one grid": 5}
    assert scales == {**one_grid, "corrected": 20}


def test_R_below_tau_depends_on_sum_or_mean_and_on_when(result):
    summed, long, averaged = result.pruned[:3]
    assert 15 <= median(summed, "left") <= 25  # another computation: 20 of 61
    assert median(long, "left") <= 1 and averaged.values["left"].max() == 0
    # what is left is negative: R = −λw
    assert (result.params.flatten()[tour_mask(result)] < 0).mean() > 0.995


def tour_mask(result):
    return result.R.flatten() >= float(article.TAU)


def test_fine_tuning_under_the_mask_wins_back_what_magnitude_pruning_lost(result):
    by_name = {row.name: row for row in result.pruned}
    for percent, left in (("50%", 31), ("80%", 12)):
        before, after = by_name[f"magnitude {percent}"], by_name[f"magnitude {percent}, fine-tuned"]
        assert set(before.values["left"]) == set(after.values["left"]) == {left}
        assert median(after, "R2") > median(before, "R2")


def test_as_written_quantizing_revives_pruned_weights_and_a_zero_point_does_not(result):
    corrected, _, written, _ = result.both
    assert (written.values["left"] == 61).all()
    assert (corrected.values["left"] <= 31).all()


def test_findings_that_need_no_training_are_all_there():
    found = once(errata.findings)()
    numbers = [f.number for f in found]
    assert {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16, 17, 20, 22} <= set(numbers)
    assert numbers == sorted(set(numbers))
    text = {f.number: f.text for f in found}
    # fmt: off
    for number, words in {
        1: ("5-2-1 with 15 parameters", "has 61"),
        3: ("At most 6 of 10", "W = 5, B = 0 gives all 15", "No pair works for any other P"),
        4: ("(7.5, 12.5) mod 80", "B = -1 and B = -5", "0 0 1 2 3 / 3 4 5 6 7"),
        5: ("only b_o has", "0.3606", "0.2872", "0.0350", "W_ih row 1, W_ho, b_h, b_o",
            "W_ih row 2 has none"),
        6: ("255.5 steps",), 7: ("mean error is -0.5 step",), 8: ("-1.0079",),
        12: ("leaves 0 of 15",), 13: ("10 elements, not 15",), 15: ("0 of 384",),
        16: ("244 bytes", "are 23 bytes", "plus 32"),
    }.items():
        assert all(part in text[number] for part in words), text[number]
    # fmt: on


def test_theta_q_is_one_augmented_matrix_a_layer():
    p = article.parameters()
    assert np.column_stack([p.W_ih, p.b_h]).shape == (2, 6)
    assert np.column_stack([p.W_ho, p.b_o]).shape == (1, 3)


def bars(ax):
    return [b for container in ax.containers for b in container]


def test_the_bars_of_the_quantization_figures_are_the_counts_of_the_codes(result, figures):
    theta = result.params.flatten().ravel()
    for name in ("quantization_as_written", "quantization_corrected"):
        axes = np.array(figures[name].axes).reshape(2, 3)
        for (above, below), bits in zip(axes.T, (8, 4, 2)):
            heights = [b.get_height() for b in bars(below)]
            assert len(heights) == 2**bits and sum(heights) == theta.size == 3050
            assert heights == [b.get_height() for b in bars(above)]
            assert above.get_xlim() == below.get_xlim() and above.get_ylim() == below.get_ylim()
            ticks = [c for c in below.collections if len(c.get_segments()) == 2**bits]
            assert len(ticks) == 1  # every level, used or not
            for bar in bars(above):  # bars stand on the decision boundaries
                inside = (theta >= bar.get_x()) & (theta < bar.get_x() + bar.get_width())
                assert abs(inside.sum() - bar.get_height()) <= 1


def test_the_pruning_figure_shows_the_spike_at_zero_and_the_thresholds(result, figures):
    figure = figures["pruning"]
    axes = np.array(figure.axes).reshape(3, 2)
    for column, keep in ((0, tour_mask(result)), (1, result.masks[0.5].flatten())):
        after = axes[2, column]
        zero, before = bars(after)[-1], axes[1, column]
        assert zero.get_x() < 0 < zero.get_x() + zero.get_width()
        assert zero.get_height() == (~keep).sum()
        assert sum(b.get_height() for b in bars(after)) == 3050
        assert before.get_xlim() == after.get_xlim() and before.get_ylim() == after.get_ylim()
    assert [line.get_xdata()[0] for line in axes[0, 0].lines] == [0.5]
    assert len(axes[1, 1].lines) == len(axes[2, 1].lines) == 2


def test_the_proof_figure_shows_where_each_row_is_right_and_that_they_never_meet(figures):
    figure = figures["proof"]
    patches = figure.axes[2].patches[:14]
    points = [(W, B) for W in np.linspace(0, 80, 161) for B in np.linspace(-6.45, 1.45, 80)]
    inside = [p.get_path().contains_points(points) for p in patches]
    inside = np.reshape(inside, (2, 7, -1)).any(axis=1)  # (row, point)
    x = np.array([[0.1, 0.2, 0.3, 0.4, 0.5], [0.6, 0.7, 0.8, 0.9, 1.0]])
    codes = np.array([[0, 1, 2, 3, 4], [1, 2, 3, 4, 5]])
    for (W, B), hits in zip(points, inside.T.tolist()):
        assert not all(hits)
        right = (np.floor(x * W + B) % 8 == codes).all(axis=1).tolist()
        if hits != right:  # a point on an edge may differ
            assert 7.4 < W < 12.6
    assert figure.get_suptitle().startswith("No (W, B) gives")


@pytest.fixture(scope="module")
def pictured(result, figures):
    one, R = (Params.unflatten(p.flatten()[0], (10, 5, 1)) for p in (result.params, result.R))
    return one, R, figures


def test_the_network_is_drawn_with_its_weights(pictured):
    one, _, figures = pictured
    lines = [line for line in figures["network"].axes[0].lines if line.get_linestyle() != "None"]
    weights = np.concatenate([one.W_ih.ravel(), one.W_ho.ravel()])
    assert len(lines) == 55
    widths = np.array([line.get_linewidth() for line in lines])
    np.testing.assert_allclose(widths, 5 * np.abs(weights) / np.abs(weights).max())
    assert [line.get_color() == plots.SIGN[True] for line in lines] == [w > 0 for w in weights]
    assert [line.get_linestyle() == "-" for line in lines] == [w > 0 for w in weights]


def test_the_heat_maps_show_the_weights_and_cross_out_what_is_pruned(pictured):
    one, R, figures = pictured
    panels = figures["matrices"].axes[:5]
    for ax in panels:
        assert ax.images[0].get_clim() == panels[0].images[0].get_clim()  # one colour scale
    table = np.column_stack([one.W_ih, one.b_h, one.W_ho.T])
    np.testing.assert_array_equal(panels[0].images[0].get_array(), table)
    kept = R.flatten()[:60] >= float(article.TAU)  # the output bias stands in the title
    assert [len(ax.lines) // 2 for ax in panels[:4]] == [0, 0, 0, (~kept).sum()]
    assert [len(ax.texts) for ax in panels[:4]] == [60, 60, 60, kept.sum()]


def test_the_staircase_shows_shift_bias_wrap_and_half_a_step(pictured):
    figure = pictured[2]["staircase"]
    errors = [ax.lines[0].get_ydata() for ax in figure.axes[3:]]
    x = figure.axes[0].lines[0].get_xdata()
    inside = np.abs(x) < 0.999
    printed, minus, corrected = (e[inside] for e in errors)
    assert np.nanmin(printed) >= 6 - 1e-9 and np.nanmax(printed) <= 7 + 1e-9
    assert np.nanmin(minus) >= -1 - 1e-9 and np.nanmax(minus) <= 1e-9
    assert np.nanmax(np.abs(corrected)) <= 0.5 + 1e-9
    assert np.nanmin(errors[1]) < -7.9 and np.nanmax(errors[1]) > 7.9  # wrapped beyond the range


def test_corrected_keeps_zero_zero():
    p = Params([[0.0, 0.3, -0.2]], [0.0], [[0.5]], [0.0])
    stack = Params(*(a[None] for a in p.arrays()))
    for bits in (2, 3, 8):
        decoded = tour.corrected(stack, bits).flatten()[0]
        assert (decoded[[0, 3, 5]] == 0).all()
    assert masks.count(Params(*(a != 0 for a in p.arrays()))) == 3


@pytest.mark.parametrize("sign", [1, -1])
def test_networks_quantized_as_written_are_those_of_the_formulas_on_fractions(sign, rng):
    theta = rng.standard_normal((6, 61)) * 10.0 ** rng.integers(-9, 9, (6, 61))
    theta[1] = rng.integers(-4, 5, 61) / 4  # with ties and many equals
    theta[2, :5], theta[3] = [0.0, -0.0, 5e-324, 1e-300, -1e300], 0.25
    params = Params.unflatten(theta, (10, 5, 1))
    for bits in (2, 3, 8):
        found = tour.as_written_all(params, bits, sign).flatten()
        for row, got in zip(theta, found):
            if row.min() == row.max():  # no W and B
                assert (got == row).all()
                continue
            x = np.array([Fraction(v) for v in row.tolist()])
            W, B = as_written.min_max(x, 2**bits)
            q = as_written.quantize(x, W, B, 2**bits)
            assert got.tolist() == [float(v) for v in as_written.dequantize(q, W, sign * B)]
