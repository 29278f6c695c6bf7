"""Weight sharing against Deep Compression's printed example, every way to cut, and the plain
recurrence, exactly."""

import subprocess
import sys
import time
from fractions import Fraction as F
from itertools import combinations, pairwise
from statistics import mean

import numpy as np
import pytest
from executed import ROOT

from refnn import network, training
from refnn.network import Params
from refnn.quantization import codebook, partition
from refnn.quantization.codebook import Codebook

# S. Han et al., "Deep Compression", 2016, figure 3: the weights, their codes, their slopes
WEIGHTS = np.array(
    [
        [2.09, -0.98, 1.48, 0.09],
        [0.05, -0.14, -1.08, 2.12],
        [-0.91, 1.92, 0, -1.03],
        [1.87, 0, 1.53, 1.49],
    ]
)
CODES = np.array([[3, 0, 2, 1], [1, 1, 0, 3], [0, 3, 1, 0], [3, 1, 2, 2]])
SLOPES = np.array([[-3, -1, 3, 2], [-1, 1, -2, 12], [-1, 2, 4, 1], [-7, -2, 1, -2]]) / 100


def spent(group):
    """Σ (w − mean)² of a group, exactly."""
    group = [F(float(w)) for w in group]
    return sum((w * w for w in group), F(0)) - sum(group, F(0)) ** 2 / len(group)


def of_book(x, book):
    """The sum of squares that a book's groups cost, exactly; its centroids are held to be their
    means, rounded once."""
    x, q = np.ravel(x), np.ravel(book.codes)
    groups = [x[q == k] for k in range(len(book.centroids))]
    for group, c in zip(groups, book.centroids):
        assert len(group) and c == float(sum(F(float(w)) for w in group) / len(group))
    return sum(spent(group) for group in groups)


def least(x, levels):
    """The least sum of squares over every way to cut the sorted values, exactly."""
    x = np.sort(np.ravel(x))
    cost = {(a, b): spent(x[a:b]) for b in range(len(x) + 1) for a in range(b)}
    return min(
        sum(cost[cut] for cut in pairwise((0, *cuts, len(x))))
        for k in range(1, min(levels, len(x)) + 1)
        for cuts in combinations(range(1, len(x)), k - 1)
    )


def test_the_printed_example_of_deep_compression():
    book = codebook.fit(WEIGHTS, 4)
    assert book.codes.tolist() == CODES.tolist() and book.codes.dtype == np.uint8
    assert book.centroids.round(9).tolist() == [-1, 0, 1.5, 2]
    assert (codebook.decode(book) == book.centroids[CODES]).all()
    summed = codebook.gradient(SLOPES.ravel(), CODES.ravel(), 4)
    assert summed.round(9).tolist() == [-0.03, 0.04, 0.02, 0.04]
    moved = np.array([-1, 0, 1.5, 2]) - summed  # lr = 1
    assert moved.round(9).tolist() == [-0.97, -0.04, 1.48, 1.96]


def test_books_by_hand():
    book = codebook.fit([21, 5, 0, 1, 20], 2)  # mean 2, middle 2.5, median 1
    assert book.centroids.tolist() == [2, 20.5] and book.codes.tolist() == [1, 0, 0, 0, 1]
    book = codebook.fit([0] * 9 + [3, 7], 2)  # once each, 3 would go to 0
    assert book.centroids.tolist() == [0, 5] and book.codes.tolist() == [0] * 9 + [1, 1]
    book = codebook.fit([0, 2, 4, 6, 100], 2)  # equal counts: 100 with 6
    assert book.centroids.tolist() == [3, 100]
    book = codebook.fit([0, 1, 10, 11, 100], 3)  # equal widths: the middle one empty
    assert book.centroids.tolist() == [0.5, 10.5, 100]


def samples(rng):
    """Small inputs of every kind that makes sums of squares difficult."""
    n = rng.integers(2, 11)
    side = rng.random(n) < 0.5
    yield rng.standard_normal(n)
    yield rng.standard_cauchy(n)
    yield rng.integers(0, 6, n)  # ties and duplicates
    yield 1e8 + rng.integers(-3, 4, n)
    yield 1 + rng.integers(0, 6, n) * 2.0**-52  # neighbours
    yield np.append(-1e10, rng.integers(0, 6, n) * 1e-10)  # a far value before the near ones
    yield np.append(-1.0, [1e-200, 1, *rng.integers(-3, 4, n - 2)])  # a tie but for 1e-200
    yield np.ldexp(rng.choice([-1.0, 1.0], n), rng.integers(-300, 300, n))
    yield np.where(side, rng.integers(-9, 10, n) * 5e-324, rng.integers(-5, 6, n) * 3e307)
    yield rng.integers(-5, 6, n) * 5e-324


def test_no_way_to_cut_is_better(rng):
    for _ in range(12):
        for x in samples(rng):
            distinct = len(np.unique(x))
            for levels in range(1, min(distinct, 6) + 1):
                book = codebook.fit(x, levels)
                assert len(book.centroids) == levels and all(
                    a < b for a, b in pairwise(book.centroids)
                )
                assert of_book(x, book) == least(x, levels), (x, levels)


def test_far_from_zero_and_beside_a_far_value(rng):
    # whole numbers around 10⁸, beside −10¹⁰: a sum of squares, 10²⁰, has a last bit of 16384
    near = rng.integers(-60, 60, 2000)
    for levels in (2, 7, 30):
        here = codebook.fit(near, levels)
        there = codebook.fit(np.append(1e8 + near, -1e10), levels + 1)
        assert (there.codes == np.append(here.codes + 1, 0)).all()
        # half a last bit of 10⁸
        assert np.abs(there.centroids[1:] - 1e8 - here.centroids).max() <= 2.0**-27
    assert codebook.fit([0, 1e8, 1e8 + 1], 2).codes.tolist() == [0, 1, 1]
    assert codebook.fit([1e8 - 1, 1e8 - 1, 1e8, 1e8 + 1], 2).codes.tolist() == [0, 0, 1, 1]


def test_lloyds_local_optimum_is_not_the_answer():
    # four clusters; three of the centroids that Lloyd spreads evenly never leave the two on the
    # right
    x = [0, 1, 10, 11, 90, 91, 100, 101, 102]
    book = codebook.fit(x, 4)
    assert book.codes.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 3] and book.centroids.tolist() == [
        0.5,
        10.5,
        90.5,
        101,
    ]


def test_choices_that_float64_can_not_tell_apart():
    assert codebook.fit([-1, 1e-300, 1], 2).centroids.tolist() == [-1, 0.5]
    assert codebook.fit([-1, -1e-300, 1], 2).centroids.tolist() == [-0.5, 1]
    assert codebook.fit([-1e300, 5e-324, 1e300], 2).codes.tolist() == [0, 1, 1]
    assert codebook.fit([-1e300, -5e-324, 1e300], 2).codes.tolist() == [0, 0, 1]


def test_the_plain_recurrence_on_300_values(rng):
    """D[k, i] = min_j D[k − 1, j] + cost(j, i), term by term, in whole numbers."""
    x = np.append(rng.standard_normal(280), rng.standard_cauchy(20))
    x = np.sort(np.rint(x * 2**20))
    S1, S2 = ([0, *np.cumsum([int(v) ** p for v in x]).tolist()] for p in (1, 2))
    n, scale = len(x), 2**60  # each cost to 2⁻⁶⁰, of 1 at least
    cost = [  # cost[i][j] is of x_j, …, x_i
        [(S2[i] - S2[j]) * scale - (S1[i] - S1[j]) ** 2 * scale // (i - j) for j in range(i)]
        for i in range(1, n + 1)
    ]
    D = [row[0] for row in cost]
    for levels in range(2, 7):
        D = [min([row[0], *map(sum, zip(D, row[1:]))]) for row in cost]
        assert abs(of_book(x, codebook.fit(x, levels)) * scale - D[-1]) <= levels


def test_ten_thousand_values_in_time(rng):
    for x in (rng.standard_normal(10**4), np.arange(1e4)):
        start = time.thread_time()
        book = codebook.fit(x, 16)
        assert time.thread_time() - start < 5
        assert len(book.centroids) == 16
    assert np.bincount(book.codes).tolist() == [625] * 16  # evenly spaced: evenly cut


MEASURED = """
import numpy as np, tracemalloc
from refnn.quantization import codebook
x = np.random.default_rng(0).standard_normal(1000)
codebook.fit(x[:9], 3)                                    # what is imported at the first call
tracemalloc.start()
codebook.fit(x, 300)
print(tracemalloc.get_traced_memory()[1])
"""


def test_memory_is_as_the_docstring_states():
    """14 bytes for every level and value more than levels; what else there is does not grow with
    both. In a process of its own: the notebooks run in a thread beside the tests, whose memory
    would be counted too."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 14 * 300 * (1000 - 300) + 10**6


def test_codes_are_the_nearest_and_more_levels_never_cost_more(rng):
    x = np.append(rng.standard_normal(300), rng.standard_cauchy(100))
    costs = []
    for levels in range(1, 40):
        book = codebook.fit(x, levels)
        away = np.abs(x[:, None] - book.centroids)
        # the mean is rounded once, by 2⁻⁵³ of it: a value in the middle of two may seem nearer to
        # the other by that
        assert (
            away[np.arange(len(x)), book.codes]
            <= away.min(1) + np.abs(book.centroids).max() * 2.0**-52
        ).all()
        costs.append(of_book(x, book))
    assert all(a > b for a, b in pairwise(costs))


def test_few_values_and_odd_ones():
    book = codebook.fit([[3.0, -1.0], [3.0, 0.5]], 16)
    assert book.centroids.tolist() == [-1, 0.5, 3] and book.codes.tolist() == [[2, 0], [2, 1]]
    # one zero, without a sign
    assert codebook.fit([-0.0, 0.0], 2).centroids.tobytes() == np.zeros(1).tobytes()
    assert codebook.fit(2.5, 4).centroids.tolist() == [2.5] and codebook.fit(2.5, 4).codes == 0
    assert np.shape(codebook.fit(np.float32(2.5), 1).codes) == ()
    for dtype in (np.float16, np.float32, np.int8):
        book = codebook.fit(np.array([[1, 2, 9]], dtype), 2)
        assert book.centroids.dtype == np.float64 and book.centroids.tolist() == [1.5, 9]
    assert codebook.fit([1e308, 1.5e308, -1.5e308], 2).centroids.tolist() == [-1.5e308, 1.25e308]
    for levels, dtype in ((256, np.uint8), (257, np.uint16), (300, np.uint16)):
        assert codebook.fit(np.arange(300), levels).codes.dtype == dtype
    assert codebook.fit(np.arange(66000), 70000).codes.dtype == np.uint32


def hard_to_add(rng):
    """Floats whose sum needs more than float64: of every size, cancelling, beyond the range, beside
    powers of two and below the smallest normal one."""
    n = int(rng.integers(1, 300))
    largest, smallest = np.finfo(float).max, np.finfo(float).tiny
    edges = np.ldexp(1.0, rng.integers(-1074, 1024, 8))
    edges = np.concatenate([edges, np.nextafter(edges, 0), [0, 5e-324, smallest, largest]])
    yield rng.standard_normal(n)
    yield np.ldexp(rng.uniform(-1, 1, n), rng.integers(-1074, 1025, n))
    yield rng.choice([-largest, largest, 1.0, 2.0**-1074], n)
    yield rng.integers(-9, 10, n) * 5e-324
    yield rng.choice(np.append(-edges, edges), n)
    yield 1e8 + rng.integers(-3, 4, n) * 2.0**-26
    yield np.full(n, rng.choice(edges))


def test_means_are_those_of_statistics_bit_by_bit(rng):
    for _ in range(60):
        for x in hard_to_add(rng):
            x = np.sort(x) + 0.0
            begin = np.unique(np.append(0, rng.integers(0, len(x), 5)))
            expected = [mean(group.tolist()) for group in np.split(x, begin[1:])]
            assert codebook._means(x, begin).tobytes() == np.array(expected).tobytes(), x
    x = np.sort(rng.standard_normal(10**5))  # a sum of 32 bits each: more than int64's lower half
    assert codebook._means(x, np.array([0])) == mean(x.tolist())


def test_codes_counted_are_codes_searched(rng, monkeypatch):
    for dtype in (np.float64, np.float32):
        x = rng.standard_normal((40, 30)).round(2).astype(dtype)[:, ::-1]  # with many equals
        for levels in (1, 2, 16, codebook.COUNTED, codebook.COUNTED + 1, 300):
            book = codebook.fit(x, levels)
            lowest = [x[book.codes == k].min() for k in range(levels)]
            assert (book.codes == np.searchsorted(lowest, x, side="right") - 1).all()
            assert book.codes.dtype == (np.uint8 if levels <= 256 else np.uint16)


def many(rng, n=15000):
    """Data of more than 10^4 distinct values, smooth or not."""
    z = rng.standard_normal(n)
    yield z
    yield 1e4 + rng.standard_cauchy(n)
    yield np.exp(3 * z)
    yield np.where(rng.random(n) < 0.3, z / 10 - 3, z + 2)
    yield rng.random(40)[rng.integers(0, 40, n)] + 1e-4 * z  # more clusters than groups
    yield rng.integers(0, 12000, n)  # with equals
    yield np.append(z, [-1e18, 1e18, 1e9])
    yield 10 ** rng.uniform(-300, 300, n)
    yield np.float32(1 + z / 50)


def test_beyond_ten_thousand_values_the_optimum_or_nearly(rng, monkeypatch):
    for x in many(rng):
        for levels in (2, 12):
            book = codebook.fit(x, levels)
            with monkeypatch.context() as patch:
                patch.setattr(partition, "EXACT_UP_TO", len(x))
                best = codebook.fit(x, levels)
            # in units of the largest value a square is finite
            cost, optimum = (
                np.square(x / np.abs(x).max() - b.centroids[b.codes] / np.abs(x).max()).sum()
                for b in (book, best)
            )
            assert cost <= optimum * (1 + 1e-6)  # measured: the optimum itself on nearly all
    with pytest.raises(
        ValueError, match="fit: levels must be at most 5000 for 15000 distinct values, got 6000"
    ):
        codebook.fit(rng.standard_normal(15000), 6000)


def sorted_lloyd(x, levels):
    """The plain way: means of neighbours, every value to its nearest, until no group changes."""
    x = np.sort(x)
    ends = np.arange(levels + 1) * len(x) // levels
    while True:
        c = np.array([x[a:b].mean() for a, b in pairwise(ends)])
        moved = [0, *np.searchsorted(x, (c[1:] + c[:-1]) / 2), len(x)]
        if np.array_equal(moved, ends):
            return c
        ends = moved


def test_many_values_are_at_their_nearest_centroid_and_cost_no_more_than_lloyds(rng):
    z = rng.standard_normal(200000)
    for x in (z, rng.random(200000), np.where(z < 0.5, z, z + 4)):
        for levels in (2, 16):
            book, c = codebook.fit(x, levels), sorted_lloyd(x, levels)
            middles = (book.centroids[1:] + book.centroids[:-1]) / 2
            assert (np.searchsorted(middles, x) == book.codes).all()
            plain = c[np.searchsorted((c[1:] + c[:-1]) / 2, x)]
            ours = np.square(x - book.centroids[book.codes]).sum()
            assert ours <= np.square(x - plain).sum() * (1 + 1e-12)  # the rounding of the sums


def test_a_far_value_costs_the_others_nothing(rng):
    x = rng.standard_t(3, 30000)
    near, both = codebook.fit(x, 60), codebook.fit(np.append(x, [-1e18, 1e18]), 62)
    assert both.codes[-2:].tolist() == [0, 61]
    near, both = (np.square(x - b.centroids[b.codes[: len(x)]]).sum() for b in (near, both))
    assert abs(both / near - 1) < 1e-5  # near optima differ by that


def test_the_search_among_values_makes_good_what_cells_spoil(rng, monkeypatch):
    x = rng.standard_normal(20000)
    best = codebook.fit(x, 6)
    for name, few in (("EXACT_UP_TO", 60), ("FEW", 4), ("MANY", 10), ("LEAST", 2)):
        monkeypatch.setattr(partition, name, few)
    rough = codebook.fit(x, 6)
    assert (
        np.searchsorted((rough.centroids[1:] + rough.centroids[:-1]) / 2, x) == rough.codes
    ).all()
    rough, best = (np.square(x - b.centroids[b.codes]).sum() for b in (rough, best))
    assert best <= rough <= best * (1 + 1e-3)


def test_more_cells_than_values(rng):
    x = rng.standard_normal(10010)
    book = codebook.fit(x, 300)
    middles = (book.centroids[1:] + book.centroids[:-1]) / 2
    assert (np.searchsorted(middles, x) == book.codes).all() and len(middles) == 299


def test_the_float_recurrence_is_the_exact_one_where_nothing_ties(rng):
    for x in (rng.standard_normal(200), rng.standard_cauchy(300), rng.random(33)):
        x, n = np.sort(x), len(x)
        w = rng.integers(1, 9, n)
        cost = partition._costs(partition._scaled(x), w.astype(float))
        for levels in (2, 5, 30):
            places = [np.arange(k, n - levels + k + 1) for k in range(1, levels)]
            best = partition._optimal(x, w, levels)
            assert (partition._best(places, n, cost) == best).all()
            # only the places that are listed
            some = [np.unique(np.append(place[::3], b)) for place, b in zip(places, best[1:])]
            assert (partition._best(some, n, cost) == best).all()


def case(seed=0, batch=(), levels=7):
    """A random book for 5-3-2 networks, with one centroid that is not used, and data."""
    rng = np.random.default_rng(seed)
    book = Codebook(
        rng.standard_normal((*batch, levels)), rng.integers(0, levels - 1, (*batch, 26))
    )
    return book, (5, 3, 2), rng.standard_normal((11, 5)), rng.standard_normal((11, 2))


def test_the_gradient_is_the_complex_step_of_J():
    for batch in ((), (3,), (2, 3)):
        book, sizes, X, y = case(batch=batch)
        slopes = network.backward(Params.unflatten(codebook.decode(book), sizes), X, y).flatten()
        ours = codebook.gradient(slopes, book.codes, 7)
        for k in range(7):
            c = book.centroids + 1e-30j * (np.arange(7) == k)
            w = np.take_along_axis(c, book.codes, -1)
            J = network.loss(network.forward(Params.unflatten(w, sizes), X).y_hat, y)
            # two sums of 26 slopes, each to the rounding of some 100 operations
            assert (
                np.abs(J.imag / 1e-30 - ours[..., k]).max()
                <= 200 * 2.0**-52 * np.abs(slopes).sum(-1).max()
            )
        assert (ours[..., 6] == 0).all() and ours.shape == (*batch, 7)


def test_gradient_of_every_shape():
    assert codebook.gradient([1, 2, 4, 8], [1, 1, 0, 1], 3).tolist() == [4, 11, 0]
    assert codebook.gradient([[1, 2], [4, 8]], [[1, 1], [0, 1]], 2).tolist() == [[0, 3], [4, 8]]
    assert codebook.gradient(np.zeros((3, 0)), np.zeros((3, 0), int), 2).tolist() == [[0, 0]] * 3
    assert codebook.gradient(np.float32([1, 2]), np.uint8([0, 0]), 1).dtype == np.float32
    assert codebook.gradient([1e308, 1e308], [0, 0], 1).tolist() == [np.inf]  # quietly


def test_a_step_by_hand():
    book, sizes, X, y = case()
    trained = codebook.train(book, sizes, X, y, steps=1, lr=0.01, optimizer="gd", weight_decay=0.3)
    w = book.centroids[book.codes]
    # of J + ½·0.3·‖w‖²
    slopes = network.backward(Params.unflatten(w, sizes), X, y).flatten() + 0.3 * w
    expected = [c - 0.01 * sum(slopes[book.codes == k]) for k, c in enumerate(book.centroids)]
    assert np.abs(trained.codebook.centroids - expected).max() < 1e-14  # |c| < 3, 26 terms
    assert (trained.params.flatten() == trained.codebook.centroids[book.codes]).all()
    for J, params in zip(trained.history, (Params.unflatten(w, sizes), trained.params)):
        assert abs(J / network.loss(network.forward(params, X).y_hat, y) - 1) < 1e-13


def test_training_lowers_J_and_the_codes_stay(rng):
    params, X = network.init(rng), rng.standard_normal((50, 10))
    y = network.forward(params, X).y_hat + 0.1 * rng.standard_normal((50, 1))
    book = codebook.fit(params.flatten(), 5)
    for optimizer, lr in (("adam", 0.01), ("gd", 1e-3)):
        trained = codebook.train(book, (10, 5, 1), X, y, steps=300, lr=lr, optimizer=optimizer)
        assert trained.history.shape == (301,) and trained.history[-1] < trained.history[0]
        assert (trained.codebook.codes == book.codes).all()
        assert len(np.unique(trained.params.flatten())) == 5
        assert (trained.params.flatten() == codebook.decode(trained.codebook)).all()
    none = codebook.train(book, (10, 5, 1), X, y, steps=0, lr=0.1)
    assert none.history.shape == (1,) and (none.codebook.centroids == book.centroids).all()


def test_a_centroid_for_every_weight_trains_as_fit_does():
    _, sizes, X, y = case()
    params = network.init(np.random.default_rng(3), sizes)
    book = Codebook(params.flatten(), np.arange(26))
    for activation in network.ACTIVATIONS:
        options = {"steps": 20, "lr": 0.02, "weight_decay": 0.1, "activation": activation}
        trained, fitted = (
            codebook.train(book, sizes, X, y, **options),
            training.fit(params, X, y, **options),
        )
        assert (trained.history == fitted.history).all()
        assert (trained.codebook.centroids == fitted.params.flatten()).all()


def test_a_stack_trains_as_one_by_one():
    book, sizes, X, y = case(batch=(2, 3))
    Xs = np.random.default_rng(5).standard_normal((2, 3, 11, 5))
    lr, decay = np.linspace(0.01, 0.06, 6).reshape(2, 3), np.linspace(0, 1, 6).reshape(2, 3)
    for inputs in (X, Xs):
        stack = codebook.train(book, sizes, inputs, y, steps=20, lr=lr, weight_decay=decay)
        assert stack.history.shape == (2, 3, 21) and stack.params.batch == (2, 3)
        for i in np.ndindex(2, 3):
            one = codebook.train(
                Codebook(book.centroids[i], book.codes[i]),
                sizes,
                inputs[i] if inputs is Xs else X,
                y,
                steps=20,
                lr=lr[i],
                weight_decay=decay[i],
            )
            # another order of summation in the matrix products, carried through 20 steps of Adam
            np.testing.assert_allclose(
                stack.codebook.centroids[i], one.codebook.centroids, rtol=1e-9, atol=1e-9
            )
            np.testing.assert_allclose(stack.history[i], one.history, rtol=1e-9)
        # not used: not moved
        assert (stack.codebook.centroids[..., 6] == book.centroids[..., 6]).all()
    none = codebook.train(
        Codebook(np.zeros((0, 7)), np.zeros((0, 26), int)), sizes, X, y, steps=2, lr=0.1
    )
    assert none.history.shape == (0, 3) and none.codebook.centroids.shape == (0, 7)


def test_divergence_is_quiet_and_stays_at_home():
    book, sizes, X, y = case(batch=(2,))
    trained = codebook.train(
        book, sizes, X, y, steps=30, lr=[1e8, 1e-4], optimizer="gd", activation="identity"
    )
    assert not np.isfinite(trained.history[0, -1]) and np.isfinite(trained.history[1]).all()


def test_single_precision_stays_single():
    book, sizes, X, y = case()
    single = Codebook(np.float32(book.centroids), book.codes)
    trained = codebook.train(single, sizes, np.float32(X), np.float32(y), steps=2, lr=0.01)
    assert {
        a.dtype for a in (trained.history, trained.codebook.centroids, trained.params.W_ih)
    } == {np.dtype("f4")}
    assert codebook.decode(single).dtype == np.float32


def test_a_code_book_may_have_a_thousand_million_levels_and_no_more():
    for levels in (3, 10**9):
        assert codebook.fit([2.0, 1.0], levels).centroids.tolist() == [1, 2]
    for levels in (10**9 + 1, 0):
        with pytest.raises(
            ValueError, match="fit: levels must be a whole number from 1 to 1000000"
        ):
            codebook.fit([2.0, 1.0], levels)
        with pytest.raises(
            ValueError, match="gradient: levels must be a whole number from 1 to 10"
        ):
            codebook.gradient([2.0, 1.0], [0, 0], levels)


def test_the_limit_of_levels_is_for_more_values_than_are_grouped_exactly(monkeypatch):
    monkeypatch.setattr(partition, "EXACT_UP_TO", 10)
    monkeypatch.setattr(codebook, "MOST_LEVELS", 5)
    for n, levels in ((10, 6), (10, 9), (11, 5), (11, 11), (11, 12)):
        assert len(codebook.fit(np.arange(n), levels).centroids) == min(n, levels)
    for levels in (6, 10):
        with pytest.raises(
            ValueError, match="fit: levels must be at most 5 for 11 distinct values"
        ):
            codebook.fit(np.arange(11), levels)


def test_centroids_are_floats():
    for centroids in ([F(1, 2)], [1j]):
        with pytest.raises(TypeError, match="decode: centroids must be"):
            codebook.decode(Codebook(centroids, [0]))


def test_one_code_without_a_centroid_among_good_ones_is_refused():
    for codes in ([0, 2], [2, 0], [0, -1], [-1, 1], [[0, 1], [3, 0]]):
        [bad] = {code for code in np.ravel(codes).tolist() if code not in (0, 1)}
        refusal = f"decode: codes must be from 0 to 1, got {bad}"
        with pytest.raises(ValueError, match=refusal):
            codebook.decode(Codebook([1.0, 2.0], codes))
    assert codebook.decode(Codebook([1.0, 2.0], [1, 0])).tolist() == [2, 1]


def test_codebook_refuses_data_levels_and_codes_that_do_not_fit():
    book, sizes, X, y = case()
    for bad, word in (([], "x"), ([np.nan], "x"), ([F(1, 2)], "x")):
        with pytest.raises((ValueError, TypeError), match=f"fit: {word}"):
            codebook.fit(bad, 2)
    with pytest.raises(ValueError, match=r"fit: levels must be a whole number from 1 to .*, got 0"):
        codebook.fit([1.0], 0)
    for bad, word in (
        (book[:1], "codebook"),
        (Codebook([1.0], [0.0]), "codes"),
        (Codebook([1.0], [1]), "codes"),
        (Codebook([1.0], [-1]), "codes"),
        (Codebook(1.0, [0]), "centroids"),
        (Codebook([np.inf], [0]), "centroids"),
        (Codebook(np.ones((2, 3)), [0]), "centroids"),
    ):
        with pytest.raises((ValueError, TypeError), match=f"decode: {word}"):
            codebook.decode(bad)
        with pytest.raises((ValueError, TypeError), match=f"train: {word}"):
            codebook.train(bad, sizes, X, y, steps=1, lr=0.1)
    for bad in (
        Codebook(book.centroids, book.codes[1:]),
        Codebook(book.centroids, np.stack([book.codes] * 2)),
        Codebook(book.centroids, 0),
    ):
        with pytest.raises(ValueError, match="train: codebook must be of centroids"):
            codebook.train(bad, sizes, X, y, steps=1, lr=0.1)
    for upstream, codes, levels, word in (
        ([1.0], [1], 1, "codes"),
        ([1.0], [0, 0], 1, "codes"),
        (1.0, 0, 1, "codes"),
        ([1.0], [-1], 1, "codes"),
        ([np.nan], [0], 1, "upstream"),
    ):
        with pytest.raises(ValueError, match=f"gradient: {word}"):
            codebook.gradient(upstream, codes, levels)
    for changed, word in (
        ({"X": X[:0], "y": y[:0]}, "X"),
        ({"y": y[:5]}, "y"),
        ({"lr": 0.0}, "lr"),
        ({"lr": [1.0]}, "lr"),
        ({"weight_decay": -1.0}, "weight_decay"),
        ({"steps": -1}, "steps"),
        ({"optimizer": "sgd"}, "optimizer"),
        ({"sizes": (5, 3)}, "sizes"),
    ):
        arguments = {
            "codebook": book,
            "sizes": sizes,
            "X": X,
            "y": y,
            "steps": 1,
            "lr": 0.1,
        } | changed
        with pytest.raises((ValueError, TypeError), match=f"train: {word}"):
            codebook.train(**arguments)
