"""This module judges what the article says in words (§1, §2, §5, §6) by stored numbers.

The numbers are those of the experiment `statements` and of the other claims, over 200 networks of
each data set. Each statement is given in our words, with its §."""

from math import ceil
from typing import NamedTuple

from refnn import article
from refnn.experiments import store
from refnn.experiments.statements import KEPT, OVERFIT

HOLDS, FAILS, PARTLY, NOTHING = "as printed", "cannot be", "not decidable", "not decidable"
INPUTS, HIDDEN, OUTPUTS = article.CLAIMED_SIZES
WEIGHTS = INPUTS * HIDDEN + HIDDEN * OUTPUTS
COUNT = WEIGHTS + HIDDEN + OUTPUTS
BYTES = 4 * COUNT  # as float32
RECIPES = ("diabetes", "friedman1", "teacher")


class Statement(NamedTuple):
    """A sentence of the article in our words, and how it stands."""

    section: str  # of the article, "6.2"
    says: str
    verdict: str  # holds, fails, holds only where …, or says nothing that can be tested
    number: str  # what was measured, in words
    status: str  # of a Verdict


def statements():
    """Return the statements in the order of the article.

    >>> [s.section for s in statements()][:3]
    ['1', '1', '1']
    """
    return [make() for make in ALL]


def _ratio(treatment, datasets=RECIPES):
    """Return the medians of the test error, divided by the error before, as 1.00, 1.03 and 1.13."""
    medians = [store.errors(d, treatment)["median"] for d in datasets]
    return _each(f"{v:.2f}" if v < 9.995 else f"{v:.0f}" for v in medians)


def _kept(treatment, datasets=RECIPES):
    return _each(f"{store.errors(d, treatment)['kept']:.0%}" for d in datasets)


def _each(texts):
    *others, last = texts
    return f"{', '.join(others)} and {last}" if others else last


def _are_kept(treatment, datasets=RECIPES):
    return all(store.errors(d, treatment)["median"] <= KEPT for d in datasets)


ON = "on diabetes, friedman1 and teacher"


def _quantization_keeps():
    written, right = "as written, 8 bits", "corrected, 8 bits"
    word = "holds only with the decoder, rounding and ranges corrected"
    good = _are_kept(right) and not _are_kept(written)
    return Statement(
        "1",
        "Quantization keeps the performance.",
        word if good else "fails" if not _are_kept(right) else "holds",
        f"test error, divided by the error before, {ON}: as written at 8 bits {_ratio(written)}, "
        f"corrected {_ratio(right)}; corrected at 3 bits {_ratio('corrected, 3 bits')}",
        PARTLY if good else HOLDS if _are_kept(right) else FAILS,
    )


def _integers():
    return Statement(
        "1",
        "Quantization turns the parameters from floats into integers.",
        "fails as written: θ_q = x̂ is made of floats again",
        f"{BYTES} bytes before and after; the codes are integers, but the article puts the decoded "
        "values into the model",
        FAILS,
    )


def _smaller():
    return Statement(
        "1",
        "Both methods make the model smaller.",
        "holds only where codes, or only the kept parameters, are what is stored",
        f"{BYTES} bytes as written; as 3-bit codes {ceil(COUNT * 3 / 8)}, plus {4 * 2 * 4} for "
        "four (W, B); a pruned parameter that is stored as 0 takes 4 bytes as before",
        PARTLY,
    )


def _less_computation():
    return Statement(
        "1",
        "Both methods reduce the computation.",
        "holds only with integer arithmetic, or with a format that skips zeros",
        f"as written, a forward pass multiplies {WEIGHTS} floats before and after; a mask alone "
        "skips none",
        PARTLY,
    )


def _pruning_keeps():
    written, right = "as written, R < 0.5", "half by |w|"
    good = _are_kept(right) and not _are_kept(written)
    return Statement(
        "1",
        "Pruning keeps the performance.",
        "holds only by another rule, with training after it"
        if good
        else "holds"
        if _are_kept(written)
        else "fails",
        f"test error, divided by the error before, {ON}: R < {article.TAU} {_ratio(written)}; half "
        f"by |w|, then trained, {_ratio(right)}; 90% by |w|, then trained, {_ratio('90% by |w|')}",
        PARTLY if good else FAILS,
    )


def _connections():
    return Statement(
        "2.2",
        "Pruning removes parameters and connections (连接).",
        "says nothing that can be tested separately: a weight is a connection",
        "the formula removes single parameters; a unit or an input goes only if all its weights do",
        NOTHING,
    )


def _by_performance():
    by = {c.name: c for c in store.claims()}["criteria"]
    return Statement(
        "2.2",
        "The importance of a parameter is judged by the performance of the model.",
        "fails: the formula is the slope R, not the loss without the parameter",
        f"the {by.what} with the true cost is {by.number} (median; the other way round in "
        f"{by.reversed:.0%} of the networks)",
        FAILS,
    )


def _adjusting():
    return Statement(
        "2.1",
        "The range is adjusted by the distribution and the precision of the parameters.",
        "fails: the formula of this step takes only q, W and B",
        "it decodes; W and B would have to be chosen from the distribution before quantizing",
        FAILS,
    )


def _efficient():
    aware = {c.name: c for c in store.claims()}["aware-training"]
    return Statement(
        "5.1",
        "More efficient quantization is wished for, with better performance.",
        "holds: it exists",
        f"3 bits, test error, divided by the error before, {ON}: corrected "
        f"{_ratio('corrected, 3 bits')}, with aware training {_ratio('aware, 3 bits')} (the "
        f"control, longer training, at 2 bits: {aware.number} in favour of aware training, the "
        f"other way round in {aware.reversed:.0%} of the networks)",
        HOLDS,
    )


def _smarter():
    return Statement(
        "5.2",
        "Smarter pruning is wished for, with better generalization.",
        "holds only where the network overfits",
        f"90% pruned gradually by OBD, test error, divided by the error before, {ON}: "
        f"{_ratio('90% gradual, OBD')}, by |w| {_ratio('90% by |w|')}; half by OBD "
        f"{_ratio('half by OBD')}, and {_ratio('half by OBD', (OVERFIT,))} where the network "
        "overfits (diabetes, no decay)",
        PARTLY,
    )


def _framework():
    return Statement(
        "5.3",
        "A stronger framework for both is wished for.",
        "says nothing that can be tested",
        "no measure of strength is given",
        NOTHING,
    )


def _difference():
    return Statement(
        "6.1",
        "Quantization turns floats into integers, and pruning deletes parameters and connections.",
        "says nothing that can be tested: it defines the two words",
        "see the first two statements for what the formulas do",
        NOTHING,
    )


def _usually():
    return Statement(
        "6.2",
        "Usually both keep the performance while the model becomes smaller.",
        "fails as written, holds corrected at 8 bits and at half of the parameters",
        f"share of the networks with at most 5% more test error {ON}: as written, 8 bits "
        f"{_kept('as written, 8 bits')}, R < {article.TAU} {_kept('as written, R < 0.5')}; "
        f"corrected, 8 bits {_kept('corrected, 8 bits')}, half by |w| {_kept('half by |w|')}",
        FAILS,
    )


def _every_model():
    return Statement(
        "6.3",
        "Both suit most networks, but not all.",
        "holds",
        "the share of networks that keep the performance depends on the data. "
        f"{ON[0].upper()}{ON[1:]}: corrected, 3 "
        f"bits {_kept('corrected, 3 bits')}; 90% gradually by OBD {_kept('90% gradual, OBD')}; "
        f"half by |w| on networks that overfit {_kept('half by |w|', (OVERFIT,))}",
        HOLDS,
    )


def _together():
    over = (*RECIPES, OVERFIT)
    return Statement(
        "6.4",
        "Both together give a better and a smaller model.",
        "better holds only where the network overfits, and only corrected",
        f"half pruned by OBD, trained, 8 bits: test error, divided by the error before, {ON} "
        f"{_ratio('both, 8 bits')}, on networks that overfit "
        f"{_ratio('both, 8 bits', (OVERFIT,))}; at 3 bits "
        f"{_ratio('both, 3 bits', over)}; as written, R < {article.TAU} and 3 bits, "
        f"{_ratio('both as written, 3 bits')}",
        PARTLY,
    )


ALL = (
    _quantization_keeps,
    _integers,
    _smaller,
    _less_computation,
    _pruning_keeps,
    _adjusting,
    _connections,
    _by_performance,
    _efficient,
    _smarter,
    _framework,
    _difference,
    _usually,
    _every_model,
    _together,
)


def trained_findings():
    """Return (number, section, term, text) of the findings that need trained networks.

    >>> [number for number, *_ in trained_findings()]
    [18, 19, 25]
    """
    return [
        (
            18,
            "3.1.2",
            "偏移量",
            "The scheme as written, with one (W, B) for each network, multiplies the test error on "
            f"diabetes by {_ratio('as written, 8 bits', ('diabetes',))} at 8 bits, and by "
            f"{_ratio('as written, 8 bits', (OVERFIT,))} without weight decay. More bits do not "
            f"help ({_ratio('as written, 3 bits', ('diabetes',))} at 3 bits). Corrected it is "
            f"{_ratio('corrected, 8 bits', ('diabetes',))}",
        ),
        (
            19,
            "6",
            "问题4",
            "Both together do not always predict better. Half pruned by OBD, trained, 8 bits: the "
            f"test error is multiplied by {_ratio('both, 8 bits')} {ON}. Only where the network "
            f"overfits does it fall, to {_ratio('both, 8 bits', (OVERFIT,))} of its value. This "
            "gain comes from the pruning and not from the bits",
        ),
        (
            25,
            "6",
            "问题3",
            "Each method fails somewhere. Share of the networks that keep their performance "
            f"{ON}: corrected, 3 bits {_kept('corrected, 3 bits')}; 90% gradually by OBD "
            f"{_kept('90% gradual, OBD')}; half by |w| without weight decay "
            f"{_kept('half by |w|', (OVERFIT,))} (diabetes)",
        ),
    ]
