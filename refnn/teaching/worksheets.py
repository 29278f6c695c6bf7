"""Worksheets: pen-and-paper exercises in Markdown, one variant a seed, and their answers.

The seed is a whole number: everything on the sheet is a function of it. A student's id becomes one
by SHA-256. The head is the line of the sheet that says how it was made, so that `mark_sheet` can
make its answers again. The check, eight digits of a SHA-256 over head and questions, shows another
head, or another refnn. The questions are in `topics_quantization`, `topics_network` and
`topics_corrected`.
"""

import hashlib
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from refnn import arrays
from refnn.arrays import Refused, describe
from refnn.teaching import topics_corrected, topics_network, topics_quantization
from refnn.teaching.question import question, shown
from refnn.validation import choice, takes, whole

PARTS = (topics_quantization, topics_network, topics_corrected)
TOPICS = {topic.name: topic for topics in PARTS for topic in topics.TOPICS}
LANGUAGES = ("en", "zh")
FORM = 1  # of the head and the answer lines
MAX_SEED = 2**63 - 1
BLANK = "____"
# fmt: off
WORDS = {
    "en": {
        "title": "Worksheet: quantization and pruning", "name": "Name", "answer": "Answer",
        "comma": ", ", "colon": ": ",
        "how": 'Put a number in place of each blank on the lines that begin with "Answer": with '
               "commas between them, a decimal point, such as 3, -0.5 or 2/3; leave a blank that "
               "you cannot fill. A decimal that does not end needs three digits. Leave the line "
               'that begins with "refnn worksheet" as it is. Rows are parted by semicolons.',
    },
    "zh": {
        "title": "练习：量化与剪枝", "name": "姓名", "answer": "答案", "comma": "，", "colon": "：",
        "how": "请在以“答案”开头的各行中，用数字替换每个空格：数字之间用逗号隔开，小数用小数点，"
               "例如 3，-0.5，2/3；不会的留空。无限小数请写分数或至少三位有效数字。"
               "请勿改动以“refnn worksheet”开头的一行。矩阵的各行用分号隔开。",
    },
}
# fmt: on


class Sheet(NamedTuple):
    """A worksheet."""

    seed: int
    topics: tuple  # their names, in the order of TOPICS
    language: str
    questions: tuple


def _student_id(name, student, arguments):
    if not isinstance(student, str):
        raise Refused(name, "a text", describe(student), TypeError)
    known = unicodedata.normalize("NFKC", student).strip()
    if not known or len(known) > 200 or not known.isprintable():
        raise Refused(name, "an id of 1 to 200 printable characters", describe(student))
    return known


def _topics(name, topics, arguments):
    if not isinstance(topics, (list, tuple)) or not topics:
        raise Refused(name, "a list of names of topics", describe(topics), TypeError)
    for topic in topics:
        arrays.choice(name, topic, tuple(TOPICS))
    return topics


@takes(student=_student_id)
def student_seed(student):
    """Return the seed of a student: twelve hexadecimal digits of the SHA-256 of the id.

    The id is taken in NFKC, without blanks around it.

    >>> student_seed("s1234567"), student_seed(" ｓ1234567 ") == student_seed("s1234567")
    (143175259020891, True)
    """
    return int(hashlib.sha256(student.encode("utf-8", "surrogatepass")).hexdigest()[:12], 16)


@takes(seed=whole(0, MAX_SEED), language=choice(*LANGUAGES), topics=_topics)
def sheet(seed, topics=None, language="en"):
    """Return the worksheet of a seed: one question a topic, of all or of those named.

    A question depends on the seed and its own topic only.

    >>> s = sheet(7, ["loss", "quantize"])
    >>> s.topics, shown(s.questions[0].truth[0])
    (('quantize', 'loss'), '5, 5, 5, 4, 5, 7')
    """
    topics = tuple(name for name in TOPICS if topics is None or name in topics)
    return Sheet(seed, topics, language, tuple(_question(name, seed) for name in topics))


@lru_cache(maxsize=512)
def _question(name, seed):
    """Drawn once where a class has one sheet."""
    return question(TOPICS[name], seed)


def check_code(of):
    """Return eight hexadecimal digits that change with any number or word of a sheet or its head.

    >>> seven, eight = sheet(7, ["loss"]), sheet(8, ["loss"])
    >>> check_code(seven) == check_code(sheet(7, ["loss"])), check_code(seven) == check_code(eight)
    (True, False)
    """
    everything = f"{FORM}|{of.seed}|{of.topics}|{of.language}|{_questions_text(of)}"
    return hashlib.sha256(everything.encode()).hexdigest()[:8]


def sheet_text(of):
    """Return the sheet in Markdown, to be filled in.

    >>> print(sheet_text(sheet(7, ["loss"])).split("refnn worksheet")[-1].split("## ")[1])
    1. The loss (§4.2)
    <BLANKLINE>
    J = ½ Σ (y - ŷ)², summed over four examples. y = -2, -2, -3, -4; ŷ = -3.5, 0, -4, -5.5.
    <BLANKLINE>
    a) J.
    <BLANKLINE>
    Answer 1a: ____
    <BLANKLINE>
    """
    words = WORDS[of.language]
    topics = "all" if of.topics == tuple(TOPICS) else ",".join(of.topics)
    head = f"refnn worksheet: seed {of.seed}; topics {topics}; language {of.language}; form {FORM}"
    name = f"{words['name']}{words['colon']}{BLANK}"
    parts = [f"# {words['title']}", f"{head}; check {check_code(of)}", name, words["how"]]
    return "\n\n".join([*parts, _questions_text(of)]) + "\n"


def answers_text(of):
    """Return the exact answers in Markdown, and under each those of its slips, for who marks.

    >>> print(answers_text(sheet(7, ["loss"])).split("## ")[1])
    1. The loss (§4.2)
    <BLANKLINE>
    1a: 4.75
    <BLANKLINE>
    - missing_half: 9.5
    - mean_for_sum: 1.1875
    - not_squared: 3
    <BLANKLINE>
    """
    slips = "the slips of its formula (refnn/checking/catalogue/slips.py)"
    parts = [f"# Answers: worksheet of seed {of.seed}, check {check_code(of)}"]
    parts.append(f"Under each answer: what {slips} answer.")
    for number, q in enumerate(of.questions, 1):
        parts.append(f"## {number}. {q.topic.title[of.language]}")
        for (letter, step), truth, slips in zip(q.topic.lettered(), q.truth, q.slips):
            parts.append(f"{number}{letter}: {shown(truth)}")
            lines = [f"- {name}: {shown(answer)}" for name, answer in slips.items()]
            for name, same in step.same.items():
                other = f"slip {same}" if same else "the answer"
                lines.append(f"- {name}: no numbers of this kind tell it from {other}")
            parts += ["\n".join(lines)] * bool(lines)
    return "\n\n".join(parts) + "\n"


def labels(of):
    """Return (label, question, position of the step) of every line of answers, in order.

    >>> [label for label, _, _ in labels(sheet(7, ["dequantize", "loss"]))]
    ['1a', '1b', '1c', '2a']
    """
    return [
        (f"{number}{letter}", q, i)
        for number, q in enumerate(of.questions, 1)
        for i, (letter, _) in enumerate(q.topic.lettered())
    ]


def _questions_text(of):
    words, parts = WORDS[of.language], []
    for number, q in enumerate(of.questions, 1):
        given = {name: shown(value) for name, value in q.given.items()}
        parts.append(f"## {number}. {q.topic.title[of.language]}")
        parts.append(q.topic.text[of.language].format(**given))
        for letter, step in q.topic.lettered():
            blanks = words["comma"].join([BLANK] * step.count)
            parts.append(f"{letter}) {step.asks[of.language]}")
            parts.append(f"{words['answer']} {number}{letter}{words['colon']}{blanks}")
    return "\n\n".join(parts)
