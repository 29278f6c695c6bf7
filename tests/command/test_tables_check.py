"""What `check` prints: whole sentences with one full stop, and a reason that names its example."""

import numpy as np

from refnn.checking.implementation import Report, check
from refnn.checking.running.behaviour import Behaviour
from refnn.checking.running.properties import Property
from refnn.command.tables_check import check_text


def test_a_cut_list_at_the_end_of_a_sentence_keeps_its_three_dots():
    mistake = Behaviour("quantize", "floor_for_round", 3, 4, "x = 2.41, -17.62, 5.5, ...")
    printed = check_text(Report("quantize", None, (), (), (mistake,)))
    line = "With it, a formula gives the same answers on 3 of 4 inputs, but not at x ="
    line += " 2.41, -17.62, 5.5, ..."
    assert f"Known mistake: floor_for_round. {line}" in " ".join(printed.split())
    assert "....\n" not in printed and ", .\n" not in printed


def test_a_sentence_has_one_full_stop():
    broken = Property("it ends", False, "it does not end.")
    assert "Reason: it does not end.\n" in check_text(Report("quantize", None, (broken,), (), ()))


def test_a_vector_that_is_the_reason_is_named_there_and_its_values_stand_there_once():
    def floors(x, scale, zero_point, qmin, qmax):
        return np.clip(np.floor(x / scale) + zero_point, qmin, qmax)

    report = check(floors)
    alone = report._replace(properties=(), behaviours=())
    printed = " ".join(check_text(alone).split())
    first = report.vectors[[v.held for v in report.vectors].index(False)]
    assert f"Reason: {first.why} (example '{first.name}')." in printed
    assert printed.count(first.why) == 1
