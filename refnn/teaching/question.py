"""A question of a worksheet: its numbers, its exact answers, and what every slip of its formulas
would have answered.

    topic   a kind of question: how its numbers are drawn, what is asked, in steps
    step    one line of answers: numbers by one formula, computed from the given ones and from the steps before it
    given   the numbers drawn, by the names that the formula has for them; Fractions, whole numbers, Params

Right answers and slips are computed by refnn itself, on Fractions. Numbers are drawn until the
slips of every step answer otherwise than the truth and than each other, so that a wrong answer
names its slip."""

import importlib
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.checking.catalogue.slips import CATALOGUE
from refnn.checking.plane.conflict import decimal
from refnn.network import Params
from refnn.quantization.affine import QParams

NOT_COMPUTED = (ValueError, TypeError, ZeroDivisionError, OverflowError, IndexError, AttributeError)


class Step(NamedTuple):
    """count numbers by the first of `formulas` (none: by no formula of the catalogue),
    compute(function, given, earlier); asks {language: words}. same {slip: another slip, or ""}:
    what no numbers of this kind tell from that slip, or from the truth.

    >>> Step._fields
    ('count', 'formulas', 'compute', 'asks', 'same')
    """

    count: int
    formulas: tuple
    compute: Callable
    asks: dict
    same: Mapping = MappingProxyType({})


class Topic(NamedTuple):
    """A kind of question; draw(rng) gives the numbers, text {language: words with {names} of the
    given}.

    >>> Topic._fields
    ('name', 'title', 'draw', 'text', 'steps')
    """

    name: str
    title: dict
    draw: Callable
    text: dict
    steps: tuple


class Question(NamedTuple):
    """A topic with its numbers: truth, a tuple of Fractions a step; slips, {name: such a tuple} a
    step.

    >>> Question._fields
    ('topic', 'given', 'truth', 'slips')
    """

    topic: Topic
    given: dict
    truth: tuple
    slips: tuple


def question(topic, seed):
    """The one question of this topic and seed; its slips are apart from the truth and from each
    other.

    >>> from refnn.teaching.topics_quantization import TOPICS
    >>> q = question(TOPICS[0], 7)
    >>> q.topic.name, len(q.truth[0]), sorted(q.slips[0])[:2]
    ('quantize', 6, ['clip_for_mod', 'minus_B_encoding'])
    """
    rng = np.random.default_rng(
        [seed, *topic.name.encode()]
    )  # of its own: other topics do not matter
    for _ in range(1000):  # one draw to three do, on average
        given = topic.draw(rng)
        truth, slips = [], []
        for step in topic.steps:
            truth.append(right(step, given, truth))
            slips.append(wrong(step, given, truth[:-1]))
            if not apart([truth[-1], *slips[-1].values()]):
                break
        else:
            return Question(topic, given, tuple(truth), tuple(slips))
    raise RuntimeError(
        f"question: the slips of {topic.name!r} cannot be told apart by what it draws"
    )


def right(step, given, earlier):
    """The right numbers of a step, after these answers to the steps before it.

    >>> right(Step(1, ("network.loss",), lambda f, g, e: f(g["r"], [[Fraction(0)]]), {}), {"r": [[Fraction(3)]]}, ())
    (Fraction(9, 2),)
    """
    return exactly(
        step.compute(_function(step.formulas[0]) if step.formulas else None, given, earlier)
    )


def wrong(step, given, earlier):
    """{slip: its numbers}, of all slips of the step's formulas but those that `same` tells of.

    >>> step = Step(1, ("network.loss",), lambda f, g, e: f(g["r"], [[Fraction(0)], [Fraction(0)]]), {})
    >>> {name: str(*v) for name, v in wrong(step, {"r": [[Fraction(3)], [Fraction(-1)]]}, ()).items()}
    {'missing_half': '10', 'mean_for_sum': '5/2', 'not_squared': '2'}
    """
    return {
        s.name: exactly(step.compute(s.wrong, given, earlier))
        for s in slips_of(step)
        if s.name not in step.same
    }


def slips_of(step):
    """All slips of a step's formulas, in the catalogue's order.

    >>> [s.name for s in slips_of(Step(1, ("network.loss",), None, {}))]
    ['missing_half', 'mean_for_sum', 'not_squared']
    """
    return list(_slips(step.formulas))


@cache
def _slips(formulas):
    return tuple(s for s in CATALOGUE.values() if s.formula in formulas)


def follows(step, given, earlier, by=right):
    """`right` (or `wrong`) after somebody's own answers; None after numbers that the formula
    refuses.

    >>> step = Step(1, ("network.loss",), lambda f, g, e: f([[e[0][0]]], [[Fraction(0)]]), {})
    >>> follows(step, {}, [(Fraction(4),)]), follows(step, {}, [()])
    ((Fraction(8, 1),), None)
    """
    try:
        with np.errstate(all="ignore"):
            return by(step, given, earlier)
    except NOT_COMPUTED:
        return None


def exactly(result):
    """All numbers of a result, whatever holds them, as a flat tuple of Fractions.

    >>> exactly((0.5, np.array([True, False]))), exactly(QParams(Fraction(1, 3), 2, 0, 7))
    ((Fraction(1, 2), Fraction(1, 1), Fraction(0, 1)), (Fraction(1, 3), Fraction(2, 1)))
    """
    if isinstance(result, tuple):
        return tuple(v for part in result for v in exactly(part))
    if isinstance(result, QParams):
        return exactly((result.scale, result.zero_point))
    values = np.asarray(result.flatten() if isinstance(result, Params) else result).ravel()
    return tuple(v if isinstance(v, Fraction) else Fraction(v) for v in values.tolist())


def apart(answers):
    """Does each answer differ from each other, in some number by more than a fiftieth: more than a
    rounding blurs?

    >>> apart([(Fraction(3), Fraction(0)), (Fraction(4), Fraction(0))]), apart([(Fraction(100),), (Fraction(101),)])
    (True, False)
    """
    a = np.array(
        [[v.numerator / v.denominator for v in answer] for answer in answers]
    )  # (answers, numbers)
    size = np.abs(a)
    differ = 50 * np.abs(a[:, None] - a) > np.maximum(
        size[:, None], size
    )  # (answers, answers, numbers)
    return bool((differ.any(axis=-1) | np.eye(len(a), dtype=bool)).all())


def fractions(values, shape=None):
    """Numbers as an object array of Fractions.

    >>> fractions(["0.5", 2]).tolist()
    [Fraction(1, 2), Fraction(2, 1)]
    """
    values = [
        Fraction(v.item() if isinstance(v, np.generic) else v) for v in values
    ]  # no int64 in a Fraction
    return arrays.objects(values, (len(values),) if shape is None else shape)


def shown(value):
    """A given value in a prompt: a number, numbers with commas, rows parted by semicolons, a
    network's as one vector.

    >>> shown(fractions(["0.5", "1/3"])), shown(fractions([1, 2, 3, 4], (2, 2)))
    ('0.5, 1/3', '1, 2; 3, 4')
    """
    if isinstance(value, Params):
        value = value.flatten()
    if isinstance(value, (list, tuple, np.ndarray)):
        rows = any(isinstance(row, (list, tuple, np.ndarray)) for row in value)
        return ("; " if rows else ", ").join(shown(row) for row in value)
    return decimal(Fraction(int(value) if isinstance(value, np.integer) else value))


def _function(name):
    module, function = name.rsplit(".", 1)
    return getattr(importlib.import_module(f"refnn.{module}"), function)
