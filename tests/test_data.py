"""The data: what is bundled, how it is split, and what is refused by line and by name."""

import numpy as np
import pytest

from refnn import data, network


def test_diabetes_is_the_published_table():
    d = data.load("diabetes")
    assert d.X.shape == (442, 10) and d.y.shape == (442, 1)
    assert (
        d.names == ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
        and d.target == "progression"
    )
    assert d.X[0].tolist() == [59, 2, 32.1, 101, 157, 93.2, 38, 4, 4.8598, 87] and d.y[0] == 151
    assert d.y.sum() == 67243 and "Efron" in d.about  # mean 152.13, as published


def test_split_standardises_by_the_training_rows_alone():
    d = data.load("diabetes")
    s = data.split(d, 3)
    assert s.X_train.shape == (331, 10) and s.X_test.shape == (111, 10)
    for a in (s.X_train, s.y_train):
        assert np.abs(a.mean(axis=0)).max() < 1e-13 and np.abs(a.std(axis=0) - 1).max() < 1e-13
    assert np.abs(s.X_test.mean(axis=0)).max() > 1e-3  # not by its own
    order = np.random.default_rng(3).permutation(442)
    y = d.y[order]
    np.testing.assert_allclose(s.y_test, (y[331:] - y[:331].mean()) / y[:331].std(), rtol=1e-12)
    assert (data.split(d, 3).X_train == s.X_train).all() and (
        data.split(d, 4).X_train != s.X_train
    ).any()


def test_friedman1_depends_on_five_inputs_with_unit_noise():
    d = data.friedman1(seed=0, N=100_000)
    x = d.X.T
    truth = 10 * np.sin(np.pi * x[0] * x[1]) + 20 * (x[2] - 0.5) ** 2 + 10 * x[3] + 5 * x[4]
    noise = d.y[:, 0] - truth
    assert d.X.min() >= 0 and d.X.max() <= 1
    assert abs(noise.mean()) < 0.02 and abs(noise.std() - 1) < 0.02
    assert np.abs(np.corrcoef(noise, x)[0, 1:]).max() < 0.02
    assert (data.load("friedman1", seed=2).X != data.load("friedman1", seed=3).X).any()


def test_teacher_is_a_network_whose_weights_are_known():
    d, params = data.teacher(seed=4)
    noise = d.y - network.forward(params, d.X).y_hat
    assert abs(noise.std() - 0.1) < 0.02 and ((params.W_ih == 0).sum(axis=1) == 5).all()
    assert (data.load("teacher", seed=4).y == d.y).all()


def write(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_csv_file_with_bom_and_crlf(tmp_path):
    path = write(tmp_path, b"\xef\xbb\xbfa,b,out\r\n1,2,3\r\n4,5,6.5\r\n\r\n")
    d = data.load(path)
    assert d.names == ("a", "b") and d.target == "out"
    assert d.X.tolist() == [[1, 2], [4, 5]] and d.y.tolist() == [[3], [6.5]]
    d = data.load(str(path), target="a")
    assert d.names == ("b", "out") and d.y.tolist() == [[1], [4]]


BAD = [
    ("a,b\n1,x\n2,3\n", "'x' in line 2.*'b'"),
    ("a,b\n1,2\n3\n", "1 in line 3"),
    ("a,b\n1,2\n1,3\n", "'a' is constant"),
    ("a,a\n1,2\n2,3\n", "'a' twice"),
    ("a,b\n1,2\n", "1 in"),
    ("", "names at least two"),
    ("a\n1\n2\n", "two columns"),
    ("a,b\n1,nan\n2,3\n", "'nan' in line 2"),
    ("a,b\n1,1e999\n2,3\n", "'1e999' in line 2"),
    ("a,b\n1,\n2,3\n", "'' in line 2"),
    ("a,b\n1,1_0\n2,3\n", "'1_0' in line 2"),
    (b"a,b\n\xff,1\n", "not UTF-8"),
    (b"a,b\n1,\x002\n3,4\n", "NUL"),
    ('a,b\n"1,2\n', "CSV.*line 2"),
    ('a,b\n"1\n",2\n3,zz\n', "CSV.*line 2"),
    ("a,b\n1,2\n\n3,4\n", "0 in line 3"),
]


@pytest.mark.parametrize(("content", "words"), BAD, ids=[w[:12] for _, w in BAD])
def test_a_bad_csv_file_is_refused_by_line_or_column(tmp_path, content, words):
    with pytest.raises(ValueError, match=f"load: name .*{words}"):
        data.load(write(tmp_path, content))


def test_z_scores_do_not_depend_on_the_unit():
    d = data.load("diabetes")
    for unit in (2.0**-600, 2.0**900):
        s, t = data.split(d, 0), data.split(d._replace(X=d.X * unit, y=d.y * unit), 0)
        assert (s.X_train == t.X_train).all() and (s.y_test == t.y_test).all()


def test_a_split_needs_a_name_for_each_column():
    d = data.load("diabetes")
    for bad, word in (
        (d._replace(names=()), "names"),
        (d._replace(names=None), "names"),
        (d._replace(target=3), "target"),
    ):
        with pytest.raises(ValueError, match=f"split: dataset.{word} must be a name for each"):
            data.split(bad, 0)


def test_unknown_names_are_refused(tmp_path):
    for name in ("diabetis", tmp_path, tmp_path / "none.csv"):
        with pytest.raises(
            ValueError, match="load: name must be one of diabetes, friedman1, teacher or"
        ):
            data.load(name)
    with pytest.raises(ValueError, match="load: target must be a column of diabetes"):
        data.load("diabetes", target="weight")
    with pytest.raises(TypeError, match="load: name"):
        data.load(3)
    with pytest.raises(ValueError, match=r"split: dataset must be without .* a constant 'a'"):
        data.split(
            data.Dataset(
                np.array([[1.0], [1.0], [1.0], [2.0]]), np.arange(4.0)[:, None], ("a",), "y", ""
            ),
            1,
        )
