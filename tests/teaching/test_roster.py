"""A class: its roster, its secret, and what only the secret can give."""

import hashlib
import hmac
from itertools import product

import pytest

from refnn.teaching import roster
from refnn.teaching.roster import Roster, read_roster
from refnn.teaching.worksheets import answers_text, class_sheet, sheet_text

SECRET, OTHER = bytes(range(32)), bytes(range(1, 33))

# The beginnings of the gradebooks that Canvas and Moodle export
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Sheet 1 (77)\n"
    "    Points Possible,,,,,10\n"
    '"Byron, Ada",101,a1,ada,S1,\n'
    '"Test, Student",102,,,S1,\n'
)
MOODLE = (
    "\ufeffFirst name;Surname;ID number;Email address\n"
    "Ada;Byron;a1;ada@x.org\nBob;Moore;b 2;bob@x.org\n"
)


def written(tmp_path, data):
    path = tmp_path / "class.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


@pytest.mark.parametrize(
    ("text", "students"),
    [
        ("id\na1\nb2\n", {"a1": 1, "b2": 2}),
        ("\ufeffname;ID\r\nAda; a1 \r\n\r\nBob;ｂ2\r\n", {"a1": 1, "b2": 3}),
        (MOODLE, {"a1": 1, "b 2": 2}),
        (CANVAS, {"a1": 2}),
        ("username\temail address\nada\tx@y\n", {"ada": 1}),
        ("id\n王五\n".encode("gb18030"), {"王五": 1}),
        ("id\na1\n".encode("utf-16"), {"a1": 1}),
    ],
)
def test_a_roster_is_read_as_platforms_write_it(text, students, tmp_path):
    assert read_roster(written(tmp_path, text)).students == students


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a CSV file with a column named id, got the columns ''"),
        ("name,mark\nAda,1\n", "a column named id, got the columns 'name, mark'"),
        ("id\n\n", "a roster with at least one id, got none"),
        ("id\na1\n a1\n", "ids that differ, got 'a1' and 'a1'"),
        ("id\na1\nA1\n", "ids that differ, got 'a1' and 'A1'"),  # one file on many systems
        ("id\na\x1b1\n", "ids of at most 200 printable characters"),
        (f"id\n{'a' * 201}\n", "ids of at most 200 printable characters"),
        ("id\n" + "a\n" * 2**20, "a file of at most 1 MB"),
        ('id,name\na1,"Ada\nb2,Bob\n', "a CSV file, got one that cannot be read"),
        (f"id\n{'王' * 26}\n", "ids short enough for the name of a file"),
    ],
)
def test_a_roster_that_cannot_be_used_is_refused(text, said, tmp_path):
    with pytest.raises(ValueError, match="read_roster: path must be ") as error:
        read_roster(written(tmp_path, text))
    assert said in str(error.value)


def test_the_table_of_points_is_the_roster_with_one_more_column(tmp_path):
    for text, points, expected in (
        (CANVAS, {"a1": 7}, ["refnn", "9", "7", ""]),
        (MOODLE, {"a1": 7, "b 2": 0}, ["refnn", "7", "0"]),
    ):
        made = roster.points_table(read_roster(written(tmp_path, text)), points, 9)
        before = [line.rpartition(";" if ";" in text else ",") for line in made.splitlines()]
        assert [first for first, _, _ in before] == text.splitlines()
        assert [last for _, _, last in before] == expected


def test_a_secret_has_at_least_sixteen_bytes(tmp_path):
    path = tmp_path / "secret"
    for size in (0, 1, 15):
        path.write_bytes(b"x" * size)
        with pytest.raises(ValueError, match=f"at least 16 random bytes, got {size} bytes"):
            roster.read_secret(path)
    path.write_bytes(b"x" * 16)
    assert roster.read_secret(path) == b"x" * 16
    with pytest.raises(FileNotFoundError):
        roster.read_secret(tmp_path / "none")
    assert roster.new_secret() != roster.new_secret() and len(roster.new_secret()) == 32


def test_a_variant_is_63_bits_of_an_hmac_over_id_and_topics():
    # RFC 4231, test case 2, holds the hash function that is taken
    vector = hmac.new(b"Jefe", b"what do ya want for nothing?", hashlib.sha256).hexdigest()
    assert vector == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    message = b"".join(len(part).to_bytes(8, "big") + part for part in (b"variant", b"a1", b"loss"))
    expected = int.from_bytes(hmac.new(SECRET, message, hashlib.sha256).digest()[:8], "big") >> 1
    assert roster.variant(SECRET, "a1", ("loss",)) == expected
    made = [
        roster.variant(secret, student, topics)
        for secret, student, topics in product(
            (SECRET, OTHER), ("a1", "a2"), (("loss",), ("loss", "quantize"), ("lossquantize",))
        )
    ]
    assert len(set(made)) == len(made)
    seeds = [roster.variant(SECRET, str(n), ("loss",)) for n in range(200)]
    assert max(seeds).bit_length() == 63 and max(seeds) < 2**63


def test_a_sheet_of_a_class_shows_id_and_check_code_and_not_the_seed():
    ada = class_sheet("ada", SECRET, ["loss"])
    text = sheet_text(ada)
    assert f"refnn worksheet: id ada; topics loss; language en; form 1; check {ada.code}" in text
    assert "seed" not in text.split("##")[0] and str(ada.seed) not in text + answers_text(ada)
    others = [class_sheet("bob", SECRET, ["loss"]), class_sheet("ada", OTHER, ["loss"])]
    assert all(ada.seed != of.seed and ada.code != of.code for of in others)
    # the code is no hash that anybody could compute from the head and the questions
    zh = class_sheet("ada", SECRET, ["loss"], "zh")
    assert ada.seed == zh.seed and ada.code != zh.code
    everything = f"1|ada|('loss',)|en|{text.split(chr(10) * 2, 4)[-1].rstrip()}"
    assert hashlib.sha256(everything.encode()).hexdigest()[:8] != ada.code


def test_names_of_files_keep_no_character_that_means_something():
    names = ["a/b", "a\\b", "..", "a b", "a%b", "王", "A-1_b.c", "CON:", "~"]
    made = [roster.file_name(name) for name in names]
    assert made[-3:] == ["A-1_b.c", "CON%3A", "%7E"] and len(set(made)) == len(made)
    assert all(not set(name) & set('/\\ :~"') and not name.startswith(".") for name in made)


@pytest.mark.parametrize(
    ("path", "student"),
    [
        ("sheets/sheet-a1.md", "a1"),
        ("submitted/a1/network/network.ipynb", "a1"),  # as nbgrader collects
        ("Byron Ada_a1_assignsubmission_file/network.ipynb", "a1"),  # as Moodle exports
        ("byronada_a1_5521_network-1.ipynb", "a1"),  # as Canvas exports
        ("A1.md", "a1"),
        ("a1/b2/sheet.md", "b2"),  # the part nearest to the file
        ("sheet-a1-x.md", "a1-x"),  # the longest
        ("sheet-%E7%8E%8B.md", "王"),
        ("王.md", "王"),
        ("sheet-a12.md", None),
        ("ba1.md", None),
    ],
)
def test_a_path_names_the_student_whose_id_stands_alone_in_it(path, student):
    students = dict.fromkeys(["a1", "b2", "a1-x", "王"], 1)
    assert roster.owner(Roster((), students, ",", ""), path) == student
