"""Draw a question of a worksheet, with its numbers, its exact answers and those of every slip.

A slip is a known mistake of the catalogue. A topic is a kind of question: it says how the numbers
are drawn and what is asked, in steps. A step is one line of answers. Its answers are values of one
recipe (see `explain`), which computes them from the given numbers and the earlier answers. The
given numbers (Fractions, whole numbers, Params) have the names of the recipe's arguments.

refnn itself computes the right answers and those of the slips, on Fractions. Numbers are drawn
again until, in every step, the answers of each slip differ from the truth and from those of the
other slips. So a wrong answer shows which slip was made.
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

    count: int  # how many numbers are asked
    recipe: str | Recipe  # for the right answers; with a slip, for wrong ones
    asks: dict  # {language: what the student has to do}
    takes: Callable = lambda given, earlier: given  # (given, earlier answers) -> arguments
    values: tuple = ()  # names of the recipe's values that are asked; (): all
    # Slips that always give the same numbers as another slip, or as the truth (""): {slip: other}
    same: Mapping = MappingProxyType({})


class Topic(NamedTuple):
    """A kind of question."""

    name: str
    title: dict  # {language: text}
    draw: Callable  # a Generator -> {name: number or array}
    text: dict  # {language: text with {name} in place of each number}
    steps: tuple  # a Step for each line of answers

    def lettered(self):
        """Return (letter, step) for every step."""
        return zip("abcdef", self.steps)


class Question(NamedTuple):
    """A topic with its numbers and answers."""

    topic: Topic
    given: dict  # {name: number or array}
    truth: tuple  # a tuple of Fractions for each step
    slips: tuple  # {slip: a tuple of Fractions} for each step


def question(topic, seed):
    """Return the question of a topic and a seed.

    In every step the slips differ from the truth and from each other. A RuntimeError is raised if a
    thousand draws do not reach this.

    >>> from refnn.teaching.topics_quantization import TOPICS
    >>> q = question(TOPICS[0], 7)
    >>> q.topic.name, len(q.truth[0]), sorted(q.slips[0])[:2]
    ('quantize', 6, ['clip_for_mod', 'minus_B_encoding'])
    """
    rng = np.random.default_rng([seed, *topic.name.encode()])  # independent of the other topics
    for _ in range(1000):  # on average, one to three draws are enough
        given = topic.draw(rng)
        truth, slips = [], []
        for step in topic.steps:
            truth.append(right(step, given, truth))
            slips.append(wrong(step, given, truth[:-1]))
            if not apart([truth[-1], *slips[-1].values()]):
                break
        else:
            return Question(topic, given, tuple(truth), tuple(slips))
    why = f"the numbers that {topic.name!r} draws do not separate its slips"
    raise RuntimeError(f"question: {why}")


def right(step, given, earlier):
    """Return the right numbers of a step that follow from the answers to the earlier steps.

    >>> right(Step(1, "loss", {}), {"y_hat": [[Fraction(3)]], "y": [[Fraction(0)]]}, ())
    (Fraction(9, 2),)
    """
    return _numbers(step, explain.right(step.recipe, step.takes(given, earlier)))


def wrong(step, given, earlier):
    """Return {slip: its numbers} for a step, without the slips in `step.same`.

    >>> given = {"y_hat": [[Fraction(3)], [Fraction(-1)]], "y": [[Fraction(0)], [Fraction(0)]]}
    >>> {name: str(*v) for name, v in wrong(Step(1, "loss", {}), given, ()).items()}
    {'missing_half': '10', 'mean_for_sum': '5/2', 'mean_without_half': '5', 'not_squared': '2'}
    """
    tried = explain.under_each(step.recipe, step.takes(given, earlier))
    numbers = {name: _numbers(step, v) for name, v in tried.items() if v and name not in step.same}
    return {name: v for name, v in numbers.items() if v}


def follows(step, given, earlier):
    """Return the results of `right` and `wrong` for a student's own earlier answers.

    They are (None, {}) if the recipe refuses these answers.

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
    """Return the values that a step asks, in one tuple, or None if one is no number (NaN)."""
    asked = [values[name] for name in step.values or values]
    flat = [v.flatten() if isinstance(v, Params) else np.ravel(v) for v in asked]
    numbers = explain.exact(np.concatenate(flat))
    return None if numbers is None else tuple(numbers)


def apart(answers):
    """Return True if every two answers differ clearly in at least one number.

    They must differ there by more than a fiftieth of the larger number. Rounding to three digits
    changes less than that.

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
    # A Fraction takes no int64
    plain = (v.item() if isinstance(v, np.generic) else v for v in values)
    values = [Fraction(v) for v in plain]
    return arrays.objects(values, (len(values),) if shape is None else shape)


def shown(value):
    """Return the text of a value on a sheet, with commas between numbers, semicolons between rows.

    The parameters of a network are written as one vector.

    >>> shown(fractions(["0.5", "1/3"])), shown(fractions([1, 2, 3, 4], (2, 2)))
    ('0.5, 1/3', '1, 2; 3, 4')
    """
    flat = value.flatten() if isinstance(value, Params) else value
    return line(flat, _exactly, ", ", "; ")


def _exactly(value):
    return decimal(Fraction(int(value) if isinstance(value, np.integer) else value))
