"""A question of a worksheet: its numbers, its exact answers, and what every slip would answer.

A topic is a kind of question: how its numbers are drawn, and what is asked, in steps. A step is one
line of answers: values of one recipe (see `explain`), computed from the given numbers and from the
steps before it. The given numbers (Fractions, whole numbers, Params) have the names that the recipe
has for them.

Right answers and slips are computed by refnn itself, on Fractions. Numbers are drawn until the
slips of every step answer otherwise than the truth and than each other, so that a wrong answer
names its slip.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from refnn import arrays
from refnn.checking.catalogue import explain
from refnn.checking.catalogue.formulas import Recipe
from refnn.checking.plane.digits import decimal, line
from refnn.network import Params


class Step(NamedTuple):
    """One line of answers."""

    count: int  # how many numbers
    recipe: str | Recipe  # what they are computed by, and with the slips of what
    asks: dict  # {language: words}
    takes: Callable = lambda given, earlier: given  # (given, earlier answers) -> its arguments
    values: tuple = ()  # which of its values are asked, by name; (): all
    same: Mapping = MappingProxyType({})  # slips that give the numbers of another slip, or of ""


class Topic(NamedTuple):
    """A kind of question."""

    name: str
    title: dict  # {language: words}
    draw: Callable  # a Generator -> the numbers, by name
    text: dict  # {language: words, with the numbers' {names}}
    steps: tuple

    def lettered(self):
        """Return the steps with their letters."""
        return zip("abcdef", self.steps)


class Question(NamedTuple):
    """A topic with its numbers."""

    topic: Topic
    given: dict  # the numbers, by name
    truth: tuple  # a tuple of Fractions a step
    slips: tuple  # {slip: a tuple of Fractions} a step


def question(topic, seed):
    """Return the one question of a topic and seed; its slips differ from the truth and each other.

    >>> from refnn.teaching.topics_quantization import TOPICS
    >>> q = question(TOPICS[0], 7)
    >>> q.topic.name, len(q.truth[0]), sorted(q.slips[0])[:2]
    ('quantize', 6, ['clip_for_mod', 'minus_B_encoding'])
    """
    rng = np.random.default_rng([seed, *topic.name.encode()])  # whatever the other topics draw
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
    why = f"the slips of {topic.name!r} cannot be told apart by what it draws"
    raise RuntimeError(f"question: {why}")


def right(step, given, earlier):
    """Return the right numbers of a step, after these answers to the steps before it.

    >>> right(Step(1, "loss", {}), {"y_hat": [[Fraction(3)]], "y": [[Fraction(0)]]}, ())
    (Fraction(9, 2),)
    """
    return _numbers(step, explain.right(step.recipe, step.takes(given, earlier)))


def wrong(step, given, earlier):
    """Return {slip: its numbers}, of the step's recipe, without the slips in `same`.

    >>> given = {"y_hat": [[Fraction(3)], [Fraction(-1)]], "y": [[Fraction(0)], [Fraction(0)]]}
    >>> {name: str(*v) for name, v in wrong(Step(1, "loss", {}), given, ()).items()}
    {'missing_half': '10', 'mean_for_sum': '5/2', 'not_squared': '2'}
    """
    tried = explain.under_each(step.recipe, step.takes(given, earlier))
    numbers = {name: _numbers(step, v) for name, v in tried.items() if v and name not in step.same}
    return {name: v for name, v in numbers.items() if v}


def follows(step, given, earlier):
    """Return (`right`, `wrong`) after somebody's own answers; (None, {}) if these are refused.

    >>> step = Step(1, "loss", {}, lambda given, earlier: {**given, "y_hat": [[earlier[0][0]]]})
    >>> zero = {"y": [[Fraction(0)]]}
    >>> follows(step, zero, [(Fraction(4),)])[0], follows(step, zero, [()])
    ((Fraction(8, 1),), (None, {}))
    """
    try:
        return right(step, given, earlier), wrong(step, given, earlier)
    except explain.NO_VALUE:
        return None, {}


def _numbers(step, values):
    """Those of a recipe's values that are asked, in a tuple; None if one is none, such as NaN."""
    asked = [values[name] for name in step.values or values]
    flat = [v.flatten() if isinstance(v, Params) else np.ravel(v) for v in asked]
    numbers = explain.exact(np.concatenate(flat))
    return None if numbers is None else tuple(numbers)


def apart(answers):
    """Return whether all answers differ, each two in a number by more than a fiftieth of it.

    Rounding to three digits does not blur so much.

    >>> apart([(Fraction(3), Fraction(0)), (Fraction(4), Fraction(0))])
    True
    >>> apart([(Fraction(100),), (Fraction(101),)])
    False
    """
    a = np.array([[v.numerator / v.denominator for v in answer] for answer in answers])
    larger = np.maximum(np.abs(a)[:, None], np.abs(a))  # (answers, answers, numbers)
    differ = 50 * np.abs(a[:, None] - a) > larger
    return bool((differ.any(axis=-1) | np.eye(len(a), dtype=bool)).all())


def fractions(values, shape=None):
    """Return numbers as an object array of Fractions.

    >>> fractions(["0.5", 2]).tolist()
    [Fraction(1, 2), Fraction(2, 1)]
    """
    plain = (v.item() if isinstance(v, np.generic) else v for v in values)  # no int64 in a Fraction
    values = [Fraction(v) for v in plain]
    return arrays.objects(values, (len(values),) if shape is None else shape)


def shown(value):
    """Return a given value as a sheet shows it: commas between numbers, semicolons between rows.

    A network is one vector.

    >>> shown(fractions(["0.5", "1/3"])), shown(fractions([1, 2, 3, 4], (2, 2)))
    ('0.5, 1/3', '1, 2; 3, 4')
    """
    flat = value.flatten() if isinstance(value, Params) else value
    return line(flat, _exactly, ", ", "; ")


def _exactly(value):
    return decimal(Fraction(int(value) if isinstance(value, np.integer) else value))
