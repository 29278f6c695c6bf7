"""Make worksheets, which are pen-and-paper exercises in Markdown, and their answers.

Each seed, a whole number, gives one variant of a worksheet: it decides everything on the sheet.
The head is the line of the sheet that says how the sheet was made, so that `mark_sheet` can compute
the answers again. The check code in the head shows if the head was changed, or if the sheet comes
from another version of refnn. The questions are in `topics_quantization`, `topics_network` and
`topics_corrected`.

A sheet for practice has its seed in the head, and its check code is the beginning of a SHA-256 over
head and questions. Whoever has refnn can compute its answers. The sheet of a student in a class has
the student's id in its head. Its seed and its check code come from the secret of the class (see
`roster`), without which nobody can compute them.
"""

import hashlib
from functools import lru_cache
from typing import NamedTuple

from refnn import arrays
from refnn.arrays import Refused, describe
from refnn.teaching import topics_corrected, topics_network, topics_quantization
from refnn.teaching.question import question, shown
from refnn.teaching.roster import is_secret, known, signature, variant
from refnn.validation import choice, takes, whole

PARTS = (topics_quantization, topics_network, topics_corrected)
TOPICS = {topic.name: topic for topics in PARTS for topic in topics.TOPICS}
LANGUAGES = ("en", "zh")
FORM = 1  # the version of the form of the head and the answer lines
MAX_SEED = 2**63 - 1
BLANK = "____"
ANSWERS = "# Answers to the worksheet of"  # so the file of the instructor begins
# fmt: off
WORDS = {
    "en": {
        "title": "Worksheet: quantization and pruning", "name": "Name", "answer": "Answer",
        "comma": ", ", "colon": ": ",
        "how": 'Replace each blank on the lines that begin with "Answer" by a number, such as 3, '
               "-0.5 or 2/3. Put commas between the numbers, and use a decimal point. Leave a "
               "blank as it is if you cannot fill it. If a decimal does not end, give at least "
               'three digits. Do not change the line that begins with "refnn worksheet". '
               "Semicolons separate the rows of a matrix.",
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

    seed: int  # the whole number that decides the variant
    topics: tuple  # their names, in the order of TOPICS
    language: str  # one of LANGUAGES
    questions: tuple  # a Question for each topic
    student: str = ""  # the id of the student, or "" for a sheet for practice
    code: str = ""  # the check code of the head

    @property
    def origin(self):
        """Return the part of the head from which the numbers follow.

        >>> sheet(7, ["loss"]).origin
        'seed 7'
        """
        return f"id {self.student}" if self.student else f"seed {self.seed}"


def _student_id(name, student, arguments):
    if not isinstance(student, str):
        raise Refused(name, "a text", describe(student), TypeError)
    student = known(student)
    if not student or len(student) > 200 or not student.isprintable():
        raise Refused(name, "an id of 1 to 200 printable characters", describe(student))
    return student


def _topics(name, topics, arguments):
    if not isinstance(topics, (list, tuple)) or not topics:
        raise Refused(name, "a list of names of topics", describe(topics), TypeError)
    for topic in topics:
        arrays.choice(name, topic, tuple(TOPICS))
    return topics


@takes(student=_student_id)
def student_seed(student):
    """Return the seed of a student, the first twelve hexadecimal digits of the id's SHA-256.

    Before that, the id is brought into Unicode's form NFKC and loses the blanks around it.

    >>> student_seed("s1234567"), student_seed(" ｓ1234567 ") == student_seed("s1234567")
    (143175259020891, True)
    """
    return int(hashlib.sha256(student.encode("utf-8", "surrogatepass")).hexdigest()[:12], 16)


@takes(seed=whole(0, MAX_SEED), language=choice(*LANGUAGES), topics=_topics)
def sheet(seed, topics=None, language="en"):
    """Return the worksheet of a seed, with one question for each topic.

    Without `topics` it has all topics. A question depends only on the seed and on its own topic.

    >>> s = sheet(7, ["loss", "quantize"])
    >>> s.topics, shown(s.questions[0].truth[0])
    (('quantize', 'loss'), '5, 5, 5, 4, 5, 7')
    """
    made = _sheet(seed, _ordered(topics), language)
    return made._replace(code=hashlib.sha256(_everything(made).encode()).hexdigest()[:8])


@takes(student=_student_id, secret=is_secret, language=choice(*LANGUAGES), topics=_topics)
def class_sheet(student, secret, topics=None, language="en"):
    """Return the worksheet of a student in a class whose secret is given, as bytes.

    >>> one, other = (class_sheet("ada", secret * 16, ["loss"]) for secret in (b"0", b"1"))
    >>> one.origin, one.seed == other.seed, one.code == other.code
    ('id ada', False, False)
    """
    topics = _ordered(topics)
    made = _sheet(variant(secret, student, topics), topics, language, student)
    return made._replace(code=signature(secret, "check", _everything(made)).hex()[:8])


def _ordered(topics):
    return tuple(name for name in TOPICS if topics is None or name in topics)


def _sheet(seed, topics, language, student=""):
    questions = tuple(_question(name, seed) for name in topics)
    return Sheet(seed, topics, language, questions, student)


@lru_cache(maxsize=512)
def _question(name, seed):
    """Return the question of a topic, drawn only once if a whole class has the same sheet."""
    return question(TOPICS[name], seed)


def _everything(of):
    """Return the head and the questions, over which the check code is computed.

    >>> seven, eight = sheet(7, ["loss"]), sheet(8, ["loss"])
    >>> seven.code == sheet(7, ["loss"]).code, seven.code == eight.code
    (True, False)
    """
    origin = of.student or of.seed
    return f"{FORM}|{origin}|{of.topics}|{of.language}|{_questions_text(of)}"


def sheet_text(of):
    """Return the sheet in Markdown, for the student to fill in.

    >>> print(sheet_text(sheet(7, ["loss"])).split("refnn worksheet")[-1].split("## ")[1])
    1. The loss (§4.2)
    <BLANKLINE>
    J = ½ Σ (y - ŷ)², summed over four examples. y = -2, -2, -3, -4; ŷ = -3.5, 0, -4, -5.5.
    <BLANKLINE>
    a) Compute J.
    <BLANKLINE>
    Answer 1a: ____
    <BLANKLINE>
    """
    words = WORDS[of.language]
    topics = "all" if of.topics == tuple(TOPICS) else ",".join(of.topics)
    head = f"refnn worksheet: {of.origin}; topics {topics}; language {of.language}; form {FORM}"
    name = f"{words['name']}{words['colon']}{BLANK}"
    parts = [f"# {words['title']}", f"{head}; check {of.code}", name, words["how"]]
    return "\n\n".join([*parts, _questions_text(of)]) + "\n"


def answers_text(of):
    """Return the exact answers in Markdown, for the instructor.

    Under each line of answers stand the answers of its slips (known mistakes).

    >>> print(answers_text(sheet(7, ["loss"])).split("## ")[1])
    1. The loss (§4.2)
    <BLANKLINE>
    1a: 4.75
    <BLANKLINE>
    - missing_half: 9.5
    - mean_for_sum: 1.1875
    - mean_without_half: 2.375
    - not_squared: 3
    <BLANKLINE>
    """
    mistakes = "each known mistake in its formula (refnn/checking/catalogue/slips.py)"
    parts = [f"{ANSWERS} {of.origin}, check {of.code}"]
    parts.append(f"Under each answer you see what {mistakes} would give.")
    for number, q in enumerate(of.questions, 1):
        parts.append(f"## {number}. {q.topic.title[of.language]}")
        for (letter, step), truth, slips in zip(q.topic.lettered(), q.truth, q.slips):
            parts.append(f"{number}{letter}: {shown(truth)}")
            lines = [f"- {name}: {shown(answer)}" for name, answer in slips.items()]
            for name, same in step.same.items():
                other = f"the mistake {same}" if same else "the right answer"
                lines.append(f"- {name}: it always gives the same numbers here as {other}")
            parts += ["\n".join(lines)] * bool(lines)
    return "\n\n".join(parts) + "\n"


def labels(of):
    """Return (label, question, position of the step) for every line of answers, in order.

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
