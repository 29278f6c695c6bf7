"""This module loads or draws data sets to train on, and splits them.

"diabetes" holds real measurements. For "friedman1" it is known which inputs matter, and for
"teacher" the weights behind the data are known. Any other table is read from a CSV file.
"""

import csv
import importlib.resources
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from refnn import arrays, network
from refnn.arrays import Refused, describe
from refnn.network import Params
from refnn.validation import takes, whole

MAX_ROWS = 10**7
NAMED = ("diabetes", "friedman1", "teacher")
ABOUT = {
    "diabetes": "442 patients, ten measurements, disease progression a year later (Efron, Hastie, "
    "Johnstone & Tibshirani, Annals of Statistics 32, 2004); the true relation is unknown",
    "friedman1": "Friedman #1 (1991), 400 draws; x1 to x5 matter, x6 to x10 do not, and the noise "
    "has variance 1",
    "teacher": "the output of a 10-5-1 tanh network, 400 draws; its 61 weights are known, 25 of "
    "them are 0, and the noise has variance 0.01",
}


class Dataset(NamedTuple):
    """N examples of a target y and of the inputs X that it may depend on."""

    X: np.ndarray  # (N, inputs)
    y: np.ndarray  # (N, 1)
    names: tuple  # of the inputs
    target: str  # the name of y
    about: str  # where the data come from, and what is known about them


class Split(NamedTuple):
    """Training rows and test rows, standardised in the same way.

    The mean and the standard deviation of each column are those of its training rows.
    """

    X_train: np.ndarray  # (⌊¾N⌋, inputs)
    y_train: np.ndarray  # (⌊¾N⌋, 1)
    X_test: np.ndarray  # (the other rows, inputs)
    y_test: np.ndarray  # (the other rows, 1)


# --- what the functions take ----------------------------------------------------------------------


def _source(name, value, arguments):
    if not isinstance(value, (str, Path)):
        expected = f"one of {', '.join(NAMED)} or the path of a CSV file"
        raise Refused(name, expected, describe(value), TypeError)
    return value


def _column(name, value, arguments):
    if not isinstance(value, str):
        raise Refused(name, "the name of a column", describe(value), TypeError)
    return value


def _dataset(name, dataset, arguments):
    """Accept a Dataset with at least two rows and a name for each column."""
    if not isinstance(dataset, Dataset):
        raise Refused(name, "a Dataset, such as load returns", describe(dataset), TypeError)
    X, y = (
        arrays.numbers(f"{name}.{part}", getattr(dataset, part), ndim=2, exact=False)
        for part in ("X", "y")
    )
    if len(X) < 2 or len(X) != len(y):
        rows = "at least two rows of X and as many of y"
        raise Refused(name, rows, f"{len(X)} and {len(y)}")
    for part, a, names in (("names", X, dataset.names), ("target", y, (dataset.target,))):
        many = isinstance(names, (tuple, list)) and len(names) == a.shape[1]
        if not many or not all(isinstance(column, str) for column in names):
            each = f"a name for each of {a.shape[1]} columns"
            raise Refused(f"{name}.{part}", each, describe(names))
    return dataset._replace(X=X, y=y)


drawn = takes(seed=whole(0), N=whole(2, MAX_ROWS))


# --- the data -------------------------------------------------------------------------------------


@takes(name=_source, target=_column, seed=whole(0))
def load(name, target=None, seed=0):
    """Return "diabetes", "friedman1", "teacher" or the table in a CSV file, as a Dataset.

    "friedman1" and "teacher" are drawn with the seed. A CSV file has a header line and then rows of
    numbers. Its last column is the target unless `target` names another column.

    >>> d = load("diabetes")
    >>> d.X.shape, d.y.shape, d.names[2], d.target
    ((442, 10), (442, 1), 'bmi', 'progression')
    """
    if name == "diabetes":
        read = _diabetes(target)
        return read._replace(X=read.X.copy(), y=read.y.copy())
    if name in NAMED:
        made = friedman1.formula(seed) if name == "friedman1" else teacher.formula(seed)[0]
        if target not in (None, made.target):
            only = f"'{made.target}', the only one of {name}"
            raise Refused("target", only, describe(target))
        return made
    path = Path(name)
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        expected = f"one of {', '.join(NAMED)} or a readable CSV file"
        raise Refused("name", expected, f"{describe(str(name))} ({reason})") from None
    return _table(content, path.name, target, f"the file {path.name}; the true relation is unknown")


@drawn
def friedman1(seed=0, N=400):
    """Draw y = 10 sin(πx₁x₂) + 20(x₃ − ½)² + 10x₄ + 5x₅ + N(0, 1) and X uniform on [0, 1]¹⁰.

    The inputs x₆ to x₁₀ do not influence y. The source is J. H. Friedman, "Multivariate adaptive
    regression splines", Annals of Statistics 19 (1991).

    >>> friedman1(seed=1).X.shape
    (400, 10)
    """
    rng = np.random.default_rng(seed)
    X = rng.random((N, 10))
    noise = rng.standard_normal(N)
    x1, x2, x3, x4, x5 = X.T[:5]
    y = 10 * np.sin(np.pi * x1 * x2) + 20 * (x3 - 0.5) ** 2 + 10 * x4 + 5 * x5 + noise  # (N,)
    return Dataset(X, y[:, None], _ten_names(), "y", ABOUT["friedman1"])


@drawn
def teacher(seed=0, N=400):
    """Draw X ~ N(0, 1) and y = (output of a random 10-5-1 tanh network) + N(0, 0.1²).

    The result is (Dataset, Params), where Params are the weights of that network. 25 of its 50 W_ih
    are exactly 0. A network trained on the data can find these weights only up to the order and the
    signs of the hidden units, which are 5!·2⁵ symmetries.

    >>> dataset, params = teacher(seed=1)
    >>> int((params.W_ih == 0).sum()), dataset.y.shape
    (25, (400, 1))
    """
    rng = np.random.default_rng(seed)
    W_ih = rng.choice((-1, 1), (5, 10)) * rng.uniform(0.4, 1.2, (5, 10))
    gone = rng.permuted(np.tile(np.arange(10) < 5, (5, 1)), axis=1)
    W_ih[gone] = 0  # five of the ten weights of each hidden unit
    b_h = rng.uniform(-0.5, 0.5, 5)
    W_ho = rng.choice((-1, 1), (1, 5)) * rng.uniform(0.5, 1.5, (1, 5))
    params = Params(W_ih, b_h, W_ho, np.zeros(1))
    X = rng.standard_normal((N, 10))
    y = network.forward.formula(params, X).y_hat + 0.1 * rng.standard_normal((N, 1))
    return Dataset(X, y, _ten_names(), "y", ABOUT["teacher"]), params


@takes(dataset=_dataset, seed=whole(0))
def split(dataset, seed):
    """Split the rows into three quarters to train on and the rest to test on.

    The first ⌊¾N⌋ rows of default_rng(seed).permutation(N) are the training rows. Each column is
    standardised: the mean of its training rows is subtracted, and the difference is divided by
    their standard deviation.

    >>> s = split(load("diabetes"), seed=0)
    >>> s.X_train.shape, s.y_test.shape, bool(abs(s.X_train.mean(axis=0)).max() < 1e-12)
    ((331, 10), (111, 1), True)
    """
    order = np.random.default_rng(seed).permutation(len(dataset.X))
    train, test = np.split(order, [len(order) * 3 // 4])
    parts = []
    for a, names in ((dataset.X, dataset.names), (dataset.y, (dataset.target,))):
        a = _near_one(a)  # changes no standardised value, but avoids overflow
        mean, std = a[train].mean(axis=0), a[train].std(axis=0)
        constant = (a[train] == a[train[:1]]).all(axis=0)
        if constant.any():
            varying = "without a constant column in the training rows"
            raise Refused("dataset", varying, f"a constant '{names[int(np.argmax(constant))]}'")
        parts.append(((a[train] - mean) / std, (a[test] - mean) / std))
    (X_train, X_test), (y_train, y_test) = parts
    return Split(X_train, y_train, X_test, y_test)


@lru_cache
def _diabetes(target):
    """Read the diabetes table and keep it, because an experiment loads it for every seed."""
    table = importlib.resources.files("refnn.datasets").joinpath("diabetes.csv").read_bytes()
    return _table(table, "diabetes", target, ABOUT["diabetes"])


def _ten_names():
    return tuple(f"x{i + 1}" for i in range(10))


def _near_one(a):
    """Divide each column by the power of two that brings it near 1, which causes no rounding."""
    _, exponent = np.frexp(np.abs(a).max(axis=0))
    return np.ldexp(a, -exponent)


def _table(content, source, target, about):
    """Return the Dataset in the bytes of a CSV file, called `source` in error messages."""
    header, rows = _rows(content, source)
    if target is not None and target not in header:
        raise Refused("target", f"a column of {source} ({', '.join(header)})", repr(target))
    values = []
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            got = f"{len(row)} in line {number} of {source}"
            raise Refused("name", f"a CSV file of {len(header)} columns", got)
        values.append([_cell(cell, name, number, source) for cell, name in zip(row, header)])
    if len(values) < 2:
        few = f"{len(values)} in {source}"
        raise Refused("name", "a CSV file with at least two rows of numbers", few)
    values = np.array(values)
    constant = (values == values[:1]).all(axis=0)
    if constant.any():
        got = f"{source}: column {header[int(np.argmax(constant))]!r} is constant"
        raise Refused("name", "a CSV file without a constant column", got)
    at = header.index(target) if target is not None else len(header) - 1
    names = tuple(header[:at] + header[at + 1 :])
    return Dataset(np.delete(values, at, axis=1), values[:, [at]], names, header[at], about)


def _rows(content, source):
    """Return (the column names, the rows below them) of a CSV file."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        got = f"bytes in {source} that are not UTF-8"
        raise Refused("name", "a CSV file of text", got) from None
    if "\0" in text:
        raise Refused("name", "a CSV file of text", f"NUL bytes in {source}")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    rows = []
    for number, line in enumerate(lines, start=1):  # so an unclosed quote ends with its line
        try:
            rows += list(csv.reader([line], strict=True)) or [[]]
        except csv.Error as error:
            raise Refused("name", "a CSV file", f"{source}, line {number}: {error}") from None
    header = [name.strip() for name in rows[0]] if rows else []
    if len(header) < 2 or not all(header):
        expected = "a CSV file whose first line names at least two columns"
        raise Refused("name", expected, f"{source}: {header}")
    twice = {name for name in header if header.count(name) > 1}
    if twice:
        got = f"{source}: {sorted(twice)[0]!r} twice"
        raise Refused("name", "a CSV file whose column names all differ", got)
    return header, rows[1:]


def _cell(cell, name, number, source):
    try:
        value = float(cell) if "_" not in cell else np.nan
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        got = f"{describe(cell)} in line {number} of {source}, column {name!r}"
        raise Refused("name", "a CSV file of finite numbers", got)
    return value
