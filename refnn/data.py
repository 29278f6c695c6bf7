"""Data to train on: real (diabetes), known relevant inputs (friedman1), known weights (teacher), or
a CSV file."""

import csv
import importlib.resources
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from refnn import arrays, network
from refnn.network import Params

MAX_ROWS = 10**7
NAMED = ("diabetes", "friedman1", "teacher")


class Dataset(NamedTuple):
    """X (N, inputs), y (N, 1), the names of the inputs and of the target, and where the data come
    from.

    >>> load("teacher").target
    'y'
    """

    X: np.ndarray
    y: np.ndarray
    names: tuple
    target: str
    about: str


class Split(NamedTuple):
    """A training and a test part, standardised by the training rows.

    >>> Split._fields
    ('X_train', 'y_train', 'X_test', 'y_test')
    """

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


def load(name, target=None, seed=0):
    """ "diabetes", "friedman1", "teacher" or the path of a CSV file; seed draws the two artificial
    ones.

    A CSV file has a header line, then numbers; the last column is the target unless `target` names
    another.

    >>> d = load("diabetes")
    >>> d.X.shape, d.y.shape, d.names[2], d.target
    ((442, 10), (442, 1), 'bmi', 'progression')
    """
    if not isinstance(name, (str, Path)):
        arrays.refuse(
            "load",
            "name",
            f"one of {', '.join(NAMED)} or the path of a CSV file",
            arrays.describe(name),
            TypeError,
        )
    if target is not None and not isinstance(target, str):
        arrays.refuse("load", "target", "the name of a column", arrays.describe(target), TypeError)
    seed = arrays.whole("load", "seed", seed, 0)
    if name == "diabetes":
        read = _diabetes(target)
        return read._replace(X=read.X.copy(), y=read.y.copy())
    if name in NAMED:
        made = friedman1(seed) if name == "friedman1" else teacher(seed)[0]
        if target not in (None, made.target):
            arrays.refuse(
                "load",
                "target",
                f"'{made.target}', the only one of {name}",
                arrays.describe(target),
            )
        return made
    path = Path(name)
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        arrays.refuse(
            "load",
            "name",
            f"one of {', '.join(NAMED)} or a readable CSV file",
            f"{arrays.describe(str(name))} ({reason})",
        )
    return _table(content, path.name, target, f"the file {path.name}; the truth is unknown")


def friedman1(seed=0, N=400):
    """y = 10 sin(πx₁x₂) + 20(x₃ − ½)² + 10x₄ + 5x₅ + N(0, 1), X uniform on [0, 1]¹⁰: five inputs
    are idle.

    J. H. Friedman, "Multivariate adaptive regression splines", Annals of Statistics 19 (1991).

    >>> friedman1(seed=1).X.shape
    (400, 10)
    """
    rng = np.random.default_rng(arrays.whole("friedman1", "seed", seed, 0))
    X = rng.random((arrays.whole("friedman1", "N", N, 2, MAX_ROWS), 10))
    noise = rng.standard_normal(len(X))
    y = (
        10 * np.sin(np.pi * X[:, 0] * X[:, 1])
        + 20 * (X[:, 2] - 0.5) ** 2
        + 10 * X[:, 3]
        + 5 * X[:, 4]
        + noise
    )
    return Dataset(
        X,
        y[:, None],
        tuple(f"x{i + 1}" for i in range(10)),
        "y",
        "Friedman #1 (1991), 400 draws; the truth: x1 to x5 matter, x6 to x10 do not, noise variance 1",
    )


def teacher(seed=0, N=400):
    """(Dataset, Params): X ~ N(0, 1), y = the 10-5-1 tanh network Params + N(0, 0.1²); 25 of 50
    W_ih are exactly 0.

    The student of another seed can be compared with Params up to the 5!·2⁵ symmetries of the hidden
    units.

    >>> dataset, params = teacher(seed=1)
    >>> int((params.W_ih == 0).sum()), dataset.y.shape
    (25, (400, 1))
    """
    rng = np.random.default_rng(arrays.whole("teacher", "seed", seed, 0))
    N = arrays.whole("teacher", "N", N, 2, MAX_ROWS)
    W_ih = rng.choice((-1, 1), (5, 10)) * rng.uniform(0.4, 1.2, (5, 10))
    W_ih[rng.permuted(np.tile(np.arange(10) < 5, (5, 1)), axis=1)] = (
        0  # five of each hidden unit's ten
    )
    b_h, W_ho = (
        rng.uniform(-0.5, 0.5, 5),
        rng.choice((-1, 1), (1, 5)) * rng.uniform(0.5, 1.5, (1, 5)),
    )
    params = Params(W_ih, b_h, W_ho, np.zeros(1))
    X = rng.standard_normal((N, 10))
    y = network.forward(params, X).y_hat + 0.1 * rng.standard_normal((N, 1))
    about = (
        "a 10-5-1 tanh network's own output, 400 draws; the truth: its 61 weights, 25 of them 0, "
        "noise variance 0.01"
    )
    return Dataset(X, y, tuple(f"x{i + 1}" for i in range(10)), "y", about), params


def split(dataset, seed):
    """Three quarters to train on, the rest to test on, both standardised (z-scored) by the training
    rows.

    The first ⌊¾N⌋ rows of default_rng(seed).permutation(N) are the training rows.

    >>> s = split(load("diabetes"), seed=0)
    >>> s.X_train.shape, s.y_test.shape, bool(abs(s.X_train.mean(axis=0)).max() < 1e-12)
    ((331, 10), (111, 1), True)
    """
    if not isinstance(dataset, Dataset):
        arrays.refuse(
            "split", "dataset", "a Dataset, as load gives it", arrays.describe(dataset), TypeError
        )
    X = arrays.numbers("split", "dataset.X", dataset.X, ndim=2, exact=False)
    y = arrays.numbers("split", "dataset.y", dataset.y, ndim=2, exact=False)
    if len(X) < 2 or len(X) != len(y):
        arrays.refuse(
            "split", "dataset", "at least two rows of X and as many of y", f"{len(X)} and {len(y)}"
        )
    for (_, columns), names, which in (
        (X.shape, dataset.names, "names"),
        (y.shape, (dataset.target,), "target"),
    ):
        if (
            not isinstance(names, (tuple, list))
            or len(names) != columns
            or not all(isinstance(n, str) for n in names)
        ):
            arrays.refuse(
                "split",
                f"dataset.{which}",
                f"a name for each of {columns} columns",
                arrays.describe(names),
            )
    order = np.random.default_rng(arrays.whole("split", "seed", seed, 0)).permutation(len(X))
    train, test = np.split(order, [len(X) * 3 // 4])
    parts = []
    for a, names in ((X, dataset.names), (y, (dataset.target,))):
        a = _near_one(a)  # z-scores do not change, and cannot overflow
        mean, std = a[train].mean(axis=0), a[train].std(axis=0)
        constant = (a[train] == a[train[:1]]).all(axis=0)
        if constant.any():
            arrays.refuse(
                "split",
                "dataset",
                "varying in every column of the training rows",
                f"'{names[int(np.argmax(constant))]}' constant",
            )
        parts.append(((a[train] - mean) / std, (a[test] - mean) / std))
    return Split(parts[0][0], parts[1][0], parts[0][1], parts[1][1])


@lru_cache
def _diabetes(target):
    """Read once: an experiment asks for it once a seed."""
    table = importlib.resources.files("refnn.datasets").joinpath("diabetes.csv").read_bytes()
    return _table(
        table,
        "diabetes",
        target,
        "442 patients, ten measurements, disease progression a year later (Efron, Hastie, Johnstone & "
        "Tibshirani, Annals of Statistics 32, 2004); the truth is unknown",
    )


def _near_one(a):
    """Each column over a power of two that brings it near 1: exact."""
    _, exponent = np.frexp(np.abs(a).max(axis=0))
    with np.errstate(under="ignore"):
        return np.ldexp(a, -exponent)


def _table(content, source, target, about):
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        arrays.refuse("load", "name", "a CSV file of text", f"bytes in {source} that are not UTF-8")
    if "\0" in text:
        arrays.refuse("load", "name", "a CSV file of text", f"NUL bytes in {source}")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    rows = []
    for number, line in enumerate(lines, start=1):  # line by line: a quote cannot swallow the next
        try:
            rows += list(csv.reader([line], strict=True)) or [[]]
        except csv.Error as error:
            arrays.refuse("load", "name", "a CSV file", f"{source}, line {number}: {error}")
    header = [name.strip() for name in rows[0]] if rows else []
    if len(header) < 2 or not all(header):
        arrays.refuse(
            "load",
            "name",
            "a CSV file whose first line names at least two columns",
            f"{source}: {header}",
        )
    twice = {name for name in header if header.count(name) > 1}
    if twice:
        arrays.refuse(
            "load",
            "name",
            "a CSV file with different column names",
            f"{source}: {sorted(twice)[0]!r} twice",
        )
    if target is not None and target not in header:
        arrays.refuse("load", "target", f"a column of {source} ({', '.join(header)})", repr(target))
    values = []
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            arrays.refuse(
                "load",
                "name",
                f"a CSV file of {len(header)} columns",
                f"{len(row)} in line {number} of {source}",
            )
        values.append([_cell(cell, name, number, source) for cell, name in zip(row, header)])
    if len(values) < 2:
        arrays.refuse(
            "load",
            "name",
            "a CSV file with at least two rows of numbers",
            f"{len(values)} in {source}",
        )
    values = np.array(values)
    constant = (values == values[:1]).all(axis=0)
    if constant.any():
        arrays.refuse(
            "load",
            "name",
            "a CSV file of varying columns",
            f"{source}: column {header[int(np.argmax(constant))]!r} is constant",
        )
    at = header.index(target) if target is not None else len(header) - 1
    names = tuple(header[:at] + header[at + 1 :])
    return Dataset(np.delete(values, at, axis=1), values[:, [at]], names, header[at], about)


def _cell(cell, name, number, source):
    try:
        value = float(cell) if "_" not in cell else np.nan
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        arrays.refuse(
            "load",
            "name",
            "a CSV file of finite numbers",
            f"{arrays.describe(cell)} in line {number} of {source}, column {name!r}",
        )
    return value
